"""Up to what somebody may decide now, through whose right: one answer for acceptance, differences, words by hand.

A person's own right comes first, then what was lent to them; the rules are in `route_rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from budgets.models import Budget
from erp.approval import route_words, routes
from erp.approval.route_rules import Circle, Seat, Way, reaches, way_through, ways
from erp.documents import ZERO
from erp.models import Batch
from projects.models import Company
from workflow.blockers import once_per_object
from workflow.people import name_of

ANYTHING = Seat("", None, last=True)  # what lets amounts go, without a route


def _nothing(person: int) -> Decimal:
    return ZERO


def _company(about: Batch | Budget) -> Company:
    budget = about.budget if isinstance(about, Batch) else about
    company: Company = budget.project.company
    return company


@once_per_object
def people(about: Batch | Budget) -> Circle:
    """This function will read who may let amounts go to the ERP now, and who acts for whom: other eyes ask nothing."""
    return routes.circle_of(_company(about), now=routes.moment_of(about), preparers=())


def through(
    about: Batch | Budget, user: Any, *, moved: Decimal, before: Callable[[int], Decimal] = _nothing
) -> Way | None:
    """This function will find through whose right a person may let an amount go: their own, or one lent to them."""
    return way_through(people(about), user.pk, moved=moved, before=before)


def others(about: Batch | Budget, user: Any, *, moved: Decimal) -> str:
    """This function will name who else may let an amount go, and for whom."""
    found = ways(people(about), ANYTHING, moved=moved)
    return route_words.said([way for way in found if way.taker != user.pk]) or "nobody yet"


def limits(circle: Circle, user: Any, *, used: frozenset[int] = frozenset()) -> str:
    """This function will say up to what: "5.00, for Jonas Lindqvist up to 900.00"; nothing where there is no limit."""
    mine = reaches(circle, user.pk)
    if any(reach.limit is None for reach in mine):
        return ""
    lent = [reach for reach in mine if reach.way.lender and not reach.way.people & (circle.preparers | used)]
    lenders = get_user_model()._default_manager.in_bulk([reach.acting for reach in lent])
    own = [f"{reach.limit:,.2f}" for reach in mine if reach.way.lender is None]
    return ", ".join(
        [*own, *(f"for {name_of(lenders[reach.acting])} up to {reach.limit:,.2f}" for reach in lent)]
    )


def for_whom(lender: Any) -> str:
    """This function will say on whose behalf, as the end of a sentence; nothing in one's own right."""
    return f", for {name_of(lender)}" if lender else ""
