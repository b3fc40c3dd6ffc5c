"""What CASE 1.1 asks of a CFPackage, as a JSON Schema: written down from the 1EdTech JSON Schema binding, not copied.

Source: 1EdTech, Competencies and Academic Standards Exchange (CASE) Service 1.1, final release, JSON Schema binding
"getCFPackage-200-responsepayload": which members each class has, which are required, of what type, and that there are
no others. Descriptions are left out; `extensions` of a level of a rubric criterion is a list there, by the binding.
"""

from __future__ import annotations

from typing import Any, Final

_UUID = {"type": "string", "pattern": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[8-9a-b]{1}[0-9a-f]{3}-[0-9a-f]{12}"}
_KINDS = (
    "isChildOf isPeerOf isPartOf exactMatchOf precedes isRelatedTo replacedBy exemplar hasSkillLevel isTranslationOf"
)
_TYPES: Final[dict[str, Any]] = {
    "uuid": _UUID,
    "text": {"type": "string"},
    "uri": {"type": "string", "format": "uri"},
    "time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "any": {"type": "object"},
    "anys": {"type": "array", "items": {"type": "object"}},
    "1.1": {"const": "1.1"},
    "association": {
        "anyOf": [
            {"enum": _KINDS.split()},
            {"type": "string", "pattern": "(ext:)[a-zA-Z0-9\\.\\-_]+"},
        ]
    },
    "target": {"anyOf": [{"const": "CASE"}, {"type": "string", "pattern": "(ext:)[a-zA-Z0-9\\.\\-_]+"}]},
}
# Of each class its members: `!` is required; a class by its name, and a list of it with `*`.
_CLASSES: Final = {
    "Package": "CFDocument!:Document CFItems:*Item CFAssociations:*Association CFDefinitions:Definitions"
    " CFRubrics:*Rubric extensions:any",
    "Document": "identifier!:uuid uri!:uri frameworkType:text caseVersion:1.1 creator!:text title!:text"
    " lastChangeDateTime!:time officialSourceURL:uri publisher:text description:text subject:texts subjectURI:*Link"
    " language:text version:text adoptionStatus:text statusStartDate:date statusEndDate:date licenseURI:Link notes:text"
    " extensions:any",
    "Item": "identifier!:uuid fullStatement!:text alternativeLabel:text CFItemType:text uri!:uri humanCodingScheme:text"
    " listEnumeration:text abbreviatedStatement:text conceptKeywords:texts conceptKeywordsURI:Link notes:text"
    " subject:texts subjectURI:*Link language:text educationLevel:texts CFItemTypeURI:Link licenseURI:Link"
    " statusStartDate:date statusEndDate:date lastChangeDateTime!:time extensions:any",
    "Association": "identifier!:uuid associationType!:association sequenceNumber:int uri!:uri originNodeURI!:Node"
    " destinationNodeURI!:Node CFAssociationGroupingURI:Link lastChangeDateTime!:time notes:text extensions:any",
    "Definitions": "CFConcepts:*Concept CFSubjects:*Subject CFLicenses:*License CFItemTypes:*ItemType"
    " CFAssociationGroupings:*Grouping extensions:any",
    "Concept": "identifier!:uuid uri!:uri title!:text keywords:text hierarchyCode!:text description:text"
    " lastChangeDateTime!:time extensions:any",
    "Subject": "identifier!:uuid uri!:uri title!:text hierarchyCode!:text description:text lastChangeDateTime!:time"
    " extensions:any",
    "License": "identifier!:uuid uri!:uri title!:text description:text licenseText!:text lastChangeDateTime!:time"
    " extensions:any",
    "ItemType": "identifier!:uuid uri!:uri title!:text description!:text hierarchyCode!:text typeCode:text"
    " lastChangeDateTime!:time extensions:any",
    "Grouping": "identifier!:uuid uri!:uri title!:text description:text lastChangeDateTime!:time extensions:any",
    "Rubric": "identifier!:uuid uri!:uri title:text description:text lastChangeDateTime!:time"
    " CFRubricCriteria:*Criterion extensions:any",
    "Criterion": "identifier!:uuid uri!:uri category:text description:text CFItemURI:Link weight:float position:int"
    " rubricId:uuid lastChangeDateTime!:time CFRubricCriterionLevels:*CriterionLevel extensions:any",
    "CriterionLevel": "identifier!:uuid uri!:uri description:text quality:text score:float feedback:text position:int"
    " rubricCriterionId:uuid lastChangeDateTime!:time extensions:anys",
    "Link": "title!:text identifier!:uuid uri!:uri",
    "Node": "title!:text identifier!:text uri!:uri targetType:target",
}


def _class(members: str) -> dict[str, Any]:
    properties, required = {}, []
    for member in members.split():
        name, kind = member.split(":")
        if name.endswith("!"):
            name = name[:-1]
            required.append(name)
        many = kind.startswith("*")
        kind = kind.removeprefix("*")
        said = {"$ref": f"#/$defs/{kind}"} if kind in _CLASSES else _TYPES[kind]
        properties[name] = {"type": "array", "items": said} if many else said
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


CASE_1_1: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$ref": "#/$defs/Package",
    "$defs": {name: _class(members) for name, members in _CLASSES.items()},
}
