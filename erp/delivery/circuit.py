"""The circuit breaker: everything a worker asks of an ERP goes through here, and nobody asks one that is silent.

It opens after some calls in a row that found the ERP unavailable, or at once when the ERP says for how long to stay
away. While it is open one probe at a time asks, ever more rarely; the first answer closes it, and what waits wakes up
one after the other. It lives in the database, so all workers share it and people can see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now, Random

from budgets.models import Budget
from budgets.services import lock_row
from erp import bell, holds
from erp.backends import backend
from erp.mail import notifications
from erp.models import Batch, BatchState, Circuit, Connection, Document, DocumentState
from erp.port import ErpBackend, ErpNotYet, ErpRefused, ErpUnavailable
from erp.words import erp_name
from workflow import events

OPENS_AFTER = 5  # calls in a row that found it unavailable
TOLD_TO_WAIT = 30.0  # seconds; an ERP that asks for more is left alone at once
FIRST_WAIT, LONGEST_WAIT = 60.0, 300.0  # seconds between probes. A probe may take two requests: one each 30 s
BETWEEN_PROBES = timedelta(seconds=30)  # at least, however often somebody presses Try now
PACE = 1.0  # seconds between two documents that wake up
LONGEST_WAKING = 3600.0  # seconds until the last of them is awake


class ErpSilent(ErpUnavailable):
    """Nobody was asked: the ERP has not answered for a while, and only a probe may try."""


def open_circuit(connection: Connection) -> Circuit | None:
    """This function will find the connection's circuit while it is open, else None."""
    return Circuit.objects.filter(connection=connection, opened_at__isnull=False).first()


@contextmanager
def through(connection: Connection, *, now: datetime, probing: bool = False) -> Iterator[ErpBackend]:
    """This function will hand out the backend for one piece of work, and keep in mind whether the ERP answered.

    Raises ErpSilent, and nothing is asked, while the circuit is open; a probe and an administrator's check go through.
    """
    circuit = None if probing else open_circuit(connection)
    if circuit is not None:
        said = f"{erp_name(connection)} does not answer; Tieback keeps asking: {circuit.because}"
        raise ErpSilent(said, asked=False)
    try:
        yield backend(connection.alias)
    except (ErpNotYet, ErpRefused):
        answered(connection, now=now)
        raise
    except ErpUnavailable as problem:
        if problem.asked:
            _failed(connection, problem, now=now, probing=probing)
        raise
    answered(connection, now=now)


def answered(connection: Connection, *, now: datetime) -> None:
    """This function will keep in mind that the ERP answered, and close the circuit if it was open."""
    if not connection.last_contact_at or now - connection.last_contact_at >= timedelta(minutes=1):
        Connection.objects.filter(pk=connection.pk).update(last_contact_at=now)
    if Circuit.objects.filter(connection=connection, failures__gt=0).exists():
        _reset(connection, now=now)


def _reset(connection: Connection, *, now: datetime) -> None:
    with transaction.atomic():
        row = Circuit.objects.select_for_update().get(connection=connection)
        was_open = row.opened_at is not None
        if row.told_at is not None:
            notifications.tell_admins_of_answer(connection, row)
        since, row.failures, row.because = row.silent_since, 0, ""
        row.silent_since = row.opened_at = row.ask_at = row.told_at = None
        row.save()
        if was_open:
            _wake(connection)
            _record(connection, "answers", f"{erp_name(connection)} answers again", now=now, since=since)
    if was_open:
        refresh_budgets(connection, now=now)
        bell.ring("sweep")


def _failed(connection: Connection, problem: ErpUnavailable, *, now: datetime, probing: bool) -> None:
    with transaction.atomic():
        Circuit.objects.get_or_create(connection=connection)
        row = Circuit.objects.select_for_update().get(connection=connection)
        if row.opened_at is not None and not probing:
            return  # it began before the circuit was opened: no news
        told = problem.retry_after or 0.0
        row.failures, row.because = row.failures + 1, problem.reason
        row.silent_since = row.silent_since or now
        opening = row.opened_at is None and (row.failures >= OPENS_AFTER or told > TOLD_TO_WAIT)
        if opening:
            row.opened_at = now
            said = f"{erp_name(connection)} does not answer; Tieback keeps asking"
            _record(connection, "is_silent", said, now=now, note=problem.reason)
        if row.opened_at is not None:
            row.ask_at = Now() + timedelta(seconds=max(_pause(row.failures), told))
        row.save()
    if opening:
        refresh_budgets(connection, now=now)


def _pause(failures: int) -> float:
    """Seconds until the next probe: 60, 120, 240, then 300."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(max(failures - OPENS_AFTER, 0), 10))


def _record(
    connection: Connection,
    action: str,
    sentence: str,
    *,
    now: datetime,
    note: str = "",
    since: datetime | None = None,
) -> None:
    events.record(
        chain=connection.company_id,
        at=now,
        actor=None,
        action=f"erp_{action}",
        about=[connection],
        sentence=sentence,
        note=note,
        data={"silent_since": since} if since else {},
    )


def _wake(connection: Connection) -> None:
    """Let what waited for the ERP go on: the first at once, the others spread out, none together.

    What is queued has nothing under way and may come sooner than its own pause; the others only later.
    """
    waiting = Document.objects.filter(
        batch__budget__project__company=connection.company_id, claim=None, not_before__isnull=False
    )
    # Locked one after the other, in the order in which a person's decision locks them too.
    list(waiting.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    queued = waiting.filter(state=DocumentState.QUEUED)
    others = waiting.filter(state__in=[DocumentState.UNCONFIRMED, DocumentState.WITHDRAWING])
    spread = timedelta(seconds=min(PACE * (queued.count() + others.count()), LONGEST_WAKING))
    sometime = Now() + Random() * spread
    queued.update(not_before=sometime)
    others.update(not_before=Greatest(F("not_before"), sometime))


def refresh_budgets(connection: Connection, *, now: datetime) -> None:
    """This function will work out anew what the budgets of a company show that are on their way into the ERP."""
    under_way = Batch.objects.filter(
        Q(state=BatchState.ACCEPTED) | Q(state=BatchState.EXPORTED),
        budget__project__company=connection.company_id,
    )
    for budget in Budget.objects.filter(pk__in=under_way.values("budget")).order_by("pk"):
        with transaction.atomic():
            holds.refresh(lock_row(budget), now=now)


def take_probe(connection: Connection) -> bool:
    """This function will take the one probe that is due, so that no other worker asks meanwhile."""
    rest = timedelta(seconds=max(FIRST_WAIT, backend(connection.alias).lease_seconds))
    due = Circuit.objects.filter(connection=connection, opened_at__isnull=False, ask_at__lte=Now())
    return bool(due.update(asked_at=Now(), ask_at=Now() + rest))


def ask_soon(connection: Connection) -> None:
    """This function will let the next probe ask now, or as soon as the last one is half a minute old."""
    soon = Greatest(Now(), F("asked_at") + BETWEEN_PROBES)
    Circuit.objects.filter(connection=connection, opened_at__isnull=False).update(ask_at=soon)


def probes_due() -> list[int]:
    """This function will find the connections whose silent ERP may be asked now, by id."""
    due = Circuit.objects.filter(ask_at__lte=Now(), connection__enabled=True, connection__stopped_at=None)
    return list(due.order_by("ask_at").values_list("connection", flat=True))
