"""The checklist of a company's set-up and the linking of its jobs, for its ERP admins."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.errors import InvalidInput
from erp.desk import memberships
from erp.mapping.suggestions import Candidate, Suggester
from erp.models import Connection, ErpJob
from erp.setup import checkup, connection_actions
from erp.setup import connecting_actions as setup_actions
from erp.setup.admin_frame import act, for_admins, show
from erp.setup.models import SeenCompany
from erp.setup.steps import DONE, LATER, free_jobs, steps
from projects.models import Company, ErpLevel, Job, Project
from workflow.numbers import number

MOST_JOBS = 100
NEW, NONE = "new", ""


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def checklist(request: HttpRequest, company: Company) -> HttpResponse:
    """This function will show the steps, and connect or check the company."""
    connection: Connection | None = (
        Connection.objects.select_related("company").filter(company=company).first()
    )

    def again(*, status: int = 200, **more: Any) -> HttpResponse:
        return show(request, company, "setup", _checklist(request, company, connection) | more, status=status)

    if request.method != "POST":
        return again()

    def do() -> tuple[str, HttpResponse]:
        said = _deed(request, company, connection)
        return said, redirect("admin:erp_setup", company.pk)

    return act(request, do, again=again)


def _checklist(request: HttpRequest, company: Company, connection: Connection | None) -> dict[str, Any]:
    found = steps(company, connection)
    counted = [step for step in found if step.state != LATER]
    report = connection.report if connection else []
    return {
        "steps": found,
        "done": sum(step.state == DONE for step in counted),
        "counted": len(counted),
        "others": [
            row.company
            for row in memberships(request)
            if row.erp_level >= ErpLevel.ADMIN and row.company_id != company.pk
        ],
        "aliases": setup_actions.aliases(),
        "companies_seen": _free_companies(),
        "report": checkup.by_area(report),
        "report_in_short": checkup.in_short(report),
    }


def _free_companies() -> list[SeenCompany]:
    """Companies of the ERPs that nobody is connected to."""
    taken = set(Connection.objects.values_list("alias", "erp_company"))
    return [row for row in SeenCompany.objects.all() if (row.alias, row.code) not in taken]


def _deed(request: HttpRequest, company: Company, connection: Connection | None) -> str:
    by: dict[str, Any] = {"user": request.user, "now": timezone.now()}
    if request.POST.get("do") == "companies":
        setup_actions.ask_for_companies(company, **by)
        return "The companies are being read. Reload in a few seconds to choose from them."
    if request.POST.get("do") == "verify" and connection is not None:
        connection_actions.ask_to_verify(connection, **by)
        return "The ERP is being checked. Reload in a few seconds to see what it says."
    alias, code = request.POST.get("alias", ""), request.POST.get("erp_company", "").strip()
    setup_actions.connect(company, **by, alias=alias, erp_company=code)
    return "Connected. The ERP is being checked; reload in a few seconds to see what it says."


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def jobs(request: HttpRequest, company: Company) -> HttpResponse:
    """This function will show the jobs that are no project yet, each with what it may be, and link the ticked."""
    found = Connection.objects.select_related("company").filter(company=company).first()
    if found is None:
        raise Http404("The company is not connected to an ERP yet.")
    connection: Connection = found

    def again(*, status: int = 200, **more: Any) -> HttpResponse:
        return show(request, company, "jobs", _jobs(request, connection) | more, status=status)

    if request.method != "POST":
        return again()

    def do() -> tuple[str, HttpResponse]:
        ticked = request.POST.getlist("job")
        chosen = {code: _choice(request.POST.get(f"project-{code}", NEW)) for code in ticked}
        if not chosen:
            setup_actions.link_jobs(connection, user=request.user, now=timezone.now(), chosen={})
            raise InvalidInput({"job": "Tick the jobs to link."})
        done = setup_actions.link_jobs(connection, user=request.user, now=timezone.now(), chosen=chosen)
        words = f"{len(done)} {'job is' if len(done) == 1 else 'jobs are'} linked"
        return f"{words}. Give people a role on the projects.", redirect(request.get_full_path())

    return act(request, do, again=again)


def _choice(text: str) -> int | None:
    if text == NEW:
        return None
    key = number(text)
    if key is None:
        raise InvalidInput({"job": "Choose a project, or a new one."})
    return key


def _jobs(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    query = request.GET.get("q", "").strip()[:60]
    rows: Any = free_jobs(connection)
    if query:
        rows = rows.filter(code__icontains=query) | rows.filter(name__icontains=query)
    free = _free_projects(connection)
    suggester = Suggester(Candidate(str(project.pk), project.name) for project in free)
    by_code = dict(Job.objects.filter(project__in=free, parent=None).values_list("code", "project"))
    return {
        "rows": [_suggest(job, by_code, suggester) for job in rows[:MOST_JOBS]],
        "in_all": rows.count(),
        "query": query,
        "free": free,
        "connection": connection,
        "linked": ErpJob.objects.filter(connection=connection, parent_code="", link__isnull=False)
        .select_related("link__job__project")
        .order_by("code")[:MOST_JOBS],
    }


def _free_projects(connection: Connection) -> list[Project]:
    """Projects of the company without a linked main job."""
    rows = Project.objects.filter(company=connection.company_id)
    return list(rows.exclude(jobs__parent=None, jobs__erp_link__isnull=False).order_by("name"))


def _suggest(job: ErpJob, by_code: dict[str, int], suggester: Suggester) -> dict[str, Any]:
    """What a job may be: the project that has its code, else one that is called alike, else a new one."""
    if job.code in by_code:
        return {"job": job, "chosen": by_code[job.code], "why": "same code", "sure": True}
    alike = [one for one in suggester.suggest("", job.name) if one.code.isdigit()] if job.name else []
    if alike:
        return {"job": job, "chosen": int(alike[0].code), "why": alike[0].why, "sure": False}
    return {"job": job, "chosen": None, "why": "", "sure": False}
