"""Verifying files: the receipt beside each, the anchors in the data folder, and the verdict."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from anchor.digesting import looks_like_digest
from anchor.intake import source_files
from anchor.reading import read_file
from anchor.receipts import receipt_at
from anchor.workspace import Workspace
from registry.archives import RECEIPT_SUFFIXES, is_receipt_name
from registry.chain.contract import CredentialRegistry
from registry.chain.verification import KnownAnchor, KnownAnchors, Verifier, unavailable
from registry.credential import Digest, Limits
from registry.document import Reading
from registry.errors import IntakeError, ReceiptError, RegistryError, SettingsError
from registry.policy import Policy, parse_policy
from registry.receipt import MAX_BYTES, Receipt, parse
from registry.settings import EMBEDDED
from registry.store.batches import BatchStore, contracts_of
from registry.store.tables import ANCHORED_STATES
from registry.verdict import sentences
from registry.verify import Code, FactsUnavailable, Trust, Verdict


class FileVerifier:
    """Verifies the files of one run against one chain.

    Args:
        trust: parties the verifier believes, besides those of the settings and of this folder.
        now: the moment to judge dates by.
    """

    def __init__(self, workspace: Workspace, *, trust: Iterable[int] = (), now: datetime):
        settings = workspace.settings
        registry, chain = _asked(workspace)
        trusted = settings.trusted_issuers if chain is None else workspace.trusted()
        self._limits = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
        self._receipts: dict[Path, dict[bytes, list[Receipt]]] = {}
        self._verifier = Verifier(
            registry,
            chain=chain,
            known=_known(workspace, chain),
            trust=Trust(trusted | frozenset(trust), chain),
            now=now,
            issuer=settings.issuer,
            limits=self._limits,
            policy=None if settings.policy is None else read_policy(settings.policy),
            finality_depth=settings.finality_depth,
            head_age_seconds=settings.head_age_seconds,
        )

    def verify_file(self, path: Path, receipt_path: Path | None = None) -> Verdict:
        """The verdict on one file; where it or its receipt cannot be read, that nothing could be checked.

        Args:
            receipt_path: its receipt; default: the one found beside the file, inside it, or in the data folder.

        Raises:
            ReceiptError: the file that was named as its receipt cannot be opened.
        """
        named = None if receipt_path is None else _read_receipt(receipt_path)
        try:
            reading = read_file(path, self._limits)
            named = named or _beside(path)
            return self._verifier.verify_reading(reading, named, self._by_digest(path.parent, reading))
        except RegistryError as error:
            where = f" ({error.where})" if error.where and error.where != str(path) else ""
            return Verdict.unknown(str(path), error.code, sentences(f"{error.what}{where}", error.remedy))

    def verify_digest(self, text: str, receipt_path: Path | None = None) -> Verdict:
        """The verdict on a digest that the issuer's own system made; there is no document to look at.

        Raises:
            CredentialError: it is not a digest.
            ReceiptError: the file of the receipt cannot be read.
        """
        return self._verifier.verify_digest(text, None if receipt_path is None else _read_receipt(receipt_path))

    def _by_digest(self, folder: Path, reading: Reading) -> list[Receipt]:
        """The receipts in the same folder that are for what the file holds, whatever they are called."""
        if folder not in self._receipts:
            self._receipts[folder] = _receipts_in(folder)
        return [receipt for digest in reading.digests for receipt in self._receipts[folder].get(digest.value, ())]


def _asked(workspace: Workspace) -> tuple[CredentialRegistry | FactsUnavailable, str | None]:
    """The contract to ask, or why it cannot be asked, and its chain, as far as that is known.

    Without the chain the document and its path can be checked all the same, and the rest is unknown.
    """
    if workspace.settings.chain == EMBEDDED and not workspace.has_folder:
        what = "There is no data folder here, and no endpoint was named, so no chain was asked"
        return FactsUnavailable(
            Code.CHAIN_NOT_ASKED, what, "Name an endpoint of the receipt's chain with --chain."
        ), None
    try:
        chain = workspace.chain
    except RegistryError as error:
        return unavailable(error), None
    try:
        return workspace.registry, chain
    except RegistryError as error:
        if error.code == "no-contract":
            # To deploy one is not for who verifies.
            error.remedy = "Check that the endpoint serves the receipt's chain."
        return unavailable(error), chain


def _known(workspace: Workspace, chain: str | None) -> KnownAnchors:
    """The anchors in the data folder: of the chain that is asked, or of all while it cannot say which it is."""
    if not workspace.has_folder:
        return _Nowhere()
    if chain is not None:
        return _InFolder(workspace, [(chain, workspace.contract_address)])
    return _InFolder(workspace, contracts_of(workspace.folder.engine))


class _InFolder:
    """The anchors in the data folder.

    Args:
        contracts: CAIP-2 names of chains, and the contracts on them.
    """

    def __init__(self, workspace: Workspace, contracts: Sequence[tuple[str, str]]):
        self._folder = workspace.folder
        self._stores = [
            (chain, contract, BatchStore(workspace.folder.engine, chain, contract)) for chain, contract in contracts
        ]

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        return [
            KnownAnchor(
                place.batch.issuer,
                place.batch.root,
                place.leaf.leaf_index,
                place.batch.leaf_count,
                partial(receipt_at, self._folder, place, chain=chain, contract=contract.lower()),
            )
            for chain, contract, store in self._stores
            for place in store.places(digest.value, issuer)
        ]

    def searched(self, issuer: int) -> Collection[bytes]:
        """Every batch that the folder knows to be on the chain: it lists the credentials of each."""
        return {row.root for _, _, store in self._stores for row in store.all(issuer) if row.state in ANCHORED_STATES}


class _Nowhere:
    """For a machine without a data folder."""

    def searched(self, issuer: int) -> Collection[bytes]:  # noqa: ARG002
        return ()

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


def _beside(path: Path) -> Receipt | ReceiptError | None:
    """The receipt that is named after the file."""
    for suffix in RECEIPT_SUFFIXES:
        beside = path.with_name(path.name + suffix)
        if beside.is_file():
            return _read_receipt(beside)
    return None


def _receipts_in(folder: Path) -> dict[bytes, list[Receipt]]:
    """The receipts in a folder by the digest that each is for; those that cannot be read are nobody's."""
    found: dict[bytes, list[Receipt]] = {}
    try:
        paths = sorted(path for path in folder.iterdir() if is_receipt_name(path.name))
    except OSError:
        return found
    for path in paths:
        with suppress(ReceiptError):
            receipt = _read_receipt(path)
            if isinstance(receipt, Receipt) and receipt not in (same := found.setdefault(receipt.digest_value, [])):
                same.append(receipt)
    return found


def _read_receipt(path: Path) -> Receipt | ReceiptError:
    """The receipt in a file, or why what is there is none.

    Raises:
        ReceiptError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise ReceiptError(f"the receipt cannot be read: {error.strerror}", where=str(path)) from None
    except ReceiptError as error:
        error.where = f"{path}, {error.where}" if error.where else str(path)
        return error
