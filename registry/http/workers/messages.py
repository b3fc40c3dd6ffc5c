"""What a supervisor and its workers say to each other. They are one program: nothing of it is from outside."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socket

from registry.http.buckets import SharedBuckets


@dataclass(frozen=True, slots=True)
class Seat:
    """What a worker is given when it starts.

    Attributes:
        number: of the worker, from 0.
        count: of all workers.
        listener: the one socket that all of them accept from.
        line: to the supervisor.
        folder: of files that all of them share, for this user alone.
        key: secret, for what is found in those files by hash.
    """

    number: int
    count: int
    listener: socket
    line: Connection
    folder: Path
    key: bytes

    def part(self, whole: int) -> int:
        """How many of so many are for this worker, so that all of them have no more in total; at least one."""
        return max(1, whole // self.count)

    def buckets(self, name: str) -> SharedBuckets:
        """Buckets of clients that all workers share."""
        return SharedBuckets(self.folder / name, self.key)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer over HTTP, as far as it is not the same each time."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker answers from now on."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker cannot start, for a reason that a person has to know."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Asked:
    """A client asked a worker for what the supervisor knows."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the supervisor answers; None when it could not."""

    number: int
    answered: Answered | None


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the program wants its supervisor to know."""

    what: object


@dataclass(frozen=True, slots=True)
class Ping:
    """The supervisor wants to know whether a worker answers."""


@dataclass(frozen=True, slots=True)
class Pong:
    """It does: said where requests are answered."""


@dataclass(frozen=True, slots=True)
class End:
    """The worker is to answer what it has, and end."""
