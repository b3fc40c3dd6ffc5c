"""Revocations as the contract's events tell them: when, by whom, of how many credentials, and for which reason.

Pure. What was said of a place and what was said of a digest are counted each by itself: which digest is at which place
only the trees know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from registry.records import Event, Key, Purpose, Reason

EVENTS: Final = frozenset(
    {"StatusSet", "SuspensionCleared", "BatchVoided", "DigestRevoked", "DigestSuspended", "DigestReinstated"}
)
"""By which statuses change."""
FINDINGS: Final = frozenset({Reason.ISSUED_IN_ERROR, Reason.OBTAINED_BY_FRAUD, Reason.REQUIREMENTS_NOT_MET})
"""Reasons that an audit or a review leads to."""


class Revocation(NamedTuple):
    """Credentials of one issuer that one event revoked.

    Attributes:
        credentials: that were not revoked before.
        reviewed: how many of them were suspended under review at that time.
    """

    issuer: int
    at: datetime
    reason: Reason
    credentials: int
    reviewed: int = 0

    @property
    def after_finding(self) -> int:
        """How many follow a finding: for such a reason, or while they were under review."""
        return self.credentials if self.reason in FINDINGS else self.reviewed


def revocations(events: Iterable[Event], counts: Mapping[Key, int]) -> tuple[Revocation, ...]:
    """The revocations that status events, in their order, come to; those of nobody are left out.

    Args:
        counts: the leaf count of each batch; a batch that is not there, or with 0, cannot be voided in numbers.
    """
    revoked: dict[Key, dict[int, int]] = {}
    under_review: dict[Key, dict[int, int]] = {}
    digests: dict[Key, bool] = {}
    told: list[Revocation] = []
    for event in events:
        if event.name not in EVENTS:
            continue
        given = event.arguments
        reason = Reason(given.get("reason", 0))
        if event.name.startswith("Digest"):
            _of_digest(event, reason, digests, told)
            continue
        gone, reviewed = revoked.setdefault(event.key, {}), under_review.setdefault(event.key, {})
        if event.name == "BatchVoided":
            before = sum(bits.bit_count() for bits in gone.values())
            held = sum((bits & ~gone.get(word, 0)).bit_count() for word, bits in reviewed.items())
            told.append(Revocation(event.key[0], event.time, reason, max(0, counts.get(event.key, 0) - before), held))
            continue
        word, changed = given["word"], given["changed"]
        if event.name == "SuspensionCleared":
            reviewed[word] = reviewed.get(word, 0) & ~changed
        elif given["purpose"] == Purpose.SUSPENSION:
            held = reviewed.get(word, 0)
            reviewed[word] = held | changed if reason is Reason.UNDER_REVIEW else held & ~changed
        else:
            new = changed & ~gone.get(word, 0)
            gone[word] = gone.get(word, 0) | new
            held = (new & reviewed.get(word, 0)).bit_count()
            told.append(Revocation(event.key[0], event.time, reason, new.bit_count(), held))
    return tuple(each for each in told if each.credentials)


def _of_digest(event: Event, reason: Reason, digests: dict[Key, bool], told: list[Revocation]) -> None:
    """What an event about a credential by its digest changes; `digests` says which are under review."""
    key = (int(event.arguments["issuer"]), bytes(event.arguments["digest"]))
    if event.name == "DigestRevoked":
        told.append(Revocation(key[0], event.time, reason, 1, int(digests.pop(key, False))))
    elif event.name == "DigestSuspended":
        digests[key] = reason is Reason.UNDER_REVIEW
    else:
        digests.pop(key, None)
