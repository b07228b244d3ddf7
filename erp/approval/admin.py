"""Approval rules and delegations of a company in the admin: seen by its queue, set by those who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from budgets import money
from budgets.errors import Conflict, InvalidInput
from erp.approval import delegations, reauthentication, route_trial, routes
from erp.approval import settings_actions as approval_settings
from erp.approval.settings_actions import RuleValues
from erp.desk import DeskAdmin, memberships
from erp.models import Delegation, RuleKind
from projects import permissions
from projects.models import Company, Direction
from workflow import submissions
from workflow.actions import ActionBlocked, available
from workflow.numbers import number

CONFLICT, UNPROCESSABLE = 409, 422
NAMED = "named"  # who takes a step: one of those ticked, not anybody
SHOWN = 40  # delegations, the newest first


def amount(request: HttpRequest, name: str) -> Decimal | None:
    """This function will read an amount as typed, None where the field is empty. Raises InvalidInput."""
    typed = request.POST.get(name, "").strip()
    try:
        return money.amount(typed) if typed else None
    except money.NotExact as problem:
        raise InvalidInput({name: str(problem)}) from None


class CompanyPages(DeskAdmin):
    """Pages of one company: of the address, or the first of the person's; every other is a 404."""

    page: str  # name of the address
    show: Callable[[Company, HttpRequest], dict[str, Any]]
    deeds: dict[str, Callable[[Company, HttpRequest], str]]

    def get_urls(self) -> list[URLPattern]:
        """One page a company."""
        shown = require_http_methods(["GET", "POST"])(self._view)
        view = self.admin_site.admin_view(sensitive_post_parameters("password")(shown))
        return [path("", view, name=self.page), path("<int:company>/", view, name=self.page)]

    def _view(self, request: HttpRequest, company: int | None = None) -> HttpResponse:
        mine = {row.company_id: row.company for row in memberships(request)}
        found = mine.get(company) if company is not None else next(iter(mine.values()), None)
        if found is None:
            raise Http404("There is no such company among yours.")
        with timezone.override(found.time_zone):
            return self._do(request, found) if request.method == "POST" else self._show(request, found)

    def _do(self, request: HttpRequest, company: Company) -> HttpResponse:
        deed = self.deeds.get(request.POST.get("do", ""))
        if deed is None:
            raise Http404("There is no such action.")

        def do() -> HttpResponse:
            messages.success(request, deed(company, request))
            return redirect(f"admin:{self.page}", company.pk)

        try:
            return submissions.once(request, do)
        except ActionBlocked as refused:
            return self._show(request, company, status=CONFLICT, refused=refused)
        except Conflict as conflict:
            return self._show(request, company, status=CONFLICT, conflict=conflict)
        except InvalidInput as invalid:
            given: dict[str, Any] = {"errors": invalid.errors, "typed": request.POST}
            if deed is _save:
                ticked = {number(text) for text in request.POST.getlist("people")}
                given |= {"ticked": ticked, "named": request.POST.get("who") == NAMED}
            return self._show(request, company, status=UNPROCESSABLE, **given)

    def _show(
        self, request: HttpRequest, company: Company, *, status: int = 200, **problem: Any
    ) -> HttpResponse:
        fresh = Company.objects.get(pk=company.pk)
        context = {
            "company": fresh,
            "nav": "approvals",
            "desk_companies": [row.company for row in memberships(request)],
            **type(self).show(fresh, request),
            **problem,
        }
        return render(request, f"admin/erp/approvals/{self.page}.html", context, status=status)


# -- rules ---------------------------------------------------------------------------------------------------


def _rules(company: Company, request: HttpRequest) -> dict[str, Any]:
    rules = routes.rules_of(company)
    key = number(request.GET.get("rule", ""))
    chosen = next((rule for rule in rules if rule.pk == key), None)
    return {
        "rules": rules,
        "rule": chosen,
        "ticked": {person.pk for person in chosen.people.all()} if chosen else set(),
        "named": chosen is not None and not chosen.anybody,
        "kinds": RuleKind.choices,
        "approvers": permissions.who_may_decide(company, Direction.OUT),
        "counts": range(1, approval_settings.MOST_PEOPLE + 1),
        "seen": approval_settings.digest(company),
        "may_edit": available(company, "set_approval_rules", request.user),
        "tries": reauthentication.TRIES,
        "trial": route_trial.trial(company, request.GET),
    }


def _seen(request: HttpRequest) -> str:
    return request.POST.get("seen", "")


def _save(company: Company, request: HttpRequest) -> str:
    kept = RuleValues(
        name=request.POST.get("name", ""),
        kind=request.POST.get("kind", ""),
        moved_from=amount(request, "moved_from"),
        needed=number(request.POST.get("needed", "")) or 0,
        anybody=request.POST.get("who") != NAMED,
        people=[key for text in request.POST.getlist("people") if (key := number(text)) is not None],
    )
    rule = approval_settings.save_rule(
        company,
        kept,
        user=request.user,
        now=timezone.now(),
        rule_id=number(request.POST.get("rule", "")),
        seen=_seen(request),
    )
    return f"“{rule.name}” is kept. It counts for what is sent from now on."


def _moved(up: bool) -> Callable[[Company, HttpRequest], str]:
    def move(company: Company, request: HttpRequest) -> str:
        key = number(request.POST.get("rule", "")) or 0
        approval_settings.move_rule(
            company, user=request.user, now=timezone.now(), rule_id=key, up=up, seen=_seen(request)
        )
        return "The order is kept. It counts for what is sent from now on."

    return move


def _remove(company: Company, request: HttpRequest) -> str:
    key = number(request.POST.get("rule", "")) or 0
    approval_settings.remove_rule(
        company, user=request.user, now=timezone.now(), rule_id=key, seen=_seen(request)
    )
    return "The step is removed. Batches that were sent with it keep it."


def _reauthenticate(company: Company, request: HttpRequest) -> str:
    above = amount(request, "above")
    approval_settings.set_reauthentication(
        company, user=request.user, now=timezone.now(), above=above, password=request.POST.get("password", "")
    )
    return "Kept. It counts at once." if above is not None else "Kept: no password is asked for."


class ApprovalRuleAdmin(CompanyPages):
    """What a batch has to pass, and when accepting takes the password."""

    page, show = "erp_approvals", staticmethod(_rules)
    deeds = {
        "save": _save,
        "up": _moved(up=True),
        "down": _moved(up=False),
        "remove": _remove,
        "reauthenticate": _reauthenticate,
    }


# -- delegations ---------------------------------------------------------------------------------------------


def _delegations(company: Company, request: HttpRequest) -> dict[str, Any]:
    rows = Delegation.objects.filter(company=company).select_related(
        "company", "from_user", "to_user", "made_by", "revoked_by"
    )
    now = timezone.now()
    admin = permissions.may_administer(request.user, company)
    approvers = list(permissions.who_may_decide(company, Direction.OUT))
    return {
        "holding": [row for row in rows if row.revoked_at is None and row.ends_at > now],
        "past": [row for row in rows[:SHOWN] if row.revoked_at is not None or row.ends_at <= now],
        "givers": approvers if admin else [one for one in approvers if one.pk == request.user.pk],
        "approvers": approvers,
        "may_delegate": available(company, "delegate", request.user),
        "today": timezone.localdate(),
    }


def _delegate(company: Company, request: HttpRequest) -> str:
    try:
        until = date.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        until = None
    made = delegations.delegate(
        company,
        user=request.user,
        now=timezone.now(),
        giver=number(request.POST.get("giver", "")) or 0,
        taker=number(request.POST.get("taker", "")) or 0,
        until=until,
        limit=amount(request, "limit"),
        note=request.POST.get("note", ""),
    )
    day = date_format(timezone.localtime(made.last_moment))
    return f"{made.to_user.get_full_name()} acts for {made.from_user.get_full_name()} until the end of {day}."


def _revoke(company: Company, request: HttpRequest) -> str:
    key = number(request.POST.get("delegation", "")) or 0
    row = Delegation.objects.filter(company=company, pk=key).first()
    if row is None:
        raise Http404("There is no such delegation in this company.")
    delegations.revoke(row, user=request.user, now=timezone.now())
    return f"{row.to_user.get_full_name()} no longer acts for {row.from_user.get_full_name()}."


class DelegationAdmin(CompanyPages):
    """Who acts for whom, until when, up to which amount."""

    page, show = "erp_delegations", staticmethod(_delegations)
    deeds = {"delegate": _delegate, "revoke": _revoke}
