"""Level maps of one's own, from a folder: beside those that are bundled, and never in the place of one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from registry.errors import SettingsError
from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.levels.reading import MAX_BYTES, MAX_MAPS, Fault, read_maps

SUFFIX: Final = ".toml"


def level_maps(folder: Path | None) -> tuple[LevelMaps, tuple[Fault, ...]]:
    """The bundled maps and those of a folder, and what is wrong with maps that were left out.

    Args:
        folder: its `.toml` files are read, in the order of their names; none of folders within it.

    Raises:
        SettingsError: the folder cannot be read, or has too many files (code `level-maps`).
    """
    return (bundled_maps(), ()) if folder is None else maps_of_files(files_in(folder))


def maps_of_files(paths: list[Path]) -> tuple[LevelMaps, tuple[Fault, ...]]:
    """The bundled maps and those in files, and what is wrong with maps that were left out.

    Raises:
        SettingsError: a file cannot be read (code `level-maps`).
    """
    return read_maps(((path.name, _content(path)) for path in paths), beside=bundled_maps())


def files_in(folder: Path) -> list[Path]:
    """The files of a folder that are level maps by their names.

    Raises:
        SettingsError: the folder cannot be read, or has too many files (code `level-maps`).
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path.is_file())
    except OSError as error:
        raise _unread(folder, error) from None
    if len(paths) > MAX_MAPS:
        raise SettingsError(
            f"it has {len(paths):,} level maps, and at most {MAX_MAPS:,} are read",
            where=str(folder),
            remedy="Leave in it what is needed.",
            code="level-maps",
        )
    return paths


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than is read tells that it is too long.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unread(path, error) from None


def _unread(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"the level maps cannot be read: {error.strerror}",
        where=str(path),
        remedy="Name a folder with level maps, or a file that is one.",
        code="level-maps",
    )
