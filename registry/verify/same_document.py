"""Whether a document is the one that a receipt is for, and which of its credentials the verdict is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.credential.digest import Digest, DigestMethod, digest_rdfc
from registry.document.reading import Part, Reading
from registry.errors import CredentialError, ReceiptError
from registry.language.said import Original, Said, say
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
        return Check.unknown(_NAME, Code.NO_DOCUMENT, say("integrity.noDocument"))
    if receipt is None:
        if reading.digest is None and reading.refusal is not None:
            return _unreadable(reading.refusal)
        return Check.unknown(_NAME, Code.NO_RECEIPT, say("integrity.noReceipt"))
    if isinstance(receipt, ReceiptError):
        return Check.unknown(_NAME, receipt.code, say("integrity.unreadReceipt"))
    if not reading.is_at_hand or _is_given(reading):
        return _compare_digest(reading, receipt)
    return _compare(reading, receipt)


def compared_digest(reading: Reading | None, receipt: Receipt) -> Digest | None:
    """The digest of the document that belongs beside the receipt's: by its method, or of the credential inside."""
    if reading is None:
        return None
    if part := _inside(reading, receipt):
        return next(digest for digest in part.digests if digest.value == receipt.digest_value)
    return _own(reading, receipt)


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


def _own(reading: Reading, receipt: Receipt) -> Digest | None:
    """The digest of the whole document by the receipt's method; of several the receipt's."""
    found = [digest for digest in reading.own if digest.method == receipt.digest.method]
    return next((digest for digest in found if digest.value == receipt.digest_value), found[0] if found else None)


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
        return _mismatch(say("integrity.methodsDiffer", found=str(digest.method), named=str(receipt.digest.method)))
    return _equal()


def _compare(reading: Reading, receipt: Receipt) -> Check:
    method, value = receipt.digest.method, receipt.digest_value
    by_method = _own(reading, receipt)
    if by_method is not None and by_method.value == value:
        return _equal_given() if method is DigestMethod.GIVEN else _equal(method)
    if method is DigestMethod.GIVEN and any(digest.value == value for digest in reading.own):
        return _equal()
    if part := _inside(reading, receipt):
        others = [say("integrity.parts", count=len(reading.parts))] if len(reading.parts) > 1 else []
        if reading.revisions > 1:
            others.append(say("integrity.revisions", count=reading.revisions))
        return Check.warned(_NAME, Code.DIGEST_INSIDE, say("integrity.inside", place=part.where), *others)
    if method is DigestMethod.GIVEN:
        return Check.unknown(_NAME, Code.NOT_RECOMPUTABLE, say("integrity.notRecomputable"))
    if method is DigestMethod.VC_RDFC and by_method is None:
        return _without_rdf(reading)
    if method is DigestMethod.SD_JWT and by_method is not None:
        return _differs(by_method, receipt)  # whatever is shown of it, it would be the same
    return _not_equal(reading, receipt, by_method)


def _without_rdf(reading: Reading) -> Check:
    """Of a document that has no canonical RDF here: a context that is not bundled accuses nobody."""
    try:
        digest_rdfc(reading.members or {})
    except CredentialError as error:
        return Check.unknown(_NAME, error.code, _as_told(error))
    return Check.unknown(_NAME, Code.NOT_RECOMPUTABLE, say("integrity.partsUnread", what=missed(reading)))


def _not_equal(reading: Reading, receipt: Receipt, by_method: Digest | None) -> Check:
    """What it means that the receipt's digest was not found; "changed" is said only where that is certain."""
    if any(digest.value == receipt.digest_value for digest in reading.alike):
        return Check.unknown(_NAME, Code.PRESENTATION_DIFFERS, say("integrity.writtenOtherwise"))
    if reading.is_selection:
        return Check.unknown(_NAME, Code.PRESENTATION_DIFFERS, say("integrity.selection"))
    if reading.carriers and reading.unread:
        return Check.unknown(_NAME, Code.PRESENTATION_DIFFERS, say("integrity.partsUnread", what=missed(reading)))
    if by_method is None and receipt.digest.method in _OF_JSON:
        if reading.refusal is not None:
            return _refused(reading.refusal)
        kind = reading.own[-1].method
        return _mismatch(say("integrity.methodsDifferCheck", found=str(kind), named=str(receipt.digest.method)))
    return _differs(by_method, receipt)


def missed(reading: Reading) -> Original:
    """What could not be read, in words; the first few."""
    told = [f"{each.where}: {each.why}" if each.where else each.why for each in reading.unread]
    return Original("; ".join(told[:3]) + (f"; and {len(told) - 3} more" if len(told) > 3 else ""))


def _equal(method: DigestMethod | None = None) -> Check:
    # Of a token with its disclosures the digest is of what was signed, and says nothing of what is not shown.
    key = "integrity.equalSigned" if method is DigestMethod.SD_JWT else "integrity.equal"
    return Check.passed(_NAME, Code.DIGEST_EQUAL, say(key))


def _equal_given() -> Check:
    return Check.passed(_NAME, Code.DIGEST_GIVEN, say("integrity.equalGiven"))


def _mismatch(said: Said) -> Check:
    return Check.failed(_NAME, Code.METHOD_MISMATCH, said)


def _differs(digest: Digest | None, receipt: Receipt) -> Check:
    named = receipt.digest.value
    if digest is None:
        return Check.failed(_NAME, Code.DIGEST_DIFFERS, say("integrity.differsNone", named=named))
    return Check.failed(_NAME, Code.DIGEST_DIFFERS, say("integrity.differs", found=digest.hex, named=named))


def _refused(error: CredentialError) -> Check:
    """Of a document that a receipt is for, and that has no digest by the receipt's method."""
    if error.code in _OWN_LIMITS:
        return Check.unknown(_NAME, error.code, _as_told(error))
    return Check.failed(_NAME, error.code, _as_told(error), say("integrity.notThatDocument"))


def _unreadable(error: CredentialError) -> Check:
    """Of one that nothing says was anchored: a damaged file accuses nobody."""
    if error.code in _OWN_LIMITS:
        return _refused(error)
    return Check.unknown(_NAME, error.code, _as_told(error), say("integrity.unreadable"))


def _as_told(error: CredentialError) -> Original:
    return Original(sentences(error.what, error.remedy), error.code)
