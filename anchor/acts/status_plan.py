"""What has to be sent so that credentials get the status that their issuer asks for: a rule over values, without I/O.

A *status job* is an issuer's word about credentials that are anchored, or will be: revoke them, suspend them, reinstate
them, or void a whole batch; with a reason, an urgent flag and, if wanted, a moment before which nothing is sent. It is
stored first and compared with the chain later, again and again until what it asks for is so in a final block. What it
needs on chain are *deeds*, each one transaction: a deed goes through the same engine as the anchor of a batch, keeps
one nonce, is sent again with the same bytes or a higher fee, and survives reorganisations.

The rules:

- **Everywhere.** A credential is revoked or suspended by its digest: in every batch of its issuer, anchored before or
  later, known here or not. So nothing waits for an anchor. What lifts a suspension lifts it of the digest, and of every
  place that the database knows.
- **Of places alone**, where a job says so: then it changes in every batch that the database knows. Where a batch is not
  on chain yet, the job waits for it and goes on when it is; what can be changed before that is changed at once.
- **Fewest transactions.** One deed changes up to 100 digests, or up to 256 neighbours of a batch; jobs with the same
  act and reason share it.
- **What is so already** needs no transaction. A job that needed none ends as *unchanged*.
- **The latest word wins**, of a digest and of its places each by itself. Where a later job asks the opposite of a
  credential (suspend, reinstate), an earlier one leaves it alone; it waits until the later one has ended, because that
  one may still be taken back. A deed that changes something back is made when the one before it is in a block: their
  nonces are in the order of the words.
  What was lost on the way (another's nonce, a refusal in the block) is not sent again but asked for anew.
- **Urgent first** among all that has no nonce yet, anchors included, up to an issuer's share of what is on the way.
  What is signed is never overtaken.
- **Before it is signed** a job can be taken back. Deeds without a nonce are dissolved and made anew for the others.
- **Final** is a job when each of its changes is the event of a transaction in a final block, where the contract's own
  state agreed; or, for what needed no transaction, when the contract says so at a final block.
- **Not entitled.** While the daemon's account is no operator of the issuer, the job is parked as `not-operator`.
- **Revoked is revoked.** A job to reinstate what is revoked for good, or to suspend in a voided batch, is parked as a
  whole: nothing is sent. To suspend what was revoked by itself is taken, as of the commands; it stays revoked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Final

from anchor.books.deeds import ByDigest, DeedRow, NewDeed, Subject, Word
from anchor.books.status_jobs import StatusJob
from registry.records import Act

VOIDED: Final = 1
"""The mask of a deed that voids a batch, and what `is_so` says of one that is voided."""

DIGESTS_A_DEED: Final = 100

OPPOSITE: Final = {Act.SUSPEND: Act.REINSTATE, Act.REINSTATE: Act.SUSPEND}

IsSo = Callable[[Act, Subject], int]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job asks for, as far as it can be said now.

    Attributes:
        wanted: the digests, and the bits of each word in batches that are on chain, that shall have the status.
        missing: credentials that are in a batch which is not on chain yet, or in none.
        overtaken: credentials of which a later job asks the opposite; of them `held` by one that has not ended.
        own: final deeds that the job rests on.
    """

    job: StatusJob
    wanted: Mapping[Subject, int]
    missing: int = 0
    overtaken: int = 0
    held: int = 0
    own: Sequence[DeedRow] = ()


@dataclass(slots=True)
class Outcome:
    """What a job rests on.

    Attributes:
        covering: numbers of stored deeds that are on their way to what it asks for.
        needs: whether a deed was planned for it.
        waits: whether an earlier change of the same credentials has to be in a block first.
        already: the bits that have the status without a transaction of this job.
    """

    asked: Asked
    covering: set[int] = field(default_factory=set)
    needs: bool = False
    waits: bool = False
    already: dict[Subject, int] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be done or waited for, but finality."""
        asked = self.asked
        return not (self.covering or self.needs or self.waits or asked.missing or asked.held)


def plan(asked: Sequence[Asked], is_so: IsSo, deeds: Sequence[DeedRow]) -> tuple[list[Outcome], list[NewDeed]]:
    """What each job rests on, and the deeds that have to be made.

    Args:
        asked: of one issuer, those first whose deeds shall go first.
        is_so: the bits of a word, or of a digest, that have the status of an act in the newest block.
        deeds: those of the issuer that are not settled, oldest first.
    """
    under_way, planned = _Deeds(deeds), _Planned()
    outcomes = []
    for each in asked:
        outcome, own = Outcome(each), _Deeds(each.own)
        for subject, bits in each.wanted.items():
            here = under_way.touching(each.job.act, subject)
            left = _covered(outcome, subject, bits, here) & ~_union(
                deed.bits(subject) for deed in own.touching(each.job.act, subject)
            )
            unplanned = planned.join(each.job, subject, left)
            needed = _needed(outcome, subject, unplanned, is_so, here)
            if needed:
                planned.add(each.job, subject, needed)
            outcome.needs |= needed != 0 or unplanned != left
        outcomes.append(outcome)
    return outcomes, list(planned.deeds())


class _Deeds:
    """Stored deeds by what they change, each in the order that was given."""

    def __init__(self, deeds: Sequence[DeedRow]):
        self._voids: dict[bytes, list[tuple[int, DeedRow]]] = {}
        self._others: dict[Subject, list[tuple[int, DeedRow]]] = {}
        for at, each in enumerate(deeds):
            if each.act is Act.VOID:
                self._voids.setdefault(each.root, []).append((at, each))
            else:
                for subject in each.subjects:
                    self._others.setdefault(subject, []).append((at, each))

    def touching(self, act: Act, subject: Subject) -> list[DeedRow]:
        """Those that change it for the same purpose, or all of its batch."""
        found = [(at, each) for at, each in self._others.get(subject, ()) if each.act in (act, OPPOSITE.get(act))]
        if isinstance(subject, Word) and subject.root in self._voids:
            found = sorted([*found, *self._voids[subject.root]], key=lambda each: each[0])
        return [each for _, each in found]


@dataclass(frozen=True, slots=True)
class _New:
    """What is to be changed of one word or digest, and for which jobs."""

    act: Act
    reason: str
    subject: Subject
    mask: int
    urgent: bool
    jobs: frozenset[int]

    def with_job(self, job: StatusJob, bits: int = 0) -> _New:
        return replace(self, mask=self.mask | bits, urgent=self.urgent or job.urgent, jobs=self.jobs | {job.number})


class _Planned:
    """What was planned so far, for all jobs."""

    def __init__(self) -> None:
        self._at: dict[tuple[Act, Subject], dict[str, _New]] = {}
        self._order: dict[tuple[Act, Subject, str], None] = {}

    def join(self, job: StatusJob, subject: Subject, bits: int) -> int:
        """Have a job share what was planned for others; the bits that none of it changes."""
        here = self._at.get((job.act, subject), {})
        for reason, each in here.items():
            if each.mask & bits:
                here[reason] = each.with_job(job)
                bits &= ~each.mask
        return bits

    def add(self, job: StatusJob, subject: Subject, bits: int) -> None:
        """Plan a change for a job."""
        here = self._at.setdefault((job.act, subject), {})
        known = here.get(job.reason) or _New(job.act, job.reason, subject, 0, urgent=False, jobs=frozenset())
        here[job.reason] = known.with_job(job, bits)
        self._order.setdefault((job.act, subject, job.reason))

    def deeds(self) -> Iterator[NewDeed]:
        """As few deeds as it takes, in the order in which they were planned; of digests the urgent ones together."""
        groups: dict[tuple[Act, str], list[_New]] = {}
        for act, subject, reason in self._order:
            each = self._at[act, subject][reason]
            if isinstance(subject, Word):
                yield NewDeed(act, reason, subject, each.mask, each.urgent, each.jobs)
            else:
                groups.setdefault((act, reason), []).append(each)
        for (act, reason), found in groups.items():
            found.sort(key=lambda each: not each.urgent)
            for start in range(0, len(found), DIGESTS_A_DEED):
                some = found[start : start + DIGESTS_A_DEED]
                subjects = tuple(each.subject for each in some if isinstance(each.subject, ByDigest))
                jobs = frozenset[int]().union(*(each.jobs for each in some))
                yield NewDeed(act, reason, subjects, 0, any(each.urgent for each in some), jobs)


def _covered(outcome: Outcome, subject: Subject, bits: int, here: Sequence[DeedRow]) -> int:
    """Take down the deeds under way that do it; the bits that none of them does."""
    act, on = outcome.asked.job.act, 0
    for each in here:
        # The last of them decides: their nonces are in this order.
        on = on | each.bits(subject) & bits if _does(each, act) else on & ~each.bits(subject)
    outcome.covering.update(each.id for each in here if _does(each, act) and each.bits(subject) & on)
    return bits & ~on


def _needed(outcome: Outcome, subject: Subject, bits: int, is_so: IsSo, here: Sequence[DeedRow]) -> int:
    """The bits that have to be changed by a new deed; what has the status, and what has to wait, is taken down."""
    if not bits:
        return 0
    act = outcome.asked.job.act
    against = [each for each in here if not _does(each, act)]
    under_way = _union(each.bits(subject) for each in against if not each.is_anchored)
    undone = _union(each.bits(subject) for each in against)
    so = is_so(act, subject)
    if bits & under_way or bits & undone & so:
        # Whoever has not seen the other deed's block calls so what it has just changed.
        outcome.waits = True
    if already := bits & so & ~undone:
        outcome.already[subject] = already
    return bits & ~so & ~under_way


def _does(deed: DeedRow, act: Act) -> bool:
    """Whether a deed brings about what the act asks for; a voided batch is revoked as a whole."""
    return deed.act is act or (deed.act is Act.VOID and act is Act.REVOKE)


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)
