"""The lines a modification changes: what each is before and after, what to look at, and how lines are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from budgets import facts
from budgets.models import Budget, BudgetLine, Modification, ModificationLine, ModificationState
from budgets.money import ZERO

NAMED = ("job", "cost_code", "cost_type")
MOST_FOUND = 50  # lines a search shows; more words find fewer


@dataclass(frozen=True)
class LineChange:
    """A line with what it is before a change and after it, company currency; `cost` where it is known."""

    line: BudgetLine
    before: Decimal
    amount: Decimal
    cost: Decimal | None = None

    @property
    def after(self) -> Decimal:
        """What the line will be."""
        return self.before + self.amount

    @property
    def warnings(self) -> list[str]:
        """What a person should look at before this counts; nothing here stops anybody."""
        if self.amount >= 0:
            return []
        found = []
        if self.after < 0:
            found.append("goes below zero")
        if self.cost and max(self.after, ZERO) < self.cost:
            found.append(f"falls below the cost so far, {self.cost:,.2f}")
        return found


def revised(lines: Iterable[int], *, without: Modification | None = None) -> dict[int, Decimal]:
    """This function will find what lines are now, by id: originals and effective modifications, `without` one."""
    keys = list(lines)
    originals = dict(BudgetLine.objects.filter(pk__in=keys).values_list("pk", "amount"))
    changes = ModificationLine.objects.filter(line__in=keys, modification__state=ModificationState.EFFECTIVE)
    if without is not None and without.pk:
        changes = changes.exclude(modification=without)
    sums = dict(changes.order_by().values_list("line").annotate(total=Sum("amount")))
    return {pk: amount + sums.get(pk, ZERO) for pk, amount in originals.items()}


def costs(budget: Budget) -> Mapping[int, Decimal]:
    """This function will find the cost so far of lines by id, as far as the ERP has told it."""
    known = facts.of_lines(budget, with_warnings=False)
    return {pk: told.cost for pk, told in known.items() if told.cost is not None}


def rows_of(modification: Modification) -> list[LineChange]:
    """This function will read a modification's lines with what each is without it and with it."""
    changes = list(modification.lines.select_related(*(f"line__{name}" for name in NAMED)))
    before = revised((change.line_id for change in changes), without=modification)
    known = costs(modification.budget) if any(change.amount < 0 for change in changes) else {}
    return [
        LineChange(change.line, before[change.line_id], change.amount, known.get(change.line_id))
        for change in changes
    ]


def search(budget: Budget, *, words: str, job: str = "") -> QuerySet[BudgetLine]:
    """This function will find a budget's lines: each word is in their code, words, type or job."""
    found = budget.lines.select_related(*NAMED)
    if job:
        found = found.filter(job__code=job)
    for word in words.split()[:8]:
        found = found.filter(_has(word))
    return found.order_by("cost_code__code", "cost_code_text", "job__code", "cost_type__position", "pk")


def _has(word: str) -> Q:
    """A single letter means the cost type: as part of a word it would find everything."""
    kind = Q(cost_type__code__iexact=word) | Q(cost_type_text__iexact=word)
    if len(word) == 1:
        return kind
    code = Q(cost_code__code__icontains=word) | Q(cost_code_text__icontains=word) | Q(job__code__iexact=word)
    named = Q(cost_code__name__icontains=word) | Q(description__icontains=word)
    return kind | code | named | Q(cost_type__name__istartswith=word)
