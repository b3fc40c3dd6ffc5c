"""What the commands that make credentials of rosters are told alike: who, with which key, by which template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.session import Session
from anchor.issuing.signing import IssuingKey, Proofs, issuing_key

By = Annotated[
    str | None, typer.Option("--by", help="Your name, as it is recorded; default: your account on this machine.")
]
RosterTemplate = Annotated[
    Path | None, typer.Option("--template", help="Its template; default: the one beside it that it names.")
]
SignKey = Annotated[
    Path | None, typer.Option("--sign-key", help="File with the institution's key; default: issuing_key.")
]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", help="A rule of the whole roster that you looked at, such as outside-scope."),
]


def key_for(session: Session, file: Path | None, issuer: str) -> IssuingKey:
    """The key that signs for an institution: the one that is named, or that of the settings.

    Raises:
        SettingsError: as `issuing_key`.
    """
    settings = session.settings
    return issuing_key(file or settings.issuing_key, settings.issuing_method, Proofs(settings.issuing_proofs), issuer)
