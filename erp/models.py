"""Batches and remarks; the models of the app's other rooms are found through this module."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from budgets.models import Budget, BudgetLine
from erp.approval.models import ApprovalRule, BatchStep, BatchStepPerson, Delegation, RuleKind  # noqa: F401  Django finds an app's models here
from erp.decision.attachment_models import BatchAttachment  # noqa: F401  Django finds an app's models here
from erp.decision.bulk_models import BulkDecision, BulkItem, BulkKind, BulkOutcome  # noqa: F401  likewise
from erp.delivery.circuit_models import Circuit  # noqa: F401  Django finds an app's models here
from erp.delivery.models import Call, Document, DocumentState  # noqa: F401  Django finds an app's models here
from erp.mail.models import DailyMail, Notice, NoticeSwitch  # noqa: F401  likewise
from erp.mapping.models import MappingChange, MappingKind, MappingRule  # noqa: F401  likewise
from erp.posting.confirmation_models import Confirmation, ConfirmationState  # noqa: F401  likewise
from erp.queue.filter_models import DefaultQueueFilter, QueueFilter  # noqa: F401  likewise
from erp.reconciliation.drift_models import DriftDecision, DriftKind, DriftSighting  # noqa: F401  likewise
from erp.refusals.dictionary_models import ErrorExplanation, UnknownErrorText  # noqa: F401  Django finds an app's models through this module
from erp.reset.models import LinkReset, ResetDocument  # noqa: F401  likewise
from erp.setup.models import SeenCompany, TestSend, TestSendState  # noqa: F401  likewise
from erp.snapshot_models import BatchItem, BatchLine  # noqa: F401  likewise
from erp.sync.cost_models import ErpCost  # noqa: F401  likewise
from erp.sync.mirror_models import (  # noqa: F401  Django finds an app's models through this module
    Connection,
    CostCodeLink,
    CostTypeLink,
    ErpAssignment,
    ErpCostCode,
    ErpCostType,
    ErpJob,
    ErpUnit,
    JobLink,
    Reminder,
)
from erp.sync.models import Heartbeat, SyncChange, SyncRun  # noqa: F401  likewise
from erp.sync.reading_models import ErpReading, ReadingState  # noqa: F401  likewise
from workflow import guards
from workflow.actions import allowed

SUM: dict[str, Any] = {"max_digits": 20, "decimal_places": 2}  # of many amounts
PERSON: dict[str, Any] = {"on_delete": models.PROTECT, "null": True, "blank": True, "related_name": "+"}


class BatchState(models.TextChoices):
    """How far a batch is."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    EXPORTED = "exported"
    POSTED = "posted"
    REJECTED = "rejected"
    RETRIEVED = "retrieved"
    RETURNED = "returned"


OPEN = (BatchState.WAITING, BatchState.ACCEPTED, BatchState.EXPORTED)


class RejectReason(models.TextChoices):
    """Why a batch was sent back, as a code to count by."""

    AMOUNTS = "amounts", "Amounts to correct"
    CODING = "coding", "Wrong cost code or cost type"
    DOCUMENTATION = "documentation", "Something to explain or attach"
    NOT_APPROVED = "not_approved", "Not approved by the owner or management"
    DUPLICATE = "duplicate", "Already in the ERP"
    OTHER = "other", "Other"


class Batch(models.Model):
    """One press of Send to ERP: an immutable snapshot of what is new, decided as a whole."""

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="batches")
    number = models.PositiveIntegerField(help_text="counts the sends of this budget")
    round = models.PositiveIntegerField(default=1, help_text="1, or 2 and more after a rejection")
    answers = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="answered_by",
        help_text="sent back before",
    )
    state = FSMField(default=BatchState.WAITING, choices=BatchState.choices)
    state_since = models.DateTimeField()
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    note = models.TextField(blank=True)
    moved = models.DecimalField(
        **SUM, help_text="what goes up or down, whichever is more, document by document; company currency"
    )
    net = models.DecimalField(**SUM, help_text="sum of all deltas, company currency")
    lines_changed = models.PositiveIntegerField(default=0)
    four_eyes = models.BooleanField(help_text="the company's setting when it was sent")
    opened_at = models.DateTimeField(null=True, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    reading = models.ForeignKey(ErpReading, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    accepted_at = models.DateTimeField(null=True, blank=True)
    sent_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    reason_code = models.CharField(max_length=20, choices=RejectReason.choices, blank=True)
    reason = models.TextField(blank=True)
    exported_at = models.DateTimeField(null=True, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(
        null=True, blank=True, help_text="when the approvers were last told that it waits to be posted"
    )

    class Meta:
        verbose_name_plural = "batches"
        ordering = ["-sent_at", "-pk"]
        indexes = [models.Index(fields=["state", "-sent_at"], name="batch_queue")]
        constraints = [
            models.UniqueConstraint(fields=["budget", "number"], name="batch_number_once_per_budget"),
            models.UniqueConstraint(
                fields=["budget"],
                condition=Q(state__in=["waiting", "accepted", "exported"]),
                name="one_open_batch_per_budget",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["waiting", "rejected", "retrieved"], accepted_by=None, accepted_at=None
                )
                | Q(
                    state__in=["accepted", "exported", "posted", "returned"],
                    accepted_by__isnull=False,
                    accepted_at__isnull=False,
                    reading__isnull=False,
                ),
                name="accepted_by_somebody_on_a_reading",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected")
                | (~Q(reason="") & ~Q(reason_code="") & Q(sent_back_by__isnull=False)),
                name="rejected_with_a_reason",
            ),
        ]
        triggers = [
            *guards.edges(
                "state",
                ("waiting", "accepted"),
                ("waiting", "rejected"),
                ("waiting", "retrieved"),
                ("accepted", "exported"),
                ("accepted", "returned"),
                ("accepted", "posted"),
                ("exported", "posted"),
                ("exported", "accepted"),
                ("exported", "returned"),
            ),
            guards.frozen("rule", "four_eyes", "sent_by_id", "sent_at", when="TRUE"),
            guards.frozen(
                "snapshot",
                *(
                    "budget_id",
                    "number",
                    "round",
                    "answers_id",
                    "sent_by_id",
                    "sent_at",
                    "moved",
                    "net",
                    "four_eyes",
                ),
                when="OLD.state <> 'waiting'",
            ),
            guards.frozen(
                "decision",
                "accepted_by_id",
                "accepted_at",
                "reading_id",
                when="OLD.accepted_by_id IS NOT NULL",
            ),
            guards.kept("kept", when="TRUE"),
            guards.refuse(
                "four_eyes",
                operation=pgtrigger.Update,
                when="NEW.four_eyes AND NEW.accepted_by_id IS NOT NULL AND EXISTS (SELECT 1 FROM erp_batchpreparer p"
                " WHERE p.batch_id = NEW.id AND p.user_id = NEW.accepted_by_id)",
                because="whoever prepared a batch may not accept it",
            ),
            guards.refuse(
                "steps",
                operation=pgtrigger.Update,
                when="NEW.accepted_by_id IS NOT NULL AND OLD.accepted_by_id IS NULL AND EXISTS (SELECT 1"
                " FROM erp_batchstep s WHERE s.batch_id = NEW.id AND s.needed AND s.taken_by_id IS NULL)",
                because="a batch is accepted when every step of its route was taken",
            ),
        ]

    def __str__(self) -> str:
        return f"Batch {self.number} of {self.budget.project}"

    @transition(field=state, source="waiting", target="accepted", conditions=[allowed("accept")])
    def accept(self, *, user: Any, now: datetime, reading: ErpReading) -> None:
        """Let it go to the ERP, on the strength of this reading."""
        self.accepted_by, self.accepted_at, self.reading, self.state_since = user, now, reading, now

    @transition(field=state, source="waiting", target="rejected", conditions=[allowed("reject")])
    def reject(self, *, user: Any, now: datetime, reason_code: str, reason: str) -> None:
        """Send it back to the PM with a reason."""
        self.sent_back_by, self.reason_code, self.reason, self.state_since = user, reason_code, reason, now

    @transition(field=state, source="waiting", target="retrieved", conditions=[allowed("retrieve")])
    def retrieve(self, *, user: Any, now: datetime) -> None:
        """Pull it back before a decision."""
        self.sent_back_by, self.state_since = user, now

    @transition(field=state, source="accepted", target="exported", conditions=[allowed("mark_exported")])
    def mark_exported(self, *, now: datetime) -> None:
        """All documents are delivered."""
        self.exported_at = self.state_since = now

    @transition(field=state, source="exported", target="accepted", conditions=[allowed("reopen")])
    def reopen(self, *, now: datetime) -> None:
        """A document has to be delivered again."""
        self.state_since = now

    @transition(
        field=state, source=["accepted", "exported"], target="posted", conditions=[allowed("mark_posted")]
    )
    def mark_posted(self, *, now: datetime) -> None:
        """All documents are posted."""
        self.posted_at = self.state_since = now

    @transition(
        field=state, source=["accepted", "exported"], target="returned", conditions=[allowed("mark_returned")]
    )
    def mark_returned(self, *, now: datetime) -> None:
        """What was not posted has been taken out of the ERP again."""
        self.state_since = now


class BatchPreparer(models.Model):
    """A person who sent a batch or last changed something new in it; frozen at send. `what` is told to them."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="preparers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "user"], name="preparer_once_per_batch")]
        triggers = [pgtrigger.Protect(name="frozen", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.user}: {self.what}"


class Remark(models.Model):
    """A rejection's remark pinned to a line; the PM changes the line or answers."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="remarks")
    line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, related_name="remarks")
    line_version = models.PositiveIntegerField(help_text="the line's version when the remark was made")
    text = models.TextField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="remark_once_per_line")]

    def __str__(self) -> str:
        return self.text
