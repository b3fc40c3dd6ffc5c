"""The fonts on a diploma, and whether they have every character that is to stand there.

FiraGO and Noto Sans come with the extra `issuing` (from pymupdf-fonts); Noto Sans SC, JP and KR with the extra `cjk`
(from rendercv-fonts). All of them are under the SIL Open Font License 1.1, and only the glyphs that are used are
embedded. Fonts of the machine are never taken: the same diploma has the same bytes everywhere.

Sources: the table `cmap` in formats 4 and 12 (ISO/IEC 14496-22, section 5.3.1).
"""

from __future__ import annotations

import shutil
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from registry.errors import IntakeError
from registry.extras import needs

FAMILIES: Final = ("FiraGO", "Noto Sans")
CJK_FAMILIES: Final = ("Noto Sans SC", "Noto Sans JP", "Noto Sans KR")
# Chinese, Japanese and Korean write some characters of one code point differently.
_FIRST_OF: Final = {"ja": "Noto Sans JP", "ko": "Noto Sans KR"}

_MODULES: Final = ("FiraGO_Regular", "FiraGO_Bold", "NotoSans_Regular", "NotoSans_Bold")
_CJK_FILES: Final = tuple(
    f"NotoSans{area}-{weight}.ttf" for area in ("SC", "JP", "KR") for weight in ("Regular", "Bold")
)
# A joiner changes how letters beside it look and has no glyph; the marks say from which side neighbours are read.
_WITHOUT_GLYPH: Final = frozenset("\u200c\u200d\u200e\u200f")
_NEVER: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts of this installation.

    Attributes:
        folder: it has them as files.
        families: in the order in which they are tried.
        characters: code points that one of them has a glyph for.
    """

    folder: Path
    families: tuple[str, ...]
    characters: frozenset[int]

    def families_for(self, language: str) -> tuple[str, ...]:
        """The families in the order of a language: Japanese and Korean have their own forms of Chinese characters."""
        first = _FIRST_OF.get(language.partition("-")[0])
        if first is None or first not in self.families:
            return self.families
        return (*FAMILIES, first, *(family for family in self.families if family not in (*FAMILIES, first)))

    def has(self, sign: str) -> bool:
        """Whether a character can be printed and is seen then."""
        return ord(sign) in self.characters and unicodedata.category(sign) not in _NEVER

    def check(self, texts: Iterable[str], where: str) -> None:
        """Refuse what could not be printed as it stands.

        Args:
            where: the document, for the error.

        Raises:
            IntakeError: code `no-glyph`, with the character named: no font has it, or it is one that is not seen.
        """
        for text in texts:
            for sign in text:
                if not self.has(sign) and sign not in _WITHOUT_GLYPH:
                    raise IntakeError(
                        f"no font has the character {_named(sign)}, which is in {_excerpt(text)}",
                        where=where,
                        remedy=self._remedy(sign),
                        code="no-glyph",
                    )

    def _remedy(self, sign: str) -> str:
        if unicodedata.category(sign) in _NEVER:
            return "It is not seen when it is printed: take it out of the credential."
        if CJK_FAMILIES[0] not in self.families:
            return "Chinese, Japanese and Korean are in the extra 'cjk': install it, or write it in another script."
        return "Write it in one of the scripts that docs/reference/diplomas.md names."


def load_fonts(folder: Path) -> Fonts:
    """Put the fonts into a folder of the caller's, as files, and read which characters they have.

    Raises:
        SettingsError: the extra `issuing` is not installed.
    """
    characters: set[int] = set()
    families: tuple[str, ...] = FAMILIES
    for name in _MODULES:
        content = _from_package(name)
        (folder / f"{name}.ttf").write_bytes(content)
        characters |= _both_weights(name, content)
    for path in _cjk_files():
        _put(path, folder)
        families = (*FAMILIES, *CJK_FAMILIES)
        characters |= _both_weights(path.stem, path.read_bytes())
    return Fonts(folder, families, frozenset(characters))


def _put(path: Path, folder: Path) -> None:
    """Have a file in a folder, without its ten megabytes where links can be made: on Windows not everybody may."""
    try:
        (folder / path.name).symlink_to(path)
    except OSError:
        shutil.copyfile(path, folder / path.name)


def _both_weights(name: str, content: bytes) -> frozenset[int]:
    """What a family's regular font has: its bold one was made with the same characters, and is not read twice."""
    return characters_of(content) if name.endswith("Regular") else frozenset()


def _from_package(name: str) -> bytes:
    with needs("issuing"):
        return bytes(import_module(f"pymupdf_fonts.{name}").fontbuffer)


def _cjk_files() -> Iterator[Path]:
    spec = find_spec("rendercv_fonts")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        files = [Path(place) / "Noto Sans" / name for name in _CJK_FILES]
        if all(path.is_file() for path in files):
            yield from files


def characters_of(font: bytes) -> frozenset[int]:
    """The code points that a TrueType font has a glyph for."""
    (tables,) = struct.unpack_from(">H", font, 4)
    for at in range(12, 12 + 16 * tables, 16):
        tag, _, cmap, _ = struct.unpack_from(">4sIII", font, at)
        if tag == b"cmap":
            return frozenset(code for offset in _subtables(font, cmap) for code in _codes(font, cmap + offset))
    return frozenset()


def _subtables(font: bytes, cmap: int) -> list[int]:
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    rows = [struct.unpack_from(">HHI", font, cmap + 4 + 8 * at) for at in range(count)]
    # Platform 3 is that of Unicode as everybody writes it: encoding 1 has the first plane, 10 all planes.
    return [offset for platform, encoding, offset in rows if platform == 3 and encoding in (1, 10)]


def _codes(font: bytes, at: int) -> Iterator[int]:
    (kind,) = struct.unpack_from(">H", font, at)
    if kind == 12:
        (groups,) = struct.unpack_from(">I", font, at + 12)
        for group in range(groups):
            start, end, _ = struct.unpack_from(">III", font, at + 16 + 12 * group)
            yield from range(start, end + 1)
    elif kind == 4:
        (twice,) = struct.unpack_from(">H", font, at + 6)
        count = twice // 2
        ends = struct.unpack_from(f">{count}H", font, at + 14)
        starts = struct.unpack_from(f">{count}H", font, at + 16 + twice)
        deltas = struct.unpack_from(f">{count}H", font, at + 16 + 2 * twice)
        ranges = at + 16 + 3 * twice
        offsets = struct.unpack_from(f">{count}H", font, ranges)
        for segment, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
            for code in range(start, min(end, 0xFFFE) + 1):
                glyph = code
                if offset:
                    (glyph,) = struct.unpack_from(">H", font, ranges + 2 * segment + offset + 2 * (code - start))
                if (glyph + delta) % 0x10000 if glyph or not offset else 0:
                    yield code


def _named(sign: str) -> str:
    """The character as people can look it up, without showing it: it may be one that turns the line around."""
    return f"U+{ord(sign):04X} {unicodedata.name(sign, 'without a name')}"


def _excerpt(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:59]}…"
    return "“" + "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in shown) + "”"
