"""What strangers are told when something of the operator fails: a code and a sentence; the rest is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from registry import errors
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import RpcRefused
from registry.chain.rpc.transport import public_url
from registry.errors import PUBLIC_SENTENCES, ChainUnavailable, NotPossible, RegistryError, StoreError
from registry.http.problems import install_problems, note_text, problem_of
from registry.receipt.model import parse
from registry.service.app import create_app
from registry.service.readers import NoReader
from registry.service.routes.verify import verify_router
from registry.service.service import Service
from registry.service.verifying import Verifying
from registry.verify.verdict import FactsUnavailable
from tests.registry.chain.worlds import BrokenEndpoint, Exchange
from tests.registry.service.conftest import CHAIN, CONTRACT, LARGE, Stand, soon

KEY = "SECRETKEYONE"
WORDS = f"project id {KEY} is over its limit at node-7.internal"
RECEIPT = {
    "type": "TestamurReceipt",
    "version": 1,
    "digest": {"method": "json-jcs", "value": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
    "inclusion": {"root": "0x44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "leafCount": 1,
                  "leafIndex": 0, "path": []},
    "anchor": {"chain": CHAIN, "contract": CONTRACT.lower(), "issuer": 1},
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_noted_yet() -> None:
    note_text._at.clear()


@pytest.fixture
def endpoint() -> Iterator[BrokenEndpoint]:
    def refuse(exchange: Exchange) -> None:
        exchange.error({"code": -32603, "message": WORDS, "data": {"url": f"http://x/v3/{KEY}"}})

    found = BrokenEndpoint(refuse)
    found.url = f"{found.url}/v3/{KEY}"
    yield found
    found.close()


class _NothingKnown:
    def searched(self, _: int) -> frozenset[bytes]:
        return frozenset()

    def of(self, *_: Any) -> list[Any]:
        return []


def verifying(endpoint: BrokenEndpoint) -> Verifying:
    contract = CredentialRegistry(endpoint.client(), CONTRACT)
    return Verifying(lambda: contract, CHAIN, _NothingKnown())


def hidden_from(text: str, endpoint: BrokenEndpoint) -> None:
    for secret in (KEY, "node-7", "over its limit", public_url(endpoint.url), endpoint.url.split("/")[2]):
        assert secret not in text, secret


def test_a_verdict_over_http_has_neither_the_address_nor_the_words_of_the_endpoint(
    endpoint: BrokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    app.include_router(verify_router())
    app.state.verifying = verifying(endpoint)
    install_problems(app)
    client = TestClient(app)
    body = json.dumps({"document": {}, "receipt": RECEIPT}).encode()
    with caplog.at_level(logging.WARNING):
        answer = client.post("/v1/verify", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["overall"] == "could not be checked"
    codes = {check["code"] for check in answer.json()["checks"]}
    assert codes & {"chain-rpc-error"}
    hidden_from(answer.text, endpoint)
    assert "over its limit" in caplog.text, "the operator reads in the log what happened"
    assert KEY not in caplog.text
    table = client.post("/v1/verify", content=body, headers={"Content-Type": "application/json", "Accept": "text/csv"})
    hidden_from(table.text, endpoint)


def test_the_command_line_keeps_the_details_without_the_key(endpoint: BrokenEndpoint) -> None:
    verifier = verifying(endpoint).verifier(now=datetime.now(UTC))
    verdict = verifier.verify_bytes(b"{}", "a.json", parse(json.dumps(RECEIPT).encode()))
    details = " ".join(check.detail or "" for check in verdict.checks)
    assert public_url(endpoint.url) in details
    assert "over its limit" in details
    assert KEY not in details
    hidden_from(json.dumps(verdict.to_dict()), endpoint)


def test_a_contract_that_cannot_be_asked_says_nothing_of_the_settings() -> None:
    def fails() -> CredentialRegistry:
        raise errors.SettingsError(f"the file {KEY} cannot be read", where=f"/home/{KEY}")

    verifier = Verifying(fails, CHAIN, _NothingKnown()).verifier(now=datetime.now(UTC))
    assert isinstance(verifier._contract, FactsUnavailable)
    assert KEY not in f"{verifier._contract}"


def test_the_horizon_and_readiness_have_the_code_alone(empty: Stand) -> None:
    trouble = ChainUnavailable(WORDS, where=f"http://node-7.internal/v3/{KEY}", code="chain-timeout")
    empty.mine()
    empty.writer.trouble(trouble)
    soon(empty)
    for path in ("/v1", "/readyz", "/v1/batches", "/healthz"):
        text = empty.client.get(path).text
        assert KEY not in text
        assert "node-7" not in text
    warning = empty.client.get("/v1/batches").json()["asOf"]["warning"]
    assert "chain-timeout" in warning
    assert PUBLIC_SENTENCES["chain-timeout"] in warning
    assert "chain-timeout" in empty.client.get("/readyz").json()["checks"]["index"]["why"]


def test_a_tree_store_that_fails_says_nothing_of_its_folders(stand: Stand) -> None:
    class Failing:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: object, **__: object) -> Any:
                raise StoreError(WORDS, where=f"/srv/{KEY}", remedy=f"look at {KEY}", code="tree-damaged")

            return fail

    client = TestClient(create_app(Service(stand.index, Failing())), raise_server_exceptions=False)  # type: ignore[arg-type]
    digest = LARGE[0].hex()
    answers = [client.get(path).text for path in (f"/v1/credentials/{digest}", "/readyz")]
    answers.append(client.post("/v1/lookup", json={"digests": [digest]}).text)
    for text in answers:
        assert "tree-damaged" in text or "damaged here" in text
        assert KEY not in text
        assert "node-7" not in text


def _kinds(of: type[RegistryError] = RegistryError) -> Iterator[type[RegistryError]]:
    yield of
    for one in of.__subclasses__():
        yield from _kinds(one)


@given(what=st.text(min_size=8), where=st.text(min_size=8), code=st.sampled_from(sorted(PUBLIC_SENTENCES)))
def test_no_error_about_the_operators_things_says_more_than_its_sentence(what: str, where: str, code: str) -> None:
    for kind in _kinds():
        if not kind.__module__.startswith(("registry.", "anchor.")) or kind.stranger_sentence is None:
            continue
        error = RegistryError.__new__(kind)
        RegistryError.__init__(error, what, where=where, remedy=what, code=code)
        body = json.loads(bytes(problem_of(error).body))
        assert body["detail"] == PUBLIC_SENTENCES[code]
        assert body["where"] is None
        assert body["remedy"] == errors.TRY_AGAIN
        assert error.is_private


def test_everything_about_chain_store_and_keys_is_private_by_its_kind() -> None:
    private = (errors.ChainError, errors.StoreError, errors.SignerError, errors.TreeError, NoReader)
    for kind in _kinds():
        expected = issubclass(kind, private) and not issubclass(kind, NotPossible)
        assert (kind.stranger_sentence is not None) is expected, kind


def test_a_text_is_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            note_text("the same")
    assert len(caplog.records) == 1


def test_refusals_of_an_endpoint_have_a_public_sentence() -> None:
    error = RpcRefused(WORDS, rpc_code=1, rpc_message=WORDS, where="x", remedy="y")
    assert error.public.what in PUBLIC_SENTENCES.values()
