"""What the index holds of one contract, and how one more event changes it: values, no database.

The rules are the contract's (`contracts/src`). An event that its rules do not allow means that one before it was not
read, or that the endpoint made it up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from registry.errors import ChainError
from registry.recognition.ledger import EVENT_NAMES, Ledger, LedgerEvent
from registry.records import BlockRef
from registry.timestamps import from_unix

REVOCATION, SUSPENSION = range(2)
WORD_BITS: Final = 256
WORD_BYTES: Final = 32
PREFIX_BYTES: Final = 8
_HALF: Final = 1 << 63
EVENTS_MISSING: Final = "events-missing"
FINALITY_VIOLATED: Final = "finality-violated"
CHAIN_DISAGREES: Final = "chain-disagrees"

# Arguments that JSON does not hold as they are: of 32 bytes, and of 256 bits.
_BYTES: Final = frozenset({"root", "replacementRoot", "profileHash", "evidenceHash"})
_WIDE: Final = frozenset({"changed"})


class Mark(NamedTuple):
    """A block that the index has seen: number, hash of 32 bytes, Unix time."""

    number: int
    hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class IndexedEvent:
    """One event of the contract.

    Attributes:
        block: that it is in.
        transaction_hash: 32 bytes.
        arguments: by the names of the ABI; enums are numbers, hashes bytes.
        party: the party, issuer or body that it is about, if it is about one; for an accreditation's change, its body.
        holder: the other party of an accreditation or recognition.
        root, accreditation: what it is about, if it is about one.
    """

    name: str
    block: Mark
    log_index: int
    transaction_hash: bytes
    arguments: Mapping[str, Any]
    party: int | None = None
    holder: int | None = None
    root: bytes | None = None
    accreditation: int | None = None


@dataclass(frozen=True, slots=True)
class IndexedParty:
    """A party as its events tell it. Times are Unix seconds, the profile hash is 32 bytes.

    Attributes:
        sequence: how many batches it has anchored.
        credentials: leaves of its batches, as far as they are stated; voided ones too.
    """

    party: int
    controller: str
    pending_controller: str | None
    registered_at: int
    retired_at: int | None
    sequence: int
    credentials: int
    profile_hash: bytes
    uri: str


@dataclass(frozen=True, slots=True)
class IndexedBatch:
    """A batch as its events tell it. Times are Unix seconds, hashes 32 bytes.

    Attributes:
        leaf_count: 0 while it is not stated.
        block: of the anchor.
        void_reason: the contract's number.
        revoked, suspended: how many of its credentials, one by one; a voided batch is revoked as a whole.
    """

    issuer: int
    sequence: int
    root: bytes
    leaf_count: int
    operator: str
    block: Mark
    log_index: int
    transaction_hash: bytes
    voided_at: int | None = None
    void_reason: int = 0
    revoked: int = 0
    suspended: int = 0

    @property
    def key(self) -> BatchKey:
        """Its name in the contract."""
        return BatchKey(self.issuer, self.root)


class BatchKey(NamedTuple):
    """What the contract knows a batch by."""

    issuer: int
    root: bytes


class WordKey(NamedTuple):
    """What the contract knows a status word by; purpose 0 is revocation, 1 suspension."""

    issuer: int
    root: bytes
    purpose: int
    word: int


@dataclass(slots=True)
class Facts:
    """Parties, batches and status words, as far as they are needed to apply some events.

    Attributes:
        words: the status bits that events set; a word that is not there is zero.
    """

    parties: dict[int, IndexedParty] = field(default_factory=dict)
    batches: dict[BatchKey, IndexedBatch] = field(default_factory=dict)
    words: dict[WordKey, int] = field(default_factory=dict)

    def apply(self, event: IndexedEvent) -> None:
        """Change what the event changes; accreditations are not part of it.

        Raises:
            ChainError: it cannot follow from what came before (code `events-missing`).
        """
        self.apply_to_party(event)
        self.apply_to_batch(event)

    def apply_to_party(self, event: IndexedEvent) -> None:
        """Change what the event changes of a party; raises as `apply` does."""
        if (change := _PARTY_CHANGES.get(event.name)) is not None:
            change(self, event)

    def apply_to_batch(self, event: IndexedEvent) -> None:
        """Change what the event changes of a batch and its status words; raises as `apply` does."""
        if (change := _BATCH_CHANGES.get(event.name)) is not None:
            change(self, event)

    # Parties

    def _registered(self, event: IndexedEvent) -> None:
        given = event.arguments
        number = given["party"]
        if number in self.parties:
            raise missing(f"party {number} was registered twice")
        self.parties[number] = IndexedParty(
            party=number,
            controller=given["controller"],
            pending_controller=None,
            registered_at=event.block.time,
            retired_at=None,
            sequence=0,
            credentials=0,
            profile_hash=given["profileHash"],
            uri=given["uri"],
        )

    def _profile(self, event: IndexedEvent) -> None:
        self._party(event, uri=event.arguments["uri"], profile_hash=event.arguments["profileHash"])

    def _offered(self, event: IndexedEvent) -> None:
        pending = event.arguments["pendingController"]
        self._party(event, pending_controller=None if int(pending, 16) == 0 else pending)

    def _controlled(self, event: IndexedEvent) -> None:
        self._party(event, controller=event.arguments["controller"], pending_controller=None)

    def _retired(self, event: IndexedEvent) -> None:
        self._party(event, retired_at=event.block.time)

    def _counted(self, event: IndexedEvent) -> None:
        party, sequence = self._party(event), event.arguments["sequence"]
        if sequence != party.sequence + 1:
            raise missing(f"issuer {party.party}: after batch {party.sequence} comes batch {sequence}")
        self._party(event, sequence=sequence, credentials=party.credentials + event.arguments["leafCount"])

    def _counted_late(self, event: IndexedEvent) -> None:
        self._party(event, credentials=self._party(event).credentials + event.arguments["leafCount"])

    def _party(self, event: IndexedEvent, **values: Any) -> IndexedParty:
        number = event.party
        if number is None or number not in self.parties:
            raise missing(f"{event.name} is about party {number}, which was not registered")
        changed = self.parties[number] = replace(self.parties[number], **values)
        return changed

    # Batches

    def _anchored(self, event: IndexedEvent) -> None:
        given = event.arguments
        key = BatchKey(given["issuer"], given["root"])
        if key in self.batches:
            raise missing(f"{_named(key)} was anchored twice")
        self.batches[key] = IndexedBatch(
            issuer=key.issuer,
            sequence=given["sequence"],
            root=key.root,
            leaf_count=given["leafCount"],
            operator=given["operator"],
            block=event.block,
            log_index=event.log_index,
            transaction_hash=event.transaction_hash,
        )

    def _stated(self, event: IndexedEvent) -> None:
        self._batch(event, leaf_count=event.arguments["leafCount"])

    def _voided(self, event: IndexedEvent) -> None:
        self._batch(event, voided_at=event.block.time, void_reason=event.arguments["reason"])

    def _set(self, event: IndexedEvent) -> None:
        self._bits(event, event.arguments["purpose"], set_bits=event.arguments["changed"])

    def _cleared(self, event: IndexedEvent) -> None:
        self._bits(event, SUSPENSION, cleared_bits=event.arguments["changed"])

    def _bits(self, event: IndexedEvent, purpose: int, *, set_bits: int = 0, cleared_bits: int = 0) -> None:
        batch = self._batch(event)
        key = WordKey(batch.issuer, batch.root, purpose, event.arguments["word"])
        before = self.words.get(key, 0)
        after = self.words[key] = (before | set_bits) & ~cleared_bits
        more = after.bit_count() - before.bit_count()
        if purpose == REVOCATION:
            self._batch(event, revoked=batch.revoked + more)
        else:
            self._batch(event, suspended=batch.suspended + more)

    def _batch(self, event: IndexedEvent, **values: Any) -> IndexedBatch:
        key = BatchKey(event.arguments["issuer"], event.arguments["root"])
        if key not in self.batches:
            raise missing(f"{event.name} is about {_named(key)}, which was not anchored")
        changed = self.batches[key] = replace(self.batches[key], **values)
        return changed


_PARTY_CHANGES: Final = {
    "PartyRegistered": Facts._registered,
    "ProfileSet": Facts._profile,
    "ControllerOffered": Facts._offered,
    "ControllerChanged": Facts._controlled,
    "PartyRetired": Facts._retired,
    "Anchored": Facts._counted,
    "LeafCountStated": Facts._counted_late,
}
_BATCH_CHANGES: Final = {
    "Anchored": Facts._anchored,
    "LeafCountStated": Facts._stated,
    "BatchVoided": Facts._voided,
    "StatusSet": Facts._set,
    "SuspensionCleared": Facts._cleared,
}


def _named(key: BatchKey) -> str:
    return f"issuer {key.issuer}, root 0x{key.root.hex()}"


def ledger_of(events: Iterable[IndexedEvent], *, as_of: Mark | None = None) -> Ledger:
    """The accreditations that events tell of.

    Raises:
        ChainError: they cannot be all there are.
    """
    told = (
        LedgerEvent(event.name, event.arguments, from_unix(event.block.time))
        for event in events
        if event.name in EVENT_NAMES
    )
    reference = None if as_of is None else BlockRef(as_of.number, as_of.hash, from_unix(as_of.time))
    return Ledger.from_events(told, as_of=reference)


def subject_of(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What an event is about, as far as it says: `party`, `holder`, `root`, `accreditation`."""
    subject: dict[str, Any] = {}
    for key in ("party", "issuer", "body"):
        if key in arguments:
            subject["party"] = arguments[key]
    for key in ("holder", "recognised"):
        if key in arguments:
            subject["holder"] = arguments[key]
    if "root" in arguments:
        subject["root"] = arguments["root"]
    if name in EVENT_NAMES:
        subject["accreditation"] = arguments["id"]
    return subject


def shown_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON has them: bytes and numbers of 256 bits in hexadecimal."""
    return {name: _written(name, value) for name, value in arguments.items()}


def write_arguments(arguments: Mapping[str, Any]) -> str:
    """`shown_arguments` as text."""
    return json.dumps(shown_arguments(arguments), separators=(",", ":"))


def read_arguments(text: str) -> dict[str, Any]:
    """What `write_arguments` wrote."""
    return {name: _read(name, value) for name, value in json.loads(text).items()}


def _written(name: str, value: Any) -> Any:
    if name in _BYTES:
        return f"0x{value.hex()}"
    return hex(value) if name in _WIDE else value


def _read(name: str, value: Any) -> Any:
    if name in _BYTES:
        return bytes.fromhex(value[2:])
    return int(value, 16) if name in _WIDE else value


def prefix_of(digest: bytes) -> int:
    """The first eight bytes of a digest as a signed number of 64 bits, in the order of the digests."""
    return int.from_bytes(digest[:PREFIX_BYTES], "big") - _HALF


def prefix_range(hexadecimal: str) -> tuple[int, int]:
    """The first and the last `prefix_of` of the digests that begin with 1 to 16 hexadecimal digits."""
    bits = 4 * (2 * PREFIX_BYTES - len(hexadecimal))
    first = int(hexadecimal, 16) << bits
    return first - _HALF, first + (1 << bits) - 1 - _HALF


def missing(what: str) -> ChainError:
    """The error that says that events must be missing."""
    return ChainError(
        f"the endpoint left out events: {what}",
        remedy="Use another endpoint; the index mends itself when the events are there.",
        code=EVENTS_MISSING,
    )
