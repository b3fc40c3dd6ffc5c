"""Diplomas a second, beside what the least of a PDF costs with others' programs.

    python scripts/bench/diplomas.py [diplomas] [processes]

Each diploma is PDF/A-3a and PDF/UA-1 with a QR code of its receipt in a batch of 2**10 and the credential attached. The
rivals do less: `typst` sets one line on a page, of the same fonts and without a standard, code or attachment, and
`pikepdf` attaches the same credential to a page that is ready, which nobody's name is on. All in turns; the best turn
counts.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

import pikepdf
import typst

from anchor.issuing.diplomas.making import Format, Order, Original, render
from anchor.issuing.diplomas.press import folder_for
from tests.anchor.issuing.diplomas.papers import LANDSCAPE, PORTRAIT, look, unsigned, with_receipt

BAR = 100
TURNS = 3


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    originals = [Original(f"{at:05}", with_receipt(unsigned(f"Ada Žižek {at}"), 1_023)) for at in range(count)]

    def ours(order: Order) -> None:
        made = sum(1 for _ in render(originals, order, workers=processes))
        if made != count:
            sys.exit(f"{made} of {count} were made")

    runs: dict[str, Callable[[], None]] = {
        "testamur, landscape, one language": lambda: ours(Order(look("en", layout=LANDSCAPE))),
        "testamur, portrait, one language": lambda: ours(Order(look("en", layout=PORTRAIT))),
        "testamur, landscape, two languages": lambda: ours(Order(look("en", "de", layout=LANDSCAPE))),
        "testamur, PNG badges": lambda: ours(Order(look("en"), (Format.PNG,))),
        "typst, one line on a page, one process": lambda: one_line(originals),
        "pikepdf, attaching alone, one process": lambda: attached(originals),
    }
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(TURNS):
        for name, run in runs.items():
            started = perf_counter()
            run()
            best[name] = min(best[name], perf_counter() - started)
    load = os.getloadavg()[0]
    print(f"{count:,} diplomas, {processes} processes of {os.cpu_count()} cores, load {load:.1f}, bar {BAR}/s")
    for name, seconds in best.items():
        print(f"{name:42} {count / seconds:8.1f}/s {seconds / count * 1000:8.2f} ms")


def one_line(originals: list[Original]) -> None:
    with folder_for(look("en")) as (folder, fonts):
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts.folder)])
        source = folder / "line.typ"
        source.write_text('#set text(font: "FiraGO")\n#sys.inputs.name')
        compiler = typst.Compiler(source, root=folder, font_paths=found, ignore_system_fonts=True)
        for original in originals:
            compiler.compile(source, format="pdf", sys_inputs={"name": original.name})


def attached(originals: list[Original]) -> None:
    page = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.save(page)
    for original in originals:
        with pikepdf.open(io.BytesIO(page.getvalue())) as opened:
            opened.attachments["credential.json"] = pikepdf.AttachedFileSpec(
                opened, original.document, filename="credential.json", relationship=pikepdf.Name.Source
            )
            opened.save(io.BytesIO(), deterministic_id=True)


if __name__ == "__main__":
    main()
