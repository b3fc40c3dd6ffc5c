"""What a verdict rests on: which receipt decides, on which chain numbers count, and what is down."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.credential.digest import digest_json
from registry.records import Reason
from tests.conftest import Run


def codes(verdict: Any) -> dict[str, str]:
    return {check["name"]: check["code"] for check in verdict["checks"]}


@pytest.fixture
def root(run: Run, diplomas: Path) -> str:
    """The root of a batch of three anchored diplomas."""
    for path in sorted(diplomas.iterdir())[3:]:
        path.unlink()
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    return str(run("anchor", diplomas, "--json").json["batches"][0]["root"])


def void(root: str, issuer: int = 1) -> None:
    with Workspace(load_settings()) as workspace:
        contract = workspace.contract
        data = contract.void_batch_data(issuer, bytes.fromhex(root[2:]), Reason.ISSUED_IN_ERROR)
        workspace.sender.settle(f"void {root}", contract.address, data)


def embedded(run: Run, root: str, originals: Path, to: str) -> Path:
    assert run("receipts", root, "--embed", originals, "-o", to).code == 0
    return Path(to)


def elsewhere(tmp_path: Path) -> Path:
    """A data folder with the same chain that knows no anchors."""
    moved = tmp_path / "elsewhere" / "testamur-data"
    if not moved.exists():
        moved.mkdir(parents=True)
        shutil.copytree(tmp_path / "testamur-data" / "chain", moved / "chain")
    return moved


class TestSeveralReceipts:
    @pytest.fixture
    def reissued(self, run: Run, diplomas: Path, root: str) -> tuple[Path, str, str]:
        """A credential with the receipts of a voided batch and of the one that replaces it, in this order."""
        first = embedded(run, root, diplomas, "first")
        void(root)
        assert codes(run("verify", first / "000.json", "--json").json)["status"] == "voided"
        (first / "more.json").write_text(json.dumps({"id": "urn:uuid:more"}))
        again = run("anchor", first, "--reissue", "--json")
        assert again.code == 0
        assert again.json["superseded"] == 3
        new = str(again.json["batches"][0]["root"])
        return embedded(run, new, first, "second") / "000.json", root, new

    def test_the_programs_own_output_is_valid_in_either_order(
        self, run: Run, reissued: tuple[Path, str, str], tmp_path: Path
    ) -> None:
        path, old, new = reissued
        document = json.loads(path.read_bytes())
        assert [entry["inclusion"]["root"] for entry in document["proof"]] == [old, new]
        for proofs in (document["proof"], document["proof"][::-1]):
            path.write_text(json.dumps({**document, "proof": proofs}))
            for folder in ("testamur-data", elsewhere(tmp_path)):
                verified = run("verify", path, "--trust", 1, "--data-folder", folder, "--json")
                assert (verified.code, verified.json["root"]) == (0, new)
                assert codes(verified.json)["status"] == "in-force"
                (other,) = verified.json["otherReceipts"]
                assert (other["root"], other["overall"], other["codes"]) == (old, "not valid", ["voided"])
        assert f"another receipt, of issuer 1 on eip155:1414747213, batch {old}: not valid (voided)" in run(
            "verify", path
        ).out.replace("\n", " ").replace("  ", " ")

    def test_what_is_voided_and_repeated_without_a_word_stays_withdrawn(
        self, run: Run, diplomas: Path, root: str
    ) -> None:
        """As a thief's batch does, and an export that repeats everything."""
        first = embedded(run, root, diplomas, "first")
        (first / "more.json").write_text(json.dumps({"id": "urn:uuid:more"}))
        again = run("anchor", first, "--reissue", "--json").json
        assert again["superseded"] == 0
        void(root)
        second = embedded(run, again["batches"][0]["root"], first, "second")
        for name in ("000.json", "001.json"):
            verified = run("verify", second / name, "--json")
            assert (verified.code, codes(verified.json)["status"]) == (1, "voided")
        told = run("audit", "--json")
        apart = [each for each in told.json["differences"] if each["kind"] == "status-apart"]
        assert told.code == 1
        assert len(apart) == 3
        digest = digest_json((second / "000.json").read_bytes()).hex
        assert sum(digest in each["what"] and root in each["what"] for each in apart) == 1
        # Said afterwards, it counts.
        assert run("anchor", first, "--reissue", "--json").json["superseded"] == 3
        assert run("verify", second / "000.json", "--json").json["overall"] == "valid with a warning"

    def test_a_credential_revoked_by_itself_is_not_brought_back_with_its_batch(
        self, run: Run, diplomas: Path, root: str
    ) -> None:
        assert run("revoke", diplomas / "001.json").code == 0
        void(root)
        (diplomas / "more.json").write_text(json.dumps({"id": "urn:uuid:more"}))
        again = run("anchor", diplomas, "--reissue", "--json").json
        assert (again["superseded"], again["anchoredBefore"], again["revokedAmongAnchored"]) == (2, 1, 1)
        overall = {name: run("verify", diplomas / f"{name}.json", "--json").json["overall"] for name in ("000", "001")}
        assert overall == {"000": "valid with a warning", "001": "not valid"}

    def test_a_receipt_of_another_document_in_front_hides_nothing(self, run: Run, diplomas: Path, root: str) -> None:
        first = embedded(run, root, diplomas, "first")
        documents = [json.loads((first / f"00{number}.json").read_bytes()) for number in range(2)]
        path = first / "000.json"
        path.write_text(json.dumps({**documents[0], "proof": documents[1]["proof"] + documents[0]["proof"]}))
        verified = run("verify", path, "--json").json
        assert (verified["overall"], codes(verified)["integrity"]) == ("valid with a warning", "digest-equal")
        assert [each["codes"] for each in verified["otherReceipts"]] == [["digest-differs"]]
        path.write_text(json.dumps({**documents[0], "proof": documents[1]["proof"], "name": "changed"}))
        assert run("verify", path, "--json").json["overall"] == "not valid"


def test_how_many_other_batches_were_not_looked_at_is_told(run: Run, diplomas: Path, root: str, tmp_path: Path) -> None:
    path = embedded(run, root, diplomas, "first") / "000.json"
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.json").write_text(json.dumps({"id": "urn:uuid:b"}))
    assert run("anchor", other).code == 0
    here = run("verify", path, "--json").json
    assert here["batchesNotLookedAt"] == 0
    away = run("verify", path, "--trust", 1, "--data-folder", elsewhere(tmp_path), "--json").json
    assert away["batchesNotLookedAt"] == 1
    (status,) = (check for check in away["checks"] if check["name"] == "status")
    assert (status["outcome"], status["code"]) == ("pass", "in-force")
    assert "One other batch of this issuer was not looked at" in status["text"]


def test_issuers_of_a_policy_count_on_its_chain_alone(run: Run, diplomas: Path, root: str, tmp_path: Path) -> None:
    path = embedded(run, root, diplomas, "first") / "000.json"
    policy = tmp_path / "policy.toml"
    for chain, code in (("eip155:1", "other-chain"), ("eip155:1414747213", "issuer-trusted")):
        policy.write_text(f'chain = "{chain}"\n[[issuers]]\nparty = 1\nname = "University of Examples"\n')
        verified = run("verify", path, "--policy", policy, "--data-folder", elsewhere(tmp_path), "--json")
        assert codes(verified.json)["issuer"] == code
        assert verified.code == (2 if code == "other-chain" else 0)


class TestWhatIsDown:
    def test_a_chain_that_is_away_is_told_and_not_a_missing_receipt(self, run: Run, diplomas: Path, root: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        away = run("verify", diplomas / "000.json", "--chain", f"http://127.0.0.1:{port}", "--json")
        assert away.code == 2
        assert away.json["root"] == root
        assert codes(away.json) == {
            "integrity": "digest-equal",
            "inclusion": "count-unconfirmed",
            "anchor": "chain-unreachable",
            "issuer": "chain-unreachable",
            "status": "chain-unreachable",
            "dates": "within-dates",
            "signature": "no-signature",
        }

    def test_without_folder_and_endpoint_the_receipts_chain_is_named(
        self, run: Run, diplomas: Path, root: str, tmp_path: Path
    ) -> None:
        path = embedded(run, root, diplomas, "first") / "000.json"
        verified = run("verify", path, "--data-folder", tmp_path / "nowhere", "--json")
        assert verified.code == 2
        (anchor,) = (check for check in verified.json["checks"] if check["name"] == "anchor")
        assert anchor["code"] == "chain-not-asked"
        assert "eip155:1414747213" in anchor["text"]
        assert "--chain" in anchor["text"]
        assert verified.json["chain"]["id"] == "eip155:1414747213"

    def test_another_chain_is_told_as_that(self, run: Run, diplomas: Path, root: str, tmp_path: Path) -> None:
        """Though it has no contract: to deploy one is not for who verifies."""
        path = embedded(run, root, diplomas, "first") / "000.json"
        document = json.loads(path.read_bytes())
        document["proof"][0]["anchor"]["chain"] = "eip155:1"
        path.write_text(json.dumps(document))
        empty = tmp_path / "empty"
        empty.mkdir()
        verified = run("verify", path, "--data-folder", empty, "--json")
        (anchor,) = (check for check in verified.json["checks"] if check["name"] == "anchor")
        assert anchor["code"] == "other-chain"
        assert "Ethereum (eip155:1)" in anchor["text"]
        assert "deploy" not in anchor["text"]
