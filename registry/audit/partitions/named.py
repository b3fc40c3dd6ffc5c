"""The engine that somebody names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from registry.audit.partitions.cluster import Cluster
from registry.audit.partitions.engine import Engine, InProcess, Processes
from registry.errors import SettingsError

LOCAL: Final = "local"
_SCHEMES: Final = {"dask": "tcp", "tls": "tls"}


@contextmanager
def open_engine(name: str = LOCAL, workers: int = 1) -> Iterator[Engine]:
    """The engine of that name, ready for work.

    Args:
        name: `local`, `dask://host:port`, or `tls://host:port` for Dask with certificates.
        workers: processes of this machine, for `local` alone; 1: this one.

    Raises:
        SettingsError: there is no such engine, it takes no number of workers (code `engine`), or it cannot be used
            (as `Cluster` says).
    """
    if name == LOCAL:
        yield InProcess() if workers == 1 else Processes(workers)
        return
    address = address_of(name)
    if workers != 1:
        raise SettingsError(
            "a cluster has the workers that it has",
            remedy="Leave --workers out, or audit with --engine local.",
            code="engine",
        )
    with Cluster(address) as cluster:
        yield cluster


def address_of(name: str) -> str:
    """The address of a scheduler as Dask writes it.

    Raises:
        SettingsError: code `engine`.
    """
    try:
        parts = urlsplit(name)
        named = parts.hostname and parts.port
    except ValueError:
        parts, named = urlsplit(""), None
    rest = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if not named or rest or parts.scheme not in _SCHEMES:
        raise SettingsError(
            f"there is no engine {name[:80]!r}",
            remedy="Write local, dask://HOST:PORT or tls://HOST:PORT.",
            code="engine",
        )
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}"
