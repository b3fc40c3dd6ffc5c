"""The four suites beside the W3C's own vectors, both ways, and beside openvc-core."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from openvc.proof.data_integrity import DataIntegrityProofSuite
from openvc.proof.di_ecdsa_rdfc import EcdsaRdfcProofSuite
from openvc.proof.di_jcs import EcdsaJcsProofSuite, EddsaJcsProofSuite

from registry.errors import ProofError
from registry.proofs.signatures.batches import Signer
from registry.proofs.signatures.keys import KeyKind, did_key_method, key_of_method, new_key, public_jwk, read_key
from registry.proofs.signatures.suites import Suite, proofs_of, sign, verify, verify_proof
from registry.rdf import shapes
from registry.rdf.shapes import Shapes
from tests.suite_vectors import contexts_of_vectors, vectors

# Data Integrity EdDSA Cryptosuites v1.0, appendix B.
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
NAMES = [
    "TestVectors_ecdsa-jcs-2019-p256_signedJCSECDSAP256",
    "TestVectors_ecdsa-jcs-2019-p384_signedJCSECDSAP384",
    "TestVectors_ecdsa-rdfc-2019-p256_signedECDSAP256",
    "TestVectors_ecdsa-rdfc-2019-p384_signedECDSAP384",
    "TestVectors_eddsa-jcs-2022_signedJCS",
    "TestVectors_eddsa-rdfc-2022_signedDataInt",
]
CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential"],
    "name": "Diploma",
    "issuer": "did:web:university.example",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh"},
}
PAIRS = [
    (KeyKind.ED25519, Suite.EDDSA_JCS),
    (KeyKind.ED25519, Suite.EDDSA_RDFC),
    (KeyKind.P256, Suite.ECDSA_JCS),
    (KeyKind.P256, Suite.ECDSA_RDFC),
    (KeyKind.P384, Suite.ECDSA_JCS),
    (KeyKind.P384, Suite.ECDSA_RDFC),
]


@pytest.fixture
def their_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "_SHARED", Shapes(contexts_of_vectors()))


@pytest.mark.usefixtures("their_contexts")
@pytest.mark.parametrize("name", NAMES)
def test_a_vector_holds_and_none_that_was_changed(name: str) -> None:
    document = vectors()[name]
    proof = verify(document)
    key = key_of_method(proof["verificationMethod"])
    for member in document:
        changed = (
            document | {member: {"id": "urn:x"}} if member == "credentialSubject" else document | {member: "urn:x"}
        )
        if member != "proof":
            with pytest.raises(ProofError) as caught:
                verify_proof(changed, proof, key)
            assert caught.value.code in ("proof-fails", "proof-unread")
    for change in ({"created": "2023-02-24T23:36:39Z"}, {"proofValue": proof["proofValue"][:-2]}):
        with pytest.raises(ProofError, match="does not hold"):
            verify_proof(document, proof | change, key)


@pytest.mark.usefixtures("their_contexts")
@pytest.mark.parametrize("name", [name for name in NAMES if "eddsa" in name])
def test_the_key_of_a_vector_makes_its_value(name: str) -> None:
    document = vectors()[name]
    (proof,) = proofs_of(document)
    unsigned = {member: value for member, value in document.items() if member != "proof"}
    suite = Suite(proof["cryptosuite"])
    assert sign(unsigned, read_key(SECRET), proof["verificationMethod"], CREATED, suite)["proof"] == [proof]


def test_a_vector_in_contexts_that_are_not_bundled_is_unread_and_not_wrong() -> None:
    names = [name for name in vectors() if "_employ_" in name]
    assert len(names) == 3
    for name in names:
        with pytest.raises(ProofError) as caught:
            verify(vectors()[name])
        assert caught.value.code == "proof-unread"
        assert "citizenship" in caught.value.what


@pytest.mark.parametrize(("kind", "suite"), PAIRS)
def test_what_is_signed_holds_one_by_one_and_in_a_batch(kind: KeyKind, suite: Suite) -> None:
    key = new_key(kind)
    method = did_key_method(key)
    documents = [CREDENTIAL | {"name": f"Diploma {number}"} for number in range(3)]
    documents += [
        documents[0]
        | {"@context": [*CREDENTIAL["@context"], "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]}
    ]
    batch = list(Signer(key, method, CREATED, suite).sign_all(documents))
    for document, signed in zip(documents, batch, strict=True):
        assert verify(signed)["cryptosuite"] == suite
        if kind is KeyKind.ED25519:
            assert signed == sign(document, key, method, CREATED, suite)
        with pytest.raises(ProofError, match="not that of the key"):
            verify(signed | {"name": "Another"})
        with pytest.raises(ProofError, match="not that of the key"):
            verify(signed, new_key(kind).public_key())


# openvc-core 1.37 canonicalises with SHA-256 for P-384, and the W3C's vector with SHA-384.
@pytest.mark.parametrize(("kind", "suite"), [pair for pair in PAIRS if pair != (KeyKind.P384, Suite.ECDSA_RDFC)])
def test_openvc_takes_what_is_signed_here(kind: KeyKind, suite: Suite) -> None:
    verifier: Any = {
        Suite.EDDSA_JCS: EddsaJcsProofSuite,
        Suite.EDDSA_RDFC: DataIntegrityProofSuite,
        Suite.ECDSA_JCS: EcdsaJcsProofSuite,
        Suite.ECDSA_RDFC: EcdsaRdfcProofSuite,
    }[suite]()
    key = new_key(kind)
    signed = sign(CREDENTIAL, key, "did:web:university.example#key-1", CREATED, suite)
    alone = signed | {"proof": signed["proof"][0]}
    verified = verifier.verify(alone, public_key_jwk=public_jwk(key))
    assert verified.credential["name"] == "Diploma"
    with pytest.raises(Exception, match=r"."):
        verifier.verify(alone | {"name": "Another"}, public_key_jwk=public_jwk(key))
