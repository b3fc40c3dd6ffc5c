"""Files as the product makes them, in one data folder: signed, with places in named lists, anchored, with receipts."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi.testclient import TestClient

from anchor.demo.samples import credentials
from anchor.issuing.roster.columns import columns_of
from anchor.issuing.status_positions import Positions
from anchor.issuing.templates.files import read_template
from anchor.serving import index_of, list_signers
from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.credential.digest import digest_document
from registry.formats.statuslist import Purpose
from registry.proofs.signatures.keys import KeyKind, SigningKey, did_key, did_key_method, kind_of, write_public_key
from registry.proofs.signatures.multibase import to_base58
from registry.proofs.signatures.suites import Suite, sign
from registry.service.app import create_app
from registry.service.service import Service
from registry.service.status_lists import StatusLists
from registry.trees.folder import FolderTrees
from tests.conftest import Run, commands_in

ISSUER: Final = "did:web:university.example"
METHOD: Final = f"{ISSUER}#key-1"
PUBLIC: Final = "https://registry.example"
DATE: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
# Made for these tests: anybody knows them.
KEYS: Final[dict[KeyKind, SigningKey]] = {
    KeyKind.ED25519: Ed25519PrivateKey.from_private_bytes(b"k" * 32),
    KeyKind.P256: ec.derive_private_key(int.from_bytes(b"k" * 32, "big"), ec.SECP256R1()),
    KeyKind.P384: ec.derive_private_key(int.from_bytes(b"k" * 47, "big"), ec.SECP384R1()),
}
STATES: Final = ("good", "revoked", "suspended")
_SECRET_HEADERS: Final = {KeyKind.ED25519: b"\x80\x26", KeyKind.P256: b"\x86\x26", KeyKind.P384: b"\x87\x26"}


@dataclass
class Product:
    """What there is to show to others.

    Attributes:
        originals: by name; as they were anchored.
        files: by name; with the receipt inside, as a holder has them.
        tokens: by name; credentials of `testamur issue` as `issue export` and `present` write them.
        served: what the lookup service and the institution's web server give out, by URL: media types and body.
    """

    originals: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    served: dict[str, dict[str, Any]] = field(default_factory=dict)


def sample(number: int, issuer: str) -> dict[str, Any]:
    """A credential of the demo, by this issuer."""
    *_, document = credentials(number + 1)
    document["issuer"]["id"] = issuer
    return document


def signed(document: dict[str, Any], key: SigningKey, method: str, *suites: Suite) -> dict[str, Any]:
    for suite in suites:
        document = sign(document, key, method, DATE, suite)
    return document


def exported(key: SigningKey, method: str | None = None) -> dict[str, str]:
    """A key with its secret half as Multikey, as the packages take it."""
    if isinstance(key, Ed25519PrivateKey):
        secret = key.private_bytes_raw()
    else:
        secret = key.private_numbers().private_value.to_bytes(key.key_size // 8, "big")
    public: dict[str, str] = method_document(key, method)
    return {**public, "secretKeyMultibase": to_base58(_SECRET_HEADERS[kind_of(key)] + secret)}


def method_document(key: SigningKey, method: str | None = None) -> dict[str, str]:
    """The verification method of a key, by its `did:key` or another method."""
    return {
        "@context": "https://w3id.org/security/multikey/v1",
        "id": method or did_key_method(key),
        "type": "Multikey",
        "controller": did_key(key) if method is None else method.partition("#")[0],
        "publicKeyMultibase": write_public_key(key),
    }


def controller_document(key: SigningKey, method: str | None = None) -> dict[str, Any]:
    """The DID document of who has the key."""
    its = method_document(key, method)
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": its["controller"],
        "verificationMethod": [{name: value for name, value in its.items() if name != "@context"}],
        "assertionMethod": [its["id"]],
        "authentication": [its["id"]],
    }


@contextmanager
def product(folder: Path) -> Iterator[Product]:
    """A registrar's data folder: of the graduates one is revoked and one suspended; and a file by each kind of key."""
    with commands_in(folder) as run:
        yield _made(folder, run)


def _made(folder: Path, run: Run) -> Product:
    made, both = Product(), (Suite.EDDSA_RDFC, Suite.EDDSA_JCS)
    key = KEYS[KeyKind.ED25519]
    _write_settings(folder, key)
    assert run("issuer", "register", "--uri", ISSUER).code == 0
    documents = _with_positions(folder, {state: sample(at, ISSUER) for at, state in enumerate(STATES)}, both)
    documents |= {
        "without a status": signed(sample(4, ISSUER), key, METHOD, *both),
        "unsigned": sample(5, ISSUER),
        **{suite.value: signed(sample(6 + at, ISSUER), key, METHOD, suite) for at, suite in enumerate(both)},
    }
    for kind in (KeyKind.P256, KeyKind.P384):
        other = KEYS[kind]
        for suite in (Suite.ECDSA_RDFC, Suite.ECDSA_JCS):
            document = sample(8 + len(documents), did_key(other))
            documents[f"{suite}, {kind}"] = signed(document, other, did_key_method(other), suite)
    originals, receipts = folder / "originals", folder / "receipts"
    originals.mkdir()
    names = {name: f"{at}.json" for at, name in enumerate(documents)}
    for name, document in documents.items():
        (originals / names[name]).write_text(json.dumps(document))
    anchored = run("anchor", originals, "--json")
    assert anchored.code == 0, anchored.errors
    (batch,) = anchored.json["batches"]
    written = run("receipts", batch["root"], "-o", receipts, "--embed", originals)
    assert written.code == 0, written.errors
    made.originals = documents
    made.files = {name: json.loads((receipts / path).read_text()) for name, path in names.items()}
    issued, made.tokens["vc-jwt"] = _issued(folder, run)
    made.tokens |= _selective(folder, run)
    made.files |= {name: json.loads(path.read_text()) for name, path in issued.items()}
    withdrawn = [("revoke", receipts / names["revoked"]), ("revoke", issued["issued, revoked"])]
    for command, path in (*withdrawn, ("suspend", receipts / names["suspended"])):
        ran = run(command, path)
        assert ran.code == 0, ran.errors
    assert run("index", "--once").code == 0
    made.served = _served(folder, key, made.files)
    return made


def _issued(folder: Path, run: Run) -> tuple[dict[str, Path], str]:
    """Two graduates by `testamur issue`, each with a part of their own for the marks; and one of them as VC-JWT."""
    template, out = folder / "bachelor.toml", folder / "diplomas"
    assert run("template", "new", "--kind", "bachelor", "-o", template).code == 0
    root = _confirmed(run, template)
    ran = run("diplomas", root, "-o", out, "--format", "json")
    assert ran.code == 0, ran.errors
    first, second = ([path for path in sorted(out.rglob("*.json")) if name in path.name] for name in ("Zoë", "Ada"))
    token = _exported(run, root, folder / "tokens", "vc-jwt")
    return {"issued, marks": first[0], "issued": first[1], "issued, revoked": second[1]}, token.read_text()


def _selective(folder: Path, run: Run) -> dict[str, str]:
    """The same graduates by a template that makes SD-JWT; and a part of one that its holder shows."""
    template, shown = folder / "selective.toml", folder / "shown.sdjwt"
    assert run("template", "new", "--kind", "bachelor", "-o", template).code == 0
    template.write_text(template.read_text().replace("granular = true", 'granular = false\nform = "sd-jwt"'))
    whole = _exported(run, _confirmed(run, template), folder / "selective", "sd-jwt")
    assert run("present", whole, "--without", "result", "-o", shown).code == 0
    return {"sd-jwt": whole.read_text(), "sd-jwt, in part": shown.read_text()}


def _exported(run: Run, root: str, out: Path, form: str) -> Path:
    """The first of the credentials under a root, in a form."""
    ran = run("issue", "export", root, "-o", out, "--as", form, "--json")
    assert ran.code == 0, ran.errors
    (name, *_), *_ = ran.json["files"].values()
    return out / name


def _confirmed(run: Run, template: Path) -> str:
    """The root of credentials of two graduates, which is final."""
    roster = template.with_suffix(".csv")
    keys = [column.key for column in columns_of(read_template(template))]
    marks = {key: "1.7" for key in keys if key.startswith("result.")}
    with roster.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, keys)
        writer.writeheader()
        for number, name in enumerate(("Zoë Ångström", "Ada Example")):
            birth, awarded = "2003-07-31", "2026-03-31"
            its = {"person_id": f"s{number}", "name": name, "birth_date": birth, "awarded_on": awarded}
            writer.writerow(its | marks)
    begun = run("issue", roster, "--template", template, "--by", "Ada", "--json")
    assert begun.code == 0, begun.errors
    root: str = begun.json["run"]["root"]
    ran = run("issue", "confirm", root, "--by", "Bob", "--wait")
    assert ran.code == 0, ran.errors
    return root


def _write_settings(folder: Path, key: SigningKey) -> None:
    pem = folder / "list.pem"
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pem.chmod(0o600)
    (folder / "testamur.toml").write_text(
        f'public_url = "{PUBLIC}"\nissuing_key = "list.pem"\n[status_keys.1]\nfile = "list.pem"\nmethod = "{METHOD}"\n'
    )


def _with_positions(
    folder: Path, documents: dict[str, dict[str, Any]], suites: tuple[Suite, ...]
) -> dict[str, dict[str, Any]]:
    """The documents with one entry, or with two where they are to be suspended, signed."""
    ready = {}
    with Workspace(load_settings(folder / "testamur.toml")) as workspace:
        place = (workspace.folder.engine, workspace.chain, workspace.contract_address, 1, PUBLIC)
        for name, document in documents.items():
            purposes = tuple(Purpose) if name == "suspended" else (Purpose.REVOCATION,)
            positions = Positions(*place, purposes=purposes)
            (drawn,) = positions.draw(1)
            entries = positions.entries(drawn)
            document["credentialStatus"] = entries[0] if len(entries) == 1 else entries
            ready[name] = signed(document, KEYS[KeyKind.ED25519], METHOD, *suites)
            positions.bind([(drawn, digest_document(ready[name]).value)])
    return ready


def _served(folder: Path, key: SigningKey, files: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The DID document, and the named lists in every type that the service offers."""
    found = {
        "https://university.example/.well-known/did.json": {
            "type": "application/json",
            "body": json.dumps(controller_document(key, METHOD)),
        }
    }
    settings = load_settings(folder / "testamur.toml")
    with Workspace(settings) as workspace:
        index, trees = index_of(workspace), FolderTrees(workspace.folder.trees)
        lists = StatusLists(index, trees, settings.public_url, list_signers(settings))
        client = TestClient(create_app(Service(index, trees), status_lists=lists))
        stated = [each["credentialStatus"] for each in files.values() if "credentialStatus" in each]
        entries = [entry for each in stated for entry in (each if isinstance(each, list) else [each])]
        for url in {entry["statusListCredential"] for entry in entries}:
            # As the packages ask for it: JSON by name.
            answer = client.get(url.removeprefix(PUBLIC), headers={"Accept": "application/ld+json, application/json"})
            assert answer.status_code == 200, answer.text
            found[url] = {"type": answer.headers["content-type"], "body": answer.text}
    return found
