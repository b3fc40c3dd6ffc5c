"""What a file proves that says an issuer never anchored a digest, to whoever knows that a block is one of the chain.

That a batch is one of the issuer's, with its number and its leaf count, follows from the slot that its root leads to,
so a root that was made up proves only that it was never anchored. How many there are is in the issuer's own slot, so
none can be left out. What is left to trust is that the leaves of each batch ascend.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition, edition_by_hash
from registry.chain.layout import slots_of
from registry.chain.rpc.client import Block
from registry.chain.rpc.hexadecimal import address_bytes
from registry.chain_names import chain_id_of
from registry.errors import EvidenceError, RegistryError
from registry.language.said import listed, say
from registry.proofs.evidence import Evidence, Proved
from registry.records import Batch, BlockRef
from registry.timestamps import from_unix
from registry.untrusted.text import marked
from registry.verifier.gathering import within
from registry.verifier.grounds import ByEndpoints, Grounds
from registry.verifier.proved import ProvedAccount
from registry.verifier.stored import StoredRegistry
from registry.verify.absence import Absence, AbsenceVerdict, TreeCheck, verify_absence
from registry.verify.absence_file import AbsenceFile, check_bounds
from registry.verify.attestation import Auditor
from registry.verify.freshness import HeadAge
from registry.verify.verdict import Basis, Code, FactsUnavailable

_NO_BLOCK: Final = BlockRef(0, bytes(32), from_unix(0))


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a contract stores of an issuer's batches, with the evidence of it.

    Attributes:
        sequence: how many batches it has anchored.
        batches: those of the roots that were asked for that it has anchored, by their numbers.
    """

    evidence: Evidence
    sequence: int
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a file proves of the chain.

    Attributes:
        attested: names of the auditors who say that the leaves of a batch ascend, by its root.
    """

    as_of: BlockRef
    basis: Basis
    sequence: int
    batches: tuple[Batch, ...]
    attested: Mapping[bytes, frozenset[str]]


def answers_of(
    file: AbsenceFile,
    grounds: Grounds,
    *,
    auditors: Sequence[Auditor] = (),
    registries: Collection[str],
    checks: Mapping[bytes, TreeCheck] | None = None,
    age: HeadAge | None = None,
) -> tuple[AbsenceVerdict, ...]:
    """The answer for each digest of a file, in their order; one that proves nothing is an answer, too, not an error.

    Args:
        grounds: who says that its block is one of the chain.
        auditors: whose word on the order of leaves is believed.
        registries: contracts that are asked: numbers of parties of another one are other parties.
        checks: by root; what is known of the leaves by whoever has them here.
        age: what the age of the newest block comes to, where it was judged.
    """
    try:
        facts = _facts(file, grounds, auditors, registries)
    except RegistryError as error:
        told = FactsUnavailable.of(error)
        return tuple(
            verify_absence(digest, file.issuer, {}, told, checks={}, sequence=0, as_of=_NO_BLOCK)
            for digest in file.digests
        )
    known = {root: TreeCheck.SORTED if by else TreeCheck.UNATTESTED for root, by in facts.attested.items()}
    return tuple(
        _with_auditors(
            verify_absence(
                digest,
                file.issuer,
                file.proofs_of(digest),
                facts.batches,
                checks=known | dict(checks or {}),
                sequence=facts.sequence,
                as_of=facts.as_of,
                age=age,
                basis=facts.basis,
            ),
            facts,
            here=checks or {},
        )
        for digest in file.digests
    )


def gather_batches(
    contract: CredentialRegistry, chain_id: int, issuer: int, roots: Sequence[bytes], block: Block
) -> Gathered:
    """What the contract stores in a block of an issuer and its batches, for a file.

    Args:
        roots: of batches that it may have anchored.
        block: whose hash is believed.

    Raises:
        EvidenceError: code `absence-size`: it has more batches than one file has; `unknown-party`: there is no such
            party in that block.
        ChainUnavailable, WrongChain: as `ProvedAccount.values`; the endpoint's own where it does not keep a state that
            old, or does not answer `eth_getProof`.
    """
    check_bounds(1, len(roots), 0)
    account = ProvedAccount.of_registry(contract, chain_id, block)
    stored = StoredRegistry(slots_of(contract.edition), account.values)
    # Many in a request.
    account.values(_slots(stored, issuer, roots))
    try:
        sequence = stored.sequence(issuer)
        found = [stored.batch(issuer, root) for root in roots]
    except EvidenceError as error:
        raise account.unproved(error.what) from None
    if sequence is None:
        raise _no_party(issuer, block.number)
    batches = sorted((batch for batch in found if batch is not None), key=lambda batch: batch.sequence)
    evidence = account.evidence.of(_slots(stored, issuer, [batch.root for batch in batches]))
    return Gathered(evidence, sequence, tuple(batches))


def _facts(file: AbsenceFile, grounds: Grounds, auditors: Sequence[Auditor], registries: Collection[str]) -> _Facts:
    if file.contract not in {each.lower() for each in registries} or file.evidence.address != address_bytes(
        file.contract
    ):
        raise EvidenceError(
            f"it is about the contract {file.contract}, and not about one that is believed here",
            remedy="Set the setting contract to the registry's address, if it is the one that you mean.",
            code="other-contract",
        )
    if (chain := grounds.chain) != file.chain:
        is_asked = isinstance(grounds, ByEndpoints)
        raise EvidenceError(
            f"it is about the chain {file.chain}, and {chain} was asked"
            if is_asked
            else f"it is about the chain {file.chain}; the verifier means {chain} (setting chain or policy)",
            remedy="Name an endpoint of its chain with --chain."
            if is_asked
            else f"If you mean its chain, say so: --chain {file.chain}, or chain in the policy.",
            code=Code.OTHER_CHAIN,
        )
    proved = file.evidence.proved_of_its_block()
    stored = StoredRegistry(slots_of(_edition(proved, file)), within(proved.values))
    roots = [each.root for each in file.batches]
    if set(_slots(stored, file.issuer, roots)) != file.evidence.slots.keys():
        raise EvidenceError(
            "the evidence is about other slots than the issuer's and its batches'", code="evidence-missing"
        )
    sequence = stored.sequence(file.issuer)
    if sequence is None:
        raise _no_party(file.issuer, proved.header.number)
    found = (stored.batch(file.issuer, root) for root in roots)
    batches = tuple(batch for batch in found if batch is not None)
    attested = _attested(file, batches, auditors)
    # Last: nobody is asked about what proves nothing.
    basis = grounds.basis_of(file.evidence.header)
    return _Facts(proved.header.reference, basis, sequence, batches, attested)


def _edition(proved: Proved, file: AbsenceFile) -> Edition:
    """Of which edition the contract's code is, by its hash alone."""
    if (found := edition_by_hash(proved.account.code_hash, chain_id_of(file.chain), file.contract)) is None:
        raise EvidenceError(f"the code at {file.contract} is not this program's contract", code="wrong-code")
    return found


def _slots(stored: StoredRegistry, issuer: int, roots: Sequence[bytes]) -> list[bytes]:
    return [*stored.slots_of_sequence(issuer), *(stored.slots.batch(issuer, root) for root in roots)]


def _attested(file: AbsenceFile, batches: Sequence[Batch], auditors: Sequence[Auditor]) -> dict[bytes, frozenset[str]]:
    """Who says of each batch that its leaves ascend; what is said of another issuer's is passed over."""
    found: dict[bytes, frozenset[str]] = {batch.root: frozenset() for batch in batches}
    about = (file.chain, file.contract, file.issuer)
    for each in file.attestations:
        said = each.attestation
        if (said.chain, said.contract, said.issuer) != about:
            continue
        names = frozenset(each.by(auditors))
        for batch in batches:
            if said.leaf_counts.get(batch.root) == batch.leaf_count:
                found[batch.root] |= names
    return found


def _with_auditors(verdict: AbsenceVerdict, facts: _Facts, here: Mapping[bytes, TreeCheck]) -> AbsenceVerdict:
    """The answer with whose word it rests on that leaves ascend."""
    names = sorted({name for root, by in facts.attested.items() if root not in here for name in by})
    if verdict.outcome is not Absence.ABSENT or not names:
        return verdict
    attested = say("absence.attested", by=listed(map(marked, names)))
    return replace(verdict, said=(*verdict.said, attested))


def _no_party(issuer: int, block: int) -> EvidenceError:
    return EvidenceError(f"there is no party {issuer} in block {block}", code="unknown-party")
