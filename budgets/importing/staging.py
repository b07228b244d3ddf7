"""The steps of an import: upload, choose columns, look, load. Each is one call of a page, the API or a worker.

Small files are read at once; larger ones by a worker that claims the row for a minute at a time. A task that comes
twice finds the claim or the state of another; one that never comes is found by `sweep`, or asked for again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.http import Http404

from budgets import selectors
from budgets.errors import Conflict, InvalidInput
from budgets.files import layouts
from budgets.files.layouts import Layout
from budgets.files.spreadsheets import Sheet, Unreadable, read_rows
from budgets.files.workbooks import LARGEST_FILE, Cells, read_cells
from budgets.importing import copying
from budgets.importing import loading as imports
from budgets.importing import preview as import_preview
from budgets.importing.models import (
    KEPT,
    REMEMBERED,
    ImportKind,
    ImportState,
    RememberedColumns,
    StagedImport,
)
from budgets.importing.plan import Codes, plan
from budgets.models import Budget
from budgets.services import lock_row
from workflow import bell
from workflow.actions import ActionBlocked, ensure

AT_ONCE = 100_000  # bytes: a file of up to about 1,000 lines is read while the person waits
LEASE = timedelta(minutes=1)
MOST_STAGED = 20  # files of one person that are kept at a time
MOST_TRIES = 5  # of the sweep, for a file that ends every worker; a person may still ask again
AT_A_SWEEP = 10
MOST_SHEETS = 6  # that are looked through for one with known names
AT_WORK = (ImportState.READING, ImportState.LOADING)


# -- upload -----------------------------------------------------------------------------------------------


def stage(
    budget: Budget, *, user: Any, now: datetime, source: str, content: bytes, kind: str = ImportKind.FILE
) -> StagedImport:
    """This function will keep an uploaded file or pasted rows, and guess its columns.

    A file of no use is not kept: raises InvalidInput with the sentence, and ActionBlocked.
    """
    ensure(budget, "import_file", user)
    if len(content) > LARGEST_FILE:
        raise InvalidInput({"file": f"The file is larger than {LARGEST_FILE // 1024**2} MB. Split it."})
    staged = StagedImport(
        budget=budget,
        user=user,
        kind=kind,
        source=source[:200],
        content=content,
        state=ImportState.READING,
        created_at=now,
        expires_at=now + KEPT,
    )
    if len(content) <= AT_ONCE:
        try:
            _settle_layout(staged, read_cells(data=content))
        except Unreadable as problem:
            raise InvalidInput({"file": str(problem)}) from None
    return _kept(staged, now=now)


def stage_copy(
    budget: Budget, *, user: Any, now: datetime, source: Budget, choices: Mapping[str, Any]
) -> StagedImport:
    """This function will prepare the lines of another budget the person may see, as an import.

    `choices`: see budgets/importing/copying.py. Raises InvalidInput and ActionBlocked.
    """
    ensure(budget, "import_file", user)
    staged = StagedImport(
        budget=budget,
        user=user,
        kind=ImportKind.COPY,
        source=f"the budget of {source.project}",
        content=b"",
        choices={"copy": copying.checked(budget, source, choices)},
        state=ImportState.READING,
        created_at=now,
        expires_at=now + KEPT,
    )
    return _kept(staged, now=now)


def _kept(staged: StagedImport, *, now: datetime) -> StagedImport:
    with transaction.atomic():
        staged.save(force_insert=True)
        mine = StagedImport.objects.filter(user=staged.user).order_by("-created_at")
        old = list(mine.values_list("pk", flat=True)[MOST_STAGED:])
        StagedImport.objects.filter(pk__in=old).exclude(state__in=AT_WORK).delete()
    return _go_on(staged, now=now)


def _go_on(staged: StagedImport, *, now: datetime) -> StagedImport:
    """Let what waits be worked on: at once where it is small, else by a worker."""
    if staged.state not in AT_WORK:
        return staged
    if staged.kind != ImportKind.COPY and len(staged.content) > AT_ONCE:
        ring(staged.pk)
        return staged
    return work_on(staged.pk, now=now) or staged


def ring(pk: uuid.UUID) -> None:
    """This function will ask a worker to go on with a staged import."""
    bell.ring("budgets.tasks.work_on_import", str(pk))


# -- layout -----------------------------------------------------------------------------------------------


def _settle_layout(staged: StagedImport, cells: Cells) -> None:
    """Guess the columns, as last time where there was one, and say whether a person has to look at them."""
    cells = _understood(staged, cells)
    if not cells.rows:
        raise Unreadable("The file is empty.")
    known = Codes(staged.budget.project).by_field()
    layout = layouts.guess(
        cells.rows, known=known, with_header=staged.kind == ImportKind.FILE, sheet=cells.sheet
    )
    names = layouts.names_of(cells.rows, layout.header)
    last = remembered(staged, names)
    if last:
        layout = replace(layout, columns=last.columns, decimals=last.decimals)
        staged.choices = {**staged.choices, "as_last_time": True}
    staged.layout = layout.as_json()
    sure = not layouts.problems(names, layout.columns) and (last or not layouts.doubled(names))
    named = layout.header is None or set(layouts.understood(names)) >= {"cost_code", "cost_type"}
    staged.state = ImportState.READING if sure and (named or last) else ImportState.COLUMNS


def _understood(staged: StagedImport, cells: Cells) -> Cells:
    """The first sheet with names that are known, else the one given; cover sheets and notes often come first."""
    if layouts.header_of(cells.rows) is not None:
        return cells
    for place in range(1, min(len(cells.sheets), MOST_SHEETS)):
        other = read_cells(data=bytes(staged.content), sheet=place)
        if layouts.header_of(other.rows) is not None:
            return other
    return cells


def remembered(staged: StagedImport, names: list[str]) -> RememberedColumns | None:
    """This function will find what the person last chose in this company for columns of these names."""
    rows = RememberedColumns.objects.filter(user=staged.user, company=staged.budget.project.company_id)
    found = rows.filter(fingerprint=layouts.fingerprint(names)).first()
    return found if found and all(place < len(names) for place in found.columns.values()) else None


def choose_columns(
    staged: StagedImport, *, now: datetime, layout: Layout, names: list[str], remember: bool = True
) -> StagedImport:
    """This function will take the person's choice of columns, remember it, and read on. Raises InvalidInput."""
    if said := layouts.problems(names, layout.columns):
        raise InvalidInput({"columns": " ".join(said)})
    if remember and layout.header is not None:
        RememberedColumns.objects.update_or_create(
            user=staged.user,
            company=staged.budget.project.company,
            fingerprint=layouts.fingerprint(names),
            defaults={"columns": dict(layout.columns), "decimals": layout.decimals, "used_at": now},
        )
    return _read_again(staged, now=now, layout=layout.as_json())


def replace_value(staged: StagedImport, *, now: datetime, field: str, value: str, by: str) -> StagedImport:
    """This function will read one value of a column as another, in every row that has it; "" takes that back."""
    fixes = {name: dict(values) for name, values in staged.layout.get("fixes", {}).items()}
    fixes.setdefault(field, {})[value] = by
    if not by:
        del fixes[field][value]
    return _read_again(staged, now=now, layout={**staged.layout, "fixes": fixes})


def read_again(staged: StagedImport, *, now: datetime) -> StagedImport:
    """This function will make the preview anew, for example after somebody changed the budget."""
    return _read_again(staged, now=now, layout=staged.layout)


def _read_again(staged: StagedImport, *, now: datetime, layout: dict[str, Any]) -> StagedImport:
    free = StagedImport.objects.filter(pk=staged.pk).exclude(
        state__in=(ImportState.LOADING, ImportState.DONE)
    )
    free.update(
        layout=layout,
        state=ImportState.READING,
        sentence="",
        claim=None,
        lease_until=None,
        tries=0,
        done=0,
        expires_at=now + KEPT,
    )
    return _go_on(StagedImport.objects.select_related("budget__project__company").get(pk=staged.pk), now=now)


# -- load -------------------------------------------------------------------------------------------------


def load(
    staged: StagedImport, *, user: Any, now: datetime, good_rows: bool, remove: bool, version: int
) -> StagedImport:
    """This function will load what the preview of the budget's `version` shows.

    Raises ActionBlocked, Conflict where the budget or the preview is another by now, InvalidInput.
    """
    ensure(staged.budget, "import_file", user)
    with transaction.atomic():
        row = _locked(staged.pk)
        if row.state in (ImportState.LOADING, ImportState.DONE):
            return staged
        if row.state != ImportState.PREVIEW or row.budget_version != version:
            raise Conflict("This is another preview than the one you looked at.", current=row)
        _refuse_unclear(import_preview.unpack(row.preview), good_rows=good_rows, remove=remove)
        choices = {**row.choices, "good_rows": good_rows, "remove": remove}
        StagedImport.objects.filter(pk=row.pk).update(
            state=ImportState.LOADING,
            choices=choices,
            claim=None,
            lease_until=None,
            tries=0,
            expires_at=now + KEPT,
        )
    return _go_on(_whole(staged.pk), now=now)


def _refuse_unclear(shown: Mapping[str, Any], *, good_rows: bool, remove: bool) -> None:
    if not shown["certain"]:
        raise InvalidInput({"decimals": "Say first what separates the decimals in this file."})
    if shown["bad"] and not good_rows:
        raise InvalidInput({"file": f"{len(shown['bad'])} rows have errors. Load the good rows, or nothing."})
    if remove and shown.get("nothing_goes"):
        raise InvalidInput({"remove": shown["nothing_goes"]})


def discard(staged: StagedImport) -> None:
    """This function will forget what was brought. Raises Conflict where it is at work or loaded: then it stays."""
    with transaction.atomic():
        row = _locked(staged.pk)
        if row.state == ImportState.DONE:
            raise Conflict("This was loaded before you asked to forget it.", current=row)
        if row.state in AT_WORK:
            raise Conflict(
                "This is under way and cannot be forgotten now. See here how it ends.", current=row
            )
        row.delete()


def _locked(pk: uuid.UUID) -> StagedImport:
    rows = StagedImport.objects.select_for_update(of=("self",)).defer("content")
    if row := rows.filter(pk=pk).first():
        return row
    raise Http404("There is no such import, or it was forgotten.")


def _whole(pk: uuid.UUID) -> StagedImport:
    return StagedImport.objects.select_related("budget__project__company", "user").get(pk=pk)


# -- work -------------------------------------------------------------------------------------------------


def work_on(pk: uuid.UUID | str, *, now: datetime) -> StagedImport | None:
    """This function will do what is due for a staged import, if nobody else is at it. None where nothing is."""
    claim = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    waiting = StagedImport.objects.filter(free, pk=pk, state__in=AT_WORK)
    if not waiting.update(claim=claim, lease_until=Now() + LEASE, tries=F("tries") + 1):
        return None
    staged = _whole(uuid.UUID(str(pk)))
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
            _settle_layout(staged, cells)
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
            row = _locked(staged.pk)  # until it ends: whoever would forget or claim it waits for how it ended
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


# -- what was forgotten -----------------------------------------------------------------------------------


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
