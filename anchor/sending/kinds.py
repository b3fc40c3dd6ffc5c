"""What the driver has to know of what carries a transaction: what to send, when it is done, how to tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from anchor.books.acts import ActRow
from anchor.books.attempts import anchor_purpose
from anchor.books.batches import BatchRow
from anchor.books.deeds import DeedRow
from anchor.books.on_chain import UNSTATED
from anchor.books.tables import BatchState
from anchor.sending.outlook import Outlook
from registry.chain.contract import CredentialRegistry, Event
from registry.chain.rpc.hexadecimal import checksummed
from registry.errors import SignerError
from registry.records import Act, Purpose, Reason

BARE_ROOTS_OFF: Final = "bare-roots-off"
"""A bare root would be anchored for another party, or for none."""

AnchorCall = Callable[[BatchRow], bytes]
Publish = Callable[[BatchRow], None]
Facts = dict[str, str | int | float | None]

R = TypeVar("R", contravariant=True)


@dataclass(frozen=True, slots=True)
class Found:
    """It is so on chain already, by another transaction than ours.

    Attributes:
        values: what is known of it; empty while the endpoint does not show all of it.
        parked: code and words, where it is not what we want.
    """

    detail: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    parked: tuple[str, str] | None = None


class Kind(Protocol[R]):
    """The batches, the deeds, or the acts, as the driver deals with them.

    Attributes:
        word: the first word of the names of its notices.
        refusals: errors of the contract that have a code of their own, in place of `reverted`.
        moot: errors by which the contract says that there is nothing left to do, or that it is too early.
    """

    @property
    def word(self) -> str: ...
    @property
    def refusals(self) -> Mapping[str, str]: ...
    @property
    def moot(self) -> Collection[str]: ...

    def facts(self, row: R) -> Facts:
        """What notices say it is about."""

    def purpose(self, row: R) -> str:
        """What its transaction is for."""

    def cancel_purpose(self, row: R) -> str:
        """What the transaction is for that takes its nonce without doing it."""

    def prepare(self, row: R) -> None:
        """What has to be done before it gets a nonce; raises `StoreError` or `SignerError`."""

    def recipient(self, row: R) -> str:
        """The address that its transaction calls, checksummed."""

    def call(self, row: R) -> bytes:
        """The data of its transaction; raises `SignerError`."""

    def effect(self, row: R, events: Sequence[Event]) -> dict[str, Any] | None:
        """What the events of its transaction say of it; None when they are not of it."""

    def found(self, row: R, outlook: Outlook, /) -> Found | None:
        """Whether it is so in the newest block already, by whomever."""


class BatchKind:
    """Batches: anchored once, and then for ever.

    Args:
        account: that sends; bare roots are anchored for its default issuer, whoever is meant.
        anchor_call: the data of the transaction that anchors a batch; default: an operator's own.
        publish: brings a batch's tree to where it is served from.
    """

    word = "batch"
    refusals: Final = MappingProxyType({"NotOperator": "not-operator", "NoDefaultIssuer": BARE_ROOTS_OFF})
    moot: Final = frozenset[str]()

    def __init__(self, contract: CredentialRegistry, account: str, anchor_call: AnchorCall | None, publish: Publish):
        self._contract = contract
        self._account = account
        self._is_relay = anchor_call is not None
        self._anchor_call = anchor_call or self._own_call
        self._publish = publish

    def facts(self, row: BatchRow) -> Facts:
        return {"issuer": row.issuer, "root": f"0x{row.root.hex()}"}

    def purpose(self, row: BatchRow) -> str:
        return anchor_purpose(row.issuer, row.root)

    def cancel_purpose(self, row: BatchRow) -> str:
        return f"cancel {row.issuer} 0x{row.root.hex()}"

    def prepare(self, row: BatchRow) -> None:
        if row.bare:
            refuse_bare(self._contract, self._account, row.issuer, is_relay=self._is_relay)
        self._publish(row)

    def recipient(self, _row: BatchRow) -> str:
        return self._contract.address

    def call(self, row: BatchRow) -> bytes:
        return row.root if row.bare else self._anchor_call(row)

    def effect(self, row: BatchRow, events: Sequence[Event]) -> dict[str, Any] | None:
        count = UNSTATED if row.bare else row.leaf_count
        for event in events:
            about = tuple(event.arguments.get(name) for name in ("issuer", "root", "leafCount"))
            if event.name == "Anchored" and about == (row.issuer, row.root, count):
                return {"sequence": int(event.arguments["sequence"])}
        return None

    def found(self, row: BatchRow, outlook: Outlook) -> Found | None:
        anchored = self._contract.batch(row.issuer, row.root)
        if anchored is None:
            return None
        number = anchored.block_number
        events = self._contract.anchored_events(issuer=row.issuer, root=row.root, from_block=number, to_block=number)
        block = outlook.block(number)
        if not events or block is None or events[0].block_hash != block.hash:
            # The state is ahead of the events, or of the block: the next round sees both.
            return Found()
        if anchored.leaf_count not in (UNSTATED, row.leaf_count):
            why = f"it is anchored with {anchored.leaf_count} leaves, not {row.leaf_count}"
            return Found(parked=("count-differs", why))
        values = {
            "state": BatchState.MINED,
            "sequence": anchored.sequence,
            "transaction_hash": events[0].transaction,
            "block_number": number,
            "block_hash": block.hash,
            "block_time": int(block.timestamp.timestamp()),
            "mined_at": int(time.time()),
        }
        return Found(f"was anchored already, in block {number}", values)

    def _own_call(self, row: BatchRow) -> bytes:
        return self._contract.anchor_data(row.issuer, row.root, row.leaf_count)


class DeedKind:
    """Changes of statuses: what one is for may be done or undone by others, so it is asked for anew when it is lost."""

    word = "deed"
    refusals: Final = MappingProxyType({"NotOperator": "not-operator", "NotController": "not-controller"})
    moot: Final = frozenset({"StatusUnchanged", "DigestsUnchanged", "BatchIsVoided", "UnknownBatch"})

    def __init__(self, contract: CredentialRegistry):
        self._contract = contract

    def facts(self, row: DeedRow) -> Facts:
        of: Facts = {"digests": len(row.digests)} if row.digests else {"root": f"0x{row.root.hex()}"}
        return {"issuer": row.issuer, **of, "act": row.act.word, "deed": row.id}

    def purpose(self, row: DeedRow) -> str:
        of = f"{len(row.digests)} digests" if row.digests else f"0x{row.root.hex()} {row.word}"
        return f"status {row.act.word} {row.issuer} {of} deed {row.id}"

    def cancel_purpose(self, row: DeedRow) -> str:
        return f"cancel deed {row.id}"

    def prepare(self, row: DeedRow) -> None:
        """Nothing is to be done before."""

    def recipient(self, _row: DeedRow) -> str:
        return self._contract.address

    def call(self, row: DeedRow) -> bytes:
        reason = Reason.from_word(row.reason)
        if not isinstance(reason, Reason):
            raise TypeError(row.reason)
        contract = self._contract
        if row.digests:
            return digests_data(row.act, row.issuer, row.digests, reason)
        if row.act is Act.VOID:
            return contract.void_batch_data(row.issuer, row.root, reason)
        if row.act is Act.REINSTATE:
            return contract.clear_suspension_data(row.issuer, row.root, row.word, row.mask, reason)
        return contract.set_status_data(row.issuer, row.root, _PURPOSES[row.act], row.word, row.mask, reason)

    def effect(self, row: DeedRow, events: Sequence[Event]) -> dict[str, Any] | None:
        return {} if any(self._is_of(row, event) for event in events) else None

    @staticmethod
    def _is_of(row: DeedRow, event: Event) -> bool:
        said = event.arguments
        if said.get("issuer") != row.issuer:
            return False
        if row.digests:
            # Of several, those that were so already have no event.
            return event.name == _DIGEST_EVENTS[row.act] and said.get("digest") in row.digests
        if event.name != _EVENTS[row.act] or said.get("root") != row.root:
            return False
        return row.act is Act.VOID or said.get("word") == row.word

    def found(self, _row: DeedRow, _outlook: Outlook) -> Found | None:
        """What it is for is compared with the chain before it is made; what came since shows when it is sent."""
        return None


class ActKind:
    """Whatever else a command wants of the chain: what it is good for, the command knows."""

    word = "act"
    refusals: Final = MappingProxyType[str, str]({})
    moot: Final = frozenset[str]()

    def facts(self, row: ActRow) -> Facts:
        return {"purpose": row.purpose, "act": row.id}

    def purpose(self, row: ActRow) -> str:
        return row.purpose

    def cancel_purpose(self, row: ActRow) -> str:
        return f"cancel act {row.id}"

    def prepare(self, row: ActRow) -> None:
        """Nothing is to be done before."""

    def recipient(self, row: ActRow) -> str:
        return checksummed(row.recipient)

    def call(self, row: ActRow) -> bytes:
        return row.data

    def effect(self, _row: ActRow, _events: Sequence[Event]) -> dict[str, Any] | None:
        """That it did not fail is all that is asked of it."""
        return {}

    def found(self, _row: ActRow, _outlook: Outlook) -> Found | None:
        """Its command has looked before it asked."""
        return None


def refuse_bare(contract: CredentialRegistry, account: str, issuer: int, *, is_relay: bool = False) -> None:
    """A bare root says of no issuer: it is anchored for the one that the account which sends it has named before.

    Args:
        is_relay: the account sends what an operator signed, and a bare root has no place for a signature.

    Raises:
        SignerError: code `bare-relayed` or `bare-roots-off`.
    """
    if is_relay:
        raise SignerError(
            "a bare root is anchored by the account that sends it, and cannot be signed for by another one",
            where=account,
            remedy="Send it with the account of an operator, without a relay.",
            code="bare-relayed",
        )
    if (default := contract.default_issuer(account)) != issuer:
        whose = f"for party {default}" if default else "for nobody"
        raise SignerError(
            f"bare roots from {account} are anchored {whose}, and this batch is of party {issuer}",
            remedy="`testamur issuer bare-roots on` says for whom, once for the account.",
            code=BARE_ROOTS_OFF,
        )


def digests_data(act: Act, issuer: int, digests: Sequence[bytes], reason: Reason) -> bytes:
    """The call that revokes, suspends or reinstates credentials by their digests."""
    call = {
        Act.REVOKE: CredentialRegistry.revoke_digests_data,
        Act.SUSPEND: CredentialRegistry.suspend_digests_data,
        Act.REINSTATE: CredentialRegistry.reinstate_digests_data,
    }[act]
    return call(issuer, digests, reason)


_PURPOSES = {Act.REVOKE: Purpose.REVOCATION, Act.SUSPEND: Purpose.SUSPENSION}
_EVENTS = {
    Act.REVOKE: "StatusSet",
    Act.SUSPEND: "StatusSet",
    Act.REINSTATE: "SuspensionCleared",
    Act.VOID: "BatchVoided",
}
_DIGEST_EVENTS = {
    Act.REVOKE: "DigestRevoked",
    Act.SUSPEND: "DigestSuspended",
    Act.REINSTATE: "DigestReinstated",
}
