"""Draw the states of the page that checks credentials as the docs show them, at 320 and 1,200 px.

The tests leave all states in `build/screenshots`; here are the few that are in Git, small: in 16 colours, as much as
one screen holds.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.web.states import stand_in

REPOSITORY: Final = Path(__file__).parents[1]
FOLDER: Final = REPOSITORY / "docs/how-to/pictures"
STATES: Final = {"good": "valid", "revoked": "not-valid", "endpoint-down": "could-not-be-checked", "table": "table"}
SCREENS: Final = ((320, 900), (1200, 900))
MOST_BYTES: Final = 60_000
_COLOURS: Final = 16
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def main() -> int:
    """Write the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, stand_in(Path(folder)) as stand:
        for state, name in STATES.items():
            stand.reach(state)
            for width, height in SCREENS:
                with stand.browser.screen(width, height):
                    picture = small(stand.browser.picture("#outcome"))
                if len(picture) > MOST_BYTES:
                    raise ValueError(f"{name} at {width} px is {len(picture):,} bytes")
                (FOLDER / f"page-{name}-{width}.png").write_bytes(picture)
                print(f"{name} at {width} px: {len(picture):,} bytes")
    return 0


def small(png: bytes) -> bytes:
    """The picture in the colours that it has most of, each other one as the nearest of these."""
    width, rows = pixels_of(png)
    counted = Counter(pixel for row in rows for pixel in row)
    palette = [colour for colour, _ in spread(counted)]
    nearest = {pixel: min(range(len(palette)), key=lambda at: distance(palette[at], pixel)) for pixel in counted}
    packed = bytearray()
    for row in rows:
        places = [nearest[pixel] for pixel in row] + [0] * (width % 2)
        packed.append(0)
        packed += bytes(high << 4 | low for high, low in zip(places[::2], places[1::2], strict=True))
    header = struct.pack(">IIBBBBB", width, len(rows), 4, 3, 0, 0, 0)
    data = zlib.compress(bytes(packed), 9)
    parts = ((b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(chunk(kind, content) for kind, content in parts)


def spread(counted: Counter[bytes]) -> list[tuple[bytes, int]]:
    """The most frequent colours of which no two are nearly the same."""
    chosen: list[tuple[bytes, int]] = []
    for colour, count in counted.most_common():
        if all(distance(colour, other) > 300 for other, _ in chosen):
            chosen.append((colour, count))
        if len(chosen) == _COLOURS:
            break
    return chosen


def distance(one: bytes, other: bytes) -> int:
    """How different two colours are."""
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def pixels_of(png: bytes) -> tuple[int, list[list[bytes]]]:
    """The width of a picture of eight bits a colour, and its rows of red, green and blue."""
    parts = list(chunks(png))
    width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", parts[0][1])
    size = {2: 3, 6: 4}[kind]
    if depth != 8:
        raise ValueError(f"a picture of {depth} bits is not read here")
    data = zlib.decompress(b"".join(content for name, content in parts if name == b"IDAT"))
    rows, before, length = [], bytearray(width * size), width * size + 1
    for start in range(0, height * length, length):
        before = unfiltered(data[start], data[start + 1 : start + length], before, size)
        rows.append([bytes(before[at : at + 3]) for at in range(0, len(before), size)])
    return width, rows


def unfiltered(kind: int, row: bytes, above: bytearray, size: int) -> bytearray:
    """A row as it was before it was filtered (PNG, section 9)."""
    out = bytearray(row)
    if kind == 2:
        return bytearray((value + up) & 255 for value, up in zip(row, above, strict=True))
    for at in range(len(row) if kind else 0):
        left = out[at - size] if at >= size else 0
        corner = above[at - size] if at >= size else 0
        match kind:
            case 1:
                guess = left
            case 3:
                guess = (left + above[at]) // 2
            case _:
                guess = min((left, above[at], corner), key=lambda each: abs(left + above[at] - corner - each))
        out[at] = (row[at] + guess) & 255
    return out


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG, by their kind."""
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def chunk(kind: bytes, content: bytes) -> bytes:
    """One part of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    sys.exit(main())
