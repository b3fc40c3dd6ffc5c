"""Make one program of the modules of the page that checks credentials, by esbuild, and print what it weighs.

The program is in Git as it is served, so that Python needs neither esbuild nor `node_modules`. The same modules, with
esbuild and packages as `package-lock.json` names them, make the same bytes on every system: with `--check` anybody sees
whether what is committed is what these files make.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import page

REPOSITORY = Path(__file__).parents[1]
PACKAGES = REPOSITORY / "node_modules"
FOLDERS = REPOSITORY / "registry" / "service" / "web"
CHANGELOG = REPOSITORY / "CHANGELOG.md"
IN_CHANGELOG = {
    Kind.VERIFY: re.compile(r"(SHA-256 of its program: `)[0-9a-f]{64}"),
    Kind.LEARNER: re.compile(r"(SHA-256 of the program of a learner's page: `)[0-9a-f]{64}"),
}
OPTIONS = (
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    "--charset=utf8",
    "--legal-comments=none",
    # The page loads nothing: see curves.js.
    "--alias:@noble/curves/ed25519.js=../browser/curves.js",
)
LICENCES = ("LICENSE-MIT", "LICENSE")
# Each of these would end the element that the program stands in, or begin another way to read it.
NOT_IN_SCRIPT = ("</script", "<script", "<!--")


def main(kind: Kind = Kind.VERIFY) -> int:
    """Overwrite the program and its hash wherever it is told, or with `--check` say which files are others."""
    folder = FOLDERS / kind.folder
    made = program(folder)
    told = sha256(made.encode()).hexdigest()
    # Of the version that is to come: what was released keeps its own.
    changelog = IN_CHANGELOG[kind].sub(rf"\g<1>{told}", CHANGELOG.read_text("utf-8"), count=1)
    written = {folder / "program.js": made, folder / "program.sha256": f"{told}\n", CHANGELOG: changelog}
    if sys.argv[1:] == ["--check"]:
        other = [path.name for path, text in written.items() if path.read_text("utf-8") != text]
        for name in other:
            print(f"{name} is not what this script builds", file=sys.stderr)
    else:
        other = []
        for path, text in written.items():
            path.write_text(text, "utf-8")
    print(f"program: SHA-256 {told}, {weight(made.encode())}")
    print(f"page: {weight(page(PageSettings(), kind))}")
    return bool(other)


def program(modules: Path) -> str:
    """The program of the modules in a folder, with the licences of what is of others before it."""
    with TemporaryDirectory() as folder:
        told, bundled = Path(folder) / "told.json", Path(folder) / "program.js"
        files = (f"--outfile={bundled}", f"--metafile={told}", "--log-level=warning")
        subprocess.run([PACKAGES / ".bin" / "esbuild", "main.js", *OPTIONS, *files], cwd=modules, check=True)
        (output,) = json.loads(told.read_text("utf-8"))["outputs"].values()
        code = bundled.read_text("utf-8")
    taken = [path for path, part in output["inputs"].items() if part["bytesInOutput"]]
    # Only in texts and patterns, where it is another way to write the same.
    made = licences(taken) + code.replace("<!--", r"<\x21--")
    if any(each in made.lower() for each in NOT_IN_SCRIPT):
        raise SystemExit("the program would end its own element")
    return made


def licences(modules: list[str]) -> str:
    """The licence of each package of others, as a comment."""
    inside = [path.rpartition("node_modules/")[2].split("/") for path in modules if "node_modules/" in path]
    names = sorted({"/".join(parts[: 1 + parts[0].startswith("@")]) for parts in inside})
    return "".join(f"/*! Of {name} {version(name)}:\n\n{licence(name)}\n*/\n" for name in names)


def version(name: str) -> str:
    """Of an installed package."""
    found: str = json.loads((PACKAGES / name / "package.json").read_text("utf-8"))["version"]
    return found


def licence(name: str) -> str:
    """Of an installed package: where it lets one choose, the short one."""
    path = next(path for each in LICENCES if (path := PACKAGES / name / each).exists())
    return path.read_text("utf-8").strip()


def weight(data: bytes) -> str:
    """Bytes as they are, and packed as a server packs them."""
    return f"{len(data):,} bytes, gzip {len(gzip.compress(data, 9, mtime=0)):,}"


if __name__ == "__main__":
    sys.exit(main())
