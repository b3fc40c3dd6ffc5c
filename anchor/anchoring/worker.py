"""The loop of one account: hold the lease, look at the chain, seal what waits, drive all that is open one step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from anchor.anchoring.counts import Counts, states_count
from anchor.anchoring.evidence import EvidenceKeeper
from anchor.anchoring.loop_state import Status
from anchor.anchoring.statuses import StatusResolver
from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books.acts import ActRow
from anchor.books.anchoring import AnchorStore, Carried
from anchor.books.attempts import AttemptStore
from anchor.books.batches import BatchStore
from anchor.books.folder import DataFolder
from anchor.books.jobs import JobStore
from anchor.books.leases import Lease, LeaseLost
from anchor.books.on_chain import History, Pull
from anchor.books.status_jobs import StatusJobStore
from anchor.notices.notices import Notices
from anchor.sending.behind import CODE, DatabaseBehind, Knowledge
from anchor.sending.driver import Driver, Failure, Policy, is_under_way
from anchor.sending.kinds import Publish
from anchor.sending.outlook import ChainBehind, FinalityViolated, Outlook, checked
from anchor.sending.signer import Signer
from registry.chain.contract import CredentialRegistry
from registry.chain.finality import Evidence
from registry.chain.heads import age_of_head, utc_now
from registry.chain.rpc.classify import is_outage
from registry.database.engine import DatabaseError
from registry.errors import ChainUnavailable, RegistryError, WrongChain

# What an anchor costs, with a margin, for "enough for so many anchors"; contracts/gas.json has the exact figure.
ANCHOR_GAS = 65_000
OPERATORS_SECONDS = 30.0
HEAD_STUCK_SECONDS = 120.0
TICK_SECONDS = 10.0


class Worker:
    """Runs until it is asked to stop, or until what was final has changed.

    A round that fails is told and tried again: nothing is kept in memory that the next round needs.

    Args:
        operator: the account whose right to anchor counts; another than the signer's when that one only relays.
        seconds: between two rounds.
        low_anchors: tell when the balance pays for fewer anchors than this.
        head_age_seconds: the setting by which the newest block is old; 0 where its age is not judged.
        pull: brings here what others anchored for an issuer, before its jobs wait for it.
        evidence: of another block in the place of a final one; the usual amount of it.
        keeper: reads evidence of what is final; None to keep none.
    """

    def __init__(
        self,
        folder: DataFolder,
        contract: CredentialRegistry,
        signer: Signer,
        chain_id: int,
        lease: Lease,
        notices: Notices,
        status: Status,
        *,
        policy: Policy,
        queue: QueuePolicy,
        seconds: float,
        finality_depth: int | None,
        operator: str | None = None,
        low_anchors: int = 50,
        head_age_seconds: float = 0.0,
        reached: Callable[[str], None] = lambda _: None,
        anchor_call: Callable[..., bytes] | None = None,
        publish: Publish = lambda _: None,
        pull: Pull | None = None,
        evidence: Evidence | None = None,
        keeper: EvidenceKeeper | None = None,
    ):
        chain = f"eip155:{chain_id}"
        self._contract = contract
        self._chain_id = chain_id
        self._lease = lease
        self._notices = notices
        self._status = status
        self._seconds = seconds
        self._finality_depth = finality_depth
        self._operator = operator or signer.address
        self._low_anchors = low_anchors
        self._head_age_seconds = head_age_seconds
        self._evidence = evidence or Evidence()
        self._keeper = keeper
        self._store = AnchorStore(folder.engine, chain, contract.address, lease)
        self._jobs = JobStore(folder.engine, chain, contract.address)
        batches = BatchStore(folder.engine, chain, contract.address)
        # Of statuses, what is not known is not changed; only a new batch could bring something back.
        history = History(contract, batches)
        attempts = AttemptStore(folder.engine, chain, signer.address)
        self._knowledge = Knowledge(contract, batches, attempts, signer.address)
        self._sealer = Sealer(
            folder,
            self._jobs,
            batches,
            signer.address,
            notices,
            queue,
            operator=self._operator,
            history=History(contract, batches, pull=pull),
            reached=reached,
            troubles=status.troubles,
            revoked=StatusJobStore(folder.engine, chain, contract.address).revoked,
        )
        self._counts = Counts(contract, self._store, batches, signer.address)
        self._statuses = StatusResolver(folder.engine, contract, chain, lease, batches, history, notices)
        self._driver = Driver(
            contract,
            signer,
            chain_id,
            self._store,
            lease,
            notices,
            policy=policy,
            anchor_call=anchor_call,
            publish=publish,
            reached=reached,
        )
        self._stop = threading.Event()
        # Seconds for which the endpoint wants to be left alone, as it said in the last round.
        self._pause = 0.0
        self._operators: dict[tuple[int, str], tuple[bool, float]] = {}
        status.account = signer.address

    def stop(self) -> None:
        """Ask the loop to end after the step it is at."""
        self._stop.set()

    def run(self) -> None:
        """Round after round."""
        try:
            while not self._stop.is_set():
                self.round_or_say()
                if self._status.stopped is not None:
                    return
                self._wait()
        finally:
            self.end()

    def _wait(self) -> None:
        """Until the next round: as long as the endpoint wants, if that is longer; meanwhile the loop lives."""
        left = max(self._seconds, self._pause)
        while left > 0 and not self._stop.wait(min(left, TICK_SECONDS)):
            left -= TICK_SECONDS
            self._status.ticked_at = time.time()

    def end(self) -> None:
        """Give the lease back, so that another process need not wait for it to run out."""
        if self._lease.is_held:
            self._lease.release()
        self._status.lease_held = False

    def round_or_say(self) -> None:
        """One round; what goes wrong in it is told, and left to the next one."""
        status, self._pause = self._status, 0.0
        try:
            self.round()
            status.trouble, status.succeeded_at = None, time.time()
        except FinalityViolated as violation:
            status.stopped = violation.what
            self._notices.tell("finality-violated", why=violation.what)
        except LeaseLost:
            status.lease_held = False
            self._notices.tell("lease-lost", account=self._lease.address)
        except RegistryError as error:
            if isinstance(error, ChainUnavailable):
                self._pause = error.retry_after or 0.0
            self._failed(_event_of(error), error.code, error.what)
        except (DatabaseError, OSError) as error:
            # A full disk or a database that is away: what was not stored was not sent.
            self._failed("round-failed", type(error).__name__, str(error).splitlines()[0])
        finally:
            status.ticked_at = time.time()

    def round(self) -> bool:
        """One round; whether this process holds the lease.

        Raises:
            FinalityViolated: a block that was final has changed.
            LeaseLost: another process may have taken over in the middle of it.
            RegistryError: the chain or the signer could not be asked, or a job could not be sealed.
        """
        if not self._leased():
            # What waits is the matter of whoever holds it.
            self._status.troubles.found("sealing", {})
            return False
        outlook = Outlook.of(self._contract.client, self._lease.address, self._finality_depth)
        self._note(outlook)
        known = self._store.checkpoint()
        seen = checked(self._contract, self._chain_id, outlook, known, self._evidence)
        # Before the new checkpoint is stored: what is missing is looked for from the old one on.
        if self._is_behind(outlook.nonce):
            return False
        if seen != known:
            self._store.save_checkpoint(seen)
        troubles = [
            _trouble_of(lambda: self._sealer.round(self._allowed)),
            _trouble_of(lambda: self._change_statuses(outlook)),
            _trouble_of(lambda: self._counts.round(outlook.final.number)),
        ]
        self._note_failures(self._driver.round(outlook, self._may_begin))
        if self._keeper is not None:
            self._keeper.round(outlook.final)
        for trouble in troubles:
            if trouble is not None:
                raise trouble
        return True

    def _change_statuses(self, outlook: Outlook) -> None:
        """Take status jobs further once the chain shows what a command left under way: they are compared with it."""
        acts = [row for row in self._store.open() if isinstance(row, ActRow)]
        if not any(is_under_way(row) and row.nonce is not None and row.nonce >= outlook.nonce for row in acts):
            self._statuses.round(outlook, self._may_change)

    def _leased(self) -> bool:
        had = self._status.lease_held
        if had and self._lease.is_held:
            self._lease.renew()
        elif not self._lease.acquire():
            self._status.lease_held, self._status.holder_silence = False, self._lease.silence
            # Whoever has the lease looks at that.
            self._status.behind = None
            return False
        self._status.lease_held, self._status.epoch = True, self._lease.epoch
        if not had and self._status.behind is None:
            self._notices.tell("lease-taken", account=self._lease.address, epoch=self._lease.epoch)
        return True

    def _is_behind(self, nonce: int) -> bool:
        """Whether the chain knows more of the account than the database; it is told, and the lease given back.

        Whoever brings the database up to date needs the lease.
        """
        status = self._status
        try:
            self._knowledge.refuse_behind(nonce)
        except DatabaseBehind as error:
            if status.behind is None:
                self._notices.tell(CODE, account=self._lease.address, batches=len(error.batches), why=error.what)
            status.behind = error.what
            self.end()
            return True
        status.behind = None
        return False

    def _note(self, outlook: Outlook) -> None:
        status, moment = self._status, time.time()
        if status.head != outlook.head.number:
            status.head, status.head_at = outlook.head.number, moment
        elif status.head_at is not None and moment - status.head_at >= HEAD_STUCK_SECONDS:
            self._notices.tell("head-stuck", head=status.head, seconds=round(moment - status.head_at))
        status.head_time = outlook.head.timestamp.timestamp()
        age = age_of_head(
            self._contract.client, f"eip155:{self._chain_id}", outlook.head, self._head_age_seconds, utc_now
        )
        # A node that stopped long before this process began never changes under its eyes.
        status.head_is_stale = age.code == "head-stale"
        if status.head_is_stale:
            self._notices.tell("head-stuck", head=status.head, seconds=round(age.seconds))
        status.final = outlook.final.number
        status.balance = outlook.balance
        status.anchor_cost = ANCHOR_GAS * (outlook.fees.base_fee + outlook.fees.tip)
        left = status.anchors_left
        if left is not None and left < self._low_anchors:
            self._notices.tell("low-funds", account=self._lease.address, balance=str(outlook.balance), anchors=left)

    def _note_failures(self, failures: Sequence[Failure]) -> None:
        before, now = self._status.failing, time.time()
        for one in failures:
            if before.get(one.subject, ("", 0.0))[0] != one.code:
                self._notices.tell("batch-failed", **one.about, code=one.code, why=one.why)
        self._status.failing = {one.subject: (one.code, before.get(one.subject, ("", now))[1]) for one in failures}

    def _may_begin(self, row: Carried) -> bool:
        """Whether a row gets a nonce here. An act is begun by its command alone, or never, but for a count."""
        if isinstance(row, ActRow):
            return states_count(row)
        return row.sender is not None or self._allowed(row.issuer)

    def _allowed(self, issuer: int) -> bool:
        """Whether the account may anchor for the issuer."""
        is_allowed, is_news = self._is_operator(issuer, self._operator)
        if is_news and not is_allowed:
            self._notices.tell("no-operator", issuer=issuer, account=self._operator)
        return is_allowed

    def _may_change(self, issuer: int) -> bool:
        """Whether the account may change statuses for the issuer: that has to be an operator itself, not a relay."""
        return self._is_operator(issuer, self._lease.address)[0]

    def _is_operator(self, issuer: int, account: str) -> tuple[bool, bool]:
        """Whether an account is an operator of the issuer, asked now and then; and whether it was asked now."""
        known, asked_at = self._operators.get((issuer, account), (False, 0.0))
        moment = time.monotonic()
        is_due = asked_at == 0.0 or (not known and moment - asked_at >= OPERATORS_SECONDS)
        if is_due:
            known = self._contract.is_operator(issuer, account)
            self._operators[issuer, account] = (known, moment)
        return known, is_due

    def _failed(self, event: str, code: str, why: str) -> None:
        self._status.trouble = (code, why)
        self._notices.tell(event, code=code, why=why)


def _trouble_of(step: Callable[[], object]) -> Exception | None:
    """Take a step of a round; what went wrong with it, which must not hold up what is under way."""
    try:
        step()
    except (RegistryError, DatabaseError, OSError) as error:
        is_grave = isinstance(error, WrongChain | LeaseLost)
        if is_grave or (isinstance(error, ChainUnavailable) and is_outage(error)):
            raise
        return error
    return None


def _event_of(error: RegistryError) -> str:
    match error:
        case WrongChain():
            return "wrong-chain"
        case ChainBehind():
            return "chain-behind"
    return "round-failed"
