"""The canonical RDF of a document, with JSON-LD processed once for all documents of one shape.

JSON-LD is nine tenths of the work, and what it makes of a document depends on its texts only where they stand in for
something else: a context, a type, a language, an IRI that is not a plain one. So a document's texts are taken out, what
is left is its shape, and its statements are kept with places for the texts. Whatever is not sure to fit there goes the
slow way, which is the reference: both give the same bytes, or the same refusal.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from registry.errors import CredentialError
from registry.rdf.canonical import Hash, Quad, canonicalize_quads
from registry.rdf.contexts import Contexts
from registry.rdf.jsonld import check_said_once, quads_of, with_marks
from registry.rdf.nquads import literal

MOST_SHAPES: Final = 32
LONGEST_SHAPE: Final = 1 << 16
"""Bytes of a shape that is kept; a document with a longer one goes the slow way."""
# In the place of text number n stands `urn:x-text:n:`, which is a text as good as any, and an IRI too.
_MARK: Final = "urn:x-text:"
_MARKED_IRI: Final = re.compile(rf"<{_MARK}([0-9]+):>")
_MARKED_TEXT: Final = re.compile(rf'"{_MARK}([0-9]+):"(.*)', re.DOTALL)
# IRIs that every processor takes as they are: no dots to remove, nothing to escape, no prefix of a context.
_PART: Final = r"[A-Za-z0-9_~=@:+-][A-Za-z0-9._~=@:+-]*"
_PLAIN_IRI: Final = re.compile(
    rf"(?:https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{{1,5}})?(?:/{_PART})*/?"
    r"|(?:urn:[A-Za-z0-9-]+|did:[a-z0-9]+|mailto):(?:[A-Za-z0-9._:@+-]|%[0-9A-F]{2})*[A-Za-z0-9])"
    r"(?:\?[A-Za-z0-9._~=&-]+)?(?:#[A-Za-z0-9._:-]+)?"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text stands in a statement: as an IRI, or as a literal before its datatype or language."""

    number: int
    is_iri: bool
    after: str = ""

    def filled(self, texts: list[str]) -> str:
        text = texts[self.number]
        return f"<{text}>" if self.is_iri else literal(text) + self.after


@dataclass(frozen=True, slots=True)
class _Shape:
    """The statements of all documents of a shape, and which of their texts have to be plain IRIs."""

    statements: tuple[tuple[str | _Place, ...], ...]
    iris: tuple[int, ...]


class Shapes:
    """The shapes that were met last, at most `MOST_SHAPES`; of use to several threads."""

    def __init__(self, contexts: Contexts):
        self._contexts = contexts
        self._known: dict[bytes, _Shape | None] = {}
        self._lock = threading.Lock()

    def quads(self, document: Mapping[str, Any]) -> list[Quad]:
        """As `quads_of`, which it equals in every result and every refusal."""
        texts: list[str] = []
        try:
            rest = orjson.dumps(with_marks(document, _MARK, texts, texts_alone=True))
        except (TypeError, RecursionError):
            return quads_of(document, self._contexts)
        shape = self._shape(rest, len(texts))
        if shape is None or not all(_PLAIN_IRI.fullmatch(texts[number]) for number in shape.iris):
            return quads_of(document, self._contexts)
        check_said_once(document)  # a shape does not tell which of its texts are the same
        return [
            tuple(term if type(term) is str else term.filled(texts) for term in statement)  # type: ignore[misc, union-attr]
            for statement in shape.statements
        ]

    def canonical_form(self, document: Mapping[str, Any], hashed: Hash = hashlib.sha256) -> bytes:
        """The canonical N-Quads of a document; as `canonical_form`."""
        return canonicalize_quads(self.quads(document), hashed)

    def _shape(self, rest: bytes, texts: int) -> _Shape | None:
        if len(rest) > LONGEST_SHAPE:
            return None
        with self._lock:
            if rest in self._known:
                shape = self._known[rest] = self._known.pop(rest)
                return shape
        shape = self._made(rest, texts)
        with self._lock:
            self._known[rest] = shape
            while len(self._known) > MOST_SHAPES:
                del self._known[next(iter(self._known))]
        return shape

    def _made(self, rest: bytes, texts: int) -> _Shape | None:
        """The shape; None where its documents have to go the slow way."""
        if rest.count(_MARK.encode()) != texts:
            return None  # a type or a member has such a name itself
        try:
            quads = quads_of(orjson.loads(rest), self._contexts)
        except CredentialError:
            return None  # each document says what is wrong with it
        statements = tuple(tuple(_place(term) for term in quad) for quad in quads)
        places = {term for statement in statements for term in statement if isinstance(term, _Place)}
        lost = {place.number for place in places} != set(range(texts))
        if lost or any(isinstance(term, str) and _MARK in term for statement in statements for term in statement):
            return None
        return _Shape(statements, tuple(sorted({place.number for place in places if place.is_iri})))


_SHARED: Final = Shapes(Contexts())


def canonical_form(document: Mapping[str, Any], hashed: Hash = hashlib.sha256) -> bytes:
    """The canonical N-Quads of a document, by the contexts that are bundled: JSON-LD 1.1, then RDFC-1.0.

    Args:
        document: what JSON has, with a single reading; all of it, so that proofs are to be left out before.
        hashed: SHA-256, or SHA-384 for signatures with P-384.

    Raises:
        CredentialError: it has no RDF that is made here (codes of `quads_of`), or naming its blank nodes would take too
            long (`rdf-too-hard`).
    """
    return _SHARED.canonical_form(document, hashed)


def _place(term: str) -> str | _Place:
    if found := _MARKED_IRI.fullmatch(term):
        return _Place(int(found[1]), is_iri=True)
    if found := _MARKED_TEXT.fullmatch(term):
        return _Place(int(found[1]), is_iri=False, after=found[2])
    return term
