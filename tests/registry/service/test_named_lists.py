"""Named lists as the service gives them out: signed, as of the last final block, and never made up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from registry.formats.statuslist import decode, is_set
from registry.merkle.positionfile import LeafPositions, ListName, positions_name
from registry.merkle.treefile import TreeId
from registry.service.app import create_app
from registry.service.status_lists import ListSigner, StatusLists
from registry.trees.folder import FolderTrees
from tests.registry.service.conftest import Stand, credential, registered, soon, status_set

NAME = UUID("5c6ab9f0-6f0e-4b6e-9b57-2f4c0a4e2d11")
LIST = ListName(NAME, 1)
ADA, BOB, CYD = (credential(number) for number in range(3))
POSITIONS = {ADA: (LIST, 400_000), BOB: (LIST, 3)}
METHOD = "did:web:university.example#key-1"


def path(purpose: str = "revocation", *, issuer: int = 1, name: object = NAME) -> str:
    return f"/v1/status-lists/{issuer}/named/{name}/{purpose}"


@pytest.fixture
def stand(empty: Stand) -> Stand:
    """One final batch of three, of which Ada and Bob have positions; Ada is revoked, Bob suspended."""
    root = empty.tree(ADA, BOB, CYD)
    beside(empty, root)
    leaves = empty.leaves[root]
    empty.mine(registered(1), registered(2))
    empty.mine(empty.anchored(1, root))
    empty.mine(
        status_set(1, root, leaves.index(ADA)),
        status_set(1, root, leaves.index(CYD)),
        status_set(1, root, leaves.index(BOB), purpose=1, reason=7),
    )
    finalised(empty)
    return empty


def beside(stand: Stand, root: bytes) -> None:
    leaves = stand.leaves[root]
    stand.trees.put_positions(LeafPositions.of(TreeId(root, len(leaves)), leaves, POSITIONS))


def finalised(stand: Stand) -> None:
    head = stand.writer.head()
    assert head is not None
    stand.finalise(head.cursor.number)
    stand.load()
    soon(stand)


def marked(told: dict[str, Any]) -> set[int]:
    bits = decode(told["credentialSubject"]["encodedList"])
    return {8 * at + bit for at, byte in enumerate(bits) if byte for bit in range(8) if is_set(bits, 8 * at + bit)}


def problem(stand: Stand, asked: str) -> tuple[int, str]:
    answer = stand.client.get(asked)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["remedy"]
    return answer.status_code, answer.json()["code"]


def test_the_bits_are_at_the_positions_that_were_drawn(stand: Stand) -> None:
    answer = stand.client.get(path(), headers={"Accept": "application/ld+json"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ld+json")
    assert (answer.headers["index-block"], answer.headers["vary"]) == ("3", "Accept")
    assert "max-age=300" in answer.headers["cache-control"]
    told = answer.json()
    assert (told["id"], told["credentialSubject"]["statusPurpose"]) == (f"http://testserver{path()}", "revocation")
    assert marked(told) == {400_000}
    assert marked(stand.client.get(path("suspension")).json()) == {3}
    again = stand.client.get(path(), headers={"Accept": "application/ld+json", "If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_what_is_not_final_is_not_in_it(stand: Stand) -> None:
    root = stand.tree(credential(9), BOB)
    beside(stand, root)
    stand.mine(stand.anchored(1, root), ("BatchVoided", {"issuer": 1, "root": root, "reason": 1}))
    soon(stand)
    assert marked(stand.client.get(path()).json()) == {400_000}
    # Bob is in both batches, and nothing says that one is in the place of the other.
    finalised(stand)
    assert marked(stand.client.get(path()).json()) == {400_000, 3}


def test_a_list_that_there_is_not_is_no_empty_list(stand: Stand) -> None:
    assert problem(stand, path(name=UUID(int=1))) == (404, "unknown-list")
    assert problem(stand, path(issuer=2)) == (404, "unknown-list")
    assert problem(stand, path(issuer=99)) == (404, "unknown-party")
    assert problem(stand, path("expiry")) == (422, "parameter")
    assert problem(stand, path(name="1")) == (422, "parameter")


def test_positions_that_are_lost_make_no_zeros(stand: Stand) -> None:
    (first,) = stand.leaves
    # Another batch names the list, so it is known that there is one, whatever becomes of the first one's file.
    root = stand.tree(BOB)
    beside(stand, root)
    stand.mine(stand.anchored(1, root))
    finalised(stand)
    file = stand.folder / positions_name(TreeId(first, 3))
    content = file.read_bytes()
    for harm, code in ((content[:-1], "positions-damaged"), (None, "list-incomplete")):
        file.unlink() if harm is None else file.write_bytes(harm)
        fresh(stand)
        assert problem(stand, path()) == (503, code)
    file.write_bytes(content)
    fresh(stand)
    assert marked(stand.client.get(path()).json()) == {400_000}


def fresh(stand: Stand) -> None:
    """The service of another process, which holds nothing in memory."""
    stand.trees = FolderTrees(stand.folder)
    stand.app.state.status_lists = StatusLists(stand.index, stand.trees)
    soon(stand)


def test_a_digest_that_is_revoked_and_may_be_anywhere_makes_the_list_unknown(stand: Stand) -> None:
    root = stand.tree(credential(9), stored=False)
    stand.mine(stand.anchored(1, root), ("DigestRevoked", {"issuer": 1, "digest": BOB, "reason": 2}))
    finalised(stand)
    assert problem(stand, path()) == (503, "list-incomplete")
    assert marked(stand.client.get(path("suspension")).json()) == {3}
    stand.tree(credential(9))
    finalised(stand)
    assert marked(stand.client.get(path()).json()) == {400_000, 3}


def test_it_is_signed_as_other_lists_are(stand: Stand) -> None:
    signer = ListSigner.of(Ed25519PrivateKey.generate(), METHOD)
    lists = StatusLists(stand.index, stand.trees, "https://registry.example", {1: signer})
    client = TestClient(create_app(stand.service, status_lists=lists))
    told = client.get(path()).json()
    assert told["id"] == f"https://registry.example{path()}"
    assert told["issuer"] == "did:web:university.example"
    assert [proof["cryptosuite"] for proof in told["proof"]] == ["eddsa-jcs-2022", "eddsa-rdfc-2022"]
    assert client.get(path()).json() == told


def test_its_example_has_the_members_of_a_real_answer(stand: Stand) -> None:
    paths = stand.client.get("/openapi.json").json()["paths"]
    answers = paths["/v1/status-lists/{issuer}/named/{name}/{purpose}"]["get"]["responses"]["200"]["content"]
    told = stand.client.get(path()).json()
    assert {*answers} == {"application/vc", "application/json", "application/ld+json"}
    assert all({*content["example"]} == {*told} for content in answers.values())
