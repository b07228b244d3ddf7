"""My projects: where every budget a person may see stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from budgets import selectors
from budgets.models import Budget
from budgets.selectors import StateWord, Totals, state_of
from projects.models import Job

PER_PAGE = 50
FILTERS = {
    "send": ("To send", ("draft", "ready", "todo", "resend")),
    "waiting": ("Waiting for accounting", ("waiting",)),
    "back": ("Sent back", ("sent_back",)),
    "erp": ("In the ERP", ("exporting", "in_erp")),
    "posted": ("Posted", ("posted",)),
    "attention": ("Needs attention", ("attention", "differs")),
}


@dataclass
class Row:
    """One project of the list; `totals` is filled in for the rows of the page that is shown."""

    budget: Budget
    job: str
    state: StateWord
    totals: Totals | None = None


# What asks most of the person comes first.
ORDER = "attention differs sent_back resend todo ready draft waiting exporting in_erp posted".split()
SORTS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.budget.project.name.casefold(),
    "job": lambda row: row.job,
    "state": lambda row: (ORDER.index(row.state.code), row.budget.project.name.casefold()),
    "since": lambda row: row.state.since or row.budget.state_since,
}


@dataclass(frozen=True)
class Chip:
    """A filter with the number of projects it would show."""

    key: str
    label: str
    count: int


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """This function will list the projects of the person, filtered, searched and sorted as the query asks."""
    every = _rows(request.user)
    found = _searched(every, request.GET.get("q", ""))
    chosen = request.GET.get("state", "")
    shown = [row for row in found if chosen not in FILTERS or row.state.code in FILTERS[chosen][1]]
    sort = request.GET.get("sort", "state")
    key = sort.removeprefix("-")
    if key in SORTS:
        shown.sort(key=SORTS[key], reverse=sort.startswith("-"))
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    _add_totals(list(page.object_list))
    context = {
        "page": page,
        "chips": _chips(found),
        "chosen": chosen,
        "sort": sort,
        "query": request.GET.get("q", ""),
        "any_projects": bool(every),
        "found": len(found),
        "nav": "mine",
    }
    return render(request, "projects/mine.html", context)


def _rows(user: Any) -> list[Row]:
    main = Job.objects.filter(project=OuterRef("project"), parent=None).values("code")[:1]
    budgets: QuerySet[Budget, Any] = selectors.visible_budgets(user).annotate(main_job=Subquery(main))
    return [Row(budget, budget.main_job or "", state_of(budget)) for budget in budgets]


def _searched(rows: list[Row], words: str) -> list[Row]:
    wanted = words.casefold().split()
    return [
        row
        for row in rows
        if all(word in f"{row.job} {row.budget.project.name}".casefold() for word in wanted)
    ]


def _chips(rows: list[Row]) -> list[Chip]:
    counted = [
        Chip(key, label, sum(row.state.code in codes for row in rows))
        for key, (label, codes) in FILTERS.items()
    ]
    return [Chip("", "All", len(rows)), *counted]


def _add_totals(rows: list[Row]) -> None:
    totals = selectors.totals_of([row.budget for row in rows])
    for row in rows:
        row.totals = totals[row.budget.pk]
