"""The intake over HTTP: jobs of issuers, how far they have come, their receipts (docs/reference/daemon-api.md)."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Annotated, Any, Final, TypeVar

import anyio
import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from anchor.daemon.intake import (
    Accepted,
    Desk,
    Incoming,
    IntakeLimits,
    Kind,
    Order,
    Refused,
    left_out_of,
    reject_content,
)
from anchor.daemon.notices import Notices
from anchor.daemon.view import IssuerState, JobView, JobViews
from anchor.receipts import encoded, receipt_name, receipts_of, tree_for_receipts
from registry.archives import Names
from registry.errors import IntakeError, NotPossible, RegistryError
from registry.forms import LONGEST_BOUNDARY
from registry.merkle import Tree
from registry.service.bodies import PIECE_BYTES, check_not_packed, pieces_of
from registry.service.problems import PROBLEM, install_problems, note, problem
from registry.store.batches import BatchRow
from registry.store.control import cancel as cancel_job
from registry.store.folder import DataFolder
from registry.store.jobs import Job, JobStore
from registry.store.keys import KeyStore
from registry.store.trees import UnusableTree

T = TypeVar("T")

SMALL_BYTES: Final = 64 << 10
MOST_AT_ONCE: Final = 64
DIGESTING_THREADS: Final = 4
LONGEST_KEY: Final = 200
HEARTBEAT_SECONDS: Final = 15.0
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
    "unknown-job": 404,
    "no-key": 401,
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
    "credentials": 2,
    "rejected": 0,
    "duplicates": 0,
    "anchoredBefore": 0,
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
) -> FastAPI:
    """The application; other routes can be added to its `router.routes`.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
        poll_seconds: between two looks at a job whose events somebody follows.
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
        ).router()
    )
    install_problems(app, _status_of)
    app.add_exception_handler(Refused, _refused)
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
    ):
        engine = folder.engine
        self._folder = folder
        self._chain = chain
        self._contract = contract
        self._limits = limits
        self._poll_seconds = poll_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._jobs = JobStore(engine, chain, contract)
        self._keys = KeyStore(engine, chain, contract)
        self._views = JobViews(engine, chain, contract)
        self._desk = Desk(self._jobs, limits, notices)
        self._coming_in = 0
        self._threads: anyio.CapacityLimiter | None = None

    def router(self) -> APIRouter:
        """The routes. The key is checked before anything else is looked at."""
        bearer = HTTPBearer(auto_error=False, description="An API key: `testamur key add`.")

        key = Depends(bearer)

        async def issuer_of(given: HTTPAuthorizationCredentials | None = key) -> int:
            issuer = None if given is None else await anyio.to_thread.run_sync(self._keys.issuer_of, given.credentials)
            if issuer is None:
                raise RegistryError(
                    "there is no valid API key in this request",
                    remedy="Send `Authorization: Bearer <key>`; the operator makes keys with `testamur key add`.",
                    code="no-key",
                )
            return issuer

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
            strict: Annotated[bool, Query(description="Refuse all of it when a part is rejected.")] = False,
            files: Annotated[bool, Query(description="A table or a list of digests is a credential, too.")] = False,
        ) -> Response:
            key = _idempotency_key(request)
            order = Order(issuer, "http", is_open=open, reissue=reissue, strict=strict, key=key, as_files=files)
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
            found = await self._job(job, issuer)
            given = request.headers.get("last-event-id", "")
            after = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
            return StreamingResponse(self._events(found, after), media_type="text/event-stream", headers=NOT_KEPT)

        @router.get(
            "/jobs/{job}/rejects",
            summary="What of a job has no digest, and why.",
            responses={
                200: {"content": {NDJSON: {"example": '{"source":"a.jsonl","line":3,"code":"syntax","reason":"…"}\n'}}}
            },
        )
        async def rejects(job: str, issuer: int = who) -> Response:
            found = await self._job(job, issuer)
            return StreamingResponse(self._rejects(found), media_type=NDJSON, headers=NOT_KEPT)

        @router.get(
            "/jobs/{job}/receipts",
            summary="The receipts of a job, as a ZIP or a receipt a line; complete once it is final.",
            responses={200: {"content": {"application/zip": {}, NDJSON: {}}}},
        )
        async def receipts(request: Request, job: str, issuer: int = who) -> Response:
            view = await self._view(await self._job(job, issuer))
            row = _batch_with_receipts(view)
            try:
                tree = await _in_thread(lambda: tree_for_receipts(self._folder, row, self._views.leaves(view)))
            except UnusableTree as error:
                note(error)
                return _without_tree(error)
            made = self._receipts(view, row, tree)
            as_lines = NDJSON in request.headers.get("accept", "")
            kept = {"Cache-Control": "private, max-age=31536000, immutable"}
            headers = {"Vary": "Accept"} | (kept if view.state is IssuerState.FINAL else NOT_KEPT)
            if as_lines:
                return StreamingResponse(_receipt_lines(made), media_type=NDJSON, headers=headers)
            headers["Content-Disposition"] = f'attachment; filename="receipts-{view.job.id}.zip"'
            return StreamingResponse(_receipt_zip(made), media_type="application/zip", headers=headers)

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
        if self._coming_in >= MOST_AT_ONCE:
            raise IntakeError("too many jobs are coming in at this moment", remedy="Try again soon.", code="busy")
        self._coming_in += 1
        try:
            if "content-length" in request.headers and int(length) <= SMALL_BYTES:
                return await self._received_small(request, order, kind, boundary)
            incoming = await self._digesting(partial(self._desk.receive, order, kind, boundary=boundary))
            return await self._fed(request, incoming)
        finally:
            self._coming_in -= 1

    async def _received_small(self, request: Request, order: Order, kind: Kind, boundary: bytes) -> Accepted:
        """A job that comes in at once: it begins when it is whole, and one thread does all of it."""
        body = b"".join([piece async for piece in self._pieces(request, self._limits.idle_seconds)])

        def take() -> Accepted:
            incoming = self._desk.receive(order, kind, boundary=boundary)
            try:
                incoming.feed(body)
                return incoming.finish()
            except BaseException as error:
                incoming.abandon(error)
                raise

        return await self._digesting(take)

    async def _fed(self, request: Request, incoming: Incoming) -> Accepted:
        try:
            async for piece in self._pieces(request, self._limits.seconds):
                await self._digesting(partial(incoming.feed, piece))
            return await self._digesting(incoming.finish)
        except BaseException as error:
            # Also when the server ends: without this the key of the job would be taken until its time is over.
            with anyio.CancelScope(shield=True):
                await self._digesting(partial(incoming.abandon, error))
            raise

    def _pieces(self, request: Request, seconds: float) -> AsyncIterator[bytes]:
        limits = self._limits
        return pieces_of(request, seconds=min(seconds, limits.seconds), idle_seconds=limits.idle_seconds)

    async def _digesting(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(DIGESTING_THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    # Answering

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

    async def _events(self, job: Job, after: int) -> AsyncIterator[bytes]:
        waited, sent = 0.0, after
        yield b"retry: 3000\n\n"
        while True:
            view = await self._view(await self._job(job.id, job.issuer))
            steps = [step for step in view.steps() if step.number > sent]
            for step in steps:
                content = view.content(public=True) | {"state": step.state, "at": step.content()["at"]}
                yield f"id: {step.number}\nevent: state\ndata: {json.dumps(content)}\n\n".encode()
                sent, waited = step.number, 0.0
            if view.is_settled:
                yield b"event: settled\ndata: {}\n\n"
                return
            if waited >= self._heartbeat_seconds:
                yield b": still here\n\n"
                waited = 0.0
            await asyncio.sleep(self._poll_seconds)
            waited += self._poll_seconds

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
    buffer, names = _Outflow(), Names()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in receipts:
            archive.writestr(names.of(name), content)
            if len(buffer.waiting) >= PIECE_BYTES:
                yield buffer.taken()
    yield buffer.taken()


class _Outflow(io.RawIOBase):
    """Where a ZIP is written to, to be sent on at once; it cannot go back."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.waiting += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self.waiting)
        self.waiting.clear()
        return data


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
