"""Which process is which, and whether one has ended: on this machine that can be seen."""

from __future__ import annotations

import os
import secrets
import socket
from functools import cache
from typing import Final

_SEPARATOR: Final = ":"


@cache
def this_process() -> str:
    """A name that no other process has had or will have: host, number, and what nobody guesses."""
    return _SEPARATOR.join((socket.gethostname(), str(os.getpid()), secrets.token_hex(4)))


def has_ended(name: str) -> bool:
    """Whether a process of this machine is known to have ended; of one elsewhere nothing is known.

    Args:
        name: as `this_process` gave it there.
    """
    host, _, rest = name.rpartition(_SEPARATOR)[0].rpartition(_SEPARATOR)
    if host != socket.gethostname() or not rest.isdigit() or name == this_process():
        return False
    number = int(rest)
    # In a container every process that is started has the same number.
    return number == os.getpid() or not _is_there(number)


def _is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
