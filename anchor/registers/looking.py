"""A snapshot's file as somebody asks it: which decisions, in which state on a day, and whether its publisher signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from anchor.registers.offers import is_agency
from registry.errors import IntakeError, ProofError, RegistryError, SettingsError
from registry.proofs.signatures.suites import proofs_of, verify
from registry.quality.decision import Identifier, QualityDecision, Ruling, replaced_among
from registry.quality.known import plain_name
from registry.quality.snapshot import Snapshot, lines_of, read_snapshot


class State(StrEnum):
    """What a decision lets its holders do on a day."""

    HOLDS = "holds"
    CONDITIONAL = "holds-with-conditions"
    NEGATIVE = "negative"
    NOT_APPLICABLE = "not-applicable"
    LAPSED = "lapsed"
    NOT_YET = "not-yet"
    REPLACED = "replaced"


class Signature(StrEnum):
    """What is known of a manifest's signature without looking anything up."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNCHECKED = "not checked"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which decisions somebody asks for; "" or None for any.

    Attributes:
        holder: identifier, with or without its scheme, or the name of an institution.
        programme: the same of a programme.
    """

    holder: str = ""
    agency: str = ""
    programme: str = ""
    state: State | None = None


def open_snapshot(path: Path) -> Snapshot:
    """The snapshot in a file.

    Raises:
        IntakeError: it cannot be read (`unreadable`).
        SettingsError: as `read_snapshot`.
    """
    try:
        with path.open("rb") as file:
            return read_snapshot(lines_of(file), str(path))
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None


def matching(snapshot: Snapshot, asked: Asked, day: date) -> Iterator[tuple[bytes, QualityDecision, State]]:
    """The decisions that are asked for, with their digests and what they come to on a day."""
    replaced = replaced_among(snapshot.decisions)
    for digest, decision in zip(snapshot.digests, snapshot.decisions, strict=True):
        state = State.REPLACED if digest in replaced else state_of(decision, day)
        if asked.state in (None, state) and _is_asked(decision, asked):
            yield digest, decision, state


def state_of(decision: QualityDecision, day: date) -> State:
    """What a decision comes to on a day, as far as no other one replaces it."""
    match decision.ruling:
        case Ruling.NEGATIVE:
            return State.NEGATIVE
        case Ruling.NOT_APPLICABLE:
            return State.NOT_APPLICABLE
    if day < decision.valid_from:
        return State.NOT_YET
    if not decision.holds_on(day):
        return State.LAPSED
    return State.CONDITIONAL if decision.ruling is Ruling.CONDITIONAL else State.HOLDS


def signature_of(snapshot: Snapshot) -> Signature:
    """Whether the publisher's own key signed the manifest; a key that has to be looked up is not checked here."""
    if not proofs_of(dict(snapshot.document)):
        return Signature.NONE
    try:
        proof = verify(dict(snapshot.document))
    except ProofError as error:
        return Signature.UNCHECKED if error.code in ("proof-key", "proof-missing") else Signature.BROKEN
    except (RegistryError, SettingsError):
        return Signature.BROKEN
    signer = str(proof.get("verificationMethod", "")).partition("#")[0]
    return Signature.HOLDS if signer == snapshot.manifest.issuer else Signature.BROKEN


def _is_asked(decision: QualityDecision, asked: Asked) -> bool:
    return (
        (not asked.agency or is_agency(decision, asked.agency))
        and (not asked.holder or any(_is_named(each.identifiers, each.name, asked.holder) for each in decision.holders))
        and (
            not asked.programme
            or any(_is_named(each.identifiers, each.name, asked.programme) for each in decision.programmes)
        )
    )


def _is_named(identifiers: tuple[Identifier, ...], name: str, text: str) -> bool:
    plain = plain_name(text)
    return plain in {plain_name(each) for one in identifiers for each in (str(one), one.value)} or (
        plain_name(name) == plain
    )
