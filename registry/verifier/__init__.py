"""Document in, chain asked, verdict out."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.verifier.facts import FactsReader, OtherAnchor
    from registry.verifier.nothing_known import NothingKnown
    from registry.verifier.verifier import KnownAnchor, KnownAnchors, Verifier
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "facts": "FactsReader, OtherAnchor",
            "nothing_known": "NothingKnown",
            "verifier": "KnownAnchor, KnownAnchors, Verifier",
        },
    )

__all__ = ["FactsReader", "KnownAnchor", "KnownAnchors", "NothingKnown", "OtherAnchor", "Verifier"]
