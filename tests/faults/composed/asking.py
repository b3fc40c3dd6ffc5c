"""Who asks all the time: for lookups, proofs of absence and verdicts, and how the daemon is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.faults.composed.judge import FINAL, UNCHANGED, Allowed, AsOf, Claim, Job
from tests.faults.composed.place import Place
from tests.faults.composed.witness import Batch

ASKED_A_BLOCK: Final = 3
LOUD: Final = ("warning", "error", "critical")
# With which a verdict warns of the age of its block.
OLD_HEAD: Final = ("head-late", "head-ahead")
# A step of the index asks many questions, and takes down only then that it has looked at the chain.
STEP_SECONDS: Final = 30.0
# The database's clock is set with each step of the driver, and shows whole seconds here.
CLOCK_SECONDS: Final = 5.0


@dataclass
class Asking(Place):
    """A place where somebody asks, and writes down what was favourable."""

    def _block(self) -> None:
        super()._block()
        for _ in range(ASKED_A_BLOCK):
            self._observe()

    def _look_at_health(self) -> None:
        """What the daemon says of its jobs and of itself."""
        reply = self._ask_daemon("GET", "/readyz", 1)
        log = self.folder / "daemon.log"
        loud = sum(level(line) in LOUD for line in lines(log))
        excused = reply is None or reply.status != 200 or loud != self.loud or bool(self.machine.page.offset)
        excused = excused or self.changes != self.changes_seen
        self.changes_seen = self.changes
        self.loud = loud
        told: list[dict[str, Any]] = []
        for issuer in self.keys:
            found = self._ask_daemon("GET", "/v1/jobs?limit=1000", issuer)
            if found is not None and found.status == 200:
                told += found.json["jobs"]
        self._note(told)
        self.stalls.look(self.now, self.witness.head, told, excused=excused)

    def _note(self, told: list[dict[str, Any]]) -> None:
        by_id = {job.id: job for job in self.jobs if job.id is not None}
        for each in told:
            if each["id"] in by_id:
                by_id[each["id"]].end = each
            if each["state"] == FINAL:
                self.finals[each["id"]] = (each["issuer"], bytes.fromhex(each["batch"]["root"][2:]))

    def _observe(self) -> None:
        """Somebody asks for a credential, by one of the doors."""
        if not self.jobs:
            return
        job = self.random.choice(self.jobs)
        digest, document = self.random.choice(list(zip(job.digests, job.documents, strict=True)))
        door = self.random.choice((self._look_up, self._look_up, self._ask_absence, self._ask_verdict))
        door(job.issuer, digest, document)

    def _look_up(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}?issuer={issuer}")
        if reply is None or reply.status != 200:
            return
        for anchor in reply.json["anchors"]:
            receipt, status = anchor["receipt"], anchor["status"]
            if not status["revoked"] and not status["suspended"]:
                batch = (issuer, bytes.fromhex(receipt["inclusion"]["root"][2:]))
                self._claim_of_index("standing", issuer, digest, "a lookup", reply.json["asOf"], batch, receipt)

    def _ask_absence(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}/absence?issuer={issuer}")
        if reply is not None and reply.status == 200 and reply.json["outcome"] == "absent":
            self._claim_of_index("absent", issuer, digest, "a proof of absence", reply.json["asOf"])

    def _claim_of_index(
        self,
        kind: str,
        issuer: int,
        digest: bytes,
        by: str,
        told: dict[str, Any],
        batch: Batch | None = None,
        receipt: dict[str, Any] | None = None,
    ) -> None:
        """What the index says, it says of a block at which it stood when it read the chain last."""
        read = datetime.fromisoformat(told["chainSeenAt"]).timestamp()
        looked = self._right_time(read) - STEP_SECONDS
        silent = self.now + self.machine.page.offset - read
        as_of = AsOf(told["block"]["number"], told["block"]["hash"], looked, silent, "warning" in told)
        allowed = self._allowed(int(self.plan.settings.get("index_lag", 20)), looked)
        self.claims.append(Claim(kind, issuer, digest, self.now, by, as_of, allowed, batch, receipt))

    def _ask_verdict(self, issuer: int, digest: bytes, document: bytes) -> None:
        """A verdict asks the chain itself, when it is asked for."""
        reply = self._ask_service("POST", f"/v1/verify?trust={issuer}", document)
        if reply is None or reply.status != 200:
            return
        verdict = reply.json
        codes = {check["name"]: check["code"] for check in verdict["checks"]}
        if verdict["overall"] in ("valid", "valid with a warning") and codes.get("status") in ("in-force", *OLD_HEAD):
            told, batch = verdict["asOf"], (int(verdict["issuer"]), bytes.fromhex(verdict["root"][2:]))
            as_of = AsOf(told["number"], told["hash"], self.now, 0.0, codes["status"] in OLD_HEAD)
            allowed = self._allowed(0, self.now)
            self.claims.append(Claim("standing", issuer, digest, self.now, "a verdict", as_of, allowed, batch))

    def _allowed(self, lag: int, looked: float) -> Allowed:
        """How old an answer may be that rests on the chain as it was told of then, by an endpoint that may lag."""
        lags = [lag for ended, lag in self.lags if ended >= looked] + [lasting.lag for lasting in self.lasting]
        late = float(self.plan.settings.get("head_age_seconds", 600.0))
        return Allowed(lag + max([0, *lags]), late, self.machine.page.offset)

    def _right_time(self, told: float) -> float:
        """When a clock showed that, which was ahead or back for a while: the first time, where there were several."""
        begun = [at for at, _ in self.clocks]
        ended = [*begun[1:], self.now]
        found = [
            told - ahead
            for first, last, (_, ahead) in zip(begun, ended, self.clocks, strict=True)
            if first - CLOCK_SECONDS <= told - ahead <= last + CLOCK_SECONDS
        ]
        return min([self.now, *found])

    def _fetch_receipts(self, job: Job) -> None:
        if job.source == "command":
            self._fetch_by_command(job)
        elif job.id is not None:
            reply = self._ask_daemon(
                "GET", f"/v1/jobs/{job.id}/receipts", job.issuer, headers={"Accept": "application/x-ndjson"}
            )
            if reply is not None and reply.status == 200:
                job.receipts = [json.loads(line) for line in reply.body.splitlines()]
            elif job.state == UNCHANGED:
                # All of it was anchored before, by a job that a restored database knows no more.
                self._fetch_looked_up(job)

    def _fetch_by_command(self, job: Job) -> None:
        """Where its credentials are: by the lookup service, since a command's batch has no job."""
        self._fetch_looked_up(job)
        if job.is_promised:
            job.end = {"state": FINAL}

    def _fetch_looked_up(self, job: Job) -> None:
        job.receipts = []
        for digest in job.digests:
            reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}?issuer={job.issuer}")
            if reply is not None and reply.status == 200:
                job.receipts += [anchor["receipt"] for anchor in reply.json["anchors"] if "receipt" in anchor]
            elif job.is_promised:
                told = None if reply is None else (reply.status, reply.body[:300])
                self._blame("lost", f"{job}: no answer of the service about {digest.hex()}: {told}")


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def level(line: str) -> str:
    try:
        told = json.loads(line)
    except ValueError:
        return ""
    return str(told.get("level")) if isinstance(told, dict) else ""
