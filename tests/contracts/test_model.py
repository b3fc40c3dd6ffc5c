"""The contract against a model of it: any course of calls has the same events, refusals and answers in both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from registry.chain.calls import Purpose, Reason
from tests.contracts.model import NOBODY, Event, Model, Refusal, Signature
from tests.contracts.world import ACCOUNTS, FAR_FUTURE, KEYS, Done, Reverted, World

RUNS = 20
STEPS = 30
KEY_OF = dict(zip(ACCOUNTS, KEYS, strict=True))
PROFILE = b"\x0a" * 32

# Few enough of each that most calls meet; one of each that is not there.
people = st.sampled_from(ACCOUNTS[:3])
# None for somebody who is entitled to the call, which is most interesting.
senders = st.sampled_from([*[None] * 7, *ACCOUNTS[:3]])
numbers = st.sampled_from([1, 1, 1, 1, 2, 2, 3])
roots = st.sampled_from([bytes([number]) * 32 for number in (0xD1, 0xD2, 0xD3)])
# Mostly of what is anchored at the start: 300 credentials under the first root, an unstated number under the second.
issuers = st.sampled_from([*[1] * 8, 2, 3])
anchored = st.sampled_from([bytes([number]) * 32 for number in (0xD1, 0xD1, 0xD1, 0xD1, 0xD1, 0xD2, 0xD3)])
leaf_counts = st.sampled_from([0, 1, 5, 256, 300])
words = st.sampled_from([0, 0, 0, 0, 1, 2])
masks = st.sampled_from([0, 1, 0b10110, 0b11, (1 << 43) + 1, 1 << 43, 1 << 44, 2**256 - 1])
indexes = st.sampled_from([0, 1, 2, 4, 5, 299, 300])
reasons = st.sampled_from(Reason)
purposes = st.sampled_from(Purpose)


class Registry(RuleBasedStateMachine):
    """Both of them, side by side."""

    def __init__(self, world: World, outcomes: Counter[str]):
        super().__init__()
        self.world = world
        self.outcomes = outcomes
        self.model = Model()
        self.snapshot = world.tester.take_snapshot()

    def teardown(self) -> None:
        self.world.tester.revert_to_snapshot(self.snapshot)

    def both(self, send: Callable[[], Done], predict: Callable[[Model], list[Event]]) -> None:
        """The call on chain and in the model: the same events, or the same refusal and nothing changed."""
        header = self.world.tester.backend.chain.get_block().header
        # A refusal is found without sending, in the block that would come next.
        self.model.now, self.model.block_number = header.timestamp, header.block_number
        expected = self._predicted(predict)
        outcome = self._outcome(send)
        if isinstance(outcome, Done):
            self.model.now, self.model.block_number = outcome.timestamp, outcome.block_number
            assert list(outcome.events) == expected
            assert predict(self.model) == expected
            self.outcomes.update(event[0] for event in outcome.events)
        else:
            assert outcome == expected
            self.outcomes[outcome[0]] += 1

    @staticmethod
    def _outcome(send: Callable[[], Done]) -> Done | tuple[str, tuple[object, ...]]:
        try:
            return send()
        except Reverted as refusal:
            return refusal.error, refusal.arguments

    def _predicted(self, predict: Callable[[Model], object]) -> object:
        """What a copy of the model does: what happens to a copy does not happen."""
        try:
            return predict(deepcopy(self.model))
        except Refusal as refusal:
            return refusal.error, refusal.arguments

    def call(self, sender: str, function: str, *arguments: object) -> Callable[[], Done]:
        return lambda: self.world.send(function, *arguments, sender=sender)

    def controller(self, sender: str | None, party: int) -> str:
        """Whoever was drawn, or else the party's controller."""
        return sender or (self.model.parties[party].controller if party in self.model.parties else ACCOUNTS[0])

    def operator(self, sender: str | None, party: int) -> str:
        """Whoever was drawn, or else the first of the party's operators."""
        operators = self.model.parties[party].operators if party in self.model.parties else set()
        return sender or min(operators, default=ACCOUNTS[0])

    # Parties

    @initialize()
    def two_parties_and_two_batches(self) -> None:
        for sender in ACCOUNTS[:2]:
            self.register_party(sender)
        self.set_operator(None, 1, ACCOUNTS[1], True)
        self.set_default_issuer(ACCOUNTS[1], 1)
        self.anchor(None, 1, bytes([0xD1]) * 32, 300)
        self.anchor_bare_root(ACCOUNTS[1], bytes([0xD2]) * 32)

    def register_party(self, sender: str) -> None:
        self.both(
            self.call(sender, "registerParty", "https://a.example", PROFILE),
            lambda model: model.register_party(sender, "https://a.example", PROFILE),
        )

    @rule(sender=senders, party=numbers, uri=st.sampled_from(["", "https://b.example/" + "x" * 40]))
    def set_profile(self, sender: str | None, party: int, uri: str) -> None:
        by = self.controller(sender, party)
        self.both(
            self.call(by, "setProfile", party, uri, PROFILE[::-1]),
            lambda model: model.set_profile(by, party, uri, PROFILE[::-1]),
        )

    @rule(sender=senders, party=numbers, operator=st.sampled_from([*ACCOUNTS[:3], NOBODY]), allowed=st.booleans())
    def set_operator(self, sender: str | None, party: int, operator: str, allowed: bool) -> None:
        by = self.controller(sender, party)
        self.both(
            self.call(by, "setOperator", party, operator, allowed),
            lambda model: model.set_operator(by, party, operator, allowed),
        )

    @rule(sender=senders, party=numbers, to=st.sampled_from([*ACCOUNTS[:3], NOBODY]))
    def transfer_controller(self, sender: str | None, party: int, to: str) -> None:
        by = self.controller(sender, party)
        self.both(
            self.call(by, "transferController", party, to),
            lambda model: model.transfer_controller(by, party, to),
        )

    @precondition(lambda self: any(party.pending != NOBODY for party in self.model.parties.values()))
    @rule(sender=senders, party=numbers)
    def accept_controller(self, sender: str | None, party: int) -> None:
        pending = self.model.parties[party].pending if party in self.model.parties else NOBODY
        by = sender or (pending if pending != NOBODY else ACCOUNTS[2])
        self.both(self.call(by, "acceptController", party), lambda model: model.accept_controller(by, party))

    @rule(sender=senders, party=numbers, really=st.integers(0, 3))
    def retire(self, sender: str | None, party: int, really: int) -> None:
        by = self.controller(sender, party)
        if really == 3:
            self.both(self.call(by, "retire", party), lambda model: model.retire(by, party))

    # Batches

    @rule(sender=senders, issuer=numbers, root=roots, leaf_count=leaf_counts)
    def anchor(self, sender: str | None, issuer: int, root: bytes, leaf_count: int) -> None:
        by = self.operator(sender, issuer)
        self.both(
            self.call(by, "anchor", issuer, root, leaf_count),
            lambda model: model.anchor(by, issuer, root, leaf_count),
        )

    @rule(
        sender=senders,
        issuer=numbers,
        batches=st.lists(st.tuples(roots, leaf_counts), max_size=3),
        more=st.lists(leaf_counts, max_size=1),
    )
    def anchor_many(self, sender: str | None, issuer: int, batches: list[tuple[bytes, int]], more: list[int]) -> None:
        by = self.operator(sender, issuer)
        several, counts = [root for root, _ in batches], [count for _, count in batches] + more
        self.both(
            self.call(by, "anchorMany", issuer, several, counts),
            lambda model: model.anchor_many(by, issuer, several, counts),
        )

    @rule(
        sender=people,
        issuer=numbers,
        root=roots,
        leaf_count=leaf_counts,
        signer=people,
        operator=st.none() | people,
        deadline=st.sampled_from([0, FAR_FUTURE, FAR_FUTURE]),
        changes=st.fixed_dictionaries({}, optional={"root": roots, "leaf_count": leaf_counts, "issuer": numbers}),
    )
    def anchor_by_signature(
        self,
        sender: str,
        issuer: int,
        root: bytes,
        leaf_count: int,
        signer: str,
        operator: str | None,
        deadline: int,
        changes: dict[str, Any],
    ) -> None:
        named = operator or signer
        signed: dict[str, Any] = {
            "issuer": issuer,
            "root": root,
            "leaf_count": leaf_count,
            "deadline": deadline,
        } | changes
        signature = self.world.sign_anchor(KEY_OF[signer], **signed)
        self.both(
            self.call(sender, "anchorBySignature", issuer, root, leaf_count, named, deadline, signature),
            lambda model: model.anchor_by_signature(
                issuer, root, leaf_count, named, deadline, Signature(signer, **signed)
            ),
        )

    @rule(sender=people, data=roots | roots | st.sampled_from([b"", b"\xd1" * 31, b"\xd1" * 33]))
    def anchor_bare_root(self, sender: str, data: bytes) -> None:
        self.both(lambda: self.world.send_data(data, sender=sender), lambda model: model.anchor_bare_root(sender, data))

    @rule(sender=senders, issuer=numbers | st.just(0))
    def set_default_issuer(self, sender: str | None, issuer: int) -> None:
        by = self.operator(sender, issuer)
        self.both(self.call(by, "setDefaultIssuer", issuer), lambda model: model.set_default_issuer(by, issuer))

    @rule(sender=senders, issuer=issuers, root=roots, leaf_count=leaf_counts)
    def state_leaf_count(self, sender: str | None, issuer: int, root: bytes, leaf_count: int) -> None:
        by = self.operator(sender, issuer)
        self.both(
            self.call(by, "stateLeafCount", issuer, root, leaf_count),
            lambda model: model.state_leaf_count(by, issuer, root, leaf_count),
        )

    # Statuses

    @rule(sender=senders, issuer=issuers, root=anchored, purpose=purposes, word=words, mask=masks, reason=reasons)
    def set_status(
        self, sender: str | None, issuer: int, root: bytes, purpose: Purpose, word: int, mask: int, reason: Reason
    ) -> None:
        by = self.operator(sender, issuer)
        self.both(
            self.call(by, "setStatus", issuer, root, purpose, word, mask, reason),
            lambda model: model.set_status(by, issuer, root, purpose, word, mask, reason),
        )

    @rule(sender=senders, issuer=issuers, root=anchored, word=words, mask=masks, reason=reasons)
    def clear_suspension(
        self, sender: str | None, issuer: int, root: bytes, word: int, mask: int, reason: Reason
    ) -> None:
        by = self.operator(sender, issuer)
        self.both(
            self.call(by, "clearSuspension", issuer, root, word, mask, reason),
            lambda model: model.clear_suspension(by, issuer, root, word, mask, reason),
        )

    @rule(sender=senders, issuer=issuers, root=roots, reason=reasons)
    def void_batch(self, sender: str | None, issuer: int, root: bytes, reason: Reason) -> None:
        by = self.controller(sender, issuer)
        self.both(
            self.call(by, "voidBatch", issuer, root, reason),
            lambda model: model.void_batch(by, issuer, root, reason),
        )

    @rule(sender=senders, issuer=issuers, root=anchored, index=indexes, by_root=anchored, by_index=indexes)
    def supersede(
        self, sender: str | None, issuer: int, root: bytes, index: int, by_root: bytes, by_index: int
    ) -> None:
        by = self.operator(sender, issuer)
        self.both(
            self.call(by, "supersede", issuer, root, index, by_root, by_index),
            lambda model: model.supersede(by, issuer, root, index, by_root, by_index),
        )

    # What can be asked

    @rule(issuer=issuers, root=anchored, index=indexes)
    def status(self, issuer: int, root: bytes, index: int) -> None:
        answer: object
        try:
            answer = self.world.ask("statusOf", issuer, root, index)
        except Reverted as refusal:
            answer = (refusal.error, refusal.arguments)
        assert answer == self._predicted(lambda model: model.status(issuer, root, index))

    @invariant()
    def records_are_the_same(self) -> None:
        for number, party in self.model.parties.items():
            assert self.world.ask("partyOf", number) == {
                "controller": party.controller,
                "pendingController": party.pending,
                "registeredAt": party.registered_at,
                "retiredAt": party.retired_at,
                "sequence": len(party.roots),
                "profileHash": party.profile_hash,
                "uri": party.uri,
            }
        for (issuer, root), batch in self.model.batches.items():
            assert self.world.ask("batchOf", issuer, root) == {
                "anchoredAt": batch.anchored_at,
                "blockNumber": batch.block_number,
                "leafCount": batch.leaf_count or 0,
                "sequence": batch.sequence,
                "voidedAt": batch.voided_at,
                "voidReason": batch.void_reason,
            }


def test_the_contract_does_what_the_model_says(shared_world: World) -> None:
    outcomes: Counter[str] = Counter()
    run_state_machine_as_test(
        cast(type[Registry], lambda: Registry(shared_world, outcomes)),
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(dict(outcomes.most_common()))
    assert set(outcomes) >= {
        "Anchored",
        "LeafCountStated",
        "StatusSet",
        "BatchVoided",
        "NotOperator",
        "AlreadyAnchored",
    }
