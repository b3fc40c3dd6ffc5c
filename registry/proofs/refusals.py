"""Refusals that more than one module of proofs says."""

from __future__ import annotations

from registry.errors import EvidenceError


def unknown_header(why: str) -> EvidenceError:
    """The refusal of a header of which nothing here can say what its hash is of."""
    return EvidenceError(
        f"the header of the block cannot be checked: {why}",
        remedy="A chain with headers of its own needs a program that knows them; ask without proof, or another chain.",
        code="header-shape",
    )
