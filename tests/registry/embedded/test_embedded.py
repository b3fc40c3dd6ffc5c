"""The embedded chain: what was mined is there tomorrow, whatever happened between; one process has it at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import rlp

from registry.embedded.chain import JOURNAL_NAME, EmbeddedChain
from registry.embedded.evm import Evm
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, GENESIS_TIMESTAMP
from registry.embedded.journal import CHECKSUM, FRAME, HEADER_BYTES, Journal
from registry.errors import ChainBusy, StoreError
from tests.registry.chain.worlds import ECHO_INITCODE, World

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
from registry.embedded.chain import EmbeddedChain
chain = EmbeddedChain(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_told_which_one_has_the_chain(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
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


STOPPED_IN_FSYNC = """
import os, signal, sys
from pathlib import Path
from registry.embedded.chain import EmbeddedChain
chain = EmbeddedChain(Path(sys.argv[1]))
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
chain.send_raw(bytes.fromhex(sys.argv[2]))
"""


def test_a_process_killed_between_writing_and_fsync_leaves_a_whole_chain(folder: Path) -> None:
    before = blocks_of(folder)
    with EmbeddedChain(folder) as chain:
        raw = open_world(chain).signed(SOMEBODY, value=1)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", STOPPED_IN_FSYNC, str(folder), raw.hex()]
    assert subprocess.run(command, env=environment).returncode == -signal.SIGKILL
    # Nobody was told that the block is there; it is there whole, or not at all.
    after = blocks_of(folder)
    assert after[: len(before)] == before
    assert len(after) - len(before) in (0, 1)
    with EmbeddedChain(folder) as chain:
        assert open_world(chain).send(SOMEBODY).block_number == len(after)
    assert len(blocks_of(folder)) == len(after) + 1


@pytest.mark.parametrize("interruption", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_block_that_could_not_be_made_durable_is_not_on_the_chain(
    folder: Path, interruption: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = blocks_of(folder)
    with EmbeddedChain(folder) as chain:
        world = open_world(chain)
        fsync, failed = os.fsync, []

        def failing(descriptor: int) -> None:
            if not failed:
                failed.append(descriptor)
                raise interruption
            fsync(descriptor)

        raw = world.signed(SOMEBODY, value=1)
        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises((StoreError, KeyboardInterrupt)):
            chain.send_raw(raw)
        head = world.client.block("latest")
        assert head is not None
        assert (head.number, head.hash) == before[-1][:2]
        assert chain.send_raw(raw)
    after = blocks_of(folder)
    assert after[:-1] == before


def test_every_way_to_cut_the_last_record_is_recovered_or_named(folder: Path) -> None:
    """As after a power cut: any length, and any part of what was being written still zero."""
    before = blocks_of(folder)
    journal = folder / JOURNAL_NAME
    content = journal.read_bytes()
    last = len(content) - journal_sizes(content)[-1]
    for end in (last, last + 3, last + FRAME.size, (last + len(content)) // 2, len(content) - 1):
        for kept in (end, last, last + 5):
            damaged = (content[: min(kept, end)]).ljust(end, b"\0")
            journal.write_bytes(damaged)
            assert opened_or_refused(folder) in (before[:-1], ("journal-damaged", f"{journal} at byte {last}"))
            if not list(folder.glob("*.torn")):
                assert journal.read_bytes() == damaged, "what is not recovered is not changed"
            for torn in folder.glob("*.torn"):
                torn.unlink()


def opened_or_refused(folder: Path) -> object:
    """The blocks, or the code and the place of the refusal."""
    try:
        return blocks_of(folder)
    except StoreError as refusal:
        return refusal.code, refusal.where


def journal_sizes(content: bytes) -> list[int]:
    """The bytes of each record with its frame."""
    sizes, at = [], HEADER_BYTES
    while at < len(content):
        length, _ = FRAME.unpack_from(content, at)
        sizes.append(FRAME.size + length + CHECKSUM.size)
        at += sizes[-1]
    return sizes


def test_what_is_allowed_since_the_newest_block_is_estimated(tmp_path: Path) -> None:
    # A chain without blocks is as old as its first one, and a transaction would be in a block of now.
    since = GENESIS_TIMESTAMP.to_bytes(4, "big").hex()
    reverts_unless_later = bytes.fromhex(f"4263{since}1015600c57005b5f5ffd")
    with EmbeddedChain(tmp_path / "chain") as chain:
        client = chain.client()
        block = client.block("latest")
        assert block is not None
        assert int(block.timestamp.timestamp()) == GENESIS_TIMESTAMP
        assert client.estimate_gas(sender=DEVELOPMENT_ACCOUNTS[0], to=None, call_data=reverts_unless_later) > 21_000


def test_a_closed_chain_says_so(folder: Path) -> None:
    chain = EmbeddedChain(folder)
    client = chain.client()
    chain.close()
    chain.close()
    with pytest.raises(Exception, match="closed"):
        client.chain_id()
