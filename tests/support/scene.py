"""The fixed cast and one project, made row by row, for tests that need people and a budget but no ERP.

`make_scene()` makes, in plain rows:

- company 001 *Northgate Builders* (America/Chicago, four eyes on): the five cost types, cost codes, unit CY,
  an ERP connection (alias `paper`, verified, synced, originals on started jobs allowed), mirror and links
- the project *Quay Street*: main job 26-0288 and sub job 26-0288-01, both started in the ERP; a draft budget
  of six lines, 92,500.75 in all, keyed in by Dana; the ERP holds nothing until `sheet.hold(...)` says so
- **Dana** Reyes (PM, Budget admin) · **Tom** Baptiste (PM, Budget admin, may also approve) · **Mira** Osei
  (approver up to 100,000.00) · **Jonas** Lindqvist (controller: ERP admin, approves without limit, reads the
  budget) · **Ruth** Adler (auditor: reads budget and queue, decides nothing) · **Olga** Novak (PM and
  approver of company 002)
- company 002 *Southbank Civil* with its own connection and project *Harbor Wall*, which only Olga sees

A module whose tests all start here makes it once: each of them works in a savepoint after it, on a copy.

Everybody's password is `PASSWORD`; all but Dana are staff. The functions below move a budget along through
the services (`lock`, `send`, `read`, `accept`), and stand in for workers where a document moves (`deliver`,
`refuse`, `post`). Ask for the fixture `scene`; it puts the paper ERP in place of the real ones.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from budgets import services as budget_services
from budgets.models import Budget, BudgetLine, Modification
from erp import holds, services
from erp.backends import forget_backends
from erp.decision import deciding
from erp.delivery.settling import settle_batch
from erp.models import (
    Batch,
    Connection,
    CostCodeLink,
    CostTypeLink,
    Document,
    DocumentState,
    ErpAssignment,
    ErpCostCode,
    ErpCostType,
    ErpJob,
    ErpReading,
    ErpUnit,
    JobLink,
    ReadingState,
)
from erp.sync import readings
from projects.models import (
    BudgetLevel,
    Company,
    CostCode,
    CostType,
    ErpLevel,
    Job,
    Membership,
    Project,
    ProjectRole,
    Unit,
)
from tests.support import paper
from workflow.actions import SYSTEM, ensure

PASSWORD = "a long test password"
MAIN, SUB = "26-0288", "26-0288-01"
COST_TYPES = {"L": "Labor", "M": "Material", "E": "Equipment", "S": "Subcontract", "O": "Other"}
COST_CODES = {
    "01": "General requirements",
    "01-31-00": "Project management",
    "03": "Concrete",
    "03-30-00": "Cast-in-place concrete",
    "09": "Finishes",
    "09-68-00": "Carpeting",
}
LINES = (
    (MAIN, "01-31-00", "L", "20000.00"),
    (MAIN, "03-30-00", "L", "15000.00"),
    (MAIN, "03-30-00", "M", "40000.00"),
    (MAIN, "09-68-00", "S", "12500.50"),
    (SUB, "03-30-00", "M", "5000.25"),
    (SUB, "09-68-00", "O", "0.00"),
)
TOTAL = Decimal("92500.75")


@dataclass
class Scene:
    """What `make_scene` made. `lines` are by (job, cost code, cost type); `sheet` is what the ERP holds."""

    company: Company
    connection: Connection
    project: Project
    budget: Budget
    other_company: Company
    other_project: Project
    other_budget: Budget
    dana: Any
    tom: Any
    mira: Any
    jonas: Any
    ruth: Any
    olga: Any
    sheet: paper.Sheet
    lines: dict[tuple[str, str, str], BudgetLine] = field(default_factory=dict)

    def reload(self) -> Budget:
        """The budget as it is now, with nothing remembered."""
        self.budget = Budget.objects.select_related("project__company").get(pk=self.budget.pk)
        return self.budget


@pytest.fixture(scope="module")
def scene_of_the_module(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Scene | None]:
    """One scene under the transactions of all tests of a module; None where one of them would not bear it."""
    items = [item for item in request.session.items if item.path == request.path]
    if not all(_starts_from_the_scene(item) for item in items):
        yield None
        return
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(ERP_BACKENDS=paper.BACKENDS):
            made = make_scene()
        with django_db_blocker.block():
            yield made
        transaction.set_rollback(True)


def _starts_from_the_scene(item: pytest.Item) -> bool:
    """A test that commits, or that wants the database empty, cannot stand on what others stand on."""
    fixtures, marker = set(getattr(item, "fixturenames", ())), item.get_closest_marker("django_db")
    commits = fixtures & {"transactional_db", "live_server"} or (marker and marker.kwargs)
    return not commits and ("scene" in fixtures or not (marker or "db" in fixtures))


@pytest.fixture
def scene(scene_of_the_module: Scene | None, db: None, settings: LazySettings) -> Iterator[Scene]:
    """The cast and the project, on an ERP of paper."""
    settings.ERP_BACKENDS = paper.BACKENDS
    forget_backends()
    paper.clean()
    yield (
        replace(copy.deepcopy(scene_of_the_module), sheet=paper.SHEET)
        if scene_of_the_module
        else make_scene()
    )
    forget_backends()


def make_scene() -> Scene:
    """Make what this module's docstring lists."""
    company = _company("001", "Northgate Builders", time_zone="America/Chicago")
    other = _company("002", "Southbank Civil")
    connection, other_connection = _connect(company), _connect(other)
    project = _project(connection, "Quay Street", MAIN, SUB)
    other_project = _project(other_connection, "Harbor Wall", "26-0900")
    people = _cast(company, project, other, other_project)
    made = Scene(
        company=company,
        connection=connection,
        project=project,
        budget=budget_services.budget_for(project),
        other_company=other,
        other_project=other_project,
        other_budget=budget_services.budget_for(other_project),
        sheet=paper.SHEET,
        **people,
    )
    for job, code, kind, amount in LINES:
        made.lines[job, code, kind] = add_line(made.budget, people["dana"], job, code, kind, amount)
    add_line(made.other_budget, people["olga"], "26-0900", "03-30-00", "L", "700.00")
    made.reload()
    return made


def _company(code: str, name: str, **more: Any) -> Company:
    company = Company.objects.create(code=code, name=name, **more)
    CostType.objects.bulk_create(
        CostType(company=company, code=letter, name=words, position=place)
        for place, (letter, words) in enumerate(COST_TYPES.items())
    )
    divisions = [code for code in COST_CODES if "-" not in code]
    roots = {row.code: row for row in _cost_codes(company, divisions, {})}
    _cost_codes(company, [code for code in COST_CODES if code not in roots], roots)
    Unit.objects.create(company=company, code="CY", name="Cubic yard")
    return company


def _cost_codes(company: Company, codes: list[str], roots: dict[str, CostCode]) -> list[CostCode]:
    return CostCode.objects.bulk_create(
        CostCode(
            company=company, code=code, name=COST_CODES[code], parent=roots.get(code[:2]), division=code[:2]
        )
        for code in codes
    )


def _connect(company: Company) -> Connection:
    now = timezone.now()
    connection = Connection.objects.create(
        company=company,
        alias="paper",
        erp_company=company.code,
        verified_at=now,
        synced_at=now,
        last_contact_at=now,
        originals_on_started_jobs=True,
    )
    codes = list(CostCode.objects.filter(company=company))
    mirrored = ErpCostCode.objects.bulk_create(
        ErpCostCode(connection=connection, code=row.code, name=row.name) for row in codes
    )
    CostCodeLink.objects.bulk_create(
        CostCodeLink(cost_code=ours, erp_cost_code=theirs)
        for ours, theirs in zip(codes, mirrored, strict=True)
    )
    admin, _ = get_user_model().objects.get_or_create(username=f"setup-{company.code}", is_active=False)
    kinds = list(CostType.objects.filter(company=company))
    categories = ErpCostType.objects.bulk_create(
        ErpCostType(connection=connection, code=f"{place + 1}000", name=kind.name)
        for place, kind in enumerate(kinds)
    )
    CostTypeLink.objects.bulk_create(
        CostTypeLink(cost_type=ours, erp_cost_type=theirs, confirmed_by=admin, confirmed_at=now)
        for ours, theirs in zip(kinds, categories, strict=True)
    )
    ErpUnit.objects.create(connection=connection, code="CY", name="Cubic yard")
    return connection


def _project(connection: Connection, name: str, main: str, *subs: str) -> Project:
    company = connection.company
    project = Project.objects.create(company=company, name=name)
    parent = None
    for code in (main, *subs):
        job = Job.objects.create(company=company, project=project, parent=parent, code=code, name=name)
        row = ErpJob.objects.create(
            connection=connection,
            code=code,
            name=name,
            parent_code=parent.code if parent else "",
            status="started",
        )
        JobLink.objects.create(job=job, erp_job=row)
        ErpAssignment.objects.bulk_create(
            ErpAssignment(connection=connection, job_code=code, cost_code=cost_code)
            for cost_code in COST_CODES
        )
        parent = parent or job
    return project


def person(username: str, name: str, **more: Any) -> Any:
    """Make a user with a mail address and the common password."""
    first, last = name.split()
    return get_user_model().objects.create_user(
        username, f"{username}@example.com", PASSWORD, first_name=first, last_name=last, **more
    )


def _cast(company: Company, project: Project, other: Company, other_project: Project) -> dict[str, Any]:
    people = {
        "dana": person("dana", "Dana Reyes"),
        "tom": person("tom", "Tom Baptiste", is_staff=True),
        "mira": person("mira", "Mira Osei", is_staff=True),
        "jonas": person("jonas", "Jonas Lindqvist", is_staff=True),
        "ruth": person("ruth", "Ruth Adler", is_staff=True),
        "olga": person("olga", "Olga Novak", is_staff=True),
    }
    levels = {
        "dana": BudgetLevel.ADMIN,
        "tom": BudgetLevel.ADMIN,
        "jonas": BudgetLevel.READ,
        "ruth": BudgetLevel.READ,
    }
    for name, level in levels.items():
        ProjectRole.objects.create(user=people[name], project=project, level=level)
    ProjectRole.objects.create(user=people["olga"], project=other_project, level=BudgetLevel.ADMIN)
    _member(people["tom"], company, can_push=True)
    _member(people["mira"], company, can_push=True, approval_limit=Decimal("100000.00"))
    _member(people["jonas"], company, can_push=True, erp_level=ErpLevel.ADMIN)
    _member(people["ruth"], company)
    _member(people["olga"], other, can_push=True, erp_level=ErpLevel.ADMIN)
    return people


def _member(user: Any, company: Company, *, erp_level: int = ErpLevel.STANDARD, **more: Any) -> None:
    Membership.objects.create(user=user, company=company, erp_level=erp_level, **more)


# -- what people do -----------------------------------------------------------------------------------------


def add_line(budget: Budget, user: Any, job: str, code: str, kind: str, amount: str) -> BudgetLine:
    """The user adds a line."""
    values = {"job": job, "cost_code": code, "cost_type": kind, "amount": Decimal(amount)}
    return budget_services.add_line(budget, user=user, now=timezone.now(), values=values)


def lock(scene: Scene) -> Budget:
    """Dana locks the budget."""
    budget_services.lock(scene.budget, user=scene.dana, now=timezone.now())
    return scene.reload()


def modify(
    scene: Scene, title: str, *amounts: tuple[tuple[str, str, str], str], effective: bool = True
) -> Modification:
    """Dana writes a modification, amounts by line key, and lets it count."""
    now = timezone.now()
    written = budget_services.save_modification(
        scene.budget,
        user=scene.dana,
        now=now,
        title=title,
        date=now.date(),
        lines=[(scene.lines[key], Decimal(amount)) for key, amount in amounts],
    )
    if effective:
        written = budget_services.make_effective(written, user=scene.dana, now=now)
    scene.reload()
    return written


def send(scene: Scene, *, by: Any = None, note: str = "", read_it: bool = True) -> Batch:
    """Somebody (Dana) sends the locked budget, locking it first where it is a draft; the ERP is read."""
    if scene.reload().state == "draft":
        lock(scene)
    batch = services.send(scene.budget, user=by or scene.dana, now=timezone.now(), note=note)
    if read_it:
        read(scene)
    scene.reload()
    return Batch.objects.get(pk=batch.pk)


def read(scene: Scene, *, at: datetime | None = None) -> ErpReading:
    """A worker reads the paper, at a moment (now)."""
    at = at or timezone.now()
    asked = scene.budget.readings.filter(state=ReadingState.ASKED).first()
    return readings.make(asked or ErpReading.objects.create(budget=scene.budget, asked_at=at), now=at)


def accept(scene: Scene, batch: Batch, *, by: Any = None) -> Batch:
    """Somebody (Mira) accepts on the newest reading."""
    seen = scene.budget.readings.filter(state=ReadingState.MADE)[0]
    done = deciding.accept(batch, user=by or scene.mira, now=timezone.now(), reading_hash=seen.hash)
    scene.reload()
    return done


def reject(scene: Scene, batch: Batch, **more: Any) -> Batch:
    """Mira sends it back."""
    given = {"reason_code": "amounts", "reason": "Concrete is too high.", **more}
    done = deciding.reject(batch, user=scene.mira, now=timezone.now(), **given)
    scene.reload()
    return done


# -- what workers and the ERP do ----------------------------------------------------------------------------


def documents(batch: Batch) -> list[Document]:
    """The batch's documents, fresh."""
    rows = Document.objects.filter(batch=batch).select_related("item", "batch__budget__project__company")
    return list(rows)


def deliver(batch: Batch) -> None:
    """Workers put every queued document into the ERP."""
    for document in documents(batch):
        if document.state == DocumentState.QUEUED:
            take(document)
            _step(document, "deliver", "deliver", receipt={"number": document.number, "lines": 1})
    _settle(batch)


def refuse(batch: Batch, message: str = "Cost code 03-30-00 is inactive on this job.", *refs: int) -> None:
    """The ERP refuses every queued document, naming batch lines by id."""
    finding = {
        "code": "phase_inactive",
        "message": message,
        "refs": [str(ref) for ref in refs],
        "field": "",
        "raw": "JAF-26014: Phase is inactive. <b>",
    }
    for document in documents(batch):
        if document.state == DocumentState.QUEUED:
            take(document)
            _step(document, "refuse", "refuse", findings=[finding])
    _settle(batch)


def ask(batch: Batch, answer: str = "indeterminate") -> None:
    """The poll has just asked the ERP about what was delivered; paper does not say whether it is posted."""
    now = timezone.now()
    delivered = Document.objects.filter(batch=batch, state=DocumentState.DELIVERED)
    delivered.update(asked_at=now, answered_at=now, answer=answer, unanswered="")


def post(batch: Batch) -> None:
    """The accountant posts what was delivered, and the poll sees it."""
    for document in documents(batch):
        if document.state == DocumentState.DELIVERED:
            _step(
                document,
                "post",
                "post",
                posted_on=timezone.localdate(),
                evidence={"seen": "on paper"},
                differs=[],
            )
    _settle(batch)


def take(document: Document) -> None:
    """A worker claims a queued document."""
    lease = timezone.now() + timedelta(minutes=2)
    _step(document, "claim", "take", claim=uuid.uuid4(), lease_until=lease)


def _step(document: Document, action: str, transition: str, **given: Any) -> None:
    ensure(document, action, SYSTEM)
    getattr(document, transition)(now=timezone.now(), **given)
    document.save()


def _settle(batch: Batch) -> None:
    with transaction.atomic():
        budget = budget_services.lock_row(batch.budget)
        row = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        row.budget = budget
        settle_batch(row, budget, now=timezone.now())
        holds.refresh(budget, now=timezone.now())
