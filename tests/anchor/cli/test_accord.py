"""Parties of an accord drive it from one file, each from its own data folder, on the embedded chain."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from anchor.books.anchoring import AnchorStore
from anchor.cli import asking
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.conftest import Ran, Run, commands_in

ACCORD, ONE, TWO, THREE, STRANGER = 1, 2, 3, 4, 5
EXAMPLE = Path(__file__).parents[3] / "docs/how-to/seoul-accord.toml"
HEAD = f"""\
[accord]
name = "An accord"
party = {ACCORD}
uri = "https://accord.example/"
until = 2040-01-01

[scope]
field = "061"
levels = "6"
"""


class Party:
    """Runs commands with the key and the number of one party."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch, number: int):
        self._run = run
        self._monkeypatch = monkeypatch
        self.number = number

    def __call__(self, *arguments: object, json: bool = True) -> Ran:
        self._monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[self.number])
        return self._run(*arguments, "--issuer", self.number, *(["--json"] if json else []))

    def does(self, *arguments: object) -> Any:
        """What a command said that has done what it was asked for."""
        ran = self(*arguments)
        assert ran.code == 0, ran
        return ran.json

    def code_of(self, *arguments: object) -> str:
        """The code with which a command was refused."""
        ran = self(*arguments)
        assert ran.code == 1, ran
        return str(ran.json["error"]["code"])


Parties = dict[int, Party]


@contextmanager
def parties_in(folder: Path) -> Iterator[Parties]:
    with commands_in(folder) as run, pytest.MonkeyPatch.context() as patch:
        yield {number: Party(run, patch, number) for number in range(ACCORD, STRANGER + 1)}


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of five parties, each with a key of its own, to be copied."""
    folder = tmp_path_factory.mktemp("registered")
    with parties_in(folder) as made:
        for number, party in made.items():
            assert party.does("issuer", "register", "--uri", f"did:web:p{number}.example")["party"] == number
    return folder


@pytest.fixture
def parties(tmp_path: Path, registered: Path) -> Iterator[Parties]:
    shutil.copytree(registered, tmp_path, dirs_exist_ok=True)
    with parties_in(tmp_path) as made:
        yield made


def member(party: int, *lines: str, state: str = "full", joined: str | None = "2020-01-01") -> str:
    text = f'\n[[members]]\nparty = {party}\nname = "Member {party}"\nstate = "{state}"\n'
    text += f"joined = {joined}\n" if joined else ""
    return text + "".join(f"{line}\n" for line in lines)


def written(*members: str, head: str = HEAD, name: str = "accord.toml") -> str:
    Path(name).write_text(head + "".join(members))
    return name


def linked(parties: Parties, *numbers: int) -> str:
    """A file whose members are linked already."""
    file = written(*map(member, numbers))
    parties[ACCORD].does("accord", "create", file)
    for number in numbers:
        parties[number].does("accord", "admit", file)
    assert parties[STRANGER].does("accord", "show", file)["complete"]
    return file


def standings(shown: Any) -> dict[int, list[str]]:
    return {each["party"]: [link["standing"] for link in each["links"]] for each in shown["members"]}


def notes(told: Any) -> str:
    return " | ".join(f"{each['party']}: {each['text']}" for each in told["notes"])


def steps(told: Any) -> list[tuple[str, int, int | None]]:
    return [(each["did"], each["party"], each["number"]) for each in told["steps"]]


def state(parties: Parties, number: int) -> str:
    return str(parties[STRANGER].does("accredit", "show", number)["state"])


def links_on_chain() -> int:
    with Workspace(Settings(), read_only=True) as workspace:
        return workspace.contract.accreditation_count()


def test_the_thirteen_members_of_the_example_take_twenty_six_links(run: Run) -> None:
    file = shutil.copy(EXAMPLE, "seoul-accord.toml")
    for number in range(1, 17):
        assert run("issuer", "register", "--uri", f"did:web:p{number}.example").code == 0
    offered = run("accord", "create", file, "--issuer", 1, "--json").json
    assert [each["did"] for each in offered["steps"]] == ["offered"] * 13
    assert [each["party"] for each in offered["toDo"]] == list(range(2, 15))
    for number in range(2, 15):
        told = run("accord", "admit", file, "--issuer", number, "--json").json
        assert [each["did"] for each in told["steps"]] == ["accepted", "recognised"]
        assert told["toDo"] == []
    assert links_on_chain() == 26
    shown = run("accord", "show", file, "--json").json
    assert shown["complete"]
    assert [each["party"] for each in shown["members"] if each["linked"]] == list(range(2, 15))
    assert shown["members"][1]["links"][0]["from"] == "2008-12-06T00:00:00Z"
    told = run("accord", "show", file).out
    assert "13 members, 1 provisional; 26 of 26 links hold, where 156 would be between each two." in told
    assert "Party 15 (PICAB): provisional: no links, and no path leads through it until it is admitted." in told
    # Whoever runs it again, it does nothing again.
    for number in (1, 2, 14):
        assert run("accord", "create", file, "--issuer", number, "--json").json["steps"] == []
    assert links_on_chain() == 26


def test_whoever_follows_what_is_left_to_do_ends_with_the_whole_accord(parties: Parties) -> None:
    file = written(*map(member, (ONE, TWO, THREE)))
    told = parties[STRANGER].does("accord", "show", file)
    assert told["toDo"][0]["command"] == "testamur accord create accord.toml"
    rounds = 0
    while told["toDo"]:
        for errand in told["toDo"]:
            program, *words = shlex.split(errand["command"])
            assert program == "testamur"
            parties[errand["party"]].does(*words)
        told = parties[STRANGER].does("accord", "show", file)
        rounds += 1
    assert told["complete"]
    assert rounds <= 2
    assert links_on_chain() == 6


def test_a_member_recognises_before_it_is_offered_anything(parties: Parties) -> None:
    file = written(member(ONE))
    first = parties[ONE].does("accord", "create", file)
    assert steps(first) == [("recognised", ONE, 1)]
    assert first["toDo"] == [{"party": ACCORD, "name": "An accord", "command": f"testamur accord admit {file} {ONE}"}]
    assert steps(parties[ACCORD].does("accord", "admit", file, ONE)) == [("offered", ONE, 2)]
    assert steps(parties[ONE].does("accord", "create", file)) == [("accepted", ONE, 2)]
    assert parties[ONE].does("accord", "show", file)["complete"]


def test_a_dry_run_sends_nothing(parties: Parties) -> None:
    file = written(member(ONE))
    told = parties[ACCORD].does("accord", "create", file, "--dry-run")
    assert (told["dryRun"], steps(told)) == (True, [("offered", ONE, None)])
    assert links_on_chain() == 0
    assert "would be" in parties[ACCORD]("accord", "create", file, "--dry-run", json=False).out
    linked(parties, ONE)
    gone = written(member(ONE, "left = 2026-01-01"))
    assert steps(parties[ACCORD].does("accord", "leave", gone, ONE, "--dry-run")) == [("withdrawn", ONE, 1)]
    assert (state(parties, 1), links_on_chain()) == ("active", 2)


def test_who_is_not_of_the_accord_does_nothing(parties: Parties) -> None:
    file = written(member(ONE), member(TWO, state="provisional"), member(THREE, "left = 2021-01-01"))
    for words in (("create", file), ("admit", file), ("leave", file), ("admit", file, ONE)):
        assert parties[STRANGER].code_of("accord", *words) == "accord-stranger"
    for number, words in (
        (TWO, ("admit", file)),
        (THREE, ("admit", file)),
        (ACCORD, ("admit", file, TWO)),
        (ACCORD, ("admit", file, THREE)),
        (ACCORD, ("admit", file, STRANGER)),
        (ACCORD, ("admit", file)),
        (ONE, ("admit", file, THREE)),
        (ONE, ("leave", file)),
        (ONE, ("leave", file, THREE)),
        (ACCORD, ("leave", file, ONE)),
    ):
        assert parties[number].code_of("accord", *words) == "accord-member", (number, words)
    assert links_on_chain() == 0


def test_a_file_of_other_parties_or_another_chain_is_refused(parties: Parties) -> None:
    unknown = written(member(ONE), member(99))
    for words in (("create", unknown), ("show", unknown), ("create", unknown, "--dry-run")):
        refused = parties[ACCORD]("accord", *words)
        assert (refused.code, refused.json["error"]["code"]) == (1, "unknown-party")
        assert "members[1].party: there is no party 99" in refused.json["error"]["what"]
    other = written(member(ONE), head=HEAD.replace("until", 'chain = "eip155:1"\nuntil'))
    refused = parties[ACCORD]("accord", "create", other)
    assert (refused.json["error"]["code"], "eip155:1" in refused.json["error"]["what"]) == ("accord", True)
    assert parties[ACCORD].code_of("accord", "show", written(head=HEAD)) == "accord"
    assert parties[ACCORD].code_of("accord", "show", "missing.toml") == "accord"
    assert parties[ACCORD].code_of("accord", "show", ".") == "accord"
    assert parties[ACCORD].code_of("accord", "show", written(member(ONE), head=HEAD.replace("https://", ""))) == "uri"


def test_only_the_controller_of_the_accord_offers(parties: Parties) -> None:
    # Its number alone does not make a party of a data folder.
    file = written(member(ONE))
    refused = parties[ONE]._run("accord", "create", file, "--issuer", ACCORD, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "contract-reverted")
    assert links_on_chain() == 0


def test_a_person_at_a_terminal_is_asked(parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def says_no(_: object, question: str) -> bool:
        asked.append(question)
        return False

    file = written(member(ONE), member(TWO))
    monkeypatch.setattr(asking, "at_a_terminal", lambda: True)
    monkeypatch.setattr(asking.SafeConsole, "confirms", says_no)
    assert parties[ACCORD].code_of("accord", "create", file) == "not-confirmed"
    assert asked == [f"2 links offered, as party {ACCORD}. Go on?"]
    assert links_on_chain() == 0
    parties[ACCORD].does("accord", "create", file, "--yes")
    parties[ONE].does("accord", "admit", file, "--yes")
    gone = written(member(ONE, "left = 2026-01-01"), member(TWO))
    assert parties[ACCORD].code_of("accord", "leave", gone, ONE) == "not-confirmed"
    assert asked[-1] == "Withdraw number 1 for good (unspecified). Go on?"
    assert state(parties, 1) == "active"
    # Where there is nothing to do, nobody is asked.
    assert parties[ONE].does("accord", "admit", written(member(ONE), member(TWO)))["steps"] == []
    assert len(asked) == 2


class TestProvisional:
    def test_it_has_no_links_until_it_is_admitted(self, parties: Parties) -> None:
        file = written(member(ONE), member(TWO, state="provisional", joined=None))
        told = parties[ACCORD].does("accord", "create", file)
        assert [each["party"] for each in told["steps"]] == [ONE]
        assert f"{TWO}: provisional: no links, and no path leads through it until it is admitted." in notes(told)
        assert standings(parties[ONE].does("accord", "show", file))[TWO] == ["not-due", "not-due"]
        admitted = written(member(ONE), member(TWO, joined="2026-01-01"))
        assert steps(parties[ACCORD].does("accord", "admit", admitted, TWO)) == [("offered", TWO, 2)]
        parties[TWO].does("accord", "admit", admitted)
        assert parties[TWO].does("accredit", "show", 2)["validFrom"] == "2026-01-01T00:00:00Z"
        assert standings(parties[ONE].does("accord", "show", admitted))[TWO] == ["holds", "holds"]

    def test_one_that_is_linked_all_the_same_is_told(self, parties: Parties) -> None:
        linked(parties, ONE)
        file = written(member(ONE, state="provisional"))
        shown = parties[STRANGER].does("accord", "show", file)
        assert standings(shown)[ONE] == ["beyond-the-file", "beyond-the-file"]
        assert not shown["complete"]
        assert "number 1 is there all the same; testamur accredit withdraw 1 ends it, by party 1" in notes(shown)
        assert "testamur accredit withdraw 2 ends it, by party 2" in notes(shown)


class TestLeaving:
    def test_both_links_are_withdrawn_from_the_day_that_the_file_says(self, parties: Parties) -> None:
        linked(parties, ONE, TWO)
        gone = written(member(ONE), member(TWO, "left = 2026-01-01"))
        told = parties[ACCORD].does("accord", "leave", gone, TWO, "--reason", "holder-request")
        assert steps(told) == [("withdrawn", TWO, 2)]
        assert [each["command"] for each in told["toDo"]] == [f"testamur accord leave {gone}"]
        shown = parties[TWO].does("accredit", "show", 2)
        assert shown["history"][-1]["effectiveFrom"] == "2026-01-01T00:00:00Z"
        assert shown["history"][-1]["reason"] == "holder-request"
        assert steps(parties[TWO].does("accord", "leave", gone)) == [("withdrawn", TWO, 4)]
        complete = parties[ONE].does("accord", "show", gone)
        assert (complete["complete"], complete["toDo"]) == (True, [])
        for number in (ACCORD, TWO):
            assert parties[number].does("accord", "leave", gone)["steps"] == []
        # Those who stay are not touched.
        assert (state(parties, 1), state(parties, 3)) == ("active", "active")

    def test_of_a_time_between_it_says_what_was_known_then_and_what_is_known_now(self, parties: Parties) -> None:
        linked(parties, ONE)
        gone = written(member(ONE, "left = 2026-01-01"))
        parties[ACCORD].does("accord", "leave", gone, ONE)
        shown = parties[ONE].does("accord", "show", gone, "--at", "2025-12-31")
        admission, recognition = shown["members"][0]["links"]
        assert (admission["asKnownThen"], admission["asKnownNow"]) == ("not-yet-recorded", "holds")
        assert (recognition["asKnownThen"], recognition["asKnownNow"]) == ("not-yet-recorded", "holds")
        assert parties[ONE].code_of("accord", "show", gone, "--at", "2999-01-01") == "time-to-come"
        told = parties[ONE]("accord", "show", gone, "--at", "2025-12-31", json=False).out
        assert "not yet recorded (1) / holds (1)" in told
        assert "Of 2025-12-31T00:00:00Z: as known then / as known now." in told

    def test_not_before_its_day(self, parties: Parties) -> None:
        linked(parties, ONE)
        later = written(member(ONE, "left = 2039-01-01"))
        told = parties[ACCORD].does("accord", "leave", later, ONE)
        assert told["steps"] == []
        assert "takes no withdrawal before its day; run this again then" in notes(told)
        assert parties[ONE].does("accord", "show", later)["complete"]

    def test_not_before_its_last_change_took_effect(self, parties: Parties) -> None:
        linked(parties, ONE)
        parties[ACCORD].does("accredit", "suspend", 1, "--effective", "2026-03-01")
        parties[ACCORD].does("accredit", "reinstate", 1, "--effective", "2026-04-01")
        early = written(member(ONE, "left = 2026-03-15"))
        told = parties[ACCORD].does("accord", "leave", early, ONE)
        assert told["steps"] == []
        assert "InvalidEffect" in notes(told)
        assert "2026-04-01T00:00:00Z" in notes(told)
        assert "what was accredited before stands" in notes(told)
        assert "testamur accredit void 1 is another thing" in notes(told)
        assert state(parties, 1) == "active"
        allowed = written(member(ONE, "left = 2026-04-01"))
        assert steps(parties[ACCORD].does("accord", "leave", allowed, ONE)) == [("withdrawn", ONE, 1)]

    def test_what_was_anchored_since_is_counted_for_the_accord(self, parties: Parties) -> None:
        linked(parties, ONE)
        number = parties[ONE].does("accredit", "offer", STRANGER, "--until", "2039-01-01")["id"]
        parties[STRANGER].does("accredit", "accept", number)
        for name in ("first", "second"):
            Path(f"{name}.json").write_text(f'{{"{name}": 1}}')
            parties[STRANGER].does("anchor", f"{name}.json")
        gone = written(member(ONE, "left = 2026-01-01"))
        told = parties[ACCORD].does("accord", "leave", gone, ONE, "--dry-run")
        assert told["anchoredSince"] == [{"party": ONE, "batches": 2, "all": True}]
        said = parties[ACCORD]("accord", "leave", gone, ONE, json=False).errors
        assert "Since then issuers that it accredited anchored 2 batches: accredited as known then" in said
        # What the member itself withdraws is about others.
        assert parties[ONE].does("accord", "leave", gone)["anchoredSince"] == []

    def test_an_offer_that_is_open_is_taken_back_by_hand(self, parties: Parties) -> None:
        parties[ACCORD].does("accord", "create", written(member(ONE)))
        gone = written(member(ONE, "left = 2026-01-01"))
        told = parties[ACCORD].does("accord", "leave", gone)
        assert told["steps"] == []
        assert "offer 1 is open: testamur accredit void 1 takes it back" in notes(told)

    def test_another_day_than_the_one_that_is_recorded_is_told(self, parties: Parties) -> None:
        linked(parties, ONE)
        parties[ACCORD].does("accord", "leave", written(member(ONE, "left = 2026-01-01")), ONE)
        told = parties[ACCORD].does("accord", "leave", written(member(ONE, "left = 2026-02-01")), ONE)
        assert told["steps"] == []
        assert "was withdrawn from 2026-01-01T00:00:00Z on, and not from 2026-02-01T00:00:00Z" in notes(told)

    def test_one_that_returns_is_linked_from_the_day_of_its_return(self, parties: Parties) -> None:
        linked(parties, ONE)
        gone = written(member(ONE, "left = 2026-01-01"))
        parties[ACCORD].does("accord", "leave", gone, ONE)
        parties[ONE].does("accord", "leave", gone)
        as_before = written(member(ONE))
        told = parties[ACCORD].does("accord", "create", as_before)
        assert told["steps"] == []
        assert "write the day of its return as joined" in notes(told)
        back = written(member(ONE, joined="2026-03-01"))
        parties[ACCORD].does("accord", "admit", back, ONE)
        parties[ONE].does("accord", "admit", back)
        assert parties[STRANGER].does("accord", "show", back)["complete"]
        assert parties[ONE].does("accredit", "show", 3)["validFrom"] == "2026-03-01T00:00:00Z"


class TestWhatIsThereAlready:
    def test_what_was_refused_is_offered_again_only_to_the_member_by_name(self, parties: Parties) -> None:
        file = written(member(ONE))
        parties[ACCORD].does("accord", "create", file)
        parties[ONE].does("accredit", "refuse", 1)
        told = parties[ACCORD].does("accord", "create", file)
        assert told["steps"] == []
        assert "number 1 is refused" in notes(told)
        assert steps(parties[ACCORD].does("accord", "admit", file, ONE)) == [("offered", ONE, 2)]

    def test_a_suspended_link_is_left_alone(self, parties: Parties) -> None:
        file = linked(parties, ONE)
        parties[ACCORD].does("accredit", "suspend", 1)
        told = parties[ACCORD].does("accord", "create", file)
        assert told["steps"] == []
        assert "number 1 is suspended: testamur accredit reinstate 1 lifts it" in notes(told)

    def test_a_new_end_is_a_link_that_follows(self, parties: Parties) -> None:
        linked(parties, ONE)
        longer = written(member(ONE, "until = 2046-01-01"))
        assert standings(parties[ONE].does("accord", "show", longer))[ONE] == ["ends-early", "ends-early"]
        assert steps(parties[ACCORD].does("accord", "create", longer)) == [("offered", ONE, 3)]
        assert parties[ACCORD].does("accord", "create", longer)["steps"] == []
        assert steps(parties[ONE].does("accord", "admit", longer)) == [("accepted", ONE, 3), ("recognised", ONE, 4)]
        shown = parties[ONE].does("accredit", "show", 3)
        assert (shown["validFrom"], shown["validUntil"]) == ("2040-01-01T00:00:00Z", "2046-01-01T00:00:00Z")
        assert parties[ONE].does("accord", "show", longer)["complete"]

    def test_another_scope_is_linked_from_now_on_and_the_old_one_is_told(self, parties: Parties) -> None:
        linked(parties, ONE)
        wider = written(member(ONE), head=HEAD.replace('"061"', '"06"'))
        assert standings(parties[ONE].does("accord", "show", wider))[ONE] == ["other-scope", "other-scope"]
        before = datetime.now(UTC)
        assert steps(parties[ACCORD].does("accord", "create", wider)) == [("offered", ONE, 3)]
        told = parties[ONE].does("accord", "admit", wider)
        assert steps(told) == [("accepted", ONE, 3), ("recognised", ONE, 4)]
        begins = datetime.fromisoformat(parties[ONE].does("accredit", "show", 3)["validFrom"])
        assert (before - begins).total_seconds() < 60
        shown = parties[ONE].does("accord", "show", wider)
        assert [each["beyond"] for each in shown["members"]] == [[1, 2]]
        assert "testamur accredit withdraw 1 ends it, by party 1" in notes(shown)
        assert not shown["complete"]

    def test_a_link_for_each_of_several_fields(self, parties: Parties) -> None:
        file = written(member(ONE), head=HEAD.replace('field = "061"', 'fields = ["061", "0541"]'))
        assert steps(parties[ACCORD].does("accord", "create", file)) == [("offered", ONE, 1), ("offered", ONE, 2)]
        assert len(parties[ONE].does("accord", "admit", file)["steps"]) == 4
        assert parties[ONE].does("accord", "show", file)["complete"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--condition-hash", "ab" * 32, "--until", "2040-01-01"], "has a condition"),
            (["--until", "2041-01-01"], "ends on 2041-01-01T00:00:00Z, later than the file says"),
            (["--until", "2040-01-01", "--from", "2019-01-01"], "begins on 2019-01-01T00:00:00Z, before it joined"),
        ],
        ids=["condition", "end", "beginning"],
    )
    def test_a_member_accepts_what_its_own_file_says_and_no_more(
        self, parties: Parties, arguments: list[str], said: str
    ) -> None:
        file = written(member(ONE))
        words = ["--to-accredit", "--field", "061", "--levels", "6", *arguments]
        parties[ACCORD].does("accredit", "offer", ONE, *words)
        told = parties[ONE].does("accord", "admit", file)
        assert [each[0] for each in steps(told)] == ["recognised"]
        assert f"offer 1 {said}" in notes(told)
        assert state(parties, 1) == "offered"

    def test_a_member_that_retired_does_not_keep_others_out(self, parties: Parties) -> None:
        parties[ONE].does("issuer", "retire", "--yes")
        told = parties[ACCORD].does("accord", "create", written(member(ONE), member(TWO)))
        assert steps(told) == [("offered", TWO, 1)]
        assert f"{ONE}: retired on 20" in notes(told)

    def test_what_was_left_under_way_is_gone_on_with(self, parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
        from anchor.acts import accreditations as acts

        file, sent = written(*map(member, (ONE, TWO, THREE))), []
        send = acts.send

        def ends_after_two(workspace: Workspace, call: Any) -> Any:
            if len(sent) == 2:
                raise KeyboardInterrupt
            sent.append(call)
            return send(workspace, call)

        monkeypatch.setattr(acts, "send", ends_after_two)
        parties[ACCORD]("accord", "create", file)
        assert links_on_chain() == 2
        monkeypatch.undo()
        assert steps(parties[ACCORD].does("accord", "create", file)) == [("offered", THREE, 3)]


class TestShow:
    def test_circles_are_pointed_out_with_their_parties(self, parties: Parties) -> None:
        file = linked(parties, ONE)
        parties[ACCORD].does("recognise", TWO)
        parties[TWO].does("recognise", ACCORD)
        shown = parties[STRANGER].does("accord", "show", file)
        assert (shown["circles"], shown["recognises"], shown["complete"]) == ([[ACCORD, TWO]], [TWO], True)
        told = parties[STRANGER]("accord", "show", file, json=False).out
        assert (
            "A circle of recognitions, harmless, because none is passed on: party 1 (An accord), which recognises "
            "party 3, which recognises party 1 (An accord)."
        ) in told
        assert "Party 3 is not in the file and recognises it: number 4, active." in told

    def test_an_accord_that_recognises_somebody_gives_its_members_nothing(self, parties: Parties) -> None:
        file = linked(parties, ONE)
        parties[ACCORD].does("recognise", TWO)
        told = parties[STRANGER]("accord", "show", file, json=False).out
        assert "The accord recognises party 3, which gives its members nothing" in told

    def test_a_member_that_is_an_accord_is_pointed_out(self, parties: Parties) -> None:
        file = linked(parties, ONE)
        nested = written(member(TWO), head=HEAD.replace("party = 1", f"party = {ONE}"), name="nested.toml")
        parties[ONE].does("accord", "create", nested)
        parties[TWO].does("accord", "admit", nested)
        assert parties[STRANGER].does("accord", "show", file)["nested"] == [ONE]
        told = parties[STRANGER]("accord", "show", file, json=False).out
        assert "party 2 (Member 2) is an accord itself" in told

    def test_a_party_that_issues_is_hardly_an_accord(self, parties: Parties) -> None:
        Path("diploma.json").write_text('{"a": 1}')
        parties[ACCORD].does("anchor", "diploma.json")
        told = parties[STRANGER]("accord", "show", written(member(ONE)), json=False).out
        assert "Party 1 has anchored 1 batch itself." in told

    def test_an_accord_that_retired_enters_into_nothing(self, parties: Parties) -> None:
        file = written(member(ONE))
        parties[ACCORD].does("issuer", "retire", "--yes")
        assert parties[ACCORD].code_of("accord", "create", file) == "party-retired"
        assert parties[ONE].code_of("accord", "admit", file) == "party-retired"
        told = parties[STRANGER]("accord", "show", file, json=False).out
        assert "The accord, party 1, retired on 20" in told

    def test_a_party_that_is_accredited_and_not_in_the_file(self, parties: Parties) -> None:
        linked(parties, ONE, TWO)
        shown = parties[STRANGER].does("accord", "show", written(member(ONE)))
        assert [(each["number"], each["holder"]) for each in shown["strangers"]] == [(2, TWO), (4, ACCORD)]
        assert not shown["complete"]


@contextmanager
def killed_before_it_is_told() -> Iterator[None]:
    """The process ends when a transaction is in a block, and before anything is made of it."""
    with pytest.MonkeyPatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(AnchorStore, "answered", killed)
        yield


def test_after_a_kill_nothing_is_offered_twice(parties: Parties) -> None:
    file = written(member(ONE), member(TWO))
    with killed_before_it_is_told():
        assert parties[ACCORD]("accord", "create", file).code != 0
    assert steps(parties[ACCORD].does("accord", "create", file)) == [("offered", TWO, 2)]
    parties[ONE].does("accord", "admit", file)
    parties[TWO].does("accord", "admit", file)
    assert parties[STRANGER].does("accord", "show", file)["complete"]
    assert links_on_chain() == 4


def test_after_a_kill_what_was_refused_since_is_offered_anew(parties: Parties) -> None:
    """The offer that nobody was told of is another one than the one that is asked for now."""
    file = written(member(ONE))
    with killed_before_it_is_told():
        assert parties[ACCORD]("accord", "create", file).code != 0
    parties[ONE].does("accredit", "refuse", 1)
    assert steps(parties[ACCORD].does("accord", "admit", file, ONE)) == [("offered", ONE, 2)]
    assert state(parties, 2) == "offered"
