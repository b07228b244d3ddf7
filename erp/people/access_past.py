"""Rights as they stood at a moment in the past: today's rows, with every change on record since taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from projects.models import Company, Membership, ProjectRole
from workflow.models import Event

MEMBERS, ROLES = "membership", "projectrole"
RIGHTS_CHANGED = tuple(f"{verb}_{name}" for verb in ("add", "change", "delete") for name in (MEMBERS, ROLES))
LOGINS = ("lock_login", "open_login")
ON_RECORD = (
    *RIGHTS_CHANGED,
    *LOGINS,
    "invite_person",
    "change_company",
    "change_connection",
    "delegate",
    "revoke_delegation",
    "set_approval_rules",
    "set_reauthentication",
    "review_access",
)


@dataclass
class Standing:
    """Rows of memberships and roles as plain values by id, and logins that were another then (user id -> active)."""

    members: dict[int, dict[str, Any]]
    roles: dict[int, dict[str, Any]]
    active: dict[int, bool] = field(default_factory=dict)


def now_of(company: Company) -> Standing:
    """This function will read the rights as they are."""
    members = Membership.objects.filter(company=company).order_by("pk").values()
    roles = ProjectRole.objects.filter(project__company=company).order_by("pk").values()
    return Standing({row["id"]: {**row} for row in members}, {row["id"]: {**row} for row in roles})


def at(company: Company, moment: datetime) -> Standing:
    """This function will work out the rights at a moment. What was changed without an event is not seen."""
    standing = now_of(company)
    since = Event.objects.filter(chain=company.pk, at__gt=moment, action__in=[*RIGHTS_CHANGED, *LOGINS])
    for event in since.order_by("-seq"):
        _undo(standing, event)
    return standing


def _undo(standing: Standing, event: Event) -> None:
    pk = int(event.about[0].rpartition(":")[2])
    if event.action in LOGINS:
        standing.active[pk] = bool(event.data["is_active"]["old"])
        return
    verb, _, name = event.action.partition("_")
    rows = standing.members if name == MEMBERS else standing.roles
    if verb == "add":
        rows.pop(pk, None)
        return
    old = {key: values["old"] for key, values in event.data.items()}
    if verb == "delete":
        rows[pk] = _before_its_columns(name) | {_column(key): value for key, value in old.items()}
    elif pk in rows:
        rows[pk] |= {_column(key): value for key, value in old.items()}


def _before_its_columns(name: str) -> dict[str, Any]:
    """An event may be older than a column of today; what the column would have held is its default."""
    model = Membership if name == MEMBERS else ProjectRole
    return {field.attname: field.get_default() for field in model._meta.concrete_fields}


def _column(name: str) -> str:
    """Events name a field, rows its column."""
    return f"{name}_id" if name in ("user", "project", "company") else name
