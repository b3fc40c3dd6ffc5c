"""Writes the vectors of validators' seals: headers that enough of the named ones have sealed, and those to refuse.

    python scripts/build_seal_vectors.py [--check]

Each is a case for a second implementation (`docs/reference/evidence.md`): a header, the validators that are named, and
what has to come out, who sealed which block or a refusal. The headers are encoded by another library than the one that
is tested, and sealed by keys that everybody knows: anvil's, of the phrase `test test test … junk`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import rlp
from eth_account import Account
from eth_hash.auto import keccak
from eth_keys.constants import SECPK1_N
from eth_keys.datatypes import PrivateKey

FILE = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "evidence" / "seals.json"
MIX_HASH: Final = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
EMPTY_TRIE = keccak(rlp.encode(b""))
NUMBER: Final = 17
FORKS: Final = {"Berlin": 15, "London": 16, "Shanghai": 17, "Cancun": 19, "Cancun with a beacon root": 20, "Prague": 21}

Case = dict[str, Any]


def keys_of_anvil(count: int) -> list[PrivateKey]:
    """The keys that anvil and hardhat begin with: everybody has them, and nothing is ever safe with them."""
    Account.enable_unaudited_hdwallet_features()
    phrase = " ".join(["test"] * 11 + ["junk"])
    made = (Account.from_mnemonic(phrase, account_path=f"m/44'/60'/0'/0/{each}") for each in range(count))
    return [PrivateKey(bytes(account.key)) for account in made]


KEYS = keys_of_anvil(7)
SIX, STRANGER = KEYS[:6], KEYS[6]
ADDRESSES = [key.public_key.to_canonical_address() for key in SIX]
OTHER = STRANGER.public_key.to_canonical_address()


def extra(
    own_round: Any = 0, *, vanity: bytes = bytes(32), vote: Any = (), validators: Sequence[Any] = ADDRESSES
) -> list[Any]:
    """What is in `extraData`, without seals."""
    return [vanity, list(validators), vote, own_round, []]


def header(
    extra_data: bytes, *, fields: int = 19, number: int = NUMBER, difficulty: int = 1, mix_hash: bytes = MIX_HASH
) -> bytes:
    """A header of a chain whose validators seal, as a node encodes it."""
    everything: list[Any] = [
        *(sha256(b"parent").digest(), keccak(rlp.encode([])), ADDRESSES[0], sha256(b"state").digest()),
        *(EMPTY_TRIE, EMPTY_TRIE, bytes(256), difficulty, number, 30_000_000, 21_000, 1_700_000_000 + number),
        *(extra_data, mix_hash, bytes(8), 7, EMPTY_TRIE, 0, 0, bytes(32), sha256(b"").digest(), b"another field"),
    ]
    return rlp.encode(everything[:fields])


def seals_of(keys: Iterable[PrivateKey], unsealed: list[Any], **of_header: Any) -> list[bytes]:
    """What these sign, each."""
    signed = keccak(header(rlp.encode(unsealed), **of_header))
    return [key.sign_msg_hash(signed).to_bytes() for key in keys]


def with_seals(seals: Iterable[Any], unsealed: list[Any], **of_header: Any) -> bytes:
    """A header with these seals in it, whatever they are of."""
    return header(rlp.encode([*unsealed[:4], list(seals)]), **of_header)


def sealed(keys: Iterable[PrivateKey], unsealed: list[Any] | None = None, **of_header: Any) -> bytes:
    """A header that these have sealed."""
    unsealed = extra() if unsealed is None else unsealed
    return with_seals(seals_of(keys, unsealed, **of_header), unsealed, **of_header)


def hash_of(unsealed: list[Any], **of_header: Any) -> bytes:
    """As the chain names a block: of its header with round 0 and without seals."""
    return keccak(header(rlp.encode([*unsealed[:3], 0, []]), **of_header))


def other_form(seal: bytes) -> bytes:
    """The same signature with the other s, in the upper half: anybody can make it."""
    s = SECPK1_N - int.from_bytes(seal[32:64], "big")
    return seal[:32] + s.to_bytes(32, "big") + bytes([1 - seal[64]])


def shown(value: bytes) -> str:
    return f"0x{value.hex()}"


def case(name: str, encoded: bytes, expect: Case, validators: Sequence[bytes] = ADDRESSES) -> Case:
    named = [shown(address) for address in validators]
    return {"name": name, "header": shown(encoded), "validators": named, "expect": expect}


def holding() -> Iterator[Case]:
    """Headers that a quorum of the named validators has sealed."""

    def holds(
        name: str,
        sealers: Sequence[PrivateKey],
        encoded: bytes | None = None,
        unsealed: list[Any] | None = None,
        named: Sequence[bytes] = ADDRESSES,
        **of_header: Any,
    ) -> Case:
        unsealed = extra() if unsealed is None else unsealed
        number = of_header.get("number", NUMBER)
        said = {
            "blockHash": shown(hash_of(unsealed, **of_header)),
            "number": number,
            "timestamp": 1_700_000_000 + number,
            "sealers": sorted(shown(key.public_key.to_canonical_address()) for key in sealers),
            "quorum": (2 * len(named) + 2) // 3,
        }
        given = sealed(sealers, unsealed, **of_header) if encoded is None else encoded
        return case(name, given, said, named)

    yield holds("all six", SIX)
    yield holds("four of six", SIX[2:])
    for fork, fields in FORKS.items():
        yield holds(f"a header as of {fork}", SIX[:4], fields=fields)
    for own_round in (1, 127, 128, 255, 256, 2**31 - 1):
        yield holds(f"in round {own_round}", SIX[:5], unsealed=extra(own_round))
    yield holds("a vote for a validator", SIX[:4], unsealed=extra(3, vote=[OTHER, b"\xff"]))
    yield holds("a vote against a validator", SIX[:4], unsealed=extra(3, vote=[OTHER, b""]))
    yield holds("no list of validators, as where a contract has it", SIX[:4], unsealed=extra(validators=[]))
    yield holds("a vanity of somebody", SIX[:4], unsealed=extra(vanity=b"v" * 32))
    for count in range(1, 6):
        needed = (2 * count + 2) // 3
        yield holds(f"{needed} of {count}", SIX[:needed], named=ADDRESSES[:count])
    unsealed = extra()
    good = seals_of(SIX[:4], unsealed)
    stranger = seals_of([STRANGER], unsealed)
    nobody = bytes(31) + b"\5" + bytes(31) + b"\1" + b"\0"
    yield holds("a seal of a stranger among them", SIX[:4], with_seals([*stranger, *good], unsealed))
    yield holds("a seal of nobody among them", SIX[:4], with_seals([nobody, *good], unsealed))
    yield holds("a seal twice", SIX[:4], with_seals([*good, good[0]], unsealed))
    yield holds("a seal in both its forms", SIX[:4], with_seals([*good, other_form(good[0])], unsealed))
    yield holds("seals in their other form", SIX[:4], with_seals(map(other_form, good), unsealed))


def refused() -> Iterator[Case]:
    """Headers that too few have sealed, or that are none, with the code of the refusal."""

    def refuse(name: str, code: str, encoded: bytes, validators: Sequence[bytes] = ADDRESSES) -> Case:
        return case(name, encoded, {"refused": code}, validators)

    few, shape = "seals-missing", "header-shape"
    unsealed = extra(2)
    good = seals_of(SIX, unsealed)
    three, four = good[:3], good[:4]
    yield refuse("three of six", few, with_seals(three, unsealed))
    yield refuse("a seal four times", few, with_seals([good[0]] * 4, unsealed))
    yield refuse("a seal in both its forms", few, with_seals([*three, other_form(good[0])], unsealed))
    yield refuse("a stranger in place of one", few, with_seals([*three, *seals_of([STRANGER], unsealed)], unsealed))
    yield refuse("others are named", few, with_seals(four, unsealed), [OTHER, *ADDRESSES[4:]])
    yield refuse("nobody is named", few, with_seals(four, unsealed), [])
    for name, of_what in {
        "another round": extra(1),
        "round 0": extra(),
        "another vanity": extra(2, vanity=b"v" * 32),
        "a vote": extra(2, vote=[OTHER, b"\xff"]),
        "other validators": extra(2, validators=ADDRESSES[:5]),
    }.items():
        mixed = [*three, *seals_of([SIX[3]], of_what)]
        yield refuse(f"a seal of a block with {name}", few, with_seals(mixed, unsealed))
    yield refuse("the seals of another block", few, with_seals(seals_of(SIX, unsealed, number=18), unsealed))
    yield refuse("seals of the hash of the block", few, with_seals(_of_hash(hash_of(unsealed)), unsealed))
    own = rlp.encode([*unsealed[:4], good])
    yield refuse("seals of the header with seals", few, with_seals(_of_hash(keccak(header(own))), unsealed))
    yield refuse("no seals", "no-seals", with_seals([], unsealed))
    yield refuse("a first block", "no-seals", sealed(SIX, number=0))
    yield refuse("a header of another chain", "no-seals", header(b"extra", mix_hash=bytes(32), fields=20))
    yield refuse("its seals on another chain", "no-seals", sealed(SIX, mix_hash=bytes(32), fields=20))
    yield refuse("19 fields on another chain", shape, sealed(SIX, mix_hash=bytes(32)))
    for fields in (14, 18, 22):
        yield refuse(f"a header of {fields} fields", shape, sealed(SIX, fields=fields))
    for difficulty in (0, 2):
        yield refuse(f"a difficulty of {difficulty}", shape, sealed(SIX, difficulty=difficulty))
    many = [(b"validator %10d" % each) for each in range(101)]
    yield refuse("101 validators are named", "evidence-size", with_seals(four, unsealed), many)
    yield refuse("101 seals", "evidence-size", with_seals(good[:1] * 101, extra(validators=[])))
    yield refuse("a header of more than 8,192 bytes", "evidence-size", with_seals(good[:1] * 120, unsealed))
    yield from _other_extra_data(four)


def _of_hash(signed: bytes) -> list[bytes]:
    return [key.sign_msg_hash(signed).to_bytes() for key in SIX]


def _other_extra_data(seals: list[bytes]) -> Iterator[Case]:
    whole = rlp.encode([*extra(2)[:4], seals])
    vanity, validators, vote, own_round, _ = extra(2)
    seal = seals[0]
    order = SECPK1_N.to_bytes(32, "big")
    parts: dict[str, Any] = {
        "that is cut off": whole[:-1],
        "with a byte more": whole + b"\0",
        "of no bytes": b"",
        "that is a text": rlp.encode(b"x" * 100),
        "without seals' list": rlp.encode([vanity, validators, vote, own_round]),
        "with a sixth part": rlp.encode([vanity, validators, vote, own_round, seals, b""]),
        "with a vanity of 31 bytes": rlp.encode([bytes(31), validators, vote, own_round, seals]),
        "with validators that are no list": rlp.encode([vanity, b"", vote, own_round, seals]),
        "with an address of 19 bytes": rlp.encode([vanity, [bytes(19)], vote, own_round, seals]),
        "as IBFT 2.0 and GoQuorum have it, without a vote": rlp.encode([vanity, validators, b"", own_round, seals]),
        "as IBFT 2.0 has it": rlp.encode([vanity, validators, b"", b"\0\0\0\2", seals]),
        "as the first IBFT has it": bytes(32) + rlp.encode([validators, seal, seals]),
        "with a round of four bytes": rlp.encode([vanity, validators, vote, b"\0\0\0\2", seals]),
        "with a round that is a byte of zero": rlp.encode([vanity, validators, vote, b"\0", seals]),
        "with a round of 2^31": rlp.encode([vanity, validators, vote, 2**31, seals]),
        "with a round of five bytes": rlp.encode([vanity, validators, vote, 2**32, seals]),
        "with a round that is a list": rlp.encode([vanity, validators, vote, [], seals]),
        "with a vote of one part": rlp.encode([vanity, validators, [OTHER], own_round, seals]),
        "with a vote of three parts": rlp.encode([vanity, validators, [OTHER, b"", b""], own_round, seals]),
        "with a vote for 19 bytes": rlp.encode([vanity, validators, [bytes(19), b""], own_round, seals]),
        "with a vote of 0xaa": rlp.encode([vanity, validators, [OTHER, b"\xaa"], own_round, seals]),
        "with a vote of a byte of zero": rlp.encode([vanity, validators, [OTHER, b"\0"], own_round, seals]),
    }
    for what, bad in {
        "of 64 bytes": seal[:64],
        "of 66 bytes": seal + b"\0",
        "that is a list": [seal],
        "with a parity of 27": seal[:64] + b"\x1b",
        "with a parity of 2": seal[:64] + b"\2",
        "with an r of zero": bytes(32) + seal[32:],
        "with an s of zero": seal[:32] + bytes(32) + seal[64:],
        "with an r of the curve's order": order + seal[32:],
        "with an s of the curve's order": seal[:32] + order + seal[64:],
    }.items():
        parts[f"with a seal {what}"] = rlp.encode([vanity, validators, vote, own_round, [*seals, bad]])
    for name, extra_data in parts.items():
        yield case(f"extraData {name}", header(extra_data), {"refused": "header-shape"})


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when the file is not what is built")
    check = parser.parse_args().check
    cases = [*holding(), *refused()]
    text = json.dumps(cases, indent=1) + "\n"
    if not check:
        FILE.write_text(text, encoding="utf-8")
        print(f"{FILE.name}: {len(cases)} cases")
    elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != text:
        sys.exit(f"error: {FILE.name} is not what is built\n  what to do: run python scripts/build_seal_vectors.py")


if __name__ == "__main__":
    main()
