"""Write the published JSON Schemas from the code that reads and writes what they describe."""

from __future__ import annotations

from pathlib import Path

import orjson

from registry.learning.suggest.wire import entry_schema
from registry.quality.wire import decision_schema
from registry.receipt.model import embedded_schema, receipt_schema
from registry.verify.absence_file import absence_schema
from registry.verify.verdict import verdict_schema

FOLDER = Path(__file__).parents[1] / "registry" / "schemas"


def main() -> None:
    """Overwrite the files."""
    schemas = {
        "receipt": receipt_schema(),
        "merkle-anchor-proof": embedded_schema(),
        "verdict": verdict_schema(),
        "absence": absence_schema(),
        "quality-decision": decision_schema(),
        "suggestion-decision": entry_schema(),
    }
    for name, schema in schemas.items():
        (FOLDER / f"{name}.schema.json").write_bytes(orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
