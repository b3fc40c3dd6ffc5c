"""What was promised in a run, and whether it was kept: by the witness's word, and nothing of the program's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults.composed.witness import Batch, Leaf, Named, Witness, root_from

# For so long the chain may not have been read; after that nothing is said of now.
SILENT_SECONDS: Final = 600.0
# A chain that makes few blocks may be silent for ten of them; what is six times late is not said at all.
PACE_SAMPLE, PACE_MULTIPLE, STALE_MULTIPLE = 100, 10, 6
# By which clocks may differ.
AHEAD_SECONDS: Final = 60.0
# A job that stands still for so long, while blocks come and nobody is told, has been forgotten.
STALL_SECONDS: Final = 180.0
STALL_BLOCKS: Final = 20
PENDING, CANCELLED, PARKED, UNCHANGED, FINAL = "pending", "cancelled", "parked", "unchanged", "final"


@dataclass(eq=False)
class Job:
    """Credentials that were sent to be anchored.

    Attributes:
        key: of idempotency, for one that came over HTTP.
        id: once it was accepted.
        is_promised: whether somebody was told that it will be anchored.
        is_given_up: whether whoever sent it wants it no more, and nobody can be told so.
        end: what the daemon says of it last.
        receipts: as they were given out last.
    """

    issuer: int
    digests: tuple[bytes, ...]
    documents: tuple[bytes, ...]
    source: str
    key: str | None = None
    is_open: bool = False
    id: str | None = None
    is_promised: bool = False
    is_given_up: bool = False
    end: dict[str, Any] | None = None
    receipts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def state(self) -> str:
        return "unknown" if self.end is None else str(self.end["state"])

    @property
    def is_wanted(self) -> bool:
        """Whether it has to be on the chain: it is promised, and was not taken back or put aside."""
        return self.is_promised and self.state not in (CANCELLED, PARKED)

    def waits_for_a_person(self, jobs: Sequence[Job]) -> bool:
        """Whether some of it is in a batch that is put aside: it goes on when a person has that one go on, or not."""
        told = self.end or {}
        if self.state != PENDING or (told.get("waiting") or {}).get("code") != "earlier-batch":
            return False
        aside = [job for job in jobs if job.state == PARKED and job.issuer == self.issuer]
        return any(digest in job.digests for job in aside for digest in self.digests)

    def __str__(self) -> str:
        return f"job {self.id or self.key} of issuer {self.issuer} ({self.source}, {self.state})"


@dataclass(frozen=True)
class Act:
    """A change of status that somebody was told is done, or will be done."""

    word: str
    issuer: int
    digest: bytes


@dataclass(frozen=True)
class AsOf:
    """As of which block something was said, by the word of whoever said it.

    Attributes:
        number, hash: of the block.
        looked: when the chain was read last, by the right clock.
        silent: for how many seconds it was not read, by the clock of whoever said it.
        warned: whether it was said that the chain cannot be followed, or makes no blocks.
    """

    number: int
    hash: str
    looked: float
    silent: float
    warned: bool = False


@dataclass(frozen=True)
class Allowed:
    """How old what is said may be, by the settings of the run and what is wrong with its endpoint.

    Attributes:
        lag: blocks by which it may be behind those that were there when the chain was read.
        late: age of the block in seconds from which a warning is due.
        ahead: seconds by which the clock of whoever says it is ahead.
    """

    lag: int
    late: float
    ahead: float = 0.0


@dataclass(frozen=True)
class Claim:
    """Something favourable that the program said.

    Attributes:
        kind: "standing" (anchored, neither revoked nor suspended) or "absent".
        at: when it was said.
        by: who said it.
        batch: in which it stands.
        receipt: that was given with it.
    """

    kind: str
    issuer: int
    digest: bytes
    at: float
    by: str
    as_of: AsOf
    allowed: Allowed
    batch: Batch | None = None
    receipt: dict[str, Any] | None = None


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it should be. `kind` is one of `KINDS`."""

    kind: str
    what: str


KINDS: Final = (
    "duplicate",
    "lost",
    "unwanted",
    "unexplained",
    "unproved",
    "status",
    "falsely favourable",
    "falsely final",
    "silent stall",
    "ended",
)


class Stalls:
    """Watches whether everything goes on, or somebody is told why not.

    Args:
        lease_seconds: for which a daemon that was killed keeps others from the account; nothing is wrong then.
        at_once: transactions that may be under way; further batches wait for their turn.
    """

    def __init__(self, lease_seconds: float, at_once: int = 64) -> None:
        self._seconds = STALL_SECONDS + lease_seconds
        self._at_once = at_once
        self._mined: set[str] = set()
        self.faults: list[Fault] = []
        self._since: dict[str, tuple[object, float, int]] = {}
        self._told: set[str] = set()

    def look(self, at: float, head: int, jobs: Iterable[Mapping[str, Any]], *, excused: bool) -> None:
        """One look.

        Args:
            jobs: as the daemon tells them.
            excused: whether health is not well, a notice was given since the look before, or no daemon was there.
        """
        jobs = list(jobs)
        in_turn = self._goes_on(jobs)
        for job in jobs:
            number, state = str(job["id"]), str(job["state"])
            ends = state in (CANCELLED, PARKED, UNCHANGED, FINAL, "broken")
            batch = job.get("batch") or {}
            progress = (state, batch.get("transaction"), batch.get("block"), len(job.get("steps") or ()))
            known = self._since.get(number)
            waits = bool(job.get("waiting")) or (state == "pending" and job.get("open"))
            waits = waits or (in_turn and state == "sealed" and not batch.get("transaction"))
            # Both wait for a block to become final, and what takes the place of a transaction tells of none.
            waits = waits or state == "mined" or bool(job.get("cancelRequested"))
            if known is None or known[0] != progress or ends or waits or excused:
                self._since[number] = (progress, at, head)
                continue
            if at - known[1] > self._seconds and head - known[2] > STALL_BLOCKS and number not in self._told:
                self._told.add(number)
                why = f"at {at:.0f}, job {number} is {state} for {at - known[1]:.0f} s and {head - known[2]} blocks"
                told = f"{job.get('source')}, batch {batch.get('root')}"
                self.faults.append(Fault("silent stall", f"{why}, ready, and no notice: {told}"))

    def _goes_on(self, jobs: Sequence[Mapping[str, Any]]) -> bool:
        """Whether more batches are to be sent than may be at once, and another one is in a block since last time."""
        sealed = {job["batch"]["root"] for job in jobs if job["state"] == "sealed" and job.get("batch")}
        mined = {job["batch"]["root"] for job in jobs if job["state"] in ("mined", FINAL) and job.get("batch")}
        goes_on = not mined <= self._mined
        self._mined |= mined
        return goes_on and len(sealed) > self._at_once


@dataclass
class Judgement:
    """What came out.

    Attributes:
        promised, cancelled, parked: jobs.
        claims: answers that were checked, by kind.
    """

    faults: list[Fault]
    events: int
    promised: int
    cancelled: int
    parked: int
    acts: int
    claims: Counter[str]


def judge(
    witness: Witness, jobs: Sequence[Job], acts: Sequence[Act], claims: Sequence[Claim], finals: Mapping[str, Batch]
) -> Judgement:
    """Compare everything that was promised with the chain.

    Args:
        finals: by job, the batch that was called final at any time.
    """
    faults: list[Fault] = []
    places = _places(witness, jobs, faults)
    anchored = _anchored(witness, places, faults)
    _judge_jobs(jobs, places, anchored, faults)
    _judge_acts(witness, acts, places, faults)
    told = _places_told(claims, places, faults)
    for claim in claims:
        what = _wrong_block(witness, claim) or _too_old(witness, claim) or _untrue(witness, claim, told, anchored)
        if what is not None:
            said = f"{claim.by} said at {claim.at:.0f} of {claim.digest.hex()} of issuer {claim.issuer}: {claim.kind}"
            faults.append(Fault("falsely favourable", f"{said}, as of block {claim.as_of.number}: {what}"))
    for number, batch in finals.items():
        if batch not in anchored:
            faults.append(Fault("falsely final", f"job {number} was called final in 0x{batch[1].hex()}"))
    promised = [job for job in jobs if job.is_promised]
    return Judgement(
        faults,
        sum(anchored.values()),
        len(promised),
        sum(job.state == CANCELLED for job in promised),
        sum(job.state == PARKED for job in promised),
        len(acts),
        Counter(claim.kind for claim in claims),
    )


Places = dict[tuple[int, bytes], dict[Batch, Leaf]]


def _places(witness: Witness, jobs: Sequence[Job], faults: list[Fault]) -> Places:
    """Where each credential is, by proofs that were checked here."""
    counts = {log.batch: log.number(3) for log in witness.anchors()}
    places: Places = defaultdict(dict)
    for job in jobs:
        for receipt in job.receipts:
            digest = bytes.fromhex(receipt["digest"]["value"])
            leaf = _proved(receipt, digest)
            if leaf is None or counts.get(leaf[:2], _count(receipt)) != _count(receipt):
                faults.append(Fault("unproved", f"the receipt of {digest.hex()} of {job} proves nothing"))
            elif leaf[:2] in counts:
                places[leaf[0], digest][leaf[:2]] = leaf
    return places


def _proved(receipt: Mapping[str, Any], digest: bytes) -> Leaf | None:
    """The leaf that a receipt proves the digest to be; None where it proves nothing."""
    inclusion = receipt["inclusion"]
    root, path = bytes.fromhex(inclusion["root"][2:]), [bytes.fromhex(each) for each in inclusion["path"]]
    if root_from(digest, inclusion["leafIndex"], inclusion["leafCount"], path) != root:
        return None
    return int(receipt["anchor"]["issuer"]), root, inclusion["leafIndex"]


def _count(receipt: Mapping[str, Any]) -> int:
    return int(receipt["inclusion"]["leafCount"])


def _places_told(claims: Sequence[Claim], places: Places, faults: list[Fault]) -> Places:
    """The same, and where each was at any time, by the receipts that were given with answers."""
    told: Places = defaultdict(dict, {key: dict(batches) for key, batches in places.items()})
    for claim in claims:
        if claim.receipt is not None:
            leaf = _proved(claim.receipt, claim.digest)
            if leaf is None:
                faults.append(Fault("unproved", f"the receipt of {claim.digest.hex()} by {claim.by} proves nothing"))
            else:
                told[leaf[0], claim.digest][leaf[:2]] = leaf
    return told


def _anchored(witness: Witness, places: Places, faults: list[Fault]) -> Counter[Batch]:
    """Every event, each once and each of credentials that somebody sent."""
    found = Counter(log.batch for log in witness.anchors())
    known = Counter(batch for where in places.values() for batch in where)
    for log in witness.anchors():
        issuer, root = log.batch
        if found[log.batch] > 1:
            faults.append(
                Fault("duplicate", f"0x{root.hex()} of issuer {issuer} was anchored {found[log.batch]} times")
            )
        if known[log.batch] != log.number(3):
            says = f"{known[log.batch]} of {log.number(3)} credentials of 0x{root.hex()} of issuer {issuer} are known"
            faults.append(Fault("unexplained", f"{says}, in block {log.block}"))
    return found


def _judge_jobs(jobs: Sequence[Job], places: Places, anchored: Counter[Batch], faults: list[Fault]) -> None:
    wanted = {(job.issuer, digest) for job in jobs if job.is_wanted for digest in job.digests}
    possible = wanted | {(job.issuer, digest) for job in jobs if not job.is_promised for digest in job.digests}
    for key, batches in places.items():
        if len(batches) > 1:
            roots = ", ".join(f"0x{root.hex()}" for _, root in batches)
            faults.append(Fault("duplicate", f"{key[1].hex()} of issuer {key[0]} is in several batches: {roots}"))
        if key not in possible:
            faults.append(Fault("unwanted", f"{key[1].hex()} of issuer {key[0]} is anchored, and was taken back"))
    for job in jobs:
        if not job.is_wanted or job.waits_for_a_person(jobs):
            continue
        if job.state not in (FINAL, UNCHANGED):
            waits = {name: (job.end or {}).get(name) for name in ("waiting", "parked", "batch")}
            faults.append(Fault("lost", f"{job} is not settled: {waits}"))
            continue
        missing = [digest.hex() for digest in job.digests if not places.get((job.issuer, digest))]
        if missing:
            faults.append(Fault("lost", f"{job}: {len(missing)} credentials are in no batch, such as {missing[0]}"))


def _judge_acts(witness: Witness, acts: Sequence[Act], places: Places, faults: list[Fault]) -> None:
    """Whether of each credential what was asked was done, and nothing else, by its place or by its digest."""
    named = {leaf: key for key, where in places.items() for leaf in where.values()}
    asked: dict[Leaf | Named, list[str]] = defaultdict(list)
    for act in acts:
        if (act.issuer, act.digest) in places:
            asked[act.issuer, act.digest].append(act.word)
    done: dict[Leaf | Named, list[str]] = defaultdict(list)
    for word, what in witness.changes():
        done[named.get(what, what) if len(what) == 3 else what].append(word)
    for key in asked.keys() | done.keys():
        name = (
            f"{' '.join(each.hex() if isinstance(each, bytes) else str(each) for each in key[1:])} of issuer {key[0]}"
        )
        # A word that a later one took back before it was signed need not be on the chain. Revocations and suspensions
        # are bitmaps of their own: which of the two was changed first is the same to everybody.
        for words in (("revoke",), ("suspend", "reinstate")):
            left = iter([word for word in asked[key] if word in words])
            if not all(word in left for word in done[key] if word in words):
                faults.append(Fault("status", f"{name}: asked {asked[key]}, done {done[key]}"))
        last = next((word for word in reversed(asked[key]) if word != "revoke"), None)
        wanted = ("revoke" in asked[key], last == "suspend")
        for leaf in places[key].values() if len(key) == 2 and key in places else ():
            revoked, suspended = witness.status(leaf, key[1])
            if (revoked, suspended) != wanted:
                faults.append(Fault("status", f"{name}: revoked {revoked}, suspended {suspended}, after {asked[key]}"))


def _wrong_block(witness: Witness, claim: Claim) -> str | None:
    """Why it was not said as of a block of the chain, as that was when it was looked at."""
    as_of = claim.as_of
    block = witness.blocks.get(as_of.hash)
    if block is None or block.number != as_of.number or block.came > claim.at:
        return f"there was no block {as_of.hash} of that number"
    if block.left is not None and block.left < as_of.looked:
        return f"a reorganisation had taken it away at {block.left:.0f}, and the chain was read at {as_of.looked:.0f}"
    lowest = witness.lowest(as_of.looked, claim.at)
    if block.number < lowest - claim.allowed.lag:
        return f"there were {lowest} blocks, and it may be {claim.allowed.lag} behind"
    return None


def _too_old(witness: Witness, claim: Claim) -> str | None:
    """Why it should not have been said, or not without a warning, as long after its block as it was."""
    as_of, allowed = claim.as_of, claim.allowed
    block = witness.blocks[as_of.hash]
    age = int(claim.at + allowed.ahead) - block.time
    late = max(allowed.late, PACE_MULTIPLE * witness.pace(block, PACE_SAMPLE))
    if as_of.silent > SILENT_SECONDS + 1:
        return f"the chain was not read for {as_of.silent:.0f} s"
    if not -STALE_MULTIPLE * late - 1 <= age <= STALE_MULTIPLE * late + 1:
        return f"it was {age} s old, and {late:.0f} s are late"
    if not as_of.warned and not -AHEAD_SECONDS - 1 <= age <= late + 1:
        return f"it was {age} s old, {late:.0f} s are late, and there was no warning"
    return None


def _untrue(witness: Witness, claim: Claim, told: Places, anchored: Counter[Batch]) -> str | None:
    """Why it does not hold in what stood as of its block."""
    state = witness.blocks[claim.as_of.hash].state
    leaves = told.get((claim.issuer, claim.digest), {})
    if claim.kind == "absent":
        there = [f"0x{batch[1].hex()}" for batch in leaves if batch in state.anchored]
        return f"it was in {', '.join(there)}" if there else None
    if claim.batch is None or claim.batch not in state.anchored:
        return "its batch was not anchored"
    leaf = leaves.get(claim.batch)
    if leaf is None:
        # Of a batch that a reorganisation took away for good, nobody may have a path.
        return "it is not in that batch" if claim.batch in anchored else None
    if state.is_revoked(leaf, claim.digest):
        return "it was revoked"
    return "it was suspended" if state.is_suspended(leaf, claim.digest) else None
