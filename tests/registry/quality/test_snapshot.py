"""A snapshot's file is read only as what its publisher made, and its roots are made anew."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.credential.digest import DigestMethod, digest_document
from registry.errors import SettingsError
from registry.merkle.tree import Tree
from registry.quality.decision import Holder, Identifier, QualityDecision
from registry.quality.snapshot import (
    LONGEST_LINE,
    Manifest,
    Source,
    decisions_root,
    lines_of,
    listing_leaf,
    read_snapshot,
    snapshot_lines,
)
from tests.registry.quality.decisions import DECISIONS, decision

MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def manifest_of(decisions: list[QualityDecision], **others: object) -> Manifest:
    digests = {each.digest.value for each in decisions}
    made = Manifest(
        register="deqar",
        name="DEQAR",
        uri="https://data.deqar.eu",
        issuer="did:web:agency.example",
        chain="eip155:1",
        contract="0x" + "ab" * 20,
        party=12,
        decisions_root=decisions_root(digests),
        decisions=len(digests),
        made_at=MADE_AT,
        source=Source("deqar.csv", bytes(range(32)), 1234, MADE_AT),
        rules=("An open end is six years.",),
        left_out={"date-ambiguous": 2},
    )
    return replace(made, **others)  # type: ignore[arg-type]


def file_of(decisions: list[QualityDecision], **others: object) -> list[bytes]:
    lines = {each.digest.value: each.to_line() for each in decisions}
    document = manifest_of(decisions, **others).to_document()
    return list(snapshot_lines(document, [line for _, line in sorted(lines.items())]))


@settings(max_examples=30)
@given(st.lists(DECISIONS, max_size=6))
def test_what_was_written_is_read_and_the_root_is_that_of_a_plain_tree(decisions: list[QualityDecision]) -> None:
    lines = file_of(decisions)
    snapshot = read_snapshot(lines_of(io.BytesIO(b"".join(lines))))
    assert set(snapshot.decisions) == set(decisions)
    assert snapshot.manifest == manifest_of(decisions)
    assert list(snapshot.digests) == sorted({each.digest.value for each in decisions})
    leaves = {snapshot.manifest_digest.value, *snapshot.digests}
    leaves |= {
        sha256(b"testamur-register-listing\0deqar\0" + str(name).encode()).digest()
        for each in decisions
        for holder in each.holders
        for name in holder.identifiers
    }
    with Tree.build(leaves) as tree:
        assert (snapshot.root, snapshot.leaf_count) == (tree.root, len(leaves))


def test_a_manifest_says_all_that_it_was_given() -> None:
    manifest = manifest_of([decision()], previous=bytes(31) + b"\1")
    assert Manifest.from_document(manifest.to_document()) == manifest
    assert digest_document(manifest.to_document()).method is DigestMethod.VC_JCS


def test_a_proof_of_the_manifest_changes_no_leaf() -> None:
    lines = file_of([decision()])
    signed = orjson.dumps(orjson.loads(lines[0]) | {"proof": [{"type": "DataIntegrityProof"}]}) + b"\n"
    assert read_snapshot([signed, *lines[1:]]).root == read_snapshot(lines).root


def test_each_institution_has_a_leaf_of_its_own() -> None:
    here, elsewhere = Identifier("deqar", "DEQARINST0001"), Identifier("deqar", "DEQARINST0002")
    assert listing_leaf("deqar", here) != listing_leaf("deqar", elsewhere)
    assert listing_leaf("deqar", here) != listing_leaf("deqa", Identifier("rdeqar", "DEQARINST0001"))
    two = decision(holders=(Holder((here,)), Holder((elsewhere,))))
    snapshot = read_snapshot(file_of([two]))
    assert snapshot.identifiers == {here, elsewhere}
    assert snapshot.leaf_count == 4


THREE = [decision("A-1"), decision("A-2"), decision("A-3")]


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (lambda lines: [], "snapshot-manifest", 1),
        (lambda lines: lines[1:], "snapshot-manifest", 1),
        (lambda lines: [b'{"type":["VerifiableCredential"]}', *lines[1:]], "snapshot-manifest", 1),
        (lambda lines: [lines[0].replace(b'"party":12', b'"party":0'), *lines[1:]], "snapshot-manifest", 1),
        (lambda lines: [lines[0].replace(b'"party":12', b'"party":12,"party":13')], "snapshot-manifest", 1),
        (lambda lines: [lines[0].replace(b"2026-01-02T", b"2026-13-02T"), *lines[1:]], "snapshot-manifest", 1),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "snapshot-line", 3),
        (lambda lines: [*lines[:3], lines[2], lines[3]], "snapshot-line", 4),
        (lambda lines: [*lines[:2], lines[2][:40], lines[3]], "snapshot-line", 3),
        (lambda lines: [*lines[:2], b"\n", *lines[2:]], "snapshot-line", 3),
        (lambda lines: [*lines[:2], lines[2].replace(b"positive", b"negative"), lines[3]], None, None),
        (lambda lines: lines[:3], "snapshot-incomplete", 3),
        (lambda lines: [lines[0]], "snapshot-incomplete", 1),
        (lambda lines: [lines[0].replace(b'"decisions":3', b'"decisions":2'), *lines[1:]], "snapshot-incomplete", 4),
        (lambda lines: [lines[0], b"x" * (LONGEST_LINE + 2)], "snapshot-size", 2),
        (lambda lines: [b"x" * (LONGEST_LINE + 2)], "snapshot-size", 1),
        (lambda lines: [lines[0], b"\xff\xfe", *lines[1:]], "snapshot-line", 2),
        (lambda lines: [lines[0], *file_of([decision(register="other")])[1:]], "snapshot-line", 2),
    ],
    ids=[
        "empty", "no-manifest", "another-credential", "no-party", "party-twice", "no-such-time", "order", "repeated",
        "cut", "blank-line", "changed", "last-missing", "all-missing", "count", "long-line", "long-manifest",
        "not-utf8", "other-register",
    ],
)  # fmt: skip
def test_damage_is_told_by_its_line(
    change: Callable[[list[bytes]], list[bytes]], code: str | None, line: int | None
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_snapshot(change(file_of(THREE)), "deqar.register")
    if code is not None:
        assert (refused.value.code, refused.value.where) == (code, f"deqar.register, line {line}")


def test_a_long_line_is_not_read_whole() -> None:
    stream = io.BytesIO(b"x" * (5 * LONGEST_LINE))
    with pytest.raises(SettingsError):
        read_snapshot(lines_of(stream))
    assert stream.tell() <= LONGEST_LINE + 2
