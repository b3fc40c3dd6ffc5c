"""What unmodified packages say of the tokens that the product writes: VC-JWT, and SD-JWT VC whole and in part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jwt
import openvc
from openvc.did.base import DidDocument, parse_did_document

from registry.document.reading import read_document
from registry.document.signatures import Held
from registry.proofs.signatures.keys import KeyKind, from_url_text, public_jwk, to_url_text
from tests.interop.product import DATE, ISSUER, KEYS, METHOD, Product, controller_document
from tests.interop.rows import TESTAMUR, Row, Section

OPENVC: Final = "openvc-core"
PYJWT: Final = "PyJWT"
FILES: Final = {
    "vc-jwt": "credential of `testamur issue export --as vc-jwt`",
    "sd-jwt": "SD-JWT VC of `testamur issue export`",
    "sd-jwt, in part": "the same without its results, of `testamur present`",
}
CHANGED: Final = "any of these, one day changed in what is signed"

ROWS: Final = (
    Row(Section.OURS, FILES["vc-jwt"], PYJWT, "signature valid"),
    Row(Section.OURS, FILES["vc-jwt"], OPENVC, "refused: MalformedToken"),
    Row(Section.OURS, FILES["sd-jwt"], PYJWT, "signature valid"),
    Row(Section.OURS, FILES["sd-jwt"], OPENVC, "verified"),
    Row(Section.OURS, FILES["sd-jwt, in part"], PYJWT, "signature valid"),
    Row(Section.OURS, FILES["sd-jwt, in part"], OPENVC, "verified"),
    Row(Section.OURS, CHANGED, PYJWT, "refused: InvalidSignatureError"),
    Row(Section.OURS, CHANGED, TESTAMUR, "signature does not hold"),
)


class Institution:
    """The DID document of the institution, for both."""

    def supports(self, did: str) -> bool:
        return did == ISSUER

    def resolve(self, did: str) -> DidDocument:
        return parse_did_document(self.document(did))

    def document(self, did: str) -> Mapping[str, Any]:
        assert did == ISSUER
        return controller_document(KEYS[KeyKind.ED25519], METHOD)


def by_openvc(token: str) -> str:
    policy = openvc.VerificationPolicy(now=DATE, require_status=False)
    try:
        openvc.verify_credential(token, policy=policy, resolver=Institution())
    except openvc.OpenvcError as error:
        return f"refused: {type(error).__name__}"
    return "verified"


def by_pyjwt(token: str) -> str:
    key = jwt.PyJWK(public_jwk(KEYS[KeyKind.ED25519]))
    try:
        jwt.decode(token.partition("~")[0], key, algorithms=["EdDSA"], options={"verify_iat": False})
    except jwt.PyJWTError as error:
        return f"refused: {type(error).__name__}"
    return "signature valid"


def by_us(token: str) -> str:
    found = read_document(token.encode(), "token").signed_by(Institution()).signed.found
    return {Held.HOLDS: "signature holds", Held.BROKEN: "signature does not hold"}[found[0].held]


def changed(token: str) -> str:
    """With another day of the award in what is signed."""
    header, payload, rest = token.split(".", 2)
    said = from_url_text(payload)
    assert b"2026-03-31" in said
    return f"{header}.{to_url_text(said.replace(b'2026-03-31', b'2026-03-30'))}.{rest}"


def test_the_rows_are_what_the_packages_say(made: Product) -> None:
    tokens = {FILES[name]: token for name, token in made.tokens.items()}
    found = {(file, PYJWT): by_pyjwt(token) for file, token in tokens.items()}
    found |= {(file, OPENVC): by_openvc(token) for file, token in tokens.items()}
    (found[CHANGED, PYJWT],) = {by_pyjwt(changed(token)) for token in tokens.values()}
    (found[CHANGED, TESTAMUR],) = {by_us(changed(token)) for token in tokens.values()}
    assert found == {(row.file, row.reader): row.says for row in ROWS}
    assert {by_us(token) for token in tokens.values()} == {"signature holds"}
