"""The digest of a credential: 32 bytes that stand for one document, by one of a closed set of methods.

`docs/reference/digest.md` is the specification, written for a second implementation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, NoReturn, Protocol

from registry.credential.hazards import Hazard, hazards
from registry.credential.strictjson import (
    DEFAULT_LIMITS,
    Limits,
    canonical_json,
    canonicalize,
    parse_json,
    without_member,
)
from registry.errors import CredentialError
from registry.untrusted.hashes import read_hash

__all__ = [
    "DEFAULT_LIMITS",
    "DIGEST_SIZE",
    "JSON_SUFFIXES",
    "SD_JWT_SUFFIXES",
    "Digest",
    "DigestMethod",
    "Hazard",
    "Limits",
    "canonicalize",
    "digest_as",
    "digest_bytes",
    "digest_chunks",
    "digest_document",
    "digest_file",
    "digest_given",
    "digest_json",
    "digest_rdfc",
    "digest_sd_jwt",
    "hazards",
    "is_credential",
    "parse_json",
    "read_as",
    "read_json",
]

DIGEST_SIZE = 32

JSON_SUFFIXES = (".json", ".jsonld")
"""Ends of the names, in lower case, of files that are digested as JSON."""
SD_JWT_SUFFIXES = (".sd-jwt", ".sdjwt")
"""Ends of the names, in lower case, of files that are digested as SD-JWT."""
_CHUNK = 1024 * 1024
_COMPACT_JWS = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class DigestMethod(StrEnum):
    """How a digest was made; the name is written in every receipt."""

    VC_JCS = "vc-jcs"
    JSON_JCS = "json-jcs"
    FILE = "file"
    VC_RDFC = "vc-rdfc"
    GIVEN = "given"
    SD_JWT = "sd-jwt"


@dataclass(frozen=True, slots=True)
class Digest:
    """32 bytes that stand for one credential, and the method that made them."""

    method: DigestMethod
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != DIGEST_SIZE:
            raise CredentialError(
                f"A digest has {DIGEST_SIZE} bytes, this one has {len(self.value)}.", code="given-syntax"
            )

    @property
    def hex(self) -> str:
        """The value as 64 lower-case hex digits, without 0x."""
        return self.value.hex()


class _Openable(Protocol):
    """A path: `pathlib.Path`, `zipfile.Path` and their like."""

    def open(self, mode: str, /) -> Any: ...


def digest_json(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Digest:
    """The digest of a JSON document: `vc-jcs` if its `type` contains VerifiableCredential, else `json-jcs`.

    Args:
        data: the document, UTF-8 without a byte order mark.
        limits: size and depth allowed.
    Raises:
        CredentialError: code `not-an-object`, or one of `parse_json`.
    """
    return read_json(data, limits)[0]


def read_json(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Digest, dict[str, Any]]:
    """The digest of a JSON document, as `digest_json`, and the document itself, from one reading of it.

    Raises:
        CredentialError: as `digest_json`.
    """
    document, canonical = canonical_json(data, limits, _left_out)
    return _digest_object(document, canonical), document


def digest_document(document: dict[str, Any]) -> Digest:
    """The digest of a document that `parse_json` read, or of one built here: the same as `digest_json` of its text.

    Documents read by another parser may have lost duplicate keys: give their bytes to `digest_json` instead.

    Raises:
        CredentialError: code `not-an-object`, or one of `canonicalize`.
    """
    if not isinstance(document, dict):
        _refuse_non_object(document)
    if _left_out(document) and "proof" in document:
        canonicalize(document["proof"])  # left out of the digest, but refused for the same reasons as in digest_json
    return _digest_object(document, canonicalize(without_member(document, _left_out(document))))


def digest_rdfc(document: Mapping[str, Any]) -> Digest:
    """The digest of a verifiable credential's canonical N-Quads (`vc-rdfc`), its `proof` left out, as others hash it.

    Raises:
        CredentialError: code `method-mismatch` for any other document; or one of `registry.rdf`: it has no canonical
            RDF that is made here.
    """
    if not is_credential(document):
        raise CredentialError(
            f"The digest method {DigestMethod.VC_RDFC} is for verifiable credentials, which the document is not.",
            remedy="Give its type as VerifiableCredential, or use another method.",
            code="method-mismatch",
        )
    # Loaded where it is asked for: the library beneath it is larger than all that every other method needs.
    from registry.rdf.shapes import canonical_form

    return Digest(DigestMethod.VC_RDFC, hashlib.sha256(canonical_form(without_member(document, "proof"))).digest())


def is_credential(document: Mapping[str, Any]) -> bool:
    """Whether it says that it is a verifiable credential, so that its `proof` is left out of its digest."""
    return _left_out(document) is not None


def digest_sd_jwt(data: bytes) -> Digest:
    """The digest of what the issuer of an SD-JWT signed (`sd-jwt`): whatever a holder shows of it, it is the same.

    That is the compact JWS up to the first `~` (RFC 9901, section 4), as it stands there, without white space around
    it; a token without `~` has such a digest, too.

    Raises:
        CredentialError: code `method-mismatch` when it is no compact JWS.
    """
    issued = data.partition(b"~")[0].strip()
    if not _COMPACT_JWS.fullmatch(issued):
        raise CredentialError(
            f"The digest method {DigestMethod.SD_JWT} is for SD-JWT and other compact tokens, which the file is not.",
            remedy="Give the token as the issuer wrote it, or use another method.",
            code="method-mismatch",
        )
    return Digest(DigestMethod.SD_JWT, hashlib.sha256(issued).digest())


def digest_file(source: bytes | _Openable) -> Digest:
    """The digest of a file's bytes as they are (`file`), given as bytes or as a path, which is read in pieces.

    Raises:
        CredentialError: code `unreadable` if the path cannot be read.
    """
    if isinstance(source, bytes):
        return digest_chunks((source,))
    try:
        with source.open("rb") as stream:
            return digest_chunks(_pieces(stream))
    except OSError as error:
        raise CredentialError(
            f"The file cannot be read: {error.strerror or error}.",
            where=str(source),
            remedy="Check that the file exists and that you may read it.",
            code="unreadable",
        ) from error


def digest_chunks(chunks: Iterable[bytes]) -> Digest:
    """The digest of a file (`file`) that arrives in pieces; the result does not depend on where it was cut."""
    state = hashlib.sha256()
    for chunk in chunks:
        state.update(chunk)
    return Digest(DigestMethod.FILE, state.digest())


def digest_given(text: str) -> Digest:
    """A digest the issuer made in its own system: 64 hex digits in either case, with or without 0x.

    Raises:
        CredentialError: code `given-syntax`.
    """
    try:
        return Digest(DigestMethod.GIVEN, read_hash(text))
    except ValueError:
        raise CredentialError(
            f"{text[:80]!r} is not a digest.", remedy="Write 64 hex digits, with or without 0x.", code="given-syntax"
        ) from None


def digest_bytes(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Digest:
    """The digest of a file by its name: `.json` and `.jsonld` as JSON, `.sd-jwt` as that, anything else as bytes.

    Raises:
        CredentialError: as `digest_json`, with `name` as the place.
    """
    if not name.lower().endswith((*JSON_SUFFIXES, *SD_JWT_SUFFIXES)):
        return digest_file(data)
    try:
        return digest_sd_jwt(data) if name.lower().endswith(SD_JWT_SUFFIXES) else digest_json(data, limits)
    except CredentialError as error:
        error.where = error.where or name
        raise


def digest_as(method: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Digest:
    """The digest of a credential by the method that a receipt names.

    Raises:
        CredentialError: as `read_as`.
    """
    return read_as(method, data, limits)[0]


def read_as(method: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Digest, dict[str, Any] | None]:
    """The digest of a credential by the method that a receipt names, and the document where the method reads JSON.

    Args:
        method: a `DigestMethod` or its name.
        data: the credential; for `given`, the hex digits themselves.
        limits: size and depth allowed.
    Raises:
        CredentialError: code `unsupported-method`, `method-mismatch` when the document is of another kind than the
            method is for, or a code of `digest_json` or `digest_given`.
    """
    if method == DigestMethod.FILE:
        return digest_file(data), None
    if method == DigestMethod.GIVEN:
        return digest_given(data.decode("latin-1").strip()), None
    if method == DigestMethod.SD_JWT:
        return digest_sd_jwt(data), None
    if method == DigestMethod.VC_RDFC:
        document = parse_json(data, limits)
        return digest_rdfc(document), document
    if method not in (DigestMethod.VC_JCS, DigestMethod.JSON_JCS):
        raise CredentialError(
            f"The digest method {method[:40]!r} is not supported here.",
            remedy=f"Use one of {', '.join(DigestMethod)}.",
            code="unsupported-method",
        )
    digest, document = read_json(data, limits)
    if digest.method != method:
        raise CredentialError(
            f"The document is digested by {digest.method}, not by {method}.",
            remedy="Check that the receipt belongs to this document.",
            code="method-mismatch",
        )
    return digest, document


def _digest_object(document: object, canonical: bytes) -> Digest:
    if not isinstance(document, dict):
        _refuse_non_object(document)
    method = DigestMethod.VC_JCS if _left_out(document) else DigestMethod.JSON_JCS
    return Digest(method, hashlib.sha256(canonical).digest())


def _refuse_non_object(document: object) -> NoReturn:
    kind = {list: "an array", str: "a string", type(None): "null"}.get(type(document), "a single value")
    raise CredentialError(
        f"The document is {kind}, not a JSON object.",
        remedy="Give one credential a file; a list of them goes one a line into a .jsonl file.",
        code="not-an-object",
    )


def _left_out(document: Any) -> str | None:
    """The member that is not part of the digest: `proof` of a verifiable credential, whose signers come and go."""
    if not isinstance(document, dict):
        return None
    kind = document.get("type")
    if kind == "VerifiableCredential" or (isinstance(kind, list) and "VerifiableCredential" in kind):
        return "proof"
    return None


def _pieces(stream: BinaryIO) -> Iterable[bytes]:
    while piece := stream.read(_CHUNK):
        yield piece
