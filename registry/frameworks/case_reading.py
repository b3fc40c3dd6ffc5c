"""A CASE package (CFPackage) as a framework of ours: what has no member here is kept as it was, and nothing is dropped.

An item that cannot be used is left out, and told; the rest goes on. Members that CASE 1.1 does not have are kept, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from registry.credential.strictjson import Limits, parse_json
from registry.errors import CredentialError
from registry.frameworks.case_fields import (
    CHILD_OF,
    OWN,
    TEXTS,
    difference,
    document_fields,
    item_fields,
    licence_fields,
    link_fields,
)
from registry.frameworks.members import Members, Refused
from registry.frameworks.model import MAX_ITEMS, Fault, Framework, Item, faults_of_tree

MAX_BYTES: Final = 32 << 20
MAX_ASSOCIATIONS: Final = 200_000
CODE: Final = "case-package"
_PARTS: Final = ("CFDocument", "CFItems", "CFAssociations")


@dataclass(slots=True)
class _Read:
    """An item of a package, on its way."""

    said: Mapping[str, Any]
    item: Item
    link: Mapping[str, Any] | None = None
    parent: str = ""
    sequence: int = 0
    place: int = 0
    children: list[_Read] = field(default_factory=list)


def read_case(content: bytes, where: str) -> tuple[Framework, tuple[Fault, ...]]:
    """The framework in a package, and what was left out of it (grave) or is worth a look.

    Raises:
        Refused: it is no package, or not one item can be used (code `case-package`).
    """
    package = _package(content, where)
    faults: list[Fault] = []
    document = _table(package.get("CFDocument"))
    about = Members(_stated(document), "CFDocument", faults)
    identifier, title = about.code("identifier", needed=True), about.text("title", needed=True)
    creator, uri = about.text("creator"), about.text("uri")
    framework = Framework(
        identifier=_short(_table(document.get("extensions")).get(OWN)) or identifier,
        title=title,
        items=(),
        version=about.text("version"),
        language=about.language("language"),
        # What stands there where nobody is named, so that it is written again and not taken for a name.
        publisher="" if creator == title else creator,
        description=about.text("description"),
        uri="" if uri == f"urn:uuid:{identifier}" else uri,
        licence=_bounded(_table(document.get("licenseURI")).get("title")),
        changed=about.text("lastChangeDateTime"),
    )
    if any(each.grave for each in faults):
        raise Refused([each for each in faults if each.grave], where, code=CODE)
    read = _items(_list(package, "CFItems", MAX_ITEMS, where), framework, faults)
    others = _placed(_list(package, "CFAssociations", MAX_ASSOCIATIONS, where), read, identifier, faults)
    kept = _without_circles(read, others, faults)
    if not kept:
        raise Refused([*faults, Fault("", "no item of it can be used")], where, code=CODE)
    items = _written(kept, framework, document)
    rest = _without_own_licence({name: value for name, value in package.items() if name not in _PARTS}, framework)
    case = {
        "document": difference(document, document_fields(framework)),
        "associations": others,
        "package": rest,
    }
    return replace(framework, items=tuple(items), case={name: value for name, value in case.items() if value}), tuple(
        faults
    )


def _package(content: bytes, where: str) -> Mapping[str, Any]:
    try:
        package = parse_json(content, Limits(max_bytes=MAX_BYTES))
    except CredentialError as error:
        raise Refused([Fault("", error.what)], where, code=CODE) from None
    if not isinstance(package, dict) or not isinstance(package.get("CFDocument"), dict):
        raise Refused([Fault("", "it is no CASE package: it has no CFDocument")], where, code=CODE)
    return package


def _items(rows: list[Any], framework: Framework, faults: list[Fault]) -> dict[str, _Read]:
    """By their identifier; a code that two items have is nobody's."""
    schemes: dict[str, int] = {}
    for row in rows:
        scheme = _text(_table(row).get("humanCodingScheme"))
        schemes[scheme] = schemes.get(scheme, 0) + 1
    identifiers = {_text(_table(row).get("identifier")) for row in rows}
    read: dict[str, _Read] = {}
    for number, row in enumerate(rows, 1):
        entry = f"item no. {number}"
        if not isinstance(row, dict):
            faults.append(Fault(entry, "an item is an object"))
            continue
        identifier = Members(row, entry, faults).code("identifier", needed=True)
        if not identifier:
            continue
        if identifier in read:
            faults.append(Fault(entry, f"its identifier is that of item no. {read[identifier].place}: {identifier}"))
            continue
        before = len(faults)
        members = Members(_stated(row), f"item {identifier}", faults)
        statement = members.text("fullStatement", needed=True)
        if any(each.grave for each in faults[before:]):
            continue
        scheme = _short(row.get("humanCodingScheme"))
        # A code that is another item's identifier would name two.
        own = scheme if schemes.get(scheme) == 1 and scheme not in identifiers else ""
        if scheme and not own:
            members.fault(f"its code {scheme!r} is that of another item, so its identifier names it", grave=False)
        texts = {_language(row, framework): statement}
        texts |= {tag: text for tag, text in _further_texts(row).items() if tag not in texts}
        item = Item(
            code=own or identifier,
            text=texts,
            kind=_short(row.get("CFItemType")),
            levels=_levels(row.get("educationLevel")),
        )
        read[identifier] = _Read(row, item, place=number)
    return read


def _placed(rows: list[Any], read: dict[str, _Read], document: str, faults: list[Fault]) -> list[Any]:
    """Give each item its place; the associations that are not needed for that, as they are."""
    ordered = sorted(range(len(rows)), key=lambda at: _sequence(rows[at]))
    used: set[int] = set()
    for at in ordered:
        row = _table(rows[at])
        child = read.get(_identifier(row.get("originNodeURI")))
        above = _identifier(row.get("destinationNodeURI"))
        if row.get("associationType") != CHILD_OF or child is None or not (above in read or above == document):
            continue
        if child.link is not None:
            entry = f"item {child.item.code}"
            faults.append(Fault(entry, "it belongs to several; the first is its parent here", grave=False))
            continue
        child.link, child.sequence = row, _sequence(row)
        child.parent = above if above in read else ""
        used.add(at)
    for each in read.values():
        if each.link is None:
            faults.append(
                Fault(f"item {each.item.code}", "nothing says where it belongs: it stands at the top", grave=False)
            )
    return [row for at, row in enumerate(rows) if at not in used]


def _without_circles(read: dict[str, _Read], others: list[Any], faults: list[Fault]) -> list[_Read]:
    """Items in a circle stand at the top, and what said otherwise is kept as it was; what is too deep is left out."""
    for fault in faults_of_tree({name: each.parent for name, each in read.items()}):
        each = read[fault.entry.removeprefix("item ")]
        if "above itself" in fault.reason:
            faults.append(replace(fault, grave=False))
            others.append(each.link)
            each.link, each.parent = None, ""
    too_deep = {
        fault.entry.removeprefix("item "): fault for fault in faults_of_tree({n: e.parent for n, e in read.items()})
    }
    faults += too_deep.values()
    kept = {name: each for name, each in read.items() if name not in too_deep}
    others += [read[name].link for name in too_deep]
    tops: list[_Read] = []
    for each in sorted(kept.values(), key=lambda one: (one.sequence, one.place)):
        (kept[each.parent].children if each.parent else tops).append(each)
    return _in_order(tops)


def _in_order(tops: list[_Read]) -> list[_Read]:
    """Each item before what belongs to it, by their sequence."""
    found: list[_Read] = []
    waiting = tops[::-1]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting += each.children[::-1]
    return found


def _written(kept: list[_Read], framework: Framework, document: Mapping[str, Any]) -> list[Item]:
    """The items, with what the package said beyond what would be written of them."""
    by_identifier = {str(each.said["identifier"]): each for each in kept}
    items: list[Item] = []
    children: dict[str, int] = {}
    for each in kept:
        above = by_identifier.get(each.parent)
        parent = above.item.code if above is not None else ""
        item = replace(each.item, parent=parent)
        case: dict[str, Any] = {"item": difference(each.said, item_fields(framework, item))}
        children[parent] = children.get(parent, 0) + 1
        if each.link is None:
            case["no_link"] = True
        else:
            destination = document if above is None else above.said
            fields = link_fields(each.said, destination, children[parent], framework.changed)
            if kept_of_link := difference(each.link, fields):
                case |= {"link": kept_of_link, "under": destination["identifier"]}
        items.append(replace(item, case={name: value for name, value in case.items() if value}))
    return items


def _without_own_licence(rest: dict[str, Any], framework: Framework) -> dict[str, Any]:
    """Without the definition of a licence that is written again of itself."""
    definitions = rest.get("CFDefinitions")
    if definitions == {"CFLicenses": [licence_fields(framework, framework.changed)]}:
        del rest["CFDefinitions"]
    return rest


def _list(package: Mapping[str, Any], name: str, most: int, where: str) -> list[Any]:
    rows = package.get(name, [])
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise Refused([Fault(name, "it is a list")], where, code=CODE)
    if len(rows) > most:
        raise Refused([Fault(name, f"it has {len(rows):,} entries, and at most {most:,} are read")], where, code=CODE)
    return rows


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _stated(members: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what is null: some write so what they do not say."""
    return {name: value for name, value in members.items() if value is not None}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _short(value: object) -> str:
    """A text that can be a code; "" for any other value."""
    faults: list[Fault] = []
    found = Members({"value": value}, "", faults).code("value")
    return "" if faults else found


def _bounded(value: object) -> str:
    """A text that a framework file can have; "" for any other value, which is kept as it was."""
    faults: list[Fault] = []
    found = Members({"value": value}, "", faults).text("value")
    return "" if any(each.grave for each in faults) else found


def _further_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """The text in further languages, of those that are languages; what else stands there is kept as it was."""
    said = _table(_table(row.get("extensions")).get(TEXTS))
    return Members({"text": said}, "", []).texts("text", "") if said else {}


def _levels(values: object) -> tuple[str, ...]:
    listed = [_short(each) for each in values] if isinstance(values, list) else []
    return tuple(dict.fromkeys(listed)) if all(listed) else ()


def _language(row: Mapping[str, Any], framework: Framework) -> str:
    faults: list[Fault] = []
    tag = Members(row, "", faults).language("language") if row.get("language") else framework.language
    return framework.language if faults else tag


def _identifier(node: object) -> str:
    return _text(_table(node).get("identifier"))


def _sequence(row: object) -> int:
    value = _table(row).get("sequenceNumber")
    return value if type(value) is int else 0
