"""Draw the learner's page as the docs show it, with credentials of all kinds, like `scripts/picture_page.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from registry.service.web.page.kinds import Kind
from scripts.picture_page import FOLDER, MOST_BYTES, SCREENS, small
from tests.web.states import stand_in


def main() -> int:
    """Write the pictures."""
    with TemporaryDirectory() as folder, stand_in(Path(folder), Kind.LEARNER) as stand:
        stand.open()
        stand.bring(stand.states["table"].files)
        stand.browser.wait("document.querySelector('.entries') !== null")
        for width, height in SCREENS:
            with stand.browser.screen(width, height):
                picture = small(stand.browser.picture("#outcome"))
            if len(picture) > MOST_BYTES:
                raise ValueError(f"the picture at {width} px is {len(picture):,} bytes")
            (FOLDER / f"learner-{width}.png").write_bytes(picture)
            print(f"{width} px: {len(picture):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
