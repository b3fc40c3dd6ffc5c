"""What the registers of a verifier's policy say of an issuer: quality decisions, as their mirrors published them.

A statement by a mirror is not an accreditation on chain, which its holder accepted, and is never called one. What a
snapshot says counts only where the mirror anchored that very snapshot, and only as far as that could be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from registry.credential.digest import DEFAULT_LIMITS
from registry.document.reading import read_document
from registry.document.stated_scope import stated_scope
from registry.language.said import Sentence, Sentences, Value, listed, say
from registry.quality.decision import QualityDecision, Ruling
from registry.quality.register import (
    IndexedSnapshot,
    Publication,
    Published,
    Register,
    RegisterAnswer,
    Standing,
)
from registry.recognition.scope import NO_NAMES, Scope
from registry.records import Batch, BlockRef
from registry.untrusted.text import marked
from registry.verify.chain_words import said_chain
from registry.verify.policy import KnownRegister, Policy
from registry.verify.signature import refused
from registry.verify.standing_words import names_of_programmes
from registry.verify.verdict import Check, Code, FactsUnavailable, Outcome

LONGEST_CONDITION: Final = 600
MOST_HOLDERS: Final = 12
"""Named in a sentence; the decision has all of them."""
_LONGEST_NAME: Final = 120

AtHand = Register | FactsUnavailable
"""A register of the policy, or why what it says could not be read."""

_CODES: Final = {
    Standing.HOLDS: Code.REGISTER_LISTED,
    Standing.CONDITIONAL: Code.REGISTER_CONDITIONAL,
    Standing.NEGATIVE: Code.REGISTER_NEGATIVE,
    Standing.NO_RULING: Code.REGISTER_NO_RULING,
    Standing.LAPSED: Code.REGISTER_LAPSED,
    Standing.NOT_YET: Code.REGISTER_NOT_YET,
    Standing.OTHER_SCOPE: Code.REGISTER_OTHER_SCOPE,
    Standing.NOT_LISTED: Code.REGISTER_NOT_LISTED,
    Standing.AMBIGUOUS: Code.REGISTER_AMBIGUOUS,
}
_KEYS: Final = {
    Standing.HOLDS: "register.holds",
    Standing.CONDITIONAL: "register.conditional",
    Standing.NEGATIVE: "register.negative",
    Standing.NO_RULING: "register.noRuling",
    Standing.LAPSED: "register.lapsed",
    Standing.NOT_YET: "register.notYet",
    Standing.OTHER_SCOPE: "register.otherScope",
    Standing.NOT_LISTED: "register.notListed",
    Standing.AMBIGUOUS: "register.ambiguous",
}
_RULINGS: Final = {
    Ruling.POSITIVE: "register.ruling.positive",
    Ruling.CONDITIONAL: "register.ruling.conditional",
    Ruling.NEGATIVE: "register.ruling.negative",
    Ruling.NOT_APPLICABLE: "register.ruling.none",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What one register comes to.

    Attributes:
        is_required: whether the policy requires it.
        answer: None where it could not be asked.
    """

    outcome: Outcome
    code: str
    said: Sentences
    is_required: bool = False
    answer: RegisterAnswer | None = None


def register_of(
    known: KnownRegister,
    snapshots: Sequence[IndexedSnapshot],
    batches: Mapping[bytes, Batch],
    *,
    chain: str,
    contract: str,
    as_of: BlockRef,
    final: int | None,
) -> AtHand:
    """The register of a policy, of snapshots that were read and what the chain says of their roots.

    One snapshot that cannot be believed is enough for nothing to be said: it may be the one that counts.

    Args:
        batches: of the mirror, by root; none for a root that it did not anchor.
        chain, contract: that were asked.
        as_of: the block of all of this.
        final: number of the newest block that is final; None where nobody says.
    """
    name = marked(known.name)
    if not snapshots:
        return _unread(Code.REGISTER_NOT_HERE, say("register.notHere", register=name))
    published = []
    for each in snapshots:
        manifest = each.manifest
        if manifest.register != known.short_name:
            wrong = say("register.otherRegister", register=name, found=marked(manifest.register, _LONGEST_NAME))
            return _unread(Code.REGISTER_OTHER, wrong)
        if (manifest.chain, manifest.contract, manifest.party) != (chain, contract.lower(), known.mirror):
            wrong = say(
                "register.otherMirror",
                register=name,
                found=manifest.party,
                chain=said_chain(manifest.chain),
                wanted=known.mirror,
            )
            return _unread(Code.REGISTER_OTHER, wrong)
        batch = batches.get(each.root)
        root = f"0x{each.root.hex()}"
        # Anybody may anchor a root with another count, and the contract keeps the count that was said.
        if batch is None or batch.leaf_count not in (0, each.leaf_count):
            missing = say("register.notAnchored", register=name, mirror=known.mirror, root=root, block=as_of.number)
            return _unread(Code.REGISTER_NOT_ANCHORED, missing)
        if batch.is_void:
            return _unread(Code.REGISTER_VOIDED, say("register.voided", register=name, mirror=known.mirror, root=root))
        if (broken := _broken_signature(each, as_of.timestamp)) is not None:
            return _unread(broken.code, say("register.badSignature", register=name), *broken.said)
        is_final = None if final is None else batch.block_number <= final
        publication = Publication(each.root, batch.block_number, batch.anchored_at, is_final)
        published.append(Published(each.index, publication, manifest.made_at))
    return Register(known.short_name, known.mirror, tuple(published), known.parties_by_identifier)


def _unread(code: str, *said: Sentence) -> FactsUnavailable:
    first, *rest = said
    whole: Sentences = (first, *rest)
    return FactsUnavailable(code, "", "", said=whole)


def _broken_signature(snapshot: IndexedSnapshot, now: datetime) -> Check | None:
    """That a signature of the manifest does not hold; whose it is, the anchor says."""
    reading = read_document(orjson.dumps(dict(snapshot.document)), "manifest.json", DEFAULT_LIMITS)
    return refused(reading.signed.found, now) if reading.signatures else None


def check_registers(
    issuer: int,
    anchored_at: datetime,
    credentials: Sequence[Mapping[str, Any]],
    registers: Sequence[AtHand],
    policy: Policy,
) -> Check:
    """The check of an issuer against the registers of a policy, at the time of the anchor.

    It passes where one of them lists the issuer, with or without conditions, and none has a negative decision. One that
    the policy requires has to list it itself.

    Args:
        credentials: the members of the credential, or of several that were anchored as one.
        registers: in the order of the policy.
    """
    stated = stated_scope(credentials)
    scope = stated.certain.completed_by(Scope())
    programmes = names_of_programmes(policy, stated)
    judged = [
        judge(register, known, issuer, scope, anchored_at, programmes)
        for register, known in zip(registers, policy.registers, strict=True)
    ]
    decisive = _decisive(judged)
    ordered = sorted(judged, key=lambda each: each is not decisive)
    return Check("register", decisive.outcome, decisive.code, tuple(each for one in ordered for each in one.said))


def registers_unknown(code: str, *said: Sentence) -> Check:
    """None of them could be asked."""
    return Check.unknown("register", code, *said)


def _decisive(judged: Sequence[Judged]) -> Judged:
    """The one of several that the check comes to."""
    required = [each for each in judged if each.is_required]
    against = [each for each in judged if each.code == Code.REGISTER_NEGATIVE]
    for among, outcome in (
        (required, Outcome.FAIL),
        (required, Outcome.UNKNOWN),
        (required, Outcome.WARN),
        (against, Outcome.WARN),
        (judged, Outcome.PASS),
        (judged, Outcome.UNKNOWN),
        (judged, Outcome.WARN),
    ):
        if found := next((each for each in among if each.outcome is outcome), None):
            return found
    raise AssertionError("a policy with registers has one")


def judge(
    register: AtHand,
    known: KnownRegister,
    issuer: int,
    scope: Scope,
    moment: datetime,
    programmes: Mapping[bytes, str] = NO_NAMES,
    *,
    for_question: bool = False,
) -> Judged:
    """What one register comes to for an issuer, a scope and a moment.

    Args:
        programmes: by SHA-256 of their identifiers, what programmes are called.
        for_question: what is not on record is no warning beside something else, but the answer: it fails.
    """
    if isinstance(register, FactsUnavailable):
        return Judged(Outcome.UNKNOWN, register.code, register.sentences, known.require)
    answer = register.ask(issuer, scope, moment)
    code = code_of(answer)
    outcome = Outcome.FAIL if known.require or for_question else Outcome.WARN
    if code in (Code.REGISTER_LISTED, Code.REGISTER_CONDITIONAL):
        is_final = answer.now.publication is not None and answer.now.publication.final is True
        outcome = Outcome.PASS if is_final else Outcome.WARN
    elif code == Code.REGISTER_AMBIGUOUS:
        outcome = Outcome.UNKNOWN
    elif answer.now.holds or (for_question and code == Code.REGISTER_LISTED_THEN and not known.require):
        # By what is known now it holds, as with an accreditation that was put on record afterwards.
        outcome = Outcome.WARN
    return Judged(outcome, code, told(answer, known.name, programmes), known.require, answer)


def code_of(answer: RegisterAnswer) -> str:
    """The reason by which an answer is known, by both of its readings."""
    if Standing.AMBIGUOUS in (answer.now.standing, answer.then.standing):
        return Code.REGISTER_AMBIGUOUS
    if answer.now.holds and not answer.then.holds:
        return Code.REGISTER_LISTED_SINCE
    if answer.then.holds and not answer.now.holds and answer.now.standing is not Standing.NEGATIVE:
        return Code.REGISTER_LISTED_THEN
    return _CODES[answer.now.standing]


def told(answer: RegisterAnswer, name: str, programmes: Mapping[bytes, str] = NO_NAMES) -> Sentences:
    """What a register says, for people: what counts now, whether it was known then, and whose statement it is.

    Args:
        name: of the register, as whoever asks knows it.
        programmes: by SHA-256 of their identifiers, what programmes are called.
    """
    return tuple(_told(answer, name, programmes))


def _told(answer: RegisterAnswer, name: str, programmes: Mapping[bytes, str]) -> Iterator[Sentence]:
    now, then = answer.now, answer.then
    scope = answer.scope.said_as_stated(programmes, say("register.whole"))
    values: dict[str, Value] = {"who": _who(answer), "when": answer.moment, "scope": scope}
    yield say(_KEYS[now.standing], **_only(now.standing, values))
    if now.decision is not None:
        yield from _of_decision(now.decision)
    if then.standing is Standing.NOT_PUBLISHED:
        yield say("register.notPublished", when=answer.moment)
    elif then.holds != now.holds and then.publication is not None:
        key = "register.thenHeld" if then.holds else "register.thenNot"
        yield say(key, published=then.publication.at)
    if now.publication is not None:
        yield say(
            "register.source",
            register=marked(name, _LONGEST_NAME),
            mirror=answer.mirror,
            published=now.publication.at,
            block=now.publication.block,
        )
        if now.publication.final is not True:
            yield say("register.notFinal")


def _only(standing: Standing, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the values that its sentence has."""
    if standing in (Standing.NOT_LISTED, Standing.AMBIGUOUS):
        return {"who": values["who"]}
    if standing is Standing.OTHER_SCOPE:
        return {"who": values["who"], "scope": values["scope"]}
    return dict(values)


def _who(answer: RegisterAnswer) -> Value:
    holder = answer.now.holder
    if isinstance(answer.asked, int):
        party = say("register.party", party=answer.asked)
        if holder is not None and holder.name:
            return say("register.partyNamed", party=answer.asked, name=marked(holder.name, _LONGEST_NAME))
        return party
    return marked(str(answer.asked), _LONGEST_NAME)


def _of_decision(decision: QualityDecision) -> Iterator[Sentence]:
    ends: Value = say("register.noEnd")
    if decision.valid_until is not None:
        key = "register.endAssumed" if decision.end_assumed else "register.end"
        ends = say(key, ends=decision.valid_until.isoformat())
    yield say(
        "register.decision",
        number=marked(decision.number or decision.report or "–", _LONGEST_NAME),
        agency=marked(decision.agency_name or str(decision.agency), _LONGEST_NAME),
        ruling=say(_RULINGS[decision.ruling]),
        begins=decision.valid_from.isoformat(),
        ends=ends,
    )
    if decision.ruling is Ruling.CONDITIONAL:
        if decision.condition:
            yield say("register.condition", condition=marked(decision.condition, LONGEST_CONDITION))
        else:
            yield say("register.conditionUnsaid")
    if decision.joint:
        names = [
            marked(holder.name or str(holder.identifiers[0]), _LONGEST_NAME)
            for holder in decision.holders[:MOST_HOLDERS]
        ]
        more = ["…"] if len(decision.holders) > MOST_HOLDERS else []
        yield say("register.joint", holders=listed([*names, *more]))
    if decision.obligatory is False:
        yield say("register.voluntary")
