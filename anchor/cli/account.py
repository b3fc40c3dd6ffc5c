"""`testamur account`: the account that signs transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import asked_password
from anchor.cli.session import Session, command
from registry.errors import SignerError

app = typer.Typer(no_args_is_help=True, help="The account that signs transactions.")


@app.command()
@command
def new(
    session: Session,
    keystore: Annotated[Path, typer.Argument(help="The new keystore file.", show_default=False)],
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="File with the password; default: asked for.")
    ] = None,
) -> None:
    """Make a key of your own, locked with a password, in a file that you alone can read."""
    from anchor.sending.accounts import new_keystore

    address = new_keystore(keystore, _password(keystore, password_file))
    session.result({"address": address, "keystore": str(keystore)})
    session.say(f"{keystore} holds the key of {address}.")
    session.say("Keep a copy of it and of its password: nobody can bring them back.")


def _password(keystore: Path, file: Path | None) -> str:
    from anchor.sending.accounts import password_in

    if file is None:
        asked = asked_password(keystore, new=True)
        if asked is None:
            raise SignerError(
                "a keystore needs a password, and there is no terminal to ask at",
                where=str(keystore),
                remedy="Name a file whose first line it is with --password-file.",
                code="no-password",
            )
        if not asked:
            raise SignerError("the two passwords differ, or are empty", where=str(keystore), code="no-password")
        return asked
    try:
        return password_in(file)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a text in UTF-8"
        raise SignerError(f"the password cannot be read: {why}", where=str(file), code="no-password") from None
