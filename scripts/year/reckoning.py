"""What has to be on record at the end of a year, and what differs from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scripts.year.arrivals import Year


class Record(NamedTuple):
    """One anchor of a credential, as it is told."""

    issuer: int
    revoked: bool


def expected(year: Year) -> dict[int, Record]:
    """Of each credential, by its number, its one anchor."""
    gone = {revocation.credential for revocation in year.revocations}
    return {
        number: Record(roster.issuer, number in gone)
        for roster in year.rosters
        for number in range(roster.first, roster.first + roster.count)
    }


def differences(
    wanted: Mapping[int, Record], told: Mapping[int, Sequence[Record]], leaves: int, left_out: int = 0
) -> list[str]:
    """What is lost, doubled, another issuer's or has the wrong status; nothing where all is right.

    Args:
        told: every anchor of each credential.
        leaves: of all batches together.
        left_out: how many the daemon said that it left out since they were revoked before their batch was sealed.
    """
    found = []
    never = 0
    for number, record in wanted.items():
        anchors = told.get(number, ())
        if not anchors and record.revoked and never < left_out:
            never += 1
        elif not anchors:
            found.append(f"credential {number} is lost")
        elif len(anchors) > 1:
            found.append(f"credential {number} is anchored {len(anchors)} times")
        elif anchors[0].issuer != record.issuer:
            found.append(f"credential {number} is issuer {anchors[0].issuer}'s, not {record.issuer}'s")
        elif anchors[0].revoked != record.revoked:
            found.append(f"credential {number} is {'' if anchors[0].revoked else 'not '}revoked")
    found += [f"credential {number} was never issued" for number in told if number not in wanted and told[number]]
    if never != left_out:
        found.append(f"{left_out} were left out since they were revoked, and of these only {never} are in no batch")
    if leaves != len(wanted) - left_out:
        found.append(f"all batches have {leaves} leaves, and there are {len(wanted) - left_out} credentials")
    return found
