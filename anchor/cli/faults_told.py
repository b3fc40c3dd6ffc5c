"""What is wrong with a file, entry by entry, as the commands that look at frameworks, pathways and rubrics tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from anchor.cli.console import Styled
from anchor.cli.session import Session
from registry.frameworks.model import Fault

MOST_SHOWN: Final = 50


def faults_content(faults: Iterable[Fault]) -> dict[str, object]:
    """As a member of what `--json` prints."""
    return {"faults": [{"entry": each.entry, "reason": each.reason, "grave": each.grave} for each in faults]}


def say_faults(session: Session, faults: Sequence[Fault], grave: str) -> None:
    """Tell them, one a line.

    Args:
        grave: what a grave one is called, such as `left out`.
    """
    for each in faults[:MOST_SHOWN]:
        session.say(Styled(grave, "bold red") if each.grave else Styled("look at", "bold yellow"), f" {each}")
    if len(faults) > MOST_SHOWN:
        session.say(f"and {len(faults) - MOST_SHOWN:,} more; --json has all.")
