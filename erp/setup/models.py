"""What the set-up keeps: the companies an ERP showed, and test sends with every request and answer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class SeenCompany(models.Model):
    """A company that an ERP showed when somebody looked, to choose from when a company is connected."""

    alias = models.CharField(max_length=30)
    code = models.CharField(max_length=8)
    name = models.CharField(max_length=60, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["alias", "code"]
        constraints = [models.UniqueConstraint(fields=["alias", "code"], name="seen_company_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class TestSendState(models.TextChoices):
    """How far a test send is; the first three are open."""

    ASKED = "asked", "waiting for a worker"
    WRITING = "writing", "being written"
    TAKING_OUT = "taking_out", "being taken out again"
    DONE = "done", "went through"
    FAILED = "failed", "did not go through"
    LEFT = "left", "something of it may be left in the ERP"


OPEN_TESTS = (TestSendState.ASKED, TestSendState.WRITING, TestSendState.TAKING_OUT)


class TestSend(models.Model):
    """A made-up document on its way through the real adapter to a test ERP and out again. No batch, no budget.

    `lines` are the made-up lines, `calls` every request before it left and what came back, as a list of objects.
    """

    __test__ = False  # to pytest the name looks like a test

    connection = models.ForeignKey("erp.Connection", on_delete=models.CASCADE, related_name="test_sends")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=TestSendState.choices, default=TestSendState.ASKED)
    alias = models.CharField(max_length=30)
    erp_company = models.CharField(max_length=8)
    job = models.CharField(max_length=10)
    number = models.CharField(max_length=11, unique=True)
    route = models.CharField(max_length=30, blank=True)
    erp_number = models.CharField(max_length=30, blank=True)
    lines = models.JSONField(default=list)
    calls = models.JSONField(default=list)
    receipt = models.CharField(max_length=200, blank=True)
    trouble = models.TextField(blank=True, help_text="what went wrong, in the adapter's words")
    claim = models.UUIDField(null=True, blank=True)
    tries_to_clean = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, help_text="from when on another worker may take it")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["asked", "writing", "taking_out"]),
                name="one_open_test_send",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "writing", "taking_out"], ended_at=None)
                | Q(state__in=["done", "failed", "left"], ended_at__isnull=False),
                name="test_send_ended_when_not_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Test send {self.number}"
