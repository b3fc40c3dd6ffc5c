"""How what is said becomes text: the same in both programs, and nothing that is put in changes what is around it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from registry.language.catalogue import SOURCE, available, content, language
from registry.language.choosing import from_environment, from_header, known
from registry.language.rendering import Language, Piece
from registry.language.said import Original, Said, Value, as_sentences, listed, say
from scripts.build_languages import SOURCE as BUILT_FROM
from scripts.build_languages import parsed, places, read
from tests.web.javascript import run_javascript
from tests.web.said import BEGIN, said_json

KEYS = sorted(content(SOURCE)["messages"])
WAYS = {key: dict(places(parsed(text))) for key, text in read(BUILT_FROM).texts.items()}
HOSTILE = "</p>{who}\u202e\u2069 Valable. \ud800<img src=x>{count, plural, other {x}}"
MARK = "\u2063value\u2063"

texts = st.text(max_size=12) | st.sampled_from([HOSTILE, "Université 1", "eip155:1", "a\u2067b", "\udc00"])
numbers = st.integers(0, 2**53) | st.sampled_from([0, 1, 2, 3, 11, 1_000, 9_999, 10_000, 1_000_000, 123_456_789])
moments = st.integers(-62_135_596_800, 253_402_300_799).map(lambda at: BEGIN + timedelta(seconds=at))


def counted(key: str) -> set[str]:
    """The names that some language counts, so that a number has to be given."""
    found: set[str] = set()
    for code in available():
        for name, ways in places(content(code)["messages"][key]):
            found |= {name} if ways & {"plural", "number"} else set()
    return found


COUNTED = {key: counted(key) for key in KEYS}


@st.composite
def sentences(draw: st.DrawFn, depth: int = 2) -> Said:
    key = draw(st.sampled_from(KEYS))
    inner: st.SearchStrategy[Value] = texts | numbers
    if depth:
        inner |= sentences(depth=depth - 1) | st.lists(texts | numbers, max_size=3).map(listed)
        inner |= st.builds(Original, texts, st.sampled_from(["", "too-large", "constructor", "none"]))
        inner |= st.lists(sentences(depth=0), max_size=2).map(tuple)
    values: dict[str, Value] = {}
    for name, ways in WAYS[key].items():
        values[name] = draw(moments if "time" in ways else numbers if name in COUNTED[key] else inner)
    return say(key, **values)


def right_to_left() -> dict[str, Any]:
    """A language that runs from right to left, whoever has translated which."""
    months = [f"م{number}" for number in range(12)]
    form = [["d"], " ", ["MMMM"], "، ", ["clock"]]
    return {**content(SOURCE), "language": "ar", "direction": "rtl", "time": {"months": months, "form": form}}


def test_both_programs_say_the_same(tmp_path: Path) -> None:
    contents: dict[str, Mapping[str, Any]] = {**{code: content(code) for code in available()}, "rtl": right_to_left()}
    spoken = {code: Language(each) for code, each in contents.items()}
    cases: list[dict[str, Any]] = []

    @settings(
        max_examples=600, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(sentences())
    def gather(said: Said) -> None:
        cases.append({"said": said_json(said), "expect": {code: each.text(said) for code, each in spoken.items()}})

    gather()
    for key in KEYS:
        for number in (0, 1, 2, 5, 100, 1_234, 12_345, 1_000_000):
            moment = datetime(2026, 1 + number % 12, 1 + number % 28, 23, 59, 58, tzinfo=UTC)
            values: dict[str, Value] = {name: moment if "time" in ways else number for name, ways in WAYS[key].items()}
            said = say(key, **values)
            cases.append({"said": said_json(said), "expect": {code: each.text(said) for code, each in spoken.items()}})
    run_javascript("language", {"contents": contents, "cases": cases}, tmp_path)


@pytest.mark.parametrize("code", available())
def test_a_hostile_value_stays_in_its_place(code: str) -> None:
    spoken = language(code)
    shown = HOSTILE.replace("\ud800", "\ufffd")
    if code != SOURCE:
        shown = shown.replace("\u202e", "\ufffd").replace("\u2069", "\ufffd")
    for key in KEYS:
        plain = {name: ways for name, ways in WAYS[key].items() if "time" not in ways and name not in COUNTED[key]}
        for name in plain:
            others: dict[str, Value] = {
                each: datetime(2026, 1, 1, tzinfo=UTC) if "time" in ways else 3 for each, ways in WAYS[key].items()
            }
            around, with_it = (spoken.text(say(key, **{**others, name: value})) for value in (MARK, HOSTILE))
            assert with_it == around.replace(MARK, shown), key


def test_what_turns_text_is_shown_and_set_apart() -> None:
    said = say("issuer.trusted", who="\u2069\u202eabc")
    assert language(SOURCE).text(said) == "\u2069\u202eabc is one you trust."
    assert Language(right_to_left()).text(said) == "\u2068\ufffd\ufffdabc\u2069 is one you trust."
    assert Language(right_to_left(), isolates=False).text(said) == "\ufffd\ufffdabc is one you trust."


def test_what_there_is_in_english_alone_is_marked_and_nothing_is_lost() -> None:
    said = (say("receipt.unreadable", why=Original("It is cut off.")), Original("The file is too long.", "too-large"))
    assert language(SOURCE).pieces(said) == (Piece("The receipt cannot be read: It is cut off. The file is too long."),)
    assert language("fr").pieces(said) == (
        Piece("Le reçu est illisible\u00a0: "),
        Piece("It is cut off.", is_original=True),
        Piece(" C’est plus grand que ce qui est lu ici. "),
        Piece("The file is too long.", is_original=True),
    )
    assert language("fr").text(Original("Odd.", "no-such-code")) == "Odd."
    assert as_sentences("", "x") == ()
    assert as_sentences("A.", "x") == (Original("A.", "x"),)


def test_dates_numbers_and_plurals_of_a_language() -> None:
    spoken = language("fr")
    when = datetime(2026, 8, 1, 0, 5, 9, tzinfo=UTC)
    assert spoken.text(say("dates.expired", when=when)) == "Il a expiré le 1 août 2026, 00:05:09 UTC."
    assert language(SOURCE).text(say("dates.expired", when=when)) == "It expired on 2026-08-01T00:05:09Z."
    told = [spoken.text(say("page.table", count=count)) for count in (0, 1, 2, 1_234, 1_000_000)]
    assert told == [
        "0 document",
        "1 document",
        "2 documents",
        "1\u202f234 documents",
        "1\u202f000\u202f000 de documents",
    ]


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANGUAGE": "tlh:fr:en", "LANG": "en_GB"}, "fr"),
        ({"LC_ALL": "C", "LANG": "fr_CA@euro"}, "fr"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "fr_FR"}, "en"),
        ({"LANG": "POSIX"}, "en"),
    ],
)
def test_the_language_of_an_environment(environment: dict[str, str], code: str) -> None:
    assert from_environment(environment) == code


def test_the_language_that_a_browser_asks_for() -> None:
    assert from_header("de-XX;q=x, fr-CA;q=0.8, en;q=0.7") == "fr"
    assert from_header("en;q=0.1,fr;q=0.2") == "fr"
    assert (from_header(""), from_header("*"), from_header(";;,,q=")) == ("en", "en", "en")
    assert (known("FR-be"), known("../fr"), known("")) == ("fr", None, None)
