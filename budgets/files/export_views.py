"""Taking a budget away as a file. Whoever sees the budget may."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest
from django.utils import timezone
from django.views.decorators.http import require_GET

from budgets.files import export_files, export_rows
from budgets.models import Budget
from budgets.pages import budget_page

WRITERS = {"xlsx": export_files.xlsx, "csv": export_files.csv_file}


@require_GET
@budget_page
def export(request: HttpRequest, budget: Budget, *, kind: str) -> FileResponse:
    """This function will hand out all lines of a budget as a file; that of an empty one is the template."""
    return file_of(budget, kind=kind)


def file_of(budget: Budget, *, kind: str) -> FileResponse:
    """This function will write a budget's file and name it after project, job and date."""
    exported = export_rows.export(budget, now=timezone.now())
    return FileResponse(
        WRITERS[kind](exported),
        as_attachment=True,
        filename=f"{exported.name}.{kind}",
        content_type=export_files.MIMES[kind],
    )
