"""The `testamur` command."""

from __future__ import annotations


def main() -> None:
    """Run the command."""
    # Processes that digest import this module anew; what the commands need would cost each of them a second.
    from anchor.cli.app import app

    app()
