"""The editions of the registry: of what contracts each consists, and where one finds them.

A registry of the first edition is one contract. One of the second is two: parties, batches and statuses in
`CredentialRegistry`, the trust graph in `Accreditations`, which asks the first for its parties. The address of
the second follows from that of the first, so a registry is still named by one address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Final

from registry.chain.abi import ACCREDITATIONS, FIRST_REGISTRY, REGISTRY, WORD_BYTES, Artifact, Item, artifact
from registry.chain.deployment import FIRST_SALT, SALT, create2_address
from registry.chain.rpc.hexadecimal import address_bytes
from registry.keccak import keccak

FIRST: Final = 1
SECOND: Final = 2
DOMAIN_NAME: Final = "Testamur"
"""In what is signed for a registry by EIP-712; the version there is the edition's number."""
_DOMAIN_TYPE: Final = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


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
        return self.accreditations.initcode + _word(address_bytes(registry))

    def accreditations_address(self, registry: str) -> str:
        """Where the trust graph of the registry at an address is; checksummed. Nothing else can be there."""
        return registry if self.is_one_contract else create2_address(self.accreditations_initcode(registry), self.salt)

    def code_hash(self, chain_id: int, registry: str) -> bytes:
        """Keccak-256 of the code of the registry at an address, as its constructor leaves it on a chain."""
        return self._code_hash(self.registry, chain_id, registry, {})

    def accreditations_code_hash(self, chain_id: int, registry: str) -> bytes:
        """Keccak-256 of the code of the trust graph of the registry at an address."""
        if self.is_one_contract:
            return self.code_hash(chain_id, registry)
        itself = self.accreditations_address(registry)
        return self._code_hash(self.accreditations, chain_id, itself, {"registry": _word(address_bytes(registry))})

    def constants(self) -> Mapping[str, bytes]:
        """The immutables of its code that are the same on every chain and at every address."""
        name, version = DOMAIN_NAME, str(self.number)
        return {
            "_name": _short_string(name),
            "_version": _short_string(version),
            "_hashedName": keccak(name.encode()),
            "_hashedVersion": keccak(version.encode()),
        }

    def _code_hash(self, built: Artifact, chain_id: int, address: str, own: Mapping[str, bytes]) -> bytes:
        code = bytearray(built.deployed_code)
        constants = self.constants()
        values = {**constants, **_eip712_immutables(constants, chain_id, address), **own}
        for name, places in (built.immutables or {}).items():
            for start, end in places:
                code[start:end] = values[name]
        return keccak(bytes(code))

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
    places = [place for its in (built.immutables or {}).values() for place in its]
    return _without(deployed, places) == _without(built.deployed_code, places)


def edition_by_hash(code_hash: bytes, chain_id: int, registry: str) -> Edition | None:
    """The edition of the registry at an address of a chain, by Keccak-256 of its code; None for none of ours."""
    return _by_code_hash(chain_id, registry).get(code_hash)


@lru_cache(maxsize=16)
def _by_code_hash(chain_id: int, registry: str) -> Mapping[bytes, Edition]:
    """Hashed once for a registry: many receipts are about one, and its code is long."""
    return {each.code_hash(chain_id, registry): each for each in editions()}


def edition_of(deployed: bytes) -> Edition | None:
    """The edition of the registry that has this code; None for none that is known here."""
    return next((each for each in editions() if same_code(deployed, each.registry)), None)


def _without(code: bytes, places: Iterable[tuple[int, int]]) -> bytes:
    """The code with the places of its immutables set to zero."""
    blanked = bytearray(code)
    for start, end in places:
        blanked[start:end] = bytes(max(0, min(end, len(code)) - start))
    return bytes(blanked)


def _eip712_immutables(constants: Mapping[str, bytes], chain_id: int, address: str) -> dict[str, bytes]:
    """What OpenZeppelin's `EIP712` keeps in the code of a chain and an address, by the names of its immutables."""
    hashes = constants["_hashedName"], constants["_hashedVersion"]
    domain = (*hashes, _word(chain_id.to_bytes(WORD_BYTES, "big")), _word(address_bytes(address)))
    return {
        "_cachedThis": domain[3],
        "_cachedDomainSeparator": keccak(keccak(_DOMAIN_TYPE) + b"".join(domain)),
        "_cachedChainId": domain[2],
    }


def _short_string(text: str) -> bytes:
    """OpenZeppelin's `ShortString`: the text on the left, and in the last byte how long it is."""
    return text.encode().ljust(WORD_BYTES - 1, b"\0") + bytes([len(text)])


def _word(value: bytes) -> bytes:
    return value.rjust(WORD_BYTES, b"\0")
