"""Decisions about suggestions: of named persons alone, checked, and kept in a chain that tells of what is missing."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.credential.digest import digest_json
from registry.errors import IntakeError, SettingsError
from registry.learning.suggest.decision_log import Log, read_log
from registry.learning.suggest.decisions import (
    Choice,
    decide,
    decide_pair,
    decider,
    faults_of,
    other_item,
    pair_id,
    state,
    suggestion_id,
    text_hash,
)
from registry.learning.suggest.values import Candidate, Figure, Model, Suggestion, Text
from registry.learning.suggest.wire import (
    AchievementPart,
    ChosenPart,
    EntryPart,
    FrameworkPart,
    ModelPart,
    OtherPart,
    SuggestionDecision,
    entry_in,
    entry_schema,
    members_of,
    suggestion_in,
)
from tests.registry.learning.suggest.suggested import ANA, AT, CODES, FRAMEWORK, members, suggested

ROOT = Path(__file__).parents[4]
NAMES = {"C.2": ("Draw an architecture.", "https://frameworks.example/C.2"), "C.3": ("Secure it.", "")}


def decided(choice: Choice, number: int = 1) -> SuggestionDecision:
    return decide(suggested(number), choice, ANA, AT, file="msc.toml", in_file=False)


def other(code: str = "C.2", **said: str) -> ChosenPart:
    return other_item(
        OtherPart(code=code, **said), FrameworkPart(**FRAMEWORK), NAMES, "https://frameworks.example", "here"
    )


def logged(*choices: Choice) -> tuple[Log, bytes]:
    log, content = Log(), b""
    for number, choice in enumerate(choices, 1):
        entry, line = log.after(decided(choice, number))
        log, content = log.with_entry(entry), content + line
    return log, content


THREE = (
    Choice(accept=("A.1", "B.1")),
    Choice(reject=True, reason="Too general."),
    Choice(other=(other(),), reason="Fits."),
)


def test_a_suggestion_of_the_engine_is_what_is_decided_about() -> None:
    model = Model("hybrid", "bm25s 0.3.16", "ab" * 32)
    made = Suggestion(
        text=Text("Students model processes.", "en", "part IS501", "Processes"),
        language="en",
        framework="example",
        framework_title="Example",
        framework_version="",
        model=model,
        candidates=tuple(
            Candidate(rank, code, code, "", 0.5, "Students model processes.") for rank, code in enumerate(CODES, 1)
        ),
        figure=Figure("example", "en", model, 40, 12, 30, 0.6),
    )
    read = suggestion_in(json.loads(json.dumps(made.to_dict())), "here")
    assert (read.text, read.candidates[4].code, read.figure.hit_at5 if read.figure else 0) == (
        made.text.words,
        "B.3",
        30,
    )
    told = decide(read, Choice(accept=("A.1",)), ANA, AT, file="msc.toml", in_file=True).figure
    assert told is not None
    assert (told.sentences, told.hit_at5) == (40, 30)
    again = suggestion_in({**made.to_dict(), "figure": None}, "here")
    assert suggestion_id(read) == suggestion_id(again), "what was measured may be told anew"


def test_what_is_accepted_becomes_an_alignment_and_the_rest_is_kept_as_rejected() -> None:
    decision = decided(Choice(accept=("A.1", "B.1"), url="https://frameworks.example"))
    assert (decision.ruling, decision.rejected) == ("accepted", ["A.2", "B.2", "B.3"])
    assert [each.score for each in decision.candidates] == [0.8, 0.7, 0.6, 0.5, 0.4]
    assert decision.text_sha256 == sha256(decision.text.encode()).hexdigest()
    assert [members_of(each.alignment) for each in decision.chosen] == [
        {
            "targetName": f"What {code} is about",
            "targetUrl": "https://frameworks.example",
            "targetFramework": "Competences in information systems",
            "targetCode": code,
            "targetType": "CFItem",
        }
        for code in ("A.1", "B.1")
    ]


def test_what_is_rejected_becomes_none() -> None:
    decision = decided(Choice(reject=True, reason="Too general."))
    assert (decision.ruling, decision.chosen, decision.rejected) == ("rejected", [], list(CODES))


def test_another_item_is_of_the_framework_or_written_in() -> None:
    decision = decided(Choice(accept=("A.1",), other=(other(),), reason="It is examined on."))
    assert decision.ruling == "changed"
    assert [each.origin for each in decision.chosen] == ["candidate", "framework"]
    written = other("X", name="Ethics", framework="Another", url="https://another.example/x")
    assert (written.origin, written.alignment.target_framework) == ("written", "Another")
    for said in ({"code": "Z.9"}, {"code": "Z.9", "name": "Z"}, {"code": "", "framework": "Another"}):
        with pytest.raises(IntakeError, match="no item"):
            other(**said)


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (Choice(), "nothing is decided"),
        (Choice(reason="Fits."), "nothing is decided"),
        (Choice(accept=("A.1",), reject=True, reason="No."), "both accepted and rejected"),
        (Choice(reject=True), "reason is missing"),
        (Choice(reject=True, reason=" \n "), "reason is missing"),
        (Choice(other=(other(),)), "reason is missing"),
        (Choice(accept=("C.2",)), "none of its candidates"),
        (Choice(reject=True, reason="x" * 2_001), "2,001 characters"),
    ],
)
def test_nothing_is_taken_for_a_decision_that_is_none(choice: Choice, why: str) -> None:
    with pytest.raises(IntakeError, match=why) as raised:
        decided(choice)
    assert raised.value.code == "review-choice"


@pytest.mark.parametrize("name", ["", "  ", "-", "42", "A\u202ena", "Аna Lima", "Ana\x1b[2J", "x" * 501])
def test_who_decides_is_a_named_person(name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        decider(name, "Programme director")
    assert raised.value.code == "no-decider"
    with pytest.raises(SettingsError):
        decider("Ana Lima", name)


def test_no_decision_is_read_whose_person_has_no_name() -> None:
    _, content = logged(*THREE)
    for path in ("name", "role"):
        for name, reason in (("", "too_short|at least 1"), ("…", "no named person")):
            entry = json.loads(content.splitlines()[0])
            entry["decision"]["decidedBy"][path] = name
            found = read_log(_line(entry))
            assert len(found.faults) == 1, reason


def test_alignments_are_made_of_decisions_and_nowhere_else() -> None:
    """What makes an `AlignmentPart`, and what calls that, by the code itself."""
    makers: set[str] = set()
    writers: set[str] = set()
    for path in [*(ROOT / "registry").rglob("*.py"), *(ROOT / "anchor").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("AlignmentPart", "ChosenPart"):
                    makers.add(path.name)
                if node.func.id == "write_alignments":
                    writers.add(path.name)
                    assert isinstance(node.args[1], ast.Name)
                    assert node.args[1].id == "entry"
    assert makers == {"decisions.py"}
    assert writers == {"reviewing.py", "suggest_review.py"}


def test_a_person_may_choose_without_a_suggestion() -> None:
    text = Text("Processes", "en", "part IS501")
    decision = state(
        text, [other()], ANA, AT, framework=FrameworkPart(**FRAMEWORK), file="msc.toml", reason="Examined."
    )
    assert (decision.ruling, decision.model, list(faults_of(decision))) == ("stated", None, [])
    with pytest.raises(IntakeError):
        state(text, [], ANA, AT, framework=FrameworkPart(**FRAMEWORK), file="msc.toml", reason="Examined.")


def test_each_entry_is_read_again_and_its_hash_is_the_digest_that_is_anchored() -> None:
    log, content = logged(*THREE)
    found = read_log(content)
    assert found == log
    assert found.faults == ()
    assert found.hashes == tuple(digest_json(line).value.hex() for line in content.splitlines())
    assert [each.previous for each in found.entries] == [None, *found.hashes[:-1]]
    validator = jsonschema.Draft202012Validator(
        json.loads((ROOT / "registry/schemas/suggestion-decision.schema.json").read_bytes())
    )
    for line in content.splitlines():
        validator.validate(json.loads(line))
    assert entry_schema() == validator.schema


def _line(entry: Any) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS) + b"\n"


def _without_second(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2]]


def _exchanged(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], lines[2]]


def _another_reason(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"Too general.", b"Too special."), lines[2]]


def _twice(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[2]]


def _spaced(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b":", b": ", 1), *lines[1:]]


def _garbage(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"\xff{", lines[2]]


def _duplicated_key(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"number":1', b'"number":1,"number":1'), *lines[1:]]


@pytest.mark.parametrize(
    "change", [_without_second, _exchanged, _another_reason, _twice, _spaced, _garbage, _duplicated_key]
)
def test_an_entry_that_was_changed_moved_or_taken_out_is_found(change: Callable[[list[bytes]], list[bytes]]) -> None:
    _, content = logged(*THREE)
    changed = b"".join(line + b"\n" for line in change(content.splitlines()))
    assert read_log(changed).faults


def test_a_log_that_was_cut_off_within_an_entry_is_found_and_between_them_by_a_hash() -> None:
    log, content = logged(*THREE)
    assert read_log(content[:-10]).faults
    shorter = read_log(b"".join(line + b"\n" for line in content.splitlines()[:2]))
    assert not shorter.faults
    assert log.head not in shorter.hashes


@given(st.integers(0, 2), st.integers(0, 2_000), st.integers(0, 255))
def test_no_byte_of_a_log_can_be_changed(at: int, place: int, byte: int) -> None:
    _, content = logged(*THREE)
    lines = content.splitlines(keepends=True)
    line = bytearray(lines[at])
    place %= len(line)
    if line[place] == byte:
        return
    line[place] = byte
    lines[at] = bytes(line)
    found = read_log(b"".join(lines))
    # The last entry has none after it: whoever anchored it, or kept its hash, finds that.
    assert found.faults or (at == 2 and found.head != read_log(content).head)


def test_what_does_not_go_together_is_found_though_the_chain_holds() -> None:
    for path, value in (
        (("text",), "Another text."),
        (("rejected",), ["A.2"]),
        (("ruling",), "changed"),
        (("ruling",), "rejected"),
        (("model",), None),
        (("candidates",), []),
        (("chosen",), []),
    ):
        entry = json.loads(logged(THREE[0])[1])
        entry["decision"][path[0]] = value
        if value is None:
            del entry["decision"][path[0]]
        read = entry_in(entry, "here")
        assert list(faults_of(read.decision)), path


def test_two_achievements_are_decided_about_whichever_is_named_first() -> None:
    one, two = (
        AchievementPart(source=f"{name}.json", institution=name, text=name, text_sha256=text_hash(name))
        for name in ("Lakeside", "Northport")
    )
    assert pair_id(one, two) == pair_id(two, one)
    model = ModelPart(name="likeness", version="numpy 2", data="cd" * 32)
    decision = decide_pair((one, two), 0.91, model, "not-sure", ANA, AT, "Other credits.")
    entry, line = Log().after(decision)
    found = read_log(line)
    assert (found.entries, found.faults) == ((entry,), ())
    assert found.of_pair(pair_id(two, one)) == entry
    wrong = decision.model_copy(update={"second": one})
    assert list(faults_of(wrong)) == ["it is about another pair than it says"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"candidates": []}, "candidates"),
        ({"candidates": [members()["candidates"][0]] * 6}, "candidates"),
        ({"text": ""}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text_sha256": "0"}, "text_sha256"),
        ({"model": {"name": "x", "version": "1", "data": "no hash"}}, "model.data"),
        ({"accepted": True}, "accepted"),
        ({"framework": {"id": ""}}, "framework.id"),
    ],
)
def test_a_suggestion_that_is_not_in_its_form_is_refused_with_the_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(IntakeError, match=place.replace(".", r"\.")) as raised:
        suggestion_in({**members(), **change}, "suggestions.json")
    assert raised.value.code == "suggestions"


def test_names_of_this_program_are_no_members() -> None:
    entry = members_of(Log().after(decided(THREE[0]))[0])
    entry["decision"]["decided_by"] = entry["decision"].pop("decidedBy")
    with pytest.raises(IntakeError, match="decidedBy"):
        entry_in(entry, "here")
    assert isinstance(entry_in(members_of(Log().after(decided(THREE[0]))[0]), "here"), EntryPart)
