"""Was this accredited then, and recognised here? One question, answered from the chain and from registers.

Pure: what was read in, an answer out. The command, the service's JSON and its page ask this one function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.document.stated_scope import stated_scope
from registry.errors import SettingsError
from registry.formats.trqp import link_members, write_resource
from registry.language.catalogue import english
from registry.language.said import Sentences
from registry.quality.decision import QualityDecision
from registry.quality.register import Found
from registry.recognition.accords import is_accord
from registry.recognition.joint import joint_holders
from registry.recognition.ledger import Accreditation, Ledger
from registry.recognition.path import Missing, Path, Reading
from registry.recognition.scope import ANY_PROGRAMME, EVERY_LEVEL, Scope, StatedScope
from registry.records import BlockRef
from registry.timestamps import write_timestamp
from registry.verify.policy import KnownParty, Policy
from registry.verify.registers import AtHand, Judged, judge
from registry.verify.standing import find_standing
from registry.verify.standing_words import Words, names_of_programmes
from registry.verify.verdict import Code, FactsUnavailable, Outcome

LONGEST_PROGRAMME: Final = 2_000


class Comes(StrEnum):
    """What an answer comes to."""

    YES = "yes"
    WITH_A_WARNING = "yes, with a warning"
    NOT_ON_RECORD = "not on record"
    UNCHECKED = "could not be checked"

    @property
    def exit_code(self) -> int:
        """For the command line, as verdicts have it: 0 yes, with or without a warning; 1 not on record; 2 unchecked."""
        return {Comes.NOT_ON_RECORD: 1, Comes.UNCHECKED: 2}.get(self, 0)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        party: number of the institution on the chain.
        scope: what it leaves open is answered as the party's own accreditations have it; a programme is never assumed.
        moment: with a time zone.
        programme: the identifier whose hash the scope has; "" where only the hash is known, or none is meant.
        document: what a credential states of its scope, where one is asked about: then it is asked as a verdict asks,
            and what the credential leaves open warns.
    """

    party: int
    scope: Scope
    moment: datetime
    programme: str = ""
    document: StatedScope | None = None

    @classmethod
    def of(
        cls,
        party: int,
        moment: datetime,
        *,
        programme: str = "",
        field: str = "",
        levels: str = "1-8",
        types: Sequence[str] = (),
        jurisdiction: str = "",
    ) -> Question:
        """The question that a person wrote; raises SettingsError where a part makes no sense."""
        if len(programme) > LONGEST_PROGRAMME:
            raise SettingsError(
                f"the identifier of a programme has at most {LONGEST_PROGRAMME:,} characters",
                remedy="Give the one that its credentials state.",
                code="scope",
            )
        scope = Scope.from_words(field, levels, types, jurisdiction, programme.strip() or None)
        return cls(party, scope, moment.astimezone(UTC), programme.strip())

    @classmethod
    def about(cls, party: int, credentials: Sequence[Mapping[str, Any]], moment: datetime) -> Question:
        """The question whether a party was accredited for what credentials state.

        Args:
            credentials: the members of one, or of several that were anchored as one.
        """
        stated = stated_scope(credentials)
        scope = stated.certain.completed_by(Scope())
        return cls(party, scope, moment.astimezone(UTC), stated.identifier, stated)

    @property
    def stated(self) -> StatedScope:
        """Its scope as a credential would state it."""
        if self.document is not None:
            return self.document
        scope = self.scope
        return StatedScope(
            scope.field or None,
            None if scope.levels == EVERY_LEVEL else scope.levels,
            scope.qualification_types or None,
            programme=None if scope.programme == ANY_PROGRAMME else scope.programme,
            identifier=self.programme,
        )


def policy_here(policy: Policy, country: str = "", body: int | None = None) -> Policy:
    """The policy with those bodies alone that speak for "here".

    Args:
        country: ISO 3166-1, two letters: the bodies that the policy says stand for it.
        body: its number; it need not be in the policy, and is then believed for this question.

    Raises:
        SettingsError: the policy has no body of that country.
    """
    if body is not None:
        known = tuple(each for each in policy.bodies if each.party == body)
        return policy.model_copy(update={"bodies": known or (KnownParty(party=body, name=f"party {body}"),)})
    if not country:
        return policy
    here = tuple(each for each in policy.bodies if each.country == country)
    if not here:
        raise SettingsError(
            f"the policy has no body that stands for {country}",
            remedy='Give a body of [[bodies]] its country, such as country = "HR", or name one with --body.',
            code="nobody-here",
        )
    return policy.model_copy(update={"bodies": here})


class Record(NamedTuple):
    """What was read of a chain and of registers, to answer questions by; as `answer` takes it."""

    chain: str | None
    ledger: Ledger | FactsUnavailable
    registers: Sequence[AtHand] | FactsUnavailable

    def answer(self, question: Question, policy: Policy) -> Accredited:
        """The answer to one question; raises as `answer`."""
        return answer(question, policy, chain=self.chain, ledger=self.ledger, registers=self.registers)


@dataclass(frozen=True, slots=True)
class OnChain:
    """What the chain says: by whom the party was accredited, and that the bodies of here accept it.

    Attributes:
        outcome: pass by both readings, warn by one of them; fail where no agreement is on record.
        code: of the verdict's check that decides.
        then, now: whether there is a path by what was on record then, and by what is on record now.
        joint: by the number of a link of the path, the parties that hold one joint decision.
        accords: bodies of the path that are accords.
    """

    outcome: Outcome
    code: str
    said: Sentences
    then: bool = False
    now: bool = False
    path: Path | None = None
    missing: Missing | None = None
    joint: dict[int, tuple[int, ...]] = field(default_factory=dict)
    accords: tuple[int, ...] = ()

    @property
    def is_conditional(self) -> bool:
        """Whether a link of the path is."""
        return self.path is not None and any(link.is_conditional for link in self.path.links)


@dataclass(frozen=True, slots=True)
class Accredited:
    """The answer.

    Attributes:
        policy: by which it was asked, with the bodies of here.
        chain: CAIP-2 of the chain that was asked; None where it is not known.
        on_chain: None where nobody's accreditations are believed.
        registers: in the order of the policy.
        as_of: the block of all of it; None where the chain could not be read.
    """

    question: Question
    policy: Policy
    chain: str | None
    on_chain: OnChain | None
    registers: tuple[Judged, ...]
    as_of: BlockRef | None

    @property
    def comes_to(self) -> Comes:
        """All of it together: what is required decides, then what says yes, then what could not be checked."""
        parts = [*([self.on_chain.outcome] if self.on_chain else []), *(each.outcome for each in self.registers)]
        required = [each.outcome for each in self.registers if each.is_required]
        if self.policy.require and self.on_chain is not None:
            required.append(self.on_chain.outcome)
        if Outcome.FAIL in required:
            return Comes.NOT_ON_RECORD
        if Outcome.UNKNOWN in required:
            return Comes.UNCHECKED
        if Outcome.PASS in parts:
            return Comes.WITH_A_WARNING if self._is_doubtful else Comes.YES
        if Outcome.WARN in parts:
            return Comes.WITH_A_WARNING
        return Comes.UNCHECKED if Outcome.UNKNOWN in parts else Comes.NOT_ON_RECORD

    @property
    def _is_doubtful(self) -> bool:
        """Whether there is something beside the yes that a person should look at."""
        yes = [each for each in self.registers if each.outcome is Outcome.PASS]
        chain = self.on_chain
        by_chain = chain is not None and chain.outcome is Outcome.PASS
        surely = (by_chain and chain is not None and not chain.is_conditional) or any(
            each.code == Code.REGISTER_LISTED for each in yes
        )
        against = any(each.code == Code.REGISTER_NEGATIVE for each in self.registers)
        unread = any(each.outcome is Outcome.UNKNOWN for each in self.registers)
        return not surely or against or unread or (chain is not None and chain.outcome is Outcome.UNKNOWN)

    @property
    def exit_code(self) -> int:
        """As `Comes.exit_code`."""
        return self.comes_to.exit_code

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        question, scope = self.question, self.question.scope
        return {
            "type": "TestamurAccredited",
            "version": 1,
            "answer": str(self.comes_to),
            "exitCode": self.exit_code,
            "question": {
                "party": question.party,
                "programme": question.programme or None,
                "resource": write_resource(scope),
                "moment": write_timestamp(question.moment),
                "bodies": sorted(self.policy.trusted_bodies),
            },
            "onChain": None if self.on_chain is None else _on_chain(self.on_chain, self.policy),
            "registers": [
                judged_members(judged, known.short_name, known.mirror, known.name)
                for judged, known in zip(self.registers, self.policy.registers, strict=True)
            ],
            "chain": self.chain,
            "asOf": self.as_of and self.as_of.to_dict(),
        }


def answer(
    question: Question,
    policy: Policy,
    *,
    chain: str | None,
    ledger: Ledger | FactsUnavailable,
    registers: Sequence[AtHand] | FactsUnavailable,
) -> Accredited:
    """The answer to a question, by what was read of the chain and of registers.

    Args:
        policy: whose bodies speak for "here".
        chain: CAIP-2 of what was asked.
        registers: in the order of the policy.

    Raises:
        SettingsError: the policy believes neither a body nor a register, or is for another chain.
    """
    if not policy.bodies and not policy.registers:
        raise SettingsError(
            "nobody is named whose word counts",
            remedy="Name bodies or registers in the policy, or one body with --body.",
            code="nobody-here",
        )
    if policy.chain is not None and chain is not None and policy.chain != chain:
        raise SettingsError(
            f"the policy is for {policy.chain}, and {chain} is asked: its numbers are other parties there",
            remedy="Ask with a policy for that chain.",
            code="policy",
        )
    on_chain = _ask_chain(question, policy, ledger) if policy.bodies else None
    programmes = names_of_programmes(policy, question.stated)
    judged = tuple(
        _unread(registers, known.require)
        if isinstance(registers, FactsUnavailable)
        else judge(
            registers[place], known, question.party, question.scope, question.moment, programmes, for_question=True
        )
        for place, known in enumerate(policy.registers)
    )
    as_of = ledger.as_of if isinstance(ledger, Ledger) else None
    return Accredited(question, policy, chain, on_chain, judged, as_of)


def _unread(why: FactsUnavailable, is_required: bool) -> Judged:
    return Judged(Outcome.UNKNOWN, why.code, why.sentences, is_required)


def _ask_chain(question: Question, policy: Policy, ledger: Ledger | FactsUnavailable) -> OnChain:
    if isinstance(ledger, FactsUnavailable):
        return OnChain(Outcome.UNKNOWN, ledger.code, ledger.sentences)
    lenient = policy.model_copy(
        update={"require": False, "jurisdiction": question.scope.jurisdiction or policy.jurisdiction}
    )
    words = Words(lenient, ledger, question.stated, question.moment)
    standing, found = find_standing(
        question.party, question.stated, words, is_of_document=question.document is not None
    )
    checks = standing[:2]
    if isinstance(found, Missing):
        return OnChain(Outcome.FAIL, checks[0].code, checks[0].said, missing=found)
    worst = next((each for each in checks if each.outcome is not Outcome.PASS), checks[0])
    parties = dict.fromkeys(number for link in found.links for number in (link.body, link.holder))
    return OnChain(
        worst.outcome,
        worst.code,
        (*checks[0].said, *checks[1].said),
        then=found.reading is not Reading.AS_KNOWN_NOW,
        now=found.reading is not Reading.AS_KNOWN_THEN,
        path=found,
        joint={link.id: held for link in found.links if (held := joint_holders(ledger, link))},
        accords=tuple(party for party in parties if is_accord(ledger, party, question.moment)),
    )


def _on_chain(told: OnChain, policy: Policy) -> dict[str, Any]:
    missing = told.missing
    return {
        "outcome": str(told.outcome),
        "code": told.code,
        "text": english().text(told.said),
        "readings": {"asKnownThen": told.then, "asKnownNow": told.now},
        "path": [] if told.path is None else [_link(link, told, policy) for link in told.path.links],
        "accords": [{"party": party, "name": policy.accord_names.get(party)} for party in told.accords],
        "missing": None if missing is None else missing.to_dict(),
    }


def _link(link: Accreditation, told: OnChain, policy: Policy) -> dict[str, Any]:
    return link_members(link) | {
        "conditionHash": f"0x{link.condition_hash.hex()}" if link.is_conditional else None,
        "condition": policy.condition_texts.get(link.condition_hash) if link.is_conditional else None,
        "jointHolders": list(told.joint.get(link.id, ())),
    }


def judged_members(judged: Judged, register: str, mirror: int, name: str) -> dict[str, Any]:
    """What one register says, for JSON."""
    answer = judged.answer
    return {
        "register": register,
        "mirror": mirror,
        "name": name,
        "outcome": str(judged.outcome),
        "code": judged.code,
        "text": english().text(judged.said),
        "asKnownThen": None if answer is None else found_members(answer.then),
        "asKnownNow": None if answer is None else found_members(answer.now),
    }


def found_members(found: Found) -> dict[str, Any]:
    """What one snapshot says, for JSON: the snapshot, and the decision that counts, or of several the nearest."""
    return {
        "standing": str(found.standing),
        "snapshot": found.publication and found.publication.to_dict(),
        "decision": None if found.decision is None else decision_members(found.decision, found.digest or b""),
    }


def decision_members(decision: QualityDecision, digest: bytes) -> dict[str, Any]:
    """A decision as its leaf has it, and the digest of that."""
    return {"digest": digest.hex(), **decision.to_dict()}
