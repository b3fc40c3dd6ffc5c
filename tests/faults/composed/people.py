"""Persons who give commands, and clients who send jobs and changes of status."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.faults.composed.asking import Asking
from tests.faults.composed.judge import FINAL, PARKED, UNCHANGED, Act, Job
from tests.faults.composed.machine import Process
from tests.faults.composed.place import ISSUERS, Command, Order, url_of
from tests.faults.composed.plan import Event

# Of the changes of status, what part is made by commands; the upper part of the others is urgent.
BY_COMMAND: Final = 0.3
URGENT: Final = 0.8


@dataclass
class Working(Asking):
    """A place where people work."""

    def _documents(self, count: int) -> list[bytes]:
        first, self.words = self.words, self.words + count
        return [
            json.dumps(
                {
                    "credentialSubject": {"name": f"Graduate {number} of run {self.plan.seed}"},
                    "type": ["VerifiableCredential"],
                },
                separators=(",", ":"),
                sort_keys=True,
            ).encode()
            for number in range(first, first + count)
        ]

    def _new_job(self, event: Event, source: str, *, is_open: bool = False) -> Job:
        documents = self._documents(1 + int(event.size * event.size * 12))
        digests = tuple(sha256(each).digest() for each in documents)
        issuer = 1 + int(event.choice * ISSUERS)
        key = f"key {len(self.jobs)}" if source == "http" else None
        job = Job(issuer, digests, tuple(documents), source, key, is_open)
        self.jobs.append(job)
        return job

    def _do_job(self, event: Event) -> bool:
        self._send(self._new_job(event, "http"))
        return True

    def _do_job_for_the_open_queue(self, event: Event) -> bool:
        self._send(self._new_job(event, "http", is_open=True))
        return True

    def _do_job_of_what_was_sent_before(self, event: Event) -> bool:
        sent = [job for job in self.jobs if job.source == "http" and job.is_promised]
        if not sent:
            return False
        before = sent[int(event.choice * len(sent))]
        job = Job(before.issuer, before.digests, before.documents, "http", f"key {len(self.jobs)}")
        self.jobs.append(job)
        self._send(job)
        return True

    def _do_request_repeated(self, event: Event) -> bool:
        sent = [job for job in self.jobs if job.key is not None]
        if not sent:
            return False
        self._send(sent[int(event.choice * len(sent))])
        return True

    def _send(self, job: Job) -> None:
        """A client sends its job, or sends it again, and learns whether it is accepted."""
        reply = self._ask_daemon(
            "POST",
            f"/v1/jobs?open={str(job.is_open).lower()}",
            job.issuer,
            b"\n".join(job.documents),
            {"Idempotency-Key": job.key or "", "Content-Type": "application/x-ndjson"},
        )
        if reply is not None and reply.status in (200, 202):
            told = reply.json
            if job.id is not None and job.id != told["id"]:
                self._blame("duplicate", f"{job} was accepted again as {told['id']}")
            job.id, job.is_promised = told["id"], True
        elif reply is not None and reply.status not in (409, 503):
            self._blame("lost", f"{job} was refused: {reply.status} {reply.body[:300]!r}")

    def _do_queued_by_command(self, event: Event) -> bool:
        job = self._new_job(event, "queue")

        def ended(process: Process) -> None:
            told = process.json()
            if process.code == 0:
                job.id, job.is_promised = told["id"], True

        arguments = ("anchor", str(self._file(job)), "--queue", "--issuer", str(job.issuer))
        self._command("queue", ended, *arguments)
        return True

    def _file(self, job: Job) -> Path:
        path = self.work / f"job-{self.jobs.index(job)}.jsonl"
        path.write_bytes(b"\n".join(job.documents) + b"\n")
        return path

    def _command(self, name: str, ended: Callable[[Process], None], *arguments: str) -> None:
        process = self.machine.start(
            name, *arguments, "--json", environment=self.environment, folder=self.work, main_counts=True
        )
        self.commands.append(Command(process, ended))

    def _do_anchored_by_command(self, event: Event) -> bool:
        """A person anchors while the daemon may run: where the command is refused, it is given again later."""
        self._anchor(self._new_job(event, "command"), "anchor")
        return True

    def _anchor(self, job: Job, name: str) -> None:
        def ended(process: Process) -> None:
            if process.code == 0:
                job.is_promised = True

        self._command(name, ended, "anchor", str(self._file(job)), "--issuer", str(job.issuer))

    def _some_job(self, event: Event, *states: str) -> Job | None:
        found = [job for job in self.jobs if job.id is not None and job.state in states]
        return found[int(event.choice * len(found))] if found else None

    def _do_cancel(self, event: Event) -> bool:
        job = self._some_job(event, "unknown", "pending", "sealed", "mined", PARKED)
        if job is None:
            return False
        self._ask_daemon("POST", f"/v1/jobs/{job.id}/cancel", job.issuer)
        return True

    def _do_park(self, event: Event) -> bool:
        job = self._some_job(event, "unknown", "pending", "sealed", "mined")
        return job is not None and self._told("jobs", "park", str(job.id), "--why", "a question")

    def _do_retry(self, event: Event) -> bool:
        job = self._some_job(event, PARKED)
        return job is not None and self._told("jobs", "retry", str(job.id))

    def _do_status_asked(self, event: Event) -> bool:
        return self._told("status")

    def _told(self, *arguments: str) -> bool:
        self._command("person", lambda _: None, *arguments)
        return True

    def _do_receipts_asked(self, event: Event) -> bool:
        job = self._some_job(event, FINAL)
        if job is None:
            return False
        self._fetch_receipts(job)
        return True

    def _do_revoke(self, event: Event) -> bool:
        return self._act("revoke", event)

    def _do_suspend(self, event: Event) -> bool:
        return self._act("suspend", event)

    def _do_reinstate(self, event: Event) -> bool:
        return self._act("reinstate", event)

    def _act(self, word: str, event: Event) -> bool:
        """A person wants a change of status: over HTTP, or by a command while the daemon is down for maintenance."""
        found = [
            (job, digest)
            for job in self.jobs
            if job.state == FINAL
            for digest in job.digests
            if digest not in self.acting and self._fits(word, digest)
        ]
        if not found:
            return False
        job, digest = found[int(event.choice * len(found))]
        if event.size < BY_COMMAND or not self.takes_orders:
            self.acting[digest] = word
        else:
            self.orders.append(Order(Act(word, job.issuer, digest), f"act {len(self.orders)}", event.size > URGENT))
            self._order(self.orders[-1])
        return True

    def _fits(self, word: str, digest: bytes) -> bool:
        """Whether the change would be one; what was asked and not answered is not known to be so."""
        if any(order.act.digest == digest and not order.is_taken for order in self.orders):
            return False
        words = self._words_of(digest)
        is_suspended = words[-1:] == ["suspend"]
        return "revoke" not in words and (word == "revoke" or is_suspended == (word == "reinstate"))

    def _order(self, order: Order) -> None:
        """A client sends a status job, or sends it again."""
        act = order.act
        asked = {"act": act.word, "digests": [act.digest.hex()], "urgent": order.is_urgent}
        headers = {"Idempotency-Key": order.key, "Content-Type": "application/json"}
        reply = self._ask_daemon("POST", "/v1/status-jobs", act.issuer, json.dumps(asked).encode(), headers)
        if reply is None or reply.status in (409, 503):
            return
        if reply.status in (200, 202) and not order.is_taken:
            order.is_taken, order.id = True, str(reply.json["id"])
            self.acts.append(act)
        elif reply.status not in (200, 202):
            self._blame("status", f"{act} was refused: {reply.status} {reply.body[:300]!r}")

    def _look_at(self, order: Order) -> None:
        """A client asks how far its status job has come."""
        reply = self._ask_daemon("GET", f"/v1/status-jobs/{order.id}", order.act.issuer)
        if reply is not None and reply.status == 200:
            order.has_ended = reply.json["state"] in (FINAL, UNCHANGED, PARKED)

    def _words_of(self, digest: bytes) -> list[str]:
        return [act.word for act in self.acts if act.digest == digest]

    def _do_maintenance(self, event: Event) -> bool:
        """The daemon is ended, and a person works with the commands."""
        if self.maintained_until is not None or any(each.is_stopped or not url_of(each) for each in self.daemons):
            return False
        for process in list(self.daemons):
            self._ask_to_end(process)
        self.maintained_until = self.now + event.seconds
        self._work()
        return True

    def _work(self) -> None:
        """One command after the other, each again until it is done."""
        if self.maintained_until is None or self._works("maintenance"):
            return
        waiting = [job for job in self.jobs if job.source == "command" and not job.is_promised and not job.is_given_up]
        if self.unrecovered:
            self._command("maintenance", self._recovered, "recover")
        elif self.acting:
            digest, word = next(iter(self.acting.items()))
            job = next(job for job in self.jobs if digest in job.digests)
            self._change(Act(word, job.issuer, digest))
        elif waiting:
            job = waiting[0]

            def anchored(process: Process) -> None:
                job.is_promised = process.code == 0
                self._work_on(process)

            self._command("maintenance", anchored, "anchor", str(self._file(job)), "--issuer", str(job.issuer))
        else:
            self._command("maintenance", lambda _: None, "status")

    def _change(self, act: Act) -> None:
        """A person changes a status by a command; after a job that asks the opposite, where there is one."""
        asked = (act.word, act.digest.hex(), "--issuer", str(act.issuer))

        def acted(process: Process) -> None:
            if process.code == 0:
                self.acting.pop(act.digest, None)
                self.acts.append(act)
            elif ((process.json() or {}).get("error") or {}).get("code") == "opposite-open":
                self._command("maintenance", queued, *asked, "--queue")
                return
            self._work_on(process)

        def queued(process: Process) -> None:
            if process.code == 0:
                self.acting.pop(act.digest, None)
                self.acts.append(act)
                key, number = f"act {len(self.orders)}", str(process.json()["id"])
                self.orders.append(Order(act, key, is_urgent=False, is_taken=True, id=number))
            self._work_on(process)

        self._command("maintenance", acted, *asked)

    def _work_on(self, process: Process) -> None:
        # What has failed is tried again at the next maintenance.
        if process.code == 0 and self.maintained_until is not None and self.now < self.maintained_until:
            self._work()

    def _recovered(self, process: Process) -> None:
        self.unrecovered = self.unrecovered and process.code != 0
        self._work_on(process)
