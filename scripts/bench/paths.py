"""How long a question about accreditation takes with a country's worth of decisions loaded: paths, and registers.

    .venv/bin/python scripts/bench/paths.py [--links 35000] [--decisions 35000]

The bar is 50 µs a question. The rival of each is what one writes first: for paths a search in breadth over a list of
links, for registers a scan over the decisions. Both are asked the same questions in the same run.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from registry.quality.decision import Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.quality.register import Publication, Published, Register, SnapshotIndex
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.path import LONGEST_PATH, Path, find_path
from registry.recognition.scope import Scope, hash_of_programme
from registry.records import BlockRef

BAR_MICROSECONDS = 50
BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENCIES, QUESTIONS, TURNS = 60, 2_000, 5
A_MINISTRY = 1


def link(number: int, body: int, holder: int, kind: Kind, scope: Scope) -> Accreditation:
    change = Change(State.ACTIVE, BEGIN, BEGIN)
    return Accreditation(number, body, holder, kind, scope, BEGIN, END, bytes(32), "", (change,))


def network(links: int) -> tuple[Ledger, list[int]]:
    """A ministry that recognises sixty bodies, each of which accredits its universities for their programmes."""
    made: list[Accreditation] = []
    bodies = range(2, 2 + AGENCIES)
    for body in bodies:
        made.append(link(len(made) + 1, A_MINISTRY, body, Kind.RECOGNISE, Scope()))
    first = 2 + AGENCIES
    universities = max(1, (links - len(made)) // 12)
    while len(made) < links:
        university = first + len(made) % universities
        body = bodies[university % AGENCIES]
        programme = hash_of_programme(f"urn:programme:{len(made)}") if len(made) % 3 else bytes(32)
        scope = Scope("0613", (6, 7), frozenset(), "HR", programme)
        made.append(link(len(made) + 1, body, university, Kind.ACCREDIT_TO_ISSUE, scope))
    as_of = BlockRef(1, bytes(32), NOW)
    return Ledger(tuple(made), as_of), [first + place for place in range(universities)]


def breadth_first(ledger: Ledger, issuer: int, scope: Scope, trusted: set[int]) -> bool:
    """Whether a path leads to the issuer: over a list of links, with nothing kept by holder."""
    waiting = deque((each, 1) for each in ledger.accreditations if each.body in trusted and _holds(each, scope))
    while waiting:
        found, length = waiting.popleft()
        if found.holder == issuer and found.kind is Kind.ACCREDIT_TO_ISSUE:
            return True
        if length < LONGEST_PATH and found.kind is not Kind.ACCREDIT_TO_ISSUE:
            waiting.extend(
                (each, length + 1)
                for each in ledger.accreditations
                if each.body == found.holder and each.kind is not Kind.RECOGNISE and _holds(each, scope)
            )
    return False


def _holds(link: Accreditation, scope: Scope) -> bool:
    return link.scope.covers(scope) and link.state_at(NOW).as_known_now is State.ACTIVE


def register_of(decisions: int) -> tuple[Register, list[QualityDecision]]:
    """Decisions about universities and programmes, twelve for each university, some of them joint or negative."""
    made = []
    for number in range(decisions):
        university = number // 12
        rest = number % 12
        holders = [Holder((Identifier("deqar", f"I{university}"),), f"University {university}", "HR", 100 + university)]
        if rest == 5:
            other = university + 1
            holders.append(Holder((Identifier("deqar", f"I{other}"),), f"University {other}", "HR", 100 + other))
        about_all = rest == 0
        programme = Programme((Identifier("uri", f"urn:programme:{number}"),), f"Programme {number}", levels=(7, 7))
        made.append(
            QualityDecision(
                register="deqar",
                agency=Identifier("deqar-agency", "33"),
                subject=Subject.INSTITUTION if about_all else Subject.PROGRAMME,
                ruling=Ruling.NEGATIVE if rest == 7 else Ruling.POSITIVE,
                valid_from=date(2020, 1, 1),
                valid_until=date(2024 + rest, 1, 1),
                holders=tuple(holders),
                number=str(number),
                programmes=() if about_all else (programme,),
            )
        )
    index = SnapshotIndex((each.digest.value, each) for each in made)
    published = Published(index, Publication(bytes(32), 1, BEGIN, True))
    return Register("deqar", 12, (published,)), made


def scan(decisions: Sequence[QualityDecision], party: int, programme: bytes, day: date) -> bool:
    """Whether any decision allows it: each of them looked at."""
    return any(
        each.ruling is not Ruling.NEGATIVE
        and each.holds_on(day)
        and any(holder.party == party for holder in each.holders)
        and (not each.programmes or any(_is(programme, part) for part in each.programmes))
        for each in decisions
    )


def _is(programme: bytes, part: Programme) -> bool:
    return any(hash_of_programme(name.value) == programme for name in part.identifiers)


def microseconds(ask: Callable[[int], object], times: int) -> float:
    """Of one question, in the best of the turns: by the processor's time, which neighbours do not lengthen."""
    best = float("inf")
    for _ in range(TURNS):
        begun = time.process_time_ns()
        for place in range(times):
            ask(place)
        best = min(best, (time.process_time_ns() - begun) / times / 1000)
    return best


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--links", type=int, default=35_000)
    given.add_argument("--decisions", type=int, default=35_000)
    options = given.parse_args()
    chosen = random.Random(18)

    ledger, universities = network(options.links)
    asked = [chosen.choice(universities) for _ in range(QUESTIONS)]
    scope = Scope("0613", (7, 7), frozenset(), "HR")
    by_path = microseconds(lambda place: find_path(ledger, asked[place], scope, NOW, {A_MINISTRY}), QUESTIONS)
    few = 10
    by_breadth = microseconds(lambda place: breadth_first(ledger, asked[place], scope, {A_MINISTRY}), few)
    for issuer in asked[:few]:
        found = isinstance(find_path(ledger, issuer, scope, NOW, {A_MINISTRY}), Path)
        if found != breadth_first(ledger, issuer, scope, {A_MINISTRY}):
            raise AssertionError(f"the two searches disagree about party {issuer}")
    tell(f"find_path, {options.links:,} links", by_path, "search over a list", by_breadth)

    register, decisions = register_of(options.decisions)
    programmes = [hash_of_programme(f"urn:programme:{number}") for number in range(options.decisions)]
    places = [chosen.randrange(options.decisions) for _ in range(QUESTIONS)]
    scopes = [Scope(programme=programmes[place]) for place in places]
    by_index = microseconds(lambda at: register.ask(100 + places[at] // 12, scopes[at], NOW), QUESTIONS)
    by_scan = microseconds(lambda at: scan(decisions, 100 + places[at] // 12, scopes[at].programme, NOW.date()), few)
    tell(f"Register.ask, {options.decisions:,} decisions", by_index, "scan", by_scan)


def tell(what: str, ours: float, rival: str, theirs: float) -> None:
    verdict = "within the bar" if ours <= BAR_MICROSECONDS else "TOO SLOW"
    print(
        f"{what}: {ours:.1f} µs a question, bar {BAR_MICROSECONDS} µs: {verdict}; "
        f"{rival}: {theirs:,.0f} µs, {theirs / ours:,.0f} times as long"
    )


if __name__ == "__main__":
    main()
