"""Decisions of a register a second, from its file to the draft of a snapshot, and how much memory a large file takes.

    python -m scripts.bench.registers [--rows 35000] [--megabytes 200]

Beside it, in the same run, what a script would do with the standard library: `csv.DictReader` over the same file, and
each row to sorted JSON and its SHA-256, kept in memory. It reads no dates, checks nothing and compares nothing. Each is
a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any

from anchor.registers.drafts import Shelf
from anchor.registers.importing import Form, Mirror, Order, import_register
from scripts.bench.made_register import write, write_bytes

MIB = 1 << 20
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def imported(path: Path, folder: Path, previous: Path | None = None) -> int:
    """Import a file; how many decisions the draft has."""
    mirror = Mirror("did:web:mirror.example", "eip155:1", "0x" + "ab" * 20, 1)
    order = Order(path, Form.DEQAR, "deqar", "DEQAR", "", mirror, previous=previous)
    decisions: int = import_register(order, Shelf(folder), NOW).content["decisions"]
    return decisions


def with_dict_reader(path: Path) -> int:
    """What the standard library does: rows to JSON, and a digest of each."""
    with path.open(encoding="utf-8", newline="") as file:
        kept = {
            sha256(json.dumps(row, sort_keys=True).encode()).digest(): row["local_identifier"]
            for row in csv.DictReader(file)
        }
    return len(kept)


def measured(what: str, path: Path) -> dict[str, Any]:
    """What this module does with a file in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "scripts.bench.registers", "--only", what, str(path), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def alone(what: str, path: Path, folder: Path) -> dict[str, Any]:
    """The work of such a process: CPU seconds, decisions, and MiB at most beyond what the program itself takes."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = process_time()
    count = imported(path, folder) if what == "import" else with_dict_reader(path)
    seconds = process_time() - begun
    return {
        "seconds": seconds,
        "count": count,
        "mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


def _say(name: str, found: dict[str, Any], rows: int, size: int) -> None:
    print(
        f"  {name:34} {found['seconds']:7.1f} s   {rows / found['seconds']:>9,.0f} rows/s   "
        f"{found['mib']:7.0f} MiB, {found['mib'] * MIB / size:5.2f} of the file"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=35_000)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--only", nargs=3, metavar=("WHAT", "FILE", "FOLDER"))
    asked = parser.parse_args()
    if asked.only:
        what, path, place = asked.only
        print(json.dumps(alone(what, Path(path), Path(place))))
        return
    with tempfile.TemporaryDirectory() as folder:
        small = write(Path(folder) / "register.csv", asked.rows)
        large = Path(folder) / "large.csv"
        count = write_bytes(large, asked.megabytes * MIB)
        for path, rows in ((small, asked.rows), (large, count)):
            size = path.stat().st_size
            print(f"{rows:,} rows, {size / MIB:,.0f} MiB; a process each, CPU seconds, memory beyond the program's own")
            _say("draft of a snapshot", measured("import", path), rows, size)
            _say("csv.DictReader, JSON, SHA-256", measured("dict", path), rows, size)


if __name__ == "__main__":
    main()
