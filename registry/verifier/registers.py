"""The registers that a policy names, put together of snapshots at hand and what the chain says of their roots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from registry.errors import ChainError, RegistryError
from registry.language.said import Original, say
from registry.quality.register import IndexedSnapshot
from registry.untrusted.text import marked
from registry.verifier.facts import FactsReader
from registry.verify.policy import KnownRegister, Policy
from registry.verify.registers import AtHand, register_of
from registry.verify.verdict import FactsUnavailable, sentences


class Snapshots(Protocol):
    """Where snapshots of registers are: files beside a policy, or a folder of the service."""

    def of(self, known: KnownRegister) -> Sequence[IndexedSnapshot]:
        """Those of a register of a policy; none where there is none.

        Raises:
            RegistryError: one that is meant cannot be read.
        """


def registers_at_hand(
    policy: Policy, snapshots: Snapshots, reader: FactsReader, contract: str
) -> tuple[AtHand, ...] | FactsUnavailable:
    """The registers of a policy in its order, each as of the block of the reader's other facts.

    Args:
        contract: address of the registry that is asked.
    """
    found: list[AtHand] = []
    for known in policy.registers:
        try:
            at_hand = snapshots.of(known)
        except RegistryError as error:
            found.append(unreadable(known, error))
            continue
        try:
            anchored = reader.anchored(known.mirror, [each.root for each in at_hand])
        except ChainError as error:
            return FactsUnavailable.of(error)
        found.append(
            register_of(
                known,
                at_hand,
                anchored.batches,
                chain=anchored.chain,
                contract=contract,
                as_of=anchored.as_of,
                final=anchored.final,
            )
        )
    return tuple(found)


def unreadable(known: KnownRegister, error: RegistryError) -> FactsUnavailable:
    """That a snapshot cannot be read, with where it is wrong."""
    told = error.public
    what = f"{told.what} ({told.where})" if told.where else told.what
    why = Original(sentences(what, told.remedy), told.code)
    said = say("register.unreadable", register=marked(known.name), why=why)
    return FactsUnavailable(told.code, what, told.remedy or "", said=(said,))


class SnapshotsAtHand:
    """Snapshots that were read, by register and mirror.

    Args:
        by_register: short name and number of the mirror → snapshots.
    """

    def __init__(self, by_register: Mapping[tuple[str, int], Sequence[IndexedSnapshot]] | None = None):
        self._by_register = by_register or {}

    def of(self, known: KnownRegister) -> Sequence[IndexedSnapshot]:
        """Those of a register of a policy; none where there is none."""
        return self._by_register.get((known.short_name, known.mirror), ())
