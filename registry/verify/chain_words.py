"""Chains in the sentences of a verdict: a name that is a word is said in the reader's language."""

from __future__ import annotations

from typing import Final

from registry.chain_names import ChainKind, chain_name
from registry.language.said import Said, Value, say

_CLOSED: Final = ", which is closed"
_TEST: Final = " test network"
_LOCAL: Final = "local test chain ("


def said_chain(chain: str) -> Said:
    """A chain by name and number.

    Args:
        chain: CAIP-2.
    """
    return say("chainName.named", name=said_name(chain), chain=chain)


def said_name(chain: str) -> Value:
    """A chain by name: networks have one for all languages, and are of some kind."""
    named = chain_name(chain)
    words = named.words
    if named.kind is ChainKind.UNNAMED:
        return say("chainName.unnamed")
    if named.kind is ChainKind.PRACTICE:
        return say("chainName.practice")
    if named.kind is ChainKind.LOCAL:
        return say("chainName.local", programs=words.removeprefix(_LOCAL).removesuffix(")"))
    if words.endswith(_CLOSED):
        return say("chainName.closed", name=words.removesuffix(_CLOSED).removesuffix(_TEST))
    return say("chainName.test", name=words.removesuffix(_TEST)) if words.endswith(_TEST) else words
