"""Problem details (RFC 9457): every error of an HTTP API in one form, and no more in it than its reader may know."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from registry.errors import ChainError, IntakeError, NotPossible, RegistryError, SettingsError, StoreError

_log = logging.getLogger(__name__)

PROBLEM: Final = "application/problem+json"
TYPE: Final = "urn:testamur:problem:"
RETRY_SECONDS: Final = {409: 5, 429: 1, 503: 5}

STATUS: Final[Mapping[str, int]] = {
    "unknown-digest": 404,
    "unknown-party": 404,
    "unknown-batch": 404,
    "unknown-accreditation": 404,
    "unknown-list": 404,
    "unknown-audit": 404,
    "unknown-framework": 404,
    "unknown-register": 404,
    "unknown-partnership": 404,
    "no-evidence": 404,
    "index-range": 404,
    "not-acceptable": 406,
    "too-slow": 408,
    "too-large": 413,
    "too-many": 413,
    "absence-size": 413,
    "content-type": 415,
    "content-encoding": 415,
    "rate-limit": 429,
    "work-limit": 429,
    "finality-violated": 503,
    "list-incomplete": 503,
    "database": 503,
    "busy": 503,
    "no-reader": 503,
}
"""Codes by their HTTP status; others follow from the kind of the error."""

_BY_KIND: Final = ((IntakeError, 400), (SettingsError, 400), (StoreError, 503), (ChainError, 503), (ValueError, 400))

EXAMPLE: Final = {
    "type": f"{TYPE}unknown-digest",
    "title": "Not Found",
    "status": 404,
    "detail": "no batch that is indexed here has this digest",
    "code": "unknown-digest",
    "where": "ab" * 32,
    "remedy": "Check the digest, or ask the issuer.",
}


class NotHere(NotPossible):
    """What was asked for is not here; `details` are further members of the answer, such as what was searched."""

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        code: str,
        details: Mapping[str, Any] | None = None,
    ):
        super().__init__(what, where=where, remedy=remedy, code=code)
        self.details = details or {}


def problem(
    status: int, code: str, what: str, *, where: str | None = None, remedy: str | None = None, **more: Any
) -> Response:
    """An answer that says what happened, to which input, and what to do.

    Args:
        code: stable kebab-case reason, for programs.
        more: further members.
    """
    content = {
        "type": f"{TYPE}{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": what,
        "code": code,
        "where": where,
        "remedy": remedy,
    }
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in RETRY_SECONDS:
        headers["Retry-After"] = str(RETRY_SECONDS[status])
    return Response(orjson.dumps(content | more), status, headers, PROBLEM)


class _Notes:
    """What is written to the log, each text once in a while: whoever asks must not be able to fill the disk."""

    most: Final = 1000
    seconds: Final = 60.0

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def __call__(self, text: str) -> None:
        now = time.monotonic()
        if now - self._at.get(text, float("-inf")) < self.seconds:
            return
        if len(self._at) >= self.most:
            self._at.clear()
        self._at[text] = now
        _log.warning("%s", text)


note_text: Final = _Notes()
"""Write a text to the operator's log, which hides what is secret; the same one at most once a minute."""


def note(error: RegistryError) -> None:
    """Write to the operator's log what strangers are not told of an error."""
    if error.is_private:
        note_text(f"{error.code}: {error}")


def status_of(error: RegistryError) -> int:
    """The HTTP status of an error of ours in the lookup service."""
    by_kind = next((status for kind, status in _BY_KIND if isinstance(error, kind)), 400)
    return STATUS.get(error.code, by_kind)


def problem_of(error: RegistryError, status: int | None = None) -> Response:
    """The answer to an error of ours: what strangers may know of it; the operator's log has all of it."""
    note(error)
    told, more = error.public, error.details if isinstance(error, NotHere) else {}
    return problem(status or status_of(error), told.code, told.what, where=told.where, remedy=told.remedy, **more)


def install_problems(
    app: FastAPI,
    status: Callable[[RegistryError], int] = status_of,
    *,
    database: type[Exception] | None = None,
    remedy: str = "See /openapi.json.",
) -> None:
    """Answer every error of the application with problem details.

    Args:
        status: of an error of ours.
        database: what is raised when the database does not answer, where the application has one.
        remedy: what is told to who asks for an address, or in a way, that the application does not have.
    """

    async def registry(_: Request, error: Exception) -> Response:
        if not isinstance(error, RegistryError):
            raise error
        return problem_of(error, status(error))

    async def http(_: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        answer = problem(error.status_code, "http", str(error.detail), remedy=remedy)
        answer.headers.update(error.headers or {})
        return answer

    app.add_exception_handler(RegistryError, registry)
    if database is not None:
        app.add_exception_handler(database, _database)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, _unexpected)


async def _database(*_: object) -> Response:
    # What the database says may name hosts and tables: it is for the operator's log.
    return problem(503, "database", "the database cannot be used at this moment", remedy="Try again soon.")


async def _validation(_: Request, error: Exception) -> Response:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": ""}
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, "parameter", f"a parameter makes no sense: {first['msg']}", where=where, remedy="Correct it.")


async def _unexpected(*_: object) -> Response:
    # What it was is in the operator's log; none of it is for strangers.
    return problem(500, "internal", "the service failed at this request", remedy="Tell its operator when it happened.")
