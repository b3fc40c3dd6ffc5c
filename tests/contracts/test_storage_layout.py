"""Where the contracts keep what they know. Proofs of storage are read there, for as long as they stand.

The committed layouts are the compiler's, and four words of the registry tell all that a verdict needs of a credential.
"""

from __future__ import annotations

import json
import subprocess
from importlib import resources
from typing import Any

import pytest
from eth_hash.auto import keccak

from registry.chain.abi import ACCREDITATIONS, REGISTRY, source_bundle
from registry.records import Purpose, Reason
from scripts.build_contracts import layout
from tests.contracts.build import ROOT
from tests.contracts.world import CONTROLLER, OPERATOR, World

BATCH_ROOT, BARE_ROOT, UNKNOWN = b"\xb1" * 32, b"\xb2" * 32, b"\xb3" * 32
REVOKED, SUSPENDED, BOTH, NEITHER = (bytes([number]) * 32 for number in (0xD1, 0xD2, 0xD3, 0xD4))
LEAVES = 600
PLACES = (0, 1, 255, 256, 511, 599)


def committed(contract: str) -> dict[str, Any]:
    file = resources.files("registry.chain") / "artifacts" / f"{contract}.storage-layout.json"
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def slot_of(label: str) -> int:
    return int(next(each["slot"] for each in committed(REGISTRY)["storage"] if each["label"] == label))


def within(mapping: int, key: int | bytes) -> int:
    """The place of a value of a mapping (Solidity's layout: Keccak-256 of the key and the mapping's own place)."""
    word = key if isinstance(key, bytes) else key.to_bytes(32, "big")
    return int.from_bytes(keccak(word + mapping.to_bytes(32, "big")), "big")


def keys_of_a_verdict(issuer: int, root: bytes, index: int, digest: bytes) -> tuple[int, int, int, int]:
    """The packed batch, its words of revocations and of suspensions, and what was said of the digest."""
    batch = within(within(slot_of("_batches"), issuer), root)
    words = (within(batch + 1, index // 256 << 8 | purpose) for purpose in Purpose)
    return batch, *words, within(within(slot_of("_digestStatuses"), issuer), digest)  # type: ignore[return-value]


def test_the_committed_layouts_are_the_compilers() -> None:
    compiler = [str(ROOT / "scripts" / "solc.mjs"), "--standard-json", "-"]
    done = subprocess.run(compiler, input=source_bundle(), capture_output=True, text=True, check=True)
    contracts = json.loads(done.stdout)["contracts"]
    for name in (REGISTRY, ACCREDITATIONS):
        assert layout(contracts[f"contracts/src/{name}.sol"][name]["storageLayout"]) == committed(name)


def test_where_the_variables_are() -> None:
    assert [(each["label"], each["slot"], each["offset"]) for each in committed(REGISTRY)["storage"]] == [
        ("_partyCount", "0", 0),
        ("_parties", "1", 0),
        ("_otherOperators", "2", 0),
        ("_nameFallback", "3", 0),
        ("_versionFallback", "4", 0),
        ("_batches", "5", 0),
        ("_defaultIssuers", "6", 0),
        ("_digestStatuses", "7", 0),
    ]
    assert [(each["label"], each["slot"], each["offset"]) for each in committed(ACCREDITATIONS)["storage"]] == [
        ("_nameFallback", "0", 0),
        ("_versionFallback", "1", 0),
        ("_accreditationCount", "2", 0),
        ("_accreditations", "3", 0),
        ("_usedNonces", "4", 0),
    ]
    record = committed(REGISTRY)["types"]["t_struct(BatchRecord)_storage"]["members"]
    assert [(each["label"], each["slot"], each["offset"]) for each in record] == [
        ("packed", "0", 0),
        ("statuses", "1", 0),
    ]
    party = committed(REGISTRY)["types"]["t_struct(PartyRecord)_storage"]["members"]
    assert [(each["label"], each["slot"], each["offset"]) for each in party] == [
        ("packed", "0", 0),
        ("controller", "1", 0),
        ("registeredAt", "1", 20),
        ("digestChanges", "1", 26),
        ("pendingController", "2", 0),
        ("profileHash", "3", 0),
        ("uri", "4", 0),
    ]


@pytest.fixture
def issuer(world: World) -> int:
    """An issuer with a batch of 600, some revoked or suspended, by place and by digest, and a bare root."""
    world.send("registerParty", "", bytes(32), sender=CONTROLLER)
    world.send("setOperator", 1, OPERATOR, True, sender=CONTROLLER)
    world.send("anchor", 1, BATCH_ROOT, LEAVES, sender=OPERATOR)
    world.send("setDefaultIssuer", 1, sender=OPERATOR)
    world.send_data(BARE_ROOT, sender=OPERATOR)
    for word, mask in ((0, 1 | 1 << 255), (2, 1 << 87)):
        world.send("setStatus", 1, BATCH_ROOT, Purpose.REVOCATION, word, mask, 0, sender=OPERATOR)
    world.send("setStatus", 1, BATCH_ROOT, Purpose.SUSPENSION, 0, 0b11, 0, sender=OPERATOR)
    world.send("setStatus", 1, BATCH_ROOT, Purpose.SUSPENSION, 1, 1, 0, sender=OPERATOR)
    world.send("revokeDigests", 1, [REVOKED, BOTH], Reason.OBTAINED_BY_FRAUD, sender=OPERATOR)
    world.send("suspendDigests", 1, [SUSPENDED, BOTH], Reason.UNDER_REVIEW, sender=OPERATOR)
    return 1


def read_batch(word: int) -> dict[str, int]:
    """As `PackedBatch.sol` says in words."""
    return {
        "anchoredAt": word >> 64 & 2**48 - 1,
        "blockNumber": word >> 112 & 2**48 - 1,
        "leafCount": word & 2**32 - 1,
        "sequence": word >> 32 & 2**32 - 1,
        "voidedAt": word >> 160 & 2**48 - 1,
        "voidReason": word >> 208,
    }


def read_digest_status(word: int) -> dict[str, int]:
    """As `PackedDigestStatus.sol` says in words."""
    return {
        "revokedAt": word & 2**48 - 1,
        "revocationReason": word >> 48 & 0xFF,
        "suspendedAt": word >> 56 & 2**48 - 1,
        "suspensionReason": word >> 104,
    }


@pytest.mark.parametrize("voided", [False, True])
def test_four_words_tell_what_the_contract_answers(world: World, issuer: int, voided: bool) -> None:
    if voided:
        for root in (BATCH_ROOT, BARE_ROOT):
            world.send("voidBatch", issuer, root, Reason.KEY_COMPROMISE, sender=CONTROLLER)
    seen = set()
    for index in PLACES:
        for digest in (REVOKED, SUSPENDED, BOTH, NEITHER):
            keys = keys_of_a_verdict(issuer, BATCH_ROOT, index, digest)
            assert len(set(keys)) == 4
            batch, revocations, suspensions, by_digest = map(world.stored, keys)
            assert read_batch(batch) == world.ask("batchOf", issuer, BATCH_ROOT)
            assert read_digest_status(by_digest) == world.ask("digestStatusesOf", issuer, [digest])[0]
            said = read_digest_status(by_digest)
            bit = 1 << index % 256
            revoked = bool(said["revokedAt"] or read_batch(batch)["voidedAt"] or revocations & bit)
            suspended = bool(said["suspendedAt"] or suspensions & bit)
            assert (revoked, suspended) == world.ask("statusOf", issuer, BATCH_ROOT, index, digest)
            seen.add((revoked, suspended))
    assert seen >= {(True, False), (True, True)}
    assert ((False, False) in seen) is not voided


def test_the_word_of_the_controller_tells_how_much_was_said_of_digests(world: World, issuer: int) -> None:
    word = world.stored(within(slot_of("_parties"), issuer) + 1)
    found = world.ask("partyOf", issuer)
    assert word & 2**160 - 1 == int(found["controller"], 16) == int(CONTROLLER, 16)
    assert word >> 160 & 2**48 - 1 == found["registeredAt"]
    assert word >> 208 == found["digestChanges"] == 4


def test_what_is_not_there_is_zero(world: World, issuer: int) -> None:
    bare, *_ = map(world.stored, keys_of_a_verdict(issuer, BARE_ROOT, 0, NEITHER))
    # Anchored, with its leaves uncounted: no leaf count, but a sequence.
    assert (read_batch(bare)["leafCount"], read_batch(bare)["sequence"]) == (0, 2)
    assert set(map(world.stored, keys_of_a_verdict(issuer, UNKNOWN, 0, NEITHER))) == {0}
    # Another issuer's words are elsewhere.
    assert set(map(world.stored, keys_of_a_verdict(2, BATCH_ROOT, 0, REVOKED))) == {0}
