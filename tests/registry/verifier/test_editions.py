"""Which edition of the registry is read: by its address, else by its code; and endpoints that say something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition, first, second
from registry.chain.ledger import read_ledger
from registry.chain.rpc.client import ChainClient
from registry.chain.storage import Storage
from registry.credential.digest import Digest, DigestMethod
from registry.errors import ChainUnavailable, WrongChain
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt
from registry.records import Reason
from registry.verifier.facts import FactsReader
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.policy import KnownParty, Policy
from registry.verify.verdict import ChainFacts, FactsUnavailable, Overall, Trust, Verdict
from tests.registry.chain.worlds import World

DIGEST = b"\x0d" * 32
TREE = Tree.build([DIGEST, b"\x0e" * 32])
OTHER_SALT = b"of somebody else".ljust(32, b"\0")
CODE, CALL = "eth_getCode", "eth_call"
Fault = Callable[[str, Any, Any], Any]


class Told:
    """The transport of a client, of which a test changes what it answers."""

    def __init__(self, client: ChainClient, fault: Fault):
        self._transport, self._fault = client._transport, fault

    def make_request(self, method: str, params: Any) -> Any:
        return self._fault(method, params, self._transport.make_request(method, params))


def code_of(edition: Edition) -> Fault:
    """The endpoint says that every code is that of this edition's registry."""

    def fault(method: str, _params: Any, answer: Any) -> Any:
        return {"result": f"0x{edition.registry.deployed_code.hex()}"} if method == CODE else answer

    return fault


def honest(_method: str, _params: Any, answer: Any) -> Any:
    return answer


class ByHand:
    """A registry that somebody deployed with a salt of his own, with a batch of party 1."""

    def __init__(self, world: World, edition: Edition, salt: bytes = OTHER_SALT):
        self.world, self.edition = world, edition
        self.address, _ = world.deploy(edition.registry.initcode, salt)
        self.send("registerParty", "did:web:university.example", bytes(32))
        self.send("anchor", 1, TREE.root, TREE.leaf_count)

    def send(self, function: str, *arguments: object) -> None:
        assert self.world.send(self.address, self.edition.function(function).encode(*arguments)).succeeded

    def revoke(self) -> None:
        """By digest where it can be said, else by place."""
        if self.edition.has_digest_statuses:
            self.send("revokeDigests", 1, [DIGEST], int(Reason.ISSUED_IN_ERROR))
        else:
            self.send("setStatus", 1, TREE.root, 0, 0, 1, int(Reason.ISSUED_IN_ERROR))

    def contract(self, fault: Fault = honest) -> CredentialRegistry:
        return CredentialRegistry(ChainClient(Told(self.world.client, fault)), self.address)

    def verdict(self, contract: CredentialRegistry, policy: Policy | None = None) -> Verdict:
        chain = f"eip155:{self.world.client.chain_id()}"
        receipt = Receipt.of_batch(
            Digest(DigestMethod.GIVEN, DIGEST),
            TREE.root,
            TREE.inclusion(0),
            chain=chain,
            contract=self.address,
            issuer=1,
        )
        verifier = Verifier(
            contract,
            chain=chain,
            known=NothingKnown(),
            trust=Trust(frozenset({1})),
            now=datetime.now(UTC),
            policy=policy,
        )
        return verifier.verify_digest(DIGEST.hex(), receipt)


@pytest.mark.parametrize("edition", [first(), second()], ids=["first", "second"])
class TestDeployedByHand:
    def test_is_known_by_its_code_and_proved_by_its_deployment(self, embedded: World, edition: Edition) -> None:
        made = ByHand(embedded, edition)
        contract = made.contract()
        contract.verify_code()
        assert contract.edition is edition
        verdict = made.verdict(contract)
        assert {check.name: check.code for check in verdict.checks}["anchor"] == "practice-chain", "and not unproved"
        assert verdict.check("status").code == "in-force"
        made.revoke()
        assert made.verdict(made.contract()).check("status").code == "revoked"

    def test_whose_code_is_said_to_be_the_other_editions_is_not_judged(self, embedded: World, edition: Edition) -> None:
        """Read by the interface of the first, what was revoked by digest would be passed over."""
        made = ByHand(embedded, edition)
        lie = code_of(second() if edition is first() else first())
        before = made.verdict(made.contract(lie))
        made.revoke()
        for verdict in (before, made.verdict(made.contract(lie))):
            assert verdict.overall is Overall.COULD_NOT_BE_CHECKED
            assert verdict.check("status").outcome == "unknown"

    def test_whose_code_is_nobodys_is_refused(self, embedded: World, edition: Edition) -> None:
        def fault(method: str, _params: Any, answer: Any) -> Any:
            return {"result": "0x60016002"} if method == CODE else answer

        with pytest.raises(WrongChain) as refusal:
            ByHand(embedded, edition).contract(fault).verify_code()
        assert refusal.value.code == "wrong-code"


@pytest.mark.parametrize("lie", [first(), second()], ids=["first", "second"])
@pytest.mark.parametrize("edition", [first(), second()], ids=["first", "second"])
def test_at_its_own_address_the_code_is_not_asked(embedded: World, edition: Edition, lie: Edition) -> None:
    """Which code is there follows from the address; whoever checks the code says that another is told."""
    made = ByHand(embedded, edition, edition.salt)
    assert made.address == edition.address
    made.revoke()
    contract = made.contract(code_of(lie))
    assert contract.edition is edition
    assert made.verdict(contract).check("status").code == "revoked"
    if lie is not edition:
        with pytest.raises(WrongChain) as refusal:
            made.contract(code_of(lie)).verify_code()
        assert refusal.value.code == "wrong-code"


def test_an_endpoint_that_does_not_tell_the_code_is_asked_again(embedded: World) -> None:
    """What could not be read is not taken for an answer."""
    made, answers = ByHand(embedded, first()), iter([True, False])

    def fault(method: str, _params: Any, answer: Any) -> Any:
        failing = method == CODE and next(answers, False)
        return {"error": {"code": -32000, "message": "not now"}} if failing else answer

    reader = FactsReader(made.contract(fault))
    assert isinstance(reader.facts(1, TREE.root, 0, DIGEST), FactsUnavailable)
    found = reader.facts(1, TREE.root, 0, DIGEST)
    assert isinstance(found, ChainFacts)
    assert found.by_digest is None


class TestAccreditationsThatNobodyDeployed:
    """Anybody may deploy one contract of the two; the other is then not there."""

    BODY = Policy(bodies=(KnownParty(party=2, name="Agency"),))

    @pytest.mark.parametrize("salt", [second().salt, OTHER_SALT], ids=["usual", "by hand"])
    def test_are_none(self, embedded: World, salt: bytes) -> None:
        made = ByHand(embedded, second(), salt)
        contract = made.contract()
        assert not embedded.client.code(contract.accreditations_address)
        contract.verify_code()
        assert (contract.accreditation_count(), read_ledger(contract).accreditations) == (0, ())
        block = embedded.client.block("latest")
        assert block is not None
        assert Storage(contract, block.number).count("accreditationCount") == 0

    def test_a_policy_says_that_none_is_on_record(self, embedded: World) -> None:
        made = ByHand(embedded, second())
        for require, overall in ((False, Overall.VALID_WITH_WARNING), (True, Overall.NOT_VALID)):
            verdict = made.verdict(made.contract(), self.BODY.model_copy(update={"require": require}))
            assert verdict.overall is overall
            assert verdict.check("accreditation").code == "no-accreditation-on-record"

    def test_other_code_in_their_place_is_refused(self, embedded: World) -> None:
        made = ByHand(embedded, second())
        beside = made.contract().accreditations_address.lower()

        def fault(method: str, params: Any, answer: Any) -> Any:
            return {"result": "0x6001"} if method == CODE and params[0].lower() == beside else answer

        with pytest.raises(WrongChain) as refusal:
            made.contract(fault).verify_code()
        assert refusal.value.code == "wrong-code"
        assert made.contract().accreditations_address in refusal.value.what

    def test_that_cannot_be_read_are_unknown(self, embedded: World) -> None:
        made = ByHand(embedded, second())
        beside = made.contract().accreditations_address.lower()

        def fault(method: str, params: Any, answer: Any) -> Any:
            asked = method == "eth_getLogs" and params[0].get("address", "").lower() == beside
            return {"error": {"code": -32000, "message": "not now"}} if asked else answer

        verdict = made.verdict(made.contract(fault), self.BODY)
        assert verdict.overall is Overall.COULD_NOT_BE_CHECKED
        assert verdict.check("accreditation").outcome == "unknown"


def test_a_missing_count_in_the_first_edition_is_an_error(embedded: World) -> None:
    """Its accreditations are in the registry itself: where that is not, nothing is known."""
    contract = CredentialRegistry(embedded.client, first().address)
    with pytest.raises((WrongChain, ChainUnavailable)):
        contract.accreditation_count()
