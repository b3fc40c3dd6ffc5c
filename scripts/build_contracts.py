"""Compile the contracts, write artifacts and storage layouts; with `--check`, tell whether they match the sources.

An artifact has everything that users of its contract need, so that they need no compiler: ABI, bytecode, deployed
bytecode with the places of its immutables, and what it was made with and from. The source bundle is the standard JSON
input with every source in it: whoever gives it to the compiler gets the same code, and explorers take it to verify the
contract. The same sources give the same files on every machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "contracts" / "src"
MODULES = ROOT / "node_modules"
CONTRACTS = ("CredentialRegistry", "Accreditations")
ARTIFACTS = ROOT / "registry" / "chain" / "artifacts"
SOURCE_BUNDLE = "standard-input.json"

SETTINGS: dict[str, Any] = {
    "evmVersion": "cancun",
    "viaIR": True,
    # There is room for the code that is fastest to run.
    "optimizer": {"enabled": True, "runs": 1_000_000},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
}
WANTED = [
    "abi",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "storageLayout",
]


def compiled() -> dict[str, dict[str, Any]]:
    """What is to be in each file: build artifacts and storage layouts of the sources as they are, and their bundle.

    Raises:
        SystemExit: the compiler found errors, or warnings in our own sources; they are in the message.
    """
    if not MODULES.is_dir():
        sys.exit("error: node_modules is not there\n  what to do: run `npm ci`, or use `make contracts`")
    own = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.sol"))
    }
    # The AST has the names of immutables, and has the compiler list every source that was read, imports included.
    output = _output({name: {"content": content} for name, content in own.items()}, {"": ["ast"]})
    read = sorted(output["sources"])
    sources = {name: own.get(name) or (MODULES / name).read_text(encoding="utf-8") for name in read}
    names = dict(_variables([each["ast"] for each in output["sources"].values()]))
    files: dict[str, dict[str, Any]] = {}
    for name in CONTRACTS:
        contract = output["contracts"][f"contracts/src/{name}.sol"][name]
        files[f"{name}.json"] = _artifact(name, contract, sources, names)
        files[f"{name}.storage-layout.json"] = layout(contract["storageLayout"])
    files[SOURCE_BUNDLE] = {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in sources.items()},
        "settings": {**SETTINGS, "outputSelection": {"*": dict.fromkeys(CONTRACTS, WANTED)}},
    }
    return files


def _output(sources: dict[str, Any], more: dict[str, list[str]]) -> dict[str, Any]:
    try:
        output: dict[str, Any] = solcx.compile_standard(
            {
                "language": "Solidity",
                "sources": sources,
                "settings": {**SETTINGS, "outputSelection": {"*": {**dict.fromkeys(CONTRACTS, WANTED), **more}}},
            },
            solc_binary=ROOT / "scripts" / "solc.mjs",
            base_path=os.path.relpath(MODULES),
        )
    except SolcError as error:
        sys.exit(error.message)
    complaints = [each["formattedMessage"] for each in output.get("errors", ()) if _is_ours(each)]
    if complaints:
        sys.exit("\n".join(complaints))
    return output


def _is_ours(complaint: dict[str, Any]) -> bool:
    """Whether it is for us to mend: an error anywhere, or a warning in our own sources."""
    where = complaint.get("sourceLocation") or {}
    return complaint["severity"] == "error" or not where.get("file", "").startswith("@")


def _artifact(name: str, contract: dict[str, Any], sources: dict[str, str], names: dict[int, str]) -> dict[str, Any]:
    deployed = contract["evm"]["deployedBytecode"]
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": _named(deployed["immutableReferences"], names),
        "compiler": _compiler(),
        "settings": SETTINGS,
        "sourcesHash": _sources_hash(sources),
    }


def layout(told: dict[str, Any]) -> dict[str, Any]:
    """Where each variable is, without the compiler's numbers, which say nothing and change with any edit."""

    def named(kind: str) -> str:
        return re.sub(r"\)\d+", ")", kind)

    def variable(entry: dict[str, Any]) -> dict[str, Any]:
        place = {name: entry[name] for name in ("label", "slot", "offset")}
        return {**place, "type": named(entry["type"])}

    types = {
        named(name): {
            **{key: named(value) for key, value in kind.items() if isinstance(value, str)},
            **({"members": [variable(each) for each in kind["members"]]} if "members" in kind else {}),
        }
        for name, kind in told["types"].items()
    }
    return {"storage": [variable(each) for each in told["storage"]], "types": dict(sorted(types.items()))}


def _named(references: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    """The places of each immutable by its name, in the order of its first one: the compiler's numbers mean nothing."""
    in_order = sorted(references.items(), key=lambda each: each[1][0]["start"])
    return {names[int(number)]: places for number, places in in_order}


def _variables(node: Any) -> Iterator[tuple[int, str]]:
    """The number and the name of every variable in an AST."""
    if isinstance(node, dict):
        if node.get("nodeType") == "VariableDeclaration":
            yield node["id"], node["name"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _variables(each)


def _compiler() -> str:
    package = json.loads((MODULES / "solc" / "package.json").read_text(encoding="utf-8"))
    return f"solc {package['version']}"


def _sources_hash(sources: dict[str, str]) -> str:
    """SHA-256 over the name and the SHA-256 of every source, in the order of the names."""
    total = hashlib.sha256()
    for name, content in sources.items():
        total.update(f"{name} {hashlib.sha256(content.encode()).hexdigest()}\n".encode())
    return total.hexdigest()


def main() -> None:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when a file does not match the sources")
    check = parser.parse_args().check
    for name, content in compiled().items():
        path = ARTIFACTS / name
        text = json.dumps(content, indent=1) + "\n"
        shown = path.relative_to(ROOT)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {shown}")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(
                f"error: {shown} does not match contracts/src\n"
                "  what to do: run `make contracts` and commit the artifacts with the sources"
            )
        else:
            print(f"{shown} matches contracts/src")


if __name__ == "__main__":
    main()
