"""The waiting batches whose due step somebody can take, as one condition for the queue and its counts.

The same rules as `route_rules`, said to the database; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from erp.approval.routes import in_effect
from erp.models import BatchPreparer, BatchState, BatchStep
from projects.models import Direction, ErpLevel, Membership


def takeable(memberships: Sequence[Membership], *, now: datetime) -> Q:
    """This function will describe the batches whose due step the person of these memberships can take."""
    deciding = [
        row
        for row in memberships
        if row.can_push and row.erp_level >= ErpLevel.STANDARD and row.direction != Direction.BACK
    ]
    if not deciding:
        return Q(pk__in=())
    person = deciding[0].user_id
    if "lenders" not in deciding[0].__dict__:  # the queue and its counts ask with the same memberships
        deciding[0].__dict__["lenders"] = _lenders(deciding, now)
    lenders = deciding[0].__dict__["lenders"]
    found = Q(pk__in=())
    for row in deciding:
        ways = _in_own_right(person, row.approval_limit)
        for lender, own_limit, lent in lenders.get(row.company_id, ()):
            ways |= _in_own_right(lender, own_limit) & ~_barred(lender) & Q(moved__lte=lent)
        found |= Q(budget__project__company=row.company_id) & ways
    return Q(state=BatchState.WAITING) & ~_barred(person) & found


def _lenders(
    memberships: Sequence[Membership], now: datetime
) -> dict[int, list[tuple[int, Decimal | None, Decimal]]]:
    """Who lent to the person and may push to accounting themselves, by company: (id, own limit, what was lent)."""
    rows = in_effect(now).filter(
        to_user=memberships[0].user_id,
        company__in=[row.company_id for row in memberships],
        from_user__is_active=True,
        from_user__memberships__company=F("company"),
        from_user__memberships__can_push=True,
        from_user__memberships__erp_level__gte=ErpLevel.STANDARD,
        from_user__memberships__direction__in=[Direction.BOTH, Direction.OUT],
    )
    found: dict[int, list[tuple[int, Decimal | None, Decimal]]] = {}
    for company, *lent in rows.values_list(
        "company", "from_user", "from_user__memberships__approval_limit", "limit"
    ):
        found.setdefault(company, []).append((lent[0], lent[1], lent[2]))
    return found


def _open() -> QuerySet[BatchStep]:
    return BatchStep.objects.filter(needed=True, taken_by=None)


def _after_another() -> Exists:
    """Whether a step has an open one before it."""
    before = _open().filter(batch=OuterRef("batch"), position__lt=OuterRef("position"))
    return Exists(before)


def _in_own_right(person: int, limit: Decimal | None) -> Q:
    steps = _open().filter(batch=OuterRef("pk"))
    due = steps.filter(~_after_another()).filter(Q(anybody=True) | Q(people__user=person))
    reached = Q(Exists(due))
    if limit is not None:  # it counts at the last step
        reached &= Q(moved__lte=limit) | Q(Exists(steps.filter(_after_another())))
    return reached


def _barred(person: int) -> Q:
    """Batches the person prepared, or has used their step of."""
    prepared = BatchPreparer.objects.filter(batch=OuterRef("pk"), user=person)
    taken = BatchStep.objects.filter(Q(taken_by=person) | Q(on_behalf_of=person), batch=OuterRef("pk"))
    return Q(four_eyes=True) & Q(Exists(prepared)) | Q(Exists(taken))
