"""A template is written whole, read whole, and everything wrong with one is told at once."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.issuing.roster.columns import columns_of, version_of
from anchor.issuing.templates.files import MOST_BYTES, id_in, look_at_template, read_template
from anchor.issuing.templates.model import Kind, Template
from anchor.issuing.templates.samples import SAMPLES, SPOKEN, TEXTS
from anchor.issuing.templates.tables import Fault
from anchor.issuing.templates.writing import template_text
from registry.errors import IntakeError
from registry.recognition.scope import Scope

ID = "urn:uuid:00000000-0000-4000-8000-000000000017"
WHOLE = template_text(Kind.BACHELOR, ("de", "en"), ID)


def look(folder: Path, text: str) -> tuple[Template | None, tuple[Fault, ...]]:
    path = folder / "award.toml"
    path.write_text(text, encoding="utf-8")
    return look_at_template(path)


def faults(folder: Path, old: str, new: str) -> dict[str, str]:
    """What is wrong after a change: key → sentence and remedy."""
    assert WHOLE.count(old) >= 1, old
    template, found = look(folder, WHOLE.replace(old, new, 1))
    assert (template is None) == bool(found)
    assert all(each.what and each.remedy for each in found)
    return {each.key: f"{each.what}. {each.remedy}" for each in found}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("languages", [("en",), ("de", "en"), ("fr",), ("es", "pt-BR"), ("hi",), ("zh-Hant", "ar")])
def test_a_new_template_is_in_order_as_it_stands(tmp_path: Path, kind: Kind, languages: tuple[str, ...]) -> None:
    text = template_text(kind, languages)
    template, found = look(tmp_path, text)
    assert found == ()
    assert template is not None
    assert (template.kind, template.languages) == (kind, languages)
    for texts in (template.name, template.description, template.criteria, template.issuer.name):
        assert tuple(texts) == languages
    assert template.field is not None
    assert Scope(template.field)
    assert template.alignments
    assert template.results
    assert template.competences
    assert template.signatories
    assert len({column.key for column in columns_of(template)}) == len(columns_of(template))
    foreign = [each for each in languages if each.partition("-")[0] not in SPOKEN]
    assert text.count("English stands in their place") == len(foreign)


def test_every_key_of_a_new_template_has_a_comment_above_it_or_its_table() -> None:
    lines = WHOLE.splitlines()
    tables = [at for at, line in enumerate(lines) if line.startswith("[")]
    assert len(tables) >= 9
    assert sum(line.startswith("#") for line in lines) >= len(tables)


def test_marks_stand_apart_only_of_what_is_granular(tmp_path: Path) -> None:
    apart = WHOLE.replace("marks_apart = false", "marks_apart = true")
    template, found = look(tmp_path, apart)
    assert (template is not None and template.marks_apart, found) == (True, ())
    _, (fault,) = look(tmp_path, apart.replace("granular = true", "granular = false"))
    assert (fault.key, "granular = true" in fault.remedy) == ("marks_apart", True)


def test_each_new_template_has_an_id_of_its_own(tmp_path: Path) -> None:
    ids = {tomllib.loads(template_text(Kind.CERTIFICATE, ("en",)))["id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", each) for each in ids)


def test_samples_have_every_language() -> None:
    for texts in (*TEXTS.values(), *(sample.name for sample in SAMPLES.values())):
        assert len(texts) == len(SPOKEN)


@pytest.mark.parametrize("languages", [(), ("en", "en"), ("en", "de", "fr"), ("english",), ("EN",), ("en\n",)])
def test_languages_that_make_no_sense_are_refused(languages: tuple[str, ...]) -> None:
    with pytest.raises(IntakeError) as caught:
        template_text(Kind.BACHELOR, languages)
    assert caught.value.code == "template-language"


def test_numbers_are_as_exact_as_they_are_written(tmp_path: Path) -> None:
    template, _ = look(tmp_path, WHOLE.replace("credits = 180", "credits = 7.50"))
    assert template is not None
    assert template.credits == Decimal("7.50")
    assert template.results[0].lowest == Decimal("1.0")


def test_another_template_with_the_same_columns_has_their_version_and_labels_are_no_part_of_it(tmp_path: Path) -> None:
    one, _ = look(tmp_path, WHOLE)
    translated, _ = look(tmp_path, WHOLE.replace("Gesamtnote", "Abschlussnote"))
    other, _ = look(tmp_path, WHOLE.replace('"databases"', '"data"'))
    assert one is not None
    assert translated is not None
    assert other is not None
    assert version_of(one) == version_of(translated) != version_of(other)


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ('kind = "bachelor"', 'kind = "bachelr"', "kind", "bachelor"),
        ('id = "urn:uuid:0', 'id = "0', "id", "urn:uuid"),
        ('languages = ["de", "en"]', "languages = []", "languages", "missing"),
        ('languages = ["de", "en"]', 'languages = "de"', "languages", "list"),
        ('kind = "GradePointAverage"', "", "results[1].kind", "missing"),
        ('kind = "GradePointAverage"', 'kind = "GradePoint"', "results[1].kind", "Did you mean 'GradePointAverage'"),
        ('field = "0688"', 'field = "0614"', "achievement.field", "ISCED-F"),
        ('field = "0688"', "field = 688", "achievement.field", "quotes"),
        ("level = 6", "level = 9", "achievement.level", "1 to 8"),
        ("level = 6", 'level = "6"', "achievement.level", "1 to 8"),
        ("level = 6", "level = true", "achievement.level", "1 to 8"),
        ("credits = 180", "credits = -1", "achievement.credits", "0 to 1000"),
        ("credits = 180", "credits = nan", "achievement.credits", "number"),
        ("granular = true", "granluar = true", "granluar", "Did you mean 'granular'"),
        ("granular = true", 'granular = "yes"', "granular", "true or false"),
        ("marks_apart = false", "marks_apart = 1", "marks_apart", "true or false"),
        ("credits = 6\n", 'credits = 6\nfailed = ["5.0"]\n', "courses[1].failed", "none of the choices"),
        ('key = "development"\n', 'key = "development"\nfailed = ["1"]\n', "competences[1].failed", "choices"),
        ('asks_for = ["birth_date"]', 'asks_for = ["result.finale"]', "asks_for", "result.final"),
        ('type = "BachelorDegree"', 'type = "Bachelor"', "achievement.type", "Open Badges"),
        ('country = "PT"', 'country = "XX"', "issuer.country", "ISO 3166-1"),
        ('id = "did:web:university.example"', 'id = "university"', "issuer.id", "DID"),
        ('url = "https://university.example"', 'url = "javascript:x"', "issuer.url", "https"),
        ('colour = "#1f3a5f"', 'colour = "blue"', "layout.colour", "hexadecimal"),
        ('paper = "a4"', 'paper = "a5"', "layout.paper", "a4"),
        ('key = "security"', 'key = "databases"', "courses", "twice"),
        ('key = "security"', 'key = "Se cu"', "courses[2].key", "small letters"),
        ("lowest = 1.0", "lowest = 5.0", "results[1].lowest", "above"),
        ('code = "B.1"', 'code = ""', "achievement.alignments[1].code", "empty"),
        ('name = "Beatriz Ferreira"', 'name = "Bea\\u202etriz"', "signatories[1].name", "U+202E"),
        ('name = "Beatriz Ferreira"', "", "signatories[1].name", "missing"),
        ('name = "Beatriz Ferreira"', f'name = "{"x" * 201}"', "signatories[1].name", "at most 200"),
        ("[layout]", "[lay-out]", "lay-out", "Did you mean 'layout'"),
        ('# logo = "logo.svg"', 'logo = "no.svg"', "layout.logo", "No such file"),
        ("[issuer]", "[isuer]", "issuer", "missing"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(tmp_path: Path, old: str, new: str, key: str, says: str) -> None:
    found = faults(tmp_path, old, new)
    assert key in found, found
    assert says in found[key]


def test_a_text_that_is_missing_in_one_language_is_told(tmp_path: Path) -> None:
    found = faults(tmp_path, ', en = "Example University" }', " }")
    assert found.keys() == {"issuer.name.en"}
    found = faults(tmp_path, ', en = "Example University" }', ', fr = "Université" }')
    assert found.keys() == {"issuer.name.en", "issuer.name.fr"}


def test_a_plain_text_is_one_in_the_only_language(tmp_path: Path) -> None:
    text = re.sub(r"\{ en = (\"[^\"]*\") \}", r"\1", template_text(Kind.SHORT_COURSE, ("en",)))
    template, found = look(tmp_path, text)
    assert found == ()
    assert template is not None
    assert template.issuer.name == {"en": "Example University"}


def test_all_that_is_wrong_is_told_at_once_and_the_first_where_a_template_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "award.toml"
    path.write_text(WHOLE.replace("level = 6", "level = 9").replace('"0688"', '"9"').replace('"a4"', '"a3"'))
    with pytest.raises(IntakeError) as caught:
        read_template(path)
    assert caught.value.code == "template"
    assert "and 2 more" in caught.value.what
    assert "template check" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    "content",
    [b"a = ", b"\xff\xfea\0", "ä = 1".encode("latin-1"), b"x" * (MOST_BYTES + 1), b"a = " + b"[" * 5000, b"\0"],
)
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "award.toml"
    path.write_bytes(content)
    with pytest.raises(IntakeError) as caught:
        read_template(path)
    assert caught.value.code == "template-unreadable"
    assert caught.value.remedy
    assert id_in(path) is None


def test_a_template_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(IntakeError):
        read_template(tmp_path / "no.toml")
    with pytest.raises(IntakeError):
        read_template(tmp_path)


def test_the_id_of_a_template_with_faults_is_known(tmp_path: Path) -> None:
    look(tmp_path, WHOLE.replace("level = 6", "level = 9"))
    assert id_in(tmp_path / "award.toml") == ID


VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=5).map(repr), st.just("nan")),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
LINES = [at for at, line in enumerate(WHOLE.splitlines()) if re.match(r"[a-z_.]+ = ", line)]


@given(at=st.sampled_from(LINES), value=st.one_of(VALUES, st.text(max_size=20)))
def test_no_value_of_any_key_does_more_than_be_told(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: object
) -> None:
    lines = WHOLE.splitlines()
    key = lines[at].partition(" = ")[0]
    lines[at] = f"{key} = {str(value).lower() if isinstance(value, bool) else value}"
    folder = tmp_path_factory.mktemp("t", numbered=True)
    try:
        template, found = look(folder, "\n".join(lines).encode("utf-8", "replace").decode())
    except IntakeError as error:
        assert error.code == "template-unreadable"  # noqa: PT017 - whether it is TOML at all is chance
    else:
        assert (template is None) == bool(found)
