"""Build the languages from the catalogues that people write, and say what is wrong with a catalogue.

`registry/language/catalogues/en.po` has every message: `msgctxt` is its key, `msgid` the English text. The catalogue
of another language has the same, and in `msgstr` the translation. Built are `registry/language/built/*.json`, which
Python and the page read, and the English of the verifier in JavaScript. `docs/how-to/translate.md` says how to write
one.
"""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.messages.pofile import read_po, unescape

ROOM: Final = Path(__file__).parents[1] / "registry" / "language"
CATALOGUES, BUILT = ROOM / "catalogues", ROOM / "built"
VERIFIER: Final = ROOM.parent / "service" / "web" / "verifier" / "english.js"
SOURCE: Final = "en"
ELSEWHERE: Final = (
    "page.",
    "portfolio.",
    "cli.",
    "absence.",
    "online.",
    "register.",
    "verdict.",
    "wallet.",
    "mobility.",
    "learner.",
)
"""What the verifier in JavaScript does not say."""
_REVIEWED: Final = "X-Reviewed-By:"
_NAME: Final = re.compile(r"[a-z][A-Za-z]*")
_CATEGORY: Final = re.compile(r"zero|one|two|few|many|other")
_SPACE: Final = re.compile(r"\s*")
_MARKUP: Final = re.compile(r"[<>]|&[#\w]+;|\]\(")
_FORMATS: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_JOINERS: Final = "\u200c\u200d"
LONGER: Final = 2.5
"""How many times as long as the English a translation may be; short ones have room for a few words more."""
ROOM_FOR_SHORT: Final = 24
BUTTONS: Final = {"page.check", "page.copy", "page.lookUp", "page.linkAlone"}
ROOM_FOR_BUTTONS: Final = 40
WITHOUT_SPACES: Final = {"ja", "zh"}
"""Where nothing stands between two sentences; an empty translation is none elsewhere."""


class Malformed(ValueError):
    """A message that is not in the syntax."""


@dataclass(frozen=True)
class Catalogue:
    """A catalogue as a person wrote it.

    Attributes:
        texts: by key the text in its language; "" for one that is not translated.
        english: by key the English that it was translated from.
    """

    language: str
    reviewed_by: str
    texts: Mapping[str, str]
    english: Mapping[str, str]


def main() -> int:
    """Overwrite what is built, or with `--check` say what is another; names of languages: look at these alone."""
    words = sys.argv[1:]
    checking = "--check" in words
    wanted = [word for word in words if word != "--check"]
    source = read(SOURCE)
    bad = 0
    for language in wanted or present():
        catalogue = read(language)
        for problem in problems(catalogue, source):
            bad += 1
            print(f"{language}.po: {problem}", file=sys.stderr)
    if bad or wanted:
        return bool(bad)
    files = {BUILT / f"{language}.json": written(built(read(language))) for language in present()}
    files[VERIFIER] = module(built(source))
    others = [path for path in BUILT.glob("*.json") if path not in files]
    for path, text in files.items():
        if not path.exists() or path.read_text("utf-8") != text:
            others.append(path)
            if not checking:
                path.write_text(text, "utf-8")
    if checking:
        print(*(f"{path.name} is not what this script builds" for path in others), sep="\n", file=sys.stderr, end="")
        return bool(others)
    for path in BUILT.glob("*.json"):
        if path not in files:
            path.unlink()
    return 0


def present() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.stem for path in CATALOGUES.glob("*.po"))


def read(language: str) -> Catalogue:
    """The catalogue of a language; of English, the text is the English."""
    data = (CATALOGUES / f"{language}.po").read_bytes()
    found = read_po(io.BytesIO(data), abort_invalid=True)
    entries = [each for each in found if each.id and each.context]
    english = {str(each.context): str(each.id) for each in entries}
    is_doubtful = {str(each.context) for each in entries if each.fuzzy}
    texts = {
        str(each.context): str(each.id if language == SOURCE else "" if each.context in is_doubtful else each.string)
        for each in entries
    }
    return Catalogue(language, reviewer(data.decode("utf-8")), texts, english)


def reviewer(text: str) -> str:
    """Who the header of a catalogue says has reviewed it; Babel keeps no header that it does not know."""
    header = text.partition("\n\n")[0]
    lines = "".join(unescape(line) for line in header.splitlines() if line.startswith('"'))
    return next((line[len(_REVIEWED) :].strip() for line in lines.splitlines() if line.startswith(_REVIEWED)), "")


def problems(catalogue: Catalogue, source: Catalogue) -> Iterator[str]:
    """What is wrong with a catalogue, each in a sentence."""
    language = catalogue.language
    for key in sorted(source.texts.keys() - catalogue.texts.keys()):
        yield f"{key}: it is missing"
    for key in sorted(catalogue.texts.keys() - source.texts.keys()):
        yield f"{key}: English has no such message"
    categories = Locale.parse(language).plural_form.tags | {"other"}
    for key, text in catalogue.texts.items():
        english = source.texts.get(key)
        if english is None:
            continue
        if catalogue.english[key] != english:
            yield f"{key}: the English is now another: {english!r}"
        if not text and not (key == "sentence.separator" and language in WITHOUT_SPACES):
            yield f"{key}: it is not translated"
            continue
        try:
            message = parsed(text)
        except Malformed as error:
            yield f"{key}: {error}"
            continue
        yield from (f"{key}: {why}" for why in _differences(message, parsed(english), categories))
        if _MARKUP.search(text):
            yield f"{key}: markup is shown as it is written, so there is none"
        hidden = {sign for sign in text if unicodedata.category(sign) in _FORMATS and sign not in _JOINERS}
        if hidden:
            yield f"{key}: it has hidden characters ({', '.join(f'U+{ord(sign):04X}' for sign in sorted(hidden))})"
        if len(text) > _longest(key, english):
            yield f"{key}: it has {len(text)} characters, and there is room for {_longest(key, english)}"


def _longest(key: str, english: str) -> int:
    if key in BUTTONS:
        return ROOM_FOR_BUTTONS
    # What is counted is written once for each category.
    times = 6 if ", plural," in english or re.search(r"\{(?:count|number|said|days|most)\b", english) else 1
    return int(max(LONGER * len(english), len(english) + ROOM_FOR_SHORT)) * times


def _differences(message: Any, english: Any, categories: frozenset[str]) -> Iterator[str]:
    mine, theirs = dict(places(message)), dict(places(english))
    for name in sorted(theirs.keys() - mine.keys()):
        yield f"{{{name}}} is missing"
    for name in sorted(mine.keys() - theirs.keys()):
        yield f"English has no {{{name}}}"
    for name, way in theirs.items():
        if ("time" in way) != ("time" in mine.get(name, way)):
            yield f"{{{name}}} is a time in one of the languages only"
    for part in plurals(message):
        missing, more = sorted(categories - part[2].keys()), sorted(part[2].keys() - categories)
        if missing:
            yield f"{{{part[0]}, plural}} has nothing for {', '.join(missing)}"
        if more:
            yield f"{{{part[0]}, plural}} has {', '.join(more)}, which this language has not"


def places(message: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """The names in a message, with the ways in which each is written."""
    ways: dict[str, set[str]] = {}
    for part in _parts(message):
        ways.setdefault(part[0], set()).add(part[1] if len(part) > 1 else "")
    yield from ((name, frozenset(found)) for name, found in ways.items())


def plurals(message: Any) -> Iterator[list[Any]]:
    """The places of a message that count."""
    yield from (part for part in _parts(message) if part[1:2] == ["plural"])


def _parts(message: Any) -> Iterator[list[Any]]:
    for part in [] if isinstance(message, str) else message:
        if not isinstance(part, str):
            yield part
            for case in part[2].values() if part[1:2] == ["plural"] else ():
                yield from _parts(case)


def parsed(text: str) -> Any:
    """A message of its text: `registry.language.rendering` says in what form.

    Raises:
        Malformed: it is in no syntax that is known here.
    """
    message, at = _message(text, 0, is_inner=False)
    if at < len(text):
        raise Malformed("there is a } without its {")
    return message


def _message(text: str, at: int, *, is_inner: bool) -> tuple[Any, int]:
    parts: list[Any] = []
    while at < len(text) and text[at] != "}":
        if text[at] == "{":
            place, at = _place(text, at + 1, is_inner=is_inner)
            parts.append(place)
        else:
            end = next((place for place in range(at, len(text)) if text[place] in "{}"), len(text))
            parts.append(text[at:end])
            at = end
    return (parts[0] if len(parts) == 1 and isinstance(parts[0], str) else parts) if parts else "", at


def _place(text: str, at: int, *, is_inner: bool) -> tuple[list[Any], int]:
    name, at = _word(text, at, _NAME, "a name")
    if text.startswith("}", at):
        return [name], at + 1
    at = _sign(text, at, ",")
    way, at = _word(text, at, re.compile("number|time|plural"), "number, time or plural")
    if way != "plural":
        return [name, way], _sign(text, at, "}")
    if is_inner:
        raise Malformed("there is a plural in a plural")
    at = _sign(text, at, ",")
    cases: dict[str, Any] = {}
    while not text.startswith("}", at):
        category, at = _word(text, at, _CATEGORY, "zero, one, two, few, many or other")
        if category in cases:
            raise Malformed(f"{category} is there twice")
        cases[category], at = _message(text, _sign(text, at, "{", keep=True), is_inner=True)
        at = _skipped(text, _sign(text, at, "}", keep=True))
    if "other" not in cases:
        raise Malformed("a plural has no other")
    return [name, way, cases], at + 1


def _word(text: str, at: int, pattern: re.Pattern[str], wanted: str) -> tuple[str, int]:
    at = _skipped(text, at)
    found = pattern.match(text, at)
    if not found:
        raise Malformed(f"at {text[at : at + 12]!r} there should be {wanted}")
    return found[0], _skipped(text, found.end())


def _sign(text: str, at: int, sign: str, *, keep: bool = False) -> int:
    """Behind the sign; `keep`: the space after it belongs to a message, or was looked at already."""
    if not text.startswith(sign, at):
        raise Malformed(f"at {text[at : at + 12]!r} there should be {sign}")
    return at + 1 if keep else _skipped(text, at + 1) if sign == "," else at + 1


def _skipped(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def built(catalogue: Catalogue) -> dict[str, Any]:
    """A language for programs."""
    locale = Locale.parse(catalogue.language)
    return {
        "language": catalogue.language,
        "name": _name(locale),
        "direction": locale.text_direction,
        "reviewedBy": catalogue.reviewed_by,
        "number": _number(locale),
        "time": None if catalogue.language == SOURCE else _time(locale),
        "messages": {key: parsed(text) for key, text in sorted(catalogue.texts.items())},
    }


def _name(locale: Locale) -> str:
    name = str(locale.get_display_name())
    return name[0].upper() + name[1:] if not name.startswith("isi") else name


def _number(locale: Locale) -> dict[str, Any]:
    """How digits are grouped: the last group, those before it, what parts them, and from how many digits on."""
    first, others = locale.decimal_formats[None].grouping
    # In these, CLDR parts numbers of five digits and more.
    least = 5 if locale.language in ("es", "pt") else 4
    return {"first": first, "others": others, "separator": locale.number_symbols["latn"]["group"], "least": least}


def _time(locale: Locale) -> dict[str, Any]:
    """How a moment is written: its date as is usual, its time so that no clock is doubted."""
    months = [str(locale.months["format"]["wide"][number]) for number in range(1, 13)]
    date = list(_pattern(str(locale.date_formats["long"].pattern)))
    before, _, after = str(locale.datetime_formats["long"]).partition("{1}")
    glue = re.sub(r"'([^']*)'", r"\1", after.replace("{0}", ""))
    return {"months": months, "form": [*([before] if before else []), *date, glue, ["clock"], " UTC"]}


def _pattern(pattern: str) -> Iterator[Any]:
    for quoted, field, other in re.findall(r"'([^']*)'|(d+|M+|y+)|([^dMy']+)", pattern):
        yield [{"dd": "d", "yyyy": "y"}.get(field, field)] if field else quoted or other


def written(content: dict[str, Any]) -> str:
    """JSON with a message on each line."""
    head = {name: value for name, value in content.items() if name != "messages"}
    messages = ",\n".join(f"{_json(key)}:{_json(message)}" for key, message in content["messages"].items())
    return f'{_json(head)[:-1]},"messages":{{\n{messages}\n}}}}\n'


def module(content: dict[str, Any]) -> str:
    """The English of the verifier in JavaScript."""
    own = {key: message for key, message in content["messages"].items() if not key.startswith(ELSEWHERE)}
    own = {key: message for key, message in own.items() if not key.startswith("reason.")}
    return (
        "// Written by scripts/build_languages.py; `--check` says whether it is what the catalogue has.\n\n"
        '/** @type {import("./language.js").Content} */\n'
        f"export const ENGLISH = {written({**content, 'messages': own}).rstrip()};\n"
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    sys.exit(main())
