"""The audit of a data folder and its chain, as an auditor runs it: clean, and after each thing that can be wrong."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.settings import Settings, load_settings
from anchor.workspace import Workspace
from registry.audit.chain import block_at
from registry.audit.kinds import DifferenceKind
from registry.audit.report.folder import FILES
from registry.chain.abi import artifact
from registry.chain.calls import call_data
from registry.chain.editions import first
from registry.chain.rpc.client import Block
from registry.embedded.chain import EmbeddedChain
from registry.index.indexer import Indexer
from registry.index.writer import IndexWriter
from registry.merkle import treefile
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.records import Purpose, Reason
from registry.timestamps import from_unix
from tests.conftest import Ran, Run
from tests.registry.chain.worlds import World
from tests.registry.first_edition import kept_folder
from tests.s3 import BUCKET, s3_server

Answer = dict[str, Any]
Lie = Callable[[str, Sequence[Any], Answer], Answer]
HOSTILE = "https://evil.example/<script>alert(1)</script>\u202e\x1b[31m[bold]=cmd()"
LEAVES = [bytes([number]) * 32 for number in (1, 3, 2)]
NOWHERE = b"\xee" * 32


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with two batches of one issuer and an index.

    Two credentials of the first batch are revoked and one of the second is suspended at their places; another one of
    the second is revoked by its digest, and so is one that is nowhere.
    """
    from typer.testing import CliRunner

    from anchor.cli.app import app

    folder = tmp_path_factory.mktemp("made")
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    for name in Settings.model_fields:
        patch.delenv(f"TESTAMUR_{name.upper()}", raising=False)
    for batch, count in (("first", 300), ("second", 3)):
        (folder / batch).mkdir()
        for number in range(count):
            (folder / batch / f"{number:03}.json").write_text(json.dumps({"id": f"{batch} {number}"}))
    for words in (
        "issuer register --uri did:web:university.example",
        "anchor first",
        "anchor second",
    ):
        assert CliRunner().invoke(app, words.split()).exit_code == 0, words
    with Workspace(load_settings(None)) as workspace:
        first, second = (each.arguments["root"] for each in workspace.contract.anchored_events(issuer=1))
        with Tree.open(workspace.folder.tree_path(TreeId(second, 3))) as tree:
            digests = [tree.leaf(2), NOWHERE]
        for data in (
            call_data("setStatus", 1, first, Purpose.REVOCATION, 0, 0b01, Reason.OBTAINED_BY_FRAUD),
            call_data("setStatus", 1, first, Purpose.REVOCATION, 0, 0b10, Reason.OBTAINED_BY_FRAUD),
            call_data("setStatus", 1, second, Purpose.SUSPENSION, 0, 0b1, Reason.UNDER_REVIEW),
            call_data("revokeDigests", 1, digests, Reason.ISSUED_IN_ERROR),
            call_data("registerParty", HOSTILE, bytes(32)),
        ):
            workspace.sender.settle("said", workspace.contract_address, data)
        writer = IndexWriter(workspace.folder.engine, workspace.chain, workspace.contract_address)
        Indexer(workspace.contract, writer, first_block=1).catch_up()
    patch.undo()
    return folder


@pytest.fixture
def here(made: Path, run: Run, tmp_path: Path) -> Path:
    """A copy of it, which is the working folder; the data folder in it."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "testamur-data"


@pytest.fixture
def lie(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lie], None]:
    """Let the chain's endpoint change its answers."""
    honest = EmbeddedChain.make_request

    def arrange(change: Lie) -> None:
        def answer(self: EmbeddedChain, method: str, params: Sequence[Any]) -> Answer:
            return change(method, params, honest(self, method, params))

        monkeypatch.setattr(EmbeddedChain, "make_request", answer)
        monkeypatch.delattr(EmbeddedChain, "make_batch_request", raising=False)

    return arrange


def kinds(ran: Ran) -> list[str]:
    return [each["kind"] for each in ran.json["differences"]]


def database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "testamur.db", isolation_level=None)


def tree_of(folder: Path, leaves: int) -> Path:
    """The tree file with that many leaves."""
    size = treefile.levels_of(leaves)[-1].end
    (path,) = (each for each in (folder / "trees").glob("*.tree") if each.stat().st_size == size)
    return path


def test_a_good_folder_is_clean(here: Path, run: Run) -> None:
    audited = run("audit", "--json")
    assert audited.code == 0, audited.out
    content = audited.json
    assert content["outcome"] == "clean"
    assert content["differences"] == content["unchecked"] == []
    assert content["notes"] == [
        "Revoked or suspended by digests that are in no batch whose tree is here: 1 credentials."
    ]
    checked = content["checked"]
    assert {name: checked[name] for name in ("batches", "folderBatches", "indexBatches", "trees")} == {
        "batches": 2,
        "folderBatches": 2,
        "indexBatches": 2,
        "trees": 2,
    }
    assert (checked["leaves"], checked["credentials"], checked["statusWords"]) == (303, 303, 6)
    assert [(each["revoked"], each["suspended"]) for each in content["batches"]] == [(2, 0), (0, 1)]
    assert [(each["revokedByDigest"], each["suspendedByDigest"]) for each in content["batches"]] == [(0, 0), (1, 0)]
    assert [(each["change"], each["reason"], each["credentials"]) for each in content["statuses"]] == [
        ("revoked", "obtained-by-fraud", 1),
        ("revoked", "obtained-by-fraud", 1),
        ("suspended", "under-review", 1),
        ("revoked", "issued-in-error", 1),
        ("revoked", "issued-in-error", 1),
    ]
    digests = {each["digest"]: (each["batches"], each["revocationReason"]) for each in content["digests"]}
    assert len(digests) == checked["digests"] == 2
    assert digests.pop(NOWHERE.hex()) == (0, "issued-in-error")
    assert list(digests.values()) == [(1, "issued-in-error")]
    told = run("audit")
    assert told.code == 0
    assert "Clean: everything that was compared agrees." in told.out
    assert "in no batch whose tree is here: 1 credentials" in told.out


def test_the_chain_alone_is_enough(here: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (here / "chain").rename(tmp_path / "elsewhere" / "chain")
    audited = run("audit", "--data-folder", tmp_path / "elsewhere", "--json")
    assert audited.code == 0
    assert audited.json["checked"]["treesElsewhere"] == 2
    assert len(audited.json["notes"]) == 3
    assert [each["batches"] for each in audited.json["digests"]] == [0, 0]


def test_a_flipped_byte_in_a_tree(here: Path, run: Run) -> None:
    path = tree_of(here, 300)
    content = bytearray(path.read_bytes())
    content[treefile.HEADER.size + 5 * 32 + 31] ^= 1
    path.write_bytes(content)
    audited = run("audit", "--json")
    assert audited.code == 1
    assert kinds(audited) == [DifferenceKind.TREE_DAMAGED]
    assert "does not follow from the level below" in audited.json["differences"][0]["what"]
    assert "testamur trees repair makes it again" in run("audit").out


@pytest.mark.parametrize("damage", ["cut", "no tree", "another"])
def test_a_broken_tree_file(here: Path, run: Run, damage: str) -> None:
    path = tree_of(here, 300)
    broken = {
        "cut": path.read_bytes()[:-32],
        "no tree": b"not a tree",
        "another": tree_of(here, 3).read_bytes(),
    }[damage]
    path.write_bytes(broken)
    audited = run("audit", "--json")
    assert (audited.code, kinds(audited)) == (1, [DifferenceKind.TREE_DAMAGED])


def test_a_missing_tree(here: Path, run: Run) -> None:
    tree_of(here, 3).unlink()
    audited = run("audit", "--json")
    assert (audited.code, kinds(audited)) == (1, [DifferenceKind.TREE_MISSING])


def test_several_processes_report_what_one_does(here: Path, run: Run) -> None:
    tree_of(here, 3).unlink()
    alone, several = run("audit", "--json"), run("audit", "--json", "--workers", "2")
    assert (several.code, several.json) == (alone.code, alone.json)


def test_an_engine_that_cannot_be_used_is_told_before_anything_is_said(here: Path, run: Run) -> None:
    for name, code in (("dask://127.0.0.1:9", "engine-unreachable"), ("ray://127.0.0.1:9", "engine")):
        audited = run("audit", "--json", "--engine", name)
        assert (audited.code, audited.json["error"]["code"]) == (2, code), audited.out


def test_trees_on_s3_are_fetched_and_checked(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as server:
        server.use(monkeypatch)
        monkeypatch.setenv("TESTAMUR_TREES", f"s3://{BUCKET}/trees")
        assert run("trees", "push").code == 0
        names = [path.name for path in (here / "trees").glob("*.tree")]
        shutil.rmtree(here / "trees")
        audited = run("audit", "--json")
        assert (audited.code, audited.json["checked"]["trees"]) == (0, 2), audited.out
        content = bytearray(server.get(f"trees/{names[0]}"))
        content[treefile.HEADER.size + 31] ^= 1
        server.put(f"trees/{names[0]}", bytes(content))
        server.delete(f"trees/{names[1]}")
        audited = run("audit", "--json")
        assert audited.code == 1
        assert sorted(kinds(audited)) == [DifferenceKind.TREE_DAMAGED, DifferenceKind.TREE_MISSING]
    audited = run("audit", "--json")
    assert audited.code == 2
    told = [each["subject"] for each in audited.json["unchecked"]]
    assert (len(told), told[-1]) == (3, "the trees")
    assert all("root 0x" in subject for subject in told[:-1])
    assert audited.json["checked"]["trees"] == 0


def test_an_unsorted_tree_of_a_malicious_issuer(here: Path, run: Run) -> None:
    """The root is right and every proof of inclusion holds; only the order tells that absence means nothing."""
    with treefile.lay_out([b"".join(LEAVES)]) as tree, Workspace(load_settings(None)) as workspace:
        root = bytes(tree[-32:])
        workspace.folder.tree_path(TreeId(root, 3)).write_bytes(tree[:])
        workspace.sender.settle("unsorted", workspace.contract_address, call_data("anchor", 1, root, 3))
    audited = run("audit", "--json")
    assert audited.code == 1
    assert kinds(audited) == [DifferenceKind.NOT_IN_FOLDER, DifferenceKind.TREE_UNSORTED]
    for leaf in LEAVES:
        assert run("absent", leaf.hex(), "--issuer", 1, "--json").json["outcome"] == "present"
    nothing = run("absent", "ab" * 32, "--issuer", 1, "--json")
    assert (nothing.code, nothing.json["outcome"], nothing.json["code"]) == (
        2,
        "could not be checked",
        "tree-unsorted",
    )


def test_nothing_is_absent_where_a_batch_states_no_count_or_has_no_tree(here: Path, run: Run) -> None:
    with treefile.lay_out([b"".join(sorted(LEAVES))]) as tree, Workspace(load_settings(None)) as workspace:
        root = bytes(tree[-32:])
        workspace.sender.settle("counted", workspace.contract_address, call_data("anchor", 1, root, 3))
        path = workspace.folder.tree_path(TreeId(root, 3))
    assert run("absent", "ab" * 32, "--issuer", 1, "--json").json["code"] == "proof-missing"
    with treefile.lay_out([b"".join(sorted(LEAVES))]) as tree:
        path.write_bytes(tree[:])
    assert run("absent", "ab" * 32, "--issuer", 1, "--json").json["outcome"] == "absent"
    content = bytearray(path.read_bytes())
    content[treefile.HEADER.size + 31] ^= 1
    path.write_bytes(content)
    damaged = run("absent", "ab" * 32, "--issuer", 1, "--json")
    assert (damaged.code, damaged.json["error"]["code"]) == (1, "tree-damaged")


def test_what_one_operator_revoked_at_its_place_and_another_anchored_again_is_named_until_it_is_revoked_by_digest(
    here: Path, run: Run
) -> None:
    """A stranger who has the second operator's receipt alone finds the credential in force."""
    with Workspace(load_settings(None)) as workspace:
        old, _ = (each.arguments["root"] for each in workspace.contract.anchored_events(issuer=1))
        with Tree.open(workspace.folder.tree_path(TreeId(old, 300))) as tree:
            digest = tree.leaf(1)
        # The second operator anchors from elsewhere; the auditor was given its tree.
        world, other = World("embedded", workspace.client), 7
        operator = call_data("setOperator", 1, world.account(other).address, True)
        workspace.sender.settle("a second operator", workspace.contract_address, operator)
        with Tree.build([digest, *LEAVES]) as tree:
            root, at = tree.root, list(tree.leaves()).index(digest)
            tree.write(workspace.folder.tree_path(tree.id))
        assert world.send(workspace.contract_address, call_data("anchor", 1, root, 4), account=other).succeeded
    audited = run("audit", "--json")
    assert audited.code == 1
    assert kinds(audited) == [DifferenceKind.NOT_IN_FOLDER, DifferenceKind.STATUS_APART]
    found = audited.json["differences"][-1]
    assert found["subject"] == f"issuer 1, root 0x{root.hex()}"
    assert found["what"] == (
        f"the credential {digest.hex()} is revoked as leaf 1 of the batch 0x{old.hex()}, "
        f"and not as leaf {at} of this one"
    )
    told = run("audit").out
    assert "status-apart" in told
    assert "by its digest, which counts wherever it is anchored: the command testamur revoke" in told
    assert run("revoke", digest.hex(), "--reason", "obtained-by-fraud").code == 0
    after = run("audit", "--json")
    assert kinds(after) == [DifferenceKind.NOT_IN_FOLDER]
    places = {each["digest"]: each["places"] for each in after.json["digests"]}[digest.hex()]
    assert sorted(places.split()) == sorted([f"0x{old.hex()}/1", f"0x{root.hex()}/{at}"])


def test_a_registry_of_the_first_edition(run: Run, tmp_path: Path) -> None:
    kept_folder(tmp_path / "testamur-data")
    audited = run("audit", "--contract", first().address, "--json")
    content = audited.json
    assert (content["edition"], content["accreditationsContract"]) == (1, content["contract"])
    assert content["unchecked"] == content["digests"] == []
    checked = content["checked"]
    assert (checked["batches"], checked["trees"], checked["accreditations"], checked["digests"]) == (3, 3, 2, 0)
    assert (audited.code, kinds(audited)) == (0, [])


def test_a_wrong_leaf_count_of_a_malicious_issuer(here: Path, run: Run) -> None:
    with treefile.lay_out([b"".join(sorted(LEAVES))]) as tree, Workspace(load_settings(None)) as workspace:
        root = bytes(tree[-32:])
        workspace.folder.tree_path(TreeId(root, 3)).write_bytes(tree[:])
        workspace.sender.settle("count", workspace.contract_address, call_data("anchor", 1, root, 2))
    assert kinds(run("audit", "--json")) == [DifferenceKind.NOT_IN_FOLDER, DifferenceKind.LEAF_COUNT_DIFFERS]


def test_a_batch_that_claims_more_than_anybody_reads(here: Path, run: Run) -> None:
    with Workspace(load_settings(None)) as workspace:
        claim = call_data("anchor", 1, b"\xfe" * 32, 2**32 - 1)
        workspace.sender.settle("claim", workspace.contract_address, claim)
    audited = run("audit", "--json")
    assert kinds(audited) == [DifferenceKind.NOT_IN_FOLDER]
    assert ["4294967295" in each["why"] for each in audited.json["unchecked"]] == [True]
    assert audited.json["checked"]["statusWords"] == 6


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE batch SET leaf_count = 299 WHERE leaf_count = 300", [DifferenceKind.FOLDER_DIFFERS] * 2),
        ("UPDATE batch SET sequence = 9 WHERE leaf_count = 3", [DifferenceKind.FOLDER_DIFFERS]),
        ("UPDATE batch SET transaction_hash = zeroblob(32) WHERE leaf_count = 3", [DifferenceKind.FOLDER_DIFFERS]),
        ("UPDATE batch SET state = 'cancelled' WHERE leaf_count = 3", [DifferenceKind.FOLDER_DIFFERS]),
        (
            "UPDATE batch SET root = zeroblob(32) WHERE leaf_count = 3",
            [DifferenceKind.NOT_ON_CHAIN, DifferenceKind.NOT_IN_FOLDER],
        ),
        ("DELETE FROM batch WHERE leaf_count = 3", [DifferenceKind.NOT_IN_FOLDER]),
        ("DELETE FROM leaf WHERE leaf_index = 299", [DifferenceKind.FOLDER_DIFFERS]),
        ("UPDATE indexed_batch SET leaf_count = 4 WHERE leaf_count = 3", [DifferenceKind.INDEX_DIFFERS]),
        ("DELETE FROM indexed_batch WHERE leaf_count = 3", [DifferenceKind.NOT_IN_INDEX]),
        (
            "UPDATE indexed_batch SET root = zeroblob(32) WHERE leaf_count = 3",
            [DifferenceKind.INDEX_NOT_ON_CHAIN, DifferenceKind.NOT_IN_INDEX],
        ),
        ("DELETE FROM indexed_status WHERE purpose = 1", [DifferenceKind.INDEX_DIFFERS]),
        (f"DELETE FROM indexed_digest WHERE digest = x'{NOWHERE.hex()}'", [DifferenceKind.INDEX_DIFFERS] * 2),
        (
            f"UPDATE indexed_digest SET revoked_at = NULL WHERE digest = x'{NOWHERE.hex()}'",
            [DifferenceKind.INDEX_DIFFERS] * 2,
        ),
        (
            f"UPDATE indexed_digest SET issuer = 2 WHERE digest = x'{NOWHERE.hex()}'",
            [DifferenceKind.INDEX_DIFFERS] * 4,
        ),
        ("DELETE FROM indexed_party WHERE party = 2", [DifferenceKind.INDEX_DIFFERS]),
    ],
)
def test_a_changed_database(here: Path, run: Run, statement: str, expected: list[DifferenceKind]) -> None:
    with database(here) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(statement).rowcount == 1
    audited = run("audit", "--json")
    assert (audited.code, kinds(audited)) == (1, expected)


def test_an_index_that_is_behind_is_compared_as_of_its_own_block(here: Path, run: Run) -> None:
    with Workspace(load_settings(None)) as workspace:
        revoke = call_data("revokeDigests", 1, [b"\xdd" * 32], Reason.ISSUED_IN_ERROR)
        workspace.sender.settle("later", workspace.contract_address, revoke)
    audited = run("audit", "--json")
    assert (audited.code, kinds(audited)) == (0, [])
    assert "1 before the audited one" in audited.json["notes"][0]


def test_an_index_of_another_chain_could_not_be_checked(here: Path, run: Run) -> None:
    with database(here) as connection:
        connection.execute("UPDATE indexed_chain SET hash = zeroblob(32)")
    audited = run("audit", "--json")
    assert audited.code == 2
    assert audited.json["outcome"] == "could not be checked"
    assert [each["subject"] for each in audited.json["unchecked"]] == ["the index"]
    assert "not checked the index" in run("audit").out


def test_a_database_that_cannot_be_read_could_not_be_checked(here: Path, run: Run) -> None:
    with database(here) as connection:
        connection.execute("ALTER TABLE batch RENAME COLUMN leaf_count TO leaves")
    audited = run("audit", "--json")
    assert audited.code == 2
    assert [each["subject"] for each in audited.json["unchecked"]] == ["the batches of the data folder"]


# Endpoints


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("Anchored", {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.BATCH_MISSING}),
        ("StatusSet", {DifferenceKind.STATUS_DIFFERS, DifferenceKind.INDEX_DIFFERS}),
        ("PartyRegistered", {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.PARTY_COUNT}),
    ],
)
def test_an_endpoint_that_leaves_out_an_event(
    here: Path, run: Run, lie: Callable[[Lie], None], event: str, expected: set[DifferenceKind]
) -> None:
    topic = next(f"0x{each.hex()}" for each, item in artifact().events_by_topic.items() if item.name == event)

    def leave_out(method: str, params: Sequence[Any], answer: Answer) -> Answer:
        if method == "eth_getLogs":
            first = next(log for log in answer["result"] if log["topics"][0] == topic)
            return {"result": [log for log in answer["result"] if log is not first]}
        return answer

    lie(leave_out)
    audited = run("audit", "--json")
    assert audited.code == 1
    assert set(kinds(audited)) >= (expected - {DifferenceKind.BATCH_MISSING})


def test_an_endpoint_whose_receipts_tell_of_other_events(here: Path, run: Run, lie: Callable[[Lie], None]) -> None:
    def leave_out(method: str, params: Sequence[Any], answer: Answer) -> Answer:
        if method == "eth_getTransactionReceipt":
            return {"result": {**answer["result"], "logs": answer["result"]["logs"][1:]}}
        return answer

    lie(leave_out)
    audited = run("audit", "--json")
    assert (audited.code, set(kinds(audited))) == (1, {DifferenceKind.RECEIPT_DIFFERS})


def test_receipts_that_are_not_there_could_not_be_checked(here: Path, run: Run, lie: Callable[[Lie], None]) -> None:
    lie(lambda method, _, answer: {"result": None} if method == "eth_getTransactionReceipt" else answer)
    audited = run("audit", "--json")
    assert audited.code == 2
    assert [each["subject"] for each in audited.json["unchecked"]] == ["the receipts of transactions"]


def test_an_endpoint_that_tells_another_status(here: Path, run: Run, lie: Callable[[Lie], None]) -> None:
    """The storage is what is made up: the last of all words of the last answer with status words."""
    words = artifact().functions["statusWords"]

    def other(method: str, params: Sequence[Any], answer: Answer) -> Answer:
        if method == "eth_call" and words.selector.hex() in params[0]["data"]:
            # Of the answers of a multicall the last word is that of the last of them.
            changed = bytearray.fromhex(answer["result"][2:])
            changed[-1] ^= 1
            return {"result": f"0x{changed.hex()}"}
        return answer

    lie(other)
    audited = run("audit", "--json")
    assert (audited.code, kinds(audited)) == (1, [DifferenceKind.STATUS_DIFFERS])


def test_an_endpoint_that_answers_one_call_at_a_time(here: Path, run: Run, lie: Callable[[Lie], None]) -> None:
    multicall = artifact().functions["multicall"].selector.hex()
    asked = []

    def refuse(method: str, params: Sequence[Any], answer: Answer) -> Answer:
        asked.append(method)
        if method == "eth_call" and params[0]["data"].startswith(f"0x{multicall}"):
            return {"error": {"code": -32000, "message": "out of gas"}}
        if method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) > 1:
            return {"error": {"code": -32005, "message": "query returned more than 10000 results"}}
        return answer

    lie(refuse)
    assert run("audit", "--json").code == 0
    assert asked.count("eth_getLogs") > 3


def test_a_reorganisation_in_between_is_no_answer(here: Path, run: Run, lie: Callable[[Lie], None]) -> None:
    seen = Flag()

    def reorganise(method: str, params: Sequence[Any], answer: Answer) -> Answer:
        if method == "eth_call":
            seen.set()
        if method == "eth_getBlockByNumber" and seen.is_set() and answer["result"]:
            return {"result": {**answer["result"], "hash": "0x" + "77" * 32}}
        return answer

    lie(reorganise)
    audited = run("audit", "--json")
    assert audited.code == 2
    assert audited.json["error"]["code"] == "chain-moved"


def test_an_endpoint_that_is_down_is_no_answer(here: Path, run: Run, tmp_path: Path) -> None:
    audited = run("audit", "--chain", "http://127.0.0.1:1", "--report", "page.html", "--json")
    assert audited.code == 2
    assert audited.json["error"]["code"] == "chain-unreachable"
    assert not (tmp_path / "page.html").exists()


def test_nothing_to_audit(run: Run) -> None:
    audited = run("audit", "--json")
    assert (audited.code, audited.json["error"]["code"]) == (2, "nothing-to-audit")


def test_a_data_folder_that_is_named_and_not_there_does_not_pass_for_one_that_is_clean(run: Run) -> None:
    audited = run("audit", "--chain", "http://127.0.0.1:1", "--data-folder", "registri", "--json")
    assert (audited.code, audited.json["error"]["code"]) == (2, "nothing-to-audit")
    assert run("audit", "--chain", "http://127.0.0.1:1", "--json").json["error"]["code"] == "chain-unreachable"


# Filters


def test_only_one_issuer(here: Path, run: Run) -> None:
    tree_of(here, 300).unlink()
    assert run("audit", "--issuer", 1, "--json").code == 1
    audited = run("audit", "--issuer", 2, "--json")
    assert audited.code == 0
    assert (audited.json["batches"], len(audited.json["parties"])) == ([], 1)


def test_only_some_blocks(here: Path, run: Run) -> None:
    batches = run("audit", "--json").json["batches"]
    first, second = (each["blockNumber"] for each in batches)
    later = run("audit", "--from", second, "--json")
    assert (later.code, [each["blockNumber"] for each in later.json["batches"]]) == (0, [second])
    assert later.json["checked"]["trees"] == 1
    earlier = run("audit", "--to", first, "--json")
    assert (earlier.code, [each["blockNumber"] for each in earlier.json["batches"]]) == (0, [first])
    assert earlier.json["block"]["number"] == first
    assert any("The index was not compared" in note for note in earlier.json["notes"])
    moment = batches[1]["anchoredAt"]
    since = run("audit", "--from", moment, "--to", "2999-01-01T00:00:00Z", "--json").json["batches"]
    assert since == [each for each in batches if each["anchoredAt"] >= moment]


class Clock:
    """A chain of which nothing but the times of its blocks is known."""

    def __init__(self, times: list[int]):
        self.times = times

    def block(self, number: Any) -> Block | None:
        at = len(self.times) - 1 if number == "latest" else number
        return Block(at, bytes(32), from_unix(self.times[at])) if at < len(self.times) else None


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12).map(sorted), st.integers(0, 10))
def test_a_time_stands_for_the_first_block_since_or_the_last_one_before(times: list[int], moment: int) -> None:
    """Several blocks may have one time, as with the embedded chain."""
    client: Any = Clock(times)
    since = sum(time < moment for time in times)
    assert block_at(client, from_unix(moment), after=True) == since
    assert block_at(client, from_unix(moment), after=False) == max(0, since - 1)


def test_an_issuer_that_is_not_there_is_not_clean(here: Path, run: Run) -> None:
    audited = run("audit", "--issuer", 99, "--json")
    assert audited.code == 2
    assert [each["subject"] for each in audited.json["unchecked"]] == ["party 99"]


@pytest.mark.parametrize(
    "words",
    [["--from", "yesterday"], ["--to", "1.5"], ["--from", "5", "--to", "4"], ["--from", "2999-01-01T00:00:00Z"]],
)
def test_a_filter_that_makes_no_sense(here: Path, run: Run, words: list[str]) -> None:
    audited = run("audit", *words, "--json")
    assert audited.code == 2
    assert audited.json["error"]["code"] in ("no-block-or-time", "empty-range")


def test_a_block_that_is_not_there_is_no_answer(here: Path, run: Run) -> None:
    audited = run("audit", "--to", 10_000, "--json")
    assert (audited.code, audited.json["error"]["code"]) == (2, "no-block")


# What is written


def test_the_tables_are_safe_in_a_spreadsheet(here: Path, run: Run, tmp_path: Path) -> None:
    audited = run("audit", "--csv", "tables", "-o", "kept", "--json")
    assert audited.code == 0
    (kept,) = (tmp_path / "kept").iterdir()
    assert {each.name for each in kept.iterdir()} == set(FILES)
    assert json.loads((kept / "audit.json").read_bytes()) == audited.json
    assert all(path.read_bytes() == (kept / path.name).read_bytes() for path in (tmp_path / "tables").iterdir())
    tables = {path.stem: list(csv.DictReader(path.open(newline=""))) for path in (tmp_path / "tables").iterdir()}
    assert set(tables) == {"differences", "unchecked", "parties", "batches", "statuses", "digests", "accreditations"}
    assert [each["leafCount"] for each in tables["batches"]] == ["300", "3"]
    for row in tables["accreditations"]:
        assert row["history"].count("recorded") >= 1
        assert row["changedAt"]
        assert row["effectiveFrom"]
    for row in tables["parties"]:
        assert not row["uri"].startswith(("=", "+", "-", "@"))
        assert "\x1b" not in row["uri"]


@pytest.mark.parametrize("option", ["--report", "--csv", "-o"])
def test_a_report_that_cannot_be_written_is_no_difference(here: Path, run: Run, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("")
    audited = run("audit", option, tmp_path / "file" / "below", "--json")
    assert (audited.code, audited.json["error"]["code"]) == (2, "unwritable")


def test_the_page_shows_what_strangers_say_and_runs_nothing_of_it(here: Path, run: Run, tmp_path: Path) -> None:
    tree_of(here, 3).unlink()
    assert run("audit", "--report", "page.html").code == 1
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "").replace(
        "https://evil.example", ""
    )
    assert "there is no tree file" in page
    # Nothing of a batch without its tree was looked at, and nobody reads that it was.
    assert "Everything was checked" not in page
    assert "no tree was read" in page
    assert "<code>total</code>" in page
    assert "`" not in page.partition("<body>")[2]
    assert re.search(r"<h1>Audit of <bdi>all parties</bdi>, 20\d\d-\d\d-\d\d</h1>", page)
    assert re.search(r"As of block [0-9,]+, <time datetime=\"20[^\"]*Z\">", page)
    assert page.count('<svg role="img"') >= 4
    assert page.count("<title id=") == page.count("<desc id=") == page.count('<svg role="img"')


def test_the_terminal_shows_what_strangers_say_and_runs_nothing_of_it(
    here: Path, run: Run, lie: Callable[[Lie], None]
) -> None:
    """The storage of a stranger's party is answered with another text, so that its own is shown."""

    def other(method: str, params: Sequence[Any], answer: Answer) -> Answer:
        evil = b"evil.example".hex()
        if method == "eth_call" and evil in answer.get("result", ""):
            return {"result": answer["result"].replace(evil, b"good.example".hex())}
        return answer

    lie(other)
    told = run("audit")
    assert told.code == 1
    assert "party-differs" in told.out
    assert "[bold]=cmd()" in told.out
    assert "\x1b" not in told.out
