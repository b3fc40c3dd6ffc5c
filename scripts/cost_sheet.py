"""The cost sheet of the onboarding kit, from measured gas.

    python -m scripts.cost_sheet                                    write the pages and the CSVs
    python -m scripts.cost_sheet --check                            tell whether they say what is measured
    python -m scripts.cost_sheet --gwei 1.5 --coin 2500             print the sheet with your prices
    python -m scripts.cost_sheet --gwei 1.5 --coin 2500 --batches 4 --credentials 3000

Gas is that of `contracts/gas.json`, which a test compares with the contract. Prices are
inputs: this program knows none.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
TRAINING: Final = REPOSITORY / "docs" / "training"
WORDS: Final = Path(__file__).with_name("cost_sheet_words.toml")
GWEI_A_COIN: Final = 10**9
EXAMPLES: Final = ((0.01, 3000.0), (1.0, 3000.0), (20.0, 3000.0))
"""Gwei a unit of gas and the price of a coin: a cheap chain beside Ethereum, and Ethereum on a quiet and on a busy day.
They are round figures to see the range by, not anybody's prices of today."""


@dataclass(frozen=True)
class Words:
    """The sheet in one language: its text, its deeds, and how it writes numbers."""

    gwei: str
    coin: str
    columns: tuple[str, ...]
    separator: str
    thousands: str
    decimal: str
    deed: str
    gas: str
    example: str
    year: str
    text: str
    deeds: dict[str, tuple[str, str, str]]
    """By the key in the gas table: its name, who does it, and how often."""

    def number(self, english: str) -> str:
        """A number that is written as English does, written as this language does."""
        return english.translate(str.maketrans({",": self.thousands, ".": self.decimal}))


@cache
def words() -> dict[str, Words]:
    """The words by language."""
    return {language: Words(**found) for language, found in tomllib.loads(WORDS.read_text(encoding="utf-8")).items()}


def gas() -> dict[str, int]:
    """Measured gas by call."""
    found: dict[str, int] = json.loads((REPOSITORY / "contracts" / "gas.json").read_text(encoding="utf-8"))
    return found


def price(units: int, gwei: float, coin: float) -> float:
    """What an amount of gas costs, in the currency that the price of the coin is in."""
    return units * gwei / GWEI_A_COIN * coin


def year(measured: dict[str, int], *, batches: int, revoked: int, corrected: int) -> int:
    """The gas of a year of one issuer: its batches, and what it takes back or replaces one by one."""
    one = measured["revokeDigests, 1 digest"]
    correction = measured["anchor"] + measured["supersede"] + one
    return batches * measured["anchor"] + revoked * one + corrected * correction


def written(amount: float) -> str:
    """An amount of money, with as many places as it takes to see it."""
    if amount >= 1:
        return f"{amount:,.2f}"
    return f"{amount:.4f}" if amount >= 0.0001 else f"{amount:.6f}"


def sheet(language: str) -> str:
    """The CSV: gas, and the formula with two cells to fill in, as spreadsheet programs read it."""
    said, measured, out = words()[language], gas(), io.StringIO()
    writer = csv.writer(out, lineterminator="\n", delimiter=said.separator)
    writer.writerow([said.gwei, 1, "", "", ""])
    writer.writerow([said.coin, 3000, "", "", ""])
    writer.writerow(said.columns)
    for row, (key, (name, who, often)) in enumerate(said.deeds.items(), start=4):
        writer.writerow([name, measured[key], who, often, f"=B{row}*$B$1/1000000000*$B$2"])
    # Without the mark, Excel takes letters with accents for others.
    return out.getvalue() if out.getvalue().isascii() else f"\ufeff{out.getvalue()}"


def page(language: str) -> str:
    """The page of the kit."""
    said, measured = words()[language], gas()

    def row(name: str, units: int) -> str:
        costs = [written(price(units, *each)) for each in EXAMPLES]
        return f"| {name} | {' | '.join(said.number(each) for each in (f'{units:,}', *costs))} |"

    heads = [
        said.example.format(gwei=said.number(f"{gwei:g}"), coin=said.number(f"{coin:,.0f}")) for gwei, coin in EXAMPLES
    ]
    lines = [f"| {said.deed} | {said.gas} | {' | '.join(heads)} |", f"| --- | --: |{' --: |' * len(heads)}"]
    lines += [row(name, measured[key]) for key, (name, _, _) in said.deeds.items()]
    lines.append(row(f"**{said.year}**", year(measured, batches=4, revoked=5, corrected=20)))
    return said.text.replace("TABLE", "\n".join(lines)).replace("ANCHOR", said.number(f"{measured['anchor']:,}"))


def made() -> dict[Path, str]:
    """Every page and table of the kit by its path, in each language."""
    return {
        TRAINING / language / "kit" / name: write(language)
        for language in words()
        for name, write in (("costs.md", page), ("costs.csv", sheet))
    }


def main() -> None:
    """Write, check or print the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="tell whether the page and the table are right")
    parser.add_argument("--gwei", type=float, help="price of gas")
    parser.add_argument("--coin", type=float, help="price of a coin in your currency")
    parser.add_argument("--batches", type=int, default=4, help="a year")
    parser.add_argument("--credentials", type=int, default=3000, help="a year, all batches together")
    parser.add_argument("--revoked", type=int, default=5, help="a year")
    parser.add_argument("--corrected", type=int, default=20, help="a year")
    given = parser.parse_args()
    wanted = made()
    if given.check:
        old = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        if old:
            named = ", ".join(str(path.relative_to(TRAINING)) for path in old)
            sys.exit(f"not what is measured: {named}; run python -m scripts.cost_sheet")
    elif given.gwei is not None and given.coin is not None:
        measured = gas()
        for key, (name, _, _) in words()["en"].deeds.items():
            units = measured[key]
            print(f"{name:34}  {units:>9,} gas  {written(price(units, given.gwei, given.coin)):>12}")
        whole = year(measured, batches=given.batches, revoked=given.revoked, corrected=given.corrected)
        total = price(whole, given.gwei, given.coin)
        print(f"{'a year':34}  {whole:>9,} gas  {written(total):>12}")
        print(f"{'for each credential':34}  {'':>13}  {written(total / max(1, given.credentials)):>12}")
    else:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
