"""Texts of others, and dates: the verifier in JavaScript shows and reads them as this program does."""

from __future__ import annotations

import random
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from registry.credential.moments import read_moment
from registry.untrusted.text import marked
from registry.verify.issuer import _plain
from tests.web.javascript import run_javascript
from tests.web.made import DATES, ISSUERS

SEED = random.Random(16)
NAMES = [
    "University of Examples",
    "Université",
    "Уніvеrsіty",
    "ПРИМЕР",
    "раураӏ",
    "東京Daigaku",
    "東京大学",
    "コーヒー coffee",
    "Κολλέγιο",
    "https://uni․example",
    "https://аррӏе.example",
    "a\u200db",
    "क्\u200dष",
    "\u202eabc",
    "x\x1b[31m",
    "𝐔niversity",
    "Ａbc",
    "ab\u00adc",
    "a" * 2_000,
    "é" * 1_200,
    "e\u0301",
    "مدرسه\u200cها",
    "한국대학교",
    "⠀",
    "a\n\tb",
    "😀 school",
    "нет",
]
FORMS = [
    "{y}-{m:02}-{d:02}",
    "{y}{m:02}{d:02}",
    "{y}/{m:02}/{d:02} {h:02}:{n:02}",
    "{d:02}.{m:02}.{y}",
    "{m}/{d}/{y}",
    "{y}",
    "{y}-{m:02}",
    "{y}-{m:02}-{d:02}T{h:02}:{n:02}:{s:02}Z",
    "{y}-{m:02}-{d:02}T{h:02}:{n:02}:{s:02}.{f}+0{z}:30",
    "{y}-{m:02}-{d:02}t{h:02}{n:02}{s:02}-1{z}",
    "{y}{m:02}{d:02}T{h:02}{n:02}",
    " {y}-{m:02}-{d:02}T24:00:00Z",
    "{y}-{m:02}-{d:02}T{h:02}:{n:02}:60 Z\u3000",
    "{f}{y}{f}",
    "{y}-{m:02}-{d:02}T{h:02}:{n:02}:{s:02},{f}",
]


def moment_cases() -> list[dict[str, Any]]:
    texts: list[Any] = [each for each in DATES if isinstance(each, str | int | float)]
    for _ in range(600):
        texts.append(
            SEED.choice(FORMS).format(
                y=SEED.choice([f"{SEED.randint(0, 9999):04}", "2025", "9999", "0001"]),
                m=SEED.randint(0, 13),
                d=SEED.randint(0, 32),
                h=SEED.randint(0, 25),
                n=SEED.randint(0, 60),
                s=SEED.randint(0, 61),
                f=SEED.randint(0, 99_999_999),
                z=SEED.randint(0, 9),
            )
        )
    texts += [SEED.uniform(-1e12, 1e12) for _ in range(60)] + [SEED.uniform(-1e4, 1e4) for _ in range(40)]
    return [moment_case(each) for each in texts]


def moment_case(value: Any) -> dict[str, Any]:
    span = read_moment(value)
    expect = span and [micro(span.earliest), micro(span.latest), span.is_clear]
    return {"real": value, "expect": expect} if isinstance(value, float) else {"text": value, "expect": expect}


def micro(moment: datetime) -> str:
    return str((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


def test_javascript_shows_the_same(tmp_path: Path) -> None:
    letters = [
        f"a{chr(code)}b" for code in range(0x80, 0x10000) if unicodedata.category(chr(code)).startswith(("L", "Cf"))
    ]
    known = [each for each in ISSUERS if isinstance(each, str)] + NAMES
    words = [
        "Straße",
        "STRASSE",
        "strasse",
        "ſchool K",
        "School k",
        "ĳ ı",
        "ij i",
        "ΌΣΟΣ",
        "όσος",
        " a  b ",
        "A B",
        "İ",
        "i̇",
    ]
    cases = {
        "names": [[name, marked(name)] for name in known],
        "letters": [[each, marked(each)] for each in letters],
        "reprs": [[each, repr(each)] for each in [*known, "it's", '"', "'\"", "\\", "\x7f\x85\xa0\u2028\U000e0001"]],
        "folds": [[one, other, _plain(one) == _plain(other)] for one in words for other in words],
        "moments": moment_cases(),
    }
    run_javascript("texts", cases, tmp_path)
