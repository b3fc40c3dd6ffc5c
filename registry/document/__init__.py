"""What a document says, whatever it travels in."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.document.reading import Part, Reading, Unread, digest_only, read_document
    from registry.document.submitted import Broken, ReadItem, Submitted, read_item
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "reading": "Part, Reading, Unread, digest_only, read_document",
            "submitted": "Broken, ReadItem, Submitted, read_item",
        },
    )

__all__ = ["Broken", "Part", "ReadItem", "Reading", "Submitted", "Unread", "digest_only", "read_document", "read_item"]
