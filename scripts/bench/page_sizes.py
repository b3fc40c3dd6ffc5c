"""What a browser has to load to verify: our page and our verifier beside packages of others, minified and packed.

    python -m scripts.bench.page_sizes [FOLDER[:FILE] ...]

A folder is that of a package of npm, in a project where it was installed (`npm install --ignore-scripts`), or unpacked
(`npm pack`). FILE is what the package itself has ready for a page; without it the package is bundled with all that it
imports, by the same esbuild with the same options as ours. docs/reference/verifier-js.md has the figures.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import page

REPOSITORY = Path(__file__).parents[2]
ESBUILD = REPOSITORY / "node_modules" / ".bin" / "esbuild"
VERIFIER = REPOSITORY / "registry" / "service" / "web" / "verifier"
OPTIONS = ("--bundle", "--minify", "--format=esm", "--target=es2022", "--platform=browser", "--log-level=error")
# Loaded by browsers without Ed25519 alone, and weighed by nobody else.
LATER = "--external:@noble/curves/*"


def main() -> int:
    """Print the table, in Markdown."""
    rows = [
        ("our page, `verify.html`, with everything in it", page(PageSettings())),
        ("our verifier, `testamur-verifier`", bundled(VERIFIER, LATER)),
        *(of_package(*argument.partition(":")[::2]) for argument in sys.argv[1:]),
    ]
    print("| What | Bytes | gzip | Times our page, packed |\n|---|---:|---:|---:|")
    bar = packed(rows[0][1])
    for name, data in rows:
        print(f"| {name} | {len(data):,} | {packed(data):,} | {packed(data) / bar:.1f} |")
    return 0


def of_package(folder: str, file: str) -> tuple[str, bytes]:
    """Name and weight of a package of others."""
    about = json.loads((Path(folder) / "package.json").read_text("utf-8"))
    name = f"`{about['name']}` {about['version']}"
    if file:
        return f"{name}, its `{file}`", (Path(folder) / file).read_bytes()
    return f"{name}, bundled", bundled(Path(folder))


def bundled(package: Path, *options: str) -> bytes:
    """All that a package exports, with what it imports."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "made.js"
        subprocess.run([ESBUILD, package.resolve(), *OPTIONS, *options, f"--outfile={made}"], check=True)
        return made.read_bytes()


def packed(data: bytes) -> int:
    """As a server packs it."""
    return len(gzip.compress(data, 9, mtime=0))


if __name__ == "__main__":
    sys.exit(main())
