"""Accreditations, recognitions, and the paths between them."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State, StateAt
    from registry.recognition.path import LONGEST_PATH, Gap, Missing, Path, Reading, find_path, why_not
    from registry.recognition.scope import Scope, StatedScope
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "ledger": "Accreditation, Change, Kind, Ledger, State, StateAt",
            "path": "LONGEST_PATH, Gap, Missing, Path, Reading, find_path, why_not",
            "scope": "Scope, StatedScope",
        },
    )

__all__ = [
    "LONGEST_PATH", "Accreditation", "Change", "Gap", "Kind", "Ledger", "Missing", "Path", "Reading",
    "Scope", "State", "StateAt", "StatedScope", "find_path", "why_not",
]  # fmt: skip
