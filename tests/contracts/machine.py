"""The contract and its model side by side, and what was done to both, so that another chain can be asked the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.contracts.accreditation_model import AccreditationModel
from tests.contracts.model import NOBODY, Event, Refusal
from tests.contracts.world import ACCOUNTS, KEYS, Done, Reverted, World, function_named

KEY_OF = dict(zip(ACCOUNTS, KEYS, strict=True))
PROFILE = b"\x0a" * 32

# Few enough of each that most calls meet; one of each that is not there.
people = st.sampled_from(ACCOUNTS[:3])
# None for somebody who is entitled to the call, which is most interesting.
senders = st.sampled_from([*[None] * 7, *ACCOUNTS[:3]])
numbers = st.sampled_from([1, 1, 1, 1, 2, 2, 3])

Outcome = tuple[Event, ...] | tuple[str, tuple[object, ...]]


class Step(NamedTuple):
    """A transaction or, where the contract refused it, a call; `time` is that of its block."""

    sender: str
    data: bytes
    time: int
    refused: bool
    outcome: Outcome


class Question(NamedTuple):
    """What a view answered at the end."""

    function: str
    arguments: tuple[object, ...]
    answer: object


@dataclass
class Trace:
    """One course of calls on a contract as it was deployed."""

    steps: list[Step] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


@dataclass
class Explored:
    """What the runs of a machine met: how often each event and refusal, and every course of calls."""

    outcomes: Counter[str] = field(default_factory=Counter)
    traces: list[Trace] = field(default_factory=list)


class Both(RuleBasedStateMachine):
    """Both of them, and the calls of parties; other machines add theirs."""

    def __init__(self, world: World, explored: Explored):
        super().__init__()
        self.world = world
        self.explored = explored
        self.model = AccreditationModel()
        self.trace = Trace()
        self.snapshot = world.tester.take_snapshot()

    def teardown(self) -> None:
        for function, *arguments in self.questions():
            answer = self.world.ask(function, *arguments)
            self.trace.questions.append(Question(function, tuple(arguments), answer))
        self.explored.traces.append(self.trace)
        self.world.tester.revert_to_snapshot(self.snapshot)

    def questions(self) -> list[tuple[Any, ...]]:
        """Functions with their arguments, to be asked at the end."""
        views = ("partyOf", "operatorsOf", "governanceOf")
        return [(view, party) for party in self.model.parties for view in views]

    def both(self, sender: str, data: bytes, predict: Callable[[AccreditationModel], list[Event]]) -> None:
        """The call on chain and in the model: the same events, or the same refusal and nothing changed."""
        header = self.world.tester.backend.chain.get_block().header
        # A refusal is found without sending, in the block that would come next.
        self.model.now, self.model.block_number = header.timestamp, header.block_number
        expected = self.predicted(predict)
        try:
            done = self.world.send_data(data, sender=sender)
        except Reverted as refusal:
            outcome: Outcome = (refusal.error, refusal.arguments)
            assert outcome == expected
            self.explored.outcomes[refusal.error] += 1
            self.trace.steps.append(Step(sender, data, header.timestamp, True, outcome))
            return
        self._happened(sender, data, done, predict)

    def _happened(
        self, sender: str, data: bytes, done: Done, predict: Callable[[AccreditationModel], list[Event]]
    ) -> None:
        self.model.now, self.model.block_number = done.timestamp, done.block_number
        # Before the model changes, so that a wrong prediction is shown with the state that it was made in.
        assert [_in_order(event) for event in done.events] == self.predicted(predict)
        predict(self.model)
        self.explored.outcomes.update(event[0] for event in done.events)
        self.trace.steps.append(Step(sender, data, done.timestamp, False, done.events))

    def predicted(self, predict: Callable[[AccreditationModel], object]) -> object:
        """What a copy of the model does: what happens to a copy does not happen."""
        try:
            return predict(deepcopy(self.model))
        except Refusal as refusal:
            return refusal.error, refusal.arguments

    def asked(self, function: str, *arguments: object) -> object:
        """What the contract answers or refuses."""
        try:
            return self.world.ask(function, *arguments)
        except Reverted as refusal:
            return refusal.error, refusal.arguments

    def controller(self, sender: str | None, party: int) -> str:
        """Whoever was drawn, or else the party's controller."""
        return sender or (self.model.parties[party].controller if party in self.model.parties else ACCOUNTS[0])

    def operator(self, sender: str | None, party: int) -> str:
        """Whoever was drawn, or else the first of the party's operators."""
        operators = self.model.parties[party].operators if party in self.model.parties else set()
        return sender or min(operators, default=ACCOUNTS[0])

    def register_party(self, sender: str) -> None:
        self.both(
            sender,
            call("registerParty", "https://a.example", PROFILE),
            lambda model: model.register_party(sender, "https://a.example", PROFILE),
        )

    @rule(sender=senders, party=numbers, uri=st.sampled_from(["", "https://b.example/" + "x" * 40]))
    def set_profile(self, sender: str | None, party: int, uri: str) -> None:
        by = self.controller(sender, party)
        self.both(
            by,
            call("setProfile", party, uri, PROFILE[::-1]),
            lambda model: model.set_profile(by, party, uri, PROFILE[::-1]),
        )

    @rule(sender=senders, party=numbers, operator=st.sampled_from([*ACCOUNTS[:3], NOBODY]), allowed=st.booleans())
    def set_operator(self, sender: str | None, party: int, operator: str, allowed: bool) -> None:
        by = self.controller(sender, party)
        self.both(
            by,
            call("setOperator", party, operator, allowed),
            lambda model: model.set_operator(by, party, operator, allowed),
        )

    @rule(sender=senders, party=numbers, to=st.sampled_from([*ACCOUNTS[:3], NOBODY]))
    def transfer_controller(self, sender: str | None, party: int, to: str) -> None:
        by = self.controller(sender, party)
        self.both(
            by,
            call("transferController", party, to),
            lambda model: model.transfer_controller(by, party, to),
        )

    @precondition(lambda self: any(party.pending != NOBODY for party in self.model.parties.values()))
    @rule(sender=senders, party=numbers)
    def accept_controller(self, sender: str | None, party: int) -> None:
        pending = self.model.parties[party].pending if party in self.model.parties else NOBODY
        by = sender or (pending if pending != NOBODY else ACCOUNTS[2])
        self.both(by, call("acceptController", party), lambda model: model.accept_controller(by, party))

    @rule(sender=senders, party=numbers, really=st.integers(0, 3))
    def retire(self, sender: str | None, party: int, really: int) -> None:
        by = self.controller(sender, party)
        if really == 3:
            self.both(by, call("retire", party), lambda model: model.retire(by, party))


def call(function: str, *arguments: object) -> bytes:
    """The data of a call."""
    return function_named(function).encode(*arguments)


def _in_order(event: Event) -> Event:
    """An event whose list of operators, if it has one, ascends: the contract's has no order that means anything."""
    return (*event[:-1], tuple(sorted(event[-1]))) if event[0].startswith("Controller") else event
