"""From a roster to letters, a correction, a revocation and late graduates, as a registrar types it."""

from __future__ import annotations

import csv
import io
import stat
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import orjson
import pytest

from anchor.issuing.roster.columns import columns_of
from anchor.issuing.templates.files import read_template
from anchor.settings import load_settings
from registry.chain.contract import CredentialRegistry
from registry.credential.digest import digest_json
from registry.errors import ChainUnavailable
from registry.proofs.signatures.keys import KeyKind, did_key, new_key, write_key
from registry.receipt.model import embedded
from tests.anchor.begun import begun, issuer
from tests.conftest import Ran, Run

__all__ = ["begun", "issuer"]

Row = dict[str, str]


class Office:
    """A registrar's office: a template with its key, and rosters of it."""

    def __init__(self, run: Run, *, granular: bool = False, marks_apart: bool = False):
        self.run = run
        key = new_key(KeyKind.ED25519)
        Path("issuing.key").write_text(write_key(key))
        Path("issuing.key").chmod(0o600)
        assert run("template", "new", "--kind", "certificate", "--language", "en", "-o", "award.toml").code == 0
        text = Path("award.toml").read_text().replace("did:web:university.example", did_key(key))
        text = text.replace('asks_for = ["birth_date"]', "asks_for = []")
        text = text.replace("granular = false", f"granular = {str(granular).lower()}")
        Path("award.toml").write_text(text.replace("marks_apart = false", f"marks_apart = {str(marks_apart).lower()}"))
        self.template = read_template(Path("award.toml"))

    def roster(self, *people: Row, name: str = "graduates.csv") -> str:
        keys = [each.key for each in columns_of(self.template)]
        out = io.StringIO()
        writer = csv.writer(out)
        self.run("roster", "new", "award.toml", "--csv", "-o", name)
        head = next(csv.reader(io.StringIO(Path(name).read_text(encoding="utf-8-sig"))))
        Path(name).unlink()
        writer.writerow(head)
        writer.writerows(["", *(each.get(key, "") for key in keys)] for each in people)
        Path(name).write_text(out.getvalue(), encoding="utf-8")
        return name

    def ask(self, *arguments: str, code: int = 0) -> Any:
        ran: Ran = self.run(*arguments, "--json")
        assert ran.code == code, (arguments, ran.out, ran.errors)
        return ran.json

    def issue(self, *people: Row) -> str:
        made = self.ask("issue", self.roster(*people), "--template", "award.toml", "--sign-key", "issuing.key")
        return self.confirmed(made["run"]["root"])

    def confirmed(self, root: str) -> str:
        self.ask("issue", "confirm", root, "--by", "Ruth Abele", "--wait")
        return root

    def correct(self, *people: Row, code: int = 0) -> Any:
        roster = self.roster(*people, name="corrected.csv")
        return self.ask("correct", roster, "--template", "award.toml", "--sign-key", "issuing.key", code=code)

    def states(self, *more: str) -> dict[str, str]:
        rows = self.ask("issue", "status", *more)["rows"]
        return {f"{each['person']} {each['part']} {each['name']}": each["state"] for each in rows}


def person(number: int, name: str, **values: str) -> Row:
    filled = {
        "person_id": f"s{number}",
        "name": name,
        "birth_date": "2001-02-03",
        "email": f"s{number}@student.example",
        "language": "en",
        "awarded_on": "2026-07-31",
        "result.final": "1.7",
        "course.databases": "1.3",
    }
    return filled | {key.replace("__", "."): value for key, value in values.items()}


@pytest.fixture
def office(run: Run, issuer: int) -> Office:
    assert issuer == 1
    return Office(run)


def test_a_registrars_year(office: Office) -> None:
    ada, bob, eve = person(1, "Ada Lovelcae"), person(2, "Bob"), person(3, "Eve")
    first = office.issue(ada, bob, eve)
    assert set(office.states().values()) == {"final"}

    # Letters: one each, nothing marked before a person says so.
    written = office.ask("deliver", first, "-o", "letters", "--from", "Registrar <r@university.example>", "--json-only")
    assert (written["letters"], written["withoutAddress"]) == (3, 0)
    assert set(office.states(first).values()) == {"final"}
    bounced = next(each for each in sorted(Path("letters/letters").iterdir()) if b"s2@" in each.read_bytes())
    bounced.unlink()
    assert office.ask("deliver", first, "-o", "letters", "--mark-delivered") == {"delivered": 2, "already": 0}
    assert sorted(office.states(first).values()) == ["delivered", "delivered", "final"]
    rest = office.ask("deliver", first, "-o", "rest", "--from", "r@university.example", "--json-only")
    assert rest["letters"] == 1

    # A dry run, then the correction: made, confirmed, settled; the old one holds until then.
    ada = person(1, "Ada Lovelace")
    roster = office.roster(ada, bob, eve, name="corrected.csv")
    shown = office.run("correct", roster, "--template", "award.toml", "--dry-run")
    assert ("Ada Lovelcae" in shown.out, "Ada Lovelace" in shown.out, "Nothing was made." in shown.out) == (True,) * 3
    assert "C2" in shown.out or "B2" in shown.out
    made = office.correct(ada, bob, eve, person(4, "Late One"), code=3)
    assert (made["unchanged"], made["neverIssued"], len(made["corrections"])) == (2, [5], 1)
    second = made["run"]["root"]
    refused = office.run("correct", second)
    assert (refused.code, "nobody has confirmed" in refused.errors) == (1, True)
    office.confirmed(second)
    assert office.states()["s1 award Ada Lovelcae"] == "delivered"
    dry = office.ask("correct", second, "--dry-run")
    assert (dry["wouldReplace"], dry["replaced"]) == (1, 0)
    settled = office.ask("correct", second, "--yes")
    assert (settled["replaced"], settled["transactions"]) == (1, 2)
    assert office.ask("correct", second, "--yes") == settled | {
        "replaced": 0, "already": 1, "pairs": [], "transactions": 0, "gas": 0
    }  # fmt: skip
    states = office.states()
    assert (states["s1 award Ada Lovelcae"], states["s1 award Ada Lovelace"]) == ("corrected", "final")
    assert office.correct(ada, bob, eve)["run"] is None

    # The letter says that it takes the place of another one; of the old one none is written.
    office.ask("deliver", second, "-o", "new", "--from", "r@university.example", "--json-only")
    (letter,) = Path("new/letters").iterdir()
    told = message_from_bytes(letter.read_bytes(), policy=SMTP)
    body = told.get_body()
    assert body is not None
    assert "takes the place of the one" in body.get_content()
    assert b"Lovelcae" not in letter.read_bytes()
    again = office.ask("deliver", first, "-o", "again", "--from", "r@university.example", "--json-only", "--again")
    assert (again["letters"], again["withdrawn"]) == (2, 1)

    # One is revoked, by row; late ones are a small batch by the same template.
    dry = office.ask("revoke", "--rows", f"{first}:4", "--reason", "obtained-by-fraud", "--dry-run")
    assert (dry["wouldChange"], dry["digests"]) == (
        1,
        [office.ask("issue", "status", "--person", "s3")["rows"][0]["digest"]],
    )
    office.ask("revoke", "--rows", f"{first}:4", "--reason", "obtained-by-fraud", "--yes")
    late = office.issue(ada, bob, eve, person(4, "Late One"))
    assert office.ask("issue", "status", late)["states"] == {"final": 1}
    assert office.states() == {
        "s1 award Ada Lovelcae": "corrected",
        "s2 award Bob": "final",
        "s3 award Eve": "revoked",
        "s1 award Ada Lovelace": "final",
        "s4 award Late One": "final",
    }
    found = office.ask("issue", "status", "--row", "4", first, "--csv", "states.csv")
    assert [each["reason"] for each in found["rows"]] == ["obtained-by-fraud"]
    assert "obtained-by-fraud" in Path("states.csv").read_text()
    assert stat.S_IMODE(Path("states.csv").stat().st_mode) == 0o600

    # With the diploma on paper, which is the first file.
    office.ask("deliver", late, "-o", "late", "--from", "r@university.example", "--verify-url", "https://v.example/")
    (paper,) = Path("late/files").glob("*/diploma.pdf")
    told = office.run("verify", paper, "--trust", "1")
    assert (told.code, "Late One" in paper.parent.joinpath("credential.json").read_text()) == (0, True), told.out

    # What verifiers are told of each file that was sent.
    for path in sorted(Path("letters/files").glob("*/credential.json")):
        document = path.read_bytes()
        assert embedded(orjson.loads(document), digest_json(document)) is not None
        holder = orjson.loads(document)["credentialSubject"]["identifier"][0]["identityHash"]
        told = office.run("verify", path, "--trust", "1")
        assert (told.code, "superseded" in told.out, "obtained-by-fraud" in told.out) == {
            "Ada Lovelcae": (1, True, False),
            "Bob": (0, False, False),
            "Eve": (1, False, True),
        }[holder], told.out
        # Who has the old one learns which one is in its place; who has another folder, at which place of which batch.
        new = next(each["digest"] for each in office.ask("issue", "status", second)["rows"])
        assert (f"put another one in its place: {new}, place 0 of the batch {second}" in told.out) == (
            holder == "Ada Lovelcae"
        ), told.out


def test_who_has_the_old_one_is_led_to_the_new_one_as_far_as_that_is_known(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the service has an address, credentials name lists, and letters lead to its page.
    monkeypatch.setenv("TESTAMUR_PUBLIC_URL", "https://registry.example")
    first = office.issue(person(1, "Ada"))
    letters = ("--from", "r@university.example", "--json-only")
    office.ask("deliver", first, "-o", "old", *letters)
    (old,) = Path("old/files").glob("*/credential.json")
    assert f"https://registry.example/verify#{digest_json(old.read_bytes()).hex}" in Path("old/letters.csv").read_text()
    second = office.confirmed(office.correct(person(1, "Ada", result__final="1.0"))["run"]["root"])
    assert "in its place" not in office.run("verify", old, "--trust", "1").out
    # No letter says that the old one counts no more while it does.
    assert office.ask("deliver", second, "-o", "new", *letters, code=1)["error"]["code"] == "not-settled"
    office.ask("correct", second, "--yes")
    office.ask("deliver", second, "-o", "new", *letters)
    (new,) = Path("new/files").glob("*/credential.json")
    entries = [orjson.loads(each.read_bytes())["credentialStatus"] for each in (old, new)]
    assert entries[0] != entries[1]
    # Who has no tree of the new one knows its place alone.
    for tree in load_settings().data_folder.glob(f"trees/*{second[2:]}*"):
        tree.unlink()
    told = office.run("verify", old, "--trust", "1")
    assert f"place 0 of the batch {second}. A lookup service that has its tree knows its digest." in told.out

    def refuse(*_: object, **__: object) -> None:
        raise ChainUnavailable("no answer")

    monkeypatch.setattr(CredentialRegistry, "replacements", refuse)
    told = office.run("verify", old, "--trust", "1")
    assert (told.code, "in its place could not be asked" in told.out) == (1, True)


def test_revoked_in_bulk_by_person_course_and_list(run: Run, issuer: int) -> None:
    assert issuer == 1
    office = Office(run, granular=True)
    root = office.issue(
        *(person(number, name, course__security="2.0") for number, name in enumerate(("Ada", "Bob", "Eve", "Kim"), 1))
    )
    assert office.ask("revoke", "--course", "security", "--dry-run")["wouldChange"] == 4
    # On a registrar's own terminal each is named.
    shown = office.run("revoke", "--course", "security", "--dry-run").out
    assert all(name in shown for name in ("s1", "Ada", "s4", "Kim", "course:security", "final"))
    assert office.ask("suspend", "--rows", f"{root}:5")["suspended"] == len(office.states("--person", "s4"))
    assert set(office.states("--person", "s4").values()) == {"suspended"}
    office.ask("reinstate", "--person", "s4")
    assert office.ask("revoke", "--course", f"{root}:databases", "--yes")["revoked"] == 4
    assert (
        office.ask("revoke", "--person", "s1", "--person", "s2", "--yes", "--reason", "holder-request")["already"] == 2
    )
    Path("list.csv").write_text("person_id;part;reason\ns3;award;issued-in-error\ns4;;obtained-by-fraud\n")
    changes = office.ask("revoke", "--list", "list.csv", "--yes")["changes"]
    assert [(each["reason"], each["revoked"]) for each in changes] == [("issued-in-error", 1), ("obtained-by-fraud", 3)]
    states = office.states()
    left = {each for each, state in states.items() if state == "final"}
    assert left == {"s3 course:security Eve", "s3 marks Eve"}
    # Rows and digests together, and again: nothing is left to send.
    assert office.ask("revoke", "--person", "s1", "--yes")["transactions"] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--rows", "0xab:3"], "root"),
        (["--rows", "{root}:0"], "rows"),
        (["--rows", "{root}:9-3"], "rows"),
        (["--rows", "{root}:3,99"], "unknown-row"),
        (["--rows", "0x" + "ab" * 32 + ":3"], "unknown-run"),
        (["--person", "\u202e=cmd"], "unknown-row"),
        (["--course", "databases"], "unknown-row"),
        (["--person", "s1", "--queue"], "queue"),
        (["--list", "person_id,surname\ns1,x"], "list"),
        (["--list", "row\n3"], "list"),
        (["--list", "person_id,reason\ns1,no-such-reason"], "reason"),
        (["--list", "person_id\ns1\ns77"], "unknown-row"),
        (["--list", "person_id,reason\ns1,issued-in-error\ns1,holder-request"], "two-reasons"),
    ],
)
def test_what_is_not_meant_is_refused_and_nothing_is_revoked(office: Office, arguments: list[str], code: str) -> None:
    root = office.issue(person(1, "Ada"))
    named, text = arguments[0], arguments[1].format(root=root)
    if named == "--list":
        Path("list.csv").write_text(text)
        text = "list.csv"
    told = office.ask("revoke", named, text, *arguments[2:], "--yes", code=1)
    assert told["error"]["code"] == code
    assert set(office.states().values()) == {"final"}


def test_what_waits_for_a_second_person_is_not_revoked(office: Office) -> None:
    office.ask("issue", office.roster(person(1, "Ada")), "--template", "award.toml", "--sign-key", "issuing.key")
    assert office.ask("revoke", "--person", "s1", "--yes", code=1)["error"]["code"] == "waiting-run"
    assert set(office.states().values()) == {"issued"}
