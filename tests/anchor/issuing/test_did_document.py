"""The keys of an institution on its web server: written, changed with their history, and told from what is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from anchor.cli import did as command
from anchor.issuing.did_document import differences, keys_of, made_document, public_key_in, with_key, without_key
from anchor.verifying import outside
from registry.errors import RegistryError, SettingsError
from registry.proofs.signatures.did_documents import authorised_key
from registry.proofs.signatures.jose import sign_token
from registry.proofs.signatures.keys import (
    KeyKind,
    new_key,
    public_jwk,
    public_of,
    write_key,
    write_public_key,
)
from registry.proofs.signatures.suites import Suite, sign
from tests.anchor.begun import begun, issuer
from tests.conftest import Run
from tests.registry.online.servers import Served, answer, serving

__all__ = ["begun", "issuer"]

DID = "did:web:uni.example"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ONE, TWO, THREE = (new_key(kind) for kind in KeyKind)


def key_file(name: str, content: str | bytes) -> str:
    path = Path(name)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def pem(key: Any) -> bytes:
    given: bytes = public_of(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return given


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with serving() as server:
        monkeypatch.setattr(outside, "Fetcher", server.fetcher)
        monkeypatch.setattr(command, "Fetcher", server.fetcher)
        yield server


def test_keys_in_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for key in (ONE, TWO, THREE):
        for form in (
            write_key(key),
            pem(key),
            write_public_key(key),
            json.dumps(public_jwk(key)),
            write_public_key(key) + "\n",
        ):
            assert write_public_key(public_key_in(Path(key_file("key", form)))) == write_public_key(key)


def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rsa = generate_private_key(65537, 2048)
    secret = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (
        secret,
        rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        write_key(ONE)[:90],
        "z3u2enough",
        "{}",
        "[]",
        '{"kty": "OKP"}',
        b"\xff\xfe",
        b"",
        "x" * 99_999,
    ):
        with pytest.raises(RegistryError) as refused:
            public_key_in(Path(key_file("key", content)))
        assert refused.value.where == "key"
        told = refused.value.diagnostics()
        assert not any(line in told for line in write_key(ONE).splitlines()[1:2])
        assert "z3u2enough" not in told


def test_a_key_that_comes_is_first_and_the_others_stay_good() -> None:
    document = with_key(made_document(DID, [public_of(ONE)]), public_of(TWO))
    assert [(each.method, each.kind, each.signs) for each in keys_of(document)] == [
        (f"{DID}#key-2", KeyKind.P256, True),
        (f"{DID}#key-1", KeyKind.ED25519, True),
    ]
    assert authorised_key(document, f"{DID}#key-1").ended is None
    assert with_key(document, public_of(ONE)) == document


def test_a_key_that_is_revoked_stays_with_the_time_and_its_name_is_not_given_again() -> None:
    document = without_key(made_document(DID, [public_of(TWO), public_of(ONE)]), "key-2", NOW)
    assert [(each.method, each.signs, each.revoked) for each in keys_of(document)] == [
        (f"{DID}#key-1", True, ""),
        (f"{DID}#key-2", False, "2026-03-01T00:00:00Z"),
    ]
    assert authorised_key(document, f"{DID}#key-2").ended == NOW
    later = without_key(document | {}, f"{DID}#key-2", datetime(2027, 1, 1, tzinfo=UTC))
    assert authorised_key(later, f"{DID}#key-2").ended == NOW  # the first time stays
    assert next(each.method for each in keys_of(with_key(document, public_of(THREE)))) == f"{DID}#key-3"
    with pytest.raises(SettingsError, match="does not sign any more"):
        with_key(document, public_of(TWO))
    with pytest.raises(SettingsError, match="the only key"):
        without_key(document, "key-1", NOW)
    with pytest.raises(SettingsError, match="no key key-9"):
        without_key(document, "key-9", NOW)


def test_what_others_wrote_stays() -> None:
    """Keys within `assertionMethod`, relative names, other services, other contexts."""
    theirs: dict[str, Any] = {
        "@context": "https://www.w3.org/ns/did/v1",
        "id": DID,
        "alsoKnownAs": ["https://uni.example"],
        "verificationMethod": {"id": "#old", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": public_jwk(ONE)},
        "assertionMethod": ["#old", {"id": "#within", "type": "Multikey", "publicKeyMultibase": write_public_key(TWO)}],
        "authentication": ["#old"],
        "service": [{"id": "#profile", "type": "IssuerProfile", "serviceEndpoint": "https://uni.example/profile"}],
    }
    document = with_key(theirs, public_of(THREE))
    assert {name: document[name] for name in ("alsoKnownAs", "service", "authentication")} == {
        name: theirs[name] for name in ("alsoKnownAs", "service", "authentication")
    }
    for method, key in ((f"{DID}#old", ONE), (f"{DID}#within", TWO), (f"{DID}#key-1", THREE)):
        assert write_public_key(authorised_key(document, method).key) == write_public_key(key)
    gone = without_key(without_key(document, "old", NOW), "within", NOW)
    assert (gone["assertionMethod"], gone["authentication"]) == ([f"{DID}#key-1"], [])
    for method in (f"{DID}#old", f"{DID}#within"):
        assert authorised_key(gone, method).ended == NOW


def test_differences_are_told_by_name() -> None:
    document = made_document(DID, [public_of(ONE), public_of(TWO)])
    turned = document | {"verificationMethod": document["verificationMethod"][::-1]}
    assert differences(document, turned) == []
    assert differences(document, with_key(document, public_of(THREE))) == ["assertionMethod", "verificationMethod"]
    assert differences(document, {}) == ["@context", "assertionMethod", "id", "verificationMethod"]


def test_from_a_key_to_a_signature_that_is_the_partys(run: Run, issuer: int, served: Served) -> None:
    """The whole way: each names the other, and only then is the signature the party's."""
    did = served.did()
    key_file("issuer.pem", write_key(ONE))
    first = run("issuer", "did", "--did", did, "--key", "issuer.pem", "--json").json
    assert (first["changed"], first["keys"]) == (
        True,
        [{"method": f"{did}#key-1", "kind": "Ed25519", "signs": True, "revoked": None}],
    )
    assert first["party"]["uri"] == "did:web:a.example"
    told = run("issuer", "did").out
    assert f"testamur issuer profile --uri {did} --issuer {issuer}" in " ".join(told.split())
    assert f"https://localhost:{served.port}/.well-known/did.json" in told
    assert run("issuer", "did", "--json").json["changed"] is False

    document = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "id": "urn:a"}
    Path("signed").mkdir()
    rdf = sign(document, ONE, f"{did}#key-1", NOW, Suite.EDDSA_RDFC)
    Path("signed/a.json").write_text(json.dumps(rdf))
    Path("signed/b.jwt").write_text(sign_token(document | {"issuer": did}, ONE, f"{did}#key-1"))
    assert run("anchor", "signed").code == 0

    def codes(*words: str) -> set[str]:
        verdicts = run("verify", "signed", "--json", *words).json["verdicts"]
        return {each["code"] for verdict in verdicts for each in verdict["checks"] if each["name"] == "signature"}

    assert codes() == {"signature-unread"}
    assert codes("--online") == {"signature-unread"}  # nothing is served yet
    served.answers["/.well-known/did.json"] = answer(Path("did.json").read_bytes())
    assert codes("--online") == {"signer-one-way"}
    assert codes("--did-document", "did.json") == {"signer-one-way"}
    assert run("issuer", "profile", "--uri", did).code == 0
    asked = len(served.asked)
    assert codes("--online") == {"signature-holds"}
    assert len(served.asked) == asked + 1
    assert codes("--did-document", "did.json") == {"signature-holds"}
    assert len(served.asked) == asked + 1
    agrees = run("issuer", "did", "--check", "--json")
    assert (agrees.code, agrees.json["served"]) == (0, {"agrees": True, "differences": []})

    # A new key, and the old one stolen: what is served is another document until it is put there.
    key_file("new.key", write_public_key(TWO))
    changed = run(
        "issuer", "did", "--key", "new.key", "--retire", "key-1", "--since", "2026-02-01", "--check", "--json"
    )
    assert (changed.code, changed.json["served"]["agrees"]) == (1, False)
    assert codes("--online") == {"signature-holds"}
    served.answers["/.well-known/did.json"] = answer(Path("did.json").read_bytes())
    assert codes("--online") == {"key-ended", "key-ended-since"}  # the proof says when it was made, the token does not


BAD: list[tuple[tuple[str, ...], str]] = [
    ((), "did-document"),
    (("--key", "missing.pem"), "unreadable"),
    (("--key", "note.txt"), "status-key"),
    (("--key", "issuer.pem", "--did", "did:key:z6Mk"), "did"),
    (("--key", "issuer.pem", "--did", "did:web:a.example:..:b"), "did"),
    (("--key", "issuer.pem", "--did", "did:web:a b"), "did"),
    (("--key", "issuer.pem", "--retire", "key-1"), "did-document"),
    (("--key", "issuer.pem", "--retire", "key-2"), "did-document"),
    (("--key", "issuer.pem", "--since", "2026-01-01"), "no-change"),
    (("--key", "issuer.pem", "--file", "note.txt"), "did-document"),
    (("--key", "issuer.pem", "--file", "other.json"), "did-document"),
    (("--key", "issuer.pem", "--issuer", "9"), "unknown-party"),
]


def test_bad_input_writes_nothing(run: Run, issuer: int) -> None:
    key_file("issuer.pem", write_key(ONE))
    key_file("note.txt", "a note")
    key_file("other.json", json.dumps({"id": "did:web:b.example"}))
    before = {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    for words, code in BAD:
        refused = run("issuer", "did", "--json", "--did", "did:web:a.example", *words)
        assert (refused.code, refused.json["error"]["code"]) == (1, code), words
        assert {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


def test_without_a_party_no_chain_is_asked(run: Run) -> None:
    key_file("issuer.pem", write_key(THREE))
    made = run("issuer", "did", "--no-party", "--did", DID, "--key", "issuer.pem", "--json").json
    assert made["party"] is None
    assert "service" not in json.loads(Path("did.json").read_text())


def test_a_did_document_that_is_none_is_told(run: Run) -> None:
    key_file("a.json", '{"type": ["VerifiableCredential"]}')
    for content in ("{", "[]", '{"id": 5}', '{"id": "https://a"}'):
        key_file("theirs.json", content)
        refused = run("verify", "a.json", "--did-document", "theirs.json", "--json")
        assert (refused.code, refused.json["error"]["code"]) == (1, "did-document")
    key_file("good.json", json.dumps({"id": DID}))
    twice = run("verify", "a.json", "--did-document", "good.json", "--did-document", "good.json", "--json")
    assert twice.json["error"]["code"] == "did-document"
    both = run("verify", "a.json", "--online", "--offline", "--json")
    assert both.json["error"]["code"] == "offline"
