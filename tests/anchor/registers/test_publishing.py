"""A confirmed draft is signed, written and anchored; ended at any point it is anchored once, and before that not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from anchor.books.batches import BatchRow
from anchor.books.tables import ANCHORED_STATES
from anchor.registers.drafts import SIGNED, Shelf
from anchor.registers.importing import Mirror, Outcome
from anchor.registers.looking import Signature, open_snapshot, signature_of
from anchor.registers.publishing import POINTS, discard, publish
from anchor.workspace import Workspace
from registry.errors import NotPossible, StoreError
from tests.anchor.begun import begun, issuer, working
from tests.anchor.registers.made import MIRROR, NOW, imported, numbered, signed, table
from tests.conftest import Run

__all__ = ["begun", "issuer"]


class Killed(BaseException):
    """As the system ends a process."""


def draft_of(here: Workspace, *numbers: str, days: int = 0, party: int = 1) -> Outcome:
    mirror = Mirror(MIRROR.issuer, here.chain, here.contract_address.lower(), party)
    path = table(Path("deqar.csv"), *numbered(*numbers))
    return imported(path, here.folder.path, NOW + timedelta(days=days), mirror=mirror)


def anchored(here: Workspace, root: bytes) -> BatchRow | None:
    return here.store.by_root(1, root)


def test_what_was_anchored_is_what_the_file_comes_to(run: Run, issuer: int) -> None:
    with working() as here:
        outcome = draft_of(here, "A", "B")
        root = outcome.draft.root
        assert here.contract.batch(issuer, root) is None
        done = publish(here, Shelf(here.folder.path), root, signed, output=Path("out"))
        batch = here.contract.batch(issuer, root)
        assert batch is not None
        snapshot = open_snapshot(done.copy)
        assert (snapshot.root, snapshot.leaf_count) == (root, batch.leaf_count)
        assert signature_of(snapshot) is Signature.HOLDS
        assert done.copy.parent == Path("out")
        assert done.copy.read_bytes() == done.published.file.read_bytes()
        shelf = Shelf(here.folder.path)
        assert (shelf.drafts(), [each.root for each in shelf.all_published()]) == ([], [root])
        # Every decision has its place in the batch, and what is in none is provably absent.
        for digest in snapshot.digests:
            assert here.store.places(digest, issuer)
        with pytest.raises(NotPossible) as error:
            publish(here, shelf, root, signed)
        assert error.value.code == "published"


def test_a_signature_of_somebody_else_is_said_to_be_broken(run: Run, issuer: int) -> None:
    with working() as here:
        done = publish(here, Shelf(here.folder.path), draft_of(here, "A").draft.root, signed)
    lines = done.copy.read_bytes().splitlines(keepends=True)
    document = orjson.loads(lines[0])
    document["credentialSubject"]["register"]["name"] = "Another"
    done.copy.write_bytes(orjson.dumps(document) + b"\n" + b"".join(lines[1:]))
    assert signature_of(open_snapshot(done.copy)) is Signature.BROKEN


@pytest.mark.parametrize("point", POINTS)
def test_ended_at_any_point_it_is_anchored_once(run: Run, issuer: int, point: str) -> None:
    with working() as here:
        root = draft_of(here, "A", "B").draft.root
        shelf = Shelf(here.folder.path)

        def reached(name: str) -> None:
            if name == point:
                raise Killed

        with pytest.raises(Killed):
            publish(here, shelf, root, signed, reached=reached)
        is_sent = point in ("anchored", "published")
        assert (here.contract.batch(issuer, root) is not None) is is_sent
    with working() as here:
        shelf = Shelf(here.folder.path)
        if point == "published":
            assert shelf.drafts() == []
        else:
            before = (shelf.draft(root).folder / SIGNED).read_bytes()
            done = publish(here, shelf, root, signed)
            assert done.batch.state in ANCHORED_STATES
            assert done.copy.read_bytes().startswith(before)
        assert [each.root for each in here.store.all(issuer)] == [root]
        assert here.contract.batch(issuer, root) is not None


def test_a_draft_that_was_changed_is_not_anchored(run: Run, issuer: int) -> None:
    with working() as here:
        shelf = Shelf(here.folder.path)
        draft = draft_of(here, "A", "B").draft
        lines = draft.decisions.read_bytes().splitlines(keepends=True)
        for changed in (lines[:1], [*lines, lines[-1]], [lines[0].replace(b"positive", b"negative"), lines[1]]):
            draft.decisions.write_bytes(b"".join(changed))
            with pytest.raises(StoreError) as error:
                publish(here, shelf, draft.root, signed)
            assert error.value.code == "other-root"
        draft.decisions.unlink()
        with pytest.raises(StoreError):
            publish(here, shelf, draft.root, signed)
        assert here.store.all(issuer) == []


@pytest.mark.parametrize("days", [0, 1], ids=["of-one-second", "of-the-day-before"])
def test_an_older_draft_does_not_follow_a_newer_snapshot(run: Run, issuer: int, days: int) -> None:
    with working() as here:
        shelf = Shelf(here.folder.path)
        older = draft_of(here, "A").draft
        newer = draft_of(here, "A", "B", days=days).draft
        publish(here, shelf, newer.root, signed)
        with pytest.raises(NotPossible) as error:
            publish(here, shelf, older.root, signed)
        assert error.value.code == "register-overtaken"
        assert discard(shelf, here.store, older.root).root == older.root
        with pytest.raises(NotPossible):
            discard(shelf, here.store, newer.root)


def test_what_is_sealed_is_not_thrown_away(run: Run, issuer: int) -> None:
    with working() as here:
        shelf = Shelf(here.folder.path)
        root = draft_of(here, "A").draft.root

        def reached(name: str) -> None:
            if name == "sealed":
                raise Killed

        with pytest.raises(Killed):
            publish(here, shelf, root, signed, reached=reached)
        with pytest.raises(NotPossible) as error:
            discard(shelf, here.store, root)
        assert error.value.code == "confirmed"
