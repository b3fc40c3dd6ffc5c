"""Batches, parties and their pages: nothing is told twice or left out, whatever happens between two pages."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.registry.service.conftest import Roots, Stand, credential, registered, soon


def pages(service: TestClient, path: str, member: str, **query: Any) -> list[dict[str, Any]]:
    """Everything, by following the header Link."""
    found: list[dict[str, Any]] = []
    answer = service.get(path, params=query)
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json()[member]
        following = answer.links.get("next")
        assert (answer.json()["next"] is None) == (following is None)
        if following is None:
            return found
        answer = service.get(following["url"])


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize(("path", "member"), [("/v1/batches", "batches"), ("/v1/parties", "parties")])
def test_pages_together_are_everything_once(service: TestClient, path: str, member: str, limit: int) -> None:
    everything = service.get(path).json()[member]
    assert len(everything) == {"batches": 5, "parties": 3}[member]
    assert pages(service, path, member, limit=limit) == everything


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_the_newest_first_is_the_same_backwards(service: TestClient, limit: int) -> None:
    everything = service.get("/v1/batches").json()["batches"]
    assert pages(service, "/v1/batches", "batches", limit=limit, newest="true") == everything[::-1]


def test_batches_of_one_issuer(service: TestClient) -> None:
    found = pages(service, "/v1/batches", "batches", limit=1, issuer=1)
    assert [(each["issuer"], each["sequence"]) for each in found] == [(1, 1), (1, 2)]
    assert service.get("/v1/batches?issuer=99").json()["batches"] == []


def test_a_batch_has_its_status_words(service: TestClient, stand: Stand, roots: Roots) -> None:
    told = service.get(f"/v1/batches/1/{roots.large.hex()}").json()
    word, bit = divmod(stand.leaves[roots.large].index(credential(1)), 256)
    assert told["statusWords"]["revocation"] == {str(word): hex(1 << bit)}
    word, bit = divmod(stand.leaves[roots.large].index(credential(2)), 256)
    assert told["statusWords"]["suspension"] == {str(word): hex(1 << bit)}
    assert (told["revoked"], told["suspended"], told["final"], told["leafCount"]) == (1, 1, True, 300)
    voided = service.get(f"/v1/batches/2/{roots.voided.hex()}").json()
    assert voided["voidedAt"] is not None
    assert voided["voidReason"]


def test_what_is_not_there_is_said_as_of_a_block(service: TestClient, roots: Roots) -> None:
    for path, code in ((f"/v1/batches/9/{roots.large.hex()}", "unknown-batch"), ("/v1/parties/9", "unknown-party")):
        answer = service.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
        assert answer.json()["asOf"]["block"]["number"] == 9


def test_a_party_has_the_operators_that_are_still_allowed(service: TestClient, empty: Stand) -> None:
    assert service.get("/v1/parties/1").json()["operators"] == ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]
    operator = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    empty.mine(registered(1), ("OperatorSet", {"party": 1, "operator": operator, "allowed": True}))
    empty.mine(("OperatorSet", {"party": 1, "operator": operator, "allowed": False}))
    assert empty.client.get("/v1/parties/1").json()["operators"] == []


def test_new_batches_between_two_pages_move_nothing(empty: Stand) -> None:
    roots = [empty.tree(credential(number), stored=False) for number in range(6)]
    empty.mine(registered(1))
    for root in roots[:4]:
        empty.mine(empty.anchored(1, root))
    first = empty.client.get("/v1/batches?limit=2").json()
    newest = empty.client.get("/v1/batches?limit=2&newest=true").json()
    for root in roots[4:]:
        empty.mine(empty.anchored(1, root))
    soon(empty)
    rest = empty.client.get("/v1/batches", params={"cursor": first["next"]}).json()
    assert [each["sequence"] for each in first["batches"] + rest["batches"]] == [1, 2, 3, 4, 5, 6]
    older = empty.client.get("/v1/batches", params={"cursor": newest["next"], "newest": "true"}).json()
    assert [each["sequence"] for each in newest["batches"] + older["batches"]] == [4, 3, 2, 1]


def test_an_answer_that_has_not_changed_is_not_sent_again(empty: Stand) -> None:
    empty.mine(registered(1))
    before = empty.client.get("/v1/parties")
    has = {"If-None-Match": f'"other", {before.headers["ETag"]}'}
    assert empty.client.get("/v1/parties", headers=has).status_code == 304
    empty.mine()
    soon(empty)
    later = empty.client.get("/v1/parties", headers=has)
    assert (later.status_code, later.content, later.headers["Index-Block"]) == (304, b"", "2")
    empty.mine(registered(2))
    soon(empty)
    changed = empty.client.get("/v1/parties", headers=has)
    assert (changed.status_code, len(changed.json()["parties"])) == (200, 2)
