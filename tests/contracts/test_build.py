"""The artifact came from these sources, and forge compiles with the same settings."""

from __future__ import annotations

import json
import subprocess
import tomllib
from importlib import resources
from pathlib import Path

from registry.chain.abi import source_bundle
from tests.contracts.build import FOUNDRY, ROOT


def _artifact() -> dict[str, object]:
    file = resources.files("registry.chain") / "artifacts" / "CredentialRegistry.json"
    content: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return content


def test_forge_compiles_with_the_settings_of_the_artifact() -> None:
    profile = tomllib.loads(FOUNDRY.read_text(encoding="utf-8"))["profile"]["default"]
    assert _artifact()["settings"] == {
        "evmVersion": profile["evm_version"],
        "viaIR": profile["via_ir"],
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "metadata": {"bytecodeHash": profile["bytecode_hash"], "appendCBOR": profile["cbor_metadata"]},
    }


def test_the_source_bundle_alone_gives_the_code_of_the_artifact(tmp_path: Path) -> None:
    # As a stranger would: the compiler, one file, and no folder to read from.
    compiler = [str(ROOT / "scripts" / "solc.mjs"), "--standard-json", "-"]
    done = subprocess.run(compiler, input=source_bundle(), cwd=tmp_path, capture_output=True, text=True, check=True)
    output = json.loads(done.stdout)
    assert [each for each in output.get("errors", ()) if each["severity"] == "error"] == []
    evm = output["contracts"]["contracts/src/CredentialRegistry.sol"]["CredentialRegistry"]["evm"]
    assert "0x" + evm["bytecode"]["object"] == _artifact()["bytecode"]
    assert "0x" + evm["deployedBytecode"]["object"] == _artifact()["deployedBytecode"]


def test_versions_are_pinned_and_the_lock_names_no_server() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in (package["devDependencies"] | package["optionalDependencies"]).items():
        assert lock[f"node_modules/{name}"]["version"] == version
    assert _artifact()["compiler"] == f"solc {package['devDependencies']['solc']}"
    assert not any("resolved" in entry for entry in lock.values())
    assert all("integrity" in entry for name, entry in lock.items() if name)


def test_the_contract_fits_on_a_chain() -> None:
    deployed = str(_artifact()["deployedBytecode"]).removeprefix("0x")
    assert len(deployed) // 2 <= 24_576  # EIP-170
