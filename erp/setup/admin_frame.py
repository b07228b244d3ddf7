"""What the set-up pages of a company share: its ERP admins alone, one frame, refusals said on the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from budgets.errors import Conflict, InvalidInput
from erp.desk import memberships
from projects.models import Company
from workflow import actions, submissions
from workflow.actions import ActionBlocked

FORBIDDEN, CONFLICT, UNPROCESSABLE = 403, 409, 422
Page = Callable[..., HttpResponse]


def company_of(request: HttpRequest, pk: int) -> Company:
    """This function will find a company of the person's desk; every other one does not exist."""
    found = Company.objects.filter(pk=pk, pk__in=[row.company_id for row in memberships(request)]).first()
    if found is None:
        raise Http404("There is no such company among yours.")
    return found


def on_company(view: Page) -> Page:
    """This decorator will give a view the company of the address, in its time zone."""

    @wraps(view)
    def inner(request: HttpRequest, company: int, **more: Any) -> HttpResponse:
        found = company_of(request, company)
        with timezone.override(found.time_zone):
            return view(request, found, **more)

    return inner


def for_admins(view: Page) -> Page:
    """This decorator will show a page to the company's ERP admins, and say to the others who they are.

    A form that somebody else sends goes on to the service, which refuses it with everything that stands in the way.
    """

    @wraps(view)
    def inner(request: HttpRequest, company: Company, **more: Any) -> HttpResponse:
        found = actions.blockers(company, "change_people", request.user)
        if found and request.method != "POST":
            refused = ActionBlocked(actions.get(company, "change_people"), found)
            return show(request, company, "closed", {"refused": refused}, status=FORBIDDEN)
        return view(request, company, **more)

    return on_company(inner)


def show(
    request: HttpRequest, company: Company, page: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """This function will render one of the set-up pages."""
    frame = {
        "company": company,
        "connection": getattr(company, "erp_connection", None),
        "nav": "setup",
        "section": page,
        "sets_up": actions.available(company, "change_people", request.user),
    }
    return render(request, f"admin/erp/setup/{page}.html", {**frame, **context}, status=status)


def act(
    request: HttpRequest,
    do: Callable[[], tuple[str, HttpResponse]],
    *,
    again: Callable[..., HttpResponse],
) -> HttpResponse:
    """This function will do what a form says once, and show its page again with what stood in the way.

    `do` returns the sentence to say and the answer; `again` takes a status and the refusal by name.
    """

    def once() -> HttpResponse:
        said, answer = do()
        messages.success(request, said)
        return answer

    try:
        return submissions.once(request, once)
    except ActionBlocked as refused:
        return again(status=CONFLICT, refused=refused)
    except Conflict as conflict:
        return again(status=CONFLICT, conflict=conflict)
    except InvalidInput as invalid:
        return again(status=UNPROCESSABLE, errors=invalid.errors, typed=request.POST)
