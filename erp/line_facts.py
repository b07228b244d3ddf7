"""What the ERP Integrations tool tells the Budget tool's grid about each line."""

from __future__ import annotations

from collections.abc import Mapping

from budgets.facts import LineFacts
from budgets.models import Budget
from erp import remarks, selectors, snapshots, words


def of_lines(budget: Budget) -> Mapping[int, LineFacts]:
    """This function will gather what was sent of each line, what the ERP holds of it and what accounting said."""
    remarked = remarks.by_line(remarks.on_budget(budget))
    return {
        pk: LineFacts(sent=there.sent, in_erp=there.in_erp, remark=pk in remarked)
        for pk, there in selectors.line_amounts(budget).items()
    }


def erp_name(budget: Budget) -> str:
    """This function will name the ERP of a budget's company."""
    return words.erp_name(snapshots.erp_connection(budget))
