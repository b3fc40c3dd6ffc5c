"""The state of a registry as its events alone tell it, and the contract's rules over them.

Pure values. The rules are the contract's (`contracts/src`), told from the side of its events. What they never allow is
an `Impossible` event: whoever follows the events says what then happens. The audit notes it and goes on; the index
stops where there is nothing to go on from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from registry.anchors import AnchorPlace, IssuerState
from registry.errors import ChainError
from registry.recognition.ledger import EVENT_NAMES, MADE_BY, Ledger
from registry.records import (
    NOTHING_SAID,
    WORD_BITS,
    Anchor,
    Batch,
    Bitmap,
    DigestKey,
    DigestStatus,
    Event,
    Key,
    Party,
    Purpose,
    Reason,
)

_NOBODY = "0x" + "00" * 20
_BY_OPERATOR: Final = frozenset(
    {
        *("Anchored", "LeafCountStated", "StatusSet", "SuspensionCleared", "Superseded"),
        *("DigestRevoked", "DigestSuspended", "DigestReinstated"),
    }
)
_BY_CONTROLLER: Final = frozenset({"ControllerOffered", "BatchVoided"})


class Impossible(NamedTuple):
    """What the contract never lets happen after what came before.

    Attributes:
        event: None where it is about several of them.
        subject: what it is about: "issuer 3, root 0x...".
        why: what contradicts it.
        is_gap: whether an event before it must be missing, or nothing could be told of its subject from here on.
    """

    event: Event | None
    subject: str
    why: str
    is_gap: bool = False

    @property
    def what(self) -> str:
        """In one sentence."""
        return self.why if self.event is None else f"{self.event.name} in block {self.event.block_number}: {self.why}"


Subject = Callable[[Event], str]
Note = Callable[[Impossible], None]
"""What becomes of an impossible event: it is written down, or raised as an error."""


class StatusChange(NamedTuple):
    """How many credentials changed status by one event; one of a voided batch was none of those revoked before.

    A credential that was spoken of by its digest counts once, wherever and how often it is anchored.
    """

    event: Event
    purpose: Purpose
    reason: Reason
    credentials: int


@dataclass(slots=True)
class Records:
    """Parties, batches, status words and statuses by digest: all of a registry, or those that some events are about.

    Attributes:
        words: the status words that events set, by their number; those that are not there are zero. Of a voided batch
            they are what they were before.
        digests: what issuers said of credentials by their digests; those of which nothing was said are not there.
    """

    parties: dict[int, Party] = field(default_factory=dict)
    batches: dict[Key, Batch] = field(default_factory=dict)
    words: dict[Bitmap, dict[int, int]] = field(default_factory=dict)
    digests: dict[DigestKey, DigestStatus] = field(default_factory=dict)

    def copy(self) -> Records:
        """The same, to be compared with what becomes of these."""
        return Records(
            dict(self.parties),
            dict(self.batches),
            {bitmap: dict(its) for bitmap, its in self.words.items()},
            dict(self.digests),
        )

    def word(self, issuer: int, root: bytes, purpose: int, word: int) -> int:
        """The status bits as the contract tells them: all leaves of a voided batch are revoked."""
        batch = self.batches[issuer, root]
        if purpose == Purpose.REVOCATION and batch.is_void:
            return leaves_of_word(word, batch.leaf_count)
        return self.words.get((issuer, root, purpose), {}).get(word, 0)


@dataclass(slots=True)
class RegistryState(Records):
    """All that the events tell, as of the last of them.

    Attributes:
        operators: whether an account, in lower case, may anchor for a party; every account that ever might.
        default_issuers: by account, in lower case; 0 for none.
        superseded: by issuer, what it put in the place of what; the latest word on it.
        status_changes: in the order of the chain.
        accreditation_count: how many accreditations and recognitions were made.
        ledger: the accreditations, or None when their events do not fit together.
        impossible: what no course of calls to the contract leads to.
    """

    operators: dict[tuple[int, str], bool] = field(default_factory=dict)
    default_issuers: dict[str, int] = field(default_factory=dict)
    superseded: dict[int, dict[AnchorPlace, AnchorPlace]] = field(default_factory=dict)
    status_changes: list[StatusChange] = field(default_factory=list)
    accreditation_count: int = 0
    ledger: Ledger | None = None
    impossible: list[Impossible] = field(default_factory=list)

    def issuer_states(self) -> list[IssuerState]:
        """What became of the credentials of each issuer, for the rule about one credential in several batches."""
        roots: dict[int, list[bytes]] = {}
        for issuer, root in self.batches:
            roots.setdefault(issuer, []).append(root)
        digests: dict[int, dict[bytes, DigestStatus]] = {}
        for (issuer, digest), status in self.digests.items():
            digests.setdefault(issuer, {})[digest] = status
        return [
            IssuerState(
                issuer,
                {root: self.batches[issuer, root].leaf_count for root in mine},
                {root for root in mine if self.batches[issuer, root].is_void},
                {(root, purpose): self.words.get((issuer, root, purpose), {}) for root in mine for purpose in Purpose},
                self.superseded.get(issuer, {}),
                digests.get(issuer, {}),
            )
            for issuer, mine in roots.items()
        ]


def named(issuer: int, root: bytes) -> str:
    """How a batch is called in messages."""
    return f"issuer {issuer}, root 0x{root.hex()}"


def digest_named(issuer: int, digest: bytes) -> str:
    """How a credential is called in messages that is spoken of by its digest."""
    return f"issuer {issuer}, digest {digest.hex()}"


def leaves_of_word(word: int, leaf_count: int) -> int:
    """The bits of a status word that stand for leaves."""
    return (1 << max(0, min(WORD_BITS, leaf_count - word * WORD_BITS))) - 1


def rebuild(events: Iterable[Event]) -> RegistryState:
    """The state that all events of a contract, in their order, come to; nothing is raised for what makes no sense."""
    replay = Replay()
    for event in events:
        replay.take(event)
    return replay.finished()


class Rules:
    """The rules over one party or one batch, which hold whatever else is known; each event changes its record.

    What cannot have happened is noted and then followed as far as it makes sense: one lost event is not to hide what
    came after.

    Args:
        records: of all that the events are about.
    """

    def __init__(self, records: Records, note: Note):
        self._records = records
        self._note = note

    def follow(self, event: Event) -> None:
        """Change what the event changes of parties, batches and statuses; accreditations are not part of it."""
        self.follow_party(event)
        self.follow_batch(event)
        self.follow_digest(event)

    def follow_party(self, event: Event) -> None:
        """Change what the event changes of a party."""
        if (change := _PARTY_RULES.get(event.name)) is not None:
            change(self, event)

    def follow_batch(self, event: Event) -> None:
        """Change what the event changes of a batch and its status words."""
        if (change := _BATCH_RULES.get(event.name)) is not None:
            change(self, event)

    def follow_digest(self, event: Event) -> None:
        """Change what the event changes of what an issuer said of a credential by its digest."""
        if (change := _DIGEST_RULES.get(event.name)) is not None:
            change(self, event)

    # Parties

    def _registered(self, event: Event) -> None:
        given = event.arguments
        number, parties = given["party"], self._records.parties
        if not self._follows(number not in parties, event, _party_named, "it was registered before"):
            return
        parties[number] = Party(
            id=number,
            controller=given["controller"].lower(),
            pending_controller=None,
            registered_at=event.time,
            retired_at=None,
            sequence=0,
            profile_hash=given["profileHash"],
            uri=given["uri"],
        )

    def _profile_set(self, event: Event) -> None:
        given = event.arguments
        if party := self._party(event):
            self._change_party(party, uri=given["uri"], profile_hash=given["profileHash"])

    def _offered(self, event: Event) -> None:
        given = event.arguments
        if party := self._party(event):
            to = given["pendingController"].lower()
            self._change_party(party, pending_controller=None if to == _NOBODY else to)

    def _controller_changed(self, event: Event) -> None:
        given = event.arguments
        if party := self._party(event):
            to = given["controller"].lower()
            offered = party.pending_controller == to
            self._require(offered, event, _party_named, f"control was not offered to {to}")
            self._change_party(party, controller=to, pending_controller=None)

    def _retired(self, event: Event) -> None:
        if party := self._party(event):
            self._require(party.retired_at is None, event, _party_named, "it was retired before")
            self._change_party(party, retired_at=event.time)

    def _counted(self, event: Event) -> None:
        """One more batch of a party."""
        given = event.arguments
        if party := self._party(event):
            sequence, due = given["sequence"], party.sequence + 1
            why = f"the issuer's batch number {sequence} came where number {due} was due"
            self._follows(sequence == due, event, _batch_named, why)
            self._require(party.retired_at is None, event, _batch_named, "the issuer was retired")
            self._change_party(party, sequence=sequence, credentials=party.credentials + given["leafCount"])

    def _counted_late(self, event: Event) -> None:
        given = event.arguments
        if party := self._party(event):
            self._change_party(party, credentials=party.credentials + given["leafCount"])

    def _party(self, event: Event) -> Party | None:
        party = self._records.parties.get(event.party or 0)
        self._follows(party is not None, event, _party_named, "no such party was registered before")
        return party

    def _change_party(self, party: Party, **values: Any) -> None:
        self._records.parties[party.id] = replace(party, **values)

    # Batches

    def _anchored(self, event: Event) -> None:
        given = event.arguments
        key, batches = event.key, self._records.batches
        if self._follows(key not in batches, event, _batch_named, "it was anchored before"):
            batches[key] = Batch(
                issuer=key[0],
                root=key[1],
                anchored_at=event.time,
                block_number=event.block_number,
                leaf_count=given["leafCount"],
                sequence=given["sequence"],
                anchor=Anchor.of(event),
            )

    def _count_stated(self, event: Event) -> None:
        given = event.arguments
        if batch := self._batch(event):
            self._require(batch.leaf_count == 0, event, _batch_named, "its leaf count was stated before")
            self._change_batch(batch, leaf_count=given["leafCount"])

    def _voided(self, event: Event) -> None:
        if batch := self._batch(event):
            self._require(not batch.is_void, event, _batch_named, "it was voided before")
            reason = self._reason(event, _batch_named)
            self._change_batch(batch, voided_at=event.time, void_reason=reason)

    def _status_set(self, event: Event) -> None:
        given = event.arguments
        purpose, changed = given["purpose"], given["changed"]
        if not self._require(purpose in _PURPOSES, event, _word_named, f"there is no purpose {purpose}"):
            return
        if (before := self._word(event, purpose)) is not None:
            self._require(not before & changed, event, _word_named, "it sets bits that were set before")
            self._change_word(event, purpose, before, before | changed)

    def _cleared(self, event: Event) -> None:
        given = event.arguments
        purpose, changed = Purpose.SUSPENSION, given["changed"]
        if (before := self._word(event, purpose)) is not None:
            was_set = before & changed == changed
            self._require(was_set, event, _word_named, "it clears bits that were not set")
            self._change_word(event, purpose, before, before & ~changed)

    def _word(self, event: Event, purpose: int) -> int | None:
        """The status word that an event changes, as it was; None where its batch is not there."""
        if (batch := self._batch(event)) is None:
            return None
        word, changed = event.arguments["word"], event.arguments["changed"]
        self._require(not batch.is_void, event, _word_named, "the batch was voided before")
        inside = changed != 0 and not changed & ~leaves_of_word(word, batch.leaf_count)
        self._require(inside, event, _word_named, "it names bits that stand for no leaf, or none")
        self._reason(event, _word_named)
        return self._records.words.get((*batch.key, purpose), {}).get(word, 0)

    def _change_word(self, event: Event, purpose: int, before: int, after: int) -> None:
        batch = self._records.batches[event.key]
        self._records.words.setdefault((*batch.key, purpose), {})[event.arguments["word"]] = after
        more = after.bit_count() - before.bit_count()
        if purpose == Purpose.REVOCATION:
            self._change_batch(batch, revoked=batch.revoked + more)
        else:
            self._change_batch(batch, suspended=batch.suspended + more)

    # Digests

    def _digest_revoked(self, event: Event) -> None:
        before = self._digest(event)
        if self._require(not before.is_revoked, event, _digest_named, "it was revoked before"):
            reason = self._reason(event, _digest_named)
            self._change_digest(event, replace(before, revoked_at=event.time, revocation_reason=reason))

    def _digest_suspended(self, event: Event) -> None:
        before = self._digest(event)
        if self._require(not before.is_suspended, event, _digest_named, "it was suspended before"):
            reason = self._reason(event, _digest_named)
            self._change_digest(event, replace(before, suspended_at=event.time, suspension_reason=reason))

    def _digest_reinstated(self, event: Event) -> None:
        before = self._digest(event)
        self._reason(event, _digest_named)
        if self._require(before.is_suspended, event, _digest_named, "it was not suspended"):
            self._change_digest(event, replace(before, suspended_at=None, suspension_reason=None))

    def _digest(self, event: Event) -> DigestStatus:
        """As it was; of an issuer that is not there, the event is followed all the same."""
        if party := self._party(event):
            self._change_party(party, digest_changes=party.digest_changes + 1)
        return self._records.digests.get(_digest_key(event), NOTHING_SAID)

    def _change_digest(self, event: Event, status: DigestStatus) -> None:
        self._records.digests[_digest_key(event)] = status

    def _batch(self, event: Event) -> Batch | None:
        batch = self._records.batches.get(event.key)
        self._follows(batch is not None, event, _batch_named, "no such batch was anchored before")
        return batch

    def _change_batch(self, batch: Batch, **values: Any) -> None:
        self._records.batches[batch.key] = replace(batch, **values)

    def _reason(self, event: Event, subject: Subject) -> Reason:
        number = event.arguments["reason"]
        self._require(number in _REASONS, event, subject, f"there is no reason {number}")
        return _reason_of(event)

    def _require(self, holds: bool, event: Event, subject: Subject, why: str) -> bool:
        """A rule without which the event can be followed all the same."""
        if not holds:
            self._note(Impossible(event, subject(event), why))
        return holds

    def _follows(self, holds: bool, event: Event, subject: Subject, why: str) -> bool:
        """A rule by which an event before this one must be missing, or this one is there twice."""
        if not holds:
            self._note(Impossible(event, subject(event), why, is_gap=True))
        return holds


_REASONS: Final = frozenset(int(reason) for reason in Reason)
_PURPOSES: Final = frozenset(int(purpose) for purpose in Purpose)
Rule = Callable[[Rules, Event], None]
_PARTY_RULES: Final[Mapping[str, Rule]] = {
    "PartyRegistered": Rules._registered,
    "ProfileSet": Rules._profile_set,
    "ControllerOffered": Rules._offered,
    "ControllerChanged": Rules._controller_changed,
    "PartyRetired": Rules._retired,
    "Anchored": Rules._counted,
    "LeafCountStated": Rules._counted_late,
}
_BATCH_RULES: Final[Mapping[str, Rule]] = {
    "Anchored": Rules._anchored,
    "LeafCountStated": Rules._count_stated,
    "BatchVoided": Rules._voided,
    "StatusSet": Rules._status_set,
    "SuspensionCleared": Rules._cleared,
}
_DIGEST_RULES: Final[Mapping[str, Rule]] = {
    "DigestRevoked": Rules._digest_revoked,
    "DigestSuspended": Rules._digest_suspended,
    "DigestReinstated": Rules._digest_reinstated,
}
DIGEST_EVENTS: Final = frozenset(_DIGEST_RULES)
"""Names of the events that say something of a digest; the contract counts them for each issuer."""
_DIGEST_PURPOSES: Final = {"DigestRevoked": Purpose.REVOCATION, "DigestSuspended": Purpose.SUSPENSION}


def _digest_key(event: Event) -> DigestKey:
    return event.arguments["issuer"], event.arguments["digest"]


def _reason_of(event: Event) -> Reason:
    number = event.arguments["reason"]
    return Reason(number) if number in _REASONS else Reason.UNSPECIFIED


# What an event is about, in words; only of an impossible one they are needed.


def _party_named(event: Event) -> str:
    return f"party {event.party}"


def _batch_named(event: Event) -> str:
    return named(*event.key)


def _word_named(event: Event) -> str:
    return f"{named(*event.key)}, status word {event.arguments['word']}"


def _leaf_named(event: Event) -> str:
    return f"{named(*event.key)}, leaf {event.arguments['index']}"


def _digest_named(event: Event) -> str:
    return digest_named(*_digest_key(event))


def _account_named(event: Event) -> str:
    return f"account {event.arguments['operator'].lower()}"


def _operator_named(event: Event) -> str:
    return f"party {event.party}, account {event.arguments['operator'].lower()}"


class Replay(Rules):
    """Takes all events of a contract one by one, and with them the rules over everything that came before.

    Attributes:
        state: as of the last event; without the ledger, which comes with `finished`.
    """

    def __init__(self) -> None:
        self.state = RegistryState()
        super().__init__(self.state, self.state.impossible.append)
        self._place = (-1, -1)
        self._accreditations: list[Event] = []
        self._operating: dict[int, set[str]] = {}
        self._takers: Mapping[str, Callable[[Event], None]] = {
            "OperatorSet": self._operator_set,
            "ControllerOffered": self._operators_told,
            "ControllerChanged": self._operators_told,
            "DefaultIssuerSet": self._default_set,
            "Superseded": self._superseded,
        }

    def take(self, event: Event) -> None:
        """Take note of the next event."""
        why = f"log {event.log_index} does not come next"
        if not self._require(event.place > self._place, event, lambda _event: "all events", why):
            return
        self._place = event.place
        if event.name in EVENT_NAMES:
            self.state.accreditation_count += event.name in MADE_BY
            self._accreditations.append(event)
            return
        self._check_sender(event)
        if event.name == "PartyRegistered":
            self._check_number(event)
        before = self.state.batches.get(event.key) if event.root is not None else None
        self.follow(event)
        if (taker := self._takers.get(event.name)) is not None:
            taker(event)
        if before is not None:
            self._count_changes(event, before)
        elif (purpose := _DIGEST_PURPOSES.get(event.name)) is not None:
            self.state.status_changes.append(StatusChange(event, purpose, _reason_of(event), 1))

    def finished(self) -> RegistryState:
        """The state after all of them."""
        try:
            self.state.ledger = Ledger.from_events(self._accreditations)
        except ChainError as error:
            self._note(Impossible(None, "accreditations", error.what))
        return self.state

    def _check_number(self, event: Event) -> None:
        number, known = event.arguments["party"], len(self.state.parties)
        self._require(number == known + 1, event, _party_named, f"{known} parties came before it")

    def _check_sender(self, event: Event) -> None:
        """That the account that sent it might; of a party that is not there nothing is known."""
        party = self.state.parties.get(event.party or 0)
        if party is None:
            return
        if event.name in _BY_OPERATOR:
            self._check_operator(event, _digest_named if event.name in _DIGEST_RULES else _batch_named)
        elif event.name in _BY_CONTROLLER:
            account = event.arguments["controller"].lower()
            subject = _party_named if event.root is None else _batch_named
            self._require(party.controller == account, event, subject, f"{account} did not govern the party then")

    def _check_operator(self, event: Event, subject: Subject) -> None:
        account = event.arguments["operator"].lower()
        allowed = self.state.operators.get((event.arguments["issuer"], account), False)
        self._require(allowed, event, subject, f"{account} was no operator of the issuer then")

    def _operator_set(self, event: Event) -> None:
        given = event.arguments
        key = (given["party"], given["operator"].lower())
        changes = self.state.operators.get(key, False) != given["allowed"]
        self._require(changes, event, _operator_named, "it changes nothing")
        self._party(event)
        self.state.operators[key] = given["allowed"]
        operating = self._operating.setdefault(key[0], set())
        (operating.add if given["allowed"] else operating.discard)(key[1])

    def _operators_told(self, event: Event) -> None:
        """That the list of operators beside a change of control is what the events before it come to.

        The first edition tells none; of a party that is not there nothing is known.
        """
        told, party = event.arguments.get("operators"), event.party or 0
        if told is not None and party in self.state.parties:
            known = sorted(self._operating.get(party, ()))
            why = "the operators that it lists are not those that the events before it come to"
            self._require(sorted(map(str.lower, told)) == known, event, _party_named, why)

    def _default_set(self, event: Event) -> None:
        given = event.arguments
        account, issuer = given["operator"].lower(), given["issuer"]
        if issuer:
            self._check_operator(event, _account_named)
        self.state.default_issuers[account] = issuer

    def _superseded(self, event: Event) -> None:
        given = event.arguments
        if batch := self._batch(event):
            self._require(given["index"] < batch.leaf_count, event, _leaf_named, "the batch has no such leaf")
            by = self.state.batches.get((given["issuer"], given["replacementRoot"]))
            stands = by is not None and not by.is_void and given["replacementIndex"] < by.leaf_count
            self._require(stands, event, _leaf_named, "what is to replace it is not there, or void")
            place, by_place = replacement_of(event)
            self.state.superseded.setdefault(given["issuer"], {})[place] = by_place

    def _count_changes(self, event: Event, before: Batch) -> None:
        """How many credentials changed status: those of a voided batch that were revoked before have reasons of their
        own."""
        if event.name == "BatchVoided":
            purpose = int(Purpose.REVOCATION)
            credentials = self.state.batches[event.key].withdrawn - before.withdrawn
        elif event.name == "StatusSet" and event.arguments["purpose"] in _PURPOSES:
            purpose, credentials = event.arguments["purpose"], event.arguments["changed"].bit_count()
        else:
            return
        self.state.status_changes.append(StatusChange(event, Purpose(purpose), _reason_of(event), credentials))


def replacement_of(event: Event) -> tuple[AnchorPlace, AnchorPlace]:
    """What `Superseded` says was replaced, and by what."""
    given = event.arguments
    return (
        AnchorPlace(given["root"], given["index"]),
        AnchorPlace(given["replacementRoot"], given["replacementIndex"]),
    )
