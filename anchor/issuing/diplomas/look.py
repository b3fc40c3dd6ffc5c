"""How diplomas look: what of it is the same for everybody, and the parts of a page made of that and of a credential."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from anchor.issuing.diplomas.content import Content, in_language, is_level
from anchor.issuing.diplomas.fonts import Fonts
from anchor.issuing.diplomas.qr import grouped, link_of, qr_svg
from anchor.issuing.diplomas.wording import WORDINGS, Wording, date_in, wording_of
from anchor.issuing.templates.model import Layout, Orientation, Signatory, Template
from registry.errors import IntakeError, SettingsError

MOST_LANGUAGES: Final = 2
CLASSIC: Final = Layout(orientation=Orientation.LANDSCAPE)
"""The layout where no template names one."""
_SMALLEST_CODE, _LARGEST_CODE, _MODULE = 26.0, 46.0, 0.4
_FROM_RIGHT: Final = frozenset({"ar", "fa", "he", "ur"})
_ADDRESS_SCHEMES: Final = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Look:
    """What is the same on all diplomas of a batch.

    Attributes:
        layout: paper and colour; landscape is one page with the results behind it, portrait has all in one text.
        languages: a page for each, the main one first; none: the language of the credential.
        signatories: who signs on paper.
        verify_url: of the page that verifies, which the code leads to.
    """

    verify_url: str
    layout: Layout = CLASSIC
    languages: tuple[str, ...] = ()
    signatories: tuple[Signatory, ...] = ()

    def __post_init__(self) -> None:
        address = urlsplit(self.verify_url)
        if address.scheme not in _ADDRESS_SCHEMES or not address.netloc or "#" in self.verify_url:
            raise SettingsError(
                "it is no address of a page that verifies",
                where=self.verify_url,
                remedy="Give it as https://university.example/verify.html.",
                code="verify-url",
            )
        if len(self.languages) > MOST_LANGUAGES:
            raise SettingsError(f"a diploma has at most {MOST_LANGUAGES} languages", remedy="Leave some out.")
        for language in self.languages:
            _words(language)

    @property
    def address(self) -> str:
        """The page that verifies as it is printed, without its scheme."""
        return self.verify_url.partition("://")[2]

    @property
    def has_wide_page(self) -> bool:
        """Whether the award has a page of its own in landscape."""
        return self.layout.orientation is Orientation.LANDSCAPE


def look_of(template: Template, verify_url: str, languages: Sequence[str] = ()) -> Look:
    """The look that a template describes.

    Args:
        languages: instead of those of the template.

    Raises:
        SettingsError: the layouts have no phrases in one of the languages, or `verify_url` is no address.
    """
    return Look(verify_url, template.layout, tuple(languages) or template.languages, template.signatories)


def check_printable(content: Content, look: Look, fonts: Fonts) -> None:
    """Refuse a credential of which something cannot be printed.

    Raises:
        IntakeError: code `no-glyph`: no font has a character of it.
    """
    fonts.check(content.texts(), content.name)
    for signatory in look.signatories:
        fonts.check((signatory.name, *signatory.role.values()), f"signatory {signatory.name}")


def sheet_data(content: Content, look: Look, fonts: Fonts, *, is_draft: bool) -> tuple[dict[str, Any], str]:
    """What the layouts put on paper, as values of JSON; and the QR code as SVG, "" where there is none.

    Texts are values and stay that: none of them becomes markup.

    Raises:
        SettingsError: the link does not fit into a code.
    """
    languages = look.languages or (_language_of(content),)
    title = f"{in_language(content.award, languages[0])}: {content.holder}"
    svg, code = "", None
    if content.receipt is not None:
        link = link_of(content.receipt, look.verify_url)
        svg, modules = qr_svg(link)
        code = {"link": link, "width": min(_LARGEST_CODE, max(_SMALLEST_CODE, modules * _MODULE))}
    data = {
        "title": title,
        "author": in_language(content.issuer, languages[0]),
        "language": languages[0],
        "date": [content.awarded.year, content.awarded.month, content.awarded.day],
        "paper": look.layout.paper,
        "wide": look.has_wide_page,
        "colour": look.layout.colour,
        "logo": None if look.layout.logo is None else "logo",
        "draft": is_draft,
        "code": code,
        "digest": grouped(content.digest.hex),
        "address": look.address,
        "pages": [_page(content, look, fonts, language) for language in languages],
    }
    return data, svg


def _page(content: Content, look: Look, fonts: Fonts, language: str) -> dict[str, Any]:
    words = _words(language)
    main = content.language or _language_of(content)

    def said(texts: Mapping[str, str]) -> dict[str, str]:
        """A text with its language: what a credential has in one language alone is not in that of the page."""
        found = language if language in texts or language.partition("-")[0] in texts else main
        return {"text": in_language(texts, language), "language": found}

    return {
        "language": language,
        "from-right": language.partition("-")[0] in _FROM_RIGHT,
        "fonts": fonts.families_for(language),
        "words": {name: getattr(words, name) for name in Wording.__slots__},
        "logo_says": look.layout.logo_says.get(language) or words.logo,
        "issuer": said(content.issuer),
        "holder": content.holder,
        "award": said(content.award),
        "description": said(content.description),
        "facts": list(_facts(content, words, language, said(content.field))),
        "alignments": _by_framework(content),
        "results": [[said(what), result] for what, result in content.results],
        "signatories": [[each.name, in_language(each.role, language)] for each in look.signatories],
    }


def _facts(content: Content, words: Wording, language: str, field: dict[str, str]) -> Iterator[list[Any]]:
    """Rows of a label and what it is about."""
    if content.born is not None:
        yield [words.born, {"text": date_in(language, content.born), "language": language}]
    yield [words.date, {"text": date_in(language, content.awarded), "language": language}]
    if content.until is not None:
        yield [words.valid_until, {"text": date_in(language, content.until), "language": language}]
    if content.credits is not None:
        yield [words.credits, {"text": content.credits, "language": language}]
    if field["text"]:
        yield [words.field, field]
    for framework, said in content.alignments:
        if is_level(framework):
            yield [framework, {"text": said, "language": content.language or language}]


def _by_framework(content: Content) -> list[list[str]]:
    """Frameworks, each with all that the award is there."""
    found: dict[str, list[str]] = {}
    for framework, said in content.alignments:
        if not is_level(framework):
            found.setdefault(framework, []).append(said)
    return [[framework, " · ".join(items)] for framework, items in found.items()]


def _language_of(content: Content) -> str:
    """The language of the credential, or English where our layouts have no phrases in it."""
    return content.language if content.language and wording_of(content.language) else "en"


def _words(language: str) -> Wording:
    if (words := wording_of(language)) is None:
        raise SettingsError(
            f"the layouts have no phrases in the language {language!r}",
            remedy=f"They are in {', '.join(WORDINGS)}.",
            code="no-wording",
        )
    return words


def logo_of(look: Look) -> bytes | None:
    """The logo, as it was looked at when the template was read.

    Raises:
        IntakeError: it cannot be read any more, or it is none any more.
    """
    path: Path | None = look.layout.logo
    if path is None:
        return None
    from anchor.issuing.templates.logos import look_at_logo

    look_at_logo(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="logo") from None
