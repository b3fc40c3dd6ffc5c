"""Credentials over HTTP: anchors with proofs that hold, their status, and what was searched where there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from registry.index.loader import TreeLoader
from registry.merkle import treefile
from registry.merkle.proof import AbsenceProof, InclusionProof, Neighbour, check_absence, check_inclusion
from registry.merkle.treefile import TreeId
from registry.receipt.model import Receipt, parse, parse_json
from registry.service import lookup
from registry.service.routes import credentials
from tests.registry.service.conftest import FINAL_BLOCK, LARGE, Roots, Stand, credential, registered, soon, status_set

UNKNOWN = "ab" * 32


def anchors(service: TestClient, digest: bytes, **query: Any) -> list[dict[str, Any]]:
    answer = service.get(f"/v1/credentials/{digest.hex()}", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["anchors"]
    return found


def checked(receipt: dict[str, Any]) -> Receipt:
    made = parse_json(json.dumps(receipt).encode())
    check_inclusion(made.digest_value, made.root, made.inclusion_proof)
    return made


def test_every_digest_has_a_receipt_whose_proof_holds(service: TestClient, roots: Roots) -> None:
    for digest in LARGE[:50]:
        for found in anchors(service, digest):
            receipt = checked(found["receipt"])
            assert receipt.digest_value == digest
    (only,) = anchors(service, LARGE[0])
    assert only["final"] is True
    assert only["receipt"]["inclusion"]["root"] == f"0x{roots.large.hex()}"
    assert only["receipt"]["anchor"]["block"]["number"] == 3


def test_an_anchor_above_the_final_block_is_provisional(service: TestClient) -> None:
    (only,) = anchors(service, credential(1000))
    assert only["final"] is False
    assert only["receipt"]["anchor"]["block"]["number"] > FINAL_BLOCK


def test_statuses(service: TestClient, roots: Roots) -> None:
    (revoked,) = anchors(service, credential(1))
    (by,) = revoked["status"].pop("supersededBy")
    assert by["root"] == f"0x{roots.second.hex()}"
    # The credential that stands at that place, and since when it does.
    (there,) = (
        each for each in anchors(service, bytes.fromhex(by["digest"])) if each["receipt"]["anchor"]["issuer"] == 1
    )
    assert (there["receipt"]["inclusion"]["root"], there["receipt"]["inclusion"]["leafIndex"]) == (
        by["root"],
        by["leafIndex"],
    )
    assert by["since"].startswith("2026-01-01T")
    assert revoked["status"].pop("since") == "2026-01-01T00:00:48Z"
    assert revoked["status"] == {"revoked": True, "suspended": False, "reason": "obtained-by-fraud"}
    (suspended,) = anchors(service, credential(2))
    assert (suspended["status"]["revoked"], suspended["status"]["suspended"]) == (False, True)
    assert {"reason", "since"} <= suspended["status"].keys()
    assert anchors(service, credential(3))[0]["status"] == {"revoked": False, "suspended": False}


def test_a_digest_of_two_issuers_has_both_anchors_oldest_first(service: TestClient) -> None:
    first, second = anchors(service, credential(7))
    assert [each["receipt"]["anchor"]["issuer"] for each in (first, second)] == [1, 2]
    assert first["status"]["revoked"] is False
    assert (second["status"]["revoked"], second["status"]["batchVoided"]) == (True, True)


def test_strangers_who_anchor_a_root_again_fill_nobody_s_answer(empty: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST_ANCHORS", 5)
    root = empty.tree(*LARGE[:3])
    empty.mine(*(registered(number) for number in range(1, 10)))
    # Whoever saw the transaction in the pool can be there before its issuer, with any count.
    empty.mine(*(empty.anchored(number, root, count=2) for number in range(1, 4)))
    empty.mine(*(empty.anchored(number, root) for number in range(4, 10)))
    empty.mine(status_set(9, root, 0))
    empty.load()
    path = f"/v1/credentials/{LARGE[0].hex()}"
    told = empty.client.get(path).json()
    assert [each["receipt"]["anchor"]["issuer"] for each in told["anchors"]] == [4, 5, 6, 7, 8]
    assert told["more"] is True
    of_one = empty.client.get(path, params={"issuer": 9}).json()
    assert [each["receipt"]["anchor"]["issuer"] for each in of_one["anchors"]] == [9]
    assert "more" not in of_one
    leaf = of_one["anchors"][0]["receipt"]["inclusion"]["leafIndex"]
    assert of_one["anchors"][0]["status"]["revoked"] is (leaf == 0)
    assert empty.client.get(f"{path}/receipts/9/0x{root.hex()}").status_code == 200
    wrong_count = empty.client.get(path, params={"issuer": 2})
    assert (wrong_count.status_code, wrong_count.json()["code"]) == (404, "unknown-digest")
    assert "could not be searched" in wrong_count.json()["detail"]
    for issuer in ("0", "-1", "x", "٣", "9" * 30, ""):
        refused = empty.client.get(path, params={"issuer": issuer})
        assert (refused.status_code, refused.json()["code"]) == (400, "issuer")


def test_the_method_of_a_receipt_is_the_one_asked_for(service: TestClient) -> None:
    assert anchors(service, LARGE[0])[0]["receipt"]["digest"]["method"] == "given"
    assert anchors(service, LARGE[0], method="vc-jcs")[0]["receipt"]["digest"]["method"] == "vc-jcs"


def test_what_is_unknown_says_what_was_searched_and_what_was_not(service: TestClient) -> None:
    answer = service.get(f"/v1/credentials/{UNKNOWN}")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (404, "unknown-digest")
    assert told["searched"] == {"batches": 5, "batchesWithoutTree": 2, "issuers": [3]}
    assert told["asOf"]["block"]["number"] == 9
    assert "could not be searched" in told["detail"]
    assert "absent" not in told["detail"]


def test_the_service_sees_what_happens(empty: Stand) -> None:
    root = empty.tree(credential(1), credential(2))
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    assert empty.client.get(f"/v1/credentials/{credential(1).hex()}").status_code == 404
    empty.load()
    soon(empty)
    before = empty.client.get(f"/v1/credentials/{credential(1).hex()}")
    assert before.json()["anchors"][0]["status"]["revoked"] is False
    leaf = empty.leaves[root].index(credential(1))
    empty.mine(status_set(1, root, leaf), status_set(1, root, 1 - leaf, purpose=1))
    soon(empty)
    headers = {"If-None-Match": before.headers["ETag"]}
    after = empty.client.get(f"/v1/credentials/{credential(1).hex()}", headers=headers)
    assert after.status_code == 200
    assert after.json()["anchors"][0]["status"]["revoked"] is True


def test_a_damaged_tree_is_not_the_same_as_no_anchor(empty: Stand) -> None:
    root = empty.tree(*LARGE[:8])
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.load()
    path = empty.trees.path(TreeId(root, 8))
    damaged = bytearray(path.read_bytes())
    damaged[-32 * 4] ^= 1
    path.write_bytes(damaged)
    answers = [empty.client.get(f"/v1/credentials/{digest.hex()}") for digest in LARGE[:8]]
    assert {answer.status_code for answer in answers} <= {200, 503}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert {answer.json()["code"] for answer in refused} == {"tree-damaged"}
    path.unlink()
    many = empty.client.post("/v1/lookup", json={"digests": [each.hex() for each in LARGE[:8]]}).json()["results"]
    assert all("anchors" not in row or row["anchors"] for row in many)


def test_an_index_in_trouble_says_so(empty: Stand) -> None:
    root = empty.tree(credential(1))
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.load()
    assert empty.client.get("/readyz").status_code == 200
    with empty.engine.begin() as connection:
        connection.execute(
            text("UPDATE indexed_chain SET trouble_code = 'events-missing', trouble_why = 'one is gone'")
        )
    soon(empty)
    answer = empty.client.get(f"/v1/credentials/{credential(1).hex()}")
    assert "events-missing" in answer.json()["asOf"]["warning"]
    ready = empty.client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["index"]["ok"]) == (503, False)
    assert empty.client.get("/healthz").status_code == 200
    assert 'testamur_index_trouble{code="events-missing"} 1.0' in empty.client.get("/metrics").text


def test_an_index_that_is_behind_says_so_and_is_not_ready(empty: Stand) -> None:
    empty.mine(registered(1), behind=21)
    answer = empty.client.get("/v1")
    assert answer.json()["asOf"]["blocksBehind"] == 21
    assert answer.headers["Index-Blocks-Behind"] == "21"
    assert empty.client.get("/readyz").json()["checks"]["lag"]["ok"] is False


# Receipts


def test_a_receipt_alone_is_the_same_in_json_and_cbor(service: TestClient, roots: Roots) -> None:
    path = f"/v1/credentials/{LARGE[0].hex()}/receipts/1/0x{roots.large.hex()}"
    as_json = service.get(path)
    as_cbor = service.get(path, headers={"Accept": "application/cbor"})
    assert as_cbor.headers["Content-Type"] == "application/cbor"
    assert parse(as_cbor.content) == parse(as_json.content) == checked(as_json.json())
    assert as_json.headers["ETag"] != as_cbor.headers["ETag"]
    assert "immutable" in as_json.headers["Cache-Control"]
    assert "Accept" in as_json.headers["Vary"]


def test_the_receipt_of_a_block_that_can_be_undone_is_not_kept_for_good(service: TestClient, roots: Roots) -> None:
    answer = service.get(f"/v1/credentials/{credential(1000).hex()}/receipts/1/{roots.second.hex()}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_nobody_gets_a_receipt_for_another_count_of_a_root(service: TestClient, roots: Roots) -> None:
    answer = service.get(f"/v1/credentials/{LARGE[0].hex()}/receipts/3/{roots.large.hex()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-digest")


# By the first digits


@pytest.mark.parametrize("length", [4, 6, 8])
def test_all_digests_that_begin_so_are_told(service: TestClient, length: int) -> None:
    prefix = LARGE[0].hex()[:length]
    told = service.get("/v1/credentials", params={"prefix": prefix.upper()}).json()
    everything = {digest.hex() for digest in [*LARGE, *(credential(n) for n in (*range(1000, 1005), 2000))]}
    assert {prefix + match["suffix"] for match in told["matches"]} == {
        digest for digest in everything if digest.startswith(prefix)
    }
    assert all(match["anchors"] for match in told["matches"])
    assert told["searched"]["batchesWithoutTree"] == 2


def test_digests_that_share_their_first_bytes_are_all_told(empty: Stand) -> None:
    alike = [b"\xaa" * 10 + bytes([number]) + bytes(21) for number in range(20)]
    root = empty.tree(*alike, credential(1))
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.load()
    matches = empty.client.get("/v1/credentials?prefix=aaaaaaaa").json()["matches"]
    assert ["aaaaaaaa" + match["suffix"] for match in matches] == [digest.hex() for digest in alike]
    for digest in alike:
        assert checked(anchors(empty.client, digest)[0]["receipt"]).digest_value == digest


def test_too_many_that_begin_so_are_refused(empty: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MOST_MATCHES", 3)
    root = empty.tree(*(b"\xaa\xaa" + digest[2:] for digest in LARGE[:5]))
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.load()
    answer = empty.client.get("/v1/credentials?prefix=aaaa")
    assert (answer.status_code, answer.json()["code"]) == (413, "too-many")


# Many


def test_many_digests_have_a_result_each_in_their_order(service: TestClient) -> None:
    asked = [LARGE[0].hex(), "no digest", UNKNOWN, "0x" + LARGE[1].hex().upper(), LARGE[0].hex(), "٣" * 64]
    results = service.post("/v1/lookup", json={"digests": asked}).json()["results"]
    assert len(results) == len(asked)
    assert results[0] == results[4]
    assert results[0]["anchors"] == anchors(service, LARGE[0])
    assert results[1]["error"]["code"] == results[5]["error"]["code"] == "digest"
    assert results[2] == {"digest": UNKNOWN, "anchors": []}
    assert results[3]["digest"] == LARGE[1].hex()


def test_ten_thousand_and_no_more(service: TestClient) -> None:
    asked = [credential(number).hex() for number in range(10_000)]
    results = service.post("/v1/lookup", json={"digests": asked}).json()["results"]
    assert sum(bool(row["anchors"]) for row in results) == 306
    refused = service.post("/v1/lookup", json={"digests": [*asked, UNKNOWN]})
    assert (refused.status_code, refused.json()["code"]) == (413, "too-many")


# Absence


def neighbour(proof: dict[str, Any], side: str) -> Neighbour:
    told = proof[side]
    path = tuple(map(bytes.fromhex, told["path"]))
    return Neighbour(bytes.fromhex(told["digest"]), InclusionProof(told["leafIndex"], proof["leafCount"], path))


def test_absence_is_proved_over_all_batches_of_an_issuer(service: TestClient) -> None:
    told = service.get(f"/v1/credentials/{UNKNOWN}/absence?issuer=1").json()
    assert (told["outcome"], len(told["proofs"])) == ("absent", 2)
    for proof in told["proofs"]:
        neighbours = [None if proof[side] is None else neighbour(proof, side) for side in ("lower", "upper")]
        check_absence(
            bytes.fromhex(UNKNOWN), bytes.fromhex(proof["root"][2:]), AbsenceProof(proof["leafCount"], *neighbours)
        )
    present = service.get(f"/v1/credentials/{LARGE[0].hex()}/absence?issuer=1").json()
    assert present["outcome"] == "present"


def test_absence_is_not_said_where_a_tree_is_missing(service: TestClient) -> None:
    told = service.get(f"/v1/credentials/{UNKNOWN}/absence?issuer=3").json()
    assert told["outcome"] == "could not be checked"


def test_absence_over_too_many_batches_is_refused(service: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MOST_BATCHES", 1)
    answer = service.get(f"/v1/credentials/{UNKNOWN}/absence?issuer=1")
    assert (answer.status_code, answer.json()["code"]) == (413, "too-many")


def test_a_batch_that_states_no_count_has_anchors_and_proves_no_absence(empty: Stand) -> None:
    root = empty.tree(*LARGE[:3])
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root, count=0))
    empty.load()
    assert checked(anchors(empty.client, LARGE[0])[0]["receipt"]).digest_value == LARGE[0]
    told = empty.client.get(f"/v1/credentials/{UNKNOWN}/absence?issuer=1").json()
    assert (told["outcome"], told["code"]) == ("could not be checked", "count-unstated")


# Trees that share a root, and trees that are not sorted


@pytest.mark.parametrize("comes", ["before", "after"])
def test_a_stranger_who_anchors_a_root_as_his_digest_changes_no_answer(empty: Stand, comes: str) -> None:
    empty.mine(registered(1), registered(2))
    root = empty.tree(*LARGE[:6])
    empty.tree(root)
    mine, strangers = empty.anchored(1, root, count=6), empty.anchored(2, root, count=1)
    for told in (strangers, mine) if comes == "before" else (mine, strangers):
        empty.mine(told)
        empty.load()
        soon(empty)
        # Asked in between as well: what is kept of one tree must not answer for the other.
        empty.client.get(f"/v1/credentials/{LARGE[0].hex()}")
        empty.client.get(f"/v1/credentials/{root.hex()}")
    for digest in LARGE[:6]:
        (anchor,) = anchors(empty.client, digest)
        assert checked(anchor["receipt"]).digest_value == digest
        assert anchor["receipt"]["anchor"]["issuer"] == 1
    (anchor,) = anchors(empty.client, root)
    assert (anchor["receipt"]["anchor"]["issuer"], anchor["receipt"]["inclusion"]["leafCount"]) == (2, 1)
    many = empty.client.post("/v1/lookup", json={"digests": [LARGE[0].hex(), root.hex()]}).json()["results"]
    assert [row["anchors"][0]["receipt"]["anchor"]["issuer"] for row in many] == [1, 2]
    for issuer in (1, 2):
        told = empty.client.get(f"/v1/credentials/{UNKNOWN}/absence?issuer={issuer}").json()
        assert told["outcome"] == "absent"
    assert empty.client.get(f"/v1/credentials/{root.hex()}/absence?issuer=1").json()["outcome"] == "absent"
    assert empty.client.get(f"/v1/credentials/{UNKNOWN}").json()["searched"]["batchesWithoutTree"] == 0


def test_the_tree_of_a_stranger_does_not_make_an_uncounted_batch_searched(empty: Stand) -> None:
    empty.mine(registered(1), registered(2))
    root = empty.tree(*LARGE[:6])
    empty.trees.path(TreeId(root, 6)).unlink()
    empty.tree(root)
    empty.mine(empty.anchored(1, root, count=0), empty.anchored(2, root, count=1))
    empty.load()
    assert empty.client.get(f"/v1/credentials/{LARGE[0].hex()}").json()["searched"]["batchesWithoutTree"] == 1
    # When the count is stated, its own tree is the one that is looked for.
    counted = {"issuer": 1, "root": root, "leafCount": 6}
    empty.mine(("LeafCountStated", counted))
    empty.tree(*LARGE[:6])
    TreeLoader(empty.index, empty.trees).step()
    soon(empty)
    assert len(anchors(empty.client, LARGE[0])) == 1
    assert empty.client.get(f"/v1/credentials/{UNKNOWN}/absence?issuer=1").json()["outcome"] == "absent"


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 0, 1)])
@pytest.mark.parametrize("loaded", [True, False])
def test_nothing_is_absent_from_a_tree_that_is_not_sorted(empty: Stand, order: tuple[int, ...], loaded: bool) -> None:
    """All hashes are right; only the promise that the leaves ascend strictly is broken."""
    ascending = sorted(LARGE[:3])
    leaves = [ascending[position] for position in order]
    with treefile.lay_out([b"".join(leaves)]) as data:
        root = bytes(data[-32:])
        empty.trees.path(TreeId(root, 3)).write_bytes(data[:])
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root, count=3))
    if loaded:
        empty.load()
    for digest in (*{leaf.hex() for leaf in leaves}, UNKNOWN):
        answer = empty.client.get(f"/v1/credentials/{digest}/absence?issuer=1")
        told = answer.json()
        if loaded:
            assert (told["outcome"], told["code"]) == ("could not be checked", "tree-unsorted")
        else:
            assert answer.status_code == 503 or told["outcome"] != "absent"


def test_nothing_is_absent_from_a_tree_that_was_not_read_yet(empty: Stand) -> None:
    root = empty.tree(*LARGE[:3])
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    path = f"/v1/credentials/{UNKNOWN}/absence?issuer=1"
    assert empty.client.get(path).json()["code"] == "tree-unchecked"
    empty.load()
    assert empty.client.get(path).json()["outcome"] == "absent"
