"""The shape of a decision in JSON, member by member, with what each may be; `registry.quality.decision` makes it.

Every text has a bound, so that a decision of others costs what it may and no more.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from registry.errors import SettingsError

LONGEST_TEXT: Final = 32_768
"""Characters of one text: as many as a cell of a spreadsheet holds."""
MOST_PARTS: Final = 1_000
"""Holders, programmes, pieces of evidence or remarks of one decision."""
MOST_NAMES: Final = 100
"""Identifiers, fields, types or languages of one of them."""
SCHEME_PATTERN: Final = r"[a-z][a-z0-9-]{0,31}"
REGISTER_PATTERN: Final = r"[a-z0-9][a-z0-9-]{0,63}"
FIELD_PATTERN: Final = r"[0-9]{2,4}"

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(pattern=rf"^(?s:{SCHEME_PATTERN}:.{{1,1000}})\z", max_length=1_100)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z")]
Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]
Country = Annotated[str, Field(pattern=r"^(?:[A-Z]{2}|[0-9]{3})\z")]
Level = Annotated[int, Field(ge=1, le=8)]


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, alias_generator=to_camel
    )


class AgencyPart(_Part):
    """Who decided."""

    id: Name
    name: Text = ""


class HolderPart(_Part):
    """An institution; `party` is its number on the chain, by the mirror's own statement."""

    identifiers: Annotated[Names, Field(min_length=1)]
    name: Text = ""
    country: Country = ""
    party: Annotated[int, Field(ge=1, lt=2**53)] | None = None


class ProgrammePart(_Part):
    """A programme; `levels` are lowest and highest of the European Qualifications Framework."""

    identifiers: Names = []
    name: Text = ""
    qualification: Text = ""
    levels: Annotated[list[Level], Field(min_length=2, max_length=2)] | None = None
    national_level: Text = ""
    fields: Annotated[list[Annotated[str, Field(pattern=rf"^{FIELD_PATTERN}\z")]], Field(max_length=MOST_NAMES)] = []
    types: Annotated[list[Text], Field(max_length=MOST_NAMES)] = []
    country: Country = ""
    ects: Text = ""


class EvidencePart(_Part):
    """A report or decision to be read."""

    uri: Text
    sha256: Hex32 | None = None
    title: Text = ""
    languages: Annotated[list[Text], Field(max_length=MOST_NAMES)] = []


class DecisionPart(_Part):
    """A quality decision as a register publishes it; members that say nothing are left out."""

    type: Literal["TestamurQualityDecision"]
    version: Literal[1]
    register_: Annotated[str, Field(pattern=rf"^{REGISTER_PATTERN}\z", alias="register")]
    agency: AgencyPart
    number: Text = ""
    report: Text = ""
    subject: Literal["institution", "programme", "joint-programme", "institution-and-programme"]
    ruling: Literal["positive", "conditional", "negative", "not-applicable"]
    valid_from: Day
    valid_until: Day | None = None
    end_assumed: bool = False
    obligatory: bool | None = None
    activities: Annotated[list[Text], Field(max_length=MOST_NAMES)] = []
    condition: Text = ""
    summary: Text = ""
    holders: Annotated[list[HolderPart], Field(min_length=1, max_length=MOST_PARTS)]
    programmes: Annotated[list[ProgrammePart], Field(max_length=MOST_PARTS)] = []
    evidence: Annotated[list[EvidencePart], Field(max_length=MOST_PARTS)] = []
    replaces: Hex32 | None = None
    remarks: Annotated[dict[Text, Text], Field(max_length=MOST_PARTS)] = {}


def is_register(text: str) -> bool:
    """Whether a register may have this short name."""
    return re.fullmatch(REGISTER_PATTERN, text, re.ASCII) is not None


def read_part(members: object) -> DecisionPart:
    """The parts of a decision, each in its form.

    Raises:
        SettingsError: code `decision`, with the place of the first that is not.
    """
    try:
        return DecisionPart.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:200]
        raise not_a_decision(first["msg"], place or None) from None


def not_a_decision(why: str, place: str | None = None) -> SettingsError:
    """What is raised of JSON that is no decision."""
    told = f"member {place!r}: {why}" if place else why
    return SettingsError(
        f"this is no quality decision in its one form: {told}",
        remedy="Take the register from whoever publishes it again; `testamur register import` makes one.",
        code="decision",
    )


def decision_schema() -> dict[str, Any]:
    """The JSON Schema, as published in `registry/schemas/quality-decision.schema.json`.

    What a schema cannot say is checked by `QualityDecision.from_dict`: that names are sorted and days exist.
    """
    schema = DecisionPart.model_json_schema(by_alias=True)
    without_nulls(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "quality-decision.schema.json", **schema}


def without_nulls(schema: Any) -> None:
    """A member that says nothing is left out, never null; and patterns end as JSON Schema writes it."""
    if isinstance(schema, dict):
        if "anyOf" in schema and (kept := [each for each in schema["anyOf"] if each != {"type": "null"}]):
            del schema["anyOf"]
            schema.update(kept[0])
        if "default" in schema and not schema["default"]:
            del schema["default"]
        if isinstance(pattern := schema.get("pattern"), str):
            schema["pattern"] = pattern.replace(r"\z", "$").replace("(?s:", "(?:").replace(":.{", r":[\s\S]{")
        for each in list(schema.values()):
            without_nulls(each)
    elif isinstance(schema, list):
        for each in schema:
            without_nulls(each)
