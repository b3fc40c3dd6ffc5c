"""A framework as a CASE 1.1 package (CFPackage): with all that a package said of it before, where it came from one."""

from __future__ import annotations

from typing import Any, Final

from registry.frameworks.case_fields import document_fields, item_fields, licence_fields, link_fields, restored
from registry.frameworks.model import Framework

_ARRAYS: Final = ("CFItems", "CFAssociations")


def case_package(framework: Framework, changed: str) -> dict[str, Any]:
    """The package of a framework.

    Args:
        changed: when it was changed last (RFC 3339), where the framework does not say.
    """
    moment = framework.changed or changed
    document = restored(document_fields(framework), framework.case.get("document", {}))
    document["lastChangeDateTime"] = document.get("lastChangeDateTime") or moment
    items: dict[str, dict[str, Any]] = {}
    for each in framework.items:
        item = restored(item_fields(framework, each), each.case.get("item", {}))
        item["lastChangeDateTime"] = item.get("lastChangeDateTime") or moment
        items[each.code] = item
    rest = dict(framework.case.get("package", {}))
    package: dict[str, Any] = {
        "CFDocument": document,
        "CFItems": list(items.values()),
        "CFAssociations": [*_links(framework, document, items, moment), *framework.case.get("associations", [])],
        **{name: value for name, value in rest.items() if name not in _ARRAYS},
    }
    _define_licence(package, framework, document, moment)
    return package


def _links(
    framework: Framework, document: dict[str, Any], items: dict[str, dict[str, Any]], moment: str
) -> list[dict[str, Any]]:
    """By which each item belongs to its parent, or to the document."""
    links = []
    children: dict[str, int] = {}
    for each in framework.items:
        children[each.parent] = children.get(each.parent, 0) + 1
        if each.case.get("no_link") and not each.parent:
            continue
        parent = items[each.parent] if each.parent else document
        fields = link_fields(items[each.code], parent, children[each.parent], moment)
        kept = each.case.get("link", {})
        # What was kept of another place is no longer true of this one.
        if each.case.get("under", parent["identifier"]) != parent["identifier"]:
            kept = {}
        links.append(restored(fields, kept))
    return links


def _define_licence(package: dict[str, Any], framework: Framework, document: dict[str, Any], moment: str) -> None:
    """Define the licence that the document links to, where the link is ours and nothing defines it yet."""
    if document.get("licenseURI") != document_fields(framework).get("licenseURI") or not framework.licence:
        return
    own = licence_fields(framework, moment)
    definitions = dict(package.get("CFDefinitions", {}))
    licences = list(definitions.get("CFLicenses", []))
    if all(each.get("identifier") != own["identifier"] for each in licences):
        package["CFDefinitions"] = {**definitions, "CFLicenses": [*licences, own]}
