"""What stops people from changing a budget, each rule once. What stops Send is erp's to say."""

from __future__ import annotations

from typing import Any

from budgets import links
from budgets.models import Attachment, Budget, BudgetLine, BudgetState, Hold
from projects import permissions
from workflow.blockers import Check, Found, Kind, blocker


def _budget(obj: Any) -> Budget:
    if isinstance(obj, Attachment):
        return obj.modification.budget
    return obj if isinstance(obj, Budget) else obj.budget


# -- rights -------------------------------------------------------------------------------------------

_WORDS = {
    "see": "see this budget",
    "edit_lines": "edit lines of this budget",
    "add_lines": "add lines to this budget",
    "delete_lines": "delete lines of this budget",
    "lock": "lock this budget",
    "unlock": "unlock this budget",
    "modify": "write modifications of this budget",
    "forecast": "set forecasts of this budget",
    "history": "see the change history of this budget",
}


def right(name: str) -> Check:
    """This function will declare the rule that wants a right of `projects.permissions`."""

    @blocker(f"no_right_to_{name}", Kind.PERMISSION)
    def rule(obj: Any, user: Any) -> Found | None:
        project = _budget(obj).project
        if permissions.may(user, project, name):
            return None
        who = permissions.names(permissions.who_may(project, name))
        return Found(f"You may not {_WORDS[name]}. Ask {who}.", who=who)

    return rule


may_edit_lines = right("edit_lines")
may_add_lines = right("add_lines")
may_delete_lines = right("delete_lines")
may_lock = right("lock")
may_unlock = right("unlock")
may_modify = right("modify")
may_forecast = right("forecast")
may_see_history = right("history")

# -- out of the PM's hands ------------------------------------------------------------------------------


@blocker("waiting_for_accounting", Kind.WAITING)
def waiting_for_accounting(obj: Any, user: Any) -> Found | None:
    """A batch waits for the approver."""
    budget = _budget(obj)
    if budget.state != BudgetState.SENT or budget.hold != Hold.WAITING:
        return None
    who = permissions.names(permissions.who_may(budget.project, "send"))
    return Found(
        "The budget was sent and waits for accounting to decide. To change it, retrieve it first.",
        who=who,
        link=links.page(budget, "actions"),
        link_label="Retrieve from ERP",
        since=budget.hold_since,
    )


@blocker("exporting", Kind.WAITING)
def exporting(obj: Any, user: Any) -> Found | None:
    """An accepted batch is on its way into the ERP."""
    budget = _budget(obj)
    if budget.state != BudgetState.SENT or budget.hold not in (Hold.EXPORTING, Hold.ATTENTION):
        return None
    done, total = budget.hold_data.get("done", 0), budget.hold_data.get("total", 0)
    erp = budget.hold_data.get("erp", "the ERP")
    sentence = f"The budget was accepted and is being exported ({done} of {total} documents in {erp})."
    if budget.hold_data.get("returning"):
        sentence = "Accounting is taking the budget out of the ERP again, to return it to you."
    if budget.hold == Hold.ATTENTION:
        sentence = f"The export needs attention from accounting: {budget.hold_data.get('text', '')}"
    return Found(sentence, who=str(budget.hold_data.get("who", "")), since=budget.hold_since)


@blocker("not_yet_posted", Kind.WAITING)
def not_yet_posted(obj: Any, user: Any) -> Found | None:
    """The documents are in the ERP and an accountant has not posted them."""
    budget = _budget(obj)
    if budget.state != BudgetState.SENT or budget.hold != Hold.IN_ERP:
        return None
    erp = budget.hold_data.get("erp", "the ERP")
    starts = budget.hold_data.get("starts")
    then = "counts when the job is started" if starts else "waits for an accountant to post it"
    return Found(
        f"The budget is in {erp} and {then} there. It comes back to you by itself.",
        who="Accounting",
        since=budget.hold_since,
    )


IN_FLIGHT = (waiting_for_accounting, exporting, not_yet_posted)

# -- state of the budget --------------------------------------------------------------------------------


@blocker("not_draft", Kind.STATE)
def not_draft(budget: Budget, user: Any) -> Found | None:
    """Only a draft can be locked."""
    if budget.state == BudgetState.LOCKED:
        return Found("The budget is locked already.")
    return None


@blocker("budget_not_locked", Kind.STATE)
def not_locked(obj: Any, user: Any) -> Found | None:
    """The budget is still a draft."""
    budget = _budget(obj)
    if budget.state != BudgetState.DRAFT:
        return None
    return Found(
        "The budget is a draft. Lock it first.", link=links.page(budget, "actions"), link_label="Lock"
    )


@blocker("budget_locked", Kind.STATE)
def is_locked(obj: Any, user: Any) -> Found | None:
    """Original amounts are frozen by locking."""
    budget = _budget(obj)
    if budget.state != BudgetState.LOCKED:
        return None
    who = permissions.names(permissions.who_may(budget.project, "unlock"))
    return Found(
        "The budget is locked, so its original amounts are frozen. Unlock it, or write a modification.",
        who=who,
        link=links.page(budget, "actions"),
        link_label="Unlock",
    )


@blocker("budget_empty", Kind.PROBLEM)
def is_empty(budget: Budget, user: Any) -> Found | None:
    """A budget without lines."""
    if budget.lines.exists():
        return None
    return Found(
        "The budget has no lines yet. Add a line or import a file.",
        link=links.page(budget, "lines"),
        link_label="Add a line",
    )


@blocker("lines_without_code", Kind.PROBLEM)
def lines_without_code(budget: Budget, user: Any) -> Found | None:
    """Lines that lack a cost code or a cost type altogether."""
    lines = [
        *budget.lines.filter(cost_code=None, cost_code_text="").select_related("job", "cost_type"),
        *budget.lines.filter(cost_type=None, cost_type_text="")
        .exclude(cost_code=None, cost_code_text="")
        .select_related("job", "cost_code"),
    ]
    if not lines:
        return None
    return Found(
        f"{_count(len(lines), 'line')} without a cost code or cost type. Give each one both.",
        lines=links.places(lines, budget.project_id, column=lambda line: "type" if line.code else "code"),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# -- a line ---------------------------------------------------------------------------------------------


@blocker("line_modified", Kind.PROBLEM)
def line_modified(line: BudgetLine, user: Any) -> Found | None:
    """A modification names the line."""
    first = next(iter(line.changes.all()), None)  # an import has read them for all its lines
    if first is None:
        return None
    return Found(
        f"{first.modification} changes this line. A line with a modification stays.",
        link=links.modification(first.modification, line.budget.project_id),
        link_label=str(first.modification),
    )


@blocker("line_was_posted", Kind.STATE)
def line_was_posted(line: BudgetLine, user: Any) -> Found | None:
    """The line counts in the ERP."""
    if not line.was_posted:
        return None
    return Found(
        "This line was posted in the ERP, so it stays. Bring it to 0.00 with a modification instead."
    )


@blocker("line_was_sent", Kind.STATE)
def line_was_sent(line: BudgetLine, user: Any) -> Found | None:
    """A snapshot names the line; history needs it."""
    if line.was_posted or not line.in_batch:
        return None
    return Found("This line was sent to accounting before, so it stays. Set its amount to 0.00 instead.")
