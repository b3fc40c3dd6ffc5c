"""Under which names a credential is about its holder."""

from __future__ import annotations

from collections.abc import Iterator

from registry.document.reading import Part, Reading
from registry.learning.statements.members import LONGEST_NAME, text_of
from registry.untrusted.text import marked
from registry.verify.stated_facts import stated_facts

MOST_NAMES = 6


def holder_names(reading: Reading, digest: bytes) -> tuple[str, ...]:
    """Whole names, as they may be shown; none where the credential has none, or a hash in its place.

    A token says them as OpenID Connect does; everything else as `registry.verify.stated_facts` reads it.

    Args:
        digest: that covers what is read.
    """
    facts = stated_facts(reading, digest)
    whole = [str(each) for each in facts.get("holder", ())]
    given, family = (" ".join(map(str, facts.get(key, ()))) for key in ("givenName", "familyName"))
    of_tokens = [name for part in reading.parts if part.is_token for name in _of_token(part)]
    parts = [f"{given} {family}".strip()]
    return tuple(dict.fromkeys(filter(None, (*whole, *(parts if not whole else ()), *of_tokens))))[:MOST_NAMES]


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in nothing but case and spaces."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _of_token(part: Part) -> Iterator[str]:
    claims = part.members
    whole = text_of(claims.get("name"))
    joined = " ".join(filter(None, (text_of(claims.get("given_name")), text_of(claims.get("family_name")))))
    yield marked(whole or joined, LONGEST_NAME)
