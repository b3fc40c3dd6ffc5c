"""Receipts of one batch as one: taken together and apart again, with forgeries among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from registry.credential.digest import Digest, DigestMethod
from registry.errors import ProofError, ReceiptError
from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.receipt.batches import BatchPart, batches_of, read_batch
from registry.receipt.model import Receipt
from tests.registry.receipt.made import CHAIN, CONTRACT, about, any_receipt, vectors

JSON = dict[str, Any]


def of_one_batch(count: int, places: Sequence[int], *, salt: int = 0, is_pending: bool = False) -> list[Receipt]:
    leaves = sorted(sha256(bytes([salt]) + number.to_bytes(4)).digest() for number in range(count))
    with Tree.build(leaves) as tree:
        found = [
            Receipt.of_batch(
                Digest(DigestMethod.VC_JCS, leaves[place]),
                tree.root,
                tree.inclusion(place),
                chain=CHAIN,
                contract=CONTRACT,
                issuer=7,
            )
            for place in places
        ]
    return found if is_pending else [anchored(each) for each in found]


def anchored(receipt: Receipt) -> Receipt:
    return receipt.anchored(
        sequence=12,
        transaction=b"\x11" * 32,
        block_number=20_000_000,
        block_hash=b"\x22" * 32,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )


def written(part: BatchPart) -> Any:
    return json.loads(part.model_dump_json(by_alias=True, exclude_none=True))


def apart(parts: Sequence[BatchPart]) -> dict[int, Receipt]:
    """Read again as from a file, and expanded."""
    read = [read_batch(written(part), "batches") for part in parts]
    assert read == list(parts)
    return {position: receipt for part in read for receipt, positions in part.receipts() for position in positions}


@given(st.lists(any_receipt(), max_size=6), st.integers(1, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_every_receipt_comes_out_as_it_went_in(strangers: list[Receipt], count: int, data: st.DataObject) -> None:
    """Those of one batch, with others whose paths lead to no root, in any order and for any number of items."""
    places = data.draw(st.lists(st.integers(0, count - 1), max_size=20))
    given = data.draw(st.permutations([*strangers, *of_one_batch(count, places)]))
    parts = batches_of(enumerate(given))
    assert apart(parts) == dict(enumerate(given))
    assert len(parts) == len(set(strangers)) + bool(places)


def test_what_is_of_one_batch_is_one_proof_and_one_anchor() -> None:
    receipts = of_one_batch(64, range(0, 64, 4))
    (part,) = batches_of(enumerate(receipts))
    assert [leaf.items for leaf in part.leaves] == [(position,) for position in range(16)]
    assert len(part.nodes) == 32 < sum(len(each.inclusion.path) for each in receipts) == 96


def test_pending_ones_and_those_of_other_batches_are_apart() -> None:
    receipts = [
        *of_one_batch(9, [1, 2]),
        *of_one_batch(9, [3], is_pending=True),
        *of_one_batch(9, [4], salt=1),
    ]
    parts = batches_of(enumerate(receipts))
    assert [[leaf.items for leaf in part.leaves] for part in parts] == [[(0,), (1,)], [(2,)], [(3,)]]
    assert apart(parts) == dict(enumerate(receipts))


def test_one_whose_path_leads_elsewhere_breaks_no_other() -> None:
    good, bad, other = of_one_batch(9, [1, 2, 5])
    path = ("00" * 32, *bad.inclusion.path[1:])
    bad = bad.model_copy(update={"inclusion": bad.inclusion.model_copy(update={"path": path})})
    parts = batches_of(enumerate([good, bad, other]))
    assert len(parts) == 2
    found = apart(parts)
    assert found == {0: good, 1: bad, 2: other}
    check_inclusion(good.digest_value, good.root, found[0].inclusion_proof)
    with pytest.raises(ProofError):
        check_inclusion(bad.digest_value, bad.root, found[1].inclusion_proof)


def test_evidence_of_one_block_is_there_once() -> None:
    evidence = next(each for each in vectors() if len(each.slots) > 2)
    slots = sorted(evidence.slots)
    one, other, without = of_one_batch(9, [1, 2, 3])
    contract = "0x" + evidence.address.hex()
    one, other = about(one, evidence.of(slots[:2])), about(other, evidence.of(slots[1:]))
    without = without.model_copy(update={"anchor": without.anchor.model_copy(update={"contract": contract})})
    parts = batches_of(enumerate([one, other, without]))
    assert len(parts) == 2
    assert parts[0].evidence == evidence
    assert [leaf.slots for leaf in parts[0].leaves] == [(0, 1), tuple(range(1, len(slots)))]
    assert apart(parts) == {0: one, 1: other, 2: without}


def test_evidence_that_says_otherwise_is_apart() -> None:
    evidence = next(each for each in vectors() if each.slots)
    slot = next(iter(evidence.slots))
    forged = type(evidence)(evidence.header, evidence.address, evidence.account, {slot: (b"\x01",)})
    one, other = of_one_batch(9, [1, 2])
    receipts = [about(one, evidence.of([slot])), about(other, forged)]
    assert apart(batches_of(enumerate(receipts))) == dict(enumerate(receipts))


def changed(change: Callable[[JSON], None]) -> JSON:
    (part,) = batches_of(enumerate(of_one_batch(9, [1, 4, 5])))
    form: JSON = written(part)
    change(form)
    return form


def first_leaf(form: JSON) -> JSON:
    leaf: JSON = form["leaves"][0]
    return leaf


BROKEN: list[tuple[str, str, Callable[[JSON], Any]]] = [
    ("node-count", "", lambda form: form["nodes"].pop()),
    ("node-count", "", lambda form: form["nodes"].append("00" * 32)),
    ("index-order", "", lambda form: form["leaves"].reverse()),
    ("index-order", "", lambda form: form["leaves"].insert(0, form["leaves"][0])),
    ("index-range", "", lambda form: form["leaves"][2].update(leafIndex=9)),
    ("bad-field", ".leafCount", lambda form: form.update(leafCount=0)),
    ("bad-field", ".leaves", lambda form: form.update(leaves=[])),
    ("bad-field", ".nodes[0]", lambda form: form["nodes"].insert(0, "00" * 31)),
    ("bad-field", ".leaves[0].items", lambda form: first_leaf(form).update(items=[])),
    ("item-order", ".leaves[0]", lambda form: first_leaf(form).update(items=[1, 0])),
    ("item-order", ".leaves[0]", lambda form: first_leaf(form).update(items=[1, 1])),
    ("bad-field", ".leaves[0].items[0]", lambda form: first_leaf(form).update(items=[-1])),
    ("bad-field", ".leaves[0].items[0]", lambda form: first_leaf(form).update(items=[True])),
    ("bad-field", ".leaves[0].digest.value", lambda form: first_leaf(form)["digest"].update(value="AB" * 32)),
    ("bad-field", ".leaves[0].digest.method", lambda form: first_leaf(form)["digest"].update(method="md5")),
    ("evidence-slots", "", lambda form: first_leaf(form).update(slots=[0])),
    ("missing-field", ".root", lambda form: form.pop("root")),
    ("unknown-field", ".more", lambda form: form.update(more=1)),
    ("partial-anchor", ".anchor", lambda form: form["anchor"].pop("block")),
]


@pytest.mark.parametrize(("code", "where", "change"), BROKEN)
def test_what_is_not_in_order_is_refused_with_its_place(code: str, where: str, change: Callable[[JSON], Any]) -> None:
    with pytest.raises(ReceiptError) as caught:
        read_batch(changed(change), "batches[0]")
    assert (caught.value.code, caught.value.where) == (code, f"batches[0]{where}")


@pytest.mark.parametrize("given", [None, 5, "x", [], {}, {"leaves": {}}])
def test_what_is_no_batch_is_refused(given: object) -> None:
    with pytest.raises(ReceiptError):
        read_batch(given, "batches[0]")


def test_all_slots_of_the_evidence_have_to_be_named() -> None:
    evidence = next(each for each in vectors() if len(each.slots) > 1)
    (part,) = batches_of([(0, about(of_one_batch(9, [1])[0], evidence))])
    form = written(part)
    form["leaves"][0]["slots"].pop()
    with pytest.raises(ReceiptError) as caught:
        read_batch(form, "batches[0]")
    assert caught.value.code == "evidence-slots"
    form["evidence"] = {}
    with pytest.raises(ReceiptError) as caught:
        read_batch(form, "batches[0]")
    assert caught.value.code == "evidence-form"


@pytest.mark.parametrize("name", ["nodes", "leaves", "items", "slots"])
def test_of_many_faults_in_a_list_few_are_made(name: str) -> None:
    """Each takes memory, and a short text that unpacks to millions of them is a link that anybody can send."""
    given = written(batches_of(enumerate(of_one_batch(9, [1, 2])))[0])
    (given if name in given else given["leaves"][0])[name] = [-1] * 1_000
    with pytest.raises(ValidationError) as caught:
        BatchPart.model_validate_json(json.dumps(given))
    assert caught.value.error_count() < 5
