"""Bars as SVG, drawn here: no script and no style attributes, colours by class (charts.css), text that never shrinks.

Widths are percentages and heights pixels, so that a chart is as wide as its place and its words stay readable on a
phone. Each series has a pattern of its own beside its colour, and every bar its amount in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

LABEL, BAR, GAP = 20, 13, 14  # pixels: the line with the group's name, one bar with its space, below a group
PLOT = 70  # percent of the width for bars; the rest is for amounts
LONGEST = 32  # characters of a label; the whole one stands in the table
SOLID, HATCHED, DOTTED = "solid", "hatched", "dotted"


@dataclass(frozen=True)
class Bar:
    """One bar: `series` is its class and pattern, `words` what stands beside it, `title` the same in full."""

    value: Decimal | None
    series: str
    words: str
    title: str


@dataclass(frozen=True)
class Group:
    """Bars under one label; `link` leads to the rows behind them, `words` stand at the other end of its line."""

    label: str
    link: str
    bars: Sequence[Bar]
    words: str = ""


def chart(groups: Sequence[Group], *, key: str, title: str, description: str) -> SafeString:
    """This function will draw groups of bars below one another, around a common zero."""
    low, high = _span(bar.value for group in groups for bar in group.bars)
    height, drawn = 4, []
    for group in groups:
        drawn.append(_group(group, key=key, top=height, low=low, high=high))
        height += LABEL + BAR * len(group.bars) + GAP
    return format_html(
        '<svg class="chart" width="100%" height="{}" role="group" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}</svg>',
        *(height, key, key, key, title, key, description, _patterns(key)),
        mark_safe("".join(drawn)),  # noqa: S308  made by format_html
    )


def swatch(series: str, *, key: str) -> SafeString:
    """This function will draw the little square of a legend."""
    return format_html(
        '<svg class="swatch" width="18" height="12" aria-hidden="true" focusable="false">{}</svg>',
        _rect(series, key, x=0, y=0, width="100%"),
    )


def _group(group: Group, *, key: str, top: int, low: Decimal, high: Decimal) -> SafeString:
    label = group.label if len(group.label) <= LONGEST else f"{group.label[: LONGEST - 1]}…"
    name = format_html('<text class="label" x="0" y="{}">{}</text>', top + 14, label)
    if group.link:
        name = format_html('<a href="{}" aria-label="{}: the lines">{}</a>', group.link, group.label, name)
    bars = [
        _bar(bar, key=key, top=top + LABEL + BAR * place, low=low, high=high)
        for place, bar in enumerate(group.bars)
    ]
    zero, below = _percent(-low, high - low), top + LABEL
    line = format_html(
        '<line class="zero-line" x1="{}%" x2="{}%" y1="{}" y2="{}"/>',
        *(zero, zero, below - 1, below + BAR * len(bars)),
    )
    if group.words:
        line = format_html('{}<text class="amount" x="100%" y="{}">{}</text>', line, top + 14, group.words)
    return format_html("<g>{}{}{}</g>", name, mark_safe("".join(bars)), line)  # noqa: S308  made by format_html


def _bar(bar: Bar, *, key: str, top: int, low: Decimal, high: Decimal) -> SafeString:
    words = format_html('<text class="amount" x="100%" y="{}">{}</text>', top + 9, bar.words)
    if not bar.value:
        return format_html("<g><title>{}</title>{}</g>", bar.title, words)
    start, end = sorted((Decimal(0), bar.value))
    x, width = _percent(start - low, high - low), max(_percent(end - start, high - low), Decimal("0.3"))
    return format_html(
        "<g><title>{}</title>{}{}</g>",
        bar.title,
        _rect(bar.series, key, x=x, y=top, width=f"{width}%"),
        words,
    )


def _rect(series: str, key: str, *, x: Decimal | int, y: int, width: str) -> SafeString:
    """The ground of a bar in its colour, and the pattern over it."""
    place = format_html('x="{}%" y="{}" width="{}" height="10"', x, y, width)
    return format_html(
        '<rect class="bar {}" {}/><rect {} fill="url(#{}-{})"/>', series, place, place, key, PATTERNS[series]
    )


PATTERNS = {
    "original": SOLID,
    "modifications": HATCHED,
    "in_erp": DOTTED,
    "revised": SOLID,
    "over": SOLID,
    "under": HATCHED,
}
_MARKS = {
    SOLID: "",
    HATCHED: '<path class="stroke" d="M-1 1l2-2M0 6l6-6M5 7l2-2"/>',
    DOTTED: '<circle class="dot" cx="2" cy="2" r="1.1"/><circle class="dot" cx="5" cy="5" r="1.1"/>',
}


def _patterns(key: str) -> SafeString:
    return format_html_join(
        "",
        '<pattern id="{}-{}" width="6" height="6" patternUnits="userSpaceOnUse">{}</pattern>',
        ((key, name, mark_safe(marks)) for name, marks in _MARKS.items()),  # noqa: S308  constants
    )


def _span(values: Iterable[Decimal | None]) -> tuple[Decimal, Decimal]:
    known = [value for value in values if value is not None]
    low, high = min([*known, Decimal(0)]), max([*known, Decimal(0)])
    return (low, high) if high > low else (Decimal(0), Decimal(1))


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole * PLOT).quantize(Decimal("0.01"))
