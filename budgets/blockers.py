"""What stops people from changing a budget, each rule once. What stops Send is erp's to say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from budgets import links
from budgets.models import (
    Attachment,
    Budget,
    BudgetLine,
    BudgetState,
    Hold,
    Modification,
    ModificationState,
)
from budgets.modifications.attachment_files import MOST_FILES
from budgets.money import ZERO
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
    return Found(
        f"The budget is in {erp} and waits for an accountant to post it there. It comes back to you by itself.",
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


# -- a modification -------------------------------------------------------------------------------------


def _modification(obj: Any) -> Modification:
    return obj.modification if isinstance(obj, Attachment) else obj


@blocker("modification_sent", Kind.STATE)
def modification_sent(obj: Any, user: Any) -> Found | None:
    """A modification in an open or posted batch is frozen, with its attachments."""
    modification = _modification(obj)
    if modification.was_posted:
        return Found("This modification was posted in the ERP. Write one with the opposite amounts instead.")
    if modification.in_batch:
        return Found(
            "This modification is in a batch that is under way. Retrieve the batch to change it.",
            link=links.page(modification.budget, "actions"),
            link_label="Retrieve from ERP",
        )
    return None


@blocker("modification_not_draft", Kind.STATE)
def modification_not_draft(modification: Modification, user: Any) -> Found | None:
    """Only a draft becomes effective."""
    if modification.state == ModificationState.DRAFT:
        return None
    return Found(f"This modification is {modification.get_state_display().lower()} already.")


@blocker("modification_not_effective", Kind.STATE)
def modification_not_effective(modification: Modification, user: Any) -> Found | None:
    """Only an effective modification can be voided."""
    if modification.state == ModificationState.EFFECTIVE:
        return None
    return Found(
        f"This modification is {modification.get_state_display().lower()}; only an effective one is voided."
    )


@blocker("modification_void", Kind.STATE)
def modification_void(obj: Any, user: Any) -> Found | None:
    """A void modification is history."""
    if _modification(obj).state != ModificationState.VOID:
        return None
    return Found("This modification is void. Write a new one.")


def amounts_of(modification: Modification) -> tuple[int, Decimal]:
    """This function will count a modification's lines and sum their amounts, once for this instance."""
    known: tuple[int, Decimal] | None = modification.__dict__.get("_amounts")
    if known is None:
        found = modification.lines.aggregate(number=Count("pk"), net=Sum("amount"))
        known = found["number"], found["net"] or ZERO
        know_amounts(modification, *known)
    return known


def know_amounts(modification: Modification, number: int, net: Decimal) -> None:
    """This function will keep what was read for many modifications at once, so that no rule asks for each alone."""
    modification.__dict__["_amounts"] = number, net


@blocker("modification_empty", Kind.PROBLEM)
def modification_empty(modification: Modification, user: Any) -> Found | None:
    """A modification without amounts."""
    number, _ = amounts_of(modification)
    if number:
        return None
    return Found(
        "This modification has no amounts yet. Add at least one line.",
        link=links.modification(modification, modification.budget.project_id),
        link_label=str(modification),
    )


@blocker("modification_unbalanced", Kind.PROBLEM)
def modification_unbalanced(modification: Modification, user: Any) -> Found | None:
    """Net zero is required unless the company allows changes of the grand total."""
    company = modification.budget.project.company
    _, net = amounts_of(modification)
    if company.allow_total_change or net == 0:
        return None
    return Found(
        f"{modification} is out of balance by {net:,.2f}. In this company a modification nets to zero: "
        "take the difference from another line.",
        who=permissions.names(permissions.who_may(modification.budget.project, "modify")),
        link=links.modification(modification, modification.budget.project_id),
        link_label=str(modification),
    )


@blocker("modification_not_posted", Kind.STATE)
def modification_not_posted(modification: Modification, user: Any) -> Found | None:
    """Only what counts in the ERP is reversed."""
    if modification.was_posted:
        return None
    return Found("This modification was not posted yet. Change it, void it or delete it instead.")


# -- an attachment --------------------------------------------------------------------------------------


@blocker("too_many_attachments", Kind.PROBLEM)
def too_many_attachments(modification: Modification, user: Any) -> Found | None:
    """A modification holds so many files."""
    if modification.attachments.count() < MOST_FILES:
        return None
    return Found(f"This modification has {MOST_FILES} attachments, which is the most. Take one off first.")


@blocker("attachment_was_sent", Kind.STATE)
def attachment_was_sent(attachment: Attachment, user: Any) -> Found | None:
    """A batch shows the file to the approver; history needs it."""
    if not attachment.was_sent:
        return None
    return Found("Accounting was sent this attachment, so it stays. Attach the right one beside it.")
