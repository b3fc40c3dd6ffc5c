"""ESCO from files of one's own: the official columns in several languages, the table of a package, and neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.learning.suggest.esco import Table, esco_catalogue

URI = "http://data.europa.eu/esco/skill/00000000-0000-4000-8000-00000000000"
HEAD = "conceptType,conceptUri,skillType,preferredLabel,altLabels,status,description"
ENGLISH = f'{HEAD}\nK,{URI}1,skill,bake bread,"bread making\nmake bread",released,"Bake it, well."\n'
GERMAN = f"\ufeff{HEAD}\nK,{URI}1,skill,Brot backen,,released,\nK,{URI}2,skill,Teig kneten,,released,Kneten.\n"
PACKAGE = f"id,description\n{URI}3,knead dough kneading dough Work dough by hand.\n"


def table(content: str, language: str = "en") -> Table:
    return Table(content.encode(), language, f"skills_{language}.csv")


def test_languages_of_one_skill_come_together() -> None:
    catalogue = esco_catalogue([table(ENGLISH), table(GERMAN, "de")])
    bread, dough = catalogue.entries
    assert bread.code == bread.uri == f"{URI}1"
    assert bread.names == {"en": "bake bread", "de": "Brot backen"}
    assert bread.keywords == {"en": ("bread making", "make bread")}
    assert bread.about == {"en": "Bake it, well."}
    assert dough.name_in("en") == "Teig kneten"
    assert catalogue.languages() == {"en", "de"}


def test_other_texts_are_another_catalogue() -> None:
    assert esco_catalogue([table(ENGLISH)]).sha256 == esco_catalogue([table(ENGLISH)]).sha256
    assert esco_catalogue([table(ENGLISH)]).sha256 != esco_catalogue([table(ENGLISH.replace("well", "good"))]).sha256


def test_the_table_of_a_package_has_descriptions_alone() -> None:
    (entry,) = esco_catalogue([table(PACKAGE)]).entries
    assert entry.name_in("en").startswith("knead dough")
    assert not entry.names


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        b"conceptUri,preferredLabel\nhttp://evil.example/esco/skill/1,x\n",
        b"conceptUri,preferredLabel\n,x\n",
        b'conceptUri,preferredLabel\n"http://data.europa.eu/esco/skill/1,x\n',
        "id,description\n".encode("utf-16"),
        f"id,description\n{URI}1,{'x' * 200_000}\n".encode(),
    ],
    ids=["nothing", "columns", "foreign", "no URI", "open quote", "UTF-16", "a long cell"],
)
def test_what_is_no_table_of_esco_is_refused(content: bytes) -> None:
    with pytest.raises(IntakeError) as refused:
        esco_catalogue([Table(content, "en", "file.csv")])
    assert refused.value.code == "esco-file"
    assert refused.value.where == "file.csv"


@given(st.binary(max_size=200))
def test_bytes_are_a_table_or_refused(content: bytes) -> None:
    with pytest.raises(IntakeError):
        esco_catalogue([Table(content, "en", "file.csv")])
