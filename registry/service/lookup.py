"""Finding a digest: every anchor of it, with its receipt and its status, proved before it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from registry.anchors import AnchorPlace, AnchorState, judge
from registry.errors import StoreError
from registry.history import replacement_of
from registry.index.leaf_reader import LeafReader
from registry.index.reader import EventFilter, Index, LeafPlace
from registry.merkle.proof import InclusionProof
from registry.merkle.treefile import TreeId
from registry.records import NOTHING_SAID, WORD_BITS, Batch, DigestStatus, Event, Purpose, Reason
from registry.service.horizon import AsOf, Horizon
from registry.service.kept import Kept, version_of
from registry.service.records_json import digest_status_content
from registry.timestamps import write_timestamp
from registry.trees.store import TreeStore

TREES_KEPT: Final = 4096
MOST_ANCHORS: Final = 100
"""Of one root: anybody can anchor a root that he saw, under any number of parties."""


@dataclass(slots=True)
class AnchoredTree:
    """What the index knows of all batches of one tree: with its root, and its leaf count or none.

    Attributes:
        batches: of this tree, oldest first, no more than `MOST_ANCHORS`.
        more: whether there are others.
        words: status words by issuer and purpose.
        anchors: the `anchor` member of the receipts, by issuer.
        settings: which bits were set, why and since when, by issuer, purpose and word, newest first; read when a
            status first needs them.
    """

    batches: list[Batch]
    more: bool
    words: dict[tuple[int, int], dict[int, int]]
    anchors: dict[int, dict[str, Any]]
    superseded: dict[tuple[int, int], list[Event]] = field(default_factory=dict)
    settings: dict[tuple[int, int, int], list[StatusSetting]] | None = None


Said = Mapping[int, DigestStatus]
"""What issuers said of one credential by its digest, by issuer."""


class StatusSetting(NamedTuple):
    """One event that set status bits: which, why, and since when."""

    bits: int
    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class Found:
    """One anchor of a digest.

    Attributes:
        proof: of its inclusion, checked.
        status: for JSON.
        state: what became of it by itself.
        final: whether its block can no longer be undone.
        more: whether its root has more anchors than are told.
    """

    batch: Batch
    proof: InclusionProof
    anchor: dict[str, Any]
    status: dict[str, Any]
    state: AnchorState
    final: bool
    more: bool = False

    def content(self, digest: str, method: str) -> dict[str, Any]:
        """For JSON: the receipt, the status, and whether the anchor is final."""
        return {"receipt": self.receipt(digest, method), "final": self.final, "status": self.status}

    def receipt(self, digest: str, method: str) -> dict[str, Any]:
        """The receipt (docs/reference/receipt.md)."""
        proof = self.proof
        return {
            "type": "TestamurReceipt",
            "version": 1,
            "digest": {"method": method, "value": digest},
            "inclusion": {
                "root": f"0x{self.batch.root.hex()}",
                "leafCount": proof.leaf_count,
                "leafIndex": proof.leaf_index,
                "path": [node.hex() for node in proof.path],
            },
            "anchor": self.anchor,
        }


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched, for an answer that says "not found".

    Attributes:
        batches: that are indexed; of one issuer when it was asked about one.
        without_tree: how many of them could not be searched.
        issuers: whose they are, the first few.
    """

    batches: int
    without_tree: int
    issuers: tuple[int, ...]

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {"batches": self.batches, "batchesWithoutTree": self.without_tree, "issuers": list(self.issuers)}


class Lookup:
    """Looks digests up in the index and the tree store; what follows from events is kept until the index changes."""

    def __init__(self, index: Index, trees: TreeStore, horizon: Horizon):
        self._index = index
        self._trees = trees
        self._horizon = horizon
        self._leaves = LeafReader(index.engine)
        self._kept: Kept[TreeId, AnchoredTree] = Kept(TREES_KEPT)

    def find(self, digest: bytes, *, issuer: int | None = None) -> tuple[AsOf, list[Found]]:
        """Every anchor of a digest, oldest first; by one issuer where given.

        Raises:
            StoreError: a tree that holds it is damaged or cannot be read, or the index cannot.
            SQLAlchemyError: the database does not answer.
        """
        as_of = self._horizon.now()
        said = self._leaves.statuses(as_of.head.source, digest)
        return as_of, self._found(digest, self._leaves.places(digest), as_of, said, issuer)

    def find_many(self, digests: list[bytes]) -> tuple[AsOf, dict[bytes, list[Found] | StoreError]]:
        """`find` for many digests; where one cannot be looked up, the reason."""
        as_of = self._horizon.now()
        answers: dict[bytes, list[Found] | StoreError] = {}
        said: dict[bytes, dict[int, DigestStatus]] = {}
        for (issuer, digest), status in self._index.digest_statuses(digests).items():
            said.setdefault(digest, {})[issuer] = status
        for digest, places in self._index.places_of_many(digests).items():
            try:
                answers[digest] = self._found(digest, places, as_of, said.get(digest, {}), None)
            except StoreError as error:
                answers[digest] = error
        return as_of, answers

    def at(self, which: TreeId, leaf_index: int) -> tuple[bytes, list[Found]]:
        """One leaf of a tree, and every anchor of it, oldest first."""
        as_of = self._horizon.now()
        digest, proof = self._trees.inclusion_at(which, leaf_index)
        said = self._leaves.statuses(as_of.head.source, digest)
        return digest, self._anchors_of(which, proof, as_of, said, None)

    def _found(
        self, digest: bytes, places: Iterable[LeafPlace], as_of: AsOf, said: Said, issuer: int | None
    ) -> list[Found]:
        found: list[Found] = []
        cut_off: list[tuple[TreeId, InclusionProof]] = []
        for which, hint in places:
            proof = self._trees.inclusion(which, digest, hint=hint)
            if proof is not None:
                anchors = self._anchors_of(which, proof, as_of, said, issuer)
                found += anchors
                if issuer is None and any(each.more for each in anchors):
                    cut_off.append((which, proof))
        return together([*found, *self._cut_off(found, cut_off, as_of, said)])

    def _cut_off(
        self, found: list[Found], roots: list[tuple[TreeId, InclusionProof]], as_of: AsOf, said: Said
    ) -> Iterator[Found]:
        """Anchors by the same issuers that strangers' anchors of the same root left no room for: they count, too."""
        issuers = {each.batch.issuer for each in found}
        for which, proof in roots:
            told = {each.batch.issuer for each in found if each.batch.root == which.root}
            for issuer in sorted(issuers - told):
                yield from self._anchors_of(which, proof, as_of, said, issuer)

    def _anchors_of(
        self, which: TreeId, proof: InclusionProof, as_of: AsOf, said: Said, issuer: int | None
    ) -> list[Found]:
        tree = self._kept.of(version_of(as_of.head), which, lambda: self._read(which))
        if tree.more and issuer is not None:
            tree = self._read(which, issuer)
        found = []
        for batch in tree.batches:
            if issuer not in (None, batch.issuer):
                continue
            state = self._state(tree, batch, proof.leaf_index, said.get(batch.issuer, NOTHING_SAID))
            final = as_of.head.is_final(batch.block_number)
            status = self._status(tree, batch, state)
            found.append(Found(batch, proof, tree.anchors[batch.issuer], status, state, final, tree.more))
        return found

    def _state(self, tree: AnchoredTree, batch: Batch, leaf_index: int, by_digest: DigestStatus) -> AnchorState:
        word, bit = divmod(leaf_index, WORD_BITS)
        replacements = tree.superseded.get((batch.issuer, leaf_index))
        return AnchorState(
            batch.issuer,
            AnchorPlace(batch.root, leaf_index),
            revoked=bool(tree.words.get((batch.issuer, Purpose.REVOCATION), {}).get(word, 0) >> bit & 1),
            suspended=bool(tree.words.get((batch.issuer, Purpose.SUSPENSION), {}).get(word, 0) >> bit & 1),
            voided=batch.is_void,
            superseded_by=replacement_of(replacements[-1])[1] if replacements else None,
            by_digest=by_digest,
        )

    def _status(self, tree: AnchoredTree, batch: Batch, state: AnchorState) -> dict[str, Any]:
        by_digest = state.by_digest
        status: dict[str, Any] = {"revoked": state.is_revoked or state.voided, "suspended": state.is_suspended}
        if state.voided and not state.revoked:
            status["batchVoided"] = True
        status |= self._why(tree, batch, state)
        if by_digest != NOTHING_SAID:
            status["byDigest"] = digest_status_content(by_digest)
        replacements = tree.superseded.get((batch.issuer, state.place.leaf_index))
        if replacements:
            status["supersededBy"] = [
                {
                    "root": f"0x{event.arguments['replacementRoot'].hex()}",
                    "leafIndex": event.arguments["replacementIndex"],
                    "since": write_timestamp(event.time),
                }
                for event in replacements
            ]
            # The last word alone counts, so it alone is followed.
            by = self._digest_at(batch.issuer, replacement_of(replacements[-1])[1])
            if by is not None:
                status["supersededBy"][-1]["digest"] = by.hex()
        return status

    def _digest_at(self, issuer: int, place: AnchorPlace) -> bytes | None:
        """The credential at a place of an issuer's batch, proved; None where the tree is not in this store."""
        for batch in self._index.batches_with(place.root, issuer=issuer, most=1):
            with suppress(StoreError):
                return self._trees.inclusion_at(TreeId(place.root, batch.leaf_count), place.leaf_index)[0]
        return None

    def _why(self, tree: AnchoredTree, batch: Batch, state: AnchorState) -> dict[str, str]:
        """Why it is revoked, or else suspended, and since when: by its place, with its batch, or by its digest."""
        by_digest = state.by_digest
        if state.revoked:
            return self._reason(tree, batch, Purpose.REVOCATION, state.place.leaf_index)
        if batch.voided_at is not None:
            return _why(batch.void_reason, batch.voided_at)
        if by_digest.revoked_at is not None:
            return _why(by_digest.revocation_reason, by_digest.revoked_at)
        if state.suspended:
            return self._reason(tree, batch, Purpose.SUSPENSION, state.place.leaf_index)
        if by_digest.suspended_at is not None:
            return _why(by_digest.suspension_reason, by_digest.suspended_at)
        return {}

    def _reason(self, tree: AnchoredTree, batch: Batch, purpose: int, leaf_index: int) -> dict[str, str]:
        """Why and since when a bit is set, by the newest event that set it."""
        word, bit = divmod(leaf_index, WORD_BITS)
        if tree.settings is None:
            tree.settings = self._settings(batch.root)
        for setting in tree.settings.get((batch.issuer, purpose, word), ()):
            if setting.bits >> bit & 1:
                return {"reason": setting.reason, "since": setting.since}
        return {}

    def _settings(self, root: bytes) -> dict[tuple[int, int, int], list[StatusSetting]]:
        settings: dict[tuple[int, int, int], list[StatusSetting]] = {}
        for event in self._index.all_events(EventFilter(root=root, names=frozenset({"StatusSet"}))):
            given = event.arguments
            since = write_timestamp(event.time)
            setting = StatusSetting(given["changed"], Reason(given["reason"]).word, since)
            settings.setdefault((given["issuer"], given["purpose"], given["word"]), []).insert(0, setting)
        return settings

    def _read(self, which: TreeId, issuer: int | None = None) -> AnchoredTree:
        root, leaf_count = which
        # Anybody can anchor another issuer's root with another count: no proof holds for that, so it is no anchor.
        batches = self._index.batches_with(root, issuer=issuer, leaf_count=leaf_count, most=MOST_ANCHORS + 1)
        more = len(batches) > MOST_ANCHORS
        batches = batches[:MOST_ANCHORS]
        words = self._index.status_words_with(root, [batch.issuer for batch in batches])
        tree = AnchoredTree(batches, more, words, {batch.issuer: self._anchor(batch) for batch in batches})
        for event in self._index.all_events(EventFilter(root=root, names=frozenset({"Superseded"}))):
            key = (event.arguments["issuer"], event.arguments["index"])
            tree.superseded.setdefault(key, []).append(event)
        return tree

    def _anchor(self, batch: Batch) -> dict[str, Any]:
        return {
            "chain": self._index.chain,
            "contract": self._index.contract.lower(),
            "issuer": batch.issuer,
            "sequence": batch.sequence,
            "transaction": f"0x{batch.seen.transaction.hex()}",
            "block": batch.block.to_dict(),
        }


def anchors_of(found: list[Found], digest: str, method: str) -> dict[str, Any]:
    """All anchors of one digest for JSON; `more` where there are others of the same root."""
    content: dict[str, Any] = {"anchors": [each.content(digest, method) for each in found]}
    if any(each.more for each in found):
        content["more"] = True
    return content


def together(found: list[Found]) -> list[Found]:
    """All anchors of one digest, oldest first, each with what `registry.anchors` says that counts of it."""
    if len(found) < 2:
        return found
    found.sort(key=lambda each: each.batch.place)
    states = [each.state for each in found]
    for each in found:
        judgement = judge(each.state, states)
        for member, where, counts in (
            ("revoked", "revokedIn", judgement.withdrawn),
            ("suspended", "suspendedIn", judgement.suspended),
        ):
            if counts is not None and not each.status[member]:
                each.status.update({member: True, where: f"0x{counts.place.root.hex()}"})
    return found


def _why(reason: Reason | None, since: datetime) -> dict[str, str]:
    return {"reason": (reason or Reason.UNSPECIFIED).word, "since": write_timestamp(since)}
