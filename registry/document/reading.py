"""What a document says, read once, so that no two checks can disagree about it.

A credential may come as it is, under any name, in a presentation or envelope, as a token, or baked into a picture or
PDF. It is looked for in all of these, bounded in bytes, depth and number, and without asking anybody.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from registry.credential.digest import (
    DEFAULT_LIMITS,
    JSON_SUFFIXES,
    SD_JWT_SUFFIXES,
    Digest,
    DigestMethod,
    Limits,
    digest_document,
    digest_file,
    digest_given,
    digest_rdfc,
    digest_sd_jwt,
    is_credential,
    read_json,
)
from registry.credential.lenientjson import begins_as_json, decode_text, read_leniently
from registry.document.carriers import (
    Allowance,
    Carried,
    begins_as_xml,
    carried_by_png,
    carried_by_xml,
    is_png,
    packed_kind,
)
from registry.document.foreign import Foreign, foreign_of, is_merkle_proof
from registry.document.pdf_attachments import carried_by_pdf, is_pdf
from registry.document.signatures import (
    NOTHING_SIGNED,
    TOKEN_KIND,
    DidDocuments,
    Signatures,
    Signed,
    check_signatures,
)
from registry.document.tokens import Token, disclose, json_token, read_token
from registry.errors import CredentialError
from registry.formats.openattestation import fields_shown
from registry.proofs.signatures.suites import PROOF_TYPE
from registry.receipt.model import EMBEDDED_TYPE, EmbeddedReceipt, embedded
from registry.untrusted.text import terminal_text

MOST_PARTS: Final = 64
"""Most credentials, with what they are wrapped in, that are read from one document."""
MOST_RDF_DOCUMENTS: Final = 2
"""How many documents of the largest size the RDF of all the credentials in one may come to."""
MOST_CARRIERS_DEEP: Final = 8
MOST_CARRIER_BYTES: Final = 64 << 20
"""Longest picture or PDF in which a credential is looked for."""

# Proofs of which the holder shows a part that the issuer did not sign as such.
_SELECTIVE_SUITES = frozenset({"ecdsa-sd-2023", "bbs-2023"})
_SELECTIVE_TYPES = frozenset({"BbsBlsSignatureProof2020"})
_ENVELOPED = frozenset({"EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation"})
_OF_JSON = frozenset({DigestMethod.VC_JCS, DigestMethod.JSON_JCS})
_LONGEST_WORD = 60
_LONGEST_DIGEST = 100


@dataclass(frozen=True, slots=True)
class Part:
    """The members of one credential, or of what it is wrapped in.

    Attributes:
        where: it was found; "" for the document itself.
        members: as in JSON.
        digests: every one by which it may have been anchored by itself; of the document itself see `Reading.own`.
        is_token: whether they are the claims of a token, which has dates and a status of its own.
        token: the token whose claims they are, as far as its issuer signed it; empty where it is signed in a form that
            is not checked, and None where nobody signed it.
    """

    where: str
    members: Mapping[str, Any]
    digests: tuple[Digest, ...] = ()
    is_token: bool = False
    token: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something in a document that may state dates, and could not be read.

    Attributes:
        where: it is; "" for the document itself.
        why: in words.
        is_statement: whether it certainly states something, as JSON without a single reading does; otherwise it is a
            carrier, which may be empty.
    """

    where: str
    why: str
    is_statement: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one reading of a document found; `read_document` makes it, and every check works from it alone.

    What it guarantees:

    - `own` are the digests of the whole file by every method that it has one by: `file` first, and for JSON with a
      single reading `vc-jcs` or `json-jcs`, for a token `sd-jwt`, whatever the file's name is; for one that signs a
      verifiable credential and nothing else `vc-jcs` too, which leaves out whatever signs it.
    - `parts` are the members of everything in it that could be read, the document itself first where it is a JSON
      object. What readers may take differently is in `parts` with everything that it may mean, and in `unread` too.
    - `receipts` are those in the `proof` of any part, in their order, each as a `Receipt` or as the error of that one:
      a bad one hides no other, and none is left out without an error that says so.
    - What is not in `parts` was not there, or is in `unread`: without an `unread`, "it has none" may be said.

    Attributes:
        name: of the file, as the caller calls it.
        digest: by the method that the name says; None where there is none.
        refusal: why it has no digest as JSON; None where it has one, or does not look like JSON at all.
        alike: digests of the same content written otherwise: in another encoding, with a line's end more or less.
        carriers: what the parts came in, in words, each once.
        signatures: kinds of signatures in it that are not receipts, each once.
        signed: which of these hold, do not hold, and were not checked.
        foreign: what it says of an anchor otherwise than here, where it is a document of others that is known.
        is_selection: whether its holder may show more or less of what was signed: SD-JWT, derived proofs.
        is_at_hand: whether there was a document; otherwise only its digest is known.
        revisions: how many times a PDF in it was saved, by what that says itself; of several the most.
    """

    name: str
    digest: Digest | None
    refusal: CredentialError | None = None
    own: tuple[Digest, ...] = ()
    alike: tuple[Digest, ...] = ()
    parts: tuple[Part, ...] = ()
    receipts: tuple[EmbeddedReceipt, ...] = ()
    carriers: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    signatures: tuple[str, ...] = ()
    signed: Signatures = NOTHING_SIGNED
    foreign: Foreign | None = None
    is_selection: bool = False
    is_at_hand: bool = True
    revisions: int = 1

    @property
    def members(self) -> Mapping[str, Any] | None:
        """The members of the document itself, when it is a JSON object."""
        return self.parts[0].members if self.parts and not self.parts[0].where else None

    @property
    def digests(self) -> tuple[Digest, ...]:
        """Every digest under which it, or what it holds, may have been anchored; each value once, its own first."""
        found: dict[bytes, Digest] = {}
        elsewhere = None if self.foreign is None else self.foreign.digest
        for digest in (self.digest, *reversed(self.own), *self._inner(), *self.alike, elsewhere):
            if digest is not None:
                found.setdefault(digest.value, digest)
        return tuple(found.values())

    def signed_by(self, documents: DidDocuments) -> Reading:
        """The same, with its signatures checked by keys that DID documents list, too; nothing else is read again."""
        if not self.signed.found:
            return self
        return replace(self, signed=check_signatures(_signed(self.parts), self.signatures, documents))

    def inside(self, value: bytes) -> Part | None:
        """The part inside it that has this digest by itself."""
        return next((part for part in self.parts if any(digest.value == value for digest in part.digests)), None)

    def _inner(self) -> Iterator[Digest]:
        for part in self.parts:
            yield from part.digests


def read_document(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Reading:
    """Read a document once, whatever it is; nothing in it makes this raise.

    Args:
        data: all of the file.
        name: of the file. Its ending says by which method `Reading.digest` is, and nothing else.
        limits: for each JSON text in it.
    """
    reader = _Reader(limits)
    is_json = name.lower().endswith(JSON_SUFFIXES)
    content = reader.content(data, "", 0, is_json=is_json)
    foreign = reader.foreign
    if foreign is not None and any(each.is_statement for each in reader.unread):
        # What may be taken in two ways has no hash that says which of them was anchored.
        foreign = replace(foreign, computed=None, uncomputed=reader.unread[0].why)
    by_json = next((digest for digest in content.own if digest.method in _OF_JSON and content.refusal is None), None)
    by_token = next((digest for digest in content.own if digest.method is DigestMethod.SD_JWT), content.own[-1])
    by_name = by_json if is_json else by_token if name.lower().endswith(SD_JWT_SUFFIXES) else content.own[0]
    return Reading(
        name,
        by_name,
        content.refusal,
        content.own,
        content.alike,
        tuple(reader.parts),
        tuple(reader.receipts),
        tuple(dict.fromkeys(reader.carriers)),
        tuple(reader.unread),
        tuple(dict.fromkeys(reader.signatures)),
        reader.signed(),
        foreign,
        reader.is_selection,
        revisions=reader.revisions,
    )


def with_rdf(reading: Reading) -> Reading:
    """The reading with the digest `vc-rdfc` of the document and of what it holds, where they have one.

    It is not made with the others, since it costs more than all of them: it is for whoever has a receipt for it.
    """
    # Loaded where it is asked for, as by `digest_rdfc`.
    from registry.rdf.jsonld import MOST_WORK, work_of

    left = MOST_RDF_DOCUMENTS * MOST_WORK
    parts: list[Part] = []
    unread: list[Unread] = []
    for part in reading.parts:
        found: tuple[Digest, ...] = ()
        if not part.is_token and is_credential(part.members):
            left -= work_of(part.members)
            found = _rdf_digests(part) if left >= 0 else ()
            if left < 0:
                unread.append(Unread(part.where, "there is too much in the document to make all its RDF", False))
        parts.append(replace(part, digests=(*part.digests, *found)))
    own = reading.own
    if reading.members is not None and not any(each.is_statement for each in reading.unread):
        own = (*own, *(each for each in parts[0].digests if each.method is DigestMethod.VC_RDFC))
        # Signed first and anchored then, a document of Blockcerts is hashed with those of its proofs that were there.
        if reading.foreign is not None and not reading.foreign.where and (digest := reading.foreign.digest) is not None:
            own = (*own, digest)
    return replace(reading, own=own, parts=tuple(parts), unread=(*reading.unread, *unread))


def _rdf_digests(part: Part) -> tuple[Digest, ...]:
    try:
        return (digest_rdfc(part.members),)
    except CredentialError:
        return ()


def unread_document(digest: Digest, head: bytes, name: str, most: int) -> Reading:
    """The reading of a file of which only the digest was made, since it is longer than `most` bytes.

    Args:
        digest: of the file.
        head: what it begins with.
    """
    is_json = name.lower().endswith(JSON_SUFFIXES)
    why = f"it is longer than {most:,} bytes, the most that are read"
    refusal = CredentialError(
        f"The document is longer than {most:,} bytes, the most that are read.",
        remedy="Move images and attachments out of the document.",
        code="too-large",
    )
    begins = begins_as_json(head)
    return Reading(
        name,
        None if is_json else digest,
        refusal if is_json or begins else None,
        own=(digest,),
        unread=(Unread("", why, is_json or begins),),
    )


def digest_only(digest: Digest, name: str, members: Mapping[str, Any] | None = None) -> Reading:
    """The reading of a credential that was digested before, with its members when they are known."""
    parts = () if members is None else (Part("", members),)
    return Reading(name, digest, own=(digest,), parts=parts, is_at_hand=members is not None)


@dataclass(frozen=True, slots=True)
class _Content:
    """The digests of a file or of something inside one, by itself; `file` first."""

    own: tuple[Digest, ...]
    alike: tuple[Digest, ...] = ()
    refusal: CredentialError | None = None


class _Reader:
    """Gathers what is found in one document."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._allowance = Allowance()
        self.parts: list[Part] = []
        self.receipts: list[EmbeddedReceipt] = []
        self.carriers: list[str] = []
        self.unread: list[Unread] = []
        self.signatures: list[str] = []
        self.withheld = 0
        self.foreign: Foreign | None = None
        self.is_selection = False
        self.revisions = 1

    def content(self, data: bytes, where: str, depth: int, *, is_json: bool = False) -> _Content:
        """Read bytes, whatever they are.

        Args:
            where: they were found; "" for the document itself.
            is_json: whether something says that it is JSON.
        """
        file = digest_file(data)
        if depth > MOST_CARRIERS_DEEP:
            self._miss(where, f"it is more than {MOST_CARRIERS_DEEP} carriers deep", is_statement=True)
            return _Content((file,))
        refusal = None
        if (begins := begins_as_json(data)) or is_json:
            try:
                digest, members = read_json(data, self._limits)
            except CredentialError as error:
                refusal = error
            else:
                own = (file, digest)
                self._members(members, where, depth, own if where else ())
                return _Content(own)
        if refusal is not None and begins:
            return _Content((file,), self._doubtful(data, refusal, where, depth), refusal)
        if (token := read_token(data)) is not None:
            signed = (file, *_as_issued(data))
            payload = self._token(token, where, depth, signed if where else ())
            whole = (each for each in payload if each.method is DigestMethod.VC_JCS)
            return _Content((*signed, *whole), _trimmed(data), refusal)
        if (carried := self._carried(data, where)) is not None:
            self._take_out(carried, where, depth)
            return _Content((file,), (), refusal)
        if (given := digest_held(data)) is not None:
            self._miss(where, "it is a digest and not a document", is_statement=False)
            return _Content((file, given), (), refusal)
        if refusal is not None:
            self._miss(where, refusal.what, is_statement=False)
        return _Content((file,), (), refusal)

    def _carried(self, data: bytes, where: str) -> Carried | None:
        """What a picture or PDF carries; None where it is none, or carries nothing and is whole, or is not read."""
        if (kind := packed_kind(data)) is not None:
            self._miss(where, f"it is {kind}, which is not read here", is_statement=False)
            return None
        is_picture, is_document = is_png(data), is_pdf(data)
        if not (is_picture or is_document or begins_as_xml(data)):
            return None
        if len(data) > MOST_CARRIER_BYTES:
            self._miss(where, f"it is longer than {MOST_CARRIER_BYTES:,} bytes", is_statement=False)
            return None
        if is_picture:
            return carried_by_png(data, self._limits.max_bytes, self._allowance)
        return carried_by_pdf(data, self._limits.max_bytes, self._allowance) if is_document else carried_by_xml(data)

    def _take_out(self, carried: Carried, where: str, depth: int) -> None:
        if carried.signature is not None:
            self.signatures.append(carried.signature)
        self.revisions = max(self.revisions, carried.revisions)
        for place, why in carried.missed:
            self._miss(_place(where, place) if place else where, why, is_statement=False)
        if carried.contents or carried.missed:
            self.carriers.append(carried.kind)
        for place, content in carried.contents:
            inner = _place(where, place)
            found = len(self.parts) + len(self.unread)
            self.content(content, inner, depth + 1)
            if carried.kind.startswith("a baked") and found == len(self.parts) + len(self.unread):
                self._miss(inner, "it is named there and not held", is_statement=False)

    def _doubtful(self, data: bytes, refusal: CredentialError, where: str, depth: int) -> tuple[Digest, ...]:
        """Find what a text states that has no digest as JSON; its digests if it were written as JSON should be."""
        if len(data) > self._limits.max_bytes:
            self._miss(where, refusal.what, is_statement=True)
            return ()
        text = decode_text(data)
        result = read_leniently(text.text, self._limits)
        if isinstance(result, str):
            if not self._lines(text.text, where, depth):
                self._miss(where, result, is_statement=True)
            return ()
        doubt = text.doubt or result.doubt
        if doubt is not None:
            self._miss(where, doubt, is_statement=True)
        if isinstance(result.value, dict):
            self._members(result.value, where, depth, _digests_of(result.value) if where else ())
        else:
            self._value(result.value, where, depth)
        return () if doubt is not None else _digests_of(result.value)

    def _lines(self, text: str, where: str, depth: int) -> bool:
        """Whether the text is JSON documents, one a line, and then what they say."""
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or isinstance(read_leniently(lines[0], self._limits), str):
            return False
        self.carriers.append("lines of JSON")
        for number, line in enumerate(lines[: MOST_PARTS + 1], start=1):
            self.content(line.encode("utf-8", "replace"), _place(where, f"document {number}"), depth + 1, is_json=True)
        return True

    def _value(self, value: Any, where: str, depth: int) -> None:
        """Read what stands where a credential may stand: an object, a token, or a list of these."""
        if depth > MOST_CARRIERS_DEEP:
            self._miss(where, f"it is more than {MOST_CARRIERS_DEEP} carriers deep", is_statement=True)
        elif isinstance(value, dict):
            self._members(value, where, depth, _digests_of(value))
        elif isinstance(value, list):
            for at, item in enumerate(value):
                if at >= MOST_PARTS or len(self.parts) >= MOST_PARTS:
                    self._too_many(where)
                    return
                self._value(item, f"{where}[{at}]", depth + 1)
        elif isinstance(value, str) and value:
            self._text(value, where, depth)

    def _text(self, text: str, where: str, depth: int) -> None:
        data = text.encode("utf-8", "replace")
        if text[:5].lower() == "data:":
            self._data_url(text, where, depth)
        elif (token := read_token(data)) is not None:
            self._token(token, where, depth, (digest_file(data),))
        elif begins_as_json(data):
            self.content(data, where, depth + 1)
        else:
            self._miss(where, "it is named there and not held", is_statement=False)

    def _data_url(self, url: str, where: str, depth: int) -> None:
        head, comma, body = url.partition(",")
        data: bytes | None = unquote_to_bytes(body) if comma else None
        if data is not None and head.lower().endswith(";base64"):
            try:
                data = b64decode(data, validate=True)
            except (binascii.Error, ValueError):
                data = None
        before = len(self.parts) + len(self.unread)
        if data is not None:
            self.content(data, where, depth + 1)
        if before == len(self.parts) + len(self.unread):
            self._miss(where, f"its kind is not read here: {head[5:_LONGEST_WORD]!r}", is_statement=False)

    def _token(self, token: Token, where: str, depth: int, digests: tuple[Digest, ...]) -> tuple[Digest, ...]:
        """Read what a token signs; the digests of that as a document of its own."""
        self.carriers.append("an SD-JWT" if token.is_selective else "a token (JWS)")
        if token.is_signed:
            self.signatures.append(TOKEN_KIND)
        if token.payload is None:
            self.is_selection |= token.is_selective
            self._miss(where, "what it signs is encrypted or elsewhere", is_statement=False)
            return ()
        place = _place(where, "the token's payload")
        text = decode_text(token.payload)
        result = read_leniently(text.text, self._limits)
        if isinstance(result, str) or not isinstance(result.value, dict):
            self._miss(place, result if isinstance(result, str) else "it is not an object", is_statement=True)
            return ()
        claims, doubt = result.value, text.doubt or result.doubt
        disclosed = disclose(claims, token.disclosures)
        # One that shows nothing of what it hides does not look like an SD-JWT from outside.
        is_selective = token.is_selective or (disclosed is not None and disclosed.hidden > 0)
        self.is_selection |= is_selective
        if is_selective:
            if disclosed is None or disclosed.hidden:
                why = "disclosures nest too deep" if disclosed is None else f"{disclosed.hidden} claims are not shown"
                # What a holder does not show was signed all the same.
                self.withheld += disclosed is not None and len(self.unread) < MOST_PARTS
                self._miss(place, why, is_statement=False)
            if disclosed is not None:
                claims, doubt = disclosed.claims, doubt or disclosed.doubt
        if doubt is not None:
            self._miss(place, doubt, is_statement=True)
        payload = _digests_of(claims) if doubt is None and not is_selective else ()
        signed = token.signed if token.is_signed else None
        self._members(claims, place, depth, digests + payload, is_token=True, token=signed)
        return payload

    def _members(
        self,
        members: Mapping[str, Any],
        where: str,
        depth: int,
        digests: tuple[Digest, ...],
        *,
        is_token: bool = False,
        token: bytes | None = None,
    ) -> None:
        if len(self.parts) >= MOST_PARTS:
            self._too_many(where)
            return
        is_token = is_token or _are_claims(members)
        self.parts.append(Part(where, members, digests, is_token, token))
        self.receipts += embedded(members, f"{where}, " if where else "")
        if self.foreign is None:
            self.foreign = foreign_of(members, where)
        if (shown := fields_shown(members)) is not None and len(self.parts) < MOST_PARTS:
            self.parts.append(Part(_place(where, "data"), shown))
        self._signatures_of(members)
        if (inner := json_token(members)) is not None:
            self._token(inner, where, depth + 1, ())
        kinds = _kinds(members)
        if _ENVELOPED & kinds:
            self.carriers.append("an envelope")
            identifier = members.get("id", members.get("@id"))
            if isinstance(identifier, str):
                self._text(identifier, _place(where, "id"), depth + 1)
            else:
                self._miss(where, "the envelope is empty", is_statement=False)
        for name, value in _wrapped(members, is_token=is_token):
            self.carriers.append("a presentation" if name == "verifiableCredential" else f"a member {name!r}")
            self._value(value, _place(where, name), depth + 1)
        for name, value in _of_subjects(members):
            self.carriers.append("a record of credentials")
            self._value(value, _place(where, name), depth + 1)

    def _signatures_of(self, members: Mapping[str, Any]) -> None:
        proof = members.get("proof")
        for entry in proof if isinstance(proof, list) else (proof,):
            if not isinstance(entry, dict):
                if entry is not None:
                    self.signatures.append("another form of proof")
                continue
            kind = entry.get("type")
            if kind == EMBEDDED_TYPE or is_merkle_proof(entry):
                continue
            self.signatures.append(_word(kind) if isinstance(kind, str) else "another form of proof")
            suite = entry.get("cryptosuite")
            self.is_selection |= (isinstance(suite, str) and suite in _SELECTIVE_SUITES) or (
                isinstance(kind, str) and kind in _SELECTIVE_TYPES
            )
        signature = members.get("signature")  # of Blockcerts 1; that of later ones is a Merkle proof
        if isinstance(signature, dict) and self.foreign is None:
            kind = _word(" ".join(sorted(_kinds(signature))))
            # Under the name of a proof that is checked it would pass for one that was.
            self.signatures.append(kind if kind not in ("", PROOF_TYPE) else "another form of proof")

    def signed(self) -> Signatures:
        """What became of the signatures; what has no single reading is nothing that anybody signed."""
        if len(self.unread) > self.withheld:
            return Signatures(kinds=tuple(dict.fromkeys(self.signatures)))
        return check_signatures(_signed(self.parts), self.signatures)

    def _too_many(self, where: str) -> None:
        if not any(missed.why.startswith("there are more") for missed in self.unread):
            self._miss(where, f"there are more than {MOST_PARTS} credentials in it", is_statement=True)

    def _miss(self, where: str, why: str, *, is_statement: bool) -> None:
        if len(self.unread) < MOST_PARTS or is_statement:
            self.unread.append(Unread(where, why, is_statement))


def _signed(parts: tuple[Part, ...] | list[Part]) -> Iterator[Signed]:
    return (
        Signed(part.members, part.token, part.where, part.is_token or is_credential(part.members)) for part in parts
    )


_CLAIMED: Final = ("vc", "vp", "cnf")
# Members that hold a credential: of presentations, of tokens (VC 1.1), and of what wallets and services save.
_HOLDERS: Final = ("verifiableCredential", "vc", "vp", "credential", "credentials", "document", "assertion")


def _wrapped(members: Mapping[str, Any], *, is_token: bool) -> Iterator[tuple[str, Any]]:
    for name in _HOLDERS:
        value = members.get(name)
        if value is None or value == []:
            continue
        if name == "verifiableCredential" or (is_token and name in ("vc", "vp")) or _may_be_credential(value):
            yield name, value


def _of_subjects(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The credentials in a subject, as in a Comprehensive Learner Record 2.0, and where they are."""
    subjects = members.get("credentialSubject")
    for at, subject in enumerate(subjects if isinstance(subjects, list) else (subjects,)):
        if isinstance(subject, dict) and subject.get("verifiableCredential") not in (None, []):
            place = f"credentialSubject[{at}]" if isinstance(subjects, list) else "credentialSubject"
            yield f"{place}.verifiableCredential", subject["verifiableCredential"]


def _are_claims(members: Mapping[str, Any]) -> bool:
    """Whether an object is the claims of a token that somebody decoded (RFC 7519): what they say of dates counts."""
    dated = "iss" in members and bool(members.keys() & {"exp", "nbf", "iat"})
    return dated or bool(members.keys() & {"vct", "_sd_alg"}) or any(isinstance(members.get(n), dict) for n in _CLAIMED)


def _may_be_credential(value: Any) -> bool:
    """Whether what stands in a member of a common name is a credential, a token, or a list of these."""
    if isinstance(value, list):
        return any(not isinstance(item, list) and _may_be_credential(item) for item in value)
    if isinstance(value, str):
        data = value.encode("utf-8", "replace")
        return value[:5].lower() == "data:" or read_token(data) is not None or begins_as_json(data)
    # Blockcerts 1 has its dates in `assertion`, which is in `document`.
    return isinstance(value, dict) and bool(
        _kinds(value) or value.keys() & {"credentialSubject", "issuedOn", "expires", "assertion", "credential"}
    )


def _kinds(members: Mapping[str, Any]) -> frozenset[str]:
    kind = members.get("type", members.get("@type"))
    return frozenset(item for item in (kind if isinstance(kind, list) else (kind,)) if isinstance(item, str))


def _digests_of(value: Any) -> tuple[Digest, ...]:
    """The digest of an object by its JSON method, where it has one."""
    try:
        return (digest_document(value),) if isinstance(value, dict) else ()
    except CredentialError:
        return ()


def digest_held(data: bytes) -> Digest | None:
    """The digest of an issuer's own system that a file holds in place of a credential."""
    try:
        return digest_given(data.decode("latin-1").strip()) if len(data) <= _LONGEST_DIGEST else None
    except CredentialError:
        return None


def _as_issued(data: bytes) -> tuple[Digest, ...]:
    """The digest of the part of a token that its holder cannot change, where it is written as it was issued."""
    try:
        return (digest_sd_jwt(data),)
    except CredentialError:
        return ()


def _trimmed(data: bytes) -> tuple[Digest, ...]:
    """Digests of a text as other programs may have saved it: without a line's end, or with one."""
    text = data.strip()
    return tuple(digest_file(each) for each in (text, text + b"\n", text + b"\r\n") if each != data)


def _word(text: str) -> str:
    """A word of the document's own, for a sentence."""
    return terminal_text(text, _LONGEST_WORD)


def _place(where: str, step: str) -> str:
    return f"{where}, {step}" if where else step
