"""Files of pathways, and learners beside them: files in, verdicts asked for, progress out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from anchor.learning.portfolios import portfolio_items, portfolio_of
from anchor.verifying.files import FileVerifier
from anchor.verifying.named import read_named
from registry.credential.digest import DEFAULT_LIMITS, Limits
from registry.errors import CredentialError, IntakeError, ReceiptError, SettingsError
from registry.frameworks.files import read_framework
from registry.frameworks.members import MAX_BYTES, Refused
from registry.frameworks.model import Fault, Framework
from registry.language.rendering import Language
from registry.learning.items import Item
from registry.learning.pathways.case_reading import pathway_of_case
from registry.learning.pathways.ctdl_reading import MAX_BYTES as MOST_CTDL
from registry.learning.pathways.ctdl_reading import pathway_of_ctdl
from registry.learning.pathways.faults import faults_of
from registry.learning.pathways.files import frameworks_named, look_at_pathway, read_pathway
from registry.learning.pathways.model import Pathway
from registry.learning.pathways.plan import Plan
from registry.learning.pathways.progress import Progress, progress
from registry.learning.pathways.surroundings import Surroundings
from registry.levels.maps import LevelMaps

MOST_LEARNERS: Final = 100_000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A learner whose files cannot be read, and why."""

    name: str
    code: str
    reason: str


def pathway_in(path: Path, maps: LevelMaps) -> Pathway:
    """The pathway in a file.

    Raises:
        IntakeError: it cannot be read (codes `unreadable`, `pathway`).
    """
    content = read_named(path, MAX_BYTES)
    return read_pathway(content, str(path), _surroundings(content, path, maps))


def look_at(path: Path, maps: LevelMaps) -> tuple[Pathway | None, tuple[Fault, ...]]:
    """The pathway in a file, and all that is wrong with it.

    Raises:
        IntakeError: it cannot be read at all (code `unreadable`).
    """
    content = read_named(path, MAX_BYTES)
    try:
        return look_at_pathway(content, str(path), _surroundings(content, path, maps))
    except Refused as refused:
        return None, refused.faults


def case_pathway(path: Path, maps: LevelMaps) -> tuple[Pathway, tuple[Fault, ...]]:
    """The pathway of a CASE package, and what is wrong with it; raises IntakeError (`unreadable`, `case-package`)."""
    pathway, faults = pathway_of_case(read_named(path, MOST_CTDL), str(path))
    return pathway, (*faults, *faults_of(pathway, Surroundings(maps)))


def ctdl_pathway(path: Path, maps: LevelMaps) -> tuple[Pathway, tuple[Fault, ...]]:
    """The pathway of a graph of CTDL, and what is wrong with it; raises IntakeError (`unreadable`, `ctdl-pathway`)."""
    pathway, faults = pathway_of_ctdl(read_named(path, MOST_CTDL), str(path))
    return pathway, (*faults, *faults_of(pathway, Surroundings(maps)))


def items_of(
    path: Path,
    verifier: FileVerifier,
    *,
    now: datetime,
    language: Language | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Item, ...]:
    """The items of a learner, each with what came of checking it.

    Args:
        path: a portfolio, the link to one, a credential, or a folder of credentials.

    Raises:
        RegistryError: it cannot be read, or what verifies cannot be asked.
    """
    found = portfolio_of([path], verifier, made_at=now, limits=limits)
    return portfolio_items(found, verifier, now=now, language=language, limits=limits)


def learners_in(folder: Path) -> list[Path]:
    """What stands for a learner in a folder: each file and each folder right in it, in the order of their names.

    Raises:
        IntakeError: it is no folder that can be read (`unreadable`), or has more than are read (`too-many`).
    """
    try:
        found = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(folder), code="unreadable") from None
    if len(found) > MOST_LEARNERS:
        raise IntakeError(
            f"it has {len(found):,} learners, and at most {MOST_LEARNERS:,} are read",
            where=str(folder),
            remedy="Take them in parts.",
            code="too-many",
        )
    return found


def each_learner(
    plan: Plan, paths: list[Path], verifier: FileVerifier, *, now: datetime, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Progress | LeftOut]:
    """What of a pathway each learner has done; one whose files cannot be read is left out, and the rest goes on.

    Raises:
        RegistryError: what verifies cannot be asked.
    """
    for path in paths:
        try:
            items = items_of(path, verifier, now=now, limits=limits)
        except (CredentialError, IntakeError, ReceiptError, SettingsError) as error:
            yield LeftOut(path.name, error.code, error.what)
            continue
        if any(each.digest for each in items):
            yield progress(plan, items, now)
        else:
            words = next((each.checked.words for each in items if each.checked.words), "")
            yield LeftOut(path.name, "unreadable", words or "nothing in it can be read")


def _surroundings(content: bytes, path: Path, maps: LevelMaps) -> Surroundings:
    """Level maps, and the frameworks beside a pathway's file that it names."""
    frameworks: dict[str, Framework | None] = {}
    for name in frameworks_named(content, str(path)):
        frameworks[name] = _framework(path, name)
    return Surroundings(maps, frameworks)


def _framework(path: Path, name: str) -> Framework | None:
    if Path(name).name != name:
        return None  # A file beside it, and no path.
    beside = path.with_name(name)
    try:
        return read_framework(read_named(beside, MAX_BYTES), str(beside))
    except IntakeError:
        return None


TEMPLATE: Final = """\
# A pathway: what leads where. docs/reference/pathways.md says all that can stand here.
[pathway]
id = "https://university.example/pathways/data"
title = { en = "Data analysis", fr = "Analyse de données" }
version = "1.0"
language = "en"
issuer = "University"
# counts = "once"              # an item serves one step alone; otherwise it serves as many as it fits
# unnamed_credits = "ects"     # credits of which a credential names no system are ECTS

# What is known by name, and what it is worth.
[[achievements]]
id = "https://university.example/achievements/statistics"
title = "Statistics"
ects = 6

[[steps]]
id = "statistics"
title = "Statistics"
# One achievement that meets all that is said; more than one URI are alternatives.
requires = { achievements = ["https://university.example/achievements/statistics"] }

[steps.recognition]
# Of prior learning: who decides, by which URI a decision is known, and what is handed in for it.
achievements = ["https://university.example/decisions/statistics"]
issuers = ["did:web:university.example"]
results = ["granted"]
evidence = { fields = ["0542"] }

[[steps]]
id = "practice"
title = "Thirty credits in computing"
after = ["statistics"]
requires = { credits = 30, fields = ["06"], level = { framework = "eqf", from = 6 }, accredited = true }

[[steps]]
id = "electives"
title = "Two of three"
optional = true
requires = { of = [
  { achievements = ["https://university.example/achievements/statistics"], within_months = 60 },
  { kinds = ["Badge"], issuers = [7] },
  { step = "practice" },
], at_least = 2 }
"""
"""A pathway file to begin with."""
