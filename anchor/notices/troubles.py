"""What does not go on at this moment: each loop tells of it here, and whoever asks how the daemon is reads it."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from registry.database.engine import DatabaseError, is_full
from registry.errors import ChainUnavailable, RegistryError, public_sentence

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Cause(Enum):
    """Where the cause of a trouble lies: with one issuer, with this machine, or with the chain's endpoint."""

    ISSUER = "issuer"
    MACHINE = "machine"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something does not go on.

    Attributes:
        code: for programs.
        why: what exactly it was, for the operator.
        said: the same for anybody else: nothing that a disk, a database or an endpoint said.
    """

    code: str
    why: str
    said: str
    cause: Cause = Cause.ISSUER

    @classmethod
    def of(cls, error: Exception) -> Trouble:
        """What an exception means for whatever it has stopped."""
        causes = list(_causes(error))
        if any(map(_is_no_room, causes)):
            return cls._here("no-room", error, Cause.MACHINE)
        if any(isinstance(cause, OSError) for cause in causes):
            return cls._here("unwritable", error, Cause.MACHINE)
        if isinstance(error, DatabaseError):
            return cls._here("database", error, Cause.MACHINE)
        if isinstance(error, RegistryError):
            cause = Cause.CHAIN if isinstance(error, ChainUnavailable) else Cause.ISSUER
            return cls(error.code, error.what, error.public.what, cause)
        return cls._here("unexpected", error, Cause.ISSUER)

    @classmethod
    def _here(cls, code: str, error: Exception, cause: Cause) -> Trouble:
        words = (str(error).splitlines() or [""])[0]
        return cls(code, f"{type(error).__name__}: {words}", public_sentence(code, "see the log"), cause)


@dataclass(frozen=True, slots=True)
class Standing:
    """A trouble that there is now: at which place, of which issuer (None: of all), and since when, in Unix seconds."""

    place: str
    issuer: int | None
    trouble: Trouble
    since: float


class Troubles:
    """By place, such as `sealing`, and issuer: what its loop found when it last came round. For several threads."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._by_place: dict[str, tuple[Standing, ...]] = {}

    def found(self, place: str, troubles: Mapping[int | None, Trouble]) -> None:
        """All that there is at a place now; None stands for all issuers."""
        known = {(each.issuer, each.trouble.code): each.since for each in self._by_place.get(place, ())}
        now = self._clock()
        self._by_place[place] = tuple(
            Standing(place, issuer, trouble, known.get((issuer, trouble.code), now))
            for issuer, trouble in sorted(troubles.items(), key=lambda item: item[0] or 0)
        )

    def all(self) -> list[Standing]:
        """Everything, by place and issuer."""
        return [each for _, here in sorted(self._by_place.copy().items()) for each in here]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_no_room(error: BaseException) -> bool:
    """Whether a disk, a quota or a database is full."""
    return (isinstance(error, OSError) and error.errno in NO_ROOM) or is_full(error)
