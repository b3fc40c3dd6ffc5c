"""A snapshot as its publisher signs it, in a file."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.proofs.signatures.keys import did_key, did_key_method
from registry.proofs.signatures.suites import sign
from registry.quality.decision import QualityDecision
from registry.quality.snapshot import Manifest, snapshot_lines
from tests.registry.quality.test_snapshot import manifest_of


def snapshot(path: Path, *decisions: QualityDecision, broken: bool = False) -> None:
    """A snapshot's file, signed by a key of its own."""
    key = Ed25519PrivateKey.generate()
    lines = sorted((each.digest.value, each.to_line()) for each in decisions)
    manifest: Manifest = manifest_of(list(decisions), issuer=did_key(key))
    document = sign(manifest.to_document(), key, did_key_method(key), manifest.made_at)
    if broken:
        document["validFrom"] = "2020-01-01T00:00:00Z"
    path.write_bytes(b"".join(snapshot_lines(document, [line for _, line in lines])))
