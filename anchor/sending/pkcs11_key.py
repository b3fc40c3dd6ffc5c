"""A key in a PKCS#11 token: a hardware security module, a smart card, or SoftHSM."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from anchor.sending.signer_answers import POINT_BYTES, not_signed
from registry.errors import SettingsError, SignerError
from registry.extras import needs

# 1.3.132.0.10, secp256k1, as an object identifier in DER.
CURVE: Final = bytes.fromhex("06052b8104000a")
UNCOMPRESSED: Final = b"\x04"
_OF_THE_PATH: Final = {"token", "object", "id", "serial", "type"}


@dataclass(frozen=True, slots=True)
class TokenUri:
    """What a PKCS#11 URI (RFC 7512) names: `pkcs11:token=…;object=…?module-path=…`.

    Attributes:
        module: the library of the hardware's vendor.
    """

    module: str
    token: str | None = None
    serial: bytes | None = None
    label: str | None = None
    id: bytes | None = None

    @classmethod
    def of(cls, uri: str) -> TokenUri:
        """Read one.

        Raises:
            SettingsError: it is none, names no key, or has a PIN in it.
        """
        path, _, query = uri.removeprefix("pkcs11:").partition("?")
        pairs = [part.partition("=") for part in (*path.split(";"), *query.split("&")) if part]
        given = {name: value for name, _, value in pairs}
        if "pin-value" in given or "pin-source" in given:
            raise _senseless("the PIN does not belong into it", "Put it into a file, and name that by signer_pin_file.")
        if len(given) != len(pairs) or given.keys() - _OF_THE_PATH - {"module-path"}:
            raise _senseless("it names something twice, or something that is not known here")
        if "module-path" not in given or not given.keys() & {"token", "serial"} or not given.keys() & {"object", "id"}:
            raise _senseless("it has to name the module-path, the token and the object (or its id)")
        return cls(
            module=unquote(given["module-path"]),
            token=_text(given.get("token")),
            serial=None if "serial" not in given else unquote_to_bytes(given["serial"]),
            label=_text(given.get("object")),
            id=None if "id" not in given else unquote_to_bytes(given["id"]),
        )


class TokenKey:
    """A key pair in a token, for one thread at a time; the session is opened when it is needed."""

    def __init__(self, uri: TokenUri, pin: str | None):
        self._uri = uri
        self._pin = pin
        self._lock = threading.Lock()
        self._session: Any = None
        # A token locks itself after a few wrong PINs: the same one is never tried twice.
        self._refused: SignerError | None = None

    @classmethod
    def of(cls, uri: str, pin: str | None) -> TokenKey:
        """The key that a URI names.

        Raises:
            SettingsError: the URI names none, or python-pkcs11 is not installed.
        """
        read = TokenUri.of(uri)
        with needs("pkcs11"):
            import pkcs11  # noqa: F401
        return cls(read, pin)

    @property
    def where(self) -> str:
        """Token and object."""
        return f"pkcs11:token={self._uri.token or ''};object={self._uri.label or (self._uri.id or b'').hex()}"

    def public_point(self) -> bytes:
        """As in `DigestKey`."""
        from pkcs11 import Attribute, ObjectClass

        def read(session: Any) -> tuple[bytes, bytes]:
            key = self._key(session, ObjectClass.PUBLIC_KEY)
            return bytes(key[Attribute.EC_PARAMS]), bytes(key[Attribute.EC_POINT])

        curve, point = self._asked(read)
        # Some modules give the point itself, most an octet string with it.
        if curve != CURVE or len(point) < POINT_BYTES + 1 or point[-POINT_BYTES - 1 :][:1] != UNCOMPRESSED:
            raise SignerError(
                "it is no key on the curve that chains use",
                where=self.where,
                remedy="Make one on secp256k1 (1.3.132.0.10).",
                code="key-kind",
            )
        return bytes(point[-POINT_BYTES:])

    def sign_digest(self, digest: bytes) -> tuple[int, int]:
        """As in `DigestKey`."""
        from pkcs11 import Mechanism, ObjectClass

        def sign(session: Any) -> bytes:
            key = self._key(session, ObjectClass.PRIVATE_KEY)
            return bytes(key.sign(digest, mechanism=Mechanism.ECDSA))

        signature = self._asked(sign)
        half = len(signature) // 2
        return int.from_bytes(signature[:half]), int.from_bytes(signature[half:])

    def _key(self, session: Any, kind: Any) -> Any:
        return session.get_key(object_class=kind, label=self._uri.label, id=self._uri.id)

    def _asked(self, question: Any) -> Any:
        import pkcs11

        with self._lock:
            if self._refused is not None:
                raise self._refused
            try:
                if self._session is None:
                    self._session = self._opened()
                return question(self._session)
            except (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinLenRange, pkcs11.PinInvalid) as error:
                self._refused = SignerError(
                    f"the token does not take the PIN ({type(error).__name__})",
                    where=self.where,
                    remedy="It locks itself after a few wrong ones, so it is not tried again. Check signer_pin_file, "
                    "and start anew.",
                    code="pin",
                )
                raise self._refused from None
            except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
                # The session may be lost with its token: a new one is opened the next time.
                if self._session is not None:
                    with suppress(pkcs11.PKCS11Error):
                        self._session.close()
                    self._session = None
                raise not_signed(self.where, f"{type(error).__name__} {error}".strip()[:200]) from None

    def _opened(self) -> Any:
        import pkcs11

        token = pkcs11.lib(self._uri.module).get_token(token_label=self._uri.token, token_serial=self._uri.serial)
        try:
            return token.open(user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:
            # A token knows processes, not sessions: another key of this one has logged in.
            return token.open()


def _text(value: str | None) -> str | None:
    return None if value is None else unquote(value)


def _senseless(why: str, remedy: str = "docs/how-to/sign-in-hardware.md has an example.") -> SettingsError:
    return SettingsError(f"the PKCS#11 URI cannot be used: {why}", where="signer", remedy=remedy, code="signer-url")
