"""What docs/explanation/security.md says of the contract's code and of its word, where no other test shows it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.chain.abi import ACCREDITATIONS, REGISTRY, artifact, interface
from registry.verify.checks import Overall
from tests.acts import revoke_in_one_batch
from tests.conftest import Run
from tests.contracts.world import STRANGER, World
from tests.registry.verify.test_verify import World as Paper
from tests.registry.verify.test_verify import credential

CONTRACTS = (REGISTRY, ACCREDITATIONS)
PUSH1, PUSH32 = 0x60, 0x7F
CREATE, CALL, CALLCODE, DELEGATECALL = 0xF0, 0xF1, 0xF2, 0xF4
CREATE2, STATICCALL, SELFDESTRUCT = 0xF5, 0xFA, 0xFF


def instructions(code: bytes) -> Iterator[int]:
    """The opcodes of code in their order, without the data of pushes."""
    place = 0
    while place < len(code):
        opcode = code[place]
        yield opcode
        place += 1 + (opcode - PUSH1 + 1 if PUSH1 <= opcode <= PUSH32 else 0)


def test_pushed_data_is_no_instruction() -> None:
    assert list(instructions(bytes([0x60, 0xFF, 0x61, 0xF4, 0xF4, 0x5F, 0x00]))) == [0x60, 0x61, 0x5F, 0x00]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_code_destroys_creates_and_pays_nothing(contract: str) -> None:
    found = Counter(instructions(artifact(contract).deployed_code))
    assert found[STATICCALL] > 0
    # Nothing of value leaves, nothing else is run in its name.
    for never in (CREATE, CALL, CALLCODE, CREATE2, SELFDESTRUCT):
        assert found[never] == 0, hex(never)
    # Of itself, in `multicall`.
    assert found[DELEGATECALL] == 1


@pytest.mark.parametrize("contract", CONTRACTS)
def test_no_function_takes_ether_or_speaks_of_an_owner(contract: str) -> None:
    entries = interface(contract)
    assert [entry for entry in entries if entry.get("stateMutability") == "payable"] == []
    names = {entry.get("name", "").lower() for entry in entries}
    assert {name for name in names if any(part in name for part in ("owner", "pause", "upgrade", "admin"))} == set()


def test_anybody_may_register_under_any_name(world: World) -> None:
    for sender in (STRANGER, STRANGER):
        world.send("registerParty", "https://university.example", b"\x01" * 32, sender=sender)
    first, second = (world.ask("partyOf", party) for party in (1, 2))
    assert first["uri"] == second["uri"] == "https://university.example"


@pytest.mark.parametrize("name", ["Ana Horvat", "A Person Who Never Studied"])
def test_an_endpoint_that_lies_without_contradiction_is_believed(name: str) -> None:
    """A limit: facts that agree with each other are all that a verifier has."""
    assert Paper(document=credential(credentialSubject={"name": name})).verify().overall is Overall.VALID


def test_a_verifier_elsewhere_does_not_know_of_another_batch(run: Run, diplomas: Path) -> None:
    """A limit: revoked, and anchored again, a credential is revoked for those alone who know both of its batches."""
    run("issuer", "register", "--uri", "did:web:university.example")
    run("receipts", run("anchor", diplomas, "--json").json["batches"][0]["root"], "-o", "first")
    (diplomas / "new.json").write_text("{}")
    again = run("anchor", diplomas, "--reissue", "--json").json["batches"][-1]["root"]
    revoke_in_one_batch(Path("first/000.json.receipt.json"))
    run("receipts", again, "-o", diplomas)
    assert run("verify", diplomas / "000.json", "--json").json["overall"] == "not valid"
    shutil.copytree("testamur-data", "elsewhere")
    for database in Path("elsewhere").glob("testamur.db*"):
        database.unlink()
    elsewhere = run("verify", diplomas / "000.json", "--data-folder", "elsewhere", "--trust", 1, "--json")
    assert (elsewhere.json["overall"], elsewhere.json["root"]) == ("valid with a warning", again)
