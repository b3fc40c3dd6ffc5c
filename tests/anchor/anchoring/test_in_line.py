"""The order in which an account's transactions go: urgent ones first, and nobody takes all of the line."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from anchor.books.anchoring import SHARE, Carried, in_line
from anchor.books.batches import BatchRow
from anchor.books.deeds import DeedRow
from anchor.books.tables import BatchState
from registry.records import Act


def deed(number: int, issuer: int, *, urgent: bool = True) -> DeedRow:
    return DeedRow(
        number, issuer, Act.REVOKE, "unspecified", bytes(32), number, 1, (), urgent, BatchState.SEALED, made_at=0
    )


def anchor(number: int, issuer: int) -> BatchRow:
    return BatchRow(number, issuer, bytes(32), 1, BatchState.SEALED, 100)


def test_ten_thousand_urgent_ones_of_one_issuer_keep_nobody_waiting() -> None:
    flood: list[Carried] = [deed(number, 1) for number in range(1000)]
    theirs: list[Carried] = [anchor(1, 2), deed(5000, 3), deed(5001, 3, urgent=False)]
    rows = in_line([*flood, *theirs])
    assert rows[:SHARE] == flood[:SHARE]
    assert set(map(id, rows[SHARE : SHARE + 3])) == set(map(id, theirs))
    assert rows[SHARE] == theirs[1], "an urgent one goes before what is not"
    # Whatever is in a block by now, there is room for the others as long as the first has its share on the way.
    sent = [replace(row, nonce=at, state=BatchState.BROADCAST) for at, row in enumerate(flood[:SHARE])]
    rows = in_line([*flood[SHARE:], *sent, *theirs])
    assert rows[:SHARE] == sent
    assert set(map(id, rows[SHARE : SHARE + 3])) == set(map(id, theirs))
    in_block = [replace(row, nonce=at, state=BatchState.MINED) for at, row in enumerate(flood[:SHARE])]
    assert in_line([*flood[SHARE:], *in_block, *theirs])[SHARE : 2 * SHARE] == flood[SHARE : 2 * SHARE]


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.booleans()), max_size=60))
def test_of_each_issuer_the_urgent_go_first_and_nothing_is_lost(asked: list[tuple[int, bool, bool]]) -> None:
    rows: list[Carried] = [
        deed(at, issuer, urgent=urgent) if is_deed else anchor(at, issuer)
        for at, (issuer, is_deed, urgent) in enumerate(asked)
    ]
    found = in_line(rows)
    assert sorted(map(id, found)) == sorted(map(id, rows))
    for issuer in (1, 2, 3):
        urgency = [isinstance(row, DeedRow) and row.urgent for row in found if row.issuer == issuer]
        assert urgency == sorted(urgency, reverse=True)
