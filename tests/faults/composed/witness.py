"""A witness who reads the chain alone: raw JSON-RPC, his own Keccak and Merkle code, nothing of the program's.

He looks after every block and every reorganisation, and remembers what stood at each moment.
"""

from __future__ import annotations

import http.client
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

_ROUNDS: Final = 24
_LANES: Final = 25
_WORD: Final = (1 << 64) - 1
_RATE: Final = 136


def _constants() -> tuple[list[int], list[int]]:
    """Rotations by lane, and the constant of each round, as FIPS 202 derives them."""
    rotations, x, y = [0] * _LANES, 1, 0
    for step in range(24):
        rotations[x + 5 * y] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    rounds, register = [], 1
    for _ in range(_ROUNDS):
        constant = 0
        for bit in range(7):
            if register & 1:
                constant |= 1 << ((1 << bit) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        rounds.append(constant)
    return rotations, rounds


_ROTATIONS, _CONSTANTS = _constants()


def _turned(lane: int, by: int) -> int:
    return ((lane << by) | (lane >> (64 - by))) & _WORD if by else lane


def keccak(message: bytes) -> bytes:
    """Keccak-256 as Ethereum has it: 32 bytes."""
    padded = bytearray(message) + b"\x01" + bytes(-(len(message) + 1) % _RATE)
    padded[-1] |= 0x80
    lanes = [0] * _LANES
    for start in range(0, len(padded), _RATE):
        for place in range(_RATE // 8):
            lanes[place] ^= int.from_bytes(padded[start + 8 * place : start + 8 * place + 8], "little")
        for constant in _CONSTANTS:
            parity = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
            mixed = [parity[(x - 1) % 5] ^ _turned(parity[(x + 1) % 5], 1) for x in range(5)]
            moved = [0] * _LANES
            for x in range(5):
                for y in range(5):
                    moved[y + 5 * ((2 * x + 3 * y) % 5)] = _turned(lanes[x + 5 * y] ^ mixed[x], _ROTATIONS[x + 5 * y])
            lanes = [
                moved[x + 5 * y] ^ (~moved[(x + 1) % 5 + 5 * y] & _WORD & moved[(x + 2) % 5 + 5 * y])
                for y in range(5)
                for x in range(5)
            ]
            lanes[0] ^= constant
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaves, sorted: RFC 6962's shape, SHA-256, no prefixes."""
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(root_of(leaves[:middle]) + root_of(leaves[middle:])).digest()


def root_from(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root to which a path leads, or None where it has the wrong length."""
    if count == 1:
        return leaf if not path and index == 0 else None
    if not path:
        return None
    middle = 1 << (count - 1).bit_length() - 1
    *rest, sibling = path
    if index < middle:
        below = root_from(leaf, index, middle, rest)
        return None if below is None else sha256(below + sibling).digest()
    below = root_from(leaf, index - middle, count - middle, rest)
    return None if below is None else sha256(sibling + below).digest()


Batch = tuple[int, bytes]
Leaf = tuple[int, bytes, int]
"""An issuer, a root and an index."""
Named = tuple[int, bytes]
"""An issuer and the digest of a credential, wherever that is anchored."""

_ANCHORED: Final = keccak(b"Anchored(uint64,bytes32,uint32,uint32,address)")
_SET: Final = keccak(b"StatusSet(uint64,bytes32,uint8,uint32,uint256,uint8,address)")
_CLEARED: Final = keccak(b"SuspensionCleared(uint64,bytes32,uint32,uint256,uint8,address)")
_VOIDED: Final = keccak(b"BatchVoided(uint64,bytes32,uint8,address)")
_BY_DIGEST: Final = {
    keccak(b"DigestRevoked(uint64,bytes32,uint8,address)"): "revoke",
    keccak(b"DigestSuspended(uint64,bytes32,uint8,address)"): "suspend",
    keccak(b"DigestReinstated(uint64,bytes32,uint8,address)"): "reinstate",
}
_STATUS_OF: Final = keccak(b"statusOf(uint64,bytes32,uint32,bytes32)")[:4]
_REVOCATION: Final = 0


@dataclass(frozen=True)
class Log:
    """One event of the contract: its words, topics first."""

    block: int
    words: tuple[bytes, ...]
    transaction: bytes

    @property
    def batch(self) -> Batch:
        return int.from_bytes(self.words[1], "big"), self.words[2]

    def number(self, place: int) -> int:
        return int.from_bytes(self.words[place], "big")


@dataclass
class State:
    """What stood on the chain: by batch its leaf count and block; what was revoked or suspended, by place or digest."""

    anchored: dict[Batch, tuple[int, int]] = field(default_factory=dict)
    revoked: set[Leaf | Named] = field(default_factory=set)
    suspended: set[Leaf | Named] = field(default_factory=set)
    voided: set[Batch] = field(default_factory=set)

    def is_revoked(self, leaf: Leaf, digest: bytes) -> bool:
        return bool({leaf, (leaf[0], digest)} & self.revoked) or leaf[:2] in self.voided

    def is_suspended(self, leaf: Leaf, digest: bytes) -> bool:
        return bool({leaf, (leaf[0], digest)} & self.suspended)

    def after(self, logs: Sequence[Log]) -> State:
        """What stands after these, in the order of the chain."""
        if not logs:
            return self
        state = State(dict(self.anchored), set(self.revoked), set(self.suspended), set(self.voided))
        for log in logs:
            if log.words[0] == _ANCHORED:
                state.anchored[log.batch] = (log.number(3), log.block)
            elif log.words[0] == _VOIDED:
                state.voided.add(log.batch)
            for word, what in _changes(log):
                if word == "reinstate":
                    state.suspended.discard(what)
                else:
                    (state.revoked if word == "revoke" else state.suspended).add(what)
        return state


@dataclass(eq=False)
class Block:
    """A block that was on the chain once.

    Attributes:
        time: in its header, Unix seconds.
        parent: hash of the one before it.
        state: what stood as of it.
        came: when it was first seen.
        left: since when it is on the chain no more; None while it is.
    """

    number: int
    hash: str
    time: int
    parent: str
    state: State
    came: float
    left: float | None = None


class Witness:
    """Follows one contract.

    Args:
        url: of the node itself, past whatever lies between it and the program.
        contract: address.

    Attributes:
        blocks: all that were ever on the chain, by hash.
    """

    def __init__(self, url: str, contract: str):
        where = urlsplit(url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        self._contract = contract
        self._chain: list[Block] = []
        self._logs: list[Log] = []
        # From when on the newest block had which number.
        self._heads: list[tuple[float, int]] = []
        self.blocks: dict[str, Block] = {}

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, *params: Any) -> Any:
        """One question to the node.

        Raises:
            RuntimeError: it refused.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        if "result" not in answer:
            raise RuntimeError(f"{method}: {answer.get('error')}")
        return answer["result"]

    @property
    def head(self) -> int:
        return len(self._chain) - 1

    def look(self, at: float) -> None:
        """Take note of the chain as it is now."""
        newest = self.ask("eth_getBlockByNumber", "latest", False)
        head = int(newest["number"], 16)
        if self._chain and self._chain[-1].hash == newest["hash"]:
            return
        while self._chain and not self._is_there(self._chain[-1], newest):
            self._chain.pop().left = at
        kept = len(self._chain)
        self._logs = [log for log in self._logs if log.block < kept]
        wanted = {"address": self._contract, "fromBlock": hex(kept), "toBlock": hex(head)}
        found = [_log(each) for each in (self.ask("eth_getLogs", wanted) if kept <= head else [])]
        self._logs += found
        for number in range(kept, head + 1):
            header = newest if number == head else self.ask("eth_getBlockByNumber", hex(number), False)
            self._add(header, [log for log in found if log.block == number], at)
        self._heads.append((at, head))

    def _add(self, header: dict[str, Any], logs: Sequence[Log], at: float) -> None:
        number, time = int(header["number"], 16), int(header["timestamp"], 16)
        before = self._chain[-1].state if self._chain else State()
        block = Block(number, header["hash"], time, header["parentHash"], before.after(logs), at)
        block = self.blocks.setdefault(block.hash, block)
        block.left = None
        self._chain.append(block)

    def logs(self) -> list[Log]:
        """All events now, in the order of the chain."""
        return list(self._logs)

    def anchors(self) -> list[Log]:
        return [log for log in self._logs if log.words[0] == _ANCHORED]

    def changes(self) -> list[tuple[str, Leaf | Named]]:
        """Every change of a status, in the order of the chain: "revoke", "suspend" or "reinstate", and of what."""
        return [change for log in self._logs for change in _changes(log)]

    def status(self, leaf: Leaf, digest: bytes) -> tuple[bool, bool]:
        """Revoked and suspended, by the contract's own word."""
        issuer, root, index = leaf
        call = _STATUS_OF + issuer.to_bytes(32, "big") + root + index.to_bytes(32, "big") + digest
        told = self.ask("eth_call", {"to": self._contract, "data": "0x" + call.hex()}, "latest")
        return int(told[2:66], 16) == 1, int(told[66:130], 16) == 1

    def lowest(self, first: float, last: float) -> int:
        """The lowest number that the newest block had in that time."""
        begin = bisect_right(self._heads, first, key=lambda each: each[0])
        end = bisect_right(self._heads, last, key=lambda each: each[0])
        return min((head for _, head in self._heads[max(0, begin - 1) : end]), default=0)

    def pace(self, block: Block, sample: int) -> float:
        """Mean seconds a block, of so many before this one or all that there are."""
        first = block
        while block.number - first.number < sample and first.parent in self.blocks:
            first = self.blocks[first.parent]
        return (block.time - first.time) / max(1, block.number - first.number)

    def _is_there(self, block: Block, newest: dict[str, Any]) -> bool:
        """Whether it is on the chain still; one above the newest is not asked for."""
        number = int(newest["number"], 16)
        if block.number >= number:
            return block.number == number and block.hash == newest["hash"]
        found = self.ask("eth_getBlockByNumber", hex(block.number), False)
        return found is not None and found["hash"] == block.hash


def _log(found: dict[str, Any]) -> Log:
    data = bytes.fromhex(found["data"][2:])
    words = [bytes.fromhex(topic[2:]) for topic in found["topics"]]
    words += [data[start : start + 32] for start in range(0, len(data), 32)]
    return Log(int(found["blockNumber"], 16), tuple(words), bytes.fromhex(found["transactionHash"][2:]))


def _changes(log: Log) -> list[tuple[str, Leaf | Named]]:
    """What an event changes of statuses."""
    kind = log.words[0]
    if kind == _SET:
        word = "revoke" if log.number(3) == _REVOCATION else "suspend"
        return [(word, leaf) for leaf in _leaves(log, 4)]
    if kind == _CLEARED:
        return [("reinstate", leaf) for leaf in _leaves(log, 3)]
    # A digest is where a root is in the others.
    return [(_BY_DIGEST[kind], log.batch)] if kind in _BY_DIGEST else []


def _leaves(log: Log, place: int) -> list[Leaf]:
    issuer, root = log.batch
    word, changed = log.number(place), log.number(place + 1)
    return [(issuer, root, 256 * word + bit) for bit in range(256) if changed >> bit & 1]
