"""Registers of the service: what their mirrors anchored is used, what not is listed; one question, every door."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from registry.database.engine import open_database
from registry.errors import SettingsError
from registry.quality.decision import Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.quality.snapshot import lines_of, read_snapshot
from registry.recognition.scope import hash_of_programme
from registry.service.app import create_app
from registry.service.registers import RegisterFolder, Registers
from registry.service.routes.registers import accredited_told
from registry.service.trust import IndexedFacts
from registry.verify.policy import parse_policy
from registry.verify.question import Question
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import file_of
from tests.registry.service.conftest import CHAIN, CONTRACT, Stand, registered, soon
from tests.registry.service.test_pages import BROWSER, HOSTILE, accepted, browsed, check_page, offer, words_of

MIRROR, AGENCY, UNIVERSITY, OTHER = 4, 1, 2, 3
PROGRAMME = "https://uni.example/msc-data"
HERE = Holder((Identifier("deqar", "DEQARINST0001"),), "University of Examples", "HR", UNIVERSITY)
THERE = Holder((Identifier("deqar", "DEQARINST0002"),), "Institute", "AT", OTHER)
MASTER = Programme((Identifier("uri", PROGRAMME),), "Data Science", levels=(7, 7), fields=("0613",))
LISTED = decision(
    "1",
    subject=Subject.PROGRAMME,
    programmes=(MASTER,),
    holders=(HERE,),
    valid_from=date(2024, 1, 1),
    valid_until=date(2030, 1, 1),
)
DECISIONS = [
    LISTED,
    replace(
        LISTED,
        number="2",
        ruling=Ruling.CONDITIONAL,
        condition="Two more members of staff.",
        programmes=(Programme((Identifier("uri", "urn:p:conditional"),), "Conditional"),),
    ),
    replace(
        LISTED, number="3", programmes=(Programme((Identifier("uri", "urn:p:lapsed"),)),), valid_until=date(2025, 1, 1)
    ),
    replace(
        LISTED,
        number="4",
        subject=Subject.JOINT_PROGRAMME,
        programmes=(Programme((Identifier("uri", "urn:p:joint"),), "Joint"),),
        holders=(HERE, THERE),
    ),
    replace(LISTED, number="5", ruling=Ruling.NEGATIVE, programmes=(Programme((Identifier("uri", "urn:p:no"),)),)),
]


class Shelf:
    """A service with a folder of registers."""

    def __init__(self, stand: Stand, folder: Path):
        self.stand, self.path = stand, folder
        self.folder = RegisterFolder(folder)
        self.registers = Registers(self.folder, stand.service)
        self.app = create_app(stand.service, registers_kept=self.registers)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def put(
        self,
        file: str,
        decisions: list[QualityDecision],
        *,
        anchored: bool = True,
        final: bool = True,
        **manifest: Any,
    ) -> bytes:
        """A snapshot as a file; returns its root."""
        said = {"chain": CHAIN, "contract": CONTRACT.lower(), "party": MIRROR} | manifest
        data = b"".join(file_of(decisions, **said))
        (self.path / file).write_bytes(data)
        snapshot = read_snapshot(lines_of(io.BytesIO(data)))
        if anchored:
            block = self.stand.mine(self.stand.anchored(said["party"], snapshot.root, count=snapshot.leaf_count))
            if final:
                self.stand.finalise(block.number)
        self.folder.read()
        soon(self.stand)
        return snapshot.root

    def told(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    stand = Stand(tmp_path, engine)
    stand.mine(*(registered(number) for number in range(1, 5)))
    folder = tmp_path / "registers"
    folder.mkdir()
    yield Shelf(stand, folder)
    engine.dispose()


def now_of(shelf: Shelf) -> str:
    """A moment that the index has read up to."""
    head = shelf.stand.index.head()
    assert head is not None
    return head.cursor.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_snapshot_is_used_where_its_mirror_anchored_it_and_listed_otherwise(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    shelf.put("b.register", [LISTED], anchored=False)
    shelf.put("c.register", [DECISIONS[1]], party=OTHER)
    shelf.put("d.register", [DECISIONS[2]], contract="0x" + "cd" * 20)
    (shelf.path / "e.register").write_bytes(b"nothing\n")
    (shelf.path / "note.txt").write_text("not one")
    shelf.folder.read()
    told = shelf.told("/v1/registers")
    found = {each["file"]: (each["isUsed"], (each["notUsed"] or {}).get("code")) for each in told["registers"]}
    assert found == {
        "a.register": (True, None),
        "b.register": (False, "register-not-anchored"),
        "c.register": (True, None),
        "d.register": (False, "register-other"),
    }
    assert [(each["file"], each["code"]) for each in told["unreadable"]] == [("e.register", "snapshot-manifest")]
    assert shelf.told("/v1/registers/deqar/decisions", 400)["code"] == "several-mirrors"
    assert len(shelf.told(f"/v1/registers/deqar/decisions?mirror={MIRROR}")["decisions"]) == len(DECISIONS)
    assert shelf.told("/v1/registers/other/decisions", 404)["code"] == "unknown-register"


def test_a_voided_snapshot_is_never_used(shelf: Shelf) -> None:
    root = shelf.put("a.register", DECISIONS)
    shelf.stand.mine(("BatchVoided", {"issuer": MIRROR, "root": root, "reason": 1, "controller": "0x" + "11" * 20}))
    soon(shelf.stand)
    (told,) = shelf.told("/v1/registers")["registers"]
    assert (told["isUsed"], told["notUsed"]["code"]) == (False, "register-voided")
    assert shelf.told("/v1/registers/deqar/decisions", 404)["code"] == "unknown-register"


def figures_of(shelf: Shelf) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures at the newest block: insights, and the indicators by their ids."""
    insights = shelf.told(f"/v1/insights?at={now_of(shelf)}")
    measured = shelf.told(f"/v1/indicators?period=2026&at={now_of(shelf)}")
    return insights, measured | {each["id"]: each["of"] for each in measured["indicators"]}


def counted(told: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """What an anchored snapshot would change if it counted."""
    insights, measured = told
    credentials, months = insights["credentials"], insights["months"]["months"]
    return {
        "batches": credentials["batches"],
        "credentials": credentials["credentials"],
        "revoked": credentials["revoked"],
        "issuers": [each["issuer"] for each in credentials["byIssuer"]],
        "kinds": insights["partners"]["byKind"],
        "month": (sum(each["batches"] for each in months), sum(each["credentials"] for each in months)),
        "anchored": measured["credentials-growth"]["numerator"],
        "abroad": measured["credentials-recognised-abroad"]["denominator"],
        "revocations": measured["revoked-after-audit"]["denominator"],
        "stating": measured["issuers-with-statement"]["denominator"],
    }


def test_a_snapshot_that_is_at_hand_is_no_credentials(shelf: Shelf) -> None:
    """Issuers are counted by their credentials alone, whatever a mirror anchors and withdraws beside them."""
    stand = shelf.stand
    stand.mine(stand.anchored(UNIVERSITY, stand.tree(*(bytes([number]) * 32 for number in range(1, 8)))))
    soon(stand)
    before = counted(figures_of(shelf))
    assert (before["credentials"], before["anchored"], before["issuers"]) == (7, 7, [UNIVERSITY])

    root = shelf.put("a.register", DECISIONS)
    batch = stand.index.batch(MIRROR, root)
    assert batch is not None
    leaves = batch.leaf_count
    stand.mine(("StatusSet", {"issuer": MIRROR, "root": root, "word": 0, "changed": 3, "purpose": 0, "reason": 1}))
    stand.mine(("BatchVoided", {"issuer": MIRROR, "root": root, "reason": 1, "controller": "0x" + "11" * 20}))
    soon(stand)
    told = figures_of(shelf)
    assert counted(told) == before
    assert told[0]["credentials"]["registerSnapshots"] == {"batches": 1, "leaves": leaves}
    assert told[1]["registerSnapshots"] == {"batches": 1, "leaves": leaves}

    # The same index, and nobody who has the file.
    (shelf.path / "a.register").unlink()
    shelf.folder.read()
    without = figures_of(shelf)
    assert without[0]["credentials"]["registerSnapshots"] == {"batches": 0, "leaves": 0}
    found = counted(without)
    assert (found["batches"], found["credentials"], found["revoked"]) == (2, 7 + leaves, leaves)
    assert found["month"] == (2, 7 + leaves)
    assert found["issuers"] == [UNIVERSITY, MIRROR]
    assert found["kinds"]["issuer"] == before["kinds"]["issuer"] + 1
    assert (found["anchored"], found["abroad"], found["stating"]) == (7 + leaves, 7 + leaves, 2)
    assert found["revocations"] == leaves

    shelf.put("a.register", DECISIONS, anchored=False)
    assert counted(figures_of(shelf)) == before


def test_a_file_of_somebody_takes_no_batch_out_of_the_figures(shelf: Shelf) -> None:
    """Left out is what the mirror that the manifest names anchored in this contract, and nothing else."""
    shelf.put("a.register", DECISIONS, anchored=False)
    shelf.put("b.register", [DECISIONS[0]], contract="0x" + "cd" * 20)
    other = shelf.put("c.register", [DECISIONS[1]], anchored=False)
    shelf.stand.mine(shelf.stand.anchored(OTHER, other, count=3))
    soon(shelf.stand)
    insights, measured = figures_of(shelf)
    assert insights["credentials"]["batches"] == 2
    assert measured["registerSnapshots"] == {"batches": 0, "leaves": 0}


def test_a_snapshot_that_its_mirror_anchored_with_another_count_is_no_credentials_either(shelf: Shelf) -> None:
    """It is not used, and what is in the batch of that root is known nevertheless."""
    root = shelf.put("a.register", DECISIONS, anchored=False)
    shelf.stand.mine(shelf.stand.anchored(MIRROR, root, count=1_000_000))
    soon(shelf.stand)
    insights, _ = figures_of(shelf)
    assert not shelf.told("/v1/registers")["registers"][0]["isUsed"]
    assert (insights["credentials"]["batches"], insights["credentials"]["credentials"]) == (0, 0)
    assert insights["credentials"]["registerSnapshots"] == {"batches": 1, "leaves": 1_000_000}


def test_a_snapshot_anchored_after_the_moment_is_not_told_of(shelf: Shelf) -> None:
    shelf.stand.mine()
    soon(shelf.stand)
    before = now_of(shelf)
    shelf.put("a.register", DECISIONS)
    told = shelf.told(f"/v1/insights?at={before}")
    assert told["credentials"]["registerSnapshots"] == {"batches": 0, "leaves": 0}


def test_pages_and_tables_say_what_was_left_out(shelf: Shelf) -> None:
    root = shelf.put("a.register", DECISIONS)
    batch = shelf.stand.index.batch(MIRROR, root)
    assert batch is not None
    said = f"which are no credentials: 1, with {batch.leaf_count} leaves"
    for path in ("/insights", f"/indicators?period=2026&at={now_of(shelf)}"):
        assert said in words_of(check_page(browsed(shelf.client, path)))
    table = shelf.client.get(f"/v1/indicators?format=csv&at={now_of(shelf)}").text
    rows = [each for each in csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))) if each["kind"] == "left-out"]
    assert [(each["unit"], each["value"]) for each in rows] == [("batches", "1"), ("leaves", str(batch.leaf_count))]
    table = shelf.client.get("/v1/insights?format=csv").text
    assert f"registerSnapshots.leaves,{batch.leaf_count}," in table


def voided(shelf: Shelf, root: bytes) -> None:
    shelf.stand.mine(("BatchVoided", {"issuer": MIRROR, "root": root, "reason": 1, "controller": "0x" + "11" * 20}))
    soon(shelf.stand)


def test_a_voided_snapshot_silences_those_before_it_as_it_does_at_the_command(shelf: Shelf) -> None:
    shelf.put("a.register", [LISTED])
    voided(shelf, shelf.put("b.register", [replace(LISTED, ruling=Ruling.NEGATIVE)]))
    told = shelf.told(f"/v1/accredited?party={UNIVERSITY}&programme={PROGRAMME}&at={now_of(shelf)}")
    assert (told["answer"], told["registers"][0]["code"]) == ("could not be checked", "register-voided")
    refused = shelf.told("/v1/registers/deqar/decisions", 503)
    assert (refused["code"], "b.register" in refused["where"]) == ("register-voided", True)
    authority = f"{MIRROR}/register/deqar"
    query = {"entity_id": str(UNIVERSITY), "authority_id": authority, "action": "issue", "resource": "any"}
    assert shelf.client.get("/v1/authorization", params=query).json()["code"] == "register-voided"
    # What a stranger laid beside them is nothing of the mirror's and silences nothing.
    (shelf.path / "b.register").unlink()
    shelf.put("c.register", [replace(LISTED, ruling=Ruling.NEGATIVE, number="c")], anchored=False)
    told = shelf.told(f"/v1/accredited?party={UNIVERSITY}&programme={PROGRAMME}&at={now_of(shelf)}")
    assert (told["answer"], told["registers"][0]["code"]) == ("yes", "register-listed")


def test_what_may_still_be_undone_is_no_plain_yes(shelf: Shelf) -> None:
    shelf.put("a.register", [LISTED], final=False)
    told = shelf.told(f"/v1/accredited?party={UNIVERSITY}&programme={PROGRAMME}&at={now_of(shelf)}")
    assert (told["answer"], told["registers"][0]["outcome"]) == ("yes, with a warning", "warn")
    assert "not final yet" in told["registers"][0]["text"]
    resource = f"programme=0x{hash_of_programme(PROGRAMME).hex()}"
    query = {"entity_id": str(UNIVERSITY), "authority_id": f"{MIRROR}/register/deqar", "action": "issue"}
    trusted = shelf.client.get("/v1/authorization", params=query | {"resource": resource, "time": now_of(shelf)}).json()
    assert "not final yet" in trusted["message"]
    assert trusted["register"]["as_known_now"]["final"] is None


def test_a_sentence_names_some_holders_and_the_answer_all(shelf: Shelf) -> None:
    many = tuple(Holder((Identifier("deqar", f"N{each:04}"),), f"University {each}") for each in range(900))
    shelf.put("a.register", [replace(LISTED, holders=(HERE, *many), subject=Subject.JOINT_PROGRAMME)])
    resource = f"programme=0x{hash_of_programme(PROGRAMME).hex()}"
    query = {"entity_id": str(UNIVERSITY), "authority_id": f"{MIRROR}/register/deqar", "action": "issue"}
    told = shelf.client.get("/v1/authorization", params=query | {"resource": resource, "time": now_of(shelf)}).json()
    assert len(told["message"]) < 2_000
    assert len(told["register"]["as_known_now"]["holders"]) == 901


def test_a_decision_that_is_replaced_is_listed_as_that_and_in_force_on_no_day(shelf: Shelf) -> None:
    newer = replace(LISTED, ruling=Ruling.NEGATIVE, replaces=LISTED.digest.value)
    shelf.put("a.register", [LISTED, newer])
    path = "/v1/registers/deqar/decisions"
    by = {each["digest"]: each.get("replacedBy") for each in shelf.told(path)["decisions"]}
    assert by == {LISTED.digest.hex: newer.digest.hex, newer.digest.hex: None}
    assert [json.loads(line) for line in shelf.client.get(f"{path}?format=ndjson").text.splitlines()] == (
        shelf.told(path)["decisions"]
    )
    rows = csv.DictReader(io.StringIO(shelf.client.get(f"{path}?format=csv").text))
    assert {row["digest"]: (row["replaces"], row["replaced_by"]) for row in rows} == {
        LISTED.digest.hex: ("", newer.digest.hex),
        newer.digest.hex: (LISTED.digest.hex, ""),
    }
    assert [each["digest"] for each in shelf.told(f"{path}?at=2025-06-01")["decisions"]] == [newer.digest.hex]
    words = words_of(check_page(browsed(shelf.client, "/registers/deqar")))
    assert f"replaced by {newer.digest.hex[:12]}" in words


def test_a_policy_for_another_chain_is_not_asked_of_this_one(shelf: Shelf) -> None:
    shelf.put("a.register", [LISTED])
    other = parse_policy('chain = "eip155:5"\n[[bodies]]\nparty = 1\nname = "Agency"\n')
    facts = IndexedFacts(shelf.stand.index, shelf.stand.trees)
    question = Question.of(UNIVERSITY, datetime.now(UTC))
    with pytest.raises(SettingsError, match="eip155:5"):
        accredited_told(shelf.stand.service, facts, shelf.registers, question, other)


def test_files_that_change_while_they_are_placed_are_placed_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("a.register", DECISIONS)
    newer = (shelf.path / "a.register").read_bytes()
    shelf.put("a.register", [LISTED])

    def changing(folder: RegisterFolder) -> Any:
        """The files as they were; by the time that anybody has them, others were read."""
        monkeypatch.undo()
        before = folder.files
        (shelf.path / "a.register").write_bytes(newer)
        folder.read()
        return before

    monkeypatch.setattr(RegisterFolder, "files", property(changing))
    assert [each.snapshot.manifest.decisions for each in shelf.registers.placed()[0]] == [1]
    assert [each.snapshot.manifest.decisions for each in shelf.registers.placed()[0]] == [len(DECISIONS)]


def test_changed_files_are_read_beside_the_requests(shelf: Shelf) -> None:
    shelf.put("a.register", [LISTED])
    assert shelf.told("/v1/registers")["registers"][0]["decisions"] == 1
    shelf.put("a.register", DECISIONS)
    assert shelf.told("/v1/registers")["registers"][0]["decisions"] == len(DECISIONS)
    (shelf.path / "a.register").unlink()
    shelf.folder.read()
    assert shelf.told("/v1/registers")["registers"] == []


def test_decisions_are_filtered_paged_and_written_as_tables(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    path = "/v1/registers/deqar/decisions"
    every = shelf.told(path)["decisions"]
    first = shelf.told(f"{path}?limit=2")
    rest = shelf.told(f"{path}?limit=1000&cursor={first['next']}")
    assert first["decisions"] + rest["decisions"] == every
    assert rest["next"] is None
    for query, numbers in (
        ("holder=deqar:DEQARINST0002", {"4"}),
        (f"party={OTHER}", {"4"}),
        (f"programme={PROGRAMME}", {"1"}),
        ("at=2025-06-01", {"1", "2", "4", "5"}),
    ):
        assert {each["number"] for each in shelf.told(f"{path}?{query}")["decisions"]} == numbers, query
    lines = shelf.client.get(f"{path}?format=ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == every
    rows = list(csv.DictReader(io.StringIO(shelf.client.get(f"{path}?format=csv").text)))
    assert [row["digest"] for row in rows] == [each["digest"] for each in every]
    assert {row["condition"] for row in rows} == {"", "Two more members of staff."}


def test_the_question_is_answered_from_a_register(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    at = now_of(shelf)
    for programme, answer, code in (
        (PROGRAMME, "yes", "register-listed"),
        ("urn:p:conditional", "yes, with a warning", "register-conditional"),
        ("urn:p:lapsed", "not on record", "register-lapsed"),
        ("urn:p:joint", "yes", "register-listed"),
        ("urn:p:no", "not on record", "register-negative"),
        ("urn:p:other", "not on record", "register-other-scope"),
    ):
        told = shelf.told(f"/v1/accredited?party={UNIVERSITY}&programme={programme}&at={at}")
        assert (told["answer"], told["registers"][0]["code"]) == (answer, code)
        page = browsed(shelf.client, f"/accredited?party={UNIVERSITY}&programme={programme}&at={at}")
        words = words_of(check_page(page))
        assert answer.capitalize() in words
        assert told["registers"][0]["text"] in words
    joint = shelf.told(f"/v1/accredited?party={OTHER}&programme=urn:p:joint&at={at}")
    assert joint["answer"] == "yes"
    assert "University of Examples, Institute" in joint["registers"][0]["text"]
    early = shelf.told(f"/v1/accredited?party={UNIVERSITY}&programme={PROGRAMME}&at=2025-06-01")
    assert (early["answer"], early["registers"][0]["code"]) == ("yes, with a warning", "register-listed-since")
    assert shelf.told(f"/v1/accredited?party=99&programme={PROGRAMME}", 404)["code"] == "unknown-party"


def test_the_question_is_answered_from_the_chain(shelf: Shelf) -> None:
    shelf.stand.mine(offer(1, AGENCY, UNIVERSITY, 0, "https://agency.example/1"), accepted(1))
    soon(shelf.stand)
    at = now_of(shelf)
    told = shelf.told(f"/v1/accredited?party={UNIVERSITY}&body={AGENCY}&at={at}")
    assert (told["answer"], told["onChain"]["code"]) == ("yes", "accredited")
    assert [link["accreditation"] for link in told["onChain"]["path"]] == [1]
    other = shelf.told(f"/v1/accredited?party={UNIVERSITY}&body={OTHER}&at={at}")
    assert (other["answer"], other["onChain"]["missing"]["gap"]) == ("not on record", "no-agreement")
    assert shelf.told(f"/v1/accredited?party={UNIVERSITY}&at={at}", 400)["code"] == "nobody-here"


def test_trqp_answers_by_a_register(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    authority = f"{CHAIN}:{CONTRACT}/party/{MIRROR}/register/deqar"

    def asked(programme: str, **more: str) -> Any:
        resource = f"programme=0x{hash_of_programme(programme).hex()}"
        query = {"entity_id": str(UNIVERSITY), "authority_id": authority, "action": "issue", "resource": resource}
        return shelf.client.get("/v1/authorization", params=query | {"time": now_of(shelf)} | more)

    for programme, is_so, standing in (
        (PROGRAMME, True, "holds"),
        ("urn:p:conditional", True, "holds-with-conditions"),
        ("urn:p:lapsed", False, "lapsed"),
        ("urn:p:no", False, "negative"),
    ):
        told = asked(programme).json()
        assert (told["authorized"], told["register"]["as_known_now"]["standing"]) == (is_so, standing)
        assert "a statement by a mirror" in told["message"]
    conditional = asked("urn:p:conditional").json()
    assert conditional["register"]["as_known_now"]["condition"] == "Two more members of staff."
    assert "The condition: Two more members of staff." in conditional["message"]
    joint = asked("urn:p:joint").json()["register"]["as_known_now"]["holders"]
    assert [each["party"] for each in joint] == [UNIVERSITY, OTHER]
    early = asked(PROGRAMME, time="2025-06-01T00:00:00Z").json()
    assert (early["authorized"], early["readings"]) == (False, {"as_known_then": False, "as_known_now": True})
    for more, status, code in (
        ({"action": "accredit"}, 404, "unknown-action"),
        ({"authority_id": f"{OTHER}/register/deqar"}, 404, "unknown-register"),
        ({"authority_id": f"{MIRROR}/register/other"}, 404, "unknown-register"),
        ({"authority_id": f"{MIRROR}/register/UPPER"}, 400, "party-id"),
        ({"entity_id": "99"}, 404, "unknown-party"),
    ):
        answer = asked(PROGRAMME, **more)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    query = {"entity_id": "2", "authority_id": authority, "action": "issue", "resource": "any"}
    refused = shelf.client.get("/v1/recognition", params=query)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown-action")


def test_what_a_hostile_register_says_is_text(shelf: Shelf) -> None:
    hostile = [
        replace(
            LISTED,
            number=f"{place}{text[:2000]}".replace("\x00", "?"),
            agency_name=text[:2000],
            condition=text[:2000],
            ruling=Ruling.CONDITIONAL,
            holders=(replace(HERE, name=text[:2000]), replace(THERE, name=text[:2000])),
            programmes=(replace(MASTER, name=text[:2000]),),
        )
        for place, text in enumerate(HOSTILE)
    ]
    shelf.put("<img src=x>.register", hostile, rules=HOSTILE[:3], name=HOSTILE[0])
    at = now_of(shelf)
    for path in (
        "/registers",
        "/registers/deqar",
        f"/registers/deqar?holder=deqar:{'%3Cscript%3E'}&programme=%3Cb%3E",
        f"/accredited?party={UNIVERSITY}&programme={PROGRAMME}&at={at}",
        "/accredited?programme=%3Cscript%3E%22",
    ):
        page = browsed(shelf.client, path)
        root = check_page(page)
        assert not [each for each in root.iter() if each.tag in ("script", "img", "b")], path
        assert "\u202e" not in page
        assert "\x1b" not in page


def test_pages_of_registers_are_led_to_and_the_form_works_empty(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    assert "Registers of quality decisions" in browsed(shelf.client, "/v1/registers")
    assert "Data Science" in browsed(shelf.client, "/v1/registers/deqar")
    assert shelf.told("/v1/registers/deqar")["registers"][0]["register"] == "deqar"
    empty = browsed(shelf.client, "/accredited?party=&programme=&field=&levels=&at=&body=")
    assert "Number of the institution" in empty
    asked = shelf.client.get("/accredited?party=x", headers=BROWSER)
    assert asked.status_code == 400
    whole = browsed(shelf.client, f"/accredited?party={UNIVERSITY}&programme={PROGRAMME}&field=&levels=&at=&body=")
    assert "As of block" in whole


def test_what_a_form_leaves_empty_is_not_asked_of_the_json(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    for path in (
        f"/accredited?party={UNIVERSITY}&programme={PROGRAMME}&field=&levels=&at=&body=",
        f"/registers/deqar?mirror={MIRROR}&holder=&programme=&at=",
    ):
        root = check_page(browsed(shelf.client, path))
        (link,) = [
            each.attrib["href"]
            for each in root.iter()
            if each.attrib.get("href", "").startswith("/v1/") and "format=json" in each.attrib["href"]
        ]
        assert shelf.client.get(link).status_code == 200, link
    assert "/v1/accredited" not in browsed(shelf.client, "/accredited")


def test_an_index_that_is_behind_says_nothing_of_registers(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    shelf.stand.mine(behind=100)
    soon(shelf.stand)
    for path in ("/v1/registers", "/v1/registers/deqar/decisions", f"/v1/accredited?party={UNIVERSITY}"):
        assert shelf.told(path, 503)["code"] == "index-behind"


def test_a_later_moment_than_now_is_refused(shelf: Shelf) -> None:
    shelf.put("a.register", DECISIONS)
    assert shelf.told(f"/v1/accredited?party={UNIVERSITY}&at=2999-01-01", 400)["code"] == "time-to-come"
