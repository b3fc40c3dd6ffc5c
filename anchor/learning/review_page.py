"""Suggestions as a page that is one file: read, decided about and saved in a browser, and nothing leaves it.

Whatever the texts say may be passed to the template as it is (`registry.untrusted.templates`).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from anchor.learning.reviewing import Names, Review
from registry.learning.suggest.decisions import suggestion_id
from registry.learning.suggest.wire import SuggestionPart
from registry.untrusted.templates import html_templates
from registry.untrusted.text import html_text

MOST_ITEMS: Final = 2_000
"""Of a framework that are offered for completion; any code may be typed."""
SAYS: Final = (
    "A program compared words and found items that may fit; it does not know what is taught. You decide: nothing is "
    "chosen beforehand, and no item becomes part of a programme without a person's name."
)
_IN_SCRIPT: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def review_page(review: Review, source: str, names: Names | None = None) -> bytes:
    """The page with those suggestions that nobody has decided about.

    Args:
        source: what the file of suggestions is called.
        names: of the framework's items, to choose others from.
    """
    from markupsafe import Markup

    def safe(text: str) -> Markup:
        return Markup(text)  # noqa: S704 - a file of ours, or JSON that ends no element

    waiting = review.waiting()
    asked = [{"suggestion": suggestion_id(each), "codes": [one.code for one in each.candidates]} for each in waiting]
    return (
        html_templates("anchor.learning")
        .get_template("review.html")
        .render(
            policy=safe(_policy()),
            style=safe(_file("review.css")),
            script=safe(_file("review.js")),
            asked=safe(json.dumps(asked, ensure_ascii=False).translate(_IN_SCRIPT)),
            file=review.into.name,
            source=source,
            says=SAYS,
            written=not review.places.framework,
            items=list(_items(names or {})),
            suggestions=[_shown(each, review) for each in waiting],
        )
        .encode()
    )


def measured(suggestion: SuggestionPart) -> str:
    """How often suggestions like this one are right, in a sentence."""
    figure = suggestion.figure
    if figure is None:
        return "How often such suggestions are right has not been measured."
    return (
        f"Of {figure.sentences} sentences in this language, {figure.hit_at5} had a right item among the five, and "
        f"{figure.hit_at1} had it first."
    )


def _shown(suggestion: SuggestionPart, review: Review) -> Mapping[str, Any]:
    from markupsafe import Markup

    model, framework = suggestion.model, suggestion.framework
    place = review.place_of(suggestion)
    title = suggestion.name or review.places.named(place).title
    return {
        "place": place,
        "title": "" if title.split() == suggestion.text.split() else title,
        "language": suggestion.language,
        # Whole, however long it is: a text that is cut cannot be decided about.
        "lines": [Markup(html_text(line, None)) for line in suggestion.text.splitlines() if line.strip()],  # noqa: S704
        "framework": f"{framework.title or framework.id} {framework.version}".strip(),
        "measured": measured(suggestion),
        "weak": suggestion.weak,
        "cut": suggestion.cut,
        "model": f"{model.name} ({model.version}), data {model.data}",
        "candidates": [
            {
                "code": each.code,
                "name": each.name,
                "score": f"{each.score:.2f}",
                # Of a text that is one sentence, nothing is said by saying it again.
                "sentence": "" if each.sentence.split() == suggestion.text.split() else each.sentence,
                "tied": each.tied,
            }
            for each in suggestion.candidates
        ],
    }


def _items(names: Names) -> Iterable[tuple[str, str]]:
    return ((code, name) for code, (name, _) in list(names.items())[:MOST_ITEMS])


@cache
def _policy() -> str:
    """Content-Security-Policy: its own script and style, and no request at all."""
    return (
        f"default-src 'none'; script-src '{_hash(_file('review.js'))}'; style-src '{_hash(_file('review.css'))}'; "
        "connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
