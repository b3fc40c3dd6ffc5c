"""What bodies say of issuers and of each other: offering, recognising, answering, and changing it later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from anchor.acts import parties
from anchor.acts.transactions import Call, send
from anchor.workspace import Workspace
from registry.chain.calls import TermsTuple
from registry.chain.contract import CredentialRegistry
from registry.chain.ledger import read_ledger
from registry.errors import ChainUnavailable, SettingsError, WrongChain
from registry.recognition.ledger import Accreditation, State
from registry.recognition.scope import Scope
from registry.records import Kind, Reason
from registry.timestamps import write_timestamp


@dataclass(frozen=True, slots=True)
class Terms:
    """What is said of another party; fixed from then on.

    Attributes:
        valid_from: None for the time of the newest block.
        valid_until: the first moment at which it holds no more; None for no end, which a recognition alone may have.
        condition_hash: SHA-256 of what the holder has yet to fulfil; 32 zero bytes for an unconditional decision.
        evidence_hash: SHA-256 of the decision; 32 zero bytes for none.
    """

    scope: Scope
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    evidence_hash: bytes = bytes(32)
    evidence_uri: str = ""
    condition_hash: bytes = bytes(32)

    def numbers(self, workspace: Workspace, other: int, kind: Kind) -> TermsTuple:
        """As the contract takes them, said by the issuer of the workspace."""
        body = workspace.issuer()
        start = _head_time(workspace) if self.valid_from is None else _seconds(self.valid_from)
        end = 0 if self.valid_until is None else _seconds(self.valid_until)
        hashes = (self.condition_hash, self.evidence_hash)
        return (body, other, start, end, int(kind), self.scope.to_numbers(), *hashes, self.evidence_uri)


@dataclass(frozen=True, slots=True)
class Step:
    """What its holder or its body does to an accreditation or a recognition.

    Attributes:
        became: what it is then.
        data: the data of the call, by the number and the Unix time from when it takes effect if no other was named.
        not_by_retired: which sides may not have retired, `body` or `holder`.
    """

    became: str
    data: Callable[[int, int], bytes]
    not_by_retired: tuple[str, ...] = ()


_OVER: Final = frozenset({State.REFUSED, State.WITHDRAWN, State.VOID})
TIME_BITS: Final = 48
"""Of a time as the contract has it."""

ACCEPT: Final = Step(
    "accepted", lambda number, _: CredentialRegistry.accept_accreditation_data(number), ("body", "holder")
)
REFUSE: Final = Step("refused", lambda number, _: CredentialRegistry.refuse_accreditation_data(number))


def suspension(reason: Reason, effective: datetime | None = None) -> Step:
    """It does not hold until it is reinstated; by its body."""
    calls = CredentialRegistry.suspend_accreditation_data
    return Step("suspended", lambda number, now: calls(number, _effect(effective, now), reason))


def reinstatement(reason: Reason, effective: datetime | None = None) -> Step:
    """A suspension is lifted; by its body."""
    calls = CredentialRegistry.reinstate_accreditation_data
    return Step("active again", lambda number, now: calls(number, _effect(effective, now), reason), ("body",))


def withdrawal(reason: Reason, effective: datetime | None = None) -> Step:
    """It ends for good; what was anchored before stands. By its body."""
    calls = CredentialRegistry.withdraw_accreditation_data
    return Step("withdrawn", lambda number, now: calls(number, _effect(effective, now), reason))


def voiding(reason: Reason) -> Step:
    """It never held; by its body."""
    return Step("void", lambda number, _: CredentialRegistry.void_accreditation_data(number, reason))


def offer(workspace: Workspace, holder: int, terms: Terms, *, to_accredit: bool = False) -> Accreditation:
    """Offer a party an accreditation by the issuer of the workspace; it holds nothing until the party accepts.

    Args:
        to_accredit: to accredit others, instead of to issue.

    Raises:
        SettingsError: one of the two has retired (code `party-retired`), or is no party (`unknown-party`).
        ChainError: as `send`.
    """
    kind = Kind.ACCREDIT_TO_ACCREDIT if to_accredit else Kind.ACCREDIT_TO_ISSUE
    contract = workspace.contract
    _refuse_retired(contract, "an accreditation cannot be offered", {"body": workspace.issuer(), "holder": holder})
    numbers = terms.numbers(workspace, holder, kind)
    call = _making(contract, f"offer {numbers[0]} {holder}", contract.offer_accreditation_data, numbers, terms)
    return _made(workspace, call)


def recognise(workspace: Workspace, other: int, terms: Terms) -> Accreditation:
    """Recognise another body's accreditations, as the issuer of the workspace: one way, and never passed on.

    Raises:
        SettingsError, ChainError: as `offer`.
    """
    contract = workspace.contract
    both = {"body": workspace.issuer(), "other body": other}
    _refuse_retired(contract, "a recognition cannot be made", both)
    numbers = terms.numbers(workspace, other, Kind.RECOGNISE)
    call = _making(contract, f"recognise {numbers[0]} {other}", contract.recognise_data, numbers, terms)
    return _made(workspace, call)


def try_step(workspace: Workspace, before: Accreditation, step: Step) -> None:
    """Have the contract try a step; nothing is sent.

    Raises:
        SettingsError: as `take_step`.
        ContractReverted: it refuses.
    """
    _refuse_step_by_retired(workspace.contract, before, step)
    contract, data = workspace.contract, _data(workspace, before, step)
    account, to = workspace.signer.address, contract.accreditations_address
    workspace.client.estimate_gas(sender=account, to=to, call_data=data)


def take_step(workspace: Workspace, before: Accreditation, step: Step) -> Accreditation:
    """Change an accreditation or a recognition; what it is then.

    Args:
        before: as it was read: a step that is under way already is the same one only after the same history.

    Raises:
        SettingsError: a party has retired that may not have (code `party-retired`).
        ChainError: as `send`.
    """
    _refuse_step_by_retired(workspace.contract, before, step)
    number, data = before.id, _data(workspace, before, step)
    to = workspace.contract.accreditations_address
    send(workspace, Call(f"{step.became} {number} after {len(before.changes)}", data, to=to))
    return existing(workspace.contract, number)


def existing(contract: CredentialRegistry, number: int) -> Accreditation:
    """The accreditation or recognition with that number.

    Raises:
        SettingsError: code `unknown-accreditation`.
    """
    try:
        return read_ledger(contract)[number]
    except KeyError:
        raise SettingsError(
            f"there is no accreditation {number}",
            where=contract.client.where,
            remedy="`testamur body` lists those of a party.",
            code="unknown-accreditation",
        ) from None


def ready_to_accredit(workspace: Workspace) -> CredentialRegistry:
    """The contract as `Workspace.ready_to_decide`, whose accreditations are there as well.

    Raises:
        WrongChain: code `no-accreditations`: nobody deployed them beside the registry.
        ChainError: as `Workspace.ready_to_decide`.
    """
    contract = workspace.ready_to_decide()
    require_accreditations(contract)
    return contract


def require_accreditations(contract: CredentialRegistry) -> None:
    """Make sure that there is a contract for accreditations: what is sent to an address without one is lost.

    Raises:
        WrongChain: code `no-accreditations`.
    """
    if not contract.client.code(contract.accreditations_address):
        raise WrongChain(
            f"the registry at {contract.address} has no contract for accreditations yet: it belongs at "
            f"{contract.accreditations_address}",
            where=contract.client.where,
            remedy="Run `testamur deploy`: it completes the registry, whoever deployed the rest.",
            code="no-accreditations",
        )


def _refuse_step_by_retired(contract: CredentialRegistry, before: Accreditation, step: Step) -> None:
    sides = {side: getattr(before, side) for side in step.not_by_retired}
    _refuse_retired(contract, f"accreditation {before.id} cannot be {step.became}", sides)


def _refuse_retired(contract: CredentialRegistry, what: str, sides: Mapping[str, int]) -> None:
    """Say who of them has retired, before the contract refuses.

    Args:
        what: is not possible then.
        sides: numbers of parties, by what they are to it.
    """
    for side, number in sides.items():
        retired_at = parties.existing(contract, number).retired_at
        if retired_at is not None:
            raise SettingsError(
                f"{what}: its {side}, party {number}, retired on {write_timestamp(retired_at)}",
                where=contract.client.where,
                remedy="An offer that is open can be refused by its holder, and voided by its body. "
                "To go on, the party registers anew.",
                code="party-retired",
            )


def _data(workspace: Workspace, before: Accreditation, step: Step) -> bytes:
    last = int(before.changes[-1].effective_from.timestamp())
    return step.data(before.id, max(_head_time(workspace), last))


def _making(
    contract: CredentialRegistry,
    purpose: str,
    data_of: Callable[[TermsTuple], bytes],
    numbers: TermsTuple,
    terms: Terms,
) -> Call:
    """A call that is the same one when it says the same, whenever it was given, if no start was named."""
    data, to = data_of(numbers), contract.accreditations_address
    if terms.valid_from is not None:
        return Call(purpose, data, makes=True, to=to)
    first, last = (data_of((*numbers[:2], start, *numbers[3:])) for start in (0, 2**TIME_BITS - 1))

    def same(stored: bytes) -> bool:
        pairs = zip(stored, first, last, strict=False)
        return len(stored) == len(first) and all(one == other for one, other, moving in pairs if other == moving)

    return Call(purpose, data, makes=True, same=same, to=to)


def _made(workspace: Workspace, call: Call) -> Accreditation:
    """What a call made; one that was under way since before, and came to nothing in the meantime, is no answer."""
    made = _sent(workspace, call)
    return _sent(workspace, call) if made.state in _OVER else made


def _sent(workspace: Workspace, call: Call) -> Accreditation:
    (event,) = workspace.contract.decode_events(send(workspace, call).logs)
    return existing(workspace.contract, int(event.arguments["id"]))


def _head_time(workspace: Workspace) -> int:
    """The time of the newest block: a change may not take effect after the block it is recorded in."""
    block = workspace.client.block("latest")
    if block is None:
        raise ChainUnavailable("the chain has no block", where=workspace.client.where)
    return int(block.timestamp.timestamp())


def _effect(effective: datetime | None, now: int) -> int:
    return now if effective is None else _seconds(effective)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
