"""The folder of an exercise: how it is begun, begun again, and looked at."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from anchor.books.issued import IssuedStore
from anchor.issuing.states import issued_store
from anchor.lab.model import Exercise, Missing, Step
from anchor.lab.texts import Texts
from anchor.lab.world import DATA_FOLDER, World
from anchor.settings import Settings, load_settings
from anchor.verifying.files import FileVerifier
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.ledger import read_ledger
from registry.credential.digest import digest_document
from registry.credential.strictjson import parse_json
from registry.errors import RegistryError, SettingsError
from registry.recognition.ledger import Accreditation
from registry.records import DigestStatus
from registry.verify.verdict import Verdict

MARK: Final = "lab.json"
SETTINGS: Final = "testamur.toml"
_MOST_BYTES: Final = 1 << 20
"""Of a file that a check reads; those of the exercises have a few thousand."""


def begin(exercise: Exercise, folder: Path, texts: Texts) -> None:
    """Make the folder of an exercise, which must not be there, or be empty.

    Args:
        texts: whose language its letters have, and whoever looks at the folder later.

    Raises:
        SettingsError: code `lab-folder`: something is there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(
            "something is there already",
            where=str(folder),
            remedy="Name another folder with --folder, or begin again with `testamur lab reset`.",
            code="lab-folder",
        )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _build(exercise, folder, texts)
    except BaseException:
        # Half a world is none, and would be in the way of the next try.
        _clear(folder)
        raise


def _build(exercise: Exercise, folder: Path, texts: Texts) -> None:
    with World(folder) as world:
        exercise.build(world)
        for name, text in texts.files(exercise).items():
            world.say(name, text)
    if exercise.keeps is not None:
        _leave(exercise.keeps, folder / DATA_FOLDER)
    (folder / SETTINGS).write_text(f"# Settings of this exercise.\n{exercise.settings}", encoding="utf-8")
    mark = {"exercise": exercise.name, "language": texts.language}
    # Last, so that a folder with the mark is a whole one.
    (folder / MARK).write_text(json.dumps(mark) + "\n", encoding="utf-8")


def begin_again(exercise: Exercise, folder: Path, texts: Texts) -> None:
    """Remove all that is in the folder of an exercise, and make it anew."""
    name_in(folder)
    _clear(folder)
    begin(exercise, folder, texts)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def name_in(folder: Path) -> str:
    """The exercise whose folder it is.

    Raises:
        SettingsError: code `no-exercise`: it is none's.
    """
    name = _mark(folder).get("exercise")
    if not isinstance(name, str):
        raise SettingsError(
            "this is not the folder of an exercise",
            where=str(folder),
            remedy="Go into its folder, or name it with --folder. `testamur lab start NAME` makes one.",
            code="no-exercise",
        )
    return name


def language_in(folder: Path) -> str | None:
    """The language in which the exercise there was begun; None where that is not known."""
    language = _mark(folder).get("language")
    return language if isinstance(language, str) else None


def _mark(folder: Path) -> Mapping[str, Any]:
    try:
        with (folder / MARK).open("rb") as file:
            found = parse_json(file.read(_MOST_BYTES))
    except (OSError, RegistryError):
        return {}
    return found if isinstance(found, dict) else {}


def _leave(names: Collection[str], data: Path) -> None:
    """A verifier or an agency has no books of the issuers."""
    for path in data.iterdir():
        if path.name in names:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()


class Place:
    """What was done in the folder of an exercise, as its checks look at it. Nothing is written.

    Args:
        workspace: opened with the settings of the folder; the chain that the exercise is about, whatever else the
            trainee's settings name.
    """

    def __init__(self, folder: Path, workspace: Workspace, settings: Settings):
        self.folder = folder
        self.workspace = workspace
        self.settings = settings

    @cached_property
    def contract(self) -> CredentialRegistry:
        """The registry of the practice chain."""
        return self.workspace.contract

    # On chain

    def party(self, uri: str) -> int | None:
        """The number of the first party with this URI."""
        numbers = range(1, self.contract.party_count() + 1)
        return next((each for each in numbers if (found := self.contract.party(each)) and found.uri == uri), None)

    @cached_property
    def links(self) -> tuple[Accreditation, ...]:
        """Every accreditation and recognition, in their order."""
        return read_ledger(self.contract).accreditations

    @property
    def now(self) -> datetime:
        """The present, which is never before the newest block."""
        block = self.workspace.client.block("latest")
        now = datetime.now(UTC)
        return now if block is None else max(now, block.timestamp)

    def roots(self, party: int) -> list[bytes]:
        """The roots that a party anchored, oldest first."""
        return [event.arguments["root"] for event in self.contract.anchored_events(issuer=party)]

    def statuses(self, party: int, digests: Iterable[bytes]) -> list[DigestStatus]:
        """What a party says of digests, on chain."""
        return list(self.contract.digest_statuses(party, list(digests)))

    # In files

    def path(self, name: str) -> Path:
        """A file or folder of the exercise."""
        return self.folder / name

    def content(self, name: str) -> bytes | None:
        """What is in a file; None where it is not there, or too large to be meant."""
        path = self.path(name)
        try:
            # A link may lead to what has no end, and something else than a file may never answer.
            if not path.is_file():
                return None
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except OSError:
            return None
        return content if len(content) <= _MOST_BYTES else None

    def document(self, name: str) -> dict[str, Any] | None:
        """A JSON file; None where it is none."""
        content = self.content(name)
        try:
            found = None if content is None else parse_json(content)
        except RegistryError:
            return None
        return found if isinstance(found, dict) else None

    def digest(self, name: str) -> bytes | None:
        """The digest of a credential in a file; None where there is none."""
        document = self.document(name)
        try:
            return None if document is None else digest_document(document).value
        except RegistryError:
            return None

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of a CSV file; none where it cannot be read."""
        content = self.content(name)
        try:
            text = "" if content is None else content.decode("utf-8-sig")
            return [
                {key: value or "" for key, value in row.items() if key} for row in csv.DictReader(text.splitlines())
            ]
        except (UnicodeDecodeError, csv.Error):
            return []

    def names(self, folder: str) -> set[str]:
        """The credentials in a folder, by name, without their receipts and what is hidden."""
        path = self.path(folder)
        found = path.iterdir() if path.is_dir() else ()
        return {each.name for each in found if not each.name.endswith(".receipt.json") and each.name[0] != "."}

    def verdict(self, name: str) -> Verdict:
        """What the program itself says of a credential in the folder."""
        return FileVerifier(self.workspace, now=datetime.now(UTC)).verify_file(self.path(name))

    # In the issuer's books

    @cached_property
    def issued(self) -> IssuedStore:
        """What was made of rosters."""
        return issued_store(self.workspace)


@contextmanager
def looked_at(folder: Path) -> Iterator[Place]:
    """The folder of an exercise, opened on its practice chain.

    Raises:
        SettingsError: code `no-exercise`, or the settings there make no sense.
        ChainBusy: another program holds the chain.
    """
    name_in(folder)
    path = folder / SETTINGS
    settings = load_settings(path if path.is_file() else None)
    own = settings.model_copy(update={"data_folder": folder / DATA_FOLDER, "chain": "embedded", "contract": None})
    with Workspace(own, read_only=True) as workspace:
        yield Place(folder, workspace, settings)


def findings(exercise: Exercise, place: Place) -> list[tuple[Step, Missing | None]]:
    """Each step with what it lacks; steps after one that is open are looked at, too."""
    return [(step, step.check(place)) for step in exercise.steps]
