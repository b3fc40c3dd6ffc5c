"""What a verdict comes to for a learner: one word of each credential's fate, and one of its accreditation. Pure.

Nothing is judged here again. A code that is not known here makes no credential good: where the verdict is *not valid*
it is that, and where it is *could not be checked*, unchecked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from registry.document.reading import Reading
from registry.language.rendering import Language
from registry.language.said import say
from registry.learning.items import Accredited, Checked, Fate
from registry.verify.verdict import Code, Overall, Verdict

_FATES: Final[Mapping[str, Fate]] = {
    Code.REVOKED: Fate.REVOKED,
    Code.VOIDED: Fate.REVOKED,
    Code.LISTED_REVOKED: Fate.REVOKED,
    Code.SUSPENDED: Fate.SUSPENDED,
    Code.LISTED_SUSPENDED: Fate.SUSPENDED,
    Code.EXPIRED: Fate.EXPIRED,
    Code.NOT_YET_VALID: Fate.NOT_YET_VALID,
}
"""Of a check that failed: what a learner calls it. Any other failure is `Fate.NOT_VALID`."""
_GRAVEST_FIRST: Final = (Fate.NOT_VALID, Fate.REVOKED, Fate.SUSPENDED, Fate.EXPIRED, Fate.NOT_YET_VALID)
_ACCREDITED: Final[Mapping[str, Accredited]] = {
    Code.ACCREDITED: Accredited.YES,
    Code.ACCREDITED_SINCE: Accredited.YES,  # it held at that time by all that is on record now
    Code.ACCREDITED_THEN: Accredited.NO,  # it was voided since, or changed with effect from before the anchor
    Code.NO_ACCREDITATION_ON_RECORD: Accredited.NO,
}
"""By the code of the check. Any other, such as that no scope is stated, is `Accredited.UNKNOWN`."""


def checked(verdict: Verdict, now: datetime, language: Language | None = None) -> Checked:
    """What came of checking one credential.

    Args:
        now: the moment that its dates were judged by.
        language: of the line for people; None for none.
    """
    return Checked(
        verdict.overall,
        fate_of(verdict),
        accredited_of(verdict),
        codes=tuple(verdict.reasons),
        issuer=verdict.issuer if verdict.anchored_at is not None else None,
        issuer_uri=(verdict.party_uri or "") if verdict.anchored_at is not None else "",
        anchored_at=verdict.anchored_at,
        checked_at=now,
        words="" if language is None else line_of(verdict, language),
    )


def fate_of(verdict: Verdict) -> Fate:
    """The gravest of what its failed checks say: one that was changed *and* has expired is not valid."""
    if verdict.overall is Overall.COULD_NOT_BE_CHECKED:
        return Fate.UNCHECKED
    if verdict.overall is not Overall.NOT_VALID:
        return Fate.GOOD
    found = {_FATES.get(code, Fate.NOT_VALID) for code in verdict.reasons}
    return next(fate for fate in _GRAVEST_FIRST if fate in found)


def accredited_of(verdict: Verdict) -> Accredited:
    """What its check of the accreditation found, where the verifier's policy asked for one."""
    check = next((each for each in verdict.checks if each.name == "accreditation"), None)
    return Accredited.NOT_ASKED if check is None else _ACCREDITED.get(check.code, Accredited.UNKNOWN)


def line_of(verdict: Verdict, language: Language) -> str:
    """One line for people: what it comes to, and what the checks say that decided it, each code once."""
    overall = language.text(say(f"cli.overall.{verdict.overall}"))
    reasons = [language.text(check.said) for check in verdict.reasons.values()]
    return f"{overall}: {' '.join(reasons)}" if reasons else overall


def covered(reading: Reading, verdict: Verdict) -> Reading:
    """The reading with what the verdict is about and nothing else.

    Where a credential inside a document is the one that was anchored, what stands beside it there is nobody's word.
    """
    digest = verdict.digest
    if digest is None or verdict.check("integrity").code != Code.DIGEST_INSIDE:
        return reading
    inside = reading.inside(digest.value)
    parts = [
        part for part in reading.parts if inside is part or (inside and part.where.startswith(f"{inside.where}, "))
    ]
    return replace(reading, parts=tuple(parts))
