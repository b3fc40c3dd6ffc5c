"""A credential that was withdrawn in one batch and replaced by another, while nothing proves the replacement."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from registry.chain.editions import second
from registry.credential.digest import digest_given
from registry.document.reading import digest_only
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt
from registry.records import Purpose, Reason
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.verdict import Overall, Trust, Verdict
from tests.registry.chain.test_evidence import Registry
from tests.registry.chain.worlds import World
from tests.registry.verifier.lies import receipt_of


def verdict(registry: Registry, receipts: list[Receipt], digest: bytes, quorum: int | None) -> Verdict:
    verifier = Verifier(
        registry.contract,
        chain=receipts[0].anchor.chain,
        known=NothingKnown(),
        trust=Trust(frozenset({registry.party})),
        now=datetime.now(UTC),
        quorum=quorum,
    )
    return verifier.verify_reading(digest_only(digest_given(digest.hex()), "a digest"), None, receipts)


@pytest.mark.parametrize("world", ["embedded"], indirect=True)
def test_what_may_be_replaced_is_not_called_withdrawn_while_nothing_proves_it(world: World) -> None:
    registry = Registry(world, second())
    party, contract, (digest, *others) = registry.party, registry.contract, registry.digests[10:14]
    first, then = [digest, sha256(b"with it").digest()], [digest, *others]
    before, after = Tree.build(first), Tree.build(then)
    registry.call("anchor", party, before.root, 2)
    registry.call("anchor", party, after.root, 4)
    index = sorted(first).index(digest)
    registry.call("setStatus", party, before.root, Purpose.REVOCATION, 0, 1 << index, Reason.SUPERSEDED)
    old, new = (receipt_of(contract, party, digests, digest) for digests in (first, then))
    # Nothing says that the one replaces the other: withdrawn once is withdrawn.
    assert verdict(registry, [old, new], digest, None).overall is Overall.NOT_VALID
    registry.call("supersede", party, before.root, index, after.root, sorted(then).index(digest))
    assert verdict(registry, [old, new], digest, None).overall is Overall.VALID_WITH_WARNING
    unproved = verdict(registry, [old, new], digest, 1)
    assert (unproved.overall, unproved.check("status").code) == (Overall.COULD_NOT_BE_CHECKED, "replacement-unknown")
    assert verdict(registry, [old], digest, 1).overall is Overall.NOT_VALID
    # A receipt that somebody made up lifts nothing.
    elsewhere = new.model_copy(update={"inclusion": new.inclusion.model_copy(update={"root": "0x" + "ab" * 32})})
    assert verdict(registry, [old, elsewhere], digest, 1).overall is Overall.NOT_VALID
    # What was said of the digest needs no events.
    registry.call("revokeDigests", party, [digest], Reason.OBTAINED_BY_FRAUD)
    assert verdict(registry, [old, new], digest, 1).overall is Overall.NOT_VALID
