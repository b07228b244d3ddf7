"""Reads for screens and the API: what Send would carry, who sees which batches, a batch's events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from budgets.models import Budget, BudgetLine
from erp.approval import routes
from erp.approval.approvers import NextRoute, next_route
from erp.backends import backend
from erp.blockers import open_remarks
from erp.documents import ZERO
from erp.line_codes import erp_key
from erp.models import OPEN, Batch, BatchLine, ErpReading
from erp.snapshots import (
    NewItem,
    current_budget,
    erp_connection,
    held_originals,
    latest_reading,
    new_items,
)
from erp.timeline.calls import about
from projects import permissions
from workflow.blockers import once_per_object
from workflow.events import events_about
from workflow.models import Event

__all__ = [
    "erp_totals",
    "line_in_erp",
    "open_batch",
    "open_remarks",
    "preview",
    "timeline",
    "visible_batches",
]


def visible_batches(user: Any) -> QuerySet[Batch]:
    """This function will find the batches of the companies whose queue a user may see; all others are a 404."""
    return Batch.objects.filter(
        budget__project__company__in=permissions.queue_companies(user)
    ).select_related("budget__project__company", "sent_by", "accepted_by", "sent_back_by")


def open_batch(budget: Budget) -> Batch | None:
    """This function will find the batch that is waiting or under way."""
    return budget.batches.filter(state__in=OPEN).first()


# -- before sending ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """What Send would put into a batch; amounts in company currency."""

    items: list[NewItem]
    route: NextRoute
    seconds: float  # how long the export takes at the ERP's allowed rate
    reading: ErpReading | None

    @property
    def moved(self) -> Decimal:
        """What its documents move."""
        return sum((item.moved for item in self.items), ZERO)

    @property
    def net(self) -> Decimal:
        """Sum of all deltas."""
        return sum((item.net for item in self.items), ZERO)

    @property
    def lines_changed(self) -> int:
        """Lines with a delta."""
        return sum(1 for item in self.items for row in item.lines if row.delta)


def preview(budget: Budget, *, user: Any, today: date) -> Preview:
    """This function will show exactly what Send would carry now, and who would decide."""
    reading = latest_reading(budget)
    items = new_items(budget, reading=reading, today=today)
    route = next_route(budget, user, carried=routes.carried_by(items))
    calls = sum(about(len(item.lines)) for item in items)
    connection = erp_connection(budget)
    rate = backend(connection.alias).requests_per_second if connection else 1.0
    return Preview(items, route, calls / rate, reading)


# -- what is under way, and what the ERP holds ----------------------------------------------------------


@dataclass(frozen=True)
class LineInErp:
    """The original amount that the ERP held for a line's budget code at `read_at`; None where nothing is known."""

    original: Decimal | None
    read_at: datetime | None


@dataclass(frozen=True)
class ErpTotals:
    """Company currency; `in_erp` is the ERP's current budget of the project's codes at `read_at`."""

    sent_not_posted: Decimal
    in_erp: Decimal | None
    read_at: datetime | None


def line_in_erp(line: BudgetLine) -> LineInErp:
    """This function will find what the ERP held for a line's budget code when it was last read."""
    reading, key = latest_reading(line.budget), erp_key(line)
    if reading is None:
        return LineInErp(None, None)
    return LineInErp(held_originals(reading).get(key, ZERO) if key else None, reading.made_at)


def erp_totals(budget: Budget) -> ErpTotals:
    """This function will sum what is under way and what the ERP held at the last reading."""
    reading = latest_reading(budget)
    on_its_way = (
        BatchLine.objects.filter(item__batch__budget=budget, item__batch__state__in=OPEN)
        .exclude(item__document__state="posted")
        .aggregate(total=Sum("delta"))["total"]
    )
    return ErpTotals(on_its_way or ZERO, in_erp(budget), reading.made_at if reading else None)


@once_per_object
def in_erp(budget: Budget) -> Decimal | None:
    """This function will sum all that the ERP held of a budget's job at the last reading, also on codes no line has."""
    reading = latest_reading(budget)
    return sum(current_budget(reading).values(), ZERO) if reading else None


# -- what happened ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """One entry of a batch's timeline."""

    event: Event
    duration: timedelta | None  # since the moment before

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.at

    @property
    def by_person(self) -> bool:
        """Whether a person acted, not Tieback."""
        return self.event.actor_pk is not None


def timeline(batch: Batch) -> list[Moment]:
    """This function will tell what happened to a batch, oldest first, with the time between."""
    moments, before = [], None
    for event in events_about(batch).order_by("at", "seq"):
        moments.append(Moment(event, event.at - before if before else None))
        before = event.at
    return moments
