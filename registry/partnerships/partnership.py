"""A partnership as a document: who works together, by which agreements, for what, and what was to come of it.

Pure. `docs/reference/partnerships.md` lists the members; the document is a credential like any other (`json-jcs`), and
counts once a party that it names has anchored it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, get_args

from pydantic import Field, model_validator

from registry.partnerships.definitions import BY_ID
from registry.partnerships.document import (
    Day,
    Id,
    Number,
    Part,
    Text,
    Title,
    Uri,
    Version,
    contradiction,
    members_of,
    validated,
)
from registry.recognition.ledger import Kind, Ledger

PARTNERSHIP_TYPE: Final = "TestamurPartnership"
CODE: Final = "partnership"
PAGE: Final = "docs/reference/partnerships.md"
MOST_PARTIES: Final = 100
MOST_AGREEMENTS: Final = 1_000
MOST_REVIEWS: Final = 100
MOST_TARGETS: Final = 50
PartnerKind = Literal[
    "accreditation-body",
    "university",
    "college",
    "training-firm",
    "employer",
    "government",
    "professional-body",
    "ngo",
    "other",
]
Purpose = Literal[
    "mutual-recognition",
    "joint-programmes",
    "quality-assurance",
    "mobility",
    "capacity-building",
    "equity",
    "research",
    "employment",
    "other",
]
Outcome = Literal["continued", "continued-with-conditions", "changed", "ended", "not-held"]
"""What may come of a review; one of which nothing came yet has none."""
KINDS: Final[tuple[str, ...]] = get_args(PartnerKind)
PURPOSES: Final[tuple[str, ...]] = get_args(Purpose)
OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)


class Partner(Part):
    """One who takes part; `party` is its number, where it has one on this chain."""

    kind: PartnerKind
    name: Title
    party: Number | None = None


class Paper(Part):
    """A document of others, such as a memorandum: where it is, and the SHA-256 of its bytes."""

    uri: Uri
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Agreement(Part):
    """What the partnership rests on: an accreditation or recognition by its number, or a paper."""

    link: Number | None = None
    paper: Paper | None = None
    title: Title | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Agreement:
        if (self.link is None) == (self.paper is None):
            raise contradiction("an agreement is either a link or a paper")
        return self


class Review(Part):
    """A day on which the partners look at what came of it, and what they found."""

    due: Day
    held: Day | None = None
    outcome: Outcome | None = None
    text: Text = ""

    @model_validator(mode="after")
    def _fits_together(self) -> Review:
        if self.outcome is None and self.held is not None:
            raise contradiction("a review that was held has an outcome")
        if self.outcome is not None and self.outcome != "not-held" and self.held is None:
            raise contradiction("a review with this outcome says when it was held")
        return self


class Target(Part):
    """A value that an indicator is to have by a day, at least or at most."""

    indicator: str = Field(max_length=80)
    at_least: float | None = Field(default=None, alias="atLeast", allow_inf_nan=False, strict=False)
    at_most: float | None = Field(default=None, alias="atMost", allow_inf_nan=False, strict=False)
    by: Day

    @model_validator(mode="after")
    def _makes_sense(self) -> Target:
        if (self.at_least is None) == (self.at_most is None):
            raise contradiction("a target has either atLeast or atMost")
        if self.indicator not in BY_ID:
            raise contradiction(
                "there is no indicator {indicator}; they are {known}", indicator=self.indicator, known=", ".join(BY_ID)
            )
        return self

    def is_met_by(self, value: float) -> bool:
        """Whether a value reaches it."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    @property
    def words(self) -> str:
        """`at least 80`."""
        bound, value = ("at least", self.at_least) if self.at_least is not None else ("at most", self.at_most)
        return f"{bound} {value:g}"


class Goal(Part):
    """What it is for: kinds of a short list, and the partners' own words."""

    kinds: tuple[Purpose, ...] = Field(min_length=1, max_length=len(PURPOSES), strict=False)
    text: Text = ""


class Partnership(Part):
    """A partnership.

    Attributes:
        id: by which later versions replace earlier ones.
        revision: 1, 2, 3…
        start, end: days (UTC); the end is the last day, None while there is none.
    """

    type: Literal["TestamurPartnership"]
    version: Version
    id: Id
    revision: int = Field(ge=1, le=1_000_000)
    title: Title
    purpose: Goal
    partners: tuple[Partner, ...] = Field(min_length=2, max_length=MOST_PARTIES, strict=False)
    agreements: tuple[Agreement, ...] = Field(default=(), max_length=MOST_AGREEMENTS, strict=False)
    start: Day
    end: Day | None = None
    reviews: tuple[Review, ...] = Field(default=(), max_length=MOST_REVIEWS, strict=False)
    targets: tuple[Target, ...] = Field(default=(), max_length=MOST_TARGETS, strict=False)

    @model_validator(mode="after")
    def _fits_together(self) -> Partnership:
        numbers = [each.party for each in self.partners if each.party is not None]
        if not numbers:
            raise contradiction("no partner has the number of a party, so nobody could anchor it")
        if twice := {number for number in numbers if numbers.count(number) > 1}:
            raise contradiction("partners has party {party} twice", party=min(twice))
        if self.end is not None and self.end < self.start:
            raise contradiction("it ends on {end}, before it starts on {start}", end=self.end, start=self.start)
        if len(set(self.purpose.kinds)) < len(self.purpose.kinds):
            raise contradiction("purpose.kinds names one twice")
        links = [each.link for each in self.agreements if each.link is not None]
        if len(set(links)) < len(links):
            raise contradiction("agreements names a link twice")
        self._check_reviews()
        for target in self.targets:
            if target.by < self.start:
                raise contradiction("a target is for {by}, before the start", by=target.by)
        return self

    def _check_reviews(self) -> None:
        last = ""
        for review in self.reviews:
            if review.due < self.start or (self.end is not None and review.due > _a_year_after(self.end)):
                raise contradiction("the review due on {due} is not of this partnership's time", due=review.due)
            if review.due <= last:
                raise contradiction("the review due on {due} comes after one due on {last}", due=review.due, last=last)
            if review.held is not None and review.held < self.start:
                raise contradiction("the review due on {due} was held before the start", due=review.due)
            last = review.due

    @property
    def numbers(self) -> frozenset[int]:
        """The parties that it names."""
        return frozenset(each.party for each in self.partners if each.party is not None)

    @property
    def links(self) -> tuple[int, ...]:
        """The numbers of the accreditations and recognitions that it rests on."""
        return tuple(each.link for each in self.agreements if each.link is not None)

    @property
    def begins(self) -> datetime:
        """Midnight (UTC) of its first day."""
        return midnight(self.start)

    @property
    def ends(self) -> datetime | None:
        """Midnight (UTC) after its last day."""
        return None if self.end is None else midnight(self.end) + timedelta(days=1)

    def is_in_force(self, moment: datetime) -> bool:
        """Whether the moment is in its time, and no review has ended it until then."""
        ended = any(
            each.outcome == "ended" and each.held is not None and midnight(each.held) <= moment for each in self.reviews
        )
        return self.begins <= moment and (self.ends is None or moment < self.ends) and not ended

    def to_dict(self) -> dict[str, Any]:
        """The document; what is not said is not there."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Problem(NamedTuple):
    """What of a partnership does not agree with what is on the chain."""

    code: str
    what: str

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"code": self.code, "what": self.what}


def midnight(day: str) -> datetime:
    """The first moment of a day in UTC."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def read_partnership(data: bytes, *, is_toml: bool = False, where: str | None = None) -> Partnership:
    """The partnership that a file has.

    Raises:
        IntakeError: it is none, or contradicts itself (code `partnership`).
    """
    return partnership_of(members_of(data, is_toml=is_toml, where=where, code=CODE), where=where)


def partnership_of(members: Any, *, where: str | None = None) -> Partnership:
    """The partnership that members make; raises as `read_partnership`. In TOML the type may be left out."""
    if isinstance(members, Mapping):
        members = {"type": PARTNERSHIP_TYPE, "version": 1, "revision": 1, **members}
    return validated(Partnership, members, where=where, code=CODE, page=PAGE)


def problems_of(partnership: Partnership, ledger: Ledger, parties: Collection[int]) -> tuple[Problem, ...]:
    """Where it says something of the chain that is not so.

    Args:
        parties: that are registered.
    """
    return tuple(_problems(partnership, ledger, parties))


def _problems(partnership: Partnership, ledger: Ledger, parties: Collection[int]) -> Iterator[Problem]:
    for number in sorted(partnership.numbers):
        if number not in parties:
            yield Problem("unknown-party", f"Party {number} is not registered.")
    highest = len(ledger.accreditations)
    for number in partnership.links:
        if number > highest:
            yield Problem("unknown-agreement", f"There is no accreditation or recognition {number}.")
            continue
        link = ledger[number]
        if not {link.body, link.holder} <= partnership.numbers:
            said = "a recognition" if link.kind is Kind.RECOGNISE else "an accreditation"
            yield Problem(
                "agreement-of-others",
                f"Number {number} is {said} by party {link.body} of party {link.holder}; not both are partners.",
            )


def agreements_of(partnership: Partnership, ledger: Ledger) -> tuple[int, ...]:
    """Those of its links that are there and are between its partners: no others count."""
    return tuple(
        number
        for number in partnership.links
        if number <= len(ledger.accreditations) and {ledger[number].body, ledger[number].holder} <= partnership.numbers
    )


def _a_year_after(day: str) -> str:
    """The last review may be held once all is over."""
    try:
        return (date.fromisoformat(day) + timedelta(days=366)).isoformat()
    except OverflowError:
        return day
