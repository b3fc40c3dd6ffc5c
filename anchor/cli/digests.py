"""`testamur digest`: the digest by which a credential is anchored and looked up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.cli.session import Exit, Session, command
from anchor.verifying.paths import credential_files
from anchor.verifying.reading import read_file
from registry.credential.digest import Digest, Limits
from registry.document.reading import Reading
from registry.errors import CredentialError, IntakeError
from registry.verify.same_document import missed
from registry.verify.verdict import sentences


@command
def digest(
    session: Session,
    paths: Annotated[list[Path], typer.Argument(help="Credentials, or folders of them.", show_default=False)],
    every: Annotated[
        bool, typer.Option("--all", help="Every digest under which it, or what it holds, may be anchored.")
    ] = False,
) -> Exit:
    """Print the digests of credentials, and by which method they are made. Nothing is asked or sent."""
    limits = Limits(max_bytes=session.settings.max_document_bytes, max_depth=session.settings.max_document_depth)
    files: list[dict[str, Any]] = []
    for path in credential_files(paths):
        if not path.is_file():
            raise IntakeError("it is a digest already, not a file", where=str(path), code="unreadable")
        reading = read_file(path, limits)
        found = reading.digests if every else (reading.digest,) if reading.digest else ()
        # Of all that it holds nothing may be left out without a word; its own digest is whole in any case.
        trouble = _trouble(reading, every=every)
        for each in found:
            session.say(f"{each.hex}  {each.method}  {path}")
        if trouble is not None:
            session.note(f"{path}: {trouble}")
        files.append(_content(path, reading.digest, found if every else None, trouble))
    session.result({"files": files})
    return Exit.FAILED if any(each["error"] for each in files) else Exit.DONE


def _trouble(reading: Reading, *, every: bool) -> str | None:
    if reading.digest is None:
        error = reading.refusal or CredentialError("it has no digest")
        return sentences(error.what, error.remedy)
    if every and reading.unread:
        return f"Not all of it was read ({missed(reading)}), so there may be more digests."
    return None


def _content(path: Path, own: Digest | None, every: tuple[Digest, ...] | None, trouble: str | None) -> dict[str, Any]:
    content: dict[str, Any] = {"file": str(path), "digest": None, "method": None, "error": trouble}
    if own is not None:
        content |= {"digest": own.hex, "method": str(own.method)}
    if every is not None:
        content["digests"] = [{"digest": each.hex, "method": str(each.method)} for each in every]
    return content
