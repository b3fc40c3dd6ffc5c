"""`testamur issue export`: what was issued, as files for wallets and verifiers elsewhere."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import bold
from anchor.cli.issuing_options import SignKey, key_for
from anchor.cli.session import Session, command
from anchor.cli.targets import root_given
from anchor.cli.wording import amount
from anchor.issuing.diplomas.sources import IssuedCredentials
from anchor.issuing.export import ExportForm, write_export


@command
def export(
    session: Session,
    root: Annotated[str, typer.Argument(help="Root of what was issued.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder; a file that is there is written anew.")],
    form: Annotated[
        ExportForm | None, typer.Option("--as", help="json, vc-jwt or sd-jwt; default: as they were issued.")
    ] = None,
    sign_key: SignKey = None,
) -> None:
    """Write the credentials that were issued under a root, as JSON, VC-JWT or SD-JWT, each with its receipt."""
    with session.workspace(read_only=True) as workspace:
        issued = IssuedCredentials(workspace, root_given(root))
        issued.require_final(has_drafts=False)
        with session.progress("writing credentials") as progress:
            written = write_export(
                output,
                issued.with_receipts,
                form,
                partial(key_for, session, sign_key),
                progress=progress,
                count=issued.run.credentials,
            )
    session.result({"output": str(output), "replaced": issued.replaced, "files": written.files})
    session.say(f"{amount(len(written.files), 'credential')} written to ", bold(str(output)), ", with their receipts.")
    if issued.replaced:
        session.say(f"{amount(issued.replaced, 'credential')} corrected since: of these none was written.")
