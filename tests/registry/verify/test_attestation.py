"""Attestations of the order of leaves: one text for each, and nothing else is one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import EvidenceError
from registry.verify.attestation import FORM, MOST_ATTESTED, Attestation

HASH = st.binary(min_size=32, max_size=32)
SAID = st.builds(
    Attestation,
    chain=st.integers(1, 10**18).map("eip155:{}".format),
    contract=st.binary(min_size=20, max_size=20).map(lambda value: f"0x{value.hex()}"),
    issuer=st.integers(1, 2**53),
    block=st.integers(0, 2**53),
    block_hash=HASH,
    leaf_counts=st.dictionaries(HASH, st.integers(1, 2**32 - 1), max_size=5),
)
ONE = Attestation("eip155:1", "0x" + "ab" * 20, 7, 21, bytes(32), {b"\1" * 32: 3, b"\2" * 32: 4})


@given(SAID)
def test_what_is_written_is_read_again(said: Attestation) -> None:
    assert Attestation.of(said.text) == said
    assert said.text.startswith(f"{FORM}\n")


@given(SAID, st.data())
def test_another_text_is_another_attestation_or_none(said: Attestation, data: st.DataObject) -> None:
    text = said.text
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from(list("0af \n1x"))) + text[place + 1 :]
    with suppress(EvidenceError):
        assert Attestation.of(changed).text == changed


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (FORM, "testamur.audit/sorted/v2"),
        ("issuer 7", "issuer 07"),
        ("issuer 7", "issuer 0"),
        ("block 21", "block -1"),
        (" 3\n", " 0\n"),
        (" 3\n", " 4294967296\n"),
        ("0x" + "01" * 32, "0x" + "03" * 32),
        ("0x" + "01" * 32, "0x" + "02" * 32),
        ("0x" + "ab" * 20, "0x" + "AB" * 20),
        (" 4\n", " 4\n\n"),
        (" 4\n", " 4"),
    ],
)
def test_there_is_one_form(was: str, becomes: str) -> None:
    assert was in ONE.text
    with pytest.raises(EvidenceError) as refused:
        Attestation.of(ONE.text.replace(was, becomes))
    assert refused.value.code == "attestation-form"


def test_one_statement_is_of_so_many_batches() -> None:
    counts = {number.to_bytes(32, "big"): 1 for number in range(1, MOST_ATTESTED + 1)}
    text = replace(ONE, leaf_counts=counts).text
    assert len(Attestation.of(text).leaf_counts) == MOST_ATTESTED
    more = text + f"0x{'ff' * 32} 1\n"
    for refused in (
        lambda: Attestation.of(more),
        lambda: replace(ONE, leaf_counts=counts | {b"\xff" * 32: 1}).text,
    ):
        with pytest.raises(EvidenceError) as raised:
            refused()
        assert raised.value.code == "attestation-size"
