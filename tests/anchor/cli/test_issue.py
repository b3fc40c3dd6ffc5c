"""`testamur issue`: from a roster to what a holder has, by two people; and what is left out is said with its cell."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from anchor.batching.receipts import receipt_at
from anchor.books.issued import IssuedStore
from anchor.issuing.holder_files import holder_document
from anchor.issuing.roster.columns import columns_of
from anchor.issuing.roster.reading import read_roster
from anchor.issuing.templates.files import read_template
from registry.proofs.signatures.keys import write_key
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.site import KEY
from tests.conftest import Ran, Run

__all__ = ["begun", "issuer"]

PERSON = {"person_id": "s1", "name": "Zoë Ångström", "birth_date": "2003-07-31", "awarded_on": "2026-03-31"}
TEMPLATE = Path("bachelor.toml")


@pytest.fixture(autouse=True)
def template(run: Run, issuer: int) -> Path:
    """A template and a key; the settings name the key."""
    assert run("template", "new", "--kind", "bachelor", "--second-language", "de", "-o", TEMPLATE).code == 0
    key = Path("key.pem")
    key.write_text(write_key(KEY))
    key.chmod(0o600)
    Path("testamur.toml").write_text('issuing_key = "key.pem"\n')
    return TEMPLATE


def roster(*people: dict[str, str], name: str = "graduates.csv") -> Path:
    """A roster of people, each with marks unless it says otherwise."""
    award = read_template(TEMPLATE)
    keys = [each.key for each in columns_of(award)]
    marks = {each.key: "1.7" for each in columns_of(award) if each.key.startswith("result.")}
    path = Path(name)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, keys)
        writer.writeheader()
        writer.writerows(PERSON | marks | each for each in people)
    return path


def people(count: int) -> list[dict[str, str]]:
    return [{"person_id": f"s{number}", "name": f"Graduate {'ABCDEFG'[number]}"} for number in range(1, count + 1)]


def made(run: Run, path: Path, *more: object) -> Any:
    ran = run("issue", path, "--template", TEMPLATE, "--by", "Ada", *more, "--json")
    assert ran.code in (0, 3), ran.out
    return ran.json


def refused(ran: Ran) -> tuple[int, str]:
    return ran.code, ran.json["error"]["code"]


def test_from_a_roster_to_what_a_holder_has(run: Run) -> None:
    content = made(run, roster(*people(3)))
    assert (content["rows"], content["ready"], content["made"], content["findings"]) == (3, 3, 3, [])
    root = content["run"]["root"]
    assert refused(run("issue", "confirm", root, "--by", "ADA", "--json")) == (1, "same-person")
    confirmed = run("issue", "confirm", root, "--by", "Bob", "--wait", "--json").json
    assert (confirmed["confirmedBy"]["name"], confirmed["batch"]["state"]) == ("Bob", "final")
    with working() as here:
        store = IssuedStore(here.folder.engine, here.chain, here.contract_address)
        rows = list(store.rows(bytes.fromhex(root[2:])))
        contract = here.contract_address.lower()
        for number, each in enumerate(rows):
            (place,) = here.store.places(each.digest.value)
            receipt = receipt_at(here.folder, place, chain=here.chain, contract=contract)
            Path(f"held-{number}.json").write_bytes(holder_document(each.document, receipt))
    for number in range(len(rows)):
        verdict = run("verify", f"held-{number}.json", "--json").json
        verdict = verdict["verdicts"][0] if "verdicts" in verdict else verdict
        checks = {each["name"]: each["outcome"] for each in verdict["checks"]}
        assert {checks[name] for name in ("integrity", "inclusion", "dates")} == {"pass"}
        assert "fail" not in checks.values()
    (listed,) = run("issue", "list", "--json").json
    assert (listed["root"], listed["batch"], listed["madeBy"]["name"]) == (root, "final", "Ada")


def test_the_same_roster_again_says_what_is_left_out(run: Run) -> None:
    path = roster(*people(2))
    root = made(run, path)["run"]["root"]
    again = made(run, path)
    assert (again["made"], again["run"]) == (0, None)
    assert again["waiting"] == [{"row": 2, "root": root}, {"row": 3, "root": root}]
    assert run("issue", "confirm", root, "--by", "Bob").code == 0
    assert made(run, path)["issuedBefore"] == 2
    changed = roster(*people(1), {"person_id": "s2", "name": "Another Name"}, {"person_id": "s9"})
    third = run("issue", changed, "--template", TEMPLATE, "--by", "Ada")
    assert third.code == 3
    assert "1 issued before and left out" in third.out
    assert "1 issued before with other values, and left out, first row 3" in third.out
    assert "testamur correct" in third.out


def test_rows_that_are_not_ready_are_left_out_with_their_cells(run: Run) -> None:
    path = roster(*people(2), {"person_id": "s3", "awarded_on": "31.3.2026"})
    content = made(run, path)
    assert content["made"] == 2
    (finding,) = content["findings"]
    assert (finding["row"], finding["severity"]) == (4, "refused")
    mended = Path(content["refusedFile"])
    assert stat.S_IMODE(mended.stat().st_mode) == 0o600
    (row,) = read_roster(mended, read_template(TEMPLATE)).rows
    assert row.value("person_id") == "s3"


def test_a_rule_that_is_none_is_not_accepted(run: Run) -> None:
    ran = run("issue", roster(*people(1)), "--template", TEMPLATE, "--accept", "outside-scop", "--json")
    assert refused(ran) == (1, "unknown-rule")
    assert run("issue", "list", "--json").json == []


def test_strictly_nothing_is_made_unless_all_are_ready(run: Run) -> None:
    path = roster(*people(2), {"person_id": "s3", "awarded_on": "31.3.2026"})
    ran = run("issue", path, "--template", TEMPLATE, "--strict", "--json")
    assert refused(ran) == (1, "roster-not-ready")
    assert "1 of 3 rows not ready, and nothing was made" in ran.json["error"]["what"]
    assert run("issue", "list", "--json").json == []


def test_the_preview_shows_the_root_and_some_of_the_holders(run: Run) -> None:
    root = made(run, roster(*people(2), {"person_id": "s3", "name": "Wolfeschlegelsteinhausen " * 3}))["run"]["root"]
    shown = run("issue", "preview", root, "-o", "sheet.pdf", "--json").json["shown"]
    assert {"Graduate B", ("Wolfeschlegelsteinhausen " * 3).strip()} <= {each["name"] for each in shown}
    text = "".join(page.extract_text() for page in PdfReader("sheet.pdf").pages)
    assert root[2:18] in text.replace("\n", "").replace(" ", "")
    assert stat.S_IMODE(Path("sheet.pdf").stat().st_mode) == 0o600


def test_a_template_that_was_changed_since_is_told(run: Run, template: Path) -> None:
    root = made(run, roster(*people(1)))["run"]["root"]
    template.write_text(template.read_text() + "\n# changed\n")
    assert "the template was changed or moved since" in run("issue", "preview", root).out


def test_what_is_thrown_away_can_be_made_again_under_another_root(run: Run) -> None:
    path = roster(*people(2))
    root = made(run, path)["run"]["root"]
    assert "4 credentials" in run("issue", "discard", root).out
    assert refused(run("issue", "confirm", root, "--by", "Bob", "--json")) == (1, "unknown-root")
    assert refused(run("issue", "preview", root, "--json")) == (1, "unknown-root")
    assert made(run, path)["run"]["root"] != root


def test_the_daemon_can_do_it(run: Run) -> None:
    root = made(run, roster(*people(2)))["run"]["root"]
    job = run("issue", "confirm", root, "--by", "Bob", "--queue", "--json").json["job"]
    assert run("jobs", "show", job, "--json").json["credentials"] == 4
    assert refused(run("issue", "confirm", root, "--queue", "--wait", "--json")) == (1, "queue")


def test_revocation_is_seen_elsewhere_where_the_service_has_an_address(run: Run) -> None:
    settings = Path("testamur.toml")
    settings.write_text(settings.read_text() + 'public_url = "https://registry.example"\n')
    root = made(run, roster(*people(2)))["run"]["root"]
    with working() as here:
        store = IssuedStore(here.folder.engine, here.chain, here.contract_address)
        entries = [json.loads(row.document)["credentialStatus"] for row in store.rows(bytes.fromhex(root[2:]))]
    # One entry, and no array: so has the schema of Open Badges 3.0.
    assert {each["statusPurpose"] for each in entries} == {"revocation"}
    indices = [each["statusListIndex"] for each in entries]
    assert len(set(indices)) == len(indices)


def test_without_a_key_of_the_issuer_nothing_is_made(run: Run) -> None:
    path = roster(*people(1))
    Path("testamur.toml").write_text("")
    assert refused(run("issue", path, "--template", TEMPLATE, "--json")) == (1, "no-issuing-key")
    Path("testamur.toml").write_text('issuing_key = "key.pem"\nissuing_method = "did:web:other.example#key-1"\n')
    assert refused(run("issue", path, "--template", TEMPLATE, "--json")) == (1, "other-controller")
    assert run("issue", "list", "--json").json == []


def test_an_account_of_another_can_be_asked_for(run: Run) -> None:
    root = made(run, roster(*people(1)))["run"]["root"]
    settings = Path("testamur.toml")
    settings.write_text(settings.read_text() + 'issuing_confirmation = "account"\n')
    assert refused(run("issue", "confirm", root, "--by", "Bob", "--json")) == (1, "same-account")
    settings.write_text(settings.read_text().replace('"account"', '"off"'))
    assert run("issue", "confirm", root, "--by", "Ada").code == 0


def test_make_is_the_command_that_need_not_be_named(run: Run) -> None:
    path = roster(*people(1))
    named = run("issue", "make", path, "--template", TEMPLATE, "--json").json
    assert named["made"] == 1
    assert run("issue").code in (0, 2)
    assert "preview" in run("issue", "--help").out
    assert run("issue", "nothing.csv", "--template", TEMPLATE, "--json").code == 1
