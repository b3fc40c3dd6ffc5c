"""Looking up credentials: one digest, many, by the first digits of one, and the proof that there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from registry.credential.digest import DigestMethod
from registry.errors import CredentialError, StoreError
from registry.http.limits import client_of
from registry.http.problems import NotHere
from registry.index.states import TreeState
from registry.merkle.treefile import TreeId
from registry.receipt.model import parse_json, to_cbor
from registry.records import Batch
from registry.service import examples
from registry.service.batch_evidence import BatchEvidence, Place, no_evidence
from registry.service.caching import IMMUTABLE, JSON, REVALIDATE, answer, fixed
from registry.service.coverage import Searched
from registry.service.evidence import Evidences, evidences_of
from registry.service.horizon import AsOf
from registry.service.lookup import Found, PathWriter, anchors_of, listed_path, together, written_path
from registry.service.many_digests import answer_to_many
from registry.service.parameters import HASH_PATTERN, IssuerPath, PartyNumber, digest_of, root_of
from registry.service.service import SearchedFor, Service, service_of
from registry.service.told import Told
from registry.trees.store import MISSING
from registry.verify.absence import Absence, Proof, TreeCheck, proof_content
from registry.verify.absence_file import MOST_BATCHES as MOST_IN_FILE
from registry.verify.absence_file import AbsenceFile, BatchProofs
from registry.verify.checks import verify_absence

MOST_DIGESTS: Final = 10_000
MOST_MATCHES: Final = 10_000
MOST_BATCHES: Final = 5_000
GIVEN: Final = DigestMethod.GIVEN.value
CBOR: Final = "application/cbor"

_PREFIX = re.compile(r"[0-9a-fA-F]{4,8}", re.ASCII)

router = APIRouter(prefix="/v1", tags=["credentials"])

DigestPath = Annotated[
    str, Path(description="64 hexadecimal digits.", examples=[examples.DIGEST], pattern=HASH_PATTERN)
]
_METHOD: Final[dict[str, Any]] = {
    "name": "method",
    "in": "query",
    "required": False,
    "description": "How the digest was made, for the receipts; trees do not say.",
    "schema": {"type": "string", "enum": [each.value for each in DigestMethod], "default": GIVEN},
}


@router.get(
    "/credentials/{digest}",
    summary="Every anchor of a digest, oldest first: receipt, status, and whether it is final.",
    description="404 says what was searched. It says that nobody anchored the digest only where no tree was missing.",
    responses=examples.one_of({"plain": examples.CREDENTIAL, "with evidence": examples.WITH_EVIDENCE}),
    openapi_extra={
        "parameters": [
            {
                "name": "digest",
                "in": "path",
                "required": True,
                "description": "64 hexadecimal digits.",
                "schema": {"type": "string", "pattern": HASH_PATTERN},
                "example": examples.DIGEST,
            },
            {
                "name": "issuer",
                "in": "query",
                "required": False,
                "description": "Anchors of this party alone.",
                "schema": {"type": "integer", "minimum": 1, "exclusiveMaximum": 2**63},
            },
            _METHOD,
            {
                "name": "evidence",
                "in": "query",
                "required": False,
                "description": "`1`: put evidence into the receipts, which are of version 2 then; `evidence` beside "
                "each says as of which block it is, or by a code why there is none.",
                "schema": {"type": "string", "enum": ["0", "1"], "default": "0"},
            },
        ]
    },
)
async def credential(request: Request) -> Response:
    # Parameters are read by hand: this is the one endpoint that is asked thousands of times a second.
    service = service_of(request)
    digest = digest_of(request.path_params["digest"])
    method, issuer, evidence = method_of(request), issuer_of(request), evidence_of(request)
    path = written_path if evidence is None else listed_path
    told, found = await credential_told(request, digest, method, issuer, path)
    if evidence is not None:
        await service.in_thread(evidence.add_to, told.content["anchors"], found, digest)
    return answer(request, told.content, told.as_of)


@router.get(
    "/credentials/{digest}/receipts/{issuer}/{root}",
    summary="One receipt, as JSON or CBOR; it never changes once its block is final.",
    responses=examples.ok(examples.RECEIPT, "The receipt."),
    openapi_extra={"parameters": [_METHOD]},
)
async def receipt(
    request: Request,
    digest: DigestPath,
    issuer: IssuerPath,
    root: Annotated[str, Path(description="The batch.", examples=[examples.ROOT], pattern=HASH_PATTERN)],
) -> Response:
    service = service_of(request)
    _refuse_evidence(request)
    value, wanted, method = digest_of(digest), root_of(root), method_of(request)
    as_of, found = await service.in_thread(service.lookup.find, value, issuer=issuer)
    one = next((each for each in found if each.batch.root == wanted), None)
    if one is None:
        one = await service.in_thread(_sought_receipt, service, value, as_of, issuer, wanted)
    body, media_type = orjson.dumps(one.receipt(value.hex(), method)), JSON
    if CBOR in request.headers.get("accept", ""):
        body, media_type = to_cbor(parse_json(body)), CBOR
    # Of a batch that does not state its count yet, the count may turn out to be another one.
    is_settled = one.final and one.batch.leaf_count
    return fixed(request, body, media_type, kept=IMMUTABLE if is_settled else REVALIDATE)


@router.get(
    "/credentials",
    summary="All digests that begin with 4 to 8 hexadecimal digits, so that nobody learns which one you mean.",
    responses=examples.ok(examples.MATCHES),
)
async def by_prefix(
    request: Request,
    prefix: Annotated[
        str, Query(description="The first digits.", examples=[examples.DIGEST[:4]], pattern=f"^{_PREFIX.pattern}$")
    ],
) -> Response:
    service = service_of(request)
    return await service.in_thread(_matches, request, service, prefix.lower())


@router.post(
    "/lookup",
    summary="Look up to 10,000 digests up, all at once.",
    description="Each digest has its own result; one that is not a digest has its reason, and the others go on.",
    responses=examples.ok(examples.LOOKUP),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {
                        "type": "object",
                        "required": ["digests"],
                        "properties": {
                            "digests": {"type": "array", "maxItems": MOST_DIGESTS, "items": {"type": "string"}}
                        },
                    },
                    "example": {"digests": [examples.DIGEST]},
                }
            },
        },
        "parameters": [_METHOD],
    },
)
async def lookup(request: Request) -> Response:
    service, method = service_of(request), method_of(request)
    return await answer_to_many(request, service, _digests_in(await request.body()), method)


@router.get(
    "/credentials/{digest}/absence",
    summary="The proof that an issuer never anchored a digest, over all of its batches.",
    description="`outcome` is `absent`, `present`, or `could not be checked`: where a tree or a leaf count is missing, "
    "or a tree was not read as a whole yet, or is not sorted. With `evidence=1` it is a file that proves itself, as "
    "of one block: `testamur verify` checks it, and believes neither this service nor its endpoint.",
    responses=examples.one_of({"answer": examples.ABSENCE, "file": examples.ABSENCE_FILE}),
)
async def absence(
    request: Request,
    digest: DigestPath,
    issuer: PartyNumber,
    evidence: Annotated[bool, Query(description="Answer with a file that proves itself.")] = False,
) -> Response:
    service = service_of(request)
    answered = _absence_file if evidence else _absence
    return await service.in_thread(answered, request, service, digest_of(digest), issuer)


# Reading what is asked


def batch_evidence_of(request: Request) -> BatchEvidence | None:
    """What evidence is gathered with; None where the service has no endpoint."""
    found: object = request.app.state.batch_evidence
    return found if isinstance(found, BatchEvidence) else None


def method_of(request: Request) -> str:
    """The digest method that receipts are to name; raises CredentialError."""
    method = request.query_params.get("method", GIVEN) if request.scope["query_string"] else GIVEN
    if method == GIVEN:
        return method
    known = [each.value for each in DigestMethod]
    if method not in known:
        raise CredentialError(
            "there is no such digest method", where=method[:80], remedy=f"Use one of {', '.join(known)}.", code="method"
        )
    return method


def issuer_of(request: Request) -> int | None:
    """The issuer that is asked for, if one is; raises CredentialError."""
    text = request.query_params.get("issuer") if request.scope["query_string"] else None
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < 2**63):
        raise CredentialError("an issuer is a number from 1", where=text[:80], remedy="Check it.", code="issuer")
    return int(text)


def _refuse_evidence(request: Request) -> None:
    """A receipt that never changes has no evidence, which is of a day."""
    text = request.query_params.get("evidence", "0") if request.scope["query_string"] else "0"
    if text != "0":
        raise CredentialError(
            "a receipt that never changes has no evidence",
            where=text[:80],
            remedy="Ask for /v1/credentials/{digest}?evidence=1: its anchors have receipts with evidence.",
            code="evidence",
        )


def evidence_of(request: Request) -> Evidences | None:
    """Where the evidence comes from, if it is asked for; raises CredentialError."""
    text = request.query_params.get("evidence", "0") if request.scope["query_string"] else "0"
    if text not in ("0", "1"):
        raise CredentialError("evidence is 0 or 1", where=text[:80], remedy="Ask with evidence=1.", code="evidence")
    return evidences_of(request) if text == "1" else None


def _digests_in(body: bytes) -> list[str]:
    try:
        content = orjson.loads(body)
    except ValueError:
        content = None
    digests = content.get("digests") if isinstance(content, dict) else None
    if not isinstance(digests, list) or not all(isinstance(each, str) for each in digests):
        raise CredentialError(
            'the body is not {"digests": ["…"]}', remedy="Send JSON with a list of digests.", code="body"
        )
    if len(digests) > MOST_DIGESTS:
        raise CredentialError(
            f"there are {len(digests):,} digests, at most {MOST_DIGESTS:,} are looked up at once",
            remedy="Ask in several requests.",
            code="too-many",
        )
    return digests


# Answering


async def credential_told(
    request: Request, digest: bytes, method: str, issuer: int | None, path: PathWriter = listed_path
) -> tuple[Told, list[Found]]:
    """Every anchor of a digest with its status; raises NotHere where there is none, or something may be missing."""
    service = service_of(request)
    if service.finder is not None:
        as_of, found, missing, searched = await service.finder.find(client_of(request.scope), digest, issuer)
        if searched is not None:
            raise _unknown(digest, searched, as_of, issuer)
        unsearched = SearchedFor(as_of, found, missing).told(found)
    else:
        as_of, found, unsearched = await service.quickly(_found, service, digest, issuer)
        if not found:
            as_of, found = await service.in_thread(_sought, service, digest, as_of, issuer)
    as_of.require_statuses(each.status for each in found)
    written = digest.hex()
    return Told({"digest": written, **anchors_of(found, written, method, path), **unsearched}, as_of), found


def _found(service: Service, digest: bytes, issuer: int | None) -> tuple[AsOf, list[Found], dict[str, Any]]:
    """What is found, and in how many other batches it was not looked for."""
    search = service.searching(lambda: service.lookup.find(digest, issuer=issuer), _issuers)
    return search.as_of, search.found, search.told(search.found)


def _issuers(found: Iterable[Found]) -> set[int]:
    return {each.batch.issuer for each in found}


def _sought(service: Service, digest: bytes, as_of: AsOf, issuer: int | None) -> tuple[AsOf, list[Found]]:
    """Search again for what was not found, knowing what is searched; raises NotHere.

    In this order, since a tree that is loaded after the search and before its coverage is read would count as searched.
    """
    searched = service.searched(as_of, issuer)
    later, found = service.lookup.find(digest, issuer=issuer)
    if not found:
        raise _unknown(digest, searched, as_of, issuer)
    return later, found


def _sought_receipt(service: Service, digest: bytes, as_of: AsOf, issuer: int, root: bytes) -> Found:
    """The same for one receipt."""
    searched = service.searched(as_of, issuer)
    _, found = service.lookup.find(digest, issuer=issuer)
    for each in found:
        if each.batch.root == root:
            return each
    raise _unknown(digest, searched, as_of, issuer)


def _unknown(digest: bytes, searched: Searched, as_of: AsOf, issuer: int | None) -> NotHere:
    """Nothing was found: said with what was searched, and not called absent where something could not be.

    Raises:
        NotHere: the index may lack it.
    """
    as_of.require_current()
    whose = "" if issuer is None else f" of issuer {issuer}"
    what = f"no batch{whose} that is indexed here has this digest"
    if searched.without_tree:
        what = f"it was not found; {searched.without_tree:,} of {searched.batches:,} batches could not be searched"
    remedy = (
        "Ask the issuer; for a proof that it was never anchored, ask for /absence?issuer=."
        if not searched.without_tree
        else "Their trees are not in this store: ask their issuers."
    )
    return NotHere(
        what,
        where=digest.hex(),
        remedy=remedy,
        code="unknown-digest",
        details={"searched": searched.content(), **as_of.member},
    )


def _matches(request: Request, service: Service, prefix: str) -> Response:
    as_of = service.horizon.current()
    searched = service.searched(as_of)
    matches: dict[bytes, list[Found]] = {}
    places = service.index.places_with_prefix(prefix, limit=MOST_MATCHES + 1)
    for which, first in places:
        for digest, found in _from(service, which, first, prefix):
            if found:
                matches.setdefault(digest, []).extend(found)
            if len(matches) > MOST_MATCHES:
                break
    if len(matches) > MOST_MATCHES or len(places) > MOST_MATCHES:
        raise CredentialError(
            f"more than {MOST_MATCHES:,} digests begin so",
            where=prefix,
            remedy="Give more digits, up to 8; or POST /v1/lookup, which says which digests you mean.",
            code="too-many",
        )
    content = {
        "prefix": prefix,
        "matches": [
            {"suffix": digest.hex()[len(prefix) :], "anchors": [_short(each) for each in together(found)]}
            for digest, found in sorted(matches.items())
        ],
        "searched": searched.content(),
    }
    return answer(request, content, as_of)


def _from(service: Service, which: TreeId, first: int, prefix: str) -> Iterator[tuple[bytes, list[Found]]]:
    """The leaves of a tree from one on, as long as their first eight bytes stay the same."""
    group = None
    for leaf_index in range(first, which.leaf_count):
        digest, found = service.lookup.at(which, leaf_index)
        if group is None:
            group = digest[:8]
        if digest[:8] != group or not digest.hex().startswith(prefix):
            return
        yield digest, found


def _short(found: Found) -> dict[str, Any]:
    return {
        "issuer": found.batch.issuer,
        "root": f"0x{found.batch.root.hex()}",
        "leafIndex": found.proof.leaf_index,
        "final": found.final,
        "status": found.status,
    }


def _absence(request: Request, service: Service, digest: bytes, issuer: int) -> Response:
    as_of = service.horizon.now()
    party = service.party(issuer, as_of)
    _refuse_many(digest, issuer, party.sequence, MOST_BATCHES)
    indexed = list(service.index.all_batches(issuer))
    checks = _checks(service, indexed)
    proofs = _proofs(service, digest, indexed, checks)
    cursor = as_of.head.cursor
    verdict = verify_absence(digest, issuer, proofs, indexed, checks=checks, sequence=party.sequence, as_of=cursor)
    if verdict.outcome is Absence.ABSENT:
        as_of.require_current()
    told = verdict.to_dict()
    told.pop("asOf")
    return answer(request, told | {"proofs": [proof_content(root, proof) for root, proof in proofs.items()]}, as_of)


def _absence_file(request: Request, service: Service, digest: bytes, issuer: int) -> Response:
    """A file that proves itself, as of the newest final block or else the one that the index is at."""
    as_of = service.horizon.complete()
    party = service.party(issuer, as_of)
    _refuse_many(digest, issuer, party.sequence, MOST_IN_FILE)
    if (evidence := batch_evidence_of(request)) is None:
        raise no_evidence(None)
    cursor, final = as_of.head.cursor, as_of.head.final
    places = [Place(cursor.number, cursor.hash)]
    if final is not None and final < cursor.number:
        places.insert(0, Place(final, as_of.head.final_hash))
    indexed = list(service.index.all_batches(issuer))
    gathered = evidence.of(issuer, indexed, places)
    proofs = _proofs(service, digest, gathered.batches, _checks(service, gathered.batches))
    file = AbsenceFile(
        (digest,),
        service.index.chain,
        service.index.contract.lower(),
        issuer,
        gathered.evidence,
        tuple(BatchProofs(batch.root, (proofs.get(batch.root),)) for batch in gathered.batches),
    )
    return fixed(request, file.to_bytes(), JSON, kept=REVALIDATE, headers={})


def _refuse_many(digest: bytes, issuer: int, batches: int, most: int) -> None:
    if batches > most:
        raise CredentialError(
            f"issuer {issuer} has {batches:,} batches; proofs for at most {most:,} go into one answer",
            where=digest.hex(),
            remedy="Run `testamur absent` where the trees are.",
            code="too-many",
        )


def _proofs(
    service: Service, digest: bytes, batches: Iterable[Batch], checks: Mapping[bytes, TreeCheck]
) -> dict[bytes, Proof]:
    """The proofs for a digest, by root; none for a batch that states no count, or whose tree is not here."""
    found: dict[bytes, Proof] = {}
    for batch in batches:
        # A tree that is not sorted is not searched: what is not found there may be in it all the same.
        is_searched = batch.leaf_count and checks.get(batch.root) is not TreeCheck.UNSORTED
        proof = _proof(service, TreeId(batch.root, batch.leaf_count), digest) if is_searched else None
        if proof is not None:
            found[batch.root] = proof
    return found


def _checks(service: Service, batches: Sequence[Batch]) -> dict[bytes, TreeCheck]:
    """What the loader found when it read each tree as a whole; which leaves a tree has, its root and count decide."""
    states = {TreeState.LOADED: TreeCheck.SORTED, TreeState.UNSORTED: TreeCheck.UNSORTED}
    known = service.index.trees(TreeId(batch.root, batch.leaf_count) for batch in batches)
    return {which.root: states[TreeState(tree.state)] for which, tree in known.items() if tree.state in states}


def _proof(service: Service, which: TreeId, digest: bytes) -> Proof | None:
    try:
        absent = service.trees.absence(which, digest)
        return absent if absent is not None else service.trees.inclusion(which, digest)
    except StoreError as error:
        if error.code == MISSING:
            return None
        raise
