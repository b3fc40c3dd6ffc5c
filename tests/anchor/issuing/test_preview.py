"""What is shown of a run before it is confirmed: the first row with its parts, the longest names, and every nth."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.books.issued import IssuedRow
from anchor.issuing.preview import LONGEST_NAMES, MOST_SHOWN, choose, name_of
from registry.credential.digest import Digest, DigestMethod


def issued(number: int, name: str, part: str = "award") -> IssuedRow:
    identifier = [{"identityType": "ext:birthDate", "identityHash": "x" * 99}]
    identifier.append({"identityType": "name", "identityHash": name})
    return IssuedRow(
        run=1,
        root=bytes(32),
        row_key=f"{number:064x}",
        part=part,
        edition=1,
        row_number=number,
        content=b"",
        person_id="",
        email="",
        language="en",
        credential_id=f"{number} {part}",
        digest=Digest(DigestMethod.VC_JCS, bytes(32)),
        document=orjson.dumps({"credentialSubject": {"identifier": identifier}}),
        delivered_at=None,
        replaced_by=None,
    )


def run_of(lengths: list[int], parts: int) -> Iterator[IssuedRow]:
    for number, length in enumerate(lengths, start=5):
        yield issued(number, "n" * length)
        yield from (issued(number, "n" * length, f"course:{part}") for part in range(parts))


@given(lengths=st.lists(st.integers(1, 300), min_size=1, max_size=400), parts=st.integers(0, 3))
def test_the_longest_names_are_among_a_bounded_number_in_the_order_of_the_roster(
    lengths: list[int], parts: int
) -> None:
    rows = list(run_of(lengths, parts))
    shown = choose(iter(rows), len(rows))
    assert [each.row for each in shown] == [row for row in rows if row in [each.row for each in shown]]
    assert len(shown) <= MOST_SHOWN + parts
    assert [each.row for each in shown[: 1 + parts]] == rows[: 1 + parts]
    longest = sorted(lengths, reverse=True)[:LONGEST_NAMES]
    names = [len(name_of(each.row)) for each in shown if each.row.part == "award"]
    assert all(names.count(length) >= longest.count(length) for length in longest)


@pytest.mark.parametrize("count", [1, 29, 30, 1000])
def test_of_a_large_run_every_nth_is_shown_and_of_a_small_one_all(count: int) -> None:
    shown = choose(run_of([9] * count, 0), count)
    assert len(shown) == count if count <= 29 else 15 <= len(shown) <= MOST_SHOWN
    numbers = [each.row.row_number for each in shown]
    assert max(numbers) > 5 + count * 0.9 - 1


@pytest.mark.parametrize(("count", "why"), [(4, "all are shown"), (56, "1 of 2"), (1000, "1 of 35")])
def test_it_is_said_why_one_is_shown(count: int, why: str) -> None:
    first, *others = choose(run_of([9] * count, 0), count)
    assert first.why == "first"
    assert why in {each.why for each in others}
    assert {each.why for each in others} <= {why, "long name"}
