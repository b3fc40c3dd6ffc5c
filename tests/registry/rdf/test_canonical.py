"""RDFC-1.0 beside that of two others, and graphs that are made to keep the algorithm busy for ever."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from registry.errors import CredentialError
from registry.rdf import canonical
from registry.rdf.canonical import Quad, canonicalize_quads

NODES = [f"_:n{number}" for number in range(5)]
TERMS = st.sampled_from([*NODES, *NODES, "<urn:a>"])
QUADS = st.lists(
    st.tuples(
        TERMS,
        st.sampled_from(["<urn:p>", "<urn:q>"]),
        st.one_of(TERMS, st.sampled_from(['"x"', '"x"@en', '"1"^^<urn:t>'])),
        st.sampled_from(["", "", "", "<urn:g>", "_:n0"]),
    ),
    max_size=9,
)


def written(quads: list[Quad]) -> str:
    return "".join(" ".join(term for term in quad if term) + " .\n" for quad in quads)


def by_oxigraph(quads: list[Quad]) -> bytes:
    parsed = pyoxigraph.parse(written(quads).encode(), format=pyoxigraph.RdfFormat.N_QUADS)
    found = pyoxigraph.Dataset(parsed)
    found.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return "".join(sorted(f"{quad} .\n" for quad in found)).encode()


def by_pyld(quads: list[Quad]) -> bytes:
    text = written(quads)
    options = {"algorithm": "URDNA2015", "inputFormat": "application/n-quads", "format": "application/n-quads"}
    found: str = jsonld.normalize(text, options)
    return found.encode()


@given(QUADS)
@settings(max_examples=300, deadline=None)
def test_graphs_are_named_as_another_implementation_names_them(quads: list[Quad]) -> None:
    found = canonicalize_quads(quads)
    assert found == by_oxigraph(quads)
    # PyLD 3.3 counts a statement twice that names a blank node twice, and is the only one of the three.
    if all(len(nodes := [term for term in quad if term.startswith("_:")]) == len(set(nodes)) for quad in quads):
        assert found == by_pyld(quads)


@given(QUADS, st.randoms(use_true_random=False))
def test_neither_labels_nor_order_matter(quads: list[Quad], chance: Any) -> None:
    labels = dict(zip(NODES, chance.sample([f"_:x{number}" for number in range(9)], len(NODES)), strict=True))
    renamed: list[Any] = [tuple(labels.get(term, term) for term in quad) for quad in quads]
    chance.shuffle(renamed)
    assert canonicalize_quads(renamed) == canonicalize_quads([*quads, *quads])


def test_another_hash_may_give_other_names() -> None:
    quads: list[Quad] = [(node, "<urn:p>", f'"{node}"', "") for node in NODES]
    names = {hashed().name: canonicalize_quads(quads, hashed) for hashed in (hashlib.sha256, hashlib.sha384)}
    assert names["sha256"] != names["sha384"]


def clique(nodes: int) -> list[Quad]:
    return [(f"_:{a}", "<urn:p>", f"_:{b}", "") for a, b in itertools.permutations(range(nodes), 2)]


def ring(nodes: int) -> list[Quad]:
    return [(f"_:{node}", "<urn:p>", f"_:{(node + 1) % nodes}", "") for node in range(nodes)]


def stars(points: int) -> list[Quad]:
    """Two, so that neither centre can be told from the other."""
    return [(f"_:{star}", "<urn:p>", f"_:{star}x{point}", "") for star in "ab" for point in range(points)]


@pytest.mark.parametrize(
    "quads", [clique(8), clique(10), clique(60), ring(3_000), stars(12), stars(20_000), clique(5) + stars(9)]
)
def test_a_poisoned_graph_is_refused_after_a_bounded_number_of_steps(quads: list[Quad]) -> None:
    hashes = 0

    def counted(data: bytes) -> Any:
        nonlocal hashes
        hashes += 1
        return hashlib.sha256(data)

    with pytest.raises(CredentialError) as caught:
        canonicalize_quads(quads, counted)
    assert caught.value.code == "rdf-too-hard"
    assert caught.value.remedy
    nodes = len({term for quad in quads for term in quad if term.startswith("_:")})
    assert hashes <= nodes + 2 * canonical.MOST_STEPS


def test_what_can_be_told_apart_is_named_however_much_it_is() -> None:
    quads: list[Quad] = [(f"_:{node}", "<urn:p>", f'"{node}"', "") for node in range(3_000)]
    quads += [(f"_:{node}", "<urn:q>", f"_:{node + 1}", "") for node in range(2_999)]
    assert canonicalize_quads(quads).count(b"\n") == len(quads)


def test_more_statements_than_are_allowed_are_refused() -> None:
    with pytest.raises(CredentialError, match="more than 50,000 statements"):
        canonicalize_quads(("<urn:a>", "<urn:p>", f'"{number}"', "") for number in range(canonical.MOST_QUADS + 1))
