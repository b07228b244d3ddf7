"""What people, workers and the accountant do in the demo's stories: every verb calls what they would call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets import services
from budgets.files import spreadsheets
from budgets.importing import loading as imports
from budgets.models import Budget, BudgetLine, Modification
from budgets.modifications import attachments
from demo.catalog import COMPANY, DemoJob, file_of
from demo.control import Control
from demo.people import give_roles
from erp import services as erp
from erp.decision import deciding
from erp.delivery import outbox
from erp.models import Batch, Connection, Document, DocumentState, ErpReading, ReadingState
from erp.posting import polling as posting
from erp.setup import linking
from erp.sync import readings

Key = tuple[str, str]  # cost code and cost type, on the main job


@dataclass(frozen=True)
class Office:
    """Everybody and everything a story needs. `now` is always the story's own time."""

    connection: Connection
    people: Mapping[str, Any]
    control: Control

    # -- the project manager --------------------------------------------------------------------------------

    def open(self, job: DemoJob, *, now: datetime) -> Budget:
        """Jonas links the job; its people get their roles."""
        project = linking.link_project(
            self.connection, job.code, user=self.people["jonas"], now=now, name=job.name
        )
        give_roles(project, dict(self.people), job=job.code)
        return project.budget

    def budget_of(self, job: DemoJob) -> Budget:
        """Find the budget of a job that was opened."""
        return Budget.objects.select_related("project__company").get(project__jobs__code=job.code)

    def bring(self, budget: Budget, *, by: str, now: datetime, text: str, name: str) -> None:
        """Import a file's text."""
        sheet = spreadsheets.read(data=text.encode())
        if sheet.errors:
            raise ValueError(f"{name}: {sheet.errors[0]}")
        imports.import_rows(budget, user=self.people[by], now=now, sheet=sheet, source=name)

    def prepare(self, job: DemoJob, *, by: str, now: datetime) -> Budget:
        """Open a job and bring its generated budget in, still a draft."""
        budget = self.open(job, now=now)
        self.bring(budget, by=by, now=now, text=file_of(job), name=f"{job.name} budget.csv")
        return budget

    def line(self, budget: Budget, key: Key, *, job: str = "") -> BudgetLine:
        """Find a line, on the main job unless another is named."""
        code, kind = key
        where = {"job__code": job} if job else {"job__parent": None}
        return budget.lines.select_related("budget").get(cost_code__code=code, cost_type__code=kind, **where)

    def set_amount(self, budget: Budget, key: Key, amount: Decimal, *, by: str, now: datetime) -> None:
        """Change one original amount of a draft."""
        line = self.line(budget, key)
        services.edit_line(
            line, user=self.people[by], now=now, version=line.version, values={"amount": amount}
        )

    def lock(self, budget: Budget, *, by: str, now: datetime) -> None:
        """Lock the budget."""
        services.lock(budget, user=self.people[by], now=now)

    def draft(
        self,
        budget: Budget,
        title: str,
        changes: Mapping[Key, int],
        *,
        by: str,
        now: datetime,
        note: str = "",
        day: date | None = None,
    ) -> Modification:
        """Write a modification."""
        lines = [(self.line(budget, key), Decimal(amount)) for key, amount in changes.items()]
        return services.save_modification(
            budget, user=self.people[by], now=now, title=title, date=day or now.date(), note=note, lines=lines
        )

    def modify(self, budget: Budget, title: str, changes: Mapping[Key, int], **more: Any) -> None:
        """Write a modification and make it effective."""
        written = self.draft(budget, title, changes, **more)
        services.make_effective(written, user=self.people[more["by"]], now=more["now"])

    def attach(
        self, modification: Modification, name: str, data: bytes, *, by: str, now: datetime
    ) -> Modification:
        """Put a file beside a modification."""
        kept = attachments.attach(modification, user=self.people[by], now=now, name=name, data=data)
        return kept.modification

    def send(self, budget: Budget, *, by: str, now: datetime, note: str = "") -> Batch:
        """Send what is new; a worker reads CMiC for the approver."""
        batch = erp.send(budget, user=self.people[by], now=now, note=note)
        self.read(budget, now=now)
        return batch

    # -- workers and approvers --------------------------------------------------------------------------------

    def read(self, budget: Budget, *, now: datetime) -> ErpReading:
        """A worker makes the reading that was asked for."""
        reading = readings.ask(budget, now=now)
        readings.make(reading, now=now)
        if reading.state != ReadingState.MADE:
            raise RuntimeError(f"CMiC could not be read: {reading.error}")
        return reading

    def accept(self, batch: Batch, *, by: str, now: datetime) -> None:
        """Open the batch, read CMiC again and accept."""
        user = self.people[by]
        deciding.open_batch(batch, user=user, now=now)
        reading = self.read(batch.budget, now=now)
        deciding.accept(batch, user=user, now=now, reading_hash=reading.hash)

    def deliver(self, batch: Batch, *, now: datetime) -> None:
        """A worker pushes the documents, the original first."""
        for document in batch.documents.order_by("item__position"):
            outbox.work_on(document.pk, clock=lambda: now)

    def post(self, batch: Batch, *, now: datetime) -> None:
        """An accountant posts what is delivered in CMiC, and the poll sees it."""
        delivered = Document.objects.filter(batch=batch, state=DocumentState.DELIVERED)
        for document in delivered.order_by("item__position"):
            self.control.tell(
                "post",
                company=COMPANY,
                job=batch.budget.project.jobs.get(parent=None).code,
                code=document.erp_number or document.number,
                date=now.date().isoformat(),
            )
        posting.poll(now=now, documents=list(delivered))
