"""The yearly report: from figures to a PDF that is archival and accessible, and its tables as CSV.

Equal facts give equal bytes: the only moment in it is that of the block it is as of.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from anchor.issuing.diplomas.fonts import FAMILIES, load_fonts
from anchor.reporting.charts import trend_picture
from anchor.reporting.figures import Local
from anchor.reporting.words import WORDS, indicator_texts
from anchor.verifying.named import write_whole
from registry.chain_names import chain_name
from registry.errors import IntakeError, SettingsError
from registry.extras import needs
from registry.partnerships.indicators import Filter
from registry.partnerships.periods import By, Period
from registry.partnerships.told import COLUMNS, figure_rows
from registry.recognition.isced import FIELDS
from registry.timestamps import read_timestamp, write_timestamp
from registry.untrusted.cells import csv_lines
from registry.untrusted.text import marked, terminal_text

TEMPLATE: Final = Path(__file__).parent / "typst" / "report.typ"
STANDARDS: Final = ("a-3a", "ua-1")
"""PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1), together."""
MOST_PARTS: Final = 20
MOST_PARTNERSHIPS: Final = 100
MOST_STATEMENTS: Final = 100
_LONGEST: Final = 300


class Asked(NamedTuple):
    """Which report is wanted."""

    period: Period
    wanted: Filter
    language: str
    publisher: str


class Content(NamedTuple):
    """What a report tells: figures, partnerships and statements, as the API has them.

    Attributes:
        chain: its CAIP-2 name.
    """

    told: dict[str, Any]
    partnerships: list[dict[str, Any]]
    statements: list[dict[str, Any]]
    chain: str
    contract: str


def refuse_future(period: Period, now: Any) -> None:
    """Raise where a year has not begun by the newest block.

    Raises:
        SettingsError: code `report-year`.
    """
    if period.begins > now:
        raise SettingsError(
            f"{period.name} has not begun by the newest block, {write_timestamp(now)}",
            where="--year",
            remedy="Choose an earlier year, or read the chain again with `testamur index --once`.",
            code="report-year",
        )


def content_of(found: Local, asked: Asked, contract: str) -> Content:
    """What the report of a year tells."""
    told = found.figures(asked.period, By.QUARTER, asked.wanted)
    moment = read_timestamp(told["moment"])
    country = asked.wanted.country
    partnerships = [
        each
        for each, kept in zip(found.partnerships(), found.outcomes.measured().facts.partnerships, strict=True)
        if kept.counted_at(moment) and kept.document.begins < asked.period.ends
    ]
    statements = [
        each
        for each in found.statements(asked.period)
        if country in (None, each["document"].get("about", {}).get("country"))
    ]
    return Content(told, partnerships, statements, found.service.index.chain, contract)


def write_report(content: Content, asked: Asked, output: Path) -> list[Path]:
    """Write the PDF and, beside it, each of its tables; the PDF is the first of what was written.

    Raises:
        SettingsError: the extra `issuing` is not installed.
        IntakeError: it cannot be set (`not-printable`, `no-glyph`), or not be written (`unwritable`).
    """
    pdf = printed(content, asked)
    write_whole(output, pdf)
    written = [output]
    for name, rows in tables_of(content).items():
        path = output.with_name(f"{output.stem}-{name}.csv")
        write_whole(path, csv_lines(rows, numbers=True))
        written.append(path)
    return written


def tables_of(content: Content) -> dict[str, list[tuple[str, ...]]]:
    """Every table of the report, with all of its rows."""
    told = content.told
    partners = [
        (each["id"], str(each["revision"]), each["document"]["title"], partner["name"], partner["kind"],
         str(partner.get("party", "")))
        for each in content.partnerships
        for partner in each["document"]["partners"]
    ]  # fmt: skip
    reviews = [
        (each["id"], review["due"], review.get("held", ""), review.get("outcome", ""), review.get("text", ""))
        for each in content.partnerships
        for review in each["document"].get("reviews", ())
    ]
    stated = [row for each in content.statements for row in _stated_rows(each)]
    return {
        "figures": [COLUMNS, *figure_rows(told)],
        "partners": [("partnership", "revision", "title", "partner", "kind", "party"), *partners],
        "reviews": [("partnership", "due", "held", "outcome", "text"), *reviews],
        "statements": [
            ("statement", "issuer", "measure", "from", "until", "dimension", "category", "by", "category_by", "count"),
            *stated,
        ],
    }


def _stated_rows(each: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    document = each["document"]
    named = (each["id"], str(each["issuer"]), document["measure"], document["period"]["from"],
             document["period"]["until"])  # fmt: skip
    for table in document["tables"]:
        rows, columns = table["rows"], table.get("columns")
        across = columns["categories"] if columns else [""]
        for category, counts in zip(rows["categories"], table["cells"], strict=True):
            for other, count in zip(across, counts, strict=True):
                by = columns["dimension"] if columns else ""
                yield (*named, rows["dimension"], category, by, other, "" if count is None else str(count))


def printed(content: Content, asked: Asked) -> bytes:
    """The PDF; raises as `write_report`."""
    made = _set(content, asked, format="pdf", pdf_standards=list(STANDARDS))
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def first_page(content: Content, asked: Asked, ppi: float) -> bytes:
    """Its first page as PNG; raises as `write_report`."""
    pages = _set(content, asked, format="png", ppi=ppi)
    return bytes(pages[0]) if isinstance(pages, list) else bytes(pages or b"")


def _set(content: Content, asked: Asked, **options: Any) -> bytes | list[bytes] | None:
    with needs("issuing"):
        import typst
    with TemporaryDirectory(prefix="testamur-report-") as name:
        folder = Path(name)
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
        (folder / "fonts").mkdir()
        fonts = load_fonts(folder / "fonts")
        data = sheet_of(content, asked)
        fonts.check(_texts(data), "the report")
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts.folder)])
        compiler = typst.Compiler(
            folder / TEMPLATE.name, root=folder, font_paths=found, ignore_system_fonts=True,
            package_path=folder / "none",
        )  # fmt: skip
        given = {"data": json.dumps({**data, "fonts": list(fonts.families or FAMILIES)})}
        moment = read_timestamp(content.told["moment"])
        try:
            made: bytes | list[bytes] | None = compiler.compile(sys_inputs=given, timestamp=moment, **options)
        except typst.TypstError as error:
            raise IntakeError(
                f"it cannot be set: {error.message}",
                where="the report",
                remedy="Look for an odd text in the partnerships and statements that it tells of.",
                code="not-printable",
            ) from None
    return made


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        # Of a chart, the labels alone are texts; they are those of periods and numbers.
        if not value.startswith("<svg"):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)


def sheet_of(content: Content, asked: Asked) -> dict[str, Any]:
    """What the template sets, as texts in the language of the report."""
    words = WORDS[asked.language]
    told = content.told
    as_of = told["asOf"]
    name = chain_name(content.chain)
    texts = indicator_texts(asked.language)
    titles = {each["id"]: texts[each["id"]]["title"] for each in told["indicators"]}
    return {
        "language": asked.language,
        "words": dict(words),
        "title": f"{words['title']} {asked.period.name}",
        "year": asked.period.name,
        "publisher": marked(asked.publisher, _LONGEST),
        "country": asked.wanted.country or words["every_country"],
        "block": f"{as_of['number']:,}",
        "at": as_of["timestamp"],
        "blocks": words["blocks"].format(
            first=f"{told['blocks']['from']:,}",
            last=f"{told['blocks']['to']:,}",
            chain=f"{name.words} ({name.chain})",
            contract=content.contract,
        ),
        "practice": name.is_practice,
        "snapshots": words["snapshots"].format(
            **{part: f"{count:,}" for part, count in told["registerSnapshots"].items()}
        ),
        "indicators": [_indicator(each, texts[each["id"]], words) for each in told["indicators"]],
        "targets": [_target(each, titles, words) for each in told["targets"]],
        "partnerships": [_partnership(each, words) for each in content.partnerships[:MOST_PARTNERSHIPS]],
        "coverage": _coverage(told, words),
        "statements": [_statement(each, words) for each in content.statements[:MOST_STATEMENTS]],
        "checks": [words[f"check_{number}"].format(year=asked.period.name) for number in (1, 2, 3)],
    }


def _value(of: Mapping[str, Any], unit: str, words: Mapping[str, str]) -> str:
    if of["value"] is None:
        return words["no_data"]
    number = f"{of['value']:,.1f}".removesuffix(".0")
    if unit == "%":
        return f"{number} %"
    # Of what is simply counted, the title says what it is.
    return f"{number} {words['days']}" if unit == "days" else number


def _count(value: int | float | None) -> str:
    return "" if value is None else f"{value:,.1f}".removesuffix(".0")


def _indicator(each: Mapping[str, Any], texts: Mapping[str, str], words: Mapping[str, str]) -> dict[str, Any]:
    of, unit = each["of"], each["unit"]
    parts = of["parts"]
    shown = [
        (_part(each["id"], part["name"]), _count(part["numerator"]), _count(part["denominator"])) for part in parts
    ]
    trend = [point for point in of["trend"] if point["value"] is not None]
    more = words["more"].format(shown=MOST_PARTS, all=len(parts)) if len(parts) > MOST_PARTS else ""
    beside = [
        f"{words[name]}: {words['no_data'] if value is None else _count(value)}" for name, value in of["beside"].items()
    ]
    return {
        "title": texts["title"],
        "value": _value(of, unit, words),
        "numerator": _count(of["numerator"]),
        "denominator": _count(of["denominator"]),
        "definition": texts["definition"],
        "formula": texts["formula"],
        "counted": texts["numerator"],
        "out_of": texts["denominator"],
        "cannot_show": texts["cannot_show"],
        "beside": "; ".join(beside),
        "since": words["since"].format(since=each["since"]),
        "chart": trend_picture(each["id"], texts["title"], of["trend"], unit),
        "chart_says": words["chart_of"].format(title=texts["title"]),
        "trend": [
            (point["period"], _value(point, unit, words), _count(point["numerator"]), _count(point["denominator"]))
            for point in trend[-8:]
        ],
        "parts": shown[:MOST_PARTS],
        "more": more,
    }


def _part(indicator: str, name: str) -> str:
    """A field has a name in words, too."""
    if indicator == "fields-recognised":
        return f"{name} {FIELDS.get(name, '')}".strip()
    return marked(name, _LONGEST)


def _target(each: Mapping[str, Any], titles: Mapping[str, str], words: Mapping[str, str]) -> tuple[str, ...]:
    bound, _, value = each["target"].rpartition(" ")
    figure = each["figure"]
    return (
        each["partnership"],
        titles[each["indicator"]],
        f"{words[bound]} {value}",
        each["by"],
        _value(figure, figure["unit"], words),
        words[each["state"]],
    )


def _partnership(each: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    document = each["document"]
    purpose = ", ".join(document["purpose"]["kinds"])
    text = terminal_text(document["purpose"].get("text", ""), _LONGEST)
    numbers = [str(link["link"]) for link in each["agreements"]]
    return {
        "title": marked(document["title"], _LONGEST),
        "purpose": f"{purpose}. {text}" if text else purpose,
        "time": f"{document['start']} – {document.get('end', words['no_end'])}",
        "anchored": words["anchored"].format(party=each["anchoredBy"], block=f"{each['block']['number']:,}"),
        "agreements": words["agreements"].format(numbers=", ".join(numbers)) if numbers else words["no_agreements"],
        "problems": [problem["what"] for problem in each["problems"]],
        "partners": [
            (marked(partner["name"], _LONGEST), partner["kind"], str(partner.get("party", words["not_on_chain"])))
            for partner in document["partners"]
        ],
        "reviews": [
            (review["due"], review.get("held", "–"), review.get("outcome", words["nothing_yet"]))
            for review in document.get("reviews", ())
        ],
    }


def _coverage(told: Mapping[str, Any], words: Mapping[str, str]) -> list[dict[str, Any]]:
    by_id = {each["id"]: each["of"]["parts"] for each in told["indicators"]}
    return [
        {
            "heading": words[heading],
            "rows": [
                (_part(name, part["name"]), _count(part["numerator"]), _count(part["denominator"]))
                for part in by_id[name]
            ],
        }
        for name, heading in (
            ("fields-recognised", "field"),
            ("levels-recognised", "level"),
            ("countries-recognised", "country"),
        )
    ]


def _statement(each: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    document, period = each["document"], each["document"]["period"]
    said = words["stated_by"].format(
        party=each["issuer"],
        block=f"{each['block']['number']:,}",
        measure=document["measure"],
        first=period["from"],
        last=period["until"],
    )
    return {
        "title": marked(document["title"], _LONGEST),
        "said": said,
        "tables": [_stated(table, words) for table in document["tables"]],
    }


def _stated(table: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    def shown(count: int | None) -> str:
        return words["left_out"] if count is None else f"{count:,}"

    rows, columns = table["rows"], table.get("columns")
    names = [marked(name, _LONGEST) for name in rows["categories"]]
    if columns is None:
        cells = [(name, shown(count)) for name, (count,) in zip(names, table["cells"], strict=True)]
        return {
            "headings": [rows["dimension"], words["counted"]],
            "rows": [*cells, (words["all"], shown(table["total"]))],
        }
    crossed = [
        (name, *map(shown, counts), shown(total))
        for name, counts, total in zip(names, table["cells"], table["rowTotals"], strict=True)
    ]
    last = (words["all"], *map(shown, table["columnTotals"]), shown(table["total"]))
    headings = [rows["dimension"], *(marked(name, 40) for name in columns["categories"]), words["all"]]
    return {"headings": headings, "rows": [*crossed, last]}
