"""What an issuer says of a credential by its digest reaches every verifier, by whichever batch he comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.anchors import AnchorPlace
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import ChainClient
from registry.credential.digest import Digest, DigestMethod
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.errors import ContractReverted
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt
from registry.records import DigestStatus, Purpose, Reason
from registry.verifier.facts import FactsReader, OtherAnchor
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.verdict import ChainFacts, FactsUnavailable, Overall, Trust, Verdict
from tests.registry.chain.worlds import World

DIGESTS = sorted(sha256(bytes([number])).digest() for number in range(3))
GIVEN = DigestMethod.GIVEN
OPERATOR_A, OPERATOR_B = 0, 1
REVOCATION, SUSPENSION = Purpose.REVOCATION, Purpose.SUSPENSION


@dataclass
class Issuer:
    """A new party with two operators, who know nothing of each other."""

    world: World
    contract: CredentialRegistry
    number: int = field(init=False)

    def __post_init__(self) -> None:
        mined = self.send(self.contract.register_party_data("did:web:university.example", bytes(32)))
        (event,) = (each for each in self.contract.decode_events(mined.logs) if each.name == "PartyRegistered")
        self.number = int(event.arguments["party"])
        self.send(self.contract.set_operator_data(self.number, DEVELOPMENT_ACCOUNTS[OPERATOR_B], True))

    def send(self, data: bytes, account: int = OPERATOR_A) -> Any:
        mined = self.world.send(self.contract.address, data, account=account)
        assert mined.succeeded
        return mined

    def anchor(self, digests: list[bytes], account: int) -> Callable[[bytes], Receipt]:
        """Anchor them; from a digest to the receipt of its holder."""
        tree = Tree.build(digests)
        mined = self.send(self.contract.anchor_data(self.number, tree.root, tree.leaf_count), account)
        batch = self.contract.batch(self.number, tree.root)
        assert batch is not None

        def receipt(digest: bytes) -> Receipt:
            index = tree.index_of(digest)
            assert index is not None
            return self.pending(tree, digest).anchored(
                sequence=batch.sequence,
                transaction=mined.hash,
                block_number=batch.block_number,
                block_hash=mined.block_hash,
                timestamp=batch.anchored_at,
            )

        return receipt

    def pending(self, tree: Tree, digest: bytes) -> Receipt:
        """The receipt of a batch that nobody anchored."""
        index = tree.index_of(digest)
        assert index is not None
        return Receipt.of_batch(
            Digest(GIVEN, digest),
            tree.root,
            tree.inclusion(index),
            chain=f"eip155:{self.world.client.chain_id()}",
            contract=self.contract.address,
            issuer=self.number,
        )

    def judged(self, receipt: Receipt) -> Verdict:
        """What a stranger finds who has nothing but a digest, one receipt and an endpoint."""
        verifier = Verifier(
            CredentialRegistry(self.world.client, self.contract.address),
            chain=receipt.anchor.chain,
            known=NothingKnown(),
            trust=Trust(frozenset({self.number})),
            now=datetime.now(UTC),
        )
        return verifier.verify_digest(receipt.digest.value, receipt)

    def status(self, receipt: Receipt) -> tuple[str, str]:
        """Code and text of the verdict's check, which says the same as the contract does itself."""
        check = self.judged(receipt).check("status")
        found = self.contract.status(self.number, receipt.root, receipt.inclusion.leaf_index, receipt.digest_value)
        assert (check.code in ("revoked", "voided")) == found.revoked
        assert (check.code != "in-force") == (found.revoked or found.suspended)
        return check.code, check.text


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, CredentialRegistry]]:
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path_factory.mktemp("digests") / "chain") as chain:
        world = World("embedded", chain.client())
        address, _ = world.deploy_registry()
        yield world, CredentialRegistry(world.client, address)


@pytest.fixture
def issuer(contract: tuple[World, CredentialRegistry]) -> Issuer:
    return Issuer(*contract)


class TestTheSecondOperator:
    """A anchors, and says something of one credential; B, in another data folder, anchors the same ones again."""

    def test_what_is_revoked_stays_revoked(self, issuer: Issuer) -> None:
        mine = issuer.anchor(DIGESTS, OPERATOR_A)
        issuer.send(issuer.contract.revoke_digests_data(issuer.number, [DIGESTS[1]], Reason.OBTAINED_BY_FRAUD))
        theirs = issuer.anchor([*DIGESTS, sha256(b"more").digest()], OPERATOR_B)
        for receipt in (mine, theirs):
            code, text = issuer.status(receipt(DIGESTS[1]))
            assert code == "revoked"
            assert "by its digest, wherever it is anchored, on " in text
            assert "reason: obtained-by-fraud" in text
            assert issuer.status(receipt(DIGESTS[0]))[0] == "in-force"
        assert issuer.judged(theirs(DIGESTS[1])).overall is Overall.NOT_VALID

    def test_what_is_suspended_is_so_until_it_is_lifted(self, issuer: Issuer) -> None:
        issuer.anchor(DIGESTS, OPERATOR_A)
        issuer.send(issuer.contract.suspend_digests_data(issuer.number, DIGESTS[:2], Reason.UNDER_REVIEW))
        theirs = issuer.anchor(DIGESTS[:2], OPERATOR_B)
        code, text = issuer.status(theirs(DIGESTS[0]))
        assert code == "suspended"
        assert "reason: under-review" in text
        lifted = issuer.contract.reinstate_digests_data(issuer.number, DIGESTS[:1], Reason.RESOLVED)
        issuer.send(lifted, OPERATOR_B)
        assert issuer.status(theirs(DIGESTS[0]))[0] == "in-force"
        assert issuer.status(theirs(DIGESTS[1]))[0] == "suspended"

    def test_it_may_be_said_before_anything_is_anchored(self, issuer: Issuer) -> None:
        issuer.send(issuer.contract.revoke_digests_data(issuer.number, [DIGESTS[2]], Reason.ISSUED_IN_ERROR))
        assert issuer.status(issuer.anchor(DIGESTS, OPERATOR_B)(DIGESTS[2]))[0] == "revoked"

    def test_it_is_said_of_what_is_not_anchored_too(self, issuer: Issuer) -> None:
        """Its receipt was made before the batch, which never came, or has not come yet."""
        pending = issuer.pending(Tree.build(DIGESTS), DIGESTS[0])
        assert issuer.judged(pending).check("status").code == "no-status"
        issuer.send(issuer.contract.revoke_digests_data(issuer.number, [DIGESTS[0]], Reason.ISSUED_IN_ERROR))
        verdict = issuer.judged(pending)
        assert (verdict.overall, verdict.check("status").code) == (Overall.NOT_VALID, "revoked")

    def test_a_replacement_does_not_lift_it(self, issuer: Issuer) -> None:
        """What is said of a place is left behind with the place; what is said of the credential is not."""
        old = issuer.anchor(DIGESTS, OPERATOR_A)(DIGESTS[0])
        new = issuer.anchor(DIGESTS[:1], OPERATOR_A)(DIGESTS[0])
        issuer.send(issuer.contract.set_status_data(issuer.number, old.root, REVOCATION, 0, 1, Reason.SUPERSEDED))
        issuer.send(issuer.contract.supersede_data(issuer.number, old.root, 0, new.root, 0))
        assert (issuer.status(old)[0], issuer.status(new)[0]) == ("revoked", "in-force")
        issuer.send(issuer.contract.revoke_digests_data(issuer.number, DIGESTS[:1], Reason.HOLDER_REQUEST))
        assert "holder-request" in issuer.status(new)[1]

    def test_another_partys_word_counts_nothing(
        self, issuer: Issuer, contract: tuple[World, CredentialRegistry]
    ) -> None:
        stranger = Issuer(*contract)
        receipt = issuer.anchor(DIGESTS, OPERATOR_A)(DIGESTS[0])
        stranger.send(stranger.contract.revoke_digests_data(stranger.number, DIGESTS, Reason.KEY_COMPROMISE))
        assert issuer.status(receipt)[0] == "in-force"

    def test_of_batches_that_were_not_looked_at_it_is_told_what_is_known(self, issuer: Issuer) -> None:
        receipt = issuer.anchor(DIGESTS, OPERATOR_A)(DIGESTS[0])
        issuer.anchor(DIGESTS[:2], OPERATOR_B)
        code, text = issuer.status(receipt)
        assert code == "in-force"
        assert "One other batch of this issuer was not looked at: whether its place there was revoked" in text
        assert text.endswith("By its digest, wherever it is anchored, it is neither revoked nor suspended.")


class Counting:
    """The transport of a client; which calls of a function went through it."""

    def __init__(self, client: ChainClient, selector: bytes):
        self._transport = client._transport
        self._selector = f"0x{selector.hex()}"
        self.calls = 0

    def make_request(self, method: str, params: Any) -> Any:
        if method == "eth_call" and params[0].get("data", params[0].get("input", "")).startswith(self._selector):
            self.calls += 1
        return self._transport.make_request(method, params)


class TestHowItIsAsked:
    @pytest.fixture
    def counted(self, issuer: Issuer) -> tuple[FactsReader, Counting]:
        selector = issuer.contract.function("digestStatusesOf")[1].selector
        counting = Counting(issuer.world.client, selector)
        contract = CredentialRegistry(ChainClient(counting), issuer.contract.address)
        return FactsReader(contract), counting

    def facts(self, reader: FactsReader, issuer: Issuer, receipt: Receipt) -> ChainFacts:
        found = reader.facts(issuer.number, receipt.root, receipt.inclusion.leaf_index, receipt.digest_value)
        assert isinstance(found, ChainFacts), found
        return found

    def test_of_many_at_once_as_of_one_block(self, issuer: Issuer, counted: tuple[FactsReader, Counting]) -> None:
        reader, counting = counted
        digests = [sha256(b"many" + bytes([number])).digest() for number in range(250)]
        receipts = issuer.anchor(digests, OPERATOR_A)
        issuer.send(issuer.contract.revoke_digests_data(issuer.number, digests[:2], Reason.ISSUED_IN_ERROR))
        reader.expect(digests)
        first = self.facts(reader, issuer, receipts(digests[0]))
        issuer.send(issuer.contract.revoke_digests_data(issuer.number, digests[2:4], Reason.ISSUED_IN_ERROR))
        found = [self.facts(reader, issuer, receipts(each)) for each in digests]
        assert [each.by_digest is not None and each.by_digest.is_revoked for each in found] == [True] * 2 + [
            False
        ] * 248
        assert {each.as_of for each in found} == {first.as_of}
        assert counting.calls == 3

    def test_once_where_nothing_was_expected(self, issuer: Issuer, counted: tuple[FactsReader, Counting]) -> None:
        reader, counting = counted
        receipts = issuer.anchor(DIGESTS, OPERATOR_A)
        for each in (*DIGESTS, *DIGESTS):
            self.facts(reader, issuer, receipts(each))
        assert counting.calls == len(DIGESTS)

    def test_other_anchors_have_the_same_status(self, issuer: Issuer, counted: tuple[FactsReader, Counting]) -> None:
        reader, counting = counted
        mine, theirs = issuer.anchor(DIGESTS, OPERATOR_A)(DIGESTS[0]), issuer.anchor(DIGESTS[:2], OPERATOR_B)
        issuer.send(issuer.contract.suspend_digests_data(issuer.number, DIGESTS[:1], Reason.UNDER_REVIEW))
        place = AnchorPlace(theirs(DIGESTS[0]).root, theirs(DIGESTS[0]).inclusion.leaf_index)
        found = reader.facts(issuer.number, mine.root, mine.inclusion.leaf_index, DIGESTS[0], [OtherAnchor(place, 2)])
        assert isinstance(found, ChainFacts)
        (other,) = found.others
        assert found.by_digest is not None
        assert found.by_digest.is_suspended
        assert other.by_digest == found.by_digest
        assert counting.calls == 1


LIES: dict[str, Callable[[list[DigestStatus]], list[tuple[int, int, int, int]] | bytes]] = {
    "none of them": lambda told: [],
    "one too many": lambda told: [(0, 0, 0, 0)] * (len(told) + 1),
    "a reason that there is not": lambda told: [(1, 200, 0, 0)] * len(told),
    "a time that has not come": lambda told: [(2**40, 0, 0, 0)] * len(told),
    "nothing": lambda told: b"",
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_cannot_be_true_is_none(issuer: Issuer, lie: str) -> None:
    """And no verdict is favourable by it."""
    from eth_abi.abi import encode

    receipt = issuer.anchor(DIGESTS, OPERATOR_A)(DIGESTS[0])
    transport, selector = issuer.world.client._transport, issuer.contract.function("digestStatusesOf")[1].selector

    class Lying:
        def make_request(self, method: str, params: Any) -> Any:
            if method != "eth_call" or not params[0].get("data", params[0].get("input", "")).startswith(
                f"0x{selector.hex()}"
            ):
                return transport.make_request(method, params)
            told = LIES[lie]([DigestStatus()])
            encoded = told if isinstance(told, bytes) else encode(["(uint48,uint8,uint48,uint8)[]"], [told])
            return {"result": f"0x{encoded.hex()}"}

    verifier = Verifier(
        CredentialRegistry(ChainClient(Lying()), issuer.contract.address),
        chain=receipt.anchor.chain,
        known=NothingKnown(),
        trust=Trust(frozenset({issuer.number})),
        now=datetime.now(UTC),
    )
    verdict = verifier.verify_digest(receipt.digest.value, receipt)
    assert verdict.overall is Overall.COULD_NOT_BE_CHECKED
    assert verdict.check("status").code in ("chain-garbage", "facts-contradict")


# Whatever is done, in whichever order

Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["revoke", "suspend", "clear", "revoke digest", "suspend digest", "reinstate digest", "void"]),
        st.integers(0, 1),
        st.integers(0, 2),
    ),
    max_size=9,
)


def data_of(issuer: Issuer, step: Step, roots: list[bytes]) -> bytes:
    """The transaction of a step: what, in which batch, of which credential."""
    what, batch, leaf = step
    contract, number, root, digest = issuer.contract, issuer.number, roots[batch], DIGESTS[leaf]
    made: dict[str, Callable[[], bytes]] = {
        "revoke": lambda: contract.set_status_data(number, root, REVOCATION, 0, 1 << leaf, Reason.UNSPECIFIED),
        "suspend": lambda: contract.set_status_data(number, root, SUSPENSION, 0, 1 << leaf, Reason.UNDER_REVIEW),
        "clear": lambda: contract.clear_suspension_data(number, root, 0, 1 << leaf, Reason.RESOLVED),
        "revoke digest": lambda: contract.revoke_digests_data(number, [digest], Reason.ISSUED_IN_ERROR),
        "suspend digest": lambda: contract.suspend_digests_data(number, [digest], Reason.UNDER_REVIEW),
        "reinstate digest": lambda: contract.reinstate_digests_data(number, [digest], Reason.RESOLVED),
        "void": lambda: contract.void_batch_data(number, root, Reason.KEY_COMPROMISE),
    }
    return made[what]()


def _refusal(issuer: Issuer, call: bytes) -> str | None:
    """What the contract would say to a transaction; None where it takes it."""
    try:
        issuer.world.client.call(issuer.contract.address, call, sender=DEVELOPMENT_ACCOUNTS[OPERATOR_A])
    except ContractReverted as refusal:
        return refusal.error
    return None


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_a_verdict_says_of_each_place_what_the_contract_says(
    contract: tuple[World, CredentialRegistry], steps: list[Step]
) -> None:
    """A stranger who knows of one batch alone: the contract, asked for the place and the digest, is no wiser."""
    issuer = Issuer(*contract)
    batches = [issuer.anchor(DIGESTS, OPERATOR_A), issuer.anchor([*DIGESTS, b"\xff" * 32], OPERATOR_B)]
    receipts = [[receipt(digest) for digest in DIGESTS] for receipt in batches]
    roots = [some[0].root for some in receipts]
    for step in steps:
        call = data_of(issuer, step, roots)
        refused = _refusal(issuer, call)
        assert refused in (None, "StatusUnchanged", "DigestsUnchanged", "BatchIsVoided")
        if refused is None:
            issuer.send(call)
    for batch, leaf in product(range(2), range(3)):
        issuer.status(receipts[batch][leaf])


def test_an_endpoint_that_fails_over_it_gives_no_facts(issuer: Issuer) -> None:
    receipt = issuer.anchor(DIGESTS, OPERATOR_A)(DIGESTS[0])
    transport, selector = issuer.world.client._transport, issuer.contract.function("digestStatusesOf")[1].selector

    class Failing:
        def make_request(self, method: str, params: Any) -> Any:
            asked = method == "eth_call" and selector.hex() in params[0].get("data", params[0].get("input", ""))
            return {"error": {"code": -32000, "message": "no"}} if asked else transport.make_request(method, params)

    reader = FactsReader(CredentialRegistry(ChainClient(Failing()), issuer.contract.address))
    found = reader.facts(issuer.number, receipt.root, receipt.inclusion.leaf_index, receipt.digest_value)
    assert isinstance(found, FactsUnavailable)
