"""`testamur suggest review`, `decisions`, `check` and `state`: a named person decides, and that is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.suggest_asking import decided_at_terminal, review_way
from anchor.cli.wording import amount
from anchor.cli.writing import refuse_existing
from anchor.learning.asking import catalogue_for, framework_named, word_for
from anchor.learning.decision_files import SUFFIX, append, export_entries, log_beside, log_in
from anchor.learning.places import check_fits, places_in, write_alignments
from anchor.learning.review_page import review_page
from anchor.learning.reviewing import Names, Review, Settled, decisions_in, item_address
from anchor.learning.standing import Kind, findings_in
from anchor.verifying.frameworks import framework_for, programme_in
from anchor.verifying.named import write_whole
from registry.errors import IntakeError
from registry.learning.suggest.catalogue import catalogue_of
from registry.learning.suggest.decisions import decider, other_item
from registry.learning.suggest.decisions import state as stated
from registry.learning.suggest.wire import (
    EntryPart,
    FrameworkPart,
    OtherPart,
    PersonPart,
    SuggestionDecision,
    members_of,
)

SHOWN: Final = 50

Into = Annotated[
    Path, typer.Option("--into", help="Programme file or template that alignments go into.", show_default=False)
]
Work = Annotated[Path, typer.Argument(metavar="FILE", help="A programme file or a template.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Name of the person who decides; there is no default.")]
Role = Annotated[str, typer.Option("--role", help="As what this person decides, such as 'Programme director'.")]
NamedFramework = Annotated[
    str | None,
    typer.Option(
        "--framework",
        help="e-cf, is2020, esco, or a framework file; default: the programme's own.",
        show_default=False,
    ),
]
Items = Annotated[
    list[Path] | None, typer.Option("--items", help="ESCO's skills_XX.csv of your own download, with --framework esco.")
]
Url = Annotated[str, typer.Option("--url", help="Address for items that have none, such as that of their framework.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over a page or files that are there.")]


@command
def review(
    session: Session,
    suggestions: Annotated[
        Path, typer.Argument(metavar="SUGGESTIONS", help="What `testamur suggest … --json` printed.")
    ],
    into: Into,
    by: By = "",
    role: Role = "",
    page: Annotated[
        Path | None, typer.Option("--page", help="Write a page to decide in a browser.", show_default=False)
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="Take in what the page saved.", show_default=False)
    ] = None,
    framework: NamedFramework = None,
    items: Items = None,
    place: Annotated[
        str, typer.Option("--place", help="Where the texts belong, where they do not say so, such as 'course db'.")
    ] = "",
    url: Url = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a page that is there.")] = False,
) -> Exit:
    """Decide about suggestions: accept, choose another item, or reject. Only then is an alignment written."""
    if page is not None and decisions is not None:
        raise review_way("--page writes a page, and --decisions takes in what was decided on it", "Use one of them.")
    _, names, address = _framework(into, framework, items or []) or (None, {}, "")
    work = Review(suggestions, into, place=place, names=names, url=url or address)
    if page is not None:
        _write_page(session, work, suggestions, page, names, overwrite=overwrite)
        return Exit.DONE
    if decisions is not None:
        if by or role:
            raise review_way("the file says who decides", "Leave --by and --role out.")
        settled = _taken_in(work, decisions)
    else:
        settled = decided_at_terminal(session, work, by, role, names)
    _tell_settled(session, work, settled)
    return Exit.DONE


@command
def decisions(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log of decisions, or the file that it is about.")],
    head: Annotated[
        str, typer.Option("--head", help="Hash of an entry that has to be there, such as one that was anchored.")
    ] = "",
    export: Annotated[
        Path | None, typer.Option("--export", help="Folder for each entry as a file, to be anchored.")
    ] = None,
    overwrite: Overwrite = False,
) -> Exit:
    """List the decisions of a log, and check that none was changed, moved or taken out."""
    path = file if file.name.endswith(SUFFIX) or file.suffix == ".jsonl" else log_beside(file)
    if not path.exists():
        raise IntakeError(
            "there is no log of decisions",
            where=str(path),
            remedy="testamur suggest review writes one, with the first decision.",
            code="no-decisions",
        )
    log = log_in(path)
    missing = bool(head) and head.casefold().removeprefix("0x") not in log.hashes
    written = export_entries(log, export, overwrite=overwrite) if export is not None and not log.faults else 0
    session.result(
        {
            "log": str(path),
            "entries": [_entry_content(each, digest) for each, digest in zip(log.entries, log.hashes, strict=True)],
            "head": log.head,
            "faults": [{"line": each.line, "reason": each.reason} for each in log.faults],
            "headMissing": missing,
            "exported": written,
        }
    )
    columns = [Column("no.", right=True), *map(Column, ("when", "who", "about", "decided", "chosen"))]
    session.say(Listing(columns, [_entry_row(each) for each in log.entries[-SHOWN:]]))
    if len(log.entries) > SHOWN:
        session.say(f"and {len(log.entries) - SHOWN:,} before them; --json has all.")
    for fault in log.faults[:SHOWN]:
        session.say(Styled("damaged", "bold red"), f" {fault}")
    if missing:
        session.say(Styled("damaged", "bold red"), f" no entry has the hash {head}: the log was cut off, or is another")
    if log.faults or missing:
        return Exit.FAILED
    session.say(
        f"{amount(len(log.entries), 'decision')}, each after the one before it. Hash of the last: ", bold(log.head)
    )
    if export is not None:
        session.say(f"Written: {amount(written, 'file')} in ", bold(export), f". Then: testamur anchor {export}")
    return Exit.DONE


@command
def check(session: Session, file: Work) -> Exit:
    """Compare what a programme or template is aligned with and what persons decided: each without the other is told."""
    path = log_beside(file)
    log = log_in(path)
    places = places_in(file)
    findings = findings_in(places, log.entries)
    session.result(
        {
            "file": str(file),
            "log": str(path),
            "faults": [str(each) for each in log.faults],
            "alignments": sum(len(each.aligned) for each in places.all),
            "findings": [
                {"kind": each.kind.value, "place": each.place, "item": each.item, "words": each.words}
                for each in findings
            ],
        }
    )
    for fault in log.faults[:SHOWN]:
        session.say(Styled("damaged", "bold red"), f" {path.name}, {fault}")
    for each in findings[:SHOWN]:
        session.say(Styled(_FOUND[each.kind], "bold yellow"), f" {each.place}: {each.words}")
    if len(findings) > SHOWN:
        session.say(f"and {len(findings) - SHOWN:,} more; --json has all.")
    if log.faults or any(each.kind is not Kind.CHANGED for each in findings):
        return Exit.FAILED
    session.say(bold(file), ": every alignment was decided by a named person.")
    return Exit.DONE


@command
def state(
    session: Session,
    file: Work,
    place: Annotated[str, typer.Option("--place", help="Where it belongs, such as 'part IS.1' or 'course db'.")],
    item: Annotated[str, typer.Option("--item", help="Code of the item.")],
    by: By,
    role: Role,
    reason: Reason,
    framework: NamedFramework = None,
    items: Items = None,
    name: Annotated[str, typer.Option("--name", help="Of an item of another framework: what it is called.")] = "",
    of: Annotated[str, typer.Option("--of", help="Of an item of another framework: what that is called.")] = "",
    url: Url = "",
) -> Exit:
    """Align a part with an item of which nobody made a suggestion, or say who stands behind an alignment."""
    person = decider(by, role)
    found = places_in(file).named(place)
    none = FrameworkPart(id=of or "-"), dict[str, tuple[str, str]](), ""
    about, names, address = _framework(file, framework, items or []) or none
    chosen = other_item(OtherPart(code=item, name=name, url=url, framework=of), about, names, url or address, place)
    decision = stated(
        found.texts[0], [chosen], person, datetime.now(UTC), framework=about, file=file.name, reason=reason
    )
    check_fits(file, decision)
    (entry,) = append(log_beside(file), [decision])
    written = write_alignments(file, entry)
    session.result(
        {"log": str(log_beside(file)), "entry": members_of(entry), "written": list(map(members_of, written))}
    )
    session.say("Decision ", bold(entry.number), f" in {log_beside(file)}")
    session.say("Written: " if written else "There already: ", bold(chosen.alignment.target_name))
    return Exit.DONE


_FOUND: Final[Mapping[Kind, str]] = {
    Kind.UNDECIDED: "nobody decided",
    Kind.UNWRITTEN: "not in the file",
    Kind.CHANGED: "look again",
}


def _write_page(session: Session, work: Review, source: Path, page: Path, names: Names, *, overwrite: bool) -> None:
    waiting = work.waiting()
    if not waiting:
        raise IntakeError("every suggestion was decided about", where=str(source), code="nothing-to-decide")
    refuse_existing(page, overwrite=overwrite)
    write_whole(page, review_page(work, source.name, names))
    session.result({"page": str(page), "waiting": len(waiting)})
    session.say("Written: ", bold(page), f", with {amount(len(waiting), 'suggestion')}. Open it in a browser.")


def _taken_in(work: Review, path: Path) -> list[Settled]:
    now = datetime.now(UTC)
    said, at = decisions_in(path, now)
    person = decider(said.decided_by.name, said.decided_by.role)
    return work.settle([work.choice_of(each) for each in said.decisions], person, at)


def _tell_settled(session: Session, work: Review, settled: Sequence[Settled]) -> None:
    waiting = len(work.waiting())
    session.result(
        {
            "file": str(work.into),
            "log": str(work.log_path),
            "decided": [
                {
                    "number": each.entry.number,
                    "place": _about(each.entry),
                    "ruling": each.entry.decision.ruling,
                    "chosen": _chosen(each.entry),
                    "written": [members_of(one) for one in each.written],
                    "knownBefore": each.known,
                }
                for each in settled
            ],
            "waiting": waiting,
        }
    )
    rows = [
        (
            str(each.entry.number),
            _about(each.entry),
            each.entry.decision.ruling,
            " ".join(_chosen(each.entry)),
            str(len(each.written)),
        )
        for each in settled
    ]
    if rows:
        columns = [
            Column("no.", right=True),
            *map(Column, ("place", "decided", "chosen")),
            Column("written", right=True),
        ]
        session.say(Listing(columns, rows))
        session.say("Decisions: ", bold(work.log_path))
    session.say(f"{amount(len(settled), 'decision')}; {amount(waiting, 'suggestion')} left.")


def _entry_content(entry: EntryPart, digest: str) -> dict[str, Any]:
    return {**members_of(entry), "hash": digest}


def _entry_row(entry: EntryPart) -> tuple[str, ...]:
    decision = entry.decision
    who: PersonPart = decision.decided_by
    return (
        str(entry.number),
        decision.decided_at,
        f"{who.name} ({who.role})",
        _about(entry),
        decision.ruling,
        " ".join(_chosen(entry)),
    )


def _about(entry: EntryPart) -> str:
    decision = entry.decision
    if isinstance(decision, SuggestionDecision):
        return decision.place
    return f"{decision.first.name or decision.first.source} / {decision.second.name or decision.second.source}"


def _chosen(entry: EntryPart) -> list[str]:
    decision = entry.decision
    if not isinstance(decision, SuggestionDecision):
        return []
    return [each.alignment.target_code or each.alignment.target_name for each in decision.chosen]


def _framework(file: Path, named: str | None, items: list[Path]) -> tuple[FrameworkPart, Names, str] | None:
    """A framework that is named, or that a programme names: what it is, its items by code, and its address.

    None of a template that is given none: then an item beside the candidates is written in.
    """
    programme = programme_in(file) if places_in(file).framework else None
    word = word_for(named, programme)
    if word is not None or items:
        found = catalogue_for(word or named, items, [])
        names = {each.code: (each.name_in("en"), each.uri) for each in found.entries}
        return FrameworkPart(id=found.identifier, title=found.title, version=found.version), names, ""
    if named is not None:
        known = framework_named(named)
    elif programme is not None:
        known = framework_for(programme, file)
    else:
        return None
    # Of some frameworks a licence lets codes be written down, and no names.
    is_named = not catalogue_of(known).codes_only
    names = {each.code: (each.text_in(known.language) if is_named else "", item_address(each)) for each in known.items}
    return FrameworkPart(id=known.identifier, title=known.title, version=known.version), names, known.uri
