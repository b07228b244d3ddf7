"""Reminding approvers of a batch that waits to be posted longer than is usual in their company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch

from budgets.services import lock_row
from erp.mail import posting_notices
from erp.models import Batch, BatchState, Connection, Document, DocumentState, Reminder
from erp.posting import waiting
from projects.models import Company
from workflow import events
from workflow.people import name_of

LEAST_DAYS = 2  # working days, however fast a company usually is
TIMES = 2  # as long as usual
FRESH = timedelta(hours=1)  # nobody is reminded of what the ERP was not asked about since
SATURDAY = 5


def remind(*, now: datetime) -> int:
    """This function will remind of every batch that waits too long, once a span. Returns how many it reminded of."""
    in_use = Connection.objects.filter(enabled=True, stopped_at=None).exclude(reminder=Reminder.OFF)
    reminded = 0
    for connection in in_use.select_related("company"):
        if not _at_work(connection.company, now):
            continue
        usual = waiting.usual(connection.company)
        for batch in _waiting(connection, now):
            reminded += _remind(batch, connection, usual, now)
    return reminded


def due_at(since: datetime, connection: Connection, usual: waiting.Usual | None) -> datetime:
    """This function will say when somebody who waits since then is reminded of it (again)."""
    zone = ZoneInfo(connection.company.time_zone)
    if connection.reminder == Reminder.DAYS:
        return after_working_days(since, connection.reminder_days, zone)
    least = after_working_days(since, LEAST_DAYS, zone)
    return max(least, since + TIMES * usual.time) if usual else least


def after_working_days(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """This function will find the same time of day so many working days (Monday to Friday) later."""
    local = moment.astimezone(zone)
    while days:
        local += timedelta(days=1)
        days -= local.weekday() < SATURDAY
    return local


def _at_work(company: Company, now: datetime) -> bool:
    """On a working day, from the hour of the company's daily mail on."""
    local = now.astimezone(ZoneInfo(company.time_zone))
    return local.weekday() < SATURDAY and local.hour >= company.digest_hour


def _waiting(connection: Connection, now: datetime) -> Iterator[Batch]:
    """The batches of a company with documents that the ERP has lately said are not posted."""
    delivered = Document.objects.filter(batch=OuterRef("pk"), state=DocumentState.DELIVERED)
    unheard = delivered.exclude(answered_at__gte=now - FRESH, unanswered="")
    under_way = Batch.objects.filter(
        Exists(delivered),
        ~Exists(unheard),
        state__in=[BatchState.ACCEPTED, BatchState.EXPORTED],
        budget__project__company=connection.company_id,
    )
    items = Prefetch("documents", queryset=Document.objects.select_related("item"))
    yield from (
        under_way.select_related("budget__project__company__erp_connection")
        .prefetch_related(items)
        .iterator(200)
    )


def _remind(batch: Batch, connection: Connection, usual: waiting.Usual | None, now: datetime) -> int:
    waits = waiting.waiting_of(batch, list(batch.documents.all()), usual_in=lambda _: usual)
    if waits is None:
        return 0
    since = batch.reminded_at or waits.since
    if now < due_at(since, connection, usual):
        return 0
    with transaction.atomic():
        budget = lock_row(batch.budget)
        row = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        row.budget = budget
        if (row.state, row.reminded_at) != (batch.state, batch.reminded_at):
            return 0
        told = posting_notices.remind(row, waits, since=since, now=now)
        if not told:
            return 0
        row.reminded_at = now
        row.save(update_fields=["reminded_at"])
        names = ", ".join(name_of(reader) for reader in told)
        events.record(
            chain=connection.company_id,
            at=now,
            actor=None,
            action="remind",
            about=[budget, budget.project, row],
            sentence=f"Reminded {names} that batch {row.number} waits to be posted",
            note=waits.sentence(now),
            data={"told": names},
        )
    return 1
