"""What stops the import of a budget from the ERP, beside what stops every import: each rule once."""

from __future__ import annotations

from typing import Any

from budgets import links
from budgets.models import Budget
from erp.reset.link_epochs import epoch_of
from erp.snapshots import erp_connection
from erp.words import erp_name
from workflow.blockers import Found, Kind, blocker


@blocker("ever_exported", Kind.STATE)
def ever_exported(budget: Budget, user: Any) -> Found | None:
    """The first accepted batch closes the way back for good, unless a reset of the link opened it again."""
    if not budget.ever_exported or epoch_of(budget).reopened:
        return None
    erp = erp_name(erp_connection(budget))
    return Found(
        f"This budget was exported to {erp} before, and that closes the import from there for good: what {erp} holds "
        f"came from here, and taking it over would lose what was changed here since. "
        f"What {erp} holds stands beside each line, in the column “In {erp}”.",
        link=links.page(budget, "lines"),
        link_label=f"See what {erp} holds",
    )
