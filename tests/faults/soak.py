"""A seeded random mix of all faults over many batches, and the common proof at the end.

`python -m tests.faults.soak --seeds 5 --batches 200` goes through several seeds on both databases and prints what it
did; `make soak` calls it. It is bounded by the number of its steps.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from anchor.anchoring.worker import Worker
from anchor.books.jobs import Job
from anchor.books.tables import attempt
from anchor.books.tables import batch as batch_table
from anchor.books.tables import signer as signer_table
from anchor.sending.driver import POINTS, Policy
from registry.chain.rpc.hexadecimal import to_hex
from registry.errors import SignerError
from tests.faults.proxy import (
    ReplacementRule,
    black_hole,
    drop_by_closed_socket,
    garbage,
    http_status,
    lagging,
    lose_reply_by_closed_socket,
    refuse,
    truncated_body,
)
from tests.faults.site import Site, site

SEND = "eth_sendRawTransaction"
GWEI = 10**9
ISSUERS = 4
LOSSES = {
    "reply lost": lose_reply_by_closed_socket,
    "request lost": drop_by_closed_socket,
    "black hole": black_hole,
    "429": http_status(429),
    "503": http_status(503),
    "503, and done": http_status(503, forwarded=True),
    "garbage": garbage(),
    "answer cut off": truncated_body,
    "internal error": refuse(-32603, "Internal error"),
}


class Died(BaseException):
    """The process ended here."""


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        faults: how many of each kind.
        batches, seconds: how many anchors and how long.
    """

    seed: int
    database: str
    faults: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    replaced: int = 0
    seconds: float = 0.0


class Soak:
    """One run on one site."""

    def __init__(self, here: Site, seed: int, batches: int):
        self.here = here
        self.random = Random(seed)
        self.wanted = batches
        self.jobs: list[Job] = []
        self.faults: Counter[str] = Counter()
        self.foreign: list[bytes] = []
        self.workers = 0
        self.signer = _Signer(here)
        self.dies_at: str | None = None
        self.worker = self._started()
        self.commits_left, self.in_round = 0, False
        event.listen(here.data.engine, "commit", self._commit)
        here.proxy.rule(SEND, do=ReplacementRule())
        self.actions: list[tuple[int, Callable[[], None]]] = [
            (6, self._send_fault),
            (4, self._read_fault),
            (3, self._crash),
            (2, self._takeover),
            (3, self._reorganise),
            (2, self._pool_wiped),
            (2, self._one_dropped),
            (3, self._fee_spike),
            (2, self._empty_account),
            (2, self._lag),
            (2, self._commit_fails),
            (2, self._by_hand),
            (2, self._signer_away),
            (1, self._foreign_use),
        ]

    def run(self) -> Outcome:
        """All batches, with a fault every few rounds; then peace, and the proof."""
        begun = time.monotonic()
        weights, actions = zip(*self.actions, strict=True)
        while len(self.jobs) < self.wanted:
            for _ in range(self.random.randint(0, 3)):
                number = len(self.jobs)
                if number < self.wanted:
                    self.jobs.append(self.here.job(f"student {number}", issuer=number % ISSUERS + 1))
            for action in self.random.choices(actions, weights, k=self.random.randint(1, 2)):
                action()
            self._rounds(self.random.randint(1, 3))
        self._peace()
        return self._outcome(time.monotonic() - begun)

    def _rounds(self, count: int = 1) -> None:
        for _ in range(count):
            self.in_round = True
            try:
                self.worker.round_or_say()
                died = False
            except Died:
                died = True
            self.in_round = False
            if died:
                self._expire()
                self.worker = self._started()
            self.here.chain.mine(self.random.randint(0, 2))

    def _started(self) -> Worker:
        self.workers += 1

        def reached(point: str) -> None:
            if point == self.dies_at:
                self.dies_at = None
                raise Died

        policy = Policy(bump_blocks=2, republish_blocks=1, most_in_flight=40)
        return self.here.worker(owner=f"process {self.workers}", policy=policy, reached=reached, signer=self.signer)

    def _expire(self) -> None:
        with self.here.data.engine.begin() as connection:
            connection.execute(update(signer_table).values(owner=None))

    # Faults

    def _send_fault(self) -> None:
        name = self.random.choice(list(LOSSES))
        self.faults[f"send: {name}"] += 1
        self.here.proxy.rule(SEND, do=LOSSES[name], times=self.random.randint(1, 3))

    def _read_fault(self) -> None:
        name = self.random.choice([each for each in LOSSES if each != "black hole"])
        self.faults[f"read: {name}"] += 1
        reading = ("eth_call", "eth_getTransactionReceipt", "eth_getBlockByNumber", "eth_getTransactionCount")
        self.here.proxy.rule(reading, do=LOSSES[name], times=self.random.randint(1, 5))

    def _crash(self) -> None:
        self.dies_at = self.random.choice(POINTS)
        self.faults[f"crash at {self.dies_at}"] += 1

    def _takeover(self) -> None:
        self.faults["takeover"] += 1
        old = self.worker
        self._expire()
        self.worker = self._started()
        self._rounds()
        # The old one wakes up and finds itself replaced.
        old.round_or_say()

    def _reorganise(self) -> None:
        depth = self.random.randint(1, 2)
        sent = [one.raw for one in self.here.proxy.sent[-3:]]
        moved = [(raw, self.random.randrange(depth)) for raw in sent[:1]] if self.random.random() < 0.3 else []
        self.faults["reorganisation" + (", moved" if moved else "")] += 1
        self.here.chain.reorganise(depth, moved)

    def _pool_wiped(self) -> None:
        self.faults["pool wiped"] += 1
        self.here.chain.drop_all_pending()

    def _one_dropped(self) -> None:
        pending = self.here.chain.pending()
        if pending:
            self.faults["transaction dropped"] += 1
            # Not the harness's: anvil does not drop one that waits for an earlier nonce.
            self.here.chain.client.request("anvil_dropTransaction", [to_hex(self.random.choice(pending))])

    def _fee_spike(self) -> None:
        self.faults["fee spike"] += 1
        for _ in range(self.random.randint(1, 3)):
            self.here.chain.set_base_fee(self.random.choice([20, 80]) * GWEI)
            self._rounds()

    def _empty_account(self) -> None:
        self.faults["no funds"] += 1
        self.here.chain.set_balance(self.here.signer.address, 10**9)
        self._rounds(2)
        self.here.chain.set_balance(self.here.signer.address, 10**21)

    def _lag(self) -> None:
        self.faults["lagging node"] += 1
        rule = self.here.proxy.rule(do=lagging(self.random.randint(1, 3)))
        self._rounds(3)
        rule.cancel()

    def _commit_fails(self) -> None:
        self.faults["failed commit"] += 1
        self.commits_left = self.random.randint(1, 12)
        self._rounds(2)
        self.commits_left = 0

    def _commit(self, _: Any) -> None:
        if self.commits_left and self.in_round:
            self.commits_left -= 1
            if self.commits_left == 0:
                raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    def _by_hand(self) -> None:
        query = select(batch_table.c.issuer, batch_table.c.root).where(batch_table.c.state.in_(["sealed", "parked"]))
        with self.here.data.engine.connect() as connection:
            found = connection.execute(query).first()
        if found is not None and self.here.chain.contract.batch(found.issuer, found.root) is None:
            self.faults["anchored by hand"] += 1
            self.here.chain.anchor_by_hand(found.issuer, found.root)

    def _signer_away(self) -> None:
        self.faults["signer away"] += 1
        self.signer.failures = self.random.randint(1, 5)

    def _foreign_use(self) -> None:
        self.faults["foreign use"] += 1
        self.here.chain.set_balance(self.here.signer.address, 10**21)
        self.foreign.append(self.here.chain.use_daemon_key())

    # The end

    def _peace(self) -> None:
        self.here.proxy.clear()
        self.signer.failures, self.dies_at, self.commits_left = 0, None, 0
        self.here.chain.set_base_fee(GWEI)
        # A reorganisation may have taken a refill back.
        self.here.chain.set_balance(self.here.signer.address, 10**21)
        for _ in range(60 + self.wanted):
            self.worker.round_or_say()
            self.here.chain.mine()
            if all(map(self.here.is_final, self.jobs)):
                return
        states = Counter(self.here.batch(job).state for job in self.jobs if self.here.again(job).batch)
        raise AssertionError(f"not all final: {states}; {self.here.notices[-5:]}")

    def _outcome(self, seconds: float) -> Outcome:
        # What was sent before the last faults may still be in the pool.
        self.here.chain.mine(3)
        spent: Counter[str] = Counter()
        with self.here.data.engine.connect() as connection:
            stored = connection.execute(select(attempt.c.hash, attempt.c.purpose)).all()
        client = self.here.chain.client
        for one in stored:
            mined = client.mined(one.hash)
            if mined is not None:
                kind = "reverted" if not mined.succeeded else one.purpose.split()[0]
                spent[kind] += 1
        foreign = sum(client.mined(one) is not None for one in self.foreign)
        proof = self.here.prove(cancels=spent["fill"] + spent["cancel"], reverted=spent["reverted"], foreign=foreign)
        replaced = len(stored) - len(self.jobs)
        name = self.here.data.engine.dialect.name
        return Outcome(0, name, self.faults, proof.events, replaced, seconds)


class _Signer:
    """The site's signer, that is away so many times."""

    def __init__(self, here: Site):
        self._signer = here.signer
        self.failures = 0

    @property
    def address(self) -> str:
        return self._signer.address

    def sign(self, transaction: dict[str, Any]) -> Any:
        if self.failures:
            self.failures -= 1
            raise SignerError("the signer cannot be reached", code="signer-unavailable")
        return self._signer.sign(transaction)


def soak(folder: Path, seed: int, batches: int, database: str | None = None) -> Outcome:
    """One run; its faults and figures.

    Raises:
        AssertionError: something was lost or doubled, or did not become final.
    """
    with site(folder, issuers=ISSUERS, database=database) as here:
        outcome = Soak(here, seed, batches).run()
    outcome.seed = seed
    return outcome


def main() -> None:
    """Several seeds, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    anchored = 0
    for seed in range(options.first, options.first + options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            outcome = soak(Path(folder) / "data", seed, options.batches)
        total += outcome.faults
        anchored += outcome.batches
        print(
            f"seed {seed}: {outcome.batches} batches, {outcome.faults.total()} faults, "
            f"{outcome.replaced} more attempts than batches, {outcome.seconds:.0f} s: lost 0, doubled 0"
        )
    print(f"{anchored} batches, {total.total()} faults:")
    for name, count in sorted(total.items()):
        print(f"  {count:5} {name}")


if __name__ == "__main__":
    main()
