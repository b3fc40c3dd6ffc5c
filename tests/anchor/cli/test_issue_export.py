"""`testamur issue export` and `present`: what wallets get is what was anchored, and what a holder shows of it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import jwt
from openvc.proof.sd_jwt import SdJwtVcProofSuite

from registry.proofs.signatures.keys import KeyKind, did_key, new_key, public_jwk, write_key
from registry.receipt.model import embedded
from tests.anchor.begun import begun, issuer
from tests.anchor.cli.test_issue import TEMPLATE, made, people, refused, roster, template
from tests.anchor.issuing.site import KEY
from tests.conftest import Run

__all__ = ["begun", "issuer", "template"]

DID = did_key(KEY)


def issued(run: Run, *more: tuple[str, str]) -> str:
    """The root of two credentials that are final, by an institution whose DID is its key."""
    text = TEMPLATE.read_text().replace('"did:web:university.example"', f'"{DID}"')
    for old, new in more:
        assert old in text
        text = text.replace(old, new)
    TEMPLATE.write_text(text)
    root: str = made(run, roster(*people(2)))["run"]["root"]
    said = run("issue", "confirm", root, "--by", "Bob", "--wait")
    assert said.code == 0
    assert ("testamur issue export" in said.out) is ("\nform = " in text)
    return root


def selective(run: Run) -> str:
    return issued(run, ("granular = true", 'granular = false\nform = "sd-jwt"'))


def judged(run: Run, path: Path) -> dict[str, tuple[str, str]]:
    verdict = run("verify", path, "--json").json
    return {each["name"]: (each["outcome"], each["code"]) for each in verdict["checks"]}


def exported(run: Run, root: str, *more: object) -> list[Path]:
    """The files of each credential, the credentials first."""
    ran = run("issue", "export", root, "-o", "out", *more, "--json")
    assert ran.code == 0, ran.errors
    return [Path("out") / name for names in ran.json["files"].values() for name in names[:1]]


def test_a_vc_jwt_is_judged_as_the_same_credential_in_json_is(run: Run) -> None:
    root = issued(run)
    as_json, as_token = exported(run, root), exported(run, root, "--as", "vc-jwt")
    for document, token in zip(as_json, as_token, strict=True):
        assert token == document.with_suffix(".jwt")
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        assert judged(run, token) == judged(run, document)
        assert judged(run, token)["integrity"][0] == judged(run, token)["inclusion"][0] == "pass"
        assert judged(run, token)["signature"] == ("warn", "signer-unknown")


def test_a_vc_jwt_is_signed_for_others_by_the_key_of_the_institution(run: Run) -> None:
    root = issued(run)
    first, plain = exported(run, root, "--as", "vc-jwt")[0], exported(run, root)[0]
    claims = jwt.decode(first.read_text(), jwt.PyJWK(public_jwk(KEY)), algorithms=["EdDSA"])
    document = json.loads(plain.read_text())
    assert claims == {name: value for name, value in document.items() if name != "proof"}
    assert jwt.get_unverified_header(first.read_text())["typ"] == "vc+jwt"
    assert first.with_name(f"{first.name}.receipt.json").exists()
    assert embedded(document)
    first.write_text(first.read_text()[:-8] + "AAAAAAAA")
    assert judged(run, first)["signature"] == ("fail", "signature-broken")


def test_nothing_is_exported_without_the_right_key_or_in_a_form_that_is_not_anchored(run: Run) -> None:
    root = issued(run)
    assert refused(run("issue", "export", root, "-o", "out", "--as", "sd-jwt", "--json")) == (1, "other-form")
    other = Path("other.pem")
    other.write_text(write_key(new_key(KeyKind.P256)))
    other.chmod(0o600)
    Path("testamur.toml").write_text('issuing_method = "did:web:other.example#key-1"\n')
    for words in (("--sign-key", other), ()):
        code = "other-controller" if words else "no-issuing-key"
        assert refused(run("issue", "export", root, "-o", "out", "--as", "vc-jwt", *words, "--json")) == (1, code)
    unknown = "0x" + "12" * 32
    assert refused(run("issue", "export", unknown, "-o", "out", "--json")) == (1, "unknown-root")
    assert not Path("out").exists()


def test_what_is_not_final_is_not_exported(run: Run) -> None:
    root = made(run, roster(*people(1)))["run"]["root"]
    ran = run("issue", "export", root, "-o", "out", "--json")
    assert refused(ran) == (1, "not-final")
    assert "--not-final" not in ran.json["error"]["remedy"]


def test_a_holder_shows_a_part_and_it_is_judged_by_the_same_receipt(run: Run) -> None:
    root = selective(run)
    whole, _ = exported(run, root)
    assert whole.suffix == ".sdjwt"
    assert {outcome for outcome, _ in judged(run, whole).values()} <= {"pass", "warn"}
    assert judged(run, whole)["dates"] == ("pass", "within-dates")
    listed = run("present", whole, "--json").json["claims"]
    assert [each["key"] for each in listed] == ["name", "birth-date", "result.final"]
    ran = run("present", whole, "--without", "result", "--without", "birth-date", "-o", "shown.sdjwt", "--json")
    assert (ran.code, ran.json["leftOut"]) == (0, ["birth-date", "result.final"])
    shown = judged(run, Path("shown.sdjwt"))
    before = judged(run, whole)
    assert {name for name in before if before[name] != shown[name]} == {"dates"}
    assert shown["integrity"] == ("pass", "digest-equal")
    assert "2 claims are not shown" in run("verify", "shown.sdjwt").out
    text = Path("shown.sdjwt").read_text()
    claims = SdJwtVcProofSuite().verify(text, public_key_jwk=public_jwk(KEY)).claims
    assert [each["identityHash"] for each in claims["credentialSubject"]["identifier"]] == ["Graduate B"]
    assert claims["credentialSubject"]["result"] == []
    assert "@example" not in json.dumps(claims)


def test_one_holders_disclosure_is_no_part_of_anothers(run: Run) -> None:
    first, second = exported(run, selective(run))
    stolen = first.read_text().split("~")[1]
    mixed = Path("mixed.sdjwt")
    mixed.write_text(f"{second.read_text().partition('~')[0]}~{stolen}~")
    ran = run("present", mixed, "--json")
    assert refused(ran) == (1, "proof-fails")
    assert ran.json["error"]["where"] == "mixed.sdjwt"


def test_an_sd_jwt_goes_through_preview_papers_letters_and_correction(run: Run) -> None:
    root = selective(run)
    shown = run("issue", "preview", root, "-o", "sheet.pdf", "--json").json["shown"]
    assert [each["name"] for each in shown] == ["Graduate B", "Graduate C"]
    papers = run("diplomas", root, "-o", "papers", "--verify-url", "https://u.example/verify", "--json")
    assert refused(papers) == (1, "no-paper")
    letters = ("deliver", root, "-o", "letters", "--from", "a@u.example")
    assert refused(run(*letters, "--verify-url", "https://u.example/verify", "--json")) == (1, "no-paper")
    assert not Path("letters").exists()
    assert run(*letters, "--json-only").code == 0
    names = {path.name for path in Path("letters").rglob("credential*")}
    assert names == {"credential.sdjwt", "credential.sdjwt.receipt.json"}
    assert refused(run("issue", "export", root, "-o", "out", "--as", "json", "--json")) == (1, "other-form")
    changed = roster(people(1)[0] | {"name": "Graduate Z"})
    planned = run("correct", changed, "--template", TEMPLATE, "--dry-run", "--json")
    assert planned.code == 0, planned.errors
    assert "Graduate Z" in planned.out + json.dumps(planned.json)
