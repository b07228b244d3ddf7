"""What a worker does for a staged import: read it into a preview, load it, find what was forgotten.

A worker claims the row for a minute at a time. A task that comes twice finds the claim or the state of another; one
that never comes is found by `sweep`, or asked for again.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.http import Http404

from budgets import selectors
from budgets.errors import Conflict, InvalidInput
from budgets.files.layouts import Layout
from budgets.files.spreadsheets import Sheet, Unreadable, read_rows
from budgets.files.workbooks import Cells, read_cells
from budgets.importing import copying
from budgets.importing import loading as imports
from budgets.importing import preview as import_preview
from budgets.importing.column_guess import settle_layout
from budgets.importing.models import REMEMBERED, ImportKind, ImportState, RememberedColumns, StagedImport
from budgets.importing.plan import Codes, plan
from budgets.services import lock_row
from workflow import bell
from workflow.actions import ActionBlocked

LEASE = timedelta(minutes=1)
MOST_TRIES = 5  # of the sweep, for a file that ends every worker; a person may still ask again
AT_A_SWEEP = 10
AT_WORK = (ImportState.READING, ImportState.LOADING)


def ring(pk: uuid.UUID) -> None:
    """This function will ask a worker to go on with a staged import."""
    bell.ring("budgets.tasks.work_on_import", str(pk))


def work_on(pk: uuid.UUID | str, *, now: datetime) -> StagedImport | None:
    """This function will do what is due for a staged import, if nobody else is at it. None where nothing is."""
    claim = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    waiting = StagedImport.objects.filter(free, pk=pk, state__in=AT_WORK)
    if not waiting.update(claim=claim, lease_until=Now() + LEASE, tries=F("tries") + 1):
        return None
    staged = whole(uuid.UUID(str(pk)))
    try:
        if staged.state == ImportState.READING:
            _read(staged, claim)
        else:
            _load(staged, claim, now=now)
    except (Unreadable, InvalidInput) as problem:
        _leave(staged, claim, state=ImportState.REFUSED, sentence=str(problem))
    except Http404:
        _leave(staged, claim, state=ImportState.REFUSED, sentence="You may not see this budget any more.")
    return StagedImport.objects.select_related("budget__project__company", "user").filter(pk=pk).first()


def _leave(staged: StagedImport, claim: uuid.UUID, **values: Any) -> bool:
    """Store how it ended, unless somebody took over meanwhile."""
    mine = StagedImport.objects.filter(pk=staged.pk, claim=claim)
    return bool(mine.update(claim=None, lease_until=None, **values))


def _read(staged: StagedImport, claim: uuid.UUID) -> None:
    """Make the preview; a file whose columns nobody knows yet waits for a person instead."""
    cells = None
    if staged.kind != ImportKind.COPY:
        cells = read_cells(data=bytes(staged.content), sheet=staged.layout.get("sheet", 0))
        if not staged.layout:
            settle_layout(staged, cells)
            if staged.state == ImportState.COLUMNS:
                _leave(staged, claim, state=staged.state, layout=staged.layout, choices=staged.choices)
                return
            if staged.layout["sheet"] != cells.sheet:
                cells = read_cells(data=bytes(staged.content), sheet=staged.layout["sheet"])
    budget = selectors.visible_budget(staged.user, staged.budget.project_id)
    if staged.kind == ImportKind.COPY:
        # before its lines are read: what changes meanwhile counts as changed afterwards
        staged.choices = {**staged.choices, "source_version": _source_version(staged)}
    sheet = rows_of(staged, cells, claim=claim)
    made = plan(budget, sheet)
    shown = import_preview.make(budget, sheet, made, user=staged.user)
    _leave(
        staged,
        claim,
        state=ImportState.PREVIEW,
        layout=staged.layout,
        choices=staged.choices,
        budget_version=budget.version,
        preview=import_preview.pack(shown),
        total=len(sheet.rows) + len(sheet.bad),
    )


def rows_of(staged: StagedImport, cells: Cells | None = None, *, claim: uuid.UUID | None = None) -> Sheet:
    """This function will read the rows of a staged import as it was laid out. Raises Unreadable."""
    if staged.kind == ImportKind.COPY:
        return copying.rows(staged.budget, staged.choices["copy"], user=staged.user)
    if cells is None:
        cells = read_cells(data=bytes(staged.content), sheet=staged.layout.get("sheet", 0))
    known = Codes(staged.budget.project).by_field()

    def told(done: int, total: int) -> None:
        mine = StagedImport.objects.filter(pk=staged.pk, claim=claim)
        mine.update(done=done, total=total, lease_until=Now() + LEASE)

    return read_rows(cells, Layout.from_json(staged.layout), known=known, told=told if claim else None)


def _source_version(staged: StagedImport) -> int:
    """The version, now, of the budget that a copy is made of."""
    return selectors.visible_budget(staged.user, staged.choices["copy"]["project"]).version


def _refuse_another_source(staged: StagedImport) -> None:
    """A copy loads what its preview showed. Asked after its lines were read, so that they are those of then."""
    if staged.kind != ImportKind.COPY or _source_version(staged) == staged.choices.get("source_version"):
        return
    raise Conflict("The budget it is copied from was changed since this preview was made.", current=None)


def _load(staged: StagedImport, claim: uuid.UUID, *, now: datetime) -> None:
    """Load once: the file's rows and its state change in one transaction, under the budget's lock."""
    sheet = rows_of(staged)
    try:
        _refuse_another_source(staged)
        if sheet.errors and not staged.choices["good_rows"]:
            raise imports.BadRows(sheet.errors)
        with transaction.atomic():
            lock_row(staged.budget)
            row = locked(staged.pk)  # until it ends: whoever would forget or claim it waits for how it ended
            if (row.claim, row.state) != (claim, ImportState.LOADING):
                return
            result = imports.import_rows(
                staged.budget,
                user=staged.user,
                now=now,
                sheet=sheet,
                source=staged.source,
                good_rows=staged.choices["good_rows"],
                remove=staged.choices["remove"],
                version=staged.budget_version,
            )
            counts = {name: getattr(result, name) for name in ("new", "changed", "unchanged", "removed")}
            left_out = len(import_preview.unpack(staged.preview)["bad"])
            done = {**counts, "left_out": left_out, "unknown": len(result.unknown)}
            if not _leave(staged, claim, state=ImportState.DONE, sentence="", result=done):
                transaction.set_rollback(True)  # somebody took over: no lines without their result
    except Conflict as outrun:
        mine = StagedImport.objects.filter(pk=staged.pk, claim=claim)
        mine.update(
            state=ImportState.READING, sentence=f"Nothing was loaded. {outrun.sentence} This is a new one."
        )
        _read(staged, claim)
    except (ActionBlocked, InvalidInput) as refused:
        _leave(staged, claim, state=ImportState.PREVIEW, sentence=f"Nothing was loaded. {refused}")


def locked(pk: uuid.UUID) -> StagedImport:
    """This function will fetch a staged import, without its content, under its row's lock. Raises Http404."""
    rows = StagedImport.objects.select_for_update(of=("self",)).defer("content")
    if row := rows.filter(pk=pk).first():
        return row
    raise Http404("There is no such import, or it was forgotten.")


def whole(pk: uuid.UUID) -> StagedImport:
    """This function will fetch a staged import with all that work on it needs."""
    return StagedImport.objects.select_related("budget__project__company", "user").get(pk=pk)


def sweep(*, now: datetime) -> int:
    """This function will go on with what waits for a worker that never came. Returns how many."""
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    waiting = StagedImport.objects.filter(free, state__in=AT_WORK, tries__lt=MOST_TRIES)
    keys = list(waiting.order_by("created_at").values_list("pk", flat=True)[:AT_A_SWEEP])
    for pk in keys:
        ring(pk)
    return len(keys)


def try_again(staged: StagedImport) -> None:
    """This function will ask a worker once more, for somebody who waits."""
    StagedImport.objects.filter(pk=staged.pk, state__in=AT_WORK).update(tries=0)
    ring(staged.pk)


def forget_old(*, now: datetime) -> int:
    """This function will delete files nobody came back to, and choices of columns nobody used for a year."""
    RememberedColumns.objects.filter(used_at__lte=now - REMEMBERED).delete()
    return StagedImport.objects.filter(expires_at__lte=now).delete()[0]
