"""A registry of many issuers on a node whose clock is set, and the operator's data folder.

The same seed gives the same history, block by block and byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import update

from anchor.books.batches import BatchStore, Leaf
from anchor.books.folder import DataFolder
from anchor.books.tables import BatchState, batch
from registry.chain.calls import Calls
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, deploy_data
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.index.indexer import Indexer
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.recognition.scope import Scope
from registry.records import Kind, Purpose, Reason

START = datetime(2024, 1, 8, 8, tzinfo=UTC)
END = datetime(2026, 1, 8, 8, tzinfo=UTC)
BODIES = (
    ("PT", "did:web:quality-pt.example"),
    ("DE", "did:web:quality-de.example"),
    ("KE", "did:web:quality-ke.example"),
)
# The accreditation of this issuer ends in the middle of the history, and it goes on anchoring.
LAPSED = 17
WORD = 256

Progress = Callable[[str], None]


@dataclass(slots=True)
class AnchoredBatch:
    """One batch: whose, its root, its size, and when it was anchored in which block by which transaction."""

    issuer: int
    root: bytes
    leaf_count: int
    time: datetime
    block_number: int = 0
    sequence: int = 0
    transaction: bytes = b""


@dataclass(slots=True)
class Registry:
    """A registry on a node that mines one transaction a block, at the time it is told.

    Attributes:
        accounts: of the parties, by their numbers.
    """

    client: ChainClient
    address: str
    time: datetime = START
    batches: list[AnchoredBatch] = field(default_factory=list)
    accounts: dict[int, str] = field(default_factory=dict)

    def deploy(self) -> None:
        """Deploy both of its contracts."""
        for initcode in (second().registry.initcode, second().accreditations_initcode(self.address)):
            self.send(DEVELOPMENT_ACCOUNTS[0], deploy_data(initcode), to=DETERMINISTIC_DEPLOYER)

    def send(self, sender: str, data: bytes, *, to: str | None = None, at: datetime | None = None) -> dict[str, Any]:
        """Send and mine a transaction, by default to the contract that has its function; its receipt.

        Raises:
            RuntimeError: it reverted.
        """
        self.time = max(self.time + timedelta(seconds=12), at or self.time)
        message = {"from": sender, "to": to or self._home(data), "data": f"0x{data.hex()}", "gas": hex(12_000_000)}
        sent = self.client.request("eth_sendTransaction", [message])
        self.client.request("evm_mine", [{"timestamp": hex(int(self.time.timestamp()))}])
        receipt: dict[str, Any] = self.client.request("eth_getTransactionReceipt", [sent])
        if receipt["status"] != "0x1":
            raise RuntimeError(f"a transaction of {sender} reverted")
        return receipt

    def _home(self, data: bytes) -> str:
        selectors = {item.selector for item in second().registry.functions.values()}
        return self.address if data[:4] in selectors else second().accreditations_address(self.address)


def build(client: ChainClient, folder: Path, *, batches: int, issuers: int, mean: int, tell: Progress) -> Registry:
    """Make the history on an anvil that was started with `--no-mining` and `--timestamp` before `START`.

    Args:
        folder: the operator's data folder, with database, trees and index.
        mean: leaves of a batch, on average.
    """
    random = Random(5)
    client.request("anvil_autoImpersonateAccount", [True])
    contract = Registry(client, second().address)
    contract.deploy()
    tell("registering and accrediting")
    _parties(contract, issuers)
    _accreditations(contract, issuers, first_body=issuers + 1)
    tell(f"anchoring {batches:,} batches")
    with closing(DataFolder(folder)) as data:
        store = BatchStore(data.engine, f"eip155:{client.chain_id()}", contract.address)
        for number in range(issuers):
            store.add_party(number + 1, registered_at=int(START.timestamp()))
        for number in range(batches):
            moment = START + timedelta(days=30) + (END - START - timedelta(days=40)) * number / batches
            size = range(random.randint(1, 2 * mean - 1))
            digests = [sha256(f"credential {number} {each}".encode()).digest() for each in size]
            _anchor(contract, store, data, random, number % issuers + 1, digests, moment)
            if number % 7 == 3:
                _change_status(contract, random)
            if number % 11 == 5:
                _speak_of_digests(contract, data, random)
        tell("indexing")
        _index(contract, data)
    return contract


def anchor_again(contract: Registry, folder: Path) -> None:
    """Let a second operator of some issuer, who knows no statuses, anchor a credential once more that the first one
    has revoked at its place alone."""
    operator = _account("a second operator")
    contract.client.request("anvil_setBalance", [operator, hex(10**21)])
    with closing(DataFolder(folder)) as data:
        issuer, digest = next(_revoked_in_place(contract, data))
        contract.send(contract.accounts[issuer], Calls.set_operator_data(issuer, operator, True))
        digests = [digest, *(sha256(f"new credential {each}".encode()).digest() for each in range(40))]
        store = BatchStore(data.engine, f"eip155:{contract.client.chain_id()}", contract.address)
        _anchor(contract, store, data, Random(6), issuer, digests, contract.time + timedelta(days=1), operator)
        _index(contract, data)


def _revoked_in_place(contract: Registry, data: DataFolder) -> Iterator[tuple[int, bytes]]:
    """Credentials that are revoked at their places alone, by issuer and digest."""
    reader = CredentialRegistry(contract.client, contract.address)
    for each in contract.batches:
        issuer, root, leaf_count = each.issuer, each.root, each.leaf_count
        batch = reader.batch(issuer, root)
        if batch is None or batch.is_void:
            continue
        (revoked,) = reader.status_words(issuer, root, Purpose.REVOCATION, 0, 1)
        with Tree.open(data.tree_path(TreeId(root, leaf_count))) as tree:
            digests = [tree.leaf(bit) for bit in range(WORD) if revoked >> bit & 1]
        for digest, status in zip(digests, reader.digest_statuses(issuer, digests), strict=True):
            if not status.is_revoked:
                yield issuer, digest


def _account(name: str) -> str:
    return f"0x{sha256(name.encode()).hexdigest()[:40]}"


def _parties(contract: Registry, issuers: int) -> None:
    """Register issuers and bodies, each with an account of its own."""
    names = [f"did:web:university-{number:02}.example" for number in range(1, issuers + 1)]
    for number, uri in enumerate([*names, *(uri for _, uri in BODIES)], start=1):
        account = _account(f"party {number}")
        contract.client.request("anvil_setBalance", [account, hex(10**21)])
        contract.send(account, Calls.register_party_data(uri, sha256(uri.encode()).digest()))
        contract.accounts[number] = account


def _accreditations(contract: Registry, issuers: int, first_body: int) -> None:
    accounts = contract.accounts
    for issuer in range(1, issuers + 1):
        country = (issuer - 1) % len(BODIES)
        body = first_body + country
        until = datetime(2025, 3, 31, tzinfo=UTC) if issuer == LAPSED else END + timedelta(days=40 * issuer)
        scope = Scope.from_words("", "5-8", (), BODIES[country][0]).to_numbers()
        terms = (
            *(body, issuer, int(START.timestamp()), int(until.timestamp()), int(Kind.ACCREDIT_TO_ISSUE)),
            *(scope, bytes(32), bytes(32), "https://decisions.example"),
        )
        contract.send(accounts[body], Calls.offer_accreditation_data(terms))
        contract.send(accounts[issuer], Calls.accept_accreditation_data(issuer))
    for one, other in ((0, 1), (1, 0), (0, 2)):
        scope = Scope.from_words("", "1-8", (), "").to_numbers()
        terms = (
            *(first_body + one, first_body + other, int(START.timestamp()), 0, int(Kind.RECOGNISE)),
            *(scope, bytes(32), bytes(32), "https://agreements.example"),
        )
        contract.send(accounts[first_body + one], Calls.recognise_data(terms))


def _anchor(
    contract: Registry,
    store: BatchStore,
    data: DataFolder,
    random: Random,
    issuer: int,
    digests: list[bytes],
    moment: datetime,
    operator: str | None = None,
) -> None:
    """Seal and anchor one batch, as the operator's daemon notes it down."""
    with Tree.build(digests) as tree:
        tree.write(data.tree_path(tree.id))
        leaves = (Leaf(digest, at, 4, "list", at + 1) for at, digest in enumerate(tree.leaves()))
        sealed = moment - timedelta(seconds=random.randint(20, 400))
        row = store.add(issuer, tree.root, tree.leaf_count, leaves, sealed_at=int(sealed.timestamp()))
    anchor = Calls.anchor_data(issuer, row.root, row.leaf_count)
    receipt = contract.send(operator or contract.accounts[issuer], anchor, at=moment)
    sequence = sum(each.issuer == issuer for each in contract.batches) + 1
    made = AnchoredBatch(
        issuer,
        row.root,
        row.leaf_count,
        contract.time,
        int(receipt["blockNumber"], 16),
        sequence,
        bytes.fromhex(receipt["transactionHash"][2:]),
    )
    contract.batches.append(made)
    mined = int(contract.time.timestamp())
    with data.engine.begin() as connection:
        connection.execute(
            update(batch)
            .where(batch.c.id == row.id)
            .values(
                state=BatchState.FINAL,
                sequence=sequence,
                transaction_hash=made.transaction,
                block_number=made.block_number,
                block_hash=bytes.fromhex(receipt["blockHash"][2:]),
                block_time=mined,
                mined_at=mined + random.randint(1, 12),
                final_at=mined + random.randint(780, 960),
            )
        )


def _change_status(contract: Registry, random: Random) -> None:
    """Revoke or suspend a few credentials of some batch, lift a suspension now and then, and void a batch seldom."""
    chosen = random.choice(contract.batches)
    account, word = contract.accounts[chosen.issuer], random.randrange(-(-chosen.leaf_count // WORD))
    bits = min(WORD, chosen.leaf_count - word * WORD)
    mask = 0
    for _ in range(random.randint(1, 6)):
        mask |= 1 << random.randrange(bits)
    reader = CredentialRegistry(contract.client, contract.address)
    found = reader.batch(chosen.issuer, chosen.root)
    if found is None or found.voided_at is not None:
        return
    if random.randrange(30) == 0:
        contract.send(account, Calls.void_batch_data(chosen.issuer, chosen.root, Reason.ISSUED_IN_ERROR))
        return
    if random.randrange(5) == 0:
        (suspended,) = reader.status_words(chosen.issuer, chosen.root, Purpose.SUSPENSION, word, 1)
        if mask & ~suspended:
            data = Calls.set_status_data(
                chosen.issuer, chosen.root, Purpose.SUSPENSION, word, mask & ~suspended, Reason.UNDER_REVIEW
            )
            contract.send(account, data)
        if random.randrange(2):
            data = Calls.clear_suspension_data(chosen.issuer, chosen.root, word, mask, Reason.RESOLVED)
            contract.send(account, data)
        return
    (revoked,) = reader.status_words(chosen.issuer, chosen.root, Purpose.REVOCATION, word, 1)
    if mask & ~revoked:
        reason = random.choice(
            (Reason.ISSUED_IN_ERROR, Reason.OBTAINED_BY_FRAUD, Reason.HOLDER_REQUEST, Reason.SUPERSEDED)
        )
        contract.send(
            account,
            Calls.set_status_data(chosen.issuer, chosen.root, Purpose.REVOCATION, word, mask & ~revoked, reason),
        )


def _speak_of_digests(contract: Registry, data: DataFolder, random: Random) -> None:
    """Revoke or suspend a few credentials of some batch by their digests, and lift a suspension now and then."""
    chosen = random.choice(contract.batches)
    with Tree.open(data.tree_path(TreeId(chosen.root, chosen.leaf_count))) as tree:
        indexes = {random.randrange(tree.leaf_count) for _ in range(random.randint(1, 4))}
        digests = [tree.leaf(index) for index in sorted(indexes)]
    reader, account = CredentialRegistry(contract.client, contract.address), contract.accounts[chosen.issuer]
    said = dict(zip(digests, reader.digest_statuses(chosen.issuer, digests), strict=True))
    if random.randrange(4):
        reason = random.choice((Reason.ISSUED_IN_ERROR, Reason.OBTAINED_BY_FRAUD, Reason.HOLDER_REQUEST))
        if not all(status.is_revoked for status in said.values()):
            contract.send(account, Calls.revoke_digests_data(chosen.issuer, digests, reason))
        return
    if not all(status.is_suspended for status in said.values()):
        contract.send(account, Calls.suspend_digests_data(chosen.issuer, digests, Reason.UNDER_REVIEW))
    if random.randrange(2):
        contract.send(account, Calls.reinstate_digests_data(chosen.issuer, digests, Reason.RESOLVED))


def _index(contract: Registry, data: DataFolder) -> None:
    writer = IndexWriter(data.engine, f"eip155:{contract.client.chain_id()}", contract.address)
    Indexer(CredentialRegistry(contract.client, contract.address), writer, first_block=1).catch_up()
