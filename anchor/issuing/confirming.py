"""A second person confirms a root, and what is under it is anchored: that root and no other.

The root is computed anew from the documents in the books. A document that was changed since, added or taken away gives
another root, which nobody has confirmed, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from anchor.anchoring.now import Now
from anchor.books.batches import BatchRow, BatchStore, Leaf
from anchor.books.issued import METHODS, IssuedStore, Run
from anchor.books.jobs import Job, JobStore
from anchor.books.on_chain import History
from anchor.books.tables import JobState, RunState
from anchor.issuing.holder_files import is_selective
from anchor.issuing.people import Confirmation, Person, refuse_same_person
from anchor.issuing.selective import shows_all
from anchor.restoring.pulling import pull_with
from anchor.workspace import Workspace
from registry.credential.digest import Digest, digest_as
from registry.errors import CredentialError, NotPossible, ProofError, StoreError, TreeError
from registry.merkle.tree import Tree
from registry.untrusted.archives import storable

QUEUED_BY: Final = "command"
"""`source` of a job that a command puts into the daemon's queue."""


def run_with(store: IssuedStore, root: bytes) -> Run:
    """The run with that root.

    Raises:
        NotPossible: code `unknown-root`: there is none, or it was thrown away.
    """
    run = store.with_root(root)
    if run is None or run.state is RunState.DISCARDED:
        raise NotPossible(
            "nothing that was made here has this root" if run is None else "this run was thrown away",
            where=f"0x{root.hex()}",
            remedy="`testamur issue list` shows the roots. Whatever changes gives another one, to be looked at and "
            "confirmed anew.",
            code="unknown-root",
        )
    return run


def confirm(store: IssuedStore, root: bytes, person: Person, rule: Confirmation) -> Run:
    """Take down that a person confirms a root; again by the same command is no error.

    Raises:
        NotPossible: code `unknown-root`, `same-person`, `same-account`, or `changed`.
        StoreError: code `other-root`: the documents are not those that the root was made of.
    """
    run = run_with(store, root)
    if run.state is RunState.CONFIRMED:
        return run
    refuse_same_person(run, person, rule)
    leaves_under(store, run)
    return store.confirm(run, person.account, person.name)


def discard(store: IssuedStore, batches: BatchStore, root: bytes) -> Run:
    """Throw away a run that nobody has confirmed, with its documents.

    Raises:
        NotPossible: code `unknown-root`; `confirmed` or `anchored`: it is too late.
    """
    run = run_with(store, root)
    if run.state is RunState.CONFIRMED:
        raise NotPossible(
            f"{run.confirmed_as} has confirmed this root: its credentials are issued, or are about to be",
            where=_shown(run),
            remedy="Correct or revoke them: `testamur correct --help`, `testamur revoke --help`.",
            code="confirmed",
        )
    if batch_of(batches, run) is not None:
        # The books came from a backup of the time before: these are the only copies of what is on chain.
        raise NotPossible(
            "it is anchored: these books do not know who confirmed it, and its credentials are issued",
            where=_shown(run),
            remedy="Confirm it again: nothing is sent. Then correct or revoke them.",
            code="anchored",
        )
    return store.discard(run)


def leaves_under(store: IssuedStore, run: Run) -> list[Leaf]:
    """The leaves of a run, sorted, each digest made anew of its document.

    Raises:
        StoreError: code `other-root`: their root is not the run's.
    """
    found: list[tuple[Digest, int]] = []
    for row in store.rows_of(run):
        try:
            found.append((digest_as(row.digest.method, row.document), row.row_number))
            # Its digest is the same, whatever of it is shown: a holder would get less than was made.
            is_whole = not is_selective(row) or shows_all(row.document)
        except (CredentialError, ProofError) as error:
            raise _other_root(run, f"the document of row {row.row_number} has no digest: {error.what}") from None
        if found[-1][0] != row.digest or not is_whole:
            raise _other_root(run, f"the document of row {row.row_number} is not the one that was made")
    leaves = list(_leaves(run, found))
    with suppress(TreeError), Tree.build(leaf.digest for leaf in leaves) as tree:
        if tree.root == run.root:
            return leaves
    raise _other_root(run, "there are other documents than those that were made")


def anchor(workspace: Workspace, store: IssuedStore, run: Run, now: Now | None = None) -> BatchRow:
    """Anchor a run that is confirmed, by the engine of this process; again is no error.

    Raises:
        NotPossible: code `not-confirmed`; or as `Now.anchor`.
        RegistryError: as `Now.seal` and `Now.anchor`.
    """
    _refuse_unconfirmed(run)
    now = now or Now(workspace, history=History(workspace.contract, workspace.store, pull=pull_with(workspace)))
    with now.alone():
        # What an interruption left behind goes first: it may be this very run.
        now.resume()
        row = batch_of(workspace.store, run)
        if row is None:
            leaves = leaves_under(store, run)
            row = now.seal_leaves((leaf.digest for leaf in leaves), leaves, run.issuer)
        return now.anchor(row)


def put_in_queue(jobs: JobStore, store: IssuedStore, run: Run) -> Job:
    """Give a run that is confirmed to the daemon, which anchors it as a batch of its own; again it is the same job.

    Raises:
        NotPossible: code `not-confirmed`.
    """
    _refuse_unconfirmed(run)
    leaves = leaves_under(store, run)
    job, _ = jobs.begin(run.issuer, QUEUED_BY, idempotency_key=f"issue:{_shown(run)}")
    # One that was begun before an interruption has nothing in it.
    return jobs.accept(job.id, leaves, ()) if job.state is JobState.RECEIVING else job


def batch_of(batches: BatchStore, run: Run) -> BatchRow | None:
    """The batch that a run has become."""
    return None if run.root is None else batches.by_root(run.issuer, run.root)


def _leaves(run: Run, found: Sequence[tuple[Digest, int]]) -> Iterator[Leaf]:
    source = storable(run.source)
    for index, (digest, number) in enumerate(sorted(found, key=lambda each: each[0].value)):
        yield Leaf(digest.value, index, METHODS.index(digest.method), source, number)


def _refuse_unconfirmed(run: Run) -> None:
    if run.state is not RunState.CONFIRMED:
        raise NotPossible(
            "nobody has confirmed this root, and nothing was sent",
            where=_shown(run),
            remedy="`testamur issue confirm` is for the person who looked at the preview.",
            code="not-confirmed",
        )


def _other_root(run: Run, why: str) -> StoreError:
    return StoreError(
        f"{why}: what is stored is not what this root was made of, and nothing was sent",
        where=_shown(run),
        remedy="Restore the database from a backup. Whatever is to be changed is made anew, and gets another root that "
        "is confirmed anew.",
        code="other-root",
    )


def _shown(run: Run) -> str:
    return f"0x{(run.root or b'').hex()}"
