"""The bundled contexts are those of the packages they name, and none of them lets a name stand for another's member."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from registry.errors import CredentialError
from registry.rdf.contexts import BUNDLED, Contexts, Source

FOLDER = files("registry.rdf").joinpath("bundled")


def terms_of(context: Any) -> Iterator[tuple[str, Any]]:
    """Every term and its definition, however deep."""
    for each in context if isinstance(context, list) else [context]:
        for name, definition in (each or {}).items():
            yield name, definition
            if isinstance(definition, dict) and "@context" in definition:
                yield from terms_of(definition["@context"])


def terms(source: Source) -> list[tuple[str, Any]]:
    return list(terms_of(json.loads(FOLDER.joinpath(source.file).read_text("utf-8"))["@context"]))


@pytest.mark.parametrize("source", BUNDLED, ids=lambda source: source.file)
def test_a_context_is_that_of_its_package(source: Source) -> None:
    assert hashlib.sha256(FOLDER.joinpath(source.file).read_bytes()).hexdigest() == source.sha256
    assert source.licence
    assert "@" in source.package[1:]


def test_no_other_file_is_bundled_and_no_url_twice() -> None:
    assert {entry.name for entry in FOLDER.iterdir()} == {source.file for source in BUNDLED}
    urls = [url for source in BUNDLED for url in source.urls]
    assert len(urls) == len(set(urls))


@pytest.mark.parametrize("source", BUNDLED, ids=lambda source: source.file)
def test_a_context_leads_to_no_other_and_says_nothing_of_plain_iris(source: Source) -> None:
    names = dict(terms(source))
    assert not {"@import", "@base", "@propagate"} & set(names)
    # `registry.rdf.shapes` takes IRIs of these schemes as they are.
    assert not {"http", "https", "urn", "did", "mailto"} & set(names)
    for _, definition in terms(source):
        if isinstance(definition, dict):
            assert "@import" not in definition
            assert not isinstance(definition.get("@context"), str)


def test_a_member_of_credentials_has_one_name_in_all_contexts() -> None:
    """Else a document could be signed under one name and read under another: an end of validity as something else."""
    names = defaultdict(set)
    for source in BUNDLED:
        for name, definition in terms(source):
            told = definition.get("@id") if isinstance(definition, dict) else definition
            if isinstance(told, str) and (said := told.replace("cred:", "https://www.w3.org/2018/credentials#")):
                names[said].add(name)
    credentials = {iri: found for iri, found in names.items() if "/2018/credentials#" in iri}
    assert {"validUntil"} in credentials.values()
    assert {iri: found for iri, found in credentials.items() if len(found) > 1} == {}


def test_a_context_that_is_not_bundled_is_named() -> None:
    with pytest.raises(CredentialError, match=r"https://example\.org/terms") as caught:
        Contexts().definitions("https://example.org/terms")
    assert caught.value.code == "rdf-context"
