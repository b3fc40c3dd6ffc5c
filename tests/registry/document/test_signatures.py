"""Which signatures of a document hold, wherever in it they are, and what is not checked."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.document import signatures
from registry.document.did_parties import MOST_NAMED, PartyName, named_parties, party_service
from registry.document.reading import read_document
from registry.document.signatures import MOST_CHECKED, Held
from registry.errors import ProofError, Unfetched
from registry.proofs.signatures import suites
from registry.proofs.signatures.did_documents import DidKey, write_did_document
from registry.proofs.signatures.jose import TokenForm, sign_jws, sign_token
from registry.proofs.signatures.keys import (
    KeyKind,
    SigningKey,
    algorithm_of,
    did_key,
    did_key_method,
    new_key,
    public_jwk,
    to_url_text,
)
from registry.proofs.signatures.suites import Suite, sign
from registry.rdf.jsonld import MOST_WORK
from registry.records import Party
from registry.verify.signature import Anchored, check_signature
from registry.verify.verdict import Outcome
from tests.carriers import jwt, pdf, presentation

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("DataIntegrityProof",)
OTHERS = ("another form of proof",)


def signed(key: Ed25519PrivateKey = KEY, **members: Any) -> dict[str, Any]:
    document = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], **members}
    return sign(document, key, did_key_method(key), CREATED)


class Found(NamedTuple):
    """What became of the signatures of a document."""

    holding: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


def found_in(document: object) -> Found:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    signed = read_document(data, "a.json").signed
    return Found(signed.holding, signed.broken, signed.unchecked)


def changed(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    """With members of its one proof that are others; None for one that is left out."""
    proof = {name: value for name, value in (document["proof"][0] | members).items() if value is not None}
    return document | {"proof": proof}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (signed(id="urn:a"), Found(holding=(did_key(KEY),))),
        (sign(signed(), OTHER, did_key_method(OTHER), CREATED), Found(holding=(did_key(KEY), did_key(OTHER)))),
        (signed(id="urn:a") | {"id": "urn:b"}, Found(broken=(did_key(KEY),))),
        (changed(signed(), verificationMethod=did_key_method(OTHER)), Found(broken=(did_key(OTHER),))),
        (changed(signed(), proofValue="zz"), Found(broken=(did_key(KEY),))),
        (changed(signed(), proofValue=None), Found(broken=(did_key(KEY),))),
        (changed(signed(), created="2027-01-01T00:00:00Z"), Found(broken=(did_key(KEY),))),
        (changed(signed(), verificationMethod="did:web:a.example#1"), Found(unchecked=KINDS)),
        (changed(signed(), verificationMethod=f"{did_key(KEY)}#another"), Found(unchecked=KINDS)),
        (changed(signed(), expires="2027-01-01T00:00:00Z"), Found(broken=(did_key(KEY),))),
        (changed(signed(), previousProof="urn:a"), Found(unchecked=KINDS)),
        (changed(signed(), proofPurpose="authentication"), Found(unchecked=KINDS)),
        (changed(signed(), cryptosuite="eddsa-rdfc-2022"), Found(broken=(did_key(KEY),))),
        (changed(signed(), cryptosuite="bbs-2023"), Found(unchecked=KINDS)),
        # A credential inside another is held against its own signature.
        (json.loads(presentation(signed(id="urn:a"))), Found(holding=(did_key(KEY),))),
        (json.loads(presentation(signed(id="urn:a") | {"id": "urn:b"})), Found(broken=(did_key(KEY),))),
        (jwt({"vc": signed()}), Found(holding=(did_key(KEY),), unchecked=("JWS",))),
        (signed(signature={"type": ["Seal"]}), Found(holding=(did_key(KEY),), unchecked=("Seal",))),
        # Blockcerts have one elsewhere, which may call itself what it likes.
        (signed(signature={"type": ["DataIntegrityProof"]}), Found(holding=(did_key(KEY),), unchecked=OTHERS)),
        ({"id": "urn:a", "signature": {"type": "DataIntegrityProof"}}, Found(unchecked=OTHERS)),
        ({"id": "urn:a"}, Found()),
        # What a reader may read in two ways is nothing that anybody signed.
        (json.dumps(signed()).replace('"type"', '"a": 1, "a": 2, "type"', 1).encode(), Found(unchecked=KINDS)),
    ],
)  # fmt: skip
def test_what_holds_is_told_from_what_does_not(document: object, found: Found) -> None:
    assert found_in(document) == found


def test_more_than_so_many_are_not_checked() -> None:
    document = signed()
    most = document | {"proof": document["proof"] * MOST_CHECKED}
    more = document | {"proof": document["proof"] * (MOST_CHECKED + 1)}
    assert found_in(most) == Found(holding=(did_key(KEY),))
    assert found_in(more) == Found(holding=(did_key(KEY),), unchecked=KINDS)


def test_signatures_of_a_context_that_was_longer_do_not_count() -> None:
    document = signed()
    longer = document | {"@context": [*document["@context"], "https://more.example"]}
    shorter = document | {"@context": []}
    assert found_in(longer) == Found(holding=(did_key(KEY),))
    assert found_in(shorter) == Found(broken=(did_key(KEY),))


def test_a_signature_of_what_is_inside_is_not_said_to_be_of_all() -> None:
    around = {"type": ["VerifiableCredential"], "credentialSubject": {"name": "another"}, "credential": signed()}
    party = Party(7, "0x" + "11" * 20, None, CREATED, None, 1, bytes(32), did_key(KEY))
    anchored = Anchored("eip155:1", "0x" + "22" * 20, party)
    found = check_signature(read_document(json.dumps(around).encode(), "a.json"), CREATED, anchored)
    assert found.text.startswith(f"A signature in it by {did_key(KEY)} holds, and is not over every credential in it")
    assert found.outcome is Outcome.WARN


def test_an_attached_credential_is_checked() -> None:
    attached = pdf(json.dumps(signed()).encode())
    assert found_in(attached).holding == (did_key(KEY),)


P256 = new_key(KeyKind.P256)
MEMBERS: dict[str, Any] = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]}


def with_disclosures(key: SigningKey, hidden: dict[str, Any], **header: Any) -> str:
    """An SD-JWT with its disclosures, each of which a holder may leave out."""
    disclosures = [to_url_text(json.dumps(["salt", name, value]).encode()) for name, value in hidden.items()]
    digests = [to_url_text(hashlib.sha256(each.encode()).digest()) for each in disclosures]
    claims = {
        "iss": "https://uni.example",
        "vct": "diploma",
        "iat": 1_767_225_600,
        "_sd": digests,
        "_sd_alg": "sha-256",
    }
    token = sign_jws({"alg": algorithm_of(key), "typ": "dc+sd-jwt", **header}, claims, key)
    return "~".join([token, *disclosures, ""])


@pytest.mark.parametrize(
    ("token", "found"),
    [
        (sign_token(MEMBERS, KEY, did_key_method(KEY)), Found(holding=(did_key(KEY),))),
        (sign_token(MEMBERS, P256, did_key_method(P256)), Found(holding=(did_key(P256),))),
        (sign_token(MEMBERS, P256, did_key_method(P256), TokenForm.OPEN_BADGES), Found(holding=(did_key(P256),))),
        (sign_token(MEMBERS, KEY, did_key_method(OTHER)), Found(broken=(did_key(OTHER),))),
        (sign_token(MEMBERS, KEY, did_key_method(P256)), Found(broken=(did_key(P256),))),
        (sign_token(MEMBERS, KEY, "did:web:a.example#1"), Found(unchecked=("JWS",))),
        (sign_token(MEMBERS, KEY, "key-1"), Found(unchecked=("JWS",))),
        # A name of a key that is one of the issuer's, or none where the issuer is a key itself.
        (sign_token({"issuer": did_key(KEY)}, KEY, did_key_method(KEY).partition("#")[2]),
         Found(holding=(did_key(KEY),))),
        (sign_jws({"alg": "EdDSA"}, {"iss": did_key(KEY)}, KEY), Found(holding=(did_key(KEY),))),
        (sign_jws({"alg": "EdDSA"}, {"iss": did_key(OTHER)}, KEY), Found(broken=(did_key(OTHER),))),
        (sign_jws({"alg": "EdDSA"}, {"iss": "https://uni.example"}, KEY), Found(unchecked=("JWS",))),
        # A key that the header holds is nobody's but its own, whoever the issuer is said to be.
        (sign_jws({"alg": "EdDSA", "jwk": public_jwk(KEY)}, {"iss": did_key(OTHER)}, KEY),
         Found(holding=(did_key(KEY),))),
        (sign_jws({"alg": "EdDSA", "jwk": public_jwk(OTHER)}, {"iss": "a"}, KEY), Found(broken=(did_key(OTHER),))),
        (sign_jws({"alg": "EdDSA", "jwk": {"kty": "RSA"}}, {"iss": "a"}, KEY), Found(unchecked=("JWS",))),
        (sign_jws({"alg": "ES256K", "kid": did_key_method(KEY)}, {"iss": "a"}, KEY), Found(unchecked=("JWS",))),
        (sign_jws({"alg": "none", "kid": did_key_method(KEY)}, {"iss": "a"}, KEY), Found(unchecked=("JWS",))),
        (sign_jws({"alg": "EdDSA", "kid": did_key_method(KEY), "crit": ["b64"]}, {"iss": "a"}, KEY),
         Found(unchecked=("JWS",))),
        (with_disclosures(P256, {"name": "Ana"}, kid=did_key_method(P256)), Found(holding=(did_key(P256),))),
        # What a holder leaves out was signed all the same.
        (with_disclosures(P256, {"name": "Ana"}, kid=did_key_method(P256)).split("~")[0] + "~",
         Found(holding=(did_key(P256),))),
        (with_disclosures(P256, {"name": "Ana"}, kid=did_key_method(OTHER)), Found(broken=(did_key(OTHER),))),
        # A signed credential inside a signed token.
        (sign_token({"vc": signed()}, P256, did_key_method(P256)), Found(holding=(did_key(P256), did_key(KEY)))),
        (sign_token({"vc": signed() | {"id": "urn:b"}}, P256, did_key_method(P256)),
         Found(holding=(did_key(P256),), broken=(did_key(KEY),))),
    ],
)  # fmt: skip
def test_tokens_are_checked_by_the_key_that_they_name(token: str, found: Found) -> None:
    assert found_in(token.encode()) == found
    in_lines = "\n".join(token[at : at + 60] for at in range(0, len(token), 60))
    assert found_in(in_lines.encode()) == found


def test_tokens_and_proofs_are_counted_each() -> None:
    token = sign_token({"a": 1}, KEY, did_key_method(KEY))
    many = json.loads(
        presentation(*[token] * (MOST_CHECKED + 1), *[signed(id=f"urn:{at}") for at in range(MOST_CHECKED)])
    )
    assert found_in(many) == Found(holding=(did_key(KEY),), unchecked=("JWS",))


@pytest.mark.parametrize("suite", list(Suite))
def test_all_four_suites(suite: Suite) -> None:
    key = next(each for each in (KEY, P256) if suite.takes(each))
    made = sign(MEMBERS, key, did_key_method(key), CREATED, suite)
    assert found_in(made) == Found(holding=(did_key(key),))
    assert found_in(made | {"type": ["VerifiableCredential", "BitstringStatusListCredential"]}).broken == (
        did_key(key),
    )


def test_a_document_without_rdf_is_not_tried_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """To find out that a graph is too hard takes as long as is allowed: once for a document, however many proofs."""
    tried = []

    def too_hard(*_: object) -> None:
        tried.append(1)
        raise ProofError("it is too hard", code="proof-unread")

    made = sign(MEMBERS, KEY, did_key_method(KEY), CREATED, Suite.EDDSA_RDFC)
    many = json.loads(presentation(*[made | {"id": f"urn:{at}"} for at in range(MOST_CHECKED)]))
    monkeypatch.setattr(signatures, "verify_proof", too_hard)
    assert found_in(many) == Found(unchecked=KINDS)
    assert len(tried) == 1


class Documents:
    """DID documents that a test hands in."""

    def __init__(self, *documents: dict[str, Any]):
        self._documents = {each["id"]: each for each in documents}

    def document(self, did: str) -> dict[str, Any]:
        if did not in self._documents:
            raise Unfetched(f"{did} did not answer", remedy="Try again later.")
        return self._documents[did]


def by_documents(document: dict[str, Any] | str, *documents: dict[str, Any]) -> list[tuple[Held, str, bool]]:
    data = document.encode() if isinstance(document, str) else json.dumps(document).encode()
    reading = read_document(data, "a.json").signed_by(Documents(*documents))
    return [(each.held, each.signer, each.is_published) for each in reading.signed.found]


def test_keys_of_did_documents() -> None:
    did, other = "did:web:uni.example", "did:web:other.example"
    published = write_did_document(did, [DidKey("key-1", KEY), DidKey("key-2", P256)])
    for document in (
        sign(MEMBERS, KEY, f"{did}#key-1", CREATED),
        sign(MEMBERS, P256, f"{did}#key-2", CREATED, Suite.ECDSA_RDFC),
        sign_token(MEMBERS, KEY, f"{did}#key-1"),
        sign_token({**MEMBERS, "issuer": did}, P256, "#key-2"),
        sign_token({**MEMBERS, "issuer": {"id": did}}, P256, "key-2"),
        with_disclosures(KEY, {"a": 1}, kid=f"{did}#key-1"),
    ):
        assert by_documents(document, published) == [(Held.HOLDS, did, True)]
        assert by_documents(document) == [(Held.UNREAD, did, False)]
        assert by_documents(document, published | {"assertionMethod": []}) == [(Held.FORBIDDEN, did, False)]
        another = write_did_document(did, [DidKey("key-1", OTHER), DidKey("key-2", new_key(KeyKind.P256))])
        assert by_documents(document, another) == [(Held.BROKEN, did, False)]
    # The document of another, under this name.
    assert by_documents(
        sign(MEMBERS, KEY, f"{other}#key-1", CREATED), {**published, "id": other} | {"assertionMethod": published["id"]}
    ) == [(Held.FORBIDDEN, other, False)]
    # What is in two readings is nobody's, whatever is published.
    twice = json.dumps(sign(MEMBERS, KEY, f"{did}#key-1", CREATED)).replace('"type"', '"a": 1, "a": 2, "type"', 1)
    assert by_documents(twice, published) == []


def test_a_did_document_names_parties() -> None:
    did = "did:web:uni.example"
    party = PartyName("eip155:1", "0x" + "c0" * 20, 7)
    good = party_service(did, party)
    assert named_parties({"service": [good]}) == {party}
    assert named_parties({"service": [good | {"serviceEndpoint": [good["serviceEndpoint"]] * 2}]}) == {party}
    upper = good | {"serviceEndpoint": {"account": "eip155:1:0x" + "C0" * 20, "party": 7}}
    assert named_parties({"service": [upper]}) == {party}
    odd: list[Any] = [
        None, 5, {}, [5], [None], [{"type": "TestamurParty"}], good, [good | {"type": "LinkedDomains"}],
        *[[good | {"serviceEndpoint": endpoint}] for endpoint in (
            None, "eip155:1", [], [5], {"account": party.account}, {"account": party.account, "party": "7"},
            {"account": party.account, "party": True}, {"account": party.account, "party": 0},
            {"account": party.account, "party": 2**63}, {"account": "eip155:1:0x12", "party": 7},
            {"account": party.account + "0", "party": 7}, {"account": 5, "party": 7},
        )],
    ]  # fmt: skip
    for each in odd:
        assert named_parties({"service": each}) == frozenset()
    many = [party_service(did, party._replace(number=number)) for number in range(1, 300)]
    assert len(named_parties({"service": many})) == MOST_NAMED


SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dcc"


def test_credentials_of_the_digital_credentials_consortium() -> None:
    """Signed by others, over RDF; those of a DID on the web by the documents that are served there."""
    documents = Documents(*(json.loads(path.read_text()) for path in SAMPLES.glob("dids/*/did.json")))
    files = sorted((SAMPLES / "verifiableCredentials" / "v2" / "dataIntegrityProof").rglob("*.json"))
    published = []
    for path in files:
        content = json.loads(path.read_text())
        reading = read_document(json.dumps(content).encode(), "a.json").signed_by(documents)
        (found,) = reading.signed.found
        if "badSchema" in path.name:
            assert (found.held, "context of its own" in found.why) == (Held.UNREAD, True)
            continue
        assert found.held is Held.HOLDS, path
        published.append(found.is_published)
        changed = content | {"name": "Another"}
        (broken,) = read_document(json.dumps(changed).encode(), "a.json").signed_by(documents).signed.found
        assert broken.held is Held.BROKEN, path
    assert (len(files) > 15, sum(published)) == (True, 3)


def test_the_rdf_of_a_document_is_made_once_for_all_its_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    document: dict[str, Any] = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]}
    for key in (KEY, OTHER):
        for day in range(1, 5):
            moment = CREATED.replace(day=day)
            document = sign(document, key, did_key_method(key), moment, Suite.EDDSA_RDFC)
    made: list[Any] = []
    real = suites.canonical_form

    def counted(given: Any, hashed: Any = hashlib.sha256) -> bytes:
        made.append(given.get("type"))
        return real(given, hashed)

    monkeypatch.setattr(suites, "canonical_form", counted)
    assert found_in(document) == Found(holding=(did_key(KEY), did_key(OTHER)))
    assert made.count(["VerifiableCredential"]) == 1
    assert len(made) == 1 + MOST_CHECKED


def test_proofs_whose_rdf_together_would_take_long_are_unread() -> None:
    """In credentials of a presentation, and in what the proofs say themselves."""
    large = {"evidence": [{"id": f"urn:x:{number}"} for number in range(MOST_WORK // 20)]}
    credentials = [
        sign({**signed(id=f"urn:{number}", **large), "proof": []}, KEY, did_key_method(KEY), CREATED, Suite.EDDSA_RDFC)
        for number in range(4)
    ]
    assert found_in(presentation(*credentials)) == Found(holding=(did_key(KEY),), unchecked=KINDS)
    proof = credentials[0]["proof"][0] | large
    several = {**signed(), "proof": [proof | {"nonce": str(number)} for number in range(MOST_CHECKED)]}
    assert found_in(several).unchecked == KINDS


def test_a_credential_that_nobody_signed_beside_one_of_the_issuers_is_not_the_issuers() -> None:
    """Whoever has one that is signed could lay one of his own beside it, or put it around."""
    party = Party(7, "0x" + "11" * 20, None, CREATED, None, 1, bytes(32), did_key(KEY))
    anchored = Anchored("eip155:1", "0x" + "22" * 20, party)
    real, unsigned = signed(id="urn:real"), {**signed(id="urn:mine"), "proof": []}
    inner = {**unsigned, "credentialSubject": {"id": "urn:a", "verifiableCredential": [real]}}
    around = sign(inner | {"id": "urn:outer"}, KEY, did_key_method(KEY), CREATED)
    token = jwt(unsigned, tail="")
    for document, code in (
        (presentation(real), "signature-holds"),
        (presentation(real, real), "signature-holds"),
        (json.dumps(around).encode(), "signature-holds"),
        (presentation(real, unsigned), "signer-unknown"),
        (presentation(unsigned, real), "signer-unknown"),
        (json.dumps(inner).encode(), "signer-unknown"),
        (presentation(real, token.decode()), "signature-unread"),
    ):
        check = check_signature(read_document(document, "a.json"), CREATED, anchored)
        assert check.code == code, document
