"""Who may do what: one table for the Budget tool, one for ERP Integrations, and who to ask.

Rights are read from the database each time they decide something; nothing is kept between requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q, QuerySet

from projects.models import BudgetLevel, Company, Direction, ErpLevel, Membership, Project, ProjectRole
from workflow.people import name_of


@dataclass(frozen=True)
class Right:
    """From which level on a right comes by itself, and the grant that gives it from read only on."""

    level: BudgetLevel
    grant: str = ""


BUDGET_RIGHTS = {
    "see": Right(BudgetLevel.READ),
    "comment": Right(BudgetLevel.READ),
    "export": Right(BudgetLevel.READ),
    "edit_lines": Right(BudgetLevel.ADMIN, "can_edit_lines"),
    "add_lines": Right(BudgetLevel.ADMIN, "can_add_lines"),
    "delete_lines": Right(BudgetLevel.ADMIN, "can_delete_lines"),
    "lock": Right(BudgetLevel.ADMIN, "can_lock"),
    "unlock": Right(BudgetLevel.ADMIN),
    "modify": Right(BudgetLevel.STANDARD),
    "forecast": Right(BudgetLevel.STANDARD),
    "send": Right(BudgetLevel.ADMIN, "can_send"),
    "history": Right(BudgetLevel.ADMIN),
}


def _holders(right: Right) -> Q:
    held = Q(level__gte=right.level)
    if right.grant:
        held |= Q(level__gte=BudgetLevel.READ, **{right.grant: True})
    return held


def may(user: Any, project: Project, right: str) -> bool:
    """This function will tell whether an active user holds a right of `BUDGET_RIGHTS` on a project."""
    if not (user and user.is_authenticated and user.is_active):
        return False
    role = _role(user, project)
    needed = BUDGET_RIGHTS[right]
    if role is None or role.level < BudgetLevel.READ:
        return False
    return role.level >= needed.level or bool(needed.grant and getattr(role, needed.grant))


def _role(user: Any, project: Project) -> ProjectRole | None:
    """The person's role, read once for this project instance: a request or a service loads its own."""
    roles = project.__dict__.setdefault("_roles", {})
    if user.pk not in roles:
        roles[user.pk] = ProjectRole.objects.filter(user=user, project=project).first()
    return roles[user.pk]


def who_may(project: Project, right: str) -> QuerySet[Any]:
    """This function will find the active people who hold a right on a project, by name."""
    roles = ProjectRole.objects.filter(_holders(BUDGET_RIGHTS[right]), project=project)
    return _people(roles.values("user"))


def visible_projects(user: Any) -> QuerySet[Project]:
    """This function will find the projects whose budget a user may see; everything else is a 404 to them."""
    return Project.objects.filter(roles__user=user, roles__level__gte=BudgetLevel.READ)


def membership(user: Any, company: Company) -> Membership | None:
    """This function will find an active user's membership of a company, read once for this company instance."""
    if not (user and user.is_authenticated and user.is_active):
        return None
    members = company.__dict__.setdefault("_members", {})
    if user.pk not in members:
        members[user.pk] = Membership.objects.filter(user=user, company=company).first()
    found: Membership | None = members[user.pk]
    return found


def queue_companies(user: Any) -> QuerySet[Company]:
    """This function will find the companies whose ERP Integrations queue a user may see."""
    return Company.objects.filter(memberships__user=user, memberships__erp_level__gte=ErpLevel.STANDARD)


def may_decide(user: Any, company: Company, way: Direction = Direction.BOTH) -> bool:
    """This function will tell whether a user may accept, reject, retry and return: level standard and the flag.

    `way` OUT or BACK asks for that way alone; without it either way is enough.
    """
    member = membership(user, company)
    return bool(member and _decides(member) and member.direction in _covering(way))


def _decides(member: Membership) -> bool:
    return member.erp_level >= ErpLevel.STANDARD and member.can_push


def _covering(way: Direction) -> list[str]:
    """The directions of a membership that let a person go this way; BOTH asks for neither in particular."""
    return Direction.values if way == Direction.BOTH else [Direction.BOTH, way]


def may_administer(user: Any, company: Company) -> bool:
    """This function will tell whether a user may edit the company's ERP settings and mappings."""
    member = membership(user, company)
    return bool(member and member.erp_level >= ErpLevel.ADMIN)


def deciding(company: Company, way: Direction = Direction.BOTH) -> QuerySet[Membership]:
    """This function will find the memberships of a company that let their people decide, that way or either."""
    members = Membership.objects.filter(company=company, can_push=True, erp_level__gte=ErpLevel.STANDARD)
    return members.filter(direction__in=_covering(way))


def who_may_decide(company: Company, way: Direction = Direction.BOTH) -> QuerySet[Any]:
    """This function will find the active people who may accept or reject in a company, by name."""
    return _people(deciding(company, way).values("user"))


def who_administers(company: Company) -> QuerySet[Any]:
    """This function will find the company's ERP admins, by name."""
    return _people(Membership.objects.filter(company=company, erp_level__gte=ErpLevel.ADMIN).values("user"))


def may_share_views(user: Any, company: Company) -> bool:
    """This function will tell whether a user may keep the company's shared views: see `who_may_share_views`."""
    return bool(user and user.is_authenticated) and who_may_share_views(company).filter(pk=user.pk).exists()


def who_may_share_views(company: Company) -> QuerySet[Any]:
    """This function will find the Budget admins of any of the company's projects and its ERP admins, by name."""
    roles = ProjectRole.objects.filter(project__company=company, level__gte=BudgetLevel.ADMIN)
    members = Membership.objects.filter(company=company, erp_level__gte=ErpLevel.ADMIN)
    return _people(roles.values("user").union(members.values("user")))


def _people(ids: Any) -> QuerySet[Any]:
    return (
        get_user_model()
        .objects.filter(pk__in=ids, is_active=True)
        .order_by("first_name", "last_name", "username")
    )


def names(people: Iterable[Any], *, nobody: str = "nobody yet") -> str:
    """This function will name people in a sentence: "Dana Reyes, Tom Baptiste or Mira Osei" (at most four)."""
    full = [name_of(person) for person in people]
    if not full:
        return nobody
    if len(full) > 4:
        full = [*full[:3], f"{len(full) - 3} others"]
    return full[0] if len(full) == 1 else f"{', '.join(full[:-1])} or {full[-1]}"


def fingerprint(project: Project) -> str:
    """This function will name all roles on a project and all memberships of its company; another name is a change."""
    role, member = ProjectRole._meta.db_table, Membership._meta.db_table
    sql = (
        f"SELECT (SELECT string_agg(r::text, ';' ORDER BY r.id) FROM {role} r WHERE r.project_id = %s), "  # noqa: S608
        f"(SELECT string_agg(m::text, ';' ORDER BY m.id) FROM {member} m WHERE m.company_id = %s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [project.pk, project.company_id])
        return repr(cursor.fetchone())
