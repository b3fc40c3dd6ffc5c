"""Pre-flight: what an issuer should know about a credential before its digest is public and permanent.

A hazard is advice, never a refusal. That none is reported does not prove a credential safe: whether an identifier is
random cannot be seen from one document, only whether it looks so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.credential.moments import FROM, UNTIL, stated_dates


@dataclass(frozen=True, slots=True)
class Hazard:
    """One warning: a stable kebab-case `code` for programs, a `sentence` for people."""

    code: str
    sentence: str


GUESSABLE = Hazard(
    "guessable",
    "Nothing in it looks random, so whoever knows the rest can confirm a guess against the public digest; "
    "give it an id such as urn:uuid: with a version 4 UUID.",
)
NO_ISSUER = Hazard("no-issuer", "It names no issuer, so a reader cannot compare it with the one on chain.")
NO_DATES = Hazard("no-dates", "It has no date from which it is valid.")
EXPIRED = Hazard("expired", "It has already expired.")
UNCLEAR_DATE = Hazard(
    "unclear-date", "One of its dates is not a date and time with a time zone, so readers may differ."
)
PERSONAL_DATA = Hazard(
    "personal-data",
    "It holds personal data in the clear; leave it out, or hash it with a salt.",
)

# Parts that repeat from one credential of an issuer to the next, or that the digest leaves out: randomness in them
# protects nobody.
_SHARED_PARTS = frozenset(
    {
        "@context", "type", "proof", "issuer", "achievement", "badge", "credentialSchema", "credentialStatus",
        "verification", "termsOfUse", "refreshService", "image", "related", "endorsement", "endorsementJwt",
    }
)  # fmt: skip
_PERSONAL = frozenset(
    {
        "address", "birthdate", "dateofbirth", "email", "emailaddress", "nationalid", "nationalidentifier", "passport",
        "phone", "phonenumber", "socialsecuritynumber", "ssn", "taxid", "telephone",
    }
)  # fmt: skip

_UUID4 = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")
_HEX = re.compile(r"(?i)(?=(?:[0-9]*[a-f]){3})(?=(?:[a-f]*[0-9]){3})[0-9a-f]{16,}")
_CHANGE_OF_CLASS = re.compile(r"(?<=[a-z])(?=[^a-z])|(?<=[A-Z])(?=[^A-Z])|(?<=[0-9])(?=[^0-9])")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])")


def hazards(document: Mapping[str, Any], *, at: datetime | None = None) -> tuple[Hazard, ...]:
    """The hazards of a parsed credential, in a fixed order.

    Args:
        document: as `parse_json` returns it.
        at: the time at which it is to be anchored, with a time zone; without it nothing is called expired.
    """
    found = [
        _is_guessable(document) and GUESSABLE,
        _has_no_issuer(document) and NO_ISSUER,
        *_date_hazards(document, at),
        _has_personal_data(document) and PERSONAL_DATA,
    ]
    return tuple(hazard for hazard in found if hazard)


def _is_guessable(document: Mapping[str, Any]) -> bool:
    # The id first: it settles the matter for most credentials without a walk.
    return not _looks_random(document.get("id")) and not any(map(_looks_random, _own_strings(document)))


def _own_strings(document: Mapping[str, Any]) -> Iterator[str]:
    """The strings of a document that are its own, not its issuer's."""
    pending: list[Any] = [document]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            pending.extend(value for key, value in item.items() if key not in _SHARED_PARTS)
        elif isinstance(item, list):
            pending.extend(item)


def _looks_random(text: object) -> bool:
    """Whether a text contains what looks like 64 random bits or more.

    That is a version 4 UUID, 16 hex digits, or 16 letters and digits as mixed as base58 or base64 makes them.
    """
    if not isinstance(text, str):
        return False
    if _UUID4.search(text):
        return True
    return any(_HEX.fullmatch(token) or _is_mixed(token) for token in _TOKEN.findall(text))


def _is_mixed(token: str) -> bool:
    # Random base58 changes between lower case, upper case and digit at six places in ten, CamelCase at one in four.
    return bool(_MIXED.match(token)) and 3 * len(_CHANGE_OF_CLASS.findall(token)) >= len(token)


def _has_no_issuer(document: Mapping[str, Any]) -> bool:
    issuer = document.get("issuer")
    return not (issuer.get("id") if isinstance(issuer, Mapping) else issuer)


def _date_hazards(document: Mapping[str, Any], at: datetime | None) -> Iterator[Hazard]:
    """By the one reading of dates that verdicts have, so that nobody anchors what verifiers then refuse."""
    starts, ends = list(stated_dates(document, FROM)), list(stated_dates(document, UNTIL))
    if not starts:
        yield NO_DATES
    if at is not None and any(end.span is not None and end.span.latest <= at for end in ends):
        yield EXPIRED
    if any(stated.span is None or not stated.span.is_clear for stated in (*starts, *ends)):
        yield UNCLEAR_DATE


def _has_personal_data(document: Mapping[str, Any]) -> bool:
    """Whether the subject has a member such as `email`, or an Open Badges identifier but a name that is not hashed."""
    subjects = document.get("credentialSubject", document.get("recipient"))
    for subject in subjects if isinstance(subjects, list) else [subjects]:
        if not isinstance(subject, Mapping):
            continue
        if any(key.lower() in _PERSONAL for key in subject):
            return True
        identifiers = subject.get("identifier")
        for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
            if not isinstance(identifier, Mapping) or identifier.get("hashed") is not False:
                continue
            if identifier.get("identityType") != "name":  # what every credential tells of its holder
                return True
    return False
