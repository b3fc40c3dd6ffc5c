"""No secret of the settings is in anything that a command or a server says, also when an endpoint repeats it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import traceback
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from typer.testing import CliRunner

from anchor.cli.app import app
from anchor.secrets import secrets_of
from anchor.settings import Public, SecretFile, Settings, load_settings
from registry.secrets import HIDDEN, Mask, secrets_of_url
from tests.registry.chain.worlds import BrokenEndpoint, Exchange

REPOSITORY = Path(__file__).parents[1]
# One mark for each place; the key has to be a key.
MARK = "MARKofSECRET"
KEY = "5e" * 32
PUBLIC_PATHS = {
    "data_folder",
    "policy",
    "keystore",
    "operator_keystore",
    "drop_folder",
    "checkpoints",
    "witnesses",
    "page_settings",
    "audit_folder",
    "partnership_folder",
    "level_maps",
    "registers",
    "organisations",
}
PLAIN_TEXTS = {"signer", "contract", "remote_signer_address", "log_format"}


def marked(number: int) -> str:
    return f"{MARK}{number:02d}"


def settings_text(endpoints: list[str], folder: Path) -> str:
    """A settings file with a secret in every setting that can hold one."""
    for name, number in (("operator.password", 7), ("relayer.password", 8), ("list.pem", 9)):
        (folder / name).write_text(f"{marked(number)}\n")
    return f"""
chain = "{",".join(endpoints)}"
key = "{KEY}"
remote_signer = "http://user:{marked(3)}@127.0.0.1:1/{marked(4)}"
remote_signer_address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
keystore_password_file = "operator.password"
operator_keystore_password_file = "relayer.password"
alert_webhooks = ["http://127.0.0.1:1/services/{marked(5)}?token={marked(6)}"]
alert_secret = "{marked(10)}"
rpc_timeout = 2
[status_keys.1]
file = "list.pem"
"""


def revealed(text: str) -> list[str]:
    """What of the secrets a text shows, in any form."""
    found = [marked(number) for number in range(30) if marked(number) in text or quote(marked(number)) in text]
    return found + ([KEY] if KEY in text.lower() else [])


@pytest.fixture
def endpoints() -> Iterator[list[str]]:
    """Two that refuse everything and repeat their address."""

    def refuse(exchange: Exchange) -> None:
        path = exchange.handler.path
        words = f"project {path} at {exchange.handler.headers['Host']} is over its limit; key {path.rsplit('/', 1)[-1]}"
        exchange.error({"code": -32005, "message": words, "data": {"see": words}})

    two = [BrokenEndpoint(refuse) for _ in range(2)]
    yield [f"{one.url}/v3/{marked(number)}" for number, one in enumerate(two, start=1)]
    for one in two:
        one.close()


@pytest.fixture
def folder(tmp_path: Path, endpoints: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("TESTAMUR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", marked(11))
    (tmp_path / "testamur.toml").write_text(settings_text(endpoints, tmp_path))
    (tmp_path / "a.json").write_text('{"type": ["VerifiableCredential"]}')
    return tmp_path


def test_every_setting_is_known_to_hold_a_secret_or_none() -> None:
    """A new setting that is a path or a text has to be one of these, or be marked in the model."""
    for name, field in Settings.model_fields.items():
        kinds = {field.annotation, *typing.get_args(field.annotation)}
        if Path in kinds:
            assert (SecretFile in field.metadata) != (name in PUBLIC_PATHS), name
        if str in kinds and Public not in field.metadata and name not in PLAIN_TEXTS:
            # An address: `secrets_of` finds what is secret in it by itself.
            assert name in {"chain", "database", "trees"}, name


def test_each_secret_of_the_settings_is_found(folder: Path) -> None:
    found = secrets_of(load_settings(None, database=f"postgresql://u:{marked(12)}@h/registry?password={marked(13)}"))
    mask = Mask(found)
    for number in range(1, 14):
        for text in (marked(number), marked(number).lower(), quote(marked(number)), json.dumps(marked(number))):
            assert mask(f"about {text}!").count(HIDDEN) == 1, number
    assert mask(KEY.upper()) == HIDDEN
    assert mask("0x" + KEY) in (HIDDEN, "0x" + HIDDEN)
    basic = base64.b64encode(f"user:{marked(3)}".encode()).decode()
    assert basic not in mask(f"Authorization: Basic {basic}")
    for shown in ("127.0.0.1", "postgresql", "registry", "services of the university"):
        assert mask(shown) == shown


def test_the_password_of_several_servers_is_found_wherever_it_stands() -> None:
    for url in (
        f"postgresql://u:{marked(14)}@a:5432,b:5433/registry?target_session_attrs=read-write",
        f"postgresql://u@a,b/registry?target_session_attrs=primary&password={marked(14)}",
        f"postgresql+psycopg://u:{marked(14)}@a,b/registry",
    ):
        assert marked(14) not in Mask(secrets_of(Settings(database=url)))(f"cannot connect to {url}")


def test_a_secret_setting_of_any_name_is_found() -> None:
    class More(Settings):
        newest: SecretStr = SecretStr(marked(20))
        addresses: tuple[str, ...] = (f"https://a.example/v2/{marked(21)}", f"wss://b.example/{marked(22)}")

    mask = Mask(secrets_of(More()))
    assert [number for number in (20, 21, 22) if mask(marked(number)) != HIDDEN] == []


@given(
    user=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=12),
    password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20),
    around=st.text(st.characters(codec="ascii", categories=["L"]), max_size=5),
)
def test_a_password_of_a_url_is_hidden_however_it_is_written(user: str, password: str, around: str) -> None:
    url = f"http://{user}:{quote(password, safe='')}@host.example:8545/path"
    mask = Mask(secrets_of_url(url))
    for text in (url, password, quote(password, safe=""), json.dumps(password)):
        shown = mask(f"{around} {text} {around}")
        assert password not in shown
        assert quote(password, safe="") not in shown


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        elif name not in ("serve", "daemon", "devnet", "demo"):
            yield (*above, name)


EVERY = list(commands(typer.main.get_command(app)))  # type: ignore[arg-type]
ARGUMENTS: dict[str, list[str]] = {
    "receipts": ["0x" + "ab" * 32],
    "audit": ["-o", "report"],
    "body": ["1"],
    "index": ["--once"],
    "deploy": [],
    "status": [],
    "issuer register": ["--uri", "did:web:u.example"],
    "issuer show": ["1"],
    "issuer operator": ["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"],
    "accredit show": ["1"],
    "trees check": [],
}
ONE_FILE = ("anchor", "check", "verify", "absent", "revoke", "suspend", "reinstate")


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_no_command_shows_a_secret(folder: Path, as_json: bool) -> None:
    for words in EVERY:
        name = " ".join(words)
        given = ["a.json"] if name in ONE_FILE else ARGUMENTS.get(name, [])
        for arguments in (["--help"], [*given, *(["--json"] if as_json else [])]):
            ran = CliRunner().invoke(app, [*words, *arguments])
            said = ran.output
            if ran.exception is not None and not isinstance(ran.exception, SystemExit):
                said += "".join(traceback.format_exception(ran.exception))
            assert revealed(said) == [], (name, said)
    for path in folder.rglob("report*"):
        if path.is_file():
            assert revealed(path.read_text(encoding="utf-8", errors="replace")) == [], path


def test_an_error_that_nobody_caught_shows_none(folder: Path) -> None:
    script = (
        "import anchor.cli.chain as operate\n"
        "from anchor.cli.session import Session\n"
        "def fail(self, **_):\n"
        "    told = self.settings.chain + self.settings.key.get_secret_value()\n"
        "    raise ValueError('no answer from ' + told)\n"
        "Session.workspace = fail\n"
        "from anchor.cli import main\n"
        "main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    ran = subprocess.run(
        [sys.executable, "-c", script, "status"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ValueError: no answer from" in ran.stderr
    assert HIDDEN in ran.stderr
    assert revealed(ran.stdout + ran.stderr) == []


def asked(port: int) -> str:
    """All that a server answers to whoever comes by."""
    said = ""
    for method, path, body in (
        *(
            ("GET", path, None)
            for path in ("/healthz", "/readyz", "/metrics", "/v1", "/v1/batches", "/v1/events", "/v1/jobs", "/x")
        ),
        ("GET", "/v1/credentials/" + "ab" * 32, None),
        ("POST", "/v1/verify", b'{"type":["VerifiableCredential"]}'),
        ("POST", "/v1/jobs", b"{}"),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        said += f"{path} {answer.status} {answer.headers} {answer.read().decode('utf-8', 'replace')}\n"
        connection.close()
    return said


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("server", ["serve", "daemon"])
def test_no_server_shows_a_secret(server: str, log_format: str, folder: Path, endpoints: list[str]) -> None:
    working = BrokenEndpoint(_first_good_then_echo())
    try:
        url = f"{working.url}/v3/{marked(1)}"
        text = (folder / "testamur.toml").read_text().replace(endpoints[0], url)
        (folder / "testamur.toml").write_text(
            f'log_format = "{log_format}"\n{text}'.replace("[status_keys.1]\nfile", "#")
        )
        command = [sys.executable, "-c", "from anchor.cli import main; main()", server, "--port", "0", "--json"]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        said = ""
        try:
            assert process.stdout is not None
            started = ""
            while not started.rstrip().endswith("}") and (line := process.stdout.readline()):
                started += line
            if '"url"' in started:
                said += asked(int(json.loads(started)["url"].rsplit(":", 1)[1]))
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=90)
        said += started + out + err
        assert revealed(said) == [], said
        assert said.strip()
    finally:
        working.close()


def _first_good_then_echo() -> Any:
    """An endpoint that answers enough for a start, and repeats its address with every other question."""
    answers = {"eth_chainId": "0x7a69", "net_version": "31337", "eth_getCode": "0x"}
    block = {
        "number": "0x0", "hash": "0x" + "11" * 32, "parentHash": "0x" + "00" * 32, "timestamp": "0x1",
        "baseFeePerGas": "0x1", "logsBloom": "0x" + "00" * 256, "gasLimit": "0x1c9c380", "gasUsed": "0x0",
    }  # fmt: skip

    def behave(exchange: Exchange) -> None:
        if exchange.method in answers:
            exchange.answer(answers[exchange.method])
        elif exchange.method == "eth_getBlockByNumber":
            exchange.answer(block)
        else:
            exchange.error({"code": -32603, "message": f"cannot do this at http://me{exchange.handler.path}"})

    return behave


def test_words_that_begin_like_data_are_no_data() -> None:
    mask, data = Mask(["deadbeef"]), "0x12deadbeef"
    assert (
        mask.within(f"{data}: refused at https://a.example/deadbeef")
        == "0x12[hidden]: refused at https://a.example/[hidden]"
    )
    assert mask.within({"data": data}) == {"data": data}
