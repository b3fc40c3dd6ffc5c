"""The nodes of a tree above its leaves: the one place where they are hashed, in this process or in several.

Run as a program, it hashes a share of the leaves of a file that it is handed open, and says so when it is done. That
program needs nothing but the standard library and no `__main__` of whoever builds a tree, and starting it is safe while
other threads run: it is a new program, not a fork. A share whose program ended early, or does not say that it is done,
is hashed again here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from hashlib import sha256
from itertools import pairwise
from struct import Struct

TYPE_CHECKING = False  # `typing` would take longer to load than all the rest of the program
if TYPE_CHECKING:
    from subprocess import Popen

NODE_SIZE = 32
# How far up from a block of leaves before the next block is read: 128 KiB of leaves fit the second-level cache.
HEIGHT = 12
BLOCK_NODES = 1 << HEIGHT
PARALLEL_FROM = 100_000
"""Leaves from which on starting programs costs less than they save."""

Read = Callable[[int, int], bytes]
Write = Callable[[int, bytes], object]
Places = Sequence[tuple[int, int]]
"""Of each level, from the leaves on: the byte at which it begins, and its nodes."""

_PAIR = Struct(f"{2 * NODE_SIZE}s")
_DONE = b"hashed\n"


def parents(nodes: bytes) -> bytes:
    """The nodes above these, which are neighbours and begin at an even place; a last one alone is promoted."""
    paired = len(nodes) - len(nodes) % _PAIR.size
    return b"".join([sha256(pair).digest() for (pair,) in _PAIR.iter_unpack(nodes[:paired])]) + nodes[paired:]


def fill(read: Read, write: Write, places: Places) -> None:
    """Derive every level from the one below, in this process."""
    for base in range(0, len(places) - 1, HEIGHT):
        _fill_share(read, write, places[base:], 0, places[base][1])


def fill_file(descriptor: int, places: Places) -> None:
    """As `fill`, in a file that is open for reading and writing; by all processors where it is large.

    Raises:
        OSError: it cannot be read or written.
    """
    leaves = places[0][1]
    processes = _processors() if leaves >= PARALLEL_FROM else 1
    blocks = -(-leaves // BLOCK_NODES)
    bounds = [min(leaves, blocks * each // processes * BLOCK_NODES) for each in range(processes + 1)]
    own, *others = pairwise(bounds)
    read, write = _reader(descriptor), writer(descriptor)
    low = places[: HEIGHT + 1]
    with ExitStack() as running:
        started = [(share, _start(descriptor, low, *share)) for share in others]
        for _, program in started:
            if program is not None:
                running.enter_context(program)
                running.callback(program.kill)
        _fill_share(read, write, low, *own)
        for share, program in started:
            if program is None or program.communicate()[0] != _DONE or program.returncode:
                _fill_share(read, write, low, *share)
    # What is above the blocks is one node of each.
    fill(read, write, places[HEIGHT:])


def _fill_share(read: Read, write: Write, places: Places, first: int, last: int) -> None:
    """The levels that follow from whole blocks of the lowest one, whose nodes from `first` on are read."""
    for start in range(first, last, BLOCK_NODES):
        nodes = read(places[0][0] + start * NODE_SIZE, min(BLOCK_NODES, last - start) * NODE_SIZE)
        for height, (offset, _) in enumerate(places[1 : HEIGHT + 1], 1):
            nodes = parents(nodes)
            write(offset + (start >> height) * NODE_SIZE, nodes)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(descriptor: int, places: Places, first: int, last: int) -> Popen[bytes] | None:
    """A program that fills a share; None where none can be started."""
    from subprocess import DEVNULL, PIPE, Popen

    numbers = map(str, (descriptor, first, last, *(number for place in places for number in place)))
    # -I and -S: no settings, paths or packages of whoever runs it; that also makes it start sooner.
    command = [sys.executable, "-I", "-S", __file__, *numbers]
    try:
        return Popen(  # noqa: S603 - this file, by this interpreter
            command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, pass_fds=[descriptor]
        )
    except OSError:
        return None


def _reader(descriptor: int) -> Read:
    def read(start: int, size: int) -> bytes:
        found = os.pread(descriptor, size, start)
        if len(found) != size:
            raise OSError(f"{size} bytes from {start} on are not there")
        return found

    return read


def writer(descriptor: int) -> Write:
    """Writes at a byte of a file all that it is given."""

    def write(start: int, data: bytes) -> None:
        while data:
            # A disk that becomes full takes a part first, and says so at the next.
            written = os.pwrite(descriptor, data, start)
            start, data = start + written, data[written:]

    return write


def _main() -> None:
    descriptor, first, last, *numbers = map(int, sys.argv[1:])
    places = list(zip(numbers[::2], numbers[1::2], strict=True))
    _fill_share(_reader(descriptor), writer(descriptor), places, first, last)
    sys.stdout.buffer.write(_DONE)


if __name__ == "__main__":
    _main()
