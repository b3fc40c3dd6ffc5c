"""Where the registry is on a chain, and how to make sure that it is the one expected.

Its contracts are deployed through the deterministic deployer that public chains share, with a fixed salt, so that the
same code has the same address everywhere and anybody may deploy it.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.chain.abi import source_bundle
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.hexadecimal import (
    ADDRESS_BYTES,
    HASH_BYTES,
    address_bytes,
    checksummed,
    data,
    read_address,
    to_hex,
)
from registry.errors import ChainUnavailable, ContractReverted, StoreError, WrongChain

# The deterministic deployer that public chains have at this address (Arachnid/deterministic-deployment-proxy).
DETERMINISTIC_DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
# Part of the contracts' addresses on every chain: never change it. The ASCII text, filled with zeros to 32 bytes.
SALT = b"testamur v2".ljust(32, b"\0")
# That of the first edition.
FIRST_SALT = b"testamur CredentialRegistry v1".ljust(32, b"\0")
FORK = "Cancun"
# What chains have learnt since Constantinople, by number: name and fork. The code is compiled for Cancun at most.
NEWER_INSTRUCTIONS = {
    0x46: ("CHAINID", "Istanbul"),
    0x47: ("SELFBALANCE", "Istanbul"),
    0x48: ("BASEFEE", "London"),
    0x5F: ("PUSH0", "Shanghai"),
    0x49: ("BLOBHASH", FORK),
    0x4A: ("BLOBBASEFEE", FORK),
    0x5C: ("TLOAD", FORK),
    0x5D: ("TSTORE", FORK),
    0x5E: ("MCOPY", FORK),
}
_PUSH0, _PUSH32 = 0x5F, 0x7F
RIGHT_ENDPOINT = "Use an endpoint of the chain the registry was deployed on, or correct the deployment file."


def create2_address(initcode: bytes, salt: bytes = SALT) -> str:
    """The address a contract gets, checksummed: it follows from its code alone (EIP-1014)."""
    deployer = address_bytes(DETERMINISTIC_DEPLOYER)
    return checksummed(_keccak(b"\xff" + deployer + salt + _keccak(initcode))[-ADDRESS_BYTES:])


def deploy_data(initcode: bytes) -> bytes:
    """The data of the transaction to `DETERMINISTIC_DEPLOYER` that deploys a contract."""
    return SALT + initcode


def refuse_unable(client: ChainClient, *, initcode: bytes | None, code: bytes, sender: str) -> None:
    """Try out, without a transaction, whether the chain can create the contract and run its code.

    A chain of an older fork may create code that it then cannot run. So every newer instruction in the code is run
    there once, as the creation of a contract of its own, before the creation itself is tried.

    Args:
        initcode: None where somebody else created it already, so that only whether it runs is tried.
        code: as it is deployed.
        sender: who would pay.

    Raises:
        WrongChain: code `unsupported-chain`: it cannot; names what it lacks.
        ChainUnavailable: it could not be tried out.
    """
    _try_anything(client, sender)
    lacking = [
        f"{name} (since {fork})"
        for number, (name, fork) in NEWER_INSTRUCTIONS.items()
        if number in instructions(code) and not _creates(client, _trial(bytes([number])), sender)
    ]
    if not lacking and (initcode is None or _creates(client, deploy_data(initcode), sender)):
        return
    # An endpoint that has had enough of our requests refuses them in the same way.
    _try_anything(client, sender)
    why = f"it does not know {', '.join(lacking)}" if lacking else "it refuses to create it"
    raise WrongChain(
        f"this chain cannot run the contract: {why}; nothing was sent and nothing was paid",
        where=client.where,
        remedy=f"The contract needs a chain of the {FORK} fork or newer, that takes contracts of 24 KiB.",
        code="unsupported-chain",
    )


def _try_anything(client: ChainClient, sender: str) -> None:
    if not _creates(client, _trial(b""), sender):
        raise ChainUnavailable(
            "whether this chain can run the contract could not be tried out: its deployer refuses any contract",
            where=client.where,
            remedy="Use another endpoint of the chain; nothing was sent.",
            code="not-tried",
        )


def instructions(code: bytes) -> frozenset[int]:
    """The instructions in EVM code, without the constants that some of them carry."""
    found, at = set(), 0
    while at < len(code):
        found.add(code[at])
        at += 1 + (code[at] - _PUSH0 if _PUSH0 < code[at] <= _PUSH32 else 0)
    return frozenset(found)


def _trial(tried: bytes) -> bytes:
    """The data of a transaction to the deployer that runs an instruction with three zeros on the stack."""
    # A salt that nobody can have used before: a contract that is there already cannot be created again.
    return os.urandom(len(SALT)) + bytes.fromhex("600060006000") + tried + b"\0"


def _creates(client: ChainClient, call: bytes, sender: str) -> bool:
    try:
        return len(client.call(DETERMINISTIC_DEPLOYER, call, sender=sender)) == ADDRESS_BYTES
    except ContractReverted:
        return False
    except RpcRefused as refusal:
        if refusal.is_limit:
            raise
        return False


@dataclass(frozen=True, slots=True)
class Beside:
    """A contract that was deployed beside the registry: its address, and hashes as of the registry's own."""

    address: str
    transaction: bytes
    code_hash: bytes

    @classmethod
    def read(cls, content: Any) -> Beside | None:
        """As a deployment file has it; ValueError, KeyError or TypeError when it is not."""
        if content is None:
            return None
        return cls(
            read_address(content["address"]),
            data(content["transaction"], HASH_BYTES),
            data(content["codeHash"], HASH_BYTES),
        )

    def written(self) -> dict[str, str]:
        """For a deployment file."""
        return {
            "address": self.address,
            "transaction": to_hex(self.transaction),
            "codeHash": to_hex(self.code_hash),
        }


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of the registry.

    Attributes:
        chain_id: EIP-155.
        address: of the registry, checksummed.
        block_number: the block that contains the deployment: no event is older.
        transaction: hash of the deploying transaction, 32 bytes.
        code_hash: Keccak-256 of the deployed code, 32 bytes.
        genesis_hash: of the chain's block 0, which tells apart chains with the same id.
        accreditations: the contract of the trust graph; None where the registry has it in it.
    """

    chain_id: int
    address: str
    block_number: int
    transaction: bytes
    code_hash: bytes
    genesis_hash: bytes
    accreditations: Beside | None = None

    @classmethod
    def load(cls, folder: Path, chain_id: int) -> Deployment | None:
        """The deployment on that chain, or None when there is no file about it.

        Raises:
            StoreError: the file cannot be read.
        """
        path = _path(folder, chain_id)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            deployment = cls(
                chain_id=_whole(content["chainId"]),
                address=read_address(content["address"]),
                block_number=_whole(content["blockNumber"]),
                transaction=data(content["transaction"], HASH_BYTES),
                code_hash=data(content["codeHash"], HASH_BYTES),
                genesis_hash=data(content["genesisHash"], HASH_BYTES),
                accreditations=Beside.read(content.get("accreditations")),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(path, f"{type(error).__name__}: {error}") from error
        if deployment.chain_id != chain_id:
            raise _unreadable(path, f"it is about chain {deployment.chain_id}")
        return deployment

    def save(self, folder: Path) -> Path:
        """Write `<chain id>.json`, and `<chain id>.standard-input.json` for whoever verifies the source.

        Each is there whole or not at all.

        Raises:
            StoreError: it cannot be written.
        """
        path = _path(folder, self.chain_id)
        content: dict[str, Any] = {
            "chainId": self.chain_id,
            "address": self.address,
            "blockNumber": self.block_number,
            "transaction": to_hex(self.transaction),
            "codeHash": to_hex(self.code_hash),
            "genesisHash": to_hex(self.genesis_hash),
        }
        if self.accreditations is not None:
            content["accreditations"] = self.accreditations.written()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_atomically(folder / f"{self.chain_id}.standard-input.json", source_bundle())
            _write_atomically(path, json.dumps(content, indent=2) + "\n")
        except OSError as error:
            raise StoreError(f"the deployment cannot be written: {error.strerror}", where=str(path)) from error
        return path

    @classmethod
    def found(
        cls,
        client: ChainClient,
        address: str,
        block_number: int,
        transaction: bytes,
        accreditations: tuple[str, bytes] | None = None,
    ) -> Deployment:
        """A deployment as the chain shows it now: its code, its id and its genesis.

        Args:
            accreditations: address of the trust graph, and hash of the transaction that made it.

        Raises:
            WrongChain: code `no-contract`: nothing is at the address.
        """
        code_hash = code_hash_of(client, address)
        return cls(
            chain_id=client.chain_id(),
            address=checksummed(address),
            block_number=block_number,
            transaction=transaction,
            code_hash=code_hash,
            genesis_hash=client.genesis_hash(),
            accreditations=None
            if accreditations is None
            else Beside(*accreditations, code_hash_of(client, accreditations[0])),
        )

    def check(self, client: ChainClient) -> None:
        """Make sure that the client reads the chain and the contract of this deployment.

        Raises:
            WrongChain: it does not; code `wrong-chain-id`, `wrong-genesis`, `no-contract` or `wrong-code`.
            ChainUnavailable: no answer.
        """
        if (chain_id := client.chain_id()) != self.chain_id:
            raise self._wrong(client, "wrong-chain-id", f"this is chain {chain_id}, not chain {self.chain_id}")
        self.check_genesis(client)
        if code_hash_of(client, self.address) != self.code_hash:
            raise self._wrong(client, "wrong-code", f"the code at {self.address} is not the registry's")
        beside = self.accreditations
        if beside is not None and code_hash_of(client, beside.address) != beside.code_hash:
            raise self._wrong(client, "wrong-code", f"the code at {beside.address} is not that of its accreditations")

    def check_genesis(self, client: ChainClient) -> None:
        """Make sure that the client's chain begins as the one of this deployment does.

        Raises:
            WrongChain: code `wrong-genesis`.
        """
        if (genesis := client.genesis_hash()) != self.genesis_hash:
            raise self._wrong(
                client,
                "wrong-genesis",
                f"this is another chain with the id {self.chain_id}: it begins with block {to_hex(genesis)}, "
                f"not {to_hex(self.genesis_hash)}",
            )

    def _wrong(self, client: ChainClient, code: str, what: str) -> WrongChain:
        return WrongChain(what, where=client.where, remedy=RIGHT_ENDPOINT, code=code)


def deployment_block(client: ChainClient, address: str, last: int) -> int:
    """The first block with code at the address, found by bisection; 0 where the endpoint keeps no old state.

    Raises:
        WrongChain: there is no code in the last block either.
    """
    if not client.code(address, last):
        raise client.no_contract(address)
    low, high = 0, last
    try:
        while low < high:
            middle = (low + high) // 2
            if client.code(address, middle):
                high = middle
            else:
                low = middle + 1
    except RpcRefused as refusal:
        if refusal.is_limit:
            raise
        return 0
    return low


def deployment_seen(client: ChainClient, address: str, initcode: bytes, last: int) -> bool:
    """Whether the chain shows that this code, run as it is, made the contract at an address.

    The code at an address says nothing about its storage: a constructor may write whatever it likes, and then leave
    anybody's code there. So the transaction is looked for that made it: of the code itself, or of the deterministic
    deployer with any salt.

    Args:
        initcode: the code that the contract is made by.
        last: the block up to which to look.

    Returns:
        False also where the endpoint does not keep what would show it.

    Raises:
        ChainUnavailable: no answer.
    """
    try:
        block = client.request("eth_getBlockByNumber", [hex(deployment_block(client, address, last)), True])
    except RpcRefused as refusal:
        if refusal.is_limit:
            raise
        return False
    transactions = block.get("transactions") if isinstance(block, dict) else None
    return any(
        _makes(client, each, address, initcode)
        for each in (transactions if isinstance(transactions, list) else ())
        if isinstance(each, dict)
    )


def _makes(client: ChainClient, transaction: dict[str, Any], address: str, initcode: bytes) -> bool:
    """Whether a transaction made the contract at the address, by this code alone."""
    try:
        given = data(transaction["input"])
        target = None if transaction.get("to") is None else checksummed(data(transaction["to"], ADDRESS_BYTES))
        made = data(transaction["hash"], HASH_BYTES)
    except (ValueError, KeyError, TypeError):
        return False
    if target == DETERMINISTIC_DEPLOYER:
        salt, code = given[:HASH_BYTES], given[HASH_BYTES:]
        return code == initcode and create2_address(initcode, salt) == checksummed(address)
    if target is not None or given != initcode:
        return False
    mined = client.mined(made)
    return mined is not None and mined.succeeded and mined.contract_address == checksummed(address)


def code_hash_of(client: ChainClient, address: str) -> bytes:
    """Keccak-256 of the code at an address.

    Raises:
        WrongChain: code `no-contract`: there is none.
    """
    code = client.code(address)
    if not code:
        raise client.no_contract(address)
    return _keccak(code)


def _keccak(content: bytes) -> bytes:
    from registry.keccak import keccak

    return keccak(content)


def _path(folder: Path, chain_id: int) -> Path:
    return folder / f"{chain_id}.json"


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"a whole number was expected, not {value!r}")
    return value


def _unreadable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"the deployment file cannot be read ({why})",
        where=str(path),
        remedy="Restore it, or deploy again: the contract's address stays the same.",
    )


def _write_atomically(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
