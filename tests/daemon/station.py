"""A daemon without its threads, on a real anvil: a test calls the rounds and mines the blocks itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from anchor.daemon.driver import Policy
from anchor.daemon.notices import Notice, Notices
from anchor.daemon.sealing import QueuePolicy
from anchor.daemon.status import Status
from anchor.daemon.worker import Worker
from anchor.signer import Signer, development_signer
from registry.chain.abi import artifact
from registry.chain.client import ChainClient
from registry.chain.contract import CredentialRegistry
from registry.store.batches import BatchRow, BatchStore, Leaf
from registry.store.folder import DataFolder
from registry.store.jobs import Job, JobStore
from registry.store.leases import Lease
from tests.chain.worlds import World, anvil

LEASE_SECONDS = 30.0


class Station:
    """A chain, a data folder, and a worker that can be thrown away and made anew."""

    def __init__(self, folder: Path, url: str, *, issuers: int = 1, database: str | None = None):
        self.client = ChainClient.connect(url)
        self.world = World("anvil", self.client, url)
        self.path = folder
        self.database = database
        self.data = DataFolder(folder, database=database)
        address, _ = self.world.deploy(artifact().initcode)
        self.registry = CredentialRegistry(self.client, address)
        self.issuers = list(range(1, issuers + 1))
        for _ in self.issuers:
            self.world.send(address, self.registry.register_party_data("did:web:university.example", bytes(32)))
        self.chain_id = self.client.chain_id()
        self.signer: Signer = development_signer()
        self.notices: list[Notice] = []
        self.jobs = JobStore(self.data.engine, f"eip155:{self.chain_id}", address)
        self.batches = BatchStore(self.data.engine, f"eip155:{self.chain_id}", address)
        self.told = 0
        self.endpoint = self.client
        self.request("evm_setAutomine", False)

    def close(self) -> None:
        self.client.close()
        self.data.close()

    def request(self, method: str, *parameters: object) -> object:
        """Tell anvil something."""
        return self.client.request(method, list(parameters))

    def mine(self, blocks: int = 1) -> None:
        """So many blocks; anvil calls final what is two below its newest."""
        self.request("anvil_mine", hex(blocks))

    def worker(
        self,
        *,
        owner: str = "one",
        policy: Policy | None = None,
        queue: QueuePolicy | None = None,
        signer: Signer | None = None,
        client: ChainClient | None = None,
        reached: Callable[[str], None] = lambda _: None,
        status: Status | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> Worker:
        """A worker as a new process would make it."""
        using = signer or self.signer
        lease = Lease(self.data.engine, f"eip155:{self.chain_id}", using.address, owner, lease_seconds)
        return Worker(
            self.data,
            CredentialRegistry(client or self.client, self.registry.address),
            using,
            self.chain_id,
            lease,
            Notices([self.notices.append]),
            status or Status(),
            policy=policy or Policy(),
            queue=queue or QueuePolicy(),
            seconds=0.01,
            finality_depth=None,
            reached=reached,
        )

    def job(self, *names: str, issuer: int = 1, is_open: bool = False, reissue: bool = False) -> Job:
        """A job of credentials that differ by their names."""
        made, _ = self.jobs.begin(issuer, "command", is_open=is_open, reissue=reissue)
        leaves = [Leaf(sha256(name.encode()).digest(), at, 0, name, 0) for at, name in enumerate(names)]
        return self.jobs.accept(made.id, leaves, [])

    def batch(self, job: Job) -> BatchRow:
        """The batch of a job, as the database has it now."""
        number = self.again(job).batch
        found = None if number is None else self.batches.by_id(number)
        assert found is not None, f"job {job.id} is not sealed"
        return found

    def again(self, job: Job) -> Job:
        """The job as it is now."""
        found = self.jobs.get(job.id)
        assert found is not None
        return found

    @property
    def nonce(self) -> int:
        """How many transactions of the account are mined."""
        return self.client.nonce(self.signer.address)

    def events(self, name: str) -> list[Notice]:
        """What was told under that name."""
        return [notice for notice in self.notices if notice.event == name]

    def to_the_end(self, worker: Worker, *jobs: Job, rounds: int = 20) -> None:
        """Rounds and blocks until all jobs are final."""
        for _ in range(rounds):
            worker.round()
            if all(self.again(job).batch is not None and self.batch(job).state == "final" for job in jobs):
                return
            self.mine()
        states = [self.again(job).batch and self.batch(job) for job in jobs]
        raise AssertionError(f"not final after {rounds} rounds: {states}")


@contextmanager
def station(folder: Path, *options: str, issuers: int = 1, database: str | None = None) -> Iterator[Station]:
    """A station on an anvil of its own."""
    with anvil("--slots-in-an-epoch", "1", *options) as url:
        made = Station(folder, url, issuers=issuers, database=database)
        try:
            yield made
        finally:
            made.close()
