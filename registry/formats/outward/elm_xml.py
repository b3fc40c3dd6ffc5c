"""European Learning Model 3 as XML: the document `Accreditations` of its Accreditation Metadata Schema 3.1.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from registry.formats.outward import elm
from registry.formats.outward import vocabularies as vocabulary
from registry.formats.outward.statements import Organisation, Statement, ToldProgramme
from registry.formats.outward.words import OUR_LANGUAGE, language_tag, notes_of, safe_text, title_of, web_address
from registry.quality.decision import Evidence
from registry.timestamps import write_timestamp

_SPACES = {"skos": "http://www.w3.org/2004/02/skos/core#", "dc": "http://purl.org/dc/terms/"}


def as_xml(statements: Sequence[Statement]) -> Iterator[bytes]:
    """The document `Accreditations`, in pieces."""
    spaces = "".join(f" xmlns:{name}={quoteattr(uri)}" for name, uri in _SPACES.items())
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Accreditations xmlns="{elm.NAMESPACE}"{spaces} xsdVersion="{elm.VERSION}">\n'
    ).encode()
    yield b"<accreditationReferences>\n"
    for statement in statements:
        yield _accreditation_xml(statement).encode()
    yield b"</accreditationReferences>\n<agentReferences>\n"
    organisations = elm.organisations_of(statements)
    for each in organisations:
        yield _organisation_xml(each).encode()
    yield b"</agentReferences>\n<locationReferences>\n"
    for country in sorted({each.country for each in organisations}):
        place = _element("address", _concept("countryCode", vocabulary.country_uri(country)))
        yield _element("location", place, id=elm.location_uri(country)).encode()
    yield b"</locationReferences>\n</Accreditations>\n"


def _accreditation_xml(statement: Statement) -> str:
    uri, words = vocabulary.decision_concept(statement)
    reports = elm.reports_of(statement)
    parts = [
        _element("identifier", _text("skos:notation", statement.id)),
        _concept("type", vocabulary.accreditation_type(statement)),
        _text("title", title_of(statement), language=OUR_LANGUAGE),
        _concept("decision", uri, words),
        *(_resource("report", each) for each in reports[:1]),
        *(_empty("organisation", idref=each.id) for each in statement.holders),
        *(_concept(name, uri, words) for name, uri, words, _ in elm.limits_of(statement)),
        *(_programme_xml(each) for each in statement.programmes),
        _empty("accreditingAgent", idref=statement.body.id),
        *(_text(name, write_timestamp(moment)) for name, moment in elm.dates_of(statement)),
        *(
            _element("additionalNote", _text("noteLiteral", note, language=OUR_LANGUAGE))
            for note in notes_of(statement)
        ),
        *(_resource("supplementaryDocument", each) for each in reports[1:]),
        _text("status", elm.STATUS),
        _text("modified", write_timestamp(modified)) if (modified := elm.modified_at(statement)) else "",
    ]
    return _element("accreditation", "".join(parts), id=statement.id)


def _programme_xml(programme: ToldProgramme) -> str:
    notation = programme.codes[0] if programme.codes else ""
    labels = _text("skos:prefLabel", programme.name, language=OUR_LANGUAGE) if programme.name else ""
    inside = labels + (_text("skos:notation", notation) if notation else "")
    return _element("limitAbstractProgramme", inside, uri=programme.id)


def _organisation_xml(organisation: Organisation) -> str:
    homepage = organisation.homepage if web_address(organisation.homepage) else ""
    parts = [
        _text("legalName", organisation.shown_name, language=language_tag(organisation.language)),
        _element("identifier", _text("skos:notation", organisation.id)),
        _element("homepage", _text("contentUrl", homepage)) if homepage else "",
        _empty("location", idref=elm.location_uri(organisation.country)),
    ]
    return _element("organisation", "".join(parts), id=organisation.id)


def _resource(name: str, evidence: Evidence) -> str:
    title = _text("title", evidence.title, language=OUR_LANGUAGE) if evidence.title else ""
    return _element(name, title + _text("contentUrl", evidence.uri))


def _concept(name: str, uri: str, words: str | None = None) -> str:
    if not words:
        return _empty(name, uri=uri)
    return _element(name, _text("skos:prefLabel", words, language=OUR_LANGUAGE), uri=uri)


def _element(name: str, inside: str, **attributes: str) -> str:
    return f"<{name}{_attributes(attributes)}>{inside}</{name}>\n"


def _text(name: str, text: str, **attributes: str) -> str:
    return _element(name, escape(safe_text(text)), **attributes)


def _empty(name: str, **attributes: str) -> str:
    return f"<{name}{_attributes(attributes)}/>\n"


def _attributes(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(safe_text(value))}" for name, value in attributes.items())
