"""What issuers send may be called like something else: files like files, and a digest like a root."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from anchor.books.batches import Leaf
from anchor.books.tables import BatchState
from anchor.intake.desk import Desk, Kind, Order
from anchor.intake.dropfolder import DropFolder
from anchor.intake.streams import IntakeLimits
from registry.credential.digest import digest_json
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from tests.anchor.cli.test_archive_names import DOCUMENTS, NAMES, packed
from tests.anchor.issuer import Site


def test_the_daemon_reads_every_file_and_tells_what_it_does_not_take(site: Site, tmp_path: Path) -> None:
    names, documents = [*NAMES, "../out.json"], [*DOCUMENTS, b'{"id":"out"}']
    data = packed(tmp_path / "two.zip", names, documents).read_bytes()
    incoming = Desk(site.jobs, IntakeLimits()).receive(Order(1, "http"), Kind.ZIP)
    incoming.feed(data)
    job = incoming.finish().job
    assert (job.credentials, job.rejected) == (8, 1)
    assert site.digests() == sorted(digest_json(document).value for document in DOCUMENTS)
    assert [(each.source, each.code) for each in site.jobs.rejects(job.id)] == [("../out.json", "zip-name")]


def test_a_dropped_file_with_a_long_name_is_moved_with_its_note(site: Site, tmp_path: Path) -> None:
    name = "学" * 83 + ".json"
    inbox = tmp_path / "drop" / "1"
    inbox.mkdir(parents=True)
    (inbox / name).write_bytes(DOCUMENTS[0])
    desk = Desk(site.jobs, IntakeLimits())
    folder = DropFolder(tmp_path / "drop", desk, site.jobs, spool=tmp_path, quiet_seconds=0.0)
    assert [folder.look(), folder.look()] == [0, 1]
    assert not (inbox / name).exists()
    (note,) = (inbox / "done").glob("*.job.json")
    assert json.loads(note.read_bytes())["credentials"] == 1
    # Again, with other content: both are kept.
    (inbox / name).write_bytes(DOCUMENTS[1])
    assert [folder.look(), folder.look()] == [0, 1]
    kept = {sha256(path.read_bytes()).hexdigest() for path in (inbox / "done").iterdir()}
    assert {sha256(document).hexdigest() for document in DOCUMENTS[:2]} <= kept


def sent(site: Site, *digests: bytes, issuer: int = 1) -> str:
    job, _ = site.jobs.begin(issuer, "command")
    leaves = [Leaf(digest, 0, 4, f"{number}.digests", 1) for number, digest in enumerate(digests)]
    return site.jobs.accept(job.id, leaves, []).id


def test_a_stranger_who_knows_a_root_does_not_keep_its_tree_from_being_written(site: Site) -> None:
    digests = [sha256(bytes([number])).digest() for number in range(6)]
    sent(site, *digests)
    assert site.seal() == 1
    (mine,) = site.batches.all(1)
    site.folder.tree_path(mine.tree).unlink()
    # The same, with the stranger first.
    sent(site, mine.root, issuer=2)
    assert site.seal() == 1
    sent(site, *digests, issuer=3)
    assert site.seal() == 1
    for row, count in [(site.batches.all(2)[0], 1), (site.batches.all(3)[0], 6)]:
        with site.folder.tree(row.tree) as tree:
            tree.check()
            assert tree.id == TreeId(mine.root, count)


def test_what_has_the_name_of_a_tree_and_is_another_is_written_anew(site: Site) -> None:
    """A tree of another count, a damaged one, and none at all: the path alone says nothing."""
    digests = [sha256(bytes([number])).digest() for number in range(6)]
    with Tree.build(digests) as tree:
        path = site.folder.trees / tree.id.name
        tree.write(path)
        good = path.read_bytes()
        with Tree.build([tree.root]) as other:
            other.write(path)
            single = path.read_bytes()
    damaged = good[:300] + bytes([good[300] ^ 1]) + good[301:]
    for issuer, content in enumerate((single, damaged, b"", good[:-1]), start=1):
        path.write_bytes(content)
        sent(site, *digests, issuer=issuer)
        assert site.seal() == 1
        assert path.read_bytes() == good


def test_a_job_whose_root_is_taken_is_not_called_sealed(site: Site) -> None:
    """A digest that is the root of an own batch would be a leaf nowhere."""
    digests = [sha256(bytes([number])).digest() for number in range(6)]
    sent(site, *digests)
    assert site.seal() == 1
    site.mined(state=BatchState.FINAL)
    (mine,) = site.batches.all(1)
    again = sent(site, mine.root)
    assert site.seal() == 0
    assert [job.id for job in site.jobs.waiting()] == [again]
    assert [notice.facts["code"] for notice in site.told if notice.event == "not-sealed"] == ["root-taken"]
    assert [*site.batches.leaves(mine)] == [
        Leaf(digest, at, 4, f"{digests.index(digest)}.digests", 1) for at, digest in enumerate(sorted(digests))
    ]


def test_a_cancelled_batch_gives_its_root_to_another_tree(site: Site) -> None:
    digests = [sha256(bytes([number])).digest() for number in range(6)]
    sent(site, *digests)
    assert site.seal() == 1
    site.happens(BatchState.CANCELLED)
    (mine,) = site.batches.all(1)
    with site.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM leaf")
    sent(site, mine.root)
    assert site.seal() == 1
    (row,) = site.batches.all(1)
    assert (row.state, row.tree) == (BatchState.SEALED, TreeId(mine.root, 1))
    with site.folder.tree(row.tree) as tree:
        assert [*tree.leaves()] == [mine.root]
