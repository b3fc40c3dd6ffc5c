"""A second operator of an issuer, with a data folder of his own: nothing that the first one revoked comes back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from anchor.books.batches import BatchRow
from anchor.books.on_chain import History
from anchor.restoring import pulling
from anchor.restoring.pulling import Puller
from registry.chain.calls import call_data
from registry.chain.contract import CredentialRegistry
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
from registry.merkle.tree import Tree
from registry.records import Party
from tests.anchor.begun import begun, files, issuer, working
from tests.conftest import Ran, Run
from tests.s3 import BUCKET, s3_server

__all__ = ["begun", "issuer"]

FIRST, SECOND = Path("testamur-data"), Path("second")
NAMES = [f"student {number}" for number in range(9)]
FRAUD = "diplomas/student 4.json"
Become = Callable[[], None]


@pytest.fixture
def second(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> Become:
    """The first operator has anchored nine diplomas in two batches and revoked one; now it is the second one's turn."""
    assert run("anchor", files("diplomas", *NAMES[:6])).code == 0
    assert run("anchor", files("diplomas", *NAMES)).code == 0
    assert run("revoke", FRAUD, "--reason", "issued-in-error", "--yes").code == 0
    assert run("issuer", "operator", DEVELOPMENT_ACCOUNTS[1]).code == 0
    files("diplomas", "new")

    def become() -> None:
        shutil.copytree(FIRST / "chain", SECOND / "chain")
        monkeypatch.setenv("TESTAMUR_DATA_FOLDER", str(SECOND))
        monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
        monkeypatch.setenv("TESTAMUR_ISSUER", str(issuer))

    return become


def refusal(ran: Ran) -> dict[str, str]:
    assert ran.code == 1, ran.out
    error: dict[str, str] = ran.json["error"]
    return error


def trees() -> list[Path]:
    """Those of the first operator, oldest first."""
    return sorted((FIRST / "trees").glob("*.tree"), key=lambda path: path.stat().st_mtime_ns)


def test_he_is_refused_and_told_of_what_and_nothing_is_sent(run: Run, second: Become) -> None:
    second()
    error = refusal(run("anchor", "diplomas", "--json"))
    assert error["code"] == "history-incomplete"
    for path, number, count in zip(trees(), (1, 2), (6, 3), strict=True):
        assert f"batch {number} (0x{path.name[:64]}, {count} credentials, block " in error["what"]
    for part in ("by 0xf39F", " of 20", "tree-missing"):
        assert part in error["what"]
    for remedy in ("testamur trees pull", "recover --without-trees", "--without-history"):
        assert remedy in error["remedy"]
    with working() as here:
        assert (here.store.all(), here.client.nonce(DEVELOPMENT_ACCOUNTS[1])) == ([], 0)


@pytest.mark.parametrize("source", ["folder", "data folder", "tree files", "receipts", "exports"])
def test_the_trees_are_brought_from_wherever_they_are(run: Run, second: Become, source: str) -> None:
    roots = [f"0x{path.name[:64]}" for path in trees()]
    if source == "receipts":
        for root in roots:
            assert run("receipts", root, "-o", "receipts").code == 0
    second()
    files("first half", *NAMES[:6]), files("second half", *NAMES[6:])
    sources: dict[str, list[object]] = {
        "folder": [FIRST / "trees"],
        "data folder": [FIRST],
        "tree files": [*trees()],
        "receipts": ["receipts"],
        "exports": ["first half", "second half"],
    }
    pulled = run("trees", "pull", *sources[source], "--json")
    assert pulled.code == 0, pulled.out
    assert [(each["sequence"], each["root"]) for each in pulled.json["pulled"]] == list(enumerate(roots, start=1))
    assert pulled.json["missing"] == []
    done = run("anchor", "diplomas", "--json").json
    assert (done["new"], done["anchoredBefore"], done["revokedAmongAnchored"]) == (1, len(NAMES), 1)
    assert [each["sequence"] for each in done["batches"]] == [3]
    # What was revoked is not issued again either, though it is asked for.
    again = run("anchor", "diplomas", "--reissue", "--json").json
    assert (again["new"], again["anchoredBefore"]) == (len(NAMES), 1)
    assert "known here" in run("trees", "pull").out


def test_with_a_shared_store_he_has_nothing_to_do(run: Run, second: Become, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as server:
        server.use(monkeypatch)
        monkeypatch.setenv("TESTAMUR_TREES", f"s3://{BUCKET}/trees")
        first, _ = trees()
        server.put(f"trees/{first.name}", first.read_bytes())
        second()
        error = refusal(run("anchor", "diplomas", "--json"))
        # The one that is there was taken over, the other is named.
        assert "1 batch on chain" in error["what"]
        assert "batch 2" in error["what"]
        server.stop()
        away = refusal(run("anchor", "diplomas", "--json"))
        assert "trees-unavailable" in away["what"]
    with s3_server() as server:
        server.use(monkeypatch)
        for tree in trees():
            server.put(f"trees/{tree.name}", tree.read_bytes())
        done = run("anchor", "diplomas", "--json").json
        assert [(each["sequence"], each["from"]) for each in done["pulled"]] == [(2, "tree store")]
        assert (done["new"], done["anchoredBefore"], done["givenUp"]) == (1, len(NAMES), [])


def test_with_a_shared_folder_of_trees_as_well_and_it_is_said(run: Run, second: Become) -> None:
    second()
    shutil.copytree(FIRST / "trees", SECOND / "trees")
    shown = run("anchor", "diplomas")
    assert shown.code == 0
    assert shown.out.count("taken over: its tree is from data folder") == 2
    assert f"{len(NAMES)} anchored before and left out, 1 of them revoked" in shown.out


def test_what_is_asked_for_without_the_history_goes_on_and_says_so(run: Run, second: Become) -> None:
    second()
    shutil.copytree(FIRST / "trees", SECOND / "trees")
    done = run("anchor", "diplomas", "--without-history", "--json").json
    assert [each["sequence"] for each in done["unknownBatches"]] == [1, 2]
    # What was revoked by its digest is left out all the same: for that the contract is asked, and no tree.
    assert (done["new"], done["revoked"], done["pulled"]) == (len(NAMES), 1, [])
    told = run("anchor", files("more", "other"), "--without-history")
    assert "anchored without knowing batch 1 (" in told.out


def test_reissue_does_not_go_around_it(run: Run, second: Become) -> None:
    second()
    assert refusal(run("anchor", "diplomas", "--reissue", "--json"))["code"] == "history-incomplete"
    assert run("anchor", "diplomas", "--reissue", "--without-history").code == 0


def test_a_set_that_is_on_chain_is_taken_over_under_its_own_names(run: Run, second: Become) -> None:
    second()
    shutil.copytree(FIRST / "trees", SECOND / "trees")
    files("same", *NAMES[:6])
    done = run("anchor", "same", "--json").json
    assert (done["adopted"], done["pulled"], done["batches"][0]["sequence"]) == (True, [], 1)
    with working() as here:
        assert here.client.nonce(DEVELOPMENT_ACCOUNTS[1]) == 0
        (row,) = here.store.all()
        assert {leaf.source for leaf in here.store.leaves(row)} >= {f"{NAMES[0]}.json"}


def test_no_tree_is_believed(run: Run, second: Become) -> None:
    first, later = trees()
    second()
    hostile = Path("hostile")
    hostile.mkdir()
    content = first.read_bytes()
    (hostile / first.name).write_bytes(content[:70] + bytes([content[70] ^ 1]) + content[71:])
    # Another tree under this one's name, and this one's root with another count.
    with Tree.build([bytes([number]) * 32 for number in range(3)]) as other:
        other.write(hostile / later.name)
    with Tree.build([bytes.fromhex(later.name[:64])]) as node:
        node.write(hostile / node.id.name)
    pulled = run("trees", "pull", hostile, "--json")
    assert pulled.code == 1
    assert pulled.json["pulled"] == []
    assert [(each["sequence"], each["code"]) for each in pulled.json["missing"]] == [
        (1, "tree-missing"),
        (2, "tree-missing"),
    ]
    assert "its tree is damaged" in pulled.out
    with working() as here:
        assert here.store.all() == []
    assert refusal(run("anchor", "diplomas", "--json"))["code"] == "history-incomplete"


def test_a_lookup_service_gives_no_whole_trees(run: Run, second: Become) -> None:
    second()
    error = refusal(run("trees", "pull", "https://registry.example", "--json"))
    assert (error["code"], "s3://" in error["remedy"]) == ("no-whole-trees", True)


def test_a_batch_without_a_stated_count_is_not_believed_by_its_name(run: Run, second: Become) -> None:
    """Its root is that of several trees, of which only one has the credentials as its leaves."""
    leaves = [bytes([number]) * 32 for number in range(6)]
    with Tree.build(leaves) as tree:
        root = tree.root
        tree.write(FIRST / "trees" / tree.id.name)
    with Tree.build([root]) as node:
        node.write(FIRST / "trees" / node.id.name)
    with working() as here:
        here.sender.settle("default issuer", here.contract.address, call_data("setDefaultIssuer", 1))
        here.sender.settle("bare root", here.contract.address, root)
    second()
    pulled = run("trees", "pull", FIRST, "--json")
    assert pulled.code == 1
    assert [(each["sequence"], each["code"]) for each in pulled.json["missing"]] == [(3, "count-unstated")]
    with working() as here:
        data = call_data("stateLeafCount", 1, root, 6)
        here.sender.settle("count", here.contract.address, data, is_missing=True)
    assert run("trees", "pull", FIRST).code == 0
    with working() as here:
        row = here.store.by_root(1, root)
        assert row is not None
        assert [leaf.digest for leaf in here.store.leaves(row)] == leaves


def test_a_voided_batch_belongs_to_the_history(run: Run, second: Become) -> None:
    first, later = trees()
    assert run("void", f"0x{first.name[:64]}", "--yes").code == 0
    second()
    (SECOND / "trees").mkdir()
    shutil.copy(later, SECOND / "trees")
    assert "batch 1 (" in refusal(run("anchor", "diplomas", "--json"))["what"]
    shutil.copy(first, SECOND / "trees")
    assert run("anchor", "diplomas", "--json").json["new"] == 1


def test_what_is_lost_for_good_is_given_up_by_a_person_and_said_each_time(run: Run, second: Become) -> None:
    first, later = trees()
    second()
    (SECOND / "trees").mkdir()
    shutil.copy(later, SECOND / "trees")
    assert run("recover", "--without-trees", "--yes").code == 0
    done = run("anchor", "diplomas", "--json").json
    assert (done["new"], done["revoked"], done["givenUp"]) == (6, 1, [1])
    assert "batch 1 was given up" in run("anchor", files("diplomas", "newer")).out
    again = run("recover", "--json").json
    assert (again["missing"], [each["sequence"] for each in again["givenUp"]]) == ([], [1])
    # It was not lost after all.
    refilled = run("trees", "pull", first, "--json").json["refilled"]
    assert [each["sequence"] for each in refilled] == [1]
    files("diplomas", "newest")
    done = run("anchor", "diplomas", "--json").json
    assert (done["new"], done["givenUp"]) == (1, [])


def test_an_old_database_is_brought_up_to_date_by_recovery_alone(run: Run, second: Become) -> None:
    """Its own account's nonces belong to what it has anchored."""
    shutil.copyfile(FIRST / "testamur.db", "backup.db")
    with working() as here:
        here.folder.engine.dispose()
    shutil.copytree(FIRST, "old")
    assert run("anchor", files("later", "zoe")).code == 0
    shutil.copytree(FIRST / "chain", "old/chain", dirs_exist_ok=True)
    for path in trees():
        shutil.copy(path, Path("old/trees") / path.name)
    error = refusal(run("trees", "pull", "--data-folder", "old", "--json"))
    assert (error["code"], "testamur recover" in error["remedy"]) == ("database-behind", True)
    assert run("recover", "--data-folder", "old").code == 0
    assert run("trees", "pull", "--data-folder", "old").code == 0


def test_two_processes_may_take_the_same_batch_over(run: Run, second: Become, monkeypatch: pytest.MonkeyPatch) -> None:
    second()
    shutil.copytree(FIRST / "trees", SECOND / "trees")
    with working() as here:
        unknown = History(here.contract, here.store).lacking(1)
        assert len(Puller(here).pull(1, unknown).rows) == 2
        honest, looked = here.store.by_root, list[bytes]()

        def too_early(issuer: int, root: bytes) -> BatchRow | None:
            looked.append(root)
            return honest(issuer, root) if looked.count(root) > 1 else None

        monkeypatch.setattr(here.store, "by_root", too_early)
        assert [row.sequence for row, _ in Puller(here).pull(1, unknown).rows] == [1, 2]
        assert len(here.store.all()) == 2


# Endpoints that lie


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], int]], None]:
    """From then on the endpoint counts an issuer's batches in another way."""
    honest = CredentialRegistry.party

    def lie(count: Callable[[int], int]) -> None:
        def party(contract: CredentialRegistry, number: int, **at: object) -> Party | None:
            found = honest(contract, number)
            return None if found is None else replace(found, sequence=count(found.sequence))

        monkeypatch.setattr(CredentialRegistry, "party", party)

    return lie


def test_more_batches_than_there_are_keep_everything_waiting(
    run: Run, issuer: int, counted: Callable[[Callable[[int], int]], None]
) -> None:
    assert run("anchor", files("first", "ada")).code == 0
    counted(lambda sequence: sequence + 1)
    error = refusal(run("anchor", files("next", "eve"), "--json"))
    assert error["code"] == "history-incomplete"
    assert "batch 2." in error["what"]
    (missing,) = run("trees", "pull", "--json").json["missing"]
    assert (missing["sequence"], missing["root"], missing["code"]) == (2, None, "events-missing")


def test_fewer_than_were_final_here_are_not_believed(
    run: Run, issuer: int, counted: Callable[[Callable[[int], int]], None]
) -> None:
    assert run("anchor", files("first", "ada"), "--wait").code == 0
    counted(lambda sequence: sequence - 1)
    ran = run("anchor", files("next", "eve"), "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "chain-behind")


def test_who_knows_nothing_and_is_told_of_nothing_finds_it_out_afterwards(
    run: Run, second: Become, counted: Callable[[Callable[[int], int]], None]
) -> None:
    """An endpoint that hides what others anchored deceives whoever has nothing to compare it with, once."""
    second()
    counted(lambda _: 0)
    assert run("anchor", files("mine", "new")).code == 0
    counted(lambda sequence: sequence)
    error = refusal(run("anchor", files("mine", "newer"), "--json"))
    assert error["code"] == "history-incomplete"
    assert "2 batches" in error["what"]


# In a round of the daemon


def test_a_round_has_an_end_and_the_next_one_goes_on_where_it_was(run: Run, second: Become) -> None:
    first, later = trees()
    second()
    shutil.copytree(FIRST / "trees", SECOND / "trees")
    ticks = iter(range(0, 10_000, int(pulling.ROUND_SECONDS)))
    with working() as here:
        puller = Puller(here, clock=lambda: float(next(ticks)))
        history = History(here.contract, here.store)
        unknown = history.lacking(1)
        # The clock stands at the end of the round when the first batch is looked at.
        assert [each.sequence for each in puller(1, unknown)] == [1, 2]
        assert history.lacking(1) == unknown
        puller = Puller(here, clock=lambda: 0.0)
        puller._begin_at[1] = 2
        (SECOND / "trees" / first.name).unlink()
        assert [(each.sequence, each.code) for each in puller(1, unknown)] == [(1, "tree-missing")]
        assert [row.sequence for row in here.store.all(1)] == [2]
    assert later.is_file()
