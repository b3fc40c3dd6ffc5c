"""An audit as one HTML page: no script, no request, nothing from elsewhere; light, dark and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from string import Template
from typing import Final

from registry.audit.findings import Audit
from registry.audit.report import figures
from registry.audit.report.as_json import CLEAN, DIFFERENCES, outcome
from registry.audit.report.charts import Chart, bars, columns, table, text
from registry.audit.report.tables import tables
from registry.chain_names import chain_name
from registry.errors import StoreError
from registry.recognition.insights import NOTES, Insights
from registry.timestamps import write_timestamp
from registry.untrusted.text import html_text

MOST_DIFFERENCES: Final = 1_000
_SAID: Final = {
    CLEAN: ("good", "Clean", "Everything that was compared agrees."),
    DIFFERENCES: ("bad", "Differences", "Not everything agrees. What each difference means is told beside it."),
}
_COULD_NOT: Final = ("unsure", "Could not be checked", "Nothing differs, but not everything could be compared.")


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
    whom = "all issuers" if audit.asked.issuer is None else f"issuer {audit.asked.issuer}"
    title = f"Audit of {whom} on {chain_name(audit.chain)}, as of {write_timestamp(audit.block.timestamp)}"
    return _PAGE.substitute(
        title=text(title),
        head_title=html_text(title),
        style=_STYLE,
        outcome=_outcome(audit),
        facts=_facts(audit),
        differences=_differences(audit),
        sections="".join(_sections(audit)),
    )


def _outcome(audit: Audit) -> str:
    name, title, sentence = _SAID.get(outcome(audit), _COULD_NOT)
    return f'<p class="outcome {name}" role="status"><strong>{title}.</strong> {sentence}</p>'


def _facts(audit: Audit) -> str:
    block = audit.block
    told: list[tuple[str, object]] = [
        ("Chain", audit.chain),
        ("Contract", audit.contract),
        ("Read from block", audit.deployed_in),
        ("As of block", f"{block.number}, {write_timestamp(block.timestamp)}"),
        ("Block hash", f"0x{block.hash.hex()}"),
        ("Issuer", "all" if audit.asked.issuer is None else audit.asked.issuer),
        ("Batches from block", audit.asked.since),
        ("Data folder", "none" if audit.folder is None else str(audit.folder)),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{text(value)}</dd></div>" for name, value in told)
    compared = table(
        "compared",
        "How much was compared",
        ("What", "How many"),
        ((each.name.replace("_", " "), getattr(audit.checked, each.name)) for each in fields(audit.checked)),
    )
    notes = "".join(f"<li>{text(note)}</li>" for note in audit.notes)
    return f"<dl>{listed}</dl>{compared}" + (f"<ul>{notes}</ul>" if notes else "")


def _differences(audit: Audit) -> str:
    found = tables(audit)
    parts = []
    for name, caption, headings, nothing in (
        ("differences", "What differs", ("Kind", "Issuer", "About", "What", "What it means"), "Nothing differs."),
        ("unchecked", "What could not be checked", ("About", "Why"), _all_checked(audit)),
    ):
        rows = found[name].rows
        if not rows:
            parts.append(f"<p>{nothing}</p>")
            continue
        more = len(rows) - MOST_DIFFERENCES
        rest = f" The first {MOST_DIFFERENCES:,}; {more:,} more are in the tables." if more > 0 else ""
        parts.append(table(name, f"{caption}: {len(rows):,}.{rest}", headings, rows[:MOST_DIFFERENCES]))
    return "".join(parts)


def _all_checked(audit: Audit) -> str:
    """That everything was, where it was: without its tree nothing of a batch's credentials is known here."""
    checked = audit.checked
    unread = checked.batches - checked.trees
    if unread <= 0:
        return "Everything was checked."
    return f"Of {unread:,} of {checked.batches:,} batches no tree was read, so their credentials were not looked at."


def _sections(audit: Audit) -> Iterator[str]:
    yield _section("Over time", map(columns, figures.over_time(audit)))
    revocation = (figures.revocation_by_issuer(audit), figures.revocation_by_reason(audit))
    yield _section("Revocation", _bars(revocation))
    yield _section("Time to finality", _bars([figures.time_to_finality(audit)]))
    yield _section("Gas", _bars([figures.gas_spent(audit)]))
    yield _section("Accreditations ending soon", [_ending(audit)])
    found = figures.insights_of(audit)
    if found is None:
        yield _section("Outcomes of partnerships", ["<p>The events of accreditations do not fit together.</p>"])
        return
    yield _section("Partners", _bars(figures.partners(found)), "partners")
    yield _section("Accreditations that hold", _bars(figures.active_accreditations(found)), "accreditations")
    yield _section("Credentials and accreditation", _bars([figures.standing(audit, found)]), "credentials")
    yield _section("Recognition between countries", [_recognition(found)], "recognition")
    yield _section("Countries whose issuers are recognised elsewhere", [_equity(found)], "equity")


def _section(heading: str, parts: Iterable[str], note: str | None = None) -> str:
    """A section, with what its figures count and do not show when `registry.recognition.insights` made them."""
    about = ""
    if note is not None:
        of = NOTES[note]
        said = (("Counted", of.counts), ("Out of", of.out_of), ("Limits", of.limits))
        about = "".join(f'<p class="note"><strong>{name}.</strong> {_with_code(told)}</p>' for name, told in said)
    return f"<section><h2>{heading}</h2>{''.join(parts) or _NOTHING}{about}</section>"


def _with_code(sentence: str) -> str:
    """A sentence of ours, in which what stands in back-ticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text(sentence))


def _bars(charts: Iterable[Chart | None]) -> Iterator[str]:
    return (bars(chart) for chart in charts if chart is not None)


def _recognition(found: Insights) -> str:
    coverage = found.recognition
    rows = ((each.recognises, each.recognised, each.count, "yes" if each.mutual else "no") for each in coverage.covered)
    told = f"{len(coverage.covered):,} of {coverage.pairs:,} ordered pairs of countries have a recognition"
    unplaced = f"; {coverage.unplaced:,} recognitions are of bodies without a country" if coverage.unplaced else ""
    if not coverage.covered:
        return f"<p>{told}{unplaced}.</p>"
    return table("recognition", f"{told}{unplaced}", ("Recognises", "Recognised", "Recognitions", "Mutual"), rows)


def _equity(found: Insights) -> str:
    equity = found.equity
    if not equity.jurisdictions:
        return _NOTHING
    rows = [(country, "yes") for country in equity.recognised] + [(country, "no") for country in equity.not_recognised]
    caption = f"{len(equity.recognised):,} of {equity.jurisdictions:,} countries with accredited issuers"
    return table("equity", caption, ("Country", "Recognised by a body of another country"), rows)


def _ending(audit: Audit) -> str:
    soon = figures.ending_soon(audit)
    if not soon:
        return "<p>No accreditation that holds at the audited block ends within a year of it.</p>"
    parties = audit.state.parties
    rows = (
        (
            each.id,
            each.kind.value,
            *(f"{number} {parties[number].uri if number in parties else ''}" for number in (each.body, each.holder)),
            None if each.valid_until is None else write_timestamp(each.valid_until),
            None if each.valid_until is None else (each.valid_until - audit.block.timestamp).days,
        )
        for each in soon
    )
    headings = ("Number", "Kind", "Body", "Holder", "Ends", "Days left")
    return table("ending", "Accreditations that end within a year of the audited block", headings, rows)


_NOTHING: Final = "<p>There is nothing on record for this.</p>"
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --line: #d0d7de; --shade: #f6f8fa;
  --good: #1a7f37; --bad: #b3261e; --unsure: #7a5200;
  --series-0: #1f5fa8; --series-1: #c9701c; --series-2: #2f7d4f; --series-3: #8a4fa3; --series-4: #a83a4e;
  --series-5: #5b6b7a; --series-6: #b0a020; --series-7: #2a8c8c; --series-8: #7a4a21; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9da7b1; --line: #3d444d;
  --shade: #161b22; --good: #56d364; --bad: #ff8a80; --unsure: #e3b341; --series-0: #6cb0f5; --series-1: #f0a35e;
  --series-2: #6fcf97; --series-3: #c79ae0; --series-4: #f08a9b; --series-5: #a9b7c4;
  --series-6: #e0d060; --series-7: #67d0d0; --series-8: #c89a6b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; border-bottom: 1px solid var(--line); margin-top: 2rem; }
.outcome { border-left: .4rem solid; padding: .6rem 1rem; background: var(--shade); font-size: 1.1rem; }
.good { border-color: var(--good); } .bad { border-color: var(--bad); } .unsure { border-color: var(--unsure); }
.good strong { color: var(--good); } .bad strong { color: var(--bad); } .unsure strong { color: var(--unsure); }
dl { margin: 1rem 0; } dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; border-bottom: 1px solid var(--line); }
dt { flex: 0 0 11rem; color: var(--soft); } dd { margin: 0; flex: 1 1 14rem; }
figure { margin: 1.5rem 0; break-inside: avoid; } figcaption { font-weight: 600; }
figure .scroll > svg { display: block; width: 100%; min-width: 34rem; height: auto; }
figure .scroll:has(> svg) { max-height: none; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } .grid { stroke: var(--line); stroke-width: 1; }
.series-0 { fill: var(--series-0); } .series-1 { fill: var(--series-1); } .series-2 { fill: var(--series-2); }
.series-3 { fill: var(--series-3); } .series-4 { fill: var(--series-4); } .series-5 { fill: var(--series-5); }
.series-6 { fill: var(--series-6); } .series-7 { fill: var(--series-7); } .series-8 { fill: var(--series-8); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: .3rem 0;
  font-weight: 400; } .legend svg { width: .8rem; height: .8rem; }
.scroll { overflow: auto; max-height: 24rem; } .scroll:focus-visible { outline: 2px solid var(--series-0); }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .9rem; }
caption { text-align: left; color: var(--soft); padding: .2rem 0; }
th, td { overflow-wrap: break-word; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
thead th { background: var(--shade); position: sticky; top: 0; } tbody th { font-weight: 400; }
.note { color: var(--soft); font-size: .9rem; margin: .3rem 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media print { figure .scroll > svg { min-width: 0; }
  body { max-width: none; padding: 0; font-size: 9pt; } .scroll { max-height: none; overflow: visible; }
  thead th { position: static; } tr { break-inside: avoid; } rect { stroke: #000; stroke-width: .3; } }
"""
_PAGE: Final = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>$head_title</title>
<style>$style</style>
</head>
<body>
<header><h1>$title</h1>
$outcome</header>
<main>
<section><h2>What was audited</h2>$facts</section>
<section><h2>Differences</h2>$differences</section>
$sections
</main>
<footer><p>Written by testamur audit from the chain itself; what parties say of themselves is shown as they say it.</p>
</footer>
</body>
</html>
""")
