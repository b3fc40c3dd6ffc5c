"""Which kind of workbook a file is, by its content; whatever it is called."""

from __future__ import annotations

from typing import Final

from anchor.intake.workbooks.compound import SIGNATURE
from anchor.intake.workbooks.looks import ReadSheet
from anchor.intake.workbooks.oldbooks import read_old
from anchor.intake.workbooks.packed import read_packed

_ZIP: Final = b"PK\x03\x04"


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins like this is a workbook, or says it is."""
    return head.startswith((_ZIP, SIGNATURE))


def read_workbook(data: bytes) -> list[ReadSheet]:
    """All sheets of an XLSX, ODS or XLS file.

    Raises:
        Unreadable: it is none, is damaged, or is larger than is read.
        SettingsError: what reads workbooks is not installed.
    """
    return read_packed(data) if data.startswith(_ZIP) else read_old(data)
