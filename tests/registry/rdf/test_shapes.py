"""A document by its shape is the same document, byte for byte and refusal for refusal, whatever its texts are."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import CredentialError
from registry.rdf import canonical_form
from registry.rdf.canonical import canonicalize_quads
from registry.rdf.contexts import Contexts
from registry.rdf.jsonld import quads_of
from registry.rdf.shapes import MOST_SHAPES, Shapes

V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CONTEXTS = Contexts()
SHAPES = Shapes(CONTEXTS)

# What stands for a text in a shape, in every dress; IRIs that are plain, and those that are nearly so.
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "name",
            "urn:x-text:0:",
            "urn:x-text:1:",
            "urn:x-text:01:",
            '"urn:x-text:0:"',
            "<urn:x-text:0:>",
            "urn:x-text:",
            "_:b0",
            "did:web:a.example",
            "did:web:a.example%3A8080",
            "https://a.example/b#c",
            "https://a.example/b/../c",
            "https://a.example/./b",
            "https://undefined.invalid/vocab#x",
            "HTTPS://a.example",
            "https://a.example/é",
            "https://a.example/%zz",
            "https://a.example:99999/",
            "urn:a b",
            "urn:uuid:1#2#3",
            "cred:x",
            "schema:name",
            "VerifiableCredential",
            "assertionMethod",
            "mailto:a@b.example",
            "#x",
            "\n",
            '"',
            "\\",
        ]
    ),
    st.text(max_size=6),
)
LITERALS = st.one_of(
    TEXTS,
    st.integers(-3, 3),
    st.sampled_from([1.5, 2.0, 1e21, True, None]),
    st.builds(
        lambda text, tongue: {"@value": text, "@language": tongue}, TEXTS, st.sampled_from(["en", "de-x", "", "ü"])
    ),
    st.builds(lambda text, kind: {"@value": text, "@type": kind}, TEXTS, TEXTS),
)
IDS = st.fixed_dictionaries({}, optional={"id": TEXTS, "type": st.one_of(TEXTS, st.lists(TEXTS, max_size=2))})
SUBJECTS = st.builds(
    lambda own, more: own | more,
    IDS,
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["AchievementSubject", ["AchievementSubject"], "urn:x-text:0:"]),
            "achievement": st.fixed_dictionaries(
                {"type": st.just(["Achievement"])},
                optional={"name": LITERALS, "id": TEXTS, "criteria": IDS, "tag": st.lists(LITERALS, max_size=3)},
            ),
            "result": st.lists(st.fixed_dictionaries({"type": st.just(["Result"]), "value": LITERALS}), max_size=3),
            "urn:x-text:0:": TEXTS,
        },
    ),
)
DOCUMENTS = st.fixed_dictionaries(
    {"@context": st.just([V2, OPEN_BADGES])},
    optional={
        "id": TEXTS,
        "type": st.sampled_from(["VerifiableCredential", ["VerifiableCredential", "OpenBadgeCredential"], []]),
        "issuer": st.one_of(TEXTS, IDS),
        "name": LITERALS,
        "validFrom": LITERALS,
        "credentialSubject": st.one_of(SUBJECTS, st.lists(SUBJECTS, max_size=2)),
        "credentialSchema": st.fixed_dictionaries({"id": TEXTS, "type": st.just("JsonSchema"), "jsonSchema": LITERALS}),
        "proofPurpose": TEXTS,
    },
)


def slowly(document: dict[str, Any]) -> bytes | str:
    try:
        return canonicalize_quads(quads_of(document, CONTEXTS))
    except CredentialError as error:
        return f"{error.code}: {error.what}"


def by_shape(document: dict[str, Any], shapes: Shapes = SHAPES) -> bytes | str:
    try:
        return shapes.canonical_form(document)
    except CredentialError as error:
        return f"{error.code}: {error.what}"


@given(DOCUMENTS)
@settings(max_examples=300, deadline=None)
def test_a_document_by_its_shape_is_as_it_is_the_slow_way(document: dict[str, Any]) -> None:
    assert by_shape(document) == slowly(document)
    # Once more, when its shape is known.
    assert by_shape(document) == slowly(document)


def credential(name: str, subject: str = "urn:uuid:1", **more: Any) -> dict[str, Any]:
    return {
        "@context": [V2, OPEN_BADGES],
        "id": "urn:uuid:2",
        "type": ["VerifiableCredential"],
        "issuer": {"id": "did:web:university.example", "name": name},
        "credentialSubject": {"id": subject, "type": ["AchievementSubject"]},
        **more,
    }


@pytest.mark.parametrize("text", ["urn:x-text:0:", "urn:x-text:1:", "urn:x-text:3:", '"urn:x-text:0:"'])
def test_a_document_that_holds_what_stands_for_a_text_is_not_taken_for_another(text: str) -> None:
    shapes = Shapes(CONTEXTS)
    documents = [credential("x"), credential(text), credential("x", text), credential("x") | {"name": text}]
    documents += [credential("x", type=["VerifiableCredential", text]), credential("x", **{text: "y"})]
    for document in [*documents, *reversed(documents)]:
        assert by_shape(document, shapes) == slowly(document)


def test_nodes_that_two_texts_name_alike_are_one_node() -> None:
    shapes = Shapes(CONTEXTS)
    assert by_shape(credential("x", "urn:uuid:1"), shapes) != by_shape(credential("x", "urn:uuid:2"), shapes)
    for subject in ("urn:uuid:1", "urn:uuid:2", "did:web:university.example"):
        assert by_shape(credential("x", subject), shapes) == slowly(credential("x", subject))


def test_no_more_shapes_are_kept_than_allowed_nor_very_long_ones() -> None:
    shapes = Shapes(CONTEXTS)
    for number in range(MOST_SHAPES + 5):
        shapes.canonical_form(credential("x", validFrom=number))
    assert len(shapes._known) == MOST_SHAPES
    long = credential("x") | {"name": ["x"] * 20_000}
    kept = set(shapes._known)
    assert shapes.canonical_form(long) == slowly(long)
    assert set(shapes._known) == kept


def test_threads_share_shapes() -> None:
    shapes, wrong = Shapes(CONTEXTS), []

    def work(start: int) -> None:
        for number in range(60):
            document = credential(f"{start}-{number}", validFrom=number % 40)
            if by_shape(document, shapes) != slowly(document):
                wrong.append(document)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_hash_is_that_of_the_signer() -> None:
    people = [
        {"type": ["AchievementSubject"], "achievement": {"type": ["Achievement"], "name": name}} for name in "abcdef"
    ]
    document = credential("x") | {"credentialSubject": people}
    assert canonical_form(document) != canonical_form(document, hashlib.sha384)
