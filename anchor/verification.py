"""Verifying files: the receipt beside each, the anchors in the data folder, and the verdict."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from anchor.digesting import looks_like_digest
from anchor.intake import source_files
from anchor.receipts import receipt_at
from anchor.workspace import Workspace
from registry.archives import RECEIPT_SUFFIXES
from registry.chain.contract import CredentialRegistry
from registry.chain.verification import KnownAnchor, Verifier, unavailable
from registry.credential import JSON_SUFFIXES, Digest, Limits
from registry.credential import parse_json as credential_json
from registry.errors import IntakeError, ReceiptError, RegistryError, SettingsError
from registry.policy import Policy, parse_policy
from registry.receipt import MAX_BYTES, Receipt, embedded, parse
from registry.verify import FactsUnavailable, Trust, Verdict


class FileVerifier:
    """Verifies the files of one run against one chain.

    Args:
        trust: parties the verifier believes, besides those of the settings and of this folder.
        now: the moment to judge dates by.
    """

    def __init__(self, workspace: Workspace, *, trust: Iterable[int] = (), now: datetime):
        settings = workspace.settings
        registry: CredentialRegistry | FactsUnavailable
        chain, trusted = None, settings.trusted_issuers
        try:
            registry = workspace.registry
            chain, trusted = workspace.chain, workspace.trusted()
        except RegistryError as error:
            # Without the chain the document and its path can be checked all the same, and the rest is unknown.
            registry = unavailable(error)
        self._verifier = Verifier(
            registry,
            chain=chain,
            known=_InFolder(workspace) if chain is not None and workspace.has_folder else _Nowhere(),
            trust=Trust(trusted | frozenset(trust)),
            now=now,
            issuer=settings.issuer,
            limits=Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth),
            policy=None if settings.policy is None else read_policy(settings.policy),
            finality_depth=settings.finality_depth,
        )

    def verify_file(self, path: Path, receipt_path: Path | None = None) -> Verdict:
        """The verdict on one file.

        Args:
            receipt_path: its receipt; default: the one found beside the file, inside it, or in the data folder.

        Raises:
            IntakeError: the file cannot be read.
            ReceiptError: a receipt is there and cannot be read.
        """
        document = _read(path)
        receipt = _read_receipt(receipt_path) if receipt_path is not None else _beside(path)
        return self._verifier.verify_bytes(document, str(path), receipt)

    def verify_digest(self, text: str, receipt_path: Path | None = None) -> Verdict:
        """The verdict on a digest that the issuer's own system made; there is no document to look at.

        Raises:
            CredentialError: it is not a digest.
            ReceiptError: a receipt is there and cannot be read.
        """
        return self._verifier.verify_digest(text, None if receipt_path is None else _read_receipt(receipt_path))


class _InFolder:
    """The anchors in the data folder."""

    def __init__(self, workspace: Workspace):
        self._workspace = workspace

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        workspace = self._workspace
        make = partial(receipt_at, workspace.folder, chain=workspace.chain, contract=workspace.contract_address.lower())
        return [
            KnownAnchor(place.batch.issuer, place.batch.root, place.leaf.leaf_index, partial(make, place))
            for place in workspace.store.places(digest.value, issuer)
        ]


class _Nowhere:
    """For a machine without a data folder."""

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:  # noqa: ARG002
        return ()


def credential_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The credentials under paths: files and digests as they are, folders at any depth; receipts are left out.

    Raises:
        IntakeError: a path is not there.
    """
    for path in paths:
        if path.is_dir():
            yield from source_files(path)
        elif path.is_file() or is_digest(path):
            yield path
        else:
            raise IntakeError("there is no such file", where=str(path), remedy="Check the path.", code="unreadable")


def is_digest(path: Path) -> bool:
    """Whether the word on the command line is a digest and not a file."""
    return looks_like_digest(os.fsencode(path)) and not path.exists()


def read_policy(path: Path) -> Policy:
    """The policy in a file; raises SettingsError."""
    try:
        return parse_policy(path.read_bytes(), where=str(path))
    except OSError as error:
        raise SettingsError(f"the policy cannot be read: {error.strerror}", where=str(path), code="policy") from None


def receipts_of(path: Path, limits: Limits) -> list[Receipt]:
    """The receipts beside a credential and inside it; one that cannot be read names no place and is passed over."""
    found: list[Receipt] = []
    with suppress(RegistryError):
        found += [receipt] if (receipt := _beside(path)) is not None else []
    with suppress(RegistryError):
        found += _inside(path, limits)
    return found


def _inside(path: Path, limits: Limits) -> list[Receipt]:
    document = credential_json(_read(path), limits) if path.name.lower().endswith(JSON_SUFFIXES) else None
    return embedded(document) if isinstance(document, dict) else []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None


def _beside(path: Path) -> Receipt | None:
    for suffix in RECEIPT_SUFFIXES:
        beside = path.with_name(path.name + suffix)
        if beside.is_file():
            return _read_receipt(beside)
    return None


def _read_receipt(path: Path) -> Receipt:
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise ReceiptError(f"the receipt cannot be read: {error.strerror}", where=str(path)) from None
    except ReceiptError as error:
        error.where = f"{path}, {error.where}" if error.where else str(path)
        raise
