"""What unmodified packages say of the product's files, signed, anchored and with their receipts inside."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

import jsonschema
import openvc
import pytest

from registry.document.reading import read_document
from registry.proofs.signatures.keys import KeyKind, did_key, did_key_method
from registry.proofs.signatures.suites import Suite
from registry.receipt.model import embedded
from registry.verify.status_lists import ListState, listed_statuses
from tests.interop.others import contexts, shared
from tests.interop.packages import OB_SCHEMA, Question
from tests.interop.product import DATE, ISSUER, KEYS, METHOD, Product, exported, sample, signed
from tests.interop.rows import SCHEMA, Row, Section

VC: Final = "@digitalbazaar/vc"
CORE: Final = "@digitalcredentials/verifier-core"
LISTS: Final = "@digitalbazaar/vc-bitstring-status-list"
OPENVC: Final = "openvc-core"
RDFC: Final = (Suite.EDDSA_RDFC.value,)
ALL: Final = tuple(suite.value for suite in Suite)

ISSUED: Final = "credential of `testamur issue` and `testamur diplomas`"
MARKS: Final = "the part of it with the marks alone"
ISSUED_REVOKED: Final = "credential of `testamur issue`, revoked"
ANCHORED: Final = "credential with its receipt inside"
UNSIGNED: Final = "credential nobody signed, with its receipt inside"
PRESENTED: Final = "presentation a wallet signed, with that credential in it"
CHANGED: Final = "credential with its receipt inside, one word changed"
STATED: Final = "credential with one place in a list"
REVOKED: Final = "credential with one place in a list, revoked"
SUSPENDED: Final = "credential with places for both purposes, suspended"
ONE_PROOF: Final = "credential with one proof, as an object"
IN_ARRAY: Final = "credential with one proof, in an array as Open Badges 3.0 has it"
P384_RDF: Final = f"{ONE_PROOF}, of `ecdsa-rdfc-2019` on P-384"
STATED_NAMES: Final = ("good", "revoked", "suspended", "issued", "issued, revoked")
LOST: Final = "credential whose list is not served"


def by_suite(suite: str) -> str:
    name, _, kind = suite.partition(", ")
    return f"credential with its receipt inside, signed with `{name}` alone" + (f" on {kind}" if kind else "")


ROWS: Final = (
    Row(Section.OURS, ISSUED, VC, "verified"),
    Row(Section.OURS, ISSUED, CORE, "signature valid, Open Badges schema valid, not revoked"),
    Row(Section.OURS, ISSUED, SCHEMA, "valid"),
    Row(Section.OURS, MARKS, VC, "verified"),
    Row(Section.OURS, MARKS, CORE, "signature valid, Open Badges schema valid, not revoked"),
    Row(Section.OURS, MARKS, SCHEMA, "valid"),
    Row(Section.OURS, ANCHORED, VC, "verified"),
    Row(Section.OURS, ANCHORED, CORE, "signature valid, Open Badges schema valid"),
    Row(Section.OURS, ANCHORED, SCHEMA, "valid"),
    Row(Section.OURS, CHANGED, VC, "refused: Invalid signature."),
    Row(Section.OURS, CHANGED, CORE, "refused: invalid_signature"),
    Row(Section.OURS, PRESENTED, VC, "verified"),
    Row(Section.OURS, UNSIGNED, VC, "refused: no proof of a suite it takes"),
    Row(Section.OURS, UNSIGNED, CORE, "refused: invalid_signature"),
    Row(Section.OURS, UNSIGNED, SCHEMA, "valid"),
    Row(Section.OURS, by_suite("eddsa-rdfc-2022"), VC, "verified"),
    Row(Section.OURS, by_suite("eddsa-rdfc-2022"), CORE, "signature valid, Open Badges schema valid"),
    Row(Section.OURS, by_suite("eddsa-jcs-2022"), VC, "verified"),
    Row(Section.OURS, by_suite("eddsa-jcs-2022"), CORE, "refused: invalid_signature"),
    *(
        row
        for suite in ("ecdsa-rdfc-2019", "ecdsa-jcs-2019")
        for kind in ("P-256", "P-384")
        for row in (
            Row(Section.OURS, by_suite(f"{suite}, {kind}"), VC, "verified"),
            Row(Section.OURS, by_suite(f"{suite}, {kind}"), CORE, "refused: invalid_signature"),
        )
    ),
    Row(Section.OURS, IN_ARRAY, OPENVC, "refused: UnknownCredentialFormat"),
    Row(Section.OURS, ONE_PROOF, OPENVC, "verified"),
    Row(Section.OURS, P384_RDF, OPENVC, "refused: SignatureInvalid"),
    Row(Section.OURS, f"{ONE_PROOF}, one word changed", OPENVC, "refused: SignatureInvalid"),
    Row(Section.STATUS, ISSUED, LISTS, "not revoked"),
    Row(Section.STATUS, ISSUED_REVOKED, LISTS, "revoked"),
    Row(Section.STATUS, ISSUED_REVOKED, CORE, "signature valid, Open Badges schema valid, revoked"),
    Row(Section.STATUS, STATED, LISTS, "not revoked"),
    Row(Section.STATUS, STATED, CORE, "signature valid, Open Badges schema valid, not revoked"),
    Row(Section.STATUS, STATED, SCHEMA, "valid"),
    Row(Section.STATUS, REVOKED, LISTS, "revoked"),
    Row(Section.STATUS, REVOKED, CORE, "signature valid, Open Badges schema valid, revoked"),
    Row(Section.STATUS, SUSPENDED, LISTS, "not revoked, suspended"),
    Row(Section.STATUS, SUSPENDED, CORE, "signature valid, Open Badges schema not valid, not revoked, suspended"),
    Row(Section.STATUS, SUSPENDED, SCHEMA, "not valid: $.credentialStatus"),
    Row(Section.STATUS, LOST, CORE, "signature valid, Open Badges schema valid, status unknown"),
)


def changed(document: dict[str, Any]) -> dict[str, Any]:
    copy = deepcopy(document)
    copy["credentialSubject"]["achievement"]["name"] += "!"
    return copy


@pytest.fixture(scope="module")
def question(made: Product) -> Question:
    asked, files = Question(made), made.files
    asked.add(ANCHORED, "verify", credential=files["without a status"], suites=ALL)
    asked.add(f"{ANCHORED} core", "core", credential=files["without a status"])
    for suite in ALL[:2]:
        asked.add(f"{ANCHORED} {suite}", "verify", credential=files["without a status"], suites=[suite])
    asked.add(CHANGED, "verify", credential=changed(files["without a status"]), suites=ALL)
    asked.add(f"{CHANGED} core", "core", credential=changed(files["without a status"]))
    key = exported(KEYS[KeyKind.ED25519])
    asked.add(PRESENTED, "present", credential=files["good"], suites=RDFC, key=key)
    asked.add(UNSIGNED, "verify", credential=files["unsigned"], suites=ALL)
    asked.add(f"{UNSIGNED} core", "core", credential=files["unsigned"])
    for name in names_by_suite():
        asked.add(name, "verify", credential=files[name], suites=[name.partition(",")[0]])
        asked.add(f"{name} changed", "verify", credential=changed(files[name]), suites=ALL)
        asked.add(f"{name} core", "core", credential=files[name])
    for name in ("issued", "issued, marks"):
        asked.add(name, "verify", credential=files[name], suites=RDFC)
    asked.add("issued, marks core", "core", credential=files["issued, marks"])
    for name in STATED_NAMES:
        for suite in ALL[:2]:
            asked.add(f"{name} {suite}", "status", credential=files[name], suites=[suite])
        asked.add(f"{name} core", "core", credential=files[name])
    asked.add("lost core", "core", credential=of_a_lost_list(files["good"]["credentialStatus"]))
    return asked


def of_a_lost_list(entry: dict[str, Any]) -> dict[str, Any]:
    """A credential that names a list which nobody serves."""
    lost = entry | {"statusListCredential": entry["statusListCredential"].replace("/named/", "/lost/")}
    document = sample(40, ISSUER) | {"credentialStatus": lost}
    return signed(document, KEYS[KeyKind.ED25519], METHOD, Suite.EDDSA_RDFC)


def names_by_suite() -> list[str]:
    return [
        *("eddsa-rdfc-2022", "eddsa-jcs-2022"),
        *(f"{suite}, {kind}" for suite in ("ecdsa-rdfc-2019", "ecdsa-jcs-2019") for kind in ("P-256", "P-384")),
    ]


@pytest.fixture(scope="module")
def told(question: Question) -> dict[str, Any]:
    return question.asked()


def verified(answer: dict[str, Any]) -> str:
    value = answer["value"]
    if value["verified"]:
        return "verified"
    (*_, last) = value["errors"]
    return "refused: " + ("no proof of a suite it takes" if "insufficient proofs" in last else last)


def by_core(answer: dict[str, Any]) -> str:
    value = answer["value"]
    if "errors" in value:
        return "refused: " + ", ".join(value["errors"])
    assert value["valid_signature"] is value["expiration"] is True
    words = ["signature valid", "Open Badges schema " + ("valid" if value["schema"] else "not valid")]
    if "revocation_status" in value:
        words.append({True: "not revoked", False: "revoked"}.get(value["revocation_status"], "status unknown"))
    if value.get("suspension_status") is False:
        words.append("suspended")
    return ", ".join(words)


def by_lists(answer: dict[str, Any]) -> str:
    value = answer["value"]
    assert value["verified"] is True
    words = ["revoked" if value["set"]["revocation"] else "not revoked"]
    return ", ".join(words + ["suspended"] * value["set"].get("suspension", False))


def by_schema(document: dict[str, Any]) -> str:
    schema = json.loads(shared(OB_SCHEMA).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    mistakes = sorted(
        {each.json_path for each in kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(document)}
    )
    return "not valid: " + ", ".join(mistakes) if mistakes else "valid"


def told_by_openvc() -> dict[str, str]:
    """The same of every suite and kind of key, but for one."""
    found: dict[str, set[str]] = {}
    for kind, key in KEYS.items():
        for suite in (each for each in Suite if each.takes(key)):
            array = signed(sample(3, did_key(key)), key, did_key_method(key), suite)
            one = array | {"proof": array["proof"][0]}
            file = P384_RDF if (suite, kind) == (Suite.ECDSA_RDFC, KeyKind.P384) else ONE_PROOF
            found.setdefault(IN_ARRAY, set()).add(by_openvc(array))
            found.setdefault(file, set()).add(by_openvc(one))
            found.setdefault(f"{ONE_PROOF}, one word changed", set()).add(by_openvc(changed(one)))
    return {file: " or ".join(sorted(says)) for file, says in found.items()}


def by_openvc(document: dict[str, Any]) -> str:
    policy = openvc.VerificationPolicy(now=DATE, require_status=False)
    try:
        openvc.verify_credential(document, policy=policy, extra_contexts=contexts())
    except openvc.OpenvcError as error:
        return f"refused: {type(error).__name__}"
    return "verified"


def test_the_matrix_is_what_the_packages_say(made: Product, told: dict[str, Any]) -> None:
    files = made.files
    found = {
        (ANCHORED, VC): verified(told[ANCHORED]),
        (ANCHORED, CORE): by_core(told[f"{ANCHORED} core"]),
        (ANCHORED, SCHEMA): by_schema(files["without a status"]),
        (CHANGED, VC): verified(told[CHANGED]),
        (CHANGED, CORE): by_core(told[f"{CHANGED} core"]),
        (PRESENTED, VC): verified(told[PRESENTED]),
        (UNSIGNED, VC): verified(told[UNSIGNED]),
        (UNSIGNED, CORE): by_core(told[f"{UNSIGNED} core"]),
        (UNSIGNED, SCHEMA): by_schema(files["unsigned"]),
        **{(by_suite(name), VC): verified(told[name]) for name in names_by_suite()},
        **{(by_suite(name), CORE): by_core(told[f"{name} core"]) for name in names_by_suite()},
        **{(file, OPENVC): says for file, says in told_by_openvc().items()},
        (LOST, CORE): by_core(told["lost core"]),
    }
    for file, name in ((ISSUED, "issued"), (MARKS, "issued, marks")):
        found[file, VC] = verified(told[name])
        found[file, CORE] = by_core(told[f"{name} core"])
        found[file, SCHEMA] = by_schema(files[name])
    for file, name in ((ISSUED, "issued"), (ISSUED_REVOKED, "issued, revoked")):
        found[file, LISTS] = by_lists(told[f"{name} eddsa-rdfc-2022"])
    found[ISSUED_REVOKED, CORE] = by_core(told["issued, revoked core"])
    for file, name in ((STATED, "good"), (REVOKED, "revoked"), (SUSPENDED, "suspended")):
        found[file, LISTS] = by_lists(told[f"{name} eddsa-rdfc-2022"])
        found[file, CORE] = by_core(told[f"{name} core"])
        if name != "revoked":
            found[file, SCHEMA] = by_schema(files[name])
    assert found == {(row.file, row.reader): row.says for row in ROWS}


def test_each_proof_holds_by_itself_and_none_of_what_was_changed(told: dict[str, Any]) -> None:
    for suite in ALL[:2]:
        assert told[f"{ANCHORED} {suite}"]["value"]["verified"] is True
    for name in names_by_suite():
        assert verified(told[f"{name} changed"]) == "refused: Invalid signature."


def test_either_proof_of_a_list_is_enough(told: dict[str, Any]) -> None:
    for name in STATED_NAMES:
        assert by_lists(told[f"{name} eddsa-jcs-2022"]) == by_lists(told[f"{name} eddsa-rdfc-2022"])


def test_the_files_are_anchored(made: Product) -> None:
    assert all(embedded(document) for document in made.files.values())
    assert not any(embedded(document) for document in made.originals.values())


class Served:
    """What the institution and the lookup service serve, for our own verifier."""

    def __init__(self, made: Product):
        self._made = made

    def credential(self, url: str) -> dict[str, Any]:
        """A status list."""
        found: dict[str, Any] = json.loads(self._made.served[url]["body"])
        return found

    def document(self, did: str) -> dict[str, Any]:
        """A DID document."""
        assert did == ISSUER
        return self.credential("https://university.example/.well-known/did.json")


def test_our_verifier_says_the_same_of_our_lists(made: Product) -> None:
    served, found = Served(made), {}
    for name in STATED_NAMES:
        reading = read_document(json.dumps(made.files[name]).encode(), "one.json")
        now = datetime.now(UTC)
        found[name] = [each.state for each in listed_statuses(reading, served, served, now)]
    in_force, revoked = [ListState.IN_FORCE], [ListState.REVOKED]
    assert found == {
        "good": in_force,
        "issued": in_force,
        "revoked": revoked,
        "issued, revoked": revoked,
        "suspended": [ListState.IN_FORCE, ListState.SUSPENDED],
    }
