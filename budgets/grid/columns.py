"""The columns of the Cost Code Detail, each declared once: page, fragments, print and files show the same.

A column reads its value off anything with the attributes of `budgets.grid.rows.Row`; where it is `summed`, also off a
sum of rows. The `label` of one of ours may name the ERP as {erp}; what people call theirs is shown as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal

from budgets.saved_views.calculation import rounded
from workflow.templatetags.figures import PERCENT_PLACES

Kind = Literal["text", "code", "money", "quantity", "price", "percent", "verdict"]
FIGURES = ("money", "quantity", "price", "percent", "verdict")
PLACES = {"money": 2, "quantity": 4, "price": 4, "percent": PERCENT_PLACES + 2}  # of calculated figures
Figures = dict[str, Decimal | None]  # calculated ones, by column
Calculate = Callable[[Any, Figures], Decimal | None]


@dataclass(frozen=True)
class Column:
    """`field` is what the line's form calls the value where people may change it, else empty.

    A `calculated` one is a view's own: `note` says how it comes about, `needs` are the calculated ones it is made of,
    in the order they are calculated in, and `calculate` calculates it from a thing and what those came to. What a row
    shows of it is rounded; its sums are the sums of what its rows show where it `adds` up.
    """

    key: str
    label: str
    kind: Kind
    value: Callable[[Any], Any]
    summed: bool = False
    field: str = ""
    calculated: bool = False
    calculate: Calculate | None = None
    note: str = ""
    adds: bool = False
    needs: tuple[Column, ...] = ()

    def title(self, erp: str) -> str:
        """The head of the column, with the ERP by its name."""
        return self.label if self.calculated else self.label.replace("{erp}", erp)

    def rounded(self, value: Decimal | None) -> Decimal | None:
        """A calculated figure half-up to the places that are shown."""
        return None if value is None else rounded(value, PLACES[self.kind])

    def shown(self, thing: Any) -> Any:
        """The value as people read it."""
        value = self.value(thing)
        return self.rounded(value) if self.calculated else value

    @property
    def is_figure(self) -> bool:
        """Whether it is written to the right, digits below digits."""
        return self.kind in FIGURES


REGISTRY: dict[str, Column] = {}


def register(*columns: Column) -> None:
    """This function will add columns to the grid. Raises ValueError when a key is taken."""
    for column in columns:
        if column.key in REGISTRY:
            raise ValueError(f"there is a column {column.key!r} already")
        REGISTRY[column.key] = column


def _column(key: str, label: str, kind: Kind, *, attribute: str = "", field: str = "") -> Column:
    return Column(key, label, kind, attrgetter(attribute or key), summed=kind == "money", field=field)


register(
    _column("code", "Cost code", "code", field="cost_code"),
    _column("job", "Job", "code", field="job"),
    _column("description", "Description", "text", field="description"),
    _column("type", "Type", "code", field="cost_type"),
    _column("quantity", "Quantity", "quantity", field="quantity"),
    _column("unit", "Unit", "text", field="unit"),
    _column("unit_cost", "Unit cost", "price", field="unit_cost"),
    _column("original", "Original", "money", field="amount"),
    _column("modifications", "Modifications", "money"),
    _column("revised", "Revised", "money"),
    _column("sent", "Sent", "money"),
    _column("in_erp", "In {erp}", "money"),
    _column("difference", "Difference", "money"),
)
STANDARD = tuple(REGISTRY)  # what is shown when nobody chose, in this order; the first stands still
HEAD = "code"  # the head of each row, always first

register(
    _column("cost", "Job-to-date cost", "money"),
    _column("forecast", "Forecast to complete", "money"),
    _column("at_completion", "Estimated cost at completion", "money"),
    Column("over_under", "Projected over / under", "verdict", attrgetter("over_under"), summed=True),
)
PROJECTED = ("forecast", "at_completion", "over_under")  # they rest on the job-to-date cost


def calculations(columns: Iterable[Column]) -> list[Column]:
    """This function will list what must be calculated to show columns: each once, after those it needs."""
    every = (one for column in columns for one in (*column.needs, column) if one.calculate)
    return list({one.key: one for one in every}.values())


def calculate(calculations: Iterable[Column], thing: Any, figures: Figures) -> None:
    """This function will add to `figures` what calculations come to for a row or a sum, each worked out once."""
    for column in calculations:
        if column.calculate and column.key not in figures:
            figures[column.key] = column.calculate(thing, figures)


def chosen(
    keys: Iterable[str] = STANDARD,
    *,
    with_job: bool = True,
    more: Mapping[str, Column] = MappingProxyType({}),
) -> list[Column]:
    """This function will find the columns to show: the row's head first, then those of `keys` that there are.

    `more` are those that a view brings along.
    """
    known = {**REGISTRY, **more}
    wanted = [key for key in keys if key in known and key != HEAD and (with_job or key != "job")]
    return [known[key] for key in (HEAD, *dict.fromkeys(wanted))]
