"""Status jobs come in: what an issuer asks for is checked as a whole, and stored before anything is promised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from anchor.books.batches import BatchStore
from anchor.books.status_jobs import NewStatusJob, StatusJob, StatusJobStore
from anchor.notices.notices import Notices
from registry.credential.digest import digest_given
from registry.credential.strictjson import Limits, parse_json
from registry.errors import CredentialError, IntakeError, NotPossible, RegistryError
from registry.records import Act
from registry.timestamps import asked_moment
from registry.untrusted.hashes import read_hash

MOST_DIGESTS: Final = 10_000
LONGEST_NOTE: Final = 1_000
MOST_BYTES: Final = 1 << 20
MOST_DEPTH: Final = 4
SHOWN: Final = 3
ACTS: Final = (Act.REVOKE, Act.SUSPEND, Act.REINSTATE, Act.VOID)
MEMBERS: Final = ("act", "digests", "batch", "placeOnly", "withoutAnchor", "reason", "note", "urgent", "notBefore")


class StatusDesk:
    """Takes status jobs in, for HTTP and for the command line alike."""

    def __init__(self, jobs: StatusJobStore, batches: BatchStore, notices: Notices):
        self._jobs = jobs
        self._batches = batches
        self._notices = notices

    def take(self, new: NewStatusJob) -> tuple[StatusJob, bool]:
        """Store a job, or find the one that came with the same key before; whether it is new.

        Raises:
            IntakeError: it names too many credentials, or some that are in no batch of the issuer here.
        """
        try:
            if (known := self._jobs.repeated(new)) is not None:
                return known, False
            self._check(new)
            job, is_new = self._jobs.add(new)
        except RegistryError as error:
            self._notices.tell("intake-refused", issuer=new.issuer, code=error.code, why=error.public.what)
            raise
        if is_new:
            count = job.credentials
            self._notices.tell(
                "status-job-accepted", job=job.id, issuer=job.issuer, act=job.act.word, credentials=count
            )
        return job, is_new

    def _check(self, new: NewStatusJob) -> None:
        if len(new.digests) > MOST_DIGESTS:
            raise IntakeError(
                f"it names {len(new.digests):,} credentials, and a job takes {MOST_DIGESTS:,}",
                remedy="Send it in several jobs; a whole batch is voided with one.",
                code="too-many",
            )
        if new.root is not None and self._batches.by_root(new.issuer, new.root) is None:
            raise NotPossible(
                f"issuer {new.issuer} has no batch 0x{new.root.hex()} here",
                remedy="Check the root and the issuer.",
                code="unknown-batch",
            )
        unknown = [] if new.without_anchor else self._jobs.unknown(new.issuer, new.digests)
        if unknown:
            more = f" and {len(unknown) - SHOWN:,} more" if len(unknown) > SHOWN else ""
            raise NotPossible(
                f"{len(unknown):,} of {len(new.digests):,} are in no batch of issuer {new.issuer} here, and in no job "
                f"that waits for one: {', '.join(digest.hex() for digest in unknown[:SHOWN])}{more}. Nothing was taken",
                remedy="Check the digests and the issuer."
                + ("" if new.place_only else " With `withoutAnchor` it is said of the digests all the same."),
                code="not-anchored",
            )


def read_status_job(body: bytes, issuer: int, key: str | None) -> NewStatusJob:
    """The job that a request's body (JSON, `docs/reference/daemon-api.md`) asks for.

    Raises:
        IntakeError: it is not such a body.
    """
    try:
        content = parse_json(body, Limits(max_bytes=MOST_BYTES, max_depth=MOST_DEPTH))
    except CredentialError as error:
        raise IntakeError(error.what, remedy="Send a JSON object.", code=error.code) from None
    if not isinstance(content, dict):
        raise _wrong("the body", "a JSON object")
    for name in content:
        if name not in MEMBERS:
            raise IntakeError(
                "the body has a member that is not known",
                where=name[:LONGEST_NOTE],
                remedy=f"Its members are {', '.join(MEMBERS)}.",
                code="parameter",
            )
    act = _act(content.get("act"))
    place_only, without_anchor = _flag(content, "placeOnly"), _flag(content, "withoutAnchor")
    if (place_only and without_anchor) or (act is Act.VOID and (place_only or without_anchor)):
        raise _wrong("placeOnly" if place_only else "withoutAnchor", "left out here: it does not go with the others")
    return NewStatusJob(
        issuer=issuer,
        act=act,
        reason=_reason(act, content.get("reason", "unspecified")),
        source="http",
        digests=_digests(content.get("digests")) if act is not Act.VOID else _nothing(content, "digests"),
        root=_root(content.get("batch")) if act is Act.VOID else _nothing(content, "batch"),
        place_only=place_only,
        without_anchor=without_anchor,
        note=_note(content.get("note", "")),
        urgent=_flag(content, "urgent"),
        not_before=_moment(content.get("notBefore")),
        key=key,
        body_hash=None if key is None else hashlib.sha256(body).digest(),
    )


def _act(given: object) -> Act:
    for act in ACTS:
        if given == act.word:
            return act
    raise _wrong("act", f"one of {', '.join(act.word for act in ACTS)}")


def _reason(act: Act, given: object) -> str:
    try:
        return act.reason(given if isinstance(given, str) else "").word
    except ValueError:
        words = ", ".join(reason.word for reason in act.reasons)
        raise IntakeError(
            f"the reason does not fit what is done: {act.word}",
            where="reason",
            remedy=f"Give one of: {words}.",
            code="reason",
        ) from None


def _digests(given: object) -> tuple[bytes, ...]:
    if not isinstance(given, list) or not given:
        raise _wrong("digests", "a list of at least one digest")
    try:
        # A dictionary: what is named twice counts once.
        return tuple(dict.fromkeys(digest_given(each if isinstance(each, str) else "").value for each in given))
    except CredentialError as error:
        raise IntakeError(error.what, where="digests", remedy=error.remedy, code=error.code) from None


def _root(given: object) -> bytes:
    try:
        return read_hash(given if isinstance(given, str) else "")
    except ValueError:
        raise _wrong("batch", "the root of a batch: 0x and 64 hex digits") from None


def _note(given: object) -> str:
    if not isinstance(given, str) or len(given) > LONGEST_NOTE or "\0" in given:
        raise _wrong("note", f"a text of at most {LONGEST_NOTE:,} characters")
    return given


def _flag(content: Mapping[str, Any], name: str) -> bool:
    given = content.get(name, False)
    if not isinstance(given, bool):
        raise _wrong(name, "true or false")
    return given


def _moment(given: object) -> float | None:
    if given is None:
        return None
    try:
        return asked_moment(given if isinstance(given, str) else "", "notBefore").timestamp()
    except RegistryError as error:
        raise IntakeError(error.what, where=error.where, remedy=error.remedy, code=error.code) from None


def _nothing(content: Mapping[str, Any], name: str) -> Any:
    if content.get(name) is not None:
        raise _wrong(name, "left out here: `void` names a `batch`, everything else `digests`")
    return () if name == "digests" else None


def _wrong(name: str, what: str) -> IntakeError:
    return IntakeError(f"{name} is not {what}", where=name, remedy=f"Give {what}.", code="parameter")
