"""The tree store of the settings."""

from __future__ import annotations

from anchor.settings import Settings
from registry.trees.open import open_trees
from registry.trees.store import TreeStore


def trees_of(settings: Settings) -> TreeStore:
    """The store that the setting `trees` names, or the folder `trees` of the data folder.

    Raises:
        SettingsError: the setting is not `s3://bucket/prefix`, or the library for it is not installed.
    """
    where = settings.data_folder / "trees" if settings.trees is None else settings.trees
    return open_trees(where, cache_bytes=settings.tree_cache_bytes)
