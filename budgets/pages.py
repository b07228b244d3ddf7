"""What the pages of one budget have in common: who sees it, its time zone, and how a refusal is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from budgets import pulse, selectors
from budgets.errors import Conflict, InvalidInput
from budgets.models import Budget
from projects.models import Job
from workflow import submissions
from workflow.actions import ActionBlocked

CONFLICT, UNPROCESSABLE = 409, 422


def budget_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """This decorator will hand a view the budget of its `project_id`, in the time zone of its company.

    Whoever is not logged in goes to the login page; a foreign or missing project is a 404 alike.
    """

    @login_required
    @wraps(view)
    def inner(request: HttpRequest, project_id: int, **kwargs: Any) -> HttpResponseBase:
        budget = selectors.visible_budget(request.user, project_id)
        with timezone.override(budget.project.company.time_zone):
            return view(request, budget, **kwargs)

    return inner


class ShowAgain(Protocol):
    """Renders the page a form was sent from once more, with what went wrong in its context."""

    def __call__(self, budget: Budget, *, status: int, **problem: Any) -> HttpResponse: ...


def perform(
    request: HttpRequest, budget: Budget, *, act: Callable[[], HttpResponse], again: ShowAgain
) -> HttpResponse:
    """This function will run `act` once for this form, or show the page again with all that was refused.

    Blocked and outrun answers have status 409, bad values 422; the page shows the budget as it is now.
    """
    try:
        return submissions.once(request, act)
    except ActionBlocked as refused:
        return again(_fresh(request, budget), status=CONFLICT, refused=refused)
    except Conflict as conflict:
        return again(_fresh(request, budget), status=CONFLICT, conflict=conflict)
    except InvalidInput as invalid:
        return again(_fresh(request, budget), status=UNPROCESSABLE, errors=invalid.errors)


def _fresh(request: HttpRequest, budget: Budget) -> Budget:
    return selectors.visible_budget(request.user, budget.project_id)


def frame(budget: Budget) -> dict[str, Any]:
    """This function will gather what the head of a budget's pages shows: state, job and totals."""
    seen, at = (
        pulse.seen(budget),
        timezone.now(),
    )  # first: what changes while the rest is read is seen afterwards
    jobs = list(Job.objects.filter(project=budget.project_id))
    return {
        "budget": budget,
        "seen": seen,
        "at": at,
        "state": selectors.state_of(budget),
        "totals": selectors.totals(budget),
        "main_job": next((job for job in jobs if job.parent_id is None), None),
        "jobs": jobs,
    }
