"""What each code of a verdict comes to for a learner: all of them, so that none falls among the good unseen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from registry.credential.digest import digest_document
from registry.document.reading import read_document
from registry.language.catalogue import english, language
from registry.language.said import say
from registry.learning.checking import accredited_of, checked, covered, fate_of, line_of
from registry.learning.items import Accredited, Fate
from registry.verify.verdict import CHECK_NAMES, Check, Code, Outcome, Overall, Verdict

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SAID = say("verdict.empty")

OWN_WORD = {
    Code.REVOKED: Fate.REVOKED,
    Code.VOIDED: Fate.REVOKED,
    Code.LISTED_REVOKED: Fate.REVOKED,
    Code.SUSPENDED: Fate.SUSPENDED,
    Code.LISTED_SUSPENDED: Fate.SUSPENDED,
    Code.EXPIRED: Fate.EXPIRED,
    Code.NOT_YET_VALID: Fate.NOT_YET_VALID,
}
OTHERS = """
    digest-equal digest-given digest-differs digest-inside presentation-differs method-mismatch not-recomputable
    foreign-intact included root-differs count-differs count-unconfirmed count-unstated foreign-included anchored
    not-final receipt-outdated receipt-contradicts not-anchored pending chain-behind practice-chain contract-unproved
    anchor-unseen issuer-trusted issuer-retired issuer-differs issuer-not-trusted issuer-unknown in-force
    status-list-unread status-list-odd no-status head-late head-stale head-ahead status-then status-old within-dates
    no-dates date-unclear dates-unread no-signature signature-unread signature-holds signature-broken signature-expired
    signer-unknown signer-other signer-one-way signer-not-authorised key-ended key-ended-since issuer-accredited
    accredited accredited-then accredited-since scope-unstated no-accreditation-on-record recognised recognised-then
    recognised-since recognition-not-needed no-recognition-on-record no-anchor-time register-listed
    register-conditional register-listed-since register-listed-then register-negative register-no-ruling
    register-lapsed register-not-yet register-other-scope register-not-listed register-ambiguous register-not-here
    register-other register-not-anchored register-voided registers-not-read-here no-receipt no-document
    chain-not-asked other-chain other-batch facts-contradict foreign-anchor foreign-unread
""".split()  # noqa: SIM905 - a list of so many words is read by lines
"""All codes that are no word of a learner's: a new one has to be put here or above by whoever adds it."""


def verdict(*checks: tuple[str, Outcome, str]) -> Verdict:
    given = {name: Check(name, outcome, code, (SAID,)) for name, outcome, code in checks}
    rest = [Check.passed(name, "fine", SAID) for name in CHECK_NAMES if name not in given]
    return Verdict("a.json", (*given.values(), *rest), None, issuer=7, root=None, anchored_at=NOW, as_of=None)


def test_every_code_is_in_one_of_the_two_tables() -> None:
    assert sorted([*OWN_WORD, *OTHERS]) == sorted(Code)


@pytest.mark.parametrize("code", sorted(Code))
def test_what_a_code_comes_to_by_the_outcome_of_its_check(code: Code) -> None:
    by_outcome = {outcome: fate_of(verdict(("status", outcome, code))) for outcome in Outcome}
    assert by_outcome == {
        Outcome.PASS: Fate.GOOD,
        Outcome.WARN: Fate.GOOD,
        Outcome.UNKNOWN: Fate.UNCHECKED,
        Outcome.FAIL: OWN_WORD.get(code, Fate.NOT_VALID),
    }


def test_a_code_that_nobody_knows_makes_nothing_good() -> None:
    assert fate_of(verdict(("status", Outcome.FAIL, "new-code"))) is Fate.NOT_VALID
    assert fate_of(verdict(("status", Outcome.UNKNOWN, "new-code"))) is Fate.UNCHECKED
    assert accredited_of(verdict(("accreditation", Outcome.PASS, "new-code"))) is Accredited.UNKNOWN


def test_of_several_failures_the_gravest_is_told() -> None:
    expired = ("dates", Outcome.FAIL, Code.EXPIRED)
    revoked = ("status", Outcome.FAIL, Code.REVOKED)
    changed = ("integrity", Outcome.FAIL, Code.DIGEST_DIFFERS)
    unread = ("anchor", Outcome.UNKNOWN, Code.CHAIN_NOT_ASKED)
    assert fate_of(verdict(expired, revoked)) is Fate.REVOKED
    assert fate_of(verdict(expired, changed)) is Fate.NOT_VALID
    assert fate_of(verdict(expired, unread)) is Fate.EXPIRED
    assert fate_of(verdict(unread)) is Fate.UNCHECKED


def test_nothing_checked_is_unchecked() -> None:
    assert fate_of(Verdict.unknown("a.json", "no-receipt", "Nothing.")) is Fate.UNCHECKED


ACCREDITED = {
    Code.ACCREDITED: Accredited.YES,
    Code.ACCREDITED_SINCE: Accredited.YES,
    Code.ACCREDITED_THEN: Accredited.NO,
    Code.NO_ACCREDITATION_ON_RECORD: Accredited.NO,
}


@pytest.mark.parametrize("code", sorted(Code))
def test_what_the_check_of_the_accreditation_comes_to(code: Code) -> None:
    found = accredited_of(verdict(("accreditation", Outcome.WARN, code)))
    assert found is ACCREDITED.get(code, Accredited.UNKNOWN)


def test_without_a_policy_nobody_was_asked() -> None:
    assert accredited_of(verdict()) is Accredited.NOT_ASKED


def test_what_stands_beside_the_anchored_credential_is_not_covered() -> None:
    """A presentation holds one that was anchored and one that anybody wrote: the verdict is about the first alone."""
    anchored, forged = ({"type": ["VerifiableCredential"], "name": name} for name in ("anchored", "forged"))
    inner = {"type": ["VerifiablePresentation"], "verifiableCredential": [anchored, forged]}
    reading = read_document(json.dumps(inner).encode(), "both.json")
    digest = digest_document(anchored)
    given = replace(verdict(("integrity", Outcome.WARN, Code.DIGEST_INSIDE)), digest=digest)
    assert [part.members.get("name") for part in covered(reading, given).parts] == ["anchored"]
    whole = replace(verdict(), digest=reading.digest)
    assert covered(reading, whole) is reading
    assert covered(reading, Verdict.unknown("a.json", "no-receipt", "Nothing.")) is reading


def test_what_is_kept_of_a_verdict() -> None:
    warned = verdict(("anchor", Outcome.WARN, Code.NOT_FINAL), ("dates", Outcome.WARN, Code.DATE_UNCLEAR))
    found = checked(warned, NOW, english())
    assert (found.overall, found.fate, found.codes) == (
        Overall.VALID_WITH_WARNING,
        Fate.GOOD,
        ("not-final", "date-unclear"),
    )
    assert (found.issuer, found.anchored_at, found.checked_at) == (7, NOW, NOW)
    assert found.words.startswith("valid with a warning: ")
    assert checked(warned, NOW).words == ""
    assert line_of(verdict(), language("fr")) == "valable"
