"""What is written in a CASE 1.1 package for what our files have: one rule for those who read and those who write.

Source: 1EdTech, Competencies and Academic Standards Exchange (CASE) Service 1.1, classes CFPckgDocument, CFPckgItem
and CFPckgAssociation. What a package says beyond it is kept beside (`difference`), so that nothing of it is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from registry.frameworks.model import Framework, Item

CHILD_OF: Final = "isChildOf"
CASE_VERSION: Final = "1.1"
OWN: Final = "testamur:id"
"""Extension of a document with the framework's own identifier, which need not be a UUID."""
TEXTS: Final = "testamur:text"
"""Extension of an item with its text in further languages: CASE gives an item one language."""

# A namespace of ours (RFC 9562 version 5): the same framework has the same identifiers whenever it is written.
_NAMESPACE: Final = UUID("7d3f1c0e-5b0a-5c0e-9e39-0d2f3c1b7a68")


def identifier_of(*names: str) -> str:
    """A UUID that follows from names."""
    return str(uuid5(_NAMESPACE, "\n".join(names)))


def document_fields(framework: Framework) -> dict[str, Any]:
    """The document of a framework that was in no package before."""
    identifier = identifier_of("document", framework.identifier)
    fields: dict[str, Any] = {
        "identifier": identifier,
        "uri": framework.uri or f"urn:uuid:{identifier}",
        "caseVersion": CASE_VERSION,
        "creator": framework.publisher or framework.title,
        "title": framework.title,
        "lastChangeDateTime": framework.changed,
        "language": framework.language,
    }
    optional = {
        "description": framework.description,
        "version": framework.version,
    }
    fields |= {name: value for name, value in optional.items() if value}
    fields["extensions"] = {OWN: framework.identifier}
    if framework.licence:
        fields["licenseURI"] = _licence_link(framework)
    return fields


def licence_fields(framework: Framework, changed: str) -> dict[str, Any]:
    """The definition of a framework's licence that was in no package before."""
    return {**_licence_link(framework), "licenseText": framework.licence, "lastChangeDateTime": changed}


def item_fields(framework: Framework, item: Item) -> dict[str, Any]:
    """An item that was in no package before."""
    language = framework.language if framework.language in item.text else next(iter(item.text))
    identifier = identifier_of("item", framework.identifier, item.code)
    fields: dict[str, Any] = {
        "identifier": identifier,
        "uri": f"urn:uuid:{identifier}",
        "fullStatement": item.text[language],
        "humanCodingScheme": item.code,
        "language": language,
        "lastChangeDateTime": framework.changed,
    }
    if item.kind:
        fields["CFItemType"] = item.kind
    if item.levels:
        fields["educationLevel"] = list(item.levels)
    if others := {tag: text for tag, text in item.text.items() if tag != language}:
        fields["extensions"] = {TEXTS: others}
    return fields


def link_fields(
    origin: Mapping[str, Any], destination: Mapping[str, Any], sequence: int, changed: str
) -> dict[str, Any]:
    """The association by which an item belongs to another one, or to the document.

    Args:
        origin, destination: as they are written in the package.
    """
    identifier = identifier_of(CHILD_OF, str(origin["identifier"]), str(destination["identifier"]))
    return {
        "identifier": identifier,
        "uri": f"urn:uuid:{identifier}",
        "associationType": CHILD_OF,
        "sequenceNumber": sequence,
        "originNodeURI": _node(origin),
        "destinationNodeURI": _node(destination),
        "lastChangeDateTime": changed,
    }


def difference(said: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a package says beyond the fields that would be written: `set` what is other, `absent` what is not there."""
    other = {name: value for name, value in said.items() if name not in fields or fields[name] != value}
    absent = [name for name in fields if name not in said]
    return {name: value for name, value in (("set", other), ("absent", absent)) if value}


def restored(fields: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with what `difference` kept."""
    absent = kept.get("absent", [])
    return {name: value for name, value in fields.items() if name not in absent} | dict(kept.get("set", {}))


def _licence_link(framework: Framework) -> dict[str, Any]:
    identifier = identifier_of("licence", framework.licence)
    return {"title": framework.licence, "identifier": identifier, "uri": f"urn:uuid:{identifier}"}


def _node(fields: Mapping[str, Any]) -> dict[str, Any]:
    title = fields.get("title") or fields.get("humanCodingScheme") or fields["identifier"]
    return {"title": title, "identifier": fields["identifier"], "uri": fields.get("uri", ""), "targetType": "CASE"}
