"""`testamur accredit export`: accreditations and recognitions in the formats that others read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from anchor.acts import accreditations as acts
from anchor.cli.console import bold
from anchor.cli.issuing_options import SignKey
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.issuing.outward import Signer, organisations_in, write_export
from anchor.issuing.signing import Proofs, own_key
from registry.chain.contract import CredentialRegistry
from registry.chain.ledger import read_ledger
from registry.errors import ChainUnavailable, SettingsError
from registry.formats.outward import trust_marks
from registry.formats.outward.exporting import OPEN, Export, Form, exported, grouped
from registry.formats.outward.of_ledger import select
from registry.formats.trqp import Registry
from registry.recognition.ledger import Accreditation, Ledger
from registry.records import MOST_PARTIES
from registry.timestamps import past_moment, write_timestamp
from registry.untrusted.text import marked

_MOST_NUMBERS = 20

As = Annotated[Form, typer.Option("--as", help="The format.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The file; one that is there is written anew.")]
Names = Annotated[
    Path | None,
    typer.Option("--organisations", help="TOML file with names and countries; default: the setting organisations."),
]
At = Annotated[str | None, typer.Option("--at", help="What was in force then; default: now.", show_default=False)]


@command
def export(
    session: Session,
    form: As,
    output: Output,
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Numbers of accreditations.", min=1, show_default=False)
    ] = None,
    party: Annotated[
        int | None,
        typer.Option("--party", help="All that this party gave or holds.", min=1, max=MOST_PARTIES, show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    at: At = None,
    organisations: Names = None,
    sign_key: SignKey = None,
) -> Exit:
    """Write what is in force in a format of others, and say what the format cannot tell."""
    now = datetime.now(UTC).replace(microsecond=0)
    moment = past_moment(at, "--at", now) or now
    if [bool(numbers), party is not None, every].count(True) != 1:
        raise SettingsError(
            "it is not said which accreditations are meant",
            remedy="Give numbers, --party NUMBER or --all.",
            code="which",
        )
    if form is Form.TRUST_MARK and at is not None:
        raise SettingsError("a trust mark is of now", where="--at", remedy="Leave --at out.", code="no-past")
    with session.workspace(read_only=True) as workspace:
        contract = workspace.contract
        ledger = read_ledger(contract)
        registry = Registry(workspace.chain, workspace.contract_address)
        own = workspace.issuer() if form is Form.TRUST_MARK else None
        wanted = _wanted(contract, ledger, numbers, party)
    names = organisations_in(organisations or session.settings.organisations, registry)
    if ledger.as_of is None:
        raise ChainUnavailable("the chain has not been read", code="not-yet-read")
    selected = select(
        wanted,
        moment,
        registry,
        ledger.as_of,
        lambda number: names.party(number, registry.write_party(number)),
    )
    if own is not None:
        selected = trust_marks.by_body(selected, own)
    made = exported(selected, form)
    write_export(made, output, None if form in OPEN else signer_for(session, sign_key), now)
    say_export(session, made, output, moment)
    return Exit.SOME_REJECTED if numbers and len(made.statements) < len(wanted) else Exit.DONE


def signer_for(session: Session, sign_key: Path | None) -> Signer:
    """Who signs: the key that is named, or that of the settings; raises as `own_key`."""
    settings = session.settings
    issuer, key = own_key(sign_key or settings.issuing_key, settings.issuing_method, Proofs.JCS)
    return Signer(issuer, key.method, key.key)


def say_export(session: Session, made: Export, output: Path, moment: datetime) -> None:
    """Tell what was written, and all that was not."""
    session.result({"output": str(output), "moment": write_timestamp(moment), **made.report()})
    session.say(
        f"{amount(len(made.statements), 'statement')} in force at {write_timestamp(moment)} written to ",
        bold(str(output)),
        f" as {made.form}.",
    )
    whole = [each for each in made.left if each.whole]
    parts = [each for each in made.left if not each.whole]
    for words, left in (("Left out:", whole), ("Not told, or in part:", parts)):
        if left:
            session.say(words)
        for why, numbers in grouped(left):
            session.say(f"  {marked(why)} (", _listed(numbers), ")")


def _listed(numbers: list[str]) -> str:
    shown = ", ".join(marked(each) for each in numbers[:_MOST_NUMBERS])
    return shown + (f" and {len(numbers) - _MOST_NUMBERS:,} more" if len(numbers) > _MOST_NUMBERS else "")


def _wanted(
    contract: CredentialRegistry, ledger: Ledger, numbers: list[int] | None, party: int | None
) -> list[Accreditation]:
    if party is not None:
        return [each for each in ledger.accreditations if party in (each.body, each.holder)]
    if numbers is None:
        return list(ledger.accreditations)
    there = {each.id for each in ledger.accreditations}
    return [ledger[number] if number in there else acts.existing(contract, number) for number in dict.fromkeys(numbers)]
