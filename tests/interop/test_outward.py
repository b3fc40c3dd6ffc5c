"""What the registry tells outward, read by software of others: a credential as DEQAR's, and OpenID Federation."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from registry.formats.outward.deqar_vc import UNDEFINED_TERMS, credentials_of, signed
from registry.formats.outward.federation import entity_configuration, subordinate_statement
from registry.formats.outward.trust_marks import federation_jwk, trust_mark
from registry.proofs.signatures.keys import KeyKind, did_key, did_key_method, new_key
from registry.rdf.contexts import BUNDLED
from registry.recognition.ledger import Kind
from registry.timestamps import write_timestamp
from tests.interop.others import REPOSITORY, missing
from tests.interop.product import controller_document, method_document
from tests.interop.rows import Row, Section
from tests.registry.formats.outward_made import HOSTILE, day, entity, one

ANSWERS: Final = Path(__file__).with_name("answers.mjs")
FEDERATION: Final = Path(__file__).with_name("federation.mjs")
NOW: Final = day(10)
_VC: Final = "@digitalbazaar/vc"
_FEDERATION: Final = "@openid-federation/core"
_SUITES: Final = {KeyKind.ED25519: "eddsa-jcs-2022", KeyKind.P256: "ecdsa-jcs-2019"}

VERIFIED: Final = "verified"
CHANGED: Final = "Invalid signature."
LATE: Final = 'The current date time (2026-04-12T00:00:00.000Z) is after "validUntil" (2026-04-11T00:00:00Z).'

ROWS: Final = (
    *(
        Row(Section.OURS, f"an accreditation as a credential like DEQAR's, signed with `{suite}`", _VC, VERIFIED)
        for suite in _SUITES.values()
    ),
    Row(Section.OURS, "the same, changed after it was signed", _VC, CHANGED),
    Row(Section.OURS, "the same, read after it has ended", _VC, LATE),
    Row(Section.OURS, "a trust chain: anchor, accrediting body, issuer", _FEDERATION, "one chain, to the anchor"),
    Row(Section.OURS, "the same, the body's statement signed by a stranger", _FEDERATION, "no chain"),
    Row(Section.OURS, "an accreditation as a trust mark", _FEDERATION, "read: issuer, subject, type, until when"),
)


def contexts() -> dict[str, Any]:
    """Those that are bundled, and W3C's for terms that no other defines."""
    folder = REPOSITORY / "registry" / "rdf" / "bundled"
    found = {url: json.loads((folder / each.file).read_bytes()) for each in BUNDLED for url in each.urls}
    return found | {UNDEFINED_TERMS: {"@context": {"@vocab": "https://www.w3.org/ns/credentials/undefined-term#"}}}


def asked(script: Path, question: dict[str, Any]) -> Any:
    node = shutil.which("node")
    if node is None or not (REPOSITORY / "node_modules/@openid-federation/core").is_dir():
        missing("node and the packages of package.json are not here: run `npm ci`")
    ran = subprocess.run(
        [str(node), str(script)], input=json.dumps(question), capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def verified(*credentials: dict[str, Any], key: Any, kind: KeyKind, at: str = write_timestamp(NOW)) -> list[str]:
    """What @digitalbazaar/vc says of each."""
    documents = {each["id"]: each for each in (method_document(key), controller_document(key))}
    cases = {
        str(number): {"ask": "verify", "credential": each, "suites": [_SUITES[kind]]}
        for number, each in enumerate(credentials)
    }
    question = {"served": {}, "documents": contexts() | documents, "date": at, "registries": [], "cases": cases}
    told = asked(ANSWERS, question)
    return [_outcome(told[name]) for name in cases]


def _outcome(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return str(answer["error"])
    return VERIFIED if answer["value"]["verified"] else str(answer["value"]["errors"][-1])


@pytest.mark.parametrize("kind", _SUITES, ids=[str(kind) for kind in _SUITES])
def test_a_credential_like_deqar_s_is_verified_by_others(kind: KeyKind) -> None:
    key = new_key(kind)
    hostile = replace(one(), holders=(replace(one().holders[0], name=HOSTILE[0]),), condition=" ".join(HOSTILE))
    credentials = [
        signed(each, key, did_key_method(key), NOW)
        for statement in (one(), hostile)
        for each in credentials_of(statement, did_key(key))
    ]
    changed = json.loads(json.dumps(credentials[0]))
    changed["credentialSubject"]["authorizationClaims"]["limitQFLevel"] = ["http://data.europa.eu/snb/eqf/8"]
    assert verified(*credentials, changed, key=key, kind=kind) == [VERIFIED, VERIFIED, CHANGED]
    (late,) = verified(credentials[0], key=key, kind=kind, at=write_timestamp(day(101)))
    assert late == LATE


ANCHOR, BODY, ISSUER = (entity(number) for number in (2, 3, 7))
KEYS: Final = {each.entity: new_key(KeyKind.P256) for each in (ANCHOR, BODY, ISSUER)}


def jwks(url: str) -> dict[str, Any]:
    return {"keys": [federation_jwk(KEYS[url])]}


def published(signer: str = BODY.entity) -> dict[str, str]:
    """What each of them serves: its configuration, and what it says of the one below."""
    accredits = one(kind=Kind.ACCREDIT_TO_ACCREDIT, body=2, holder=3)
    issues = one(kind=Kind.ACCREDIT_TO_ISSUE, body=3, holder=7)
    served = {
        f"{ANCHOR.entity}/.well-known/openid-federation": entity_configuration(ANCHOR, KEYS[ANCHOR.entity], NOW),
        f"{BODY.entity}/.well-known/openid-federation": entity_configuration(
            BODY, KEYS[BODY.entity], NOW, superiors=[ANCHOR.entity]
        ),
        f"{ISSUER.entity}/.well-known/openid-federation": entity_configuration(
            ISSUER, KEYS[ISSUER.entity], NOW, superiors=[BODY.entity]
        ),
    }
    of_body = subordinate_statement(ANCHOR, [accredits], jwks(BODY.entity), KEYS[ANCHOR.entity], NOW)
    of_issuer = subordinate_statement(BODY, [issues], jwks(ISSUER.entity), KEYS[signer], NOW)
    served[f"{ANCHOR.entity}/federation/fetch {BODY.entity}"] = of_body
    served[f"{BODY.entity}/federation/fetch {ISSUER.entity}"] = of_issuer
    return served


def resolved(served: dict[str, str]) -> dict[str, Any]:
    question = {
        "served": served,
        "now": write_timestamp(NOW),
        "leaf": ISSUER.entity,
        "anchors": [ANCHOR.entity],
        "marks": [],
    }
    found: dict[str, Any] = asked(FEDERATION, question)
    return found


def test_a_trust_chain_leads_from_an_issuer_to_the_anchor() -> None:
    found = resolved(published())
    assert found["chains"] == [[ISSUER.entity, BODY.entity, ANCHOR.entity]]
    assert found["constraints"] == [{"max_path_length": 0, "allowed_entity_types": ["openid_credential_issuer"]}]


def test_a_statement_of_a_stranger_is_no_link() -> None:
    found = resolved(published(signer=ISSUER.entity))
    assert found["chains"] == []
    assert found["error"]


def test_a_trust_mark_is_read_by_others() -> None:
    mark = trust_mark(one(), KEYS[ANCHOR.entity], NOW)
    question = {
        "served": {},
        "now": write_timestamp(NOW),
        "leaf": "",
        "anchors": [],
        "marks": [{"mark": mark, "jwk": federation_jwk(KEYS[ANCHOR.entity])}],
    }
    (found,) = asked(FEDERATION, question)["marks"]
    assert found == {
        "iss": ANCHOR.entity,
        "sub": ISSUER.entity,
        "id": "urn:testamur:trust-mark:accredited-to-issue",
        "exp": "2026-01-18T00:00:00.000Z",
        "signed": True,
    }
