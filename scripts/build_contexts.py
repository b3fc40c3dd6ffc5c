"""Write `registry/rdf/bundled/` from the packages on npm that `registry/rdf/contexts.py` names.

    python -m scripts.build_contexts

Packages are fetched and unpacked, not installed, and no code of theirs is run but the modules that give a context out.
Files that are JSON stay as they are. Prints each file's SHA-256, and ends with 1 where it is not the one in the table.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from registry.rdf.contexts import BUNDLED, Source

FOLDER: Final = Path(__file__).parents[1] / "registry" / "rdf" / "bundled"
_GIVE_OUT: Final = "process.stdout.write(JSON.stringify(require(process.argv[1]), null, 2) + '\\n')"


def unpacked(package: str, folder: Path) -> Path:
    """The folder of a package of npm, once it is fetched."""
    place = folder / package.replace("/", "_")
    if not place.is_dir():
        place.mkdir()
        packed = subprocess.run(
            ["npm", "pack", "--json", package], cwd=place, capture_output=True, text=True, check=True
        ).stdout
        with tarfile.open(place / json.loads(packed)[0]["filename"]) as archive:
            archive.extractall(place, filter="data")
    return place / "package"


def content_of(source: Source, folder: Path) -> bytes:
    """The bytes of a context."""
    path = unpacked(source.package, folder) / source.path
    if path.suffix != ".js":
        return path.read_bytes()
    return subprocess.run(["node", "-e", _GIVE_OUT, str(path)], capture_output=True, check=True).stdout


def main() -> int:
    """Write every file."""
    differ = 0
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for source in BUNDLED:
            content = content_of(source, Path(folder))
            (FOLDER / source.file).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            differ += digest != source.sha256
            print(digest, source.file, "" if digest == source.sha256 else "DIFFERS")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
