"""Modifications and their lines, with what must hold in the database."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django_fsm import FSMField, transition

from budgets.fields import AMOUNT, history
from budgets.money import LARGEST
from workflow import guards
from workflow.actions import allowed


class ModificationState(models.TextChoices):
    """A modification counts while it is effective."""

    DRAFT = "draft"
    EFFECTIVE = "effective"
    VOID = "void"


@history
class Modification(models.Model):
    """Dated, numbered, signed amounts on lines of a locked budget. `number` is given when it becomes effective."""

    budget = models.ForeignKey("budgets.Budget", on_delete=models.PROTECT, related_name="modifications")
    number = models.PositiveIntegerField(null=True, blank=True)
    title = models.CharField(max_length=120)
    date = models.DateField()
    note = models.TextField(blank=True)
    state = FSMField(default=ModificationState.DRAFT, choices=ModificationState.choices)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals"
    )
    version = models.PositiveIntegerField(default=0)
    was_posted = models.BooleanField(default=False)
    in_batch = models.BooleanField(default=False)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["budget", "number"], name="modification_number_once_per_budget"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(number__isnull=False),
                name="modification_numbered_when_effective",
            ),
        ]
        triggers = [
            *guards.edges("state", ("draft", "effective"), ("effective", "void")),
            guards.frozen(
                "frozen_modification",
                "budget_id",
                "number",
                "date",
                "state",
                when="OLD.was_posted OR OLD.in_batch",
            ),
            guards.frozen("posted_once", "was_posted", when="OLD.was_posted"),
            guards.kept("kept_modification", when="OLD.state <> 'draft'"),
        ]

    def __str__(self) -> str:
        return f"Modification {self.number}" if self.number else f"Draft modification: {self.title}"

    @transition(
        field=state,
        source=ModificationState.DRAFT,
        target=ModificationState.EFFECTIVE,
        conditions=[allowed("make_effective")],
    )
    def make_effective(self, *, number: int) -> None:
        """Count from now on, under this number."""
        self.number = number

    @transition(
        field=state,
        source=ModificationState.DRAFT,
        target=ModificationState.EFFECTIVE,
        conditions=[allowed("settle")],
    )
    def settle(self, *, number: int) -> None:
        """Count from now on, because somebody decided which of two values holds."""
        self.number = number

    @transition(
        field=state,
        source=ModificationState.EFFECTIVE,
        target=ModificationState.VOID,
        conditions=[allowed("void")],
    )
    def void(self) -> None:
        """Count no longer; the row stays."""


# One id at a time, so that it is found by the index however few rows there were when it was planned.
SENT = (
    "EXISTS (SELECT 1 FROM budgets_modification m WHERE m.id = {}.modification_id"
    " AND (m.was_posted OR m.in_batch))"
)


@history
class ModificationLine(models.Model):
    """A signed change of one line, company currency."""

    modification = models.ForeignKey(Modification, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey("budgets.BudgetLine", on_delete=models.PROTECT, related_name="changes")
    amount = models.DecimalField(**AMOUNT)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["modification", "line"], name="line_once_per_modification"),
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(amount__lte=LARGEST), name="modification_line_changes_something"
            ),
        ]
        triggers = [
            guards.refuse(
                "frozen_modification",
                operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Insert,
                when=f"{SENT.format('NEW')} OR {SENT.format('OLD')}",
                because="a modification that was sent is frozen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.amount}"
