"""Evidence of batches is kept while an endpoint has it, is what the contract says, and holds up nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from anchor.anchoring import evidence as keeping
from anchor.anchoring.evidence import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, EvidenceKeeper
from anchor.books.anchoring import AnchorStore, Checkpoint
from anchor.books.batches import BatchRow, BatchStore, Leaf
from anchor.books.evidence import MOST_KEPT_SLOTS, EvidenceStore, KeptEvidence
from anchor.books.leases import Lease
from anchor.books.tables import BatchState
from anchor.books.tables import batch as batch_table
from anchor.books.tables import evidence as evidence_table
from anchor.notices.notices import Notice, Notices
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import first, second
from registry.chain.layout import slots_of
from registry.chain.rpc.client import Block, ChainClient
from registry.database.engine import open_database
from registry.embedded.chain import EmbeddedChain
from registry.errors import EvidenceError, StoreError
from registry.proofs.evidence import Evidence, Proved
from registry.records import Purpose
from registry.verifier.gathering import Leaves, part_of, within
from registry.verifier.stored import StoredRegistry
from tests.anchor.issuer import Site
from tests.faults.proxy import Do, black_hole, refuse
from tests.faults.site import site as faulty
from tests.registry.chain.proof_door import GONE, REFUSALS, ProofDoor
from tests.registry.chain.test_evidence import FRAUD, Registry
from tests.registry.chain.turns_of_days import next_day
from tests.registry.chain.worlds import World


class Here:
    """A registry on a chain, an issuer's books, and the keeper that a daemon has."""

    def __init__(self, registry: Registry, database: str):
        self.registry, self.database = registry, database
        self.engine = open_database(database)
        self.endpoint = ProofDoor(registry.world.client)
        self.client = ChainClient(self.endpoint, where=self.endpoint.where)
        self.contract = CredentialRegistry(self.client, registry.contract.address)
        self.chain_id = self.client.chain_id()
        self.batches = BatchStore(self.engine, f"eip155:{self.chain_id}", self.contract.address)
        self.store = EvidenceStore(self.engine, f"eip155:{self.chain_id}", self.contract.address)
        self.told: list[Notice] = []
        self.now = 0.0
        self.keeper = self.made()

    def made(self, **limits: int) -> EvidenceKeeper:
        """A keeper as a new process would make it."""
        notices = Notices([self.told.append])
        return EvidenceKeeper(
            self.contract, self.chain_id, self.batches, self.store, notices, clock=lambda: self.now, **limits
        )

    def batch(self, root: bytes, digests: Sequence[bytes], state: BatchState = BatchState.FINAL) -> BatchRow:
        """A batch that is anchored, as the books have it."""
        leaves = [Leaf(digest, at, 0, "", 0) for at, digest in enumerate(digests)]
        row = self.batches.add(self.registry.party, root, len(digests), leaves, sealed_at=1)
        anchored = self.contract.batch(self.registry.party, root)
        assert anchored is not None
        block = self.client.block(anchored.block_number)
        assert block is not None
        values = {
            "sequence": anchored.sequence,
            "block_number": block.number,
            "block_hash": block.hash,
            "block_time": int(block.timestamp.timestamp()),
        }
        with self.engine.begin() as connection:
            mine = update(batch_table).where(batch_table.c.id == row.id)
            connection.execute(mine.values(state=state, transaction_hash=bytes(32), **values))
        found = self.batches.by_id(row.id)
        assert found is not None
        return found

    def round(self, keeper: EvidenceKeeper | None = None) -> Block:
        final = self.client.finalized()
        (keeper or self.keeper).round(final)
        return final

    def kept(self, root: bytes) -> KeptEvidence:
        found = self.store.of(self.registry.party, root)
        assert found is not None
        return found

    def proved(self, root: bytes) -> tuple[KeptEvidence, Proved]:
        kept = self.kept(root)
        return kept, kept.evidence.proved(kept.block.hash, most_slots=MOST_KEPT_SLOTS)

    def status(self, root: bytes, index: int, digest: bytes) -> tuple[bool, bool]:
        """Whether a credential is revoked and suspended, by the part of the evidence that is about it."""
        kept, proved = self.proved(root)
        issuer, edition = self.registry.party, self.contract.edition
        part = part_of(kept.evidence, proved.values, edition, Leaves(issuer, root, {index: digest}))
        again = Evidence.from_dict(part.to_dict()).proved(kept.block.hash)
        stored = StoredRegistry(slots_of(edition), within(again.values))
        batch, (said,) = stored.batch(issuer, root), stored.digest_statuses(issuer, [digest])
        assert batch is not None
        words = [
            stored.status_words(issuer, root, purpose, [index // 256])[0] >> index % 256 & 1 for purpose in Purpose
        ]
        by_place = dict(zip(Purpose, words, strict=True))
        revoked = by_place[Purpose.REVOCATION] or said.revoked_at is not None
        return bool(revoked), bool(by_place[Purpose.SUSPENSION] or said.suspended_at is not None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedChain(tmp_path_factory.mktemp("world") / "chain") as chain:
        yield World("embedded", chain.client())


@pytest.fixture(scope="module", params=[first, second], ids=["first edition", "second edition"])
def registry(world: World, request: pytest.FixtureRequest) -> Registry:
    return Registry(world, request.param())


@pytest.fixture
def here(registry: Registry, tmp_path: Path) -> Iterator[Here]:
    made = Here(registry, f"sqlite:///{tmp_path / 'testamur.db'}")
    yield made
    made.engine.dispose()


@pytest.fixture
def on_both(registry: Registry, site: Site) -> Iterator[Here]:
    made = Here(registry, site.engine.url.render_as_string(hide_password=False))
    yield made
    made.engine.dispose()


def test_what_is_kept_is_what_the_contract_says_of_each_credential(on_both: Here) -> None:
    here, registry = on_both, on_both.registry
    root, digests = registry.root, registry.digests
    here.batch(root, digests)
    here.batch(registry.void, digests[:5])
    final = here.round()
    assert here.kept(root).block == final.reference
    assert not here.kept(root).is_of_day
    assert here.endpoint.numbers == [final.number] * here.endpoint.proofs
    for index in (0, 1, 2, 3, 255, 256, 257, 258, 299):
        status = here.contract.status(registry.party, root, index, digests[index], at=final.number)
        assert here.status(root, index, digests[index]) == (status.revoked, status.suspended), index
    assert here.status(registry.void, 3, digests[3])[0] is True
    # As in another process, which has nothing to do then.
    asked = here.endpoint.proofs
    here.round(here.made())
    assert (here.endpoint.proofs, here.told) == (asked, [])


def test_a_batch_of_three_words(here: Here) -> None:
    registry = here.registry
    digests = sorted(sha256(b"six hundred %d %d" % (registry.party, number)).digest() for number in range(600))
    root = sha256(digests[0]).digest()
    registry.call("anchor", registry.party, root, 600)
    registry.call("setStatus", registry.party, root, Purpose.SUSPENSION, 2, 1 << 87, FRAUD)
    here.batch(root, digests)
    here.round()
    assert [here.status(root, at, digests[at])[1] for at in (0, 256, 598, 599)] == [False, False, False, True]
    # All words in one request, and one more for every hundred digests, of an issuer that has spoken of digests.
    assert here.endpoint.proofs == (7 if here.contract.edition.has_digest_statuses else 1)


def test_of_a_large_batch_what_is_said_of_it_as_a_whole_is_kept(here: Here) -> None:
    registry = here.registry
    here.batch(registry.void, registry.digests[:5])
    here.round(here.made(most_leaves=4))
    kept, proved = here.proved(registry.void)
    stored = StoredRegistry(slots_of(here.contract.edition), within(proved.values))
    batch, party = stored.batch(registry.party, registry.void), stored.party(registry.party)
    assert batch is not None
    assert batch.is_void
    assert party == here.contract.party(registry.party, at=kept.block.number)
    with pytest.raises(EvidenceError) as missing:
        here.status(registry.void, 3, registry.digests[3])
    assert missing.value.code == "evidence-missing"


def test_what_is_not_final_waits(here: Here) -> None:
    here.batch(here.registry.root, here.registry.digests, BatchState.SAFE)
    here.round()
    assert here.store.of(here.registry.party, here.registry.root) is None
    assert here.endpoint.proofs == 0


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_told_once_and_the_pauses_grow(here: Here, refusal: Mapping[str, Any]) -> None:
    here.endpoint.refuse = lambda _: refusal
    here.batch(here.registry.root, here.registry.digests)
    pauses, last = [], here.now
    while len(pauses) < 10:
        asked = here.endpoint.proofs
        here.round()
        if here.endpoint.proofs != asked:
            pauses.append(here.now - last)
            last = here.now
        here.now += FIRST_PAUSE_SECONDS / 2
    assert pauses == sorted(pauses)
    assert (pauses[1], pauses[-1]) == (FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    (notice,) = here.told
    assert (notice.event, notice.level) == ("evidence-failed", "warning")
    assert refusal["message"] in str(notice.facts["why"])
    assert notice.facts["root"] == f"0x{here.registry.root.hex()}"
    here.endpoint.refuse = lambda _: None
    here.now += LONGEST_PAUSE_SECONDS
    here.round()
    here.kept(here.registry.root)
    # What goes wrong later is news.
    here.endpoint.refuse = lambda _: refusal
    here.batch(here.registry.void, here.registry.digests[:5])
    here.now += LONGEST_PAUSE_SECONDS
    here.round()
    assert len(here.told) == 2


def test_what_is_not_proved_is_not_kept(here: Here) -> None:
    def other_value(proof: Any) -> Any:
        return {**proof, "storageProof": [{**each, "proof": each["proof"][:-1]} for each in proof["storageProof"]]}

    here.endpoint.change = other_value
    here.batch(here.registry.root, here.registry.digests)
    here.round()
    assert here.store.of(here.registry.party, here.registry.root) is None
    assert [notice.facts["code"] for notice in here.told] == ["not-proved"]


def test_one_batch_that_fails_holds_up_no_other(here: Here) -> None:
    registry = here.registry
    here.batch(registry.root, registry.digests)
    here.batch(registry.void, registry.digests[:5])
    slot = f"0x{slots_of(registry.edition).batch(registry.party, registry.root).hex()}"

    def cut_short(proof: Any) -> Any:
        found = [
            {**each, "proof": each["proof"][:-1]} if int(each["key"], 16) == int(slot, 16) else each
            for each in proof["storageProof"]
        ]
        return {**proof, "storageProof": found}

    here.endpoint.change = cut_short
    here.round()
    here.now += FIRST_PAUSE_SECONDS - 1
    # The endpoint may refuse everything, so it is left alone for a while; then the other one comes first.
    here.round()
    assert here.store.of(registry.party, registry.void) is None
    here.now += 1
    here.round()
    here.kept(registry.void)
    assert here.store.of(registry.party, registry.root) is None
    assert {notice.facts["root"] for notice in here.told} == {f"0x{registry.root.hex()}"}


def test_a_round_is_short_and_the_next_one_goes_on(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    if not here.contract.edition.has_digest_statuses:
        pytest.skip("one request has all of it")
    here.batch(here.registry.root, here.registry.digests)
    monkeypatch.setattr(here.endpoint, "change", lambda proof: (later(), proof)[1])

    def later() -> None:
        here.now += keeping.SECONDS_A_ROUND

    asked = []
    for _ in range(10):
        before = here.endpoint.proofs
        here.round()
        asked.append(here.endpoint.proofs - before)
    # Party, batch and words; then 300 digests.
    assert asked[:4] == [1, 1, 1, 1]
    assert sum(asked) == 4
    assert len(set(here.endpoint.numbers)) == 1
    assert here.status(here.registry.root, 0, here.registry.digests[0])[0] is True


def test_a_process_that_ends_between_reading_and_storing_loses_nothing(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(BaseException):
        pass

    def ends(*_: object, **__: object) -> None:
        raise Ended

    here.batch(here.registry.root, here.registry.digests)
    with monkeypatch.context() as patched:
        patched.setattr(here.store, "keep", ends)
        with pytest.raises(Ended):
            here.round()
    assert here.store.of(here.registry.party, here.registry.root) is None
    here.round(here.made())
    here.kept(here.registry.root)


def test_a_database_that_does_not_take_it_is_told_and_tried_again(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.batch(here.registry.root, here.registry.digests)
    with monkeypatch.context() as patched:

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr(here.store, "keep", full)
        here.round()
    assert [notice.facts["code"] for notice in here.told] == ["OSError"]
    here.now += FIRST_PAUSE_SECONDS
    here.round()
    here.kept(here.registry.root)


def test_what_is_damaged_is_named_as_that(here: Here) -> None:
    here.batch(here.registry.root, here.registry.digests)
    here.round()
    with here.engine.begin() as connection:
        connection.execute(update(evidence_table).values(content=b"no more"))
    with pytest.raises(StoreError) as damaged:
        here.kept(here.registry.root)
    assert damaged.value.code == "evidence-damaged"


def test_where_a_person_says_that_another_chain_is_the_right_one_it_is_read_anew(on_both: Here) -> None:
    here, root = on_both, on_both.registry.root
    here.batch(root, here.registry.digests)
    here.round()
    before = here.kept(root).block
    name, account = f"eip155:{here.chain_id}", here.registry.world.account().address
    lease = Lease(here.engine, name, account, "a person", 60)
    assert lease.acquire()
    seen = Checkpoint(bytes(32), bytes(32), 1, bytes(32))
    AnchorStore(here.engine, name, here.contract.address, lease).accept_chain(seen, [])
    lease.release()
    assert here.store.of(here.registry.party, root) is None
    here.registry.call("registerParty", "", bytes(32))
    here.round(here.made())
    assert here.kept(root).block.number == before.number + 1


# The first block of a day


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    """A chain whose blocks are made on the days on which a test says that they are."""
    with EmbeddedChain(tmp_path / "chain") as chain:
        registry = Registry(World("embedded", chain.client()), second())
        made = Here(registry, f"sqlite:///{tmp_path / 'testamur.db'}")
        yield made
        made.engine.dispose()


def test_the_first_block_of_the_next_day_replaces_the_first_evidence(
    moved: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = moved.registry.root
    moved.batch(root, moved.registry.digests)
    final = moved.round()
    assert (moved.kept(root).block, moved.kept(root).is_of_day) == (final.reference, False)
    day = next_day(moved.registry, monkeypatch)
    # What is said later is in neither.
    moved.registry.call("revokeDigests", moved.registry.party, moved.registry.digests[7:8], FRAUD)
    moved.round()
    assert (moved.kept(root).block, moved.kept(root).is_of_day) == (day.reference, True)
    assert moved.status(root, 7, moved.registry.digests[7]) == (False, False)
    asked = moved.endpoint.proofs
    next_day(moved.registry, monkeypatch)
    moved.round()
    # Once is enough.
    assert (moved.endpoint.proofs, moved.kept(root).block) == (asked, day.reference)
    assert moved.told == []


def test_where_that_block_is_gone_the_next_day_s_will_do(moved: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = moved.registry
    moved.batch(registry.root, registry.digests)
    moved.round()
    early = moved.kept(registry.root).block
    day = next_day(moved.registry, monkeypatch)
    moved.endpoint.refuse = lambda number: GONE if number <= day.number else None
    moved.batch(registry.void, registry.digests[:5])
    for _ in range(5):
        moved.round()
        moved.now += 60
    # The one has its first evidence still; the other has one of now.
    assert moved.kept(registry.root).block == early
    assert (moved.kept(registry.void).block.number, moved.kept(registry.void).is_of_day) == (day.number + 1, False)
    assert [notice.facts["block"] for notice in moved.told] == [day.number]
    assert moved.endpoint.numbers.count(day.number) == 1
    after = next_day(moved.registry, monkeypatch)
    moved.round()
    for root in (registry.root, registry.void):
        assert (moved.kept(root).block, moved.kept(root).is_of_day) == (after.reference, True)


# The daemon


def test_a_daemon_keeps_evidence_of_what_is_final(tmp_path: Path) -> None:
    with faulty(tmp_path / "data", issuers=1) as site:
        chain_id, notices = site.chain.deployment.chain_id, Notices([site.notices.append])
        store = EvidenceStore(site.data.engine, f"eip155:{chain_id}", site.contract.address)
        keeper = EvidenceKeeper(site.contract, chain_id, site.batches, store, notices)
        job = site.job("ada", "bob")
        site.to_the_end(site.worker(keeper=keeper), job)
        root = site.batch(job).root
        kept = store.of(1, root)
        assert kept is not None
        proved = kept.evidence.proved(kept.block.hash)
        batch = StoredRegistry(slots_of(site.contract.edition), within(proved.values)).batch(1, root)
        assert batch == site.contract.batch(1, root)
        assert site.events("evidence-failed") == []


@pytest.mark.parametrize("trouble", [refuse(-32601, "the method does not exist/is not available"), black_hole])
def test_an_endpoint_without_proofs_holds_up_no_anchor(tmp_path: Path, trouble: Do) -> None:
    with faulty(tmp_path / "data", issuers=1) as site:
        chain_id, notices = site.chain.deployment.chain_id, Notices([site.notices.append])
        store = EvidenceStore(site.data.engine, f"eip155:{chain_id}", site.contract.address)
        worker = site.worker(keeper=EvidenceKeeper(site.contract, chain_id, site.batches, store, notices))
        site.proxy.rule("eth_getProof", do=trouble)
        for name in ("ada", "bob"):
            site.to_the_end(worker, site.job(name))
        assert site.proxy.count("eth_getProof") in (1, 2)
        assert len(site.events("evidence-failed")) == 1
        assert site.events("round-failed") == []
