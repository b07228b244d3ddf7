"""Where things are found on the budget's pages: the links blockers and mails carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from django.urls import reverse

from budgets.models import Budget, BudgetLine, Modification
from workflow.blockers import Place


def page(budget: Budget, anchor: str = "") -> str:
    """This function will link to the budget page, at an anchor of it."""
    return reverse("budgets:page", args=[budget.project_id]) + (f"#{anchor}" if anchor else "")


def line(line: BudgetLine, project_id: int) -> str:
    """This function will link to the form of a line."""
    return reverse("budgets:line_edit", args=[project_id, line.pk])


def row(pk: int, project_id: int) -> str:
    """This function will link to a line in the grid: its division opens and the row is marked."""
    return f"{reverse('budgets:page', args=[project_id])}?line={pk}#line-{pk}"


def cell(line: BudgetLine, project_id: int, column: str) -> str:
    """This function will link to one cell of the grid, by the key of its column: it is marked and takes the focus."""
    return f"{reverse('budgets:page', args=[project_id])}?line={line.pk}&cell={column}#line-{line.pk}"


def division(budget: Budget, code: str) -> str:
    """This function will link to the lines of a division in the grid."""
    return f"{page(budget)}?{urlencode({'open': f'|{code}'})}#division-{code}"


def modification(modification: Modification, project_id: int) -> str:
    """This function will link to a modification."""
    return reverse("budgets:modification", args=[project_id, modification.pk])


def places(
    lines: Iterable[BudgetLine], project_id: int, *, column: str | Callable[[BudgetLine], str] = "code"
) -> tuple[Place, ...]:
    """This function will name lines by job, code and type, each with the link to its cell in the grid.

    `column` is the key of the cell's column, or says it for each line.
    """
    return tuple(
        Place(
            label=f"{row.job.code} {row.code} {row.type}".rstrip(),
            link=cell(row, project_id, column if isinstance(column, str) else column(row)),
            pk=row.pk,
        )
        for row in lines
    )
