"""The daily mail: what waits for each approver, once a day by the company's own calendar."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse

from erp.mail import mails
from erp.models import Batch, BatchState, DailyMail
from erp.posting import reminders, waiting
from erp.queue import listing as queue
from erp.queue import row_words
from erp.words import erp_of
from projects import permissions
from projects.models import Company
from workflow.people import name_of
from workflow.templatetags.figures import span

log = logging.getLogger(__name__)

APART = timedelta(hours=6)  # two daily mails of a company, even where its time zone was changed in between
MOST = 40  # batches listed in each part of a mail; sums and counts are of all
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Listed:
    """One batch as the mail lists it."""

    project: str
    number: int
    what: str
    moved: Decimal
    sender: str
    age: str
    round: int
    link: str


@dataclass(frozen=True)
class Waits:
    """What waits for one person in one company."""

    mine: list[Listed] = field(default_factory=list)
    mine_count: int = 0
    moved: Decimal = ZERO
    attention: list[Listed] = field(default_factory=list)
    attention_count: int = 0
    overdue: list[Listed] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing is for this person to do: what only an accountant can post makes no mail of its own."""
        return not (self.mine_count or self.attention_count)

    @property
    def mine_more(self) -> int:
        """How many of the person's own are not listed."""
        return self.mine_count - len(self.mine)

    @property
    def attention_more(self) -> int:
        """How many others are not listed."""
        return self.attention_count - len(self.attention)


def write(*, now: datetime) -> int:
    """This function will write the daily mails that are due, each once a day. Returns how many it wrote.

    Where nobody ran it at the hour it writes them later on the same day; a day that is over is left out.
    """
    written = 0
    for company in Company.objects.order_by("pk"):
        try:
            written += _of_company(company, now)
        except Exception:  # one company's trouble is no other's
            log.exception("the daily mail of company %s was not written", company.code)
    return written


def _of_company(company: Company, now: datetime) -> int:
    local = now.astimezone(ZoneInfo(company.time_zone))
    if local.hour < company.digest_hour:
        return 0
    days = DailyMail.objects.filter(company=company)
    if days.filter(day=local.date()).exists() or days.filter(at__gt=now - APART).exists():
        return 0
    # Nothing is locked while the mails are rendered. Two workers, or one that died half way, write each of them once
    # all the same: its key names day and reader.
    written = sum(_to(reader, company, now, local) for reader in permissions.who_may_decide(company))
    DailyMail.objects.get_or_create(company=company, day=local.date(), defaults={"at": now})
    return written


def _to(reader: Any, company: Company, now: datetime, local: datetime) -> int:
    waits = waits_for(reader, company, now=now)
    if waits.empty:
        return 0
    told = mails.write(
        company=company,
        to=[reader],
        kind="digest",
        key=f"digest:{company.pk}:{local:%Y-%m-%d}",
        subject=f"{_in_short(waits)}: {company.name}",
        template="digest",
        path=f"{reverse('admin:erp_batch_changelist')}?queue={'mine' if waits.mine_count else 'attention'}",
        button="Open the queue",
        waits=waits,
        erp=erp_of(company),
        day=local,
    )
    return len(told)


def _in_short(waits: Waits) -> str:
    said = []
    if waits.mine_count:
        said.append(f"{waits.mine_count} to decide")
    if waits.attention_count:
        said.append(f"{waits.attention_count} need{'s' if waits.attention_count == 1 else ''} attention")
    return ", ".join(said)


def waits_for(reader: Any, company: Company, *, now: datetime) -> Waits:
    """This function will find what waits for a person: theirs to decide, what needs attention, what is overdue."""
    memberships = [row for row in queue.desk_memberships(reader) if row.company_id == company.pk]
    rows = queue.queue(reader, memberships, now=now)
    seen = rows.filter(budget__project__company=company).order_by("sent_at", "pk")
    mine, attention = seen.filter(queue.mine(memberships, now=now)), seen.filter(queue.ATTENTION)
    return Waits(
        mine=[_listed(batch, now) for batch in mine[:MOST]],
        mine_count=mine.count(),
        moved=mine.order_by().aggregate(sum=Sum("moved"))["sum"] or ZERO,
        attention=[_listed(batch, now) for batch in attention[:MOST]],
        attention_count=attention.count(),
        overdue=_overdue(seen, company, now),
    )


def _overdue(seen: Any, company: Company, now: datetime) -> list[Listed]:
    connection = getattr(company, "erp_connection", None)
    if connection is None:
        return []
    usual, found = waiting.usual(company), []
    there = seen.filter(state=BatchState.EXPORTED).exclude(queue.ATTENTION)
    for batch in there.prefetch_related("documents__item"):
        waits = waiting.waiting_of(batch, list(batch.documents.all()), usual_in=lambda _: usual)
        if waits and reminders.due_at(waits.since, connection, usual) <= now:
            found.append(_listed(batch, now, waits.since))
    return found[:MOST]


def _listed(batch: Batch, now: datetime, since: datetime | None = None) -> Listed:
    return Listed(
        project=str(batch.budget.project),
        number=batch.number,
        what=row_words.what(batch),
        moved=batch.moved,
        sender=name_of(batch.sent_by),
        age=span((now - (since or batch.state_since)).total_seconds()),
        round=batch.round,
        link=settings.BASE_URL + reverse("admin:erp_batch_change", args=[batch.pk]),
    )
