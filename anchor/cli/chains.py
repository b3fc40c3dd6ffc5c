"""The chain that a command talks to, told in words."""

from __future__ import annotations

from typing import Any

from anchor.cli.console import Styled
from anchor.cli.session import Session
from registry.chain_names import ChainKind, ChainName

_FOLDERS_OWN = (
    "nobody else has this chain, so nobody else can check what is anchored on it. --chain names a public one."
)
_SHORT_LIVED = "a test chain is reset or closed some day, and what was anchored on it is gone with it."


def say_chain(session: Session, chain: ChainName | None) -> None:
    """Name the chain; one for practice is told as that, so that nobody hands out receipts that prove nothing.

    Args:
        chain: None where it was not asked.
    """
    if chain is None:
        return
    session.say(f"Chain: {chain}")
    if chain.is_practice:
        why = _FOLDERS_OWN if chain.kind is ChainKind.PRACTICE else _SHORT_LIVED
        session.say(Styled("For practice only", "bold yellow"), f": {why}")


def chain_content(chain: ChainName | None) -> dict[str, Any]:
    """The chain for `--json`."""
    return {"chain": chain and chain.chain, "chainName": chain and chain.words}
