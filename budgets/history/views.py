"""The History tab: who changed what, when, from which value to which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from budgets.files import downloads
from budgets.history import entries as history
from budgets.history import sql as history_sql
from budgets.models import Budget, BudgetLine, Modification
from budgets.pages import CONFLICT, budget_page, frame
from workflow import numbers
from workflow.actions import ActionBlocked, ensure

HEADER = (
    "When",
    "Who",
    "Event",
    "Line or modification",
    "Done",
    "Detail",
    "Field",
    "Old",
    "New",
    "Difference",
    "Note",
)


@require_safe
@budget_page
def page(request: HttpRequest, budget: Budget) -> HttpResponse:
    """This function will show the change history, an entry of it opened, or a file of what is filtered."""
    try:
        ensure(budget, "see_history", request.user)
    except ActionBlocked as refused:
        context = {**frame(budget), "refused": refused, "tab": "history"}
        return render(request, "budgets/history_refused.html", context, status=CONFLICT)
    wanted = history.Wanted.read(request.GET)
    if request.GET.get("file") in downloads.KINDS:
        name = slugify(f"{budget.project.name} history")
        return downloads.table(request.GET["file"], name=name, header=HEADER, rows=_rows(budget, wanted))
    return render(request, "budgets/history.html", {**frame(budget), **_context(request, budget, wanted)})


def _rows(budget: Budget, wanted: history.Wanted) -> Iterator[tuple[downloads.Cell, ...]]:
    for change, row in history.changes(budget, wanted):
        yield (
            *(
                change.at,
                change.who,
                change.sentence,
                change.what,
                change.deeds if change.key else "",
                change.detail,
            ),
            *(change.field, change.old_number, change.new_number, change.difference, row["note"] or ""),
        )


def _context(request: HttpRequest, budget: Budget, wanted: history.Wanted) -> dict[str, Any]:
    number = numbers.number(request.GET.get("page", "")) or 1
    found = history.page(budget, wanted, number=1 if wanted.entry else number)
    opened = []
    if wanted.entry and found.entries:
        offset = (number - 1) * history.A_PAGE_OF_ROWS
        opened = [row for row, _ in _opened(budget, wanted, offset)]
    changes = [*opened, *(change for entry in found.entries for change in entry.changes)]
    written = {entry.about_pk("budgets.modification") for entry in found.entries}
    return {
        "found": found,
        "wanted": wanted,
        "opened": opened,
        "number": number,
        "pages": _pages(found, wanted),
        "people": history.people(budget),
        "kinds": history.KINDS.items(),
        "fields": history_sql.LABELS.items(),
        "lines_here": _here(BudgetLine, {change.line_id for change in changes}),
        "modifications_here": _here(Modification, written | {change.modification_id for change in changes}),
        "query": _query(request),
        "tab": "history",
    }


def _opened(budget: Budget, wanted: history.Wanted, offset: int) -> Iterator[Any]:
    return history.changes(budget, wanted, limit=history.A_PAGE_OF_ROWS, offset=offset)


def _pages(found: history.Page, wanted: history.Wanted) -> int:
    if wanted.entry and found.entries:
        return max(1, -(-found.entries[0].count // history.A_PAGE_OF_ROWS))
    return found.pages


def _here(model: type[BudgetLine | Modification], keys: set[int | None]) -> set[int]:
    """Which of them still exist, so that a page links to no place that is gone."""
    return set(
        model._default_manager.filter(pk__in=[key for key in keys if key is not None]).values_list(
            "pk", flat=True
        )
    )


def _query(request: HttpRequest) -> str:
    """The filters without the page, for links that keep them."""
    kept = request.GET.copy()
    for name in ("page", "file"):
        kept.pop(name, None)
    return kept.urlencode()
