"""`testamur portfolio recognise`: what it tells, what it refuses, and that all that it writes says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from anchor.lab.learners_year import AWARDS, HOLDER, make
from registry.learning.mobility.points import Code
from tests.conftest import Run, commands_in
from tests.docs.reader import REPOSITORY, Reader, shape, steps

PAGE = REPOSITORY / "docs" / "how-to" / "take-credentials-abroad.md"
CREDENTIALS = "year/credentials"
AT = "year/testamur-data"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a learner's year, and the policy of the page."""
    folder = tmp_path_factory.mktemp("abroad")
    days = [event.day for event in make(folder / "year")]
    assert days == sorted(days)
    Reader(folder).writes(next(steps(PAGE)).settings)
    return folder


@pytest.fixture
def run(place: Path) -> Iterator[Run]:
    with commands_in(place) as command:
        yield command


def asked(run: Run, *more: str, source: str = CREDENTIALS) -> Any:
    found = run("portfolio", "recognise", source, "--data-folder", AT, "--for", "IE", *more, "--json")
    assert found.code in (1, 2), found.errors
    return found.json


def codes(told: Any) -> dict[str, list[str]]:
    """By the name of its file, what would be asked of each."""
    return {item["name"]: [point["code"] for point in item["open"]] for item in told["items"]}


def test_the_commands_of_the_page_do_what_it_says(place: Path) -> None:
    reader = Reader(place)
    for step in steps(PAGE):
        told = reader.does(step.command, 1)  # one has expired
        assert not shape("\n".join(step.shown)) - shape(told)
    (page,) = pypdf.PdfReader(place / "application.pdf").pages
    text = page.extract_text()
    assert "proves nothing to others" in text
    assert (place / "application.html").read_text(encoding="utf-8").count("<section id=") == len(AWARDS)
    for written in ("application.html", "application.pdf"):
        assert (place / written).stat().st_mode & 0o077 == 0


def test_files_a_portfolio_and_a_link_are_one_application(run: Run) -> None:
    assert run("portfolio", "make", CREDENTIALS, "--data-folder", AT, "-o", "p.json").code == 0
    to = ("--purpose", "a", "--audience", "b", "--link", "https://v.example/p", "--yes", "--json")
    link = run("portfolio", "share", "p.json", *to).json["link"]
    told = [codes(asked(run, "--policy", "policy.toml", source=each)) for each in ("p.json", link, CREDENTIALS)]
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == len(AWARDS)
    assert told[0]["first-aid.json"][0] == "expired"
    assert "accreditation-ended" in told[0]["architecture.json"]
    assert told[0]["bachelor.json"] == []


def test_the_text_is_in_a_language_and_the_json_is_not(run: Run) -> None:
    words = ("portfolio", "recognise", CREDENTIALS, "--data-folder", AT, "--for", "DE", "--policy", "policy.toml")
    told = run(*words, "--language", "fr", "--item", "1").out
    assert "Un portfolio de titres, pour DE" in told
    assert f"({Code.RECOGNITION_NOT_ASKED}; 1–11)" in told
    assert "La politique ne nomme aucun organisme pour DE" in told
    found = run(*words, "--language", "fr", "--json").json
    assert {each["text"].split()[0] for item in found["items"] for each in item["open"]} <= {
        "An",
        "It",
        "Its",
        "No",
        "The",
        "Whether",
        "Neither",
    }
    assert found["items"][0]["holders"] == [HOLDER]


def test_without_a_policy_and_offline_nothing_is_on_record(run: Run, place: Path) -> None:
    sealing = f'{(place / "policy.toml").read_text()}\n[[validators]]\naddress = "0x{"a" * 40}"\nname = "V"\n'
    (place / "sealing.toml").write_text(sealing)
    for more, code in (
        ((), Code.ACCREDITATION_NOT_ASKED),
        (("--policy", "sealing.toml", "--offline"), Code.ACCREDITATION_UNCHECKED),
    ):
        told = asked(run, *more)
        assert all(code in each for each in codes(told).values())
        assert {(item["accreditation"] or {}).get("answer") for item in told["items"]} <= {None, "could not be checked"}


def test_a_table_says_where_the_words_of_its_codes_are(run: Run) -> None:
    at = ("--data-folder", AT, "--policy", "policy.toml")
    told = run("verify", CREDENTIALS, *at).out
    assert "signature-unread" in told
    assert "--json has the reasons of each in words." in told
    assert run("portfolio", "make", CREDENTIALS, "--data-folder", AT, "-o", "told.json").code == 0
    assert "--page and --json have the reasons of each in words." in run("portfolio", "show", "told.json", *at).out


def test_who_asks_without_a_policy_and_a_chain_is_told_what_to_name(run: Run, place: Path) -> None:
    words = ("portfolio", "recognise", CREDENTIALS, "--for", "IE")
    with commands_in(place / "year" / "credentials") as elsewhere:
        told = elsewhere("portfolio", "recognise", ".", "--for", "IE").out
    assert "--policy" in told
    assert "chain-not-asked: " in told
    assert "Name an endpoint" in told
    assert "No policy was named" not in run(*words, "--data-folder", AT, "--policy", "policy.toml").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "Ireland"), "is no country"),
        (("--for", "999"), "--for names no country"),
        (("--for", "IE", "--item", "12"), "there is no credential 12"),
        (("--for", "IE", "--policy", "other.toml"), "the policy is for"),
        (("--for", "IE", "--offline", "--online"), "--offline asks nobody"),
    ],
)
def test_what_is_refused(run: Run, place: Path, words: tuple[str, ...], said: str) -> None:
    (place / "other.toml").write_text('chain = "eip155:10"\n[[bodies]]\nparty = 1\nname = "A"\n')
    found = run("portfolio", "recognise", CREDENTIALS, "--data-folder", AT, *words)
    assert found.code != 0
    assert said in found.errors


def test_the_page_of_reference_has_every_code() -> None:
    text = (REPOSITORY / "docs" / "reference" / "applications.md").read_text(encoding="utf-8")
    assert [str(code) for code in Code if f"`{code}`" not in text] == []


def test_a_learners_year_is_kept_in_a_new_folder(run: Run) -> None:
    assert "Name a new folder" in run("demo", "--learner").errors
    assert "the folder is there already" in run("demo", "--learner", "--folder", "year").errors
