"""Receipts: both forms, their bounds, and what travels inside a credential."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import cbor2
import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.credential import strictjson
from registry.credential.digest import Digest, DigestMethod, digest_document, digest_json
from registry.errors import ReceiptError
from registry.merkle.proof import InclusionProof, check_inclusion
from registry.receipt import model as receipts
from registry.receipt.model import Receipt, parse, parse_cbor, parse_json, receipt_schema, to_cbor, to_json
from tests.registry.receipt.made import CHAIN, CONTRACT, anchored_receipt, any_receipt

ROOT = Path(__file__).parents[3]


def document() -> dict[str, object]:
    loaded: dict[str, object] = json.loads(to_json(anchored_receipt()))
    return loaded


def refusal(data: bytes) -> ReceiptError:
    with pytest.raises(ReceiptError) as caught:
        parse(data)
    assert caught.value.remedy
    return caught.value


def test_the_json_form_is_the_documented_one() -> None:
    assert json.loads(to_json(anchored_receipt(levels=1))) == {
        "type": "TestamurReceipt",
        "version": 1,
        "digest": {"method": "vc-jcs", "value": "dd" * 32},
        "inclusion": {
            "root": "0x" + anchored_receipt(levels=1).root.hex(),
            "leafCount": 2,
            "leafIndex": 1,
            "path": ["00" * 32],
        },
        "anchor": {
            "chain": CHAIN,
            "contract": CONTRACT,
            "issuer": 7,
            "sequence": 12,
            "transaction": "0x" + "11" * 32,
            "block": {"number": 20_000_000, "hash": "0x" + "22" * 32, "timestamp": "2026-01-01T00:00:00Z"},
        },
    }


@given(any_receipt())
@settings(max_examples=60, deadline=None)
def test_json_and_cbor_say_the_same(receipt: Receipt) -> None:
    as_json, as_cbor = to_json(receipt), to_cbor(receipt)
    assert parse(as_json) == parse(as_cbor) == receipt
    assert to_cbor(parse(as_json)) == as_cbor
    assert to_json(parse(as_cbor)) == as_json
    jsonschema.validate(json.loads(as_json), receipt_schema())
    assert parse(as_json).pending == (b"block" not in as_json)


@given(any_receipt())
@settings(max_examples=40, deadline=None)
def test_another_cbor_library_reads_and_writes_the_same_bytes(receipt: Receipt) -> None:
    encoded = to_cbor(receipt)
    entries = cbor2.loads(encoded)
    assert cbor2.dumps(entries, canonical=True) == encoded
    assert entries[2].hex() == receipt.digest.value
    assert entries[6] == b"".join(receipt.inclusion_proof.path)


def test_a_receipt_of_a_million_fits_a_small_qr_code() -> None:
    receipt = anchored_receipt(levels=20)
    # 640 bytes of path, 136 of digest, root, transaction and block hash, 20 of contract: the rest is under 60.
    assert len(to_cbor(receipt)) < 850
    assert len(to_cbor(receipt)) < len(to_json(receipt)) / 2


def test_the_inclusion_proof_is_the_one_the_tree_checks() -> None:
    receipt = anchored_receipt(levels=6)
    check_inclusion(receipt.digest_value, receipt.root, receipt.inclusion_proof)


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        ("type", "Receipt", "not-a-receipt"),
        ("version", 2, "missing-field"),
        ("version", 3, "version"),
        ("version", "1", "bad-field"),
        ("version", 1.0, "bad-field"),
        ("digest", "00" * 32, "bad-field"),
        ("digest.method", "md5", "bad-field"),
        ("digest.value", "DD" * 32, "bad-field"),
        ("digest.value", "0x" + "dd" * 32, "bad-field"),
        ("digest.value", "dd" * 31, "bad-field"),
        ("digest.value", "dd" * 32 + "\n", "bad-field"),
        ("digest.salt", "x", "unknown-field"),
        ("inclusion.root", "aa" * 32, "bad-field"),
        ("inclusion.root", "0X" + "aa" * 32, "bad-field"),
        ("inclusion.leafCount", 0, "bad-field"),
        ("inclusion.leafCount", 2**32, "bad-field"),
        ("inclusion.leafCount", "8", "bad-field"),
        ("inclusion.leafCount", 8.0, "bad-field"),
        ("inclusion.leafCount", True, "bad-field"),
        ("inclusion.leafCount", 5, "index-range"),
        ("inclusion.leafCount", 9, "path-length"),
        ("inclusion.leafIndex", -1, "bad-field"),
        ("inclusion.leafIndex", 8, "index-range"),
        ("inclusion.path", [], "path-length"),
        ("inclusion.path", ["00" * 32] * 4, "path-length"),
        ("inclusion.path", ["00" * 32] * 33, "bad-field"),
        ("inclusion.path", ["00" * 32, "00" * 32, "zz" * 32], "bad-field"),
        ("inclusion.path", "00" * 32, "bad-field"),
        ("inclusion.leaf_count", 8, "unknown-field"),
        ("anchor.chain", "eip155:01", "bad-field"),
        ("anchor.chain", "eip155:0", "bad-field"),
        ("anchor.chain", "solana:1", "bad-field"),
        ("anchor.chain", "eip155:" + "9" * 20, "bad-field"),
        ("anchor.chain", "eip155:١", "bad-field"),
        ("anchor.contract", "0x" + "AB" * 20, "bad-field"),
        ("anchor.issuer", 0, "bad-field"),
        ("anchor.issuer", 2**53, "integer-range"),
        ("anchor.sequence", None, "partial-anchor"),
        ("anchor.block", None, "partial-anchor"),
        ("anchor.block.number", -1, "bad-field"),
        ("anchor.block.timestamp", "2026-01-01T00:00:00+00:00", "bad-field"),
        ("anchor.block.timestamp", "2026-01-01T00:00:00.5Z", "bad-field"),
        ("anchor.block.timestamp", "2026-02-30T00:00:00Z", "bad-field"),
        ("anchor.block.timestamp", "2026-01-01T00:00:00Z\n", "bad-field"),
        ("anchor.block.timestamp", 1767225600, "bad-field"),
    ],
)
def test_a_wrong_field_is_named(place: str, value: object, code: str) -> None:
    changed = document()
    *parents, name = place.split(".")
    part: dict[str, object] = changed
    for parent in parents:
        part = part[parent]  # type: ignore[assignment]
    part[name] = value
    error = refusal(json.dumps(changed).encode())
    assert error.code == code
    if code in ("bad-field", "unknown-field", "version"):
        assert error.where
        assert error.where.startswith(place.split(".")[0])


@pytest.mark.parametrize("place", ["type", "digest", "digest.method", "inclusion.path", "anchor", "anchor.block.hash"])
def test_a_missing_field_is_named(place: str) -> None:
    changed = document()
    *parents, name = place.split(".")
    part: dict[str, object] = changed
    for parent in parents:
        part = part[parent]  # type: ignore[assignment]
    del part[name]
    if place == "type":  # has a default for code that makes receipts, none for those who read them
        assert refusal(json.dumps(changed).encode()).code == "not-a-receipt"
    else:
        error = refusal(json.dumps(changed).encode())
        assert (error.code, error.where) == ("missing-field", place)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "syntax"),
        (b"null", "not-a-receipt"),
        (b"[]", "not-a-receipt"),
        (b"%PDF-1.7", "syntax"),
        (b'{"type": "TestamurReceipt", "type": "TestamurReceipt"}', "duplicate-key"),
        (b"[" * 5000, "too-deep"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, "too-deep"),
        (b" " * (receipts.MAX_BYTES + 1), "too-large"),
        (b"\xa1" * (receipts.MAX_BYTES + 1), "too-large"),
        (b'{"type": NaN}', "not-a-number"),
        (b"\xef\xbb\xbf{}", "syntax"),
        (b"\xff\xfe", "invalid-utf8"),
    ],
)
def test_what_is_no_receipt_is_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_a_duplicate_key_deep_inside_is_refused() -> None:
    text = to_json(anchored_receipt()).replace(b'"leafIndex":5', b'"leafIndex":4,"leafIndex":5')
    assert refusal(text).code == "duplicate-key"


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_json_that_is_read_has_one_reading(data: st.DataObject) -> None:
    """The quick way in skips the strict parser; whatever it takes, the strict parser takes too."""
    text = bytearray(to_json(anchored_receipt() if data.draw(st.booleans()) else anchored_receipt(levels=0)))
    at = data.draw(st.integers(0, len(text)))
    text[at:at] = data.draw(
        st.sampled_from(
            [b'"issuer":7,', b'"type":NaN,', b'"path":[],', b"\\u0000", b" ", b'"', b',"', b"\x00", b"7", b"\xff"]
        )
        | st.binary(max_size=3)
    )
    try:
        parse_json(bytes(text))
    except ReceiptError:
        return
    assert strictjson.parse_json(bytes(text)) == json.loads(text)


def test_a_key_written_with_an_escape_is_still_the_same_key() -> None:
    text = to_json(anchored_receipt())
    assert parse_json(text.replace(b'"issuer"', b'"\\u0069ssuer"')) == anchored_receipt()
    assert refusal(text.replace(b'"issuer"', b'"\\u0069ssuer":8,"issuer"')).code == "duplicate-key"


class TestCbor:
    """CBOR that other encoders could make, and that this form does not allow."""

    entries = cbor2.loads(to_cbor(anchored_receipt()))

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"\xa1\x00\xc0\x61a", "a tag"),
            (b"\xa1\x00\xd8\x1c\x01", "a shared value"),
            (b"\xbf\x00\x01\xff", "an indefinite map"),
            (b"\xa1\x00\x5f\x41a\xff", "an indefinite byte string"),
            (b"\xa1\x00" + b"\x81" * 10_000, "deep arrays"),
            (b"\xa1\x00" * 10_000, "deep maps"),
            (b"\xa1\x00\x5b\xff\xff\xff\xff\xff\xff\xff\xff", "a byte string of 2**64 bytes"),
            (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "a map of 2**64 entries"),
            (b"\xb8\x18" + b"\x00\x00" * 24, "a map of 24 entries"),
            (b"\xa1\x00\xf9\x3c\x00", "a float"),
            (b"\xa1\x00\xf6", "null"),
            (b"\xa1\x00\x20", "a negative number"),
            (b"\xa1\x18\x00\x01", "a long key"),
            (b"\xa1\x00\x18\x17", "a long number"),
            (b"\xa1\x00\x19\x00\xff", "a long number"),
            (b"\xa1\x00\x1c", "a reserved length"),
            (b"\xa2\x00\x01\x00\x01", "a key twice"),
            (b"\xa2\x01\x01\x00\x01", "keys out of order"),
            (b"\xa1\x61a\x01", "a text as key"),
            (b"\xa1\x00\x61\xff", "a text that is not UTF-8"),
            (b"\xa1", "nothing after the head"),
            (b"\xa1\x00\x19\x01", "half a number"),
            (b"\xa1\x00\x42a", "half a byte string"),
            (to_cbor(anchored_receipt()) + b"\x00", "trailing bytes"),
        ],
    )
    def test_other_forms_are_refused(self, data: bytes, why: str) -> None:
        assert refusal(data).code == "cbor", why

    def test_cutting_it_off_anywhere_is_noticed(self) -> None:
        encoded = to_cbor(anchored_receipt())
        for length in range(1, len(encoded)):
            assert refusal(encoded[:length]).code == "cbor"

    @pytest.mark.parametrize(
        ("key", "value", "code", "where"),
        [
            (0, 2, "version", "version"),
            (0, "1", "bad-field", "version"),
            (1, "md5", "bad-field", "digest.method"),
            (1, b"file", "bad-field", "digest.method"),
            (2, b"\x00" * 31, "bad-field", "digest.value"),
            (2, "dd" * 32, "bad-field", "digest.value"),
            (4, 2**64 - 1, "bad-field", "inclusion.leafCount"),
            (6, b"\x00" * 33, "bad-field", "inclusion.path"),
            (6, b"\x00" * 32 * 33, "bad-field", "inclusion.path"),
            (6, b"", "path-length", "inclusion"),
            (7, 10**19, "bad-field", "anchor.chain"),
            (7, "eip155:1", "bad-field", "anchor.chain"),
            (14, 253_402_300_800, "bad-field", "anchor.block.timestamp"),
            (15, 1, "unknown-field", None),
        ],
    )
    def test_a_wrong_field_is_named(self, key: int, value: object, code: str, where: str | None) -> None:
        error = refusal(cbor2.dumps({**self.entries, key: value}, canonical=True))
        assert (error.code, error.where) == (code, where)

    def test_a_missing_field_is_named(self) -> None:
        for key in self.entries:
            rest = {other: value for other, value in self.entries.items() if other != key}
            error = refusal(cbor2.dumps(rest, canonical=True))
            assert error.code in ("missing-field", "version", "partial-anchor")


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"\xa2\x00\x01" + tail))
@settings(max_examples=300, deadline=None)
def test_noise_is_refused_and_nothing_else_is_raised(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        parse(data)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_of_the_cbor_form_is_refused_or_another_receipt(data: st.DataObject) -> None:
    original = anchored_receipt()
    encoded = bytearray(to_cbor(original))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        changed = parse(bytes(encoded))
    except ReceiptError:
        return
    assert changed != original
    assert to_cbor(changed) == bytes(encoded)


def inside(credential: dict[str, Any]) -> list[Receipt | ReceiptError]:
    return [each.read for each in receipts.embedded(credential)]


class TestEmbedding:
    """A receipt inside a credential's `proof`."""

    signature: ClassVar = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "z3"}

    @staticmethod
    def credential(**members: object) -> dict[str, object]:
        return {"type": ["VerifiableCredential"], "id": "urn:uuid:1", "credentialSubject": {"name": "Ana"}, **members}

    @staticmethod
    def receipt(credential: dict[str, object], *, issuer: int = 7, root: bytes | None = None) -> Receipt:
        digest = digest_document(credential)
        return Receipt.of_batch(
            digest, root or digest.value, InclusionProof(0, 1, ()), chain=CHAIN, contract=CONTRACT, issuer=issuer
        )

    @pytest.mark.parametrize("proof", [None, signature, [signature], [signature, {"type": "X"}]])
    def test_the_digest_stays_and_so_do_other_proofs(self, proof: object) -> None:
        credential = self.credential(**({} if proof is None else {"proof": proof}))
        before = json.dumps(credential)
        receipt = self.receipt(credential)
        carrying = receipts.embed(credential, receipt)
        assert json.dumps(credential) == before
        assert digest_json(orjson.dumps(carrying)) == digest_document(credential)
        others = [] if proof is None else proof if isinstance(proof, list) else [proof]
        assert carrying["proof"][:-1] == others
        assert carrying["proof"][-1]["type"] == "MerkleAnchorProof"
        assert inside(carrying) == [receipt]

    def test_it_says_what_it_means_to_json_ld(self) -> None:
        credential = self.credential()
        (entry,) = receipts.embed(credential, self.receipt(credential))["proof"]
        assert entry["@context"] == receipts.EMBEDDED_CONTEXT
        terms = entry["@context"]["MerkleAnchorProof"]["@context"]
        parts = {"digest", "inclusion", "anchor", "evidence"}
        assert {term for term in terms if not term.startswith("@")} == {"type", "version"} | parts
        assert entry.keys() == {"@context", "type", "version"} | parts - {"evidence"}

    @pytest.mark.parametrize("context", [{}, [], "", "https://example.org/v1", ["a", {"type": "x"}], {"digest": None}])
    def test_a_context_is_not_read(self, context: object) -> None:
        receipt = anchored_receipt()
        entry = {"@context": context, **document(), "type": "MerkleAnchorProof"}
        assert inside({"proof": entry}) == [receipt]
        assert jsonschema.Draft202012Validator(receipts.embedded_schema()).is_valid(entry)

    @pytest.mark.parametrize("context", [None, 1, True])
    def test_what_is_no_context_is_refused(self, context: object) -> None:
        entry = {**document(), "@context": context, "type": "MerkleAnchorProof"}
        (error,) = inside(self.credential(proof=[entry]))
        assert isinstance(error, ReceiptError)
        assert (error.code, error.where) == ("bad-field", "proof[0].@context")
        assert not jsonschema.Draft202012Validator(receipts.embedded_schema()).is_valid(entry)

    def test_a_receipt_in_a_file_has_no_context(self) -> None:
        with pytest.raises(ReceiptError) as caught:
            parse_json(json.dumps({**document(), "@context": {}}).encode())
        assert caught.value.code == "unknown-field"

    def test_a_newer_receipt_replaces_the_pending_one(self) -> None:
        credential = self.credential(proof=self.signature)
        pending = self.receipt(credential)
        anchored = pending.anchored(
            sequence=1,
            transaction=b"t" * 32,
            block_number=1,
            block_hash=b"b" * 32,
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        )
        once = receipts.embed(credential, pending)
        twice = receipts.embed(once, anchored)
        assert inside(twice) == [anchored]
        assert twice["proof"][0] == self.signature

    def test_receipts_of_other_anchors_stay(self) -> None:
        credential = self.credential()
        first, second = self.receipt(credential), self.receipt(credential, issuer=8)
        assert inside(receipts.embed(receipts.embed(credential, first), second)) == [first, second]

    def test_a_receipt_of_another_document_is_not_embedded(self) -> None:
        with pytest.raises(ReceiptError) as caught:
            receipts.embed(self.credential(id="urn:uuid:2"), self.receipt(self.credential()))
        assert caught.value.code == "other-document"

    @pytest.mark.parametrize("method", [method for method in DigestMethod if method != DigestMethod.VC_JCS])
    def test_where_proof_is_part_of_the_digest_nothing_is_embedded(self, method: DigestMethod) -> None:
        with pytest.raises(ReceiptError) as caught:
            receipts.embed({"a": 1}, anchored_receipt(method=method))
        assert caught.value.code == "not-embeddable"

    def test_a_broken_receipt_inside_is_named(self) -> None:
        entry = document() | {"type": "MerkleAnchorProof"}
        del entry["digest"]
        good = document() | {"type": "MerkleAnchorProof"}
        error, receipt = inside(self.credential(proof=[self.signature, entry, good]))
        assert isinstance(error, ReceiptError)
        assert (error.code, error.where) == ("missing-field", "proof[1].digest")
        assert isinstance(receipt, Receipt)

    @pytest.mark.parametrize("value", [object(), float, {1: 2}, 2**70])
    def test_what_is_not_json_inside_is_refused(self, value: object) -> None:
        entry = {"type": "MerkleAnchorProof", "digest": value}
        (error,) = inside({"proof": entry})
        assert isinstance(error, ReceiptError)

    def test_a_receipt_without_a_version_is_malformed_and_not_of_a_newer_one(self) -> None:
        (error,) = inside({"proof": {"type": "MerkleAnchorProof"}})
        assert isinstance(error, ReceiptError)
        with pytest.raises(ReceiptError) as caught:
            receipts.parse_json(b'{"type": "TestamurReceipt"}')
        for each in (error, caught.value):
            assert (each.code, "pdate" in each.diagnostics()) == ("missing-field", False)

    def test_too_many_or_too_large_ones_are_refused(self) -> None:
        entry = document() | {"type": "MerkleAnchorProof"}
        *read, error = inside({"proof": [entry] * (receipts.MAX_EMBEDDED + 1)})
        assert all(isinstance(each, Receipt) for each in read)
        assert isinstance(error, ReceiptError)
        assert (len(read), error.code) == (receipts.MAX_EMBEDDED, "too-many")
        for extra in ({"note": "x" * receipts.MAX_BYTES}, {"@context": "x" * receipts.MAX_BYTES}):
            (error,) = inside({"proof": entry | extra})
            assert isinstance(error, ReceiptError)
            assert error.code == "too-large"

    @pytest.mark.parametrize("proof", [None, "text", 1, [], [None, "x", [1]], {}, {"type": ["MerkleAnchorProof"]}])
    def test_other_proofs_are_passed_over(self, proof: object) -> None:
        assert inside({"proof": proof}) == []


def test_parts_out_of_range_make_no_receipt() -> None:
    digest = Digest(DigestMethod.FILE, b"d" * 32)
    for root, chain, contract, issuer in [
        (b"", CHAIN, CONTRACT, 7),
        (b"r" * 32, "1", CONTRACT, 7),
        (b"r" * 32, CHAIN, "0x00", 7),
        (b"r" * 32, CHAIN, CONTRACT, 0),
    ]:
        with pytest.raises(ReceiptError):
            Receipt.of_batch(digest, root, InclusionProof(0, 1, ()), chain=chain, contract=contract, issuer=issuer)
    with pytest.raises(ReceiptError):
        anchored_receipt().anchored(
            sequence=1, transaction=b"t" * 32, block_number=1, block_hash=b"b" * 32, timestamp=datetime(2026, 1, 1)
        )


def test_a_checksummed_contract_address_is_taken() -> None:
    proof, digest = InclusionProof(0, 1, ()), Digest(DigestMethod.FILE, b"d" * 32)
    contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    receipt = Receipt.of_batch(digest, b"d" * 32, proof, chain=CHAIN, contract=contract, issuer=1)
    assert receipt.anchor.contract == contract.lower()


def test_the_published_schemas_are_the_generated_ones() -> None:
    for name, schema in (("receipt", receipt_schema()), ("merkle-anchor-proof", receipts.embedded_schema())):
        published = json.loads((ROOT / f"registry/schemas/{name}.schema.json").read_text())
        assert published == schema, "run scripts/build_schemas.py"
        jsonschema.Draft202012Validator.check_schema(published)


def test_the_context_in_the_reference_is_the_one_that_is_written() -> None:
    text = (ROOT / "docs/reference/receipt.md").read_text().split("## Inside a credential")[1]
    assert json.loads(text.split("```json\n")[1].split("```")[0]) == receipts.EMBEDDED_CONTEXT


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    validator = jsonschema.Draft202012Validator(receipt_schema())
    assert validator.is_valid(document())
    for change in (
        {"version": 2},
        {"type": "X"},
        {"extra": 1},
        {"digest": {"method": "vc-jcs", "value": "DD" * 32}},
        {"anchor": {**document()["anchor"], "sequence": None}},  # type: ignore[dict-item]
    ):
        assert not validator.is_valid(document() | change)
    for name in ("type", "version", "digest", "inclusion", "anchor"):
        assert not validator.is_valid({key: value for key, value in document().items() if key != name})
    partial = document()
    del partial["anchor"]["block"]  # type: ignore[attr-defined]
    assert not validator.is_valid(partial)


def test_every_code_and_field_is_documented() -> None:
    text = (ROOT / "docs/reference/receipt.md").read_text()
    codes = {
        "too-large", "syntax", "invalid-utf8", "too-deep", "duplicate-key", "not-a-number", "integer-range",
        "number-range", "lone-surrogate", "cbor", "version", "not-a-receipt", "missing-field", "unknown-field",
        "bad-field", "index-range", "path-length", "partial-anchor", "too-many", "not-embeddable", "other-document",
        "evidence-pending", "evidence-contract", "evidence-form", "evidence-size",
    }  # fmt: skip
    assert all(f"`{code}`" in text for code in codes)
    assert all(f"`{'.'.join(place)}`" in text for place, _ in receipts._CBOR_FIELDS.values())


def test_the_example_in_the_reference_is_a_receipt_in_both_forms() -> None:
    text = (ROOT / "docs/reference/receipt.md").read_text()
    example = text.split("```json\n")[1].split("```")[0].encode()
    cbor = bytes.fromhex(text.split("```hex\n")[1].split("```")[0])
    receipt = parse_json(example)
    assert parse_cbor(cbor) == receipt
    check_inclusion(receipt.digest_value, receipt.root, receipt.inclusion_proof)
