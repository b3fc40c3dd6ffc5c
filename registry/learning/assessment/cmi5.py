"""What cmi5 statements come to: of each registration and unit, whether its `moveOn` was met. A system's word, no mark.

Source: cmi5, Quartz 1st edition (sections 8 and 9: categories, extensions, verbs; 10.2.4: the values of moveOn).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from registry.learning.assessment.xapi import Statement

CATEGORY: Final = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
MOVE_ON: Final = "https://w3id.org/xapi/cmi5/context/extensions/moveon"
MASTERY: Final = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore"
MOST_CATEGORIES: Final = 32

_VERBS: Final[Mapping[str, str]] = {
    "http://adlnet.gov/expapi/verbs/launched": "launched",
    "http://adlnet.gov/expapi/verbs/initialized": "initialized",
    "http://adlnet.gov/expapi/verbs/completed": "completed",
    "http://adlnet.gov/expapi/verbs/passed": "passed",
    "http://adlnet.gov/expapi/verbs/failed": "failed",
    "https://w3id.org/xapi/adl/verbs/abandoned": "abandoned",
    "https://w3id.org/xapi/adl/verbs/waived": "waived",
    "http://adlnet.gov/expapi/verbs/terminated": "terminated",
    "https://w3id.org/xapi/adl/verbs/satisfied": "satisfied",
}
_NEEDS: Final[Mapping[str, tuple[Set[str], ...]]] = {
    "Passed": ({"passed"},),
    "Completed": ({"completed"},),
    "CompletedAndPassed": ({"completed", "passed"},),
    "CompletedOrPassed": ({"completed"}, {"passed"}),
    "NotApplicable": (set(),),
}


@dataclass(frozen=True, slots=True)
class Cmi5:
    """What cmi5 defines of one statement.

    Attributes:
        verb: its word.
        move_on, mastery: of a launch; "" and None where it does not say.
    """

    verb: str
    move_on: str = ""
    mastery: float | None = None


@dataclass(slots=True)
class Outcome:
    """What was recorded of one unit in one registration.

    Attributes:
        verbs: what stands there, each once.
        move_on: what its launch says is needed; "" where no launch is at hand.
        scaled: the score of what passed or failed last; None where none is written.
    """

    actor: str
    registration: str
    about: str
    verbs: dict[str, str] = field(default_factory=dict)
    move_on: str = ""
    mastery: float | None = None
    scaled: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether its moveOn is met; None where it is not known what that is."""
        if "waived" in self.verbs:
            return True
        needs = _NEEDS.get(self.move_on)
        return None if needs is None else any(each <= self.verbs.keys() for each in needs)


def cmi5_of(members: Mapping[str, Any], verb: str) -> Cmi5 | None:
    """What cmi5 defines of a statement, by its category and verb; None of one that is none of its own."""
    if verb not in _VERBS or CATEGORY not in _categories(members):
        return None
    word = _VERBS[verb]
    if word != "launched":
        return Cmi5(word)
    extensions = _inner(_inner(members, "context"), "extensions")
    move_on, mastery = extensions.get(MOVE_ON), extensions.get(MASTERY)
    return Cmi5(
        word,
        move_on if isinstance(move_on, str) and move_on in _NEEDS else "",
        mastery if _is_share(mastery) else None,
    )


def outcomes_of(statements: Iterable[Statement], voided: Set[str]) -> list[Outcome]:
    """Of each actor, registration and unit what was recorded; what is voided counts nowhere."""
    found: dict[tuple[str, str, str], Outcome] = {}
    for each in statements:
        defined = each.cmi5
        if each.identifier in voided or not each.registration or defined is None or defined.verb == "satisfied":
            continue
        key = each.actor, each.registration, each.about
        outcome = found.setdefault(key, Outcome(*key))
        outcome.verbs[defined.verb] = each.identifier
        outcome.move_on = defined.move_on or outcome.move_on
        outcome.mastery = outcome.mastery if defined.mastery is None else defined.mastery
        scaled = each.result.get("score", {}).get("scaled")
        if defined.verb in ("passed", "failed") and _is_share(scaled):
            outcome.scaled = scaled
    return list(found.values())


def _categories(members: Mapping[str, Any]) -> set[str]:
    activities = _inner(_inner(members, "context"), "contextActivities").get("category")
    listed = activities if isinstance(activities, list) else [activities]
    return {
        each["id"] for each in listed[:MOST_CATEGORIES] if isinstance(each, Mapping) and isinstance(each.get("id"), str)
    }


def _inner(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = members.get(name)
    return inner if isinstance(inner, Mapping) else {}


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1 <= value <= 1
