"""What every exporter gives: the pieces of a file, and all that is not in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.formats.outward import ctdl, deqar_vc, elm, elm_jsonld, elm_xml, trust_marks
from registry.formats.outward.apart import told_apart
from registry.formats.outward.facts import Fact, How, untold
from registry.formats.outward.statements import Left, Selected, Statement

MOST_STATEMENTS: Final = 10_000
"""Statements of one file: about 30 MB in the longest format, which readers of XML and JSON-LD hold in memory whole."""


class Form(StrEnum):
    """The formats, as they are called in commands and addresses."""

    ELM_XML = "elm-xml"
    ELM_JSONLD = "elm-jsonld"
    CTDL = "ctdl"
    DEQAR_VC = "deqar-vc"
    TRUST_MARK = "trust-mark"


WAYS: Final[Mapping[Form, Mapping[Fact, How]]] = {
    Form.ELM_XML: elm.WAYS,
    Form.ELM_JSONLD: elm.WAYS,
    Form.CTDL: ctdl.WAYS,
    Form.DEQAR_VC: deqar_vc.WAYS,
    Form.TRUST_MARK: trust_marks.WAYS,
}
"""How each format tells each fact."""

MEDIA_TYPES: Final[Mapping[Form, str]] = {
    Form.ELM_XML: "application/xml",
    Form.ELM_JSONLD: "application/ld+json",
    Form.CTDL: "application/ld+json",
    Form.DEQAR_VC: "application/x-ndjson",
    Form.TRUST_MARK: "text/plain; charset=utf-8",
}
ENDINGS: Final[Mapping[Form, str]] = {
    Form.ELM_XML: "xml",
    Form.ELM_JSONLD: "jsonld",
    Form.CTDL: "jsonld",
    Form.DEQAR_VC: "ndjson",
    Form.TRUST_MARK: "jwt.txt",
}
OPEN: Final = frozenset({Form.ELM_XML, Form.ELM_JSONLD, Form.CTDL})
"""Formats that nobody signs."""

_REFUSALS: Final[Mapping[Form, Callable[[Statement], Left | None]]] = {
    Form.ELM_XML: elm.refused,
    Form.ELM_JSONLD: elm.refused,
    Form.CTDL: ctdl.refused,
    Form.DEQAR_VC: deqar_vc.refused,
    Form.TRUST_MARK: trust_marks.refused,
}
_WRITERS: Final[Mapping[Form, Callable[[Sequence[Statement]], Iterator[bytes]]]] = {
    Form.ELM_XML: elm_xml.as_xml,
    Form.ELM_JSONLD: elm_jsonld.as_jsonld,
    Form.CTDL: ctdl.as_jsonld,
}


@dataclass(frozen=True, slots=True)
class Export:
    """What is told in a format, and what is not.

    Attributes:
        statements: that the file tells.
        left: what was left out, statements first.
    """

    form: Form
    statements: tuple[Statement, ...]
    left: tuple[Left, ...]

    def pieces(self) -> Iterator[bytes]:
        """The file, of a format that nobody signs."""
        return _WRITERS[self.form](self.statements)

    def report(self) -> dict[str, object]:
        """What is told and what is left out, for JSON."""
        return {
            "format": self.form.value,
            "told": [each.number for each in self.statements],
            "leftOut": [each.to_dict() for each in self.left],
        }


def exported(selected: Selected, form: Form) -> Export:
    """The statements that a format can tell, and whatever it cannot."""
    statements, whole, parts = [], list(selected.left), list[Left]()
    for statement in selected.statements:
        if (why := _REFUSALS[form](statement)) is not None:
            whole.append(why)
            continue
        statements.append(statement)
        parts += untold(statement, WAYS[form])
    return Export(form, told_apart(statements), (*whole, *parts))


def grouped(left: Iterable[Left]) -> list[tuple[str, list[str]]]:
    """What was left out by reason, each with the numbers it is about, in the order they came in."""
    found: dict[str, list[str]] = {}
    for each in left:
        found.setdefault(each.why, []).append(each.number)
    return list(found.items())
