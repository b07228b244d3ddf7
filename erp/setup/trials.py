"""A test send at work: written through the real adapter, verified, taken out again, whatever happens in between.

The row is the queue, as for documents: a claim with a lease, every request on record before it leaves, and a sweep that
finds what a killed worker left. What was begun is always taken out; the only other end is `left`, said in words.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from erp import bell
from erp.backends import backend, outside_transactions
from erp.delivery.journal import LONGEST_ANSWER, LostClaim
from erp.port import (
    DocumentKind,
    ErpBackend,
    ErpCompany,
    ErpDocument,
    ErpError,
    ErpKey,
    ErpLine,
    ErpMisconfigured,
    ErpUnconfirmed,
    JobStatus,
    Reading,
    WithdrawState,
)
from erp.setup.models import OPEN_TESTS, TestSend, TestSendState
from erp.setup.trial_actions import is_test
from workflow import events

log = logging.getLogger(__name__)

AMOUNT = Decimal("1.00")
MOST_TRIES = 10  # to take a test out again
PAUSE = timedelta(minutes=2)


class CannotTest(Exception):
    """The job does not do for a test: says why. Nothing was written."""


class TrialJournal:
    """The journal of a test, kept on its row. See `erp.port.Journal`."""

    def __init__(self, test: TestSend, lease: timedelta) -> None:
        self.test, self.lease = test, lease

    def before(self, *, step: str, request_id: str, method: str, target: str, body: str) -> None:
        """Record the request and extend the claim; raises LostClaim."""
        told = {"step": step, "request_id": request_id, "method": method, "target": target, "body": body}
        with self._mine() as row:
            row.calls.append({**told, "sent_at": timezone.now().isoformat()})

    def after(self, *, request_id: str, status: int | None, answer: str, outcome: str) -> None:
        """Record what came back."""
        with self._mine() as row:
            for call in row.calls:
                if call["request_id"] == request_id and "outcome" not in call:
                    call |= {"status": status, "answer": answer[:LONGEST_ANSWER], "outcome": outcome}
                    call["answered_at"] = timezone.now().isoformat()

    def learned(self, *, route: str = "", erp_number: str = "") -> None:
        """Keep the route and the ERP's own number; raises LostClaim."""
        with self._mine() as row:
            row.route, row.erp_number = route or row.route, erp_number or row.erp_number

    @contextmanager
    def _mine(self) -> Iterator[TestSend]:
        """The row, locked while the claim is ours, and kept with a new lease."""
        with transaction.atomic():
            mine = TestSend.objects.select_for_update().filter(pk=self.test.pk, claim=self.test.claim)
            row = mine.first()
            if row is None:
                raise LostClaim(f"test {self.test.number} was taken from this worker")
            yield row
            row.next_at = timezone.now() + self.lease
            row.save()


def run(test_id: int, *, now: datetime) -> None:
    """This function will do what is due for a test: write it and take it out, or take out what is left of it."""
    outside_transactions()
    test = _claim(test_id, now=now)
    if test is None:
        return
    with suppress(LostClaim):
        try:
            erp = backend(test.alias)
            _work(test, erp, TrialJournal(test, timedelta(seconds=erp.lease_seconds)))
        except LostClaim:
            raise
        except Exception as problem:  # nobody foresaw it; an open test would keep the company from any other
            log.exception("test %s stumbled", test.number)
            _stumble(test, f"Tieback stumbled over it ({type(problem).__name__}: {problem}).")


def _claim(test_id: int, *, now: datetime) -> TestSend | None:
    """Take a test that is due; None when it is at its end or with another worker."""
    due = TestSend.objects.filter(Q(next_at=None) | Q(next_at__lte=now), pk=test_id, state__in=OPEN_TESTS)
    claim = uuid.uuid4()
    if not due.update(claim=claim, next_at=now + PAUSE):
        return None
    return TestSend.objects.select_related("connection__company").get(pk=test_id, claim=claim)


def _work(test: TestSend, erp: ErpBackend, journal: TrialJournal) -> None:
    if test.state == TestSendState.ASKED:
        try:
            _write(test, erp, journal)
        except (CannotTest, ErpError, ErpMisconfigured) as problem:
            _keep(test, trouble=str(problem))
            if not test.lines:  # nothing was written
                return _end(test, TestSendState.FAILED)
            if isinstance(problem, ErpUnconfirmed):  # a late write may still show: look when it must have
                _keep(test, next_at=timezone.now() + timedelta(seconds=erp.probe_seconds[-1]))
                return None
    _take_out(test, erp, journal)
    return None


def _write(test: TestSend, erp: ErpBackend, journal: TrialJournal) -> None:
    if not is_test(test.alias):
        raise CannotTest(f"{erp.name} is not declared as a test any more.")
    keys = _codes(erp.reading(_company(test), [test.job]), test.job)
    lines = [
        {**asdict(key), "delta": str(amount)} for key, amount in zip(keys, (AMOUNT, -AMOUNT), strict=True)
    ]
    _keep(test, state=TestSendState.WRITING, lines=lines)
    document = document_of(test)
    receipt = erp.push(document, journal)
    found = erp.find(document_of(test))
    if found is None:
        _keep(test, trouble="It was written, and then not found whole.")
    said = f"{receipt.lines} lines, {receipt.total:.2f} in all, number {receipt.erp_number or receipt.number}"
    _keep(test, receipt=said, state=TestSendState.TAKING_OUT)


def _company(test: TestSend) -> ErpCompany:
    """The company there as it was when the test was asked for, with the settings of now."""
    return replace(test.connection.erp, code=test.erp_company)


def _codes(reading: Reading, job: str) -> list[ErpKey]:
    """The two budget codes of the job that the made-up transfer goes between."""
    if reading.statuses.get(job) is not JobStatus.STARTED:
        raise CannotTest(f"Job {job} is not started there, or not visible to us. Choose another.")
    keys = [row.key for row in reading.rows if row.key.job == job and row.active][:2]
    if len(keys) < 2:
        raise CannotTest(f"Job {job} has fewer than two budget codes there. Choose another.")
    return keys


def document_of(test: TestSend) -> ErpDocument:
    """This function will return the made-up document as every step of the test sees it."""
    test.refresh_from_db(fields=["route", "erp_number", "lines"])
    return ErpDocument(
        company=_company(test),
        number=test.number,
        content_hash=test.number.encode().hex().ljust(64, "0")[:64],
        kind=DocumentKind.MODIFICATION,
        job=test.job,
        title="Tieback test, taken out again by itself",
        date=test.asked_at.date(),
        lines=tuple(
            ErpLine(
                ref=str(place),
                key=ErpKey(row["job"], row["cost_code"], row["cost_type"]),
                description="Tieback test",
                delta=Decimal(row["delta"]),
            )
            for place, row in enumerate(test.lines)
        ),
        route=test.route,
        erp_number=test.erp_number,
    )


def _take_out(test: TestSend, erp: ErpBackend, journal: TrialJournal) -> None:
    try:
        outcome = erp.withdraw(document_of(test), journal)
    except (ErpError, ErpMisconfigured) as problem:
        return _again(test, f"Taking it out: {problem}")
    if outcome.state is not WithdrawState.WITHDRAWN:
        _keep(test, trouble=f"{test.trouble} {outcome.note}".strip())
        return _end(test, TestSendState.LEFT)
    went = test.state == TestSendState.TAKING_OUT and not test.trouble
    return _end(test, TestSendState.DONE if went else TestSendState.FAILED)


def _stumble(test: TestSend, said: str) -> None:
    if test.lines:
        return _again(test, said)
    _keep(test, trouble=said[:2000])
    return _end(test, TestSendState.FAILED)  # nothing was written


def _again(test: TestSend, said: str) -> None:
    """Try to take it out again in a while; after some tries say that something may be left."""
    tries = test.tries_to_clean + 1
    _keep(test, tries_to_clean=tries, trouble=f"{test.trouble} {said}".strip()[:2000])
    if tries >= MOST_TRIES:
        return _end(test, TestSendState.LEFT)
    return _keep(test, next_at=timezone.now() + PAUSE)


def _keep(test: TestSend, **values: Any) -> None:
    """Keep values on the row and on the object, while the claim is ours."""
    if not TestSend.objects.filter(pk=test.pk, claim=test.claim).update(**values):
        raise LostClaim(f"test {test.number} was taken from this worker")
    for name, value in values.items():
        setattr(test, name, value)


SAID = {
    TestSendState.DONE: "Test send went through and was taken out again",
    TestSendState.FAILED: "Test send did not go through; nothing of it is left in the ERP",
    TestSendState.LEFT: "Test send could not be taken out: something of it may be left in the ERP",
}


def _end(test: TestSend, state: TestSendState) -> None:
    now = timezone.now()
    with transaction.atomic():
        _keep(test, state=state, ended_at=now, claim=test.claim, next_at=None)
        events.record(
            chain=test.connection.company_id,
            at=now,
            actor=None,
            action="test_send_ended",
            about=[test.connection],
            sentence=f"{SAID[state]} (job {test.job}, {test.number})",
            note=test.trouble,
        )


def sweep(*, now: datetime) -> int:
    """This function will ring for tests that wait or were left by a killed worker. Returns how many."""
    due = TestSend.objects.filter(Q(next_at=None) | Q(next_at__lte=now), state__in=OPEN_TESTS)
    keys = list(due.values_list("pk", flat=True))
    for key in keys:
        bell.ring("run_test_send", key)
    return len(keys)
