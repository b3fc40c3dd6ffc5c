"""Rows of the European register DEQAR (data dictionary version 2) to decisions.

Names, values and rules are those of EQAR's own documentation (github.com/EQAR/deqar-docs, `docs/report_data.md`) and of
what reads its files there (github.com/EQAR/eqar_backend, `submissionapi/csv_functions/csv_handler.py`), with the names
of earlier versions. `docs/reference/registers.md` says of each column where it goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from registry.quality.dates import Undated, assumed_end, last_day_held, read_day
from registry.quality.decision import Evidence, Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.quality.known import Agency, Known
from registry.quality.rows import ColumnName, Header, Read, Reason, RowReader, SourceRow, header_of, read_row, shown
from registry.quality.values import choice, country_of, field_of, scheme_of
from registry.quality.wire import MOST_NAMES

RULES: Final = (
    "An end that is not given is taken as six years after the start, and marked (DEQAR, report data, Validity).",
    "The last day that is given is the last day on which a decision holds.",
    "Levels 0 to 3 of the QF-EHEA are levels 5 to 8 of the European Qualifications Framework.",
    "A programme that leads to a full degree is one of any degree; one that does not is one of any other type.",
    "The condition of a conditional decision is its summary, or its comment where it has none.",
)

RULINGS: Final[Mapping[str, Ruling]] = {
    "1": Ruling.POSITIVE,
    "positive": Ruling.POSITIVE,
    "2": Ruling.CONDITIONAL,
    "positive with conditions or restrictions": Ruling.CONDITIONAL,
    "positive with conditions": Ruling.CONDITIONAL,
    "3": Ruling.NEGATIVE,
    "negative": Ruling.NEGATIVE,
    "4": Ruling.NOT_APPLICABLE,
    "not applicable": Ruling.NOT_APPLICABLE,
}
STATUSES: Final[Mapping[str, bool]] = {
    "1": True,
    "part of obligatory eqa system": True,
    "obligatory": True,
    "2": False,
    "voluntary": False,
}
LEVELS: Final[Mapping[str, int]] = {
    "0": 5,
    "short cycle": 5,
    "1": 6,
    "first cycle": 6,
    "2": 7,
    "second cycle": 7,
    "3": 8,
    "third cycle": 8,
}
DEGREES: Final = (
    "associate-degree",
    "bachelor-degree",
    "degree",
    "doctoral-degree",
    "master-degree",
    "professional-doctorate",
    "research-doctorate",
)
NO_DEGREES: Final = (
    "certificate",
    "certificate-of-completion",
    "course",
    "diploma",
    "learning-program",
    "micro-credential",
)
_OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "1": DEGREES, "yes": DEGREES, "full degree": DEGREES, "fully recognised degree": DEGREES,
    "2": NO_DEGREES, "no": NO_DEGREES, "no full degree": NO_DEGREES, "no fully recognised degree": NO_DEGREES,
}  # fmt: skip
_OF_PROGRAMMES: Final = "program"
_OF_INSTITUTIONS: Final = "institution"
_BOTH: Final = ("institutional/programme", "institutional / programme")

_ITSELF: Final = frozenset({""})
_ALONE: Final = (
    "agency", "contributing_agencies", "report_id", "local_identifier", "activity", "activity_local_identifier",
    "activity_type", "status", "decision", "summary", "valid_from", "valid_to", "date_format", "link",
    "link_display_name", "other_comment",
)  # fmt: skip
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_ALONE, _ITSELF),
    "activities": frozenset({"", "id", "activity", "group", "local_identifier", "agency"}),
    "file": frozenset({"original_location", "display_name", "report_language"}),
    "institution": frozenset(
        {
            "deqar_id", "eter_id", "identifier", "resource", "country", "name_official",
            "name_official_transliterated", "name_english", "name_primary", "name", "acronym", "name_alternative",
            "website_link", "city",
        }
    ),
    "platform": frozenset({"deqar_id", "eter_id", "identifier", "resource", "name_official", "name_english", "name"}),
    "programme": frozenset(
        {
            "identifier", "resource", "name_primary", "qualification_primary", "name_alternative",
            "qualification_alternative", "country", "qf_ehea_level", "nqf_level", "degree_outcome", "workload_ects",
            "assessment_certification", "learning_outcome", "learning_outcome_esco", "learning_outcome_description",
            "field_study",
        }
    ),
}  # fmt: skip
_NEEDED: Final = ("agency", "decision", "valid_from", "institution")
_ALIASES: Final = {
    "agency_id": "agency",
    "organisation": "institution",
    "organization": "institution",
    "provider": "institution",
    "program": "programme",
    "files": "file",
    "comment": "other_comment",
}
# Of an institution, the first of these that the file has is its name.
_NAMES: Final = ("name_primary", "name_official", "name_english", "name", "name_official_transliterated", "acronym")
_OF_A_HOLDER: Final = frozenset({"deqar_id", "eter_id", "identifier", "resource"})
_OF_A_PROGRAMME: Final = frozenset(
    {
        "identifier", "resource", "name_primary", "qualification_primary", "country", "qf_ehea_level", "nqf_level",
        "degree_outcome", "workload_ects", "field_study",
    }
)  # fmt: skip
_REPEATED: Final = frozenset(
    {"identifier", "resource", "country", "report_language", "link", "link_display_name", "contributing_agencies"}
)
_MENDED: Final = "Mend the cell by EQAR's data dictionary, and import the row again."

_Kind = TypeVar("_Kind")
_Cells = dict[tuple[str, int], tuple[ColumnName, str]]


@dataclass(slots=True)
class _Sorted:
    """The cells of a row by what they are about: columns that stand alone, and groups by their number."""

    alone: dict[str, dict[int, tuple[ColumnName, str]]] = field(default_factory=dict)
    groups: dict[str, dict[int, _Cells]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What a column that stands alone says."""
        found = self.alone.get(name, {}).get(1)
        return "" if found is None else found[1]

    def index(self, name: str) -> int | None:
        """The place of a column that stands alone."""
        found = self.alone.get(name, {}).get(1)
        return None if found is None else found[0].index

    def all(self, name: str) -> list[tuple[ColumnName, str]]:
        """A column that may be there several times, in the order of its numbers."""
        found = self.alone.get(name)
        return [] if found is None else [cell for _, cell in sorted(found.items())]

    def numbered(self, name: str) -> list[tuple[int, _Cells]]:
        """A group, in the order of its numbers."""
        return sorted(self.groups.get(name, {}).items())


class DeqarRows:
    """Makes decisions of the rows of one table.

    Args:
        names: of the columns.
        register: short name that the decisions get.

    Raises:
        IntakeError: code `register-columns`.
    """

    def __init__(self, names: Sequence[str], register: str, known: Known):
        self.header: Header = header_of(names, _KNOWN, needs=_NEEDED, aliases=_ALIASES)
        self._register = register
        self._known = known
        self._places = {each.path: each.index for each in self.header.known.values()}

    def read(self, row: SourceRow) -> Read | None:
        """The decision of a row, or why there is none; None for a row without anything in it."""
        return read_row(row, self.header, self._decision)

    def _decision(self, reader: RowReader) -> QualityDecision | None:
        cells = _Sorted()
        for column, text in reader.texts():
            if column.part and column.group != "activities":
                group = cells.groups.setdefault(column.group, {}).setdefault(column.number, {})
                group[column.part, column.item] = (column, text)
            else:
                name = f"{column.group}.{column.part}" if column.part else column.group
                cells.alone.setdefault(name, {})[column.number] = (column, text)
        return _Row(self, reader, cells, self._known, self._register).decision()

    def place(self, group: str) -> int | None:
        """The place of a column that stands alone, whether or not a row has anything there."""
        return self._places.get((group, 1, "", 1))


class _Row:
    """One row on its way to a decision."""

    def __init__(self, rows: DeqarRows, reader: RowReader, cells: _Sorted, known: Known, register: str):
        self._rows = rows
        self._reader = reader
        self._cells = cells
        self._known = known
        self._register = register
        self._remarks = reader.remarks()

    def decision(self) -> QualityDecision | None:
        """The decision; None where the reader has found why not."""
        cells, reader = self._cells, self._reader
        agency = self._agency()
        ruling = self._ruling()
        obligatory = self._obligatory()
        start, end, assumed = self._period()
        holders = self._holders(agency)
        programmes = self._programmes()
        if not programmes:
            self._refuse_unnamed_programme()
        evidence = self._evidence()
        self._keep_the_rest()
        reader.check_size(
            {
                "institutions": len(holders),
                "programmes": len(programmes),
                "files and links": len(evidence),
                "columns that are kept as remarks": len(self._remarks),
            }
        )
        if agency is None or ruling is None or start is None or reader.is_refused:
            return None
        number, report = cells.text("local_identifier"), cells.text("report_id")
        if not number and not report:
            reader.remark(
                None, Reason.NO_NUMBER, "it has neither local_identifier nor report_id: changed, it will be another one"
            )
        summary = cells.text("summary")
        condition = ""
        if ruling is Ruling.CONDITIONAL:
            condition = summary or cells.text("other_comment")
            if not condition:
                reader.remark(
                    cells.index("decision"), Reason.CONDITION_UNSAID, "it is conditional, and no text says on what"
                )
        return QualityDecision(
            register=self._register,
            agency=agency.identifier,
            agency_name=agency.name,
            number=number,
            report=report,
            subject=self._subject(holders, programmes),
            ruling=ruling,
            valid_from=start,
            valid_until=end,
            end_assumed=assumed,
            obligatory=obligatory,
            activities=self._activities(),
            condition=condition,
            summary=summary,
            holders=holders,
            programmes=programmes,
            evidence=evidence,
            remarks=tuple(sorted(self._remarks.items())),
        )

    def _agency(self) -> Agency | None:
        text = self._cells.text("agency")
        index = self._rows.place("agency")
        if not text:
            self._reader.refuse(index, Reason.AGENCY_MISSING, "no agency is named", _MENDED)
            return None
        found = self._known.agency(text)
        if found is None:
            self._reader.refuse(
                index,
                Reason.AGENCY_UNKNOWN,
                f"the agency {shown(text)} is not on the list of agencies",
                "Add it to the list, where it belongs there.",
            )
        return found

    def _ruling(self) -> Ruling | None:
        text = self._cells.text("decision")
        found = choice(text, RULINGS)
        if found is None:
            self._reader.refuse(
                self._rows.place("decision"),
                Reason.RULING_UNREADABLE,
                f"{shown(text)} is no decision of DEQAR's" if text else "it does not say what was decided",
                "Write 1 positive, 2 positive with conditions or restrictions, 3 negative, or 4 not applicable.",
            )
        return found

    def _obligatory(self) -> bool | None:
        text = self._cells.text("status")
        if not text:
            self._reader.remark(
                self._rows.place("status"),
                Reason.STATUS_UNSAID,
                "it does not say whether it is obligatory or voluntary",
            )
            return None
        found = choice(text, STATUSES)
        if found is None:
            self._reader.refuse(
                self._rows.place("status"),
                Reason.STATUS_UNREADABLE,
                f"{shown(text)} is no status of DEQAR's",
                "Write 1 part of obligatory EQA system, or 2 voluntary.",
            )
        return found

    def _period(self) -> tuple[date | None, date | None, bool]:
        start, last = self._day("valid_from"), self._day("valid_to")
        if start is None:
            if not self._cells.text("valid_from"):
                index = self._rows.place("valid_from")
                self._reader.refuse(index, Reason.DATE_MISSING, "it does not say from when it holds", _MENDED)
            return None, None, False
        if self._cells.index("valid_to") is None:
            end = assumed_end(start)
            self._reader.remark(
                self._rows.place("valid_to"), Reason.END_ASSUMED, f"no end is given: taken as {end.isoformat()}"
            )
            return start, end, True
        if last is None:
            return start, None, False
        if last < start:
            self._reader.refuse(
                self._cells.index("valid_to"),
                Reason.DATES_REVERSED,
                f"it ends on {last.isoformat()}, before it begins on {start.isoformat()}",
                "Look both dates up in the decision.",
            )
        return start, last_day_held(last), False

    def _day(self, name: str) -> date | None:
        index = self._cells.index(name)
        if index is None:
            return None
        found = read_day(self._reader.row.values[index], self._cells.text("date_format"))
        if isinstance(found, Undated):
            self._reader.refuse(index, found.reason, found.what, found.remedy)
            return None
        if found.otherwise:
            self._reader.remark(
                index,
                Reason.DATE_OTHERWISE,
                f"read as {found.day.isoformat()}, although date_format says {shown(self._cells.text('date_format'))}",
            )
        return found.day

    def _holders(self, agency: Agency | None) -> tuple[Holder, ...]:
        found = []
        for _, cells in self._cells.numbered("institution"):
            identifiers = self._identifiers_of_holder(cells, agency)
            if not identifiers:
                column, text = next(iter(cells.values()))
                self._reader.refuse(
                    column.index,
                    Reason.HOLDER_UNNAMED,
                    f"the institution of {shown(text)} has no identifier",
                    "Give its DEQARINST ID, its ETER ID, or an identifier of the agency.",
                )
                continue
            name_part, name = next(((part, cells[part, 1][1]) for part in _NAMES if (part, 1) in cells), ("", ""))
            countries = {part: cell for part, cell in cells.items() if part[0] == "country"}
            country = ""
            for column, text in countries.values():
                code = self._country(column, text)
                # Of several countries none is the institution's own: all of them are remarks.
                country = code if len(countries) == 1 else ""
                if len(countries) > 1:
                    self._remarks[column.name] = text
            self._reader.refuse_parties(next(iter(cells.values()))[0].index, self._known.parties(identifiers))
            found.append(self._known.holder(identifiers, name, country))
            for (part, item), (column, text) in cells.items():
                is_unused = part not in _OF_A_HOLDER and part != "country" and (part, item) != (name_part, 1)
                if is_unused or _stands_alone(cells, part, item):
                    self._remarks[column.name] = text
        if not found and not self._cells.groups.get("institution"):
            self._reader.refuse(None, Reason.HOLDER_MISSING, "no institution is named", _MENDED)
        return tuple(found)

    def _identifiers_of_holder(self, cells: _Cells, agency: Agency | None) -> tuple[Identifier, ...]:
        found = []
        for (part, item), (column, text) in cells.items():
            if part == "deqar_id":
                found.append(Identifier("deqar", text.upper()))
            elif part == "eter_id":
                found.append(Identifier("eter", text.upper()))
            elif part == "identifier":
                # The agency's own number of an institution is another institution's at another agency.
                own = text if agency is None else f"{agency.identifier.value}/{text}"
                found.append(self._identifier(cells, item, column, text, Identifier("agency", own)))
        return tuple(sorted(set(found)))

    def _identifier(self, cells: _Cells, item: int, column: ColumnName, text: str, own: Identifier) -> Identifier:
        resource = cells.get(("resource", item))
        if resource is None or resource[1].lower() in ("local", "local identifier"):
            return own
        scheme = scheme_of(resource[1])
        if scheme is None:
            self._reader.refuse(
                resource[0].index,
                Reason.IDENTIFIER_UNREADABLE,
                f"{shown(resource[1])} is no name of a scheme for {column.name}",
                "Write letters, digits and hyphens, such as Erasmus or DE-HRK.",
            )
            return own
        return Identifier(scheme, text)

    def _programmes(self) -> tuple[Programme, ...]:
        found: list[Programme] = []
        for _, cells in self._cells.numbered("programme"):
            countries = [self._country(*cell) for (part, _), cell in sorted(cells.items()) if part == "country"]
            level = self._chosen(cells, "qf_ehea_level", LEVELS, Reason.LEVEL_UNREADABLE, "0 to 3")
            types = self._chosen(cells, "degree_outcome", _OUTCOMES, Reason.VALUE_UNREADABLE, "1 yes, or 2 no") or ()
            programme = Programme(
                identifiers=self._identifiers_of_programme(cells),
                name=_text(cells, "name_primary"),
                qualification=_text(cells, "qualification_primary"),
                levels=None if level is None else (level, level),
                national_level=_text(cells, "nqf_level"),
                fields=self._fields(cells),
                types=types,
                ects=_text(cells, "workload_ects"),
            )
            found += [_in_country(programme, each) for each in countries or [""]]
            for (part, item), (column, text) in cells.items():
                is_unused = part not in _OF_A_PROGRAMME or (item > 1 and part not in _REPEATED)
                if is_unused or _stands_alone(cells, part, item):
                    self._remarks[column.name] = text
        return tuple(found)

    def _identifiers_of_programme(self, cells: _Cells) -> tuple[Identifier, ...]:
        found = set()
        for (part, item), (column, text) in cells.items():
            if part == "identifier":
                is_uri = text.startswith(("http://", "https://", "urn:"))
                own = Identifier("uri", text) if is_uri else Identifier("local", text)
                found.add(self._identifier(cells, item, column, text, own))
        if len(found) > MOST_NAMES:
            self._reader.refuse(None, Reason.TOO_MUCH, f"a programme has more than {MOST_NAMES} identifiers", _MENDED)
        return tuple(sorted(found))

    def _fields(self, cells: _Cells) -> tuple[str, ...]:
        found = cells.get(("field_study", 1))
        if found is None:
            return ()
        code = field_of(found[1])
        if code is None:
            self._reader.refuse(
                found[0].index,
                Reason.FIELD_UNREADABLE,
                f"{shown(found[1])} is no field of ISCED-F 2013",
                "Write its 2, 3 or 4 digits, such as 0613, or its address in ESCO; leave the cell empty for any field.",
            )
            return ()
        return (code,)

    def _chosen(
        self, cells: _Cells, part: str, words: Mapping[str, _Kind], reason: Reason, allowed: str
    ) -> _Kind | None:
        found = cells.get((part, 1))
        if found is None:
            return None
        chosen = choice(found[1], words)
        if chosen is None:
            self._reader.refuse(
                found[0].index,
                reason,
                f"{shown(found[1])} is nothing that {part} can be",
                f"Write {allowed}, or the words of EQAR's data dictionary.",
            )
        return chosen

    def _country(self, column: ColumnName, text: str) -> str:
        found = country_of(text)
        if found is None:
            self._reader.refuse(
                column.index,
                Reason.COUNTRY_UNREADABLE,
                f"{shown(text)} is no country of ISO 3166-1",
                "Write two or three letters, such as HR or HRV.",
            )
        return found or ""

    def _evidence(self) -> tuple[Evidence, ...]:
        found = []
        for _, cells in self._cells.numbered("file"):
            uri = _text(cells, "original_location")
            if uri:
                languages = [text for (part, _), (_, text) in sorted(cells.items()) if part == "report_language"]
                found.append(Evidence(uri, None, _text(cells, "display_name"), tuple(languages[:MOST_NAMES])))
            for (part, item), (column, text) in cells.items():
                if not uri or (item > 1 and part not in _REPEATED):
                    self._remarks[column.name] = text
        titles = {column.number: text for column, text in self._cells.all("link_display_name")}
        found += [Evidence(text, None, titles.get(column.number, "")) for column, text in self._cells.all("link")]
        return tuple(found)

    def _activities(self) -> tuple[str, ...]:
        names = ("activity", "activities", "activities.activity", "activities.id", "activities.group")
        local = ("activity_local_identifier", "activities.local_identifier")
        found = [text for name in names for _, text in self._cells.all(name)]
        found += [f"local: {text}" for name in local for _, text in self._cells.all(name)]
        return tuple(dict.fromkeys(found))[:MOST_NAMES]

    def _subject(self, holders: tuple[Holder, ...], programmes: tuple[Programme, ...]) -> Subject:
        said = self._cells.text("activity_type").lower()
        if not programmes:
            return Subject.INSTITUTION
        if said in _BOTH:
            return Subject.INSTITUTION_AND_PROGRAMME
        return Subject.JOINT_PROGRAMME if len(holders) > 1 else Subject.PROGRAMME

    def _refuse_unnamed_programme(self) -> None:
        """What is about a programme that nobody can tell is not about the whole institution."""
        said = self._cells.text("activity_type").lower()
        if _OF_PROGRAMMES in said and _OF_INSTITUTIONS not in said:
            self._reader.refuse(
                self._cells.index("activity_type"),
                Reason.PROGRAMME_UNREAD,
                f"it is a report on a programme ({shown(said)}), and no programme is named",
                "Name it in the columns programme[1].identifier[1] and programme[1].name_primary.",
            )
        else:
            self._reader.refuse_unread_programme()

    def _keep_the_rest(self) -> None:
        """What a decision has no member for stands among the remarks, by its column."""
        for name in ("contributing_agencies", "other_comment", "activities.agency", "activity_type"):
            for column, text in self._cells.all(name):
                self._remarks[column.name] = text
        for _, cells in self._cells.numbered("platform"):
            self._remarks.update((column.name, text) for column, text in cells.values())
        for name, repeated in self._cells.alone.items():
            if name not in _REPEATED and not name.startswith("activit"):
                self._remarks.update((column.name, text) for number, (column, text) in repeated.items() if number > 1)
        linked = {column.number for column, _ in self._cells.all("link")}
        for column, text in self._cells.all("link_display_name"):
            if column.number not in linked:
                self._remarks[column.name] = text


def _text(cells: _Cells, part: str) -> str:
    found = cells.get((part, 1))
    return "" if found is None else found[1]


def _stands_alone(cells: _Cells, part: str, item: int) -> bool:
    """Whether it names the scheme of an identifier that is not there."""
    return part == "resource" and ("identifier", item) not in cells


def _in_country(programme: Programme, country: str) -> Programme:
    return Programme(
        programme.identifiers,
        programme.name,
        programme.qualification,
        programme.levels,
        programme.national_level,
        programme.fields,
        programme.types,
        country,
        programme.ects,
    )
