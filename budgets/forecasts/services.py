"""Setting forecasts to complete by hand, or leaving them to be automatic again. Allowed in every state of a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from budgets import money
from budgets.errors import Conflict, InvalidInput, long_texts
from budgets.models import Budget, BudgetLine, Forecast
from budgets.services import change
from projects import permissions
from workflow.actions import ensure


@dataclass(frozen=True)
class Wish:
    """What somebody wants a line's forecast to be. `version` is the one they saw; 0 where there was none yet.

    `amount` empty or None makes it automatic again; else it needs a note.
    """

    line: int
    version: int
    amount: str | int | Decimal | None
    note: str = ""


def set_forecast(
    line: BudgetLine,
    *,
    user: Any,
    now: datetime,
    version: int,
    amount: str | int | Decimal | None,
    note: str = "",
) -> Forecast:
    """This function will set one line's forecast. Raises InvalidInput by `amount` and `note`, and Conflict."""
    wish = Wish(line.pk, version, amount, note)
    try:
        return set_forecasts(line.budget, [wish], user=user, now=now)[0]
    except InvalidInput as invalid:
        raise InvalidInput({name.partition(".")[2]: said for name, said in invalid.errors.items()}) from None


def set_forecasts(budget: Budget, wishes: Sequence[Wish], *, user: Any, now: datetime) -> list[Forecast]:
    """This function will set the forecasts of several lines, all or none.

    Raises InvalidInput with a sentence by "line id.field", and Conflict where somebody was faster.
    """
    with change(budget, user=user, now=now) as (locked, event):
        lines = _lines(locked, wishes)
        stored = {f.line_id: f for f in Forecast.objects.filter(line__in=lines).select_related("changed_by")}
        for wish in wishes:
            ensure(lines[wish.line], "forecast", user)
            _refuse_stale(lines[wish.line], stored.get(wish.line), wish)
        amounts = _read(wishes)
        saved, said = [], []
        for wish in wishes:
            row = stored.get(wish.line) or Forecast(line=lines[wish.line])
            said.append({"line": str(lines[wish.line]), "old": _told(row), "new": None})
            row.amount, row.note = (
                amounts[wish.line],
                wish.note.strip() if amounts[wish.line] is not None else "",
            )
            row.version, row.changed_by, row.changed_at = row.version + 1, user, now
            row.save()
            said[-1]["new"] = _told(row)
            saved.append(row)
        event |= {
            "action": "forecast",
            "about": [*event["about"], *lines.values()] if len(lines) <= 20 else event["about"],
            "sentence": _sentence(saved),
            "data": {"forecasts": said},
        }
    return saved


def _lines(budget: Budget, wishes: Sequence[Wish]) -> Mapping[int, BudgetLine]:
    rows = budget.lines.select_related("job", "cost_code", "cost_type").in_bulk(
        [wish.line for wish in wishes]
    )
    if any(wish.line not in rows for wish in wishes):
        raise Conflict("Somebody deleted this line.", current=None)
    for row in rows.values():
        row.budget = budget
    return rows


def _refuse_stale(line: BudgetLine, stored: Forecast | None, wish: Wish) -> None:
    if (stored.version if stored else 0) == wish.version:
        return
    who = permissions.names([stored.changed_by] if stored else [], nobody="Somebody")
    raise Conflict(f"{who} changed the forecast of {line} before you saved it.", current=stored)


def _read(wishes: Sequence[Wish]) -> dict[int, Decimal | None]:
    amounts: dict[int, Decimal | None] = {}
    errors: dict[str, str] = {}
    for wish in wishes:
        empty = wish.amount is None or (isinstance(wish.amount, str) and not wish.amount.strip())
        try:
            amounts[wish.line] = None if empty else money.amount(wish.amount)  # type: ignore[arg-type]
        except money.NotExact as problem:
            errors[f"{wish.line}.amount"] = str(problem)
        if not empty and not wish.note.strip():
            errors[f"{wish.line}.note"] = "Say in a few words where this amount comes from."
        for name, said in long_texts({"note": wish.note}).items():
            errors[f"{wish.line}.{name}"] = said
    if errors:
        raise InvalidInput(errors)
    return amounts


def _told(row: Forecast) -> dict[str, Any]:
    return {"amount": row.amount, "note": row.note}


def _sentence(saved: Sequence[Forecast]) -> str:
    if len(saved) != 1:
        return f"Set the forecasts of {len(saved)} lines"
    one = saved[0]
    if one.amount is None:
        return f"Left the forecast of {one.line} to be automatic again"
    return f"Set the forecast of {one.line} to {one.amount:,.2f}"
