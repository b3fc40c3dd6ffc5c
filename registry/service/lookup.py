"""Finding a digest: every anchor of it, with its receipt and its status, proved before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from registry.anchors import AnchorPlace, AnchorState, judge
from registry.errors import StoreError
from registry.history import replacement_of
from registry.index.leaf_reader import LeafReader, Located
from registry.index.reader import EventFilter, Index, LeafPlace
from registry.merkle.proof import NODE_SIZE, InclusionProof
from registry.merkle.treefile import TreeId
from registry.records import NOTHING_SAID, WORD_BITS, Batch, DigestStatus, Event, Purpose, Reason
from registry.service.horizon import AsOf, Horizon
from registry.service.kept import Kept, version_of
from registry.service.records_json import digest_status_content
from registry.timestamps import write_timestamp
from registry.trees.s3 import S3Trees
from registry.trees.store import NotHeld, TreeStore

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

    def supersede(self, event: Event) -> None:
        """An event that puts something in the place of a leaf, after those before it."""
        key = (event.arguments["issuer"], event.arguments["index"])
        self.superseded.setdefault(key, []).append(event)

    def is_set(self, issuer: int, purpose: int, leaf_index: int) -> bool:
        """Whether the bit of a leaf is set in an issuer's words."""
        words = self.words.get((issuer, purpose))
        return bool(words and words.get(leaf_index // WORD_BITS, 0) >> leaf_index % WORD_BITS & 1)

    def is_marked(self, leaves: Iterable[int]) -> bool:
        """Whether a bit is set of any of some leaves."""
        return any(self.is_set(*key, leaf_index) for key in self.words for leaf_index in leaves)

    def is_like_others(self, leaf_index: int) -> bool:
        """Whether no bit of a leaf is set and nothing is put in its place: by itself, it is as every such leaf."""
        word, bit = divmod(leaf_index, WORD_BITS)
        for words in self.words.values():
            if words.get(word, 0) >> bit & 1:
                return False
        return not self.superseded or all(place != leaf_index for _, place in self.superseded)


Said = Mapping[int, DigestStatus]
"""What issuers said of one credential by its digest, by issuer."""


class StatusSetting(NamedTuple):
    """One event that set status bits: which, why, and since when."""

    bits: int
    reason: str
    since: str


_BETWEEN: Final = '","'
PathWriter = Callable[[tuple[bytes, ...]], object]


def listed_path(path: tuple[bytes, ...]) -> list[str]:
    """The path of a receipt, node by node."""
    return [node.hex() for node in path]


def path_json(path: tuple[bytes, ...]) -> bytes:
    """The same as JSON."""
    return f'["{b"".join(path).hex(",", NODE_SIZE).replace(",", _BETWEEN)}"]'.encode() if path else b"[]"


def written_path(path: tuple[bytes, ...]) -> orjson.Fragment:
    """The same inside other JSON, for answers that nobody looks into before they are sent."""
    return orjson.Fragment(path_json(path))


class Found(NamedTuple):
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

    def content(self, digest: str, method: str, path: PathWriter = listed_path) -> dict[str, Any]:
        """For JSON: the receipt, the status, and whether the anchor is final."""
        return {"receipt": self.receipt(digest, method, path), "final": self.final, "status": self.status}

    def receipt(self, digest: str, method: str, path: PathWriter = listed_path) -> dict[str, Any]:
        """The receipt (docs/reference/receipt.md).

        Args:
            path: makes its path.
        """
        proof = self.proof
        return {
            "type": "TestamurReceipt",
            "version": 1,
            "digest": {"method": method, "value": digest},
            "inclusion": {
                "root": f"0x{self.batch.root.hex()}",
                "leafCount": proof.leaf_count,
                "leafIndex": proof.leaf_index,
                "path": path(proof.path),
            },
            "anchor": self.anchor,
        }


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the index says of many digests; what is left is to read and prove their leaves.

    Attributes:
        places: where each of them may be.
        said: what issuers said of those of which anything holds.
        trees: all that the places name.
    """

    as_of: AsOf
    places: Mapping[bytes, Sequence[LeafPlace]]
    said: Mapping[bytes, Said]
    trees: Mapping[TreeId, AnchoredTree]

    @property
    def issuers(self) -> set[int]:
        """Whose batches the digests may be in."""
        return {batch.issuer for tree in self.trees.values() for batch in tree.batches}


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
        return as_of, self.found(digest, self.located(digest, as_of), as_of, issuer=issuer)

    def located(self, digest: bytes, as_of: AsOf) -> Located:
        """What the database says of a digest; raises SQLAlchemyError where it does not answer."""
        return self._leaves.located(as_of.head.source, digest)

    def found(self, digest: bytes, located: Located, as_of: AsOf, *, issuer: int | None = None) -> list[Found]:
        """`find` from what the database says of the digest; raises as it does."""
        return self._found(digest, located.places, as_of, located.said, issuer)

    def held(self) -> Lookup:
        """The same as far as it is in memory: what would have to be read raises `NotHeld`, but for trees in a folder.

        What one reads is kept for the other.
        """
        held = copy(self)
        held._index = _Unread()  # type: ignore[assignment]
        if isinstance(self._trees, S3Trees):
            held._trees = self._trees.held()
        return held

    def unknown(self, places: Iterable[LeafPlace], as_of: AsOf) -> list[LeafPlace]:
        """Those of whose trees `learn` has something to read."""
        known = ((place, self._kept.get(version_of(as_of.head), place.tree)) for place in places)
        return [
            place
            for place, tree in known
            if tree is None or (tree.settings is None and tree.is_marked([place.leaf_index]))
        ]

    def learn(self, hints: Mapping[TreeId, list[int]], as_of: AsOf) -> None:
        """Read what the index knows of trees, and keep it: in a few questions for all of them.

        Args:
            hints: the leaves that are looked for in each, as far as the index knows.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        self._trees_of(version_of(as_of.head), hints)

    def find_many(self, digests: Sequence[bytes]) -> tuple[AsOf, dict[bytes, list[Found] | StoreError]]:
        """`find` for many digests; where one cannot be looked up, the reason."""
        gathered = self.gather(digests, self._horizon.now())
        return gathered.as_of, {digest: self.prove(gathered, digest) for digest in digests}

    def gather(self, digests: Sequence[bytes], as_of: AsOf) -> Gathered:
        """What the index says of many digests, in a few questions for all of them.

        Args:
            as_of: read before.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        said: dict[bytes, dict[int, DigestStatus]] = {}
        for (issuer, digest), status in self._index.digest_statuses(digests).items():
            said.setdefault(digest, {})[issuer] = status
        places = self._index.places_of_many(digests)
        hints: dict[TreeId, list[int]] = {}
        for found in places.values():
            for which, leaf_index in found:
                hints.setdefault(which, []).append(leaf_index)
        return Gathered(as_of, places, said, self._trees_of(version_of(as_of.head), hints))

    def prove(self, gathered: Gathered, digest: bytes) -> list[Found] | StoreError:
        """Every anchor of one of the digests that were gathered for, or why it cannot be looked up."""
        places, said = gathered.places[digest], gathered.said.get(digest, {})
        try:
            return self._found(digest, places, gathered.as_of, said, None, gathered.trees)
        except StoreError as error:
            return error

    def place_alike(self, gathered: Gathered, digest: bytes) -> tuple[TreeId, InclusionProof] | None:
        """Where one of the digests is, if its anchors differ from those of other such leaves of its tree by place only.

        They do if no other tree may hold it, its issuers said nothing of it, and none of the marks of its tree is its.
        None says nothing: `prove` does.
        """
        places = gathered.places[digest]
        if len(places) != 1 or digest in gathered.said:
            return None
        ((which, hint),) = places
        with suppress(StoreError):
            proof = self._trees.inclusion(which, digest, hint=hint)
            if proof is not None and gathered.trees[which].is_like_others(proof.leaf_index):
                return which, proof
        return None

    def at(self, which: TreeId, leaf_index: int) -> tuple[bytes, list[Found]]:
        """One leaf of a tree, and every anchor of it, oldest first."""
        as_of = self._horizon.now()
        digest, proof = self._trees.inclusion_at(which, leaf_index)
        said = self._leaves.statuses(as_of.head.source, digest)
        return digest, self._anchors_of(which, proof, as_of, said, None)

    def _found(
        self,
        digest: bytes,
        places: Iterable[LeafPlace],
        as_of: AsOf,
        said: Said,
        issuer: int | None,
        trees: Mapping[TreeId, AnchoredTree] | None = None,
    ) -> list[Found]:
        found: list[Found] = []
        cut_off: list[tuple[TreeId, InclusionProof]] = []
        for which, hint in places:
            proof = self._trees.inclusion(which, digest, hint=hint)
            if proof is not None:
                anchors = self._anchors_of(which, proof, as_of, said, issuer, trees)
                found += anchors
                if issuer is None and any(each.more for each in anchors):
                    cut_off.append((which, proof))
        if cut_off:
            found += list(self._cut_off(found, cut_off, as_of, said))
        return together(found)

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
        self,
        which: TreeId,
        proof: InclusionProof,
        as_of: AsOf,
        said: Said,
        issuer: int | None,
        trees: Mapping[TreeId, AnchoredTree] | None = None,
    ) -> list[Found]:
        if trees is None:
            tree = self._kept.of(version_of(as_of.head), which, lambda: self._read(which))
        else:
            tree = trees[which]
        if tree.more and issuer is not None:
            tree = self._read(which, issuer)
        found = []
        for batch in tree.batches:
            whose = batch.issuer
            if issuer is not None and issuer != whose:
                continue
            state = self._state(tree, batch, proof.leaf_index, said.get(whose, NOTHING_SAID))
            status = self._status(tree, batch, state)
            final = as_of.head.is_final(batch.block_number)
            found.append(Found(batch, proof, tree.anchors[whose], status, state, final, tree.more))
        return found

    def _state(self, tree: AnchoredTree, batch: Batch, leaf_index: int, by_digest: DigestStatus) -> AnchorState:
        replacements = tree.superseded.get((batch.issuer, leaf_index)) if tree.superseded else None
        return AnchorState(
            batch.issuer,
            AnchorPlace(batch.root, leaf_index),
            tree.is_set(batch.issuer, Purpose.REVOCATION, leaf_index),
            tree.is_set(batch.issuer, Purpose.SUSPENSION, leaf_index),
            batch.is_void,
            replacement_of(replacements[-1])[1] if replacements else None,
            by_digest=by_digest,
        )

    def _status(self, tree: AnchoredTree, batch: Batch, state: AnchorState) -> dict[str, Any]:
        by_digest = state.by_digest
        status: dict[str, Any] = {"revoked": state.is_revoked or state.voided, "suspended": state.is_suspended}
        if status["revoked"] or status["suspended"]:
            if state.voided and not state.revoked:
                status["batchVoided"] = True
            status |= self._why(tree, batch, state)
        if by_digest is not NOTHING_SAID and by_digest != NOTHING_SAID:
            status["byDigest"] = digest_status_content(by_digest)
        if not tree.superseded:
            return status
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
            _set_by(event, settings)
        return settings

    def _read(self, which: TreeId, issuer: int | None = None) -> AnchoredTree:
        root, leaf_count = which
        # Anybody can anchor another issuer's root with another count: no proof holds for that, so it is no anchor.
        batches = self._index.batches_with(root, issuer=issuer, leaf_count=leaf_count, most=MOST_ANCHORS + 1)
        words = self._index.status_words_with(root, [batch.issuer for batch in batches[:MOST_ANCHORS]])
        tree = self._tree_of(batches, words)
        for event in self._index.all_events(EventFilter(root=root, names=frozenset({"Superseded"}))):
            tree.supersede(event)
        return tree

    def _trees_of(self, version: tuple[int, int], hints: Mapping[TreeId, list[int]]) -> dict[TreeId, AnchoredTree]:
        """The trees of many places, which are kept or read now, all of them at once.

        Args:
            hints: the leaves that are looked for in each, as far as the index knows.
        """
        found = {which: tree for which in hints if (tree := self._kept.get(version, which)) is not None}
        missing = hints.keys() - found.keys()
        batches = self._index.batches_of_trees(missing, most=MOST_ANCHORS + 1) if missing else {}
        keys = {batch.key for each in batches.values() for batch in each[:MOST_ANCHORS]}
        words: dict[bytes, dict[tuple[int, int], dict[int, int]]] = {}
        for (root, issuer, purpose), each in self._index.status_words_of(keys).items():
            words.setdefault(root, {})[issuer, purpose] = each
        read: dict[bytes, list[AnchoredTree]] = {}
        for which in missing:
            found[which] = self._tree_of(batches.get(which, []), words.get(which.root, {}))
            read.setdefault(which.root, []).append(found[which])
        for event in self._index.events_of_roots(read, "Superseded"):
            for tree in read[event.arguments["root"]]:
                tree.supersede(event)
        for which in missing:
            self._kept.keep(version, which, found[which])
        unread = {which: tree for which, tree in found.items() if tree.settings is None}
        self._read_settings({which: tree for which, tree in unread.items() if tree.is_marked(hints[which])})
        return found

    def _read_settings(self, trees: Mapping[TreeId, AnchoredTree]) -> None:
        """Why bits are set in trees of which a status needs it, all of them at once."""
        needed: dict[bytes, list[AnchoredTree]] = {}
        for which, tree in trees.items():
            needed.setdefault(which.root, []).append(tree)
        settings: dict[bytes, dict[tuple[int, int, int], list[StatusSetting]]] = {root: {} for root in needed}
        for event in self._index.events_of_roots(needed, "StatusSet"):
            _set_by(event, settings[event.arguments["root"]])
        for root, each in needed.items():
            for tree in each:
                tree.settings = settings[root]

    def _tree_of(self, batches: Sequence[Batch], words: dict[tuple[int, int], dict[int, int]]) -> AnchoredTree:
        """A tree with its batches, one more than are told where there are more, and the words of those that are."""
        told = list(batches[:MOST_ANCHORS])
        return AnchoredTree(told, len(batches) > len(told), words, {each.issuer: self._anchor(each) for each in told})

    def _anchor(self, batch: Batch) -> dict[str, Any]:
        return {
            "chain": self._index.chain,
            "contract": self._index.contract.lower(),
            "issuer": batch.issuer,
            "sequence": batch.sequence,
            "transaction": f"0x{batch.seen.transaction.hex()}",
            "block": batch.block.to_dict(),
        }


class _Unread:
    """An index that is asked for nothing."""

    def __getattr__(self, name: str) -> Any:
        raise NotHeld


def anchors_of(found: list[Found], digest: str, method: str, path: PathWriter = listed_path) -> dict[str, Any]:
    """All anchors of one digest for JSON; `more` where there are others of the same root."""
    content: dict[str, Any] = {"anchors": [each.content(digest, method, path) for each in found]}
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


def _set_by(event: Event, settings: dict[tuple[int, int, int], list[StatusSetting]]) -> None:
    """Add what an event set to what those before it did."""
    given = event.arguments
    setting = StatusSetting(given["changed"], Reason(given["reason"]).word, write_timestamp(event.time))
    settings.setdefault((given["issuer"], given["purpose"], given["word"]), []).insert(0, setting)


def _why(reason: Reason | None, since: datetime) -> dict[str, str]:
    return {"reason": (reason or Reason.UNSPECIFIED).word, "since": write_timestamp(since)}
