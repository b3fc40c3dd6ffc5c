"""The registers of a policy, put together of snapshots at hand and of what the chain says of their roots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from registry.errors import ChainUnavailable, SettingsError
from registry.quality.register import IndexedSnapshot, Register
from registry.quality.snapshot import read_snapshot
from registry.records import Batch, BlockRef
from registry.verifier.facts import AnchoredRoots
from registry.verifier.registers import SnapshotsAtHand, registers_at_hand
from registry.verify.freshness import head_age
from registry.verify.policy import KnownRegister, parse_policy
from registry.verify.verdict import FactsUnavailable
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import file_of

CONTRACT = "0x" + "ab" * 20
NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = parse_policy(
    'chain = "eip155:1"\n'
    '[[registers]]\nregister = "deqar"\nmirror = 12\nname = "A"\n'
    '[[registers]]\nregister = "other"\nmirror = 13\nname = "B"\n'
)
SNAPSHOT = IndexedSnapshot.of(read_snapshot(file_of([decision("1"), decision("2")])))


class Chain:
    """What a reader of facts says of roots."""

    def __init__(self, *roots: bytes, down: bool = False):
        self.roots, self.down = roots, down

    def anchored(self, mirror: int, roots: Iterable[bytes]) -> AnchoredRoots:
        if self.down:
            raise ChainUnavailable("no answer from the chain", code="chain-unreachable")
        found = {
            root: Batch(
                root=root, issuer=mirror, leaf_count=SNAPSHOT.leaf_count, sequence=1, block_number=3, anchored_at=NOW
            )
            for root in roots
            if root in self.roots
        }
        return AnchoredRoots("eip155:1", BlockRef(9, bytes(32), NOW), 9, found, head_age(NOW, NOW))


class Broken:
    """Files that cannot be read."""

    def of(self, known: KnownRegister) -> Sequence[IndexedSnapshot]:
        raise SettingsError("the line is damaged", where=f"{known.short_name}.register, line 7", code="snapshot-line")


def at_hand(chain: Chain, snapshots: Any) -> Any:
    return registers_at_hand(POLICY, snapshots, chain, CONTRACT)  # type: ignore[arg-type]


def test_each_register_stands_for_itself() -> None:
    shelf = SnapshotsAtHand({("deqar", 12): [SNAPSHOT]})
    first, second = at_hand(Chain(SNAPSHOT.root), shelf)
    assert isinstance(first, Register)
    assert first.newest.publication.final is True
    assert isinstance(second, FactsUnavailable)
    assert second.code == "register-not-here"


def test_a_root_that_is_not_anchored_is_told() -> None:
    first, _ = at_hand(Chain(), SnapshotsAtHand({("deqar", 12): [SNAPSHOT]}))
    assert first.code == "register-not-anchored"


def test_a_file_that_cannot_be_read_is_told_with_its_line() -> None:
    first, second = at_hand(Chain(), Broken())
    assert (first.code, second.code) == ("snapshot-line", "snapshot-line")
    assert "deqar.register, line 7" in first.what


def test_a_chain_that_is_silent_silences_all() -> None:
    told = at_hand(Chain(down=True), SnapshotsAtHand({("deqar", 12): [SNAPSHOT]}))
    assert isinstance(told, FactsUnavailable)
    assert told.code == "chain-unreachable"
