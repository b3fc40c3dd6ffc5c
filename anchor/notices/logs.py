"""The daemon's log: each event as one line, for a person or as JSON for a collector, never with a secret in it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

from anchor.notices.notices import EVENTS, Notice
from registry.secrets import HIDDEN, Mask
from registry.untrusted.text import log_text

SECRET_NAMES: Final = ("password", "secret", "token", "authorization", "api_key", "private_key", "mnemonic")


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
        self._mask = Mask(secrets)
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
                line[name] = log_text(self._mask(value))
        return line


class _Handler(logging.Handler):
    def __init__(self, log: Log):
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        self._log.record(record.name, record.levelname.lower(), message)
