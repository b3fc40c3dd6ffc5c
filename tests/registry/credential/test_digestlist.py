"""Lists of digests as people have them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.credential.digestlist import is_digest_list, read_digest_line
from registry.errors import CredentialError, IntakeError

DIGEST = bytes(range(32))
HEX = DIGEST.hex()


@pytest.mark.parametrize(
    "line",
    [
        HEX,
        f"0x{HEX}",
        HEX.upper(),
        f"{HEX}  diploma 1.pdf",
        f"{HEX} *diploma.pdf",
        f"{HEX}  a,b;c.pdf",
        f"\\{HEX}  a\\nb.pdf",
        f"SHA256 (diploma.pdf) = {HEX}",
        f"Ada,{HEX},BSc",
        f'"Ada, Countess";"{HEX}"',
        f"Ada\t0x{HEX}",
        f"{HEX},{HEX.upper()}",
        f"  {HEX}\r",
    ],
)
def test_a_line_has_its_digest(line: str) -> None:
    read = read_digest_line(line.encode())
    assert read is not None
    assert read.value == DIGEST
    assert is_digest_list(f"{line}\n{line}\n".encode())


@pytest.mark.parametrize("line", [f"{HEX},{'ab' * 32}", HEX[:-1], f"{HEX}ff", "sha256", "Ada,BSc", f"x{HEX}"])
def test_what_has_none_or_several_is_refused(line: str) -> None:
    with pytest.raises(CredentialError):
        read_digest_line(line.encode())


@pytest.mark.parametrize("first", ["sha256", "SHA-256", "name,digest", "Name;Hash;Grade", "# my list", "\ufeffsha256"])
def test_a_header_is_passed_over_on_the_first_line_alone(first: str) -> None:
    assert read_digest_line(first.encode(), first=True) is None
    assert is_digest_list(f"{first}\n{HEX}\n".encode())


@pytest.mark.parametrize("start", ["", "\n", "\r\n \n", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_how_lines_end_and_what_comes_before_them_makes_no_difference(start: str, end: str) -> None:
    assert is_digest_list(f"{start}{HEX}{end}{HEX}{end}".encode())


@pytest.mark.parametrize(
    "text", ["", "name,degree\nAda,BSc\n", f"name,transaction\nAda,{HEX}\n", "%PDF-1.7\n", "A letter\nof two lines\n"]
)
def test_other_files_are_none(text: str) -> None:
    assert not is_digest_list(text.encode())


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_one_in_utf_16_is_refused_with_the_remedy(codec: str) -> None:
    with pytest.raises(IntakeError, match="UTF-16") as refused:
        is_digest_list(f"{HEX}\n{HEX}\n".encode(codec))
    assert "UTF-8" in (refused.value.remedy or "")
    assert not is_digest_list("A letter\n".encode(codec))


@given(st.binary(max_size=300))
def test_no_bytes_confuse_the_reader(data: bytes) -> None:
    with suppress(IntakeError):
        is_digest_list(data)
    for line in data.splitlines():
        try:
            found = read_digest_line(line, first=True)
        except CredentialError:
            continue
        assert found is None or found.value.hex() in line.decode("utf-8", "replace").lower()
