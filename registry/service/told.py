"""What is told of a question, before it is JSON or a page: both are made of the same members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from registry.errors import ChainUnavailable
from registry.service.caching import answer
from registry.service.horizon import AsOf
from registry.service.kept import version_of
from registry.service.parameters import link_to
from registry.service.service import Service, service_of

P = ParamSpec("P")
T = TypeVar("T")

_TRIES: Final = 5


class Told(NamedTuple):
    """The members of an answer without `asOf`, the block that they are right up to, and where the next page begins."""

    content: dict[str, Any]
    as_of: AsOf
    following: str | int | None = None


async def as_json(
    request: Request, parameter: str, ask: Callable[P, Told], *args: P.args, **kwargs: P.kwargs
) -> Response:
    """What is told, as JSON; asked and written in a thread.

    Args:
        parameter: of the query, that leads to the next page.
    """

    def written() -> Response:
        told = ask(*args, **kwargs)
        return answer(request, told.content, told.as_of, headers=link_to(request, told.following, parameter=parameter))

    return await service_of(request).in_thread(written)


def of_one_block(service: Service, gather: Callable[[], T]) -> tuple[AsOf, T]:
    """Several answers as of one block: asked for again where the index has changed meanwhile.

    Raises:
        ChainUnavailable: it changed each time (code `index-changing`).
    """
    for _ in range(_TRIES):
        as_of = service.horizon.anew()
        found = gather()
        if version_of(service.horizon.anew().head) == version_of(as_of.head):
            return as_of, found
    raise ChainUnavailable(
        "the index changed each time while it was read", remedy="Ask again soon.", code="index-changing"
    )
