"""The files of a holder: the credential with its receipt, in it or beside it, as they are sent and put on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from anchor.books.issued import IssuedRow
from anchor.issuing.selective import credential_in
from registry.credential.digest import DigestMethod, parse_json
from registry.errors import NotPossible
from registry.receipt.model import Receipt, embed, to_json

RECEIPT_ENDING: Final = ".receipt.json"
_SELECTIVE: Final = "application/dc+sd-jwt"


@dataclass(frozen=True, slots=True)
class HolderFile:
    """A file that a holder is given.

    Attributes:
        ending: of its name, behind that of the credential.
    """

    ending: str
    media_type: str
    content: bytes


def is_selective(row: IssuedRow) -> bool:
    """Whether it is an SD-JWT, of which a holder shows a part."""
    return row.digest.method is DigestMethod.SD_JWT


def members_of(row: IssuedRow) -> dict[str, Any]:
    """The credential, whatever it was issued as, as it would be in JSON without its receipt."""
    members: dict[str, Any] = credential_in(row.document) if is_selective(row) else orjson.loads(row.document)
    return members


def holder_of(members: Mapping[str, Any]) -> str:
    """The name in a credential, as `members_of` has it; "" where there is none."""
    identifiers = members["credentialSubject"]["identifier"]
    return next((str(each["identityHash"]) for each in identifiers if each["identityType"] == "name"), "")


def plain_document(row: IssuedRow) -> bytes:
    """The credential as JSON for whoever looks at it; of an SD-JWT it is not what is anchored."""
    return orjson.dumps(members_of(row)) if is_selective(row) else row.document


def holder_document(document: bytes, receipt: Receipt | None) -> bytes:
    """What a holder is given: the signed credential with its receipt in its `proof`, as indented JSON.

    Args:
        document: as `IssuedRow.document` of a credential in JSON.
        receipt: None as long as there is none.

    Raises:
        ReceiptError: code `other-document`: the receipt is of another credential.
    """
    read = parse_json(document)
    return orjson.dumps(read if receipt is None else embed(read, receipt), option=orjson.OPT_INDENT_2)


def holder_files(row: IssuedRow, receipt: Receipt) -> tuple[HolderFile, ...]:
    """What a holder is given, the credential first: with its receipt in it, or beside it where nothing can be put in.

    Raises:
        ReceiptError: as `holder_document`.
    """
    if is_selective(row):
        return with_receipt(HolderFile(".sdjwt", _SELECTIVE, row.document), receipt)
    return (HolderFile(".json", "application/json", holder_document(row.document, receipt)),)


def with_receipt(file: HolderFile, receipt: Receipt) -> tuple[HolderFile, HolderFile]:
    """A file, and its receipt by the name under which it is looked for beside it."""
    return file, HolderFile(f"{file.ending}{RECEIPT_ENDING}", "application/json", to_json(receipt))


def refuse_paper(rows: Iterable[IssuedRow]) -> None:
    """Refuse to put an SD-JWT on paper: all of it would be attached, and shown to whoever gets the paper.

    Raises:
        NotPossible: code `no-paper`.
    """
    if any(map(is_selective, rows)):
        raise NotPossible(
            "these credentials are SD-JWT, of which a holder shows a part; a paper or badge would show all of it, and "
            "its credential would have no receipt in it",
            remedy="Give holders the files: `testamur issue export ROOT -o FOLDER`, or `testamur deliver --json-only`.",
            code="no-paper",
        )
