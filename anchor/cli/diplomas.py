"""`testamur diplomas`: what graduates are given, as PDF, badges and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.issuing.diplomas.badges import read_badge_picture
from anchor.issuing.diplomas.folder import Written, write_diplomas
from anchor.issuing.diplomas.look import Look, look_of
from anchor.issuing.diplomas.making import Format, Order, Original, Same, compared
from anchor.issuing.diplomas.sources import IssuedCredentials, credentials_in, originals_of
from anchor.issuing.templates.files import read_template
from anchor.issuing.templates.model import Template
from anchor.verifying.named import read_named
from registry.document.reading import MOST_CARRIER_BYTES
from registry.errors import SettingsError
from registry.untrusted.hashes import read_hash

ANSWERS = {
    Same.SAME: "it is, byte for byte, what is made of the credential in it.",
    Same.DIFFERS: "it is not what is made of the credential in it: it was edited, or made with another look, language "
    "or version. What counts is the credential: `testamur verify` judges that.",
    Same.NOT_HERE: "none of these credentials is in it.",
}


@command
def diplomas(
    session: Session,
    source: Annotated[
        str, typer.Argument(help="Root of what was issued, or a folder of credentials with their receipts.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder for them; what is right there stays.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="A paper or badge that somebody shows: make it again, and compare.")
    ] = None,
    formats: Annotated[
        list[Format] | None, typer.Option("--format", help="pdf, png, svg or json; repeatable. Default: pdf.")
    ] = None,
    languages: Annotated[
        list[str] | None, typer.Option("--lang", help="Languages of the pages, instead of the template's; at most two.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option("--template", help="The template that says how they look, if not where it lay.")
    ] = None,
    verify_url: Annotated[
        str | None, typer.Option("--verify-url", help="Address of the page that verifies; default: public_url/verify.")
    ] = None,
    badge: Annotated[
        Path | None, typer.Option("--badge", help="A PNG or SVG of yours that the credentials are baked into.")
    ] = None,
    not_final: Annotated[
        bool, typer.Option("--not-final", help="Make drafts of what is not final; each page says that it is one.")
    ] = False,
) -> int:
    """Make diplomas and badges of credentials that are anchored."""
    if (output is None) == (check is None):
        raise SettingsError(
            "either a folder is named for them, or a paper to compare with",
            remedy="Name one: -o FOLDER, or --check FILE.",
        )
    address = verify_address(session, verify_url)
    picture = None if badge is None else read_badge_picture(badge)
    kinds = tuple(dict.fromkeys(formats or [Format.PDF]))
    root = _root(source)
    if root is None:
        files = credentials_in(Path(source))
        look = _look(None if template is None else read_template(template), address, languages or ())
        order = Order(look, kinds, picture, is_draft=not_final)
        if output is None:
            return _compare(session, check, lambda: originals_of(files), order)
        written = _write(session, lambda: originals_of(files), order, output)
        _say(session, written, output, order, replaced=0, asked=False)
        return Exit.DONE
    with session.workspace(read_only=True) as workspace:
        issued = IssuedCredentials(workspace, root)
        if not not_final:
            issued.require_final()
        order = Order(
            _look(issued.template(template), address, languages or ()),
            kinds,
            picture,
            # What is final proves something, whatever was asked for.
            is_draft=not issued.is_final,
        )
        if output is None:
            return _compare(session, check, issued.originals, order)
        written = _write(session, issued.originals, order, output)
    _say(session, written, output, order, replaced=issued.replaced, asked=True)
    return Exit.DONE


def _compare(session: Session, paper: Path | None, originals: Callable[[], Iterable[Original]], order: Order) -> Exit:
    """`--check`: whether a paper is, byte for byte, the one that is made of the credential in it."""
    if paper is None or (kind := paper.suffix.lower().removeprefix(".")) not in tuple(Format):
        raise SettingsError("it is no PDF, PNG, SVG or JSON by its name", where=str(paper), remedy="Name such a file.")
    content = read_named(paper, MOST_CARRIER_BYTES)
    found = compared(content, Format(kind), originals(), order)
    session.result({"file": str(paper), "answer": found})
    session.say(bold(str(paper)), ": ", ANSWERS[found])
    return Exit.DONE if found is Same.SAME else Exit.FAILED


def _write(session: Session, originals: Callable[[], Iterable[Original]], order: Order, output: Path) -> Written:
    with session.progress("making diplomas") as progress:
        return write_diplomas(originals, order, output, workers=session.settings.workers, progress=progress)


def _look(template: Template | None, address: str, languages: Iterable[str]) -> Look:
    if template is None:
        return Look(address, languages=tuple(languages))
    return look_of(template, address, tuple(languages))


def _root(source: str) -> bytes | None:
    """The root that is meant; None for a path."""
    try:
        return read_hash(source)
    except ValueError:
        return None


def verify_address(session: Session, named: str | None) -> str:
    """The address of the page that verifies: the one that was named, or the service's own.

    Raises:
        SettingsError: code `verify-url`: neither is known.
    """
    public = session.settings.public_url
    if named is None and public is None:
        raise SettingsError(
            "a diploma has a code that leads to the page that verifies, and its address is not known",
            remedy="Name it: --verify-url https://university.example/verify.html, or set public_url.",
            code="verify-url",
        )
    return named or f"{public}/verify"


def _say(session: Session, written: Written, output: Path, order: Order, *, replaced: int, asked: bool) -> None:
    session.result(
        {
            "output": str(output),
            "made": written.made,
            "kept": written.kept,
            "drafts": order.is_draft,
            "replaced": replaced,
            "files": written.files,
        }
    )
    what = "draft" if order.is_draft else "file"
    kept = f" {amount(written.kept, 'file')} there already and right." if written.kept else ""
    session.say(f"{amount(written.made, what)} written to ", bold(str(output)), f".{kept}")
    if replaced:
        session.say(f"{amount(replaced, 'credential')} corrected since: of these none was made.")
    if order.is_draft:
        session.say("They say that they are drafts. Make them again without --not-final when the batch is final.")
    elif not asked:
        session.say("No chain was asked: that they are anchored is what their receipts say.")
