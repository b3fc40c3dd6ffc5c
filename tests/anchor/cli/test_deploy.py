"""Deploying on real nodes: older forks, and a test chain that was reset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.chain.abi import artifact
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, Deployment, create2_address
from registry.chain.editions import first, second
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.connect import connect
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.conftest import Run
from tests.registry.chain.worlds import World, anvil
from tests.registry.first_edition import kept_folder

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


class TestByHalves:
    """Anybody may deploy either contract; who finds one deploys the other, and pays for that alone."""

    REGISTRY = second().address
    BESIDE = second().accreditations_address(REGISTRY)
    UNKNOWN = bytes(32)

    @pytest.fixture
    def world(self) -> Iterator[World]:
        with anvil() as url:
            client = connect(url)
            yield World("anvil", client, url)
            client.close()

    def by_a_stranger(self, world: World, *parts: str) -> None:
        initcodes = {
            "registry": second().registry.initcode,
            "accreditations": second().accreditations_initcode(self.REGISTRY),
        }
        for part in parts:
            world.send(DETERMINISTIC_DEPLOYER, second().salt + initcodes[part], account=5)

    def deployed(self, run: Run, world: World) -> tuple[Any, Deployment, int]:
        """What the command says, what it writes down, and how many transactions it sent."""
        before = world.client.nonce(PAYER)
        ran = run("deploy", "--chain", world.url, "--json")
        assert ran.code == 0, ran.out
        deployment = Deployment.load(Path("testamur-data/deployments"), world.client.chain_id())
        assert deployment is not None
        assert deployment.accreditations is not None
        deployment.check(world.client)
        assert (deployment.address, deployment.accreditations.address) == (self.REGISTRY, self.BESIDE)
        return ran.json, deployment, world.client.nonce(PAYER) - before

    def test_neither_is_there(self, run: Run, world: World) -> None:
        told, deployment, sent = self.deployed(run, world)
        assert (told["deployedNow"], sent) == (True, 2)
        assert deployment.block_number > 0
        assert deployment.accreditations is not None
        assert self.UNKNOWN not in (deployment.transaction, deployment.accreditations.transaction)
        assert self.deployed(run, world)[0]["deployedNow"] is False

    @pytest.mark.parametrize(("there", "is_known"), [("registry", (False, True)), ("accreditations", (True, False))])
    def test_one_is_there(self, run: Run, world: World, there: str, is_known: tuple[bool, bool]) -> None:
        self.by_a_stranger(world, there)
        told, deployment, sent = self.deployed(run, world)
        assert (told["deployedNow"], sent) == (True, 1)
        assert deployment.accreditations is not None
        transactions = (deployment.transaction, deployment.accreditations.transaction)
        assert tuple(each != self.UNKNOWN for each in transactions) == is_known
        # Of a registry of somebody else the events are looked for from the first block on.
        assert (deployment.block_number > 0) == is_known[0]

    def test_both_are_there(self, run: Run, world: World) -> None:
        self.by_a_stranger(world, "registry", "accreditations")
        told, deployment, sent = self.deployed(run, world)
        assert (told["deployedNow"], sent, deployment.block_number) == (False, 0, 0)
        assert run("issuer", "register", "--uri", "did:web:a.example", "--chain", world.url).code == 0

    def test_one_whose_deployment_was_cut_off_is_completed(
        self, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import anchor.workspace

        deploy = anchor.workspace.Workspace._deploy

        def cut_off(workspace: Any, address: str, initcode: bytes) -> Any:
            if address == self.BESIDE:
                raise RpcRefused("gone", rpc_code=-32000, rpc_message="gone", where=None, remedy=None)
            return deploy(workspace, address, initcode)

        with monkeypatch.context() as patch:
            patch.setattr(anchor.workspace.Workspace, "_deploy", cut_off)
            assert run("deploy", "--chain", world.url, "--json").code == 2
        assert not list(Path("testamur-data/deployments").glob("*.json"))
        assert (self.deployed(run, world)[2], bool(world.client.code(self.BESIDE))) == (1, True)

    @pytest.mark.parametrize("address", [REGISTRY, BESIDE])
    def test_other_code_there_is_refused_before_anything_is_paid(self, run: Run, world: World, address: str) -> None:
        """No chain that keeps its rules has such a thing."""
        world.client.request("anvil_setCode", [address, "0x6001"])
        ran = run("deploy", "--chain", world.url, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, "wrong-code")
        assert world.client.nonce(PAYER) == 0


def test_a_folder_of_the_first_edition_gets_the_second_beside_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its old deployment file names the other registry."""
    monkeypatch.delenv("TESTAMUR_KEY")
    kept_folder(Path("testamur-data"))
    folder = Path("testamur-data/deployments")
    folder.mkdir()
    genesis = "0x673259cd8791d83bc1106e272e7d4bc217b4624a8b5068fa73d9204ff2d4b042"
    chain = "1414747213"
    old = {
        "chainId": int(chain),
        "address": first().address,
        "blockNumber": 1,
        "transaction": "0xf15bc33b8ee25abcf15a6af9a73bf6c6461eec31ca1ed067de9f75ac490d6f65",
        "codeHash": "0xfe1163ab11ef9ce7c25c15cf65a3319d66ff21b4d377d22ef093ff3b11e76147",
        "genesisHash": genesis,
    }
    (folder / f"{chain}.json").write_text(json.dumps(old))
    deployed = run("deploy", "--json").json
    assert (deployed["deployedNow"], deployed["contract"]) == (True, second().address)
    assert run("deploy", "--json").json["deployedNow"] is False
    assert run("issuer", "register", "--uri", "did:web:a.example", "--json").json["party"] == 1
