"""What JSON-LD says, as RDF in one canonical form: contexts that are bundled, bounds on the work, nothing fetched."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.rdf.contexts import BUNDLED
    from registry.rdf.shapes import canonical_form
else:
    __getattr__, __dir__ = lazily(__name__, {"contexts": "BUNDLED", "shapes": "canonical_form"})

__all__ = ["BUNDLED", "canonical_form"]
