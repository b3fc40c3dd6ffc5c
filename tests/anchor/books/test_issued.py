"""The books of what was issued, on SQLite and on PostgreSQL: an award has one credential of each edition and part."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

import pytest

from anchor.books.issued import IssuedStore, Known, NewIssued, NewRun, Run
from anchor.books.tables import RunState
from registry.credential.digest import Digest, DigestMethod
from registry.errors import NotPossible
from tests.anchor.issuer import CHAIN, CONTRACT, Site

ROOT = sha256(b"root").digest()


def new_run(store: IssuedStore) -> Run:
    return store.begin(NewRun(1, "urn:uuid:t", "t.toml", b"text\x00", "r.xlsx", "ada@office", "Ada", 1_790_000_000))


def credential(person: str, part: str = "award", edition: int = 1, *, document: bytes = b"{}") -> NewIssued:
    name = f"{person} {part} {edition}"
    return NewIssued(
        row_key=sha256(person.encode()).hexdigest(),
        part=part,
        edition=edition,
        row_number=int(person[1:]),
        content=sha256(document).digest(),
        person_id=person,
        email=f"{person}@example.org",
        language="de",
        credential_id=f"urn:{name}",
        digest=Digest(DigestMethod.VC_JCS, sha256(name.encode()).digest()),
        document=document,
    )


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(NotPossible) as refused:
        act()
    return refused.value.code


def test_what_is_stored_is_found_again_in_every_way(site: Site) -> None:
    store = IssuedStore(site.engine, CHAIN, CONTRACT)
    run = new_run(store)
    assert (run.state, run.root, run.template_text) == (RunState.MAKING, None, b"text\x00")
    new = [credential("s7"), credential("s7", "course:db"), credential("s3", document="{Ångström}".encode())]
    store.add(run, new)
    assert store.unfinished(1, "urn:uuid:t") == run
    made = store.made(run, ROOT)
    assert (made.state, made.root, made.credentials) == (RunState.MADE, ROOT, 3)
    assert store.unfinished(1, "urn:uuid:t") is None
    rows = list(store.rows(ROOT))
    assert [(row.person_id, row.part) for row in rows] == [("s3", "award"), ("s7", "award"), ("s7", "course:db")]
    for row, given in zip(rows, (new[2], new[0], new[1]), strict=True):
        assert {name: getattr(row, name) for name in NewIssued.__slots__} == {
            name: getattr(given, name) for name in NewIssued.__slots__
        }
        assert (row.run, row.root, row.delivered_at, row.replaced_by) == (run.number, ROOT, None, None)
        assert store.by_digest(row.digest.value) == row
        assert store.by_credential_id(row.credential_id) == row
    assert store.by_person("s7") == store.by_row_key(new[0].row_key) == rows[1:]
    assert list(store.by_part(ROOT, "course:db")) == rows[2:]
    assert store.digests_of(made) == [(row.digest, row.row_number) for row in rows]
    assert store.contents_of(made) == {(each.row_key, 1): each.content for each in (new[0], new[2])}
    assert store.known(1, [new[0].row_key, "00" * 32]) == {
        new[0].row_key: Known(run.number, RunState.MADE, ROOT, 1, new[0].content)
    }
    assert store.known(2, [new[0].row_key]) == {}
    assert IssuedStore(site.engine, "eip155:1", CONTRACT).runs() == []


def test_an_award_has_one_credential_of_each_edition_and_part(site: Site) -> None:
    store = IssuedStore(site.engine, CHAIN, CONTRACT)
    first, second = new_run(store), new_run(store)
    store.add(first, [credential("s1")])
    again = credential("s1")
    # Nothing of what comes with it is stored either.
    assert refusal(lambda: store.add(second, [credential("s2"), again])) == "issued-meanwhile"
    assert list(store.rows_of(second)) == []
    store.add(second, [credential("s1", edition=2), credential("s1", "marks")])
    assert [row.edition for row in store.by_person("s1") if row.part == "award"] == [1, 2]
    assert store.known(1, [again.row_key])[again.row_key].edition == 2


def test_what_a_run_may_become(site: Site) -> None:
    store = IssuedStore(site.engine, CHAIN, CONTRACT)
    run = new_run(store)
    store.add(run, [credential("s1")])
    assert refusal(lambda: store.confirm(run, "bob@office", "Bob")) == "changed"
    made = store.made(run, ROOT)
    assert refusal(lambda: store.made(run, ROOT)) == "changed"
    assert refusal(lambda: store.add(made, [credential("s2")])) == "changed"
    confirmed = store.confirm(made, "bob@office", "Bob")
    assert (confirmed.state, confirmed.confirmed_as) == (RunState.CONFIRMED, "Bob")
    # Whoever saw it before that cannot throw it away any more.
    assert refusal(lambda: store.discard(made)) == "changed"
    assert len(list(store.rows(ROOT))) == 1


def test_what_is_delivered_keeps_its_first_time(site: Site) -> None:
    store = IssuedStore(site.engine, CHAIN, CONTRACT)
    run, at = new_run(store), int(time.time())
    new = [credential("s1"), credential("s2")]
    store.add(run, new)
    store.mark_delivered([new[0].digest.value], at)
    store.mark_delivered([each.digest.value for each in new], at + 60)
    assert [row.delivered_at for row in store.rows_of(run)] == [at, at + 60]
