"""The health page of a connection in the admin."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from erp.health import pages as health_page
from erp.models import Connection
from erp.setup import checkup


@require_GET
def page(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will show how a company's way into the ERP does, and what to do where it does not do well."""
    context = {
        "connection": connection,
        "nav": "connection",
        "section": "health",
        "health": health_page.health_page(connection, now=timezone.now()),
        "ages": [words for words, _ in health_page.AGES],
        "report": checkup.by_area(connection.report),
        "report_in_short": checkup.in_short(connection.report),
    }
    with timezone.override(connection.company.time_zone):
        return render(request, "admin/erp/sync/health.html", context)
