"""Signatures a second of each suite beside @digitalbazaar/vc, and canonical RDF by shape beside one by one, in one run.

    python -m scripts.bench.signatures [--documents 1000] [--rounds 3]

The documents are the credentials of the demo, Open Badges 3.0 of about 4 KB, on one core. Each round times all in turn;
the best round of each counts. `node` and the packages of `package-lock.json` are needed; the rival signs and checks
with its own contexts loaded, and every document that one of the two signs is checked by the other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anchor.demo.samples import credentials
from registry.proofs.signatures.batches import Signer
from registry.proofs.signatures.keys import KeyKind, SigningKey, did_key, did_key_method, new_key, write_public_key
from registry.proofs.signatures.suites import Suite, verify
from registry.rdf.canonical import canonicalize_quads
from registry.rdf.contexts import Contexts
from registry.rdf.jsonld import quads_of
from registry.rdf.shapes import Shapes

REPOSITORY = Path(__file__).parents[2]
RIVAL = Path(__file__).with_name("signatures_rival.mjs")
MOST_OF_THE_RIVAL = 100
"""Documents that the rival gets: it takes milliseconds for each."""


def best(rounds: int, work: Callable[[], object]) -> float:
    """Seconds of the quickest round."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def rival(documents: list[dict[str, Any]], suite: Suite, key: SigningKey, rounds: int) -> dict[str, Any] | None:
    """What @digitalbazaar/vc says of documents signed here, its seconds, and one that it signed; None without it."""
    given = {"documents": documents, "suite": suite.value, "rounds": rounds}
    given["publicKeyMultibase"] = write_public_key(key)
    try:
        run = subprocess.run(
            ["node", str(RIVAL)], input=json.dumps(given), capture_output=True, text=True, check=True, cwd=REPOSITORY
        )
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"  the rival did not run: {getattr(error, 'stderr', None) or error}", file=sys.stderr)
        return None
    print(run.stderr, end="", file=sys.stderr)
    found: dict[str, Any] = json.loads(run.stdout)
    print(run.stderr, end="", file=sys.stderr)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    documents = list(credentials(options.documents))
    print(f"{'suite':18} {'key':8} {'signs/s':>9} {'checks/s':>9} {'rival signs/s':>14} {'rival checks/s':>15}")
    pairs = [(KeyKind.ED25519, Suite.EDDSA_RDFC), (KeyKind.ED25519, Suite.EDDSA_JCS)]
    pairs += [(KeyKind.P256, Suite.ECDSA_RDFC), (KeyKind.P256, Suite.ECDSA_JCS), (KeyKind.P384, Suite.ECDSA_RDFC)]
    for kind, suite in pairs:
        key = new_key(kind)
        signer = Signer(key, did_key_method(key), datetime.now(UTC), suite)
        # The rival asks that the issuer is whose key it is.
        documents = [each | {"issuer": each["issuer"] | {"id": did_key(key)}} for each in documents]
        signed = list(signer.sign_all(documents))
        signing = best(options.rounds, lambda given=documents, signer=signer: list(signer.sign_all(given)))  # type: ignore[misc]
        checking = best(options.rounds, lambda signed=signed: [verify(each) for each in signed])  # type: ignore[misc]
        row = f"{suite:18} {kind:8} {len(documents) / signing:9,.0f} {len(documents) / checking:9,.0f}"
        theirs = rival(signed[:MOST_OF_THE_RIVAL], suite, key, options.rounds)
        if theirs is not None:
            if not theirs["verified"]:
                raise SystemExit(f"the rival refuses what is signed here by {suite}")
            verify(theirs["signed"])
            row += f" {1 / theirs['signing']:14,.0f} {1 / theirs['checking']:15,.0f}"
        print(row)
    contexts = Contexts()
    shapes = Shapes(contexts)
    few = documents[:MOST_OF_THE_RIVAL]
    if any(shapes.canonical_form(each) != canonicalize_quads(quads_of(each, contexts)) for each in few):
        raise SystemExit("a document by its shape is another one")
    by_shape = best(options.rounds, lambda: [shapes.canonical_form(each) for each in documents])
    alone = best(options.rounds, lambda: [canonicalize_quads(quads_of(each, contexts)) for each in few])
    print(f"canonical RDF by shape {len(documents) / by_shape:,.0f}/s, one by one {len(few) / alone:,.0f}/s")


if __name__ == "__main__":
    main()
