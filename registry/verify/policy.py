"""Whom a verifier believes: the bodies, issuers and validators it trusts, and where, as its policy file says.

Pure: the text of the file in, a policy out. `docs/reference/recognition.md` lists the keys.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from registry.chain_names import CHAIN
from registry.errors import EvidenceError, SettingsError
from registry.proofs.notes import KeyKind, VerifierKey, read_verifier_key
from registry.proofs.seals import MOST_VALIDATORS
from registry.quality.decision import Identifier
from registry.quality.register import read_identifier
from registry.recognition.scope import country, hash_of_programme
from registry.untrusted.toml import NotToml, parse_toml

_MOST_PARTIES = 2**64 - 1
REGISTER_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{0,63}$"
MOST_REGISTERS: Final = 16
"""Each is asked for every credential."""
MOST_SNAPSHOTS: Final = 64
MOST_MAPPED: Final = 20_000
"""Institutions of a register whose parties a verifier names."""
MOST_CONDITIONS: Final = 1_000
MOST_PROGRAMMES: Final = 10_000
"""More than these, nobody has read and believes."""
_LONGEST_CONDITION: Final = 20_000
_LONGEST_IDENTIFIER: Final = 2_000


def _country(text: str) -> str:
    try:
        return country(text)
    except SettingsError as error:
        raise PydanticCustomError("country", "{what}", {"what": error.what}) from None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def _listed(value: object) -> object:
    """One name alone is a list of one."""
    return (value,) if isinstance(value, str) else value


def _identifier(text: str) -> str:
    try:
        read_identifier(text)
    except ValueError as error:
        raise PydanticCustomError("identifier", "{what}", {"what": str(error)}) from None
    return text


_FileName = Annotated[str, Field(min_length=1, max_length=1000)]
_Identifier = Annotated[str, AfterValidator(_identifier)]


class KnownParty(_Part):
    """A party by its number on the chain, and the name by which the verifier knows it.

    Attributes:
        country: that it stands for, ISO 3166-1; "" where the verifier does not say. It is for whoever asks what is
            recognised "here"; a verdict does not go by it.
    """

    party: int = Field(ge=1, le=_MOST_PARTIES)
    name: str = Field(min_length=1, max_length=200)
    country: Annotated[str, AfterValidator(_country)] = ""


def _note_key(text: str) -> str:
    try:
        if read_verifier_key(text).kind is KeyKind.NOTE:
            return text
    except EvidenceError as error:
        raise PydanticCustomError("key", "{what}", {"what": error.what}) from None
    raise PydanticCustomError("key", "it is the key of a witness, not one that signs statements", {})


class KnownRegister(_Part):
    """A register of quality decisions, by the word of the party that anchors its snapshots.

    Attributes:
        short_name: as its decisions have it; the key is `register`.
        mirror: number of that party.
        name: by which the verifier knows it.
        file: of its snapshots, the newest last; for the command, beside the policy.
        require: whether a credential of which it says no good is not valid, instead of a warning.
        parties: which party an institution is, by identifier with its scheme; it goes before what the mirror says.
    """

    short_name: str = Field(alias="register", pattern=REGISTER_PATTERN)
    mirror: int = Field(ge=1, le=_MOST_PARTIES)
    name: str = Field(min_length=1, max_length=200)
    file: Annotated[tuple[_FileName, ...], BeforeValidator(_listed)] = Field(
        default=(), strict=False, max_length=MOST_SNAPSHOTS
    )
    require: bool = False
    parties: dict[_Identifier, Annotated[int, Field(ge=1, le=_MOST_PARTIES)]] = Field(
        default_factory=dict, max_length=MOST_MAPPED
    )

    @property
    def parties_by_identifier(self) -> dict[Identifier, int]:
        """Which party an institution is."""
        return {read_identifier(text): party for text, party in self.parties.items()}


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


def _text_of(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("text", "it is no Unicode text", {}) from None
    return text


class KnownCondition(_Part):
    """What the holders of a conditional decision have yet to fulfil, as its body wrote it."""

    text: Annotated[str, AfterValidator(_text_of)] = Field(min_length=1, max_length=_LONGEST_CONDITION)

    @property
    def digest(self) -> bytes:
        """What stands for it on chain: SHA-256 of its UTF-8."""
        return sha256(self.text.encode()).digest()


def _of_programme(text: str) -> str:
    try:
        hash_of_programme(text)
    except SettingsError as error:
        raise PydanticCustomError("programme", "{what}", {"what": error.what}) from None
    return text


class KnownProgramme(_Part):
    """A programme by its identifier, as its credentials state it, and the name by which the verifier knows it."""

    identifier: Annotated[str, AfterValidator(_of_programme)] = Field(max_length=_LONGEST_IDENTIFIER)
    name: str = Field(default="", max_length=200)


class Policy(_Part):
    """Whom a verifier believes.

    Attributes:
        chain: CAIP-2 of the chain that the numbers are of, or None for whichever chain is asked.
        jurisdiction: where an accreditation has to be for, ISO 3166-1; "" for anywhere.
        require: whether a credential without an accreditation on record is not valid, instead of a warning.
        bodies: whose accreditations and recognitions count.
        issuers: who is believed without any accreditation.
        auditors: whose attestations count that the credentials of batches are in order.
        registers: of quality decisions, whose mirrors are believed; with any, one more check is made.
        validators: of the chain, whose seals are believed, where two thirds of them are on a block.
        accords: what accords are called; which parties are accords, the chain says.
        conditions: texts of conditions; shown is only one whose hash a link has.
        programmes: what programmes are called, of which the chain has hashes alone.
    """

    chain: str | None = Field(default=None, pattern=f"^{CHAIN}$")
    jurisdiction: Annotated[str, AfterValidator(_country)] = ""
    require: bool = False
    # TOML has lists only.
    bodies: tuple[KnownParty, ...] = Field(default=(), strict=False)
    issuers: tuple[KnownParty, ...] = Field(default=(), strict=False)
    auditors: tuple[KnownAuditor, ...] = Field(default=(), strict=False)
    registers: tuple[KnownRegister, ...] = Field(default=(), strict=False, max_length=MOST_REGISTERS)
    validators: tuple[KnownValidator, ...] = Field(default=(), strict=False, max_length=MOST_VALIDATORS)
    accords: tuple[KnownParty, ...] = Field(default=(), strict=False)
    conditions: tuple[KnownCondition, ...] = Field(default=(), strict=False, max_length=MOST_CONDITIONS)
    programmes: tuple[KnownProgramme, ...] = Field(default=(), strict=False, max_length=MOST_PROGRAMMES)

    @model_validator(mode="after")
    def _makes_sense(self) -> Policy:
        for key, parties in (("bodies", self.bodies), ("issuers", self.issuers), ("accords", self.accords)):
            numbers = [each.party for each in parties]
            if twice := {number for number in numbers if numbers.count(number) > 1}:
                raise PydanticCustomError("twice", "{key} has party {party} twice", {"key": key, "party": min(twice)})
        keys = [(key.name, key.id) for key in (each.verifier_key for each in self.auditors)]
        if len(set(keys)) < len(keys):
            raise PydanticCustomError("twice", "auditors has a key twice", {})
        named = [(each.short_name, each.mirror) for each in self.registers]
        if repeated := sorted({each for each in named if named.count(each) > 1}):
            register, mirror = repeated[0]
            what = {"register": register, "mirror": mirror}
            raise PydanticCustomError("twice", "registers has {register} of party {mirror} twice", what)
        # A party of another chain is somebody else, and so is the mirror.
        if self.registers and self.chain is None:
            raise PydanticCustomError("anywhere", "registers are those of one chain, but chain names none", {})
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

    def bodies_of(self, place: str) -> dict[int, str]:
        """Those that stand for a country, by two letters: their numbers and names."""
        return {each.party: each.name for each in self.bodies if each.country == place}

    @property
    def trusted_issuers(self) -> dict[int, str]:
        """Their numbers and names."""
        return {each.party: each.name for each in self.issuers}

    @property
    def accord_names(self) -> dict[int, str]:
        """Numbers and names of accords."""
        return {each.party: each.name for each in self.accords}

    @property
    def condition_texts(self) -> dict[bytes, str]:
        """By SHA-256, what has yet to be fulfilled."""
        return {each.digest: each.text for each in self.conditions}

    @property
    def programme_names(self) -> dict[bytes, str]:
        """By SHA-256 of their identifiers, what programmes are called; of one without a name, its identifier."""
        return {hash_of_programme(each.identifier): each.name or each.identifier.strip() for each in self.programmes}

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
        members = parse_toml(data)
    except NotToml as error:
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
