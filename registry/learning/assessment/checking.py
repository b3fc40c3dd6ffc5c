"""What can be said of records of assessments: whose signatures hold, whether a second person moderated, what differs.

Pure: readings and hashes in. What could not be checked is unknown, and never good.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from registry.credential.digest import DigestMethod
from registry.document.reading import Reading
from registry.document.signatures import DidDocuments, Held
from registry.errors import ProofError, Unfetched
from registry.learning.assessment.records import Assessed, Evidence, Genre, Person, Role, read_record
from registry.proofs.signatures.did_documents import authorised_key
from registry.proofs.signatures.keys import PublicKey, key_of_method, write_public_key
from registry.proofs.signatures.suites import is_ours, proofs_of, verify_proof
from registry.untrusted.names import is_same_name

MOST_PROOFS: Final = 8
"""Proofs of one record whose keys are compared."""


class Said(StrEnum):
    """An answer; `unknown` is the one that is missing."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and why, for people."""

    said: Said
    why: str = ""


@dataclass(frozen=True, slots=True)
class AtHand:
    """Files that are at hand: their names by hash, and their hashes by name."""

    names: Mapping[bytes, str] = field(default_factory=dict)
    hashes: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """Evidence that a record names.

    Attributes:
        answer: yes where a file with its hash is at hand or in the record, no where one of its name has another, else
            unknown.
    """

    evidence: Evidence
    answer: Answer


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """One record, and what came of checking it.

    Attributes:
        name: of its file.
        digest: by which it is anchored, and by which others name it.
        signed: whether its assessor signed it.
        four_eyes: of a moderation, whether it is by another person than what it moderates; None of what is none.
        wrong: what does not fit what it is about, in sentences.
        missing: how many of the records that it is about are not at hand.
        differs: of a moderation, identifiers of the criteria whose marks are others than in what it moderates.
    """

    name: str
    digest: bytes
    record: Assessed
    signed: Answer
    four_eyes: Answer | None
    files: tuple[CheckedFile, ...]
    wrong: tuple[str, ...]
    missing: int
    differs: tuple[str, ...]

    @property
    def answer(self) -> Answer:
        """Of all that was checked the worst: no before unknown before yes."""
        answers = [self.signed, *([self.four_eyes] if self.four_eyes else []), *(each.answer for each in self.files)]
        answers += [Answer(Said.NO, each) for each in self.wrong]
        answers += [Answer(Said.UNKNOWN, "a record that it is about is not at hand")] * bool(self.missing)
        for said in (Said.NO, Said.UNKNOWN):
            if found := next((each for each in answers if each.said is said), None):
                return found
        return Answer(Said.YES)


class NoDocuments:
    """Where no DID documents were handed in."""

    def document(self, did: str) -> Mapping[str, Any]:
        """None of any DID."""
        raise Unfetched(f"the DID document of {did[:200]} is not at hand", remedy="Give it with --did-document.")


@dataclass(frozen=True, slots=True)
class _Read:
    name: str
    digest: bytes
    members: Mapping[str, Any]
    record: Assessed
    signed: Answer
    keys: tuple[PublicKey, ...]


def check_records(
    readings: Iterable[Reading], at_hand: AtHand = AtHand(), documents: DidDocuments | None = None
) -> tuple[CheckedRecord, ...]:
    """Check each record among the readings, beside the others; what is no record is left out.

    Args:
        at_hand: files that may be the evidence.
        documents: DID documents that whoever checks believes.
    """
    believed = documents or NoDocuments()
    found = [read for each in readings if (read := _read(each, believed)) is not None]
    known = {each.digest: each for each in found}
    return tuple(_checked(each, known, at_hand) for each in found)


def same_person(first: Person, second: Person) -> str | None:
    """Why two people are one by what is said of them; None where nothing says so."""
    if _plain_did(first.did) == _plain_did(second.did):
        return "both have the same DID"
    known = {_plain(first.institution), _plain(second.institution)} - {""}
    if first.staff and _plain(first.staff) == _plain(second.staff) and len(known) < 2:
        return "both have the same staff identifier"
    return None


def alike(first: Person, second: Person) -> str | None:
    """Why two people may be one, though nothing says so; None where their names or staff identifiers tell them apart.

    Identifiers of two institutions, or of none that is named alike, tell nobody apart.
    """
    told_apart = (
        all((first.staff, second.staff))
        and _plain(first.staff) != _plain(second.staff)
        and _plain(first.institution) == _plain(second.institution)
    )
    if is_same_name(first.name, second.name) and not told_apart:
        return "both have the same name, and no staff identifiers of one institution tell them apart"
    return None


def signed_with(members: Mapping[str, Any], key: PublicKey) -> bool:
    """Whether one of the proofs of a credential is this key's, whatever it says whose it is."""
    for proof in proofs_of(members)[:MOST_PROOFS]:
        if is_ours(proof):
            try:
                verify_proof(members, proof, key)
            except ProofError:
                continue
            return True
    return False


def _read(reading: Reading, documents: DidDocuments) -> _Read | None:
    members = reading.members
    digest = next((each for each in reading.own if each.method is DigestMethod.VC_JCS), None)
    if members is None or digest is None or any(each.is_statement for each in reading.unread):
        return None
    record = read_record(members)
    if record is None:
        return None
    signed = signed_by_assessor(reading, record, documents)
    return _Read(reading.name, digest.value, members, record, signed, tuple(_keys(members, documents)))


def signed_by_assessor(reading: Reading, record: Assessed, documents: DidDocuments | None = None) -> Answer:
    """Whether the assessor signed; signatures of others, and of what the record has in it, say nothing of it."""
    assessor = _plain_did(record.assessor.did)
    whole = replace(reading, parts=reading.parts[:1]).signed_by(documents or NoDocuments()).signed.found
    own = [each for each in whole if each.signer == assessor]
    if any(each.held is Held.BROKEN for each in (*whole, *reading.signed.found)):
        return Answer(Said.NO, "a signature in it does not hold: it was changed, or is not of that key")
    if any(each.held is Held.FORBIDDEN for each in own):
        return Answer(Said.NO, "the assessor's DID document does not give the key")
    if any(each.held is Held.HOLDS and each.ended is None for each in own):
        return Answer(Said.YES)
    if any(each.held is Held.HOLDS for each in own):
        return Answer(
            Said.UNKNOWN, "its DID document gives its key an end; testamur verify says whether it was anchored before"
        )
    if not reading.signatures:
        return Answer(Said.NO, "nobody signed it")
    why = next((each.why for each in whole if each.why), "")
    return Answer(Said.UNKNOWN, why or "none of its signatures is one of its assessor's that could be checked")


def _checked(each: _Read, known: Mapping[bytes, _Read], at_hand: AtHand) -> CheckedRecord:
    about = [known[digest] for digest in each.record.about if digest in known and digest != each.digest]
    missing = len(each.record.about) - len(about)
    is_moderation = each.record.role is Role.MODERATION
    return CheckedRecord(
        name=each.name,
        digest=each.digest,
        record=each.record,
        signed=each.signed,
        four_eyes=_four_eyes(each, about, missing) if is_moderation else None,
        files=tuple(_file(one, at_hand) for one in each.record.evidence if one.genre is Genre.FILE),
        wrong=(*each.record.unclear, *_wrong(each, about, missing)),
        missing=missing,
        differs=tuple(_differing(each, about)) if is_moderation else (),
    )


def _four_eyes(moderation: _Read, about: Sequence[_Read], missing: int) -> Answer:
    answers = [_two_people(moderation, each) for each in about]
    if missing:
        answers.append(Answer(Said.UNKNOWN, "the record that it moderates is not at hand"))
    return next((each for said in (Said.NO, Said.UNKNOWN) for each in answers if each.said is said), answers[0])


def _two_people(one: _Read, other: _Read) -> Answer:
    first, second = one.record.assessor, other.record.assessor
    if (why := same_person(first, second)) is not None:
        return Answer(Said.NO, why)
    if any(signed_with(b.members, key) for a, b in ((one, other), (other, one)) for key in a.keys):
        return Answer(Said.NO, "both signed with the same key")
    if one.signed.said is not Said.YES or other.signed.said is not Said.YES:
        return Answer(Said.UNKNOWN, "not both signatures were found to hold")
    if (why := alike(first, second)) is not None:
        return Answer(Said.UNKNOWN, why)
    return Answer(Said.YES)


def _wrong(each: _Read, about: Sequence[_Read], missing: int) -> Iterator[str]:
    if not each.record.learner.identifier:
        yield "it does not say which learner it is about"
    if each.record.role is Role.DECISION and not missing and not _are_two(about):
        yield "it decides about no assessment and its moderation"
    for other in about:
        if other.record.learner.identifier != each.record.learner.identifier:
            yield f"{other.name} is about another learner"
        if other.record.rubric != each.record.rubric:
            yield f"{other.name} has another rubric"
    unmarked = [one.key for one in each.record.rubric.criteria if not each.record.mark(one.identifier)]
    if unmarked:
        yield f"it has no mark for {', '.join(unmarked)}"
    for one in each.record.rubric.criteria:
        mark = each.record.mark(one.identifier)
        if mark and not one.fits(mark):
            yield f"its mark for {one.key} is none of the rubric's"


def _are_two(about: Sequence[_Read]) -> bool:
    """Whether there is a moderation among the records, and what it moderates."""
    digests = {each.digest for each in about}
    return any(each.record.role is Role.MODERATION and digests & set(each.record.about) for each in about)


def _differing(moderation: _Read, about: Sequence[_Read]) -> Iterator[str]:
    for criterion in moderation.record.rubric.criteria:
        own = moderation.record.mark(criterion.identifier)
        if not all(criterion.is_same(other.record.mark(criterion.identifier), own) for other in about):
            yield criterion.identifier


def _file(evidence: Evidence, at_hand: AtHand) -> CheckedFile:
    if evidence.content is not None:
        return CheckedFile(evidence, Answer(Said.YES, "it is in the record"))
    if not evidence.sha256:
        return CheckedFile(evidence, Answer(Said.UNKNOWN, "the record names it without a hash"))
    if evidence.sha256 in at_hand.names:
        return CheckedFile(evidence, Answer(Said.YES, at_hand.names[evidence.sha256]))
    if evidence.name in at_hand.hashes:
        return CheckedFile(evidence, Answer(Said.NO, "the file of this name has another hash"))
    return CheckedFile(evidence, Answer(Said.UNKNOWN, "it is not at hand"))


def _keys(members: Mapping[str, Any], documents: DidDocuments) -> Iterator[PublicKey]:
    """The keys that its proofs name, as far as they are known, each once."""
    seen: set[str] = set()
    for proof in proofs_of(members)[:MOST_PROOFS]:
        method = proof.get("verificationMethod")
        if not isinstance(method, str) or method in seen:
            continue
        seen.add(method)
        try:
            if method.startswith("did:key:"):
                key = key_of_method(method)
            else:
                key = authorised_key(documents.document(method.partition("#")[0]), method).key
        except (ProofError, Unfetched):
            continue
        if (written := write_public_key(key)) not in seen:
            seen.add(written)
            yield key


def _plain(text: str) -> str:
    """A staff identifier or an address as people compare them."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip("/")


def _plain_did(did: str) -> str:
    return did.partition("#")[0].strip()
