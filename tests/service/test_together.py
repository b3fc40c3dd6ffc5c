"""Several anchors of one digest: what its issuer revoked once is revoked, unless something took its place."""

from __future__ import annotations

from typing import Any

from registry.merkle import InclusionProof
from registry.service.lookup import Found, together
from registry.store.index_facts import IndexedBatch, Mark

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


def anchor(issuer: int, root: bytes, block: int, **status: Any) -> Found:
    batch = IndexedBatch(issuer, block, root, 4, "0x", Mark(block, bytes(32), block), 0, bytes(32))
    told = {"revoked": False, "suspended": False} | status
    return Found(batch, InclusionProof(2, 4, (bytes(32), bytes(32))), {}, told, True)


def test_a_credential_that_was_anchored_again_stays_revoked() -> None:
    again, before = anchor(7, SECOND, 9), anchor(7, FIRST, 3, revoked=True)
    found = together([again, before])
    assert [each.batch.root for each in found] == [FIRST, SECOND]
    assert again.status == {"revoked": True, "suspended": False, "revokedIn": f"0x{FIRST.hex()}"}
    assert "revokedIn" not in before.status


def test_what_took_the_place_of_the_revoked_one_is_not_revoked() -> None:
    replacement = {"root": f"0x{SECOND.hex()}", "leafIndex": 2}
    again = anchor(7, SECOND, 9)
    together([anchor(7, FIRST, 3, revoked=True, supersededBy=[replacement]), again])
    assert again.status["revoked"] is False
    another = {"root": f"0x{SECOND.hex()}", "leafIndex": 1}
    together([anchor(7, FIRST, 3, revoked=True, supersededBy=[another]), again])
    assert again.status["revoked"] is True


def test_nobody_revokes_the_anchor_of_another() -> None:
    mine = anchor(7, FIRST, 3)
    together([mine, anchor(8, FIRST, 5, revoked=True)])
    assert mine.status["revoked"] is False
