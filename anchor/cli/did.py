"""`testamur issuer did`: the keys of an institution, for its web server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from anchor.acts import parties
from anchor.cli.console import bold
from anchor.cli.session import Exit, Session, command
from anchor.issuing.did_document import (
    differences,
    keys_of,
    made_document,
    naming,
    public_key_in,
    with_key,
    without_key,
)
from anchor.verifying.named import write_whole
from anchor.verifying.outside import read_did_document
from registry.document.did_parties import PartyName
from registry.errors import SettingsError
from registry.online.dids import DidDocuments, did_web_url
from registry.online.fetching import Fetcher
from registry.timestamps import asked_moment
from registry.untrusted.text import marked

_DID_WEB = "did:web:"


@command
def did(
    session: Session,
    name: Annotated[
        str | None, typer.Option("--did", help="did:web:HOST; default: that of the file, else the party's URI.")
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="A key that signs from now on, public or secret; repeatable, the newest first."),
    ] = None,
    retire: Annotated[
        list[str] | None, typer.Option("--retire", help="A key that signs no more, by its name; repeatable.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="From when on the keys of --retire do not count; default: now.")
    ] = None,
    file: Annotated[Path, typer.Option("--file", help="The document; one that is there is changed.")] = Path(
        "did.json"
    ),
    party: Annotated[bool, typer.Option("--party/--no-party", help="Name the party on chain in it.")] = True,
    check: Annotated[bool, typer.Option("--check", help="Fetch what is served, and compare.")] = False,
) -> int:
    """Write or change the DID document by which verifiers find the issuer's keys: a file for its web server."""
    ended = datetime.now(UTC) if since is None else asked_moment(since, "--since")
    if since is not None and not retire:
        raise SettingsError("--since goes with --retire", remedy="Name the key that it is about.", code="no-change")
    keys = [public_key_in(path) for path in key or ()]
    before = read_did_document(file) if file.exists() else None
    ours, uri = _party(session) if party else (None, None)
    chosen = _did(name, before, uri)
    if before is not None:
        document = before
        for each in reversed(keys):
            document = with_key(document, each)
    elif keys:
        document = made_document(chosen, keys)
    else:
        raise SettingsError(
            "there is no document yet, and no key for it",
            where=str(file),
            remedy="Name the key that signs credentials: --key issuer.pem.",
            code="did-document",
        )
    for named in retire or ():
        document = without_key(document, named, ended)
    if ours is not None:
        document = naming(document, ours)
    changed = document != before
    if changed:
        write_whole(file, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    _say(session, chosen, document, file, changed=changed)
    _say_binding(session, chosen, ours, uri)
    served = _differences(chosen, document) if check else None
    _say_served(session, chosen, served)
    session.result(
        {
            "did": chosen,
            "file": str(file),
            "url": did_web_url(chosen),
            "changed": changed,
            "keys": [
                {"method": each.method, "kind": each.kind, "signs": each.signs, "revoked": each.revoked or None}
                for each in keys_of(document)
            ],
            "party": None if ours is None else {"account": ours.account, "party": ours.number, "uri": uri},
            "served": None if served is None else {"agrees": not served, "differences": served},
        }
    )
    return Exit.FAILED if served else Exit.DONE


def _party(session: Session) -> tuple[PartyName, str]:
    """The issuer, told from all others, and the URI that it has on the chain."""
    with session.workspace(read_only=True) as workspace:
        found = parties.existing(workspace.contract, workspace.issuer())
        return PartyName(workspace.chain, workspace.contract.address.lower(), found.id), found.uri


def _did(name: str | None, before: Mapping[str, Any] | None, uri: str | None) -> str:
    """The DID that the document is of."""
    there = None if before is None else str(before["id"])
    chosen = name or there or (uri if uri is not None and uri.startswith(_DID_WEB) else None)
    if chosen is None:
        raise SettingsError(
            "it is not clear which DID the document is of",
            where="--did",
            remedy="Name the institution's web server: --did did:web:university.example.",
            code="did-document",
        )
    if there not in (None, chosen):
        raise SettingsError(
            f"the file is the document of {marked(str(there))}",
            where="--did",
            remedy="Name another file with --file.",
            code="did-document",
        )
    did_web_url(chosen)
    return chosen


def _differences(chosen: str, document: Mapping[str, Any]) -> list[str]:
    return differences(document, DidDocuments(fetcher=Fetcher()).document(chosen))


def _say(session: Session, chosen: str, document: Mapping[str, Any], file: Path, *, changed: bool) -> None:
    session.say(f"{'Written' if changed else 'Nothing changed in'}: {file}")
    for each in keys_of(document):
        kind = each.kind or "a kind that is not known here"
        state = "signs" if each.signs else f"revoked, {each.revoked}" if each.revoked else "signs no credentials"
        session.say(f"  {marked(each.method)}  {kind}, {marked(state)}")
    session.say("Put it where verifiers find it, as application/json and for everybody:")
    session.say("  ", bold(did_web_url(chosen)))


def _say_binding(session: Session, chosen: str, ours: PartyName | None, uri: str | None) -> None:
    """Whether the party on chain and the document name each other."""
    if ours is None or uri is None:
        return
    session.say(f"It names party {ours.number} of {ours.account} as the institution's.")
    if uri == chosen:
        session.say("By this DID the party is known on the chain, so each names the other.")
        return
    session.say(f"On the chain the party is known as {marked(uri)}. Only when it is known by this DID, too, does a")
    session.say("verifier take the key for the party's:")
    session.say(f"  testamur issuer profile --uri {chosen} --issuer {ours.number}")


def _say_served(session: Session, chosen: str, served: list[str] | None) -> None:
    if served is None:
        return
    where = did_web_url(chosen)
    if served:
        session.say(f"What is served at {where} differs from it in: {', '.join(map(marked, served))}.")
        session.say("Put the file there, and check again.")
    else:
        session.say(f"What is served at {where} agrees with it.")
