"""One cell of the grid: what was typed into it, why it cannot be typed into, and what is said when it was saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.http import QueryDict

from budgets import forms
from budgets.grid import choices
from budgets.lines import IDENTITY, POSTED
from budgets.models import Budget, BudgetLine
from workflow import actions
from workflow.templatetags.figures import plain_money, spoken

BY_ITSELF = "This column is worked out from the others; nobody types it."
NOT_TYPED = {
    "modifications": "Modifications of a line are written on the Modifications tab, once the budget is locked.",
    "revised": "Revised is original plus modifications; it follows by itself.",
    "sent": "This is what was last sent to accounting; it changes with the next send.",
    "in_erp": "This is what the ERP held when it was last read; it changes there.",
    "difference": "The difference follows from what the ERP holds and the revised amount.",
}
FORMULA = "="  # typed as an amount: quantity x unit cost from now on
ON, OFF = "yes", "no"
CODES = ("job", "cost_code", "cost_type", "unit")


def editable(budget: Budget, user: Any) -> bool:
    """This function will tell whether this user may edit lines of this budget now."""
    return actions.available(BudgetLine(budget=budget), "edit_line", user)


def typed_cell(post: QueryDict, budget: Budget) -> dict[str, Any]:
    """This function will take the fields that were typed, as `edit_line` wants them.

    An amount that is typed no longer follows quantity x unit cost; `=` makes it follow them. A code is known in any
    case.
    """
    values: dict[str, Any] = {field: post[field] for field in forms.LINE_FIELDS if field in post}
    values |= {field: choices.as_known(budget, field, values[field]) for field in CODES if field in values}
    if "amount" in values:
        values["automatic"] = values["amount"].strip() == FORMULA
        if values["automatic"]:
            del values["amount"]
    if post.get("automatic") in (ON, OFF):
        values["automatic"] = post["automatic"] == ON
    return values


def refusal(line: BudgetLine, column: str, field: str) -> str:
    """This function will say why this one cell takes no typing although lines may be edited; empty: it does."""
    if field in IDENTITY and line.was_posted:
        return POSTED
    return "" if field else NOT_TYPED.get(column, BY_ITSELF)


def as_seen(line: BudgetLine, version: int) -> dict[str, Any] | None:
    """This function will find what a line held at a version, out of its history; None where that is not known."""
    history = apps.get_model("budgets", "BudgetLineEvent").objects
    rows = history.filter(pgh_obj_id=line.pk, version=version).order_by("-pgh_id")
    row = rows.select_related("job", "cost_code", "cost_type", "unit").first()
    return forms.stored_line(row) if row else None


def said(before: Mapping[str, Any], line: BudgetLine, fields: Iterable[str], *, undone: bool = False) -> str:
    """This function will tell in a sentence or two what a save changed, also what followed by itself."""
    after = forms.stored_line(line)
    changed = ", ".join(
        f"{forms.LABELS[field]} {_shown(after[field])}" for field in fields if field != "automatic"
    )
    parts = [f"{'Undone' if undone else 'Saved'}: {line}{f', {changed}' if changed else ''}."]
    if before["automatic"] and not line.automatic:
        parts.append("The amount is typed now and no longer follows quantity × unit cost.")
    if line.automatic and before["amount"] != line.amount:
        parts.append(f"The amount is quantity × unit cost: {plain_money(line.amount)}.")
    return " ".join([*parts, *unknown(line, fields)])


def unknown(line: BudgetLine, fields: Iterable[str]) -> list[str]:
    """This function will say which fields hold a code that the company does not have, and what may be meant."""
    return [_unknown(line, field) for field in fields if _is_unknown(line, field)]


def _shown(value: Any) -> str:
    return spoken(value) or "empty"


def _is_unknown(line: BudgetLine, field: str) -> bool:
    return bool(getattr(line, f"{field}_text", ""))


def _unknown(line: BudgetLine, field: str) -> str:
    name, text = forms.LABELS[field].lower(), getattr(line, f"{field}_text")
    near = choices.near(line.budget, field, text)
    hint = f" Did you mean {near}?" if near else ""
    return f"{text} is no {name} of this company; it is kept as you typed it.{hint}"
