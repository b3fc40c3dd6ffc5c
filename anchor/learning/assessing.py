"""Assessments in files: rubrics and evidence in, records signed by assessors, and files of others made evidence."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from itertools import islice
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile, ZipInfo, is_zipfile

from anchor.issuing.credentials import random_urn
from anchor.issuing.signing import IssuingKey
from anchor.verifying.named import read_named
from registry.credential.digest import DEFAULT_LIMITS, DigestMethod
from registry.document.reading import Reading, read_document
from registry.errors import IntakeError, SettingsError
from registry.frameworks.members import MAX_BYTES
from registry.frameworks.model import Fault
from registry.learning.assessment.checking import (
    AtHand,
    Said,
    alike,
    check_records,
    same_person,
    signed_by_assessor,
    signed_with,
)
from registry.learning.assessment.evidence import evidence_bytes, results_evidence, statements_evidence
from registry.learning.assessment.qti import MOST_BYTES, AssessmentResult, NotResults, read_results
from registry.learning.assessment.records import (
    MOST_EMBEDDED,
    MOST_EVIDENCE,
    Assessed,
    Evidence,
    Genre,
    Learner,
    Mark,
    Person,
    Role,
    read_record,
    record_document,
)
from registry.learning.assessment.rubrics import Rubric, look_at_rubric, read_rubric
from registry.learning.assessment.signed_statements import (
    LONGEST_SIGNATURE,
    SignedBy,
    check_statement,
    signature_key,
)
from registry.learning.assessment.xapi import Export, Statement, read_export
from registry.proofs.signatures.keys import public_of
from registry.proofs.signatures.suites import sign
from registry.untrusted.archives import (
    UNREADABLE_ZIP,
    check_directory,
    is_encrypted,
    is_link,
    is_packed_usually,
    label,
    leads_out,
    unpacks_to_too_much,
    visible_entries,
)
from registry.untrusted.text import terminal_text

MOST_EXPORT: Final = 256 << 20
"""Longest export of a store that is read: it is mapped, and one statement at a time is parsed."""
MOST_AT_HAND: Final = 10_000
MOST_IN_ZIP: Final = 2_000
MOST_OUTCOMES: Final = 500_000
"""Results and outcome variables in all files of a ZIP together."""
_MOST_DIRECTORY: Final = 4 << 20
_MOST_UNPACKED: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A record as it is in its file."""

    name: str
    reading: Reading
    record: Assessed
    digest: bytes


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of a file that is no evidence: where it is, what it is called, and why."""

    entry: str
    identifier: str
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A file of evidence, not written yet.

    Attributes:
        evidence: what is in it.
        left_out: what is not.
    """

    evidence: dict[str, Any]
    left_out: tuple[LeftOut, ...]

    @property
    def content(self) -> bytes:
        """Of the file."""
        return evidence_bytes(self.evidence)


def rubric_in(path: Path) -> Rubric:
    """The rubric in a file; raises IntakeError (codes `unreadable`, `rubric`)."""
    return read_rubric(read_named(path, MAX_BYTES), str(path))


def look_at(path: Path) -> tuple[Rubric | None, tuple[Fault, ...]]:
    """The rubric in a file, and all that is wrong with it; raises IntakeError (codes `unreadable`, `rubric`)."""
    return look_at_rubric(read_named(path, MAX_BYTES), str(path))


def evidence_in(paths: Sequence[Path], *, embedded: bool = False) -> list[Evidence]:
    """Files as evidence: by their hash, and their bytes only where that is asked for.

    Raises:
        IntakeError: one cannot be read (code `unreadable`), there are more than are named (`too-many`), or one that is
            to be put in is too long (`too-large`).
    """
    if len(paths) > MOST_EVIDENCE:
        raise IntakeError(
            f"there are {len(paths):,} files of evidence, and at most {MOST_EVIDENCE} are named",
            remedy="Put them into a ZIP, and name that.",
            code="too-many",
        )
    return [_evidence(each, embedded=embedded) for each in paths]


def record_in(path: Path) -> RecordFile:
    """The record in a file.

    Raises:
        IntakeError: it cannot be read (code `unreadable`), or is none (`assessment-record`).
    """
    reading = read_document(read_named(path, DEFAULT_LIMITS.max_bytes), path.name)
    record = None if reading.members is None or reading.unread else read_record(reading.members)
    digest = next((each.value for each in reading.own if each.method is DigestMethod.VC_JCS), None)
    if record is None or digest is None:
        raise IntakeError(
            "it is no record of an assessment",
            where=str(path),
            remedy="Name a file that testamur assessment record, moderate or decide wrote.",
            code="assessment-record",
        )
    return RecordFile(path.name, reading, record, digest)


def signed_record(
    key: IssuingKey,
    rubric: Rubric,
    learner: Learner,
    assessor: Person,
    marks: Sequence[Mark],
    evidence: Sequence[Evidence],
    at: datetime,
    created: datetime,
    *,
    role: Role = Role.ASSESSMENT,
    comment: str = "",
) -> dict[str, Any]:
    """A record, signed by whoever assessed.

    Args:
        at: when it was assessed.
        created: when it is signed.

    Raises:
        SettingsError: who assessed or is assessed would be read otherwise than it was given (code `assessment-people`).
    """
    document = record_document(random_urn(), rubric, learner, assessor, marks, evidence, at, role=role, comment=comment)
    read = read_record(document)
    if read is None or not learner.identifier or (read.learner, read.assessor) != (learner, assessor):
        raise SettingsError(
            "the learner or the assessor cannot be written so that it is read again",
            remedy="Name the learner; a name or a number has up to 500 characters, a URI 2,000.",
            code="assessment-people",
        )
    for suite in key.suites:
        document = sign(document, key.key, key.method, created, suite)
    return document


def as_evidence(record: RecordFile, genre: Genre) -> Evidence:
    """A record as what another one is about."""
    return Evidence(record.digest, record.record.identifier or record.name, genre)


def refuse_one_person(record: RecordFile, moderator: Person, key: IssuingKey) -> None:
    """That a second person moderates what a first one assessed.

    Raises:
        SettingsError: both are one, or nothing tells them apart (code `four-eyes`); or the record is not as its
            assessor signed it (`assessment-changed`).
    """
    first = record.record.assessor
    members = record.reading.members or {}
    signed = signed_by_assessor(record.reading, record.record)
    if signed.said is Said.NO:
        raise _changed(record.name, signed.why)
    why = same_person(first, moderator)
    if why is None and signed_with(members, public_of(key.key)):
        why = "the assessor signed with the same key"
    why = why or alike(first, moderator)
    if why is not None:
        raise SettingsError(
            f"{terminal_text(moderator.name, 80)} cannot moderate it: {why}",
            where=record.name,
            remedy="Another person moderates, with a key and a DID of their own.",
            code="four-eyes",
        )


def refuse_other_moderation(record: RecordFile, moderation: RecordFile) -> None:
    """That a decision is about an assessment and its moderation, as their assessors signed them.

    Raises:
        SettingsError: the one does not moderate the other (code `other-moderation`), is by the same person
            (`four-eyes`), or something in them does not hold (`assessment-changed`).
    """
    if moderation.record.role is not Role.MODERATION or record.digest not in moderation.record.about:
        raise SettingsError(
            "it moderates another record",
            where=moderation.name,
            remedy=f"Name the moderation of {terminal_text(record.name, 80)}.",
            code="other-moderation",
        )
    for each in check_records([record.reading, moderation.reading]):
        if each.four_eyes is not None and each.four_eyes.said is Said.NO:
            raise SettingsError(
                f"it is no moderation by a second person: {each.four_eyes.why}",
                where=each.name,
                remedy="Another person moderates, with a key and a DID of their own.",
                code="four-eyes",
            )
        if each.answer.said is Said.NO:
            raise _changed(each.name, each.answer.why)


def at_hand(paths: Sequence[Path]) -> AtHand:
    """Files that may be the evidence, and those in folders, by hash and by name.

    Raises:
        IntakeError: one cannot be read (code `unreadable`), or there are more than are looked at (`too-many`).
    """
    names: dict[bytes, str] = {}
    hashes: dict[str, bytes] = {}
    for number, path in enumerate(_files(paths)):
        if number >= MOST_AT_HAND:
            raise IntakeError(
                f"there are more than {MOST_AT_HAND:,} files", where=str(path), remedy="Name fewer.", code="too-many"
            )
        sha256 = _hash(path)
        names.setdefault(sha256, path.name)
        hashes.setdefault(path.name, sha256)
    return AtHand(names, hashes)


def import_statements(
    path: Path,
    actor: str = "",
    *,
    identities: bool = False,
    attachments: Path | None = None,
    key: Path | None = None,
) -> Imported:
    """Evidence of an export of a learning record store.

    Args:
        actor: whose statements are taken: what stands in its mbox, mbox_sha1sum, openid or account name; "" for all.
        identities: whether people are named as the export names them.
        attachments: folder with the attachments, whatever they are called.
        key: file with the public key or certificate of the store.

    Raises:
        IntakeError: it cannot be read (`unreadable`), is longer than is read (`too-large`), or has no statement
            (`no-statements`).
        SettingsError: the key is none (`statement-key`).
    """
    wanted = _wanted(actor)
    with _mapped(path) as text:
        export = read_export(text, wanted)
        source = {"name": path.name, "sha256": _hash(path).hex(), "bytes": len(text)}
    if not export.statements:
        form = "Name an export of statements of xAPI 1.0.3: JSON, an array of them, or one a line."
        first = next((f"No. {each.number:,} was left out: {each.why}." for each in export.rejected), form)
        raise IntakeError(
            f"no statement in it is evidence{' of that person' if actor else ''}",
            where=str(path),
            remedy=first,
            code="no-statements",
        )
    signatures = dict(_signatures(export, attachments, key))
    evidence = statements_evidence(export, source, signatures, identities=identities)
    left = (LeftOut(f"statement no. {each.number:,}", each.identifier, each.why) for each in export.rejected)
    return Imported(evidence, tuple(left))


def import_results(path: Path, *, identities: bool = False) -> Imported:
    """Evidence of QTI results: of one file, or of those in a ZIP.

    Raises:
        IntakeError: it cannot be read (`unreadable`), or has no results (`no-results`).
    """
    results: list[tuple[str, AssessmentResult]] = []
    left: list[LeftOut] = []
    outcomes = 0
    for name, data in _contents(path):
        if isinstance(data, str):
            left.append(LeftOut(name, "", data))
            continue
        try:
            found = read_results(data)
        except NotResults as error:
            left.append(LeftOut(name, "", f"it {error}"))
            continue
        outcomes += sum(1 + len(each.variables) for each in found.results)
        if outcomes > MOST_OUTCOMES:
            left.append(LeftOut(name, "", "there is more in the ZIP than is read"))
            break
        results.append((name, found))
    if not results:
        raise IntakeError(
            "there are no results of tests in it",
            where=str(path),
            remedy=f"{left[0].entry}: {left[0].why}." if left else "Name an assessmentResult of QTI, or a ZIP of them.",
            code="no-results",
        )
    source = {"name": path.name, "sha256": _hash(path).hex(), "bytes": path.stat().st_size}
    return Imported(results_evidence(results, source, identities=identities), tuple(left))


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    """A file in memory as far as it is looked at."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_EXPORT:
                raise IntakeError(
                    f"it has {size:,} bytes, and at most {MOST_EXPORT:,} are read",
                    where=str(path),
                    remedy="Have the store export a shorter time, or the statements of one person.",
                    code="too-large",
                )
            if size == 0:  # which cannot be mapped
                yield b""
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                yield text
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _evidence(path: Path, *, embedded: bool) -> Evidence:
    sha256 = _hash(path)
    content = None
    if embedded:
        content = read_named(path, MOST_EMBEDDED)
        if len(content) > MOST_EMBEDDED:
            raise IntakeError(
                f"it has more than {MOST_EMBEDDED:,} bytes, the most that are put into a record",
                where=str(path),
                remedy="Leave --embed out: then the record names it by its hash.",
                code="too-large",
            )
    return Evidence(sha256, label(path.name), media_type=guess_type(path.name)[0] or "", content=content)


def _hash(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").digest()
    except OSError as error:
        raise _unreadable(path, error) from None


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, _, names in os.walk(path):
            # Pipes and devices have no end, or never begin.
            yield from (each for name in sorted(names) if (each := Path(folder, name)).is_file())


def _wanted(actor: str) -> Callable[[Statement], bool]:
    """Whether a statement is of a person, by any of the identifiers of xAPI."""
    if not actor:
        return lambda _: True
    named = actor.casefold().strip()

    def is_of(statement: Statement) -> bool:
        kind, _, value = statement.actor.partition(" ")
        value = value.casefold()
        if kind == "account":  # its name comes after its home page, which has no space
            value = value.partition(" ")[2]
        return value in (named, f"mailto:{named}")

    return is_of


def _signatures(
    export: Export, attachments: Path | None, key_file: Path | None
) -> Iterator[tuple[str, tuple[SignedBy, str]]]:
    """What came of the signatures of those that are signed, where a key was given."""
    signed = [each for each in export.statements if each.signatures]
    if key_file is None:
        return
    key = signature_key(read_named(key_file, LONGEST_SIGNATURE), str(key_file))
    at_place = {_hash(each).hex(): each for each in islice(_files([attachments]), MOST_AT_HAND)} if attachments else {}
    for each in signed:
        # A statement has one signature (part two, section 2.6).
        place = at_place.get(each.signatures[0])
        if place is None:
            yield each.identifier, (SignedBy.UNCHECKED, "its signature is not at hand")
        else:
            yield each.identifier, check_statement(each.signed, read_named(place, LONGEST_SIGNATURE), key)


def _contents(path: Path) -> Iterator[tuple[str, bytes | str]]:
    """The file, or the XML files in a ZIP; in place of the bytes of one that is not read, why."""
    if not is_zipfile(path):
        yield label(path.name), read_named(path, MOST_BYTES)
        return
    left = _MOST_UNPACKED
    try:
        with path.open("rb") as file:
            check_directory(file, _MOST_DIRECTORY)
            with ZipFile(file) as archive:
                entries = [each for each in visible_entries(archive) if each.filename.lower().endswith(".xml")]
                for number, entry in enumerate(entries):
                    left -= entry.file_size
                    if number >= MOST_IN_ZIP or left < 0:
                        yield label(entry.filename), "there is more in the ZIP than is read"
                        return
                    why = _refused(entry)
                    yield label(entry.filename), why or archive.read(entry)
    except UNREADABLE_ZIP as error:
        raise _unreadable(path, error) from None


def _refused(entry: ZipInfo) -> str | None:
    """Why a file in a ZIP is not unpacked."""
    if is_encrypted(entry):
        return "it needs a password"
    if is_link(entry) or not is_packed_usually(entry):
        return "it is no file that is packed as usual"
    return leads_out(entry.filename) or unpacks_to_too_much(entry, MOST_BYTES)


def _changed(name: str, why: str) -> SettingsError:
    return SettingsError(why, where=name, remedy="Ask the assessor for the record again.", code="assessment-changed")


def _unreadable(path: Path, error: Exception) -> IntakeError:
    reason = getattr(error, "strerror", None) or str(error)
    return IntakeError(f"it cannot be read: {terminal_text(reason, 200)}", where=str(path), code="unreadable")
