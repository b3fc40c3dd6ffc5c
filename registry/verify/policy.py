"""Whom a verifier believes: the bodies, issuers and validators it trusts, and where, as its policy file says.

Pure: the text of the file in, a policy out. `docs/reference/recognition.md` lists the keys.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from registry.chain_names import CHAIN
from registry.errors import EvidenceError, SettingsError
from registry.proofs.notes import KeyKind, VerifierKey, read_verifier_key
from registry.proofs.seals import MOST_VALIDATORS
from registry.recognition.scope import country

_MOST_PARTIES = 2**64 - 1


def _country(text: str) -> str:
    try:
        return country(text)
    except SettingsError as error:
        raise PydanticCustomError("country", "{what}", {"what": error.what}) from None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class KnownParty(_Part):
    """A party by its number on the chain, and the name by which the verifier knows it."""

    party: int = Field(ge=1, le=_MOST_PARTIES)
    name: str = Field(min_length=1, max_length=200)


def _note_key(text: str) -> str:
    try:
        if read_verifier_key(text).kind is KeyKind.NOTE:
            return text
    except EvidenceError as error:
        raise PydanticCustomError("key", "{what}", {"what": error.what}) from None
    raise PydanticCustomError("key", "it is the key of a witness, not one that signs statements", {})


class KnownAuditor(_Part):
    """An auditor whose word on the order of a tree's leaves counts, by the key that it signs with."""

    name: str = Field(min_length=1, max_length=200)
    key: Annotated[str, AfterValidator(_note_key)]

    @property
    def verifier_key(self) -> VerifierKey:
        """Its public key."""
        return read_verifier_key(self.key)


class KnownValidator(_Part):
    """A validator by the address that it seals blocks with, and the name by which the verifier knows it."""

    address: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$")
    name: str = Field(min_length=1, max_length=200)


class Policy(_Part):
    """Whom a verifier believes.

    Attributes:
        chain: CAIP-2 of the chain that the numbers are of, or None for whichever chain is asked.
        jurisdiction: where an accreditation has to be for, ISO 3166-1; "" for anywhere.
        require: whether a credential without an accreditation on record is not valid, instead of a warning.
        bodies: whose accreditations and recognitions count.
        issuers: who is believed without any accreditation.
        auditors: whose attestations count that the credentials of batches are in order.
        validators: of the chain, whose seals are believed, where two thirds of them are on a block.
    """

    chain: str | None = Field(default=None, pattern=f"^{CHAIN}$")
    jurisdiction: Annotated[str, AfterValidator(_country)] = ""
    require: bool = False
    # TOML has lists only.
    bodies: tuple[KnownParty, ...] = Field(default=(), strict=False)
    issuers: tuple[KnownParty, ...] = Field(default=(), strict=False)
    auditors: tuple[KnownAuditor, ...] = Field(default=(), strict=False)
    validators: tuple[KnownValidator, ...] = Field(default=(), strict=False, max_length=MOST_VALIDATORS)

    @model_validator(mode="after")
    def _makes_sense(self) -> Policy:
        for key, parties in (("bodies", self.bodies), ("issuers", self.issuers)):
            numbers = [each.party for each in parties]
            if twice := {number for number in numbers if numbers.count(number) > 1}:
                raise PydanticCustomError("twice", "{key} has party {party} twice", {"key": key, "party": min(twice)})
        keys = [(key.name, key.id) for key in (each.verifier_key for each in self.auditors)]
        if len(set(keys)) < len(keys):
            raise PydanticCustomError("twice", "auditors has a key twice", {})
        addresses = [each.address.lower() for each in self.validators]
        if again := {address for address in addresses if addresses.count(address) > 1}:
            raise PydanticCustomError("twice", "validators has {address} twice", {"address": min(again)})
        # A header does not say which chain it is of.
        if self.validators and self.chain is None:
            raise PydanticCustomError("anywhere", "validators are those of one chain, but chain names none", {})
        if self.require and not self.bodies:
            raise PydanticCustomError("nobody", "require asks for an accreditation, but bodies names nobody", {})
        return self

    @property
    def trusted_bodies(self) -> dict[int, str]:
        """Their numbers and names."""
        return {each.party: each.name for each in self.bodies}

    @property
    def trusted_issuers(self) -> dict[int, str]:
        """Their numbers and names."""
        return {each.party: each.name for each in self.issuers}

    @property
    def validator_names(self) -> dict[bytes, str]:
        """Their addresses, 20 bytes each, and names."""
        return {bytes.fromhex(each.address[2:]): each.name for each in self.validators}


def parse_policy(data: bytes | str, *, where: str | None = None) -> Policy:
    """The policy that a file says.

    Args:
        data: TOML.
        where: the file, for the message.

    Raises:
        SettingsError: it is not TOML, or a key is unknown or makes no sense; names the key (code `policy`).
    """
    try:
        members: dict[str, Any] = tomllib.loads(data if isinstance(data, str) else data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _senseless(f"the policy is not TOML: {error}", where) from None
    try:
        return Policy.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = _key(first["loc"])
        if first["type"] == "extra_forbidden":
            raise _senseless(f"a policy has no key {key}", where) from None
        message = first["msg"][:1].lower() + first["msg"][1:]
        raise _senseless(f"{key}: {message}" if key else message, where) from None


def _key(place: tuple[int | str, ...]) -> str:
    """`("bodies", 1, "party")` → `bodies[1].party`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _senseless(what: str, where: str | None) -> SettingsError:
    return SettingsError(
        what, where=where, remedy="Correct the policy; docs/reference/recognition.md lists its keys.", code="policy"
    )
