"""The receipt a holder keeps."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.receipt.model import (
        EMBEDDED_CONTEXT, MAX_BYTES, MAX_EMBEDDED, AnchorPart, BlockPart, DigestPart, EmbeddedReceipt, InclusionPart,
        Receipt, embed, embedded, embedded_schema, parse, parse_cbor, parse_json, receipt_schema, to_cbor, to_json,
    )  # fmt: skip
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "model": "EMBEDDED_CONTEXT, MAX_BYTES, MAX_EMBEDDED, AnchorPart, BlockPart, DigestPart, EmbeddedReceipt, "
            "InclusionPart, Receipt, embed, embedded, embedded_schema, parse, parse_cbor, parse_json, "
            "receipt_schema, to_cbor, to_json",
        },
    )

__all__ = [
    "EMBEDDED_CONTEXT", "MAX_BYTES", "MAX_EMBEDDED", "AnchorPart", "BlockPart", "DigestPart", "EmbeddedReceipt",
    "InclusionPart", "Receipt", "embed", "embedded", "embedded_schema", "parse", "parse_cbor", "parse_json",
    "receipt_schema", "to_cbor", "to_json",
]  # fmt: skip
