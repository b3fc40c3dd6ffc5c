"""The books of offers, on SQLite and PostgreSQL: what may happen once does so once, and what is withdrawn is over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import pytest

from anchor.books import wallet_offers
from anchor.books.issued import IssuedStore, Run
from anchor.books.wallet_offers import FREE_TRIES, MOST_TRIES, NewOffer, Offer, WalletOfferStore, Way, wait_after
from registry.errors import NotPossible
from tests.anchor.books.test_issued import ROOT, credential, new_run
from tests.anchor.issuer import CHAIN, CONTRACT, Site

NOW = 1_790_000_000


def new(person: str, edition: int = 1) -> NewOffer:
    key = credential(person).row_key
    code = sha256(f"{person} {edition}".encode()).digest()
    return NewOffer(key, code, sha256(code).digest(), NOW, NOW + 100)


def offered(site: Site, *people: str) -> tuple[WalletOfferStore, Run, list[Offer]]:
    issued = IssuedStore(site.engine, CHAIN, CONTRACT)
    run = new_run(issued)
    issued.add(run, [credential(person) for person in people])
    run = issued.made(run, ROOT)
    store = WalletOfferStore(site.engine, issued)
    store.add(run, [new(person) for person in people])
    found = store.of_run(run)
    return store, run, [found[new(person).row_key] for person in people]


def test_what_is_stored_is_found_by_its_code_and_by_what_was_given_for_it(site: Site) -> None:
    store, run, (first, second) = offered(site, "s1", "s2")
    assert (first.edition, first.tries, first.taken_at, first.is_open(NOW), first.is_open(NOW + 100)) == (
        1, 0, None, True, False,
    )  # fmt: skip
    assert store.by_code(first.code) == first
    assert store.by_code(bytes(32)) is None
    assert store.offered_runs() == (run.number,)
    assert store.open_exchange(second, b"link", NOW + 10, NOW)
    assert store.redeem(second, b"token", NOW + 10, NOW + 1)
    # What was given before is good no more.
    assert store.by_access(b"link") is None
    taken = store.by_access(b"token")
    assert taken is not None
    assert (taken.number, taken.taken_at, taken.taken_by) == (second.number, NOW + 1, Way.OPENID)
    store.note(taken, handed_at=NOW + 2, event="credential_accepted")
    assert store.of_run(run)[second.row_key].event == "credential_accepted"
    elsewhere = WalletOfferStore(site.engine, IssuedStore(site.engine, "eip155:1", CONTRACT))
    assert (elsewhere.by_code(first.code), elsewhere.by_access(b"token"), elsewhere.offered_runs()) == (None, None, ())


@pytest.mark.parametrize("what", ["redeem", "exchange", "try"])
def test_of_several_at_once_only_so_many_succeed(site: Site, what: str) -> None:
    store, _, (offer,) = offered(site, "s1")
    assert store.open_exchange(offer, b"link", NOW + 10, NOW)
    acts: dict[str, Callable[[int], bool]] = {
        "redeem": lambda number: store.redeem(offer, b"token %d" % number, NOW + 10, NOW),
        "exchange": lambda _: store.exchange(offer, b"link", NOW),
        "try": lambda _: store.try_code(offer, NOW),
    }
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(acts[what], range(16)))
    assert sum(told) == (FREE_TRIES if what == "try" else 1)


def test_each_try_waits_longer_than_the_one_before_until_there_are_none(site: Site) -> None:
    waits = [wait_after(tried) for tried in range(1, MOST_TRIES)]
    assert waits == [0] * (FREE_TRIES - 1) + [60, 120, 240, 480, 960, 1920] + [3600] * 9
    store, run, (offer,) = offered(site, "s1")
    store.add(run, [replace(new("s1", 2), expires_at=NOW + 10**6)])
    offer, now = store.of_run(run)[offer.row_key], NOW
    for wait in [*waits, 0]:
        assert store.try_code(offer, now)
        if wait:
            assert not store.try_code(offer, now + wait - 1)
        now += wait
    assert not store.try_code(offer, now + 10_000)
    store.right_code(offer)
    assert all(store.try_code(offer, now) for _ in range(FREE_TRIES))


def test_a_withdrawn_offer_gives_nothing_more(site: Site) -> None:
    store, run, (first, second) = offered(site, "s1", "s2")
    assert store.redeem(first, b"token", NOW + 10, NOW)
    assert store.withdraw(run, [first.row_key], NOW + 1) == 1
    assert store.withdraw(run, [first.row_key], NOW + 2) == 0
    assert store.by_access(b"token") is None
    store.add(run, [new("s2", 2)])
    for old in (first, second):
        found = store.by_code(old.code)
        assert found is not None
        assert not found.is_open(NOW)
        assert not store.try_code(old, NOW)
        assert not store.redeem(old, b"another", NOW + 10, NOW)
        assert not store.open_exchange(old, b"another", NOW + 10, NOW)
    again = store.of_run(run)[second.row_key]
    assert (again.edition, again.code, again.is_open(NOW)) == (2, new("s2", 2).code, True)


def test_what_is_over_is_over_and_nothing_is_given_twice(site: Site) -> None:
    store, _, (offer,) = offered(site, "s1")
    assert not store.redeem(offer, b"token", NOW + 200, NOW + 100)
    assert store.open_exchange(offer, b"link", NOW + 10, NOW)
    assert not store.exchange(offer, b"other", NOW)
    assert not store.exchange(offer, b"link", NOW + 10)
    assert store.exchange(offer, b"link", NOW + 9)
    assert not store.redeem(offer, b"token", NOW + 20, NOW + 9)
    assert not store.open_exchange(offer, b"another", NOW + 20, NOW + 9)


def test_two_commands_do_not_offer_the_same(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store, run, (offer,) = offered(site, "s1")
    # As the other command saw it before this one had stored anything.
    monkeypatch.setattr(wallet_offers.WalletOfferStore, "_editions", staticmethod(lambda *_: {}))
    with pytest.raises(NotPossible) as refused:
        store.add(run, [new("s1", 2)])
    assert refused.value.code == "offered-meanwhile"
    # The one that is there is still good.
    assert store.of_run(run) == {offer.row_key: offer}
