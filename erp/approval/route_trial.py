"""Trying out approval rules: which route a batch would take if it held this, moved that much, and was sent by her."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from budgets import money
from erp.approval import route_words, routes
from erp.approval.route_rules import gap
from erp.models import RuleKind
from projects.models import BudgetLevel, Company, ProjectRole
from workflow.numbers import number

HELD = (
    (RuleKind.ORIGINAL, "the original budget"),
    (RuleKind.MODIFICATION, "transfers"),
    (RuleKind.TOTAL, "a modification that changes the grand total"),
)
NO_AMOUNT = "Type what the batch moves, like 1,250.00: the steps and people depend on it."


@dataclass(frozen=True)
class Trial:
    """What was tried, and the route it would take; `steps` is None before anything was."""

    held: tuple[tuple[str, str], ...]
    senders: list[Any]
    kind: str = RuleKind.ORIGINAL
    sender: int | None = None
    typed: str = ""
    error: str = ""
    steps: list[route_words.ShownStep] | None = None
    gap: str = ""

    @property
    def words(self) -> str:
        """What was tried, in a sentence."""
        held = dict(self.held)[self.kind]
        name = next((one.get_full_name() for one in self.senders if one.pk == self.sender), "somebody else")
        return f"A batch with {held} that moves {self.typed}, sent by {name}, would go:"


def trial(company: Company, asked: Mapping[str, str]) -> Trial:
    """This function will work out the route of what was asked for, by the rules as they are now."""
    senders = _senders(company)
    kind = asked.get("held", "")
    kind = kind if kind in dict(HELD) else RuleKind.ORIGINAL
    sender, typed = number(asked.get("sender", "")), asked.get("amount", "").strip()
    asked_for = Trial(HELD, senders, kind, sender, typed)
    if not typed:
        return replace(asked_for, error=NO_AMOUNT) if "amount" in asked else asked_for
    try:
        moved = money.amount(typed)
    except money.NotExact as problem:
        return replace(asked_for, error=str(problem))
    carried = _carried(kind, moved)
    steps = routes.planned(company, carried)
    preparers = {sender} if company.four_eyes and sender is not None else set()
    circle = routes.circle_of(company, now=timezone.now(), preparers=preparers)
    left = gap(circle, routes.seats_of(steps), moved=moved)
    return replace(
        asked_for,
        typed=f"{moved:,.2f}",
        steps=route_words.shown_plan(steps, circle, moved=moved),
        gap=left.name if left else "",
    )


def _carried(kind: str, moved: Decimal) -> routes.Carried:
    return routes.Carried(
        moved=moved,
        original=kind == RuleKind.ORIGINAL,
        modification=kind != RuleKind.ORIGINAL,
        total=kind == RuleKind.TOTAL,
    )


def _senders(company: Company) -> list[Any]:
    """The people who work on the company's budgets."""
    roles = ProjectRole.objects.filter(project__company=company, level__gt=BudgetLevel.READ)
    people = get_user_model()._default_manager.filter(pk__in=roles.values("user"), is_active=True)
    return list(people.order_by("first_name", "last_name", "username"))
