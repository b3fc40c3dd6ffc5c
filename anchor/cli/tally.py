"""What many verdicts come to, and their rows: what is told of them on a terminal, without the verdicts themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from anchor.cli.console import Column, Listing, Styled
from anchor.cli.session import Exit
from anchor.cli.speaking import Spoken
from registry.language.said import Said, listed, say
from registry.timestamps import write_timestamp
from registry.verify.checks import Overall, Verdict

COLOURS: Final = {
    Overall.VALID: "green",
    Overall.VALID_WITH_WARNING: "yellow",
    Overall.NOT_VALID: "red",
    Overall.COULD_NOT_BE_CHECKED: "magenta",
}


class Tally:
    """Verdicts that are counted as they come.

    Args:
        keeps_rows: whether their table will be shown.

    Attributes:
        codes: of the checks that decided.
        bases: what the verdicts rest on, each once, and whether it was proved.
    """

    def __init__(self, told: Spoken, *, keeps_rows: bool = False):
        self._told = told
        self._counts: Counter[Overall] = Counter()
        self._texts: dict[str, str | None] = {}
        self._rows: list[tuple[str, Overall, str, str, str]] | None = [] if keeps_rows else None
        # A folder has few reasons and moments, and a row for each file.
        self._same: dict[str, str] = {}
        self.codes: set[str] = set()
        self.bases: dict[tuple[Said, bool], None] = {}

    @classmethod
    def of(cls, told: Spoken, verdicts: Iterable[Verdict]) -> Tally:
        """The tally of verdicts that are there already."""
        tally = cls(told)
        for each in verdicts:
            tally.add(each)
        return tally

    def add(self, verdict: Verdict) -> None:
        """Count one."""
        overall, deciding = verdict.overall, verdict.deciding
        self._counts[overall] += 1
        self.codes.update(check.code for check in deciding)
        if verdict.basis is not None and verdict.as_of is not None:
            self.bases[verdict.basis.said(verdict.as_of), verdict.basis.proved] = None
        if overall in (Overall.NOT_VALID, Overall.COULD_NOT_BE_CHECKED):
            for check in deciding:
                text = self._told.text(check.told)
                if self._texts.setdefault(check.code, text) != text:
                    self._texts[check.code] = None
        if self._rows is not None:
            anchored = "" if verdict.anchored_at is None else write_timestamp(verdict.anchored_at)
            issuer = "" if verdict.issuer is None else str(verdict.issuer)
            reasons = ", ".join(dict.fromkeys(check.code for check in deciding))
            issuer, anchored, reasons = (self._same.setdefault(each, each) for each in (issuer, anchored, reasons))
            self._rows.append((verdict.name, overall, issuer, anchored, reasons))

    @property
    def shared_reasons(self) -> list[tuple[str, str]]:
        """The reasons of those that are not valid or could not be checked that have one text in all, with that."""
        return [(code, text) for code, text in self._texts.items() if text is not None]

    @property
    def exit_code(self) -> Exit:
        """The exit code of several verdicts: not valid before could not be checked before valid."""
        codes = {overall.exit_code for overall in self._counts}
        return Exit.FAILED if 1 in codes else Exit.COULD_NOT_BE_CHECKED if 2 in codes else Exit.DONE

    def counts(self) -> str:
        """How many verdicts there are of each kind."""
        return self._told.text(
            listed(
                say("cli.count", count=self._counts[overall], overall=self._told.overall(overall))
                for overall in Overall
                if self._counts[overall]
            )
        )

    def table(self) -> Listing:
        """A line each, with the first check that decided it."""
        word = self._told.word
        columns = (
            Column(word("table.file")),
            Column(word("table.verdict"), folds=True),
            Column(word("table.issuer")),
            Column(word("table.anchored")),
            Column(word("table.reason"), folds=True),
        )
        said = {overall: Styled(self._told.overall(overall), COLOURS[overall]) for overall in Overall}
        rows = self._rows or ()
        return Listing(columns, ((name, said[overall], *more) for name, overall, *more in rows))
