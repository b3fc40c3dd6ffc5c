"""Where the settings have trees kept."""

from __future__ import annotations

from pathlib import Path

from anchor.books.folder import DataFolder
from anchor.settings import Settings
from registry.trees.folder import FolderTrees
from registry.trees.open import open_trees
from registry.trees.store import TreeStore


def trees_of(settings: Settings) -> TreeStore:
    """The store that the setting `trees` names, or the folder `trees` of the data folder.

    Raises:
        SettingsError: the setting is not `s3://bucket/prefix`, or the library for it is not installed.
    """
    return open_trees(_where(settings), cache_bytes=settings.tree_cache_bytes)


def place_of_trees(settings: Settings) -> str:
    """Where other processes find the same trees: an absolute path, or `s3://bucket/prefix`."""
    where = _where(settings)
    return str(where.resolve()) if isinstance(where, Path) else where


def all_trees_of(settings: Settings, folder: DataFolder) -> list[TreeStore]:
    """Everywhere that a tree may be: the data folder, and then the store that the setting `trees` names, if it does.

    Raises:
        SettingsError: as `trees_of`.
    """
    local = FolderTrees(folder.trees)
    return [local] if settings.trees is None else [local, trees_of(settings)]


def _where(settings: Settings) -> Path | str:
    return settings.data_folder / "trees" if settings.trees is None else settings.trees
