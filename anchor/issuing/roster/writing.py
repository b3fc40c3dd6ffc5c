"""Rosters as files: empty ones to be filled in, and those rows that came to nothing, to be mended and put in again.

Everything is written as text, so that no program makes a date of a number or a formula of a name. The same input gives
the same bytes.

Source: the hidden row of keys is how the European Digital Credentials issuer lets labels be translated.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from anchor.issuing.roster.columns import (
    EXPLANATIONS,
    LABELS,
    REASON,
    Column,
    columns_of,
    mark_of,
    told_of,
)
from anchor.issuing.roster.reading import Roster
from anchor.issuing.roster.rules import Checked, Finding
from anchor.issuing.roster.words import word
from anchor.issuing.templates.model import Template
from registry.extras import needs
from registry.untrusted.cells import column_name, csv_lines
from registry.untrusted.text import terminal_text

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

DEFAULT_ROWS: Final = 200
MOST_ROWS: Final = 20_000
"""That are prepared with lists and borders; more can be filled in all the same."""
DATA: Final = "Data"
LISTS: Final = "Lists"
HEAD_ROWS: Final = 3
"""Keys, labels, explanations."""

_ALWAYS_SAME: Final = datetime(2020, 1, 1, tzinfo=UTC)
# Text (ECMA-376 part 1, 18.8.30): what is typed stays as it is typed.
_TEXT_FORMAT: Final = 49
_MANDATORY_FILL: Final = "#FCE4B6"
_OPTIONAL_FILL: Final = "#E8EDF3"
_WIDTHS: Final = (14, 40)
# What Excel takes; longer ones are cut where they are shown, never in the list.
_LONGEST_PROMPT: Final = 255
_LONGEST_TITLE: Final = 32


def write_roster(template: Template, rows: int = DEFAULT_ROWS, language: str | None = None) -> bytes:
    """An empty roster as XLSX: sheets for instructions, data and lists.

    Args:
        rows: how many are prepared with lists to choose from.
        language: of labels and explanations; by default the template's main one.

    Raises:
        SettingsError: what writes workbooks is not installed.
    """
    spoken = language or template.languages[0]
    return _workbook(template, columns_of(template, spoken), [], rows, spoken)


def write_csv(template: Template, language: str | None = None) -> bytes:
    """An empty roster as CSV: keys, labels and explanations; in UTF-8 with the mark by which Excel knows it."""
    spoken = language or template.languages[0]
    columns = columns_of(template, spoken)
    head = [
        [mark_of(template), *(each.key for each in columns)],
        [LABELS, *(each.label for each in columns)],
        [EXPLANATIONS, *(told_of(each, spoken) for each in columns)],
    ]
    return b"\xef\xbb\xbf" + csv_lines(head)


def write_refused(template: Template, roster: Roster, checked: Checked, language: str | None = None) -> bytes:
    """The rows that are not ready as a roster of the same template, each with what is wrong with it.

    What is not seen in a text is a visible sign there, and a name is in NFC: both are told in the reason.

    Raises:
        SettingsError: what writes workbooks is not installed.
    """
    spoken = language or template.languages[0]
    reasons: dict[int, list[Finding]] = {}
    for finding in checked.findings:
        reasons.setdefault(finding.row, []).append(finding)
    ready = {row.number for row in checked.ready}
    reason = Column(REASON, word(REASON, spoken), word(f"{REASON}.why", spoken))
    columns = (reason, *columns_of(template, spoken))
    rows = []
    for row in roster.rows:
        if row.number not in ready:
            told = "\n".join(_reason(each, roster) for each in [*reasons.get(row.number, ()), *reasons.get(0, ())])
            rows.append([terminal_lines(told), *(_mended(row.value(each.key)) for each in columns[1:])])
    return _workbook(template, columns, rows, len(rows), spoken)


def terminal_lines(text: str) -> str:
    """Lines of text of strangers, each without what is not seen."""
    return "\n".join(terminal_text(line) for line in text.splitlines())


def _reason(finding: Finding, roster: Roster) -> str:
    at = f"{finding.cell} of {roster.name}" if finding.cell else f"row {finding.row} of {roster.name}"
    return f"{at} [{finding.rule}]: {finding.what}. {finding.remedy}"


def _mended(text: str) -> str:
    return terminal_text(normalize("NFC", text))


def _workbook(
    template: Template, columns: Sequence[Column], rows: Sequence[Sequence[str]], prepared: int, language: str
) -> bytes:
    with needs("issuing"):
        from xlsxwriter import Workbook
    out = io.BytesIO()
    plain: dict[str, Any] = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, {"in_memory": True, **plain}) as book:
        book.set_properties({"title": template.text(template.name, language), "created": _ALWAYS_SAME})
        instructions = book.add_worksheet(_sheet_name(word("sheet", language)))
        data = book.add_worksheet(DATA)
        lists = book.add_worksheet(LISTS)
        _write_instructions(book, instructions, template, columns, language)
        _write_data(book, data, template, columns, rows, language)
        _write_lists(book, data, lists, columns, HEAD_ROWS + max(prepared, 1))
        data.activate()
    return out.getvalue()


def _sheet_name(name: str) -> str:
    return f"{name}_" if name in (DATA, LISTS) else name


def _write_instructions(
    book: Workbook, sheet: Worksheet, template: Template, columns: Sequence[Column], language: str
) -> None:
    title = book.add_format({"bold": True, "font_size": 14, "text_wrap": True})
    heading = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 80)
    sheet.write_string(0, 0, word("made_for", language), heading)
    sheet.write_string(0, 1, template.text(template.name, language), title)
    at = 2
    for key in ("fill", "colours", "dates", "values", "moved"):
        sheet.write_string(at, 1, word(key, language), wrapped)
        at += 1
    sheet.write_string(at, 1, f"{word('check', language)} testamur roster check FILE", wrapped)
    at += 2
    sheet.write_string(at, 0, word("columns", language), heading)
    for number, column in enumerate(columns, at + 1):
        sheet.write_string(number, 0, column.label, wrapped)
        sheet.write_string(number, 1, told_of(column, language), wrapped)


def _write_data(
    book: Workbook,
    sheet: Worksheet,
    template: Template,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    language: str,
) -> None:
    text = book.add_format({"num_format": _TEXT_FORMAT})
    wrapped = book.add_format({"num_format": _TEXT_FORMAT, "text_wrap": True, "valign": "top"})
    labels, whys = _head_formats(book)
    sheet.set_column(0, 0, None, text, {"hidden": True})
    sheet.set_row(0, None, text, {"hidden": True})
    sheet.set_row(2, 62)
    for row, content in enumerate((mark_of(template), LABELS, EXPLANATIONS)):
        sheet.write_string(row, 0, content, text)
    for at, column in enumerate(columns, 1):
        is_reason = column.key == REASON
        width = 60 if is_reason else min(max(_WIDTHS[0], len(column.label) + 4), _WIDTHS[1])
        sheet.set_column(at, at, width, wrapped if is_reason else text)
        sheet.write_string(0, at, column.key, text)
        sheet.write_string(1, at, column.label, labels[column.mandatory])
        sheet.write_string(2, at, told_of(column, language), whys[column.mandatory])
    for number, cells in enumerate(rows, HEAD_ROWS):
        for at, cell in enumerate(cells, 1):
            if cell:
                sheet.write_string(number, at, cell, wrapped if columns[at - 1].key == REASON else text)
    sheet.freeze_panes(HEAD_ROWS, 0)


def _head_formats(book: Workbook) -> tuple[Mapping[bool, Format], Mapping[bool, Format]]:
    """For labels and for explanations, by whether the column has to be filled in."""
    shared: dict[str, Any] = {"num_format": _TEXT_FORMAT, "text_wrap": True, "valign": "top", "border": 1}
    fills = {True: _MANDATORY_FILL, False: _OPTIONAL_FILL}
    labels = {key: book.add_format({**shared, "bold": True, "bg_color": fill}) for key, fill in fills.items()}
    whys = {key: book.add_format({**shared, "italic": True, "bg_color": fill}) for key, fill in fills.items()}
    return labels, whys


def _write_lists(book: Workbook, data: Worksheet, lists: Worksheet, columns: Sequence[Column], last_row: int) -> None:
    """A column of choices for each column that has some, and drop-downs that offer them."""
    text = book.add_format({"num_format": _TEXT_FORMAT})
    bold = book.add_format({"num_format": _TEXT_FORMAT, "bold": True})
    at = 0
    for number, column in enumerate(columns, 1):
        if not column.choices:
            continue
        lists.set_column(at, at, _WIDTHS[0], text)
        lists.write_string(0, at, column.label, bold)
        for row, choice in enumerate(column.choices, 1):
            lists.write_string(row, at, choice, text)
        letters = column_name(at)
        data.data_validation(
            HEAD_ROWS,
            number,
            last_row,
            number,
            {
                "validate": "list",
                "source": f"={LISTS}!${letters}$2:${letters}${len(column.choices) + 1}",
                "input_title": column.label[:_LONGEST_TITLE],
                "input_message": column.explanation[:_LONGEST_PROMPT],
            },
        )
        at += 1
