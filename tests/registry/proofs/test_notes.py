"""Signed notes against notes and keys of others, and whatever is none."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import EvidenceError, SignerError
from registry.proofs.notes import (
    MOST_BYTES,
    MOST_SIGNATURES,
    KeyKind,
    NoteSignature,
    SignedNote,
    SignerKey,
    VerifierKey,
    key_name,
    read_note,
    read_signer_key,
    read_verifier_key,
)

# golang.org/x/mod, sumdb/note: the package's documentation and note_test.go.
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
WRONG_LENGTH = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
UNKNOWN_TYPE = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
# C2SP signed-note, section "Verifier keys".
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# C2SP tlog-cosignature, its example: the witness's key is not told.
SPEC_COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
# github.com/transparency-dev/formats, note/note_cosigv1_test.go and note/note_verifier_test.go.
COSIGNER = "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"
ECDSA = (
    "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+"
    "smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc="
)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
WITNESS = SignerKey.new("witness.example", KeyKind.COSIGNATURE)
LOG = SignerKey.new("log.example", KeyKind.NOTE)


def note(*lines: str, text: str = TEXT) -> bytes:
    return f"{text}\n{''.join(lines)}".encode()


def refused(code: str, data: bytes, *keys: VerifierKey) -> None:
    with pytest.raises(EvidenceError) as error:
        read_note(data).signed_by(keys)
    assert error.value.code == code


def test_notes_and_keys_of_others_are_read_and_written_as_they_are() -> None:
    peter, enoch = read_verifier_key(PETER), read_verifier_key(ENOCH)
    secret = read_signer_key(PETER_SECRET + "\n")
    assert (secret.verifier, secret.to_secret(), str(peter)) == (peter, PETER_SECRET, PETER)
    # Ed25519 makes the same signature each time.
    assert secret.sign(TEXT, NOON).line == PETER_LINE
    read = read_note(note(PETER_LINE, ENOCH_LINE))
    assert (read.text, str(read).encode()) == (TEXT, note(PETER_LINE, ENOCH_LINE))
    assert [each.key for each in read.signed_by([enoch, peter])] == [peter, enoch]
    assert [each.key for each in read.signed_by([peter])] == [peter], "an unknown signature is passed over"
    assert read.signed_by([]) == ()
    (spec,) = read_note(SPEC_NOTE.encode()).signed_by([read_verifier_key(SPEC_KEY)])
    assert (spec.key.name, spec.at) == ("example.com/foo", None)
    assert read_verifier_key(COSIGNER).name == "TEST"


def test_a_cosignature_is_laid_out_as_in_the_specification() -> None:
    read = read_note(SPEC_COSIGNED.encode())
    _, cosigned = read.signatures
    assert (cosigned.name, cosigned.key_id.hex(), len(cosigned.value)) == ("witness.example.com/w1", "8d66cf3f", 72)
    assert int.from_bytes(cosigned.value[:8], "big") == 1679315147
    # What is signed, in its own words there.
    at = datetime.fromtimestamp(1679315147, UTC)
    made = WITNESS.sign(read.text, at)
    message = b"cosignature/v1\ntime 1679315147\n" + SPEC_COSIGNED.partition("\n\n")[0].encode() + b"\n"
    WITNESS.private.public_key().verify(made.value[8:], message)
    assert made.value[:8] == cosigned.value[:8]
    (signed,) = read.with_signature(made).signed_by([WITNESS.verifier])
    assert signed.at == at


def test_one_letter_changed_in_a_key_is_no_key() -> None:
    for whole, read in ((PETER, read_verifier_key), (SPEC_KEY, read_verifier_key), (PETER_SECRET, read_signer_key)):
        for at in range(len(whole)):
            changed = f"{whole[:at]}{chr(ord(whole[at]) + 1)}{whole[at + 1 :]}"
            for wrong in (changed, whole[:at], whole[at + 1 :]):
                with pytest.raises((EvidenceError, SignerError)) as error:
                    read(wrong)
                assert error.value.code == "note-key"


@pytest.mark.parametrize(
    "text", [WRONG_LENGTH, UNKNOWN_TYPE, ECDSA, PETER.replace("c74f20a3", "C74F20A3"), "", "+", "a+b+c"]
)
def test_a_key_of_another_kind_is_none(text: str) -> None:
    with pytest.raises(EvidenceError) as error:
        read_verifier_key(text)
    assert error.value.code == "note-key"


@pytest.mark.parametrize(
    "secret", ["", PETER, PETER_SECRET + "\n\n", f" {PETER_SECRET}", PETER_SECRET.replace("+A", "+B")]
)
def test_no_message_has_a_part_of_a_secret(secret: str) -> None:
    with pytest.raises(SignerError) as error:
        read_signer_key(secret, where="witness.key")
    told = error.value.diagnostics()
    assert "YEKFALVFGyN" not in told
    assert "YEKFALVFGyN" not in repr(read_signer_key(PETER_SECRET))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2028b", "a\nb", "a\x00", "\ud800", "é" * 128])
def test_nobody_is_called_so(name: str) -> None:
    with pytest.raises(EvidenceError) as error:
        key_name(name)
    assert error.value.code == "note-key"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TEXT.encode(),
        note(),
        note(PETER_LINE[:-1]),
        note(PETER_LINE, text="\x01" + TEXT),
        note(PETER_LINE, text="a\r\n"),
        b"\xff" + note(PETER_LINE),
        note(PETER_LINE.replace("PeterNeumann", "Bad Name")),
        note(PETER_LINE, "Unexpected line.\n"),
        note(PETER_LINE.replace("—", "-")),
        note("— PeterNeumann\n"),
        note("— PeterNeumann x08g\n"),
        note("— PeterNeumann x08gow==\n"),
        # The same bytes in base 64 of a second form.
        note(PETER_LINE.replace("nAM=", "nAN=")),
        note(PETER_LINE.replace("nAM=", "nAM")),
        note(PETER_LINE.replace("nAM=", "nAM= ")),
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    refused("note-form", data, read_verifier_key(PETER))


def test_sizes_are_looked_at_first() -> None:
    refused("note-size", note(PETER_LINE * (MOST_SIGNATURES + 1)), read_verifier_key(PETER))
    refused("note-size", b"a" * (MOST_BYTES + 1))
    # 16 at the least, says the specification.
    assert len(read_note(note(PETER_LINE * MOST_SIGNATURES)).signed_by([read_verifier_key(PETER)])) == 1


def test_the_last_empty_line_parts_text_and_signatures() -> None:
    text = "one\n\n— two\n"
    signed = SignedNote(text, (LOG.sign(text, NOON),))
    assert read_note(str(signed).encode()) == signed
    assert read_note(str(signed).encode()).signed_by([LOG.verifier])


def test_a_signature_of_a_known_key_that_does_not_hold_spoils_the_note() -> None:
    good, bad = WITNESS.sign(TEXT, NOON), WITNESS.sign(TEXT + "a\n", NOON)
    log = LOG.sign(TEXT, NOON)
    refused("note-signature", note(log.line, good.line, bad.line), WITNESS.verifier, LOG.verifier)
    refused("note-signature", note(bad.line, good.line), WITNESS.verifier)
    # Whoever does not know the key passes over it.
    assert len(read_note(note(log.line, bad.line)).signed_by([LOG.verifier])) == 1


@pytest.mark.parametrize("change", ["time", "longer", "shorter", "short", "no date", "of the log"])
def test_another_time_or_length_is_another_signature(change: str) -> None:
    good = WITNESS.sign(TEXT, NOON)
    value = {
        "time": (int.from_bytes(good.value[:8], "big") + 1).to_bytes(8, "big") + good.value[8:],
        "longer": good.value + b"\x00",
        "shorter": good.value[:-1],
        "short": good.value[:7],
        "no date": b"\x7f" + good.value[1:],
        # The key's bytes, without its prefix, as if it were the key of a list.
        "of the log": good.value[:8] + WITNESS.private.sign(TEXT.encode()),
    }[change]
    refused("note-signature", note(NoteSignature(good.name, good.key_id, value).line), WITNESS.verifier)


def test_one_key_counts_once_with_its_newest_time() -> None:
    lines = [WITNESS.sign(TEXT, NOON + timedelta(hours=hours)).line for hours in (1, 5, 3)]
    (signed,) = read_note(note(*lines)).signed_by([WITNESS.verifier, WITNESS.verifier])
    assert signed.at == NOON + timedelta(hours=5)


def test_a_new_signature_takes_the_place_of_the_old_one() -> None:
    made = SignedNote(TEXT, ()).with_signature(WITNESS.sign(TEXT, NOON)).with_signature(LOG.sign(TEXT, NOON))
    later = made.with_signature(WITNESS.sign(TEXT, NOON + timedelta(days=1)))
    assert [each.name for each in later.signatures] == ["log.example", "witness.example"]


def test_two_keys_of_one_name_and_id_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VerifierKey, "id", property(lambda self: b"same"))
    other = SignerKey.new("witness.example", KeyKind.COSIGNATURE)
    refused("note-key", note(WITNESS.sign(TEXT, NOON).line), WITNESS.verifier, other.verifier)


@given(st.binary(max_size=300))
def test_whatever_bytes_come_nothing_else_is_raised(data: bytes) -> None:
    for whole in (data, note(f"— a {b64encode(data).decode()}\n"), data + b"\n\n" + PETER_LINE.encode()):
        try:
            read = read_note(whole)
        except EvidenceError:
            continue
        assert str(read).encode() == whole
