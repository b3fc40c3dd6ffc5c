"""What the paths of a command line come to: files, and digests in place of files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from anchor.intake.digesting import looks_like_digest
from anchor.intake.files import source_files
from anchor.verifying.kinds import is_url
from registry.errors import IntakeError
from registry.learning.portfolio.link import is_link
from registry.untrusted.archives import RECEIPT_SUFFIXES, is_receipt_name


def credential_files(paths: Sequence[Path]) -> Iterator[Path]:
    """What is to be verified under paths: files, digests and links as they are, and what folders hold at any depth.

    Receipts are left out where their documents are: in a folder with any, and beside one that is named as well.

    Raises:
        IntakeError: a path is not there.
    """
    named = set(paths)
    for path in paths:
        if is_linked(path):
            yield path
        elif path.is_dir():
            yield from source_files(path) or _receipt_files(path)
        elif path.is_file() or is_digest(path):
            if not any(path.name.endswith(each) and _without(path, each) in named for each in RECEIPT_SUFFIXES):
                yield path
        elif is_url(path):
            raise IntakeError(
                "what is verified is read from a file", where=str(path), remedy="Download it first.", code="unreadable"
            )
        else:
            raise IntakeError("there is no such file", where=str(path), remedy="Check the path.", code="unreadable")


def _without(path: Path, suffix: str) -> Path | None:
    name = path.name.removesuffix(suffix)
    return path.with_name(name) if name else None


def _receipt_files(folder: Path) -> list[Path]:
    """The receipts in a folder, as they are written for the holders of the credentials."""
    return sorted(path for path in folder.rglob("*") if is_receipt_name(path.name) and path.is_file())


def is_linked(path: Path) -> bool:
    """Whether the word on the command line is a link to a portfolio and not a file."""
    # A link is longer than a name may be, of which `Path.exists` makes an error.
    return is_link(str(path)) and not os.path.exists(path)  # noqa: PTH110


def is_digest(path: Path) -> bool:
    """Whether the word on the command line is a digest and not a file."""
    return looks_like_digest(os.fsencode(path)) and not path.exists()
