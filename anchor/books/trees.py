"""Where the settings have trees kept."""

from __future__ import annotations

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
    where = settings.data_folder / "trees" if settings.trees is None else settings.trees
    return open_trees(where, cache_bytes=settings.tree_cache_bytes)


def all_trees_of(settings: Settings, folder: DataFolder) -> list[TreeStore]:
    """Everywhere that a tree may be: the data folder, and then the store that the setting `trees` names, if it does.

    Raises:
        SettingsError: as `trees_of`.
    """
    local = FolderTrees(folder.trees)
    return [local] if settings.trees is None else [local, trees_of(settings)]
