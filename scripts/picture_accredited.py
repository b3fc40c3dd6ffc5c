"""Draw the page that answers whether something was accredited as the docs show it, at 320 and 1,200 px.

A register that is made up, one question about a conditional programme; small, as `picture_page` makes its pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scripts.picture_page import FOLDER, MOST_BYTES, small
from tests.registry.chain.worlds import listening
from tests.registry.service.test_registers import UNIVERSITY
from tests.web.browser import chromium
from tests.web.test_registers_in_browser import shelf_of

ASKED: Final = f"/accredited?party={UNIVERSITY}&programme=urn:p:conditional"
SCREENS: Final = ((320, 900), (1200, 900))


def main() -> int:
    """Write the pictures."""
    with TemporaryDirectory() as name:
        shelf = shelf_of(Path(name) / "shelf", hostile=False)
        with listening(shelf.app) as address, chromium(Path(name)) as browser:
            for width, height in SCREENS:
                with browser.screen(width, height):
                    browser.open(f"{address}{ASKED}")
                    picture = small(browser.picture("main"))
                if len(picture) > MOST_BYTES:
                    raise ValueError(f"at {width} px it is {len(picture):,} bytes")
                (FOLDER / f"accredited-{width}.png").write_bytes(picture)
                print(f"{width} px: {len(picture):,} bytes")
        shelf.stand.engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
