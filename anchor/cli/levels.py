"""`testamur levels …`: what a level means in another place, by the maps that are known, and whose word each is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import Column, Fields, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.verifying.level_maps import files_in, level_maps, maps_of_files
from registry.errors import SettingsError
from registry.levels.card import Gap, Placed, Unknown, level_card
from registry.levels.maps import Level, LevelMap, LevelMaps
from registry.timestamps import asked_moment
from registry.untrusted.text import terminal_text

app = typer.Typer(help="Compare levels of qualifications frameworks across borders.", no_args_is_help=True)

NO_RECOGNITION = (
    "Comparable levels say nothing of a single qualification: whether one is recognised, a body decides that may."
)
_NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Maps:
    """The option by which a command is told of maps of one's own."""

    folder: Annotated[
        Path | None,
        typer.Option("--maps", help="Folder of level maps of your own, beside those bundled.", show_default=False),
    ] = None

    def read(self, session: Session) -> LevelMaps:
        """All maps; what was left out is told beside the result."""
        return told_maps(session, self.folder)


def told_maps(session: Session, folder: Path | None = None) -> LevelMaps:
    """All maps; what was left out is told beside the result.

    Args:
        folder: of one's own; default: that of the settings.
    """
    maps, faults = level_maps(folder or session.settings.level_maps)
    for each in faults:
        session.note(f"Left out: {each}")
    return maps


@app.command("list")
@command
def list_maps(session: Session, maps: Maps) -> None:
    """List the frameworks whose levels are known, and what each map rests on."""
    known = maps.read(session)
    session.result({"maps": [each.to_dict() for each in known]})
    columns = (
        Column("framework"),
        Column("where"),
        Column("levels", right=True),
        Column("kind"),
        Column("beside"),
        Column("since"),
        Column("until"),
        Column("name"),
    )
    rows = [
        (
            each.framework,
            ", ".join(each.countries),
            str(len(each.levels)),
            each.kind.value,
            each.against.upper(),
            each.since,
            each.until,
            each.name,
        )
        for each in known
    ]
    session.say(Listing(columns, rows))


@app.command("show")
@command
def show(
    session: Session,
    place: Annotated[
        str, typer.Argument(metavar="FRAMEWORK", help="Its short name, or a country's two letters.", show_default=False)
    ],
    maps: Maps,
) -> None:
    """Show the levels of a framework, what each stands beside, and who says so."""
    found = maps.read(session).of(place)
    if not found:
        raise SettingsError(
            f"no framework of {place[:80]!r} is known here",
            where="FRAMEWORK",
            remedy="testamur levels list names those that are. --maps adds your own.",
            code="unknown-framework",
        )
    session.result({"maps": [each.to_dict() for each in found]})
    for each in found:
        session.say(bold(each.name), f" ({each.framework})")
        session.say(Fields(_about(each)))
        columns = (Column("level"), Column(each.against.upper()), Column("match"), Column(""))
        session.say(Listing(columns, [_row(level) for level in each.levels]))


@app.command("card")
@command
def card(
    session: Session,
    level: Annotated[str, typer.Argument(help="As its framework writes it, such as 8 or 5.2.", show_default=False)],
    source: Annotated[
        str, typer.Option("--from", help="Where the level is from: a framework, or a country's two letters.")
    ],
    target: Annotated[str, typer.Option("--to", help="Where it is read: likewise.")],
    maps: Maps,
    at: Annotated[
        str | None, typer.Option("--at", help="By the maps of that day; default: of now.", show_default=False)
    ] = None,
) -> Exit:
    """Say which levels of another place are comparable with a level, by which report, and of when."""
    moment = None if at is None else asked_moment(at, "--at")
    known = maps.read(session)
    found = level_card(known, level, source=source, target=target, moment=moment)
    session.result(found.to_dict())
    for there in found.there:
        session.say(bold(f"Level {there.level.code}"), f" of {_named(there)}")
        session.say(Fields(_placed(there, moment)))
    if found.rows:
        session.say(Styled("Comparable", "bold green"), f" in {target}:")
        columns = [Column(name) for name in ("level", "of", "match", "with", "referenced", "")]
        rows = [
            (
                row.here.level.code,
                row.here.map.framework,
                row.match.value,
                f"{row.there.map.framework} {row.there.level.code}",
                row.here.map.referenced,
                _remark(row.here.level),
            )
            for row in found.rows
        ]
        session.say(Listing(columns, rows))
        for each in dict.fromkeys(row.here.map for row in found.rows):
            session.say(Fields({each.framework: _report(each)}))
        session.say(NO_RECOGNITION)
    for gap in found.unknown:
        session.say(Styled("Not known", "bold yellow"), f": {gap.why}")
        if advice := _advice(gap, known, level, moment):
            session.say(f"  {advice}")
    return Exit.DONE if found.rows else Exit.COULD_NOT_BE_CHECKED


def _advice(gap: Unknown, known: LevelMaps, level: str, moment: datetime | None) -> str:
    """What whoever asked can do about what is not known; "" where nothing."""
    match gap.code:
        case Gap.NO_FRAMEWORK:
            return "testamur levels list names those that are; a country is written with two letters, such as IE"
        case Gap.NO_LEVEL:
            others = [each for each in known.of(gap.about) if not each.holds_at(moment) and each.level(level)]
            if others:
                times = ", ".join(f"{each.since} to {each.until or 'now'}" for each in others)
                return f"one that held at another time has it ({times}): give the day of the award with --at"
            return f"testamur levels show {terminal_text(gap.about, 80)} names the levels"
        case _:
            return ""


@app.command("check")
@command
def check(
    session: Session,
    paths: Annotated[list[Path], typer.Argument(help="Level maps, or folders of them.", show_default=False)],
) -> Exit:
    """Say all that is wrong with level maps of your own, each entry by itself. Nothing is kept."""
    files = [file for path in paths for file in (files_in(path) if path.is_dir() else [path])]
    _, faults = maps_of_files(files)
    wrong = {each.file for each in faults}
    told = [{"file": each.file, "entry": each.entry, "reason": each.reason} for each in faults]
    session.result({"files": [str(path) for path in files], "valid": not faults, "faults": told})
    for path in files:
        if path.name not in wrong:
            session.say(bold(path), ": in order")
    if faults:
        columns = (Column("file"), Column("entry"), Column("what", folds=True))
        session.say(Listing(columns, [(each.file, each.entry, each.reason) for each in faults]))
        session.say(f"{amount(len(wrong), 'map')} of {len(files)} would be left out.")
    return Exit.FAILED if faults else Exit.DONE


def _about(each: LevelMap) -> dict[str, object]:
    return {
        "where": ", ".join(each.countries) or None,
        "kind": each.kind.value,
        "about": f"{each.since} to {each.until}" if each.until else f"from {each.since}",
        "referenced": each.referenced or None,
        "report": _report(each) or None,
        "source": f"{each.source.name}{f', {each.source.uri}' if each.source.uri else ''} ({each.source.read})",
        "note": each.note or None,
    }


def _placed(there: Placed, moment: datetime | None) -> dict[str, object]:
    span = beside_text(there.level)
    return {
        "beside": f"{there.map.against.upper()} {span}, {there.level.match.value}" if span else None,
        "then": moment and moment.date().isoformat(),
        "report": _report(there.map) or None,
        "remark": _remark(there.level) or None,
    }


def _report(each: LevelMap) -> str:
    """The report that a map rests on, and when the levels were put beside each other."""
    dated = each.referenced or each.report.dated
    return f"{each.report.title} ({dated})" if dated and each.report.title else each.report.title


def _named(there: Placed) -> str:
    where = ", ".join(there.map.countries)
    return f"{there.map.name} ({there.map.framework}{f', {where}' if where else ''})"


def _row(level: Level) -> tuple[str, str, str, str]:
    return level.code, beside_text(level) or "–", level.match.value, _remark(level)


def _remark(level: Level) -> str:
    return "; ".join(part for part in (level.name, "" if level.checked else _NOT_CHECKED) if part)


def beside_text(level: Level) -> str:
    """`6`, `4 to 5`, or "" where it stands beside none."""
    if level.beside is None:
        return ""
    low, high = level.beside
    return str(low) if low == high else f"{low} to {high}"
