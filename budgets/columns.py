"""The columns of the Cost Code Detail, each declared once: page, fragments, print and files show the same.

A column reads its value off anything with the attributes of `budgets.rows.Row`; where it is `summed`, also off a sum of
rows. The `label` of one of ours may name the ERP as {erp}; what people call theirs is shown as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal

Kind = Literal["text", "code", "money", "quantity", "price", "percent", "verdict"]
FIGURES = ("money", "quantity", "price", "percent", "verdict")


@dataclass(frozen=True)
class Column:
    """`field` is what the line's form calls the value where people may change it, else empty.

    A `calculated` one is a view's own: it is rounded for the eye alone, `note` says how it comes about, its sums are
    the sums of its rows where it `adds` up, and `needs` are the calculated ones it is made of.
    """

    key: str
    label: str
    kind: Kind
    value: Callable[[Any], Any]
    summed: bool = False
    field: str = ""
    calculated: bool = False
    note: str = ""
    adds: bool = False
    needs: tuple[Column, ...] = ()

    def title(self, erp: str) -> str:
        """The head of the column, with the ERP by its name."""
        return self.label if self.calculated else self.label.replace("{erp}", erp)

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
