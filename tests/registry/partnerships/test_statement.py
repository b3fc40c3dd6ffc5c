"""Statements: what they refuse, and that nothing small can be worked out of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from registry.errors import IntakeError
from registry.partnerships.document import canonical
from registry.partnerships.statement import (
    Statement,
    languages_in,
    read_statement,
    refuse_unsafe,
    safe_together,
    statement_from_counts,
    statement_of,
)

ABOUT: dict[str, Any] = {
    "id": "awards-2025",
    "issuer": 7,
    "title": "Awards of 2025",
    "measure": "awards",
    "period": {"from": "2025-01-01", "until": "2025-12-31"},
}
GENDER = {"rows": {"dimension": "gender", "categories": ["women", "men"]}, "cells": [[120], [98]], "total": 218}


def members(**changes: Any) -> dict[str, Any]:
    told = {"type": "TestamurOutcomeStatement", "version": 1, "revision": 1, **ABOUT, "tables": [GENDER]}
    return deepcopy(told | changes)


def table(dimension: str, counts: dict[str, int | None], total: int | None) -> dict[str, Any]:
    return {
        "rows": {"dimension": dimension, "categories": list(counts)},
        "cells": [[count] for count in counts.values()],
        "total": total,
    }


def code_of(told: Any) -> tuple[str, str]:
    with pytest.raises(IntakeError) as refused:
        statement_of(told)
    return refused.value.code, refused.value.what


def test_a_statement_is_read_and_written_alike() -> None:
    statement = statement_of(members())
    assert read_statement(canonical(statement.to_dict())) == statement
    assert statement.to_dict()["tables"][0] == GENDER
    assert statement.numbers == {7}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tables": [table("gender", {"women": 120, "men": 9}, 129)]}, "small-cell"),
        ({"tables": [table("gender", {"women": 120, "men": 0}, 120)]}, "small-cell"),
        ({"tables": [table("gender", {"women": 120, "men": None}, 129)]}, "small-cell"),
        ({"tables": [table("gender", {"women": 120, "men": 98}, 219)]}, "statement-sums"),
        ({"tables": [table("gender", {"women": 120, "men": None}, 100)]}, "statement-sums"),
        ({"tables": [table("gender", {"women": 2**53, "men": 98}, None)]}, "statement"),
        ({"tables": [table("gender", {"women": True, "men": 98}, None)]}, "statement"),
        ({"tables": [table("gender", {"women": -1, "men": 98}, None)]}, "statement"),
        ({"tables": [table("gender", {"Women": 120, "women ": 98}, 218)]}, "statement"),
        ({"tables": [table("email", {"women": 120, "men": 98}, 218)]}, "statement"),
        ({"tables": [table("group", {"ada@uni.example": 120, "men": 98}, 218)]}, "statement"),
        ({"tables": [table("group", {"0103-456-789": 120, "men": 98}, 218)]}, "statement"),
        ({"tables": [GENDER, GENDER]}, "statement"),
        ({"tables": []}, "statement"),
        ({"period": {"from": "2025-12-31", "until": "2025-01-01"}}, "statement"),
        ({"period": {"from": "2025-02-30", "until": "2025-12-31"}}, "statement"),
        ({"measure": "happiness"}, "statement"),
        ({"about": {"country": "XX"}}, "statement"),
        ({"students": ["Ada"]}, "statement"),
    ],
    ids=[
        *("small", "nobody", "by-the-total", "sum", "more-than-the-total", "too-large", "no-number", "negative"),
        *("twice", "personal-dimension", "e-mail", "long-number", "same-table", "no-table", "backwards", "no-day"),
        *("unknown-measure", "unknown-country", "unknown-member"),
    ],
)
def test_what_is_no_statement_is_refused(changes: dict[str, Any], code: str) -> None:
    assert code_of(members(**changes))[0] == code


def test_another_table_of_the_same_people_gives_nothing_away() -> None:
    """How many have a disability is left out of one table, and follows from the total of the other."""
    crossed = {
        "rows": {"dimension": "gender", "categories": ["women", "men"]},
        "columns": {"dimension": "disability", "categories": ["yes", "no"]},
        "cells": [[None, None], [None, None]],
        "rowTotals": [None, None],
        "columnTotals": [None, 213],
        "total": None,
    }
    statement_of(members(tables=[crossed]))
    code, what = code_of(members(tables=[crossed, table("gender", {"women": 120, "men": 98}, 218)]))
    assert (code, "can be worked out" in what) == ("small-cell", True)
    # One that is surely not small may be known: ten more than nobody tells of nobody.
    crossed["columnTotals"] = [None, 190]
    statement_of(members(tables=[crossed, table("gender", {"women": 120, "men": 98}, 218)]))


def test_two_tables_that_contradict_each_other_are_refused() -> None:
    code, what = code_of(members(tables=[GENDER, table("language", {"en": 120, "hr": 90}, 210)]))
    assert (code, "another" in what) == ("small-cell", True)


def stated(name: str, **changes: Any) -> Statement:
    return statement_of(members(id=name, **changes))


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (
            {
                "period": {"from": "2025-01-01", "until": "2025-12-24"},
                "tables": [table("gender", {"women": 117, "men": 98}, 215)],
            },
            "differs by 3",
        ),
        (
            {"period": {"from": "2025-01-01", "until": "2025-12-24"}},
            "differs by 0",
        ),
        ({"about": {"level": 6}, "tables": [table("gender", {"women": 112, "men": 80}, 192)]}, "differs by 8"),
        ({"tables": [table("gender", {"women": 121, "men": 98}, 219)]}, "another one"),
    ],
    ids=["shorter-period", "nobody-in-the-rest", "part", "other-counts"],
)
def test_the_difference_of_two_statements_is_no_small_group(later: dict[str, Any], reason: str) -> None:
    first, second = stated("first"), stated("second", **later)
    with pytest.raises(IntakeError, match=reason):
        refuse_unsafe([first, second])
    assert safe_together([first, second]) == (first,)
    # Of another issuer it is no difference at all.
    other = stated("second", issuer=8, **later)
    assert safe_together([first, other]) == (first, other)


def test_what_one_statement_leaves_out_no_other_publishes() -> None:
    first = stated("first", tables=[table("gender", {"women": 120, "men": None, "other": None}, 222)])
    second = stated("second", tables=[table("gender", {"women": 120, "men": 98, "other": None, "-": None}, None)])
    with pytest.raises(IntakeError, match="can be worked out"):
        refuse_unsafe([first, second])


def test_one_that_is_left_out_alone_follows_from_a_total_that_is_known_elsewhere() -> None:
    code, what = code_of(members(measure="credentials", tables=[table("gender", {"women": 95, "men": None}, None)]))
    assert (code, "left out alone" in what) == ("small-cell", True)
    statement_of(members(tables=[table("gender", {"women": None, "men": None, "other": 30}, None)]))


def of(name: str, women: int, men: int, first: str = "2025-01-01", last: str = "2025-12-31", **about: Any) -> Statement:
    counts = table("gender", {"women": women, "men": men}, women + men)
    return stated(name, period={"from": first, "until": last}, about=about, tables=[counts])


YEAR = of("year", 50, 60)


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ([of("half", 25, 30, last="2025-06-30"), of("more", 22, 20, "2025-07-01", "2025-11-30")], "worked out"),
        ([of("early", 30, 40, last="2025-08-31"), of("late", 23, 40, "2025-07-01")], "worked out"),
        ([of("six", 25, 30, level=6), of("seven", 22, 20, level=7)], "without its parts by level"),
        ([of("here", 25, 30, country="HR"), of("there", 22, 20, country="SI")], "without its parts by country"),
        (
            [of("half", 25, 30, last="2025-06-30", level=6), of("rest", 20, 20, "2025-07-01", level=6)],
            "without its parts by level",
        ),
        ([stated("spelt", about={"level": 6}, tables=[table("gender", {"Women": 45, "x": 30}, 75)])], "differs by 5"),
        (
            [stated("derived", about={"level": 6}, tables=[table("gender", {"women": None, "men": 44, "x": 10}, 100)])],
            "without its parts",
        ),
    ],
    ids=["three-periods", "overlap", "levels", "countries", "both", "spelling", "left-out-and-surely-not-small"],
)
def test_several_statements_together_give_no_small_group_away(others: list[Statement], reason: str) -> None:
    assert safe_together(others) == tuple(others)
    for order in ([*others, YEAR], [YEAR, *others], [YEAR, *reversed(others)]):
        with pytest.raises(IntakeError, match=reason):
            refuse_unsafe(order)


def test_what_two_halves_say_of_a_year_is_known_in_its_table() -> None:
    """The year leaves out women and others; the halves tell of the women, and so the year of the others."""
    year = stated("whole", tables=[table("gender", {"women": None, "men": 60, "other": None}, 120)])
    assert safe_together([year, of("one", 25, 30, last="2025-06-30"), of("two", 30, 30, "2025-07-01")])[-1] != year
    with pytest.raises(IntakeError, match="can be worked out"):
        refuse_unsafe([year, of("one", 25, 30, last="2025-06-30"), of("two", 30, 30, "2025-07-01")])


def test_quarters_of_a_year_and_levels_that_are_all_go_together() -> None:
    quarters = [
        of(f"q{at}", 12, 15, f"2025-{at * 3 - 2:02}-01", f"2025-{at * 3:02}-{day}")
        for at, day in enumerate((31, 30, 30, 31), 1)
    ]
    year, levels = of("year", 48, 60), [of("six", 28, 30, level=6), of("seven", 20, 30, level=7)]
    together = [*quarters, year, *levels]
    assert safe_together(together) == tuple(together)


def test_no_more_statements_are_solved_together_than_can_be() -> None:
    days = [of(f"d{at}", 20, 20, "2025-01-01", f"2025-{1 + at // 28:02}-{1 + at % 28:02}") for at in range(61)]
    with pytest.raises(IntakeError, match="more than 60 statements"):
        refuse_unsafe([replace_counts(each, at) for at, each in enumerate(days)])


def replace_counts(statement: Statement, at: int) -> Statement:
    counts = table("gender", {"women": 20 + 20 * at, "men": 20 + 20 * at}, 40 + 40 * at)
    return statement_of(statement.to_dict() | {"tables": [counts]})


def test_counts_become_a_statement_without_the_small_ones() -> None:
    data = (
        "gender,first-generation,count\nwomen,yes,120\nwomen,no,30\nmen,yes,98\nmen,no,41\nother,yes,3\nother,no,12\n"
    )
    statement = statement_from_counts(data.encode(), ABOUT)
    (told,) = statement.tables
    assert told.total == 304
    assert told.cells[2] == (None, None)
    assert statement == statement_of(statement.to_dict())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("name,count\nAda,1\nBob,1\n", "personal-data"),
        ("First Name,gender,count\nAda,f,1\n", "personal-data"),
        ("student_id,count\n17,1\n", "personal-data"),
        ("E-Mail,count\na@b.example,1\n", "personal-data"),
        ("prénom,count\nAda,1\n", "personal-data"),
        ("group,count\n12345678,10\n23456789,20\n", "personal-data"),
        ("group,count\n1999-01-31,10\n1999-02-01,20\n", "personal-data"),
        ("gender,first,second,count\nf,a,b,10\n", "statement"),
        ("gender\nf\n", "statement"),
        ("gender,count\nf,ten\nm,20\n", "statement"),
        ("gender,count\nf,-10\nm,20\n", "statement"),
        ("gender,count\nf,9007199254740992\nm,20\n", "statement"),
        ("gender,count\nf,10\nf,20\n", "statement"),
        ("gender,count\nf,10,5\nm,20\n", "statement"),
        ("gender,count\nf,20\n", "statement"),
        ("gender,count\nf,4\nm,5\n", "small-cell"),
        ("gender,count\n" + "".join(f"g{number},20\n" for number in range(41)), "statement"),
        ("gender,count\n" + "x,1\n" * 2001, "statement"),
        ("", "statement"),
        ('gender,count\n"f,10\n', "statement"),
        ("gender,count\n=cmd()&\x1b[2J,ten\nm,20\n", "statement"),
    ],
    ids=[
        *("names", "two-words", "ids", "mail", "french", "numbers", "birthdays", "four-columns", "no-count", "word"),
        *("negative", "too-large", "twice", "three-cells", "one-category", "nine-people", "many", "long", "empty"),
        *("quote", "hostile"),
    ],
)
def test_a_table_of_people_or_of_no_counts_is_refused(data: str, code: str) -> None:
    with pytest.raises(IntakeError) as refused:
        statement_from_counts(data.encode(), ABOUT, where="counts.csv")
    assert (refused.value.code, refused.value.where) == (code, "counts.csv")
    assert "\x1b" not in refused.value.diagnostics()


def test_languages_are_those_of_tables_of_languages() -> None:
    found = stated("languages", tables=[table("language", {"hr": 400, "en": 60, "it": None, "de": None}, 490)])
    assert languages_in([stated("first"), found]) == {"hr": 400, "en": 60}
