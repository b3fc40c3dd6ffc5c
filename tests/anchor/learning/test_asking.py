"""What is asked about and of which framework: programmes, templates, credentials, lines, and sentences with labels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from anchor.learning import asking
from anchor.learning.asking import (
    MOST_TEXTS,
    catalogue_for,
    figures_file,
    figures_text,
    sentences_in,
    texts_in,
)
from registry.errors import IntakeError
from registry.learning.suggest.bundled import e_cf
from registry.learning.suggest.figures import published
from registry.learning.suggest.values import Text

EXAMPLES = Path(__file__).parents[3] / "docs/how-to/frameworks"
URI = "http://data.europa.eu/esco/skill/00000000-0000-4000-8000-000000000001"


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    for name in ("northport.toml", "information-systems.toml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    return tmp_path / "northport.toml"


def credential(path: Path) -> Path:
    achievement = {
        "id": "https://u.example/a",
        "type": ["Achievement"],
        "name": "Databases",
        "inLanguage": "fr",
        "description": "Conçoit des bases de données.",
        "criteria": {"narrative": ""},
    }
    document = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "https://u.example", "type": ["Profile"], "name": "U"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"type": ["AchievementSubject"], "achievement": achievement},
    }
    path.write_text(json.dumps(document))
    return path


def code_of(action: object, *arguments: object) -> str:
    with pytest.raises(IntakeError) as refused:
        action(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_a_programme_has_its_parts_and_names_no_language(programme: Path) -> None:
    unsaid = texts_in(programme, "")
    assert len(unsaid) == 7
    assert {each.language for each in unsaid} == {""}
    assert unsaid[0] == Text("Business Process Analysis", "", "part IS501", "Business Process Analysis")
    assert {each.language for each in texts_in(programme, "en")} == {"en"}


def test_a_credential_says_its_language_itself(tmp_path: Path) -> None:
    (found,) = texts_in(credential(tmp_path / "a.json"), "")
    assert found.language == "fr"
    assert found.words == "Databases\nConçoit des bases de données."
    assert found.where == "a.json"
    assert code_of(texts_in, tmp_path / "a.json", "de") == "suggest-text"


def test_lines_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\ufeffOne.\n\n  Two.  \n", encoding="utf-8")
    assert texts_in(path, "en") == (Text("One.", "en", "line 1"), Text("Two.", "en", "line 3"))
    path.write_text("x\n" * (MOST_TEXTS + 1))
    assert code_of(texts_in, path, "en") == "suggest-text"
    path.write_bytes(b"\xff\xfe\x00")
    assert code_of(texts_in, path, "en") == "suggest-text"
    path.write_bytes(b"")
    assert code_of(texts_in, path, "en") == "suggest-text"


def test_the_programmes_own_framework_comes_first(programme: Path, tmp_path: Path) -> None:
    assert catalogue_for(None, [], [programme]).identifier == "example-information-systems"
    assert catalogue_for(None, [], [programme, programme]) is e_cf()
    assert catalogue_for(None, [], []) is e_cf()
    assert catalogue_for("is2020", [], [programme]).identifier == "IS2020"
    own = catalogue_for(str(tmp_path / "information-systems.toml"), [], [])
    assert len(own.entries) == 10


def test_a_framework_that_comes_along_needs_no_file_and_another_does(programme: Path) -> None:
    said = programme.read_text()
    for name, identifier in (("e-cf", "e-CF"), ("E-CF", "e-CF"), ("is2020", "IS2020")):
        programme.write_text(without_file(said, name))
        assert catalogue_for(None, [], [programme]).identifier == identifier
    assert code_of(catalogue_for, "sfia", [], []) == "suggest-framework"
    programme.write_text(without_file(said, "of our own"))
    assert code_of(catalogue_for, None, [], [programme]) == "no-framework"


def without_file(said: str, name: str) -> str:
    """A programme that is aligned with a framework, and names no file of it."""
    lines = (each for each in said.splitlines() if not each.startswith("framework_file"))
    return "\n".join(f'framework = "{name}"' if each.startswith("framework =") else each for each in lines)


def test_esco_is_read_from_files_whose_names_say_their_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    english, german, nameless = (tmp_path / name for name in ("skills_en.csv", "skills_de.csv", "skills.csv"))
    english.write_text(f"conceptUri,preferredLabel\n{URI},bake bread\n")
    german.write_text(f"conceptUri,preferredLabel\n{URI},Brot backen\n")
    nameless.write_text(f"conceptUri,preferredLabel\n{URI},bake bread\n")
    (entry,) = catalogue_for(None, [english, german], []).entries
    assert entry.names == {"en": "bake bread", "de": "Brot backen"}
    assert code_of(catalogue_for, "esco", [nameless], []) == "esco-file"
    assert code_of(catalogue_for, "e-cf", [english], []) == "suggest-framework"
    monkeypatch.setattr(asking, "find_spec", lambda name: None)
    assert code_of(catalogue_for, "esco", [], []) == "esco-file"


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(figures_text(published()))
    assert figures_file(path) == published()
    for bad in (b"", b"[]", b'{"figures": [1]}', b'{"figures": [{"model": {"x": 1}}]}'):
        path.write_bytes(bad)
        assert code_of(figures_file, path) == "suggest-figures"


def test_a_figure_is_believed_by_its_counts_alone(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(figures_text(published()).replace(b'"low95": 0.', b'"low95": 9.'))
    assert figures_file(path) == published()


def test_sentences_with_labels_are_read_and_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rows = ["Tests a shop.,en,B.3; E.6", "Ohne Sprache.,,B.3", "Nothing fits.,en,", "Unknown.,en,Z.9", ",en,B.3"]
    path.write_text("\n".join(["text,language,codes", *rows]))
    found = sentences_in(path, e_cf())
    assert [each.codes for each in found.labelled] == [{"B.3", "E.6"}]
    assert [each.partition(": ")[0] for each in found.left_out] == [f"{path}, line {line}" for line in (3, 4, 5, 6)]


@pytest.mark.parametrize(
    "content",
    [b"", b"text,codes\n", b"text,language,codes\n", b"text,language,codes\n\xff,en,B.3\n", b'text,language,codes\n"x'],
)
def test_a_table_without_a_sentence_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(content)
    assert code_of(sentences_in, path, e_cf()) == "suggest-sentences"
