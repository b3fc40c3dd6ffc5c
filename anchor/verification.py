"""Verifying files: finding the receipt of each, asking the chain, and the verdict."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from anchor.digesting import looks_like_digest
from anchor.intake import RECEIPT_SUFFIXES, source_files
from anchor.receipts import receipt_at
from anchor.workspace import Workspace
from registry.accreditation import Ledger
from registry.chain.accreditations import read_ledger
from registry.chain.facts import FactsReader
from registry.credential import Digest, Limits, digest_bytes, digest_given
from registry.errors import ChainError, CredentialError, IntakeError, ReceiptError, RegistryError, SettingsError
from registry.policy import Policy, parse_policy
from registry.receipt import MAX_BYTES, Receipt, embedded, parse
from registry.store.batches import Place
from registry.strictjson import parse_json
from registry.verify import ChainFacts, DigestedDocument, FactsUnavailable, Trust, Verdict, verify


class Verifier:
    """Verifies the files of one run against one chain.

    Args:
        trust: parties the verifier believes, besides those of the settings and of this folder.
        now: the moment to judge dates by.
    """

    def __init__(self, workspace: Workspace, *, trust: Iterable[int] = (), now: datetime):
        self._workspace = workspace
        self._now = now
        settings = workspace.settings
        self._limits = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
        self._policy = None if settings.policy is None else _read_policy(settings.policy)
        self._unavailable: FactsUnavailable | None = None
        self._reader: FactsReader | None = None
        self._trust = Trust(settings.trusted_issuers | frozenset(trust))
        try:
            self._reader = FactsReader(workspace.registry, finality_depth=settings.finality_depth)
            self._trust = Trust(workspace.trusted() | frozenset(trust))
        except RegistryError as error:
            # Without the chain the document and its path can be checked all the same, and the rest is unknown.
            self._unavailable = _unavailable(error)

    def verify_file(self, path: Path, receipt_path: Path | None = None) -> Verdict:
        """The verdict on one file.

        Args:
            receipt_path: its receipt; default: the one found beside the file, inside it, or in the data folder.

        Raises:
            IntakeError: the file cannot be read.
            ReceiptError: a receipt is there and cannot be read.
        """
        document = _read(path)
        receipt = _read_receipt(receipt_path) if receipt_path is not None else self._found(path, document)
        return verify(
            document,
            str(path),
            receipt,
            None if receipt is None else self.facts(receipt),
            now=self._now,
            trust=self._trust,
            limits=self._limits,
            policy=self._policy,
            ledger=self._ledger,
        )

    @cached_property
    def _ledger(self) -> Ledger | FactsUnavailable | None:
        """The accreditations of the contract, read once; None when the policy does not ask for them."""
        if self._policy is None or not self._policy.bodies or self._unavailable is not None:
            return self._unavailable
        try:
            return read_ledger(self._workspace.registry)
        except ChainError as error:
            return _unavailable(error)

    def verify_digest(self, text: str, receipt_path: Path | None = None) -> Verdict:
        """The verdict on a digest that the issuer's own system made; there is no document to look at.

        Raises:
            CredentialError: it is not a digest.
            ReceiptError: a receipt is there and cannot be read.
        """
        digest = digest_given(text)
        receipt = _read_receipt(receipt_path) if receipt_path is not None else self._receipt_for(digest)
        facts = None if receipt is None else self.facts(receipt)
        return verify(
            DigestedDocument(digest),
            text,
            receipt,
            facts,
            now=self._now,
            trust=self._trust,
            policy=self._policy,
            ledger=self._ledger,
        )

    def facts(self, receipt: Receipt) -> ChainFacts | FactsUnavailable:
        """What the chain says about the receipt's leaf, and about other anchors of the digest that are known here."""
        if self._reader is None:
            return self._unavailable or FactsUnavailable("chain-not-asked", "The chain was not asked.", "Try again.")
        anchor = receipt.anchor
        facts = self._reader.facts(anchor.issuer, receipt.root, receipt.inclusion.leaf_index)
        if isinstance(facts, FactsUnavailable) or facts.revoked:
            return facts
        # A diploma that was anchored twice and revoked in one of its batches is revoked.
        for place in self._places(receipt.digest_value, anchor.issuer):
            if place.batch.root != receipt.root:
                other = self._reader.facts(anchor.issuer, place.batch.root, place.leaf.leaf_index)
                if isinstance(other, FactsUnavailable):
                    return other
                if other.revoked:
                    return replace(facts, revoked=True, status_reason=other.status_reason)
        return facts

    def _found(self, path: Path, document: bytes) -> Receipt | None:
        for suffix in RECEIPT_SUFFIXES:
            beside = path.with_name(path.name + suffix)
            if beside.is_file():
                return _read_receipt(beside)
        return self._embedded(path, document) or self._stored(path, document)

    def _embedded(self, path: Path, document: bytes) -> Receipt | None:
        if path.suffix.lower() not in (".json", ".jsonld"):
            return None
        try:
            content = parse_json(document, self._limits)
            receipts = embedded(content) if isinstance(content, dict) else []
        except CredentialError:
            return None  # the verdict says what is wrong with the document
        except ReceiptError as error:
            error.where = f"{path}, {error.where}" if error.where else str(path)
            raise
        here = [receipt for receipt in receipts if self._is_here(receipt)]
        return next(iter(here or receipts), None)

    def _is_here(self, receipt: Receipt) -> bool:
        """Whether the receipt is about the chain that is asked; a credential may be anchored on several."""
        if self._reader is None:
            return True
        workspace = self._workspace
        return (receipt.anchor.chain, receipt.anchor.contract) == (workspace.chain, workspace.contract_address.lower())

    def _stored(self, path: Path, document: bytes) -> Receipt | None:
        try:
            digest = digest_bytes(document, path.name, self._limits)
        except CredentialError:
            return None
        return self._receipt_for(digest)

    def _receipt_for(self, digest: Digest) -> Receipt | None:
        """The receipt that the data folder has for a digest, of its oldest anchor."""
        workspace = self._workspace
        for place in self._places(digest.value, workspace.settings.issuer):
            return receipt_at(
                workspace.folder, place, chain=workspace.chain, contract=workspace.contract_address.lower()
            )
        return None

    def _places(self, digest: bytes, issuer: int | None) -> list[Place]:
        if self._reader is None or not self._workspace.has_folder:
            return []
        return self._workspace.store.places(digest, issuer)


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


def _unavailable(error: RegistryError) -> FactsUnavailable:
    what = f"{error.what} ({error.where})" if error.where else error.what
    return FactsUnavailable(error.code, what, error.remedy or "Try again later.")


def _read_policy(path: Path) -> Policy:
    try:
        return parse_policy(path.read_bytes(), where=str(path))
    except OSError as error:
        raise SettingsError(f"the policy cannot be read: {error.strerror}", where=str(path), code="policy") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None


def _read_receipt(path: Path) -> Receipt:
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise ReceiptError(f"the receipt cannot be read: {error.strerror}", where=str(path)) from None
    except ReceiptError as error:
        error.where = f"{path}, {error.where}" if error.where else str(path)
        raise
