"""How the audit calls forge."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BINARIES = REPOSITORY / "node_modules/.bin"


def with_profile(profile: str, **settings: str) -> dict[str, str]:
    """The environment with forge on the path, a profile of foundry.toml, and settings over it."""
    paths = os.pathsep.join([str(BINARIES), os.environ["PATH"]])
    return {**os.environ, "PATH": paths, "FOUNDRY_PROFILE": profile, **settings}


def forge(profile: str, *arguments: str, **settings: str) -> None:
    """Run forge in the repository. Raises CalledProcessError when it fails."""
    command = [str(BINARIES / "forge"), *arguments]
    subprocess.run(command, cwd=REPOSITORY, env=with_profile(profile, **settings), check=True)
