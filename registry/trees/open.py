"""The tree store that somebody names: a folder, or S3-compatible storage."""

from __future__ import annotations

from pathlib import Path

from registry.trees.folder import FolderTrees
from registry.trees.s3 import S3Trees, s3_store
from registry.trees.store import TreeStore


def open_trees(where: str | Path, *, cache_bytes: int = 64 << 20) -> TreeStore:
    """The tree store at a place: a folder, or a text such as `s3://bucket/prefix`.

    Credentials and endpoint of S3-compatible storage come from the environment, as `AWS_*`.

    Args:
        cache_bytes: of memory, for what was read of the trees.

    Raises:
        SettingsError: a text is not `s3://bucket/prefix`, or the library for it is not installed.
    """
    if isinstance(where, Path):
        return FolderTrees(where, held_bytes=cache_bytes)
    return S3Trees(s3_store(where), cache_bytes=cache_bytes)
