"""Which language somebody reads, of those that there are: by the environment of a program, or as a browser asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from registry.language.catalogue import SOURCE, available

_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def from_environment(environment: Mapping[str, str]) -> str:
    """By `LANGUAGE`, which may be a list such as `fr:en`, then as locales are named; English where none is ours."""
    return _first_known(name for variable in _VARIABLES for name in environment.get(variable, "").split(":"))


def from_header(header: str) -> str:
    """By the header Accept-Language (RFC 9110 section 12.5.4), the most wanted first; English where none is ours."""
    wanted = sorted(_weighed(header), key=lambda each: -each[1])
    return _first_known(name for name, quality in wanted if quality > 0)


def known(name: str) -> str | None:
    """The language of a name such as `fr`, `fr-CA` or `fr_CA.UTF-8`; None where it is none of ours."""
    code = primary(name.partition(".")[0].partition("@")[0])
    return code if code in available() else None


def primary(tag: str) -> str:
    """The language of a tag (BCP 47) alone, without region and script: `pt` of `pt-BR`; "" of none."""
    return tag.strip().lower().replace("_", "-").partition("-")[0]


def _first_known(names: Iterable[str]) -> str:
    return next((code for name in names if (code := known(name))), SOURCE)


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    for entry in header.split(","):
        name, _, parameter = (part.strip() for part in entry.partition(";"))
        quality = parameter.removeprefix("q=") if parameter else "1"
        try:
            yield name, float(quality)
        except ValueError:
            yield name, 0.0
