"""Write the published hit rates of suggestions into the model card, where people read them.

    python -m scripts.build_model_card [--check]

`scripts/bench/suggest.py --write` measures them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from registry.learning.suggest.figures import passes, published
from registry.learning.suggest.values import Figure

PAGE: Final = Path(__file__).parents[1] / "docs" / "explanation" / "suggestions-model-card.md"
BEGIN: Final = "<!-- figures: begin -->"
END: Final = "<!-- figures: end -->"


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table of Markdown."""
    if not figures:
        return "Nothing is published yet: every framework is unmeasured."
    rows = [
        ("Framework", "Language", "Model", "Sentences", "Right item first", "Among five", "At least", ""),
        ("---", "---", "---", "--:", "--:", "--:", "--:", "---"),
    ]
    rows += [
        (
            each.framework,
            each.language,
            each.model.name,
            str(each.sentences),
            f"{each.first} ({each.first / each.sentences:.0%})",
            f"{each.among} ({each.among / each.sentences:.0%})",
            f"{each.low:.0%}",
            "suggested" if passes(each) else "refused",
        )
        for each in figures
    ]
    versions = sorted({f"{each.model.name} ({each.model.version})" for each in figures})
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", f"Models: {'; '.join(versions)}."])


def page() -> str:
    """The card with the figures in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n{table(published())}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Write the page, or say whether it is as it should be."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit(f"{PAGE} has other figures than are published: run python -m scripts.build_model_card")


if __name__ == "__main__":
    main()
