"""`testamur trees repair`: what is lost comes back from wherever its leaves still are, and nothing else for it."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore
from sqlalchemy import create_engine, text

from registry.proofs.evidence import Evidence
from registry.receipt.model import parse, to_json
from registry.trees.s3 import S3Trees
from tests.conftest import Ran, Run

COUNT = 5
UNTOUCHED = {"sound": 1, "repaired": [], "positions": [], "withoutPositions": [], "lost": []}
DATA = Path("testamur-data")


@pytest.fixture
def root(run: Run) -> str:
    Path("six").mkdir()
    for number in range(COUNT):
        (Path("six") / f"{number}.json").write_text(json.dumps({"id": f"urn:x:{number}"}))
    assert run("issuer", "register", "--uri", "did:web:a.example").code == 0
    anchored = run("anchor", "six", "--json")
    assert anchored.code == 0
    return str(anchored.json["batches"][0]["root"])


@pytest.fixture
def tree(root: str) -> Path:
    return DATA / "trees" / f"{root[2:]}-{COUNT}.tree"


def repaired(run: Run, *arguments: object) -> Ran:
    ran = run("trees", "repair", *arguments, "--json")
    assert ran.code in (0, 1), ran.out
    return ran


def flip(path: Path, at: int = 64 + 32 * COUNT + 3) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_the_printed_remedy_works(run: Run, root: str, tree: Path) -> None:
    """Damaged and deleted, each from its message to receipts."""
    good = tree.read_bytes()
    for harm in (flip, Path.unlink):
        harm(tree)
        refused = run("receipts", root, "-o", "out", "--json")
        assert refused.code == 1
        assert refused.json["error"]["code"] in ("tree-damaged", "tree-missing")
        assert not Path("out").exists()
        remedy = refused.json["error"]["remedy"]
        command = remedy[remedy.index("`testamur ") + 10 :].partition("`")[0].split()
        again = run(*command, "--json").json
        assert (again["repaired"][0]["from"], again["lost"]) == ("database", [])
        assert tree.read_bytes() == good
    assert run("receipts", root, "-o", "out").code == 0
    assert len(list(Path("out").iterdir())) == COUNT
    assert repaired(run).json == UNTOUCHED
    # To anchor the same again says that there is nothing new; what is damaged is written anew all the same.
    flip(tree)
    assert run("anchor", "six", "--reissue").code == 0
    assert tree.read_bytes() == good


def with_evidence(receipts: str, folder: str, lines: str) -> None:
    """The receipts again, each with about as much evidence as one may have."""
    Path(folder).mkdir()
    with Path(lines).open("wb") as file:
        for path in Path(receipts).iterdir():
            receipt = parse(path.read_bytes())
            slots = {number.to_bytes(32): (number.to_bytes(600),) * 2 for number in range(60)}
            account = [number.to_bytes(600) for number in range(100, 160)]
            evidence = Evidence(bytes(8_000), bytes.fromhex(receipt.anchor.contract[2:]), account, slots)
            content = to_json(receipt.with_evidence(evidence))
            assert len(content) > 150_000
            (Path(folder) / path.name).write_bytes(content)
            file.write(content + b"\n")


@pytest.fixture
def lost(run: Run, root: str, tree: Path) -> Iterator[bytes]:
    """The tree and the database's leaves are gone; what there is beside them."""
    good = tree.read_bytes()
    assert run("receipts", root, "-o", "receipts").code == 0
    assert run("receipts", root, "-o", "receipts.zip").code == 0
    assert run("receipts", root, "-o", "receipts.jsonl").code == 0
    assert run("receipts", root, "-o", "short", "--cbor").code == 0
    with_evidence("receipts", "proved", "proved.jsonl")
    Path("backup/trees").mkdir(parents=True)
    shutil.copy(tree, "backup/trees")
    shutil.copy(tree, "other name.tree")
    tree.unlink()
    engine = create_engine(f"sqlite:///{DATA / 'testamur.db'}")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM leaf"))
    engine.dispose()
    return good


def test_other_sources(run: Run, root: str, tree: Path, lost: bytes) -> None:
    ran = repaired(run, root)
    assert (ran.code, ran.json["repaired"]) == (1, [])
    assert ran.json["lost"] == [{"root": root, "leafCount": COUNT, "tried": ["database: no leaves of it"]}]
    assert not tree.exists()
    receipts = ["receipts", "receipts.zip", "receipts.jsonl", "short", "proved", "proved.jsonl"]
    for source in [*receipts, "six", "backup", "backup/trees", "other name.tree"]:
        ran = repaired(run, root, "--from", source)
        assert (ran.code, [each["from"] for each in ran.json["repaired"]]) == (0, [source]), ran.out
        assert tree.read_bytes() == lost
        tree.unlink()
    # One receipt, or one credential, too few, and it is another tree; the next source has it.
    next(Path("receipts").iterdir()).unlink()
    (Path("six") / "3.json").unlink()
    flip(next(Path("backup/trees").glob("*.tree")))
    few = ["--from", "receipts", "--from", "six", "--from", "backup"]
    ran = repaired(run, root, *few)
    (broken,) = ran.json["lost"]
    assert ran.code == 1
    assert [why.partition(":")[0] for why in broken["tried"]] == ["database", "receipts", "six", "backup"]
    assert f"of {COUNT - 1} leaves" in broken["tried"][1]
    assert not tree.exists()
    ran = repaired(run, "--from", "receipts", "--from", "receipts.zip")
    assert ran.json["repaired"][0]["from"] == "receipts.zip"
    assert run("trees", "repair", root, "--from", "nothing").code == 1
    assert run("trees", "repair", "0x12", "--json").json["error"]["code"] == "root"
    assert run("trees", "repair", "0x" + "12" * 32, "--json").json["error"]["code"] == "unknown-batch"


def test_what_a_stranger_put_among_the_sources_spoils_none(run: Run, root: str, tree: Path, lost: bytes) -> None:
    receipts = sorted(path for path in Path("receipts").iterdir() if path.suffix == ".json")
    forged = json.loads(receipts[0].read_text())
    forged["digest"]["value"] = "ab" * 32
    (Path("receipts") / "zzz.receipt.json").write_text(json.dumps(forged))
    with zipfile.ZipFile("spoilt.zip", "w") as archive:
        for name in ("damaged", "locked", "odd"):
            archive.writestr(name, "x" * 40)
        for path in receipts:
            archive.write(path, path.name)
    content = bytearray(Path("spoilt.zip").read_bytes())
    content[content.index(b"x" * 40)] ^= 1
    directory = content.index(b"PK\1\2")
    locked = content.index(b"PK\1\2", directory + 1)
    content[locked + 8] |= 1
    content[content.index(b"PK\1\2", locked + 1) + 10] = 99
    Path("spoilt.zip").write_bytes(content)
    for source in ("receipts", "spoilt.zip"):
        ran = repaired(run, root, "--from", source)
        assert [each["from"] for each in ran.json["repaired"]] == [source], ran.out
        assert tree.read_bytes() == lost
        tree.unlink()
    Path("short.tree").write_bytes(lost[:-1])
    Path("cut.zip").write_bytes(b"PK\5\6" + b"\xff" * 18)
    ran = repaired(run, root, *(word for source in ("short.tree", "cut.zip", "six") for word in ("--from", source)))
    assert [each["from"] for each in ran.json["repaired"]] == ["six"], ran.out
    tree.unlink()
    ran = repaired(run, root, "--from", "short.tree", "--from", "cut.zip")
    (broken,) = ran.json["lost"]
    assert [why.partition(": ")[0] for why in broken["tried"]] == ["database", "short.tree", "cut.zip"]


def test_a_store_is_repaired_and_repairs(
    run: Run, root: str, tree: Path, lost: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = MemoryStore()
    for module in ("anchor.books.trees", "anchor.restoring.trees"):
        monkeypatch.setattr(f"{module}.open_trees", lambda _where, **_: S3Trees(memory))
    monkeypatch.setenv("TESTAMUR_TREES", "s3://bucket/trees")
    obstore.put(memory, tree.name, lost)
    assert repaired(run, root).json["repaired"][0]["from"] == "tree store"
    assert tree.read_bytes() == lost
    # One bit inside is not seen by a look at header and length.
    broken = bytearray(lost)
    broken[64 + 32 * COUNT + 3] ^= 1
    obstore.put(memory, tree.name, bytes(broken))
    assert repaired(run).json["repaired"][0]["from"] == "data folder"
    assert bytes(obstore.get(memory, tree.name).bytes()) == lost
    assert repaired(run).json == UNTOUCHED
