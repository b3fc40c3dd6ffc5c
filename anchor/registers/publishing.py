"""A person confirms the root of a draft: then it is signed, its file is written, and the batch is anchored.

The root is made anew from what lies in the draft, so that what is anchored is what the dry run told and nothing else.
Ended at any point, the same command goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final, NoReturn

import orjson

from anchor.anchoring.now import Now
from anchor.books.batches import BatchRow, BatchStore, Leaf
from anchor.books.on_chain import History
from anchor.intake.files import METHODS
from anchor.registers.drafts import Draft, Published, Shelf, write_lines
from anchor.restoring.pulling import pull_with
from anchor.workspace import Workspace
from registry.credential.digest import DigestMethod, digest_document
from registry.errors import NotPossible, RegistryError, StoreError
from registry.merkle.tree import Tree
from registry.privatefiles import replace_privately
from registry.quality.snapshot import (
    SUFFIX,
    Manifest,
    SnapshotReader,
    identifiers_of,
    lines_of,
    listing_leaf,
    snapshot_lines,
)
from registry.untrusted.archives import storable

POINTS: Final = ("signed", "filed", "sealed", "anchored", "published")
"""Told one after the other; whatever ends the program there, the same command goes on."""

Sign = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Done:
    """A snapshot that is anchored: its file, the copy beside the source, and the batch."""

    published: Published
    copy: Path
    batch: BatchRow


def publish(
    workspace: Workspace,
    shelf: Shelf,
    root: bytes,
    sign: Sign,
    *,
    output: Path | None = None,
    now: Now | None = None,
    reached: Callable[[str], None] = lambda _: None,
) -> Done:
    """Sign, write and anchor the draft with that root.

    Args:
        sign: puts a proof of the manifest's issuer on it.
        output: folder of the copy, in the place of the draft's own.
        reached: told at each of `POINTS`.

    Raises:
        NotPossible: code `unknown-root` or `published`; `register-overtaken`: a newer snapshot was published since; or
            as `Now.anchor`.
        StoreError: code `other-root`: what lies in the draft is not what the root was made of.
        RegistryError: as `Now.seal_leaves` and `Now.anchor`.
    """
    with shelf.alone():
        draft = shelf.draft(root)
        _refuse_overtaken(shelf, draft)
        leaves = leaves_under(draft)
        document = _signed(draft, sign)
        reached("signed")
        file = shelf.place_of(root)
        write_lines(file, snapshot_lines(document, _lines(draft)))
        reached("filed")
        manifest = draft.manifest
        now = now or Now(workspace, history=History(workspace.contract, workspace.store, pull=pull_with(workspace)))
        with now.alone():
            # What an interruption left behind goes first: it may be this very batch.
            now.resume()
            row = workspace.store.by_root(manifest.party, root)
            if row is None:
                row = now.seal_leaves((leaf.digest for leaf in leaves), leaves, manifest.party)
            reached("sealed")
            row = now.anchor(row)
        reached("anchored")
        copy = _copied(file, manifest, root, output or Path(draft.output))
        published = shelf.publish(draft, file)
        reached("published")
        return Done(published, copy, row)


def discard(shelf: Shelf, batches: BatchStore, root: bytes) -> Draft:
    """Throw away a draft that nobody has confirmed.

    Raises:
        NotPossible: code `unknown-root` or `published`; `confirmed`: a batch of it is there already.
    """
    with shelf.alone():
        draft = shelf.draft(root)
        if batches.by_root(draft.manifest.party, root) is not None:
            raise NotPossible(
                "it was confirmed, and its batch is there already",
                where=f"0x{root.hex()}",
                remedy="Confirm it again: that goes on where it ended.",
                code="confirmed",
            )
        shelf.discard(draft)
        return draft


def leaves_under(draft: Draft) -> list[Leaf]:
    """The leaves of a draft, sorted, each made anew of what lies in it.

    Raises:
        StoreError: code `other-root`: their root is not the draft's.
    """
    found: dict[bytes, tuple[DigestMethod, int]] = {}
    try:
        manifest = draft.manifest
        found[digest_document(dict(draft.document)).value] = (DigestMethod.VC_JCS, 1)
        reader = SnapshotReader(snapshot_lines(draft.document, _lines(draft)), str(draft.decisions))
        for number, (digest, decision, _) in enumerate(reader.entries(), 2):
            found[digest] = (DigestMethod.JSON_JCS, number)
            for identifier in identifiers_of([decision]):
                found.setdefault(listing_leaf(manifest.register, identifier), (DigestMethod.GIVEN, number))
    except RegistryError as error:
        _refuse(draft, error.what)
    except OSError as error:
        _refuse(draft, error.strerror or "it cannot be read")
    with Tree.build(found) as tree:
        if tree.root != draft.root:
            _refuse(draft, "the decisions or the manifest are others")
    name = storable(file_name(manifest))
    return [
        Leaf(digest, index, METHODS.index(found[digest][0]), name, found[digest][1])
        for index, digest in enumerate(sorted(found))
    ]


def _refuse_overtaken(shelf: Shelf, draft: Draft) -> None:
    """A draft that was made before the newest snapshot knows nothing of what that one corrects.

    Both may be of one second: then the draft is the later one if it names the snapshot as the one before it.
    """
    newest, manifest = shelf.newest(draft.manifest.register), draft.manifest
    if newest is None or newest.root in (draft.root, manifest.previous):
        return
    if newest.made_at >= manifest.made_at:
        raise NotPossible(
            f"a newer snapshot of this register was published since, 0x{newest.root.hex()}; nothing was sent",
            where=f"0x{draft.root.hex()}",
            remedy="Discard the draft, and import the register again.",
            code="register-overtaken",
        )


def file_name(manifest: Manifest) -> str:
    """What the file of a snapshot is called: `deqar-2026-01-31.register`."""
    return f"{manifest.register}-{manifest.made_at.date().isoformat()}{SUFFIX}"


def _lines(draft: Draft) -> Iterator[bytes]:
    with draft.decisions.open("rb") as file:
        for line in lines_of(file):
            yield line.removesuffix(b"\n")


def _signed(draft: Draft, sign: Sign) -> Mapping[str, Any]:
    """The manifest with its proof: made once, so that the file is the same whenever it is written."""
    try:
        if draft.signed.is_file():
            document: Mapping[str, Any] = orjson.loads(draft.signed.read_bytes())
            if digest_document(dict(document)) == digest_document(dict(draft.document)):
                return document
        document = sign(draft.document)
        replace_privately(draft.signed, orjson.dumps(document))
    except (OSError, orjson.JSONDecodeError) as error:
        raise StoreError(
            f"the signed manifest cannot be kept: {getattr(error, 'strerror', None) or 'it is damaged'}",
            where=str(draft.signed),
            remedy="Look at the rights of the folder; remove the file if it is damaged.",
            code="unwritable",
        ) from None
    return document


def _copied(file: Path, manifest: Manifest, root: bytes, folder: Path) -> Path:
    """A copy of the snapshot where whoever made it works; another one of the same day stays."""
    place = folder / file_name(manifest)
    if place.exists() and _sha256(place) != _sha256(file):
        place = folder / f"{place.name.removesuffix(SUFFIX)}-{root.hex()[:8]}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("rb") as source:
            write_lines(place, lines_of(source))
    except OSError as error:
        raise StoreError(
            f"the snapshot is anchored, and its copy cannot be written: {error.strerror}",
            where=str(place),
            remedy="Run the command again with -o and another folder.",
            code="unwritable",
        ) from None
    return place


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()


def _refuse(draft: Draft, why: str) -> NoReturn:
    raise StoreError(
        f"{why}: what lies in the draft is not what this root was made of, and nothing was sent",
        where=f"0x{draft.root.hex()}",
        remedy="Discard it, and import the register again: it gets another root, to be confirmed anew.",
        code="other-root",
    )
