"""A portfolio: the credentials of a learner in one file, a Comprehensive Learner Record 2.0, with their receipts.

Each credential is in it as it came, byte for byte, in an envelope (`EnvelopedVerifiableCredential`) whose `id` is a
`data:` URL: a record of VC 1.1 could not hold a credential of VC 2.0, a token or a PDF otherwise, and none of them can
give the words of the record another meaning. The learner's program makes the record, and nobody has signed it: what it
says of itself is the learner's own word. What is proved are the credentials in it, one by one.

`docs/reference/portfolio.md` is the specification.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

import orjson

from registry.credential.strictjson import Limits, parse_json
from registry.document.reading import digest_held
from registry.errors import IntakeError, ReceiptError, RegistryError
from registry.receipt.batches import MOST_SLOTS_NAMED, BatchPart, batches_of, read_batch
from registry.receipt.model import Receipt
from registry.timestamps import read_timestamp, write_timestamp

MOST_BYTES: Final = 64 << 20
"""Longest portfolio that is read."""
MOST_ITEMS: Final = 10_000
LONGEST_NAME: Final = 200
"""Of an item, in characters."""
LONGEST_WORD: Final = 1_000
"""Of a name, a purpose or an audience, in characters."""
PORTFOLIO_TYPE: Final = "MerklePortfolioProof"
"""The entry of `proof` that makes a record a portfolio of ours."""
CONTEXTS: Final = (
    "https://www.w3.org/2018/credentials/v1",
    "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
ENVELOPED: Final = "https://www.w3.org/2018/credentials#EnvelopedVerifiableCredential"
_IRI: Final = f"urn:testamur:{PORTFOLIO_TYPE}"
PORTFOLIO_CONTEXT: Final[dict[str, Any]] = {
    "@version": 1.1,
    "@protected": True,
    PORTFOLIO_TYPE: {
        "@id": _IRI,
        "@context": {
            "@protected": True,
            "type": "@type",
            **{name: {"@id": f"{_IRI}:{name}", "@type": "@json"} for name in ("version", "batches", "share")},
        },
    },
}
"""What that entry means to JSON-LD: each part is a JSON value of its own, as in a receipt inside a credential."""

_VERSION: Final = 1
_SHARE: Final = frozenset({"purpose", "audience", "agreedAt", "until", "leftOut"})
_MEDIA_TYPES: Final = {
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".sd-jwt": "application/dc+sd-jwt",
    ".sdjwt": "application/dc+sd-jwt",
    ".jwt": "application/jwt",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_PLAIN: Final = "/:,;=@!$&()*+"
"""What stands in the URL of a text as it is, beside letters, digits and `-._~`."""
_DATA: Final = re.compile(r"data:[-\w.+/;=]*?(;base64)?,", re.ASCII)
_MADE_ANEW: Final = "Ask whoever made the portfolio for a new one."


@dataclass(frozen=True, slots=True)
class Share:
    """For what somebody gave a portfolio away: the holder's own words, noted and not enforced.

    Attributes:
        purpose, audience: what for and to whom; "" where it is not said.
        agreed_at: when the holder said so.
        until: after which the holder means it to be used no more; None without an end. A copy cannot be called back,
            and the credentials are what they are.
        left_out: how many credentials of the holder's portfolio are not in it; None where the holder does not say.
    """

    purpose: str
    audience: str
    agreed_at: datetime
    until: datetime | None = None
    left_out: int | None = None

    def has_ended(self, now: datetime) -> bool:
        """Whether the time that the holder meant is over."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True)
class Link:
    """How two achievements belong together, by their identifiers: `kind` is an `associationType` of CLR 2.0."""

    kind: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class PortfolioItem:
    """A credential in a portfolio.

    Attributes:
        name: of its file; its ending says by which method it is digested.
        content: the file, as it came.
        receipt: None where it has none, or has it inside.
    """

    name: str
    content: bytes
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class UnreadItem:
    """What is in the place of a credential and cannot be read, or whose receipt cannot."""

    name: str
    error: RegistryError


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A portfolio as it was read or is to be written.

    Attributes:
        identifier: a URI.
        name: for people.
        holder, holder_id: of whoever made it, by their own word: name, which may be "", and a URI.
        partial: whether its holder says that it is a selection.
        items: in their order; by its position an item is named.
        strays: receipts that are not in order and of no item, by where they are.
        achievements: as the credentials state them, for readers of such records; nothing is judged by them.
    """

    identifier: str
    name: str
    holder: str
    holder_id: str
    made_at: datetime
    items: tuple[PortfolioItem | UnreadItem, ...]
    partial: bool = False
    share: Share | None = None
    links: tuple[Link, ...] = ()
    achievements: tuple[Mapping[str, Any], ...] = ()
    strays: tuple[UnreadItem, ...] = ()

    @property
    def is_selection(self) -> bool:
        """Whether its holder says, in either place, that there is more than what is in it."""
        return self.partial or bool(self.share and self.share.left_out)


def told_of(portfolio: Portfolio, now: datetime) -> dict[str, Any]:
    """For JSON, what a portfolio says of itself; nobody has checked any of it."""
    share = portfolio.share
    return {
        "id": portfolio.identifier,
        "name": portfolio.name,
        "holder": portfolio.holder,
        "madeAt": write_timestamp(portfolio.made_at),
        "selection": portfolio.is_selection,
        "share": share
        and {
            "purpose": share.purpose,
            "audience": share.audience,
            "agreedAt": write_timestamp(share.agreed_at),
            "until": share.until and write_timestamp(share.until),
            "leftOut": share.left_out,
            "ended": share.has_ended(now),
        },
    }


def unnamed(position: int) -> str:
    """The name of an item that has none."""
    return f"credential-{position + 1}.json"


def may_be_portfolio(data: bytes) -> bool:
    """Whether a file is worth being read as one: most are not, and that is told without reading them."""
    return data.lstrip(b" \t\r\n")[:1] == b"{" and f'"{PORTFOLIO_TYPE}"'.encode() in data


def is_portfolio(members: object) -> bool:
    """Whether a JSON value says that it is a portfolio."""
    if not isinstance(members, dict):
        return False
    return "ClrCredential" in _listed(members.get("type")) and any(True for _ in _entries(members))


def read_portfolio(data: bytes, most_items: int = MOST_ITEMS) -> Portfolio:
    """The portfolio in a file; what is wrong with one item or batch is said of the items that it is about.

    Args:
        most_items: that it may have.

    Raises:
        IntakeError: it is none (code `not-a-portfolio`), of a version that is not read here (`portfolio-version`), or
            cannot be taken apart (`portfolio-form`, `too-large`, `too-many`).
        CredentialError: it is no JSON with a single reading; as `parse_json`.
    """
    if len(data) > MOST_BYTES:
        raise IntakeError(f"it is longer than {MOST_BYTES:,} bytes, the most that are read", code="too-large")
    members = parse_json(data, Limits(max_bytes=MOST_BYTES))
    if not is_portfolio(members):
        raise IntakeError(
            "it is no portfolio", remedy="`testamur portfolio make` makes one of credentials.", code="not-a-portfolio"
        )
    ((place, entry), *more) = _entries(members)
    version = entry.get("version")
    # To Python `true` and `1.0` equal 1; to readers in other languages they do not.
    if type(version) is not int or version != _VERSION or more:
        raise IntakeError(
            "it has several proofs of portfolios"
            if more
            else f"it is a portfolio of version {str(version)[:LONGEST_NAME]}",
            remedy="Update this program, or ask for one of version 1.",
            code="portfolio-version",
        )
    subject = members.get("credentialSubject")
    credentials = subject.get("verifiableCredential") if isinstance(subject, dict) else None
    if not isinstance(credentials, list) or not credentials:
        raise _malformed("there is no list of credentials in it")
    if len(credentials) > most_items:
        raise IntakeError(f"it holds more than {most_items:,} credentials", remedy="Divide it.", code="too-many")
    receipts, broken, strays = _receipts(entry.get("batches"), place, len(credentials))
    issuer = members.get("issuer")
    holder = issuer if isinstance(issuer, dict) else {"id": issuer}
    return Portfolio(
        identifier=_word(members.get("id")),
        name=_word(members.get("name")),
        holder=_word(holder.get("name")),
        holder_id=_word(holder.get("id")),
        made_at=_moment(members.get("issuanceDate"), "issuanceDate"),
        partial=members.get("partial") is True,
        share=_share(entry.get("share")),
        items=tuple(
            _item(credential, at, receipts.get(at), broken.get(at)) for at, credential in enumerate(credentials)
        ),
        links=tuple(_links(subject.get("association"))),
        achievements=tuple(each for each in _listed(subject.get("achievement")) if isinstance(each, dict)),
        strays=strays,
    )


def portfolio_bytes(portfolio: Portfolio) -> bytes:
    """The file of a portfolio: equal portfolios give equal bytes.

    Raises:
        IntakeError: it would not be read again (code `too-many` or `too-large`); or one of its items was not read.
    """
    if len(portfolio.items) > MOST_ITEMS:
        raise IntakeError(
            f"there are {len(portfolio.items):,} credentials, and a portfolio holds {MOST_ITEMS:,}",
            remedy="Make several of them.",
            code="too-many",
        )
    items = [item for item in portfolio.items if isinstance(item, PortfolioItem)]
    if len(items) < len(portfolio.items):
        raise _malformed("a credential in it was not read")
    subject: dict[str, Any] = {
        "type": ["ClrSubject"],
        "verifiableCredential": [_envelope(item, portfolio) for item in items],
    }
    if portfolio.achievements:
        subject["achievement"] = list(portfolio.achievements)
    if portfolio.links:
        subject["association"] = [
            {"type": "Association", "associationType": each.kind, "sourceId": each.source, "targetId": each.target}
            for each in portfolio.links
        ]
    holder = {"id": portfolio.holder_id, "type": ["Profile"]}
    if portfolio.holder:
        holder["name"] = portfolio.holder
    until = None if portfolio.share is None else portfolio.share.until
    found = orjson.dumps(
        {
            "@context": list(CONTEXTS),
            "id": portfolio.identifier,
            "type": ["VerifiableCredential", "ClrCredential"],
            "name": portfolio.name,
            "partial": portfolio.partial,
            "issuer": holder,
            "issuanceDate": write_timestamp(portfolio.made_at),
            **({} if until is None else {"expirationDate": write_timestamp(until)}),
            "credentialSubject": subject,
            "proof": [_proof(portfolio, items)],
        }
    )
    if len(found) > MOST_BYTES:
        raise IntakeError(
            f"the portfolio would be {len(found):,} bytes long, and {MOST_BYTES:,} are read",
            remedy="Make several of them.",
            code="too-large",
        )
    return found


def data_url(name: str, content: bytes) -> str:
    """A file as a `data:` URL (RFC 2397): text with percent signs, which packs well, and everything else in base64."""
    kind = next((kind for ending, kind in _MEDIA_TYPES.items() if name.lower().endswith(ending)), None)
    kind = kind or "application/octet-stream"
    try:
        is_text = "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        is_text = False
    return (
        f"data:{kind},{quote_from_bytes(content, safe=_PLAIN)}"
        if is_text
        else f"data:{kind};base64,{b64encode(content).decode()}"
    )


def data_in(url: str) -> bytes:
    """The file in a `data:` URL.

    Raises:
        IntakeError: it is none (code `portfolio-item`).
    """
    match = _DATA.match(url)
    if match is None or not url.isascii():
        raise IntakeError("it is in no data: URL", remedy=_MADE_ANEW, code="portfolio-item")
    body = url[match.end() :]
    if match[1] is None:
        return unquote_to_bytes(body)
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise IntakeError("its base64 is damaged", remedy=_MADE_ANEW, code="portfolio-item") from None


def _envelope(item: PortfolioItem, portfolio: Portfolio) -> dict[str, Any]:
    """One credential; what stands beside it is what readers of such records ask for, and the learner's own word."""
    return {
        "@context": [CONTEXTS[0]],
        "id": data_url(item.name, item.content),
        "type": ["VerifiableCredential", ENVELOPED],
        "name": item.name,
        "issuer": {"id": portfolio.holder_id, "type": ["Profile"]},
        "issuanceDate": write_timestamp(portfolio.made_at),
        "credentialSubject": {"id": portfolio.holder_id},
    }


def _proof(portfolio: Portfolio, items: Iterable[PortfolioItem]) -> dict[str, Any]:
    batches = batches_of((at, item.receipt) for at, item in enumerate(items) if item.receipt is not None)
    entry: dict[str, Any] = {
        "@context": PORTFOLIO_CONTEXT,
        "type": PORTFOLIO_TYPE,
        "version": _VERSION,
        "batches": [batch.model_dump(mode="json", by_alias=True, exclude_none=True) for batch in batches],
    }
    if (share := portfolio.share) is not None:
        entry["share"] = {
            "purpose": share.purpose,
            "audience": share.audience,
            "agreedAt": write_timestamp(share.agreed_at),
            **({} if share.until is None else {"until": write_timestamp(share.until)}),
            **({} if share.left_out is None else {"leftOut": share.left_out}),
        }
    return entry


def _entries(members: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The entries of `proof` that are of this kind, and where they are."""
    for at, entry in enumerate(_listed(members.get("proof"))):
        if isinstance(entry, dict) and entry.get("type") == PORTFOLIO_TYPE:
            yield f"proof[{at}]", entry


def _receipts(
    given: object, place: str, count: int
) -> tuple[dict[int, Receipt], dict[int, RegistryError], tuple[UnreadItem, ...]]:
    """The receipts by the positions of their items, why the items of a batch that is not in order have none, and what
    is of no item.
    """
    if not isinstance(given, list):
        raise _malformed("its batches are no list")
    if len(given) > count:
        raise _malformed("it has more batches than credentials")
    receipts: dict[int, Receipt] = {}
    broken: dict[int, RegistryError] = {}
    strays: list[UnreadItem] = []
    left, meant_in_all = 2 * MOST_SLOTS_NAMED, 0
    for at, batch in enumerate(given):
        where = f"{place}.batches[{at}]"
        try:
            part = read_batch(batch, where)
            meant_in_all += sum(len(leaf.items) for leaf in part.leaves)
            if meant_in_all > 2 * count:
                raise _malformed("its receipts are for more credentials than it has")
            left -= sum(len(leaf.slots or ()) for leaf in part.leaves)
            if left < 0:
                raise ReceiptError("There is too much evidence in it.", where=where, code="evidence-size")
            found = list(_of_batch(part, where))
        except ReceiptError as error:
            meant = dict.fromkeys(_positions(batch, count), error)
            broken |= meant
            strays += [] if meant else [UnreadItem(where, error)]
            continue
        for receipt, position in found:
            if position >= count:
                strays.append(
                    UnreadItem(where, _out_of_place(f"There is no credential at position {position}.", where))
                )
            elif position in receipts:
                broken[position] = _out_of_place(f"The credential at position {position} has several receipts.", where)
            receipts.setdefault(position, receipt)
    return receipts, broken, tuple(strays)


def _out_of_place(what: str, where: str) -> ReceiptError:
    return ReceiptError(what, where=where, remedy=_MADE_ANEW, code="item-order")


def _of_batch(part: BatchPart, where: str) -> Iterator[tuple[Receipt, int]]:
    try:
        for receipt, positions in part.receipts():
            for position in positions:
                yield receipt, position
    except ReceiptError as error:
        error.where = where
        raise


def _positions(batch: object, count: int) -> Iterator[int]:
    """Which items a batch that is not in order means, as far as that can be told."""
    leaves = batch.get("leaves") if isinstance(batch, dict) else None
    for leaf in _listed(leaves):
        for position in _listed(leaf.get("items")) if isinstance(leaf, dict) else ():
            if type(position) is int and 0 <= position < count:
                yield position


def _item(
    credential: object, at: int, receipt: Receipt | None, broken: RegistryError | None
) -> PortfolioItem | UnreadItem:
    name = credential.get("name") if isinstance(credential, dict) else None
    label = name[:LONGEST_NAME] if isinstance(name, str) and name.strip() else unnamed(at)
    if broken is not None:
        return UnreadItem(label, broken)
    try:
        if not isinstance(credential, dict):
            raise IntakeError("it is no credential", remedy=_MADE_ANEW, code="portfolio-item")
        if not {ENVELOPED, "EnvelopedVerifiableCredential"} & set(_texts(credential.get("type"))):
            # Others may put a credential into the list as it is: then it is JSON, whatever it is called.
            label = label if label.lower().endswith(".json") else f"{label}.json"
            return PortfolioItem(label, orjson.dumps(credential), receipt)
        url = credential.get("id")
        content = data_in(url if isinstance(url, str) else "")
        if digest_held(content) is not None:
            # It shows nothing, and what it is called is the holder's word.
            raise IntakeError("it is a digest and no credential", remedy=_MADE_ANEW, code="portfolio-item")
        return PortfolioItem(label, content, receipt)
    except IntakeError as error:
        return UnreadItem(label, error)


def _share(given: object) -> Share | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not given.keys() <= _SHARE or "agreedAt" not in given:
        raise _malformed("what it says of how it was shared has another form")
    until, left_out = given.get("until"), given.get("leftOut")
    if left_out is not None and (type(left_out) is not int or left_out < 0):
        raise _malformed("the number of credentials that were left out is none")
    return Share(
        _word(given.get("purpose")),
        _word(given.get("audience")),
        _moment(given["agreedAt"], "agreedAt"),
        None if until is None else _moment(until, "until"),
        left_out,
    )


def _links(given: object) -> Iterator[Link]:
    for each in _listed(given):
        if isinstance(each, dict):
            yield Link(_word(each.get("associationType")), _word(each.get("sourceId")), _word(each.get("targetId")))


def _moment(given: object, what: str) -> datetime:
    try:
        return read_timestamp(given if isinstance(given, str) else "")
    except ValueError:
        raise _malformed(f"its {what} is no time such as 2026-01-01T00:00:00Z") from None


def _word(given: object) -> str:
    return given[:LONGEST_WORD] if isinstance(given, str) else ""


def _texts(given: object) -> list[str]:
    return [each for each in _listed(given) if isinstance(each, str)]


def _listed(given: object) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]


def _malformed(why: str) -> IntakeError:
    return IntakeError(f"it is no portfolio that can be read: {why}", remedy=_MADE_ANEW, code="portfolio-form")
