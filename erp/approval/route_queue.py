"""The waiting batches whose due step somebody can take, as one condition for the queue and its counts.

The same rules as `route_rules`, said to the database; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from erp.approval import routes
from erp.approval.route_rules import Circle
from erp.approval.routes import in_effect
from erp.models import Batch, BatchPreparer, BatchState, BatchStep
from projects.models import Direction, ErpLevel, Membership
from workflow.blockers import know


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
    reached = Q(state=BatchState.WAITING) & ~_barred(person) & found
    if "left_to_others" not in deciding[0].__dict__:
        deciding[0].__dict__["left_to_others"] = _left_to_others(person, deciding, now)
    return reached & ~Q(pk__in=deciding[0].__dict__["left_to_others"])


def _left_to_others(person: int, deciding: Sequence[Membership], now: datetime) -> list[int]:
    """The batches whose due step the person could take, but nobody would be left for a later one.

    Only the rules in Python know it, so those with steps to come are looked at one by one.
    """
    waiting = _open().filter(
        batch__state=BatchState.WAITING,
        batch__budget__project__company__in=[row.company_id for row in deciding],
    )
    several = waiting.order_by().values("batch").annotate(steps=Count("pk")).filter(steps__gt=1)
    rows = Batch.objects.filter(pk__in=several.values("batch")).select_related("budget__project__company")
    batches = list(rows.prefetch_related("preparers"))
    know_routes(batches, now=now)
    return [batch.pk for batch in batches if _ends_with(batch, person) and routes.gap_of(batch) is None]


def _ends_with(batch: Batch, person: int) -> bool:
    way = routes.way_for(batch, person)
    return way is not None and routes.left_without(batch, way) is not None


def know_routes(batches: Sequence[Batch], *, now: datetime) -> None:
    """This function will read the steps of many batches and who could take them, a company's people once."""
    steps: dict[int, list[BatchStep]] = {batch.pk: [] for batch in batches}
    rows = BatchStep.objects.filter(batch__in=steps, needed=True).select_related("taken_by", "on_behalf_of")
    for row in rows.prefetch_related("people").order_by("batch", "position") if steps else ():
        steps[row.batch_id].append(row)
    circles: dict[int, Circle] = {}
    for batch in batches:
        company = batch.budget.project.company
        if company.pk not in circles:
            circles[company.pk] = routes.circle_of(company, now=now, preparers=())
        know(routes.circle, batch, routes.with_preparers(circles[company.pk], batch))
        know(routes.steps_of, batch, steps[batch.pk])


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
