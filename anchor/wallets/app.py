"""The wallet server as an application: OID4VCI 1.0, interaction URLs with VC-API exchanges, and pages for people.

What only looks, as programs that scan mail for links do, uses nothing up: every GET leaves the offer as it was. Errors
of OAuth and OID4VCI are in the form of these; all others are problem details.

Sources: OpenID for Verifiable Credential Issuance 1.0; RFC 6749, RFC 6750, RFC 8414; VCALM (W3C), "Initiating
Interactions" and "Participate in an Exchange".
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

import anyio
import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from anchor.books.wallet_offers import FREE_TRIES
from anchor.wallets.addresses import (
    CREDENTIAL,
    EXCHANGES,
    INTERACTIONS,
    ISSUER_METADATA,
    NOTIFICATION,
    OFFERS,
    SERVER_METADATA,
    TOKEN,
)
from anchor.wallets.forms import MOST_BODY_BYTES, Unreadable, form_of, object_of
from anchor.wallets.handing import (
    ACCESS_SECONDS,
    EVENTS,
    NO_ACCESS,
    NO_OFFER,
    NOT_IN_FORCE,
    OTHER_CONFIGURATION,
    WAIT,
    WRONG_CODE,
    Desk,
    Waiting,
)
from anchor.wallets.metadata import PRE_AUTHORISED, server_metadata
from anchor.wallets.pages import exchange_page, offer_page, told_page
from registry.database.engine import DatabaseError
from registry.errors import ChainError, NotPossible, RegistryError, StoreError
from registry.http.cors import PublicReads
from registry.http.fairness import Allowance
from registry.http.limits import BodyLimit, RateLimit, client_of
from registry.http.problems import install_problems, note, problem, status_of
from registry.language.choosing import from_header, known
from registry.language.said import Value

HEALTH: Final = "/healthz"
JSON: Final = "application/json"
WRONG_CODES: Final = 30
"""Wrong codes that may come from one address at once, as when a class in one room takes its diplomas."""
WRONG_CODES_A_SECOND: Final = 0.5
THREADS: Final = 8
TOO_MANY: Final = "rate-limit"
_NOT_KEPT: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_BEARER: Final = "Bearer "
_STATUS: Final = {NO_OFFER: 404, WRONG_CODE: 403, NOT_IN_FORCE: 403}

P = ParamSpec("P")
T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class _Refused(Exception):
    """An error in the form of OAuth: its code, and a sentence in ASCII for whoever wrote the client."""

    def __init__(self, error: str, description: str, status: int = 400):
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


def create_app(desk: Desk, *, rate: float, clock: Callable[[], float] = time.monotonic) -> FastAPI:
    """The application.

    Args:
        rate: requests a second that one address may send; 0 for any number.
        clock: seconds that never go back.
    """
    app = FastAPI(
        title="Testamur wallet server",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # The addresses hold secrets: none of them goes to a collector.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    routes = _Routes(desk, Allowance(WRONG_CODES, WRONG_CODES_A_SECOND, clock))
    below = desk.addresses.path
    for path, handler, method in (
        (f"{ISSUER_METADATA}{below}", routes.issuer, "GET"),
        (f"{SERVER_METADATA}{below}", routes.server, "GET"),
        (f"{below}{OFFERS}/{{link}}", routes.offer, "GET"),
        (f"{below}{TOKEN}", routes.token, "POST"),
        (f"{below}{CREDENTIAL}", routes.credential, "POST"),
        (f"{below}{NOTIFICATION}", routes.notification, "POST"),
        (f"{below}{INTERACTIONS}/{{link}}", routes.interaction, "GET"),
        (f"{below}{INTERACTIONS}/{{link}}", routes.typed, "POST"),
        (f"{below}{EXCHANGES}/{{secret}}", routes.exchange_link, "GET"),
        (f"{below}{EXCHANGES}/{{secret}}", routes.exchange, "POST"),
        (HEALTH, _health, "GET"),
    ):
        app.add_route(path, handler, methods=[method], include_in_schema=False)
    install_problems(app, _status_of, database=DatabaseError, remedy="Open the whole link that you were given.")
    app.add_exception_handler(_Refused, _refused)
    app.add_exception_handler(Waiting, _waiting)
    app.add_middleware(BodyLimit, most=MOST_BODY_BYTES)
    if rate:
        app.add_middleware(RateLimit, rate=rate, free=(HEALTH,), remedy="Wait a second.")
    # A token comes in a field that browsers want named.
    app.add_middleware(PublicReads, fields="*, Authorization")
    return app


async def _health(_: Request) -> Response:
    return _json({"ok": True})


class _Routes:
    """What each address does.

    Args:
        tries: wrong codes that an address may still send.
    """

    def __init__(self, desk: Desk, tries: Allowance):
        self._desk = desk
        self._tries = tries
        self._threads: anyio.CapacityLimiter | None = None

    # OID4VCI

    async def issuer(self, _: Request) -> Response:
        """`GET /.well-known/openid-credential-issuer`."""
        return _json(await self._in_thread(self._desk.metadata))

    async def server(self, _: Request) -> Response:
        """`GET /.well-known/oauth-authorization-server`."""
        return _json(server_metadata(self._desk.addresses))

    async def offer(self, request: Request) -> Response:
        """`GET /offers/{link}`."""
        return _json(await self._in_thread(self._desk.offer, request.path_params["link"]))

    async def token(self, request: Request) -> Response:
        """`POST /token`: one answer to every code that is not good, whatever is wrong with it."""
        fields = await _read(form_of, request, "invalid_request")
        if (grant := fields.get("grant_type")) != PRE_AUTHORISED:
            wrong = "invalid_request" if grant is None else "unsupported_grant_type"
            raise _Refused(wrong, f"the one grant_type here is {PRE_AUTHORISED}")
        code, number = fields.get("pre-authorized_code"), fields.get("tx_code")
        if not code or not number:
            raise _Refused("invalid_request", "pre-authorized_code and tx_code have to be there")
        try:
            access = await self._tried(request, self._desk.redeem, code, number)
        except NotPossible as error:
            if error.code in (TOO_MANY, WAIT):
                raise
            if error.code == NOT_IN_FORCE:
                raise _Refused("invalid_grant", error.what) from None
            raise _Refused("invalid_grant", "the codes are not those of an offer that is to be had") from None
        return _json({"access_token": access.secret, "token_type": "Bearer", "expires_in": ACCESS_SECONDS})

    async def credential(self, request: Request) -> Response:
        """`POST /credential`."""
        token = _token_of(request)
        asked = await _read(object_of, request, "invalid_credential_request")
        if "credential_identifier" in asked:
            raise _Refused("unknown_credential_identifier", "no credential identifiers were given out")
        if "credential_response_encryption" in asked:
            raise _Refused("invalid_encryption_parameters", "answers are not encrypted beyond TLS")
        configuration = asked.get("credential_configuration_id")
        if not isinstance(configuration, str):
            raise _Refused("invalid_credential_request", "credential_configuration_id has to be there")
        try:
            handed = await self._in_thread(self._desk.credential, token, configuration)
        except NotPossible as error:
            raise _of_credential(error) from None
        return _json({"credentials": [{"credential": handed.credential}], "notification_id": handed.notification})

    async def notification(self, request: Request) -> Response:
        """`POST /notification`."""
        token = _token_of(request)
        asked = await _read(object_of, request, "invalid_notification_request")
        named, event = asked.get("notification_id"), asked.get("event")
        if not isinstance(named, str) or event not in EVENTS:
            raise _Refused("invalid_notification_request", "notification_id and a known event have to be there")
        try:
            await self._in_thread(self._desk.notify, token, named, event)
        except NotPossible as error:
            if error.code == NO_ACCESS:
                raise _no_access() from None
            raise _Refused("invalid_notification_id", error.what) from None
        return Response(status_code=204, headers=_NOT_KEPT)

    # Interaction URLs and their pages

    async def interaction(self, request: Request) -> Response:
        """`GET /interactions/{link}`: for a wallet the protocols, for everybody else the page."""
        link = request.path_params["link"]
        if _wants_json(request):
            return _json({"protocols": await self._in_thread(self._desk.protocols, link)}, Vary="Accept")
        return await self._shown(request, self._offer_page)

    async def typed(self, request: Request) -> Response:
        """`POST /interactions/{link}`: somebody typed the code into the page."""
        return await self._shown(request, self._after_code)

    async def exchange_link(self, request: Request) -> Response:
        """`GET /exchanges/{secret}`: the same as an interaction URL, for the link that is good for one exchange."""
        secret = request.path_params["secret"]
        if _wants_json(request):
            return _json({"protocols": await self._in_thread(self._desk.exchange_protocols, secret)}, Vary="Accept")
        return await self._shown(request, self._exchange_page)

    async def exchange(self, request: Request) -> Response:
        """`POST /exchanges/{secret}`; what a wallet says of itself in the body is not asked for."""
        try:
            await object_of(request)
        except Unreadable as error:
            return problem(400, "body", str(error), remedy="Send a JSON object, which may be empty.")
        return _json(await self._in_thread(self._desk.exchange, request.path_params["secret"]))

    async def _offer_page(self, request: Request, told: str = "", status: int = 200, **values: Value) -> Response:
        link = request.path_params["link"]
        standing = await self._in_thread(self._desk.standing, link)
        return offer_page(_spoken(request), standing, self._desk.addresses.offer(link), told, status, **values)

    async def _exchange_page(self, request: Request) -> Response:
        secret = request.path_params["secret"]
        access = await self._in_thread(self._desk.link, secret)
        return exchange_page(_spoken(request), access, self._desk.addresses.exchange_link(secret))

    async def _after_code(self, request: Request) -> Response:
        link = request.path_params["link"]
        try:
            fields = await form_of(request)
        except Unreadable:
            return await self._offer_page(request, "wallet.refused", 400, count=FREE_TRIES)
        code = fields.get("code", "")
        try:
            if fields.get("action") == "exchange":
                access = await self._tried(request, self._desk.open_exchange, link, code)
                # To the same server, wherever it is: nothing that was sent is in this address but the language.
                onward = f"{self._desk.addresses.path}{EXCHANGES}/{access.secret}?language={_spoken(request)}"
                return Response(status_code=303, headers={**_NOT_KEPT, "Location": onward})
            file = await self._tried(request, self._desk.download, link, code)
        except Waiting as error:
            until = datetime.fromtimestamp(error.until, UTC)
            page = await self._offer_page(request, "wallet.wait", 429, until=until)
            page.headers["Retry-After"] = str(error.seconds)
            return page
        except NotPossible as error:
            if error.code != WRONG_CODE:
                raise
            # After the last try the offer is closed, and there is no page of it any more.
            return await self._offer_page(request, "wallet.refused", 403, count=FREE_TRIES)
        named = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return Response(file.content, 200, {**_NOT_KEPT, **named}, file.media_type)

    async def _shown(self, request: Request, page: Callable[[Request], Awaitable[Response]]) -> Response:
        """A page, or one that says in the reader's language why there is none."""
        try:
            return await page(request)
        except NotPossible as error:
            told = {NO_OFFER: "wallet.gone", NOT_IN_FORCE: "wallet.withdrawn", TOO_MANY: "wallet.tooMany"}
            if error.code not in told:
                raise
            return told_page(_spoken(request), told[error.code], _status_of(error))
        except (ChainError, StoreError) as error:
            note(error)
            return told_page(_spoken(request), "wallet.unasked", 503)
        except DatabaseError:
            return told_page(_spoken(request), "wallet.unasked", 503)

    async def _tried(self, request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what takes a transaction code, as long as not too many wrong ones came from the client."""
        client = client_of(request.scope)
        if self._tries.left(client) < 1:
            raise NotPossible(
                "too many codes that are not good came from this address", remedy="Wait a minute.", code=TOO_MANY
            )
        # Spent before it is looked at, so that coming at once gives no more; what was no wrong code is given back.
        self._tries.spend(client, 1)
        spent = 0
        try:
            return await self._in_thread(work, *args, **kwargs)
        except NotPossible as error:
            spent = error.code in (NO_OFFER, WRONG_CODE)
            raise
        finally:
            self._tries.spend(client, spent - 1)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what asks the books and the chain; a few at a time."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._threads)


async def _read(read: Callable[[Request], Awaitable[T]], request: Request, error: str) -> T:
    try:
        return await read(request)
    except Unreadable as why:
        raise _Refused(error, str(why)) from None


def _token_of(request: Request) -> str:
    """The access token (RFC 6750, section 2.1); nowhere else is one looked for."""
    given = request.headers.get("authorization", "")
    if given[: len(_BEARER)].lower() != _BEARER.lower():
        raise _Refused("", "", 401)
    return given[len(_BEARER) :].strip()


def _of_credential(error: NotPossible) -> _Refused:
    if error.code == NO_ACCESS:
        return _no_access()
    if error.code == OTHER_CONFIGURATION:
        return _Refused("unknown_credential_configuration", error.what)
    return _Refused("credential_request_denied", error.what)


def _no_access() -> _Refused:
    return _Refused("invalid_token", "the access token is not known, or not good any more", 401)


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, _Refused):
        raise error
    told = {"error": error.error, "error_description": error.description} if error.error else {}
    answer = _json(told)
    answer.status_code = error.status
    if error.status == 401:
        why = f' error="{error.error}"' if error.error else ""
        answer.headers["WWW-Authenticate"] = f"Bearer{why}"
    return answer


async def _waiting(_: Request, error: Exception) -> Response:
    if not isinstance(error, Waiting):
        raise error
    answer = problem(429, error.code, error.what, remedy=error.remedy)
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _status_of(error: RegistryError) -> int:
    return _STATUS.get(error.code, status_of(error))


def _wants_json(request: Request) -> bool:
    """Whether a wallet asks; browsers name HTML, and never JSON alone."""
    wanted = request.headers.get("accept", "").lower()
    return JSON in wanted and "text/html" not in wanted


def _spoken(request: Request) -> str:
    return known(request.query_params.get("language", "")[:20]) or from_header(
        request.headers.get("accept-language", "")[:200]
    )


def _json(content: Any, **headers: str) -> Response:
    return Response(orjson.dumps(content), 200, {**_NOT_KEPT, **headers}, JSON)
