"""`testamur deliver`: a folder from which holders are written to, and that it was done."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from anchor.books.issued import IssuedStore, Run
from anchor.cli.console import bold
from anchor.cli.diplomas import verify_address
from anchor.cli.session import Session, command
from anchor.cli.targets import root_given
from anchor.cli.wording import amount
from anchor.issuing.confirming import run_with
from anchor.issuing.corrections import pairs_of, refuse_unsettled
from anchor.issuing.delivery import (
    TABLE,
    UNREACHED,
    Papers,
    Parcel,
    delivered_in,
    parcels_of,
    receipts_for,
    write_parcels,
)
from anchor.issuing.diplomas.look import Look, look_of
from anchor.issuing.diplomas.making import Format, Order, Original, check_all, render
from anchor.issuing.diplomas.sources import IssuedCredentials
from anchor.issuing.letters import sender_of
from anchor.issuing.states import States, asked_states, issued_store
from anchor.wallets.offers import links_in
from anchor.workspace import Workspace
from registry.errors import NotPossible, SettingsError


@command
def deliver(
    session: Session,
    root: Annotated[str, typer.Argument(help="Root of what was issued.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder; letters that are there stay.")],
    sender: Annotated[
        str | None, typer.Option("--from", help="Who writes, such as 'Registrar <registrar@university.example>'.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option("--template", help="The template that says how diplomas look, if not where it lay.")
    ] = None,
    verify_url: Annotated[
        str | None, typer.Option("--verify-url", help="Address of the page that verifies; default: public_url/verify.")
    ] = None,
    wallet_offers: Annotated[
        Path | None,
        typer.Option("--wallet-offers", help="Folder of `testamur wallet offers`: its links go into the letters."),
    ] = None,
    json_only: Annotated[bool, typer.Option("--json-only", help="Put no diploma on paper into the letters.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also to those who were given theirs before.")] = False,
    mark: Annotated[
        bool, typer.Option("--mark-delivered", help="Write nothing: say that the letters in the folder were sent.")
    ] = False,
) -> None:
    """Write a letter to each holder, with the credential in it, and a table for a mail merge. Nothing is sent."""
    wanted = root_given(root)
    with session.workspace(read_only=not mark) as workspace:
        store = issued_store(workspace)
        run = run_with(store, wanted)
        states = asked_states(workspace, run.issuer, list(store.rows_of(run)))
        if mark:
            _mark(session, store, states, output)
            return
        if sender is None:
            raise SettingsError(
                "it is not said who writes",
                remedy="Name the address with --from, such as 'Registrar <registrar@university.example>'.",
                code="no-sender",
            )
        if store.has_corrections(run):
            # The letters say that the ones before are not valid any more.
            refuse_unsettled(run, pairs_of(workspace, store, run))
        parcels = parcels_of(states.rows, again=again)
        _refuse_none(run, parcels, states)
        address = verify_address(session, verify_url) if verify_url or not json_only else _known_address(session)
        look = None if json_only else look_of(IssuedCredentials(workspace, wanted).template(template), address)
        wallets = None if wallet_offers is None else links_in(wallet_offers)
        _write(session, workspace, run, parcels, output, sender, address, wallets, look, states)


def _write(
    session: Session,
    workspace: Workspace,
    run: Run,
    parcels: Sequence[Parcel],
    output: Path,
    sender: str,
    address: str,
    wallets: Mapping[str, str] | None,
    look: Look | None,
    states: States,
) -> None:
    receipts = receipts_for(workspace, run.issuer, [row for parcel in parcels for row in parcel.rows])
    with session.progress("writing letters") as progress:
        written = write_parcels(
            output,
            parcels,
            receipts,
            sender=sender_of(sender),
            at=datetime.now(UTC).replace(microsecond=0),
            verify_url=address,
            wallets=wallets,
            papers=None if look is None else _papers(look, session.settings.workers),
            progress=progress,
        )
    linked = sum(1 for parcel in parcels if parcel.stem in (wallets or {}))
    left_out = sum(1 for each in states.rows if each.state.is_withdrawn)
    session.result(
        {
            "output": str(output),
            "letters": written.letters,
            "kept": written.kept,
            "withoutAddress": written.unreached,
            "withdrawn": left_out,
            "walletLinks": linked,
            "states": {state.value: count for state, count in states.counts.items()},
        }
    )
    kept = f" {amount(written.kept, 'letter')} there already." if written.kept else ""
    session.say(f"{amount(written.letters, 'letter')} in ", bold(output), f", listed in {TABLE}.{kept}")
    if wallets is not None:
        stay = " Letters that were there already stay as they were." if written.kept else ""
        have = "has" if linked == 1 else "have"
        session.say(f"Of {amount(len(parcels), 'award')} {linked:,} {have} a link to a wallet.{stay}")
    if written.unreached:
        session.say(f"{amount(written.unreached, 'holder')} without an address: {UNREACHED} names them.")
    if left_out:
        session.say(f"{amount(left_out, 'credential')} revoked or corrected since: of these none was written.")
    session.say(
        "Nothing was sent. Give the letters to whoever sends mail, take out those that were not sent, and then:"
    )
    session.say(f"  testamur deliver 0x{(run.root or b'').hex()} -o {output} --mark-delivered")


def _mark(session: Session, store: IssuedStore, states: States, output: Path) -> None:
    digests = delivered_in(output, [each.row for each in states.rows])
    before = {each.row.digest.value for each in states.rows if each.row.delivered_at is not None}
    store.mark_delivered(digests, int(time.time()))
    new = len(set(digests) - before)
    session.result({"delivered": new, "already": len(digests) - new})
    session.say(f"{amount(new, 'credential')} marked as delivered; {len(digests) - new:,} were so already.")
    session.say("That is your word: whether a letter arrived is not known here.")


def _papers(look: Look, workers: int | None) -> Papers:
    """All are looked at before the first is made, so that one that cannot be printed is said before anything is."""

    def printed(documents: Sequence[bytes]) -> Iterable[bytes]:
        originals = [Original(f"letter {at}", document) for at, document in enumerate(documents, start=1)]
        check_all(originals, look)
        for made in render(originals, Order(look), workers=workers):
            yield made.files[Format.PDF]

    return printed


def _refuse_none(run: Run, parcels: Sequence[Parcel], states: States) -> None:
    if parcels:
        return
    told = ", ".join(f"{count:,} {state}" for state, count in states.counts.items())
    raise NotPossible(
        f"there is nothing to be delivered: {told or 'nothing was issued'}",
        where=f"0x{(run.root or b'').hex()}",
        remedy="What is final and in force can be; what was delivered before is written again with --again.",
        code="nothing-to-deliver",
    )


def _known_address(session: Session) -> str:
    public = session.settings.public_url
    return "" if public is None else f"{public}/verify"
