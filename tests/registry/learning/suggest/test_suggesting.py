"""Five candidates or a reason why there are none: order, ties, the sentence that each rests on, and the bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.frameworks.model import Framework, Item
from registry.learning.suggest.catalogue import Catalogue, Entry, catalogue_of
from registry.learning.suggest.figures import BAR, FEWEST, figures_in, passes, wilson_low
from registry.learning.suggest.measuring import Labelled, figures_of, placed
from registry.learning.suggest.models import Index, model_of
from registry.learning.suggest.sentences import LONGEST_SENTENCE, sentences_of
from registry.learning.suggest.suggesting import Suggester, suggester
from registry.learning.suggest.values import MANY, MAX_SENTENCES, MAX_TEXT, Figure, Model, Text

ITEMS = tuple(Entry(f"X.{number}", names={"en": f"Item {number}"}) for number in range(8))
CATALOGUE = Catalogue("X", "Framework X", "1", ITEMS)


class Told:
    """An index that says what it was told."""

    def __init__(self, scores: Mapping[str, Sequence[float]], items: int):
        self._scores, self._items = scores, items

    def scores(self, sentences: Sequence[str]) -> Sequence[Sequence[float]]:
        return [self._scores.get(each, [0.0] * self._items) for each in sentences]


class Engine:
    """An engine of such an index."""

    name = "told"
    parts: Mapping[str, str] = {"library": "1"}
    weights = ""

    def __init__(self, scores: Mapping[str, Sequence[float]]):
        self._scores = scores

    def index(self, catalogue: Catalogue, language: str) -> Index:
        return Told(self._scores, len(catalogue.entries))


def ready(scores: Mapping[str, Sequence[float]]) -> Suggester:
    return suggester(CATALOGUE, "en", Engine(scores), (), unmeasured=True)


def figure(among: int, sentences: int, catalogue: Catalogue = CATALOGUE) -> Figure:
    model = model_of(Engine({}), catalogue)
    return Figure(catalogue.identifier, "en", model, sentences, 0, among, wilson_low(among, sentences))


def test_five_are_shown_by_score_each_with_its_sentence() -> None:
    text = Text("First one. Second one!", "en-GB", "here")
    scores = {"First one.": [0.1, 0.2, 0.9, 0, 0, 0.3, 0.05, 0.02], "Second one!": [0.8, 0.1, 0.2, 0, 0, 0, 0, 0]}
    found = ready(scores).suggest(text)
    assert [each.code for each in found.candidates] == ["X.2", "X.0", "X.5", "X.1", "X.6"]
    assert [each.rank for each in found.candidates] == [1, 2, 3, 4, 5]
    assert found.candidates[0].sentence == "First one."
    assert found.candidates[1].sentence == "Second one!"
    assert not found.weak
    assert not found.cut
    assert found.figure is None
    assert found.to_dict()["model"]["name"] == "told"


def test_ties_and_low_scores_are_told() -> None:
    found = ready({"Word.": [0.05] * 8}).suggest(Text("Word.", "en"))
    assert [each.code for each in found.candidates] == ["X.0", "X.1", "X.2", "X.3", "X.4"]
    assert all(each.tied for each in found.candidates)
    assert found.weak
    assert found.cut


@given(st.lists(st.floats(0, 1, width=32), min_size=8, max_size=8))
def test_the_order_is_that_of_the_rounded_scores_then_of_the_framework(scores: list[float]) -> None:
    found = ready({"Word.": scores}).suggest(Text("Word.", "en"))
    expected = sorted(range(8), key=lambda at: (-round(scores[at], 4), at))[:MANY]
    assert [each.code for each in found.candidates] == [f"X.{at}" for at in expected]
    assert len(found.candidates) == MANY


@pytest.mark.parametrize("language", ["", "  "])
def test_a_language_is_never_guessed(language: str) -> None:
    with pytest.raises(IntakeError) as refused:
        suggester(CATALOGUE, language, Engine({}), (), unmeasured=True)
    assert refused.value.code == "suggest-language"
    with pytest.raises(IntakeError) as refused:
        ready({}).suggest(Text("Word.", language))
    assert refused.value.code == "suggest-language"


def test_a_text_of_another_language_is_not_taken_for_this_one() -> None:
    with pytest.raises(IntakeError) as refused:
        ready({}).suggest(Text("Wort.", "de"))
    assert refused.value.code == "suggest-language"


@pytest.mark.parametrize(
    ("among", "sentences", "code"),
    [(15, 20, None), (14, 20, "suggest-below-bar"), (4, 4, "suggest-below-bar"), (10, 10, None)],
)
def test_what_was_measured_has_to_pass_the_bar_whatever_else_is_said(
    among: int, sentences: int, code: str | None
) -> None:
    measured = figure(among, sentences)
    assert passes(measured) == (measured.low >= BAR and sentences >= FEWEST) == (code is None)
    if code is None:
        assert suggester(CATALOGUE, "en", Engine({}), [measured]).figure == measured
        return
    for unmeasured in (False, True):
        with pytest.raises(IntakeError) as refused:
            suggester(CATALOGUE, "en", Engine({}), [measured], unmeasured=unmeasured)
        assert refused.value.code == code


def test_a_figure_of_other_items_another_language_or_model_is_none() -> None:
    other = Catalogue("X", "Framework X", "1", (*ITEMS[1:], Entry("X.9", names={"en": "Item 0"})))
    for measured in (figure(20, 20, other), Figure("X", "de", model_of(Engine({}), CATALOGUE), 20, 20, 20, 0.8)):
        with pytest.raises(IntakeError) as refused:
            suggester(CATALOGUE, "en", Engine({}), [measured])
        assert refused.value.code == "suggest-unmeasured"


def test_a_framework_has_enough_items_to_choose_from() -> None:
    with pytest.raises(IntakeError) as refused:
        suggester(Catalogue("Y", "Y", "1", ITEMS[:4]), "en", Engine({}), (), unmeasured=True)
    assert refused.value.code == "suggest-framework"


def test_a_framework_whose_names_may_not_be_passed_on_is_told_by_codes() -> None:
    items = tuple(Item(f"C{number}", {"en": f"Name {number}"}) for number in range(6))
    catalogue = catalogue_of(Framework("SFIA-9", "SFIA", items))
    found = suggester(catalogue, "en", Engine({}), (), unmeasured=True).suggest(Text("Word.", "en"))
    assert {each.name for each in found.candidates} == {""}
    assert catalogue.entries[0].name_in("en") == "Name 0"


def test_groups_are_no_items_and_lend_their_names() -> None:
    items = (Item("A", {"en": "Data"}), Item("A.1", {"en": "Design", "pt-BR": "Desenho"}, parent="A"))
    (entry,) = catalogue_of(Framework("F", "F", items)).entries
    assert (entry.code, entry.keywords, entry.names["pt"]) == ("A.1", {"en": ("Data",)}, "Desenho")


def test_sentences_are_cut_where_they_end_each_once_and_without_what_is_not_seen() -> None:
    words = "One thing; another.\r\nOne thing;\n• A point\n– Another point\n\u202ehidden\u2066 it is. 123. v1.2 stays"
    assert sentences_of(Text(words, "en")) == (
        "One thing;",
        "another.",
        "A point",
        "Another point",
        "hidden it is.",
        "v1.2 stays",
    )
    (long,) = sentences_of(Text("word " * 1_000, "en"))
    assert len(long) <= LONGEST_SENTENCE
    assert long.endswith("word")


@pytest.mark.parametrize("words", ["", " \n ", "12 34", "x" * (MAX_TEXT + 1), "\n".join(f"w{n}" for n in range(101))])
def test_texts_without_words_or_with_too_many_are_refused(words: str) -> None:
    with pytest.raises(IntakeError) as refused:
        sentences_of(Text(words, "en", "here"))
    assert refused.value.code == "suggest-text"
    assert MAX_SENTENCES == 100


@given(st.text(max_size=300))
def test_any_text_has_sentences_or_is_refused(words: str) -> None:
    try:
        found = sentences_of(Text(words, "en"))
    except IntakeError:
        return
    assert found
    assert all(each.strip() == each and len(each) <= LONGEST_SENTENCE for each in found)


def test_what_is_measured_is_what_would_be_shown() -> None:
    engine = Engine({"a b": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]})
    sentences = [
        Labelled("a b", "en", frozenset({"X.0"})),
        Labelled("a b", "en-GB", frozenset({"X.4", "X.7"})),
        Labelled("a b", "de", frozenset({"X.5"})),
        Labelled("a b", "de", frozenset({"elsewhere"})),
    ]
    measured = placed(engine, CATALOGUE, sentences)
    assert [each.place for each in measured[:3]] == [0, 4, 5]
    assert not measured[3].hit
    english, german = figures_of(engine, CATALOGUE, measured)
    assert (english.language, english.sentences, english.first, english.among) == ("en", 2, 1, 2)
    assert (german.language, german.sentences, german.first, german.among) == ("de", 2, 0, 0)
    assert figures_in({"figures": [english.to_dict(), german.to_dict()]}) == (english, german)


def test_the_interval_is_that_of_wilson() -> None:
    # Brown, Cai and DasGupta (2001) and any table of it.
    assert wilson_low(0, 0) == wilson_low(0, 10) == 0
    assert wilson_low(10, 10) == pytest.approx(0.7225, abs=1e-4)
    assert wilson_low(81, 263) == pytest.approx(0.2553, abs=1e-4)
    assert Model("a", "1", "f" * 64).to_dict() == {"name": "a", "version": "1", "data": "f" * 64}
