"""What an agency would offer for its decisions in force: a command for each holder, programme and field."""

from __future__ import annotations

import shlex
from datetime import date
from hashlib import sha256

from typer.testing import CliRunner

from anchor.registers.looking import Asked, Signature, State, matching, signature_of
from anchor.registers.offers import offers_of
from registry.quality.decision import Evidence, Holder, Identifier, Programme, Ruling, Subject
from registry.quality.snapshot import read_snapshot
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import file_of

DAY = date(2025, 6, 1)
HERE, THERE = Identifier("deqar", "DEQARINST0001"), Identifier("deqar", "DEQARINST0002")
JOINT = decision(
    "joint",
    subject=Subject.JOINT_PROGRAMME,
    ruling=Ruling.CONDITIONAL,
    condition="Publish a plan.",
    holders=(Holder((HERE,), "One", "HR", 7), Holder((THERE,), "Two", "AT", 8)),
    programmes=(
        Programme((Identifier("local", "-P 1; rm"),), "Data", "", (7, 7), fields=("0613", "0611"), types=("degree",)),
        Programme((Identifier("local", "MUS"),), "Music", levels=(6, 7), country="BE"),
        Programme(name="Dance", country="BE"),
    ),
    evidence=(Evidence("no address"), Evidence("https://agency.example/1.pdf")),
)


def test_each_holder_programme_and_field_is_one_command() -> None:
    snapshot = read_snapshot(file_of([JOINT]))
    offers, left = offers_of(snapshot, "deqar-agency:33", DAY)
    assert left == []
    assert len(offers) == 8
    first = offers[0].arguments
    condition = sha256(b"Publish a plan.").hexdigest()
    assert first == (
        "7", "--field", "0611", "--levels", "7", "--type", "degree", "--jurisdiction", "HR", "--programme=-P 1; rm",
        "--from", "2020-01-01", "--until", "2026-01-01", "--condition-hash", condition,
        "--evidence-uri", "https://agency.example/1.pdf",
    )  # fmt: skip
    assert shlex.split(offers[0].command) == ["testamur", "accredit", "offer", *first]
    music = [each.arguments for each in offers if "6-7" in each.arguments]
    assert [each[0] for each in music] == ["7", "8"]
    assert all("BE" in each and "--field" not in each for each in music)
    # Without its name it would be an accreditation for every programme.
    dance = [each.arguments for each in offers if "--programme=Dance" in each.arguments]
    assert [each[0] for each in dance] == ["7", "8"]


def test_a_programme_that_nobody_can_tell_is_not_offered_as_the_whole_institution() -> None:
    party = (Holder((HERE,), "One", "HR", 7),)
    decisions = [
        decision("blank", subject=Subject.PROGRAMME, holders=party, programmes=(Programme(levels=(7, 7)),)),
        decision("empty", subject=Subject.PROGRAMME, holders=party),
        decision("whole", holders=party),
    ]
    offers, left = offers_of(read_snapshot(file_of(decisions)), "33", DAY)
    assert [(each.decision.number, each.arguments[:3]) for each in offers] == [("whole", ("7", "--jurisdiction", "HR"))]
    assert {each.decision.number for each in left} == {"blank", "empty"}


def test_what_would_be_printed_as_another_programme_is_not_printed() -> None:
    party = (Holder((HERE,), country="HR", party=7),)
    programmes = [(Programme((Identifier("uri", f"urn:p{sign}1"),)),) for sign in "\u202e\n\x1b\u200b"]
    decisions = [
        decision(str(number), subject=Subject.PROGRAMME, holders=party, programmes=each)
        for number, each in enumerate(programmes)
    ]
    offers, left = offers_of(read_snapshot(file_of(decisions)), "33", DAY)
    assert offers == []
    assert {each.decision.number for each in left} == {"0", "1", "2", "3"}
    assert all("not seen" in each.why for each in left)


def test_what_grants_nothing_or_cannot_be_offered_is_no_command() -> None:
    party = (Holder((HERE,), country="HR", party=7),)
    wrong = decision("replaced", holders=party)
    decisions = [
        decision("negative", ruling=Ruling.NEGATIVE, holders=party),
        decision("none", ruling=Ruling.NOT_APPLICABLE, holders=party),
        decision("lapsed", valid_until=date(2021, 1, 1), holders=party),
        decision("later", valid_from=date(2025, 12, 1), holders=party),
        decision("other", agency=Identifier("deqar-agency", "34"), holders=party),
        wrong,
        decision("replaced", ruling=Ruling.NEGATIVE, holders=party, replaces=wrong.digest.value),
        decision("open", valid_until=None, holders=party),
        decision("nobody"),
        decision("unsaid", ruling=Ruling.CONDITIONAL, holders=party),
        decision("anywhere", holders=(Holder((HERE,), party=7),)),
        decision("yes", holders=party),
    ]
    offers, left = offers_of(read_snapshot(file_of(decisions)), "33", DAY)
    assert [each.decision.number for each in offers] == ["yes"]
    why = {each.decision.number: each.why for each in left}
    assert why.keys() == {"open", "nobody", "unsaid", "anywhere"}
    assert "conditional" in why["unsaid"]
    assert "--parties" in why["anywhere"]


def test_the_printed_commands_are_commands_of_the_program() -> None:
    from anchor.cli.app import app

    offers, _ = offers_of(read_snapshot(file_of([JOINT])), "33", DAY)
    for offer in offers:
        arguments = shlex.split(offer.command)[1:]
        ran = CliRunner().invoke(app, [*arguments, "--data-folder", "/nonexistent/x", "--until", "yesterday"])
        assert "yesterday" in ran.output, ran.output


def test_decisions_are_found_by_holder_agency_programme_and_state() -> None:
    wrong = decision("A")
    right = decision("A", ruling=Ruling.NEGATIVE, replaces=wrong.digest.value)
    snapshot = read_snapshot(file_of([JOINT, wrong, right, decision("later", valid_from=date(2025, 12, 1))]))

    def numbers(asked: Asked, day: date = DAY) -> list[tuple[str, State]]:
        return sorted((each.number, state) for _, each, state in matching(snapshot, asked, day))

    assert numbers(Asked()) == [
        ("A", State.NEGATIVE),
        ("A", State.REPLACED),
        ("joint", State.CONDITIONAL),
        ("later", State.NOT_YET),
    ]
    assert numbers(Asked(holder="deqar:DEQARINST0002")) == [("joint", State.CONDITIONAL)]
    assert numbers(Asked(holder="two")) == [("joint", State.CONDITIONAL)]
    assert numbers(Asked(programme="music")) == [("joint", State.CONDITIONAL)]
    assert numbers(Asked(agency="34")) == []
    assert numbers(Asked(state=State.LAPSED), date(2030, 1, 1)) == [("joint", State.LAPSED), ("later", State.LAPSED)]
    assert signature_of(snapshot) is Signature.NONE
