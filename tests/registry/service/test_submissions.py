"""An upload becomes its credentials, one at a time; what is broken in it is said and never followed."""

from __future__ import annotations

import io
import json
import stat
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.credential.digest import Digest, DigestMethod, Limits, digest_file, digest_json
from registry.document.submitted import Broken, Submitted, interpreted
from registry.errors import IntakeError, RegistryError, SettingsError
from registry.merkle.proof import InclusionProof
from registry.receipt.model import Receipt, to_cbor, to_json
from registry.service.submissions import Kind, Submission, SubmissionLimits
from tests.registry.receipt.made import about, vectors

DOCUMENT = json.dumps({"type": ["VerifiableCredential"], "id": "urn:example:1", "n": 1.5}).encode()
PDF = b"%PDF-1.7 a diploma"
BOUNDARY = b"xBOUNDARYx"
LIMITS = SubmissionLimits(
    bytes=200_000, unpacked_bytes=400_000, items=20, item_bytes=50_000, document=Limits(max_bytes=10_000)
)


def receipt_for(digest: Digest) -> Receipt:
    proof = InclusionProof(0, 1, ())
    return Receipt.of_batch(digest, digest.value, proof, chain="eip155:1", contract="0x" + "11" * 20, issuer=7)


RECEIPT = receipt_for(digest_json(DOCUMENT))


def zipped(files: Iterable[tuple[str | zipfile.ZipInfo, bytes]], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", packing) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of names that are there twice
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    out = b""
    for field, filename, content in parts:
        name = "" if filename is None else f'; filename="{filename}"'
        out += b"--" + BOUNDARY + f'\r\nContent-Disposition: form-data; name="{field}"{name}\r\n\r\n'.encode()
        out += content + b"\r\n"
    return out + b"--" + BOUNDARY + b"--\r\n"


def submission(
    data: bytes, kind: Kind = Kind.FILE, *, name: str = "a.json", limits: SubmissionLimits = LIMITS, piece: int = 4096
) -> Submission:
    came = Submission(kind, limits, name=name, boundary=BOUNDARY)
    for start in range(0, len(data), piece):
        came.feed(data[start : start + piece])
    came.finish()
    return came


def items(data: bytes, kind: Kind = Kind.FILE, **more: object) -> list[Submitted | Broken]:
    came = submission(data, kind, **more)  # type: ignore[arg-type]
    limits = more.get("limits", LIMITS)
    assert isinstance(limits, SubmissionLimits)
    try:
        return [told(item, limits) for item in came.items()]
    finally:
        came.close()


def told(item: Submitted | Broken, limits: SubmissionLimits) -> Submitted | Broken:
    """What the item is, or what is wrong with it."""
    if isinstance(item, Broken):
        return item
    try:
        return interpreted(item, limits.document)
    except RegistryError as error:
        return Broken.of(item.name, error)


def refused(data: bytes, kind: Kind, **more: object) -> str:
    with pytest.raises(IntakeError) as caught:
        items(data, kind, **more)
    assert caught.value.remedy
    return caught.value.code


def test_a_name_that_leads_out_of_the_zip_has_a_row() -> None:
    strays = ("../x.json", "a/../../y.json", "..\\z.json", "..")
    found = items(zipped([("a.json", DOCUMENT), *((name, DOCUMENT) for name in strays)]), Kind.ZIP)
    assert found[0] == Submitted("a.json", DOCUMENT, None)
    assert [(one.name, one.code) for one in found[1:] if isinstance(one, Broken)] == [
        (name.replace("\\", "/"), "zip-name") for name in strays
    ]
    (only,) = items(zipped([("../x.json", DOCUMENT)]), Kind.ZIP)
    assert isinstance(only, Broken)
    assert only.reason


# One credential


def test_a_document_is_itself() -> None:
    assert items(DOCUMENT) == [Submitted("a.json", DOCUMENT, None)]
    assert submission(DOCUMENT).is_single


def test_a_file_of_any_kind_is_itself() -> None:
    assert items(PDF, name="a.pdf") == [Submitted("a.pdf", PDF, None)]
    assert items(b"\xa1junk", name="a") == [Submitted("a", b"\xa1junk", None)]


def test_a_document_and_its_receipt_travel_in_one_object() -> None:
    together = json.dumps({"document": json.loads(DOCUMENT), "receipt": json.loads(to_json(RECEIPT))}, indent=1)
    (item,) = items(together.encode())
    assert isinstance(item, Submitted)
    assert item.receipt == RECEIPT
    assert item.document is not None
    assert digest_json(item.document) == digest_json(DOCUMENT)


@pytest.mark.parametrize(
    "content",
    [
        {"document": {}, "receipt": {"type": "Other", "note": "TestamurReceipt"}},
        {"document": {}, "receipt": json.loads(to_json(RECEIPT)), "more": 1},
        {"document": {}, "receipt": "TestamurReceipt"},
        ["TestamurReceipt"],
        "TestamurReceipt",
    ],
)
def test_an_object_that_only_looks_like_it_is_a_document(content: object) -> None:
    data = json.dumps(content).encode()
    assert items(data) == [Submitted("a.json", data, None)]


@pytest.mark.parametrize("data", [to_json(RECEIPT), to_cbor(RECEIPT)])
def test_a_receipt_alone(data: bytes) -> None:
    name = "a.json" if data.startswith(b"{") else "a.cbor"
    assert items(data, name=name) == [Submitted(name, None, RECEIPT)]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.json", to_json(RECEIPT).replace(b'"version":1', b'"version":3'), "version"),
        ("a.json", to_json(RECEIPT).replace(b'"version":1', b'"version":2'), "missing-field"),
        ("a.json", b'{"type":"TestamurReceipt"}', "missing-field"),
        ("a.cbor", to_cbor(RECEIPT)[:-1], "cbor"),
        ("a.cbor", b" ", "syntax"),
        ("a.cbor", PDF, "syntax"),
    ],
)
def test_a_broken_receipt_is_said(name: str, data: bytes, code: str) -> None:
    (item,) = items(data, name=name)
    assert isinstance(item, Broken)
    assert item.code == code
    assert item.reason.endswith(".")


def test_the_receipt_of_a_files_bytes_needs_the_file() -> None:
    receipt = receipt_for(digest_file(DOCUMENT))
    together = b'{"document":' + DOCUMENT + b',"receipt":' + to_json(receipt) + b"}"
    (item,) = items(together)
    assert isinstance(item, Broken)
    assert item.code == "bytes-needed"


def test_the_deepest_and_longest_document_fits_into_the_object() -> None:
    limits = SubmissionLimits(document=Limits(max_bytes=10_000, max_depth=5))
    document = {"a": {"b": {"c": {"d": {"e": "x" * 9_900}}}}}
    together = json.dumps({"document": document, "receipt": json.loads(to_json(RECEIPT))}).encode()
    (item,) = items(together, limits=limits)
    assert isinstance(item, Submitted)
    assert item.receipt == RECEIPT
    deeper = json.dumps({"document": {"z": document}, "receipt": json.loads(to_json(RECEIPT))}).encode()
    assert items(deeper, limits=limits) == [Submitted("a.json", deeper, None)]


@pytest.mark.parametrize("depth", [1, 4, 64])
def test_evidence_comes_with_the_receipt_however_both_are_sent(depth: int) -> None:
    """Whatever the bounds of a document are: those of a receipt are others."""
    receipt = about(
        RECEIPT.anchored(
            sequence=1,
            transaction=b"t" * 32,
            block_number=1,
            block_hash=b"b" * 32,
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        vectors()[0],
    )
    text = to_json(receipt)
    assert len(text) > 5_000
    limits = SubmissionLimits(document=Limits(max_bytes=1_000, max_depth=depth))
    document = b'{"a":1}'
    together = b'{"document":' + document + b',"receipt":' + text + b"}"
    files = [("a.json", document), ("a.json.receipt.json", text)]
    parts = [("file", name, content) for name, content in files]
    assert items(text, limits=limits) == [Submitted("a.json", None, receipt)]
    assert items(together, limits=limits) == [Submitted("a.json", document, receipt)]
    assert items(form(*parts), Kind.FORM, limits=limits) == [Submitted("a.json", document, receipt)]
    assert items(zipped(files), Kind.ZIP, limits=limits) == [Submitted("a.json", document, receipt)]


# Forms


def test_documents_of_a_form_are_matched_with_receipts_by_name() -> None:
    other = receipt_for(digest_file(PDF))
    came = items(
        form(
            ("file", "b.pdf.receipt.cbor", to_cbor(other)),
            ("file", "a.json", DOCUMENT),
            ("file", "b.pdf", PDF),
            ("file", "a.json.receipt.json", to_json(RECEIPT)),
            ("file", "lonely.receipt.json", to_json(RECEIPT)),
        ),
        Kind.FORM,
    )
    assert came == [
        Submitted("a.json", DOCUMENT, RECEIPT),
        Submitted("b.pdf", PDF, other),
        Submitted("lonely.receipt.json", None, RECEIPT),
    ]


def test_one_document_and_one_field_receipt_belong_together() -> None:
    came = submission(form(("receipt", "x", to_json(RECEIPT)), ("document", "a.json", DOCUMENT)), Kind.FORM)
    assert list(came.items()) == [Submitted("a.json", DOCUMENT, RECEIPT)]
    assert came.is_single


def test_a_form_may_bring_a_policy() -> None:
    policy = b'[[issuers]]\nparty = 7\nname = "A university"\n'
    came = submission(form(("policy", None, policy), ("file", "a.json", DOCUMENT)), Kind.FORM)
    found = came.policy()
    assert found is not None
    assert found.trusted_issuers == {7: "A university"}
    assert came.is_single
    senseless = submission(form(("policy", "p.toml", b"nobody = 1"), ("file", "a.json", DOCUMENT)), Kind.FORM)
    with pytest.raises(SettingsError):
        senseless.policy()
    assert refused(form(("policy", None, b"#" * 70_000)), Kind.FORM) == "too-large"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        form(("a", "a.json", DOCUMENT))[:-10],
        form(("trust", None, b"7")),
        b"--" + BOUNDARY + b"\r\nno colon\r\n\r\n",
        b"--" + BOUNDARY + b"\r\n\r\nno name\r\n--" + BOUNDARY + b"--\r\n",
        form(("a", "a.json", DOCUMENT)).replace(BOUNDARY, b"another"),
        b"--" + BOUNDARY + b"\r\nx: " + b"y" * 100_000,
    ],
)
def test_what_is_not_a_form_is_refused(data: bytes) -> None:
    assert refused(data, Kind.FORM) in ("bad-multipart", "empty")


def test_a_name_that_is_there_twice_counts_once_and_is_said() -> None:
    for data, kind in (
        (form(("f", "a.json", DOCUMENT), ("f", "a.json", b"{}")), Kind.FORM),
        (zipped([("a.json", DOCUMENT), ("a.json", b"{}")]), Kind.ZIP),
    ):
        first, second = items(data, kind)
        assert first == Submitted("a.json", DOCUMENT, None)
        assert isinstance(second, Broken)
        assert second.code == "repeated-name"


def test_two_receipts_of_one_name_do_not_choose_by_order() -> None:
    other = receipt_for(digest_file(PDF))
    data = form(
        ("f", "a.json", DOCUMENT),
        ("f", "a.json.receipt.json", to_json(other)),
        ("f", "a.json.receipt.json", to_json(RECEIPT)),
    )
    came = items(data, Kind.FORM)
    assert [type(item) for item in came] == [Submitted, Broken]


# ZIPs


def test_a_folder_comes_as_a_zip() -> None:
    data = zipped(
        [
            ("2024/a.json", DOCUMENT),
            ("2024/a.json.receipt.json", to_json(RECEIPT)),
            ("2025/a.json", DOCUMENT),
            (".DS_Store", b"x"),
            ("__MACOSX/2024/._a.json", b"x"),
            ("empty/", b""),
            ("nested.zip", zipped([("inside.json", DOCUMENT)])),
        ]
    )
    came = submission(data, Kind.ZIP)
    found = list(came.items())
    assert not came.is_single
    assert [item.name for item in found] == ["2024/a.json", "2025/a.json", "nested.zip"]
    assert found[0] == Submitted("2024/a.json", DOCUMENT, RECEIPT)
    assert found[1] == Submitted("2025/a.json", DOCUMENT, None)


def test_a_zip_in_a_form_is_a_folder() -> None:
    came = submission(form(("file", "folder.zip", zipped([("a.json", DOCUMENT)]))), Kind.FORM)
    assert list(came.items()) == [Submitted("folder.zip/a.json", DOCUMENT, None)]
    assert not came.is_single


def test_names_in_a_zip_are_labels_only() -> None:
    names = ["/etc/passwd", "C:\\windows\\a", "a\x1b[31m\u202e.json", "é" * 500]
    came = items(zipped([(name, b"x") for name in names]), Kind.ZIP)
    assert [item.name for item in came][:2] == ["/etc/passwd", "C:/windows/a"]
    assert all(item.name.isprintable() and len(item.name) <= 401 for item in came)


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link.json")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypted() -> bytes:
    data = bytearray(zipped([("secret.json", DOCUMENT), ("a.json", DOCUMENT)], zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def damaged() -> bytes:
    data = bytearray(zipped([("damaged.json", b"A" * 100), ("a.json", DOCUMENT)], zipfile.ZIP_STORED))
    data[data.index(b"A" * 100)] ^= 1
    return bytes(data)


def lying_about_its_size() -> bytes:
    """A member that unpacks to far more than it declares."""
    packed = zipped([("liar.json", b"\0" * 40_000), ("a.json", DOCUMENT)])
    start = packed.index(b"PK\x01\x02")
    return packed[: start + 24] + struct.pack("<I", 100) + packed[start + 28 :]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped([(link(), b"/etc/passwd"), ("a.json", DOCUMENT)]), "not-a-file"),
        (encrypted(), "encrypted"),
        (damaged(), "zip-damaged"),
        (lying_about_its_size(), "zip-damaged"),
        (zipped([("bz.json", b"x" * 100), ("a.json", DOCUMENT)], zipfile.ZIP_BZIP2), "zip-packing"),
        (zipped([("bomb.json", b"\0" * 60_000), ("a.json", DOCUMENT)]), "zip-ratio"),
        (zipped([("a.json.receipt.json", b"{}"), ("a.json", DOCUMENT)]), None),
    ],
)
def test_what_is_wrong_with_one_file_is_said_and_the_rest_goes_on(data: bytes, code: str | None) -> None:
    came = items(data, Kind.ZIP)
    broken = [item for item in came if isinstance(item, Broken)]
    assert len(broken) >= 1
    if code is not None:
        assert broken[0].code == code
    if code not in (None, "zip-packing"):
        assert Submitted("a.json", DOCUMENT, None) in came


def test_a_broken_receipt_beside_a_good_document_is_not_passed_over() -> None:
    data = zipped([("a.json.receipt.json", b"{}"), ("a.json", DOCUMENT), ("b.json", DOCUMENT)])
    first, second = items(data, Kind.ZIP)
    assert isinstance(first, Broken)
    assert "a.json.receipt.json" in first.reason
    assert second == Submitted("b.json", DOCUMENT, None)


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"", Kind.ZIP, "bad-zip"),
        (b"PK\x05\x06", Kind.ZIP, "bad-zip"),
        (zipped([("a", b"a")])[:-1], Kind.ZIP, "bad-zip"),
        (zipped([]), Kind.ZIP, "empty"),
        (zipped([(".hidden", b"")]), Kind.ZIP, "empty"),
        (zipped([("?", b"a")]).replace(b"?", b"\0"), Kind.ZIP, "bad-zip"),
        (zipped([(f"{n}.json", b"{}") for n in range(21)]), Kind.ZIP, "too-many"),
        (zipped([(f"{n}.json", b"{}") for n in range(41)]), Kind.ZIP, "too-many"),
        (zipped([(f"{n}", b"\0" * 49_000) for n in range(10)]), Kind.ZIP, "bad-zip"),
        (form(*[("f", f"{n}.json", b"{}") for n in range(21)]), Kind.FORM, "too-many"),
        (form(*[("f", f"{n}.json", b"{}") for n in range(50)]), Kind.FORM, "too-many"),
        (
            form(*[("f", f"{n}.zip", zipped([(f"{m}", b"") for m in range(9)])) for n in range(9)]),
            Kind.FORM,
            "too-many",
        ),
        (
            form(*[("f", f"{n}.zip", zipped([(f"{m}", b"\0" * 49_000) for m in range(5)])) for n in range(2)]),
            Kind.FORM,
            "bad-zip",
        ),
        (b"x" * 200_001, Kind.FILE, "too-large"),
        (b"x" * 200_001, Kind.ZIP, "too-large"),
    ],
)
def test_an_upload_that_is_too_much_is_refused_as_a_whole(data: bytes, kind: Kind, code: str) -> None:
    assert refused(data, kind) == code


def test_a_list_of_files_that_would_fill_the_memory_is_not_read() -> None:
    long = zipped([("n" * 50_000, b"")])
    assert refused(long, Kind.ZIP) == "bad-zip"


def test_files_that_share_their_bytes_count_each_time() -> None:
    """The entries of such a bomb all point at one packed stretch (Fifield 2019)."""
    packed = zlib.compress(b"\0" * 49_000, 9)[2:-4]
    name = b"0"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), 49_000, len(name), 0)
    directory = b"".join(
        struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(packed), 49_000, 1, 0, 0, 0, 0, 0, 0
        )
        + str(n).encode()
        for n in range(10)
    )
    body = local + name + packed
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 10, 10, len(directory), len(body), 0)
    assert refused(body + directory + end, Kind.ZIP) == "bad-zip"


def test_memory_holds_one_file_at_a_time() -> None:
    limits = SubmissionLimits(items=200)
    part = bytes(range(256)) * 4096  # 1 MiB, 40 of them
    data = form(*[("f", f"{n}.bin", part) for n in range(40)])
    came = Submission(Kind.FORM, limits, boundary=BOUNDARY)
    tracemalloc.start()
    for start in range(0, len(data), 1 << 16):
        came.feed(data[start : start + (1 << 16)])
    came.finish()
    count = sum(1 for item in came.items() if isinstance(item, Submitted) and item.document == part)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    came.close()
    assert count == 40
    assert peak < 8 << 20


@settings(max_examples=60, deadline=None)
@given(
    files=st.dictionaries(st.text("abc/.é", min_size=1, max_size=8), st.binary(max_size=50), max_size=6),
    piece=st.integers(1, 300),
)
def test_a_form_gives_what_was_put_in_however_it_is_cut(files: dict[str, bytes], piece: int) -> None:
    data = form(*[("f", name, content) for name, content in files.items()])
    if not files:
        assert refused(data, Kind.FORM) in ("empty", "bad-multipart")
        return
    assert items(data, Kind.FORM, piece=piece) == [Submitted(name, content, None) for name, content in files.items()]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_mangled_zip_or_form_never_escapes(data: st.DataObject) -> None:
    kind, whole = data.draw(
        st.sampled_from(
            [
                (Kind.ZIP, zipped([("a.json", DOCUMENT), ("a.json.receipt.json", to_json(RECEIPT))])),
                (Kind.ZIP, encrypted()),
                (Kind.ZIP, damaged()),
                (Kind.FORM, form(("f", "a.json", DOCUMENT), ("f", "b.zip", zipped([("a", b"a")])))),
                (Kind.FORM, form(("receipt", "r.cbor", to_cbor(RECEIPT)), ("f", "a.json", DOCUMENT))),
            ]
        )
    )
    base = bytearray(whole)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(base) - 1), st.integers(0, 255)), max_size=6)):
        base[at] = value
    with suppress(IntakeError):
        assert all(isinstance(item, Submitted | Broken) for item in items(bytes(base), kind))


def test_a_given_digest_has_its_receipt_in_a_form() -> None:
    digest = Digest(DigestMethod.GIVEN, b"\7" * 32)
    receipt = receipt_for(digest)
    data = form(("file", "d.txt", digest.hex.encode()), ("file", "d.txt.receipt.json", to_json(receipt)))
    assert items(data, Kind.FORM) == [Submitted("d.txt", digest.hex.encode(), receipt)]
