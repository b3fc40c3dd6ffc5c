"""Files of frameworks and programmes: read whole, each by the form that its content has."""

from __future__ import annotations

from pathlib import Path

from anchor.verifying.named import read_named
from registry.errors import IntakeError
from registry.frameworks.case_reading import MAX_BYTES as MOST_CASE
from registry.frameworks.case_reading import read_case
from registry.frameworks.files import (
    Refused,
    look_at_framework,
    look_at_programme,
    read_framework,
    read_programme,
)
from registry.frameworks.members import MAX_BYTES
from registry.frameworks.model import Fault, Framework, Programme


def framework_in(path: Path) -> Framework:
    """The framework in a file; raises IntakeError (codes `unreadable`, `framework`)."""
    return read_framework(read_named(path, MAX_BYTES), str(path))


def programme_in(path: Path) -> Programme:
    """The programme in a file; raises IntakeError (codes `unreadable`, `programme`)."""
    return read_programme(read_named(path, MAX_BYTES), str(path))


def case_in(path: Path) -> tuple[Framework, tuple[Fault, ...]]:
    """The framework of a CASE package, and what is wrong with it; raises IntakeError (`unreadable`, `case-package`)."""
    return read_case(read_named(path, MOST_CASE), str(path))


def framework_for(first: Programme, beside: Path) -> Framework:
    """The framework that a programme names by its file.

    Args:
        beside: the programme's file.

    Raises:
        IntakeError: it names none (code `no-framework`), or as `framework_in`.
    """
    name = first.framework_file
    if not name:
        raise IntakeError(
            "the programme does not say in which file its framework is",
            where=str(beside),
            remedy="Name it with --framework.",
            code="no-framework",
        )
    if Path(name).name != name:
        raise IntakeError(
            "framework_file names a file beside the programme, and no path",
            where=str(beside),
            remedy="Name the framework with --framework.",
            code="no-framework",
        )
    return framework_in(beside.with_name(name))


def look_at(path: Path) -> tuple[Framework | Programme | None, tuple[Fault, ...]]:
    """What a file is, a framework of ours, a programme or a CASE package, and all that is wrong with it.

    Raises:
        IntakeError: it cannot be read at all (codes `unreadable`, `framework`, `case-package`).
    """
    content = read_named(path, MOST_CASE)
    if content.lstrip()[:1] == b"{":
        try:
            return read_case(content, str(path))
        except Refused as refused:
            return None, refused.faults
    look = look_at_programme if b"[programme]" in content else look_at_framework
    try:
        return look(content, str(path))
    except Refused as refused:
        return None, refused.faults
