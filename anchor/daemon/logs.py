"""The daemon's log: each event as one line, for a person or as JSON for a collector, never with a secret in it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, Literal, TextIO
from urllib.parse import unquote, urlsplit

import structlog

from anchor.daemon.notices import EVENTS, Notice
from registry.settings import Settings
from registry.untrusted_text import log_text

HIDDEN: Final = "[hidden]"
SECRET_NAMES: Final = ("password", "secret", "token", "authorization", "api_key", "private_key", "mnemonic")
# A shorter text is also a piece of words that have to stay readable.
SHORTEST_SECRET: Final = 6


def secrets_of(settings: Settings) -> frozenset[str]:
    """Texts of these settings that nobody may read: keys, passwords, and what of a URL may hold a provider's token."""
    found = {one.get_secret_value() for one in (settings.key, settings.alert_secret) if one is not None}
    if settings.key is not None:
        found.add(settings.key.get_secret_value().lower().removeprefix("0x"))
    webhooks = (one.get_secret_value() for one in settings.alert_webhooks)
    for url in (settings.database or "", settings.chain, *webhooks):
        found |= _secrets_of_url(url, is_database=url == settings.database)
    return frozenset(text for text in found if len(text) >= SHORTEST_SECRET)


def _secrets_of_url(url: str, *, is_database: bool) -> set[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return {url}
    if not parts.netloc:
        return set()
    found = {parts.password or "", unquote(parts.password or ""), parts.query}
    # The path of a database is its name; that of an endpoint is often the key of the account there.
    return found if is_database else found | {parts.path.strip("/"), parts.username or ""}


class Log:
    """Writes each event as a line; a listener of `Notices`.

    A log that cannot be written (a full disk, a closed pipe) never stops the daemon.

    Args:
        log_format: `console` or `json`.
        secrets: texts that are left out wherever they occur.
    """

    def __init__(
        self,
        log_format: Literal["console", "json"],
        *,
        stream: TextIO | None = None,
        secrets: Iterable[str] = (),
    ):
        self._stream = stream or sys.stderr
        # The longest first: one secret may be a part of another.
        self._secrets = sorted({text for text in secrets if text}, key=len, reverse=True)
        renderer: structlog.typing.Processor
        if log_format == "json":
            renderer = structlog.processors.JSONRenderer()
        else:
            renderer = structlog.dev.ConsoleRenderer(colors=self._stream.isatty())
        self._log: Any = structlog.wrap_logger(
            structlog.WriteLogger(self._stream),
            processors=[self._without_secrets, structlog.processors.TimeStamper(fmt="iso", utc=True), renderer],
        )

    def __call__(self, notice: Notice) -> None:
        """Write the event with its level, its meaning and its facts."""
        meaning = EVENTS[notice.event][1]
        self._write(notice.event, {**notice.facts, "level": str(notice.level), "meaning": meaning})

    def handler(self) -> logging.Handler:
        """For the libraries that log in the standard way, such as the HTTP server: their lines look like ours."""
        return _Handler(self)

    def record(self, name: str, level: str, message: str) -> None:
        """Write a line of a library."""
        self._write(message, {"level": level, "logger": name})

    def _write(self, event: str, facts: dict[str, Any]) -> None:
        try:
            self._log.msg(event, **facts)
        except (OSError, ValueError):
            # There is nowhere left to say it.
            return

    def _without_secrets(self, _: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in line.items():
            if any(word in name.lower() for word in SECRET_NAMES):
                line[name] = HIDDEN
            elif isinstance(value, str):
                line[name] = log_text(self._cleaned(value))
        return line

    def _cleaned(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


class _Handler(logging.Handler):
    def __init__(self, log: Log):
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        self._log.record(record.name, record.levelname.lower(), message)
