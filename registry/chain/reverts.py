"""What a contract said when it refused, as a sentence for a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from registry.chain.abi import all_errors
from registry.errors import ContractReverted, StoreError
from registry.records import AccreditationState, Kind
from registry.timestamps import from_unix, write_timestamp

ERROR_SELECTOR = bytes.fromhex("08c379a0")  # Error(string), from require and revert with a text
PANIC_SELECTOR = bytes.fromhex("4e487b71")  # Panic(uint256), from the compiler's own checks
REVERTED = 3
MAXIMUM_TEXT = 300

# Sentences by error name, one for each error of the ABI; `{argument}` is filled in.
SENTENCES: dict[str, str] = {
    "AlreadyAnchored": "issuer {issuer} anchored the root {root} before, as its batch number {sequence}",
    "BatchIsVoided": "the batch {root} of issuer {issuer} was voided: all its credentials are revoked for good",
    "BrokenPath": (
        "link {index} of the path (counted from 0), accreditation {id}, does not lead to the next link or to the issuer"
    ),
    "EmptyBatch": "the batch {root} of issuer {issuer} would have no credentials",
    "IndexOutOfRange": "there is no credential {index} (counted from 0) in a batch of {leafCount}",
    "DigestsUnchanged": "nothing would change: the {count} credentials of issuer {issuer} already have that status",
    "InvalidChange": "accreditation {id} is {from} and cannot become {to}",
    "InvalidEffect": (
        "a change to accreditation {id} cannot take effect at {effectiveFrom}: only from {earliest} to {latest}"
    ),
    "InvalidOperator": "the zero address cannot be an operator of party {party}",
    "InvalidPathLength": "a path has 1 to 5 links, this one has {length}",
    "InvalidPeriod": ("the end, {validUntil}, is not after the start, {validFrom}; only a recognition may have no end"),
    "InvalidScope": (
        "field {field} with {fieldDigits} digits, levels {levelMin} to {levelMax}, jurisdiction "
        "{jurisdiction} is no scope"
    ),
    "InvalidSignature": "the signature is not that of operator {operator} over this anchor of issuer {issuer}",
    "LeafCountIsStated": "the batch {root} of issuer {issuer} is known to have {leafCount} credentials",
    "LeafCountUnstated": "how many credentials the batch {root} of issuer {issuer} has was never stated",
    "LengthsDiffer": "{roots} roots came with {leafCounts} leaf counts",
    "NoDefaultIssuer": "a bare root came from {operator}, which has not said for which issuer",
    "NonceUsed": "body {body} has made an offer with the number {nonce} before",
    # Of the first edition alone.
    "NotAnAccreditation": "a recognition cannot be offered: it needs no acceptance",
    "NotController": "{account} is not the controller of party {party}",
    "NotOperator": "{account} is not an operator of party {party}",
    "NotPendingController": "control of party {party} was not offered to {account}",
    "NotSignedByController": (
        "the signature is not that of {controller}, the controller of party {party}, over these values"
    ),
    "OperatorUnchanged": "nothing would change: for party {party}, {operator} being an operator is already {allowed}",
    "OwnAccreditation": "party {party} cannot accredit or recognise itself",
    "PartyIsRetired": (
        "party {party} has retired: it anchors, accredits and recognises no more, and nobody accredits or recognises it"
    ),
    "ScopeNotCovered": (
        "link {index} of the path (counted from 0), accreditation {id}, does not cover the scope asked for"
    ),
    "ScopeWidened": (
        "link {index} of the path (counted from 0), accreditation {id}, is wider than the accreditation before it"
    ),
    "SignatureExpired": "the signature was good until {deadline}",
    "StatusesUnchanged": (
        "nothing would change: the credentials in the {count} words of the batch {root} already have that status"
    ),
    "StatusUnchanged": "nothing would change: the credentials of the batch {root} already have that status",
    "SupersedesItself": "credential {index} of the batch {root} cannot replace itself",
    "TooManyOperators": "party {party} has as many operators as it may have, {most}",
    "UnknownAccreditation": "there is no accreditation {id}",
    "UnknownBatch": "issuer {issuer} has not anchored the root {root}",
    "UnknownCall": "it has no function {selector}, and {length} bytes are no root",
    "UnknownParty": "there is no party {party}",
    "WrongKind": "accreditations are offered, and recognitions are made without an offer; this is to {kind}",
    # From OpenZeppelin's parts of the contract.
    "AddressEmptyCode": "there is no contract at {target}",
    "FailedCall": "one of several calls in one transaction failed without a reason",
    "InvalidShortString": "a name in the contract is damaged",
    "StringTooLong": "the name {str} is too long",
}
REMEDIES: dict[str, str] = {
    "AlreadyAnchored": "Nothing has to be done: a batch is anchored once and stays.",
    "InvalidScope": "Give 0, 2, 3 or 4 digits of an ISCED-F code, levels within 1 to 8 and a three-digit country code.",
    "InvalidSignature": "Have the operator sign again for this chain, this contract and these values.",
    "LeafCountIsStated": "Nothing can be done if the count is right; if it is wrong, void the batch and anchor again.",
    "LeafCountUnstated": "Have the issuer state the leaf count of the batch on the contract; it is on record once.",
    "NoDefaultIssuer": "Set the default issuer of this address first, with `testamur issuer default`.",
    "NotController": "Send the transaction with the controller's key.",
    "NotOperator": "Send with the key of an operator, or have the controller allow this address.",
    "NotSignedByController": "Have the controller sign again for this chain, this contract and these values.",
    "SignatureExpired": "Have it signed again with a later deadline.",
    "TooManyOperators": "Remove one that is not needed, with `testamur issuer operator ADDRESS --remove`.",
    "UnknownAccreditation": "Check its number; the offer may not be in a block yet.",
    "UnknownBatch": "Check issuer and root; the anchor may not be in a block yet.",
    "UnknownParty": "Check the number of the party; register one first if there is none.",
}

# Arguments that are Unix times.
_TIMES = frozenset({"earliest", "latest", "effectiveFrom", "validFrom", "validUntil", "deadline"})


def revert_data(error: Mapping[str, Any]) -> bytes | None:
    """The bytes a contract threw, out of a JSON-RPC error, or None when it is not about a revert.

    geth, erigon, anvil and this program answer code 3 with hexadecimal `data`; besu and nethermind use other codes and
    say "reverted", nethermind with "Reverted 0x…" as data; some put the data one level deeper.
    """
    found = error.get("data")
    if isinstance(found, Mapping):
        found = found.get("data", found.get("result"))
    text = found.removeprefix("Reverted ").strip() if isinstance(found, str) else ""
    message = str(error.get("message", "")).lower()
    if error.get("code") != REVERTED and "revert" not in message and not str(found).startswith("Reverted"):
        return None
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return b""


def revert_error(thrown: bytes) -> ContractReverted:
    """The error for what a contract threw, with the name and the arguments the ABI knows."""
    name, arguments = _decoded(thrown)
    return ContractReverted(
        f"the contract refused: {_sentence(name, arguments)}",
        error=name,
        arguments=arguments,
        thrown=thrown,
        remedy=REMEDIES.get(name),
    )


def _decoded(thrown: bytes) -> tuple[str, dict[str, object]]:
    selector, rest = thrown[:4], thrown[4:]
    if selector == ERROR_SELECTOR:
        return "Error", {"message": _text(rest)}
    if selector == PANIC_SELECTOR and len(rest) == 32:
        return "Panic", {"code": int.from_bytes(rest, "big")}
    try:
        item = all_errors().get(selector)
        if item is not None:
            return item.name, item.decode_arguments(rest)
    except (ValueError, StoreError):
        pass
    return "", {"data": "0x" + thrown[:MAXIMUM_TEXT].hex()} if thrown else {}


def _text(encoded: bytes) -> str:
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    try:
        return str(decode(["string"], encoded)[0])[:MAXIMUM_TEXT]
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return ""


def _sentence(name: str, arguments: Mapping[str, object]) -> str:
    if name == "Error":
        return str(arguments["message"]) or "it gave no reason"
    if name == "Panic":
        return f"a check of the compiler failed (panic {arguments['code']:#x})"
    if not name:
        data = arguments.get("data")
        return f"it answered {data}, which this version does not know" if data else "it gave no reason"
    shown = {key: _when(value) if key in _TIMES else _shown(value) for key, value in arguments.items()}
    if name == "InvalidChange":
        words = {str(int(state)): state.word for state in AccreditationState}
        shown |= {key: words.get(shown[key], shown[key]) for key in ("from", "to")}
    if name == "WrongKind":
        shown["kind"] = next((kind.word for kind in Kind if str(int(kind)) == shown["kind"]), shown["kind"])
    if name in SENTENCES:
        try:
            return SENTENCES[name].format(**shown)
        except (KeyError, IndexError):
            pass  # the contract's error has other arguments than the table knows
    told = ", ".join(f"{key} {value}" for key, value in shown.items())
    return f"{_words(name)} ({told})" if told else _words(name)


def _when(value: object) -> str:
    """A time of the contract as people read it; 0 is none, and one that no calendar has stays a number."""
    if value == 0:
        return "none"
    try:
        return write_timestamp(from_unix(int(str(value))))
    except (ValueError, OverflowError, OSError):
        return f"{_shown(value)} (Unix seconds)"


def _words(name: str) -> str:
    """`AlreadyAnchored` → "already anchored"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)[:MAXIMUM_TEXT]
