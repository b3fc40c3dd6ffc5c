"""All exercises, in the order of the courses."""

from __future__ import annotations

import difflib
from typing import Final

from anchor.lab import agencies, registrars, verifiers
from anchor.lab.model import Exercise
from registry.errors import SettingsError

EXERCISES: Final[tuple[Exercise, ...]] = (*registrars.EXERCISES, *verifiers.EXERCISES, *agencies.EXERCISES)


def exercise(name: str) -> Exercise:
    """The exercise with this name.

    Raises:
        SettingsError: code `no-exercise`: there is none.
    """
    found = next((each for each in EXERCISES if each.name == name), None)
    if found is None:
        near = difflib.get_close_matches(name, [each.name for each in EXERCISES], n=1)
        raise SettingsError(
            f"there is no exercise {name!r}",
            remedy=f"Is {near[0]} meant?" if near else "`testamur lab list` names all of them.",
            code="no-exercise",
        )
    return found
