"""The contract as Python values: reading it at a block, its events, and the data of its transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from registry.anchors import AnchorPlace
from registry.chain.abi import artifact
from registry.chain.calls import Calls, call_data
from registry.chain.deployment import deployment_block
from registry.chain.rpc.client import Block, BlockNumber, ChainClient, Log
from registry.chain.rpc.hexadecimal import address_bytes, checksummed
from registry.chain.rpc.remedies import CHECK_ENDPOINT
from registry.chain.rpc.spans import ASK_FOR_LESS, in_spans
from registry.errors import ChainUnavailable, ContractReverted, WrongChain
from registry.merkle.proof import AbsenceProof, Neighbour
from registry.records import Batch, Event, Party, Purpose, Reason

__all__ = ["Batch", "CredentialRegistry", "Event", "Party", "Purpose", "Reason", "Status", "call_data"]

T = TypeVar("T")
ZERO_ADDRESS = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a credential is revoked, suspended, or neither."""

    revoked: bool
    suspended: bool


class CredentialRegistry(Calls):
    """The contract at one address of one chain.

    Reads take `at=`, a block number or "latest". All of them raise `ChainUnavailable` when there is no answer or one
    that the contract cannot have given, and `WrongChain` when there is no contract at the address.
    """

    def __init__(self, client: ChainClient, address: str):
        self.client = client
        self.address = checksummed(address)

    # Reading

    def party(self, party: int, *, at: BlockNumber = "latest") -> Party | None:
        """The party with that id, its addresses checksummed, or None."""
        found = self._value_unless("UnknownParty", "partyOf", party, at=at)
        return None if found is None else self._understood("partyOf", lambda: _for_people(read_party(party, found)))

    def party_count(self, *, at: BlockNumber = "latest") -> int:
        """How many parties there are; ids run from 1 to this."""
        return int(self._value("partyCount", at=at))

    def accreditation_count(self, *, at: BlockNumber = "latest") -> int:
        """How many accreditations and recognitions there are; numbers run from 1 to this."""
        return int(self._value("accreditationCount", at=at))

    def is_operator(self, party: int, address: str, *, at: BlockNumber = "latest") -> bool:
        """Whether the address may anchor for the party."""
        return bool(self._value("isOperator", party, address, at=at))

    def batch(self, issuer: int, root: bytes, *, at: BlockNumber = "latest") -> Batch | None:
        """The batch an issuer anchored under a root, or None."""
        found = self._value_unless("UnknownBatch", "batchOf", issuer, root, at=at)
        return None if found is None else self._understood("batchOf", lambda: read_batch(issuer, root, found))

    def status(self, issuer: int, root: bytes, index: int, *, at: BlockNumber = "latest") -> Status:
        """The status of one credential of a batch."""
        revoked, suspended = self._values("statusOf", issuer, root, index, at=at)
        return Status(revoked, suspended)

    def status_words(
        self, issuer: int, root: bytes, purpose: Purpose, first_word: int, count: int, *, at: BlockNumber = "latest"
    ) -> tuple[int, ...]:
        """The status bits of 256 credentials a word: bit b of word w is leaf 256 x w + b."""
        words = tuple(self._value("statusWords", issuer, root, int(purpose), first_word, count, at=at))
        if len(words) != count:
            raise self._senseless("statusWords", f"{count} words were asked for, {len(words)} came")
        return words

    def includes(
        self, issuer: int, root: bytes, index: int, digest: bytes, path: Iterable[bytes], *, at: BlockNumber = "latest"
    ) -> bool:
        """Whether the contract itself finds the digest in the batch."""
        return bool(self._value("verifyInclusion", issuer, root, index, digest, list(path), at=at))

    def excludes(
        self, issuer: int, root: bytes, digest: bytes, proof: AbsenceProof, *, at: BlockNumber = "latest"
    ) -> bool:
        """Whether the contract itself finds that the digest is not in the batch."""
        lower, upper = _leaf_argument(proof.lower), _leaf_argument(proof.upper)
        return bool(self._value("verifyAbsence", issuer, root, digest, lower, upper, at=at))

    # Events

    def anchored_events(
        self,
        *,
        root: bytes | None = None,
        issuer: int | None = None,
        from_block: int = 0,
        to_block: BlockNumber = "latest",
    ) -> tuple[Event, ...]:
        """`Anchored` in a range of blocks, oldest first, of one root or one issuer where given."""
        topics = [_topic("Anchored"), None if issuer is None else issuer.to_bytes(32, "big"), root]
        return self._events(topics, from_block, to_block)

    def status_changes(
        self, issuer: int, root: bytes, *, from_block: int = 0, to_block: BlockNumber = "latest"
    ) -> tuple[Event, ...]:
        """`StatusSet` of a batch in a range of blocks, oldest first; lifted suspensions are not in it."""
        topics = [_topic("StatusSet"), issuer.to_bytes(32, "big"), root]
        events = self._events(topics, from_block, to_block)
        for event in events:
            self._understood(event.name, partial(_check_words, event))
        return events

    def changes_by(self, account: str, *, from_block: int = 0) -> tuple[Event, ...]:
        """What an account revoked, suspended, reinstated and voided since a block, of any issuer; oldest first."""
        names = ("StatusSet", "SuspensionCleared", "BatchVoided")
        events = self._events([[_topic(name) for name in names]], from_block, "latest")
        who = ("controller" if event.name == "BatchVoided" else "operator" for event in events)
        return tuple(
            event for event, name in zip(events, who, strict=True) if checksummed(event.arguments[name]) == account
        )

    def replacements(
        self, issuer: int, root: bytes, *, from_block: int = 0, to_block: BlockNumber = "latest"
    ) -> dict[int, AnchorPlace]:
        """What the issuer put in the place of leaves of a batch, by their index; of several the latest counts."""
        topics = [_topic("Superseded"), issuer.to_bytes(32, "big"), root]
        events = self._events(topics, from_block, to_block)
        return {
            event.arguments["index"]: AnchorPlace(
                event.arguments["replacementRoot"], event.arguments["replacementIndex"]
            )
            for event in events
        }

    def operators(self, party: int) -> tuple[str, ...]:
        """The addresses that may anchor for the party, checksummed, in the order in which they were named.

        Found by events, and each confirmed by the contract.
        """
        events = self._events([_topic("OperatorSet"), party.to_bytes(32, "big")], 0, "latest")
        named = dict.fromkeys(checksummed(event.arguments["operator"]) for event in events)
        return tuple(address for address in named if self.is_operator(party, address))

    def _events(
        self, topics: Sequence[bytes | Sequence[bytes] | None], first: int, to: BlockNumber
    ) -> tuple[Event, ...]:
        """The events in a range of blocks: asked for at once, and piece by piece where that is refused."""
        try:
            return self.decode_events(self.client.logs(self.address, topics, first, to))
        except ChainUnavailable as error:
            if error.code not in ASK_FOR_LESS or first == to:
                raise
            last = to if isinstance(to, int) else self._newest()
            first = max(first, deployment_block(self.client, self.address, last))
            pieces = in_spans(partial(self.client.logs, self.address, topics), first, last)
            return self.decode_events(log for _, logs in pieces for log in logs)

    def _newest(self) -> int:
        block = self.client.block("latest")
        if block is None:
            raise ChainUnavailable("the chain has no block", where=self.client.where, code="no-block")
        return block.number

    def decode_events(self, logs: Iterable[Log], blocks: Mapping[int, Block] | None = None) -> tuple[Event, ...]:
        """This contract's events among the logs, decoded; events of others are left out.

        Args:
            blocks: headers by number, which tell the times of the events; without any, they have none.

        Raises:
            ChainUnavailable: a log of this contract does not have the form of its event.
        """
        events = []
        for log in logs:
            item = artifact().events_by_topic.get(log.topics[0]) if log.topics else None
            if item is None or address_bytes(log.address) != address_bytes(self.address):
                continue
            number = log.block_number
            events.append(
                Event(
                    item.name,
                    self._understood(item.name, partial(item.decode_event, log.topics, log.data)),
                    number,
                    log.block_hash,
                    log.log_index,
                    log.transaction_hash,
                    None if blocks is None else blocks[number].timestamp,
                )
            )
        return tuple(events)

    def blocks_of(self, logs: Sequence[Log], known: Iterable[Block] = ()) -> dict[int, Block]:
        """The blocks that logs are in, by number: those that they name, and no others of the same height.

        Args:
            known: headers that need not be asked for.

        Raises:
            ChainUnavailable: no answer, or the chain reorganised meanwhile (code `chain-moved`).
        """
        blocks = {block.number: block for block in known}
        numbers = sorted({log.block_number for log in logs} - blocks.keys())
        for number, block in zip(numbers, self.client.blocks(numbers), strict=True):
            if block is None:
                raise self.client.moved()
            blocks[number] = block
        if any(blocks[log.block_number].hash != log.block_hash for log in logs):
            raise self.client.moved()
        return blocks

    # The contract itself

    def verify_code(self) -> None:
        """Make sure that the code at the address is this program's contract.

        Raises:
            WrongChain: code `no-contract` or `wrong-code`.
        """
        deployed = self.client.code(self.address)
        if not deployed:
            raise self.client.no_contract(self.address)
        built = artifact()
        ranges = built.immutable_ranges or ()
        if _without(deployed, ranges) != _without(built.deployed_code, ranges):
            raise WrongChain(
                f"the code at {self.address} is not this program's contract",
                where=self.client.where,
                remedy="Check the address; another version of the program may have deployed it.",
                code="wrong-code",
            )

    # Asking

    def _values(self, function: str, *arguments: object, at: BlockNumber) -> tuple[Any, ...]:
        item = artifact().functions[function]
        answer = self.client.call(self.address, item.encode(*arguments), at)
        return self._understood(function, lambda: item.decode_output(answer))

    def _value(self, function: str, *arguments: object, at: BlockNumber) -> Any:
        (value,) = self._values(function, *arguments, at=at)
        return value

    def _value_unless(self, error: str, function: str, *arguments: object, at: BlockNumber) -> Any:
        """The value, or None when the contract refuses with that error: there is no such thing."""
        try:
            return self._value(function, *arguments, at=at)
        except ContractReverted as refusal:
            if refusal.error == error:
                return None
            raise

    def _understood(self, what: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise self._senseless(what, str(error)) from None

    def _senseless(self, what: str, why: str) -> ChainUnavailable:
        return ChainUnavailable(
            f"the answer to {what} is not one this contract can give: {why}",
            where=self.client.where,
            remedy=CHECK_ENDPOINT,
            code="chain-garbage",
        )


def _leaf_argument(neighbour: Neighbour | None) -> tuple[int, bytes, list[bytes]]:
    """A neighbour as the contract takes it; what is missing at an edge is an empty leaf, whose path fits no tree."""
    if neighbour is None:
        return 0, bytes(32), []
    return neighbour.proof.leaf_index, neighbour.digest, list(neighbour.proof.path)


def _time(seconds: int) -> datetime:
    # The contract refuses to answer about what is not there, so a zero was not read from it.
    if not seconds:
        raise ValueError("a time of zero")
    return datetime.fromtimestamp(seconds, UTC)


def read_party(party: int, found: Mapping[str, Any]) -> Party:
    """What `partyOf` answered; raises ValueError where the contract cannot have."""
    pending = found["pendingController"].lower()
    return Party(
        id=party,
        controller=found["controller"].lower(),
        pending_controller=None if pending == ZERO_ADDRESS else pending,
        registered_at=_time(found["registeredAt"]),
        retired_at=_time(found["retiredAt"]) if found["retiredAt"] else None,
        sequence=found["sequence"],
        profile_hash=found["profileHash"],
        uri=found["uri"],
    )


def read_batch(issuer: int, root: bytes, found: Mapping[str, Any]) -> Batch:
    """What `batchOf` answered; raises ValueError where the contract cannot have."""
    reason, is_void = Reason(found["voidReason"]), bool(found["voidedAt"])
    return Batch(
        issuer=issuer,
        root=root,
        anchored_at=_time(found["anchoredAt"]),
        block_number=found["blockNumber"],
        leaf_count=found["leafCount"],
        sequence=found["sequence"],
        voided_at=_time(found["voidedAt"]) if is_void else None,
        void_reason=reason if is_void else None,
    )


def _for_people(party: Party) -> Party:
    pending = party.pending_controller
    return replace(
        party,
        controller=checksummed(party.controller),
        pending_controller=None if pending is None else checksummed(pending),
    )


def _check_words(event: Event) -> None:
    """That the contract's enums have the numbers."""
    Purpose(event.arguments["purpose"]), Reason(event.arguments["reason"])


def _topic(event: str) -> bytes:
    """The first topic of the events with that name."""
    return next(topic for topic, item in artifact().events_by_topic.items() if item.name == event)


def _without(code: bytes, ranges: Iterable[tuple[int, int]]) -> bytes:
    """The code with the places of its immutables set to zero."""
    blanked = bytearray(code)
    for start, end in ranges:
        blanked[start:end] = bytes(max(0, min(end, len(code)) - start))
    return bytes(blanked)
