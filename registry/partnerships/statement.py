"""Statements of issuers about whom they served: aggregated counts, of which none is about fewer than ten people.

Pure. A statement is optional, the issuer's own word, and anchored by the issuer like any other document (`json-jcs`).
What it leaves out cannot be worked out from it, nor from another statement of the same issuer:
`docs/reference/partnerships.md` has the rules.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from registry.errors import IntakeError
from registry.partnerships.between import Times, between
from registry.partnerships.document import (
    Country,
    Day,
    Id,
    Number,
    Part,
    Text,
    Title,
    Version,
    contradiction,
    members_of,
    validated,
)
from registry.partnerships.partnership import midnight
from registry.partnerships.tables import (
    MOST_CATEGORIES,
    MOST_CELLS,
    MOST_COUNT,
    Impossible,
    K,
    Place,
    Table,
    bounds_of,
    suppressed,
)
from registry.untrusted.text import terminal_text

STATEMENT_TYPE: Final = "TestamurOutcomeStatement"
CODE: Final = "statement"
PAGE: Final = "docs/reference/partnerships.md"
MOST_TABLES: Final = 20
MOST_TOGETHER: Final = 60
"""Statements whose times hang together: the months, quarters and the whole of each of three years are 51."""
MOST_ROWS: Final = 2_000
"""Of a CSV: counts for two dimensions of forty categories, with room; a list of people is longer."""

LANGUAGE: Final = "language"
"""The dimension whose categories are languages."""
COUNT_COLUMN: Final = "count"

_PERSONAL: Final = frozenset(
    {
        *("name", "names", "surname", "firstname", "lastname", "forename", "givenname", "familyname", "fullname"),
        *("email", "mail", "emailaddress", "phone", "telephone", "mobile", "address", "street", "postcode", "zip"),
        *("id", "ids", "studentid", "studentnumber", "personid", "matriculation", "matrikelnummer", "nationalid"),
        *("ssn", "passport", "idnumber", "dateofbirth", "birthdate", "birthday", "dob", "iban", "photo", "ip"),
        *("nom", "prenom", "courriel", "nachname", "vorname", "geburtsdatum", "nombre", "apellido", "apellidos"),
        *("ime", "prezime", "oib", "cognome", "codicefiscale", "pesel", "nif", "dni", "curp", "cpf", "aadhaar"),
    }
)
"""Names of columns, without what is between words, in which people stand."""
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_LONG_NUMBER: Final = re.compile(r"[0-9](?:[ .-]?[0-9]){5,}")
_DAY_OF_BIRTH: Final = re.compile(r"\b(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9]\b")

Count = Annotated[int, Field(ge=0, le=MOST_COUNT)] | None
Category = Annotated[str, Field(min_length=1, max_length=80)]


class Axis(Part):
    """A dimension and its categories, which are free: `gender`, `first-generation`, `language`…"""

    dimension: str = Field(pattern="^[a-z](?:[a-z-]{0,38}[a-z])?$")
    categories: tuple[Category, ...] = Field(min_length=2, max_length=MOST_CATEGORIES, strict=False)

    @model_validator(mode="after")
    def _makes_sense(self) -> Axis:
        folded = [_folded(each) for each in self.categories]
        if len(set(folded)) < len(folded):
            raise contradiction("{dimension} has a category twice", dimension=self.dimension)
        if (why := _about_people(self.dimension, self.categories)) is not None:
            raise contradiction("{why}", why=why)
        return self


class StatedTable(Part):
    """Counts by one or two dimensions; null is left out."""

    rows: Axis
    columns: Axis | None = None
    cells: tuple[Annotated[tuple[Count, ...], Field(strict=False)], ...] = Field(strict=False)
    row_totals: tuple[Count, ...] = Field(default=(), alias="rowTotals", strict=False)
    column_totals: tuple[Count, ...] = Field(default=(), alias="columnTotals", strict=False)
    total: Count = None

    @model_validator(mode="after")
    def _has_its_shape(self) -> StatedTable:
        height, width = len(self.rows.categories), 1 if self.columns is None else len(self.columns.categories)
        sums = (0, 0) if self.columns is None else (height, width)
        if len(self.cells) != height or any(len(row) != width for row in self.cells):
            raise contradiction("cells are not {height} rows of {width}", height=height, width=width)
        if (len(self.row_totals), len(self.column_totals)) != sums:
            raise contradiction("rowTotals and columnTotals are not as many as rows and columns")
        if height * width > MOST_CELLS:
            raise contradiction("a table has no more than {most} cells", most=MOST_CELLS)
        if self.columns is not None and self.columns.dimension == self.rows.dimension:
            raise contradiction("rows and columns are of the same dimension")
        return self

    @property
    def table(self) -> Table:
        """As what is worked out with."""
        columns = None if self.columns is None else (self.columns.dimension, self.columns.categories)
        return Table(
            (self.rows.dimension, self.rows.categories),
            columns,
            self.cells,
            self.row_totals,
            self.column_totals,
            self.total,
        )

    @property
    def dimensions(self) -> tuple[str, ...]:
        """One or two."""
        return (self.rows.dimension,) if self.columns is None else (self.rows.dimension, self.columns.dimension)


class Time(Part):
    """The first and the last day that is counted."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="until")

    @model_validator(mode="after")
    def _fits_together(self) -> Time:
        if self.last < self.first:
            raise contradiction("the period ends on {last}, before it begins", last=self.last)
        return self

    @property
    def begins(self) -> datetime:
        """Midnight (UTC) of the first day."""
        return midnight(self.first)

    @property
    def ends(self) -> datetime:
        """Midnight (UTC) after the last day."""
        return midnight(self.last) + timedelta(days=1)

    @property
    def times(self) -> Times:
        """The first day, and the first day after the last."""
        return self.first, f"{self.ends:%Y-%m-%d}"

    def touches(self, other: Time) -> bool:
        """Whether a day is in both, or one begins where the other ends."""
        (first, last), (begins, ends) = self.times, other.times
        return first <= ends and begins <= last

    def overlaps(self, other: Time) -> bool:
        """Whether a day is in both."""
        return self.first <= other.last and other.first <= self.last


class About(Part):
    """Of which programmes the counts are; what is not said is all."""

    country: Country | None = None
    field: str | None = Field(default=None, pattern="^[0-9]{2,4}$")
    level: int | None = Field(default=None, ge=1, le=8)


class Statement(Part):
    """What an issuer states of whom it served in a period."""

    type: Literal["TestamurOutcomeStatement"]
    version: Version
    id: Id
    revision: int = Field(ge=1, le=1_000_000)
    issuer: Number
    title: Title
    measure: Literal["awards", "graduates", "enrolments", "applications", "credentials"]
    period: Time
    about: About = About()
    text: Text = ""
    tables: tuple[StatedTable, ...] = Field(min_length=1, max_length=MOST_TABLES, strict=False)

    @model_validator(mode="after")
    def _names_each_table_once(self) -> Statement:
        shapes = [frozenset(each.dimensions) for each in self.tables]
        if len(set(shapes)) < len(shapes):
            raise contradiction("two tables are of the same dimensions")
        return self

    @property
    def numbers(self) -> frozenset[int]:
        """Who may anchor it: the issuer alone."""
        return frozenset({self.issuer})

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Of all its tables."""
        return tuple(sorted({name for table in self.tables for name in table.dimensions}))

    def to_dict(self) -> dict[str, Any]:
        """The document; what is not said is not there, and what is left out is null."""
        told = self.model_dump(mode="json", by_alias=True)
        told["about"] = {name: value for name, value in told["about"].items() if value is not None}
        for name in ("about", "text"):
            if not told[name]:
                del told[name]
        for table in told["tables"]:
            if table["columns"] is None:
                for name in ("columns", "rowTotals", "columnTotals"):
                    del table[name]
        return dict(told)


class SmallCell(NamedTuple):
    """A count that a statement gives away: where it is, and how."""

    what: str


def read_statement(data: bytes, *, is_toml: bool = False, where: str | None = None) -> Statement:
    """The statement that a file has.

    Raises:
        IntakeError: it is none (code `statement`), its sums do not agree (`statement-sums`), or it gives a small count
            away (`small-cell`).
    """
    return statement_of(members_of(data, is_toml=is_toml, where=where, code=CODE), where=where)


def statement_of(members: Any, *, where: str | None = None) -> Statement:
    """The statement that members make; raises as `read_statement`."""
    made = validated(Statement, members, where=where, code=CODE, page=PAGE)
    refuse_unsafe([made], where=where)
    return made


def statement_from_counts(data: bytes, members: Mapping[str, Any], *, where: str | None = None) -> Statement:
    """The statement that a table of counts makes: small counts, and what would give them away, are left out.

    Args:
        data: CSV (UTF-8) with one or two columns of categories and the column `count`; one line for each combination.
        members: of the statement, without its tables.

    Raises:
        IntakeError: as `read_statement`; or it has columns of people (code `personal-data`).
    """
    table = suppressed(_counts_of(data, where))
    if table.total is None:
        raise IntakeError(
            f"it counts fewer than {K} people in all",
            where=where,
            remedy="State it together with another period or another part.",
            code="small-cell",
        )
    stated: dict[str, Any] = {
        "rows": {"dimension": table.rows[0], "categories": list(table.rows[1])},
        "cells": [list(row) for row in table.cells],
        "total": table.total,
    }
    if table.columns is not None:
        stated |= {
            "columns": {"dimension": table.columns[0], "categories": list(table.columns[1])},
            "rowTotals": list(table.row_totals),
            "columnTotals": list(table.column_totals),
        }
    kept = {"type": STATEMENT_TYPE, "version": 1, "revision": 1, **members, "tables": [stated]}
    return statement_of(kept, where=where)


def _counts_of(data: bytes, where: str | None) -> Table:
    def refused(what: str, remedy: str, code: str = CODE) -> IntakeError:
        return IntakeError(what, where=where, remedy=remedy, code=code)

    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise refused(f"it is no CSV in UTF-8: {error}", "Save it as CSV (UTF-8).") from None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise refused("it is empty", "Give a line with the names of the columns, and the counts.")
    heading = [cell.strip().casefold() for cell in rows[0]]
    for name in heading:
        if _is_personal(name):
            raise refused(
                f"the column {name!r} is about single people",
                "Count first, and give the counts alone: a statement is public for good.",
                "personal-data",
            )
    if heading[-1:] != [COUNT_COLUMN] or not 2 <= len(heading) <= 3:
        raise refused(
            "the columns are not one or two of categories and then `count`",
            "Give one line for each combination of categories, with how many there are.",
        )
    if len(rows) - 1 > MOST_ROWS:
        raise refused(f"it has more than {MOST_ROWS:,} lines", "Give counts, not a line for each person.")
    counts: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(heading):
            raise refused(f"line {number} has {len(row)} cells instead of {len(heading)}", "Correct the line.")
        *categories, text = (cell.strip() for cell in row)
        if not text.isascii() or not text.isdigit() or int(text[:20]) > MOST_COUNT:
            raise refused(f"line {number}: {terminal_text(text, 40)!r} is no count", "Give a whole number.")
        key = tuple(categories)
        if key in counts:
            raise refused(f"line {number} has the categories of a line before it", "Give each combination once.")
        counts[key] = int(text)
    axes = [_axis(name, [key[at] for key in counts], refused) for at, name in enumerate(heading[:-1])]
    if len(axes) == 1:
        return Table.summed(axes[0], None, tuple((counts[(each,)],) for each in axes[0][1]))
    if len(axes[0][1]) * len(axes[1][1]) > MOST_CELLS:
        raise refused(f"a table has no more than {MOST_CELLS} cells", "Take fewer categories together.")
    # A combination of which there is no line has nobody.
    cells = tuple(tuple(counts.get((row, column), 0) for column in axes[1][1]) for row in axes[0][1])
    return Table.summed(axes[0], axes[1], cells)


def _axis(name: str, categories: Iterable[str], refused: Any) -> tuple[str, tuple[str, ...]]:
    found = tuple(dict.fromkeys(categories))
    if (why := _about_people(name, found)) is not None:
        raise refused(why, "Count first, and give the counts alone.", "personal-data")
    if not 2 <= len(found) <= MOST_CATEGORIES or any(not each for each in found):
        raise refused(
            f"{name!r} has {len(found)} categories; it needs 2 to {MOST_CATEGORIES}, none of them empty",
            "Take small categories together.",
        )
    return name, found


def _is_personal(name: str) -> bool:
    plain = unicodedata.normalize("NFKD", name)
    letters = "".join(each for each in plain if each.isalnum() and not unicodedata.combining(each)).casefold()
    words = re.split(r"[^0-9a-z]+", "".join(each for each in plain if not unicodedata.combining(each)).casefold())
    return letters in _PERSONAL or not _PERSONAL.isdisjoint(words)


def _about_people(name: str, categories: Sequence[str]) -> str | None:
    """Why a dimension seems to be of single people, or None."""
    if _is_personal(name):
        return f"the dimension {name!r} is about single people"
    for each in categories:
        if _EMAIL.search(each) or _LONG_NUMBER.search(each) or _DAY_OF_BIRTH.search(each):
            return f"the category {terminal_text(each, 40)!r} of {name!r} looks like a person's"
    return None


# What a statement gives away


def refuse_unsafe(statements: Sequence[Statement], *, where: str | None = None) -> None:
    """Raise where the last of some statements, with the others at hand, gives a small count away; as `read_statement`.

    Args:
        statements: of one issuer; the one that is asked about is the last.
    """
    for statement in statements:
        for table in statement.tables:
            _refuse_sums(table.table, where)
    found = next(unsafe(statements), None)
    if found is not None:
        raise IntakeError(
            found.what,
            where=where,
            remedy=f"Leave out counts below {K} and one more of their row and column, or take categories together; "
            "from a CSV of counts it is done for you.",
            code="small-cell",
        )


def _refuse_sums(table: Table, where: str | None) -> None:
    try:
        bounds_of(table)
    except Impossible:
        raise IntakeError(
            f"the sums of {' by '.join(_dimensions(table))} do not agree with its counts",
            where=where,
            remedy="Count again; each row and column has to come to its sum, and all of them to the total.",
            code="statement-sums",
        ) from None


def unsafe(statements: Sequence[Statement]) -> Iterator[SmallCell]:
    """Where the last of some statements of one issuer, with the others at hand, gives a small count away.

    Looked at: counts below `K`; what is left out of a table, given its sums and what other tables of the same people
    say of those; what counts of several periods say of the time between them; and the difference between counts of the
    same thing in periods, or of parts, that overlap.
    """
    latest = statements[-1]
    for table in latest.tables:
        for place in table.table.places():
            count = table.table[place]
            if count is not None and count < K:
                yield SmallCell(f"{_named(table.table, place)} counts {count}, fewer than {K}")
                return
        left_out = table.table.left_out()
        if table.columns is None and table.total is None and len(left_out) == 2:
            yield SmallCell(
                f"{_named(table.table, left_out[0])} is left out alone: whoever knows the total from elsewhere knows it"
            )
            return
    for other in statements[:-1]:
        if other.measure == latest.measure and other.period.overlaps(latest.period):
            yield from _differences(other, latest)
    near = _near(statements)
    if len(near) > MOST_TOGETHER:
        yield SmallCell(
            f"more than {MOST_TOGETHER} statements are of times that overlap: what follows from them together is not "
            "worked out"
        )
        return
    yield from _worked_out_together(near)


def _near(statements: Sequence[Statement]) -> list[Statement]:
    """The last of them, behind those whose times hang together with its own, by one another."""
    *others, latest = statements
    waiting = [each for each in others if each.measure == latest.measure]
    found, reached = list[Statement](), [latest]
    while reached:
        one = reached.pop()
        near = [each for each in waiting if each.period.touches(one.period)]
        waiting = [each for each in waiting if not each.period.touches(one.period)]
        found += near
        reached += near
    return [*(each for each in others if each in found), latest]


Key = frozenset[tuple[str, str]]
"""Who is counted: categories by their dimensions; nothing for all."""
_Of = tuple[Times, About]


def _worked_out_together(statements: Sequence[Statement]) -> Iterator[SmallCell]:
    """What can be worked out of tables of the same people, and of the same thing at several times and of its parts."""
    tables: dict[_Of, list[Table]] = defaultdict(list)
    for each in statements:
        tables[each.period.times, each.about] += [stated.table for stated in each.tables]
    known: dict[_Of, dict[Key, int]] = {of: {} for of in tables}
    while True:
        before = sum(map(len, known.values()))
        for of, those in tables.items():
            for cell in _worked_out(those, known[of]):
                yield cell
                return
        exact: dict[tuple[Times, Key], dict[About, int]] = defaultdict(dict)
        for (about, key), counts in _by_time(known).items():
            for times, bounds in (between(counts) or {}).items():
                if bounds.is_given_away:
                    yield SmallCell(f"{_words_of(key)} of {times[0]} up to {times[1]} can be worked out from the rest")
                    return
                if bounds.room == 0:
                    exact[times, key][about] = bounds.low
                    if (times, about) in known:
                        known[times, about].setdefault(key, bounds.low)
        for (_, key), by_part in exact.items():
            for cell in _rests(key, by_part):
                yield cell
                return
        if sum(map(len, known.values())) == before:
            return


def _by_time(known: Mapping[_Of, Mapping[Key, int]]) -> dict[tuple[About, Key], dict[Times, int]]:
    found: dict[tuple[About, Key], dict[Times, int]] = defaultdict(dict)
    for (times, about), counts in known.items():
        for key, count in counts.items():
            found[about, key][times] = count
    return found


def _rests(key: Key, counts: Mapping[About, int]) -> Iterator[SmallCell]:
    """A whole without its parts of one kind, such as all levels without two of them, where few are left."""
    for whole, count in counts.items():
        for name in About.model_fields:
            parts = [each for each in counts if each != whole and _is_part_by(name, each, whole)]
            largest = [
                each for each in parts if not any(other != each and _is_part_by(name, each, other) for other in parts)
            ]
            rest = count - sum(counts[each] for each in largest)
            if 0 < rest < K:
                yield SmallCell(f"{_words_of(key)} without its parts by {name} is {rest}, fewer than {K}")


def _is_part_by(name: str, inner: About, outer: About) -> bool:
    """Whether one is a part of the other by that member alone."""
    here, there = getattr(inner, name), getattr(outer, name)
    if inner.model_copy(update={name: there}) != outer or here is None:
        return False
    return there is None or (name == "field" and str(here).startswith(str(there)))


def given_away_together(tables: Sequence[Table]) -> SmallCell | None:
    """Where tables that count the same people give a small count away together; None where they do not."""
    return next(_worked_out(list(tables), {}), None)


def _worked_out(tables: list[Table], known: dict[Key, int]) -> Iterator[SmallCell]:
    """What can be worked out of tables that count the same people, each with the sums that others know.

    Args:
        known: of whom how many is known; what follows is added.
    """
    while True:
        before = len(known)
        for table in tables:
            told = table.given(_of_others(table, known))
            try:
                bounds = bounds_of(told)
            except Impossible:
                yield SmallCell(
                    f"{' by '.join(_dimensions(table))} does not agree with another table of the same people"
                )
                return
            exact = {place: each.low for place, each in bounds.items() if each.low == each.high}
            for place in table.places():
                count = exact.get(place, told[place])
                if count is not None and known.setdefault(_key(table, place), count) != count:
                    yield SmallCell(f"{_named(table, place)} is another one in another table of the same people")
                    return
            away = [place for place, each in bounds.items() if each.is_given_away]
            if away:
                yield SmallCell(f"{_named(table, away[0])} is left out, and can be worked out from the rest")
                return
        if len(known) == before:
            return


def _of_others(table: Table, known: Mapping[Key, int]) -> dict[Place, int]:
    return {place: known[_key(table, place)] for place in table.left_out() if _key(table, place) in known}


def _differences(other: Statement, latest: Statement) -> Iterator[SmallCell]:
    """Counts of two periods, or of a whole and a part, whose difference is a small group."""
    is_same = (other.period, other.about) == (latest.period, latest.about)
    if is_same or not (_is_part(other, latest) or _is_part(latest, other)):
        return
    before = _published(other)
    for key, (count, name) in _published(latest).items():
        if key not in before:
            continue
        difference = abs(count - before[key][0])
        # Where the periods differ, nobody in the rest is a small count, too.
        if difference < K and (difference or other.period != latest.period):
            yield SmallCell(
                f"{name} differs by {difference} from that of {other.id!r}, whose period or part overlaps: "
                f"that is a group of fewer than {K}"
            )


def _is_part(inner: Statement, outer: Statement) -> bool:
    """Whether all who are counted in one are counted in the other."""
    here, there = inner.about, outer.about
    return (
        outer.period.first <= inner.period.first
        and inner.period.last <= outer.period.last
        and there.country in (None, here.country)
        and there.level in (None, here.level)
        and (there.field is None or (here.field or "").startswith(there.field))
    )


def _published(statement: Statement) -> dict[Key, tuple[int, str]]:
    found: dict[Key, tuple[int, str]] = {}
    for stated in statement.tables:
        table = stated.table
        for place in table.places():
            count = table[place]
            if count is not None:
                found[_key(table, place)] = count, _named(table, place)
    return found


def _key(table: Table, place: Place) -> Key:
    row, column = place
    key = set[tuple[str, str]]()
    if row is not None:
        key.add((table.rows[0], _folded(table.rows[1][row])))
    # The one column of a table without columns is no category.
    if column is not None and table.columns is not None:
        key.add((table.columns[0], _folded(table.columns[1][column])))
    return frozenset(key)


def _folded(category: str) -> str:
    """A category as it is compared: another spelling is no other group."""
    return unicodedata.normalize("NFKC", category).casefold().strip()


def _named(table: Table, place: Place) -> str:
    key = _key(table, place)
    return _words_of(key) if key else f"the total of {' by '.join(_dimensions(table))}"


def _words_of(key: Key) -> str:
    parts = [f"{name} {terminal_text(category, 40)!r}" for name, category in sorted(key)]
    return f"the count of {' and '.join(parts)}" if parts else "the total"


def _dimensions(table: Table) -> tuple[str, ...]:
    return (table.rows[0],) if table.columns is None else (table.rows[0], table.columns[0])


def safe_together(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Those of some statements, in their order, that give nothing small away beside those before them."""
    kept: dict[int, list[Statement]] = defaultdict(list)
    told: list[Statement] = []
    for each in statements:
        if next(unsafe([*kept[each.issuer], each]), None) is None:
            kept[each.issuer].append(each)
            told.append(each)
    return tuple(told)


def languages_in(statements: Iterable[Statement]) -> dict[str, int]:
    """Stated counts by language; of a language that several tables name, the largest."""
    found: dict[str, int] = {}
    for statement in statements:
        for key, (count, _) in _published(statement).items():
            match list(key):
                case [(dimension, language)] if dimension == LANGUAGE:
                    found[language] = max(count, found.get(language, 0))
    return found
