"""Write what the page that checks credentials has of others' code, and the hash of its program; print sizes.

The page itself is made of the package's files whenever it is asked for (`testamur page`, `/verify`): it is in Git
once, as its modules. Only Keccak, of @noble/hashes, and QR codes, of qr, are in no file of ours: they are taken from
`node_modules`, which an installed package does not have.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

from registry.service.web.page.program import forget, script
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import page, program_hash

REPOSITORY = Path(__file__).parents[1]
NOBLE = REPOSITORY / "node_modules" / "@noble" / "hashes"
QR = REPOSITORY / "node_modules" / "qr"
FOLDER = REPOSITORY / "registry" / "service" / "web" / "page"
DECLARED = re.compile(r"^(?:export )?(?:const|let|class|(?:async )?function) ([\w$]+)", re.M)


def main() -> int:
    """Overwrite the files, or with `--check` say which are others."""
    checking = sys.argv[1:] == ["--check"]
    bad = update("noble.js", noble(), checking=checking)
    bad += update("qr.js", qr(), checking=checking)
    bad += update("program.sha256", f"{program_hash()}\n", checking=checking)
    whole = page(PageSettings())
    print(f"program: SHA-256 {program_hash()}, {len(script()):,} bytes")
    print(f"page: {len(whole):,} bytes, gzip {len(gzip.compress(whole, 9, mtime=0)):,}")
    return bool(bad)


def update(name: str, text: str, *, checking: bool) -> int:
    """1 where the file is another one and must not be."""
    path = FOLDER / name
    if path.exists() and path.read_text("utf-8") == text:
        return 0
    if checking:
        print(f"{name} is not what this script builds", file=sys.stderr)
        return 1
    path.write_text(text, "utf-8")
    forget()
    return 0


def noble() -> str:
    """Keccak-256 and its permutation."""
    return vendored(NOBLE, ("_u64.js", "utils.js", "sha3.js"), ("keccakP", "keccak_256"), "Keccak-256 needs", "LICENSE")


def qr() -> str:
    """What writes QR codes; what reads them is left to the browser."""
    text = vendored(QR, ("index.js",), ("encodeQR",), "writing a QR code needs", "LICENSE-MIT")
    # Pictures are made of the squares alone: the program has no other form of them.
    text, count = re.subn(r"^    if \(output === '(?!raw)[^;]+;\n", "", text, flags=re.M)
    if count != 5:
        raise ValueError("the package draws in other ways than it did")
    head, body = text.split("*/\n\n", 1)
    parts = [each for each in re.split(r"^(?=[^\s}\])])", body, flags=re.M) if each.strip()]
    return f"{head}*/\n\n{''.join(needed(parts, {'encodeQR'}))}"


def vendored(package: Path, modules: tuple[str, ...], wanted: tuple[str, ...], what: str, licence: str) -> str:
    """The wanted names, with what they need of the package and nothing else, as one module."""
    described = json.loads((package / "package.json").read_text("utf-8"))
    parts = [statement for name in modules for statement in statements(package / name)]
    others = rf"^export (?!(?:const|function) (?:{'|'.join(wanted)})\b)"
    text = "".join(re.sub(others, "", each) for each in needed(parts, set(wanted)))
    return (
        "// Written by scripts/build_verify_page.py; `--check` says whether it is as the package has it.\n"
        "// @ts-nocheck\n"
        f"/*! Of {described['name']} {described['version']}, what {what}.\n\n"
        f"{(package / licence).read_text('utf-8').strip()}\n*/\n\n{text}"
    )


def statements(path: Path) -> list[str]:
    """The declarations of a module, without comments, imports and lists of exports."""
    source = stripped_keeping_lines(path.read_text("utf-8"))
    source = re.sub(r"^(?:import|export) \{[^}]*\}(?: from [^;]+)?;\n", "", source, flags=re.M)
    source = re.sub(r"^export default \w+;\n", "", source, flags=re.M)
    return [each for each in re.split(r"^(?=[^\s}\])])", source, flags=re.M) if each.strip()]


def stripped_keeping_lines(source: str) -> str:
    """Without comments, but indented: what begins a line at its first column begins a statement."""
    without = re.sub(r"^[ \t]*/\*.*?\*/[ \t]*\n|/\* @__PURE__ \*/ ?\n?", "", source, flags=re.S | re.M)
    without = re.sub(r"(?:^|(?<=[;,{} \t]))[ \t]*//[^\n]*$", "", without, flags=re.M)
    return re.sub(r"[ \t]+$|^\n", "", without, flags=re.M)


def needed(parts: list[str], wanted: set[str]) -> list[str]:
    """The declarations that the wanted names lead to, and what acts on these without declaring anything."""
    by_name = {found.group(1): part for part in parts if (found := DECLARED.match(part))}
    reached: set[str] = set()
    pending = set(wanted)
    while pending:
        name = pending.pop()
        reached.add(name)
        acting = [each for each in parts if not DECLARED.match(each) and re.search(rf"\b{name}\b", each)]
        for part in (by_name[name], *acting):
            pending |= {each for each in re.findall(r"[\w$]+", part) if each in by_name} - reached
    return [
        part
        for part in parts
        if ((found := DECLARED.match(part)) and found.group(1) in reached)
        or (not found and any(re.search(rf"\b{name}\b", part) for name in reached))
    ]


if __name__ == "__main__":
    sys.exit(main())
