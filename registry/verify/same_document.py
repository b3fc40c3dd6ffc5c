"""Whether a document is the one that a receipt is for, and which of its credentials the verdict is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.credential.digest import Digest, DigestMethod
from registry.document.reading import Part, Reading
from registry.errors import CredentialError, ReceiptError
from registry.receipt.model import Receipt
from registry.verify.verdict import Check, Code, sentences

Claims = Mapping[str, Any]

# Refusals that say something about the verifier's own limits, not about the document.
_OWN_LIMITS = frozenset({"too-large", "too-deep", "unsupported-method"})
_OF_JSON = frozenset({DigestMethod.VC_JCS, DigestMethod.JSON_JCS})
_NAME = "integrity"


def check_integrity(reading: Reading | None, receipt: Receipt | ReceiptError | None) -> Check:
    """Whether the document, or a credential in it, has the receipt's digest."""
    if reading is None:
        return Check.unknown(
            _NAME,
            Code.NO_DOCUMENT,
            "There is only a receipt and no document to compare it with. Verify the document together with it.",
        )
    if receipt is None:
        if reading.digest is None and reading.refusal is not None:
            return _unreadable(reading.refusal)
        return Check.unknown(
            _NAME,
            Code.NO_RECEIPT,
            "There is no receipt to compare the document with. Ask the issuer or the holder for the receipt.",
        )
    if isinstance(receipt, ReceiptError):
        return Check.unknown(
            _NAME, receipt.code, "There is a receipt that cannot be read, so the document was compared with none."
        )
    if not reading.is_at_hand or _is_given(reading):
        return _compare_digest(reading, receipt)
    return _compare(reading, receipt)


def compared_digest(reading: Reading | None, receipt: Receipt) -> Digest | None:
    """The digest of the document that belongs beside the receipt's: by its method, or of the credential inside."""
    if reading is None:
        return None
    if part := _inside(reading, receipt):
        return next(digest for digest in part.digests if digest.value == receipt.digest_value)
    return next((digest for digest in reading.own if digest.method == receipt.digest.method), None)


def judged(reading: Reading | None, receipt: Receipt) -> Sequence[Claims]:
    """The members of what the receipt is for: of one credential inside, or else of all that the document holds."""
    if reading is None:
        return ()
    if part := _inside(reading, receipt):
        return [each.members for each in reading.parts if each is part or each.where.startswith(f"{part.where}, ")]
    return [part.members for part in reading.parts]


def _inside(reading: Reading, receipt: Receipt) -> Part | None:
    """The credential inside the document that the receipt is for, when it is not for the whole of it."""
    if any(digest.value == receipt.digest_value for digest in reading.own):
        return None
    return reading.inside(receipt.digest_value)


def _is_given(reading: Reading) -> bool:
    return reading.digest is not None and reading.digest.method is DigestMethod.GIVEN


def _compare_digest(reading: Reading, receipt: Receipt) -> Check:
    """Of a credential that was digested before."""
    digest = reading.digest
    if digest is None or digest.value != receipt.digest_value:
        return _differs(digest, receipt)
    if digest.method is DigestMethod.GIVEN:
        return _equal_given()
    if digest.method != receipt.digest.method:
        return _mismatch(f"The document is digested by {digest.method}, the receipt says {receipt.digest.method}.")
    return _equal()


def _compare(reading: Reading, receipt: Receipt) -> Check:
    method, value = receipt.digest.method, receipt.digest_value
    by_method = next((digest for digest in reading.own if digest.method == method), None)
    if by_method is not None and by_method.value == value:
        return _equal_given() if method is DigestMethod.GIVEN else _equal()
    if method is DigestMethod.GIVEN and any(digest.value == value for digest in reading.own):
        return _equal()
    if part := _inside(reading, receipt):
        others = f" It holds {len(reading.parts)} parts, and the dates of all count." if len(reading.parts) > 1 else ""
        return Check.warned(
            _NAME,
            Code.DIGEST_INSIDE,
            f"A credential inside it ({part.where}) is the one that was anchored. What is around it was not: compare "
            f"what the document shows with the credential.{others}",
        )
    if method is DigestMethod.GIVEN:
        return Check.unknown(
            _NAME,
            Code.NOT_RECOMPUTABLE,
            "The issuer made this digest in its own system, so it cannot be recomputed from the document. "
            "Ask the issuer for the digest of the document and verify that.",
        )
    if method is DigestMethod.VC_RDFC:
        return _refused(
            CredentialError(
                f"The digest method {method} is not supported here.",
                remedy="Verify it with a program that supports it.",
                code=Code.UNSUPPORTED_METHOD,
            )
        )
    return _not_equal(reading, receipt, by_method)


def _not_equal(reading: Reading, receipt: Receipt, by_method: Digest | None) -> Check:
    """What it means that the receipt's digest was not found; "changed" is said only where that is certain."""
    if any(digest.value == receipt.digest_value for digest in reading.alike):
        return Check.unknown(
            _NAME,
            Code.PRESENTATION_DIFFERS,
            "Its content is the one that was anchored, but the file is written otherwise: in another encoding, with a "
            "byte order mark, or with a line's end more or less. Ask for the file as the issuer made it.",
        )
    if reading.is_selection:
        return Check.unknown(
            _NAME,
            Code.PRESENTATION_DIFFERS,
            "Of such a credential the holder may show more or less, and each showing has another digest. So it cannot "
            "be told whether this is the one that was anchored. Ask for all of it, as the issuer made it.",
        )
    if reading.carriers and reading.unread:
        return Check.unknown(
            _NAME,
            Code.PRESENTATION_DIFFERS,
            "The receipt is not for what could be read of it, and something in it could not be read: "
            f"{missed(reading)}. Verify the credential by itself.",
        )
    if by_method is None and receipt.digest.method in _OF_JSON:
        if reading.refusal is not None:
            return _refused(reading.refusal)
        kind = reading.own[-1].method
        return _mismatch(
            f"The document is digested by {kind}, not by {receipt.digest.method}. "
            "Check that the receipt belongs to this document."
        )
    return _differs(by_method, receipt)


def missed(reading: Reading) -> str:
    """What could not be read, in words; the first few."""
    told = [f"{each.where}: {each.why}" if each.where else each.why for each in reading.unread]
    return "; ".join(told[:3]) + (f"; and {len(told) - 3} more" if len(told) > 3 else "")


def _equal() -> Check:
    return Check.passed(
        _NAME, Code.DIGEST_EQUAL, "The document is, byte by byte or value by value, the one that was anchored."
    )


def _equal_given() -> Check:
    return Check.passed(
        _NAME,
        Code.DIGEST_GIVEN,
        "The digest is the one of the receipt. Only the digest was compared, not a document.",
    )


def _mismatch(text: str) -> Check:
    return Check.failed(_NAME, Code.METHOD_MISMATCH, text)


def _differs(digest: Digest | None, receipt: Receipt) -> Check:
    shown = "has no such digest" if digest is None else f"has the digest {digest.hex}"
    return Check.failed(
        _NAME,
        Code.DIGEST_DIFFERS,
        f"The document {shown}, the receipt is for {receipt.digest.value}: the document was "
        "changed, or the receipt belongs to another one.",
    )


def _refused(error: CredentialError) -> Check:
    """Of a document that a receipt is for, and that has no digest by the receipt's method."""
    if error.code in _OWN_LIMITS:
        return Check.unknown(_NAME, error.code, sentences(error.what, error.remedy))
    not_that = "So it is not the document that the receipt is for."
    return Check.failed(_NAME, error.code, f"{sentences(error.what, error.remedy)} {not_that}")


def _unreadable(error: CredentialError) -> Check:
    """Of one that nothing says was anchored: a damaged file accuses nobody."""
    if error.code in _OWN_LIMITS:
        return _refused(error)
    return Check.unknown(
        _NAME,
        error.code,
        f"{sentences(error.what, error.remedy)} In this form it cannot have been anchored as a JSON document, and "
        "there is no receipt that says it was. It may have been damaged on its way: ask for the file again, and for "
        "its receipt.",
    )
