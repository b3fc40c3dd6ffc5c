"""Status jobs over HTTP: revoke, suspend, reinstate and void while the daemon runs (docs/reference/daemon-api.md)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Annotated, Any, Final, TypeVar

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from anchor.books.batches import BatchStore
from anchor.books.folder import DataFolder
from anchor.books.status_jobs import StatusJob, StatusJobStore
from anchor.daemon.statuses_view import StatusView, StatusViews
from anchor.daemon.steps import Following, given_step
from anchor.intake.statuses import MOST_BYTES, StatusDesk, read_status_job
from anchor.intake.streams import IntakeLimits
from anchor.notices.notices import Notices
from registry.errors import IntakeError, NotPossible
from registry.http.request_bodies import check_not_packed, pieces_of

T = TypeVar("T")

NOT_KEPT: Final = {"Cache-Control": "no-store"}
JSON: Final = "application/json"

_EXAMPLE: Final[dict[str, Any]] = {
    "id": "9a41c07be2d64f0f8a1c55e0",
    "issuer": 1,
    "act": "revoke",
    "reason": "obtained-by-fraud",
    "note": "Board decision 2026/17",
    "urgent": True,
    "state": "mined",
    "source": "http",
    "credentials": 1,
    "overtaken": 0,
    "batch": None,
    "placeOnly": False,
    "notBefore": None,
    "acceptedAt": "2026-01-01T12:00:00Z",
    "minedAt": "2026-01-01T12:00:13Z",
    "endedAt": None,
    "transactions": [
        {
            "transaction": "0x" + "c3" * 32,
            "state": "mined",
            "batch": None,
            "digests": 1,
            "block": 21_000_000,
            "blockTime": "2026-01-01T12:00:12Z",
        }
    ],
    "parked": None,
    "waiting": None,
}
_BODY_EXAMPLE: Final[dict[str, Any]] = {
    "act": "revoke",
    "digests": ["ab" * 32],
    "reason": "obtained-by-fraud",
    "note": "Board decision 2026/17",
    "urgent": True,
}
_REQUEST_BODY: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 200},
            "description": "The same key and the same body are the same job, however often they are sent.",
            "example": "board-2026-17",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "example": _BODY_EXAMPLE,
                "schema": {
                    "type": "object",
                    "required": ["act"],
                    "additionalProperties": False,
                    "properties": {
                        "act": {"type": "string", "enum": ["revoke", "suspend", "reinstate", "void"]},
                        "digests": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 10_000},
                        "batch": {"type": "string", "description": "Of `void`: the root of the batch."},
                        "placeOnly": {
                            "type": "boolean",
                            "default": False,
                            "description": "Say it of their places in the batches here alone, not of the digests.",
                        },
                        "withoutAnchor": {
                            "type": "boolean",
                            "default": False,
                            "description": "Some of the digests may be in no batch here.",
                        },
                        "reason": {"type": "string", "default": "unspecified"},
                        "note": {"type": "string", "maxLength": 1000, "description": "Stays here."},
                        "urgent": {"type": "boolean", "default": False},
                        "notBefore": {"type": "string", "format": "date-time"},
                    },
                },
            }
        },
    },
}


def status_routes(
    folder: DataFolder,
    chain: str,
    contract: str,
    who: Any,
    key_of: Callable[[Request], str | None],
    notices: Notices,
    limits: IntakeLimits,
    following: Following,
    place: Callable[[int], AbstractContextManager[None]],
    streamed: Callable[[int, AsyncIterator[bytes], str, dict[str, str]], Response],
) -> APIRouter:
    """The routes under `/status-jobs`.

    Args:
        who: the dependency that tells the issuer of a request's key.
        key_of: the idempotency key of a request.
        following: sends the steps of a job as they come.
        place: an issuer's place among what comes in.
        streamed: an answer that takes an issuer's place among those that are being sent.
    """
    jobs = StatusJobStore(folder.engine, chain, contract)
    desk = StatusDesk(jobs, BatchStore(folder.engine, chain, contract), notices)
    views = StatusViews(folder.engine, chain, contract)
    router = APIRouter(prefix="/status-jobs")

    async def job_of(number: str, issuer: int) -> StatusJob:
        """A job of this issuer; of another's it is not even told that there is one."""
        found = await _in_thread(partial(jobs.get, number)) if number.isascii() and number.isalnum() else None
        if found is None or found.issuer != issuer:
            raise NotPossible(
                "there is no such status job of this issuer",
                where=number[:64],
                remedy="Check the id and the key.",
                code="unknown-job",
            )
        return found

    async def view_of(number: str, issuer: int) -> StatusView:
        return await _in_thread(partial(views.of, await job_of(number, issuer)))

    async def body_of(request: Request) -> bytes:
        check_not_packed(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise IntakeError(
                "the type of this body is not one that is taken", remedy=f"Send {JSON}.", code="content-type"
            )
        body = b""
        async for piece in pieces_of(request, seconds=limits.idle_seconds, idle_seconds=limits.idle_seconds):
            body += piece
            if len(body) > MOST_BYTES:
                raise IntakeError(
                    f"the body has more than {MOST_BYTES:,} bytes", remedy="Send several jobs.", code="too-large"
                )
        return body

    @router.post(
        "",
        status_code=202,
        summary="Revoke, suspend or reinstate credentials, or void a batch.",
        openapi_extra=_REQUEST_BODY,
        responses={
            202: {"description": "It is stored; `Location` leads to it.", "content": {JSON: {"example": _EXAMPLE}}},
            200: {"description": "It was there before: header `Idempotent-Replay: true`."},
        },
    )
    async def send(request: Request, issuer: int = who) -> Response:
        with place(issuer):
            # Also while it is read and looked up: ten thousand digests take a while.
            body, key = await body_of(request), key_of(request)
            job, is_new = await _in_thread(lambda: desk.take(read_status_job(body, issuer, key)))
        view = await _in_thread(partial(views.of, job))
        headers = NOT_KEPT | {"Location": f"{request.url.path}/{job.id}"}
        if not is_new:
            headers["Idempotent-Replay"] = "true"
        return JSONResponse(view.content(public=True), 202 if is_new else 200, headers)

    @router.get(
        "",
        summary="The issuer's status jobs, newest first.",
        responses={200: {"content": {JSON: {"example": {"jobs": [_EXAMPLE], "next": None}}}}},
    )
    async def listed(
        issuer: int = who,
        after: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        last = None if after is None else await job_of(after, issuer)
        found = await _in_thread(partial(jobs.all, issuer=issuer, after=last, limit=limit + 1))
        shown = await _in_thread(lambda: views.of_all(found[:limit]))
        following_id = found[limit - 1].id if len(found) > limit else None
        return JSONResponse(
            {"jobs": [view.content(public=True) for view in shown], "next": following_id}, headers=NOT_KEPT
        )

    @router.get(
        "/{job}",
        summary="How far a status job has come, and the digests that it names.",
        responses={200: {"content": {JSON: {"example": _EXAMPLE}}}},
    )
    async def show(job: str, issuer: int = who) -> Response:
        view = await view_of(job, issuer)
        digests = [digest.hex() for digest in await _in_thread(partial(jobs.digests, view.job))]
        more = {"steps": [step.content() for step in view.steps()], "digests": digests}
        return JSONResponse(view.content(public=True) | more, headers=NOT_KEPT)

    @router.get(
        "/{job}/events",
        summary="Server-sent events until the status job is settled.",
        responses={
            200: {"content": {"text/event-stream": {"example": 'id: 2\nevent: state\ndata: {"state":"sealed"}\n\n'}}}
        },
    )
    async def events(request: Request, job: str, issuer: int = who) -> Response:
        await job_of(job, issuer)
        steps = following.steps(lambda: view_of(job, issuer), given_step(request))
        return streamed(issuer, steps, "text/event-stream", NOT_KEPT)

    @router.post(
        "/{job}/cancel",
        summary="Take a status job back of which no transaction is signed.",
        responses={200: {"description": "It is cancelled.", "content": {JSON: {"example": _EXAMPLE}}}},
    )
    async def cancel(job: str, issuer: int = who) -> Response:
        found = await job_of(job, issuer)
        await _in_thread(lambda: jobs.cancel(found))
        return JSONResponse((await view_of(job, issuer)).content(public=True), headers=NOT_KEPT)

    return router


async def _in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)
