"""The code on a diploma: a link that brings the receipt to the page that verifies, as a picture and as text.

The link is the one that the page itself makes and reads (`registry/service/web/browser/sharing.js`): the receipt in
CBOR, in base64url, behind `#`, which no browser sends. So whoever has the paper alone can check that the credential is
on record and whether it was withdrawn, and the server with the page learns nothing.
"""

from __future__ import annotations

import io
from typing import Final

from registry.errors import SettingsError
from registry.extras import needs
from registry.proofs.signatures.multibase import to_url_text
from registry.receipt.model import Receipt, to_cbor

MOST_BYTES: Final = 2_953
"""What a QR code of the largest kind holds with the least redundancy (ISO/IEC 18004)."""
_LONG: Final = 700
_QUIET_MODULES: Final = 4
# Which of the eight masks is laid over the code is free to whoever writes it, and the code says which; the standard
# would have all tried and the evenest taken, which takes five times as long. What lies below is as good as random.
_MASK: Final = 3


def link_of(receipt: Receipt, verify_url: str) -> str:
    """The address that brings the receipt to the page that verifies.

    Args:
        verify_url: of that page, without a fragment.

    Raises:
        SettingsError: the link does not fit into a QR code.
    """
    link = f"{verify_url}#{to_url_text(to_cbor(receipt))}"
    if len(link) > MOST_BYTES:
        raise SettingsError(
            f"the link to the verify page is {len(link):,} characters long, and a QR code holds {MOST_BYTES:,}",
            where=verify_url,
            remedy="Give the page a shorter address.",
            code="link-too-long",
        )
    return link


def qr_svg(text: str, *, sized: bool = True) -> tuple[str, int]:
    """A QR code as SVG, with its quiet zone; and how many modules wide it is, that included.

    Args:
        sized: whether it says how large it is, a pixel a module; otherwise it is as large as its place.
    """
    with needs("issuing"):
        import segno
    code = segno.make(text, error="l" if len(text) > _LONG else "m", mask=_MASK, boost_error=False, micro=False)
    buffer = io.BytesIO()
    code.save(buffer, kind="svg", border=_QUIET_MODULES, xmldecl=False, nl=False, omitsize=not sized)
    return buffer.getvalue().decode(), int(code.symbol_size(border=_QUIET_MODULES)[0])


def grouped(digest: str) -> str:
    """A digest of 64 hexadecimal digits in groups of four, as it can be read out and typed in."""
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))
