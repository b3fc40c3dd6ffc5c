"""What bodies say of issuers and of each other: offering, recognising, answering, and changing it later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from anchor.acts.transactions import Call, send
from anchor.workspace import Workspace
from registry.chain.calls import TermsTuple
from registry.chain.contract import CredentialRegistry
from registry.chain.ledger import read_ledger
from registry.chain.rpc.client import MinedTransaction
from registry.errors import ChainUnavailable, SettingsError
from registry.recognition.ledger import Accreditation
from registry.recognition.scope import Scope
from registry.records import Kind, Reason


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
    """

    became: str
    data: Callable[[int, int], bytes]


TIME_BITS: Final = 48
"""Of a time as the contract has it."""

ACCEPT: Final = Step("accepted", lambda number, _: CredentialRegistry.accept_accreditation_data(number))
REFUSE: Final = Step("refused", lambda number, _: CredentialRegistry.refuse_accreditation_data(number))


def suspension(reason: Reason, effective: datetime | None = None) -> Step:
    """It does not hold until it is reinstated; by its body."""
    calls = CredentialRegistry.suspend_accreditation_data
    return Step("suspended", lambda number, now: calls(number, _effect(effective, now), reason))


def reinstatement(reason: Reason, effective: datetime | None = None) -> Step:
    """A suspension is lifted; by its body."""
    calls = CredentialRegistry.reinstate_accreditation_data
    return Step("active again", lambda number, now: calls(number, _effect(effective, now), reason))


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
        ChainError: as `send`.
    """
    kind = Kind.ACCREDIT_TO_ACCREDIT if to_accredit else Kind.ACCREDIT_TO_ISSUE
    numbers = terms.numbers(workspace, holder, kind)
    contract = workspace.contract
    call = _making(contract, f"offer {numbers[0]} {holder}", contract.offer_accreditation_data, numbers, terms)
    return _made(contract, send(workspace, call))


def recognise(workspace: Workspace, other: int, terms: Terms) -> Accreditation:
    """Recognise another body's accreditations, as the issuer of the workspace: one way, and never passed on.

    Raises:
        ChainError: as `send`.
    """
    numbers = terms.numbers(workspace, other, Kind.RECOGNISE)
    contract = workspace.contract
    call = _making(contract, f"recognise {numbers[0]} {other}", contract.recognise_data, numbers, terms)
    return _made(contract, send(workspace, call))


def try_step(workspace: Workspace, before: Accreditation, step: Step) -> None:
    """Have the contract try a step; nothing is sent.

    Raises:
        ContractReverted: it refuses.
    """
    contract, data = workspace.contract, _data(workspace, before, step)
    account, to = workspace.signer.address, contract.accreditations_address
    workspace.client.estimate_gas(sender=account, to=to, call_data=data)


def take_step(workspace: Workspace, before: Accreditation, step: Step) -> Accreditation:
    """Change an accreditation or a recognition; what it is then.

    Args:
        before: as it was read: a step that is under way already is the same one only after the same history.

    Raises:
        ChainError: as `send`.
    """
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


def _made(contract: CredentialRegistry, mined: MinedTransaction) -> Accreditation:
    (event,) = contract.decode_events(mined.logs)
    return existing(contract, int(event.arguments["id"]))


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
