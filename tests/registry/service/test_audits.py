"""Reports of audits that the service shows: what they say and no more, and no file but theirs."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from registry.audit.findings import Asked, Audit, Counts, Unchecked
from registry.audit.kinds import Difference, DifferenceKind
from registry.audit.report.folder import FILES, HTML_FILE, JSON_FILE, name_of, write_report
from registry.errors import StoreError
from registry.records import BlockRef
from registry.service import audits as kept
from registry.service.app import create_app
from registry.service.audits import Audits
from registry.service.routes.audits import _EXAMPLE
from tests.registry.audit.test_audit_page import AUDIT, told
from tests.registry.service.conftest import CHAIN, CONTRACT, Stand
from tests.registry.service.test_pages import BROWSER, HOSTILE, browsed, check_page, parsed, words_of
from tests.registry.service.test_reference import members

CLEAN = replace(AUDIT, chain=CHAIN, contract=CONTRACT, checked=Counts(events=1_474, batches=7, trees=7))
UNSURE = replace(
    CLEAN,
    unchecked=(Unchecked("the index", "it does not go on"), Unchecked("the trees", "no answer")),
    notes=("There is no data folder.",),
    checked=Counts(events=5, batches=7, trees=4),
)
DIFFERENT = replace(
    CLEAN,
    asked=Asked(issuer=17, since=832),
    differences=(
        *(Difference(DifferenceKind.TREE_MISSING, "batch 1", "gone", 17),) * 3,
        Difference(DifferenceKind.BATCH_DIFFERS, "batch 2", "another count", 17),
    ),
)


def at(audit: Audit, block: int) -> Audit:
    return replace(audit, block=BlockRef(block, bytes(32), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=block)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "audits"
    for audit in (at(CLEAN, 1), at(UNSURE, 2), at(DIFFERENT, 3)):
        write_report(audit, folder)
    return folder


@pytest.fixture
def client(stand: Stand, folder: Path) -> TestClient:
    return TestClient(create_app(stand.service, kept_audits=Audits(folder)), raise_server_exceptions=False)


def listed(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/v1/audits{query}")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["audits"]
    return found


def test_the_newest_comes_first_and_says_what_its_report_says(client: TestClient) -> None:
    different, unsure, clean = listed(client)
    assert [each["outcome"] for each in (different, unsure, clean)] == ["differences", "could not be checked", "clean"]
    for each, audit in ((different, at(DIFFERENT, 3)), (unsure, at(UNSURE, 2)), (clean, at(CLEAN, 1))):
        assert each["name"] == name_of(audit)
        assert each["files"] == list(FILES)
        report = client.get(f"/v1/audits/{each['name']}/{JSON_FILE}").json()
        for name in ("outcome", "chain", "contract", "block", "issuer", "since", "checked", "notes"):
            assert each[name] == report[name]
    assert different["name"] == "20260104T000000Z-3-issuer-17-from-832"
    assert different["differences"] == {"count": 4, "byKind": {"tree-missing": 3, "batch-differs": 1}}
    first = {"subject": "the index", "why": "it does not go on"}
    assert (unsure["unchecked"]["count"], unsure["unchecked"]["first"][0]) == (2, first)
    assert members(unsure) == members(_EXAMPLE)


def test_a_list_has_pages_and_a_tag(client: TestClient, folder: Path) -> None:
    names = [each["name"] for each in listed(client)]
    first = client.get("/v1/audits?limit=2")
    assert [each["name"] for each in first.json()["audits"]] == names[:2]
    assert first.json()["next"] == names[1]
    assert first.headers["Link"] == f'</v1/audits?limit=2&cursor={names[1]}>; rel="next"'
    rest = client.get(f"/v1/audits?limit=2&cursor={names[1]}").json()
    assert ([each["name"] for each in rest["audits"]], rest["next"]) == (names[2:], None)
    page = parsed(browsed(client, "/audits?limit=2"))
    assert f"?limit=2&cursor={names[1]}" in {each.attrib["href"] for each in page.iter("a")}
    for path in ("/v1/audits", "/audits"):
        tag = client.get(path, headers=BROWSER).headers["ETag"]
        assert client.get(path, headers=BROWSER | {"If-None-Match": tag}).status_code == 304
    write_report(at(CLEAN, 4), folder)
    assert client.get("/audits", headers=BROWSER | {"If-None-Match": tag}).status_code == 200
    assert client.get("/v1/audits?cursor=../x").status_code == 422


def test_the_page_says_what_was_checked_and_what_not(client: TestClient) -> None:
    sections = [words_of(each) for each in check_page(browsed(client, "/v1/audits")).iter("section")]
    different, unsure, clean = sections[:3]
    assert "Block 3, 2026-01-04 00:00:00 UTC" in different
    assert "4 differences. Not everything agrees" in different
    assert "party 17 alone, batches from block 832 on" in different
    assert "3 tree-missing , 1 batch-differs" in different
    assert "Could not be checked. Nothing differs, but not everything could be compared" in unsure
    assert "the credentials of 3 of 7 batches, whose trees were not read" in unsure
    assert "2 in all; the first: the index , it does not go on" in unsure
    assert "There is no data folder." in unsure
    assert "Clean. Everything that was compared agrees" in clean
    assert "events: 1,474, batches: 7, trees: 7" in clean
    assert not any("Of another registry" in each for each in sections)
    for each in listed(client):
        for file in FILES:
            assert f'href="/v1/audits/{each["name"]}/{file}"' in browsed(client, "/audits")


@pytest.mark.parametrize("checked", [{}, {"batches": 0}])
def test_a_report_in_which_nothing_was_compared_is_not_called_clean(
    client: TestClient, folder: Path, checked: dict[str, int]
) -> None:
    path = folder / name_of(at(CLEAN, 1)) / JSON_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"checked": checked}))
    section = list(check_page(browsed(client, "/audits")).iter("section"))[2]
    assert "Nothing was compared." in words_of(section)
    assert "Clean" not in words_of(section)
    assert "outcome unsure" in {each.get("class") for each in section.iter("p")}


def test_a_report_of_another_registry_is_said_to_be_one(client: TestClient, folder: Path) -> None:
    write_report(replace(at(CLEAN, 9), contract="0x" + "11" * 20), folder)
    assert f"Of another registry 0x{'11' * 20} on {CHAIN}" in words_of(parsed(browsed(client, "/audits")))


def test_files_are_handed_out_as_they_are_and_can_do_nothing(client: TestClient, folder: Path) -> None:
    name = listed(client)[0]["name"]
    for file in FILES:
        answer = client.get(f"/v1/audits/{name}/{file}", headers=BROWSER)
        assert answer.content == (folder / name / file).read_bytes()
        kind = {"html": "text/html", "json": "application/json", "csv": "text/csv"}[file.rpartition(".")[2]]
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert {"sandbox", "default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        again = client.get(f"/v1/audits/{name}/{file}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Content-Security-Policy"] == answer.headers["Content-Security-Policy"]
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, f"/v1/audits/{name}/{HTML_FILE}").status_code == 405


def test_nothing_else_is_handed_out(client: TestClient, folder: Path, tmp_path: Path) -> None:
    name = listed(client)[0]["name"]
    secret = tmp_path / "secret"
    secret.mkdir()
    for file in FILES:
        (secret / file).write_text("secret")
    (folder / name / "notes.txt").write_text("secret")
    (folder / "20270101T000000Z-1").symlink_to(secret)
    (folder / "20270101T000000Z-2").write_text("secret")
    write_report(at(CLEAN, 5), folder)
    linked = folder / name_of(at(CLEAN, 5))
    for file in ("parties.csv", "batches.csv", HTML_FILE):
        (linked / file).unlink()
    (linked / "parties.csv").symlink_to(secret / "parties.csv")
    os.mkfifo(linked / "batches.csv")
    (linked / HTML_FILE).mkdir()
    for path in (
        *(f"{name}/notes.txt", f"{name}/../../secret/{HTML_FILE}", f"..%2fsecret/{HTML_FILE}", f"{name}/%2e%2e"),
        *(f"../secret/{HTML_FILE}", f"%2e%2e/secret/{HTML_FILE}", f"{name}%00/{HTML_FILE}", f"{name}/{HTML_FILE}%00"),
        *(f"20270101T000000Z-1/{HTML_FILE}", f"20270101T000000Z-2/{HTML_FILE}", f"{name}/", f"{name}//{HTML_FILE}"),
        *(f"{linked.name}/{file}" for file in ("parties.csv", "batches.csv", HTML_FILE)),
        f"{name.replace('Z', '٠Z')}/{HTML_FILE}",
    ):
        answer = client.get(f"/v1/audits/{path}")
        assert answer.status_code == 404, path
        assert "secret" not in answer.text
    found = {each["name"]: each for each in listed(client)}
    assert linked.name in found
    assert len(found) == 4
    assert not {"parties.csv", "batches.csv", HTML_FILE} & set(found[linked.name]["files"])


def test_a_report_that_is_not_whole_is_none(client: TestClient, folder: Path) -> None:
    name = listed(client)[0]["name"]
    (folder / name / JSON_FILE).unlink()
    assert name not in [each["name"] for each in listed(client)]
    assert client.get(f"/v1/audits/{name}/{HTML_FILE}").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"outcome": "clean", "unchecked": [{"subject": "a", "why": "b"}]}, "audit-report"),
        ({"outcome": "clean", "differences": [{"kind": "tree-missing"}]}, "audit-report"),
        ({"outcome": "splendid"}, "audit-report"),
        ({"block": {"number": -1}}, "audit-report"),
        ({"checked": {"trees": "all"}}, "audit-report"),
        ({"contract": "<b>"}, "audit-report"),
        ({"issuer": "1"}, "audit-report"),
        # It would have another place in the list.
        ({"issuer": 1}, "audit-report"),
        ({"block": {"number": 9, "hash": f"0x{'00' * 32}", "timestamp": "2026-01-02T00:00:00Z"}}, "audit-report"),
        ({"block": {"number": 1, "hash": f"0x{'00' * 32}", "timestamp": "2031-01-02T00:00:00Z"}}, "audit-report"),
        ({"notes": None}, "audit-report"),
        ("[" * 100_000, "audit-report"),
        ("", "audit-report"),
        ('{"outcome": "clean"', "audit-report"),
        (" " * 3_000, "audit-size"),
    ],
)
def test_what_is_no_report_is_never_taken_for_one(
    client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch, wrong: Any, code: str
) -> None:
    name = name_of(at(CLEAN, 1))
    path = folder / name / JSON_FILE
    if code == "audit-size":
        monkeypatch.setattr(kept, "MOST_BYTES", 2_000)
    path.write_text(wrong if isinstance(wrong, str) else json.dumps(json.loads(path.read_text()) | wrong))
    found = listed(client)[-1]
    assert found["name"] == name
    assert found["unreadable"]["code"] == code
    assert "outcome" not in found
    section = [words_of(each) for each in check_page(browsed(client, "/audits")).iter("section")][2]
    assert name in section
    assert "What this report says is not known here" in section
    assert "Clean" not in section
    if code == "audit-size":
        assert client.get(f"/v1/audits/{name}/{JSON_FILE}").status_code == 503


def test_a_report_that_was_made_again_is_read_again(client: TestClient, folder: Path) -> None:
    assert listed(client)[-1]["outcome"] == "clean"
    write_report(at(UNSURE, 1), folder)
    assert listed(client)[-1]["outcome"] == "could not be checked"


def test_what_reports_say_is_text_and_leaves_the_page_small(client: TestClient, folder: Path) -> None:
    for number, said in enumerate(HOSTILE * 3, 100):
        audit = told(said)
        write_report(replace(at(audit, number), unchecked=audit.unchecked * 50, notes=audit.notes * 50), folder)
    check_page(browsed(client, "/audits"))
    assert all(len(json.dumps(each)) < 60_000 for each in listed(client))


def test_without_a_folder_there_are_none_and_a_folder_that_is_away_is_said(stand: Stand, tmp_path: Path) -> None:
    assert listed(stand.client) == []
    assert "There are none" in words_of(check_page(browsed(stand.client, "/audits")))
    assert stand.client.get(f"/v1/audits/{name_of(at(CLEAN, 1))}/{HTML_FILE}").status_code == 404
    away = TestClient(create_app(stand.service, kept_audits=Audits(tmp_path / "away")))
    answer = away.get("/v1/audits")
    assert (answer.status_code, answer.json()["code"]) == (503, "unreadable")
    assert str(tmp_path) not in answer.text
    check_page(browsed(away, "/audits", 503))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        write_report(CLEAN, tmp_path / "file")
    assert caught.value.code == "unwritable"
