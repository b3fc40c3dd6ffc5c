"""What of a pathway is done, slowly and by the letter of `docs/reference/pathways.md`: nothing is prepared or indexed.

For every rank it is asked whether a step would be done if whatever hinders no more than that did not hinder; once
taking all that is unknown for the best that it can be, and once for the worst. Sums try every choice of achievements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from registry.learning.achieved import Achieved
from registry.learning.items import Accredited, Fate, Item
from registry.learning.pathways.model import Award, Criteria, LevelRange, Of, Pathway, Requirement, Step, StepDone
from registry.levels.maps import Kind, LevelMaps

BEST, WORST = True, False
RANKS = range(4)
NAMES = ("done", "awaiting a person", "expired", "not accredited", "open")
YES, PERHAPS, NO = "yes", "perhaps", "no"


@dataclass(frozen=True)
class Stated:
    """An achievement of an item, by the places of both."""

    item: int
    place: int


class Reference:
    """The items of one learner beside a pathway."""

    def __init__(self, pathway: Pathway, items: tuple[Item, ...], at: datetime, maps: LevelMaps):
        self.pathway, self.items, self.at, self.maps = pathway, items, at, maps
        self.steps = {each.identifier: each for each in pathway.steps}
        # For pathways in which an item serves one step: what does, and what may.
        self.serves: set[int] = set()
        self.may_serve: set[int] = set()

    def outcomes(self) -> dict[str, str]:
        """Of every step."""
        return {name: self.outcome(each) for name, each in self.steps.items()}

    def outcome(self, step: Step) -> str:
        ends = {self.rank(step, end) for end in (BEST, WORST)}
        return NAMES[ends.pop()] if len(ends) == 1 else "unknown"

    def rank(self, step: Step, end: bool) -> int:
        return next((rank for rank in RANKS if self.is_done(step, rank, end)), 4)

    def is_done(self, step: Step, rank: int, end: bool) -> bool:
        """Whether it would be, if nothing that hinders up to a rank did."""
        if step.requires is not None and self.holds(step.requires, rank, end):
            return True
        recognition = step.recognition
        if recognition is None:
            return False
        if self.has(recognition.decision, rank, end):
            return True
        if recognition.evidence is None or rank < 1 or not self.holds(recognition.evidence, rank, end):
            return False
        # Refused is for the worse: it is taken for the worst where all else is taken for the best.
        return not self.has(recognition.decision, 0, not end, refusal=True)

    def holds(self, part: Requirement, rank: int, end: bool) -> bool:
        if isinstance(part, StepDone):
            return self.is_done(self.steps[part.step], rank, end)
        if isinstance(part, Of):
            return sum(self.holds(each, rank, end) for each in part.parts) >= part.at_least
        if isinstance(part, Award):
            return self.has(part.criteria, rank, end)
        if end is BEST and self.unread():
            return True
        stated = [each for each in self.all() if self.credits(each) and self.counts(each, part.criteria, rank, end)]
        return self.most(stated) >= int(part.ects * 10_000)

    def has(self, criteria: Criteria, rank: int, end: bool, *, refusal: bool = False) -> bool:
        if end is BEST and self.unread():
            return True
        return any(self.counts(each, criteria, rank, end, refusal=refusal) for each in self.all())

    def unread(self) -> bool:
        return any(not each.achieved and self.fate(each) is Fate.UNCHECKED for each in self.items)

    def all(self) -> Iterator[Stated]:
        for at, each in enumerate(self.items):
            yield from (Stated(at, place) for place in range(len(each.achieved)))

    def achieved(self, stated: Stated) -> Achieved:
        return self.items[stated.item].achieved[stated.place]

    def credits(self, stated: Stated) -> int:
        said = self.achieved(stated).credits
        named = [each.amount for each in said if each.system.casefold() == "ects"]
        if not named and self.pathway.unnamed_credits:
            named = [each.amount for each in said if each.system == ""]
        return int(named[0] * 10_000) if named and 0 < named[0] <= 1000 else 0

    def fate(self, item: Item) -> Fate:
        copies = [each.checked.fate for each in self.items if each.digest == item.digest or each is item]
        order = [Fate.NOT_VALID, Fate.REVOKED, Fate.SUSPENDED, Fate.NOT_YET_VALID, Fate.EXPIRED]
        return next((fate for fate in order if fate in copies), item.checked.fate)

    def counts(self, stated: Stated, criteria: Criteria, rank: int, end: bool, *, refusal: bool = False) -> bool:
        """Whether an achievement is what is asked for, and nothing that hinders more than a rank hinders it."""
        item, achieved = self.items[stated.item], self.achieved(stated)
        results = {text.lower() for each in achieved.results for text in (each.value, each.level)}
        if (not criteria.results or bool(results & {each.lower() for each in criteria.results})) is refusal:
            return False
        match = self.match(item, achieved, criteria)
        if match == NO or (match == PERHAPS and end is WORST):
            return False
        fate = self.fate(item)
        if fate is Fate.UNCHECKED and end is WORST:
            return False
        if fate not in (Fate.GOOD, Fate.UNCHECKED) and not (fate is Fate.EXPIRED and rank >= 2):
            return False
        if criteria.accredited and rank < 3:
            said = item.checked.accredited
            if said is Accredited.NO or (said is not Accredited.YES and end is WORST):
                return False
        return not criteria.within_months or rank >= 2 or self.is_recent(item, criteria.within_months, end)

    def is_recent(self, item: Item, months: int, end: bool) -> bool:
        # Back day by day until as many months have begun as are asked for.
        day, passed, wanted = self.at, 0, self.at.day
        while passed < months:
            before, day = day, day - timedelta(days=1)
            passed += day.month != before.month
        while day.day > wanted:
            day -= timedelta(days=1)
        dates = [item.valid_from, item.checked.anchored_at]
        if any(each is not None and each < day for each in dates):
            return False
        return item.checked.anchored_at is not None or end is BEST

    def match(self, item: Item, achieved: Achieved, criteria: Criteria) -> str:
        if criteria.achievements and achieved.identifier not in criteria.achievements:
            return NO
        if criteria.competences and not any(self.is_aligned(achieved, each.framework, each.code, each.url) for each in
                                            criteria.competences):  # fmt: skip
            return NO
        if criteria.kinds and achieved.kind.lower() not in [each.lower() for each in criteria.kinds]:
            return NO
        codes = [
            *[each.code for each in achieved.alignments if "isced" in each.framework.lower()],
            *[each.url.rsplit("/", 1)[1] for each in achieved.alignments if "/isced-f/" in each.url],
        ]
        if criteria.fields and not any(code.startswith(field) for code in codes for field in criteria.fields):
            return NO
        found = {YES}
        if criteria.issuers:
            number = item.checked.issuer
            is_named = item.issuer_id in criteria.issuers
            if not (is_named and item.issuer_confirmed) and number not in criteria.issuers:
                has_number = any(isinstance(each, int) for each in criteria.issuers)
                found.add(PERHAPS if is_named or (number is None and has_number) else NO)
        if criteria.level is not None:
            levels = [*achieved.levels, *[("eqf", each.url[-1]) for each in achieved.alignments if "/eqf/" in each.url]]
            said = {answer for framework, code in levels if (answer := self.level(criteria.level, framework, code))}
            found.add(YES if YES in said else NO if NO in said or not said else PERHAPS)
        return NO if NO in found else PERHAPS if PERHAPS in found else YES

    def is_aligned(self, achieved: Achieved, framework: str, code: str, url: str) -> bool:
        if url:
            return any(each.url == url for each in achieved.alignments)
        called = {framework.lower()}
        for each in self.pathway.frameworks:
            names = {name.lower() for name in (each.identifier, *each.names)}
            called |= names if names & called else set()
        return any(each.framework.lower() in called and each.code == code for each in achieved.alignments)

    def level(self, asked: LevelRange, framework: str, code: str) -> str:
        """Of a level of the three frameworks that the tests have; "" for one of no framework."""
        span = {
            ("eqf", "6"): {6}, ("eqf", "7"): {7}, ("ie-nfq", "7"): {6}, ("ie-nfq", "8"): {6}, ("au-aqf", "9"): {7},
        }.get((framework.lower(), code))  # fmt: skip
        if span is None:
            return ""
        if asked.framework == "ie-nfq":
            # Levels 7 and 8 of Ireland stand both beside 6, so that 6 is perhaps 8.
            return {"8": YES, "7": NO}.get(code if framework == "ie-nfq" else "", PERHAPS if span == {6} else NO)
        low, high = int(asked.lowest), int(asked.highest or 8)
        if not any(low <= each <= high for each in span):
            return NO
        kinds = {each.kind for each in self.maps.of(framework)}
        return PERHAPS if Kind.COMPARISON in kinds else YES

    # Sums

    def most(self, stated: list[Stated]) -> int:
        """The most that any choice of them comes to in which nothing stands twice, and no part beside its whole."""
        best = 0
        usable = [each for each in stated if self.wholes(self.group(each)) is not None]
        for number in range(1, len(usable) + 1):
            for chosen in combinations(usable, number):
                groups = [self.group(each) for each in chosen]
                if len(set(groups)) == len(groups) and not any(self.above(one) & set(groups) for one in groups):
                    best = max(best, sum(map(self.credits, chosen)))
        return best

    def group(self, stated: Stated) -> object:
        item, uri = self.items[stated.item], self.achieved(stated).identifier
        if uri:
            return uri
        if sum(each.digest == item.digest for each in self.items) > 1:
            return (item.digest,)
        return stated

    def wholes(self, group: object) -> set[object] | None:
        """What a group is a part of; None where it is part of several, or of itself."""
        found = self.named(group)
        if len(found) > 1:
            return None
        seen, at = {group}, group
        while len(found) == 1:
            at = next(iter(found))
            if at == group:
                return None
            if at in seen:
                break
            seen.add(at)
            found = self.named(at)
        return self.named(group)

    def above(self, group: object) -> set[object]:
        found: set[object] = set()
        at = group
        while (wholes := self.wholes(at)) and not wholes <= found:
            at = next(iter(wholes))
            found.add(at)
        return found

    def named(self, group: object) -> set[object]:
        found: set[object] = set()
        for each in self.all():
            if self.group(each) == group:
                found |= set(self.named_by(each))
        return found - {group}

    def named_by(self, stated: Stated) -> Iterator[object]:
        item, whole = self.items[stated.item], self.achieved(stated).whole
        if whole is not None and whole < len(item.achieved):
            yield self.group(Stated(stated.item, whole))
            return
        for name in item.wholes:
            others = [
                at for at, each in enumerate(self.items) if name in (each.identifier, each.digest) and each.achieved
            ]
            if others and (first := min(others, key=lambda at: self.items[at].digest)) != stated.item:
                yield self.group(Stated(first, 0))
