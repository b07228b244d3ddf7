"""A company whose jobs and codes were read from CMiC over HTTP, and people who use the services, for whole stories."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from budgets import services as budget_services
from budgets.models import Budget, BudgetLine
from erp import services
from erp.decision import deciding
from erp.delivery import outbox
from erp.models import Batch, Connection, Document, DocumentState, ErpReading, ReadingState
from erp.posting import polling as posting
from erp.setup import linking
from erp.setup import stopping as connections
from erp.sync import readings
from erp.sync import syncing as sync
from projects.models import BudgetLevel, ErpLevel, Membership, Project, ProjectRole
from tests.support.simulator import Simulator

JOB = "26-0288"
SUB_JOB = "26-0288-01"
PHASES = ("01", "01-31-00", "03", "03-30-00", "09", "09-68-00")
CATEGORIES = {
    "1000": "Labor",
    "2000": "Subcontract",
    "3000": "Equipment",
    "4000": "Material",
    "5000": "Other",
}


def cmic_holds(
    *, status: str, budget: list[dict[str, Any]] | None = None, jobs: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a seed: company 001 with one job and its sub job in a status (P, I or C), and perhaps a budget.

    With `jobs` instead with these main jobs, each in its own status.
    """
    return {
        "companies": [{"code": "001", "name": "Northgate Builders", "currency": "USD"}],
        "units": [{"code": "CY", "name": "Cubic yard"}, {"code": "LS", "name": "Lump sum"}],
        "jobs": [
            {"company": "001", "code": code, "name": name, "control": control, "status": of_job}
            for main, of_job in (jobs or {JOB: status}).items()
            for code, name, control in ((main, "Quay Street", "ALL"), (f"{main}-01", "Site works", main))
        ],
        "phases": [
            {
                "company": "001",
                "code": code,
                "control": code[:2] if "-" in code else "ALL",
                "name": f"Phase {code}",
            }
            for code in PHASES
        ],
        "categories": [{"company": "001", "code": code, "name": name} for code, name in CATEGORIES.items()],
        "budget": [{"company": "001", **row} for row in budget or []],
    }


@dataclass
class Story:
    """The cast and the project of one story. Every verb is something a person or a worker does."""

    simulator: Simulator
    connection: Connection
    project: Project
    budget: Budget
    dana: Any  # project manager, Budget admin
    mira: Any  # approver
    jonas: Any  # controller, ERP admin
    job: str = JOB

    @property
    def sub_job(self) -> str:
        """The one sub job."""
        return f"{self.job}-01"

    def add_line(self, code: str, kind: str, amount: str, *, job: str = "", **more: Any) -> BudgetLine:
        """Dana adds a line, on the main job where no other is named."""
        values = {
            "job": job or self.job,
            "cost_code": code,
            "cost_type": kind,
            "amount": Decimal(amount),
            **more,
        }
        return budget_services.add_line(self.budget, user=self.dana, now=timezone.now(), values=values)

    def modify(self, title: str, *lines: tuple[BudgetLine, str]) -> Any:
        """Dana writes a modification and makes it effective."""
        now = timezone.now()
        written = budget_services.save_modification(
            self.budget,
            user=self.dana,
            now=now,
            title=title,
            date=now.date(),
            lines=[(line, Decimal(amount)) for line, amount in lines],
        )
        return budget_services.make_effective(written, user=self.dana, now=now)

    def lock(self) -> None:
        """Dana locks the budget."""
        budget_services.lock(self.budget, user=self.dana, now=timezone.now())

    def send(self) -> Batch:
        """Dana sends what is new; the reading that the approver needs is made."""
        batch = services.send(self.budget, user=self.dana, now=timezone.now())
        self.read()
        return batch

    def read(self) -> ErpReading:
        """A worker makes the readings that were asked for."""
        for reading in ErpReading.objects.filter(state=ReadingState.ASKED):
            readings.make(reading, now=timezone.now())
        return self.budget.readings.filter(state=ReadingState.MADE)[0]

    def accept(self, batch: Batch) -> Batch:
        """Mira accepts on the newest reading."""
        seen = self.budget.readings.filter(state=ReadingState.MADE)[0]
        return deciding.accept(batch, user=self.mira, now=timezone.now(), reading_hash=seen.hash)

    def work(self) -> None:
        """Workers take what is due until nothing is."""
        for _ in range(20):
            waiting = (DocumentState.QUEUED, DocumentState.UNCONFIRMED, DocumentState.WITHDRAWING)
            if not any(
                outbox.work_on(key)
                for key in Document.objects.filter(state__in=waiting).values_list("pk", flat=True)
            ):
                return

    def post_everything(self) -> None:
        """An accountant starts the pending job, and posts every change item on it, all of which are approved."""
        book = self.simulator.book()
        if any(job["code"] == self.job and job["status"] == "P" for job in book["jobs"]):
            self.simulator.accountant("start_job", company="001", job=self.job)
            return
        for item in book["pcis"]:
            if item["job"] == self.job and not item.get("posted"):
                self.simulator.post(company="001", job=self.job, code=item["code"])

    def poll(self) -> None:
        """The poll asks for everything that waits to be posted."""
        Document.objects.filter(state=DocumentState.DELIVERED).update(poll_at=timezone.now())
        posting.poll(now=timezone.now())

    def in_cmic(self) -> dict[tuple[str, str, str], tuple[Decimal, Decimal]]:
        """What CMiC holds: (original, current) by job, phase and category."""
        return {
            (row["job"], row["phase"], row["category"]): (Decimal(row["original"]), Decimal(row["current"]))
            for row in self.simulator.book()["budget"]
        }

    def reload(self) -> Budget:
        """The budget as it is now."""
        self.budget = Budget.objects.select_related("project__company").get(pk=self.budget.pk)
        return self.budget


def person(username: str, first: str, last: str, **more: Any) -> Any:
    """Make a user with a mail address."""
    return get_user_model().objects.create_user(
        username, f"{username}@example.com", "tieback-test", first_name=first, last_name=last, **more
    )


def begin(simulator: Simulator, *, status: str, budget: list[dict[str, Any]] | None = None) -> Story:
    """Read a company from CMiC, link its job, and put the cast in place."""
    [story] = begin_all(simulator, cmic_holds(status=status, budget=budget), JOB)
    return story


def begin_all(simulator: Simulator, seed: Mapping[str, Any], *jobs: str) -> list[Story]:
    """Read a company from CMiC and link these jobs: one story for each, all with the same cast."""
    simulator.seed(seed)
    now = timezone.now()
    connection = linking.open_company(
        code="001", name="Northgate Builders", currency="USD", alias="cmic", erp_company="001"
    )
    connection.originals_on_started_jobs = True
    connection.save()
    dana, mira = person("dana", "Dana", "Reyes"), person("mira", "Mira", "Osei", is_staff=True)
    jonas = person("jonas", "Jonas", "Lindqvist", is_staff=True)
    company = connection.company
    Membership.objects.create(user=mira, company=company, erp_level=ErpLevel.STANDARD, can_push=True)
    Membership.objects.create(user=jonas, company=company, erp_level=ErpLevel.ADMIN, can_push=True)
    assert connections.verify(connection, user=jonas, now=now) == []
    connection.refresh_from_db()
    sync.sync_company(connection, now=now)
    linking.confirm_cost_types(connection, user=jonas, now=now)
    projects = {job: linking.link_project(connection, job, user=jonas, now=now) for job in jobs}
    sync.sync_company(connection, now=now)
    for project in projects.values():
        ProjectRole.objects.create(user=dana, project=project, level=BudgetLevel.ADMIN)
        ProjectRole.objects.create(user=jonas, project=project, level=BudgetLevel.READ)
    return [
        Story(simulator, connection, project, project.budget, dana, mira, jonas, job)
        for job, project in projects.items()
    ]
