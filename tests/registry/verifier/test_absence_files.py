"""Files that prove an absence by themselves: what they show of a real chain, and what forged ones never show."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from registry.chain.agreement import agreed_block
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition, editions, first, second
from registry.chain.rpc.client import ChainClient
from registry.errors import ChainUnavailable, EvidenceError
from registry.merkle import treefile
from registry.merkle.proof import AbsenceProof, InclusionProof, Neighbour
from registry.merkle.tree import Tree
from registry.proofs.header import read_header
from registry.proofs.notes import KeyKind, SignedNote, SignerKey
from registry.verifier.absence_files import answers_of, gather_batches
from registry.verifier.grounds import ByEndpoints, Grounds
from registry.verify.absence import Absence, AbsenceVerdict, Proof
from registry.verify.absence_file import (
    MOST_BATCHES,
    AbsenceFile,
    BatchProofs,
    absence_schema,
    check_bounds,
    is_absence,
)
from registry.verify.attestation import Attestation, SignedAttestation
from registry.verify.policy import KnownAuditor
from registry.verify.verdict import Basis, Ground
from tests.registry.chain.worlds import World
from tests.registry.verifier.lies import Honest, together

SCHEMA = Path(__file__).parents[3] / "registry/schemas/absence.schema.json"
SIZES = (9, 1, 64)
NEVER = sha256(b"never anchored by anybody").digest()
AUDITOR_KEY = SignerKey.new("auditor.example", KeyKind.NOTE)
AUDITOR = KnownAuditor(name="Auditors of Examples", key=str(AUDITOR_KEY.verifier))


@dataclass
class Issued:
    """A registry in which an issuer has three batches, another one has a batch, and a third one an unsorted one."""

    world: World
    edition: Edition

    def __post_init__(self) -> None:
        if not self.world.client.code(self.edition.address):
            self.world.deploy_registry(self.edition)
        self.contract = CredentialRegistry(self.world.client, self.edition.address)
        self.chain_id = self.world.client.chain_id()
        self.issuer = self.registered()
        self.trees = [self.anchored(self.issuer, self.leaves(size, size)) for size in SIZES]
        self.other = self.registered()
        self.others = self.anchored(self.other, self.leaves(5, 777))

    def leaves(self, count: int, salt: int) -> list[bytes]:
        return [sha256(b"%d %d %d" % (self.issuer, salt, number)).digest() for number in range(count)]

    def call(self, function: str, *arguments: Any) -> None:
        data = self.edition.registry.functions[function].encode(*arguments)
        assert self.world.send(self.contract.address, data).succeeded

    def registered(self) -> int:
        self.call("registerParty", "did:web:university.example", bytes(32))
        return self.contract.party_count()

    def anchored(self, issuer: int, digests: list[bytes]) -> Tree:
        tree = Tree.build(digests)
        self.call("anchor", issuer, tree.root, tree.leaf_count)
        return tree

    @property
    def issued(self) -> set[bytes]:
        return {leaf for tree in self.trees for leaf in tree.leaves()}

    def file(self, *digests: bytes, trees: list[Tree] | None = None, attested: bool = True) -> AbsenceFile:
        trees = self.trees if trees is None else trees
        block = agreed_block(self.world.client, 1).block
        gathered = gather_batches(self.contract, self.chain_id, self.issuer, [tree.root for tree in trees], block)
        by_root = {tree.root: tree for tree in trees}
        file = AbsenceFile(
            tuple(digests),
            f"eip155:{self.chain_id}",
            self.contract.address.lower(),
            self.issuer,
            gathered.evidence,
            tuple(
                BatchProofs(batch.root, tuple(proof(by_root[batch.root], digest) for digest in digests))
                for batch in gathered.batches
            ),
        )
        return replace(file, attestations=(attestation(file, AUDITOR_KEY),)) if attested else file

    def ask(self, file: AbsenceFile, grounds: Grounds | None = None, **given: Any) -> AbsenceVerdict:
        auditors = given.pop("auditors", [AUDITOR])
        given.setdefault("registries", [self.contract.address])
        grounds = grounds or ByEndpoints(self.world.client, 1)
        (verdict, *_) = answers_of(AbsenceFile.of(file.to_bytes()), grounds, auditors=auditors, **given)
        return verdict


def proof(tree: Tree, digest: bytes) -> Proof:
    index = tree.index_of(digest)
    return tree.absence(digest) if index is None else tree.inclusion(index)


def attestation(file: AbsenceFile, key: SignerKey, **changed: Any) -> SignedAttestation:
    """What an auditor says of all batches of a file."""
    header = read_header(file.evidence.header)
    counts = {each.root: each.proofs[0].leaf_count for each in file.batches if each.proofs[0]}
    said = replace(Attestation(file.chain, file.contract, file.issuer, header.number, header.hash, counts), **changed)
    return SignedAttestation(said, SignedNote(said.text, (key.sign(said.text, datetime.now(UTC)),)))


@pytest.fixture(scope="module", params=[first, second], ids=["first edition", "second edition"])
def issued(world: World, request: pytest.FixtureRequest) -> Issued:
    return Issued(world, request.param())


@pytest.fixture
def own(embedded: World) -> Issued:
    """One that a test may change."""
    return Issued(embedded, second())


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    """One that no test changes."""
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path_factory.mktemp("steady") / "chain") as chain:
        yield Issued(World("embedded", chain.client()), second())


class Believing:
    """Grounds of a test: every block is one of the chain."""

    def __init__(self, chain: str):
        self.chain = chain

    def basis_of(self, header: bytes) -> Basis:
        assert header
        return Basis(Ground.CHECKPOINT, 1, 1, ("a witness",))


class Nobody(Believing):
    """Grounds of a test: nobody says so."""

    def basis_of(self, header: bytes) -> Basis:
        raise EvidenceError(f"nobody signed it ({len(header)} bytes)", code="checkpoint-missing")


# What a file shows


def test_a_file_shows_what_the_chain_says(issued: Issued) -> None:
    # Of a young anvil nothing is final.
    young = issued.world.name == "anvil"
    grounds = Believing(f"eip155:{issued.chain_id}") if young else ByEndpoints(issued.world.client, 1)
    file = issued.file(NEVER)
    verdict = issued.ask(file, grounds)
    assert (verdict.outcome, verdict.code, verdict.exit_code) == (Absence.ABSENT, "absent", 0), verdict.text
    assert verdict.as_of is not None
    header = read_header(file.evidence.header)
    assert (verdict.as_of.number, verdict.as_of.hash) == (header.number, header.hash)
    assert f"up to block {header.number} of " in verdict.text
    assert "attested by Auditors of Examples." in verdict.text
    assert verdict.basis is not None
    assert verdict.basis.proved
    for tree in issued.trees:
        there = issued.ask(issued.file(tree.leaf(0)), grounds)
        assert (there.outcome, there.exit_code) == (Absence.PRESENT, 1)


def test_without_an_attestation_the_order_is_said_to_be_open(steady: Issued) -> None:
    verdict = steady.ask(steady.file(NEVER, attested=False))
    assert (verdict.outcome, verdict.code, verdict.exit_code) == (
        Absence.COULD_NOT_BE_CHECKED,
        "absent-if-sorted",
        2,
    )
    assert verdict.sequences == (1, 2, 3)
    # One that is there is there, whatever the order is.
    assert steady.ask(steady.file(steady.trees[0].leaf(3), attested=False)).outcome is Absence.PRESENT


def test_an_issuer_without_batches_has_none_up_to_the_block(own: Issued) -> None:
    own.issuer, own.trees = own.registered(), []
    verdict = own.ask(own.file(NEVER))
    assert (verdict.outcome, verdict.code) == (Absence.ABSENT, "no-batches")
    with pytest.raises(EvidenceError, match="no party 99"):
        gather_batches(own.contract, own.chain_id, 99, [], agreed_block(own.world.client, 1).block)


def test_evidence_of_an_older_block_is_true_of_that_block_alone(own: Issued) -> None:
    old = own.file(NEVER)
    tree = own.anchored(own.issuer, [NEVER])
    before, after = own.ask(old), own.ask(own.file(NEVER, trees=[*own.trees, tree]))
    assert (before.outcome, after.outcome) == (Absence.ABSENT, Absence.PRESENT)
    assert before.as_of is not None
    assert after.as_of is not None
    assert f"up to block {before.as_of.number} of" in before.text
    assert before.as_of.number < after.as_of.number
    # The old sequence does not go with the new evidence.
    assert own.ask(own.file(NEVER)).code == "batch-missing"


def test_several_digests_have_an_answer_each(steady: Issued) -> None:
    there = steady.trees[2].leaf(7)
    file = AbsenceFile.of(steady.file(NEVER, there).to_bytes())
    grounds = ByEndpoints(steady.world.client, 1)
    answers = answers_of(file, grounds, auditors=[AUDITOR], registries=[steady.contract.address])
    assert [(each.digest, each.outcome) for each in answers] == [(NEVER, Absence.ABSENT), (there, Absence.PRESENT)]


# Forged in one place


def adjacent_no_more(tree: Tree, digest: bytes) -> AbsenceProof:
    """Neighbours that are leaves of the tree, with the digest between them, and others between them as well."""
    leaves = list(tree.leaves())
    found = tree.absence(digest)
    low = max(0, (found.upper.proof.leaf_index if found.upper else len(leaves)) - 2)
    high = min(len(leaves) - 1, (found.lower.proof.leaf_index if found.lower else -1) + 2)
    return AbsenceProof(
        tree.leaf_count, Neighbour(leaves[low], tree.inclusion(low)), Neighbour(leaves[high], tree.inclusion(high))
    )


def between(tree: Tree) -> bytes:
    """A digest that lies in the middle of a tree and is not there."""
    leaves = list(tree.leaves())
    return (int.from_bytes(leaves[len(leaves) // 2], "big") + 1).to_bytes(32, "big")


def with_proof(file: AbsenceFile, place: int, forged: Proof | None) -> AbsenceFile:
    batches = list(file.batches)
    batches[place] = replace(batches[place], proofs=(forged,))
    return replace(file, batches=tuple(batches))


def test_a_batch_that_is_left_out_is_missed(steady: Issued) -> None:
    file = steady.file(NEVER)
    for place, gone in enumerate(file.batches):
        rest = tuple(each for each in file.batches if each is not gone)
        verdict = steady.ask(replace(file, batches=rest))
        assert (verdict.code, verdict.exit_code) == ("evidence-missing", 2)
        # With its slot left out as well.
        roots = [tree for tree in steady.trees if tree.root != gone.root]
        verdict = steady.ask(steady.file(NEVER, trees=roots))
        assert (verdict.code, verdict.sequences) == ("batch-missing", (place + 1,))


def test_roots_that_the_issuer_never_anchored_take_no_ones_place(steady: Issued) -> None:
    """Of another issuer, or of nobody: their slots are empty under this issuer's number."""
    from registry.chain.layout import slots_of

    made_up = Tree.build([sha256(b"made up").digest()])
    block = agreed_block(steady.world.client, 1).block
    slots = slots_of(steady.edition)
    for stranger in (steady.others, made_up):
        honest = steady.file(NEVER, trees=steady.trees[:2])
        wanted = [*honest.evidence.slots, slots.batch(steady.issuer, stranger.root)]
        evidence = steady.world.client.evidence(steady.contract.address, wanted, block.number)
        batches = (*honest.batches, BatchProofs(stranger.root, (stranger.absence(NEVER),)))
        verdict = steady.ask(replace(honest, evidence=evidence, batches=batches))
        assert (verdict.code, verdict.sequences) == ("batch-missing", (3,))


def test_proofs_that_do_not_hold_are_refused(steady: Issued) -> None:
    tree = steady.trees[2]
    digest = between(tree)
    file = steady.file(digest)
    good = tree.absence(digest)
    assert steady.ask(file).outcome is Absence.ABSENT
    assert good.lower is not None
    one_more = replace(
        good,
        leaf_count=65,
        lower=replace(good.lower, proof=replace(good.lower.proof, leaf_count=65)),
        upper=None,
    )
    for name, forged in {
        "not adjacent": adjacent_no_more(tree, digest),
        "of another batch": steady.trees[0].absence(digest),
        "another count": one_more,
        "no upper one": replace(good, upper=None),
        "a neighbour that is no leaf": replace(good, lower=replace(good.lower, digest=bytes(32))),
        "an inclusion of another": tree.inclusion(0),
    }.items():
        verdict = steady.ask(with_proof(file, 2, forged))
        assert (verdict.code, verdict.sequences) == ("proof-refused", (3,)), name
    assert steady.ask(with_proof(file, 2, None)).code == "proof-missing"


def test_a_tree_that_is_not_sorted_is_not_attested_and_so_not_absent(own: Issued) -> None:
    leaves = sorted(own.leaves(3, 3))
    leaves = [leaves[0], leaves[2], leaves[1]]
    with treefile.lay_out([b"".join(leaves)]) as data:
        root = bytes(data[-32:])
    own.call("anchor", own.issuer, root, 3)
    # Two neighbours of an unsorted tree, with a digest that is the third.
    from registry.merkle.proof import node_hash

    pair = node_hash(leaves[0], leaves[1])
    hidden = leaves[2]
    lower = Neighbour(leaves[0], InclusionProof(0, 3, (leaves[1], leaves[2])))
    upper = Neighbour(leaves[1], InclusionProof(1, 3, (leaves[0], leaves[2])))
    assert node_hash(pair, hidden) == root
    block = agreed_block(own.world.client, 1).block
    roots = [*(tree.root for tree in own.trees), root]
    gathered = gather_batches(own.contract, own.chain_id, own.issuer, roots, block)
    honest = own.file(hidden)
    forged = replace(
        honest,
        evidence=gathered.evidence,
        batches=(*honest.batches, BatchProofs(root, (AbsenceProof(3, lower, upper),))),
    )
    verdict = own.ask(forged)
    assert (verdict.outcome, verdict.code, verdict.sequences) == (
        Absence.COULD_NOT_BE_CHECKED,
        "absent-if-sorted",
        (4,),
    )


# Forged evidence, chains and contracts


def test_evidence_of_others_is_not_this_registrys(steady: Issued) -> None:
    file = steady.file(NEVER)
    for forged, code in (
        (replace(file, contract="0x" + "ab" * 20), "other-contract"),
        (replace(file, evidence=replace(file.evidence, address=b"\xab" * 20)), "other-contract"),
        (replace(file, contract=first().address.lower()), "other-contract"),
        (replace(file, chain="eip155:1"), "other-chain"),
        (replace(file, issuer=steady.other), "evidence-missing"),
        (replace(file, issuer=999), "evidence-missing"),
    ):
        verdict = steady.ask(forged)
        assert (verdict.outcome, verdict.code) == (Absence.COULD_NOT_BE_CHECKED, code)
    believed = Believing("eip155:1")
    assert steady.ask(replace(file, chain="eip155:1"), believed).code == "wrong-code"


def test_another_contract_at_another_address_counts_for_who_names_it_alone(own: Issued) -> None:
    """The same code made by somebody's own deployer: its storage may have begun with anything."""
    salt = sha256(b"a copy").digest()
    address, _ = own.world.deploy(own.edition.registry.initcode, salt)
    own.contract = CredentialRegistry(own.world.client, address)
    own.issuer = own.registered()
    own.trees = [own.anchored(own.issuer, own.leaves(4, 1))]
    file = own.file(NEVER)
    for asked in editions():
        # Nor does the other edition's registry at its own address: its parties are others.
        assert own.ask(file, registries=[asked.address]).code == "other-contract"
    assert own.ask(file, registries=[address]).outcome is Absence.ABSENT


def test_other_code_proves_nothing(own: Issued) -> None:
    address, _ = own.world.deploy(bytes.fromhex("600a600c600039600a6000f3602a60005260206000f3"), bytes(32))
    file = own.file(NEVER)
    block = agreed_block(own.world.client, 1).block
    evidence = own.world.client.evidence(address, list(file.evidence.slots), block.number)
    forged = replace(file, contract=address.lower(), evidence=evidence)
    assert own.ask(forged, registries=[address]).code == "wrong-code"


def test_a_block_that_nobody_names_is_not_believed(steady: Issued) -> None:
    file = steady.file(NEVER)
    verdict = steady.ask(file, Nobody(file.chain))
    assert (verdict.outcome, verdict.code, verdict.as_of) == (
        Absence.COULD_NOT_BE_CHECKED,
        "checkpoint-missing",
        None,
    )
    honest = Honest(steady.world.client, "https://one.example")

    class Other(Honest):
        def make_request(self, method: str, params: Any) -> Any:
            answer = super().make_request(method, params)
            if method == "eth_getBlockByNumber" and answer["result"] and int(answer["result"]["number"], 16):
                return {"result": {**answer["result"], "hash": "0x" + "ab" * 32}}
            return answer

    class Early(Honest):
        def make_request(self, method: str, params: Any) -> Any:
            if method == "eth_getBlockByNumber" and params[0] == "finalized":
                return super().make_request(method, ["0x1", False])
            return super().make_request(method, params)

    other, early = Other(steady.world.client, "https://two.example"), Early(steady.world.client, "https://x.example")
    for client, quorum, code in (
        (together(honest), 2, "no-quorum"),
        (together(honest, other), 2, "endpoints-differ"),
        (together(honest, other), 1, "endpoints-differ"),
        (together(other), 1, "other-block"),
        (together(early), 1, "not-final"),
        (together(honest, early), 2, "not-final"),
    ):
        assert steady.ask(file, ByEndpoints(client, quorum)).code == code
    named = steady.ask(file, ByEndpoints(together(honest, Honest(steady.world.client, "https://two.example")), 2))
    assert named.outcome is Absence.ABSENT
    assert "named by 2 of 2 endpoints" in named.text


def test_a_chain_that_does_not_answer_is_an_answer(steady: Issued) -> None:
    class Silent(Honest):
        def make_request(self, method: str, params: Any) -> Any:
            raise ChainUnavailable(f"{method} of {len(params)}: no answer from secret-host", where="secret-host")

    silent = ChainClient(Silent(steady.world.client, "silent"), where="silent")
    verdict = steady.ask(steady.file(NEVER), ByEndpoints(silent, 1))
    assert (verdict.exit_code, verdict.code) == (2, "chain-unavailable")
    assert "secret-host" not in verdict.text
    assert "secret-host" in (verdict.detail or "")


# Whose word on the order counts


def test_attestations_count_by_whom_and_of_what_they_are(steady: Issued) -> None:
    file = steady.file(NEVER, attested=False)
    stranger = SignerKey.new("auditor.example", KeyKind.NOTE)
    good = attestation(file, AUDITOR_KEY)
    counts = dict(good.attestation.leaf_counts)
    largest = max(counts, key=lambda root: counts[root])

    def ask(*attestations: SignedAttestation) -> AbsenceVerdict:
        return steady.ask(replace(file, attestations=attestations))

    assert ask(good).outcome is Absence.ABSENT
    assert ask(attestation(file, stranger), good).outcome is Absence.ABSENT
    for name, given in {
        "a stranger's": attestation(file, stranger),
        "of another chain": attestation(file, AUDITOR_KEY, chain="eip155:1"),
        "of another contract": attestation(file, AUDITOR_KEY, contract="0x" + "ab" * 20),
        "of another issuer": attestation(file, AUDITOR_KEY, issuer=steady.other),
        "of another count": attestation(file, AUDITOR_KEY, leaf_counts={**counts, largest: 65}),
    }.items():
        assert ask(given).code == "absent-if-sorted", name
    part = attestation(file, AUDITOR_KEY, leaf_counts={root: counts[root] for root in counts if root != largest})
    assert ask(part).sequences == (3,)
    rest = attestation(file, AUDITOR_KEY, leaf_counts={largest: counts[largest]})
    assert ask(part, rest).outcome is Absence.ABSENT
    assert steady.ask(replace(file, attestations=(good,)), auditors=[]).code == "absent-if-sorted"
    broken = SignedAttestation(part.attestation, SignedNote(part.note.text, good.note.signatures))
    assert ask(broken).code == "note-signature"


# The form


def test_the_form_is_the_published_schema(steady: Issued) -> None:
    published = json.loads(SCHEMA.read_text())
    assert published == absence_schema(), "run scripts/build_schemas.py"
    jsonschema.Draft202012Validator.check_schema(published)
    for file in (steady.file(NEVER, steady.trees[0].leaf(0)), with_proof(steady.file(NEVER), 0, None)):
        jsonschema.validate(json.loads(file.to_bytes()), published)
        assert AbsenceFile.of(file.to_bytes()) == file
        assert is_absence(file.to_bytes())


def test_bounds_are_looked_at_before_anything_else(steady: Issued) -> None:
    for counts in ((0, 1, 0), (101, 1, 0), (1, MOST_BATCHES + 1, 0), (1, 1, 101)):
        with pytest.raises(EvidenceError) as refused:
            check_bounds(*counts)
        assert refused.value.code == "absence-size"
    with pytest.raises(EvidenceError) as refused:
        AbsenceFile.of(b" " * (1 << 26))
    assert refused.value.code == "absence-size"
    content = steady.file(NEVER).to_dict()
    for changed, code in (
        ({"version": 1}, "absence-version"),
        ({"version": True}, "absence-version"),
        ({"more": 1}, "absence-form"),
        ({"type": "TestamurReceipt"}, "absence-form"),
        ({"digests": [NEVER.hex(), NEVER.hex()]}, "absence-form"),
        ({"digests": [NEVER.hex().upper()]}, "absence-form"),
        ({"batches": content["batches"] * 2}, "absence-form"),
        ({"issuer": 0}, "absence-form"),
        ({"issuer": True}, "absence-form"),
        ({"chain": "eip155:01"}, "absence-form"),
        ({"attestations": [1]}, "absence-form"),
        ({"attestations": ["no note"]}, "note-form"),
        ({"evidence": {}}, "evidence-form"),
    ):
        with pytest.raises(EvidenceError) as refused:
            AbsenceFile.of(json.dumps(content | changed).encode())
        assert refused.value.code == code, changed
    with pytest.raises(EvidenceError) as refused:
        AbsenceFile.of(b'{"type": "TestamurAbsence", "type": "TestamurAbsence"}')
    assert refused.value.code == "absence-form"
    assert not is_absence(b'{"type": ["TestamurAbsence"]}')
    assert not is_absence(b'"TestamurAbsence')


# A service that lies


def changed(value: Any, chance: random.Random) -> Any:
    """The same JSON with one thing changed."""
    if isinstance(value, dict) and value:
        name = chance.choice(sorted(value))
        if chance.random() < 0.05:
            return {key: each for key, each in value.items() if key != name}
        return {**value, name: changed(value[name], chance)}
    if isinstance(value, list) and value:
        place = chance.randrange(len(value))
        what = chance.random()
        if what < 0.2:
            return [*value[:place], *value[place + 1 :]]
        if what < 0.3:
            return [*value, value[place]]
        if what < 0.4:
            return sorted(value, key=lambda each: (chance.random(), str(each)))
        return [*value[:place], changed(value[place], chance), *value[place + 1 :]]
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 7])
    if isinstance(value, str) and value:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice("0123456789abcdefx\n") + value[place + 1 :]
    return value


def forgeries(steady: Issued) -> list[AbsenceFile]:
    """Files about credentials that were issued, each with a proof of absence from another batch for theirs."""
    found = []
    for place, tree in enumerate(steady.trees):
        digest = tree.leaf(tree.leaf_count // 2)
        for other in (*steady.trees, steady.others):
            if other.index_of(digest) is None:
                found.append(with_proof(steady.file(digest), place, other.absence(digest)))
    return found


def test_no_file_altered_in_one_place_says_a_wrong_absent(steady: Issued) -> None:
    about, issued = steady.file(NEVER).to_dict(), steady.issued
    there = forgeries(steady)
    for file in there:
        assert steady.ask(file).outcome is Absence.COULD_NOT_BE_CHECKED
    bases = [about, *(file.to_dict() for file in there)]
    grounds = ByEndpoints(steady.world.client, 1)
    told, refused = 0, 0
    for seed in range(300):
        chance = random.Random(seed)
        content = changed(about if seed % 2 else chance.choice(bases), chance)
        try:
            file = AbsenceFile.of(json.dumps(content).encode())
        except EvidenceError:
            refused += 1
            continue
        for verdict in answers_of(file, grounds, auditors=[AUDITOR], registries=[steady.contract.address]):
            told += 1
            if verdict.outcome is Absence.ABSENT:
                assert verdict.issuer == steady.issuer, seed
                assert verdict.digest not in issued, seed
                assert {each.root for each in file.batches} == {tree.root for tree in steady.trees}, seed
                assert verdict.as_of is not None
                there_then = steady.world.client.block(verdict.as_of.number)
                assert there_then is not None
                assert there_then.hash == verdict.as_of.hash
    assert refused > 50
    assert told > 50


def test_leaves_ascend_in_the_trees_of_these_tests(steady: Issued) -> None:
    for tree in steady.trees:
        assert all(lower < upper for lower, upper in pairwise(tree.leaves()))
