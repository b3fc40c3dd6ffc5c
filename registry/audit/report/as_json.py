"""An audit as one JSON object."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import fields
from typing import Any, Final

from registry.audit.findings import Audit, Counts
from registry.audit.report.figures import insights_of
from registry.audit.report.tables import tables

CLEAN: Final = "clean"
DIFFERENCES: Final = "differences"
COULD_NOT_BE_CHECKED: Final = "could not be checked"


def outcome(audit: Audit) -> str:
    """What an audit comes to."""
    return outcome_of(audit.differences, audit.unchecked)


def outcome_of(differences: Sized, unchecked: Sized) -> str:
    """What differences and what could not be checked come to: a difference weighs more."""
    if differences:
        return DIFFERENCES
    return COULD_NOT_BE_CHECKED if unchecked else CLEAN


def content(audit: Audit) -> dict[str, Any]:
    """All of an audit, for programs; large numbers of wei are text."""
    return {
        "outcome": outcome(audit),
        "chain": audit.chain,
        "contract": audit.contract,
        "edition": audit.edition,
        "accreditationsContract": audit.accreditations_contract,
        "deployedIn": audit.deployed_in,
        "block": audit.block.to_dict(),
        "issuer": audit.asked.issuer,
        "since": audit.asked.since,
        "dataFolder": None if audit.folder is None else str(audit.folder),
        "checked": {_camel(name): getattr(audit.checked, name) for name in _COUNTED},
        "notes": list(audit.notes),
        "insights": None if (found := insights_of(audit)) is None else found.to_dict(),
        **{name: table.records() for name, table in tables(audit).items()},
    }


_COUNTED: Final = tuple(each.name for each in fields(Counts))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


COUNTED: Final = tuple(map(_camel, _COUNTED))
"""The members of `checked`."""
