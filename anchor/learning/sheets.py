"""An application on one page of paper: a PDF that is archival and accessible.

Equal applications give equal bytes: the only moment in it is the one that it was checked at. With more credentials than
there is room for it has the first of them, and says how many are in the JSON alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from anchor.issuing.diplomas.fonts import Fonts, load_fonts
from registry.errors import IntakeError
from registry.extras import needs
from registry.language.rendering import Language
from registry.language.said import Said, say
from registry.learning.mobility.application import Application, Case
from registry.learning.mobility.points import SOURCES
from registry.learning.mobility.told import (
    Asked,
    Open,
    bodies,
    comes_to,
    head,
    holders_in_short,
    levels_in_short,
    numbers,
    open_points,
)
from registry.learning.portfolio.page import name_of, outcome_of
from registry.untrusted.text import marked

TEMPLATE: Final = Path(__file__).parent / "typst" / "application.typ"
STANDARDS: Final = ("a-3a", "ua-1")
"""PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1), together."""
MOST_ROWS: Final = 24
"""More do not fit however short they are."""
_LONGEST_NAME: Final = 90
_LONGEST_POINT: Final = 300
_MOST_BODIES: Final = 400
_MOST_NUMBERS: Final = 60
# Joiners and marks of direction: what stands beside them is right with them alone.
_WITHOUT_GLYPH: Final = frozenset("\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069")
# As coarse as a picture can be: whether it has one page or several is all that is looked at.
_COARSE: Final = 4.0


def printed(application: Application, language: Language, *, is_practice: bool = False) -> bytes:
    """The PDF, of one page.

    Args:
        is_practice: whether the chain is one for practice, which the page says.

    Raises:
        SettingsError: the extra `issuing` is not installed.
        IntakeError: it cannot be set (code `not-printable`).
    """
    with needs("issuing"):
        import typst
    with TemporaryDirectory(prefix="testamur-application-") as name:
        folder = Path(name)
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
        (folder / "fonts").mkdir()
        fonts = load_fonts(folder / "fonts")
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts.folder)])
        compiler = typst.Compiler(
            folder / TEMPLATE.name, root=folder, font_paths=found, ignore_system_fonts=True,
            package_path=folder / "none",
        )  # fmt: skip

        def made(shown: int, **options: Any) -> Any:
            sheet = _printable(sheet_of(application, language, shown, is_practice=is_practice), fonts)
            given = {"data": json.dumps({**sheet, "fonts": list(fonts.families_for(language.code))})}
            try:
                return compiler.compile(sys_inputs=given, timestamp=application.moment, **options)
            except typst.TypstError as error:
                raise IntakeError(
                    f"it cannot be set: {error.message}",
                    where="the page",
                    remedy="Look for an odd text in the names of the credentials.",
                    code="not-printable",
                ) from None

        most = min(len(application.cases), MOST_ROWS)
        shown = _most(most, lambda count: not isinstance(made(count, format="png", ppi=_COARSE), list))
        return bytes(made(shown, format="pdf", pdf_standards=list(STANDARDS)))


def _most(most: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `most` that fits, where every smaller one does."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def sheet_of(application: Application, language: Language, shown: int, *, is_practice: bool) -> dict[str, Any]:
    """What the template sets, as texts in the language, with the first credentials."""

    def text(said: Said) -> str:
        return language.text(said)

    cases, country = application.cases[:shown], application.country
    points = open_points(cases, language)
    kinds = {point.code.element for point in points} | {point.code.element for point in application.points}
    left = len(application.cases) - shown
    named = holders_in_short(application)
    return {
        "language": language.code,
        "direction": language.direction,
        "title": text(say("mobility.title", country=country)),
        "note": text(say("mobility.note")),
        "holder": f"{text(say('page.stated.holder'))}: {_cut(named, _MOST_BODIES)}" if named else "",
        "checked": text(say("mobility.checked", when=application.moment, number=len(application.cases))),
        "bodies": _cut(text(bodies(application)), _MOST_BODIES),
        "practice": _practice(text(say("chainName.practice")), text(say("anchor.practice"))) if is_practice else "",
        "heads": [
            "#",
            text(say("mobility.head.credential")),
            text(say("mobility.head.verdict")),
            *(text(head(asked, country)) for asked in Asked),
            text(say("mobility.head.level", country=country)),
            text(say("mobility.head.open")),
        ],
        "rows": [_row(case, points, language) for case in cases],
        "more": text(say("mobility.more", number=left, all=len(application.cases))) if left else "",
        "open": text(say("mobility.head.open")),
        "points": [
            *(
                {
                    "number": str(number),
                    "text": _cut(point.text, _LONGEST_POINT),
                    "items": _cut(numbers(point.positions), _MOST_NUMBERS),
                }
                for number, point in enumerate(points, start=1)
            ),
            *(
                {"number": "*", "text": _cut(text(point.said), _LONGEST_POINT), "items": ""}
                for point in application.points
            ),
        ],
        "source": text(say("mobility.head.source")),
        "sources": [
            f"{source.name} ({source.uri})"
            for source in dict.fromkeys(source for element, source in SOURCES.items() if element in kinds)
        ],
    }


def _row(case: Case, points: Sequence[Open], language: Language) -> list[str]:
    item = case.item
    title, _ = name_of(item, language)
    issuer = item.issuer_name or item.issuer_id
    named = "; ".join(filter(None, (marked(title, _LONGEST_NAME), marked(issuer, _LONGEST_NAME) if issuer else "")))
    its = [number for number, point in enumerate(points, start=1) if item.position in point.positions]
    return [
        str(item.position + 1),
        named,
        outcome_of(item, language),
        *(language.text(comes_to(case, asked)) for asked in Asked),
        _cut(levels_in_short(case), _LONGEST_NAME) or "–",
        ", ".join(map(str, its)) or "–",
    ]


def _practice(name: str, said: str) -> str:
    """On paper nothing before it names the chain that the sentence is about."""
    return f"{name[:1].upper()}{name[1:]}. {said}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _printable(value: Any, fonts: Fonts) -> Any:
    """The same with a mark for each character that cannot be printed: names of strangers may have any."""
    if isinstance(value, str):
        return "".join(
            each if each in _WITHOUT_GLYPH or fonts.has(each) else "\N{REPLACEMENT CHARACTER}" for each in value
        )
    if isinstance(value, dict):
        return {name: _printable(each, fonts) for name, each in value.items()}
    return [_printable(each, fonts) for each in value] if isinstance(value, list) else value
