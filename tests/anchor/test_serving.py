"""What `testamur serve` and `testamur index` are put together from: keys of status lists, the chain, one round."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.testclient import TestClient

from anchor.serving import federation_of, index_of, list_signers, outward_of
from anchor.serving_workers import serve_with_workers
from anchor.settings import Settings, load_settings
from anchor.workspace import Workspace
from registry.errors import ChainError, RegistryError, SettingsError
from registry.formats.trqp import Registry
from registry.proofs.signatures.jose import read_jws, verify_jws
from registry.proofs.signatures.suites import verify
from registry.service.app import create_app
from registry.service.outward import Outward
from registry.service.service import Service
from registry.service.status_lists import StatusLists
from registry.trees.folder import FolderTrees
from tests.conftest import Run

METHOD = "did:web:university.example#key-1"


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    """A key, in `keys/list.pem`."""
    made = Ed25519PrivateKey.generate()
    (tmp_path / "keys").mkdir()
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "keys" / "list.pem").write_bytes(pem)
    (tmp_path / "keys" / "list.pem").chmod(0o600)
    return made


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "testamur.toml"
    path.write_text(text)
    return path


def test_a_list_is_signed_with_the_key_of_the_settings(run: Run, tmp_path: Path, key: Ed25519PrivateKey) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.json").write_text(json.dumps({"id": "a"}))
    for words in (("issuer", "register", "--uri", METHOD.partition("#")[0]), ("anchor", "one"), ("index", "--once")):
        assert run(*words).code == 0
    written = f'public_url = "https://registry.example"\n[status_keys.1]\nfile = "keys/list.pem"\nmethod = "{METHOD}"\n'
    settings = load_settings(settings_file(tmp_path, written))
    with Workspace(settings) as workspace:
        index = index_of(workspace)
        lists = StatusLists(index, FolderTrees(workspace.folder.trees), settings.public_url, list_signers(settings))
        app = create_app(Service(index, FolderTrees(workspace.folder.trees)), status_lists=lists)
        told = TestClient(app).get("/v1/status-lists/1/revocation/1").json()
    assert told["id"].startswith("https://registry.example/v1/status-lists/")
    assert told["issuer"] == METHOD.partition("#")[0]
    assert verify(told, key.public_key())["verificationMethod"] == METHOD


@pytest.mark.parametrize("content", [None, b"not a key", b"\xff\xfe"])
def test_a_key_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "list.pem").write_bytes(content)
        (tmp_path / "list.pem").chmod(0o600)
    settings = load_settings(settings_file(tmp_path, '[status_keys.1]\nfile = "list.pem"\n'))
    with pytest.raises(RegistryError) as caught:
        list_signers(settings)
    assert str(tmp_path / "list.pem") in str(caught.value)


def test_a_replica_starts_while_the_chain_is_away(run: Run, tmp_path: Path) -> None:
    assert run("issuer", "register", "--uri", "did:web:u.example").code == 0
    away = {"chain": "http://127.0.0.1:1", "rpc_timeout": 1.0}
    with Workspace(load_settings(None, **away)) as workspace, pytest.raises(ChainError):
        index_of(workspace)  # nothing is indexed yet, so nobody knows which chain it is
    assert run("index", "--once").code == 0
    with Workspace(load_settings(None, **away)) as workspace:
        head = index_of(workspace).head()
    assert head is not None
    assert head.cursor.number > 0


def test_an_index_is_made_anew(run: Run) -> None:
    assert run("issuer", "register", "--uri", "did:web:u.example").code == 0
    first = run("index", "--once", "--json")
    again = run("index", "--once", "--anew", "--json")
    assert (first.code, again.code) == (0, 0)
    assert first.json == again.json
    assert again.json["parties"] == 1


def test_the_service_speaks_for_the_body_of_the_settings(run: Run, tmp_path: Path, key: Ed25519PrivateKey) -> None:
    for words in (("issuer", "register", "--uri", "https://agency.example"), ("index", "--once")):
        assert run(*words).code == 0
    (tmp_path / "parties.toml").write_text('[[organisations]]\nparty = 1\nname = "Agency"\n')
    written = 'public_url = "https://agency.example"\norganisations = "parties.toml"\n'
    settings = load_settings(
        settings_file(tmp_path, f'{written}federation_party = 1\nfederation_key = "keys/list.pem"\n')
    )
    with Workspace(settings) as workspace:
        index = index_of(workspace)
        told = outward_of(workspace, index)
        federation = federation_of(settings, told)
        app = create_app(Service(index, FolderTrees(workspace.folder.trees)), outwards=told, federation=federation)
        answer = TestClient(app).get("/.well-known/openid-federation")
    jws = read_jws(answer.text)
    verify_jws(jws, key.public_key())
    assert jws.claims()["metadata"]["federation_entity"]["organization_name"] == "Agency"


@pytest.mark.parametrize(
    "text",
    [
        "federation_party = 1\n",
        'federation_key = "keys/list.pem"\npublic_url = "https://a.example"\n',
        'federation_key = "keys/list.pem"\nfederation_party = 1\n',
        'federation_key = "keys/list.pem"\nfederation_party = 1\npublic_url = "http://a.example"\n',
    ],
    ids=["no key", "no party", "no address", "no https"],
)
def test_who_would_speak_for_a_body_says_all_of_it(tmp_path: Path, key: Ed25519PrivateKey, text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        federation_of(load_settings(settings_file(tmp_path, text)), Outward(Registry("eip155:1", "0x" + "ab" * 20)))
    assert refused.value.code == "federation"


def test_who_speaks_for_nobody_needs_nothing(tmp_path: Path) -> None:
    settings = load_settings(settings_file(tmp_path, ""))
    assert federation_of(settings, Outward(Registry("eip155:1", "0x" + "ab" * 20))) is None


def test_several_workers_are_refused_on_the_chain_of_one_process(tmp_path: Path) -> None:
    with (
        Workspace(Settings(data_folder=tmp_path)) as workspace,
        pytest.raises(SettingsError, match="embedded") as refused,
    ):
        serve_with_workers(workspace, "127.0.0.1", 0, 2, indexing=True)
    assert refused.value.code == "workers"
