"""The reset of the link between a project and its ERP job: asked for, confirmed, cleared there, cut. Kept for good."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from erp.delivery.models import Document
from erp.sync.mirror_models import Connection
from projects.models import Project
from workflow import guards

PERSON: dict[str, Any] = {"on_delete": models.PROTECT, "null": True, "blank": True, "related_name": "+"}


class ResetState(models.TextChoices):
    """How far a reset is; nothing is undone in the ERP before it was confirmed."""

    ASKED = "asked", "Waits for the second confirmation"
    CLEARING = "clearing", "Being taken out of the ERP"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


OPEN = (ResetState.ASKED, ResetState.CLEARING)


class LinkReset(models.Model):
    """One reset. `after_batch` is the highest batch number when the link was cut: what is sent later is a new epoch."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="link_resets")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    job_code = models.CharField(max_length=10, help_text="the ERP's code of the main job")
    job_name = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=9, choices=ResetState.choices, default=ResetState.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.TextField()
    reopen_import = models.BooleanField(
        default=False, help_text="a budget may be imported from the ERP again"
    )
    reopen_reason = models.TextField(blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirm_note = models.TextField(blank=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    waits_for = models.TextField(blank=True, help_text="why it is not cut yet, in words")
    after_batch = models.PositiveIntegerField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(state__in=["asked", "clearing"]),
                name="one_link_reset_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="done", after_batch__isnull=False)
                | (~Q(state="done") & Q(after_batch=None)),
                name="a_reset_that_is_done_ends_an_epoch",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["clearing", "done"])
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="a_reset_is_cleared_once_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "clearing"], finished_at=None)
                | (~Q(state__in=["asked", "clearing"]) & Q(finished_at__isnull=False)),
                name="a_reset_is_open_or_finished",
            ),
            models.CheckConstraint(
                condition=Q(reopen_import=False) | ~Q(reopen_reason=""),
                name="import_is_reopened_for_a_reason",
            ),
        ]
        triggers = [
            *guards.edges(
                "state",
                ("asked", "clearing"),
                ("asked", "cancelled"),
                ("clearing", "done"),
                ("clearing", "cancelled"),
            ),
            guards.frozen(
                "asked",
                *("project_id", "connection_id", "job_code", "asked_by_id", "asked_at", "reason"),
                *("reopen_import", "reopen_reason"),
                when="TRUE",
            ),
            guards.frozen(
                "confirmed", "confirmed_by_id", "confirmed_at", when="OLD.confirmed_by_id IS NOT NULL"
            ),
            guards.frozen("ended", "after_batch", "finished_at", when="OLD.finished_at IS NOT NULL"),
            guards.kept("kept", when="TRUE"),
        ]

    def __str__(self) -> str:
        return f"reset of {self.project} from {self.job_code}"

    @property
    def is_open(self) -> bool:
        """Whether it may still be cancelled."""
        return self.state in OPEN


class Fate(models.TextChoices):
    """What becomes of a posted document, which nobody can take out from here."""

    STAYS = "stays", "It stays and counts in the ERP"
    REVERSED = "reversed", "Accounting reversed it in the ERP"
    OFFSET = "offset", "Another entry in the ERP took it back"


class ResetDocument(models.Model):
    """A person's word about a posted document of a project whose link is reset."""

    reset = models.ForeignKey(LinkReset, on_delete=models.PROTECT, related_name="documents")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="resets")
    fate = models.CharField(max_length=8, choices=Fate.choices)
    note = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reset", "document"], name="a_word_a_document_of_a_reset"),
            models.CheckConstraint(condition=~Q(note=""), name="a_word_about_a_document_has_a_note"),
        ]
        triggers = [
            guards.refuse(
                "while_open",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when="(SELECT state FROM erp_linkreset WHERE id = NEW.reset_id) NOT IN ('asked', 'clearing')",
                because="what was said about a document of a finished reset never changes",
            ),
            guards.kept("kept", when="TRUE"),
        ]

    def __str__(self) -> str:
        return f"{self.document}: {self.fate}"
