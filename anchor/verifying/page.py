"""The page that checks credentials in a browser: its settings read from a file, and it written to a folder."""

from __future__ import annotations

from pathlib import Path

from anchor.verifying.named import write_whole
from registry.errors import SettingsError
from registry.service.web.page.settings import PageSettings, parse_page_settings
from registry.service.web.page.whole import NAME, page


def read_page_settings(path: Path) -> PageSettings:
    """The settings in a file; raises SettingsError."""
    try:
        return parse_page_settings(path.read_bytes(), where=str(path))
    except OSError as error:
        raise SettingsError(
            f"the settings of the page cannot be read: {error.strerror}", where=str(path), code="page-settings"
        ) from None


def write_page(folder: Path, settings: PageSettings) -> Path:
    """Write the page into a folder, which is made where it is missing, whole or not at all; returns its path.

    Raises:
        IntakeError: it cannot be written.
    """
    path = folder / NAME
    write_whole(path, page(settings), make_folder=True)
    return path
