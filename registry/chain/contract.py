"""The contract as Python values: reading it at a block, its events, and the data of its transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, TypeVar

from registry.anchors import AnchorPlace
from registry.chain.abi import Item, topics_of
from registry.chain.calls import Calls, call_data
from registry.chain.deployment import deployment_block
from registry.chain.editions import Edition, edition_of, editions, same_code, second
from registry.chain.rpc.client import Block, BlockNumber, ChainClient, Log
from registry.chain.rpc.hexadecimal import address_bytes, checksummed
from registry.chain.rpc.remedies import CHECK_ENDPOINT
from registry.chain.rpc.spans import ASK_FOR_LESS, in_spans
from registry.errors import ChainUnavailable, ContractReverted, WrongChain
from registry.history import DIGEST_EVENTS
from registry.merkle.proof import AbsenceProof, Neighbour
from registry.records import NOTHING_SAID, Batch, DigestStatus, Event, Party, Purpose, Reason

__all__ = ["Batch", "CredentialRegistry", "Event", "Party", "Purpose", "Reason", "Status", "call_data"]

T = TypeVar("T")
Topics = Sequence[bytes | Sequence[bytes] | None]
ZERO_ADDRESS = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a credential is revoked, suspended, or neither."""

    revoked: bool
    suspended: bool


class CredentialRegistry(Calls):
    """The registry at one address of one chain: its contract, and that of its accreditations where they are two.

    Reads take `at=`, a block number or "latest". All of them raise `ChainUnavailable` when there is no answer or one
    that the contract cannot have given, and `WrongChain` when there is no contract at the address.
    """

    def __init__(self, client: ChainClient, address: str):
        self.client = client
        self.address = checksummed(address)

    def through_each(self) -> list[CredentialRegistry]:
        """The same contract through each of the endpoints by itself."""
        found = []
        for client in self.client.each_alone():
            one = CredentialRegistry(client, self.address)
            # Which edition it is was asked already, and is of the contract.
            one.__dict__["edition"] = self.edition
            found.append(one)
        return found

    # Which contracts it is

    @cached_property
    def edition(self) -> Edition:
        """Which edition it is, by its address, else by its code; the newest where nothing known is at the address."""
        known = next((each for each in editions() if each.address == self.address), None)
        if known is not None:
            return known
        found = edition_of(self.client.code(self.address)) or second()
        if not found.has_digest_statuses and self._tells_of_digests():
            # Read as the first edition, it would not be asked what was revoked by digest.
            raise self._senseless("eth_getCode", "it has a function that this code does not have")
        return found

    def _tells_of_digests(self) -> bool:
        item = second().function("digestStatusesOf")
        try:
            item.decode_output(self.client.call(self.address, item.encode(1, [])))
        except (ContractReverted, ValueError):
            return False
        return True

    @cached_property
    def accreditations_address(self) -> str:
        """Of the contract that has its accreditations, checksummed; the registry's own in the first edition."""
        return self.edition.accreditations_address(self.address)

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Of its contracts, checksummed: the registry's first."""
        return tuple(dict.fromkeys((self.address, self.accreditations_address)))

    def function(self, name: str) -> tuple[str, Item]:
        """Where a function is called, and how; KeyError when this edition has none of that name."""
        return self.edition.home(name, self.address), self.edition.function(name)

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
        return self.none_yet_or(lambda: int(self._value("accreditationCount", at=at)))

    def none_yet_or(self, count: Callable[[], int]) -> int:
        """How many there are in the contract for accreditations: none, where nobody deployed it beside the registry."""
        try:
            return count()
        except WrongChain as error:
            if error.code != "no-contract" or self.edition.is_one_contract:
                raise
            return 0

    def is_operator(self, party: int, address: str, *, at: BlockNumber = "latest") -> bool:
        """Whether the address may anchor for the party."""
        return bool(self._value("isOperator", party, address, at=at))

    def default_issuer(self, account: str, *, at: BlockNumber = "latest") -> int:
        """The party for which the account's bare roots are anchored; 0 for none."""
        return int(self._value("defaultIssuerOf", account, at=at))

    def batch(self, issuer: int, root: bytes, *, at: BlockNumber = "latest") -> Batch | None:
        """The batch an issuer anchored under a root, or None."""
        found = self._value_unless("UnknownBatch", "batchOf", issuer, root, at=at)
        return None if found is None else self._understood("batchOf", lambda: read_batch(issuer, root, found))

    def status(self, issuer: int, root: bytes, index: int, digest: bytes, *, at: BlockNumber = "latest") -> Status:
        """The status of one credential, by its place in a batch and by its digest."""
        by_digest = (digest,) if self.edition.has_digest_statuses else ()
        revoked, suspended = self._values("statusOf", issuer, root, index, *by_digest, at=at)
        return Status(revoked, suspended)

    def digest_statuses(
        self, issuer: int, digests: Sequence[bytes], *, at: BlockNumber = "latest"
    ) -> tuple[DigestStatus, ...]:
        """What the issuer said of credentials by their digests, in their order; nothing in the first edition."""
        if not digests or not self.edition.has_digest_statuses:
            return (NOTHING_SAID,) * len(digests)
        found = self._value("digestStatusesOf", issuer, list(digests), at=at)
        if len(found) != len(digests):
            raise self._senseless("digestStatusesOf", f"{len(digests)} were asked for, {len(found)} came")
        return self._understood("digestStatusesOf", lambda: tuple(read_digest_status(each) for each in found))

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
        topics: Topics = [topics_of("Anchored"), None if issuer is None else issuer.to_bytes(32, "big"), root]
        return self._events(topics, from_block, to_block)

    def status_changes(
        self, issuer: int, root: bytes, *, from_block: int = 0, to_block: BlockNumber = "latest"
    ) -> tuple[Event, ...]:
        """`StatusSet` of a batch in a range of blocks, oldest first; lifted suspensions are not in it."""
        topics: Topics = [topics_of("StatusSet"), issuer.to_bytes(32, "big"), root]
        events = self._events(topics, from_block, to_block)
        for event in events:
            self._understood(event.name, partial(_check_words, event))
        return events

    def changes_by(self, account: str, *, from_block: int = 0) -> tuple[Event, ...]:
        """What an account revoked, suspended, reinstated and voided since a block, of any issuer; oldest first."""
        topics = topics_of("StatusSet", "SuspensionCleared", "BatchVoided", *DIGEST_EVENTS)
        events = self._events([topics], from_block, "latest")
        who = ("controller" if event.name == "BatchVoided" else "operator" for event in events)
        return tuple(
            event for event, name in zip(events, who, strict=True) if checksummed(event.arguments[name]) == account
        )

    def all_revoked_digests(self, issuer: int) -> frozenset[bytes] | None:
        """All that the issuer revoked by digest, by its events; None where the endpoint does not tell them at once."""
        if not self.edition.has_digest_statuses:
            return frozenset()
        topics: Topics = [topics_of("DigestRevoked"), issuer.to_bytes(32, "big")]
        try:
            logs = self.client.logs(self.address, topics, 0, "latest")
        except ChainUnavailable as error:
            if error.code not in ASK_FOR_LESS:
                raise
            return None
        return frozenset(event.arguments["digest"] for event in self.decode_events(logs))

    def replacements(
        self, issuer: int, root: bytes, *, from_block: int = 0, to_block: BlockNumber = "latest"
    ) -> dict[int, AnchorPlace]:
        """What the issuer put in the place of leaves of a batch, by their index; of several the latest counts."""
        topics: Topics = [topics_of("Superseded"), issuer.to_bytes(32, "big"), root]
        events = self._events(topics, from_block, to_block)
        return {
            event.arguments["index"]: AnchorPlace(
                event.arguments["replacementRoot"], event.arguments["replacementIndex"]
            )
            for event in events
        }

    def operators(self, party: int) -> tuple[str, ...]:
        """The addresses that may anchor for the party, checksummed.

        In the first edition found by events, and each confirmed by the contract.
        """
        if "operatorsOf" in self.edition.registry.functions:
            return tuple(checksummed(each) for each in self._value("operatorsOf", party, at="latest"))
        events = self._events([topics_of("OperatorSet"), party.to_bytes(32, "big")], 0, "latest")
        named = dict.fromkeys(checksummed(event.arguments["operator"]) for event in events)
        return tuple(address for address in named if self.is_operator(party, address))

    def _events(self, topics: Topics, first: int, to: BlockNumber) -> tuple[Event, ...]:
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
        """This registry's events among the logs, decoded; events of others are left out.

        Args:
            blocks: headers by number, which tell the times of the events; without any, they have none.

        Raises:
            ChainUnavailable: a log of this contract does not have the form of its event.
        """
        events = []
        for log in logs:
            known = self._events_by_address.get(address_bytes(log.address))
            item = known.get(log.topics[0]) if known is not None and log.topics else None
            if item is None:
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

    @cached_property
    def _events_by_address(self) -> Mapping[bytes, Mapping[bytes, Item]]:
        built = (self.edition.registry, self.edition.accreditations)
        places = (self.address, self.accreditations_address)
        return {address_bytes(at): each.events_by_topic for at, each in zip(places, built, strict=True)}

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
        """Make sure that the code at the addresses is a registry's; none may be at that for accreditations.

        Raises:
            WrongChain: code `no-contract` or `wrong-code`.
        """
        if not self.refuse_other_code():
            raise self.client.no_contract(self.address)

    def refuse_other_code(self) -> bool:
        """Make sure that there is no code but a registry's at its addresses, and say whether the registry is there.

        Raises:
            WrongChain: code `wrong-code`.
        """
        deployed = self.client.code(self.address)
        if deployed and not same_code(deployed, self.edition.registry):
            raise self._wrong_code(self.address)
        if not self.edition.is_one_contract:
            beside = self.client.code(self.accreditations_address)
            if beside and not same_code(beside, self.edition.accreditations):
                raise self._wrong_code(self.accreditations_address)
        return bool(deployed)

    def _wrong_code(self, address: str) -> WrongChain:
        return WrongChain(
            f"the code at {address} is not this program's contract",
            where=self.client.where,
            remedy="Check the address; another version of the program may have deployed it.",
            code="wrong-code",
        )

    # Asking

    def _values(self, function: str, *arguments: object, at: BlockNumber) -> tuple[Any, ...]:
        address, item = self.function(function)
        answer = self.client.call(address, item.encode(*arguments), at)
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
        digest_changes=found.get("digestChanges", 0),
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


def read_digest_status(found: Mapping[str, Any]) -> DigestStatus:
    """What `digestStatusesOf` answered of one; raises ValueError where the contract cannot have."""

    def said(when: int, why: int) -> tuple[datetime | None, Reason | None]:
        reason = Reason(why)
        return (_time(when), reason) if when else (None, None)

    return DigestStatus(
        *said(found["revokedAt"], found["revocationReason"]), *said(found["suspendedAt"], found["suspensionReason"])
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
