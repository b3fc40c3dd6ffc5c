"""Whether the issuer of a credential was accredited for it when it was anchored, and by whose recognition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from registry.document.stated_scope import stated_scope
from registry.language.said import Said, Sentence, Sentences, Value, listed, say
from registry.recognition.ledger import Kind, Ledger, State
from registry.recognition.path import Accreditation, Missing, Path, Reading, find_path
from registry.recognition.scope import Scope, StatedScope
from registry.verify.policy import Policy
from registry.verify.standing_words import Words
from registry.verify.verdict import Check, Code


class Standing(NamedTuple):
    """The two checks, and the path if there is one that holds by all that is recorded now."""

    accreditation: Check
    recognition: Check
    path: Path | None = None

    @classmethod
    def unknown(cls, code: str, *said: Sentence) -> Standing:
        """Neither could be checked."""
        return cls(Check.unknown("accreditation", code, *said), Check.unknown("recognition", code, *said))


class _Told(NamedTuple):
    """What one of the two checks comes to, by code and key."""

    code: Code
    key: str


class _Ways(NamedTuple):
    """What each of the two checks calls the same thing."""

    holds: _Told
    then: _Told
    since: _Told


_WAYS: Final = {
    "accreditation": _Ways(
        _Told(Code.ACCREDITED, "standing.accredited"),
        _Told(Code.ACCREDITED_THEN, "standing.accreditedThen"),
        _Told(Code.ACCREDITED_SINCE, "standing.accreditedSince"),
    ),
    "recognition": _Ways(
        _Told(Code.RECOGNISED, "standing.recognised"),
        _Told(Code.RECOGNISED_THEN, "standing.recognisedThen"),
        _Told(Code.RECOGNISED_SINCE, "standing.recognisedSince"),
    ),
}


_ASPECTS: Final = {
    "field": "scope.aspect.field",
    "level": "scope.aspect.level",
    "type of qualification": "scope.aspect.type",
}


def check_standing(
    issuer: int,
    chain: str,
    anchored_at: datetime,
    credentials: Sequence[Mapping[str, Any]],
    ledger: Ledger,
    policy: Policy,
) -> Standing:
    """Look for a path from the policy's bodies to the issuer at the time of the anchor.

    A path that holds both by what was recorded then and by what is recorded now comes first, then one that holds now,
    then one that held then. What the credential does not state of its scope is first asked for as "any", and then as
    the issuer's own accreditation has it, which warns.

    Args:
        credentials: the members of the credential, or of several that were anchored as one; one scope has to hold all.
    """
    if policy.chain is not None and policy.chain != chain:
        return Standing.unknown(
            Code.OTHER_CHAIN,
            say("standing.otherChain", of=policy.chain, named=chain),
        )
    if ledger.as_of is not None and ledger.as_of.timestamp < anchored_at:
        return Standing.unknown(
            Code.CHAIN_BEHIND,
            say("standing.behind", block=ledger.as_of.number, when=ledger.as_of.timestamp),
        )
    stated = stated_scope(credentials)
    return find_standing(issuer, stated, Words(policy, ledger, stated, anchored_at)).standing


class FoundStanding(NamedTuple):
    """The two checks, and what they were made of: the path, or the nearest missing link."""

    standing: Standing
    found: Path | Missing


def find_standing(issuer: int, stated: StatedScope, words: Words, *, is_of_document: bool = True) -> FoundStanding:
    """As `check_standing`, of what is stated of a scope.

    Args:
        is_of_document: what a document does not state has to be compared by hand, which warns; what a question leaves
            open is answered as the accreditation has it, which the answer says.
    """
    policy, ledger = words.policy, words.ledger
    completed = list(_completions(ledger, issuer, policy))
    exact = list(
        dict.fromkeys(
            stated.certain.completed_by(Scope(jurisdiction=where))
            for where in ([policy.jurisdiction] if policy.jurisdiction else [each.jurisdiction for each in completed])
        )
    ) or [stated.certain.completed_by(Scope())]
    assumed = list(dict.fromkeys(stated.completed_by(scope) for scope in completed))
    for reading in (Reading.BOTH, Reading.AS_KNOWN_NOW, Reading.AS_KNOWN_THEN):
        for scope in (*exact, *assumed):
            path = _asked(words, issuer, scope, reading)
            if isinstance(path, Path):
                unstated = () if scope in exact or not is_of_document else stated.unstated
                return FoundStanding(_standing(path, issuer, words, unstated), path)
    gaps = (_asked(words, issuer, scope, Reading.AS_KNOWN_NOW) for scope in assumed or exact)
    nearest = min((gap for gap in gaps if isinstance(gap, Missing)), key=lambda gap: gap.count)
    make = Check.failed if policy.require else Check.warned
    said = (*nearest.said, *_as_of(ledger))
    standing = Standing(
        make("accreditation", Code.NO_ACCREDITATION_ON_RECORD, *said),
        make("recognition", Code.NO_RECOGNITION_ON_RECORD, *said),
    )
    return FoundStanding(standing, nearest)


def _completions(ledger: Ledger, issuer: int, policy: Policy) -> Iterator[Scope]:
    """What may be assumed where a credential is silent: its issuer's accreditations, as far as they are accepted."""
    recognised = [
        each.scope
        for each in ledger.accreditations
        if each.kind is Kind.RECOGNISE and each.body in policy.trusted_bodies
    ]
    reach = ledger.reach(policy.trusted_bodies)
    for link in ledger.held_by(issuer):
        if link.kind is Kind.ACCREDIT_TO_ISSUE and link.body in reach:
            for scope in (link.scope, *filter(None, map(link.scope.narrowed_to, recognised))):
                yield replace(scope, jurisdiction=policy.jurisdiction or scope.jurisdiction)


def _asked(words: Words, issuer: int, scope: Scope, reading: Reading) -> Path | Missing:
    return find_path(
        words.ledger,
        issuer,
        scope,
        words.moment,
        words.policy.trusted_bodies,
        reading,
        programmes=words.programmes,
    )


def _standing(path: Path, issuer: int, words: Words, assumed: tuple[str, ...]) -> Standing:
    holds_now = path.reading is not Reading.AS_KNOWN_THEN
    why = _why(path, issuer, words)
    values: dict[str, Value] = {
        "numbers": listed(link.id for link in path.accreditations),
        "when": path.moment,
        "issuer": issuer,
        "scope": words.scope(path.scope),
        "bodies": _bodies(path.accreditations, words),
    }
    accreditation = _judge("accreditation", values, path, path.accreditations, why, words)
    if assumed:
        accreditation = _compare_by_hand(accreditation, assumed)
    agreement = path.recognition
    if agreement is None:
        recognition = Check.passed(
            "recognition",
            Code.RECOGNITION_NOT_NEEDED,
            say("standing.notNeeded", body=words.body(path.body)),
        )
    else:
        values = {
            "number": agreement.id,
            "ours": words.body(agreement.body),
            "theirs": words.body(agreement.holder),
        }
        recognition = _judge("recognition", values, path, (agreement,), why, words)
    return Standing(accreditation, recognition, path if holds_now else None)


def _bodies(accreditations: Sequence[Accreditation], words: Words) -> Said:
    """The bodies of a path, each with the one that accredited it, from the issuer up."""
    outermost, *inner = accreditations
    told = words.body(outermost.body)
    for link in inner:
        told = say("standing.through", body=words.body(link.body), by=told)
    return told


def _judge(
    name: str,
    values: Mapping[str, Value],
    path: Path,
    links: tuple[Accreditation, ...],
    why: Sentences,
    words: Words,
) -> Check:
    """The check of these links of a path; the rest of the path is another check's matter."""
    holds, then, since = _WAYS[name]
    known = [link.state_at(path.moment) for link in links]
    more = (*words.conditions(links), *words.joint(links))
    if any(each.as_known_now is not State.ACTIVE for each in known):
        make = Check.failed if words.policy.require else Check.warned
        return make(name, then.code, say(then.key, **values), *why, *more)
    if any(each.as_known_then is not State.ACTIVE for each in known):
        return Check.warned(name, since.code, say(since.key, **values), *why, *more)
    return Check.passed(name, holds.code, say(holds.key, **values), *more)


def _compare_by_hand(check: Check, assumed: tuple[str, ...]) -> Check:
    """The same check, which rests on what the document does not say."""
    said = (*check.said, say("standing.compare", members=listed(say(_ASPECTS[each]) for each in assumed)))
    if check.code == Code.ACCREDITED:
        return Check.warned(check.name, Code.SCOPE_UNSTATED, *said)
    return replace(check, said=said)


def _why(path: Path, issuer: int, words: Words) -> Sentences:
    """What the other record lacks of a path that holds by one alone."""
    other = {Reading.AS_KNOWN_THEN: Reading.AS_KNOWN_NOW, Reading.AS_KNOWN_NOW: Reading.AS_KNOWN_THEN}.get(path.reading)
    if other is None:
        return ()
    gap = _asked(words, issuer, path.scope, other)
    return gap.said if isinstance(gap, Missing) else ()


def _as_of(ledger: Ledger) -> tuple[Said, ...]:
    return (say("standing.asOf", block=ledger.as_of.number),) if ledger.as_of else ()
