"""Generated requests by the description of the API: no answer is a fault of the service, and each is as described."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.registry.service.conftest import LARGE, Stand


def test_generated_requests_are_answered_or_refused(stand: Stand) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", stand.app)
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in ("/metrics", "/healthz", "/readyz"):
            continue

        @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: object) -> None:
            answer = case.call()  # type: ignore[attr-defined]
            assert answer.status_code < 500, (case, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"][0] == "application/problem+json"

        ask()
        tried += 1
    assert tried > 15


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["cursor", "limit", "issuer", "after", "name", "root", "format", "prefix"]), st.text(max_size=60)
)
def test_any_text_in_any_parameter_is_answered_or_refused(name: str, text: str) -> None:
    client = test_any_text_in_any_parameter_is_answered_or_refused.client  # type: ignore[attr-defined]
    for path in ("/v1/batches", "/v1/parties", "/v1/events", "/v1/credentials", f"/v1/credentials/{LARGE[0].hex()}"):
        assert client.get(path, params={name: text}).status_code in (200, 400, 404, 422)


@pytest.fixture(autouse=True)
def _asked(service: TestClient) -> None:
    test_any_text_in_any_parameter_is_answered_or_refused.client = service  # type: ignore[attr-defined]
