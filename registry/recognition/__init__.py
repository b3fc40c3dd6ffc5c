"""Accreditations, recognitions, and the paths between them."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.recognition.accord_file import AccordFile, Member, parse_accord
    from registry.recognition.accords import AccordStanding, accord_members, is_accord, what_is_missing
    from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State, StateAt
    from registry.recognition.path import LONGEST_PATH, Gap, Missing, Path, Reading, find_path, why_not
    from registry.recognition.scope import Scope, StatedScope
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "accord_file": "AccordFile, Member, parse_accord",
            "accords": "AccordStanding, accord_members, is_accord, what_is_missing",
            "ledger": "Accreditation, Change, Kind, Ledger, State, StateAt",
            "path": "LONGEST_PATH, Gap, Missing, Path, Reading, find_path, why_not",
            "scope": "Scope, StatedScope",
        },
    )

__all__ = [
    "LONGEST_PATH", "AccordFile", "AccordStanding", "Accreditation", "Change", "Gap", "Kind", "Ledger", "Member",
    "Missing", "Path", "Reading", "Scope", "State", "StateAt", "StatedScope", "accord_members", "find_path",
    "is_accord", "parse_accord", "what_is_missing", "why_not",
]  # fmt: skip
