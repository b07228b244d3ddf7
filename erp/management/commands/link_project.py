"""`manage.py link_project JOB`: a project, with an empty draft budget, from a job that the sync has read."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from erp.models import Connection, ErpJob
from erp.setup import linking
from projects.models import BudgetLevel, Project, ProjectRole


class Command(BaseCommand):
    """Makes the project and its jobs; names what comes next."""

    help = (
        "Make a project from a synced main job and its sub jobs. "
        "Exit code 0: made; 1: not made, the reason is printed; 2: wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("job", metavar="JOB", help="code of the main job, for example 26-0418")
        parser.add_argument(
            "--company", metavar="CODE", help="needed where two companies have the same job code"
        )
        parser.add_argument("--name", default="", help="the project's name (default: the job's)")
        parser.add_argument("--admin", metavar="NAME", help="make this user Budget admin of the project")

    def handle(self, *args: Any, **options: Any) -> None:
        """Link, or raise CommandError with the reason."""
        user = None
        if options["admin"]:
            user = get_user_model().objects.filter(username=options["admin"]).first()
            if user is None:
                raise CommandError(f"There is no user {options['admin']!r}.")
        connection = self._connection(options["job"], options["company"])
        try:
            project = linking.link_project(
                connection, options["job"], user=user, now=timezone.now(), name=options["name"]
            )
        except linking.CannotLink as problem:
            raise CommandError(str(problem)) from None
        if user is not None:
            ProjectRole.objects.create(user=user, project=project, level=BudgetLevel.ADMIN)
        self._report(project, user)

    def _connection(self, job: str, company: str | None) -> Connection:
        connections = Connection.objects.select_related("company").order_by("company__code")
        if company is not None:
            found = list(connections.filter(company__code=company))
            if not found:
                raise CommandError(
                    f"There is no company {company!r} with an ERP. Run: sync_erp {company} --create"
                )
            return found[0]
        ids = ErpJob.objects.filter(code=job, gone_at=None).values("connection")
        found = list(connections.filter(pk__in=ids))
        if len(found) > 1:
            codes = ", ".join(each.company.code for each in found)
            raise CommandError(f"{job} is a job of the companies {codes}. Say which one with --company.")
        if not found:
            raise CommandError(
                f"No company has a job {job!r} as last synced. Run sync_erp, or check the code."
            )
        return found[0]

    def _report(self, project: Project, user: Any) -> None:
        jobs = list(project.jobs.values_list("code", flat=True))
        self.stdout.write(self.style.SUCCESS(f"{project} (id {project.pk}) with jobs {', '.join(jobs)}"))
        if user is None:
            self.stdout.write(
                "Nobody sees it yet: give people a role on it, or run this with --admin next time."
            )
        else:
            self.stdout.write(f"Next: manage.py import_budget {jobs[0]} FILE --user {user.get_username()}")
