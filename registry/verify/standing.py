"""Whether the issuer of a credential was accredited for it when it was anchored, and by whose recognition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from registry.document.stated_scope import stated_scope
from registry.recognition.ledger import Kind, Ledger, State
from registry.recognition.path import Accreditation, Missing, Path, Reading, find_path
from registry.recognition.scope import Scope
from registry.timestamps import write_timestamp
from registry.verify.policy import Policy
from registry.verify.verdict import Check, Code


class Standing(NamedTuple):
    """The two checks, and the path if there is one that holds by all that is recorded now."""

    accreditation: Check
    recognition: Check
    path: Path | None = None

    @classmethod
    def unknown(cls, code: str, text: str) -> Standing:
        """Neither could be checked."""
        return cls(Check.unknown("accreditation", code, text), Check.unknown("recognition", code, text))


class _Codes(NamedTuple):
    """What each of the two checks calls the same thing."""

    holds: Code
    then: Code
    since: Code


_CODES: Final = {
    "accreditation": _Codes(Code.ACCREDITED, Code.ACCREDITED_THEN, Code.ACCREDITED_SINCE),
    "recognition": _Codes(Code.RECOGNISED, Code.RECOGNISED_THEN, Code.RECOGNISED_SINCE),
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
            f"The policy's parties are those of {policy.chain}, the receipt is for {chain}. "
            "Verify again with a policy for that chain.",
        )
    if ledger.as_of is not None and ledger.as_of.timestamp < anchored_at:
        return Standing.unknown(
            Code.CHAIN_BEHIND,
            f"Accreditations were read only up to block {ledger.as_of.number} of "
            f"{write_timestamp(ledger.as_of.timestamp)}, before the anchor. "
            "Verify again later, or use another endpoint.",
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
    text = f"{nearest.text}{_as_of(ledger)}"
    return Standing(
        make("accreditation", Code.NO_ACCREDITATION_ON_RECORD, text),
        make("recognition", Code.NO_RECOGNITION_ON_RECORD, text),
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
    bodies = ", itself accredited by ".join(_party(link.body, policy) for link in reversed(path.accreditations))
    numbers = ", ".join(str(link.id) for link in path.accreditations)
    when = write_timestamp(path.moment)
    what = f"Accreditation {numbers}: on {when} issuer {issuer} was accredited for {path.scope.in_short} by {bodies}"
    accreditation = _judge("accreditation", what, path, path.accreditations, why, policy)
    if assumed:
        accreditation = _compare_by_hand(accreditation, assumed)
    agreement = path.recognition
    if agreement is None:
        recognition = Check.passed(
            "recognition",
            Code.RECOGNITION_NOT_NEEDED,
            f"You trust {_party(path.body, policy)} yourself, so no recognition is needed.",
        )
    else:
        ours, theirs = _party(agreement.body, policy), _party(agreement.holder, policy)
        what = f"Recognition {agreement.id}: {ours} recognised {theirs}"
        recognition = _judge("recognition", what, path, (agreement,), why, policy)
    return Standing(accreditation, recognition, path if holds_now else None)


def _judge(name: str, what: str, path: Path, links: tuple[Accreditation, ...], why: str, policy: Policy) -> Check:
    """The check of these links of a path; the rest of the path is another check's matter."""
    codes = _CODES[name]
    known = [link.state_at(path.moment) for link in links]
    conditions = _conditions(links)
    if any(each.as_known_now is not State.ACTIVE for each in known):
        make = Check.failed if policy.require else Check.warned
        return make(
            name, codes.then, f"{what} by what was on record then, but not by what is on record now. {why}{conditions}"
        )
    if any(each.as_known_then is not State.ACTIVE for each in known):
        return Check.warned(name, codes.since, f"{what}, but that was put on record only afterwards. {why}{conditions}")
    return Check.passed(name, codes.holds, f"{what}.{conditions}")


def _conditions(links: Iterable[Accreditation]) -> str:
    """A sentence for each link with conditions: whether they are met, the body knows, and the chain does not."""
    return "".join(
        f" Number {link.id} is conditional: ask body {link.body} whether the conditions are met."
        for link in links
        if link.is_conditional
    )


def _compare_by_hand(check: Check, assumed: tuple[str, ...]) -> Check:
    """The same check, which rests on what the document does not say."""
    text = (
        f"{check.text} The document does not say its {', '.join(assumed)} in a form that a program can read: compare "
        "it with the accreditation."
    )
    if check.code == Code.ACCREDITED:
        return Check.warned(check.name, Code.SCOPE_UNSTATED, text)
    return replace(check, text=text)


def _why(path: Path, ledger: Ledger, issuer: int, policy: Policy) -> str:
    """What the other record lacks of a path that holds by one alone."""
    other = {Reading.AS_KNOWN_THEN: Reading.AS_KNOWN_NOW, Reading.AS_KNOWN_NOW: Reading.AS_KNOWN_THEN}.get(path.reading)
    if other is None:
        return ""
    gap = find_path(ledger, issuer, path.scope, path.moment, policy.trusted_bodies, other)
    return gap.text if isinstance(gap, Missing) else ""


def _party(number: int, policy: Policy) -> str:
    name = policy.trusted_bodies.get(number)
    return f"body {number} ({name})" if name else f"body {number}"


def _as_of(ledger: Ledger) -> str:
    return f" As of block {ledger.as_of.number}." if ledger.as_of else ""
