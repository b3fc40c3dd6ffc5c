"""The made-up credentials: repeatable, unlike each other, and as their standards say."""

from __future__ import annotations

from pathlib import Path

import orjson

from anchor.demo.samples import ISSUERS, credentials, write_jsonl
from registry.credential.digest import DigestMethod, digest_document, digest_json
from registry.credential.hazards import hazards


def test_the_same_seed_gives_the_same_credentials() -> None:
    assert list(credentials(10, seed=3)) == list(credentials(10, seed=3))
    assert list(credentials(10, seed=3)) != list(credentials(10, seed=4))


def test_no_two_are_alike_and_each_has_its_digest() -> None:
    documents = [orjson.dumps(document) for document in credentials(2000)]
    digests = {digest_json(document) for document in documents}
    assert len(digests) == 2000
    assert {digest.method for digest in digests} == {DigestMethod.VC_JCS}
    assert 3_800 < sum(map(len, documents)) / len(documents) < 4_400


def test_they_are_open_badges_of_every_issuer_without_a_hazard() -> None:
    seen = set()
    for document in credentials(200):
        assert document["@context"][0] == "https://www.w3.org/ns/credentials/v2"
        assert document["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
        assert document["credentialSubject"]["achievement"]["criteria"]["narrative"]
        assert document["validFrom"].endswith("Z")
        assert hazards(document) == ()
        seen.add(document["issuer"]["id"])
    assert seen == {issuer.did for issuer in ISSUERS}


def test_one_issuer_can_be_asked_for() -> None:
    assert {document["issuer"]["name"] for document in credentials(20, issuer=ISSUERS[1])} == {ISSUERS[1].name}


def test_lines_are_the_documents(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    write_jsonl(path, 12, seed=5)
    lines = path.read_bytes().splitlines()
    assert [digest_json(line) for line in lines] == [digest_document(document) for document in credentials(12, seed=5)]
