"""Partnerships and statements beside the index: taken in from a folder, and read as what they are.

The folder is what counts: what is taken out of it is gone from the index with the next round. Like trees, documents do
not depend on a chain; whether one counts is decided when it is read, by whoever anchored its digest.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from threading import Event as Flag
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from registry.errors import IntakeError, StoreError
from registry.index.tables import indexed_document
from registry.partnerships.document import MOST_BYTES, canonical, digest_of, members_of
from registry.partnerships.partnership import PARTNERSHIP_TYPE, Partnership, partnership_of
from registry.partnerships.statement import STATEMENT_TYPE, Statement, statement_of

MOST_DOCUMENTS: Final = 5_000
"""Of a folder: all of them are in memory."""
SUFFIX: Final = ".json"
_ROWS: Final = 200

_log = logging.getLogger(__name__)


class DocumentKind(StrEnum):
    """What a document is."""

    PARTNERSHIP = "partnership"
    STATEMENT = "statement"


class Document(NamedTuple):
    """A document that was read."""

    digest: bytes
    kind: DocumentKind
    value: Partnership | Statement

    @property
    def content(self) -> bytes:
        """Its canonical form."""
        return canonical(self.value.to_dict())

    @property
    def file_name(self) -> str:
        """Under which it is kept: one for each version, and for each of two that contradict each other."""
        return f"{self.value.id}-{self.value.revision}-{self.digest.hex()[:8]}{SUFFIX}"


class Refused(NamedTuple):
    """A file that is no document, and why."""

    name: str
    error: IntakeError


def read_document(data: bytes, *, where: str | None = None) -> Document:
    """A partnership or statement, by its type.

    Raises:
        IntakeError: it is neither, or makes no sense (codes of `registry.partnerships`).
    """
    members = members_of(data, is_toml=False, where=where, code="document")
    kind = members.get("type") if isinstance(members, Mapping) else None
    if kind == PARTNERSHIP_TYPE:
        return document_of(partnership_of(members, where=where))
    if kind == STATEMENT_TYPE:
        return document_of(statement_of(members, where=where))
    raise IntakeError(
        f"its type is neither {PARTNERSHIP_TYPE} nor {STATEMENT_TYPE}",
        where=where,
        remedy="Put only files there that `testamur partnership record` or `testamur statement record` wrote.",
        code="document",
    )


def document_of(value: Partnership | Statement) -> Document:
    """A document with its digest."""
    kind = DocumentKind.PARTNERSHIP if isinstance(value, Partnership) else DocumentKind.STATEMENT
    return Document(digest_of(value.to_dict()), kind, value)


def documents_in(folder: Path) -> tuple[list[Document], list[Refused]]:
    """The documents of a folder, by the names of their files, and what is none.

    A file that is not in its canonical form has the digest of that form. Links are not followed.

    Raises:
        StoreError: the folder cannot be read, or has too many files.
    """
    found: dict[bytes, Document] = {}
    refused: list[Refused] = []
    for path in _files(folder):
        try:
            each = read_document(_read(path), where=path.name)
        except IntakeError as error:
            refused.append(Refused(path.name, error))
        else:
            found.setdefault(each.digest, each)
    return list(found.values()), refused


def _files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [
                Path(each.path)
                for each in entries
                if each.name.endswith(SUFFIX) and not each.name.startswith(".") and each.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"the documents cannot be listed: {error.strerror}", where=str(folder)) from None
    if len(found) > MOST_DOCUMENTS:
        raise StoreError(
            f"there are more than {MOST_DOCUMENTS:,} documents",
            where=str(folder),
            remedy="Take out those that nobody needs any more.",
        )
    return sorted(found)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=path.name, code="document") from None


class DocumentLoader:
    """Takes a folder into the index, again whenever it changes."""

    def __init__(self, engine: Engine, folder: Path):
        self._engine = engine
        self._folder = folder
        self._seen: bytes | None = None

    def run(self, stop: Flag, seconds: float) -> None:
        """Look at the folder until told to stop, with a pause after each round."""
        while not stop.is_set():
            try:
                self.step()
            except (StoreError, SQLAlchemyError) as error:
                _log.warning("partnerships wait: %s", error, extra={"code": getattr(error, "code", "database")})
            stop.wait(seconds)

    def step(self) -> int:
        """Take in what has changed; returns how many documents came or went.

        Raises:
            StoreError: the folder cannot be read.
            SQLAlchemyError: the database does not answer.
        """
        now = self._state()
        if now == self._seen:
            return 0
        documents, refused = documents_in(self._folder)
        for each in refused:
            _log.warning("a document is left out: %s", each.error, extra={"code": each.error.code})
        wanted = {each.digest: each for each in documents}
        of = indexed_document.c
        with self._engine.begin() as connection:
            there = set(connection.execute(select(of.digest)).scalars())
            gone = sorted(there - wanted.keys())
            for start in range(0, len(gone), _ROWS):
                connection.execute(delete(indexed_document).where(of.digest.in_(gone[start : start + _ROWS])))
            new = [_row(wanted[digest]) for digest in sorted(wanted.keys() - there)]
            if new:
                connection.execute(insert(indexed_document), new)
        self._seen = now
        return len(gone) + len(new)

    def _state(self) -> bytes:
        """By which it is known that nothing in the folder has changed."""
        state = blake2b(digest_size=16)
        for path in _files(self._folder):
            try:
                found = path.stat()
            except OSError:
                continue
            state.update(f"{path.name}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ino}\n".encode())
        return state.digest()


def _row(document: Document) -> dict[str, Any]:
    return {
        "digest": document.digest,
        "kind": document.kind.value,
        "name": document.value.id,
        "content": document.content,
        "taken_at": int(time.time()),
    }


def documents_version(engine: Engine) -> int:
    """A number that is another one whenever the documents are others."""
    with engine.connect() as connection:
        digests = connection.execute(select(indexed_document.c.digest).order_by(indexed_document.c.digest)).scalars()
        state = blake2b(b"".join(digests), digest_size=8)
    return int.from_bytes(state.digest(), "big")


def documents(engine: Engine) -> Iterator[Document]:
    """All documents that are in the index; one that this program does not read any more is left out."""
    with engine.connect() as connection:
        rows = connection.execute(select(indexed_document.c.content).order_by(indexed_document.c.digest)).scalars()
        contents = list(rows)
    for content in contents:
        try:
            yield read_document(content)
        except IntakeError as error:
            _log.warning("a document of the index is left out: %s", error, extra={"code": error.code})
