"""The items of a portfolio: what each credential says, and beside it what came of checking it. Pure values.

What a credential says and what was checked are never mixed: `Item.achieved` are words of an issuer, `Item.checked` is
the outcome of a verdict. Whoever computes with items (pathways, mobility, pages) looks at both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.learning.achieved import Achieved
from registry.verify.verdict import Overall


class Fate(StrEnum):
    """What a verdict comes to for a learner; `unchecked` is the answer that is missing, never a good one."""

    GOOD = "good"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    NOT_VALID = "not valid"
    UNCHECKED = "unchecked"


class Accredited(StrEnum):
    """Whether the issuer was accredited for what the credential states when it was anchored.

    `not asked`: the verifier's policy names no bodies. `unknown`: it could not be read, or no scope is stated.
    """

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking one credential.

    Attributes:
        codes: of the checks that decided `overall`, in their order.
        issuer: the party's number; None where no anchor is known.
        issuer_uri: of that party, as the chain has it; "" where it is not known.
        anchored_at: block time of the anchor; None where no anchor is known.
        checked_at: the moment that dates were judged by.
        words: one line for people, in the language that was asked for.
    """

    overall: Overall
    fate: Fate
    accredited: Accredited
    codes: tuple[str, ...] = ()
    issuer: int | None = None
    issuer_uri: str = ""
    anchored_at: datetime | None = None
    checked_at: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One credential of a portfolio.

    Attributes:
        position: in its portfolio, from 0; by it a reader finds the item's verdict.
        name: of the file or credential, for people.
        identifier: `id` of the credential; "" where it has none.
        digest: 64 hex digits by which it is anchored; "" where it has none.
        issuer_name, issuer_id: as the credential states them; "" where it does not.
        issuer_confirmed: whether `issuer_id` is an identifier of the party that anchored it. Anybody can write any.
        subject: identifier of the learner as the credential states it; "" where it does not.
        valid_from, valid_until: as the credential states them.
        achieved: what it says was achieved; none where it could not be read.
        language: of its texts where it names one; "" otherwise.
        wholes: identifiers of credentials of which it says that it is a part, such as an award of one of its courses.
    """

    position: int
    name: str
    checked: Checked
    identifier: str = ""
    digest: str = ""
    issuer_name: str = ""
    issuer_id: str = ""
    issuer_confirmed: bool = False
    subject: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    achieved: tuple[Achieved, ...] = ()
    language: str = ""
    wholes: tuple[str, ...] = ()
