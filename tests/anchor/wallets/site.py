"""An institution that offers to wallets what it issued, and the wallet server over the same books."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from anchor.books.issued import Run
from anchor.books.wallet_offers import Offer, WalletOfferStore
from anchor.issuing.delivery import parcels_of
from anchor.issuing.roster.reading import Row
from anchor.issuing.states import asked_states
from anchor.settings import Settings
from anchor.wallets.addresses import Addresses
from anchor.wallets.app import create_app
from anchor.wallets.handing import Desk
from anchor.wallets.metadata import PRE_AUTHORISED
from anchor.wallets.offers import give_out, make_offers, to_offer
from anchor.workspace import Workspace
from tests.anchor.issuing.registrar import Registrar

ORIGIN = "https://wallet.example"
ISSUER = f"{ORIGIN}/hand-over"
NOW = 1_790_000_000


@dataclass
class Given:
    """What one holder was sent by two ways.

    Attributes:
        link: the interaction URL; `secret` is the secret in it.
        code: the transaction code, as it is written.
    """

    row: int
    link: str
    code: str

    @property
    def secret(self) -> str:
        return self.link.removeprefix(f"{ISSUER}/interactions/").removesuffix("?iuv=1")

    @property
    def wrong(self) -> str:
        """Another transaction code."""
        return f"{(int(self.code.replace(' ', '')) + 1) % 10**8:08}"


@dataclass
class Site:
    """A data folder on the practice chain, a registrar, and the server.

    Attributes:
        now: the clock of the server.
        passed: seconds of the clock by which tries come back.
    """

    workspace: Workspace
    registrar: Registrar
    folder: Path
    now: float = NOW
    passed: float = 0.0
    offered: int = 0
    client: TestClient = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(self.workspace, Addresses(ISSUER), clock=lambda: self.now)
        self.client = TestClient(
            create_app(self.desk, rate=0, clock=lambda: self.passed), base_url=ORIGIN, follow_redirects=False
        )

    @property
    def offers(self) -> WalletOfferStore:
        return WalletOfferStore(self.workspace.folder.engine, self.registrar.store)

    def offer(self, run: Run, *, days: int = 30, again: bool = False, rows: Sequence[int] | None = None) -> list[Given]:
        """Offers of a run, in the order of the roster."""
        issued = list(self.registrar.store.rows_of(run))
        parcels = parcels_of(asked_states(self.workspace, 1, issued).rows, again=True)
        chosen = to_offer(parcels, self.offers.of_run(run), rows=rows, again=again)
        self.offered += 1
        folder = self.folder / f"offers-{self.offered}"
        give_out(folder, self.offers, run, make_offers(chosen, int(self.now), days), Addresses(ISSUER))
        links, codes = (table(folder / name) for name in ("links.csv", "codes.csv"))
        return [Given(int(link["row"]), link["link"], code["code"]) for link, code in zip(links, codes, strict=True)]

    def issued(self, rows: Sequence[Row]) -> Run:
        return self.registrar.issue(rows)

    def of(self, given: Given) -> Offer:
        """The offer as the books have it."""
        for run in self.registrar.store.runs(1):
            for key, offer in self.offers.of_run(run).items():
                if any(row.row_number == given.row for row in self.registrar.store.award_of(run.number, key)):
                    return offer
        raise AssertionError(given.row)

    # What a wallet does

    def pre_authorised(self, given: Given) -> str:
        offer = self.client.get(f"/hand-over/offers/{given.secret}").json()
        return str(offer["grants"][PRE_AUTHORISED]["pre-authorized_code"])

    def redeem(self, code: str, number: str, **more: str) -> Any:
        form = {"grant_type": PRE_AUTHORISED, "pre-authorized_code": code, "tx_code": number}
        return self.client.post("/hand-over/token", data=form | more)

    def token(self, given: Given) -> str:
        answer = self.redeem(self.pre_authorised(given), given.code)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def ask(self, token: str, configuration: str, **more: Any) -> Any:
        return self.client.post(
            "/hand-over/credential",
            json={"credential_configuration_id": configuration} | more,
            headers={"Authorization": f"Bearer {token}"},
        )

    def type_code(self, given: Given, code: str, action: str = "file", **headers: str) -> Any:
        form = {"code": code, "action": action}
        return self.client.post(f"/hand-over/interactions/{given.secret}", data=form, headers=headers)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


@contextmanager
def site_in(folder: Path, begun: Path, **registrar: Any) -> Iterator[Site]:
    """A site of its own, in a folder."""
    shutil.copytree(begun, folder / "data")
    with Workspace(Settings(data_folder=folder / "data", wallet_url=ISSUER)) as workspace:
        yield Site(workspace, Registrar(workspace, **registrar), folder)
