"""The clients of a year: each question is put at its moment, whether the ones before are answered or not."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import uuid4

import aiohttp

from registry.credential.digest import digest_json
from scripts.year.arrivals import ADDRESSES, Lookup, Revocation, Roster, Verification, Year
from scripts.year.parts import Parts
from scripts.year.reckoning import Record

T = TypeVar("T", Roster, Revocation, Lookup, Verification)

CONNECTIONS: Final = 400
"""That are kept, as by a proxy in front; a question that finds none free waits, which counts."""
KEPT_SECONDS: Final = 1.0
"""For which one is kept without a question, as the documentation has proxies do it: the server closes it after five."""
MOST_TRIES: Final = 50
A_LOOKUP: Final = 5_000
ENDS_SECONDS: Final = 300.0
REFUSED: Final = (409, 429, 503)
"""Answers of the daemon after which a request is sent again: it is coming in already, or there is no room now."""
LOOKUP, OF_MANY, OF_ONE = "lookup", "lookup in a burst of many addresses", "lookup in a burst of one address"
ROSTER, VERIFICATION = "roster taken in", "verification"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer.

    Attributes:
        at: when it was due, in seconds of the year.
        seconds: from then until it was answered.
        status: 0 where the connection broke.
    """

    kind: str
    at: float
    seconds: float
    status: int


@dataclass
class Seen:
    """What the clients saw.

    Attributes:
        began: Unix seconds of the beginning of the year.
        jobs: id of each job and the moment of the year at which its roster was due.
        sent: issuer and address of each job and status job.
        refused: how often the daemon refused, by status, 0 where the connection broke; each time it is asked again.
        broken: how often there was no answer, by the name of what the client met.
        wrong: answers that say what cannot be so.
    """

    began: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    jobs: dict[str, float] = field(default_factory=dict)
    sent: list[tuple[int, str]] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def document(number: int) -> bytes:
    """The credential of a number, as it is sent."""
    content = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "id": f"urn:uuid:{number:08x}-0000-4000-8000-{number * 2654435761 % 2**48:012x}",
        "credentialSubject": {"name": f"Graduate {number}", "award": "Bachelor of Science"},
    }
    return json.dumps(content, separators=(",", ":")).encode()


def digest_of(number: int) -> str:
    """The digest of the credential of a number, in hexadecimal."""
    return digest_json(document(number)).value.hex()


class Clients:
    """Everybody who asks in a year."""

    def __init__(self, parts: Parts, session: aiohttp.ClientSession):
        self._parts = parts
        self._session = session
        self.seen = Seen()
        # By number, as soon as the job is accepted.
        self._there: list[tuple[int, int]] = []
        self._taken_back: set[int] = set()
        self._accepted: dict[int, asyncio.Event] = {}

    async def live(self, year: Year) -> None:
        """Put every question of the year; ends when all are answered."""
        for roster in year.rosters:
            came = asyncio.Event()
            self._accepted |= dict.fromkeys(range(roster.first, roster.first + roster.count), came)
        begin = time.perf_counter() + 0.2
        self.seen.began = time.time() + 0.2
        await asyncio.gather(
            self._each(begin, year.rosters, self._send),
            self._each(begin, year.revocations, self._revoke),
            self._each(begin, year.lookups, self._look_up),
            self._each(begin, year.verifications, self._verify),
        )

    async def settle(self) -> None:
        """Wait until every job and every status job has come to its end.

        Raises:
            TimeoutError: one does not.
        """
        waiting = list(self.seen.sent)
        async with asyncio.timeout(ENDS_SECONDS):
            while waiting:
                issuer, path = waiting[-1]
                state = (await self._daemon("GET", issuer, path))["state"]
                if state in ("final", "unchanged"):
                    waiting.pop()
                elif state in ("parked", "cancelled"):
                    raise RuntimeError(f"{path} is {state}")
                else:
                    await asyncio.sleep(0.2)

    async def send(self, issuer: int, numbers: Iterable[int], query: str = "") -> str:
        """Send credentials as one job; its id. A daemon that refuses for the moment is asked again."""
        body = b"\n".join(document(number) for number in numbers)
        told = await self._daemon("POST", issuer, f"/v1/jobs{query}", body, "application/x-ndjson")
        self.seen.sent.append((issuer, f"/v1/jobs/{told['id']}"))
        return str(told["id"])

    async def told(self, numbers: Sequence[int]) -> dict[int, list[Record]]:
        """Every anchor of these credentials, by the lookup service; RuntimeError where it could not be checked."""
        found: dict[int, list[Record]] = {}
        for begin in range(0, len(numbers), A_LOOKUP):
            some = numbers[begin : begin + A_LOOKUP]
            body = json.dumps({"digests": [digest_of(number) for number in some]})
            async with self._session.post(f"{self._parts.service}/v1/lookup", data=body) as answer:
                content = await answer.json()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {content}")
            for number, result in zip(some, content["results"], strict=True):
                if "error" in result:
                    raise RuntimeError(f"credential {number}: {result['error']}")
                found[number] = [
                    Record(anchor["receipt"]["anchor"]["issuer"], anchor["status"]["revoked"])
                    for anchor in result["anchors"]
                ]
        return found

    async def leaves(self) -> int:
        """The leaves of all batches together."""
        total, cursor = 0, ""
        while True:
            async with self._session.get(f"{self._parts.service}/v1/batches?limit=1000{cursor}") as answer:
                content = await answer.json()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {content}")
            total += sum(batch["leafCount"] for batch in content["batches"])
            if content["next"] is None:
                return total
            cursor = f"&cursor={content['next']}"

    async def one_after_the_other(self, numbers: Iterable[int]) -> list[float]:
        """Seconds of each lookup while nobody else asks."""
        taken = []
        for place, number in enumerate(numbers):
            begun = time.perf_counter()
            await self._get(number, place)
            taken.append(time.perf_counter() - begun)
        return taken

    async def at_once(self, numbers: Sequence[int]) -> float:
        """Lookups a second if all are asked at one moment."""
        begun = time.perf_counter()
        await asyncio.gather(*(self._get(number, place) for place, number in enumerate(numbers)))
        return len(numbers) / (time.perf_counter() - begun)

    # What comes

    async def _each(self, begin: float, all_of_them: Sequence[T], put: Callable[[T, float], Awaitable[None]]) -> None:
        tasks = set()
        for one in all_of_them:
            due = begin + one.at
            if (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            task = asyncio.ensure_future(put(one, due))
            tasks.add(task)
        await asyncio.gather(*tasks)

    async def _send(self, roster: Roster, due: float) -> None:
        # A correction waits for company; a roster has a batch of its own.
        query = "" if roster.corrects is None else "?open=true"
        numbers = range(roster.first, roster.first + roster.count)
        number = await self.send(roster.issuer, numbers, query)
        self.seen.jobs[number] = roster.at
        self._answered(ROSTER, roster.at, due, 202)
        self._there += [(one, roster.issuer) for one in numbers]
        self._accepted[roster.first].set()

    async def _revoke(self, one: Revocation, _due: float) -> None:
        await self._accepted[one.credential].wait()
        self._taken_back.add(one.credential)
        reason = "issued-in-error" if one.is_correction else "obtained-by-fraud"
        body = json.dumps({"act": "revoke", "digests": [digest_of(one.credential)], "reason": reason}).encode()
        told = await self._daemon("POST", one.issuer, "/v1/status-jobs", body, "application/json")
        self.seen.sent.append((one.issuer, f"/v1/status-jobs/{told['id']}"))

    async def _look_up(self, one: Lookup, due: float) -> None:
        if not self._there:
            return
        number, issuer = self._there[int(one.pick * len(self._there))]
        kind = LOOKUP if not one.is_burst else OF_MANY if one.address < ADDRESSES else OF_ONE
        status, content = await self._get(number, one.address)
        self._answered(kind, one.at, due, status)
        if status == 200:
            self._check(number, issuer, content)

    async def _verify(self, one: Verification, due: float) -> None:
        if not self._there:
            return
        number, _ = self._there[int(one.pick * len(self._there))]
        try:
            async with self._session.post(
                f"{self._parts.service}/v1/verify",
                data=document(number),
                headers={"Content-Type": "application/json", "X-Forwarded-For": _address(number % ADDRESSES)},
            ) as answer:
                content = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.seen.broken[type(error).__name__] += 1
            self._answered(VERIFICATION, one.at, due, 0)
            return
        self._answered(VERIFICATION, one.at, due, answer.status)
        if answer.status == 200 and content["overall"] == "not valid" and number not in self._taken_back:
            self.seen.wrong.append(f"credential {number} is called not valid")

    def _check(self, number: int, issuer: int, content: Any) -> None:
        records = [(one["receipt"]["anchor"]["issuer"], one["status"]["revoked"]) for one in content["anchors"]]
        if [each for each, _ in records] != [issuer]:
            self.seen.wrong.append(f"credential {number} of issuer {issuer} is told with {records}")
        elif records[0][1] and number not in self._taken_back:
            self.seen.wrong.append(f"credential {number} is called revoked")

    def _answered(self, kind: str, at: float, due: float, status: int) -> None:
        self.seen.asked.append(Asked(kind, at, time.perf_counter() - due, status))

    async def _get(self, number: int, address: int) -> tuple[int, Any]:
        try:
            async with self._session.get(
                f"{self._parts.service}/v1/credentials/{digest_of(number)}",
                headers={"X-Forwarded-For": _address(address)},
            ) as answer:
                return answer.status, await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.seen.broken[type(error).__name__] += 1
            return 0, None

    async def _daemon(self, method: str, issuer: int, path: str, body: bytes | None = None, kind: str = "") -> Any:
        """Ask the daemon until it answers; what is sent again has the key of the first time, so that it counts once."""
        headers = {"Authorization": f"Bearer {self._parts.keys[issuer]}"}
        if body is not None:
            headers |= {"Content-Type": kind, "Idempotency-Key": uuid4().hex}
        for _ in range(MOST_TRIES):
            pause = 1.0
            try:
                async with self._session.request(
                    method, f"{self._parts.daemon}{path}", data=body, headers=headers
                ) as answer:
                    content = await answer.json()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.seen.broken[type(error).__name__] += 1
                # A kept connection that the server closes at this moment; nobody knows what became of the request.
                self.seen.refused[0] += 1
            else:
                if answer.status < 400:
                    return content
                if answer.status not in REFUSED:
                    raise RuntimeError(f"{method} {path}: {answer.status} {content}")
                self.seen.refused[answer.status] += 1
                pause = float(answer.headers.get("Retry-After", "1"))
            await asyncio.sleep(pause)
        raise RuntimeError(f"{method} {path} was refused {MOST_TRIES} times")


def _address(number: int) -> str:
    """An address of the documentation's networks for each client (RFC 2544's, which nobody has)."""
    return f"198.18.{number // 250}.{number % 250 + 1}"
