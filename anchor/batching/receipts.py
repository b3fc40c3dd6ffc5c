"""The receipts of a batch: made from its tree, and written to a folder, a ZIP or a JSONL file."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

import orjson

from anchor.batching.blockcerts import Holders
from anchor.books.batches import BatchRow, Leaf, Place
from anchor.books.folder import DataFolder
from anchor.intake.files import METHODS
from registry.credential.digest import DEFAULT_LIMITS, Digest, DigestMethod, Limits, digest_as, parse_json
from registry.errors import CredentialError, IntakeError, ProofError, ReceiptError, StoreError, TreeError
from registry.merkle.proof import InclusionProof, check_inclusion
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, embed, parse, to_cbor, to_json
from registry.trees.store import UnusableTree
from registry.untrusted.archives import Names


def tree_for_receipts(folder: DataFolder, row: BatchRow, leaves: Iterable[Leaf]) -> Tree:
    """The tree that receipts are made from, in memory, once it is clear that each of them will prove its credential.

    To be called before the first of them leaves: what is wrong can be said then.

    Args:
        leaves: those whose receipts are wanted.

    Raises:
        StoreError: code `tree-missing`, `tree-damaged`, or `leaf-differs`.
    """
    tree = folder.checked_tree(row.tree)
    for leaf in leaves:
        if leaf.leaf_index >= tree.leaf_count or tree.leaf(leaf.leaf_index) != leaf.digest:
            raise StoreError(
                f"the database has the digest {leaf.digest.hex()} as leaf {leaf.leaf_index} of the tree {row.tree}, "
                "which has another there",
                remedy="Restore the database from a backup: the tree is the one that was anchored.",
                code="leaf-differs",
            )
    return tree


def receipts_of(
    row: BatchRow, leaves: Iterable[Leaf], tree: Tree, *, chain: str, contract: str
) -> Iterator[tuple[Leaf, Receipt]]:
    """The receipt of each leaf of a batch; pending ones when the batch was not seen on chain yet.

    Raises:
        StoreError: as `receipt_of`.
    """
    for leaf in leaves:
        yield leaf, receipt_of(row, leaf, tree, chain=chain, contract=contract)


def receipt_of(row: BatchRow, leaf: Leaf, tree: Tree, *, chain: str, contract: str) -> Receipt:
    """The receipt of one leaf, whose proof was followed up to the root of the batch.

    Raises:
        StoreError: code `tree-damaged`: the tree does not prove it.
    """
    digest = Digest(METHODS[leaf.method], leaf.digest)
    proof = _proof_of(row, leaf, tree)
    receipt = Receipt.of_batch(digest, row.root, proof, chain=chain, contract=contract, issuer=row.issuer)
    if row.sequence is None or row.transaction_hash is None or row.block_hash is None:
        return receipt
    return receipt.anchored(
        sequence=row.sequence,
        transaction=row.transaction_hash,
        block_number=row.block_number or 0,
        block_hash=row.block_hash,
        timestamp=datetime.fromtimestamp(row.block_time or 0, UTC),
    )


def _proof_of(row: BatchRow, leaf: Leaf, tree: Tree) -> InclusionProof:
    """Checked for the root and the leaf count that are anchored: together they say which tree it is."""
    try:
        proof = tree.inclusion(leaf.leaf_index)
        check_inclusion(leaf.digest, row.root, proof)
    except (TreeError, ProofError) as error:
        raise UnusableTree(row.tree, error.what, where=leaf.digest.hex()) from None
    if proof.leaf_count != row.leaf_count:
        raise UnusableTree(row.tree, f"it has {proof.leaf_count} leaves", where=leaf.digest.hex())
    return proof


def receipt_at(folder: DataFolder, place: Place, *, chain: str, contract: str) -> Receipt:
    """The receipt of a credential of this folder.

    Raises:
        StoreError: code `tree-missing` or `tree-damaged`.
    """
    with folder.tree(place.batch.tree) as tree:
        return receipt_of(place.batch, place.leaf, tree, chain=chain, contract=contract)


def receipt_name(leaf: Leaf, *, cbor: bool = False) -> str:
    """`NAME.receipt.json` for a file, `NAME-000017.receipt.json` for line 17 of one."""
    stem = f"{leaf.source}-{leaf.line:06}" if leaf.line else leaf.source
    return f"{stem}.receipt.{'cbor' if cbor else 'json'}"


class Originals:
    """The credentials that were anchored, to be written again with their receipts.

    Args:
        path: what was anchored: a folder, a JSONL file or one credential.
        copies: whether each has a file of its own, and what cannot carry its receipt is written again beside it.
        blockcerts: write files for Blockcerts verifiers, with the receipt beside.
    """

    def __init__(self, path: Path, limits: Limits, *, copies: bool = True, blockcerts: Holders | None = None):
        self._path = path
        self._limits = limits
        self._copies = copies
        self._blockcerts = blockcerts

    def with_receipt(self, leaf: Leaf, receipt: Receipt) -> Iterator[tuple[str, bytes]]:
        """The names and contents of what a holder gets: the credential with its receipt in its `proof`, or both.

        Only a verifiable credential leaves its `proof` out of its digest; any other has its receipt beside it. Of a
        digest that was given nothing but the receipt is there.

        Raises:
            IntakeError: the original is not there.
            CredentialError, ReceiptError: it is not the document that was anchored.
        """
        name = f"{PurePosixPath(leaf.source).stem}-{leaf.line:06}.json" if leaf.line else leaf.source
        embeds = receipt.digest.method == DigestMethod.VC_JCS
        if not embeds:
            alone = receipt.digest.method == DigestMethod.GIVEN or not self._copies
            yield receipt_name(leaf) if alone else f"{name}.receipt.json", encoded(receipt, cbor=False)
            if alone:
                return
        path = self._file_of(leaf)
        place = f"{path}, line {leaf.line}" if leaf.line else str(path)
        try:
            content = self._line(leaf.line) if leaf.line else path.read_bytes()
            if self._blockcerts is not None:
                content = self._blockcerts.of(content, receipt, self._limits)
            elif embeds:
                # What goes into a file of lines has to fit on one.
                option = orjson.OPT_INDENT_2 if self._copies else None
                content = orjson.dumps(embed(parse_json(content, self._limits), receipt), option=option)
            elif digest_as(receipt.digest.method, content, self._limits).hex != receipt.digest.value:
                raise ReceiptError("it is not the document that was anchored", code="other-document")
            yield name, content
        except (OSError, IndexError):
            raise IntakeError(
                "the original of a credential is not there",
                where=place,
                remedy="Name with --embed what was anchored, as it was then.",
                code="unreadable",
            ) from None
        except (CredentialError, ReceiptError) as error:
            error.where = place
            raise

    def folder_of(self, leaf: Leaf) -> Path | None:
        """The folder that has the original under its own name, where nothing may be written over it."""
        return None if leaf.line else self._file_of(leaf).parent

    def _file_of(self, leaf: Leaf) -> Path:
        return self._path / leaf.source if self._path.is_dir() else self._path

    def _line(self, number: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(self._line_starts[number - 1])
            return file.readline()

    @cached_property
    def _line_starts(self) -> list[int]:
        """Where each line begins: the leaves come in the order of the tree, not of the file."""
        with self._path.open("rb") as file:
            return [0, *accumulate(len(line) for line in file)]


class Output(Protocol):
    """Where receipts are written to."""

    def write(self, name: str, content: bytes, of: Digest, *, original_in: Path | None = None) -> str:
        """Write one file; `name` may have folders. Returns the name it has there, which no other file has.

        Args:
            of: the credential's digest.
            original_in: the folder of the original: nothing is written there.

        Raises:
            IntakeError: code `same-folder`: it would be.
        """


@contextmanager
def output_to(path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Output]:
    """A folder, or a new file `.zip` or `.jsonl`; a file appears under its name once it is whole.

    Raises:
        IntakeError: it cannot be written, or the file is there already.
    """
    try:
        if path.suffix.lower() not in (".zip", ".jsonl"):
            path.mkdir(parents=True, exist_ok=True)
            yield _Folder(path, limits)
            return
        if path.exists():
            raise IntakeError(
                "this file is there already", where=str(path), remedy="Name another one, or move it.", code="exists"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        try:
            if path.suffix.lower() == ".zip":
                with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
                    yield _Zip(archive)
            else:
                with partial.open("wb") as file:
                    yield _Lines(file)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise IntakeError(
            f"it cannot be written: {error.strerror}", where=str(error.filename or path), code="unwritable"
        ) from None


class _Folder:
    def __init__(self, path: Path, limits: Limits):
        self._path = path
        self._limits = limits
        self._names = Names()

    def write(self, name: str, content: bytes, of: Digest, *, original_in: Path | None = None) -> str:
        chosen = self._names.of(name)
        # What an earlier run wrote of the same credential is replaced, and nothing else.
        while self._is_of_another(self._path / chosen, of):
            chosen = self._names.of(name)
        target = self._path / chosen
        target.parent.mkdir(parents=True, exist_ok=True)
        if original_in is not None and original_in.is_dir() and target.parent.samefile(original_in):
            raise IntakeError(
                "the originals are in this folder, and would be written over",
                where=str(target.parent),
                remedy="Name another folder with --output.",
                code="same-folder",
            )
        # Not into the file that is there: an original may have a link to it here.
        partial = target.with_name(f".{sha256(target.name.encode()).hexdigest()[:16]}.partial")
        partial.unlink(missing_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return chosen

    def _is_of_another(self, path: Path, of: Digest) -> bool:
        """Whether there is something else than this credential or a receipt of it."""
        if not os.path.lexists(path):
            return False
        try:
            there = path.read_bytes()
        except OSError:
            return True
        try:
            return parse(there).digest_value != of.value
        except ReceiptError:
            pass
        try:
            return of.method is DigestMethod.GIVEN or digest_as(of.method, there, self._limits).value != of.value
        except CredentialError:
            return True


class _Zip:
    def __init__(self, archive: zipfile.ZipFile):
        self._archive = archive
        self._names = Names()

    def write(self, name: str, content: bytes, of: Digest, *, original_in: Path | None = None) -> str:  # noqa: ARG002
        chosen = self._names.of(name)
        self._archive.writestr(chosen, content)
        return chosen


class _Lines:
    def __init__(self, file: BinaryIO):
        self._file = file

    def write(self, name: str, content: bytes, of: Digest, *, original_in: Path | None = None) -> str:  # noqa: ARG002
        self._file.write(content + b"\n")
        return name  # a line has none


def encoded(receipt: Receipt, *, cbor: bool) -> bytes:
    """The receipt as it is written to a file."""
    return to_cbor(receipt) if cbor else to_json(receipt)
