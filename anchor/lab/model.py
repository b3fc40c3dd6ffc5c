"""What an exercise is: a world to begin with, and steps, each with a look at what was really done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anchor.lab.place import Place
    from anchor.lab.world import World


class Audience(StrEnum):
    """Whose course an exercise is part of."""

    REGISTRARS = "registrars"
    VERIFIERS = "verifiers"
    AGENCIES = "agencies"


@dataclass(frozen=True, slots=True)
class Missing:
    """What a step still lacks.

    Attributes:
        key: of the sentence, among those of the exercise.
        values: what is put into it; texts of the folder's files are shown by whoever prints them.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


def missing(key: str, **values: object) -> Missing:
    """What is still missing, by the key of its sentence."""
    return Missing(key, values)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        key: of its texts: what to do, and a hint.
        check: looks at the chain and the files; None when it is done.
    """

    key: str
    check: Callable[[Place], Missing | None]


@dataclass(frozen=True, slots=True)
class Exercise:
    """An exercise.

    Attributes:
        name: as it is typed, such as `registrars-1`.
        minutes: what most people take.
        build: makes its world in the folder.
        settings: of the trainee, as the `testamur.toml` of the folder has them.
        keeps: what stays of the data folder; None for all of it, where the trainee is the issuer whose books it has.
    """

    name: str
    audience: Audience
    minutes: int
    steps: tuple[Step, ...]
    build: Callable[[World], None]
    settings: str = ""
    keeps: tuple[str, ...] | None = ("chain", "deployments")
