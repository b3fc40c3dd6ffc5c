"""What the contract itself says at one block: parties, batches, status words, accreditations, many in a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from registry.chain.contract import CredentialRegistry, read_batch, read_digest_status, read_party
from registry.chain.rpc.remedies import TRY_LATER
from registry.chain.rpc.spans import ASK_FOR_LESS
from registry.errors import ChainError, ChainUnavailable, ContractReverted
from registry.recognition.ledger import REASONS, Accreditation, Change, Kind, State, read_moment, read_scope
from registry.records import NOTHING_SAID, Batch, DigestKey, DigestStatus, Key, Party

# What one request asks of an endpoint: well below the gas that any of them allows a call.
CALLS_A_REQUEST = 200
WORDS_A_REQUEST = 2_048
# Each of them costs about as much as a status word.
DIGESTS_A_CALL = 100
_UNKNOWN = frozenset({"UnknownParty", "UnknownBatch", "UnknownAccreditation"})
_STATES = tuple(State)
_KINDS = tuple(Kind)

K = TypeVar("K")
V = TypeVar("V")

WordRange = tuple[int, bytes, int, int, int]
"""Issuer, root, purpose, first word, how many."""


class Storage:
    """The contract's own answers, all at one block and many in a request, through the contract's own `multicall`.

    Args:
        at: number of the block.
        block_hash: of the same block, where it is known: answers as of another one of that height are none then.

    Every method raises `ChainUnavailable` when there is no answer or one that the contract cannot have given.
    """

    def __init__(self, contract: CredentialRegistry, at: int, block_hash: bytes | None = None):
        self._contract = contract
        self._client = contract.client
        self._at = at
        self._hash = block_hash

    def count(self, function: str) -> int:
        """`partyCount` or `accreditationCount`."""

        def read() -> int:
            (found,) = self._ask(function, [()])
            return int(found)

        return self._contract.none_yet_or(read) if function == "accreditationCount" else read()

    def parties(self, numbers: Sequence[int]) -> dict[int, Party | None]:
        """Parties by number, None for those that are not there."""
        return dict(self._known("partyOf", {number: (number,) for number in numbers}, read_party))

    def operators(self, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], bool]:
        """Whether an account may anchor for a party."""
        return dict(zip(keys, self._read("isOperator", keys, bool), strict=True))

    def operators_of(self, parties: Sequence[int]) -> dict[int, frozenset[str]] | None:
        """All accounts that may anchor for each of the parties, in lower case; None in the first edition, which has no
        list of them."""
        if "operatorsOf" not in self._contract.edition.registry.functions:
            return None
        found = self._read("operatorsOf", [(party,) for party in parties], _accounts)
        return {
            party: frozenset() if accounts is None else accounts for party, accounts in zip(parties, found, strict=True)
        }

    def default_issuers(self, accounts: Sequence[str]) -> dict[str, int]:
        """For whom an account's bare roots are anchored; 0 for nobody."""
        return dict(zip(accounts, self._read("defaultIssuerOf", [(each,) for each in accounts], int), strict=True))

    def batches(self, keys: Sequence[Key]) -> dict[Key, Batch | None]:
        """Batches by issuer and root, None for those that are not there."""
        return dict(self._known("batchOf", {key: key for key in keys}, lambda key, found: read_batch(*key, found)))

    def words(self, ranges: Iterable[WordRange]) -> Iterator[tuple[WordRange, tuple[int, ...]]]:
        """Status words; each range is answered in one request, and several small ones together."""
        for some in _together(ranges):
            for wanted, found in zip(some, self._read("statusWords", some, tuple), strict=True):
                if found is None or len(found) != wanted[-1]:
                    raise self._senseless("statusWords", f"{wanted[-1]} words were asked for")
                yield wanted, found

    def digests(self, keys: Sequence[DigestKey]) -> dict[DigestKey, DigestStatus]:
        """What issuers said of credentials by their digests; nothing of any in the first edition."""
        if not self._contract.edition.has_digest_statuses:
            return dict.fromkeys(keys, NOTHING_SAID)
        by_issuer: dict[int, list[bytes]] = {}
        for issuer, digest in keys:
            by_issuer.setdefault(issuer, []).append(digest)
        found: dict[DigestKey, DigestStatus] = {}
        for issuer, digests in by_issuer.items():
            pieces = [digests[at : at + DIGESTS_A_CALL] for at in range(0, len(digests), DIGESTS_A_CALL)]
            answers = self._read("digestStatusesOf", [(issuer, piece) for piece in pieces], _digest_statuses)
            for piece, statuses in zip(pieces, answers, strict=True):
                if statuses is None or len(statuses) != len(piece):
                    raise self._senseless("digestStatusesOf", f"{len(piece)} were asked for")
                found |= {(issuer, digest): status for digest, status in zip(piece, statuses, strict=True)}
        return found

    def accreditations(self, numbers: Sequence[int]) -> dict[int, Accreditation | None]:
        """Accreditations and recognitions by number, None for those that are not there."""
        return dict(self._known("accreditationOf", {number: (number,) for number in numbers}, read_accreditation))

    def _known(
        self, function: str, arguments: Mapping[K, Sequence[object]], read: Callable[[K, Any], V]
    ) -> Iterator[tuple[K, V | None]]:
        """What the contract says of each of these, None for what it does not know."""
        for key, found in zip(arguments, self._ask(function, list(arguments.values())), strict=True):
            yield key, None if found is None else self._understood(function, partial(read, key, found))

    def _read(self, function: str, arguments: Sequence[Sequence[object]], read: Callable[[Any], Any]) -> list[Any]:
        return [
            None if found is None else self._understood(function, partial(read, found))
            for found in self._ask(function, arguments)
        ]

    def _ask(self, function: str, arguments: Sequence[Sequence[object]]) -> list[Any]:
        """The answers to one function with each of these arguments; None where it says that there is no such thing."""
        address, item = self._contract.function(function)
        encoded = [item.encode(*each) for each in arguments]
        answers: list[bytes | None] = []
        for start in range(0, len(encoded), CALLS_A_REQUEST):
            answers += self._answers(address, encoded[start : start + CALLS_A_REQUEST])

        def read(answer: bytes) -> Any:
            return _only(item.decode_output(answer))

        return [None if each is None else self._understood(function, partial(read, each)) for each in answers]

    def _answers(self, address: str, calls: list[bytes]) -> list[bytes | None]:
        if len(calls) == 1:
            try:
                return [self._called(address, calls[0])]
            except ContractReverted as refusal:
                if refusal.error not in _UNKNOWN:
                    raise
                return [None]
        multicall = self._contract.edition.function("multicall")
        try:
            answer = self._called(address, multicall.encode(calls))
        except (ChainUnavailable, ContractReverted) as error:
            if isinstance(error, ChainUnavailable) and error.code not in ASK_FOR_LESS:
                raise
            # Too much at once, or one of them asks for what is not there, which refuses all.
            middle = len(calls) // 2
            return self._answers(address, calls[:middle]) + self._answers(address, calls[middle:])
        answers = self._understood("multicall", lambda: _only(multicall.decode_output(answer)))
        if len(answers) != len(calls):
            raise self._senseless("multicall", f"{len(calls)} answers were due, {len(answers)} came")
        return list(answers)

    def _called(self, address: str, call: bytes) -> bytes:
        if self._hash is None:
            return self._client.call(address, call, self._at)
        return self._client.call_at(address, call, self._at, self._hash)

    def _understood(self, what: str, read: Callable[[], V]) -> V:
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


def _digest_statuses(found: Sequence[Mapping[str, Any]]) -> tuple[DigestStatus, ...]:
    return tuple(read_digest_status(each) for each in found)


def _accounts(found: Sequence[str]) -> frozenset[str]:
    return frozenset(account.lower() for account in found)


def _only(values: tuple[Any, ...]) -> Any:
    (value,) = values
    return value


def read_accreditation(number: int, found: Mapping[str, Any]) -> Accreditation:
    """What `accreditationOf` answered, as the ledger has it; raises ValueError or KeyError where it cannot have."""
    terms = found["terms"]
    history = tuple(
        Change(
            _STATES[change["state"]],
            read_moment(change["recordedAt"]),
            read_moment(change["effectiveFrom"]),
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
        scope=read_scope(terms["scope"]),
        valid_from=read_moment(terms["validFrom"]),
        valid_until=read_moment(terms["validUntil"]) if terms["validUntil"] else None,
        evidence_hash=bytes(terms["evidenceHash"]),
        evidence_uri=terms["evidenceUri"],
        changes=history,
        condition_hash=bytes(terms.get("conditionHash", bytes(32))),
    )
