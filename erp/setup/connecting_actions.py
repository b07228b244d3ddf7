"""Connecting a company to its ERP, and its projects to jobs there: rules, actions and services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from budgets.errors import InvalidInput
from erp import bell
from erp.backends import backend, outside_transactions
from erp.locking import lock_company
from erp.models import Connection, CostTypeLink, ErpJob, JobLink
from erp.reset.models import LinkReset, ResetState
from erp.rights import may_administer
from erp.setup import linking
from erp.setup.connection_actions import nothing_to_map_to
from erp.setup.models import SeenCompany
from projects.models import Company, CostType, Job, Project
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker


@blocker("connected_already", Kind.STATE)
def connected_already(company: Company, user: Any) -> Found | None:
    """A company has one connection; another ERP is a move."""
    connection = Connection.objects.filter(company=company).first()
    if connection is None:
        return None
    return Found(
        f"{company.name} is connected to company {connection.erp_company} already. "
        "Moving it to another ERP stands on the connection."
    )


@blocker("no_erp_configured", Kind.STATE)
def no_erp_configured(company: Company, user: Any) -> Found | None:
    """The environment names no ERP."""
    if settings.ERP_BACKENDS:
        return None
    return Found(
        "No ERP is configured. Whoever runs Tieback names one in the environment (the README says how)."
    )


register(
    Action(
        name="connect_erp",
        model=Company,
        label="Connect",
        permission=may_administer,
        problems=(connected_already, no_erp_configured),
        tone="primary",
    ),
    Action(
        name="link_jobs",
        model=Connection,
        label="Link the ticked",
        permission=may_administer,
        problems=(nothing_to_map_to,),
        tone="primary",
    ),
)


def aliases() -> list[tuple[str, str]]:
    """This function will list the configured ERPs: alias and name, by name."""
    named = [(alias, backend(alias).name) for alias in settings.ERP_BACKENDS]
    return sorted(named, key=lambda pair: pair[1])


def ask_for_companies(company: Company, *, user: Any, now: datetime) -> None:
    """This function will let a worker read which companies the ERPs have."""
    ensure(company, "connect_erp", user)
    for alias, _ in aliases():
        bell.ring("read_companies", alias)


def read_companies(alias: str, *, now: datetime) -> int:
    """This function will keep which companies an ERP shows. Returns how many. Talks to the ERP."""
    outside_transactions()
    rows = list(backend(alias).companies())
    with transaction.atomic():
        SeenCompany.objects.filter(alias=alias).delete()
        SeenCompany.objects.bulk_create(
            SeenCompany(
                alias=alias, code=row.code[:8], name=row.name[:60], currency=row.currency[:3], read_at=now
            )
            for row in rows
        )
    return len(rows)


def connect(company: Company, *, user: Any, now: datetime, alias: str, erp_company: str) -> Connection:
    """This function will connect a company to its company in an ERP, with the cost types. Raises InvalidInput."""
    with transaction.atomic():
        row = lock_company(company)
        ensure(row, "connect_erp", user)
        if alias not in settings.ERP_BACKENDS:
            raise InvalidInput({"alias": "Choose one of the ERPs."})
        longest = Connection._meta.get_field("erp_company").max_length or 0
        if not 0 < len(erp_company) <= longest:
            raise InvalidInput(
                {"erp_company": f"Write the company’s code there, at most {longest} characters."}
            )
        if Connection.objects.filter(alias=alias, erp_company=erp_company).exists():
            raise InvalidInput(
                {"erp_company": f"Another company is connected to {erp_company} there already."}
            )
        for place, (letter, words) in enumerate(linking.COST_TYPES):
            CostType.objects.get_or_create(
                company=row, code=letter, defaults={"name": words, "position": place}
            )
        made = Connection.objects.create(company=row, alias=alias, erp_company=erp_company)
        events.record(
            chain=row.pk,
            at=now,
            actor=user,
            action="connect_erp",
            about=[row, made],
            sentence=f"Connected the company to company {erp_company} of {backend(alias).name}",
            data={"alias": alias, "erp_company": erp_company},
        )
        bell.ring("verify_connection", made.pk, user.pk)
    return made


def link_jobs(
    connection: Connection, *, user: Any, now: datetime, chosen: Mapping[str, int | None]
) -> Sequence[Project]:
    """This function will link jobs of the ERP: each to the project of that id, or to a new one (None), all or none.

    Raises InvalidInput.
    """
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",)).select_related("company")
        row = rows.get(pk=connection.pk)
        ensure(row, "link_jobs", user)
        done = []
        for code, project in chosen.items():
            try:
                if project is None:
                    done.append(linking.link_project(row, code, user=user, now=now))
                else:
                    done.append(_join(row, code, project, user=user, now=now))
            except linking.CannotLink as problem:
                raise InvalidInput({"job": str(problem)}) from None
    return done


def _join(connection: Connection, code: str, project_id: int, *, user: Any, now: datetime) -> Project:
    """Link a job of the ERP, and its sub jobs, to a project that is here already."""
    project = Project.objects.select_for_update().filter(pk=project_id, company=connection.company_id).first()
    if project is None:
        raise linking.CannotLink("There is no such project in this company.")
    theirs = (
        ErpJob.objects.select_for_update(of=("self",))
        .filter(connection=connection, code=code, gone_at=None, parent_code="", link=None)
        .first()
    )
    if theirs is None:
        raise linking.CannotLink(f"{code} is no main job as last read, or is linked already.")
    main = Job.objects.filter(project=project, parent=None).first()
    if main is not None and (main.code != code or JobLink.objects.filter(job=main).exists()):
        raise linking.CannotLink(f"{project} is the job {main.code} already.")
    if LinkReset.objects.filter(project=project, state=ResetState.DONE).exists():
        raise linking.CannotLink(
            f"The link of {project} was reset: it is linked again on its own page, under Linked projects of the "
            "connection."
        )
    if main is None:
        if Job.objects.filter(company=connection.company_id, code=code).exists():
            raise linking.CannotLink(f"{code} is a job of another project here.")
        main = Job.objects.create(company=connection.company, project=project, code=code, name=theirs.name)
    linking.tie(main, theirs, user=user, now=now)
    return project


def unconfirmed_types(connection: Connection) -> int:
    """This function will count matches of cost types that nobody confirmed yet."""
    return CostTypeLink.objects.filter(erp_cost_type__connection=connection, confirmed_at=None).count()
