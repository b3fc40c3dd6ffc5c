"""What every command has in common: its options, its way to speak, and how errors become messages and exit codes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import IntEnum
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from anchor.cli.console import (
    Fields,
    GrowingJson,
    Listing,
    Piece,
    SafeConsole,
    Styled,
    Unheard,
    asked_password,
    line,
    write_json,
)
from anchor.cli.group import tell_fault
from anchor.cli.masking import masked_output
from anchor.secrets import secrets_of
from anchor.settings import Settings, load_settings
from registry.errors import ChainError, ContractReverted, RegistryError, StoreError
from registry.extras import needs
from registry.secrets import Mask

if TYPE_CHECKING:
    from anchor.workspace import Workspace

PANEL = "Common options"
_IN_MEMORY_BYTES: Final = 1 << 20


class Exit(IntEnum):
    """What the exit code of a command says."""

    DONE = 0
    FAILED = 1
    COULD_NOT_BE_CHECKED = 2
    SOME_REJECTED = 3
    STOPPED = 4
    # EX_SOFTWARE of sysexits.h: a fault of the program is no verdict.
    FAULT = 70


class Session:
    """One run of a command: its settings and its output.

    Args:
        as_json: print one JSON object and nothing else on standard output.
    """

    def __init__(self, settings: Settings, *, as_json: bool):
        self.settings = settings
        self.as_json = as_json
        self._console = SafeConsole()
        self._notes = SafeConsole(stderr=True)

    def workspace(self, *, read_only: bool = False, patient: bool = True) -> Workspace:
        """The workspace of the settings; close it after use. A service is not patient: it pauses by itself."""
        from anchor.workspace import Workspace  # half a second, which commands without a data folder need not wait

        return Workspace(
            self.settings, read_only=read_only, patient=patient, note=self.note, ask_password=asked_password
        )

    def note(self, sentence: str) -> None:
        """Tell a person beside the result, on standard error."""
        self._notes.say(sentence)

    def say(self, *pieces: Piece | Listing | Fields) -> None:
        """Tell a person, in one line of texts that are shown as they are, or in a table; silent with `--json`."""
        if not self.as_json:
            self._console.say(*pieces)

    def result(self, content: Mapping[str, Any] | list[Any]) -> None:
        """Tell a program; silent without `--json`."""
        if self.as_json:
            write_json(content)

    @contextmanager
    def growing(self, name: str) -> Iterator[GrowingJson]:
        """The same of an object with a list that may be longer than memory.

        Args:
            name: of the list.
        """
        if not self.as_json:
            yield Unheard()
            return
        # What is no Unicode text was made an escape before.
        with SpooledTemporaryFile(_IN_MEMORY_BYTES, "w+", encoding="utf-8", newline="") as file:
            yield GrowingJson(name, file)

    def stopped(self, sentence: str, error: RegistryError) -> Exit:
        """Tell that what runs for long has ended by itself because a person has to look; the exit code for it."""
        if self.as_json:
            write_json(error_content(error))
        else:
            self.say(Styled(f"{sentence}: {error}", "bold red"))
            if error.remedy:
                self.say(error.remedy)
        return Exit.STOPPED

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """A bar for long work on a terminal; call it with what is done and what there is in all."""
        percent = TextColumn("{task.percentage:>3.0f}%", markup=False)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), percent)
        quiet = self.as_json or not self._notes.is_terminal
        with Progress(*columns, TimeRemainingColumn(), console=self._notes, transient=True, disable=quiet) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def live(self, begins: str) -> Iterator[Callable[[str], None] | None]:
        """A line on a terminal that is kept up to date by calling it; None where there is no terminal.

        Args:
            begins: what it says at first.
        """
        if self.as_json or not self._notes.is_terminal:
            yield None
            return
        with self._notes.status(line(begins)) as shown:
            yield lambda text: shown.update(line(text))


def _common(kind: Any, *names: str, help: str) -> Any:  # noqa: A002 - the word of typer
    return Annotated[kind, typer.Option(*names, help=help, rich_help_panel=PANEL, show_default=False)]


_COMMON: dict[str, tuple[Any, Any]] = {
    "as_json": (_common(bool, "--json", help="Print one JSON object instead of text."), False),
    "settings_file": (_common(Path | None, "--settings", help="Settings file; default: testamur.toml here."), None),
    "data_folder": (_common(Path | None, "--data-folder", help="Database, trees and the embedded chain."), None),
    "chain": (_common(str | None, "--chain", help="'embedded', or the URL of a JSON-RPC endpoint."), None),
    "contract": (_common(str | None, "--contract", help="Address of the registry contract."), None),
    "issuer": (_common(int | None, "--issuer", help="Number of the party that is meant."), None),
}


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a command of a function whose first parameter is its `Session` and whose result is its exit code.

    The common options are added to those of the function, and an error of the registry becomes a message. Options that
    several commands have stand in a dataclass of their own: a parameter of that type is given one that has them all.
    """
    hints = get_type_hints(function, include_extras=True)
    first, *own = inspect.signature(function).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    groups = {parameter.name: hints[parameter.name] for parameter in own if is_dataclass(hints[parameter.name])}
    parameters = []
    for parameter in own:
        if parameter.name in groups:
            parameters += _options_of(groups[parameter.name])
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name], kind=keyword))
    parameters += [
        inspect.Parameter(name, keyword, annotation=kind, default=default) for name, (kind, default) in _COMMON.items()
    ]

    @functools.wraps(function)
    def run(**given: Any) -> None:
        common = {name: given.pop(name) for name in _COMMON}
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        as_json = common.pop("as_json")
        try:
            settings = load_settings(common.pop("settings_file"), **common)
        except RegistryError as error:
            _tell(error, as_json=as_json)
            raise typer.Exit(_exit_code(error)) from None
        with masked_output(Mask(secrets_of(settings))):
            try:
                with needs("embedded"):
                    code = function(Session(settings, as_json=as_json), **given)
            except RegistryError as error:
                _tell(error, as_json=as_json)
                raise typer.Exit(_exit_code(error)) from None
            except (typer.Exit, typer.Abort):
                raise
            except Exception as fault:
                if _is_of_database(fault):
                    _tell(_no_database(fault), as_json=as_json)
                    raise typer.Exit(Exit.COULD_NOT_BE_CHECKED) from None
                tell_fault(fault)
                raise typer.Exit(Exit.FAULT) from None
        raise typer.Exit(code or Exit.DONE)

    # typer reads the parameters from here; without this it would look through to the function itself.
    del run.__wrapped__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    if first.name != "session":
        raise TypeError(f"{function.__name__}: the first parameter of a command is its session")
    return run


def _options_of(group: Any) -> list[inspect.Parameter]:
    """A dataclass of options as parameters of a command."""
    hints = get_type_hints(group, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(each.name, keyword, annotation=hints[each.name], default=each.default)
        for each in fields(group)
    ]


def _is_of_database(fault: Exception) -> bool:
    from registry.database.engine import DatabaseError

    return isinstance(fault, DatabaseError)


def _no_database(failed: Exception) -> StoreError:
    """A server that went away, a full disk, a database that another process holds for too long."""
    reason = str(getattr(failed, "orig", None) or failed).strip().partition("\n")[0]
    return StoreError(
        f"the database cannot be used: {reason}",
        remedy="What was done until then is kept. Run the same command again when the database is there, and has room.",
        code="database",
    )


def _exit_code(error: RegistryError) -> Exit:
    """What could not be asked may yet come out well: that is not the same as a refusal."""
    unasked = isinstance(error, ChainError) and not isinstance(error, ContractReverted)
    return Exit.COULD_NOT_BE_CHECKED if unasked else Exit.FAILED


def error_content(error: RegistryError) -> dict[str, Any]:
    """An error for `--json`."""
    return {"error": {"code": error.code, "what": error.what, "where": error.where, "remedy": error.remedy}}


def _tell(error: RegistryError, *, as_json: bool) -> None:
    if as_json:
        write_json(error_content(error))
        return
    console = SafeConsole(stderr=True)
    console.say(str(error), style="bold red")
    if error.remedy:
        console.say(error.remedy)
