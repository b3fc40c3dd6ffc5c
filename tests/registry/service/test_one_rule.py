"""One credential in several batches: every door says the same of it, and what a slow reference says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import UUID
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from registry.anchors import AnchorPlace, spread
from registry.audit.repeats import repeated_in
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.chain.rpc.client import Block
from registry.credential.digest import digest_given
from registry.database.engine import open_database
from registry.formats.statuslist import Purpose, decode, is_set
from registry.history import rebuild
from registry.index.lists import read_final_list, read_final_position
from registry.index.loader import TreeLoader
from registry.index.named_lists import read_named_list
from registry.index.writer import IndexWriter
from registry.merkle.positionfile import LeafPositions, ListName
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.receipt.model import Receipt
from registry.records import NOTHING_SAID, Batch, DigestStatus, Event, Party, Reason
from registry.records import Purpose as ChainPurpose
from registry.service.coverage import Coverage
from registry.service.known_anchors import IndexedAnchors
from registry.service.trust import IndexedFacts
from registry.timestamps import from_unix
from registry.verifier.verifier import Verifier
from registry.verify.verdict import Trust
from tests.registry.service import conftest
from tests.registry.service.conftest import ACCOUNT, GENESIS_TIME, Stand, credential, registered, status_set

ISSUERS = (1, 2)
SHARED = (credential(1), credential(2))
BATCHES = 3
# One list of the first issuer, two of the second; not every credential has a position.
LISTS = [ListName(UUID(int=number), issuer) for number, issuer in ((1, 1), (2, 2), (3, 2))]
POSITIONS = {
    SHARED[0]: (LISTS[0], 7),
    SHARED[1]: (LISTS[1], 7),
    credential(10): (LISTS[2], (1 << 20) - 1),
    credential(11): (LISTS[0], 0),
}

Told = tuple[str, dict[str, Any]]


@dataclass
class Model:
    """The contract's rules for what is tried here: what it refuses has no event."""

    roots: list[bytes]
    leaves: list[list[bytes]]
    anchored: dict[int, list[int]] = field(default_factory=lambda: {issuer: [] for issuer in ISSUERS})
    voided: set[tuple[int, int]] = field(default_factory=set)
    marked: set[tuple[int, int, int, int]] = field(default_factory=set)
    superseded: dict[tuple[int, AnchorPlace], AnchorPlace] = field(default_factory=dict)
    said: dict[tuple[int, bytes], DigestStatus] = field(default_factory=dict)

    def place(self, number: int, digest: bytes) -> AnchorPlace:
        return AnchorPlace(self.roots[number], self.leaves[number].index(digest))

    def event(self, what: str, issuer: int, number: int, other: int, digest: bytes) -> Told | None:
        root, leaf = self.place(number, digest)
        if what.endswith("-digest"):
            return self._of_digest(what, issuer, digest)
        if what == "anchor":
            if number in self.anchored[issuer]:
                return None
            self.anchored[issuer].append(number)
            count, sequence = len(self.leaves[number]), len(self.anchored[issuer])
            return "Anchored", {"issuer": issuer, "root": root, "leafCount": count, "sequence": sequence}
        if number not in self.anchored[issuer]:
            return None
        is_void = (issuer, number) in self.voided
        if what == "void" and not is_void:
            self.voided.add((issuer, number))
            return "BatchVoided", {"issuer": issuer, "root": root, "reason": 1, "controller": ACCOUNT}
        if what == "supersede" and other in self.anchored[issuer] and (issuer, other) not in self.voided:
            by = self.place(other, digest)
            if by == (root, leaf):
                return None
            self.superseded[issuer, AnchorPlace(root, leaf)] = by
            given = {"issuer": issuer, "root": root, "index": leaf}
            return "Superseded", given | {"replacementRoot": by.root, "replacementIndex": by.leaf_index}
        if is_void or what not in ("revoke", "suspend", "reinstate"):
            return None
        purpose = ChainPurpose.REVOCATION if what == "revoke" else ChainPurpose.SUSPENSION
        mark = (issuer, number, leaf, purpose)
        if (mark in self.marked) is not (what == "reinstate"):
            return None
        if what == "reinstate":
            self.marked.remove(mark)
            given = {"issuer": issuer, "root": root, "word": 0, "changed": 1 << leaf, "reason": 0}
            return "SuspensionCleared", given
        self.marked.add(mark)
        return status_set(issuer, root, leaf, purpose=purpose)

    def _of_digest(self, what: str, issuer: int, digest: bytes) -> Told | None:
        """It needs no place: the digest may be in no batch of the issuer yet."""
        before = self.said.get((issuer, digest), NOTHING_SAID)
        moment = from_unix(GENESIS_TIME)
        if what == "revoke-digest" and not before.is_revoked:
            name, after = "DigestRevoked", replace(before, revoked_at=moment, revocation_reason=Reason(2))
        elif what == "suspend-digest" and not before.is_suspended:
            name, after = "DigestSuspended", replace(before, suspended_at=moment, suspension_reason=Reason(2))
        elif what == "reinstate-digest" and before.is_suspended:
            name, after = "DigestReinstated", replace(before, suspended_at=None, suspension_reason=None)
        else:
            return None
        self.said[issuer, digest] = after
        return name, {"issuer": issuer, "digest": digest, "reason": 2}

    # The rule once more, by every way that the replacements could lead.

    def expected(self, issuer: int, number: int, digest: bytes) -> tuple[bool, bool]:
        """Whether a credential is revoked for good, and whether it is suspended, looking at one of its anchors."""
        here = self.place(number, digest)
        counting = [
            each
            for each in self.anchored[issuer]
            if digest in self.leaves[each]
            and (each == number or not self._leads(issuer, self.place(each, digest), here, digest, BATCHES + 1))
        ]
        marks = [(issuer, each, self.place(each, digest).leaf_index) for each in counting]
        said = self.said.get((issuer, digest), NOTHING_SAID)
        return (
            said.is_revoked
            or any((issuer, each) in self.voided for each in counting)
            or any((*mark, ChainPurpose.REVOCATION) in self.marked for mark in marks),
            said.is_suspended or any((*mark, ChainPurpose.SUSPENSION) in self.marked for mark in marks),
        )

    def _leads(self, issuer: int, start: AnchorPlace, end: AnchorPlace, digest: bytes, steps: int) -> bool:
        following = self.superseded.get((issuer, start))
        if following is None or not steps:
            return False
        return following == end or self._leads(issuer, following, end, digest, steps - 1)


class ModelRegistry:
    """The contract as a verifier asks it, answering from the model."""

    def __init__(self, model: Model, stand: Stand):
        self._model = model
        self._stand = stand
        self.edition = second()
        self.address = self.edition.address
        self.client = self

    # As a client

    where = "the model"

    def chain_id(self) -> int:
        return int(conftest.CHAIN.removeprefix("eip155:"))

    def block(self, number: Any) -> Block:
        head = self._stand.writer.head()
        assert head is not None
        return Block(head.cursor.number, head.cursor.hash, head.cursor.timestamp)

    def newest_told(self) -> int:
        return 0

    def finalized(self, depth: int | None) -> Block:
        return self.block("latest")

    # As the contract

    def party(self, party: int, *, at: Any) -> Party:
        sequence = len(self._model.anchored[party])
        return Party(party, ACCOUNT, None, from_unix(GENESIS_TIME), None, sequence, bytes(32), "")

    def batch(self, issuer: int, root: bytes, *, at: Any) -> Batch | None:
        number = self._model.roots.index(root)
        if number not in self._model.anchored[issuer]:
            return None
        voided = from_unix(GENESIS_TIME + 24) if (issuer, number) in self._model.voided else None
        count, sequence = len(self._model.leaves[number]), self._model.anchored[issuer].index(number) + 1
        return Batch(issuer, root, from_unix(GENESIS_TIME + 12), 1, count, sequence, voided, Reason(1))

    def status_words(self, issuer: int, root: bytes, purpose: ChainPurpose, first: int, count: int, *, at: Any) -> Any:
        number = self._model.roots.index(root)
        if purpose is ChainPurpose.REVOCATION and (issuer, number) in self._model.voided:
            return ((1 << len(self._model.leaves[number])) - 1,)
        marks = (mark for mark in self._model.marked if (mark[0], mark[1], mark[3]) == (issuer, number, purpose))
        return (sum(1 << leaf for _, _, leaf, _ in marks),)

    def digest_statuses(self, issuer: int, digests: Any, *, at: Any) -> tuple[DigestStatus, ...]:
        return tuple(self._model.said.get((issuer, each), NOTHING_SAID) for each in digests)

    def status(self, issuer: int, root: bytes, index: int, digest: bytes) -> tuple[bool, bool]:
        """As `Statuses.sol` has it: of this place, its batch and the digest, whatever other batches say."""
        number, said = self._model.roots.index(root), self._model.said.get((issuer, digest), NOTHING_SAID)
        mark = (issuer, number, index)
        is_void = (issuer, number) in self._model.voided
        return (
            said.is_revoked or is_void or (*mark, ChainPurpose.REVOCATION) in self._model.marked,
            said.is_suspended or (*mark, ChainPurpose.SUSPENSION) in self._model.marked,
        )

    def replacements(self, issuer: int, root: bytes, **_: Any) -> dict[int, AnchorPlace]:
        return {
            place.leaf_index: by
            for (whose, place), by in self._model.superseded.items()
            if whose == issuer and place.root == root
        }

    def anchored_events(self, **_: Any) -> tuple[()]:
        return ()

    def status_changes(self, *_: Any, **__: Any) -> tuple[()]:
        return ()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Engine]]:
    """A folder for the trees, which are the same in every history, and a database."""
    folder = tmp_path_factory.mktemp("rule")
    engine = open_database(f"sqlite:///{folder / 'testamur.db'}")
    yield folder, engine
    engine.dispose()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("anchor", "revoke", "suspend", "reinstate", "void", "supersede"),
                *("revoke-digest", "suspend-digest", "reinstate-digest"),
            )
        ),
        st.sampled_from(ISSUERS),
        st.integers(0, BATCHES - 1),
        st.integers(0, BATCHES - 1),
        st.sampled_from(SHARED),
    ),
    max_size=14,
)
ANCHORS = [("anchor", issuer, number, 0, SHARED[0]) for issuer in ISSUERS for number in range(BATCHES)]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
@example([("void", 1, 0, 0, SHARED[0])])
@example([("revoke", 1, 0, 0, SHARED[0]), ("supersede", 1, 0, 1, SHARED[0])])
@example([("suspend", 1, 0, 0, SHARED[0])])
@example([("void", 1, 0, 0, SHARED[0]), ("supersede", 1, 0, 1, SHARED[0]), ("supersede", 1, 1, 2, SHARED[0])])
@example([("supersede", 1, 0, 1, SHARED[0]), ("revoke-digest", 1, 0, 0, SHARED[0])])
@example([("suspend-digest", 1, 0, 0, SHARED[0]), ("suspend", 1, 1, 0, SHARED[0]), ("reinstate", 1, 1, 0, SHARED[0])])
@example([("suspend-digest", 1, 0, 0, SHARED[1]), ("reinstate-digest", 1, 0, 0, SHARED[1])])
@example([("supersede", 1, 0, 1, SHARED[0]), ("supersede", 1, 1, 0, SHARED[0]), ("revoke", 1, 2, 0, SHARED[0])])
def test_all_doors_say_the_same_of_any_history(
    site: tuple[Path, Engine], steps: list[tuple[str, int, int, int, bytes]]
) -> None:
    folder, engine = site
    IndexWriter(engine, conftest.CHAIN, conftest.CONTRACT).forget()
    stand = Stand(folder, engine)
    # The last batch does not hold the second credential.
    contents = [[*SHARED, credential(10)], [*SHARED, credential(11)], [SHARED[0], credential(12)]]
    for content in contents:
        which = TreeId(stand.tree(*content), len(content))
        stand.trees.put_positions(LeafPositions.of(which, sorted(content), POSITIONS))
    model = Model([stand.tree(*content) for content in contents], [sorted(content) for content in contents])
    history: list[Told] = [*map(registered, ISSUERS)]
    stand.mine(*history)
    # What is said of a digest before it is anchored counts as what is said afterwards.
    early = [step for step in steps[:2] if step[0].endswith("-digest")]
    for what, issuer, number, other, digest in (*early, *ANCHORS[: len(ANCHORS) - len(steps) % 2], *steps):
        if digest in model.leaves[number] and digest in model.leaves[other]:
            told = model.event(what, issuer, number, other, digest)
            if told is not None:
                stand.mine(told)
                history.append(told)
    head = stand.writer.head()
    assert head is not None
    stand.finalise(head.cursor.number)
    stand.load()
    check_doors(stand, model, history)


def check_doors(stand: Stand, model: Model, history: list[Told]) -> None:
    conftest.soon(stand)
    contract = ModelRegistry(model, stand)
    verifier = Verifier(
        cast(CredentialRegistry, contract),
        chain=conftest.CHAIN,
        known=IndexedAnchors(stand.index, stand.trees),
        trust=Trust(frozenset(ISSUERS)),
        now=datetime.now(UTC),
        head_age_seconds=0,
    )
    audited = audit(stand, history)
    paged = {digest: on_page(stand, digest) for leaves in model.leaves for digest in leaves}
    counted = dict.fromkeys(ISSUERS, 0)
    for issuer in ISSUERS:
        for number in model.anchored[issuer]:
            for digest in model.leaves[number]:
                expected = model.expected(issuer, number, digest)
                place = model.place(number, digest)
                # The contract knows of no other batches, so what it says of a place is at most what counts.
                own = contract.status(issuer, place.root, place.leaf_index, digest)
                assert all(counts or not alone for alone, counts in zip(own, expected, strict=True))
                assert own_of(stand, issuer, place, digest) == own
                counted[issuer] += expected[0]
                assert looked_up(stand, issuer, place, digest) == expected
                # Of what is revoked the page says no more.
                assert paged[digest][issuer, place.root] == (expected[0], expected[1] and not expected[0])
                assert verified(stand, verifier, contract, issuer, place, digest) == expected
                assert listed(stand, issuer, model.anchored[issuer].index(number) + 1, place) == expected
                assert audited[issuer, place] == expected
    for digest, (name, index) in POSITIONS.items():
        held = [number for number in model.anchored[name.issuer] if digest in model.leaves[number]]
        told = [model.expected(name.issuer, number, digest) for number in held]
        # Anchored again in its place, it is what its best anchor is.
        expected = all(revoked for revoked, _ in told), all(suspended for _, suspended in told)
        if held:
            assert named(stand, name, index) == expected
    figures = IndexedFacts(stand.index, stand.trees)._counted.get().value
    for issuer in ISSUERS:
        mine = [batch for batch in figures.batches if batch.issuer == issuer]
        assert sum(batch.withdrawn for batch in mine) == counted[issuer]


def own_of(stand: Stand, issuer: int, place: AnchorPlace, digest: bytes) -> tuple[bool, bool]:
    """What the index says of a place and its digest alone, as `statusOf` of the contract does."""
    batch = stand.index.batch(issuer, place.root)
    assert batch is not None
    words = stand.index.status_words_with(place.root, [issuer])
    said = stand.index.digest_statuses([digest]).get((issuer, digest), NOTHING_SAID)
    revoked, suspended = (
        words.get((issuer, purpose), {}).get(0, 0) >> place.leaf_index & 1 for purpose in ChainPurpose
    )
    return bool(revoked) or batch.is_void or said.is_revoked, bool(suspended) or said.is_suspended


def looked_up(stand: Stand, issuer: int, place: AnchorPlace, digest: bytes) -> tuple[bool, bool]:
    _, found = stand.service.lookup.find(digest)
    (status,) = (each.status for each in found if (each.batch.issuer, each.batch.root) == (issuer, place.root))
    return status["revoked"], status["suspended"]


def on_page(stand: Stand, digest: bytes) -> dict[tuple[int, bytes], tuple[bool, bool]]:
    """What the page of a digest says of each of its anchors: whether it is revoked, or else suspended."""
    answer = stand.client.get(f"/credentials/{digest.hex()}", headers={"Accept": "text/html"})
    if answer.status_code == 404:
        return {}
    said = {}
    for section in ElementTree.fromstring(answer.text).iter("section"):
        batches = (each.attrib["href"].split("/")[1:] for each in section.iterfind("dl//a"))
        places = [(int(path[1]), bytes.fromhex(path[2][2:])) for path in batches if path[0] == "batches"]
        if places:
            # The batch comes first, and after it what replaces it.
            word = section.findtext("p/strong")
            assert word in ("Revoked", "Suspended", "Not revoked and not suspended")
            said[places[0]] = word == "Revoked", word == "Suspended"
    return said


def verified(
    stand: Stand, verifier: Verifier, contract: ModelRegistry, issuer: int, place: AnchorPlace, digest: bytes
) -> tuple[bool, bool]:
    """What the verdict by one receipt says; of what is revoked it does not say whether it is suspended, too."""
    (batch,) = stand.index.batches_with(place.root, issuer=issuer)
    _, proof = stand.trees.inclusion_at(TreeId(place.root, batch.leaf_count), place.leaf_index)
    receipt = Receipt.of_batch(
        digest_given(digest.hex()),
        place.root,
        proof,
        chain=conftest.CHAIN,
        contract=contract.address.lower(),
        issuer=issuer,
    )
    verdict = verifier.verify_digest(digest.hex(), receipt)
    code = verdict.check("status").code
    assert code in ("in-force", "revoked", "voided", "suspended"), verdict.check("status").text
    assert verdict.not_looked_at == 0
    withdrawn = code in ("revoked", "voided")
    _, suspended = looked_up(stand, issuer, place, digest)
    return withdrawn, suspended if withdrawn else code == "suspended"


def listed(stand: Stand, issuer: int, sequence: int, place: AnchorPlace) -> tuple[bool, bool]:
    at = read_final_position(stand.index, issuer, sequence, place.leaf_index)
    revoked, suspended = (
        is_set(read_final_list(stand.index, stand.trees, issuer, purpose, at.number).bits, at.index)
        for purpose in (Purpose.REVOCATION, Purpose.SUSPENSION)
    )
    return revoked, suspended


def named(stand: Stand, name: ListName, index: int) -> tuple[bool, bool]:
    revoked, suspended = (
        read_named_list(stand.index, stand.trees, name.issuer, purpose, name.name).bits for purpose in Purpose
    )
    return is_set(revoked, index), is_set(suspended, index)


def audit(stand: Stand, history: list[Told]) -> dict[tuple[int, AnchorPlace], tuple[bool, bool]]:
    """What the audit takes each credential for: what the events say of it, and what it names as standing apart."""
    given = {"operator": ACCOUNT}
    events = [
        Event(name, given | arguments, number, bytes(32), 0, sha256(bytes([number])).digest(), from_unix(GENESIS_TIME))
        for number, (name, arguments) in enumerate(history)
    ]
    found = {}
    for state in rebuild(events).issuer_states():
        apart = {each.state.place: each for each in spread(state, repeated_in(stand.trees, state))}
        for root, count in state.counts.items():
            for place in (AnchorPlace(root, index) for index in range(count)):
                own, more = state.state_of(place, digest_at(stand, place, count)), apart.get(place)
                found[state.issuer, place] = (
                    own.revoked or own.voided or (more is not None and more.revoked),
                    own.suspended or (more is not None and more.suspended),
                )
    return found


def digest_at(stand: Stand, place: AnchorPlace, count: int) -> bytes:
    digest, _ = stand.trees.inclusion_at(TreeId(place.root, count), place.leaf_index)
    return digest


def test_a_tree_that_is_loaded_later_changes_what_lists_and_figures_say(tmp_path: Path) -> None:
    stand = Stand(tmp_path, open_database(f"sqlite:///{tmp_path / 'testamur.db'}"))
    first = stand.tree(credential(1), credential(2), stored=False)
    second = stand.tree(credential(1), credential(3))
    stand.mine(registered(1))
    stand.mine(stand.anchored(1, first), stand.anchored(1, second))
    stand.mine(status_set(1, first, stand.leaves[first].index(credential(1))))
    stand.finalise(3)
    stand.load()
    place = read_final_position(stand.index, 1, 2, stand.leaves[second].index(credential(1)))

    def said() -> tuple[bool, int]:
        given = stand.client.get("/v1/status-lists/1/revocation/1").json()["credentialSubject"]["encodedList"]
        figures = stand.client.get("/v1/insights").json()["credentials"]["byIssuer"]
        return is_set(decode(given), place.index), figures[0]["revoked"]

    before = said()
    with Tree.build([credential(1), credential(2)]) as tree:
        tree.write(stand.trees.path(tree.id))
    TreeLoader(stand.index, stand.trees).step()
    after = said()
    assert (before[0], after[0]) == (False, True)
    assert after[1] == before[1] + 1
    stand.engine.dispose()


def test_a_lookup_says_in_how_many_batches_of_the_issuer_it_did_not_look(tmp_path: Path) -> None:
    stand = Stand(tmp_path, open_database(f"sqlite:///{tmp_path / 'testamur.db'}"))
    first = stand.tree(credential(1), credential(2), stored=False)
    second = stand.tree(credential(1), credential(3))
    stand.mine(registered(1), registered(2))
    stand.mine(stand.anchored(1, first), stand.anchored(1, second))
    stand.mine(status_set(1, first, stand.leaves[first].index(credential(1))))
    stand.load()
    digest = credential(1).hex()

    def said() -> list[dict[str, Any]]:
        one = stand.client.get(f"/v1/credentials/{digest}").json()
        (other,) = stand.client.post("/v1/lookup", json={"digests": [digest]}).json()["results"]
        return [one, other]

    for told in said():
        assert told["notSearched"] == {"1": 1}
        assert [anchor["status"]["revoked"] for anchor in told["anchors"]] == [False]
    with Tree.build([credential(1), credential(2)]) as tree:
        tree.write(stand.trees.path(tree.id))
    TreeLoader(stand.index, stand.trees).step()
    stand.service.coverage = Coverage(stand.index)  # as after two seconds
    for told in said():
        assert "notSearched" not in told
        assert [anchor["status"]["revoked"] for anchor in told["anchors"]] == [True, True]
    stand.engine.dispose()
