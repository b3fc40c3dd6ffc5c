"""What the same deed costs here, with EAS, with OpenAttestation and as a bare transaction, on one node in one run.

    python -m scripts.gas_table           write docs/reference/gas.md
    python -m scripts.gas_table --check   tell whether it says what is measured

The peers' contracts are the code that they publish on npm, as they compiled it. Every amount is the gas of a whole
transaction, from its receipt. The node's accounts and times are the same in every run, and so is the table.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_hash.auto import keccak

from registry.chain.abi import artifact
from registry.chain.calls import Calls, call_data
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.connect import connect
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.records import Purpose, Reason
from tests.registry.chain.worlds import anvil

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "reference" / "gas.md"
MODULES = ROOT / "node_modules"
EAS = MODULES / "@ethereum-attestation-service" / "eas-contracts"
DOCUMENT_STORE = MODULES / "@govtechsg" / "document-store"

ISSUER, SOMEBODY = DEVELOPMENT_ACCOUNTS[0], DEVELOPMENT_ACCOUNTS[1]
LEAVES = 100_000
FIRST_BLOCK_TIME = 1_800_000_000
SEVERAL = 10
TESTAMUR, ATTESTATIONS, OPEN, BARE = "Testamur", "EAS", "OpenAttestation", "bare transaction"
ROWS = (
    ("anchor a batch, or issue one document", (TESTAMUR, ATTESTATIONS, OPEN, BARE)),
    ("the same in a contract's own record", (TESTAMUR, ATTESTATIONS)),
    ("anchor 10 batches at once", (TESTAMUR, ATTESTATIONS, OPEN, BARE)),
    ("anchor what somebody else signed", (TESTAMUR,)),
    ("revoke 1 credential of a batch", (TESTAMUR, ATTESTATIONS, OPEN)),
    ("revoke 256 credentials of a batch", (TESTAMUR, ATTESTATIONS, OPEN)),
    ("revoke 1 digest, wherever it is", (TESTAMUR, ATTESTATIONS, OPEN)),
    ("revoke 10 digests, wherever they are", (TESTAMUR, ATTESTATIONS, OPEN)),
    ("revoke 100 digests, wherever they are", (TESTAMUR, ATTESTATIONS, OPEN)),
)
BY_DIGEST = {1: ROWS[6][0], 10: ROWS[7][0], 100: ROWS[8][0]}


@dataclass
class Node:
    """A node that mines when it is told to."""

    client: ChainClient
    time: int = FIRST_BLOCK_TIME

    def deploy(self, initcode: bytes) -> str:
        """Create a contract; its address."""
        created: str = self._receipt({"data": "0x" + initcode.hex()})["contractAddress"]
        return created

    def gas(self, to: str, call: bytes) -> int:
        """Send a transaction of the issuer; the gas it used."""
        return int(self.sent(to, call)["gasUsed"], 16)

    def sent(self, to: str, call: bytes) -> dict[str, Any]:
        """Send a transaction of the issuer; its receipt."""
        return self._receipt({"to": to, "data": "0x" + call.hex()})

    def _receipt(self, message: dict[str, str]) -> dict[str, Any]:
        transaction = {"from": ISSUER, "gas": hex(20_000_000)} | message
        sent = self.client.request("eth_sendTransaction", [transaction])
        # The same times in every run: the hash of a time has a zero byte now and then, which is cheaper.
        self.time += 1
        self.client.request("evm_mine", [{"timestamp": hex(self.time)}])
        receipt: dict[str, Any] = self.client.request("eth_getTransactionReceipt", [sent])
        if receipt["status"] != "0x1":
            raise RuntimeError(f"{message} reverted")
        return receipt


def measured() -> dict[str, dict[str, int]]:
    """Gas by deed and by whom."""
    with _node() as node:
        by_whom = {
            TESTAMUR: _testamur(node),
            ATTESTATIONS: _eas(node),
            OPEN: _open_attestation(node),
            BARE: {ROWS[0][0]: node.gas(SOMEBODY, _root(1)), ROWS[2][0]: SEVERAL * node.gas(SOMEBODY, _root(2))},
        }
    return {deed: {whom: by_whom[whom][deed] for whom in whose} for deed, whose in ROWS}


def _testamur(node: Node) -> dict[str, int]:
    address = node.deploy(artifact().initcode)
    node.gas(address, Calls.register_party_data("did:web:university.example", bytes(32)))
    # The first of an issuer costs more, as the first of anything does in every contract here.
    node.gas(address, Calls.anchor_data(1, _root(0), LEAVES))
    anchor = node.gas(address, Calls.anchor_data(1, _root(1), LEAVES))
    several = [_root(10 + number) for number in range(SEVERAL)]
    revoke = node.gas(address, _revoke(0, 1))
    return {
        ROWS[0][0]: anchor,
        ROWS[1][0]: anchor,
        ROWS[2][0]: node.gas(address, call_data("anchorMany", 1, several, [LEAVES] * SEVERAL)),
        ROWS[3][0]: _snapshot()["anchorBySignature"],
        ROWS[4][0]: revoke,
        ROWS[5][0]: node.gas(address, _revoke(1, 2**256 - 1)),
        **{
            deed: node.gas(address, Calls.revoke_digests_data(1, _digests(count), Reason.UNSPECIFIED))
            for count, deed in BY_DIGEST.items()
        },
    }


def _snapshot() -> dict[str, int]:
    """Gas by call as it is committed; a test compares it with the contract."""
    snapshot: dict[str, int] = json.loads((ROOT / "contracts" / "gas.json").read_text(encoding="utf-8"))
    return snapshot


def _revoke(word: int, mask: int) -> bytes:
    return call_data("setStatus", 1, _root(1), Purpose.REVOCATION, word, mask, Reason.UNSPECIFIED)


def _eas(node: Node) -> dict[str, int]:
    schemas = node.deploy(_published(EAS, "SchemaRegistry"))
    attestations = node.deploy(_published(EAS, "EAS") + encode(["address"], [schemas]))
    text = "bytes32 root"
    node.gas(schemas, _call("register(string,address,bool)", [text, "0x" + "00" * 20, True]))
    schema = keccak(text.encode() + bytes(20) + b"\x01")
    request = "(address,uint64,bool,bytes32,bytes,uint256)"

    def attest(data: bytes) -> bytes:
        values = (ISSUER, 0, True, bytes(32), data, 0)
        return _selector(f"attest((bytes32,{request}))") + encode([f"(bytes32,{request})"], [(schema, values)])

    # The event's only value that is not indexed is the identifier of the attestation.
    uid = bytes.fromhex(node.sent(attestations, attest(_root(1)))["logs"][0]["data"][2:])
    attested = node.gas(attestations, attest(_root(2)))
    node.gas(attestations, _call("timestamp(bytes32)", [_root(0)]))
    stamped = node.gas(attestations, _call("timestamp(bytes32)", [_root(1)]))
    several = [_root(10 + number) for number in range(SEVERAL)]
    revocation = "(bytes32,(bytes32,uint256))"
    revoke = _selector(f"revoke({revocation})") + encode([revocation], [(schema, (uid, 0))])
    many = [sha256(f"credential {number}".encode()).digest() for number in range(256)]
    return {
        ROWS[0][0]: stamped,
        ROWS[1][0]: attested,
        ROWS[2][0]: node.gas(attestations, _call("multiTimestamp(bytes32[])", [several])),
        ROWS[4][0]: node.gas(attestations, revoke),
        ROWS[5][0]: node.gas(attestations, _call("multiRevokeOffchain(bytes32[])", [many])),
        **{
            deed: node.gas(attestations, _call("multiRevokeOffchain(bytes32[])", [_digests(count)]))
            for count, deed in BY_DIGEST.items()
        },
    }


def _open_attestation(node: Node) -> dict[str, int]:
    store = node.deploy(_document_store() + encode(["string", "address"], ["University", ISSUER]))
    node.gas(store, _call("issue(bytes32)", [_root(0)]))
    issue = node.gas(store, _call("issue(bytes32)", [_root(1)]))
    several = [_root(10 + number) for number in range(SEVERAL)]
    many = [sha256(f"credential {number}".encode()).digest() for number in range(256)]
    return {
        ROWS[0][0]: issue,
        ROWS[2][0]: node.gas(store, _call("bulkIssue(bytes32[])", [several])),
        ROWS[4][0]: node.gas(store, _call("revoke(bytes32)", [_root(1)])),
        ROWS[5][0]: node.gas(store, _call("bulkRevoke(bytes32[])", [many])),
        **{
            deed: node.gas(store, _call("bulkRevoke(bytes32[])", [_digests(count)]))
            for count, deed in BY_DIGEST.items()
        },
    }


@contextmanager
def _node() -> Iterator[Node]:
    with anvil("--no-mining", "--gas-limit", "100000000", "--timestamp", str(FIRST_BLOCK_TIME)) as url:
        client = connect(url)
        try:
            yield Node(client)
        finally:
            client.close()


def _published(package: Path, contract: str) -> bytes:
    path = package / "artifacts" / "contracts" / f"{contract}.sol" / f"{contract}.json"
    return bytes.fromhex(json.loads(path.read_text(encoding="utf-8"))["bytecode"][2:])


def _document_store() -> bytes:
    path = DOCUMENT_STORE / "src" / "contracts" / "factories" / "contracts" / "DocumentStore__factory.ts"
    found = re.search(r'_bytecode =\s*"0x([0-9a-f]+)"', path.read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError(f"{path.relative_to(ROOT)} has no bytecode")
    return bytes.fromhex(found[1])


def _root(number: int) -> bytes:
    """A root without zero bytes, which are cheaper: the worst case."""
    return bytes(byte or 1 for byte in sha256(f"batch {number}".encode()).digest())


def _digests(count: int) -> list[bytes]:
    """So many digests that no other count has, without zero bytes."""
    return [_root(1000 * count + number) for number in range(count)]


def _selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


def _call(signature: str, arguments: list[Any]) -> bytes:
    types = signature[signature.index("(") + 1 : -1].split(",")
    return _selector(signature) + encode(types, arguments)


def page(gas: dict[str, dict[str, int]]) -> str:
    """The reference page."""
    names = (TESTAMUR, ATTESTATIONS, OPEN, BARE)
    rows = []
    for deed, _ in ROWS:
        found = gas[deed]
        cells = [f"{found[name]:,}" if name in found else "–" for name in names]
        rows.append(f"| {deed} | " + " | ".join(cells) + " |")
    bare = gas[ROWS[0][0]]
    ratios = ", ".join(f"{name} {bare[name] / bare[BARE]:.2f}" for name in names[:-1])
    versions = {
        "eas": json.loads((EAS / "package.json").read_text(encoding="utf-8"))["version"],
        "store": json.loads((DOCUMENT_STORE / "package.json").read_text(encoding="utf-8"))["version"],
    }
    return PAGE.format(
        rows="\n".join(rows),
        head=" | ".join(names),
        ratios=ratios,
        leaves=f"{LEAVES:,}",
        per=f"{bare[TESTAMUR] / LEAVES:.2f}",
        attested=f"{gas[ROWS[1][0]][ATTESTATIONS]:,}",
        bare_root=f"{_snapshot()['a bare root']:,}",
        **versions,
    )


PAGE = """# Gas

Measured on one node in one run by `scripts/gas_table.py`, which writes this page; a test compares them. Every
figure is the gas of a whole transaction, its 21,000 included, of an account that has used the contract before.

| Deed | {head} |
|---|--:|--:|--:|--:|
{rows}

For one root, as a multiple of the bare transaction: {ratios}. With {leaves} credentials in a batch an anchor costs
{per} gas a credential; an attestation on chain costs {attested} for each.

What the rows are:

- **Testamur**: `anchor`, `anchorMany`, `anchorBySignature`, `setStatus` and `revokeDigests` of this contract, compiled
  as it is deployed. An anchor records issuer, root, number of credentials, sequence, block and time, checks that the
  account may anchor for the issuer, and is the place that revocations of its credentials refer to. A digest that is
  revoked is so in every batch of its issuer, with time and reason on record, and for nobody else's credentials.
- **EAS**: the code of npm package `@ethereum-attestation-service/eas-contracts` {eas}, as published. The first and
  third rows are `timestamp` and `multiTimestamp`: they record a time for 32 bytes, without saying whose they are,
  so anybody may stamp anything, once. The second is `attest` with a schema of one `bytes32`: it has an attester,
  and is revoked as a whole. Of the rows about a batch the first is `revoke` of such an attestation, the second
  `multiRevokeOffchain` of 256 identifiers, as are those about digests with theirs. It records a time for each, by the
  account that sent it.
- **OpenAttestation**: `DocumentStore` of npm package `@govtechsg/document-store` {store}, as published: `issue`,
  `bulkIssue`, `revoke`, `bulkRevoke`; the last three rows are `bulkRevoke`. Each issuer deploys a store of its own.
  It records the block of a root; each revocation is a write of its own.
- **Bare transaction**: 32 bytes of data to an ordinary account, as Blockcerts has it. It records nothing that a
  contract could be asked for: who sent it is who issued it, and whether it was revoked is elsewhere. (Our contract
  takes the same 32 bytes, for {bare_root} gas: the entry for Blockcerts.)

Where the others cost less, they record less. Where they cost more, it is because they write once for each
credential: 256 revocations of one batch are one word of a bit map here. By digest everybody writes once for each: a
place is cheap for many neighbours, a digest holds in batches that are yet to come.
"""


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when the page does not say what is measured")
    check = parser.parse_args().check
    text = page(measured())
    if not check:
        TABLE.write_text(text, encoding="utf-8")
        print(text)
    elif TABLE.read_text(encoding="utf-8") != text:
        sys.exit(
            "error: docs/reference/gas.md is not what is measured\n  what to do: run `make gas` and commit the page"
        )


if __name__ == "__main__":
    main()
