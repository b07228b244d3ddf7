"""The rows of sync runs: one at a time a connection, taken with a lease, heard of while it reads, kept for a while.

Progress is written outside the transactions that keep what was read, so that people see it while it grows.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from erp import bell
from erp.models import Connection
from erp.sync.mirroring import Changes
from erp.sync.models import UNDER_WAY, SyncChange, SyncKind, SyncRun, SyncState

log = logging.getLogger(__name__)
Row = TypeVar("Row")

LEASE = timedelta(minutes=15)  # a run is heard of more often, unless its worker is gone
EVERY = 1.0  # seconds between two words on how far a kind is
KEPT, KEPT_WITH_CHANGES = timedelta(days=90), timedelta(days=365)
WORKER_GONE = "The worker that was reading stopped. The next run reads what this one did not."


class AlreadyReading(Exception):
    """Another run of this connection is under way; carries it."""

    def __init__(self, run: SyncRun | None) -> None:
        super().__init__("this connection is being read already")
        self.run = run


class LostRun(Exception):
    """The run was taken from this worker: nothing more may be read or kept in its name."""


class Cancelled(Exception):
    """Somebody asked that the run ends before the next kind."""


def open_run(connection: Connection) -> SyncRun | None:
    """This function will find the run of a connection that is asked for or under way."""
    rows = connection.sync_runs.filter(state__in=UNDER_WAY).select_related("asked_by", "cancelled_by")
    return rows.first()


def begin(
    connection: Connection, *, now: datetime, whole: bool, only: str = "", run: SyncRun | None = None
) -> SyncRun:
    """This function will take a run that was asked for, or make one of its own where none is given.

    Raises AlreadyReading when another one is under way, LostRun when the one given is no longer to be taken.
    """
    claim = {"state": SyncState.RUNNING, "started_at": now, "whole": whole, "claim": uuid.uuid4()}
    if run is not None:
        taken = SyncRun.objects.filter(pk=run.pk, state=SyncState.ASKED)
        if not taken.update(**claim, lease_until=Now() + LEASE):
            raise LostRun(f"{run} is not to be taken")
        return SyncRun.objects.select_related("connection__company").get(pk=run.pk)
    try:
        with transaction.atomic():
            made = SyncRun.objects.create(connection=connection, asked_at=now, only=only)
    except IntegrityError:
        raise AlreadyReading(open_run(connection)) from None
    return begin(connection, now=now, whole=whole, only=only, run=made)


class Teller:
    """Says how far a run is, keeps its lease, and hears whether it shall end."""

    def __init__(self, run: SyncRun) -> None:
        self.run = run
        self._said = time.monotonic()

    def part(self, kind: SyncKind, *, known: int = 0) -> None:
        """This function will begin a kind. Raises Cancelled when somebody asked for that, LostRun."""
        self._say(at=kind, at_rows=0, at_known=known)
        if SyncRun.objects.filter(pk=self.run.pk, cancel_asked_at__isnull=False).exists():
            raise Cancelled(kind)

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """This function will hand rows through and say now and then how many there were, and at the end.

        What comes behind it is stored only while the run is this worker's: else the end raises LostRun.
        """
        number = 0
        for number, row in enumerate(rows, start=1):
            if time.monotonic() - self._said >= EVERY:
                self._say(at_rows=number)
            yield row
        self._say(at_rows=number)

    def kept(self, kind: SyncKind, words: str, rows: int, changes: Changes) -> None:
        """This function will keep what a kind brought: the number of rows, and each that changed."""
        counts = {word: len(codes) for word, codes in changes.lists().items()}
        if counts:
            self.run.changes[kind.value] = counts
            self.run.changed += sum(counts.values())
        self.run.read[words] = rows
        with transaction.atomic():
            self._say(read=self.run.read, changes=self.run.changes, changed=self.run.changed, at_rows=rows)
            SyncChange.objects.bulk_create(_changes(self.run, kind, changes), batch_size=2000)

    def _say(self, **values: Any) -> None:
        self._said = time.monotonic()
        mine = SyncRun.objects.filter(pk=self.run.pk, claim=self.run.claim, state=SyncState.RUNNING)
        if not mine.update(**values, lease_until=Now() + LEASE):
            raise LostRun(f"{self.run} was taken from this worker")


def _changes(run: SyncRun, kind: SyncKind, changes: Changes) -> Iterator[SyncChange]:
    for word, codes in changes.lists().items():
        for code in codes:
            yield SyncChange(
                run=run, kind=kind, change=word, code=code[:60], fields=changes.fields.get(code, {})
            )


def end(
    run: SyncRun, state: SyncState, *, now: datetime, made: Mapping[str, int] | None = None, error: str = ""
) -> None:
    """This function will finish a run that is asked for or under way; one that is over stays as it ended."""
    over = {"state": state, "finished_at": now, "claim": None, "lease_until": None, "error": error}
    rows = SyncRun.objects.filter(pk=run.pk, state__in=UNDER_WAY, claim=run.claim)
    rows.update(**over, **({} if made is None else {"made": {k: n for k, n in made.items() if n}}))


def sweep(*, now: datetime) -> None:
    """This function will end the runs whose worker is gone, and ring again for those that nobody took."""
    gone = SyncRun.objects.filter(state=SyncState.RUNNING, lease_until__lt=Now())
    for run in gone:
        end(run, broken(run), now=now, error=WORKER_GONE)
        log.warning("%s: %s", run, WORKER_GONE)
    waiting = SyncRun.objects.filter(state=SyncState.ASKED, asked_at__lte=Now() - timedelta(seconds=5))
    for key in waiting.values_list("pk", flat=True):
        bell.ring("make_sync", key)


def broken(run: SyncRun) -> SyncState:
    """This function will tell what a run is that did not come to its end: partly where some kinds were kept."""
    return SyncState.PARTLY if run.read else SyncState.FAILED


def forget_old(*, now: datetime) -> int:
    """This function will drop runs that changed nothing after 90 days and the others after a year; how many."""
    over = SyncRun.objects.exclude(state__in=UNDER_WAY)
    quiet = over.filter(changed=0, asked_at__lt=now - KEPT)
    old = over.filter(asked_at__lt=now - KEPT_WITH_CHANGES)
    return (quiet | old).delete()[1].get("erp.SyncRun", 0)
