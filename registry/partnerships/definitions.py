"""The indicators by their definitions: what each counts, out of what, and what it cannot show.

`docs/reference/insights.md` has the same, written from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final


class Unit(StrEnum):
    """In what an indicator's value is told."""

    PERCENT = "%"
    DAYS = "days"
    CREDENTIALS = "credentials"
    PARTNERSHIPS = "partnerships"
    LANGUAGES = "languages"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator.

    Attributes:
        formula: in words.
        parts: what its value is broken down by; "" for nothing.
        since: the day of its present definition; another definition would be another indicator.
        source: what it is counted from.
    """

    id: str
    title: str
    definition: str
    formula: str
    unit: Unit
    numerator: str
    denominator: str
    cannot_show: str
    source: str
    parts: str = ""
    since: str = "2026-11-27"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = asdict(self)
        told["unit"] = self.unit.value
        told["cannotShow"] = told.pop("cannot_show")
        return told


_EVENTS: Final = "Events of the registry contract, from its first block to the block of the answer."
_DOCUMENTS: Final = "Anchored partnership documents, and the events of the registry contract."
_SNAPSHOTS: Final = (
    "Known snapshots of registers are left out; one whose file is not at hand counts with every leaf, and so do other "
    "anchored documents, such as partnerships."
)
_STATEMENTS: Final = "Anchored statements of issuers; each is the issuer's own word."
_ABROAD: Final = (
    "Recognised from abroad means: at that time a path of active links began at a body of another country that "
    "recognised, at least for a part of the scope, a body that the issuer's accreditation comes from."
)

INDICATORS: Final = (
    Indicator(
        "credentials-recognised-abroad",
        "Credentials recognised across a border",
        f"Share of the credentials anchored in the period whose issuer was recognised from abroad. {_ABROAD}",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Credentials in batches of the period whose issuer was recognised from abroad at the block time of the anchor.",
        "All credentials in batches of the period that state how many they have.",
        "A batch has no scope: all credentials of an issuer count, also those outside of the recognised field or "
        f"level. {_SNAPSHOTS} It does not show that anybody abroad accepted a credential. Accreditations for any "
        "country are left out.",
        _EVENTS,
        "country of the issuer's accreditation",
    ),
    Indicator(
        "time-to-recognition",
        "Time to recognition",
        f"Days from an issuer's first accreditation to the first time it was recognised from abroad. {_ABROAD}",
        "Median of the days; the lower and upper quartile beside it (method: linear between neighbours)",
        Unit.DAYS,
        "Issuers recognised from abroad for the first time in the period.",
        "Issuers that had an accreditation to issue before the end of the period.",
        "Issuers that are not recognised yet have no number of days, so the median is of the successful ones. The "
        "time before an issuer registered here is not on record.",
        _EVENTS,
        "counted from registration, and from the first accreditation",
    ),
    Indicator(
        "revoked-after-audit",
        "Revocations that follow a finding",
        "Share of the revocations in the period that give a reason which an audit or review leads to (issued in "
        "error, obtained by fraud, requirements not met), or that followed a suspension under review.",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Credentials revoked in the period for one of these reasons, or while suspended under review.",
        "All credentials revoked in the period, one by one or with their batch.",
        "The chain has the issuer's reason and no audit: who found it is not on record, and a revocation without a "
        "reason may follow an audit, too. A credential revoked by its place and by its digest counts twice. Batches "
        "that do not state their count are left out, and so are known snapshots of registers; a decision of one that "
        "its mirror revoked by its digest counts.",
        _EVENTS,
        "reason",
    ),
    Indicator(
        "reviews-overdue",
        "Reviews overdue",
        "Share of the review days of partnerships in force that had passed by the end of the period without an "
        "outcome on record.",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Review days before the end of the period without an outcome.",
        "All review days before the end of the period, of partnerships in force then.",
        "A review that was held and not yet recorded counts as overdue. It says nothing of what a review was worth.",
        _DOCUMENTS,
        "partnership",
    ),
    Indicator(
        "accreditations-renewed",
        "Accreditations renewed at their end",
        "Share of the accreditations whose period ended in the period that had a successor at its end.",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Of the denominator, those with another active accreditation of the same kind, body and holder at the end of "
        "the period.",
        "Accreditations active until their end, which was in the period.",
        "A successor may have another scope. Those that were withdrawn or void before their end are left out.",
        _EVENTS,
    ),
    Indicator(
        "fields-recognised",
        "Fields with recognition across a border",
        f"Share of the broad fields of education with accredited issuers in which one is recognised from abroad. "
        f"{_ABROAD}",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Broad fields (ISCED-F 2013, two digits) with an active accreditation to issue that is recognised from abroad "
        "at the end of the period.",
        "Broad fields with an active accreditation to issue at the end of the period.",
        "Accreditations for any field name none and are left out. It shows where recognition reaches, not how many "
        "people it serves.",
        _EVENTS,
        "field",
    ),
    Indicator(
        "levels-recognised",
        "Levels with recognition across a border",
        f"Share of the EQF levels with accredited issuers on which one is recognised from abroad. {_ABROAD}",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "EQF levels of active accreditations to issue that are recognised from abroad at the end of the period.",
        "EQF levels of active accreditations to issue at the end of the period.",
        "An accreditation that spans several levels counts on each of them.",
        _EVENTS,
        "level",
    ),
    Indicator(
        "countries-recognised",
        "Countries with recognition across a border",
        f"Share of the countries with accredited issuers of which one is recognised from abroad. {_ABROAD}",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Countries of active accreditations to issue that are recognised from abroad at the end of the period.",
        "Countries of active accreditations to issue at the end of the period.",
        "Accreditations for any country name none and are left out.",
        _EVENTS,
        "country",
    ),
    Indicator(
        "languages-stated",
        "Languages of credentials",
        "Languages of credentials for which issuers have stated a count in the period.",
        "Number of different languages in tables with the dimension `language`",
        Unit.LANGUAGES,
        "Languages with a stated count.",
        "None; beside it stands the number of statements that have such a table.",
        "The chain knows no language. Who states nothing is not there, and a language with fewer than 10 credentials "
        "may be suppressed.",
        _STATEMENTS,
        "language",
    ),
    Indicator(
        "credentials-growth",
        "Growth of anchored credentials",
        "Change of the number of credentials anchored, against the period of equal length before.",
        "100 × (numerator − denominator) ÷ denominator",
        Unit.PERCENT,
        "Credentials in batches of the period that state how many they have.",
        "Credentials in batches of the period of equal length before it.",
        "A yearly export that came a week later looks like a fall and a rise. Revoked credentials are in both numbers. "
        f"{_SNAPSHOTS}",
        _EVENTS,
    ),
    Indicator(
        "partners-growth",
        "Growth of registered parties",
        "Change of the number of registered parties over the period.",
        "100 × (numerator − denominator) ÷ denominator",
        Unit.PERCENT,
        "Parties registered and not retired at the end of the period.",
        "Parties registered and not retired at its beginning.",
        "Anybody may register, and one organisation may have several parties.",
        _EVENTS,
    ),
    Indicator(
        "partnerships-in-force",
        "Partnerships in force",
        "Partnerships that were in force at the end of the period.",
        "Number of partnerships",
        Unit.PARTNERSHIPS,
        "Partnerships in force at the end of the period.",
        "Partnerships anchored by a partner before the end of the period.",
        "A partnership is what its partners say of it; one that nobody anchored is not counted.",
        _DOCUMENTS,
        "purpose",
    ),
    Indicator(
        "partnerships-with-agreement",
        "Partnerships that rest on an agreement on the chain",
        "Share of the partnerships in force with at least one accreditation or recognition between partners that was "
        "active at the end of the period.",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Partnerships in force with such a link.",
        "Partnerships in force at the end of the period.",
        "Memoranda that are papers are not counted: what they say nobody here has read.",
        _DOCUMENTS,
    ),
    Indicator(
        "issuers-with-statement",
        "Issuers that state who was served",
        "Share of the issuers that anchored in the period and have an anchored statement of aggregated counts for a "
        "time within it.",
        "100 × numerator ÷ denominator",
        Unit.PERCENT,
        "Issuers of the denominator with such a statement.",
        "Issuers that anchored a batch in the period.",
        "What is stated is the issuer's own word, and nothing is known of those who state nothing. Who anchored only "
        "known snapshots of registers is no issuer.",
        f"{_EVENTS} {_STATEMENTS}",
        "dimension",
    ),
)
"""In the order in which they are told."""

BY_ID: Final[Mapping[str, Indicator]] = {each.id: each for each in INDICATORS}
