"""`testamur accredit …`, `testamur recognise` and `testamur body`: what bodies say of issuers and of each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.acts import accreditations as acts
from anchor.acts.parties import check_uri, hash_of
from anchor.acts.statuses import reason_of
from anchor.cli.asking import DryRun, ReinstateReason, SuspendReason, VoidReason, WithdrawReason, Yes, confirmed
from anchor.cli.console import Column, Fields, Listing, bold
from anchor.cli.session import Session, command
from anchor.verifying.policies import read_policy
from registry.chain.ledger import read_ledger
from registry.errors import SettingsError
from registry.recognition.isced import field_name
from registry.recognition.joint import joint_holders
from registry.recognition.ledger import Accreditation, Ledger, state_members
from registry.recognition.scope import Scope
from registry.records import MOST_PARTIES, Act
from registry.timestamps import asked_moment, past_moment, write_timestamp
from registry.untrusted.hashes import read_hash
from registry.untrusted.text import marked

MOST_HOLDERS = 20

app = typer.Typer(help="Offer, accept and change accreditations.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="Number of the accreditation.", min=1)]
Until = Annotated[str | None, typer.Option("--until", help="First day or moment it holds no more.")]
At = Annotated[str | None, typer.Option("--at", help="Also what it was on this day or at this moment.")]
Effective = Annotated[str | None, typer.Option("--effective", help="From when it takes effect; default: now.")]


@dataclass(frozen=True, slots=True)
class Said:
    """The options that say what is said of another party."""

    field: Annotated[
        str, typer.Option("--field", help="ISCED-F 2013 code of 2, 3 or 4 digits; default: any field.")
    ] = ""
    levels: Annotated[str, typer.Option("--levels", help="EQF levels, such as 6-7 or 6.")] = "1-8"
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Type of qualification; repeatable; default: any.")
    ] = None
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", help="ISO 3166-1 country; default: any.")] = ""
    programme: Annotated[
        str | None,
        typer.Option("--programme", help="Identifier of the one programme, as its credentials state it; default: any."),
    ] = None
    valid_from: Annotated[str | None, typer.Option("--from", help="First day or moment it holds; default: now.")] = None
    condition: Annotated[
        Path | None, typer.Option("--condition", help="What has yet to be fulfilled; its SHA-256 is stored.")
    ] = None
    condition_hash: Annotated[
        str | None, typer.Option("--condition-hash", help="The same by its SHA-256, 64 hexadecimal digits.")
    ] = None
    evidence: Annotated[Path | None, typer.Option("--evidence", help="The decision; its SHA-256 is stored.")] = None
    evidence_uri: Annotated[str, typer.Option("--evidence-uri", help="Where the decision can be read.")] = ""

    def terms(self, until: str | None) -> acts.Terms:
        """The same, checked.

        Raises:
            SettingsError: something of it means nothing.
        """
        if self.evidence_uri:
            check_uri(self.evidence_uri, "--evidence-uri")
        return acts.Terms(
            Scope.from_words(self.field, self.levels, self.types or (), self.jurisdiction, self.programme),
            _moment(self.valid_from, "--from"),
            _moment(until, "--until"),
            bytes(32) if self.evidence is None else hash_of(self.evidence, "evidence"),
            self.evidence_uri,
            self._condition(),
        )

    def _condition(self) -> bytes:
        if self.condition is not None and self.condition_hash is not None:
            raise SettingsError(
                "the condition is given twice", remedy="Give --condition or --condition-hash.", code="condition"
            )
        if self.condition is not None:
            return hash_of(self.condition, "condition")
        if self.condition_hash is None:
            return bytes(32)
        try:
            given = read_hash(self.condition_hash)
        except ValueError as error:
            raise _no_condition(f"the hash of the condition {error}") from None
        if not any(given):
            raise _no_condition("the hash of the condition is zero, which stands for none")
        return given


@app.command()
@command
def offer(
    session: Session,
    holder: Annotated[int, typer.Argument(help="Number of the party that is accredited.", min=1, max=MOST_PARTIES)],
    said: Said,
    until: Until = None,
    to_accredit: Annotated[bool, typer.Option("--to-accredit", help="To accredit others, not to issue.")] = False,
) -> None:
    """Offer a party an accreditation; it holds nothing until the party accepts."""
    if until is None:
        raise SettingsError("an accreditation has an end", remedy="Say when with --until.", code="no-end")
    terms = said.terms(until)
    with session.workspace() as workspace:
        acts.ready_to_accredit(workspace)
        accreditation = acts.offer(workspace, holder, terms, to_accredit=to_accredit)
    _tell(session, accreditation, f"Accreditation {accreditation.id} is offered to party {holder}.", said.programme)
    session.say(f"It holds once the party runs: testamur accredit accept {accreditation.id}")


@command
def recognise(
    session: Session,
    other: Annotated[int, typer.Argument(help="Number of the body that is recognised.", min=1, max=MOST_PARTIES)],
    said: Said,
    until: Until = None,
) -> None:
    """Recognise another body's accreditations: one way, and never passed on."""
    terms = said.terms(until)
    with session.workspace() as workspace:
        acts.ready_to_accredit(workspace)
        accreditation = acts.recognise(workspace, other, terms)
    sentence = f"Body {accreditation.body} recognises body {other}, as number {accreditation.id}."
    _tell(session, accreditation, sentence, said.programme)


@app.command()
@command
def accept(session: Session, number: Number) -> None:
    """Accept an offer, as its holder."""
    _change(session, number, acts.ACCEPT)


@app.command()
@command
def refuse(session: Session, number: Number) -> None:
    """Refuse an offer for good, as its holder."""
    _change(session, number, acts.REFUSE)


@app.command()
@command
def suspend(
    session: Session, number: Number, effective: Effective = None, reason: SuspendReason = "under-review"
) -> None:
    """Suspend an accreditation or a recognition, as its body."""
    _change(session, number, acts.suspension(reason_of(reason, Act.SUSPEND), _moment(effective, "--effective")))


@app.command()
@command
def reinstate(
    session: Session, number: Number, effective: Effective = None, reason: ReinstateReason = "resolved"
) -> None:
    """Lift a suspension, as the body."""
    _change(session, number, acts.reinstatement(reason_of(reason, Act.REINSTATE), _moment(effective, "--effective")))


@app.command()
@command
def withdraw(
    session: Session,
    number: Number,
    effective: Effective = None,
    reason: WithdrawReason = "unspecified",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Withdraw for good from now on; what was anchored before stands."""
    why = reason_of(reason, Act.WITHDRAW)
    _change(
        session,
        number,
        acts.withdrawal(why, _moment(effective, "--effective")),
        ends=f"withdrawn for good ({why.word})",
        dry_run=dry_run,
        yes=yes,
    )


@app.command()
@command
def void(
    session: Session,
    number: Number,
    reason: VoidReason = "unspecified",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Declare that an accreditation or a recognition never held."""
    why = reason_of(reason, Act.VOID)
    _change(
        session,
        number,
        acts.voiding(why),
        ends=f"void from its start ({why.word}), and with it every credential that rests on it",
        dry_run=dry_run,
        yes=yes,
    )


@app.command()
@command
def show(session: Session, number: Number, at: At = None) -> None:
    """Show an accreditation or a recognition with its history."""
    moment = past_moment(at, "--at", datetime.now(UTC))
    with session.workspace(read_only=True) as workspace:
        accreditation = acts.existing(workspace.contract, number)
        # Others can be holders of the same decision only where it is about one programme.
        ledger = Ledger() if accreditation.decision is None else read_ledger(workspace.contract)
        known = None if session.settings.policy is None else read_policy(session.settings.policy)
    holders = joint_holders(ledger, accreditation)
    session.result(_content(accreditation, moment) | {"jointHolders": list(holders)})
    until = accreditation.valid_until
    session.say(
        Fields(
            {
                "number": accreditation.id,
                "kind": accreditation.kind.value,
                "body": accreditation.body,
                "holder": accreditation.holder,
                "state": accreditation.state.value,
                "scope": _scope(accreditation),
                "programme": known and _marked(known.programme_names.get(accreditation.scope.programme)),
                "condition": _condition_words(accreditation),
                "condition text": known and _marked(known.condition_texts.get(accreditation.condition_hash)),
                "joint decision": _joint_words(holders),
                "valid from": write_timestamp(accreditation.valid_from),
                "valid until": "no end" if until is None else write_timestamp(until),
                "evidence hash": f"0x{accreditation.evidence_hash.hex()}",
                "evidence URI": marked(accreditation.evidence_uri),
            }
        )
    )
    for change in accreditation.changes:
        session.say(
            f"{'':>15}  {change.state.value} from {write_timestamp(change.effective_from)}, "
            f"recorded {write_timestamp(change.recorded_at)}" + (f" ({change.reason})" if change.reason else "")
        )
    if moment is not None:
        then = accreditation.state_at(moment)
        session.say(bold(f"At {write_timestamp(moment)}"), f" it was, as known then: {then.as_known_then}")
        session.say(f"  and as known now: {then.as_known_now}")


@command
def body(
    session: Session,
    number: Annotated[
        int | None, typer.Argument(help="Number of the party; default: the issuer.", min=1, max=MOST_PARTIES)
    ] = None,
    at: At = None,
) -> None:
    """Show what a party says of others, and what others say of it."""
    moment = past_moment(at, "--at", datetime.now(UTC))
    with session.workspace(read_only=True) as workspace:
        party = number or workspace.issuer()
        ledger = read_ledger(workspace.contract)
    given = [each for each in ledger.accreditations if each.body == party]
    held = [each for each in ledger.accreditations if each.holder == party]
    session.result(
        {
            "party": party,
            "given": [_content(each, moment) | _joint(ledger, each) for each in given],
            "held": [_content(each, moment) | _joint(ledger, each) for each in held],
        }
    )
    session.say(bold(f"Party {party} says of others"), ": nothing" if not given else ":")
    if given:
        session.say(_table(given, moment, ledger))
    session.say(bold(f"Others say of party {party}"), ": nothing" if not held else ":")
    if held:
        session.say(_table(held, moment, ledger))


def _change(
    session: Session, number: int, step: acts.Step, *, ends: str = "", dry_run: bool = False, yes: bool = False
) -> None:
    """Send a change.

    Args:
        ends: what it will be for good, where that is asked first.
        dry_run: have the contract try it, and send nothing.
    """
    with session.workspace(read_only=dry_run) as workspace:
        contract = workspace.contract if dry_run else acts.ready_to_accredit(workspace)
        before = acts.existing(contract, number)
        if dry_run:
            acts.try_step(workspace, before, step)
            _tell(session, before, f"Number {number} would be {ends or step.became}. Nothing was sent.")
            return
        if ends:
            confirmed(f"Number {number} ({before.scope}) will be {ends}. Go on?", yes=yes)
        accreditation = acts.take_step(workspace, before, step)
    _tell(session, accreditation, f"Number {number} is {step.became}.")


def _scope(accreditation: Accreditation) -> str:
    """The scope in words, with the name of its field."""
    name = field_name(accreditation.scope.field)
    return f"{accreditation.scope} ({name})" if name else str(accreditation.scope)


def _tell(session: Session, accreditation: Accreditation, sentence: str, programme: str | None = None) -> None:
    """What became of a link.

    Args:
        programme: its identifier, as whoever offers it wrote it; on record is the hash alone.
    """
    session.result(_content(accreditation))
    session.say(sentence)
    session.say(f"  {_scope(accreditation)}; {_period(accreditation)}")
    if programme is not None:
        session.say(f"  The programme is {marked(programme.strip())}, letter by letter.")
    if accreditation.is_conditional:
        session.say(f"  {_condition_words(accreditation)}")


def _content(accreditation: Accreditation, at: datetime | None = None) -> dict[str, Any]:
    until = accreditation.valid_until
    then = {} if at is None else {"stateAt": state_members(accreditation, at)}
    return then | {
        "id": accreditation.id,
        "kind": accreditation.kind.value,
        "body": accreditation.body,
        "holder": accreditation.holder,
        "state": accreditation.state.value,
        "scope": str(accreditation.scope),
        "programme": _hash_or_none(accreditation.scope.programme),
        "conditionHash": _hash_or_none(accreditation.condition_hash),
        "validFrom": write_timestamp(accreditation.valid_from),
        "validUntil": None if until is None else write_timestamp(until),
        "evidenceHash": f"0x{accreditation.evidence_hash.hex()}",
        "evidenceUri": accreditation.evidence_uri,
        "history": [
            {
                "state": change.state.value,
                "effectiveFrom": write_timestamp(change.effective_from),
                "recordedAt": write_timestamp(change.recorded_at),
                "reason": change.reason or None,
            }
            for change in accreditation.changes
        ],
    }


def _joint(ledger: Ledger, link: Accreditation) -> dict[str, Any]:
    return {"jointHolders": list(joint_holders(ledger, link))}


def _joint_words(holders: tuple[int, ...]) -> str | None:
    if not holders:
        return None
    more = ", …" if len(holders) > MOST_HOLDERS else ""
    return f"held by parties {', '.join(map(str, holders[:MOST_HOLDERS]))}{more}"


def _table(accreditations: list[Accreditation], at: datetime | None, ledger: Ledger) -> Listing:
    """A line for each; of a moment, what each was by both clocks, in place of what it is."""
    state = ("state",) if at is None else ("as known then", "as known now")
    columns = [Column(name) for name in ("number", "kind", "body", "holder", *state, "period")]
    rows = (
        (
            *(str(each.id), each.kind, str(each.body), str(each.holder)),
            *((each.state,) if at is None else each.state_at(at)),
            *(_period(each), _about(each, ledger)),
        )
        for each in accreditations
    )
    return Listing([*columns, Column("scope", folds=True)], rows)


def _about(link: Accreditation, ledger: Ledger) -> str:
    """What a link is for, and whatever else is to be known before anybody goes by it."""
    told = [_scope(link)]
    if link.is_conditional:
        told.append("conditional")
    if words := _joint_words(joint_holders(ledger, link)):
        told.append(f"joint, {words}")
    return ", ".join(told)


def _marked(text: str | None) -> str | None:
    return None if text is None else marked(" ".join(text.split()))


def _condition_words(accreditation: Accreditation) -> str | None:
    if not accreditation.is_conditional:
        return None
    condition = f"0x{accreditation.condition_hash.hex()}"
    return f"conditional: what its holder has yet to fulfil has the hash {condition}"


def _hash_or_none(value: bytes) -> str | None:
    return f"0x{value.hex()}" if any(value) else None


def _no_condition(what: str) -> SettingsError:
    return SettingsError(what, where="--condition-hash", remedy="Give the SHA-256 of a document.", code="condition")


def _period(accreditation: Accreditation) -> str:
    until = accreditation.valid_until
    return f"{accreditation.valid_from:%Y-%m-%d} to " + ("no end" if until is None else f"{until:%Y-%m-%d}")


def _moment(text: str | None, option: str) -> datetime | None:
    return None if text is None else asked_moment(text, option)
