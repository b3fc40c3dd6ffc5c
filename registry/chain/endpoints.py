"""Several JSON-RPC endpoints of one chain as one: reads fail over, what is sent goes to all of them.

An answer that is an error is an answer: only an endpoint that gives none, or that is too busy, is passed over. The
reads of a while come from one endpoint, so that they fit together; it changes when that endpoint fails, or when another
has newer blocks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from registry.chain.hexadecimal import quantity
from registry.errors import ChainUnavailable, WrongChain

SEND = "eth_sendRawTransaction"
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
# So many blocks behind the newest one known, an endpoint is not asked while there is another.
MOST_BEHIND = 2
# Limits of requests: geth's and most providers' code, and what those say that send HTTP codes inside of JSON.
_BUSY_CODES = frozenset({-32005, 429})


class Endpoint(Protocol):
    """What carries requests to one endpoint, such as `HttpTransport`."""

    where: str

    def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How an endpoint is. `head` is the newest block it has shown; `why` says what is wrong."""

    where: str
    ok: bool
    why: str | None
    head: int | None


@dataclass(slots=True)
class _Known:
    """What is known of one endpoint; times are monotonic seconds."""

    endpoint: Endpoint
    failures: int = 0
    rests_until: float = 0.0
    why: str | None = None
    head: int | None = None
    checked: bool = False
    excluded: bool = False


class Endpoints:
    """A transport (see `registry.chain.client`) over several endpoints.

    An endpoint that serves another chain than the first one that answered is never asked again.

    Args:
        endpoints: the preferred ones first.
        clock: seconds that never go back.
    """

    def __init__(self, endpoints: Sequence[Endpoint], *, clock: Callable[[], float] = time.monotonic):
        self._known = [_Known(each) for each in endpoints]
        self._clock = clock
        self._lock = threading.Lock()
        self._chain: tuple[object, object] | None = None
        self._threads = ThreadPoolExecutor(len(self._known), thread_name_prefix="endpoint")
        self.where = ", ".join(each.where for each in endpoints)

    def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        """The answer of the best endpoint that gives one.

        Raises:
            ChainUnavailable: none does; the reason is that of the last one asked.
        """
        if method == SEND:
            return self._broadcast(params)
        if method == "eth_getBlockByNumber" and params and params[0] == "latest":
            self._look_for_newer_heads()
        return self._first_answer(method, params)

    def health(self) -> list[EndpointHealth]:
        """How each endpoint is, in the order of preference."""
        now = self._clock()
        with self._lock:
            return [
                EndpointHealth(one.endpoint.where, not one.excluded and one.rests_until <= now, one.why, one.head)
                for one in self._known
            ]

    def close(self) -> None:
        """Close all connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for one in self._known:
            one.endpoint.close()

    def _first_answer(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        failure: ChainUnavailable | None = None
        busy: Mapping[str, Any] | None = None
        for one in self._in_order():
            try:
                answer = self._asked(one, method, params)
            except ChainUnavailable as error:
                failure = error
                continue
            if not _is_busy(answer):
                return answer
            self._failed(one, "too many requests")
            busy = answer
        if busy is not None:
            return busy
        raise failure or self._none_left()

    def _broadcast(self, params: Sequence[object]) -> Mapping[str, Any]:
        """Send to all; the best answer: taken by one is taken, and a refusal says more than silence."""
        asked = [self._threads.submit(self._asked, one, SEND, params) for one in self._in_order(everyone=True)]
        refusal: Mapping[str, Any] | None = None
        failure: ChainUnavailable | None = None
        accepted: Mapping[str, Any] | None = None
        for future in asked:
            try:
                answer = future.result()
            except ChainUnavailable as error:
                failure = error
                continue
            if "result" in answer:
                accepted = accepted or answer
            else:
                refusal = refusal if refusal is not None and not _is_busy(refusal) else answer
        if accepted is not None:
            return accepted
        if failure is not None and (refusal is None or _is_busy(refusal)):
            # One that gave no answer may have taken it.
            raise failure
        if refusal is not None:
            return refusal
        raise failure or self._none_left()

    def _look_for_newer_heads(self) -> None:
        """Ask every endpoint that is not resting how far it is: reads follow the newest."""
        for future in [self._threads.submit(self._head_of, one) for one in self._in_order()]:
            future.result()

    def _head_of(self, one: _Known) -> None:
        with suppress(ChainUnavailable, ValueError, TypeError):
            head = quantity(self._asked(one, "eth_blockNumber", []).get("result"))
            with self._lock:
                one.head = head

    def _in_order(self, *, everyone: bool = False) -> list[_Known]:
        """Those to ask, the best first: not resting, not far behind, then as preferred; the resting ones last."""
        now = self._clock()
        with self._lock:
            usable = [one for one in self._known if not one.excluded]
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

    def _asked(self, one: _Known, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        try:
            self._check(one)
            answer = one.endpoint.make_request(method, params)
        except WrongChainHere:
            raise
        except ChainUnavailable as error:
            self._failed(one, error.what)
            raise
        with self._lock:
            one.failures, one.rests_until, one.why = 0, 0.0, None
        return answer

    def _check(self, one: _Known) -> None:
        """Before an endpoint is believed in anything: the chain it serves."""
        if one.checked:
            return
        identity = (
            one.endpoint.make_request("eth_chainId", []).get("result"),
            (one.endpoint.make_request("eth_getBlockByNumber", ["0x0", False]).get("result") or {}).get("hash"),
        )
        if None in identity:
            raise ChainUnavailable("the endpoint does not say which chain it serves", where=one.endpoint.where)
        with self._lock:
            self._chain = self._chain or identity
            one.checked = True
            if identity == self._chain:
                return
            one.excluded, one.why = True, f"it serves another chain ({identity[0]})"
        raise WrongChainHere(f"this endpoint serves another chain ({identity[0]})", where=one.endpoint.where)

    def _failed(self, one: _Known, why: str) -> None:
        with self._lock:
            one.failures += 1
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (one.failures - 1), LONGEST_PAUSE_SECONDS)
            one.rests_until = self._clock() + pause
            one.why = why

    def _none_left(self) -> ChainUnavailable:
        return ChainUnavailable(
            "no endpoint of this chain can be asked",
            where=self.where,
            remedy="Check the endpoints in the setting chain: all of them serve other chains than the first one.",
            code="chain-unreachable",
        )


class WrongChainHere(ChainUnavailable, WrongChain):
    """One of several endpoints serves another chain; the others are asked instead."""

    default_code = "wrong-chain-id"


def _is_busy(answer: Mapping[str, Any]) -> bool:
    error = answer.get("error")
    return isinstance(error, Mapping) and error.get("code") in _BUSY_CODES
