"""The answer to "is this credential good?", and what the chain was asked to give it.

Plain values: `registry.verify.checks` makes verdicts from facts, `registry.chain` gathers the facts.
`docs/reference/verdict.md` lists every reason code and the JSON form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from registry.anchors import AnchorState
from registry.chain_names import ANCHOR_CHAIN, chain_name
from registry.credential.digest import Digest, DigestMethod
from registry.errors import TRY_AGAIN, EvidenceError, RegistryError
from registry.language.catalogue import english
from registry.language.said import Original, Said, Sentence, Sentences, as_sentences, listed, say
from registry.records import Batch, BlockRef, DigestStatus, Party
from registry.timestamps import TIMESTAMP_PATTERN, write_timestamp
from registry.untrusted.text import marked
from registry.verify.freshness import HeadAge
from registry.verify.levels import Levels, levels_schema
from registry.verify.schema_parts import closed_object

CHECK_NAMES: Final = ("integrity", "inclusion", "anchor", "issuer", "status", "dates", "signature")
"""The checks of every verdict, in their order."""

POLICY_CHECK_NAMES: Final = ("accreditation", "recognition", "register")
"""The checks that follow them: the first two when the policy names bodies, the last when it names registers."""


class Outcome(StrEnum):
    """What one check found; `unknown` is the answer that is missing, never a good one."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"


class Overall(StrEnum):
    """The verdict in words."""

    VALID = "valid"
    NOT_VALID = "not valid"
    VALID_WITH_WARNING = "valid with a warning"
    COULD_NOT_BE_CHECKED = "could not be checked"

    @property
    def exit_code(self) -> int:
        """For the command line: 0 valid, with or without a warning; 1 not valid; 2 could not be checked."""
        return {Overall.NOT_VALID: 1, Overall.COULD_NOT_BE_CHECKED: 2}.get(self, 0)


class Code(StrEnum):
    """The stable reasons given here; a check may also carry the code of the error that stopped it."""

    # integrity
    DIGEST_EQUAL = "digest-equal"
    DIGEST_GIVEN = "digest-given"
    DIGEST_DIFFERS = "digest-differs"
    DIGEST_INSIDE = "digest-inside"
    PRESENTATION_DIFFERS = "presentation-differs"
    METHOD_MISMATCH = "method-mismatch"
    NOT_RECOMPUTABLE = "not-recomputable"
    FOREIGN_INTACT = "foreign-intact"
    # inclusion
    INCLUDED = "included"
    ROOT_DIFFERS = "root-differs"
    COUNT_DIFFERS = "count-differs"
    COUNT_UNCONFIRMED = "count-unconfirmed"
    COUNT_UNSTATED = "count-unstated"
    FOREIGN_INCLUDED = "foreign-included"
    # anchor
    ANCHORED = "anchored"
    NOT_FINAL = "not-final"
    RECEIPT_OUTDATED = "receipt-outdated"
    RECEIPT_CONTRADICTS = "receipt-contradicts"
    NOT_ANCHORED = "not-anchored"
    PENDING = "pending"
    CHAIN_BEHIND = "chain-behind"
    PRACTICE_CHAIN = "practice-chain"
    CONTRACT_UNPROVED = "contract-unproved"
    ANCHOR_UNSEEN = "anchor-unseen"
    # issuer
    ISSUER_TRUSTED = "issuer-trusted"
    ISSUER_RETIRED = "issuer-retired"
    ISSUER_DIFFERS = "issuer-differs"
    ISSUER_NOT_TRUSTED = "issuer-not-trusted"
    ISSUER_UNKNOWN = "issuer-unknown"
    # status
    IN_FORCE = "in-force"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    VOIDED = "voided"
    STATUS_LIST_UNREAD = "status-list-unread"
    STATUS_LIST_ODD = "status-list-odd"
    LISTED_REVOKED = "listed-revoked"
    LISTED_SUSPENDED = "listed-suspended"
    NO_STATUS = "no-status"
    HEAD_LATE = "head-late"
    HEAD_STALE = "head-stale"
    HEAD_AHEAD = "head-ahead"
    STATUS_THEN = "status-then"
    STATUS_OLD = "status-old"
    # dates
    WITHIN_DATES = "within-dates"
    NO_DATES = "no-dates"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    DATE_UNCLEAR = "date-unclear"
    DATES_UNREAD = "dates-unread"
    # signature
    NO_SIGNATURE = "no-signature"
    SIGNATURE_UNREAD = "signature-unread"
    SIGNATURE_HOLDS = "signature-holds"
    SIGNATURE_BROKEN = "signature-broken"
    SIGNATURE_EXPIRED = "signature-expired"
    SIGNER_UNKNOWN = "signer-unknown"
    SIGNER_OTHER = "signer-other"
    SIGNER_ONE_WAY = "signer-one-way"
    SIGNER_NOT_AUTHORISED = "signer-not-authorised"
    KEY_ENDED = "key-ended"
    KEY_ENDED_SINCE = "key-ended-since"
    # issuer, accreditation and recognition, by the verifier's policy
    ISSUER_ACCREDITED = "issuer-accredited"
    ACCREDITED = "accredited"
    ACCREDITED_THEN = "accredited-then"
    ACCREDITED_SINCE = "accredited-since"
    SCOPE_UNSTATED = "scope-unstated"
    NO_ACCREDITATION_ON_RECORD = "no-accreditation-on-record"
    RECOGNISED = "recognised"
    RECOGNISED_THEN = "recognised-then"
    RECOGNISED_SINCE = "recognised-since"
    RECOGNITION_NOT_NEEDED = "recognition-not-needed"
    NO_RECOGNITION_ON_RECORD = "no-recognition-on-record"
    NO_ANCHOR_TIME = "no-anchor-time"
    # register, by the verifier's policy
    REGISTER_LISTED = "register-listed"
    REGISTER_CONDITIONAL = "register-conditional"
    REGISTER_LISTED_SINCE = "register-listed-since"
    REGISTER_LISTED_THEN = "register-listed-then"
    REGISTER_NEGATIVE = "register-negative"
    REGISTER_NO_RULING = "register-no-ruling"
    REGISTER_LAPSED = "register-lapsed"
    REGISTER_NOT_YET = "register-not-yet"
    REGISTER_OTHER_SCOPE = "register-other-scope"
    REGISTER_NOT_LISTED = "register-not-listed"
    REGISTER_AMBIGUOUS = "register-ambiguous"
    REGISTER_NOT_HERE = "register-not-here"
    REGISTER_OTHER = "register-other"
    REGISTER_NOT_ANCHORED = "register-not-anchored"
    REGISTER_VOIDED = "register-voided"
    REGISTERS_NOT_READ_HERE = "registers-not-read-here"
    # any check that could not be made
    NO_RECEIPT = "no-receipt"
    NO_DOCUMENT = "no-document"
    CHAIN_NOT_ASKED = "chain-not-asked"
    OTHER_CHAIN = "other-chain"
    OTHER_BATCH = "other-batch"
    FACTS_CONTRADICT = "facts-contradict"
    FOREIGN_ANCHOR = "foreign-anchor"
    FOREIGN_UNREAD = "foreign-unread"


class Ground(StrEnum):
    """Who says that a block is one of the chain, in words for JSON."""

    ENDPOINT = "endpoint"
    ENDPOINTS = "endpoints"
    CHECKPOINT = "checkpoint"
    SEALS = "seals"


@dataclass(frozen=True, slots=True)
class Basis:
    """What facts of a chain rest on.

    Attributes:
        ground: of one endpoint, nothing is proved, and its word is all there is. Of the others, the facts are proved
            against the hash of a block, and this is who named that.
        named_by: how many named it.
        among: how many might have.
        names: of those who did, where a verifier knows them by name.
    """

    ground: Ground
    named_by: int = 1
    among: int = 1
    names: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether the facts are proved against the hash of a block."""
        return self.ground is not Ground.ENDPOINT

    @property
    def is_of_then(self) -> bool:
        """Whether the facts were brought along, as of a block that may be an old one."""
        return self.ground in (Ground.CHECKPOINT, Ground.SEALS)

    def said(self, as_of: BlockRef) -> Said:
        """For people, in any language."""
        if not self.proved:
            return say("basis.endpoint")
        block, hash_ = as_of.number, f"0x{as_of.hash.hex()}"
        if self.ground is Ground.CHECKPOINT:
            whom = self._named("basis.oneWitness", "basis.witnesses")
            return say("basis.checkpoint", block=block, hash=hash_, whom=whom)
        if self.ground is Ground.SEALS:
            whom = self._named("basis.oneValidator", "basis.validators")
            return say("basis.seals", block=block, hash=hash_, whom=whom)
        if self.among == 1:
            return say("basis.oneEndpoint", block=block, hash=hash_)
        return say("basis.endpoints", block=block, hash=hash_, count=self.named_by, among=self.among)

    def words(self, as_of: BlockRef) -> str:
        """The same in English."""
        return english().text(self.said(as_of))

    def _named(self, one: str, many: str) -> Said:
        if not self.names:
            return say("basis.keeper")
        names = listed(map(marked, self.names))
        if self.among == 1:
            return say(one, names=names)
        return say(many, count=self.named_by, among=self.among, names=names)


GET_ANOTHER: Final = "Ask whoever gave it to you for another one."
BELIEVED: Final = Basis(Ground.ENDPOINT)
REPLACEMENT_UNKNOWN: Final = "replacement-unknown"
"""An anchor that is there may replace another one that was withdrawn; whether it does could not be read or proved."""


def rests_on(basis: Basis | None, as_of: BlockRef | None) -> dict[str, Any] | None:
    """A basis for JSON; None where the chain could not be read."""
    if basis is None or as_of is None:
        return None
    return {
        "proved": basis.proved,
        "ground": str(basis.ground),
        "namedBy": basis.named_by,
        "among": basis.among,
        "names": list(basis.names),
        "words": basis.words(as_of),
    }


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What the chain said about one (issuer, root, leaf index, digest), all of it as of one block.

    Attributes:
        chain: CAIP-2, such as `eip155:1`.
        contract: address in either case.
        as_of: the block at which everything was read.
        party: None when no party has that number.
        batch: None when that issuer did not anchor that root.
        final: whether the block of the anchor can no longer be undone.
        revoked, suspended, status_reason: the status of the leaf's place, and the issuer's word for why.
        by_digest: what the issuer said of the digest, wherever it is anchored; None where the contract is of the first
            edition, in which nobody can say such a thing.
        others: the same issuer's other anchors of the digest that are known, with what became of each.
        not_looked_at: how many batches of the issuer nobody looked into for the digest; None when that is not known.
        head_age: what the age of the newest block comes to; None when it was not judged.
        contract_proved: whether the contract's storage is known to be its code's doing: it is where its code alone
            puts it, or its deployment was seen.
        basis: what all of this rests on.
    """

    chain: str
    contract: str
    as_of: BlockRef
    party: Party | None
    batch: Batch | None
    final: bool = False
    revoked: bool = False
    suspended: bool = False
    status_reason: str | None = None
    by_digest: DigestStatus | None = None
    others: tuple[AnchorState, ...] = ()
    not_looked_at: int | None = None
    # It goes by the clock: two readings of one block differ in nothing else.
    head_age: HeadAge | None = field(default=None, compare=False)
    contract_proved: bool = True
    basis: Basis = BELIEVED


@dataclass(frozen=True, slots=True)
class FactsUnavailable:
    """Why the chain's facts are missing: a stable code, what happened, and what to do, as in `RegistryError`.

    Attributes:
        detail: what the endpoint or the disk said of it, and where; for the operator alone.
        said: what and remedy in any language; none where an error says them, in English.
    """

    code: str
    what: str
    remedy: str
    detail: str | None = None
    said: Sentences = ()

    @classmethod
    def saying(cls, code: str, what: Said, remedy: Said) -> FactsUnavailable:
        """For one of the reasons that are known in all languages."""
        return cls(code, english().text(what), english().text(remedy), said=(what, remedy))

    @property
    def sentences(self) -> Sentences:
        """What a check says of it."""
        return self.said or (Original(sentences(self.what, self.remedy), self.code),)

    @classmethod
    def of(cls, error: RegistryError) -> FactsUnavailable:
        """An error on the way to the facts, with what strangers may know apart from the rest."""
        told = error.public
        what = f"{told.what} ({told.where})" if told.where else told.what
        detail = f"{error}. {error.remedy or ''}".strip() if error.is_private else None
        # What a file proves does not change with time.
        remedy = GET_ANOTHER if isinstance(error, EvidenceError) else TRY_AGAIN
        return cls(told.code, what, told.remedy or remedy, detail)


@dataclass(frozen=True, slots=True)
class Trust:
    """The parties a verifier believes: their numbers, or their numbers with the names the verifier knows them by.

    Attributes:
        chain: CAIP-2 of the chain that the numbers are of: on another they are other parties. None for whichever chain
            is asked.
    """

    issuers: Mapping[int, str] | frozenset[int] = frozenset()
    chain: str | None = None

    def name_of(self, issuer: int) -> str | None:
        """The name the verifier knows the party by, if it said one."""
        return self.issuers.get(issuer) if isinstance(self.issuers, Mapping) else None


@dataclass(frozen=True, slots=True)
class DigestedDocument:
    """A credential of which the verifier holds only the digest, or that was digested before.

    Attributes:
        claims: the members of the document, or None when only the digest is at hand.
    """

    digest: Digest
    claims: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, what it found, a stable reason code, and sentences that say what to do.

    Attributes:
        said: the sentences, for any language.
        detail: what is not for strangers, such as the words of an endpoint; no part of the JSON form.
    """

    name: str
    outcome: Outcome
    code: str
    said: Sentences
    detail: str | None = None

    @property
    def text(self) -> str:
        """What is said, in English."""
        return english().text(self.said)

    @property
    def told(self) -> Sentences:
        """What is said to whoever may know the detail, which says the same with the place and the cause."""
        return self.said if self.detail is None else (Original(self.detail, self.code),)

    @classmethod
    def passed(cls, name: str, code: str, *said: Sentence) -> Check:
        """It holds."""
        return cls(name, Outcome.PASS, code, said)

    @classmethod
    def failed(cls, name: str, code: str, *said: Sentence) -> Check:
        """It does not hold."""
        return cls(name, Outcome.FAIL, code, said)

    @classmethod
    def warned(cls, name: str, code: str, *said: Sentence) -> Check:
        """It holds as far as it was looked at; a person should look at the rest."""
        return cls(name, Outcome.WARN, code, said)

    @classmethod
    def unknown(cls, name: str, code: str, *said: Sentence) -> Check:
        """It could not be checked."""
        return cls(name, Outcome.UNKNOWN, code, said)


@dataclass(frozen=True, slots=True)
class OtherReceipt:
    """A receipt of the credential that did not decide the verdict, and what it would have come to by itself.

    Attributes:
        chain, issuer, root: None of one that cannot be read.
        codes: of the checks that would have decided it, each once; none of one that is valid.
        said: what they say.
    """

    chain: str | None
    issuer: int | None
    root: bytes | None
    overall: Overall
    codes: tuple[str, ...]
    said: Sentences

    @property
    def text(self) -> str:
        """What they say, in English."""
        return english().text(self.said)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "chain": self.chain,
            "issuer": self.issuer,
            "root": None if self.root is None else "0x" + self.root.hex(),
            "overall": str(self.overall),
            "codes": list(self.codes),
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one credential and what they come to.

    Attributes:
        name: of the file, as the caller calls it.
        digest: None when the document has none.
        issuer, root, chain: as the receipt says; None without a receipt.
        not_looked_at: as in `ChainFacts`.
        other_receipts: that were judged and did not decide.
        anchored_at: by the chain's clock; None unless the anchor check passed or warned.
        as_of: the block the chain was read at, or None when it could not be read.
        basis: what that rests on; None as with `as_of`.
        levels: the card of the level that the credential states; None where it states none, or was changed.
        party_uri: of the issuer, as the chain has it; None where it was not read.
    """

    name: str
    checks: tuple[Check, ...]
    digest: Digest | None
    issuer: int | None
    root: bytes | None
    anchored_at: datetime | None
    as_of: BlockRef | None
    chain: str | None = None
    not_looked_at: int | None = None
    other_receipts: tuple[OtherReceipt, ...] = ()
    basis: Basis | None = None
    levels: Levels | None = None
    party_uri: str | None = None

    @classmethod
    def unknown(cls, name: str, code: str, words: str | Said) -> Verdict:
        """The verdict on something of which nothing could be checked, for one reason."""
        said = as_sentences(words, code)
        checks = tuple(Check.unknown(each, code, *said) for each in CHECK_NAMES)
        return cls(name, checks, None, issuer=None, root=None, anchored_at=None, as_of=None)

    @property
    def overall(self) -> Overall:
        """Any fail is "not valid"; else any unknown "could not be checked"; else any warning is one; else valid."""
        return overall(self.checks)

    @property
    def exit_code(self) -> int:
        """As `Overall.exit_code`."""
        return self.overall.exit_code

    @property
    def deciding(self) -> tuple[Check, ...]:
        """The checks that made the verdict what it is; none of one that is valid."""
        outcome = {
            Overall.NOT_VALID: Outcome.FAIL,
            Overall.COULD_NOT_BE_CHECKED: Outcome.UNKNOWN,
            Overall.VALID_WITH_WARNING: Outcome.WARN,
        }.get(self.overall)
        return tuple(check for check in self.checks if check.outcome is outcome)

    @property
    def reasons(self) -> dict[str, Check]:
        """The first deciding check of each code, in their order."""
        found: dict[str, Check] = {}
        for check in self.deciding:
            found.setdefault(check.code, check)
        return found

    def check(self, name: str) -> Check:
        """The check with that name: one of `CHECK_NAMES`, or with a policy one of `POLICY_CHECK_NAMES`."""
        return next(check for check in self.checks if check.name == name)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, which `verdict_schema` describes."""
        return {
            "type": "TestamurVerdict",
            "version": 1,
            "name": self.name,
            "overall": str(self.overall),
            "exitCode": self.exit_code,
            "digest": self.digest and {"method": str(self.digest.method), "value": self.digest.hex},
            "chain": None if self.chain is None else {"id": self.chain, "name": chain_name(self.chain).words},
            "issuer": self.issuer,
            "root": self.root and "0x" + self.root.hex(),
            "anchoredAt": self.anchored_at and write_timestamp(self.anchored_at),
            "asOf": self.as_of and self.as_of.to_dict(),
            "restsOn": rests_on(self.basis, self.as_of),
            "checks": [
                {"name": check.name, "outcome": str(check.outcome), "code": check.code, "text": check.text}
                for check in self.checks
            ],
            "batchesNotLookedAt": self.not_looked_at,
            "otherReceipts": [each.to_dict() for each in self.other_receipts],
            **({} if self.levels is None else {"levelCard": self.levels.to_dict()}),
        }


def sentences(*parts: str | None) -> str:
    """The parts as sentences, whether or not they were written as such; one that begins with a URL keeps its letter."""
    return " ".join(_sentence(part) for part in parts if part)


def _sentence(text: str) -> str:
    first = text.partition(" ")[0]
    return (text if "/" in first else text[0].upper() + text[1:]).rstrip(".") + "."


def overall(checks: tuple[Check, ...]) -> Overall:
    """What checks come to; without any, nothing was checked."""
    outcomes = {check.outcome for check in checks}
    if Outcome.FAIL in outcomes:
        return Overall.NOT_VALID
    if Outcome.UNKNOWN in outcomes or not outcomes:
        return Overall.COULD_NOT_BE_CHECKED
    return Overall.VALID_WITH_WARNING if Outcome.WARN in outcomes else Overall.VALID


def verdict_schema() -> dict[str, Any]:
    """The JSON Schema of `Verdict.to_dict`, as published in `registry/schemas/verdict.schema.json`."""
    moment = {"type": "string", "format": "date-time", "pattern": TIMESTAMP_PATTERN}
    hash32 = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
    chain = {"type": "string", "pattern": f"^{ANCHOR_CHAIN}$"}
    party = {"type": "integer", "minimum": 1}
    code = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "verdict.schema.json",
        "title": "Verdict",
        "description": Verdict.__doc__.splitlines()[0] if Verdict.__doc__ else "",
        **closed_object(
            {
                "type": {"const": "TestamurVerdict"},
                "version": {"const": 1},
                "name": {"type": "string"},
                "overall": {"enum": [str(member) for member in Overall]},
                "exitCode": {"enum": [0, 1, 2]},
                "digest": _or_null(
                    closed_object(
                        {
                            "method": {"enum": [str(method) for method in DigestMethod]},
                            "value": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                        }
                    )
                ),
                "chain": _or_null(closed_object({"id": chain, "name": {"type": "string", "minLength": 1}})),
                "issuer": _or_null(party),
                "root": _or_null(hash32),
                "anchoredAt": _or_null(moment),
                "asOf": _or_null(
                    closed_object({"number": {"type": "integer", "minimum": 0}, "hash": hash32, "timestamp": moment})
                ),
                "restsOn": _or_null(
                    closed_object(
                        {
                            "proved": {"type": "boolean"},
                            "ground": {"enum": [str(ground) for ground in Ground]},
                            "namedBy": {"type": "integer", "minimum": 0},
                            "among": {"type": "integer", "minimum": 0},
                            "names": {"type": "array", "items": {"type": "string"}},
                            "words": {"type": "string"},
                        }
                    )
                ),
                "checks": {
                    "type": "array",
                    "minItems": len(CHECK_NAMES),
                    "items": closed_object(
                        {
                            "name": {"enum": [*CHECK_NAMES, *POLICY_CHECK_NAMES]},
                            "outcome": {"enum": [str(outcome) for outcome in Outcome]},
                            "code": code,
                            "text": {"type": "string"},
                        }
                    ),
                },
                "batchesNotLookedAt": _or_null({"type": "integer", "minimum": 0}),
                "otherReceipts": {
                    "type": "array",
                    "items": closed_object(
                        {
                            "chain": _or_null(chain),
                            "issuer": _or_null(party),
                            "root": _or_null(hash32),
                            "overall": {"enum": [str(member) for member in Overall]},
                            "codes": {"type": "array", "items": code},
                            "text": {"type": "string"},
                        }
                    ),
                },
            },
            optional={"levelCard": levels_schema()},
        ),
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
