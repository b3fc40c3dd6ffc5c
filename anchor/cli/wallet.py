"""`testamur wallet`: credentials handed over to wallets, as an option beside the file and the letter."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.books.issued import AWARD, IssuedRow, Run
from anchor.books.wallet_offers import Offer, WalletOfferStore
from anchor.cli.anchor import moment
from anchor.cli.console import Column, Listing, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.targets import root_given
from anchor.cli.wording import amount
from anchor.issuing.choosing import row_numbers
from anchor.issuing.confirming import run_with
from anchor.issuing.delivery import parcels_of
from anchor.issuing.states import asked_states, issued_store
from anchor.wallets.addresses import addresses_of
from anchor.wallets.offers import CODES, LINKS, OfferState, give_out, make_offers, state_of, to_offer
from anchor.workspace import Workspace
from registry.errors import NotPossible, StoreError
from registry.extras import needs

app = typer.Typer(help="Hand credentials over to wallets.", no_args_is_help=True)

Root = Annotated[str, typer.Argument(help="Root of what was issued.", show_default=False)]
Rows = Annotated[
    str | None, typer.Option("--rows", help="Of these rows of the roster alone, such as 3,7-9.", show_default=False)
]
_MOST_TOLD: Final = 10
COLUMNS: Final = ("row", "state", "made", "until", "taken", "by", "handed", "downloaded", "event", "tries")


@app.command()
@command
def offers(
    session: Session,
    root: Root,
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder, for links, pictures and codes.")],
    rows: Rows = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was offered before; the offer before is withdrawn.")
    ] = False,
) -> None:
    """Offer each award that is final and in force to the wallet of its holder. Nothing is sent."""
    addresses = addresses_of(session.settings)
    with session.workspace() as workspace:
        store, run, offered = _opened(workspace, root)
        states = asked_states(workspace, run.issuer, list(issued_store(workspace).rows_of(run)))
        parcels = parcels_of(states.rows, again=True)
        numbers = _numbers(rows)
        chosen = to_offer(parcels, offered, rows=numbers, again=again)
        without = _without(numbers, (each.award for each in parcels))
        if not chosen:
            told = ", ".join(f"{count:,} {state}" for state, count in states.counts.items())
            lacking = f", and no award that can be in {_row_list(without)}" if without else ""
            raise NotPossible(
                f"there is nothing to be offered: {told}, {amount(len(offered), 'offer')} there already{lacking}",
                where=f"0x{(run.root or b'').hex()}",
                remedy="What is final and in force can be; what was offered before is offered anew with --again.",
                code="nothing-to-offer",
            )
        made = make_offers(chosen, int(time.time()), session.settings.wallet_days)
        with session.progress("writing offers") as progress:
            give_out(output, store, run, made, addresses, progress=progress)
    session.result({"output": str(output), "offers": len(made), "left": len(parcels) - len(made), "without": without})
    session.say(
        f"{amount(len(made), 'offer')} in ", bold(str(output)), f", good for {session.settings.wallet_days} days."
    )
    if without:
        session.say(f"No award that can be offered is in {_row_list(without)}.")
    session.say(f"Send what is in {LINKS} by one way and what is in {CODES} by another: together they open an offer.")
    session.say("They are nowhere else: whoever loses them is given new ones with --again.")


@app.command()
@command
def status(session: Session, root: Root) -> None:
    """Show which awards were taken by a wallet, when, and which were not. No code is shown: none is stored."""
    now = int(time.time())
    with session.workspace(read_only=True) as workspace:
        _, run, offered = _opened(workspace, root)
        rows = [row for row in issued_store(workspace).rows_of(run) if row.part == AWARD]
    told = [_cells(row, offered.get(row.row_key), now) for row in rows]
    counts = Counter(each["state"] for each in told)
    session.result({"states": dict(counts), "rows": told})
    columns = [Column(name, right=name in ("row", "tries")) for name in COLUMNS]
    session.say(
        Listing(columns, [["" if each[name] is None else str(each[name]) for name in COLUMNS] for each in told])
    )
    session.say(", ".join(f"{count:,} {state}" for state, count in counts.items()) or "Nothing was issued.")


@app.command()
@command
def withdraw(session: Session, root: Root, rows: Rows = None) -> None:
    """Withdraw offers to wallets: their codes, tokens and links open nothing more. The credentials stay as they are."""
    with session.workspace() as workspace:
        store, run, offered = _opened(workspace, root)
        numbers = _numbers(rows)
        awards = [row for row in issued_store(workspace).rows_of(run) if row.part == AWARD]
        meant = [row.row_key for row in awards if numbers is None or row.row_number in numbers]
        if not meant or (numbers is not None and not any(key in offered for key in meant)):
            raise StoreError(
                "nothing was offered of these rows",
                where=rows or root,
                remedy="`testamur wallet status` shows what was.",
                code="unknown-row",
            )
        count = store.withdraw(run, meant, int(time.time()))
    without = _without(numbers, (row for row in awards if row.row_key in offered))
    session.result({"withdrawn": count, "without": without})
    if without:
        session.say(f"Nothing was offered of {_row_list(without)}.")
    session.say(f"{amount(count, 'offer')} withdrawn. What a wallet has taken before, it has.")


@app.command()
@command
def serve(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 8785,
) -> int:
    """Answer wallets and people who come with an offer, until the process is asked to end (SIGTERM, Ctrl+C)."""
    with needs("wallet"):
        from anchor.wallets.serving import serve as run

    def started(url: str) -> None:
        session.result({"url": url})
        session.say("The wallet server listens at ", bold(url), "; Ctrl+C ends it.")

    with session.workspace(patient=False) as workspace:
        run(workspace, host, port, started=started)
    return Exit.DONE


def _opened(workspace: Workspace, root: str) -> tuple[WalletOfferStore, Run, dict[str, Offer]]:
    """The offers of a run, with the newest of each award."""
    issued = issued_store(workspace)
    run = run_with(issued, root_given(root))
    store = WalletOfferStore(workspace.folder.engine, issued)
    return store, run, store.of_run(run)


def _numbers(rows: str | None) -> frozenset[int] | None:
    return None if rows is None else frozenset(row_numbers(rows, rows))


def _without(numbers: frozenset[int] | None, awards: Iterable[IssuedRow]) -> list[int]:
    """Those of the rows somebody named that none of the awards is of."""
    return sorted((numbers or frozenset()).difference(award.row_number for award in awards))


def _row_list(numbers: Sequence[int]) -> str:
    told = ", ".join(str(number) for number in numbers[:_MOST_TOLD])
    more = f" and {len(numbers) - _MOST_TOLD:,} more" if len(numbers) > _MOST_TOLD else ""
    return f"{'row' if len(numbers) == 1 else 'rows'} {told}{more}"


def _cells(row: IssuedRow, offer: Offer | None, now: int) -> dict[str, Any]:
    state = state_of(offer, now)
    values: Sequence[object] = (None,) * (len(COLUMNS) - 2)
    if offer is not None:
        values = (
            moment(offer.made_at),
            moment(offer.expires_at),
            _at(offer.taken_at),
            offer.taken_by,
            _at(offer.handed_at),
            _at(offer.downloaded_at),
            offer.event,
            offer.tries if state in (OfferState.OPEN, OfferState.CLOSED) else None,
        )
    return dict(zip(COLUMNS, (row.row_number, state.value, *values), strict=True))


def _at(when: int | None) -> str | None:
    return None if when is None else moment(when)
