"""The courses as web pages: `python -m scripts.build_training [FOLDER]`, by default into `build/training/`.

A session is one Markdown file: slides between lines of `---`, and what begins `> Note:` is for the trainer. Every page
is one file of HTML that works from a disk, without a network and without a script; arrows turn the slides where scripts
run. It leads to the same page in the other languages, and says so if its translation was not reviewed.
"""

from __future__ import annotations

import html
import re
import shutil
import sys
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from registry.language.catalogue import language as named
from registry.language.said import say
from scripts.plain_pages import Lead, attributes, relative, rendered, title_of, whole

REPOSITORY: Final = Path(__file__).parents[1]
SOURCE: Final = REPOSITORY / "docs" / "training"
WORDS: Final = Path(__file__).with_name("training_words.toml")
SESSION: Final = re.compile(r"\d\d-[a-z0-9-]+\.md")
QUIZ: Final = "quiz.toml"
_BREAK: Final = re.compile(r"^---$", re.MULTILINE)
_NOTE: Final = re.compile(r"^> Note\s?: (.*(?:\n>.*)*)", re.MULTILINE)


@cache
def words(language: str) -> dict[str, str]:
    """The words around the slides; English where there are none."""
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {**found["en"], **found.get(language, {})}


def languages() -> list[str]:
    """The languages that courses are there in, English first."""
    found = sorted(each.name for each in SOURCE.iterdir() if each.is_dir())
    return sorted(found, key=lambda name: name != "en")


def sources() -> dict[str, Path]:
    """Every file of the courses by the page that is made of it, both from the top of the training."""
    found: dict[str, Path] = {}
    for path in sorted(SOURCE.rglob("*")):
        place = path.relative_to(SOURCE)
        if path.is_file():
            name = {"README.md": "index.html", QUIZ: "quiz.html"}.get(path.name, path.name)
            found[str(place.with_name(name.removesuffix(".md") + (".html" if name.endswith(".md") else "")))] = path
    return found


@dataclass
class Quiz:
    """A quiz as it is written; each question has answers, the number of the right one, and why."""

    title: str
    questions: list[dict[str, Any]] = field(default_factory=list)


def read_quiz(path: Path) -> Quiz:
    """A quiz from its file.

    Raises:
        ValueError: a question has no answer that is right.
    """
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    for each in found["questions"]:
        if not 1 <= each["right"] <= len(each["answers"]) or not each["why"] or not each["ask"]:
            raise ValueError(f"{path}: {each['ask']!r} has no right answer")
    return Quiz(found["title"], found["questions"])


def pages(documentation: str | None = None) -> dict[str, bytes]:
    """Every page by its place from the top of the training.

    Args:
        documentation: where the pages of the documentation are from there, such as `../docs`; None where they are not.
    """
    made: dict[str, bytes] = {}
    there = sources()
    for place, path in there.items():
        language = PurePosixPath(place).parts[0] if len(PurePosixPath(place).parts) > 1 else "en"
        lead = _lead(place, path, there, documentation)
        if path.name == QUIZ:
            made[place] = _quiz(place, path, language).encode()
        elif SESSION.fullmatch(path.name):
            made[place] = _session(place, path, language, lead, there).encode()
        elif path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
            body = rendered(text, lead) + _beside(place, path, language, there)
            made[place] = _page(title_of(text), body, place, language).encode()
        else:
            made[place] = path.read_bytes()
    return made


def _beside(place: str, path: Path, language: str, there: dict[str, Path]) -> str:
    """At the foot of a course's first page, the way to its quiz."""
    quiz = str(PurePosixPath(place).with_name("quiz.html"))
    if path.name != "README.md" or quiz not in there:
        return ""
    return f'<p><a href="quiz.html">{html.escape(words(language)["quiz"])}</a></p>'


def _page(title: str, body: str, place: str, language: str, *, keys: bool = False) -> str:
    said = words(language)
    unreviewed = language != "en" and not said["reviewed-by"]
    return whole(
        title,
        body,
        language=language,
        ways=_ways(place, language),
        skip=said["skip"],
        keys=keys,
        others=_others(place, language),
        foot=named(language).text(say("page.unreviewed")) if unreviewed else "",
    )


def _others(place: str, language: str) -> dict[str, str]:
    """The same page in the other languages that have it, from this one."""
    there, own = sources(), PurePosixPath(place)
    tops = {"en": "index.html", **{each: f"{each}/index.html" for each in languages() if each != "en"}}
    same = {each: str(PurePosixPath(each, *own.parts[1:])) for each in languages()}
    found = tops if place in tops.values() else same
    return {each: relative(page, place) for each, page in found.items() if each != language and page in there}


def _ways(place: str, language: str) -> list[tuple[str, str]]:
    said = words(language)
    top = f"{language}/index.html"
    top = top if top in sources() else "index.html"
    ways = [] if place == top else [(said["courses"], relative(top, place))]
    own = str(PurePosixPath(place).with_name("index.html"))
    if own in sources() and own not in (place, top):
        ways.append((said["contents"], "index.html"))
    return ways


def _lead(place: str, path: Path, there: dict[str, Path], documentation: str | None) -> Lead:
    by_source = {source.resolve(): page for page, source in there.items()}

    def lead(target: str) -> str | None:
        file, _, fragment = target.partition("#")
        found = (path.parent / file).resolve()
        after = f"#{fragment}" if fragment else ""
        if found in by_source:
            return relative(by_source[found], place) + after
        docs = REPOSITORY / "docs"
        if documentation is None or not found.is_relative_to(docs) or found.suffix != ".md" or not found.is_file():
            return None
        page = found.relative_to(docs).with_suffix(".html").as_posix().replace("README.html", "index.html")
        return relative("index.html", place).removesuffix("index.html") + f"{documentation}/{page}{after}"

    return lead


def slides_of(text: str) -> list[tuple[str, list[str]]]:
    """The slides of a session, each with its notes."""
    found = []
    for slide in _BREAK.split(text):
        notes = [re.sub(r"\n> ?", "\n", note) for note in _NOTE.findall(slide)]
        found.append((_NOTE.sub("", slide).strip(), notes))
    return found


def _session(place: str, path: Path, language: str, lead: Lead, there: dict[str, Path]) -> str:
    text, said = path.read_text(encoding="utf-8"), words(language)
    slides = slides_of(text)
    sessions = sorted(
        page for page, source in there.items() if source.parent == path.parent and SESSION.fullmatch(source.name)
    )
    after = sessions[sessions.index(place) + 1 :][:1]
    whole_course = [Path(each).name for each in after] or (
        ["quiz.html"] if (path.parent / QUIZ).is_file() else ["index.html"]
    )
    parts = []
    for number, (slide, notes) in enumerate(slides, start=1):
        said_notes = "".join(
            f'<details class="note"><summary>{html.escape(said["note"])}</summary>{rendered(note, lead)}</details>'
            for note in notes
        )
        back = f'<a rel="prev" href="#s{number - 1}">← {said["back"]}</a>' if number > 1 else "<span></span>"
        to = f"#s{number + 1}" if number < len(slides) else whole_course[0]
        where = said["slide"].format(number=number, all=len(slides))
        parts.append(
            f'<section{attributes(id=f"s{number}", tabindex=-1)} class="slide" aria-label="{html.escape(where)}">'
            f"{_without_ids(rendered(slide, lead))}{said_notes}"
            f'<p class="turn">{back}<span>{html.escape(where)}</span>'
            f'<a rel="next" href="{to}">{said["next"]} →</a></p></section>'
        )
    return _page(title_of(text), "\n".join(parts), place, language, keys=True)


def _without_ids(told: str) -> str:
    """Slides are led to by their numbers; two may have the same heading."""
    return re.sub(r'(<h\d) id="[^"]*"', r"\1", told)


def _quiz(place: str, path: Path, language: str) -> str:
    quiz, said = read_quiz(path), words(language)
    parts = [f"<h1>{html.escape(quiz.title)}</h1>", "<ol>"]
    for each in quiz.questions:
        choices = "".join(f"<li>{html.escape(answer)}</li>" for answer in each["answers"])
        letter = chr(ord("a") + each["right"] - 1)
        right = html.escape(each["answers"][each["right"] - 1])
        parts.append(
            f'<li class="question"><p>{html.escape(each["ask"])}</p><ol type="a">{choices}</ol>'
            f'<details class="answer"><summary>{html.escape(said["answer"])}</summary>'
            f"<p><strong>{letter}. {right}</strong> {html.escape(each['why'])}</p></details></li>"
        )
    parts.append("</ol>")
    return _page(quiz.title, "\n".join(parts), place, language)


def write(folder: Path, documentation: str | None = None) -> int:
    """Write every page anew; how many there are."""
    shutil.rmtree(folder, ignore_errors=True)
    made = pages(documentation)
    for place, content in made.items():
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return len(made)


def main() -> None:
    """Write the courses."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "build" / "training"
    count = write(folder)
    print(f"{count} files; begin with {folder / 'index.html'}")


if __name__ == "__main__":
    main()
