"""Merkle proofs of Blockcerts: MerkleProof2019 of version 3, read and written, and MerkleProof2017 of version 2, read.

Both say that a document's hash leads to the root which is the data of a transaction: SHA-256 over the canonical
N-Quads of the document without its proof, nodes SHA-256 over both children. CCG draft lds-merkle-proof-2019, sections
2 and 3; `schemas/2.0/merkleProof2017Schema.json` and the keymap of `@blockcerts/lds-merkle-proof-2019`; chainpoint 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from registry.errors import ReceiptError
from registry.formats import listcbor
from registry.merkle.proof import NODE_SIZE, InclusionProof, node_hash, path_length
from registry.proofs.signatures.multibase import from_base58, to_base58
from registry.receipt.model import MAX_PATH, Receipt
from registry.timestamps import write_timestamp
from registry.untrusted.hashes import read_hash

CRYPTOSUITE: Final = "merkle-proof-2019"
LINKED_DATA_TYPE: Final = "MerkleProof2019"
SIGNATURE_TYPE: Final = "MerkleProof2017"
MOST_ANCHORS: Final = 8
LONGEST_PROOF_VALUE: Final = 4_096
"""In characters: a path of 32 nodes takes 1,800, and base58 costs the square of its length."""
_MOST_PROOFS: Final = 32
_LONGEST_WORD: Final = 40
_DATA_INTEGRITY: Final = "DataIntegrityProof"

# Keys of the CBOR form.
_ROOT, _TARGET, _ANCHORS, _PATH = range(4)
_CHAIN, _NETWORK, _TRANSACTION = range(3)


class Side(StrEnum):
    """On which side of a node its sibling is."""

    LEFT = "left"
    RIGHT = "right"


# By the numbers of chain and network: CAIP-2 where it is a chain of that kind, and words for people.
_NETWORKS: Final[Mapping[tuple[int, int], tuple[str | None, str]]] = {
    (0, 1): (None, "Bitcoin"),
    (0, 3): (None, "Bitcoin testnet"),
    (1, 1): ("eip155:1", "Ethereum"),
    (1, 3): ("eip155:3", "Ropsten"),
    (1, 4): ("eip155:4", "Rinkeby"),
    (1, 5): ("eip155:5", "Goerli"),
    (1, 11155111): ("eip155:11155111", "Sepolia"),
    (2, 137): ("eip155:137", "Polygon"),
    (2, 80001): ("eip155:80001", "Mumbai"),
    (-1, -1): (None, "a chain for tests, which keeps nothing"),
}
_OF_VERSION_2: Final[Mapping[str, tuple[int, int]]] = {
    "bitcoinMainnet": (0, 1),
    "bitcoinTestnet": (0, 3),
    "ethereumMainnet": (1, 1),
    "ethereumRopsten": (1, 3),
    "ethereumRinkeby": (1, 4),
    "ethereumGoerli": (1, 5),
    "ethereumSepolia": (1, 11155111),
    "mockchain": (-1, -1),
}
WRITTEN_FOR: Final = ("eip155:1", "eip155:11155111")
"""The chains that are still there and that Blockcerts verifiers can name and ask: Ethereum and Sepolia."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A transaction whose data should be the root.

    Attributes:
        chain: CAIP-2, such as `eip155:1`; None for a chain of another kind.
        chain_words: for people.
        transaction: as the proof says it, hexadecimal without 0x.
    """

    chain: str | None
    chain_words: str
    transaction: str


@dataclass(frozen=True, slots=True)
class MerkleProof:
    """What a proof of either form says; that any of it is true is not checked yet.

    Attributes:
        root, target: 32 bytes each; the target is the hash of the document.
        path: siblings from the target up to the root, with their sides.
    """

    root: bytes
    target: bytes
    path: tuple[tuple[Side, bytes], ...]
    anchors: tuple[Anchor, ...]

    @property
    def holds(self) -> bool:
        """Whether the path leads from the target to the root."""
        node = self.target
        for side, sibling in self.path:
            node = node_hash(sibling, node) if side is Side.LEFT else node_hash(node, sibling)
        return node == self.root

    def place_among(self, leaf_count: int) -> int | None:
        """Which leaf of a tree of so many the path is of; None where it is of none.

        The path tells on which level it joins the right edge of the tree only together with the number of leaves.
        """
        last, sides = leaf_count - 1, [side for side, _ in self.path]
        for shared in range(last.bit_length() + 1):
            index = last >> shared << shared
            index |= sum(1 << level for level, side in enumerate(sides[:shared]) if side is Side.LEFT)
            if list(sides_of(index, leaf_count)) == sides:
                return index
        return None


def sides_of(leaf_index: int, leaf_count: int) -> Iterator[Side]:
    """On which side each sibling of a path is, lowest first; the last node of an odd level has none (RFC 9162)."""
    index, last = leaf_index, leaf_count - 1
    if index > last:
        return
    while last:
        if index & 1:
            yield Side.LEFT
        elif index < last:
            yield Side.RIGHT
        index, last = index >> 1, last >> 1


def inclusion_among(proof: MerkleProof, leaf_count: int) -> InclusionProof | None:
    """The proof as one of a tree of so many leaves; None where it is none of such a tree."""
    index = proof.place_among(leaf_count)
    if index is None or path_length(index, leaf_count) != len(proof.path):
        return None
    return InclusionProof(index, leaf_count, tuple(sibling for _, sibling in proof.path))


# Reading


@dataclass(frozen=True, slots=True)
class Found:
    """A proof of Blockcerts in a document.

    Attributes:
        version: of Blockcerts: 2 or 3.
        read: what it says, or why it cannot be read.
        signed: the document as it was hashed.
    """

    version: int
    read: MerkleProof | str
    signed: Mapping[str, Any]


def find_proof(members: Mapping[str, Any]) -> Found | None:
    """The first Merkle proof of Blockcerts in a document; None where there is none."""
    signature = members.get("signature")
    if isinstance(signature, dict) and SIGNATURE_TYPE in _words(signature.get("type")):
        return Found(2, _read(read_signature, signature), _without(members, "signature"))
    proof = members.get("proof")
    entries = proof if isinstance(proof, list) else [proof]
    for at, entry in enumerate(entries[:_MOST_PROOFS]):
        if isinstance(entry, dict) and is_merkle_proof(entry):
            signed = _without(members, "proof")
            if at:
                # What was signed before the document was hashed is part of the hash.
                signed["proof"] = entries[:at]
            return Found(3, _read(read_proof_value, entry.get("proofValue")), signed)
    return None


def is_merkle_proof(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a `proof` is one of MerkleProof2019, in either of its forms, or chained to another proof."""
    kinds = {*_words(entry.get("type")), *_words(entry.get("chainedProofType"))}
    return LINKED_DATA_TYPE in kinds or (_DATA_INTEGRITY in kinds and entry.get("cryptosuite") == CRYPTOSUITE)


def read_signature(signature: Mapping[str, Any]) -> MerkleProof:
    """The MerkleProof2017 in the `signature` of a document of version 2.

    Raises:
        ValueError: it is not in order.
    """
    path = signature.get("proof", [])
    anchors = signature.get("anchors", [])
    if not isinstance(path, list) or len(path) > MAX_PATH:
        raise _refused(f"its path is not a list of at most {MAX_PATH} nodes")
    if not isinstance(anchors, list) or len(anchors) > MOST_ANCHORS:
        raise _refused(f"its anchors are not a list of at most {MOST_ANCHORS}")
    return MerkleProof(
        _hash_text(signature.get("merkleRoot")),
        _hash_text(signature.get("targetHash")),
        tuple(_step(step) for step in path),
        tuple(_anchor_2017(anchor) for anchor in anchors),
    )


def read_proof_value(text: object) -> MerkleProof:
    """The proof in a `proofValue`: multibase base58btc of CBOR.

    Raises:
        ValueError: it is not in order.
    """
    if not isinstance(text, str):
        raise _refused("it has no proofValue")
    item = listcbor.decode(from_base58(text, LONGEST_PROOF_VALUE))
    members = dict(_pairs(item))
    path, anchors = members.get(_PATH, []), members.get(_ANCHORS, [])
    if not isinstance(path, list) or len(path) > MAX_PATH:
        raise _refused(f"its path is not a list of at most {MAX_PATH} nodes")
    if not isinstance(anchors, list) or len(anchors) > MOST_ANCHORS:
        raise _refused(f"its anchors are not a list of at most {MOST_ANCHORS}")
    sides = (Side.LEFT, Side.RIGHT)
    steps = tuple((sides[side], _hash_item(node)) for side, node in _pairs(path) if side in (0, 1))
    if len(steps) != len(path):
        raise _refused("a node of its path is neither left nor right")
    return MerkleProof(
        _hash_item(members.get(_ROOT)), _hash_item(members.get(_TARGET)), steps, tuple(map(_anchor_2019, anchors))
    )


def _read(reader: Callable[[Any], MerkleProof], proof: object) -> MerkleProof | str:
    try:
        return reader(proof)
    except ValueError as error:
        return str(error)


def _without(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


def _words(kinds: object) -> Sequence[str]:
    return [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]


def _step(step: object) -> tuple[Side, bytes]:
    if not isinstance(step, dict) or len(step) != 1:
        raise _refused("a node of its path is neither left nor right")
    ((name, value),) = step.items()
    if name not in (Side.LEFT, Side.RIGHT):
        raise _refused("a node of its path is neither left nor right")
    return Side(name), _hash_text(value)


def _hash_text(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * NODE_SIZE + 2:
        raise _refused("a hash in it has not 64 hex digits")
    try:
        return read_hash(value)
    except ValueError:
        raise _refused("a hash in it has not 64 hex digits") from None


def _hash_item(item: object) -> bytes:
    """A hash: CBOR within CBOR, bytes as the libraries write it, or text."""
    inner = listcbor.decode(item) if isinstance(item, bytes) else item
    if isinstance(inner, bytes) and len(inner) == NODE_SIZE:
        return inner
    return _hash_text(inner)


def _pairs(item: object) -> Iterator[tuple[int, Any]]:
    if not isinstance(item, list):
        raise _refused("it is not made of pairs")
    for pair in item:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], int):
            raise _refused("it is not made of pairs")
        yield pair[0], pair[1]


def _anchor_2017(anchor: object) -> Anchor:
    if not isinstance(anchor, dict):
        raise _refused("an anchor in it is no object")
    # Before chains were named, there was one.
    named = anchor.get("chain", "bitcoinMainnet" if "BTCOpReturn" in _words(anchor.get("type")) else None)
    chain, words = _NETWORKS.get(_OF_VERSION_2.get(str(named), (0, 0)), (None, _unknown(named)))
    return Anchor(chain, words, _transaction(anchor.get("sourceId")))


def _anchor_2019(anchor: object) -> Anchor:
    members = dict(_pairs(anchor))
    number, network = members.get(_CHAIN), members.get(_NETWORK)
    chain, words = None, _unknown((number, network))
    if isinstance(number, int) and isinstance(network, int):  # lists have no hash
        chain, words = _NETWORKS.get((number, network), (chain, words))
    inner = members.get(_TRANSACTION)
    return Anchor(chain, words, _transaction(listcbor.decode(inner) if isinstance(inner, bytes) else inner))


def _unknown(named: object) -> str:
    return f"a chain called {str(named)[:_LONGEST_WORD]!r}"


def _transaction(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else value
    if not isinstance(text, str):
        raise _refused("an anchor in it names no transaction")
    text = text.removeprefix("0x").lower()
    if len(text) > 2 * NODE_SIZE or not text or not set(text) <= set("0123456789abcdef"):
        raise _refused("an anchor in it names no transaction")
    return text


# Writing


def write_proof(receipt: Receipt, method: str, created: datetime) -> dict[str, Any]:
    """A receipt as an entry of `proof` that Blockcerts verifiers read, to stand before every other.

    Hashes are byte strings, and the transaction is a text with 0x: their reader takes bytes for a text without it.

    Args:
        receipt: of a batch that is anchored as a bare root, its digest of the canonical N-Quads.
        method: the verification method, a DID URL or URL of a key of the issuer's.
        created: with a time zone.

    Raises:
        ReceiptError: code `not-anchored` while it is pending; `chain-unnamed`: these verifiers do not know the chain.
    """
    return {
        "type": _DATA_INTEGRITY,
        "cryptosuite": CRYPTOSUITE,
        "proofPurpose": "assertionMethod",
        "created": write_timestamp(created),
        "verificationMethod": method,
        "proofValue": write_proof_value(receipt),
    }


def write_proof_value(receipt: Receipt) -> str:
    """What `read_proof_value` reads; raises as `write_proof`."""
    anchor = receipt.anchor
    if anchor.transaction is None:
        raise ReceiptError(
            "The receipt is of a batch that is not on chain yet, and the proof names the transaction.",
            remedy="Wait until it is: `testamur anchor --resume --wait`.",
            code="not-anchored",
        )
    if anchor.chain not in WRITTEN_FOR:
        raise ReceiptError(
            f"Blockcerts verifiers cannot name the chain {anchor.chain}.",
            remedy=f"They know {' and '.join(WRITTEN_FOR)}: anchor there what is to be verified by them.",
            code="chain-unnamed",
        )
    network = next(key for key, (chain, _) in _NETWORKS.items() if chain == anchor.chain)
    place = receipt.inclusion
    sides = sides_of(place.leaf_index, place.leaf_count)
    steps = zip(sides, map(bytes.fromhex, place.path), strict=True)
    item: listcbor.Item = [
        [_ROOT, listcbor.encode(receipt.root)],
        [_TARGET, listcbor.encode(receipt.digest_value)],
        [
            _ANCHORS,
            [[[_CHAIN, network[0]], [_NETWORK, network[1]], [_TRANSACTION, listcbor.encode(anchor.transaction)]]],
        ],
        [_PATH, [[int(side is Side.RIGHT), listcbor.encode(node)] for side, node in steps]],
    ]
    return to_base58(listcbor.encode(item))


def issuer_profile(url: str, name: str, home: str, accounts: Sequence[tuple[str, datetime]]) -> dict[str, Any]:
    """The profile of an issuer, which says with which accounts its transactions may be sent.

    Args:
        url: under which it is served, which is its id.
        home: of the issuer.
        accounts: addresses, and since when each may send; with a time zone.
    """
    return {
        "@context": ["https://w3id.org/openbadges/v2", "https://w3id.org/blockcerts/v3"],
        "type": "Profile",
        "id": url,
        "name": name,
        "url": home,
        "publicKey": [
            {"id": f"ecdsa-koblitz-pubkey:{address}", "created": write_timestamp(since)} for address, since in accounts
        ],
    }


def _refused(why: str) -> ValueError:
    """Of a proof that others wrote."""
    return ValueError(why)
