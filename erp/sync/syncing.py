"""Reading jobs and codes from the ERP into the mirror, and making ours by identity.

Most runs read what changed, one a day reads all. What the ERP no longer has is marked gone, never deleted, and only
after a whole read. Each run is a row (`erp.sync.runs`) that says how far it is and what it changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from budgets.models import Budget, BudgetState
from budgets.services import lock_row
from erp import holds
from erp.backends import backend, outside_transactions
from erp.delivery import circuit
from erp.models import Connection, ErpAssignment, ErpCostCode, ErpCostType, ErpJob, ErpUnit
from erp.port import ErpError, ErpMisconfigured
from erp.reconciliation import comparing as reconciliation
from erp.setup.stopping import stop
from erp.sync import readings
from erp.sync import runs as sync_runs
from erp.sync.assigned import read_assignments
from erp.sync.costs import read_costs
from erp.sync.mirroring import Changes, Mirrored, read_into_mirror
from erp.sync.models import SyncKind, SyncRun, SyncState
from erp.sync.ours import make_ours
from projects.models import Company
from workflow import events

Progress = Callable[[str], None]
WHOLE_EVERY = timedelta(hours=23)  # at least once a day, also where a run comes a little early
MASTERS = (SyncKind.JOBS, SyncKind.COST_CODES, SyncKind.COST_TYPES, SyncKind.UNITS)
NOT_FORESEEN = "Tieback failed in a way nobody foresaw ({}). An administrator finds it in the workers' log."


@dataclass
class SyncResult:
    """What a sync found: whether all was read, what changed of each kind, how many rows came, how many of ours were
    made."""

    whole: bool
    changes: dict[str, Changes] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)


@dataclass
class _Reading:
    """One run while it is at work."""

    connection: Connection
    run: SyncRun
    now: datetime
    result: SyncResult
    teller: sync_runs.Teller
    progress: Progress
    began: float = field(default_factory=time.monotonic)

    @property
    def over(self) -> datetime:
        """The business time it is by now."""
        return self.now + timedelta(seconds=time.monotonic() - self.began)

    def keep(self, kind: SyncKind, words: str, rows: int, changes: Changes, changed: str = "") -> None:
        """Note what a kind brought; `words` name the rows, `changed` what changed of them where that is named else."""
        self.result.read[words], self.result.changes[changed or words] = rows, changes
        self.teller.kept(kind, words, rows, changes)


def sync_company(
    connection: Connection,
    *,
    now: datetime,
    whole: bool = False,
    only: str = "",
    run: SyncRun | None = None,
    progress: Progress = lambda line: None,
) -> SyncResult:
    """This function will read a company's jobs, codes, units and assignments, then make what is ours by identity.

    It reads what changed since the last time; all when `whole`, or when the last whole read is a day old; of one kind
    alone with `only`. `run` is one that was asked for. Reads outside any transaction; each kind is stored in one.
    Raises AlreadyReading, ErpUnavailable and ErpMisconfigured (which also stops the connection); what was stored
    before stays.
    """
    outside_transactions()
    if run is not None:
        only, whole = run.only, run.whole
    whole = whole or (not only and _due(connection, now))
    run = sync_runs.begin(connection, now=now, whole=whole, only=only, run=run)
    work = _Reading(connection, run, now, SyncResult(whole=whole), sync_runs.Teller(run), progress)
    with _to_its_end(work), circuit.through(connection, now=now):
        for kind in [SyncKind(only)] if only else SyncKind:
            _read(work, kind)
    return work.result


def make_asked(run: SyncRun, *, now: datetime) -> SyncResult | None:
    """This function will do a run that was asked for, if the connection still is in use; None where it is not."""
    connection = run.connection
    if connection.enabled and not connection.stopped_at:
        return sync_company(connection, now=now, run=run)
    why = connection.stopped_because or "the connection is switched off."
    sync_runs.end(run, SyncState.FAILED, now=now, error=f"Nothing was read: {why}")
    return None


@contextmanager
def _to_its_end(work: _Reading) -> Iterator[None]:
    """Finish the run's row however the reading ends."""
    run, now, connection = work.run, work.now, work.connection
    try:
        yield
        _after(work)
    except sync_runs.Cancelled as stopped:
        sync_runs.end(run, SyncState.CANCELLED, now=work.over, made=work.result.made)
        work.progress(f"cancelled before: {SyncKind(stopped.args[0]).label.lower()}")
        recount(connection.company, now=now)
    except ErpMisconfigured as problem:
        sync_runs.end(run, sync_runs.broken(run), now=work.over, error=str(problem))
        stop(connection, because=str(problem), now=now)
        raise
    except ErpError as problem:
        sync_runs.end(run, sync_runs.broken(run), now=work.over, error=str(problem))
        raise
    except sync_runs.LostRun:
        raise
    except Exception as problem:
        said = NOT_FORESEEN.format(type(problem).__name__)
        sync_runs.end(run, sync_runs.broken(run), now=work.over, error=said)
        raise
    else:
        sync_runs.end(run, SyncState.DONE, now=work.over, made=work.result.made)


def _read(work: _Reading, kind: SyncKind) -> None:
    if kind in MASTERS:
        _read_master(work, kind)
        if kind == MASTERS[-1] or work.run.only:
            _make_ours(work)
    else:
        OTHERS[kind](work)


def _after(work: _Reading) -> None:
    """What follows from what was read: when it was, what budgets have to do now, which budgets to compare."""
    connection, now = work.connection, work.now
    if not work.run.only:
        _note(connection, now, work.result)
    elif any(changes.lists() for changes in work.result.changes.values()):
        _record(connection, now, work.result, f"Read one kind from the ERP: {SyncKind(work.run.only).label}")
    recount(connection.company, now=now)


def _due(connection: Connection, now: datetime) -> bool:
    return connection.read_whole_at is None or now - connection.read_whole_at >= WHOLE_EVERY


def _note(connection: Connection, now: datetime, result: SyncResult) -> None:
    """Keep when it was, and record what changed."""
    connection.synced_at = now
    if result.whole:
        connection.read_whole_at = now
    connection.save(update_fields=["synced_at", "read_whole_at"])
    said = (
        "Read all jobs and codes of the ERP"
        if result.whole
        else "Read what changed of the ERP's jobs and codes"
    )
    _record(connection, now, result, said)


def _record(connection: Connection, now: datetime, result: SyncResult, sentence: str) -> None:
    said = [changes.sentence(words) for words, changes in result.changes.items()]
    with transaction.atomic():
        events.record(
            chain=connection.company_id,
            at=now,
            actor=None,
            action="sync",
            about=[connection],
            sentence=sentence,
            note="; ".join(part for part in said if part) or "nothing changed",
            data={
                "whole": result.whole,
                "changes": {words: told for words, c in result.changes.items() if (told := c.told())},
                "read": result.read,
                "made": result.made,
            },
        )


# -- the kinds ----------------------------------------------------------------------------------------------


def _read_master(work: _Reading, kind: SyncKind) -> None:
    one = _masters(work.connection)[kind]
    known = one.model.objects.filter(connection=work.connection, gone_at=None)
    work.teller.part(kind, known=known.count())
    reach = read_into_mirror(
        work.connection, one, now=work.now, whole=work.result.whole, watched=work.teller.rows
    )
    work.keep(kind, one.words, reach.rows, reach.changes)
    work.progress(f"{one.words}: {reach.rows} read")


def _masters(connection: Connection) -> dict[SyncKind, Mirrored]:
    erp, company = backend(connection.alias), connection.erp
    return {
        SyncKind.JOBS: Mirrored(
            "jobs",
            ErpJob,
            lambda since: erp.jobs(company, changed_since=since),
            ("name", "parent", "status", "writable"),
        ),
        SyncKind.COST_CODES: Mirrored(
            "cost codes",
            ErpCostCode,
            lambda since: erp.cost_codes(company, changed_since=since),
            ("name", "parent", "active"),
        ),
        SyncKind.COST_TYPES: Mirrored(
            "cost types",
            ErpCostType,
            lambda since: erp.cost_types(company, changed_since=since),
            ("name", "active"),
        ),
        SyncKind.UNITS: Mirrored("units", ErpUnit, lambda since: erp.units(company), ("name",)),
    }


def _make_ours(work: _Reading) -> None:
    work.result.made.update(make_ours(work.connection, now=work.now))
    for words, number in work.result.made.items():
        if number:
            work.progress(f"{words}: {number} made")


def _read_assignments(work: _Reading) -> None:
    known = ErpAssignment.objects.filter(connection=work.connection, gone_at=None).count()
    work.teller.part(SyncKind.ASSIGNMENTS, known=known)
    found = read_assignments(work.connection, now=work.now, whole=work.result.whole, watched=work.teller.rows)
    work.keep(SyncKind.ASSIGNMENTS, "assignments", found.codes, found.changes)
    work.progress(f"assignments: {found.codes} known for {found.jobs} linked jobs")


def _read_costs(work: _Reading) -> None:
    jobs = ErpJob.objects.filter(connection=work.connection, link__isnull=False)
    work.teller.part(SyncKind.COSTS, known=jobs.count())
    told, changes = read_costs(
        work.connection, now=work.now, whole=work.result.whole, watched=work.teller.rows
    )
    work.keep(SyncKind.COSTS, "jobs with costs", len(told), changes, "costs of jobs")
    new = len(changes.changed)
    work.progress(
        f"costs to date: told for {len(told)} linked jobs, new on {new}"
        if told
        else "costs to date: none told"
    )


def _read_budgets(work: _Reading) -> None:
    """Ask for readings of the budgets that were not compared for a while; each is read by a task of its own."""
    work.teller.part(SyncKind.BUDGETS)
    connection, now = work.connection, work.now
    if work.run.only:
        wanted = list(reconciliation.linked(connection))
    else:
        wanted = [*reconciliation.due(connection, now=now), *readings.mapped_anew(connection)]
    with transaction.atomic():
        for budget in wanted:
            readings.ask(budget, now=now)
    work.keep(SyncKind.BUDGETS, "budgets", len(wanted), Changes())
    verb = "is" if len(wanted) == 1 else "are"
    work.progress(f"budgets: {len(wanted)} {verb} being read and compared")


OTHERS: dict[SyncKind, Callable[[_Reading], None]] = {
    SyncKind.ASSIGNMENTS: _read_assignments,
    SyncKind.COSTS: _read_costs,
    SyncKind.BUDGETS: _read_budgets,
}


def recount(company: Company, *, now: datetime) -> None:
    """This function will count the things to do of a company's locked budgets again."""
    for budget in Budget.objects.filter(project__company=company, state=BudgetState.LOCKED):
        with transaction.atomic():
            holds.refresh(lock_row(budget), now=now)
