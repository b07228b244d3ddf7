"""The people of a company and what they may do, for its ERP admins."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.errors import InvalidInput
from erp.people import services
from erp.people.blockers import has_rights_elsewhere, speak_of
from erp.setup.admin_frame import act, for_admins, show
from projects.models import BudgetLevel, Company, Direction, ErpLevel, Membership, ProjectRole
from workflow import actions
from workflow.numbers import number
from workflow.people import name_of

MOST_PROJECTS = 100  # in one matrix; a search finds the others
GRANT_WORDS = [(name, str(ProjectRole._meta.get_field(name).verbose_name)) for name in services.GRANTS]  # type: ignore[union-attr]


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def people(request: HttpRequest, company: Company) -> HttpResponse:
    """This function will show who belongs to a company, and bring somebody in."""

    def again(*, status: int = 200, **more: Any) -> HttpResponse:
        return show(request, company, "people", {"people": _people(company), **more}, status=status)

    if request.method != "POST":
        return again()

    def do() -> tuple[str, HttpResponse]:
        names = ("login", "first_name", "last_name")
        given = {name: request.POST.get(name, "").strip() for name in names}
        person = services.invite(company, user=request.user, now=timezone.now(), given=given)
        mailed = " A mail with a link to set a password is on its way." if person.last_login is None else ""
        return f"{name_of(person)} is in.{mailed} Now give the rights.", redirect(
            "admin:erp_person", company.pk, person.pk
        )

    return act(request, do, again=again)


def _people(company: Company) -> list[dict[str, Any]]:
    members = {row.user_id: row for row in Membership.objects.filter(company=company)}
    roles: dict[int, list[ProjectRole]] = {}
    for role in ProjectRole.objects.filter(project__company=company, level__gt=0).select_related("project"):
        roles.setdefault(role.user_id, []).append(role)
    return [
        {
            "person": person,
            "member": members.get(person.pk),
            "projects": len(roles.get(person.pk, [])),
            "leads": sum(role.level == BudgetLevel.ADMIN for role in roles.get(person.pk, [])),
        }
        for person in services.people_of(company)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def person(request: HttpRequest, company: Company, user: int) -> HttpResponse:
    """This function will show what one person may do in a company, and keep it."""
    found = services.people_of(company).filter(pk=user).first()
    if found is None:
        raise Http404("There is no such person in this company.")
    if request.method == "POST":
        deed = DEEDS.get(request.POST.get("do", ""), _level)

        def do() -> tuple[str, HttpResponse]:
            said = deed(request, company, found)
            return said, redirect(request.get_full_path())

        return act(request, do, again=lambda **more: _person(request, company, user, **more))
    return _person(request, company, user)


def _person(
    request: HttpRequest, company: Company, user: int, *, status: int = 200, **more: Any
) -> HttpResponse:
    found = get_user_model().objects.get(pk=user)
    query = request.GET.get("q", "").strip()[:60]
    projects = company.projects.filter(name__icontains=query) if query else company.projects.all()
    roles = {
        role.project_id: role for role in ProjectRole.objects.filter(user=found, project__company=company)
    }
    rows = [_row(project, roles.get(project.pk)) for project in projects.order_by("name")[:MOST_PROJECTS]]
    context = {
        "person": found,
        "member": Membership.objects.filter(user=found, company=company).first() or Membership(),
        "levels": ErpLevel.choices,
        "directions": Direction.choices,
        "budget_levels": BudgetLevel.choices,
        "grants": GRANT_WORDS,
        "rows": rows,
        "projects_in_all": company.projects.count(),
        "query": query,
        "seen": services.seen_of(company, found),
        "elsewhere": has_rights_elsewhere(found, company),
        "asked": speak_of(company, found),
        "lock_stops": actions.blockers(company, "lock_login", request.user) if found.is_active else [],
        **more,
    }
    return show(request, company, "person", context, status=status)


def _row(project: Any, role: ProjectRole | None) -> dict[str, Any]:
    held = role or ProjectRole(level=BudgetLevel.NONE)
    return {
        "project": project,
        "level": held.level,
        "grants": [(name, words, getattr(held, name)) for name, words in GRANT_WORDS],
    }


def _level(request: HttpRequest, company: Company, person: Any) -> str:
    """Keep level, flag, direction and limit."""
    typed, errors = request.POST, {}
    level = number(typed.get("erp_level", ""))
    if level not in ErpLevel.values:
        errors["erp_level"] = "Choose a level."
    if typed.get("direction") not in Direction.values:
        errors["direction"] = "Choose a direction."
    limit = None
    try:
        limit = _limit(typed.get("approval_limit", ""))
    except InvalidOperation:
        errors["approval_limit"] = "Write an amount such as 100000.00, or leave it empty for no limit."
    if errors:
        raise InvalidInput(errors)
    values = {
        "erp_level": level,
        "can_push": "can_push" in typed,
        "direction": typed["direction"],
        "approval_limit": limit,
    }
    services.set_level(company, person, **_by(request), values=values, seen=typed.get("seen", ""))
    return f"The rights of {name_of(person)} in {company.name} are kept."


def _limit(text: str) -> Decimal | None:
    text = text.strip().replace(",", "")
    if not text:
        return None
    amount = Decimal(text)
    if not amount.is_finite() or not 0 <= amount < 10**13 or amount != amount.quantize(Decimal("0.01")):
        raise InvalidOperation
    return amount


def _roles(request: HttpRequest, company: Company, person: Any) -> str:
    """Keep the matrix as it was sent, or give one role to all ticked projects."""
    typed = request.POST
    ids = [key for key in map(number, typed.getlist("project")) if key is not None]
    if typed.get("do") == "ticked":
        ids = [key for key in map(number, typed.getlist("tick")) if key is not None]
        if not ids:
            raise InvalidInput({"tick": "Tick the projects that get this role."})
    names = {key: "all" if typed.get("do") == "ticked" else str(key) for key in ids}
    roles = {key: _role(typed, name) for key, name in names.items()}
    count = services.set_roles(company, person, **_by(request), roles=roles, seen=typed.get("seen", ""))
    if not count:
        return "Nothing was different."
    return f"{count} {'role' if count == 1 else 'roles'} of {name_of(person)} changed."


def _role(typed: Any, name: str) -> dict[str, Any]:
    level = number(typed.get(f"level-{name}", ""))
    if level not in BudgetLevel.values:
        raise InvalidInput({"level": "Choose a level."})
    return {"level": level, **{grant: f"{grant}-{name}" in typed for grant in services.GRANTS}}


def _take(request: HttpRequest, company: Company, person: Any) -> str:
    services.take_everything(company, person, **_by(request), seen=request.POST.get("seen", ""))
    return f"{name_of(person)} has no right in {company.name} any more."


def _lock(request: HttpRequest, company: Company, person: Any) -> str:
    services.lock_login(company, person, **_by(request), locked=True)
    return f"{name_of(person)} cannot log in any more."


def _open(request: HttpRequest, company: Company, person: Any) -> str:
    services.lock_login(company, person, **_by(request), locked=False)
    return f"{name_of(person)} can log in again."


def _link(request: HttpRequest, company: Company, person: Any) -> str:
    services.send_link_again(company, person, **_by(request))
    return f"Another mail with a link is on its way to {name_of(person)}."


DEEDS: dict[str, Callable[[HttpRequest, Company, Any], str]] = {
    "level": _level,
    "roles": _roles,
    "ticked": _roles,
    "take": _take,
    "lock": _lock,
    "open": _open,
    "link": _link,
}


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"user": request.user, "now": timezone.now()}
