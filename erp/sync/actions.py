"""Asking for a sync, and ending one: rules, actions and services. The reading itself is a worker's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from erp import bell
from erp.delivery import circuit
from erp.models import Connection, SyncRun
from erp.rights import may_administer
from erp.setup.connection_actions import erp_silent, not_in_use
from erp.sync import runs as sync_runs
from erp.sync.models import SyncKind, SyncState
from erp.words import erp_name
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker
from workflow.people import name_of

OLD_AFTER = timedelta(hours=4)  # then whoever is about to send is warned, and the codes are read again
AGAIN_AFTER = timedelta(hours=1)  # at the soonest, so that an ERP that refuses is not asked with every page


@blocker("connection_unverified", Kind.STATE)
def unverified(connection: Connection, user: Any) -> Found | None:
    """What the ERP calls its lists was never checked, or something was missing at the last check."""
    if connection.verified_at:
        return None
    return Found(
        "The connection was not verified, or something was missing at the last check. Verify it first."
    )


@blocker("sync_under_way", Kind.WAITING)
def sync_under_way(connection: Connection, user: Any) -> Found | None:
    """One run at a time reads a connection."""
    run = sync_runs.open_run(connection)
    if run is None:
        return None
    who = name_of(run.asked_by) if run.asked_by else "Tieback"
    state = "is being read" if run.started_at else "waits to be read"
    return Found(
        f"{erp_name(connection)} {state} already, asked for by {who}.",
        since=run.started_at or run.asked_at,
        link=reverse("admin:erp_sync_run", args=[connection.pk, run.pk]),
        link_label="Watch it",
    )


@blocker("sync_is_over", Kind.STATE)
def is_over(run: SyncRun, user: Any) -> Found | None:
    """There is nothing to end."""
    return None if run.under_way else Found("This run is over. What it read is kept.")


@blocker("sync_ends_already", Kind.WAITING)
def ends_already(run: SyncRun, user: Any) -> Found | None:
    """Somebody asked for it before."""
    if not run.under_way or run.cancel_asked_at is None:
        return None
    said = f"{name_of(run.cancelled_by)} cancelled this run; it ends before the next kind."
    return Found(said, since=run.cancel_asked_at)


PROBLEMS = (not_in_use, unverified, erp_silent, sync_under_way)
register(
    Action(name="sync", model=Connection, label="Sync now", permission=may_administer, problems=PROBLEMS),
    Action(
        name="sync_whole",
        model=Connection,
        label="Read everything",
        permission=may_administer,
        problems=PROBLEMS,
    ),
    Action(
        name="cancel_sync",
        model=SyncRun,
        label="Cancel this run",
        permission=may_administer,
        problems=(is_over, ends_already),
    ),
)


def ask_to_sync(
    connection: Connection, *, user: Any, now: datetime, whole: bool = False, only: str = ""
) -> SyncRun:
    """This function will let a worker read jobs and codes now instead of at the next run.

    All of them when `whole`, else what changed; of one kind alone with `only`.
    """
    with transaction.atomic():
        row = _locked(connection)
        ensure(row, "sync_whole" if whole else "sync", user)
        run = SyncRun.objects.create(connection=row, asked_by=user, asked_at=now, whole=whole, only=only)
        what = SyncKind(only).label.lower() if only else "jobs and codes"
        events.record(
            chain=row.company_id,
            at=now,
            actor=user,
            action="ask_to_sync",
            about=[row],
            sentence=f"Had all {what} read" if whole else f"Had {what} read",
        )
        bell.ring("make_sync", run.pk)
    return run


def cancel(run: SyncRun, *, user: Any, now: datetime) -> SyncRun:
    """This function will end a run before its next kind; one that no worker has begun ends at once."""
    with transaction.atomic():
        row = (
            SyncRun.objects.select_for_update(of=("self",))
            .select_related("connection__company")
            .get(pk=run.pk)
        )
        ensure(row, "cancel_sync", user)
        row.cancelled_by, row.cancel_asked_at = user, now
        row.save(update_fields=["cancelled_by", "cancel_asked_at"])
        if row.claim is None:
            sync_runs.end(row, SyncState.CANCELLED, now=now)
        events.record(
            chain=row.connection.company_id,
            at=now,
            actor=user,
            action="cancel_sync",
            about=[row.connection],
            sentence="Cancelled a run of reading jobs and codes",
        )
    return row


def freshen(connection: Connection, *, now: datetime) -> SyncRun | None:
    """This function will have old jobs and codes read again, once, for somebody who is about to send.

    None where they are no older than some hours, where a run is under way or was lately, or where nobody may ask.
    """
    if not is_old(connection, now=now):
        return None
    if not connection.enabled or connection.stopped_at or circuit.open_circuit(connection):
        return None
    with transaction.atomic():
        row = _locked(connection)
        lately = row.sync_runs.filter(asked_at__gt=now - AGAIN_AFTER)
        if sync_runs.open_run(row) or lately.exists():
            return None
        run = SyncRun.objects.create(
            connection=row, asked_at=now, because="Somebody was about to send on old data"
        )
        bell.ring("make_sync", run.pk)
    return run


def is_old(connection: Connection, *, now: datetime) -> bool:
    """This function will tell whether jobs and codes were read longer ago than people should rely on."""
    return connection.synced_at is not None and now - connection.synced_at >= OLD_AFTER


def _locked(connection: Connection) -> Connection:
    rows = Connection.objects.select_for_update(of=("self",)).select_related("company")
    return rows.get(pk=connection.pk)
