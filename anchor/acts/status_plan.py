"""What has to be sent so that credentials get the status that their issuer asks for: a rule over values, without I/O.

A *status job* is an issuer's word about credentials that are anchored, or will be: revoke them, suspend them, reinstate
them, or void a whole batch; with a reason, an urgent flag and, if wanted, a moment before which nothing is sent. It is
stored first and compared with the chain later, again and again until what it asks for is so in a final block. What it
needs on chain are *deeds*, each one transaction: a deed goes through the same engine as the anchor of a batch, keeps
one nonce, is sent again with the same bytes or a higher fee, and survives reorganisations.

The rules:

- **Everywhere.** A credential changes in every batch of its issuer that the database knows. Where a batch is not on
  chain yet, the job waits for it and goes on when it is; what can be changed before that is changed at once.
- **Fewest transactions.** One deed changes up to 256 neighbours of a batch; jobs with the same act and reason share it.
- **What is so already** needs no transaction. A job that needed none ends as *unchanged*.
- **The latest word wins.** Where a later job asks the opposite of a credential (suspend, reinstate), an earlier one
  leaves it alone; it waits until the later one has ended, because that one may still be taken back. A deed that
  changes something back is made when the one before it is in a block: their nonces are in the order of the words.
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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final

from anchor.books.deeds import DeedRow, NewDeed, Word
from anchor.books.status_jobs import StatusJob
from registry.records import Act

VOIDED: Final = 1
"""The mask of a deed that voids a batch, and what `is_so` says of one that is voided."""

OPPOSITE: Final = {Act.SUSPEND: Act.REINSTATE, Act.REINSTATE: Act.SUSPEND}

IsSo = Callable[[Act, Word], int]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job asks for, as far as it can be said now.

    Attributes:
        wanted: the bits of each word that shall have the status, in batches that are on chain.
        missing: credentials that are in a batch which is not on chain yet, or in none.
        overtaken: credentials of which a later job asks the opposite; of them `held` by one that has not ended.
        own: final deeds that the job rests on.
    """

    job: StatusJob
    wanted: Mapping[Word, int]
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
        already: the bits of each word that have the status without a transaction of this job.
    """

    asked: Asked
    covering: set[int] = field(default_factory=set)
    needs: bool = False
    waits: bool = False
    already: dict[Word, int] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be done or waited for, but finality."""
        asked = self.asked
        return not (self.covering or self.needs or self.waits or asked.missing or asked.held)


def plan(asked: Sequence[Asked], is_so: IsSo, deeds: Sequence[DeedRow]) -> tuple[list[Outcome], list[NewDeed]]:
    """What each job rests on, and the deeds that have to be made.

    Args:
        asked: of one issuer, those first whose deeds shall go first.
        is_so: the bits of a word that have the status of an act in the newest block.
        deeds: those of the issuer that are not settled, oldest first.
    """
    planned: dict[tuple[Act, str, Word], NewDeed] = {}
    outcomes = []
    for each in asked:
        outcome = Outcome(each)
        for word, bits in each.wanted.items():
            left = _covered(outcome, word, bits, deeds)
            left = _planned_before(outcome, word, left, planned)
            needed = _needed(outcome, word, left, is_so, deeds)
            if needed:
                _add(planned, each.job, word, needed)
                outcome.needs = True
        outcomes.append(outcome)
    return outcomes, list(planned.values())


def _covered(outcome: Outcome, word: Word, bits: int, deeds: Sequence[DeedRow]) -> int:
    """Take down the deeds under way that do it; the bits that none of them does."""
    act, on = outcome.asked.job.act, 0
    here = [each for each in deeds if _touches(each, act, word)]
    for each in here:
        # The last of them decides: their nonces are in this order.
        on = on | _mask(each) & bits if _does(each, act) else on & ~_mask(each)
    outcome.covering.update(each.id for each in here if _does(each, act) and _mask(each) & on)
    return bits & ~on & ~_union(_mask(each) for each in outcome.asked.own if _touches(each, act, word))


def _planned_before(outcome: Outcome, word: Word, bits: int, planned: dict[tuple[Act, str, Word], NewDeed]) -> int:
    """Join the deeds that were planned for other jobs; the bits that none of them does."""
    job = outcome.asked.job
    for key, deed in planned.items():
        if (deed.act, deed.place) == (job.act, word) and deed.mask & bits:
            planned[key] = deed._replace(jobs=deed.jobs | {job.number}, urgent=deed.urgent or job.urgent)
            outcome.needs = True
            bits &= ~deed.mask
    return bits


def _needed(outcome: Outcome, word: Word, bits: int, is_so: IsSo, deeds: Sequence[DeedRow]) -> int:
    """The bits that have to be changed by a new deed; what has the status, and what has to wait, is taken down."""
    if not bits:
        return 0
    act = outcome.asked.job.act
    against = [each for each in deeds if _touches(each, act, word) and not _does(each, act)]
    under_way = _union(_mask(each) for each in against if not each.is_anchored)
    undone = _union(map(_mask, against))
    so = is_so(act, word)
    if bits & under_way or bits & undone & so:
        # Whoever has not seen the other deed's block calls so what it has just changed.
        outcome.waits = True
    if already := bits & so & ~undone:
        outcome.already[word] = already
    return bits & ~so & ~under_way


def _add(planned: dict[tuple[Act, str, Word], NewDeed], job: StatusJob, word: Word, bits: int) -> None:
    key = (job.act, job.reason, word)
    known = planned.get(key)
    if known is None:
        planned[key] = NewDeed(job.act, job.reason, word, bits, job.urgent, frozenset({job.number}))
    else:
        urgent, jobs = known.urgent or job.urgent, known.jobs | {job.number}
        planned[key] = known._replace(mask=known.mask | bits, urgent=urgent, jobs=jobs)


def _touches(deed: DeedRow, act: Act, word: Word) -> bool:
    """Whether a deed changes that word for the same purpose, or all of the batch."""
    if deed.act is Act.VOID:
        return deed.root == word.root
    return deed.place == word and deed.act in (act, OPPOSITE.get(act))


def _does(deed: DeedRow, act: Act) -> bool:
    """Whether a deed brings about what the act asks for; a voided batch is revoked as a whole."""
    return deed.act is act or (deed.act is Act.VOID and act is Act.REVOKE)


def _mask(deed: DeedRow) -> int:
    """The bits of any word of its batch that a deed changes."""
    return -1 if deed.act is Act.VOID else deed.mask


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)
