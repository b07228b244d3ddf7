"""Setting a company up with its ERP, and making a project from a synced job."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from budgets.services import budget_for
from erp.models import Connection, CostTypeLink, ErpJob, JobLink
from projects.models import Company, CostType, Job, Project
from workflow import events

COST_TYPES = (("L", "Labor"), ("M", "Material"), ("E", "Equipment"), ("S", "Subcontract"), ("O", "Other"))


class CannotLink(Exception):
    """The job cannot become a project: says why and what to do."""


def open_company(
    *, code: str, name: str, currency: str, alias: str, erp_company: str, time_zone: str = "UTC"
) -> Connection:
    """This function will make a company with the five cost types and its connection, or find what is there."""
    with transaction.atomic():
        company, _ = Company.objects.get_or_create(
            code=code, defaults={"name": name, "currency": currency, "time_zone": time_zone}
        )
        for place, (letter, words) in enumerate(COST_TYPES):
            CostType.objects.get_or_create(
                company=company, code=letter, defaults={"name": words, "position": place}
            )
        connection, _ = Connection.objects.get_or_create(
            company=company, defaults={"alias": alias, "erp_company": erp_company}
        )
    return connection


def confirm_cost_types(
    connection: Connection, *, user: Any, now: datetime, only: Collection[int] | None = None
) -> int:
    """This function will confirm the matches of cost types that the sync made by name. Returns how many.

    With `only` the matches of these ids alone: those a person has seen. Ids of other connections are passed over.
    """
    with transaction.atomic():
        open_ones = CostTypeLink.objects.filter(erp_cost_type__connection=connection, confirmed_at=None)
        if only is not None:
            open_ones = open_ones.filter(pk__in=only)
        number = open_ones.update(confirmed_by=user, confirmed_at=now)
        if number:
            events.record(
                chain=connection.company_id,
                at=now,
                actor=user,
                action="confirm_cost_types",
                about=[connection],
                sentence=f"Confirmed {number} matches of cost types",
            )
    return number


def link_project(
    connection: Connection, job_code: str, *, user: Any, now: datetime, name: str = ""
) -> Project:
    """This function will make a project from a synced main job and its sub jobs, with an empty draft budget.

    Raises CannotLink when the job is unknown, a sub job, or a project already.
    """
    with transaction.atomic():
        row = (
            ErpJob.objects.select_for_update()
            .filter(connection=connection, code=job_code, gone_at=None)
            .first()
        )
        if row is None:
            raise CannotLink(
                f"{job_code} is no job of {connection.company.code} as last synced. Run the sync, or "
                "check the code."
            )
        if row.parent_code:
            raise CannotLink(
                f"{job_code} is a sub job of {row.parent_code}. Link the main job; its sub jobs follow."
            )
        link = JobLink.objects.filter(erp_job=row).select_related("job__project").first()
        if link is not None:
            raise CannotLink(f"{job_code} is the project {link.job.project} already.")
        codes = [
            row.code,
            *ErpJob.objects.filter(connection=connection, parent_code=row.code).values_list(
                "code", flat=True
            ),
        ]
        other = (
            Job.objects.filter(company=connection.company_id, code__in=codes)
            .select_related("project")
            .first()
        )
        if other is not None:  # its link was reset, and it has the code until it is linked to another job
            raise CannotLink(
                f"{other.code} is a job of the project {other.project}, whose link was reset. Link that project to "
                "it again, or to another job first."
            )
        project = Project.objects.create(company=connection.company, name=name or row.name or job_code)
        main = Job.objects.create(company=connection.company, project=project, code=row.code, name=row.name)
        tie(main, row, user=user, now=now)
    return project


def tie(main: Job, erp_main: ErpJob, *, user: Any, now: datetime) -> None:
    """This function will link a project's main job to its job in the ERP, with sub jobs, a budget and the event."""
    JobLink.objects.create(job=main, erp_job=erp_main)
    give_sub_jobs(main, erp_main)
    events.record(
        chain=main.company_id,
        at=now,
        actor=user,
        action="link_project",
        about=[budget_for(main.project, now=now), main.project],
        sentence=f"Linked {main.project} to job {erp_main.code}",
    )


def give_sub_jobs(main: Job, erp_main: ErpJob) -> int:
    """This function will link the sub jobs that a main job has in the ERP, making those we lack. Returns how many.

    A code that is a job of another project here is passed over: lines here cannot be on it.
    """
    open_ones = sub_jobs_to_link().filter(connection=erp_main.connection_id, parent_code=erp_main.code)
    ours = {job.code: job for job in Job.objects.filter(project=main.project_id, parent=main)}
    taken = set(Job.objects.filter(company=main.company_id).values_list("code", flat=True)) - set(ours)
    subs = [sub for sub in open_ones.order_by("code") if sub.code not in taken]
    for sub in subs:
        job = ours.get(sub.code) or Job.objects.create(
            company_id=main.company_id, project_id=main.project_id, parent=main, code=sub.code, name=sub.name
        )
        JobLink.objects.create(job=job, erp_job=sub)
    return len(subs)


def sub_jobs_to_link() -> QuerySet[ErpJob]:
    """This function will find the sub jobs in the ERP that no job of ours is linked to."""
    return ErpJob.objects.filter(gone_at=None, link=None).exclude(parent_code="")
