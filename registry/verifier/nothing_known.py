"""For a verifier with neither a data folder nor an index: all that it knows is the receipt that it was given."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from registry.credential.digest import Digest
from registry.verifier.verifier import KnownAnchor


class NothingKnown:
    """No anchors are known here; a verdict then says how many batches of the issuer were not looked at."""

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:  # noqa: ARG002
        """None."""
        return ()

    def searched(self, issuer: int) -> Collection[bytes]:  # noqa: ARG002
        """None."""
        return ()
