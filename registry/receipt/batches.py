"""Receipts of several credentials of one batch as one: a multiproof, one anchor, and its evidence once.

A portfolio holds its receipts so. Expanded, each is a receipt like any other, and is checked as one: no rule stands
here twice. `docs/reference/portfolio.md` is the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Annotated, Final, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from registry.errors import EvidenceError, ProofError, ReceiptError
from registry.merkle.multiproof import MOST_PROVED, MultiProof, expanded, joined, node_count
from registry.merkle.proof import MAX_LEAVES, check_inclusion
from registry.proofs.evidence import MOST_SLOTS, Evidence, Nodes
from registry.receipt.kind import RECEIPT_TYPE
from registry.receipt.model import AnchorPart, DigestPart, Hash, Hex32, InclusionPart, Receipt

MOST_SLOTS_NAMED: Final = 1 << 16
"""How often slots may be named in one batch: each is handed to the receipt that it is named for."""
_LONGEST_PLACE: Final = 80

Position = Annotated[int, Field(ge=0, lt=MAX_LEAVES)]
# The first fault is told, and a stranger can make millions of them.
Positions = Annotated[tuple[Position, ...], Field(fail_fast=True)]


def _read_evidence(given: object) -> Evidence:
    if isinstance(given, Evidence):
        return given
    try:
        return Evidence.from_dict(given, most_slots=MOST_SLOTS)
    except EvidenceError as error:
        raise PydanticCustomError(error.code, "{why}", {"why": error.what}) from None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class LeafPart(_Part):
    """One leaf: its place, its digest, and for which items it stands.

    Attributes:
        items: positions in the portfolio, from 0, ascending.
        slots: of the batch's evidence in ascending order, those that are about this leaf, by their numbers from 0;
            None where there is no evidence for it.
    """

    leaf_index: Position = Field(alias="leafIndex")
    digest: DigestPart
    items: Annotated[Positions, Field(min_length=1)]
    slots: Positions | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        for numbers in (self.items, self.slots or ()):
            if any(later <= earlier for earlier, later in pairwise(numbers)):
                raise PydanticCustomError("item-order", "positions stand in ascending order, each once")
        return self


class BatchPart(_Part):
    """Receipts of one batch.

    Attributes:
        leaves: in ascending order of their place.
        nodes: of the multiproof.
    """

    root: Hash
    leaf_count: int = Field(alias="leafCount", ge=1, le=MAX_LEAVES)
    leaves: Annotated[tuple[LeafPart, ...], Field(min_length=1, max_length=MOST_PROVED, fail_fast=True)]
    nodes: Annotated[tuple[Hex32, ...], Field(fail_fast=True)]
    anchor: AnchorPart
    evidence: (
        Annotated[Evidence, PlainValidator(_read_evidence), PlainSerializer(Evidence.to_dict, return_type=dict)] | None
    ) = None

    @model_validator(mode="after")
    def _shape(self) -> Self:
        try:
            expected = node_count([leaf.leaf_index for leaf in self.leaves], self.leaf_count)
        except ProofError as error:
            raise PydanticCustomError(error.code, "{why}", {"why": error.what}) from None
        if len(self.nodes) != expected:
            raise PydanticCustomError(
                "node-count",
                "the proof of these leaves has {expected} nodes, not {found}",
                {"expected": expected, "found": len(self.nodes)},
            )
        named = [number for leaf in self.leaves for number in leaf.slots or ()]
        there = 0 if self.evidence is None else len(self.evidence.slots)
        if any(number >= there for number in named) or len(set(named)) != there:
            raise PydanticCustomError("evidence-slots", "leaves name slots that are not there, or not all that are")
        if len(named) > MOST_SLOTS_NAMED:
            raise PydanticCustomError("evidence-size", "leaves name more slots than are read")
        return self

    def receipts(self) -> Iterator[tuple[Receipt, tuple[int, ...]]]:
        """The receipt of each leaf, and the positions of the items that it is for.

        Whether the proof leads to the root is not looked at here: the path of a receipt is checked with it.

        Raises:
            ReceiptError: what evidence there is cannot be that of a receipt.
        """
        digests = [bytes.fromhex(leaf.digest.value) for leaf in self.leaves]
        proof = MultiProof(
            self.leaf_count, tuple(leaf.leaf_index for leaf in self.leaves), tuple(map(bytes.fromhex, self.nodes))
        )
        slots = [] if self.evidence is None else sorted(self.evidence.slots)
        for leaf, single in zip(self.leaves, expanded(digests, proof), strict=True):
            receipt = Receipt(
                type=RECEIPT_TYPE,
                version=1,
                digest=leaf.digest,
                inclusion=InclusionPart(
                    root=self.root,
                    leafCount=self.leaf_count,
                    leafIndex=leaf.leaf_index,
                    path=tuple(node.hex() for node in single.path),
                ),
                anchor=self.anchor,
            )
            if self.evidence is not None and leaf.slots is not None:
                receipt = receipt.with_evidence(self.evidence.of(slots[number] for number in leaf.slots))
            yield receipt, leaf.items


def read_batch(given: object, where: str) -> BatchPart:
    """One member of `batches`, from JSON.

    Raises:
        ReceiptError: it is not in order; `where` leads to the member, `code` says what is wrong with the proof as
            `docs/reference/portfolio.md` lists, or is missing-field, unknown-field or bad-field.
    """
    try:
        return BatchPart.model_validate_json(orjson.dumps(given))
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "".join(
            f"[{each}]" if isinstance(each, int) else f".{each[:_LONGEST_PLACE]}" for each in details["loc"]
        )
        code = details["type"] if "-" in details["type"] else _CODES.get(details["type"], "bad-field")
        raise ReceiptError(
            f"The receipts of a batch are not in order: {details['msg']}.",
            where=where + place,
            remedy="Ask whoever made the portfolio for a new one.",
            code=code,
        ) from None


_CODES: Final = {"missing": "missing-field", "extra_forbidden": "unknown-field"}


def batches_of(receipts: Iterable[tuple[int, Receipt]]) -> tuple[BatchPart, ...]:
    """Receipts by their batches, the batches in the order of their first receipts.

    A receipt whose path does not lead to its root is a batch of its own, so that it breaks no other.

    Args:
        receipts: each with the position of the item that it is for.
    """
    groups: list[_Group] = []
    by_batch: dict[tuple[AnchorPart, str, int], list[_Group]] = {}
    for position, receipt in receipts:
        place = (receipt.anchor, receipt.inclusion.root, receipt.inclusion.leaf_count)
        alike = by_batch.setdefault(place, [])
        if not any(group.takes(position, receipt) for group in alike):
            groups.append(_Group.of(position, receipt))
            alike.append(groups[-1])
    return tuple(group.part() for group in groups)


@dataclass(slots=True)
class _Group:
    """Receipts of one anchor of one batch that can be told as one.

    Attributes:
        holds: whether their paths lead to their root.
        slots: of the evidence of all of them.
        found: by the place of the leaf.
    """

    first: Receipt
    holds: bool
    slots: dict[bytes, Nodes]
    found: dict[int, tuple[Receipt, list[int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, position: int, receipt: Receipt) -> _Group:
        slots = {} if receipt.evidence is None else dict(receipt.evidence.slots)
        return cls(receipt, _holds(receipt), slots, {receipt.inclusion.leaf_index: (receipt, [position])})

    def takes(self, position: int, receipt: Receipt) -> bool:
        """Whether the receipt goes with those that are here; then it is here, too."""
        same, positions = self.found.get(receipt.inclusion.leaf_index, (None, []))
        if same is not None:
            if same == receipt:
                positions.append(position)
            return same == receipt
        if not (self.holds and _holds(receipt) and self._joins(receipt.evidence)):
            return False
        self.found[receipt.inclusion.leaf_index] = (receipt, [position])
        return True

    def _joins(self, evidence: Evidence | None) -> bool:
        """Whether there is evidence of both, of one block, saying the same and not too much; or of neither."""
        mine = self.first.evidence
        if mine is None or evidence is None:
            return mine is evidence
        if replace(mine, slots={}) != replace(evidence, slots={}):
            return False
        both = self.slots | dict(evidence.slots)
        if len(both) > MOST_SLOTS or any(both[slot] != nodes for slot, nodes in self.slots.items()):
            return False
        self.slots = both
        return True

    def part(self) -> BatchPart:
        ordered = [self.found[index] for index in sorted(self.found)]
        nodes = self.first.inclusion_proof.path
        if self.holds:
            nodes = joined((each.digest_value, each.inclusion_proof) for each, _ in ordered).nodes
        of = self.first.evidence
        numbers = {slot: number for number, slot in enumerate(sorted(self.slots))}
        return BatchPart(
            root=self.first.inclusion.root,
            leafCount=self.first.inclusion.leaf_count,
            leaves=tuple(
                LeafPart(
                    leafIndex=each.inclusion.leaf_index,
                    digest=each.digest,
                    items=tuple(sorted(set(positions))),
                    slots=None
                    if each.evidence is None
                    else tuple(sorted(map(numbers.__getitem__, each.evidence.slots))),
                )
                for each, positions in ordered
            ),
            nodes=tuple(node.hex() for node in nodes),
            anchor=self.first.anchor,
            evidence=of and replace(of, slots=self.slots),
        )


def _holds(receipt: Receipt) -> bool:
    try:
        check_inclusion(receipt.digest_value, receipt.root, receipt.inclusion_proof)
    except ProofError:
        return False
    return True
