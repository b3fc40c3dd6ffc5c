"""Several JSON-RPC endpoints of one chain as one: reads fail over, what is sent goes to all of them.

An answer that is an error is an answer: only an endpoint that gives none, or that is too busy, is passed over, and for
a proof (`eth_getProof`) one that refuses it, since many offer none, or of few blocks. The reads of a while come from
one endpoint, so that they fit together; it changes when that endpoint fails, or when another has newer blocks. Heights
and a block that all should have are compared: one that is behind is named in the log, and one that is on another branch
than most is not read from.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

from registry.chain.rpc.hexadecimal import count
from registry.chain.rpc.methods import PROOF, SEND, is_question
from registry.chain.rpc.patience import RATE_LIMITED
from registry.chain.rpc.refusals import Refusal, asked_pause, meaning_of, words_of
from registry.errors import ChainUnavailable

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
# So many blocks behind the newest one known, an endpoint is not asked while there is another.
MOST_BEHIND = 2
# So many blocks below the lowest head all have the same block, unless one is on another branch: a reorganisation of a
# few blocks is nothing to tell.
AGREE_BLOCKS = 8
# Heads are compared again when the chain has grown by so much, or while one is on another branch.
COMPARE_EVERY = 32
# Sends that one endpoint may owe an answer to; a silent one gets no more of them, and holds no more threads.
MOST_SENDS_OWED = 4
# How clients say that they have the transaction already (`registry.chain.rpc.classify` has all their words).
_HAS_IT = ("already known", "alreadyknown", "already imported", "same hash")

_log = logging.getLogger(__name__)

Requests = Sequence[tuple[str, Sequence[object]]]
"""Methods with their parameters."""
Answers = list[Mapping[str, Any]]


class Endpoint(Protocol):
    """What carries requests to one endpoint, such as `HttpTransport`."""

    where: str

    def hide(self, text: str) -> str: ...

    def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]: ...

    def make_batch_request(self, requests: Requests) -> Answers: ...

    def close(self) -> None: ...


Ask = Callable[[Endpoint], Answers]


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How an endpoint is.

    Attributes:
        where: its URL without secrets, with a number where others have the same.
        ok: whether it is asked; False while it rests after a failure or is on another branch than most, and for good
            when it serves another chain.
        why: what is wrong.
        head, behind: the newest block it has shown, and how many another one has shown more.
        latency: seconds its last answer took.
    """

    where: str
    ok: bool
    why: str | None
    head: int | None
    behind: int | None
    latency: float | None


@dataclass(slots=True)
class _Known:
    """What is known of one endpoint; times are monotonic seconds."""

    endpoint: Endpoint
    name: str
    failures: int = 0
    rests_until: float = 0.0
    why: str | None = None
    head: int | None = None
    latency: float | None = None
    sends_owed: int = 0
    checked: bool = False
    excluded: bool = False
    strays: bool = False
    told_behind: bool = False
    has_no_proofs: bool = False


def _names(endpoints: Sequence[Endpoint]) -> list[str]:
    """What each is called: by where it is, and by a number where others have the same URL but for its secrets."""
    seen: Counter[str] = Counter()
    names = []
    for each in endpoints:
        seen[each.where] += 1
        names.append(each.where if seen[each.where] == 1 else f"{each.where} (no. {seen[each.where]})")
    return names


class Endpoints:
    """A transport (see `registry.chain.rpc.client`) over several endpoints.

    An endpoint that serves another chain than the first one that answered is never asked again.

    Args:
        endpoints: the preferred ones first.
        clock: seconds that never go back.
    """

    def __init__(self, endpoints: Sequence[Endpoint], *, clock: Callable[[], float] = time.monotonic):
        self._known = [_Known(each, name) for each, name in zip(endpoints, _names(endpoints), strict=True)]
        self._clock = clock
        self._lock = threading.Lock()
        self._chain: tuple[str, str] | None = None
        self._compared_at = -COMPARE_EVERY
        # One more each than can be held up by sends, for the heads.
        self._threads = ThreadPoolExecutor(len(self._known) * (MOST_SENDS_OWED + 1), thread_name_prefix="endpoint")
        self.where = ", ".join(each.where for each in endpoints)

    def hide(self, text: str) -> str:
        """A text without what of any of the addresses is secret."""
        return reduce(lambda left, each: each.endpoint.hide(left), self._known, text)

    def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        """The answer of the best endpoint that gives one; what does more than ask goes to one of them, once.

        Raises:
            ChainUnavailable: none does; the reason is that of the last one asked.
        """
        if method == SEND:
            return self._broadcast(params)
        if not is_question(method):
            return self._once(method, params)
        if method == "eth_getBlockByNumber" and params and params[0] == "latest":
            self._look_for_newer_heads()
        proofs = [0] if method == PROOF else []
        return self._first_answers(lambda one: [one.make_request(method, params)], proofs)[0]

    def make_batch_request(self, requests: Requests) -> Answers:
        """The answers of the best endpoint that gives them: all of one endpoint.

        Raises:
            ChainUnavailable: none does.
        """
        proofs = [place for place, (method, _) in enumerate(requests) if method == PROOF]
        return self._first_answers(lambda one: one.make_batch_request(requests), proofs)

    def each_answer(self, method: str, params: Sequence[object]) -> dict[str, Mapping[str, Any]]:
        """What each endpoint of this chain answers, by its name; without those that give no answer.

        Also those on another branch are asked: this is how to see that they are.
        """
        answers = {}
        for one in self._in_order(everyone=True):
            with suppress(ChainUnavailable):
                answers[one.name] = self._read(one, lambda endpoint: [endpoint.make_request(method, params)])[0]
        return answers

    def alone(self) -> list[Alone]:
        """Each of them by itself, in the order of preference, for whoever shares reading out among them."""
        return [Alone(self, one) for one in self._known]

    def health(self) -> list[EndpointHealth]:
        """How each endpoint is, in the order of preference."""
        now = self._clock()
        with self._lock:
            newest = max((one.head for one in self._known if one.head is not None), default=0)
            return [
                EndpointHealth(
                    where=one.name,
                    ok=not one.excluded and not one.strays and one.rests_until <= now,
                    why=one.why,
                    head=one.head,
                    behind=None if one.head is None else newest - one.head,
                    latency=one.latency,
                )
                for one in self._known
            ]

    def newest_head(self) -> int:
        """The newest block that any of them has shown, also one that does not answer now; 0 when none has."""
        with self._lock:
            return max((one.head or 0 for one in self._known if not one.excluded and not one.strays), default=0)

    def close(self) -> None:
        """Close all connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for one in self._known:
            one.endpoint.close()

    def _first_answers(self, ask: Ask, proofs: Sequence[int]) -> Answers:
        """The answers of the best endpoint that gives them.

        Args:
            proofs: which of the answers have to be proofs: the next endpoint may have what one refuses.
        """
        failure: ChainUnavailable | None = None
        busy: Answers | None = None
        refused: list[Answers] = []
        order = self._in_order()
        for one in sorted(order, key=lambda one: one.has_no_proofs) if proofs else order:
            try:
                answers = self._asked(one, ask)
            except ChainUnavailable as error:
                failure = _more_telling(failure, error)
                continue
            if any(map(_is_busy, answers)):
                busy = answers
            elif meanings := [_meaning(answers[place]) for place in proofs if _meaning(answers[place])]:
                one.has_no_proofs = Refusal.METHOD in meanings
                # An older block than one keeps says more than a method that is not there.
                refused.insert(0 if Refusal.STATE in meanings else len(refused), answers)
            else:
                return answers
        if busy is not None or refused:
            return busy or refused[0]
        raise failure or self._none_left()

    def _once(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        """The answer of the best endpoint; another is not asked, which might do the same a second time."""
        for one in self._in_order():
            with suppress(WrongChainHere):  # it was asked for its chain alone then
                return self._asked(one, lambda endpoint: [endpoint.make_request(method, params)])[0]
        raise self._none_left()

    def _broadcast(self, params: Sequence[object]) -> Mapping[str, Any]:
        """Send to all; taken by one is taken, and the others are not waited for.

        When none takes it: one that has it already tells most, then a refusal, then silence, then a limit.
        """
        asked = [self._threads.submit(self._sent, one, params) for one in self._owing_little()]
        for future in as_completed(asked):
            if future.exception() is None and "result" in future.result():
                return future.result()
        refusals, failure = _outcomes(asked)
        telling = [answer for answer in refusals if not _is_busy(answer)]
        for answer in [*filter(_has_it, telling), *telling]:
            return answer
        if failure is None and refusals:
            return refusals[0]
        # One that gave no answer may have taken it.
        raise failure or self._none_left()

    def _owing_little(self) -> list[_Known]:
        """All that may be sent to; each now owes an answer more."""
        order = self._in_order(everyone=True)
        with self._lock:
            chosen = [one for one in order if one.sends_owed < MOST_SENDS_OWED]
            for one in chosen:
                one.sends_owed += 1
        return chosen

    def _sent(self, one: _Known, params: Sequence[object]) -> Mapping[str, Any]:
        try:
            return self._asked(one, lambda endpoint: [endpoint.make_request(SEND, params)])[0]
        finally:
            with self._lock:
                one.sends_owed -= 1

    def _look_for_newer_heads(self) -> None:
        """Ask every endpoint that is not resting how far it is: reads follow the newest."""
        asked = self._in_order(strays=True)
        for future in [self._threads.submit(self._head_of, one) for one in asked]:
            future.result()
        known = [one for one in asked if one.head is not None]
        if len(known) > 1:
            self._tell_behind(known)
            self._compare(known)

    def _tell_behind(self, known: list[_Known]) -> None:
        newest = max(one.head or 0 for one in known)
        for one in known:
            behind = newest - (one.head or 0)
            if behind > MOST_BEHIND and not one.told_behind:
                _log.warning(
                    "%s is %d blocks behind another endpoint of this chain",
                    one.endpoint.where,
                    behind,
                    extra={"code": "endpoint-behind"},
                )
            one.told_behind = behind > MOST_BEHIND

    def _compare(self, known: list[_Known]) -> None:
        """Hold one block of each against those of the others: most of them, or the preferred ones, are followed."""
        height = max(0, min(one.head or 0 for one in known) - AGREE_BLOCKS)
        if 0 <= height - self._compared_at < COMPARE_EVERY and not any(one.strays for one in known):
            return
        hashes = [future.result() for future in [self._threads.submit(self._hash_of, one, height) for one in known]]
        counted = Counter(each for each in hashes if each is not None)
        if not counted:
            return
        self._compared_at = height
        # `most_common` keeps the order of preference among equals.
        followed = counted.most_common(1)[0][0]
        for one, found in zip(known, hashes, strict=True):
            strays = found is not None and found != followed
            if strays and not one.strays:
                _log.warning(
                    "%s has another block %d than the other endpoints of this chain; it is not read from",
                    one.endpoint.where,
                    height,
                    extra={"code": "endpoint-strays"},
                )
            with self._lock:
                one.strays = strays
                one.why = f"it has another block {height} than the others" if strays else one.why

    def _hash_of(self, one: _Known, height: int) -> str | None:
        with suppress(ChainUnavailable):
            (answer,) = self._asked(
                one, lambda endpoint: [endpoint.make_request("eth_getBlockByNumber", [hex(height), False])]
            )
            block = answer.get("result")
            found = block.get("hash") if isinstance(block, Mapping) else None
            return found.lower() if isinstance(found, str) else None
        return None

    def _head_of(self, one: _Known) -> None:
        with suppress(ChainUnavailable, ValueError, TypeError):
            (answer,) = self._asked(one, lambda endpoint: [endpoint.make_request("eth_blockNumber", [])])
            head = count(answer.get("result"))
            with self._lock:
                one.head = head

    def _in_order(self, *, everyone: bool = False, strays: bool = False) -> list[_Known]:
        """Those to ask, the best first: not resting, not far behind, then as preferred; the resting ones last.

        Args:
            everyone: also those that rest, and those on another branch: for what is sent.
            strays: also those on another branch, for a look whether they still are.
        """
        now = self._clock()
        with self._lock:
            usable = [one for one in self._known if not one.excluded and (everyone or strays or not one.strays)]
            newest = max((one.head for one in usable if one.head is not None and one.rests_until <= now), default=0)
            order = sorted(
                usable,
                key=lambda one: (one.rests_until > now, one.head is not None and newest - one.head > MOST_BEHIND),
            )
        if everyone:
            return order
        awake = [one for one in order if one.rests_until <= now]
        # When all rest, the one that may wake up first is tried: an answer late is better than none.
        return awake or sorted(order, key=lambda one: one.rests_until)[:1]

    def _asked(self, one: _Known, ask: Ask) -> Answers:
        try:
            self._check(one)
            asked_at = self._clock()
            answers = ask(one.endpoint)
        except WrongChainHere:
            raise
        except ChainUnavailable as error:
            self._failed(one, error.what, error.retry_after)
            raise
        with self._lock:
            one.latency = self._clock() - asked_at
        for busy in filter(_is_busy, answers):
            self._failed(one, "too many requests", asked_pause(busy["error"]))
            return answers
        with self._lock:
            one.failures, one.rests_until, one.why = 0, 0.0, None
        return answers

    def _read(self, one: _Known, ask: Ask) -> Answers:
        """Ask; once more if the connection was lost, as one kept open may be: here no other endpoint stands in."""
        try:
            return self._asked(one, ask)
        except ChainUnavailable as error:
            if error.code != "chain-connection-lost":
                raise
        return self._asked(one, ask)

    def _check(self, one: _Known) -> None:
        """Before an endpoint is believed in anything: the chain it serves."""
        if one.excluded:  # by another thread, since this one chose whom to ask
            raise WrongChainHere(f"this endpoint is not asked: {one.why}", where=one.endpoint.where)
        if one.checked:
            return
        chain_id = one.endpoint.make_request("eth_chainId", []).get("result")
        genesis = one.endpoint.make_request("eth_getBlockByNumber", ["0x0", False]).get("result")
        genesis_hash = genesis.get("hash") if isinstance(genesis, Mapping) else None
        if not (isinstance(chain_id, str) and isinstance(genesis_hash, str)):
            raise ChainUnavailable("the endpoint does not say which chain it serves", where=one.endpoint.where)
        identity = (chain_id.lower(), genesis_hash.lower())
        with self._lock:
            self._chain = self._chain or identity
            one.checked = True
            if identity == self._chain:
                return
            one.excluded, one.why = True, f"it serves another chain ({chain_id})"
        raise WrongChainHere(f"this endpoint serves another chain ({chain_id})", where=one.endpoint.where)

    def _failed(self, one: _Known, why: str, asked: float | None) -> None:
        """It rests, longer each time, and at least as long as it asked to."""
        with self._lock:
            one.failures += 1
            # No larger power than that: a number would grow for as long as an endpoint is away.
            pause = min(FIRST_PAUSE_SECONDS * 2 ** min(one.failures - 1, 10), LONGEST_PAUSE_SECONDS)
            pause = max(pause, asked or 0.0)
            one.rests_until = self._clock() + pause
            one.why = why

    def _none_left(self) -> ChainUnavailable:
        return ChainUnavailable(
            "no endpoint of this chain can be asked",
            where=self.where,
            remedy="Check the endpoints in the setting chain: all of them serve other chains than the first one.",
            code="chain-unreachable",
        )


class Alone:
    """One of several endpoints as a transport: what it answers and refuses is known to the others' reads, too.

    It is asked also while it rests, since whoever asks has pauses of its own; never while it is on another branch.
    """

    def __init__(self, endpoints: Endpoints, one: _Known):
        self._endpoints = endpoints
        self._one = one
        self.where = one.name

    def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        """The answer of this one.

        Raises:
            ChainUnavailable: it gives none, or is of another chain or branch than the others.
        """
        return self._asked(lambda endpoint: [endpoint.make_request(method, params)])[0]

    def make_batch_request(self, requests: Requests) -> Answers:
        """The answers of this one; raises as `make_request`."""
        return self._asked(lambda endpoint: endpoint.make_batch_request(requests))

    def hide(self, text: str) -> str:
        """A text without what of its address is secret."""
        return self._one.endpoint.hide(text)

    def _asked(self, ask: Ask) -> Answers:
        if self._one.strays:
            raise ChainUnavailable(
                f"this endpoint is not read from: {self._one.why}", where=self.where, code="endpoint-strays"
            )
        return self._endpoints._asked(self._one, ask)


class WrongChainHere(ChainUnavailable):
    """One of several endpoints serves another chain; the others are asked instead."""


def _more_telling(before: ChainUnavailable | None, error: ChainUnavailable) -> ChainUnavailable:
    """The later failure, unless it is only about an endpoint of another chain, or the one before is over by itself."""
    if before is None or before.code == RATE_LIMITED:
        return before or error
    return before if isinstance(error, WrongChainHere) else error


def _outcomes(asked: Sequence[Future[Mapping[str, Any]]]) -> tuple[list[Mapping[str, Any]], ChainUnavailable | None]:
    """Refusals in the order of preference, and why others gave no answer."""
    refusals: list[Mapping[str, Any]] = []
    failure: ChainUnavailable | None = None
    for future in asked:
        try:
            refusals.append(future.result())
        except ChainUnavailable as error:
            failure = _more_telling(failure, error)
    return refusals, failure


def _is_busy(answer: Mapping[str, Any]) -> bool:
    """Whether the endpoint takes no more requests; what it says of one query would be so anywhere and any time."""
    return _meaning(answer) is Refusal.LIMITED


def _meaning(answer: Mapping[str, Any]) -> Refusal | None:
    """What a refusal is about; None where it is none."""
    return None if answer.get("error") is None else meaning_of(answer["error"])


def _has_it(answer: Mapping[str, Any]) -> bool:
    words = words_of(answer.get("error")).lower()
    return any(known in words for known in _HAS_IT)
