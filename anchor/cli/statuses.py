"""`testamur revoke`, `suspend` and `reinstate`: the status of credentials after they were anchored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from anchor.batches import WORD_BITS
from anchor.cli.session import Session, command
from anchor.cli.targets import TargetArgument, digests_of
from anchor.workspace import Workspace
from registry.chain.calls import Purpose, Reason
from registry.chain.contract import CredentialRegistry
from registry.errors import SettingsError, StoreError
from registry.store.batches import Place

Targets = Annotated[list[str] | None, TargetArgument]
ListFile = Annotated[Path | None, typer.Option("--list", help="File with one digest a line.")]
ReasonWord = Annotated[
    str, typer.Option("--reason", help="One of: " + ", ".join(reason.word for reason in Reason) + ".")
]


@dataclass(frozen=True, slots=True)
class Change:
    """Credentials that share a storage word: one transaction changes up to 256 of them."""

    issuer: int
    root: bytes
    word: int
    mask: int


@command
def revoke(
    session: Session,
    targets: Targets = None,
    list_file: ListFile = None,
    reason: ReasonWord = "unspecified",
) -> None:
    """Revoke credentials for good."""
    _change(session, targets, list_file, reason_of(reason), Purpose.REVOCATION, to=True, done="revoked")


@command
def suspend(
    session: Session,
    targets: Targets = None,
    list_file: ListFile = None,
    reason: ReasonWord = "under-review",
) -> None:
    """Suspend credentials until they are reinstated."""
    _change(session, targets, list_file, reason_of(reason), Purpose.SUSPENSION, to=True, done="suspended")


@command
def reinstate(
    session: Session,
    targets: Targets = None,
    list_file: ListFile = None,
    reason: ReasonWord = "resolved",
) -> None:
    """Lift the suspension of credentials; a revocation cannot be lifted."""
    _change(session, targets, list_file, reason_of(reason), Purpose.SUSPENSION, to=False, done="reinstated")


def changes(places: Iterable[Place], words: Callable[[int, bytes, int], int], *, to: bool) -> tuple[list[Change], int]:
    """What has to be sent so that every place has the status, and how many have it already.

    Args:
        words: the status bits on chain now, by issuer, root and word.
        to: the status they shall have.
    """
    wanted: dict[tuple[int, bytes, int], int] = {}
    for place in places:
        word, bit = divmod(place.leaf.leaf_index, WORD_BITS)
        key = (place.batch.issuer, place.batch.root, word)
        wanted[key] = wanted.get(key, 0) | 1 << bit
    needed, already = [], 0
    for (issuer, root, word), mask in wanted.items():
        there = words(issuer, root, word)
        differs = mask & ~there if to else mask & there
        already += (mask ^ differs).bit_count()
        if differs:
            needed.append(Change(issuer, root, word, differs))
    return needed, already


def _change(
    session: Session,
    targets: list[str] | None,
    list_file: Path | None,
    reason: Reason,
    purpose: Purpose,
    *,
    to: bool,
    done: str,
) -> None:
    digests = digests_of(targets or [], list_file, session.settings)
    with session.workspace() as workspace:
        registry = workspace.ready_to_write()
        issuer = workspace.issuer()
        places = _places(workspace, digests, issuer)
        needed, already = changes(places, _words(registry, purpose), to=to)
        with session.progress("sending") as progress:
            for number, change in enumerate(needed, start=1):
                data = (
                    registry.set_status_data(change.issuer, change.root, purpose, change.word, change.mask, reason)
                    if to
                    else registry.clear_suspension_data(change.issuer, change.root, change.word, change.mask, reason)
                )
                name = f"{done} 0x{change.root.hex()} word {change.word} mask {change.mask:#x}"
                workspace.sender.settle(name, registry.address, data)
                progress(number, len(needed))
    changed = sum(change.mask.bit_count() for change in needed)
    session.result(
        {
            "issuer": issuer,
            done: changed,
            "already": already,
            "transactions": len(needed),
            "reason": reason.word,
            "digests": [digest.hex() for digest in digests],
        }
    )
    note = f"; {already:,} had that status already" if already else ""
    session.say(
        f"{changed:,} anchored {'place' if changed == 1 else 'places'} {done} ({reason.word}) "
        f"in {len(needed):,} {'transaction' if len(needed) == 1 else 'transactions'}{note}."
    )


def _places(workspace: Workspace, digests: dict[bytes, str], issuer: int) -> list[Place]:
    """Every anchor of the digests by the issuer: a credential that was anchored twice changes in both places."""
    places = list(workspace.store.places_of(list(digests), issuer))
    missing = digests.keys() - {place.leaf.digest for place in places}
    if missing:
        first = next(digest for digest in digests if digest in missing)
        raise StoreError(
            f"{len(missing):,} of {len(digests):,} are in no batch of issuer {issuer}; nothing was changed",
            where=digests[first],
            remedy="Check the issuer, and that the file is exactly the one that was anchored.",
            code="not-anchored",
        )
    return places


def _words(registry: CredentialRegistry, purpose: Purpose) -> Callable[[int, bytes, int], int]:
    return lambda issuer, root, word: registry.status_words(issuer, root, purpose, word, 1)[0]


def reason_of(word: str) -> Reason:
    """The reason that a word stands for.

    Raises:
        SettingsError: it stands for none.
    """
    try:
        return Reason(Reason.from_word(word))
    except ValueError as error:
        raise SettingsError(f"the reason {error}", remedy="Choose one of them for --reason.", code="reason") from None
