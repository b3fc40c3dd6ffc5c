"""What of a list of places is revoked on chain."""

from __future__ import annotations

from collections.abc import Sequence

from anchor.books.batches import Place
from registry.chain.contract import CredentialRegistry
from registry.records import WORD_BITS, Purpose


def revoked_among(places: Sequence[Place], contract: CredentialRegistry) -> int:
    """How many of these credentials are revoked on chain."""
    words: dict[tuple[int, bytes, int], int] = {}
    revoked = 0
    for place in places:
        issuer, root = place.batch.issuer, place.batch.root
        word, bit = divmod(place.leaf.leaf_index, WORD_BITS)
        key = (issuer, root, word)
        if key not in words:
            # A batch that is sealed and not anchored yet has no status on chain.
            anchored = contract.batch(issuer, root) is not None
            words[key] = contract.status_words(issuer, root, Purpose.REVOCATION, word, 1)[0] if anchored else 0
        revoked += words[key] >> bit & 1
    return revoked
