"""What the exercises with rosters have in common: a template, people who are made up, and a run that is on chain."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from anchor.issuing import confirming
from anchor.issuing.making import Maker, Source
from anchor.issuing.people import Confirmation, Person
from anchor.issuing.roster.reading import read_roster
from anchor.issuing.roster.rules import NothingKnown, check_roster
from anchor.issuing.signing import Proofs, issuing_key
from anchor.issuing.states import issued_store
from anchor.issuing.templates.files import read_template
from anchor.lab.world import World
from registry.proofs.signatures.keys import KeyKind, new_key, write_key

URI: Final = "did:web:lakeside.example"
TEMPLATE: Final = "bachelor.toml"
KEY: Final = "university-key.pem"
MADE_BY, CONFIRMED_BY = "Office A", "Office B"
COLUMNS: Final = ("person_id", "name", "birth_date", "email", "awarded_on", "result.final")

TEMPLATE_TEXT: Final = f'''# Template of the exercise: everybody and everything in it is made up.
id = "urn:uuid:5b1c7f2e-0a64-4c1e-9d3f-6f0b3c2a7e10"
kind = "bachelor"
languages = ["en"]
granular = false
asks_for = ["birth_date"]

[issuer]
id = "{URI}"
name = {{ en = "Lakeside University of Technology" }}
url = "https://lakeside.example"
country = "KE"

[achievement]
id = "https://lakeside.example/programmes/bachelor-information-systems"
type = "BachelorDegree"
name = {{ en = "Bachelor of Science in Information Systems" }}
description = {{ en = "Plans, builds and runs information systems, and knows what they are for." }}
criteria = {{ en = "All examinations were passed, and the final project was defended before two examiners." }}
field = "0688"
level = 6
national_level = "NQF level 6"
credits = 180

[[results]]
key = "final"
kind = "GradePointAverage"
name = {{ en = "Final mark" }}
lowest = 1.0
highest = 4.0
mandatory = true

[[signatories]]
name = "The Registrar"
role = {{ en = "Registrar" }}

[layout]
paper = "a4"
orientation = "portrait"
colour = "#1f3a5f"
'''

_NAMES: Final = (
    *("Amina Abara", "Beatriz Costa", "Chidi Dlamini", "Dagny Eriksen", "Elif Gupta"),
    *("Farid Haddad", "Grace Kamau", "Haruki Ito", "Ines Ferreira", "Jonas Brandt"),
)
_MARKS: Final = ("1.3", "2.0", "1.7", "2.3", "1.0", "3.0", "2.7", "1.7", "2.0", "3.3")


def people(count: int) -> list[dict[str, str]]:
    """Rows of a roster, of people with the numbers 101, 102…"""
    return [
        {
            "person_id": str(101 + number),
            "name": _NAMES[number],
            "birth_date": f"{2001 + number % 3}-{1 + number:02}-1{number}",
            "email": f"s{101 + number}@students.lakeside.example",
            "awarded_on": "2025-06-27",
            "result.final": _MARKS[number],
        }
        for number in range(count)
    ]


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """A roster as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def office(world: World) -> int:
    """The institution with its party, its template and its key; the party's number."""
    party = world.party(URI)
    world.say(TEMPLATE, TEMPLATE_TEXT)
    key = world.folder / KEY
    key.write_text(write_key(new_key(KeyKind.ED25519)), encoding="utf-8")
    key.chmod(0o600)
    return party


def issue(world: World, party: int, name: str) -> bytes:
    """Make, confirm and anchor what a roster of the folder has; its root."""
    template = read_template(world.folder / TEMPLATE)
    path: Path = world.folder / TEMPLATE
    checked = check_roster(read_roster(world.folder / name, template), template, NothingKnown())
    store = issued_store(world.workspace)
    source = Source(template, path.absolute(), path.read_bytes(), name, party)
    maker = Maker(store, source, world.workspace.folder.path, workers=1)
    key = issuing_key(world.folder / KEY, None, Proofs.BOTH, URI)
    with maker.alone():
        run = maker.make(maker.sort(checked.ready).to_make, key, Person("office-a", MADE_BY))
    root = run.root or b""
    confirming.anchor(
        world.workspace,
        store,
        confirming.confirm(store, root, Person("office-b", CONFIRMED_BY), Confirmation.NAME),
    )
    return root
