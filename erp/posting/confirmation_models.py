"""A person's word that a document is posted, kept beside the document, which as a posted one never changes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from erp.approval.limit_guards import letting_go, when_inserted
from erp.delivery.models import ANSWERS, Document
from workflow import guards

PERSON: dict[str, Any] = {"on_delete": models.PROTECT, "related_name": "+"}

# What the triggers ask of the batch that a document is of, each as SQL on NEW.
_OF_ITS_BATCH = (
    "(SELECT {} FROM erp_document d JOIN erp_batch b ON b.id = d.batch_id JOIN budgets_budget g"
    " ON g.id = b.budget_id JOIN projects_project p ON p.id = g.project_id WHERE d.id = NEW.document_id)"
)
_COMPANY, _MOVED = _OF_ITS_BATCH.format("p.company_id"), _OF_ITS_BATCH.format("b.moved")


class ConfirmationState(models.TextChoices):
    """What became of a person's word."""

    WATCHED = "watched"  # the ERP has said neither yes nor no
    PROVED = "proved"  # seen posted, with exactly our amounts
    DISPROVED = "disproved"  # the ERP says otherwise
    CLOSED = "closed"  # the ERP said otherwise, and a person has dealt with it


# The word is all that a posting rests on. Of a batch with both, the first is what is said of it.
OPEN_WORDS = (ConfirmationState.DISPROVED, ConfirmationState.WATCHED)


class Confirmation(models.Model):
    """Who said that a document is posted, how they knew, and what the ERP has shown since."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="by_hand")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, help_text="whose limit it was, where that was lent", **PERSON
    )
    confirmed_at = models.DateTimeField()
    note = models.TextField()
    against = models.CharField(
        max_length=20, blank=True, choices=ANSWERS, help_text="what the ERP said just then; empty: no answer"
    )
    state = models.CharField(
        max_length=10, default=ConfirmationState.WATCHED, choices=ConfirmationState.choices
    )
    state_since = models.DateTimeField()
    why = models.TextField(blank=True, help_text="what the ERP says instead, in words")
    posted_on = models.DateField(null=True, blank=True, help_text="the ERP's posting date")
    evidence = models.JSONField(default=dict, blank=True)
    differs = models.JSONField(default=list, blank=True, help_text="lines posted with another amount")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, **PERSON)
    closed_note = models.TextField(blank=True, help_text="what was found out and done")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="disproved") | ~Q(why=""), name="disproved_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_by__isnull=False) & ~Q(closed_note="")
                | ~Q(state="closed") & Q(closed_by=None, closed_note=""),
                name="closed_by_somebody_with_a_note",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of=None) | ~Q(on_behalf_of=F("confirmed_by")),
                name="confirmed_for_somebody_else",
            ),
        ]
        triggers = [
            *guards.edges(
                "state",
                ("watched", "proved"),
                ("watched", "disproved"),
                ("disproved", "proved"),
                ("disproved", "closed"),
            ),
            guards.frozen(
                "word",
                *("document_id", "confirmed_by_id", "on_behalf_of_id", "confirmed_at", "note", "against"),
                when="TRUE",
            ),
            guards.frozen(
                "ended",
                *("state", "posted_on", "evidence", "differs", "why", "closed_by_id", "closed_note"),
                when="OLD.state IN ('proved', 'closed')",
            ),
            guards.kept("kept", when="TRUE"),
            *when_inserted(
                letting_go(
                    taker="NEW.confirmed_by_id",
                    lender="NEW.on_behalf_of_id",
                    company=_COMPANY,
                    at="NEW.confirmed_at",
                    lent=_MOVED,
                    own=_MOVED,
                )
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document} confirmed by {self.confirmed_by}"
