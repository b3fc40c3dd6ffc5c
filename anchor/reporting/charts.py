"""Charts of the report as SVG, drawn as the pages of the service draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from registry.audit.report.charts import Drawing
from registry.service.web.pages.drawings import trend_chart

COLUMN: Final = "#1f5fa8"
LINE: Final = "#cccccc"
INK: Final = "#222222"


def trend_picture(name: str, title: str, trend: Sequence[Mapping[str, Any]], unit: str) -> str | None:
    """The columns of a trend; None where there are not two values, or one is below zero.

    What is told of it stands beside it in words: a table with the same values follows.
    """
    known = [each["value"] for each in trend if each["value"] is not None]
    if len(known) < 2 or min(known) < 0:
        return None
    return _svg(trend_chart(name, title, trend, unit))


def _svg(drawn: Drawing) -> str:
    lines = [
        f'<line x1="{drawn.left}" x2="{drawn.width}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}" stroke-width="1"/>'
        for y in drawn.lines
    ]
    boxes = [
        f'<rect x="{each.x:.1f}" y="{each.y:.1f}" width="{each.width:.1f}" height="{each.height:.1f}" fill="{COLUMN}"/>'
        for each in drawn.rectangles
    ]
    texts = [
        f'<text x="{each.x:.1f}" y="{each.y:.1f}" text-anchor="{each.anchor}" font-size="13" fill="{INK}" '
        f'font-family="Noto Sans">{escape(each.text)}</text>'
        for each in drawn.labels
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawn.width} {drawn.height}" width="{drawn.width}" '
        f'height="{drawn.height}">{"".join((*lines, *boxes, *texts))}</svg>'
    )
