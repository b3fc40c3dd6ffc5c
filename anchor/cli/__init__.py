"""The `testamur` command."""

from __future__ import annotations


def main() -> None:
    """Run the command."""
    # Processes that digest import this module anew; what the commands need would cost each of them a second.
    import sys

    from anchor.cli.app import app
    from registry.keccak import for_others

    for_others()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has not all of Unicode shows an escape instead of ending the command.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app()
