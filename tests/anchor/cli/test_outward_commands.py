"""`testamur accredit export` and `testamur register export`: what is in force as a file, and all that is not in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import xmlschema
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.formats.outward.trust_marks import MARKS
from registry.proofs.signatures.jose import read_jws, verify_jws
from registry.proofs.signatures.keys import did_key, read_key, write_key
from registry.proofs.signatures.suites import verify
from registry.quality.decision import Programme, Ruling
from registry.recognition.ledger import Kind
from tests.conftest import Run, commands_in
from tests.registry.formats.outward_made import FIXTURES, HOSTILE
from tests.registry.quality.decisions import decision
from tests.registry.quality.signed import snapshot

ORGANISATIONS = """
[[organisations]]
party = 1
name = "Agency"
country = "HR"
entity = "https://agency.example"
[[organisations]]
party = 2
name = "University & <Sons>"
country = "HR"
entity = "https://university.example"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Number 1 is in force, 2 is offered, 3 withdrawn, 4 a recognition; a key in key.pem."""
    folder = tmp_path_factory.mktemp("made")
    with commands_in(folder) as run, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
        for name in ("agency", "university", "ministry"):
            assert run("issuer", "register", "--uri", f"https://{name}.example").code == 0
        offer = ("accredit", "offer", 2, "--issuer", 1, "--until", "2040-01-01", "--from", "2020-01-01")
        assert run(*offer, "--field", "061", "--jurisdiction", "HR", "--levels", "6-7").code == 0
        assert run(*offer).code == 0
        assert run(*offer).code == 0
        for number in (1, 3):
            assert run("accredit", "accept", number, "--issuer", 2).code == 0
        assert run("accredit", "withdraw", 3, "--issuer", 1, "--yes").code == 0
        assert run("recognise", 1, "--issuer", 3).code == 0
    (folder / "organisations.toml").write_text(ORGANISATIONS)
    (folder / "key.pem").write_text(write_key(Ed25519PrivateKey.generate()))
    (folder / "key.pem").chmod(0o600)
    return folder


@pytest.fixture
def told(made: Path) -> Iterator[Run]:
    with commands_in(made) as run, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
        yield run


NAMED = ("--organisations", "organisations.toml")


def test_a_file_holds_what_is_in_force_and_the_command_says_the_rest(told: Run) -> None:
    ran = told("accredit", "export", "--all", "--as", "elm-xml", *NAMED, "-o", "a.xml", "--json")
    assert ran.code == 0, ran
    assert ran.json["told"] == ["1"]
    left = {each["number"]: each["code"] for each in ran.json["leftOut"] if each["whole"]}
    assert left == {"2": "not-accepted", "3": "withdrawn", "4": "kind"}
    xmlschema.XMLSchema(FIXTURES / "elm-ams.xsd").validate("a.xml")
    said = " ".join(told("accredit", "export", "--all", "--as", "elm-xml", *NAMED, "-o", "a.xml").out.split())
    assert "1 statement in force at" in said
    assert "the holder had not accepted it (2)" in said
    assert "the format has no place for a recognition (4)" in said


def test_what_was_asked_for_by_number_and_is_not_told_is_in_the_exit_code(told: Run) -> None:
    assert told("accredit", "export", 1, "--as", "ctdl", "-o", "a.json").code == 0
    assert told("accredit", "export", 1, 3, "--as", "ctdl", "-o", "a.json").code == 3
    assert told("accredit", "export", "--party", 1, "--as", "ctdl", "-o", "a.json").code == 0
    kinds = {each["@type"] for each in json.loads(Path("a.json").read_text())["@graph"] if "Action" in each["@type"]}
    assert kinds == {"ceterms:AccreditAction", "ceterms:RecognizeAction"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "which"),
        ((1, "--all"), "which"),
        ((1, "--party", 2), "which"),
        ((99,), "unknown-accreditation"),
        ((1, "--organisations", "nowhere.toml"), "unreadable"),
        ((1, "--organisations", "key.pem"), "organisations"),
        ((1, "--at", "2999-01-01"), "time-to-come"),
        ((1, "-o", "nowhere/a.json"), "unwritable"),
    ],
    ids=["nothing", "two", "two others", "unknown", "no file", "no toml", "to come", "no folder"],
)
def test_what_cannot_be_done_is_said(told: Run, arguments: tuple[Any, ...], code: str) -> None:
    ran = told("accredit", "export", "-o", "b.json", "--as", "ctdl", *arguments, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, code)
    assert not Path("b.json").exists()


def test_a_credential_is_signed_by_the_key_that_is_named(told: Run) -> None:
    ran = told(
        "accredit", "export", 1, "--as", "deqar-vc", *NAMED, "--sign-key", "key.pem", "-o", "vc.ndjson", "--json"
    )
    assert ran.code == 0, ran
    (line,) = Path("vc.ndjson").read_text().splitlines()
    credential = json.loads(line)
    key = _key()
    assert credential["issuer"] == did_key(key)
    assert verify(credential, key.public_key())
    assert credential["credentialSubject"]["authorizationClaims"]["accreditingAgent"]["legalName"] == "Agency"
    unsigned = told("accredit", "export", 1, "--as", "deqar-vc", "-o", "c.ndjson", "--json")
    assert (unsigned.code, unsigned.json["error"]["code"]) == (1, "no-issuing-key")


def test_a_body_signs_its_own_marks_alone(told: Run) -> None:
    mark = ("accredit", "export", "--as", "trust-mark", *NAMED, "--sign-key", "key.pem", "-o", "m.txt", "--json")
    ran = told(*mark, "--all", "--issuer", 1)
    assert ran.json["told"] == ["1"]
    jws = read_jws(Path("m.txt").read_text().strip())
    verify_jws(jws, _key().public_key())
    assert jws.claims()["trust_mark_type"] == MARKS[Kind.ACCREDIT_TO_ISSUE]
    others = told(*mark, 1, "--issuer", 2)
    assert others.code == 3
    assert "other-body" in {each["code"] for each in others.json["leftOut"]}
    assert told(*mark, 1, "--at", "2026-01-01").json["error"]["code"] == "no-past"


def _key() -> Ed25519PrivateKey:
    key = read_key(Path("key.pem").read_text())
    assert isinstance(key, Ed25519PrivateKey)
    return key


AGENCIES = """
[[organisations]]
identifier = "deqar-agency:33"
name = "Agency"
country = "AT"
"""
AMS = "{http://data.europa.eu/snb/model/ap/ams-constraints/}"


@pytest.fixture
def register(run: Run) -> Run:
    """A snapshot of six decisions in deqar.register, and agencies.toml."""
    first = decision("1", valid_until=date(2040, 1, 1))
    snapshot(
        Path("deqar.register"),
        first,
        decision("2", valid_until=date(2040, 1, 1), ruling=Ruling.NEGATIVE),
        decision("3", valid_until=date(2025, 1, 1)),
        decision("4", valid_until=date(2040, 1, 1), end_assumed=True, ruling=Ruling.CONDITIONAL, condition=HOSTILE[0]),
        decision("1", valid_until=date(2041, 1, 1), replaces=first.digest.value),
        decision(
            "6",
            valid_until=date(2040, 1, 1),
            obligatory=False,
            programmes=(Programme(name="MSc & <more>", levels=(7, 7), fields=("0613",)),),
        ),
    )
    Path("agencies.toml").write_text(AGENCIES)
    return run


EXPORT = ("register", "export", "deqar.register")


def test_a_register_s_decisions_in_force_are_told_as_a_statement_by_a_mirror(register: Run) -> None:
    ran = register(*EXPORT, "--as", "elm-xml", "--organisations", "agencies.toml", "-o", "a.xml", "--json")
    assert ran.code == 0, ran
    assert sorted(ran.json["told"]) == ["1", "4", "6"]
    left = sorted((each["number"], each["code"]) for each in ran.json["leftOut"] if each["whole"])
    assert left == [("1", "replaced"), ("2", "negative"), ("3", "ended")]
    root = ElementTree.parse("a.xml").getroot()
    xmlschema.XMLSchema(FIXTURES / "elm-ams.xsd").validate("a.xml")
    for each in root.iter(f"{AMS}accreditation"):
        notes = " ".join(note.text or "" for note in each.iter(f"{AMS}noteLiteral"))
        assert "a statement by a mirror, which the holder did not accept" in notes
        assert "party/12" in notes
    assert f"Condition: {HOSTILE[0]}" in {note.text for note in root.iter(f"{AMS}noteLiteral")}
    ends = [each.findtext(f"{AMS}expiryDate") for each in root.iter(f"{AMS}accreditation")]
    assert sorted(map(str, ends)) == ["2040-01-01T00:00:00Z", "2041-01-01T00:00:00Z", "None"]


def test_at_an_earlier_day_another_decision_was_in_force(register: Run) -> None:
    ran = register(*EXPORT, "--as", "ctdl", "--at", "2024-06-01", "-o", "a.json", "--json")
    assert sorted(ran.json["told"]) == ["1", "3", "4", "6"]


def test_a_mirror_signs_credentials_and_no_marks(register: Run) -> None:
    Path("key.pem").write_text(write_key(Ed25519PrivateKey.generate()))
    Path("key.pem").chmod(0o600)
    ran = register(*EXPORT, "--as", "deqar-vc", "--sign-key", "key.pem", "-o", "vc.ndjson", "--json")
    assert ran.code == 0, ran
    credentials = [json.loads(line) for line in Path("vc.ndjson").read_text().splitlines()]
    assert {each["issuer"] for each in credentials} == {did_key(_key())}
    assert all(verify(each, _key().public_key()) for each in credentials)
    statuses = {each["credentialSubject"]["authorizationClaims"].get("accreditationStatus") for each in credentials}
    assert statuses == {None, "voluntary"}
    assert register(*EXPORT, "--as", "trust-mark", "-o", "m.txt", "--json").json["error"]["code"] == "other-body"


def test_a_snapshot_that_somebody_changed_is_not_repeated(run: Run) -> None:
    snapshot(Path("deqar.register"), decision(), broken=True)
    ran = run(*EXPORT, "--as", "ctdl", "-o", "a.json", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "snapshot-signature")
    assert not Path("a.json").exists()
