"""The steps of an import: upload, choose columns, look, load. Each is one call of a page, the API or a worker.

Small files are read at once; larger ones by a worker: `working`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.errors import Conflict, InvalidInput
from budgets.files import layouts
from budgets.files.layouts import Layout
from budgets.files.spreadsheets import Unreadable
from budgets.files.workbooks import LARGEST_FILE, read_cells
from budgets.importing import copying
from budgets.importing import preview as import_preview
from budgets.importing.column_guess import settle_layout
from budgets.importing.models import KEPT, ImportKind, ImportState, RememberedColumns, StagedImport
from budgets.importing.working import AT_WORK, locked, ring, whole, work_on
from budgets.models import Budget
from workflow.actions import ensure

AT_ONCE = 100_000  # bytes: a file of up to about 1,000 lines is read while the person waits
MOST_STAGED = 20  # files of one person that are kept at a time


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
            settle_layout(staged, read_cells(data=content))
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


# -- layout -----------------------------------------------------------------------------------------------


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
        row = locked(staged.pk)
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
    return _go_on(whole(staged.pk), now=now)


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
        row = locked(staged.pk)
        if row.state == ImportState.DONE:
            raise Conflict("This was loaded before you asked to forget it.", current=row)
        if row.state in AT_WORK:
            raise Conflict(
                "This is under way and cannot be forgotten now. See here how it ends.", current=row
            )
        row.delete()
