"""A folder from which holders are written to: their files, a letter to each, and a table for a mail merge.

Nothing is sent, and nothing here knows a password for mail. That something was delivered is known when a person says
so, after the letters were handed to whoever sends them; and that is all that is known then: not that one arrived.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from anchor.batching.receipts import receipt_of
from anchor.books.batches import Place
from anchor.books.issued import AWARD, IssuedRow
from anchor.issuing.holder_files import (
    holder_document,
    holder_files,
    holder_of,
    members_of,
    refuse_paper,
)
from anchor.issuing.letters import Attachment, Letter, language_of, message_of, trouble_with
from anchor.issuing.states import RowState
from anchor.workspace import Workspace
from registry.errors import IntakeError, StoreError
from registry.privatefiles import make_private_folder, replace_privately
from registry.receipt.model import Receipt
from registry.untrusted.cells import csv_lines

TABLE: Final = "letters.csv"
UNREACHED: Final = "without-address.csv"
LETTERS: Final = "letters"
FILES: Final = "files"
COLUMNS: Final = ("address", "name", "file", "letter", "link", "language")
_STEM: Final = re.compile(r"[0-9a-f]{32}\Z")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")

Papers = Callable[[Sequence[bytes]], Iterable[bytes]]
"""Puts credentials with their receipts on paper: a PDF of each, in their order."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """All credentials of one award that its holder gets together, the award first."""

    rows: Sequence[IssuedRow]

    @property
    def award(self) -> IssuedRow:
        """The one that the parcel is named after."""
        return self.rows[0]

    @property
    def stem(self) -> str:
        """What its files are called: says nothing about anybody."""
        return self.award.digest.hex[:32]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written into a folder.

    Attributes:
        letters, unreached: of how many holders there is a letter, and of how many there is no address that could be
            written to.
        kept: how many letters were there already, and were left as they are.
    """

    letters: int
    unreached: int
    kept: int


def parcels_of(states: Iterable[RowState], *, again: bool = False) -> list[Parcel]:
    """What is to be given to holders: what is final and in force, by award, in the order of the roster.

    Args:
        again: also what was delivered before.
    """
    wanted = [each.row for each in states if each.state.is_in_force and (again or each.row.delivered_at is None)]
    wanted.sort(key=lambda row: (row.run, row.row_number, row.row_key, row.part != AWARD, row.part))
    return [Parcel(tuple(rows)) for _, rows in groupby(wanted, key=lambda row: (row.run, row.row_key))]


def receipts_for(workspace: Workspace, issuer: int, rows: Sequence[IssuedRow]) -> dict[bytes, Receipt]:
    """The receipt of each credential, by its digest, from the newest batch that it is in.

    Raises:
        StoreError: one is in no batch here, or a tree is missing or damaged.
    """
    places: dict[bytes, Place] = {}
    for place in workspace.store.places_of([row.digest.value for row in rows], issuer):
        known = places.get(place.leaf.digest)
        if known is None or (place.batch.sequence or 0) > (known.batch.sequence or 0):
            places[place.leaf.digest] = place
    if missing := [row for row in rows if row.digest.value not in places]:
        raise StoreError(
            f"{len(missing):,} credentials are in no batch that is known here",
            where=f"row {missing[0].row_number}",
            remedy="Anchor them first; `testamur issue status` shows how far each is.",
            code="not-anchored",
        )
    found: dict[bytes, Receipt] = {}
    chain, contract = workspace.chain, workspace.contract_address.lower()
    by_batch: dict[int, list[Place]] = {}
    for place in places.values():
        by_batch.setdefault(place.batch.id, []).append(place)
    for share in by_batch.values():
        row = share[0].batch
        with workspace.folder.checked_tree(row.tree) as tree:
            for place in share:
                found[place.leaf.digest] = receipt_of(row, place.leaf, tree, chain=chain, contract=contract)
    return found


def write_parcels(
    folder: Path,
    parcels: Sequence[Parcel],
    receipts: Mapping[bytes, Receipt],
    *,
    sender: Address,
    at: datetime,
    verify_url: str = "",
    wallets: Mapping[str, str] | None = None,
    papers: Papers | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Written:
    """Write the files of holders, a letter to each, and the tables of them.

    A letter that is there is left as it is, so that the command goes on where it was stopped; the tables name all of
    them, and are written last.

    Args:
        verify_url: of the page that checks, without a fragment; "" for no link in the letters.
        wallets: by the stem of a parcel, where it can be taken into a wallet.

    Raises:
        IntakeError: the folder cannot be written, or is there and not for its owner alone to enter; code
            `other-letters`: it has letters that are none of these, such as of what was revoked since.
        NotPossible: code `no-paper`: some are to be put on paper that are not JSON; nothing was written.
    """
    if papers is not None:
        refuse_paper(row for parcel in parcels for row in parcel.rows)
    try:
        own_folder(folder)
        _refuse_other_letters(folder, parcels)
        for each in (LETTERS, FILES):
            make_private_folder(folder / each)
        reached: list[list[str]] = []
        unreached: list[list[str]] = []
        kept = 0
        for number, (parcel, attachments) in enumerate(_packed(parcels, receipts, papers), start=1):
            files = [_put(folder, parcel, each) for each in attachments]
            letter = _letter(parcel, attachments, verify_url, (wallets or {}).get(parcel.stem, ""))
            named = [letter.address, letter.holder, files[0]]
            if why := trouble_with(letter.address):
                unreached.append([*named, why])
            else:
                name = f"{LETTERS}/{parcel.stem}.eml"
                if (folder / name).exists():
                    kept += 1
                else:
                    replace_privately(folder / name, message_of(letter, sender, at))
                reached.append([*named, name, letter.link, letter.language])
            progress(number, len(parcels))
        replace_privately(folder / UNREACHED, csv_lines([("address", "name", "file", "why"), *unreached]))
        replace_privately(folder / TABLE, csv_lines([COLUMNS, *reached]))
    except OSError as error:
        raise IntakeError(f"it cannot be written: {error.strerror}", where=str(folder), code="unwritable") from None
    return Written(len(reached), len(unreached), kept)


def delivered_in(folder: Path, rows: Sequence[IssuedRow]) -> list[bytes]:
    """The digests of those credentials whose letters are in a folder; a letter that was taken out was not sent.

    Raises:
        IntakeError: the folder has no letters, or some of credentials that are not among these.
    """
    try:
        names = [each.stem for each in (folder / LETTERS).iterdir() if each.suffix == ".eml"]
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(folder), code="unreadable") from None
    stems = {name for name in names if _STEM.match(name)}
    awards = {row.digest.hex[:32]: (row.run, row.row_key) for row in rows if row.digest.hex[:32] in stems}
    if not stems or stems - awards.keys():
        raise IntakeError(
            f"{len(stems - awards.keys()):,} of {len(stems):,} letters in it are of other credentials; "
            "nothing was marked"
            if stems
            else "there are no letters in it",
            where=str(folder),
            remedy="Name the folder that `testamur deliver` wrote for this root.",
            code="other-letters",
        )
    given = set(awards.values())
    return [row.digest.value for row in rows if (row.run, row.row_key) in given]


def _packed(
    parcels: Sequence[Parcel], receipts: Mapping[bytes, Receipt], papers: Papers | None
) -> Iterator[tuple[Parcel, list[Attachment]]]:
    """The parcels with what is in them; the paper first, which is what people open."""

    if papers is None:
        for parcel in parcels:
            yield parcel, list(files_of_parcel(parcel, receipts))
        return
    # All awards at once: whoever prints works on several at a time, and looks at all of them first.
    printed = papers([holder_document(each.award.document, receipts[each.award.digest.value]) for each in parcels])
    for parcel, paper in zip(parcels, printed, strict=True):
        yield parcel, [Attachment("diploma.pdf", "application/pdf", paper), *files_of_parcel(parcel, receipts)]


def files_of_parcel(parcel: Parcel, receipts: Mapping[bytes, Receipt]) -> Iterator[Attachment]:
    """What is in a parcel, as files whose names say nothing about anybody: `credential.json`, `course-db1.json`."""
    for row in parcel.rows:
        name = "credential" if row.part == AWARD else _UNSAFE.sub("-", row.part)
        for each in holder_files(row, receipts[row.digest.value]):
            yield Attachment(f"{name}{each.ending}", each.media_type, each.content)


def _letter(parcel: Parcel, attachments: Sequence[Attachment], verify_url: str, wallet: str) -> Letter:
    award = parcel.award
    members = members_of(award)
    achievement = members["credentialSubject"]["achievement"]
    language = language_of(award.language, [achievement.get("inLanguage", "")])
    return Letter(
        address=award.email,
        holder=holder_of(members),
        language=language,
        award=_in_language(achievement, language)["name"],
        institution=members["issuer"]["name"],
        replaces=award.edition > 1,
        link=f"{verify_url}#{award.digest.hex}" if verify_url else "",
        wallet=wallet,
        key=parcel.stem,
        attachments=attachments,
    )


def _in_language(achievement: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """The achievement as it is told in a language; in its main one, where it is in no other."""
    others = (each for each in achievement.get("related", ()) if each.get("inLanguage", "").startswith(language))
    return achievement if achievement.get("inLanguage", "").startswith(language) else next(others, achievement)


def own_folder(folder: Path) -> None:
    """Make the folder for its owner alone; one that is there keeps its rights, and must be so already.

    Raises:
        IntakeError: code `open-folder`: others can enter it.
        OSError: it cannot be made.
    """
    if folder.is_dir() and os.name == "posix" and folder.stat().st_mode & 0o077 and any(folder.iterdir()):
        raise IntakeError(
            "other users of this machine can enter it, and what is to be written is full of names",
            where=str(folder),
            remedy="Name a new folder, or take their rights away: chmod 700.",
            code="open-folder",
        )
    make_private_folder(folder)


def _refuse_other_letters(folder: Path, parcels: Sequence[Parcel]) -> None:
    """Whoever sends what is in the folder would send them, too."""
    stems = {each.stem for each in parcels}
    others = [each for each in (folder / LETTERS).glob("*.eml") if each.stem not in stems]
    if others:
        raise IntakeError(
            f"{len(others):,} letters in it are none of these: of what was revoked, corrected or delivered since, or "
            "of another root; nothing was written",
            where=str(folder),
            remedy="Name a new folder.",
            code="other-letters",
        )


def _put(folder: Path, parcel: Parcel, attachment: Attachment) -> str:
    inside = f"{FILES}/{parcel.stem}"
    make_private_folder(folder / inside)
    replace_privately(folder / inside / attachment.name, attachment.content)
    return f"{inside}/{attachment.name}"
