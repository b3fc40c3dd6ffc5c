"""`testamur wallet`: what is offered, the folder with the secrets, what became of it, and the server as it starts."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from anchor.settings import load_settings
from anchor.wallets.app import create_app
from anchor.wallets.codes import DIGITS, Secrets, code_of, grouped, is_right, new_secrets, number_of, stored
from registry.errors import SettingsError
from registry.language.catalogue import available, language
from registry.language.said import say
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.made import GRANULAR, row
from tests.anchor.issuing.registrar import Registrar
from tests.anchor.wallets.site import Given, Site, site_in, table
from tests.conftest import Run

__all__ = ["begun", "issuer"]

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "wallets.md"
FORMULA = '=HYPERLINK("https://evil.example","x")'
SETTINGS = 'wallet_url = "https://wallet.university.example"\nwallet_days = 7\n'


@pytest.fixture
def root(run: Run, issuer: int) -> str:
    """Of three awards that are final, by an institution that has a wallet server."""
    with working() as workspace:
        made = Registrar(workspace, GRANULAR).issue([row(5), row(6, language="de"), row(7, name=FORMULA)])
    Path("testamur.toml").write_text(SETTINGS)
    return f"0x{(made.root or b'').hex()}"


def test_links_and_codes_are_in_tables_of_their_own_for_their_owner_alone(run: Run, root: str) -> None:
    ran = run("wallet", "offers", root, "-o", "offers")
    assert (ran.code, "3 offers in offers, good for 7 days." in ran.out) == (0, True)
    links, codes = table(Path("offers/links.csv")), table(Path("offers/codes.csv"))
    assert [each["row"] for each in links] == [each["row"] for each in codes] == ["5", "6", "7"]
    assert links[2]["name"] == f"'{FORMULA}"
    for link, code in zip(links, codes, strict=True):
        assert re.fullmatch(r"https://wallet\.university\.example/interactions/[\w-]{32}\?iuv=1", link["link"])
        assert re.fullmatch(r"\d{4} \d{4}", code["code"])
        secret = urlsplit(link["link"]).path.rpartition("/")[2]
        assert secret not in Path("offers/codes.csv").read_text()
        assert code["code"] not in Path("offers/links.csv").read_text() + ran.out
        assert "<path" in (Path("offers") / link["qr"]).read_text()
    for path in Path("offers").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    # The secrets are nowhere else, so they are not written over.
    again = run("wallet", "offers", root, "-o", "offers", "--again", "--json")
    assert (again.code, again.json["error"]["code"]) == (1, "other-offers")
    assert table(Path("offers/links.csv")) == links
    known = run("wallet", "offers", root, "-o", "more", "--json")
    assert (known.code, known.json["error"]["code"]) == (1, "nothing-to-offer")
    # A row that was mistyped is not left out in silence.
    more = run("wallet", "offers", root, "-o", "more", "--rows", "5,7-9", "--again", "--json")
    assert (more.json["offers"], more.json["without"]) == (2, [8, 9])
    told = run("wallet", "offers", root, "-o", "third", "--rows", "5,7-900", "--again").out
    assert "8, 9, 10, 11, 12, 13, 14, 15, 16, 17 and 883 more" in told
    none = run("wallet", "offers", root, "-o", "fourth", "--rows", "99", "--again", "--json").json["error"]
    assert (none["code"], "row 99" in none["what"]) == ("nothing-to-offer", True)


def test_a_letter_has_the_link_and_never_the_code(run: Run, root: str) -> None:
    assert run("wallet", "offers", root, "-o", "offers").code == 0
    words = ("-o", "letters", "--from", "registrar@university.example", "--json-only")
    assert run("deliver", root, *words, "--wallet-offers", "offers", "--json").json["walletLinks"] == 3
    told = {}
    for path in Path("letters/letters").glob("*.eml"):
        letter = message_from_bytes(path.read_bytes(), policy=SMTP)
        body = letter.get_body()
        assert body is not None
        told[str(letter["Content-Language"]), str(letter["To"])] = " ".join(body.get_content().split())
    texts = " ".join(told.values())
    for link, code in zip(table(Path("offers/links.csv")), table(Path("offers/codes.csv")), strict=True):
        assert texts.count(link["link"]) == 1
        assert code["code"] not in texts
    assert "taken into a wallet" in texts
    assert "in eine Wallet übernehmen" in texts
    # Offers of some rows alone: how many letters have no link is said.
    assert run("wallet", "offers", root, "-o", "more", "--rows", "5", "--again").code == 0
    fewer = run("deliver", root, "-o", "more-letters", *words[2:], "--wallet-offers", "more")
    assert "Of 3 awards 1 has a link to a wallet." in fewer.out
    refused = run("deliver", root, *words, "--wallet-offers", "letters", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "unreadable")


def test_the_status_says_what_became_of_each_offer_and_no_secret(run: Run, root: str) -> None:
    assert run("wallet", "status", root, "--json").json["states"] == {"none": 3}
    assert run("wallet", "offers", root, "-o", "offers", "--rows", "5,6").code == 0
    withdrawn = run("wallet", "withdraw", root, "--rows", "6,8", "--json")
    assert (withdrawn.code, withdrawn.json) == (0, {"withdrawn": 1, "without": [8]})
    assert run("wallet", "withdraw", root, "--rows", "7", "--json").json["error"]["code"] == "unknown-row"
    assert run("wallet", "withdraw", root, "--rows", "x", "--json").json["error"]["code"] == "rows"
    told = run("wallet", "status", root, "--json").json
    assert [(each["row"], each["state"]) for each in told["rows"]] == [(5, "open"), (6, "withdrawn"), (7, "none")]
    shown = run("wallet", "status", root).out
    for table_of in ("links", "codes"):
        for each in table(Path(f"offers/{table_of}.csv")):
            assert not any(each[name] in shown for name in ("link", "code", "qr") if name in each)


def test_nothing_is_offered_or_served_without_an_address(run: Run, issuer: int) -> None:
    for words in (("offers", "0x" + "ab" * 32, "-o", "offers"), ("serve", "--port", "0")):
        refused = run("wallet", *words, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (1, "no-wallet-url")


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://wallet.example", True),
        ("https://wallet.example:8443/hand-over", True),
        ("http://127.0.0.1:8785", True),
        ("http://localhost/x", True),
        ("http://wallet.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost@evil.example", False),
        ("https://wallet.example/", False),
        ("https://wallet.example?x", False),
        ("https://wallet.example/a b", False),
        ("javascript://x", False),
    ],
)
def test_wallets_are_led_to_https(tmp_path: Path, url: str, good: bool) -> None:
    file = tmp_path / "testamur.toml"
    file.write_text(f"wallet_url = {json.dumps(url)}\n")
    with nullcontext() if good else pytest.raises(SettingsError, match="wallet_url"):
        assert load_settings(file).wallet_url == url


def test_the_server_answers_as_it_is_started_and_ends_when_it_is_asked(run: Run, root: str) -> None:
    assert run("wallet", "offers", root, "-o", "offers").code == 0
    command = [sys.executable, "-c", "from anchor.cli import main; main()", "wallet", "serve", "--port", "0", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            told = b""
            while not told.endswith(b"}\n"):
                told += process.stdout.readline()
            connection = http.client.HTTPConnection("127.0.0.1", urlsplit(json.loads(told)["url"]).port or 0)
            link = urlsplit(table(Path("offers/links.csv"))[0]["link"])
            connection.request("GET", f"{link.path}?{link.query}", headers={"Accept": "application/json"})
            assert json.loads(connection.getresponse().read())["protocols"].keys() == {"OID4VCI", "vcapi"}
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert link.path.encode() not in errors


# The secrets


@given(st.integers(0, 10**DIGITS - 1), st.text(st.sampled_from("0123456789 -\u0660\u0966\uff11\u00b2x"), max_size=12))
def test_one_transaction_code_is_right_however_it_is_typed(number: int, other: str) -> None:
    secrets = Secrets(new_secrets().link, f"{number:0{DIGITS}}")
    code, known = secrets.code, secrets.stored[1]
    assert code_of(secrets.link) == code
    assert stored(code) == secrets.stored[0]
    digits = secrets.transaction_code
    for typed in (digits, grouped(digits), f" {digits[:3]}-{digits[3:]}\n", digits.translate(_DEVANAGARI)):
        assert number_of(typed) == digits
    assert is_right(code, digits, known)
    assert not is_right(new_secrets().code, digits, known)
    typed = number_of(other)
    assert typed is None or re.fullmatch(r"[0-9]{8}", typed)
    assert typed is None or is_right(code, typed, known) is (typed == digits)


_DEVANAGARI = {ord("0") + n: 0x966 + n for n in range(10)}


@given(st.text(max_size=50))
def test_what_is_no_secret_by_its_form_is_looked_for_nowhere(text: str) -> None:
    assert (code_of(text) is None) is (re.fullmatch(r"[A-Za-z0-9_-]{32}", text) is None)
    assert (stored(text) is None) is (re.fullmatch(r"[A-Za-z0-9_-]{43}", text) is None)


@pytest.fixture(scope="module")
def site(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_in(tmp_path_factory.mktemp("site"), begun) as made:
        yield made


@pytest.fixture(scope="module")
def offered(site: Site) -> Given:
    (made,) = site.offer(site.issued([row(5)]))
    return made


def test_the_picture_of_a_link_is_read_by_a_program_of_others(site: Site, offered: Given) -> None:
    (picture,) = (site.folder / "offers-1" / "qr").iterdir()
    assert read_picture(picture.read_text()) == offered.link


def read_picture(svg: str) -> str:
    """What a QR code says that is drawn in lines, as `segno` does."""
    import numpy

    size = int(re.findall(r'viewBox="0 0 (\d+) ', svg)[0])
    image = numpy.full((size, size), 255, dtype=numpy.uint8)
    x = y = 0.0
    for sign, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", re.findall(r' d="([^"]+)"', svg)[0]):
        if sign == "M":
            x, y = float(first), float(second)
        elif sign == "m":
            x, y = x + float(first), y + float(second or 0)
        else:
            image[int(y), int(x) : int(x) + int(first)] = 0
            x += float(first)
    (found,) = zxingcpp.read_barcodes(numpy.kron(image, numpy.ones((4, 4), dtype=numpy.uint8)))
    return str(found.text)


# What is written of it


def test_every_endpoint_is_in_the_reference_and_no_other(site: Site) -> None:
    app = create_app(site.desk, rate=0)
    below = site.desk.addresses.path
    served = {
        f"{method} {route.path.removesuffix(below) if '.well-known' in route.path else route.path.removeprefix(below)}"
        for route in app.routes
        for method in (getattr(route, "methods", None) or set()) - {"HEAD"}
    }
    assert set(re.findall(r"`((?:GET|POST) /[^`]*)`", REFERENCE.read_text())) == served


@pytest.mark.parametrize("code", available())
def test_the_page_is_in_every_language(site: Site, offered: Given, code: str) -> None:
    page = _page(site, f"/hand-over/interactions/{offered.secret}?language={code}")
    words = language(code)
    assert f'<html lang="{code}" dir="{words.direction}">' in page
    assert f"<h1>{words.text(say('wallet.title'))}</h1>" in page
    gone = _page(site, f"/hand-over/interactions/{'A' * 32}?language={code}")
    assert words.text(say("wallet.nothing")) in gone


def _page(site: Site, path: str) -> str:
    return site.client.get(path, headers={"Accept": "text/html"}).text
