"""`trees repair`, `push` and `pull` take what stands beside trees with them, and never say "none" for "not known"."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore

from anchor.books.folder import DataFolder
from anchor.books.status_positions import PositionStore
from registry.credential.digest import digest_document
from registry.merkle.positionfile import LeafPositions
from registry.merkle.treefile import TreeId, tree_named
from registry.trees.folder import FolderTrees
from registry.trees.s3 import S3Trees
from tests.conftest import Run

DATA = Path("testamur-data")


@pytest.fixture
def tree(run: Run) -> TreeId:
    """A batch of two, of which the first has a position."""
    Path("two").mkdir()
    documents = [{"id": f"urn:x:{number}"} for number in range(2)]
    for number, document in enumerate(documents):
        (Path("two") / f"{number}.json").write_text(json.dumps(document))
    assert run("issuer", "register", "--uri", "did:web:a.example").code == 0
    folder = DataFolder(DATA)
    store = PositionStore(folder.engine, "eip155:31337", "0x" + "11" * 20)
    store.bind(1, [(store.draw(1, 1)[0], digest_document(documents[0]).value)])
    folder.close()
    assert run("anchor", "two").code == 0
    return only_tree()


def only_tree() -> TreeId:
    (named,) = filter(None, (tree_named(path.name) for path in (DATA / "trees").iterdir()))
    return TreeId(named[0], named[1] or 0)


def beside() -> Path:
    (path,) = (DATA / "trees").glob("*.positions")
    return path


def told(run: Run, *arguments: object) -> dict[str, Any]:
    content: dict[str, Any] = run(*arguments, "--json").json
    return content


def test_what_is_lost_or_damaged_comes_back_from_the_database(run: Run, tree: TreeId) -> None:
    path = beside()
    whole = path.read_bytes()
    for harm in (path.unlink, lambda: path.write_bytes(whole[:-1])):
        harm()
        again = told(run, "trees", "repair")
        assert again["positions"] == [{"root": f"0x{tree.root.hex()}", "leafCount": 2, "from": "database"}]
        assert (again["sound"], again["withoutPositions"], path.read_bytes()) == (1, [], whole)
    said = run("trees", "repair")
    assert "positions" not in said.out


def test_they_are_pushed_and_mended_in_a_store(run: Run, tree: TreeId, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = MemoryStore()
    for module in ("anchor.books.trees", "anchor.restoring.trees"):
        monkeypatch.setattr(f"{module}.open_trees", lambda _where, **_: S3Trees(memory))
    monkeypatch.setenv("TESTAMUR_TREES", "s3://bucket/trees")
    assert len(told(run, "trees", "push")["copied"]) == 1
    assert S3Trees(memory).positions(tree) == FolderTrees(DATA / "trees").positions(tree)
    obstore.delete(memory, beside().name)
    assert told(run, "trees", "repair")["positions"][0]["from"] == "database"
    assert S3Trees(memory).positions(tree) == FolderTrees(DATA / "trees").positions(tree)


def test_without_the_database_they_come_from_the_store_or_the_folder(
    run: Run, tree: TreeId, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = MemoryStore()
    for module in ("anchor.books.trees", "anchor.restoring.trees"):
        monkeypatch.setattr(f"{module}.open_trees", lambda _where, **_: S3Trees(memory))
    monkeypatch.setenv("TESTAMUR_TREES", "s3://bucket/trees")
    assert run("trees", "push").code == 0
    for name in ("testamur.db", "testamur.db-wal", "testamur.db-shm"):
        (DATA / name).unlink(missing_ok=True)
    assert run("recover").code == 0
    whole = beside().read_bytes()
    beside().unlink()
    assert told(run, "trees", "repair")["positions"][0]["from"] == "tree store"
    assert beside().read_bytes() == whole
    obstore.delete(memory, beside().name)
    assert told(run, "trees", "repair")["positions"][0]["from"] == "data folder"
    assert bytes(obstore.get(memory, beside().name).bytes()) == whole


def test_who_did_not_seal_a_batch_does_not_say_that_it_has_none(run: Run, tree: TreeId) -> None:
    shutil.copytree(DATA / "trees", "copy")
    whole = FolderTrees(Path("copy")).positions(tree)
    # Another database, which knows the batch by the chain and its tree alone.
    for name in ("testamur.db", "testamur.db-wal", "testamur.db-shm"):
        (DATA / name).unlink(missing_ok=True)
    beside().unlink()
    assert run("recover").code == 0
    lost = told(run, "trees", "repair")
    assert (lost["positions"], len(lost["withoutPositions"])) == ([], 1)
    assert not list((DATA / "trees").glob("*.positions"))
    assert "not known here" in " ".join(run("trees", "repair").out.split())
    assert told(run, "trees", "repair", "--from", "copy")["positions"][0]["from"] == "copy"
    assert FolderTrees(DATA / "trees").positions(tree) == whole


def test_an_audit_names_positions_that_are_not_those_of_the_database(run: Run, tree: TreeId) -> None:
    assert run("audit", "--json").json["differences"] == []
    path = beside()
    whole = path.read_bytes()
    none = LeafPositions.of(tree, (), {}).write()
    for harm in (path.unlink, lambda: path.write_bytes(whole[:-1]), lambda: path.write_bytes(none)):
        harm()
        (found,) = run("audit", "--json").json["differences"]
        assert (found["kind"], tree.root.hex() in found["subject"]) == ("positions-differ", True)
        assert told(run, "trees", "repair")["positions"][0]["from"] == "database"
        assert path.read_bytes() == whole
    assert run("audit", "--json").json["differences"] == []
