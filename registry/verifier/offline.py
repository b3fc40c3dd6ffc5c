"""What the chain says about one credential, out of the evidence in its receipt; nobody is asked.

It is as of the block of the evidence, which somebody who is believed has to have named. Of what was said since it
knows nothing, and its age says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from registry.anchors import AnchorPlace, AnchorState
from registry.chain.editions import Edition, edition_by_hash
from registry.chain.heads import Clock, utc_now
from registry.chain.layout import slots_of
from registry.chain.rpc.hexadecimal import to_hex
from registry.chain_names import chain_id_of
from registry.errors import EvidenceError, ProofError
from registry.language.said import say
from registry.merkle.proof import check_inclusion
from registry.proofs.evidence import Evidence, Proved
from registry.receipt.model import Receipt
from registry.records import NOTHING_SAID, WORD_BITS, Purpose
from registry.verifier.gathering import within
from registry.verifier.grounds import Grounds
from registry.verifier.stored import StoredRegistry
from registry.verify.freshness import DEFAULT_EVIDENCE_DAYS, evidence_age
from registry.verify.verdict import REPLACEMENT_UNKNOWN, Basis, ChainFacts, FactsUnavailable

_NO_EVIDENCE: Final = FactsUnavailable.saying("no-evidence", say("chain.noEvidence"), say("chain.newerEvidenceDo"))
_REPLACEMENT_UNKNOWN: Final = FactsUnavailable.saying(
    REPLACEMENT_UNKNOWN, say("chain.replacementUnknown"), say("chain.useEndpoint")
)
_CHANGED: Final = FactsUnavailable.saying(
    "evidence-differs", say("chain.evidenceDiffers"), say("chain.newerOrEndpoint")
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
        self._bases: dict[bytes, Basis | EvidenceError] = {}

    def facts(self, receipt: Receipt, beside: Iterable[Receipt] = ()) -> ChainFacts | FactsUnavailable:
        """The facts about the receipt's leaf, as of the block of the newest evidence of it.

        Args:
            beside: other receipts that came with it. What their evidence says of the same credential counts, too: an
                older one must not hide what a newer one says.
        """
        if receipt.evidence is None:
            return _NO_EVIDENCE
        try:
            found = [self._facts(receipt, receipt.evidence)]
        except EvidenceError as error:
            return FactsUnavailable.of(error)
        found += self._of_others(receipt, beside)
        newest = max(found, key=_height)
        by_place: dict[AnchorPlace, _Found] = {}
        for each in sorted(found, key=_height):
            by_place[each.place] = each
        own = by_place.pop(found[0].place)
        said = newest.facts.by_digest or NOTHING_SAID
        if said.is_revoked or said.is_suspended:
            # It is so in every batch, as of the newest block; what was anchored before is there still.
            told = newest.facts
            return replace(own.facts, by_digest=said, as_of=told.as_of, head_age=told.head_age, basis=told.basis)
        if (own.facts.by_digest or NOTHING_SAID) != said:
            return _CHANGED
        others = tuple(each.state for each in by_place.values() if each.facts.batch is not None)
        if any(each.revoked or each.voided or each.suspended for each in others):
            return _REPLACEMENT_UNKNOWN
        return replace(own.facts, others=others)

    def _of_others(self, receipt: Receipt, beside: Iterable[Receipt]) -> Iterator[_Found]:
        """What is proved of the same issuer's same credential by evidence that came along and is believed."""
        for other in beside:
            same = (other.anchor.chain, other.anchor.contract, other.anchor.issuer, other.digest_value)
            own = (receipt.anchor.chain, receipt.anchor.contract, receipt.anchor.issuer, receipt.digest_value)
            if other is receipt or other.evidence is None or same != own:
                continue
            try:
                check_inclusion(other.digest_value, other.root, other.inclusion_proof)
                found = self._facts(other, other.evidence)
            except (ProofError, EvidenceError):
                continue
            batch = found.facts.batch
            # Anyone may anchor a root with another count; a proof holds for one count only.
            if batch is None or batch.leaf_count in (0, other.inclusion.leaf_count):
                yield found

    def _facts(self, receipt: Receipt, evidence: Evidence) -> _Found:
        if to_hex(evidence.address) != self.address.lower():
            raise EvidenceError("the evidence is about another contract", code="other-contract")
        proved = evidence.proved_of_its_block()
        edition = self._edition(proved)
        stored = StoredRegistry(slots_of(edition), within(proved.values))
        issuer, place = receipt.anchor.issuer, AnchorPlace(receipt.root, receipt.inclusion.leaf_index)
        batch, party = stored.batch(issuer, place.root), stored.party(issuer)
        status = dict.fromkeys(Purpose, False)
        if batch is not None and place.leaf_index < batch.leaf_count:
            word, bit = divmod(place.leaf_index, WORD_BITS)
            for purpose in Purpose:
                (bits,) = stored.status_words(issuer, place.root, purpose, [word])
                status[purpose] = bool(bits >> bit & 1)
        (said,) = stored.digest_statuses(issuer, [receipt.digest_value])
        header = proved.header
        facts = ChainFacts(
            chain=self.chain,
            contract=self.address,
            as_of=header.reference,
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
            # Last: nobody is asked about what proves nothing.
            basis=self._basis(evidence.header),
        )
        return _Found(issuer, place, facts)

    def _basis(self, header: bytes) -> Basis:
        """What a header rests on, found out once: seals take a while, and many receipts are about one block."""
        if header not in self._bases:
            try:
                self._bases[header] = self._grounds.basis_of(header)
            except EvidenceError as error:
                self._bases[header] = error
        if isinstance(found := self._bases[header], EvidenceError):
            raise found
        return found

    def _edition(self, proved: Proved) -> Edition:
        """Whose code is at the address; that tells of which chain it is, too."""
        if (found := edition_by_hash(proved.account.code_hash, chain_id_of(self.chain), self.address)) is None:
            raise EvidenceError(
                f"the code at {self.address} in block {proved.header.number} is not this program's contract",
                code="wrong-code",
            )
        return found


class _Found(NamedTuple):
    """What evidence proves of one place of a credential."""

    issuer: int
    place: AnchorPlace
    facts: ChainFacts

    @property
    def state(self) -> AnchorState:
        facts = self.facts
        return AnchorState(
            self.issuer,
            self.place,
            revoked=facts.revoked,
            suspended=facts.suspended,
            voided=facts.batch is not None and facts.batch.is_void,
        )


def _height(found: _Found) -> int:
    return found.facts.as_of.number
