"""One function for each thing a person can do to one modification. The outline is that of `budgets/services.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max

from budgets import money
from budgets.changing import change, who
from budgets.errors import Conflict, InvalidInput, long_texts
from budgets.lines import added_line
from budgets.models import Budget, BudgetLine, Modification, ModificationLine, ModificationState
from workflow.actions import ensure

MOST_TITLE = 120  # characters of a modification's title
Amounts = Sequence[tuple[BudgetLine, Decimal]]
NewLines = Sequence[
    tuple[Mapping[str, Any], Decimal]
]  # job, cost_code, cost_type, description; and the amount


def save_modification(
    budget: Budget,
    *,
    user: Any,
    now: datetime,
    title: str,
    date: date,
    note: str = "",
    lines: Amounts,
    new_lines: NewLines = (),
    modification: Modification | None = None,
    version: int | None = None,
) -> Modification:
    """This function will write a draft modification, or change one that is not frozen. Amounts: 2 places, signed.

    Lines that the budget lacks are added at 0.00 along with it, which takes the right to add lines; both or none.
    """
    with change(budget, user=user, now=now) as (locked, event):
        row = _modification_to_write(locked, modification, user=user, version=version)
        lines = [*as_they_are_now(lines), *_made(locked, new_lines, user=user, now=now)]
        refuse_bad_modification(locked, title=title, note=note, lines=lines)
        _refuse_half_reversal(row, lines)
        row.title, row.date, row.note = title.strip(), date, note.strip()
        row.changed_by, row.changed_at, row.version = user, now, row.version + 1
        row.save()
        row.lines.all().delete()
        ModificationLine.objects.bulk_create(
            [ModificationLine(modification=row, line=line, amount=amount) for line, amount in lines]
        )
        if row.state == ModificationState.EFFECTIVE:
            ensure(row, "change_effective", user)
        event |= {
            "action": "save_modification",
            "about": [*event["about"], row],
            "sentence": f"Wrote {named(row)}: {row.title}{_and_lines(lines[len(lines) - len(new_lines) :])}",
            "data": {"lines": [[str(line), amount] for line, amount in lines]},
        }
    return row


def named(modification: Modification) -> str:
    """This function will name a modification inside a sentence of the trail."""
    return f"modification {modification.number}" if modification.number else "draft modification"


def _and_lines(made: Amounts) -> str:
    return f"; added {', '.join(str(line) for line, _ in made[:5])}" if made else ""


def _made(
    budget: Budget, new_lines: NewLines, *, user: Any, now: datetime
) -> list[tuple[BudgetLine, Decimal]]:
    """Add the lines that the budget lacks; none where the person may not, or where one cannot be."""
    if not new_lines:
        return []
    ensure(budget, "add_line", user)
    made = []
    for values, amount in new_lines:
        named_values = {
            name: values.get(name, "") for name in ("job", "cost_code", "cost_type", "description")
        }
        try:
            line = added_line(budget, user=user, now=now, values=named_values)
        except InvalidInput as invalid:
            raise InvalidInput({"lines": " ".join(invalid.errors.values())}) from None
        if line.cost_code is None or line.cost_type is None:
            said = "is no cost code with a cost type of this company. Choose both from the lists."
            raise InvalidInput({"lines": f"{str(line) or 'A new line'} {said}"})
        made.append((line, amount))
    return made


def _modification_to_write(
    budget: Budget, modification: Modification | None, *, user: Any, version: int | None
) -> Modification:
    if modification is None:
        ensure(budget, "modify", user)
        return Modification(budget=budget)
    row = locked_modification(modification, budget)
    ensure(row, "change_modification", user)
    _refuse_stale(row, version, then="saved it")
    return row


def _refuse_stale(row: Modification, version: int | None, *, then: str) -> None:
    if version is not None and row.version != version:
        raise Conflict(f"{who(row.changed_by)} changed this modification before you {then}.", current=row)


def as_they_are_now(lines: Amounts) -> list[tuple[BudgetLine, Decimal]]:
    """This function will read lines again under the budget's lock: somebody may have deleted one meanwhile."""
    rows = BudgetLine.objects.select_related("job", "cost_code", "cost_type")
    now = rows.in_bulk([line.pk for line, _ in lines])
    for line, _ in lines:
        if line.pk not in now:
            raise InvalidInput({"lines": f"Somebody deleted {line}. Take it out."})
    return [(now[line.pk], amount) for line, amount in lines]


def refuse_bad_modification(budget: Budget, *, title: str, note: str, lines: Amounts) -> None:
    """This function will raise InvalidInput for what makes no modification of this budget."""
    errors = long_texts({"note": note})
    if not title.strip():
        errors["title"] = "Say in a few words what this modification is for."
    if len(title.strip()) > MOST_TITLE:
        errors["title"] = f"At most {MOST_TITLE} characters."
    if not lines:
        errors["lines"] = "Choose at least one line and enter an amount."
    seen = set()
    for line, amount in lines:
        if line.budget_id != budget.pk:
            errors["lines"] = f"{line} is no line of this budget."
        elif amount == 0:
            errors["lines"] = f"The amount of {line} is 0.00. Enter an amount or take the line out."
        elif line.pk in seen:
            errors["lines"] = f"{line} is there twice. Enter one amount for it."
        else:
            try:
                money.amount(amount)
            except money.NotExact as problem:
                errors["lines"] = f"{line}: {problem}"
        seen.add(line.pk)
    if errors:
        raise InvalidInput(errors)


def _refuse_half_reversal(row: Modification, lines: Amounts) -> None:
    """Raise InvalidInput where a reversal would no longer take back exactly what it says it takes back."""
    if row.reverses is None:
        return
    taken_back = {line: -amount for line, amount in row.reverses.lines.values_list("line", "amount")}
    if {line.pk: amount for line, amount in lines} != taken_back:
        said = f"This takes back {row.reverses}, so its lines and amounts stay as they are."
        raise InvalidInput({"lines": f"{said} Write another modification for anything else."})


def locked_modification(modification: Modification, budget: Budget) -> Modification:
    """This function will re-fetch a modification under its row lock, below the budget's."""
    rows = Modification.objects.select_for_update(of=("self",)).select_related("changed_by")
    row = rows.filter(pk=modification.pk).first()
    if row is None:
        raise Conflict("Somebody deleted this modification.", current=None)
    row.budget = budget
    return row


def last_number(budget: Budget) -> int:
    """This function will find the last number given in a budget: no row that has one is ever deleted."""
    return budget.modifications.aggregate(last=Max("number"))["last"] or 0


def touch(row: Modification, *, user: Any, now: datetime) -> None:
    """This function will note who changed a modification, so that whoever looked before is told."""
    row.changed_by, row.changed_at, row.version = user, now, row.version + 1


def make_effective(
    modification: Modification, *, user: Any, now: datetime, version: int | None = None
) -> Modification:
    """This function will number a draft modification and let it count, if it is still as the person saw it."""
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = locked_modification(modification, locked)
        ensure(row, "make_effective", user)
        _refuse_stale(row, version, then="made it effective")
        row.make_effective(number=last_number(locked) + 1)
        touch(row, user=user, now=now)
        row.save()
        event |= {
            "action": "make_effective",
            "about": [*event["about"], row],
            "from_state": "draft",
            "to_state": row.state,
            "sentence": f"Made modification {row.number} effective: {row.title}",
        }
    return row


def void_modification(modification: Modification, *, user: Any, now: datetime) -> Modification:
    """This function will let an effective modification count no longer; its row stays."""
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = locked_modification(modification, locked)
        ensure(row, "void", user)
        row.void()
        touch(row, user=user, now=now)
        row.save()
        event |= {
            "action": "void",
            "about": [*event["about"], row],
            "from_state": "effective",
            "to_state": row.state,
            "sentence": f"Voided modification {row.number}",
        }
    return row


def reverse_modification(modification: Modification, *, user: Any, now: datetime) -> Modification:
    """This function will write the opposite of a posted modification as a draft that knows what it reverses."""
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = locked_modification(modification, locked)
        ensure(row, "reverse", user)
        today = now.astimezone(ZoneInfo(locked.project.company.time_zone)).date()
        draft = Modification(budget=locked, reverses=row, date=today)
        draft.title = f"Reverse of modification {row.number}: {row.title}"[:MOST_TITLE]
        touch(draft, user=user, now=now)
        draft.save()
        ModificationLine.objects.bulk_create(
            ModificationLine(modification=draft, line_id=change.line_id, amount=-change.amount)
            for change in row.lines.all()
        )
        event |= {
            "action": "reverse",
            "about": [*event["about"], row, draft],
            "sentence": f"Wrote the opposite of modification {row.number} as a draft",
        }
    return draft


def delete_modification(modification: Modification, *, user: Any, now: datetime) -> None:
    """This function will delete a draft modification with its attachments."""
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = locked_modification(modification, locked)
        ensure(row, "delete_modification", user)
        event |= {"action": "delete_modification", "sentence": f"Deleted {row}"}
        row.delete()
