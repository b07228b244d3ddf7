"""Which views a person has, and which of them a page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from budgets.grid import columns
from budgets.grid.columns import Column
from budgets.models import Budget, DefaultView, SavedView
from budgets.saved_views import calculated
from projects.models import Company
from workflow.numbers import number

STANDARD = "standard"  # the address of the columns nobody chose
STANDARD_NAME = "Standard"


def visible(user: Any, company: Company) -> QuerySet[SavedView]:
    """This function will find the views a person may use: the company's shared ones, and their own."""
    rows = SavedView.objects.filter(Q(shared=True) | Q(owner=user), company=company)
    return rows.select_related("company", "owner", "changed_by")


def default_of(user: Any, company: Company) -> SavedView | None:
    """This function will find the view that opens for a person by itself; None: the standard one."""
    mine = DefaultView.objects.filter(user=user, company=company, view__in=visible(user, company))
    found = mine.select_related("view__company", "view__owner").first()
    return found.view if found else None


def query_of(view: SavedView | None) -> str:
    """This function will write the query of the page that opens a view, grouped and filtered as it says."""
    if view is None:
        return urlencode({"view": STANDARD})
    more = {"by": view.by, "show": view.only}
    return urlencode({"view": view.pk, **{name: value for name, value in more.items() if value}})


@dataclass
class Shown:
    """The view a page shows. `view` None is the standard one; `lost` where the address names one that is not there."""

    view: SavedView | None
    lost: bool = False
    others: Sequence[SavedView] = field(default_factory=tuple)

    @property
    def address(self) -> str:
        """What the page's address says of it."""
        return str(self.view.pk) if self.view else STANDARD

    @property
    def name(self) -> str:
        """What people call it."""
        return self.view.name if self.view else STANDARD_NAME

    @cached_property
    def calculated(self) -> dict[str, Column]:
        """Its calculated columns, shown or not."""
        return calculated.made(calculated.stored(self.view.calculated)) if self.view else {}

    def columns(self, *, with_job: bool = True) -> list[Column]:
        """Its columns: the code, which stays, then those that there still are."""
        if self.view is None:
            return columns.chosen(with_job=with_job)
        return columns.chosen(self.view.columns, more=self.calculated, with_job=with_job)

    @property
    def formulas(self) -> list[Column]:
        """The calculated columns among those it shows."""
        return [column for column in self.columns() if column.calculated]

    @property
    def asks_for_costs(self) -> bool:
        """Whether it shows what rests on the job-to-date cost."""
        return bool(self.view and {"cost", *columns.PROJECTED} & set(self.view.columns))


def of_page(request: HttpRequest, budget: Budget) -> Shown:
    """This function will find the view that a page of a budget shows, once a request."""
    kept: Shown | None = getattr(request, "shown_view", None)
    if kept is None:
        kept = shown(request.user, budget.project.company, asked=request.GET.get("view", ""))
        request.shown_view = kept  # type: ignore[attr-defined]
    return kept


def shown(user: Any, company: Company, *, asked: str) -> Shown:
    """This function will find the view that an address asks for; the person's default where it asks for none."""
    mine = list(visible(user, company))
    if asked == STANDARD:
        return Shown(None, others=mine)
    if not asked:
        return Shown(default_of(user, company), others=mine)
    pk = number(asked)
    view = next((view for view in mine if view.pk == pk), None)
    return Shown(view, lost=view is None, others=mine)
