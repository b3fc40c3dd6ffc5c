"""`testamur issuer blockcerts-profile`: by what Blockcerts verifiers know the issuer, for its web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from anchor.acts import parties
from anchor.acts.blockcerts_profile import DID_NAME, PROFILE_NAME, profile_files
from anchor.batching.blockcerts import signing_key
from anchor.books.attempts import last_signed
from anchor.cli.console import bold
from anchor.cli.session import Session, command
from anchor.sending.signed import public_key_of
from registry.errors import SettingsError


@command
def blockcerts_profile(
    session: Session,
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder for the two files.")],
    sign_key: Annotated[
        Path, typer.Option("--sign-key", help="Key file that signs credentials: its public half is put in.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="What the issuer is called.")] = None,
    profile_url: Annotated[
        str | None, typer.Option("--profile-url", help="Where the profile is served; default: in the root of the host.")
    ] = None,
) -> None:
    """Write the issuer's profile and DID document as Blockcerts verifiers read them."""
    if profile_url is not None:
        parties.check_uri(profile_url, "--profile-url")
    key = signing_key(sign_key)
    with session.workspace(read_only=True) as workspace:
        contract = workspace.contract
        party = parties.existing(contract, workspace.issuer())
        accounts = parties.operators_of(contract, party)
        if accounts is None:
            raise SettingsError(f"which accounts anchor for party {party.id} is not known", code="no-events")
        signed = {each: last_signed(workspace.folder.engine, workspace.chain, each) for each in accounts}
    keys = {each: None if raw is None else public_key_of(raw) for each, raw in signed.items()}
    files = profile_files(party, keys, key, name=name, profile_url=profile_url)
    written = {PROFILE_NAME: files.profile, DID_NAME: files.did_document}
    try:
        output.mkdir(parents=True, exist_ok=True)
        for each, content in written.items():
            (output / each).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    except OSError as error:
        what = f"it cannot be written: {error.strerror}"
        raise SettingsError(what, where=str(error.filename or output), code="unwritable") from None
    session.result(
        {
            "party": party.id,
            "files": {each: str(output / each) for each in written},
            "profileUrl": files.profile_url,
            "didUrl": files.did_url,
            "method": files.method,
            "accounts": accounts,
            "missing": list(files.missing),
        }
    )
    session.say("Serve ", bold(output / PROFILE_NAME), f" as {files.profile_url}")
    session.say("  and ", bold(output / DID_NAME), f" as {files.did_url}.")
    for each in files.missing:
        session.say("  ", each)
