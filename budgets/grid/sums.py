"""What the columns of the grid come to over some lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from budgets.grid.columns import Column, Figures, calculate, calculations
from budgets.grid.rows import Row
from budgets.money import ZERO


@dataclass(frozen=True)
class Sums:
    """What the summed columns come to over some lines; None where nothing is known of any."""

    count: int = 0
    original: Decimal = ZERO
    modifications: Decimal = ZERO
    sent: Decimal | None = None
    in_erp: Decimal | None = None
    difference: Decimal | None = None
    cost: Decimal | None = None
    forecast: Decimal | None = None
    at_completion: Decimal | None = None
    over_under: Decimal | None = None
    figures: Figures = field(default_factory=dict)  # what calculated columns come to

    @property
    def revised(self) -> Decimal:
        """Originals plus modifications."""
        return self.original + self.modifications


def summed(rows: Sequence[Row], columns: Iterable[Column] = ()) -> Sums:
    """This function will sum rows that were read with these columns; the calculated ones tie to what the rows show."""
    wanted = calculations(columns)
    figures = {
        one.key: _known(one.rounded(row.figures[one.key]) for row in rows) for one in wanted if one.adds
    }
    sums = Sums(
        count=len(rows),
        original=sum((row.original for row in rows), ZERO),
        modifications=sum((row.modifications for row in rows), ZERO),
        sent=_known(row.sent for row in rows),
        in_erp=_known(row.in_erp for row in rows),
        difference=_known(row.difference for row in rows),
        cost=_known(row.cost for row in rows),
        forecast=_known(row.forecast for row in rows),
        at_completion=_known(row.at_completion for row in rows),
        over_under=_known(row.over_under for row in rows),
        figures=figures,
    )
    calculate(wanted, sums, figures)
    return sums


def _known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if known else None
