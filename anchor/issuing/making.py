"""From checked rows to a run: signed credentials in the books, and the root that a second person confirms.

Each step can be repeated after whatever ended it. What was stored stays and is not made again; a run that did not come
to its end is gone on with by the same command, and thrown away when that is given another roster or template: until the
root of a run is said, nobody has seen anything of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
from filelock import FileLock, Timeout

from anchor.batching.selection import contract_selectors, refuse_selector
from anchor.books.issued import IssuedStore, Known, NewIssued, NewRun, Run
from anchor.books.tables import RunState
from anchor.issuing.credentials import Awards
from anchor.issuing.people import Person
from anchor.issuing.roster.columns import ACCEPTED, EMAIL, LANGUAGE, PERSON_ID, REASON
from anchor.issuing.roster.reading import Row, row_key
from anchor.issuing.signing import ROWS_A_PIECE, IssuingKey, Signed, ToMake, signed_rows
from anchor.issuing.templates.model import Template
from registry.errors import IntakeError, StoreError
from registry.merkle.tree import Tree
from registry.privatefiles import FILE_MODE

LOCK: Final = "issuing.lock"
POINTS: Final = ("begun", "drawn", "bound", "stored", "all-stored", "made")
"""Told one after the other; whatever ends the program there, the same command goes on where it ended."""
_NOT_IN_THE_CREDENTIAL: Final = frozenset({PERSON_ID, EMAIL, LANGUAGE, ACCEPTED, REASON})

Progress = Callable[[int, int], None]


class Lists(Protocol):
    """Status lists that give out positions before a credential is signed (`anchor.issuing.status_positions`)."""

    def draw(self, count: int) -> list[Any]:
        """So many positions that nobody has."""

    def entries(self, position: Any) -> list[dict[str, Any]]:
        """`credentialStatus` of the credential with that position."""

    def bind(self, pairs: Iterable[tuple[Any, bytes]]) -> None:
        """Say which digests have which positions."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a run is made of, beside its rows.

    Attributes:
        template_path, template_text: where the template lies, and what stands in it.
        name: of the roster's file.
        issuer: the party that anchors it.
    """

    template: Template
    template_path: Path
    template_text: bytes
    name: str
    issuer: int


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows of a roster by what is known of them.

    Attributes:
        to_make: with the edition that they get.
        same: issued before, with the same values; they are left out.
        changed: issued before with other values: that is a correction.
        waiting: made before, in a run that nobody confirmed yet.
    """

    to_make: list[ToMake] = field(default_factory=list)
    same: list[tuple[Row, Known]] = field(default_factory=list)
    changed: list[tuple[Row, Known]] = field(default_factory=list)
    waiting: list[tuple[Row, Known]] = field(default_factory=list)


def content_hash(row: Row) -> bytes:
    """SHA-256 over what of a row is in its credential: another address for letters changes nothing."""
    said = {key: value for key, value in row.values.items() if value and key not in _NOT_IN_THE_CREDENTIAL}
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


class Maker:
    """Makes runs of one issuer from the rows of one template.

    Args:
        folder: the data folder; one command at a time makes runs there.
        lists: of the issuer; None where the service has no address, and credentials name no list.
        workers: processes; default: one a core.
        reached: told at each of `POINTS`.
    """

    def __init__(
        self,
        store: IssuedStore,
        source: Source,
        folder: Path,
        *,
        lists: Lists | None = None,
        workers: int | None = None,
        reached: Callable[[str], None] = lambda _: None,
    ):
        self._store = store
        self._source = source
        self._lock = FileLock(folder / LOCK, timeout=0, mode=FILE_MODE)
        self._lists = lists
        self._workers = workers
        self._reached = reached
        self._awards = Awards(source.template)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other command makes runs in this folder until the block ends.

        Raises:
            StoreError: code `issuing-busy`: one does.
        """
        try:
            with self._lock:
                yield
        except Timeout:
            raise StoreError(
                "another command is making credentials in this data folder",
                where=str(self._lock.lock_file),
                remedy="Wait until it is done, and run this one again: what is made by then is left out.",
                code="issuing-busy",
            ) from None

    def sort(self, rows: Sequence[Row], *, correcting: bool = False) -> Sorted:
        """What of the rows is to be made; an unfinished run that does not fit them is thrown away.

        Args:
            correcting: changed rows are made anew, as the next edition of the same award.
        """
        self._drop_unfitting(rows)
        known = self._store.known(self._source.issuer, [self._key(row) for row in rows])
        found = Sorted()
        for row in rows:
            before = known.get(self._key(row))
            if before is None or before.state is RunState.MAKING:
                found.to_make.append(ToMake(row, 1 if before is None else before.edition))
            elif before.state is RunState.MADE:
                found.waiting.append((row, before))
            elif before.content == content_hash(row):
                found.same.append((row, before))
            elif correcting:
                found.to_make.append(ToMake(row, before.edition + 1))
            else:
                found.changed.append((row, before))
        return found

    def make(
        self,
        to_make: Sequence[ToMake],
        key: IssuingKey,
        person: Person,
        *,
        progress: Progress = lambda _done, _all: None,
    ) -> Run:
        """A run of these rows, or the unfinished one brought to its end; its root is fixed when this returns.

        Raises:
            NotPossible: another command issued one of the rows at this moment.
            IntakeError: code `root-is-selector`: the root cannot be anchored; the run is thrown away.
        """
        source = self._source
        run = self._store.unfinished(source.issuer, source.template.id)
        if run is not None and (run.made_by, run.made_as) != (person.account, person.name):
            # Whoever confirms it has made nothing of it.
            self._store.discard(run)
            run = None
        if run is None:
            run = self._store.begin(
                NewRun(
                    issuer=source.issuer,
                    template=source.template.id,
                    template_path=str(source.template_path),
                    template_text=source.template_text,
                    source=source.name,
                    made_by=person.account,
                    made_as=person.name,
                    made_at=int(time.time()),
                )
            )
        self._reached("begun")
        stored = self._store.contents_of(run)
        left = [each for each in to_make if (self._key(each.row), each.edition) not in stored]
        drawn: list[list[Any]] = []
        done, whole = len(to_make) - len(left), len(to_make)
        made = signed_rows(
            source.template,
            key,
            datetime.fromtimestamp(run.made_at, UTC),
            self._with_entries(left, drawn),
            count=len(left),
            workers=self._workers,
        )
        for piece, signed in made:
            if self._lists is not None:
                digests = [each.digest.value for row in signed for each in row]
                self._lists.bind(zip(drawn.pop(0), digests, strict=True))
                self._reached("bound")
            self._store.add(run, list(self._values(piece, signed)))
            self._reached("stored")
            done += len(piece)
            progress(done, whole)
        self._reached("all-stored")
        return self._closed(run)

    def _with_entries(self, rows: Sequence[ToMake], drawn: list[list[Any]]) -> Iterator[list[ToMake]]:
        """The rows in pieces, each credential with a place in a status list of its own.

        Args:
            drawn: gets the positions of each piece, in the order of its credentials.
        """
        for start in range(0, len(rows), ROWS_A_PIECE):
            piece = list(rows[start : start + ROWS_A_PIECE])
            if self._lists is None:
                yield piece
                continue
            parts = [self._awards.parts_of(each.row) for each in piece]
            positions = self._lists.draw(sum(map(len, parts)))
            drawn.append(positions)
            self._reached("drawn")
            free = iter(positions)
            yield [
                replace(each, entries={part: self._lists.entries(next(free)) for part in its})
                for each, its in zip(piece, parts, strict=True)
            ]

    def _values(self, piece: Sequence[ToMake], signed: Sequence[Sequence[Signed]]) -> Iterator[NewIssued]:
        languages = self._source.template.languages
        for one, parts in zip(piece, signed, strict=True):
            row = one.row
            for each in parts:
                yield NewIssued(
                    row_key=self._key(row),
                    part=each.part,
                    edition=one.edition,
                    row_number=row.number,
                    content=content_hash(row),
                    person_id=row.value(PERSON_ID),
                    email=row.value(EMAIL),
                    language=row.value(LANGUAGE) or languages[0],
                    credential_id=each.credential_id,
                    digest=each.digest,
                    document=each.document,
                )

    def _closed(self, run: Run) -> Run:
        with Tree.build(sorted(digest.value for digest, _ in self._store.digests_of(run))) as tree:
            root = tree.root
        try:
            refuse_selector(root, contract_selectors())
        except IntakeError as error:
            self._store.discard(run)
            error.remedy = "It was thrown away: run the command again. Ids are random, so the root will be another."
            raise
        made = self._store.made(run, root)
        self._reached("made")
        return made

    def _drop_unfitting(self, rows: Sequence[Row]) -> None:
        """Nobody was told of an unfinished run: what it has of other rows or by another template is of no use."""
        run = self._store.unfinished(self._source.issuer, self._source.template.id)
        if run is None:
            return
        wanted = {self._key(row): content_hash(row) for row in rows}
        stored = self._store.contents_of(run)
        fits = all(wanted.get(key) == content for (key, _), content in stored.items())
        if not fits or run.template_text != self._source.template_text:
            self._store.discard(run)

    def _key(self, row: Row) -> str:
        return row_key(self._source.template, row)
