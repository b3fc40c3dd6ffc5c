"""`testamur register`: a register is imported, looked at, confirmed and compared, and nothing is anchored before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.proofs.signatures.keys import did_key, write_key
from tests.anchor.begun import begun, issuer, working
from tests.anchor.registers.made import KEY, numbered, table
from tests.conftest import Ran, Run

__all__ = ["begun", "issuer"]


@pytest.fixture(autouse=True)
def key(run: Run, issuer: int) -> Path:
    """A key that the settings name."""
    path = Path("key.pem")
    path.write_text(write_key(KEY))
    path.chmod(0o600)
    Path("testamur.toml").write_text('issuing_key = "key.pem"\n')
    return path


def imported(run: Run, path: Path, *more: object) -> Any:
    ran = run("register", "import", "deqar", path, "--register", "deqar", *more, "--json")
    assert ran.code in (0, 3), ran.out
    return ran.json


def refused(ran: Ran) -> tuple[int, str]:
    return ran.code, ran.json["error"]["code"]


def test_from_a_table_to_a_snapshot_that_shows_what_it_says(run: Run, issuer: int) -> None:
    path = table(Path("deqar.csv"), *numbered("A"), *numbered("B", decision="2", summary="A plan."))
    content = imported(run, path, "--name", "Example Register", "--uri", "https://register.example")
    root = content["root"]
    assert (content["taken"], content["decisions"], content["leftOut"]) == (2, 2, {})
    with working() as here:
        assert here.store.all() == []
    (draft,) = run("register", "list", "--json").json
    assert (draft["root"], draft["state"]) == (root, "draft")
    done = run("register", "confirm", root, "--wait", "--json").json
    assert done["batch"]["state"] == "final"
    assert done["batch"]["leafCount"] == done["leafCount"] == 4
    shown = run(
        "register", "show", done["copy"], "--state", "holds-with-conditions", "--at", "2025-01-01", "--json"
    ).json
    assert (shown["root"], shown["signature"], shown["issuer"]) == (root, "holds", did_key(KEY))
    assert shown["manifest"]["register"] == {
        "id": "deqar",
        "name": "Example Register",
        "uri": "https://register.example",
    }
    assert [each["decision"]["condition"] for each in shown["shown"]] == ["A plan."]
    # Any decision has its receipt, and an institution that is not listed is provably in no batch.
    digest = shown["shown"][0]["digest"]
    assert run("absent", "ab" * 32, "--issuer", issuer).code == 0
    assert run("absent", digest, "--issuer", issuer).code == 1
    (published,) = run("register", "list", "--json").json
    assert (published["root"], published["state"]) == (root, "final")


def test_the_next_import_is_compared_with_the_last_one(run: Run, issuer: int) -> None:
    first = imported(run, table(Path("one.csv"), *numbered("same", "wrong", "gone")))
    assert run("register", "confirm", first["root"], "-o", "first").code == 0
    same = imported(run, Path("one.csv"))
    assert same["sameAsBefore"]
    assert (
        "Nothing changed since the snapshot" in run("register", "import", "deqar", "one.csv", "--register", "deqar").out
    )
    second = imported(run, table(Path("two.csv"), *numbered("same", "new"), *numbered("wrong", decision="3")))
    counted = {name: second[name] for name in ("new", "corrected", "unchanged", "gone", "previous")}
    assert counted == {"new": 1, "corrected": 1, "unchanged": 1, "gone": 1, "previous": first["root"][2:]}
    assert run("register", "confirm", second["root"], "-o", "second").code == 0
    assert refused(run("register", "confirm", same["root"], "--json")) == (1, "register-overtaken")
    old, new = (next(Path(folder).glob("*.register")) for folder in ("first", "second"))
    found = run("register", "changes", old, new, "--json").json
    assert found["counts"] == {"new": 1, "corrected": 1, "changed": 0, "ended": 0, "gone": 1}
    assert run("register", "discard", same["root"]).code == 0
    assert refused(run("register", "discard", same["root"], "--json")) == (1, "unknown-root")


def test_a_published_snapshot_is_left_out_of_the_figures_once_its_file_is_known(run: Run) -> None:
    root = imported(run, table(Path("deqar.csv"), *numbered("A", "B")))["root"]
    leaves = run("register", "confirm", root, "-o", "registers", "--wait", "--json").json["leafCount"]
    assert run("index", "--once").code == 0

    def anchored() -> int:
        told = run("insights", "show", "--json").json
        (found,) = (each["of"]["numerator"] for each in told["indicators"] if each["id"] == "credentials-growth")
        return int(found)

    before = anchored()
    assert "Left out" not in run("insights", "show").out
    with Path("testamur.toml").open("a") as file:
        file.write('registers = "registers"\n')
    assert anchored() == before - leaves
    assert f"Left out as snapshots of registers: 1 batch with {leaves} leaves." in run("insights", "show").out


def test_what_is_left_out_is_told_and_the_exit_code_says_so(run: Run) -> None:
    path = table(Path("deqar.csv"), *numbered("A"), *numbered("B", valid_from="03/04/2024", date_format=""))
    ran = run("register", "import", "deqar", path, "--register", "deqar")
    assert ran.code == 3
    assert "date-ambiguous" in ran.out
    assert "2024-03-04 or 2024-04-03" in ran.out
    assert "deqar.refused.csv" in ran.out
    strict = run("register", "import", "deqar", path, "--register", "deqar", "--strict", "--json")
    assert refused(strict) == (1, "register-not-ready")


def test_a_key_of_somebody_else_publishes_nothing(run: Run, issuer: int) -> None:
    root = imported(run, table(Path("deqar.csv"), *numbered("A")))["root"]
    Path("testamur.toml").write_text('issuing_key = "key.pem"\nissuing_method = "did:web:other.example#key-1"\n')
    assert refused(run("register", "confirm", root, "--json")) == (1, "other-controller")
    Path("testamur.toml").write_text("")
    assert refused(run("register", "confirm", root, "--json")) == (1, "no-issuing-key")
    with working() as here:
        assert here.store.all() == []


def test_the_template_is_a_table_that_is_imported_and_offers_follow_from_it(run: Run, issuer: int) -> None:
    assert run("register", "template", "-o", "plain.csv").code == 0
    assert refused(run("register", "template", "-o", "plain.csv", "--json")) == (1, "exists")
    Path("parties.csv").write_text(f"id,party\ndeqar:DEQARINST9001,{issuer}\n")
    root = run(
        *("register", "import", "csv", "plain.csv", "--register", "exqa", "--parties", "parties.csv", "--json")
    ).json["root"]
    copy = run("register", "confirm", root, "--json").json["copy"]
    found = run("register", "offers", copy, "--agency", "EXQA", "--at", "2027-01-01", "--json").json
    (offer,) = found["offers"]
    assert offer["party"] == issuer
    assert "--condition-hash" in offer["arguments"]
    assert json.dumps(found["notOffered"]) == "[]"
    other = run("register", "offers", copy, "--agency", "QXAE", "--at", "2027-01-01")
    assert "0 offers of QXAE" in other.out
    assert "the agencies of the snapshot: " in other.out
    assert "EXQA" in other.out


def test_a_name_that_is_none_is_refused_before_anything_is_read(run: Run) -> None:
    ran = run("register", "import", "deqar", "nothing.csv", "--register", "De Qar", "--json")
    assert refused(ran) == (1, "register-name")
