"""A chain that is told what happens on it: blocks of events that the contract's rules allow, made up and taken back.

It answers what an indexer asks, in Python values, so that hundreds of histories take a second.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, Literal, cast

from registry.chain.abi import all_events, topics_of
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition, second
from registry.chain.rpc.bloom import bloom_of
from registry.chain.rpc.client import Block, FilteredBlock, Log, LogRange
from registry.chain.rpc.hexadecimal import address_bytes
from registry.chain.storage import WordRange
from registry.errors import ChainUnavailable
from registry.history import Records, Rules
from registry.index.facts import refuse
from registry.recognition.ledger import EVENT_NAMES, Accreditation, Ledger
from registry.records import NOTHING_SAID, Batch, BlockRef, DigestKey, DigestStatus, Event, Key, Party

ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ACCREDITATIONS = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
SOMEBODY = "0x" + "11" * 20
GENESIS_TIME = 1_800_000_000
TOPICS = {name: topics_of(name)[0] for name in {item.name for item in all_events().values()}}


@dataclass
class Told:
    """What the events up to a block come to, as far as it decides which events may follow."""

    parties: int = 0
    sequences: dict[int, int] = field(default_factory=dict)
    batches: dict[tuple[int, bytes], int] = field(default_factory=dict)
    revoked: dict[tuple[int, bytes, int], int] = field(default_factory=dict)
    suspended: dict[tuple[int, bytes, int], int] = field(default_factory=dict)
    accreditations: list[str] = field(default_factory=list)
    voided: set[tuple[int, bytes]] = field(default_factory=set)
    revoked_digests: set[DigestKey] = field(default_factory=set)
    suspended_digests: set[DigestKey] = field(default_factory=set)

    @property
    def changeable(self) -> list[tuple[int, bytes]]:
        """Batches whose statuses the contract lets be changed."""
        return [key for key, count in self.batches.items() if count and key not in self.voided]


@dataclass(frozen=True)
class ToldBlock:
    """A block, its events, and what all events up to it come to."""

    header: Block
    logs: tuple[tuple[str, dict[str, Any], Log], ...]
    told: Told


class ToldChain:
    """Both the client and the contracts of an indexer (`registry.index.indexer.Indexer`).

    Args:
        edition: which events there are; default: the second one.

    Attributes:
        final: height of the final block.
        hidden: logs, by block and index, that this endpoint leaves out when it is asked for a range of blocks.
        lag: by how many blocks what it searches for events is behind what it has headers of.
        no_receipts: numbers of blocks whose receipts it does not have.
        filters: what its headers have as a filter of events: a true one, an empty one, or none.
    """

    where = "the told chain"
    address = ADDRESS
    addresses = (ADDRESS, ACCREDITATIONS)

    def __init__(self, seed: int = 0, edition: Edition | None = None):
        self.edition = edition or second()
        self._random = random.Random(seed)
        self._forks = 0
        header = Block(0, sha256(b"genesis").digest(), datetime.fromtimestamp(GENESIS_TIME, UTC), bytes(32))
        self.blocks_now = [ToldBlock(header, (), Told())]
        self.final = 0
        self.hidden: set[tuple[int, int]] = set()
        self.lag = 0
        self.no_receipts: set[int] = set()
        self.filters: Literal["true", "empty", "none"] = "true"

    @property
    def client(self) -> ToldChain:
        return self

    @property
    def height(self) -> int:
        return len(self.blocks_now) - 1

    # What happens

    def mine(self, events: int = 0) -> None:
        """One more block, with up to so many events."""
        before = self.blocks_now[-1]
        number = before.header.number + 1
        self._forks += 1
        block_hash = sha256(b"%d %d" % (number, self._forks)).digest()
        time = datetime.fromtimestamp(GENESIS_TIME + 12 * number, UTC)
        header = Block(number, block_hash, time, before.header.hash)
        told = Told(
            before.told.parties,
            dict(before.told.sequences),
            dict(before.told.batches),
            dict(before.told.revoked),
            dict(before.told.suspended),
            list(before.told.accreditations),
            set(before.told.voided),
            set(before.told.revoked_digests),
            set(before.told.suspended_digests),
        )
        logs = []
        for position in range(events):
            name, arguments = self._something(told)
            topics = (TOPICS[name],)
            log = Log(
                home_of(name),
                topics,
                b"",
                number,
                block_hash,
                sha256(block_hash + b"%d" % position).digest(),
                0,
                position,
            )
            logs.append((name, arguments, log))
        self.blocks_now.append(ToldBlock(header, tuple(logs), told))

    def reorganise(self, depth: int, length: int, *, keep: int = 0) -> None:
        """Other blocks in the place of the newest; their first `keep` ones have the events of the old ones again."""
        gone = self.blocks_now[-depth:]
        del self.blocks_now[-depth:]
        for place in range(length):
            if place < min(keep, len(gone)):
                self._mine_again(gone[place])
            else:
                self.mine(self._random.randrange(4))

    def happens(self, what: str, numbers: list[int]) -> None:
        """One move of a random course, `mine`, `reorganise` or `finalise`; of others it knows nothing."""
        if what == "mine":
            self.mine(numbers[0])
        elif what == "reorganise":
            depth = min(numbers[0], self.height - self.final)
            if depth:
                # A chain that is preferred over another one is longer, sooner or later.
                self.reorganise(depth, max(depth, numbers[1]), keep=numbers[2])
        elif what == "finalise":
            self.final = min(self.height, self.final + numbers[0])

    def _mine_again(self, block: ToldBlock) -> None:
        before = self.blocks_now[-1]
        self._forks += 1
        block_hash = sha256(b"again %d" % self._forks).digest()
        header = Block(before.header.number + 1, block_hash, block.header.timestamp, before.header.hash)
        logs = tuple(
            (name, arguments, replace(log, block_hash=block_hash, block_number=header.number))
            for name, arguments, log in block.logs
        )
        self.blocks_now.append(ToldBlock(header, logs, block.told))

    def _something(self, told: Told) -> tuple[str, dict[str, Any]]:
        """An event that the contract's rules allow now."""
        chance = self._random
        kinds = ["register"]
        if told.parties:
            kinds += ["anchor", "anchor", "anchor", "profile", "control", "operator", "retire", "offer", "recognise"]
        if told.parties and self.edition.has_digest_statuses:
            kinds += ["digest_revoke", "digest_suspend", "digest_suspend"]
        if told.suspended_digests:
            kinds += ["digest_reinstate", "digest_reinstate"]
        if told.changeable:
            kinds += ["revoke", "suspend", "clear", "void", "supersede"]
        if told.accreditations:
            kinds += ["change", "change"]
        return getattr(self, f"_{chance.choice(kinds)}")(told)  # type: ignore[no-any-return]

    def _register(self, told: Told) -> tuple[str, dict[str, Any]]:
        told.parties += 1
        uri = f"https://example.org/{told.parties}"
        return "PartyRegistered", {
            "party": told.parties,
            "controller": SOMEBODY,
            "uri": uri,
            "profileHash": sha256(uri.encode()).digest(),
        }

    def _party(self, told: Told) -> int:
        return self._random.randint(1, told.parties)

    def _profile(self, told: Told) -> tuple[str, dict[str, Any]]:
        uri = f"0x{self._random.getrandbits(32):064x}"  # a text that looks like bytes
        return "ProfileSet", {"party": self._party(told), "uri": uri, "profileHash": bytes(32)}

    def _control(self, told: Told) -> tuple[str, dict[str, Any]]:
        party = self._party(told)
        if self._random.random() < 0.5:
            offered = self._random.choice([SOMEBODY, "0x" + "00" * 20])
            given = {"party": party, "controller": SOMEBODY, "pendingController": offered}
            return "ControllerOffered", given | {"operators": [SOMEBODY]}
        given = {"party": party, "previous": SOMEBODY, "controller": SOMEBODY}
        return "ControllerChanged", given | {"operators": []}

    def _operator(self, told: Told) -> tuple[str, dict[str, Any]]:
        allowed = self._random.random() < 0.5
        return "OperatorSet", {"party": self._party(told), "operator": SOMEBODY, "allowed": allowed}

    def _retire(self, told: Told) -> tuple[str, dict[str, Any]]:
        return "PartyRetired", {"party": self._party(told)}

    def _anchor(self, told: Told) -> tuple[str, dict[str, Any]]:
        issuer = self._party(told)
        # Several issuers anchor the same root now and then.
        root = sha256(b"%d" % self._random.randrange(30)).digest()
        if (issuer, root) in told.batches:
            root = self._random.randbytes(32)
        count = self._random.choice([0, 1, 5, 300])
        told.sequences[issuer] = told.sequences.get(issuer, 0) + 1
        told.batches[issuer, root] = count
        return "Anchored", {
            "issuer": issuer,
            "root": root,
            "leafCount": count,
            "sequence": told.sequences[issuer],
            "operator": SOMEBODY,
        }

    def _word(self, told: Told) -> dict[str, Any]:
        issuer, root = self._random.choice(told.changeable)
        word = self._random.randrange(-(-told.batches[issuer, root] // 256))
        return {"issuer": issuer, "root": root, "word": word, "reason": 1, "operator": SOMEBODY}

    def _revoke(self, told: Told) -> tuple[str, dict[str, Any]]:
        given = self._word(told)
        return "StatusSet", given | {"purpose": 0, "changed": self._random.getrandbits(256) | 1}

    def _suspend(self, told: Told) -> tuple[str, dict[str, Any]]:
        given = self._word(told)
        return "StatusSet", given | {"purpose": 1, "changed": self._random.getrandbits(8) | 1}

    def _clear(self, told: Told) -> tuple[str, dict[str, Any]]:
        given = self._word(told)
        return "SuspensionCleared", given | {"changed": self._random.getrandbits(8) | 1}

    def _void(self, told: Told) -> tuple[str, dict[str, Any]]:
        issuer, root = self._random.choice(told.changeable)
        told.voided.add((issuer, root))
        return "BatchVoided", {"issuer": issuer, "root": root, "reason": 2, "controller": SOMEBODY}

    def _digest(self, told: Told, spoken_of: set[DigestKey]) -> dict[str, Any]:
        """One of a few digests, or one that nothing like it was said of before."""
        key = self._party(told), sha256(b"digest %d" % self._random.randrange(8)).digest()
        if key in spoken_of:
            key = key[0], self._random.randbytes(32)
        spoken_of.add(key)
        return {"issuer": key[0], "digest": key[1], "reason": self._random.randrange(9), "operator": SOMEBODY}

    def _digest_revoke(self, told: Told) -> tuple[str, dict[str, Any]]:
        return "DigestRevoked", self._digest(told, told.revoked_digests)

    def _digest_suspend(self, told: Told) -> tuple[str, dict[str, Any]]:
        return "DigestSuspended", self._digest(told, told.suspended_digests)

    def _digest_reinstate(self, told: Told) -> tuple[str, dict[str, Any]]:
        issuer, digest = key = self._random.choice(sorted(told.suspended_digests))
        told.suspended_digests.remove(key)
        return "DigestReinstated", {"issuer": issuer, "digest": digest, "reason": 8, "operator": SOMEBODY}

    def _supersede(self, told: Told) -> tuple[str, dict[str, Any]]:
        issuer, root = self._random.choice(list(told.batches))
        given = {"issuer": issuer, "root": root, "index": 0, "operator": SOMEBODY}
        return "Superseded", given | {"replacementRoot": root, "replacementIndex": 1}

    def _terms(self, told: Told) -> dict[str, Any]:
        told.accreditations.append("offered")
        return {
            "id": len(told.accreditations),
            "body": self._party(told),
            "scope": (0, 0, 1, 8, 0, 0),
            **self._condition(),
            "validFrom": GENESIS_TIME,
            "validUntil": GENESIS_TIME + 10**9,
            "evidenceHash": self._random.randbytes(32),
            "evidenceUri": "",
        }

    def _condition(self) -> dict[str, Any]:
        if self.edition.is_one_contract:
            return {}
        return {"conditionHash": self._random.choice([bytes(32), self._random.randbytes(32)])}

    def _offer(self, told: Told) -> tuple[str, dict[str, Any]]:
        return "AccreditationOffered", {**self._terms(told), "holder": self._party(told), "kind": 0}

    def _recognise(self, told: Told) -> tuple[str, dict[str, Any]]:
        terms = self._terms(told)
        told.accreditations[-1] = "active"
        return "Recognised", {**terms, "recognised": self._party(told)}

    def _change(self, told: Told) -> tuple[str, dict[str, Any]]:
        number = self._random.randint(1, len(told.accreditations))
        state = told.accreditations[number - 1]
        if state == "offered":
            told.accreditations[number - 1] = "active"
            return "AccreditationAccepted", {"id": number}
        if state == "active":
            told.accreditations[number - 1] = "suspended"
            return "AccreditationSuspended", {"id": number, "effectiveFrom": GENESIS_TIME, "reason": 7}
        told.accreditations[number - 1] = "active"
        return "AccreditationReinstated", {"id": number, "effectiveFrom": GENESIS_TIME, "reason": 8}

    # What an indexer asks

    def genesis_hash(self) -> bytes:
        return self.blocks_now[0].header.hash

    def verify_code(self) -> None:
        pass

    def block(self, number: int | str) -> Block | None:
        if number == "latest":
            return self.blocks_now[-1].header
        assert isinstance(number, int)
        return self.blocks_now[number].header if number <= self.height else None

    def block_by_endpoint(self, number: int) -> dict[str, Block | None]:
        return {self.where: self.block(number)}

    def endpoints(self) -> dict[str, bool]:
        return {}

    patient_seconds = 0.0

    def through_each(self) -> Sequence[ToldChain]:
        return [self]

    def blocks(self, numbers: Sequence[int]) -> tuple[Block | None, ...]:
        return tuple(self.block(number) for number in numbers)

    def finalized(self, _depth: int | None = None) -> Block:
        return self.blocks_now[self.final].header

    def logs_with_headers(self, addresses: Sequence[str], first: int, last: int) -> LogRange:
        assert addresses == self.addresses
        logs = [
            log
            for block in self.blocks_now[first : last + 1]
            for _, _, log in block.logs
            if (log.block_number, log.log_index) not in self.hidden and log.block_number <= self.height - self.lag
        ]
        return LogRange(self.blocks_now[first].header, self.blocks_now[last].header, tuple(logs))

    def filtered_blocks(self, first: int, last: int) -> tuple[FilteredBlock, ...]:
        if last > self.height:
            raise ChainUnavailable("the chain is not that long", code="no-block")
        return tuple(self._filtered(block) for block in self.blocks_now[first : last + 1])

    def _filtered(self, block: ToldBlock) -> FilteredBlock:
        held = [value for _, _, log in block.logs for value in (address_bytes(log.address), *log.topics)]
        bloom = {"true": bloom_of(held), "empty": 0, "none": None}[self.filters]
        return FilteredBlock(block.header, bloom, tuple(log.transaction_hash for _, _, log in block.logs))

    def all_logs(self, of: FilteredBlock) -> tuple[Log, ...]:
        block = self.blocks_now[of.block.number]
        if of.block.number in self.no_receipts:
            raise ChainUnavailable("the endpoint does not have all receipts", code="no-receipts")
        if block.header.hash != of.block.hash:
            raise self.moved()
        return tuple(log for _, _, log in block.logs)

    def state(self, at: BlockRef) -> ToldState:
        """What the contract answers as of a block."""
        return ToldState(self.happened(at.number), self.blocks_now[at.number].told)

    def happened(self, at: int | None = None) -> list[Event]:
        """Every event up to a block, whatever the endpoint leaves out."""
        events = []
        for block in self.blocks_now[: None if at is None else at + 1]:
            for name, arguments, log in block.logs:
                events.append(
                    Event.of_block(block.header.reference, name, arguments, log.log_index, log.transaction_hash)
                )
        return events

    def decode_events(self, logs: Iterable[Log], blocks: Mapping[int, Block]) -> tuple[Event, ...]:
        return tuple(
            Event.of_block(blocks[log.block_number].reference, name, arguments, log.log_index, log.transaction_hash)
            for log in logs
            for name, arguments, _ in [self.blocks_now[log.block_number].logs[log.log_index]]
        )

    def blocks_of(self, logs: Sequence[Log], known: Iterable[Block]) -> dict[int, Block]:
        return CredentialRegistry.blocks_of(cast(CredentialRegistry, self), logs, known)

    def moved(self) -> ChainUnavailable:
        return ChainUnavailable("the chain moved", code="chain-moved")

    def party(self, number: int, *, at: int) -> Any:
        told = self.blocks_now[at].told
        return SimpleNamespace(sequence=told.sequences.get(number, 0)) if number <= told.parties else None

    def party_count(self, *, at: int) -> int:
        return self.blocks_now[at].told.parties

    def accreditation_count(self, *, at: int) -> int:
        return len(self.blocks_now[at].told.accreditations)


def home_of(name: str) -> str:
    """The contract that has an event."""
    return ACCREDITATIONS if name in EVENT_NAMES else ADDRESS


def told_by(events: Iterable[Event]) -> Records:
    """What the events come to, by the rules of the index."""
    records = Records()
    rules = Rules(records, refuse)
    for event in events:
        rules.follow(event)
    return records


class ToldState:
    """What the contract of a told chain answers at one block (`registry.index.confirming.State`)."""

    def __init__(self, events: list[Event], told: Told):
        self._events = events
        self._told = told
        self._records = told_by(events)

    def count(self, function: str) -> int:
        return {"partyCount": self._told.parties, "accreditationCount": len(self._told.accreditations)}[function]

    def parties(self, numbers: Sequence[int]) -> dict[int, Party | None]:
        return {number: self._records.parties.get(number) for number in numbers}

    def operators(self, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], bool]:
        allowed = {
            (event.arguments["party"], event.arguments["operator"].lower()): event.arguments["allowed"]
            for event in self._events
            if event.name == "OperatorSet"
        }
        return {key: allowed.get(key, False) for key in keys}

    def batches(self, keys: Sequence[Key]) -> dict[Key, Batch | None]:
        return {key: self._records.batches.get(key) for key in keys}

    def words(self, ranges: Sequence[WordRange]) -> Iterable[tuple[WordRange, tuple[int, ...]]]:
        for issuer, root, purpose, first, count in ranges:
            its = self._records.words.get((issuer, root, purpose), {})
            yield (issuer, root, purpose, first, count), tuple(its.get(word, 0) for word in range(first, first + count))

    def digests(self, keys: Sequence[DigestKey]) -> dict[DigestKey, DigestStatus]:
        return {key: self._records.digests.get(key, NOTHING_SAID) for key in keys}

    def accreditations(self, numbers: Sequence[int]) -> dict[int, Accreditation | None]:
        known = Ledger.from_events(self._events).accreditations
        return {number: known[number - 1] if number <= len(known) else None for number in numbers}
