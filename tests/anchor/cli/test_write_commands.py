"""The commands of an issuer, on the embedded chain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
from tests.conftest import Run


@pytest.fixture
def issuer(run: Run) -> int:
    registered = run("issuer", "register", "--uri", "did:web:university.example", "--json")
    assert registered.code == 0, registered.errors
    return int(registered.json["party"])


def test_check_writes_nothing(run: Run, diplomas: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    checked = run("check", diplomas, "--json")
    assert checked.code == 0
    assert checked.json["read"] == checked.json["new"] == 300
    assert checked.json["methods"] == {"vc-jcs": 300}
    assert sorted(tmp_path.rglob("*")) == before


def test_check_tells_the_root_and_gas_that_the_anchor_then_has(run: Run, diplomas: Path, issuer: int) -> None:
    run("deploy")
    checked = run("check", diplomas, "--json").json
    assert 40_000 < checked["gas"] < 90_000
    (batch,) = run("anchor", diplomas, "--json").json["batches"]
    assert batch["root"] == checked["root"]
    assert (batch["state"], batch["sequence"], batch["leafCount"]) == ("final", 1, 300)


def test_anchoring_again_anchors_nothing(run: Run, diplomas: Path, issuer: int) -> None:
    (batch,) = run("anchor", diplomas, "--json").json["batches"]
    again = run("anchor", diplomas, "--json").json
    assert again["batches"] == []
    assert again["anchoredBefore"] == 300
    assert again["roots"] == [batch["root"]]
    assert run("issuer", "show", "--json").json["batches"] == 1


def test_only_what_is_new_is_anchored_and_reissue_overrides(run: Run, diplomas: Path, issuer: int) -> None:
    run("anchor", diplomas)
    assert run("revoke", diplomas / "000.json").code == 0
    (diplomas / "new.json").write_text('{"a": "new one"}')
    second = run("anchor", diplomas, "--json").json
    assert (second["new"], second["anchoredBefore"], second["revokedAmongAnchored"]) == (1, 300, 1)
    assert [batch["leafCount"] for batch in second["batches"]] == [1]
    third = run("anchor", diplomas, "--reissue", "--json").json
    assert [batch["leafCount"] for batch in third["batches"]] == [300]


def test_rejects_go_to_a_file_and_the_rest_is_anchored(run: Run, issuer: int) -> None:
    Path("batch.jsonl").write_text('{"a": 1}\n{"a": 1, "a": 2}\nnot json\n')
    ran = run("anchor", "batch.jsonl", "--json")
    assert ran.code == 3
    assert ran.json["rejected"] == 2
    rejects = [json.loads(line) for line in Path(ran.json["rejectsFile"]).read_text().splitlines()]
    assert [(reject["line"], reject["code"]) for reject in rejects] == [(2, "duplicate-key"), (3, "syntax")]
    assert [batch["leafCount"] for batch in ran.json["batches"]] == [1]


def test_strict_anchors_nothing_when_something_is_rejected(run: Run, issuer: int) -> None:
    Path("batch.jsonl").write_text('{"a": 1}\nnot json\n')
    ran = run("anchor", "batch.jsonl", "--strict", "--rejects", "why.jsonl")
    assert ran.code == 1
    assert "batch.jsonl, line 2" in ran.errors
    assert Path("why.jsonl").is_file()
    assert run("status", "--json").json["batches"] == []


def test_statuses_of_several_words_change_in_one_transaction(run: Run, diplomas: Path, issuer: int) -> None:
    run("anchor", diplomas)
    files = sorted(diplomas.glob("*.json"))
    would = run("suspend", *files, "--place-only", "--dry-run", "--json").json
    suspended = run("suspend", *files, "--place-only", "--json").json
    assert (suspended["suspended"], suspended["transactions"]) == (300, 1)
    # Two words that were empty, and the transaction itself; nobody pays before it is told.
    assert 60_000 < suspended["gas"] == would["gas"] < 150_000
    again = run("suspend", *files, "--place-only", "--json").json
    assert (again["transactions"], again["gas"], again["already"]) == (0, 0, 300)
    assert "To be sent: 1 transaction, about" in run("reinstate", *files, "--dry-run").out
    revoked = run("revoke", *files[:10], "--reason", "obtained-by-fraud", "--json").json
    assert (revoked["revoked"], revoked["reason"]) == (10, "obtained-by-fraud")
    assert run("reinstate", *files[10:], "--json").json["reinstated"] == 290


def test_a_list_of_digests_names_credentials(run: Run, diplomas: Path, issuer: int) -> None:
    run("anchor", diplomas)
    digests = run("revoke", diplomas / "001.json", diplomas / "002.json", "--json").json["digests"]
    Path("list.txt").write_text("\n".join(digests) + "\n")
    assert run("revoke", "--list", "list.txt", "--json").json["already"] == 2
    assert run("revoke", digests[0], "--json").json["already"] == 1


def test_nothing_changes_when_one_is_unknown(run: Run, diplomas: Path, issuer: int) -> None:
    run("anchor", diplomas)
    Path("other.json").write_text('{"never": "anchored"}')
    ran = run("revoke", diplomas / "000.json", "other.json", "--json")
    assert ran.code == 1
    assert ran.json["error"]["code"] == "not-anchored"
    assert ran.json["error"]["where"] == "other.json"
    assert run("revoke", diplomas / "000.json", "--json").json["revoked"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["anchor"], "no-input"),
        (["anchor", "missing.jsonl"], "unreadable"),
        (["revoke"], "no-input"),
        (["revoke", "xyz"], "unreadable"),
        (["revoke", "ab" * 32, "--reason", "because"], "reason"),
        (["issuer", "operator", "0x12"], "address"),
        (["issuer", "show"], "store"),
        (["status", "--settings", "missing.toml"], "settings"),
    ],
)
def test_a_mistake_is_one_message_with_a_code(run: Run, arguments: list[str], code: str) -> None:
    ran = run(*arguments, "--json")
    assert ran.code == 1
    assert ran.json["error"]["code"] == code
    told = run(*arguments)
    assert told.out == ""
    assert "Traceback" not in told.errors
    assert told.errors.strip()


def test_an_issuer_has_to_be_clear(run: Run, diplomas: Path) -> None:
    assert run("anchor", diplomas, "--json").json["error"]["code"] == "no-issuer"
    run("issuer", "register", "--uri", "did:web:one.example")
    run("issuer", "register", "--uri", "did:web:two.example")
    ran = run("anchor", diplomas, "--json")
    assert ran.json["error"]["code"] == "no-issuer"
    assert "1, 2" in ran.json["error"]["what"]
    assert run("anchor", diplomas, "--issuer", 2, "--json").json["batches"][0]["issuer"] == 2


def test_control_changes_hands_in_two_steps(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    new = DEVELOPMENT_ACCOUNTS[1]
    offered = run("issuer", "transfer", new, "--json").json
    assert (offered["controller"], offered["pendingController"]) == (DEVELOPMENT_ACCOUNTS[0], new)
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
    accepted = run("issuer", "transfer", "--accept", "--json").json
    assert (accepted["controller"], accepted["pendingController"]) == (new, None)


def test_another_operator_may_anchor_until_it_is_removed(
    run: Run, diplomas: Path, issuer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = DEVELOPMENT_ACCOUNTS[1]
    assert run("issuer", "operator", other, "--json").json["changed"] is True
    assert run("issuer", "operator", other, "--json").json["changed"] is False
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
    assert run("anchor", diplomas).code == 0
    monkeypatch.delenv("TESTAMUR_KEY")
    assert run("issuer", "operator", other, "--remove").code == 0
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
    (diplomas / "new.json").write_text("{}")
    refused = run("anchor", diplomas, "--json")
    assert refused.code == 1
    assert "operator" in refused.json["error"]["what"]
    # The batch is sealed all the same: who may anchor takes it up.
    monkeypatch.delenv("TESTAMUR_KEY")
    assert [batch["state"] for batch in run("anchor", "--resume", "--json").json["batches"]] == ["final"]


def test_deploying_twice_finds_the_first(run: Run) -> None:
    first, second = run("deploy", "--json").json, run("deploy", "--json").json
    assert (first["deployedNow"], second["deployedNow"]) == (True, False)
    assert first["contract"] == second["contract"]


def test_status_shows_chain_signer_and_batches(run: Run, diplomas: Path, issuer: int) -> None:
    run("anchor", diplomas)
    shown = run("status", "--json").json
    assert shown["contractState"] == "deployed"
    assert shown["signer"] == DEVELOPMENT_ACCOUNTS[0]
    assert shown["transactionsUnderWay"] == 0
    assert [batch["state"] for batch in shown["batches"]] == ["final"]
    assert shown["batches"][0]["root"] in run("status").out


def test_a_chain_that_cannot_be_reached_is_not_an_answer(run: Run, diplomas: Path) -> None:
    ran = run("anchor", diplomas, "--chain", "http://127.0.0.1:1", "--issuer", 1, "--json")
    assert ran.code == 2
    assert ran.json["error"]["code"].startswith("chain-")


def test_a_batch_that_was_anchored_as_a_bare_root_gets_its_count(run: Run, diplomas: Path, issuer: int) -> None:
    from anchor.settings import load_settings
    from anchor.workspace import Workspace
    from registry.chain.calls import call_data

    root = bytes.fromhex(run("check", diplomas, "--json").json["root"].removeprefix("0x"))
    with Workspace(load_settings()) as workspace:
        contract = workspace.ready_to_write().address
        workspace.sender.settle("default issuer", contract, call_data("setDefaultIssuer", issuer))
        workspace.sender.settle("bare root", contract, root)
    (batch,) = run("anchor", diplomas, "--json").json["batches"]
    assert (batch["root"], batch["sequence"]) == (f"0x{root.hex()}", 1)
    with Workspace(load_settings()) as workspace:
        found = workspace.contract.batch(issuer, root)
    assert found is not None
    assert found.leaf_count == 300
    assert run("verify", diplomas / "007.json", "--json").json["overall"] == "valid with a warning"


@pytest.mark.parametrize("uri", ["My University", "university.example", "https://"])
def test_a_party_needs_an_absolute_uri(run: Run, uri: str) -> None:
    ran = run("issuer", "register", "--uri", uri, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "uri")
    assert "did:web:university.example" in ran.json["error"]["remedy"]
    assert not Path("testamur-data").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("issuer", "operator", DEVELOPMENT_ACCOUNTS[1][:-1] + "9"),
        ("issuer", "transfer", DEVELOPMENT_ACCOUNTS[1][:-1] + "9"),
        ("status", "--contract", DEVELOPMENT_ACCOUNTS[1][:-1] + "9"),
    ],
)
def test_a_mistyped_address_is_refused_everywhere(run: Run, issuer: int, words: tuple[str, ...]) -> None:
    ran = run(*words, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "address")
    assert "mistyped" in ran.json["error"]["what"]


def test_a_new_controller_is_told_who_may_anchor(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    former, new = DEVELOPMENT_ACCOUNTS[:2]
    run("issuer", "transfer", new)
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
    told = run("issuer", "transfer", "--accept").out
    assert f"testamur issuer operator {new}" in told
    assert f"testamur issuer operator {former} --remove" in told
    assert run("issuer", "operator", new).code == run("issuer", "operator", former, "--remove").code == 0
