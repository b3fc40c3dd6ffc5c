"""A registrar with a data folder on the embedded chain: rosters are issued and corrected as the commands do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from anchor.books.issued import IssuedRow, Run
from anchor.issuing import confirming
from anchor.issuing.corrections import Corrections, looked_at, pairs_of, plan_of, planned, settle
from anchor.issuing.making import Maker, Source
from anchor.issuing.people import Confirmation, Person
from anchor.issuing.roster.reading import Row
from anchor.issuing.signing import IssuingKey
from anchor.issuing.states import State, issued_store, states_of
from anchor.issuing.templates.model import Template
from anchor.workspace import Workspace
from registry.proofs.signatures.keys import KeyKind, did_key_method, new_key, write_key
from registry.proofs.signatures.suites import Suite
from tests.anchor.issuing.made import TEMPLATE

REGISTRAR, COLLEAGUE = Person("registrar@office", "Registrar"), Person("dean@office", "Dean")


class Registrar:
    """One issuer, one template.

    Args:
        reached: told at each point that a crash may end; raises to end there.
    """

    def __init__(
        self,
        workspace: Workspace,
        template: Template = TEMPLATE,
        *,
        issuer: int = 1,
        reached: Callable[[str], None] = lambda _: None,
    ):
        workspace.ready_to_write()
        self.workspace, self.template, self.issuer, self.reached = workspace, template, issuer, reached
        self.store = issued_store(workspace)
        secret = new_key(KeyKind.ED25519)
        self.key = IssuingKey(write_key(secret), did_key_method(secret), (Suite.EDDSA_JCS,))

    def maker(self) -> Maker:
        source = Source(self.template, Path("template.toml"), b"", "roster.xlsx", self.issuer)
        return Maker(self.store, source, self.workspace.folder.path, workers=1, reached=lambda name: self.reached(name))

    def issue(self, rows: Sequence[Row]) -> Run:
        """What is new among the rows, confirmed and anchored."""
        run = self.maker().make(self.maker().sort(rows).to_make, self.key, REGISTRAR)
        return self.confirmed(run)

    def confirmed(self, run: Run) -> Run:
        assert run.root is not None
        run = confirming.confirm(self.store, run.root, COLLEAGUE, Confirmation.NAME)
        self.reached("confirmed")
        confirming.anchor(self.workspace, self.store, run)
        self.reached("anchored")
        return run

    def plan(self, rows: Sequence[Row]) -> Corrections:
        changed = looked_at(self.store, self.template, self.issuer, rows).changed
        return planned(self.workspace, self.store, self.template, self.issuer, changed)

    def correct(self, rows: Sequence[Row]) -> Run | None:
        """What of the rows changed and can be corrected: made, confirmed, anchored, and settled."""
        wanted = [each.row for each in self.plan(rows).wanted]
        if not wanted:
            return None
        run = self.maker().make(self.maker().sort(wanted, correcting=True).to_make, self.key, REGISTRAR)
        self.reached("made")
        run = self.confirmed(run)
        self.settled(run)
        return run

    def settled(self, run: Run) -> int:
        """How many transactions it took to say what replaced what."""
        pairs = pairs_of(self.workspace, self.store, run)
        plan = plan_of(self.workspace, pairs.ready)
        settle(self.workspace, self.store, pairs.ready, plan)
        self.reached("settled")
        return len(plan.transactions)

    def states(self) -> dict[str, State]:
        """What became of each credential, by its id."""
        rows = list(self.rows())
        found = states_of(self.workspace, self.issuer, rows)
        assert found.why is None
        return {each.row.credential_id: each.state for each in found.rows}

    def rows(self) -> list[IssuedRow]:
        """Everything that was issued, oldest first."""
        return [row for run in self.store.runs(self.issuer) for row in self.store.rows_of(run)]

    def in_force(self, part: str = "award") -> dict[str, list[IssuedRow]]:
        """By person, what of a part is in force."""
        states = self.states()
        found: dict[str, list[IssuedRow]] = {}
        for row in self.rows():
            if row.part == part:
                held = found.setdefault(row.person_id, [])
                held += [row] if states[row.credential_id].is_in_force else []
        return found
