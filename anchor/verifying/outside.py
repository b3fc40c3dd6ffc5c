"""What a verifier goes by beside the chain: DID documents in files, and where it is allowed, those on the web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anchor.verifying.named import read_named
from registry.credential.digest import Limits
from registry.credential.strictjson import parse_json
from registry.errors import CredentialError, IntakeError
from registry.online.dids import MOST_BYTES, DidDocuments
from registry.online.fetching import Fetcher
from registry.online.lists import FetchedLists

_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Outside:
    """Where keys of signers and status lists are looked up.

    Attributes:
        documents: None where nothing was handed in or allowed.
        lists: None where nothing may be fetched.
    """

    documents: DidDocuments | None = None
    lists: FetchedLists | None = None


def outside(did_documents: Sequence[Path] = (), *, online: bool = False) -> Outside:
    """What one run goes by.

    Args:
        did_documents: files that are believed to be the documents of the DIDs that they are about.
        online: whether DID documents of `did:web` and status lists may be fetched, too.

    Raises:
        IntakeError: a file is no DID document, or two are of one DID.
    """
    given: dict[str, Mapping[str, Any]] = {}
    for path in did_documents:
        document = read_did_document(path)
        did = document["id"]
        if did in given:
            raise IntakeError(
                f"a second document of {did}", where=str(path), remedy="Name one for each DID.", code="did-document"
            )
        given[did] = document
    if not online:
        return Outside(DidDocuments(given)) if given else Outside()
    fetcher = Fetcher()
    return Outside(DidDocuments(given, fetcher), FetchedLists(fetcher))


def read_did_document(path: Path) -> dict[str, Any]:
    """The DID document in a file.

    Raises:
        IntakeError: it cannot be read, or is none (`did-document`).
    """
    data = read_named(path, MOST_BYTES)
    try:
        content = parse_json(data, Limits(max_bytes=MOST_BYTES, max_depth=_DEPTH))
    except CredentialError as error:
        raise IntakeError(error.what, where=str(path), remedy=error.remedy, code="did-document") from None
    did = content.get("id") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(did, str) or not did.startswith("did:"):
        raise IntakeError(
            "it is no DID document: it has no id that is a DID",
            where=str(path),
            remedy="Name the did.json of the institution.",
            code="did-document",
        )
    return content
