"""A portfolio as it is shown in another country: each credential with what is on record, and what is still open.

Pure: what was checked and what was read of a chain in, values out. Accreditation and recognition are asked by the rule
of `registry.verify.question`, levels are those of the verdict's card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from registry.document.reading import Reading
from registry.document.stated_scope import stated_scope
from registry.errors import SettingsError
from registry.learning.checking import covered
from registry.learning.items import Fate, Item
from registry.learning.mobility.asked_for import COURSE, Answers, Stated, points_of
from registry.learning.mobility.holders import holder_names, same_name
from registry.learning.mobility.points import Code, Point
from registry.timestamps import write_timestamp
from registry.verify.levels import Levels
from registry.verify.policy import Policy
from registry.verify.question import Accredited, Question, Record, policy_here
from registry.verify.verdict import Outcome, Verdict

TYPE: Final = "TestamurApplication"
VERSION: Final = 1


class Presented(NamedTuple):
    """A credential that is shown, with all of its verdict; `reading` is None where it could not be read."""

    item: Item
    verdict: Verdict
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Case:
    """One credential, with what is on record about it.

    Attributes:
        holders: names of the holder in it.
        points: what would still be asked for.
    """

    item: Item
    verdict: Verdict
    answers: Answers
    holders: tuple[str, ...]
    points: tuple[Point, ...]

    @property
    def levels(self) -> Levels | None:
        """The card of its level, there and in the country."""
        return self.verdict.levels

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        item, answers = self.item, self.answers
        return {
            "position": item.position,
            "name": item.name,
            "id": item.identifier or None,
            "issuer": {"name": item.issuer_name or None, "id": item.issuer_id or None},
            "achievements": [_name(each.name) for each in item.achieved],
            "holders": list(self.holders),
            "verdict": self.verdict.to_dict(),
            "accreditation": _told(answers.accreditation),
            "accreditationToday": _told(answers.today),
            "recognition": _told(answers.recognition),
            "open": [point.to_dict() for point in self.points],
        }


@dataclass(frozen=True, slots=True)
class Application:
    """A portfolio in a country.

    Attributes:
        country: ISO 3166-1, two letters.
        moment: by which dates were judged, and for which "today" was asked.
        bodies: those of the policy that stand for the country, by number; whoever decides may be another.
        cases: in the order of the portfolio.
        points: what would be asked about all of them together.
    """

    country: str
    moment: datetime
    bodies: Mapping[int, str]
    cases: tuple[Case, ...]
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "type": TYPE,
            "version": VERSION,
            "for": self.country,
            "moment": write_timestamp(self.moment),
            "bodies": [{"party": party, "name": name} for party, name in self.bodies.items()],
            "items": [each.to_dict() for each in self.cases],
            "open": [point.to_dict() for point in self.points],
        }


def application(
    presented: Sequence[Presented], country: str, policy: Policy, record: Record | None, now: datetime
) -> Application:
    """What is on record of credentials for a country.

    Args:
        presented: in the order of their portfolio, with verdicts of a verifier who is in that country.
        country: ISO 3166-1, two letters.
        policy: whom the verifier believes; those of its bodies that stand for the country speak for it.
        record: what was read of the chain that they were checked by; None where nobody is believed, or nothing read.
        now: the moment of "today", with a time zone.

    Raises:
        SettingsError: as `registry.verify.question.answer`.
    """
    here = _bodies_here(policy, country)
    courses = frozenset(item.issuer_id for item, _, _ in presented if item.issuer_id and _is_course(item))
    cases = tuple(_case(each, country, policy, here, record, now, courses) for each in presented)
    return Application(country, now, policy.bodies_of(country), cases, tuple(_of_all(cases)))


def _case(
    presented: Presented,
    country: str,
    policy: Policy,
    here: Policy | None,
    record: Record | None,
    now: datetime,
    courses: frozenset[str],
) -> Case:
    item, verdict, reading = presented
    believes = bool(policy.bodies or policy.registers)
    stated, answers = None, Answers()
    # Of one that was changed, what it says is nobody's word.
    if reading is not None and verdict.digest is not None and item.checked.fate is not Fate.NOT_VALID:
        own = covered(reading, verdict)
        credentials = [part.members for part in own.parts]
        stated = Stated(stated_scope(credentials), holder_names(own, verdict.digest.value))
        # Nothing is on record for a document of which nobody knows whether it is the one that was anchored.
        if all(verdict.check(name).outcome in (Outcome.PASS, Outcome.WARN) for name in ("integrity", "inclusion")):
            answers = _answers(item, credentials, policy, here, record, now)
    points = points_of(item, verdict, stated, answers, country=country, believes=believes, courses=courses)
    return Case(item, verdict, answers, () if stated is None else stated.holders, points)


def _answers(
    item: Item,
    credentials: Sequence[Mapping[str, Any]],
    policy: Policy,
    here: Policy | None,
    record: Record | None,
    now: datetime,
) -> Answers:
    party, at = item.checked.issuer, item.checked.anchored_at
    if record is None or party is None or at is None or not (policy.bodies or policy.registers):
        return Answers()
    then, today = (Question.about(party, credentials, moment) for moment in (at, now))
    return Answers(
        record.answer(then, policy),
        record.answer(today, policy),
        None if here is None else record.answer(then, here),
        known=True,
    )


def _bodies_here(policy: Policy, country: str) -> Policy | None:
    """The policy with the bodies of a country, and without registers: these say nothing of agreements."""
    try:
        return policy_here(policy, country).model_copy(update={"registers": ()})
    except SettingsError:
        return None


def _is_course(item: Item) -> bool:
    """Whether it is a course of whom it names; of one that stands for nothing, or was not checked, nobody knows."""
    return item.checked.fate in (Fate.GOOD, Fate.EXPIRED) and any(each.kind == COURSE for each in item.achieved)


def _of_all(cases: Iterable[Case]) -> Iterable[Point]:
    named = [each.holders for each in cases if each.holders]
    if named:
        yield Point.of(Code.IDENTITY_DOCUMENT)
    for others in named[1:]:
        if not any(same_name(one, other) for one in named[0] for other in others):
            yield Point.of(Code.NAMES_DIFFER, one=named[0][0], other=others[0])
            return


def _name(names: Mapping[str, str]) -> str:
    return names.get("en") or next(iter(names.values()), "")


def _told(answer: Accredited | None) -> dict[str, Any] | None:
    return None if answer is None else answer.to_dict()
