"""What became of credentials after they were anchored: revoked, suspended, reinstated, or voided with their batch.

Revoked or suspended is a credential by its digest, and so in every batch of its issuer, anchored before or later, by
whomever. Its places in the batches that are known here can be revoked alone; that is cheap for many neighbours.

From Python, with an open workspace:

    plan = plan_change(workspace, Act.REVOKE, [Target.of(digest)], reason_of("issued-in-error", Act.REVOKE))
    print(price_of(workspace, plan.transactions))
    carry_out(workspace, plan)
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Final

from anchor.acts.places import Spot, Target, anchor_states, find_some, meant, not_known, without
from anchor.acts.status_plan import DIGESTS_A_DEED, OPPOSITE
from anchor.acts.transactions import Call, gathered, send, send_all
from anchor.batching.reissue import revoked_by_digest, said_by_digest
from anchor.books.on_chain import History, UnknownBatch
from anchor.books.status_jobs import NewStatusJob, StatusJobStore, Way
from anchor.books.trees import all_trees_of
from anchor.sending.kinds import digests_data
from anchor.workspace import Workspace
from registry.anchors import judge
from registry.chain.contract import Batch, CredentialRegistry
from registry.errors import NotPossible, SettingsError, StoreError, TreeError
from registry.merkle.treefile import TreeId
from registry.records import WORD_BITS, Act, Purpose, Reason
from registry.trees.store import DAMAGED, MISSING

DONE: Final = {Act.REVOKE: "revoked", Act.SUSPEND: "suspended", Act.REINSTATE: "reinstated"}
"""What credentials are after an act."""
WITHOUT_ANCHOR: Final = (
    "If it was anchored elsewhere, or is to be, --without-anchor says it of the digest all the same."
)
NO_TREE: Final = "Restore the tree, or name the credentials: testamur revoke."


@dataclass(frozen=True, slots=True)
class Change:
    """Credentials that share a storage word: one call changes up to 256 of them."""

    issuer: int
    root: bytes
    word: int
    mask: int


@dataclass(frozen=True)
class Plan:
    """What has to be sent so that credentials have a status; nothing of it is done yet.

    Attributes:
        targets: the digests that are meant, each with what it was named by.
        ways: of what it is said: of the digests, of their places in batches, or of both.
        digests: those of which it is said on chain.
        changes: of places.
        changed, already: how many credentials get the status, and have it; of places alone, how many entries of
            batches.
        unseen: the digests of those that are in no batch that is known here.
        beyond: those whose places are to be revoked and are in voided batches alone: there the contract takes no word
            about a place any more, and the database alone says that it is revoked by itself.
        unknown: the issuer's batches that the database does not know; no place in them is changed.
    """

    issuer: int
    act: Act
    reason: Reason
    targets: Mapping[bytes, Target]
    ways: Collection[Way]
    changed: int
    already: int
    digests: Sequence[bytes] = ()
    changes: Sequence[Change] = ()
    unseen: Sequence[bytes] = ()
    beyond: Sequence[bytes] = ()
    unknown: Sequence[UnknownBatch] = ()

    @cached_property
    def transactions(self) -> list[Call]:
        """What is sent for it."""
        pieces = [self.digests[start : start + DIGESTS_A_DEED] for start in range(0, len(self.digests), DIGESTS_A_DEED)]
        return [
            *map(self._call_of_digests, pieces),
            *gathered([self._call(change) for change in self.changes], DONE[self.act]),
        ]

    def _call_of_digests(self, digests: Sequence[bytes]) -> Call:
        data = digests_data(self.act, self.issuer, digests, self.reason)
        return Call(f"{DONE[self.act]} {len(digests)} digests 0x{hashlib.sha256(data).hexdigest()}", data)

    def _call(self, change: Change) -> Call:
        where = (change.issuer, change.root)
        if self.act is Act.REINSTATE:
            data = CredentialRegistry.clear_suspension_data(*where, change.word, change.mask, self.reason)
        else:
            purpose = _purpose(self.act)
            data = CredentialRegistry.set_status_data(*where, purpose, change.word, change.mask, self.reason)
        return Call(f"{DONE[self.act]} 0x{change.root.hex()} word {change.word} mask {change.mask:#x}", data)


def plan_change(
    workspace: Workspace,
    act: Act,
    targets: Sequence[Target],
    reason: Reason,
    *,
    everything: bool = False,
    place_only: bool = False,
    without_anchor: bool = False,
) -> Plan:
    """What has to be sent so that credentials are revoked, suspended or reinstated.

    It is said of their digests, and so of every batch of the issuer, anchored before or later. What lifts a suspension
    lifts it of their places, too.

    Args:
        everything: all that is anchored of a target, where that is more than one credential.
        place_only: say it of their places in the batches that are known, and not of their digests.
        without_anchor: also of what is in no batch that is known here; of a file its own digest is meant then.

    Raises:
        StoreError: one of them is not known, is ambiguous, or is revoked for good, or a status job that has not been
            carried out asks the opposite; nothing can be sent.
        ChainError: the chain could not be asked.
    """
    contract, issuer = workspace.contract, workspace.issuer()
    unknown = History(contract, workspace.store).unknown(issuer)
    spots = find_some(workspace, issuer, targets)
    missing = without(targets, spots)
    if missing and (place_only or not without_anchor):
        raise not_known(issuer, missing, len(targets), unknown, "" if place_only else WITHOUT_ANCHOR)
    chosen = meant(targets, {spot.digest for spot in spots}, everything=everything)
    unseen = {target.digests[0]: target for target in missing}
    chosen |= unseen
    spots = [spot for spot in spots if spot.digest in chosen]
    _refuse_opposite(workspace, issuer, act, chosen)
    if place_only:
        return plan_of_places(contract, issuer, act, reason, chosen, spots, unknown)
    said = said_by_digest(contract, issuer, list(chosen))
    plan = partial(Plan, issuer, act, reason, chosen, unseen=list(unseen), unknown=unknown)
    if act is Act.REINSTATE:
        if revoked := [target for digest, target in chosen.items() if said[digest].is_revoked]:
            raise _revoked(revoked, "reinstated")
        spots = _not_withdrawn(contract, spots, chosen)
        digests = [digest for digest in chosen if said[digest].is_suspended]
        words = cache(words_on_chain(contract, Purpose.SUSPENSION))
        of_places, _ = changes(spots, words, to=False)
        lifted = {*digests, *(spot.digest for spot in spots if changes([spot], words, to=False)[0])}
        return plan((Way.DIGEST, Way.PLACE), len(lifted), len(chosen) - len(lifted), digests, of_places)
    if act is Act.SUSPEND:
        _not_voided(spots, _voided(contract, spots), chosen)
    digests = [
        digest for digest, each in said.items() if not (each.is_revoked if act is Act.REVOKE else each.is_suspended)
    ]
    return plan((Way.DIGEST,), len(digests), len(chosen) - len(digests), digests)


def plan_of_all(workspace: Workspace, batch: Batch, reason: Reason) -> Plan:
    """What has to be sent so that all in a batch are revoked by their digests, up to 100 in a transaction.

    Raises:
        StoreError: code `tree-missing` or `tree-damaged`: the tree is not here.
        NotPossible: code `not-operator`: the account may void a batch, and revoke no digest.
        ChainError: the chain could not be asked.
    """
    contract, issuer, account = workspace.contract, batch.issuer, workspace.signer.address
    digests = _in_tree(workspace, batch)
    if not contract.is_operator(issuer, account):
        raise NotPossible(
            f"the account {account} is no operator of issuer {issuer}",
            remedy="Digests are revoked by an operator; a controller makes itself one: testamur issuer operator "
            f"{account}.",
            code="not-operator",
        )
    return plan_revocation(contract, issuer, {digest: Target.of(digest) for digest in digests}, reason)


def plan_revocation(contract: CredentialRegistry, issuer: int, targets: Mapping[bytes, Target], reason: Reason) -> Plan:
    """What has to be sent so that digests are revoked, whatever is known of them.

    Raises:
        ChainUnavailable: the chain could not be asked.
    """
    revoked = revoked_by_digest(contract, issuer, list(targets))
    left = [digest for digest in targets if digest not in revoked]
    return Plan(issuer, Act.REVOKE, reason, targets, (Way.DIGEST,), len(left), len(revoked), left)


def plan_of_places(
    contract: CredentialRegistry,
    issuer: int,
    act: Act,
    reason: Reason,
    chosen: Mapping[bytes, Target],
    spots: list[Spot],
    unknown: Sequence[UnknownBatch] = (),
) -> Plan:
    """What has to be sent so that places of credentials have a status, and no more than these.

    Raises:
        StoreError: code `revoked`: one of them is revoked for good, so that it is neither suspended nor reinstated.
        ChainUnavailable: the chain could not be asked.
    """
    voided = _voided(contract, spots)
    if act is Act.REINSTATE:
        spots = _not_withdrawn(contract, spots, chosen)
    elif act is Act.SUSPEND:
        spots = _not_voided(spots, voided, chosen)
    needed, already = changes(spots, words_on_chain(contract, _purpose(act)), to=act is not Act.REINSTATE)
    beyond: list[bytes] = []
    if act is Act.REVOKE:
        changeable = {spot.digest for spot in spots if spot.root not in voided}
        beyond = [digest for digest in chosen if digest not in changeable]
    changed = sum(change.mask.bit_count() for change in needed)
    return Plan(
        issuer, act, reason, chosen, (Way.PLACE,), changed, already, changes=needed, beyond=beyond, unknown=unknown
    )


def carry_out(
    workspace: Workspace, plan: Plan, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> None:
    """Send what a plan needs, and keep what the chain cannot.

    Args:
        progress: called with how many transactions are in a block, and how many there are.

    Raises:
        ChainError: as `send`; what was sent before is done, and a plan made anew leaves it out.
    """
    send_all(workspace, plan.transactions, progress)
    _keep(workspace, plan)


def batch_to_void(workspace: Workspace, root: bytes) -> Batch:
    """The issuer's batch with that root as the chain has it; it may be voided already.

    Raises:
        StoreError: code `unknown-batch`.
    """
    issuer = workspace.issuer()
    found = workspace.contract.batch(issuer, root)
    if found is None:
        raise StoreError(
            f"issuer {issuer} has no such batch on chain; nothing was changed",
            where=f"0x{root.hex()}",
            remedy="Check the root and the issuer.",
            code="unknown-batch",
        )
    return found


def void(workspace: Workspace, batch: Batch, reason: Reason) -> None:
    """Void a batch that is not: all in it is revoked for good. The issuer's controller alone can.

    Raises:
        ChainError: as `send`.
    """
    data = workspace.contract.void_batch_data(batch.issuer, batch.root, reason)
    send(workspace, Call(f"void {batch.issuer} 0x{batch.root.hex()}", data))


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


def words_on_chain(contract: CredentialRegistry, purpose: Purpose) -> Callable[[int, bytes, int], int]:
    """The status bits on chain now, by issuer, root and word."""
    return lambda issuer, root, word: contract.status_words(issuer, root, purpose, word, 1)[0]


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


def _in_tree(workspace: Workspace, batch: Batch) -> list[bytes]:
    """The digests of all in a batch, out of its tree.

    Raises:
        StoreError: code `tree-missing` or `tree-damaged`: it is not here.
    """
    which = TreeId(batch.root, batch.leaf_count)
    refused: StoreError | None = None
    for trees in all_trees_of(workspace.settings, workspace.folder):
        try:
            with trees.open_whole(which) as tree:
                tree.check()
                return list(tree.leaves())
        except TreeError as error:
            refused = StoreError(error.what, where=f"0x{batch.root.hex()}", remedy=NO_TREE, code=DAMAGED)
        except StoreError as error:
            # That one is damaged here says more than that it is missing elsewhere.
            refused = error if refused is None or refused.code == MISSING else refused
    if refused is None:
        raise StoreError("there is no tree of that root", where=f"0x{batch.root.hex()}", remedy=NO_TREE, code=MISSING)
    raise refused


def _refuse_opposite(workspace: Workspace, issuer: int, act: Act, digests: Collection[bytes]) -> None:
    """Make sure that nothing is changed here which an earlier status job would change back when it is carried out.

    Raises:
        StoreError: code `opposite-open`.
    """
    opposite = OPPOSITE.get(act)
    against = [] if opposite is None else _jobs(workspace).asking(issuer, opposite, digests, time.time())
    if against:
        job = against[0]
        raise StoreError(
            f"job {job.id} is to {job.act.word}, and would do so after this; nothing was changed",
            remedy=f"Give this to the daemon, too: --queue. Or take that back first: `testamur jobs cancel {job.id}`.",
            code="opposite-open",
        )


def _jobs(workspace: Workspace) -> StatusJobStore:
    return StatusJobStore(workspace.folder.engine, workspace.chain, workspace.contract.address)


def _keep(workspace: Workspace, plan: Plan) -> None:
    """Have the database say what is revoked where the contract does not: it is not to be issued again."""
    jobs = _jobs(workspace)
    said = jobs.revoked(plan.issuer, plan.beyond)
    digests = tuple(digest for digest in plan.beyond if digest not in said)
    if digests:
        new = NewStatusJob(plan.issuer, plan.act, plan.reason.word, "command", digests, place_only=True)
        jobs.keep(new, "in a voided batch everything is revoked: nothing was to be sent")


def _purpose(act: Act) -> Purpose:
    return Purpose.REVOCATION if act is Act.REVOKE else Purpose.SUSPENSION


def _voided(contract: CredentialRegistry, spots: Sequence[Spot]) -> set[bytes]:
    """The roots of voided batches: the contract changes nothing in them, where all is revoked."""
    batches = {root: contract.batch(issuer, root) for issuer, root in {(spot.issuer, spot.root) for spot in spots}}
    return {root for root, batch in batches.items() if batch is not None and batch.voided_at is not None}


def _not_withdrawn(contract: CredentialRegistry, spots: Sequence[Spot], targets: Mapping[bytes, Target]) -> list[Spot]:
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
            withdrawn.append(targets[digest])
    if withdrawn:
        raise _revoked(withdrawn, "reinstated")
    return standing


def _not_voided(spots: Sequence[Spot], voided: set[bytes], targets: Mapping[bytes, Target]) -> list[Spot]:
    """The places that can be suspended.

    Raises:
        StoreError: code `revoked`: a credential has none.
    """
    left = [spot for spot in spots if spot.root not in voided]
    if missing := {spot.digest for spot in spots} - {spot.digest for spot in left}:
        raise _revoked([target for digest, target in targets.items() if digest in missing], "suspended")
    return left


def _revoked(targets: Sequence[Target], done: str) -> StoreError:
    others = f" (and {len(targets) - 1:,} more)" if len(targets) > 1 else ""
    return StoreError(
        f"it{others} is revoked for good and cannot be {done}; nothing was changed",
        where=targets[0].named,
        remedy="Leave out what is revoked; issue a new credential instead.",
        code="revoked",
    )
