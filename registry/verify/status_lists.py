"""The lists beside the chain by which a document says that it may be revoked, and what they say of it.

The issuer chose the list when it wrote the credential, so who may speak for it is said by the document that was
anchored. A list counts where it is signed by the issuer that it names, and is in force by its own dates; then a set bit
withdraws the credential. Whatever is doubtful is unread, and never in force.

Sources: W3C Bitstring Status List v1.0, section 3.2; its draft of 2021 (StatusList2021), whose lists are alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from registry.credential.moments import FROM, UNTIL, stated_dates
from registry.document.reading import Part, Reading
from registry.document.signatures import DidDocuments, Held, Signed, check_signatures
from registry.errors import ProofError, Unfetched
from registry.formats.statuslist import FEWEST_BITS, Purpose, decode, is_set
from registry.proofs.signatures.suites import PROOF_TYPE, proofs_of
from registry.untrusted.text import terminal_text
from registry.verify.signature import refused
from registry.verify.verdict import sentences

ENTRY_TYPES: Final = frozenset({"BitstringStatusListEntry", "StatusList2021Entry"})
LIST_TYPES: Final = frozenset({"BitstringStatusListCredential", "StatusList2021Credential"})
MOST_ENTRIES: Final = 8
"""Entries of one document whose lists are read."""
_LONGEST: Final = 200
_LONGEST_INDEX: Final = 12


class StatusLists(Protocol):
    """Where status lists come from."""

    def credential(self, url: str) -> Mapping[str, Any]:
        """The list that is served under a URL.

        Raises:
            Unfetched: it could not be had; then nothing is known of what it says.
        """


class ListState(StrEnum):
    """What a list says of a credential."""

    REVOKED = "revoked"
    SUSPENDED = "suspended"
    IN_FORCE = "in-force"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Listed:
    """What one list that a document names says of it.

    Attributes:
        name: the member of the document that names it.
        purpose: what its bits mean; "" where that is not known.
        who: the issuer of the list, and where it is.
        why: it was not read, in English.
        odd: what of it is not as the standard has it, in English; it was read all the same.
    """

    name: str
    state: ListState
    purpose: str = ""
    who: str = ""
    why: str = ""
    odd: tuple[str, ...] = ()


class _Unusable(Exception):
    """Why nothing is known of what a list says."""


def names_status_list(reading: Reading | None) -> str | None:
    """The member by which a credential in the document names a list or place of its status, or None.

    Looked for are `credentialStatus` (VC), `status` of a token (SD-JWT VC), `revocationList` of the issuer (Blockcerts,
    Open Badges 2.0) and `verification` or `verify` of an assertion, whose status is where it is hosted.
    """
    return next((name for part in (reading.parts if reading else ()) for name in _named(part)), None)


def listed_statuses(reading: Reading, lists: StatusLists, documents: DidDocuments, now: datetime) -> tuple[Listed, ...]:
    """What every list and place that a document names says of it, as far as it can be read.

    Args:
        now: the moment to judge the dates of lists by.
    """
    return tuple(_listed(reading.parts, lists, documents, now))


def _listed(parts: Iterable[Part], lists: StatusLists, documents: DidDocuments, now: datetime) -> Iterator[Listed]:
    judged = 0
    for part in parts:
        for name in _named(part):
            if name != "credentialStatus":
                yield Listed(name, ListState.UNREAD, why="Its form is not read here.")
                continue
            entries = part.members["credentialStatus"]
            for entry in entries if isinstance(entries, list) else [entries]:
                if judged >= MOST_ENTRIES:
                    yield Listed(name, ListState.UNREAD, why=f"More than {MOST_ENTRIES} are named.")
                    return
                judged += 1
                try:
                    yield _judged(name, entry, _issuer_of(part.members), lists, documents, now)
                except _Unusable as error:
                    yield Listed(name, ListState.UNREAD, why=sentences(str(error)))


def _judged(
    name: str, entry: object, issuer: str, lists: StatusLists, documents: DidDocuments, now: datetime
) -> Listed:
    if not isinstance(entry, dict) or not _kinds(entry) & ENTRY_TYPES:
        raise _Unusable("Its form is not read here")
    purpose, url, index = entry.get("statusPurpose"), entry.get("statusListCredential"), _index_of(entry)
    if purpose not in list(Purpose) or not isinstance(url, str) or index is None or entry.get("statusSize", 1) != 1:
        raise _Unusable("What it says or where is in a form that is not read here")
    try:
        credential = lists.credential(url)
    except Unfetched as error:
        raise _Unusable(sentences(error.what, error.remedy)) from None
    subject = credential.get("credentialSubject")
    if not _kinds(credential) & LIST_TYPES or not isinstance(subject, dict):
        raise _Unusable("What is there is no status list")
    _require_in_force(credential, now)
    meant = subject.get("statusPurpose")
    if purpose not in (meant if isinstance(meant, list) else [meant]):
        raise _Unusable("The list is for another purpose")
    _require_signed(credential, documents, now)
    bits = _bits_of(subject)
    try:
        marked = is_set(bits, index)
    except ProofError as error:
        raise _Unusable(error.what) from None
    withdrawn = ListState.REVOKED if purpose == Purpose.REVOCATION else ListState.SUSPENDED
    host = urlsplit(url).hostname or ""
    who = f"{_issuer_of(credential)[:_LONGEST]} ({host[:_LONGEST]})"
    odd = tuple(_oddities(credential, url, issuer, bits))
    return Listed(name, withdrawn if marked else ListState.IN_FORCE, str(purpose), who, odd=odd)


def _require_in_force(credential: Mapping[str, Any], now: datetime) -> None:
    for stated in stated_dates(credential, UNTIL):
        if stated.span is None or stated.span.earliest <= now:
            raise _Unusable("The list has expired, or may have")
    for stated in stated_dates(credential, FROM):
        if stated.span is None or stated.span.latest > now:
            raise _Unusable("The list is not valid yet, or may not be")


def _require_signed(credential: Mapping[str, Any], documents: DidDocuments, now: datetime) -> None:
    """That a list is signed by the issuer that it names, and every signature in it holds."""
    others = [str(proof.get("type"))[:_LONGEST] for proof in proofs_of(credential) if proof.get("type") != PROOF_TYPE]
    signed = check_signatures([Signed(credential)], others, documents)
    if refused(signed.found, now) is not None or any(each.ended and each.ended <= now for each in signed.found):
        raise _Unusable("A signature of the list does not hold, or does no more")
    holding = signed.of(Held.HOLDS)
    if not holding:
        why = next((each.why for each in signed.found if each.why), "it carries none that is checked here")
        raise _Unusable(f"The signature of the list was not checked: {why}")
    if _issuer_of(credential) not in {each.signer for each in holding}:
        raise _Unusable("The list is not signed by the issuer that it names")


def _bits_of(subject: Mapping[str, Any]) -> bytes:
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str):
        raise _Unusable("The list has no bits")
    try:
        # Lists of 2021 have no sign before their base64url, and GZIP never begins with a "u" there.
        return decode(encoded if encoded.startswith("u") else f"u{encoded}", fewest_bits=1)
    except ProofError as error:
        raise _Unusable(error.what) from None


def _oddities(credential: Mapping[str, Any], url: str, issuer: str, bits: bytes) -> Iterator[str]:
    if (own := credential.get("id")) != url:
        yield f"it calls itself {terminal_text(str(own), _LONGEST)!r}, which is not where it is"
    if _issuer_of(credential) != issuer:
        yield "it is of another issuer than the credential"
    if 8 * len(bits) < FEWEST_BITS:
        yield f"it has {8 * len(bits):,} positions, where {FEWEST_BITS:,} are the least among which nobody is found"


def _index_of(entry: Mapping[str, Any]) -> int | None:
    said = entry.get("statusListIndex")
    text = str(said) if type(said) in (int, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_INDEX else None


def _issuer_of(members: Mapping[str, Any]) -> str:
    issuer = members.get("issuer", members.get("iss"))
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    return named if isinstance(named, str) else ""


def _kinds(members: Mapping[str, Any]) -> frozenset[str]:
    kind = members.get("type")
    return frozenset(each for each in islice(kind if isinstance(kind, list) else [kind], 64) if isinstance(each, str))


def _named(part: Part) -> Iterator[str]:
    members = part.members
    if members.get("credentialStatus"):
        yield "credentialStatus"
    if part.is_token and members.get("status"):
        yield "status"
    badge = _object(members.get("badge"))
    for place, holder in (
        ("", members),
        ("issuer.", _object(members.get("issuer"))),
        ("badge.issuer.", _object(badge.get("issuer"))),
        ("verification.", _object(members.get("verification"))),
    ):
        if holder.get("revocationList"):
            yield f"{place}revocationList"
    for name in ("verification", "verify"):
        if members.get("badge") is not None and members.get(name):
            yield name


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
