"""The vectors that other programs are held to are what this one answers."""

from __future__ import annotations

from scripts.build_pathway_vectors import FILE, made, text_of


def test_the_vectors_are_what_is_built() -> None:
    assert FILE.read_text(encoding="utf-8") == text_of(made())
