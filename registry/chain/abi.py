"""The contracts' ABIs, from their build artifacts: encoding calls, decoding answers, events and errors by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from registry.errors import StoreError

REGISTRY = "CredentialRegistry"
ACCREDITATIONS = "Accreditations"
# The one contract of the first edition, which had accreditations in it: registries of it are still read.
FIRST_REGISTRY = "first/CredentialRegistry"
_CONTRACTS = (FIRST_REGISTRY, REGISTRY, ACCREDITATIONS)
WORD_BYTES = 32
ADDRESS_BITS = 160


@dataclass(frozen=True)
class Item:
    """A function, event or error of the ABI."""

    name: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...] = ()
    changes_state: bool = False

    @cached_property
    def signature(self) -> str:
        """`anchor(uint64,bytes32,uint32)`."""
        return f"{self.name}({','.join(_type(part) for part in self.inputs)})"

    @cached_property
    def digest(self) -> bytes:
        """Keccak-256 of the signature: the topic of an event; its first four bytes select a function or an error."""
        from registry.keccak import keccak

        return keccak(self.signature.encode())

    @property
    def selector(self) -> bytes:
        """Four bytes."""
        return self.digest[:4]

    def encode(self, *arguments: object) -> bytes:
        """The data of a call with these arguments.

        Raises:
            ValueError: an argument does not fit its type.
        """
        from eth_abi.abi import encode
        from eth_abi.exceptions import EncodingError

        try:
            return self.selector + encode([_type(part) for part in self.inputs], arguments)
        except (EncodingError, TypeError) as error:
            raise ValueError(f"{self.signature}: {error}") from error

    def decode_output(self, answer: bytes) -> tuple[Any, ...]:
        """The returned values, structs as dictionaries.

        Raises:
            ValueError: the bytes are not what this function returns.
        """
        return _decoded(self.outputs, answer)

    def decode_arguments(self, encoded: bytes) -> dict[str, Any]:
        """The arguments of an error, or of a call without its selector, by name.

        Raises:
            ValueError: the bytes are not these arguments.
        """
        values = _decoded(self.inputs, encoded)
        return {
            part["name"] or str(at): value for at, (part, value) in enumerate(zip(self.inputs, values, strict=True))
        }

    def decode_event(self, topics: Sequence[bytes], log_data: bytes) -> dict[str, Any]:
        """The arguments of an event, indexed and not, by name in the order of the ABI.

        Raises:
            ValueError: the topics or the data are not this event's.
        """
        indexed, rest = self._sides
        if len(topics) != 1 + len(indexed):
            raise ValueError(f"{self.name}: {len(topics)} topics, {1 + len(indexed)} expected")
        values = {part["name"]: _topic_value(part, topic) for part, topic in zip(indexed, topics[1:], strict=True)}
        found = _words(rest, log_data) if self._in_words else _decoded(rest, log_data)
        values |= {part["name"]: value for part, value in zip(rest, found, strict=True)}
        return {part["name"]: values[part["name"]] for part in self.inputs}

    @cached_property
    def _sides(self) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """The indexed arguments of an event, and the others."""
        return (
            [part for part in self.inputs if part.get("indexed")],
            [part for part in self.inputs if not part.get("indexed")],
        )

    @cached_property
    def _in_words(self) -> bool:
        """Whether the arguments that are not indexed are one word each, which are read by hand, ten times faster."""
        return all(_is_word(str(part["type"])) for part in self._sides[1])


@dataclass(frozen=True)
class Artifact:
    """The build artifact: code and ABI of a contract.

    Attributes:
        immutables: where in the deployed code each immutable is, by its name, from its first byte to after its last;
            None where the artifact does not tell.
    """

    functions: Mapping[str, Item]
    events_by_topic: Mapping[bytes, Item]
    errors_by_selector: Mapping[bytes, Item]
    initcode: bytes
    deployed_code: bytes
    immutables: Mapping[str, tuple[tuple[int, int], ...]] | None


def artifact_from(content: Mapping[str, Any]) -> Artifact:
    """Read `{abi, bytecode, deployedBytecode}` as solc or forge write it."""
    items = [_item(entry) for entry in content["abi"] if entry["type"] in ("function", "event", "error")]
    kinds = [entry["type"] for entry in content["abi"] if entry["type"] in ("function", "event", "error")]
    of = {kind: [item for item, its in zip(items, kinds, strict=True) if its == kind] for kind in set(kinds)}
    deployed = content["deployedBytecode"]
    references = content.get("immutableReferences")
    if isinstance(deployed, Mapping) and references is None:
        references = deployed.get("immutableReferences")
    return Artifact(
        functions={item.name: item for item in of.get("function", [])},
        events_by_topic={item.digest: item for item in of.get("event", [])},
        errors_by_selector={item.selector: item for item in of.get("error", [])},
        initcode=_code(content["bytecode"]),
        deployed_code=_code(deployed),
        immutables=None if references is None else _places(references),
    )


@cache
def artifact(name: str = REGISTRY) -> Artifact:
    """The artifact of that contract that came with the program.

    Raises:
        StoreError: it is not there or cannot be read.
    """
    with _build(name) as content:
        return artifact_from(content)


@cache
def interface(name: str = REGISTRY) -> list[dict[str, Any]]:
    """The ABI of that contract as the compiler wrote it, for other libraries.

    Raises:
        StoreError: the artifact is not there or cannot be read.
    """
    with _build(name) as content:
        return list(content["abi"])


def storage_layout(name: str = REGISTRY) -> Mapping[str, Any]:
    """Where that contract stores its variables, as the compiler told.

    Raises:
        StoreError: the layout is not there or cannot be read.
    """
    with _build(f"{name}.storage-layout") as content:
        return content


@contextmanager
def _build(name: str) -> Iterator[Mapping[str, Any]]:
    """A JSON file about a contract that came with the program; whatever is wrong with it is a StoreError."""
    file = _came_with_the_program(f"{name}.json")
    try:
        yield json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(file, error) from error


@cache
def all_events() -> Mapping[bytes, Item]:
    """The events of all contracts, of every edition, by their topic."""
    return {topic: item for name in _CONTRACTS for topic, item in artifact(name).events_by_topic.items()}


@cache
def all_errors() -> Mapping[bytes, Item]:
    """The errors of all contracts, of every edition, by their selector."""
    return {selector: item for name in _CONTRACTS for selector, item in artifact(name).errors_by_selector.items()}


def topics_of(*names: str) -> list[bytes]:
    """The first topics of the events with these names, in every edition."""
    return [topic for topic, item in all_events().items() if item.name in names]


def source_bundle() -> str:
    """The compiler's standard JSON input with every source: compiled, it gives the code of both artifacts.

    Raises:
        StoreError: it is not there or cannot be read.
    """
    file = _came_with_the_program("standard-input.json")
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise _unreadable(file, error) from error


def _came_with_the_program(name: str) -> Traversable:
    return resources.files("registry.chain") / "artifacts" / name


def _unreadable(file: Traversable, error: Exception) -> StoreError:
    return StoreError(
        f"the contract's build artifact cannot be read ({type(error).__name__}: {error})",
        where=str(file),
        remedy="Install the program again, or in a source tree build the contracts with `make contracts`.",
        code="artifact-missing",
    )


def _item(entry: Mapping[str, Any]) -> Item:
    return Item(
        name=entry["name"],
        inputs=tuple(entry["inputs"]),
        outputs=tuple(entry.get("outputs", ())),
        changes_state=entry.get("stateMutability") in ("nonpayable", "payable"),
    )


def _code(bytecode: Any) -> bytes:
    digits = bytecode["object"] if isinstance(bytecode, Mapping) else bytecode
    return bytes.fromhex(digits.removeprefix("0x"))


def _places(references: Mapping[str, Any]) -> dict[str, tuple[tuple[int, int], ...]]:
    return {
        name: tuple((place["start"], place["start"] + place["length"]) for place in places)
        for name, places in references.items()
    }


def _type(part: Mapping[str, Any]) -> str:
    """The canonical type; `tuple[]` becomes `(uint64,bytes32)[]`."""
    kind = str(part["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(inner) for inner in part['components'])}){kind.removeprefix('tuple')}"


def _decoded(parts: Sequence[Mapping[str, Any]], encoded: bytes) -> tuple[Any, ...]:
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    try:
        # Text on chain is whatever bytes its sender chose: one that is not UTF-8 must not hide the events around it.
        values = decode([_type(part).replace("string", "bytes") for part in parts], encoded)
    except (DecodingError, OverflowError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"the bytes are not what the contract's interface says: {error}") from error
    return tuple(_named(part, value) for part, value in zip(parts, values, strict=True))


def _is_word(kind: str) -> bool:
    return kind in ("address", "bool", "bytes32") or (kind.startswith("uint") and kind[4:].isdigit())


def _words(parts: Sequence[Mapping[str, Any]], encoded: bytes) -> list[Any]:
    if len(encoded) != WORD_BYTES * len(parts):
        raise ValueError(f"{len(encoded)} bytes of data, {WORD_BYTES * len(parts)} expected")
    return [_word(str(part["type"]), encoded[at * WORD_BYTES : (at + 1) * WORD_BYTES]) for at, part in enumerate(parts)]


def _word(kind: str, word: bytes) -> Any:
    """One value of 32 bytes.

    Raises:
        ValueError: it is too large for its type.
    """
    if kind == "bytes32":
        return word
    bits = {"address": ADDRESS_BITS, "bool": 1}.get(kind) or int(kind[4:])
    value = int.from_bytes(word, "big")
    if len(word) != WORD_BYTES or value >> bits:
        raise ValueError(f"0x{word.hex()} is not of type {kind}")
    if kind == "address":
        return f"0x{word[-ADDRESS_BITS // 8 :].hex()}"
    return bool(value) if kind == "bool" else value


def _named(part: Mapping[str, Any], value: Any) -> Any:
    kind = str(part["type"])
    if kind == "string":
        # No database column for text holds a zero byte.
        return value.decode("utf-8", "replace").replace("\0", "\ufffd")
    if not kind.startswith("tuple"):
        return value
    if kind.endswith("]"):
        inner = {**part, "type": kind[: kind.rindex("[")]}
        return [_named(inner, entry) for entry in value]
    return {field["name"]: _named(field, entry) for field, entry in zip(part["components"], value, strict=True)}


def _topic_value(part: Mapping[str, Any], topic: bytes) -> Any:
    """An indexed argument: the value itself, or for text and lists its 32-byte hash."""
    kind = _type(part)
    if kind in ("string", "bytes") or kind.endswith(("]", ")")):
        return topic
    if _is_word(kind):
        return _word(kind, topic)
    (value,) = _decoded([part], topic)
    return value
