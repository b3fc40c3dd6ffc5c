"""Handing credentials over: what happens to an offer, whatever protocol asks for it.

Everything is asked anew each time: the books whether the offer is still to be had, and the chain whether the credential
is in force. What the chain does not say is not handed over, and leaves the offer as it was.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from anchor.books.issued import IssuedRow, IssuedStore, Run
from anchor.books.wallet_offers import Offer, WalletOfferStore, Way
from anchor.issuing.delivery import Parcel, files_of_parcel, receipts_for
from anchor.issuing.holder_files import holder_document, is_selective, members_of
from anchor.issuing.states import asked_states, issued_store
from anchor.wallets.addresses import Addresses
from anchor.wallets.codes import DIGITS, code_of, is_right, new_access, notification_of, number_of, stored
from anchor.wallets.metadata import PRE_AUTHORISED, configuration_of, issuer_metadata
from anchor.workspace import Workspace
from registry.errors import NotPossible
from registry.language.catalogue import SOURCE, language
from registry.language.choosing import known
from registry.language.said import say
from registry.receipt.model import Receipt

ACCESS_SECONDS: Final = 600
"""For which a token, or the link of one exchange, is good."""
EVENTS: Final = ("credential_accepted", "credential_failure", "credential_deleted")
"""What a wallet may say became of what it was given (OID4VCI 1.0, section 11.1)."""
NO_OFFER: Final = "no-offer"
WRONG_CODE: Final = "transaction-code"
WAIT: Final = "wait"
NO_ACCESS: Final = "no-access"
NOT_IN_FORCE: Final = "not-in-force"
OTHER_CONFIGURATION: Final = "other-configuration"
_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
_MOST_DESCRIBED: Final = 300
"""Characters of what a wallet shows beside the field for the code (section 4.1.1)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an offer is, for the page of it.

    Attributes:
        institution: the name of whoever issued the award.
        is_taken: whether a wallet has taken it.
    """

    institution: str
    is_taken: bool


@dataclass(frozen=True, slots=True)
class Access:
    """What is given out for a while: an access token, or the secret of a link; and the Unix second of its end."""

    secret: str
    until: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A credential as a wallet gets it.

    Attributes:
        credential: JSON, or the text of an SD-JWT.
        notification: by which the wallet may say what became of it.
    """

    credential: Any
    notification: str


@dataclass(frozen=True, slots=True)
class Download:
    """The files of an award as one.

    Attributes:
        name: which says nothing about anybody.
    """

    name: str
    media_type: str
    content: bytes


class Waiting(NotPossible):
    """So many wrong codes were tried for an offer that none is looked at for a while.

    Attributes:
        until: the Unix second from which one is.
        seconds: until then, 1 at least.
    """

    def __init__(self, until: int, now: int):
        self.until = until
        self.seconds = max(1, until - now)
        super().__init__(
            "too many wrong codes were tried for this offer, and none is looked at for a while",
            remedy=f"Try again in {self.seconds:,} seconds.",
            code=WAIT,
        )


class Desk:
    """Hands over what was offered.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, workspace: Workspace, addresses: Addresses, *, clock: Callable[[], float] = time.time):
        self._workspace = workspace
        self.addresses = addresses
        self._clock = clock
        self._issued: IssuedStore = issued_store(workspace)
        self._offers = WalletOfferStore(workspace.folder.engine, self._issued)
        self._metadata: tuple[tuple[int, ...], dict[str, Any]] | None = None

    # What can be read and uses nothing up

    def metadata(self) -> dict[str, Any]:
        """The metadata of the credential issuer, made anew when other runs are offered."""
        numbers = self._offers.offered_runs()
        if self._metadata is None or self._metadata[0] != numbers:
            runs = self._issued.with_numbers(numbers)
            offered = [(run.template, row) for run in runs for row in self._issued.samples_of(run)]
            self._metadata = numbers, issuer_metadata(self.addresses, offered)
        return self._metadata[1]

    def offer(self, link: str) -> dict[str, Any]:
        """The credential offer of a link (OID4VCI 1.0, section 4.1.1).

        Raises:
            NotPossible: code `no-offer`.
        """
        offer, code = self._to_be_taken(link)
        rows = self._issued.award_of(offer.run, offer.row_key)
        template = self._run(offer).template
        spoken = language(known(rows[0].language) or SOURCE)
        described = spoken.text(say("wallet.codeHint", count=DIGITS))[:_MOST_DESCRIBED]
        number = {"input_mode": "numeric", "length": DIGITS, "description": described}
        return {
            "credential_issuer": self.addresses.issuer,
            "credential_configuration_ids": [configuration_of(template, row) for row in rows],
            "grants": {PRE_AUTHORISED: {"pre-authorized_code": code, "tx_code": number}},
        }

    def protocols(self, link: str) -> dict[str, str]:
        """The protocols by which a link can be followed (VCALM, "Interaction Protocols Response").

        Raises:
            NotPossible: code `no-offer`.
        """
        self._to_be_taken(link)
        return {"OID4VCI": self.addresses.offer(link), "vcapi": self.addresses.exchange(link)}

    def exchange_protocols(self, secret: str) -> dict[str, str]:
        """The same of a link for one exchange.

        Raises:
            NotPossible: code `no-offer`.
        """
        self._exchange_of(secret)
        return {"vcapi": self.addresses.exchange(secret)}

    def link(self, secret: str) -> Access:
        """The link for one exchange, as it was given out.

        Raises:
            NotPossible: code `no-offer`.
        """
        offer, _ = self._exchange_of(secret)
        return Access(secret, offer.access_until or 0)

    def standing(self, link: str) -> Standing:
        """How the offer of a link is.

        Raises:
            NotPossible: code `no-offer`.
        """
        offer, _ = self._open(link)
        award = self._issued.award_of(offer.run, offer.row_key)[0]
        return Standing(str(members_of(award)["issuer"]["name"]), offer.taken_at is not None)

    # OID4VCI

    def redeem(self, code: str, transaction_code: str) -> Access:
        """Exchange both codes of an offer for a token, which can be done once.

        Raises:
            NotPossible: code `no-offer`, `transaction-code`, or `not-in-force`, after which the offer is as it was.
            Waiting: no code is looked at now; no try was counted.
            ChainError: the chain does not say whether it is in force; the offer is as it was.
        """
        offer = self._by_code(code)
        if offer is None or offer.taken_at is not None:
            raise _no_offer()
        self._prove(offer, code, transaction_code)
        self._in_force(offer)
        (access, hashed), now = new_access(), self._now
        if not self._offers.redeem(offer, hashed, now + ACCESS_SECONDS, now):
            raise _no_offer()
        return Access(access, now + ACCESS_SECONDS)

    def credential(self, token: str, configuration: str) -> Handed:
        """One credential of those that a token is good for; again as often as the wallet asks while it is.

        Raises:
            NotPossible: code `no-access`, `other-configuration`, or `not-in-force`.
            ChainError: the chain does not say whether it is in force.
        """
        offer = self._by_token(token)
        template = self._run(offer).template
        rows = self._issued.award_of(offer.run, offer.row_key)
        wanted = [row for row in rows if configuration_of(template, row) == configuration]
        if not wanted:
            raise NotPossible("the offer has no credential of this configuration", code=OTHER_CONFIGURATION)
        (row,) = self._in_force(offer, wanted)
        handed = Handed(_as_handed(row, self._receipts(offer, [row])), notification_of(token))
        self._offers.note(offer, handed_at=self._now)
        return handed

    def notify(self, token: str, notification: str, event: str) -> None:
        """Write down what a wallet says became of what it was given; the same again changes nothing.

        Raises:
            NotPossible: code `no-access`; or `no-notification`: it names nothing that this token gave.
        """
        offer = self._by_token(token)
        if notification != notification_of(token):
            raise NotPossible("this token gave nothing of that name", code="no-notification")
        self._offers.note(offer, event=event)

    # The page, and VC-API

    def download(self, link: str, transaction_code: str) -> Download:
        """The files of an award, also after a wallet took it: a wallet is never a condition.

        Raises:
            NotPossible, ChainError: as `redeem`.
        """
        offer, code = self._open(link)
        self._prove(offer, code, transaction_code)
        rows = self._in_force(offer)
        files = list(files_of_parcel(Parcel(rows), self._receipts(offer, rows)))
        self._offers.note(offer, downloaded_at=self._now)
        if len(files) == 1:
            return Download(files[0].name, files[0].kind, files[0].content)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in files:
                archive.writestr(zipfile.ZipInfo(each.name), each.content, zipfile.ZIP_DEFLATED)
        return Download("credentials.zip", "application/zip", packed.getvalue())

    def open_exchange(self, link: str, transaction_code: str) -> Access:
        """Give out a link for one exchange to whoever has the transaction code, since VC-API has no place for it.

        Raises:
            NotPossible, ChainError: as `redeem`.
        """
        offer, code = self._to_be_taken(link)
        self._prove(offer, code, transaction_code)
        self._in_force(offer)
        (access, hashed), now = new_access(), self._now
        if not self._offers.open_exchange(offer, hashed, now + ACCESS_SECONDS, now):
            raise _no_offer()
        return Access(access, now + ACCESS_SECONDS)

    def exchange(self, secret: str) -> dict[str, Any]:
        """What a wallet is answered that takes part in an exchange (VCALM, "Participate in an Exchange").

        Args:
            secret: of the link for one exchange, which gives a presentation with all that is in force; or of the offer,
                which leads to the page where the code is typed.

        Raises:
            NotPossible: code `no-offer` or `not-in-force`.
            ChainError: the chain does not say whether it is in force; the link is as good as before.
        """
        if code_of(secret) is not None:
            self._to_be_taken(secret)
            return {"redirectUrl": self.addresses.page(secret)}
        offer, hashed = self._exchange_of(secret)
        rows = self._in_force(offer)
        receipts = self._receipts(offer, rows)
        if not self._offers.exchange(offer, hashed, self._now):
            raise _no_offer()
        held = [_as_presented(row, receipts) for row in rows]
        presented = {"@context": [_CONTEXT], "type": ["VerifiablePresentation"], "verifiableCredential": held}
        return {"verifiablePresentation": presented}

    # Where all of these look

    @property
    def _now(self) -> int:
        return int(self._clock())

    def _by_code(self, code: str) -> Offer | None:
        hashed = stored(code)
        offer = None if hashed is None else self._offers.by_code(hashed)
        return offer if offer is not None and offer.is_open(self._now) else None

    def _open(self, link: str) -> tuple[Offer, str]:
        code = code_of(link)
        offer = None if code is None else self._by_code(code)
        if code is None or offer is None:
            raise _no_offer()
        return offer, code

    def _to_be_taken(self, link: str) -> tuple[Offer, str]:
        offer, code = self._open(link)
        if offer.taken_at is not None:
            raise _no_offer()
        return offer, code

    def _by_token(self, token: str) -> Offer:
        hashed = stored(token)
        offer = None if hashed is None else self._offers.by_access(hashed)
        if offer is None or offer.taken_by is not Way.OPENID or self._now >= (offer.access_until or 0):
            raise NotPossible("the access token is not known, or not good any more", code=NO_ACCESS)
        return offer

    def _exchange_of(self, secret: str) -> tuple[Offer, bytes]:
        hashed = stored(secret)
        offer = None if hashed is None else self._offers.by_access(hashed)
        if hashed is None or offer is None or offer.taken_at is not None or self._now >= (offer.access_until or 0):
            raise _no_offer()
        return offer, hashed

    def _prove(self, offer: Offer, code: str, transaction_code: str) -> None:
        typed, now = number_of(transaction_code), self._now
        if typed is not None and not self._offers.try_code(offer, now):
            left = self._by_code(code)
            raise _no_offer() if left is None else Waiting(left.wait_until, now)
        if typed is None or not is_right(code, typed, offer.transaction_code):
            raise NotPossible("the transaction code is not the one of this offer", code=WRONG_CODE)
        self._offers.right_code(offer)

    def _run(self, offer: Offer) -> Run:
        (run,) = self._issued.with_numbers([offer.run])
        return run

    def _in_force(self, offer: Offer, rows: Sequence[IssuedRow] | None = None) -> list[IssuedRow]:
        """Those of its credentials that the chain says are in force, of which there is one at least."""
        asked = self._issued.award_of(offer.run, offer.row_key) if rows is None else rows
        states = asked_states(self._workspace, self._run(offer).issuer, asked)
        good = [each.row for each in states.rows if each.state.is_in_force]
        if not good:
            raise NotPossible(
                "the institution has withdrawn or suspended this, and it is not handed over",
                remedy="Ask the institution.",
                code=NOT_IN_FORCE,
            )
        return good

    def _receipts(self, offer: Offer, rows: Sequence[IssuedRow]) -> dict[bytes, Receipt]:
        return receipts_for(self._workspace, self._run(offer).issuer, rows)


def _as_handed(row: IssuedRow, receipts: dict[bytes, Receipt]) -> Any:
    """JSON with its receipt in it, as its holder gets it as a file; an SD-JWT as it is."""
    if is_selective(row):
        return row.document.decode("ascii")
    return orjson.Fragment(holder_document(row.document, receipts[row.digest.value]))


def _as_presented(row: IssuedRow, receipts: dict[bytes, Receipt]) -> Any:
    """The same within a presentation, where what is no JSON is in an envelope (VCDM 2.0, section 4.13)."""
    handed = _as_handed(row, receipts)
    if not is_selective(row):
        return handed
    return {"@context": _CONTEXT, "id": f"data:application/dc+sd-jwt,{handed}", "type": "EnvelopedVerifiableCredential"}


def _no_offer() -> NotPossible:
    """One answer for what never was, is over, taken, withdrawn or closed: nobody learns which."""
    return NotPossible(
        "there is no such offer, or it is over",
        remedy="Ask the institution for another one; the file of the award stays valid without it.",
        code=NO_OFFER,
    )
