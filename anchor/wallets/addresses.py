"""The addresses of the wallet server, by the one address under which wallets reach it.

Well-known addresses stand between host and path (OID4VCI 1.0, section 12.2.2; RFC 8414, section 3), all others below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from anchor.settings import Settings
from registry.errors import SettingsError

ISSUER_METADATA: Final = "/.well-known/openid-credential-issuer"
SERVER_METADATA: Final = "/.well-known/oauth-authorization-server"
TOKEN: Final = "/token"  # noqa: S105 - an address
CREDENTIAL: Final = "/credential"
NOTIFICATION: Final = "/notification"
OFFERS: Final = "/offers"
INTERACTIONS: Final = "/interactions"
EXCHANGES: Final = "/exchanges"
INTERACTION_VERSION: Final = "iuv=1"
"""What an interaction URL is known by (VCALM, "Interaction URL Format")."""
_SCHEME: Final = "openid-credential-offer://"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where wallets and people find the server.

    Attributes:
        issuer: its address, which is the identifier of the credential issuer and of the authorisation server.
    """

    issuer: str

    @property
    def path(self) -> str:
        """The path of the address, below which all routes but the well-known ones are; "" for a host of its own."""
        return urlsplit(self.issuer).path

    def interaction(self, secret: str) -> str:
        """What is in the QR code of an offer."""
        return f"{self.page(secret)}?{INTERACTION_VERSION}"

    def page(self, secret: str) -> str:
        """The same offer for a browser."""
        return f"{self.issuer}{INTERACTIONS}/{secret}"

    def offer(self, secret: str) -> str:
        """What a wallet that takes credential offers is opened with; the offer itself is fetched."""
        return f"{_SCHEME}?credential_offer_uri={quote(f'{self.issuer}{OFFERS}/{secret}', safe='')}"

    def exchange(self, secret: str) -> str:
        """Where a wallet takes part in a VC-API exchange."""
        return f"{self.issuer}{EXCHANGES}/{secret}"

    def exchange_link(self, secret: str) -> str:
        """An exchange as an interaction URL."""
        return f"{self.exchange(secret)}?{INTERACTION_VERSION}"


def addresses_of(settings: Settings) -> Addresses:
    """The addresses by the settings.

    Raises:
        SettingsError: code `no-wallet-url`: they do not say where wallets reach the server.
    """
    if settings.wallet_url is None:
        raise SettingsError(
            "it is not said where wallets reach the wallet server",
            remedy="Set wallet_url to its address, such as https://wallet.university.example, in testamur.toml.",
            code="no-wallet-url",
        )
    return Addresses(settings.wallet_url)
