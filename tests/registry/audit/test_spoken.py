"""Credentials that an issuer spoke of by digest: each counts once, wherever it is, and nowhere that it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.anchors import AnchorPlace
from registry.audit.findings import Asked, Audit, Counts
from registry.audit.report import figures
from registry.audit.report.as_html import page
from registry.audit.report.as_json import content
from registry.history import rebuild
from registry.records import BlockRef, Event

ACCOUNT = "0x" + "a1" * 20
FIRST, SECOND = b"1" * 32, b"2" * 32
# By what becomes of them: in both batches, in one and revoked at its place, suspended, lifted again, nowhere.
SHARED, PLACED, HELD, LIFTED, NOWHERE = (bytes([0xC0 + number]) * 32 for number in range(5))
PLACES = {
    (1, SHARED): (AnchorPlace(FIRST, 0), AnchorPlace(SECOND, 3)),
    (1, PLACED): (AnchorPlace(FIRST, 1),),
    (1, HELD): (AnchorPlace(SECOND, 2),),
    (1, LIFTED): (AnchorPlace(SECOND, 1),),
}


def events() -> list[Event]:
    by = {"issuer": 1, "operator": ACCOUNT}
    told: list[tuple[str, dict[str, Any]]] = [
        (
            "PartyRegistered",
            {"party": 1, "controller": ACCOUNT, "uri": "https://uni.example", "profileHash": bytes(32)},
        ),
        ("OperatorSet", {"party": 1, "operator": ACCOUNT, "allowed": True}),
        ("Anchored", by | {"root": FIRST, "leafCount": 10, "sequence": 1}),
        ("Anchored", by | {"root": SECOND, "leafCount": 10, "sequence": 2}),
        ("StatusSet", by | {"root": FIRST, "purpose": 0, "word": 0, "changed": 0b10, "reason": 2}),
        ("DigestRevoked", by | {"digest": SHARED, "reason": 1}),
        ("DigestRevoked", by | {"digest": PLACED, "reason": 1}),
        ("DigestSuspended", by | {"digest": HELD, "reason": 7}),
        ("DigestSuspended", by | {"digest": LIFTED, "reason": 7}),
        ("DigestReinstated", by | {"digest": LIFTED, "reason": 8}),
        ("DigestRevoked", by | {"digest": NOWHERE, "reason": 6}),
    ]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Event(name, given, number, bytes(32), 0, number.to_bytes(32, "big"), at)
        for number, (name, given) in enumerate(told, 1)
    ]


@pytest.fixture
def audit() -> Audit:
    state = rebuild(events())
    assert state.impossible == []
    return Audit(
        chain="eip155:1",
        contract="0x" + "11" * 20,
        edition=2,
        accreditations_contract="0x" + "22" * 20,
        deployed_in=1,
        block=BlockRef(20, bytes(32), datetime(2026, 2, 1, tzinfo=UTC)),
        asked=Asked(),
        folder=None,
        state=state,
        differences=(),
        unchecked=(),
        notes=(),
        checked=Counts(),
        revoked_elsewhere={(1, FIRST): 1, (1, SECOND): 1},
        places=PLACES,
    )


def test_the_tables_say_of_each_digest_what_stands_and_where_it_is(audit: Audit) -> None:
    told = content(audit)
    found = {each["digest"]: each for each in told["digests"]}
    assert list(found) == [each.hex() for each in (SHARED, PLACED, HELD, NOWHERE)]
    shared, nowhere = found[SHARED.hex()], found[NOWHERE.hex()]
    assert (shared["batches"], shared["places"]) == (2, f"0x{FIRST.hex()}/0 0x{SECOND.hex()}/3")
    assert (shared["revokedAt"], shared["revocationReason"]) == ("2026-01-01T00:00:00Z", "issued-in-error")
    assert (shared["suspendedAt"], shared["suspensionReason"]) == (None, None)
    assert (found[HELD.hex()]["revokedAt"], found[HELD.hex()]["suspensionReason"]) == (None, "under-review")
    assert (nowhere["batches"], nowhere["places"]) == (0, None)


def test_every_change_is_of_a_place_or_of_a_digest(audit: Audit) -> None:
    changes = [
        (each["root"], each["digest"], each["change"], each["credentials"]) for each in content(audit)["statuses"]
    ]
    assert changes == [
        (f"0x{FIRST.hex()}", None, "revoked", 1),
        *((None, each.hex(), "revoked", 1) for each in (SHARED, PLACED)),
        *((None, each.hex(), "suspended", 1) for each in (HELD, LIFTED)),
        (None, NOWHERE.hex(), "revoked", 1),
    ]


def test_a_credential_counts_once_of_its_issuer_and_in_each_batch_that_has_it(audit: Audit) -> None:
    told = content(audit)
    (party,) = told["parties"]
    assert (party["credentials"], party["revoked"], party["suspended"], party["inNoBatch"]) == (20, 2, 1, 1)
    names = ("revoked", "suspended", "revokedByDigest", "suspendedByDigest")
    assert [tuple(each[name] for name in names) for each in told["batches"]] == [(1, 0, 1, 0), (0, 0, 1, 1)]
    # Insights are about the credentials in batches: one that is in two of them is revoked in both.
    assert told["insights"]["credentials"]["revoked"] == 3


def test_only_batches_that_were_asked_for_count(audit: Audit) -> None:
    later = replace(audit, asked=Asked(since=4))
    (party,) = content(later)["parties"]
    assert (party["credentials"], party["revoked"], party["suspended"], party["inNoBatch"]) == (10, 1, 1, 1)
    other = content(replace(audit, asked=Asked(issuer=2)))
    assert other["digests"] == other["parties"] == []


def test_the_charts_count_each_credential_once_and_name_those_that_are_nowhere(audit: Audit) -> None:
    rates, reasons = figures.revocation_by_issuer(audit), figures.revocation_by_reason(audit)
    assert rates is not None
    assert rates.description == (
        "2 of 20 credentials are revoked (10.00 %). "
        "Not among these: 1 revoked by digests in no batch whose tree was read."
    )
    assert {each.name: each.values for each in rates.series} == {"issued-in-error": (5.0,), "obtained-by-fraud": (5.0,)}
    assert reasons is not None
    assert reasons.labels == ("issued-in-error", "key-compromise", "obtained-by-fraud")
    assert [each.values for each in reasons.series] == [(1.0, 0.0, 1.0), (0.0, 1.0, 0.0)]


def test_without_trees_nothing_is_called_a_revoked_credential_of_a_batch(audit: Audit) -> None:
    alone = replace(audit, places={}, revoked_elsewhere={})
    (party,) = content(alone)["parties"]
    assert (party["revoked"], party["suspended"], party["inNoBatch"]) == (1, 0, 4)
    rates = figures.revocation_by_issuer(alone)
    assert rates is not None
    assert "1 of 20 credentials are revoked (5.00 %). Not among these: 3 revoked by digests" in rates.description


def test_the_page_lists_them(audit: Audit) -> None:
    written = page(audit)
    assert "Credentials revoked or suspended by their digests: 4." in written
    assert NOWHERE.hex() in written
    assert LIFTED.hex() not in written
