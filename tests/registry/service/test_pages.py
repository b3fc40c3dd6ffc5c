"""The pages for people: what the API tells and nothing more, whoever wrote the words, and nothing from elsewhere."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import pytest
from starlette.testclient import TestClient

from registry.database.engine import open_database
from registry.errors import ChainError
from registry.index.reader import Index
from registry.service.app import create_app
from registry.service.lookup import Lookup
from registry.service.service import Limits, Service
from registry.service.web.negotiation import wants_page
from registry.service.web.pages.drawings import network
from registry.trees.folder import FolderTrees
from registry.untrusted.links import web_link
from registry.untrusted.text import marked
from tests.registry.service import conftest
from tests.registry.service.conftest import ACCOUNT, CHAIN, CONTRACT, GENESIS_TIME, Roots, Stand, credential, soon

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
MOST_BYTES = 60_000
SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = frozenset(
    {"html", "head", "meta", "title", "link", "style", "body", "header", "nav", "main", "section", "footer", "form"}
    | {"h1", "h2", "h3", "p", "div", "ul", "li", "dl", "dt", "dd", "a", "strong", "code", "time", "bdi"}
    | {"label", "input", "button", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"}
    | {"svg", "desc", "rect", "text", "line", "circle", "path"}
)
HOSTILE = (
    "<script>alert(1)</script>\"' onmouseover='alert(2)' <img src=//evil.example/x>",
    "\x1b[31mred\x07\r\nline\x00",
    "\u202egnp.exe\u2066\u200b&lt;b&gt;{{ 7*7 }}",
    "did:web:" + "'&<>\"" * 4_000,
    "аррӏе.example 大学 " * 50,
)
EVIDENCE = (
    "javascript:alert(1)",
    "https://bank.example@evil.example/",
    'https://evil.example/" onclick="alert(1)',
    "data:text/html,<script>alert(1)</script>",
    "https://evil.example/\u202e",
    "//evil.example/x",
    "https://" + "a" * 5_000,
)
GOOD_EVIDENCE = "https://agency.example/decisions/17?a=1&b=2#c"


def browsed(client: TestClient, path: str, status: int = 200, **headers: str) -> str:
    answer = client.get(path, headers=BROWSER | headers, follow_redirects=False)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(answer.content) < MOST_BYTES, path
    return answer.text


def parsed(text: str) -> ET.Element:
    assert text.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(text)


def words_of(element: ET.Element) -> str:
    return re.sub(r"\s+", " ", " ".join(element.itertext()))


def targets(root: ET.Element) -> set[str]:
    return {each.attrib["href"] for each in root.iter("a")}


def offer(number: int, body: int, holder: int, kind: int, uri: str, until: int = 2_000_000_000) -> Any:
    name, who = ("Recognised", "recognised") if kind == 2 else ("AccreditationOffered", "holder")
    given = {
        "id": number,
        "body": body,
        who: holder,
        "kind": kind,
        "scope": [6, 2, 5, 7, 0, 191],
        "validFrom": GENESIS_TIME - 86_400,
        "validUntil": until,
        "evidenceHash": bytes(32),
        "evidenceUri": uri,
    }
    if kind == 2:
        given.pop("kind")
    return name, given


def accepted(number: int) -> Any:
    return "AccreditationAccepted", {"id": number}


def filled(stand: Stand, names: tuple[str, ...], evidence: tuple[str, ...]) -> bytes:
    """Parties that call themselves so, accreditations with such evidence, one batch; returns its root."""
    for number, uri in enumerate(names, 1):
        given = {"party": number, "controller": ACCOUNT, "uri": uri, "profileHash": bytes(32)}
        stand.mine(("PartyRegistered", given))
    for number, uri in enumerate(evidence, 1):
        kind = number % 3
        body, holder = 1 + number % len(names), 1 + (number + 1) % len(names)
        stand.mine(offer(number, body, holder, kind, uri))
        if kind != 2:
            stand.mine(accepted(number))
    withdrawn = {"id": 1, "effectiveFrom": GENESIS_TIME + 12, "reason": 1}
    stand.mine(("AccreditationWithdrawn", withdrawn))
    root = stand.tree(*(credential(number) for number in range(5)))
    stand.mine(stand.anchored(1, root))
    stand.finalise(3)
    stand.load()
    soon(stand)
    return root


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stand, bytes]]:
    folder = tmp_path_factory.mktemp("hostile")
    stand = Stand(folder, open_database(f"sqlite:///{folder / 'testamur.db'}"))
    # As many as a page shows at most, so that its size is the largest.
    yield stand, filled(stand, HOSTILE * 6, (*EVIDENCE, GOOD_EVIDENCE) * 6)
    stand.engine.dispose()


@pytest.fixture(scope="module")
def modest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stand, bytes]]:
    folder = tmp_path_factory.mktemp("modest")
    stand = Stand(folder, open_database(f"sqlite:///{folder / 'testamur.db'}"))
    names = tuple(f"did:web:{number}.example" for number in range(1, 5))
    yield stand, filled(stand, names, (GOOD_EVIDENCE,) * 4)
    stand.engine.dispose()


@pytest.mark.parametrize("path", ["/accreditations", "/recognitions", "/accreditations/1", "/network", "/insights"])
def test_a_field_is_named_beside_its_code(modest: tuple[Stand, bytes], path: str) -> None:
    page = parsed(browsed(TestClient(modest[0].app), path))
    assert "06 Information and Communication Technologies (ICTs)" in words_of(page)


CHECKING = ("audit", "verify", "accredit", "issuer", "insights", "partnership")


def pages_of(root: bytes) -> list[str]:
    return [
        *("/", "/parties", "/batches", "/batches?newest=true&issuer=1", "/accreditations", "/recognitions"),
        *("/network", "/insights", "/indicators", "/partnerships", "/audits", "/docs", "/search?q=nobody"),
        *(f"/parties/{number}" for number in range(1, 5)),
        *(f"/accreditations/{number}" for number in range(1, 5)),
        f"/batches/1/0x{root.hex()}",
        f"/credentials/{credential(1).hex()}",
        *("/v1", "/v1/parties", "/v1/insights", "/v1/indicators", "/v1/partnerships"),
    ]


def check_page(text: str) -> ET.Element:
    """What holds of every page."""
    root = parsed(text)
    assert root.attrib["lang"] == "en"
    assert len(list(root.iter("h1"))) == 1
    assert [each.tag for each in root.find("body") or () if each.tag in ("header", "main", "footer")] == [
        *("header", "main", "footer")
    ]
    identifiers = [each.attrib["id"] for each in root.iter() if "id" in each.attrib]
    assert len(identifiers) == len(set(identifiers))
    for each in root.iter():
        assert each.tag.removeprefix(SVG) in ELEMENTS, each.tag
        assert not any(name.startswith("on") or name in ("style", "src", "srcset") for name in each.attrib)
        for name in ("aria-labelledby", "for"):
            assert set(each.attrib.get(name, "").split()) <= set(identifiers)
    for each in root.iter("a"):
        href = each.attrib["href"]
        if not re.match(r"/(?!/)|\?|#", href):
            assert web_link(href) == href
            assert each.attrib["rel"] == "noreferrer nofollow"
    for each in root.iter("link"):
        assert each.attrib["href"] == "data:,"
    for table in root.iter("table"):
        assert len(list(table.iter("caption"))) == 1
        assert all(each.attrib.get("scope") in ("col", "row") for each in table.iter("th"))
    levels = [int(each.tag[1]) for each in root.iter() if each.tag in ("h1", "h2", "h3")]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    return root


def test_every_page_holds_what_all_pages_hold(stand: Stand, roots: Roots, modest: tuple[Stand, bytes]) -> None:
    for each, root in ((stand, roots.large), modest):
        for path in pages_of(root):
            if each is stand and path.startswith("/accreditations/"):
                continue
            if path == "/parties/4" and each is stand:
                continue
            check_page(browsed(each.client, path))


def test_nothing_that_strangers_say_is_more_than_text(hostile: tuple[Stand, bytes]) -> None:
    stand, root = hostile
    for path in [*pages_of(root), *(f"/accreditations/{number}" for number in range(5, 9))]:
        text = browsed(stand.client, path)
        check_page(text)
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b]", text), path
    for number, uri in enumerate((*EVIDENCE, GOOD_EVIDENCE), 1):
        found = check_page(browsed(stand.client, f"/accreditations/{number}"))
        outward = {href for href in targets(found) if not href.startswith(("/", "?", "#"))}
        assert outward == ({uri} if uri == GOOD_EVIDENCE else set())


def test_hostile_words_in_a_search_and_an_address_stay_text(hostile: tuple[Stand, bytes]) -> None:
    client = hostile[0].client
    for words in (*HOSTILE, *EVIDENCE):
        answer = client.get("/search", params={"q": words[:1500]}, headers=BROWSER, follow_redirects=False)
        assert answer.status_code in (200, 303)
        if answer.status_code == 200:
            check_page(answer.text)
        else:
            assert re.match(r"/(parties|batches|credentials)/", answer.headers["Location"])
    for path in ("/<script>alert(1)</script>", "/parties/<b>", "/credentials/%3Cb%3E%E2%80%AE", "/batches/1/%22%3E"):
        answer = client.get(path, headers=BROWSER)
        assert answer.status_code in (400, 404, 422)
        check_page(answer.text)


@pytest.mark.parametrize(
    ("text", "is_link"),
    [
        ("https://agency.example/decisions/17", True),
        ("HTTP://agency.example:8080/a?b=c&d=(e)#f", True),
        ("https://[2001:db8::1]/x", True),
        ("https://xn--bcher-kva.example/%C3%A9", True),
        ("https://user@evil.example/", False),
        ("https://bücher.example/", False),
        ("https:///x", False),
        ("https://a.example:port/", False),
        ("https://a.example/ x", False),
        ("https://a.example/\n", False),
        ("https://a.example\\@b.example/", False),
        ("ftp://a.example/", False),
        ("javascript://a.example/%0aalert(1)", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_are_links(text: str, is_link: bool) -> None:
    assert web_link(text) == (text if is_link else None)


def shown_as(name: str, value: Any) -> Iterator[str]:
    """How pages write what JSON has."""
    if isinstance(value, dict):
        for member, each in value.items():
            if member not in ("statusWords", "digestWords", "resource", "levels", "types", "field", "jurisdiction"):
                yield from shown_as(member, each)
    elif isinstance(value, list):
        for each in value:
            yield from shown_as(name, each)
    elif isinstance(value, bool) or value is None or value == "":
        return
    elif isinstance(value, int):
        yield str(value) if name in ("id", "body", "holder", "issuer") else f"{value:,}"
    elif name == "kind":
        yield {"recognise": "recognised"}.get(value, value.replace("accredit-to-", "accredited to "))
    elif re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        yield f"{value[:10]} {value[11:19]} UTC"
    elif value == f"0x{'0' * 64}":
        yield "none on record"
    else:
        yield marked(value)


def test_pages_have_every_fact_of_the_json(modest: tuple[Stand, bytes]) -> None:
    stand, root = modest
    alike = [
        "/parties",
        *(f"/parties/{number}" for number in range(1, 5)),
        *(f"/accreditations/{number}" for number in range(1, 5)),
        f"/batches/1/0x{root.hex()}",
    ]
    for path in alike:
        told = stand.client.get(f"/v1{path}").json()
        as_of = told.pop("asOf")
        for member in ("next", "asOf"):
            told.pop(member, None)
        if path == "/parties":
            for each in told["parties"]:
                for member in ("controller", "profileHash", "pendingController"):
                    each.pop(member)
        page = words_of(parsed(browsed(stand.client, path)))
        missing = [each for each in shown_as("", told) if each not in page]
        assert missing == [], path
        assert f"As of block {as_of['block']['number']}" in page
        assert f"Final up to block {as_of['finalBlock']}" in page


def test_a_page_of_figures_has_the_figures_of_the_json(modest: tuple[Stand, bytes]) -> None:
    told = modest[0].client.get("/v1/insights").json()
    page = words_of(parsed(browsed(modest[0].client, "/insights")))
    for section in ("partners", "accreditations", "credentials", "months", "recognition", "equity", "reviewsDue"):
        for part in told[section]["about"].values():
            assert re.sub(r"\s+", "", part.replace("`", "")) in page.replace(" ", "")
    total = told["credentials"]["credentials"]
    assert f"All {total} credentials" in page
    assert f"{told['partners']['total']} parties are registered" in page
    assert f"{told['accreditations']['total']} links are active" in page


def test_the_share_of_revoked_credentials_has_its_denominator(stand: Stand) -> None:
    (mine,) = [
        each for each in stand.client.get("/v1/insights").json()["credentials"]["byIssuer"] if each["issuer"] == 1
    ]
    page = words_of(parsed(browsed(stand.client, "/parties/1")))
    share = 100 * mine["revoked"] / mine["credentials"]
    assert f"{mine['revoked']} of {mine['credentials']} credentials ({share:.2f} %)" in page


def test_a_timeline_has_both_clocks(modest: tuple[Stand, bytes]) -> None:
    stand, _ = modest
    told = stand.client.get("/v1/accreditations/1").json()
    page = parsed(browsed(stand.client, "/accreditations/1"))
    drawn = next(each for each in page.iter(f"{SVG}svg") if each.find(f"{SVG}circle") is not None)
    assert len(list(drawn.iter(f"{SVG}circle"))) == len(told["changes"])
    marks = [each.attrib["class"].split() for each in drawn.iter(f"{SVG}rect") if "mark" in each.attrib["class"]]
    assert marks == [["mark", change["state"]] for change in told["changes"]]
    rows = [[" ".join(each.itertext()).strip() for each in row] for row in page.iter("tr")]
    for change in told["changes"]:
        written = [f"{change[name][:10]} {change[name][11:19]} UTC" for name in ("recordedAt", "effectiveFrom")]
        assert any(row[1:4] == [change["state"], *written] for row in rows)


def test_a_network_draws_what_is_active_and_lists_the_rest(modest: tuple[Stand, bytes]) -> None:
    stand, _ = modest
    page = parsed(browsed(stand.client, "/network"))
    edges = [each for each in page.iter(f"{SVG}path") if "C" in each.attrib["d"]]
    table = next(page.iter("tbody"))
    active = [row for row in table if "active" in words_of(row)]
    assert len(edges) == len(active) == 3
    assert len(table) == 4
    drawn = next(each for each in page.iter(f"{SVG}svg") if each.attrib.get("role") == "img")
    assert drawn.attrib["viewBox"] == f"-1 -1 {drawn.attrib['width']} {drawn.attrib['height']}"


def test_every_page_names_its_json_its_table_and_the_command_that_checks_it_again(
    modest: tuple[Stand, bytes],
) -> None:
    stand, root = modest
    for path in pages_of(root):
        if path == "/docs":
            continue
        page = check_page(browsed(stand.client, path))
        links = targets(page)
        told = [each for each in links if each.startswith("/v1") and "format=json" in each]
        assert told, path
        for each in told:
            assert stand.client.get(each, headers=BROWSER).headers["Content-Type"] == "application/json", each
        tables = [each for each in links if "format=csv" in each]
        # A report has its tables beside it.
        assert tables or path.startswith(("/audits", "/search")), path
        for each in tables:
            assert stand.client.get(each).headers["Content-Type"].startswith("text/csv"), each
        commands = [words_of(each) for each in page.iter("code") if words_of(each).startswith("testamur ")]
        assert any(each.split()[1] in CHECKING for each in commands), path


def test_the_description_of_the_api_is_words_and_no_markup(stand: Stand) -> None:
    page = check_page(browsed(stand.client, "/docs"))
    words = words_of(page)
    assert "`" not in words
    assert "\ufffd" not in words
    assert "asOf" in {each.text for each in page.iter("code")}


def test_a_network_keeps_no_column_free_for_nobody() -> None:
    mutual = [{"body": body, "holder": holder, "kind": "recognise"} for body, holder in ((1, 2), (2, 1))]
    assert {each.x for each in network(mutual, {}).nodes} == {0}
    one_way = network([{"body": 1, "holder": 2, "kind": "recognise"}], {})
    assert [each.x for each in one_way.nodes] == [0, 260]
    assert network(mutual, {}).width < one_way.width


# Who asks


@pytest.mark.parametrize(
    ("accept", "is_person"),
    [
        (BROWSER["Accept"], True),
        ("text/html", True),
        ("Text/HTML; q=0.5, application/json; q=0.4", True),
        ("text/html, application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0, */*", False),
        ("text/html;q=0.1, */*;q=0.8", False),
        ("text/html;q=x", False),
        ("*/*", False),
        ("text/*", False),
        ("application/problem+json", False),
        ("", False),
    ],
)
def test_who_names_html_is_a_person(accept: str, is_person: bool) -> None:
    assert wants_page(accept) is is_person


def test_a_program_gets_the_json_of_always_and_caches_know(service: TestClient, roots: Roots) -> None:
    paths = [path for path in pages_of(roots.large) if path.startswith(("/parties", "/batches/", "/credentials"))]
    for path in [f"/v1{each}" for each in paths if each != "/parties/4"]:
        for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
            answer = service.get(path, headers=headers)
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["Vary"] == "Accept"
            assert "Content-Security-Policy" not in answer.headers
        shown = service.get(path, headers=BROWSER)
        assert shown.headers["Vary"] == "Accept"
        assert shown.text == service.get(path.removeprefix("/v1"), headers=BROWSER).text
        asked = service.get(path, params={"format": "json"}, headers=BROWSER)
        assert asked.headers["Content-Type"] == "application/json"


def test_the_addresses_that_a_page_names_answer(modest: tuple[Stand, bytes]) -> None:
    stand, root = modest
    named: set[str] = set()
    for path in pages_of(root):
        named |= {href for href in targets(parsed(browsed(stand.client, path))) if href.startswith("/")}
    assert len(named) > 50
    for href in sorted(named):
        answer = stand.client.get(href, headers=BROWSER)
        assert answer.status_code == 200, href
        if "format=json" in href:
            assert answer.headers["Content-Type"] == "application/json"
        if "format=csv" in href:
            assert answer.headers["Content-Type"].startswith("text/csv")


def test_the_json_that_a_list_names_has_the_same_entries(stand: Stand) -> None:
    page = parsed(browsed(stand.client, "/batches?limit=2"))
    (source,) = [href for href in targets(page) if href.startswith("/v1/batches")]
    rows = next(page.iter("tbody"))
    told = stand.client.get(source).json()
    assert len(rows) == len(told["batches"]) == 2
    (following,) = [each.attrib["href"] for each in page.iter("a") if each.attrib.get("rel") == "next"]
    other = parsed(browsed(stand.client, f"/batches{following}"))
    assert words_of(next(other.iter("tbody"))) != words_of(rows)
    assert f"cursor={told['next']}" in following


def test_lists_lead_through_all_of_it(stand: Stand) -> None:
    path, seen = "/parties?limit=1", []
    while path:
        page = parsed(browsed(stand.client, path))
        seen += [words_of(row[0]).strip() for row in next(page.iter("tbody"))]
        following = [each.attrib["href"] for each in page.iter("a") if each.attrib.get("rel") == "next"]
        path = f"/parties{following[0]}" if following else ""
    assert seen == ["1", "2", "3"]


# Searching


def test_a_search_leads_where_the_words_do(stand: Stand, roots: Roots) -> None:
    def led(words: str) -> str:
        answer = stand.client.get("/search", params={"q": words}, headers=BROWSER, follow_redirects=False)
        return answer.headers["Location"] if answer.status_code == 303 else answer.text

    digest = credential(1).hex()
    assert led(digest) == led(f" 0x{digest.upper()} ") == f"/credentials/{digest}"
    assert led("ab" * 32) == f"/credentials/{'ab' * 32}"
    assert led(roots.second.hex()) == f"/batches/1/0x{roots.second.hex()}"
    assert led("2") == "/parties/2"
    assert led("did:web:2.example") == "/parties/2"
    assert led("") == "/"
    # Issuer 3 repeated the root of issuer 1.
    both = targets(parsed(led(roots.large.hex())))
    assert {f"/batches/{issuer}/0x{roots.large.hex()}" for issuer in (1, 3)} <= both
    assert "No party has registered" in led("did:web:nobody.example")
    assert "No party has registered" in led("9" * 1000)


def test_an_address_that_several_parties_claim_leads_to_none_of_them(empty: Stand) -> None:
    uri = "did:web:university.example"
    for number in (1, 2):
        empty.mine(("PartyRegistered", {"party": number, "controller": ACCOUNT, "uri": uri, "profileHash": bytes(32)}))
    page = parsed(browsed(empty.client, f"/search?q={uri}"))
    assert {"/parties/1", "/parties/2"} <= targets(page)
    assert "Anybody can register any address" in words_of(page)


# A credential


def test_a_credential_is_told_with_what_that_does_not_say(stand: Stand, roots: Roots) -> None:
    page = browsed(stand.client, f"/credentials/{credential(1).hex()}")
    revoked = words_of(parsed(page))
    by = stand.client.get(f"/v1/credentials/{credential(1).hex()}").json()["anchors"][0]["status"]["supersededBy"][0]
    assert f'href="/credentials/{by["digest"]}"' in page
    assert "I have not seen your document" in revoked
    assert "Revoked ; reason: obtained-by-fraud" in revoked
    assert "Replaced by" in revoked
    suspended = words_of(parsed(browsed(stand.client, f"/credentials/{credential(2).hex()}")))
    assert "Suspended ; reason: under-review" in suspended
    voided = words_of(parsed(browsed(stand.client, f"/credentials/{credential(2000).hex()}")))
    assert "The issuer withdrew the whole batch" in voided
    fresh = words_of(parsed(browsed(stand.client, f"/credentials/{credential(1000).hex()}")))
    assert "Not revoked and not suspended" in fresh
    assert "Provisional. The block of this anchor is not final yet" in fresh.replace(" .", ".")
    of_one = words_of(parsed(browsed(stand.client, f"/credentials/{credential(7).hex()}?issuer=2")))
    assert "Anchored by party 2" in of_one
    assert "Anchored by party 1" not in of_one


def test_a_root_that_everybody_repeats_leaves_the_page_small(empty: Stand) -> None:
    root = empty.tree(*(credential(number) for number in range(3)))
    for number in range(1, 103):
        given = {"party": number, "controller": ACCOUNT, "uri": HOSTILE[3], "profileHash": bytes(32)}
        empty.mine(("PartyRegistered", given), empty.anchored(number, root))
    empty.load()
    soon(empty)
    page = check_page(browsed(empty.client, f"/credentials/{credential(1).hex()}"))
    assert {f"?issuer={number}" for number in range(16, 101)} <= targets(page)
    assert "There are other anchors of the same root" in words_of(page)
    check_page(browsed(empty.client, f"/search?q={root.hex()}"))
    check_page(browsed(empty.client, "/insights"))


# What cannot be answered


def test_problems_are_pages_for_people_and_json_for_programs(service: TestClient) -> None:
    for path, status, code in (
        ("/nothing", 404, "http"),
        ("/v1/nothing", 404, "http"),
        ("/parties/99", 404, "unknown-party"),
        ("/v1/parties/99", 404, "unknown-party"),
        ("/parties/x", 422, "parameter"),
        ("/credentials/xyz", 400, "digest"),
        ("/accreditations/9", 404, "unknown-accreditation"),
        (f"/batches/1/{'ab' * 32}", 404, "unknown-batch"),
        ("/batches?cursor=x", 400, "cursor"),
    ):
        page = check_page(browsed(service, path, status))
        assert f"{status}, {code}" in words_of(page).replace(" ,", ","), path
        answer = service.get(path)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == code
        shown = service.get(path, headers=BROWSER)
        assert shown.headers["Cache-Control"] == "no-store"
        assert shown.headers["Vary"] == "Accept"
    for method in ("POST", "PUT"):
        answer = service.request(method, "/parties", headers=BROWSER)
        assert answer.status_code == 405
        check_page(answer.text)


def test_what_was_not_found_says_what_was_searched_and_as_of_when(service: TestClient) -> None:
    for path in (f"/credentials/{'ab' * 32}", f"/v1/credentials/{'ab' * 32}"):
        told = service.get(f"/v1/credentials/{'ab' * 32}").json()
        page = words_of(check_page(browsed(service, path, 404)))
        searched = told["searched"]
        looked_at = searched["batches"] - searched["batchesWithoutTree"]
        assert f"Searched: {looked_at} of {searched['batches']} batches" in page
        assert "this does not say that nobody anchored it" in page
        assert f"As of block {told['asOf']['block']['number']}" in page


def test_an_index_that_cannot_say_has_no_page_but_its_code(tmp_path: Path) -> None:
    stand = Stand(tmp_path, open_database(f"sqlite:///{tmp_path / 'testamur.db'}"))
    root = filled(stand, ("did:web:a.example", "did:web:b.example", "c", "d"), (GOOD_EVIDENCE,) * 4)
    before = browsed(stand.client, "/parties/1")
    stand.mine(behind=100)
    soon(stand)
    for path in pages_of(root):
        if path in ("/audits", "/docs", "/", "/v1"):
            continue
        page = words_of(check_page(browsed(stand.client, path, 503)))
        assert "index-behind" in page, path
        assert "Nothing older is shown in its place" in page
        assert "The chain is 100 blocks ahead" in page or "insights" in path
        assert stand.client.get(path, headers=BROWSER).headers["Retry-After"] == "5"
    assert "index-behind" in browsed(stand.client, "/")
    assert "index-behind" not in before
    # What is revoked is told all the same, as by the API.
    leaf = stand.leaves[root].index(credential(1))
    stand.mine(conftest.status_set(1, root, leaf), behind=100)
    soon(stand)
    assert "Revoked" in browsed(stand.client, f"/credentials/{credential(1).hex()}")
    stand.engine.dispose()


def test_nothing_indexed_is_a_page(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    app = create_app(Service(Index(engine, CHAIN, CONTRACT), FolderTrees(tmp_path)))
    page = words_of(check_page(browsed(TestClient(app), "/", 503)))
    assert "no-index" in page
    engine.dispose()


def test_a_failure_is_a_page_without_the_inside(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(Lookup, "find", fails)
    for path in (f"/credentials/{'ab' * 32}", f"/v1/credentials/{'ab' * 32}"):
        text = browsed(stand.client, path, 500)
        check_page(text)
        assert "nobody thought" not in text


def test_a_warning_and_a_lag_are_on_the_page(empty: Stand) -> None:
    empty.mine(conftest.registered(1), behind=3)
    soon(empty)
    page = words_of(check_page(browsed(empty.client, "/parties")))
    assert "The chain is 3 blocks ahead of this; it was read last at" in page
    assert "Provisional: the chain has not said which blocks are final" in page
    empty.writer.trouble(ChainError("no route", code="chain-unreachable"))
    soon(empty)
    assert "Warning. The index does not follow the chain" in words_of(parsed(browsed(empty.client, "/parties")))


def test_a_practice_chain_is_said_to_be_one(stand: Stand) -> None:
    page = words_of(parsed(browsed(stand.client, "/parties")))
    assert "local test chain (anvil, hardhat)" in page
    assert "This is a chain for practice" in page


# Headers


def test_every_page_allows_nothing_but_its_own_style(service: TestClient, roots: Roots) -> None:
    for path in ["/", "/parties/1", "/docs", "/nothing", f"/credentials/{credential(1).hex()}"]:
        answer = service.get(path, headers=BROWSER)
        policy = dict(each.strip().partition(" ")[::2] for each in answer.headers["Content-Security-Policy"].split(";"))
        style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        assert style is not None
        hashed = b64encode(sha256(style[1].encode()).digest()).decode()
        assert policy == {
            "default-src": "'none'",
            "style-src": f"'sha256-{hashed}'",
            "img-src": "data:",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        assert "url(" not in style[1]
        assert "@import" not in style[1]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        assert "<script" not in answer.text


def test_pages_are_kept_and_asked_about_as_answers_are(service: TestClient) -> None:
    for path in ("/parties", "/parties/1", "/", f"/credentials/{credential(1).hex()}", "/docs"):
        first = service.get(path, headers=BROWSER)
        assert first.headers["Cache-Control"] == "no-cache"
        again = service.get(path, headers=BROWSER | {"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = service.head(path, headers=BROWSER)
        assert head.headers["ETag"] == first.headers["ETag"]
        if path != "/docs":
            assert first.headers["Index-Block"] == "9"


def test_a_page_changes_its_tag_with_its_block(empty: Stand) -> None:
    empty.mine(conftest.registered(1))
    soon(empty)
    first = empty.client.get("/parties", headers=BROWSER)
    empty.mine()
    soon(empty)
    again = empty.client.get("/parties", headers=BROWSER | {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200


def test_pages_are_counted_by_the_rate_limit(tmp_path: Path) -> None:
    stand = Stand(tmp_path, open_database(f"sqlite:///{tmp_path / 'testamur.db'}"), Limits(rate=0.5))
    stand.mine(conftest.registered(1))
    answers = [stand.client.get("/parties", headers=BROWSER) for _ in range(4)]
    assert [each.status_code for each in answers][:2] == [200, 200]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "1"
    assert "rate-limit" in words_of(check_page(answers[-1].text))
    assert stand.client.get("/parties").headers["Content-Type"] == "application/problem+json"
    stand.engine.dispose()


def test_requests_for_pages_are_counted_by_their_route(stand: Stand) -> None:
    stand.client.get("/v1/parties/2", headers=BROWSER)
    assert 'testamur_requests_total{route="/parties/{number}",status="200"}' in stand.client.get("/metrics").text


def test_what_browsers_and_crawlers_ask_of_any_site(service: TestClient) -> None:
    for path, kind in (("/robots.txt", "text/plain; charset=utf-8"), ("/favicon.ico", "image/svg+xml")):
        answer = service.get(path, headers=BROWSER)
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Cache-Control"] == "public, max-age=86400"
        assert service.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    refused = re.findall("^Disallow: (.*)$", service.get("/robots.txt").text, re.MULTILINE)
    # Nobody finds by a search engine which digests were looked at, and no crawler makes the service work.
    assert refused == ["/credentials/", "/search", "/v1/"]
    ET.fromstring(service.get("/favicon.ico").text)


def test_the_description_of_the_api_has_every_endpoint_and_no_page(stand: Stand) -> None:
    described = stand.app.openapi()["paths"]
    assert not any(path in described for path in ("/", "/parties", "/network", "/docs"))
    page = words_of(parsed(browsed(stand.client, "/docs")))
    for path, methods in described.items():
        for method in methods:
            assert f"{method.upper()} {path}" in page
