"""`manage.py import_from_erp PROJECT --user NAME`: the budget that the ERP holds into a project's draft budget."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from budgets.errors import Conflict
from budgets.management.commands.import_budget import find_project
from budgets.models import Budget
from budgets.services import budget_for
from erp.models import ReadingState
from erp.sync import readings
from erp.takeover import services as budget_import
from erp.takeover.plan import Mode, Plan, plan
from workflow.actions import ActionBlocked

WORDS = {
    "new": "only in the ERP",
    "changed": "other amounts",
    "unchanged": "equal in both",
    "only_here": "only here, they stay",
    "left": "not taken over",
}


class Command(BaseCommand):
    """Reads, shows what would change, and takes it over."""

    help = (
        "Take over the original budget that the ERP holds for a project's jobs. Amounts of 0.00 there are passed "
        "over; no line is deleted. Without --overwrite your amounts stay and only missing lines are added. "
        "Exit code 0: done, or shown with --dry-run; 1: nothing was taken over, the reason is printed; 2: wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("project", metavar="PROJECT", help="code of the project's main job, or its id")
        parser.add_argument("--user", required=True, metavar="NAME", help="whose import it is")
        parser.add_argument(
            "--company", metavar="CODE", help="needed where two companies have the same job code"
        )
        parser.add_argument(
            "--overwrite", action="store_true", help="take the ERP's amount where both have one"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would change, and change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, or raise CommandError with what stands in the way."""
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        budget = budget_for(find_project(options["project"], company=options["company"]))
        mode = Mode.OVERWRITE if options["overwrite"] else Mode.ADD
        try:
            found = self._plan(budget, user)
            self._show(found, mode)
            if options["dry_run"]:
                self.stdout.write("Nothing was changed: this was a dry run.")
                return
            budget_import.import_from_erp(
                budget, user=user, now=timezone.now(), mode=mode.value, seen=found.seen
            )
        except (ActionBlocked, Conflict) as problem:
            raise CommandError(f"Nothing was taken over. {problem}") from None
        self.stdout.write(self.style.SUCCESS(f"{budget.project}: {found.does(mode)} lines added or changed"))

    def _plan(self, budget: Budget, user: Any) -> Plan:
        asked = budget_import.ask_reading(budget, user=user, now=timezone.now())
        made = readings.make(asked, now=timezone.now())
        if made.state != ReadingState.MADE:
            raise CommandError(f"Nothing was taken over: {made.error}")
        budget.refresh_from_db()
        return plan(budget, made)

    def _show(self, found: Plan, mode: Mode) -> None:
        for name, share in found.shares.items():
            if share.lines:
                self.stdout.write(
                    f"  {share.lines:6} {WORDS[name]}: {share.here:,.2f} here, {share.in_erp:,.2f} in the ERP"
                )
        self.stdout.write(f"  {found.zeros:6} of 0.00 in the ERP, passed over")
        total = found.total
        after = total.after_overwrite if mode is Mode.OVERWRITE else total.after_add
        self.stdout.write(f"  {total.here:,.2f} here and {total.in_erp:,.2f} in the ERP become {after:,.2f}")
        for one in found.left[:20]:
            self.stdout.write(
                self.style.WARNING(
                    f"  {one.held.key.job} {one.held.key.cost_code} {one.held.key.cost_type}: {one.why}"
                )
            )
        if len(found.left) > 20:
            self.stdout.write(self.style.WARNING(f"  ... and {len(found.left) - 20} more"))
