"""What a registry stores, proved by `eth_getProof` of a real chain, is what its contract answers."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition, first, second
from registry.chain.layout import slots_of
from registry.chain.rpc.hexadecimal import address_bytes
from registry.chain.storage import Storage
from registry.errors import EvidenceError
from registry.merkle.tree import Tree
from registry.proofs.evidence import Evidence
from registry.proofs.slots import read_batch, read_digest_status, read_retired_at, read_sequence
from registry.proofs.storage import keccak
from registry.records import NOTHING_SAID, Purpose, Reason
from tests.registry.chain.worlds import World

FRAUD = Reason.OBTAINED_BY_FRAUD


class Registry:
    """A registry of an edition with a party, and batches of which something is said."""

    def __init__(self, world: World, edition: Edition):
        self.world, self.edition = world, edition
        address = edition.address
        if not world.client.code(address):
            world.deploy_registry(edition)
        self.contract = CredentialRegistry(world.client, address)
        self.party = self.contract.party_count() + 1
        self.call("registerParty", "did:web:university.example", bytes(32))
        self.digests = sorted(sha256(b"%d %d" % (self.party, number)).digest() for number in range(300))
        self.root, self.void = Tree.build(self.digests).root, Tree.build(self.digests[:5]).root
        self.call("anchor", self.party, self.root, 300)
        self.call("anchor", self.party, self.void, 5)
        self.call("setStatus", self.party, self.root, Purpose.REVOCATION, 1, 0b101, FRAUD)
        self.call("setStatus", self.party, self.root, Purpose.SUSPENSION, 0, 1 << 255, FRAUD)
        self.call("voidBatch", self.party, self.void, Reason.KEY_COMPROMISE)
        if edition.has_digest_statuses:
            self.call("revokeDigests", self.party, self.digests[:2], FRAUD)
            self.call("suspendDigests", self.party, self.digests[1:3], Reason.UNDER_REVIEW)

    def on(self, world: World) -> Registry:
        """The same registry on a copy of its chain."""
        there = copy(self)
        there.world, there.contract = world, CredentialRegistry(world.client, self.contract.address)
        return there

    def call(self, function: str, *arguments: Any, **fields: int) -> None:
        encoded = self.edition.registry.functions[function].encode(*arguments)
        assert self.world.send(self.contract.address, encoded, **fields).succeeded

    def evidence(self, *slots: bytes) -> tuple[Evidence, bytes]:
        head = self.world.client.block("latest")
        assert head is not None
        return self.world.client.evidence(self.contract.address, slots, head.number), head.hash


@pytest.fixture(params=[first, second], ids=["first edition", "second edition"])
def registry(world: World, request: pytest.FixtureRequest) -> Registry:
    return Registry(world, request.param())


def test_what_is_proved_is_what_the_contract_says(registry: Registry) -> None:
    slots, party, root = slots_of(registry.edition), registry.party, registry.root
    nowhere = sha256(b"never anchored").digest()
    roots = [root, registry.void, nowhere]
    words = [(purpose, word) for purpose in Purpose for word in (0, 1)]
    wanted = {
        **{("batch", each): slots.batch(party, each) for each in roots},
        **{("word", each): slots.word(party, root, *each) for each in words},
        "party": slots.party(party),
        "nobody": slots.party(party + 1),
    }
    if registry.edition.has_digest_statuses:
        wanted |= {("digest", each): slots.digest(party, each) for each in registry.digests[:4]}
    evidence, block = registry.evidence(*wanted.values())
    proved = evidence.proved(block)
    values = {name: proved.values[slot] for name, slot in wanted.items()}

    contract, number = registry.contract, proved.header.number
    for each in roots:
        assert read_batch(party, each, values["batch", each]) == contract.batch(party, each, at=number)
    for purpose, word in words:
        (said,) = contract.status_words(party, root, purpose, word, 1, at=number)
        assert values["word", (purpose, word)] == said
    told = contract.party(party, at=number)
    assert told is not None
    assert (read_sequence(values["party"]), read_retired_at(values["party"])) == (told.sequence, told.retired_at)
    assert values["nobody"] == 0
    for digest in registry.digests[:4]:
        (there,) = Storage(contract, number).digests([(party, digest)]).values()
        here = values.get(("digest", digest))
        assert (NOTHING_SAID if here is None else read_digest_status(here)) == there
    assert proved.account.code_hash == keccak(registry.world.client.code(contract.address))


def test_a_party_that_retired(registry: Registry) -> None:
    registry.call("retire", registry.party)
    evidence, block = registry.evidence(slots_of(registry.edition).party(registry.party))
    (packed,) = evidence.proved(block).values.values()
    party = registry.contract.party(registry.party)
    assert party is not None
    assert read_retired_at(packed) == party.retired_at is not None
    assert read_sequence(packed) == 2


def test_evidence_is_of_one_block_one_account_and_its_slots(registry: Registry) -> None:
    slots = slots_of(registry.edition)
    revoked = slots.word(registry.party, registry.root, Purpose.REVOCATION, 1)
    untouched = slots.word(registry.party, registry.root, Purpose.SUSPENSION, 1)
    before, earlier = registry.evidence(revoked, untouched)
    registry.call("setStatus", registry.party, registry.root, Purpose.SUSPENSION, 1, 1, FRAUD)
    evidence, block = registry.evidence(revoked, untouched)
    assert before.proved(earlier).values[untouched] == 0
    assert evidence.proved(block).values[untouched] == 1

    nodes = evidence.slots
    forged = {
        "the block before": (evidence, earlier),
        "its header under another hash": (before, block),
        "another header": (replace(evidence, header=before.header), block),
        "another account": (replace(evidence, address=address_bytes(first().address)[::-1]), block),
        "the account as it was": (replace(evidence, account=before.account), block),
        "the slots as they were": (replace(evidence, slots=before.slots), block),
        "slots that are swapped": (
            replace(evidence, slots={revoked: nodes[untouched], untouched: nodes[revoked]}),
            block,
        ),
        "nothing where something is": (replace(evidence, slots={revoked: ()}), block),
        "a header that is cut off": (replace(evidence, header=evidence.header[:-1]), block),
        "a header with more": (replace(evidence, header=evidence.header + b"\0"), block),
    }
    for name, (each, trusted) in forged.items():
        with pytest.raises(EvidenceError):
            print(name, each.proved(trusted))


def test_many_slots_come_in_one_answer(registry: Registry) -> None:
    slots = slots_of(registry.edition)
    wanted = [slots.batch(registry.party, sha256(bytes([number])).digest()) for number in range(100)]
    evidence, block = registry.evidence(*wanted)
    assert set(evidence.proved(block).values.values()) == {0}
    assert registry.evidence()[0].proved(registry.evidence()[1]).values == {}
