"""The six people of the demo: who they are, how they log in, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from demo.catalog import ANNEX, COMPANY, DOCK, OTHER_COMPANY
from projects.models import BudgetLevel, Company, ErpLevel, Membership, Project, ProjectRole

PASSWORD = "tieback-demo"  # noqa: S105 printed by the demo for everybody to read


@dataclass(frozen=True)
class Person:
    """One of the six; `admin_of` are main jobs, everything else of the company is read only."""

    username: str
    first_name: str
    last_name: str
    can: str
    level: ErpLevel = ErpLevel.NONE
    can_push: bool = False
    limit: Decimal | None = None
    company: str = COMPANY


PEOPLE = (
    Person("dana", "Dana", "Reyes", "project manager: prepares and sends most budgets"),
    Person(
        "tom",
        "Tom",
        "Baptiste",
        "project manager who may also approve, but never what he prepared",
        ErpLevel.STANDARD,
        can_push=True,
        limit=Decimal("500000.00"),
    ),
    Person(
        "mira",
        "Mira",
        "Osei",
        "project accountant: accepts or rejects up to 100,000",
        ErpLevel.STANDARD,
        can_push=True,
        limit=Decimal("100000.00"),
    ),
    Person(
        "jonas",
        "Jonas",
        "Lindqvist",
        "controller: approves without a limit, ERP admin",
        ErpLevel.ADMIN,
        can_push=True,
    ),
    Person(
        "ruth", "Ruth", "Adeyemi", "CFO and auditor: reads everything, changes nothing", ErpLevel.STANDARD
    ),
    Person(
        "olga",
        "Olga",
        "Petrenko",
        "approver of another company: sees nothing of these jobs",
        ErpLevel.STANDARD,
        can_push=True,
        company=OTHER_COMPANY,
    ),
)
DOMAINS = {COMPANY: "northgate.example", OTHER_COMPANY: "southbank.example"}
TOMS_JOBS = (DOCK.code, ANNEX.code)
FIRST_THING = (
    "Log in as dana, open Harborline Center and press Send to ERP: it says what stands in the way, and where."
)


def hire(companies: dict[str, Company]) -> dict[str, Any]:
    """This function will make the six users with their memberships. Returns them by user name."""
    made = {}
    hashed = make_password(PASSWORD)  # once: hashing is slow on purpose, and everybody has the same
    for person in PEOPLE:
        user = get_user_model().objects.create(
            username=person.username,
            email=f"{person.username}@{DOMAINS[person.company]}",
            password=hashed,
            first_name=person.first_name,
            last_name=person.last_name,
            is_staff=person.level > ErpLevel.NONE,
        )
        Membership.objects.create(
            user=user,
            company=companies[person.company],
            erp_level=person.level,
            can_push=person.can_push,
            approval_limit=person.limit,
        )
        made[person.username] = user
    return made


def give_roles(project: Project, people: dict[str, Any], *, job: str) -> None:
    """This function will put the company's people on one project: its manager as admin, the others to read."""
    manager = "olga" if project.company.code == OTHER_COMPANY else manager_of(job)
    readers = [person.username for person in PEOPLE if person.company == project.company.code]
    ProjectRole.objects.bulk_create(
        ProjectRole(
            user=people[name],
            project=project,
            level=BudgetLevel.ADMIN if name == manager else BudgetLevel.READ,
        )
        for name in readers
    )


def manager_of(job: str) -> str:
    """This function will name the project manager of a main job."""
    return "tom" if job in TOMS_JOBS else "dana"


def logins() -> str:
    """This function will write the table of the six, and the one thing to try first."""
    rows = [("user name", "password", "who", "what they do")]
    rows += [(p.username, PASSWORD, f"{p.first_name} {p.last_name}", p.can) for p in PEOPLE]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*map(str.ljust, row, widths), row[3]]) for row in rows]
    return "\n".join([*lines, "", f"Try first: {FIRST_THING}"])
