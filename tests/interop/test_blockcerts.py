"""One file for three verifiers: a bare root, it holds for cert-verifier-js, for @digitalbazaar/vc and here."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anchor.demo.samples import credentials
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.proofs.signatures.keys import write_key
from tests.conftest import Run
from tests.interop.made import key_pair
from tests.interop.others import REPOSITORY, ask, contexts, missing
from tests.interop.rows import TESTAMUR, Row, Section
from tests.registry.chain.worlds import anvil

SEPOLIA = "11155111"
DID = "did:web:university.example"
METHOD = f"{DID}#key-1"
VERIFIER = Path(__file__).with_name("blockcerts.mjs")
SECONDS = 120

FILE: Final = "credential of `testamur receipts --blockcerts`"
CHANGED: Final = f"{FILE}, one word changed"
BLOCKCERTS: Final = "@blockcerts/cert-verifier-js"
ROWS: Final = (
    Row(Section.OURS, FILE, BLOCKCERTS, "success"),
    Row(Section.OURS, FILE, "@digitalbazaar/vc", "verified"),
    Row(Section.OURS, FILE, TESTAMUR, "digest-equal, included, issuer-trusted"),
    Row(Section.OURS, CHANGED, BLOCKCERTS, "failure"),
    Row(Section.OURS, CHANGED, "@digitalbazaar/vc", "refused"),
    Row(Section.OURS, CHANGED, TESTAMUR, "not valid"),
)


@dataclass(frozen=True)
class Batch:
    """What a registrar has in the end: a folder for the holders, and the two files for the web server."""

    node: str
    key: Ed25519PrivateKey
    holders: dict[str, dict[str, Any]]
    profile: dict[str, Any]
    did_document: dict[str, Any]
    told: dict[str, Any]


@pytest.fixture
def batch(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Batch]:
    """Seven credentials of one issuer, anchored on a node that says it is Sepolia."""
    with anvil("--chain-id", SEPOLIA) as url:
        monkeypatch.setenv("TESTAMUR_CHAIN", url)
        monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
        originals, key = tmp_path / "originals", Ed25519PrivateKey.generate()
        originals.mkdir()
        for number, credential in enumerate(credentials(7)):
            credential["issuer"]["id"] = DID
            (originals / f"{number}.json").write_text(json.dumps(credential), encoding="utf-8")
        file = tmp_path / "key.pem"
        file.touch(0o600)
        file.write_text(write_key(key), encoding="ascii")
        assert run("deploy").code == 0
        assert run("issuer", "register", "--uri", DID).code == 0
        early = run("anchor", originals, "--bare", "--json")
        assert (early.code, early.json["error"]["code"]) == (1, "bare-roots-off")
        assert run("issuer", "bare-roots", "on").code == 0
        (anchored,) = run("anchor", originals, "--bare", "--json").json["batches"]
        written = run(
            "receipts", anchored["root"], "-o", "holders", "--embed", originals, "--blockcerts", "--sign-key", file
        )
        assert written.code == 0, written.errors
        told = run(
            "issuer", "blockcerts-profile", "-o", "site", "--sign-key", file, "--name", "University", "--json"
        ).json
        holders = {
            path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("holders").glob("?.json"))
        }
        documents = [json.loads(Path(each).read_text(encoding="utf-8")) for each in told["files"].values()]
        yield Batch(url, key, holders, *documents, told)


def blockcerts_says(batch: Batch, files: dict[str, Any], **served: Any) -> Any:
    """What its verifier says of each file."""
    node = shutil.which("node")
    if node is None or not (REPOSITORY / "node_modules/@blockcerts/cert-verifier-js").is_dir():
        missing("node and the packages of package.json are not here: run `npm ci`")
    resolved = {"didDocument": batch.did_document}
    documents = {DID: resolved, batch.told["profileUrl"]: batch.profile, **contexts(), **served}
    asked = json.dumps({"files": files, "served": documents, "node": batch.node})
    ran = subprocess.run(
        [str(node), str(VERIFIER)],
        input=asked,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=REPOSITORY,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_one_file_holds_for_three_verifiers(batch: Batch, run: Run, tmp_path: Path) -> None:
    assert len(batch.holders) == 7
    for document in batch.holders.values():
        assert [proof["cryptosuite"] for proof in document["proof"]] == ["merkle-proof-2019", "eddsa-rdfc-2022"]
    good = batch.holders["0.json"]
    changed = {**good, "name": "Another award"}
    swapped = {**good, "proof": good["proof"][::-1]}
    stranger = {**good, "proof": [batch.holders["1.json"]["proof"][0], good["proof"][1]]}
    wrong = {"changed": changed, "swapped": swapped, "stranger": stranger}

    said = blockcerts_says(batch, {**batch.holders, **wrong})
    assert {said[name]["status"] for name in batch.holders} == {"success"}, said
    assert {said[name]["status"] for name in wrong} <= {"failure", "thrown"}, said
    assert "does not match" in json.dumps(said["changed"])

    key = key_pair(batch.key, METHOD)
    files = {FILE: good, CHANGED: changed}
    by_signature = {name: ask("verify", credential=each, key=key)["verified"] for name, each in files.items()}

    # Where no folder knows of it, the transaction in the proof leads to issuer and count.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name, document in {"good": good, **wrong}.items():
        (elsewhere / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    asked = ("--data-folder", tmp_path / "nothing", "--trust", 1, "--json")
    verdict = run("verify", elsewhere / "good.json", *asked).json
    assert verdict["overall"] == "valid with a warning"
    codes = {check["name"]: check["code"] for check in verdict["checks"]}
    # A node of its own has no final block yet, and is one for practice.
    assert (codes["integrity"], codes["inclusion"], codes["anchor"]) == ("digest-equal", "included", "not-final")
    assert codes["issuer"] == "issuer-trusted"
    for name in wrong:
        assert run("verify", elsewhere / f"{name}.json", *asked).json["overall"] == "not valid"

    ours = ", ".join(codes[each] for each in ("integrity", "inclusion", "issuer"))
    found = {
        (FILE, BLOCKCERTS): said["0.json"]["status"],
        (FILE, "@digitalbazaar/vc"): "verified" if by_signature[FILE] else "refused",
        (FILE, TESTAMUR): ours,
        (CHANGED, BLOCKCERTS): said["changed"]["status"],
        (CHANGED, "@digitalbazaar/vc"): "verified" if by_signature[CHANGED] else "refused",
        (CHANGED, TESTAMUR): run("verify", elsewhere / "changed.json", *asked).json["overall"],
    }
    assert found == {(row.file, row.reader): row.says for row in ROWS}


def test_an_account_that_is_not_in_the_profile_is_nobodys(batch: Batch) -> None:
    others = {
        **batch.profile,
        "publicKey": [{**batch.profile["publicKey"][0], "id": "ecdsa-koblitz-pubkey:0x" + "ab" * 20}],
    }
    said = blockcerts_says(batch, {"a": batch.holders["0.json"]}, **{batch.told["profileUrl"]: others})
    assert said["a"]["status"] == "failure"
