"""Revoking, suspending and reinstating: what was done is what is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from anchor.cli import asking
from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.credential.digest import digest_json
from registry.records import Act, Purpose, Reason
from tests.anchor.verifying.test_verdicts import void
from tests.conftest import Run, commands_in, write_diplomas


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four anchored diplomas and their receipts, to be copied."""
    folder = tmp_path_factory.mktemp("begun")
    with commands_in(folder) as run:
        diplomas = write_diplomas(folder / "diplomas", 4)
        run("issuer", "register", "--uri", "did:web:university.example")
        batch = run("anchor", diplomas, "--json").json["batches"][0]
        assert run("receipts", batch["root"], "-o", diplomas).code == 0
    return folder


@pytest.fixture
def anchored(begun: Path, run: Run, tmp_path: Path) -> Path:
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return tmp_path / "diplomas"


@pytest.fixture
def elsewhere(anchored: Path) -> tuple[str, ...]:
    """Options for a data folder that has the same chain and knows nothing of it."""
    shutil.copytree("testamur-data/chain", "elsewhere/chain")
    return ("--data-folder", "elsewhere", "--issuer", "1")


def test_what_is_revoked_cannot_be_reinstated(run: Run, anchored: Path) -> None:
    run("suspend", *anchored.glob("00?.json"))
    run("revoke", anchored / "001.json")
    refused = run("reinstate", anchored / "000.json", anchored / "001.json", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "revoked")
    assert refused.json["error"]["where"].endswith("001.json")
    assert "revoked for good" in refused.json["error"]["what"]
    assert run("reinstate", anchored / "000.json", "--json").json["reinstated"] == 1


def test_a_receipt_beside_the_file_is_enough(run: Run, anchored: Path, elsewhere: tuple[str, ...]) -> None:
    ran = run("revoke", anchored / "002.json", *elsewhere, "--json")
    assert ran.code == 0, ran.out
    assert ran.json["revoked"] == 1
    assert [each["sequence"] for each in ran.json["unknownBatches"]] == [1]
    assert run("revoke", anchored / "002.json", *elsewhere, "--json").json["already"] == 1


def test_a_receipt_inside_the_file_is_enough(run: Run, anchored: Path, elsewhere: tuple[str, ...]) -> None:
    root = run("status", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", "mail", "--embed", anchored).code == 0
    alone = Path("alone.json")
    shutil.copy("mail/003.json", alone)
    assert run("suspend", alone, *elsewhere, "--json").json["suspended"] == 1


@pytest.mark.parametrize("damage", ["leafIndex", "path", "issuer", "other"])
def test_a_receipt_is_proved_before_anything_is_changed(
    run: Run, anchored: Path, elsewhere: tuple[str, ...], damage: str
) -> None:
    beside = anchored / "000.json.receipt.json"
    receipt = json.loads(beside.read_text())
    if damage == "leafIndex":
        receipt["inclusion"]["leafIndex"] ^= 1
    elif damage == "path":
        receipt["inclusion"]["path"][0] = "00" * 32
    elif damage == "issuer":
        receipt["anchor"]["issuer"] = 2
    else:
        receipt = json.loads((anchored / "001.json.receipt.json").read_text())
    beside.write_text(json.dumps(receipt))
    refused = run("revoke", anchored / "000.json", *elsewhere, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "unknown-batches")


def test_without_tree_and_receipt_it_is_said_what_is_not_known(
    run: Run, anchored: Path, elsewhere: tuple[str, ...]
) -> None:
    (anchored / "000.json.receipt.json").unlink()
    error = run("revoke", anchored / "000.json", *elsewhere, "--json").json["error"]
    assert error["code"] == "unknown-batches"
    assert "batch 1" in error["what"]
    assert "receipt" in error["remedy"]


def test_a_dry_run_changes_nothing(run: Run, anchored: Path) -> None:
    dry = run("revoke", anchored / "000.json", "--dry-run", "--json").json
    assert (dry["revoked"], dry["wouldChange"], dry["transactions"]) == (0, 1, 1)
    assert "Nothing was sent" in run("revoke", anchored / "000.json", "--dry-run").out
    assert run("revoke", anchored / "000.json", "--json").json["revoked"] == 1


def test_a_person_at_a_terminal_is_asked(run: Run, anchored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(_: object, question: str) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(asking, "at_a_terminal", lambda: True)
    monkeypatch.setattr(asking.SafeConsole, "confirms", answer)
    refused = run("revoke", anchored / "000.json", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "not-confirmed")
    assert "for good" in asked[0]
    assert run("revoke", anchored / "000.json", "--yes", "--json").json["revoked"] == 1
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("revoke",), "resolved"),
        (("revoke",), "under-review"),
        (("suspend",), "resolved"),
        (("reinstate",), "obtained-by-fraud"),
        (("accredit", "withdraw", "1"), "resolved"),
        (("accredit", "void", "1"), "under-review"),
    ],
)
def test_a_reason_has_to_make_sense(run: Run, words: tuple[str, ...], reason: str) -> None:
    targets = () if words[0] == "accredit" else ("ab" * 32,)
    refused = run(*words, *targets, "--reason", reason, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "reason")


def test_every_reason_is_for_something() -> None:
    assert {reason for act in Act for reason in act.reasons} == set(Reason)
    for act in Act:
        assert Reason.UNSPECIFIED in act.reasons
        assert all(act.reason(reason.word) is reason for reason in act.reasons)


def test_a_suspension_is_lifted_where_the_revocation_was_superseded(run: Run, anchored: Path) -> None:
    first = run("status", "--json").json["batches"][0]["root"]
    void(first)
    (anchored / "extra.json").write_text('{"extra": 1}')
    again = run("anchor", anchored, "--reissue", "--json").json
    assert again["superseded"] == 4
    assert run("suspend", anchored / "000.json", "--json").json["suspended"] == 1
    lifted = run("reinstate", anchored / "000.json", "--json")
    assert lifted.code == 0, lifted.out
    assert lifted.json["reinstated"] == 1
    # All of a voided batch is revoked; in the one that replaces it, it is not.
    assert run("revoke", anchored / "000.json", "--json").json["revoked"] == 1


def test_what_is_in_a_voided_batch_alone_is_neither_suspended_nor_reinstated(run: Run, anchored: Path) -> None:
    void(run("status", "--json").json["batches"][0]["root"])
    for act in ("suspend", "reinstate"):
        refused = run(act, anchored / "000.json", "--json")
        assert (refused.code, refused.json["error"]["code"]) == (1, "revoked")
    assert run("revoke", anchored / "000.json", "--json").json["already"] == 1


def test_what_is_revoked_elsewhere_and_not_superseded_is_not_reinstated(run: Run, anchored: Path) -> None:
    (anchored / "extra.json").write_text('{"extra": 1}')
    run("anchor", anchored, "--reissue")
    revoked_in_the_first_alone(anchored / "000.json")
    run("suspend", anchored / "000.json")
    refused = run("reinstate", anchored / "000.json", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "revoked")


def revoked_in_the_first_alone(path: Path) -> None:
    with Workspace(load_settings()) as workspace:
        contract = workspace.contract
        first = workspace.store.places(digest_json(path.read_bytes()).value, 1)[0]
        bit = 1 << first.leaf.leaf_index
        data = contract.set_status_data(1, first.batch.root, Purpose.REVOCATION, 0, bit, Reason.ISSUED_IN_ERROR)
        workspace.sender.settle("revoke one", contract.address, data)


def test_what_is_revoked_for_good_is_not_anchored_again(run: Run, anchored: Path) -> None:
    run("revoke", anchored / "000.json")
    (anchored / "extra.json").write_text('{"extra": 1}')
    again = run("anchor", anchored, "--reissue", "--json").json
    assert (again["new"], again["anchoredBefore"], again["revokedAmongAnchored"]) == (4, 1, 1)
    assert again["batches"][-1]["leafCount"] == 4
    nothing = run("anchor", anchored / "000.json", "--reissue", "--json")
    assert nothing.json["new"] == 0


def presentation(*paths: Path) -> str:
    credentials = [json.loads(path.read_text()) for path in paths]
    kind = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"]}
    return json.dumps({**kind, "verifiableCredential": credentials})


@pytest.mark.parametrize("carrier", ["copy.txt", "bom.txt", "shown.json"])
def test_the_credential_that_is_anchored_is_found_in_what_carries_it(run: Run, anchored: Path, carrier: str) -> None:
    original = anchored / "001.json"
    texts = {
        "copy.txt": original.read_text(),
        "bom.txt": "\ufeff" + original.read_text(),
        "shown.json": presentation(original),
    }
    Path(carrier).write_text(texts[carrier], encoding="utf-8")
    dry = run("revoke", carrier, "--dry-run", "--json")
    assert dry.code == 0, dry.out
    (digest,) = dry.json["digests"]
    assert [each["digest"] for each in dry.json["inside"]] == [digest]
    assert digest in run("revoke", carrier, "--dry-run").out.replace("\n", "")
    assert run("revoke", carrier, "--json").json["revoked"] == 1
    assert run("revoke", original, "--json").json["already"] == 1


def test_of_several_anchored_in_one_file_nothing_is_changed_unless_all_are_meant(run: Run, anchored: Path) -> None:
    Path("shown.json").write_text(presentation(anchored / "000.json", anchored / "001.json"))
    refused = run("revoke", "shown.json", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "several-anchored")
    digests = [run("suspend", anchored / f"00{n}.json", "--dry-run", "--json").json["digests"][0] for n in (0, 1)]
    assert all(digest in refused.json["error"]["what"] for digest in digests)
    assert run("revoke", digests[0], "--json").json["revoked"] == 1
    both = run("revoke", "shown.json", "--all", "--json").json
    assert (both["revoked"], both["already"]) == (1, 1)


def test_a_file_of_which_nothing_is_anchored_changes_nothing(run: Run, anchored: Path) -> None:
    Path("other.txt").write_text('{"other": 1}')
    refused = run("revoke", "other.txt", anchored / "000.json", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "not-anchored")
    assert run("revoke", anchored / "000.json", "--json").json["already"] == 0


def test_what_is_revoked_in_a_voided_batch_alone_is_kept_and_not_issued_again(run: Run, anchored: Path) -> None:
    void(run("status", "--json").json["batches"][0]["root"])
    dry = run("revoke", anchored / "000.json", "--dry-run", "--json").json
    assert run("jobs", "list", "--statuses", "--json").json == []
    ran = run("revoke", anchored / "000.json", "--reason", "obtained-by-fraud")
    assert "1 credential in voided batches alone" in ran.out
    again = run("revoke", anchored / "000.json", "--json").json
    assert again["inVoidedBatches"] == dry["inVoidedBatches"] == again["digests"]
    (kept,) = run("jobs", "list", "--statuses", "--json").json
    assert (kept["act"], kept["state"], kept["reason"]) == ("revoke", "unchanged", "obtained-by-fraud")
    reissued = run("anchor", anchored, "--reissue", "--json").json
    assert (reissued["new"], reissued["anchoredBefore"]) == (3, 1)
