"""Who may do what in a company: the page, its files, and the sign-off."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods

from budgets.files import downloads
from erp.people import access_lent, access_report, access_review
from erp.setup.admin_frame import act, on_company, show
from projects.models import Company
from workflow.templatetags.figures import plain_moment

HEADER = (
    *("person", "user name", "login", "ERP Integrations", "can push to accounting", "accepts up to"),
    *("project", "level and single rights", "last login", "last decision", "API tokens", "oldest token"),
    *("acts for", "last decision for"),
)


@require_http_methods(["GET", "HEAD", "POST"])
@on_company
def page(request: HttpRequest, company: Company) -> HttpResponse:
    """This function will show the report to everybody of the desk; an ERP admin signs it off."""
    now = timezone.now()

    def again(*, status: int = 200, **more: Any) -> HttpResponse:
        day, moment = _moment(request)
        context = {
            "nav": "access",
            "report": access_report.report(company, now=now, moment=moment),
            "day": day,
            "moment": moment,
            "now": now,
            **more,
        }
        return show(request, company, "access", context, status=status)

    if request.method != "POST":
        return again()

    def do() -> tuple[str, HttpResponse]:
        found = access_report.report(company, now=now)
        counts = {"people": len(found.people), "warnings": len(found.warnings)}
        note = request.POST.get("note", "")
        access_review.review(company, user=request.user, now=now, note=note, **counts)
        return "Signed off. It stands in the trail.", redirect("admin:erp_access_report", company.pk)

    return act(request, do, again=again)


def _moment(request: HttpRequest) -> tuple[str, datetime | None]:
    """The end of the day that was asked for, in the company's zone; None for now."""
    text = request.GET.get("at", "")
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or day.year < 2000 or day >= timezone.localdate():
        return "", None
    return text, timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


@require_GET
@on_company
def file(request: HttpRequest, company: Company, kind: str) -> HttpResponse:
    """This function will answer with the report as CSV or XLSX, a row for each person and project."""
    if kind not in downloads.KINDS:
        raise Http404("There is no such file.")
    day, moment = _moment(request)
    found = access_report.report(company, now=timezone.now(), moment=moment)
    rows = [row for person in found.people for row in _rows(person, found.lent)]
    name = f"who-may-do-what-{company.code}-{day or timezone.localdate().isoformat()}"
    return downloads.table(kind, name=name, header=HEADER, rows=rows)


def _rows(person: access_report.Person, lent: list[access_lent.Lent]) -> list[list[downloads.Cell]]:
    limit: downloads.Cell = person.limit if person.accepts and person.limit is not None else ""
    if person.accepts and person.limit is None:
        limit = "no limit"
    first: list[downloads.Cell] = [
        person.name,
        person.user.get_username(),
        "open" if person.active else "locked",
        person.level_words,
        person.direction_words,
        limit,
    ]
    last: list[downloads.Cell] = [
        person.user.last_login,
        person.last_decision,
        person.tokens,
        person.oldest_token,
        "; ".join(
            f"{one.words} until {plain_moment(timezone.localtime(one.ends_at), zone=True)}"
            for one in lent
            if one.taker_pk == person.user.pk
        ),
        person.last_for,
    ]
    roles = [(role.project, role.words) for role in person.roles] or [("", "")]
    return [[*first, project, words, *last] for project, words in roles]
