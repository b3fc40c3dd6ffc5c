"""What an issuer said of a credential by its digest is so wherever it anchored it, and every answer tells it."""

from __future__ import annotations

from typing import Any

from registry.formats.statuslist import decode, is_set
from registry.index.lists import read_final_position
from registry.merkle.tree import Tree
from registry.service import examples
from tests.registry.service.conftest import Stand, credential, registered, soon, status_set

ADA, BOB = credential(1), credential(2)


def said(name: str, digest: bytes, *, issuer: int = 1, reason: int = 2) -> tuple[str, dict[str, Any]]:
    return name, {"issuer": issuer, "digest": digest, "reason": reason}


def statuses(stand: Stand, digest: bytes = ADA) -> dict[tuple[int, str], dict[str, Any]]:
    """By issuer and root, what a lookup says; the other ways to look up say the same."""
    soon(stand)
    found = stand.client.get(f"/v1/credentials/{digest.hex()}").json()["anchors"]
    (many,) = stand.client.post("/v1/lookup", json={"digests": [digest.hex()]}).json()["results"]
    assert many["anchors"] == found
    matches = stand.client.get("/v1/credentials", params={"prefix": digest.hex()[:8]}).json()["matches"]
    (match,) = (each for each in matches if digest.hex().endswith(each["suffix"]))
    assert [each["status"] for each in match["anchors"]] == [each["status"] for each in found]
    return {
        (each["receipt"]["anchor"]["issuer"], each["receipt"]["inclusion"]["root"]): each["status"] for each in found
    }


def members(status: dict[str, Any]) -> set[str]:
    return {*status, *status["byDigest"]}


def shown(root: bytes) -> str:
    return f"0x{root.hex()}"


def time_of(stand: Stand, number: int) -> str:
    return stand.mark(number).timestamp.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_revocation_before_and_after_the_anchors_is_in_all_of_them_and_in_nobody_elses(empty: Stand) -> None:
    first, second = empty.tree(ADA, BOB), empty.tree(ADA, credential(3))
    empty.mine(registered(1), registered(2))
    empty.mine(empty.anchored(1, first), empty.anchored(2, first))
    empty.mine(said("DigestRevoked", ADA))
    empty.mine(empty.anchored(1, second))
    empty.load()
    expected = {
        "revoked": True,
        "suspended": False,
        "reason": "obtained-by-fraud",
        "since": time_of(empty, 3),
        "byDigest": {
            "revokedAt": time_of(empty, 3),
            "revocationReason": "obtained-by-fraud",
            "suspendedAt": None,
            "suspensionReason": None,
        },
    }
    assert members(expected) == members(examples.REVOKED)
    assert statuses(empty) == {
        (1, shown(first)): expected,
        (1, shown(second)): expected,
        (2, shown(first)): {"revoked": False, "suspended": False},
    }
    assert statuses(empty, BOB)[1, shown(first)] == {"revoked": False, "suspended": False}


def test_a_replaced_anchor_of_the_same_digest_saves_nothing(empty: Stand) -> None:
    first, second = empty.tree(ADA, BOB), empty.tree(ADA, credential(3))
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, first), empty.anchored(1, second))
    place = {"root": first, "index": empty.leaves[first].index(ADA)}
    by = {"replacementRoot": second, "replacementIndex": empty.leaves[second].index(ADA)}
    empty.mine(("Superseded", {"issuer": 1} | place | by), status_set(1, first, place["index"]))
    empty.load()
    assert [each["revoked"] for each in statuses(empty).values()] == [True, False]
    empty.mine(said("DigestRevoked", ADA))
    assert [each["revoked"] for each in statuses(empty).values()] == [True, True]


def test_it_says_by_what_it_is_so(empty: Stand) -> None:
    root = empty.tree(ADA, BOB)
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root), said("DigestSuspended", ADA, reason=7))
    empty.load()
    (status,) = statuses(empty).values()
    assert (status["revoked"], status["suspended"], status["reason"]) == (False, True, "under-review")
    assert status["byDigest"]["suspendedAt"] == status["since"] == time_of(empty, 2)
    empty.mine(status_set(1, root, empty.leaves[root].index(ADA), purpose=1, reason=5))
    (status,) = statuses(empty).values()
    assert (status["reason"], status["byDigest"]["suspensionReason"]) == ("holder-request", "under-review")
    empty.mine(said("DigestReinstated", ADA, reason=8))
    (status,) = statuses(empty).values()
    assert (status["suspended"], status["reason"]) == (True, "holder-request")
    assert "byDigest" not in status
    empty.mine(said("DigestRevoked", ADA, reason=1))
    (status,) = statuses(empty).values()
    assert (status["revoked"], status["suspended"], status["reason"]) == (True, True, "issued-in-error")
    empty.mine(status_set(1, root, empty.leaves[root].index(ADA), reason=6))
    (status,) = statuses(empty).values()
    assert (status["reason"], status["byDigest"]["revocationReason"]) == ("key-compromise", "issued-in-error")


def test_a_reorganisation_takes_it_back(empty: Stand) -> None:
    root = empty.tree(ADA, BOB)
    empty.mine(registered(1))
    before = empty.mine(empty.anchored(1, root), said("DigestSuspended", ADA, reason=7))
    empty.mine(said("DigestRevoked", ADA), said("DigestReinstated", ADA), said("DigestRevoked", BOB))
    empty.load()
    assert [status["revoked"] for digest in (ADA, BOB) for status in statuses(empty, digest).values()] == [True, True]
    head = empty.writer.head()
    assert head is not None
    empty.writer.roll_back(head, before)
    (status,) = statuses(empty).values()
    assert (status["revoked"], status["suspended"], status["reason"]) == (False, True, "under-review")
    (status,) = statuses(empty, BOB).values()
    assert status == {"revoked": False, "suspended": False}


def test_a_batch_shows_which_of_its_places_were_spoken_of_and_says_when_that_is_not_known(empty: Stand) -> None:
    root, quiet = empty.tree(ADA, BOB, stored=False), empty.tree(credential(3), stored=False)
    empty.mine(registered(1), registered(2))
    empty.mine(empty.anchored(1, root), empty.anchored(2, quiet))
    empty.mine(said("DigestRevoked", ADA), said("DigestSuspended", BOB), said("DigestSuspended", credential(9)))

    def words(issuer: int, root: bytes) -> Any:
        soon(empty)
        return empty.client.get(f"/v1/batches/{issuer}/{root.hex()}").json()["digestWords"]

    assert words(1, root) is None
    assert words(2, quiet) == {"revocation": {}, "suspension": {}}
    with Tree.build([ADA, BOB]) as tree:
        tree.write(empty.trees.path(tree.id))
    empty.load()
    ada, bob = (hex(1 << empty.leaves[root].index(each)) for each in (ADA, BOB))
    assert words(1, root) == {"revocation": {"0": ada}, "suspension": {"0": bob}}
    empty.trees.path(tree.id).unlink()
    empty.trees._forget(tree.id)
    assert words(1, root) is None


def test_a_status_list_has_it_or_is_not_given(empty: Stand) -> None:
    root = empty.tree(ADA, BOB, stored=False)
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.mine(said("DigestRevoked", ADA))
    empty.finalise(3)
    empty.load()
    soon(empty)
    refused = empty.client.get("/v1/status-lists/1/revocation/1")
    assert (refused.status_code, refused.json()["code"]) == (503, "list-incomplete")
    assert empty.client.get("/v1/status-lists/1/suspension/1").status_code == 200
    with Tree.build([ADA, BOB]) as tree:
        tree.write(empty.trees.path(tree.id))
    empty.load()
    given = empty.client.get("/v1/status-lists/1/revocation/1").json()["credentialSubject"]["encodedList"]
    marks = {}
    for digest in (ADA, BOB):
        place = read_final_position(empty.index, 1, 1, empty.leaves[root].index(digest))
        marks[digest] = is_set(decode(given), place.index)
    assert marks == {ADA: True, BOB: False}


def test_figures_count_a_credential_once(empty: Stand) -> None:
    root = empty.tree(ADA, BOB, credential(3))
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.mine(said("DigestRevoked", ADA), said("DigestRevoked", BOB), said("DigestSuspended", credential(3)))
    empty.mine(status_set(1, root, empty.leaves[root].index(ADA)), said("DigestRevoked", credential(9)))
    empty.finalise(4)
    empty.load()
    soon(empty)
    (figures,) = empty.client.get("/v1/insights").json()["credentials"]["byIssuer"]
    assert (figures["credentials"], figures["revoked"]) == (3, 2)
    assert empty.client.get("/v1").json()["digestStatuses"] == 4


def test_events_of_a_digest(empty: Stand) -> None:
    empty.mine(registered(1))
    empty.mine(said("DigestRevoked", ADA), said("DigestRevoked", BOB))
    empty.mine(said("DigestSuspended", ADA))
    found = empty.client.get("/v1/events", params={"digest": ADA.hex()}).json()["events"]
    assert [(each["name"], each["party"], each["digest"]) for each in found] == [
        ("DigestRevoked", 1, ADA.hex()),
        ("DigestSuspended", 1, ADA.hex()),
    ]
    names = empty.client.get("/v1/events", params={"name": "DigestRevoked", "format": "csv"}).text
    assert names.count("DigestRevoked") == 2
    assert BOB.hex() in names
