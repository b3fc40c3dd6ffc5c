"""The shapes of suggestions and of decisions about them in JSON, member by member, each with its bound.

`registry/schemas/suggestion-decision.schema.json` is made of what a log of decisions holds. What a shape cannot say,
such as that a hash fits its text, is checked by `registry.learning.suggest.decisions`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from registry.errors import IntakeError
from registry.learning.suggest.values import MANY, MAX_TEXT
from registry.quality.wire import without_nulls
from registry.timestamps import TIMESTAMP_PATTERN
from registry.untrusted.text import terminal_text

LONGEST_NAME: Final = 500
LONGEST_REASON: Final = 2_000
MOST_CHOSEN: Final = 20
MOST_SUGGESTIONS: Final = 5_000
ENTRY_TYPE: Final = "TestamurDecisionEntry"
VERSION: Final = 1
_SHOWN: Final = 200

Words = Annotated[str, Field(max_length=MAX_TEXT)]
Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Needed = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Uri = Annotated[str, Field(max_length=1_000)]
Reason = Annotated[str, Field(max_length=LONGEST_REASON)]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]
Moment = Annotated[str, Field(pattern=TIMESTAMP_PATTERN.replace("$", r"\z"))]
Score = Annotated[float, Field(ge=-1, le=1)]


Part = TypeVar("Part", bound=BaseModel)


class _Part(BaseModel):
    # By their own names they are made here; JSON has the others, and `_read` takes no other.
    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class FrameworkPart(_Part):
    """The framework whose items were suggested."""

    id: Needed
    title: Name = ""
    version: Name = ""


class ModelPart(_Part):
    """What made a suggestion; `data` is SHA-256 over weights and items."""

    name: Needed
    version: Name = ""
    data: Hex32


class FigurePart(_Part):
    """How often the model was right when it was measured, as the person was told."""

    framework: Name = ""
    language: Name = ""
    model: ModelPart
    sentences: Annotated[int, Field(ge=0, lt=2**31)]
    hit_at1: Annotated[int, Field(ge=0, lt=2**31, alias="hitAt1")]
    hit_at5: Annotated[int, Field(ge=0, lt=2**31, alias="hitAt5")]
    low95: Annotated[float, Field(ge=0, le=1)]


class CandidatePart(_Part):
    """One item that was suggested; `sentence` is the one of the text on which the score rests."""

    rank: Annotated[int, Field(ge=1, le=MANY)]
    code: Needed
    name: Words = ""
    uri: Uri = ""
    score: Score
    sentence: Words = ""
    tied: bool = False


class SuggestionPart(_Part):
    """A suggestion as `Suggestion.to_dict` writes it."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    name: Name = ""
    where: Name = ""
    language: Name = ""
    framework: FrameworkPart
    model: ModelPart
    figure: FigurePart | None = None
    weak: bool = False
    cut: bool = False
    candidates: Annotated[list[CandidatePart], Field(min_length=1, max_length=MANY)]


class PersonPart(_Part):
    """Who decided: a person, by name and as what. There is no default for either."""

    name: Needed
    role: Needed


class AlignmentPart(_Part):
    """An `Alignment` of Open Badges 3.0 (section B.4); `targetUrl` may be missing until a template needs it."""

    target_name: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    target_url: Uri = ""
    target_framework: Needed
    target_code: Name = ""
    target_type: Literal["CFItem"] = "CFItem"


class ChosenPart(_Part):
    """What was chosen: a candidate, another item of the framework, or one that the person wrote in."""

    origin: Literal["candidate", "framework", "written"]
    alignment: AlignmentPart


class SuggestionDecision(_Part):
    """What a named person decided about a suggestion.

    `text_sha256` is over the UTF-8 of `text`, and `text_in_file` says that it stood in the file then. `suggestion` is
    `suggestion_id` of what was decided about; with `model` it is missing where a person chose items without any
    suggestion. `figure` is missing where nobody measured how often the model is right. `rejected` are the candidates
    that were not chosen.
    """

    type: Literal["TestamurSuggestionDecision"] = "TestamurSuggestionDecision"
    decided_at: Moment
    decided_by: PersonPart
    suggestion: Hex32 | None = None
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    text_sha256: Annotated[Hex32, Field(alias="textSha256")]
    text_in_file: bool = False
    name: Name = ""
    file: Needed
    place: Needed
    language: Name = ""
    framework: FrameworkPart
    model: ModelPart | None = None
    figure: FigurePart | None = None
    candidates: Annotated[list[CandidatePart], Field(max_length=MANY)] = []
    ruling: Literal["accepted", "changed", "rejected", "stated"]
    chosen: Annotated[list[ChosenPart], Field(max_length=MOST_CHOSEN)] = []
    rejected: Annotated[list[Needed], Field(max_length=MANY)] = []
    reason: Reason = ""


class AchievementPart(_Part):
    """One of two achievements that may be the same."""

    source: Needed
    place: Name = ""
    institution: Name = ""
    identifier: Uri = ""
    name: Name = ""
    text: Words = ""
    text_sha256: Annotated[Hex32, Field(alias="textSha256")]
    language: Name = ""


class SamenessDecision(_Part):
    """What a named person decided about two achievements that are said in alike words."""

    type: Literal["TestamurSamenessDecision"] = "TestamurSamenessDecision"
    decided_at: Moment
    decided_by: PersonPart
    pair: Hex32
    first: AchievementPart
    second: AchievementPart
    score: Score
    model: ModelPart
    ruling: Literal["same", "different", "not-sure"]
    reason: Reason = ""


Decision = Annotated[SuggestionDecision | SamenessDecision, Field(discriminator="type")]


class EntryPart(_Part):
    """One line of a log of decisions; `previous` is SHA-256 over the canonical form of the entry before it."""

    type: Literal["TestamurDecisionEntry"] = "TestamurDecisionEntry"
    version: Literal[1] = VERSION
    number: Annotated[int, Field(ge=1, lt=2**31)]
    previous: Hex32 | None = None
    decision: Decision


class OtherPart(_Part):
    """An item that the reviewer chose beside the candidates: of the framework by its code, or written in."""

    code: Name = ""
    name: Words = ""
    url: Uri = ""
    framework: Name = ""


class ReviewedPart(_Part):
    """What a reviewer says of one suggestion."""

    suggestion: Hex32
    accept: Annotated[list[Needed], Field(max_length=MANY)] = []
    other: Annotated[list[OtherPart], Field(max_length=MOST_CHOSEN)] = []
    reject: bool = False
    reason: Reason = ""


class ReviewPart(_Part):
    """A file of decisions, as the review page writes it and a program may."""

    type: Literal["TestamurReview"]
    version: Literal[1]
    decided_by: PersonPart
    decided_at: Moment | None = None
    decisions: Annotated[list[ReviewedPart], Field(min_length=1, max_length=MOST_SUGGESTIONS)]


class ReviewedPairPart(_Part):
    """What a reviewer says of two achievements."""

    pair: Hex32
    ruling: Literal["same", "different", "not-sure"]
    reason: Reason = ""


class PairReviewPart(_Part):
    """A file of decisions about pairs of achievements."""

    type: Literal["TestamurSamenessReview"]
    version: Literal[1]
    decided_by: PersonPart
    decided_at: Moment | None = None
    decisions: Annotated[list[ReviewedPairPart], Field(min_length=1, max_length=MOST_SUGGESTIONS)]


_ENTRY: Final = TypeAdapter(EntryPart)


def suggestion_in(members: object, where: str) -> SuggestionPart:
    """A suggestion; raises IntakeError (code `suggestions`) with the place of the first member that is wrong."""
    return _read(SuggestionPart, members, where, "suggestions", "`testamur suggest` writes them.")


def review_in(members: object, where: str) -> ReviewPart:
    """A file of decisions; raises IntakeError (code `review-file`)."""
    return _read(ReviewPart, members, where, "review-file", "docs/reference/suggestion-records.md has its members.")


def pair_review_in(members: object, where: str) -> PairReviewPart:
    """A file of decisions about pairs; raises IntakeError (code `review-file`)."""
    return _read(PairReviewPart, members, where, "review-file", "docs/reference/suggestion-records.md has its members.")


def entry_in(members: object, where: str) -> EntryPart:
    """An entry of a log; raises IntakeError (code `decision-entry`)."""
    return _read(EntryPart, members, where, "decision-entry", "Take the log from a backup, or from who has a copy.")


def members_of(part: BaseModel) -> dict[str, Any]:
    """A part as JSON: what says nothing is left out, so that it has one form."""
    content: dict[str, Any] = _said(part.model_dump(mode="json", by_alias=True))
    return content


def entry_schema() -> dict[str, Any]:
    """The JSON Schema of an entry, as published in `registry/schemas/suggestion-decision.schema.json`."""
    schema = _ENTRY.json_schema(by_alias=True)
    without_nulls(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "suggestion-decision.schema.json",
        **schema,
    }


def _read(shape: type[Part], members: object, where: str, code: str, remedy: str) -> Part:
    try:
        return shape.model_validate(members, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = terminal_text(".".join(map(str, first["loc"])), _SHOWN)
        told = f"member {place!r}: {first['msg']}" if place else first["msg"]
        raise IntakeError(terminal_text(told, 2 * _SHOWN), where=where, remedy=remedy, code=code) from None


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(each) for name, each in value.items() if each not in (None, "", [])}
    return [_said(each) for each in value] if isinstance(value, list) else value
