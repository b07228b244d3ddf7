"""The kinds of mail there are: what each is called, whom it reaches, why, and whether it can be switched off."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db.models import Q

from projects import permissions
from projects.models import BudgetLevel, Company, Membership, ProjectRole


class Reader(Enum):
    """Whom a kind of mail reaches."""

    APPROVER = "approver"
    SENDER = "sender"
    ADMIN = "admin"


@dataclass(frozen=True)
class Kind:
    """One kind of mail. `because` completes "You get this mail because ..."."""

    key: str
    label: str
    when: str
    because: str
    readers: frozenset[Reader]
    must: str = ""  # why nobody can switch it off


def _kind(key: str, label: str, when: str, because: str, *readers: Reader, must: str = "") -> Kind:
    return Kind(key, label, when, because, frozenset(readers), must)


APPROVES = "you may accept or reject budgets of {company}."
SENT = "you sent this budget to accounting."
KINDS = {
    kind.key: kind
    for kind in (
        _kind(
            "digest",
            "Daily mail",
            "Once a day, while a batch waits for your decision or needs attention",
            "something waits for the approvers of {company}.",
            Reader.APPROVER,
        ),
        _kind(
            "resend",
            "Sent again",
            "At once, when a budget comes again after it was sent back",
            APPROVES,
            Reader.APPROVER,
        ),
        _kind(
            "step",
            "Your turn to approve",
            "At once, when a step of the approval is yours",
            "a step of this approval is yours.",
            Reader.APPROVER,
        ),
        _kind(
            "rejection",
            "Sent back",
            "At once, when accounting sends back what you sent: reason, remarks, link",
            SENT,
            Reader.SENDER,
        ),
        _kind(
            "failure",
            "Needs attention",
            "At once, when the ERP refuses a part of a batch: why, and who puts it right",
            "you sent this budget, or approve budgets of {company}.",
            Reader.SENDER,
            Reader.APPROVER,
        ),
        _kind("posting", "Posted", "At once, when what you sent is posted", SENT, Reader.SENDER),
        _kind(
            "return",
            "Returned",
            "At once, when accounting takes what you sent out of the ERP again",
            SENT,
            Reader.SENDER,
        ),
        _kind(
            "kept",
            "To send again",
            "At once, when accounting keeps your amounts where somebody changed them in the ERP",
            SENT,
            Reader.SENDER,
        ),
        _kind(
            "reminder",
            "Not posted yet",
            "When a batch waits in the ERP to be posted longer than usual",
            APPROVES,
            Reader.APPROVER,
        ),
        _kind(
            "request",
            "Requests",
            "At once, when somebody asks you to unlock or return a budget, and when yours is answered",
            "somebody asks you, or answers what you asked.",
            Reader.SENDER,
            Reader.APPROVER,
        ),
        _kind(
            "drift",
            "Changed in the ERP",
            "At once, when somebody changes in the ERP what was posted from here",
            APPROVES,
            Reader.APPROVER,
            Reader.ADMIN,
        ),
        _kind(
            "alarm",
            "Alarms",
            "At once, when a connection stops, the ERP is silent or contradicts a confirmation, a webhook is "
            "switched off, or an ERP admin gives themselves more rights",
            "you are an ERP admin of {company}, or the alarm is about your own word.",
            Reader.ADMIN,
            must="Always on: an ERP admin has to act or to know, and nobody else is told.",
        ),
        _kind(
            "test",
            "Test mail",
            "When you ask for one",
            "you asked for it.",
            must="You ask for each one yourself.",
        ),
    )
}


def readers_of(user: Any, company: Company) -> set[Reader]:
    """This function will say as what a person can be reached in a company; empty where they have no part in it."""
    found = set()
    if permissions.may_decide(user, company):
        found.add(Reader.APPROVER)
    if permissions.may_administer(user, company):
        found.add(Reader.ADMIN)
    roles = ProjectRole.objects.filter(user=user, project__company=company, level__gte=BudgetLevel.READ)
    if roles.exists():
        found.add(Reader.SENDER)
    return found


def companies_of(user: Any) -> list[Company]:
    """This function will find the companies that may mail a person: by membership, or by a role on a project."""
    member = Membership.objects.filter(user=user).values("company")
    roles = ProjectRole.objects.filter(user=user, level__gte=BudgetLevel.READ).values("project__company")
    return list(Company.objects.filter(Q(pk__in=member) | Q(pk__in=roles)).order_by("code"))


def kinds_for(user: Any, company: Company) -> list[Kind]:
    """This function will list the kinds of mail that can reach a person in a company."""
    readers = readers_of(user, company)
    return [kind for kind in KINDS.values() if kind.readers & readers]
