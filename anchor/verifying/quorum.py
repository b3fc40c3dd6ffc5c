"""How many endpoints have to name a block against which something is proved."""

from __future__ import annotations

from typing import Final

from anchor.workspace import Workspace

QUORUM: Final = 2
"""Where there are several and the settings do not say."""


def quorum_of(workspace: Workspace) -> int:
    """By the settings, else two where there are several endpoints; a single one is enough for itself."""
    return workspace.settings.quorum or min(QUORUM, len(workspace.client.endpoints()) or 1)
