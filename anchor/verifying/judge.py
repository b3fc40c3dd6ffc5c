"""The verdict on what was read of a file, with the receipts that stand in its folder under other names.

Where nobody has to be asked, a judge can be sent to other processes (`anchor.verifying.apart`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from anchor.verifying.one_file import Found, One, broken, read_receipt, read_whole, unchecked
from registry.credential.digest import Limits
from registry.document.portfolio import Portfolio
from registry.document.reading import Reading
from registry.document.submitted import Broken
from registry.errors import ReceiptError, RegistryError
from registry.receipt.model import Receipt
from registry.untrusted.archives import is_receipt_name
from registry.verifier.verifier import Verifier
from registry.verify.checks import Verdict


class Judge:
    """Judges the files of one run.

    Args:
        limits: for each JSON text.
    """

    def __init__(self, verifier: Verifier, limits: Limits):
        self._verifier = verifier
        self._limits = limits
        self._receipts: dict[Path, dict[bytes, list[Path]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What was found in folders stays here."""
        return {**self.__dict__, "_receipts": {}}

    def whole(self, path: Path) -> One | None:
        """The verdict on a file that is read as a whole and is one credential; of others as `read_whole`."""
        found = read_whole(path, self._limits)
        return self.verdict_on(self.with_beside(path, found)) if isinstance(found, Found) else found

    def with_beside(self, path: Path, found: One) -> Found | Verdict:
        """With the receipts in the same folder, of a document that none is named after: else that one alone counts."""
        if isinstance(found, Portfolio):
            raise TypeError("a portfolio is many credentials")
        if isinstance(found, Verdict) or found.item.reading is None or found.is_named:
            return found
        return replace(found, beside=tuple(self.by_digest(path.parent, found.item.reading)))

    def verdict_on(self, found: Found | Verdict | Broken) -> Verdict:
        """The verdict; what has one already, or cannot be read, keeps it."""
        if isinstance(found, Verdict):
            return found
        if isinstance(found, Broken):
            return broken(found)
        try:
            if found.unreadable is not None and found.item.reading is not None:
                return self._verifier.verify_reading(found.item.reading, found.unreadable, found.beside)
            return self._verifier.verify_item(found.item, found.beside)
        except RegistryError as error:
            return unchecked(found.item.name, error)

    def by_digest(self, folder: Path, reading: Reading) -> list[Receipt]:
        """The receipts in the same folder that are for what the file holds, whatever they are called."""
        beside = self.receipts_beside(folder)
        found: list[Receipt] = []
        for path in (path for digest in reading.digests for path in beside.get(digest.value, ())):
            with suppress(ReceiptError):
                receipt = read_receipt(path)
                if isinstance(receipt, Receipt) and receipt not in found:
                    found.append(receipt)
        return found

    def receipts_beside(self, folder: Path) -> dict[bytes, list[Path]]:
        """Where in a folder the receipts are, by the digest that each is for."""
        if folder not in self._receipts:
            self._receipts[folder] = _receipts_in(folder)
        return self._receipts[folder]


def _receipts_in(folder: Path) -> dict[bytes, list[Path]]:
    """Those that cannot be read are nobody's."""
    found: dict[bytes, list[Path]] = {}
    try:
        paths = sorted(path for path in folder.iterdir() if is_receipt_name(path.name))
    except OSError:
        return found
    for path in paths:
        with suppress(ReceiptError):
            receipt = read_receipt(path)
            if isinstance(receipt, Receipt):
                found.setdefault(receipt.digest_value, []).append(path)
    return found
