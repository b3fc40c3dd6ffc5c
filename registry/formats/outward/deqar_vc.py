"""Accreditations as verifiable credentials in the shape of DEQAR's: a credential for each holder of a statement.

DEQAR gives each institution a credential whose subject has `authorizationClaims`: accreditationType, decision, report,
limitQualification, limitJurisdiction, limitQFLevel (EQAR/eqar_backend, `connectapi/letstrust`; values as in its variant
for EBSI). Here it is of the data model 2.0, in W3C's context for terms that none defines, since DEQAR's own cannot be
had, and with the field and the types, which DEQAR has no members for: without them it would say more than the body did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from registry.formats.outward import vocabularies as vocabulary
from registry.formats.outward.facts import Fact, How, cannot, in_part, told
from registry.formats.outward.statements import Left, Organisation, Statement, ToldProgramme, Why, named_uri
from registry.formats.outward.words import notes_of, safe_json, web_address
from registry.proofs.signatures.keys import SigningKey
from registry.proofs.signatures.suites import Suite, sign
from registry.recognition.ledger import Kind
from registry.timestamps import write_timestamp

V2: Final = "https://www.w3.org/ns/credentials/v2"
UNDEFINED_TERMS: Final = "https://www.w3.org/ns/credentials/undefined-terms/v2"
"""W3C's context for members that no other context defines: no processor of JSON-LD drops them."""

_NOTE: Final = "`note`, a member of ours"
WAYS: Final[Mapping[Fact, How]] = {
    Fact.ISSUING: told("`authorizationClaims`"),
    Fact.ACCREDITING: cannot("its types know institutions and programmes alone; the statement is left out"),
    Fact.RECOGNITION: cannot("it has no recognitions; the statement is left out"),
    Fact.IDENTIFIER: told("`id`"),
    Fact.BODY: told("`accreditingAgent`, a member of ours; the `issuer` is who signs"),
    Fact.HOLDER: told("`credentialSubject.id`"),
    Fact.JOINT: cannot("each holder has a credential of its own, as with DEQAR"),
    Fact.FIELD: in_part("`limitField`, a term of the European Learning Model that DEQAR's have not"),
    Fact.LEVELS: told("`limitQFLevel`"),
    Fact.TYPES: in_part("`limitCredentialType`, likewise"),
    Fact.JURISDICTION: told("`limitJurisdiction`"),
    Fact.PROGRAMME: told("`limitQualification`"),
    Fact.PROGRAMME_HASH: in_part("`limitQualification`, the hash as its `id`"),
    Fact.PROGRAMME_DETAILS: in_part(_NOTE),
    Fact.RULING: told("`decision`"),
    Fact.CONDITION: in_part(f"`decision`, and {_NOTE}"),
    Fact.CONDITION_HASH: in_part(f"`decision`, and {_NOTE}"),
    Fact.EVIDENCE: told("`report`"),
    Fact.EVIDENCE_ELSEWHERE: in_part(_NOTE),
    Fact.EVIDENCE_HASH: in_part(_NOTE),
    Fact.MORE_EVIDENCE: told("`report`"),
    Fact.ACCEPTED: cannot("a credential has its own dates alone"),
    Fact.START: told("`validFrom`"),
    Fact.END: told("`validUntil`"),
    Fact.NO_END: told("no `validUntil`"),
    Fact.ASSUMED_END: in_part(f"`validUntil`, as DEQAR has it, and {_NOTE}"),
    Fact.ENDS_SOONER: in_part("`validUntil` is that moment, without the reason"),
    Fact.HISTORY: cannot("it has one clock; a later suspension needs a status list"),
    Fact.OBLIGATORY: told("`accreditationStatus`"),
    Fact.DETAILS: in_part(_NOTE),
    Fact.MIRROR: in_part(f"{_NOTE}; the `issuer` is the mirror, not the agency"),
    Fact.AS_OF: in_part(_NOTE),
}


def refused(statement: Statement) -> Left | None:
    """Why a statement cannot be such a credential; None where it can."""
    if statement.kind is not Kind.ACCREDIT_TO_ISSUE:
        kind = "a recognition" if statement.kind is Kind.RECOGNISE else "an accreditation to accredit others"
        return Left(statement.number, Why.KIND.value, f"the format has no place for {kind}", whole=True)
    return vocabulary.without_code(statement)


def credentials_of(statement: Statement, issuer: str) -> Iterator[dict[str, Any]]:
    """A credential for each holder, not signed yet.

    Args:
        issuer: URL of who signs: the body, or whoever repeats what is on record.
    """
    for holder in statement.holders:
        yield _credential(statement, holder, issuer)


def signed(credential: Mapping[str, Any], key: SigningKey, method: str, created: datetime) -> dict[str, Any]:
    """The credential with the signature of the key over its JSON: what its members mean as RDF, no context says.

    Raises:
        SignerError: as `registry.proofs.signatures.suites.sign`.
    """
    return sign(credential, key, method, created, Suite.for_key(key, is_rdf=False))


def _credential(statement: Statement, holder: Organisation, issuer: str) -> dict[str, Any]:
    # Each holder of a joint decision has a credential of its own, with an identifier of its own.
    joint = len(statement.holders) > 1
    credential: dict[str, Any] = {
        "@context": [V2, UNDEFINED_TERMS],
        "id": named_uri(f"{statement.id} {holder.id}") if joint else statement.id,
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "validFrom": write_timestamp(statement.start),
    }
    if statement.holds_until is not None:
        credential["validUntil"] = write_timestamp(statement.holds_until)
    credential["credentialSubject"] = {"id": holder.id, "authorizationClaims": _claims(statement)}
    cleaned: dict[str, Any] = safe_json(credential)
    return cleaned


def _claims(statement: Statement) -> dict[str, Any]:
    uri, _ = vocabulary.decision_concept(statement)
    claims: dict[str, Any] = {
        "accreditationType": vocabulary.accreditation_type(statement),
        "accreditingAgent": {"id": statement.body.id, "legalName": statement.body.shown_name},
        "decision": uri,
        "report": [each.uri for each in statement.evidence if web_address(each.uri)],
        "limitJurisdiction": [vocabulary.country_uri(country) for country in statement.countries],
        "note": _notes(statement),
    }
    limits = {
        "limitQualification": [_qualification(each) for each in statement.programmes],
        "limitQFLevel": [vocabulary.level_uri(level) for level in vocabulary.levels_of(statement.levels)],
        "limitField": [vocabulary.field_uri(code) for code in statement.fields],
        "limitCredentialType": [vocabulary.type_uri(name) for name in statement.types],
    }
    claims |= {name: values for name, values in limits.items() if values}
    if statement.obligatory is not None:
        claims["accreditationStatus"] = "part of obligatory EQA system" if statement.obligatory else "voluntary"
    return claims


def _notes(statement: Statement) -> list[str]:
    by_rule = ["The end is a rule of the register, and not the agency's word."] if statement.assumed_end else []
    return [*by_rule, *notes_of(statement)]


def _qualification(programme: ToldProgramme) -> dict[str, Any]:
    said: dict[str, Any] = {"id": programme.id}
    if programme.name:
        said["title"] = programme.name
    if programme.levels:
        said["EQFLevel"] = [vocabulary.level_uri(level) for level in vocabulary.levels_of(programme.levels)]
    return {name: value for name, value in said.items() if value}
