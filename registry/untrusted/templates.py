"""Templates of pages in which nothing reaches the page but by `registry.untrusted.text`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.untrusted.text import html_text, marked

if TYPE_CHECKING:
    from jinja2 import Environment


def html_templates(*packages: str) -> Environment:
    """The templates in the folders `templates/` of packages, the first one that has a name first.

    Whatever strangers say may be passed to them as it is: what an expression comes to is text in one line, escaped,
    with a visible sign for what is hidden in it. The filter `marked` says besides what makes a name look like another.
    """
    # They take a while to import, and most commands write no page.
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def visible(value: object) -> object:
        return value if isinstance(value, Markup | int | float) else Markup(html_text(str(value)))  # noqa: S704

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = lambda value: marked(str(value))
    return environment
