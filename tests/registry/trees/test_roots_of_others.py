"""Whoever anchors another's root as his only digest harms nobody: not before, not after, not in a folder of before."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from registry.chain.editions import first
from registry.credential.digest import digest_json
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
from registry.trees.open import open_trees
from tests.conftest import Run
from tests.s3 import BUCKET, s3_server

FORMER_FOLDER = Path(__file__).parent / "fixtures" / "former-folder.zip"
"""A data folder as the program left it when it named trees by their root alone.

Issuer 1 anchored `alone.json`, three credentials and six credentials; before the six, issuer 2 anchored their root, and
its tree kept the other one from being written.
"""
SIX = [json.dumps({"id": f"urn:uuid:{number}", "a": number}, separators=(",", ":")) for number in range(1, 7)]


@pytest.fixture
def six(tmp_path: Path) -> Path:
    folder = tmp_path / "six"
    folder.mkdir()
    for number, credential in enumerate(SIX, start=1):
        (folder / f"{number}.json").write_text(credential + "\n")
    return folder


@pytest.fixture
def root() -> bytes:
    return Tree.build(digest_json(credential.encode()).value for credential in SIX).root


@pytest.fixture
def issuers(run: Run) -> None:
    for number in (1, 2):
        assert run("issuer", "register", "--uri", f"did:web:{number}.example").code == 0


def all_valid(run: Run, root: bytes, six: Path) -> None:
    """Every credential has a receipt that holds, and another one is absent."""
    written = run("receipts", f"0x{root.hex()}", "-o", "receipts", "--issuer", 1, "--json")
    assert (written.code, written.json["receipts"]) == (0, 6)
    for number in range(1, 7):
        receipt = f"receipts/{number}.json.receipt.json"
        verified = run("verify", six / f"{number}.json", "--receipt", receipt, "--trust", 1, "--json")
        assert verified.code == 0, verified.out
    assert run("absent", "ab" * 32, "--issuer", 1, "--json").json["outcome"] == "absent"
    assert run("absent", six / "4.json", "--issuer", 1, "--json").json["outcome"] == "present"


@pytest.mark.parametrize("comes", ["before", "after"])
@pytest.mark.usefixtures("issuers")
def test_a_stranger_who_anchors_a_root_harms_no_receipt(run: Run, six: Path, root: bytes, comes: str) -> None:
    Path("stranger.digests").write_text(root.hex())
    for path, issuer in (
        [("stranger.digests", 2), (six, 1)] if comes == "before" else [(six, 1), ("stranger.digests", 2)]
    ):
        assert run("anchor", path, "--issuer", issuer).code == 0
    all_valid(run, root, six)
    written = run("receipts", f"0x{root.hex()}", "-o", "stranger", "--issuer", 2, "--json")
    assert (written.code, written.json["receipts"]) == (0, 1)
    audited = run("audit", "--json")
    assert (audited.code, audited.json["checked"]["trees"]) == (0, 2), audited.out


@pytest.mark.usefixtures("issuers")
def test_a_stranger_harms_no_tree_on_s3(run: Run, six: Path, root: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("stranger.digests").write_text(root.hex())
    with s3_server() as server:
        server.use(monkeypatch)
        monkeypatch.setenv("TESTAMUR_TREES", f"s3://{BUCKET}/trees")
        assert run("anchor", "stranger.digests", "--issuer", 2).code == 0
        assert run("anchor", six, "--issuer", 1).code == 0
        store = open_trees(f"s3://{BUCKET}/trees")
        assert store.counts(root) == [1, 6]
        for count in (1, 6):
            with store.open_whole(TreeId(root, count)) as tree:
                tree.check()
        pushed = run("trees", "push", "--json").json
        assert (pushed["copied"], pushed["thereBefore"], pushed["broken"]) == ([], 2, [])
        audited = run("audit", "--json")
        assert (audited.code, audited.json["checked"]["trees"]) == (0, 2), audited.out
        counts = run("index", "--once", "--json").json
        assert (counts["batches"], counts["trees"]) == (2, 2)
    all_valid(run, root, six)


@pytest.mark.usefixtures("issuers")
def test_a_digest_that_is_the_root_of_an_own_batch_is_refused(run: Run, six: Path, root: bytes) -> None:
    """It could never be anchored: the contract has one batch for an issuer and a root."""
    assert run("anchor", six, "--issuer", 1).code == 0
    Path("yearly.digests").write_text(root.hex())
    refused = run("anchor", "yearly.digests", "--issuer", 1, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "root-taken")
    all_valid(run, root, six)
    # Among others it is a digest like any other.
    Path("yearly.digests").write_text(f"{root.hex()}\n{'ab' * 32}\n")
    assert run("anchor", "yearly.digests", "--issuer", 1).code == 0
    assert run("absent", root.hex(), "--issuer", 1, "--json").json["outcome"] == "present"


@pytest.fixture
def former(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Its registry is of the first edition, which is read and written to no more.
    monkeypatch.setenv("TESTAMUR_CONTRACT", first().address)
    with zipfile.ZipFile(FORMER_FOLDER) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "testamur-data"


def test_a_former_folder_is_opened_and_its_trees_are_found(run: Run, former: Path, six: Path, root: bytes) -> None:
    names = sorted(path.name for path in (former / "trees").glob("*.tree"))
    assert root.hex() + ".tree" in names
    for row in run("status", "--json").json["batches"]:
        if (row["root"], row["issuer"]) == (f"0x{root.hex()}", 1):
            continue
        written = run(
            "receipts", row["root"], "-o", f"{row['issuer']}{row['root']}", "--issuer", row["issuer"], "--json"
        )
        assert (written.code, written.json["receipts"]) == (0, row["leafCount"])
    # The victim's tree was never written. It is missing, not another one; nothing is said to be absent meanwhile.
    lost = run("receipts", f"0x{root.hex()}", "-o", "lost", "--issuer", 1, "--json")
    assert (lost.code, root.hex() in lost.json["error"]["where"]) == (1, True)
    assert run("absent", "ab" * 32, "--issuer", 1, "--json").json["code"] == "proof-missing"
    # Made again from what was anchored, it is written, and what was there stays.
    assert run("trees", "repair", "--from", six, f"0x{root.hex()}").code == 0
    all_valid(run, root, six)
    assert {*names, f"{root.hex()}-6.tree"} == {path.name for path in (former / "trees").glob("*.tree")}
    assert len(FolderTrees(former / "trees").ids()) == 4


def test_a_former_index_keeps_what_was_loaded_and_loads_what_was_not(
    run: Run, former: Path, six: Path, root: bytes
) -> None:
    counts = run("index", "--once", "--json").json
    assert (counts["batches"], counts["trees"]) == (4, 3)
    assert run("trees", "repair", "--from", six, f"0x{root.hex()}").code == 0
    assert run("index", "--once", "--json").json["trees"] == 4
    engine = create_engine(f"sqlite:///{former / 'testamur.db'}")
    with engine.connect() as connection:
        trees = connection.execute(text("SELECT leaf_count FROM indexed_tree WHERE root = :root"), {"root": root})
        assert sorted(trees.scalars()) == [1, 6]
        leaves = "SELECT count(*) FROM indexed_leaf JOIN indexed_tree ON id = tree"
        assert connection.execute(text(leaves)).scalar_one() == 1 + 3 + 1 + 6
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    engine.dispose()


def test_former_trees_are_served_from_s3_and_copied_there(
    run: Run, former: Path, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as server:
        server.use(monkeypatch)
        monkeypatch.setenv("TESTAMUR_TREES", f"s3://{BUCKET}/trees")
        for path in (path for path in (former / "trees").glob("*.tree") if path.stem != root.hex()):
            server.put(f"trees/{path.name}", path.read_bytes())
        pushed = run("trees", "push", "--json").json
        assert ([each["root"] for each in pushed["copied"]], pushed["thereBefore"]) == ([f"0x{root.hex()}"], 2)
        store = open_trees(f"s3://{BUCKET}/trees")
        for tree in FolderTrees(former / "trees").ids():
            with store.open_whole(tree) as whole:
                whole.check()
        assert store.has(TreeId(root, 6)) is False
