"""ZIPs and folders that are dropped on the page: the page takes out of them what this program takes out."""

from __future__ import annotations

import base64
import io
import random
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry.credential.digest import digest_json
from registry.document.portfolio import PortfolioItem, portfolio_bytes
from registry.document.submitted import Broken, OpenZip
from registry.errors import IntakeError
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, parse, to_json
from tests.registry.document.test_portfolio import made
from tests.web.javascript import run_javascript

MOST_FILES, MOST_BYTES, MOST = 100, 1 << 20, 100_000
MUTANTS = 600


def zipped(*files: tuple[str, bytes], packing: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        archive.comment = comment
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


class Stream(io.BytesIO):
    """What cannot be sought in: sizes are written behind the files."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


def streamed() -> bytes:
    buffer = Stream()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"{}" * 99)
    return buffer.getvalue()


def large() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("a.json", "w", force_zip64=True) as file:
        file.write(b"{}")
    return buffer.getvalue()


def linked() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("a.json")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, b"/etc/passwd")
    return buffer.getvalue()


def archives() -> Iterator[tuple[str, bytes]]:
    one = zipped(("a.json", b'{"a": 1}' * 20))
    central = one.index(b"PK\x01\x02")
    yield "one", one
    yield "stored", zipped(("a.json", b"{}"), packing=zipfile.ZIP_STORED)
    yield "packed otherwise", zipped(("a.json", b"{}" * 99), packing=zipfile.ZIP_BZIP2)
    yield "empty", zipped()
    yield "with folders", zipped(("x/", b""), ("x/a.json", b"{}"), ("x\\b.json", b"{}"), ("x/./c.json", b""))
    yield "hidden", zipped((".a", b""), ("x/.b/c", b""), ("__MACOSX/a.json", b""), ("a.json", b"{}"))
    yield "leading out", zipped(("../a.json", b"{}"), ("x/../../b", b""), ("a..b", b"1"), ("d/" * 120 + "e", b""))
    yield (
        "names",
        zipped(("é.json", b"1"), ("a\u202eb", b"2"), ("a\x1b[31m", b"3"), ("日本" * 300, b"4"), ("a\u3000b c", b"5")),
    )
    yield "another code page", zipped(("abc.json", b"1")).replace(b"abc", b"\x82\x99\xff")
    yield "no UTF-8", zipped(("é.json", b"1")).replace("é".encode(), b"\xff\xff")
    yield "a zero in a name", one.replace(b"a.json", b"a\0json")
    yield "no name", one.replace(b"a.json", b"\0.json")
    yield "twice", one[:central] + one[central:]
    yield "a bomb", zipped(("a.json", b"\0" * 99_000), ("b.json", b"{}"))
    yield "too long", zipped(("a.json", random.Random(1).randbytes(100_001)))
    yield "too much", zipped(*((f"{number}", random.Random(1).randbytes(90_000)) for number in range(12)))
    yield "too many", zipped(*((f"{'x' * 600}{number}", b"") for number in range(100)))
    yield "with a comment", zipped(("a.json", b"{}"), comment=b"PK" * 99)
    yield "behind something", b"#!/bin/sh\n" + one
    yield "before something", one + b"more"
    yield "cut off", one[:-10]
    yield "a link", linked()
    yield "large", large()
    yield "streamed", streamed()
    for flag in (1, 0x20, 0x40):
        yield f"flag {flag}", one[: central + 8] + struct.pack("<H", flag) + one[central + 10 :]
    yield "another sum", one[: central + 16] + b"\0\0\0\0" + one[central + 20 :]
    yield "another name inside", one.replace(b"a.json", b"b.json", 1)
    yield "shorter than it says", one[: central + 24] + struct.pack("<I", 9_000) + one[central + 28 :]
    yield "longer than it says", one[: central + 24] + struct.pack("<I", 9) + one[central + 28 :]
    yield "of another version", one[: central + 6] + b"\x63\0" + one[central + 8 :]
    for other in (b"", b"PK", b"PK\x05\x06", b"PK\x05\x06" + bytes(18), b"{}" * 99):
        yield "none", other
    chance = random.Random(16)
    whole = [each for _, each in archives_to_change()]
    for number in range(MUTANTS):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.choice([0, 1, 8, 0xFF, chance.randrange(256)])
        yield f"mutant {number}", bytes(data)


def archives_to_change() -> Iterator[tuple[str, bytes]]:
    yield "two", zipped(("a.json", b'{"a": 1}' * 20), ("x/é.json", b"{}"))
    yield "stored", zipped(("a.json", b"{}"), packing=zipfile.ZIP_STORED, comment=b"x")
    yield "large", large()
    yield "streamed", streamed()


def opened(data: bytes) -> dict[str, Any]:
    try:
        archive = OpenZip(io.BytesIO(data), most_files=MOST_FILES, most_bytes=MOST_BYTES, prefix="all.zip/")
    except IntakeError as error:
        return {"code": error.code}
    files: list[Any] = []
    for file in archive.files:
        try:
            files.append([file.name, base64.b64encode(file.bytes.read(MOST)).decode()])
        except IntakeError as error:
            told = Broken.of(file.name, error)
            files.append([file.name, [told.code, None if told.code == "zip-damaged" else told.what, told.remedy]])
    return {"files": files, "strays": [[each.name, each.code, each.what, each.remedy] for each in archive.strays]}


def receipt_of(document: bytes) -> tuple[str, bytes]:
    digest = digest_json(document)
    tree = Tree.build([digest.value])
    receipt = Receipt.of_batch(
        digest, tree.root, tree.inclusion(0), chain="eip155:1", contract="0x" + "c0" * 20, issuer=7
    )
    return digest.hex, to_json(receipt)


def brought() -> Iterator[tuple[str, list[tuple[str, bytes]], list[Any]]]:
    one, other = b'{"a": 1}', b'{"a": 2}'
    (first, of_one), (second, of_other) = receipt_of(one), receipt_of(other)
    yield (
        "a ZIP",
        [
            (
                "all.ZIP",
                zipped(("x/1.json", one), ("x/1.json.receipt.json", of_one), ("2.json", other), ("r.json", of_other)),
            )
        ],
        [["x/1.json", True, [first]], ["2.json", True, [second]]],
    )
    yield (
        "a receipt that is named after another document",
        [("all.zip", zipped(("1.json", one), ("1.json.receipt.json", of_other), ("2.json", other)))],
        [["1.json", True, [second]], ["2.json", True, []]],
    )
    yield (
        "a ZIP and what is in no ZIP",
        [("all.zip", zipped(("1.json", one), ("../x", b""), ("in.zip", zipped()))), ("2.json", other)],
        [
            ["all.zip/1.json", True, []],
            ["all.zip/in.zip", True, []],
            ["2.json", True, []],
            ["all.zip/../x", "zip-name"],
        ],
    )
    whole = zipped(("1.json", one))
    yield (
        "a ZIP that was anchored itself",
        [("all.zip", whole), ("all.zip.receipt.json", of_one)],
        [["all.zip", True, [first]]],
    )
    digest = first.encode()
    yield (
        "a digest in a ZIP stands for no document",
        [("all.zip", zipped(("doctorate.json", digest), ("doctorate.json.receipt.json", of_one)))],
        [["doctorate.json", True, [first]]],
    )
    items = [
        PortfolioItem("doctorate.json", digest),
        PortfolioItem("1.json", one, parse(of_one)),
        PortfolioItem("1.json.receipt.json", of_one),
        PortfolioItem("r.json", of_one),
        PortfolioItem("blocks.txt", b"example.org/blocks\n3\n" + b"A" * 43 + b"=\n"),
    ]
    yield (
        "what is in a portfolio is a credential or nothing",
        [("all.json", portfolio_bytes(made(items)))],
        [
            ["1.json", True, [first]],
            ["blocks.txt", True, []],
            ["1.json.receipt.json", False, [first]],
            ["r.json", False, [first]],
            ["doctorate.json", "portfolio-item"],
        ],
    )
    yield "a name twice", [("1.json", one), ("1.json", other)], [["1.json", True, []], ["1.json", "repeated-name"]]
    held = b'{"verifiableCredential": [{"a": 1}, {"a": 1}]}'
    yield (
        "a receipt of what is in several documents",
        [("1.json", held), ("2.json", other), ("3.json", held + b" "), ("r.json", of_one), ("s.json", of_one)],
        [["1.json", True, [first, first]], ["2.json", True, []], ["3.json", True, [first, first]]],
    )
    yield (
        "a broken receipt",
        [("all.zip", zipped(("1.json", one), ("1.json.receipt.json", b'{"type": "TestamurReceipt"}')))],
        [["1.json", True, ["missing-field"]]],
    )


def test_zips_are_read_as_this_program_reads_them(tmp_path: Path) -> None:
    cases = [(name, data, opened(data)) for name, data in archives()]
    codes = {each[1][0] for _, _, read in cases for each in read.get("files", []) if isinstance(each[1], list)}
    assert codes == {"encrypted", "not-a-file", "zip-packing", "zip-ratio", "zip-damaged"}
    written = {
        "archives": [
            {"name": name, "data": base64.b64encode(data).decode(), "expect": read} for name, data, read in cases
        ],
        "brought": [
            {
                "name": name,
                "given": [{"name": each, "data": base64.b64encode(data).decode()} for each, data in given],
                "expect": expect,
            }
            for name, given, expect in brought()
        ],
        "mostFiles": MOST_FILES,
        "mostBytes": MOST_BYTES,
        "most": MOST,
    }
    run_javascript("archives", written, tmp_path)
