"""Documents a second of `digest_json` on one core, against plain `rfc8785` over `json`, in one run.

    python scripts/bench/digest.py [--documents 4000] [--rounds 5]

The documents are Open Badges 3.0 credentials of about 4 KB. Each round times both in turn; the best round of each
counts,
and every digest of one is compared with the other's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
import uuid
from collections.abc import Callable

import rfc8785

from registry.credential.digest import digest_json

SKILLS = ["Conceptual data modelling", "Requirements elicitation", "Process mining", "IT governance", "Benutzerführung"]


def badge(source: random.Random, number: int) -> bytes:
    """One Open Badges 3.0 credential of an information-systems course, about 4 KB, with a number that is not whole."""

    def identifier() -> str:
        return uuid.UUID(int=source.getrandbits(128), version=4).urn

    alignments = [
        {
            "type": ["Alignment"],
            "targetName": source.choice(SKILLS),
            "targetUrl": f"https://skills.example/frameworks/e-cf/{source.randrange(10**6)}",
            "targetDescription": 'Applies the method to a case, "as taught in class", and argues for the choices made.',
            "targetFramework": "European e-Competence Framework",
            "targetType": "CFItem",
            "targetCode": f"A.{source.randrange(9)}",
        }
        for _ in range(5)
    ]
    results = [
        {"type": ["Result"], "resultDescription": identifier(), "value": str(source.randrange(101))} for _ in range(4)
    ]
    document = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": identifier(),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Diploma in Information Systems",
        "issuer": {
            "id": "did:web:registrar.university.example",
            "type": ["Profile"],
            "name": "Université de l’Exemple",
            "url": "https://university.example",
            "address": {"type": ["Address"], "geo": {"latitude": 46.519, "longitude": 6.566}},
        },
        "validFrom": "2026-06-30T00:00:00Z",
        "validUntil": "2036-06-30T00:00:00Z",
        "credentialSubject": {
            "id": f"did:example:{source.getrandbits(128):032x}",
            "type": ["AchievementSubject"],
            "name": f"Student {number}",
            "creditsEarned": source.randrange(1, 240) + 0.5,
            "result": results,
            "achievement": {
                "id": f"https://university.example/achievements/{number}",
                "type": ["Achievement"],
                "name": "MSc Information Systems",
                "description": "Design, delivery and governance of information systems in organisations. " * 4,
                "criteria": {"narrative": "All core modules, 2 electives, a thesis of 30 credits.\n" * 4},
                "alignment": alignments,
            },
        },
        "proof": [
            {
                "type": "DataIntegrityProof",
                "cryptosuite": "eddsa-jcs-2022",
                "created": "2026-06-30T12:00:00Z",
                "verificationMethod": "did:web:registrar.university.example#key-1",
                "proofPurpose": "assertionMethod",
                "proofValue": "z" + source.randbytes(43).hex(),
            }
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def plain_digest(data: bytes) -> bytes:
    """The same digest without the guard, the checks or orjson."""
    document = json.loads(data)
    document.pop("proof", None)
    return hashlib.sha256(rfc8785.dumps(document)).digest()


def rate(digest: Callable[[bytes], object], documents: list[bytes]) -> float:
    start = time.perf_counter()
    for document in documents:
        digest(document)
    return len(documents) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    source = random.Random(1)
    documents = [badge(source, number) for number in range(arguments.documents)]
    size = sum(map(len, documents)) / len(documents)
    for document in documents:
        if digest_json(document).value != plain_digest(document):
            raise SystemExit("The two digests differ.")

    ours = plain = 0.0
    for _ in range(arguments.rounds):
        ours = max(ours, rate(digest_json, documents))
        plain = max(plain, rate(plain_digest, documents))
    print(f"{len(documents):,} documents of {size:,.0f} bytes on average, best of {arguments.rounds} rounds, one core")
    print(f"digest_json        {ours:>10,.0f} documents/s")
    print(f"json + rfc8785     {plain:>10,.0f} documents/s")
    print(f"ratio              {ours / plain:>10.1f}")


if __name__ == "__main__":
    main()
