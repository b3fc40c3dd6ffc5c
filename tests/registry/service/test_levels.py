"""Level maps and cards over HTTP, as JSON and as a page: the same, and no text of a map's author steers it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.levels.reading import read_map
from registry.service.app import create_app
from tests.registry.levels.files import eqf, written
from tests.registry.service.conftest import Stand
from tests.registry.service.test_pages import ELEMENTS, browsed, parsed, words_of


def served(stand: Stand, maps: LevelMaps | None = None) -> TestClient:
    return TestClient(create_app(stand.service, level_maps=maps))


def test_a_card_is_answered(service: TestClient) -> None:
    told = service.get("/v1/levels/card", params={"level": "8", "from": "IE", "to": "DE"})
    assert told.status_code == 200
    assert [(each["framework"], each["level"]) for each in told.json()["here"]] == [("de-dqr", "6")]
    then = service.get("/v1/levels/card", params={"level": "I", "from": "FR", "to": "DE", "at": "2015-07-01"})
    assert [each["level"] for each in then.json()["here"]] == ["7", "8"]


def test_the_maps_are_listed_or_those_of_a_place(service: TestClient) -> None:
    assert len(service.get("/v1/levels").json()["maps"]) == len(bundled_maps())
    assert {each["framework"] for each in service.get("/v1/levels?place=gb").json()["maps"]} == {
        "gb-rqf",
        "gb-scqf",
        "gb-cqfw",
    }


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/levels?place=XX", 404, "unknown-framework"),
        ("/v1/levels/card?level=8&from=IE&to=DE&at=soon", 400, "time"),
        ("/v1/levels/card?level=8", 422, "parameter"),
        (f"/v1/levels/card?from=IE&to=DE&level={'8' * 41}", 422, "parameter"),
    ],
)
def test_what_cannot_be_answered_says_why(service: TestClient, path: str, status: int, code: str) -> None:
    answer = service.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_what_is_kept_is_asked_about_again(service: TestClient) -> None:
    first = service.get("/v1/levels")
    again = service.get("/v1/levels", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/levels", "Deutscher Qualifikationsrahmen"),
        ("/v1/levels", "Deutscher Qualifikationsrahmen"),
        ("/levels?place=gb-scqf", "Scotland."),
        ("/levels/card?level=8&from=IE&to=DE&at=", "Comparable here"),
        ("/v1/levels/card?level=8&from=IE&to=DE", "ie-nfq 8"),
        ("/levels/card?level=6&from=ZA&to=DE", "no comparison of level 6"),
        ("/levels/card?level=I&from=FR&to=DE&at=2015-07-01", "EQF 7 to 8, close"),
    ],
)
def test_a_browser_gets_a_page_that_says_the_same(service: TestClient, path: str, words: str) -> None:
    page = parsed(browsed(service, path))
    assert words in words_of(page)
    assert {each.tag for each in page.iter()} <= ELEMENTS
    assert "equivalen" not in words_of(page).casefold()


def test_the_page_names_its_json_and_the_json_is_the_cards(service: TestClient) -> None:
    page = parsed(browsed(service, "/levels/card?level=8&from=IE&to=DE"))
    (target,) = {each.attrib["href"] for each in page.iter("a") if each.attrib["href"].startswith("/v1/levels/card")}
    assert service.get(target, headers={"Accept": "text/html"}).json()["type"] == "TestamurLevelCard"


def test_no_text_of_a_map_or_of_a_question_steers_the_page(stand: Stand) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=//evil.example/x>{{ 7*7 }}"
    rows = [{"code": "1", "eqf": 1, "name": hostile}, *eqf(1, 2)[1:]]
    made = read_map(written(rows, name=hostile, note=hostile, report={"title": hostile}), "x.toml")
    client = served(stand, LevelMaps([made]))
    for path in ("/levels", "/levels?place=xx-nqf", "/levels/card?level=1&from=IE&to=IE"):
        page = parsed(browsed(client, path))
        assert {each.tag for each in page.iter()} <= ELEMENTS
        assert "alert(1)" in words_of(page)
        assert "49" not in words_of(page)
    for name in ("level", "from", "to", "at"):
        asked = {"level": "1", "from": "IE", "to": "IE"} | ({name: hostile[:40]} if name != "at" else {})
        answer = client.get("/levels/card", params=asked)
        assert answer.status_code == 200
        assert "<script" not in answer.text.split("</style>")[1]


def test_a_service_shows_the_maps_that_it_was_given(stand: Stand) -> None:
    client = served(stand, LevelMaps([read_map(written(eqf(1, 2)), "x.toml")]))
    assert [each["framework"] for each in client.get("/v1/levels").json()["maps"]] == ["xx-nqf"]
