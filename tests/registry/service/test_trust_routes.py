"""Accreditations, TRQP, insights and status lists over HTTP: each says what is on record, or why it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from starlette.testclient import TestClient

from registry.database.engine import open_database
from registry.errors import SettingsError
from registry.formats.statuslist import Purpose, decode, is_set
from registry.http.problems import install_problems
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.proofs.signatures.suites import verify
from registry.recognition.insights import NOTES
from registry.records import BlockRef, Event
from registry.service.routes import accreditations, insights, statuslists, trqp
from registry.service.service import Service
from registry.service.status_lists import ListSigner, StatusLists
from registry.timestamps import from_unix
from registry.trees.folder import FolderTrees

CHAIN, CONTRACT = "eip155:31337", "0x5FbDB2315678afecb367f032d93F642f64180aa3"
SOMEBODY = "0x" + "11" * 20
NOW = int(datetime.now(UTC).timestamp())
START = NOW - 400 * 86_400
HR, SI = 191, 705
ISSUER, BODY, MINISTRY, FOREIGN, FOREIGN_ISSUER = 1, 2, 3, 4, 5
ROUTERS = (accreditations.router, trqp.router, insights.router, statuslists.router)


def at(day: int) -> str:
    return f"{datetime.fromtimestamp(START + day * 86_400, UTC):%Y-%m-%dT%H:%M:%SZ}"


class World:
    """A chain of one block a day, told to an index."""

    def __init__(self, folder: Path):
        self.engine = open_database(f"sqlite:///{folder / 'testamur.db'}")
        self.writer = IndexWriter(self.engine, CHAIN, CONTRACT)
        self.writer.begin(self.mark(0), genesis_hash=bytes(32))
        self.index = Index(self.engine, CHAIN, CONTRACT)
        self.service = Service(self.index, FolderTrees(folder))
        self.accreditations = 0

    def mark(self, day: int) -> BlockRef:
        return BlockRef(day, sha256(b"%d" % day).digest(), from_unix(START + day * 86_400))

    def mine(self, day: int, *told: tuple[str, dict[str, Any]], seen: int | None = None) -> None:
        head = self.writer.head()
        assert head is not None
        events = []
        for place, (name, arguments) in enumerate(told):
            given = {"operator": SOMEBODY, "reason": 0, **arguments}
            events.append(Event.of_block(self.mark(day), name, given, place, bytes(32)))
        self.writer.add(head, events, self.mark(day), seen=seen or day)

    def finalise(self, day: int, seen: int) -> None:
        head = self.writer.head()
        assert head is not None
        self.writer.settle(head, final=self.mark(day), seen=seen)

    def party(self, number: int) -> tuple[str, dict[str, Any]]:
        return "PartyRegistered", {"party": number, "controller": SOMEBODY, "uri": "", "profileHash": bytes(32)}

    def terms(self, body: int, jurisdiction: int, days: int) -> dict[str, Any]:
        self.accreditations += 1
        return {
            "id": self.accreditations,
            "body": body,
            "scope": [6, 2, 5, 7, 0, jurisdiction] if jurisdiction else [0, 0, 1, 8, 0, 0],
            "validFrom": START,
            "validUntil": START + days * 86_400,
            "evidenceHash": bytes(32),
            "evidenceUri": "https://agency.example/decision",
        }

    def offer(self, body: int, holder: int, kind: int, where: int, days: int = 420) -> tuple[str, dict[str, Any]]:
        return "AccreditationOffered", {**self.terms(body, where, days), "holder": holder, "kind": kind}

    def recognise(self, body: int, recognised: int) -> tuple[str, dict[str, Any]]:
        return "Recognised", {**self.terms(body, 0, 4000), "recognised": recognised}


def anchored(sequence: int, leaf_count: int, issuer: int = ISSUER) -> tuple[str, dict[str, Any]]:
    root = sha256(b"%d %d" % (issuer, sequence)).digest()
    return "Anchored", {"issuer": issuer, "root": root, "leafCount": leaf_count, "sequence": sequence}


def revoked(sequence: int, leaf: int) -> tuple[str, dict[str, Any]]:
    root = sha256(b"%d %d" % (ISSUER, sequence)).digest()
    return "StatusSet", {"issuer": ISSUER, "root": root, "purpose": 0, "word": 0, "changed": 1 << leaf}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    made.mine(1, *(made.party(number) for number in range(1, 6)))
    made.mine(2, made.offer(BODY, ISSUER, 0, HR), made.offer(MINISTRY, BODY, 1, HR), made.recognise(FOREIGN, MINISTRY))
    made.mine(3, ("AccreditationAccepted", {"id": 1}), ("AccreditationAccepted", {"id": 2}))
    made.mine(4, made.offer(FOREIGN, FOREIGN_ISSUER, 0, SI, days=200), ("AccreditationAccepted", {"id": 4}))
    made.mine(10, anchored(1, 100), anchored(1, 7, FOREIGN_ISSUER))
    made.mine(300, anchored(2, 20), anchored(2, 5, FOREIGN_ISSUER), revoked(1, 3))
    made.mine(390, revoked(2, 0))
    made.mine(400)
    made.finalise(310, 400)
    yield made
    made.engine.dispose()


def app_of(world: World, **state: Any) -> FastAPI:
    app = FastAPI()
    install_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    app.state.service = world.service
    for name, value in state.items():
        setattr(app.state, name, value)
    return app


@pytest.fixture(scope="module")
def client(world: World) -> TestClient:
    return TestClient(app_of(world))


def told(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def problem(client: TestClient, path: str, **query: Any) -> tuple[int, str]:
    answer = client.get(path, params=query)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["remedy"]
    return answer.status_code, answer.json()["code"]


# Accreditations and recognitions


def test_accreditations_are_listed_with_their_history(client: TestClient) -> None:
    found = told(client, "/v1/accreditations")
    assert [each["id"] for each in found["accreditations"]] == [1, 2, 4]
    first = found["accreditations"][0]
    assert (first["kind"], first["body"], first["holder"], first["state"]) == (
        "accredit-to-issue",
        BODY,
        ISSUER,
        "active",
    )
    assert first["scope"]["resource"] == "field=06;levels=5-7;jurisdiction=HR"
    assert [each["state"] for each in first["changes"]] == ["offered", "active"]
    assert first["changes"][1]["recordedAt"] == at(3)
    assert (found["next"], found["asOf"]["block"]["number"]) == (None, 400)
    assert [each["id"] for each in told(client, "/v1/recognitions")["recognitions"]] == [3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"body": BODY}, [1]),
        ({"holder": BODY}, [2]),
        ({"holder": 99}, []),
        ({"kind": "accredit-to-accredit"}, [2]),
        ({"state": "active"}, [1, 2, 4]),
        ({"state": "void"}, []),
        ({"at": at(5)}, [1, 2, 4]),
        ({"at": at(250)}, [1, 2]),
        ({"at": at(250), "state": "active", "body": FOREIGN}, []),
    ],
)
def test_accreditations_are_filtered(client: TestClient, query: dict[str, Any], expected: list[int]) -> None:
    assert [each["id"] for each in told(client, "/v1/accreditations", **query)["accreditations"]] == expected


def test_what_was_known_at_a_time_is_told_beside_what_is_known_now(client: TestClient) -> None:
    (found,) = told(client, "/v1/accreditations", at=at(2), holder=ISSUER)["accreditations"]
    assert found["stateAt"] == {"moment": at(2), "asKnownThen": "offered", "asKnownNow": "active"}
    one = told(client, "/v1/accreditations/3", at=at(250))
    assert (one["kind"], one["stateAt"]["asKnownNow"]) == ("recognise", "active")


def test_pages_hold_everything_once(client: TestClient) -> None:
    seen, cursor = [], None
    while True:
        page = client.get("/v1/accreditations", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))
        seen += [each["id"] for each in page.json()["accreditations"]]
        cursor = page.json()["next"]
        assert ("link" in page.headers) == (cursor is not None)
        if cursor is None:
            break
    assert seen == [1, 2, 4]


def test_a_list_that_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/v1/accreditations")
    assert client.get("/v1/accreditations", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/v1/accreditations", {"cursor": "x"}, (400, "cursor")),
        ("/v1/accreditations", {"cursor": "0"}, (400, "cursor")),
        ("/v1/accreditations", {"at": "yesterday"}, (400, "time")),
        ("/v1/accreditations", {"at": "2999-01-01T00:00:00Z"}, (400, "time-to-come")),
        ("/v1/accreditations", {"kind": "recognise"}, (422, "parameter")),
        ("/v1/accreditations", {"body": 0}, (422, "parameter")),
        ("/v1/accreditations", {"body": 2**63}, (422, "parameter")),
        ("/v1/accreditations/5", {}, (404, "unknown-accreditation")),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    client: TestClient, path: str, query: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert problem(client, path, **query) == expected


# TRQP

QUERY = {
    "entity_id": f"{CHAIN}:{CONTRACT}/party/{ISSUER}",
    "authority_id": str(FOREIGN),
    "action": "issue",
    "resource": "field=0613;levels=6;jurisdiction=HR",
}
# The schema of TRQP 2.0's answers, put down from the specification: members, and which have to be there.
TEXT = {"type": "string"}
ANSWER = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("entity_id", "authority_id", "action", "resource", "message"), TEXT),
        **{name: {"type": "string", "format": "date-time"} for name in ("time_requested", "time_evaluated")},
        **{name: {"type": "boolean"} for name in ("authorized", "recognized")},
        "context": {"type": "object", "additionalProperties": TEXT},
    },
    "required": ["entity_id", "authority_id", "action", "resource", "time_evaluated"],
}


@pytest.mark.parametrize(("name", "member"), [("authorization", "authorized"), ("recognition", "recognized")])
def test_both_ways_to_ask_give_the_same_answer_of_the_protocols_form(
    client: TestClient, name: str, member: str
) -> None:
    query = QUERY if name == "authorization" else QUERY | {"entity_id": str(MINISTRY), "action": "recognize"}
    posted = client.post(f"/v1/{name}", json=query | {"context": {"time": at(100)}})
    assert posted.status_code == 200, posted.text
    answer = posted.json()
    jsonschema.validate(answer, ANSWER | {"required": [*ANSWER["required"], member]})
    assert answer[member] is True
    assert answer["as_of_block"]["number"] == 400
    asked = told(client, f"/v1/{name}", **query, time=at(100))
    assert asked | {"time_evaluated": ""} == answer | {"time_evaluated": ""}


def test_a_path_across_the_border_is_told(client: TestClient) -> None:
    assert [each["accreditation"] for each in told(client, "/v1/authorization", **QUERY)["path"]] == [3, 2, 1]


def test_no_agreement_is_an_answer(client: TestClient) -> None:
    answer = told(client, "/v1/authorization", **QUERY | {"entity_id": str(FOREIGN_ISSUER)})
    assert (answer["authorized"], answer["missing"]["gap"]) == (False, "scope-not-covered")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"entity_id": "99"}, (404, "unknown-party")),
        ({"entity_id": str(2**64 - 1)}, (404, "unknown-party")),
        ({"entity_id": "did:web:uni.example"}, (400, "party-id")),
        ({"authority_id": f"eip155:1:{CONTRACT}/party/1"}, (404, "party-elsewhere")),
        ({"action": "govern"}, (404, "unknown-action")),
        ({"resource": "engineer"}, (400, "resource")),
        ({"time": "2999-01-01T00:00:00Z"}, (400, "time-to-come")),
        ({"time": "yesterday"}, (400, "time")),
    ],
)
def test_what_cannot_be_answered_is_a_problem_and_not_a_no(
    client: TestClient, change: dict[str, str], expected: tuple[int, str]
) -> None:
    assert problem(client, "/v1/authorization", **QUERY | change) == expected


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"entity_id": "1"}', 400),
        (b'{"entity_id": "1", "entity_id": "2"}', 400),
        (json.dumps(QUERY | {"context": {"time": 5}}).encode(), 400),
        (b"[" * 20_000, 400),
        (json.dumps(QUERY | {"more": "x" * 70_000}).encode(), 413),
    ],
)
def test_a_broken_body_is_refused(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/v1/recognition", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_what_was_not_read_from_the_chain_is_not_answered_with_no(tmp_path: Path) -> None:
    behind = World(tmp_path)
    behind.mine(1, *(behind.party(number) for number in (1, 2)), seen=2)
    client = TestClient(app_of(behind))
    query = QUERY | {"authority_id": "2"}
    assert problem(client, "/v1/authorization", **query) == (503, "not-yet-read")
    assert problem(client, "/v1/authorization", **query, time=at(2)) == (503, "not-yet-read")
    assert told(client, "/v1/authorization", **query, time=at(1))["authorized"] is False
    assert problem(client, "/v1/insights") == (503, "not-yet-read")
    behind.mine(2, seen=400)
    behind.service.horizon._read_at = float("-inf")
    # Further behind than it may be, nothing is said of any time: what was withdrawn since may have been void.
    for time in (at(1), at(2)):
        assert problem(client, "/v1/authorization", **query, time=time) == (503, "index-behind")
    assert problem(client, "/v1/recognition", **query) == (503, "index-behind")
    assert problem(client, "/v1/accreditations") == (503, "index-behind")
    assert problem(client, "/v1/insights", at=at(1)) == (503, "index-behind")
    behind.engine.dispose()


def test_a_chain_of_which_nothing_was_heard_is_not_answered_for(world: World) -> None:
    from registry.errors import ChainUnavailable
    from registry.service.trust import STALE_SECONDS, IndexedFacts

    facts = IndexedFacts(world.index, world.service.trees)
    head = facts.head()
    heard = datetime.fromtimestamp(max(head.seen_at, head.cursor.timestamp.timestamp()), UTC)
    assert facts.ledger(heard + timedelta(seconds=STALE_SECONDS - 1)).as_of
    with pytest.raises(ChainUnavailable) as caught:
        facts.ledger(heard + timedelta(seconds=STALE_SECONDS + 1))
    assert caught.value.code == "not-yet-read"


# Insights


def test_insights_have_every_section_and_count_the_lapsed(client: TestClient) -> None:
    found = told(client, "/v1/insights", days=365)
    assert len(found) == len(NOTES) + 2
    credentials = found["credentials"]
    assert (credentials["credentials"], credentials["underActive"], credentials["underLapsed"]) == (132, 127, 5)
    assert credentials["revoked"] == 2
    assert found["reviewsDue"]["count"] == 2
    assert found["equity"]["notRecognised"] == ["HR"], "the body that recognises it is placed nowhere any more"
    then = told(client, "/v1/insights", at=at(100))
    assert then["equity"]["recognised"] == ["HR"]
    assert then["recognition"]["covered"] == [{"recognises": "SI", "recognised": "HR", "count": 1, "mutual": False}]
    again = client.get("/v1/insights", params={"at": at(100)})
    tag = {"If-None-Match": again.headers["etag"]}
    assert client.get("/v1/insights", params={"at": at(100)}, headers=tag).status_code == 304


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"at": "2999-01-01T00:00:00Z"}, (400, "time-to-come")),
        ({"at": "x"}, (400, "time")),
        ({"days": -1}, (422, "parameter")),
        ({"days": 10**9}, (422, "parameter")),
    ],
)
def test_insights_of_no_time_are_refused(client: TestClient, query: dict[str, Any], expected: tuple[int, str]) -> None:
    assert problem(client, "/v1/insights", **query) == expected


# Status lists


def set_positions(credential: dict[str, Any]) -> set[int]:
    bits = decode(credential["credentialSubject"]["encodedList"])
    return {index for index in range(200) if is_set(bits, index)}


def test_a_status_list_is_that_of_the_final_block(client: TestClient) -> None:
    answer = client.get(f"/v1/status-lists/{ISSUER}/revocation/1")
    assert answer.headers["content-type"] == "application/vc"
    credential = answer.json()
    # The revocation of day 390 is not final.
    assert set_positions(credential) == {3}
    assert credential["id"] == f"http://testserver/v1/status-lists/{ISSUER}/revocation/1"
    assert credential["issuer"] == f"{CHAIN}:{CONTRACT}/party/{ISSUER}"
    assert "proof" not in credential
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(f"/v1/status-lists/{ISSUER}/revocation/1", headers=tag).status_code == 304
    assert set_positions(told(client, f"/v1/status-lists/{ISSUER}/suspension/1")) == set()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/vc"),
        ("*/*", "application/vc"),
        ("application/vc", "application/vc"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/vc"),
        ("image/png", "application/vc"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/ld+json, application/json", "application/ld+json"),
        ("application/vc;q=0.5, application/json", "application/json"),
        ("application/vc, application/json", "application/vc"),
        ("application/json;q=0, application/vc;q=0.1", "application/vc"),
    ],
)
def test_a_list_has_the_type_that_is_asked_for(client: TestClient, accept: str | None, kind: str) -> None:
    path = f"/v1/status-lists/{ISSUER}/revocation/1"
    usual = client.get(path, headers={"Accept": "*/*"})
    answer = client.get(path, headers={"Accept": accept or ""})
    assert (answer.headers["content-type"], answer.headers["vary"]) == (kind, "Accept")
    assert answer.content == usual.content
    tag = answer.headers["etag"]
    assert (tag == usual.headers["etag"]) == (kind == "application/vc")
    again = client.get(path, headers={"Accept": accept or "", "If-None-Match": tag})
    assert (again.status_code, again.headers["vary"]) == (304, "Accept")


def test_an_entry_leads_to_the_bit_of_its_credential(client: TestClient) -> None:
    entries = told(client, f"/v1/status-lists/{ISSUER}/entries/1/3")["credentialStatus"]
    assert [each["statusPurpose"] for each in entries] == [purpose.value for purpose in Purpose]
    for entry in entries:
        listed = client.get(entry["statusListCredential"]).json()
        bits = decode(listed["credentialSubject"]["encodedList"])
        assert is_set(bits, int(entry["statusListIndex"])) == (entry["statusPurpose"] == "revocation")
    (second, _) = told(client, f"/v1/status-lists/{ISSUER}/entries/2/0")["credentialStatus"]
    assert second["statusListIndex"] == "100"


def test_lists_are_signed_when_the_issuer_gave_a_key(world: World) -> None:
    key = Ed25519PrivateKey.generate()
    signer = ListSigner.of(key, "did:web:university.example#lists")
    lists = StatusLists(world.index, world.service.trees, "https://registry.example", {ISSUER: signer})
    client = TestClient(app_of(world, status_lists=lists))
    credential = told(client, f"/v1/status-lists/{ISSUER}/revocation/1")
    assert credential["issuer"] == "did:web:university.example"
    assert credential["id"].startswith("https://registry.example/v1/")
    assert verify(credential, key.public_key())["verificationMethod"] == "did:web:university.example#lists"
    assert [proof["cryptosuite"] for proof in credential["proof"]] == ["eddsa-jcs-2022", "eddsa-rdfc-2022"]
    assert {proof["verificationMethod"] for proof in credential["proof"]} == {signer.method}
    assert credential == told(client, f"/v1/status-lists/{ISSUER}/revocation/1")
    assert "proof" not in told(client, f"/v1/status-lists/{FOREIGN_ISSUER}/revocation/1")


def test_a_signer_without_a_document_is_known_by_its_key() -> None:
    key = Ed25519PrivateKey.generate()
    signer = ListSigner.of(key)
    assert signer.method.startswith(f"{signer.issuer}#z6Mk")
    for method in ("did:web:university.example", "#key", "key#1", "did:web:university.example#key 1", "did:a<b#key"):
        with pytest.raises(SettingsError):
            ListSigner.of(key, method)


def test_lists_are_not_signed_for_an_address_that_a_client_chose(world: World) -> None:
    for base_url in (None, "https://registry.example/a b"):
        with pytest.raises(SettingsError) as caught:
            StatusLists(
                world.index, world.service.trees, base_url, {ISSUER: ListSigner.of(Ed25519PrivateKey.generate())}
            )
        assert caught.value.code == "public-url"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("1/revocation/2", (404, "unknown-list")),
        ("99/revocation/1", (404, "unknown-party")),
        ("1/expiry/1", (422, "parameter")),
        ("1/revocation/0", (422, "parameter")),
        ("1/entries/3/0", (404, "unknown-batch")),
        ("1/entries/1/100", (404, "index-range")),
    ],
)
def test_a_list_that_there_is_not_is_no_empty_list(client: TestClient, path: str, expected: tuple[int, str]) -> None:
    assert problem(client, f"/v1/status-lists/{path}") == expected


def test_every_example_of_the_description_has_the_members_of_a_real_answer(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    real = {
        "/v1/accreditations": told(client, "/v1/accreditations", limit=1),
        "/v1/accreditations/{number}": told(client, "/v1/accreditations/1"),
        "/v1/recognitions": told(client, "/v1/recognitions"),
        "/v1/authorization": told(client, "/v1/authorization", **QUERY, time=at(100)),
        "/v1/insights": told(client, "/v1/insights"),
        "/v1/status-lists/{issuer}/{purpose}/{number}": told(client, "/v1/status-lists/1/revocation/1"),
        "/v1/status-lists/{issuer}/entries/{sequence}/{leaf_index}": told(client, "/v1/status-lists/1/entries/1/0"),
    }
    for path, answer in real.items():
        for content in paths[path]["get"]["responses"]["200"]["content"].values():
            # The description leaves out members that are null.
            assert set(content["example"]) == {name for name, value in answer.items() if value is not None}, path
