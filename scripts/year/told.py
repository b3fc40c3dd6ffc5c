"""What is told of a year: a table, a chart of text, and JSON with all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from scripts.year.arrivals import MONTHS
from scripts.year.clients import LOOKUP, OF_MANY, OF_ONE, ROSTER, VERIFICATION
from scripts.year.queueing import burst_quantile, longest_backlog, mean_wait, quantile, utilisation
from scripts.year.run import Outcome

SHARES: Final = (0.5, 0.95, 0.99)
COLUMNS: Final = 36
NATION: Final = 10_000_000
YEAR_SECONDS: Final = 31_536_000


def content_of(outcome: Outcome) -> dict[str, Any]:
    """Everything, for JSON; seconds everywhere."""
    year, before = outcome.year, outcome.before
    scale = year.scale
    return {
        "scale": {
            "seconds": scale.seconds,
            "rosters": len([roster for roster in year.rosters if roster.corrects is None]),
            "credentials": year.credentials,
            "revoked": len(year.revocations),
            "corrected": len([one for one in year.revocations if one.is_correction]),
            "lookups": len(year.lookups),
            "burst": scale.burst,
            "ofANation": year.credentials / NATION,
        },
        "measuredBefore": {
            "lookupMean": before.lookup.mean,
            "lookupsASecond": before.lookups_a_second,
            "jobMean": before.job.mean,
        },
        "busy": dict(outcome.busy),
        "jobs": _jobs(outcome),
        "months": list(_months(outcome)),
        "questions": {kind: _answers(outcome, kind) for kind in (LOOKUP, OF_MANY, OF_ONE, VERIFICATION, ROSTER)},
        "theory": _theory(outcome),
        "refusedByDaemon": {str(status): count for status, count in outcome.seen.refused.items()},
        "broken": dict(outcome.seen.broken),
        "fullYear": _full(outcome),
        "wrong": list(outcome.wrong),
    }


def lines_of(content: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    scale, before = content["scale"], content["measuredBefore"]
    yield (
        f"{scale['credentials']:,} credentials in {scale['rosters']:,} rosters, {scale['revoked']} revoked of which "
        f"{scale['corrected']} corrected, {scale['lookups']:,} lookups; twelve months in {scale['seconds']:g} s"
    )
    yield (
        f"measured before: a lookup {_ms(before['lookupMean'])} alone, {before['lookupsASecond']:,.0f}/s at most; "
        f"a job {_ms(before['jobMean'])} of the daemon"
    )
    busy = ", ".join(f"{name} {share:.0%}" for name, share in content["busy"].items())
    yield f"busy, of one processor: {busy}"
    yield ""
    yield f"{'from accepted':34}{'p50':>10}{'p95':>10}{'p99':>10}"
    for name, spread in content["jobs"].items():
        yield f"{'to ' + name:34}" + _spread(spread)
    yield ""
    yield f"{'question':36}{'asked':>8}{'p50':>10}{'p95':>10}{'p99':>10}  by status"
    for kind, answers in content["questions"].items():
        statuses = ", ".join(f"{status}: {count}" for status, count in answers["statuses"].items())
        yield f"{kind:36}{answers['asked']:8,}" + _spread(answers["seconds"]) + f"  {statuses}"
    yield ""
    yield f"{'limit by theory':62}{'theory':>10}{'measured':>10}"
    for row in content["theory"]:
        yield f"{row['what']:62}{_ms(row['theory']):>10}{_ms(row['measured']):>10}"
    yield ""
    most = max((month["rosters"] for month in content["months"]), default=0)
    longest = max((month["backlog"] for month in content["months"]), default=0)
    yield f"month  {'jobs that come':{COLUMNS}}  {'most that are not final':{COLUMNS}}  busy"
    for number, month in enumerate(content["months"], start=1):
        yield (
            f"{number:5}  {_bar(month['rosters'], most):{COLUMNS}}  {_bar(month['backlog'], longest):{COLUMNS}}  "
            f"{month['utilisation']:.0%}"
        )
    yield ""
    for row in content["fullYear"]:
        yield f"computed for {NATION:,} in a year: {row}"
    refused = content["refusedByDaemon"]
    yield f"refused by the daemon and asked again: {', '.join(f'{key}: {refused[key]}' for key in refused) or 'never'}"
    broken = ", ".join(f"{name}: {count}" for name, count in content["broken"].items())
    yield f"without an answer, by what the client met: {broken or 'never'}"
    wrong = content["wrong"]
    yield "every credential is on record as it has to be, once" if not wrong else "\n".join(["WRONG:", *wrong[:20]])


def _jobs(outcome: Outcome) -> dict[str, dict[str, float] | None]:
    found = [outcome.times[job] for job in outcome.seen.jobs if job in outcome.times]
    return {
        "sent": _quantiles([one.sent - one.accepted for one in found]),
        "in a block": _quantiles([one.mined - one.accepted for one in found]),
        "final": _quantiles([one.final - one.accepted for one in found]),
    }


def _months(outcome: Outcome) -> Iterator[dict[str, Any]]:
    year = outcome.year
    length = year.scale.seconds / MONTHS
    known = {job: outcome.times[job] for job in outcome.seen.jobs if job in outcome.times}
    for month in range(MONTHS):
        begin = outcome.seen.began + month * length
        there = [one for one in known.values() if one.accepted < begin + length and one.final > begin]
        came = [one for job, one in known.items() if year.month(outcome.seen.jobs[job]) == month]
        rate = len(came) / length
        yield {
            "rosters": len(came),
            "backlog": longest_backlog([max(one.accepted, begin) for one in there], [one.final for one in there]),
            "utilisation": utilisation(rate, outcome.before.job),
            "waitByTheory": _finite(mean_wait(rate, outcome.before.job)),
            "untilFinal": _quantiles([one.final - one.accepted for one in came]),
        }


def _answers(outcome: Outcome, kind: str) -> dict[str, Any]:
    asked = [one for one in outcome.seen.asked if one.kind == kind]
    statuses = Counter(one.status for one in asked)
    return {
        "asked": len(asked),
        # What was refused is quick, and no answer.
        "seconds": _quantiles([one.seconds for one in asked if one.status in (200, 202, 404)]),
        "statuses": {str(status): statuses[status] for status in sorted(statuses)},
    }


def _theory(outcome: Outcome) -> list[dict[str, Any]]:
    before, scale = outcome.before, outcome.year.scale
    rows = []
    ends = _ends_of_bursts(outcome)
    # Who comes while a burst is answered waits for that, of which the formula knows nothing.
    steady = [
        one.seconds
        for one in outcome.seen.asked
        if one.kind == LOOKUP
        and one.status in (200, 404)
        and not any(begin - one.seconds <= one.at < end for begin, end in ends.items())
    ]
    if steady:
        waited = sum(steady) / len(steady) - before.lookup.mean
        theory = mean_wait(scale.lookups, before.lookup)
        what = f"mean wait of a lookup between bursts, {scale.lookups:g}/s (M/G/1)"
        rows.append({"what": what, "theory": _finite(theory), "measured": waited})
    burst = [one.seconds for one in outcome.seen.asked if one.kind == OF_MANY and one.status in (200, 404)]
    for share in SHARES if burst else ():
        theory = burst_quantile(scale.burst, before.lookups_a_second, share)
        what = f"p{share * 100:.0f} of a burst of {scale.burst:,} (nothing else is done)"
        rows.append({"what": what, "theory": theory, "measured": quantile(burst, share)})
    return rows


def _ends_of_bursts(outcome: Outcome) -> dict[float, float]:
    """When the last question of each burst was answered, by its moment."""
    ends: dict[float, float] = {}
    for one in outcome.seen.asked:
        if one.kind in (OF_MANY, OF_ONE):
            ends[one.at] = max(ends.get(one.at, 0.0), one.at + one.seconds)
    return ends


def _full(outcome: Outcome) -> list[str]:
    """The whole year, with the service times of this run and its own share of rosters in the fullest month."""
    before, year = outcome.before, outcome.year
    rosters = [roster for roster in year.rosters if roster.corrects is None]
    a_roster = sum(roster.count for roster in rosters) / max(1, len(rosters))
    jobs = NATION / a_roster
    fullest = max(Counter(year.month(roster.at) for roster in rosters).values(), default=0) / max(1, len(rosters))
    rate = jobs * fullest / (YEAR_SECONDS / MONTHS)
    lookup_busy = year.scale.lookups / before.lookups_a_second
    return [
        f"{jobs:,.0f} jobs of {a_roster:.0f}, {rate:.3f}/s in the fullest month: the daemon is busy for "
        f"{utilisation(rate, before.job):.1%} of it, by {_ms(before.job.mean)} a job",
        f"{year.scale.lookups:g} lookups/s: one process is busy for {lookup_busy:.1%}, by "
        f"{before.lookups_a_second:,.0f}/s at most",
    ]


def _quantiles(values: Sequence[float]) -> dict[str, float] | None:
    return {f"p{share * 100:.0f}": quantile(values, share) for share in SHARES} if values else None


def _finite(seconds: float) -> float | None:
    """JSON has no infinity: None where the queue grows without end."""
    return seconds if seconds < float("inf") else None


def _spread(spread: dict[str, float] | None) -> str:
    return "".join(f"{_ms(None if spread is None else spread[name]):>10}" for name in ("p50", "p95", "p99"))


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:,.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def _bar(value: float, most: float) -> str:
    return f"{'#' * round(value / most * (COLUMNS - 8)) if most else ''} {value:g}"
