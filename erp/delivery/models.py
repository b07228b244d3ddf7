"""The document's lifecycle and the journal of calls: what the outbox works on."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from erp.port import PostingState
from erp.refusals.own_advice import CHANGED_THERE
from workflow import guards
from workflow.actions import allowed


class DocumentState(models.TextChoices):
    """How far a document is on its way into the ERP."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    DELIVERED = "delivered"
    POSTED = "posted"
    REFUSED = "refused"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


EDGES = (
    ("queued", "sending"),
    ("queued", "posted"),  # empty after mapping: nothing to write
    ("queued", "withdrawing"),
    ("sending", "queued"),
    ("sending", "delivered"),
    ("sending", "refused"),
    ("sending", "unconfirmed"),
    ("unconfirmed", "delivered"),
    ("unconfirmed", "posted"),
    ("unconfirmed", "queued"),
    ("unconfirmed", "refused"),
    ("refused", "queued"),
    ("refused", "withdrawing"),
    ("delivered", "posted"),
    ("delivered", "refused"),
    ("delivered", "withdrawing"),
    ("withdrawing", "withdrawn"),
    ("withdrawing", "refused"),
    ("withdrawing", "posted"),  # an accountant was faster
)


ANSWERS = [(state.value, state.value) for state in PostingState]


class Document(models.Model):
    """One thing written in the ERP for a batch, under a number minted once.

    The table is the outbox: `not_before` says when a worker may take it, `claim` and
    `lease_until` (database time) who has it.
    """

    batch = models.ForeignKey("erp.Batch", on_delete=models.PROTECT, related_name="documents")
    item = models.OneToOneField("erp.BatchItem", on_delete=models.PROTECT, related_name="document")
    number = models.CharField(max_length=11, unique=True)
    content_hash = models.CharField(max_length=64)
    mapping_version = models.PositiveIntegerField()
    route = models.CharField(max_length=30, blank=True)
    erp_number = models.CharField(max_length=30, blank=True)
    state = FSMField(default=DocumentState.QUEUED, choices=DocumentState.choices)
    state_since = models.DateTimeField()
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="when a worker or a probe may take it next"
    )
    attempts = models.PositiveIntegerField(default=0)
    probes = models.PositiveIntegerField(default=0)
    stumbles = models.PositiveIntegerField(
        default=0, help_text="tries that failed in a way nobody foresaw, since a person looked"
    )
    anyway = models.BooleanField(
        default=False, help_text="taken out of the ERP although somebody changed it there"
    )
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    waiting_for = models.TextField(blank=True, help_text="why it is not taken yet, in words")
    findings = models.JSONField(
        default=list, blank=True, help_text="what a person must fix: code, message, lines, raw"
    )
    receipt = models.JSONField(default=dict, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    poll_at = models.DateTimeField(
        null=True, blank=True, help_text="when the ERP is asked next whether it is posted"
    )
    check_at = models.DateTimeField(null=True, blank=True, help_text="when a person last wanted to know now")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="when the ERP was last asked")
    times_asked = models.PositiveIntegerField(
        default=0, help_text="since it was delivered, whether it is posted"
    )
    answered_at = models.DateTimeField(null=True, blank=True, help_text="when it last answered")
    answer = models.CharField(max_length=20, blank=True, choices=ANSWERS, help_text="what it said then")
    unanswered = models.TextField(blank=True, help_text="why the last question got no answer, in words")
    absent_since = models.DateTimeField(null=True, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True, help_text="when Tieback knew")
    posted_on = models.DateField(null=True, blank=True, help_text="the ERP's posting date")
    posting = models.JSONField(default=dict, blank=True, help_text="evidence")
    differs = models.JSONField(default=list, blank=True, help_text="lines posted with another amount")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["item__position"]
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=Q(state__in=["queued", "unconfirmed", "withdrawing"]),
                name="document_outbox",
            ),
            models.Index(fields=["lease_until"], condition=Q(claim__isnull=False), name="document_leases"),
            models.Index(fields=["poll_at"], condition=Q(poll_at__isnull=False), name="document_poll"),
            models.Index(fields=["-posted_at"], condition=Q(state="posted"), name="document_posted_lately"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(claim=None, lease_until=None)
                | Q(claim__isnull=False, lease_until__isnull=False, state__in=["sending", "withdrawing"]),
                name="claimed_only_while_at_work",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(claim__isnull=False), name="sending_has_a_claim"
            ),
            models.CheckConstraint(
                condition=Q(delivered_at=None, receipt={}) | (Q(delivered_at__isnull=False) & ~Q(receipt={})),
                name="receipt_exactly_when_delivered",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["delivered", "posted"]) | Q(delivered_at__isnull=False),
                name="delivered_has_a_receipt",
            ),
            models.CheckConstraint(
                condition=Q(state="posted", posted_at__isnull=False)
                | (~Q(state="posted") & Q(posted_at=None)),
                name="posted_exactly_when_posted_at",
            ),
        ]
        triggers = [
            *guards.edges("state", *EDGES),
            guards.frozen(
                "identity", "batch_id", "item_id", "number", "content_hash", "mapping_version", when="TRUE"
            ),
            guards.frozen(
                "posted",
                *("state", "posted_at", "posted_on", "delivered_at", "receipt", "route", "erp_number"),
                *("posting", "differs", "confirmed_by_id"),
                when="OLD.state = 'posted'",
            ),
            guards.kept("kept", when="TRUE"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def changed_there(self) -> bool:
        """This property will say whether it was to be taken back and somebody had changed it in the ERP."""
        told = any(finding.get("code") == CHANGED_THERE for finding in self.findings)
        return self.state == DocumentState.REFUSED and told

    def _move(self, now: datetime, not_before: datetime | None = None) -> None:
        self.state_since, self.not_before = now, not_before
        self.claim = self.lease_until = None
        self.waiting_for = ""

    def _forget_answers(self) -> None:
        self.check_at = self.asked_at = self.answered_at = None
        self.times_asked = 0
        self.answer = self.unanswered = ""

    @transition(field=state, source="queued", target="sending", conditions=[allowed("claim")])
    def take(self, *, claim: UUID, lease_until: datetime, now: datetime) -> None:
        """A worker has it."""
        self.claim, self.lease_until, self.state_since = claim, lease_until, now
        self.attempts += 1

    @transition(
        field=state, source=["sending", "unconfirmed"], target="delivered", conditions=[allowed("deliver")]
    )
    def deliver(self, *, receipt: dict[str, object], now: datetime) -> None:
        """It is completely in the ERP, ready to be posted there."""
        self._move(now)
        self.receipt, self.delivered_at, self.poll_at = receipt, now, now
        self.findings, self.probes, self.stumbles = [], 0, 0
        self._forget_answers()

    @transition(
        field=state,
        source=["sending", "unconfirmed", "refused"],
        target="queued",
        conditions=[allowed("queue_again")],
    )
    def queue_again(self, *, now: datetime, not_before: datetime, waiting_for: str = "") -> None:
        """It may be sent (again) from then on."""
        self._move(now, not_before)
        self.waiting_for, self.probes = waiting_for, 0
        self.receipt, self.delivered_at, self.poll_at, self.absent_since = {}, None, None, None
        self._forget_answers()

    @transition(
        field=state,
        source=["sending", "unconfirmed", "delivered", "withdrawing"],
        target="refused",
        conditions=[allowed("refuse")],
    )
    def refuse(self, *, findings: list[dict[str, object]], now: datetime) -> None:
        """A person must change something."""
        self._move(now)
        self.findings, self.poll_at = findings, None

    @transition(field=state, source="sending", target="unconfirmed", conditions=[allowed("unconfirm")])
    def unconfirm(self, *, reason: str, now: datetime, not_before: datetime) -> None:
        """A request left us without a trustworthy answer; the ERP is asked before anything is sent again."""
        self._move(now, not_before)
        self.waiting_for, self.probes = reason, 0

    @transition(
        field=state,
        source=["queued", "unconfirmed", "delivered", "withdrawing"],
        target="posted",
        conditions=[allowed("post")],
    )
    def post(
        self,
        *,
        now: datetime,
        posted_on: date | None,
        evidence: dict[str, object],
        differs: list[dict[str, object]],
    ) -> None:
        """It counts in the ERP."""
        self._move(now)
        self.posted_at, self.posted_on, self.posting, self.differs = now, posted_on, evidence, differs
        self.poll_at = None
        if self.delivered_at is None:
            self.delivered_at, self.receipt = now, {"note": evidence.get("note", "seen posted")}

    @transition(
        field=state,
        source=["queued", "refused", "delivered"],
        target="withdrawing",
        conditions=[allowed("withdraw")],
    )
    def withdraw(self, *, now: datetime, anyway: bool = False) -> None:
        """It shall be taken out of the ERP again; a worker does it."""
        self._move(now, now)
        self.poll_at, self.anyway = None, anyway

    @transition(field=state, source="withdrawing", target="withdrawn", conditions=[allowed("mark_withdrawn")])
    def mark_withdrawn(self, *, now: datetime) -> None:
        """Nothing of it is left in the ERP."""
        self._move(now)
        self.findings = []


class Call(models.Model):
    """The journal: one request to the ERP, written before it left, with what came back. Never deleted."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="calls")
    claim = models.UUIDField()
    attempt = models.PositiveIntegerField()
    step = models.CharField(max_length=80)
    request_id = models.CharField(max_length=64, unique=True)
    method = models.CharField(max_length=10)
    target = models.CharField(max_length=500)
    body = models.TextField(blank=True)
    sent_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True)
    outcome = models.CharField(max_length=15, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        triggers = [
            pgtrigger.Protect(
                name="answered_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.answered_at IS NOT NULL"),
            ),
            guards.frozen(
                "request", "document_id", "step", "request_id", "method", "target", "body", when="TRUE"
            ),
            guards.kept("kept", when="TRUE"),
        ]

    def __str__(self) -> str:
        return f"{self.step} ({self.outcome or 'no answer yet'})"
