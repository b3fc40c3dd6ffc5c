"""How the command says that it was called in a wrong way, and what it says of a fault of its own."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from anchor.cli.console import SafeConsole, Styled


class SafeGroup(TyperGroup):
    """The commands; what typer finds wrong with a call repeats the call, so it is told through the one console."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command that is called; `standalone_mode` as in typer."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, windows_expand_args, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.TyperException as error:
            _tell(error)
            sys.exit(error.exit_code)
        except typer.Abort:
            SafeConsole(stderr=True).say("Stopped.", style="bold red")
            sys.exit(1)
        sys.exit(code)


def tell_fault(fault: BaseException) -> None:
    """What a person can report, line by line: the text of the fault may be a stranger's."""
    console = SafeConsole(stderr=True)
    for lines in traceback.format_exception(fault):
        for each in lines.splitlines():
            console.say(each)
    console.say("This is a fault of the program and says nothing about the input. Please report it.", style="bold red")


def _tell(error: typer.TyperException) -> None:
    message, context = error.format_message(), getattr(error, "ctx", None)
    # Called without a command, typer has shown the help already.
    if not message or type(error).__name__ == "NoArgsIsHelpError":
        return
    console = SafeConsole(stderr=True)
    if context is not None:
        console.say(context.get_usage())
        console.say("Try ", Styled(f"{context.command_path} --help", "bold"), " for help.")
    for each in message.splitlines():
        console.say(each, style="bold red")
