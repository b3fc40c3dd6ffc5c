"""The pages that work in a browser: their settings read from a file, and one of them written to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from anchor.verifying.named import read_named, write_whole
from registry.errors import IntakeError, SettingsError
from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import PageSettings, parse_page_settings
from registry.service.web.page.whole import languages_of, name_of, written

MOST_BESIDE: Final = 16 << 20
"""Of a file that the settings name; what each of them may have is looked at where it is read."""


def read_page_settings(path: Path) -> PageSettings:
    """The settings in a file, with what it names in its folder; raises SettingsError."""

    def beside(name: str) -> bytes:
        try:
            return read_named(path.parent / name, MOST_BESIDE)
        except IntakeError as error:
            raise SettingsError(error.what) from None

    try:
        return parse_page_settings(path.read_bytes(), where=str(path), read=beside)
    except OSError as error:
        raise SettingsError(
            f"the settings of the page cannot be read: {error.strerror}", where=str(path), code="page-settings"
        ) from None


def write_page(folder: Path, settings: PageSettings, kind: Kind = Kind.VERIFY) -> list[Path]:
    """Write a page in each of its languages into a folder, which is made where it is missing, and an app of it.

    Each file is written whole or not at all.

    Returns:
        The paths of the pages, that in the first language first.

    Raises:
        IntakeError: one cannot be written.
    """
    for name, content in written(settings, kind).items():
        write_whole(folder / name, content, make_folder=True)
    return [folder / name_of(settings, code, kind) for code in languages_of(settings)]
