"""The labelled sentences are in order, and a set that is not is refused."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench.labelled.reading import (
    ECF_CODES,
    FRAMEWORKS,
    HERE,
    LANGUAGES,
    LabelledSet,
    NotLabelled,
    Sentence,
    labelled_set,
    splits_of,
)

A_SKILL = "http://data.europa.eu/esco/skill/00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def labelled() -> LabelledSet:
    return labelled_set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copytree(HERE, tmp_path / "set", ignore=lambda _, names: [each for each in names if "jsonl" not in each])


def test_each_language_has_at_least_forty_sentences(labelled: LabelledSet) -> None:
    counts = Counter(each.language for each in labelled.sentences)
    assert counts.keys() == set(LANGUAGES)
    assert min(counts.values()) >= 40
    assert counts.total() >= 240


def test_at_most_a_third_of_the_topics_is_in_more_than_one_language(labelled: LabelledSet) -> None:
    languages = defaultdict(set)
    for each in labelled.sentences:
        languages[each.topic].add(each.language)
    shared = [topic for topic, found in languages.items() if len(found) > 1]
    assert (len(languages), len(shared)) == (226, 23)  # as guidelines.md says


def test_every_competence_occurs(labelled: LabelledSet) -> None:
    assert len(ECF_CODES) == 41
    counts = Counter(code for labels in labelled.first.values() for code in labels.ecf)
    assert {code for code, count in counts.items() if count >= 2} == set(ECF_CODES)


def test_refusal_can_be_measured(labelled: LabelledSet) -> None:
    ecf, esco = ({each for each, labels in labelled.first.items() if not labels.of(name)} for name in FRAMEWORKS)
    assert (len(ecf), len(esco), len(ecf & esco)) == (34, 14, 12)  # as guidelines.md says


def test_a_third_of_each_language_is_for_development(labelled: LabelledSet) -> None:
    for language in LANGUAGES:
        development, test = (labelled.part(split, language) for split in ("development", "test"))
        assert len(development) == (len(development) + len(test)) // 3
    assert {*labelled.part("development"), *labelled.part("test")} == set(labelled.sentences)


@given(st.permutations([Sentence(f"{language}-{n:03}", language, "t", "x") for language in "ab" for n in range(7)]))
def test_the_split_does_not_depend_on_the_order_of_the_lines(sentences: list[Sentence]) -> None:
    assert splits_of(sentences) == splits_of(sorted(sentences, key=lambda each: each.identifier))


def test_a_second_labelling_is_of_the_same_sentences(folder: Path) -> None:
    second = folder / "second.jsonl"
    second.write_bytes((folder / "first.jsonl").read_bytes())
    read = labelled_set(folder)
    assert read.second == read.first
    second.write_bytes(b"".join(second.read_bytes().splitlines(keepends=True)[1:]))
    with pytest.raises(NotLabelled, match="1 sentences have no line"):
        labelled_set(folder)


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("first", {"ecf": ["A.11"]}, "no 'A.11'"),
        ("first", {"ecf": ["B.1", "B.1"]}, "each once"),
        ("first", {"ecf": "B.1"}, "a list of texts"),
        ("first", {"ecf": None}, "a list of texts"),
        ("first", {"esco": ["use databases"]}, "no URI of an ESCO skill"),
        ("first", {"esco": [f"{A_SKILL} use databases"]}, "no URI of an ESCO skill"),
        ("first", {"esco": [A_SKILL.replace("http:", "https:")]}, "no URI of an ESCO skill"),
        ("first", {"label": "use databases"}, "nothing else"),
        ("first", {"id": "en-999"}, "no sentence of the set"),
        ("sentences", {"language": "fr"}, "does not begin with its language"),
        ("sentences", {"id": "xx-001", "language": "xx"}, "does not begin with its language"),
        ("sentences", {"id": "en-002"}, "twice"),
        ("sentences", {"text": " "}, "without space around it"),
        ("sentences", {"topic": 7}, "without space around it"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(folder: Path, name: str, changed: dict[str, Any], said: str) -> None:
    path = folder / f"{name}.jsonl"
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    line = json.loads(first) | changed
    path.write_text("\n".join([json.dumps(line), *rest]), encoding="utf-8")
    with pytest.raises(NotLabelled, match=said) as caught:
        labelled_set(folder)
    assert f"{name}.jsonl, line " in str(caught.value)


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"id":"en-001","id":"en-001","ecf":[],"esco":[]}', b"\xff", b"[" * 9_000]
)
def test_a_line_that_is_no_json_is_refused(folder: Path, line: bytes) -> None:
    path = folder / "first.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(NotLabelled, match=r"first\.jsonl, line 1"):
        labelled_set(folder)
