"""Which of several receipts decides: the best of one credential, the worst of several, and never one that is unread."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from registry.credential.digest import Digest, DigestMethod
from registry.errors import ReceiptError
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt
from registry.verify.receipts import Judged, decided
from registry.verify.verdict import CHECK_NAMES, Check, Outcome, Overall, Verdict

OWN, FIRST, SECOND = (bytes([each]) * 32 for each in (1, 2, 3))


def judged(value: bytes, issuer: int = 1, *, trusted: bool = True, **outcomes: Outcome) -> Judged:
    """A receipt for a digest, and a verdict with these outcomes; the rest passes."""
    if not trusted:
        outcomes["issuer"] = Outcome.UNKNOWN
    tree = Tree.build([value])
    receipt = Receipt.of_batch(
        Digest(DigestMethod.VC_JCS, value),
        tree.root,
        tree.inclusion(0),
        chain="eip155:1",
        contract="0x" + "c0" * 20,
        issuer=issuer,
    )
    checks = tuple(Check(name, outcomes.get(name, Outcome.PASS), f"{name}-code", "") for name in CHECK_NAMES)
    return Judged(receipt, Verdict("x", checks, None, issuer=issuer, root=value, anchored_at=None, as_of=None))


def unread() -> Judged:
    error = ReceiptError("The receipt lacks its version.", code="missing-field")
    return Judged(error, replace(Verdict.unknown("x", "missing-field", "unread")))


def in_every_order(*several: Judged, issuer: int | None = None) -> set[tuple[Overall, int | None]]:
    found = [decided(each, [OWN], issuer) for each in itertools.permutations(several)]
    assert all(len(verdict.other_receipts) == len(several) - 1 for verdict in found)
    return {(verdict.overall, verdict.issuer) for verdict in found}


@pytest.mark.parametrize("asked", [None, 1, 2])
def test_a_withdrawn_credential_is_not_hidden_by_one_of_another_issuer(asked: int | None) -> None:
    """A presentation of two: whichever issuer is asked about, the worst decides."""
    revoked, good = judged(FIRST, 1, status=Outcome.FAIL), judged(SECOND, 2, integrity=Outcome.WARN)
    assert in_every_order(revoked, good, issuer=asked) == {(Overall.NOT_VALID, 1)}
    strange = judged(SECOND, 2, trusted=False)
    assert in_every_order(revoked, strange, issuer=asked) == {(Overall.NOT_VALID, 1)}


def test_one_that_cannot_be_believed_is_not_hidden_by_a_good_one() -> None:
    strange, good = judged(FIRST, 1, trusted=False), judged(SECOND, 2, integrity=Outcome.WARN)
    assert in_every_order(strange, good) == {(Overall.COULD_NOT_BE_CHECKED, 1)}


@pytest.mark.parametrize("value", [OWN, FIRST])
def test_one_that_cannot_be_read_hides_none(value: bytes) -> None:
    """Of the document itself, and of a credential inside it."""
    assert in_every_order(judged(value), unread()) == {(Overall.VALID, 1)}
    assert in_every_order(judged(value, status=Outcome.FAIL), unread()) == {(Overall.NOT_VALID, 1)}


def test_one_that_cannot_be_read_is_told_where_no_other_is_about_the_document() -> None:
    assert in_every_order(unread()) == {(Overall.COULD_NOT_BE_CHECKED, None)}
    of_another = judged(FIRST, integrity=Outcome.FAIL)
    assert in_every_order(unread(), of_another) == {(Overall.COULD_NOT_BE_CHECKED, None)}


def test_of_one_credential_the_best_decides_and_the_document_itself_before_what_is_in_it() -> None:
    voided, good = judged(OWN, status=Outcome.FAIL), judged(OWN)
    assert in_every_order(voided, good, judged(FIRST, status=Outcome.FAIL)) == {(Overall.VALID, 1)}
    assert in_every_order(judged(OWN, 1), judged(OWN, 2, trusted=False), issuer=2) == {
        (Overall.COULD_NOT_BE_CHECKED, 2)
    }
