"""Celery tasks: load, one call. Every task may come twice, late or never."""

from __future__ import annotations

from contextlib import suppress

from celery import shared_task
from django.contrib.auth import get_user_model
from django.utils import timezone

from erp import bell, holds
from erp.delivery import circuit, outbox
from erp.health import heartbeat
from erp.mail import digest
from erp.mail import sending as mail_queue
from erp.models import Connection, ErpReading, LinkReset, ReadingState, SyncRun
from erp.posting import polling as posting
from erp.posting import reminders
from erp.reset import cutting
from erp.setup import connecting_actions as setup_actions
from erp.setup import stopping as connections
from erp.setup import trials
from erp.sync import readings
from erp.sync import runs as sync_runs
from erp.sync import syncing as sync
from erp.sync.models import SyncState
from workflow import submissions


@shared_task
def deliver(document_id: int, **later: object) -> None:
    """Do what is due for a document."""
    outbox.work_on(document_id)


@shared_task
def make_reading(reading_id: int, **later: object) -> None:
    """Read the ERP for somebody who asked."""
    reading = ErpReading.objects.select_related("budget__project__company").filter(pk=reading_id).first()
    if reading and reading.state == ReadingState.ASKED:
        readings.make(reading, now=timezone.now())


@shared_task
def poll_postings(**later: object) -> None:
    """Ask for the postings that are due."""
    posting.poll(now=timezone.now())


@shared_task
def remind_of_postings(**later: object) -> None:
    """Remind approvers of what waits to be posted longer than usual."""
    reminders.remind(now=timezone.now())


@shared_task
def name_who_decides(company_id: int | None = None, **later: object) -> None:
    """Let what waits for accounting name who can decide it now."""
    holds.name_who_decides(now=timezone.now(), company=company_id)


@shared_task
def write_daily_mails(**later: object) -> None:
    """Write the daily mails whose hour has come."""
    digest.write(now=timezone.now())


@shared_task
def sweep(**later: object) -> None:
    """Find work whose bell was not heard."""
    heartbeat.beat(heartbeat.SWEEP)
    outbox.sweep()
    sync_runs.sweep(now=timezone.now())
    cutting.sweep()
    trials.sweep(now=timezone.now())


@shared_task
def run_test_send(test_id: int, **later: object) -> None:
    """Write a test and take it out again."""
    trials.run(test_id, now=timezone.now())


@shared_task
def send_notices(**later: object) -> None:
    """Send the mails that wait."""
    mail_queue.send_waiting(now=timezone.now())


@shared_task
def sync_reference_data(connection_id: int | None = None, whole: bool = False, **later: object) -> None:
    """Read what changed of one company's jobs and codes, or all; or ring for each: one that fails is no other's loss.

    The hourly ring, which names no company, also clears away the answers to old forms, old runs and old mails. A
    company that is being read already is left to that run.
    """
    in_use = Connection.objects.filter(enabled=True, stopped_at=None).select_related("company")
    if connection_id is None:
        submissions.forget_old(now=timezone.now())
        sync_runs.forget_old(now=timezone.now())
        mail_queue.forget_old(now=timezone.now())
        for key in in_use.order_by("pk").values_list("pk", flat=True):
            bell.ring("sync_reference_data", key)
    else:
        for connection in in_use.filter(pk=connection_id):
            if not circuit.open_circuit(connection):  # else it is read at the next ring after the ERP is back
                with suppress(sync_runs.AlreadyReading):
                    sync.sync_company(connection, now=timezone.now(), whole=whole)


@shared_task
def make_sync(run_id: int, **later: object) -> None:
    """Do a run that was asked for, unless another worker has it."""
    run = SyncRun.objects.select_related("connection__company").filter(pk=run_id).first()
    if run and run.state == SyncState.ASKED:
        with suppress(sync_runs.LostRun):
            sync.make_asked(run, now=timezone.now())


@shared_task
def read_companies(alias: str, **later: object) -> None:
    """Read which companies an ERP has, for somebody who connects one."""
    setup_actions.read_companies(alias, now=timezone.now())


@shared_task
def clear_link(reset_id: int, **later: object) -> None:
    """Do the next step of a link's reset that was confirmed."""
    reset = LinkReset.objects.select_related("confirmed_by").filter(pk=reset_id, state="clearing").first()
    if reset:
        cutting.go_on(reset, now=timezone.now())


@shared_task
def verify_connection(connection_id: int, user_id: int, **later: object) -> None:
    """Check the ERP's own names and rights for somebody who asked."""
    connection = Connection.objects.select_related("company").get(pk=connection_id)
    connections.verify(connection, user=get_user_model().objects.get(pk=user_id), now=timezone.now())


@shared_task
def probe_connection(connection_id: int, **later: object) -> None:
    """Ask a silent ERP whether it is back."""
    for connection in Connection.objects.select_related("company").filter(pk=connection_id):
        connections.probe(connection, now=timezone.now())


@shared_task
def follow_mapping(connection_id: int, **later: object) -> None:
    """Count what is to do again after codes were mapped anew, and read the ERP for approvers whom it concerns."""
    connection = Connection.objects.select_related("company").get(pk=connection_id)
    sync.recount(connection.company, now=timezone.now())
    readings.ask_again(connection, now=timezone.now())
