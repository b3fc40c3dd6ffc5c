"""Lists of blocks, made and compared: what a log adds to one, and what a witness finds before it signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from anchor.verifying.kinds import LIST, WITNESSES, is_public_key, is_url, kind_of
from anchor.verifying.named import read_named
from anchor.verifying.quorum import quorum_of
from anchor.workspace import Workspace
from registry.chain.agreement import agreed_blocks, final_height, refuse_not_final
from registry.chain.days import day_block
from registry.chain.rpc.client import Block
from registry.errors import EvidenceError, IntakeError, SettingsError, SignerError
from registry.privatefiles import refuse_readable
from registry.proofs import witnesses
from registry.proofs.checkpoints import MOST_BYTES, Checkpoints, Entry, read_checkpoints
from registry.proofs.notes import KeyKind, SignerKey, VerifierKey, read_signer_key, read_verifier_key

MOST_DAYS: Final = 366
_MOST_KEY_BYTES: Final = 1_024
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Added:
    """What a log adds to a list.

    Attributes:
        more_days: whether days are left over for another time.
    """

    entries: tuple[Entry, ...]
    more_days: bool = False


def days_since(workspace: Workspace, last: Entry | None, progress: Progress) -> Added:
    """The blocks of the days since a list's last entry; of a new list, that of the newest day that has a final one.

    Raises:
        ChainUnavailable: there is no answer, too few endpoints agree, or the chain does not say what is final.
    """
    client = workspace.client
    final = final_height(client, quorum_of(workspace), workspace.settings.finality_depth)
    newest = _block(workspace, final)
    ends = newest.timestamp.date()
    begins = ends if last is None else last.timestamp.date() + timedelta(days=1)
    asked = max(0, (ends - begins).days + 1)
    numbers: list[int] = []
    # By whichever endpoint a block is found: it is read once more from all of them.
    after = None if last is None else _block(workspace, last.number)
    for done, day in enumerate(_days(begins, min(asked, MOST_DAYS))):
        progress(done, min(asked, MOST_DAYS))
        after = day_block(client, day, final, after=after) or after
        if after is not None and (last is None or after.number > last.number) and after.number not in numbers[-1:]:
            numbers.append(after.number)
    return Added(_agreed(workspace, numbers, progress), asked > MOST_DAYS)


def named_blocks(workspace: Workspace, numbers: Sequence[int], progress: Progress) -> Added:
    """The blocks of these heights.

    Raises:
        ChainUnavailable: as `days_since`; code `not-final`: one of them can still change.
    """
    _refuse_not_final(workspace, max(numbers))
    return Added(_agreed(workspace, sorted(set(numbers)), progress))


def compare(workspace: Workspace, entries: Sequence[Entry], progress: Progress) -> None:
    """Compare entries with what this workspace's own endpoints say.

    Raises:
        EvidenceError: code `checkpoint-chain`: one is of another chain than theirs; `checkpoint-differs`: they name
            another block.
        ChainUnavailable: as `named_blocks`.
    """
    refuse_other_chain(entries, workspace.chain)
    if not entries:
        return
    _refuse_not_final(workspace, max(each.number for each in entries))
    agreed = agreed_blocks(workspace.client, (each.number for each in entries), quorum_of(workspace))
    for done, (entry, found) in enumerate(zip(entries, agreed, strict=True)):
        progress(done, len(entries))
        own = _entry(workspace.chain, found.block)
        if own != entry:
            raise EvidenceError(
                f"the list says {entry.line}, and {', '.join(found.named_by)} says {own.line}",
                where=workspace.client.where,
                remedy="Nothing was signed. Find out which of them is wrong before anybody signs.",
                code="checkpoint-differs",
            )


def refuse_other_chain(entries: Sequence[Entry], chain: str) -> None:
    """Refuse entries of a chain that the endpoints are not of: a list for each chain can be witnessed.

    Raises:
        EvidenceError: code `checkpoint-chain`.
    """
    if others := sorted({each.chain for each in entries} - {chain}):
        raise EvidenceError(
            f"the list has blocks of {', '.join(others)}, and the endpoints are of {chain}",
            remedy="Name endpoints of the list's chain with --chain; keep a list for each chain.",
            code="checkpoint-chain",
        )


def read_list(path: Path) -> Checkpoints:
    """A list from a file.

    Raises:
        IntakeError: there is no such file.
        EvidenceError: it is no list; names the file.
    """
    if is_url(path):
        raise IntakeError("a list is read from a file", where=str(path), remedy="Download it first.", code="unreadable")
    data = read_named(path, MOST_BYTES)
    try:
        return read_checkpoints(data)
    except EvidenceError as error:
        error.where = error.where or str(path)
        kind = kind_of(data)
        if kind is not None and kind != LIST:
            error.what, error.remedy = f"it is {kind}, and no checkpoint list", "Name the list."
        error.remedy = error.remedy or "Get the list again from where it is kept."
        raise


def read_witnesses(path: Path) -> witnesses.WitnessPolicy:
    """Whose signatures count, by the policy in a file.

    Raises:
        SettingsError: it cannot be read, or a line makes no sense; names the line.
    """
    if is_url(path):
        raise SettingsError(
            "a witnesses file is read from a file", where=str(path), remedy="Download it first.", code="witness-policy"
        )
    try:
        with path.open("rb") as file:
            data = file.read(witnesses.MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"the witnesses file cannot be read: {error.strerror}", where=str(path), code="witness-policy"
        ) from None
    try:
        return witnesses.parse_witnesses(data, where=str(path))
    except SettingsError:
        kind = kind_of(data)
        if kind is not None and kind != WITNESSES:
            raise SettingsError(
                f"it is {kind}, and no witnesses file",
                where=str(path),
                remedy="Name the file with the lines log, witness and quorum.",
                code="witness-policy",
            ) from None
        raise


def named_key(text: str, option: str) -> VerifierKey:
    """A public key that an option gives, or the file that has it.

    Raises:
        SettingsError: it is none (code `note-key`).
    """
    remedy = "Give the public key, or the file that has it alone."
    if "+" not in text or Path(text).is_file():
        try:
            with Path(text).open("rb") as file:
                text = file.read(_MOST_KEY_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError):
            raise SettingsError(
                f"{text[:80]!r} is neither a public key nor a file with one",
                where=option,
                remedy=remedy,
                code="note-key",
            ) from None
    try:
        return read_verifier_key(text)
    except EvidenceError as error:
        raise SettingsError(error.what, where=option, remedy=remedy, code=error.code) from None


def read_key(path: Path, kind: KeyKind, *, auditor: bool = False) -> SignerKey:
    """A key from a file that nobody else can read.

    Args:
        auditor: whether it is meant to be an auditor's, for the message.

    Raises:
        SignerError: it is not there, open to others (`readable`), or no key of that kind (`note-key`).
    """
    try:
        with path.open("rb") as file:
            is_public = is_public_key(file.read(_MOST_KEY_BYTES))
        if is_public:
            raise SignerError(
                "it is the public half of a key, which signs nothing",
                where=str(path),
                remedy="Name the file that `testamur checkpoint key -o` wrote.",
                code="note-key",
            )
        refuse_readable(path)
        with path.open("rb") as file:
            text = file.read(_MOST_KEY_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a text in UTF-8"
        raise SignerError(f"the key cannot be read: {why}", where=str(path)) from None
    key = read_signer_key(text, where=str(path))
    if key.kind is not kind:
        if auditor:
            raise SignerError(
                "it is the key of a witness, and no auditor's",
                where=str(path),
                remedy="An auditor's key is made without --witness: `testamur checkpoint key NAME -o FILE`.",
                code="note-key",
            )
        meant, found = ("a witness", "a list") if kind is KeyKind.COSIGNATURE else ("a list", "a witness")
        raise SignerError(
            f"it is the key of {found}, not of {meant}",
            where=str(path),
            remedy="`testamur checkpoint key` makes the key of a list, with --witness that of a witness.",
            code="note-key",
        )
    return key


def _block(workspace: Workspace, number: int) -> Block:
    (found,) = agreed_blocks(workspace.client, [number], quorum_of(workspace))
    return found.block


def _agreed(workspace: Workspace, numbers: Sequence[int], progress: Progress) -> tuple[Entry, ...]:
    """The blocks of these heights as enough endpoints name them: by which one they were found does not matter."""
    found = []
    for agreed in agreed_blocks(workspace.client, numbers, quorum_of(workspace)):
        found.append(_entry(workspace.chain, agreed.block))
        progress(len(found), len(numbers))
    return tuple(found)


def _entry(chain: str, block: Block) -> Entry:
    return Entry(chain, block.number, block.hash, block.timestamp)


def _refuse_not_final(workspace: Workspace, number: int) -> None:
    refuse_not_final(workspace.client, number, quorum_of(workspace), workspace.settings.finality_depth)


def _days(begins: date, count: int) -> Iterator[date]:
    return (begins + timedelta(days=each) for each in range(count))
