"""What the ERP Integrations tool tells the Budget tool's grid about each line."""

from __future__ import annotations

from collections.abc import Mapping

from budgets.facts import CostFacts, LineFacts
from budgets.models import Budget
from erp import remarks, selectors, snapshots, words
from erp.costs import costs_of
from erp.documents import ZERO


def of_lines(budget: Budget) -> Mapping[int, LineFacts]:
    """This function will gather what was sent of each line, what the ERP holds of it, what it cost and what
    accounting said."""
    remarked = remarks.by_line(remarks.on_budget(budget))
    spent = costs_of(budget).on_lines
    return {
        pk: LineFacts(sent=there.sent, in_erp=there.in_erp, cost=spent.get(pk), remark=pk in remarked)
        for pk, there in selectors.line_amounts(budget).items()
    }


def erp_name(budget: Budget) -> str:
    """This function will name the ERP of a budget's company."""
    return words.erp_name(snapshots.erp_connection(budget))


def costs(budget: Budget) -> CostFacts:
    """This function will tell how old the costs to date are, and what was spent on no line alone."""
    known = costs_of(budget)
    return CostFacts(
        read_at=known.read_at,
        elsewhere=sum((one.amount for one in known.unplaced), ZERO),
        places=tuple(f"{one.key.job} {one.key.cost_code} {one.key.cost_type}" for one in known.unplaced),
    )
