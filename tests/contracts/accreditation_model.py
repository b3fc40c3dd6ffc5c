"""Accreditations and recognitions in plain Python, on top of the model of parties.

Histories are lists that are read from their beginning; fields are texts, qualification types are sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from registry.chain.calls import ScopeTuple
from registry.records import AccreditationState as State
from registry.records import Kind
from tests.contracts.model import Event, Model, Refusal

LONGEST_PATH = 5
HIGHEST_LEVEL = 8
JURISDICTIONS = 1000
SCOPE_NAMES = ("field", "fieldDigits", "levelMin", "levelMax", "qualificationTypes", "jurisdiction", "programme")


class Terms(NamedTuple):
    """What an accreditation says."""

    body: int
    holder: int
    valid_from: int
    valid_until: int
    kind: int
    scope: ScopeTuple
    condition_hash: bytes
    evidence_hash: bytes
    evidence_uri: str


class Change(NamedTuple):
    """One change of state, with both clocks."""

    recorded_at: int
    effective_from: int
    state: State
    reason: int


class SignedOffer(NamedTuple):
    """Who signed which offer with which number until when."""

    signer: str
    terms: Terms
    nonce: int
    deadline: int


class SignedAcceptance(NamedTuple):
    """Who signed the acceptance of which terms until when."""

    signer: str
    accreditation: int
    terms: Terms
    deadline: int


@dataclass
class Accreditation:
    """What was offered, and all that became of it."""

    terms: Terms
    history: list[Change]

    def states(self, time: int) -> tuple[State, State]:
        """As known then, as known now."""
        terms, history = self.terms, self.history
        if time < terms.valid_from or (terms.valid_until and time >= terms.valid_until):
            return State.NONE, State.NONE
        then = [change.state for change in history if change.recorded_at <= time]
        now = [change.state for change in history if change.effective_from <= time or change.state is State.VOID]
        return (then or [State.NONE])[-1], (now or [State.NONE])[-1]


@dataclass
class AccreditationModel(Model):
    """The model with accreditations."""

    accreditations: list[Accreditation] = field(default_factory=list)
    used_nonces: set[tuple[int, int]] = field(default_factory=set)

    def offer(self, sender: str, terms: Terms) -> list[Event]:
        self._controlled(terms.body, sender)
        return self._offer(terms)

    def offer_by_signature(self, terms: Terms, nonce: int, deadline: int, signature: SignedOffer) -> list[Event]:
        self._require_signed(
            terms.body, deadline, SignedOffer(signature.signer, terms, nonce, deadline) == signature, signature.signer
        )
        if (terms.body, nonce) in self.used_nonces:
            raise Refusal("NonceUsed", terms.body, nonce)
        events = self._offer(terms)
        self.used_nonces.add((terms.body, nonce))
        return events

    def accept(self, sender: str, number: int) -> list[Event]:
        self._controlled(self._accreditation(number).terms.holder, sender)
        return self._accept(number)

    def accept_by_signature(self, number: int, deadline: int, signature: SignedAcceptance) -> list[Event]:
        terms = self._accreditation(number).terms
        signed = SignedAcceptance(signature.signer, number, terms, deadline) == signature
        self._require_signed(terms.holder, deadline, signed, signature.signer)
        return self._accept(number)

    def refuse(self, sender: str, number: int) -> list[Event]:
        self._controlled(self._accreditation(number).terms.holder, sender)
        return self._answer(number, State.REFUSED, "AccreditationRefused")

    def recognise(self, sender: str, terms: Terms) -> list[Event]:
        self._controlled(terms.body, sender)
        if terms.kind != Kind.RECOGNISE:
            raise Refusal("WrongKind", terms.kind)
        if terms.valid_until and terms.valid_until <= terms.valid_from:
            raise Refusal("InvalidPeriod", terms.valid_from, terms.valid_until)
        number = self._store(terms, State.ACTIVE)
        body, holder, since, until, _, scope, *rest = terms
        return [("Recognised", number, body, holder, named(scope), since, until, *rest)]

    def change(self, sender: str, number: int, to: State, effective_from: int, reason: int) -> list[Event]:
        found = self._accreditation(number)
        body = self._controlled(found.terms.body, sender)
        if to is State.ACTIVE:
            self._require_active(body, found.terms.body)
        last = found.history[-1]
        possible = {
            State.ACTIVE: {State.SUSPENDED, State.WITHDRAWN},
            State.SUSPENDED: {State.ACTIVE, State.WITHDRAWN},
        }
        if to not in possible.get(last.state, set()):
            raise Refusal("InvalidChange", number, last.state, to)
        latest = max(self.now, last.effective_from)
        if not last.effective_from <= effective_from <= latest:
            raise Refusal("InvalidEffect", number, effective_from, last.effective_from, latest)
        found.history.append(Change(self.now, effective_from, to, reason))
        event = {
            State.SUSPENDED: "AccreditationSuspended",
            State.ACTIVE: "AccreditationReinstated",
            State.WITHDRAWN: "AccreditationWithdrawn",
        }[to]
        return [(event, number, effective_from, reason)]

    def void(self, sender: str, number: int, reason: int) -> list[Event]:
        found = self._accreditation(number)
        self._controlled(found.terms.body, sender)
        if (state := found.history[-1].state) in (State.REFUSED, State.VOID):
            raise Refusal("InvalidChange", number, state, State.VOID)
        found.history.append(Change(self.now, found.terms.valid_from, State.VOID, reason))
        return [("AccreditationVoided", number, reason)]

    def state_at(self, number: int, time: int) -> tuple[State, State]:
        return self._accreditation(number).states(time)

    def check_path(self, numbers: Sequence[int], issuer: int, scope: ScopeTuple, time: int) -> tuple[bool, bool, int]:
        if not 1 <= len(numbers) <= LONGEST_PATH:
            raise Refusal("InvalidPathLength", len(numbers))
        _require_valid(scope)
        first = self._accreditation(numbers[0]).terms
        before: Terms | None = None
        for at, number in enumerate(numbers):
            terms = self._accreditation(number).terms
            is_last = at == len(numbers) - 1
            kinds = {Kind.ACCREDIT_TO_ISSUE} if is_last else {Kind.ACCREDIT_TO_ACCREDIT}
            if at == 0 and not is_last:
                kinds.add(Kind.RECOGNISE)
            follows = before is None or terms.body == before.holder
            if terms.kind not in kinds or not follows or (is_last and terms.holder != issuer):
                raise Refusal("BrokenPath", at, number)
            if not covers(terms.scope, scope):
                raise Refusal("ScopeNotCovered", at, number)
            if before is not None and before.kind != Kind.RECOGNISE and not covers(before.scope, terms.scope):
                raise Refusal("ScopeWidened", at, number)
            before = terms
        states = [self.state_at(number, time) for number in numbers]
        then, now = (all(reading[at] is State.ACTIVE for reading in states) for at in (0, 1))
        return then, now, first.body

    def _offer(self, terms: Terms) -> list[Event]:
        if terms.kind == Kind.RECOGNISE:
            raise Refusal("WrongKind", terms.kind)
        if terms.valid_until <= terms.valid_from:
            raise Refusal("InvalidPeriod", terms.valid_from, terms.valid_until)
        number = self._store(terms, State.OFFERED)
        body, holder, since, until, kind, scope, *rest = terms
        return [("AccreditationOffered", number, body, holder, kind, named(scope), since, until, *rest)]

    def _store(self, terms: Terms, state: State) -> int:
        self._require_both_active(terms)
        if terms.body == terms.holder:
            raise Refusal("OwnAccreditation", terms.body)
        _require_valid(terms.scope)
        self.accreditations.append(Accreditation(terms, [Change(self.now, terms.valid_from, state, 0)]))
        return len(self.accreditations)

    def _accept(self, number: int) -> list[Event]:
        self._require_both_active(self._accreditation(number).terms)
        return self._answer(number, State.ACTIVE, "AccreditationAccepted")

    def _answer(self, number: int, to: State, event: str) -> list[Event]:
        found = self._accreditation(number)
        if (state := found.history[-1].state) is not State.OFFERED:
            raise Refusal("InvalidChange", number, state, to)
        found.history.append(Change(self.now, found.terms.valid_from, to, 0))
        return [(event, number)]

    def _require_both_active(self, terms: Terms) -> None:
        for party in (terms.body, terms.holder):
            self._require_active(self._party(party), party)

    def _accreditation(self, number: int) -> Accreditation:
        if not 1 <= number <= len(self.accreditations):
            raise Refusal("UnknownAccreditation", number)
        return self.accreditations[number - 1]

    def _require_signed(self, party: int, deadline: int, these_values: bool, signer: str) -> None:
        if self.now > deadline:
            raise Refusal("SignatureExpired", deadline)
        controller = self._party(party).controller
        if not these_values or signer != controller:
            raise Refusal("NotSignedByController", party, controller)


def named(scope: ScopeTuple) -> dict[str, object]:
    """As the ABI names its parts."""
    return dict(zip(SCOPE_NAMES, scope, strict=True))


def covers(outer: ScopeTuple, inner: ScopeTuple) -> bool:
    """Everything within is without; "any" within is covered by "any" alone."""
    within, without = set(range(inner[2], inner[3] + 1)), set(range(outer[2], outer[3] + 1))
    types_within, types_without = _types(inner), _types(outer)
    return (
        _field(inner).startswith(_field(outer))
        and within <= without
        and (not types_without or (bool(types_within) and types_within <= types_without))
        and outer[5] in (0, inner[5])
        and outer[6] in (bytes(32), inner[6])
    )


def _field(scope: ScopeTuple) -> str:
    return str(scope[0]).zfill(scope[1]) if scope[1] else ""


def _types(scope: ScopeTuple) -> set[int]:
    return {bit for bit in range(32) if scope[4] >> bit & 1}


def _require_valid(scope: ScopeTuple) -> None:
    code, digits, lowest, highest, _, jurisdiction, _ = scope
    field_is = digits in (0, 2, 3, 4) and (len(str(code)) <= digits if digits else code == 0)
    if not field_is or not 1 <= lowest <= highest <= HIGHEST_LEVEL or jurisdiction >= JURISDICTIONS:
        raise Refusal("InvalidScope", code, digits, lowest, highest, jurisdiction)
