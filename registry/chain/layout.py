"""Where the contracts of an edition store things: the compiler's storage layouts, which came with the artifacts."""

from __future__ import annotations

from functools import cache

from registry.chain.abi import ACCREDITATIONS, FIRST_REGISTRY, REGISTRY, storage_layout
from registry.chain.editions import FIRST, Edition
from registry.proofs.accreditation_slots import AccreditationSlots
from registry.proofs.slots import RegistrySlots


def slots_of(edition: Edition) -> RegistrySlots:
    """The slots of a registry of that edition.

    Raises:
        StoreError: the layout is not there or cannot be read.
    """
    return _slots(FIRST_REGISTRY if edition.number == FIRST else REGISTRY)


def accreditation_slots_of(edition: Edition) -> AccreditationSlots:
    """The slots of the contract that has the accreditations of a registry of that edition; raises as `slots_of`."""
    return _accreditation_slots(FIRST_REGISTRY if edition.number == FIRST else ACCREDITATIONS)


@cache
def _accreditation_slots(name: str) -> AccreditationSlots:
    return AccreditationSlots.of_layout(storage_layout(name))


@cache
def _slots(name: str) -> RegistrySlots:
    return RegistrySlots.of_layout(storage_layout(name))
