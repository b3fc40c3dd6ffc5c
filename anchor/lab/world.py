"""The world of an exercise: parties, batches and accreditations on a practice chain, with blocks of earlier days.

The same exercise has the same world in every room: documents come from seeds, blocks from fixed days.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import orjson

from anchor.acts.accreditations import ACCEPT, Step, existing, take_step
from anchor.acts.parties import register_party
from anchor.acts.transactions import Call, send
from anchor.anchoring.now import Now
from anchor.batching.receipts import receipt_at
from anchor.batching.selection import select
from anchor.intake.files import take_in
from anchor.settings import EMBEDDED, Settings
from anchor.workspace import Workspace
from registry.credential.digest import digest_document, digest_sd_jwt
from registry.receipt.model import Receipt, to_json
from registry.recognition.scope import Scope
from registry.records import Kind, Reason

DATA_FOLDER: Final = "testamur-data"
FIRST_DAY: Final = date(2025, 1, 6)
_MORNING: Final = time(9, tzinfo=UTC)

Document = dict[str, Any] | bytes
"""A credential in JSON, or an SD-JWT."""


class World:
    """Makes what is there before an exercise begins, within a `with` block.

    Args:
        folder: of the exercise; the data folder is made in it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._day = FIRST_DAY
        settings = Settings(data_folder=folder / DATA_FOLDER, chain=EMBEDDED, issuer=None)
        self.workspace = Workspace(settings, clock=self._time)
        self.workspace.ready_to_write()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.workspace.__exit__(kind, error, trace)

    def on(self, day: str) -> None:
        """From now on blocks are of this day, at nine o'clock UTC.

        Args:
            day: `2025-03-01`; not before the day it was.
        """
        self._day = date.fromisoformat(day)

    @property
    def today(self) -> datetime:
        """The time of the blocks that are made now."""
        return datetime.combine(self._day, _MORNING)

    def party(self, uri: str) -> int:
        """Register a party; its number."""
        return register_party(self.workspace, self.workspace.sender, uri, bytes(32))

    def strange_party(self, uri: str) -> None:
        """Register a party that the folder does not remember as its own: whom to believe is then for a policy."""
        data = self.workspace.contract.register_party_data(uri, bytes(32))
        send(self.workspace, Call(f"register {uri}", data))

    def anchor(self, party: int, documents: Mapping[str, Document]) -> None:
        """Anchor documents as one batch of a party."""
        with tempfile.TemporaryDirectory() as place:
            for name, document in documents.items():
                (Path(place) / name).write_bytes(_content(document))
            intake = take_in(Path(place))
            now = Now(self.workspace)
            now.anchor(now.seal(intake, select(intake, self.workspace.store, party), party))

    def receipt(self, document: Document) -> Receipt:
        """The receipt of a document that was anchored."""
        digest = digest_sd_jwt(document) if isinstance(document, bytes) else digest_document(document)
        (place,) = self.workspace.store.places(digest.value)
        workspace = self.workspace
        return receipt_at(workspace.folder, place, chain=workspace.chain, contract=workspace.contract_address)

    def revoke(self, party: int, document: dict[str, Any], reason: Reason) -> None:
        """Revoke a document by its digest."""
        digest = digest_document(document).value
        data = self.workspace.contract.revoke_digests_data(party, [digest], reason)
        send(self.workspace, Call(f"revoke {digest.hex()}", data))

    def suspend(self, party: int, document: dict[str, Any], reason: Reason) -> None:
        """Suspend a document by its digest."""
        digest = digest_document(document).value
        data = self.workspace.contract.suspend_digests_data(party, [digest], reason)
        send(self.workspace, Call(f"suspend {digest.hex()}", data))

    def accredit(self, body: int, holder: int, scope: Scope, until: str, *, to_accredit: bool = False) -> int:
        """Offer an accreditation and accept it on the same day; its number."""
        kind = Kind.ACCREDIT_TO_ACCREDIT if to_accredit else Kind.ACCREDIT_TO_ISSUE
        number = self._say(body, holder, kind, scope, until)
        self.change(number, ACCEPT)
        return number

    def recognise(self, body: int, other: int, scope: Scope, until: str) -> int:
        """Recognise another body; the number of the recognition."""
        return self._say(body, other, Kind.RECOGNISE, scope, until)

    def change(self, number: int, step: Step) -> None:
        """What its body or holder does to an accreditation, today."""
        take_step(self.workspace, existing(self.workspace.contract, number), step)

    def write(self, name: str, document: Document, receipt: Receipt | None = None) -> None:
        """Write a document into the folder, with its receipt beside it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(document, orjson.OPT_INDENT_2))
        if receipt is not None:
            path.with_name(f"{path.name}.receipt.json").write_bytes(to_json(receipt))

    def say(self, name: str, text: str) -> None:
        """Write a text into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _say(self, body: int, holder: int, kind: Kind, scope: Scope, until: str) -> int:
        contract = self.workspace.contract
        start = int(self._time())
        end = int(datetime.combine(date.fromisoformat(until), time(tzinfo=UTC)).timestamp())
        numbers = (body, holder, start, end, int(kind), scope.to_numbers(), bytes(32), bytes(32), "")
        making = contract.recognise_data if kind is Kind.RECOGNISE else contract.offer_accreditation_data
        purpose = f"{kind.name} {body} {holder} {start}"
        mined = send(self.workspace, Call(purpose, making(numbers), makes=True, to=contract.accreditations_address))
        (event,) = contract.decode_events(mined.logs)
        return int(event.arguments["id"])

    def _time(self) -> float:
        return self.today.timestamp()


def _content(document: Document, option: int = 0) -> bytes:
    return document if isinstance(document, bytes) else orjson.dumps(document, option=option)
