"""By what a receipt is told from other documents; without the model of one, which takes a third of a second to load."""

from __future__ import annotations

from typing import Final, Literal

RECEIPT_TYPE: Final[Literal["TestamurReceipt"]] = "TestamurReceipt"
"""The `type` of every receipt."""
