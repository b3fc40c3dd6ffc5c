"""Achievements of several institutions that are said in alike words, and what persons decide about each pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anchor.learning.achievements import Gathered, gathered
from anchor.learning.decision_files import append, sound_log
from anchor.learning.reviewing import json_in
from registry.errors import IntakeError
from registry.learning.suggest.decisions import Sameness, decide_pair, decider, pair_id
from registry.learning.suggest.duplicates import near_pairs
from registry.learning.suggest.likeness import likeness_model, vectors_of
from registry.learning.suggest.wire import (
    AchievementPart,
    EntryPart,
    ModelPart,
    PersonPart,
    SamenessDecision,
    pair_review_in,
)
from registry.timestamps import past_moment


@dataclass(frozen=True, slots=True)
class Pair:
    """Two achievements of different institutions.

    Attributes:
        identifier: by which a decision names the pair.
        score: how alike they are said, from -1 to 1.
    """

    identifier: str
    first: AchievementPart
    second: AchievementPart
    score: float


@dataclass(frozen=True, slots=True)
class Alike:
    """What was compared, and the pairs above a threshold.

    Attributes:
        more: pairs above the threshold that are not listed.
    """

    compared: Gathered
    pairs: tuple[Pair, ...]
    more: int
    model: ModelPart


def alike_in(paths: Iterable[Path], language: str, threshold: float) -> Alike:
    """The pairs of achievements of different institutions that are said in alike words.

    Raises:
        IntakeError: as `gathered`.
        SettingsError: the extra `ai` is not installed.
    """
    found = gathered(paths, language)
    model = ModelPart(**likeness_model(language).to_dict())
    if len(found.achievements) < 2:
        return Alike(found, (), 0, model)
    institutions = {name: at for at, name in enumerate(sorted({each.institution for each in found.achievements}))}
    near = near_pairs(
        vectors_of([each.text for each in found.achievements], language),
        [institutions[each.institution] for each in found.achievements],
        threshold,
    )
    pairs = []
    for each in near.pairs:
        first, second = found.achievements[each.first], found.achievements[each.second]
        # As a log has it: a share of ten thousand is as exact as such a score is.
        score = max(-1.0, min(1.0, round(each.score, 4)))
        pairs.append(Pair(pair_id(first, second), first, second, score))
    return Alike(found, tuple(pairs), near.more, model)


def undecided(alike: Alike, log: Path) -> tuple[Pair, ...]:
    """The pairs that nobody has decided about."""
    known = sound_log(log)
    return tuple(each for each in alike.pairs if known.of_pair(each.identifier) is None)


def decided(
    alike: Alike, rulings: Mapping[str, tuple[Sameness, str]], by: PersonPart, at: datetime, log: Path
) -> tuple[EntryPart, ...]:
    """Write down what a person decided about pairs; what was decided alike before is not written again.

    Args:
        rulings: by the pair's identifier, with a reason.

    Raises:
        IntakeError: there is no such pair (code `review-choice`), or as `append`.
    """
    known, by_identifier = sound_log(log), {each.identifier: each for each in alike.pairs}
    decisions = []
    for identifier, (ruling, reason) in rulings.items():
        pair = by_identifier.get(identifier)
        if pair is None:
            raise IntakeError(
                f"no pair {identifier[:16]}… is above the threshold",
                remedy="Compare the same folders, in the same language and with the same threshold.",
                code="review-choice",
            )
        before = known.of_pair(identifier)
        is_same = before is not None and isinstance(before.decision, SamenessDecision)
        if not (is_same and before is not None and before.decision.ruling == ruling):
            decisions.append(decide_pair((pair.first, pair.second), pair.score, alike.model, ruling, by, at, reason))
    return append(log, decisions) if decisions else ()


def rulings_in(path: Path, now: datetime) -> tuple[dict[str, tuple[Sameness, str]], PersonPart, datetime]:
    """What a file says about pairs, who decided and when.

    Raises:
        IntakeError: it is none (codes `unreadable`, `review-file`).
        SettingsError: who decided is no named person, or the time is still to come (`no-decider`, `time-to-come`).
    """
    said = pair_review_in(json_in(path, "review-file"), str(path))
    at = past_moment(said.decided_at, f"{path}, decidedAt", now) or now
    by = decider(said.decided_by.name, said.decided_by.role)
    return {each.pair: (each.ruling, each.reason) for each in said.decisions}, by, at
