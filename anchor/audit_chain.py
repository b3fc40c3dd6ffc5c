"""What an audit reads from the chain: its blocks, every event of the contract, and the contract's own answers.

Nothing that the operator says is taken for granted: where the contract begins is found by asking for its code, and
every event is decoded again and dated by the header of its block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Any

from registry.accreditation import REASONS, Accreditation, Change, Kind, State
from registry.audit import BatchState, Happened, Key, PartyState, reason_word
from registry.chain.abi import artifact
from registry.chain.client import TRY_LATER, Block, ChainClient, Log, MinedTransaction
from registry.chain.contract import ZERO_ADDRESS, CredentialRegistry
from registry.chain.spans import ASK_FOR_LESS, Spans
from registry.errors import ChainError, ChainUnavailable, ContractReverted
from registry.scope import Scope

# What one request asks of an endpoint: well below the gas that any of them allows a call.
CALLS_A_REQUEST = 200
WORDS_A_REQUEST = 2_048
_UNKNOWN = frozenset({"UnknownParty", "UnknownBatch", "UnknownAccreditation"})
_STATES = tuple(State)
_KINDS = tuple(Kind)
_LATEST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())

Progress = Callable[[int, int], None]
WordRange = tuple[int, bytes, int, int, int]
"""Issuer, root, purpose, first word, how many."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """The events of one transaction, and all logs of the contract that the list of logs had of it."""

    hash: bytes
    block: Block
    events: tuple[Happened, ...]
    logs: tuple[Log, ...]

    def agrees(self, mined: MinedTransaction, address: str) -> bool:
        """Whether its receipt is of the same block and has the same logs of the contract."""
        logs = tuple(log for log in mined.logs if log.address == address)
        return mined.block_hash == self.block.hash and logs == self.logs


def transactions(registry: CredentialRegistry, first: int, last: int, progress: Progress) -> Iterator[Transaction]:
    """Every transaction with events of the contract in a range of blocks, in the order of the chain.

    Raises:
        ChainUnavailable: no answer, or the chain reorganised meanwhile (code `chain-moved`).
    """
    client = registry.client
    for logs in walk(client, registry.address, first, last, progress):
        numbers = sorted({log.block_number for log in logs})
        headers = dict(zip(numbers, client.blocks(numbers), strict=True))
        for (number, transaction), of_one in groupby(logs, key=lambda log: (log.block_number, log.transaction_hash)):
            header, its_logs = headers[number], tuple(of_one)
            if header is None or any(log.block_hash != header.hash for log in its_logs):
                raise client.moved()
            events = tuple(
                Happened(event.name, event.arguments, number, header.timestamp, transaction, event.log.log_index)
                for event in registry.decode_events(its_logs)
            )
            yield Transaction(transaction, header, events, its_logs)


def walk(client: ChainClient, address: str, first: int, last: int, progress: Progress) -> Iterator[tuple[Log, ...]]:
    """Every log of a contract, in order and piece by piece; the ranges of blocks fit what the endpoint answers.

    Raises:
        ChainUnavailable: the endpoint does not even answer for a single block.
    """
    start, spans = first, Spans()
    while start <= last:
        end = min(last, start + spans.length - 1)
        try:
            logs = client.logs(address, (), start, end)
        except ChainUnavailable as error:
            if spans.shorter(error, end - start + 1):
                continue
            raise
        spans.worked(len(logs))
        yield logs
        progress(end - first + 1, last - first + 1)
        start = end + 1


def block_at(client: ChainClient, moment: datetime, *, after: bool) -> int:
    """The number of the first block at that time or later, or with `after=False` of the last one before it.

    Raises:
        ChainUnavailable: no answer.
    """
    low, high = 0, existing_block(client, "latest").number + 1
    while low < high:
        middle = (low + high) // 2
        if existing_block(client, middle).timestamp < moment:
            low = middle + 1
        else:
            high = middle
    return low if after else max(0, low - 1)


def existing_block(client: ChainClient, number: int | str) -> Block:
    """That block, or "latest".

    Raises:
        ChainUnavailable: the chain does not have it.
    """
    block = client.block("latest" if isinstance(number, str) else number)
    if block is None:
        raise ChainUnavailable(
            f"the chain has no block {number}", where=client.where, remedy=TRY_LATER, code="no-block"
        )
    return block


class Storage:
    """The contract's own answers, all at one block and many in a request, through the contract's own `multicall`.

    Every method raises `ChainUnavailable` when there is no answer or one that the contract cannot have given.
    """

    def __init__(self, registry: CredentialRegistry, at: int):
        self._client = registry.client
        self._address = registry.address
        self._at = at

    def count(self, function: str) -> int:
        """`partyCount` or `accreditationCount`."""
        (found,) = self._ask(function, [()])
        return int(found)

    def parties(self, numbers: Sequence[int]) -> dict[int, PartyState | None]:
        """Parties by number, None for those that are not there."""
        return dict(zip(numbers, self._read("partyOf", [(number,) for number in numbers], _party), strict=True))

    def operators(self, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], bool]:
        """Whether an account may anchor for a party."""
        return dict(zip(keys, self._read("isOperator", keys, bool), strict=True))

    def default_issuers(self, accounts: Sequence[str]) -> dict[str, int]:
        """For whom an account's bare roots are anchored; 0 for nobody."""
        return dict(zip(accounts, self._read("defaultIssuerOf", [(each,) for each in accounts], int), strict=True))

    def batches(self, keys: Sequence[Key]) -> dict[Key, BatchState | None]:
        """Batches by issuer and root, None for those that are not there."""
        return dict(zip(keys, self._read("batchOf", keys, _batch), strict=True))

    def words(self, ranges: Iterable[WordRange]) -> Iterator[tuple[WordRange, tuple[int, ...]]]:
        """Status words; each range is answered in one request, and several small ones together."""
        for some in _together(ranges):
            for wanted, found in zip(some, self._read("statusWords", some, tuple), strict=True):
                if found is None or len(found) != wanted[-1]:
                    raise self._senseless("statusWords", f"{wanted[-1]} words were asked for")
                yield wanted, found

    def accreditations(self, numbers: Sequence[int]) -> dict[int, Accreditation | None]:
        """Accreditations and recognitions by number, None for those that are not there."""
        found = self._ask("accreditationOf", [(number,) for number in numbers])
        return {
            number: None if each is None else self._understood("accreditationOf", partial(_accreditation, number, each))
            for number, each in zip(numbers, found, strict=True)
        }

    def _read(self, function: str, arguments: Sequence[Sequence[object]], read: Callable[[Any], Any]) -> list[Any]:
        return [
            None if found is None else self._understood(function, partial(read, found))
            for found in self._ask(function, arguments)
        ]

    def _ask(self, function: str, arguments: Sequence[Sequence[object]]) -> list[Any]:
        """The answers to one function with each of these arguments; None where it says that there is no such thing."""
        item = artifact().functions[function]
        encoded = [item.encode(*each) for each in arguments]
        answers: list[bytes | None] = []
        for start in range(0, len(encoded), CALLS_A_REQUEST):
            answers += self._answers(encoded[start : start + CALLS_A_REQUEST])

        def read(answer: bytes) -> Any:
            return _only(item.decode_output(answer))

        return [None if each is None else self._understood(function, partial(read, each)) for each in answers]

    def _answers(self, calls: list[bytes]) -> list[bytes | None]:
        if len(calls) == 1:
            try:
                return [self._client.call(self._address, calls[0], self._at)]
            except ContractReverted as refusal:
                if refusal.error not in _UNKNOWN:
                    raise
                return [None]
        multicall = artifact().functions["multicall"]
        try:
            answer = self._client.call(self._address, multicall.encode(calls), self._at)
        except (ChainUnavailable, ContractReverted) as error:
            if isinstance(error, ChainUnavailable) and error.code not in ASK_FOR_LESS:
                raise
            # Too much at once, or one of them asks for what is not there, which refuses all.
            middle = len(calls) // 2
            return self._answers(calls[:middle]) + self._answers(calls[middle:])
        answers = self._understood("multicall", lambda: _only(multicall.decode_output(answer)))
        if len(answers) != len(calls):
            raise self._senseless("multicall", f"{len(calls)} answers were due, {len(answers)} came")
        return list(answers)

    def _understood(self, what: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (ValueError, KeyError, IndexError, TypeError, OverflowError, ChainError) as error:
            raise self._senseless(what, str(error)) from None

    def _senseless(self, what: str, why: str) -> ChainUnavailable:
        return ChainUnavailable(
            f"the answer to {what} is not one this contract can give: {why}",
            where=self._client.where,
            remedy=TRY_LATER,
            code="chain-garbage",
        )


def _together(ranges: Iterable[WordRange]) -> Iterator[list[WordRange]]:
    """As many ranges as may share a request."""
    some: list[WordRange] = []
    words = 0
    for each in ranges:
        if some and (words + each[-1] > WORDS_A_REQUEST or len(some) == CALLS_A_REQUEST):
            yield some
            some, words = [], 0
        some.append(each)
        words += each[-1]
    if some:
        yield some


def _only(values: tuple[Any, ...]) -> Any:
    (value,) = values
    return value


def _party(found: Mapping[str, Any]) -> PartyState:
    pending = found["pendingController"].lower()
    return PartyState(
        controller=found["controller"].lower(),
        pending_controller=None if pending == ZERO_ADDRESS else pending,
        registered_at=_moment(found["registeredAt"]),
        retired_at=_moment(found["retiredAt"]) if found["retiredAt"] else None,
        sequence=found["sequence"],
        profile_hash=found["profileHash"],
        uri=found["uri"],
    )


def _batch(found: Mapping[str, Any]) -> BatchState:
    voided = bool(found["voidedAt"])
    return BatchState(
        anchored_at=_moment(found["anchoredAt"]),
        block_number=found["blockNumber"],
        leaf_count=found["leafCount"],
        sequence=found["sequence"],
        voided_at=_moment(found["voidedAt"]) if voided else None,
        void_reason=reason_word(found["voidReason"]) if voided else "",
    )


def _accreditation(number: int, found: Mapping[str, Any]) -> Accreditation:
    """The contract's answer as the ledger has it."""
    terms, scope = found["terms"], found["terms"]["scope"]
    names = ("field", "fieldDigits", "levelMin", "levelMax", "qualificationTypes", "jurisdiction")
    history = tuple(
        Change(
            _STATES[change["state"]],
            _moment(change["recordedAt"]),
            _moment(change["effectiveFrom"]),
            REASONS[change["reason"]],
        )
        for change in found["history"]
    )
    if history[-1].state is not _STATES[found["state"]]:
        raise ValueError("its state is not that of its last change")
    return Accreditation(
        id=number,
        body=terms["body"],
        holder=terms["holder"],
        kind=_KINDS[terms["kind"]],
        scope=Scope.from_numbers(scope[name] for name in names),
        valid_from=_moment(terms["validFrom"]),
        valid_until=_moment(terms["validUntil"]) if terms["validUntil"] else None,
        evidence_hash=bytes(terms["evidenceHash"]),
        evidence_uri=terms["evidenceUri"],
        changes=history,
    )


def _moment(seconds: int) -> datetime:
    # As in `registry.accreditation`: times after the year 9999 are its last second.
    return datetime.fromtimestamp(min(seconds, _LATEST_SECOND), UTC)
