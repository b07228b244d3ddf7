"""A company's health page: each check in words with what to do, the backlog by age, errors by cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from erp.health import checks as health
from erp.health.check_words import WORDS
from erp.health.checks import DEGRADED, OK, Check
from erp.models import Batch, BatchState, Call, Connection, Document, DocumentState, SyncRun
from erp.sync.models import UNDER_WAY
from erp.words import erp_name
from workflow.templatetags.figures import span

AGES = (
    ("under an hour", timedelta(hours=1)),
    ("today", timedelta(days=1)),
    ("up to 7 days", timedelta(days=7)),
)
TONES = {OK: ("good", "ok"), DEGRADED: ("warn", "look at it")}


@dataclass(frozen=True)
class Seen:
    """A check as people read it: its title, what it found, and what to do where it is not ok."""

    check: Check
    title: str
    says: str
    todo: str

    @property
    def tone(self) -> str:
        """The colour of its mark."""
        return TONES.get(self.check.state, ("bad", ""))[0]

    @property
    def word(self) -> str:
        """Its mark in words."""
        return TONES.get(self.check.state, ("", "failing"))[1]

    @property
    def limits(self) -> str:
        """After what time it is looked at and fails, in words; empty where time plays no part."""
        if self.check.limits is None:
            return ""
        degraded, failing = self.check.limits
        said = [f"to look at after {span(degraded)}"] if degraded is not None and degraded > 1 else []
        said += [f"failing after {span(failing)}"] if failing is not None else []
        return ", ".join(said)


@dataclass(frozen=True)
class Waiting:
    """One row of the backlog: how many are how old, and since when the oldest waits."""

    words: str
    counts: list[int]
    total: int
    oldest: datetime | None


@dataclass(frozen=True)
class Cause:
    """One cause of errors, and how often it came."""

    what: str
    words: str
    day: int
    week: int


@dataclass(frozen=True)
class HealthPage:
    """All of the page; `installation` concerns every company."""

    state: str
    company: list[Seen]
    installation: list[Seen]
    backlog: list[Waiting]
    causes: list[Cause]
    last_run: SyncRun | None
    next_run: datetime | None


def health_page(connection: Connection, *, now: datetime) -> HealthPage:
    """This function will look at everything a company's ERP admin may have to see to."""
    ours = health.of_connections(now=now, company=connection.company_id) if connection.enabled else []
    shared = health.of_installation()
    last = connection.sync_runs.exclude(state__in=UNDER_WAY).first()
    return HealthPage(
        state=health.worst([*ours, *shared]),
        company=[_in_words(check, connection) for check in ours],
        installation=[_in_words(check, connection) for check in shared],
        backlog=_backlog(connection, now),
        causes=_causes(connection, now),
        last_run=last,
        next_run=_next_run(connection),
    )


def _next_run(connection: Connection) -> datetime | None:
    """When beat rings next: an interval after the last run on schedule; unknown before the first."""
    last = connection.sync_runs.filter(asked_by=None, because="").first()
    return last.asked_at + timedelta(seconds=settings.SYNC_SECONDS) if last else None


# -- checks in words ----------------------------------------------------------------------------------------


def _in_words(check: Check, connection: Connection) -> Seen:
    title, words = WORDS[check.name]
    says, todo = words(check, erp_name(connection))
    return Seen(check, title, says, todo if check.state != OK else "")


# -- what waits, by age ---------------------------------------------------------------------------------------


def _backlog(connection: Connection, now: datetime) -> list[Waiting]:
    company = connection.company_id
    batches = Batch.objects.filter(budget__project__company=company, state=BatchState.WAITING)
    documents = Document.objects.filter(batch__budget__project__company=company)
    state, erp = DocumentState, erp_name(connection)
    rows: tuple[tuple[str, QuerySet[Any], str], ...] = (
        ("Waiting for a decision", batches, "sent_at"),
        ("On the way", documents.filter(state__in=[state.QUEUED, state.SENDING]), "state_since"),
        ("Not known whether it arrived", documents.filter(state=state.UNCONFIRMED), "state_since"),
        ("Refused", documents.filter(state=state.REFUSED), "state_since"),
        ("Being taken back", documents.filter(state=state.WITHDRAWING), "state_since"),
        (f"In {erp}, not posted", documents.filter(state=state.DELIVERED), "state_since"),
    )
    return [_by_age(words, found, since, now) for words, found, since in rows]


def _by_age(words: str, rows: QuerySet[Any], since: str, now: datetime) -> Waiting:
    """Count rows by how long ago `since` was, youngest first; the last count holds all that are older."""
    bounds = [now - age for _, age in AGES]
    counted = {
        f"upto_{place}": Count("pk", filter=Q(**{f"{since}__gt": bound}))
        for place, bound in enumerate(bounds)
    }
    told = rows.order_by().aggregate(total=Count("pk"), oldest=Min(since), **counted)
    upto = [told[name] for name in counted] + [told["total"]]
    counts = [upto[0]] + [later - sooner for sooner, later in zip(upto, upto[1:], strict=False)]
    return Waiting(words, counts, told["total"], told["oldest"])


# -- what went wrong, by cause --------------------------------------------------------------------------------

OUTCOMES = {
    "refused": "the ERP said no",
    "unavailable": "no answer, nothing was written",
    "": "no answer noted",
}


def _causes(connection: Connection, now: datetime) -> list[Cause]:
    """What failed in the last day and week: calls by outcome, refusals by their code, runs by what they say."""
    week, day = now - timedelta(days=7), now - timedelta(days=1)
    company = connection.company_id
    calls = (
        Call.objects.filter(document__batch__budget__project__company=company, sent_at__gt=week)
        .exclude(outcome="done")
        .order_by()
        .values("outcome", "status")
        .annotate(week=Count("pk"), day=Count("pk", filter=Q(sent_at__gt=day)))
    )
    found = [
        Cause("A call", _outcome(one["outcome"], one["status"]), one["day"], one["week"]) for one in calls
    ]
    refused: dict[str, list[int]] = {}
    documents = Document.objects.filter(
        batch__budget__project__company=company, state=DocumentState.REFUSED, state_since__gt=week
    )
    for findings, since in documents.values_list("findings", "state_since"):
        for message in {str(finding.get("message", "")) for finding in findings}:
            counts = refused.setdefault(message, [0, 0])
            counts[0] += since > day
            counts[1] += 1
    found += [Cause("A refusal", words, *counts) for words, counts in refused.items()]
    runs = (
        connection.sync_runs.filter(asked_at__gt=week)
        .exclude(error="")
        .order_by()
        .values("error")
        .annotate(week=Count("pk"), day=Count("pk", filter=Q(asked_at__gt=day)))
    )
    found += [Cause("A sync", one["error"], one["day"], one["week"]) for one in runs]
    return sorted(found, key=lambda cause: (-cause.day, -cause.week, cause.words))


def _outcome(outcome: str, status: int | None) -> str:
    said = OUTCOMES.get(outcome, outcome)
    return f"{said} (HTTP {status})" if status else said
