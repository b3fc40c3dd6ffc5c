"""Offers of what was issued, one for each award: made, stored without their secrets, and written into a folder.

The folder is the one place where the secrets are. Links and transaction codes are in tables of their own, because they
have to go to holders by two ways: whoever has only one of them gets nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from anchor.books.issued import Run
from anchor.books.wallet_offers import NewOffer, Offer, WalletOfferStore
from anchor.issuing.delivery import Parcel, own_folder
from anchor.issuing.diplomas.qr import qr_svg
from anchor.issuing.holder_files import holder_of, members_of
from anchor.wallets.addresses import Addresses
from anchor.wallets.codes import Secrets, grouped, new_secrets
from registry.errors import IntakeError
from registry.privatefiles import make_private_folder, replace_privately
from registry.timestamps import write_timestamp
from registry.untrusted.cells import csv_lines

LINKS: Final = "links.csv"
CODES: Final = "codes.csv"
PICTURES: Final = "qr"
LINK_COLUMNS: Final = ("row", "address", "name", "link", "qr", "language", "until")
CODE_COLUMNS: Final = ("row", "address", "name", "code", "language")
_DAY: Final = 86_400


class OfferState(StrEnum):
    """How far an offer has come.

    NONE: there is none. OPEN: whoever has both codes may come. TAKEN: a wallet exchanged it. CLOSED: too many wrong
    codes were tried. EXPIRED: nobody came in time. WITHDRAWN: by a person, or by another offer in its place.
    """

    NONE = "none"
    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Made:
    """An offer with its secrets, before it is given out."""

    parcel: Parcel
    offer: NewOffer
    secrets: Secrets


def state_of(offer: Offer | None, now: int) -> OfferState:
    """How far an offer has come."""
    if offer is None:
        return OfferState.NONE
    if offer.taken_at is not None:
        return OfferState.TAKEN
    if offer.withdrawn_at is not None:
        return OfferState.WITHDRAWN
    if offer.is_open(now):
        return OfferState.OPEN
    return OfferState.EXPIRED if now >= offer.expires_at else OfferState.CLOSED


def to_offer(
    parcels: Iterable[Parcel], known: Mapping[str, Offer], *, rows: Collection[int] | None = None, again: bool = False
) -> list[Parcel]:
    """Which of several awards are to be offered: those that never were.

    Args:
        known: the offers there are, by the key of the award.
        rows: the numbers of those that are meant; None for all.
        again: also those that were offered before.
    """
    meant = (each for each in parcels if rows is None or each.award.row_number in rows)
    return [each for each in meant if again or each.award.row_key not in known]


def make_offers(parcels: Iterable[Parcel], now: int, days: int) -> list[Made]:
    """Offers with new secrets.

    Args:
        now: Unix seconds.
        days: for which they are good.
    """
    made = []
    for parcel in parcels:
        secrets = new_secrets()
        code, number = secrets.stored
        made.append(Made(parcel, NewOffer(parcel.award.row_key, code, number, now, now + days * _DAY), secrets))
    return made


def give_out(
    folder: Path,
    store: WalletOfferStore,
    run: Run,
    made: Sequence[Made],
    addresses: Addresses,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Write the secrets of offers into a folder, and then make the offers good.

    What breaks off leaves links in the folder that lead nowhere, and never an offer whose secrets nobody has.

    Raises:
        IntakeError: the folder cannot be written, others can enter it (`open-folder`), or it has offers already
            (`other-offers`).
        NotPossible: code `offered-meanwhile`.
    """
    try:
        own_folder(folder)
        if (folder / LINKS).exists() or (folder / CODES).exists():
            raise IntakeError(
                "it has offers already, and their secrets are nowhere else; nothing was written",
                where=str(folder),
                remedy="Name a new folder.",
                code="other-offers",
            )
        make_private_folder(folder / PICTURES)
        links: list[Sequence[str]] = []
        codes: list[Sequence[str]] = []
        for done, each in enumerate(made, start=1):
            award = each.parcel.award
            link, picture = addresses.interaction(each.secrets.link), f"{PICTURES}/{each.parcel.stem}.svg"
            replace_privately(folder / picture, qr_svg(link, sized=False)[0].encode())
            whose = (str(award.row_number), award.email, holder_of(members_of(award)))
            until = write_timestamp(datetime.fromtimestamp(each.offer.expires_at, UTC))
            links.append((*whose, link, picture, award.language, until))
            codes.append((*whose, grouped(each.secrets.transaction_code), award.language))
            progress(done, len(made))
        replace_privately(folder / CODES, csv_lines([CODE_COLUMNS, *codes]))
        replace_privately(folder / LINKS, csv_lines([LINK_COLUMNS, *links]))
    except OSError as error:
        raise IntakeError(f"it cannot be written: {error.strerror}", where=str(folder), code="unwritable") from None
    store.add(run, [each.offer for each in made])


def links_in(folder: Path) -> dict[str, str]:
    """The links in a folder that `give_out` wrote, by the stem of the parcel that each is for.

    Raises:
        IntakeError: it cannot be read (`unreadable`), or is no such folder (`other-offers`).
    """
    path = folder / LINKS
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {Path(line["qr"]).stem: line["link"] for line in csv.DictReader(file, strict=True)}
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None
    except (KeyError, TypeError, ValueError, csv.Error):
        raise IntakeError(
            "it is not the table of links that was written",
            where=str(path),
            remedy="Name the folder that `testamur wallet offers` wrote.",
            code="other-offers",
        ) from None
