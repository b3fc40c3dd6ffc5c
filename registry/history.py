"""The state of a registry as its events alone tell it.

Pure values. The rules are the contract's (`contracts/src`), told from the side of its events; what they never allow is
a difference, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from registry.anchors import AnchorPlace, IssuerState
from registry.audit.kinds import Difference, Kind
from registry.errors import ChainError
from registry.recognition.ledger import EVENT_NAMES, REASONS, Ledger, LedgerEvent

WORD_BITS: Final = 256
REVOCATION, SUSPENSION = range(2)
_NOBODY = "0x" + "00" * 20
_MADE = frozenset({"AccreditationOffered", "Recognised"})

Key = tuple[int, bytes]
"""An issuer and a root."""
Bitmap = tuple[int, bytes, int]
"""An issuer, a root and a purpose: 0 revocation, 1 suspension."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the contract.

    Attributes:
        name, arguments: as in the ABI; enums are numbers, addresses texts.
        block_number, time: of its block; UTC.
        transaction: hash, 32 bytes.
        log_index: its place in the block.
    """

    name: str
    arguments: Mapping[str, Any]
    block_number: int
    time: datetime
    transaction: bytes = b""
    log_index: int = 0

    @property
    def party(self) -> int | None:
        """Whose doing it is, where the event says so: the party, the issuer or the body."""
        for name in ("issuer", "party", "body"):
            if name in self.arguments:
                return int(self.arguments[name])
        return None


@dataclass(slots=True)
class PartyState:
    """A party; addresses in lower case, `pending_controller` None when control is offered to nobody."""

    controller: str
    pending_controller: str | None
    registered_at: datetime
    retired_at: datetime | None
    sequence: int
    profile_hash: bytes
    uri: str


@dataclass(slots=True)
class BatchState:
    """A batch; a leaf count of 0 is not stated yet, `void_reason` is "" while the batch holds."""

    anchored_at: datetime
    block_number: int
    leaf_count: int
    sequence: int
    voided_at: datetime | None = None
    void_reason: str = ""


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """Credentials that changed status together: `purpose` 0 revocation or 1 suspension, how many, and why."""

    issuer: int
    root: bytes
    purpose: int
    count: int
    reason: str
    time: datetime
    block_number: int


@dataclass(slots=True)
class RegistryState:
    """All that the events tell, as of the last of them.

    Attributes:
        operators: whether an account, in lower case, may anchor for a party; every account that ever might.
        default_issuers: by account, in lower case; 0 for none.
        words: the status words that events touched, by their number; those of a voided batch as before.
        superseded: by issuer, what it put in the place of what; the latest word on it.
        transactions: by batch, that of its anchor.
        accreditation_count: how many accreditations and recognitions were made.
        ledger: the accreditations, or None when their events do not fit together.
        differences: what no course of calls to the contract leads to.
    """

    parties: dict[int, PartyState] = field(default_factory=dict)
    operators: dict[tuple[int, str], bool] = field(default_factory=dict)
    default_issuers: dict[str, int] = field(default_factory=dict)
    batches: dict[Key, BatchState] = field(default_factory=dict)
    words: dict[Bitmap, dict[int, int]] = field(default_factory=dict)
    superseded: dict[int, dict[AnchorPlace, AnchorPlace]] = field(default_factory=dict)
    transactions: dict[Key, bytes] = field(default_factory=dict)
    status_events: list[StatusEvent] = field(default_factory=list)
    accreditation_count: int = 0
    ledger: Ledger | None = None
    differences: list[Difference] = field(default_factory=list)

    def issuer_states(self) -> list[IssuerState]:
        """What became of the credentials of each issuer, for the rule about one credential in several batches."""
        roots: dict[int, list[bytes]] = {}
        for issuer, root in self.batches:
            roots.setdefault(issuer, []).append(root)
        return [
            IssuerState(
                issuer,
                {root: self.batches[issuer, root].leaf_count for root in mine},
                {root for root in mine if self.batches[issuer, root].voided_at is not None},
                {
                    (root, purpose): self.words.get((issuer, root, purpose), {})
                    for root in mine
                    for purpose in (REVOCATION, SUSPENSION)
                },
                self.superseded.get(issuer, {}),
            )
            for issuer, mine in roots.items()
        ]

    def word(self, issuer: int, root: bytes, purpose: int, word: int) -> int:
        """The status bits as the contract tells them: all leaves of a voided batch are revoked."""
        batch = self.batches[issuer, root]
        if purpose == REVOCATION and batch.voided_at is not None:
            return leaves_of_word(word, batch.leaf_count)
        return self.words.get((issuer, root, purpose), {}).get(word, 0)

    def revoked(self, issuer: int, root: bytes) -> int:
        """How many credentials of a batch are revoked, by themselves or with the whole batch."""
        batch = self.batches[issuer, root]
        if batch.voided_at is not None:
            return batch.leaf_count
        return self.marked(issuer, root, REVOCATION)

    def marked(self, issuer: int, root: bytes, purpose: int) -> int:
        """How many credentials of a batch are revoked or suspended by themselves."""
        return sum(bits.bit_count() for bits in self.words.get((issuer, root, purpose), {}).values())


def rebuild(events: Iterable[Happened]) -> RegistryState:
    """The state that all events of a contract, in their order, come to; nothing is raised for what makes no sense."""
    replay = Replay()
    for event in events:
        replay.take(event)
    return replay.finished()


def named(issuer: int, root: bytes) -> str:
    """How a batch is called in messages."""
    return f"issuer {issuer}, root 0x{root.hex()}"


def words_of(leaf_count: int) -> int:
    """How many status words a batch has."""
    return -(-leaf_count // WORD_BITS)


def leaves_of_word(word: int, leaf_count: int) -> int:
    """The bits of a status word that stand for leaves."""
    return (1 << max(0, min(WORD_BITS, leaf_count - word * WORD_BITS))) - 1


def reason_word(number: int) -> str:
    """The word of a reason's number."""
    return REASONS[number] or "unspecified" if 0 <= number < len(REASONS) else f"reason-{number}"


class Replay:
    """Takes the events one by one. What cannot have happened is written down and then followed as far as it makes
    sense: one lost event is not to hide what came after.

    Attributes:
        state: as of the last event; without the ledger, which comes with `finished`.
    """

    def __init__(self) -> None:
        self.state = RegistryState()
        self._place = (-1, -1)
        self._ledger_events: list[LedgerEvent] = []
        self._takers = {
            "PartyRegistered": self._registered,
            "ProfileSet": self._profile_set,
            "OperatorSet": self._operator_set,
            "ControllerOffered": self._offered,
            "ControllerChanged": self._controller_changed,
            "PartyRetired": self._retired,
            "Anchored": self._anchored,
            "LeafCountStated": self._count_stated,
            "DefaultIssuerSet": self._default_set,
            "StatusSet": self._status_set,
            "SuspensionCleared": self._cleared,
            "BatchVoided": self._voided,
            "Superseded": self._superseded,
        }

    def take(self, event: Happened) -> None:
        """Take note of the next event."""
        place = (event.block_number, event.log_index)
        if not self._require(place > self._place, event, "all events", f"log {event.log_index} does not come next"):
            return
        self._place = place
        if event.name in EVENT_NAMES:
            self.state.accreditation_count += event.name in _MADE
            self._ledger_events.append(LedgerEvent(event.name, event.arguments, event.time))
        elif taker := self._takers.get(event.name):
            taker(event, event.arguments)

    def finished(self) -> RegistryState:
        """The state after all of them."""
        try:
            self.state.ledger = Ledger.from_events(self._ledger_events)
        except ChainError as error:
            self.state.differences.append(Difference(Kind.EVENT_IMPOSSIBLE, "accreditations", error.what))
        return self.state

    def _require(self, holds: bool, event: Happened, subject: str, why: str) -> bool:
        if not holds:
            what = f"{event.name} in block {event.block_number}: {why}"
            self.state.differences.append(Difference(Kind.EVENT_IMPOSSIBLE, subject, what, event.party))
        return holds

    def _party(self, event: Happened) -> PartyState | None:
        number = event.party
        party = self.state.parties.get(number or 0)
        self._require(party is not None, event, f"party {number}", "no such party was registered before")
        return party

    def _batch(self, event: Happened) -> BatchState | None:
        key = (event.arguments["issuer"], event.arguments["root"])
        batch = self.state.batches.get(key)
        self._require(batch is not None, event, named(*key), "no such batch was anchored before")
        return batch

    def _require_operator(self, event: Happened, subject: str) -> None:
        account = event.arguments["operator"].lower()
        allowed = self.state.operators.get((event.arguments["issuer"], account), False)
        self._require(allowed, event, subject, f"{account} was no operator of the issuer then")

    def _require_controller(self, event: Happened, subject: str, account: str) -> None:
        party = self.state.parties.get(event.party or 0)
        governs = party is not None and party.controller == account.lower()
        self._require(governs, event, subject, f"{account.lower()} did not govern the party then")

    # Parties

    def _registered(self, event: Happened, given: Mapping[str, Any]) -> None:
        number, parties = given["party"], self.state.parties
        self._require(number == len(parties) + 1, event, f"party {number}", f"{len(parties)} parties came before it")
        parties[number] = PartyState(
            given["controller"].lower(), None, event.time, None, 0, given["profileHash"], given["uri"]
        )

    def _profile_set(self, event: Happened, given: Mapping[str, Any]) -> None:
        if party := self._party(event):
            party.uri, party.profile_hash = given["uri"], given["profileHash"]

    def _operator_set(self, event: Happened, given: Mapping[str, Any]) -> None:
        key = (given["party"], given["operator"].lower())
        changes = self.state.operators.get(key, False) != given["allowed"]
        self._require(changes, event, f"party {key[0]}, account {key[1]}", "it changes nothing")
        self._party(event)
        self.state.operators[key] = given["allowed"]

    def _offered(self, event: Happened, given: Mapping[str, Any]) -> None:
        if party := self._party(event):
            self._require_controller(event, f"party {event.party}", given["controller"])
            to = given["pendingController"].lower()
            party.pending_controller = None if to == _NOBODY else to

    def _controller_changed(self, event: Happened, given: Mapping[str, Any]) -> None:
        if party := self._party(event):
            to = given["controller"].lower()
            offered = party.pending_controller == to
            self._require(offered, event, f"party {event.party}", f"control was not offered to {to}")
            party.controller, party.pending_controller = to, None

    def _retired(self, event: Happened, given: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all takers
        if party := self._party(event):
            self._require(party.retired_at is None, event, f"party {event.party}", "it was retired before")
            party.retired_at = event.time

    # Batches

    def _anchored(self, event: Happened, given: Mapping[str, Any]) -> None:
        issuer, root, sequence = given["issuer"], given["root"], given["sequence"]
        subject, state = named(issuer, root), self.state
        if party := self._party(event):
            expected = party.sequence + 1
            why = f"the issuer's batch number {sequence} came where number {expected} was due"
            self._require(sequence == expected, event, subject, why)
            self._require(party.retired_at is None, event, subject, "the issuer was retired")
            self._require_operator(event, subject)
            party.sequence = sequence
        if self._require((issuer, root) not in state.batches, event, subject, "it was anchored before"):
            state.batches[issuer, root] = BatchState(event.time, event.block_number, given["leafCount"], sequence)
            state.transactions[issuer, root] = event.transaction

    def _count_stated(self, event: Happened, given: Mapping[str, Any]) -> None:
        subject = named(given["issuer"], given["root"])
        if batch := self._batch(event):
            self._require(batch.leaf_count == 0, event, subject, "its leaf count was stated before")
            self._require_operator(event, subject)
            batch.leaf_count = given["leafCount"]

    def _default_set(self, event: Happened, given: Mapping[str, Any]) -> None:
        account, issuer = given["operator"].lower(), given["issuer"]
        if issuer:
            self._require_operator(event, f"account {account}")
        self.state.default_issuers[account] = issuer

    # Statuses

    def _status_set(self, event: Happened, given: Mapping[str, Any]) -> None:
        self._changed(event, int(given["purpose"]), set_=True)

    def _cleared(self, event: Happened, given: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all takers
        self._changed(event, SUSPENSION, set_=False)

    def _changed(self, event: Happened, purpose: int, *, set_: bool) -> None:
        given = event.arguments
        issuer, root, word, changed = given["issuer"], given["root"], given["word"], given["changed"]
        subject = f"{named(issuer, root)}, status word {word}"
        if (batch := self._batch(event)) is None:
            return
        words = self.state.words.setdefault((issuer, root, purpose), {})
        before = words.get(word, 0)
        self._require(batch.voided_at is None, event, subject, "the batch was voided before")
        inside = changed != 0 and not changed & ~leaves_of_word(word, batch.leaf_count)
        self._require(inside, event, subject, "it names bits that stand for no leaf, or none")
        if set_:
            self._require(not before & changed, event, subject, "it sets bits that were set before")
        else:
            self._require(before & changed == changed, event, subject, "it clears bits that were not set")
        self._require_operator(event, subject)
        words[word] = before | changed if set_ else before & ~changed
        if set_:
            self._note(event, purpose, changed.bit_count())

    def _voided(self, event: Happened, given: Mapping[str, Any]) -> None:
        issuer, root = given["issuer"], given["root"]
        if batch := self._batch(event):
            self._require(batch.voided_at is None, event, named(issuer, root), "it was voided before")
            self._require_controller(event, named(issuer, root), given["controller"])
            # Counted before: those revoked one by one have a reason of their own.
            self._note(event, REVOCATION, batch.leaf_count - self.state.revoked(issuer, root))
            batch.voided_at, batch.void_reason = event.time, reason_word(given["reason"])

    def _superseded(self, event: Happened, given: Mapping[str, Any]) -> None:
        subject = f"{named(given['issuer'], given['root'])}, leaf {given['index']}"
        if batch := self._batch(event):
            self._require(given["index"] < batch.leaf_count, event, subject, "the batch has no such leaf")
            by = self.state.batches.get((given["issuer"], given["replacementRoot"]))
            stands = by is not None and by.voided_at is None and given["replacementIndex"] < by.leaf_count
            self._require(stands, event, subject, "what is to replace it is not there, or void")
            self._require_operator(event, subject)
            place = AnchorPlace(given["root"], given["index"])
            by_place = AnchorPlace(given["replacementRoot"], given["replacementIndex"])
            self.state.superseded.setdefault(given["issuer"], {})[place] = by_place

    def _note(self, event: Happened, purpose: int, count: int) -> None:
        given = event.arguments
        self.state.status_events.append(
            StatusEvent(
                given["issuer"],
                given["root"],
                purpose,
                count,
                reason_word(given["reason"]),
                event.time,
                event.block_number,
            )
        )
