"""Where the sources of the contract are, and the program that compiles them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "contracts" / "src"
FOUNDRY = ROOT / "foundry.toml"
GAS = ROOT / "contracts" / "gas.json"
