"""How the way into the ERP does, as checks with limits: for a company's health page, and for whoever watches the site.

Never asks the ERP, and takes a few queries on indexes. A check is ok, degraded or failing by its limits, which come
from the environment (`ERP_HEALTH`): seconds after which it is degraded, and after which it is failing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q

from erp.delivery.claims import claimable
from erp.health import heartbeat
from erp.models import Circuit, Connection, Document, DocumentState, Notice

OK, DEGRADED, FAILING = "ok", "degraded", "failing"
ORDER = (OK, DEGRADED, FAILING)


@dataclass(frozen=True)
class Check:
    """One thing that is looked at. `seconds` is how long it has been so, None where it never was or is not so at all.

    `limits` are the seconds after which it is degraded and failing, None for never.
    """

    name: str
    state: str = OK
    seconds: float | None = None
    count: int | None = None
    limits: tuple[float | None, float | None] | None = None

    def told(self) -> dict[str, Any]:
        """This function will tell it as JSON, without names of companies, people or codes."""
        said: dict[str, Any] = {"status": self.state}
        if self.seconds is not None:
            said["seconds"] = round(self.seconds)
        if self.count is not None:
            said["count"] = self.count
        if self.limits is not None:
            said["degraded_after"], said["failing_after"] = self.limits
        return said


def worst(checks: Iterable[Check]) -> str:
    """This function will name the worst state among checks."""
    return max((check.state for check in checks), key=ORDER.index, default=OK)


def aged(name: str, seconds: float | None, *, count: int | None = None, missing: str = OK) -> Check:
    """This function will judge how long something has been so by the limits of that name.

    `missing` is the state where it never was.
    """
    limits = settings.ERP_HEALTH[name]
    if seconds is None:
        return Check(name, missing, None, count, limits)
    degraded, failing = limits
    state = OK
    if degraded is not None and seconds >= degraded:
        state = DEGRADED
    if failing is not None and seconds >= failing:
        state = FAILING
    return Check(name, state, seconds, count, limits)


def of_installation() -> list[Check]:
    """This function will look at what all companies share: whether beat and the workers live."""
    ages = heartbeat.ages()
    return [
        aged("worker", ages.get(heartbeat.WORKER, ages.get(heartbeat.SWEEP)), missing=FAILING),
        aged("beat", ages.get(heartbeat.SWEEP), missing=FAILING),
    ]


def of_connections(*, now: datetime, company: int | None = None) -> list[Check]:
    """This function will look at the connections in use, all or a company's, and at what waits over them."""
    connections = Connection.objects.filter(enabled=True)
    documents, notices = Document.objects.all(), Notice.objects.filter(sent_at=None, gave_up_at=None)
    if company is not None:
        connections = connections.filter(company=company)
        documents = documents.filter(batch__budget__project__company=company)
        notices = notices.filter(company=company)
    rows: Sequence[Mapping[str, Any]] = list(
        connections.values("pk", "stopped_at", "verified_at", "synced_at")
    )
    return [
        *_connections([{**row} for row in rows], now),
        *_documents(documents, now),
        _aged_since("mail", now, **notices.aggregate(since=Min("created_at"), count=Count("pk"))),
    ]


def _connections(rows: Sequence[Mapping[str, Any]], now: datetime) -> list[Check]:
    stopped = sum(1 for row in rows if row["stopped_at"])
    unverified = sum(1 for row in rows if not row["verified_at"] and not row["stopped_at"])
    reading = [row for row in rows if not row["stopped_at"]]
    synced = [row["synced_at"] for row in reading if row["synced_at"]]
    never = len(reading) - len(synced)
    oldest = (now - min(synced)).total_seconds() if synced else None
    read = aged("sync", oldest, count=len(reading), missing=DEGRADED if never else OK)
    silent = Circuit.objects.filter(
        opened_at__isnull=False, connection__in=[row["pk"] for row in reading]
    ).aggregate(since=Min("silent_since"), count=Count("pk"))
    return [
        Check("stopped", FAILING if stopped else OK, count=stopped),
        Check("verified", DEGRADED if unverified else OK, count=unverified),
        _aged_since("silent", now, **silent),
        Check(
            "sync",
            max(read.state, DEGRADED if never else OK, key=ORDER.index),
            oldest,
            read.count,
            read.limits,
        ),
    ]


def _documents(documents: Any, now: datetime) -> list[Check]:
    """Documents that are due and not taken, whose fate is unknown, and that wait for a person."""
    overdue = claimable().filter(pk__in=documents.values("pk"))
    unknown, refused = Q(state=DocumentState.UNCONFIRMED), Q(state=DocumentState.REFUSED)
    told: Mapping[str, Any] = documents.filter(unknown | refused).aggregate(
        unconfirmed=Min("state_since", filter=unknown),
        unconfirmed_count=Count("pk", filter=unknown),
        refused=Min("state_since", filter=refused),
        refused_count=Count("pk", filter=refused),
    )
    return [
        _aged_since("waiting", now, **overdue.aggregate(since=Min("not_before"), count=Count("pk"))),
        _aged_since("unconfirmed", now, since=told["unconfirmed"], count=told["unconfirmed_count"]),
        _aged_since("refused", now, since=told["refused"], count=told["refused_count"]),
    ]


def _aged_since(name: str, now: datetime, *, since: datetime | None, count: int) -> Check:
    return aged(name, max((now - since).total_seconds(), 0.0) if since else None, count=count)
