"""What commands of an earlier program had under way when the database is brought to this one's form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, insert, select

from anchor.books.acts import ACT, act_row
from anchor.books.attempts import anchor_purpose
from anchor.books.batches import BATCH, BatchRow, batch_row
from anchor.books.tables import BY_PERSON, act, attempt, batch
from anchor.sending.accounts import development_signer
from registry.database import engine as database
from registry.database.engine import open_database
from registry.embedded.genesis import CHAIN_ID

CHAIN = f"eip155:{CHAIN_ID}"
CONTRACT = "0x0fc67A942AC0E2beb68969a1F782DCF011D3792b"
SIGNER = development_signer()
CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(str(database.__file__)).parent / "migrations"))


class Earlier:
    """A database of the revision before, into which its program writes."""

    def __init__(self, connection: Connection):
        self._connection = connection

    def signs(self, nonce: int, purpose: str, data: bytes = b"", *, gas: int = 30_000, **columns: Any) -> None:
        offer = {"maxFeePerGas": 2 * 10**9, "maxPriorityFeePerGas": 10**9}
        fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": CONTRACT, "data": data, "value": 0, "gas": gas}
        signed = SIGNER.sign(fields | offer)
        values = {"chain": CHAIN, "sender": SIGNER.address, "nonce": nonce, "purpose": purpose, "signed_at": 0}
        self._connection.execute(insert(attempt).values(**values, hash=signed.hash, raw=signed.raw, **columns))

    def seals(self, root: bytes, state: str, **columns: Any) -> None:
        values = {"chain": CHAIN, "contract": CONTRACT, "issuer": 1, "root": root, "leaf_count": 1, "sealed_at": 0}
        self._connection.execute(insert(batch).values(**values, state=state, **columns))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'testamur.db'}"


@pytest.fixture
def earlier(url: str) -> Iterator[Earlier]:
    made: Engine = database._engine(url, 60.0)
    with made.connect() as connection:
        CONFIG.attributes["connection"] = connection
        command.upgrade(CONFIG, "0010")
        connection.commit()
        yield Earlier(connection)
    made.dispose()


def now(earlier: Earlier, url: str) -> tuple[dict[bytes, BatchRow], list[tuple[Any, ...]]]:
    """The batches by their root, and the acts: purpose, nonce, state, recipient and data."""
    earlier._connection.commit()
    opened = open_database(url)
    with opened.connect() as connection:
        batches = {row.root: row for row in map(batch_row, connection.execute(select(*BATCH)))}
        acts = [act_row(found) for found in connection.execute(select(*ACT).order_by(act.c.nonce))]
    opened.dispose()
    return batches, [(one.purpose, one.nonce, one.state, one.recipient, one.data) for one in acts]


@pytest.mark.parametrize("length", [0, 1, 55, 56, 300, 70_000])
def test_what_a_command_had_under_way_is_an_act(earlier: Earlier, url: str, length: int) -> None:
    data = b"\x7f" * length
    earlier.signs(4, "register did:web:a.example", data)
    _, acts = now(earlier, url)
    assert acts == [("register did:web:a.example", 4, "broadcast", CONTRACT.lower(), data)]


def test_what_is_settled_or_stands_in_a_row_already_is_no_act(earlier: Earlier, url: str) -> None:
    earlier.signs(0, "register", settled_at=1, succeeded=1)
    earlier.signs(1, "status revoke 1 0x07 0 deed 3")
    earlier.signs(2, "cancel deed 3")
    earlier.signs(3, "fill 3")
    earlier.signs(4, "anchor 1 0x" + "07" * 32)
    assert now(earlier, url) == ({}, [])


def test_of_two_prices_at_one_nonce_one_act_is_made(earlier: Earlier, url: str) -> None:
    earlier.signs(0, "deploy", gas=30_000)
    earlier.signs(0, "deploy", gas=30_001)
    assert [each[:2] for each in now(earlier, url)[1]] == [("deploy", 0)]


def test_what_no_block_can_take_is_given_up(earlier: Earlier, url: str) -> None:
    earlier.signs(0, "deploy", gas=0)
    assert now(earlier, url) == ({}, [])
    opened = open_database(url)
    with opened.connect() as connection:
        assert connection.execute(select(attempt.c.succeeded)).scalar_one() == 0
    opened.dispose()


@pytest.mark.parametrize(
    ("sealed", "state"),
    [
        ({"state": "sealed"}, "broadcast"),
        ({"state": "mined"}, "mined"),
        ({"state": "parked", "parked_code": BY_PERSON}, "parked"),
    ],
)
@pytest.mark.parametrize("signed", [{}, {"settled_at": 1, "succeeded": 1}])
def test_a_batch_gets_the_nonce_that_a_command_signed_it_with(
    earlier: Earlier, url: str, sealed: dict[str, Any], state: str, signed: dict[str, Any]
) -> None:
    root, other = b"\x07" * 32, b"\x08" * 32
    earlier.seals(root, **sealed)
    earlier.seals(other, "sealed")
    earlier.signs(5, anchor_purpose(1, root), **signed)
    batches, acts = now(earlier, url)
    assert (batches[root].nonce, batches[root].sender, batches[root].state) == (5, SIGNER.address, state)
    assert (batches[other].nonce, batches[other].sender, batches[other].state) == (None, None, "sealed")
    assert acts == []


def test_a_batch_whose_transaction_failed_is_sent_anew(earlier: Earlier, url: str) -> None:
    earlier.seals(b"\x07" * 32, "sealed")
    earlier.signs(5, anchor_purpose(1, b"\x07" * 32), settled_at=1, succeeded=0)
    batches, _ = now(earlier, url)
    assert batches[b"\x07" * 32].nonce is None
