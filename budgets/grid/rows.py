"""The rows of the Cost Code Detail: read as plain tuples, because a grid has thousands of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, Value

from budgets import facts, selectors
from budgets.facts import LineFacts
from budgets.forecasts import projection
from budgets.grid.columns import Column, Figures, calculate, calculations
from budgets.models import Budget
from budgets.money import ZERO

FIELDS = (
    "pk",
    "version",
    "job__code",
    "cost_code__division",
    "cost_code__code",
    "cost_code_text",
    "cost_type__code",
    "cost_type__name",
    "cost_type_text",
    "description",
    "quantity",
    "unit__code",
    "unit_text",
    "unit_cost",
    "automatic",
    "amount",
    "was_posted",
    "forecast__amount",
)
ORDER = ("cost_code__code", "cost_code_text", "job__code", "cost_type__position", "cost_type_text", "pk")


class Row(NamedTuple):
    """One line as the grid shows it; amounts in company currency, 2 places. The fields are `FIELDS` in their order."""

    pk: int
    version: int
    job: str
    known_division: str | None
    known_code: str | None
    code_text: str
    known_type: str | None
    type_name: str | None
    type_text: str
    description: str
    quantity: Decimal | None
    known_unit: str | None
    unit_text: str
    unit_cost: Decimal | None
    automatic: bool
    original: Decimal
    was_posted: bool
    by_hand: Decimal | None
    modifications: Decimal
    facts: LineFacts
    figures: Figures  # what the calculated columns that were asked for come to

    @property
    def division(self) -> str:
        """The division it is summed under."""
        return self.known_division or selectors.UNKNOWN

    @property
    def code(self) -> str:
        """The cost code, or the text that stands for it until it is known."""
        return self.known_code or self.code_text

    @property
    def type(self) -> str:
        """The cost type, or the text that stands for it until it is known."""
        return self.known_type or self.type_text

    @property
    def unit(self) -> str:
        """The unit, or the text that stands for it until it is known."""
        return self.known_unit or self.unit_text

    @property
    def revised(self) -> Decimal:
        """Original plus modifications."""
        return self.original + self.modifications

    @property
    def sent(self) -> Decimal | None:
        """What was sent and not taken back."""
        return self.facts.sent

    @property
    def in_erp(self) -> Decimal | None:
        """What the ERP held at the last reading."""
        return self.facts.in_erp

    @property
    def cost(self) -> Decimal | None:
        """Job-to-date cost as the ERP last told."""
        return self.facts.cost

    @property
    def difference(self) -> Decimal | None:
        """What the ERP holds more than the revised amount."""
        held = self.facts.in_erp
        return None if held is None else held - self.original - self.modifications

    @property
    def forecast(self) -> Decimal | None:
        """What the line still costs: set by hand, or what is left of the budget."""
        return projection.to_complete(self.revised, self.facts.cost, self.by_hand)

    @property
    def at_completion(self) -> Decimal | None:
        """What the line costs in the end."""
        return projection.at_completion(self.revised, self.facts.cost, self.by_hand)

    @property
    def over_under(self) -> Decimal | None:
        """What is left of the revised amount in the end; negative: over budget."""
        return projection.over_under(self.revised, self.facts.cost, self.by_hand)


def among(ids: Collection[int]) -> Func:
    """This function will make the condition that a line is one of these: one parameter, however many."""
    every = Value(list(ids), output_field=ArrayField(BigIntegerField()))
    words = {"template": "%(expressions)s)", "arg_joiner": " = ANY("}
    return Func(F("pk"), every, output_field=BooleanField(), **words)


def read(
    budget: Budget,
    *,
    only: Q | Func | None = None,
    known: Mapping[int, LineFacts] | None = None,
    columns: Iterable[Column] = (),
) -> list[Row]:
    """This function will read the lines of a budget (those that match `only`) in the order of the grid.

    `known` is what is known about them, where the caller has read it already. Of `columns` the calculated ones are
    calculated, once a row.
    """
    lines = budget.lines.filter(only) if only is not None else budget.lines.all()
    found = list(lines.order_by(*ORDER).values_list(*FIELDS))
    if known is None:
        known = facts.of_lines(budget, only=None if only is None else [values[0] for values in found])
    changes = selectors.modified(budget)
    rows = [
        Row._make((*values, changes.get(values[0], ZERO), known.get(values[0], facts.UNKNOWN), {}))
        for values in found
    ]
    if wanted := calculations(columns):
        for row in rows:
            calculate(wanted, row, row.figures)
    return rows
