"""Files around a roster: the template it is for, and where the rows go that are to be mended."""

from __future__ import annotations

import re
from itertools import count, islice
from pathlib import Path
from typing import Final

from anchor.issuing.roster.reading import template_of
from anchor.issuing.templates.files import id_in
from registry.errors import IntakeError
from registry.privatefiles import private_opener

MOST_LOOKED_AT: Final = 200
"""Templates in the folder of a roster."""
_MENDED: Final = re.compile(r"\.refused(?:-[0-9]+)?\Z")


def template_for(roster: Path) -> Path:
    """The template beside a roster that has the id which the roster names.

    Raises:
        IntakeError: there is none, or more than one (`template-not-found`), or as `template_of`.
    """
    wanted = template_of(roster)
    beside = sorted(islice(roster.parent.glob("*.toml"), MOST_LOOKED_AT))
    found = [path for path in beside if wanted is not None and id_in(path) == wanted]
    if len(found) == 1:
        return found[0]
    if wanted is None:
        what = "it does not say which template it is for"
    elif found:
        what = f"{len(found)} templates beside it have its id: {', '.join(path.name for path in found[:5])}"
    else:
        what = f"no template beside it is the one it is for, {wanted}"
    raise IntakeError(what, where=str(roster), remedy="Name it with --template.", code="template-not-found")


def write_beside(roster: Path, content: bytes) -> Path:
    """Write the rows to be mended beside a roster, as `NAME.refused.xlsx`, for its owner alone.

    Somebody may be mending an earlier one: it is never written over. One with the same bytes is it.

    Raises:
        IntakeError: it cannot be written (`unwritable`).
    """
    stem = _MENDED.sub("", roster.stem)
    for number in count(1):
        path = roster.with_name(f"{stem}.refused{'' if number == 1 else f'-{number}'}.xlsx")
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return path
        if not path.exists():
            break
    write_new(path, content)
    return path


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, for its owner alone.

    Raises:
        IntakeError: it is there (`exists`), or cannot be written (`unwritable`).
    """
    try:
        with open(path, "xb", opener=private_opener) as file:
            file.write(content)
    except FileExistsError:
        raise IntakeError(
            "this file is there already, and may hold work of yours",
            where=str(path),
            remedy="Name another one with -o.",
            code="exists",
        ) from None
    except OSError as error:
        what = f"it cannot be written: {error.strerror}"
        raise IntakeError(what, where=str(path), remedy="Name another one with -o.", code="unwritable") from None
