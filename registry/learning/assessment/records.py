"""Records of assessments as Open Badges 3.0 credentials: who assessed what of whom, when, with what evidence.

A record is issued by the person who assessed, whose signature it has. A moderation is a record of another person about
the same, which names the record by its digest; where the two differ, a decision is a third one that names both. So each
mark stays as its assessor signed it, and each is anchored as every other credential is.

Evidence is named by the hash of its bytes (`ni:///sha-256;…`, RFC 6920), a record by that of its RFC 8785 form without
its proofs, which is its digest here. Terms are those of Open Badges 3.0 and of Verifiable Credentials 2.0 alone, so
that verifiers of others know them all.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256 as hash_of
from typing import Any, Final

from registry.errors import SettingsError
from registry.learning.assessment.rubrics import LEVELS, MOST_CRITERIA, POINTS, Criterion, Rubric, rubric_of
from registry.learning.statements.members import identifier_of, objects, text_of
from registry.timestamps import write_timestamp
from registry.untrusted.text import terminal_text

CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
MOST_EVIDENCE: Final = 64
LONGEST_COMMENT: Final = 4000
MOST_EMBEDDED: Final = 1 << 20
"""Longest file that is put into a record."""

MOST_ABOUT: Final = 2
"""Records that one is about: an assessment that is moderated, or that and its moderation."""

_NAMED: Final = re.compile(r"ni:///sha-256;([A-Za-z0-9_-]{43})")
_EMBEDDED: Final = re.compile(r"data:([^,;]{0,200});base64,([A-Za-z0-9+/]*={0,2})", re.ASCII)


class Role(StrEnum):
    """What a record is; the value is what its `name` begins with, and `genre` of the evidence says of which one."""

    ASSESSMENT = "Assessment"
    MODERATION = "Moderation"
    DECISION = "Decision"


class Genre(StrEnum):
    """`genre` of an evidence: a file, or a record that is moderated or decided about."""

    FILE = "file"
    MODERATED = "moderated assessment"
    DECIDED = "assessment decided about"


_ROLES: Final = {Genre.MODERATED: Role.MODERATION, Genre.DECIDED: Role.DECISION}


@dataclass(frozen=True, slots=True)
class Person:
    """Who assesses.

    Attributes:
        did: whose key signs.
        staff: what the institution calls the person, such as a staff number; "" where it is not said.
        institution: URL or DID of the institution for which the person acts; "" where it is not said.
    """

    did: str
    name: str
    staff: str = ""
    institution: str = ""


@dataclass(frozen=True, slots=True)
class Learner:
    """Who is assessed: by a URI, or by what else the institution calls the person; the name is not needed."""

    identifier: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was found of one criterion: the identifier of a level, or points as text."""

    criterion: str
    value: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that a record names.

    Attributes:
        sha256: of its bytes, or the digest of a record; empty where it was read and names neither.
        name: for people.
        media_type: "" where it is not known.
        content: its bytes, where it is put into the record; None where it is named alone.
    """

    sha256: bytes
    name: str
    genre: Genre = Genre.FILE
    media_type: str = ""
    content: bytes | None = None

    @property
    def uri(self) -> str:
        """By which it is named, or which it is."""
        if self.content is None:
            return hash_uri(self.sha256)
        return f"data:{self.media_type or 'application/octet-stream'};base64,{b64encode(self.content).decode()}"


@dataclass(frozen=True, slots=True)
class Assessed:
    """A record as it was read; whatever is missing or has no form is empty.

    Attributes:
        identifier: `id` of the credential.
        marks: by the identifier of their criterion, each once, in the order of the record.
        at: when it was assessed, as written.
        comment: of whoever assessed; "" where there is none.
        unclear: what of it is more than is read or may be taken in two ways, in sentences.
    """

    identifier: str
    role: Role
    assessor: Person
    learner: Learner
    rubric: Rubric
    marks: tuple[Mark, ...]
    evidence: tuple[Evidence, ...]
    at: str
    comment: str
    unclear: tuple[str, ...] = ()

    def mark(self, criterion: str) -> str:
        """The mark for a criterion by its identifier; "" where there is none."""
        return next((each.value for each in self.marks if each.criterion == criterion), "")

    @property
    def about(self) -> tuple[bytes, ...]:
        """Digests of the records that it moderates or decides about."""
        return tuple(each.sha256 for each in self.evidence if each.genre is not Genre.FILE)


def record_document(
    identifier: str,
    rubric: Rubric,
    learner: Learner,
    assessor: Person,
    marks: Sequence[Mark],
    evidence: Sequence[Evidence],
    at: datetime,
    *,
    role: Role = Role.ASSESSMENT,
    comment: str = "",
) -> dict[str, Any]:
    """The credential of a record, not signed yet.

    Args:
        identifier: that nobody guesses, since the learner may be guessed.
        marks: one for each criterion, as `read_marks` makes them.
        evidence: files, and the records that it is about.
        at: when it was assessed.
    """
    subject: dict[str, Any] = {"type": ["AchievementSubject"], **_subject(learner)}
    if comment:
        subject["narrative"] = comment
    subject["result"] = [_result(rubric, each) for each in marks]
    subject["achievement"] = achievement_of(rubric)
    document: dict[str, Any] = {
        "@context": list(CONTEXTS),
        "id": identifier,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{role}: {rubric.title}",
        "issuer": _profile(assessor),
        "validFrom": write_timestamp(at),
        "awardedDate": write_timestamp(at),
        "credentialSubject": subject,
    }
    if evidence:
        document["evidence"] = [
            {"id": each.uri, "type": ["Evidence"], "name": each.name, "genre": each.genre.value} for each in evidence
        ]
    if related := [_related(each) for each in evidence if each.content is None and each.genre is Genre.FILE]:
        document["relatedResource"] = related
    return document


def achievement_of(rubric: Rubric) -> dict[str, Any]:
    """The rubric as an achievement of the type Assessment, which is not the achievement that it is about."""
    achievement: dict[str, Any] = {
        "id": rubric.identifier,
        "type": ["Achievement"],
        "achievementType": "Assessment",
        "inLanguage": rubric.language,
        "name": rubric.title,
        "description": rubric.description or rubric.title,
        "criteria": {"narrative": "; ".join(each.name for each in rubric.criteria)},
        "resultDescription": [_described(each) for each in rubric.criteria],
    }
    if rubric.assesses:
        achievement["related"] = [{"id": rubric.assesses, "type": ["Related"]}]
    return achievement


def read_marks(rubric: Rubric, given: Sequence[str]) -> tuple[Mark, ...]:
    """Marks as people write them, `structure=proficient` or `exam=71.5`, one for each criterion.

    Raises:
        SettingsError: one is missing, twice, or none of the rubric's (code `assessment-mark`).
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        criterion = rubric.criterion(name)
        if not equals or criterion is None:
            known = ", ".join(each.key for each in rubric.criteria)
            raise _unfit(f"{terminal_text(text, 80)!r} names no criterion of the rubric", f"They are: {known}.")
        if criterion.identifier in found:
            raise _unfit(f"the criterion {criterion.key} has two marks", "Give one.")
        found[criterion.identifier] = _mark(criterion, value)
    missing = [each.key for each in rubric.criteria if each.identifier not in found]
    if missing:
        raise _unfit(f"there is no mark for {', '.join(missing)}", "Give one with --mark CRITERION=MARK for each.")
    return tuple(Mark(each.identifier, found[each.identifier]) for each in rubric.criteria)


def read_record(members: Mapping[str, Any]) -> Assessed | None:
    """The record that a credential is; None where it is none, or is one of several people or achievements."""
    subject = _only(members.get("credentialSubject"))
    achievement = _only(subject.get("achievement"))
    if len(list(objects(members.get("issuer"), most=2))) > 1:
        return None
    if achievement.get("achievementType") != "Assessment" or not isinstance(subject.get("result"), list):
        return None
    rubric = rubric_of(achievement)
    if not rubric.criteria:
        return None
    evidence = tuple(_read_evidence(members))
    marks: dict[str, Mark] = {}
    for each in objects(subject.get("result")):
        criterion = identifier_of(each.get("resultDescription"))
        value = identifier_of(each.get("achievedLevel")) or text_of(each.get("value"))
        if criterion and value:
            marks.setdefault(criterion, Mark(criterion, value))
    about = (role for genre, role in _ROLES.items() if any(each.genre is genre for each in evidence))
    return Assessed(
        identifier=identifier_of(members),
        role=next(about, Role.ASSESSMENT),
        assessor=_read_person(members),
        learner=_read_learner(subject),
        rubric=rubric,
        marks=tuple(marks.values()),
        evidence=evidence,
        at=text_of(members.get("awardedDate")) or text_of(members.get("validFrom")),
        comment=text_of(subject.get("narrative"), LONGEST_COMMENT),
        unclear=tuple(dict.fromkeys(_unclear(members, subject, achievement, rubric, evidence))),
    )


def hash_uri(sha256: bytes) -> str:
    """The name of what has this hash (RFC 6920, section 3)."""
    return f"ni:///sha-256;{urlsafe_b64encode(sha256).decode().rstrip('=')}"


def hash_of_uri(uri: str) -> bytes | None:
    """The hash that a name of RFC 6920 has; None of anything else."""
    found = _NAMED.fullmatch(uri)
    return urlsafe_b64decode(f"{found[1]}=") if found else None


def _subject(learner: Learner) -> dict[str, Any]:
    is_uri = ":" in learner.identifier and " " not in learner.identifier
    named = [
        {"type": "IdentityObject", "hashed": False, "identityHash": text, "identityType": kind}
        for text, kind in ((learner.name, "name"), ("" if is_uri else learner.identifier, "identifier"))
        if text
    ]
    return {**({"id": learner.identifier} if is_uri else {}), **({"identifier": named} if named else {})}


def _profile(person: Person) -> dict[str, Any]:
    profile: dict[str, Any] = {"id": person.did, "type": ["Profile"], "name": person.name}
    if person.staff:
        entry = {"type": "IdentifierEntry", "identifier": person.staff, "identifierType": "identifier"}
        profile["otherIdentifier"] = [entry]
    if person.institution:
        # By its address the institution that anchors it is known as the one that the assessor acts for.
        if person.institution.startswith(("https://", "http://")):
            profile["url"] = person.institution
        profile["parentOrg"] = {"id": person.institution, "type": ["Profile"]}
    return profile


def _described(criterion: Criterion) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": criterion.identifier,
        "type": ["ResultDescription"],
        "name": criterion.name,
        "resultType": LEVELS if criterion.levels else POINTS,
    }
    if criterion.levels:
        described["rubricCriterionLevel"] = [
            {
                "id": level.identifier,
                "type": ["RubricCriterionLevel"],
                "name": level.name,
                **({"description": level.description} if level.description else {}),
                **({"points": level.points} if level.points else {}),
            }
            for level in criterion.levels
        ]
        if needed := criterion.level(criterion.required) if criterion.required else None:
            described["requiredLevel"] = needed.identifier
        return described
    described |= {"valueMin": str(criterion.lowest), "valueMax": str(criterion.highest)}
    return described | ({"requiredValue": criterion.required} if criterion.required else {})


def _result(rubric: Rubric, mark: Mark) -> dict[str, Any]:
    criterion = rubric.criterion(mark.criterion)
    member = "achievedLevel" if criterion is not None and criterion.levels else "value"
    return {"type": ["Result"], "resultDescription": mark.criterion, member: mark.value}


def _related(evidence: Evidence) -> dict[str, Any]:
    """The bytes of a file as Verifiable Credentials 2.0 binds them (section 5.3)."""
    bound = {"id": evidence.uri, "digestSRI": _integrity(evidence.sha256)}
    return bound | ({"mediaType": evidence.media_type} if evidence.media_type else {})


def _integrity(sha256: bytes) -> str:
    return f"sha256-{b64encode(sha256).decode()}"


def _mark(criterion: Criterion, value: str) -> str:
    if criterion.levels:
        level = criterion.level(value)
        if level is None:
            known = ", ".join(each.key for each in criterion.levels)
            raise _unfit(f"{terminal_text(value, 60)!r} is no level of {criterion.key}", f"They are: {known}.")
        return level.identifier
    if not criterion.fits(value):
        raise _unfit(
            f"{terminal_text(value, 60)!r} is no number of points for {criterion.key}",
            f"They are from {criterion.lowest} to {criterion.highest}, with a point for decimals.",
        )
    return value


def _read_evidence(members: Mapping[str, Any]) -> Iterator[Evidence]:
    types = {identifier_of(each): text_of(each.get("mediaType")) for each in objects(members.get("relatedResource"))}
    genres = {genre.value: genre for genre in Genre}
    for each in objects(members.get("evidence"), most=MOST_EVIDENCE + MOST_ABOUT):
        uri, genre = identifier_of(each), genres.get(text_of(each.get("genre")), Genre.FILE)
        name = text_of(each.get("name"))
        if (sha256 := hash_of_uri(uri)) is not None:
            yield Evidence(sha256, name, genre, types.get(uri, ""))
        elif genre is Genre.FILE and (embedded := _embedded(each.get("id"))) is not None:
            media_type, content = embedded
            yield Evidence(hash_of(content).digest(), name, genre, media_type, content)
        else:
            yield Evidence(b"", name or uri, genre)


def _embedded(uri: object) -> tuple[str, bytes] | None:
    """Type and bytes of a file that is put into a record; None of anything else."""
    found = _EMBEDDED.fullmatch(uri) if isinstance(uri, str) else None
    if found is None or len(found[2]) % 4:
        return None
    return found[1], b64decode(found[2])


def _only(value: object) -> Mapping[str, Any]:
    """The one object of a member; nothing where there are several."""
    found = list(objects(value, most=2))
    return found[0] if len(found) == 1 else {}


def _unclear(
    members: Mapping[str, Any],
    subject: Mapping[str, Any],
    achievement: Mapping[str, Any],
    rubric: Rubric,
    evidence: Sequence[Evidence],
) -> Iterator[str]:
    most = MOST_EVIDENCE + MOST_ABOUT
    if len(list(objects(members.get("evidence"), most=most + 1))) > most:
        yield "it names more evidence than is read"
    described, results = achievement.get("resultDescription"), subject.get("result")
    if any(len(list(objects(each, most=MOST_CRITERIA + 1))) > MOST_CRITERIA for each in (described, results)):
        yield "it has more criteria or marks than are read"
    named = [identifier_of(each.get("resultDescription")) for each in objects(results)]
    known = [each.identifier for each in rubric.criteria]
    for each in rubric.criteria:
        if named.count(each.identifier) > 1 or known.count(each.identifier) > 1:
            yield f"it has {each.key} more than once"
    for bound in objects(members.get("relatedResource")):
        sha256, stated = hash_of_uri(identifier_of(bound)), text_of(bound.get("digestSRI"))
        if sha256 is not None and stated.startswith("sha256-") and stated != _integrity(sha256):
            yield "it has two hashes of one file"
    if len({each.genre for each in evidence} - {Genre.FILE}) > 1:
        yield "it moderates and decides at once"


def _read_person(members: Mapping[str, Any]) -> Person:
    issuer = next(objects(members.get("issuer")), {})
    entries = (text_of(each.get("identifier")) for each in objects(issuer.get("otherIdentifier")))
    institution = next((identifier_of(each) for each in objects(issuer.get("parentOrg"))), "")
    return Person(identifier_of(issuer), text_of(issuer.get("name")), next(filter(None, entries), ""), institution)


def _read_learner(subject: Mapping[str, Any]) -> Learner:
    entries = objects(subject.get("identifier"))
    named = {text_of(each.get("identityType")): text_of(each.get("identityHash")) for each in entries}
    return Learner(identifier_of(subject) or named.get("identifier", ""), named.get("name", ""))


def _unfit(what: str, remedy: str) -> SettingsError:
    return SettingsError(what, where="--mark", remedy=remedy, code="assessment-mark")
