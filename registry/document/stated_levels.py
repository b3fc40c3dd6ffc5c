"""What a credential says of levels of national frameworks, and of the country in which it was issued.

Open Badges 2.0 and 3.0 align an achievement to a level by `targetFramework` and `targetCode`; the profile of an issuer
has an address with a country. `registry.document.stated_scope` reads the levels of the European framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from registry.document.stated_scope import MOST_READ, achievements_of, objects_of, short_text
from registry.recognition.countries import NUMERIC

_COUNTRY_MEMBERS: Final = ("addressCountryCode", "addressCountry")


def stated_levels(credentials: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Framework and code of each alignment that has both, in their order, each once; not all of them are levels."""
    achievements = (each for claims in credentials for each in achievements_of(claims))
    return tuple(dict.fromkeys(named for each in islice(achievements, MOST_READ) for named in levels_of(each)))


def levels_of(achievement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Framework and code of each alignment of one achievement that has both."""
    stated = achievement.get("alignment", achievement.get("alignments"))
    for alignment in islice(objects_of(stated, "targetUrl"), MOST_READ):
        named = short_text(alignment.get("targetFramework")), short_text(alignment.get("targetCode"))
        if all(named):
            yield named


def stated_country(credentials: Iterable[Mapping[str, Any]]) -> str:
    """The country of its issuer's address, ISO 3166-1 by two letters; "" where none or several are stated."""
    found = {
        code
        for claims in credentials
        for issuer in islice(objects_of(claims.get("issuer")), MOST_READ)
        for address in islice(objects_of(issuer.get("address")), MOST_READ)
        for code in [_country(address)]
    }
    return found.pop() if len(found) == 1 else ""


def _country(address: Mapping[str, Any]) -> str:
    written = (short_text(address.get(name)) for name in _COUNTRY_MEMBERS)
    return next((text for text in written if text in NUMERIC), "")
