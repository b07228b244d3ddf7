"""Whether the ERP still holds what was posted there: each reading of a posted budget is compared with our own sums."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef

from budgets.models import Budget, BudgetState, Hold
from budgets.services import lock_row
from erp import holds
from erp.documents import ZERO
from erp.models import Batch, BatchLine, BatchState, Connection, DocumentState, ErpReading, ReadingState
from erp.port import DocumentKind, ErpKey
from erp.snapshots import current_budget
from workflow import events

FRESH = timedelta(hours=1)


@dataclass(frozen=True)
class Drift:
    """One budget code that the ERP holds with another amount than was posted. Company currency."""

    key: ErpKey
    posted: Decimal  # our posted originals and modifications
    in_erp: Decimal  # the ERP's current budget; 0 where it lacks the code

    @property
    def difference(self) -> Decimal:
        """What the ERP holds more."""
        return self.in_erp - self.posted


def compare(budget: Budget, reading: ErpReading) -> list[Drift]:
    """This function will find the budget codes that were posted and that the ERP holds with another amount.

    Codes that only the ERP has are its own affair and no difference.
    """
    held = current_budget(reading)
    return [
        Drift(key, amount, held.get(key, ZERO))
        for key, amount in sorted(_posted(budget).items())
        if held.get(key, ZERO) != amount
    ]


def _posted(budget: Budget) -> dict[ErpKey, Decimal]:
    """Sum what was posted by the ERP's codes: of each line the newest original, and every modification."""
    posted = BatchLine.objects.filter(item__batch__budget=budget, item__document__state=DocumentState.POSTED)
    key = ("erp_job", "erp_cost_code", "erp_cost_type")
    originals = (
        posted.filter(item__kind=DocumentKind.ORIGINAL)
        .order_by("line_id", "-item__batch__number")
        .distinct("line_id")
        .values_list(*key, "target")
    )
    changes = posted.filter(item__kind=DocumentKind.MODIFICATION).values_list(*key, "delta").order_by()
    sums: dict[ErpKey, Decimal] = defaultdict(lambda: ZERO)
    for job, code, kind, amount in [*originals, *changes]:
        sums[ErpKey(job, code, kind)] += amount
    return dict(sums)


def check(reading: ErpReading, *, now: datetime) -> list[Drift]:
    """This function will compare a reading with a budget that is posted, and keep the number of differing lines on it.

    A budget that is out for a decision or for delivery is left alone: what it differs by is on its way.
    """
    with transaction.atomic():
        budget = lock_row(reading.budget)
        batch = budget.batches.order_by("-number").first()
        if batch is None or not _is_news(batch, reading) or budget.state == BudgetState.SENT:
            return []
        found = compare(budget, reading)
        before = holds.drift_of(budget, batch)
        since = before["since"] if before.get("lines") else now.isoformat()
        drift = {"batch": batch.number, "lines": len(found), "since": since}
        if found or before.get("lines"):
            budget.hold_data = {**budget.hold_data, "drift": drift}
            holds.refresh(budget, now=now)
        if len(found) != before.get("lines", 0):
            _tell(budget, batch, found, now=now)
        _prune(reading)
    return found


def _is_news(batch: Batch, reading: ErpReading) -> bool:
    """A reading from before the posting says nothing about it."""
    return (
        batch.state == BatchState.POSTED
        and batch.posted_at is not None
        and reading.made_at is not None
        and reading.made_at >= batch.posted_at
    )


def _tell(budget: Budget, batch: Batch, found: list[Drift], *, now: datetime) -> None:
    number = "1 line" if len(found) == 1 else f"{len(found)} lines"
    events.record(
        chain=budget.project.company_id,
        at=now,
        actor=None,
        action="compare",
        about=[budget, budget.project, batch],
        sentence=f"The ERP differs by {number} from what was posted"
        if found
        else "The ERP is in balance again",
        data={
            "lines": [[d.key.job, d.key.cost_code, d.key.cost_type, d.posted, d.in_erp] for d in found[:200]]
        },
    )


def _prune(reading: ErpReading) -> None:
    """Only the newest reading and those that decisions rest on are of use; a posted budget is read every hour."""
    decided = Batch.objects.filter(reading=OuterRef("pk"))
    ErpReading.objects.filter(
        ~Exists(decided), budget=reading.budget_id, state=ReadingState.MADE, pk__lt=reading.pk
    ).delete()


def due(connection: Connection, *, now: datetime) -> list[Budget]:
    """This function will find the posted budgets of a company that were not read within the hour."""
    fresh = ErpReading.objects.filter(budget=OuterRef("pk"), asked_at__gt=now - FRESH)
    return list(
        Budget.objects.filter(
            ~Exists(fresh), project__company=connection.company_id, hold__in=(Hold.POSTED, Hold.DIFFERS)
        )
        .exclude(state=BudgetState.SENT)
        .select_related("project")
    )


def linked(connection: Connection) -> list[Budget]:
    """This function will find every budget of a company whose project has a job in the ERP."""
    budgets = Budget.objects.filter(
        project__company=connection.company_id, project__jobs__erp_link__isnull=False
    )
    return list(budgets.select_related("project").distinct())
