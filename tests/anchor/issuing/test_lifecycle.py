"""Whatever is done in whatever order, and ended anywhere: nobody loses what holds, and nobody holds two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

import pytest

from anchor.acts.statuses import carry_out, plan_change
from anchor.acts.transactions import Call, send_all
from anchor.books.issued import Run
from anchor.books.tables import RunState
from anchor.issuing import confirming, corrections
from anchor.issuing.choosing import Books
from anchor.issuing.corrections import correcting_runs, pairs_of, refuse_overtaken, refuse_unanchored
from anchor.issuing.roster.reading import Row
from anchor.issuing.templates.model import Template
from anchor.workspace import Workspace
from registry.errors import NotPossible, RegistryError
from registry.records import Act, Reason
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.made import GRANULAR, TEMPLATE, row
from tests.anchor.issuing.registrar import REGISTRAR, Registrar

__all__ = ["begun", "issuer"]

NUMBERS = (5, 6, 7)


@pytest.fixture
def here(issuer: int) -> Iterator[Workspace]:
    assert issuer == 1
    with working() as workspace:
        yield workspace


class Ended(Exception):
    """The program ended here."""


class Office:
    """What registrars do, in an order that nobody planned; `left` says after how many steps the program ends."""

    def __init__(self, workspace: Workspace, template: Template, seed: int):
        self.random = Random(seed)
        self.workspace = workspace
        self.registrar = Registrar(workspace, template, reached=self.reached)
        self.values: dict[int, dict[str, str]] = {number: {} for number in NUMBERS}
        self.revoked: set[str] = set()
        self.left = 0

    def reached(self, _: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Ended

    def send(self, workspace: Workspace, transactions: list[Call], *_: object) -> None:
        for each in transactions:
            self.reached("sent")
            send_all(workspace, [each])

    def rows(self) -> list[Row]:
        return [row(number, **values) for number, values in self.values.items()]

    def runs(self, state: RunState) -> list[Run]:
        return [run for run in self.registrar.store.runs(1) if run.state is state]

    def make(self, rows: list[Row], *, correcting: bool = False) -> None:
        maker = self.registrar.maker()
        if to_make := maker.sort(rows, correcting=correcting).to_make:
            maker.make(to_make, self.registrar.key, REGISTRAR)

    def issue(self) -> None:
        self.make(self.random.sample(self.rows(), 2))

    def change(self) -> None:
        number = self.random.choice(NUMBERS)
        grade = f"{self.random.randint(10, 40) / 10}"
        self.values[number] = self.random.choice(({}, {"result__grade": grade}, {"course__law": ""}))

    def correct(self) -> None:
        if wanted := [each.row for each in self.registrar.plan(self.rows()).wanted]:
            self.make(wanted, correcting=True)

    def confirm(self) -> None:
        for run in (*self.runs(RunState.CONFIRMED), *self.runs(RunState.MADE)):
            try:
                refuse_overtaken(self.workspace, self.registrar.store, run)
            except NotPossible:
                self.discard(run)
            else:
                self.registrar.confirmed(run)

    def discard(self, run: Run | None = None) -> None:
        for each in [run] if run else self.runs(RunState.MADE)[:1]:
            confirming.discard(self.registrar.store, self.workspace.store, each.root or b"")

    def settle(self) -> None:
        for run in correcting_runs(self.registrar.store, 1):
            refuse_unanchored(run, pairs_of(self.workspace, self.registrar.store, run))
            self.registrar.settled(run)

    def revoke(self) -> None:
        books, person = Books(self.registrar.store, 1), f"s{self.random.choice(NUMBERS):05}"
        chosen = books.of_person(person)
        books.refuse_unanchored(chosen)
        targets = [each.target for each in chosen]
        carry_out(self.workspace, plan_change(self.workspace, Act.REVOKE, targets, Reason.OBTAINED_BY_FRAUD))
        self.revoked.add(person)

    def held(self, part: str = "award") -> dict[str, int]:
        return {person: len(each) for person, each in self.registrar.in_force(part).items()}


@pytest.mark.parametrize(("seed", "template"), [(seed, TEMPLATE if seed % 2 else GRANULAR) for seed in range(2)])
def test_nobody_is_left_with_nothing_and_nobody_with_two(
    here: Workspace, monkeypatch: pytest.MonkeyPatch, seed: int, template: Template
) -> None:
    office = Office(here, template, seed)
    monkeypatch.setattr(corrections, "send_all", office.send)
    acts: dict[Callable[[], None], int] = {
        office.change: 4,
        office.correct: 5,
        office.confirm: 4,
        office.settle: 3,
        office.issue: 1,
        office.discard: 1,
        office.revoke: 1,
    }
    office.make(office.rows())
    office.confirm()
    before = office.held()
    for _ in range(12):
        office.left = office.random.choice((0, office.random.randint(1, 8)))
        with suppress(Ended, RegistryError):
            office.random.choices([*acts], [*acts.values()])[0]()
        office.left = 0
        now = office.held()
        assert all(now[person] > 0 for person, count in before.items() if count and person not in office.revoked)
        assert not any(now.get(person) for person in office.revoked)
        before = now
    for grade in ("3.1", "3.2"):
        office.values = {number: {"result__grade": grade} for number in NUMBERS}
        for act in (office.confirm, office.settle, office.correct, office.confirm, office.settle):
            act()
    rows = [each for run in office.runs(RunState.CONFIRMED) for each in office.registrar.store.rows_of(run)]
    assert len(office.revoked) == len(NUMBERS) or any(each.edition > 1 for each in rows)
    for part in {each.part for each in rows}:
        held = office.held(part)
        for person in {each.person_id for each in rows if each.part == part}:
            assert held[person] <= 1
            assert part != "award" or held[person] == (person not in office.revoked)
