"""What a party says of itself, the end of one, and for whom an account's bare roots are."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from anchor.cli import asking
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
from tests.anchor.begun import begun, files, issuer, working
from tests.conftest import Run

__all__ = ["begun", "issuer"]

ROOT = bytes([255]) * 32


def test_a_party_changes_what_it_says_of_itself(run: Run, issuer: int) -> None:
    Path("profile.json").write_text('{"name": "A University"}')
    changed = run("issuer", "profile", "--profile", "profile.json", "--json").json
    told = f"0x{sha256(Path('profile.json').read_bytes()).hexdigest()}"
    assert (changed["profileHash"], changed["uri"], changed["changed"]) == (told, "did:web:a.example", True)
    moved = run("issuer", "profile", "--uri", "https://a.example", "--json").json
    assert (moved["uri"], moved["profileHash"], moved["changed"]) == ("https://a.example", told, True)
    assert run("issuer", "profile", "--uri", "https://a.example", "--json").json["changed"] is False
    assert run("issuer", "profile", "--no-profile", "--json").json["profileHash"] == f"0x{bytes(32).hex()}"
    assert run("issuer", "show", "--json").json["uri"] == "https://a.example"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "no-change"),
        (("--profile", "profile.json", "--no-profile"), "no-change"),
        (("--profile", "missing.json"), "settings"),
        (("--uri", "a university"), "uri"),
    ],
)
def test_a_profile_that_is_none_changes_nothing(run: Run, issuer: int, words: tuple[str, ...], code: str) -> None:
    refused = run("issuer", "profile", *words, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, code)


def test_a_party_retires_for_good(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = files("diplomas", "ada")
    run("anchor", folder)
    dry = run("issuer", "retire", "--dry-run", "--json").json
    assert (dry["retiredAt"], dry["already"]) == (None, False)
    asked: list[str] = []

    def answer(_: object, question: str) -> bool:
        asked.append(question)
        return False

    with monkeypatch.context() as terminal:
        terminal.setattr(asking, "at_a_terminal", lambda: True)
        terminal.setattr(asking.SafeConsole, "confirms", answer)
        refused = run("issuer", "retire", "--json")
        assert (refused.code, refused.json["error"]["code"]) == (1, "not-confirmed")
        assert "for good" in asked[0]
        done = run("issuer", "retire", "--yes", "--json")
    assert done.json["retiredAt"] is not None
    assert done.json["already"] is False
    assert run("issuer", "retire", "--json").json["already"] is True
    refused = run("anchor", files("more", "bob"), "--json")
    assert refused.code == 1
    assert "has retired" in refused.json["error"]["what"]
    # What was anchored before can still be revoked.
    assert run("revoke", folder / "ada.json", "--json").json["revoked"] == 1


def test_the_controller_alone_retires_it(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
    for words in (("retire", "--dry-run"), ("retire",), ("profile", "--no-profile", "--uri", "did:web:b.example")):
        refused = run("issuer", *words, "--json")
        assert refused.code == 1, words
        assert "controller" in refused.json["error"]["what"]


def test_bare_roots_are_for_the_default_issuer(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    account = DEVELOPMENT_ACCOUNTS[0]
    set_now = run("issuer", "bare-roots", "on", "--json").json
    assert set_now == {"account": account, "defaultIssuer": issuer, "changed": True}
    assert run("issuer", "bare-roots", "on", "--json").json["changed"] is False
    with working() as here:
        here.sender.settle("bare root", here.contract_address, ROOT)
        found = here.contract.batch(issuer, ROOT)
    assert found is not None
    assert found.leaf_count == 0
    removed = run("issuer", "bare-roots", "off", "--json").json
    assert (removed["defaultIssuer"], removed["changed"]) == (None, True)
    assert "it was so already" in run("issuer", "bare-roots", "off").out
    # Who is no operator of the issuer cannot anchor for it.
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
    refused = run("issuer", "bare-roots", "on", "--json")
    assert refused.code == 1
    assert "operator" in refused.json["error"]["what"]
