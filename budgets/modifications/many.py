"""What is done to many modifications in one action: written from a file, or made effective together.

A fixed number of statements, whatever the number of modifications. The outline is that of `budgets/services.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from budgets.bulk import insert, update
from budgets.changing import change, who
from budgets.errors import MOST_TEXT, InvalidInput
from budgets.lines import added_line
from budgets.models import Budget, Modification, ModificationLine
from budgets.modifications.blockers import know_amounts
from budgets.modifications.services import MOST_TITLE, last_number
from budgets.modifications.twins import looking_alike
from budgets.money import ZERO
from workflow.actions import ActionBlocked, ensure
from workflow.blockers import Blocker

MOST = 5_000  # modifications in one action
NewKey = tuple[str, str, str]  # job, cost code, cost type of a line that the budget lacks


@dataclass(frozen=True)
class Written:
    """A modification to be written. Amounts by line id, or by the codes of a line that is to be made."""

    title: str
    date: date
    note: str
    amounts: Sequence[tuple[int | NewKey, Decimal]]


@dataclass(frozen=True)
class Outcome:
    """What became of one draft: its number, or everything that stands in the way."""

    modification: Modification
    blockers: Sequence[Blocker] = ()
    changed_by: str = ""  # who changed it since the person looked
    looks_like: str = ""  # which one is here already and says the same

    @property
    def done(self) -> bool:
        """Whether it counts now."""
        return not self.blockers and not self.changed_by and not self.looks_like


def write_many(
    budget: Budget,
    *,
    user: Any,
    now: datetime,
    many: Sequence[Written],
    source: str,
    effective: bool = False,
    anyway: bool = False,
) -> list[Outcome]:
    """This function will write many drafts, all or none, and with `effective` let those count that can.

    One that looks like a modification that is here already stays a draft, unless it shall count `anyway`.
    Every amount is already read and every line found; a line that was deleted meanwhile refuses the whole.
    """
    if not many or len(many) > MOST:
        raise InvalidInput(
            {"modifications": f"From 1 to {MOST:,} modifications at a time; these are {len(many):,}."}
        )
    for one in many:
        _refuse_bad(one)
    with change(budget, user=user, now=now) as (locked, event):
        ensure(locked, "modify", user)
        made = _make_lines(locked, many, user=user, now=now)
        _refuse_missing(locked, many)
        twins = looking_alike(locked, many) if effective and not anyway else []
        rows = [
            Modification(
                budget=locked,
                title=one.title,
                date=one.date,
                note=one.note,
                changed_by=user,
                changed_at=now,
                version=1,
            )
            for one in many
        ]
        insert(rows)
        insert(
            [
                ModificationLine(modification=row, line_id=made.get(key, key), amount=amount)  # type: ignore[arg-type]
                for row, one in zip(rows, many, strict=True)
                for key, amount in one.amounts
            ]
        )
        outcomes = [Outcome(row) for row in rows]
        said = f"Wrote {len(rows):,} draft modifications from {source}"
        if effective:
            alike = {row.pk: str(twin) for row, twin in zip(rows, twins, strict=False) if twin}
            outcomes = _let_count(locked, rows, user=user, now=now, alike=alike)
            said += f" and made {sum(one.done for one in outcomes):,} of them effective"
        event |= {
            "action": "write_modifications",
            "sentence": said,
            "data": {"ids": [row.pk for row in rows], "lines_added": [list(key) for key in made]},
        }
    return outcomes


def _refuse_bad(one: Written) -> None:
    """Raise InvalidInput for what makes no modification, named by its title."""
    keys = [key for key, _ in one.amounts]
    said = ""
    if not one.title.strip() or len(one.title) > MOST_TITLE:
        said = f"A title has from 1 to {MOST_TITLE} characters."
    elif len(one.note) > MOST_TEXT:
        said = f"A note has at most {MOST_TEXT:,} characters."
    elif not keys:
        said = "It has no lines."
    elif len(set(keys)) < len(keys):
        said = "A line is there twice. Enter one amount for it."
    elif not all(amount for _, amount in one.amounts):
        said = "An amount is 0.00. Enter one, or take the line out."
    if said:
        raise InvalidInput({"modifications": f"“{one.title[:60]}”: {said}"})


def _make_lines(budget: Budget, many: Sequence[Written], *, user: Any, now: datetime) -> Mapping[NewKey, int]:
    """Add the lines that the budget lacks, which takes the right to add lines."""
    wanted = list(dict.fromkeys(k for one in many for k, _ in one.amounts if isinstance(k, tuple)))
    if wanted:
        ensure(budget, "add_line", user)
    made = {}
    for job, cost_code, cost_type in wanted:
        values = {"job": job, "cost_code": cost_code, "cost_type": cost_type}
        try:
            made[job, cost_code, cost_type] = added_line(budget, user=user, now=now, values=values).pk
        except InvalidInput as invalid:
            raise InvalidInput({"modifications": " ".join(invalid.errors.values())}) from None
    return made


def _refuse_missing(budget: Budget, many: Sequence[Written]) -> None:
    wanted = {key for one in many for key, _ in one.amounts if isinstance(key, int)}
    there = set(budget.lines.filter(pk__in=wanted).values_list("pk", flat=True))
    if wanted - there:
        raise InvalidInput(
            {"modifications": "Somebody deleted a line of this file meanwhile. Load the file again."}
        )


def make_many_effective(
    budget: Budget, *, user: Any, now: datetime, seen: Mapping[int, int], together: bool = False
) -> list[Outcome]:
    """This function will let drafts count: `seen` holds the version by id that the person looked at.

    Each that can, in the order of their dates; with `together` all of them or none, then it raises ActionBlocked.
    """
    if len(seen) > MOST:
        raise InvalidInput({"drafts": f"At most {MOST:,} drafts at a time."})
    with change(budget, user=user, now=now) as (locked, event):
        rows = list(
            Modification.objects.select_for_update(of=("self",))
            .filter(budget=locked, pk__in=seen)
            .select_related("changed_by")
            .order_by("date", "pk")
        )
        outcomes = _let_count(locked, rows, user=user, now=now, seen=seen, together=together)
        done = [one.modification for one in outcomes if one.done]
        event |= {
            "action": "make_effective",
            "about": [*event["about"], *done[:50]],
            "from_state": "draft",
            "to_state": "effective",
            "sentence": _said(done),
            "data": {"numbers": {str(row.pk): row.number for row in done}},
        }
    return outcomes


def _said(done: Sequence[Modification]) -> str:
    if not done:
        return "Made no modification effective"
    if len(done) == 1:
        return f"Made modification {done[0].number} effective: {done[0].title}"
    return f"Made {len(done):,} modifications effective, {done[0].number} to {done[-1].number}"


def _let_count(
    budget: Budget,
    rows: Sequence[Modification],
    *,
    user: Any,
    now: datetime,
    seen: Mapping[int, int] | None = None,
    alike: Mapping[int, str] | None = None,
    together: bool = False,
) -> list[Outcome]:
    """Number those that nothing stands in the way of; the budget is locked, so that no number is given twice."""
    _know_amounts(rows)
    number, outcomes = last_number(budget), []
    for row in rows:
        row.budget = budget
        if seen is not None and seen[row.pk] != row.version:
            outcomes.append(Outcome(row, changed_by=who(row.changed_by)))
            continue
        if alike and row.pk in alike:
            outcomes.append(Outcome(row, looks_like=alike[row.pk]))
            continue
        try:
            ensure(row, "make_effective", user)
        except ActionBlocked as blocked:
            outcomes.append(Outcome(row, blocked.blockers))
            continue
        number += 1
        row.make_effective(number=number)
        row.changed_by, row.changed_at, row.version = user, now, row.version + 1
        outcomes.append(Outcome(row))
    if together and not all(one.done for one in outcomes):
        _refuse_together(outcomes, user=user)
    update(
        [one.modification for one in outcomes if one.done],
        ("state", "number", "version", "changed_by", "changed_at"),
    )
    return outcomes


def _refuse_together(outcomes: Sequence[Outcome], *, user: Any) -> None:
    for one in outcomes:
        if one.changed_by:
            said = f"{one.changed_by} changed “{one.modification.title}” since you looked. Look again."
            raise InvalidInput({"drafts": said})
        if one.blockers:
            ensure(one.modification, "make_effective", user)  # raises what it raised before


def _know_amounts(rows: Iterable[Modification]) -> None:
    """Count and sum the lines of all at once, so that no rule asks for each one by itself."""
    rows = list(rows)
    sums = ModificationLine.objects.filter(modification__in=[row.pk for row in rows]).order_by()
    found = {
        pk: (count, net)
        for pk, count, net in sums.values_list("modification").annotate(Count("pk"), Sum("amount"))
    }
    for row in rows:
        know_amounts(row, *found.get(row.pk, (0, ZERO)))
