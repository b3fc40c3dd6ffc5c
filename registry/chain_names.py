"""EVM chains in words: what a CAIP-2 name stands for, and whether anything of value can be anchored there.

A name says which number a chain gives itself, and no more: whoever runs a chain chooses its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CHAIN: Final = r"eip155:[1-9][0-9]{0,31}"
"""What an EVM chain can be called, as a pattern: CAIP-2 has up to 32 characters behind the colon."""
ANCHOR_CHAIN: Final = r"eip155:[1-9][0-9]{0,18}"
"""What the chain of an anchor is called in receipts, verdicts and proofs of absence: its number has up to 19 digits."""
PRACTICE_CHAIN: Final = "eip155:1414747213"
"""The chain inside the program; every data folder has one of its own under this name."""


class ChainKind(StrEnum):
    """What a chain is for."""

    MAIN = "main"
    TEST = "test"
    LOCAL = "local"
    PRACTICE = "practice"
    UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class ChainName:
    """A chain for people.

    Attributes:
        chain: CAIP-2, such as `eip155:1`.
        words: its name, such as `Ethereum` or `Sepolia test network`.
        kind: a chain that is not listed here is `unnamed`; it may be either.
    """

    chain: str
    words: str
    kind: ChainKind

    @property
    def is_practice(self) -> bool:
        """Whether what is anchored there proves nothing to others: the chain lasts as long as somebody likes."""
        return self.kind in (ChainKind.TEST, ChainKind.LOCAL, ChainKind.PRACTICE)

    def __str__(self) -> str:
        """`Sepolia test network (eip155:11155111)`."""
        return f"{self.words} ({self.chain})"


# Numbers of https://github.com/ethereum-lists/chains.
_MAIN: Final = {
    1: "Ethereum",
    10: "OP Mainnet",
    14: "Flare",
    25: "Cronos",
    30: "Rootstock",
    40: "Telos",
    50: "XDC Network",
    56: "BNB Smart Chain",
    61: "Ethereum Classic",
    88: "Viction",
    100: "Gnosis",
    122: "Fuse",
    130: "Unichain",
    137: "Polygon PoS",
    146: "Sonic",
    169: "Manta Pacific",
    204: "opBNB",
    250: "Fantom Opera",
    252: "Fraxtal",
    288: "Boba Network",
    295: "Hedera",
    324: "zkSync Era",
    480: "World Chain",
    1088: "Metis Andromeda",
    1101: "Polygon zkEVM",
    1135: "Lisk",
    1284: "Moonbeam",
    1285: "Moonriver",
    2020: "Ronin",
    2222: "Kava",
    5000: "Mantle",
    8217: "Kaia",
    8453: "Base",
    34443: "Mode",
    42161: "Arbitrum One",
    42170: "Arbitrum Nova",
    42220: "Celo",
    43114: "Avalanche C-Chain",
    57073: "Ink",
    59144: "Linea",
    80094: "Berachain",
    81457: "Blast",
    167000: "Taiko",
    534352: "Scroll",
    7777777: "Zora",
    1313161554: "Aurora",
}
_TEST: Final = {
    3: "Ropsten test network, which is closed",
    4: "Rinkeby test network, which is closed",
    5: "Goerli test network, which is closed",
    31: "Rootstock test network",
    42: "Kovan test network, which is closed",
    51: "XDC Apothem test network",
    97: "BNB Smart Chain test network",
    300: "zkSync Sepolia test network",
    1287: "Moonbase Alpha test network",
    1301: "Unichain Sepolia test network",
    4002: "Fantom test network",
    5003: "Mantle Sepolia test network",
    10200: "Gnosis Chiado test network",
    17000: "Holesky test network",
    43113: "Avalanche Fuji test network",
    44787: "Celo Alfajores test network",
    59141: "Linea Sepolia test network",
    80001: "Polygon Mumbai test network, which is closed",
    80002: "Polygon Amoy test network",
    84532: "Base Sepolia test network",
    421614: "Arbitrum Sepolia test network",
    534351: "Scroll Sepolia test network",
    560048: "Hoodi test network",
    11142220: "Celo Sepolia test network",
    11155111: "Sepolia test network",
    11155420: "OP Sepolia test network",
    168587773: "Blast Sepolia test network",
}
_LOCAL: Final = {
    1337: "local test chain (geth, ganache)",
    31337: "local test chain (anvil, hardhat)",
}
_PRACTICE: Final = {1414747213: "practice chain of one data folder"}
_PRACTICE_HERE: Final = "practice chain of this folder"
_PRACTICE_SERVED: Final = "practice chain served by testamur devnet"
_UNNAMED: Final = "an EVM chain that has no name here"

_NAMES: Final = {
    f"eip155:{number}": ChainName(f"eip155:{number}", words, kind)
    for kind, table in (
        (ChainKind.MAIN, _MAIN),
        (ChainKind.TEST, _TEST),
        (ChainKind.LOCAL, _LOCAL),
        (ChainKind.PRACTICE, _PRACTICE),
    )
    for number, words in table.items()
}


def chain_name(chain: str) -> ChainName:
    """The chain of a receipt or a verdict, whoever asks: never fails, a chain not listed is told as that.

    Args:
        chain: CAIP-2, such as `eip155:1`.
    """
    return _NAMES.get(chain) or ChainName(chain, _UNNAMED, ChainKind.UNNAMED)


def chain_id_of(chain: str) -> int:
    """The number by which transactions name a chain (EIP-155); ValueError where `chain` is no such name.

    Args:
        chain: CAIP-2, such as `eip155:1`.
    """
    return int(chain.removeprefix("eip155:"))


def named_chains() -> tuple[ChainName, ...]:
    """All chains that have a name here."""
    return tuple(_NAMES.values())


def reached_chain_name(chain: str, *, embedded: bool) -> ChainName:
    """The chain that this program talks to: the practice chain is told as this folder's, or as one that is served.

    Args:
        embedded: whether it is the chain inside this process, and not behind an endpoint.
    """
    if chain != PRACTICE_CHAIN:
        return chain_name(chain)
    return ChainName(chain, _PRACTICE_HERE if embedded else _PRACTICE_SERVED, ChainKind.PRACTICE)
