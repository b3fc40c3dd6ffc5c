"""The ledger read from events says what the contract says, about every time and every path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from random import Random
from typing import Any

import pytest

from registry.chain.contract import CredentialRegistry
from registry.chain.ledger import read_ledger
from registry.errors import ContractReverted
from registry.recognition.ledger import Kind, State
from registry.recognition.path import Missing, Path, Reading, find_path
from registry.recognition.scope import Scope
from registry.records import AccreditationState, Reason
from tests.registry.chain.worlds import World

PARTIES = 5
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SCOPES = [Scope(), Scope("06"), Scope("0612", (6, 7)), Scope("0613"), Scope("06", jurisdiction="PT")]


class Bodies:
    """Parties 1 to 5, each with a key of its own, and ways to make them speak."""

    def __init__(self, world: World):
        self.world = world
        address, _ = world.deploy_registry()
        self.contract = CredentialRegistry(world.client, address)
        for account in range(PARTIES):
            self.send(account + 1, self.contract.register_party_data(f"did:web:party{account + 1}.example", bytes(32)))

    def send(self, party: int, data: bytes) -> Any:
        mined = self.world.send(self.contract.address, data, account=party - 1)
        assert mined.succeeded
        return mined

    def say(self, party: int, data: bytes) -> Any:
        """Of accreditations."""
        mined = self.world.send(self.contract.accreditations_address, data, account=party - 1)
        assert mined.succeeded
        return mined

    def offer(self, body: int, holder: int, kind: Kind, scope: Scope, start: datetime, end: datetime) -> int:
        numbers = scope.to_numbers()
        terms = (body, holder, seconds(start), seconds(end), list(Kind).index(kind), numbers, bytes(32), bytes(32), "")
        data = (
            self.contract.recognise_data(terms)
            if kind is Kind.RECOGNISE
            else self.contract.offer_accreditation_data(terms)
        )
        self.say(body, data)
        return len(read_ledger(self.contract).accreditations)

    def asked(self, function: str, *arguments: object) -> tuple[Any, ...]:
        address, item = self.contract.function(function)
        return item.decode_output(self.world.client.call(address, item.encode(*arguments)))


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


@pytest.fixture(scope="module", params=[1, 2])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A random history of accreditations on an embedded chain."""
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path_factory.mktemp("accreditations") / "chain") as chain:
        bodies, random = Bodies(World("embedded", chain.client())), Random(request.param)
        for _ in range(14):
            body, holder = random.sample(range(1, PARTIES + 1), 2)
            start = LONG_AGO + timedelta(days=random.randrange(100))
            kind = random.choice([Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT, Kind.RECOGNISE])
            end = start + timedelta(days=4000)
            number = bodies.offer(body, holder, kind, random.choice(SCOPES), start, end)
            contract = bodies.contract
            if kind is not Kind.RECOGNISE and random.random() < 0.9:
                bodies.say(holder, contract.accept_accreditation_data(number))
            if read_ledger(contract)[number].state is State.ACTIVE and random.random() < 0.4:
                effective = seconds(start + timedelta(days=random.randrange(1, 400)))
                change = random.choice([contract.suspend_accreditation_data, contract.withdraw_accreditation_data])
                bodies.say(body, change(number, effective, Reason.UNDER_REVIEW))
            if random.random() < 0.1:
                bodies.say(body, contract.void_accreditation_data(number, Reason.OBTAINED_BY_FRAUD))
        yield bodies


def moments() -> list[datetime]:
    now = datetime.now(UTC).replace(microsecond=0)
    return [LONG_AGO - timedelta(days=1), *(LONG_AGO + timedelta(days=day) for day in (0, 50, 150, 300, 5000)), now]


def test_every_state_at_every_time_is_the_contracts(history: Bodies) -> None:
    for each in read_ledger(history.contract).accreditations:
        for moment in moments():
            then, now = history.asked("stateAt", each.id, seconds(moment))
            assert each.state_at(moment) == (
                State(AccreditationState(then).word),
                State(AccreditationState(now).word),
            ), (each, moment)


def test_a_path_is_found_exactly_when_the_contract_accepts_one(history: Bodies) -> None:
    ledger = read_ledger(history.contract)
    assert ledger.accreditations
    found_some = False
    moment = LONG_AGO + timedelta(days=200)
    for issuer in range(1, PARTIES + 1):
        for scope in (Scope("0612", (6, 6)), Scope("0613", (6, 6), jurisdiction="PT")):
            accepted = {ids for ids in _chains(ledger, issuer) if _accepts(history, ids, issuer, scope, moment)}
            for trusted in range(1, PARTIES + 1):
                answer = find_path(ledger, issuer, scope, moment, {trusted}, Reading.AS_KNOWN_NOW)
                from_there = {ids for ids in accepted if ledger[ids[0]].body == trusted}
                if isinstance(answer, Path):
                    found_some = True
                    assert answer.ids in from_there
                    assert len(answer.ids) == min(map(len, from_there))
                else:
                    assert isinstance(answer, Missing)
                    assert not from_there
    assert found_some


def test_hostile_text_in_an_event_does_not_hide_the_others(history: Bodies) -> None:
    """Anybody may write any bytes where a URI is expected."""
    before = len(read_ledger(history.contract).accreditations)
    start, end = seconds(LONG_AGO), seconds(LONG_AGO + timedelta(days=9000))
    terms = (1, 2, start, end, 0, Scope().to_numbers(), bytes(32), bytes(32), "MARK")
    data = history.contract.offer_accreditation_data(terms)
    assert data.count(b"MARK") == 1
    history.say(1, data.replace(b"MARK", b"\xff\xfe\x00\xc0"))
    ledger = read_ledger(history.contract)
    assert len(ledger.accreditations) == before + 1
    assert "\ufffd" in ledger[before + 1].evidence_uri


def _chains(ledger: Any, issuer: int) -> set[tuple[int, ...]]:
    """Every arrangement of up to three links that ends with the issuer: longer ones are left to the forge tests."""
    ids = [each.id for each in ledger.accreditations]
    return {
        chain
        for length in (1, 2, 3)
        for chain in permutations(ids, length)
        if ledger[chain[-1]].holder == issuer and all(ledger[a].holder == ledger[b].body for a, b in pairwise(chain))
    }


def _accepts(history: Bodies, ids: tuple[int, ...], issuer: int, scope: Scope, moment: datetime) -> bool:
    try:
        _then, now, _body = history.asked("checkPath", list(ids), issuer, scope.to_numbers(), seconds(moment))
    except ContractReverted:
        return False
    return bool(now)
