"""Limits of requests are waited for as long as the endpoint asks to, within a budget, and never what is sent."""

from __future__ import annotations

from typing import Any

import pytest

from anchor.settings import Settings
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.patience import Patience
from registry.errors import ChainUnavailable
from tests.registry.chain.scripted import Json, Reply, Scripted, each, error

BLOCK = {"number": "0x5", "hash": "0x" + "11" * 32, "parentHash": "0x" + "11" * 32, "timestamp": "0x65000000"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Limited(Scripted):
    """An endpoint that answers so many requests in each second, and is asked by a client with patience."""

    def __init__(self, a_second: float, *, seconds: float = 60.0, says: Json | None = None, after: str | None = "1"):
        super().__init__(self._limited)
        self.clock = Clock()
        self._a_second = a_second
        self._says = says
        self._headers = {} if after is None else {"Retry-After": after}
        self._answered: dict[int, int] = {}
        self.client = ChainClient(self.transport, patience=Patience(seconds, sleep=self.clock.sleep))

    def _limited(self, request: Json) -> Reply:
        second = int(self.clock.now)
        self._answered[second] = self._answered.get(second, 0) + 1
        if self._answered[second] <= self._a_second:
            return each(self._answer)(request)
        if self._says is None:
            return Reply({}, 429, self._headers)
        return each(lambda *_: self._says)(request)

    def _answer(self, method: str, _params: list[Any]) -> Json:
        return "0x1" if method in ("eth_chainId", "eth_getBalance") else BLOCK


SAYS = [
    None,
    error(-32005, "rate limit exceeded"),
    error(429, "Your app has exceeded its compute units per second capacity."),
    error(-32005, "exceeded project rate limit", data={"rate": {"backoff_seconds": 1}}),
]


@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("after", ["1", None, "0", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_every_question_is_answered_in_the_end(says: Json | None, after: str | None) -> None:
    """131 questions at ten a second: all were given up after 13."""
    endpoint = Limited(10, says=says, after=after)
    for _ in range(131):
        assert endpoint.client.chain_id() == 1
    assert 12 < endpoint.clock.now < 30
    assert len(endpoint.asked) < 200


def test_several_questions_together_wait_as_one() -> None:
    endpoint = Limited(1)
    for _ in range(3):
        assert len(endpoint.client.blocks([5, 5, 5])) == 3
    assert endpoint.clock.now == 2


@pytest.mark.parametrize("takes_batches", [True, False])
def test_more_questions_than_a_second_allows_are_asked_one_by_one(takes_batches: bool) -> None:
    """Where each of them counts, together or not, all at once would never be answered."""
    endpoint = Limited(10)

    def counted(request: Json) -> Reply:
        if not isinstance(request, list):
            return endpoint._limited(request)
        if takes_batches:
            return Reply({}, 429)
        return Reply({"id": None} | error(-32600, "Invalid Request"))

    endpoint.script = counted
    assert len(endpoint.client.blocks([5] * 100)) == 100
    assert endpoint.clock.now < 20
    assert len(endpoint.asked) < 160


def test_what_is_sent_is_sent_once() -> None:
    endpoint = Limited(0)
    with pytest.raises(ChainUnavailable):
        endpoint.client.send_raw(b"\x02")
    assert (len(endpoint.asked), endpoint.clock.now) == (1, 0)


def test_a_budget_that_is_used_up_is_not_spent_again_until_there_is_an_answer() -> None:
    endpoint = Limited(0, after=None)
    with pytest.raises(ChainUnavailable, match=r"limits requests \(HTTP 429\); it was waited for 56 seconds") as caught:
        endpoint.client.chain_id()
    assert caught.value.code == "chain-rate-limited"
    asked = len(endpoint.asked)
    for _ in range(1_000):
        with pytest.raises(ChainUnavailable):
            endpoint.client.chain_id()
    assert (len(endpoint.asked) - asked, endpoint.clock.now) == (1_000, 55.5)
    endpoint._a_second = 1
    endpoint.clock.now = 100
    assert endpoint.client.chain_id() == endpoint.client.chain_id() == 1


def test_a_day_is_not_waited_for() -> None:
    endpoint = Limited(0, after="86400")
    with pytest.raises(ChainUnavailable, match="ask again in 300 seconds or more"):
        endpoint.client.chain_id()
    assert endpoint.clock.now == 0


@pytest.mark.parametrize(("status", "waits"), [(503, True), (500, True), (404, True)])
def test_an_outage_that_says_when_it_is_over_is_waited_for(status: int, waits: bool) -> None:
    endpoint = Limited(0)
    endpoint.script = lambda request: (
        Reply(b"", status, {"Retry-After": "5"}) if endpoint.clock.now < 12 else endpoint._limited(request)
    )
    endpoint._a_second = 1
    assert endpoint.client.chain_id() == 1
    assert (endpoint.clock.now == 15) is waits


@pytest.mark.parametrize("reply", [Reply(b"", 503), Reply({}, 401), Reply(b"<html>")])
def test_nothing_else_is_waited_for(reply: Reply) -> None:
    endpoint = Limited(0)
    endpoint.script = lambda _: reply
    with pytest.raises(ChainUnavailable):
        endpoint.client.chain_id()
    assert (len(endpoint.asked), endpoint.clock.now) == (1, 0)


def test_commands_are_patient_and_services_are_not() -> None:
    from anchor.workspace import Workspace

    waiting = Settings(chain="http://127.0.0.1:1")
    for patient, seconds in ((True, 60.0), (False, 0.0)):
        with Workspace(waiting, read_only=True, patient=patient) as workspace:
            assert workspace.client.patient_seconds == seconds
