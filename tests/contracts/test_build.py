"""The artifacts came from these sources, and forge compiles with the same settings."""

from __future__ import annotations

import json
import subprocess
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from registry.chain.abi import ACCREDITATIONS, FIRST_REGISTRY, REGISTRY, source_bundle
from tests.contracts.build import FOUNDRY, ROOT

CONTRACTS = (REGISTRY, ACCREDITATIONS)
contracts = pytest.mark.parametrize("contract", CONTRACTS)


def _artifact(name: str) -> dict[str, object]:
    file = resources.files("registry.chain") / "artifacts" / f"{name}.json"
    content: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return content


@contracts
def test_forge_compiles_with_the_settings_of_the_artifact(contract: str) -> None:
    profile = tomllib.loads(FOUNDRY.read_text(encoding="utf-8"))["profile"]["default"]
    assert _artifact(contract)["settings"] == {
        "evmVersion": profile["evm_version"],
        "viaIR": profile["via_ir"],
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "metadata": {"bytecodeHash": profile["bytecode_hash"], "appendCBOR": profile["cbor_metadata"]},
    }


def test_the_source_bundle_alone_gives_the_code_of_both_artifacts(tmp_path: Path) -> None:
    # As a stranger would: the compiler, one file, and no folder to read from.
    compiler = [str(ROOT / "scripts" / "solc.mjs"), "--standard-json", "-"]
    done = subprocess.run(compiler, input=source_bundle(), cwd=tmp_path, capture_output=True, text=True, check=True)
    output = json.loads(done.stdout)
    assert [each for each in output.get("errors", ()) if each["severity"] == "error"] == []
    for contract in CONTRACTS:
        evm = output["contracts"][f"contracts/src/{contract}.sol"][contract]["evm"]
        assert "0x" + evm["bytecode"]["object"] == _artifact(contract)["bytecode"]
        assert "0x" + evm["deployedBytecode"]["object"] == _artifact(contract)["deployedBytecode"]


def test_versions_are_pinned_and_the_lock_names_no_server() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in (package["devDependencies"] | package["optionalDependencies"]).items():
        assert lock[f"node_modules/{name}"]["version"] == version
    for contract in CONTRACTS:
        assert _artifact(contract)["compiler"] == f"solc {package['devDependencies']['solc']}"
    assert not any("resolved" in entry for entry in lock.values())
    assert all("integrity" in entry for name, entry in lock.items() if name)


@contracts
def test_the_contract_fits_on_a_chain(contract: str) -> None:
    deployed = str(_artifact(contract)["deployedBytecode"]).removeprefix("0x")
    assert len(deployed) // 2 <= 24_576  # EIP-170


def test_the_first_edition_is_kept_as_it_was_deployed() -> None:
    # Its address on every chain follows from these bytes: a file that another compiler wrote would be of no use.
    code = bytes.fromhex(str(_artifact(FIRST_REGISTRY)["bytecode"]).removeprefix("0x"))
    assert keccak(code).hex() == "ee798b1254f97bed052e1075ffcb1baac1ac5c0d98d787f5d276fb70161b8f4e"
