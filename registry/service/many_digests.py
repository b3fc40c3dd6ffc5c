"""Results for many digests, written and sent a piece at a time: neither memory nor others feel how many they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from registry.errors import CredentialError, RegistryError, StoreError
from registry.http.limits import client_of
from registry.http.problems import NotHere, note
from registry.merkle.proof import InclusionProof
from registry.merkle.treefile import TreeId
from registry.service.caching import JSON, REVALIDATE
from registry.service.coverage import Searched
from registry.service.lookup import Found, Gathered, anchors_of, path_json, written_path
from registry.service.parameters import digest_of
from registry.service.service import SearchedFor, Service

DIGESTS_A_PIECE: Final = 200
"""So many take about ten milliseconds, and their results about as much memory as a socket takes at once."""

_NEVER_IN_JSON: Final = b"\0"
_ROOM: Final = orjson.Fragment(_NEVER_IN_JSON)


async def answer_to_many(request: Request, service: Service, texts: Sequence[str], method: str) -> Response:
    """A result for each text, in their order; what is wrong before the first of them is answered as a problem.

    What comes after that can only break the answer off: its JSON does not end then, and neither does its encoding.

    Args:
        texts: 64 hexadecimal digits each, or what has its reason in the place of a result.
        method: how the digests were made, for the receipts.
    """
    who = client_of(request.scope)
    answer = await service.in_turn(who, _Answer, service, texts, method)
    pieces = answer.pieces()
    first = await service.in_turn(who, next, pieces)

    async def sent() -> AsyncIterator[bytes]:
        yield first
        while piece := await service.in_turn(who, next, pieces, b""):
            yield piece

    as_of = answer.as_of
    response = StreamingResponse(sent(), media_type=JSON, headers={"Cache-Control": REVALIDATE})
    response.raw_headers += as_of.headers
    return response


class _Answer:
    """The results of one request, of which all is known but what the trees say.

    Raises:
        StoreError: the index cannot be read.
    """

    def __init__(self, service: Service, texts: Sequence[str], method: str):
        self._lookup = service.lookup
        self._texts = texts
        self._method = method
        self._digests: dict[str, bytes] = {}
        self._refused: dict[str, CredentialError] = {}
        for text in texts:
            try:
                self._digests[text] = digest_of(text)
            except CredentialError as error:
                self._refused[text] = error
        self._blanks: dict[TreeId, _Blank | None] = {}
        self._searched: Searched = service.searched(service.horizon.now())
        self._search: SearchedFor[Gathered] = service.gathering(list(dict.fromkeys(self._digests.values())))
        self.as_of = self._search.as_of

    def pieces(self) -> Iterator[bytes]:
        """The JSON."""
        between = b'{"asOf":' + self.as_of.json + b',"results":['
        for start in range(0, len(self._texts), DIGESTS_A_PIECE):
            yield between + b",".join(map(self._written, self._texts[start : start + DIGESTS_A_PIECE]))
            between = b","
        end = b'],"searched":' + orjson.dumps(self._searched.content()) + b"}"
        yield end if self._texts else between + end

    def _written(self, text: str) -> bytes:
        """The anchors of one digest, or why they are not told."""
        if (refused := self._refused.get(text)) is not None:
            return orjson.dumps({"digest": text[:80], "error": _error(refused)})
        digest = self._digests[text]
        alike = self._lookup.place_alike(self._search.found, digest)
        if alike is not None:
            which, proof = alike
            if which not in self._blanks:
                self._blanks[which] = self._blank(digest)
            if (blank := self._blanks[which]) is not None:
                return blank.filled(digest, proof)
        return orjson.dumps(self._result(digest))

    def _result(self, digest: bytes) -> dict[str, Any]:
        written, found = digest.hex(), self._lookup.prove(self._search.found, digest)
        if isinstance(found, StoreError):
            return {"digest": written, "error": _error(found)}
        return {"digest": written, **self._told(found, written)}

    def _blank(self, digest: bytes) -> _Blank | None:
        """What the anchors of this digest have in common with those of all like it; None where they are not told."""
        result = self._result(digest)
        return None if "error" in result else _Blank(result)

    def _told(self, found: list[Found], digest: str) -> dict[str, Any]:
        try:
            self.as_of.require_statuses(each.status for each in found)
        except NotHere as doubt:
            return {"error": _error(doubt)}
        return anchors_of(found, digest, self._method, written_path) | self._search.told(found)


class _Blank:
    """The JSON of one result, with room for another digest, its places and its paths.

    Args:
        result: which it may change.
    """

    def __init__(self, result: dict[str, Any]):
        self._anchors = len(result["anchors"])
        result["digest"] = _ROOM
        for anchor in result["anchors"]:
            anchor["receipt"]["digest"]["value"] = _ROOM
            anchor["receipt"]["inclusion"] |= {"leafIndex": _ROOM, "path": _ROOM}
        self._format = orjson.dumps(result).replace(b"%", b"%%").replace(_NEVER_IN_JSON, b"%b")

    def filled(self, digest: bytes, proof: InclusionProof) -> bytes:
        """The result for a digest of the same tree."""
        written = b'"%b"' % digest.hex().encode()
        anchor = (written, b"%d" % proof.leaf_index, path_json(proof.path))
        return self._format % (written, *anchor * self._anchors)


def _error(error: RegistryError) -> dict[str, Any]:
    note(error)
    return {"code": error.code, "detail": error.public.what}
