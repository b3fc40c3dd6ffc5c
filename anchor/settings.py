"""The settings of the program: `testamur.toml`, then `TESTAMUR_*`, then the command line; the later one wins."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as PydanticSettingsError

from registry.credential.strictjson import MOST_DEPTH
from registry.errors import SettingsError
from registry.records import MOST_PARTIES
from registry.verify.freshness import DEFAULT_EVIDENCE_DAYS, DEFAULT_LATE_SECONDS

SETTINGS_FILE = "testamur.toml"
EMBEDDED = "embedded"
PREFIX = "TESTAMUR_"
# Kubernetes gives these to every process beside a service that is called testamur.
_OF_A_SERVICE = re.compile(r"service_host|service_port(_\w+)?|port(_\d+_(tcp|udp)(_\w+)?)?")


class SecretFile:
    """Marks the path of a file whose content nobody may read; `registry.secrets` hides it."""


class Public:
    """Marks an address that is meant for everybody, so that nothing of it is hidden."""


class StatusKey(BaseModel):
    """The key that signs an issuer's status lists, and the URL under which verifiers find its public half."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[Path, SecretFile]
    method: Annotated[str | None, Public] = None


class Settings(BaseSettings):
    """Every setting there is. Each is documented in `docs/reference/settings.md`; a test compares the two."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_folder: Path = Field(default=Path("testamur-data"), description="Database, trees and the embedded chain.")
    database: str | None = Field(
        default=None, description="PostgreSQL, as `postgresql://user@host/name`; default: SQLite in the data folder."
    )
    chain: str = Field(
        default=EMBEDDED, description="`embedded`, or the URLs of JSON-RPC endpoints of one chain, the preferred first."
    )
    contract: str | None = Field(default=None, description="Address of the contract; default: the same on every chain.")
    issuer: int | None = Field(default=None, ge=1, le=MOST_PARTIES, description="The party this folder anchors for.")
    trusted_issuers: frozenset[int] = Field(
        default=frozenset(), description="Parties whose number the verifier has confirmed with the institution."
    )
    policy: Path | None = Field(default=None, description="Policy file of a verifier: bodies and issuers it believes.")
    level_maps: Path | None = Field(
        default=None, description="Folder of level maps of your own, beside those that are bundled."
    )
    keystore: Path | None = Field(default=None, description="Key file (Web3 Secret Storage) of the account that signs.")
    keystore_password_file: Annotated[Path | None, SecretFile] = Field(
        default=None, description="File whose first line opens the keystore."
    )
    key: SecretStr | None = Field(default=None, description="Private key in hex; for tests, prefer a keystore.")
    remote_signer: SecretStr | None = Field(
        default=None, description="URL of a signer that speaks JSON-RPC, such as Web3Signer; before keystore and key."
    )
    remote_signer_address: str | None = Field(default=None, description="Account that the remote signer signs for.")
    signer: str | None = Field(
        default=None, description="Key in hardware: `awskms:KEY?region=REGION` or a PKCS#11 URI; before all others."
    )
    signer_pin: SecretStr | None = Field(default=None, description="PIN of the PKCS#11 token; prefer a file.")
    signer_pin_file: Annotated[Path | None, SecretFile] = Field(
        default=None, description="File whose first line is the PIN of the PKCS#11 token."
    )
    operator_keystore: Path | None = Field(
        default=None, description="Key file of the operator, when the daemon's own account only relays and pays."
    )
    operator_keystore_password_file: Annotated[Path | None, SecretFile] = Field(
        default=None, description="File whose first line opens the operator's keystore."
    )
    rpc_timeout: float = Field(default=10.0, gt=0, le=600, description="Seconds for one request to the chain.")
    transaction_timeout: float = Field(
        default=180.0, gt=0, description="Seconds to wait for a transaction to be mined."
    )
    finality_timeout: float = Field(default=1800.0, gt=0, description="Seconds `--wait` waits for finality.")
    finality_depth: int | None = Field(
        default=None, ge=0, description="Blocks that count as final on a chain without a `finalized` tag."
    )
    head_age_seconds: float = Field(
        default=DEFAULT_LATE_SECONDS,
        ge=0,
        description="Age of the newest block that is late, on a chain that is not slower; 0: blocks on demand only.",
    )
    prove: bool = Field(
        default=False, description="Verify by proofs of what the contract stores, and believe no endpoint's word."
    )
    quorum: int | None = Field(
        default=None,
        ge=1,
        le=16,
        description="Endpoints that have to name the block that proofs are checked against; default: two of several.",
    )
    checkpoints: Path | None = Field(
        default=None, description="Checkpoint list: blocks that witnesses signed, for verifying without an endpoint."
    )
    witnesses: Path | None = Field(
        default=None,
        description="Witnesses file of the checkpoint list: whose signatures count, and how many it takes.",
    )
    evidence_days: float = Field(
        default=DEFAULT_EVIDENCE_DAYS,
        gt=0,
        le=36_500,
        description="Age in days of evidence in a receipt by which a status still counts, with a warning.",
    )
    evidence: bool = Field(
        default=True, description="Keep evidence of each batch that is final: what the contract stores of it, proved."
    )
    max_document_bytes: int = Field(default=8 << 20, ge=1, description="Largest JSON credential accepted, in bytes.")
    max_document_depth: int = Field(
        default=64, ge=1, le=MOST_DEPTH, description="Deepest nesting of a JSON credential."
    )
    workers: int | None = Field(
        default=None, ge=1, le=64, description="Processes for digests, diplomas and verifying; default: one a core."
    )

    trees: str | None = Field(
        default=None, description="Tree store, as `s3://bucket/prefix`; default: the folder `trees` in the data folder."
    )
    tree_cache_bytes: int = Field(default=64 << 20, ge=1 << 20, description="Memory for parts of trees, in bytes.")

    daemon_seconds: float = Field(default=2.0, gt=0, le=600, description="Seconds between two rounds of the daemon.")
    lease_seconds: float = Field(
        default=60.0,
        ge=1,
        le=3600,
        description="Seconds after which another daemon may take over a silent one's account.",
    )
    fee_ceiling_gwei: float | None = Field(
        default=None,
        gt=0,
        description="Most that a transaction may cost, in gwei per gas; default: twenty times the going rate.",
    )
    bump_blocks: int = Field(default=3, ge=1, description="Blocks since the first send before the fee is raised.")
    republish_blocks: int = Field(
        default=2, ge=1, description="Blocks since the last send after which the same bytes are sent again."
    )
    most_in_flight: int = Field(default=64, ge=1, le=1000, description="Transactions sent and not mined at one time.")
    queue_credentials: int = Field(default=10_000, ge=1, description="Credentials that seal an issuer's open queue.")
    queue_seconds: float = Field(default=3600.0, gt=0, description="Age in seconds that seals an issuer's open queue.")
    low_anchors: int = Field(default=50, ge=0, description="Warn when the balance pays for fewer anchors than this.")

    daemon_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes that take jobs in; with more than one, beside the one that anchors.",
    )
    intake_bytes: int = Field(default=1 << 30, ge=1, description="Largest job the daemon takes, in bytes.")
    intake_credentials: int = Field(default=1_000_000, ge=1, description="Most rows or files of a job.")
    intake_seconds: float = Field(default=600.0, gt=0, description="Seconds in which a job must have come in.")
    intake_idle_seconds: float = Field(
        default=30.0, gt=0, description="Seconds after which a client that sends nothing more is given up."
    )
    drop_folder: Path | None = Field(
        default=None, description="Folder of folders, one an issuer's number; files in them become jobs."
    )
    drop_quiet_seconds: float = Field(
        default=60.0, ge=0, description="Seconds for which a file in the drop folder must not have changed."
    )

    index_seconds: float = Field(
        default=2.0, gt=0, le=600, description="Seconds between two looks of the indexer at a chain with nothing new."
    )
    index_ranges: int = Field(
        default=4,
        ge=1,
        le=32,
        description="Ranges of blocks that the indexer reads from each endpoint at a time, far below the head.",
    )
    index_lag: int = Field(
        default=20,
        ge=0,
        description="Blocks that the index may be behind and still say what is not revoked, absent, or accredited.",
    )
    serve_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes that answer lookups; with more than one, beside the one that indexes.",
    )
    rate_limit: float = Field(
        default=100.0, ge=0, description="Requests a second that one address may send to the service; 0: any number."
    )
    verify_workers: int = Field(
        default=1, ge=1, le=64, description="Processes that read what is sent to the service to be verified."
    )
    verify_seconds: float = Field(
        default=20.0, gt=0, description="Seconds of processor time for reading the documents of one upload."
    )
    verify_uploads: int = Field(
        default=4, ge=1, le=32, description="Uploads from one address that are verified at the same time."
    )
    public_url: Annotated[str | None, Public] = Field(
        default=None,
        pattern="^https?://[^?#]*[^?#/]$",
        description="URL under which the service is reached, for the addresses of status lists.",
    )
    page_settings: Path | None = Field(
        default=None, description="What is put into the page that verifies in a browser: endpoints, issuers, a name."
    )
    audit_folder: Path | None = Field(
        default=None, description="Reports of audits that the service shows, as `testamur audit -o` writes them."
    )
    registers: Path | None = Field(
        default=None, description="Folder with snapshots of registers (`*.register`) that the service answers from."
    )
    organisations: Path | None = Field(
        default=None, description="Names, countries and identifiers of parties, for what is told in formats of others."
    )
    federation_party: int | None = Field(
        default=None, ge=1, le=MOST_PARTIES, description="The body that the service speaks for in OpenID Federation."
    )
    federation_key: Annotated[Path | None, SecretFile] = Field(
        default=None, description="File with the key by which that body signs statements and trust marks."
    )
    partnership_folder: Path | None = Field(
        default=None,
        description="Anchored partnerships and statements; default: the folder `partnerships` of the data folder.",
    )
    status_keys: dict[int, StatusKey] = Field(
        default_factory=dict, description="By issuer, the key that signs its status lists."
    )

    issuing_key: Annotated[Path | None, SecretFile] = Field(
        default=None, description="File with the institution's key, which signs credentials made of rosters."
    )
    issuing_method: Annotated[str | None, Public] = Field(
        default=None,
        description="Under which verifiers find the public half of it; default: `#key-1` of the template's issuer.",
    )
    issuing_proofs: Literal["both", "rdfc", "jcs"] = Field(
        default="both", description="The proofs that credentials carry: over RDF, over JSON, or one of each."
    )
    issuing_confirmation: Literal["name", "account", "off"] = Field(
        default="name",
        description="Who confirms a root: another name, also another account, or whoever made it.",
    )

    wallet_url: Annotated[str | None, Public] = Field(
        default=None,
        pattern=r"^(https://[^?#/\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)(/[^?#\s]*[^?#/\s])?$",
        description="URL under which wallets reach the wallet server; HTTPS, or HTTP on this machine for a trial.",
    )
    wallet_days: int = Field(
        default=30, ge=1, le=366, description="Days for which an offer to a wallet is good once it was made."
    )

    log_format: Literal["console", "json"] = Field(
        default="console", description="Log lines of the daemon: for a person, or JSON for a collector."
    )
    loop_timeout: float = Field(
        default=120.0, gt=0, description="Seconds after which a loop that has not come round counts as dead."
    )
    alert_webhooks: tuple[SecretStr, ...] = Field(
        default=(), description="URLs that warnings and critical events are posted to; they may contain tokens."
    )
    alert_secret: SecretStr | None = Field(default=None, description="Signs what is posted, with HMAC-SHA256.")
    alert_period: float = Field(
        default=3600.0, ge=0, description="Seconds in which the same event about the same thing is posted only once."
    )

    toml_file: ClassVar[Path | None] = None
    _in_file: Mapping[str, Path] = PrivateAttr(default_factory=dict)

    @property
    def documents(self) -> Path:
        """Where partnerships and statements are kept."""
        return self.partnership_folder or self.data_folder / "partnerships"

    def file_with(self, name: str) -> Path | None:
        """The settings file, where it has a value for this setting."""
        return self._in_file.get(name)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes them by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line before environment before file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.toml_file)


def load_settings(toml_file: Path | None = None, **overrides: Any) -> Settings:
    """The settings in force.

    Args:
        toml_file: the settings file; default: `testamur.toml` in the working folder, if there is one. Relative
            folders inside it are relative to it.
        overrides: what the command line says; None means that it says nothing.

    Raises:
        SettingsError: a value makes no sense, or the named file cannot be read.
    """
    _refuse_misspelt(os.environ)
    path = toml_file or Path(SETTINGS_FILE)
    if toml_file is not None and not path.is_file():
        raise SettingsError("the settings file is not there", where=str(path), remedy="Check --settings.")
    bound = type("BoundSettings", (Settings,), {"toml_file": path if path.is_file() else None, "__module__": __name__})
    try:
        settings: Settings = bound(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise _senseless(error) from None
    except PydanticSettingsError as error:
        # Its text names the setting; the value stays out of it, because it may be a secret.
        named = re.search(r'field "(\w+)"', str(error))
        variable = f"{PREFIX}{named[1].upper()}" if named else "a variable of the environment"
        raise SettingsError(
            f"{variable} is no JSON",
            remedy="Write a list or a table as JSON, such as '[3, 7]'.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file is not TOML: {error}", where=str(path)) from None
    if path.is_file():
        with path.open("rb") as file:
            settings._in_file = dict.fromkeys(tomllib.load(file), path)
    return _resolved(settings, path.parent if path.is_file() else Path())


def handed_on(settings: Settings) -> Settings:
    """The same settings as another process can be given them: those of a file are of a class that only this one has."""
    plain = Settings.model_construct(**{name: getattr(settings, name) for name in Settings.model_fields})
    plain._in_file = settings._in_file
    return plain


def _resolved(settings: Settings, folder: Path) -> Settings:
    """Paths as seen from the folder of the settings file, so that the program may run anywhere."""
    names = (
        "data_folder",
        "policy",
        "level_maps",
        "drop_folder",
        "keystore",
        "keystore_password_file",
        "signer_pin_file",
    )
    others = (
        "operator_keystore",
        "operator_keystore_password_file",
        "page_settings",
        "audit_folder",
        "issuing_key",
        "registers",
        "organisations",
        "federation_key",
        "partnership_folder",
    )
    paths = {name: getattr(settings, name) for name in (*names, *others)}
    update: dict[str, Any] = {name: folder / path.expanduser() for name, path in paths.items() if path is not None}
    update["status_keys"] = {
        issuer: key.model_copy(update={"file": folder / key.file.expanduser()})
        for issuer, key in settings.status_keys.items()
    }
    return settings.model_copy(update=update)


def _senseless(error: ValidationError) -> SettingsError:
    errors = error.errors(include_url=False, include_input=False)
    # A misspelt name is why another one is missing.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return _unknown(f"setting {name!r}", str(first["loc"][-1]), _names(first["loc"]), str)
    said = _AS_WRITTEN.get(first["type"]) or f"{first['msg'][:1].lower()}{first['msg'][1:]}"
    return SettingsError(
        f"setting {name!r}: {said}",
        remedy=f"Correct it in {SETTINGS_FILE} or in TESTAMUR_{name.upper()}.",
    )


# What pydantic calls by the names of Python's types, as it is written in the file.
_LIST = "it should be a list, such as [3, 7]"
_TABLE = "it should be a table"
_AS_WRITTEN = {
    **dict.fromkeys(("frozen_set_type", "set_type", "tuple_type", "list_type"), _LIST),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), _TABLE),
}


def _names(place: tuple[int | str, ...]) -> Collection[str]:
    """The names that there are where an unknown one was found."""
    return StatusKey.model_fields if place[0] == "status_keys" else Settings.model_fields


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """Refuse a variable that looks like a setting and is none: pydantic passes it over without a word."""
    for variable in sorted(environment):
        if not variable.upper().startswith(PREFIX):
            continue
        name = variable[len(PREFIX) :].lower()
        if name not in Settings.model_fields and not _OF_A_SERVICE.fullmatch(name):
            raise _unknown(
                f"setting for the variable {variable}", name, Settings.model_fields, lambda one: PREFIX + one.upper()
            )


def _unknown(what: str, name: str, names: Collection[str], written: Callable[[str], str]) -> SettingsError:
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"Did you mean {written(near[0])}?" if near else f"The settings are: {', '.join(map(written, names))}."
    return SettingsError(f"there is no {what}", remedy=meant, code="unknown-setting")
