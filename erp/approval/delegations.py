"""Letting somebody act for another until a day, up to a limit: who may, and doing it.

A delegation passes on steps and a limit, never the right itself: whoever acts for another may push to accounting by
themselves. It is not handed on, because only a person's own right reaches a step (`route_rules`).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from budgets.errors import InvalidInput
from budgets.models import Budget, Hold
from budgets.services import lock_row
from erp import holds
from erp.approval import routes
from erp.locking import lock_company
from erp.models import Delegation
from projects import permissions
from projects.models import Company, Direction
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker
from workflow.people import name_of

LONGEST = timedelta(days=366)
MOST_NOTE = 200


@blocker("no_right_to_delegate", Kind.PERMISSION)
def may_delegate(company: Company, user: Any) -> Found | None:
    """Approvers lend their own steps; an ERP admin may do it for somebody."""
    if permissions.may_decide(user, company, Direction.OUT) or permissions.may_administer(user, company):
        return None
    who = permissions.names(permissions.who_administers(company))
    return Found(
        f"You take no step in {company.name}, so there is nothing to hand over. {who} can give the right.",
        who=who,
    )


@blocker("not_your_delegation", Kind.PERMISSION)
def may_revoke(delegation: Delegation, user: Any) -> Found | None:
    """Whoever lent it takes it back, or an ERP admin."""
    if user is not None and user.pk == delegation.from_user_id and user.is_active:
        return None
    if permissions.may_administer(user, delegation.company):
        return None
    who = f"{name_of(delegation.from_user)} or {permissions.names(permissions.who_administers(delegation.company))}"
    return Found(f"It is not yours to take back. Ask {who}.", who=who)


@blocker("delegation_over", Kind.STATE)
def delegation_over(delegation: Delegation, user: Any) -> Found | None:
    """It was taken back already; one that has ended by itself may still be closed, to no effect."""
    if delegation.revoked_at is None:
        return None
    return Found(f"{name_of(delegation.revoked_by)} has taken it back already.", since=delegation.revoked_at)


register(
    Action(
        name="delegate",
        model=Company,
        label="Hand over",
        permission=may_delegate,
        tone="primary",
    ),
    Action(
        name="revoke_delegation",
        model=Delegation,
        label="Take back",
        permission=may_revoke,
        problems=(delegation_over,),
    ),
)


def delegate(
    company: Company,
    *,
    user: Any,
    now: datetime,
    giver: int,
    taker: int,
    until: date | None,
    limit: Decimal | None,
    note: str = "",
) -> Delegation:
    """This function will let `taker` act for `giver` (ids) from now until the end of a day where the company is."""
    with transaction.atomic():
        locked = lock_company(company)
        ensure(locked, "delegate", user)
        zone = ZoneInfo(locked.time_zone)
        _check(locked, user=user, now=now, giver=giver, taker=taker, note=note)
        made = Delegation.objects.create(
            company=locked,
            from_user_id=giver,
            to_user_id=taker,
            starts_at=now,
            ends_at=_end(until, now=now, zone=zone),
            limit=_limit(locked, giver, limit),
            note=note.strip(),
            made_by=user,
        )
        _tell(made, user=user, now=now, action="delegate", until=until)
    return made


def _check(company: Company, *, user: Any, now: datetime, giver: int, taker: int, note: str) -> None:
    errors = {}
    able = set(permissions.who_may_decide(company, Direction.OUT).values_list("pk", flat=True))
    admin = permissions.may_administer(user, company)
    if giver not in able or (giver != user.pk and not admin):
        errors["giver"] = "Choose whose steps are handed over: your own, or as ERP admin an approver's."
    if taker not in able or taker == giver:
        errors["taker"] = "Choose another person who may push to accounting in this company."
    elif taker == user.pk != giver:
        errors["taker"] = "Nobody hands another's steps to themselves: let them do it, or another ERP admin."
    elif routes.in_effect(now).filter(company=company, from_user=giver, to_user=taker).exists():
        errors["taker"] = "They act for this person already. Take that back first."
    if len(note.strip()) > MOST_NOTE:
        errors["note"] = f"At most {MOST_NOTE} characters."
    if errors:
        raise InvalidInput(errors)


def _end(until: date | None, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The end of the last day, by the clock of the company."""
    today = now.astimezone(zone).date()
    if until is None or not today <= until <= today + LONGEST:
        raise InvalidInput({"until": "Choose the last day: today or later, within a year."})
    return datetime.combine(until + timedelta(days=1), time.min, tzinfo=zone)


def _limit(company: Company, giver: int, limit: Decimal | None) -> Decimal:
    """The limit, which is never above that of whoever lends it."""
    own = company.memberships.get(user=giver).approval_limit
    if limit is None or limit <= 0:
        raise InvalidInput({"limit": "Up to which amount moved? A delegation always has a limit."})
    if own is not None and limit > own:
        raise InvalidInput({"limit": f"At most {own:,.2f}, the limit of whoever hands over."})
    return limit


def revoke(delegation: Delegation, *, user: Any, now: datetime) -> Delegation:
    """This function will end a delegation at once; what was done by it stands."""
    with transaction.atomic():
        rows = Delegation.objects.select_for_update(of=("self",)).select_related("company")
        row = rows.get(pk=delegation.pk)
        ensure(row, "revoke_delegation", user)
        row.revoked_at, row.revoked_by = now, user
        row.save(update_fields=["revoked_at", "revoked_by"])
        _tell(row, user=user, now=now, action="revoke_delegation", until=None)
    return row


def _tell(row: Delegation, *, user: Any, now: datetime, action: str, until: date | None) -> None:
    """Let the budgets that wait say who can decide them now, and write the event."""
    budgets = Budget.objects.filter(project__company=row.company_id, hold=Hold.WAITING).order_by("pk")
    for budget in budgets:
        holds.refresh(lock_row(budget), now=now)
    both = f"{name_of(row.to_user)} act for {name_of(row.from_user)}"
    said = f"Lets {both} until {until}, up to {row.limit:,.2f}" if until else f"No longer lets {both}"
    events.record(
        chain=row.company_id,
        at=now,
        actor=user,
        action=action,
        about=[row.company, row],
        sentence=said,
        note=row.note if until else "",
        data={"from": row.from_user_id, "to": row.to_user_id, "limit": row.limit, "ends_at": row.ends_at},
    )
