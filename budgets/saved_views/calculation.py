"""Calculating what `budgets.saved_views.expressions` has read: Decimals throughout, and what kind of figure comes out.

A missing value, a division by zero and a result too large to show make the result nothing (None).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException

from budgets.saved_views.expressions import Name, Node, Number

LARGEST = Decimal(10) ** 18  # what is larger is not shown
PRECISION = 60  # digits kept on the way; far more than two amounts multiplied have
Values = Mapping[str, Decimal | None]

EXTENSIVE = 1  # amounts and quantities: two lines together have both


def degree(node: Node, degrees: Mapping[str, int | None]) -> int | None:
    """This function will tell what kind of figure comes out: 1 an amount, which adds up over lines; else a ratio or so.

    An amount by an amount is a ratio (0), a unit cost is one, a quantity by a unit cost is an amount again; None where
    unlike things are added. Plain numbers go with everything. `degrees` are those of the columns.
    """
    found = _degree(node, degrees)
    return {_MIXED: None, _PLAIN: 0}.get(found, found)


_PLAIN, _MIXED = -1000, 1000


def _degree(node: Node, degrees: Mapping[str, int | None]) -> int:
    if isinstance(node, Number):
        return _PLAIN
    if isinstance(node, Name):
        known = degrees.get(node.key)
        return _MIXED if known is None else known
    kinds = [_degree(given, degrees) for given in node.given]
    real = [kind for kind in kinds if kind != _PLAIN]
    if _MIXED in kinds or not real:
        return _MIXED if real else _PLAIN
    first, last = (0 if kind == _PLAIN else kind for kind in (kinds[0], kinds[-1]))
    if node.what == "*":
        return first + last
    if node.what == "/":
        return first - last
    return real[0] if len(set(real)) == 1 else _MIXED


# -- calculating ---------------------------------------------------------------------------------------------

_CONTEXT = Context(prec=PRECISION, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999)


def evaluate(node: Node, values: Values) -> Decimal | None:
    """This function will calculate an expression; None where a value is missing or nothing can be said."""
    try:
        result = _evaluate(node, values)
    except DecimalException:  # a division by zero, or digits without end
        return None
    return result if result is not None and result.is_finite() and abs(result) < LARGEST else None


def _evaluate(node: Node, values: Values) -> Decimal | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return values.get(node.key)
    given = [_evaluate(inner, values) for inner in node.given]
    known = [value for value in given if value is not None]
    if len(known) < len(given):
        return None
    return _OPERATIONS[node.what](*known)


_OPERATIONS: dict[str, Callable[..., Decimal]] = {
    "+": _CONTEXT.add,
    "-": _CONTEXT.subtract,
    "*": _CONTEXT.multiply,
    "/": _CONTEXT.divide,
    "neg": _CONTEXT.minus,
    "min": min,
    "max": max,
    "abs": Decimal.copy_abs,
}


def rounded(value: Decimal, places: int) -> Decimal:
    """This function will round half-up for the eye; what is calculated on goes on unrounded."""
    whole = value.quantize(Decimal(1).scaleb(-places), context=_CONTEXT)
    return _CONTEXT.add(whole, 0)  # no negative zero
