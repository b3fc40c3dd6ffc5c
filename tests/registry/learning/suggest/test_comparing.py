"""Words, pieces of words, their weights and the glossary, each against what it is by definition."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.learning.suggest import bridge, glossary
from registry.learning.suggest.bundled import HINTED, e_cf, is2020
from registry.learning.suggest.glossary import LANGUAGES, carried
from registry.learning.suggest.lexical import K1, B, Bm25
from registry.learning.suggest.words import grams, stems, stop_words

TOKENS = st.lists(st.sampled_from("abcdefg"), max_size=8)
DOCUMENTS = st.lists(TOKENS, min_size=1, max_size=6).filter(any)


def slow_bm25(documents: list[list[str]], asked: list[str]) -> list[float]:
    """The formula of Lucene, as it is written in Kamphuis et al. (2020), as a share of what could be reached."""
    mean = sum(map(len, documents)) / len(documents)
    found = []
    reach = 0.0
    for token in asked:
        held = sum(token in each for each in documents)
        reach += math.log(1 + (len(documents) - held + 0.5) / (held + 0.5))
    for each in documents:
        score = 0.0
        for token in asked:
            held = sum(token in one for one in documents)
            count = each.count(token)
            idf = math.log(1 + (len(documents) - held + 0.5) / (held + 0.5))
            score += idf * count / (count + K1 * (1 - B + B * len(each) / mean))
        found.append(score / reach if reach else 0.0)
    return found


@given(DOCUMENTS, TOKENS)
def test_words_are_weighed_as_the_formula_says(documents: list[list[str]], asked: list[str]) -> None:
    scores = Bm25(documents).scores(asked)
    assert list(map(float, scores)) == pytest.approx(slow_bm25(documents, asked), abs=1e-5)
    assert all(0 <= each <= 1 for each in scores)


def test_a_stem_is_that_of_its_language_and_what_is_no_language_stays() -> None:
    assert stems("The designing of databases", "en") == ["design", "databas"]
    assert stems("Die Datenbanken", "de") == ["datenbank"]
    assert stems("baze podataka", "hr") == stems("BAZA PODATAKA", "hr")
    assert stems("C++ and C#", "en") == ["c++", "c#"]
    assert stems("Basi di dati", "it") == ["basi", "di", "dati"]
    assert stop_words("it") == frozenset()


@given(st.text(max_size=20), st.sampled_from([*LANGUAGES, "it", ""]))
def test_any_text_has_words_and_pieces(text: str, language: str) -> None:
    for word in stems(text, language):
        assert word
    for piece in grams(text, language):
        assert 3 <= len(piece) <= 5


def test_pieces_meet_in_compounds() -> None:
    assert set(grams("Datenbank", "de")) & set(grams("Datenbankentwurf", "de"))
    assert grams("a1", "en")[0] == "_a1"


def test_terms_are_carried_into_english_the_longest_first_and_the_rest_stays() -> None:
    found = carried("Entwirft relationale Datenbanken für Bäckereien", "de")
    assert "databas" in found.broad
    assert "relational database" in found.narrow
    assert "bäckereien" in found.narrow
    assert carried("Designs databases", "en").narrow == "Designs databases"
    assert carried("progetta basi", "it").broad == ("progetta", "basi")


@pytest.mark.parametrize("content", [glossary.glossary_bytes(), bridge.topics_bytes()], ids=["glossary", "topics"])
def test_each_row_has_a_term_in_each_language(content: bytes) -> None:
    rows = [line for line in content.decode().splitlines() if line and not line.startswith("#")]
    assert len(rows) == len(set(rows)) > 100
    for row in rows:
        cells = row.split("|")
        assert len(cells) == len(LANGUAGES), row
        assert all(stems(cell, language) for cell, language in zip(cells, LANGUAGES, strict=True)), row


def test_the_competences_have_words_in_each_language_and_no_other_text() -> None:
    assert len(e_cf().entries) == 41
    assert len(is2020().entries) == 19
    for entry in e_cf().entries:
        assert set(entry.keywords) == set(HINTED)
        assert all(len(words) >= 8 for words in entry.keywords.values()), entry.code
        assert not entry.about
    for language in HINTED:
        text = files("registry.learning.suggest").joinpath("data", "e-cf", f"{language}.toml").read_text("utf-8")
        assert list(tomllib.loads(text)) == [each.code for each in e_cf().entries]
