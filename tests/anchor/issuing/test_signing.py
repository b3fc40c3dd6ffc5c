"""Credentials are signed by the institution's own key, by any suite, in one process or several, always the same way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from anchor.issuing import signing
from anchor.issuing.signing import IssuingKey, Press, Proofs, Signed, ToMake, issuing_key, signed_rows
from registry.credential.digest import digest_json
from registry.errors import SettingsError, SignerError, StoreError
from registry.proofs.signatures.keys import KeyKind, SigningKey, did_key, did_key_method, new_key, public_of, write_key
from registry.proofs.signatures.suites import Suite, proofs_of, verify_proof
from tests.anchor.issuing.made import GRANULAR, TEMPLATE, row, rows
from tests.anchor.issuing.site import KEY, METHOD, QUICK

ISSUER = TEMPLATE.issuer.id
MOMENT = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key.pem"
    path.write_text(write_key(KEY))
    path.chmod(0o600)
    return path


def signed(key: IssuingKey) -> list[Signed]:
    return Press(GRANULAR, key, MOMENT).made_of(ToMake(row()))


# The key


@pytest.mark.parametrize(
    ("proofs", "suites"),
    [
        (Proofs.BOTH, [Suite.EDDSA_RDFC, Suite.EDDSA_JCS]),
        (Proofs.RDFC, [Suite.EDDSA_RDFC]),
        (Proofs.JCS, [Suite.EDDSA_JCS]),
    ],
)
def test_what_others_take_comes_first(file: Path, proofs: Proofs, suites: list[Suite]) -> None:
    assert list(issuing_key(file, None, proofs, ISSUER).suites) == suites


def test_the_key_is_one_of_the_issuers_own(file: Path) -> None:
    assert issuing_key(file, None, Proofs.BOTH, ISSUER).method == f"{ISSUER}#key-1"
    assert issuing_key(file, f"{ISSUER}#k2", Proofs.BOTH, ISSUER).method == f"{ISSUER}#k2"
    assert issuing_key(file, None, Proofs.BOTH, did_key(KEY)).method == did_key_method(KEY)


@pytest.mark.parametrize(
    ("method", "issuer"),
    [
        ("did:web:other.example#key-1", ISSUER),
        (did_key_method(KEY), ISSUER),
        (None, "https://neckartal.example"),
        (None, did_key(new_key(KeyKind.ED25519))),
    ],
    ids=str.split("another-host another-key no-did key-of-another"),
)
def test_a_key_of_another_is_refused(file: Path, method: str | None, issuer: str) -> None:
    if issuer.startswith("did:key:"):
        method = did_key_method(KEY)
    with pytest.raises(SettingsError) as refused:
        issuing_key(file, method, Proofs.BOTH, issuer)
    assert refused.value.code == "other-controller"


def test_no_key_and_keys_that_cannot_be_used(file: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no key is set"):
        issuing_key(None, None, Proofs.BOTH, ISSUER)
    with pytest.raises(SettingsError, match="No such file") as missing:
        issuing_key(tmp_path / "none.pem", None, Proofs.BOTH, ISSUER)
    assert "openssl genpkey" in missing.value.diagnostics()
    for content, mode in ((b"not a key: s3cr3t", 0o600), (b"\xff\xfe", 0o600), (file.read_bytes(), 0o644)):
        bad = tmp_path / "bad.pem"
        bad.write_bytes(content)
        bad.chmod(mode)
        with pytest.raises((SettingsError, SignerError)) as refused:
            issuing_key(bad, None, Proofs.BOTH, ISSUER)
        assert "s3cr3t" not in refused.value.diagnostics()


def test_the_secret_is_not_shown(file: Path) -> None:
    assert "PRIVATE" not in repr(issuing_key(file, None, Proofs.BOTH, ISSUER))


# Signatures


@pytest.mark.parametrize("kind", list(KeyKind))
def test_every_part_is_signed_and_its_digest_is_that_of_its_bytes(kind: KeyKind) -> None:
    key: SigningKey = new_key(kind)
    suites = tuple(Suite.for_key(key, is_rdf=is_rdf) for is_rdf in (True, False))
    for each in signed(IssuingKey(write_key(key), METHOD, suites)):
        document = orjson.loads(each.document)
        proofs = proofs_of(document)
        assert [proof["cryptosuite"] for proof in proofs] == list(suites)
        for proof in proofs:
            verify_proof(document, proof, public_of(key))
            assert proof["verificationMethod"] == METHOD
            assert proof["created"] == "2026-09-01T12:00:00Z"
        assert digest_json(each.document) == each.digest


# Processes


def test_processes_give_back_all_rows_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "PARALLEL_FROM_ROWS", 1)
    pieces = [[ToMake(each) for each in rows(12)[start : start + 2]] for start in range(0, 12, 2)]
    made: list[tuple[Sequence[ToMake], list[list[Signed]]]] = list(
        signed_rows(TEMPLATE, QUICK, MOMENT, iter(pieces), count=12, workers=2)
    )
    assert [piece for piece, _ in made] == pieces
    documents = [orjson.loads(each.document) for _, signed in made for row in signed for each in row]
    names = [each["credentialSubject"]["identifier"][0]["identityHash"] for each in documents]
    assert names == [each.value("name") for each in rows(12)]
    assert len({each["id"] for each in documents}) == 12


def test_a_process_that_the_system_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "PARALLEL_FROM_ROWS", 1)
    # What cannot be read in the other process ends it, as the system would.
    broken = IssuingKey("no key", METHOD, (Suite.EDDSA_JCS,))
    with pytest.raises(StoreError) as refused:
        list(signed_rows(TEMPLATE, broken, MOMENT, [[ToMake(row())]], count=1, workers=2))
    assert refused.value.code == "worker-ended"
