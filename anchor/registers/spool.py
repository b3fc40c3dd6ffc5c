"""Decisions on their way to a snapshot: their lines on disk, and in memory some hundred bytes for each."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final

from registry.privatefiles import private_opener
from registry.quality.decision import QualityDecision

_DIGEST: Final = 32
_KEY: Final = 16


class Spool:
    """Lines of decisions in a file, each by its number; with their digests and the keys by which two are the same.

    Args:
        path: of the file, which must not be there.
    """

    def __init__(self, path: Path):
        self._file = open(path, "w+b", opener=private_opener)  # noqa: SIM115 - closed by `close`
        self._starts = array("Q", [0])
        self._digests = bytearray()
        self._keys = bytearray()

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, decision: QualityDecision) -> int:
        """Keep a decision; its number."""
        return self.add_line(decision.to_line(), key_of(decision))

    def add_line(self, line: bytes, key: bytes) -> int:
        """Keep the line of a decision whose key is known."""
        self._file.write(line)
        self._starts.append(self._starts[-1] + len(line))
        self._digests += sha256(line).digest()
        self._keys += key
        return len(self) - 1

    def line(self, number: int) -> bytes:
        """The line of a decision."""
        self._file.flush()
        start, end = self._starts[number], self._starts[number + 1]
        return os.pread(self._file.fileno(), end - start, start)

    def digest(self, number: int) -> bytes:
        """The digest of a decision."""
        return bytes(self._digests[number * _DIGEST : (number + 1) * _DIGEST])

    def key(self, number: int) -> bytes:
        """What two texts of the same decision have in common."""
        return bytes(self._keys[number * _KEY : (number + 1) * _KEY])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def key_of(decision: QualityDecision) -> bytes:
    """What stands for the key of a decision."""
    return sha256("\0".join(decision.key).encode("utf-8", "surrogatepass")).digest()[:_KEY]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A decision of the snapshot before.

    Attributes:
        number: in the spool.
        original: digest of it without what it replaces, so that it can be compared with a row.
        replaces: as it says itself.
    """

    number: int
    original: bytes
    replaces: bytes | None


@dataclass(slots=True)
class Settled:
    """What the next snapshot has, and what became of the rows.

    Attributes:
        numbers: of decisions in the spool, each once.
        repeated: numbers of rows that say again what the row before with their number says.
        new, unchanged, corrected: decisions, by their keys.
        corrections: numbers of decisions that replace another one for the first time.
        gone: numbers of decisions of the snapshot before that the source does not have any more.
    """

    numbers: array[int]
    repeated: list[int]
    corrections: list[int]
    gone: list[int]
    new: int = 0
    unchanged: int = 0
    corrected: int = 0


def settle(spool: Spool, rows: int, earlier: Mapping[bytes, Sequence[Earlier]]) -> Settled:
    """Bring the rows of a source together with the snapshot before: what is repeated, corrected, unchanged, gone.

    A later row with the same number is a correction of the one before, and so is a row that says something else than
    the snapshot before: both texts stay, and the new one says which leaf it replaces. A source that says nothing new
    gives the same decisions as before, to the byte.

    Args:
        rows: how many decisions of the spool come from the source, in its order; they are its first.
        earlier: by key, from the oldest text to the newest.
    """
    done = Settled(array("L"), [], [], [])
    left = set(earlier)
    # By key, and in the order of the source within one: sorting keeps that.
    for key, numbers in groupby(sorted_numbers(range(rows), spool.key), spool.key):
        left.discard(key)
        texts: list[int] = []
        for number in numbers:
            if texts and spool.digest(number) == spool.digest(texts[-1]):
                done.repeated.append(number)
            else:
                texts.append(number)
        before = earlier.get(key, ())
        kept = _already_said([spool.digest(each) for each in texts], [each.original for each in before])
        done.numbers.extend(each.number for each in before)
        last = spool.digest(before[-1].number) if before else None
        for number in texts[kept:]:
            if last is None:
                added = number
            else:
                added = spool.add_line(_replacing(spool.line(number), last), key)
                done.corrections.append(added)
            done.numbers.append(added)
            last = spool.digest(added)
        if kept == len(texts):
            done.unchanged += 1
        elif before:
            done.corrected += 1
        else:
            done.new += 1
    done.gone = [texts[-1].number for key, texts in earlier.items() if key in left]
    return done


def sorted_numbers(numbers: Iterable[int], key: Callable[[int], bytes]) -> Iterator[int]:
    """Numbers by what a key gives for each, which is spread evenly; those with the same stay in their order.

    Sorted in pieces by the first byte: the keys of all would take ten times the room of the numbers.
    """
    pieces = [array("L") for _ in range(256)]
    for number in numbers:
        pieces[key(number)[0]].append(number)
    for piece in pieces:
        yield from sorted(piece, key=key)


def in_order(found: Mapping[bytes, Sequence[Earlier]], spool: Spool) -> dict[bytes, list[Earlier]]:
    """By key, the texts of each decision from the oldest to the newest, by what they say they replace.

    Raises:
        ValueError: the texts of one are no such row: taken on, one of them would count that no row of a source says,
            or another decision would not.
    """
    return {key: _chain(texts, spool) for key, texts in found.items()}


def _chain(texts: Sequence[Earlier], spool: Spool) -> list[Earlier]:
    following = {each.replaces: each for each in texts}
    chain: list[Earlier] = []
    at = following.get(None)
    while at is not None:
        chain.append(at)
        at = following.get(spool.digest(at.number))
    if len(chain) < len(texts):
        decision = QualityDecision.from_line(spool.line(texts[0].number))
        name = decision.number or decision.report or "without a number"
        raise ValueError(f"of the decision {name[:80]!r} it has texts of which neither replaces the other")
    return chain


def _already_said(texts: Sequence[bytes], before: Sequence[bytes]) -> int:
    """How many of the first texts of a source are the last ones of the snapshot before."""
    for count in range(min(len(texts), len(before)), 0, -1):
        if list(before[-count:]) == list(texts[:count]):
            return count
    return 0


def _replacing(line: bytes, digest: bytes) -> bytes:
    return replace(QualityDecision.from_line(line), replaces=digest).to_line()
