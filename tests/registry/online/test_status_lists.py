"""What status lists of others say of a credential: a set bit withdraws it, and whatever is doubtful is unread."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.document.reading import read_document
from registry.online.dids import DidDocuments
from registry.online.lists import FetchedLists
from registry.proofs.signatures.did_documents import DidKey, write_did_document
from registry.proofs.signatures.keys import KeyKind, SigningKey, did_key, did_key_method, new_key
from registry.proofs.signatures.multibase import to_base64url
from registry.proofs.signatures.suites import Suite, sign
from registry.verify.status_lists import MOST_ENTRIES, Listed, ListState, listed_statuses
from tests.registry.online.servers import Served, answer, serving

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dcc"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY, OTHER = new_key(KeyKind.ED25519), new_key(KeyKind.P256)
BITS = 1 << 17
SET = 94_567


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as server:
        yield server


def bits(*marked: int, count: int = BITS) -> str:
    row = bytearray(count // 8)
    for index in marked:
        row[index // 8] |= 0x80 >> index % 8
    return to_base64url(gzip.compress(bytes(row), mtime=0))


def listing(url: str, key: SigningKey = KEY, *, method: str | None = None, **changes: Any) -> dict[str, Any]:
    """A list with one set bit, signed; members of `subject_…` are of its subject, and None takes one away."""
    subject = {
        "id": f"{url}#list",
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": bits(SET),
    }
    made: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": (method or did_key(key)).partition("#")[0],
        "validFrom": "2026-02-01T00:00:00Z",
    }
    for name, value in changes.items():
        within = subject if name.startswith("subject_") else made
        within[name.removeprefix("subject_")] = value
    unsigned = {name: value for name, value in (made | {"credentialSubject": subject}).items() if value is not None}
    return sign(unsigned, key, method or did_key_method(key), NOW, Suite.for_key(key, is_rdf=False))


def entry(url: str, index: object = SET, **changes: Any) -> dict[str, Any]:
    return {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": index,
        "statusListCredential": url,
        **changes,
    }


def asked(served: Served, *entries: Any, issuer: object = did_key(KEY), **members: Any) -> tuple[Listed, ...]:
    status = entries[0] if len(entries) == 1 else list(entries)
    document = {"type": ["VerifiableCredential"], "issuer": issuer, "credentialStatus": status, **members}
    reading = read_document(json.dumps(document).encode(), "a.json")
    fetcher = served.fetcher()
    return listed_statuses(reading, FetchedLists(fetcher), DidDocuments({}, fetcher), NOW)


def state(found: tuple[Listed, ...]) -> ListState:
    (one,) = found
    assert bool(one.why) == (one.state is ListState.UNREAD), one
    return one.state


def test_a_bit_is_read(served: Served) -> None:
    url = served.url("/1")
    served.answers["/1"] = answer(listing(url), Content_Type="application/vc")
    (marked,) = asked(served, entry(url, str(SET)))
    assert (marked.state, marked.purpose, marked.odd) == (ListState.REVOKED, "revocation", ())
    assert marked.who == f"{did_key(KEY)} (localhost)"
    assert state(asked(served, entry(url, SET + 1))) is ListState.IN_FORCE
    assert state(asked(served, entry(url, SET - 1), issuer={"id": did_key(KEY)})) is ListState.IN_FORCE


def test_several_purposes(served: Served) -> None:
    url, suspended = served.url("/1"), served.url("/2")
    served.answers["/1"] = answer(listing(url, subject_encodedList=bits()))
    served.answers["/2"] = answer(listing(suspended, OTHER, subject_statusPurpose=["message", "suspension"]))
    both = asked(served, entry(url), entry(suspended, statusPurpose="suspension"))
    assert [each.state for each in both] == [ListState.IN_FORCE, ListState.SUSPENDED]
    assert both[1].odd == ("it is of another issuer than the credential",)


def test_the_draft_of_2021_is_read(served: Served) -> None:
    url = served.url("/1")
    made = listing(
        url,
        type=["VerifiableCredential", "StatusList2021Credential"],
        subject_type="StatusList2021",
        subject_encodedList=bits(SET)[1:],
        validFrom=None,
        issuanceDate="2026-02-01T00:00:00Z",
    )
    served.answers["/1"] = answer(made)
    assert state(asked(served, entry(url, type="StatusList2021Entry"))) is ListState.REVOKED


def test_a_list_of_a_did_on_the_web(served: Served) -> None:
    did, url = served.did("uni"), served.url("/1")
    served.answers["/1"] = answer(listing(url, method=f"{did}#key-1"))
    assert state(asked(served, entry(url), issuer=did)) is ListState.UNREAD  # 404
    served.serve(did, write_did_document(did, [DidKey("key-1", KEY)]))
    assert state(asked(served, entry(url), issuer=did)) is ListState.REVOKED
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    served.serve(did, write_did_document(did, [DidKey("key-1", KEY, ended), DidKey("key-2", OTHER)]))
    assert state(asked(served, entry(url), issuer=did)) is ListState.UNREAD


def test_what_is_doubtful_is_never_in_force(served: Served) -> None:
    """The bit that is asked for is not set: each of these would be in force, were it read."""
    free = SET + 1
    good = served.url("/good")
    broken = listing(served.url("/tampered"))
    broken["credentialSubject"]["encodedList"] = bits()
    lists: dict[str, dict[str, Any] | bytes] = {
        "/expired": listing(served.url("/expired"), validUntil="2026-03-01T12:00:00Z"),
        "/perhaps": listing(served.url("/perhaps"), validUntil="2026-03-01"),
        "/early": listing(served.url("/early"), validFrom="2026-03-01T12:00:01Z"),
        "/no-type": listing(served.url("/no-type"), type=["VerifiableCredential"]),
        "/purpose": listing(served.url("/purpose"), subject_statusPurpose="suspension"),
        "/signer": listing(served.url("/signer"), issuer=did_key(OTHER)),
        "/no-issuer": listing(served.url("/no-issuer"), issuer=None),
        "/no-bits": listing(served.url("/no-bits"), subject_encodedList=None),
        "/bomb": listing(served.url("/bomb"), subject_encodedList=bits(count=1 << 28)),
        "/cut": listing(served.url("/cut"), subject_encodedList=bits()[:-8]),
        "/no-list": listing(served.url("/no-list"), subject_encodedList="uAAAA"),
        "/tampered": broken,
        "/unsigned": {name: value for name, value in listing(good).items() if name != "proof"},
        "/suite": {**listing(good), "proof": {"type": "Ed25519Signature2020"}},
        "/html": b"<html>",
        "/array": b"[]",
        "/good": listing(good),
    }
    served.answers |= {path: answer(made) for path, made in lists.items()}
    assert state(asked(served, entry(good, free))) is ListState.IN_FORCE
    for path in [*lists, "/missing"]:
        expected = ListState.IN_FORCE if path == "/good" else ListState.UNREAD
        assert state(asked(served, entry(served.url(path), free))) is expected, path
    odd: list[Any] = [
        entry(good, free, type="RevocationList2020Status"), entry(good, free, statusPurpose="message"),
        entry(good, free, statusSize=2), entry(good, -1), entry(good, "x"), entry(good, None), entry(good, 1.5),
        entry(good, True), entry(good, "9" * 50), entry(good, BITS), entry(good, "\u0665"),
        entry("http://a.example/1", free),
        entry(f"https://127.0.0.1:{served.port}\r\n/", free), entry(5, free), "https://a.example/1", 5, {"type": 5},
    ]  # fmt: skip
    for each in odd:
        assert state(asked(served, each)) is ListState.UNREAD, each


def test_more_than_so_many_are_not_read(served: Served) -> None:
    url = served.url("/1")
    served.answers["/1"] = answer(listing(url))
    found = asked(served, *[entry(url, SET + 1)] * (MOST_ENTRIES + 1))
    assert [each.state for each in found] == [ListState.IN_FORCE] * MOST_ENTRIES + [ListState.UNREAD]
    assert served.asked == ["/1"]


def test_other_places_of_a_status_are_told_as_unread(served: Served) -> None:
    url = served.url("/1")
    served.answers["/1"] = answer(listing(url))
    found = asked(served, entry(url, 0), badge={"issuer": {"revocationList": "https://a.example"}})
    assert [(each.name, each.state) for each in found] == [
        ("credentialStatus", ListState.IN_FORCE),
        ("badge.issuer.revocationList", ListState.UNREAD),
    ]


@dataclass(frozen=True)
class Sample:
    """A list of the Digital Credentials Consortium, signed anew: what it is signed with there is not read here."""

    name: str
    state: ListState


@pytest.mark.parametrize(
    "sample",
    [
        Sample("e5WK8CbZ1GjycuPombrj", ListState.IN_FORCE),
        Sample("expired", ListState.UNREAD),
        Sample("notYetValid", ListState.UNREAD),
        Sample("missingBitStringType", ListState.UNREAD),
        Sample("tampered", ListState.UNREAD),
    ],
    ids=lambda sample: sample.name,
)
def test_lists_that_are_smaller_than_the_standard_allows_are_read_with_a_remark(served: Served, sample: Sample) -> None:
    """100,000 positions, another issuer than the credentials', and an id that is not where they are."""
    content = json.loads((SAMPLES / "statusLists" / "didkey-ed25519Signature2020" / sample.name).read_text())
    url = served.url("/1")
    served.answers["/1"] = answer(content)
    assert state(asked(served, entry(url, 0))) is ListState.UNREAD
    made = sign(content | {"issuer": did_key(KEY), "proof": []}, KEY, did_key_method(KEY), NOW)
    if sample.name == "tampered":
        made |= {"validFrom": "2020-01-09T15:20:02.184Z"}
    served.answers["/1"] = answer(made)
    (found,) = asked(served, entry(url, 5), issuer="did:key:z6Mk")
    assert found.state is sample.state, found
    if sample.state is ListState.IN_FORCE:
        assert len(found.odd) == 3
        assert "100,000" in found.odd[2]


def test_dates_are_judged_by_the_moment_that_is_asked_for(served: Served) -> None:
    url = served.url("/1")
    served.answers["/1"] = answer(listing(url, validUntil="2026-03-01T12:00:00Z"))
    reading = read_document(
        json.dumps({"type": ["VerifiableCredential"], "credentialStatus": entry(url)}).encode(), "a.json"
    )
    fetcher = served.fetcher()
    found = listed_statuses(reading, FetchedLists(fetcher), DidDocuments({}, fetcher), NOW - timedelta(seconds=1))
    assert state(found) is ListState.REVOKED
