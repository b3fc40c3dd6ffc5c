"""`verify --prove` with several endpoints of a real node: proved, or could not be checked and who said what."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.conftest import Ran, Run
from tests.registry.chain.worlds import BrokenEndpoint, Exchange, anvil, unused_port

Change = Callable[[str, Any], Any]


def relay(url: str, change: Change) -> BrokenEndpoint:
    """An endpoint that hands on what a node says, changed."""

    def behave(exchange: Exchange) -> None:
        request = urllib.request.Request(
            url, json.dumps(exchange.request).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)
        exchange.answer(change(exchange.method, told.get("result")))

    return BrokenEndpoint(behave)


@pytest.fixture
def node(run: Run, diplomas: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A node on whose chain some diplomas are anchored."""
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    # An endpoint that is late on a busy machine has said nothing.
    monkeypatch.setenv("TESTAMUR_RPC_TIMEOUT", "60")
    with anvil("--slots-in-an-epoch", "1") as url:
        for words in (("deploy",), ("issuer", "register", "--uri", "did:web:university.example"), ("anchor", diplomas)):
            assert run(*words, "--chain", url, "--json").code == 0
        yield url


def told(ran: Ran, name: str) -> tuple[str, str]:
    check = next(each for each in ran.json["checks"] if each["name"] == name)
    return check["code"], check["text"]


def test_two_endpoints_prove_what_one_alone_is_believed(run: Run, diplomas: Path, node: str) -> None:
    two = f"{node} {node.replace('127.0.0.1', 'localhost')}"
    proved = run("verify", diplomas / "007.json", "--prove", "--chain", two, "--json")
    assert proved.code == 0
    assert proved.json["restsOn"] == {
        "proved": True,
        "namedBy": 2,
        "among": 2,
        "ground": "endpoints",
        "names": [],
        "words": proved.json["restsOn"]["words"],
    }
    for name in ("anchor", "status"):
        assert "named by 2 of 2 endpoints" in told(proved, name)[1]
    believed = run("verify", diplomas / "007.json", "--chain", two, "--json").json
    assert (believed["restsOn"]["proved"], believed["asOf"]) == (False, proved.json["asOf"])
    alone = run("verify", diplomas / "007.json", "--prove", "--chain", node)
    assert "which one endpoint alone names." in alone.out
    assert run("revoke", diplomas / "007.json", "--yes", "--chain", node, "--json").code == 0
    revoked = run("verify", diplomas / "007.json", "--prove", "--chain", two, "--json")
    assert (revoked.code, told(revoked, "status")[0]) == (1, "revoked")
    assert "named by 2 of 2 endpoints" in told(revoked, "status")[1]


def test_a_setting_makes_it_the_rule_and_too_few_are_none(
    run: Run, diplomas: Path, node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTAMUR_PROVE", "true")
    monkeypatch.setenv("TESTAMUR_QUORUM", "2")
    dead = f"http://127.0.0.1:{unused_port()}"
    refused = run("verify", diplomas / "007.json", "--chain", f"{node} {dead}", "--json")
    assert (refused.code, told(refused, "anchor")[0]) == (2, "no-quorum")
    assert run("verify", diplomas / "007.json", "--chain", f"{node} {dead}", "--no-prove", "--json").code == 0


def test_who_differs_is_named_and_what_is_not_proved_is_said(run: Run, diplomas: Path, node: str) -> None:
    def another_block(method: str, result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result and int(result["number"], 16):
            return {**result, "hash": "0x" + "ab" * 32}
        return result

    def another_value(method: str, result: Any) -> Any:
        if method == "eth_getProof":
            nodes = result["storageProof"][0]["proof"]
            result["storageProof"][0]["proof"] = [*nodes[:-1], nodes[-1][:-1] + ("0" if nodes[-1][-1] != "0" else "1")]
        return result

    liar = relay(node, another_block)
    try:
        differ = run("verify", diplomas / "007.json", "--prove", "--chain", f"{node} {liar.url}", "--json")
        code, text = told(differ, "anchor")
        assert (differ.code, code) == (2, "endpoints-differ")
        assert "0x" + "ab" * 32 in run("verify", diplomas / "007.json", "--prove", "--chain", f"{node} {liar.url}").out
        assert text
    finally:
        liar.close()
    liar = relay(node, another_value)
    try:
        # Both names are the liar's: an honest endpoint would be asked instead of one that was too slow to answer.
        two = f"{liar.url} {liar.url.replace('127.0.0.1', 'localhost')}"
        unproved = run("verify", diplomas / "007.json", "--prove", "--chain", two, "--json")
        assert (unproved.code, told(unproved, "status")[0]) == (2, "not-proved")
    finally:
        liar.close()
