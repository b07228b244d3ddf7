"""A test send: who may ask for one, where it may go, and asking. The writing itself is in `trials`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from budgets.errors import InvalidInput
from erp import bell
from erp.documents import mint_number
from erp.models import Connection, ErpJob
from erp.port import JobStatus
from erp.rights import may_administer
from erp.setup.connection_actions import erp_silent, not_in_use
from erp.setup.models import OPEN_TESTS, TestSend
from erp.words import erp_name
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker


def is_test(alias: str) -> bool:
    """This function will tell whether the settings declare an ERP as one for tests."""
    return bool(settings.ERP_BACKENDS.get(alias, {}).get("TEST"))


def jobs_for_a_test(connection: Connection) -> QuerySet[ErpJob]:
    """This function will find the main jobs that a made-up document could be written to, by code."""
    rows = ErpJob.objects.filter(connection=connection, gone_at=None, parent_code="", writable=True)
    return rows.filter(status=JobStatus.STARTED).order_by("code")


@blocker("not_a_test_erp", Kind.STATE)
def not_a_test_erp(connection: Connection, user: Any) -> Found | None:
    """Nothing made up is ever written to books that count."""
    if is_test(connection.alias):
        return None
    return Found(
        f"{erp_name(connection)} of this connection is not declared as a test, so nothing made up is written to it. "
        "Whoever runs Tieback can declare a test tenant in the environment (the README says how)."
    )


@blocker("no_job_for_a_test", Kind.STATE)
def no_job_for_a_test(connection: Connection, user: Any) -> Found | None:
    """The made-up document needs a started job."""
    if jobs_for_a_test(connection).exists():
        return None
    return Found(f"No started job is known. Start one in {erp_name(connection)}, then sync.")


@blocker("test_under_way", Kind.WAITING)
def test_under_way(connection: Connection, user: Any) -> Found | None:
    """One test at a time."""
    row = connection.test_sends.filter(state__in=OPEN_TESTS).first()
    return Found(f"A test is {row.get_state_display()} right now.", since=row.asked_at) if row else None


register(
    Action(
        name="test_send",
        model=Connection,
        label="Test send",
        permission=may_administer,
        problems=(not_a_test_erp, not_in_use, erp_silent, no_job_for_a_test, test_under_way),
        tone="primary",
    )
)


def ask_for_test(connection: Connection, *, user: Any, now: datetime, job: str) -> TestSend:
    """This function will let a worker push a small made-up document to a test ERP and take it out again."""
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",)).select_related("company")
        row = rows.get(pk=connection.pk)
        ensure(row, "test_send", user)
        if not jobs_for_a_test(row).filter(code=job).exists():
            raise InvalidInput({"job": "Choose one of the started jobs."})
        made = TestSend.objects.create(
            connection=row,
            asked_by=user,
            asked_at=now,
            alias=row.alias,
            erp_company=row.erp_company,
            job=job,
            number=mint_number(settings.TIEBACK_NUMBER_PREFIX),
            next_at=now,
        )
        events.record(
            chain=row.company_id,
            at=now,
            actor=user,
            action="test_send",
            about=[row],
            sentence=f"Asked for a test send to job {job}",
        )
        bell.ring("run_test_send", made.pk)
    return made
