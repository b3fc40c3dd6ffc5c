"""Chains in words: who has which name, and what is practice."""

from __future__ import annotations

import pytest

from registry.chain_names import PRACTICE_CHAIN, ChainKind, chain_name, reached_chain_name
from registry.embedded.genesis import CHAIN_ID


def test_the_practice_chain_is_the_embedded_one() -> None:
    assert f"eip155:{CHAIN_ID}" == PRACTICE_CHAIN


@pytest.mark.parametrize(
    ("chain", "words", "practice"),
    [
        ("eip155:1", "Ethereum", False),
        ("eip155:137", "Polygon PoS", False),
        ("eip155:11155111", "Sepolia test network", True),
        ("eip155:31337", "local test chain (anvil, hardhat)", True),
        (PRACTICE_CHAIN, "practice chain of one data folder", True),
        ("eip155:424242424242", "an EVM chain that has no name here", False),
    ],
)
def test_a_chain_has_words_and_is_practice_or_not(chain: str, words: str, practice: bool) -> None:
    name = chain_name(chain)
    assert (name.words, name.is_practice) == (words, practice)
    assert str(name) == f"{words} ({chain})"


def test_the_practice_chain_is_of_this_folder_or_served() -> None:
    assert reached_chain_name(PRACTICE_CHAIN, embedded=True).words == "practice chain of this folder"
    assert reached_chain_name(PRACTICE_CHAIN, embedded=False).words == "practice chain served by testamur devnet"
    assert reached_chain_name("eip155:1", embedded=False) == chain_name("eip155:1")


def test_what_is_not_listed_is_neither_practice_nor_named() -> None:
    name = chain_name("eip155:9999999999")
    assert name.kind is ChainKind.UNNAMED
    assert not name.is_practice
