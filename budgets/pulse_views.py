"""The small question an open budget page asks again and again: is it still as I show it?"""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from budgets import pulse
from budgets.models import Budget
from budgets.pages import budget_page, frame


@require_GET
@budget_page
def ask(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will answer 204 while nothing changed, else render the parts of the page that may have."""
    if request.GET.get("seen") == pulse.seen(budget):
        return HttpResponse(status=204)
    since = _moment(request.GET.get("at", ""), timezone.now())
    fresh = pulse.changed_by_others(budget, request.user, since=since)
    context = {
        **frame(budget),
        "fresh": fresh[: pulse.MOST_LINES],
        "many": len(fresh) > pulse.MOST_LINES,
    }
    return render(request, "budgets/pulse.html", context)


def _moment(text: str, otherwise: datetime) -> datetime:
    """When the page was last right, as it was told."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # no moment, or one outside the calendar once it is UTC
        return otherwise
