"""`testamur page`: the pages that check credentials in a browser, as files to host or to hand on."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import bold
from anchor.cli.session import Exit, Session, command
from anchor.verifying.page import read_page_settings, write_page
from registry.errors import SettingsError
from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import page as page_of


@command
def page(
    session: Session,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder for the page.", show_default=False)
    ] = None,
    page_settings: Annotated[
        Path | None,
        typer.Option(
            "--page-settings",
            help="What is put into it, a TOML file; default: the setting page_settings.",
            show_default=False,
        ),
    ] = None,
    learner: Annotated[
        bool,
        typer.Option("--learner", help="The page on which a learner has a portfolio, instead of the one that checks."),
    ] = False,
    show_hash: Annotated[bool, typer.Option("--hash", help="Print the SHA-256 of program and page.")] = False,
) -> int:
    """Write the page that checks credentials in a browser, or a learner's, with the settings of an institution."""
    if output is None and not show_hash:
        raise SettingsError("nothing was asked for", remedy="Name a folder with -o, or ask for --hash.")
    kind = Kind.LEARNER if learner else Kind.VERIFY
    path = page_settings or session.settings.page_settings
    settings = PageSettings() if path is None else read_page_settings(path)
    whole = page_of(settings, kind)
    written = [] if output is None else write_page(output, settings, kind)
    hashes = {"program": kind.script_hash, "page": sha256(whole).hexdigest()}
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
