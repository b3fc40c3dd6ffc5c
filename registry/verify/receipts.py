"""Which of several receipts decides the verdict on a document, and what is told of the others.

Pure: a verdict for each receipt in, one verdict out. `docs/reference/verdict.md` has the order in words.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from registry.errors import ReceiptError
from registry.receipt.model import Receipt
from registry.verify.verdict import REPLACEMENT_UNKNOWN, OtherReceipt, Outcome, Overall, Verdict

MOST_JUDGED: Final = 32
"""Receipts of one document that are judged; each costs questions to the chain."""

# A credential that is certainly withdrawn in one place is not rescued by one that could not be looked at.
_BEST_FIRST: Final = (Overall.VALID, Overall.VALID_WITH_WARNING, Overall.NOT_VALID, Overall.COULD_NOT_BE_CHECKED)
_WORST_LAST: Final = (Overall.VALID, Overall.VALID_WITH_WARNING, Overall.COULD_NOT_BE_CHECKED, Overall.NOT_VALID)
_STANDS: Final = (Outcome.PASS, Outcome.WARN)


class Judged(NamedTuple):
    """A receipt, or why one cannot be read, and the verdict on the document by it alone."""

    receipt: Receipt | ReceiptError
    verdict: Verdict


def decided(judged: Sequence[Judged], own: Collection[bytes], issuer: int | None = None) -> Verdict:
    """The verdict on a document by all of its receipts.

    Receipts for the document itself come before those for credentials inside it. Of one credential the best receipt
    decides; of several credentials inside one document the one that stands worst.

    Args:
        judged: at least one; of equal ones the first decides.
        own: the digests of the document itself, 32 bytes each.
        issuer: the party that the verifier asks about; None for whichever it trusts.
    """
    groups: dict[bytes | None, list[Judged]] = {}
    for each in judged:
        value = each.receipt.digest_value if isinstance(each.receipt, Receipt) else None
        groups.setdefault(None if value in own else value, []).append(each)
    best = [_best(group, issuer) for group in groups.values()]
    # What cannot be read is about nothing that is known: where another receipt is, that one decides.
    about = [each for each in best if _is_about(each) and isinstance(each.receipt, Receipt)]
    mine = [each for each in about if isinstance(each.receipt, Receipt) and each.receipt.digest_value in own]
    if about and not mine:
        # Whose it is does not count here: one that was withdrawn is not hidden by one of another issuer.
        chosen = max(about, key=lambda each: (_WORST_LAST.index(each.verdict.overall), _rank(each, issuer)))
    else:
        chosen = min(mine or best, key=lambda each: _rank(each, issuer))
    others = tuple(_told(each) for each in judged if each is not chosen)
    return replace(chosen.verdict, other_receipts=others)


def _best(group: Sequence[Judged], issuer: int | None) -> Judged:
    """The receipt that decides of those of one credential.

    What its issuer withdrew in one place is not withdrawn where another anchor of the issuer replaces it: while that
    could not be read, nobody knows.
    """
    found = min(group, key=lambda each: _rank(each, issuer))
    if found.verdict.overall is not Overall.NOT_VALID:
        return found
    open_ = (each for each in group if each.verdict.issuer == found.verdict.issuer and _may_replace(each))
    return next(open_, found)


def _may_replace(each: Judged) -> bool:
    return _is_about(each) and each.verdict.check("status").code == REPLACEMENT_UNKNOWN


def _rank(each: Judged, issuer: int | None) -> tuple[bool, bool, bool, int]:
    receipt, verdict = each
    asked = issuer is None or (isinstance(receipt, Receipt) and receipt.anchor.issuer == issuer)
    trusted = verdict.check("issuer").outcome in _STANDS
    return not _is_about(each), not asked, not trusted, _BEST_FIRST.index(verdict.overall)


def _is_about(each: Judged) -> bool:
    """Whether it may say something about the document; one for another document, or of no anchor, says nothing."""
    return all(each.verdict.check(name).outcome is not Outcome.FAIL for name in ("integrity", "inclusion", "anchor"))


def _told(each: Judged) -> OtherReceipt:
    receipt, verdict = each
    reasons = verdict.reasons
    codes, said = tuple(reasons), tuple(sentence for check in reasons.values() for sentence in check.said)
    if isinstance(receipt, ReceiptError):
        return OtherReceipt(None, None, None, verdict.overall, codes, said)
    anchor = receipt.anchor
    return OtherReceipt(anchor.chain, anchor.issuer, receipt.root, verdict.overall, codes, said)
