"""Canonical RDF and signatures over it beside jsonld.js in its safe mode and @digitalbazaar/vc."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anchor.demo.samples import credentials
from registry.errors import CredentialError, ProofError
from registry.proofs.signatures.keys import did_key, did_key_method
from registry.proofs.signatures.suites import Suite, sign, verify
from registry.rdf import canonical_form
from tests.interop.made import key_pair
from tests.interop.others import Complained, ask

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
MOMENT = datetime(2026, 6, 1, 11, 59, 59, tzinfo=UTC)
SAMPLE: dict[str, Any] = next(iter(credentials(1)))
ACHIEVEMENT: dict[str, Any] = SAMPLE["credentialSubject"]["achievement"]


def with_achievement(**change: Any) -> dict[str, Any]:
    return SAMPLE | {"credentialSubject": SAMPLE["credentialSubject"] | {"achievement": ACHIEVEMENT | change}}


@pytest.mark.parametrize(
    "document",
    [
        SAMPLE,
        SAMPLE | {"name": {"@value": 'é "x" \\ \u2028 \U0001f393', "@language": "fr"}},
        with_achievement(creditsAvailable=7.5, tag=["b", "a", "a"], version="1.0"),
        with_achievement(creditsAvailable=1e21, related=[{"type": ["Related"], "id": f"urn:x:{n}"} for n in range(3)]),
        with_achievement(
            alignment=[{"type": ["Alignment"], "targetName": "x", "targetUrl": "https://a.example/é"}] * 2
        ),
    ],
)
def test_the_canonical_form_is_that_of_others(document: dict[str, Any]) -> None:
    assert canonical_form(document).decode() == ask("canonize", document=document)


@pytest.mark.parametrize(
    "change",
    [{"id": "https://a.example/x y"}, {"graduated": True}, {"type": ["VerifiableCredential", "My Diploma"]}],
)
def test_what_others_refuse_in_their_safe_mode_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CredentialError):
        canonical_form(SAMPLE | change)
    with pytest.raises(Complained):
        ask("canonize", document=SAMPLE | change)


def test_each_takes_what_the_other_signed_and_neither_what_was_changed() -> None:
    document = SAMPLE | {"issuer": SAMPLE["issuer"] | {"id": did_key(KEY)}}
    ours = sign(document, KEY, did_key_method(KEY), MOMENT, Suite.EDDSA_RDFC)
    assert ask("verify", credential=ours, key=key_pair(KEY))["verified"]
    assert not ask("verify", credential=ours | {"name": "Another"}, key=key_pair(KEY))["verified"]
    theirs = ask("issue", document=document, key=key_pair(KEY))
    assert verify(theirs)["cryptosuite"] == "eddsa-rdfc-2022"
    with pytest.raises(ProofError, match="not that of the key"):
        verify(theirs | {"name": "Another"})
