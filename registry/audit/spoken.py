"""The credentials that issuers spoke of by their digests, and how they count beside those that were marked in batches.

A credential counts once, in however many batches it is, and not again where its place says the same. One that is in no
batch whose tree was read may be anywhere, or nowhere: it is told by itself and counts as nothing's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from registry.anchors import AnchorPlace, AnchorState
from registry.audit.findings import Audit
from registry.records import DigestStatus, Key


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an issuer says of one credential by its digest, as of the audited block.

    Attributes:
        places: in which batches it is, as far as their trees were read.
        looked_at: what became of those places by themselves that are in batches which the audit looks at.
    """

    issuer: int
    digest: bytes
    status: DigestStatus
    places: tuple[AnchorPlace, ...]
    looked_at: tuple[AnchorState, ...]

    @property
    def revokes(self) -> bool:
        """Whether it makes one more credential revoked than the batches' own marks do."""
        marked = any(each.revoked or each.voided for each in self.looked_at)
        return self.status.is_revoked and bool(self.looked_at) and not marked

    @property
    def suspends(self) -> bool:
        """Whether it makes one more credential suspended than the batches' own marks do."""
        marked = any(each.suspended for each in self.looked_at)
        return self.status.is_suspended and bool(self.looked_at) and not marked


def spoken_of(audit: Audit) -> list[Spoken]:
    """All that are revoked or suspended by their digests, of the issuers that were asked for; by issuer and digest."""
    batches = audit.batches()
    states = {state.issuer: state for state in audit.state.issuer_states()}
    found = []
    for (issuer, digest), status in sorted(audit.state.digests.items(), key=lambda item: item[0]):
        if audit.asked.about(issuer) and (status.is_revoked or status.is_suspended):
            places = audit.places.get((issuer, digest), ())
            looked_at = [states[issuer].state_of(each, digest) for each in places if (issuer, each.root) in batches]
            found.append(Spoken(issuer, digest, status, places, tuple(looked_at)))
    return found


def by_batch(spoken: Iterable[Spoken]) -> tuple[Counter[Key], Counter[Key]]:
    """How many credentials of each batch are revoked, and how many suspended, by their digests alone."""
    revoked, suspended = Counter[Key](), Counter[Key]()
    for each in spoken:
        for state in each.looked_at:
            key = (each.issuer, state.place.root)
            revoked[key] += each.status.is_revoked and not (state.revoked or state.voided)
            suspended[key] += each.status.is_suspended and not state.suspended
    return revoked, suspended
