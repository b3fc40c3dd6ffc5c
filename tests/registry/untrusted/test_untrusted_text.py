"""Text of strangers, in each medium: nothing moves, nothing is lost, and what looks like something else is marked."""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.untrusted.text import (
    LONGEST,
    REPLACEMENT,
    html_text,
    json_text,
    log_text,
    marked,
    oddities,
    spreadsheet_text,
    terminal_text,
)
from registry.verify.issuer import shown_issuers

MOVES = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


@given(st.text())
def test_on_a_terminal_text_is_one_line_that_moves_nothing(text: str) -> None:
    shown = terminal_text(text)
    assert not MOVES.search(shown)
    assert len(shown.splitlines()) <= 1
    assert terminal_text(shown) == shown
    assert len(terminal_text(text * 200, LONGEST)) <= LONGEST


@given(st.text())
def test_on_a_terminal_each_character_stays_or_is_replaced_where_it_stood(text: str) -> None:
    shown = terminal_text(text)
    assert len(shown) == len(text)
    assert all(after in (before, REPLACEMENT) for before, after in zip(text, shown, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "https://u.example/[faculty]",
        "[/b] [red]x[/] :warning:",
        "Università di Bologna, Ώ, МГУ, 東京大学, جامعة",
        "دانشگاه\u200cها",
        "क्\u200dष",
    ],
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert terminal_text(text) == text


@pytest.mark.parametrize(
    "sign",
    ["\x1b", "\x9b", "\r", "\b", "\t", "\n", "\u2028", "\u202e", "\u2066", "\u3164", "\u115f", "\ufe0f", "\udc9b"],
)
def test_no_two_words_become_one(sign: str) -> None:
    assert terminal_text(f"not{sign}valid") == f"not{REPLACEMENT}valid"


def test_a_joiner_between_letters_that_do_not_join_is_hidden() -> None:
    assert terminal_text("uni\u200cversity") == f"uni{REPLACEMENT}versity"
    assert terminal_text("\u200dد") == f"{REPLACEMENT}د"


@given(st.text(min_size=1))
def test_html_is_well_formed_and_says_the_same(text: str) -> None:
    element = ET.fromstring(f'<a b="{html_text(text)}">{html_text(text)}</a>')
    assert element.text == element.attrib["b"] == terminal_text(text, LONGEST)


@given(st.text())
def test_a_line_of_a_log_can_be_printed(text: str) -> None:
    assert log_text(text).isprintable()


json_values = st.recursive(
    st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(json_values, st.booleans())
def test_json_means_the_same_and_moves_nothing(value: object, indented: bool) -> None:
    encoded = json_text(json.dumps(value, ensure_ascii=False, indent=2 if indented else None))
    assert json.loads(encoded) == value
    assert not MOVES.search(encoded.replace("\n", ""))


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    shown = spreadsheet_text(text)
    assert not shown.lstrip().startswith(tuple("=+-@＝＋－＠"))
    assert shown in (text, f"'{text}") or re.search(r"[;\t\r\n]", text)


@given(st.text(alphabet='a;,\n\t\r "=+-@＝'))
def test_no_part_of_a_cell_begins_like_a_formula_where_semicolons_part_cells(text: str) -> None:
    shown = spreadsheet_text(text)
    later = re.split(r"[;\t\r\n]", shown)[1:]
    assert not any(each.lstrip(' "').startswith(tuple("=+-@＝＋－＠")) for each in later)
    assert shown.replace("'", "") == text


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("did:web:unіversity.example", "letters of Cyrillic and Latin in one word"),
        ("University οf Examples", "letters of Greek and Latin in one word"),
        ("u\u0301nі\u0483versity", "letters of Cyrillic and Latin in one word"),
        ("un\u200bі", "letters of Cyrillic and Latin in one word"),
        ("https://аррӏе.example", "Cyrillic letters that look like Latin ones"),
        ("https://а-b.example", "Cyrillic letters that look like Latin ones"),
        ("Оху University", "Cyrillic letters that look like Latin ones"),
        ("𝐔niversity", "letters of mathematics"),
        ("Ｕniversity", "letters of Fullwidth and Latin in one word"),
        ("https://university.example∕x.example", "signs that look like those of an address"),
        ("University\u202eelpmaxe", "hidden characters"),
        ("Uni\u00adversity", "hidden characters"),
        ("ハングル\u3164", "hidden characters"),
    ],
)
def test_a_name_that_looks_like_another_is_marked(text: str, mark: str) -> None:
    shown = marked(text)
    assert shown.startswith(f"{terminal_text(text)} [")
    assert mark in shown


@pytest.mark.parametrize(
    "text",
    [
        "https://university.example/[faculty]",
        "did:web:xn--universit-i1a.example",
        "Université Sorbonne Paris Nord",
        "МГУ имени М. В. Ломоносова",
        "ИТМО (ITMO University)",
        "МГУ им. М. В. Ломоносова (MSU)",
        "Εθνικό και Καποδιστριακό Πανεπιστήμιο Αθηνών (NKUA)",
        "NTT東日本 データ大学",
        "서울대학교 SNU",
        "جامعة القاهرة",
        "دانشگاه\u200cها",
        "Đại học Quốc gia Hà Nội",
        "Universität № 5, 2026",
    ],
)
def test_an_honest_name_is_not_marked(text: str) -> None:
    assert marked(text) == text


@given(st.text(alphabet=st.characters(max_codepoint=0x024F)))
def test_latin_alone_has_no_mixed_letters(text: str) -> None:
    assert not any("in one word" in each for each in oddities(unicodedata.normalize("NFC", text)))


@given(st.text())
def test_a_mark_only_adds(text: str) -> None:
    shown = terminal_text(text, LONGEST)
    assert marked(text) == shown or marked(text).startswith(f"{shown} [")


def test_the_issuers_that_a_document_names_are_marked_in_the_verdict() -> None:
    shown = shown_issuers(["did:web:unіversity.example", "\x1b[2Jvalid"])
    assert shown == (
        "did:web:unіversity.example [letters of Cyrillic and Latin in one word] / "
        f"{REPLACEMENT}[2Jvalid [with hidden characters]"
    )
