"""Verifying credentials one after another: their receipts found, the chain asked, the verdict of `registry.verify`.

The command line and the service verify by this one class; each says which anchors of a digest it knows of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final, Protocol

from registry.anchors import AnchorPlace
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import editions
from registry.chain.heads import Clock, utc_now
from registry.chain_names import chain_name
from registry.credential.digest import DEFAULT_LIMITS, Digest, Limits, digest_given
from registry.document.foreign import Foreign
from registry.document.reading import Reading, digest_only, read_document
from registry.document.signatures import DidDocuments
from registry.document.submitted import ReadItem
from registry.errors import ProofError, ReceiptError, RegistryError
from registry.language.said import say
from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.merkle.proof import check_inclusion
from registry.receipt.model import Receipt
from registry.recognition.ledger import Ledger
from registry.verifier.facts import FactsReader, OtherAnchor
from registry.verifier.foreign import receipt_of
from registry.verifier.offline import EvidenceReader
from registry.verifier.registers import Snapshots, SnapshotsAtHand, registers_at_hand
from registry.verify.chain_words import said_chain
from registry.verify.checks import (
    ChainFacts,
    Code,
    FactsUnavailable,
    Trust,
    Verdict,
    believed_numbers,
    other_chain,
    verify,
)
from registry.verify.freshness import DEFAULT_LATE_SECONDS
from registry.verify.policy import Policy
from registry.verify.receipts import MOST_JUDGED, Judged, decided
from registry.verify.registers import AtHand
from registry.verify.status_lists import Listed, StatusLists, listed_statuses

# A chain that did not answer so often in a row is not waited for again: a folder has thousands of credentials.
MOST_SILENCES: Final = 3
MOST_KNOWN: Final = 8
"""Anchors known here of which the verdict is formed."""
MOST_EXPECTED: Final = 8
"""Digests of one credential that are asked about together with those of others."""

_NO_LEDGER: Final = FactsUnavailable.saying("no-evidence", say("chain.noLedger"), say("chain.useEndpoint"))

_NO_REGISTERS: Final = FactsUnavailable.saying("no-evidence", say("register.noEvidence"), say("chain.useEndpoint"))


@dataclass(frozen=True, slots=True)
class KnownAnchor:
    """An anchor of a digest that is known without asking the chain.

    Attributes:
        leaf_count: of the tree that it is proved in.
        receipt: makes the receipt for it.
    """

    issuer: int
    root: bytes
    leaf_index: int
    leaf_count: int
    receipt: Callable[[], Receipt]


class KnownAnchors(Protocol):
    """Where anchors of a digest are looked up: a data folder, or the index of the service."""

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        """All that are known, oldest first; by one issuer where given.

        Raises:
            RegistryError: they cannot be looked up now.
        """

    def searched(self, issuer: int) -> Collection[bytes]:
        """The roots of the issuer's batches on chain in which `of` finds a digest that they hold.

        Raises:
            RegistryError: that is not known now.
        """


class Verifier:
    """Verifies the credentials of one run or request, all as of one block.

    Args:
        contract: the contract to ask, or why it cannot be asked; or a reader of the evidence in receipts.
        chain: CAIP-2 name of its chain; None when it is not known.
        known: anchors that are known here.
        trust: parties the verifier believes.
        now: the moment to judge dates by.
        issuer: receipts are looked for among this party's anchors alone; None for those of any.
        limits: for JSON documents.
        policy: of the verifier; with bodies, accreditations are checked, too.
        ledger: reads the accreditations; default: from the chain.
        finality_depth: blocks that count as final on a chain without a `finalized` tag.
        head_age_seconds: the setting by which the newest block is late.
        clock: the real time, by which the age of the newest block is judged, whatever `now` is.
        quorum: how many endpoints have to name the block against which all facts are then proved; None to believe the
            endpoint that answers.
        documents: where keys of signers are looked up; None to know those alone that a document itself says.
        lists: where status lists are looked up; None to read none. It needs `documents`.
        snapshots: where those of registers are that the policy names.
        here: the verifier's country, whose levels are told; "": the jurisdiction of the policy.
        levels: level maps, asked for where a credential states a level.
    """

    def __init__(
        self,
        contract: CredentialRegistry | EvidenceReader | FactsUnavailable,
        *,
        chain: str | None,
        known: KnownAnchors,
        trust: Trust,
        now: datetime,
        issuer: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        policy: Policy | None = None,
        ledger: Callable[[], Ledger] | None = None,
        finality_depth: int | None = None,
        head_age_seconds: float = DEFAULT_LATE_SECONDS,
        clock: Clock = utc_now,
        quorum: int | None = None,
        documents: DidDocuments | None = None,
        lists: StatusLists | None = None,
        snapshots: Snapshots | None = None,
        here: str = "",
        levels: Callable[[], LevelMaps] = bundled_maps,
    ):
        self._documents = documents
        self._levels = levels
        self._place = here
        self._lists = lists
        self._contract = contract
        self._reader: FactsReader | EvidenceReader | FactsUnavailable
        self._chain = chain
        self._here: tuple[str, str] | None = None
        if isinstance(contract, EvidenceReader | FactsUnavailable):
            self._reader = contract
        else:
            self._reader = FactsReader(
                contract,
                finality_depth=finality_depth,
                head_age_seconds=head_age_seconds,
                clock=clock,
                quorum=quorum,
            )
        if chain is not None and not isinstance(contract, FactsUnavailable):
            self._here = (chain, contract.address.lower())
        self._first_reader = self._reader
        self._known = known
        self._trust = trust
        self._now = now
        self._issuer = issuer
        self._limits = limits
        self._policy = policy
        self._read_ledger = ledger
        self._snapshots = snapshots or SnapshotsAtHand()
        self._silences = 0
        self._searched: dict[int, Collection[bytes]] = {}

    @property
    def asked(self) -> int:
        """How many questions the chain was asked for all verdicts so far."""
        return self._first_reader.asked if isinstance(self._first_reader, FactsReader) else 0

    def verify_bytes(self, document: bytes, name: str, receipt: Receipt | ReceiptError | None = None) -> Verdict:
        """The verdict on a document or file.

        Args:
            name: of the file; its ending tells JSON from other files.
            receipt: this one alone; default: the best of those inside the document and of the anchors that are known
                here. The error of one that is there and cannot be read makes the verdict say so.

        Raises:
            RegistryError: known anchors cannot be looked up.
        """
        return self.verify_reading(read_document(document, name, self._limits), receipt)

    def verify_reading(
        self, reading: Reading, receipt: Receipt | ReceiptError | None = None, beside: Sequence[Receipt] = ()
    ) -> Verdict:
        """The verdict on a document that was read before; as `verify_bytes`.

        Args:
            beside: receipts that were found near the document, judged with those inside it.
        """
        reading = reading if self._documents is None else reading.signed_by(self._documents)
        listed = self._listed(reading)
        receipts: list[Receipt | ReceiptError] = [] if receipt is None else [receipt]
        if receipt is None:
            receipts += [*self._embedded(reading), *beside[:MOST_JUDGED], *self._known_receipts(reading, beside)]
        if not receipts and reading.foreign is not None:
            reading = self._looked_up(reading, reading.foreign, receipts)
        if not receipts:
            return self._verdict(reading, reading.name, None, listed=listed)
        judged = [Judged(each, self._verdict(reading, reading.name, each, receipts, listed)) for each in receipts]
        return decided(judged, [digest.value for digest in reading.own], self._issuer)

    def verify_digest(self, text: str, receipt: Receipt | ReceiptError | None = None) -> Verdict:
        """The verdict on a digest that the issuer's own system made; there is no document to look at.

        Raises:
            CredentialError: it is not a digest.
            RegistryError: known anchors cannot be looked up.
        """
        return self.verify_reading(digest_only(digest_given(text), text), receipt)

    def verify_receipt(self, receipt: Receipt, name: str) -> Verdict:
        """The verdict on a receipt without its document: what it says is checked, the document could not be."""
        return self._verdict(None, name, receipt)

    def expect(self, items: Iterable[ReadItem]) -> None:
        """What will be verified next: what was said of many credentials is then asked for in one question."""
        if isinstance(self._first_reader, FactsReader):
            self._first_reader.expect(digest for item in items for digest in _asked_about(item))

    def verify_item(self, item: ReadItem, beside: Sequence[Receipt] = ()) -> Verdict:
        """The verdict on a document, on a document with its receipt, or on a receipt alone; as `verify_reading`."""
        if item.reading is not None:
            return self.verify_reading(item.reading, item.receipt, beside)
        if item.receipt is None:
            raise ValueError("neither a document nor a receipt")
        return self.verify_receipt(item.receipt, item.name)

    def facts(self, receipt: Receipt, beside: Sequence[Receipt] = ()) -> ChainFacts | FactsUnavailable:
        """What the chain says about the receipt's leaf, and about all other anchors of the digest that are known.

        Args:
            beside: other receipts that came with it.
        """
        if self._chain is not None:
            contract = None if isinstance(self._contract, FactsUnavailable) else self._contract.address
            is_asked = not isinstance(self._contract, EvidenceReader)
            if (elsewhere := other_chain(receipt.anchor, self._chain, contract, is_asked=is_asked)) is not None:
                return self._of_other_edition(receipt) or elsewhere
        issuer, root = receipt.anchor.issuer, receipt.root
        try:
            others = self._others(receipt, beside)
            searched = self._searched_of(issuer)
        except RegistryError as error:
            return unavailable(error)
        facts = self._asked(receipt, others, beside)
        if isinstance(facts, FactsUnavailable) and facts.code == Code.CHAIN_NOT_ASKED:
            return replace(facts, what=f"The receipt is of {chain_name(receipt.anchor.chain)}. {facts.what}")
        if isinstance(facts, FactsUnavailable) or facts.batch is None or facts.party is None:
            return facts
        looked_at = {root, *searched, *(each.place.root for each in facts.others)}
        return replace(facts, not_looked_at=max(0, facts.party.sequence - len(looked_at)))

    def _of_other_edition(self, receipt: Receipt) -> FactsUnavailable | None:
        """That a receipt is of this chain's registry of another edition; None where it is not.

        Its numbers are other parties, so it is not asked unbidden: somebody else may have the number of one that is
        trusted. That it may be asked can be said of it: at its address there is nothing but what its code stored.
        """
        contract = receipt.anchor.contract
        edition = next((each for each in editions() if each.address.lower() == contract), None)
        if edition is None or receipt.anchor.chain != self._chain:
            return None
        key = "chain.editionMeant" if isinstance(self._contract, EvidenceReader) else "chain.editionAsked"
        return FactsUnavailable.saying(
            Code.OTHER_CHAIN,
            say(key, edition=edition.number, chain=said_chain(receipt.anchor.chain)),
            say("chain.useEdition", contract=edition.address),
        )

    def _others(self, receipt: Receipt, beside: Sequence[Receipt]) -> list[OtherAnchor]:
        """The same issuer's other anchors of the digest: those known here, and those that other receipts prove."""
        digest, issuer = Digest(receipt.digest.method, receipt.digest_value), receipt.anchor.issuer
        found = {
            anchor.root: OtherAnchor(AnchorPlace(anchor.root, anchor.leaf_index), anchor.leaf_count)
            for anchor in self._known.of(digest, issuer)
        }
        for other in beside:
            if other.anchor.issuer == issuer and other.digest_value == digest.value and self._is_here(other):
                with suppress(ProofError):
                    check_inclusion(digest.value, other.root, other.inclusion_proof)
                    place = AnchorPlace(other.root, other.inclusion.leaf_index)
                    found.setdefault(other.root, OtherAnchor(place, other.inclusion.leaf_count))
        found.pop(receipt.root, None)
        return list(found.values())

    def _searched_of(self, issuer: int) -> Collection[bytes]:
        if issuer not in self._searched:
            self._searched[issuer] = self._known.searched(issuer)
        return self._searched[issuer]

    def _asked(
        self, receipt: Receipt, others: Sequence[OtherAnchor], beside: Sequence[Receipt]
    ) -> ChainFacts | FactsUnavailable:
        if isinstance(self._reader, FactsUnavailable):
            return self._reader
        if isinstance(self._reader, EvidenceReader):
            return self._reader.facts(receipt, beside)
        facts = self._reader.facts(
            receipt.anchor.issuer, receipt.root, receipt.inclusion.leaf_index, receipt.digest_value, others
        )
        if not isinstance(facts, FactsUnavailable):
            self._silences = 0
            return facts
        self._silences += 1
        if self._silences >= MOST_SILENCES:
            self._reader = facts
        return facts

    def _verdict(
        self,
        reading: Reading | None,
        name: str,
        receipt: Receipt | ReceiptError | None,
        beside: Sequence[Receipt | ReceiptError] = (),
        listed: Sequence[Listed] | None = None,
    ) -> Verdict:
        others = [each for each in beside if isinstance(each, Receipt)]
        return verify(
            reading,
            name,
            receipt,
            self.facts(receipt, others) if isinstance(receipt, Receipt) else None,
            now=self._now,
            trust=self._trust,
            limits=self._limits,
            policy=self._policy,
            ledger=self._ledger,
            listed=listed,
            registers=self._registers,
            levels=self._levels,
            here=self._place,
        )

    def _listed(self, reading: Reading) -> Sequence[Listed] | None:
        """What the status lists say that a document names; None where they are not asked."""
        if self._lists is None or self._documents is None:
            return None
        return listed_statuses(reading, self._lists, self._documents, self._now)

    @cached_property
    def _ledger(self) -> Ledger | FactsUnavailable | None:
        """The accreditations of the contract, read once; None when the policy does not ask for them."""
        if self._policy is None or not self._policy.bodies:
            return None
        try:
            if self._read_ledger is not None:
                return self._read_ledger()
            reader = self._first_reader
            if isinstance(reader, EvidenceReader):
                return _NO_LEDGER
            return reader if isinstance(reader, FactsUnavailable) else reader.ledger(self._policy.trusted_bodies)
        except RegistryError as error:
            return FactsUnavailable.of(error)

    @cached_property
    def _registers(self) -> Sequence[AtHand] | FactsUnavailable | None:
        """The registers of the policy, read once; None when it names none."""
        if self._policy is None or not self._policy.registers:
            return None
        reader = self._first_reader
        if isinstance(reader, EvidenceReader) or isinstance(self._contract, EvidenceReader | FactsUnavailable):
            # What a receipt brings along says nothing of batches of others.
            return reader if isinstance(reader, FactsUnavailable) else _NO_REGISTERS
        if isinstance(reader, FactsUnavailable):
            return reader
        return registers_at_hand(self._policy, self._snapshots, reader, self._contract.address)

    def _embedded(self, reading: Reading) -> list[Receipt | ReceiptError]:
        """The receipts inside the document: those for the chain that is asked first, what cannot be read last."""
        receipts = [each.read for each in reading.receipts if isinstance(each.read, Receipt)]
        errors = [each.read for each in reading.receipts if isinstance(each.read, ReceiptError)]
        receipts.sort(key=lambda receipt: not self._is_here(receipt))
        if len(receipts) > MOST_JUDGED:
            errors.append(
                ReceiptError(
                    f"the document holds {len(receipts)} receipts; the first {MOST_JUDGED} were judged",
                    where=reading.name,
                    remedy="Remove those that are not needed.",
                    code="too-many",
                )
            )
        return [*receipts[:MOST_JUDGED], *errors]

    def _looked_up(self, reading: Reading, foreign: Foreign, receipts: list[Receipt | ReceiptError]) -> Reading:
        """The reading of a document of others; the receipt that its proof comes to here is added to `receipts`."""
        if not isinstance(self._contract, CredentialRegistry) or self._chain is None:
            return reading
        found = receipt_of(foreign, self._contract, self._chain)
        if isinstance(found, Receipt):
            receipts.append(found)
            return reading
        return replace(reading, foreign=found)

    def _is_here(self, receipt: Receipt) -> bool:
        """Whether the receipt is about the chain that is asked; a credential may be anchored on several."""
        return self._here is None or (receipt.anchor.chain, receipt.anchor.contract) == self._here

    def _known_receipts(self, reading: Reading, beside: Sequence[Receipt]) -> list[Receipt]:
        """Of the anchors that are known here, of the document or of what it holds, and that no receipt came for.

        Anybody may anchor a digest, any number of times: those of trusted parties come first, and only the oldest are
        taken.
        """
        inside = (each.read for each in reading.receipts if isinstance(each.read, Receipt))
        brought = {(each.anchor.issuer, each.root) for each in (*inside, *beside)}
        trusted = believed_numbers(self._trust, self._policy, self._chain)
        found = [
            anchor
            for digest in reading.digests
            for anchor in self._known.of(digest, self._issuer)
            if (anchor.issuer, anchor.root) not in brought
        ]
        found.sort(key=lambda anchor: anchor.issuer not in trusted)
        return [anchor.receipt() for anchor in found[:MOST_KNOWN]]


def _asked_about(item: ReadItem) -> Iterator[bytes]:
    """The digests of a credential of which the chain will be asked what was said, as far as that can be told now."""
    brought = [] if item.receipt is None else [item.receipt]
    if item.reading is not None and not brought:
        brought = [each.read for each in item.reading.receipts if isinstance(each.read, Receipt)]
    values = [receipt.digest_value for receipt in brought]
    if item.reading is not None and not brought:
        values = [digest.value for digest in item.reading.digests]
    yield from values[:MOST_EXPECTED]


def unavailable(error: RegistryError) -> FactsUnavailable:
    """An error on the way to the chain, as the reason that its facts are missing."""
    return FactsUnavailable.of(error)
