"""The courses: slides, quizzes, plain language, the cost sheet, and what the pages made of them are."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

import pytest

from anchor.lab.exercises import EXERCISES
from anchor.lab.texts import Texts
from scripts import build_training, cost_sheet, reading_ease
from scripts.plain_pages import relative, rendered, slug

TRAINING = build_training.SOURCE
COURSES = ("registrars", "verifiers", "agencies")
KITS = ("kit", "toolkit")
LANGUAGES = [each for each in build_training.languages() if (TRAINING / each / COURSES[0]).is_dir()]
SESSIONS = sorted(path for path in TRAINING.rglob("*.md") if build_training.SESSION.fullmatch(path.name))
QUIZZES = sorted(TRAINING.rglob("quiz.toml"))
MOST_WORDS = 110
"""Of a slide that can be read from the back of a room."""


def name_of(path: Path) -> str:
    return path.relative_to(reading_ease.REPOSITORY).as_posix()


@pytest.mark.parametrize("path", list(reading_ease.texts()), ids=name_of)
def test_a_text_is_easy_to_read(path: Path) -> None:
    language = reading_ease.texts()[path]
    found = reading_ease.ease(reading_ease.prose_of(path), language)
    assert found.words >= reading_ease.FEWEST_WORDS
    assert found.score >= reading_ease.BARS[language], found


def test_long_words_in_long_sentences_are_hard_to_read() -> None:
    easy = reading_ease.ease("The cat sat. It was fat.", "en")
    hard = reading_ease.ease(
        "Institutional accreditation procedures necessitate comprehensive documentation of organisational "
        "responsibilities, notwithstanding jurisdictional peculiarities.",
        "en",
    )
    assert easy.score > 100 > 30 > hard.score
    assert reading_ease.ease("Le chat dort. Il est gros.", "fr").score > 100


def test_code_and_addresses_do_not_count_as_prose() -> None:
    text = "# One\n\nTwo `three four` [five](https://six.example/seven).\n\n```text\n$ eight\n```\n\n"
    text += "| nine | ten |\n| --- | --: |\n"
    assert reading_ease.ease(reading_ease.prose(text), "en").words == 5


@pytest.mark.parametrize("path", SESSIONS, ids=name_of)
def test_a_slide_has_one_heading_and_few_words(path: Path) -> None:
    slides = build_training.slides_of(path.read_text(encoding="utf-8"))
    assert len(slides) >= 6
    for number, (slide, _) in enumerate(slides):
        plain = re.sub(r"```.*?```", "", slide, flags=re.DOTALL)
        assert len(re.findall(r"^#{1,2} ", plain, re.MULTILINE)) == 1, slide
        assert slide.startswith("# " if number == 0 else "## "), slide
        assert len(plain.split()) <= MOST_WORDS, slide


@pytest.mark.parametrize("path", QUIZZES, ids=name_of)
def test_every_question_has_a_right_answer_and_a_reason(path: Path) -> None:
    quiz = build_training.read_quiz(path)
    assert len(quiz.questions) >= 10
    assert len({each["ask"] for each in quiz.questions}) == len(quiz.questions)
    assert all(len(set(each["answers"])) == len(each["answers"]) >= 2 for each in quiz.questions)
    # Whoever always ticks the same does not pass.
    right = [each["right"] for each in quiz.questions]
    assert max(right.count(each) for each in set(right)) < 0.9 * len(right)


def test_a_question_without_a_right_answer_is_refused(tmp_path: Path) -> None:
    quiz = tmp_path / "quiz.toml"
    quiz.write_text('title = "x"\n[[questions]]\nask = "a"\nanswers = ["b"]\nright = 2\nwhy = "c"\n')
    with pytest.raises(ValueError, match="no right answer"):
        build_training.read_quiz(quiz)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_course_has_its_parts_and_names_its_exercises(language: str) -> None:
    for course in COURSES:
        folder = TRAINING / language / course
        timetable = (folder / "README.md").read_text(encoding="utf-8")
        assert (folder / "quiz.toml").is_file()
        assert (folder / "trainer.md").is_file()
        for session in folder.glob("[0-9]*.md"):
            assert f"({session.name})" in timetable, session
        for exercise in EXERCISES:
            if exercise.audience == course:
                # The timetable and the list of exercises call it what the program does.
                title = Texts(language).title(exercise)
                named = re.findall(
                    rf"`{exercise.name}`\s?: (.*?) \|(?: {exercise.minutes} \|)?$", timetable, re.MULTILINE
                )
                assert named == 2 * [title[0].lower() + title[1:]]
                assert f" | {exercise.minutes} |" in timetable.split(f"`{exercise.name}`")[2].splitlines()[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_course_has_the_same_parts_in_every_language(language: str) -> None:
    for course in COURSES:
        there = {path.name for path in (TRAINING / "en" / course).iterdir()}
        assert {path.name for path in (TRAINING / language / course).iterdir()} == there
        for name in sorted(each for each in there if build_training.SESSION.fullmatch(each)):
            texts = [(TRAINING / each / course / name).read_text(encoding="utf-8") for each in ("en", language)]
            shapes = [[len(notes) for _, notes in build_training.slides_of(text)] for text in texts]
            assert shapes[0] == shapes[1], name
        quizzes = [build_training.read_quiz(TRAINING / each / course / "quiz.toml") for each in ("en", language)]
        keys = [[(each["right"], len(each["answers"])) for each in quiz.questions] for quiz in quizzes]
        assert keys[0] == keys[1]


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_a_translation_has_every_command_link_and_row(language: str) -> None:
    for course in (*COURSES, *KITS):
        assert {path.name for path in (TRAINING / language / course).iterdir()} == {
            path.name for path in (TRAINING / "en" / course).iterdir()
        }
        for path in sorted((TRAINING / "en" / course).glob("*.md")):
            text, translated = (
                (TRAINING / each / course / path.name).read_text(encoding="utf-8") for each in ("en", language)
            )
            assert CODE.findall(translated) == CODE.findall(text), path
            assert HEADING.findall(prose_of(translated)) == HEADING.findall(prose_of(text)), path
            assert [len(row.split("|")) for row in ROW.findall(translated)] == [
                len(row.split("|")) for row in ROW.findall(text)
            ], path
            assert re.findall(r"^\| (\d\d:\d\d) ", translated, re.MULTILINE) == re.findall(
                r"^\| (\d\d:\d\d) ", text, re.MULTILINE
            ), path
            # A translation may lead to its original besides, and headings have other names in it.
            links = [each.partition("#")[0] for each in LINK.findall(translated) if not each.startswith("../../en/")]
            assert links == [each.partition("#")[0] for each in LINK.findall(text)], path
            assert set(SPAN.findall(text)) <= set(SPAN.findall(translated)), path


CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)]+)\)")
SPAN = re.compile(r"`[^`\n]+`")


def prose_of(text: str) -> str:
    return CODE.sub("", text)


def french() -> Iterator[tuple[Path, str]]:
    """Each French text of a course or a kit without its commands, addresses and keys."""
    for folder in (TRAINING / "fr", *(TRAINING / "fr" / course for course in (*COURSES, *KITS))):
        for path in sorted(folder.glob("*.md")):
            yield path, LINK.sub("]", SPAN.sub("", prose_of(path.read_text(encoding="utf-8"))))
        for path in sorted(folder.glob("*.toml")):
            found = tomllib.loads(path.read_text(encoding="utf-8"))
            for each in found["questions"]:
                yield path, "\n".join([each["ask"], *each["answers"], each["why"]])
    path = reading_ease.REPOSITORY / "anchor" / "lab" / "texts" / "fr.toml"
    for part in tomllib.loads(path.read_text(encoding="utf-8")).values():
        sentences = {key: text for key, text in part.items() if isinstance(text, str)} | part.get("files", {})
        for key, text in sentences.items():
            yield path / key, re.sub(r"--by '[^']+'|--name '[^']+'", "", text)


def test_french_has_its_spaces_and_apostrophes() -> None:
    for path, text in french():
        assert (
            re.findall(r"'|[^\s:|-][:](?=\s|$)| [:;?!»]|« ", re.sub(r"^[|:\s-]+$", "", text, flags=re.MULTILINE)) == []
        ), path
        assert re.findall(r"[^\u202f?!][;?!]", text) == [], path
        assert re.findall(r"[^\u00a0]»|«[^\u00a0]", text) == [], path


def test_a_reader_of_french_is_spoken_to_politely() -> None:
    for path, text in french():
        assert re.findall(r"\b(?:tu|toi|ton|tes)\b", text) == [], path


def test_the_words_around_the_slides_are_there_in_every_language() -> None:
    catalogues = reading_ease.REPOSITORY / "registry" / "language" / "catalogues"
    for language in sorted(each.stem for each in catalogues.glob("*.po")):
        assert language == "en" or build_training.words(language) != build_training.words("en"), language
        assert build_training.words(language).keys() == build_training.words("en").keys()
        assert "{number}" in build_training.words(language)["slide"]


class Seen(HTMLParser):
    """What of a page matters here."""

    def __init__(self, text: str):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.languages: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "html":
            self.languages.append(given.get("lang", ""))
        if tag in ("script", "link", "img", "iframe", "source") and (found := given.get("src") or given.get("href")):
            self.loaded.append(found)


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    return build_training.pages()


def test_pages_of_the_courses_load_nothing_and_say_their_language(pages: dict[str, bytes]) -> None:
    for place, content in pages.items():
        if place.endswith(".html"):
            seen = Seen(content.decode())
            assert seen.loaded == [], place
            assert seen.languages == [place.split("/")[0] if "/" in place else "en"], place
            assert len(set(seen.ids)) == len(seen.ids), place
            assert b"default-src 'none'" in content


def test_links_of_the_courses_lead_to_pages_of_theirs(pages: dict[str, bytes]) -> None:
    for place, content in pages.items():
        if not place.endswith(".html"):
            continue
        for link in Seen(content.decode()).links:
            file, _, fragment = link.partition("#")
            target = place if not file else str(PurePosixPath(relative_path(place, file)))
            assert target in pages, (place, link)
            if fragment:
                assert fragment in Seen(pages[target].decode()).ids, (place, link)


def relative_path(place: str, file: str) -> str:
    parts = list(PurePosixPath(place).parent.parts)
    for part in PurePosixPath(file).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_each_page_leads_to_the_same_one_in_the_other_language(pages: dict[str, bytes]) -> None:
    for place, content in pages.items():
        if not re.match(r"(?:en|fr)/(?:registrars|verifiers|agencies|kit|toolkit)/.*html$", place):
            continue
        language, _, rest = place.partition("/")
        other, name = {"en": ("fr", "Français"), "fr": ("en", "English")}[language]
        assert f"{other}/{rest}" in pages
        link = f'<a lang="{other}" hreflang="{other}" href="../../{other}/{rest}">{name}</a>'
        assert content.decode().count(link) == 1, place
    assert b'<a lang="fr" hreflang="fr" href="fr/index.html">' in pages["index.html"]
    assert b'<a lang="en" hreflang="en" href="../index.html">' in pages["fr/index.html"]
    assert b'<a href="../index.html">Tous les cours</a>' in pages["fr/verifiers/index.html"]
    assert b'<a href="../index.html">' not in pages["en/verifiers/index.html"]


def test_a_page_says_that_its_translation_was_not_reviewed(
    pages: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "<footer><p>Cette traduction n’a pas encore été relue."
    for place, content in pages.items():
        if place.endswith(".html"):
            assert (said in content.decode()) == place.startswith("fr/"), place
    spoken = build_training.words("fr") | {"reviewed-by": "Awa Diop"}
    monkeypatch.setattr(build_training, "words", lambda _: spoken)
    assert "<footer>" not in build_training.pages()["fr/verifiers/quiz.html"].decode()


def test_french_slides_have_their_notes_beside_them(pages: dict[str, bytes]) -> None:
    page = pages["fr/registrars/01-why-on-record.html"].decode()
    assert page.count('<details class="note"><summary>Note pour la formatrice ou le formateur</summary>') == 3
    assert "Note\u00a0:" not in page
    assert '<html lang="fr">' in page
    assert "Diapositive 1 sur 9" in page


def test_answers_are_folded_and_the_right_one_is_told(pages: dict[str, bytes]) -> None:
    page = pages["en/registrars/quiz.html"].decode()
    assert page.count('<details class="answer">') == 12
    assert "<strong>b. A digest, from which nobody gets the diploma back.</strong>" in page


def test_notes_are_beside_their_slide_and_not_on_it(pages: dict[str, bytes]) -> None:
    page = pages["en/registrars/01-why-on-record.html"].decode()
    assert page.count('<details class="note">') == 3
    assert "Note:" not in page
    assert '<html lang="en">' in page


def test_hostile_text_stays_text() -> None:
    told = rendered("# <script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](page.md)", lambda _: None)
    assert "<script" not in told
    assert "<a" not in told


def test_a_link_of_a_page_is_relative_to_it() -> None:
    assert relative("en/kit/costs.html", "en/registrars/index.html") == "../kit/costs.html"
    assert relative("index.html", "index.html") == "index.html"
    assert relative("index.html", "en/kit/index.html") == "../../index.html"
    assert slug("What is `this`, then?") == "what-is-this-then"


def test_the_cost_sheet_says_what_is_measured() -> None:
    assert len(cost_sheet.made()) == 2 * len(LANGUAGES)
    for path, text in cost_sheet.made().items():
        assert path.read_text(encoding="utf-8") == text, path
    measured = cost_sheet.gas()
    assert cost_sheet.price(measured["anchor"], 2.0, 1000.0) == pytest.approx(measured["anchor"] * 2e-9 * 1000)
    one = cost_sheet.year(measured, batches=1, revoked=0, corrected=0)
    assert one == measured["anchor"]
    assert cost_sheet.year(measured, batches=1, revoked=2, corrected=0) == one + 2 * measured["revokeDigests, 1 digest"]


def test_the_cost_sheet_has_the_same_figures_in_every_language() -> None:
    english = cost_sheet.words()["en"]
    for language, said in cost_sheet.words().items():
        assert list(said.deeds) == list(english.deeds)
        tables = [
            list(csv.reader(cost_sheet.sheet(each).lstrip("\ufeff").splitlines(), delimiter=words.separator))
            for each, words in (("en", english), (language, said))
        ]
        assert [len(row) for row in tables[1]] == [5] * (3 + len(said.deeds))
        assert [(row[1], row[4]) for row in tables[1][3:]] == [(row[1], row[4]) for row in tables[0][3:]]
        pages = [ROW.findall(cost_sheet.page(each)) for each in ("en", language)]
        deeds = slice(2, 3 + len(said.deeds))
        numbers = [[row.split("|")[2:] for row in rows[deeds]] for rows in pages]
        assert numbers[1] == [[said.number(each) for each in row] for row in numbers[0]]


def test_numbers_and_tables_are_written_as_a_reader_of_french_does() -> None:
    french = cost_sheet.words()["fr"]
    assert french.number("2,543,986") == "2\u202f543\u202f986"
    assert french.number("0.0055") == "0,0055"
    assert "enregistrer une partie;183826;" in cost_sheet.sheet("fr")
    # A program that knows no encoding by itself is told it.
    assert cost_sheet.sheet("fr").startswith("\ufeff")
    assert cost_sheet.sheet("en").isascii()
