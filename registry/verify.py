"""The checks of one credential: a document, its receipt and the chain's facts in, a verdict out.

Pure: no file, no network, no clock but the `now` it is given. A missing or failed answer is `unknown`, and an unknown
never comes out as valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from registry.accreditation import Ledger
from registry.credential import DEFAULT_LIMITS, DigestMethod, Limits
from registry.document import Reading, digest_only, read_document
from registry.errors import ProofError, ReceiptError
from registry.merkle import check_inclusion
from registry.policy import Policy
from registry.receipt import AnchorPart, BlockPart, Receipt
from registry.recognition import Path
from registry.timestamps import write_timestamp
from registry.verdict import (
    BatchFacts,
    BlockRef,
    ChainFacts,
    Check,
    Code,
    DigestedDocument,
    FactsUnavailable,
    Outcome,
    Overall,
    PartyFacts,
    Trust,
    Verdict,
    sentences,
)
from registry.verify_absence import AbsenceVerdict, verify_absence
from registry.verify_dates import check_dates
from registry.verify_document import Claims, check_integrity, compared_digest, judged
from registry.verify_issuer import named_issuers, same_issuer, shown_issuers
from registry.verify_recognition import Standing, check_standing
from registry.verify_signature import check_signature
from registry.verify_status_lists import names_status_list

__all__ = [
    "AbsenceVerdict",
    "BatchFacts",
    "BlockRef",
    "ChainFacts",
    "Check",
    "Code",
    "DigestedDocument",
    "FactsUnavailable",
    "Outcome",
    "Overall",
    "PartyFacts",
    "Trust",
    "Verdict",
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
    trust = _joined(trust, policy)
    standing = _check_standing(receipt, usable, stated, ledger, policy) if policy and policy.bodies else None
    checks = (
        integrity,
        _check_inclusion(receipt, usable),
        anchor,
        _check_issuer(receipt, usable, stated, trust, standing.path if standing else None),
        _check_status(usable, reading),
        check_dates(reading, now),
        check_signature(reading),
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
    if facts.chain != anchor.chain or facts.contract.lower() != anchor.contract:
        return FactsUnavailable(
            Code.OTHER_CHAIN,
            f"The receipt is for contract {anchor.contract} on {anchor.chain}, "
            f"but {facts.contract.lower()} on {facts.chain} was asked.",
            "Verify again with an endpoint of the receipt's chain, if you trust the contract there.",
        )
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


def _contradiction(facts: ChainFacts) -> str | None:
    """What no honest chain says; the contract rules it out."""
    party, batch, as_of = facts.party, facts.batch, facts.as_of
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
    when = f"Anchored by issuer {batch.issuer} on {write_timestamp(batch.anchored_at)} in block {batch.block_number}"
    outdated = (
        f" The receipt differs from the chain ({', '.join(differences)}), as one made before a reorganisation does; "
        "the chain counts. Ask for a new receipt."
        if differences
        else ""
    )
    if not batch.final:
        return Check.warned(
            "anchor", Code.NOT_FINAL, f"{when}, which can still be undone. Verify again in some minutes.{outdated}"
        )
    if differences:
        return Check.warned("anchor", Code.RECEIPT_OUTDATED, f"{when}.{outdated}")
    return Check.passed("anchor", Code.ANCHORED, f"{when}, which is final.")


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
    return Check.failed(
        "anchor", Code.NOT_ANCHORED, f"Issuer {anchor.issuer} has not anchored this batch, as of {as_of}."
    )


def _behind(anchor: AnchorPart, facts: ChainFacts) -> bool:
    return anchor.block is not None and anchor.block.number > facts.as_of.number


def _differences(anchor: AnchorPart, batch: BatchFacts) -> Iterator[str]:
    """Where the receipt and the chain tell different stories of one anchor; a pending receipt tells none."""
    block = anchor.block
    if block is None:
        return
    if block.number != batch.block_number:
        yield f"block {block.number} against {batch.block_number}"
    if batch.block_hash is not None and block.hash != "0x" + batch.block_hash.hex():
        yield "the hash of the block"
    if block.timestamp != batch.anchored_at:
        yield f"the time {write_timestamp(block.timestamp)} against {write_timestamp(batch.anchored_at)}"
    if anchor.sequence != batch.sequence:
        yield f"sequence {anchor.sequence} against {batch.sequence}"
    if batch.transaction is not None and anchor.transaction != "0x" + batch.transaction.hex():
        yield "the transaction"


def _same_block_other_story(block: BlockPart | None, batch: BatchFacts) -> bool:
    """A block hash fixes number and time, so no reorganisation explains another number or time."""
    return (
        block is not None
        and batch.block_hash is not None
        and block.hash == "0x" + batch.block_hash.hex()
        and (block.number != batch.block_number or block.timestamp != batch.anchored_at)
    )


def _joined(trust: Trust, policy: Policy | None) -> Trust:
    """The trusted issuers of both; where both have a name, that of the settings."""
    if policy is None or not policy.issuers:
        return trust
    named = {number: trust.name_of(number) or "" for number in trust.issuers}
    return Trust(
        {
            number: named.get(number) or policy.trusted_issuers.get(number, "")
            for number in named | policy.trusted_issuers
        }
    )


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
    return check_standing(receipt.anchor.issuer, facts.chain, facts.batch.anchored_at, stated, ledger, policy)


def _check_issuer(
    receipt: Receipt,
    facts: ChainFacts | FactsUnavailable,
    stated: Sequence[Claims],
    trust: Trust,
    accredited: Path | None,
) -> Check:
    if isinstance(facts, FactsUnavailable):
        return _unavailable("issuer", facts)
    party, issuer = facts.party, receipt.anchor.issuer
    if party is None:
        if _behind(receipt.anchor, facts):
            return Check.unknown(
                "issuer",
                Code.CHAIN_BEHIND,
                f"There is no party {issuer} yet, but the chain was not read up to the receipt's block. "
                "Verify again later, or use another endpoint.",
            )
        return Check.failed("issuer", Code.ISSUER_UNKNOWN, f"There is no party {issuer} on this chain.")
    known_as = trust.name_of(issuer) or party.name
    who = f"Issuer {issuer}" + (f", {known_as}," if known_as else "")
    trusted = issuer in trust.issuers
    if not trusted and accredited is None:
        return Check.unknown(
            "issuer",
            Code.ISSUER_NOT_TRUSTED,
            f"{who} at {party.uri} is not among the issuers you trust; anyone can register under any name. "
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
            f"record says that they are the same. Compare it with {party.uri}.{retired}",
        )
    code = Code.ISSUER_TRUSTED if trusted else Code.ISSUER_ACCREDITED
    return Check.passed("issuer", Code.ISSUER_RETIRED if retired else code, f"{who} {believed}.{retired}")


def _check_status(facts: ChainFacts | FactsUnavailable, reading: Reading | None) -> Check:
    if isinstance(facts, FactsUnavailable):
        return _unavailable("status", facts)
    as_of = f"as of block {facts.as_of.number} of {write_timestamp(facts.as_of.timestamp)}"
    batch = facts.batch
    if batch is None:
        return Check.unknown(
            "status", Code.NO_STATUS, f"The batch is not anchored {as_of}, so there is no status to read."
        )
    reason = f", reason: {facts.status_reason}" if facts.status_reason else ""
    if facts.revoked:
        return Check.failed("status", Code.REVOKED, f"The issuer has revoked it{reason}; {as_of}.")
    if batch.voided_at is not None:
        void_reason = f", reason: {batch.void_reason}" if batch.void_reason else ""
        return Check.failed(
            "status",
            Code.VOIDED,
            f"The issuer voided the whole batch on {write_timestamp(batch.voided_at)}{void_reason}; {as_of}.",
        )
    if facts.suspended:
        return Check.failed("status", Code.SUSPENDED, f"The issuer has suspended it{reason}; {as_of}.")
    if named := names_status_list(reading):
        return Check.warned(
            "status",
            Code.STATUS_LIST_UNREAD,
            f"Not revoked and not suspended on chain {as_of}. The document also names a status list "
            f"({named}), which was not read: check it with the issuer.",
        )
    return Check.passed("status", Code.IN_FORCE, f"Not revoked and not suspended {as_of}.")


def _unavailable(name: str, facts: FactsUnavailable) -> Check:
    return Check(name, Outcome.UNKNOWN, facts.code, sentences(facts.what, facts.remedy), facts.detail)
