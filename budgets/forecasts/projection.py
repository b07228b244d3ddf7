"""Where a line will end: forecast to complete, estimated cost at completion, projected over or under.

Company currency, 2 places; None where the job-to-date cost is not known.
"""

from __future__ import annotations

from decimal import Decimal

from budgets.money import ZERO


def automatic(revised: Decimal, cost: Decimal | None) -> Decimal | None:
    """This function will forecast what is left of the budget: revised less cost, and nothing once it is used up.

    Never of the other sign than the budget: money that was overspent does not come back, and a credit that was
    exceeded is not spent again. So an overrun shows in `over_under`, where a negative forecast would hide it.
    """
    if cost is None:
        return None
    left = revised - cost
    return max(left, ZERO) if revised > 0 else min(left, ZERO) if revised < 0 else ZERO


def to_complete(revised: Decimal, cost: Decimal | None, by_hand: Decimal | None) -> Decimal | None:
    """This function will forecast what a line still costs: the amount set by hand, else automatically."""
    return automatic(revised, cost) if by_hand is None else by_hand


def at_completion(revised: Decimal, cost: Decimal | None, by_hand: Decimal | None) -> Decimal | None:
    """This function will estimate what a line costs in the end: cost to date plus forecast."""
    forecast = to_complete(revised, cost, by_hand)
    return None if cost is None or forecast is None else cost + forecast


def over_under(revised: Decimal, cost: Decimal | None, by_hand: Decimal | None) -> Decimal | None:
    """This function will say what is left of the revised amount in the end; negative: it is over budget."""
    estimated = at_completion(revised, cost, by_hand)
    return None if estimated is None else revised - estimated
