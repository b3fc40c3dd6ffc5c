"""Verdicts out of the evidence in receipts: what a chain says as of a block, and nothing of what it says since."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from registry.credential.digest import digest_given
from registry.document.reading import digest_only
from registry.errors import EvidenceError
from registry.merkle.tree import Tree
from registry.proofs.evidence import Evidence
from registry.proofs.header import read_header
from registry.receipt.model import Receipt
from registry.records import Purpose
from registry.verifier.facts import FactsReader
from registry.verifier.gathering import Leaves, gather, part_of
from registry.verifier.grounds import FirstOf
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.offline import EvidenceReader
from registry.verifier.verifier import Verifier
from registry.verify.checks import Outcome, Overall, Trust
from registry.verify.verdict import Basis, ChainFacts, FactsUnavailable, Ground, Verdict
from tests.registry.chain.begun import begun, copied
from tests.registry.chain.test_evidence import Registry

__all__ = ["begun", "copied"]

BASIS = Basis(Ground.CHECKPOINT, 2, 3, ("Ministry", "Agency"))


@dataclass
class Named:
    """Blocks that somebody named."""

    chain: str
    hashes: set[bytes]

    def basis_of(self, header: bytes) -> Basis:
        if read_header(header).hash not in self.hashes:
            raise EvidenceError("nobody named it", code="block-not-listed")
        return BASIS


class Site:
    """A registry, and the receipts of its large batch with evidence as of now."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self.chain_id = registry.world.client.chain_id()
        self.named = Named(f"eip155:{self.chain_id}", set())
        head = registry.world.client.block("latest")
        assert head is not None
        self.at = head.timestamp

    def evidence(self, root: bytes, leaves: Sequence[int]) -> Evidence:
        """Of some leaves, as of the newest block, which is named."""
        block = self.registry.world.client.block("latest")
        assert block is not None
        self.named.hashes.add(block.hash)
        shift = {Tree.build(self.registry.digests[at : at + 30]).root: at for at in (30, 60)}.get(root, 0)
        digests = {index - shift: self.registry.digests[index] for index in leaves}
        return gather(self.registry.contract, self.chain_id, Leaves(self.registry.party, root, digests), block)

    def receipt(self, index: int, root: bytes | None = None, evidence: Evidence | None = None) -> Receipt:
        """Of a leaf of a batch, with evidence of its own or with part of some."""
        registry = self.registry
        root = root or registry.root
        ranges = (registry.digests, registry.digests[:5], registry.digests[30:60], registry.digests[60:90])
        (leaves,) = (each for each in ranges if Tree.build(each).root == root)
        with Tree.build(leaves) as tree:
            made = Receipt.of_batch(
                digest_given(registry.digests[index].hex()),
                root,
                tree.inclusion(leaves.index(registry.digests[index])),
                chain=self.named.chain,
                contract=registry.contract.address,
                issuer=registry.party,
            )
        batch = registry.contract.batch(registry.party, root)
        assert batch is not None
        block = registry.world.client.block(batch.block_number)
        assert block is not None
        made = made.anchored(
            sequence=batch.sequence,
            transaction=bytes(32),
            block_number=block.number,
            block_hash=block.hash,
            timestamp=block.timestamp,
        )
        return made.with_evidence(evidence or self.evidence(root, [index]))

    def verdict(self, receipt: Receipt, later: timedelta = timedelta(hours=3.5)) -> Verdict:
        """By its evidence alone, by somebody who looks at it later."""
        now = self.at + later
        reader = EvidenceReader(self.registry.contract.address, FirstOf([self.named]), clock=lambda: now)
        verifier = Verifier(
            reader,
            chain=reader.chain,
            known=NothingKnown(),
            trust=Trust(frozenset({self.registry.party}), reader.chain),
            now=now,
        )
        return verifier.verify_digest(receipt.digest.value, receipt)


@pytest.fixture
def site(copied: Registry) -> Site:
    return Site(copied)


def told(verdict: Verdict, name: str) -> tuple[Outcome, str]:
    check = next(each for each in verdict.checks if each.name == name)
    return check.outcome, check.code


def test_what_evidence_says_is_what_the_chain_said(site: Site) -> None:
    registry, party = site.registry, site.registry.party
    everything = site.evidence(registry.root, range(300))
    block = read_header(everything.header)
    proved = everything.proved(block.hash).values
    reader = EvidenceReader(registry.contract.address, site.named)
    asked = FactsReader(registry.contract)
    for index in (0, 1, 2, 3, 255, 256, 257, 258, 299):
        leaf = Leaves(party, registry.root, {index: registry.digests[index]})
        part = part_of(everything, proved, registry.edition, leaf)
        assert len(part.slots) < 15
        facts = reader.facts(site.receipt(index, evidence=part))
        online = asked.facts(party, registry.root, index, registry.digests[index])
        assert isinstance(facts, ChainFacts)
        assert isinstance(online, ChainFacts)
        assert facts.batch is not None
        assert online.batch is not None
        same = replace(facts, basis=online.basis, status_reason=online.status_reason, final=online.final)
        assert replace(same, batch=replace(facts.batch, anchor=online.batch.anchor)) == online


def test_in_force_is_as_of_then_and_a_warning_at_best(site: Site) -> None:
    receipt = site.receipt(30)
    fresh = site.verdict(receipt)
    assert (fresh.overall, told(fresh, "status")) == (Overall.VALID_WITH_WARNING, (Outcome.WARN, "status-then"))
    status = next(each for each in fresh.checks if each.name == "status")
    assert fresh.as_of is not None
    assert f"as of block {fresh.as_of.number}" in status.text
    assert "3 hours old, and what was said since is not in it" in status.text
    assert "signed by 2 of the 3 witnesses that the verifier names (Ministry, Agency)" in status.text
    assert fresh.to_dict()["restsOn"]["ground"] == "checkpoint"
    old = site.verdict(receipt, timedelta(days=40))
    assert (old.overall, told(old, "status")) == (Overall.COULD_NOT_BE_CHECKED, (Outcome.UNKNOWN, "status-old"))
    assert told(old, "anchor")[0] is Outcome.WARN  # the practice chain
    ahead = site.verdict(receipt, timedelta(days=-1))
    assert told(ahead, "status") == (Outcome.UNKNOWN, "head-ahead")


def test_what_was_revoked_since_is_not_known_and_not_said_to_be_good(site: Site) -> None:
    receipt = site.receipt(40)
    site.registry.call("setStatus", site.registry.party, site.registry.root, 0, 0, 1 << 40, 1)
    assert site.verdict(receipt).overall is Overall.VALID_WITH_WARNING
    assert told(site.verdict(site.receipt(40)), "status") == (Outcome.FAIL, "revoked")


def test_what_is_withdrawn_is_told_whatever_its_age(site: Site) -> None:
    registry = site.registry
    for index, code in ((256, "revoked"), (258, "revoked")):
        for days in (0, 400):
            verdict = site.verdict(site.receipt(index), timedelta(days=days))
            assert (verdict.overall, told(verdict, "status")) == (Overall.NOT_VALID, (Outcome.FAIL, code))
    # Since then it may have been reinstated.
    assert told(site.verdict(site.receipt(255)), "status") == (Outcome.UNKNOWN, "status-then")
    assert told(site.verdict(site.receipt(255), timedelta(days=400)), "status") == (Outcome.UNKNOWN, "status-old")
    assert told(site.verdict(site.receipt(3, registry.void)), "status") == (Outcome.FAIL, "voided")
    if registry.edition.has_digest_statuses:
        assert told(site.verdict(site.receipt(0)), "status") == (Outcome.FAIL, "revoked")
        assert told(site.verdict(site.receipt(2)), "status") == (Outcome.UNKNOWN, "status-then")


def test_without_evidence_or_of_a_block_that_nobody_named_nothing_is_known(site: Site) -> None:
    receipt = site.receipt(30)
    bare = site.verdict(receipt.without_evidence())
    assert (bare.overall, told(bare, "status")) == (Overall.COULD_NOT_BE_CHECKED, (Outcome.UNKNOWN, "no-evidence"))
    site.named.hashes.clear()
    unnamed = site.verdict(receipt)
    assert (unnamed.overall, told(unnamed, "anchor")[1]) == (Overall.COULD_NOT_BE_CHECKED, "block-not-listed")


def test_evidence_about_something_else_is_none(site: Site) -> None:
    registry = site.registry
    receipt = site.receipt(30)
    other = site.evidence(registry.void, [3])
    assert told(site.verdict(receipt.with_evidence(other)), "anchor") == (Outcome.UNKNOWN, "evidence-missing")
    assert receipt.evidence is not None
    for slot in receipt.evidence.slots:
        fewer = {each: nodes for each, nodes in receipt.evidence.slots.items() if each != slot}
        less = site.verdict(receipt.with_evidence(replace(receipt.evidence, slots=fewer)))
        assert less.overall is Overall.COULD_NOT_BE_CHECKED
    elsewhere = EvidenceReader(registry.contract.address, Named("eip155:1", site.named.hashes))
    facts = elsewhere.facts(receipt)
    assert isinstance(facts, FactsUnavailable)
    assert facts.code == "wrong-code"


def test_another_receipt_of_it_that_is_withdrawn_leaves_it_open(site: Site) -> None:
    here, withdrawn = site.receipt(3), site.receipt(3, site.registry.void)
    reader = EvidenceReader(site.registry.contract.address, site.named)
    facts = reader.facts(here, [withdrawn])
    assert isinstance(facts, FactsUnavailable)
    assert facts.code == "replacement-unknown"
    alone = reader.facts(here, [withdrawn.without_evidence()])
    assert isinstance(alone, ChainFacts)
    assert alone.others == ()


def verdicts_together(site: Site, *receipts: Receipt) -> set[Verdict]:
    """Of receipts that lie beside each other, whichever comes first."""
    now = site.at + timedelta(hours=1)
    reader = EvidenceReader(site.registry.contract.address, site.named, clock=lambda: now)
    verifier = Verifier(
        reader,
        chain=reader.chain,
        known=NothingKnown(),
        trust=Trust(frozenset({site.registry.party}), reader.chain),
        now=now,
    )
    reading = digest_only(digest_given(receipts[0].digest.value), "digest")
    return {verifier.verify_reading(reading, None, order) for order in (receipts, receipts[::-1])}


@pytest.mark.parametrize("by_digest", [False, True])
def test_older_evidence_hides_nothing_that_newer_evidence_says(site: Site, by_digest: bool) -> None:
    registry = site.registry
    if by_digest and not registry.edition.has_digest_statuses:
        pytest.skip("nothing is said of digests in the first edition")
    old = site.receipt(40)
    if by_digest:
        registry.call("revokeDigests", registry.party, [registry.digests[40]], 1)
    else:
        registry.call("setStatus", registry.party, registry.root, Purpose.REVOCATION, 0, 1 << 40, 1)
    new = site.receipt(40)
    assert site.verdict(old).overall is Overall.VALID_WITH_WARNING
    for verdict in verdicts_together(site, old, new):
        assert (verdict.overall, told(verdict, "status")) == (Overall.NOT_VALID, (Outcome.FAIL, "revoked"))
        assert verdict.as_of is not None
        assert new.evidence is not None
        assert verdict.as_of.hash == read_header(new.evidence.header).hash


def test_newer_evidence_counts_where_a_suspension_was_lifted(site: Site) -> None:
    registry = site.registry
    registry.call("setStatus", registry.party, registry.root, Purpose.SUSPENSION, 0, 1 << 41, 1)
    before = site.receipt(41)
    registry.call("clearSuspension", registry.party, registry.root, 0, 1 << 41, 1)
    after = site.receipt(41)
    for verdict in verdicts_together(site, before, after):
        assert told(verdict, "status") == (Outcome.WARN, "status-then")


def test_what_changed_between_two_batches_evidence_is_left_open(site: Site) -> None:
    registry = site.registry
    if not registry.edition.has_digest_statuses:
        pytest.skip("nothing is said of digests in the first edition")
    root = Tree.build(registry.digests[30:60]).root
    registry.call("anchor", registry.party, root, 30)
    registry.call("suspendDigests", registry.party, [registry.digests[42]], 1)
    suspended = site.receipt(42)
    registry.call("reinstateDigests", registry.party, [registry.digests[42]], 1)
    good = site.receipt(42, root)
    assert site.verdict(good).overall is Overall.VALID_WITH_WARNING
    # Of the first batch nothing is known since; of the second all is well.
    assert {told(each, "status") for each in verdicts_together(site, suspended, good)} == {
        (Outcome.WARN, "status-then")
    }
    reader = EvidenceReader(registry.contract.address, site.named)
    facts = reader.facts(suspended, [good])
    assert isinstance(facts, FactsUnavailable)
    assert facts.code == "evidence-differs"


def test_what_was_not_anchored_then_may_be_now(site: Site) -> None:
    registry = site.registry
    root = Tree.build(registry.digests[60:90]).root
    early = site.evidence(root, [61])
    registry.call("anchor", registry.party, root, 30)
    receipt = site.receipt(61, root, early)
    block = receipt.anchor.block
    assert block is not None
    # As before a reorganisation: the receipt names a block that the evidence is not older than.
    then = block.model_copy(update={"number": block.number - 2})
    for each in (receipt, receipt.model_copy(update={"anchor": receipt.anchor.model_copy(update={"block": then})})):
        assert told(site.verdict(each), "anchor") == (Outcome.UNKNOWN, "chain-behind")


def test_nobody_is_asked_twice_about_a_block_or_about_what_proves_nothing(site: Site) -> None:
    asked: list[bytes] = []

    class Counting(Named):
        def basis_of(self, header: bytes) -> Basis:
            asked.append(header)
            return super().basis_of(header)

    receipts = [site.receipt(index) for index in (30, 31, 32)]
    reader = EvidenceReader(site.registry.contract.address, Counting(site.named.chain, set()))
    for receipt in receipts * 3:
        assert isinstance(reader.facts(receipt, receipts), FactsUnavailable)
    assert len(asked) == 1
    evidence = receipts[0].evidence
    assert evidence is not None
    broken = receipts[0].with_evidence(replace(evidence, account=evidence.account[:-1]))
    assert isinstance(EvidenceReader(reader.address, Counting(reader.chain, set())).facts(broken), FactsUnavailable)
    assert len(asked) == 1


def test_no_ground_overrules_one_that_names_another_block(site: Site) -> None:
    class Denying(Named):
        def basis_of(self, header: bytes) -> Basis:
            raise EvidenceError("another one", code="other-block")

    receipt = site.receipt(30)
    denying = Denying(site.named.chain, set())
    for grounds in ([site.named, denying], [denying, site.named]):
        facts = EvidenceReader(site.registry.contract.address, FirstOf(grounds)).facts(receipt)
        assert isinstance(facts, FactsUnavailable)
        assert facts.code == "other-block"
    silent = Named(site.named.chain, set())
    for grounds in ([site.named, silent], [silent, site.named]):
        assert isinstance(EvidenceReader(site.registry.contract.address, FirstOf(grounds)).facts(receipt), ChainFacts)


def test_evidence_that_was_changed_never_makes_another_verdict(site: Site) -> None:
    """300 seeded changes of a byte or a node: the verdict is the one of before, or could not be checked."""
    receipts = [site.receipt(index) for index in (30, 256)]
    truth = [site.verdict(receipt).overall for receipt in receipts]
    for seed in range(300):
        draw = random.Random(seed)
        at = draw.randrange(len(receipts))
        evidence = receipts[at].evidence
        assert evidence is not None
        forged = site.verdict(receipts[at].with_evidence(changed(evidence, draw))).overall
        assert forged in (truth[at], Overall.COULD_NOT_BE_CHECKED), seed


def changed(evidence: Evidence, draw: random.Random) -> Evidence:
    """Evidence with one thing in it that is not so."""
    slots = dict(evidence.slots)
    slot, other = draw.sample(sorted(slots), 2)
    match draw.randrange(5):
        case 0:
            return replace(evidence, header=flipped(evidence.header, draw))
        case 1:
            at = draw.randrange(len(evidence.account))
            nodes = list(evidence.account)
            nodes[at] = flipped(nodes[at], draw)
            return replace(evidence, account=nodes)
        case 2:
            slots[slot], slots[other] = slots[other], slots[slot]
        case 3:
            slots[slot] = slots[other]
        case _:
            own = list(slots[slot])
            at = draw.randrange(len(own))
            own[at] = flipped(own[at], draw)
            slots[slot] = own
    return replace(evidence, slots=slots)


def flipped(value: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(value))
    return value[:at] + bytes([value[at] ^ 1 << draw.randrange(8)]) + value[at + 1 :]
