"""The page as one file: program, style and settings in it, each allowed by its hash or as data."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache, lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from registry.language.catalogue import SOURCE, available, content, language
from registry.language.rendering import Language
from registry.language.said import say
from registry.service.web.page.app import MANIFEST, WORKER, manifest, registering, worker
from registry.service.web.page.look import colours, picture
from registry.service.web.page.program import script
from registry.service.web.page.settings import PageSettings
from registry.untrusted.text import terminal_text

NAME: Final = "verify.html"
SERVED: Final = "verify"
_APP: Final = "index.html"
_ANYBODY: Final = "https: http://localhost:* http://127.0.0.1:*"
"""Whom the page may ask where its user may name endpoints."""
_PLACE: Final = re.compile(r"\{\{([\w.]+)\}\}")
_OWN: Final = ("page.",)
_NOT_HERE: Final = ("cli.", "absence.", "online.", "register.", "verdict.")
_IN_SCRIPT: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def program_hash() -> str:
    """SHA-256 of the program, in hexadecimal: the same in every page of a version."""
    return sha256(script().encode()).hexdigest()


def languages_of(settings: PageSettings, *, served: bool = False) -> tuple[str, ...]:
    """The languages in which there is a page; the first is that of whoever asks for none."""
    return settings.languages or (available() if served else (SOURCE,))


def name_of(settings: PageSettings, code: str) -> str:
    """What the file of a page in that language is called."""
    return NAME if code == languages_of(settings)[0] else f"verify.{code}.html"


@lru_cache(maxsize=32)
def page(
    settings: PageSettings, *, served: bool = False, as_app: bool = False, in_language: str | None = None
) -> bytes:
    """The page with settings in it.

    Args:
        served: by a lookup service, to which it then leads whoever has no JavaScript.
        as_app: with files beside it that keep it at hand.
        in_language: one of `languages_of` the settings; default: the first.
    """
    spoken = language(in_language or languages_of(settings, served=served)[0])
    places = {
        "language": spoken.code,
        "direction": spoken.direction,
        "languages": _languages(spoken, settings, served=served),
        "unreviewed": "" if spoken.reviewed_by else f"<p>{_said(spoken, 'unreviewed')}</p>\n",
        "messages": data(_carried(spoken.code)),
        "policy": escape(policy(settings, served=served, as_app=as_app)),
        "title": escape(_title(spoken, settings)),
        "logo": picture(settings.logo),
        "intro": escape(_of_institution(spoken, "intro", settings)),
        "lookup": _lookup(spoken) if served else "",
        "style": _style(settings),
        "program": program_hash(),
        "settings": data({**settings.content, "lookup": served}),
        "script": script(),
        "app": f"<script>{registering()}</script>\n" if as_app else "",
    }

    def put(found: re.Match[str]) -> str:
        key = found[1].removeprefix("message.")
        return places[key] if key == found[1] else _said(spoken, key)

    return _PLACE.sub(put, _file("page.html")).encode()


def written(settings: PageSettings) -> dict[str, bytes]:
    """The files of a folder: the page alone in each language, and the page as an app with what belongs to it."""
    codes = languages_of(settings)
    app = page(settings, as_app=True)
    kept = {name_of(settings, code): page(settings, in_language=code) for code in codes}
    kept |= {_APP: app, MANIFEST: _manifest(language(codes[0]), settings, _APP)}
    return {**kept, WORKER: worker({"./": app, **kept})}


@lru_cache(maxsize=32)
def beside_served(settings: PageSettings, code: str) -> Mapping[str, bytes]:
    """What a lookup service has beside the page in a language to make an app of it."""
    shown = _manifest(language(code), settings, SERVED)
    kept = {SERVED: page(settings, served=True, as_app=True, in_language=code), MANIFEST: shown}
    return {MANIFEST: shown, WORKER: worker(kept)}


def policy(settings: PageSettings, *, served: bool = False, as_app: bool = False) -> str:
    """Content-Security-Policy of a page: its own script and style, and whom it may ask."""
    asked = " ".join(dict.fromkeys(map(_origin, settings.endpoints))) if settings.fixed else _ANYBODY
    form = "'self'" if served else "'none'"
    # The registry that has the page is asked about a digest where its user says so.
    asked += " 'self'" if served else ""
    scripts = f"'{_hash(script())}'"
    app = ""
    if as_app:
        scripts += f" '{_hash(registering())}'"
        app = "; worker-src 'self'; manifest-src 'self'; trusted-types testamur-app"
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{_hash(_style(settings))}'; img-src data:; "
        f"connect-src {asked}; form-action {form}; base-uri 'none'; "
        f"require-trusted-types-for 'script'{app}"
    )


def data(content: Any) -> str:
    """JSON for an element of a page, which nothing in it can end."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)


def _said(spoken: Language, key: str) -> str:
    return escape(spoken.text(say(f"page.{key}")))


def _carried(code: str) -> Mapping[str, Any]:
    """What the program has to be given of a language: the English of the verifier is in it."""
    whole = content(code)
    own = _OWN if code == SOURCE else ("",)
    messages = whole["messages"]
    said = {key: messages[key] for key in messages if key.startswith(own) and not key.startswith(_NOT_HERE)}
    return {**whole, "messages": said}


def _languages(spoken: Language, settings: PageSettings, *, served: bool) -> str:
    """Links to the page in other languages, each in its own words."""
    others = [language(code) for code in languages_of(settings, served=served) if code != spoken.code]
    if not others:
        return ""
    links = "".join(
        f'<li><a href="{f"?language={each.code}" if served else name_of(settings, each.code)}" lang="{each.code}" '
        f'dir="{each.direction}" hreflang="{each.code}">{escape(each.name)}</a></li>'
        for each in others
    )
    return f'<nav class="languages" aria-label="{_said(spoken, "languages")}"><ul>{links}</ul></nav>\n'


def _lookup(spoken: Language) -> str:
    """A form for whoever has no JavaScript."""
    return (
        f'<p>{_said(spoken, "noScriptDigest")}</p>\n<form action="/search" method="get">\n'
        f'<label for="q">{_said(spoken, "digest")}</label>\n'
        '<input id="q" name="q" required maxlength="2000" autocomplete="off" spellcheck="false">\n'
        f'<button type="submit">{_said(spoken, "lookUp")}</button>\n</form>\n'
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _manifest(spoken: Language, settings: PageSettings, start: str) -> bytes:
    return manifest(_title(spoken, settings), spoken.code, settings.colour, start=start)


def _title(spoken: Language, settings: PageSettings) -> str:
    return _of_institution(spoken, "title", settings)


def _of_institution(spoken: Language, key: str, settings: PageSettings) -> str:
    """A sentence that names the institution where there is one: its name as a person may see it."""
    name = terminal_text(settings.institution)
    return spoken.text(say(f"page.{key}Of", institution=name) if name else say(f"page.{key}"))


def _style(settings: PageSettings) -> str:
    return _file("page.css") + colours(settings.colour, settings.colour_dark)


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
