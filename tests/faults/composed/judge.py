"""What was promised in a run, and whether it was kept: by the witness's word, and nothing of the program's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults.composed.witness import Batch, Leaf, Witness, root_from

# An answer may be as old as the chain may be silent before it has to say so.
STALE_SECONDS: Final = 600.0
# What is looked at now and then may have been looked at so long ago: an index that is refused waits for a minute at
# most before it looks again, and says when it looked last.
LOOKING_SECONDS: Final = 75.0
# A job that stands still for so long, while blocks come and nobody is told, has been forgotten.
STALL_SECONDS: Final = 180.0
STALL_BLOCKS: Final = 20
CANCELLED, PARKED, UNCHANGED, FINAL = "cancelled", "parked", "unchanged", "final"


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

    def __str__(self) -> str:
        return f"job {self.id or self.key} of issuer {self.issuer} ({self.source}, {self.state})"


@dataclass(frozen=True)
class Act:
    """A change of status that somebody was told is done, or will be done."""

    word: str
    issuer: int
    digest: bytes


@dataclass(frozen=True)
class Claim:
    """Something favourable that the program said.

    Attributes:
        kind: "standing" (anchored, neither revoked nor suspended) or "absent".
        begun, ended: when it was asked and answered.
        lag: blocks by which the answer may be behind.
        by: who said it.
        batch: in which it stands.
    """

    kind: str
    issuer: int
    digest: bytes
    begun: float
    ended: float
    lag: int
    by: str
    batch: Batch | None = None


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
    """

    def __init__(self, lease_seconds: float) -> None:
        self._seconds = STALL_SECONDS + lease_seconds
        self.faults: list[Fault] = []
        self._since: dict[str, tuple[object, float, int]] = {}
        self._told: set[str] = set()

    def look(self, at: float, head: int, jobs: Iterable[Mapping[str, Any]], *, excused: bool) -> None:
        """One look.

        Args:
            jobs: as the daemon tells them.
            excused: whether health is not well, a notice was given since the look before, or no daemon was there.
        """
        for job in jobs:
            number, state = str(job["id"]), str(job["state"])
            ends = state in (CANCELLED, PARKED, UNCHANGED, FINAL, "broken")
            batch = job.get("batch") or {}
            progress = (state, batch.get("transaction"), batch.get("block"), len(job.get("steps") or ()))
            known = self._since.get(number)
            waits = bool(job.get("waiting")) or (state == "pending" and job.get("open"))
            if known is None or known[0] != progress or ends or waits or excused or state == "mined":
                self._since[number] = (progress, at, head)
                continue
            if at - known[1] > self._seconds and head - known[2] > STALL_BLOCKS and number not in self._told:
                self._told.add(number)
                why = f"job {number} is {state} for {at - known[1]:.0f} s and {head - known[2]} blocks"
                self.faults.append(Fault("silent stall", f"{why}, ready, and no notice"))


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
    for claim in claims:
        _judge_claim(witness, claim, places, anchored, faults)
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
            digest, inclusion = bytes.fromhex(receipt["digest"]["value"]), receipt["inclusion"]
            root, index, count = bytes.fromhex(inclusion["root"][2:]), inclusion["leafIndex"], inclusion["leafCount"]
            path = [bytes.fromhex(each) for each in inclusion["path"]]
            batch = (int(receipt["anchor"]["issuer"]), root)
            if root_from(digest, index, count, path) != root or counts.get(batch, count) != count:
                faults.append(Fault("unproved", f"the receipt of {digest.hex()} of {job} proves nothing"))
            elif batch in counts:
                places[batch[0], digest][batch] = (*batch, index)
    return places


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
        if not job.is_wanted:
            continue
        if job.state not in (FINAL, UNCHANGED):
            waits = {name: (job.end or {}).get(name) for name in ("waiting", "parked", "batch")}
            faults.append(Fault("lost", f"{job} is not settled: {waits}"))
            continue
        missing = [digest.hex() for digest in job.digests if not places.get((job.issuer, digest))]
        if missing:
            faults.append(Fault("lost", f"{job}: {len(missing)} credentials are in no batch, such as {missing[0]}"))


def _judge_acts(witness: Witness, acts: Sequence[Act], places: Places, faults: list[Fault]) -> None:
    asked: dict[Leaf, list[str]] = defaultdict(list)
    for act in acts:
        for leaf in places.get((act.issuer, act.digest), {}).values():
            asked[leaf].append(act.word)
    done: dict[Leaf, list[str]] = defaultdict(list)
    for word, leaf in witness.changes():
        done[leaf].append(word)
    for leaf in asked.keys() | done.keys():
        name = f"leaf {leaf[2]} of 0x{leaf[1].hex()} of issuer {leaf[0]}"
        # A word that a later one took back before it was signed need not be on the chain. Revocations and suspensions
        # are bitmaps of their own: which of the two was changed first is the same to everybody.
        for words in (("revoke",), ("suspend", "reinstate")):
            left = iter([word for word in asked[leaf] if word in words])
            if not all(word in left for word in done[leaf] if word in words):
                faults.append(Fault("status", f"{name}: asked {asked[leaf]}, done {done[leaf]}"))
        revoked, suspended = witness.status(leaf)
        last = next((word for word in reversed(asked[leaf]) if word != "revoke"), None)
        if (revoked, suspended) != ("revoke" in asked[leaf], last == "suspend"):
            faults.append(Fault("status", f"{name}: revoked {revoked}, suspended {suspended}, after {asked[leaf]}"))


def _judge_claim(witness: Witness, claim: Claim, places: Places, anchored: Counter[Batch], faults: list[Fault]) -> None:
    """Whether it was true at some moment at which it may have been read."""
    moments = witness.between(claim.begun - STALE_SECONDS, claim.ended)
    seen = claim.begun - LOOKING_SECONDS
    # A reorganisation may have left fewer blocks: what was the newest at any moment since then may be what was known.
    before = ([moment.head for moment in moments if moment.at <= seen] or [0])[-1]
    newest = min([before, *(moment.head for moment in moments if moment.at > seen)])
    leaves = places.get((claim.issuer, claim.digest), {})
    for moment in moments:
        if moment.head < newest - claim.lag:
            continue
        state = moment.state
        if claim.kind == "absent":
            holds = not any(batch in state.anchored for batch in leaves)
        else:
            # Of a batch that a reorganisation took away for good, nobody has the paths any more.
            leaf = leaves.get(claim.batch) if claim.batch else None
            holds = claim.batch in state.anchored and (leaf is not None or claim.batch not in anchored)
            holds = holds and not (leaf and (leaf in state.suspended or state.is_revoked(leaf)))
        if holds:
            return
    what = f"{claim.by} said of {claim.digest.hex()} of issuer {claim.issuer}: {claim.kind}"
    faults.append(Fault("falsely favourable", f"{what}; at {claim.begun:.0f}, head {newest}, lag {claim.lag}"))
