"""Signed notes: a text, and below it a line for each signature, each of a key that is known by its name and id.

C2SP signed-note, with keys of two kinds: Ed25519 over the text (type 0x01), and cosignature/v1 of a witness, Ed25519
over a time and the text (type 0x04, C2SP tlog-cosignature). One form for each value, sizes looked at before anything is
checked. Pure: texts and keys in, texts and facts out.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.errors import EvidenceError, SignerError
from registry.timestamps import from_unix

MOST_SIGNATURES: Final = 100
MOST_BYTES: Final = 1 << 19
"""A hundred signatures that no quantum computer forges have about 350 KiB."""
MOST_NAME_BYTES: Final = 255

_DASH: Final = "\N{EM DASH} "
_PRIVATE: Final = "PRIVATE+KEY+"
_COSIGNATURE: Final = "cosignature/v1"
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64
# The year 9999, as with blocks; the form itself ends at 2^63 - 1.
_LATEST: Final = 253_402_300_799
_MOST_KEY: Final = len(_PRIVATE) + MOST_NAME_BYTES + 64
_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_ID: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


class KeyKind(IntEnum):
    """What a key signs, by its type in the form: the text of a note, or as a witness a time and the text."""

    NOTE = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: `name+id+base64(type ‖ key)`.

    Attributes:
        public: 32 bytes.
    """

    name: str
    kind: KeyKind
    public: bytes

    @property
    def id(self) -> bytes:
        """4 bytes, by which a signature says whose it is, together with the name."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    def verified(self, text: str, value: bytes) -> Signed:
        """What a signature by this key over a text says.

        Raises:
            EvidenceError: code `note-signature`: it does not hold.
        """
        signed_at, signature, message = None, value, text.encode()
        if self.kind is KeyKind.COSIGNATURE:
            seconds = int.from_bytes(value[:_TIME_BYTES], "big")
            if len(value) < _TIME_BYTES or seconds > _LATEST:
                raise _fails(self)
            signed_at, signature, message = from_unix(seconds), value[_TIME_BYTES:], _cosigned(seconds, text)
        if len(signature) != _SIGNATURE_BYTES:
            raise _fails(self)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise _fails(self) from None
        return Signed(self, signed_at)


@dataclass(frozen=True, slots=True)
class Signed:
    """That a key signed a text, and when by its own word; a key that is no witness's says no time."""

    key: VerifierKey
    at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A line below a note; nothing of it is checked yet.

    Attributes:
        key_id: 4 bytes.
        value: what the key's type makes of it.
    """

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """As it stands below the text, with its line break."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.value).decode()}\n"

    def is_of(self, key: VerifierKey) -> bool:
        """Whether it says that it is of this key."""
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text, which ends with a line break, and the signatures below it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(each.line for each in self.signatures)

    def signed_by(self, keys: Iterable[VerifierKey]) -> tuple[Signed, ...]:
        """Which of these keys signed, each once, with the newest time that it says.

        Signatures of other keys are passed over.

        Raises:
            EvidenceError: code `note-signature`: one that says it is of such a key does not hold, so the note is not
                believed at all; `note-key`: two keys have one name and id.
        """
        known: dict[tuple[str, bytes], VerifierKey] = {}
        for key in keys:
            if known.setdefault((key.name, key.id), key) != key:
                raise _no_key(f"two keys are called {key.name}+{key.id.hex()}")
        found: dict[VerifierKey, Signed] = {}
        for each in self.signatures:
            if (named := known.get((each.name, each.key_id))) is None:
                continue
            one = named.verified(self.text, each.value)
            before = found.get(named)
            if before is None or (one.at is not None and before.at is not None and one.at > before.at):
                found[named] = one
        return tuple(found.values())

    def with_signature(self, signature: NoteSignature) -> SignedNote:
        """The note with a signature more, in the place of an earlier one by the same key."""
        others = (each for each in self.signatures if (each.name, each.key_id) != (signature.name, signature.key_id))
        return SignedNote(self.text, (*others, signature))


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key with its name; nobody is shown it by accident."""

    name: str
    kind: KeyKind
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls, name: str, kind: KeyKind) -> SignerKey:
        """A new key.

        Raises:
            EvidenceError: code `note-key`: nobody can be called so.
        """
        return cls(key_name(name), kind, Ed25519PrivateKey.generate())

    @property
    def verifier(self) -> VerifierKey:
        """Its public half."""
        return VerifierKey(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def to_secret(self) -> str:
        """`PRIVATE+KEY+name+id+base64(type ‖ seed)`: whoever reads it can sign."""
        coded = b64encode(bytes([self.kind]) + self.private.private_bytes_raw()).decode()
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{coded}"

    def sign(self, text: str, at: datetime) -> NoteSignature:
        """The signature below a text.

        Args:
            at: what a witness says as the time, in whole seconds; a key of another kind says none.
        """
        if self.kind is KeyKind.NOTE:
            return NoteSignature(self.name, self.verifier.id, self.private.sign(text.encode()))
        seconds = int(at.timestamp())
        value = seconds.to_bytes(_TIME_BYTES, "big") + self.private.sign(_cosigned(seconds, text))
        return NoteSignature(self.name, self.verifier.id, value)


def key_name(text: str) -> str:
    """The name of a key, such as `witness.example/2026`, if one can be called so.

    Raises:
        EvidenceError: code `note-key`: it is empty or too long, or has spaces, controls or a plus.
    """
    if not text or len(text.encode("utf-8", "surrogatepass")) > MOST_NAME_BYTES:
        raise _no_name(f"it has 1 to {MOST_NAME_BYTES} bytes")
    if "+" in text or any(each.isspace() or "\ud800" <= each <= "\udfff" for each in text) or _CONTROLS.search(text):
        raise _no_name("it has neither spaces nor a plus")
    return text


def read_verifier_key(text: str) -> VerifierKey:
    """A public key from its text.

    Raises:
        EvidenceError: code `note-key`: it is none, or not of a type that is known here.
    """
    name, kind, public = _parts(text)
    key = VerifierKey(name, kind, public)
    # There is one text for each key: other digits of its id, or another id, are another text.
    if str(key) != text:
        raise _no_key("its id is not that of its name and key")
    return key


def read_signer_key(text: str, *, where: str | None = None) -> SignerKey:
    """A private key from its text; no message ever has a part of it.

    Raises:
        SignerError: code `note-key`: it is none.
    """
    line = text.removesuffix("\n")
    try:
        if not line.startswith(_PRIVATE):
            raise ValueError(_PRIVATE)
        name, kind, seed = _parts(line.removeprefix(_PRIVATE))
        key = SignerKey(name, kind, Ed25519PrivateKey.from_private_bytes(seed))
        if key.to_secret() != line:
            raise ValueError("id")
    except ValueError:
        raise SignerError(
            "it holds no key that signs lists of blocks",
            where=where,
            remedy="Name a file that `testamur checkpoint key` made, with one line that begins with PRIVATE+KEY+.",
            code="note-key",
        ) from None
    return key


def read_note(data: bytes) -> SignedNote:
    """A signed note from its text; whose signatures are below it is not looked at.

    Raises:
        EvidenceError: code `note-size`, or `note-form`: it is no such note.
    """
    if len(data) > MOST_BYTES:
        raise EvidenceError(f"a signed note of more than {MOST_BYTES:,} bytes is not read", code="note-size")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise _malformed("it is not UTF-8") from None
    if "\r\n" in whole:
        raise _malformed("its lines end with CRLF, as Windows has them, and not with a line feed alone")
    if _CONTROLS.search(whole):
        raise _malformed("it has control characters")
    # The text may have empty lines: the last one parts it from its signatures.
    text, parted, below = whole.rpartition("\n\n")
    if not parted or not below.endswith("\n"):
        raise _malformed("it has no text, no empty line and signatures, each line with its break")
    lines = below.removesuffix("\n").split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise EvidenceError(f"a note with more than {MOST_SIGNATURES} signatures is not read", code="note-size")
    return SignedNote(text + "\n", tuple(map(_signature, lines)))


def decoded(text: str) -> bytes:
    """What base 64 stands for, if it is written in the one way that there is.

    Raises:
        ValueError: it is not.
    """
    found = b64decode(text, validate=True)
    if b64encode(found).decode() != text:
        raise ValueError("a second form")
    return found


def _signature(line: str) -> NoteSignature:
    name, parted, coded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not parted:
        raise _malformed("a line below the text is no signature")
    try:
        value = decoded(coded)
        key_name(name)
    except ValueError:
        raise _malformed("a signature has no name or no base 64") from None
    if len(value) <= _ID_BYTES:
        raise _malformed("a signature is too short")
    return NoteSignature(name, value[:_ID_BYTES], value[_ID_BYTES:])


def _parts(text: str) -> tuple[str, KeyKind, bytes]:
    """Name, type and 32 bytes of a key's text; whoever calls compares the id."""
    # Base 64 has pluses, too.
    name, _, rest = text.partition("+")
    key_id, _, coded = rest.partition("+")
    if len(text) > _MOST_KEY or not _ID.fullmatch(key_id):
        raise _no_key("a key is name+id+base64, the id in 8 digits of lower case")
    key_name(name)
    try:
        value = decoded(coded)
    except ValueError:
        raise _no_key("what follows its id is no base 64") from None
    if not value or value[0] not in {kind.value for kind in KeyKind}:
        raise _no_key(f"its type is 0x{value[:1].hex() or '00'}, and 0x01 and 0x04 are known here")
    if len(value) != 1 + _KEY_BYTES:
        raise _no_key(f"it has not {_KEY_BYTES} bytes")
    return name, KeyKind(value[0]), value[1:]


def _cosigned(seconds: int, text: str) -> bytes:
    return f"{_COSIGNATURE}\ntime {seconds}\n{text}".encode()


def _fails(key: VerifierKey) -> EvidenceError:
    return EvidenceError(
        f"the signature that says it is by {key.name}+{key.id.hex()} does not hold",
        remedy="Get the list again from where it came; if that stays so, ask whose key it is.",
        code="note-signature",
    )


def _no_key(why: str) -> EvidenceError:
    return EvidenceError(f"the key cannot be read: {why}", code="note-key")


def _no_name(why: str) -> EvidenceError:
    return EvidenceError(f"the name cannot be used: {why}", code="note-key")


def _malformed(why: str) -> EvidenceError:
    return EvidenceError(f"the signed note cannot be read: {why}", code="note-form")
