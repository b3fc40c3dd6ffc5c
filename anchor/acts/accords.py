"""An accord, from its file to the chain: what the party of this data folder does of it, each thing once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from anchor.acts import accreditations as acts
from anchor.acts import parties
from anchor.acts.accord_plan import Doing, Plan, Step, plan_admission, plan_leave, require_party
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.ledger import read_ledger
from registry.errors import SettingsError
from registry.recognition.accord_file import MOST_BYTES, AccordFile, parse_accord
from registry.recognition.accords import what_is_missing
from registry.recognition.ledger import Accreditation, Kind, Ledger
from registry.records import Reason
from registry.timestamps import write_timestamp

MOST_BATCHES: Final = 1_000
"""As many batches as are counted that a withdrawal reaches back over."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What was anchored between the day that a member left and the record of it.

    Attributes:
        batches: how many, of issuers that the member accredited.
        is_all: whether there are no more than were counted.
    """

    batches: int
    is_all: bool = True


def read_accord(path: Path) -> AccordFile:
    """The accord in a file.

    Raises:
        SettingsError: it cannot be read, or says nothing that makes sense (code `accord`).
    """
    try:
        with path.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"the file of the accord cannot be read: {error.strerror}", where=str(path), code="accord"
        ) from None
    file = parse_accord(data, where=str(path))
    if file.accord.uri:
        parties.check_uri(file.accord.uri, "accord.uri")
    return file


def check_on_chain(workspace: Workspace, contract: CredentialRegistry, file: AccordFile, path: Path) -> None:
    """Make sure that the file is of this chain, and that each of its parties is there.

    Raises:
        SettingsError: it names another chain (code `accord`), or a party that there is not (`unknown-party`).
    """
    if file.accord.chain not in (None, workspace.chain):
        raise SettingsError(
            f"accord.chain: the parties of the file are of {file.accord.chain}, and this is {workspace.chain}",
            where=str(path),
            remedy="Name the chain of the file with --chain.",
            code="accord",
        )
    count = contract.party_count()
    keys = [("accord", file.accord.party), *((f"members[{at}]", each.party) for at, each in enumerate(file.members))]
    for key, party in keys:
        if party > count:
            raise SettingsError(
                f"{key}.party: there is no party {party}",
                where=str(path),
                remedy=f"The contract has parties 1 to {count}; each registers with `testamur issuer register`.",
                code="unknown-party",
            )


def now_by(ledger: Ledger) -> datetime:
    """The present, which is never before the block that was read."""
    now = datetime.now(UTC)
    return now if ledger.as_of is None else max(now, ledger.as_of.timestamp)


def founding(workspace: Workspace, contract: CredentialRegistry, file: AccordFile, path: Path) -> Plan:
    """What the party of this workspace does for all members whom it speaks for; as `plan_admission`."""
    return _admission(workspace, contract, file, path, None)


def admission(
    workspace: Workspace, contract: CredentialRegistry, file: AccordFile, path: Path, member: int | None = None
) -> Plan:
    """What the party of this workspace does so that one member is linked; as `plan_admission`.

    Args:
        member: default: the party of the workspace.

    Raises:
        SettingsError: the accord did not say which member (code `accord-member`).
    """
    party = workspace.issuer()
    if member is None and party == file.accord.party:
        raise SettingsError(
            "the accord admits one member at a time, and was not told which",
            where=str(path),
            remedy="Name its number; `testamur accord create` is for all.",
            code="accord-member",
        )
    return _admission(workspace, contract, file, path, party if member is None else member)


def _admission(
    workspace: Workspace, contract: CredentialRegistry, file: AccordFile, path: Path, only: int | None
) -> Plan:
    party = workspace.issuer()
    require_party(file, party)
    ledger = read_ledger(contract)
    now = now_by(ledger)
    standing = what_is_missing(file, ledger, now)
    return _without_retired(contract, plan_admission(file, standing, party, now, path=str(path), only=only))


def _without_retired(contract: CredentialRegistry, plan: Plan) -> Plan:
    """The plan without what the contract refuses of members that retired; all others go on."""
    members = {step.member.party: step.member for step in plan.steps}
    retired = {party: parties.existing(contract, party).retired_at for party in members}
    steps = tuple(step for step in plan.steps if retired[step.member.party] is None)
    notes = (
        (members[party], f"retired on {write_timestamp(moment)}: it enters into nothing any more")
        for party, moment in retired.items()
        if moment is not None
    )
    return Plan(steps, plan.errands, (*plan.notes, *notes))


def departure(
    workspace: Workspace, contract: CredentialRegistry, file: AccordFile, path: Path, only: int | None = None
) -> tuple[Plan, dict[int, Reach]]:
    """What the party of this workspace withdraws; and of the accord, by member, how far back that reaches.

    What a member withdraws concerns nothing that its own issuers anchored.

    Raises:
        SettingsError: as `plan_leave`.
    """
    party = workspace.issuer()
    require_party(file, party)
    ledger = read_ledger(contract)
    plan = plan_leave(file, ledger, party, now_by(ledger), path=str(path), only=only)
    if party != file.accord.party:
        return plan, {}
    leaving = {each.member.party: each.begins for each in plan.steps if each.begins is not None}
    return plan, {party: _reach(contract, ledger, party, left) for party, left in leaving.items()}


def carry_out(
    workspace: Workspace, file: AccordFile, plan: Plan, reason: Reason = Reason.UNSPECIFIED
) -> Iterator[tuple[Step, Accreditation]]:
    """Do each step of a plan; what became of it, as soon as it is in a block.

    Raises:
        SettingsError, ChainError: as `accreditations.offer`; what came before it is done, and not done again.
    """
    for step in plan.steps:
        yield step, _do(workspace, file, step, reason)


def try_out(
    workspace: Workspace, contract: CredentialRegistry, plan: Plan, reason: Reason = Reason.UNSPECIFIED
) -> None:
    """Have the contract try each change of a plan to a link that is there; nothing is sent.

    Raises:
        ContractReverted: it refuses one.
    """
    for step in plan.steps:
        if step.number is not None:
            acts.try_step(workspace, acts.existing(contract, step.number), _change(step, reason))


def _do(workspace: Workspace, file: AccordFile, step: Step, reason: Reason) -> Accreditation:
    if step.number is not None:
        before = acts.existing(workspace.contract, step.number)
        return acts.take_step(workspace, before, _change(step, reason))
    terms = acts.Terms(step.scope, step.begins, step.ends, evidence_uri=file.accord.uri)
    if step.doing is Doing.OFFER:
        return acts.offer(workspace, step.member.party, terms, to_accredit=True)
    return acts.recognise(workspace, file.accord.party, terms)


def _change(step: Step, reason: Reason) -> acts.Step:
    return acts.ACCEPT if step.doing is Doing.ACCEPT else acts.withdrawal(reason, step.begins)


def _reach(contract: CredentialRegistry, ledger: Ledger, member: int, left: datetime) -> Reach:
    """How many batches its issuers anchored since then, the newest first."""
    issuers = {each.holder for each in ledger.given_by(member) if each.kind is Kind.ACCREDIT_TO_ISSUE}
    found = 0
    for issuer in sorted(issuers):
        for event in reversed(contract.anchored_events(issuer=issuer)):
            batch = contract.batch(*event.key)
            if batch is None or batch.anchored_at < left:
                break
            found += 1
            if found == MOST_BATCHES:
                return Reach(found, is_all=False)
    return Reach(found)
