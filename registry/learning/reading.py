"""From what one reading of a document found to what it states was achieved, and to an item of a portfolio.

Whatever the document travelled in, its parts are read alike. What a holder does not show, what could not be read and
what has more than one reading is not stated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from registry.credential.digest import is_credential
from registry.credential.moments import FROM, UNTIL, stated_dates
from registry.document.reading import Part, Reading
from registry.learning.achieved import UNSAID, Achieved
from registry.learning.items import Checked, Item
from registry.learning.statements.learning_model import LearningModel, is_learning_model
from registry.learning.statements.members import (
    LONGEST_NAME,
    Members,
    identifier_of,
    language_of,
    objects,
    text_of,
)
from registry.learning.statements.open_badges import achievement
from registry.learning.statements.plain import awards
from registry.verify.issuer import is_of_party

MOST_ACHIEVED: Final = 256
"""Most achievements that are read from one document."""

_RECORD: Final = "verifiableCredential"
_WHOLE: Final = "whole"
_PART_OF: Final = frozenset({"isChildOf", "isPartOf"})
_PARENT: Final = "isParentOf"


def achieved_in(reading: Reading) -> tuple[Achieved, ...]:
    """What a document states was achieved, in its order, nothing twice; nothing in it makes this raise.

    Of a record of credentials (CLR 2.0) that is what each credential in it states, and those of its own achievements
    that none of these states; its associations say what is part of what.
    """
    parts = list(_certain(reading))
    found: list[Achieved] = []
    records = [part for part in parts if _is_record(part.members)]
    withheld = {each.where for each in reading.unread}
    for part in [*(part for part in parts if not _is_record(part.members)), *records]:
        # Of a token it is known how much is not shown; of what is derived otherwise it is not.
        shows_all = not reading.is_selection or (part.is_token and part.where not in withheld)
        own = achieved_by(part.members, MOST_ACHIEVED - len(found), is_token=part.is_token, shows_all=shows_all)
        if part in records:
            stated = {each.identifier for each in found if each.identifier}
            own = [each for each in own if each.identifier not in stated]
        _append(found, own)
    return tuple(_associated(found, (part.members for part in records)))


def achieved_by(
    credential: Members, most: int = MOST_ACHIEVED, *, is_token: bool = False, shows_all: bool = True
) -> list[Achieved]:
    """What one credential states itself, without those that it holds.

    Args:
        credential: its members.
        is_token: whether they are the claims of a token, which may be about its subject without naming it as such.
        shows_all: whether its holder left nothing out; otherwise what can be earned says nothing of what was.
    """
    language = _language(credential)
    subjects = list(objects(credential.get("credentialSubject")))
    if len({identifier_of(each) for each in subjects} - {""}) > 1:
        # Of several people, and one credential is what one person has.
        return []
    if not subjects and is_token:
        subjects = [credential]
    found: list[Achieved] = []
    for subject in subjects:
        own = list(_of_subject(subject, credential, language, most - len(found), shows_all=shows_all))
        found += [replace(each, whole=None if each.whole is None else each.whole + len(found)) for each in own]
    # Open Badges 2.0: an assertion, with a badge class.
    found += [
        achievement(badge, credential, language, shows_all=shows_all) for badge in objects(credential.get("badge"))
    ]
    return found[: max(most, 0)]


def item_of(
    reading: Reading,
    checked: Checked,
    position: int,
    *,
    name: str = "",
    digest: str = "",
) -> Item:
    """The item of a portfolio that a document is.

    Args:
        checked: what came of checking it.
        position: in its portfolio, from 0.
        name: for people; otherwise the name of its file.
        digest: hex digits by which it is anchored; otherwise that of its own method.
    """
    achieved = achieved_in(reading)
    parts = list(_certain(reading))
    main = next((each for each in parts if is_credential(each.members)), parts[0] if parts else None)
    members: Members = {} if main is None else main.members
    issuer_id = _issuer_id(members)
    languages = (tag for each in achieved for tag in each.name if tag != UNSAID)
    return Item(
        position=position,
        name=name or reading.name,
        checked=checked,
        identifier=identifier_of(members) or identifier_of(members.get("jti")),
        digest=digest or ("" if reading.digest is None else reading.digest.value.hex()),
        issuer_name=_issuer_name(members),
        issuer_id=issuer_id,
        issuer_confirmed=bool(issuer_id and checked.issuer_uri) and is_of_party(issuer_id, checked.issuer_uri),
        subject=_subject_id(members),
        valid_from=_latest(parts),
        valid_until=_earliest(parts),
        achieved=achieved,
        language=_language(members) or next(languages, UNSAID),
        wholes=tuple(_wholes(members)),
    )


def _wholes(members: Members) -> Iterator[str]:
    """The awards of which a credential says that it is a part, as our own granular ones do: by `evidence`."""
    for each in objects(members.get("evidence")):
        if each.get("genre") == _WHOLE and (whole := identifier_of(each)):
            yield whole


def _certain(reading: Reading) -> Iterator[Part]:
    """The parts that have one reading."""
    doubtful = {each.where for each in reading.unread if each.is_statement}
    for part in reading.parts:
        if not any(part.where == place or not place or part.where.startswith(f"{place}, ") for place in doubtful):
            yield part


def _of_subject(
    subject: Members, credential: Members, language: str, most: int, *, shows_all: bool
) -> Iterator[Achieved]:
    if is_learning_model(subject):
        yield from LearningModel(credential, language, shows_all=shows_all).claims(subject, most)
    stated = list(objects(subject.get("achievement"), most=max(most, 0)))
    if len(stated) > 1 and subject.get("creditsEarned") is not None:
        # Of which of them they were earned, or whether of all together, it does not say.
        subject, shows_all = {name: each for name, each in subject.items() if name != "creditsEarned"}, False
    for each in stated:
        yield achievement(each, subject, language, shows_all=shows_all)
    yield from awards(subject, language)


def _append(found: list[Achieved], own: Iterable[Achieved]) -> None:
    """Add achievements with their wholes in their new places; what is there already stands once."""
    places: list[int] = []
    for each in own:
        moved = replace(each, whole=None if each.whole is None else places[each.whole])
        if moved in found:
            places.append(found.index(moved))
        else:
            places.append(len(found))
            found.append(moved)


def _associated(found: list[Achieved], records: Iterable[Members]) -> list[Achieved]:
    """The same, with what the associations of records say is part of what."""
    place = {each.identifier: at for at, each in reversed(list(enumerate(found))) if each.identifier}
    for record in records:
        for subject in objects(record.get("credentialSubject")):
            for each in objects(subject.get("association"), most=MOST_ACHIEVED):
                kind = each.get("associationType")
                source, target = (place.get(identifier_of(each.get(name))) for name in ("sourceId", "targetId"))
                part, whole = (target, source) if kind == _PARENT else (source, target)
                if part is None or whole is None or part == whole or not isinstance(kind, str):
                    continue
                if (kind == _PARENT or kind in _PART_OF) and found[part].whole is None:
                    found[part] = replace(found[part], whole=whole)
    return found


def _is_record(members: Members) -> bool:
    return any(each.get(_RECORD) not in (None, []) for each in objects(members.get("credentialSubject")))


def _language(credential: Members) -> str:
    """The language that a credential names for its texts."""
    context = credential.get("@context")
    contexts = context if isinstance(context, list) else [context]
    tagged = (each.get("@language") for each in contexts[:8] if isinstance(each, Mapping))
    return language_of(credential.get("@language")) or next(filter(None, map(language_of, tagged)), UNSAID)


def _issuers(members: Members) -> Iterator[Members]:
    """The issuer; in Open Badges 2.0 that of the badge, and in tokens the claim `iss`."""
    yield from objects(members.get("issuer"))
    for badge in objects(members.get("badge")):
        yield from objects(badge.get("issuer"))
    yield from objects(members.get("iss"))


def _issuer_id(members: Members) -> str:
    return next(filter(None, map(identifier_of, _issuers(members))), "")


def _issuer_name(members: Members) -> str:
    names: Iterator[Any] = (each.get(key) for each in _issuers(members) for key in ("name", "legalName", "prefLabel"))
    return next((text for name in names if (text := text_of(name, LONGEST_NAME))), "")


def _subject_id(members: Members) -> str:
    found = [identifier_of(each) for each in objects(members.get("credentialSubject"))]
    found += [identifier_of(members.get("sub"))]
    found += [text_of(each.get("identity")) for each in objects(members.get("recipient"))]
    return next(filter(None, found), "")


def _latest(parts: list[Part]) -> datetime | None:
    """The moment from which all parts are valid, as far as they state it."""
    spans = [
        each.span for part in parts for each in stated_dates(part.members, (*FROM, "nbf") if part.is_token else FROM)
    ]
    return max((each.earliest for each in spans if each is not None), default=None)


def _earliest(parts: list[Part]) -> datetime | None:
    """The moment from which not all parts are valid any more."""
    names = {True: (*UNTIL, "exp"), False: UNTIL}
    spans = [each.span for part in parts for each in stated_dates(part.members, names[part.is_token])]
    return min((each.latest for each in spans if each is not None), default=None)
