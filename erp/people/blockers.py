"""What stops an ERP admin from changing people's rights. Each rule once, about a company.

A service says whom it is about in `company.about_person`; while somebody only looks, these rules have nothing to say.
"""

from __future__ import annotations

from typing import Any

from projects import permissions
from projects.models import Company, Membership, ProjectRole
from workflow.blockers import Found, Kind, blocker


def speak_of(company: Company, person: Any) -> Company:
    """This function will say whom the next question about the company's people is about."""
    company.__dict__["about_person"] = person
    return company


def _person(company: Company) -> Any:
    return company.__dict__.get("about_person")


@blocker("last_erp_admin", Kind.STATE)
def last_erp_admin(company: Company, user: Any) -> Found | None:
    """Without an ERP admin nobody could give the right back."""
    person = _person(company)
    admins = list(permissions.who_administers(company))
    if person is None or admins != [person]:
        return None
    name = permissions.names([person])
    return Found(f"{name} is the last ERP admin of {company.name}. Make somebody else ERP admin first.")


@blocker("works_elsewhere", Kind.STATE)
def works_elsewhere(company: Company, user: Any) -> Found | None:
    """A login belongs to all companies that its person works for; this one may only take its own rights away."""
    person = _person(company)
    if person is None or not (person.is_superuser or has_rights_elsewhere(person, company)):
        return None
    name = permissions.names([person])
    return Found(
        f"{name}’s login is used beyond {company.name}. Take the rights here away instead; whoever runs Tieback can "
        "lock the login."
    )


@blocker("your_own_login", Kind.STATE)
def your_own_login(company: Company, user: Any) -> Found | None:
    """Nobody locks themselves out by mistake."""
    person = _person(company)
    if person is None or user is None or person.pk != user.pk:
        return None
    return Found("This is your own login. Another ERP admin can lock it.")


def has_rights_elsewhere(person: Any, company: Company) -> bool:
    """This function will tell whether a person belongs to another company, whatever they may do there.

    Whoever was just invited there, or has no level for a while, still works for it: anybody can be brought in here.
    """
    members = Membership.objects.filter(user=person).exclude(company=company)
    roles = ProjectRole.objects.filter(user=person).exclude(project__company=company)
    return members.exists() or roles.exists()
