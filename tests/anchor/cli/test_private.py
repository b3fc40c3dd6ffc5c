"""Names of people are in the data folder, and keys in their files: neither is for other users of the machine."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.privatefiles import open_to_others
from tests.conftest import Run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX")


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {str(path): stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


def test_the_data_folder_is_its_owners_alone(run: Run, diplomas: Path) -> None:
    run("issuer", "register", "--uri", "did:web:university.example")
    run("anchor", diplomas)
    found = modes(Path("testamur-data"))
    assert len(found) > 6
    assert {path: oct(mode) for path, mode in found.items() if mode & 0o077} == {}


def test_a_folder_that_others_could_read_is_tightened_with_a_word(run: Run, diplomas: Path) -> None:
    run("issuer", "register", "--uri", "did:web:university.example")
    folder = Path("testamur-data")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    ran = run("status")
    assert "Other users could read the data folder" in ran.errors
    assert {path: oct(mode) for path, mode in modes(folder).items() if mode & 0o077} == {}
    assert run("status").errors == ""


@pytest.mark.parametrize("which", ["operator.json", "operator.password"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_others_can_open_is_refused_with_the_remedy(
    run: Run, which: str, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("operator.json").write_text(json.dumps(Account.encrypt(PUBLICLY_KNOWN_KEYS[0], "secret", iterations=2)))
    Path("operator.password").write_text("secret\n")
    for name in ("operator.json", "operator.password"):
        Path(name).chmod(0o600)
    monkeypatch.setenv("TESTAMUR_KEYSTORE", "operator.json")
    monkeypatch.setenv("TESTAMUR_KEYSTORE_PASSWORD_FILE", "operator.password")
    assert run("status", "--data-folder", "first", "--json").code in (0, 1)
    Path(which).chmod(mode)
    refused = run("issuer", "register", "--uri", "did:web:university.example", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "readable")
    assert refused.json["error"]["remedy"] == f"Run: chmod 600 {which}"
    Path(which).chmod(0o400)
    assert run("issuer", "register", "--uri", "did:web:university.example", "--json").code == 0


@pytest.mark.parametrize(
    "text",
    [
        f'key = "{PUBLICLY_KNOWN_KEYS[0]}"',
        'remote_signer = "http://user:pass-word@127.0.0.1:9"\nremote_signer_address = "0x' + "11" * 20 + '"',
    ],
)
def test_settings_with_a_key_that_others_can_open_are_refused_with_the_remedy(run: Run, text: str) -> None:
    path = Path("testamur.toml")
    path.write_text(text)
    path.chmod(0o644)
    refused = run("issuer", "register", "--uri", "did:web:university.example", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "readable")
    assert refused.json["error"]["remedy"] == "Run: chmod 600 testamur.toml"
    path.chmod(0o600)
    assert "readable" not in run("issuer", "register", "--uri", "did:web:university.example", "--json").out
    # What is no secret may be read by everybody.
    path.write_text('data_folder = "testamur-data"')
    path.chmod(0o644)
    assert run("issuer", "register", "--uri", "did:web:university.example", "--json").code == 0


def test_a_secret_of_root_may_be_readable_to_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o440)
    assert open_to_others(secret)
    monkeypatch.setattr(os, "geteuid", lambda: secret.stat().st_uid + 1)
    assert not open_to_others(secret)
    secret.chmod(0o444)
    assert open_to_others(secret)
