"""`testamur page`: the page that checks credentials in a browser, as a file to host or to hand on."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import bold
from anchor.cli.session import Exit, Session, command
from anchor.verifying.page import read_page_settings, write_page
from registry.errors import SettingsError
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import page as page_of
from registry.service.web.page.whole import program_hash


@command
def page(
    session: Session,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder for verify.html.", show_default=False)
    ] = None,
    page_settings: Annotated[
        Path | None,
        typer.Option(
            "--page-settings",
            help="What is put into it, a TOML file; default: the setting page_settings.",
            show_default=False,
        ),
    ] = None,
    show_hash: Annotated[bool, typer.Option("--hash", help="Print the SHA-256 of program and page.")] = False,
) -> int:
    """Write the page that checks credentials in a browser, with the settings of an institution in it."""
    if output is None and not show_hash:
        raise SettingsError("nothing was asked for", remedy="Name a folder with -o, or ask for --hash.")
    path = page_settings or session.settings.page_settings
    settings = PageSettings() if path is None else read_page_settings(path)
    whole = page_of(settings)
    written = [] if output is None else write_page(output, settings)
    hashes = {"program": program_hash(), "page": sha256(whole).hexdigest()}
    files = [str(path) for path in written]
    session.result({"file": files[0] if files else None, "files": files, "bytes": len(whole), "sha256": hashes})
    for path in written:
        session.say(bold(str(path)), f", {path.stat().st_size:,} bytes")
    if written:
        if not settings.endpoints:
            session.say("It names no endpoint: whoever uses it has to, or nothing can be checked.")
        if not settings.issuers:
            session.say("It names no issuer: whoever uses it has to, or no credential comes out as valid.")
    if show_hash:
        session.say(f"{hashes['program']}  its program, the same in every page of this version")
        session.say(f"{hashes['page']}  the page with these settings")
    return Exit.DONE
