"""Accreditations and recognitions as the API shows them: which are wanted, and their members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.formats.trqp import write_resource
from registry.recognition.joint import joint_holders
from registry.recognition.ledger import Accreditation, Kind, Ledger, State, state_members
from registry.recognition.scope import ANY_PROGRAMME, Scope
from registry.timestamps import write_timestamp


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """Which links are wanted; None for all.

    Attributes:
        state: that it has by its last change, or where `at` is given, that it had then by all that is on record now.
        at: only those that were anything then, by all that is on record now, within their dates.
    """

    kinds: frozenset[Kind]
    body: int | None = None
    holder: int | None = None
    state: State | None = None
    at: datetime | None = None

    def wants(self, link: Accreditation) -> bool:
        """Whether it is one of them."""
        return (
            link.kind in self.kinds
            and self.body in (None, link.body)
            and self.holder in (None, link.holder)
            and self.state in (None, self._state(link))
            and (self.at is None or self._state(link) is not State.NONE)
        )

    def _state(self, link: Accreditation) -> State:
        return link.state if self.at is None else link.state_at(self.at).as_known_now


def wanted_links(ledger: Ledger, wanted: LinkFilter, *, after: int) -> Iterator[Accreditation]:
    """Those that are wanted, by number, from the one after a number on."""
    if wanted.holder is not None:
        return (link for link in ledger.held_by(wanted.holder) if link.id > after and wanted.wants(link))
    return (link for link in ledger.accreditations[after:] if wanted.wants(link))


def members_of(link: Accreditation, ledger: Ledger, at: datetime | None = None) -> dict[str, Any]:
    """A link as JSON has it.

    Args:
        ledger: that it is of, in which the other holders of a joint decision are.
        at: for which `stateAt` is told, if it is given.
    """
    members = {
        "id": link.id,
        "kind": link.kind.value,
        "body": link.body,
        "holder": link.holder,
        "scope": scope_members(link.scope),
        "validFrom": write_timestamp(link.valid_from),
        "validUntil": write_timestamp(link.valid_until) if link.valid_until else None,
        "conditionHash": f"0x{link.condition_hash.hex()}" if link.is_conditional else None,
        "jointHolders": list(joint_holders(ledger, link)),
        "evidence": {"hash": f"0x{link.evidence_hash.hex()}", "uri": link.evidence_uri},
        "state": link.state.value,
        "changes": [
            {
                "state": change.state.value,
                "recordedAt": write_timestamp(change.recorded_at),
                "effectiveFrom": write_timestamp(change.effective_from),
                "reason": change.reason,
            }
            for change in link.changes
        ],
    }
    if at is not None:
        members["stateAt"] = state_members(link, at)
    return members


def scope_members(scope: Scope) -> dict[str, Any]:
    """A scope as JSON has it; "" and an empty list stand for any, of a programme null."""
    return {
        "field": scope.field,
        "levels": list(scope.levels),
        "types": sorted(scope.qualification_types),
        "jurisdiction": scope.jurisdiction,
        "programme": None if scope.programme == ANY_PROGRAMME else f"0x{scope.programme.hex()}",
        "text": str(scope),
        "resource": write_resource(scope),
    }
