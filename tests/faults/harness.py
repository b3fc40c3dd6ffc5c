"""A real node that a test can rewind, starve and rob; and the proof that every batch was anchored exactly once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from eth_account import Account

from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, Deployment
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient, MinedTransaction
from registry.chain.rpc.connect import connect
from registry.chain.rpc.hexadecimal import checksummed, data, quantity, to_hex
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.registry.chain.worlds import World, anvil

POLL_SECONDS = 0.02
# Which of the ten well-known accounts is whose.
OWNER, DAEMON, STRANGER = 0, 1, 2
DEPLOY_GAS = 12_000_000
CALL_GAS = 400_000
# More than the node's own spikes need, so that a fee of a test's own transaction never is the problem.
OWN_MAX_FEE, OWN_TIP = 10**12, 10**9

Mining = Literal["manual", "auto"] | int
T = TypeVar("T")


class FinishedBatch(Protocol):
    """What the daemon says of one batch. The root and the block hash are 32 bytes; the state is a word, as "final"."""

    @property
    def issuer(self) -> int: ...
    @property
    def root(self) -> bytes: ...
    @property
    def block_number(self) -> int | None: ...
    @property
    def block_hash(self) -> bytes | None: ...
    @property
    def state(self) -> str: ...


@dataclass
class Chain:
    """An anvil whose finalized block is two below its newest, with the contract and registered issuers.

    Everything here goes to the node itself, past any proxy.

    Attributes:
        issuers: ids of the parties; the daemon's account is an operator of each, the owner their controller.
        daemon_key: of the account `daemon`, for the daemon under test.
    """

    url: str
    client: ChainClient
    world: World
    contract: CredentialRegistry
    deployment: Deployment
    issuers: tuple[int, ...]
    mining: Mining = "manual"

    @property
    def daemon_key(self) -> str:
        return PUBLICLY_KNOWN_KEYS[DAEMON]

    @property
    def daemon(self) -> str:
        return str(self.world.account(DAEMON).address)

    # Reading

    def head(self) -> int:
        """The height of the newest block."""
        return quantity(self.client.request("eth_blockNumber"))

    def final(self) -> int:
        """The height of the finalized block."""
        return self.client.finalized().number

    def pending(self) -> list[bytes]:
        """Hashes of the transactions in the pool, those that wait for an earlier nonce too."""
        pool = self.client.request("txpool_content")
        return [
            data(one["hash"])
            for kind in ("pending", "queued")
            for nonces in pool[kind].values()
            for one in nonces.values()
        ]

    # Blocks

    def mine(self, blocks: int = 1) -> None:
        """New blocks, the first with what is in the pool."""
        self.client.request("anvil_mine", [hex(blocks)])

    def set_mining(self, mining: Mining) -> None:
        """Blocks only by `mine` ("manual"), one for each transaction ("auto"), or one each so many seconds."""
        # Setting an interval, even none, ends automine.
        self.client.request("evm_setIntervalMining", [mining if isinstance(mining, int) else 0])
        if mining == "auto":
            self.client.request("evm_setAutomine", [True])
        self.mining = mining

    def reorganise(self, depth: int, moved: Sequence[tuple[bytes, int]] = ()) -> None:
        """Replace the newest blocks by as many others.

        Args:
            moved: raw signed bytes, and in which of the new blocks they are (0 is the lowest); the old blocks'
                transactions that are not among them are gone, from the pool as well.
        """
        self.client.request("anvil_reorg", [depth, [[to_hex(raw), place] for raw, place in moved]])

    # The pool

    def drop_transaction(self, transaction_hash: bytes) -> None:
        """The pool forgets one transaction; the test fails when it is not there."""
        dropped = self.client.request("anvil_dropTransaction", [to_hex(transaction_hash)])
        assert dropped is not None, f"0x{transaction_hash.hex()} is not in the pool"

    def drop_all_pending(self) -> None:
        """The pool forgets everything."""
        self.client.request("anvil_dropAllTransactions")

    # The state

    def set_base_fee(self, wei: int) -> None:
        """The base fee of the next block; those after it move from there by the usual rule."""
        self.client.request("anvil_setNextBlockBaseFeePerGas", [hex(wei)])

    def set_balance(self, address: str, wei: int) -> None:
        self.client.request("anvil_setBalance", [address, hex(wei)])

    def remove_contract(self) -> bytes:
        """No code at the contract's address any more; returns the code, for `restore_contract`."""
        code = self.client.code(self.contract.address)
        self.client.request("anvil_setCode", [self.contract.address, "0x"])
        return code

    def restore_contract(self, code: bytes) -> None:
        """The code is back; the storage never went."""
        self.client.request("anvil_setCode", [self.contract.address, to_hex(code)])

    # Other people's transactions

    def send(self, to: str, call_data: bytes = b"", *, account: int = OWNER, **fields: int) -> bytes:
        """Send a transaction of one of the well-known accounts and return its hash; it may not be mined yet."""
        own = {"gas": CALL_GAS, "maxFeePerGas": OWN_MAX_FEE, "maxPriorityFeePerGas": OWN_TIP}
        return self.client.send_raw(self.world.signed(to, call_data, account=account, **(own | fields)))

    def mined(self, transaction_hash: bytes) -> MinedTransaction:
        """The transaction once it is in a block, which is mined here when nobody else does."""
        if self.mining == "manual":
            self.mine()
        return wait_until(
            lambda: self.client.mined(transaction_hash), 10, f"transaction 0x{transaction_hash.hex()} is mined"
        )

    def use_daemon_key(self, *, nonce: int | None = None, **fields: int) -> bytes:
        """Somebody else with the daemon's key sends a transaction that has nothing to do with it; returns its hash.

        Args:
            nonce: the next one of the chain when None.
        """
        own = {} if nonce is None else {"nonce": nonce}
        return self.send(self.world.account(STRANGER).address, b"", account=DAEMON, **(own | fields))

    def anchor_by_hand(self, issuer: int, root: bytes, leaf_count: int = 1) -> MinedTransaction:
        """The issuer's controller anchors a root from another account; returned mined."""
        anchored = self.mined(self.send(self.contract.address, self.contract.anchor_data(issuer, root, leaf_count)))
        assert anchored.succeeded
        return anchored

    def set_operator(self, issuer: int, allowed: bool) -> None:
        """Whether the daemon's account may anchor for the issuer; when not, its transactions revert."""
        data_ = self.contract.set_operator_data(issuer, self.daemon, allowed)
        assert self.mined(self.send(self.contract.address, data_)).succeeded


@contextmanager
def chain(*, issuers: int = 1, mining: Mining = "manual", options: Sequence[str] = ()) -> Iterator[Chain]:
    """A fresh node with the contract and so many issuers.

    Args:
        mining: how blocks come once everything is set up.
        options: more options of anvil.
    """
    with anvil("--slots-in-an-epoch", "1", "--no-mining", *options) as url:
        client = connect(url)
        try:
            yield _set_up(url, client, issuers, mining)
        finally:
            client.close()


def _set_up(url: str, client: ChainClient, issuers: int, mining: Mining) -> Chain:
    world = World("anvil", client, url)
    edition = second()
    contract = CredentialRegistry(client, edition.address)
    daemon = str(Account.from_key(PUBLICLY_KNOWN_KEYS[DAEMON]).address)
    codes = (edition.registry.initcode, edition.accreditations_initcode(edition.address))
    deployed = _send_all(
        client, world, [(DETERMINISTIC_DEPLOYER, edition.salt + initcode, DEPLOY_GAS) for initcode in codes]
    )[0]
    ids = tuple(range(1, issuers + 1))
    registrations = [contract.register_party_data(f"did:web:issuer-{id_}.example", bytes(32)) for id_ in ids]
    operators = [contract.set_operator_data(id_, daemon, True) for id_ in ids]
    _send_all(client, world, [(contract.address, call, CALL_GAS) for call in registrations + operators])
    deployment = Deployment.found(client, contract.address, deployed.block_number, deployed.hash)
    made = Chain(url, client, world, contract, deployment, ids)
    made.mine(3)  # what the set-up did is final
    made.set_mining(mining)
    return made


def _send_all(client: ChainClient, world: World, calls: Sequence[tuple[str, bytes, int]]) -> list[MinedTransaction]:
    nonce = client.nonce(world.account(OWNER).address)
    hashes = [
        client.send_raw(world.signed(to, call, account=OWNER, nonce=nonce + place, gas=gas))
        for place, (to, call, gas) in enumerate(calls)
    ]
    mined = []
    for one in hashes:
        while (found := client.mined(one)) is None:
            client.request("anvil_mine", ["0x1"])
        assert found.succeeded
        mined.append(found)
    return mined


@dataclass(frozen=True)
class Proof:
    """What the common proof counted: events of the contract, and transactions of the account."""

    events: int
    anchors: int
    nonce: int


def common_proof(
    chain: Chain,
    sender: str,
    roots: Mapping[int, Collection[bytes]],
    *,
    jobs: Iterable[FinishedBatch],
    deploys: int = 0,
    registrations: int = 0,
    cancels: int = 0,
    reverted: int = 0,
    foreign: int = 0,
) -> Proof:
    """Make sure that every root was anchored exactly once and that every transaction of the account is explained.

    Args:
        sender: the account whose transactions are counted.
        roots: by issuer, all roots that have to be anchored, by whomever; no other may be.
        jobs: what the daemon says of its batches, at least one for each root.
        deploys, registrations, cancels: transactions of the account beside those that anchored.
        reverted: transactions of the account that were mined and failed.
        foreign: transactions that somebody else sent with the account's key, and that anchored nothing.

    Raises:
        AssertionError: it is not so; the message says of which issuer, root or block.
    """
    events = chain.contract.anchored_events()
    wanted = {(issuer, root) for issuer, of in roots.items() for root in of}
    counted = Counter(event.key for event in events)
    doubled = [_named(*key) for key, times in counted.items() if times > 1]
    missing = [_named(*key) for key in wanted - counted.keys()]
    unasked = [_named(*key) for key in counted.keys() - wanted]
    assert not doubled, f"anchored more than once: {doubled}"
    assert not missing, f"not anchored: {missing}"
    assert not unasked, f"anchored though nobody wanted it: {unasked}"

    for issuer in roots:
        sequences = [event.arguments["sequence"] for event in events if event.party == issuer]
        assert sequences == list(range(1, len(sequences) + 1)), f"issuer {issuer}: sequences {sequences}"
        party = chain.contract.party(issuer)
        assert party is not None, f"issuer {issuer} is not on the chain"
        assert party.sequence == len(sequences), f"issuer {issuer}: the contract counts {party.sequence} batches"

    transactions = {event.transaction for event in events}
    anchors = sum(_sender(chain, transaction) == checksummed(sender) for transaction in transactions)
    explained = deploys + registrations + anchors + cancels + reverted + foreign
    nonce = chain.client.nonce(sender)
    assert nonce == explained, (
        f"{sender} sent {nonce} transactions, {explained} are explained: {deploys} deploys, {registrations} "
        f"registrations, {anchors} anchors, {cancels} cancels, {reverted} reverted, {foreign} foreign"
    )
    _prove_jobs(chain, wanted, {event.key: event.block_number for event in events}, jobs)
    return Proof(len(events), anchors, nonce)


def _prove_jobs(
    chain: Chain, wanted: set[tuple[int, bytes]], blocks: Mapping[tuple[int, bytes], int], jobs: Iterable[FinishedBatch]
) -> None:
    final = chain.final()
    told = set()
    for job in jobs:
        name = _named(job.issuer, job.root)
        told.add((job.issuer, job.root))
        assert str(job.state) == "final", f"{name} is {job.state}"
        assert job.block_number is not None, f"{name} is final and has no block"
        assert job.block_number <= final, f"{name} is called final in block {job.block_number}, final is {final}"
        assert job.block_number == blocks.get((job.issuer, job.root)), f"{name} is not in block {job.block_number}"
        canonical = chain.client.block(job.block_number)
        assert canonical is not None, f"there is no block {job.block_number}"
        assert job.block_hash == canonical.hash, f"{name}: its stored block {job.block_number} is not canonical"
    lost = [_named(*key) for key in wanted - told]
    assert not lost, f"anchored, and the daemon does not know: {lost}"


def wait_until(
    condition: Callable[[], T | None], timeout: float, what: str, *, state: Callable[[], object] | None = None
) -> T:
    """What the condition gives once it is true.

    Args:
        timeout: seconds.
        what: is waited for, as in "batch 3 is final"; said when it does not come.
        state: what to show then; otherwise what the condition gave last.

    Raises:
        AssertionError: the time is over.
    """
    end = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout:g} s in vain until {what}; now: {state() if state else last!r}")
        pause.wait(POLL_SECONDS)


def _sender(chain: Chain, transaction_hash: bytes) -> str:
    found: dict[str, Any] = chain.client.request("eth_getTransactionByHash", [to_hex(transaction_hash)])
    return checksummed(found["from"])


def _named(issuer: int, root: bytes) -> str:
    return f"issuer {issuer}, root 0x{root.hex()}"
