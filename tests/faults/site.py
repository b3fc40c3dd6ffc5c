"""A daemon without its threads: a test calls its rounds, mines the blocks, and breaks what lies between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Literal

from eth_account import Account
from sqlalchemy import update

from anchor.anchoring.evidence import EvidenceKeeper
from anchor.anchoring.loop_state import Status
from anchor.anchoring.worker import Worker
from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books.anchoring import AnchorStore, BatchEvent, history
from anchor.books.attempts import AttemptStore
from anchor.books.batches import BatchRow, BatchStore, Leaf
from anchor.books.folder import DataFolder
from anchor.books.jobs import Job, JobStore
from anchor.books.leases import Lease, command_lease
from anchor.books.on_chain import UnknownBatch
from anchor.books.tables import BatchState
from anchor.books.tables import batch as batch_table
from anchor.notices.notices import Notice, Notices
from anchor.restoring.pulling import Puller
from anchor.sending.behind import Knowledge
from anchor.sending.driver import Policy, policy_of
from anchor.sending.engine import Engine
from anchor.sending.outlook import FinalityViolated
from anchor.sending.signer import KeySigner, Signer
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.finality import Evidence
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.connect import connect
from registry.errors import RegistryError, WrongChain
from tests.faults.harness import Chain, Proof, chain, common_proof
from tests.faults.proxy import FaultProxy

Door = Literal["daemon", "command"]
# What ships; a test names what it wants otherwise, and the comment there says why.
SHIPPED = Settings()
REQUEST_SECONDS = 1.0


class Site:
    """A chain behind a proxy, a database, and workers that can be thrown away and made anew.

    Args:
        database: URL; default: SQLite in the folder.
        door: by which jobs are anchored.
    """

    def __init__(self, folder: Path, chain: Chain, proxy: FaultProxy, database: str | None, door: Door):
        self.door = door
        self.chain = chain
        self.proxy = proxy
        self.data = DataFolder(folder, database=database)
        self._database = database
        self.signer = KeySigner(Account.from_key(chain.daemon_key))
        self.notices: list[Notice] = []
        self.client = connect(proxy.url, timeout=REQUEST_SECONDS)
        self.contract = CredentialRegistry(self.client, chain.contract.address)
        self._name = f"eip155:{chain.deployment.chain_id}"
        self.jobs = JobStore(self.data.engine, self._name, self.contract.address)
        self.batches = BatchStore(self.data.engine, self._name, self.contract.address)
        self._made: list[Job] = []

    def close(self) -> None:
        self.client.close()
        self.data.close()

    def worker(
        self,
        *,
        owner: str = "one",
        policy: Policy | None = None,
        queue: QueuePolicy | None = None,
        signer: Signer | None = None,
        operator: str | None = None,
        anchor_call: Callable[[BatchRow], bytes] | None = None,
        publish: Callable[[BatchRow], None] = lambda _: None,
        client: ChainClient | None = None,
        reached: Callable[[str], None] = lambda _: None,
        status: Status | None = None,
        lease_seconds: float = SHIPPED.lease_seconds,
        evidence: Evidence | None = None,
        keeper: EvidenceKeeper | None = None,
    ) -> Worker | Command:
        """A worker as a new process would make it; where the door is `command`, what does the same as commands do."""
        if self.door == "command":
            return Command(self, self.command(1.0, policy=policy, evidence=evidence), status or Status())
        using = signer or self.signer
        contract = self.contract if client is None else CredentialRegistry(client, self.contract.address)
        return Worker(
            self.data,
            contract,
            using,
            self.chain.deployment.chain_id,
            Lease(self.data.engine, self._name, using.address, owner, lease_seconds),
            Notices([self.notices.append]),
            status or Status(),
            policy=policy or policy_of(SHIPPED),
            queue=queue or QueuePolicy(SHIPPED.queue_credentials, SHIPPED.queue_seconds),
            # Tests call the rounds themselves; none waits for this.
            seconds=SHIPPED.daemon_seconds,
            finality_depth=SHIPPED.finality_depth,
            low_anchors=SHIPPED.low_anchors,
            operator=operator,
            anchor_call=anchor_call,
            publish=publish,
            pull=self.pull,
            reached=reached,
            evidence=evidence,
            keeper=keeper,
        )

    def pull(self, issuer: int, unknown: Sequence[UnknownBatch]) -> list[UnknownBatch]:
        """Takes over what others anchored, as the daemon does, past the proxy."""
        settings = Settings(data_folder=self.data.path, database=self._database, chain=self.chain.url)
        with Workspace(settings.model_copy(update={"contract": self.contract.address})) as workspace:
            return Puller(workspace)(issuer, unknown)

    def command(self, timeout: float, *, policy: Policy | None = None, evidence: Evidence | None = None) -> Engine:
        """What a command sends with, as a new process would make it."""
        lease = command_lease(self.data.engine, self._name, self.signer.address)
        attempts = AttemptStore(self.data.engine, self._name, self.signer.address)
        return Engine(
            self.contract,
            self.signer,
            self.chain.deployment.chain_id,
            AnchorStore(self.data.engine, self._name, self.contract.address, lease),
            lease,
            self.data.path / "lock",
            timeout,
            policy=policy or policy_of(SHIPPED),
            finality_depth=SHIPPED.finality_depth,
            knowledge=Knowledge(self.contract, self.batches, attempts, self.signer.address),
            notices=Notices([self.notices.append]),
            evidence=evidence,
        )

    def job(
        self,
        *names: str,
        issuer: int = 1,
        is_open: bool = False,
        reissue: bool = False,
        without_history: bool = False,
        bare: bool = False,
    ) -> Job:
        """A job of credentials that differ by their names."""
        wanted = {"is_open": is_open, "reissue": reissue, "without_history": without_history, "bare": bare}
        made, _ = self.jobs.begin(issuer, "command", **wanted)
        leaves = [Leaf(sha256(name.encode()).digest(), at, 0, name, 0) for at, name in enumerate(names)]
        self._made.append(made)
        return self.jobs.accept(made.id, leaves, [])

    def again(self, job: Job) -> Job:
        """The job as it is now."""
        found = self.jobs.get(job.id)
        assert found is not None
        return found

    def batch(self, job: Job) -> BatchRow:
        """The batch of a job, as the database has it now."""
        number = self.again(job).batch
        found = None if number is None else self.batches.by_id(number)
        assert found is not None, f"job {job.id} is not sealed"
        return found

    def unpark(self, job: Job) -> None:
        """A person says that it may go on."""
        values = {"parked_code": None, "parked_why": None, "state": BatchState.SEALED}
        self._set(job, **values)

    def cancel(self, job: Job) -> None:
        """A person does not want it anchored."""
        self._set(job, cancel_requested=1)

    def _set(self, job: Job, **values: object) -> None:
        with self.data.engine.begin() as connection:
            connection.execute(update(batch_table).where(batch_table.c.id == self.batch(job).id).values(**values))

    def history(self, job: Job) -> Sequence[BatchEvent]:
        """What happened to the batch of a job."""
        return history(self.data.engine, self.batch(job).id)

    def events(self, name: str) -> list[Notice]:
        """What was told under that name."""
        return [notice for notice in self.notices if notice.event == name]

    @property
    def nonce(self) -> int:
        """How many transactions of the daemon's account are mined."""
        return self.chain.client.nonce(self.signer.address)

    def is_final(self, job: Job) -> bool:
        """Whether the job's batch is final."""
        return self.again(job).batch is not None and self.batch(job).state == "final"

    def rounds(self, worker: Worker | Command, count: int = 1, *, mine: bool = True) -> None:
        """So many rounds, failing ones among them, each followed by a block."""
        for _ in range(count):
            worker.round_or_say()
            if mine:
                self.chain.mine()

    def to_the_end(self, worker: Worker | Command, *jobs: Job, rounds: int = 25) -> None:
        """Rounds and blocks until all jobs are final."""
        for _ in range(rounds):
            self.rounds(worker)
            if all(map(self.is_final, jobs)):
                return
        states = [self.again(job).batch and self.batch(job) for job in jobs]
        raise AssertionError(f"not final after {rounds} rounds: {states}; {self.notices[-5:]}")

    def prove(self, **explained: int) -> Proof:
        """The common proof about every job that was made here."""
        rows = list({row.id: row for row in map(self.batch, self._made)}.values())
        roots = {issuer: [row.root for row in rows if row.issuer == issuer] for issuer in self.chain.issuers}
        return common_proof(self.chain, self.signer.address, roots, jobs=rows, **explained)


class Command:
    """What is asked for is given to a command again and again; of each, one round is seen.

    Args:
        engine: what the command sends with.
        status: told when what was final has changed.
    """

    def __init__(self, here: Site, engine: Engine, status: Status):
        self._here = here
        self._engine = engine
        self._status = status
        queue = QueuePolicy(SHIPPED.queue_credentials, SHIPPED.queue_seconds)
        self._sealer = Sealer(here.data, here.jobs, here.batches, here.signer.address, Notices(), queue)

    def round(self) -> bool:
        """Seal what is there, and take everything one step further."""
        self._sealer.round(lambda _: True)
        return self._engine.round([row for row in self._here.batches.unfinished() if not row.is_put_aside])

    def round_or_say(self) -> None:
        """As `round`; what a person would be told stands among the notices."""
        told = Notices([self._here.notices.append])
        try:
            self.round()
        except FinalityViolated as violation:
            self._status.stopped = violation.what
            told.tell("finality-violated", why=violation.what)
        except WrongChain as error:
            told.tell("wrong-chain", code=error.code, why=error.what)
        except RegistryError as error:
            told.tell("round-failed", code=error.code, why=error.what)

    def run(self) -> None:
        """Until what was final has changed."""
        while self._status.stopped is None:
            self.round_or_say()

    def end(self) -> None:
        """Between two rounds a command of this kind holds nothing."""


@contextmanager
def site(folder: Path, *, issuers: int = 1, database: str | None = None, door: Door = "daemon") -> Iterator[Site]:
    """A site with a node and a proxy of its own."""
    with chain(issuers=issuers) as node, FaultProxy(node.url) as proxy:
        made = Site(folder, node, proxy, database, door)
        try:
            yield made
        finally:
            made.close()
