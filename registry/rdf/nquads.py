"""Canonical N-Quads of RDF graphs whose shape is known beforehand: statements in the default graph, written by hand.

RDF Dataset Canonicalization (RDFC-1.0), section 5 and appendix A. What is hard about it is to name blank nodes; graphs
with none have no choice, and nor have those with one, which is `BLANK`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

BLANK: Final = "_:c14n0"
"""The only blank node of a graph."""
RDF_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
DATE_TIME: Final = f"{_XSD}dateTime"
INTEGER: Final = f"{_XSD}integer"

# With a scheme, and without what N-Quads does not allow in an IRI; a lone surrogate has no UTF-8 form.
_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f-\x9f<>\"{}|^`\\\ud800-\udfff]+")
_ESCAPES: Final = {"\\": r"\\", '"': r"\"", "\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}
_ESCAPED: Final = re.compile(r'[\x00-\x1f\x7f\\"]')


def is_iri(text: str) -> bool:
    """Whether it is an absolute IRI that every RDF processor writes as it is."""
    return _IRI.fullmatch(text) is not None


def iri(text: str) -> str:
    """The term for an IRI.

    Raises:
        ValueError: it is not absolute, or has a character that an IRI has not.
    """
    if not is_iri(text):
        raise ValueError(f"{text[:200]!r} is no absolute IRI")
    return f"<{text}>"


def literal(text: str, datatype: str | None = None) -> str:
    """The term for a text, or for a value of another datatype in its lexical form."""
    escaped = _ESCAPED.sub(lambda found: _ESCAPES.get(found[0], f"\\u{ord(found[0]):04X}"), text)
    return f'"{escaped}"' if datatype is None else f'"{escaped}"^^{iri(datatype)}'


def canonical(statements: Iterable[tuple[str, str, str]]) -> bytes:
    """The canonical form of a graph: a line for each statement, once, in the order of their code points.

    Args:
        statements: subject, predicate and object as terms; the predicate as an IRI.

    Raises:
        ValueError: a predicate is no IRI.
    """
    lines = {f"{subject} {iri(predicate)} {value} .\n" for subject, predicate, value in statements}
    return "".join(sorted(lines)).encode()
