"""`POST /v1/verify`: a credential or many of them in, a verdict or a table out, row by row."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import anyio
import anyio.to_thread
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field
from starlette.types import Receive, Scope, Send

from registry.chain.storage import DIGESTS_A_CALL
from registry.document.portfolio import Portfolio, told_of
from registry.document.submitted import Broken, Item, ReadItem, Submitted, item_of, portfolio_pairs
from registry.errors import IntakeError, RegistryError
from registry.http.accepting import accepted_types
from registry.http.fairness import LEAST_SECONDS, Shares
from registry.http.limits import client_of
from registry.http.problems import note
from registry.http.request_bodies import check_not_packed, pieces_of
from registry.service.readers import NoReader, Readers
from registry.service.submissions import Kind, Submission, SubmissionLimits, too_large
from registry.service.verifying import Summary, Verifying, row_of, verdict_on
from registry.timestamps import asked_moment
from registry.untrusted.cells import csv_lines
from registry.untrusted.forms import LONGEST_BOUNDARY
from registry.verifier.verifier import Verifier
from registry.verify.rows import COLUMNS, Row

T = TypeVar("T")

VERIFYING_THREADS: Final = 4
MOST_TRUSTED: Final = 1000
QUESTION_SECONDS: Final = 0.005
"""As which each question to the chain counts: whoever makes up receipts must not use up what its endpoint grants."""
ROWS_A_SEND: Final = 8
ROWS_SECONDS: Final = 0.01
"""So many rows are made, and for so long, before they are sent: whoever goes away is noticed in between."""
READ_AHEAD: Final = DIGESTS_A_CALL
READ_AHEAD_BYTES: Final = 1 << 20
"""So many credentials are read before the chain is asked about them at once: fewer of large ones, since what was read
of them is in memory."""
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
NOT_KEPT: Final = {"Cache-Control": "no-store"}
JSON_TYPES: Final = ("application/json", "application/ld+json", "application/vc", "application/vc+json")
ZIP_TYPES: Final = ("application/zip", "application/x-zip-compressed")


class Form(StrEnum):
    """How the answer is written; a verdict is JSON about one credential, the others are tables."""

    VERDICT = "verdict"
    LINES = NDJSON
    CSV = CSV
    JSON = JSON


def verify_router(threads: int = VERIFYING_THREADS) -> APIRouter:
    """The route. It expects a `Verifying` as `app.state.verifying`.

    Args:
        threads: that verify at a time, for all requests together.
    """
    return _Verification(threads).router()


class _Verification:
    def __init__(self, threads: int):
        self._threads = threads
        self._limiter: anyio.CapacityLimiter | None = None
        self._reading: anyio.CapacityLimiter | None = None
        self._shares: Shares | None = None

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1", tags=["verify"])

        @router.post(
            "/verify",
            summary="Verify a document, a file, a document with its receipt, or many: a form, a ZIP or a portfolio.",
            description=_DESCRIPTION,
            openapi_extra={"requestBody": _REQUEST_BODY},
            responses=_RESPONSES,
        )
        async def verify(
            request: Request,
            trust: Annotated[
                list[Annotated[int, Field(ge=1, lt=2**63)]] | None,
                Query(max_length=MOST_TRUSTED, description="A party whose number you have confirmed; repeatable."),
            ] = None,
            issuer: Annotated[
                int | None,
                Query(ge=1, lt=2**63, description="Look for receipts among this party's anchors alone."),
            ] = None,
            at: Annotated[
                str | None,
                Query(max_length=40, description="Judge dates as of this time.", examples=["2026-01-01T00:00:00Z"]),
            ] = None,
            here: Annotated[
                str | None,
                Query(
                    pattern="^[A-Z]{2}$",
                    description="Your country, ISO 3166-1: levels are put beside its own; default: of the policy.",
                    examples=["FR"],
                ),
            ] = None,
            name: Annotated[
                str | None,
                Query(max_length=200, description="Name of the one file; its ending tells JSON from other files."),
            ] = None,
        ) -> Response:
            now = datetime.now(UTC) if at is None else asked_moment(at, "at")
            verifying: Verifying = request.app.state.verifying
            shares, address = self._shares_of(verifying), client_of(request.scope)
            submission, is_answering = _submission(request, verifying, name), False
            shares.begin(address)
            release, work = (
                partial(_release, submission, shares, address),
                _Work(verifying.limits, shares, address, now),
            )
            try:
                await self._receive(request, submission, verifying)
                policy = submission.policy()
                form = _form(request, is_single=submission.is_single)
                verifier = await self._in_thread(
                    partial(
                        verifying.verifier, now=now, trust=trust or (), policy=policy, issuer=issuer, here=here or ""
                    )
                )
                items = self._read(submission, verifying, work)
                if form is Form.VERDICT:
                    ((item, _),) = [each async for each in items]
                    return await self._in_thread(partial(work.counting, verifier, partial(_one, item, verifier)))
                # Before an answer begins that could not say so with its status any more.
                await self._in_thread(verifying.readers.ready)
                table = self._table(_together(items), verifier, form, work)
                answer = _Table(table, form, seconds=verifying.limits.answer_seconds, release=release)
                is_answering = True
                return answer
            finally:
                if not is_answering:
                    release()

        return router

    async def _receive(self, request: Request, submission: Submission, verifying: Verifying) -> None:
        limits = verifying.limits
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > limits.bytes:
            raise too_large(limits.bytes)
        async for piece in pieces_of(request, seconds=limits.seconds, idle_seconds=limits.idle_seconds):
            await self._in_thread(partial(submission.feed, piece))
        await self._in_thread(submission.finish)

    async def _read(self, submission: Submission, verifying: Verifying, work: _Work) -> AsyncIterator[_Read]:
        """The items, those of a portfolio among them, read by processes for it."""
        async for name, found in self._found(submission.items(), verifying, work, may_be_portfolios=True):
            if not isinstance(found.item, Portfolio):
                work.items_left -= 1
                yield _Read(found.item, found.size)
                continue
            work.portfolios.append(told_of(found.item, work.now))
            inner = portfolio_pairs(found.item, f"{name}/")
            work.items_left -= len(inner)
            items = (item_of(pair, verifying.limits.item_bytes) for pair in inner)
            async for _, each in self._found(items, verifying, work):
                if not isinstance(each.item, Portfolio):
                    yield _Read(each.item, each.size)

    async def _found(
        self, items: Iterator[Item], verifying: Verifying, work: _Work, *, may_be_portfolios: bool = False
    ) -> AsyncIterator[tuple[str, _Found]]:
        """Names of items, and what was read of them; no more of them is in memory at a time than is read ahead."""
        while some := await self._in_thread(partial(_next_some, items)):
            while some:
                most_items = max(work.items_left, 1) if may_be_portfolios else 0
                found = await self._read_some(some, verifying.readers, work, most_items=most_items)
                for item, each in zip(some, found, strict=False):
                    yield item.name, each
                some = some[len(found) :]

    async def _read_some(
        self, items: Sequence[Item], readers: Readers, work: _Work, *, most_items: int
    ) -> Sequence[_Found]:
        """The first of the items, one at least, read by a process: uploads take turns there, which are short.

        Args:
            most_items: of a portfolio; 0 to read one as a document.
        """
        if self._reading is None:
            self._reading = anyio.CapacityLimiter(readers.count)
        first = items[0]
        if isinstance(first, Broken):
            return [_Found(first, 0)]
        if (seconds := work.left()) < LEAST_SECONDS:
            return [_Found(work.refused(first.name), 0)]
        given = _before_broken(items)
        read = partial(
            readers.read_some,
            given,
            work.limits.document,
            seconds=seconds,
            together=work.left_together(),
            most_items=most_items,
        )
        try:
            outcomes = await anyio.to_thread.run_sync(read, limiter=self._reading)
        except NoReader as error:
            note(error)
            return [_Found(Broken.of(first.name, error), 0)]
        work.spend(sum(outcome.seconds for outcome in outcomes))
        return [_Found(each.item, _size_of(item)) for each, item in zip(outcomes, given, strict=False)]

    async def _table(
        self, groups: AsyncIterator[list[ReadItem | Broken]], verifier: Verifier, form: Form, work: _Work
    ) -> AsyncIterator[bytes]:
        """The table, a few rows at a time: a client that goes away ends the work after those it was at."""
        summary = Summary()
        if form is not Form.LINES:
            yield csv_lines([COLUMNS]) if form is Form.CSV else b'{"rows":['
        async for group in groups:
            work.begin_group()
            verifier.expect(item for item in group if isinstance(item, ReadItem))
            waiting = iter(group)
            while rows := await self._in_thread(partial(work.rows_of, verifier, waiting)):
                written = []
                for row in rows:
                    written.append(_written(row, form, is_first=not summary.counts))
                    summary.add(row)
                yield b"".join(written)
        told = orjson.dumps(summary.content() | ({"portfolios": work.portfolios} if work.portfolios else {}))
        if form is Form.LINES:
            yield b'{"summary":' + told + b"}\n"
        elif form is Form.JSON:
            yield b'],"summary":' + told + b"}"

    def _shares_of(self, verifying: Verifying) -> Shares:
        if self._shares is None:
            limits = verifying.limits
            self._shares = Shares(
                uploads=limits.client_uploads,
                uploads_of_all=limits.uploads,
                seconds=limits.client_work,
                rate=limits.client_rate,
                work=verifying.work,
            )
        return self._shares

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._threads)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)


class _Read(NamedTuple):
    """An item, and the bytes of its document."""

    item: ReadItem | Broken
    size: int


class _Found(NamedTuple):
    """The same, or a portfolio, which is many items."""

    item: ReadItem | Broken | Portfolio
    size: int


def _written(row: Row, form: Form, *, is_first: bool) -> bytes:
    """A row of a table, with what stands between it and the last one."""
    if form is Form.CSV:
        return row.line()
    written = orjson.dumps(row.content())
    return written + b"\n" if form is Form.LINES else written if is_first else b"," + written


def _next_some(items: Iterator[Item]) -> list[Item]:
    """The next items, as many as are read ahead."""
    some: list[Item] = []
    size = 0
    while len(some) < READ_AHEAD and size < READ_AHEAD_BYTES and (item := next(items, None)) is not None:
        some.append(item)
        size += _size_of(item)
    return some


def _before_broken(items: Sequence[Item]) -> list[Submitted]:
    """The first of the items, as far as each can be read."""
    given: list[Submitted] = []
    for item in items:
        if isinstance(item, Broken):
            break
        given.append(item)
    return given


def _size_of(item: Item) -> int:
    return len(item.document or b"") if isinstance(item, Submitted) else 0


async def _together(items: AsyncIterator[_Read]) -> AsyncIterator[list[ReadItem | Broken]]:
    """The items in groups, about each of which the chain is asked at once."""
    group: list[ReadItem | Broken] = []
    size = 0
    async for item, item_size in items:
        group.append(item)
        size += item_size
        if len(group) == READ_AHEAD or size >= READ_AHEAD_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


class _Table(StreamingResponse):
    """A table that lets go of its upload at the end, also when the client was gone before the beginning.

    Args:
        seconds: after which it is cut off.
        release: called once.
    """

    def __init__(self, content: AsyncIterator[bytes], form: Form, *, seconds: float, release: Callable[[], None]):
        super().__init__(
            content,
            media_type="text/csv; charset=utf-8" if form is Form.CSV else form.value,
            headers=NOT_KEPT | {"Vary": "Accept"},
        )
        self._seconds = seconds
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with anyio.move_on_after(self._seconds):
                await super().__call__(scope, receive, send)
        finally:
            self._release()


class _Work:
    """What the documents of one upload may still cost, in seconds of processor time."""

    def __init__(self, limits: SubmissionLimits, shares: Shares, address: str, now: datetime):
        self.limits = limits
        self.now = now
        self.portfolios: list[dict[str, Any]] = []
        self.items_left = limits.items
        self._shares = shares
        self._address = address
        self._spent = 0.0
        self._questions = 0.0

    def begin_group(self) -> None:
        """What is verified from now on was read together."""
        self._questions = 0.0

    def left(self) -> float:
        """For the next document."""
        return min(self.limits.document_work, self.left_together())

    def left_together(self) -> float:
        """For all documents that are still to come."""
        return min(self.limits.upload_work - self._spent, self._shares.left(self._address))

    def spend(self, seconds: float) -> None:
        """The last one took so much."""
        self._spent += seconds
        self._shares.spend(self._address, seconds)

    def counting(self, verifier: Verifier, verify: Callable[[], T]) -> T:
        """What comes of verifying, with the questions that the chain was asked for it spent, too."""
        before = verifier.asked
        try:
            return verify()
        finally:
            seconds = (verifier.asked - before) * QUESTION_SECONDS
            self._questions += seconds
            self.spend(seconds)

    def row_of(self, verifier: Verifier, item: ReadItem | Broken) -> Row:
        """The row of a document that was read, unless the questions about those before it took what was left.

        What reading took is no reason: that a group was read is worth as many questions as are little work.
        """
        if isinstance(item, ReadItem) and self._questions >= LEAST_SECONDS and self.left() < LEAST_SECONDS:
            return Row.of_broken(self.refused(item.name))
        return self.counting(verifier, partial(row_of, verifier, item))

    def rows_of(self, verifier: Verifier, items: Iterator[ReadItem | Broken]) -> list[Row]:
        """The rows of the next items, as many as are sent at once: one at least, if there are any."""
        rows, end = list[Row](), time.monotonic() + ROWS_SECONDS
        for item in islice(items, ROWS_A_SEND):
            rows.append(self.row_of(verifier, item))
            if time.monotonic() >= end:
                break
        return rows

    def refused(self, name: str) -> Broken:
        """A document for which nothing is left."""
        what = "The documents before it took all the work that is given to one upload or one client."
        remedy = "Send it in an upload of its own after a minute, or verify it with `testamur verify`."
        return Broken(name, "too-much-work", what, remedy)


def _release(submission: Submission, shares: Shares, address: str) -> None:
    shares.end(address)
    submission.close()


def _one(item: ReadItem | Broken, verifier: Verifier) -> Response:
    if isinstance(item, Broken):
        raise IntakeError(item.what, where=item.name, remedy=item.remedy, code=item.code)
    verdict = verdict_on(verifier, item)
    return Response(orjson.dumps(verdict.to_dict()), headers=NOT_KEPT | {"Vary": "Accept"}, media_type=JSON)


def _submission(request: Request, verifying: Verifying, name: str | None) -> Submission:
    from python_multipart.multipart import parse_options_header

    check_not_packed(request)
    given, options = parse_options_header(request.headers.get("content-type", ""))
    kind = given.decode("latin-1").lower()
    boundary = options.get(b"boundary", b"")
    if kind in ZIP_TYPES:
        return Submission(Kind.ZIP, verifying.limits)
    if kind == "multipart/form-data" and 0 < len(boundary) <= LONGEST_BOUNDARY:
        return Submission(Kind.FORM, verifying.limits, boundary=boundary)
    # A client that says nothing about its bytes often says this, and forms of that kind hold no file.
    if kind.startswith("multipart/") or kind == "application/x-www-form-urlencoded":
        raise IntakeError(
            "the type of this body is not one that is taken",
            where=kind[:100],
            remedy="Send the type of the document, such as application/json or application/pdf, application/zip for "
            "many, or multipart/form-data with a boundary.",
            code="content-type",
        )
    if name is None:
        name = "document.json" if kind in JSON_TYPES else "receipt.cbor" if kind == "application/cbor" else "document"
    return Submission(Kind.FILE, verifying.limits, name=name)


def _form(request: Request, *, is_single: bool) -> Form:
    """The form that the client accepts; where it accepts any, a verdict on one credential and lines about many."""
    for kind in accepted_types(request):
        if kind in (CSV, "text/*"):
            return Form.CSV
        if kind in (NDJSON, "application/ndjson", "application/jsonl"):
            return Form.LINES
        if kind == JSON:
            return Form.VERDICT if is_single else Form.JSON
        if kind in ("*/*", "application/*"):
            return Form.VERDICT if is_single else Form.LINES
    raise RegistryError(
        "there is no answer of a type that is accepted",
        remedy=f"Accept {JSON}, {NDJSON} or {CSV}.",
        code="not-acceptable",
    )


_VERDICT_EXAMPLE: Final[dict[str, Any]] = {
    "type": "TestamurVerdict",
    "version": 1,
    "name": "document.json",
    "overall": "could not be checked",
    "exitCode": 2,
    "digest": {"method": "vc-jcs", "value": "ab" * 32},
    "issuer": None,
    "root": None,
    "anchoredAt": None,
    "asOf": None,
    "checks": [
        {
            "name": "integrity",
            "outcome": "unknown",
            "code": "no-receipt",
            "text": "There is no receipt to compare the document with. Ask the issuer or the holder for the receipt.",
        }
    ],
}
_ROW_EXAMPLE: Final[dict[str, Any]] = {
    "name": "diplomas/007.json",
    "overall": "not valid",
    "codes": ["revoked"],
    "issuer": 7,
    "anchoredAt": "2026-01-01T12:00:12Z",
    "text": "The issuer revoked it: obtained-by-fraud.",
}
_SUMMARY_EXAMPLE: Final[dict[str, Any]] = {
    "items": 1,
    "counts": {"valid": 0, "not valid": 1, "valid with a warning": 0, "could not be checked": 0},
}
_CREDENTIAL_EXAMPLE: Final[dict[str, Any]] = {
    "type": ["VerifiableCredential"],
    "credentialSubject": {"name": "Ada"},
}
_DESCRIPTION: Final = """
One credential is answered with its verdict, many with a table, row by row, as NDJSON, CSV or JSON, whichever is
accepted. The last line of NDJSON has the counts. The verdict is the answer, also when the chain could not be asked:
the status is 200 then, too, and the verdict *could not be checked*. Nothing of what is sent is kept.

Receipts are found by name (`a.pdf` and `a.pdf.receipt.json`), inside the document, or among the anchors known here.
A form may bring the verifier's policy as part `policy`.
"""
_REQUEST_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        JSON: {"schema": {"type": "object"}, "example": _CREDENTIAL_EXAMPLE},
        "application/zip": {"schema": {"type": "string", "format": "binary"}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    "receipt": {"type": "string", "format": "binary"},
                    "policy": {"type": "string"},
                },
            }
        },
    },
}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The verdict, or a table.",
        "content": {
            JSON: {"example": _VERDICT_EXAMPLE},
            NDJSON: {
                "example": "".join(
                    f"{orjson.dumps(line).decode()}\n" for line in (_ROW_EXAMPLE, {"summary": _SUMMARY_EXAMPLE})
                )
            },
            CSV: {"example": f"{csv_lines([COLUMNS]).decode()}"},
        },
    }
}
