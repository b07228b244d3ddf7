"""Dividing an amount over lines, exact to the cent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from budgets.money import CENT

HUNDRED = Decimal(100)


class CannotSpread(ValueError):
    """There is nothing to divide by; the message says what to do."""


def evenly(amount: Decimal, *, parts: int) -> list[Decimal]:
    """This function will divide an amount into equal parts; what is left over goes to the first ones, a cent each."""
    return by_weight(amount, weights=[Decimal(1)] * parts)


def by_weight(amount: Decimal, *, weights: Sequence[Decimal]) -> list[Decimal]:
    """This function will divide an amount in proportion to weights, which together make it again to the cent.

    Each part is its exact share cut to the cent, and the cents that are left go to those that were cut most. Raises
    CannotSpread for a weight below zero, and where all are zero.
    """
    if any(weight < 0 for weight in weights) or not any(weights):
        raise CannotSpread("In proportion works with lines above 0.00 alone. Spread evenly instead.")
    cents, units = int(abs(amount) / CENT), [int(weight / CENT) for weight in weights]
    whole = sum(units)
    shares = [divmod(cents * unit, whole) for unit in units]
    left = cents - sum(share for share, _ in shares)
    by_rest = sorted(range(len(shares)), key=lambda place: (-shares[place][1], place))
    more = set(by_rest[:left])
    sign = -1 if amount < 0 else 1
    return [sign * (share + (place in more)) * CENT for place, (share, _) in enumerate(shares)]


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """This function will take a percentage of an amount, half-up to the cent."""
    return (amount * percent / HUNDRED).quantize(CENT, rounding=ROUND_HALF_UP) + 0
