"""Diplomas and badges of many credentials, shared among processes; one made again, to compare; and contact sheets.

Everything is looked at before anything is made.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from anchor.issuing.diplomas.badges import BadgePicture, bake_png, bake_svg
from anchor.issuing.diplomas.content import Content, content_of, in_language
from anchor.issuing.diplomas.fonts import Fonts
from anchor.issuing.diplomas.look import Look, check_printable
from anchor.issuing.diplomas.press import Press, folder_for
from registry.document.reading import read_document
from registry.errors import IntakeError

AT_ONCE: Final = 16
"""Diplomas that a process makes before it hands them back."""
_WORTH_PROCESSES: Final = 64


class Format(StrEnum):
    """What a holder can be given."""

    PDF = "pdf"
    PNG = "png"
    SVG = "svg"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Original:
    """A credential to be printed.

    Attributes:
        name: by which errors call it, and its files are named.
        document: as its holder has it, with its receipt in `proof`.
    """

    name: str
    document: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was made of one credential.

    Attributes:
        name: of the original.
        digest: of the credential.
        files: by format.
    """

    name: str
    digest: bytes
    files: dict[Format, bytes]


@dataclass(frozen=True, slots=True)
class Order:
    """What is made of each credential.

    Attributes:
        badge: the picture for badges; None for one with the award's name.
        is_draft: mark pages as ones that prove nothing.
    """

    look: Look
    formats: tuple[Format, ...] = (Format.PDF,)
    badge: BadgePicture | None = None
    is_draft: bool = False

    def __post_init__(self) -> None:
        pictures = {Format.PNG, Format.SVG} & set(self.formats)
        if self.badge is not None and pictures - {Format(self.badge.kind)}:
            raise IntakeError(
                f"the badge's picture is a {self.badge.kind.upper()}",
                remedy=f"Ask for --format {self.badge.kind}, or leave the picture out.",
                code="badge",
            )


def check_all(originals: Iterable[Original], look: Look, *, is_draft: bool = False) -> int:
    """Look at every credential before anything is made of one; how many there are.

    Raises:
        IntakeError: one cannot be printed: `content_of`, `check_printable`, and code `pending` where it has no receipt
            or its receipt names no block yet.
    """
    count = 0
    with folder_for(look) as (_, fonts):
        for original in originals:
            content = content_of(original.document, original.name)
            check_printable(content, look, fonts)
            if not is_draft:
                _check_anchored(content)
            count += 1
    return count


def _check_anchored(content: Content) -> None:
    if content.receipt is not None and not content.receipt.pending:
        return
    what = "it has no receipt in it" if content.receipt is None else "its receipt was written before it was on chain"
    raise IntakeError(
        f"{what}, so that nobody could verify the paper",
        where=content.name,
        remedy="Wait until it is anchored, or make drafts, which say that they are none: --not-final.",
        code="pending",
    )


def render(originals: Iterable[Original], order: Order, *, workers: int | None = None) -> Iterator[Rendered]:
    """What an order asks for of each credential, in their order; the same in gives the same bytes.

    Args:
        originals: those that `check_all` looked at.
        workers: processes; default: one a core where there are many.

    Raises:
        IntakeError: one cannot be printed.
    """
    with folder_for(order.look) as (folder, fonts):
        few = list(_first(originals := iter(originals), _WORTH_PROCESSES))
        processes = workers or (os.cpu_count() or 1 if len(few) == _WORTH_PROCESSES else 1)
        if processes == 1:
            press = Press(order.look, folder, fonts)
            for some in (few, originals):
                yield from (_made(original, order, press) for original in some)
            return
        # The characters are for the check, which was made; there are a hundred thousand of them.
        begun = (order, folder, replace(fonts, characters=frozenset()))
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=begun) as pool:
            try:
                for made in _mapped(pool, _chained(few, originals), processes):
                    yield from made
            except BrokenProcessPool:
                raise IntakeError(
                    "a process that makes diplomas was ended from outside",
                    remedy="Run it again: what was written stays. Check the memory of the machine, or set workers = 1.",
                    code="worker-ended",
                ) from None


def _mapped(pool: ProcessPoolExecutor, originals: Iterator[Original], processes: int) -> Iterator[list[Rendered]]:
    """What the processes hand back, in order, with no more of it under way than keeps them busy."""
    waiting: list[Future[list[Rendered]]] = []
    while True:
        while len(waiting) < 2 * processes and (share := list(_first(originals, AT_ONCE))):
            waiting.append(pool.submit(_share, share))
        if not waiting:
            return
        yield waiting.pop(0).result()


def _first(originals: Iterator[Original], most: int) -> Iterator[Original]:
    for _, original in zip(range(most), originals, strict=False):
        yield original


def _chained(few: Sequence[Original], more: Iterator[Original]) -> Iterator[Original]:
    yield from few
    yield from more


_at_work: list[tuple[Order, Press]] = []
"""Of a process that makes diplomas: what it makes, and the compiler with its fonts."""


def _begin(order: Order, folder: Path, fonts: Fonts) -> None:
    _at_work[:] = [(order, Press(order.look, folder, fonts))]


def _share(originals: Sequence[Original]) -> list[Rendered]:
    ((order, press),) = _at_work
    return [_made(original, order, press) for original in originals]


def _made(original: Original, order: Order, press: Press) -> Rendered:
    content = content_of(original.document, original.name)
    files = {each: _file(content, original.document, each, order, press) for each in order.formats}
    return Rendered(original.name, content.digest.value, files)


def _file(content: Content, document: bytes, kind: Format, order: Order, press: Press) -> bytes:
    if kind is Format.JSON:
        return document
    if kind is Format.PDF:
        return press.diploma(content, is_draft=order.is_draft)
    ending: Literal["png", "svg"] = "png" if kind is Format.PNG else "svg"
    picture = press.badge(content, ending) if order.badge is None else order.badge.data
    language = (order.look.languages or (content.language or "en",))[0]
    award, issuer = in_language(content.award, language), in_language(content.issuer, language)
    bake = bake_png if kind is Format.PNG else bake_svg
    return bake(picture, content.text, title=award, description=f"{award}. {issuer}.")


class Same(StrEnum):
    """What making a paper again says of one that somebody shows."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_HERE = "not-here"


def compared(paper: bytes, kind: Format, originals: Iterable[Original], order: Order) -> Same:
    """Make the paper of the same credential again, and compare: whoever issued it has the look and the fonts.

    Args:
        paper: a diploma or badge that somebody shows.
        originals: one of them may be the credential that is in it.

    Returns:
        `differs` also where it was made with another look or version: then only the credential in it counts.
    """
    inside = {digest.value for digest in read_document(paper, f"paper.{kind}").digests}
    for original in originals:
        content = content_of(original.document, original.name)
        if content.digest.value in inside:
            [made] = render([original], replace(order, formats=(kind,)), workers=1)
            return Same.SAME if made.files[kind] == paper else Same.DIFFERS
    return Same.NOT_HERE


def contact_sheet(
    documents: Sequence[bytes], *, root: bytes, credentials: int, look: Look | None = None, title: str = "Contact sheet"
) -> bytes:
    """The first pages of several diplomas, small, numbered, with their results: for whoever looks through a batch.

    Args:
        documents: credentials that need no receipt yet: no code is drawn.
        root: 32 bytes, printed on each page.
        credentials: how many there are under the root.

    Raises:
        IntakeError: one of them cannot be printed.
    """
    look = look or Look("https://preview.invalid/")
    with folder_for(look) as (folder, fonts):
        contents = [content_of(document, f"credential {at}") for at, document in enumerate(documents, start=1)]
        for content in contents:
            check_printable(content, look, fonts)
        shown = f"{len(contents):,} of {credentials:,} credentials"
        heading = {"title": title, "root": f"0x{root.hex()}", "count": shown, "fonts": fonts.families}
        return Press(look, folder, fonts).sheet(contents, heading)
