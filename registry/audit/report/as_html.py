"""An audit as one HTML page: no script, no request, nothing from elsewhere; light, dark and on paper.

What is said in the page is worked out here, how it looks stands in `templates/`. Whatever parties say on the chain may
be passed to a template as it is: no expression there has another way to the page than `registry.untrusted.text`.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry.audit.findings import Audit
from registry.audit.report import figures
from registry.audit.report.as_json import CLEAN, COULD_NOT_BE_CHECKED, DIFFERENCES, outcome
from registry.audit.report.charts import Chart, Drawing, Listing, bars, columns, number_text
from registry.audit.report.tables import Row, tables
from registry.chain_names import chain_name
from registry.errors import StoreError
from registry.recognition.insights import NOTES, Insights
from registry.timestamps import write_timestamp
from registry.untrusted.templates import html_templates

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_DIFFERENCES: Final = 1_000
_SAID: Final = {
    CLEAN: {"colour": "good", "word": "Clean", "sentence": "Everything that was compared agrees."},
    DIFFERENCES: {
        "colour": "bad",
        "word": "Differences",
        "sentence": "Not everything agrees. What each difference means is told beside it.",
    },
    COULD_NOT_BE_CHECKED: {
        "colour": "unsure",
        "word": "Could not be checked",
        "sentence": "Nothing differs, but not everything could be compared.",
    },
}


def write_html(audit: Audit, path: Path) -> None:
    """Write the page.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        path.write_text(page(audit), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"the report cannot be written: {error.strerror}", where=str(path), code="unwritable"
        ) from None


def page(audit: Audit) -> str:
    """The whole page."""
    found, insights = tables(audit), figures.insights_of(audit)
    return (
        templates()
        .get_template("page.html")
        .render(
            whom=_whom(audit),
            day=f"{audit.block.timestamp:%Y-%m-%d}",
            block=audit.block.number,
            moment=write_timestamp(audit.block.timestamp),
            chain=chain_name(audit.chain),
            contract=audit.contract,
            since=audit.asked.since,
            outcome=_SAID[outcome(audit)],
            missing=_missing(audit),
            facts=_facts(audit),
            compared=_compared(audit),
            notes=audit.notes,
            differences=_differences(found["differences"].rows),
            unchecked=_unchecked(found["unchecked"].rows, audit),
            over_time=[columns(chart) for chart in figures.over_time(audit)],
            digests=_digests(found["digests"].rows),
            revocation=_bars(figures.revocation_by_issuer(audit), figures.revocation_by_reason(audit)),
            finality=_bars(figures.time_to_finality(audit)),
            gas=_bars(figures.gas_spent(audit)),
            ending=_ending(audit),
            insights=None if insights is None else _outcomes(audit, insights),
            about=NOTES,
        )
    )


@cache
def templates() -> Environment:
    """The templates of the page."""
    environment = html_templates(__package__)
    environment.filters |= {"number": number_text, "tenths": "{:.1f}".format}
    return environment


def _whom(audit: Audit) -> str:
    issuer = audit.asked.issuer
    return "all parties" if issuer is None else f"party {figures.party_name(audit, issuer)}"


def _facts(audit: Audit) -> list[tuple[str, object]]:
    block, asked = audit.block, audit.asked
    return [
        ("Chain", audit.chain),
        ("Contract", audit.contract),
        ("Edition", audit.edition),
        ("Accreditations", audit.accreditations_contract),
        ("Read from block", audit.deployed_in),
        ("As of block", f"{block.number}, {write_timestamp(block.timestamp)}"),
        ("Block hash", f"0x{block.hash.hex()}"),
        ("Party", "all" if asked.issuer is None else asked.issuer),
        ("Batches from block", asked.since),
        ("Data folder", "none" if audit.folder is None else audit.folder),
    ]


def _compared(audit: Audit) -> Listing:
    rows = tuple((each.name.replace("_", " "), getattr(audit.checked, each.name)) for each in fields(audit.checked))
    return Listing("compared", "How much was compared", ("What", "How many"), rows)


def _differences(rows: tuple[Row, ...]) -> Listing:
    headings = ("Kind", "Issuer", "About", "What", "What it means")
    return _first("differences", "What differs", headings, rows, "Nothing differs.")


def _unchecked(rows: tuple[Row, ...], audit: Audit) -> Listing:
    return _first("unchecked", "What could not be checked", ("About", "Why"), rows, _all_checked(audit))


def _digests(rows: tuple[Row, ...]) -> Listing:
    headings = (
        "Issuer",
        "Digest",
        "Revoked",
        "Reason",
        "Suspended",
        "Reason",
        "Batches whose trees were read",
        "Places",
    )
    nothing = "Of no credential anything stands that was said of its digest."
    return _first("digests", "Credentials revoked or suspended by their digests", headings, rows, nothing)


def _first(name: str, caption: str, headings: tuple[str, ...], rows: tuple[Row, ...], nothing: str) -> Listing:
    more = len(rows) - MOST_DIFFERENCES
    rest = f" The first {MOST_DIFFERENCES:,}; {more:,} more are in the tables." if more > 0 else ""
    return Listing(name, f"{caption}: {len(rows):,}.{rest}", headings, rows[:MOST_DIFFERENCES], nothing)


def _missing(audit: Audit) -> str:
    """What of batches was not looked at: without its tree nothing of a batch's credentials is known here."""
    checked = audit.checked
    unread = checked.batches - checked.trees
    if unread <= 0:
        return ""
    return f"Of {unread:,} of {checked.batches:,} batches no tree was read, so their credentials were not looked at."


def _all_checked(audit: Audit) -> str:
    """That everything was, where it was."""
    if missing := _missing(audit):
        return missing
    if audit.notes:
        return "What was there to compare was compared; what there was not, the notes say."
    return "Everything was checked."


def _bars(*charts: Chart | None) -> list[Drawing]:
    return [bars(chart) for chart in charts if chart is not None]


def _ending(audit: Audit) -> Listing:
    rows = tuple(
        (
            each.id,
            each.kind.value,
            figures.party_name(audit, each.body),
            figures.party_name(audit, each.holder),
            None if each.valid_until is None else write_timestamp(each.valid_until),
            None if each.valid_until is None else (each.valid_until - audit.block.timestamp).days,
        )
        for each in figures.ending_soon(audit)
    )
    return Listing(
        "ending",
        "Accreditations that end within a year of the audited block",
        ("Number", "Kind", "Body", "Holder", "Ends", "Days left"),
        rows,
        "No accreditation that holds at the audited block ends within a year of it.",
    )


def _outcomes(audit: Audit, found: Insights) -> dict[str, list[Drawing] | Listing]:
    """The outcomes of partnerships, by the names of their notes."""
    return {
        "partners": _bars(*figures.partners(found)),
        "accreditations": _bars(*figures.active_accreditations(found)),
        "credentials": _bars(figures.standing(audit, found)),
        "recognition": _recognition(found),
        "equity": _equity(found),
    }


def _recognition(found: Insights) -> Listing:
    coverage = found.recognition
    told = f"{len(coverage.covered):,} of {coverage.pairs:,} ordered pairs of countries have a recognition"
    if coverage.unplaced:
        told += f"; {coverage.unplaced:,} recognitions are of bodies without a country"
    return Listing(
        "recognition",
        told,
        ("Recognises", "Recognised", "Recognitions", "Mutual"),
        tuple(
            (each.recognises, each.recognised, each.count, "yes" if each.mutual else "no") for each in coverage.covered
        ),
        f"{told}.",
    )


def _equity(found: Insights) -> Listing:
    equity = found.equity
    told = (("yes", equity.recognised), ("no", equity.not_recognised))
    return Listing(
        "equity",
        f"{len(equity.recognised):,} of {equity.jurisdictions:,} countries with accredited issuers",
        ("Country", "Recognised by a body of another country"),
        tuple((country, whether) for whether, countries in told for country in countries),
        "There is nothing on record for this.",
    )
