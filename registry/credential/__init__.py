"""What a credential is: its digest, and the JSON it is read as."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.credential.digest import (
        DEFAULT_LIMITS, DIGEST_SIZE, JSON_SUFFIXES, Digest, DigestMethod, Hazard, Limits, canonicalize, digest_as,
        digest_bytes, digest_chunks, digest_document, digest_file, digest_given, digest_json, parse_json, read_as,
        read_json,
    )  # fmt: skip
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "digest": "DEFAULT_LIMITS, DIGEST_SIZE, JSON_SUFFIXES, Digest, DigestMethod, Hazard, Limits, "
            "canonicalize, digest_as, digest_bytes, digest_chunks, digest_document, digest_file, "
            "digest_given, digest_json, parse_json, read_as, read_json",
        },
    )

__all__ = [
    "DEFAULT_LIMITS", "DIGEST_SIZE", "JSON_SUFFIXES", "Digest", "DigestMethod", "Hazard", "Limits", "canonicalize",
    "digest_as", "digest_bytes", "digest_chunks", "digest_document", "digest_file", "digest_given", "digest_json",
    "parse_json", "read_as", "read_json",
]  # fmt: skip
