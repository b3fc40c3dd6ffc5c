"""Catalogues: each says what English says, in its own words and with the same values; built is what they have."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from babel import Locale

from registry.language.catalogue import LANGUAGES, SOURCE, available, content, language
from registry.learning.mobility.points import Code as AskedCode
from registry.records import Reason
from registry.verify.question import Comes
from registry.verify.verdict import CHECK_NAMES, POLICY_CHECK_NAMES, Outcome, Overall
from scripts.build_languages import (
    BUILT,
    Catalogue,
    Malformed,
    built,
    parsed,
    places,
    plurals,
    present,
    problems,
    read,
    reviewer,
    written,
)  # fmt: skip

REPOSITORY = Path(__file__).parents[3]
ENGLISH = read(SOURCE)


@pytest.mark.parametrize("code", present())
def test_a_catalogue_is_whole(code: str) -> None:
    assert list(problems(read(code), ENGLISH)) == []


@pytest.mark.parametrize("code", present())
def test_what_is_built_is_what_the_catalogue_has(code: str) -> None:
    assert (BUILT / f"{code}.json").read_text("utf-8") == written(built(read(code))), "run scripts/build_languages.py"
    assert language(code).direction == Locale.parse(code).text_direction


def test_who_has_reviewed_a_catalogue_is_read_from_its_header() -> None:
    header = 'msgid ""\nmsgstr ""\n"Language: fr\\n"\n"X-Reviewed-By: {}\\n"\n\n'
    assert reviewer(header.format("")) == ""
    assert reviewer(header.format('Élise Roux, \\"Université\\" "\n"de Lyon')) == 'Élise Roux, "Université" de Lyon'
    assert reviewer('msgid ""\nmsgstr ""\n\nmsgid "x"\nmsgstr ""\n"X-Reviewed-By: x\\n"\n') == ""
    assert language(SOURCE).reviewed_by == "the authors"


def test_nothing_is_built_that_has_no_catalogue() -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/build_languages.py"), "--check"],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(available()) == present()
    assert available()[0] == SOURCE
    assert available()[: len(LANGUAGES)] == LANGUAGES


def french(**texts: str) -> Catalogue:
    """French with a few messages in other words, by key; `__` is a dot."""
    found = read("fr")
    return replace(found, texts={**found.texts, **{key.replace("__", "."): text for key, text in texts.items()}})


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("issuer.unknown", "Il n’y en a pas.", "{issuer} is missing"),
        ("issuer.unknown", "Pas de partie {issuer} ni de {autre}.", "English has no {autre}"),
        ("issuer.unknown", "", "it is not translated"),
        ("issuer.unknown", "Pas de <b>partie</b> {issuer}.", "markup is shown as it is written, so there is none"),
        ("issuer.unknown", "Pas de partie\u202e {issuer}.", "it has hidden characters (U+202E)"),
        ("issuer.unknown", "Pas de partie {issuer}." * 9, "it has 207 characters, and there is room for 102"),
        ("page.check", "Vérifier " * 5, "it has 45 characters, and there is room for 40"),
        ("issuer.retired", "Retirée le {when}.", "{when} is a time in one of the languages only"),
        ("duration.day", "{count, plural, one {x} other {y}}", "{count, plural} has nothing for many"),
        ("duration.day", "{count, plural, one {x} two {z} many {y} other {y}}", "two, which this language has not"),
        ("duration.day", "{count, plural, one {x}}", "a plural has no other"),
        ("duration.day", "{count, plural, one {x} one {y} other {z}}", "one is there twice"),
        ("duration.day", "{count, ordinal}", "there should be number, time or plural"),
        ("duration.day", "{count", "there should be ,"),
        ("duration.day", "count}", "there is a } without its {"),
    ],
)
def test_what_is_wrong_is_told(key: str, text: str, why: str) -> None:
    found = list(problems(french(**{key.replace(".", "__"): text}), ENGLISH))
    assert any(each.startswith(f"{key}: ") and why in each for each in found), found


def test_what_is_missing_or_has_changed_in_english_is_told() -> None:
    found = read("fr")
    rest = {key: text for key, text in found.texts.items() if key != "age.old"}
    more = replace(found, texts={**rest, "age.older": "x"}, english={**found.english, "age.clock": "It was other."})
    told = list(problems(more, ENGLISH))
    assert [each.partition(":")[0] for each in told] == ["age.old", "age.older", "age.clock"]


def test_the_syntax() -> None:
    assert parsed("a’b 'c' # \\") == "a’b 'c' # \\"
    assert parsed("{a}{ b , number }, {c, time}!") == [["a"], ["b", "number"], ", ", ["c", "time"], "!"]
    message = parsed("{n, plural, one {{n} day} other {{n, number} days of {all}}}")
    assert message == [["n", "plural", {"one": [["n"], " day"], "other": [["n", "number"], " days of ", ["all"]]}]]
    assert {name for name, _ in places(message)} == {"n", "all"}
    assert len(list(plurals(message))) == 1
    for text in ("{}", "{1}", "{a, plural, other {{b, plural, other {x}}}}", "{a b}", "{a, plural, =1 {x} other {y}}"):
        with pytest.raises(Malformed):
            parsed(text)


def test_every_sentence_that_is_said_is_in_the_catalogue_and_every_one_there_is_said() -> None:
    folders = ("registry", "anchor")
    python = "".join(path.read_text("utf-8") for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))
    script = "".join(
        path.read_text("utf-8")
        for path in (REPOSITORY / "registry/service/web/verifier").glob("*.js")
        if path.name != "english.js"
    )
    page = (REPOSITORY / "registry/service/web/browser/judging.js").read_text("utf-8")
    page += "".join(path.read_text("utf-8") for path in (REPOSITORY / "anchor/wallets/templates").glob("*.html"))
    said = set(re.findall(r'(?<![.\w])say\(\s*"([a-zA-Z.]+)"', python + script))
    own = {key for key in ENGLISH.texts if not key.startswith(("page.", "learner.", "cli.", "reason."))}
    assert {key for key in said if not key.startswith(("page.", "cli."))} <= own
    named = {key for key in own if f'"{key}"' in python + script + page}
    by_value = {
        *(f"because.{reason.word}" for reason in Reason),
        *(f"mobility.ask.{code}" for code in AskedCode),
        *(f"mobility.comes.{comes}" for comes in Comes),
    }
    assert own - named == by_value


def test_the_command_has_a_word_for_each_outcome_and_check() -> None:
    words = {
        *(f"cli.overall.{each}" for each in Overall),
        *(f"cli.outcome.{each}" for each in Outcome),
        *(f"cli.check.{each}" for each in (*CHECK_NAMES, *POLICY_CHECK_NAMES)),
    }
    assert words <= set(content(SOURCE)["messages"])


def test_a_general_sentence_is_for_a_code_that_there_is() -> None:
    folders = ("registry", "anchor")
    sources = "".join(path.read_text("utf-8") for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))
    for key in (key for key in ENGLISH.texts if key.startswith("reason.")):
        assert f'"{key.removeprefix("reason.")}"' in sources, key
