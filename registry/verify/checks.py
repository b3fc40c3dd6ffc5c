"""The checks of one credential: a document, its receipt and the chain's facts in, a verdict out.

Pure: no file, no network, no clock but the `now` it is given. A missing or failed answer is `unknown`, and an unknown
never comes out as valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from registry.anchors import AnchorPlace, AnchorState, judge
from registry.chain_names import chain_name
from registry.credential.digest import DEFAULT_LIMITS, DigestMethod, Limits
from registry.document.reading import Reading, digest_only, read_document, with_rdf
from registry.errors import ProofError, ReceiptError
from registry.formats.statuslist import Purpose
from registry.language.said import Original, Said, Sentence, Sentences, Value, listed, say
from registry.levels.maps import LevelMaps
from registry.merkle.proof import check_inclusion
from registry.receipt.model import AnchorPart, BlockPart, Receipt
from registry.recognition.ledger import Ledger
from registry.recognition.path import Path
from registry.records import NOTHING_SAID, Batch, BlockRef, Party, Reason
from registry.untrusted.text import marked
from registry.verify.absence import AbsenceVerdict, verify_absence
from registry.verify.chain_words import said_chain, said_name
from registry.verify.dates import check_dates
from registry.verify.foreign import check_foreign, not_checked
from registry.verify.freshness import Freshness
from registry.verify.issuer import named_issuers, same_issuer, shown_issuers
from registry.verify.levels import verdict_levels
from registry.verify.policy import Policy
from registry.verify.registers import AtHand, check_registers, registers_unknown
from registry.verify.same_document import Claims, check_integrity, compared_digest, judged
from registry.verify.signature import COVERING, Anchored, check_signature
from registry.verify.standing import Standing, check_standing
from registry.verify.status_lists import Listed, ListState, names_status_list
from registry.verify.verdict import (
    ChainFacts,
    Check,
    Code,
    DigestedDocument,
    FactsUnavailable,
    Outcome,
    Overall,
    Trust,
    Verdict,
    sentences,
)

__all__ = [
    "AbsenceVerdict",
    "Batch",
    "BlockRef",
    "ChainFacts",
    "Check",
    "Code",
    "DigestedDocument",
    "FactsUnavailable",
    "Outcome",
    "Overall",
    "Party",
    "Trust",
    "Verdict",
    "believed_numbers",
    "other_chain",
    "verify",
    "verify_absence",
]

_NO_FACTS = FactsUnavailable.saying(Code.CHAIN_NOT_ASKED, say("chain.notAsked"), say("chain.connect"))
_REASONS = frozenset(reason.word for reason in Reason)


def verify(
    document: bytes | Reading | DigestedDocument | None,
    name: str,
    receipt: Receipt | ReceiptError | None,
    facts: ChainFacts | FactsUnavailable | None,
    *,
    now: datetime,
    trust: Trust,
    limits: Limits = DEFAULT_LIMITS,
    policy: Policy | None = None,
    ledger: Ledger | FactsUnavailable | None = None,
    listed: Sequence[Listed] | None = None,
    registers: Sequence[AtHand] | FactsUnavailable | None = None,
    levels: Callable[[], LevelMaps] | None = None,
    here: str = "",
) -> Verdict:
    """Check one credential; nothing that a document, receipt or chain says makes it raise.

    Args:
        document: the file's bytes or the reading of them, or a digest made before; None when there is only the receipt.
        name: of the file; without a receipt its ending tells JSON from other files.
        receipt: None when there is none; the error of one that is there and cannot be read.
        facts: what the chain said about the receipt's issuer, root and leaf index; None when it was not asked.
        now: the moment to judge dates by, with a time zone.
        trust: the issuers the verifier believes.
        limits: size and nesting of the document allowed.
        policy: more trusted issuers, and bodies; with bodies, two more checks are made.
        ledger: the accreditations of the contract; None when it was not asked.
        listed: what the status lists say that the document names; None when they were not asked.
        registers: of the policy, in its order; None when they were not asked.
        levels: what is known of levels of qualifications, asked only where the credential states one; None for nothing.
        here: the verifier's country, ISO 3166-1 by two letters, whose levels are told; "": the jurisdiction of the
            policy.

    Raises:
        ValueError: `now` has no time zone, or there is neither document nor receipt.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    if document is None and receipt is None:
        raise ValueError("there is neither a document nor a receipt")
    reading = _reading(document, name, limits)
    digest = reading.digest if reading else None
    if receipt is None and reading is not None and reading.foreign is not None:
        foreign, more = reading.foreign, tuple[Check, ...]()
        if policy is not None:
            more = _policy_unknown(policy, Code.FOREIGN_ANCHOR, not_checked(foreign))
        withdrawn = _withdrawn_by_list(listed)
        told = (withdrawn if withdrawn and each.name == "status" else each for each in check_foreign(foreign))
        judged_here = (*told, check_dates(reading, now), check_signature(reading, now), *more)
        return Verdict(name, judged_here, digest, issuer=None, root=None, anchored_at=None, as_of=None)
    if receipt is None or isinstance(receipt, ReceiptError):
        code, missing = _missing(receipt)
        unchecked = (Check.unknown(each, code, missing) for each in ("inclusion", "anchor", "issuer"))
        checks = (
            check_integrity(reading, receipt),
            *unchecked,
            _withdrawn_by_list(listed) or Check.unknown("status", code, missing),
            check_dates(reading, now),
            check_signature(reading, now),
        )
        if policy is not None:
            checks += _policy_unknown(policy, code, missing)
        return Verdict(name, checks, digest, issuer=None, root=None, anchored_at=None, as_of=None)
    if reading is not None and receipt.digest.method is DigestMethod.VC_RDFC and reading.is_at_hand:
        reading = with_rdf(reading)
    integrity = check_integrity(reading, receipt)
    digest = compared_digest(reading, receipt) or digest
    stated = judged(reading, receipt)
    usable = _usable(facts, receipt)
    anchor = _check_anchor(receipt, usable)
    standing = _check_standing(receipt, usable, stated, ledger, policy) if policy and policy.bodies else None
    checks = (
        integrity,
        _check_inclusion(receipt, usable),
        anchor,
        _check_issuer(receipt, usable, stated, trust, policy, standing.path if standing else None),
        _check_status(receipt, usable, reading, listed),
        check_dates(reading, now),
        check_signature(reading, now, _anchored(receipt, usable, reading, anchor)),
        *(standing[:2] if standing else ()),
        *([_check_registers(receipt, usable, stated, registers, policy)] if policy and policy.registers else ()),
    )
    seen = usable if isinstance(usable, ChainFacts) else None
    stands = seen is not None and seen.batch is not None and anchor.outcome in (Outcome.PASS, Outcome.WARN)
    anchored_at = seen.batch.anchored_at if stands and seen and seen.batch else None
    card = None
    # What was changed since it was anchored states nothing that its issuer said.
    if integrity.outcome in (Outcome.PASS, Outcome.WARN):
        card = verdict_levels(
            stated,
            levels or (lambda: LevelMaps(())),
            accredited_in=standing.path.links[-1].scope.jurisdiction if standing and standing.path else "",
            here=here or (policy.jurisdiction if policy else ""),
            moment=anchored_at or now,
        )
    return Verdict(
        name,
        checks,
        digest,
        issuer=receipt.anchor.issuer,
        root=receipt.root,
        anchored_at=anchored_at,
        as_of=seen.as_of if seen else None,
        chain=receipt.anchor.chain,
        not_looked_at=seen.not_looked_at if seen else None,
        basis=seen.basis if seen else None,
        levels=card,
        party_uri=seen.party.uri if seen and seen.party else None,
    )


def _anchored(
    receipt: Receipt, facts: ChainFacts | FactsUnavailable, reading: Reading | None, anchor: Check
) -> Anchored | None:
    """By whom a document was anchored, for the check of its signatures."""
    if isinstance(facts, FactsUnavailable):
        return None
    stands = anchor.outcome in (Outcome.PASS, Outcome.WARN)
    own = {digest.value for digest in reading.own} if reading else set()
    covers = receipt.digest.method in COVERING and receipt.digest_value in own
    before = facts.batch.anchored_at if facts.batch is not None and stands and covers else None
    return Anchored(facts.chain, facts.contract, facts.party, before)


def _reading(document: bytes | Reading | DigestedDocument | None, name: str, limits: Limits) -> Reading | None:
    if isinstance(document, bytes):
        return read_document(document, name, limits)
    return digest_only(document.digest, name, document.claims) if isinstance(document, DigestedDocument) else document


def _missing(receipt: ReceiptError | None) -> tuple[str, Said]:
    """The code and the sentence of every check that needs a receipt."""
    if receipt is not None:
        why = Original(sentences(receipt.what, receipt.remedy))
        if receipt.where:
            return receipt.code, say("receipt.unreadableAt", where=receipt.where, why=why)
        return receipt.code, say("receipt.unreadable", why=why)
    return Code.NO_RECEIPT, say("receipt.missing")


def _usable(facts: ChainFacts | FactsUnavailable | None, receipt: Receipt) -> ChainFacts | FactsUnavailable:
    """The facts, if they are about this receipt and possible; otherwise why they cannot be used."""
    if facts is None:
        return _NO_FACTS
    if isinstance(facts, FactsUnavailable):
        return facts
    anchor = receipt.anchor
    if (elsewhere := other_chain(anchor, facts.chain, facts.contract, is_asked=not facts.basis.is_of_then)) is not None:
        return elsewhere
    party, batch = facts.party, facts.batch
    if (party and party.id != anchor.issuer) or (
        batch and (batch.issuer != anchor.issuer or batch.root != receipt.root)
    ):
        return FactsUnavailable.saying(Code.OTHER_BATCH, say("chain.otherBatch"), say("chain.askAgain"))
    if contradiction := _contradiction(facts):
        return FactsUnavailable.saying(
            Code.FACTS_CONTRADICT, say("chain.contradicts", why=contradiction), say("chain.otherEndpoint")
        )
    return facts


def other_chain(
    anchor: AnchorPart, chain: str, contract: str | None, *, is_asked: bool = True
) -> FactsUnavailable | None:
    """That a receipt is not of the chain or the contract that is asked; None when it is.

    Args:
        chain: CAIP-2.
        contract: address in either case; None when there is none on that chain.
        is_asked: whether an endpoint is; else the verifier said which chain is meant, and nobody is asked.
    """
    if anchor.chain != chain and not is_asked:
        return FactsUnavailable.saying(
            Code.OTHER_CHAIN,
            say("chain.otherMeant", of=said_chain(anchor.chain), meant=said_chain(chain)),
            say("chain.sayChain", chain=anchor.chain),
        )
    if anchor.chain != chain:
        return FactsUnavailable.saying(
            Code.OTHER_CHAIN,
            say("chain.otherAsked", of=said_chain(anchor.chain), asked=said_chain(chain)),
            say("chain.useItsEndpoint"),
        )
    if contract is not None and contract.lower() != anchor.contract and not is_asked:
        return FactsUnavailable.saying(
            Code.OTHER_CHAIN,
            say("chain.otherContractMeant", of=anchor.contract, chain=said_chain(chain), meant=contract.lower()),
            say("chain.askForMeant"),
        )
    if contract is not None and contract.lower() != anchor.contract:
        # No word of asking that contract instead: anybody can put this program's code over a storage he made up.
        return FactsUnavailable.saying(
            Code.OTHER_CHAIN,
            say("chain.otherContractAsked", of=anchor.contract, chain=said_chain(chain), asked=contract.lower()),
            say("chain.askForAsked"),
        )
    return None


def _contradiction(facts: ChainFacts) -> Said | None:
    """What no honest chain says; the contract rules it out."""
    party, batch, as_of = facts.party, facts.batch, facts.as_of
    said = facts.by_digest or NOTHING_SAID
    if any(at is not None and at > as_of.timestamp for at in (said.revoked_at, said.suspended_at)):
        return say("contradiction.saidLater")
    if party is None and said != NOTHING_SAID:
        return say("contradiction.saidByNobody")
    if batch is None:
        return say("contradiction.statusWithoutBatch") if facts.revoked or facts.suspended else None
    if batch.block_number > as_of.number or batch.anchored_at > as_of.timestamp:
        return say("contradiction.anchorLater")
    if party is None:
        return say("contradiction.anchoredByNobody")
    if batch.anchored_at < party.registered_at:
        return say("contradiction.beforeIssuer")
    if party.retired_at and batch.anchored_at > party.retired_at:
        return say("contradiction.afterRetired")
    return None


def _check_inclusion(receipt: Receipt, facts: ChainFacts | FactsUnavailable) -> Check:
    try:
        check_inclusion(receipt.digest_value, receipt.root, receipt.inclusion_proof)
    except ProofError as error:
        return Check.failed("inclusion", error.code, say("inclusion.unproved", why=Original(error.what)))
    count = receipt.inclusion.leaf_count
    batch = facts.batch if isinstance(facts, ChainFacts) else None
    if batch is None:
        return Check.unknown("inclusion", Code.COUNT_UNCONFIRMED, say("inclusion.unconfirmed", count=count))
    if not batch.leaf_count:
        return _count_unstated(receipt, count)
    if batch.leaf_count != count:
        differ = say("inclusion.countsDiffer", said=count, found=batch.leaf_count)
        return Check.failed("inclusion", Code.COUNT_DIFFERS, differ)
    included = say("inclusion.included", number=receipt.inclusion.leaf_index + 1, count=count)
    return Check.passed("inclusion", Code.INCLUDED, included)


def _count_unstated(receipt: Receipt, count: int) -> Check:
    """The batch was anchored as a bare root, and nobody has stated its leaf count on chain yet.

    An interior node is the digest of 64 bytes that are two digests. No JSON text is that, and no N-Quads are, but a
    file may be.
    """
    of_text = receipt.digest.method in (DigestMethod.VC_JCS, DigestMethod.JSON_JCS, DigestMethod.VC_RDFC)
    make = Check.warned if of_text else Check.unknown
    return make("inclusion", Code.COUNT_UNSTATED, say("inclusion.unstated", count=count))


def _check_anchor(receipt: Receipt, facts: ChainFacts | FactsUnavailable) -> Check:
    if isinstance(facts, FactsUnavailable):
        return _unavailable("anchor", facts)
    batch = facts.batch
    if batch is None:
        return _not_anchored(receipt.anchor, facts)
    differences = tuple(_differences(receipt.anchor, batch))
    if _same_block_other_story(receipt.anchor.block, batch):
        told = say("anchor.contradicts", differences=listed(differences))
        return Check.failed("anchor", Code.RECEIPT_CONTRADICTS, told)
    anchored = say(
        "anchor.final" if facts.final else "anchor.notFinal",
        issuer=batch.issuer,
        when=batch.anchored_at,
        block=batch.block_number,
        chain=said_name(facts.chain),
        id=facts.chain,
    )
    caveats = list(_caveats(facts, batch, differences))
    said = (anchored, *(sentence for _, told in caveats for sentence in told), *_proof(facts))
    if not caveats:
        return Check.passed("anchor", Code.ANCHORED, *said)
    make = Check.unknown if caveats[0][0] is Code.ANCHOR_UNSEEN else Check.warned
    return make("anchor", caveats[0][0], *said)


def _caveats(facts: ChainFacts, batch: Batch, differences: tuple[Said, ...]) -> Iterator[tuple[Code, Sentences]]:
    """What keeps an anchor from passing, and why, the gravest first."""
    if not facts.contract_proved:
        unproved = say("anchor.unproved", contract=facts.contract.lower())
        if batch.anchor is None:
            yield Code.ANCHOR_UNSEEN, (unproved, say("anchor.unseen"))
        else:
            yield Code.CONTRACT_UNPROVED, (unproved,)
    if not facts.final:
        yield Code.NOT_FINAL, ()
    if differences:
        yield Code.RECEIPT_OUTDATED, (say("anchor.outdated", differences=listed(differences)),)
    if chain_name(facts.chain).is_practice:
        yield Code.PRACTICE_CHAIN, (say("anchor.practice"),)


def _not_anchored(anchor: AnchorPart, facts: ChainFacts) -> Check:
    block, when = facts.as_of.number, facts.as_of.timestamp
    if anchor.block is None:
        return Check.unknown("anchor", Code.PENDING, say("anchor.pending", block=block, when=when))
    if _behind(anchor, facts):
        behind = say("anchor.behind", named=anchor.block.number, block=block, when=when)
        return Check.unknown("anchor", Code.CHAIN_BEHIND, behind)
    if facts.basis.is_of_then:
        return Check.unknown("anchor", Code.CHAIN_BEHIND, say("anchor.notInEvidence", block=block, when=when))
    not_anchored = say("anchor.notAnchored", issuer=anchor.issuer, block=block, when=when)
    return Check.failed("anchor", Code.NOT_ANCHORED, not_anchored)


def _behind(anchor: AnchorPart, facts: ChainFacts) -> bool:
    """Whether the facts are of before the block that the receipt names."""
    return anchor.block is not None and anchor.block.number > facts.as_of.number


def _differences(anchor: AnchorPart, batch: Batch) -> Iterator[Said]:
    """Where the receipt and the chain tell different stories of one anchor; a pending receipt tells none."""
    block = anchor.block
    if block is None:
        return
    if block.number != batch.block_number:
        yield say("difference.block", said=block.number, found=batch.block_number)
    if batch.anchor is not None and block.hash != "0x" + batch.anchor.block_hash.hex():
        yield say("difference.hash")
    if block.timestamp != batch.anchored_at:
        yield say("difference.time", said=block.timestamp, found=batch.anchored_at)
    if anchor.sequence != batch.sequence:
        yield say("difference.sequence", said=anchor.sequence or 0, found=batch.sequence)
    if batch.anchor is not None and anchor.transaction != "0x" + batch.anchor.transaction.hex():
        yield say("difference.transaction")


def _same_block_other_story(block: BlockPart | None, batch: Batch) -> bool:
    """A block hash fixes number and time, so no reorganisation explains another number or time."""
    return (
        block is not None
        and batch.anchor is not None
        and block.hash == "0x" + batch.anchor.block_hash.hex()
        and (block.number != batch.block_number or block.timestamp != batch.anchored_at)
    )


def _believed(trust: Trust, policy: Policy | None, chain: str) -> Trust:
    """The trusted issuers of both whose numbers are of this chain; where both have a name, that of the settings."""
    own = trust if trust.chain in (None, chain) else Trust()
    if policy is None or policy.chain not in (None, chain):
        return own
    named = {number: own.name_of(number) or "" for number in own.issuers}
    return Trust(
        {
            number: named.get(number) or policy.trusted_issuers.get(number, "")
            for number in named | policy.trusted_issuers
        }
    )


def believed_numbers(trust: Trust, policy: Policy | None, chain: str | None) -> frozenset[int]:
    """The parties of a chain that a verifier believes without any accreditation; of none when it is not known."""
    return frozenset() if chain is None else frozenset(_believed(trust, policy, chain).issuers)


def _check_standing(
    receipt: Receipt,
    facts: ChainFacts | FactsUnavailable,
    stated: Sequence[Claims],
    ledger: Ledger | FactsUnavailable | None,
    policy: Policy,
) -> Standing:
    if isinstance(facts, FactsUnavailable):
        return Standing.unknown(facts.code, *facts.sentences)
    if ledger is None or isinstance(ledger, FactsUnavailable):
        missing = ledger or _NO_FACTS
        return Standing.unknown(missing.code, *missing.sentences)
    if facts.batch is None:
        return Standing.unknown(Code.NO_ANCHOR_TIME, say("standing.noAnchorTime"))
    if facts.head_age is not None and facts.head_age.freshness is Freshness.STALE:
        # What was withdrawn or declared void since is not known.
        return Standing.unknown(facts.head_age.code, *facts.head_age.said)
    return check_standing(receipt.anchor.issuer, facts.chain, facts.batch.anchored_at, stated, ledger, policy)


def _check_registers(
    receipt: Receipt,
    facts: ChainFacts | FactsUnavailable,
    stated: Sequence[Claims],
    registers: Sequence[AtHand] | FactsUnavailable | None,
    policy: Policy,
) -> Check:
    if isinstance(facts, FactsUnavailable):
        return registers_unknown(facts.code, *facts.sentences)
    if policy.chain != facts.chain:
        other = say("standing.otherChain", of=policy.chain or "", named=facts.chain)
        return registers_unknown(Code.OTHER_CHAIN, other)
    if registers is None or isinstance(registers, FactsUnavailable):
        missing = registers or _NO_FACTS
        return registers_unknown(missing.code, *missing.sentences)
    if facts.batch is None:
        return registers_unknown(Code.NO_ANCHOR_TIME, say("standing.noAnchorTime"))
    if facts.head_age is not None and facts.head_age.freshness is Freshness.STALE:
        # What the mirror published or withdrew since is not known.
        return registers_unknown(facts.head_age.code, *facts.head_age.said)
    return check_registers(receipt.anchor.issuer, facts.batch.anchored_at, stated, registers, policy)


def _policy_unknown(policy: Policy, code: str, said: Sentence) -> tuple[Check, ...]:
    """The checks that a policy asks for, none of which could be made."""
    standing = Standing.unknown(code, said)[:2] if policy.bodies else ()
    return (*standing, registers_unknown(code, said)) if policy.registers else tuple(standing)


def _check_issuer(
    receipt: Receipt,
    facts: ChainFacts | FactsUnavailable,
    stated: Sequence[Claims],
    given: Trust,
    policy: Policy | None,
    accredited: Path | None,
) -> Check:
    if isinstance(facts, FactsUnavailable):
        return _unavailable("issuer", facts)
    party, issuer = facts.party, receipt.anchor.issuer
    trust = _believed(given, policy, facts.chain)
    if party is None:
        if facts.basis.is_of_then:
            return Check.unknown("issuer", Code.CHAIN_BEHIND, say("issuer.notInEvidence", issuer=issuer))
        if _behind(receipt.anchor, facts):
            return Check.unknown("issuer", Code.CHAIN_BEHIND, say("issuer.notYet", issuer=issuer))
        return Check.failed("issuer", Code.ISSUER_UNKNOWN, say("issuer.unknown", issuer=issuer))
    who, uri = _who(issuer, trust.name_of(issuer)), marked(party.uri)
    trusted = issuer in trust.issuers
    if not trusted and accredited is None:
        if elsewhere := _trusted_elsewhere(issuer, given, policy):
            here, there = said_chain(facts.chain), said_chain(elsewhere)
            said = say("issuer.elsewhere", who=who, uri=uri, here=here, issuer=issuer, there=there)
            return Check.unknown("issuer", Code.OTHER_CHAIN, said)
        said = say("issuer.notTrusted", who=who, uri=uri, chain=facts.chain, issuer=issuer)
        return Check.unknown("issuer", Code.ISSUER_NOT_TRUSTED, said)
    retired = [say("issuer.retired", when=party.retired_at)] if party.retired_at else []
    names = filter(None, map(named_issuers, stated))
    differing = [named for named in names if not same_issuer(named, party, trust.name_of(issuer))]
    if differing:
        key = "issuer.trustedDiffers" if trusted else "issuer.accreditedDiffers"
        said = say(key, who=who, named=shown_issuers(differing[0]), uri=uri)
        return Check.warned("issuer", Code.ISSUER_DIFFERS, said, *retired)
    code = Code.ISSUER_TRUSTED if trusted else Code.ISSUER_ACCREDITED
    believed = say("issuer.trusted" if trusted else "issuer.accredited", who=who)
    return Check.passed("issuer", Code.ISSUER_RETIRED if retired else code, believed, *retired)


def _who(issuer: int, known_as: str | None) -> Said:
    return (
        say("issuer.named", issuer=issuer, name=marked(known_as)) if known_as else say("issuer.number", issuer=issuer)
    )


def _trusted_elsewhere(issuer: int, trust: Trust, policy: Policy | None) -> str | None:
    """The chain on which the verifier trusts a party with this number, for one that is not believed here."""
    if issuer in trust.issuers and trust.chain is not None:
        return trust.chain
    return policy.chain if policy is not None and issuer in policy.trusted_issuers else None


def _check_status(
    receipt: Receipt,
    facts: ChainFacts | FactsUnavailable,
    reading: Reading | None,
    listed: Sequence[Listed] | None,
) -> Check:
    by_list = _withdrawn_by_list(listed)
    if isinstance(facts, FactsUnavailable):
        return by_list or _unavailable("status", facts)
    if withdrawn := _withdrawn(receipt, facts):
        return replace(withdrawn, said=(*withdrawn.said, *_proof(facts)))
    if by_list is not None:
        return by_list
    block, when = facts.as_of.number, facts.as_of.timestamp
    if facts.batch is None:
        return Check.unknown("status", Code.NO_STATUS, say("status.none", block=block, when=when))
    warnings = list(_status_warnings(facts, reading, listed))
    said = (
        say("status.inForce", block=block, when=when),
        *_in_force_by_list(listed),
        *(sentence for _, told in warnings for sentence in told),
        *_not_looked_at(facts),
        *_proof(facts),
    )
    if not warnings:
        return Check.passed("status", Code.IN_FORCE, *said)
    stale = facts.head_age is not None and facts.head_age.freshness is Freshness.STALE
    return (Check.unknown if stale else Check.warned)("status", warnings[0][0], *said)


def _withdrawn(receipt: Receipt, facts: ChainFacts) -> Check | None:
    """What the issuer did to the credential, by its digest or in any of the batches that count, if anything."""
    place, batch = AnchorPlace(receipt.root, receipt.inclusion.leaf_index), facts.batch
    void_reason = None if batch is None else batch.void_reason
    said = facts.by_digest or NOTHING_SAID
    looked_at = AnchorState(
        receipt.anchor.issuer,
        place,
        revoked=facts.revoked,
        suspended=facts.suspended,
        voided=batch is not None and batch.is_void,
        reason=facts.status_reason if void_reason is None else void_reason.word,
        by_digest=said,
    )
    # Without its batch nothing leads from it to others; what was said of the digest holds all the same.
    found = judge(looked_at, () if batch is None else facts.others)
    if found.stands:
        return None

    block, when = facts.as_of.number, facts.as_of.timestamp

    def where(state: AnchorState) -> Value:
        if state.place == place:
            return _reason(state.reason)
        return say("status.elsewhere", root=f"0x{state.place.root.hex()}", reason=_reason(state.reason))

    if found.revoked:
        how = _by_digest(said.revoked_at, said.revocation_reason) or where(found.revoked)
        return Check.failed("status", Code.REVOKED, say("status.revoked", how=how, block=block, when=when))
    if found.voided is looked_at:
        on = say("status.on", when=batch.voided_at) if batch and batch.voided_at else ""
        voided = say("status.voidedBatch", on=on, where=where(found.voided), block=block, when=when)
        return Check.failed("status", Code.VOIDED, voided)
    if found.voided:
        voided = say("status.voidedWith", where=where(found.voided), block=block, when=when)
        return Check.failed("status", Code.VOIDED, voided)
    if found.suspended is None:
        raise AssertionError("what does not stand is revoked, voided or suspended")
    how = _by_digest(said.suspended_at, said.suspension_reason) or where(found.suspended)
    suspended = say("status.suspended", how=how, block=block, when=when)
    if facts.head_age is not None and (facts.head_age.freshness is Freshness.STALE or facts.basis.is_of_then):
        # It may have been reinstated since.
        return Check.unknown("status", facts.head_age.code, suspended, *facts.head_age.said)
    return Check.failed("status", Code.SUSPENDED, suspended)


def _by_digest(at: datetime | None, reason: Reason | None) -> Said | None:
    """When the issuer said it of the credential itself, and why; None where it did not."""
    if at is None:
        return None
    return say("status.byDigest", when=at, reason=_reason(None if reason is None else reason.word))


def _reason(word: str | None) -> Value:
    """Why the issuer did it; nothing where it did not say."""
    if not word:
        return ""
    return say("status.reason", reason=say(f"because.{word}") if word in _REASONS else word)


def _withdrawn_by_list(listed: Sequence[Listed] | None) -> Check | None:
    """That a list that the document names withdraws it, whatever the chain says: the worse of the two counts."""
    for state, code, key in (
        (ListState.REVOKED, Code.LISTED_REVOKED, "online.listRevoked"),
        (ListState.SUSPENDED, Code.LISTED_SUSPENDED, "online.listSuspended"),
    ):
        for each in listed or ():
            if each.state is state:
                return Check.failed("status", code, say(key, who=marked(each.who)))
    return None


def _in_force_by_list(listed: Sequence[Listed] | None) -> Iterator[Said]:
    """A sentence for each list that was read and does not withdraw it."""
    for each in listed or ():
        if each.state is ListState.IN_FORCE:
            key = "online.listNotRevoked" if each.purpose == Purpose.REVOCATION else "online.listNotSuspended"
            yield say(key, who=marked(each.who))


def _status_warnings(
    facts: ChainFacts, reading: Reading | None, listed: Sequence[Listed] | None
) -> Iterator[tuple[str, Sentences]]:
    """Codes and sentences of what was not looked at, the gravest first."""
    if facts.head_age is not None and facts.head_age.freshness is not Freshness.FRESH:
        yield facts.head_age.code, facts.head_age.said
    if listed is None:
        if named := names_status_list(reading):
            yield Code.STATUS_LIST_UNREAD, (say("status.listUnread", name=named),)
        return
    for each in listed:
        if each.state is ListState.UNREAD:
            yield Code.STATUS_LIST_UNREAD, (say("status.listUnread", name=each.name), Original(each.why))
    for each in listed:
        if each.odd:
            yield Code.STATUS_LIST_ODD, (say("online.listOdd", what=Original("; ".join(each.odd))),)


def _proof(facts: ChainFacts) -> Iterator[Said]:
    """What proves the facts; that nothing does is no part of each check: the verdict says what it rests on."""
    if facts.basis.proved:
        yield facts.basis.said(facts.as_of)


def _not_looked_at(facts: ChainFacts) -> Iterator[Said]:
    if count := facts.not_looked_at:
        yield say("status.notLookedAt" if facts.by_digest is None else "status.placesNotLookedAt", count=count)


def _unavailable(name: str, facts: FactsUnavailable) -> Check:
    return Check(name, Outcome.UNKNOWN, facts.code, facts.sentences, facts.detail)
