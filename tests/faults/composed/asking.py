"""Who asks all the time: for lookups, proofs of absence and verdicts, and how the daemon is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults.composed.judge import FINAL, UNCHANGED, Claim, Job
from tests.faults.composed.place import Place
from tests.faults.composed.witness import Batch

ASKED_A_BLOCK: Final = 3
LOUD: Final = ("warning", "error", "critical")


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

    def _lag(self) -> int:
        """By how many blocks an answer may be behind now, by the settings and what is wrong with the endpoint."""
        recent = [lag for at, lag in self.lags if self.now - at < 60.0]
        active = [lasting.lag for lasting in self.lasting]
        return int(self.plan.settings.get("index_lag", 20)) + max([0, *recent, *active])

    def _claim(self, kind: str, issuer: int, digest: bytes, by: str, batch: Batch | None = None) -> None:
        self.claims.append(Claim(kind, issuer, digest, self.now, self.now, self._lag(), by, batch))

    def _look_up(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}?issuer={issuer}")
        if reply is None or reply.status != 200 or "warning" in reply.json["asOf"]:
            return
        for anchor in reply.json["anchors"]:
            inclusion, status = anchor["receipt"]["inclusion"], anchor["status"]
            if not status["revoked"] and not status["suspended"]:
                batch = (issuer, bytes.fromhex(inclusion["root"][2:]))
                self._claim("standing", issuer, digest, "a lookup", batch)

    def _ask_absence(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}/absence?issuer={issuer}")
        if reply is None or reply.status != 200 or "warning" in reply.json["asOf"]:
            return
        if reply.json["outcome"] == "absent":
            self._claim("absent", issuer, digest, "a proof of absence")

    def _ask_verdict(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("POST", f"/v1/verify?trust={issuer}", document)
        if reply is None or reply.status != 200:
            return
        verdict = reply.json
        codes = {check["name"]: check["code"] for check in verdict["checks"]}
        if verdict["overall"] in ("valid", "valid with a warning") and codes.get("status") == "in-force":
            batch = (int(verdict["issuer"]), bytes.fromhex(verdict["root"][2:]))
            self._claim("standing", issuer, digest, "a verdict", batch)

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
