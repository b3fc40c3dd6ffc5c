"""What a verifier is told when the endpoint is away, of another chain, or limits requests: the cause, and a remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from registry.embedded.chain import EmbeddedChain
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.conftest import Run
from tests.faults import proxy as faults
from tests.faults.proxy import FaultProxy
from tests.registry.chain.worlds import devnet, unused_port


@pytest.fixture
def proxy(run: Run, diplomas: Path) -> Iterator[FaultProxy]:
    """The chain of the data folder over HTTP, with five anchored diplomas whose receipts are in the data folder."""
    for path in sorted(diplomas.iterdir())[5:]:
        path.unlink()
    run("issuer", "register", "--uri", "did:web:university.example")
    run("anchor", diplomas)
    with EmbeddedChain(Path("testamur-data/chain")) as chain, devnet(chain) as url, FaultProxy(url) as made:
        yield made


def refused(call: faults.Call, code: int, status: int) -> NoReturn:
    """An error of JSON-RPC with another HTTP status than 200."""
    error = {"code": code, "message": "Invalid params"}
    raise faults.Bytes(json.dumps({"jsonrpc": "2.0", "id": call.id, "error": error}).encode(), status=status)


def test_a_chain_with_few_words_serves_for_everything(
    run: Run, proxy: FaultProxy, diplomas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No word for final, safe and pending blocks, none for a tip, null for no events; and HTTP errors for all of it."""
    monkeypatch.setenv("TESTAMUR_FINALITY_DEPTH", "2")
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    tags = proxy.rule(
        do=lambda call: refused(call, -32602, 400),
        only=lambda call: bool(
            {"finalized", "safe", "pending"} & {each for each in call.params if isinstance(each, str)}
        ),
    )
    hashes = proxy.rule(
        "eth_call", do=lambda call: refused(call, -32602, 400), only=lambda c: "blockHash" in str(c.params)
    )
    for method in ("eth_maxPriorityFeePerGas", "eth_getBlockReceipts"):
        proxy.rule(method, do=lambda call: refused(call, -32601, 404))
    proxy.rule("eth_getLogs", do=lambda call: call.result(call.forward()["result"] or None))
    chain = ("--chain", proxy.url, "--json")
    (diplomas / "new.json").write_bytes((diplomas / "000.json").read_bytes().replace(b"Graduate 0", b"Graduate X"))
    for words in (
        ("anchor", diplomas),
        ("revoke", diplomas / "001.json"),
        ("index", "--once"),
        ("absent", "ab" * 32),
        ("audit",),
    ):
        ran = run(*words, *chain)
        assert ran.code == 0, (words, ran.out)
    batches = run("status", *chain).json["batches"]
    # Two blocks below the newest one is final.
    assert [each["state"] for each in batches] == ["final", "mined"]
    verified = run("verify", diplomas, "--trust", "1", *chain).json["verdicts"]
    assert [each["overall"] for each in verified].count("not valid") == 1
    assert tags.used > 5
    assert hashes.used > 0


def checked(run: Run, *arguments: object) -> dict[str, dict[str, str]]:
    """The checks of the one verdict by their names."""
    ran = run("verify", "diplomas/000.json", "--trust", "1", "--json", *arguments)
    assert (ran.code, ran.json["overall"]) == (2, "could not be checked")
    return {check["name"]: check for check in ran.json["checks"]}


ASKED = ("anchor", "issuer", "status")


def test_an_endpoint_that_is_away_is_the_cause_and_no_missing_receipt(run: Run, proxy: FaultProxy) -> None:
    checks = checked(run, "--chain", f"http://127.0.0.1:{unused_port()}")
    assert {checks[name]["code"] for name in ASKED} == {"chain-unreachable"}
    assert checks["integrity"]["code"] == "digest-equal"


def test_another_chain_is_the_cause_wherever_the_receipt_is(run: Run, proxy: FaultProxy) -> None:
    (root,) = (each["root"] for each in run("status", "--json", "--chain", proxy.url).json["batches"])
    for beside in (False, True):
        if beside:
            run("receipts", root, "-o", "diplomas", "--chain", proxy.url)
            assert Path("diplomas/000.json.receipt.json").exists()
        proxy.rule("eth_chainId", do=lambda call: call.result("0xaa36a7"))
        without_contract = proxy.rule("eth_getCode", do=lambda call: call.result("0x"))
        for _ in range(2):
            checks = checked(run, "--chain", proxy.url)
            assert {checks[name]["code"] for name in ASKED} == {"other-chain"}
            assert "Sepolia" in checks["anchor"]["text"]
            assert "deploy" not in str(checks)
            assert "Ask the issuer" not in str(checks)
            without_contract.cancel()
        proxy.clear()


def test_a_limit_is_waited_for_and_one_that_lasts_is_told_soon(
    run: Run, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = proxy.rule(do=faults.http_status(429, retry_after="0"), times=2)
    ran = run("verify", "diplomas", "--trust", "1", "--chain", proxy.url, "--json")
    assert short.used == 2
    assert {each["overall"] for each in ran.json["verdicts"]} == {"valid with a warning"}
    # Longer than anybody waits: each question is asked once.
    lasting = proxy.rule(do=faults.http_status(429, retry_after="3600"))
    assert {checked(run, "--chain", proxy.url)[name]["code"] for name in ASKED} == {"chain-rate-limited"}
    told = run("verify", "diplomas/000.json", "--chain", proxy.url).out
    assert "limits requests (HTTP 429), and says to ask again in 300 seconds or more. Wait, use" in told
    for command in (["absent", "diplomas/000.json"], ["audit"]):
        ran = run(*command, "--chain", proxy.url, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, "chain-rate-limited")
    assert lasting.used < 20
