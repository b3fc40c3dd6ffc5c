"""What an issuer put in the place of a credential that it revoked, as the chain has it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from anchor.workspace import Workspace
from registry.anchors import AnchorPlace
from registry.errors import ChainError, StoreError
from registry.merkle.treefile import TreeId
from registry.receipt.model import Receipt
from registry.verify.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Replaced:
    """The latest word on it.

    Attributes:
        place: of the new one; None where the chain could not be asked.
        digest: of the new one; None where its tree is not in this folder, since a chain has places alone.
    """

    place: AnchorPlace | None
    digest: bytes | None = None


def replacement_of(workspace: Workspace, verdict: Verdict, receipts: Iterable[Receipt]) -> Replaced | None:
    """What replaces the credential of a verdict; None where it is not revoked, or nothing was said to replace it.

    Args:
        receipts: of the credential; that by which it was judged is among them.
    """
    if not is_revoked(verdict):
        return None
    judged = next(
        (each for each in receipts if (each.root, each.anchor.issuer) == (verdict.root, verdict.issuer)), None
    )
    if judged is None or judged.anchor.contract.lower() != workspace.contract_address.lower():
        return None
    block = judged.anchor.block
    try:
        found = workspace.contract.replacements(
            judged.anchor.issuer, judged.root, from_block=0 if block is None else block.number
        )
        place = found.get(judged.inclusion.leaf_index)
        return None if place is None else Replaced(place, _digest_at(workspace, judged.anchor.issuer, place))
    except ChainError:
        return Replaced(None)


def is_revoked(verdict: Verdict) -> bool:
    """Whether the chain said so of the credential."""
    return any(each.name == "status" and each.code == "revoked" for each in verdict.checks)


def _digest_at(workspace: Workspace, issuer: int, place: AnchorPlace) -> bytes | None:
    batch = workspace.contract.batch(issuer, place.root)
    if batch is None or not workspace.has_folder:
        return None
    with suppress(StoreError), workspace.folder.checked_tree(TreeId(place.root, batch.leaf_count)) as tree:
        if place.leaf_index < tree.leaf_count:
            return tree.leaf(place.leaf_index)
    return None
