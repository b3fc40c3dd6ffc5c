"""Saying that one anchor of an issuer replaces another: of the same credential, or of the one that is in its place.

Of a credential in several batches, what is revoked, voided or suspended in one is so in all (`registry.anchors`),
unless that anchor was superseded by the one looked at. Of two credentials it is said alone: lookups name the second.

What is replaced can be revoked with it. Another credential is revoked by its digest, wherever it is anchored. An
earlier anchor of the same one is revoked by its place alone: by the digest, its replacement would be revoked as well.

From Python, with an open workspace:

    plan = plan_supersession(workspace, [Target.of(digest)])
    send_all(workspace, plan.transactions)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from anchor.acts.places import Spot, Target, find, meant
from anchor.acts.statuses import Plan, plan_of_places, plan_revocation
from anchor.acts.transactions import Call, gathered
from anchor.books.on_chain import UNSTATED, History, UnknownBatch
from anchor.workspace import Workspace
from registry.anchors import AnchorPlace, AnchorState, judge
from registry.chain.contract import Batch, CredentialRegistry
from registry.errors import IntakeError, NotPossible
from registry.records import WORD_BITS, Act, DigestStatus, Purpose, Reason


@dataclass(frozen=True, slots=True)
class Link:
    """One place of a credential, and the place that replaces it."""

    digest: bytes
    place: AnchorPlace
    by: AnchorPlace


@dataclass(frozen=True)
class Supersession:
    """What has to be sent so that anchors are superseded; nothing of it is done yet.

    Attributes:
        already: how many are so already.
        standing: the digests of credentials that are taken for revoked, and are not any more afterwards.
        unknown: the issuer's batches that the database does not know; nothing is said of them.
        revocation: of what is replaced, where that is asked for.
    """

    issuer: int
    links: Sequence[Link]
    already: int
    standing: Sequence[bytes]
    unknown: Sequence[UnknownBatch]
    revocation: Plan | None = None

    @cached_property
    def transactions(self) -> list[Call]:
        """What is sent for it: the links first, so that the replacement of a place is never taken for revoked."""
        more = [] if self.revocation is None else self.revocation.transactions
        return [*gathered([self._call(link) for link in self.links], "superseded"), *more]

    def _call(self, link: Link) -> Call:
        (root, index), (by_root, by_index) = link.place, link.by
        data = CredentialRegistry.supersede_data(self.issuer, root, index, by_root, by_index)
        return Call(f"supersede {self.issuer} 0x{root.hex()} {index} by 0x{by_root.hex()} {by_index}", data)


def plan_supersession(
    workspace: Workspace,
    targets: Sequence[Target],
    replacement: Target | None = None,
    *,
    batch: bytes | None = None,
    by_batch: bytes | None = None,
    everything: bool = False,
    revoke: bool = False,
) -> Supersession:
    """What has to be sent so that the anchors of credentials are superseded.

    The replacement is the newest anchor that stands by itself: not revoked, and in a batch that is not voided. What is
    replaced by another anchor of the same credential is not linked to another credential: that one is.

    Args:
        replacement: the credential that is in the place of the others; by default each is replaced by itself, anchored
            again.
        batch: the anchors in the batch with this root alone are superseded; by default all but the replacement.
        by_batch: the root of the batch in which the replacement is.
        everything: all that is anchored of a target, where that is more than one credential.
        revoke: what is replaced, too: another credential by its digest, an earlier anchor of the same by its place.

    Raises:
        StoreError: one of them is not known, or is ambiguous.
        NotPossible: code `no-replacement` or `nothing-superseded`.
        ChainError: the chain could not be asked.
    """
    contract, issuer = workspace.contract, workspace.issuer()
    unknown = History(contract, workspace.store).unknown(issuer)
    spots = find(workspace, issuer, targets, unknown)
    chosen = meant(targets, {spot.digest for spot in spots}, everything=everything)
    look = _Look(contract, issuer)
    other: list[Spot] | None = None
    if replacement is not None:
        found = find(workspace, issuer, [replacement], unknown)
        (digest,) = meant([replacement], {spot.digest for spot in found}, everything=False)
        other = [spot for spot in found if spot.digest == digest]
        _refuse_itself(digest, chosen)
    links: list[Link] = []
    standing: list[bytes] = []
    for digest, target in chosen.items():
        # What is sealed and not anchored yet is nowhere.
        mine = [spot for spot in spots if spot.digest == digest and look.batch(spot.root) is not None]
        by = look.newest(mine if other is None else other, by_batch)
        if by is None:
            raise _no_replacement(target if replacement is None else replacement, issuer, by_batch)
        old = [spot for spot in mine if spot != by and batch in (None, spot.root)]
        if other is not None:
            # That one anchor of it replaces another is what lets it stand: no word about another credential undoes it.
            own = {spot.place for spot in mine}
            old = [spot for spot in old if look.replacement(spot.place) not in own]
        if not old:
            raise _nothing(target, batch)
        new = [Link(digest, spot.place, by.place) for spot in old]
        if by.digest == digest and look.stands_by(by, mine, new):
            standing.append(digest)
        links += new
    needed = [link for link in links if look.replacement(link.place) != link.by]
    revocation = None
    if revoke and other is not None:
        revocation = plan_revocation(contract, issuer, chosen, Reason.SUPERSEDED)
    elif revoke:
        old = [Spot(link.digest, issuer, *link.place) for link in links]
        revocation = plan_of_places(contract, issuer, Act.REVOKE, Reason.SUPERSEDED, chosen, old)
    return Supersession(issuer, needed, len(links) - len(needed), standing, unknown, revocation)


def plan_replacements(workspace: Workspace, pairs: Sequence[tuple[bytes, bytes]]) -> Supersession:
    """What has to be sent so that each of many credentials is superseded by another one of its own, and revoked.

    What of it is on chain already is left out, so that it can be asked again after whatever ended it.

    Args:
        pairs: digests, the old one and the new one.

    Raises:
        StoreError: one of them is in no batch that is known here.
        NotPossible: code `no-replacement`: a new one does not stand by itself on chain.
        ChainError: the chain could not be asked.
    """
    contract, issuer = workspace.contract, workspace.issuer()
    unknown = History(contract, workspace.store).unknown(issuer)
    targets = {digest: Target.of(digest) for pair in pairs for digest in pair}
    by_digest: dict[bytes, list[Spot]] = {}
    for spot in find(workspace, issuer, list(targets.values()), unknown):
        by_digest.setdefault(spot.digest, []).append(spot)
    look = _Look(contract, issuer)
    links: list[Link] = []
    for old, new in pairs:
        by = look.newest(by_digest[new], None)
        if by is None:
            raise _no_replacement(targets[new], issuer, None)
        own = {spot.place for spot in by_digest[old]}
        mine = [spot for spot in by_digest[old] if look.batch(spot.root) is not None]
        # As in `plan_supersession`: that one anchor of it replaces another stays.
        links += [Link(old, spot.place, by.place) for spot in mine if look.replacement(spot.place) not in own]
    needed = [link for link in links if look.replacement(link.place) != link.by]
    revocation = plan_revocation(contract, issuer, {old: targets[old] for old, _ in pairs}, Reason.SUPERSEDED)
    return Supersession(issuer, needed, len(links) - len(needed), (), unknown, revocation)


class _Look:
    """The contract as one look at an issuer's batches sees it: each batch, word and event is asked for once."""

    def __init__(self, contract: CredentialRegistry, issuer: int):
        self._contract = contract
        self._issuer = issuer
        self._batches: dict[bytes, Batch | None] = {}
        self._words: dict[tuple[bytes, Purpose, int], int] = {}
        self._replacements: dict[bytes, dict[int, AnchorPlace]] = {}
        self._digests: dict[bytes, DigestStatus] = {}

    def batch(self, root: bytes) -> Batch | None:
        """The batch, once its leaves are counted: until then the contract proves nothing of it."""
        if root not in self._batches:
            found = self._contract.batch(self._issuer, root)
            self._batches[root] = None if found is None or found.leaf_count == UNSTATED else found
        return self._batches[root]

    def newest(self, spots: Sequence[Spot], root: bytes | None) -> Spot | None:
        """The last anchored of the places that stand by themselves, in that batch if one is named."""
        standing = []
        for spot in spots:
            batch = self.batch(spot.root)
            if batch is not None and batch.voided_at is None and root in (None, spot.root):
                is_revoked = self._is_set(spot.place, Purpose.REVOCATION) or self._said(spot.digest).is_revoked
                standing += [] if is_revoked else [(batch.sequence, spot)]
        return max(standing, key=lambda each: each[0])[1] if standing else None

    def replacement(self, place: AnchorPlace) -> AnchorPlace | None:
        """What the issuer put in its place, by the latest word on it."""
        if place.root not in self._replacements:
            batch = self.batch(place.root)
            first = 0 if batch is None else batch.block_number
            self._replacements[place.root] = self._contract.replacements(self._issuer, place.root, from_block=first)
        return self._replacements[place.root].get(place.leaf_index)

    def stands_by(self, by: Spot, spots: Sequence[Spot], links: Sequence[Link]) -> bool:
        """Whether a credential is taken for revoked at one of its places, and no more once that replaces others."""
        now = {spot.place: self._state(spot) for spot in spots}
        then = dict(now)
        for link in links:
            then[link.place] = replace(then[link.place], superseded_by=link.by)
        before, after = (judge(states[by.place], states.values()).withdrawn for states in (now, then))
        return before is not None and after is None

    def _state(self, spot: Spot) -> AnchorState:
        batch = self.batch(spot.root)
        return AnchorState(
            self._issuer,
            spot.place,
            revoked=self._is_set(spot.place, Purpose.REVOCATION),
            suspended=self._is_set(spot.place, Purpose.SUSPENSION),
            voided=batch is not None and batch.voided_at is not None,
            superseded_by=self.replacement(spot.place),
            by_digest=self._said(spot.digest),
        )

    def _said(self, digest: bytes) -> DigestStatus:
        if digest not in self._digests:
            (self._digests[digest],) = self._contract.digest_statuses(self._issuer, [digest])
        return self._digests[digest]

    def _is_set(self, place: AnchorPlace, purpose: Purpose) -> bool:
        word, bit = divmod(place.leaf_index, WORD_BITS)
        key = (place.root, purpose, word)
        if key not in self._words:
            (self._words[key],) = self._contract.status_words(self._issuer, place.root, purpose, word, 1)
        return bool(self._words[key] >> bit & 1)


def _refuse_itself(digest: bytes, chosen: dict[bytes, Target]) -> None:
    if digest in chosen:
        raise IntakeError(
            "the credential and its replacement are the same",
            where=chosen[digest].named,
            remedy="Leave --by out: then the newest anchor of the same credential is the replacement.",
            code="same-credential",
        )


def _no_replacement(target: Target, issuer: int, by_batch: bytes | None) -> NotPossible:
    where = f"the batch 0x{by_batch.hex()}" if by_batch is not None else f"any batch of issuer {issuer}"
    return NotPossible(
        f"it does not stand by itself in {where} on chain: it is revoked, there or by its digest, or the batch is "
        "voided. Nothing was recorded",
        where=target.named,
        remedy="Anchor it again first: testamur anchor --reissue. What is revoked by its digest stays so.",
        code="no-replacement",
    )


def _nothing(target: Target, batch: bytes | None) -> NotPossible:
    where = "" if batch is None else f" in the batch 0x{batch.hex()}"
    return NotPossible(
        f"it has no anchor{where} that is left to be superseded; nothing was recorded",
        where=target.named,
        remedy="Name what replaces it with --by, or the other batch; `testamur status` lists the batches.",
        code="nothing-superseded",
    )
