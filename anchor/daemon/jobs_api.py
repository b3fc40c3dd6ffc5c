"""The intake over HTTP: jobs of issuers, how far they have come, their receipts (docs/reference/daemon-api.md)."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Annotated, Any, Final, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Receive, Scope, Send

from anchor.batching.receipts import encoded, receipt_name, receipts_of, tree_for_receipts
from anchor.books.batches import BatchRow
from anchor.books.control import cancel as cancel_job
from anchor.books.folder import DataFolder
from anchor.books.jobs import Job, JobStore
from anchor.books.keys import KeyStore
from anchor.daemon.jobs_view import IssuerState, JobView, JobViews
from anchor.daemon.keycheck import KeyCheck, WrongKeys
from anchor.daemon.statuses_api import status_routes
from anchor.daemon.steps import Following, given_step
from anchor.intake.desk import Accepted, Desk, Incoming, Kind, Order, Refused, left_out_of, reject_content
from anchor.intake.streams import IntakeLimits
from anchor.notices.notices import Notices
from registry.database.engine import DatabaseError
from registry.errors import IntakeError, NotPossible, RegistryError
from registry.http.fairness import Amounts, Places, Refusal, Turn, Turns
from registry.http.limits import client_of
from registry.http.outflow import Outflow
from registry.http.problems import PROBLEM, install_problems, note, problem
from registry.http.request_bodies import PIECE_BYTES, ReadAhead, check_not_packed, pieces_of, went_away
from registry.http.workers.messages import Seat
from registry.merkle.tree import Tree
from registry.trees.store import UnusableTree
from registry.untrusted.archives import Names
from registry.untrusted.forms import LONGEST_BOUNDARY

T = TypeVar("T")

SMALL_BYTES: Final = 64 << 10
MOST_AT_ONCE: Final = 64
"""Jobs that come in at a time; each may have a temporary file open."""
DIGESTING_THREADS: Final = 4
"""That digest at a time. More of them may wait in the middle of a job, so that others have their turn."""
LONGEST_KEY: Final = 200
HEARTBEAT_SECONDS: Final = 15.0
MOST_STREAMS: Final = 200
"""Answers that take their time: events, receipts and rejects."""
MOST_TREE_BYTES: Final = 1 << 30
"""Of trees that are in memory while receipts of theirs are sent."""
SMALL_TREE_BYTES: Final = 1 << 20
"""So small a tree is not counted: `MOST_STREAMS` is enough of a limit."""
LEAF_BYTES: Final = 64
"""That a leaf takes with what is above it."""
POLL_SECONDS: Final = 1.0
NDJSON: Final = "application/x-ndjson"
NOT_KEPT: Final = {"Cache-Control": "no-store"}
KINDS: Final = {
    "application/x-ndjson": Kind.LINES,
    "application/ndjson": Kind.LINES,
    "application/jsonl": Kind.LINES,
    "application/x-jsonlines": Kind.LINES,
    "application/json": Kind.DOCUMENT,
    "application/ld+json": Kind.DOCUMENT,
    "application/vc": Kind.DOCUMENT,
    "application/vc+json": Kind.DOCUMENT,
    "application/vc+ld+json": Kind.DOCUMENT,
    "text/plain": Kind.DIGESTS,
    "application/zip": Kind.ZIP,
    "multipart/form-data": Kind.MULTIPART,
}
STATUS: Final = {
    "too-large": 413,
    "too-many": 413,
    "content-type": 415,
    "content-encoding": 415,
    "bad-multipart": 400,
    "bad-key": 400,
    "incomplete": 400,
    "too-slow": 408,
    "in-progress": 409,
    "not-sealed": 409,
    "no-receipts": 409,
    "cannot-cancel": 409,
    "shared-batch": 409,
    "given-up": 409,
    "changed": 409,
    "not-anchored": 422,
    "unknown-batch": 422,
    "key-reused": 422,
    "unknown-job": 404,
    "no-key": 401,
    "wrong-keys": 429,
    "work-limit": 429,
    "busy": 503,
    "database": 503,
}

_EXAMPLE_ID = "5f0c1c2a9be34d7d8a1c55e0"
_EXAMPLE: dict[str, Any] = {
    "id": _EXAMPLE_ID,
    "issuer": 1,
    "state": "mined",
    "source": "http",
    "open": False,
    "reissue": False,
    "withoutHistory": False,
    "credentials": 2,
    "rejected": 0,
    "duplicates": 0,
    "anchoredBefore": 0,
    "revoked": 0,
    "acceptedAt": "2026-01-01T12:00:00Z",
    "sealedAt": "2026-01-01T12:00:02Z",
    "minedAt": "2026-01-01T12:00:15Z",
    "finalAt": None,
    "finalEstimate": "2026-01-01T12:15:00Z",
    "batch": {
        "root": "0x" + "5a" * 32,
        "leafCount": 2,
        "sequence": 7,
        "transaction": "0x" + "c3" * 32,
        "block": 21_000_000,
        "anchoredAt": "2026-01-01T12:00:12Z",
    },
    "parked": None,
    "cancelRequested": False,
}
_PROBLEM_EXAMPLE = {
    "type": "urn:testamur:problem:unknown-job",
    "title": "Not Found",
    "status": 404,
    "detail": "there is no such job of this issuer",
    "code": "unknown-job",
    "where": _EXAMPLE_ID,
    "remedy": "Check the id and the key.",
}
_CREDENTIAL_EXAMPLE = '{"type": ["VerifiableCredential"], "credentialSubject": {"name": "Ada"}}'


def create_intake_app(
    folder: DataFolder,
    chain: str,
    contract: str,
    *,
    limits: IntakeLimits | None = None,
    notices: Notices | None = None,
    poll_seconds: float = POLL_SECONDS,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    seat: Seat | None = None,
) -> FastAPI:
    """The application; other routes can be added to its `router.routes`.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
        poll_seconds: between two looks at a job whose events somebody follows.
        seat: of a process that is one of several; default: it is the only one.
    """
    app = FastAPI(
        title="Testamur: jobs",
        version="1",
        description="Credentials come in, receipts go out. Only digests of what is sent are kept.",
        docs_url=None,
        redoc_url=None,
        responses={
            "default": {
                "description": "Problem details (RFC 9457).",
                "content": {PROBLEM: {"example": _PROBLEM_EXAMPLE}},
            }
        },
    )
    app.include_router(
        _Intake(
            folder,
            chain,
            contract,
            limits or IntakeLimits(),
            notices or Notices(),
            poll_seconds=poll_seconds,
            heartbeat_seconds=heartbeat_seconds,
            seat=seat,
        ).router()
    )
    install_problems(app, _status_of, database=DatabaseError)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(WrongKeys, _wrong_keys)
    return app


class _Intake:
    """The endpoints and what they work with."""

    def __init__(
        self,
        folder: DataFolder,
        chain: str,
        contract: str,
        limits: IntakeLimits,
        notices: Notices,
        *,
        poll_seconds: float,
        heartbeat_seconds: float,
        seat: Seat | None,
    ):
        engine = folder.engine
        self._folder = folder
        self._chain = chain
        self._contract = contract
        self._limits = limits
        self._notices = notices
        self._following = Following(poll_seconds, heartbeat_seconds)
        self._jobs = JobStore(engine, chain, contract)
        self._keys = KeyStore(engine, chain, contract)
        self._views = JobViews(engine, chain, contract)
        self._desk = Desk(self._jobs, limits, notices)
        self._seat = seat
        self._most_at_once = self._part(MOST_AT_ONCE)
        self._places = Places(self._most_at_once)
        self._streams = Places(self._part(MOST_STREAMS))
        self._trees = Amounts(self._part(MOST_TREE_BYTES))
        self._turns = Turns(self._part(DIGESTING_THREADS))
        self._threads: anyio.CapacityLimiter | None = None

    def _part(self, whole: int) -> int:
        return whole if self._seat is None else self._seat.part(whole)

    def router(self) -> APIRouter:
        """The routes. The key is checked before anything else is looked at."""
        bearer = HTTPBearer(auto_error=False, description="An API key: `testamur key add`.")

        key = Depends(bearer)
        tries = None if self._seat is None else self._seat.buckets("keys")
        check = KeyCheck(lambda text: _in_thread(partial(self._keys.issuer_of, text)), tries=tries)

        async def issuer_of(request: Request, given: HTTPAuthorizationCredentials | None = key) -> int:
            return await check.issuer(None if given is None else given.credentials, client_of(request.scope))

        who = Depends(issuer_of)
        router = APIRouter(prefix="/v1", tags=["jobs"])

        @router.post(
            "/jobs",
            status_code=202,
            summary="Send a job: JSONL, one JSON credential, a ZIP, a form with files, or a list of digests.",
            openapi_extra=_REQUEST_BODY,
            responses={
                202: {"description": "It is stored; `Location` leads to it.", "content": _json_example(_EXAMPLE)},
                200: {"description": "It was there before: header `Idempotent-Replay: true`."},
            },
        )
        async def send(
            request: Request,
            issuer: int = who,
            open: Annotated[bool, Query(description="It may share a batch with other jobs.")] = False,  # noqa: A002
            reissue: Annotated[bool, Query(description="Anchor again what was anchored before.")] = False,
            without_history: Annotated[
                bool, Query(description="Leave out only what is known here to be anchored.")
            ] = False,
            bare: Annotated[bool, Query(description="Anchor its batch as a bare root, for Blockcerts.")] = False,
            strict: Annotated[bool, Query(description="Refuse all of it when a part is rejected.")] = False,
            files: Annotated[bool, Query(description="A table or a list of digests is a credential, too.")] = False,
        ) -> Response:
            key = _idempotency_key(request)
            order = Order(
                issuer,
                "http",
                is_open=open,
                reissue=reissue,
                without_history=without_history,
                bare=bare,
                strict=strict,
                key=key,
                as_files=files,
            )
            accepted = await self._received(request, order)
            view = await self._view(accepted.job)
            headers = NOT_KEPT | {"Location": f"{request.url.path}/{accepted.job.id}"}
            if accepted.replayed:
                headers["Idempotent-Replay"] = "true"
            content = view.content(public=True) | {"leftOut": await self._left_out(accepted.job)}
            return JSONResponse(content, 200 if accepted.replayed else 202, headers)

        @router.get(
            "/jobs",
            summary="The issuer's jobs, newest first.",
            responses={200: {"content": _json_example({"jobs": [_EXAMPLE], "next": None})}},
        )
        async def jobs(
            issuer: int = who,
            after: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
            limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        ) -> Response:
            last = None if after is None else await self._job(after, issuer)
            found = await _in_thread(partial(self._jobs.all, issuer=issuer, after=last, limit=limit + 1))
            views = await _in_thread(lambda: self._views.of_all(found[:limit]))
            following = found[limit - 1].id if len(found) > limit else None
            return JSONResponse(
                {"jobs": [view.content(public=True) for view in views], "next": following}, headers=NOT_KEPT
            )

        @router.get(
            "/jobs/{job}",
            summary="How far a job has come.",
            responses={200: {"content": _json_example(_EXAMPLE)}},
        )
        async def show(job: str, issuer: int = who) -> Response:
            view = await self._view(await self._job(job, issuer))
            steps = [step.content() for step in view.steps()]
            more = {"steps": steps, "leftOut": await self._left_out(view.job)}
            return JSONResponse(view.content(public=True) | more, headers=NOT_KEPT)

        @router.get(
            "/jobs/{job}/events",
            summary="Server-sent events until the job is settled.",
            responses={
                200: {
                    "content": {"text/event-stream": {"example": 'id: 3\nevent: state\ndata: {"state":"sealed"}\n\n'}}
                }
            },
        )
        async def events(request: Request, job: str, issuer: int = who) -> Response:
            await self._job(job, issuer)

            async def look() -> JobView:
                return await self._view(await self._job(job, issuer))

            steps = self._following.steps(look, given_step(request))
            return self._stream(issuer, steps, "text/event-stream", NOT_KEPT)

        @router.get(
            "/jobs/{job}/rejects",
            summary="What of a job has no digest, and why.",
            responses={
                200: {"content": {NDJSON: {"example": '{"source":"a.jsonl","line":3,"code":"syntax","reason":"…"}\n'}}}
            },
        )
        async def rejects(job: str, issuer: int = who) -> Response:
            found = await self._job(job, issuer)
            return self._stream(issuer, self._rejects(found), NDJSON, NOT_KEPT)

        @router.get(
            "/jobs/{job}/receipts",
            summary="The receipts of a job, as a ZIP or a receipt a line; complete once it is final.",
            responses={200: {"content": {"application/zip": {}, NDJSON: {}}}},
        )
        async def receipts(request: Request, job: str, issuer: int = who) -> Response:
            view = await self._view(await self._job(job, issuer))
            row = _batch_with_receipts(view)
            room = self._room_for_tree(issuer, row)
            try:
                tree = await _in_thread(lambda: tree_for_receipts(self._folder, row, self._views.leaves(view)))
                room.callback(tree.close)
            except UnusableTree as error:
                room.close()
                note(error)
                return _without_tree(error)
            except BaseException:
                room.close()
                raise
            made = self._receipts(view, row, tree)
            as_lines = NDJSON in request.headers.get("accept", "")
            kept = {"Cache-Control": "private, max-age=31536000, immutable"}
            headers = {"Vary": "Accept"} | (kept if view.state is IssuerState.FINAL else NOT_KEPT)
            if as_lines:
                return self._stream(issuer, _receipt_lines(made), NDJSON, headers, held=room)
            headers["Content-Disposition"] = f'attachment; filename="receipts-{view.job.id}.zip"'
            return self._stream(issuer, _receipt_zip(made), "application/zip", headers, held=room)

        @router.post(
            "/jobs/{job}/cancel",
            summary="Take a job back that is not anchored.",
            responses={
                200: {"description": "It is cancelled.", "content": _json_example(_EXAMPLE)},
                202: {"description": "It is asked for; the transaction may still be faster."},
            },
        )
        async def cancel(job: str, issuer: int = who) -> Response:
            found = await self._job(job, issuer)
            done = await _in_thread(lambda: cancel_job(self._folder.engine, self._jobs, found))
            view = await self._view(await self._job(job, issuer))
            return JSONResponse(view.content(public=True), 200 if done else 202, NOT_KEPT)

        router.include_router(
            status_routes(
                self._folder,
                self._chain,
                self._contract,
                who,
                _idempotency_key,
                self._notices,
                self._limits,
                self._following,
                self._place,
                self._stream,
            )
        )
        return router

    # Taking in

    async def _received(self, request: Request, order: Order) -> Accepted:
        kind, boundary = _kind_of(request)
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._limits.bytes:
            raise IntakeError(
                f"the job has more than {self._limits.bytes:,} bytes",
                remedy="Send it in several jobs.",
                code="too-large",
            )
        with self._place(order.issuer):
            work = _Work(self._turns, self._limiter(), order.issuer)
            if "content-length" in request.headers and int(length) <= SMALL_BYTES:
                return await self._received_small(request, order, kind, boundary, work)
            begin = partial(self._desk.receive, order, kind, boundary=boundary, between=work.between)
            return await self._fed(request, await work.do(begin), work)

    @contextmanager
    def _place(self, issuer: int) -> Iterator[None]:
        """One of the places for what comes in."""
        _take(self._places, issuer, "jobs are coming in")
        try:
            yield
        finally:
            self._places.give_back(issuer)

    async def _received_small(
        self, request: Request, order: Order, kind: Kind, boundary: bytes, work: _Work
    ) -> Accepted:
        """A job that comes in at once: it begins when it is whole, and one thread does all of it."""
        body = b"".join([piece async for piece in self._pieces(request, self._limits.idle_seconds)])

        def take() -> Accepted:
            incoming = self._desk.receive(order, kind, boundary=boundary, between=work.between)
            try:
                incoming.feed(body)
                return incoming.finish()
            except BaseException as error:
                incoming.abandon(error)
                raise

        return await work.do(take)

    async def _fed(self, request: Request, incoming: Incoming, work: _Work) -> Accepted:
        try:
            async with ReadAhead(self._pieces(request, self._limits.seconds), request, work.give_up) as pieces:
                async for piece in pieces:
                    await work.do(partial(incoming.feed, piece))
                return await work.do(incoming.finish)
        except BaseException as error:
            # Also when the server ends: without this the key of the job would be taken until its time is over.
            with anyio.CancelScope(shield=True):
                await work.do(partial(incoming.abandon, error))
            raise

    def _pieces(self, request: Request, seconds: float) -> AsyncIterator[bytes]:
        limits = self._limits
        return pieces_of(request, seconds=min(seconds, limits.seconds), idle_seconds=limits.idle_seconds)

    def _limiter(self) -> anyio.CapacityLimiter:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(self._most_at_once)
        return self._threads

    # Answering

    def _stream(
        self,
        issuer: int,
        content: AsyncIterator[bytes] | Iterator[bytes],
        kind: str,
        headers: dict[str, str],
        *,
        held: ExitStack | None = None,
    ) -> Response:
        """An answer that takes its time, and a place; `held` is closed after it."""
        held = held or ExitStack()
        try:
            _take(self._streams, issuer, "answers are being sent")
        except IntakeError:
            held.close()
            raise
        held.callback(self._streams.give_back, issuer)
        return _Stream(content, kind, headers, release=held.close)

    def _room_for_tree(self, issuer: int, row: BatchRow) -> ExitStack:
        """Room in memory for the tree of a batch, until it is closed.

        Raises:
            IntakeError: code `busy` or `work-limit`: other trees have it.
        """
        room, size = ExitStack(), row.leaf_count * LEAF_BYTES
        if size > SMALL_TREE_BYTES:
            match self._trees.take(issuer, size):
                case Refusal.FULL:
                    raise IntakeError(
                        "receipts of too many large batches are being sent at this moment",
                        remedy="Try again soon.",
                        code="busy",
                    )
                case Refusal.SHARE:
                    raise IntakeError(
                        "receipts of other large batches of this issuer are being sent at this moment",
                        remedy="Send the next request when one of them is over.",
                        code="work-limit",
                    )
            room.callback(self._trees.give_back, issuer, size)
        return room

    async def _job(self, number: str, issuer: int) -> Job:
        """A job of this issuer; of another's it is not even told that there is one."""
        found = await _in_thread(lambda: self._jobs.get(number)) if number.isascii() and number.isalnum() else None
        if found is None or found.issuer != issuer:
            raise NotPossible(
                "there is no such job of this issuer",
                where=number[:64],
                remedy="Check the id and the key.",
                code="unknown-job",
            )
        return found

    async def _view(self, job: Job) -> JobView:
        return await _in_thread(lambda: self._views.of(job))

    async def _left_out(self, job: Job) -> dict[str, Any]:
        return await _in_thread(lambda: left_out_of(self._jobs, job.id))

    def _rejects(self, job: Job) -> Iterator[bytes]:
        for each in self._jobs.rejects(job.id):
            yield orjson.dumps(reject_content(each)) + b"\n"

    def _receipts(self, view: JobView, row: BatchRow, tree: Tree) -> Iterator[tuple[str, bytes]]:
        leaves, contract = self._views.leaves(view), self._contract.lower()
        for leaf, receipt in receipts_of(row, leaves, tree, chain=self._chain, contract=contract):
            yield receipt_name(leaf), encoded(receipt, cbor=False)


def _without_tree(error: UnusableTree) -> Response:
    """To the issuer, whose batch it is: which tree, and what mends it; where it lies is the operator's affair."""
    remedy = f"Tell whoever runs this: `testamur trees repair 0x{error.tree.root.hex()}` makes it again."
    return problem(_status_of(error), error.code, f"{error.public.what}: {error.tree}", remedy=remedy)


def _receipt_lines(receipts: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    for _, content in receipts:
        yield content + b"\n"


def _receipt_zip(receipts: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    buffer, names = Outflow(), Names()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in receipts:
            archive.writestr(names.of(name), content)
            if buffer.waiting >= PIECE_BYTES:
                yield buffer.taken()
    yield buffer.taken()


class _Work:
    """The work on one job that comes in: in threads, in turns with that on others, and given up with its client.

    Args:
        who: whose turns they are.
    """

    def __init__(self, turns: Turns, threads: anyio.CapacityLimiter, who: int):
        self._turns = turns
        self._threads = threads
        self._who = who
        self._turn: Turn | None = None
        self._gone = threading.Event()

    def give_up(self) -> None:
        """Nobody waits for what comes of it."""
        self._gone.set()

    async def do(self, part: Callable[[], T]) -> T:
        """A part of it."""
        async with self._turns.turn(self._who) as self._turn:
            return await anyio.to_thread.run_sync(part, limiter=self._threads)

    def between(self) -> None:
        """Called between pieces of a long part, in its thread.

        Raises:
            IntakeError: code `incomplete`: it is given up.
        """
        if self._gone.is_set():
            raise went_away()
        if self._turn is not None and self._turn.is_waited_for:
            anyio.from_thread.run(self._turn.pass_on)


class _Stream(StreamingResponse):
    """An answer that gives its place back at the end, also when the client was gone before the beginning.

    Args:
        release: called once.
    """

    def __init__(
        self,
        content: AsyncIterator[bytes] | Iterator[bytes],
        kind: str,
        headers: dict[str, str],
        *,
        release: Callable[[], None],
    ):
        super().__init__(content, media_type=kind, headers=headers)
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


def _take(places: Places, issuer: int, what: str) -> None:
    """A place for an issuer.

    Raises:
        IntakeError: code `busy` when all are taken, `work-limit` when the issuer has its share.
    """
    match places.take(issuer):
        case Refusal.FULL:
            raise IntakeError(f"too many {what} at this moment", remedy="Try again soon.", code="busy")
        case Refusal.SHARE:
            raise IntakeError(
                f"{places.held(issuer)} {what} for this issuer at this moment, the most while so many others are",
                remedy="Send the next request when one of them is over.",
                code="work-limit",
            )


async def _in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)


def _kind_of(request: Request) -> tuple[Kind, bytes]:
    from python_multipart.multipart import parse_options_header

    check_not_packed(request)
    given, options = parse_options_header(request.headers.get("content-type", ""))
    kind = KINDS.get(given.decode("latin-1").lower())
    boundary = options.get(b"boundary", b"")
    if kind is None or (kind is Kind.MULTIPART and not 0 < len(boundary) <= LONGEST_BOUNDARY):
        raise IntakeError(
            "the type of this body is not one that is taken",
            where=given.decode("latin-1")[:100] or None,
            remedy=f"Send one of {', '.join(KINDS)}.",
            code="content-type",
        )
    return kind, boundary


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise IntakeError(
            "the idempotency key cannot be used",
            remedy=f"Use 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID.",
            code="bad-key",
        )
    return key


def _batch_with_receipts(view: JobView) -> BatchRow:
    if view.state in (IssuerState.RECEIVING, IssuerState.PENDING):
        raise NotPossible(
            "this job is not sealed yet",
            where=view.job.id,
            remedy="Ask again when its state is sealed.",
            code="not-sealed",
        )
    if view.batch is None or view.state is IssuerState.CANCELLED:
        raise NotPossible(
            f"this job is {view.state}: it has no receipts of its own",
            where=view.job.id,
            remedy="What was anchored before has its receipts with the earlier job.",
            code="no-receipts",
        )
    return view.batch


# Problems


def _status_of(error: RegistryError) -> int:
    return STATUS.get(error.code, 422 if isinstance(error, IntakeError) else 503)


async def _refused(_: Request, error: Exception) -> Response:
    """What was refused of a strict job, with the first of its rejects."""
    if not isinstance(error, Refused):
        raise error
    told, more = error.public, {"rejects": error.shown(), "rejected": len(error.rejects)}
    return problem(_status_of(error), told.code, told.what, where=told.where, remedy=told.remedy, **more)


async def _wrong_keys(_: Request, error: Exception) -> Response:
    if not isinstance(error, WrongKeys):
        raise error
    answer = problem(_status_of(error), error.code, error.what, remedy=error.remedy)
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _json_example(example: Any) -> dict[str, Any]:
    return {"application/json": {"example": example}}


_REQUEST_BODY: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": LONGEST_KEY},
            "description": "The same key and the same body are the same job, however often they are sent.",
            "example": "2026-01-exports-7",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {"schema": {"type": "string"}, "example": f"{_CREDENTIAL_EXAMPLE}\n"},
            "application/json": {"schema": {"type": "object"}, "example": json.loads(_CREDENTIAL_EXAMPLE)},
            "text/plain": {"schema": {"type": "string"}, "example": "ab" * 32 + "\n"},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
        },
    },
}
