"""The file of an accord is read whole or refused with the key and the line."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import SettingsError
from registry.recognition.accord_file import MOST_BYTES, MOST_FIELDS, MOST_MEMBERS, Membership, parse_accord
from registry.recognition.scope import Scope

EXAMPLE = Path(__file__).parents[3] / "docs/how-to/seoul-accord.toml"
GOOD = """\
[accord]
name = "An accord"
party = 1
uri = "https://accord.example/"
since = 2008-12-06
until = 2030-01-01

[scope]
field = "061"
levels = "6-7"
types = ["bachelor-degree"]

[[members]]
party = 2
name = "One"
country = "us"
state = "full"
joined = 2008-12-06

[[members]]
party = 3
name = "Two"
state = "provisional"
"""


def refused(text: str | bytes) -> str:
    with pytest.raises(SettingsError) as error:
        parse_accord(text, where="accord.toml")
    assert error.value.code == "accord"
    assert error.value.where == "accord.toml"
    assert "docs/reference/recognition.md" in str(error.value.remedy)
    return error.value.what


def test_a_file_is_read() -> None:
    file = parse_accord(GOOD)
    one, two = file.members
    assert (file.accord.party, file.accord.name, file.accord.chain) == (1, "An accord", None)
    assert (one.country, one.state, one.joined) == ("US", Membership.FULL, datetime(2008, 12, 6, tzinfo=UTC))
    assert (two.state, two.joined) == (Membership.PROVISIONAL, None)
    agreed = Scope("061", (6, 7), frozenset({"bachelor-degree"}))
    assert file.recognised_for == (agreed,)
    assert file.admitted_for(one) == (Scope("061", (6, 7), frozenset({"bachelor-degree"}), "US"),)
    assert file.ends_at(one) == datetime(2030, 1, 1, tzinfo=UTC)
    assert (file.member(3), file.member(4)) == (two, None)
    assert parse_accord(GOOD.encode()) == file


def test_the_example_of_the_documentation_is_one() -> None:
    file = parse_accord(EXAMPLE.read_bytes(), where="seoul-accord.toml")
    full = [each for each in file.members if each.takes_part(datetime(2026, 1, 1, tzinfo=UTC))]
    assert len(full) == 13
    assert sum(each.takes_part(datetime(2009, 1, 1, tzinfo=UTC)) for each in file.members) == 6


def test_who_takes_part_when() -> None:
    file = parse_accord(GOOD.replace("joined = 2008-12-06", "joined = 2010-01-01\nleft = 2020-01-01T12:00:00+02:00"))
    one, two = file.members
    moments = [datetime(2009, 12, 31, tzinfo=UTC), datetime(2010, 1, 1, tzinfo=UTC)]
    moments += [datetime(2020, 1, 1, 9, 59, 59, tzinfo=UTC), datetime(2020, 1, 1, 10, tzinfo=UTC)]
    assert [one.takes_part(each) for each in moments] == [False, True, True, False]
    assert not any(two.takes_part(each) for each in moments)
    assert file.ends_at(one) == moments[-1]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("party = 3", "party = 2", "members[1].party (line 21): party 2 is a member already: members[0]"),
        ("party = 3", "party = 1", "members[1].party (line 21): party 1 is the accord itself"),
        ("party = 3", "party = 0", "members[1].party (line 21): input should be greater than or equal to 1"),
        ("party = 3", 'party = "3"', "members[1].party (line 21): input should be a valid integer"),
        ("party = 3", "party = true", "members[1].party (line 21): input should be a valid integer"),
        ("party = 3\n", "", "members[1].party (line 20): field required"),
        ('"provisional"', '"observer"', "members[1].state (line 23): input should be 'full' or 'provisional'"),
        ("joined = 2008-12-06", 'joined = "2008-12-06"', "members[0].joined (line 18): a day is written as 2026-01-31"),
        ("joined = 2008-12-06", "joined = 2008-12-06T10:00:00", "members[0].joined (line 18): a time of day needs its"),
        ("joined = 2008-12-06", "joined = 1969-12-31", "members[0].joined (line 18): times on chain begin with 1970"),
        ("joined = 2008-12-06", "joined = 0001-01-01T00:00:00+10:00", "there is no such time in UTC"),
        ("joined = 2008-12-06\n", "", "members[0].joined (line 13): a full member has a day on which it joined"),
        ("joined = 2008-12-06", "joined = 2008-12-05", "members[0].joined (line 18): it joined before the accord came"),
        (
            "joined = 2008-12-06",
            "joined = 2010-01-01\nleft = 2009-01-01",
            "members[0].left (line 19): it left before it joined",
        ),
        ("until = 2030-01-01\n", "", "members[0].until (line 12): an accreditation has an end"),
        ("until = 2030-01-01", "until = 2008-01-01", "its period ends before it joined"),
        (
            'country = "us"',
            'country = "Atlantis"',
            "members[0].country (line 16): 'Atlantis' is no country: write two letters",
        ),
        ('field = "061"', 'field = "6"', "scope (line 8): '6' is no field"),
        ('levels = "6-7"', 'levels = "7-6"', "scope (line 8): 7-6 is no range of levels"),
        ('["bachelor-degree"]', '["knighthood"]', "scope (line 8): 'knighthood' is no type of qualification"),
        ('field = "061"', 'field = "061"\nfields = ["06"]', "scope.fields (line 10): the field is given twice"),
        ('field = "061"', 'fields = ["061", "0613"]', "scope.fields (line 9): field 0613 is in the list twice, or"),
        ('name = "Two"', 'name = ""', "members[1].name (line 22): string should have at least 1 character"),
        ('name = "Two"', 'nmae = "Two"', "field required"),
        ("since = ", "sinse = ", "accord.sinse (line 5): the file of an accord has no such key"),
        ("[scope]", "[scope", "the file of the accord is not TOML: Expected ']'"),
        ('name = "An accord"', 'name = "An accord"\nname = "Another"', "not TOML: Cannot overwrite a value (at line 3"),
        ('uri = "https://accord.example/"', 'chain = "mainnet"', "accord.chain (line 4): string should match pattern"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_named_with_its_key_and_line(was: str, now: str, said: str) -> None:
    assert said in refused(GOOD.replace(was, now, 1))


def test_no_line_is_guessed_where_it_is_not_sure() -> None:
    inline = '[accord]\nname = "a"\nparty = 1\nuntil = 2030-01-01\n'
    assert refused(f'members = [{{party = 1, name = "b", state = "provisional"}}]\n{inline}') == (
        "members[0].party: party 1 is the accord itself"
    )
    several = GOOD.replace('name = "Two"', 'name = """\n[[members]]\n"""').replace("party = 3", "party = 2")
    assert refused(several).startswith("members[1].party: ")


def test_sizes_are_bounded() -> None:
    assert "larger than" in refused(b"#" * (MOST_BYTES + 1))
    assert "not TOML" in refused(b"\xff")
    assert "not TOML" in refused("a = " + "[" * 100_000)
    head, _, _ = GOOD.partition("[[members]]")
    many = "".join(
        f'[[members]]\nparty = {each}\nname = "m"\nstate = "provisional"\n' for each in range(2, MOST_MEMBERS + 3)
    )
    assert f"at most {MOST_MEMBERS:,}".replace(",", "") in refused(head + many)
    assert "members" in refused(head)
    assert "members" in refused(f"members = []\n{head}")
    fields = [f"{number:04}" for number in range(MOST_FIELDS + 1)]
    assert f"at most {MOST_FIELDS}" in refused(GOOD.replace('field = "061"', f"fields = {fields}"))


@given(st.text(max_size=200))
def test_any_name_is_kept_as_it_is_or_refused(name: str) -> None:
    escaped = "".join(f"\\U{ord(each):08x}" for each in name)
    text = GOOD.replace('name = "Two"', f'name = "{escaped}"')
    if 1 <= len(name) <= 200 and not any("\ud800" <= each <= "\udfff" for each in name):
        assert parse_accord(text).members[1].name == name
    else:
        refused(text)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_accord_or_refused(data: bytes) -> None:
    with pytest.raises(SettingsError):
        parse_accord(data)


@given(st.sampled_from(sorted(set(GOOD.split()))), st.sampled_from(["", "-1", '"\\u0000"', "[]", "{}", "2026-02-30"]))
def test_any_word_of_a_file_may_be_wrong(was: str, now: str) -> None:
    text = GOOD.replace(was, now)
    with suppress(SettingsError):
        assert parse_accord(text) == parse_accord(text.encode())
