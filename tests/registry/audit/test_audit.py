"""The audit against a model of the contract: a good history differs in nothing, a changed one in the right way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.anchors import AnchorPlace, IssuerState, spread
from registry.audit.compare import (
    FolderBatch,
    IndexFacts,
    StorageFacts,
    TreeFacts,
    compare_events,
    compare_folder,
    compare_index,
    compare_repeated,
    compare_storage,
    compare_tree,
)
from registry.audit.kinds import MEANINGS, DifferenceKind
from registry.chain.abi import all_events
from registry.history import RegistryState, leaves_of_word, rebuild
from registry.recognition.ledger import Ledger
from registry.records import (
    NOTHING_SAID,
    AccreditationState,
    Anchor,
    Batch,
    DigestStatus,
    Event,
    Party,
    Purpose,
    Reason,
)
from registry.records import Kind as Statement
from tests.contracts.accreditation_model import AccreditationModel, Terms
from tests.contracts.model import NOBODY, Refusal
from tests.contracts.model import Batch as ModelBatch

ACCOUNTS = [f"0x{number:040x}" for number in range(0xA1, 0xA5)]
PROFILE = bytes(32)
# Of events that both editions have, the second's come last.
INPUTS = {item.name: [part["name"] for part in item.inputs] for item in all_events().values()}
START = 1_750_000_000
SCOPE = (0, 0, 1, 8, 0, 0, bytes(32))

Call = Callable[[AccreditationModel], list[Any]]


class History:
    """Calls on the model, each in a block of its own, and the events they led to."""

    def __init__(self) -> None:
        self.model = AccreditationModel()
        self.events: list[Event] = []

    def call(self, what: Call) -> None:
        model = self.model
        model.block_number += 1
        model.now = START + 10 * model.block_number
        try:
            happened = what(model)
        except Refusal:
            return
        for log_index, (name, *arguments) in enumerate(happened):
            given = dict(zip(INPUTS[name], arguments, strict=True))
            block = model.block_number.to_bytes(32, "big")
            self.events.append(Event(name, given, model.block_number, block, log_index, block, moment(model.now)))


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def batch_state(issuer: int, root: bytes, batch: ModelBatch) -> Batch:
    voided = bool(batch.voided_at)
    return Batch(
        issuer,
        root,
        moment(batch.anchored_at),
        batch.block_number,
        batch.leaf_count or 0,
        batch.sequence,
        moment(batch.voided_at) if voided else None,
        Reason(batch.void_reason) if voided else None,
    )


def word(batch: ModelBatch, purpose: Purpose, number: int) -> int:
    if purpose is Purpose.REVOCATION and batch.voided_at:
        return leaves_of_word(number, batch.leaf_count or 0)
    leaves = batch.revoked if purpose is Purpose.REVOCATION else batch.suspended
    return sum(1 << leaf - 256 * number for leaf in leaves if leaf // 256 == number)


def digest_statuses(history: History) -> dict[tuple[int, bytes], DigestStatus]:
    def said(what: tuple[int, int] | None) -> tuple[datetime | None, Reason | None]:
        return (None, None) if what is None else (moment(what[0]), Reason(what[1]))

    return {
        key: DigestStatus(*said(status.revoked), *said(status.suspended))
        for key, status in history.model.digests.items()
    }


def storage_of(history: History) -> StorageFacts:
    """What a contract in the state of the model answers, to every question there is."""
    model = history.model
    return StorageFacts(
        party_count=len(model.parties),
        accreditation_count=len(model.accreditations),
        parties={
            number: Party(
                number,
                party.controller,
                None if party.pending == NOBODY else party.pending,
                moment(party.registered_at),
                moment(party.retired_at) if party.retired_at else None,
                len(party.roots),
                party.profile_hash,
                party.uri,
                digest_changes=party.digest_changes,
            )
            for number, party in model.parties.items()
        },
        operators={
            (number, account): account in party.operators
            for number, party in model.parties.items()
            for account in ACCOUNTS
        },
        default_issuers={account: model.default_issuers.get(account, 0) for account in ACCOUNTS},
        batches={key: batch_state(*key, batch) for key, batch in model.batches.items()},
        words={
            (*key, int(purpose)): {
                number: word(batch, purpose, number) for number in range(batch_state(*key, batch).words)
            }
            for key, batch in model.batches.items()
            for purpose in Purpose
        },
        digests=digest_statuses(history),
        # The ledger has tests of its own against this model; here it only has to be the true one.
        accreditations=dict(enumerate(ledger_of(history.events).accreditations, 1)),
    )


def ledger_of(events: list[Event]) -> Ledger:
    return Ledger.from_events(events)


def index_of(history: History) -> IndexFacts:
    """What an index in the state of the model says: statuses of a voided batch as before."""
    model = history.model
    anchors = {each.key: Anchor.of(each) for each in history.events if each.name == "Anchored"}
    words = {
        (*key, int(purpose)): {
            number: sum(1 << leaf % 256 for leaf in leaves if leaf // 256 == number)
            for number in {leaf // 256 for leaf in leaves}
        }
        for key, batch in model.batches.items()
        for purpose, leaves in ((Purpose.REVOCATION, batch.revoked), (Purpose.SUSPENSION, batch.suspended))
        if leaves
    }
    batches = [replace(batch_state(*key, batch), anchor=anchors[key]) for key, batch in model.batches.items()]
    counts = len(model.parties), len(model.accreditations)
    return IndexFacts(model.block_number, *counts, batches, words, digest_statuses(history))


def found(events: list[Event], storage: StorageFacts) -> set[DifferenceKind]:
    state = rebuild(events)
    # An audit asks the contract only of those digests that events tell of.
    asked = replace(storage, digests={key: status for key, status in storage.digests.items() if key in state.digests})
    return {each.kind for each in (*compare_events(state), *compare_storage(state, asked))}


# Random histories

accounts = st.sampled_from(ACCOUNTS)
numbers = st.integers(1, 3)
roots = st.integers(1, 4).map(lambda number: number.to_bytes(32, "big"))
counts = st.sampled_from([1, 255, 256, 600])
masks = st.sampled_from([1, 2, 3, 1 << 255, (1 << 256) - 1, 0x5A << 8])
words = st.integers(0, 2)
reasons = st.integers(0, 8)
purposes = st.sampled_from(list(Purpose))
STEPS: list[Callable[..., st.SearchStrategy[Call]]] = []


def step(*strategies: Any) -> Callable[[Callable[..., Call]], Callable[..., Call]]:
    def register(make: Callable[..., Call]) -> Callable[..., Call]:
        STEPS.append(lambda: st.builds(make, *strategies))
        return make

    return register


def _operator(model: AccreditationModel, issuer: int) -> str:
    party = model.parties.get(issuer)
    return min(party.operators, default=NOBODY) if party else NOBODY


def _controller(model: AccreditationModel, party: int) -> str:
    return model.parties[party].controller if party in model.parties else NOBODY


@step(accounts, st.sampled_from(["", "https://a.example"]))
def register(account: str, uri: str) -> Call:
    return lambda model: model.register_party(account, uri, PROFILE)


@step(numbers, st.sampled_from(["did:web:b.example", "\u202egnp"]))
def profile(party: int, uri: str) -> Call:
    return lambda model: model.set_profile(_controller(model, party), party, uri, PROFILE)


@step(numbers, accounts, st.booleans())
def operator(party: int, account: str, allowed: bool) -> Call:
    return lambda model: model.set_operator(_controller(model, party), party, account, allowed)


@step(numbers, st.sampled_from([*ACCOUNTS, NOBODY]))
def transfer(party: int, to: str) -> Call:
    return lambda model: model.transfer_controller(_controller(model, party), party, to)


@step(numbers)
def accept_control(party: int) -> Call:
    def call(model: AccreditationModel) -> list[Any]:
        pending = model.parties[party].pending if party in model.parties else NOBODY
        return [] if pending == NOBODY else model.accept_controller(pending, party)  # nobody sends as the zero address

    return call


@step(numbers, st.integers(0, 5))
def retire(party: int, really: int) -> Call:
    return lambda model: [] if really else model.retire(_controller(model, party), party)


@step(numbers, roots, counts)
def anchor(issuer: int, root: bytes, count: int) -> Call:
    return lambda model: model.anchor(_operator(model, issuer), issuer, root, count)


@step(numbers, st.lists(roots, max_size=3), counts)
def anchor_many(issuer: int, several: list[bytes], count: int) -> Call:
    return lambda model: model.anchor_many(_operator(model, issuer), issuer, several, [count] * len(several))


@step(accounts, st.integers(0, 3))
def default_issuer(account: str, issuer: int) -> Call:
    return lambda model: model.set_default_issuer(account, issuer)


@step(accounts, roots)
def bare_root(account: str, root: bytes) -> Call:
    return lambda model: model.anchor_bare_root(account, root)


@step(numbers, roots, counts)
def state_count(issuer: int, root: bytes, count: int) -> Call:
    return lambda model: model.state_leaf_count(_operator(model, issuer), issuer, root, count)


@step(numbers, roots, purposes, words, masks, reasons)
def set_status(issuer: int, root: bytes, purpose: Purpose, number: int, mask: int, reason: int) -> Call:
    return lambda model: model.set_status(_operator(model, issuer), issuer, root, purpose, number, mask, reason)


@step(numbers, roots, words, masks, reasons)
def clear(issuer: int, root: bytes, number: int, mask: int, reason: int) -> Call:
    return lambda model: model.clear_suspension(_operator(model, issuer), issuer, root, number, mask, reason)


def _by_digest(act: str) -> Callable[[int, list[bytes], int], Call]:
    def make(issuer: int, several: list[bytes], reason: int) -> Call:
        return lambda model: getattr(model, act)(_operator(model, issuer), issuer, several, reason)

    return make


for each in ("revoke_digests", "suspend_digests", "reinstate_digests"):
    step(numbers, st.lists(roots, max_size=3), reasons)(_by_digest(each))


@step(numbers, roots, reasons, st.integers(0, 3))
def void(issuer: int, root: bytes, reason: int, really: int) -> Call:
    return lambda model: [] if really else model.void_batch(_controller(model, issuer), issuer, root, reason)


@step(numbers, roots, roots)
def supersede(issuer: int, root: bytes, by: bytes) -> Call:
    return lambda model: model.supersede(_operator(model, issuer), issuer, root, 0, by, 0)


@step(numbers, numbers, st.sampled_from(list(Statement)))
def say(body: int, holder: int, kind: Statement) -> Call:
    terms = Terms(body, holder, START, START + 10**6, int(kind), SCOPE, PROFILE, PROFILE, "https://evidence.example")

    def call(model: AccreditationModel) -> list[Any]:
        by = _controller(model, body)
        return model.recognise(by, terms) if kind is Statement.RECOGNISE else model.offer(by, terms)

    return call


@step(numbers)
def accept(number: int) -> Call:
    def call(model: AccreditationModel) -> list[Any]:
        holder = model.accreditations[number - 1].terms.holder if number <= len(model.accreditations) else 0
        return model.accept(_controller(model, holder), number)

    return call


@step(numbers, st.sampled_from([AccreditationState.SUSPENDED, AccreditationState.ACTIVE, AccreditationState.WITHDRAWN]))
def change(number: int, to: AccreditationState) -> Call:
    def call(model: AccreditationModel) -> list[Any]:
        body = model.accreditations[number - 1].terms.body if number <= len(model.accreditations) else 0
        return model.change(_controller(model, body), number, to, model.now, 7)

    return call


@st.composite
def histories(draw: st.DrawFn) -> History:
    history = History()
    for account in ACCOUNTS[:2]:
        history.call(register(account, "https://uni.example"))
    for call in draw(st.lists(st.one_of(*(make() for make in STEPS)), max_size=30)):
        history.call(call)
    return history


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)


@UNHURRIED
@given(histories())
def test_a_good_history_differs_in_nothing(history: History) -> None:
    state = rebuild(history.events)
    assert list(compare_events(state)) == []
    assert list(compare_storage(state, storage_of(history))) == []
    assert list(compare_index(state, index_of(history))) == []
    for (issuer, root), batch in history.model.batches.items():
        told = state.batches[issuer, root]
        assert told.withdrawn == (batch.leaf_count or 0 if batch.voided_at else len(batch.revoked))
        assert (told.revoked, told.suspended) == (len(batch.revoked), len(batch.suspended))


@UNHURRIED
@given(histories(), st.data())
def test_a_clean_audit_of_any_other_history_still_has_the_state_right(history: History, data: st.DataObject) -> None:
    """One event is left out, moved, or made up: it is found, or it changes nothing that the contract stores."""
    events, storage = history.events, storage_of(history)
    at = data.draw(st.integers(0, len(events) - 1))
    other = data.draw(st.integers(0, len(events) - 1))
    how = data.draw(st.sampled_from(["left out", "twice", "instead"]))
    changed = {
        "left out": [*events[:at], *events[at + 1 :]],
        "twice": [*events[: at + 1], *events[at:]],
        "instead": [*events[:at], replace(events[other], block_number=events[at].block_number), *events[at + 1 :]],
    }[how]
    if not found(changed, storage):
        came_to, whole = rebuild(changed), rebuild(events)
        whole.digests = {key: status for key, status in whole.digests.items() if key in came_to.digests}
        assert stored(came_to) == stored(whole)
        assert how != "twice"


def stored(state: RegistryState) -> tuple[Any, ...]:
    words = {(key, number): bits for key, each in state.words.items() for number, bits in each.items() if bits}
    operators = {key for key, allowed in state.operators.items() if allowed}
    defaults = {account: issuer for account, issuer in state.default_issuers.items() if issuer}
    digests = {key: status for key, status in state.digests.items() if status != NOTHING_SAID}
    return state.parties, operators, defaults, state.batches, words, digests, state.ledger


# One change, exactly the right difference

ROOT, SECOND, BARE, VOIDED, DIGEST, OTHER = (number.to_bytes(32, "big") for number in range(11, 17))


@pytest.fixture(scope="module")
def good() -> History:
    """Every event of the contract at least once."""
    history, (first, second, third, _) = History(), ACCOUNTS
    terms = Terms(2, 1, START, START + 10**6, int(Statement.ACCREDIT_TO_ISSUE), SCOPE, PROFILE, PROFILE, "")
    calls: list[Call] = [
        register(first, "https://uni.example"),
        register(second, "https://body.example"),
        register(second, "https://retired.example"),
        lambda model: model.set_operator(first, 1, third, True),
        lambda model: model.set_profile(first, 1, "https://new.example", PROFILE),
        lambda model: model.anchor(first, 1, ROOT, 600),
        lambda model: model.anchor(first, 1, SECOND, 300),
        lambda model: model.set_default_issuer(first, 1),
        lambda model: model.anchor_bare_root(first, BARE),
        lambda model: model.state_leaf_count(first, 1, BARE, 5),
        lambda model: model.anchor(second, 2, VOIDED, 10),
        lambda model: model.set_status(first, 1, ROOT, Purpose.REVOCATION, 2, 0b101, 2),
        lambda model: model.set_status(first, 1, ROOT, Purpose.SUSPENSION, 0, 0b11, 7),
        lambda model: model.clear_suspension(first, 1, ROOT, 0, 0b10, 8),
        lambda model: model.revoke_digests(third, 1, [DIGEST], 2),
        lambda model: model.suspend_digests(first, 1, [DIGEST, OTHER], 7),
        lambda model: model.reinstate_digests(first, 1, [OTHER], 8),
        lambda model: model.void_batch(second, 2, VOIDED, 6),
        lambda model: model.supersede(first, 1, ROOT, 0, SECOND, 0),
        lambda model: model.offer(second, terms),
        lambda model: model.accept(first, 1),
        lambda model: model.change(second, 1, AccreditationState.SUSPENDED, model.now, 7),
        lambda model: model.change(second, 1, AccreditationState.ACTIVE, model.now, 8),
        lambda model: model.change(second, 1, AccreditationState.WITHDRAWN, model.now, 4),
        lambda model: model.offer(second, terms),
        lambda model: model.refuse(first, 2),
        lambda model: model.recognise(second, terms._replace(holder=3, kind=int(Statement.RECOGNISE))),
        lambda model: model.void(second, 3, 1),
        lambda model: model.transfer_controller(second, 3, third),
        lambda model: model.accept_controller(third, 3),
        lambda model: model.retire(third, 3),
    ]
    for call in calls:
        before = len(history.events)
        history.call(call)
        assert len(history.events) > before
    assert {event.name for event in history.events} == set(INPUTS) - {"EIP712DomainChanged"}
    return history


def place(history: History, name: str, which: int = 0) -> int:
    return [at for at, event in enumerate(history.events) if event.name == name][which]


@pytest.mark.parametrize(
    ("name", "which", "kinds"),
    [
        (
            "PartyRegistered",
            2,
            {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.PARTY_COUNT, DifferenceKind.PARTY_DIFFERS},
        ),
        ("ProfileSet", 0, {DifferenceKind.PARTY_DIFFERS}),
        ("OperatorSet", 3, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.OPERATOR_DIFFERS}),
        ("OperatorSet", 0, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.OPERATOR_DIFFERS}),
        ("ControllerOffered", 0, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("ControllerChanged", 0, {DifferenceKind.PARTY_DIFFERS}),
        ("PartyRetired", 0, {DifferenceKind.PARTY_DIFFERS}),
        ("Anchored", 1, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.BATCH_MISSING}),
        ("Anchored", 3, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.BATCH_MISSING, DifferenceKind.PARTY_DIFFERS}),
        ("LeafCountStated", 0, {DifferenceKind.BATCH_DIFFERS}),
        ("DefaultIssuerSet", 0, {DifferenceKind.OPERATOR_DIFFERS}),
        ("StatusSet", 0, {DifferenceKind.STATUS_DIFFERS}),
        ("StatusSet", 1, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.STATUS_DIFFERS}),
        ("SuspensionCleared", 0, {DifferenceKind.STATUS_DIFFERS}),
        ("BatchVoided", 0, {DifferenceKind.BATCH_DIFFERS, DifferenceKind.STATUS_DIFFERS}),
        ("DigestRevoked", 0, {DifferenceKind.PARTY_DIFFERS, DifferenceKind.STATUS_DIFFERS}),
        ("DigestSuspended", 0, {DifferenceKind.PARTY_DIFFERS, DifferenceKind.STATUS_DIFFERS}),
        ("DigestSuspended", 1, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.PARTY_DIFFERS}),
        ("DigestReinstated", 0, {DifferenceKind.PARTY_DIFFERS, DifferenceKind.STATUS_DIFFERS}),
        ("AccreditationOffered", 0, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("AccreditationAccepted", 0, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("AccreditationWithdrawn", 0, {DifferenceKind.ACCREDITATION_DIFFERS}),
        ("AccreditationRefused", 0, {DifferenceKind.ACCREDITATION_DIFFERS}),
        ("AccreditationVoided", 0, {DifferenceKind.ACCREDITATION_DIFFERS}),
        # Nothing in the contract's storage follows from it: docs/reference/audit.md says so.
        ("Superseded", 0, set()),
    ],
)
def test_an_event_that_is_left_out(good: History, name: str, which: int, kinds: set[DifferenceKind]) -> None:
    at = place(good, name, which)
    assert found([*good.events[:at], *good.events[at + 1 :]], storage_of(good)) == kinds


def test_an_event_that_is_told_twice_is_impossible_and_nothing_else(good: History) -> None:
    storage = storage_of(good)
    for at in range(len(good.events)):
        state = rebuild([*good.events[: at + 1], *good.events[at:]])
        assert [each.kind for each in compare_events(state)] == [DifferenceKind.EVENT_IMPOSSIBLE]
        assert list(compare_storage(state, storage)) == []


def test_the_last_two_accreditations_left_out(good: History) -> None:
    events = [event for event in good.events if event.name not in ("Recognised", "AccreditationVoided")]
    assert found(events, storage_of(good)) == {DifferenceKind.ACCREDITATION_COUNT, DifferenceKind.ACCREDITATION_DIFFERS}


@pytest.mark.parametrize(
    ("name", "which", "changes", "kinds"),
    [
        ("Anchored", 1, {"leafCount": 299}, {DifferenceKind.BATCH_DIFFERS}),
        ("Anchored", 3, {"operator": ACCOUNTS[3]}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("Anchored", 1, {"sequence": 7}, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.BATCH_DIFFERS}),
        ("StatusSet", 0, {"changed": 0b111}, {DifferenceKind.STATUS_DIFFERS}),
        ("StatusSet", 0, {"word": 1}, {DifferenceKind.STATUS_DIFFERS}),
        ("StatusSet", 0, {"word": 3}, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.STATUS_DIFFERS}),
        ("StatusSet", 0, {"purpose": 1}, {DifferenceKind.STATUS_DIFFERS}),
        ("BatchVoided", 0, {"reason": 1}, {DifferenceKind.BATCH_DIFFERS}),
        ("BatchVoided", 0, {"controller": ACCOUNTS[3]}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("DigestRevoked", 0, {"reason": 3}, {DifferenceKind.STATUS_DIFFERS}),
        ("DigestRevoked", 0, {"digest": OTHER}, {DifferenceKind.STATUS_DIFFERS}),
        ("DigestRevoked", 0, {"operator": ACCOUNTS[3]}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("DigestReinstated", 0, {"digest": ROOT}, {DifferenceKind.EVENT_IMPOSSIBLE, DifferenceKind.STATUS_DIFFERS}),
        ("ControllerOffered", 0, {"operators": ()}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("ControllerOffered", 0, {"operators": (ACCOUNTS[1], ACCOUNTS[3])}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("ControllerChanged", 0, {"operators": (ACCOUNTS[1], ACCOUNTS[1])}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("Superseded", 0, {"index": 600}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("Superseded", 0, {"replacementRoot": bytes(32)}, {DifferenceKind.EVENT_IMPOSSIBLE}),
        ("PartyRegistered", 2, {"uri": "https://evil.example"}, {DifferenceKind.PARTY_DIFFERS}),
        ("AccreditationOffered", 0, {"validUntil": START + 5}, {DifferenceKind.ACCREDITATION_DIFFERS}),
        ("AccreditationOffered", 0, {"kind": 9}, {DifferenceKind.EVENT_IMPOSSIBLE}),
    ],
)
def test_an_event_that_says_something_else(
    good: History, name: str, which: int, changes: dict[str, Any], kinds: set[DifferenceKind]
) -> None:
    at = place(good, name, which)
    event = good.events[at]
    changed = replace(event, arguments={**event.arguments, **changes})
    assert found([*good.events[:at], changed, *good.events[at + 1 :]], storage_of(good)) == kinds


def test_storage_that_says_something_else(good: History) -> None:
    state, storage = rebuild(good.events), storage_of(good)
    key, party = (1, ROOT), storage.parties[1]
    assert party is not None
    batch = storage.batches[key]
    assert batch is not None
    bitmap, said = (1, ROOT, 0), storage.digests[1, DIGEST]
    first = storage.accreditations[1]
    assert first is not None
    cases: list[tuple[dict[str, Any], list[DifferenceKind]]] = [
        ({"party_count": 4}, [DifferenceKind.PARTY_COUNT]),
        ({"parties": {1: replace(party, controller=NOBODY)}}, [DifferenceKind.PARTY_DIFFERS]),
        ({"parties": {1: None}}, [DifferenceKind.PARTY_DIFFERS]),
        ({"parties": {9: party}}, [DifferenceKind.PARTY_DIFFERS]),
        ({"operators": {(1, ACCOUNTS[3]): True}}, [DifferenceKind.OPERATOR_DIFFERS]),
        ({"default_issuers": {ACCOUNTS[3]: 1}}, [DifferenceKind.OPERATOR_DIFFERS]),
        ({"batches": {key: None}}, [DifferenceKind.BATCH_MISSING]),
        ({"batches": {(1, b"?" * 32): batch}}, [DifferenceKind.BATCH_MISSING]),
        ({"batches": {key: replace(batch, leaf_count=599)}}, [DifferenceKind.BATCH_DIFFERS]),
        ({"batches": {key: replace(batch, leaf_count=1, sequence=9)}}, [DifferenceKind.BATCH_DIFFERS] * 2),
        ({"words": {bitmap: {2: 0b100}}}, [DifferenceKind.STATUS_DIFFERS]),
        ({"words": {bitmap: {0: 1, 1: 1}}}, [DifferenceKind.STATUS_DIFFERS] * 2),
        ({"digests": {(1, DIGEST): NOTHING_SAID}}, [DifferenceKind.STATUS_DIFFERS] * 4),
        ({"digests": {(1, OTHER): replace(said, revoked_at=moment(1))}}, [DifferenceKind.STATUS_DIFFERS] * 4),
        ({"digests": {(2, DIGEST): NOTHING_SAID}}, []),
        ({"accreditation_count": 2}, [DifferenceKind.ACCREDITATION_COUNT]),
        ({"accreditations": {1: None}}, [DifferenceKind.ACCREDITATION_DIFFERS]),
        ({"accreditations": {4: first}}, [DifferenceKind.ACCREDITATION_DIFFERS]),
        ({"accreditations": {1: replace(first, changes=first.changes[:-1])}}, [DifferenceKind.ACCREDITATION_DIFFERS]),
    ]
    for changed, kinds in cases:
        assert [each.kind for each in compare_storage(state, replace(storage, **changed))] == kinds, changed


def test_a_word_names_the_leaves(good: History) -> None:
    (found_one,) = compare_storage(
        rebuild(good.events), replace(storage_of(good), words={(1, ROOT, 0): {2: (1 << 80) - 1}})
    )
    assert found_one.issuer == 1
    assert "leaves 513, 515, 516, 517, 518, 519, 520, 521 and 70 more" in found_one.what


# The index


@UNHURRIED
@given(histories(), st.data())
def test_an_index_with_one_change_differs_in_that(history: History, data: st.DataObject) -> None:
    state, index = rebuild(history.events), index_of(history)
    if not index.batches:
        return
    at = data.draw(st.integers(0, len(index.batches) - 1))
    batch = index.batches[at]
    others = [*index.batches[:at], *index.batches[at + 1 :]]
    invented = replace(batch, root=b"?" * 32)
    sent_otherwise = replace(batch, anchor=batch.seen._replace(transaction=b""))
    bitmap = (batch.issuer, batch.root, 0)
    suspended = DigestStatus(suspended_at=moment(1), suspension_reason=Reason.UNDER_REVIEW)
    flipped = {0: index.words.get(bitmap, {}).get(0, 0) ^ 1}
    cases = [
        (replace(index, batches=others), [DifferenceKind.NOT_IN_INDEX]),
        (replace(index, batches=[*index.batches, invented]), [DifferenceKind.INDEX_NOT_ON_CHAIN]),
        (replace(index, batches=[*others, replace(batch, leaf_count=7)]), [DifferenceKind.INDEX_DIFFERS]),
        (replace(index, batches=[*others, replace(batch, sequence=99)]), [DifferenceKind.INDEX_DIFFERS]),
        (replace(index, batches=[*others, replace(batch, block_number=0)]), [DifferenceKind.INDEX_DIFFERS]),
        (
            replace(index, batches=[*others, sent_otherwise]),
            [DifferenceKind.INDEX_DIFFERS],
        ),
        (replace(index, batches=[*others, replace(batch, voided_at=moment(1))]), [DifferenceKind.INDEX_DIFFERS]),
        (
            replace(index, words={**index.words, bitmap: {**index.words.get(bitmap, {}), **flipped}}),
            [DifferenceKind.INDEX_DIFFERS],
        ),
        (replace(index, digests={**index.digests, (9, PROFILE): suspended}), [DifferenceKind.INDEX_DIFFERS] * 2),
        (replace(index, party_count=0), [DifferenceKind.INDEX_DIFFERS]),
        (replace(index, accreditation_count=99), [DifferenceKind.INDEX_DIFFERS]),
    ]
    for changed, kinds in cases:
        assert [each.kind for each in compare_index(state, changed)] == kinds


def test_what_was_said_of_digests_is_compared_with_the_index(good: History) -> None:
    state, index = rebuild(good.events), index_of(good)
    unheard = list(compare_index(state, replace(index, digests={})))
    assert [(each.kind, each.issuer) for each in unheard] == [(DifferenceKind.INDEX_DIFFERS, 1)] * 4
    assert unheard[0].subject == f"issuer 1, digest {DIGEST.hex()}"
    assert "none by the index" in unheard[0].what
    assert list(compare_index(state, replace(index, digests={}), issuer=2)) == []


def test_only_the_issuer_and_blocks_that_were_asked_for_are_compared_with_the_index(good: History) -> None:
    state, index = rebuild(good.events), replace(index_of(good), batches=[], words={})
    assert {each.issuer for each in compare_index(state, index, issuer=2)} == {2}
    assert list(compare_index(state, index, first_block=10_000)) == []


# The database of the data folder

AS_OF = moment(START + 10**5)


def rows_of(history: History) -> list[FolderBatch]:
    return [
        FolderBatch(
            batch.issuer,
            batch.root,
            batch.leaf_count,
            "final",
            True,
            sequence=batch.sequence,
            block_number=batch.block_number,
            transaction=batch.seen.transaction,
        )
        for batch in index_of(history).batches
    ]


def compared(history: History, rows: list[FolderBatch], **options: Any) -> list[DifferenceKind]:
    given = {"last_block": history.model.block_number, "as_of": AS_OF, "own": [1, 2], **options}
    return [each.kind for each in compare_folder(rebuild(history.events), rows, **given)]


def test_the_database(good: History) -> None:
    rows = rows_of(good)
    first, *others = rows
    unknown = replace(first, root=b"?" * 32)
    sealed = replace(first, state="sealed", anchored=False, sequence=None, block_number=None, transaction=None)
    assert compared(good, rows) == []
    assert compared(good, [*rows, replace(unknown, state="sealed", anchored=False)]) == []
    cases: list[tuple[list[FolderBatch], list[DifferenceKind]]] = [
        (others, [DifferenceKind.NOT_IN_FOLDER]),
        ([*rows, unknown], [DifferenceKind.NOT_ON_CHAIN]),
        ([*others, replace(first, leaf_count=1)], [DifferenceKind.FOLDER_DIFFERS]),
        ([*others, replace(first, sequence=3)], [DifferenceKind.FOLDER_DIFFERS]),
        ([*others, replace(first, leaves=first.leaf_count - 1)], [DifferenceKind.FOLDER_DIFFERS]),
        ([*others, replace(first, leaves=first.leaf_count)], []),
        ([*others, replace(first, block_number=3)], [DifferenceKind.FOLDER_DIFFERS]),
        ([*others, replace(first, transaction=b"?" * 32)], [DifferenceKind.FOLDER_DIFFERS]),
        ([*others, replace(sealed, state="cancelled", given_up=True)], [DifferenceKind.FOLDER_DIFFERS]),
        ([*others, sealed], [DifferenceKind.FOLDER_DIFFERS]),
    ]
    for changed, kinds in cases:
        assert compared(good, changed) == kinds


def test_an_operator_has_an_hour_to_see_that_a_batch_is_on_the_chain(good: History) -> None:
    first, *others = rows_of(good)
    sealed = replace(first, state="broadcast", anchored=False)
    anchored = rebuild(good.events).batches[first.issuer, first.root].anchored_at
    assert compared(good, [*others, sealed], as_of=anchored + timedelta(hours=1)) == []
    assert compared(good, [*others, sealed], as_of=anchored + timedelta(hours=1, seconds=1)) == [
        DifferenceKind.FOLDER_DIFFERS
    ]


def test_what_the_database_saw_after_the_audited_block_is_left_alone(good: History) -> None:
    rows = rows_of(good)
    later = replace(rows[0], root=b"?" * 32, block_number=good.model.block_number + 1)
    assert compared(good, [*rows, later]) == []
    assert compared(good, [], first_block=good.model.block_number + 1) == []
    assert compared(good, [], own=[2]) == [DifferenceKind.NOT_IN_FOLDER]


# Trees


@pytest.mark.parametrize(
    ("tree", "leaf_count", "kinds"),
    [
        (TreeFacts(3), 3, []),
        (TreeFacts(3), 0, []),
        (TreeFacts(missing=True), 3, [DifferenceKind.TREE_MISSING]),
        (TreeFacts(damaged="node 1 differs"), 3, [DifferenceKind.TREE_DAMAGED]),
        (TreeFacts(3, unsorted="leaf 2"), 3, [DifferenceKind.TREE_UNSORTED]),
        (TreeFacts(3, positions="its checksum differs"), 3, [DifferenceKind.POSITIONS_DIFFER]),
        (TreeFacts(4), 3, [DifferenceKind.LEAF_COUNT_DIFFERS]),
        (TreeFacts(4, unsorted="leaf 2"), 3, [DifferenceKind.TREE_UNSORTED, DifferenceKind.LEAF_COUNT_DIFFERS]),
    ],
)
def test_trees(tree: TreeFacts, leaf_count: int, kinds: list[DifferenceKind]) -> None:
    assert [each.kind for each in compare_tree(1, ROOT, leaf_count, tree)] == kinds


# Credentials in several batches

HERE, THERE, THIRD = (AnchorPlace(root, 0) for root in (ROOT, SECOND, BARE))


def apart(**said: Any) -> list[str]:
    """What is found when one credential is in three batches of an issuer of whom that is known."""
    state = IssuerState(1, {each.root: 1 for each in (HERE, THERE, THIRD)}, **said)
    return [
        f"{each.subject}: {each.what}" for each in compare_repeated(1, spread(state, [(DIGEST, [HERE, THERE, THIRD])]))
    ]


def marked(place: AnchorPlace, purpose: Purpose) -> dict[tuple[bytes, int], dict[int, int]]:
    return {(place.root, int(purpose)): {0: 1}}


def test_a_credential_that_is_revoked_by_its_place_alone_stands_apart_wherever_else_it_is() -> None:
    found = apart(words=marked(HERE, Purpose.REVOCATION))
    assert found == [
        f"issuer 1, root 0x{root.hex()}: the credential {DIGEST.hex()} is revoked as leaf 0 of the batch "
        f"0x{ROOT.hex()}, and not as leaf 0 of this one"
        for root in (SECOND, BARE)
    ]
    assert [line.count("revoked with its batch") for line in apart(voided={ROOT})] == [1, 1]
    assert [line.count("is suspended as leaf 0") for line in apart(words=marked(HERE, Purpose.SUSPENSION))] == [1, 1]


def test_what_is_said_of_the_digest_itself_leaves_nothing_apart() -> None:
    revoked = {DIGEST: DigestStatus(revoked_at=AS_OF, revocation_reason=Reason.ISSUED_IN_ERROR)}
    suspended = {DIGEST: DigestStatus(suspended_at=AS_OF, suspension_reason=Reason.UNDER_REVIEW)}
    assert apart(digests=revoked) == apart(digests=suspended) == []
    assert apart(digests=revoked, words=marked(HERE, Purpose.REVOCATION)) == []
    assert apart(digests=revoked, words=marked(HERE, Purpose.SUSPENSION), voided={SECOND}) == []
    assert apart(digests=suspended, words=marked(HERE, Purpose.SUSPENSION)) == []
    assert len(apart(digests=suspended, words=marked(HERE, Purpose.REVOCATION))) == 2


def test_what_a_stranger_finds_revoked_anyhow_is_not_apart_because_it_is_suspended_elsewhere() -> None:
    words = marked(HERE, Purpose.REVOCATION) | marked(THERE, Purpose.SUSPENSION)
    assert [line.split(":")[0] for line in apart(words=words)] == [
        f"issuer 1, root 0x{root.hex()}" for root in (SECOND, BARE)
    ]


def test_an_anchor_that_was_superseded_makes_nothing_stand_apart() -> None:
    words = marked(HERE, Purpose.REVOCATION)
    assert apart(words=words, superseded={HERE: THERE, THERE: THIRD}) == []
    assert len(apart(words=words, superseded={HERE: THERE})) == 1


def test_every_kind_says_what_it_means() -> None:
    assert set(MEANINGS) == set(DifferenceKind)
