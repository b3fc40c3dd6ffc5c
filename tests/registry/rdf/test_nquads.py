"""How terms of canonical N-Quads are written, and what is no IRI; tests/interop compares with an RDF library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rdf.nquads import BLANK, canonical, iri, is_iri, literal


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", '""'),
        ("é\u0080\U0001f393", '"é\u0080\U0001f393"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("\b\t\n\f\r", r'"\b\t\n\f\r"'),
        ("\x00\x0b\x1f\x7f", r'"\u0000\u000B\u001F\u007F"'),
    ],
)
def test_texts_are_escaped_as_the_canonical_form_has_it(text: str, written: str) -> None:
    assert literal(text) == written


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_ends_its_literal(text: str) -> None:
    line = canonical([(BLANK, "urn:p", literal(text))]).decode()
    assert line.count("\n") == 1
    assert line.replace("\\\\", "").replace('\\"', "").count('"') == 2


@pytest.mark.parametrize("text", ["urn:a", "did:web:a.example#k", "https://bücher.example/?a=b&c#d", "HTTP://a:80/%20"])
def test_an_iri_is_written_as_it_is(text: str) -> None:
    assert iri(text) == f"<{text}>"


@pytest.mark.parametrize(
    "text",
    ["", "a", "/a", "a:", "1a:b", "urn:a b", "urn:<a", "urn:a>", 'urn:"', "urn:\\", "urn:{a}", "urn:\n", "urn:\ud800"],
)
def test_what_is_no_iri_is_refused(text: str) -> None:
    assert not is_iri(text)
    with pytest.raises(ValueError, match="no absolute IRI"):
        iri(text)


def test_lines_are_sorted_and_each_is_there_once() -> None:
    statements = [("<urn:b>", "urn:p", '"2"'), ("<urn:a>", "urn:p", '"1"'), ("<urn:b>", "urn:p", '"2"')]
    assert canonical(statements) == b'<urn:a> <urn:p> "1" .\n<urn:b> <urn:p> "2" .\n'
    with pytest.raises(ValueError, match="no absolute IRI"):
        canonical([("<urn:b>", "p", '"2"')])
