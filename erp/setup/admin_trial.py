"""The test send of a company, for its ERP admins."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from erp.models import Connection
from erp.setup import trial_actions
from erp.setup.admin_frame import act, for_admins, show
from erp.setup.models import OPEN_TESTS
from projects.models import Company

RECENT = 5


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def page(request: HttpRequest, company: Company) -> HttpResponse:
    """This function will show the last test sends with every step, and ask for another."""
    connection: Connection | None = getattr(company, "erp_connection", None)
    if connection is None:
        raise Http404("The company is not connected to an ERP yet.")

    def again(*, status: int = 200, **more: Any) -> HttpResponse:
        context = {
            "connection": connection,
            "jobs": trial_actions.jobs_for_a_test(connection)[:200],
            "tests": list(connection.test_sends.select_related("asked_by")[:RECENT]),
            "under_way": connection.test_sends.filter(state__in=OPEN_TESTS).exists(),
            "is_test": trial_actions.is_test(connection.alias),
            **more,
        }
        return show(request, company, "test", context, status=status)

    if request.method != "POST":
        return again()

    def do() -> tuple[str, HttpResponse]:
        job = request.POST.get("job", "")
        trial_actions.ask_for_test(connection, user=request.user, now=timezone.now(), job=job)
        return "A worker writes the test now. The steps show below.", redirect(
            "admin:erp_test_send", company.pk
        )

    return act(request, do, again=again)
