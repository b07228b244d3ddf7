"""What the ERP holds for a project: asked for by a service, read by a task, stored and hashed."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.db import transaction

from budgets.models import Budget
from budgets.services import lock_row
from erp import bell
from erp.backends import outside_transactions
from erp.decision.acceptance import weigh
from erp.delivery import circuit
from erp.line_codes import codes_on
from erp.models import Batch, BatchState, Connection, ErpReading, JobLink, ReadingState
from erp.port import ErpError, ErpMisconfigured, Reading
from erp.reconciliation import comparing as reconciliation
from erp.setup.stopping import stop
from erp.snapshots import erp_connection, latest_reading


def ask(budget: Budget, *, now: datetime) -> ErpReading:
    """This function will ask for a reading; one that is asked for already serves everybody."""
    waiting = budget.readings.filter(state=ReadingState.ASKED).first()
    reading = waiting or ErpReading.objects.create(budget=budget, asked_at=now)
    bell.ring("make_reading", reading.pk)
    return reading


def make(reading: ErpReading, *, now: datetime) -> ErpReading:
    """This function will read the ERP for a reading that was asked for, outside any transaction, and store it."""
    outside_transactions()
    connection = erp_connection(reading.budget)
    links = JobLink.objects.filter(job__project=reading.budget.project_id).select_related("erp_job")
    jobs = sorted(link.erp_job.code for link in links)
    if connection is None or not jobs:
        return _fail(reading, "the project is not linked to an ERP job.")
    if connection.stopped_at or not connection.enabled:  # asking with a refused log-in locks the account
        return _fail(reading, connection.stopped_because or "the connection is switched off.")
    try:
        with circuit.through(connection, now=now) as erp:
            held = erp.reading(connection.erp, jobs)
    except ErpMisconfigured as problem:
        stop(connection, because=str(problem), now=now)
        return _fail(reading, str(problem))
    except ErpError as problem:
        return _fail(reading, str(problem))
    _store(reading, held, now=now)
    reconciliation.check(reading, now=now)
    return reading


def _store(reading: ErpReading, held: Reading, *, now: datetime) -> ErpReading:
    reading.statuses = {job: status.value for job, status in sorted(held.statuses.items())}
    reading.rows = sorted(
        [
            r.key.job,
            r.key.cost_code,
            r.key.cost_type,
            r.name,
            f"{r.original:.2f}",
            f"{r.current:.2f}",
            r.active,
        ]
        for r in held.rows
    )
    reading.codes = codes_on(reading.budget)
    said = json.dumps([reading.statuses, reading.rows, reading.codes], ensure_ascii=False, sort_keys=True)
    reading.hash = hashlib.sha256(said.encode()).hexdigest()
    reading.made_at, reading.state, reading.error = now, ReadingState.MADE, ""
    _save_once(reading)
    return reading


def _fail(reading: ErpReading, why: str) -> ErpReading:
    reading.state, reading.error = ReadingState.FAILED, why
    _save_once(reading)
    return reading


def _save_once(reading: ErpReading) -> None:
    """Two tasks may have made the same reading: the first stands, though a newer one may have replaced it by now."""
    with transaction.atomic():
        budget = lock_row(reading.budget)
        row = ErpReading.objects.select_for_update().filter(pk=reading.pk).first()
        if row is None or row.state != ReadingState.ASKED:
            return
        reading.save()
        waiting = Batch.objects.select_for_update().filter(budget=budget, state=BatchState.WAITING).first()
        if waiting is not None and reading.state == ReadingState.MADE:
            waiting.budget = budget
            weigh(waiting, reading)


def mapped_anew(connection: Connection) -> list[Budget]:
    """This function will find the budgets that wait for accounting with codes mapped elsewhere since they were read."""
    waiting = Budget.objects.filter(project__company=connection.company_id, batches__state=BatchState.WAITING)
    anew = []
    for budget in waiting.select_related("project"):
        reading = latest_reading(budget)
        if reading is not None and reading.codes is not None and reading.codes != codes_on(budget):
            anew.append(budget)
    return anew


def ask_again(connection: Connection, *, now: datetime) -> None:
    """This function will ask for readings of the budgets whose codes were mapped anew."""
    for budget in mapped_anew(connection):
        with transaction.atomic():
            ask(lock_row(budget), now=now)
