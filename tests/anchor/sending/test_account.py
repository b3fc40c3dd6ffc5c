"""Keystores: one is made with the program alone, and a person at a terminal is asked for its password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from anchor.cli import console
from anchor.sending.accounts import ask_nobody, signer_from
from anchor.settings import load_settings
from registry.errors import SignerError
from tests.conftest import Run

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks that open soon: how hard they are is eth_account's."""
    heavy = Account.encrypt
    monkeypatch.setattr(
        "anchor.sending.accounts.Account.encrypt",
        lambda key, password: heavy(key, password, kdf="pbkdf2", iterations=2),
    )


class Terminal:
    """A person who types."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *words: str):
        self.asked: list[str] = []
        typed = iter(words)

        def answer(what: str) -> str:
            self.asked.append(what)
            return next(typed)

        monkeypatch.setattr(console, "getpass", answer)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)


def test_a_keystore_that_its_owner_alone_can_read(run: Run, tmp_path: Path) -> None:
    password = tmp_path / "operator.password"
    password.write_text(f"{PASSWORD}\n")
    password.chmod(0o600)
    made = run("account", "new", "operator.json", "--password-file", password, "--json")
    assert made.code == 0
    keystore = tmp_path / "operator.json"
    assert keystore.stat().st_mode & 0o777 == 0o600
    key = Account.decrypt(json.loads(keystore.read_text()), PASSWORD)
    assert Account.from_key(key).address == made.json["address"]
    settings = load_settings(keystore=keystore, keystore_password_file=password)
    assert signer_from(settings, 1).address == made.json["address"]


def test_no_key_is_written_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p").write_text(PASSWORD)
    (tmp_path / "p").chmod(0o600)
    (tmp_path / "operator.json").write_text("the only copy")
    ran = run("account", "new", "operator.json", "--password-file", "p", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "exists")
    assert (tmp_path / "operator.json").read_text() == "the only copy"


def test_a_password_that_others_can_read_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p").write_text(PASSWORD)
    (tmp_path / "p").chmod(0o644)
    ran = run("account", "new", "operator.json", "--password-file", "p", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "readable")
    assert not (tmp_path / "operator.json").exists()


def test_without_a_terminal_a_password_file_is_named(run: Run) -> None:
    ran = run("account", "new", "operator.json", "--json")
    assert ran.json["error"]["code"] == "no-password"
    assert "--password-file" in ran.json["error"]["remedy"]


def test_a_person_is_asked_for_a_new_password_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.json"
    terminal = Terminal(monkeypatch, PASSWORD, PASSWORD, "one", "another")
    assert console.asked_password(path, new=True) == PASSWORD
    assert len(terminal.asked) == 2
    assert not console.asked_password(path, new=True)


def test_a_person_is_asked_for_the_password_of_a_keystore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keystore = tmp_path / "operator.json"
    key = "0x" + "11" * 32
    keystore.write_text(json.dumps(Account.encrypt(key, PASSWORD)))
    keystore.chmod(0o600)
    settings = load_settings(keystore=keystore)
    with pytest.raises(SignerError) as error:
        signer_from(settings, 1, ask_nobody)
    assert error.value.code == "no-password"
    Terminal(monkeypatch, PASSWORD, "wrong")
    assert signer_from(settings, 1, console.asked_password).address == Account.from_key(key).address
    with pytest.raises(SignerError, match="does not open"):
        signer_from(settings, 1, console.asked_password)


def test_what_is_asked_steers_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch, PASSWORD)
    console.asked_password(tmp_path / "\x1b[2Jx.json")
    assert "\x1b" not in terminal.asked[0]
