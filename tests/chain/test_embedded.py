"""The embedded chain: what was mined is there tomorrow, whatever happened between; one process has it at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import rlp

from registry.chain.embedded import JOURNAL_NAME, EmbeddedChain
from registry.chain.evm import Evm
from registry.chain.journal import CHECKSUM, FRAME, HEADER_BYTES, Journal
from registry.errors import ChainBusy, StoreError
from tests.chain.worlds import ECHO_INITCODE, World

SOMEBODY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def open_world(chain: EmbeddedChain) -> World:
    return World("embedded", chain.client())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A chain of three blocks, closed."""
    with EmbeddedChain(tmp_path / "chain") as chain:
        world = open_world(chain)
        world.send(SOMEBODY, value=5)
        echo, _ = world.deploy(ECHO_INITCODE)
        world.send(echo)
    return tmp_path / "chain"


def blocks_of(folder: Path) -> list[tuple[int, bytes, int]]:
    with EmbeddedChain(folder) as chain:
        client = chain.client()
        head = client.block("latest")
        assert head is not None
        found = [client.block(number) for number in range(head.number + 1)]
        return [(block.number, block.hash, int(block.timestamp.timestamp())) for block in found if block]


def test_a_chain_opened_again_is_the_same(folder: Path) -> None:
    first, second = blocks_of(folder), blocks_of(folder)
    assert len(first) == 4
    assert first == second
    with EmbeddedChain(folder) as chain:
        world = open_world(chain)
        assert world.client.balance(SOMEBODY) > 0
        assert world.client.nonce(world.account().address) == 3
        (log,) = world.client.logs()
        assert world.client.mined(log.transaction_hash)
        assert world.send(SOMEBODY, value=1).block_number == 4


def test_executing_the_journaled_blocks_from_the_start_gives_every_hash(folder: Path) -> None:
    evm = Evm()
    journal = Journal(folder / JOURNAL_NAME, evm.head().hash)
    block_class = evm.chain.get_vm().get_block_class()
    for record in journal.records():
        block, _receipts, _written = rlp.decode(record)
        evm.chain.import_block(rlp.decode(rlp.encode(block) if isinstance(block, list) else block, sedes=block_class))
    journal.close()
    with EmbeddedChain(folder) as chain:
        assert evm.head().hash == chain.evm.head().hash


@pytest.mark.parametrize("cut", [1, 3, 20, 400])
def test_a_torn_last_record_is_set_aside(folder: Path, cut: int) -> None:
    """As after a power cut in the middle of a write that was never acknowledged."""
    before = blocks_of(folder)
    journal = folder / JOURNAL_NAME
    content = journal.read_bytes()
    journal.write_bytes(content[:-cut])
    assert blocks_of(folder) == before[:-1]
    assert list(folder.glob("*.torn"))
    with EmbeddedChain(folder) as chain:
        assert open_world(chain).send(SOMEBODY).block_number == 3
    assert len(blocks_of(folder)) == 4


def test_damage_before_the_end_is_reported_and_not_repaired(folder: Path) -> None:
    journal = folder / JOURNAL_NAME
    content = bytearray(journal.read_bytes())
    content[HEADER_BYTES + FRAME.size + CHECKSUM.size + 100] ^= 1
    journal.write_bytes(content)
    with pytest.raises(StoreError) as refusal:
        EmbeddedChain(folder)
    assert refusal.value.where == str(journal) or str(journal) in str(refusal.value)
    assert journal.read_bytes() == content


def test_a_foreign_file_is_not_read_as_a_journal(folder: Path) -> None:
    (folder / JOURNAL_NAME).write_bytes(b"something else" * 10)
    with pytest.raises(StoreError):
        EmbeddedChain(folder)


def test_the_lock_is_free_again_after_an_error(folder: Path) -> None:
    content = (folder / JOURNAL_NAME).read_bytes()
    (folder / JOURNAL_NAME).write_bytes(b"x" * 100)
    with pytest.raises(StoreError):
        EmbeddedChain(folder)
    (folder / JOURNAL_NAME).write_bytes(content)
    assert len(blocks_of(folder)) == 4


HOLD = """
import sys
from pathlib import Path
from registry.chain.embedded import EmbeddedChain
chain = EmbeddedChain(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_told_which_one_has_the_chain(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ChainBusy) as refusal:
            EmbeddedChain(folder)
        assert f"process {holder.pid}" in refusal.value.what
        assert "devnet" in (refusal.value.remedy or "")
        # Killed, not closed: the operating system frees the lock, and every acknowledged block is there.
        holder.kill()
        holder.wait()
    assert len(blocks_of(folder)) == 4


def test_a_closed_chain_says_so(folder: Path) -> None:
    chain = EmbeddedChain(folder)
    client = chain.client()
    chain.close()
    chain.close()
    with pytest.raises(Exception, match="closed"):
        client.chain_id()
