"""Samples of the Digital Credentials Consortium in our verifier: what their names say, or that it was not checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from registry.document.reading import Reading, read_document
from registry.document.signatures import Held
from registry.errors import Unfetched
from registry.verify.dates import check_dates
from registry.verify.status_lists import ListState, listed_statuses
from tests.interop.others import shared
from tests.interop.product import DATE
from tests.interop.rows import TESTAMUR, Row, Section

RDFC: Final = "DCC's samples signed with `eddsa-rdfc-2022`"
BOTH: Final = "DCC's samples signed with `eddsa-rdfc-2022` and `Ed25519Signature2020`"
OLD: Final = "DCC's samples signed with `Ed25519Signature2020` alone"
EXPIRED: Final = "DCC's samples that are named expired"
EARLY: Final = "DCC's sample that is named not yet valid"
REVOKED: Final = "DCC's samples that name a status list, signed with `Ed25519Signature2020`"
TAMPERED: Final = "DCC's sample that is named tampered, signed with `Ed25519Signature2020`"
_FOLDERS: Final = {"dataIntegrityProof": RDFC, "bothSignatureTypes": BOTH, "ed25519": OLD}

ROWS: Final = (
    Row(Section.THEIRS, RDFC, TESTAMUR, "signature holds: 18, signature not checked: 1"),
    Row(Section.THEIRS, BOTH, TESTAMUR, "signature holds: 10"),
    Row(Section.THEIRS, OLD, TESTAMUR, "signature not checked: 16"),
    Row(Section.THEIRS, EXPIRED, TESTAMUR, "expired: 7"),
    Row(Section.THEIRS, EARLY, TESTAMUR, "not-yet-valid: 1"),
    Row(Section.THEIRS, TAMPERED, TESTAMUR, "signature not checked: 1"),
    Row(Section.THEIRS, REVOKED, TESTAMUR, "status not checked: 21"),
)


class Documents:
    """The DID documents of the samples."""

    def document(self, did: str) -> Mapping[str, Any]:
        """As in `DidDocuments`."""
        for path in shared("samples/dcc/dids").rglob("did.json"):
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if found["id"] == did:
                return found
        raise Unfetched("nobody has it", code="not-here")


class Lists:
    """The status lists of the samples, by the end of their address: the repository has moved since."""

    def credential(self, url: str) -> Mapping[str, Any]:
        """As in `StatusLists`."""
        for path in shared("samples/dcc/statusLists").rglob("*"):
            if path.name == url.rpartition("/")[2]:
                found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
                return found
        raise Unfetched("nobody has it", code="not-here")


@dataclass(frozen=True)
class Sample:
    name: str
    folder: str
    reading: Reading

    @property
    def signature(self) -> str:
        held = {each.held for each in self.reading.signed.found}
        if Held.BROKEN in held or Held.FORBIDDEN in held:
            return "signature does not hold"
        return "signature holds" if Held.HOLDS in held else "signature not checked"

    @property
    def dates(self) -> str:
        return check_dates(self.reading, DATE).code

    @property
    def statuses(self) -> set[ListState]:
        return {each.state for each in listed_statuses(self.reading, Lists(), Documents(), DATE)}


@cache
def samples() -> tuple[Sample, ...]:
    return tuple(_samples())


def _samples() -> Iterator[Sample]:
    folder = shared("samples/dcc/verifiableCredentials/v2")
    for path in sorted(folder.rglob("*.json")):
        reading = read_document(path.read_bytes(), path.name).signed_by(Documents())
        yield Sample(path.name, path.relative_to(folder).parts[0], reading)


def counted(words: Iterator[str]) -> str:
    return ", ".join(f"{what}: {count}" for what, count in sorted(Counter(words).items()))


def test_the_matrix_is_what_our_verifier_says() -> None:
    found = {
        file: counted(each.signature for each in samples() if each.folder == folder)
        for folder, file in _FOLDERS.items()
    }
    # Some are named for the state of their list.
    found[EXPIRED] = counted(each.dates for each in samples() if each.name.endswith("-expired.json"))
    found[EARLY] = counted(each.dates for each in samples() if each.name.endswith("-notYetValid.json"))
    found[TAMPERED] = counted(each.signature for each in samples() if each.name.endswith("-tampered.json"))
    listed = [each for each in samples() if "credentialStatus" in (each.reading.members or {})]
    found[REVOKED] = counted(
        "status not checked" if each.statuses == {ListState.UNREAD} else "status read" for each in listed
    )
    assert found == {row.file: row.says for row in ROWS}


def test_nothing_is_called_good_that_is_named_otherwise() -> None:
    for each in samples():
        if each.name.endswith("-tampered.json"):
            assert each.signature != "signature holds"
        if "revoked" in each.name:
            assert ListState.IN_FORCE not in each.statuses


def test_what_is_changed_does_not_hold() -> None:
    for path in sorted((shared("samples/dcc/verifiableCredentials/v2") / "dataIntegrityProof").rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        document["validFrom"] = "2011-11-11T11:11:11Z"
        reading = read_document(json.dumps(document).encode(), path.name).signed_by(Documents())
        # One brings a context of its own, which is not applied: nothing is said of that one, changed or not.
        expected = "signature not checked" if "badSchema" in path.name else "signature does not hold"
        assert Sample(path.name, "", reading).signature == expected, path.name
