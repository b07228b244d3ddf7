"""`manage.py import_budget PROJECT FILE --user NAME`: a file of lines into a draft budget."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from budgets.files import spreadsheets
from budgets.files.workbooks import LARGEST_FILE
from budgets.importing import loading as imports
from budgets.services import budget_for
from projects.models import Project
from workflow.actions import ActionBlocked

MOST_SHOWN = 20


class Command(BaseCommand):
    """Reads the file, shows every error with its place, and imports all lines or none."""

    help = (
        "Import a CSV, XLSX or XLS file of budget lines into a project's draft budget, all lines or none. "
        "Columns are found by name: job, cost_code (or phase_code, code), cost_type (or type), description, "
        "unit (or uom), quantity (or qty), unit_cost, amount (or original_amount). "
        "Exit code 0: imported; 1: nothing was imported, the reasons are printed; 2: wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("project", metavar="PROJECT", help="code of the project's main job, or its id")
        parser.add_argument("file", metavar="FILE", type=Path, help="a .csv, .xlsx or .xls file")
        parser.add_argument(
            "--user", required=True, metavar="NAME", help="whose import it is; needs the right to it"
        )
        parser.add_argument(
            "--company", metavar="CODE", help="needed where two companies have the same job code"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, or raise CommandError with what stands in the way."""
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        budget = budget_for(find_project(options["project"], company=options["company"]))
        sheet = self._sheet(options["file"])
        self.stdout.write(f"{options['file'].name}: {len(sheet.rows)} lines read")
        try:
            result = imports.import_rows(
                budget, user=user, now=timezone.now(), sheet=sheet, source=options["file"].name
            )
        except imports.BadRows as problem:
            raise self._refused(problem.rows) from None
        except ActionBlocked as problem:
            raise CommandError(f"Nothing was imported. {problem}") from None
        self.stdout.write(
            self.style.SUCCESS(
                f"{budget.project}: {result.new} lines new, {result.changed} changed, {result.unchanged} unchanged"
            )
        )
        self._tell_unknown(result.unknown)

    def _sheet(self, file: Path) -> spreadsheets.Sheet:
        try:
            if file.stat().st_size > LARGEST_FILE:
                raise spreadsheets.Unreadable(
                    f"{file} is larger than {LARGEST_FILE // 1024**2} MB. Split it."
                )
            sheet = spreadsheets.read(data=file.read_bytes())
        except OSError as problem:
            raise CommandError(f"{file} cannot be read: {problem.strerror}.") from None
        except spreadsheets.Unreadable as problem:
            raise CommandError(f"Nothing was imported. {problem}") from None
        if sheet.errors:
            raise self._refused(sheet.errors)
        return sheet

    def _refused(self, errors: list[spreadsheets.RowError]) -> CommandError:
        for error in errors[:MOST_SHOWN]:
            self.stderr.write(f"  {error}")
        if len(errors) > MOST_SHOWN:
            self.stderr.write(f"  ... and {len(errors) - MOST_SHOWN} more")
        number = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        return CommandError(f"Nothing was imported: {number} in the file.")

    def _tell_unknown(self, unknown: list[imports.Unknown]) -> None:
        for each in unknown[:MOST_SHOWN]:
            hint = f" Did you mean {each.suggestion}?" if each.suggestion else ""
            rows = ", ".join(map(str, each.rows[:10]))
            words = each.field.replace("_", " ")
            self.stdout.write(
                self.style.WARNING(
                    f"  {words} {each.code!r} is not known (row {rows}).{hint} It is kept as text."
                )
            )
        if len(unknown) > MOST_SHOWN:
            self.stdout.write(self.style.WARNING(f"  ... and {len(unknown) - MOST_SHOWN} more codes"))


def find_project(name: str, *, company: str | None) -> Project:
    """This function will find a project by its main job's code or its id. Raises CommandError."""
    projects = Project.objects.select_related("company")
    if company:
        projects = projects.filter(company__code=company)
    found = list(projects.filter(jobs__code=name, jobs__parent=None))
    if not found and name.isascii() and name.isdigit() and len(name) < 18:
        found = list(projects.filter(pk=int(name)))
    if len(found) > 1:
        codes = ", ".join(sorted(project.company.code for project in found))
        raise CommandError(f"{name} is a job of the companies {codes}. Say which one with --company.")
    if not found:
        raise CommandError(
            f"There is no project with main job or id {name!r}. Link one with: link_project {name}"
        )
    return found[0]
