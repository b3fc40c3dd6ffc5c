"""What is read of a document: the credential in every carrier, its digests, its receipts, and what was not read."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.credential.digest import Digest, DigestMethod, Limits, digest_document, digest_file, digest_json
from registry.document.carriers import MOST_CARRIED, MOST_UNPACKED, Allowance, carried_by_png
from registry.document.projection import projected
from registry.document.reading import MOST_CARRIERS_DEEP, MOST_PARTS, Reading, read_document, unread_document, with_rdf
from registry.errors import ReceiptError
from registry.merkle.tree import Tree
from registry.proofs.evidence import Evidence
from registry.rdf.jsonld import MOST_WORK
from registry.receipt import model as receipts
from registry.receipt.model import Receipt
from registry.verify.dates import check_dates
from registry.verify.signature import check_signature
from registry.verify.verdict import Outcome
from tests.carriers import b64, chunk, enveloped, itxt, jades, jwt, pdf, png, presentation, sd_jwt, sd_jwt_in_json, svg
from tests.registry.receipt.made import about, vectors

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAST, FUTURE = "2016-03-31T00:00:00Z", "2066-03-31T00:00:00Z"


def credential(until: str = PAST, **members: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "id": "urn:uuid:5a3c7f0e-6a55-4a8e-9c1d-0a2b3c4d5e6f",
        "issuer": "did:web:uni.example",
        "validUntil": until,
        "credentialSubject": {"name": "Ana Horvat"},
        **members,
    }


def text(until: str = PAST, **members: Any) -> bytes:
    return json.dumps(credential(until, **members)).encode()


def carriers(until: str) -> dict[str, bytes]:
    """The same credential in everything that it may come in."""
    plain, vc = text(until), credential(until)
    moment = int(datetime.fromisoformat(until).timestamp())
    token = jwt({"iss": "did:web:uni.example", "vc": vc})
    return {
        "diploma.json": plain,
        "diploma.txt": plain,
        "canonical.bin": rfc8785.dumps(vc | {"credits": 1e20}),
        "with a mark.txt": b"\xef\xbb\xbf" + plain,
        "utf-16.txt": plain.decode().encode("utf-16"),
        "utf-16 without a mark.txt": plain.decode().encode("utf-16-be"),
        "utf-32.txt": plain.decode().encode("utf-32"),
        "space before.txt": b" \r\n" * 2000 + plain,
        "space inside.txt": b"{" + b" \n" * 2000 + plain[1:],
        "list.txt": json.dumps([vc]).encode(),
        "lines.jsonl": plain + b"\n" + plain + b"\n",
        "payload.jwt": jwt(vc),
        "vc claim.jwt": token,
        "exp.jwt": jwt({"iss": "did:web:uni.example", "exp": moment, "vc": {"type": ["VerifiableCredential"]}}),
        "newline.jwt": token + b"\n",
        "quoted.json": json.dumps(token.decode()).encode(),
        "named.json": token,
        "vct.sd-jwt": sd_jwt({"vct": "https://x.example/degree", "exp": moment}, {"name": "Ana"}),
        "disclosed.sd-jwt": sd_jwt({"iss": "did:web:uni.example"}, {"validUntil": until}),
        "disclosed in json.json": sd_jwt_in_json({"iss": "did:web:uni.example"}, {"validUntil": until}),
        "disclosed in json of several.json": sd_jwt_in_json({"vct": "urn:degree"}, {"exp": moment}, several=True),
        "disclosed credential.sd-jwt": sd_jwt({"iss": "did:web:uni.example"}, {"vc": vc}),
        "in lines.jwt": b"\r\n".join(token[at : at + 64] for at in range(0, len(token), 64)),
        "from a header.txt": b"Bearer " + token,
        "padded.jwt": token.replace(b".", b"=.", 1) + b"==",
        "without a protected header.json": json.dumps(
            {"payload": b64(plain), "header": {"alg": "ES256"}, "signature": b64(b"s" * 64)}
        ).encode(),
        "decoded.json": json.dumps({"iss": "did:web:uni.example", "exp": moment, "vc": {"type": "x"}}).encode(),
        "decoded sd-jwt.json": json.dumps({"vct": "https://x.example/degree", "exp": moment}).encode(),
        "jades.json": jades(vc),
        "jades of two.json": jades({"vc": vc}, several=True),
        "enveloped.json": json.dumps(enveloped(token)).encode(),
        "base64.json": json.dumps(
            {"type": ["EnvelopedVerifiableCredential"],
             "id": f"data:application/vc;base64,{base64.b64encode(plain).decode()}"}
        ).encode(),
        "presentation.json": presentation(vc),
        "presentation of a token.json": presentation(token.decode()),
        "presentation of an envelope.json": presentation(enveloped(token)),
        "presentation in a presentation.json": presentation(json.loads(presentation(vc))),
        "presentation.jwt": jwt({"vp": {"type": "VerifiablePresentation", "verifiableCredential": [token.decode()]}}),
        "record.json": json.dumps(
            {"type": ["VerifiableCredential", "ClrCredential"], "credentialSubject": {"verifiableCredential": [vc]}}
        ).encode(),
        "saved as text.json": json.dumps({"credential": plain.decode()}).encode(),
        "saved by a wallet.json": json.dumps({"credential": vc, "saved": True}).encode(),
        "baked.png": png(itxt(plain)),
        "packed.png": png(itxt(plain, packed=True)),
        "baked token.png": png(itxt(token)),
        "baked by an old baker.png": png(itxt(plain, b"openbadges")),
        "text.png": png(chunk(b"tEXt", b"openbadges\0" + plain)),
        "packed text.png": png(chunk(b"zTXt", b"openbadges\0\0" + zlib.compress(plain))),
        "baked twice.png": png(itxt(text(FUTURE)), itxt(plain)),
        "baked.svg": svg(plain),
        "baked token.svg": svg(token, as_attribute=True),
        "space before.svg": svg(plain, before=b"\n" * 100),
        "mark and space before.svg": svg(plain, before=b"\xef\xbb\xbf\r\n"),
        "utf-16.svg": svg(plain).decode().encode("utf-16"),
        "attached.pdf": pdf(plain),
        "attached unpacked.pdf": pdf(plain, packed=False),
        "attached in object streams.pdf": pdf(plain, in_object_stream=True),
        "attached picture.pdf": pdf(png(itxt(plain))),
        "edited.pdf": pdf(plain) + pdf(text(FUTURE)),
        "old badge.json": json.dumps({"type": "Assertion", "badge": "https://x.example", "expires": moment}).encode(),
        "blockcerts 1.json": json.dumps({"document": {"assertion": {"expires": until, "type": "Assertion"}}}).encode(),
    }  # fmt: skip


@pytest.mark.parametrize("name", carriers(PAST))
def test_an_expired_credential_is_expired_in_every_carrier(name: str) -> None:
    check = check_dates(read_document(carriers(PAST)[name], name), NOW)
    assert (check.outcome, check.code) == (Outcome.FAIL, "expired"), check.text


@pytest.mark.parametrize("name", carriers(FUTURE))
def test_a_good_one_is_not_called_anything_else(name: str) -> None:
    check = check_dates(read_document(carriers(FUTURE)[name], name), NOW)
    assert (check.outcome, check.code) == (Outcome.PASS, "within-dates"), check.text


PLAIN = text()
DISCLOSURE = b64(b'["salt", "vc", {"validUntil": "2066-03-31T00:00:00Z", "a": 1, "a": 2}]')
REPEATED = jwt({"_sd": [b64(hashlib.sha256(DISCLOSURE.encode()).digest())]}, f"~{DISCLOSURE}~")
HIDDEN = sd_jwt({"iss": "did:web:uni.example"}, {"validUntil": PAST}, shown=False)


@pytest.mark.parametrize(
    ("name", "data", "outcome"),
    [
        ("twice.txt", b'{"type":"VerifiableCredential","validUntil":"2066-01-01T00:00:00Z","a":1,"a":2}', "unknown"),
        ("nan.txt", b'{"type":"VerifiableCredential","a":NaN}', "unknown"),
        ("big.txt", b'{"type":"VerifiableCredential","a":9007199254740993}', "unknown"),
        ("latin-1.txt", '{"type":"VerifiableCredential","name":"é"}'.encode("latin-1"), "unknown"),
        ("cut.txt", PLAIN[:-1], "unknown"),
        ("comment.txt", PLAIN + b"// a comment", "unknown"),
        ("deep.txt", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "unknown"),
        ("many.txt", json.dumps([{"type": "VerifiableCredential"}] * (MOST_PARTS + 1)).encode(), "unknown"),
        ("repeated.sd-jwt", REPEATED, "unknown"),
        ("huge.json", text().replace(b'"2016-03-31T00:00:00Z"', b"9" * 400), "unknown"),
        ("hidden.sd-jwt", HIDDEN, "warn"),
        ("hidden.jwt", HIDDEN.split(b"~")[0], "warn"),
        ("hidden in a list.jwt", jwt({"vct": "x", "dates": [{"...": "x"}]}), "warn"),
        ("big5.svg", svg(PLAIN, before=b'<?xml version="1.0" encoding="Big5"?>'), "warn"),
        ("unknown encoding.svg", svg(PLAIN, before=b'<?xml version="1.0" encoding="x-none"?>'), "warn"),
        ("no text encoding.xml", b'<?xml version="1.0" encoding="hex"?><x/>', "warn"),
        ("other version.svg", svg(PLAIN).replace(b"v3p0", b"v3p9").decode().encode("utf-16"), "warn"),
        ("diploma.zip", b"PK\x03\x04" + bytes(26) + b"diploma.json", "warn"),
        ("diploma.json.gz", gzip.compress(PLAIN), "warn"),
        ("diploma.cose", b"\xd2\x84C\xa1\x01&\xa0X\x20" + PLAIN, "warn"),
        ("packed.pdf", pdf(gzip.compress(PLAIN)), "warn"),
        ("encrypted.jwt", b".".join([b64(b'{"alg":"dir","enc":"A256GCM"}').encode(), b"", b"a", b"b", b"c"]), "warn"),
        ("cose.json", json.dumps(enveloped(b"gEQ", "application/vc+cose")).encode(), "warn"),
        ("hosted.png", png(chunk(b"tEXt", b"openbadges\0https://x.example/assertions/1")), "warn"),
        ("bomb.png", png(itxt(b"{" + b" " * (9 << 20), packed=True)), "warn"),
        ("cut.png", png(itxt(PLAIN))[:60], "warn"),
        ("damaged.png", png(chunk(b"zTXt", b"openbadges\0\0not deflate")), "warn"),
        ("bomb.pdf", pdf(b"{" + b" " * (9 << 20)), "warn"),
        ("encrypted.pdf", pdf(PLAIN, trailer=b"/Encrypt 9 0 R"), "warn"),
        ("elsewhere.pdf", pdf(PLAIN).replace(b"/FlateDecode", b"/LZWDecode  "), "warn"),
        ("many.pdf", pdf(*[PLAIN.replace(b"2016", b"2066")] * (MOST_CARRIED + 1)), "warn"),
        ("entities.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>', "warn"),
        ("cut.svg", svg(PLAIN)[:-20].replace(b"2016", b"2066"), "warn"),
        ("europass.xml", b'<europassCredential xmlns="http://data.europa.eu/snb"/>', "warn"),
        ("empty.json", b"", "warn"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_taken_for_nothing(name: str, data: bytes, outcome: str) -> None:
    reading = read_document(data, name)
    check = check_dates(reading, NOW)
    assert (check.outcome, check.code) == (outcome, "dates-unread"), check.text
    assert check_signature(reading, NOW).outcome == Outcome.WARN


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("letter.txt", b"Dear Ana, {enclosed} please find 2016-03-31."),
        ("letter.rtf", rb"{\rtf1\ansi Ana}"),
        ("footnote.txt", b"[1] See the regulations."),
        ("host.txt", b"www.uni.example"),
        ("photo.png", png()),
        ("diploma.pdf", pdf()),
        ("page.html", b"<!DOCTYPE html><html><body><p>Ana</p><br></body></html>"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'),
        ("invoice.xml", b"<invoice><date>2016-03-31</date></invoice>"),
        ("letter.docx", b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml"),
        ("letter.odt", b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text"),
        ("heart.txt", b"<3 Ana"),
        ("nothing.bin", b""),
        ("noise.bin", bytes(range(256)) * 40),
    ],
)
def test_what_carries_nothing_has_none(name: str, data: bytes) -> None:
    check = check_dates(read_document(data, name), NOW)
    assert (check.outcome, check.code) == (Outcome.PASS, "no-dates"), check.text


ANOTHER = {
    "disclosed in json.json", "disclosed in json of several.json", "decoded.json", "decoded sd-jwt.json",
    "exp.jwt", "vct.sd-jwt", "disclosed.sd-jwt", "old badge.json", "blockcerts 1.json", "canonical.bin",
}  # fmt: skip
"""The carriers that hold another credential than that of the rest."""


class TestDigests:
    def test_the_name_says_which_is_its_own_and_all_are_known(self) -> None:
        by_json, by_file = digest_json(PLAIN), digest_file(PLAIN)
        for name, digest in (("a.json", by_json), ("a.txt", by_file)):
            reading = read_document(PLAIN, name)
            assert reading.digest == digest
            assert reading.own == (by_file, by_json)
            assert {by_json, by_file} <= set(reading.digests)

    @pytest.mark.parametrize("name", sorted(set(carriers(FUTURE)) - ANOTHER))
    def test_of_the_credential_inside(self, name: str) -> None:
        reading = read_document(carriers(FUTURE)[name], name)
        assert digest_document(credential(FUTURE)) in reading.digests, reading.parts

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b" "])
    def test_of_a_token_with_another_end(self, end: bytes) -> None:
        token = jwt(credential())
        assert digest_file(token) in read_document(token + end, "a.jwt").alike
        assert digest_file(token + b"\n") in read_document(token, "a.jwt").alike

    def test_of_a_token_inside(self) -> None:
        token = jwt(credential())
        for carrier in (png(itxt(token)), presentation(token.decode()), pdf(token)):
            reading = read_document(carrier, "x")
            assert reading.inside(digest_file(token).value) is not None

    def test_of_a_text_that_has_none_as_json(self) -> None:
        reading = read_document(b'{"a":1,"a":2}', "a.json")
        assert reading.digest is None
        assert reading.refusal is not None
        assert reading.refusal.code == "duplicate-key"
        assert [digest.method for digest in reading.own] == [DigestMethod.FILE]

    def test_of_a_digest_in_a_file(self) -> None:
        value = bytes(range(32))
        assert Digest(DigestMethod.GIVEN, value) in read_document(value.hex().encode() + b"\n", "digest.txt").own

    def test_of_a_file_that_is_too_long_to_be_read(self) -> None:
        digest = digest_file(b"x")
        film = unread_document(digest, b"\0" * 64, "film.mp4", 10)
        assert (film.digest, film.refusal) == (digest, None)
        assert check_dates(film, NOW).outcome == Outcome.WARN
        for name, head in (("a.json", b" "), ("a.txt", b'{"a"')):
            assert check_dates(unread_document(digest, head, name, 10), NOW).outcome == Outcome.UNKNOWN


def receipt_of(document: dict[str, Any]) -> Receipt:
    digest = digest_document(document)
    tree = Tree.build([digest.value, hashlib.sha256(b"another").digest()])
    index = tree.index_of(digest.value)
    assert index is not None
    return Receipt.of_batch(
        digest, tree.root, tree.inclusion(index), chain="eip155:1", contract="0x" + "c0" * 20, issuer=7
    )


class TestReceipts:
    def test_of_every_part_and_one_bad_one_hides_no_other(self) -> None:
        receipt = receipt_of(credential())
        carrying = receipts.embed(credential(), receipt)
        bad = credential(proof=[{"type": "MerkleAnchorProof"}])
        for data in (
            presentation(bad, carrying),
            png(itxt(json.dumps(bad).encode()), itxt(json.dumps(carrying).encode())),
        ):
            error, good = (each.read for each in read_document(data, "x").receipts)
            assert isinstance(error, ReceiptError)
            assert good == receipt

    @pytest.mark.parametrize("evidence", vectors(), ids=lambda each: f"{len(each.slots)} slots")
    def test_with_evidence_in_whatever_carries_the_credential(self, evidence: Evidence) -> None:
        anchored = receipt_of(credential()).anchored(
            sequence=1, transaction=b"t" * 32, block_number=1, block_hash=b"b" * 32, timestamp=NOW
        )
        receipt = about(anchored, evidence)
        carrying = receipts.embed(credential(), receipt)
        plain = json.dumps(carrying, sort_keys=True).encode()
        for data in (
            plain,
            presentation(carrying),
            jwt(carrying),
            png(itxt(plain)),
            png(itxt(plain, packed=True)),
            svg(plain),
            pdf(plain),
            pdf(plain, packed=False),
            pdf(png(itxt(plain))),
        ):
            reading = read_document(data, "x")
            assert [each.read for each in reading.receipts] == [receipt]
            projection = projected(reading)
            assert projection is not None
            assert projection.receipts == reading.receipts

    def test_places(self) -> None:
        carrying = receipts.embed(credential(proof={"type": "DataIntegrityProof"}), receipt_of(credential()))
        (found,) = read_document(json.dumps(carrying).encode(), "a.json").receipts
        assert found.where == "proof[1]"
        (found,) = read_document(presentation(carrying), "a.json").receipts
        assert found.where == "verifiableCredential[0], proof[1]"


@pytest.mark.parametrize(
    ("data", "signatures"),
    [
        (text(), ()),
        (text(proof={"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}), ("DataIntegrityProof",)),
        (text(proof=[{"type": "Ed25519Signature2020"}, {"type": "MerkleProof2019"}]),
         ("Ed25519Signature2020",)),
        (text(proof=["x"]), ("another form of proof",)),
        (text(proof=[{"type": "MerkleAnchorProof"}]), ()),
        (text(signature={"type": ["MerkleProof2017", "Extension"]}), ()),
        (text(signature={"type": "LinkedDataSignature2015"}), ("LinkedDataSignature2015",)),
        (jwt(credential()), ("JWS",)),
        (jades(credential()), ("JWS",)),
        (presentation(credential(proof={"type": "DataIntegrityProof"})), ("DataIntegrityProof",)),
        (pdf() + b"/ByteRange [0 1 2 3]", ("PDF signature",)),
    ],
)  # fmt: skip
def test_signatures_are_seen(data: bytes, signatures: tuple[str, ...]) -> None:
    reading = read_document(data, "x")
    assert reading.signatures == signatures
    check = check_signature(reading, NOW)
    assert (check.outcome, check.code) == (
        (Outcome.WARN, "signature-unread") if signatures else (Outcome.PASS, "no-signature")
    )


def test_a_token_that_shows_nothing_of_what_it_hides_is_a_selection() -> None:
    """Another showing of the same credential has another digest: it is not called a changed one."""
    assert read_document(HIDDEN.split(b"~")[0], "x").is_selection
    assert read_document(sd_jwt_in_json({"iss": "x"}, {"a": 1}), "x").is_selection
    assert not read_document(jwt(credential()), "x").is_selection


def test_carriers_in_carriers_end() -> None:
    data = text()
    for _ in range(MOST_CARRIERS_DEEP + 2):
        data = pdf(data)
    assert check_dates(read_document(data, "x.pdf"), NOW).outcome is Outcome.UNKNOWN
    inner: Any = credential(FUTURE)
    for _ in range(MOST_CARRIERS_DEEP + 2):
        inner = {"type": "VerifiablePresentation", "verifiableCredential": [inner]}
    assert check_dates(read_document(json.dumps(inner).encode(), "x.json"), NOW).outcome is Outcome.UNKNOWN


def test_what_may_be_unpacked_is_counted_for_the_whole_document() -> None:
    """Small pictures and PDF in one another unpack to whatever they like; together they have one bound."""
    bomb = b"{" + b" " * (4 << 20) + b"}"
    carried = carried_by_png(png(*[itxt(bomb, packed=True)] * MOST_CARRIED), 8 << 20, Allowance())
    assert sum(len(content) for _, content in carried.contents) <= MOST_UNPACKED
    assert carried.missed
    inner = pdf(*[bomb] * 7)
    outer = read_document(pdf(*[inner] * 20), "x.pdf")
    assert sum(part.where.count("attachment") == 2 for part in outer.parts) == 7
    assert check_dates(outer, NOW).code == "dates-unread"


def test_attributes_that_a_declaration_gives_to_every_element_are_counted() -> None:
    declared = b" ".join(b"a%d CDATA 'x'" % number for number in range(2000))
    data = b"<!DOCTYPE svg [<!ATTLIST svg " + declared + b">]><svg>" + b"<svg/>" * 2000 + b"</svg>"
    (unread,) = read_document(data, "x.svg").unread
    assert unread.why == "it has too many elements or attributes"


@pytest.mark.parametrize("numbers", [b"1" * 5_000 + b" 0 ", b"1 " + b"0" * 5_000 + b" "])
def test_a_number_that_no_file_reaches_is_none_of_an_object(numbers: bytes) -> None:
    body = zlib.compress(numbers + b"<<>>")
    head = b"<</Type/ObjStm/First %d/Filter/FlateDecode/Length %d>>" % (len(numbers), len(body))
    reading = read_document(pdf(PLAIN) + b"9 0 obj\n" + head + b"stream\n" + body + b"\nendstream\nendobj\n", "x.pdf")
    assert [part.where for part in reading.parts] == ["attachment in object 5"]


def test_a_limit_of_the_reader_is_no_fault_of_the_document() -> None:
    reading = read_document(text(), "a.txt", Limits(max_bytes=20))
    assert check_dates(reading, NOW).outcome is Outcome.UNKNOWN
    assert reading.digest == digest_file(text())


@settings(deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(list(carriers(PAST))),
    st.integers(0, 2000),
    st.sampled_from(["x", ".json"]),
)
def test_whatever_is_damaged_raises_nothing(noise: bytes, name: str, at: int, ending: str) -> None:
    data = carriers(PAST)[name]
    at %= len(data)
    for changed in (noise, data[:at] + noise, data[:at] + noise + data[at:], noise + data):
        assert isinstance(read_document(changed, f"a{ending}"), Reading)


def test_the_rdf_of_what_a_document_holds_is_made_as_long_as_it_does_not_take_long() -> None:
    evidence = [{"id": f"urn:x:{number}"} for number in range(MOST_WORK // 20)]
    shown = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]}
    held = [{**shown, "id": f"urn:{number}", "evidence": evidence} for number in range(4)]
    reading = with_rdf(read_document(presentation(*held), "a.json"))
    made = [any(digest.method is DigestMethod.VC_RDFC for digest in part.digests) for part in reading.parts]
    assert made == [False, True, True, False, False]
    assert [each.where for each in reading.unread] == [part.where for part in reading.parts[3:]]
    assert not any(each.is_statement for each in reading.unread)
