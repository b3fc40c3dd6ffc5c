"""Revoking, suspending and reinstating: what was done is what is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anchor.batching.as_on_chain import as_on_chain
from anchor.batching.receipts import receipt_at
from anchor.books.batches import Leaf
from anchor.cli import asking, revoke
from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.credential.digest import digest_json
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
from registry.merkle.tree import Tree
from registry.receipt.model import to_json
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
    assert run("revoke", anchored / "000.json", "--place-only", "--json").json["already"] == 1


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


def test_what_is_revoked_by_place_in_a_voided_batch_alone_is_kept_and_not_issued_again(
    run: Run, anchored: Path
) -> None:
    void(run("status", "--json").json["batches"][0]["root"])
    words = ("revoke", anchored / "000.json", "--place-only")
    dry = run(*words, "--dry-run", "--json").json
    assert run("jobs", "list", "--statuses", "--json").json == []
    ran = run(*words, "--reason", "obtained-by-fraud")
    assert "1 credential in voided batches alone" in ran.out
    again = run(*words, "--json").json
    assert again["inVoidedBatches"] == dry["inVoidedBatches"] == again["digests"]
    (kept,) = run("jobs", "list", "--statuses", "--json").json
    assert (kept["act"], kept["state"], kept["reason"]) == ("revoke", "unchanged", "obtained-by-fraud")
    assert kept["placeOnly"] is True
    reissued = run("anchor", anchored, "--reissue", "--json").json
    assert (reissued["new"], reissued["anchoredBefore"]) == (3, 1)


def test_a_credential_is_revoked_by_its_digest_and_its_batch_may_be_void(run: Run, anchored: Path) -> None:
    void(run("status", "--json").json["batches"][0]["root"])
    ran = run("revoke", anchored / "000.json", "--json").json
    assert (ran["by"], ran["revoked"], ran["inVoidedBatches"]) == (["digest"], 1, [])
    reissued = run("anchor", anchored, "--reissue", "--json").json
    assert (reissued["new"], reissued["anchoredBefore"], reissued["superseded"]) == (3, 1, 3)
    assert run("receipts", reissued["batches"][-1]["root"], "-o", "again").code == 0
    shutil.copy("again/001.json.receipt.json", anchored)
    assert run("verify", anchored / "001.json").code == 0


def test_of_places_alone_many_cost_one_call_and_it_is_said_what_that_does_not_cover(run: Run, anchored: Path) -> None:
    files = sorted(anchored.glob("00?.json"))
    ran = run("suspend", *files, "--place-only", "--json").json
    assert (ran["by"], ran["suspended"], ran["transactions"]) == (["place"], 4, 1)
    assert ran["gas"] < 70_000
    told = run("suspend", *files, "--place-only").out.replace("\n", " ")
    assert "4 had that status already" in told
    assert "another anchor of theirs, in a batch not known here or made later, is not covered" in told
    told = run("suspend", files[0]).out.replace("\n", " ")
    assert "1 credential suspended (under-review) in 1 transaction. It is said of the digests" in told
    # By whichever way it was said, it is lifted.
    lifted = run("reinstate", *files, "--json").json
    assert (lifted["by"], lifted["reinstated"], lifted["already"]) == (["digest", "place"], 4, 0)
    assert run("reinstate", *files, "--json").json["transactions"] == 0
    assert run("verify", files[0]).code == 0


def test_a_hundred_digests_share_a_transaction_and_each_costs_once(run: Run, anchored: Path) -> None:
    (anchored / "extra.json").write_text('{"extra": 1}')
    assert run("anchor", anchored, "--reissue").code == 0
    digests = [f"{number:064x}" for number in range(1, 131)]
    Path("list.txt").write_text("\n".join(digests))
    words = ("suspend", "--list", "list.txt", anchored / "000.json", "--without-anchor", "--json")
    ran = run(*words)
    assert ran.code == 0, ran.out
    assert (ran.json["suspended"], ran.json["transactions"]) == (131, 2)
    assert sorted(ran.json["withoutAnchor"]) == digests
    assert run(*words).json["already"] == 131


@pytest.mark.parametrize("queue", [(), ("--queue",)])
def test_what_was_never_anchored_is_named_on_purpose_or_not_at_all(
    run: Run, anchored: Path, queue: tuple[str, ...]
) -> None:
    Path("wrong.json").write_text('{"wrong": 1}')
    refused = run("revoke", "wrong.json", anchored / "000.json", *queue, "--json").json["error"]
    assert (refused["code"], refused["where"]) == ("not-anchored", "wrong.json")
    assert "--without-anchor" in refused["remedy"]
    refused = run("revoke", "wrong.json", "--place-only", *queue, "--json").json["error"]
    assert "--without-anchor" not in refused["remedy"]
    both = run("revoke", "wrong.json", "--place-only", "--without-anchor", *queue, "--json").json["error"]
    assert both["code"] == "place-only"
    digest = digest_json(Path("wrong.json").read_bytes()).value.hex()
    ran = run("revoke", "wrong.json", "--without-anchor", *queue, "--json")
    assert ran.code == 0, ran.out
    if queue:
        assert run("jobs", "show", ran.json["id"], "--json").json["digests"] == [digest]
    else:
        assert (ran.json["revoked"], ran.json["withoutAnchor"]) == (1, [digest])
        told = run("revoke", "ab" * 32, "--without-anchor").out.replace("\n", " ")
        assert f"1 credential in no batch known here, first {'ab' * 32}: said of the digest all the same." in told
        # To anchor it now is in vain, and that is said.
        nothing = run("anchor", "wrong.json", "--json").json
        assert (nothing["new"], nothing["revoked"], nothing["batches"]) == (0, 1, [])
        told = run("anchor", "wrong.json").out
        assert "1 revoked by their digests and left out, first wrong.json" in told
        assert run("check", "wrong.json", "--json").json["revoked"] == 1
        assert run("reinstate", "wrong.json", "--without-anchor", "--json").json["error"]["code"] == "revoked"


# Two operators of one issuer, each with a folder of his own


@contextmanager
def at_the_other_operator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With another account and another folder, on the same chain."""
    Path("theirs").mkdir(exist_ok=True)
    shutil.rmtree("theirs/chain", ignore_errors=True)
    shutil.copytree("testamur-data/chain", "theirs/chain")
    with monkeypatch.context() as patch:
        patch.setenv("TESTAMUR_DATA_FOLDER", "theirs")
        patch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
        patch.setenv("TESTAMUR_ISSUER", "1")
        yield
    shutil.rmtree("testamur-data/chain")
    shutil.copytree("theirs/chain", "testamur-data/chain")


def status_of(run: Run, path: Path) -> str:
    checks = run("verify", path, "--json").json["checks"]
    return str(next(each["code"] for each in checks if each["name"] == "status"))


def test_what_one_operator_revokes_another_cannot_bring_back(
    run: Run, anchored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = anchored / "000.json", anchored / "001.json"
    assert run("issuer", "operator", DEVELOPMENT_ACCOUNTS[1]).code == 0
    mail = Path("mail")
    mail.mkdir()
    with at_the_other_operator(monkeypatch):
        # Anchored again before it is revoked, in a batch that the first one does not know.
        shutil.copy(ada, mail)
        (mail / "new.json").write_text('{"new": 1}')
        before = run("anchor", mail, "--without-history", "--json").json["batches"][0]["root"]
        assert run("receipts", before, "-o", mail).code == 0
        assert status_of(run, mail / "000.json") == "in-force"
    for path in (ada, bob):
        assert run("revoke", path, "--json").json["revoked"] == 1
    with at_the_other_operator(monkeypatch):
        assert status_of(run, mail / "000.json") == "revoked"
        # His folder does not know the other batch: the chain does.
        later = Path("later")
        later.mkdir()
        shutil.copy(bob, later)
        (later / "newer.json").write_text('{"newer": 1}')
        ran = run("anchor", later, "--without-history", "--json").json
        assert (ran["new"], ran["revoked"], ran["batches"][-1]["leafCount"]) == (1, 1, 1)
        # With a tool that asks nobody.
        receipt = anchored_by_hand(bob)
        (later / "001.json.receipt.json").write_bytes(receipt)
        assert status_of(run, later / "001.json") == "revoked"
    for path in (mail / "000.json", later / "001.json"):
        assert status_of(run, path) == "revoked"


def test_an_operator_without_a_folder_revokes_too(run: Run, anchored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("issuer", "operator", DEVELOPMENT_ACCOUNTS[1]).code == 0
    for path in anchored.glob("*.receipt.json"):
        path.rename(f"{path.name}.kept")
    digest = digest_json((anchored / "002.json").read_bytes()).value.hex()
    with at_the_other_operator(monkeypatch):
        refused = run("revoke", digest, "--json").json["error"]
        assert refused["code"] == "unknown-batches"
        assert "--without-anchor" in refused["remedy"]
        assert run("revoke", digest, "--without-anchor", "--json").json["revoked"] == 1
    assert status_of(run, anchored / "002.json") == "revoked"
    assert run("revoke", digest, "--json").json["already"] == 1


def anchored_by_hand(path: Path) -> bytes:
    """Anchor one credential without asking what was said of it; its receipt."""
    digest = digest_json(path.read_bytes()).value
    with Workspace(load_settings()) as workspace, Tree.build([digest]) as tree:
        contract = workspace.contract
        data = contract.anchor_data(1, tree.root, 1)
        workspace.sender.settle("anchor by hand", contract.address, data)
        workspace.folder.keep_tree(tree)
        row = workspace.store.add(1, tree.root, 1, [Leaf(digest, 0, 0, path.name, 0)], sealed_at=0)
        row = workspace.store.update(as_on_chain(contract, row, None))
        (place,) = (each for each in workspace.store.places(digest, 1) if each.batch.id == row.id)
        receipt = receipt_at(workspace.folder, place, chain=workspace.chain, contract=workspace.contract_address)
        return to_json(receipt)


# A batch whose key somebody else has


@pytest.mark.parametrize("answer", [True, False])
def test_of_a_compromised_key_the_digests_are_revoked_if_a_person_wants(
    run: Run, anchored: Path, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    asked: list[str] = []

    def answered(_: object, question: str) -> bool:
        asked.append(question)
        return answer or len(asked) == 1

    monkeypatch.setattr(revoke, "at_a_terminal", lambda: True)
    monkeypatch.setattr(asking, "at_a_terminal", lambda: True)
    monkeypatch.setattr(asking.SafeConsole, "confirms", answered)
    root = run("status", "--json").json["batches"][0]["root"]
    ran = run("void", root, "--reason", "key-compromise", "--json").json
    assert (ran["voided"], ran["digestsRevoked"]) == (True, 4 if answer else 0)
    assert "Whoever has the key can anchor the same credentials again" in asked[1]
    reissued = run("anchor", anchored, "--reissue", "--json").json
    assert reissued["anchoredBefore"] == (4 if answer else 0)


def test_a_script_says_whether_the_digests_are_revoked_with_the_batch(run: Run, anchored: Path) -> None:
    root = run("status", "--json").json["batches"][0]["root"]
    dry = run("void", root, "--digests", "--dry-run", "--json").json
    assert (dry["voided"], dry["digestsRevoked"]) == (False, 0)
    ran = run("void", root, "--reason", "key-compromise", "--yes")
    told = ran.out.replace("\n", " ")
    assert f"To revoke 4 digests in 1 transaction as well: testamur void {root} --digests" in told
    refused = run("void", root, "--digests", "--queue", "--json").json["error"]
    assert refused["code"] == "queue"
    # It was voided before: what is left is done.
    again = run("void", root, "--reason", "key-compromise", "--digests", "--yes", "--json").json
    assert (again["voided"], again["already"], again["digestsRevoked"]) == (False, True, 4)
    assert run("void", root, "--digests", "--json").json["digestsRevoked"] == 0


def test_what_cannot_be_revoked_with_the_batch_is_said_before_it_is_voided(run: Run, anchored: Path) -> None:
    root = run("status", "--json").json["batches"][0]["root"]
    account = DEVELOPMENT_ACCOUNTS[0]
    assert run("issuer", "operator", account, "--remove").code == 0
    refused = run("void", root, "--digests", "--json").json["error"]
    assert refused["code"] == "not-operator"
    (tree,) = Path("testamur-data/trees").glob("*.tree")
    tree.unlink()
    assert run("void", root, "--digests", "--json").json["error"]["code"] == "tree-missing"
    ran = run("void", root, "--reason", "key-compromise")
    assert ran.code == 0, ran.out
    assert "Their digests cannot be revoked from here" in ran.out.replace("\n", " ")
