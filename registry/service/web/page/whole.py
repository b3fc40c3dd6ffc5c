"""The page as one file: program, style and settings in it, each allowed by its hash or as data."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from registry.language.catalogue import SOURCE, available, content, language
from registry.language.rendering import Language
from registry.language.said import say
from registry.service.web.page.app import MANIFEST, WORKER, manifest, registering, worker
from registry.service.web.page.kinds import Kind
from registry.service.web.page.look import colours, picture
from registry.service.web.page.settings import PageSettings
from registry.untrusted.text import terminal_text

_APP: Final = "index.html"
_ANYBODY: Final = "https: http://localhost:* http://127.0.0.1:*"
"""Whom the page may ask where its user may name endpoints."""
_PLACE: Final = re.compile(r"\{\{([\w.]+)\}\}")
_SAYING: Final = {"message": "page", "learner": "learner"}
"""Where the template of a page has a sentence: what the keys of the catalogue begin with."""
_OWN: Final = {Kind.VERIFY: ("page.",), Kind.LEARNER: ("page.", "learner.", "portfolio.")}
_NOT_HERE: Final = ("cli.", "absence.", "mobility.", "online.", "register.", "verdict.", "wallet.")
_IN_SCRIPT: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def languages_of(settings: PageSettings, *, served: bool = False) -> tuple[str, ...]:
    """The languages in which there is a page; the first is that of whoever asks for none."""
    return settings.languages or (available() if served else (SOURCE,))


def name_of(settings: PageSettings, code: str, kind: Kind = Kind.VERIFY) -> str:
    """What the file of a page in that language is called."""
    return kind.file if code == languages_of(settings)[0] else f"{kind}.{code}.html"


def manifest_of(kind: Kind) -> str:
    """What is served under a name of its own for each kind, since all are in one place."""
    return MANIFEST if kind is Kind.VERIFY else f"{kind}.webmanifest"


def worker_of(kind: Kind) -> str:
    """As `manifest_of`."""
    return WORKER if kind is Kind.VERIFY else f"{kind}-{WORKER}"


@lru_cache(maxsize=32)
def page(
    settings: PageSettings,
    kind: Kind = Kind.VERIFY,
    *,
    served: bool = False,
    as_app: bool = False,
    in_language: str | None = None,
) -> bytes:
    """A page with settings in it.

    Args:
        served: by a lookup service, to which it then leads whoever has no JavaScript.
        as_app: with files beside it that keep it at hand.
        in_language: one of `languages_of` the settings; default: the first.
    """
    spoken = language(in_language or languages_of(settings, served=served)[0])
    places = {
        "language": spoken.code,
        "direction": spoken.direction,
        "languages": _languages(spoken, settings, kind, served=served),
        "unreviewed": "" if spoken.reviewed_by else f"<p>{_said(spoken, 'unreviewed')}</p>\n",
        "messages": data(_carried(spoken.code, kind)),
        "policy": escape(policy(settings, kind, served=served, as_app=as_app)),
        "title": escape(_title(spoken, settings, kind)),
        "logo": picture(settings.logo),
        "intro": escape(_of_institution(spoken, "intro", settings, kind)),
        "lookup": _lookup(spoken) if served else "",
        "style": _style(settings, kind),
        "program": kind.script_hash,
        "settings": data({**settings.content, **_more(settings, kind, served=served)}),
        "script": kind.script,
        "app": _app(kind, served=served) if as_app else "",
    }

    def put(found: re.Match[str]) -> str:
        whose, _, key = found[1].partition(".")
        return _said(spoken, key, _SAYING[whose]) if key else places[whose]

    return _PLACE.sub(put, kind.template).encode()


def written(settings: PageSettings, kind: Kind = Kind.VERIFY) -> dict[str, bytes]:
    """The files of a folder: the page alone in each language, and the page as an app with what belongs to it."""
    codes = languages_of(settings)
    app = page(settings, kind, as_app=True)
    kept = {name_of(settings, code, kind): page(settings, kind, in_language=code) for code in codes}
    kept |= {_APP: app, MANIFEST: _manifest(language(codes[0]), settings, kind, _APP)}
    return {**kept, WORKER: worker({"./": app, **kept}, store=_store(kind))}


@lru_cache(maxsize=32)
def beside_served(settings: PageSettings, code: str, kind: Kind = Kind.VERIFY) -> Mapping[str, bytes]:
    """What a lookup service has beside the page in a language to make an app of it."""
    shown = _manifest(language(code), settings, kind, str(kind))
    kept = {str(kind): page(settings, kind, served=True, as_app=True, in_language=code), manifest_of(kind): shown}
    return {manifest_of(kind): shown, worker_of(kind): worker(kept, store=_store(kind))}


def policy(settings: PageSettings, kind: Kind = Kind.VERIFY, *, served: bool = False, as_app: bool = False) -> str:
    """Content-Security-Policy of a page: its own script and style, and whom it may ask."""
    asked = " ".join(dict.fromkeys(map(_origin, settings.endpoints))) if settings.fixed else _ANYBODY
    # The registry that has the page that verifies is asked about a digest where its user says so; no learner asks it.
    asks = served and kind is Kind.VERIFY
    form = "'self'" if asks else "'none'"
    asked += " 'self'" if asks else ""
    scripts = f"'{_hash(kind.script)}'"
    app = ""
    if as_app:
        scripts += f" '{_hash(registering())}'"
        app = "; worker-src 'self'; manifest-src 'self'; trusted-types testamur-app"
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{_hash(_style(settings, kind))}'; img-src data:; "
        f"connect-src {asked}; form-action {form}; base-uri 'none'; "
        f"require-trusted-types-for 'script'{app}"
    )


def data(content: Any) -> str:
    """JSON for an element of a page, which nothing in it can end."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)


def _more(settings: PageSettings, kind: Kind, *, served: bool) -> dict[str, Any]:
    """What one kind of page has to know beside what all have."""
    if kind is Kind.VERIFY:
        return {"lookup": served}
    return {"lookup": False, "pathways": [json.loads(each) for each in settings.pathways]}


def _said(spoken: Language, key: str, whose: str = "page") -> str:
    return escape(spoken.text(say(f"{whose}.{key}")))


def _app(kind: Kind, *, served: bool) -> str:
    """The script that makes an app of the page; beside another page it says which files are its own."""
    own = served and kind is not Kind.VERIFY
    named = f' data-manifest="{manifest_of(kind)}" data-worker="{worker_of(kind)}" data-scope="{kind}"' if own else ""
    return f"<script{named}>{registering()}</script>\n"


def _store(kind: Kind) -> str:
    return f"testamur-{kind.folder}"


def _carried(code: str, kind: Kind) -> Mapping[str, Any]:
    """What the program has to be given of a language: the English of the verifier is in it."""
    whole = content(code)
    own = _OWN[kind] if code == SOURCE else ("",)
    others = tuple(prefix for each in Kind for prefix in _OWN[each] if prefix not in _OWN[kind])
    messages = whole["messages"]
    said = {key: messages[key] for key in messages if key.startswith(own) and not key.startswith(_NOT_HERE + others)}
    return {**whole, "messages": said}


def _languages(spoken: Language, settings: PageSettings, kind: Kind, *, served: bool) -> str:
    """Links to the page in other languages, each in its own words."""
    others = [language(code) for code in languages_of(settings, served=served) if code != spoken.code]
    if not others:
        return ""
    addresses = {
        each.code: f"?language={each.code}" if served else name_of(settings, each.code, kind) for each in others
    }
    links = "".join(
        f'<li><a href="{addresses[each.code]}" lang="{each.code}" '
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


def _manifest(spoken: Language, settings: PageSettings, kind: Kind, start: str) -> bytes:
    return manifest(_title(spoken, settings, kind), spoken.code, settings.colour, start=start)


def _title(spoken: Language, settings: PageSettings, kind: Kind) -> str:
    return _of_institution(spoken, "title", settings, kind)


def _of_institution(spoken: Language, key: str, settings: PageSettings, kind: Kind) -> str:
    """A sentence that names the institution where there is one: its name as a person may see it."""
    name, key = terminal_text(settings.institution), f"{kind.folder}.{key}"
    return spoken.text(say(f"{key}Of", institution=name) if name else say(key))


def _style(settings: PageSettings, kind: Kind) -> str:
    return kind.style + colours(settings.colour, settings.colour_dark)
