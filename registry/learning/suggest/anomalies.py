"""What is unusual in how credentials were issued and assessed, as questions to a person, each with its numbers.

A question is no verdict. Other students, another kind of course, a graduation day and chance alone make such numbers,
too. Nothing is computed of a person with fewer than `LEAST` records or days, or among fewer than `LEAST` persons.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from registry.errors import SettingsError
from registry.learning.suggest.robust import marks_apart, surprising, usual_counts
from registry.timestamps import write_timestamp

LEAST: Final = 10
CHANCE: Final = 0.05
"""That a kind of question is asked of data in which nothing is unusual; `scripts/bench/anomalies.py` measures it."""
DAY: Final = timedelta(days=1)
SAYS: Final = (
    "These are questions, each with the numbers that it rests on. Other students, another kind of course, a graduation "
    "day and chance alone make such numbers, too. They are no sign that anybody did wrong, and must not be used to "
    "grade, rank, pay or discipline anybody: ask the person, and look at the records."
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """What is unusual."""

    RATE = "rate"
    BURST = "burst"
    MARKS = "marks"
    EVIDENCE = "evidence"


METHODS: Final[Mapping[Kind, str]] = {
    Kind.RATE: "records of each person, by logarithm against those of all (median, MAD, Student, Bonferroni)",
    Kind.BURST: "records in each window, by logarithm against the person's own (median, MAD, Student, Bonferroni)",
    Kind.MARKS: "chi-square of the person's marks against those of all others for the same award (Bonferroni)",
    Kind.EVIDENCE: "equal hashes",
}


@dataclass(frozen=True, slots=True)
class Act:
    """That a person assessed or signed something.

    Attributes:
        by: who; the only thing here that names a person. Learners are not in it.
        count: of credentials, where one act made many.
        marks: what was marked, such as a course or a criterion of a rubric, and the mark.
        evidence: hashes of what it rests on.
        record: by which a person finds it.
    """

    by: str
    at: datetime
    count: int = 1
    marks: tuple[tuple[str, str], ...] = ()
    evidence: tuple[str, ...] = ()
    record: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Something unusual.

    Attributes:
        who: the person that it is about; "" where it is about records.
        about: the window, the award or the hash.
        asks: the question, without the person's name.
        found, usual: a number, and up to where it would not be unusual.
        evidence: what else it rests on, for JSON.
    """

    kind: Kind
    who: str
    about: str
    asks: str
    found: float
    usual: float
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """All questions about acts.

    Attributes:
        begins, ends: of the first act and the last one.
        not_computed: what was not looked at since there was too little of it, in sentences.
    """

    questions: tuple[Question, ...]
    acts: int
    people: int
    begins: datetime
    ends: datetime
    not_computed: tuple[str, ...]

    def to_dict(self, names: Mapping[str, str]) -> dict[str, Any]:
        """As JSON has it.

        Args:
            names: how each person is called, such as by `pseudonyms`.
        """
        return {
            "says": SAYS,
            "acts": self.acts,
            "people": self.people,
            "period": {"from": write_timestamp(self.begins), "until": write_timestamp(self.ends)},
            "chance": CHANCE,
            "least": LEAST,
            "notComputed": list(self.not_computed),
            "questions": [
                {
                    "kind": each.kind.value,
                    "who": names.get(each.who) if each.who else None,
                    "about": each.about,
                    "question": each.asks,
                    "found": round(each.found, 4),
                    "usualUntil": round(each.usual, 4),
                    "evidence": dict(each.evidence),
                    "method": METHODS[each.kind],
                }
                for each in self.questions
            ],
        }


def questions_about(acts: Sequence[Act], *, window: timedelta = DAY, chance: float = CHANCE) -> Asked:
    """What is unusual among acts.

    Args:
        acts: of one institution or course, in any order.
        window: in which records are many at a time.
        chance: of each kind of question where nothing is unusual; evidence is not among them, which is equal or not.

    Raises:
        SettingsError: there are no acts (code `no-acts`).
    """
    if not acts:
        raise SettingsError("there is nothing to look at", remedy="Name records, or a longer period.", code="no-acts")
    by_person: dict[str, list[Act]] = defaultdict(list)
    for each in acts:
        by_person[each.by].append(each)
    skipped: list[str] = []
    found = [
        *_rates(by_person, chance, skipped),
        *_bursts(by_person, window, chance, skipped),
        *_marks(acts, chance, skipped),
        *_evidence(acts),
    ]
    times = [each.at for each in acts]
    return Asked(tuple(found), len(acts), len(by_person), min(times), max(times), tuple(skipped))


def pseudonyms(acts: Iterable[Act]) -> dict[str, str]:
    """What persons are called where their names are nobody's business: the same for the same data.

    The numbers follow a hash over all the data, so that whoever does not have it learns nothing from them.
    """
    found = sorted({each.by for each in acts})
    salt = sha256("\n".join(f"{each.by}\0{each.at.isoformat()}\0{each.record}" for each in acts).encode()).digest()
    in_order = sorted(found, key=lambda name: sha256(salt + name.encode()).digest())
    return {name: f"person {number}" for number, name in enumerate(in_order, 1)}


def _rates(by_person: Mapping[str, Sequence[Act]], chance: float, skipped: list[str]) -> Iterator[Question]:
    counts = {who: sum(each.count for each in own) for who, own in by_person.items()}
    enough = {who: number for who, number in counts.items() if number >= LEAST}
    if len(enough) < LEAST:
        skipped.append(f"rates: fewer than {LEAST} persons have {LEAST} records")
        return
    usual = usual_counts(tuple(enough.values()), chance)
    for who, number in enough.items():
        if number > usual.highest:
            yield Question(
                Kind.RATE,
                who,
                "the whole period",
                f"{number:,} records, where {len(enough)} persons have {usual.middle:,.0f} in the middle and up to "
                f"{usual.highest:,.0f} would not be unusual. Does this person have another task?",
                number,
                usual.highest,
                {"persons": len(enough), "median": round(usual.middle, 2)},
            )


def _bursts(
    by_person: Mapping[str, Sequence[Act]], window: timedelta, chance: float, skipped: list[str]
) -> Iterator[Question]:
    windows: dict[str, dict[datetime, int]] = {}
    for who, own in by_person.items():
        counted: dict[datetime, int] = defaultdict(int)
        for each in own:
            counted[_EPOCH + (each.at - _EPOCH) // window * window] += each.count
        if len(counted) >= LEAST:
            windows[who] = counted
    if fewer := len(by_person) - len(windows):
        skipped.append(
            f"bursts of {fewer:,} of {len(by_person):,} persons: records in fewer than {LEAST} windows of time"
        )
    for who, counted in windows.items():
        usual = usual_counts(tuple(counted.values()), chance / len(windows))
        for begins, number in sorted(counted.items()):
            if number > usual.highest:
                yield Question(
                    Kind.BURST,
                    who,
                    write_timestamp(begins),
                    f"{number:,} records within {_hours(window)} from {write_timestamp(begins)}, where this person's "
                    f"{len(counted):,} such times have {usual.middle:,.0f} in the middle and up to "
                    f"{usual.highest:,.0f} would not be unusual. Was it a day of many, such as a graduation?",
                    number,
                    usual.highest,
                    {"windows": len(counted), "median": round(usual.middle, 2), "seconds": int(window.total_seconds())},
                )


def _marks(acts: Sequence[Act], chance: float, skipped: list[str]) -> Iterator[Question]:
    by_award: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for each in acts:
        for award, mark in each.marks:
            by_award[award][each.by][mark] += each.count
    compared = []
    fewer = 0
    for award, people in by_award.items():
        whole: Counter[str] = Counter()
        for own in people.values():
            whole.update(own)
        for who, own in people.items():
            others = whole - own
            apart = marks_apart(own, others) if min(own.total(), others.total()) >= LEAST else None
            if apart is None:
                fewer += 1
            else:
                compared.append((award, who, own.total(), others.total(), apart))
    if fewer:
        skipped.append(f"marks of {fewer:,} persons in an award: fewer than {LEAST} of theirs or of all others")
    if not compared:
        return
    usual = surprising(chance, len(compared))
    for award, who, own_marks, other_marks, apart in compared:
        if apart.surprise > usual:
            yield Question(
                Kind.MARKS,
                who,
                award,
                f"{own_marks:,} marks are spread otherwise than the {other_marks:,} of all others"
                f"{f' for {award}' if award else ''}. Were these other students, or another task?",
                apart.surprise,
                usual,
                {
                    "marks": own_marks,
                    "marksOfOthers": other_marks,
                    "shares": [
                        {"mark": name, "own": round(one, 4), "others": round(other, 4)}
                        for name, one, other in apart.classes
                    ],
                },
            )


def _evidence(acts: Sequence[Act]) -> Iterator[Question]:
    records: dict[str, set[str]] = defaultdict(set)
    people: dict[str, set[str]] = defaultdict(set)
    for each in acts:
        for digest in each.evidence:
            records[digest].add(each.record)
            people[digest].add(each.by)
    for digest, named in sorted(records.items()):
        if len(named) > 1:
            yield Question(
                Kind.EVIDENCE,
                "",
                digest,
                f"The same file is evidence in {len(named):,} records, of {len(people[digest]):,} assessors. Is it "
                "work of a group, a task that all were given, or one person's work handed in twice?",
                len(named),
                1,
                {"records": sorted(named)[:100]},
            )


def _hours(window: timedelta) -> str:
    hours = window / timedelta(hours=1)
    return f"{hours:g} hour{'' if hours == 1 else 's'}"
