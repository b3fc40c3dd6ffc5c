"""JSON-RPC over HTTP, one request or one batch a time, bounded in time and in size.

No usable JSON-RPC answer is a `ChainUnavailable`; an answer that is an error (`{"error": …}`) is returned as it is,
whatever its HTTP status, because what it means depends on what was asked. Nothing is asked twice here but what got no
answer together with others.
"""

from __future__ import annotations

import http.client
import io
import itertools
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import orjson
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError, SSLError

from registry.chain.rpc.patience import RATE_LIMITED
from registry.chain.rpc.refusals import (
    FOR_ANOTHER,
    LONGEST_RETRY_SECONDS,
    Refusal,
    asked_pause,
    meaning_of,
    retry_after,
    words_of,
)
from registry.chain.rpc.remedies import CHECK_ENDPOINT, TRY_LATER, WAIT_OR_ANOTHER
from registry.chain.rpc.request_batches import Batches
from registry.errors import ChainUnavailable, SettingsError
from registry.secrets import Mask, secrets_of_url

# The largest honest answer is a page of logs; what is larger is refused before it fills the memory.
MAXIMUM_ANSWER_BYTES = 64 * 1024 * 1024
READ_BYTES = 64 * 1024
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# With these a gateway says that nobody behind it answered; whether somebody took a transaction is not known then.
_AWAY = frozenset({502, 503, 504})
# How servers end that do not take several requests at once, and others in an accident.
_BROKEN_BATCH = frozenset({"chain-connection-lost", "chain-http-status", "chain-garbage"})

Requests = Sequence[tuple[str, Sequence[object]]]
"""Methods with their parameters."""


def public_url(url: str) -> str:
    """The URL as it may be shown: user, password, path and query left out, because providers put keys in them."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    rest = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{host}{port}{rest}"


class HttpTransport:
    """One HTTP endpoint.

    Args:
        url: `http://…` or `https://…`; a user and password in it become basic authentication.
        timeout: seconds for one whole request, from connecting to the last byte of the answer.

    Raises:
        SettingsError: the URL is not an http or https URL.
    """

    def __init__(self, url: str, timeout: float):
        try:
            parts = urlsplit(url)
            well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            well_formed = False
        if not well_formed:
            raise SettingsError(
                "the address of the chain has to start with http:// or https:// and name a host",
                remedy="Give an address such as http://127.0.0.1:8545.",
            )
        self.where = public_url(url)
        self._timeout = timeout
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "testamur"}
        if parts.username or parts.password:
            self._headers |= urllib3.make_headers(basic_auth=f"{parts.username or ''}:{parts.password or ''}")
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        # Some providers repeat the address in their errors, and with it the key.
        self._mask = Mask(secrets_of_url(url))
        self._pool = _pool_for(parts.scheme, str(parts.hostname))
        self._ids = itertools.count(1)
        self._batches = Batches()

    def make_request(self, method: str, params: Sequence[object]) -> Mapping[str, Any]:
        """Send one request and read its answer, which carries the request's id and a result or an error."""
        request_id = next(self._ids)
        answer = self._asked({"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)})
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            raise self._garbage("the answer is JSON but not JSON-RPC")
        # A server that could not read the request answers with an error and no id: that is still an answer.
        refused_unread = answer.get("id") is None and "error" in answer
        if answer.get("id") != request_id and not refused_unread:
            raise self._garbage("the answer belongs to another request")
        return self._masked(answer)

    def make_batch_request(self, requests: Requests) -> list[Mapping[str, Any]]:
        """The answers to several requests in their order: sent as few at once as the endpoint takes, or one by one.

        Raises:
            ChainUnavailable: no usable answer to one of them.
        """
        answers: list[Mapping[str, Any]] = []
        while len(answers) < len(requests):
            some = requests[len(answers) : len(answers) + self._batches.most]
            try:
                answers += self._together(some) if len(some) > 1 else self._one_by_one(some)
            except _TooManyTogether:
                self._batches.refused(len(some))
        return answers

    def _together(self, requests: Requests) -> list[Mapping[str, Any]]:
        """The answers to requests that are sent as one; where they have none together, but one each, those."""
        try:
            found = self._batch(requests)
        except ChainUnavailable as error:
            if error.code not in _BROKEN_BATCH:
                raise
            found = self._one_by_one(requests)
            self._batches.failed(len(requests))
            return found
        if not _all_refused_alike(found):
            self._batches.worked()
            return found
        # Either none of them has an answer, or the endpoint says so that it does not take them together.
        alone = self._one_by_one(requests)
        if any(answer.get("error") is None for answer in alone):
            self._batches.failed(len(requests))
        return alone

    def _one_by_one(self, requests: Requests) -> list[Mapping[str, Any]]:
        return [self.make_request(method, params) for method, params in requests]

    def _batch(self, requests: Requests) -> list[Mapping[str, Any]]:
        """JSON-RPC 2.0, section 6."""
        numbered = [(next(self._ids), method, list(params)) for method, params in requests]
        content = self._asked(
            [{"jsonrpc": "2.0", "id": number, "method": method, "params": given} for number, method, given in numbered]
        )
        errors = [error for error in map(_error_of, content if isinstance(content, list) else [content]) if error]
        if any(meaning_of(error) is Refusal.BATCH for error in errors):
            raise _TooManyTogether
        if isinstance(content, dict) or (errors and len(content) != len(numbered)):
            if any(meaning_of(error) is Refusal.LIMITED for error in errors):
                raise self._limited(words_of(errors[0]), asked_pause(errors[0]))
            raise _TooManyTogether
        if not isinstance(content, list) or not all(isinstance(answer, dict) for answer in content):
            raise self._garbage("the answer is JSON but not JSON-RPC")
        by_id = {answer["id"]: answer for answer in content if isinstance(answer.get("id"), int)}
        if len(content) != len(numbered) or by_id.keys() != {number for number, *_ in numbered}:
            raise self._garbage("the answers belong to other requests")
        return [self._masked(by_id[number]) for number, *_ in numbered]

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def hide(self, text: str) -> str:
        """A text without what of the address is secret."""
        return self._mask(text)

    def _masked(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer; an error in it without what of the address is secret."""
        error = answer.get("error")
        return answer if error is None else {**answer, "error": self._mask.within(error)}

    def _asked(self, question: object) -> Any:
        """The JSON of the answer."""
        status, pause, body = self._post(orjson.dumps(question))
        if status == 200:
            with suppress(ValueError):
                return orjson.loads(body)
            raise self._garbage("the answer is not JSON")
        return self._told_with(status, pause, body)

    def _told_with(self, status: int, pause: float | None, body: bytes) -> Any:
        """What came with another status than 200, where it is an error of JSON-RPC that answers the question.

        Many servers send such errors with 400 or 500; a result is not believed against its status.
        """
        try:
            content = orjson.loads(body)
        except ValueError:
            content = None
        error = _error_of(content[0] if isinstance(content, list) and content else content)
        is_answer = isinstance(error, dict) and "code" in error
        meaning = None if error is None else meaning_of(error)
        words = "" if error is None else f": {words_of(error)}"
        if status == 429 or meaning is Refusal.LIMITED:
            raise self._limited(f"HTTP {status}{words}", pause if error is None else pause or asked_pause(error))
        if status in (401, 403) and meaning in (None, Refusal.OTHER):
            raise self._unavailable(
                f"it refuses access (HTTP {status}{words})",
                "chain-access-refused",
                "Check the key or password in its URL, and what its plan allows.",
            )
        if not is_answer or (status in _AWAY and meaning is Refusal.OTHER):
            raise self._unavailable(
                f"it answered with HTTP status {status}{words}", "chain-http-status", TRY_LATER, retry_after=pause
            )
        return content

    def _post(self, body: bytes) -> tuple[int, float | None, bytes]:
        """HTTP status, the seconds that the endpoint asks to wait, and the body."""
        try:
            return self._posted(body)
        except NewConnectionError:  # one of the time-outs in the eyes of urllib3
            failure = self._unavailable("nothing answers there", "chain-unreachable", TRY_LATER)
        except (ConnectTimeoutError, ReadTimeoutError):
            failure = self._timed_out()
        except SSLError:
            failure = self._unavailable("its TLS certificate is not accepted", "chain-tls", CHECK_ENDPOINT)
        except (HTTPError, OSError) as error:
            what = f"the connection broke before the answer was complete ({type(error).__name__})"
            failure = self._unavailable(what, "chain-connection-lost", TRY_LATER)
        # Here, and not where they are caught: these exceptions have the URL in them, and with it the caller's key, and
        # even `from None` leaves them within reach of whatever reports errors.
        raise failure

    def _posted(self, body: bytes) -> tuple[int, float | None, bytes]:
        response = self._pool.request(
            "POST",
            self._url,
            body=body,
            headers=self._headers,
            timeout=urllib3.Timeout(total=self._timeout),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            pause = retry_after(response.headers.get("Retry-After"), time.time())
            return response.status, pause, self._body(response)
        finally:
            # A connection left half read must not carry the next request.
            response.drain_conn() if response.length_remaining == 0 else response.close()

    def _body(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """All of it; of a refusal that does not come to its end, the status tells enough."""
        try:
            return self._read(response)
        except (HTTPError, OSError, ChainUnavailable):
            if response.status == 200:
                raise
            return b""

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(READ_BYTES, decode_content=False):
            size += len(chunk)
            if size > MAXIMUM_ANSWER_BYTES:
                what = f"the answer is larger than {MAXIMUM_ANSWER_BYTES} bytes"
                raise self._unavailable(what, "chain-answer-too-large", CHECK_ENDPOINT)
            chunks.append(chunk)
        if response.length_remaining:
            raise self._unavailable("the answer was cut short", "chain-connection-lost", TRY_LATER)
        return b"".join(chunks)

    def _timed_out(self) -> ChainUnavailable:
        return self._unavailable(f"no complete answer within {self._timeout:g} seconds", "chain-timeout", TRY_LATER)

    def _garbage(self, what: str) -> ChainUnavailable:
        return self._unavailable(what, "chain-garbage", CHECK_ENDPOINT)

    def _limited(self, words: str, pause: float | None) -> ChainUnavailable:
        more = " or more" if pause == LONGEST_RETRY_SECONDS else ""
        when = "" if pause is None else f", and says to ask again in {pause:.0f} seconds{more}"
        return self._unavailable(
            f"its endpoint limits requests ({words}){when}", RATE_LIMITED, WAIT_OR_ANOTHER, retry_after=pause
        )

    def _unavailable(self, what: str, code: str, remedy: str, *, retry_after: float | None = None) -> ChainUnavailable:
        what = self._mask(f"the chain could not be read: {what}")
        error = ChainUnavailable(what, where=self.where, remedy=remedy, code=code)
        error.retry_after = retry_after
        return error


class _TooManyTogether(Exception):
    """The endpoint refuses so many requests at once."""


def _error_of(answer: object) -> object | None:
    """The error in what should be an answer; None where there is none."""
    return answer.get("error") if isinstance(answer, dict) else None


def _all_refused_alike(answers: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all have the same error, and not one that says when or how it would work."""
    errors = [answer.get("error") for answer in answers]
    if errors[0] is None or any(words_of(error) != words_of(errors[0]) for error in errors):
        return False
    return meaning_of(errors[0]) in {Refusal.OTHER, *FOR_ANOTHER}


class _Deadline(io.RawIOBase):
    """What a socket receives until the time it has left now is over.

    A socket's own timeout begins anew with each byte, so that a server could keep a request for ever: byte by byte in
    a header, in the length of a chunk, or with one `100 Continue` after the other.
    """

    def __init__(self, connection: socket.socket):
        self._socket = connection
        self._stream = connection.makefile("rb", buffering=0)
        left = connection.gettimeout()
        self._end = None if left is None else time.monotonic() + left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that is read within what is left of the request's time, which is the socket's timeout by now."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any):
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Deadline(sock))


class _Http(HTTPConnection):
    response_class = _Response


class _Https(HTTPSConnection):
    response_class = _Response


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


def _pool_for(scheme: str, host: str) -> urllib3.PoolManager:
    """Connections to the host, through the proxy of the environment where there is one."""
    options: dict[str, Any] = {"maxsize": 8}
    paths = ssl.get_default_verify_paths()
    if scheme == "https" and not (paths.cafile or paths.capath):
        import certifi  # Python builds without a system store (macOS installers)

        options["ca_certs"] = certifi.where()
    proxy = getproxies().get(scheme)
    through_proxy = proxy and host not in LOOPBACK_HOSTS and not proxy_bypass(host)
    manager = urllib3.ProxyManager(proxy, **options) if proxy and through_proxy else urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return manager
