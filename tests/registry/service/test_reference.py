"""The API as it is described: examples have the members of real answers, and the reference leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from registry.http.problems import EXAMPLE, STATUS
from registry.service import examples
from registry.service.app import OPERATIONS, create_app
from registry.service.metrics import ServiceMetrics
from registry.service.routes import pages, site
from tests.registry.service.conftest import LARGE, Roots, Stand

REFERENCE = Path(__file__).parents[3] / "docs/reference/api.md"
DIGEST = LARGE[0].hex()


def test_every_endpoint_is_in_the_reference(stand: Stand) -> None:
    text = REFERENCE.read_text()
    described = stand.app.openapi()["paths"]
    assert len(described) > 15
    missing = [
        f"{method.upper()} {path}"
        for path, methods in described.items()
        for method in methods
        if f"`{method.upper()} {path}`" not in text
    ]
    assert missing == []


@pytest.mark.parametrize("part", ["credentials", "lookup", "batches", "parties", "events"])
def test_every_parameter_of_a_query_is_in_the_reference(stand: Stand, part: str) -> None:
    text = REFERENCE.read_text()
    named = {
        parameter["name"]
        for path, methods in stand.app.openapi()["paths"].items()
        if path.startswith(f"/v1/{part}")
        for method in methods.values()
        for parameter in method.get("parameters", ())
        if parameter["in"] == "query"
    }
    assert [name for name in sorted(named) if not re.search(rf"`{name}[`=]", text)] == []


def test_every_code_with_a_status_of_its_own_is_in_the_reference() -> None:
    text = REFERENCE.read_text()
    assert [code for code in STATUS if f"`{code}`" not in text] == []


def test_the_proxy_of_the_docs_passes_every_page_on_and_nothing_of_the_operator() -> None:
    text = (REFERENCE.parents[1] / "how-to/run-the-lookup-service.md").read_text()
    (passed,) = re.findall(r"location ~ (\S+) \{", text)
    shown = [each for router in (pages.router, site.router) for each in router.routes if isinstance(each, Route)]
    paths = [re.sub(r"\{\w+\}", "1", each.path) for each in shown]
    assert "/audits" in paths
    assert [path for path in (*paths, "/v1/parties", "/openapi.json") if not re.search(passed, path)] == []
    assert [path for path in OPERATIONS if re.search(passed, path)] == []


def members(value: Any) -> set[str]:
    """The names of all members, by their path; of lists, the first entry."""
    if isinstance(value, dict):
        return set().union(*({name} | {f"{name}.{below}" for below in members(each)} for name, each in value.items()))
    return members(value[0]) if isinstance(value, list) and value else set()


def test_examples_have_the_members_of_answers(service: TestClient, roots: Roots) -> None:
    def told(path: str) -> Any:
        answer = service.get(path)
        assert answer.status_code == 200
        return answer.json()

    root = roots.large.hex()
    assert members(told(f"/v1/credentials/{DIGEST}")) == members(examples.CREDENTIAL)
    assert members(told(f"/v1/credentials/{DIGEST}/receipts/1/{root}")) == members(examples.RECEIPT)
    assert told(f"/v1/batches/1/{root}").keys() == {*examples.BATCH, "statusWords", "digestWords", "asOf"}
    assert told("/v1/batches")["batches"][0].keys() == examples.BATCH.keys()
    assert told("/v1/parties")["parties"][0].keys() == examples.PARTY.keys()
    found = told("/v1/events?name=Anchored")["events"][0]
    assert members(found) == members(examples.EVENT)
    matches = told(f"/v1/credentials?prefix={DIGEST[:4]}")
    assert matches.keys() == examples.MATCHES.keys()
    # Those of a status come one by one; `test_digests` has one with all.
    told_of, example = members(matches["matches"]), members(examples.MATCHES["matches"])
    assert {each for each in told_of ^ example if not each.startswith("anchors.status.")} == set()
    assert told_of <= example
    lookup = service.post("/v1/lookup", json={"digests": [DIGEST]}).json()
    assert members(lookup) == members(examples.LOOKUP)
    absence = told(f"/v1/credentials/{'ab' * 32}/absence?issuer=1")
    assert absence.keys() - {"asOf"} == examples.ABSENCE.keys() - {"asOf"}
    problem = service.get("/v1/parties/99").json()
    assert EXAMPLE.keys() <= problem.keys()


def test_every_example_of_a_path_is_one_that_is_taken(stand: Stand) -> None:
    app = create_app(stand.service)
    described = app.openapi()["paths"]["/v1"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert described.keys() == stand.client.get("/v1").json().keys()
    assert ServiceMetrics(stand.service).exposition()
