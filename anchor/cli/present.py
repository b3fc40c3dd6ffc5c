"""`testamur present`: of an SD-JWT, as much as its holder wants to show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import Column, Listing, bold
from anchor.cli.session import Session, command
from anchor.cli.wording import amount
from anchor.issuing.holder_files import RECEIPT_ENDING
from anchor.issuing.presenting import MOST_BYTES, Shown, shown_in, without
from anchor.verifying.named import read_named
from registry.errors import IntakeError, ProofError, SettingsError
from registry.privatefiles import replace_privately
from registry.proofs.signatures.sdjwt import SdJwt, read_sd_jwt
from registry.untrusted.archives import short_name


@command
def present(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Your credential, an SD-JWT.", show_default=False)],
    left_out: Annotated[
        list[str] | None, typer.Option("--without", help="What is not shown, such as result or birth-date; repeatable.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to give away, such as shown.sdjwt.")
    ] = None,
) -> None:
    """Show a part of an SD-JWT, or list what can be left out of it. Nobody is asked, and nothing is sent."""
    try:
        given = _read(file)
        if not left_out:
            _list(session, file, shown_in(given))
            return
        shown, keys = without(given, left_out)
    except (IntakeError, ProofError) as error:
        error.where = error.where or str(file)
        raise
    if output is None or output.resolve() == file.resolve():
        raise SettingsError(
            "it is not said where to write what is shown" if output is None else "that is your credential itself",
            where=None if output is None else str(output),
            remedy="Name another file with -o, such as shown.sdjwt.",
            code="no-output",
        )
    receipt = _write(file, output, shown)
    session.result({"output": str(output), "leftOut": keys, "receipt": None if receipt is None else str(receipt)})
    session.say(bold(str(output)), f": without {', '.join(keys)}")
    if receipt is None:
        session.say(f"No receipt stands beside {file}: whoever checks it needs one, or an index of the issuer's.")
    else:
        session.say("Its receipt, which is the same: ", bold(str(receipt)))


def _read(file: Path) -> SdJwt:
    data = read_named(file, MOST_BYTES)
    if len(data) > MOST_BYTES:
        raise IntakeError(f"it is longer than {MOST_BYTES:,} bytes", where=str(file), code="too-large")
    return read_sd_jwt(data)


def _list(session: Session, file: Path, shown: list[Shown]) -> None:
    session.result({"file": str(file), "claims": [{"key": each.key, "says": each.says} for each in shown]})
    session.say(bold(str(file)), f": {amount(len(shown), 'claim')} can be left out, by --without")
    if shown:
        session.say(Listing([Column("what"), Column("says")], [(each.key, each.says) for each in shown]))


def _write(file: Path, output: Path, shown: str) -> Path | None:
    """Write what is shown; where there is a receipt beside the whole, beside it too."""
    beside, written = (path.with_name(short_name(path.name, RECEIPT_ENDING)) for path in (file, output))
    try:
        receipt = beside.read_bytes() if beside.is_file() else None
        if receipt is not None:
            replace_privately(written, receipt)
        replace_privately(output, shown.encode("ascii"))
    except OSError as error:
        raise IntakeError(
            f"it cannot be written: {error.strerror}",
            where=str(error.filename or output),
            remedy="Name another place.",
            code="unwritable",
        ) from None
    return None if receipt is None else written
