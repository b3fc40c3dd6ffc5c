"""What was issued from rosters: the runs that made it, and each credential with what became of it.

The documents of holders are here, with their names: the database is a file for its owner alone, or a server of the
institution's own, and nothing of these two tables is served.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Select, delete, func, insert, select, update

from anchor.books.tables import RunState, issue_run, issued
from registry.credential.digest import Digest, DigestMethod
from registry.database.engine import ROW_REFUSED
from registry.errors import NotPossible

Value = TypeVar("Value")

METHODS: Final = tuple(DigestMethod)
ASKED_AT_ONCE: Final = 10_000
READ_AT_ONCE: Final = 1_000
"""Rows of some kilobytes each."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """What is known of a run before anything of it is made.

    Attributes:
        issuer: the party that anchors it.
        template: the template's id; `template_path` is where it lay, `template_text` what stood in it.
        source: the name of the roster's file.
        made_by: the account that ran the command, and on which machine.
        made_as: the name that this person gave, or the account's.
        made_at: Unix seconds, which its signatures state.
    """

    issuer: int
    template: str
    template_path: str
    template_text: bytes
    source: str
    made_by: str
    made_as: str
    made_at: int


@dataclass(frozen=True, slots=True)
class Run(NewRun):
    """A roster that credentials were made of, as `NewRun`, and what became of it.

    Attributes:
        root: 32 bytes; None while credentials are being made.
        credentials: how many there are, once all are made.
        confirmed_by, confirmed_as: who confirmed the root, as `made_by` and `made_as`.
        confirmed_at: Unix seconds.
    """

    number: int
    state: RunState
    root: bytes | None
    credentials: int
    confirmed_by: str | None
    confirmed_as: str | None
    confirmed_at: int | None


@dataclass(frozen=True, slots=True)
class NewIssued:
    """A signed credential that is to be stored.

    Attributes:
        row_key: hex SHA-256 over the template and the person.
        part: `award`, or what else `anchor.issuing.credentials.Part` has.
        edition: 1, and one more for each correction.
        row_number: in the roster, as the spreadsheet counts.
        content: SHA-256 over the values of the row, by which a changed row is known.
        email: of the holder; empty where the roster has none.
        language: in which the holder is written to.
        digest: of `document`, which is the signed JSON before the receipt is put into it, or an SD-JWT with all that it
            can show.
    """

    row_key: str
    part: str
    edition: int
    row_number: int
    content: bytes
    person_id: str
    email: str
    language: str
    credential_id: str
    digest: Digest
    document: bytes


@dataclass(frozen=True, slots=True)
class IssuedRow(NewIssued):
    """A credential that was made of a roster, as `NewIssued`, and what became of it.

    Attributes:
        run: the number of its run.
        root: of the run; None while it is being made.
        delivered_at: Unix seconds.
        replaced_by: the id of the credential that was issued in its place.
    """

    run: int
    root: bytes | None
    delivered_at: int | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an award without its document: its newest edition, in which run, made of which values."""

    run: int
    state: RunState
    root: bytes | None
    edition: int
    content: bytes


class IssuedStore:
    """Reads and writes what was issued from rosters for one contract.

    Args:
        chain: CAIP-2 name, such as `eip155:1`.
        contract: checksummed address.

    Attributes:
        runs_here: what the runs of that contract have in common, for a query.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._key = {"chain": chain, "contract": contract}
        self.runs_here = (issue_run.c.chain == chain, issue_run.c.contract == contract)

    # Runs

    def begin(self, new: NewRun) -> Run:
        """Take down a run before anything of it is made."""
        values: dict[str, Any] = {name: getattr(new, name) for name in NewRun.__slots__}
        with self._engine.begin() as connection:
            added = insert(issue_run).values(**self._key, **values, state=RunState.MAKING)
            number = connection.execute(added.returning(issue_run.c.number)).scalar_one()
            return self._run_of(connection, number)

    def runs(self, issuer: int | None = None) -> list[Run]:
        """All runs, oldest first, of one issuer where given."""
        which = () if issuer is None else (issue_run.c.issuer == issuer,)
        with self._engine.connect() as connection:
            found = connection.execute(_RUNS.where(*self.runs_here, *which).order_by(issue_run.c.number))
            return [_run(row) for row in found]

    def unfinished(self, issuer: int, template: str) -> Run | None:
        """The issuer's newest run of a template of which credentials were still being made when it was last heard."""
        which = (issue_run.c.issuer == issuer, issue_run.c.template == template, issue_run.c.state == RunState.MAKING)
        query = _RUNS.where(*self.runs_here, *which).order_by(issue_run.c.number.desc()).limit(1)
        with self._engine.connect() as connection:
            found = connection.execute(query).first()
        return None if found is None else _run(found)

    def with_root(self, root: bytes) -> Run | None:
        """The newest run with that root."""
        query = _RUNS.where(*self.runs_here, issue_run.c.root == root).order_by(issue_run.c.number.desc()).limit(1)
        with self._engine.connect() as connection:
            found = connection.execute(query).first()
        return None if found is None else _run(found)

    def with_numbers(self, numbers: Collection[int]) -> list[Run]:
        """The runs with these numbers, oldest first."""
        query = _RUNS.where(*self.runs_here, issue_run.c.number.in_(numbers)).order_by(issue_run.c.number)
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]

    def made(self, run: Run, root: bytes) -> Run:
        """All credentials of a run are stored, and this is the root of their tree.

        Raises:
            NotPossible: code `changed`: it is not being made any more.
        """
        with self._engine.begin() as connection:
            count = connection.execute(select(func.count()).where(issued.c.run == run.number)).scalar_one()
            return self._change(connection, run, RunState.MAKING, RunState.MADE, root=root, credentials=count)

    def confirm(self, run: Run, by: str, name: str) -> Run:
        """A person confirmed the root of a run.

        Args:
            by: the account that ran the command, and on which machine.
            name: that the person gave.

        Raises:
            NotPossible: code `changed`: it does not wait for that any more.
        """
        values = {"confirmed_by": by, "confirmed_as": name, "confirmed_at": int(time.time())}
        with self._engine.begin() as connection:
            return self._change(connection, run, RunState.MADE, RunState.CONFIRMED, **values)

    def discard(self, run: Run) -> Run:
        """Throw away a run that nobody confirmed, and the documents of its holders with it.

        Raises:
            NotPossible: code `changed`: somebody confirmed it in the meantime.
        """
        with self._engine.begin() as connection:
            changed = self._change(connection, run, run.state, RunState.DISCARDED)
            taken_back = select(issued.c.credential_id).where(issued.c.run == run.number)
            connection.execute(update(issued).where(issued.c.replaced_by.in_(taken_back)).values(replaced_by=None))
            connection.execute(delete(issued).where(issued.c.run == run.number))
            return changed

    # Credentials

    def add(self, run: Run, rows: Sequence[NewIssued]) -> None:
        """Store signed credentials of a run; all of them are on the disk when this returns, or none.

        Raises:
            NotPossible: code `issued-meanwhile`: another command made one of them; code `changed`: the run is not being
                made any more.
        """
        values = [self._values(run, row) for row in rows]
        try:
            with self._engine.begin() as connection:
                # First, so that nobody ends the run at this moment.
                same = (issue_run.c.number == run.number, issue_run.c.state == RunState.MAKING)
                if connection.execute(update(issue_run).where(*same).values(state=RunState.MAKING)).rowcount == 0:
                    raise _changed(run)
                if values:
                    connection.execute(insert(issued), values)
        except ROW_REFUSED:
            raise NotPossible(
                "another command made credentials of the same rows at this moment; nothing of these was stored",
                remedy="Run the command again: what is there is left out.",
                code="issued-meanwhile",
            ) from None

    def rows(self, root: bytes) -> Iterator[IssuedRow]:
        """The credentials under a root, in the order of the roster; an award before its parts."""
        run = self.with_root(root)
        yield from () if run is None else self.rows_of(run)

    def rows_of(self, run: Run) -> Iterator[IssuedRow]:
        """The credentials of a run, as `rows`."""
        yield from self._streamed(issued.c.run == run.number)

    def award_of(self, run: int, key: str) -> list[IssuedRow]:
        """The credentials of one award of a run, the award first."""
        return list(self._streamed(issued.c.run == run, issued.c.row_key == bytes.fromhex(key)))

    def samples_of(self, run: Run) -> list[IssuedRow]:
        """One credential of each part that a run has, the award first."""
        first = select(func.min(issued.c.number)).where(issued.c.run == run.number).group_by(issued.c.part)
        return list(self._streamed(issued.c.number.in_(first)))

    def contents_of(self, run: Run) -> dict[tuple[str, int], bytes]:
        """The awards of a run by key and edition, with the hashes of the rows that they were made of."""
        columns = (issued.c.row_key, issued.c.edition, issued.c.content)
        query = select(*columns).where(issued.c.run == run.number, issued.c.part == AWARD)
        with self._engine.connect() as connection:
            found = connection.execute(query)
            return {(bytes(key).hex(), edition): bytes(content) for key, edition, content in found}

    def digests_of(self, run: Run) -> list[tuple[Digest, int]]:
        """The digests of a run's credentials as they are stored, with the rows' numbers, in the order of `rows`."""
        columns = (issued.c.method, issued.c.digest, issued.c.row_number)
        query = select(*columns).where(issued.c.run == run.number).order_by(*_IN_ORDER)
        with self._engine.connect() as connection:
            found = connection.execute(query)
            return [(Digest(METHODS[method], bytes(value)), number) for method, value, number in found]

    def method_of(self, run: Run) -> DigestMethod | None:
        """By which method the credentials of a run are digested, which is one for all of them; None of an empty run."""
        query = select(issued.c.method).where(issued.c.run == run.number).limit(1)
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else METHODS[found]

    def has_corrections(self, run: Run) -> bool:
        """Whether a credential of the run was made in the place of another."""
        query = select(issued.c.number).where(issued.c.run == run.number, issued.c.edition > 1).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def by_row_key(self, key: str) -> list[IssuedRow]:
        """All credentials of one award of one person: every part, every edition, oldest first."""
        return list(self._streamed(issued.c.row_key == bytes.fromhex(key)))

    def by_person(self, person_id: str) -> list[IssuedRow]:
        """All credentials of one person, as the institution numbers people."""
        return list(self._streamed(issued.c.person_id == person_id))

    def by_part(self, root: bytes, part: str) -> Iterator[IssuedRow]:
        """The credentials under a root for one part, such as a course."""
        run = self.with_root(root)
        if run is not None:
            yield from self._streamed(issued.c.run == run.number, issued.c.part == part)

    def by_digest(self, digest: bytes) -> IssuedRow | None:
        """The credential with that digest."""
        return next(self._streamed(issued.c.digest == digest), None)

    def by_credential_id(self, credential_id: str) -> IssuedRow | None:
        """The credential with that id."""
        return next(self._streamed(issued.c.credential_id == credential_id), None)

    def known(self, issuer: int, keys: Sequence[str]) -> dict[str, Known]:
        """Of which of these awards there are credentials, and their newest edition; without the documents."""
        found: dict[str, Known] = {}
        columns = (issued.c.row_key, issued.c.run, issue_run.c.state, issue_run.c.root, issued.c.edition)
        joined = select(*columns, issued.c.content).join(issue_run, issue_run.c.number == issued.c.run)
        with self._engine.connect() as connection:
            for share in _shares(keys):
                wanted = issued.c.row_key.in_([bytes.fromhex(key) for key in share])
                here = (*self._issued_here, issued.c.issuer == issuer, issued.c.part == AWARD, wanted)
                for key, run, state, root, edition, content in connection.execute(
                    joined.where(*here).order_by(issued.c.edition)
                ):
                    root = None if root is None else bytes(root)
                    found[bytes(key).hex()] = Known(run, RunState(state), root, edition, bytes(content))
        return found

    def mark_delivered(self, digests: Collection[bytes], at: int) -> None:
        """The holders of these credentials were given them; what was delivered before keeps its time.

        Args:
            at: Unix seconds.
        """
        with self._engine.begin() as connection:
            for share in _shares(list(digests)):
                here = (*self._issued_here, issued.c.digest.in_(share), issued.c.delivered_at.is_(None))
                connection.execute(update(issued).where(*here).values(delivered_at=at))

    def replace(self, old: str, new: str) -> None:
        """One credential was issued in the place of another.

        Args:
            old, new: ids of credentials.

        Raises:
            NotPossible: code `replaced-already`: by another one, or it is not there.
        """
        with self._engine.begin() as connection:
            free = issued.c.replaced_by.is_(None) | (issued.c.replaced_by == new)
            here = (*self._issued_here, issued.c.credential_id == old, free)
            if connection.execute(update(issued).where(*here).values(replaced_by=new)).rowcount == 0:
                raise NotPossible(
                    "another credential was issued in its place already, or it was not issued here",
                    where=old,
                    remedy="Correct the newest one.",
                    code="replaced-already",
                )

    @property
    def _issued_here(self) -> tuple[ColumnElement[bool], ...]:
        return tuple(issued.c[name] == value for name, value in self._key.items())

    def _streamed(self, *which: ColumnElement[bool]) -> Iterator[IssuedRow]:
        query = _ISSUED.where(*self._issued_here, *which).order_by(*_IN_ORDER)
        with self._engine.connect() as connection:
            for share in connection.execution_options(yield_per=READ_AT_ONCE).execute(query).partitions():
                yield from map(_issued, share)

    def _values(self, run: Run, row: NewIssued) -> dict[str, Any]:
        values: dict[str, Any] = {name: getattr(row, name) for name in NewIssued.__slots__}
        values |= {"digest": row.digest.value, "method": METHODS.index(row.digest.method)}
        return {**self._key, **values, "row_key": bytes.fromhex(row.row_key), "run": run.number, "issuer": run.issuer}

    def _change(self, connection: Connection, run: Run, before: RunState, after: RunState, **values: Any) -> Run:
        same = (issue_run.c.number == run.number, issue_run.c.state == before)
        if connection.execute(update(issue_run).where(*same).values(state=after, **values)).rowcount == 0:
            raise _changed(run)
        return self._run_of(connection, run.number)

    @staticmethod
    def _run_of(connection: Connection, number: int) -> Run:
        return _run(connection.execute(_RUNS.where(issue_run.c.number == number)).one())


def _shares(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    return (values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE))


def _changed(run: Run) -> NotPossible:
    return NotPossible(
        "this run of issuing changed at this moment",
        where=run.source,
        remedy="Look at it again with `testamur issue list`.",
        code="changed",
    )


AWARD: Final = "award"
"""The part of a row that every template has."""
_IN_ORDER: Final = (issued.c.run, issued.c.row_number, issued.c.number)
_OF_A_RUN: Final = tuple(each.name for each in fields(Run))
_RUNS: Select[Any] = select(*(issue_run.c[name] for name in _OF_A_RUN))
_OF_A_ROW: Final = tuple(each.name for each in fields(IssuedRow) if each.name != "root")
_ISSUED: Select[Any] = select(issue_run.c.root, issued.c.method, *(issued.c[name] for name in _OF_A_ROW)).join(
    issue_run, issue_run.c.number == issued.c.run
)


def _run(found: Any) -> Run:
    values: dict[str, Any] = dict(zip(_OF_A_RUN, found, strict=True))
    root = values["root"]
    values |= {"state": RunState(values["state"]), "root": None if root is None else bytes(root)}
    return Run(**values | {"template_text": bytes(values["template_text"])})


def _issued(found: Any) -> IssuedRow:
    root, method, *rest = found
    values: dict[str, Any] = dict(zip(_OF_A_ROW, rest, strict=True))
    values |= {name: bytes(values[name]) for name in ("content", "document")}
    values |= {"root": None if root is None else bytes(root), "row_key": bytes(values["row_key"]).hex()}
    return IssuedRow(**values | {"digest": Digest(METHODS[method], bytes(values["digest"]))})
