"""Reports of audits in the operator's folder, as `testamur audit -o` writes them: what they say, and their files.

A report is a file of somebody else's. What is told of it is checked for its form and cut to a length; its files are
handed out as they are, by names that are known beforehand, and only from folders and files that are no links.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import nlargest
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from registry.audit.report.as_json import COUNTED, outcome_of
from registry.audit.report.folder import FILES, JSON_FILE, NAME, name_for
from registry.chain_names import CHAIN
from registry.errors import StoreError
from registry.http.problems import NotHere
from registry.timestamps import TIMESTAMP_PATTERN
from registry.untrusted.text import LONGEST

MOST_BYTES: Final = 32 << 20
"""Of one file: it is read whole."""
MOST_TOLD: Final = 5
"""Of what could not be checked, and of kinds of differences, in the list; the report has all."""
MOST_KEPT: Final = 1_000
# Nothing, a link, and what is no folder.
_NOT_HERE: Final = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

_Number = Annotated[int, Field(ge=0, lt=2**63)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Block(_Part):
    number: _Number
    hash: str = Field(pattern="^0x[0-9a-f]{64}$")
    timestamp: str = Field(pattern=TIMESTAMP_PATTERN)


class _Difference(_Part):
    kind: str = Field(pattern="^[a-z-]{1,40}$")


class _Unchecked(_Part):
    subject: str
    why: str


class _Report(_Part):
    """What of a report the list tells."""

    outcome: str
    chain: str = Field(pattern=f"^{CHAIN}$")
    contract: str = Field(pattern="^0x[0-9a-fA-F]{40}$")
    block: _Block
    issuer: _Number | None
    since: _Number
    checked: dict[str, _Number]
    notes: list[str]
    differences: list[_Difference]
    unchecked: list[_Unchecked]

    @model_validator(mode="after")
    def _comes_to_what_it_says(self) -> _Report:
        if self.outcome != outcome_of(self.differences, self.unchecked):
            raise PydanticCustomError("outcome", "the outcome is not what the report comes to", {})
        return self

    @property
    def name(self) -> str:
        return name_for(self.block.timestamp, self.block.number, self.issuer, self.since)

    @property
    def content(self) -> dict[str, Any]:
        kinds = Counter(each.kind for each in self.differences)
        return {
            **self.model_dump(include={"outcome", "chain", "contract", "block", "issuer", "since"}),
            "checked": {name: self.checked[name] for name in COUNTED if name in self.checked},
            "notes": [each[:LONGEST] for each in self.notes[:MOST_TOLD]],
            "differences": {"count": len(self.differences), "byKind": dict(kinds.most_common(MOST_TOLD))},
            "unchecked": {
                "count": len(self.unchecked),
                "first": [
                    {"subject": each.subject[:LONGEST], "why": each.why[:LONGEST]}
                    for each in self.unchecked[:MOST_TOLD]
                ],
            },
        }


class _Stamp(NamedTuple):
    """By which it is known that a file is still the one that was read."""

    inode: int
    size: int
    changed: int


class Audits:
    """The reports in a folder, the newest block first.

    Args:
        folder: none for a service that keeps no reports.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = folder
        # One is read at a time: each may be large. What they said is kept by their names.
        self._reading = Lock()
        self._kept: dict[str, tuple[_Stamp, dict[str, Any]]] = {}

    def listed(self, before: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """What reports say, and the last of them where others follow.

        Args:
            before: the name that the page before ended with.

        Raises:
            StoreError: the folder cannot be read.
        """
        names = nlargest(limit + 1, (each for each in self._names() if before is None or each < before))
        following = names[limit - 1] if len(names) > limit else None
        return [self._told(each) for each in names[:limit]], following

    def file(self, name: str, file: str) -> bytes:
        """A file of a report as it is.

        Raises:
            NotHere: there is none (`unknown-audit`).
            StoreError: it cannot be read, or is larger than what is handed out.
        """
        if self._folder is not None and NAME.fullmatch(name) and file in FILES:
            try:
                with self._opened(name) as folder:
                    if {JSON_FILE, file} <= set(_files_in(folder)):
                        return _read(folder, file)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise StoreError(
                        f"the report cannot be read: {error.strerror}", where=f"{name}/{file}", code="unreadable"
                    ) from None
        raise NotHere(
            "there is no such file of a report", remedy="GET /v1/audits lists those there are.", code="unknown-audit"
        )

    def _names(self) -> Iterator[str]:
        if self._folder is None:
            return
        try:
            with os.scandir(self._folder) as found:
                yield from (each.name for each in found if NAME.fullmatch(each.name) and self._is_whole(each))
        except OSError as error:
            raise StoreError(
                f"the reports cannot be listed: {error.strerror}", where=str(self._folder), code="unreadable"
            ) from None

    @staticmethod
    def _is_whole(entry: os.DirEntry[str]) -> bool:
        """Whether it is a folder and no link, and its JSON is there, which comes last."""
        return entry.is_dir(follow_symlinks=False) and Path(entry.path, JSON_FILE).exists()

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """The folder of a report, which is no link."""
        if self._folder is None:
            raise FileNotFoundError(errno.ENOENT, "no folder", name)
        above = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            folder = os.open(name, _READ | os.O_DIRECTORY, dir_fd=above)
        finally:
            os.close(above)
        try:
            yield folder
        finally:
            os.close(folder)

    def _told(self, name: str) -> dict[str, Any]:
        try:
            with self._reading, self._opened(name) as folder:
                return {"name": name, **self._said(name, folder), "files": _files_in(folder)}
        except OSError:
            return {"name": name, **_unreadable("unreadable", "The report cannot be read."), "files": []}

    def _said(self, name: str, folder: int) -> dict[str, Any]:
        """Of a report that cannot be taken for one, why."""
        known = self._kept.get(name)
        with _file(folder, JSON_FILE) as (_, stamp):
            if known is not None and known[0] == stamp:
                return known[1]
        try:
            report = _Report.model_validate_json(_read(folder, JSON_FILE))
            # By its name it has its place in the list.
            said = report.content if report.name == name else _NO_REPORT
        except StoreError as error:
            said = _unreadable(error.code, "The report is too large to be read here.")
        except ValidationError:
            said = _NO_REPORT
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[name] = stamp, said
        return said


def _unreadable(code: str, detail: str) -> dict[str, Any]:
    return {"unreadable": {"code": code, "detail": detail}}


_NO_REPORT: Final = _unreadable("audit-report", "The report is not in the form of an audit, or contradicts itself.")


def _files_in(folder: int) -> list[str]:
    """Those that are handed out, in their order."""
    there = {name for name in os.listdir(folder) if name in FILES}
    return [
        each
        for each in FILES
        if each in there and stat.S_ISREG(os.stat(each, dir_fd=folder, follow_symlinks=False).st_mode)
    ]


@contextmanager
def _file(folder: int, name: str) -> Iterator[tuple[int, _Stamp]]:
    """A file that is no link, nor anything else than a file."""
    opened = os.open(name, _READ, dir_fd=folder)
    try:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(errno.ENOENT, "no file", name)
        yield opened, _Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
    finally:
        os.close(opened)


def _read(folder: int, name: str) -> bytes:
    with _file(folder, name) as (opened, stamp):
        if stamp.size <= MOST_BYTES:
            with os.fdopen(os.dup(opened), "rb") as file:
                data = file.read(MOST_BYTES + 1)
            if len(data) <= MOST_BYTES:
                return data
    raise StoreError("the file is larger than what is handed out", where=name, code="audit-size")
