"""My notices: which mails a person gets, and what was sent lately."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from erp import bell
from erp.mail import mails
from erp.mail import switches as notice_switches
from erp.mail.kinds import companies_of, kinds_for
from erp.mail.models import Notice
from projects.models import Company
from workflow import submissions


@login_required
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the switches, company by company, and the newest mails."""
    lately = notice_switches.lately(request.user)
    rows = [(notice, notice_switches.label(notice), _leads_to(notice)) for notice in lately]
    context = {"nav": "notices", "companies": _choices(request.user), "lately": rows}
    return render(request, "erp/notices.html", context)


def _leads_to(notice: Notice) -> str:
    """Where the button of a mail leads; nothing where the mail has none."""
    switches = f"{settings.BASE_URL}{mails.SWITCHES}"
    for line in notice.text.splitlines():
        _, _, link = line.rpartition(" ")
        if link.startswith(f"{settings.BASE_URL}/") and link != switches:
            return link.removeprefix(settings.BASE_URL)
    return ""


def _choices(user: Any) -> list[dict[str, Any]]:
    found = []
    for company in companies_of(user):
        kinds = kinds_for(user, company)
        off = notice_switches.switched_off(user, company)
        if kinds:
            found.append({"company": company, "kinds": kinds, "off": off})
    return found


def _company(request: HttpRequest) -> Company:
    """The company that the form names, one of the person's own."""
    for company in companies_of(request.user):
        if str(company.pk) == request.POST.get("company"):
            return company
    raise Http404("There is no such company among yours.")


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep what the person wants from one company."""
    company = _company(request)

    def do() -> HttpResponse:
        wanted = request.POST.getlist("kind")
        notice_switches.choose(company, user=request.user, now=timezone.now(), wanted=wanted)
        messages.success(request, "Saved.")
        return redirect("notices")

    return submissions.once(request, do)


@login_required
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Send the person a test mail."""
    company = _company(request)

    def do() -> HttpResponse:
        with transaction.atomic():
            written = notice_switches.send_test(company, user=request.user, now=timezone.now())
            bell.ring("send_notices")
        if not request.user.email:  # type: ignore[union-attr]
            messages.error(
                request, "You have no mail address yet. Ask whoever set up your log-in to enter it."
            )
        elif written:
            messages.success(
                request,
                f"A test mail is on its way to {request.user.email}.",  # type: ignore[union-attr]
            )
        else:
            messages.warning(request, "One test mail a minute: the last is on its way already.")
        return redirect("notices")

    return submissions.once(request, do)
