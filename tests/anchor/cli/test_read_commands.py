"""The commands of a holder and a verifier, on the embedded chain."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.receipt.model import parse
from tests.acts import revoke_in_one_batch
from tests.conftest import Run, commands_in, write_diplomas
from tests.s3 import BUCKET, s3_server

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dcc" / "verifiableCredentials" / "v2"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a batch of 300 anchored diplomas, to be copied, and its root."""
    folder = tmp_path_factory.mktemp("begun")
    with commands_in(folder) as run:
        run("issuer", "register", "--uri", "did:web:university.example")
        batch = run("anchor", write_diplomas(folder / "diplomas"), "--json").json["batches"][0]
    return folder / "testamur-data", str(batch["root"])


@pytest.fixture
def root(begun: tuple[Path, str], run: Run, diplomas: Path) -> str:
    """The root of a batch of 300 anchored diplomas."""
    shutil.copytree(begun[0], "testamur-data")
    return begun[1]


def codes(verdict: Any) -> dict[str, str]:
    return {check["name"]: check["code"] for check in verdict["checks"]}


def test_a_diploma_with_its_receipt_beside_it_is_valid(run: Run, diplomas: Path, root: str) -> None:
    assert run("receipts", root, "-o", diplomas).code == 0
    verified = run("verify", diplomas / "007.json", "--json")
    assert verified.code == 0
    assert verified.json["overall"] == "valid with a warning"
    assert verified.json["issuer"] == 1
    assert verified.json["root"] == root
    assert codes(verified.json) == {
        "integrity": "digest-equal",
        "inclusion": "included",
        "anchor": "practice-chain",
        "issuer": "issuer-trusted",
        "status": "in-force",
        "dates": "within-dates",
        "signature": "no-signature",
    }
    assert "valid" in run("verify", diplomas / "007.json").out


def test_the_data_folder_knows_the_receipts_too(run: Run, diplomas: Path, root: str) -> None:
    assert run("verify", diplomas / "007.json", "--json").json["overall"] == "valid with a warning"


@pytest.mark.parametrize("position", [30, 120, -3])
def test_one_changed_byte_is_not_valid(run: Run, diplomas: Path, root: str, position: int) -> None:
    run("receipts", root, "-o", diplomas)
    path = diplomas / "007.json"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    verified = run("verify", path, "--json")
    assert verified.code == 1
    assert verified.json["overall"] == "not valid"


def test_another_diplomas_receipt_is_not_valid(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", "receipts")
    verified = run("verify", diplomas / "007.json", "--receipt", "receipts/008.json.receipt.json", "--json")
    assert verified.code == 1
    assert codes(verified.json)["integrity"] == "digest-differs"


def test_a_folder_gives_a_table_and_the_worst_exit_code(run: Run, diplomas: Path, root: str) -> None:
    (diplomas / "forged.json").write_text('{"type": ["VerifiableCredential"], "issuer": "did:web:university.example"}')
    verified = run("verify", diplomas, "--json")
    assert verified.code == 2
    overall = [verdict["overall"] for verdict in verified.json["verdicts"]]
    assert (len(overall), overall.count("valid with a warning"), overall.count("could not be checked")) == (301, 300, 1)
    run("revoke", diplomas / "000.json")
    told = run("verify", diplomas)
    assert told.code == 1
    assert "1 not valid, 299 valid with a warning, 1 could not be checked" in told.out


def test_statuses_are_seen(run: Run, diplomas: Path, root: str) -> None:
    run("revoke", diplomas / "000.json", "--reason", "obtained-by-fraud")
    run("suspend", diplomas / "001.json")
    revoked, suspended = (run("verify", diplomas / name, "--json") for name in ("000.json", "001.json"))
    assert (revoked.code, codes(revoked.json)["status"]) == (1, "revoked")
    assert "obtained-by-fraud" in next(check["text"] for check in revoked.json["checks"] if check["name"] == "status")
    assert (suspended.code, codes(suspended.json)["status"]) == (1, "suspended")
    run("reinstate", diplomas / "001.json")
    assert run("verify", diplomas / "001.json").code == 0


def test_revoked_in_one_batch_is_revoked_in_all(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", "first")
    (diplomas / "new.json").write_text("{}")
    again = run("anchor", diplomas, "--reissue", "--json").json["batches"][-1]["root"]
    revoke_in_one_batch(Path("first/000.json.receipt.json"))
    run("receipts", again, "-o", diplomas)
    verified = run("verify", diplomas / "000.json", "--json")
    assert verified.json["root"] == again
    assert codes(verified.json)["status"] == "revoked"


def test_an_unreachable_chain_is_neither_valid_nor_not_valid(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", diplomas)
    verified = run("verify", diplomas / "007.json", "--chain", "http://127.0.0.1:1", "--json")
    assert verified.code == 2
    assert verified.json["overall"] == "could not be checked"
    assert codes(verified.json)["integrity"] == "digest-equal"
    assert codes(verified.json)["inclusion"] == "count-unconfirmed"


def test_a_cause_is_told_once_with_its_place(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", diplomas)
    told = run("verify", diplomas / "007.json", "--chain", "http://127.0.0.1:1").out
    (anchor,) = (line for line in told.splitlines() if line.split()[1:2] == ["anchor"])
    assert anchor.count("ry again later") == 1
    assert "http://127.0.0.1:1" in anchor


def test_who_asked_no_chain_is_told_of_none(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", diplomas)
    told = run("verify", diplomas / "007.json", "--data-folder", "nowhere")
    assert told.code == 2
    assert "Name an endpoint of the receipt's chain with --chain" in told.out
    assert not any(line.startswith(("Chain:", "For practice only")) for line in told.out.splitlines())


def test_another_chain_or_contract_is_no_answer(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", diplomas)
    beside = diplomas / "007.json.receipt.json"
    receipt = json.loads(beside.read_bytes())
    for member, other in (("chain", "eip155:1"), ("contract", "0x" + "11" * 20)):
        changed = {**receipt, "anchor": {**receipt["anchor"], member: other}}
        beside.write_text(json.dumps(changed))
        verified = run("verify", diplomas / "007.json", "--trust", 1, "--json")
        assert verified.code == 2
        assert codes(verified.json)["anchor"] == "other-chain"


def test_a_chain_that_does_not_have_the_contract_is_no_answer(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", diplomas)
    (Path("elsewhere") / "trees").mkdir(parents=True)
    verified = run("verify", diplomas / "007.json", "--data-folder", "elsewhere", "--trust", 1, "--json")
    assert verified.code == 2
    assert codes(verified.json)["anchor"] == "no-contract"


def test_a_verifier_decides_whom_to_trust(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", diplomas)
    shutil.copytree("testamur-data", "verifier")
    for name in ("testamur.db", "testamur.db-wal", "testamur.db-shm"):
        (Path("verifier") / name).unlink(missing_ok=True)
    arguments = ("verify", diplomas / "007.json", "--data-folder", "verifier", "--json")
    untrusted = run(*arguments)
    assert (untrusted.code, codes(untrusted.json)["issuer"]) == (2, "issuer-not-trusted")
    trusted = run(*arguments, "--trust", 1)
    assert (trusted.code, codes(trusted.json)["issuer"]) == (0, "issuer-trusted")


def test_a_receipt_travels_inside_the_credential(run: Run, diplomas: Path, root: str) -> None:
    assert run("receipts", root, "-o", "signed", "--embed", diplomas).code == 0
    shutil.rmtree(diplomas)
    path = Path("signed/007.json")
    assert json.loads(path.read_bytes())["proof"][0]["type"] == "MerkleAnchorProof"
    verified = run("verify", path, "--json")
    assert (verified.code, verified.json["overall"]) == (0, "valid with a warning")


def test_receipts_of_lines_are_embedded_from_the_jsonl(run: Run, diplomas: Path) -> None:
    run("issuer", "register", "--uri", "did:web:university.example")
    documents = [path.read_text() for path in sorted(diplomas.glob("*.json"))[:5]]
    Path("export.jsonl").write_text("\n".join(documents) + "\n")
    root = run("anchor", "export.jsonl", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", "signed", "--embed", "export.jsonl").code == 0
    assert sorted(path.name for path in Path("signed").iterdir()) == [f"export-{n:06}.json" for n in range(1, 6)]
    assert run("verify", "signed").code == 0
    Path("export.jsonl").write_text("\n".join(reversed(documents)))
    refused = run("receipts", root, "-o", "again", "--embed", "export.jsonl", "--json")
    assert refused.json["error"]["code"] == "other-document"


def test_receipts_in_every_form_are_the_same(run: Run, diplomas: Path, root: str) -> None:
    for arguments in (["-o", "folder"], ["-o", "short", "--cbor"], ["-o", "all.zip"], ["-o", "all.jsonl"]):
        written = run("receipts", root, *arguments, "--json")
        assert written.json["receipts"] == 300
    expected = parse(Path("folder/007.json.receipt.json").read_bytes())
    short = Path("short/007.json.receipt.cbor").read_bytes()
    assert parse(short) == expected
    assert len(short) < 700
    with zipfile.ZipFile("all.zip") as archive:
        assert len(archive.namelist()) == 300
        assert parse(archive.read("007.json.receipt.json")) == expected
    assert expected in [parse(line) for line in Path("all.jsonl").read_bytes().splitlines()]
    assert run("verify", diplomas / "007.json", "--receipt", "short/007.json.receipt.cbor").code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["receipts", "0x" + "00" * 32, "-o", "out"], "unknown-batch"),
        (["receipts", "ROOT", "-o", "all.jsonl", "--cbor"], "cbor"),
        (["verify", "missing.json"], "unreadable"),
        (["verify", "diplomas", "--receipt", "x"], "settings"),
        (["verify", "diplomas/000.json", "--receipt", "missing"], "receipt"),
        (["verify", "diplomas/000.json", "--at", "tomorrow"], "time"),
        (["absent", "missing.json"], "unreadable"),
    ],
)
def test_a_mistake_is_one_message_with_a_code(run: Run, root: str, arguments: list[str], code: str) -> None:
    ran = run(*[root if word == "ROOT" else word for word in arguments], "--json")
    assert ran.json["error"]["code"] == code
    assert ran.code == 1


def test_a_batch_of_another_issuer_says_whose_it_is(run: Run, root: str) -> None:
    refused = run("receipts", root, "-o", "out", "--issuer", 2, "--json").json["error"]
    assert (refused["code"], refused["remedy"]) == ("unknown-batch", "Name its issuer: --issuer 1.")


def test_receipts_do_not_overwrite_a_file(run: Run, root: str) -> None:
    Path("all.zip").write_text("mine")
    assert run("receipts", root, "-o", "all.zip", "--json").json["error"]["code"] == "exists"
    assert Path("all.zip").read_text() == "mine"


def test_dates_are_judged_at_the_time_asked_for(run: Run, diplomas: Path, root: str) -> None:
    verified = run("verify", diplomas / "007.json", "--at", "2024-01-01T00:00:00Z", "--json")
    assert (verified.code, codes(verified.json)["dates"]) == (1, "not-yet-valid")


def test_absence_is_proved_over_every_batch(run: Run, diplomas: Path, root: str) -> None:
    Path("never.json").write_text('{"type": ["VerifiableCredential"], "id": "urn:example:never"}')
    run("anchor", "never.json", "--issuer", 1, "--json")
    Path("other.json").write_text('{"type": ["VerifiableCredential"], "id": "urn:example:other"}')
    answer = run("absent", "other.json", "-o", "proofs.json", "--json")
    assert (answer.code, answer.json["outcome"]) == (0, "absent")
    proofs = json.loads(Path("proofs.json").read_bytes())["proofs"]
    assert sorted({proof["digest"] for proof in proofs}) == sorted(answer.json["digests"])
    assert sorted(proof["leafCount"] for proof in proofs) == [1, 1, 300, 300]
    there = run("absent", diplomas / "007.json", "--json")
    assert (there.code, there.json["outcome"], there.json["sequences"]) == (1, "present", [1])


def test_absence_with_a_missing_tree_could_not_be_checked(run: Run, diplomas: Path, root: str) -> None:
    (Path("testamur-data") / "trees" / f"{root.removeprefix('0x')}-300.tree").unlink()
    answer = run("absent", "ab" * 32, "--json")
    assert (answer.code, answer.json["outcome"], answer.json["code"]) == (2, "could not be checked", "proof-missing")


def test_absence_is_proved_by_trees_on_s3(run: Run, diplomas: Path, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("testamur-data") / "trees" / f"{root.removeprefix('0x')}-300.tree"
    content = path.read_bytes()
    path.unlink()
    with s3_server() as server:
        server.use(monkeypatch)
        monkeypatch.setenv("TESTAMUR_TREES", f"s3://{BUCKET}/trees")
        unchecked = run("absent", "ab" * 32, "--json")
        assert (unchecked.code, unchecked.json["code"]) == (2, "proof-missing")
        server.put(f"trees/{path.name}", content)
        answer = run("absent", "ab" * 32, "--json")
        assert (answer.code, answer.json["outcome"]) == (0, "absent"), answer.out
        there = run("absent", diplomas / "007.json", "--json")
        assert (there.code, there.json["outcome"], there.json["sequences"]) == (1, "present", [1])
        server.put(f"trees/{path.name}", content[:200] + bytes(32) + content[232:])
        damaged = run("absent", "ab" * 32, "--json")
        assert (damaged.code, damaged.json["error"]["code"]) == (1, "tree-damaged")
        server.stop()
        away = run("absent", "ab" * 32, "--json")
        assert (away.code, away.json["code"]) == (2, "proof-missing")


def test_absence_without_a_chain_could_not_be_checked(run: Run, root: str) -> None:
    answer = run("absent", "ab" * 32, "--chain", "http://127.0.0.1:1", "--issuer", 1, "--json")
    assert answer.code == 2


def test_a_damaged_tree_is_noticed(run: Run, diplomas: Path, root: str) -> None:
    tree = Path("testamur-data") / "trees" / f"{root.removeprefix('0x')}-300.tree"
    tree.write_bytes(tree.read_bytes()[:-32])
    ran = run("receipts", root, "-o", "out", "--json")
    assert ran.code == 1
    assert ran.json["error"]["where"] == str(tree)


def test_the_samples_of_others(run: Run) -> None:
    if not SAMPLES.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{SAMPLES} is not there")
        pytest.skip("the shared samples are not beside the repository")
    run("issuer", "register", "--uri", "did:web:accreditor.example")
    files = sorted(SAMPLES.rglob("*.json"))
    anchored = run("anchor", SAMPLES, "--json")
    assert anchored.code == 0
    assert anchored.json["read"] == len(files) > 30
    verdicts = run("verify", SAMPLES, "--json").json["verdicts"]
    assert len(verdicts) == len(files)
    for verdict in verdicts:
        found = codes(verdict)
        assert (found["integrity"], found["inclusion"], found["anchor"]) == (
            "digest-equal",
            "included",
            "practice-chain",
        )
        # The name of a fixture says what its issuer meant; some names are older than their content.
        assert (verdict["overall"] == "not valid") is (found["dates"] in ("expired", "not-yet-valid"))
    expired = [verdict for verdict in verdicts if codes(verdict)["dates"] == "expired"]
    assert {Path(verdict["name"]).name for verdict in expired} >= {"legacy-revokedStatus-expired.json"}


def test_a_digest_of_the_issuers_own_system_can_be_verified(run: Run) -> None:
    Path("list.digests").write_text("\n".join(f"{number:064x}" for number in range(1, 4)))
    run("issuer", "register", "--uri", "did:web:university.example")
    root = run("anchor", "list.digests", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", "receipts").code == 0
    for arguments in ([], ["--receipt", "receipts/list.digests-000002.receipt.json"]):
        verified = run("verify", f"{2:064x}", *arguments, "--json")
        assert codes(verified.json)["integrity"] == "digest-given"
        assert verified.json["overall"] == "valid with a warning"
    other = run("verify", f"{3:064x}", "--receipt", "receipts/list.digests-000002.receipt.json", "--json")
    assert other.json["overall"] == "not valid"
    assert run("verify", f"{9:064x}", "--json").json["overall"] == "could not be checked"


def test_what_cannot_carry_its_receipt_is_copied_beside_it(run: Run, tmp_path: Path) -> None:
    run("issuer", "register", "--uri", "did:web:university.example")
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 diploma")
    (folder / "b.json").write_text('{"type": ["VerifiableCredential"], "issuer": "did:web:university.example"}')
    batch = run("anchor", folder, "--json").json["batches"][0]["root"]
    assert "2 credentials with their receipts" in run("receipts", batch, "-o", "mail", "--embed", folder).out
    assert sorted(path.name for path in Path("mail").iterdir()) == ["a.pdf", "a.pdf.receipt.json", "b.json"]
    verdicts = run("verify", "mail", "--json").json["verdicts"]
    assert [codes(verdict)["integrity"] for verdict in verdicts] == ["digest-equal"] * 2
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 another")
    refused = run("receipts", batch, "-o", "again", "--embed", folder, "--json")
    assert refused.json["error"]["code"] == "other-document"


def test_status_before_there_is_a_folder_says_whom_to_fund(run: Run, tmp_path: Path) -> None:
    shown = run("status", "--json")
    assert (shown.code, shown.json["signer"], shown.json["balanceWei"]) == (0, DEVELOPMENT_ACCOUNTS[0], str(10**22))
    assert shown.json["chainName"] == "practice chain of this folder"
    assert "10,000.000000 ether" in run("status").out
    assert list(tmp_path.iterdir()) == []


def test_the_practice_chain_is_told_as_that(run: Run, diplomas: Path, root: str) -> None:
    for arguments in (("check", diplomas), ("anchor", diplomas), ("receipts", root, "-o", "r"), ("deploy",)):
        told = run(*arguments).out
        assert "practice chain of this folder (eip155:1414747213)" in told, arguments
        assert "For practice only" in told, arguments
    for arguments in (("status",), ("issuer", "show", 1), ("audit",), ("verify", diplomas / "007.json")):
        assert "practice chain of this folder" in run(*arguments).out, arguments


def test_issuer_show_lists_who_may_anchor(run: Run, root: str) -> None:
    run("issuer", "operator", DEVELOPMENT_ACCOUNTS[1])
    assert run("issuer", "show", "--json").json["operators"] == list(DEVELOPMENT_ACCOUNTS[:2])
    run("issuer", "operator", DEVELOPMENT_ACCOUNTS[0], "--remove")
    assert run("issuer", "show", "--json").json["operators"] == [DEVELOPMENT_ACCOUNTS[1]]


def test_what_is_not_there_is_a_refusal_and_no_failure_to_ask(run: Run, root: str) -> None:
    for arguments, code in (
        (("accredit", "show", 9), "unknown-accreditation"),
        (("issuer", "show", 9), "unknown-party"),
    ):
        ran = run(*arguments, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (1, code)
