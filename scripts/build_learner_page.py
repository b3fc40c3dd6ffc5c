"""Make one program of the modules of a learner's page, as `build_verify_page.py` does of the page that checks."""

from __future__ import annotations

import sys

from registry.service.web.page.kinds import Kind
from scripts.build_verify_page import main

if __name__ == "__main__":
    sys.exit(main(Kind.LEARNER))
