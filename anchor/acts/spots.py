"""Places of credentials on chain, and what became of each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.anchors import AnchorPlace, AnchorState
from registry.chain.contract import CredentialRegistry


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a credential on chain: its issuer's batch and its leaf there."""

    digest: bytes
    issuer: int
    root: bytes
    leaf_index: int

    @property
    def place(self) -> AnchorPlace:
        """Root and index."""
        return AnchorPlace(self.root, self.leaf_index)


def anchor_states(contract: CredentialRegistry, spots: Sequence[Spot]) -> list[AnchorState]:
    """What became of each of the places of one credential; one of a batch that is not on chain yet is untouched.

    Raises:
        ChainUnavailable: no answer.
    """
    states = []
    for spot in spots:
        batch = contract.batch(spot.issuer, spot.root)
        if batch is None:
            states.append(AnchorState(spot.issuer, spot.place))
            continue
        status = contract.status(spot.issuer, spot.root, spot.leaf_index)
        # One place alone is nobody's replacement.
        alone = len(spots) == 1
        by = {} if alone else contract.replacements(spot.issuer, spot.root, from_block=batch.block_number)
        states.append(
            AnchorState(
                spot.issuer,
                spot.place,
                revoked=status.revoked,
                suspended=status.suspended,
                voided=batch.voided_at is not None,
                superseded_by=by.get(spot.leaf_index),
            )
        )
    return states
