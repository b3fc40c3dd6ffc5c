"""Rows of a plain table of ours to decisions, for registers that are not DEQAR: one row a decision.

Columns of holders and programmes may have numbers, `holder[2].id`, where a decision is about several.
`docs/reference/registers.md` has the columns; `testamur register template` writes an example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

from registry.quality.dates import Undated, last_day_held, read_day
from registry.quality.decision import Evidence, Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.quality.known import Agency, Known
from registry.quality.rows import ColumnName, Read, Reason, RowReader, SourceRow, header_of, read_row, shown
from registry.quality.values import choice, country_of, field_of, identifier_of, party_of, yes_or_no
from registry.quality.wire import MOST_NAMES
from registry.recognition.scope import QUALIFICATION_TYPES

RULES: Final = (
    "A decision without an end has none.",
    "The last day that is given is the last day on which a decision holds.",
)
SEPARATOR: Final = "|"
"""Parts several identifiers, fields, types or languages in one cell."""

COLUMNS: Final[Mapping[str, str]] = {
    "agency": "Identifier of the agency that decided: a number or name, or a scheme and a value, as in agency:AZVO.",
    "agency_name": "Its name.",
    "number": "The agency's own number of the decision. A row with the same one corrects what was there before.",
    "report": "The register's number of it, where it has another one.",
    "ruling": "positive, conditional, negative or not-applicable.",
    "obligatory": "yes where it is part of the obligatory system of its country, no where it is voluntary.",
    "subject": "institution, programme, joint-programme or institution-and-programme; default: by what is filled in.",
    "activity": "What kind of procedure it was, in the agency's words.",
    "valid_from": "First day it holds: 2026-01-31.",
    "valid_to": "Last day it holds; empty for no end.",
    "date_format": "How the dates of this row are written, such as %d.%m.%Y; empty for 2026-01-31.",
    "condition": "What has yet to be fulfilled.",
    "summary": "What the decision says, in short.",
    "holder[1].id": "Identifiers of the institution, with their schemes, several parted by |: deqar:DEQARINST0001.",
    "holder[1].name": "Its name.",
    "holder[1].country": "Where it is: two letters of ISO 3166-1.",
    "holder[1].party": "Its number on the chain, where the mirror states one.",
    "programme[1].id": "Identifiers of the programme as its credentials state them, several parted by |.",
    "programme[1].name": "Its name.",
    "programme[1].qualification": "What is awarded.",
    "programme[1].eqf": "Level of the European Qualifications Framework: 6, or 6-7.",
    "programme[1].national_level": "Level of the national framework, in its own words.",
    "programme[1].field": "ISCED-F 2013 codes of 2, 3 or 4 digits, several parted by |.",
    "programme[1].type": "Types of qualification, such as master-degree, several parted by |.",
    "programme[1].country": "Where it is offered, if elsewhere.",
    "programme[1].ects": "Its workload.",
    "evidence[1].uri": "Where the report or the decision can be read.",
    "evidence[1].sha256": "SHA-256 of it, 64 hexadecimal digits.",
    "evidence[1].title": "What it is called.",
    "evidence[1].language": "Languages it is in, several parted by |.",
}
"""Each column and what it is for; those with a number may be there with others."""

EXAMPLE: Final[Mapping[str, str]] = {
    "agency": "agency:EXQA",
    "agency_name": "Example Quality Agency",
    "number": "2026-001",
    "ruling": "conditional",
    "obligatory": "yes",
    "activity": "programme accreditation",
    "valid_from": "2026-01-31",
    "valid_to": "2031-01-30",
    "condition": "Publish the outcomes of the final projects by 2026-12-31.",
    "holder[1].id": "deqar:DEQARINST9001|erasmus:XX EXAMPLE01",
    "holder[1].name": "Example University",
    "holder[1].country": "HR",
    "programme[1].id": "https://university.example/programmes/msc-data",
    "programme[1].name": "Data Science",
    "programme[1].qualification": "Master of Science",
    "programme[1].eqf": "7",
    "programme[1].field": "0613",
    "programme[1].type": "master-degree",
    "evidence[1].uri": "https://agency.example/decisions/2026-001.pdf",
}

_NEEDED: Final = ("agency", "ruling", "valid_from", "holder")
_LEVELS: Final = re.compile(r"([1-8])(?:\s*[-–]\s*([1-8]))?", re.ASCII)
_HEX: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{64})", re.ASCII)
_SEE: Final = "`testamur register template` writes an example with every column."

_Kind = TypeVar("_Kind")
_Cells = dict[str, tuple[ColumnName, str]]


def _known_columns() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name in COLUMNS:
        group, _, part = name.replace("[1]", "").partition(".")
        found.setdefault(group, set()).add(part)
    return {group: frozenset(parts) for group, parts in found.items()}


_KNOWN: Final = _known_columns()
_RULINGS: Final = {each.value: each for each in Ruling}
_SUBJECTS: Final = {each.value: each for each in Subject}


class PlainRows:
    """Makes decisions of the rows of one table; as `registry.quality.deqar.DeqarRows`.

    Raises:
        IntakeError: code `register-columns`.
    """

    def __init__(self, names: Sequence[str], register: str, known: Known):
        self.header = header_of(names, _KNOWN, needs=_NEEDED, aliases={})
        self._register = register
        self._known = known
        self._places = {each.path: each.index for each in self.header.known.values()}

    def read(self, row: SourceRow) -> Read | None:
        """The decision of a row, or why there is none; None for a row without anything in it."""
        return read_row(
            row, self.header, lambda reader: _Row(reader, self._known, self._register, self._places).decision()
        )


class _Row:
    def __init__(self, reader: RowReader, known: Known, register: str, places: Mapping[tuple[str, int, str, int], int]):
        self._reader = reader
        self._known = known
        self._register = register
        self._places = places
        self._remarks = reader.remarks()
        self._alone: _Cells = {}
        self._groups: dict[str, dict[int, _Cells]] = {}
        for column, text in reader.texts():
            if column.item > 1 or (not column.part and column.number > 1):
                self._remarks[column.name] = text
            elif column.part:
                self._groups.setdefault(column.group, {}).setdefault(column.number, {})[column.part] = (column, text)
            else:
                self._alone[column.group] = (column, text)

    def decision(self) -> QualityDecision | None:
        reader = self._reader
        agency = self._agency()
        ruling = self._one_of("ruling", _RULINGS, Reason.RULING_UNREADABLE)
        if ruling is None and not self._text("ruling"):
            reader.refuse(self._place("ruling"), Reason.RULING_UNREADABLE, "it does not say what was decided", _SEE)
        subject = self._one_of("subject", _SUBJECTS, Reason.VALUE_UNREADABLE)
        obligatory = self._obligatory()
        start, last = self._day("valid_from"), self._day("valid_to")
        if start is None and "valid_from" not in self._alone:
            reader.refuse(self._place("valid_from"), Reason.DATE_MISSING, "it does not say from when it holds", _SEE)
        if start is not None and last is not None and last < start:
            reader.refuse(
                self._alone["valid_to"][0].index,
                Reason.DATES_REVERSED,
                f"it ends on {last.isoformat()}, before it begins on {start.isoformat()}",
                "Look both dates up in the decision.",
            )
        holders = self._holders()
        programmes = tuple(self._programme(cells) for cells in self._numbered("programme"))
        if not programmes:
            self._refuse_unnamed_programme(subject)
        evidence = tuple(each for cells in self._numbered("evidence") if (each := self._evidence(cells)) is not None)
        reader.check_size(
            {
                "holders": len(holders),
                "programmes": len(programmes),
                "pieces of evidence": len(evidence),
                "columns that are kept as remarks": len(self._remarks),
            }
        )
        if agency is None or ruling is None or start is None or reader.is_refused:
            return None
        number, report, condition = self._text("number"), self._text("report"), self._text("condition")
        if not number and not report:
            reader.remark(None, Reason.NO_NUMBER, "it has no number: changed, it will be another one")
        if ruling is Ruling.CONDITIONAL and not condition:
            reader.remark(
                self._place("condition"), Reason.CONDITION_UNSAID, "it is conditional, and no text says on what"
            )
        activity = self._text("activity")
        return QualityDecision(
            register=self._register,
            agency=agency.identifier,
            agency_name=self._text("agency_name") or agency.name,
            number=number,
            report=report,
            subject=subject or _subject(holders, programmes),
            ruling=ruling,
            valid_from=start,
            valid_until=None if last is None else last_day_held(last),
            obligatory=obligatory,
            activities=(activity,) if activity else (),
            condition=condition,
            summary=self._text("summary"),
            holders=holders,
            programmes=programmes,
            evidence=evidence,
            remarks=tuple(sorted(self._remarks.items())),
        )

    def _text(self, name: str) -> str:
        found = self._alone.get(name)
        return "" if found is None else found[1]

    def _place(self, name: str) -> int | None:
        return self._places.get((name, 1, "", 1))

    def _numbered(self, group: str) -> list[_Cells]:
        return [cells for _, cells in sorted(self._groups.get(group, {}).items())]

    def _agency(self) -> Agency | None:
        text = self._text("agency")
        if not text:
            self._reader.refuse(self._place("agency"), Reason.AGENCY_MISSING, "no agency is named", _SEE)
            return None
        found = self._known.agency(text)
        if found is None:
            self._reader.refuse(
                self._place("agency"),
                Reason.AGENCY_UNKNOWN,
                f"the agency {shown(text)} is not on the list of agencies",
                "Add it to the list, where it belongs there.",
            )
        return found

    def _one_of(self, name: str, words: Mapping[str, _Kind], reason: Reason) -> _Kind | None:
        found = self._alone.get(name)
        chosen = None if found is None else choice(found[1], words)
        if found is not None and chosen is None:
            self._bad(found, reason, f"none of {', '.join(words)}")
        return chosen

    def _obligatory(self) -> bool | None:
        found = self._alone.get("obligatory")
        if found is None:
            return None
        said = yes_or_no(found[1])
        if said is None:
            self._bad(found, Reason.STATUS_UNREADABLE, "neither yes nor no")
        return said

    def _day(self, name: str) -> date | None:
        found = self._alone.get(name)
        if found is None:
            return None
        index = found[0].index
        read = read_day(self._reader.row.values[index], self._text("date_format"))
        if isinstance(read, Undated):
            self._reader.refuse(index, read.reason, read.what, read.remedy)
            return None
        if read.otherwise:
            self._reader.remark(index, Reason.DATE_OTHERWISE, f"read as {read.day.isoformat()}, not by date_format")
        return read.day

    def _holders(self) -> tuple[Holder, ...]:
        found = []
        for cells in self._numbered("holder"):
            identifiers = self._identifiers(cells.get("id"), "id")
            if not identifiers:
                column = next(iter(cells.values()))[0]
                self._reader.refuse(
                    column.index, Reason.HOLDER_UNNAMED, "the institution has no identifier", "Give one, with a scheme."
                )
                continue
            holder = self._known.holder(identifiers, _text(cells, "name"), self._country(cells.get("country")))
            party = self._party(cells.get("party"))
            stated = self._known.parties(identifiers) | ({party} if party else frozenset())
            self._reader.refuse_parties(next(iter(cells.values()))[0].index, stated)
            found.append(Holder(holder.identifiers, holder.name, holder.country, party or holder.party))
        if not self._groups.get("holder"):
            self._reader.refuse(None, Reason.HOLDER_MISSING, "no institution is named", _SEE)
        return tuple(found)

    def _identifiers(self, cell: tuple[ColumnName, str] | None, scheme: str) -> tuple[Identifier, ...]:
        found = set()
        for text in _parts(cell):
            identifier = identifier_of(text, scheme)
            if identifier is None:
                self._bad(cell, Reason.IDENTIFIER_UNREADABLE, "no identifier")
            else:
                found.add(identifier)
        return tuple(sorted(found))

    def _refuse_unnamed_programme(self, subject: Subject | None) -> None:
        """What is about a programme that nobody can tell is not about the whole institution."""
        if subject in (Subject.PROGRAMME, Subject.JOINT_PROGRAMME):
            self._bad(
                self._alone.get("subject"), Reason.PROGRAMME_UNREAD, "what it is about, and no programme is named"
            )
        elif subject is None:
            self._reader.refuse_unread_programme()

    def _programme(self, cells: _Cells) -> Programme:
        levels = None
        if (cell := cells.get("eqf")) is not None:
            match = _LEVELS.fullmatch(cell[1])
            levels = None if match is None else (int(match[1]), int(match[2] or match[1]))
            if levels is None or levels[0] > levels[1]:
                self._bad(cell, Reason.LEVEL_UNREADABLE, "no level from 1 to 8, such as 6 or 6-7")
        fields = []
        for text in _parts(cells.get("field")):
            code = field_of(text)
            if code is None:
                self._bad(cells["field"], Reason.FIELD_UNREADABLE, "no field of ISCED-F 2013, such as 0613")
            else:
                fields.append(code)
        types = _parts(cells.get("type"))
        if set(types).difference(QUALIFICATION_TYPES):
            self._bad(cells["type"], Reason.VALUE_UNREADABLE, "no type of qualification, such as master-degree")
        return Programme(
            identifiers=self._identifiers(cells.get("id"), "local"),
            name=_text(cells, "name"),
            qualification=_text(cells, "qualification"),
            levels=levels,
            national_level=_text(cells, "national_level"),
            fields=tuple(sorted(set(fields))),
            types=tuple(sorted(set(types))),
            country=self._country(cells.get("country")),
            ects=_text(cells, "ects"),
        )

    def _evidence(self, cells: _Cells) -> Evidence | None:
        uri = _text(cells, "uri")
        if not uri:
            self._remarks.update((column.name, text) for column, text in cells.values())
            return None
        digest = None
        if (cell := cells.get("sha256")) is not None:
            match = _HEX.fullmatch(cell[1])
            digest = None if match is None else bytes.fromhex(match[1])
            if digest is None:
                self._bad(cell, Reason.VALUE_UNREADABLE, "no SHA-256, which has 64 hexadecimal digits")
        return Evidence(uri, digest, _text(cells, "title"), tuple(_parts(cells.get("language"))[:MOST_NAMES]))

    def _country(self, cell: tuple[ColumnName, str] | None) -> str:
        found = "" if cell is None else country_of(cell[1])
        if found is None:
            self._bad(cell, Reason.COUNTRY_UNREADABLE, "no country of ISO 3166-1, such as HR")
        return found or ""

    def _party(self, cell: tuple[ColumnName, str] | None) -> int | None:
        found = None if cell is None else party_of(cell[1])
        if cell is not None and found is None:
            self._bad(cell, Reason.VALUE_UNREADABLE, "no number of a party")
        return found

    def _bad(self, cell: tuple[ColumnName, str] | None, reason: Reason, what: str) -> None:
        if cell is not None:
            self._reader.refuse(cell[0].index, reason, f"{shown(cell[1])} is {what}", _SEE)


def _subject(holders: tuple[Holder, ...], programmes: tuple[Programme, ...]) -> Subject:
    if not programmes:
        return Subject.INSTITUTION
    return Subject.JOINT_PROGRAMME if len(holders) > 1 else Subject.PROGRAMME


def _text(cells: _Cells, part: str) -> str:
    found = cells.get(part)
    return "" if found is None else found[1]


def _parts(cell: tuple[ColumnName, str] | None) -> list[str]:
    """What a cell has between its separators."""
    return [] if cell is None else [each.strip() for each in cell[1].split(SEPARATOR) if each.strip()]
