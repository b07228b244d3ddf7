"""Calculated columns of a view: what was typed, made into columns of the grid.

Whether a column's total is the sum of its rows or is calculated from the totals follows from what comes out: amounts
add up, ratios never do. `Column.note` says which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from budgets.grid import columns
from budgets.grid.columns import Column
from budgets.grid.rows import Row
from budgets.saved_views import expressions
from budgets.saved_views.calculation import EXTENSIVE, degree, evaluate
from budgets.saved_views.expressions import FUNCTIONS, BadExpression, Node

KINDS = {"money": "Amount", "quantity": "Number", "price": "Unit cost", "percent": "Percent"}
MOST, LONGEST_LABEL = 10, 40
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")  # a name in formulas
SUMMED = "The total is the sum of the rows."
FROM_TOTALS = "The total is calculated from the totals."


@dataclass(frozen=True)
class Formula:
    """A calculated column as a view keeps it. `key` is its name in other formulas."""

    key: str
    label: str
    expression: str
    kind: str = "money"

    def kept(self) -> dict[str, str]:
        """What the database keeps."""
        return asdict(self)


def stored(rows: Sequence[Mapping[str, Any]]) -> list[Formula]:
    """This function will read what a view keeps, passing over what it cannot understand."""
    known = [row for row in rows if row.get("key") and row.get("kind") in KINDS]
    return [
        Formula(str(row["key"]), str(row.get("label", "")), str(row.get("expression", "")), str(row["kind"]))
        for row in known
    ]


def named(label: str, *, taken: Sequence[str]) -> str:
    """This function will make the name by which formulas know a column: "In the ERP, %" -> "in_the_erp"."""
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:30].strip("_") or "column"
    plain = f"column_{words}" if words[0].isdigit() or words in FUNCTIONS else words
    others, number, name = {*taken, *columns.REGISTRY}, 2, plain
    while name in others:
        name, number = f"{plain}_{number}", number + 1
    return name


def numbers() -> list[str]:
    """This function will list the columns of the grid that can be calculated with."""
    return [key for key, column in columns.REGISTRY.items() if column.is_figure]


def _is_number(key: str) -> bool:
    return key not in columns.REGISTRY or columns.REGISTRY[key].is_figure


def problems(formulas: Sequence[Formula]) -> dict[str, str]:
    """This function will say what is wrong with calculated columns: a sentence by "place.field"; none: all is well."""
    found: dict[str, str] = {}
    known = [*columns.REGISTRY, *(formula.key for formula in formulas)]
    nodes: dict[str, Node] = {}
    for place, formula in enumerate(formulas):
        if not KEY.fullmatch(formula.key) or known.count(formula.key) > 1:
            found[f"{place}.label"] = "Choose another name."
        elif not formula.label.strip():
            found[f"{place}.label"] = "Give the column a name."
        elif len(formula.label) > LONGEST_LABEL:
            found[f"{place}.label"] = f"At most {LONGEST_LABEL} characters."
        if formula.kind not in KINDS:
            found[f"{place}.kind"] = f"Choose one of {', '.join(KINDS)}."
        try:
            nodes[formula.key] = expressions.parse(formula.expression)
            expressions.check(nodes[formula.key], [key for key in known if _is_number(key)])
        except BadExpression as problem:
            found[f"{place}.expression"] = str(problem)
    if len(formulas) > MOST:
        found[f"{MOST}.label"] = f"At most {MOST} calculated columns in one view."
    if not found and (way := expressions.cycle(nodes)):
        place = next(place for place, formula in enumerate(formulas) if formula.key == way[0])
        found[f"{place}.expression"] = (
            f"These columns need one another: {' -> '.join(way)}. Break the circle."
        )
    return found


def made(formulas: Sequence[Formula]) -> dict[str, Column]:
    """This function will make the columns; one that cannot be calculated (any more) is empty, and its note says why."""
    nodes, broken = _readable(formulas)
    degrees: dict[str, int | None] = {key: _degree(columns.REGISTRY[key]) for key in numbers()}
    columns_made: dict[str, Column] = {}
    for formula in _in_order(formulas, nodes):
        node = nodes[formula.key]
        degrees[formula.key] = degree(node, degrees)
        columns_made[formula.key] = _column(
            formula, node, columns_made, adds=degrees[formula.key] == EXTENSIVE
        )
    for formula in formulas:
        if formula.key not in columns_made:
            note = (
                f"Cannot be calculated. {broken.get(formula.key, 'A column it needs cannot be calculated.')}"
            )
            columns_made[formula.key] = Column(
                formula.key,
                formula.label,
                _kind(formula),
                lambda thing: None,
                summed=True,
                calculated=True,
                note=note,
            )
    return columns_made


def _readable(formulas: Sequence[Formula]) -> tuple[dict[str, Node], dict[str, str]]:
    known = [*numbers(), *(formula.key for formula in formulas)]
    nodes: dict[str, Node] = {}
    broken: dict[str, str] = {}
    for formula in formulas:
        try:
            node = expressions.parse(formula.expression)
            expressions.check(node, known)
            nodes[formula.key] = node
        except BadExpression as problem:
            broken[formula.key] = str(problem)
    return nodes, broken


def _in_order(formulas: Sequence[Formula], nodes: Mapping[str, Node]) -> list[Formula]:
    """Those that can be calculated, each after those it needs; what is in a circle is left out."""
    ready, left = set(numbers()), [formula for formula in formulas if formula.key in nodes]
    ordered: list[Formula] = []
    while True:
        able = [f for f in left if all(name.key in ready for name in expressions.names(nodes[f.key]))]
        if not able:
            return ordered
        ordered += able
        ready |= {formula.key for formula in able}
        left = [formula for formula in left if formula not in able]


def _degree(column: Column) -> int:
    return 0 if column.kind in ("price", "percent") else EXTENSIVE


def _kind(formula: Formula) -> columns.Kind:
    return formula.kind  # type: ignore[return-value]  # one of KINDS


def _column(formula: Formula, node: Node, others: Mapping[str, Column], *, adds: bool) -> Column:
    """`others` are the columns made before this one, in the order they are calculated in."""
    keys = {name.key for name in expressions.names(node)}
    needed = keys.union(*({one.key for one in others[key].needs} for key in keys if key in others))
    given = [columns.REGISTRY[key] for key in keys if key not in others]

    def calculate(thing: Any, figures: columns.Figures) -> Decimal | None:
        of_rows = isinstance(thing, Row)
        known = {column.key: column.value(thing) for column in given if of_rows or column.summed}
        return evaluate(node, {**figures, **known})

    return Column(
        formula.key,
        formula.label,
        _kind(formula),
        lambda thing: thing.figures.get(formula.key),
        summed=True,
        calculated=True,
        calculate=calculate,
        adds=adds,
        needs=tuple(one for one in others.values() if one.key in needed),
        note=f"{formula.expression}. {SUMMED if adds else FROM_TOTALS}",
    )
