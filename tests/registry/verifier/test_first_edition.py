"""What was anchored in a registry of the first edition is verified as before, and no more is claimed of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import first, second
from registry.chain.ledger import read_ledger
from registry.chain.rpc.client import ChainClient
from registry.chain.storage import Storage
from registry.embedded.genesis import CHAIN_ID
from registry.receipt.model import Receipt, embed, parse
from registry.recognition.path import Path as Found
from registry.recognition.path import Reading, find_path
from registry.recognition.scope import Scope
from registry.records import NOTHING_SAID
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import Verifier
from registry.verify.policy import KnownParty, Policy
from registry.verify.verdict import Overall, Trust, Verdict
from tests.conftest import Run
from tests.registry.chain.worlds import World
from tests.registry.first_edition import (
    ACCREDITATION,
    AGENCY,
    BUREAU,
    ISSUER,
    KEPT,
    RECOGNITION,
    ROOTS,
    FirstEdition,
    kept_chain,
    kept_folder,
)

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CREDENTIALS = KEPT / "credentials"
ABROAD = Policy(bodies=(KnownParty(party=BUREAU, name="Bureau"),), require=True)
STATUSES = {
    "in-force": "in-force",
    "revoked": "revoked",
    "suspended": "suspended",
    "reinstated": "in-force",
    "voided": "voided",
    "issued-again": "in-force",
    "earlier/issued-again": "voided",
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kept_chain(tmp_path_factory.mktemp("kept") / "data") as world:
        yield world


class Listening:
    """The transport of a client, and what it was asked."""

    def __init__(self, client: ChainClient):
        self._transport = client._transport
        self.asked: list[tuple[str, Any]] = []

    def make_request(self, method: str, params: Any) -> Any:
        self.asked.append((method, params))
        return self._transport.make_request(method, params)


def receipt_of(name: str) -> Receipt:
    return parse((CREDENTIALS / f"{name}.json.receipt.json").read_bytes())


def verdict_on(client: ChainClient, name: str, *, beside: str | None = None, **more: Any) -> Verdict:
    verifier = Verifier(
        CredentialRegistry(client, first().address),
        chain=f"eip155:{CHAIN_ID}",
        known=NothingKnown(),
        trust=Trust(frozenset({ISSUER})),
        now=NOW,
        **more,
    )
    document = (CREDENTIALS / f"{name}.json").read_bytes()
    if beside is None:
        return verifier.verify_bytes(document, f"{name}.json", receipt_of(name))
    read = json.loads(document)
    for each in (name, beside):
        read = embed(read, receipt_of(each))
    return verifier.verify_bytes(json.dumps(read).encode(), f"{name}.json")


@pytest.mark.parametrize("name", STATUSES)
def test_its_credentials_have_their_verdicts(kept: World, name: str) -> None:
    verdict = verdict_on(kept.client, name)
    assert {check.name: check.code for check in verdict.checks} == {
        "integrity": "digest-equal",
        "inclusion": "included",
        "anchor": "practice-chain",
        "issuer": "issuer-trusted",
        "status": STATUSES[name],
        "dates": "within-dates",
        "signature": "no-signature",
    }
    withdrawn = STATUSES[name] != "in-force"
    assert verdict.overall is (Overall.NOT_VALID if withdrawn else Overall.VALID_WITH_WARNING)
    receipt = receipt_of(name)
    status = CredentialRegistry(kept.client, first().address).status(
        ISSUER, receipt.root, receipt.inclusion.leaf_index, receipt.digest_value
    )
    assert (status.revoked or status.suspended) is withdrawn


def test_of_other_batches_nothing_is_claimed(kept: World) -> None:
    """Nobody can say there that a credential is revoked wherever it is anchored, so nobody can say that it is not."""
    told = verdict_on(kept.client, "in-force").check("status").text
    assert "2 other batches of this issuer were not looked at" in told
    assert told.endswith("whether the same credential was revoked there is not known.")
    assert "digest" not in told


def test_nobody_asks_it_for_what_it_does_not_have(kept: World) -> None:
    listening = Listening(kept.client)
    client = ChainClient(listening)
    assert verdict_on(client, "in-force").overall is Overall.VALID_WITH_WARNING
    contract = CredentialRegistry(client, first().address)
    key = (ISSUER, receipt_of("revoked").digest_value)
    assert contract.digest_statuses(key[0], [key[1]]) == (NOTHING_SAID,)
    assert Storage(contract, contract.client.finalized(0).number).digests([key]) == {key: NOTHING_SAID}
    calls = [params[0] for method, params in listening.asked if method == "eth_call"]
    asked = second().function("digestStatusesOf").selector.hex()
    assert calls
    assert not [call for call in calls if call.get("data", call.get("input", "")).startswith(f"0x{asked}")]
    assert {call["to"].lower() for call in calls} == {first().address.lower()}


def test_what_replaces_a_credential_counts(kept: World) -> None:
    verdict = verdict_on(kept.client, "issued-again", beside="earlier/issued-again")
    assert verdict.overall is Overall.VALID_WITH_WARNING
    assert (verdict.root, verdict.check("status").code) == (ROOTS[2], "in-force")
    (other,) = verdict.other_receipts
    assert (other.root, other.codes) == (ROOTS[1], ("voided",))


def test_its_accreditations_count(kept: World) -> None:
    verdict = verdict_on(kept.client, "in-force", policy=ABROAD)
    assert verdict.overall is Overall.VALID_WITH_WARNING
    assert (verdict.check("accreditation").code, verdict.check("recognition").code) == ("accredited", "recognised")
    contract = CredentialRegistry(kept.client, first().address)
    assert contract.accreditation_count() == 2
    ledger = read_ledger(contract)
    path = find_path(ledger, ISSUER, Scope("0613", (6, 6)), NOW, {BUREAU}, Reading.AS_KNOWN_NOW)
    assert isinstance(path, Found)
    assert path.ids == (RECOGNITION, ACCREDITATION)
    assert [each.body for each in ledger.accreditations] == [AGENCY, BUREAU]
    stored = Storage(contract, contract.client.finalized(0).number).accreditations([ACCREDITATION, RECOGNITION])
    assert list(stored.values()) == list(ledger.accreditations)


def test_a_new_one_is_read_as_well(embedded: World) -> None:
    made = FirstEdition(embedded)
    party = made.register()
    made.send("anchor", party, ROOTS[0], 5)
    made.send("setStatus", party, ROOTS[0], 0, 0, 0b10, 1)
    assert made.contract.edition is first()
    made.contract.verify_code()
    assert made.contract.operators(party) == (embedded.account().address,)
    assert made.contract.status(party, ROOTS[0], 1, bytes(32)).revoked
    assert [event.name for event in made.contract.status_changes(party, ROOTS[0])] == ["StatusSet"]


class TestTheCommand:
    def test_verifies_with_the_setting(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        kept_folder(tmp_path / "testamur-data")
        monkeypatch.setenv("TESTAMUR_CONTRACT", first().address)
        ran = run("verify", CREDENTIALS, "--trust", ISSUER, "--json")
        assert ran.code == 1
        found = {Path(each["name"]).relative_to(CREDENTIALS).with_suffix(""): each for each in ran.json["verdicts"]}
        assert {
            str(name): next(check["code"] for check in each["checks"] if check["name"] == "status")
            for name, each in found.items()
        } == STATUSES

    def test_says_what_to_set_where_there_is_no_other(self, run: Run, tmp_path: Path) -> None:
        kept_folder(tmp_path / "testamur-data")
        ran = run("verify", CREDENTIALS / "in-force.json", "--trust", ISSUER)
        assert ran.code == 2
        assert "(no-contract)" in " ".join(ran.out.split())
        assert f"set contract = {first().address}" in " ".join(ran.out.split())


def test_a_number_that_is_trusted_in_one_registry_is_not_in_another_of_the_same_chain(kept: World) -> None:
    """Anybody could register until he has the number of one that is trusted in the other."""
    kept.deploy_registry(second())
    verifier = Verifier(
        CredentialRegistry(kept.client, second().address),
        chain=f"eip155:{CHAIN_ID}",
        known=NothingKnown(),
        trust=Trust(frozenset({ISSUER})),
        now=NOW,
    )
    document = (CREDENTIALS / "in-force.json").read_bytes()
    verdict = verifier.verify_bytes(document, "in-force.json", receipt_of("in-force"))
    assert verdict.overall is Overall.COULD_NOT_BE_CHECKED
    anchor = verdict.check("anchor")
    assert anchor.code == "other-chain"
    assert f"contract = {first().address}" in anchor.text
    assert "other parties" in anchor.text
