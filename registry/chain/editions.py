"""The editions of the registry: of what contracts each consists, and where one finds them.

A registry of the first edition is one contract. One of the second is two: parties, batches and statuses in
`CredentialRegistry`, the trust graph in `Accreditations`, which asks the first for its parties. The address of
the second follows from that of the first, so a registry is still named by one address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

from registry.chain.abi import ACCREDITATIONS, FIRST_REGISTRY, REGISTRY, WORD_BYTES, Artifact, Item, artifact
from registry.chain.deployment import FIRST_SALT, SALT, create2_address
from registry.chain.rpc.hexadecimal import address_bytes

FIRST: Final = 1
SECOND: Final = 2


@dataclass(frozen=True)
class Edition:
    """One edition.

    Attributes:
        number: 1 or 2.
        registry: parties, batches and statuses.
        accreditations: the trust graph; in the first edition the same contract.
    """

    number: int
    registry: Artifact
    accreditations: Artifact
    salt: bytes

    @property
    def is_one_contract(self) -> bool:
        """Whether the registry has the trust graph in it."""
        return self.registry is self.accreditations

    @property
    def has_digest_statuses(self) -> bool:
        """Whether a status can follow a credential by its digest."""
        return "digestStatusesOf" in self.registry.functions

    @cached_property
    def address(self) -> str:
        """Of its registry, on every chain where it was deployed with `testamur deploy`; checksummed."""
        return create2_address(self.registry.initcode, self.salt)

    def accreditations_initcode(self, registry: str) -> bytes:
        """What makes the trust graph of the registry at an address: its code, and the address for the constructor."""
        return self.accreditations.initcode + address_bytes(registry).rjust(WORD_BYTES, b"\0")

    def accreditations_address(self, registry: str) -> str:
        """Where the trust graph of the registry at an address is; checksummed. Nothing else can be there."""
        return registry if self.is_one_contract else create2_address(self.accreditations_initcode(registry), self.salt)

    def function(self, name: str) -> Item:
        """The function of that name; KeyError when neither contract has it."""
        return (self.registry if name in self.registry.functions else self.accreditations).functions[name]

    def home(self, name: str, registry: str) -> str:
        """The address at which a function is called, of the registry at an address."""
        return registry if name in self.registry.functions else self.accreditations_address(registry)


@cache
def first() -> Edition:
    """What was deployed before a status could follow a credential."""
    built = artifact(FIRST_REGISTRY)
    return Edition(FIRST, built, built, FIRST_SALT)


@cache
def second() -> Edition:
    """What this program deploys and writes to."""
    return Edition(SECOND, artifact(REGISTRY), artifact(ACCREDITATIONS), SALT)


def editions() -> tuple[Edition, ...]:
    """All of them, the newest first."""
    return second(), first()


def same_code(deployed: bytes, built: Artifact) -> bool:
    """Whether the code at an address is that of an artifact, whatever its immutables are."""
    ranges = built.immutable_ranges or ()
    return _without(deployed, ranges) == _without(built.deployed_code, ranges)


def edition_of(deployed: bytes) -> Edition | None:
    """The edition of the registry that has this code; None for none that is known here."""
    return next((each for each in editions() if same_code(deployed, each.registry)), None)


def _without(code: bytes, ranges: Iterable[tuple[int, int]]) -> bytes:
    """The code with the places of its immutables set to zero."""
    blanked = bytearray(code)
    for start, end in ranges:
        blanked[start:end] = bytes(max(0, min(end, len(code)) - start))
    return bytes(blanked)
