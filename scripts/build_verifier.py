"""Write what the verifier in JavaScript knows of contracts, chains, levels and letters, from what Python has.

The code of a registry is 17 or 24 KB, which no page has to carry: what is another on each chain, or at each address,
stands in its last 1,300 bytes. So of each code there is the state of Keccak after all whole blocks before that, 200
bytes, and the rest of it. The hash follows from these for every chain and address, as it follows from all of the code.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.parsers import expat

from registry.chain.abi import Artifact
from registry.chain.editions import DOMAIN_NAME, Edition, editions
from registry.chain.layout import accreditation_slots_of, slots_of
from registry.chain.rpc.hexadecimal import address_bytes
from registry.chain_names import ChainKind, named_chains
from registry.keccak import keccak
from registry.levels.bundled import bundled_maps
from registry.levels.maps import Kind, Level, LevelMap, Match
from registry.proofs.accreditation_slots import Member
from registry.recognition.countries import NUMERIC
from registry.recognition.scope import QUALIFICATION_TYPES
from registry.records import Reason
from registry.verify.levels import Source

FOLDER = Path(__file__).parents[1] / "registry" / "service" / "web" / "verifier"
RATE = 136
MASK = (1 << 64) - 1
VARYING = ("_cachedThis", "_cachedDomainSeparator", "_cachedChainId")
# No verdict asks for the others.
TERMS = ("body", "holder", "validFrom", "validUntil", "kind", "evidenceHash", "conditionHash")
HEAD = "// Written by scripts/build_verifier.py; `--check` says whether it is as the program has it.\n\n"


def main() -> int:
    """Overwrite the modules, or with `--check` say which are others."""
    written = {
        "contracts.js": contracts(),
        "chains.js": chains(),
        "levelmaps.js": level_maps(),
        "vocabulary.js": vocabulary(),
        "xmlnames.js": xml_names(),
    }
    if sys.argv[1:] == ["--check"]:
        other = [name for name, text in written.items() if (FOLDER / name).read_text("utf-8") != text]
        print(*(f"{name} is not what this script builds" for name in other), sep="\n", file=sys.stderr)
        return bool(other)
    for name, text in written.items():
        (FOLDER / name).write_text(text, "utf-8")
    return 0


def contracts() -> str:
    """The module about editions and reasons."""
    known = [of_edition(each) for each in editions()]
    return (
        f"{HEAD}/** The name in what is signed for a registry by EIP-712. */\n"
        f"export const DOMAIN_NAME = {json.dumps(DOMAIN_NAME)};\n\n"
        "/** Why a status changed, by the contract's numbers. */\n"
        f"export const REASONS = {json.dumps([reason.word for reason in Reason])};\n\n"
        "/**\n"
        " * @typedef {object} Edition\n"
        " * @property {number} number\n"
        " * @property {string} address of its registry where it was deployed as usual, checksummed.\n"
        " * @property {{parties: number, batches: number, statuses: number, digests: number | null}} slots of its\n"
        " *   variables; `statuses` is how many slots after a batch its status words are.\n"
        " * @property {Code} code of the registry.\n"
        " * @property {AccreditationSlots} accreditationSlots\n"
        " * @property {{address: string, code: Code} | null} accreditations the contract that has them beside the\n"
        " *   registry at its usual address; null where the registry has them in it.\n"
        " *\n"
        " * @typedef {object} Code\n"
        " * @property {string} state of Keccak before the rest.\n"
        " * @property {string} rest\n"
        " * @property {Record<string, number[]>} immutables where in the rest each of them is.\n"
        " *\n"
        " * @typedef {Readonly<Record<string, readonly number[]>>} Places of each member of a structure how many\n"
        " *   slots after its own, the first bit from the right, and how many bits.\n"
        " *\n"
        " * @typedef {object} AccreditationSlots\n"
        " * @property {number} count\n"
        " * @property {number} records\n"
        " * @property {Places} terms\n"
        " * @property {Places} scope\n"
        " * @property {Places} change\n"
        " * @property {number} history how many slots after a record's own the length of the list is.\n"
        " */\n\n"
        "/** @type {readonly Edition[]} the newest first. */\n"
        f"export const EDITIONS = {json.dumps(known, indent=2)};\n"
    )


def of_edition(edition: Edition) -> dict[str, Any]:
    """What there is to know of one."""
    slots, of_accreditations = slots_of(edition), accreditation_slots_of(edition)
    registry, beside = edition.address, None
    if not edition.is_one_contract:
        of_registry = {"registry": address_bytes(registry).rjust(32, b"\0")}
        beside = {
            "address": edition.accreditations_address(registry),
            "code": parted_code(edition.accreditations, {**edition.constants(), **of_registry}),
        }
    return {
        "number": edition.number,
        "address": registry,
        "slots": {
            "parties": slots.parties,
            "batches": slots.batches,
            "statuses": slots.statuses,
            "digests": slots.digests,
        },
        # Name and version are the same everywhere: whatever chain is asked for, the hash is of a code with them in it.
        "code": parted_code(edition.registry, edition.constants()),
        "accreditationSlots": {
            "count": of_accreditations.count,
            "records": of_accreditations.records,
            "terms": places(each for each in of_accreditations.terms if each.name in TERMS),
            "scope": places(of_accreditations.scope),
            "change": places(of_accreditations.change),
            "history": of_accreditations.history,
        },
        "accreditations": beside,
    }


def places(members: Iterable[Member]) -> dict[str, list[int]]:
    """Where in a structure each member is: slot, first bit, and bits."""
    return {each.name: [each.slot, 8 * each.offset, 8 * each.size] for each in members}


def parted_code(built: Artifact, fixed: Mapping[str, bytes]) -> dict[str, Any]:
    """The code of a contract, its beginning as the state of Keccak after it.

    Args:
        fixed: the immutables that are in it whatever the chain.
    """
    code, immutables = bytearray(built.deployed_code), built.immutables or {}
    for name, value in fixed.items():
        for start, end in immutables[name]:
            code[start:end] = value
    first = min(start for name in VARYING for start, _ in immutables[name]) // RATE * RATE
    state = absorbed(bytes(code[:first]))
    if finished(state, bytes(code[first:])) != keccak(bytes(code)):
        raise AssertionError("this Keccak is another one")
    return {
        "state": b64encode(b"".join(lane.to_bytes(8, "little") for lane in state)).decode(),
        "rest": b64encode(bytes(code[first:])).decode(),
        "immutables": {name: [start - first for start, _ in immutables[name]] for name in VARYING},
    }


def vocabulary() -> str:
    """The module about the words of scopes."""
    countries = "".join(f"{letters}{number:03d}" for letters, number in NUMERIC.items())
    return (
        f"{HEAD}/** Types of qualification, each in the place of its bit. */\n"
        f"export const QUALIFICATION_TYPES = {json.dumps(QUALIFICATION_TYPES)};\n\n"
        "/** Countries of ISO 3166-1: two letters and the three digits of each. */\n"
        f"export const COUNTRIES = {json.dumps(countries)};\n"
    )


def level_maps() -> str:
    """The module about levels: of each map what a card tells, and no map of what people can do at work."""
    told = [map_of(each) for each in bundled_maps() if each.kind is not Kind.PROFICIENCY]
    lines = "".join(f"  {json.dumps(each, ensure_ascii=False, separators=(',', ':'))},\n" for each in told)
    return (
        f"{HEAD}/**\n"
        " * @typedef {readonly [code: string, name?: string, low?: number, high?: number, marks?: number]} BakedLevel\n"
        " *   beside which levels of the reference framework it is, 0 for none; marks: 1 where that is close, 2 where\n"
        " *   it was not checked.\n"
        " *\n"
        " * @typedef {readonly [framework: string, name: string, countries: string, kind: string, against: string,\n"
        " *   since: string, until: string, source: readonly [name: string, uri: string, date: string],\n"
        " *   levels: readonly BakedLevel[]]} BakedMap\n"
        " */\n\n"
        "/** Maps by framework and then by time. */\n"
        f"export const LEVEL_MAPS = /** @type {{readonly BakedMap[]}} */ (/** @type {{unknown}} */ ([\n{lines}]));\n"
    )


def map_of(given: LevelMap) -> list[Any]:
    """What a card tells of a map, in the order of its members."""
    return [
        *(given.framework, given.name, "".join(given.countries), str(given.kind), given.against),
        *(given.since, given.until),
        list(Source.of(given)),
        [list(level_of(each)) for each in given.levels],
    ]


def level_of(given: Level) -> list[Any]:
    """A level, without what is as usual at its end."""
    low, high = given.beside or (0, 0)
    marks = (given.match is not Match.EXACT) * 1 + (not given.checked) * 2
    found: list[Any] = [given.code, given.name, low, high, marks]
    usual: list[Any] = [None, "", 0, low, 0]
    while len(found) > 1 and found[-1] == usual[len(found) - 1]:
        found.pop()
    return found


def chains() -> str:
    """The module about the names of chains."""
    lines = "".join(
        f"  {int(each.chain.removeprefix('eip155:'))}: {json.dumps([each.words, *kind_of(each.kind)])},\n"
        for each in named_chains()
    )
    return (
        f"{HEAD}/** @type {{Readonly<Record<string, readonly [string, number?]>>}} by number the name, and 1 where\n"
        " * what is anchored there proves nothing to others. */\n"
        f"export const CHAINS = {{\n{lines}}};\n"
    )


def kind_of(kind: ChainKind) -> Iterator[int]:
    """A mark for chains for practice."""
    if kind is not ChainKind.MAIN:
        yield 1


def absorbed(data: bytes, state: list[int] | None = None) -> list[int]:
    """The state of Keccak after whole blocks."""
    state = [0] * 25 if state is None else list(state)
    for at in range(0, len(data), RATE):
        for lane in range(RATE // 8):
            state[lane] ^= int.from_bytes(data[at + 8 * lane : at + 8 * lane + 8], "little")
        permute(state)
    return state


def finished(state: list[int], rest: bytes) -> bytes:
    """Keccak-256 from a state on."""
    padded = bytearray(rest + bytes(RATE - len(rest) % RATE))
    padded[len(rest)] ^= 0x01
    padded[-1] ^= 0x80
    return b"".join(lane.to_bytes(8, "little") for lane in absorbed(bytes(padded), state)[:4])


def permute(state: list[int]) -> None:
    """Keccak-f[1600] (FIPS 202, section 3)."""
    register = 1
    for _ in range(24):
        parity = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        for at in range(25):
            state[at] ^= parity[(at + 4) % 5] ^ rotated(parity[(at + 1) % 5], 1)
        x, y, current = 1, 0, state[1]
        for turn in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, state[x + 5 * y] = state[x + 5 * y], rotated(current, (turn + 1) * (turn + 2) // 2 % 64)
        for row in range(0, 25, 5):
            old = state[row : row + 5]
            for x in range(5):
                state[row + x] = old[x] ^ (~old[(x + 1) % 5] & MASK & old[(x + 2) % 5])
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x171) & 0xFF
            if register & 2:
                state[0] ^= 1 << (1 << bit) - 1


def rotated(lane: int, by: int) -> int:
    """A lane, rotated to the left."""
    return (lane << by | lane >> 64 - by) & MASK


def xml_names() -> str:
    """The module about characters of names in XML, as the parser of Python's standard library has them."""
    starts, others = ([*ranges(form)] for form in ("<{}/>", "<a{}/>"))
    return (
        f"{HEAD}const STARTS =\n  {json.dumps(steps(starts))};\n"
        f"const OTHERS =\n  {json.dumps(steps(others))};\n\n"
        "/** A character that a name in XML may begin with (XML 1.0, fourth edition), without the colon. */\n"
        "export const NAME_START = ofClass(`A-Z_a-z${between(STARTS)}`);\n\n"
        "/** A character of a name in XML. */\n"
        "export const NAME = ofClass(`-.0-9A-Z_a-z${between(OTHERS)}`);\n\n"
        "/**\n * The ranges of a list: how far each is from the end of the one before it, and how long, in base 36.\n"
        " * @param {string} steps\n */\n"
        "function between(steps) {\n"
        "  let end = 0x80;\n"
        "  return steps\n"
        '    .split(" ")\n'
        "    .map((step) => {\n"
        '      const [gap, size = 0] = step.split("-").map((digits) => parseInt(digits, 36));\n'
        "      const start = end + gap;\n"
        "      end = start + size;\n"
        "      return `${String.fromCharCode(start)}-${String.fromCharCode(end)}`;\n"
        "    })\n"
        '    .join("");\n'
        "}\n\n"
        "/** @param {string} characters */\n"
        "function ofClass(characters) {\n"
        "  return new RegExp(`^[${characters}]`);\n"
        "}\n"
    )


def ranges(form: str) -> Iterator[tuple[int, int]]:
    """The first and the last of the characters beyond ASCII with which a document is one, by ranges."""
    known = [code for code in range(0x80, 0xFFFE) if not 0xD800 <= code < 0xE000 and is_xml(form.format(chr(code)))]
    for _, run in groupby(enumerate(known), lambda pair: pair[1] - pair[0]):
        codes = [code for _, code in run]
        yield codes[0], codes[-1]


def is_xml(text: str) -> bool:
    """Whether the parser reads it."""
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(text.encode(), True)
    except expat.ExpatError:
        return False
    return True


def steps(listed: list[tuple[int, int]]) -> str:
    """Ranges as the module has them."""
    ends = [0x80, *(last for _, last in listed)]
    pairs = [(first - end, last - first) for (first, last), end in zip(listed, ends, strict=False)]
    return " ".join(base36(gap) + (f"-{base36(size)}" if size else "") for gap, size in pairs)


def base36(number: int) -> str:
    """A number in digits and letters."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return (base36(number // 36) if number >= 36 else "") + digits[number % 36]


if __name__ == "__main__":
    sys.exit(main())
