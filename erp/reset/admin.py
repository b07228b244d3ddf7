"""The reset of a project's link to its ERP job in the admin: what will happen, two confirmations, and a new link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from budgets.errors import InvalidInput
from budgets.models import Budget
from erp import services
from erp.compare.pages import reading_of
from erp.models import Connection
from erp.reset import pages as reset_pages
from erp.reset import resetting
from erp.reset.models import Fate, LinkReset
from erp.words import erp_name
from workflow import submissions
from workflow.actions import ActionBlocked
from workflow.numbers import number

CONFLICT, UNPROCESSABLE = 409, 422


@require_GET
def projects(request: HttpRequest, connection: Connection) -> HttpResponse:
    """This function will list a company's projects with the jobs they are linked to."""
    context = {"rows": reset_pages.linked_projects(connection)}
    return _render(request, connection, "projects", context, status=200)


@require_GET
def page(request: HttpRequest, connection: Connection, *, project_id: int) -> HttpResponse:
    """This function will show what the reset of a link does, how far it is, and what is next."""
    return _show(request, connection, _find(connection, project_id))


def _find(connection: Connection, project_id: int) -> Budget:
    rows = Budget.objects.select_related("project__company").filter(project__company=connection.company_id)
    budget = rows.filter(project=project_id).first()
    if budget is None:
        raise Http404("There is no such project of this company.")
    return budget


def _show(
    request: HttpRequest, connection: Connection, budget: Budget, *, status: int = 200, **problem: Any
) -> HttpResponse:
    context = {
        "shown": reset_pages.reset_page(budget, _words(request)),
        "budget": budget,
        "project": budget.project,
        "fates": Fate.choices,
        **reading_of(budget),
        **problem,
    }
    return _render(request, connection, "page", context, status=status)


def _ask(budget: Budget, reset: LinkReset | None, request: HttpRequest) -> str:
    given = request.POST
    resetting.ask_reset(
        budget,
        user=request.user,
        now=timezone.now(),
        reason=given.get("reason", ""),
        reopen_import="reopen_import" in given,
        reopen_reason=given.get("reopen_reason", ""),
    )
    return "The reset is asked for. Nothing has happened yet: it wants a second confirmation below."


def _speak(budget: Budget, reset: LinkReset | None, request: HttpRequest) -> str:
    words = {key: word for key, word in _words(request).items() if word[0] or word[1].strip()}
    made = resetting.speak_of(_given(reset), user=request.user, now=timezone.now(), words=words)
    return f"Kept what you said of {len(made)} posted document{'' if len(made) == 1 else 's'}."


def _words(request: HttpRequest) -> dict[int, reset_pages.Typed]:
    """What was typed of each document, by id: a fate and a note."""
    given = request.POST
    keys = [key for text in given.getlist("document") if (key := number(text)) is not None]
    return {key: (given.get(f"fate-{key}", ""), given.get(f"note-{key}", "")) for key in keys}


def _confirm(budget: Budget, reset: LinkReset | None, request: HttpRequest) -> str:
    resetting.confirm_reset(
        _given(reset),
        user=request.user,
        now=timezone.now(),
        typed=request.POST.get("typed", ""),
        note=request.POST.get("note", ""),
    )
    return "Confirmed. A worker takes out what is not posted, then cuts the link. You may leave this page."


def _read(budget: Budget, reset: LinkReset | None, request: HttpRequest) -> str:
    services.read_erp(budget, user=request.user, now=timezone.now())
    return f"{erp_name(_given(reset).connection)} is being read. Reload this page in a few seconds."


def _cancel(budget: Budget, reset: LinkReset | None, request: HttpRequest) -> str:
    resetting.cancel_reset(_given(reset), user=request.user, now=timezone.now())
    return "The reset is cancelled; the link stays. What was taken out of the ERP by then stays out."


def _link(budget: Budget, reset: LinkReset | None, request: HttpRequest) -> str:
    code = request.POST.get("job_code", "")
    resetting.link_again(budget, user=request.user, now=timezone.now(), job_code=code)
    return f"Linked to job {code.strip()}. Sync it once, so that its codes and amounts are known."


def _given(reset: LinkReset | None) -> LinkReset:
    if reset is None:
        raise Http404("No reset of this link was asked for.")
    return reset


DEEDS: dict[str, Callable[[Budget, LinkReset | None, HttpRequest], str]] = {
    "ask": _ask,
    "speak": _speak,
    "read": _read,
    "confirm": _confirm,
    "cancel": _cancel,
    "link": _link,
}


@require_POST
def act(request: HttpRequest, connection: Connection, *, project_id: int, deed: str) -> HttpResponse:
    """This function will do what one of the page's forms says."""
    budget = _find(connection, project_id)
    if deed not in DEEDS:
        raise Http404("There is no such action.")
    key = number(request.POST.get("reset", ""))
    rows = LinkReset.objects.filter(project=project_id)
    reset = rows.filter(pk=key).first() if key is not None else rows.first()

    def do() -> HttpResponse:
        messages.success(request, DEEDS[deed](budget, reset, request))
        return redirect("admin:erp_reset_link", connection.pk, project_id)

    try:
        return submissions.once(request, do)
    except ActionBlocked as refused:
        again = _find(connection, project_id)
        problem = {"refused": refused, "typed": request.POST, "deed": deed}
        return _show(request, connection, again, status=CONFLICT, **problem)
    except InvalidInput as invalid:
        again = _find(connection, project_id)
        problem = {"errors": invalid.errors, "typed": request.POST, "deed": deed}
        return _show(request, connection, again, status=UNPROCESSABLE, **problem)


def _render(
    request: HttpRequest, connection: Connection, page: str, context: dict[str, Any], *, status: int
) -> HttpResponse:
    frame = {"connection": connection, "nav": "connection", "section": "projects"}
    with timezone.override(connection.company.time_zone):
        return render(request, f"admin/erp/reset/{page}.html", {**frame, **context}, status=status)
