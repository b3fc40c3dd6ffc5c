"""Deploying on real nodes: older forks, and a test chain that was reset."""

from __future__ import annotations

from typing import Any

import pytest

from registry.chain.abi import artifact
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, create2_address
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.connect import connect
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.conftest import Run
from tests.registry.chain.worlds import anvil

PAYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.fixture(autouse=True)
def key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])


@pytest.mark.parametrize(
    ("fork", "lacking"), [("shanghai", "MCOPY"), ("london", "PUSH0"), ("berlin", "PUSH0"), ("berlin", "Cancun")]
)
def test_a_chain_that_cannot_run_the_contract_is_refused_before_anything_is_paid(
    run: Run, fork: str, lacking: str
) -> None:
    with anvil("--hardfork", fork) as url:
        client = connect(url)
        before = client.balance(PAYER)
        ran = run("deploy", "--chain", url, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, "unsupported-chain")
        assert lacking in ran.json["error"]["what"] + ran.json["error"]["remedy"]
        assert client.balance(PAYER) == before
        assert client.nonce(PAYER) == 0
        client.close()


def test_code_that_is_there_and_cannot_run_is_no_deployment(run: Run) -> None:
    with anvil("--hardfork", "shanghai") as url:
        client = connect(url)
        built = artifact()
        address = create2_address(built.initcode)
        client.request("anvil_setCode", [address, "0x" + built.deployed_code.hex()])
        ran = run("deploy", "--chain", url, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, "unsupported-chain")
        assert "MCOPY" in ran.json["error"]["what"]
        client.close()


@pytest.mark.parametrize(
    ("what", "code"), [("too many requests", "chain-rate-limited"), ("not on your plan", "not-tried")]
)
def test_an_endpoint_that_refuses_after_a_while_is_not_taken_for_a_chain_that_cannot(
    run: Run, monkeypatch: pytest.MonkeyPatch, what: str, code: str
) -> None:
    asked, call = [], ChainClient.call

    def limited(client: ChainClient, to: str, data: bytes, *others: Any, **more: Any) -> bytes:
        asked.append(to)
        if to == DETERMINISTIC_DEPLOYER and len(asked) > 3:
            raise RpcRefused(what, rpc_code=-32000, rpc_message=what, where=None, remedy=None)
        return call(client, to, data, *others, **more)

    with anvil() as url:
        monkeypatch.setattr(ChainClient, "call", limited)
        ran = run("deploy", "--chain", url, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, code)


@pytest.mark.parametrize("fork", ["cancun", "prague"])
def test_a_newer_chain_gets_the_contract(run: Run, fork: str) -> None:
    with anvil("--hardfork", fork) as url:
        assert run("deploy", "--chain", url, "--json").json["deployedNow"] is True
        assert run("deploy", "--chain", url, "--json").json["deployedNow"] is False


def test_both_contracts_are_shown(run: Run) -> None:
    with anvil() as url:
        before = run("status", "--chain", url, "--json").json
        assert (before["contractState"], before["edition"], before["accreditations"]) == ("no-contract", None, None)
        deployed = run("deploy", "--chain", url, "--json").json
        beside = second().accreditations_address(deployed["contract"])
        assert (deployed["edition"], deployed["accreditations"]) == (2, beside)
        assert beside in run("deploy", "--chain", url).out
        shown = run("status", "--chain", url, "--json").json
        assert (shown["edition"], shown["accreditations"], shown["accreditationsState"]) == (2, beside, "deployed")
        assert beside in run("status", "--chain", url).out


def test_a_registry_without_accreditations_has_none_and_says_what_completes_it(run: Run) -> None:
    with anvil() as url:
        here = ("--chain", url, "--json")
        deployed = run("deploy", *here).json
        for name in ("body", "issuer"):
            assert run("issuer", "register", "--uri", f"did:web:{name}.example", *here).code == 0
        client = connect(url)
        client.request("anvil_setCode", [deployed["accreditations"], "0x"])
        there = ("--data-folder", "other", "--issuer", 1, *here)
        for words in (("accredit", "offer", 2, "--until", "2040-01-01"), ("recognise", 2), ("accredit", "accept", 1)):
            nonce = client.nonce(PAYER)
            refused = run(*words, *there)
            assert (refused.code, refused.json["error"]["code"]) == (2, "no-accreditations")
            assert "testamur deploy" in refused.json["error"]["remedy"]
            assert client.nonce(PAYER) == nonce
        assert run("body", 1, *there).json == {"party": 1, "given": [], "held": []}
        assert run("accredit", "show", 1, *there).json["error"]["code"] == "unknown-accreditation"
        status = run("status", *there).json
        assert (status["contractState"], status["accreditationsState"]) == ("deployed", "no-contract")
        assert "testamur deploy" in run("status", "--chain", url, "--data-folder", "other").out
        client.close()


def test_a_folder_of_a_chain_that_was_reset_is_not_overwritten(run: Run) -> None:
    with anvil() as url:
        deployed = run("deploy", "--chain", url, "--json").json
        register = ("issuer", "register", "--uri", "did:web:a.example", "--chain", url, "--json")
        assert run(*register).code == 0
    with anvil("--timestamp", "1700000000") as url:
        again = run("deploy", "--chain", url, "--json")
        assert (again.code, again.json["error"]["code"]) == (2, "wrong-genesis")
        assert "--data-folder" in again.json["error"]["remedy"]
        registered = run(*register[:5], url, "--json")
        assert (registered.code, registered.json["error"]["code"]) == (2, "wrong-genesis")
        assert (
            run("deploy", "--chain", url, "--data-folder", "other", "--json").json["contract"] == deployed["contract"]
        )
