"""Writes the vectors of checkpoint lists: lists that a policy is content with, and others with what is wrong.

    python scripts/build_checkpoint_vectors.py [--check]

Each is a case for a second implementation (`docs/reference/checkpoints.md`): a list, a policy, and what has to come
out, blocks or a refusal. They are put together from the words of that page, without the code that is tested.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "checkpoints" / "lists.json"
NOTE, WITNESS = 1, 4
TIME = 1_795_651_211  # 2026-11-26T00:00:11Z

Case = dict[str, Any]


class Key(NamedTuple):
    """A key whose seed follows from its name; for these vectors alone."""

    name: str
    kind: int
    seed: str = ""

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha256((self.seed or self.name).encode()).digest())

    @property
    def public(self) -> bytes:
        return bytes([self.kind]) + self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return sha256(f"{self.name}\n".encode() + self.public).digest()[:4]

    @property
    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(self.public).decode()}"

    def line(self, body: str, time: int = TIME) -> str:
        """The signature below a body."""
        if self.kind == NOTE:
            return self.put(self.private.sign(body.encode()))
        message = f"cosignature/v1\ntime {time}\n{body}"
        return self.put(time.to_bytes(8, "big") + self.private.sign(message.encode()))

    def put(self, value: bytes) -> str:
        return f"\u2014 {self.name} {b64encode(self.id + value).decode()}\n"


LOG, A, B, C = (
    Key("blocks.example", NOTE),
    Key("ministry.example", WITNESS),
    Key("university.example", WITNESS),
    Key("bar.example", WITNESS),
)
POLICY = f"""# Two of three.
log {LOG.text} https://blocks.example/
witness ministry {A.text}
witness university {B.text}
witness bar {C.text}
group two 2 ministry university bar
quorum two
"""
HASHES = [f"0x{sha256(b'block %d' % number).hexdigest()}" for number in range(9)]
DAYS = [f"eip155:1 {23_000_000 + 7_160 * day} {HASHES[day]} 2026-11-2{day}T00:00:11Z" for day in range(7)]


def root(lines: Sequence[str]) -> bytes:
    """RFC 6962, section 2.1."""
    if len(lines) == 1:
        return sha256(b"\0" + lines[0].encode()).digest()
    half = 1 << (len(lines) - 1).bit_length() - 1
    return sha256(b"\1" + root(lines[:half]) + root(lines[half:])).digest()


def body(lines: Sequence[str], origin: str = LOG.name) -> str:
    return f"{origin}\n{len(lines)}\n{b64encode(root(lines)).decode()}\n"


def listed(lines: Sequence[str], signers: Sequence[Key] = (LOG, A, B), *, signed: str | None = None) -> str:
    text = body(lines) if signed is None else signed
    return f"{text}\n{''.join(each.line(text) for each in signers)}\n{''.join(f'{line}{chr(10)}' for line in lines)}"


def blocks(lines: Sequence[str], witnesses: Sequence[str], needed: int = 2) -> Case:
    found = [line.split(" ") for line in lines]
    return {
        "origin": LOG.name,
        "witnesses": list(witnesses),
        "needed": needed,
        "blocks": [
            {"chain": chain, "number": int(number), "hash": block_hash, "time": time}
            for chain, number, block_hash, time in found
        ],
    }


def content() -> Iterator[tuple[str, str, str, Case]]:
    """Name, list, policy, and what comes out, of lists that are believed."""
    two = ("ministry", "university")
    for count in range(1, 8):
        yield f"{count} entries", listed(DAYS[:count]), POLICY, blocks(DAYS[:count], two)
    yield "all three", listed(DAYS, [C, LOG, B, A]), POLICY, blocks(DAYS, (*two, "bar"))
    others = [DAYS[0], DAYS[0].replace("eip155:1 ", "eip155:137 "), DAYS[1]]
    yield "two chains", listed(others), POLICY, blocks(others, two)
    text = body(DAYS)
    stranger = Key("stranger.example", WITNESS)
    bad = stranger.put(bytes(72))
    yield (
        "a signature of a stranger that does not hold",
        listed(DAYS).replace("\n\n", f"\n\n{bad}", 1),
        POLICY,
        blocks(DAYS, two),
    )
    same_name = Key(A.name, WITNESS, "another seed")
    yield "an unknown key of a known name", listed(DAYS, [LOG, A, B, same_name]), POLICY, blocks(DAYS, two)
    later = listed(DAYS).replace(A.line(text), A.line(text, TIME + 60) + A.line(text))
    yield "a witness signed twice, and another once", later, POLICY, blocks(DAYS, two)
    none = f"log {LOG.text}\nquorum none"
    yield "no witness is asked for", listed(DAYS, [LOG]), none, blocks(DAYS, (), 0)
    one = POLICY.replace("quorum two", "quorum ministry").replace("group", "#group")
    yield "who is not below the quorum does not count", listed(DAYS), one, blocks(DAYS, ("ministry",), 1)
    nested = POLICY.replace(
        "group two 2 ministry university bar", "group one any ministry university\ngroup two all one bar"
    )
    yield "nested groups", listed(DAYS, [LOG, B, C]), nested, blocks(DAYS, ("university", "bar"))
    spaced = POLICY.replace(" ", " \t ").replace("\n", "  \n\n")
    yield "a policy with spaces and tabs", listed(DAYS), spaced, blocks(DAYS, two)


def refused() -> Iterator[tuple[str, str, str, str]]:
    """Name, list, policy, and the code, of lists that are not."""
    good, text = listed(DAYS), body(DAYS)
    yield "one witness of two", listed(DAYS, [LOG, A]), POLICY, "checkpoint-quorum"
    twice = good.replace(B.line(text), A.line(text, TIME + 60))
    yield "one witness twice", twice, POLICY, "checkpoint-quorum"
    nested = POLICY.replace(
        "group two 2 ministry university bar", "group one any ministry university\ngroup two all one bar"
    )
    yield "one group of two", good, nested, "checkpoint-quorum"
    yield "without its log", listed(DAYS, [A, B, C]), POLICY, "checkpoint-log"
    other = Key("other.example", NOTE, LOG.name)
    renamed = POLICY.replace(LOG.text, other.text)
    yield "the log of another list", listed(DAYS, [other, A, B]), renamed, "checkpoint-log"
    yield "a policy without logs", good, POLICY.replace("log ", "#log "), "checkpoint-log"
    as_log = Key(B.name, NOTE, B.name)
    yield "a witness's key as one of a list", listed(DAYS, [LOG, A, as_log]), POLICY, "checkpoint-quorum"
    for name, value in {
        "another time": (TIME + 1).to_bytes(8, "big") + A.private.sign(f"cosignature/v1\ntime {TIME}\n{text}".encode()),
        "no time": A.private.sign(f"cosignature/v1\ntime {TIME}\n{text}".encode()),
        "no prefix": TIME.to_bytes(8, "big") + A.private.sign(text.encode()),
        "a byte more": TIME.to_bytes(8, "big")
        + A.private.sign(f"cosignature/v1\ntime {TIME}\n{text}".encode())
        + b"\0",
        "nothing in it": bytes(1),
        "a list of another size": TIME.to_bytes(8, "big")
        + A.private.sign(f"cosignature/v1\ntime {TIME}\n{body(DAYS[:6])}".encode()),
    }.items():
        yield f"a cosignature with {name}", good.replace(A.line(text), A.put(value)), POLICY, "note-signature"
    yield "another name", good.replace(LOG.name, "block5.example", 1), POLICY, "note-signature"
    head, _, entries = good.rpartition("\n\n")
    lines = entries.removesuffix("\n").split("\n")
    for name, changed in {
        "an entry changed": [*lines[:3], lines[3].replace(HASHES[3], HASHES[8]), *lines[4:]],
        "an entry left out": [*lines[:3], *lines[4:]],
        "the last entry left out": lines[:-1],
        "an entry added": [*lines, lines[-1]],
        "two entries swapped": [lines[1], lines[0], *lines[2:]],
    }.items():
        put = "".join(f"{line}\n" for line in changed)
        yield name, f"{head}\n\n{put}", POLICY, "checkpoint-root"
    yield "the size of another list", good.replace("\n7\n", "\n8\n", 1), POLICY, "checkpoint-root"
    for name, wrong in {
        "a block twice": [DAYS[0], DAYS[0]],
        "a block with two hashes": [DAYS[0], DAYS[0].replace(HASHES[0], HASHES[8])],
        "blocks that descend": [DAYS[1], DAYS[0]],
        "times that go back": [DAYS[0], DAYS[1].replace("11-21", "11-19")],
    }.items():
        yield name, listed(wrong), POLICY, "checkpoint-order"
    for name, line in {
        "a number with a zero before it": DAYS[0].replace(" 23", " 023"),
        "a hash in upper case": DAYS[0].replace(HASHES[0], f"0x{HASHES[0][2:].upper()}"),
        "a hash that is too short": DAYS[0].replace(HASHES[0], HASHES[0][:-1]),
        "two spaces": DAYS[0].replace(" ", "  ", 1),
        "a space at its end": f"{DAYS[0]} ",
        "a chain that is none": DAYS[0].replace("eip155:1", "eip155:0"),
        "a time of a day that is none": DAYS[0].replace("11-20", "11-31"),
        "a time with an offset": DAYS[0].replace("Z", "+00:00"),
        "a carriage return": f"{DAYS[0]}\r",
    }.items():
        yield f"an entry with {name}", listed([line]), POLICY, "checkpoint-form"
    for name, signed in {
        "a fourth line": body(DAYS[:1]) + "more\n",
        "a size with a zero before it": body(DAYS[:1]).replace("\n1\n", "\n01\n"),
        "no root": f"{LOG.name}\n1\n",
        "a root of 31 bytes": f"{LOG.name}\n1\n{b64encode(bytes(31)).decode()}\n",
        "a space in its name": body(DAYS[:1], "blocks example"),
    }.items():
        yield f"a body with {name}", listed(DAYS[:1], signed=signed), POLICY, "checkpoint-form"
    yield "no entries", good.partition("\n\n")[0] + "\n\n" + A.line(text), POLICY, "checkpoint-form"
    yield "no break at its end", good[:-1], POLICY, "checkpoint-form"
    yield "an empty line at its end", good + "\n", POLICY, "checkpoint-root"
    yield "a tab in the note", good.replace("\n7\n", "\n7\t\n", 1), POLICY, "note-form"
    yield "a hyphen for the dash", good.replace("\u2014", "-", 1), POLICY, "note-form"
    coded = A.line(text).split(" ")[2]
    yield "base 64 of a second form", good.replace(coded, coded.replace("==", "")), POLICY, "note-form"
    yield "101 signatures", listed(DAYS, [LOG] + [A] * 100), POLICY, "note-size"
    impostor = Key("impostor.example", WITNESS, A.name)
    for name, policy in {
        "a key under two names": POLICY.replace(B.text, impostor.text),
        "a name twice": POLICY.replace("witness bar", "witness ministry"),
        "a member twice": POLICY.replace("university bar", "university university"),
        "a member of two groups": POLICY.replace("quorum", "group more any bar\nquorum"),
        "too many that are needed": POLICY.replace("two 2", "two 4"),
        "nobody that is needed": POLICY.replace("two 2", "two 0"),
        "somebody who is told later": POLICY.replace("quorum two\n", "") + "group three any new\nquorum three\n",
        "no quorum": POLICY.replace("quorum two\n", ""),
        "two lines quorum": POLICY + "quorum bar\n",
        "a witness with the key of a list": POLICY.replace(A.text, Key(A.name, NOTE).text),
        "a log with the key of a witness": POLICY.replace(LOG.text, Key(LOG.name, WITNESS).text),
        "another id": POLICY.replace(f"+{A.id.hex()}+", "+00000000+"),
        "an id in upper case": POLICY.replace(f"+{LOG.id.hex()}+", f"+{LOG.id.hex().upper()}+"),
        "carriage returns": POLICY.replace("\n", "\r\n"),
        "an unknown line": POLICY + "trust me\n",
        "a comment behind a line": POLICY.replace("quorum two", "quorum two # of three"),
    }.items():
        yield f"a policy with {name}", good, policy, "witness-policy"


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when the file is not what is built")
    check = parser.parse_args().check
    cases = [
        *({"name": name, "list": data, "policy": policy, "expect": found} for name, data, policy, found in content()),
        *(
            {"name": name, "list": data, "policy": policy, "expect": {"refused": code}}
            for name, data, policy, code in refused()
        ),
    ]
    text = json.dumps(cases, indent=1) + "\n"
    if not check:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text, encoding="utf-8")
        print(f"{FILE.name}: {len(cases)} cases")
    elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != text:
        sys.exit(
            f"error: {FILE.name} is not what is built\n  what to do: run python scripts/build_checkpoint_vectors.py"
        )


if __name__ == "__main__":
    main()
