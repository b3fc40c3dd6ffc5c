"""What of the files that an issuer gives is a credential."""

from __future__ import annotations

import pytest

from registry.credential.filekinds import LEFT_OUT, left_out, not_a_credential
from registry.untrusted.encodings import foreign_encoding


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("desktop.ini", "system-file"),
        ("2025/Thumbs.db", "system-file"),
        ("__MACOSX/a.json", "system-file"),
        ("$RECYCLE.BIN/a.pdf", "system-file"),
        ("~$diploma.docx", "lock-file"),
        (".~lock.diploma.odt#", "lock-file"),
        (".DS_Store", "hidden"),
        ("a/.git/config", "hidden"),
        ("../a.json", None),
        ("a.pdf.part", "unfinished"),
        ("a.json.receipt.json", "receipt"),
        ("diploma.json", None),
        ("ada/my diploma ~ 1.pdf", None),
        ("desktop.ini.pdf", None),
        ("a.json.RECEIPT.JSON", "receipt"),
        ("a.json~", "backup"),
        ("#a.json#", "backup"),
        ("testamur.toml", "own-file"),
        ("diplomas.rejects.jsonl", "own-file"),
    ],
)
def test_a_name_says_what_is_no_credential(name: str, code: str | None) -> None:
    assert left_out(name) == code
    assert left_out(name, 10) == code
    assert code is None or code in LEFT_OUT


def test_what_is_empty_is_none() -> None:
    assert left_out("diploma.pdf", 0) == "empty"


@pytest.mark.parametrize(
    ("name", "head", "code"),
    [
        ("roster.csv", b"name,degree\nAda,BSc\n", "table"),
        ("roster.XLSX", b"PK\x03\x04", "table"),
        ("list.txt", b"ab" * 32 + b"\n", "digest-list"),
        ("SHA256SUMS", b"ab" * 32 + b"  a.pdf\n", "digest-list"),
        ("list.txt", ("ab" * 32).encode("utf-16"), "encoding"),
        ("more.jsonl", b"{}", "nested-jsonl"),
        ("a.json", b"ab" * 32, None),
        ("SHA512SUMS", b"ab" * 64 + b"  a.pdf\n", "hash-list"),
        ("md5.txt", b"ab" * 16 + b"  a.pdf\n" + b"cd" * 16 + b"  b.pdf\n", "hash-list"),
        ("names-first.txt", b"a.pdf  " + b"ab" * 32 + b"\nb.pdf  " + b"cd" * 32 + b"\n", "hash-list"),
        ("prefixed.txt", b"sha256:" + b"ab" * 32 + b"\n", "hash-list"),
        ("upper.txt", b"0X" + b"ab" * 32 + b"\n", "hash-list"),
        ("titled.txt", b"Diplomas\nof 2025\n" + (b"ab" * 32 + b"\n") * 2, "hash-list"),
        ("minutes.txt", b"The hash " + b"ab" * 32 + b" was agreed.\nThen\nwe\nleft.\n", None),
        ("roster.csv.txt", b"name,degree\n", "table"),
        ("more.jsonl.txt", b"{}\n", "nested-jsonl"),
        ("inner.zip", b"PK\x03\x04", "archive"),
        ("inner.tar.gz", b"\x1f\x8b", "archive"),
        ("sent.eml", b"From: a\n", "mail"),
        ("diploma.docx", b"PK\x03\x04", None),
        ("a.pdf", b"%PDF-1.7", None),
    ],
)
def test_tables_and_lists_are_not_taken_for_credentials(name: str, head: bytes, code: str | None) -> None:
    found = not_a_credential(name, head)
    assert (None if found is None else found[0]) == code


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ('{"name":"Zoë"}'.encode(), None),
        ('{"name":"Zoë"}'.encode()[:-4], None),
        (b"", None),
        ("\ufeff{}".encode(), "UTF-8 with a byte order mark"),
        ('{"a":1}'.encode("utf-16"), "UTF-16"),
        ('{"a":1}'.encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ('{"name":"Zoë"}'.encode("latin-1"), "Latin-1"),
        ('{"name":"“Zoë”"}'.encode("cp1252"), "Windows-1252"),
    ],
)
def test_the_encoding_of_a_text_is_named(data: bytes, name: str | None) -> None:
    found = foreign_encoding(data)
    assert found == name or (name is not None and found is not None and found.startswith(name))
