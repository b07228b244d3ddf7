"""Who may do what in a company: by person, by right, what is odd about it, and what was changed lately."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Min, QuerySet
from knox.models import get_token_model

from erp.approval import route_rules
from erp.approval.route_rules import Circle, reaches
from erp.people import access_lent, access_past
from projects.models import BudgetLevel, Company, Direction, ErpLevel, Project, ProjectRole
from projects.permissions import BUDGET_RIGHTS
from workflow.models import Event
from workflow.people import name_of

LATELY = timedelta(days=90)
OLD_TOKEN = timedelta(days=365)
DECISIONS = (
    *("approve", "accept", "reject", "retry", "return_to_pm", "confirm_posted", "settle_drift"),
    *("decline_return", "close_alarm"),
)
GRANTS = {
    name: str(ProjectRole._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    for name in ("can_edit_lines", "can_add_lines", "can_delete_lines", "can_lock", "can_send")
}
RIGHT_WORDS = {
    "see": "See budgets",
    "edit_lines": "Edit originals and import while draft",
    "add_lines": "Add lines",
    "delete_lines": "Delete lines",
    "lock": "Lock",
    "unlock": "Unlock",
    "modify": "Create modifications",
    "forecast": "Keep forecasts",
    "send": "Send, re-send, retrieve, answer remarks, ask for a return",
    "history": "See the change history",
}


@dataclass
class Role:
    """What a person may do on one project."""

    project: str
    level: int
    grants: list[str]

    @property
    def words(self) -> str:
        """The level, and single rights beyond it."""
        more = f" + {', '.join(GRANTS[name] for name in self.grants)}" if self.grants else ""
        return f"{BudgetLevel(self.level).label}{more}"

    def has(self, right: str) -> bool:
        """Whether it gives a right of the Budget tool."""
        needed = BUDGET_RIGHTS[right]
        return self.level >= needed.level or (self.level >= BudgetLevel.READ and needed.grant in self.grants)


@dataclass
class Person:
    """One person with all rights in the company."""

    user: Any
    name: str
    active: bool
    level: int = ErpLevel.NONE
    can_push: bool = False
    direction: str = Direction.BOTH
    limit: Decimal | None = None
    roles: list[Role] = field(default_factory=list)
    last_decision: datetime | None = None
    last_for: str = ""  # on whose behalf
    tokens: int = 0
    oldest_token: datetime | None = None

    @property
    def level_words(self) -> str:
        """The level in ERP Integrations."""
        return str(ErpLevel(self.level).label)

    @property
    def decides(self) -> bool:
        """Whether the flag counts."""
        return self.can_push and self.level >= ErpLevel.STANDARD

    @property
    def accepts(self) -> bool:
        """Whether they may let a batch go to the ERP."""
        return self.decides and self.direction != Direction.BACK

    @property
    def sends_back(self) -> bool:
        """Whether they may reject and return."""
        return self.decides and self.direction != Direction.OUT

    @property
    def direction_words(self) -> str:
        """Which way they may push, or no."""
        return str(Direction(self.direction).label) if self.can_push else "no"

    @property
    def has_rights(self) -> bool:
        """Whether there is any right at all."""
        return bool(self.level or self.can_push or any(role.level for role in self.roles))


@dataclass(frozen=True)
class Report:
    """The whole report for one moment."""

    people: list[Person]
    rights: list[tuple[str, list[str]]]
    lent: list[access_lent.Lent]
    rules: list[str]
    warnings: list[str]
    changes: QuerySet[Event]
    reviews: list[Event]


def report(company: Company, *, now: datetime, moment: datetime | None = None) -> Report:
    """This function will make the report, as things are or as they were at a moment."""
    standing = access_past.at(company, moment) if moment else access_past.now_of(company)
    people = _people(company, standing)
    trail = Event.objects.filter(chain=company.pk, action__in=access_past.ON_RECORD)
    until = moment or now
    lent = access_lent.lent(company, moment=until)
    reviews = Event.objects.filter(chain=company.pk, action="review_access").order_by("-seq")[:5]
    return Report(
        people=people,
        rights=_rights(people, lent),
        lent=lent,
        rules=access_lent.rules(company, moment=moment),
        warnings=warnings(company, people, now=now),
        changes=trail.filter(at__gt=until - LATELY, at__lte=until).order_by("-seq")[:200],
        reviews=list(reviews),
    )


def _people(company: Company, standing: access_past.Standing) -> list[Person]:
    ids = {row["user_id"] for row in (*standing.members.values(), *standing.roles.values())}
    users = get_user_model().objects.in_bulk(ids)
    found = {
        key: Person(user, name_of(user), standing.active.get(key, user.is_active))
        for key, user in users.items()
    }
    for row in standing.members.values():
        if row["user_id"] in found:
            person, limit = found[row["user_id"]], row["approval_limit"]
            person.level, person.can_push, person.direction = (
                row["erp_level"],
                row["can_push"],
                row["direction"],
            )
            person.limit = None if limit is None else Decimal(limit)
    names = dict(Project.objects.filter(company=company).values_list("pk", "name"))
    for row in standing.roles.values():
        if row["user_id"] in found and row["level"]:
            grants = [name for name in GRANTS if row[name] and row["level"] < BudgetLevel.ADMIN]
            role = Role(names.get(row["project_id"], "a project that is gone"), row["level"], grants)
            found[row["user_id"]].roles.append(role)
    _facts(company, found)
    for person in found.values():
        person.roles.sort(key=lambda role: role.project)
    return sorted(found.values(), key=lambda person: (not person.active, person.name))


def _facts(company: Company, people: dict[int, Person]) -> None:
    """Last decisions and API tokens, as they are now."""
    decided = Event.objects.filter(chain=company.pk, action__in=DECISIONS, actor_pk__in=list(people))
    for last in decided.order_by("actor_pk", "-at", "-seq").distinct("actor_pk"):
        person = people[last.actor_pk or 0]
        person.last_decision, person.last_for = last.at, str(last.data.get("on_behalf_of", ""))
    tokens = get_token_model().objects.filter(user__in=list(people)).order_by().values("user")
    for row in tokens.annotate(number=Count("pk"), oldest=Min("created")):
        people[row["user"]].tokens, people[row["user"]].oldest_token = row["number"], row["oldest"]


def _all(users: list[Any]) -> str:
    """Name everybody: an auditor wants no "and others"."""
    return ", ".join(name_of(user) for user in users)


def _rights(people: list[Person], lent: list[access_lent.Lent]) -> list[tuple[str, list[str]]]:
    working = [person for person in people if person.active]
    circle = Circle(
        {p.user.pk: p.limit for p in working if p.accepts},
        tuple(route_rules.Lent(one.lender_pk, one.taker_pk, one.limit) for one in lent),
    )
    names = {p.user.pk: p.name for p in working}

    def up_to(person: Person, *, last: bool = True) -> str:
        """Up to what, in their own right and for whoever lent them theirs; own limits count at the last step."""
        told = [
            (f"for {names[reach.acting]} " if reach.way.lender else "")
            + _limit(reach.limit if last else reach.lent)
            for reach in reaches(circle, person.user.pk)
        ]
        return "; ".join(told)

    def some(may: Callable[[Person], bool]) -> list[str]:
        return [p.name for p in working if may(p)]

    accepting = [p for p in working if p.accepts]
    rows = [
        ("See the queue, decisions and events", some(lambda p: p.level >= ErpLevel.STANDARD)),
        ("Accept (take the last step), confirm a posting", [f"{p.name} ({up_to(p)})" for p in accepting]),
        (
            "Take a step before the last, as the rules ask",
            [f"{p.name} ({up_to(p, last=False)})" for p in accepting],
        ),
        (
            "Take the ERP’s amount, or keep ours",
            [f"{p.name} ({up_to(p)}, of one reading)" for p in accepting],
        ),
        ("Retry (any amount)", some(lambda p: p.accepts)),
        ("Say whether a lost document arrived, close an alarm (any amount)", some(lambda p: p.accepts)),
        (
            "Reject, return or decline to return; take out or leave in the ERP what was changed there",
            some(lambda p: p.sends_back),
        ),
        (
            "Accept a difference as it is, with a note; read a batch again, check now",
            some(lambda p: p.decides),
        ),
        ("Let somebody act for them", some(lambda p: p.accepts)),
        (
            "Keep set-up, mapping, people, rules and settings, reset a link, let anybody act for an approver",
            some(lambda p: p.level >= ErpLevel.ADMIN),
        ),
    ]
    for right, words in RIGHT_WORDS.items():
        held = [(p.name, sum(role.has(right) for role in p.roles)) for p in working]
        rows.append((words, [f"{name} ({_projects(count)})" for name, count in held if count]))
    return rows


def _limit(limit: Decimal | None) -> str:
    return "no limit" if limit is None else f"up to {limit:,.2f}"


def _projects(count: int) -> str:
    return "1 project" if count == 1 else f"{count} projects"


def warnings(company: Company, people: list[Person], *, now: datetime) -> list[str]:
    """This function will say what an auditor would ask about, one sentence each."""
    working = [person for person in people if person.active]
    accepting = [person for person in working if person.accepts]
    said = []
    if not accepting:
        said.append("Nobody may accept a batch.")
    elif all(person.limit is not None for person in accepting):
        most = max(person.limit for person in accepting if person.limit is not None)
        said.append(f"Nobody may accept a batch that moves more than {most:,.2f} {company.currency}.")
    if not any(person.sends_back for person in working):
        said.append("Nobody may reject or return a batch.")
    if company.four_eyes and len(accepting) == 1:
        said.append(f"{accepting[0].name} alone may accept, so what they prepare themselves nobody can.")
    if not company.four_eyes:
        both = [p.name for p in accepting if any(role.has("send") for role in p.roles)]
        said += [f"Four eyes are off, and {name} may both send and accept." for name in both]
    said += [
        f"{p.name}’s login is locked, but rights are left." for p in people if not p.active and p.has_rights
    ]
    strangers = [p.user for p in working if p.has_rights and p.user.last_login is None]
    if strangers:
        said.append(f"Rights are left unused: {_all(strangers)} never logged in.")
    said += [
        f"{p.name} has an API token that is older than a year."
        for p in people
        if p.oldest_token and now - p.oldest_token > OLD_TOKEN
    ]
    said += [
        f"{p.name} is a superuser of this installation and may change everything in the administration."
        for p in working
        if p.user.is_superuser
    ]
    return said
