"""The queue's saved filters as a person meets them: chips with counts, a form to save one, a page to keep them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.errors import InvalidInput
from erp.desk import memberships
from erp.models import QueueFilter
from erp.queue import filters as queue_filters
from erp.queue import listing as queue
from erp.queue.narrowing import Narrowing, listed
from projects.models import ErpLevel
from workflow import submissions
from workflow.numbers import number

UNPROCESSABLE = 422


@dataclass(frozen=True)
class Chip:
    """A saved filter beside the shelves. `count` is None on the page that only lists them."""

    row: QueueFilter
    link: str
    chosen: bool
    count: int | None
    opens: bool
    mine: bool  # whether the person may rename and delete it


def address(narrowing: Narrowing) -> str:
    """This function will link to the queue narrowed to this."""
    return f"{reverse('admin:erp_batch_changelist')}?{narrowing.query}"


def chips(request: HttpRequest, *, narrowing: Narrowing | None = None, counted: bool = True) -> list[Chip]:
    """This function will list a person's filters, with how many batches each finds, all counted in one query."""
    mine, rows = memberships(request), _listed(request)
    if not rows:
        return []
    wanted = {row.pk: queue_filters.narrowing_of(row) for row in rows}
    holds = {pk: one.holds(mine) for pk, one in wanted.items()}
    numbers = queue.count(request.user, mine, holds) if counted else {}
    return [
        Chip(
            row=row,
            link=address(wanted[row.pk]),
            chosen=wanted[row.pk] == narrowing,
            count=numbers.get(row.pk),
            opens=row.opens,
            mine=queue_filters.changes(row, mine),
        )
        for row in rows
    ]


def _listed(request: HttpRequest) -> list[Any]:
    """The person's filters, read once for a request."""
    if not hasattr(request, "_filters"):
        request._filters = queue_filters.listed(request.user, memberships(request))  # type: ignore[attr-defined]
    return request._filters  # type: ignore[attr-defined]


def opened(request: HttpRequest) -> str:
    """This function will find where a bare address of the queue leads: the filter that opens by itself, or nowhere."""
    if request.method != "GET" or request.GET:
        return ""
    row = next((row for row in _listed(request) if row.opens), None)
    return address(queue_filters.narrowing_of(row)) if row else ""


def may_share(request: HttpRequest) -> bool:
    """This function will tell whether the person is an ERP admin anywhere."""
    return any(row.erp_level >= ErpLevel.ADMIN for row in memberships(request))


@require_http_methods(["GET", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """This function will list a person's saved filters, and do what one of its forms says."""
    if request.method == "GET":
        return _page(request)
    try:
        return submissions.once(request, lambda: _do(request))
    except InvalidInput as invalid:
        return _page(request, status=UNPROCESSABLE, errors=invalid.errors)


def _page(request: HttpRequest, *, status: int = 200, **problem: Any) -> HttpResponse:
    asked = request.POST.get("list", request.GET.get("list", ""))[:500]
    narrowing = listed(asked)[0] if asked else None
    context = {
        "chips": chips(request, counted=False),
        "nav": "queue",
        "asked_list": narrowing.query if narrowing else "",
        "narrowing": narrowing,
        "typed_name": request.POST.get("name", "")[:80],
        "may_share": may_share(request),
        **problem,
    }
    return render(request, "admin/erp/batch/filters.html", context, status=status)


def _do(request: HttpRequest) -> HttpResponse:
    what, now, mine = request.POST.get("do", ""), timezone.now(), memberships(request)
    if what == "save":
        return _save(request)
    if what == "usual":
        queue_filters.set_default(None, user=request.user)
        messages.success(request, "The queue opens on what waits, as usual.")
        return redirect("admin:erp_batch_filters")
    row = (
        queue_filters.visible(request.user, mine)
        .filter(pk=number(request.POST.get("filter", "")) or 0)
        .first()
    )
    known = what in ("open", "rename", "delete")
    if row is None or not known or (what != "open" and not queue_filters.changes(row, mine)):
        raise Http404("There is no such filter of yours.")
    if what == "open":
        queue_filters.set_default(row, user=request.user)
        messages.success(request, f"The queue opens on “{row.name}” for you.")
    elif what == "rename":
        row = queue_filters.rename(row, request.POST.get("name", ""), user=request.user, now=now)
        messages.success(request, f"It is called “{row.name}” now.")
    else:
        queue_filters.delete(row, user=request.user, now=now)
        messages.success(request, f"“{row.name}” is deleted.")
    return redirect("admin:erp_batch_filters")


def _save(request: HttpRequest) -> HttpResponse:
    narrowing, errors = listed(request.POST.get("list", ""))
    if errors:
        raise InvalidInput(errors)
    row = queue_filters.save(
        request.POST.get("name", ""),
        narrowing,
        user=request.user,
        now=timezone.now(),
        memberships=memberships(request),
        shared="shared" in request.POST,
    )
    if "opens" in request.POST:
        queue_filters.set_default(row, user=request.user)
    messages.success(request, f"Saved as “{row.name}”.")
    return redirect(address(queue_filters.narrowing_of(row)))
