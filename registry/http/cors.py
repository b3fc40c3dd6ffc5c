"""Public reads for pages of any origin (the Fetch standard's CORS protocol), without cookies.

The answer is the same for every origin, so it does not vary by it: a shared cache keeps one copy for all pages.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXPOSED: Final = "ETag, Link, Index-Block, Index-Blocks-Behind, Retry-After"
PREFLIGHT_SECONDS: Final = 86_400

ON_EVERY_ANSWER: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED.encode()),
]


class PublicReads:
    """Lets every page read every answer, and answers the browsers that ask before.

    Args:
        fields: of a request that a page may set; `*` is for all but `Authorization`.
    """

    def __init__(self, app: ASGIApp, *, fields: str = "*"):
        self._app = app
        self._preflight = [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-allow-methods", b"GET, HEAD, POST"),
            (b"access-control-allow-headers", fields.encode()),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
            (b"content-length", b"0"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and any(
            name == b"access-control-request-method" for name, _ in scope["headers"]
        ):
            await send({"type": "http.response.start", "status": 204, "headers": self._preflight})
            await send({"type": "http.response.body"})
            return

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *ON_EVERY_ANSWER]
            await send(message)

        await self._app(scope, receive, opened)
