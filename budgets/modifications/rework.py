"""The form's own buttons: finding lines, adding them, taking the difference, spreading. Nothing is saved by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from django.http import QueryDict

from budgets import money
from budgets.models import Budget, BudgetLine
from budgets.modifications import spreading
from budgets.modifications.forms import MOST_ROWS, TOO_MANY, TypedModification, TypedRow
from budgets.modifications.lines import MOST_FOUND, revised, search
from projects.models import CostCode, CostType, Job
from workflow.numbers import number


@dataclass
class Found:
    """What a search of lines found, and what was wrong with what a button was asked to do."""

    words: str = ""
    job: str = ""
    lines: list[tuple[BudgetLine, Decimal]] = field(default_factory=list)
    count: int = 0
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def more(self) -> int:
        """Lines found that are not shown."""
        return self.count - len(self.lines)


class Wrong(Exception):
    """A button cannot do what it was asked: the field, and a sentence."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name, self.sentence = name, sentence


def look(typed: TypedModification, budget: Budget, post: QueryDict) -> Found:
    """This function will search the lines a form asks for; without words it shows those of a small budget."""
    found = Found(words=post.get("q", "").strip()[:100], job=post.get("in_job", ""))
    if any(row.fresh for row in typed.rows):
        found.words = ""  # what was searched is found; the next search begins
    taken = {row.line for row in typed.rows}
    rows = search(budget, words=found.words, job=found.job)
    found.count = rows.count()
    if found.words or found.job or found.count <= MOST_FOUND:
        lines = list(rows[:MOST_FOUND])
        before = revised(line.pk for line in lines)
        found.lines = [(line, before[line.pk]) for line in lines if str(line.pk) not in taken]
        found.count -= len(lines) - len(found.lines)
    return found


def rework(typed: TypedModification, budget: Budget, post: QueryDict) -> dict[str, str]:
    """This function will do what one of the form's own buttons says; returns a sentence a field where it cannot.

    The rows have been looked up: shares go by what each line is now.
    """
    name, _, place = post.get("do", "").partition(":")
    try:
        DEEDS.get(name, _nothing)(typed, budget, post, number(place))
    except Wrong as wrong:
        return {wrong.name: wrong.sentence}
    return {}


def _nothing(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    """Only show the form again, with sums as they are now."""


# -- which lines -------------------------------------------------------------------------------------------


def _find(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    """One line alone is what was meant: it is added at once."""
    words, job = post.get("q", "").strip(), post.get("in_job", "")
    lines = list(search(budget, words=words, job=job)[:2]) if words else []
    if len(lines) == 1 and str(lines[0].pk) not in {row.line for row in typed.rows}:
        _append(typed, [str(lines[0].pk)])


def _add(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    if not (picked := post.getlist("pick")):
        raise Wrong("pick", "Tick the lines to add first.")
    _append(typed, picked)


def _add_all(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    rows = search(budget, words=post.get("q", "").strip(), job=post.get("in_job", ""))
    _append(typed, [str(pk) for pk in rows.values_list("pk", flat=True)[: MOST_ROWS + 1]])


def _append(typed: TypedModification, lines: Sequence[str]) -> None:
    there = {row.line for row in typed.rows}
    new = [TypedRow(line=line) for line in dict.fromkeys(lines) if line not in there]
    if len(typed.rows) + len(new) > MOST_ROWS:
        raise Wrong("pick", TOO_MANY)
    if new:
        new[0].fresh = True
    typed.rows += new


def _new_line(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    """A budget code that the budget lacks; where it has the line already, that one is taken."""
    code, kind, job = (post.get(f"new_{name}", "").strip() for name in ("cost_code", "cost_type", "job"))
    company = budget.project.company_id
    if not CostCode.objects.filter(company=company, code=code).exists():
        raise Wrong("new_cost_code", _unknown_code(company, code))
    if not CostType.objects.filter(company=company, code=kind).exists():
        raise Wrong("new_cost_type", "Choose a cost type.")
    if not Job.objects.filter(project=budget.project, code=job).exists():
        raise Wrong("new_job", "Choose a job of this project.")
    there = budget.lines.filter(job__code=job, cost_code__code=code, cost_type__code=kind).first()
    if there is not None:
        return _append(typed, [str(there.pk)])
    new = {"job": job, "cost_code": code, "cost_type": kind, "description": post.get("new_description", "")}
    if any({**row.new, "description": ""} == {**new, "description": ""} for row in typed.rows):
        raise Wrong("new_cost_code", f"{code} {kind} is in the list already.")
    if len(typed.rows) >= MOST_ROWS:
        raise Wrong("new_cost_code", TOO_MANY)
    typed.rows.append(TypedRow(new=new, fresh=True))
    return None


def _unknown_code(company: int, code: str) -> str:
    if not code:
        return "Enter a cost code."
    close = get_close_matches(
        code, CostCode.objects.filter(company=company).values_list("code", flat=True), n=1, cutoff=0.6
    )
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{code} is no cost code of this company.{hint}"


def _remove(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    if place is not None:
        typed.rows = [row for at, row in enumerate(typed.rows) if at != place]
        return
    if not any(row.ticked for row in typed.rows):
        raise Wrong("rows", "Tick the lines to take out first.")
    typed.rows = [row for row in typed.rows if not row.ticked]


# -- amounts -----------------------------------------------------------------------------------------------


def _balance(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    """The line of this row gives or takes what is missing to net zero."""
    if place is None or place >= len(typed.rows):
        return
    row = typed.rows[place]
    left = -(typed.net - (row.number or money.ZERO))
    row.amount = f"{left:f}" if left else ""


def _targets(typed: TypedModification) -> list[TypedRow]:
    """The ticked rows, or those that have no amount yet."""
    rows = [row for row in typed.rows if row.ticked] or [row for row in typed.rows if not row.amount.strip()]
    if not rows:
        raise Wrong("spread", "Tick the lines that shall share it, or leave their amounts empty.")
    return rows


def _spread(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    """An amount, or what is missing to net zero, over lines: evenly, or in proportion to what each is now."""
    rows = _targets(typed)
    text = post.get("spread", "").strip()
    sharing = {id(row) for row in rows}
    others = sum((row.number or money.ZERO for row in typed.rows if id(row) not in sharing), money.ZERO)
    try:
        amount = money.amount(text) if text else -others
        if not amount:
            raise Wrong("spread", "Enter an amount to spread, or give the other lines amounts first.")
        if post.get("how") == "revised":
            shares = spreading.by_weight(amount, weights=[row.before for row in rows])
        else:
            shares = spreading.evenly(amount, parts=len(rows))
    except (money.NotExact, spreading.CannotSpread) as problem:
        raise Wrong("spread", str(problem)) from None
    _put(rows, shares)


def _percent(typed: TypedModification, budget: Budget, post: QueryDict, place: int | None) -> None:
    """So many percent of what each line is now."""
    rows = _targets(typed)
    try:
        percent = money.quantity(post.get("percent", "").strip().removesuffix("%"))
    except money.NotExact as problem:
        raise Wrong("percent", str(problem)) from None
    _put(rows, [spreading.percent_of(before, percent) for before in (row.before for row in rows)])


def _put(rows: Sequence[TypedRow], amounts: Sequence[Decimal]) -> None:
    for row, amount in zip(rows, amounts, strict=True):
        row.amount, row.error = (f"{amount:f}" if amount else ""), ""


DEEDS: dict[str, Callable[[TypedModification, Budget, QueryDict, int | None], Any]] = {
    "find": _find,
    "add": _add,
    "all": _add_all,
    "newline": _new_line,
    "remove": _remove,
    "balance": _balance,
    "spread": _spread,
    "percent": _percent,
}
