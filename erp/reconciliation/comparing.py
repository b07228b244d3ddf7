"""Whether the ERP still holds what was posted there: each reading of a posted budget is compared with our own sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.urls import reverse

from budgets.models import Budget, BudgetState, Hold
from budgets.services import lock_row
from erp import holds
from erp.documents import ZERO
from erp.mail import notifications
from erp.models import (
    Batch,
    BatchState,
    BatchStep,
    Connection,
    Document,
    DocumentState,
    DriftSighting,
    ErpReading,
    ReadingState,
)
from erp.port import ErpKey
from erp.reconciliation.balance import beyond, not_seen
from erp.reconciliation.balance_facts import Facts, Key
from erp.reconciliation.balance_reads import (
    accepted_differences,
    account_of,
    held_by,
)
from erp.reset.link_epochs import past_ones
from workflow import events

FRESH = timedelta(hours=1)
BEING_WRITTEN = (BatchState.ACCEPTED, BatchState.EXPORTED)
WITH_US_AGAIN = (Hold.SENT_BACK, Hold.RETRIEVED, Hold.RETURNED)
CODE = ("erp_job", "erp_cost_code", "erp_cost_type")


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


@dataclass(frozen=True)
class Told:
    """One difference as a mail tells it."""

    label: str
    ours: Decimal
    theirs: Decimal | None


def compare(budget: Budget, reading: ErpReading) -> list[Drift]:
    """This function will find the budget codes that were posted and that the ERP holds with another amount.

    Codes that only the ERP has are its own affair and no difference. Nor did anybody there do anything where only a
    posting that was confirmed by hand has not shown: `posted` is then without it.
    """
    facts, found = account_of(budget, reading), []
    for key, amount in sorted(_codes(facts.posted or {})):
        held = facts.held.get(key)
        there = held.current if held else ZERO
        posted = amount + not_seen(there - amount, facts.by_hand.get(key, ZERO))
        if there != posted:
            found.append(Drift(key, posted, there))
    return found


def _codes(sums: Mapping[Key, Decimal]) -> list[tuple[ErpKey, Decimal]]:
    return [(key, amount) for key, amount in sums.items() if isinstance(key, ErpKey)]


def check(reading: ErpReading, *, now: datetime) -> list[Drift]:
    """This function will compare a reading with what was posted, and keep what differs and was not decided yet.

    A budget that is being written into the ERP is left alone: what it differs by may be on its way.
    """
    with transaction.atomic():
        budget = lock_row(reading.budget)
        on_its_way = Batch.objects.filter(budget=budget, state__in=BEING_WRITTEN).exists()
        if on_its_way or not is_news(budget, reading):
            return []
        found = compare(budget, reading)
        keep(budget, found, now=now)
        if budget.state != BudgetState.SENT:
            _prune(reading)  # whoever decides on a batch is told what moved since the reading they saw
    return found


def changed_there(budget: Budget, reading: ErpReading) -> dict[ErpKey, Decimal]:
    """This function will find what the ERP holds more than by our account, by code, but for what was accepted.

    Before the first posting that is what it holds beyond its own original. A reading that is older than the last
    posting says nothing about it. For a budget of which nothing is being written.
    """
    last = last_posting(budget)
    if last is not None and not is_news(budget, reading, last=last):
        return {}
    facts = Facts(held=held_by(reading)) if last is None else account_of(budget, reading)
    keys = {*facts.held, *(key for key in facts.posted or () if isinstance(key, ErpKey))}
    return {key: amount for key in keys if (amount := beyond(key, facts))}


def last_posting(budget: Budget) -> datetime | None:
    """This function will find when something of a budget was posted last."""
    posted = Document.objects.filter(batch__budget=budget, state=DocumentState.POSTED)
    last: datetime | None = posted.aggregate(last=Max("state_since"))["last"]
    return last


def is_news(budget: Budget, reading: ErpReading, *, last: datetime | None = None) -> bool:
    """This function will tell whether a reading is from after the last posting: an older one says nothing about it."""
    last = last or last_posting(budget)
    return last is not None and reading.made_at is not None and reading.made_at >= last


def keep(budget: Budget, found: Sequence[Drift], *, now: datetime) -> None:
    """This function will keep on a locked budget what differs undecided, and tell approvers what is new."""
    accepted = accepted_differences(budget)
    to_decide = [drift for drift in found if accepted.get(drift.key) != drift.difference]
    news = _sight(budget, to_decide, now=now)
    batch = budget.batches.order_by("-number").first()
    if batch is None or batch.state != BatchState.POSTED:
        return
    before = holds.drift_of(budget, batch)
    since = before["since"] if before.get("lines") else now.isoformat()
    if to_decide or before.get("lines") or holds.posted_otherwise(batch):
        drift = {"batch": batch.number, "lines": len(to_decide), "since": since}
        budget.hold_data = {**budget.hold_data, "drift": drift}
        holds.refresh(budget, now=now)
    if len(to_decide) != before.get("lines", 0):
        _tell(budget, batch, to_decide, now=now)
    if news:
        alarm(budget, news, now=now)


def alarm(budget: Budget, lines: Sequence[DriftSighting], *, now: datetime) -> None:
    """This function will tell the approvers of new differences."""
    told = [
        Told(f"{one.erp_job} {one.erp_cost_code} {one.erp_cost_type}", one.posted, one.found) for one in lines
    ]
    path = reverse("admin:erp_reconciliation_project", args=[budget.pk])
    notifications.tell_of_drift(budget, told, path=path, now=now)


def sighted(budget: Budget) -> dict[ErpKey, DriftSighting]:
    """This function will find the differences that were seen and are not over, by budget code."""
    return {row.key: row for row in sighted_in([budget.pk]).get(budget.pk, [])}


def sighted_in(budgets: Any) -> dict[int, list[DriftSighting]]:
    """This function will find the differences that were seen and are not over, by budget id (ids or their query)."""
    columns, found = ("budget", *CODE), defaultdict(list)
    rows = DriftSighting.objects.filter(budget__in=budgets)
    for row in rows.order_by(*columns, "-pk").distinct(*columns):
        if row.found is not None:
            found[row.budget_id].append(row)
    for budget, epoch in past_ones(list(found)).items():
        found[budget] = [row for row in found[budget] if epoch.since is None or row.seen_at > epoch.since]
    return {budget: rows for budget, rows in found.items() if rows}


def _sight(budget: Budget, to_decide: Sequence[Drift], *, now: datetime) -> list[DriftSighting]:
    """Write down what is new, and what is over. Returns the new ones."""
    before = sighted(budget)
    new = [
        DriftSighting(budget=budget, **_code(drift.key), posted=drift.posted, found=drift.in_erp, seen_at=now)
        for drift in to_decide
        if drift.key not in before or before[drift.key].difference != drift.difference
    ]
    open_now = {drift.key for drift in to_decide}
    over = [
        DriftSighting(budget=budget, **_code(key), posted=row.posted, found=None, seen_at=now)
        for key, row in before.items()
        if key not in open_now
    ]
    DriftSighting.objects.bulk_create([*over, *new], batch_size=2000)
    return new


def _code(key: ErpKey) -> dict[str, str]:
    return {"erp_job": key.job, "erp_cost_code": key.cost_code, "erp_cost_type": key.cost_type}


def _tell(budget: Budget, batch: Batch, found: Sequence[Drift], *, now: datetime) -> None:
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
    decided = Exists(Batch.objects.filter(reading=OuterRef("pk")))
    approved = Exists(BatchStep.objects.filter(reading=OuterRef("pk")))  # a step may rest on an older one
    older = ErpReading.objects.filter(budget=reading.budget_id, state=ReadingState.MADE, pk__lt=reading.pk)
    older.filter(~decided, ~approved).delete()


def due(connection: Connection, *, now: datetime) -> list[Budget]:
    """This function will find the posted budgets of a company that were not read within the hour.

    What was posted is watched, too, where a later batch came back.
    """
    fresh = ErpReading.objects.filter(budget=OuterRef("pk"), asked_at__gt=now - FRESH)
    counts = Document.objects.filter(batch__budget=OuterRef("pk"), state=DocumentState.POSTED)
    watched = Q(hold__in=(Hold.POSTED, Hold.DIFFERS)) | Q(Exists(counts), hold__in=WITH_US_AGAIN)
    return list(
        Budget.objects.filter(~Exists(fresh), watched, project__company=connection.company_id)
        .exclude(state=BudgetState.SENT)
        .select_related("project")
    )


def linked(connection: Connection) -> list[Budget]:
    """This function will find every budget of a company whose project has a job in the ERP."""
    budgets = Budget.objects.filter(
        project__company=connection.company_id, project__jobs__erp_link__isnull=False
    )
    return list(budgets.select_related("project").distinct())
