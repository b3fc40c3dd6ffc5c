"""What an institution puts into its pages: which registry, whom to ask, and whom it vouches for as issuers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from registry.chain_names import CHAIN
from registry.errors import SettingsError
from registry.frameworks.members import Refused
from registry.language.catalogue import available
from registry.learning.pathways.files import read_pathway
from registry.learning.pathways.form import pathway_form
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.surroundings import Surroundings
from registry.levels import bundled_maps
from registry.proofs.seals import MOST_VALIDATORS
from registry.proofs.witnesses import parse_witnesses
from registry.recognition.countries import NUMERIC
from registry.service.web.page.look import COLOUR, LOGO, illegible, logo_of
from registry.untrusted.toml import NotToml, parse_toml
from registry.verify.policy import MOST_REGISTERS, REGISTER_PATTERN, KnownCondition, KnownProgramme

_MOST_ENDPOINTS: Final = 16
_MOST_NAMED: Final = 1_000
_MOST_PATHWAYS: Final = 8
_MOST_PATHWAY_BYTES: Final = 256 << 10
"""Of the form of one in the page, which everybody loads."""
_HERE: Final = ("localhost", "127.0.0.1")


def _endpoint(text: str) -> str:
    """An address that a page may ask, without anything that would end a directive of the page's policy."""
    parts = urlsplit(text)
    is_web = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    # To the page's policy a star is any host, or any port.
    is_one = bool(parts.hostname) and "*" not in parts.netloc
    if not (is_web and is_one and text.isascii() and text.isprintable()) or set(text) & set(" ;,'\"<>\\"):
        raise PydanticCustomError("endpoint", "an endpoint begins with https://, or with http://localhost", {})
    if parts.username is not None or parts.password is not None:
        raise PydanticCustomError("endpoint", "everybody can read an endpoint: it has no user name or password", {})
    return text


def _language(code: str) -> str:
    if code not in available():
        raise PydanticCustomError(
            "language", "there is no such language; there are {all}", {"all": ", ".join(available())}
        )
    return code


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NamedParty(_Part):
    """A party by its number, and the name by which whoever made the page knows it."""

    party: int = Field(ge=1, lt=2**53)
    # In the page there is one on a line: a line more would be a party more.
    name: str = Field(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")


class NamedValidator(_Part):
    """A validator of the chain by the address that it seals blocks with, and the name it is known by."""

    address: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$")
    name: str = Field(min_length=1, max_length=200)


class NamedRegister(_Part):
    """A register of quality decisions that the institution believes, and that a page cannot read."""

    register_: str = Field(alias="register", pattern=REGISTER_PATTERN)
    name: str = Field(min_length=1, max_length=200)


def _country(text: str) -> str:
    if text and text not in NUMERIC:
        raise PydanticCustomError("country", "a country is two letters of ISO 3166-1, such as HR", {})
    return text


def _witnesses(text: str) -> str:
    if text:
        try:
            parse_witnesses(text.encode())
        except SettingsError as error:
            raise PydanticCustomError("witnesses", "{what}", {"what": error.what}) from None
    return text


class PageSettings(_Part):
    """Everything that differs between two pages of one version.

    Attributes:
        institution: whose page it is.
        logo: of the institution, as an address that holds it.
        colour, colour_dark: of links and of what has the focus, on a light and on a dark page; as HTML has it.
        chain: CAIP-2 of the chain that is asked.
        contract: address of the registry; None for where it is deployed as usual.
        endpoints: URLs of JSON-RPC endpoints that let a page ask.
        quorum: endpoints that have to name one block alike; default: two of several.
        fixed: whether the user may not name other endpoints; the page can then reach nobody else.
        issuers: that are believed.
        bodies: whose accreditations and recognitions count, as in a policy.
        country: where the institution is, ISO 3166-1 by two letters; levels of qualifications are put beside its own.
        accords, conditions, programmes: what they are called or say, as in a policy.
        registers: of quality decisions that the institution believes; the page says that it does not read them.
        witnesses: policy of whose signatures below a list of blocks are enough, where no endpoint is named.
        validators: whose seals are believed where two thirds of them are on a block, where no endpoint is named.
        pathways: on a learner's page, those that progress can be looked at for, each as the JSON of its form.
        languages: in which there is a page, the first of them as `verify.html`; none for English alone, and for all
            where a lookup service has the page.
    """

    institution: str = Field(default="", max_length=200)
    logo: str = Field(default="", pattern=f"^$|{LOGO}")
    colour: str | None = Field(default=None, pattern=COLOUR)
    colour_dark: str | None = Field(default=None, pattern=COLOUR)
    chain: str | None = Field(default=None, pattern=f"^{CHAIN}$")
    contract: str | None = Field(default=None, pattern=r"^0x[0-9a-fA-F]{40}$")
    # TOML has lists only.
    endpoints: tuple[Annotated[str, AfterValidator(_endpoint)], ...] = Field(
        default=(), strict=False, max_length=_MOST_ENDPOINTS
    )
    quorum: int | None = Field(default=None, ge=1, le=_MOST_ENDPOINTS)
    fixed: bool = False
    issuers: tuple[NamedParty, ...] = Field(default=(), strict=False, max_length=1_000)
    bodies: tuple[NamedParty, ...] = Field(default=(), strict=False, max_length=1_000)
    country: Annotated[str, AfterValidator(_country)] = ""
    accords: tuple[NamedParty, ...] = Field(default=(), strict=False, max_length=_MOST_NAMED)
    conditions: tuple[KnownCondition, ...] = Field(default=(), strict=False, max_length=_MOST_NAMED)
    programmes: tuple[KnownProgramme, ...] = Field(default=(), strict=False, max_length=_MOST_NAMED)
    registers: tuple[NamedRegister, ...] = Field(default=(), strict=False, max_length=MOST_REGISTERS)
    witnesses: Annotated[str, AfterValidator(_witnesses)] = Field(default="", max_length=1 << 16)
    validators: tuple[NamedValidator, ...] = Field(default=(), strict=False, max_length=MOST_VALIDATORS)
    pathways: tuple[Annotated[str, Field(max_length=_MOST_PATHWAY_BYTES)], ...] = Field(
        default=(), strict=False, max_length=_MOST_PATHWAYS
    )
    languages: tuple[Annotated[str, AfterValidator(_language)], ...] = Field(default=(), strict=False, max_length=100)

    @model_validator(mode="after")
    def _makes_sense(self) -> PageSettings:
        if self.logo and not self.institution:
            raise PydanticCustomError("logo", "a logo needs the name of the institution beside it", {})
        for name, colour in (("colour", self.colour), ("colour_dark", self.colour_dark)):
            if colour and (why := illegible(colour, dark=name == "colour_dark")):
                raise PydanticCustomError("colour", "{name}: {why}", {"name": name, "why": why})
        if self.quorum is not None and self.quorum > max(1, len(self.endpoints)):
            raise PydanticCustomError("quorum", "quorum is more than there are endpoints", {})
        if self.fixed and not self.endpoints:
            raise PydanticCustomError("fixed", "fixed leaves nobody to ask, since endpoints names none", {})
        of_one_chain = (self.issuers, self.bodies, self.accords, self.registers, self.endpoints, self.validators)
        if self.chain is None and any(of_one_chain):
            raise PydanticCustomError("chain", "all that is named is of one chain, but chain names none", {})
        if len(set(self.languages)) < len(self.languages):
            raise PydanticCustomError("twice", "languages has one twice", {})
        for key, parties in (("issuers", self.issuers), ("bodies", self.bodies), ("accords", self.accords)):
            if len({each.party for each in parties}) < len(parties):
                raise PydanticCustomError("twice", "{key} has a party twice", {"key": key})
        return self

    @property
    def content(self) -> dict[str, Any]:
        """For the program of a page."""
        return {
            "institution": self.institution,
            "chain": self.chain or "",
            "contract": self.contract or "",
            "endpoints": list(self.endpoints),
            "quorum": self.quorum or min(2, max(1, len(self.endpoints))),
            "fixed": self.fixed,
            "issuers": [[each.party, each.name] for each in self.issuers],
            "bodies": [[each.party, each.name] for each in self.bodies],
            "country": self.country,
            "accords": [[each.party, each.name] for each in self.accords],
            "conditions": [each.text for each in self.conditions],
            "programmes": [[each.identifier, each.name] for each in self.programmes],
            "registers": [each.name for each in self.registers],
            "witnesses": self.witnesses,
            "validators": [[each.address.lower(), each.name] for each in self.validators],
        }


def pathway_text(content: bytes, where: str) -> str:
    """The form of a pathway in a file, as JSON for a page.

    Raises:
        Refused: it is no pathway, or has a grave fault.
    """
    maps = bundled_maps()
    plan = plan_of(read_pathway(content, where, Surroundings(maps)), maps)
    return json.dumps(pathway_form(plan, maps), ensure_ascii=False, separators=(",", ":"))


def _of_files(members: Mapping[str, Any], read: Callable[[str], bytes]) -> dict[str, Any]:
    """What stands in the place of files that are named."""
    found: dict[str, Any] = {}
    key = "logo"
    try:
        if isinstance(named := members.get(key), str):
            found[key] = logo_of(read(named))
        if isinstance(files := members.get("pathways"), list):
            for each in map(str, files[: _MOST_PATHWAYS + 1]):
                key = f"pathways: {each}"
                found["pathways"] = [*found.get("pathways", []), pathway_text(read(each), each)]
    except (SettingsError, Refused) as error:
        raise SettingsError(f"{key}: {error.what}") from None
    return found


def parse_page_settings(
    data: bytes, *, where: str | None = None, read: Callable[[str], bytes] | None = None
) -> PageSettings:
    """The settings that a file says.

    Args:
        data: TOML.
        where: the file, for the message.
        read: a file that it names.

    Raises:
        SettingsError: it is not TOML, or a key is unknown or makes no sense; names the key (code `page-settings`).
    """
    remedy = "docs/how-to/host-the-page.md has an example."
    try:
        members = parse_toml(data)
        if read:
            members |= _of_files(members, read)
        return PageSettings.model_validate(members)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        what = f"{key}: {first['msg']}" if key else first["msg"]
    except SettingsError as error:
        what = error.what
    except NotToml as error:
        what = f"it is not TOML: {error}"
    raise SettingsError(what, where=where, remedy=remedy, code="page-settings")
