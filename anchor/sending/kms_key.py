"""A key in AWS KMS (`ECC_SECG_P256K1`, `SIGN_VERIFY`). Credentials come from where AWS's tools look for them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs

from anchor.sending.signer_answers import not_signed
from registry.errors import SettingsError, SignerError
from registry.extras import needs

ATTEMPTS: Final = 2
CURVE: Final = "secp256k1"


class KmsKey:
    """A key by its id, its ARN or its alias.

    Args:
        client: of boto3, for `kms`.
    """

    def __init__(self, client: Any, key: str):
        self._client = client
        self._key = key

    @classmethod
    def of(cls, url: str, timeout: float) -> KmsKey:
        """The key that `awskms:KEY?region=REGION` names; without a region, the one of AWS's own settings.

        Raises:
            SettingsError: the URL or AWS's settings make no sense, or boto3 is not installed.
        """
        key, _, query = url.removeprefix("awskms:").partition("?")
        options = parse_qs(query, keep_blank_values=True)
        if not key or options.keys() - {"region"} or any(len(values) > 1 for values in options.values()):
            raise _senseless("it is not awskms:KEY?region=REGION")
        with needs("kms"):
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        limits = Config(connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": ATTEMPTS})
        try:
            client = boto3.session.Session().client("kms", region_name=options.get("region", [None])[0], config=limits)
        except (BotoCoreError, ValueError) as error:
            raise _senseless(str(error)) from None
        return cls(client, key)

    @property
    def where(self) -> str:
        """The key's name."""
        return f"awskms:{self._key}"

    def public_point(self) -> bytes:
        """As in `DigestKey`."""
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

        answer = self._asked("get_public_key", KeyId=self._key)
        try:
            public = load_der_public_key(answer["PublicKey"])
        except (KeyError, ValueError, TypeError):
            public = None
        if not isinstance(public, EllipticCurvePublicKey) or public.curve.name != CURVE:
            raise SignerError(
                "it is no key on the curve that chains use",
                where=self.where,
                remedy="Make one with --key-spec ECC_SECG_P256K1 --key-usage SIGN_VERIFY.",
                code="key-kind",
            )
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]

    def sign_digest(self, digest: bytes) -> tuple[int, int]:
        """As in `DigestKey`."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        # KMS names the algorithm by a hash of 32 bytes; a digest is signed as it is.
        how = {"MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
        answer = self._asked("sign", KeyId=self._key, Message=digest, **how)
        try:
            return decode_dss_signature(answer["Signature"])
        except (KeyError, ValueError, TypeError):
            return 0, 0  # no signature of anything

    def _asked(self, method: str, **what: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, method)(**what)
        except ClientError as error:
            told = error.response.get("Error", {})
            raise not_signed(self.where, f"{told.get('Code')}: {str(told.get('Message'))[:200]}") from None
        except BotoCoreError as error:
            raise not_signed(self.where, str(error)[:200]) from None


def _senseless(why: str) -> SettingsError:
    return SettingsError(
        f"the key in AWS KMS cannot be used: {why}",
        where="signer",
        remedy="Write awskms:KEY?region=REGION, with an id, an ARN or an alias; see docs/how-to/sign-in-hardware.md.",
        code="signer-url",
    )
