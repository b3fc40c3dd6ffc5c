"""The page that checks credentials in a browser: its settings read from a file, and it written to a folder."""

from __future__ import annotations

from pathlib import Path

from anchor.verifying.named import write_whole
from registry.errors import SettingsError
from registry.service.web.page.settings import PageSettings, parse_page_settings
from registry.service.web.page.whole import languages_of, name_of, page


def read_page_settings(path: Path) -> PageSettings:
    """The settings in a file; raises SettingsError."""
    try:
        return parse_page_settings(path.read_bytes(), where=str(path))
    except OSError as error:
        raise SettingsError(
            f"the settings of the page cannot be read: {error.strerror}", where=str(path), code="page-settings"
        ) from None


def write_page(folder: Path, settings: PageSettings) -> list[Path]:
    """Write the page in each of its languages into a folder, which is made where it is missing.

    Each is written whole or not at all.

    Returns:
        Their paths, the page in the first language first.

    Raises:
        IntakeError: one cannot be written.
    """
    written = []
    for code in languages_of(settings):
        written.append(folder / name_of(settings, code))
        write_whole(written[-1], page(settings, in_language=code), make_folder=True)
    return written
