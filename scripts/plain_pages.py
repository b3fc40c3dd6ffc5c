"""Pages without anything around them: Markdown to one HTML file that asks nobody, for slides and for a USB stick.

What a page may load is said in the page itself, by a policy that browsers obey: its own style, its own few lines of
script, and pictures beside it. Everything else is refused, so that no page can ask the network even if a text wanted
it to.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from registry.language.catalogue import language as named

Lead = Callable[[str], str | None]
"""Where a link of a text leads on the page; None where it leads nowhere, so that its words alone stay."""

RIGHT_TO_LEFT: Final = ("ar",)
STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b2430;--paper:#fff;--line:#c9d2dc;--tint:#eef3f8;--strong:#1f3a5f;--mark:#8a4b00}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf5;--paper:#141a21;--line:#3b4754;--tint:#1e2731;--strong:#9cc4f2;--mark:#f0b060}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1.05rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:52rem;margin:auto;padding:1rem}
header{border-bottom:1px solid var(--line);font-size:.95rem}
header a{margin-inline-end:1rem}
a{color:var(--strong)}
a:focus-visible,summary:focus-visible,pre:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
h1,h2,h3,h4{line-height:1.25;color:var(--strong)}
pre{background:var(--tint);padding:.8rem;overflow-x:auto;border-radius:.3rem;font-size:.9rem}
code{font-family:ui-monospace,monospace;font-size:.92em}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{border:1px solid var(--line);padding:.4rem .6rem;text-align:start;vertical-align:top}th{background:var(--tint)}
img{max-width:100%;height:auto}blockquote{margin:1rem 0;padding:.1rem 1rem;border-inline-start:.3rem solid var(--line)}
.skip{position:absolute;inset-inline-start:-99rem}.skip:focus{position:static}
.slide{min-height:92vh;padding:1rem 0 2rem;border-bottom:1px solid var(--line);display:flex;flex-direction:column;
justify-content:center;font-size:1.25rem;scroll-margin:0}
.slide h1{font-size:2.4rem}.slide h2{font-size:1.9rem;margin-top:0}
.turn{display:flex;gap:1rem;justify-content:space-between;font-size:1rem;margin-top:2rem}
.turn span:empty{visibility:hidden}
.note,.answer{font-size:1rem;margin-top:1.5rem;border:1px dashed var(--line);padding:.4rem .8rem;border-radius:.3rem}
summary{cursor:pointer;color:var(--mark)}
.question{margin:1.5rem 0}
@media(max-width:30rem){.slide{font-size:1.05rem;min-height:0}.slide h1{font-size:1.7rem}.slide h2{font-size:1.4rem}}
@media print{header,.turn,.skip{display:none}.slide{min-height:0;break-after:page;break-inside:avoid;border:0}
a{color:inherit;text-decoration:none}.note{border-style:solid}pre{white-space:pre-wrap}}
"""
KEYS: Final = """
document.addEventListener("keydown",function(e){
if(e.altKey||e.ctrlKey||e.metaKey||e.target.closest("summary,pre"))return;
var step={ArrowRight:1,ArrowDown:1,PageDown:1," ":1,ArrowLeft:-1,ArrowUp:-1,PageUp:-1}[e.key];if(!step)return;
if(document.documentElement.dir==="rtl"&&e.key.slice(0,6)==="ArrowL")step=1;
if(document.documentElement.dir==="rtl"&&e.key.slice(0,6)==="ArrowR")step=-1;
var all=[].slice.call(document.querySelectorAll(".slide")),y=window.scrollY,now=0;
all.forEach(function(s,n){if(s.offsetTop<=y+innerHeight/3)now=n});
var next=all[now+step];if(next){e.preventDefault();next.scrollIntoView();next.focus({preventScroll:true})}});
"""
_SCHEMES: Final = ("https://", "http://", "mailto:")


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").enable("strikethrough")


def slug(heading: str) -> str:
    """The name of a heading in links, as the site of the documentation makes it."""
    kept = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
    return re.sub(r"[\s]+", "-", kept)


def rendered(text: str, lead: Lead) -> str:
    """The HTML of a Markdown text.

    Args:
        lead: asked for the target of every link and picture that is not of the web.
    """
    tokens = _markdown().parse(text)
    taken: dict[str, int] = {}
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            name = slug(_words(tokens[number + 1]))
            taken[name] = taken.get(name, -1) + 1
            token.attrSet("id", name if not taken[name] else f"{name}_{taken[name]}")
        if token.children:
            token.children = _led(token.children, lead)
    told = str(_markdown().renderer.render(tokens, _markdown().options, {}))
    # What may be wider than the screen is scrolled by itself, and by the keyboard.
    told = told.replace("<table>", '<div class="scroll" tabindex="0" role="group"><table>').replace(
        "</table>", "</table></div>"
    )
    return told.replace("<pre>", '<pre tabindex="0">')


def _words(inline: Token) -> str:
    return "".join(child.content for child in inline.children or () if child.type in ("text", "code_inline"))


def _led(children: list[Token], lead: Lead) -> list[Token]:
    kept: list[Token] = []
    dropped: list[bool] = []
    for child in children:
        if child.type == "image":
            target = _to(str(child.attrGet("src") or ""), lead)
            if target is not None:
                child.attrSet("src", target)
                kept.append(child)
        elif child.type == "link_open":
            target = _to(str(child.attrGet("href") or ""), lead)
            dropped.append(target is None)
            if target is not None:
                child.attrSet("href", target)
                kept.append(child)
        elif child.type == "link_close":
            if not dropped.pop():
                kept.append(child)
        else:
            kept.append(child)
    return kept


def _to(target: str, lead: Lead) -> str | None:
    return target if target.startswith((*_SCHEMES, "#")) else lead(target)


def whole(
    title: str,
    body: str,
    *,
    language: str,
    ways: list[tuple[str, str]],
    skip: str = "",
    keys: bool = False,
    others: Mapping[str, str] = MappingProxyType({}),
    foot: str = "",
) -> str:
    """A page.

    Args:
        ways: links at its top, each with its words.
        skip: the words of the link that leads past them.
        keys: whether arrows turn its slides.
        others: the same page in other languages: where each is, by the language.
        foot: a sentence at its end.
    """
    script = f"<script>{KEYS}</script>" if keys else ""
    hashed = base64.b64encode(hashlib.sha256(KEYS.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:; base-uri 'none'; form-action 'none'"
    )
    policy += f"; script-src 'sha256-{hashed}'" if keys else ""
    direction = ' dir="rtl"' if language in RIGHT_TO_LEFT else ""
    top = "".join(f'<a href="{html.escape(to)}">{html.escape(words)}</a>' for words, to in ways)
    top += "".join(
        f'<a lang="{each}" hreflang="{each}" href="{html.escape(to)}">{html.escape(named(each).name)}</a>'
        for each, to in others.items()
    )
    end = f"<footer><p>{html.escape(foot)}</p></footer>\n" if foot else ""
    past = f'<a class="skip" href="#main">{html.escape(skip)}</a>' if skip else ""
    return (
        f'<!doctype html>\n<html lang="{language}"{direction}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{past}\n"
        f'<header><nav>{top}</nav></header>\n<main id="main">\n{body}\n</main>\n{end}{script}</body>\n</html>\n'
    )


def relative(target: str, place: str) -> str:
    """A path from the page at `place` to another, both from the same top."""
    ups, to = PurePosixPath(place).parent.parts, PurePosixPath(target).parts
    same = 0
    while same < len(ups) and same < len(to) - 1 and ups[same] == to[same]:
        same += 1
    return "/".join((*(".." for _ in ups[same:]), *to[same:]))


def title_of(text: str) -> str:
    """The first heading of a Markdown text, without its marks."""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return re.sub(r"[`*]", "", found[1]) if found else ""


def attributes(**given: Any) -> str:
    """Attributes of an element, escaped."""
    return "".join(f' {name}="{html.escape(str(value))}"' for name, value in given.items() if value is not None)
