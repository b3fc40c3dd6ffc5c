"""The checks of one credential: a document, its receipt and the chain's facts in, a verdict out.

Pure: no file, no network, no clock but the `now` it is given. A missing or failed answer is `unknown`, and an unknown
never comes out as valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from registry.anchors import AnchorPlace, AnchorState, judge
from registry.chain_names import chain_name
from registry.credential.digest import DEFAULT_LIMITS, DigestMethod, Limits
from registry.document.reading import Reading, digest_only, read_document
from registry.errors import ProofError, ReceiptError
from registry.merkle.proof import check_inclusion
from registry.receipt.model import AnchorPart, BlockPart, Receipt
from registry.recognition.ledger import Ledger
from registry.recognition.path import Path
from registry.records import NOTHING_SAID, Batch, BlockRef, Party, Reason
from registry.timestamps import write_timestamp
from registry.untrusted.text import marked
from registry.verify.absence import AbsenceVerdict, verify_absence
from registry.verify.dates import check_dates
from registry.verify.freshness import Freshness
from registry.verify.issuer import named_issuers, same_issuer, shown_issuers
from registry.verify.policy import Policy
from registry.verify.same_document import Claims, check_integrity, compared_digest, judged
from registry.verify.signature import check_signature
from registry.verify.standing import Standing, check_standing
from registry.verify.status_lists import names_status_list
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

_NO_FACTS = FactsUnavailable(
    Code.CHAIN_NOT_ASKED, "The chain was not asked.", "Verify again with a connection to the receipt's chain."
)


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
    Raises:
        ValueError: `now` has no time zone, or there is neither document nor receipt.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    if document is None and receipt is None:
        raise ValueError("there is neither a document nor a receipt")
    reading = _reading(document, name, limits)
    digest = reading.digest if reading else None
    if receipt is None or isinstance(receipt, ReceiptError):
        code, missing = _missing(receipt)
        unchecked = (Check.unknown(each, code, missing) for each in ("inclusion", "anchor", "issuer", "status"))
        checks = (check_integrity(reading, receipt), *unchecked, check_dates(reading, now), check_signature(reading))
        if policy and policy.bodies:
            checks += Standing.unknown(code, missing)[:2]
        return Verdict(name, checks, digest, issuer=None, root=None, anchored_at=None, as_of=None)
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
        _check_status(receipt, usable, reading),
        check_dates(reading, now),
        check_signature(reading, usable.party if isinstance(usable, ChainFacts) else None),
        *(standing[:2] if standing else ()),
    )
    seen = usable if isinstance(usable, ChainFacts) else None
    stands = seen is not None and seen.batch is not None and anchor.outcome in (Outcome.PASS, Outcome.WARN)
    return Verdict(
        name,
        checks,
        digest,
        issuer=receipt.anchor.issuer,
        root=receipt.root,
        anchored_at=seen.batch.anchored_at if stands and seen and seen.batch else None,
        as_of=seen.as_of if seen else None,
        chain=receipt.anchor.chain,
        not_looked_at=seen.not_looked_at if seen else None,
        basis=seen.basis if seen else None,
    )


def _reading(document: bytes | Reading | DigestedDocument | None, name: str, limits: Limits) -> Reading | None:
    if isinstance(document, bytes):
        return read_document(document, name, limits)
    return digest_only(document.digest, name, document.claims) if isinstance(document, DigestedDocument) else document


def _missing(receipt: ReceiptError | None) -> tuple[str, str]:
    """The code and the sentence of every check that needs a receipt."""
    if receipt is not None:
        where = f" ({receipt.where})" if receipt.where else ""
        return receipt.code, f"The receipt cannot be read{where}: {sentences(receipt.what, receipt.remedy)}"
    return (
        Code.NO_RECEIPT,
        "There is no receipt, so this could not be checked. Ask the issuer or the holder for the receipt.",
    )


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
        return FactsUnavailable(
            Code.OTHER_BATCH,
            "The chain's answer is about another issuer or batch than the receipt.",
            "Ask the chain again for this receipt.",
        )
    if contradiction := _contradiction(facts):
        return FactsUnavailable(
            Code.FACTS_CONTRADICT,
            f"The chain's answers cannot all be true: {contradiction}.",
            "Use another endpoint for this chain.",
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
        return FactsUnavailable(
            Code.OTHER_CHAIN,
            f"The receipt is of {chain_name(anchor.chain)}; the verifier means {chain_name(chain)} (setting chain or "
            "policy).",
            f"If you mean the receipt's chain, say so: --chain {anchor.chain}, or chain in the policy.",
        )
    if anchor.chain != chain:
        return FactsUnavailable(
            Code.OTHER_CHAIN,
            f"The receipt is of {chain_name(anchor.chain)}, but {chain_name(chain)} was asked.",
            "Verify again with an endpoint of the receipt's chain.",
        )
    if contract is not None and contract.lower() != anchor.contract and not is_asked:
        return FactsUnavailable(
            Code.OTHER_CHAIN,
            f"The receipt is of another contract, {anchor.contract}, than the one that the verifier means on "
            f"{chain_name(chain)}, {contract.lower()} (setting contract).",
            "Ask the issuer for a receipt of the contract that is meant.",
        )
    if contract is not None and contract.lower() != anchor.contract:
        # No word of asking that contract instead: anybody can put this program's code over a storage he made up.
        return FactsUnavailable(
            Code.OTHER_CHAIN,
            f"The receipt is of another contract, {anchor.contract}, than the one that was asked on "
            f"{chain_name(chain)}, {contract.lower()}.",
            "Ask the issuer for a receipt of the contract that was asked.",
        )
    return None


def _contradiction(facts: ChainFacts) -> str | None:
    """What no honest chain says; the contract rules it out."""
    party, batch, as_of = facts.party, facts.batch, facts.as_of
    said = facts.by_digest or NOTHING_SAID
    if any(at is not None and at > as_of.timestamp for at in (said.revoked_at, said.suspended_at)):
        return "what was said of the credential is later than the block at which it was read"
    if party is None and said != NOTHING_SAID:
        return "a party that does not exist said something of the credential"
    if batch is None:
        return "a credential has a status, but its batch is not anchored" if facts.revoked or facts.suspended else None
    if batch.block_number > as_of.number or batch.anchored_at > as_of.timestamp:
        return "the anchor is later than the block at which it was read"
    if party is None:
        return "the batch was anchored by a party that does not exist"
    if batch.anchored_at < party.registered_at:
        return "the batch was anchored before its issuer was registered"
    if party.retired_at and batch.anchored_at > party.retired_at:
        return "the batch was anchored after its issuer had retired"
    return None


def _check_inclusion(receipt: Receipt, facts: ChainFacts | FactsUnavailable) -> Check:
    try:
        check_inclusion(receipt.digest_value, receipt.root, receipt.inclusion_proof)
    except ProofError as error:
        return Check.failed(
            "inclusion", error.code, f"The receipt does not prove that the digest is in the batch: {error.what}."
        )
    count = receipt.inclusion.leaf_count
    batch = facts.batch if isinstance(facts, ChainFacts) else None
    if batch is None:
        return Check.unknown(
            "inclusion",
            Code.COUNT_UNCONFIRMED,
            f"The path leads to the root, if the batch has {count} credentials; the chain has to confirm that.",
        )
    if not batch.leaf_count:
        return _count_unstated(receipt, count)
    if batch.leaf_count != count:
        return Check.failed(
            "inclusion",
            Code.COUNT_DIFFERS,
            f"The receipt says that the batch has {count} credentials, the chain says {batch.leaf_count}.",
        )
    return Check.passed(
        "inclusion",
        Code.INCLUDED,
        f"It is number {receipt.inclusion.leaf_index + 1} of the {count} credentials of its batch.",
    )


def _count_unstated(receipt: Receipt, count: int) -> Check:
    """The batch was anchored as a bare root, and nobody has stated its leaf count on chain yet.

    An interior node is the digest of 64 bytes that are two digests. No JSON text is that, but a file may be.
    """
    of_json = receipt.digest.method in (DigestMethod.VC_JCS, DigestMethod.JSON_JCS)
    make = Check.warned if of_json else Check.unknown
    return make(
        "inclusion",
        Code.COUNT_UNSTATED,
        f"The path leads to the root, if the batch has {count} credentials; the issuer has not stated on chain how "
        "many it has. Ask the issuer to state it.",
    )


def _check_anchor(receipt: Receipt, facts: ChainFacts | FactsUnavailable) -> Check:
    if isinstance(facts, FactsUnavailable):
        return _unavailable("anchor", facts)
    batch = facts.batch
    if batch is None:
        return _not_anchored(receipt.anchor, facts)
    differences = tuple(_differences(receipt.anchor, batch))
    if _same_block_other_story(receipt.anchor.block, batch):
        return Check.failed(
            "anchor",
            Code.RECEIPT_CONTRADICTS,
            f"The receipt names the right block and says something untrue about it: {', '.join(differences)}.",
        )
    when = (
        f"Anchored by issuer {batch.issuer} on {write_timestamp(batch.anchored_at)} in block {batch.block_number} "
        f"({chain_name(facts.chain).words}, {facts.chain})"
    )
    finality = "final" if facts.final else "not final: it can still be undone. Verify again in some minutes"
    caveats = list(_caveats(facts, batch, differences))
    text = " ".join((f"{when}, which is {finality}.", *(text for _, text in caveats if text), *_proof(facts)))
    if not caveats:
        return Check.passed("anchor", Code.ANCHORED, text)
    make = Check.unknown if caveats[0][0] is Code.ANCHOR_UNSEEN else Check.warned
    return make("anchor", caveats[0][0], text)


def _caveats(facts: ChainFacts, batch: Batch, differences: tuple[str, ...]) -> Iterator[tuple[Code, str]]:
    """What keeps an anchor from passing, and why, the gravest first."""
    if not facts.contract_proved:
        unproved = (
            f"The contract {facts.contract.lower()} is not where its code alone would put it, and its deployment was "
            "not seen: its creator may have made up what it stores. Rely on it only if you know who deployed it, and "
            "how."
        )
        if batch.anchor is None:
            unseen = "No event of this anchor was seen either, so nothing shows that it was ever made."
            yield Code.ANCHOR_UNSEEN, f"{unproved} {unseen}"
        else:
            yield Code.CONTRACT_UNPROVED, unproved
    if not facts.final:
        yield Code.NOT_FINAL, ""
    if differences:
        yield (
            Code.RECEIPT_OUTDATED,
            f"The receipt differs from the chain ({', '.join(differences)}), as one made before a reorganisation does; "
            "the chain counts. Ask for a new receipt.",
        )
    if chain_name(facts.chain).is_practice:
        yield (
            Code.PRACTICE_CHAIN,
            "That is a chain for practice and tests, which anybody may run or end: what is anchored there proves "
            "nothing to others.",
        )


def _not_anchored(anchor: AnchorPart, facts: ChainFacts) -> Check:
    as_of = f"block {facts.as_of.number} of {write_timestamp(facts.as_of.timestamp)}"
    if anchor.block is None:
        return Check.unknown(
            "anchor",
            Code.PENDING,
            f"The receipt was made before the batch was anchored, and as of {as_of} it is not anchored. "
            "Verify again later, or ask the issuer.",
        )
    if _behind(anchor, facts):
        return Check.unknown(
            "anchor",
            Code.CHAIN_BEHIND,
            f"The receipt names block {anchor.block.number}, but the chain was read only up to {as_of}. "
            "Verify again later, or use another endpoint.",
        )
    if facts.basis.is_of_then:
        return Check.unknown(
            "anchor",
            Code.CHAIN_BEHIND,
            f"As of {as_of} this batch is not anchored; whether it was since is in no evidence. Ask for a receipt with "
            "newer evidence, or verify with an endpoint.",
        )
    return Check.failed(
        "anchor", Code.NOT_ANCHORED, f"Issuer {anchor.issuer} has not anchored this batch, as of {as_of}."
    )


def _behind(anchor: AnchorPart, facts: ChainFacts) -> bool:
    """Whether the facts are of before the block that the receipt names."""
    return anchor.block is not None and anchor.block.number > facts.as_of.number


def _differences(anchor: AnchorPart, batch: Batch) -> Iterator[str]:
    """Where the receipt and the chain tell different stories of one anchor; a pending receipt tells none."""
    block = anchor.block
    if block is None:
        return
    if block.number != batch.block_number:
        yield f"block {block.number} against {batch.block_number}"
    if batch.anchor is not None and block.hash != "0x" + batch.anchor.block_hash.hex():
        yield "the hash of the block"
    if block.timestamp != batch.anchored_at:
        yield f"the time {write_timestamp(block.timestamp)} against {write_timestamp(batch.anchored_at)}"
    if anchor.sequence != batch.sequence:
        yield f"sequence {anchor.sequence} against {batch.sequence}"
    if batch.anchor is not None and anchor.transaction != "0x" + batch.anchor.transaction.hex():
        yield "the transaction"


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
        return Standing.unknown(facts.code, sentences(facts.what, facts.remedy))
    if ledger is None or isinstance(ledger, FactsUnavailable):
        missing = ledger or _NO_FACTS
        return Standing.unknown(missing.code, sentences(missing.what, missing.remedy))
    if facts.batch is None:
        return Standing.unknown(
            Code.NO_ANCHOR_TIME,
            "The batch is not anchored, so there is no time for which an accreditation could be looked up.",
        )
    if facts.head_age is not None and facts.head_age.freshness is Freshness.STALE:
        # What was withdrawn or declared void since is not known.
        return Standing.unknown(facts.head_age.code, facts.head_age.text)
    return check_standing(receipt.anchor.issuer, facts.chain, facts.batch.anchored_at, stated, ledger, policy)


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
            return Check.unknown(
                "issuer",
                Code.CHAIN_BEHIND,
                f"As of the block of the evidence there is no party {issuer}; whether there was since is not in it.",
            )
        if _behind(receipt.anchor, facts):
            return Check.unknown(
                "issuer",
                Code.CHAIN_BEHIND,
                f"There is no party {issuer} yet, but the chain was not read up to the receipt's block. "
                "Verify again later, or use another endpoint.",
            )
        return Check.failed("issuer", Code.ISSUER_UNKNOWN, f"There is no party {issuer} on this chain.")
    known_as = trust.name_of(issuer)
    who = f"Issuer {issuer}" + (f", {marked(known_as)}," if known_as else "")
    trusted = issuer in trust.issuers
    if not trusted and accredited is None:
        if elsewhere := _trusted_elsewhere(issuer, given, policy):
            return Check.unknown(
                "issuer",
                Code.OTHER_CHAIN,
                f"{who} at {marked(party.uri)} is a party of {chain_name(facts.chain)}. The party {issuer} that you "
                f"trust is one of {chain_name(elsewhere)}: numbers on two chains have nothing to do with each other.",
            )
        return Check.unknown(
            "issuer",
            Code.ISSUER_NOT_TRUSTED,
            f"{who} at {marked(party.uri)} is not among the issuers you trust; anyone can register under any name. "
            f"Ask the institution whether its number on {facts.chain} is {issuer}, then trust it.",
        )
    retired = f" It retired on {write_timestamp(party.retired_at)}, after this anchor." if party.retired_at else ""
    believed = "is one you trust" if trusted else "was accredited by way of a body that you trust"
    names = filter(None, map(named_issuers, stated))
    differing = [named for named in names if not same_issuer(named, party, trust.name_of(issuer))]
    if differing:
        return Check.warned(
            "issuer",
            Code.ISSUER_DIFFERS,
            f"{who} {believed}, but the document names {shown_issuers(differing[0])} as its issuer and nothing on "
            f"record says that they are the same. Compare it with {marked(party.uri)}.{retired}",
        )
    code = Code.ISSUER_TRUSTED if trusted else Code.ISSUER_ACCREDITED
    return Check.passed("issuer", Code.ISSUER_RETIRED if retired else code, f"{who} {believed}.{retired}")


def _trusted_elsewhere(issuer: int, trust: Trust, policy: Policy | None) -> str | None:
    """The chain on which the verifier trusts a party with this number, for one that is not believed here."""
    if issuer in trust.issuers and trust.chain is not None:
        return trust.chain
    return policy.chain if policy is not None and issuer in policy.trusted_issuers else None


def _check_status(receipt: Receipt, facts: ChainFacts | FactsUnavailable, reading: Reading | None) -> Check:
    if isinstance(facts, FactsUnavailable):
        return _unavailable("status", facts)
    as_of = f"as of block {facts.as_of.number} of {write_timestamp(facts.as_of.timestamp)}"
    if withdrawn := _withdrawn(receipt, facts, as_of):
        return replace(withdrawn, text=" ".join((withdrawn.text, *_proof(facts))))
    if facts.batch is None:
        return Check.unknown(
            "status", Code.NO_STATUS, f"The batch is not anchored {as_of}, so there is no status to read."
        )
    warnings = list(_status_warnings(facts, reading))
    text = " ".join(
        (
            f"Not revoked and not suspended on chain {as_of}.",
            *(text for _, text in warnings),
            *_not_looked_at(facts),
            *_proof(facts),
        )
    )
    if not warnings:
        return Check.passed("status", Code.IN_FORCE, text)
    stale = facts.head_age is not None and facts.head_age.freshness is Freshness.STALE
    return (Check.unknown if stale else Check.warned)("status", warnings[0][0], text)


def _withdrawn(receipt: Receipt, facts: ChainFacts, as_of: str) -> Check | None:
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

    def where(state: AnchorState) -> str:
        reason = f", reason: {state.reason}" if state.reason else ""
        if state.place == place:
            return reason
        return f" in another batch, 0x{state.place.root.hex()}, which this one is not said to replace{reason}"

    if found.revoked:
        how = _by_digest(said.revoked_at, said.revocation_reason) or where(found.revoked)
        return Check.failed("status", Code.REVOKED, f"The issuer has revoked it{how}; {as_of}.")
    if found.voided:
        mine = found.voided is looked_at
        when = f" on {write_timestamp(batch.voided_at)}" if mine and batch and batch.voided_at else ""
        what = "the whole batch" if mine else "it with the whole batch"
        return Check.failed("status", Code.VOIDED, f"The issuer voided {what}{when}{where(found.voided)}; {as_of}.")
    if found.suspended is None:
        raise AssertionError("what does not stand is revoked, voided or suspended")
    how = _by_digest(said.suspended_at, said.suspension_reason) or where(found.suspended)
    suspended = f"The issuer has suspended it{how}; {as_of}."
    if facts.head_age is not None and (facts.head_age.freshness is Freshness.STALE or facts.basis.is_of_then):
        # It may have been reinstated since.
        return Check.unknown("status", facts.head_age.code, f"{suspended} {facts.head_age.text}")
    return Check.failed("status", Code.SUSPENDED, suspended)


def _by_digest(at: datetime | None, reason: Reason | None) -> str | None:
    """When the issuer said it of the credential itself, and why; None where it did not."""
    if at is None:
        return None
    why = "" if reason is None else f", reason: {reason.word}"
    return f" by its digest, wherever it is anchored, on {write_timestamp(at)}{why}"


def _status_warnings(facts: ChainFacts, reading: Reading | None) -> Iterator[tuple[str, str]]:
    """Codes and sentences of what was not looked at, the gravest first."""
    if facts.head_age is not None and facts.head_age.freshness is not Freshness.FRESH:
        yield facts.head_age.code, facts.head_age.text
    if named := names_status_list(reading):
        yield (
            Code.STATUS_LIST_UNREAD,
            f"The document also names a status list ({named}), which was not read: check it with the issuer.",
        )


def _proof(facts: ChainFacts) -> Iterator[str]:
    """What proves the facts; that nothing does is no part of each check: the verdict says what it rests on."""
    if facts.basis.proved:
        yield facts.basis.words(facts.as_of)


def _not_looked_at(facts: ChainFacts) -> Iterator[str]:
    count = facts.not_looked_at
    if count:
        batches = "One other batch of this issuer was" if count == 1 else f"{count:,} other batches of this issuer were"
        if facts.by_digest is None:
            yield f"{batches} not looked at: whether the same credential was revoked there is not known."
        else:
            yield (
                f"{batches} not looked at: whether its place there was revoked is not known. By its digest, wherever "
                "it is anchored, it is neither revoked nor suspended."
            )


def _unavailable(name: str, facts: FactsUnavailable) -> Check:
    return Check(name, Outcome.UNKNOWN, facts.code, sentences(facts.what, facts.remedy), facts.detail)
