"""Whether an issuer never issued a digest: a proof for each of its batches, and none of them missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from registry.errors import ProofError
from registry.language.catalogue import english
from registry.language.said import Original, Said, Sentence, Sentences, Value, listed, say
from registry.merkle.proof import AbsenceProof, InclusionProof, Neighbour, check_absence, check_inclusion
from registry.records import Batch, BlockRef
from registry.verify.freshness import Freshness, HeadAge
from registry.verify.verdict import BELIEVED, Basis, FactsUnavailable, rests_on

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
        said: sentences for people.
        sequences: the batches of the issuer that the code is about: where it is present, or what is missing.
        as_of: the block up to which the answer holds; None when the chain could not be read.
        basis: what the answer rests on; None as with `as_of`.
        detail: the text with what only the operator may see: an endpoint's own words, and where; None without any.
    """

    outcome: Absence
    code: str
    said: Sentences
    digest: bytes
    issuer: int
    sequences: tuple[int, ...]
    as_of: BlockRef | None
    basis: Basis | None = None
    detail: str | None = None

    @property
    def text(self) -> str:
        """What is said, in English."""
        return english().text(self.said)

    @property
    def told(self) -> Sentences:
        """As `Check.told`."""
        return self.said if self.detail is None else (Original(self.detail, self.code),)

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

    def verdict(outcome: Absence, code: str, *told: Sentence, sequences: Sequence[int] = ()) -> AbsenceVerdict:
        block = None if isinstance(batches, FactsUnavailable) else as_of
        rests = None if block is None else basis
        said = (*told, basis.said(as_of)) if rests is not None and rests.proved else told
        return AbsenceVerdict(outcome, code, said, digest, issuer, tuple(sequences), block, rests)

    unknown = Absence.COULD_NOT_BE_CHECKED

    def of(key: str, code: str, numbers: Sequence[int]) -> AbsenceVerdict:
        return verdict(unknown, code, say(key, batches=_listed(numbers)), sequences=numbers)

    if isinstance(batches, FactsUnavailable):
        return replace(verdict(unknown, batches.code, *batches.sentences), detail=batches.detail)
    by_sequence = {batch.sequence: batch for batch in batches}
    if _contradict(batches, by_sequence, issuer, sequence, as_of):
        return verdict(unknown, AbsenceCode.FACTS_CONTRADICT, say("absence.contradicts"))
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
        said = say("absence.present", issuer=issuer, batches=_listed(present))
        return verdict(Absence.PRESENT, AbsenceCode.PRESENT, said, sequences=present)
    if refused:
        return of("absence.refused", AbsenceCode.PROOF_REFUSED, refused)
    unread = [number for number in range(1, sequence + 1) if number not in by_sequence]
    if unread:
        return of("absence.unasked", AbsenceCode.BATCH_MISSING, unread)
    if without:
        return of("absence.noProof", AbsenceCode.PROOF_MISSING, without)
    if unstated:
        return of("absence.unstated", AbsenceCode.COUNT_UNSTATED, unstated)
    if unsorted:
        return of("absence.unsorted", AbsenceCode.TREE_UNSORTED, unsorted)
    if unchecked:
        return of("absence.unchecked", AbsenceCode.TREE_UNCHECKED, unchecked)
    if age is not None and age.freshness is Freshness.STALE:
        return verdict(unknown, AbsenceCode(age.code), say("absence.sinceUnknown"), *age.said)
    late = age.said if age is not None and age.freshness is not Freshness.FRESH else ()
    up_to: dict[str, Value] = {"issuer": issuer, "block": as_of.number, "when": as_of.timestamp}
    if unattested:
        said = say("absence.ifSorted", count=sequence, batches=_listed(unattested), **up_to)
        return verdict(unknown, AbsenceCode.ABSENT_IF_SORTED, said, *late, sequences=unattested)
    if not sequence:
        return verdict(Absence.ABSENT, AbsenceCode.NO_BATCHES, say("absence.nothingAnchored", **up_to), *late)
    return verdict(Absence.ABSENT, AbsenceCode.ABSENT, say("absence.absent", count=sequence, **up_to), *late)


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


def _listed(numbers: Sequence[int]) -> Said:
    """`batch 3`, `batches 3, 4`, or the first ten and how many more."""
    told: Value = listed(numbers[:_SHOWN])
    if len(numbers) > _SHOWN:
        told = say("list.more", items=told, count=len(numbers) - _SHOWN)
    return say("absence.batches", count=len(numbers), numbers=told)


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
