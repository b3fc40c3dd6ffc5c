"""Status lists against a slow reference, bit by bit, and against lists of another implementation."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import ProofError, RegistryError
from registry.formats import statuslist
from registry.formats.statuslist import (
    FEWEST_BITS,
    LIST_BITS,
    MOST_BYTES,
    ListedBatch,
    ListPosition,
    Purpose,
    batches_of_list,
    bitstring,
    canonical_quads,
    decode,
    encode,
    is_set,
    list_position,
    number_of_lists,
    status_entry,
    status_list_credential,
)
from registry.proofs.signatures.multibase import to_base64url

FOREIGN: dict[str, Any] = json.loads((Path(__file__).parent / "fixtures" / "bitstring_lists.json").read_text())
Words = Mapping[int, Mapping[int, int]]


def batch(sequence: int, leaf_count: int, *, counted: int | None = None, voided: bool = False) -> ListedBatch:
    return ListedBatch(sequence, leaf_count, (counted or sequence, 0), voided)


def words_of(leaves: set[int]) -> dict[int, int]:
    words: dict[int, int] = {}
    for leaf in leaves:
        words[leaf // 256] = words.get(leaf // 256, 0) | 1 << leaf % 256
    return words


def set_positions(bits: bytes) -> set[int]:
    """Read as the standard says, one bit at a time: the first index is the leftmost bit."""
    return {8 * at + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte >> (7 - bit) & 1}


@st.composite
def issuers(draw: st.DrawFn) -> tuple[list[ListedBatch], dict[int, set[int]]]:
    """Batches, some stated late or not at all or voided, and the leaves of each that are marked."""
    count = draw(st.integers(0, 6))
    places = draw(st.permutations(range(1, count + 1)))
    late = draw(st.sets(st.integers(1, count))) if count else set()
    batches, marked = [], {}
    for sequence in range(1, count + 1):
        leaf_count = draw(st.one_of(st.integers(0, 3), st.integers(4, 1500)))
        counted = 100 + places[sequence - 1] if sequence in late else sequence
        batches.append(batch(sequence, leaf_count, counted=counted, voided=draw(st.booleans())))
        if leaf_count:
            marked[sequence] = draw(st.sets(st.integers(0, leaf_count - 1), max_size=20))
    return batches, marked


@pytest.fixture(autouse=True, scope="module")
def short_lists() -> Any:
    """Lists of 1,024 positions, so that batches lie across the edges of many of them."""
    patch = pytest.MonkeyPatch()
    patch.setattr(statuslist, "LIST_BITS", 1024)
    yield
    patch.undo()


@settings(max_examples=150, deadline=None)
@given(issuers(), st.sampled_from(Purpose))
def test_every_credential_has_the_bit_of_its_status(
    issuer: tuple[list[ListedBatch], dict[int, set[int]]], purpose: Purpose
) -> None:
    batches, marked = issuer
    words = {sequence: words_of(leaves) for sequence, leaves in marked.items()}
    lists = [bitstring(batches, words, purpose, 1 + number) for number in range(number_of_lists(batches))]
    assert {len(bits) for bits in lists} == {128}
    expected: set[tuple[int, int]] = set()
    seen: set[tuple[int, int]] = set()
    for each in batches:
        for leaf in range(each.leaf_count):
            place = list_position(batches, each.sequence, leaf)
            seen.add((place.number, place.index))
            whole = each.voided and purpose is Purpose.REVOCATION
            if whole or leaf in marked[each.sequence]:
                expected.add((place.number, place.index))
    assert len(seen) == sum(each.leaf_count for each in batches), "no two credentials share a position"
    assert {(1 + at, index) for at, bits in enumerate(lists) for index in set_positions(bits)} == expected
    assert all(is_set(lists[number - 1], index) == ((number, index) in expected) for number, index in seen)


@settings(deadline=None)
@given(issuers(), st.data())
def test_what_is_anchored_or_stated_later_moves_nothing(
    issuer: tuple[list[ListedBatch], dict[int, set[int]]], data: st.DataObject
) -> None:
    batches, _ = issuer
    before = {
        each.sequence: list_position(batches, each.sequence, each.leaf_count - 1) for each in batches if each.leaf_count
    }
    stated = [each for each in batches if each.leaf_count]
    late = [batch(each.sequence, 77, counted=1000 + each.sequence) for each in batches if not each.leaf_count]
    new = [batch(len(batches) + 1, 1000, counted=data.draw(st.sampled_from([900, 2000])))]
    after = data.draw(st.permutations([*stated, *late, *new]))
    for sequence, place in before.items():
        count = next(each.leaf_count for each in batches if each.sequence == sequence)
        assert list_position(after, sequence, count - 1) == place


@settings(deadline=None)
@given(issuers())
def test_only_the_words_of_the_batches_in_a_list_are_needed(
    issuer: tuple[list[ListedBatch], dict[int, set[int]]],
) -> None:
    batches, marked = issuer
    words = {sequence: words_of(leaves) for sequence, leaves in marked.items()}
    for number in range(1, 1 + number_of_lists(batches)):
        needed = {each.sequence for each in batches_of_list(batches, number)}
        some = {sequence: given for sequence, given in words.items() if sequence in needed}
        assert bitstring(batches, some, Purpose.REVOCATION, number) == bitstring(
            batches, words, Purpose.REVOCATION, number
        )


def test_a_word_with_bits_of_no_leaf_does_not_mark_the_next_batch() -> None:
    batches = [batch(1, 3), batch(2, 300)]
    bits = bitstring(batches, {1: {0: (1 << 256) - 1, 7: 1}}, Purpose.REVOCATION, 1)
    assert set_positions(bits) == {0, 1, 2}


def test_an_issuer_without_batches_has_an_empty_first_list() -> None:
    assert number_of_lists([]) == 1
    assert set_positions(bitstring([], {}, Purpose.SUSPENSION, 1)) == set()


@pytest.mark.parametrize("number", [-1, 0, 2])
def test_a_list_that_the_issuer_does_not_have_is_not_an_empty_one(number: int) -> None:
    with pytest.raises(RegistryError) as caught:
        bitstring([batch(1, 1024)], {}, Purpose.REVOCATION, number)
    assert caught.value.code == "unknown-list"


@pytest.mark.parametrize(
    ("sequence", "leaf_index", "code"),
    [(1, 3, "index-range"), (1, -1, "index-range"), (2, 0, "count-unstated"), (3, 0, "unknown-batch")],
)
def test_what_has_no_position_is_not_given_one(sequence: int, leaf_index: int, code: str) -> None:
    with pytest.raises(RegistryError) as caught:
        list_position([batch(1, 3), batch(2, 0)], sequence, leaf_index)
    assert caught.value.code == code
    assert caught.value.remedy


def test_positions_are_worked_out_by_hand() -> None:
    batches = [batch(1, 0), batch(2, 1000, counted=5), batch(3, 100, counted=4), batch(4, 10)]
    # By the place of the count: batch 4 (block 4, as 3 is; sorted as given), then 3, then 2.
    batches[3] = batch(4, 10, counted=3)
    assert list_position(batches, 4, 9) == ListPosition(1, 9)
    assert list_position(batches, 3, 0) == ListPosition(1, 10)
    assert list_position(batches, 2, 0) == ListPosition(1, 110)
    assert list_position(batches, 2, 914) == ListPosition(2, 0)
    assert number_of_lists(batches) == 2


# Texts


@pytest.mark.parametrize("foreign", FOREIGN["lists"], ids=lambda each: each["name"])
def test_lists_of_another_implementation_read_the_same(foreign: dict[str, Any]) -> None:
    bits = decode(foreign["encodedList"])
    assert 8 * len(bits) == foreign["length"]
    assert set_positions(bits) == set(foreign["set"])
    assert all(is_set(bits, index) for index in foreign["set"])


@given(st.sets(st.integers(0, LIST_BITS - 1), max_size=40))
def test_a_list_is_read_as_it_was_written(positions: set[int]) -> None:
    bits = bytearray(LIST_BITS // 8)
    for index in positions:
        bits[index // 8] |= 128 >> index % 8
    text = encode(bytes(bits))
    assert text == encode(bytes(bits))
    assert text[0] == "u"
    assert "=" not in text
    assert set_positions(decode(text)) == positions


SHORT = gzip.compress(bytes(FEWEST_BITS // 8 - 1), mtime=0)
FULL = gzip.compress(bytes(FEWEST_BITS // 8), mtime=0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u",
        "z" + to_base64url(FULL)[1:],
        to_base64url(FULL) + "=",
        to_base64url(FULL)[:-8],
        to_base64url(FULL + b"more"),
        to_base64url(SHORT),
        to_base64url(b"no gzip"),
        to_base64url(FULL[:-1] + b"\xff"),
        to_base64url(gzip.compress(bytes(MOST_BYTES + 1), mtime=0)),
        "u!!!!",
        "uключ",
    ],
)
def test_what_is_no_list_says_nothing_of_any_credential(text: str) -> None:
    with pytest.raises(ProofError) as caught:
        decode(text)
    assert caught.value.code == "status-list"


@pytest.mark.parametrize("index", [-1, FEWEST_BITS])
def test_an_index_beyond_the_list_is_not_a_bit_that_is_not_set(index: int) -> None:
    with pytest.raises(ProofError):
        is_set(bytes(FEWEST_BITS // 8), index)


def test_the_credential_is_as_the_standard_has_it() -> None:
    url = "https://registry.example/v1/status-lists/7/revocation/1"
    bits = bytes(LIST_BITS // 8)
    credential = status_list_credential(
        "did:web:uni.example", url, Purpose.REVOCATION, datetime(2026, 1, 1, tzinfo=UTC), 300_000, bits
    )
    assert credential == {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "did:web:uni.example",
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "ttl": 300_000,
            "encodedList": encode(bits),
        },
    }
    entry = status_entry(url, Purpose.REVOCATION, 5)
    assert entry == {
        "id": f"{url}#5",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "5",
        "statusListCredential": url,
    }
    assert (Purpose.REVOCATION.number, Purpose.SUSPENSION.number) == (0, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "university"},
        {"issuer": {"id": "did:web:university.example"}},
        {"validFrom": 1},
        {"id": "https://registry.example/a b"},
        {"name": "more than is signed"},
        {"@context": ["https://www.w3.org/ns/credentials/v2", "https://example.org/more"]},
        {"type": ["BitstringStatusListCredential", "VerifiableCredential"]},
        {"credentialSubject": {}},
        {"credentialSubject": None},
        {"proof": {}},
    ],
)
def test_of_another_shape_there_are_no_quads(change: dict[str, Any]) -> None:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    made = status_list_credential("did:web:a.example", "https://a.example/1", Purpose.REVOCATION, moment, 1, bytes(32))
    assert canonical_quads(made).count(b"\n") == 9
    with pytest.raises(ValueError, match=r"list|IRI"):
        canonical_quads(made | change)
    for ttl in (True, 1.0, "1"):
        with pytest.raises(ValueError, match="list"):
            canonical_quads(made | {"credentialSubject": made["credentialSubject"] | {"ttl": ttl}})


def test_a_list_has_eight_times_the_least_and_whole_words() -> None:
    assert LIST_BITS == 8 * FEWEST_BITS
    assert LIST_BITS % 256 == 0
