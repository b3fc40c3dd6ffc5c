"""What the chain says about one credential, out of the evidence in its receipt; nobody is asked.

It is as of the block of the evidence, which somebody who is believed has to have named. Of what was said since it
knows nothing, and its age says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from registry.anchors import AnchorPlace, AnchorState
from registry.chain.editions import Edition, editions
from registry.chain.heads import Clock, utc_now
from registry.chain.layout import slots_of
from registry.chain.rpc.hexadecimal import to_hex
from registry.errors import EvidenceError, ProofError
from registry.merkle.proof import check_inclusion
from registry.proofs.evidence import Evidence, Proved
from registry.proofs.header import read_header
from registry.receipt.model import Receipt
from registry.records import NOTHING_SAID, WORD_BITS, BlockRef, Purpose
from registry.verifier.gathering import within
from registry.verifier.grounds import Grounds
from registry.verifier.stored import StoredRegistry
from registry.verify.freshness import DEFAULT_EVIDENCE_DAYS, evidence_age
from registry.verify.verdict import REPLACEMENT_UNKNOWN, Basis, ChainFacts, FactsUnavailable

_NO_EVIDENCE: Final = FactsUnavailable(
    "no-evidence",
    "The receipt has no evidence of what the chain says of the credential, and no endpoint was asked.",
    "Ask the issuer or its lookup service for a receipt with evidence, or verify with an endpoint of the chain.",
)
_REPLACEMENT_UNKNOWN: Final = FactsUnavailable(
    REPLACEMENT_UNKNOWN,
    "Another anchor of the credential is withdrawn, and whether this one replaces it is in no evidence.",
    "Verify with an endpoint of the chain.",
)


class EvidenceReader:
    """Answers about credentials by the evidence in their receipts.

    Args:
        address: of the contract that receipts have to be of.
        grounds: who says that a block is one of the chain.
        most_days: age of evidence by which a status still counts.
        clock: the real time.
    """

    def __init__(
        self, address: str, grounds: Grounds, *, most_days: float = DEFAULT_EVIDENCE_DAYS, clock: Clock = utc_now
    ):
        self.address, self.chain = address, grounds.chain
        self._grounds, self._most_days, self._clock = grounds, most_days, clock
        # Seals take a while to check, and many receipts are about one block.
        self._bases: dict[bytes, Basis] = {}

    def facts(self, receipt: Receipt, beside: Iterable[Receipt] = ()) -> ChainFacts | FactsUnavailable:
        """The facts about the receipt's leaf, as of the block of its evidence.

        Args:
            beside: other receipts that came with it: what their evidence says of the same credential counts, too.
        """
        if receipt.evidence is None:
            return _NO_EVIDENCE
        try:
            facts = self._facts(receipt, receipt.evidence)
        except EvidenceError as error:
            return FactsUnavailable.of(error)
        others = tuple(self._others(receipt, beside))
        if any(each.revoked or each.voided or each.suspended for each in others):
            return _REPLACEMENT_UNKNOWN
        return replace(facts, others=others)

    def _facts(self, receipt: Receipt, evidence: Evidence) -> ChainFacts:
        basis = self._basis(evidence.header)
        proved = evidence.proved(read_header(evidence.header).hash)
        edition = self._edition(proved, evidence)
        stored = StoredRegistry(slots_of(edition), within(proved.values))
        issuer, root, leaf_index = receipt.anchor.issuer, receipt.root, receipt.inclusion.leaf_index
        batch, party = stored.batch(issuer, root), stored.party(issuer)
        status = dict.fromkeys(Purpose, False)
        if batch is not None and leaf_index < batch.leaf_count:
            word, bit = divmod(leaf_index, WORD_BITS)
            for purpose in Purpose:
                (bits,) = stored.status_words(issuer, root, purpose, [word])
                status[purpose] = bool(bits >> bit & 1)
        header = proved.header
        (said,) = stored.digest_statuses(issuer, [receipt.digest_value])
        return ChainFacts(
            chain=self.chain,
            contract=self.address,
            as_of=BlockRef(header.number, header.hash, header.timestamp),
            party=party,
            batch=batch,
            # What witnesses and validators name cannot be undone.
            final=batch is not None,
            # A voided batch says itself that all of it is revoked, with its own reason.
            revoked=status[Purpose.REVOCATION] and not (batch is not None and batch.is_void),
            suspended=status[Purpose.SUSPENSION],
            by_digest=said if edition.has_digest_statuses else None,
            head_age=evidence_age(header.timestamp, self._clock(), self._most_days),
            contract_proved=self.address == edition.address,
            basis=basis,
        )

    def _others(self, receipt: Receipt, beside: Iterable[Receipt]) -> Iterator[AnchorState]:
        """What became of the issuer's other anchors of the digest, as far as evidence of them came along."""
        seen = {receipt.root}
        for other in beside:
            same = (other.anchor.chain, other.anchor.contract, other.anchor.issuer, other.digest_value)
            own = (receipt.anchor.chain, receipt.anchor.contract, receipt.anchor.issuer, receipt.digest_value)
            if other.evidence is None or same != own or other.root in seen:
                continue
            try:
                check_inclusion(other.digest_value, other.root, other.inclusion_proof)
                facts = self._facts(other, other.evidence)
            except (ProofError, EvidenceError):
                continue
            if facts.batch is None or facts.batch.leaf_count not in (0, other.inclusion.leaf_count):
                continue
            seen.add(other.root)
            yield AnchorState(
                receipt.anchor.issuer,
                AnchorPlace(other.root, other.inclusion.leaf_index),
                revoked=facts.revoked,
                suspended=facts.suspended,
                voided=facts.batch.is_void,
                by_digest=facts.by_digest or NOTHING_SAID,
            )

    def _basis(self, header: bytes) -> Basis:
        if header not in self._bases:
            self._bases[header] = self._grounds.basis_of(header)
        return self._bases[header]

    def _edition(self, proved: Proved, evidence: Evidence) -> Edition:
        """Whose code is at the address; that tells of which chain it is, too."""
        if to_hex(evidence.address) != self.address.lower():
            raise EvidenceError("the evidence is about another contract", code="other-contract")
        chain_id = int(self.chain.removeprefix("eip155:"))
        for edition in editions():
            if proved.account.code_hash == edition.code_hash(chain_id, self.address):
                return edition
        raise EvidenceError(
            f"the code at {self.address} in block {proved.header.number} is not this program's contract",
            code="wrong-code",
        )
