"""`testamur revoke`, `suspend`, `reinstate` and `void`: the status of credentials after they were anchored."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.acts.spots import Spot, anchor_states
from anchor.books.on_chain import History, UnknownBatch, named
from anchor.cli.console import SafeConsole
from anchor.cli.session import Session, command
from anchor.cli.status_queue import Queueing, queue_change, queue_voiding
from anchor.cli.targets import Target, TargetArgument, targets_of
from anchor.cli.wording import amount
from anchor.verifying.files import receipts_of
from anchor.workspace import Workspace
from registry.anchors import judge
from registry.chain.contract import CredentialRegistry
from registry.credential.digest import Limits, digest_given
from registry.errors import CredentialError, IntakeError, ProofError, SettingsError, StoreError
from registry.merkle.proof import check_inclusion
from registry.receipt.model import Receipt
from registry.records import WORD_BITS, Act, Purpose, Reason

SHOWN = 5

Targets = Annotated[list[str] | None, TargetArgument]
ListFile = Annotated[Path | None, typer.Option("--list", help="File with one digest a line.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be changed, and send nothing.")]
Everything = Annotated[
    bool, typer.Option("--all", help="All that is anchored of a file, where that is more than one credential.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal whether it is meant.")]


Queued = Annotated[bool, typer.Option("--queue", help="Store it for the daemon, which changes it.")]
Urgent = Annotated[bool, typer.Option("--urgent", help="With --queue: before all that is not signed yet.")]
Note = Annotated[str, typer.Option("--note", help="With --queue: why, in words that stay in the database.")]
NotBefore = Annotated[
    str | None, typer.Option("--not-before", help="With --queue: send nothing before this day or moment.")
]


def reason_option(act: Act) -> Any:
    """The option that names the reason for an act."""
    return typer.Option("--reason", help=f"One of: {', '.join(each.word for each in act.reasons)}.")


RevokeReason = Annotated[str, reason_option(Act.REVOKE)]
SuspendReason = Annotated[str, reason_option(Act.SUSPEND)]
ReinstateReason = Annotated[str, reason_option(Act.REINSTATE)]
VoidReason = Annotated[str, reason_option(Act.VOID)]


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
    reason: RevokeReason = "unspecified",
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    queue: Queued = False,
    urgent: Urgent = False,
    note: Note = "",
    not_before: NotBefore = None,
) -> None:
    """Revoke credentials for good."""
    queued = Queueing(queue, urgent, note, not_before)
    _change(
        session,
        targets,
        list_file,
        Act.REVOKE,
        reason,
        everything=everything,
        dry_run=dry_run,
        yes=yes,
        queued=queued,
    )


@command
def suspend(
    session: Session,
    targets: Targets = None,
    list_file: ListFile = None,
    reason: SuspendReason = "under-review",
    everything: Everything = False,
    dry_run: DryRun = False,
    queue: Queued = False,
    urgent: Urgent = False,
    note: Note = "",
    not_before: NotBefore = None,
) -> None:
    """Suspend credentials until they are reinstated."""
    queued = Queueing(queue, urgent, note, not_before)
    _change(
        session,
        targets,
        list_file,
        Act.SUSPEND,
        reason,
        everything=everything,
        dry_run=dry_run,
        queued=queued,
    )


@command
def reinstate(
    session: Session,
    targets: Targets = None,
    list_file: ListFile = None,
    reason: ReinstateReason = "resolved",
    everything: Everything = False,
    dry_run: DryRun = False,
    queue: Queued = False,
    urgent: Urgent = False,
    note: Note = "",
    not_before: NotBefore = None,
) -> None:
    """Lift the suspension of credentials; a revocation cannot be lifted."""
    queued = Queueing(queue, urgent, note, not_before)
    _change(
        session,
        targets,
        list_file,
        Act.REINSTATE,
        reason,
        everything=everything,
        dry_run=dry_run,
        queued=queued,
    )


@command
def void(
    session: Session,
    batch: Annotated[str, typer.Argument(help="Root of the batch: 0x and 64 hexadecimal digits.", show_default=False)],
    reason: VoidReason = "unspecified",
    dry_run: DryRun = False,
    yes: Yes = False,
    queue: Queued = False,
    urgent: Urgent = False,
    note: Note = "",
    not_before: NotBefore = None,
) -> None:
    """Void a whole batch: all in it is revoked for good. The issuer's controller alone can."""
    root, why = _root(batch), reason_of(reason, Act.VOID)
    queued = Queueing(queue, urgent, note, not_before)
    if queued.is_wanted(dry_run=dry_run):
        queue_voiding(session, root, why, queued, partial(confirmed, yes=yes))
        return
    with session.workspace(read_only=dry_run) as workspace:
        contract = workspace.contract if dry_run else workspace.ready_to_write()
        issuer = workspace.issuer()
        found = contract.batch(issuer, root)
        if found is None:
            raise StoreError(
                f"issuer {issuer} has no such batch on chain; nothing was changed",
                where=batch,
                remedy="Check the root and the issuer.",
                code="unknown-batch",
            )
        is_new = found.voided_at is None
        if is_new and not dry_run:
            confirmed(
                f"{amount(found.leaf_count, 'credential')} will be revoked for good ({why.word}). Go on?", yes=yes
            )
            data = contract.void_batch_data(issuer, root, why)
            workspace.sender.settle(f"void {issuer} 0x{root.hex()}", contract.address, data)
    content = {"issuer": issuer, "root": f"0x{root.hex()}", "leafCount": found.leaf_count, "reason": why.word}
    session.result(content | {"voided": is_new and not dry_run, "already": not is_new})
    if not is_new:
        session.say("It was voided before.")
    else:
        done = "would be voided" if dry_run else "is voided"
        session.say(f"The batch of {amount(found.leaf_count, 'credential')} {done} ({why.word}).")


def _root(text: str) -> bytes:
    try:
        return digest_given(text).value
    except CredentialError:
        raise IntakeError(
            "it is no root of a batch", where=text, remedy="Write 0x and 64 hexadecimal digits.", code="root"
        ) from None


def changes(spots: Iterable[Spot], words: Callable[[int, bytes, int], int], *, to: bool) -> tuple[list[Change], int]:
    """What has to be sent so that every place has the status, and how many have it already.

    Args:
        words: the status bits on chain now, by issuer, root and word.
        to: the status they shall have.
    """
    wanted: dict[tuple[int, bytes, int], int] = {}
    for spot in spots:
        word, bit = divmod(spot.leaf_index, WORD_BITS)
        key = (spot.issuer, spot.root, word)
        wanted[key] = wanted.get(key, 0) | 1 << bit
    needed, already = [], 0
    for (issuer, root, word), mask in wanted.items():
        there = words(issuer, root, word)
        differs = mask & ~there if to else mask & there
        already += (mask ^ differs).bit_count()
        if differs:
            needed.append(Change(issuer, root, word, differs))
    return needed, already


def confirmed(question: str, *, yes: bool) -> None:
    """Have a person at a terminal say that what cannot be undone is meant; without one, or with `yes`, it is.

    Raises:
        SettingsError: code `not-confirmed`.
    """
    if yes or not at_a_terminal():
        return
    if not SafeConsole(stderr=True).confirms(question):
        raise SettingsError("nothing was changed", remedy="Confirm it, or use --yes.", code="not-confirmed")


def at_a_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


_DONE = {Act.REVOKE: "revoked", Act.SUSPEND: "suspended", Act.REINSTATE: "reinstated"}


def _change(
    session: Session,
    targets: list[str] | None,
    list_file: Path | None,
    act: Act,
    reason_word: str,
    *,
    everything: bool,
    dry_run: bool,
    yes: bool = False,
    queued: Queueing,
) -> None:
    if queued.is_wanted(dry_run=dry_run):
        queue_change(
            session,
            targets or [],
            list_file,
            act,
            reason_of(reason_word, act),
            queued,
            lambda found, known: list(_meant(found, known, everything=everything)),
            partial(confirmed, yes=yes),
        )
        return
    reason, done, to = reason_of(reason_word, act), _DONE[act], act is not Act.REINSTATE
    purpose = Purpose.REVOCATION if act is Act.REVOKE else Purpose.SUSPENSION
    found = targets_of(targets or [], list_file, session.settings)
    with session.workspace(read_only=dry_run) as workspace:
        contract = workspace.contract if dry_run else workspace.ready_to_write()
        issuer = workspace.issuer()
        unknown = History(contract, workspace.store).unknown(issuer)
        spots = _spots(workspace, contract, found, issuer, unknown)
        meant = _meant(found, {spot.digest for spot in spots}, everything=everything)
        spots = [spot for spot in spots if spot.digest in meant]
        if act is Act.REINSTATE:
            spots = _not_withdrawn(contract, spots, meant)
        elif act is Act.SUSPEND:
            spots = _not_voided(contract, spots, meant)
        needed, already = changes(spots, _words(contract, purpose), to=to)
        changed = sum(change.mask.bit_count() for change in needed)
        if not dry_run:
            if act is Act.REVOKE and needed:
                confirmed(f"{_entries(changed)} will be revoked for good ({reason.word}). Go on?", yes=yes)
            _send(session, workspace, contract, needed, act, reason)
    session.result(
        {
            "issuer": issuer,
            done: 0 if dry_run else changed,
            **({"wouldChange": changed} if dry_run else {}),
            "already": already,
            "transactions": len(needed),
            "reason": reason.word,
            "digests": [digest.hex() for digest in meant],
            "inside": [
                {"target": target.named, "digest": digest.hex(), "place": target.places.get(digest, "")}
                for digest, target in meant.items()
                if digest != target.digests[0]
            ],
            "unknownBatches": [each.content() for each in unknown],
        }
    )
    for digest, target in meant.items():
        if digest != target.digests[0]:
            session.say(f"What is anchored of {target.named} is {_what(target, digest)}.")
        if target.unread:
            session.say(f"Not all of {target.named} was read ({target.unread}): what else it holds was not looked for.")
    note = f"; {already:,} had that status already" if already else ""
    session.say(
        f"{_entries(changed)} {'would be ' if dry_run else ''}{done} ({reason.word}) "
        f"in {len(needed):,} {'transaction' if len(needed) == 1 else 'transactions'}{note}."
    )
    if dry_run:
        session.say("Nothing was sent.")
    if unknown:
        session.say(
            f"Whether they are also in {named(unknown)}, which this folder does not know, was not looked at: "
            "there nothing is changed."
        )


def _send(
    session: Session,
    workspace: Workspace,
    contract: CredentialRegistry,
    needed: list[Change],
    act: Act,
    reason: Reason,
) -> None:
    purpose = Purpose.REVOCATION if act is Act.REVOKE else Purpose.SUSPENSION
    with session.progress("sending") as progress:
        for number, change in enumerate(needed, start=1):
            data = (
                contract.clear_suspension_data(change.issuer, change.root, change.word, change.mask, reason)
                if act is Act.REINSTATE
                else contract.set_status_data(change.issuer, change.root, purpose, change.word, change.mask, reason)
            )
            name = f"{_DONE[act]} 0x{change.root.hex()} word {change.word} mask {change.mask:#x}"
            workspace.sender.settle(name, contract.address, data)
            progress(number, len(needed))


def _spots(
    workspace: Workspace,
    contract: CredentialRegistry,
    targets: Sequence[Target],
    issuer: int,
    unknown: Sequence[UnknownBatch],
) -> list[Spot]:
    """Every known anchor by the issuer of what is meant: what was anchored twice changes in both places.

    Those that the folder does not know may be in receipts inside or beside the files.
    """
    wanted = list(dict.fromkeys(digest for target in targets for digest in target.digests))
    settings = workspace.settings
    limits = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
    places = workspace.store.places_of(wanted, issuer)
    spots = {Spot(place.leaf.digest, issuer, place.batch.root, place.leaf.leaf_index) for place in places}
    for target in targets:
        for receipt in receipts_of(target.path, limits) if target.path is not None else ():
            if receipt.digest_value in target.digests:
                spot = _proved(workspace, contract, receipt.digest_value, issuer, receipt)
                spots |= set() if spot is None else {spot}
    found = {spot.digest for spot in spots}
    missing = [target for target in targets if found.isdisjoint(target.digests)]
    if missing:
        raise _not_known(issuer, missing[0].named, len(missing), len(targets), unknown)
    return sorted(spots, key=lambda spot: (spot.root, spot.leaf_index))


def _meant(targets: Sequence[Target], anchored: Collection[bytes], *, everything: bool) -> dict[bytes, Target]:
    """The digests that are meant, each with what it was named by first.

    Raises:
        StoreError: code `several-anchored`: several credentials of one file are anchored, and not all were asked for.
    """
    meant: dict[bytes, Target] = {}
    for target in targets:
        found = [digest for digest in target.digests if digest in anchored]
        if len(found) > 1 and not everything:
            raise StoreError(
                f"{len(found):,} of what it holds are anchored: "
                + "; ".join(_what(target, digest) for digest in found[:SHOWN])
                + (f"; and {len(found) - SHOWN:,} more" if len(found) > SHOWN else "")
                + ". Nothing was changed",
                where=target.named,
                remedy="Name the digest that is meant, or use --all for all of them.",
                code="several-anchored",
            )
        for digest in found:
            meant.setdefault(digest, target)
    return meant


def _what(target: Target, digest: bytes) -> str:
    place = target.places.get(digest)
    return digest.hex() if place is None else f"{digest.hex()} ({place})"


def _proved(
    workspace: Workspace, contract: CredentialRegistry, digest: bytes, issuer: int, receipt: Receipt
) -> Spot | None:
    """The place that a receipt names, once its path and the chain agree with it."""
    anchor = receipt.anchor
    if (anchor.chain, anchor.contract.lower()) != (workspace.chain, contract.address.lower()):
        return None
    if anchor.issuer != issuer or receipt.digest_value != digest:
        return None
    try:
        check_inclusion(digest, receipt.root, receipt.inclusion_proof)
    except ProofError:
        return None
    batch = contract.batch(issuer, receipt.root)
    # A path holds for the leaf count it was made for: another one would name another leaf.
    if batch is None or batch.leaf_count != receipt.inclusion.leaf_count:
        return None
    return Spot(digest, issuer, receipt.root, receipt.inclusion.leaf_index)


def _not_known(issuer: int, where: str, missing: int, wanted: int, unknown: Sequence[UnknownBatch]) -> StoreError:
    if not unknown:
        return StoreError(
            f"{missing:,} of {wanted:,} are in no batch of issuer {issuer}; nothing was changed",
            where=where,
            remedy="Check the issuer, and that the file is exactly the one that was anchored.",
            code="not-anchored",
        )
    return StoreError(
        f"{missing:,} of {wanted:,} are in no batch of issuer {issuer} that this folder knows, and it does not know "
        f"{named(unknown)}; nothing was changed",
        where=where,
        remedy="Put the receipt beside the file (<name>.receipt.json), work with the database in which it was "
        "anchored, or anchor exactly the same input again: a set that is on chain is taken over without a transaction.",
        code="unknown-batches",
    )


def _not_withdrawn(contract: CredentialRegistry, spots: Sequence[Spot], named: Mapping[bytes, Target]) -> list[Spot]:
    """The places from which a suspension can be lifted: what is revoked stays so, by the rule of `registry.anchors`.

    Raises:
        StoreError: code `revoked`: a credential has none.
    """
    by_digest: dict[bytes, list[Spot]] = {}
    for spot in spots:
        by_digest.setdefault(spot.digest, []).append(spot)
    standing, withdrawn = [], []
    for digest, places in by_digest.items():
        states = anchor_states(contract, places)
        left = [spot for spot, state in zip(places, states, strict=True) if judge(state, states).withdrawn is None]
        standing += left
        if not left:
            withdrawn.append(named[digest])
    if withdrawn:
        raise _revoked(withdrawn, "reinstated")
    return standing


def _not_voided(contract: CredentialRegistry, spots: Sequence[Spot], named: Mapping[bytes, Target]) -> list[Spot]:
    """The places that can be suspended: the contract changes nothing in a voided batch, where all is revoked.

    Raises:
        StoreError: code `revoked`: a credential has none.
    """
    batches = {root: contract.batch(issuer, root) for issuer, root in {(spot.issuer, spot.root) for spot in spots}}
    voided = {root for root, batch in batches.items() if batch is not None and batch.voided_at is not None}
    left = [spot for spot in spots if spot.root not in voided]
    if missing := named.keys() - {spot.digest for spot in left}:
        raise _revoked([target for digest, target in named.items() if digest in missing], "suspended")
    return left


def _revoked(targets: Sequence[Target], done: str) -> StoreError:
    others = f" (and {len(targets) - 1:,} more)" if len(targets) > 1 else ""
    return StoreError(
        f"it{others} is revoked for good and cannot be {done}; nothing was changed",
        where=targets[0].named,
        remedy="Leave out what is revoked; issue a new credential instead.",
        code="revoked",
    )


def _words(contract: CredentialRegistry, purpose: Purpose) -> Callable[[int, bytes, int], int]:
    return lambda issuer, root, word: contract.status_words(issuer, root, purpose, word, 1)[0]


def _entries(number: int) -> str:
    """A credential that is in two batches has an entry in each."""
    return amount(number, "entry of a batch", "entries of batches")


def reason_of(word: str, act: Act) -> Reason:
    """The reason that a word stands for.

    Raises:
        SettingsError: it stands for none, or for one that makes no sense here.
    """
    try:
        return act.reason(word)
    except ValueError as error:
        raise SettingsError(
            f"the reason {error}", remedy="Choose one of them for --reason; nothing was sent.", code="reason"
        ) from None
