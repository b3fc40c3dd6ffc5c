"""The credentials of a run as files for wallets and verifiers elsewhere: JSON, VC-JWT, SD-JWT.

A VC-JWT is the same credential, without its proofs, signed anew as a token (VC-JOSE-COSE): its digest by `vc-jcs` is
the one that was anchored, so that its receipt is the same, too. An SD-JWT cannot be made of a credential that was
anchored as JSON, nor JSON of an SD-JWT: the one would not be what the other's receipt is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from anchor.books.issued import IssuedRow
from anchor.issuing.delivery import own_folder
from anchor.issuing.diplomas.sources import name_on_files
from anchor.issuing.holder_files import HolderFile, holder_files, is_selective, members_of, with_receipt
from anchor.issuing.signing import IssuingKey
from registry.credential.digest import digest_document
from registry.errors import IntakeError, NotPossible
from registry.privatefiles import replace_privately
from registry.proofs.signatures.jose import sign_token
from registry.receipt.model import Receipt
from registry.untrusted.archives import Names

_TOKEN_TYPE: Final = "application/vc+jwt"  # noqa: S105


class ExportForm(StrEnum):
    """What a credential is written as."""

    JSON = "json"
    VC_JWT = "vc-jwt"
    SD_JWT = "sd-jwt"


@dataclass(slots=True)
class Exported:
    """What was written into a folder.

    Attributes:
        files: by the digest of the credential in hexadecimal, the names of its files, the credential first.
    """

    files: dict[str, list[str]] = field(default_factory=dict)


def form_of(row: IssuedRow, asked: ExportForm | None) -> ExportForm:
    """The form in which a credential is written: the one that was asked for, or the one that it was issued in.

    Raises:
        NotPossible: code `other-form`: it cannot be had in that form with the same anchor.
    """
    issued = ExportForm.SD_JWT if is_selective(row) else ExportForm.JSON
    if asked is None or asked is issued or (issued, asked) == (ExportForm.JSON, ExportForm.VC_JWT):
        return asked or issued
    other = "json and vc-jwt" if issued is ExportForm.JSON else issued
    raise NotPossible(
        f"these credentials were issued and anchored as {issued}; as {asked} they would be others, not anchored",
        remedy=f"Ask for --as {other}. What awards are issued as from now on, says `form` in their template.",
        code="other-form",
    )


def files_of(row: IssuedRow, receipt: Receipt, form: ExportForm, key: IssuingKey | None) -> tuple[HolderFile, ...]:
    """A credential in a form, with its receipt in it or beside it.

    Args:
        key: of the institution; for VC-JWT.
    """
    if form is not ExportForm.VC_JWT or key is None:
        return holder_files(row, receipt)
    document = members_of(row)
    # What is signed anew has to be what was anchored, to the last number.
    if digest_document(document) != row.digest:
        raise _changed(row)
    token = sign_token(document, key.key, key.method)
    return with_receipt(HolderFile(".jwt", _TOKEN_TYPE, token.encode("ascii")), receipt)


def write_export(
    folder: Path,
    credentials: Callable[[], Iterable[tuple[IssuedRow, Receipt | None]]],
    asked: ExportForm | None,
    key: Callable[[str], IssuingKey],
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    count: int = 0,
) -> Exported:
    """Write the credentials of a run, each under the name of its holder, for the eyes of whoever runs the command.

    Args:
        credentials: gives them anew each time it is called: first all are looked at.
        key: the institution's, by what the credentials call it; asked for VC-JWT alone, and once.
        count: how many there are, for `progress`.

    Raises:
        NotPossible: code `other-form`, and nothing was written.
        SettingsError, SignerError: as `key`, and nothing was written.
        IntakeError: the folder cannot be written, or others can enter it (`open-folder`).
    """
    keys: dict[str, IssuingKey] = {}
    for row, _ in credentials():
        if form_of(row, asked) is ExportForm.VC_JWT and (issuer := _issuer_in(row)) not in keys:
            keys[issuer] = key(issuer)
    written, names = Exported(), Names()
    try:
        own_folder(folder)
        for done, (row, receipt) in enumerate(_with_receipts(credentials()), start=1):
            signer = keys.get(_issuer_in(row)) if keys else None
            made = files_of(row, receipt, form_of(row, asked), signer)
            stem = names.of(f"{name_on_files(row)}.json").removesuffix(".json")
            # The receipt first: whoever finds the credential finds it with its receipt.
            for each in reversed(made):
                replace_privately(folder / f"{stem}{each.ending}", each.content)
            written.files[row.digest.hex] = [f"{stem}{each.ending}" for each in made]
            progress(done, count)
    except OSError as error:
        raise IntakeError(
            f"it cannot be written: {error.strerror}",
            where=str(error.filename or folder),
            remedy="Make room or name another folder, and run it again.",
            code="unwritable",
        ) from None
    return written


def _with_receipts(found: Iterable[tuple[IssuedRow, Receipt | None]]) -> Iterator[tuple[IssuedRow, Receipt]]:
    for row, receipt in found:
        if receipt is None:
            raise NotPossible(
                "it is in no batch that is known here",
                where=f"row {row.row_number}",
                remedy="Anchor it first; `testamur issue status` shows how far each is.",
                code="not-anchored",
            )
        yield row, receipt


def _issuer_in(row: IssuedRow) -> str:
    issuer: Any = members_of(row)["issuer"]
    return str(issuer["id"])


def _changed(row: IssuedRow) -> NotPossible:
    return NotPossible(
        "what is stored is not what was anchored, and nothing was signed",
        where=f"row {row.row_number}",
        remedy="Restore the database from a backup.",
        code="other-document",
    )
