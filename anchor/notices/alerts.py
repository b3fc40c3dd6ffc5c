"""Alerts: warnings and critical events go to webhooks, from threads of their own, so that nothing waits for them."""

from __future__ import annotations

import hashlib
import hmac
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import orjson
import urllib3
from urllib3.exceptions import HTTPError

from anchor.notices.notices import EVENTS, Level, Notice
from registry.chain.rpc.transport import LOOPBACK_HOSTS, public_url
from registry.errors import SettingsError

SIGNATURE_HEADER: Final = "X-Testamur-Signature"
# What tells one subject of an event from another; the rest of the facts change from time to time.
SUBJECT: Final = ("issuer", "root", "job", "account", "code")
MOST_WAITING: Final = 100
MOST_REMEMBERED: Final = 10_000
MOST_EXACT: Final = 2**53 - 1
# Answers that say "later"; every other refusal stays one.
PASSING: Final = frozenset({408, 425, 429})

_log = logging.getLogger("testamur.alerts")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a webhook is tried.

    Attributes:
        attempts: in all.
        first_pause, longest_pause: seconds between attempts; each pause is twice the one before.
        timeout: seconds for one attempt.
    """

    attempts: int = 6
    first_pause: float = 1.0
    longest_pause: float = 60.0
    timeout: float = 10.0


def signature(secret: str, body: bytes) -> str:
    """What the header `X-Testamur-Signature` says: HMAC-SHA256 (RFC 2104) of the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Alerts:
    """Posts events of level warning and critical; a listener of `Notices` that never waits and never fails.

    Args:
        urls: each gets every alert, and a slow one does not hold up the others.
        secret: signs the bodies.
        period: seconds in which the same event about the same subject is posted once.
        outcome: told `sent`, `failed` or `dropped` for each alert and URL.
        clock: seconds that never go back.

    Raises:
        SettingsError: a URL is not an http or https URL.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        secret: str | None = None,
        period: float = 3600.0,
        patience: Patience | None = None,
        outcome: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ):
        for url in urls:
            _check(url)
        self._webhooks = [_Webhook(url, secret, period, patience or Patience(), outcome, clock) for url in urls]

    def __call__(self, notice: Notice) -> None:
        """Let the event be posted, if it is one to alert about."""
        if notice.level is not Level.INFO:
            for webhook in self._webhooks:
                webhook.offer(notice)

    def close(self, timeout: float = 10.0) -> None:
        """Post what waits, for so many seconds at most; a daemon that stops for a bad reason has just said so."""
        until = time.monotonic() + timeout
        for webhook in self._webhooks:
            webhook.finish()
        for webhook in self._webhooks:
            webhook.end(max(0.0, until - time.monotonic()))


class _Webhook:
    def __init__(
        self,
        url: str,
        secret: str | None,
        period: float,
        patience: Patience,
        outcome: Callable[[str], None],
        clock: Callable[[], float],
    ):
        self._url = url
        self._secret = secret
        self._period = period
        self._patience = patience
        self._outcome = outcome
        self._clock = clock
        self._pool = _pool_for(url)
        # None is the end. Only `offer` adds to it, under the lock, so that its length can be looked at there.
        self._waiting: queue.SimpleQueue[tuple[tuple[Any, ...], bytes] | None] = queue.SimpleQueue()
        # When each subject was last taken, and how often it came again since then.
        self._taken: dict[tuple[Any, ...], tuple[float, int]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def offer(self, notice: Notice) -> None:
        subject = (notice.event, *(notice.facts.get(name) for name in SUBJECT))
        now = self._clock()
        with self._lock:
            taken_at, repeated = self._taken.get(subject, (None, 0))
            if taken_at is not None and now - taken_at < self._period:
                self._taken[subject] = (taken_at, repeated + 1)
                return
            is_full = self._waiting.qsize() >= MOST_WAITING
            if not is_full:
                self._waiting.put((subject, _body(notice, repeated)))
                self._remember(subject, now)
        if is_full:
            self._outcome("dropped")

    def finish(self) -> None:
        self._waiting.put(None)

    def end(self, seconds: float) -> None:
        self._thread.join(seconds)
        self._stop.set()
        self._pool.clear()

    def _remember(self, subject: tuple[Any, ...], now: float) -> None:
        # Put in anew, so that the first of the dictionary is the oldest.
        self._taken.pop(subject, None)
        self._taken[subject] = (now, 0)
        if len(self._taken) > MOST_REMEMBERED:
            del self._taken[next(iter(self._taken))]

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None and not self._stop.is_set():
            subject, body = item
            try:
                sent = self._post_until_taken(body)
            except Exception as error:
                # The next one may reach it. Not the text of the error: that may have the URL in it.
                _log.error("an alert could not be posted to %s: %s", public_url(self._url), type(error).__name__)
                sent = False
            if not sent:
                # Nobody heard of it: the next time is a first time.
                with self._lock:
                    self._taken.pop(subject, None)
            self._outcome("sent" if sent else "failed")

    def _post_until_taken(self, body: bytes) -> bool:
        pause, why = 0.0, ""
        for _ in range(self._patience.attempts):
            if pause and self._stop.wait(pause):
                break
            pause = min(pause * 2 or self._patience.first_pause, self._patience.longest_pause)
            status, why = self._post(body)
            if status is not None and 200 <= status < 300:
                return True
            if status is not None and status < 500 and status not in PASSING:
                break
        _log.warning("an alert could not be posted to %s: %s", public_url(self._url), why)
        return False

    def _post(self, body: bytes) -> tuple[int | None, str]:
        """The status of the answer, None when there was none; and it in words."""
        headers = {"Content-Type": "application/json", "User-Agent": "testamur"}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._secret, body)
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(total=self._patience.timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, OSError) as error:
            # Not the text of the error: that has the URL in it, and with it a token.
            return None, type(error).__name__
        # Nobody reads the answer's body, however long it may be.
        response.close()
        return response.status, f"status {response.status}"


def _body(notice: Notice, repeated: int) -> bytes:
    return orjson.dumps(
        {
            "id": secrets.token_hex(8),
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "event": notice.event,
            "level": notice.level,
            "meaning": EVENTS[notice.event][1],
            "facts": {name: _exact(value) for name, value in notice.facts.items()},
            "repeated": repeated,
        }
    )


def _exact(value: str | int | float | None) -> str | int | float | None:
    """Integers that JSON readers would round, such as wei, as text."""
    return str(value) if isinstance(value, int) and abs(value) > MOST_EXACT else value


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed:
        raise SettingsError(
            "an address in the setting alert_webhooks does not start with http:// or https:// and name a host",
            remedy='Write alert_webhooks = ["https://hooks.example/…"].',
        )


def _pool_for(url: str) -> urllib3.PoolManager:
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme)
    if proxy is None or host in LOOPBACK_HOSTS or proxy_bypass(host):
        return urllib3.PoolManager(ca_certs=certifi.where())
    return urllib3.ProxyManager(proxy, ca_certs=certifi.where())
