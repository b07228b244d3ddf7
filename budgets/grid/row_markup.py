"""The HTML of a row of the grid, the same on the page, in a fragment and in print.

Plain Python instead of a template, because 10,000 rows are written at once. Everything that people typed goes through
`escape`; figures hold nothing but digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from budgets.grid.columns import Column
from budgets.grid.rows import Row
from workflow.templatetags import figures

Cell = Callable[[Any], str]
AUTOMATIC, POSTED = ' data-follows="yes"', ' data-posted="yes"'


@dataclass(frozen=True)
class Chunk:
    """Rows that follow one another; below the last of them stands the remark on `remark_on`, where it is set."""

    html: SafeString
    remark_on: int | None = None


def chunks(rows: Iterable[Row], columns: Sequence[Column], *, project_id: int) -> Iterator[Chunk]:
    """This function will write rows, interrupted where a remark belongs below one."""
    write = writer(columns, project_id=project_id)
    gathered: list[str] = []
    for row in rows:
        gathered.append(write(row))
        if row.facts.remark:
            yield Chunk(mark_safe("".join(gathered)), row.pk)  # noqa: S308  written by `writer`
            gathered = []
    if gathered:
        yield Chunk(mark_safe("".join(gathered)))  # noqa: S308


def writer(columns: Sequence[Column], *, project_id: int) -> Callable[[Row], str]:
    """This function will make the function that writes one row with these columns."""
    head = _head(columns[0], project_id)
    cells = [head, *(_cell_of_row(column, project_id) for column in columns[1:])]

    def write(row: Row) -> str:
        inside = "".join([cell(row) for cell in cells])
        return (
            f'<tr class="line" id="line-{row.pk}" data-line="{row.pk}" data-version="{row.version}"'
            f"{AUTOMATIC if row.automatic else ''}{POSTED if row.was_posted else ''}>{inside}</tr>"
        )

    return write


def sums(columns: Sequence[Column], summed: Any) -> SafeString:
    """This function will write the cells of a sum from the first summed column on; those between stay empty."""
    places = [place for place, column in enumerate(columns) if column.summed]
    rest = columns[places[0] :] if places else []
    cells = [_figure(column)(summed) if column.summed else "<td></td>" for column in rest]
    return mark_safe("".join(cells))  # noqa: S308  written by `_figure`


def _head(column: Column, project_id: int) -> Cell:
    address = reverse("budgets:line_edit", args=[project_id, 0]).removesuffix("0/")

    def write(row: Row) -> str:
        name = escape(row.code) or "no code"
        return (
            f'<th scope="row" class="pin" data-col="{column.key}">'
            f'<a class="code" href="{address}{row.pk}/">{name}</a></th>'
        )

    return write


def _cell_of_row(column: Column, project_id: int) -> Cell:
    """A column whose cells lead somewhere, or any other."""
    leads = {"forecast": _forecast, "description": _description}
    return leads[column.key](project_id) if column.key in leads else _cell(column)


def _forecast(project_id: int) -> Cell:
    """The forecast leads to where it is set; one that a person set says so."""
    address = reverse("budgets:forecast_line", args=[project_id, 0]).removesuffix("0/")

    def write(row: Row) -> str:
        number = row.forecast
        amount = "–" if number is None else figures.plain_money(number)
        tone = " negative" if number is not None and number < 0 else ""
        by_hand = "" if row.by_hand is None else '<span class="mark wait">by hand</span> '
        return (
            f'<td data-col="forecast" class="figure-cell{tone}">{by_hand}'
            f'<a href="{address}{row.pk}/"><span class="visually-hidden">Forecast of {escape(row.code)} '
            f"{escape(row.type)}: </span>{amount}</a></td>"
        )

    return write


def _cell(column: Column) -> Cell:
    if column.key == "type":
        return _type
    if column.is_figure:
        return _figure(column)
    value, opening = (
        column.value,
        f'<td data-col="{column.key}"{" class=code" if column.kind == "code" else ""}>',
    )
    return lambda row: f"{opening}{escape(value(row) or '–')}</td>"


def _figure(column: Column) -> Cell:
    key, text = column.key, TEXTS[column.kind]
    value = column.shown if column.calculated else column.value

    def write(row: Any) -> str:
        number = value(row)
        if number is None:
            return f'<td data-col="{key}" class="figure-cell none">–</td>'
        tone = " negative" if number < 0 else "" if number else " zero"
        return f'<td data-col="{key}" class="figure-cell{tone}">{text(number)}</td>'

    return write


TEXTS = {
    "money": figures.plain_money,
    "quantity": figures.plain_quantity,
    "price": figures.plain_price,
    "percent": figures.plain_percent,
    "verdict": figures.plain_verdict,
}


def _type(row: Row) -> str:
    title = f' title="{escape(row.type_name)}"' if row.type_name else ""
    return f'<td data-col="type"><abbr{title}>{escape(row.type) or "–"}</abbr></td>'


def _description(project_id: int) -> Cell:
    """What the line is for, what is odd about it, and the button that opens all there is to know about it."""
    before, after = reverse("budgets:line_about", args=[project_id, 0]).split("/0/")

    def write(row: Row) -> str:
        said = "".join([f' <span class="mark {tone}">{escape(text)}</span>' for text, tone in marks(row)])
        return (
            f'<td data-col="description" class="words">{escape(row.description)}{said}<button type="button" '
            f'class="about" data-about="{before}/{row.pk}/{after}" aria-label="About {escape(row.code)} '
            f'{escape(row.type)}"></button></td>'
        )

    return write


def marks(row: Row) -> list[tuple[str, str]]:
    """This function will say in a few words what is odd about a row, each with its tone."""
    said = []
    if not row.known_code:
        said.append(("unknown cost code", "warn"))
    if not row.known_type:
        said.append(("unknown cost type", "warn"))
    if row.unit_text:
        said.append(("unknown unit", "warn"))
    said += [(text, "warn") for text in row.facts.warnings]
    if row.facts.remark:
        said.append(("remark", "warn"))
    if row.facts.changed_since_send:
        said.append(("changed since sent", "wait"))
    return said
