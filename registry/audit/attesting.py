"""What an auditor may sign after an audit: that the leaves of an issuer's batches are all there and in order."""

from __future__ import annotations

from typing import Final

from registry.audit.findings import Audit
from registry.audit.kinds import DifferenceKind
from registry.errors import NotPossible
from registry.verify.attestation import Attestation

OF_TREES: Final = frozenset(
    {
        DifferenceKind.TREE_MISSING,
        DifferenceKind.TREE_DAMAGED,
        DifferenceKind.TREE_UNSORTED,
        DifferenceKind.LEAF_COUNT_DIFFERS,
    }
)
"""Findings after which nothing is attested."""


def attestation_of(found: Audit, issuer: int) -> Attestation:
    """The statement about those of an issuer's batches that the audit looked at and whose trees it read.

    Raises:
        NotPossible: code `not-attested`: something was found against a tree, or no tree was read.
    """
    if against := [each for each in found.differences if each.kind in OF_TREES and each.issuer in (None, issuer)]:
        raise _not_attested(f"{against[0].subject}: {against[0].what} ({against[0].kind})")
    counts = {root: count for (party, root), count in found.ordered.items() if party == issuer}
    if not counts:
        raise _not_attested(f"no tree of issuer {issuer} was read")
    block = found.block
    return Attestation(found.chain, found.contract.lower(), issuer, block.number, block.hash, counts)


def _not_attested(why: str) -> NotPossible:
    return NotPossible(
        f"nothing was signed: {why}",
        remedy="Get the trees from the issuer (`testamur trees pull`), and audit again.",
        code="not-attested",
    )
