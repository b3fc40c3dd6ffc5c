"""Who runs a command, as far as that can be known, and that another person confirms what one has made."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from anchor.books.issued import Run
from registry.errors import IntakeError, NotPossible
from registry.untrusted.names import is_same_name, words_of_name
from registry.untrusted.text import oddities, terminal_text

LONGEST_NAME: Final = 200
_SHOWN: Final = 60


class Confirmation(StrEnum):
    """Who may confirm the root of a run, as the setting has it.

    NAME: whoever gives another name than who made it. ACCOUNT: whoever also runs the command under another account of
    the operating system. OFF: who made it, too.
    """

    NAME = "name"
    ACCOUNT = "account"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Person:
    """Who runs a command.

    Attributes:
        account: of the operating system, and the machine: `registrar@office-3`.
        name: that the person gave; nothing proves it but that person's word.
    """

    account: str
    name: str


def this_person(name: str | None) -> Person:
    """Who runs this process; without a name, the account stands for it.

    Raises:
        IntakeError: code `no-name`: the name is none that a record could have.
    """
    account = f"{_account()}@{socket.gethostname()}"
    if name is None:
        return Person(account, account)
    kept = " ".join(name.split())
    if not words_of_name(kept) or len(kept) > LONGEST_NAME or not kept.isprintable() or oddities(kept):
        raise IntakeError(
            f"a name has letters and at most {LONGEST_NAME} characters, all of which are seen, and no letters of one "
            "script among those of another",
            where=f"--by {terminal_text(kept, _SHOWN)}",
            remedy="Write the name by which your colleagues know you.",
            code="no-name",
        )
    return Person(account, kept)


def refuse_same_person(run: Run, person: Person, rule: Confirmation) -> None:
    """What one person has made, another confirms.

    Raises:
        NotPossible: code `same-person` or `same-account`.
    """
    if rule is Confirmation.OFF:
        return
    # Whoever is asked for another name, and gives none at the same keyboard, may be the same.
    is_nobody = person.name == person.account == run.made_by
    if is_nobody or is_same_name(run.made_as, person.name):
        raise NotPossible(
            f"{run.made_as} made these credentials, and another person confirms them",
            where=person.account if is_nobody else f"--by {person.name}",
            remedy="Let a colleague look at the preview and confirm the root with --by and their name; the setting "
            'issuing_confirmation = "off" leaves the second person out.',
            code="same-person",
        )
    if rule is Confirmation.ACCOUNT and run.made_by == person.account:
        raise NotPossible(
            f"these credentials were made under the account {person.account}, and another account confirms them",
            remedy="Confirm from the account of a colleague; the setting issuing_confirmation = "
            '"name" asks for another name alone.',
            code="same-account",
        )


def _account() -> str:
    """By the system's own list; variables of the environment say what their user wants."""
    if not hasattr(os, "getuid"):
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # Containers run under numbers that have no name.
        return str(os.getuid())
