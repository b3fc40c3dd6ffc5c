"""Whether an issuer never issued a digest: a proof for each of its batches, and none of them missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from registry.errors import ProofError
from registry.merkle.proof import AbsenceProof, InclusionProof, Neighbour, check_absence, check_inclusion
from registry.records import Batch, BlockRef
from registry.timestamps import write_timestamp
from registry.verify.freshness import Freshness, HeadAge
from registry.verify.verdict import BELIEVED, Basis, FactsUnavailable, rests_on, sentences

UNSTATED = 0
"""The leaf count of a batch that does not state it."""
_SHOWN = 10

Proof = AbsenceProof | InclusionProof
"""What is said of one batch: the digest is not in it, or it is."""


class Absence(StrEnum):
    """What is known about a digest and an issuer."""

    ABSENT = "absent"
    PRESENT = "present"
    COULD_NOT_BE_CHECKED = "could not be checked"

    @property
    def exit_code(self) -> int:
        """For the command line: 0 absent, 1 present, 2 could not be checked."""
        return {Absence.ABSENT: 0, Absence.PRESENT: 1, Absence.COULD_NOT_BE_CHECKED: 2}[self]


class AbsenceCode(StrEnum):
    """The stable reasons given here; `unavailable` facts carry their own."""

    ABSENT = "absent"
    NO_BATCHES = "no-batches"
    PRESENT = "present"
    BATCH_MISSING = "batch-missing"
    PROOF_MISSING = "proof-missing"
    PROOF_REFUSED = "proof-refused"
    TREE_UNSORTED = "tree-unsorted"
    TREE_UNCHECKED = "tree-unchecked"
    ABSENT_IF_SORTED = "absent-if-sorted"
    COUNT_UNSTATED = "count-unstated"
    FACTS_CONTRADICT = "facts-contradict"
    HEAD_STALE = "head-stale"
    HEAD_AHEAD = "head-ahead"


class TreeCheck(StrEnum):
    """What is known here of the leaves of a batch, by whoever read all of them and is believed.

    SORTED: there are as many as its count says, they lead to its root, and they ascend strictly. UNSORTED: they lead to
    its root and do not ascend. UNCHECKED: nobody here read them all. UNATTESTED: only proofs are at hand, and nobody
    whose word counts said that the leaves ascend.
    """

    SORTED = "sorted"
    UNSORTED = "unsorted"
    UNCHECKED = "unchecked"
    UNATTESTED = "unattested"


@dataclass(frozen=True, slots=True)
class AbsenceVerdict:
    """The answer for one digest and one issuer.

    Attributes:
        sequences: the batches of the issuer that the code is about: where it is present, or what is missing.
        as_of: the block up to which the answer holds; None when the chain could not be read.
        basis: what the answer rests on; None as with `as_of`.
        detail: the text with what only the operator may see: an endpoint's own words, and where; None without any.
    """

    outcome: Absence
    code: str
    text: str
    digest: bytes
    issuer: int
    sequences: tuple[int, ...]
    as_of: BlockRef | None
    basis: Basis | None = None
    detail: str | None = None

    @property
    def exit_code(self) -> int:
        """As `Absence.exit_code`."""
        return self.outcome.exit_code

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "type": "TestamurAbsence",
            "version": 1,
            "outcome": str(self.outcome),
            "exitCode": self.exit_code,
            "code": self.code,
            "text": self.text,
            "digest": self.digest.hex(),
            "issuer": self.issuer,
            "sequences": list(self.sequences),
            "asOf": self.as_of and self.as_of.to_dict(),
            "restsOn": rests_on(self.basis, self.as_of),
        }


def gravest(verdicts: Sequence[AbsenceVerdict]) -> AbsenceVerdict:
    """The answer about all digests of one document: present in any, else not checked of any, else absent."""
    order = (Absence.PRESENT, Absence.COULD_NOT_BE_CHECKED, Absence.ABSENT)
    return min(verdicts, key=lambda verdict: order.index(verdict.outcome))


def verify_absence(
    digest: bytes,
    issuer: int,
    proofs: Mapping[bytes, AbsenceProof | InclusionProof],
    batches: Sequence[Batch] | FactsUnavailable,
    *,
    checks: Mapping[bytes, TreeCheck],
    sequence: int,
    as_of: BlockRef,
    age: HeadAge | None = None,
    basis: Basis = BELIEVED,
) -> AbsenceVerdict:
    """Whether the digest is in none of the issuer's batches.

    It is absent only if every batch from 1 to `sequence` is known, states its leaf count, has a proof that holds for
    this count, and has leaves that were all read, here or by an auditor who is believed, and ascend: in a tree that is
    not sorted, two neighbours say nothing about what is elsewhere in it, and neither root nor contract shows it.

    Args:
        digest: 32 bytes.
        proofs: by root; a proof of inclusion says that it is present.
        checks: by root; what is known of the leaves, nothing of those that are not named.
        batches: the chain's facts about the issuer's batches, in any order.
        sequence: how many batches the issuer has anchored, by the chain.
        as_of: the block at which facts and sequence were read.
        age: what the age of the newest block comes to, where it was judged; of a stale chain nothing is absent.
        basis: what facts and sequence rest on.
    """

    def verdict(outcome: Absence, code: str, text: str, sequences: Sequence[int] = ()) -> AbsenceVerdict:
        block = None if isinstance(batches, FactsUnavailable) else as_of
        rests = None if block is None else basis
        said = f"{text} {basis.words(as_of)}" if rests is not None and rests.proved else text
        return AbsenceVerdict(outcome, code, said, digest, issuer, tuple(sequences), block, rests)

    unknown = Absence.COULD_NOT_BE_CHECKED
    if isinstance(batches, FactsUnavailable):
        return replace(verdict(unknown, batches.code, sentences(batches.what, batches.remedy)), detail=batches.detail)
    by_sequence = {batch.sequence: batch for batch in batches}
    if _contradict(batches, by_sequence, issuer, sequence, as_of):
        return verdict(
            unknown,
            AbsenceCode.FACTS_CONTRADICT,
            "The chain's answers cannot all be true. Use another endpoint for this chain.",
        )
    present, without, refused = [], [], []
    unstated, unsorted, unchecked, unattested = [], [], [], []
    for number, batch in sorted(by_sequence.items()):
        proof, check = proofs.get(batch.root), checks.get(batch.root, TreeCheck.UNCHECKED)
        if batch.leaf_count == UNSTATED:
            unstated.append(number)
        elif isinstance(proof, InclusionProof) and _holds(digest, batch, proof):
            present.append(number)
        elif check is TreeCheck.UNSORTED:
            unsorted.append(number)
        elif proof is None:
            without.append(number)
        elif not _holds(digest, batch, proof):
            refused.append(number)
        elif check is TreeCheck.UNATTESTED:
            unattested.append(number)
        elif check is not TreeCheck.SORTED:
            unchecked.append(number)
    if present:
        return verdict(Absence.PRESENT, AbsenceCode.PRESENT, f"Issuer {issuer} issued it: {_listed(present)}.", present)
    if refused:
        return verdict(
            unknown,
            AbsenceCode.PROOF_REFUSED,
            f"A proof does not hold: {_listed(refused)}. Ask the registry for a new one, or take the tree file.",
            refused,
        )
    unread = [number for number in range(1, sequence + 1) if number not in by_sequence]
    if unread:
        return verdict(
            unknown,
            AbsenceCode.BATCH_MISSING,
            f"The chain was not asked about all of the issuer's batches: {_listed(unread)}. Ask again.",
            unread,
        )
    if without:
        return verdict(
            unknown,
            AbsenceCode.PROOF_MISSING,
            f"There is no proof for all of the issuer's batches: {_listed(without)}. "
            "Get the tree files or proofs of these from the issuer.",
            without,
        )
    if unstated:
        return verdict(
            unknown,
            AbsenceCode.COUNT_UNSTATED,
            f"How many credentials are in it is not stated on the chain: {_listed(unstated)}. "
            "Ask the issuer to state it; until then nothing can be said about what is not in it.",
            unstated,
        )
    if unsorted:
        return verdict(
            unknown,
            AbsenceCode.TREE_UNSORTED,
            f"The credentials are not in order: {_listed(unsorted)}. The issuer anchored them so, and then no proof "
            "can show that one is not among them. Ask the issuer.",
            unsorted,
        )
    if unchecked:
        return verdict(
            unknown,
            AbsenceCode.TREE_UNCHECKED,
            f"Whether all credentials are there and in order was not checked here: {_listed(unchecked)}. "
            "Get the tree files and run `testamur absent`, or ask again once the service has read them.",
            unchecked,
        )
    if age is not None and age.freshness is Freshness.STALE:
        return verdict(unknown, AbsenceCode(age.code), f"What was anchored since is not known. {age.text}")
    late = f" {age.text}" if age is not None and age.freshness is not Freshness.FRESH else ""
    up_to = f"up to block {as_of.number} of {write_timestamp(as_of.timestamp)}"
    if unattested:
        return verdict(
            unknown,
            AbsenceCode.ABSENT_IF_SORTED,
            f"Never issued by issuer {issuer} if the credentials of each batch are in order: then it is in none of its "
            f"{sequence} batches {up_to}. No auditor named in the policy attests that the credentials of "
            f"{_listed(unattested)} are in order. Ask for an attestation by one, or get the tree files and run "
            f"`testamur absent`.{late}",
            unattested,
        )
    if not sequence:
        return verdict(Absence.ABSENT, AbsenceCode.NO_BATCHES, f"Issuer {issuer} has anchored nothing {up_to}.{late}")
    return verdict(
        Absence.ABSENT,
        AbsenceCode.ABSENT,
        f"Never issued by issuer {issuer}: it is in none of its {sequence} batches {up_to}.{late}",
    )


def _contradict(
    batches: Sequence[Batch], by_sequence: Mapping[int, Batch], issuer: int, sequence: int, as_of: BlockRef
) -> bool:
    return (
        len(by_sequence) < len(batches)
        or len({batch.root for batch in batches}) < len(batches)
        or any(
            batch.issuer != issuer
            or not 1 <= batch.sequence <= sequence
            or batch.block_number > as_of.number
            or batch.anchored_at > as_of.timestamp
            for batch in batches
        )
    )


def _holds(digest: bytes, batch: Batch, proof: AbsenceProof | InclusionProof) -> bool:
    if proof.leaf_count != batch.leaf_count:
        return False
    try:
        if isinstance(proof, InclusionProof):
            check_inclusion(digest, batch.root, proof)
        else:
            check_absence(digest, batch.root, proof)
    except ProofError:
        return False
    return True


def _listed(numbers: Sequence[int]) -> str:
    """`batch 3`, `batches 3, 4`, or the first ten and how many more."""
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"batch{'es' if len(numbers) > 1 else ''} {shown}{more}"


def proof_content(root: bytes, proof: Proof) -> dict[str, Any]:
    """A proof for JSON, with the root that it leads to."""
    return {"root": f"0x{root.hex()}", **proof_members(proof)}


def proof_members(proof: Proof) -> dict[str, Any]:
    """A proof for JSON: a neighbour is a leaf with its inclusion proof."""
    content: dict[str, Any] = {"leafCount": proof.leaf_count}
    if isinstance(proof, InclusionProof):
        return {**content, "inclusion": _inclusion(proof)}
    return {**content, "lower": _neighbour(proof.lower), "upper": _neighbour(proof.upper)}


def _neighbour(neighbour: Neighbour | None) -> Mapping[str, Any] | None:
    return None if neighbour is None else {"digest": neighbour.digest.hex(), **_inclusion(neighbour.proof)}


def _inclusion(proof: InclusionProof) -> dict[str, Any]:
    return {"leafIndex": proof.leaf_index, "path": [node.hex() for node in proof.path]}
