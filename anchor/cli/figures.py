"""`testamur figures`: what events in Parquet files come to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.cli.console import Column, Listing, bold
from anchor.cli.session import Session, command
from anchor.cli.wording import amount
from anchor.verifying.named import write_whole
from registry.audit.event_figures import EventFigures, figures_of
from registry.untrusted.cells import csv_lines
from registry.untrusted.text import LONGEST, terminal_text

SHOWN: Final = 40
COLUMNS: Final = ("issuer", "month", "what", "reason", "acts", "credentials")
UNPROVED: Final = (
    "These files were not compared with a chain: that they are true and whole is not known. `testamur audit` reads the "
    "chain itself."
)


@command
def figures(
    session: Session,
    files: Annotated[list[Path], typer.Argument(help="Parquet files of events, as the lookup service writes them.")],
    table: Annotated[Path | None, typer.Option("--csv", help="Write every count to this file.")] = None,
) -> None:
    """Count what stands in Parquet files of events. They are not compared with a chain."""
    found = figures_of(files)
    rows = list(_rows(found))
    if table is not None:
        write_whole(table, csv_lines([COLUMNS, *rows], numbers=True))
    session.result(_content(found))
    last = "no event" if found.last_block is None else f"blocks {found.first_block} to {found.last_block}"
    session.say(bold(amount(found.events, "event")), f" in {amount(len(files), 'file')}, {last}")
    for line in _what_of(found):
        session.say(line)
    columns = [Column(name, right=name in ("acts", "credentials")) for name in COLUMNS]
    session.say(Listing(columns, [(*row[:4], f"{int(row[4]):,}", f"{int(row[5]):,}") for row in rows[:SHOWN]]))
    if len(rows) > SHOWN:
        session.say(f"… and {len(rows) - SHOWN:,} more: all of them with --json, or in a file with --csv.")
    if found.not_final:
        session.say(f"Not final when the files were written: {amount(found.not_final, 'event')}.")
    for issuer, batches in found.missing.items():
        session.say(f"Issuer {issuer}: {amount(batches, 'batch', 'batches')} that its numbers tell of and no file has.")
    session.say(UNPROVED)
    if table is not None:
        session.say(f"Written: {table}")


def _what_of(found: EventFigures) -> Iterator[str]:
    """What the files say that they are of, and what they do not."""
    if found.sources:
        chain, contract = found.sources[0].chain, found.sources[0].contract
        yield f"Contract {contract} on {chain}, as a lookup service knew it at block {found.as_of}."
    unread = found.unread_blocks
    for first, last in unread[:SHOWN]:
        yield f"Blocks {first} to {last}: no file has all events of them."
    if len(unread) > SHOWN:
        yield f"… and {len(unread) - SHOWN:,} more ranges of blocks: all of them with --json."
    for source in found.sources:
        if source.left_out is not None:
            yield f"{terminal_text(source.file, LONGEST)} has only what was asked for: {source.left_out}"
    for name in found.silent:
        yield f"{terminal_text(name, LONGEST)} does not say of which contract and blocks it is, nor what was left out."


def _rows(found: EventFigures) -> Iterator[tuple[str, ...]]:
    for batches in found.anchored:
        yield (
            *(str(batches.issuer), batches.month, "anchored", ""),
            *(str(batches.batches), str(batches.credentials)),
        )
    for change in found.changed:
        what = ("revoked", "suspended")[change.purpose]
        yield (
            *(str(change.issuer), change.month, what, change.reason.word),
            *(str(change.acts), str(change.credentials)),
        )


def _content(found: EventFigures) -> dict[str, Any]:
    return {
        "events": found.events,
        "firstBlock": found.first_block,
        "lastBlock": found.last_block,
        "notFinal": found.not_final,
        "comparedWithChain": False,
        "chain": found.sources[0].chain if found.sources else None,
        "contract": found.sources[0].contract if found.sources else None,
        "asOfBlock": found.as_of,
        "blocksInNoFile": [{"from": first, "to": last} for first, last in found.unread_blocks],
        "files": [
            {
                "file": each.file,
                "asOfBlock": each.as_of,
                "fromBlock": each.from_block,
                "toBlock": each.to_block,
                "filter": each.left_out,
            }
            for each in found.sources
        ],
        "filesThatDoNotSay": list(found.silent),
        "batchesInNoFile": [{"issuer": issuer, "batches": batches} for issuer, batches in found.missing.items()],
        "anchored": [
            {"issuer": each.issuer, "month": each.month, "batches": each.batches, "credentials": each.credentials}
            for each in found.anchored
        ],
        "changed": [
            {
                "issuer": each.issuer,
                "month": each.month,
                "purpose": each.purpose.word,
                "reason": each.reason.word,
                "acts": each.acts,
                "credentials": each.credentials,
            }
            for each in found.changed
        ],
    }
