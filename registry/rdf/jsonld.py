"""JSON-LD documents as RDF statements: contexts are those that are bundled, and nothing that is said gets lost.

A term that no context defines, a relative IRI, an IRI or language that is none: JSON-LD leaves them out in silence, and
what depends on them with them, so that a signature would hold over what is left. All of it is refused here, as in
jsonld.js's safe mode. So is what says the same statements in other words of JSON: a member by its IRI, `@graph`,
`@reverse`, `@set`, a list in a list, what is said of one thing in two objects of a list, a context of the document's
own. Whoever holds a signature over RDF could otherwise hide a member from all who read the JSON, an end of validity for
one, and the signature would still hold.

JSON-LD itself is pyoxigraph's, which is used for nothing else. What it may have left out is found by a second reading,
of the same document with a mark in the place of each value: each mark has to come out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
import pyoxigraph
import rfc8785

from registry.errors import CredentialError
from registry.rdf.canonical import Quad
from registry.rdf.contexts import Contexts
from registry.rdf.nquads import literal

MOST_CONTEXT_BYTES: Final = 1 << 20
"""Definitions that the contexts of one document may come to, each counted as often as it is named."""
MOST_WORK: Final = 64_000
"""Values of one document, an object for sixteen, and so each type, which may bring a context of its own. JSON-LD takes
a second."""
_WORK_OF_A_NODE: Final = 16
MOST_DEPTH: Final = 64
DECIDING: Final = frozenset({"@context", "type", "@type", "@language", "proofPurpose"})
"""Members whose texts decide what others mean, or are terms themselves."""
# Where terms and relative IRIs lead that nothing defines; RFC 2606 keeps `.invalid` free.
_UNDEFINED: Final = "https://undefined.invalid/"
_FALLBACK: Final = orjson.dumps({"@vocab": f"{_UNDEFINED}vocab#"})
_KEYWORDS: Final = frozenset({"@context", "@id", "@type", "@value", "@language", "@list"})
# Every context of credentials calls these otherwise, and readers of JSON know that name alone.
_ALIASED: Final = frozenset({"@id", "@type"})
_OF_VALUES: Final = frozenset({"@value", "@type", "@language"})
# What an endorsement says of the credential that it is in, which is its subject.
_SAID_OF_ITSELF: Final = frozenset({"id", "type", "endorsementComment"})
# What stays an IRI when it is put behind the fallback; nothing else may be a term.
_TERM: Final = re.compile(r"[\w.~!$&'()*+,;=-]+")
_XSD_STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
_RDF_JSON: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"


def quads_of(document: Mapping[str, Any], contexts: Contexts) -> list[Quad]:
    """The statements of a document, blank nodes with labels that mean nothing.

    Args:
        document: what JSON has, with a single reading.

    Raises:
        CredentialError: a context is not bundled or is written into the document (code `rdf-context`), a term or IRI is
            not defined (`rdf-undefined`), something would be left out (`rdf-lost`), or the document is written as no
            credential is (`rdf-form`), or is too large (`rdf-too-hard`).
    """
    form = _Form(document)
    quads = _parsed(document, contexts)
    iris = {term for quad in quads for term in quad if term.startswith("<")}
    iris |= {term.rpartition("^^")[2] for quad in quads if (term := quad[2]).startswith('"')}
    for kind in form.types:
        if f"<{kind}>" not in iris:
            raise _refused(f"its contexts do not define the type {kind[:80]!r}", "rdf-undefined")
    check_said_once(document)
    _check_loss(document, quads, contexts)
    return quads


def check_said_once(document: Mapping[str, Any]) -> None:
    """That what a document says of itself, and of each thing in a list, is in one object.

    RDF makes no difference between one object and two with the same id; readers of JSON look into the first, or take
    them for two things.

    Raises:
        CredentialError: it is in several (code `rdf-form`).
    """
    own = document.get("id")
    pending: list[Any] = list(document.values())
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            if isinstance(own, str) and value.get("id") == own and value.keys() - _SAID_OF_ITSELF:
                raise _refused("what it says of itself is in two places", "rdf-form")
            pending.extend(value.values())
        elif isinstance(value, list):
            named = [each["id"] for each in value if isinstance(each, Mapping) and isinstance(each.get("id"), str)]
            once = set(named)
            if len(once) < len(named) or any(isinstance(each, str) and each in once for each in value):
                raise _refused("a list in it has the same thing twice", "rdf-form")
            pending.extend(value)


def with_marks(value: Any, mark: str, said: list[Any], *, texts_alone: bool) -> Any:
    """The value with `<mark>0:`, `<mark>1:`… in the place of what it says, which is put to `said`.

    Args:
        texts_alone: numbers, true and false stay as they are. Texts that decide what others mean always do.

    Raises:
        RecursionError: it nests deeper than `MOST_DEPTH`.
    """

    def marked(value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str or not (texts_alone or value is None or kind is dict or kind is list):
            said.append(value)
            return f"{mark}{len(said) - 1}:"
        if depth > MOST_DEPTH:
            raise RecursionError
        if isinstance(value, Mapping):
            return {name: member if name in DECIDING else marked(member, depth + 1) for name, member in value.items()}
        return [marked(each, depth + 1) for each in value] if kind is list else value

    return marked(value, 0)


def work_of(document: Any, most: int = MOST_WORK) -> int:
    """What a document costs JSON-LD, in the unit of `MOST_WORK`; counted up to about `most` and no further."""
    work, pending = 0, [document]
    while pending and work <= most:
        value = pending.pop()
        if isinstance(value, Mapping):
            kinds = value.get("type", value.get("@type"))
            work += _WORK_OF_A_NODE * (len(kinds) if isinstance(kinds, list) else 1)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        work += 1
    return work


class _Form:
    """How a document is written; `types` are those of its types that are IRIs."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.types: set[str] = set()
        if work_of(document) > MOST_WORK:
            raise _refused("it is too large for JSON-LD", "rdf-too-hard")
        self._check(document, 0)

    def _check(self, value: Any, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise _refused(f"it nests deeper than {MOST_DEPTH} levels", "rdf-form")
        if isinstance(value, list):
            for each in value:
                if isinstance(each, list):
                    raise _refused("it has a list in a list", "rdf-form")
                self._check(each, depth + 1)
        elif isinstance(value, Mapping):
            self._check_keywords(value)
            for name, member in value.items():
                self._check_name(name)
                if name in DECIDING:
                    self._check_deciding(name, member)
                else:
                    self._check(member, depth + 1)

    def _check_keywords(self, value: Mapping[str, Any]) -> None:
        if "@value" in value:
            if value.keys() - _OF_VALUES:
                raise _refused("it has a value with other members beside it", "rdf-form")
        elif said := _ALIASED & value.keys():
            raise _refused(f"it has a member {min(said)!r}, which is written without the sign", "rdf-form")

    def _check_name(self, name: str) -> None:
        if name.startswith("@"):
            if name not in _KEYWORDS:
                raise _refused(f"it has a member {name[:40]!r}", "rdf-form")
        elif not _TERM.fullmatch(name):
            raise _refused(f"it has a member {name[:80]!r}, which is no plain name", "rdf-form")

    def _check_deciding(self, name: str, member: Any) -> None:
        for said in () if name == "@context" else member if isinstance(member, list) else (member,):
            if not isinstance(said, str):
                raise _refused(f"its {name} is no text", "rdf-form")
            if ":" in said:
                self.types.add(said)
            elif not _TERM.fullmatch(said):
                raise _refused(f"its contexts do not define {said[:80]!r}", "rdf-undefined")


def _check_loss(document: Mapping[str, Any], quads: list[Quad], contexts: Contexts) -> None:
    """That the statements say all that the document says: beside those of the document with marks."""
    said: list[Any] = []
    mark = _mark_not_in(document)
    marked = _parsed(with_marks(document, mark, said, texts_alone=False), contexts)
    marks = re.compile(rf"{mark}([0-9]+):")
    found = {int(number) for quad in marked for term in quad for number in marks.findall(term)}
    if len(marked) != len(quads) or len(found) != len(said):
        missing = next((str(said[number]) for number in range(len(said)) if number not in found), "one of its values")
        raise _refused(f"JSON-LD would leave something out of it, near {missing[:80]!r}", "rdf-lost")
    for quad, with_mark in zip(quads, marked, strict=True):
        for term, other in zip(quad, with_mark, strict=True):
            if not (place := marks.match(other, 1)):
                continue
            text = said[int(place[1])]
            if other.startswith("<"):
                is_kept = not isinstance(text, str) or term.startswith("_:" if text.startswith("_:") else "<")
            else:
                is_kept = not isinstance(text, str) or term.startswith(literal(text))
            if not is_kept:
                raise _refused(f"JSON-LD would leave {str(text)[:80]!r} out of it", "rdf-lost")


def _mark_not_in(document: Mapping[str, Any]) -> str:
    text = _written(document)
    return next(mark for number in range(len(text)) if (mark := f"urn:x-said-{number}:").encode() not in text)


def _parsed(document: Mapping[str, Any], contexts: Contexts) -> list[Quad]:
    given = _Inlining(contexts).inlined(document)
    # In front of all others, so that each of them may say otherwise.
    context = given.get("@context", [])
    given["@context"] = [orjson.Fragment(_FALLBACK), *(context if isinstance(context, list) else [context])]
    text = _written(given)
    try:
        found = list(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.JSON_LD, base_iri=f"{_UNDEFINED}base/"))
    except SyntaxError as error:
        raise _refused(f"it is no JSON-LD: {str(error.msg)[:200]}", "rdf-form") from None
    return [(_term(quad.subject), _term(quad.predicate), _term(quad.object), _term(quad.graph_name)) for quad in found]


def _written(document: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except (TypeError, RecursionError) as error:
        raise _refused(f"it is not what JSON has: {str(error)[:200]}", "rdf-form") from None


class _Inlining:
    """Puts definitions in the place of names of contexts, as long as they are not too many."""

    def __init__(self, contexts: Contexts):
        self._contexts = contexts
        self._left = MOST_CONTEXT_BYTES

    def inlined(self, members: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: [orjson.Fragment(each) for each in self._definitions(member)]
            if name == "@context"
            else self._value(member)
            for name, member in members.items()
        }

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.inlined(value)
        return [self._value(each) for each in value] if isinstance(value, list) else value

    def _definitions(self, context: Any) -> Iterator[bytes]:
        for named in context if isinstance(context, list) else [context]:
            if not isinstance(named, str):
                raise _refused("it has a context of its own, which could give names another meaning", "rdf-context")
            for definition in self._contexts.definitions(named):
                self._left -= len(definition)
                if self._left < 0:
                    raise _refused(f"its contexts come to more than {MOST_CONTEXT_BYTES:,} bytes", "rdf-context")
                yield definition


def _term(term: object) -> str:
    if isinstance(term, pyoxigraph.NamedNode):
        if term.value.startswith(_UNDEFINED):
            said = term.value.removeprefix(_UNDEFINED).partition("#" if "#" in term.value else "/")[2]
            raise _refused(f"its contexts do not define {said[:80]!r}", "rdf-undefined")
        return f"<{term.value}>"
    if isinstance(term, pyoxigraph.BlankNode):
        return f"_:{term.value}"
    if isinstance(term, pyoxigraph.Literal):
        if term.language is not None:
            return f"{literal(term.value)}@{term.language}"
        datatype = term.datatype.value
        if datatype == _RDF_JSON:
            return literal(rfc8785.dumps(orjson.loads(term.value)).decode(), datatype)
        if datatype.startswith(_UNDEFINED):
            raise _refused("its contexts do not define the type of a value", "rdf-undefined")
        return literal(term.value) if datatype == _XSD_STRING else literal(term.value, datatype)
    return ""


def _refused(why: str, code: str) -> CredentialError:
    return CredentialError(
        f"The document has no RDF that is made here: {why}.",
        remedy="Use contexts that docs/reference/signatures.md names and terms they define, or a method over JSON.",
        code=code,
    )
