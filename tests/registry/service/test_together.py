"""Several anchors of one digest: what its issuer revoked once is revoked, unless something took its place."""

from __future__ import annotations

from typing import Any

from registry.anchors import AnchorPlace, AnchorState
from registry.merkle.proof import InclusionProof
from registry.records import Anchor, Batch
from registry.service.lookup import MOST_ANCHORS, Found, together
from registry.timestamps import from_unix
from tests.registry.service.conftest import ACCOUNT, Stand, credential, registered, soon, status_set

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


def anchor(issuer: int, root: bytes, block: int, **became: Any) -> Found:
    seen = Anchor("0x", bytes(32), 0, bytes(32))
    batch = Batch(issuer, root, from_unix(block), block, leaf_count=4, sequence=block, anchor=seen)
    state = AnchorState(issuer, AnchorPlace(root, 2), **became)
    told = {"revoked": state.is_revoked or state.voided, "suspended": state.is_suspended}
    return Found(batch, InclusionProof(2, 4, (bytes(32), bytes(32))), {}, told, state, True)


def test_a_credential_that_was_anchored_again_stays_revoked() -> None:
    again, before = anchor(7, SECOND, 9), anchor(7, FIRST, 3, revoked=True)
    found = together([again, before])
    assert [each.batch.root for each in found] == [FIRST, SECOND]
    assert again.status == {"revoked": True, "suspended": False, "revokedIn": f"0x{FIRST.hex()}"}
    assert "revokedIn" not in before.status


def test_what_took_the_place_of_the_revoked_one_is_not_revoked() -> None:
    again = anchor(7, SECOND, 9)
    together([anchor(7, FIRST, 3, revoked=True, superseded_by=AnchorPlace(SECOND, 2)), again])
    assert again.status["revoked"] is False
    together([anchor(7, FIRST, 3, revoked=True, superseded_by=AnchorPlace(SECOND, 1)), again])
    assert again.status["revoked"] is True


def test_nobody_revokes_the_anchor_of_another() -> None:
    mine = anchor(7, FIRST, 3)
    together([mine, anchor(8, FIRST, 5, revoked=True)])
    assert mine.status["revoked"] is False


def test_what_is_suspended_or_voided_in_one_batch_is_so_in_the_others() -> None:
    again = anchor(7, SECOND, 9)
    together([anchor(7, FIRST, 3, suspended=True), again])
    assert again.status == {"revoked": False, "suspended": True, "suspendedIn": f"0x{FIRST.hex()}"}
    again = anchor(7, SECOND, 9)
    together([anchor(7, FIRST, 3, voided=True), again])
    assert again.status == {"revoked": True, "suspended": False, "revokedIn": f"0x{FIRST.hex()}"}


def test_the_latest_replacement_counts(empty: Stand) -> None:
    repeated = credential(1)
    first, second, third = (empty.tree(repeated, credential(number)) for number in (2, 3, 4))

    def superseded(by: bytes) -> tuple[str, dict[str, Any]]:
        given = {"issuer": 1, "root": first, "index": empty.leaves[first].index(repeated)}
        return "Superseded", given | {
            "replacementRoot": by,
            "replacementIndex": empty.leaves[by].index(repeated),
        }

    empty.mine(registered(1))
    empty.mine(*(empty.anchored(1, root) for root in (first, second, third)))
    empty.mine(status_set(1, first, empty.leaves[first].index(repeated)))
    empty.load()
    for by in (third, second, third):
        empty.mine(superseded(by))
        soon(empty)
        found = empty.client.get(f"/v1/credentials/{repeated.hex()}").json()["anchors"]
        stands = {each["receipt"]["inclusion"]["root"] for each in found if not each["status"]["revoked"]}
        assert stands == {f"0x{by.hex()}"}


def test_strangers_who_anchor_a_root_often_do_not_hide_that_it_was_voided(empty: Stand) -> None:
    repeated = credential(1)
    first, second = empty.tree(repeated, credential(2)), empty.tree(repeated, credential(3))
    strangers = range(2, MOST_ANCHORS + 3)
    empty.mine(*(registered(number) for number in (1, *strangers)))
    empty.mine(*(empty.anchored(number, first) for number in strangers))
    empty.mine(empty.anchored(1, first), empty.anchored(1, second))
    empty.mine(("BatchVoided", {"issuer": 1, "root": first, "reason": 1, "controller": ACCOUNT}))
    empty.load()
    found = empty.client.get(f"/v1/credentials/{repeated.hex()}").json()["anchors"]
    status = {
        each["receipt"]["inclusion"]["root"]: each["status"]
        for each in found
        if each["receipt"]["anchor"]["issuer"] == 1
    }
    assert status[f"0x{second.hex()}"]["revokedIn"] == f"0x{first.hex()}"
