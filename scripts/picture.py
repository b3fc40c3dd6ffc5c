"""Draw the picture of the README: the output of `testamur demo` as it looks on a terminal.

    python scripts/picture.py

Writes docs/demo.svg. Fonts are the reader's own: the picture asks nobody for anything.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "demo.svg"
WIDTH = 140


def main() -> None:
    """Run the demo and draw it."""
    command = [sys.executable, "-c", "from anchor.cli import main; main()", "demo"]
    colours = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    shown = subprocess.run(command, env=colours, check=True, capture_output=True, text=True).stdout
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print("[bold green]$[/] make demo")
    for line in shown.rstrip().splitlines():
        console.print(Text.from_ansi(line.rstrip()))
    own_fonts = re.sub(r"\s*@font-face \{\{.*?\}\}|\s*<!--.*?-->", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    picture = console.export_svg(title="testamur demo", code_format=own_fonts, unique_id="demo")
    PICTURE.write_text("\n".join(line.rstrip() for line in picture.splitlines()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
