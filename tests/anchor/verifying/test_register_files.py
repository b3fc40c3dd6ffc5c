"""Files of registers beside a policy: read whole or not at all, and what is wrong with one is told by its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from anchor.verifying.registers import BesidePolicy, read_register
from registry.errors import SettingsError
from registry.proofs.signatures.keys import KeyKind, did_key, did_key_method, new_key
from registry.proofs.signatures.suites import Suite, sign
from registry.quality.register import IndexedSnapshot, Register
from registry.quality.snapshot import LONGEST_LINE, read_snapshot
from registry.records import Batch, BlockRef
from registry.verifier.registers import unreadable
from registry.verify.policy import KnownRegister, parse_policy
from registry.verify.registers import register_of
from registry.verify.verdict import FactsUnavailable
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import file_of, manifest_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"
DECISIONS = [decision(str(number)) for number in range(4)]
Lines = list[bytes]


def known(*files: str) -> KnownRegister:
    named = ", ".join(orjson.dumps(each).decode() for each in files)
    text = f'chain = "eip155:1"\n[[registers]]\nregister = "deqar"\nmirror = 12\nname = "DEQAR"\nfile = [{named}]\n'
    return parse_policy(text).registers[0]


def first_damaged(lines: Lines) -> Lines:
    return [lines[0], lines[1].replace(b'"positive"', b'"negative"', 1), *lines[2:]]


DAMAGES: list[tuple[str, Callable[[Lines], Lines], str, str]] = [
    ("a ruling was changed", first_damaged, "snapshot-", "line "),
    ("no JSON", lambda lines: [lines[0], b"{\n", *lines[2:]], "snapshot-line", "line 2"),
    ("a line more", lambda lines: [*lines, decision("other").to_line() + b"\n"], "snapshot-", "line "),
    ("a line less", lambda lines: lines[:-1], "snapshot-incomplete", "line 4"),
    ("another order", lambda lines: [lines[0], *lines[:0:-1]], "snapshot-line", "line 3"),
    ("a line twice", lambda lines: [*lines[:2], *lines[1:]], "snapshot-line", "line 3"),
    ("no manifest", lambda lines: lines[1:], "snapshot-manifest", "line 1"),
    ("nothing", lambda _lines: [], "snapshot-manifest", "line 1"),
    ("a line without end", lambda lines: [*lines, b"x" * (4 * LONGEST_LINE)], "snapshot-size", "line 6"),
    ("a manifest without end", lambda _lines: [b"[" * (4 * LONGEST_LINE)], "snapshot-", "line 1"),
]


@pytest.mark.parametrize(("what", "damage", "code", "where"), DAMAGES, ids=[each[0] for each in DAMAGES])
def test_a_damaged_snapshot_is_refused_by_its_line(
    tmp_path: Path, what: str, damage: Callable[[Lines], Lines], code: str, where: str
) -> None:
    path = tmp_path / f"{what}.register"
    path.write_bytes(b"".join(damage(file_of(DECISIONS))))
    with pytest.raises(SettingsError) as refused:
        read_register(path)
    assert refused.value.code.startswith(code)
    assert where in str(refused.value.where)
    told = unreadable(known(path.name), refused.value)
    assert told.code == refused.value.code
    assert told.sentences


def test_a_missing_file_and_an_address_are_told(tmp_path: Path) -> None:
    beside = BesidePolicy(tmp_path)
    with pytest.raises(SettingsError) as missing:
        beside.of(known("not-there.register"))
    assert (missing.value.code, missing.value.where) == ("register-file", str(tmp_path / "not-there.register"))
    with pytest.raises(SettingsError) as address:
        beside.of(known("https://agency.example/deqar.register"))
    assert address.value.code == "register-file"


def test_files_are_seen_from_the_policys_folder_and_read_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.register").write_bytes(b"".join(file_of(DECISIONS[: 2 + (name == "b")])))
    beside = BesidePolicy(tmp_path)
    found = beside.of(known("a.register", "b.register"))
    assert [each.manifest.decisions for each in found] == [2, 3]
    (tmp_path / "a.register").unlink()
    assert beside.of(known("a.register", "b.register")) == found
    assert beside.of(known()) == ()


def indexed(lines: Lines) -> IndexedSnapshot:
    return IndexedSnapshot.of(read_snapshot(lines))


def at_hand(snapshot: IndexedSnapshot) -> Register | FactsUnavailable:
    batch = Batch(
        root=snapshot.root, issuer=12, leaf_count=snapshot.leaf_count, sequence=1, block_number=3, anchored_at=NOW
    )
    as_of = BlockRef(9, bytes(32), NOW)
    given = {snapshot.root: batch}
    return register_of(known(), [snapshot], given, chain="eip155:1", contract="0x" + "AB" * 20, as_of=as_of, final=None)


def signed(**others: object) -> Lines:
    key = new_key(KeyKind.ED25519)
    document = manifest_of(DECISIONS, **others).to_document() | {"issuer": did_key(key.public_key())}
    suite = Suite.for_key(key, is_rdf=False)
    whole = sign(document, key, did_key_method(key.public_key()), NOW, suite)
    lines = sorted((each.digest.value, each.to_line() + b"\n") for each in DECISIONS)
    return [orjson.dumps(whole) + b"\n", *(line for _, line in lines)]


def test_a_signature_that_holds_is_no_hindrance_and_one_that_does_not_is() -> None:
    good = signed()
    assert isinstance(at_hand(indexed(good)), Register)
    document = orjson.loads(good[0])
    document["credentialSubject"]["source"]["name"] = "another.csv"
    broken = at_hand(indexed([orjson.dumps(document) + b"\n", *good[1:]]))
    assert isinstance(broken, FactsUnavailable)
    assert broken.code == "signature-broken"


def test_one_snapshot_that_cannot_be_believed_silences_the_register() -> None:
    good, other = indexed(file_of(DECISIONS)), indexed(file_of(DECISIONS[:2]))
    batch = Batch(root=good.root, issuer=12, leaf_count=good.leaf_count, sequence=1, block_number=3, anchored_at=NOW)
    as_of = BlockRef(9, bytes(32), NOW)
    contract = "0x" + "ab" * 20
    told = register_of(
        known(), [good, other], {good.root: batch}, chain="eip155:1", contract=contract, as_of=as_of, final=3
    )
    assert isinstance(told, FactsUnavailable)
    assert told.code == "register-not-anchored"


def test_hostile_names_are_shown_as_what_they_are() -> None:
    snapshot = indexed(file_of(DECISIONS, register="deqar", name=HOSTILE, issuer=HOSTILE, rules=(HOSTILE,)))
    found = at_hand(snapshot)
    assert isinstance(found, Register)
    other = register_of(
        known(), [snapshot], {}, chain="eip155:1", contract="0x" + "ab" * 20, as_of=BlockRef(9, bytes(32), NOW), final=3
    )
    assert isinstance(other, FactsUnavailable)
