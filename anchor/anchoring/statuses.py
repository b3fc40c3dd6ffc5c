"""Compares status jobs with database and chain, and makes the deeds that they need (`status_plan` has the rules)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from anchor.acts.places import Spot, anchor_states
from anchor.acts.status_plan import DIGESTS_A_DEED, VOIDED, Asked, Outcome, plan
from anchor.books.batches import BatchRow, BatchStore, Place
from anchor.books.deeds import ByDigest, DeedRow, DeedStore, NewDeed, Subject, Word, dissolve
from anchor.books.leases import Lease, LeaseLost
from anchor.books.on_chain import BEHIND, UNSTATED, History, named
from anchor.books.status_jobs import Resolved, StatusJob, StatusJobStore, Way
from anchor.books.tables import ENDED_STATES, BatchState, StatusJobState
from anchor.notices.notices import Notices
from anchor.sending.outlook import Outlook
from registry.anchors import judge
from registry.chain.contract import Batch, CredentialRegistry
from registry.chain.rpc.classify import is_outage
from registry.chain.storage import Storage
from registry.database.engine import Engine
from registry.errors import ChainUnavailable, ContractReverted, NotPossible, RegistryError
from registry.records import WORD_BITS, Act, DigestStatus, Purpose

FAMILY: Final = {
    Act.REVOKE: Purpose.REVOCATION,
    Act.SUSPEND: Purpose.SUSPENSION,
    Act.REINSTATE: Purpose.SUSPENSION,
}
# Of one issuer in one round, so that nobody else waits for long; the rest is looked at in the next rounds.
MOST_AT_ONCE: Final = 1000
MOST_CREDENTIALS: Final = 20_000
# Neighbours are asked for together.
WORDS_AT_ONCE: Final = 64
# Parked for what another may end: looked at again.
PASSING: Final = frozenset({"not-operator"})


@dataclass(frozen=True, slots=True)
class _Parked:
    """A job that cannot go on, and why."""

    job: StatusJob
    code: str
    why: str


class StatusResolver:
    """Takes each status job one step further; what is in the database and on chain decides what is still to be done.

    Args:
        chain: CAIP-2 name.
        lease: of the account that shall send the deeds.
        history: what the issuers have on chain.
    """

    def __init__(
        self,
        engine: Engine,
        contract: CredentialRegistry,
        chain: str,
        lease: Lease,
        batches: BatchStore,
        history: History,
        notices: Notices,
    ):
        self._engine = engine
        self._contract = contract
        self._lease = lease
        self._batches = batches
        self._history = history
        self._notices = notices
        self._jobs = StatusJobStore(engine, chain, contract.address)
        self._deeds = DeedStore(engine, chain, contract.address)
        self._seen: tuple[int, ...] = ()
        # Jobs for which there was no time since then; and by job, the round that looked at it last.
        self._left: set[int] = set()
        self._looked: dict[int, int] = {}
        self._rounds = 0
        # By job, the block, by number and hash, in whose state what needs no transaction was seen first.
        self._so: dict[int, tuple[int, bytes]] = {}

    def round(self, outlook: Outlook, allowed: Callable[[int], bool]) -> None:
        """Follow the deeds of jobs, and make new ones where they are needed.

        Args:
            allowed: whether the account may change statuses for an issuer.

        Raises:
            RegistryError: something of one issuer's could not be asked; the others' were looked at.
            LeaseLost: another process may have taken over.
        """
        self._follow(self._jobs.open())
        jobs, now = self._jobs.open(), time.time()
        # What waits is looked at again when a block came or a transaction moved on.
        seen = (outlook.head.number, outlook.final.number, *self._jobs.stirred())
        has_moved, self._seen = seen != self._seen, ()
        due = [
            job
            for job in jobs
            if job.due
            and (job.not_before is None or job.not_before <= now)
            and (has_moved or _is_fresh(job) or job.number in self._left)
        ]
        self._rounds += 1
        self._left = {job.number for job in due}
        self._looked = {job.number: self._looked.get(job.number, 0) for job in jobs}
        trouble: RegistryError | None = None
        for issuer in sorted({job.issuer for job in due}):
            mine = self._chosen(job for job in due if job.issuer == issuer)
            try:
                if allowed(issuer):
                    self._resolve(issuer, mine, [job for job in jobs if job.issuer == issuer], outlook)
                else:
                    why = f"the account {self._lease.address} may not change statuses for issuer {issuer}"
                    self._store(issuer, [_parked(_Parked(job, code="not-operator", why=why)) for job in mine])
            except LeaseLost:
                raise
            except RegistryError as error:
                if isinstance(error, ChainUnavailable) and is_outage(error):
                    raise
                # One issuer's trouble is not the others'.
                trouble = trouble or error
        if trouble is not None:
            raise trouble
        self._seen = seen

    def _chosen(self, due: Iterable[StatusJob]) -> list[StatusJob]:
        """Those of an issuer that are looked at now: new ones first, then those that were looked at longest ago."""
        credentials, chosen = 0, list[StatusJob]()
        for job in sorted(due, key=lambda job: (not _is_fresh(job), self._looked[job.number])):
            credentials += job.credentials
            if chosen and (credentials > MOST_CREDENTIALS or len(chosen) == MOST_AT_ONCE):
                break
            chosen.append(job)
            self._looked[job.number] = self._rounds
            self._left.discard(job.number)
        return chosen

    def _follow(self, jobs: Sequence[StatusJob]) -> None:
        """Bring the jobs to where their deeds are."""
        deeds = self._deeds.of_jobs([job.number for job in jobs])
        for job in jobs:
            if not deeds[job.number]:
                continue
            standing = _standing(deeds[job.number], waits=None if not job.due else job.waits_code)
            ready = all(deed.state is BatchState.FINAL for deed in deeds[job.number])
            result = Resolved(
                job,
                *standing,
                due=job.due or ready,
                overtaken=job.overtaken,
                detail=standing[2] or "by its transactions",
            )
            if (result.state, result.due) != (job.state, job.due):
                self._store(job.issuer, [result])

    # Resolving

    def _resolve(self, issuer: int, due: list[StatusJob], open_jobs: Sequence[StatusJob], outlook: Outlook) -> None:
        try:
            unknown = self._history.unknown(issuer) if any(map(_is_fresh, due)) else []
        except ChainUnavailable as error:
            if error.code != BEHIND:
                raise
            # What such an endpoint says of statuses is as old.
            return
        look = _Look(self._contract, issuer, outlook.head.number)
        newest, deeds = self._deeds.newest(issuer), self._deeds.unsettled(issuer)
        rests = self._deeds.of_jobs([job.number for job in open_jobs])
        found = self._asked(due, look, rests)
        # What has no nonce yet is made anew together with what came since.
        fresh = [each for each in found.values() if isinstance(each, Asked) and _is_fresh(each.job)]
        loose = {deed.id for deed in _touched(deeds, fresh) if not deed.is_signed}
        served = [job for job in open_jobs if loose.intersection(deed.id for deed in rests[job.number])]
        found |= self._asked([job for job in served if job.number not in found], look, rests)
        ordered = [found[job.number] for job in open_jobs if job.number in found]
        under_way = {deed.id: deed for deed in deeds if deed.id not in loose}
        asked = [each for each in ordered if isinstance(each, Asked)]
        outcomes, new = plan(asked, look.is_so, list(under_way.values()))
        results = [_parked(each) for each in ordered if isinstance(each, _Parked)]
        results += [self._result(outcome, under_way, look, outlook) for outcome in outcomes]
        note = f"not looked for in {named(unknown)}, which this database does not know" if unknown else ""
        self._store(issuer, results, new, loose, note, newest)

    def _asked(
        self, jobs: Sequence[StatusJob], look: _Look, rests: Mapping[int, Sequence[DeedRow]]
    ) -> dict[int, Asked | _Parked]:
        """What each of an issuer's jobs asks for, by its number."""
        named = self._jobs.digests_of(jobs)
        wanted = sorted({digest for digests in named.values() for digest in digests})
        look.read_digests({digest for job in jobs if Way.DIGEST in job.ways for digest in named[job.number]})
        places: dict[bytes, list[Place]] = {}
        for place in self._batches.places_of(wanted, look.issuer):
            places.setdefault(place.leaf.digest, []).append(place)
        found: dict[int, Asked | _Parked] = {}
        for job in jobs:
            own = [deed for deed in rests[job.number] if deed.state is BatchState.FINAL]
            try:
                if job.root is None:
                    is_begun = bool(rests[job.number])
                    asked = self._asked_of_credentials(job, named[job.number], places, look, own, is_begun=is_begun)
                    for word in asked.wanted if isinstance(asked, Asked) else ():
                        # What the contract has no answer to keeps this job, and not all of its issuer's.
                        look.is_so(job.act, word)
                    found[job.number] = asked
                else:
                    is_there = look.batch(job.root) is not None
                    words: dict[Subject, int] = {Word(job.root, 0): VOIDED} if is_there else {}
                    found[job.number] = Asked(job, words, missing=int(not is_there), own=own)
            except ContractReverted as refusal:
                found[job.number] = _Parked(job, code="reverted", why=refusal.what)
        return found

    def _asked_of_credentials(
        self,
        job: StatusJob,
        named: Sequence[bytes],
        places: Mapping[bytes, Sequence[Place]],
        look: _Look,
        own: Sequence[DeedRow],
        *,
        is_begun: bool,
    ) -> Asked | _Parked:
        now = time.time()
        overtaken = {way: self._jobs.overtaken(job, now, way) for way in job.ways}
        wanted: dict[Subject, int] = {}
        missing, revoked = 0, []
        for digest in named:
            ways = {way for way in job.ways if digest not in overtaken[way]}
            if not ways:
                continue
            here = places.get(digest, ())
            spots = look.spots(digest, here) if job.act is not Act.REVOKE or Way.PLACE in ways else []
            changeable = look.changeable(job.act, digest, spots, ways)
            if Way.DIGEST not in job.ways:
                # In a batch that is not on chain yet it has to be changed as well.
                missing += len(spots) < max(1, len(here))
            # What is revoked after a job has begun takes nothing from it.
            if not changeable and (spots or Way.DIGEST in ways) and not is_begun:
                revoked.append(digest)
            for subject, bit in changeable:
                wanted[subject] = wanted.get(subject, 0) | bit
        if revoked:
            others = f" and {len(revoked) - 1:,} more" if len(revoked) > 1 else ""
            return _Parked(job, code="revoked", why=f"{revoked[0].hex()}{others} is revoked for good: nothing was sent")
        left_alone = {digest for found in overtaken.values() for digest in found}
        held = {digest for found in overtaken.values() for digest, has_ended in found.items() if not has_ended}
        return Asked(job, wanted, missing, len(left_alone), len(held), own)

    def _result(self, outcome: Outcome, under_way: Mapping[int, DeedRow], look: _Look, outlook: Outlook) -> Resolved:
        asked, job = outcome.asked, outcome.asked.job
        if outcome.is_settled:
            if not look.is_still_so(job.act, asked.wanted) or (outcome.already and not self._is_final(job, outlook)):
                why = "it is so, in a block that is not final yet"
                return Resolved(job, StatusJobState.MINED, due=True, overtaken=asked.overtaken, detail=why)
            self._so.pop(job.number, None)
            state = StatusJobState.FINAL if asked.own else StatusJobState.UNCHANGED
            why = f"block {outlook.final.number} is final"
            return Resolved(job, state, due=False, overtaken=asked.overtaken, detail=why)
        self._so.pop(job.number, None)
        code, waits_why = _waiting_for(outcome)
        standing = _standing([*asked.own, *(under_way[number] for number in outcome.covering)], waits=code)
        if outcome.needs and standing[0] is not StatusJobState.PARKED:
            standing = (StatusJobState.SEALED, None, None)
        state, parked_code, parked_why = standing
        return Resolved(
            job,
            state,
            parked_code or code,
            parked_why or waits_why,
            due=code is not None,
            overtaken=asked.overtaken,
            covering=frozenset(outcome.covering),
            detail=parked_why or waits_why or "its transactions are fixed",
        )

    def _is_final(self, job: StatusJob, outlook: Outlook) -> bool:
        """Whether a block is final in whose state all of a job was seen to be so.

        The state of the final block itself may be gone from the node. So the newest block is asked, and waited for.
        """
        seen = self._so.get(job.number)
        if seen is None or not outlook.is_canonical(*seen):
            self._so[job.number] = seen = (outlook.head.number, outlook.head.hash)
        return seen[0] <= outlook.final.number

    def _store(
        self,
        issuer: int,
        results: Sequence[Resolved],
        new: Sequence[NewDeed] = (),
        loose: Collection[int] = (),
        note: str = "",
        newest: int = 0,
    ) -> None:
        try:
            with self._engine.begin() as connection:
                self._lease.guard(connection)
                if dissolve(connection, sorted(loose), "made anew together with what came since") < len(loose):
                    # A person took back what one of them was for.
                    raise _Moved
                self._jobs.resolve(connection, results, note)
                if new:
                    self._jobs.add_deeds(connection, issuer, self._lease.address, new, newest)
        except (_Moved, NotPossible):
            # The next round sees what a person wanted, or another daemon did.
            return
        for result in results:
            self._tell(result)

    def _tell(self, result: Resolved) -> None:
        job = result.job
        if (result.state, result.waits_code) == (job.state, job.waits_code):
            return
        facts: dict[str, str | int | None] = {"job": job.id, "issuer": job.issuer, "act": job.act.word}
        event = "status-job-final" if result.state in ENDED_STATES else "status-job-state"
        if result.state is StatusJobState.PARKED:
            event, more = "status-job-parked", {"code": result.waits_code, "why": result.waits_why}
        else:
            more = {"state": result.state}
        self._notices.tell(event, **facts | more)


class _Look:
    """The contract as one look at an issuer's batches sees it: each word and batch is asked for once.

    Args:
        head: the newest block. It is asked for by its number: an endpoint that is behind has no answer then, instead
            of an old one.
    """

    def __init__(self, contract: CredentialRegistry, issuer: int, head: int):
        self._contract = contract
        self._head = head
        self.issuer = issuer
        self._batches: dict[bytes, Batch | None] = {}
        self._words: dict[tuple[Purpose, Word], int] = {}
        self._digests: dict[bytes, DigestStatus] = {}

    def batch(self, root: bytes) -> Batch | None:
        """The batch in the newest block."""
        if root not in self._batches:
            self._batches[root] = self._contract.batch(self.issuer, root, at=self._head)
        return self._batches[root]

    def has(self, row: BatchRow) -> bool:
        """Whether it is on chain: another batch may have the same root, over other leaves."""
        batch = self.batch(row.root)
        return batch is not None and batch.leaf_count in (row.leaf_count, UNSTATED)

    def spots(self, digest: bytes, places: Sequence[Place]) -> list[Spot]:
        """Those of a credential's places that are on chain."""
        found = [place for place in places if self.has(place.batch)]
        return [Spot(digest, self.issuer, place.batch.root, place.leaf.leaf_index) for place in found]

    def is_so(self, act: Act, subject: Subject) -> int:
        """The bits of a word, or of a digest, that have the status of an act in the newest block."""
        if isinstance(subject, ByDigest):
            said = self._said_of(subject.digest)
            suspended = int(said.is_suspended)
            return {Act.REVOKE: int(said.is_revoked), Act.SUSPEND: suspended, Act.REINSTATE: 1 - suspended}[act]
        if act is Act.VOID:
            batch = self.batch(subject.root)
            return VOIDED if batch is not None and batch.voided_at is not None else 0
        key = (FAMILY[act], subject)
        if key not in self._words:
            self._read(*key)
        return ~self._words[key] if act is Act.REINSTATE else self._words[key]

    def read_digests(self, digests: Collection[bytes]) -> None:
        """Ask what was said of these, many in a request."""
        keys = [(self.issuer, digest) for digest in sorted(digests) if digest not in self._digests]
        found = Storage(self._contract, self._head).digests(keys)
        self._digests |= {digest: said for (_, digest), said in found.items()}

    def _said_of(self, digest: bytes) -> DigestStatus:
        if digest not in self._digests:
            self.read_digests([digest])
        return self._digests[digest]

    def _read(self, purpose: Purpose, place: Word) -> None:
        batch = self.batch(place.root)
        end = 0 if batch is None else -(-batch.leaf_count // WORD_BITS)
        first = place.word - place.word % WORDS_AT_ONCE if place.word < end else place.word
        count = max(1, min(WORDS_AT_ONCE, end - first))
        words = self._contract.status_words(self.issuer, place.root, purpose, first, count, at=self._head)
        self._words |= {(purpose, Word(place.root, first + at)): word for at, word in enumerate(words)}

    def is_still_so(self, act: Act, bits: Mapping[Subject, int]) -> bool:
        """Whether the newest block has what nobody can take back; a suspension may have been lifted since."""
        if act not in (Act.REVOKE, Act.VOID):
            return True
        return not any(wanted & ~self.is_so(act, subject) for subject, wanted in bits.items())

    def changeable(
        self, act: Act, digest: bytes, spots: list[Spot], ways: Collection[Way]
    ) -> list[tuple[Subject, int]]:
        """What of a credential has to be changed, each with its bits; nothing of one that is revoked for good.

        Args:
            spots: its places on chain; of what is revoked by its digest none is looked at.
            ways: what is asked for.
        """
        itself: list[tuple[Subject, int]] = [(ByDigest(digest), 1)] if Way.DIGEST in ways else []
        left = self._left(act, digest, spots)
        if left is None:
            return []
        return [*itself, *(map(_bit_of, left) if Way.PLACE in ways else ())]

    def _left(self, act: Act, digest: bytes, spots: list[Spot]) -> list[Spot] | None:
        """The places where a credential can be changed; None when it is revoked for good, so that nothing can."""
        if act is Act.REVOKE:
            return spots
        if act is Act.REINSTATE and self._said_of(digest).is_revoked:
            return None
        left = [spot for spot in spots if not self.is_so(Act.VOID, Word(spot.root, 0))]
        if act is Act.REINSTATE and any(self.is_so(Act.REVOKE, place) & bit for place, bit in map(_bit_of, spots)):
            states = anchor_states(self._contract, spots)
            left = [spot for spot, state in zip(spots, states, strict=True) if judge(state, states).withdrawn is None]
        return left if left or not spots else None


class _Moved(Exception):
    """What a look rests on has changed in the meantime."""


def _is_fresh(job: StatusJob) -> bool:
    return job.state is StatusJobState.PENDING and job.waits_code is None


def _touched(deeds: Sequence[DeedRow], asked: Sequence[Asked]) -> Iterator[DeedRow]:
    """The deeds that change some of what is asked for, or have room for more of its digests."""
    subjects = {(subject, FAMILY.get(each.job.act)) for each in asked for subject in each.wanted}
    by_digest = {each.job.act for each in asked if any(isinstance(subject, ByDigest) for subject in each.wanted)}
    for deed in deeds:
        has_room = deed.act in by_digest and 0 < len(deed.digests) < DIGESTS_A_DEED
        if has_room or any((subject, FAMILY.get(deed.act)) in subjects for subject in deed.subjects):
            yield deed


def _bit_of(spot: Spot) -> tuple[Word, int]:
    word, bit = divmod(spot.leaf_index, WORD_BITS)
    return Word(spot.root, word), 1 << bit


def _parked(one: _Parked) -> Resolved:
    due = one.code in PASSING
    return Resolved(one.job, StatusJobState.PARKED, one.code, one.why, due=due, detail=f"{one.code}: {one.why}")


def _standing(deeds: Sequence[DeedRow], *, waits: str | None) -> tuple[StatusJobState, str | None, str | None]:
    """The state of a job by its deeds, and what it is parked for.

    Args:
        waits: what a part of it waits for that has no deed yet.
    """
    parked = next((deed for deed in deeds if deed.state is BatchState.PARKED), None)
    if parked is not None:
        return StatusJobState.PARKED, parked.parked_code, parked.parked_why
    if not deeds:
        return StatusJobState.PENDING, None, None
    is_there = waits is None and all(deed.is_anchored for deed in deeds)
    return StatusJobState.MINED if is_there else StatusJobState.SEALED, None, None


def _waiting_for(outcome: Outcome) -> tuple[str | None, str | None]:
    """What a part of a job waits for: code and words."""
    asked = outcome.asked
    if outcome.waits:
        return "earlier-change", "an earlier change of the same credentials is not in a block yet, or not final"
    if asked.missing:
        return "not-anchored", f"{_amount(asked.missing)} in no batch on chain yet"
    if asked.held:
        return "overtaken", f"a later job asks the opposite of {asked.held:,} of its credentials, and has not ended"
    return None, None


def _amount(number: int) -> str:
    return "1 of what it names is" if number == 1 else f"{number:,} of what it names are"
