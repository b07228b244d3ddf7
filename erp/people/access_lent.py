"""Who acts for whom, and the approval rules in force, now or at a moment: the part of a right that is no membership."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from erp.approval import routes
from erp.approval.models import Delegation, RuleKind
from erp.approval.settings_actions import said_of
from projects.models import Company
from workflow.models import Event
from workflow.people import name_of

ANYBODY = "anybody who may push to accounting"


@dataclass(frozen=True)
class Lent:
    """One delegation that holds."""

    taker: str
    lender: str
    taker_pk: int
    lender_pk: int
    starts_at: datetime
    ends_at: datetime
    limit: Decimal
    note: str

    @property
    def words(self) -> str:
        """For whom, and up to how much."""
        return f"{self.lender}, up to {self.limit:,.2f}"


def lent(company: Company, *, moment: datetime) -> list[Lent]:
    """This function will find who acts for whom at a moment."""
    rows = Delegation.objects.filter(company=company, starts_at__lte=moment, ends_at__gt=moment)
    rows = rows.filter(Q(revoked_at=None) | Q(revoked_at__gt=moment)).select_related("from_user", "to_user")
    return [
        Lent(
            name_of(one.to_user),
            name_of(one.from_user),
            one.to_user_id,
            one.from_user_id,
            one.starts_at,
            one.ends_at,
            one.limit,
            one.note,
        )
        for one in rows.order_by("ends_at", "pk")
    ]


def rules(company: Company, *, moment: datetime | None) -> list[str]:
    """This function will tell the steps of a route as the rules ask for them, one sentence each; none: one step."""
    told = [said_of(rule) for rule in routes.rules_of(company)]
    if moment is not None:
        later = Event.objects.filter(chain=company.pk, action="set_approval_rules", at__gt=moment)
        first = later.order_by("seq").first()
        told = told if first is None else list(first.data["old"])
    names = {
        user.get_username(): name_of(user)
        for user in get_user_model().objects.filter(username__in=_named(told))
    }
    return [_said(rule, names) for rule in told]


def _named(told: list[dict[str, Any]]) -> set[str]:
    return {name for rule in told if rule["who"] != "anybody" for name in rule["who"]}


def _said(rule: dict[str, Any], names: dict[str, str]) -> str:
    kind = str(RuleKind(rule["kind"]).label).lower()
    if rule["moved_from"] is not None:
        kind = f"{kind} that moves at least {Decimal(rule['moved_from']):,.2f}"
    if rule["who"] == "anybody":
        who = ANYBODY
    else:
        who = ", ".join(names.get(name, name) for name in rule["who"]) or "nobody"
    often = f"{rule['needed']} of " if rule["needed"] > 1 else ""
    return f"{rule['name']}: {kind}, by {often}{who}"
