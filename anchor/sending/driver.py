"""Drives the transactions of one account to finality, one look at the chain at a time.

Every step can be repeated: what a step did is in the database or on the chain, and the next step begins from there.
Recovery after a crash is nothing but the next round. Bytes are stored before they are sent; a batch keeps its nonce
as long as any attempt with it can still land; success is the event in a block, never the answer to a request.

What carries a transaction is a row: a batch, a deed of status jobs, or an act of a command. `kinds` knows what is
different between them. Daemon and commands drive the same way; a command is in more of a hurry (`Policy.eager`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from anchor.books.acts import ActRow
from anchor.books.anchoring import AnchorStore, Carried, R, Withdrawn, off_the_chain
from anchor.books.attempts import Attempt
from anchor.books.batches import BatchRow
from anchor.books.deeds import DeedRow
from anchor.books.leases import Lease, LeaseLost
from anchor.books.tables import ANCHORED_STATES, BatchState
from anchor.notices.notices import Notices
from anchor.sending.fees import Offer, bumped, ceiling_of, dearest, first_offer, in_place_of, is_hopeless, too_dear
from anchor.sending.kinds import BARE_ROOTS_OFF, ActKind, AnchorCall, BatchKind, DeedKind, Facts, Kind, Publish
from anchor.sending.line import Line, transfer_of_nothing
from anchor.sending.outlook import Outlook
from anchor.sending.refusals import Refusals
from anchor.sending.signed import TRANSFER_GAS, terms_of
from anchor.settings import Settings
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.classify import SendOutcome, classify, is_outage
from registry.chain.rpc.client import ChainClient, MinedTransaction
from registry.database.engine import ROW_REFUSED
from registry.errors import (
    ChainError,
    ChainUnavailable,
    ContractReverted,
    RegistryError,
    SignerError,
    StoreError,
    WrongChain,
)

if TYPE_CHECKING:
    from anchor.sending.signer import Signer

GAS_MARGIN_PERCENT = 20

POINTS: Final = (
    "sealed",
    "reserved",
    "signed",
    "before-send",
    "sent",
    "replaced",
    "mined",
    "reorganised",
    "final",
)
"""Where `reached` is called: the boundaries between states, at which a process may be killed."""

# What goes away by itself, so that no person is needed: funds come, fees fall, the signer or the tree store is back.
PASSING: Final = frozenset(
    {
        "no-funds",
        "fee-ceiling",
        "signer-unavailable",
        "not-operator",
        "not-controller",
        "trees-unavailable",
        BARE_ROOTS_OFF,
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """How the driver sends.

    Attributes:
        fee_ceiling: wei per gas that are never exceeded; None for no limit.
        bump_blocks: blocks since the first send after which the next transaction in line gets a higher fee.
        republish_blocks: blocks since the last send after which the same bytes are sent again.
        most_in_flight: transactions that are sent and not mined at one time.
        eager: somebody waits for it. What is under way is sent again when this process first sees it; what the fees of
            now keep from being mined, or the endpoint finds too cheap, is raised at once, and gaps are filled at once.
    """

    fee_ceiling: int | None = None
    bump_blocks: int = 3
    republish_blocks: int = 2
    most_in_flight: int = 64
    eager: bool = False


def policy_of(settings: Settings) -> Policy:
    """How the settings want transactions to be sent."""
    return Policy(
        fee_ceiling=ceiling_of(settings.fee_ceiling_gwei),
        bump_blocks=settings.bump_blocks,
        republish_blocks=settings.republish_blocks,
        most_in_flight=settings.most_in_flight,
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be taken further in a round, and why.

    Attributes:
        about: as notices say what it is about.
    """

    row: Carried
    error: Exception
    about: Facts

    @property
    def subject(self) -> str:
        """The root that it is about; of an act, its purpose."""
        return str(self.about.get("root", self.about.get("purpose")))

    @property
    def code(self) -> str:
        """A stable word."""
        return self.error.code if isinstance(self.error, RegistryError) else type(self.error).__name__

    @property
    def why(self) -> str:
        """The first line of the reason."""
        words = self.error.what if isinstance(self.error, RegistryError) else str(self.error)
        return words.splitlines()[0] if words else self.code


class Driver:
    """The state machine of one account's batches and deeds.

    Args:
        anchor_call: the data of the transaction that anchors a batch.
        publish: brings a batch's tree to where it is served from, before the batch gets a nonce.
        reached: told at each of `POINTS`.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        signer: Signer,
        chain_id: int,
        store: AnchorStore,
        lease: Lease,
        notices: Notices,
        *,
        policy: Policy,
        anchor_call: AnchorCall | None = None,
        publish: Publish = lambda _: None,
        reached: Callable[[str], None] = lambda _: None,
    ):
        self._contract = contract
        self._client: ChainClient = contract.client
        self._signer = signer
        self._chain_id = chain_id
        self._store = store
        self._lease = lease
        self._notices = notices
        self._policy = policy
        self._batches: Kind[Any] = BatchKind(contract, signer.address, anchor_call, publish)
        self._kinds: dict[type, Kind[Any]] = {BatchRow: self._batches, DeedRow: DeedKind(contract), ActRow: ActKind()}
        self._refusals = Refusals(self._client, signer.address, policy.fee_ceiling)
        self._reached = reached
        self._line = Line(
            self._client,
            signer,
            chain_id,
            store,
            lease,
            ceiling=policy.fee_ceiling,
            bump_blocks=policy.bump_blocks,
            patience=0 if policy.eager else policy.republish_blocks,
        )
        # Attempts that the endpoint did not want at their price, and its words.
        self._too_cheap: dict[int, str] = {}
        # Attempts that this process has sent, and the account's next nonce at that time.
        self._sent: dict[int, int] = {}
        # What a person who waits has to know of rows that the last round did not take further.
        self._why: dict[tuple[type, int], tuple[Carried, RegistryError]] = {}
        self._landed_now: dict[bytes, MinedTransaction] = {}
        # Nonces that others have used, and the block, by number and hash, in whose state that was seen first.
        self._used: dict[int, tuple[int, bytes]] = {}

    def why(self, row: Carried) -> RegistryError | None:
        """Why the last round did not take a row further, in the words of a command."""
        found = self._why.get((type(row), row.id))
        return None if found is None else found[1]

    def landed(self, transaction_hash: bytes) -> MinedTransaction | None:
        """What the last round saw to be in a block for the first time."""
        return self._landed_now.get(transaction_hash)

    def stopped(self) -> list[tuple[Carried, RegistryError]]:
        """The rows that the last round did not take further for a reason that a person has to know."""
        return list(self._why.values())

    def round(self, outlook: Outlook, may_begin: Callable[[Carried], bool]) -> list[Failure]:
        """Take each row one step further; those that could not be, each for a reason of its own.

        Args:
            may_begin: whether a row that has no nonce is to get one.

        Raises:
            LeaseLost: another process may have taken over.
            WrongChain: the contract is not there.
            ChainUnavailable: no answer to anything; the rows after that one were not looked at.
        """
        rows = self._store.open()
        in_flight = sum(row.nonce is not None and row.state not in ANCHORED_STATES for row in rows)
        failures, self._why, self._landed_now = [], {}, {}
        for row in rows:
            try:
                if row.state in ANCHORED_STATES:
                    self._settle(row, outlook)
                elif row.nonce is not None:
                    self._watch(row, outlook)
                elif in_flight < self._policy.most_in_flight and may_begin(row):
                    in_flight += self._begin(row, outlook)
            except (LeaseLost, WrongChain):
                raise
            except Withdrawn:
                # A person was faster; nothing was signed.
                continue
            except (RegistryError, ValueError, *ROW_REFUSED) as error:
                if isinstance(error, ChainUnavailable) and is_outage(error):
                    raise
                failures.append(Failure(row, error, self._kind(row).facts(row)))
        self._line.keep(
            [row.nonce for row in rows if row.nonce is not None],
            [row.nonce for row in rows if row.nonce is not None and waits_for_a_person(row)],
            outlook,
        )
        return failures

    # Without a nonce

    def _begin(self, row: Carried, outlook: Outlook) -> bool:
        """Give a sealed batch or a deed a nonce and send it; whether a transaction is under way."""
        kind = self._kind(row)
        if row.cancel_requested:
            if not self._done_already(row, outlook):
                self._tell(self._store.cancelled(row, "cancelled before anything was sent"))
            return False
        if waits_for_a_person(row):
            # What was sent before it was put aside may have landed.
            self._done_already(row, outlook)
            return False
        offer = first_offer(outlook.fees, self._policy.fee_ceiling)
        if offer is None:
            return self._park_too_dear(row, outlook)
        if self._done_already(row, outlook):
            return False
        try:
            kind.prepare(row)
            call = kind.call(row)
            gas = self._estimate(row, call)
        except (SignerError, StoreError) as error:
            return self._park(row, error.code, error)
        except ContractReverted as refusal:
            if refusal.error in kind.moot:
                self._tell(self._store.cancelled(row, refusal.what))
                return False
            return self._park(row, kind.refusals.get(refusal.error, "reverted"), refusal)
        if outlook.balance < gas * offer.max_fee:
            why = f"{gas * offer.max_fee} wei are needed, {outlook.balance} are there"
            return self._park(row, "no-funds", self._refusals.not_taken(f"too little funds: {why}"), why)
        row = self._tell(self._store.reserve(_unparked(row), outlook.nonce))
        self._reached("reserved")
        return self._attempt(row, outlook, offer, gas, call)

    def _estimate(self, row: Carried, call: bytes) -> int:
        """The gas that is allowed for: the state in which it is mined may need a little more than the one of now."""
        to = self._kind(row).recipient(row)
        gas = self._client.estimate_gas(sender=self._lease.address, to=to, call_data=call)
        return gas * (100 + GAS_MARGIN_PERCENT) // 100

    def _attempt(self, row: Carried, outlook: Outlook, offer: Offer, gas: int, call: bytes) -> bool:
        """Sign, store and send the first attempt with the row's nonce."""
        try:
            row, attempt = self._signed(row, offer, gas, call, BatchState.SIGNED)
        except SignerError as error:
            self._store.unreserve(row)
            return self._park(self._store.again(row), error.code, error)
        self._tell(row)
        self._reached("signed")
        self._send(row, attempt, outlook)
        return True

    def _signed(
        self, row: Carried, offer: Offer, gas: int, call: bytes | None, state: BatchState
    ) -> tuple[Carried, Attempt]:
        """A stored attempt with the row's nonce; without a call it sends nothing to ourselves."""
        self._lease.check()
        transaction = transfer_of_nothing(self._chain_id, self._lease.address, self._nonce_of(row), offer)
        if call is not None:
            transaction |= {"to": self._kind(row).recipient(row), "data": call, "gas": gas}
        signed, kind = self._signer.sign(transaction), self._kind(row)
        return self._store.add_attempt(
            row,
            purpose=kind.cancel_purpose(row) if call is None else kind.purpose(row),
            transaction_hash=signed.hash,
            raw=signed.raw,
            gas=gas,
            max_fee=offer.max_fee,
            tip=offer.tip,
            state=state,
        )

    # With a nonce

    def _watch(self, row: Carried, outlook: Outlook) -> None:
        """Look what became of all attempts with the row's nonce; send again what is not in a block."""
        attempts = self._store.attempts(self._nonce_of(row))
        for attempt in attempts:
            mined = self._client.mined(attempt.hash)
            if mined is not None and outlook.is_canonical(mined.block_number, mined.block_hash):
                return self._landed(row, attempt, mined, outlook)
        if outlook.nonce > self._nonce_of(row):
            return self._overtaken(row, outlook)
        if row.state is BatchState.PARKED and not row.cancel_requested and not self._passed(row, attempts, outlook):
            return None
        mine = [one for one in attempts if not one.settled and terms_of(one.raw).can_be_mined]
        return self._push(row, mine, outlook) if mine else self._resign(row, outlook)

    @staticmethod
    def _passed(row: Carried, attempts: list[Attempt], outlook: Outlook) -> bool:
        """Whether what a parked batch waits for may have come."""
        if not attempts:
            return row.parked_code in PASSING
        terms = terms_of(attempts[-1].raw)
        if row.parked_code == "no-funds":
            return outlook.balance >= terms.gas * terms.offer.max_fee
        # An earlier program signed some without gas; that they were refused says nothing about the batch.
        return row.parked_code in PASSING or (row.parked_code == "refused" and not terms.can_be_mined)

    def _landed(self, row: Carried, attempt: Attempt, mined: MinedTransaction, outlook: Outlook) -> None:
        """One of the attempts is in a block of the chain."""
        is_final, kind = mined.block_number <= outlook.final.number, self._kind(row)
        if attempt.purpose == kind.cancel_purpose(row):
            if is_final and not self._done_already(row, outlook):
                self._tell(self._store.cancelled(row, f"0x{mined.hash.hex()} has its nonce instead"))
            return
        if attempt.purpose != kind.purpose(row):
            if is_final and not self._done_already(row, outlook):
                why = f"nonce {row.nonce} was taken by {attempt.purpose!r}"
                self._tell(self._store.lose_nonce(row, why, to=(mined.hash, mined.succeeded)))
            return
        effect = kind.effect(row, self._contract.decode_events(mined.logs))
        if mined.succeeded and effect is not None:
            # The event in a block of the chain is enough; the state of that block may be gone from the node.
            self._mined(row, mined, effect, outlook)
            return
        if self._done_already(row, outlook):
            return
        self._explain(row, self._refusals.without_effect())
        if not is_final:
            return
        # It is final that this nonce was spent for nothing.
        row = self._store.lose_nonce(row, f"0x{mined.hash.hex()} had no effect")
        if row.state is not BatchState.CANCELLED:
            why = "the contract refused the transaction when it was mined"
            self._park(row, "reverted", self._refusals.without_effect(), why)

    def _mined(self, row: Carried, mined: MinedTransaction, effect: dict[str, Any], outlook: Outlook) -> None:
        block = outlook.block(mined.block_number)
        found = replace(
            _unparked(row),
            state=BatchState.MINED,
            transaction_hash=mined.hash,
            block_number=mined.block_number,
            block_hash=mined.block_hash,
            block_time=None if block is None else int(block.timestamp.timestamp()),
            mined_at=int(time.time()),
            **effect,
        )
        cost = (mined.hash, mined.gas_used * mined.effective_gas_price)
        changed = self._store.change(found, f"block {mined.block_number}", cost=cost)
        self._landed_now[mined.hash] = mined
        self._tell(changed)
        self._reached("mined")
        self._settle(changed, outlook)

    def _overtaken(self, row: Carried, outlook: Outlook) -> None:
        """A transaction that is none of the attempts has the nonce, or the endpoint does not show ours yet."""
        if self._done_already(row, outlook) or not self._is_used_for_good(self._nonce_of(row), outlook):
            return
        # By its number: a node that is behind has no answer then, instead of an old one.
        if not isinstance(row, BatchRow) or self._contract.batch(row.issuer, row.root, at=outlook.head.number) is None:
            facts = self._kind(row).facts(row)
            self._notices.tell("nonce-lost", **facts, account=self._lease.address, nonce=row.nonce)
            self._tell(self._store.lose_nonce(row, f"another transaction has nonce {row.nonce} in a final block"))

    def _is_used_for_good(self, nonce: int, outlook: Outlook) -> bool:
        """Whether a final block has a transaction of the account with that nonce.

        The state of the final block may be gone from the node. So the newest block is asked, and then waited for.
        """
        seen = self._used.get(nonce)
        if seen is not None and outlook.is_canonical(*seen):
            return seen[0] <= outlook.final.number
        head = outlook.head
        if self._client.nonce(self._lease.address, at=head.number) > nonce:
            self._used[nonce] = (head.number, head.hash)
        return False

    def _resign(self, row: Carried, outlook: Outlook) -> None:
        """The nonce is reserved and nothing was stored: the process ended in between, or the signer was away."""
        if row.cancel_requested:
            # Later nonces would wait for this one for ever.
            self._cancel(row, [], outlook)
            return
        offer = first_offer(outlook.fees, self._policy.fee_ceiling)
        if offer is None:
            self._park_too_dear(row, outlook)
            return
        try:
            call = self._kind(row).call(row)
            gas = self._estimate(row, call)
        except SignerError as error:
            self._park(row, error.code, error)
            return
        except ContractReverted:
            # Nobody can do it any more; its nonce has to be used all the same.
            self._cancel(row, [], outlook)
            return
        self._attempt(_unparked(row), outlook, offer, gas, call)

    def _push(self, row: Carried, attempts: list[Attempt], outlook: Outlook) -> None:
        """Send the newest attempt, send it again, or put one with a higher fee in its place."""
        last = attempts[-1]
        is_cancel = last.purpose == self._kind(row).cancel_purpose(row)
        if row.cancel_requested and not is_cancel:
            self._cancel(row, attempts, outlook)
            return
        head = outlook.head.number
        waited = 0 if last.first_sent_block is None else head - last.first_sent_block
        silent = 0 if last.sent_block is None else head - last.sent_block
        is_unsent = last.sends == 0 or row.state in (BatchState.SIGNED, BatchState.REORGED, BatchState.PARKED)
        overdue = waited >= self._policy.bump_blocks and self._nonce_of(row) == outlook.nonce
        if self._policy.eager and self._is_too_cheap(last, outlook) and self._outbid(row, attempts, outlook):
            return
        if is_unsent or (self._policy.eager and self._is_news(last, outlook)):
            self._send(row, last, outlook)
        elif overdue and self._bump(row, attempts, outlook):
            return
        elif silent >= self._policy.republish_blocks:
            self._send(row, last, outlook)

    def _is_news(self, last: Attempt, outlook: Outlook) -> bool:
        """Whether the endpoint was not given it by this process, or not since it is the next in line.

        What no pool keeps, such as that of the practice chain, is lost while an earlier nonce is not used.
        """
        sent = self._sent.get(last.id)
        return sent is None or sent < last.nonce == outlook.nonce

    def _outbid(self, row: Carried, attempts: list[Attempt], outlook: Outlook) -> bool:
        """Raise it at once; where that would be more than may be paid, whoever waits is told."""
        if self._bump(row, attempts, outlook):
            return True
        held = "What was signed before is sent and waits for lower fees"
        if attempts[-1].id in self._too_cheap:
            held = f"The endpoint says: {self._too_cheap[attempts[-1].id]}. The transaction is stored"
        self._explain(row, self._refusals.too_dear(outlook.fees, held))
        return False

    def _is_too_cheap(self, last: Attempt, outlook: Outlook) -> bool:
        """Whether no block takes it at the fees of now, or the endpoint did not want it at its price."""
        return last.id in self._too_cheap or is_hopeless(terms_of(last.raw).offer, outlook.fees)

    def _bump(self, row: Carried, attempts: list[Attempt], outlook: Outlook) -> bool:
        """Put an attempt with a higher fee beside the others; whether the ceiling allows it."""
        last = attempts[-1]
        is_cancel = last.purpose == self._kind(row).cancel_purpose(row)
        offer = self._instead(row, attempts, outlook) if is_cancel else self._raised(row, attempts, outlook)
        if offer is None:
            return False
        try:
            call = None if is_cancel else self._kind(row).call(row)
            row, attempt = self._signed(row, offer, terms_of(last.raw).gas, call, BatchState.REPLACING)
        except SignerError:
            # What was sent stands.
            return False
        self._tell(row)
        self._reached("replaced")
        self._send(row, attempt, outlook)
        return True

    def _cancel(self, row: Carried, attempts: list[Attempt], outlook: Outlook) -> None:
        """Use the nonce for a transfer of nothing to ourselves, so that no later one waits for it."""
        offer = self._instead(row, attempts, outlook)
        if offer is None:
            return
        try:
            row, attempt = self._signed(_unparked(row), offer, TRANSFER_GAS, None, BatchState.REPLACING)
        except SignerError as error:
            self._park(row, error.code, error)
            return
        self._tell(row)
        self._reached("replaced")
        self._send(row, attempt, outlook)

    def _raised(self, row: Carried, attempts: list[Attempt], outlook: Outlook) -> Offer | None:
        """An offer that outbids all attempts; None, and it is told, when the ceiling forbids it."""
        too_cheap = attempts[-1].id in self._too_cheap
        offer = bumped(dearest(_offers(attempts)), outlook.fees, self._policy.fee_ceiling, too_cheap=too_cheap)
        if offer is None:
            self._tell_too_dear(row, attempts)
        return offer

    def _instead(self, row: Carried, attempts: list[Attempt], outlook: Outlook) -> Offer | None:
        """An offer for what takes the nonce from the attempts; None, and it is told, when the ceiling forbids it."""
        own = [one for one in attempts if one.purpose == self._kind(row).cancel_purpose(row)]
        unwanted = [one for one in attempts if one not in own]
        too_cheap = bool(own) and own[-1].id in self._too_cheap
        fees, ceiling = outlook.fees, self._policy.fee_ceiling
        offer = in_place_of(_offers(unwanted), list(_offers(own)), fees, ceiling, too_cheap=too_cheap)
        if offer is None:
            self._tell_too_dear(row, attempts)
        return offer

    def _tell_too_dear(self, row: Carried, attempts: list[Attempt]) -> None:
        before = dearest(_offers(attempts))
        facts = self._kind(row).facts(row)
        self._notices.tell("fee-ceiling", **facts, nonce=row.nonce, max_fee=str(before.max_fee))

    # Sending

    def _send(self, row: Carried, attempt: Attempt, outlook: Outlook) -> None:
        """Send stored bytes. What the endpoint answers decides about the next try, never about success."""
        self._store.sent(attempt, outlook.head.number)
        self._sent[attempt.id] = outlook.nonce
        self._reached("before-send")
        self._lease.check()
        try:
            self._client.send_raw(attempt.raw)
            outcome, words = SendOutcome.ACCEPTED, ""
        except ChainUnavailable as error:
            outcome, words = classify(error), error.what
        self._reached("sent")
        if outcome is SendOutcome.NO_FUNDS:
            self._park(row, "no-funds", self._refusals.not_taken(words), words)
        elif outcome is SendOutcome.REFUSED:
            self._refused(row, attempt, words)
        elif outcome in (SendOutcome.UNDERPRICED, SendOutcome.FEE_TOO_LOW):
            # It is stored with when it was sent: the next one costs more.
            self._too_cheap[attempt.id] = words
            self._broadcast(row, f"the endpoint wants a higher fee: {words}")
            if self._policy.eager:
                mine = [one for one in self._store.attempts(attempt.nonce) if not one.settled]
                self._outbid(self._store.again(row), mine, outlook)
        elif outcome is not SendOutcome.BUSY:
            self._broadcast(row, f"0x{attempt.hash.hex()} was sent at block {outlook.head.number}")

    def _refused(self, row: Carried, attempt: Attempt, words: str) -> None:
        """The endpoint says that these bytes can never be mined, whatever they pay.

        Of an act nothing is kept, if that is possible: its command says what to do. All else waits for a person.
        """
        if isinstance(row, ActRow) and len(self._store.attempts(attempt.nonce)) == 1:
            self._store.unreserve(row)
            row = self._store.again(row)
        self._park(row, "refused", self._refusals.never_taken(words), words)

    def _broadcast(self, row: Carried, detail: str) -> None:
        if row.state not in (BatchState.BROADCAST, BatchState.REPLACING):
            self._tell(self._store.change(replace(_unparked(row), state=BatchState.BROADCAST), detail))

    # In a block

    def _settle(self, row: Carried, outlook: Outlook) -> None:
        """Follow a mined row to finality, or take it up again when its block is gone."""
        number, block_hash = row.block_number, row.block_hash
        if number is None or block_hash is None:
            raise ValueError(f"{row} has no block")
        found = outlook.block(number)
        if found is None:
            # The endpoint is behind, or the chain is shorter now; the latter ends when it has grown again.
            return
        if found.hash != block_hash:
            self._reorganised(row, outlook)
        elif number <= outlook.final.number:
            row = replace(row, state=BatchState.FINAL, final_at=int(time.time()))
            self._tell(self._store.change(row, f"block {outlook.final.number} is final"))
            if isinstance(row, BatchRow):
                self._notices.tell("batch-final", **self._batches.facts(row), block=number)
            self._reached("final")
        elif number <= outlook.safe and row.state is BatchState.MINED:
            self._tell(self._store.change(replace(row, state=BatchState.SAFE), f"block {outlook.safe} is safe"))

    def _reorganised(self, row: Carried, outlook: Outlook) -> None:
        self._notices.tell("reorganised", **self._kind(row).facts(row), block=row.block_number)
        row = self._store.change(off_the_chain(row), f"block {row.block_number} is another one now")
        self._tell(row)
        self._reached("reorganised")
        if row.nonce is not None:
            self._watch(row, outlook)

    def _done_already(self, row: Carried, outlook: Outlook) -> bool:
        """Whether it is so on chain by another transaction than ours; then that is the one."""
        found = self._kind(row).found(row, outlook)
        if found is None:
            return False
        if found.parked is not None:
            code, why = found.parked
            self._park(row, code, ChainError(why, where=self._client.where, code=code))
        elif found.values:
            self._tell(self._store.change(replace(_unparked(row), **found.values), found.detail))
        return True

    # Small things

    def _kind(self, row: Carried) -> Kind[Any]:
        return self._kinds[type(row)]

    def _park_too_dear(self, row: Carried, outlook: Outlook) -> bool:
        error = self._refusals.too_dear(outlook.fees, "Nothing was sent")
        return self._park(row, "fee-ceiling", error, too_dear(outlook.fees, self._policy.fee_ceiling))

    def _park(self, row: Carried, code: str, error: RegistryError, why: str | None = None) -> bool:
        """Let it wait, and say for what; nothing is under way.

        Args:
            error: what a command says of it.
            why: what is stored, where that differs from the error's words.
        """
        self._explain(row, error)
        why = error.what if why is None else why
        if (row.state, row.parked_code) != (BatchState.PARKED, code):
            parked = replace(row, state=BatchState.PARKED, parked_code=code, parked_why=why)
            self._store.change(parked, f"{code}: {why}")
            if isinstance(row, BatchRow):
                # Of a deed, the jobs that it is for tell.
                self._notices.tell("batch-parked", **self._batches.facts(row), code=code, why=why)
        return False

    def _explain(self, row: Carried, error: RegistryError) -> None:
        self._why[type(row), row.id] = (row, error)

    def _tell(self, row: R) -> R:
        kind = self._kind(row)
        self._notices.tell(f"{kind.word}-state", **kind.facts(row), state=row.state, nonce=row.nonce)
        return row

    @staticmethod
    def _nonce_of(row: Carried) -> int:
        if row.nonce is None:
            raise ValueError(f"{row} has no nonce")
        return row.nonce


def _offers(attempts: Sequence[Attempt]) -> Iterator[Offer]:
    return (terms_of(one.raw).offer for one in attempts)


def waits_for_a_person(row: Carried) -> bool:
    """Whether it is parked for what does not go away by itself."""
    return row.state is BatchState.PARKED and row.parked_code not in PASSING


def is_under_way(row: Carried) -> bool:
    """Whether it may come into a block at any time, and a person wants that: then one can wait for it."""
    wanted = not (row.cancel_requested or waits_for_a_person(row))
    return row.nonce is not None and row.state not in ANCHORED_STATES and wanted


def _unparked(row: R) -> R:
    return replace(row, parked_code=None, parked_why=None)
