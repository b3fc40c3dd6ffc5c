"""The compiler with our layouts, fonts and a look: values in, pages or pictures out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from anchor.issuing.diplomas.content import Content, in_language
from anchor.issuing.diplomas.fonts import Fonts, load_fonts
from anchor.issuing.diplomas.look import Look, logo_of, sheet_data
from registry.errors import IntakeError
from registry.extras import needs

LAYOUTS: Final = Path(__file__).parent / "typst"
STANDARDS: Final = ("a-3a", "ua-1")
"""PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1), together."""
_PICTURES_KEPT: Final = 256
_BADGE_PPI: Final = 144.0


@contextmanager
def folder_for(look: Look) -> Iterator[tuple[Path, Fonts]]:
    """A folder with all that a press reads, for as long as it is needed; the compiler sees nothing outside of it.

    Raises:
        IntakeError: the logo cannot be read.
        SettingsError: the extra `issuing` is not installed.
    """
    with TemporaryDirectory(prefix="testamur-diplomas-") as name:
        folder = Path(name)
        for path in LAYOUTS.glob("*.typ"):
            shutil.copyfile(path, folder / path.name)
        if (logo := logo_of(look)) is not None:
            (folder / "logo").write_bytes(logo)
        (folder / "fonts").mkdir()
        yield folder, load_fonts(folder / "fonts")


class Press:
    """Makes diplomas and badges of one look, one after the other.

    Args:
        folder: as `folder_for` makes it.
        fonts: of that folder.
    """

    def __init__(self, look: Look, folder: Path, fonts: Fonts):
        with needs("issuing"):
            import typst
        self._look = look
        self._folder = folder
        self._fonts = fonts
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts.folder)])
        self._compiler = typst.Compiler(
            folder / "diploma.typ",
            root=folder,
            font_paths=found,
            ignore_system_fonts=True,
            package_path=folder / "none",
        )
        self._refused = typst.TypstError
        self._picture = lru_cache(_PICTURES_KEPT)(self._drawn)

    def diploma(self, content: Content, *, is_draft: bool) -> bytes:
        """The PDF of a credential; equal credentials and looks give equal bytes.

        Args:
            is_draft: mark each page as one that proves nothing.

        Raises:
            IntakeError: it cannot be set.
            SettingsError: its link does not fit into a QR code.
        """
        data, code = sheet_data(content, self._look, self._fonts, is_draft=is_draft)
        inputs = {"data": json.dumps(data), "code": code, "credential": content.text}
        # Of when it was made a page says nothing: it is of the day of the award, and is the same when it is made again.
        moment = datetime.combine(content.awarded, time(), UTC)
        return self._compiled("diploma.typ", inputs, content.name, pdf_standards=list(STANDARDS), timestamp=moment)

    def sheet(self, contents: list[Content], heading: dict[str, Any]) -> bytes:
        """Several diplomas to a page, made small.

        Args:
            heading: values that `sheet.typ` prints around them.
        """
        # Nobody verifies by such a sheet, and the address of the page may not be known yet.
        unlinked = {"code": None, "address": ""}
        drawn = [sheet_data(each, self._look, self._fonts, is_draft=False)[0] | unlinked for each in contents]
        inputs = {"data": json.dumps(heading | {"diplomas": drawn}), "code": "", "credential": ""}
        return self._compiled("sheet.typ", inputs, "the contact sheet", pdf_standards=["ua-1"])

    def badge(self, content: Content, kind: Literal["png", "svg"]) -> bytes:
        """The picture of what a credential is for, without the holder: one for all who were awarded it."""
        language = (self._look.languages or (content.language or "en",))[0]
        texts = (in_language(content.award, language), in_language(content.issuer, language))
        return self._picture(*texts, language, kind)

    def _drawn(self, award: str, issuer: str, language: str, kind: Literal["png", "svg"]) -> bytes:
        look = self._look
        data = {
            "award": award,
            "issuer": issuer,
            "language": language,
            "fonts": self._fonts.families_for(language),
            "colour": look.layout.colour,
            "logo": None if look.layout.logo is None else "logo",
        }
        inputs = {"data": json.dumps(data), "code": "", "credential": ""}
        return self._compiled("badge.typ", inputs, award, format=kind, ppi=_BADGE_PPI)

    def _compiled(self, layout: str, inputs: dict[str, str], name: str, **options: Any) -> bytes:
        try:
            made = self._compiler.compile(self._folder / layout, sys_inputs=inputs, **{"format": "pdf", **options})
        except self._refused as error:
            raise IntakeError(
                f"it cannot be set: {error.message}",
                where=name,
                remedy="Compare its texts with those of a credential that can.",
                code="not-printable",
            ) from None
        if not isinstance(made, bytes):
            raise IntakeError(
                "its picture has more than one page", where=name, remedy="Shorten its name.", code="not-printable"
            )
        return made
