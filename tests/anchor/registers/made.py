"""Files of registers, and what imports them without a chain."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anchor.registers.drafts import Shelf
from anchor.registers.importing import Form, Mirror, Order, Outcome, import_register
from registry.proofs.signatures.keys import KeyKind, did_key, did_key_method, new_key
from registry.proofs.signatures.suites import Suite, sign
from registry.quality.snapshot import Snapshot, read_snapshot, snapshot_lines

KEY = new_key(KeyKind.ED25519)
NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
CONTRACT = "0x" + "ab" * 20
MIRROR = Mirror(did_key(KEY), "eip155:1414747213", CONTRACT, 1)
BASE = {
    "agency": "33",
    "local_identifier": "QA-1",
    "status": "1",
    "decision": "1",
    "valid_from": "2024-01-15",
    "valid_to": "2030-01-14",
    "date_format": "%Y-%m-%d",
    "institution[1].deqar_id": "DEQARINST0001",
    "programme[1].identifier[1]": "",
    "programme[1].name_primary": "",
    "programme[1].qf_ehea_level": "",
    "programme[1].field_study": "",
    "summary": "",
}


def signed(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A manifest with the mirror's proof."""
    return sign(document, KEY, did_key_method(KEY), NOW, Suite.EDDSA_JCS)


def table(path: Path, *rows: Mapping[str, str], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """A file in DEQAR's form; each row says what is not as in `BASE`."""
    names = list(dict.fromkeys([*BASE, *(name for row in rows for name in row)]))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(BASE | row for row in rows)
    return path


def numbered(*numbers: str, **more: str) -> Iterable[dict[str, str]]:
    """Rows with these numbers."""
    return [{"local_identifier": number, **more} for number in numbers]


def imported(
    path: Path,
    folder: Path,
    now: datetime = NOW,
    *,
    reached: Callable[[str], None] = lambda _: None,
    **others: Any,
) -> Outcome:
    """What an import of a file comes to."""
    given: dict[str, Any] = {"form": Form.DEQAR, "register": "deqar", "name": "DEQAR", "uri": "", "mirror": MIRROR}
    return import_register(Order(path, **(given | others)), Shelf(folder), now, reached=reached)


def snapshot_of(outcome: Outcome) -> Snapshot:
    """A draft, read as a snapshot is."""
    draft = outcome.draft
    with draft.decisions.open("rb") as file:
        return read_snapshot(snapshot_lines(draft.document, (line.removesuffix(b"\n") for line in file)))


def published_file(outcome: Outcome, path: Path) -> Path:
    """The file of a draft as it would be published, without a chain."""
    draft = outcome.draft
    with draft.decisions.open("rb") as file:
        lines = snapshot_lines(signed(draft.document), (line.removesuffix(b"\n") for line in file))
        path.write_bytes(b"".join(lines))
    return path
