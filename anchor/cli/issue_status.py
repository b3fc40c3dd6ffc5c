"""`testamur issue status`: what became of each credential that was made of a roster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.books.issued import IssuedRow, IssuedStore
from anchor.books.tables import RunState
from anchor.cli.anchor import moment
from anchor.cli.console import Column, Listing, Styled
from anchor.cli.session import Exit, Session, command
from anchor.cli.targets import root_given
from anchor.issuing.confirming import run_with
from anchor.issuing.preview import name_of
from anchor.issuing.states import RowState, State, States, issued_store, states_of
from anchor.verifying.named import write_whole
from registry.errors import IntakeError, StoreError
from registry.timestamps import write_timestamp
from registry.untrusted.cells import csv_lines

_STYLES = {
    State.REVOKED: "red",
    State.CORRECTED: "yellow",
    State.SUSPENDED: "yellow",
    State.UNKNOWN: "yellow",
    State.DELIVERED: "green",
    State.FINAL: "green",
}
COLUMNS = (
    "row", "person", "name", "part", "state", "reason", "since", "anchored", "delivered", "digest", "replacedBy",
    "root",
)  # fmt: skip


@command
def status(
    session: Session,
    root: Annotated[
        str | None, typer.Argument(help="Root of what was issued; default: all.", show_default=False)
    ] = None,
    person: Annotated[str | None, typer.Option("--person", help="Of this person alone.", show_default=False)] = None,
    row: Annotated[
        int | None, typer.Option("--row", help="Of this row of the roster alone.", show_default=False, min=1)
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write a table to this file, too.", show_default=False)
    ] = None,
) -> Exit:
    """Show how far each credential has come: issued, anchored, final, delivered, corrected or revoked."""
    with session.workspace(read_only=True) as workspace:
        store, issuer = issued_store(workspace), workspace.issuer()
        rows = _rows(store, issuer, root, person, row)
        found = states_of(workspace, issuer, rows)
        roots = {each.credential_id: each.root for each in rows}
    if csv is not None:
        write_whole(csv, csv_lines([COLUMNS, *(_cells(each) for each in found.rows)]), private=True)
    session.result(
        {
            "asOf": None if found.as_of is None else {
                "block": found.as_of.number,
                "hash": f"0x{found.as_of.hash.hex()}",
                "timestamp": write_timestamp(found.as_of.timestamp),
            },
            "unknownBecause": None if found.why is None else found.why.what,
            "states": {state.value: count for state, count in found.counts.items()},
            "rows": [_content(each) for each in found.rows],
        }
    )  # fmt: skip
    _say(session, found, many_roots=len(set(roots.values())) > 1)
    return Exit.DONE if found.why is None else Exit.COULD_NOT_BE_CHECKED


def _rows(store: IssuedStore, issuer: int, root: str | None, person: str | None, number: int | None) -> list[IssuedRow]:
    if root is not None:
        run = run_with(store, root_given(root))
        runs = [run] if run.issuer == issuer else []
    else:
        runs = [run for run in store.runs(issuer) if run.state is not RunState.DISCARDED]
    if number is not None and root is None:
        raise IntakeError(
            "each roster has a row of this number",
            where=f"--row {number}",
            remedy="Name the root of the roster that is meant; `testamur issue list` shows them.",
            code="row",
        )
    if person is None:
        found = [row for run in runs for row in store.rows_of(run)]
    else:
        numbers = {run.number for run in runs}
        found = [row for row in store.by_person(person) if row.run in numbers]
    found = [row for row in found if number in (None, row.row_number)]
    if not found and (person is not None or number is not None):
        raise StoreError(
            "nothing was issued from a roster to this person" if person is not None else "there is no such row",
            where=person or f"row {number}",
            remedy="`testamur issue list` shows what there is.",
            code="unknown-row",
        )
    return found


def _content(each: RowState) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(COLUMNS, _cells(each), strict=True))
    return {**{name: value or None for name, value in values.items()}, "row": each.row.row_number}


def _cells(each: RowState) -> Sequence[str]:
    row = each.row
    since, anchored = ("" if at is None else write_timestamp(at) for at in (each.since, each.anchored_at))
    delivered = "" if row.delivered_at is None else moment(row.delivered_at)
    root = "" if row.root is None else f"0x{row.root.hex()}"
    named = (str(row.row_number), row.person_id, name_of(row), row.part)
    return (
        *named, each.state.value, each.reason, since, anchored, delivered, row.digest.hex, row.replaced_by or "", root,
    )  # fmt: skip


def _say(session: Session, found: States, *, many_roots: bool) -> None:
    if found.rows:
        named = [Column("row", right=True), Column("person"), Column("name"), Column("part"), Column("state")]
        columns = [*named, Column("reason"), Column("digest")] + ([Column("root")] if many_roots else [])
        session.say(Listing(columns, [_shown(each, many_roots=many_roots) for each in found.rows]))
    told = ", ".join(f"{count:,} {state}" for state, count in found.counts.items())
    session.say(told or "Nothing was issued from a roster.")
    if found.as_of is not None:
        session.say(f"As of block {found.as_of.number:,} ({write_timestamp(found.as_of.timestamp)}).")
    if found.why is not None:
        session.say(
            Styled("The chain could not be asked, so that nothing is known of these: ", "bold red"), found.why.what
        )


def _shown(each: RowState, *, many_roots: bool) -> Sequence[str | Styled]:
    row = each.row
    state = Styled(each.state.value, _STYLES.get(each.state, ""))
    cells = (str(row.row_number), row.person_id, name_of(row), row.part, state, each.reason, f"{row.digest.hex[:12]}…")
    return (*cells, f"0x{(row.root or b'').hex()[:12]}…") if many_roots else cells
