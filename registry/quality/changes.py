"""What changed in a register from one snapshot to the next: nothing that is gone goes without being named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.quality.decision import QualityDecision, replaced_among
from registry.quality.snapshot import Snapshot


class ChangeKind(StrEnum):
    """What became of a decision.

    NEW: its number is in the newer snapshot alone. CORRECTED: the newer one has another text of it, which says which
    leaf it replaces. CHANGED: the same without saying so. ENDED: it held when the older one was made, and does not when
    the newer one was. GONE: its number is in the older one alone.
    """

    NEW = "new"
    CORRECTED = "corrected"
    CHANGED = "changed"
    ENDED = "ended"
    GONE = "gone"


ORDER: Final = tuple(ChangeKind)


@dataclass(frozen=True, slots=True)
class Change:
    """One decision that is not as it was.

    Attributes:
        before, after: None where there is none on that side.
    """

    kind: ChangeKind
    before: QualityDecision | None
    after: QualityDecision | None

    @property
    def decision(self) -> QualityDecision:
        """The newest text of it."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change is of something")
        return found


def changes(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """What is not as it was, by kind and then by number; each decision once."""
    before, after = _newest(old), _newest(new)
    replaced = replaced_among(new.decisions)
    old_digests = {id(decision): digest for digest, decision in zip(old.digests, old.decisions, strict=True)}
    then, now = old.manifest.made_at.date(), new.manifest.made_at.date()
    found: list[Change] = []
    for key, decision in after.items():
        earlier = before.get(key)
        if earlier is None:
            found.append(Change(ChangeKind.NEW, None, decision))
        elif earlier.original != decision.original:
            is_said = old_digests[id(earlier)] in replaced
            found.append(Change(ChangeKind.CORRECTED if is_said else ChangeKind.CHANGED, earlier, decision))
        elif earlier.holds_on(then) and not decision.holds_on(now):
            found.append(Change(ChangeKind.ENDED, earlier, decision))
    found += [Change(ChangeKind.GONE, decision, None) for key, decision in before.items() if key not in after]
    return tuple(sorted(found, key=lambda each: (ORDER.index(each.kind), each.decision.key)))


def newest_of(decisions: Iterable[tuple[bytes, QualityDecision]]) -> dict[tuple[str, str, str], QualityDecision]:
    """Of each decision the text that no other one replaces.

    Args:
        decisions: with their digests.
    """
    listed = list(decisions)
    replaced = replaced_among(each for _, each in listed)
    return {each.key: each for digest, each in listed if digest not in replaced}


def _newest(snapshot: Snapshot) -> Mapping[tuple[str, str, str], QualityDecision]:
    return newest_of(zip(snapshot.digests, snapshot.decisions, strict=True))
