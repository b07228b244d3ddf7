"""What stops people from changing a modification or what is attached to it, each rule once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from budgets import links
from budgets.models import Attachment, Modification, ModificationState
from budgets.modifications.attachment_files import MOST_FILES
from budgets.money import ZERO
from projects import permissions
from workflow.blockers import Found, Kind, blocker


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


# -- a reversal: no amount is taken back twice ---------------------------------------------------------


def _taken_back_by(other: Modification | None, modification: Modification, project_id: int) -> Found | None:
    if other is None:
        return None
    if other.was_posted:
        what = f"To bring {modification} back, reverse that one."
    else:
        what = f"{'Void' if other.number else 'Delete'} that one first, or use it."
    return Found(
        f"{modification} is reversed already, by “{other}”. {what}",
        link=links.modification(other, project_id),
        link_label=str(other),
    )


def _reversal_of(modification: Modification, *, beside: Modification | None = None) -> Modification | None:
    """The reversal that is not void, be it a draft; another one than `beside`."""
    rows = (row for row in modification.reversals.all() if row.state != ModificationState.VOID)
    return next((row for row in rows if row != beside), None)


@blocker("modification_reversed", Kind.STATE)
def modification_reversed(modification: Modification, user: Any) -> Found | None:
    """An amount is taken back once."""
    other = _reversal_of(modification)
    return _taken_back_by(other, modification, modification.budget.project_id)


@blocker("modification_reversed_by_another", Kind.STATE)
def modification_reversed_by_another(modification: Modification, user: Any) -> Found | None:
    """Of two reversals of one modification none counts beside the other."""
    if modification.reverses is None:
        return None
    other = _reversal_of(modification.reverses, beside=modification)
    return _taken_back_by(other, modification.reverses, modification.budget.project_id)
