"""Write the published JSON Schemas of receipts and verdicts from the code that reads and writes them."""

from __future__ import annotations

from pathlib import Path

import orjson

from registry.receipt import receipt_schema
from registry.verdict import verdict_schema

FOLDER = Path(__file__).parents[1] / "registry" / "schemas"


def main() -> None:
    """Overwrite both files."""
    for name, schema in (("receipt", receipt_schema()), ("verdict", verdict_schema())):
        (FOLDER / f"{name}.schema.json").write_bytes(orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
