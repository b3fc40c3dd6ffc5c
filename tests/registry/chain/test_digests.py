"""What is said of credentials by their digests, through the binding: one by one, many at once, and as events."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.storage import DIGESTS_A_CALL, Storage
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.errors import ContractReverted
from registry.recognition.scope import Scope
from registry.records import NOTHING_SAID, DigestStatus, Kind, Reason
from tests.registry.chain.worlds import World

DIGESTS = [sha256(bytes([number])).digest() for number in range(2 * DIGESTS_A_CALL + 3)]


class Registry:
    """A registry with two parties, both of the first account."""

    def __init__(self, world: World):
        self.world = world
        address, _ = world.deploy_registry()
        self.contract = CredentialRegistry(world.client, address)
        for number in (1, 2):
            self.send(self.contract.register_party_data(f"did:web:party{number}.example", bytes(32)))

    def send(self, data: bytes) -> Any:
        mined = self.world.send(self.contract.address, data)
        assert mined.succeeded
        return mined

    def refused(self, data: bytes, *, to: str | None = None) -> ContractReverted:
        with pytest.raises(ContractReverted) as refusal:
            self.world.client.call(to or self.contract.address, data, sender=DEVELOPMENT_ACCOUNTS[0])
        return refusal.value


@pytest.fixture
def made(embedded: World) -> Registry:
    return Registry(embedded)


def test_each_word_is_read_with_its_time_and_reason(made: Registry) -> None:
    contract, world = made.contract, made.world
    revoked = made.send(contract.revoke_digests_data(1, DIGESTS[:1], Reason.OBTAINED_BY_FRAUD))
    suspended = made.send(contract.suspend_digests_data(1, DIGESTS[:2], Reason.UNDER_REVIEW))
    times = []
    for mined in (revoked, suspended):
        block = world.client.block(mined.block_number)
        assert block is not None
        times.append(block.timestamp)
    both = DigestStatus(times[0], Reason.OBTAINED_BY_FRAUD, times[1], Reason.UNDER_REVIEW)
    one = DigestStatus(suspended_at=times[1], suspension_reason=Reason.UNDER_REVIEW)
    assert contract.digest_statuses(1, DIGESTS[:3]) == (both, one, NOTHING_SAID)
    assert contract.digest_statuses(1, DIGESTS[2::-1]) == (NOTHING_SAID, one, both)
    assert contract.digest_statuses(2, DIGESTS[:1]) == (NOTHING_SAID,), "another party's word is another's"
    assert contract.digest_statuses(1, []) == ()
    assert contract.digest_statuses(1, DIGESTS[:1], at=revoked.block_number - 1) == (NOTHING_SAID,)
    lifted = made.send(contract.reinstate_digests_data(1, DIGESTS[:2], Reason.RESOLVED))
    assert [each.is_suspended for each in contract.digest_statuses(1, DIGESTS[:2])] == [False, False]
    assert contract.digest_statuses(1, DIGESTS[:1])[0].is_revoked
    events = contract.decode_events([*revoked.logs, *suspended.logs, *lifted.logs])
    assert [(event.name, event.arguments["digest"]) for event in events] == [
        ("DigestRevoked", DIGESTS[0]),
        ("DigestSuspended", DIGESTS[0]),
        ("DigestSuspended", DIGESTS[1]),
        ("DigestReinstated", DIGESTS[0]),
        ("DigestReinstated", DIGESTS[1]),
    ]
    assert contract.changes_by(DEVELOPMENT_ACCOUNTS[0]) == events
    assert contract.changes_by(DEVELOPMENT_ACCOUNTS[1]) == ()


def test_many_of_several_issuers_are_read_at_once(made: Registry) -> None:
    contract = made.contract
    made.send(contract.revoke_digests_data(1, DIGESTS[::7], Reason.ISSUED_IN_ERROR))
    made.send(contract.suspend_digests_data(2, DIGESTS[::5], Reason.UNDER_REVIEW))
    block = made.world.client.block("latest")
    assert block is not None
    keys = [(issuer, digest) for digest in DIGESTS for issuer in (1, 2)]
    found = Storage(contract, block.number, block.hash).digests(keys)
    assert {key for key, status in found.items() if status.is_revoked} == {(1, each) for each in DIGESTS[::7]}
    assert {key for key, status in found.items() if status.is_suspended} == {(2, each) for each in DIGESTS[::5]}
    assert found.keys() == set(keys)
    for issuer in (1, 2):
        assert contract.digest_statuses(issuer, DIGESTS) == tuple(found[issuer, each] for each in DIGESTS)


def test_refusals_have_their_sentences(made: Registry) -> None:
    contract = made.contract
    made.send(contract.revoke_digests_data(1, DIGESTS[:2], Reason.ISSUED_IN_ERROR))
    unchanged = made.refused(contract.revoke_digests_data(1, DIGESTS[:2], Reason.ISSUED_IN_ERROR))
    assert (unchanged.error, unchanged.arguments) == ("DigestsUnchanged", {"issuer": 1, "count": 2})
    assert "nothing would change: the 2 credentials of issuer 1" in unchanged.what
    terms = (1, 2, 1, 2, list(Kind).index(Kind.RECOGNISE), Scope().to_numbers(), bytes(32), bytes(32), "")
    wrong = made.refused(contract.offer_accreditation_data(terms), to=contract.accreditations_address)
    assert wrong.error == "WrongKind"
    assert wrong.what.endswith("this is to recognise")


def test_a_party_has_so_many_operators_at_most_and_all_are_listed(made: Registry) -> None:
    contract = made.contract
    addresses = [f"0x{number:040x}" for number in range(1, 64)]
    for address in addresses:
        made.send(contract.set_operator_data(1, address, True))
    refusal = made.refused(contract.set_operator_data(1, f"0x{64:040x}", True))
    assert (refusal.error, refusal.arguments["most"]) == ("TooManyOperators", 64)
    assert "as many operators as it may have, 64" in refusal.what
    assert refusal.remedy is not None
    assert "--remove" in refusal.remedy
    assert {each.lower() for each in contract.operators(1)} == {DEVELOPMENT_ACCOUNTS[0].lower(), *addresses}
