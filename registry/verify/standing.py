"""Whether the issuer of a credential was accredited for it when it was anchored, and by whose recognition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from registry.document.stated_scope import stated_scope
from registry.language.said import Said, Sentence, Sentences, Value, listed, say
from registry.recognition.ledger import Kind, Ledger, State
from registry.recognition.path import Accreditation, Missing, Path, Reading, find_path
from registry.recognition.scope import Scope
from registry.verify.policy import Policy
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
            path = find_path(ledger, issuer, scope, anchored_at, policy.trusted_bodies, reading)
            if isinstance(path, Path):
                return _standing(path, ledger, issuer, policy, () if scope in exact else stated.unstated)
    gaps = (
        find_path(ledger, issuer, scope, anchored_at, policy.trusted_bodies, Reading.AS_KNOWN_NOW)
        for scope in assumed or exact
    )
    nearest = min((gap for gap in gaps if isinstance(gap, Missing)), key=lambda gap: gap.count)
    make = Check.failed if policy.require else Check.warned
    said = (*nearest.said, *_as_of(ledger))
    return Standing(
        make("accreditation", Code.NO_ACCREDITATION_ON_RECORD, *said),
        make("recognition", Code.NO_RECOGNITION_ON_RECORD, *said),
    )


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


def _standing(path: Path, ledger: Ledger, issuer: int, policy: Policy, assumed: tuple[str, ...]) -> Standing:
    holds_now = path.reading is not Reading.AS_KNOWN_THEN
    why = _why(path, ledger, issuer, policy)
    values: dict[str, Value] = {
        "numbers": listed(link.id for link in path.accreditations),
        "when": path.moment,
        "issuer": issuer,
        "scope": path.scope.said,
        "bodies": _bodies(path.accreditations, policy),
    }
    accreditation = _judge("accreditation", values, path, path.accreditations, why, policy)
    if assumed:
        accreditation = _compare_by_hand(accreditation, assumed)
    agreement = path.recognition
    if agreement is None:
        recognition = Check.passed(
            "recognition",
            Code.RECOGNITION_NOT_NEEDED,
            say("standing.notNeeded", body=_party(path.body, policy)),
        )
    else:
        ours, theirs = _party(agreement.body, policy), _party(agreement.holder, policy)
        values = {"number": agreement.id, "ours": ours, "theirs": theirs}
        recognition = _judge("recognition", values, path, (agreement,), why, policy)
    return Standing(accreditation, recognition, path if holds_now else None)


def _bodies(accreditations: Sequence[Accreditation], policy: Policy) -> Said:
    """The bodies of a path, each with the one that accredited it, from the issuer up."""
    outermost, *inner = accreditations
    told = _party(outermost.body, policy)
    for link in inner:
        told = say("standing.through", body=_party(link.body, policy), by=told)
    return told


def _judge(
    name: str,
    values: Mapping[str, Value],
    path: Path,
    links: tuple[Accreditation, ...],
    why: Sentences,
    policy: Policy,
) -> Check:
    """The check of these links of a path; the rest of the path is another check's matter."""
    holds, then, since = _WAYS[name]
    known = [link.state_at(path.moment) for link in links]
    conditions = _conditions(links)
    if any(each.as_known_now is not State.ACTIVE for each in known):
        make = Check.failed if policy.require else Check.warned
        return make(name, then.code, say(then.key, **values), *why, *conditions)
    if any(each.as_known_then is not State.ACTIVE for each in known):
        return Check.warned(name, since.code, say(since.key, **values), *why, *conditions)
    return Check.passed(name, holds.code, say(holds.key, **values), *conditions)


def _conditions(links: Iterable[Accreditation]) -> list[Said]:
    """A sentence for each link with conditions: whether they are met, the body knows, and the chain does not."""
    return [say("standing.conditional", number=link.id, body=link.body) for link in links if link.is_conditional]


def _compare_by_hand(check: Check, assumed: tuple[str, ...]) -> Check:
    """The same check, which rests on what the document does not say."""
    said = (*check.said, say("standing.compare", members=listed(say(_ASPECTS[each]) for each in assumed)))
    if check.code == Code.ACCREDITED:
        return Check.warned(check.name, Code.SCOPE_UNSTATED, *said)
    return replace(check, said=said)


def _why(path: Path, ledger: Ledger, issuer: int, policy: Policy) -> Sentences:
    """What the other record lacks of a path that holds by one alone."""
    other = {Reading.AS_KNOWN_THEN: Reading.AS_KNOWN_NOW, Reading.AS_KNOWN_NOW: Reading.AS_KNOWN_THEN}.get(path.reading)
    if other is None:
        return ()
    gap = find_path(ledger, issuer, path.scope, path.moment, policy.trusted_bodies, other)
    return gap.said if isinstance(gap, Missing) else ()


def _party(number: int, policy: Policy) -> Said:
    name = policy.trusted_bodies.get(number)
    return say("standing.bodyNamed", number=number, name=name) if name else say("standing.body", number=number)


def _as_of(ledger: Ledger) -> tuple[Said, ...]:
    return (say("standing.asOf", block=ledger.as_of.number),) if ledger.as_of else ()
