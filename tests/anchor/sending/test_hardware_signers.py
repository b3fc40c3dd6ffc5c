"""Keys in hardware: AWS KMS and a PKCS#11 token sign as a key in this process would; nothing is taken on trust.

KMS is a stand-in of the two calls that are made: moto hashes a digest once more before it signs (MessageType DIGEST is
not looked at) and signs with disabled keys, so what it gives is no signature of what was asked.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.constants import SECPK1_N

from anchor.sending.accounts import signer_from
from anchor.sending.hardware_signer import HardwareSigner, hardware_signer
from anchor.sending.pkcs11_key import TokenUri
from anchor.settings import Settings, load_settings
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.errors import SettingsError, SignerError
from tests.anchor.sending.test_remote_signer import MESSAGE, TRANSACTION
from tests.conftest import Run
from tests.registry.chain.worlds import anvil

KEY, OTHER_KEY = PUBLICLY_KNOWN_KEYS[:2]
ACCOUNT = Account.from_key(KEY)
MODULES = [Path(folder) / "softhsm/libsofthsm2.so" for folder in ("/usr/lib", "/usr/lib64", "/usr/local/lib")]
PIN = "5678"


def private(key: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(key.removeprefix("0x"), 16), curve or ec.SECP256K1())


class Kms:
    """The two calls, over HTTP as AWS has them.

    Attributes:
        signs_with: the key that signs, where it is not the one whose public key is given.
        s: "high" or "low": which of the two possible s is given.
        refuses: error code and HTTP status, instead of an answer.
        signature: given instead of one.
    """

    def __init__(self) -> None:
        self.public = self.signs_with = private(KEY)
        self.s = "low"
        self.refuses: tuple[str, int] | None = None
        self.signature: bytes | None = None
        self.asked: list[str] = []
        kms = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                name = self.headers["X-Amz-Target"].removeprefix("TrentService.")
                kms.asked.append(name)
                code, status = kms.refuses or ("", 200)
                answer = {"__type": code, "message": "no"} if code else kms.answer(name, request)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        if name == "GetPublicKey":
            public = self.public.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return {"KeyId": "arn", "PublicKey": base64.b64encode(public).decode()}
        assert (request["MessageType"], request["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")
        signed = self.signs_with.sign(base64.b64decode(request["Message"]), ec.ECDSA(Prehashed(SHA256())))
        r, s = decode_dss_signature(signed)
        s = (max if self.s == "high" else min)(s, SECPK1_N - s)
        signature = encode_dss_signature(r, s) if self.signature is None else self.signature
        return {"KeyId": "arn", "Signature": base64.b64encode(signature).decode()}

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    made = Kms()
    for name, value in (
        ("AWS_ENDPOINT_URL_KMS", made.url),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    yield made
    made.close()


def by_kms(timeout: float = 5.0) -> HardwareSigner:
    return hardware_signer("awskms:alias/operator?region=eu-west-1", pin=None, timeout=timeout)


def signs_as(signer: HardwareSigner, key: str) -> None:
    """Both recovery ids and both s come up in a few signatures."""
    account = Account.from_key(key)
    assert signer.address == account.address
    for nonce in range(8):
        transaction = {**TRANSACTION, "nonce": nonce}
        signed = signer.sign(transaction)
        assert Account.recover_transaction(signed.raw) == account.address
        expected = account.sign_transaction(transaction)
        # The same but for the signature itself, which is another each time.
        assert len(signed.raw) == pytest.approx(len(expected.raw_transaction), abs=3)
        content = encode_typed_data(full_message=MESSAGE.as_json())
        signature = signer.sign_typed(MESSAGE)
        assert Account.recover_message(content, signature=signature) == account.address
        assert int.from_bytes(signature[32:64]) <= SECPK1_N // 2


@pytest.mark.parametrize("s", ["low", "high"])
def test_kms_signs_as_the_key_would(kms: Kms, s: str) -> None:
    kms.s = s
    signs_as(by_kms(), KEY)


def test_a_signature_of_another_key_is_refused(kms: Kms) -> None:
    signer = by_kms()
    kms.signs_with = private(OTHER_KEY)
    for sign in (lambda: signer.sign(TRANSACTION), lambda: signer.sign_typed(MESSAGE)):
        with pytest.raises(SignerError, match="signed by 0x") as caught:
            sign()
        assert caught.value.code == "signer-differs"


@pytest.mark.parametrize(
    "signature", [b"", b"no DER", encode_dss_signature(0, 5), encode_dss_signature(5, SECPK1_N), b"\x30\x06" + bytes(6)]
)
def test_what_is_no_signature_is_refused(kms: Kms, signature: bytes) -> None:
    signer = by_kms()
    kms.signature = signature
    with pytest.raises(SignerError) as caught:
        signer.sign(TRANSACTION)
    assert caught.value.code == "signer-differs"


@pytest.mark.parametrize(
    "refusal",
    [
        ("AccessDeniedException", 400),
        ("DisabledException", 400),
        ("KMSInvalidStateException", 400),
        ("NotFoundException", 400),
    ],
)
def test_a_refusal_of_kms_passes(kms: Kms, refusal: tuple[str, int]) -> None:
    signer = by_kms()
    kms.refuses = refusal
    for ask in (lambda: signer.sign(TRANSACTION), by_kms):
        with pytest.raises(SignerError, match=refusal[0]) as caught:
            ask()
        assert (caught.value.code, caught.value.where) == ("signer-unavailable", "awskms:alias/operator")
    kms.refuses = None
    signer.sign(TRANSACTION)


def test_kms_that_is_busy_is_asked_once_more(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    signer = by_kms()
    kms.refuses, kms.asked = ("ThrottlingException", 400), []
    with pytest.raises(SignerError, match="ThrottlingException") as caught:
        signer.sign(TRANSACTION)
    assert (caught.value.code, kms.asked) == ("signer-unavailable", ["Sign", "Sign"])


def test_kms_that_is_away_and_credentials_that_are_not_there(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    with pytest.raises(SignerError) as caught:
        by_kms()
    assert caught.value.code == "signer-unavailable"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(SignerError, match="credentials") as caught:
        by_kms()
    assert caught.value.code == "signer-unavailable"


def test_a_key_on_another_curve_is_said(kms: Kms) -> None:
    kms.public = private(KEY, ec.SECP256R1())
    with pytest.raises(SignerError) as caught:
        by_kms()
    assert caught.value.code == "key-kind"


MODULE = "module-path=/m.so"


@pytest.mark.parametrize(
    "url",
    [
        "awskms:",
        "awskms:a?zone=1",
        "awskms:a?region=a&region=b",
        "vault:a",
        f"pkcs11:token=a?{MODULE}",
        f"pkcs11:object=a?{MODULE}",
        "pkcs11:token=a;object=b",
        f"pkcs11:token=a;token=b;object=c?{MODULE}",
        f"pkcs11:token=a;object=b;slot-id=1?{MODULE}",
        f"pkcs11:token=a;object=b?{MODULE}&pin-value=secret-pin",
    ],
)
def test_a_senseless_url_is_said_and_no_pin_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        hardware_signer(url, pin=None, timeout=1)
    assert caught.value.code == "signer-url"
    assert "secret-pin" not in caught.value.diagnostics()


def test_a_pkcs11_uri_is_read() -> None:
    read = TokenUri.of("pkcs11:token=My%20token;object=op;id=%01%ff;type=private?module-path=/usr/lib/m%3b.so")
    assert read == TokenUri("/usr/lib/m;.so", token="My token", label="op", id=b"\x01\xff")


# A token of SoftHSM


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of the second development key, in a token of its own."""
    module = next((path for path in MODULES if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("SoftHSM is not installed (apt-get install softhsm2)")
    import pkcs11
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.util.ec import encode_named_curve_parameters

    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        pins = ["--so-pin", "1234", "--pin", PIN]
        command = ["softhsm2-util", "--init-token", "--free", "--label", "testamur", *pins]
        subprocess.run(command, check=True, capture_output=True)
        key = private(OTHER_KEY)
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        common = {
            Attribute.KEY_TYPE: KeyType.EC,
            Attribute.EC_PARAMS: encode_named_curve_parameters("1.3.132.0.10"),
            Attribute.LABEL: "operator",
            Attribute.TOKEN: True,
        }
        value = key.private_numbers().private_value.to_bytes(32)
        with pkcs11.lib(str(module)).get_token(token_label="testamur").open(user_pin=PIN, rw=True) as session:
            secret = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.SIGN: True, Attribute.SENSITIVE: True}
            session.create_object({**common, **secret, Attribute.VALUE: value})
            public = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: b"\x04\x41" + point}
            session.create_object({**common, **public})
        yield f"pkcs11:token=testamur;object=operator?module-path={module}"


def test_a_wrong_pin_is_not_tried_twice(token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token locks itself after a few."""
    from anchor.sending.pkcs11_key import TokenKey

    key = TokenKey.of(token, "0000")
    with pytest.raises(SignerError) as caught:
        key.public_point()
    assert caught.value.code == "pin"
    monkeypatch.setattr("pkcs11.lib", lambda _: pytest.fail("it was asked again"))
    with pytest.raises(SignerError) as again:
        key.sign_digest(bytes(32))
    assert again.value.code == "pin"


def test_a_token_signs_as_the_key_would(token: str) -> None:
    signs_as(hardware_signer(token, pin=PIN, timeout=5), OTHER_KEY)


@pytest.mark.parametrize(
    ("name", "code"), [("token=other;object=operator", "unavailable"), ("token=testamur;object=x", "unavailable")]
)
def test_a_token_or_key_that_is_not_there_passes(token: str, name: str, code: str) -> None:
    url = f"pkcs11:{name}?{token.partition('?')[2]}"
    with pytest.raises(SignerError) as caught:
        hardware_signer(url, pin=PIN, timeout=5)
    assert caught.value.code == f"signer-{code}"


def test_the_pin_comes_from_a_file_that_others_cannot_read(token: str, tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text(f"{PIN}\n")
    path.chmod(0o600)
    settings = Settings(signer=token, signer_pin_file=path)
    assert signer_from(settings, 5).address == Account.from_key(OTHER_KEY).address
    path.chmod(0o644)
    with pytest.raises(SignerError, match="other users"):
        signer_from(settings, 5)


def test_a_chain_takes_what_hardware_signs(
    run: Run, kms: Kms, token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From the contract to a final batch: the account in KMS registers, the one in the token anchors."""
    (tmp_path / "one.json").write_text('{"id": "urn:x:1"}')
    (tmp_path / "testamur.toml").write_text("")
    with anvil() as url:
        monkeypatch.setenv("TESTAMUR_CHAIN", url)
        monkeypatch.setenv("TESTAMUR_SIGNER", "awskms:alias/operator?region=eu-west-1")
        assert run("deploy").code == 0
        assert run("issuer", "register", "--uri", "did:web:a.example").code == 0
        operator = Account.from_key(OTHER_KEY).address
        assert run("issuer", "operator", operator).code == 0
        monkeypatch.setenv("TESTAMUR_SIGNER", token)
        monkeypatch.setenv("TESTAMUR_SIGNER_PIN", PIN)
        assert load_settings(None).signer == token
        anchored = run("anchor", "one.json", "--json")
        assert (anchored.code, anchored.json["batches"][0]["state"]) == (0, "mined"), anchored.out
