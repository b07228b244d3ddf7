"""The pages that lay two states of a budget beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from budgets.files import downloads
from budgets.models import Budget
from budgets.pages import budget_page, frame, perform
from erp import services
from erp.compare import pages
from erp.compare.sides import ERP
from erp.compare.states import Comparison, NoSuchSide, compare

FILE = "file"


@require_GET
@budget_page
def page(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will compare two states of a budget: without an address, the last send and the one before it."""
    return show(request, budget)


def show(request: HttpRequest, budget: Budget, *, status: int = 200, **problem: Any) -> HttpResponse:
    """This function will render the comparison that the address asks for, or as a file where it asks for one."""
    wanted = pages.asked(budget, request.GET)
    found = _compared(budget, wanted)
    if request.GET.get(FILE) in downloads.KINDS:
        return _file(budget, found, request.GET[FILE])
    groups = pages.shown(found, wanted)
    context = {
        **frame(budget),
        **_reading(request, budget),
        "wanted": wanted,
        "found": found,
        "a_words": pages.in_words(found.a),
        "b_words": pages.in_words(found.b),
        "options": pages.options(budget),
        "chips": pages.chips(found, wanted),
        "groups": groups,
        "all_link": wanted.link(show=pages.ALL, division=""),
        "folded": pages.folded(found),
        "closed": any(shown.hidden for shown in groups),
        "sides": (found.a, found.b),
        "words": pages.result_words(found),
        "steps": pages.steps(found),
        "erp_side": next((side for side in (found.a, found.b) if side.key == ERP), None),
        **problem,
    }
    return render(request, "erp/compare.html", context, status=status)


def _compared(budget: Budget, wanted: pages.Asked) -> Comparison:
    try:
        return compare(budget, wanted.a, wanted.b)
    except NoSuchSide:
        raise Http404("This budget has no batch of that number.") from None


def _file(budget: Budget, found: Comparison, kind: str) -> HttpResponse:
    name = slugify(f"{budget.project.name} {found.a.title} and {found.b.title}")
    header = ("Division", "Job", "Cost code", "Cost type", "Description")
    sums = (found.a.title, found.b.title, "Difference", "Result", "Note")
    return downloads.table(kind, name=name, header=(*header, *sums), rows=_rows(found))


def _rows(found: Comparison) -> Iterator[tuple[str | Decimal | None, ...]]:
    words = pages.result_words(found)
    for group in found.groups:
        for row in group.rows:
            code = row.shown.code
            yield (
                *(group.code, code.job, code.cost_code, code.cost_type, row.shown.description),
                *(
                    row.amount_a,
                    row.amount_b,
                    row.difference,
                    words[row.status],
                    "; ".join(row.notes),
                ),
            )
    yield ("Total", "", "", "", "", found.a.total, found.b.total, found.difference, "", "")


@require_GET
@budget_page
def reading(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will render when the ERP was last read, for a page that waits for a new reading."""
    return render(request, "erp/compare_reading.html", {"budget": budget, **_reading(request, budget)})


def _reading(request: HttpRequest, budget: Budget) -> dict[str, Any]:
    query = request.GET.copy()
    seen = query.pop("seen", [""])[-1]
    known = pages.reading_of(budget)
    now = known["reading"].pk if known["reading"] else 0
    return {**known, "seen": seen, "poll_from": seen or now, "query": query.urlencode()}


@require_POST
@budget_page
def read_again(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will ask for a new reading of the ERP; the page does not wait for it."""

    def do() -> HttpResponse:
        services.read_erp(budget, user=request.user, now=timezone.now())
        messages.success(request, "The ERP is being read. This page says when it is done.")
        return redirect(f"{reverse('budgets:compare', args=[budget.project_id])}?{request.GET.urlencode()}")

    return perform(request, budget, act=do, again=partial(show, request))
