"""Files for others of what is accredited: which organisations are meant, who signs, and what is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from anchor.verifying.named import read_named, write_whole
from registry.errors import SettingsError
from registry.formats.outward import deqar_vc, trust_marks
from registry.formats.outward.exporting import MOST_STATEMENTS, OPEN, Export, Form
from registry.formats.outward.organisations import Organisations, read_organisations
from registry.formats.trqp import Registry
from registry.proofs.signatures.keys import SigningKey
from registry.untrusted.toml import parse_toml

MOST_BYTES: Final = 64 << 20
"""Of a file of organisations: some hundred thousand of them."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs a file for others.

    Attributes:
        issuer: a DID, of which the method is a key.
    """

    issuer: str
    method: str
    key: SigningKey


def organisations_in(path: Path | None, registry: Registry) -> Organisations:
    """The organisations in a file; none without one.

    Raises:
        IntakeError: it cannot be read (code `unreadable`).
        SettingsError: it is no file of organisations (code `organisations`).
    """
    if path is None:
        return Organisations()
    data = read_named(path, MOST_BYTES)
    try:
        if len(data) > MOST_BYTES:
            raise ValueError(f"it is longer than {MOST_BYTES} bytes")
        content = parse_toml(data)
    except ValueError as error:
        raise SettingsError(
            f"the file of organisations cannot be used: {error}",
            where=str(path),
            remedy="docs/reference/outward.md has an example.",
            code="organisations",
        ) from None
    try:
        return read_organisations(content, registry.write_party)
    except SettingsError as error:
        error.where = str(path)
        raise


def write_export(export: Export, output: Path, signer: Signer | None, now: datetime) -> int:
    """Write the file; how many bytes it has.

    Args:
        signer: of a format that is signed.

    Raises:
        IntakeError: it cannot be written (code `unwritable`).
        SettingsError: there is too much for one file (code `too-many`).
    """
    if len(export.statements) > MOST_STATEMENTS:
        raise SettingsError(
            f"{len(export.statements):,} are more than one file holds, which is {MOST_STATEMENTS:,}",
            remedy="Name the numbers, or a party.",
            code="too-many",
        )
    content = b"".join(export.pieces() if export.form in OPEN else _signed(export, signer, now))
    write_whole(output, content)
    return len(content)


def _signed(export: Export, signer: Signer | None, now: datetime) -> Iterator[bytes]:
    """A line for each: a signed credential in JSON, or a signed token."""
    if signer is None:
        raise ValueError(f"{export.form} is signed by somebody")
    for statement in export.statements:
        if export.form is Form.TRUST_MARK:
            yield trust_marks.trust_mark(statement, signer.key, now).encode() + b"\n"
            continue
        for credential in deqar_vc.credentials_of(statement, signer.issuer):
            yield orjson.dumps(deqar_vc.signed(credential, signer.key, signer.method, now)) + b"\n"
