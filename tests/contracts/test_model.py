"""The contract against a model of it: any course of calls has the same events, refusals and answers in both.

Then the same courses once more on another implementation of the EVM, with the same senders, data and block times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from registry.chain.calls import ScopeTuple
from registry.records import AccreditationState as State
from registry.records import Kind, Purpose, Reason
from tests.contracts.accreditation_model import AccreditationModel, SignedAcceptance, SignedOffer, Terms
from tests.contracts.machine import KEY_OF, Both, Explored, call, numbers, people, senders
from tests.contracts.model import Event, Signature
from tests.contracts.replay import replay
from tests.contracts.world import ACCOUNTS, FAR_FUTURE, World
from tests.repeats import repeats

# Accreditations have more outcomes than ten courses reach.
RUNS, FEWER = 20, repeats(10, deep=20)
STEPS = 30

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
DIGESTS = [bytes([number]) * 32 for number in (0xC1, 0xC2, 0xC3)]
digests = st.sampled_from(DIGESTS)
DIGEST_STATUS = ("revokedAt", "revocationReason", "suspendedAt", "suspensionReason")
DIGEST_FUNCTIONS = ("revokeDigests", "suspendDigests", "suspendDigests", "reinstateDigests", "reinstateDigests")


class Batches(Both):
    """Batches and statuses."""

    @initialize()
    def two_parties_and_two_batches(self) -> None:
        for sender in ACCOUNTS[:2]:
            self.register_party(sender)
        self.set_operator(None, 1, ACCOUNTS[1], True)
        self.set_default_issuer(ACCOUNTS[1], 1)
        self.anchor(None, 1, bytes([0xD1]) * 32, 300)
        self.anchor_bare_root(ACCOUNTS[1], bytes([0xD2]) * 32)
        self.anchor_bare_root(ACCOUNTS[1], bytes([0xD3]) * 32)
        self.state_leaf_count(None, 1, bytes([0xD3]) * 32, 5)

    def questions(self) -> list[tuple[Any, ...]]:
        return [
            *super().questions(),
            *(("batchOf", *batch) for batch in self.model.batches),
        ]

    # Batches

    @rule(sender=senders, issuer=numbers, root=roots, leaf_count=leaf_counts)
    def anchor(self, sender: str | None, issuer: int, root: bytes, leaf_count: int) -> None:
        by = self.operator(sender, issuer)
        self.both(
            by,
            call("anchor", issuer, root, leaf_count),
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
            by,
            call("anchorMany", issuer, several, counts),
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
            sender,
            call("anchorBySignature", issuer, root, leaf_count, named, deadline, signature),
            lambda model: model.anchor_by_signature(
                issuer, root, leaf_count, named, deadline, Signature(signer, **signed)
            ),
        )

    @rule(sender=people, data=roots | roots | st.sampled_from([b"", b"\xd1" * 31, b"\xd1" * 33]))
    def anchor_bare_root(self, sender: str, data: bytes) -> None:
        self.both(sender, data, lambda model: model.anchor_bare_root(sender, data))

    @rule(sender=senders, issuer=numbers | st.just(0))
    def set_default_issuer(self, sender: str | None, issuer: int) -> None:
        by = self.operator(sender, issuer)
        self.both(by, call("setDefaultIssuer", issuer), lambda model: model.set_default_issuer(by, issuer))

    @rule(sender=senders, issuer=issuers, root=roots, leaf_count=leaf_counts)
    def state_leaf_count(self, sender: str | None, issuer: int, root: bytes, leaf_count: int) -> None:
        by = self.operator(sender, issuer)
        self.both(
            by,
            call("stateLeafCount", issuer, root, leaf_count),
            lambda model: model.state_leaf_count(by, issuer, root, leaf_count),
        )

    # Statuses

    @rule(sender=senders, issuer=issuers, root=anchored, purpose=purposes, word=words, mask=masks, reason=reasons)
    def set_status(
        self, sender: str | None, issuer: int, root: bytes, purpose: Purpose, word: int, mask: int, reason: Reason
    ) -> None:
        by = self.operator(sender, issuer)
        self.both(
            by,
            call("setStatus", issuer, root, purpose, word, mask, reason),
            lambda model: model.set_status(by, issuer, root, purpose, word, mask, reason),
        )

    @rule(
        sender=senders,
        issuer=issuers,
        root=anchored,
        purpose=purposes,
        several=st.lists(st.tuples(words, masks), max_size=4),
        reason=reasons,
    )
    def set_statuses(
        self,
        sender: str | None,
        issuer: int,
        root: bytes,
        purpose: Purpose,
        several: list[tuple[int, int]],
        reason: Reason,
    ) -> None:
        by = self.operator(sender, issuer)
        self.both(
            by,
            call("setStatuses", issuer, root, purpose, several, reason),
            lambda model: model.set_statuses(by, issuer, root, purpose, several, reason),
        )

    @rule(sender=senders, issuer=issuers, root=anchored, word=words, mask=masks, reason=reasons)
    def clear_suspension(
        self, sender: str | None, issuer: int, root: bytes, word: int, mask: int, reason: Reason
    ) -> None:
        by = self.operator(sender, issuer)
        self.both(
            by,
            call("clearSuspension", issuer, root, word, mask, reason),
            lambda model: model.clear_suspension(by, issuer, root, word, mask, reason),
        )

    @rule(sender=senders, issuer=issuers, root=roots, reason=reasons)
    def void_batch(self, sender: str | None, issuer: int, root: bytes, reason: Reason) -> None:
        by = self.controller(sender, issuer)
        self.both(
            by,
            call("voidBatch", issuer, root, reason),
            lambda model: model.void_batch(by, issuer, root, reason),
        )

    @rule(sender=senders, issuer=issuers, root=anchored, index=indexes, by_root=anchored, by_index=indexes)
    def supersede(
        self, sender: str | None, issuer: int, root: bytes, index: int, by_root: bytes, by_index: int
    ) -> None:
        by = self.operator(sender, issuer)
        self.both(
            by,
            call("supersede", issuer, root, index, by_root, by_index),
            lambda model: model.supersede(by, issuer, root, index, by_root, by_index),
        )

    # What can be asked

    @rule(issuer=issuers, root=anchored, index=indexes, digest=digests)
    def status(self, issuer: int, root: bytes, index: int, digest: bytes) -> None:
        answer = self.asked("statusOf", issuer, root, index, digest)
        assert answer == self.predicted(lambda model: model.status(issuer, root, index, digest))

    @invariant()
    def records_are_the_same(self) -> None:
        for number, party in self.model.parties.items():
            assert self.world.ask("partyOf", number) == {
                "controller": party.controller,
                "pendingController": party.pending,
                "registeredAt": party.registered_at,
                "retiredAt": party.retired_at,
                "sequence": len(party.roots),
                "digestChanges": party.digest_changes,
                "profileHash": party.profile_hash,
                "uri": party.uri,
            }
            assert sorted(self.world.ask("operatorsOf", number)) == sorted(party.operators)
            assert self.world.ask("governanceOf", number) == (party.controller, party.retired_at)
        for (issuer, root), batch in self.model.batches.items():
            assert self.world.ask("batchOf", issuer, root) == {
                "anchoredAt": batch.anchored_at,
                "blockNumber": batch.block_number,
                "leafCount": batch.leaf_count or 0,
                "sequence": batch.sequence,
                "voidedAt": batch.voided_at,
                "voidReason": batch.void_reason,
            }


class Digests(Both):
    """Statuses by digest, of two issuers that have the same batch and whose operators change."""

    @initialize()
    def two_issuers_of_one_batch(self) -> None:
        for number, sender in enumerate(ACCOUNTS[:2], 1):
            self.register_party(sender)
            self.anchor(None, number, bytes([0xD1]) * 32)

    def questions(self) -> list[tuple[Any, ...]]:
        return [*super().questions(), *(("digestStatusesOf", party, DIGESTS) for party in self.model.parties)]

    @rule(sender=senders, issuer=numbers, root=roots)
    def anchor(self, sender: str | None, issuer: int, root: bytes) -> None:
        by = self.operator(sender, issuer)
        self.both(by, call("anchor", issuer, root, 300), lambda model: model.anchor(by, issuer, root, 300))

    @rule(
        sender=senders,
        issuer=issuers,
        named=st.lists(digests, max_size=4),
        function=st.sampled_from(DIGEST_FUNCTIONS),
        reason=reasons,
    )
    def change_digests(
        self, sender: str | None, issuer: int, named: list[bytes], function: str, reason: Reason
    ) -> None:
        by = self.operator(sender, issuer)

        def predict(model: AccreditationModel) -> list[Event]:
            change = {
                "revokeDigests": model.revoke_digests,
                "suspendDigests": model.suspend_digests,
                "reinstateDigests": model.reinstate_digests,
            }[function]
            return change(by, issuer, named, reason)

        self.both(by, call(function, issuer, named, reason), predict)

    @rule(issuer=numbers, root=roots, index=indexes, digest=digests)
    def status(self, issuer: int, root: bytes, index: int, digest: bytes) -> None:
        answer = self.asked("statusOf", issuer, root, index, digest)
        assert answer == self.predicted(lambda model: model.status(issuer, root, index, digest))

    @invariant()
    def records_are_the_same(self) -> None:
        for number, party in self.model.parties.items():
            assert self.world.ask("partyOf", number)["digestChanges"] == party.digest_changes
            known = [self.model.digest(number, digest) for digest in DIGESTS]
            assert self.world.ask("digestStatusesOf", number, DIGESTS) == [
                dict(zip(DIGEST_STATUS, (*(each.revoked or (0, 0)), *(each.suspended or (0, 0))), strict=True))
                for each in known
            ]


# Around the time at which the parties were registered, in seconds. Some were long ago, some are far ahead.
moments = st.sampled_from([-1000, -1000, -10, 0, 1, 3, 20])
ends = st.sampled_from([-500, 1, 10, 1000, 1000, 1000])
ANY = bytes(32)
PROGRAMME = bytes(range(32))
scopes = st.sampled_from(
    [
        *[(0, 0, 1, 8, 0, 0, ANY)] * 3,
        (6, 2, 5, 8, 0b111, 276, ANY),
        (613, 4, 6, 7, 0b10, 276, ANY),
        (613, 4, 6, 7, 0b10, 276, PROGRAMME),
        (613, 4, 6, 6, 0, 0, PROGRAMME[::-1]),
        (613, 3, 1, 8, 0, 0, ANY),
        (0, 0, 5, 4, 0, 0, ANY),
        (0, 0, 1, 8, 0, 1000, ANY),
    ]
)
kinds = st.sampled_from([Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT, Kind.RECOGNISE])
bodies = st.sampled_from([1, 2, 2, 3, 3, 4])
# Those on the path of the beginning, and what may be offered later; zero stands for the last there is.
ids = st.sampled_from([1, 2, 3, 1, 2, 3, 0, 0, 4, 9])
offers = st.sampled_from([0, 0, 0, 0, 1, 9])
# None for the time at which the change before took effect.
effects = st.none() | moments
deadlines = st.sampled_from([FAR_FUTURE, FAR_FUTURE, FAR_FUTURE, 0])
changed_states = st.sampled_from([State.SUSPENDED, State.SUSPENDED, State.ACTIVE, State.ACTIVE, State.WITHDRAWN])
FUNCTION_OF = {
    State.SUSPENDED: "suspendAccreditation",
    State.ACTIVE: "reinstateAccreditation",
    State.WITHDRAWN: "withdrawAccreditation",
}


class Accreditations(Both):
    """Accreditations and recognitions among three parties."""

    start = 0

    @initialize()
    def a_path_from_a_body_to_an_issuer(self) -> None:
        for sender in ACCOUNTS[:3]:
            self.register_party(sender)
        self.start = self.model.now
        anything = (0, 0, 1, 8, 0, 0, ANY)
        self.offer(None, 2, 1, Kind.ACCREDIT_TO_ISSUE, anything, -1000, 1000)
        self.offer(None, 3, 2, Kind.ACCREDIT_TO_ACCREDIT, anything, -1000, 1000)
        for accreditation in (1, 2):
            self.accept(None, accreditation)
        self.recognise(None, 1, 3, Kind.RECOGNISE, anything, 0, 0)
        # Before the period begins.
        self.change(None, 1, State.SUSPENDED, -1001, Reason.UNDER_REVIEW)

    def questions(self) -> list[tuple[Any, ...]]:
        count = len(self.model.accreditations)
        return [*super().questions(), *(("accreditationOf", number) for number in range(1, count + 1))]

    def terms(self, body: int, holder: int, kind: int, scope: ScopeTuple, since: int, until: int) -> Terms:
        period = (self.start + since, self.start + until)
        # With conditions, now and then.
        condition = b"c" * 32 if kind == Kind.ACCREDIT_TO_ISSUE else ANY
        return Terms(body, holder, *period, kind, scope, condition, b"e" * 32, "https://x.example")

    def party_of(self, number: int, which: int) -> int:
        """The body (0) or the holder (1) of an accreditation, or a party if there is none."""
        known = self.model.accreditations
        return known[number - 1].terms[which] if number <= len(known) else 1

    @rule(sender=senders, body=bodies, holder=bodies, kind=kinds, scope=scopes, since=moments, until=ends)
    def offer(
        self, sender: str | None, body: int, holder: int, kind: int, scope: ScopeTuple, since: int, until: int
    ) -> None:
        by, terms = self.controller(sender, body), self.terms(body, holder, kind, scope, since, until)
        self.both(by, call("offerAccreditation", terms), lambda model: model.offer(by, terms))

    @rule(
        sender=people,
        signer=senders,
        body=bodies,
        holder=bodies,
        kind=kinds,
        scope=scopes,
        until=ends,
        nonce=st.integers(0, 2),
        deadline=deadlines,
        other_nonce=st.sampled_from([False, False, False, True]),
    )
    def offer_by_signature(
        self,
        sender: str,
        signer: str | None,
        body: int,
        holder: int,
        kind: int,
        scope: ScopeTuple,
        until: int,
        nonce: int,
        deadline: int,
        other_nonce: bool,
    ) -> None:
        by, terms = self.controller(signer, body), self.terms(body, holder, kind, scope, -10, until)
        signed = SignedOffer(by, terms, nonce + other_nonce, deadline)
        signature = self.world.sign_offer(KEY_OF[by], tuple(terms), signed.nonce, deadline)
        self.both(
            sender,
            call("offerAccreditationBySignature", terms, nonce, deadline, signature),
            lambda model: model.offer_by_signature(terms, nonce, deadline, signed),
        )

    def number_of(self, drawn: int) -> int:
        """The id drawn, or the last one."""
        return drawn or len(self.model.accreditations)

    @rule(sender=senders, drawn=offers)
    def accept(self, sender: str | None, drawn: int) -> None:
        number = self.number_of(drawn)
        by = self.controller(sender, self.party_of(number, 1))
        self.both(by, call("acceptAccreditation", number), lambda model: model.accept(by, number))

    @rule(sender=people, signer=senders, drawn=offers, deadline=deadlines, other=st.sampled_from([0, 0, 0, 1]))
    def accept_by_signature(self, sender: str, signer: str | None, drawn: int, deadline: int, other: int) -> None:
        number = self.number_of(drawn)
        by = self.controller(signer, self.party_of(number, 1))
        known = self.model.accreditations
        terms = known[min(number, len(known)) - 1].terms
        signed = SignedAcceptance(by, number + other, terms, deadline)
        signature = self.world.sign_acceptance(KEY_OF[by], signed.accreditation, tuple(terms), deadline)
        self.both(
            sender,
            call("acceptAccreditationBySignature", number, deadline, signature),
            lambda model: model.accept_by_signature(number, deadline, signed),
        )

    @rule(sender=senders, drawn=offers)
    def refuse(self, sender: str | None, drawn: int) -> None:
        number = self.number_of(drawn)
        by = self.controller(sender, self.party_of(number, 1))
        self.both(by, call("refuseAccreditation", number), lambda model: model.refuse(by, number))

    @rule(
        sender=senders,
        body=bodies,
        other=bodies,
        kind=st.sampled_from([*[Kind.RECOGNISE] * 4, Kind.ACCREDIT_TO_ISSUE]),
        scope=scopes,
        since=moments,
        until=ends | st.none(),
    )
    def recognise(
        self, sender: str | None, body: int, other: int, kind: int, scope: ScopeTuple, since: int, until: int | None
    ) -> None:
        by = self.controller(sender, body)
        terms = self.terms(body, other, kind, scope, since, until or -self.start)
        self.both(by, call("recognise", terms), lambda model: model.recognise(by, terms))

    @rule(sender=senders, drawn=ids, to=changed_states, since=effects, reason=reasons)
    def change(self, sender: str | None, drawn: int, to: State, since: int | None, reason: Reason) -> None:
        number = self.number_of(drawn)
        by = self.controller(sender, self.party_of(number, 0))
        known = self.model.accreditations
        last = known[number - 1].history[-1].effective_from if number <= len(known) else 0
        effective_from = last if since is None else self.start + since
        self.both(
            by,
            call(FUNCTION_OF[to], number, effective_from, reason),
            lambda model: model.change(by, number, to, effective_from, reason),
        )

    @rule(sender=senders, drawn=ids, reason=reasons, really=st.integers(0, 2))
    def void(self, sender: str | None, drawn: int, reason: Reason, really: int) -> None:
        number = self.number_of(drawn)
        by = self.controller(sender, self.party_of(number, 0))
        if really == 2:
            self.both(by, call("voidAccreditation", number, reason), lambda model: model.void(by, number, reason))

    @rule(drawn=ids, since=moments)
    def state_at(self, drawn: int, since: int) -> None:
        number = self.number_of(drawn)
        time = self.start + since
        assert self.asked("stateAt", number, time) == self.predicted(lambda model: model.state_at(number, time))

    @rule(
        path=st.sampled_from([[1], [2, 1], [3, 2, 1], [3, 2, 1]]) | st.lists(st.integers(0, 4), max_size=6),
        issuer=st.sampled_from([1, 1, 1, 2]),
        scope=scopes,
        since=moments,
    )
    def check_path(self, path: list[int], issuer: int, scope: ScopeTuple, since: int) -> None:
        time = self.start + since
        answer = self.asked("checkPath", path, issuer, scope, time)
        assert answer == self.predicted(lambda model: model.check_path(path, issuer, scope, time))

    @invariant()
    def records_are_the_same(self) -> None:
        assert self.world.ask("accreditationCount") == len(self.model.accreditations)
        for number, known in enumerate(self.model.accreditations, 1):
            found = self.world.ask("accreditationOf", number)
            assert tuple(found["terms"].values())[:5] == known.terms[:5]
            assert found["state"] == known.history[-1].state
            assert [tuple(change.values()) for change in found["history"]] == known.history


def explored(world: World, machine: Callable[[World, Explored], Both], runs: int) -> Explored:
    """All that the runs of a machine did."""
    found = Explored()
    run_state_machine_as_test(
        cast(type[Both], lambda: machine(world, found)),
        settings=settings(
            max_examples=runs,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{machine.__name__}: {len(found.traces)} courses, {sum(len(trace.steps) for trace in found.traces)} calls")
    print(dict(found.outcomes.most_common()))
    return found


@pytest.fixture(scope="module")
def batches(shared_world: World) -> Explored:
    """The courses of batches and statuses."""
    return explored(shared_world, Batches, FEWER)


@pytest.fixture(scope="module")
def of_digests(shared_world: World) -> Explored:
    """The courses of statuses by digest."""
    return explored(shared_world, Digests, FEWER)


@pytest.fixture(scope="module")
def accreditations(shared_world: World) -> Explored:
    """The courses of accreditations."""
    return explored(shared_world, Accreditations, RUNS)


def test_batches_do_what_the_model_says(batches: Explored) -> None:
    assert set(batches.outcomes) >= {
        "Anchored",
        "LeafCountStated",
        "StatusSet",
        "BatchVoided",
        "NotOperator",
        "AlreadyAnchored",
    }


def test_digests_do_what_the_model_says(of_digests: Explored) -> None:
    assert set(of_digests.outcomes) >= {"DigestRevoked", "DigestSuspended", "DigestReinstated", "DigestsUnchanged"}


def test_accreditations_do_what_the_model_says(accreditations: Explored) -> None:
    assert set(accreditations.outcomes) >= {
        "AccreditationOffered",
        "AccreditationAccepted",
        "AccreditationSuspended",
        "AccreditationVoided",
        "Recognised",
        "NotController",
        "InvalidChange",
        "InvalidEffect",
        "NotSignedByController",
        "WrongKind",
    }


def test_another_evm_does_the_same(
    shared_world: World, batches: Explored, of_digests: Explored, accreditations: Explored
) -> None:
    traces = batches.traces + of_digests.traces + accreditations.traces
    assert replay(shared_world, traces) == sum(len(trace.steps) for trace in traces) > RUNS
