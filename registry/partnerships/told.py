"""Partnerships, statements and figures as the members of an answer, and as rows of a table.

Pure: the service, its pages, the command and the report are all made of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from registry.partnerships.indicators import Facts
from registry.partnerships.partnership import Partnership, agreements_of, problems_of
from registry.partnerships.statement import Statement
from registry.partnerships.versions import Kept
from registry.timestamps import write_timestamp

COLUMNS: Final = (
    "kind",
    "indicator",
    "title",
    "unit",
    "period",
    "name",
    "value",
    "numerator",
    "denominator",
    "from_block",
    "to_block",
    "cannot_show",
)
"""Of the table of figures: a row for each figure, each of its parts, each period of its trend, and each target; and two
rows for what was left out of all of them.
"""


def partnership_told(kept: Kept[Partnership], facts: Facts) -> dict[str, Any]:
    """A partnership with what the chain says of it: whether it counts, and what of it does not agree."""
    document = kept.document
    ledger = facts.ledger
    problems = problems_of(document, ledger, {each.id for each in facts.parties})
    sound = agreements_of(document, ledger)
    return {
        "id": document.id,
        "revision": document.revision,
        **kept.members(),
        "document": document.to_dict(),
        "agreements": [
            {
                "link": number,
                "kind": ledger[number].kind.value,
                "body": ledger[number].body,
                "holder": ledger[number].holder,
                "state": ledger[number].state.value,
                "until": until and write_timestamp(until),
            }
            for number in sound
            for until in [ledger[number].valid_until]
        ],
        "problems": [each.to_dict() for each in problems],
    }


def statement_told(kept: Kept[Statement]) -> dict[str, Any]:
    """A statement, and who anchored it when."""
    document = kept.document
    return {
        "id": document.id,
        "revision": document.revision,
        "issuer": document.issuer,
        **kept.members(),
        "document": document.to_dict(),
    }


def figure_rows(told: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The rows of a table of the figures, as `COLUMNS` names them.

    Args:
        told: as `measured_to_dict` has it.
    """
    blocks = told["blocks"]
    span = (_cell(blocks["from"]), _cell(blocks["to"]))
    for each in told["indicators"]:
        of = each["of"]
        named = (each["id"], each["title"], each["unit"])
        period = of["period"]["name"]
        ends = (*span, each["cannotShow"])
        yield ("figure", *named, period, "", *_counts(of), *ends)
        for name, value in of["beside"].items():
            yield ("beside", *named, period, name, _cell(value), "", "", *ends)
        for part in of["parts"]:
            yield (
                "part",
                *named,
                period,
                part["name"],
                "",
                _cell(part["numerator"]),
                _cell(part["denominator"]),
                *ends,
            )
        for point in of["trend"]:
            yield ("trend", *named, point["period"], "", *_counts(point), *ends)
    left_out = "Left out as snapshots of registers"
    for name, count in told["registerSnapshots"].items():
        yield ("left-out", "", left_out, name, "", "", _cell(count), "", "", *span, "")
    titles = {each["id"]: each for each in told["indicators"]}
    for target in told["targets"]:
        about = titles[target["indicator"]]
        name = f"{target['partnership']}: {target['target']} by {target['by']}: {target['state']}"
        figure = target["figure"]
        yield (
            "target", target["indicator"], about["title"], about["unit"], figure["period"]["name"], name,
            *_counts(figure), *span, about["cannotShow"],
        )  # fmt: skip


def _counts(of: Mapping[str, Any]) -> tuple[str, str, str]:
    return _cell(of["value"]), _cell(of["numerator"]), _cell(of["denominator"])


def _cell(value: float | None) -> str:
    """Nothing where there is no data."""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)


def insights_rows(told: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Every count of `/v1/insights` as a row: section, where in it, the count, and what it does not show."""
    yield ("section", "name", "value", "out_of", "limits")
    for section, members in told.items():
        if isinstance(members, Mapping) and "about" in members:
            about = members["about"]
            for name, value in _leaves({key: each for key, each in members.items() if key != "about"}):
                yield (section, name, value, about["outOf"], about["limits"])
        elif not isinstance(members, Mapping):
            yield ("", section, _cell_of(members), "", "")


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, each in enumerate(value, 1):
            yield from _leaves(each, f"{name}[{number}]")
    else:
        yield name, _cell_of(value)


def _cell_of(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
