"""The budget and its lines, with what must hold in the database; models of the app's rooms are found through here."""

from __future__ import annotations

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils import timezone
from django_fsm import FSMField, transition

from budgets.fields import AMOUNT, QUANTITY, history
from budgets.forecasts.models import Forecast
from budgets.importing.models import ImportKind, ImportState, RememberedColumns, StagedImport  # noqa: F401  Django finds an app's models through this module
from budgets.modifications.attachment_models import Attachment, AttachmentContent, ModificationFile
from budgets.modifications.models import Modification, ModificationLine, ModificationState
from budgets.money import LARGEST, LARGEST_QUANTITY
from budgets.saved_views.models import DefaultView, SavedView
from projects.models import CostCode, CostType, Job, Project, Unit
from workflow import guards
from workflow.actions import allowed

__all__ = [
    "AMOUNT",
    "QUANTITY",
    "Attachment",
    "AttachmentContent",
    "Budget",
    "BudgetLine",
    "BudgetState",
    "DefaultView",
    "Forecast",
    "Hold",
    "Modification",
    "ModificationFile",
    "ModificationLine",
    "ModificationState",
    "SavedView",
]


class BudgetState(models.TextChoices):
    """Whose hands the budget is in."""

    DRAFT = "draft"
    LOCKED = "locked"
    SENT = "sent"


class Hold(models.TextChoices):
    """What the ERP Integrations tool last said of a budget; kept here by erp as plain data."""

    NONE = "", "never sent"
    WAITING = "waiting", "waiting for accounting"
    SENT_BACK = "sent_back", "sent back"
    RETRIEVED = "retrieved", "retrieved"
    EXPORTING = "exporting", "accepted, exporting"
    ATTENTION = "attention", "needs attention"
    IN_ERP = "in_erp", "in the ERP, waiting for posting"
    RETURNED = "returned", "returned"
    POSTED = "posted", "posted"
    DIFFERS = "differs", "differs from the ERP"


class Budget(models.Model):
    """A project's budget: draft while it is made, locked when it is right, sent while it is out of the PM's hands.

    `hold*` and `ever_exported` are told by the ERP Integrations tool; nothing here sets them.
    """

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="budget")
    state = FSMField(default=BudgetState.DRAFT, choices=BudgetState.choices)
    state_since = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=0)
    hold = models.CharField(max_length=12, choices=Hold.choices, default=Hold.NONE, blank=True)
    hold_since = models.DateTimeField(null=True, blank=True)
    hold_data = models.JSONField(
        default=dict, blank=True, help_text="numbers and words for the state's sentence"
    )
    ever_exported = models.BooleanField(default=False)
    things_to_do = models.PositiveIntegerField(
        default=0, help_text="problems in the way of sending, as last counted"
    )

    class Meta:
        indexes = [models.Index(fields=["state", "hold"], name="budget_states")]
        triggers = [
            *guards.edges(
                "state", ("draft", "locked"), ("locked", "draft"), ("locked", "sent"), ("sent", "locked")
            ),
            guards.kept("never_deleted_once_exported", when="OLD.ever_exported"),
            guards.frozen("exported_once", "ever_exported", when="OLD.ever_exported"),
        ]

    def __str__(self) -> str:
        return f"Budget of {self.project}"

    @transition(
        field=state, source=BudgetState.DRAFT, target=BudgetState.LOCKED, conditions=[allowed("lock")]
    )
    def lock(self, *, now: datetime) -> None:
        """Freeze the original amounts."""
        self.state_since = now

    @transition(
        field=state, source=BudgetState.LOCKED, target=BudgetState.DRAFT, conditions=[allowed("unlock")]
    )
    def unlock(self, *, now: datetime) -> None:
        """Open the original amounts again; modifications survive."""
        self.state_since = now

    @transition(field=state, source=BudgetState.LOCKED, target=BudgetState.SENT, conditions=[allowed("send")])
    def send(self, *, now: datetime) -> None:
        """Put the budget out of the PM's hands."""
        self.state_since = now

    @transition(
        field=state, source=BudgetState.SENT, target=BudgetState.LOCKED, conditions=[allowed("give_back")]
    )
    def give_back(self, *, now: datetime) -> None:
        """Hand the budget back: retrieved, rejected, returned or posted."""
        self.state_since = now


@history
class BudgetLine(models.Model):
    """One budget code with its original amount.

    A code that is unknown to the company is kept as text (`cost_code_text`, `cost_type_text`, `unit_text`); exactly one
    of code and text is set, or none of them while the line has no code yet.
    """

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="lines")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")
    cost_code = models.ForeignKey(CostCode, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cost_code_text = models.CharField(max_length=40, blank=True)
    cost_type = models.ForeignKey(CostType, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cost_type_text = models.CharField(max_length=40, blank=True)
    description = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(**QUANTITY, null=True, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    unit_text = models.CharField(max_length=20, blank=True)
    unit_cost = models.DecimalField(**QUANTITY, null=True, blank=True)
    automatic = models.BooleanField(
        default=False, help_text="amount = quantity x unit cost, half-up to the cent"
    )
    amount = models.DecimalField(**AMOUNT, default=0)
    version = models.PositiveIntegerField(default=0)
    was_posted = models.BooleanField(default=False)
    in_batch = models.BooleanField(default=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["job__code", "cost_code__code", "cost_code_text", "cost_type__position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "job", "cost_code", "cost_code_text", "cost_type", "cost_type_text"],
                name="budget_code_once_per_budget",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(cost_code=None) | Q(cost_code_text=""), name="line_has_code_or_text_of_one"
            ),
            models.CheckConstraint(
                condition=Q(cost_type=None) | Q(cost_type_text=""), name="line_has_type_or_text_of_one"
            ),
            models.CheckConstraint(
                condition=Q(unit=None) | Q(unit_text=""), name="line_has_unit_or_text_of_one"
            ),
            models.CheckConstraint(
                condition=Q(automatic=False)
                | Q(
                    quantity__isnull=False,
                    unit_cost__isnull=False,
                    amount=Round(F("quantity") * F("unit_cost"), precision=2),
                ),
                name="automatic_amount_is_quantity_times_unit_cost",
            ),
            # PostgreSQL keeps NaN in a numeric column, and holds it to be larger than any number.
            models.CheckConstraint(
                condition=Q(amount__lte=LARGEST)
                & (Q(quantity=None) | Q(quantity__lte=LARGEST_QUANTITY))
                & (Q(unit_cost=None) | Q(unit_cost__lte=LARGEST_QUANTITY)),
                name="line_numbers_are_numbers",
            ),
        ]
        triggers = [
            guards.frozen(
                "posted_code", "job_id", "cost_code_id", "cost_type_id", "was_posted", when="OLD.was_posted"
            ),
            guards.frozen("home", "budget_id", when="TRUE"),
            guards.kept("posted_line", when="OLD.was_posted OR OLD.in_batch"),
            guards.refuse(
                "deleted_in_draft",
                operation=pgtrigger.Delete,
                when="(SELECT state FROM budgets_budget WHERE id = OLD.budget_id) <> 'draft'",
                because="a line is deleted only while its budget is a draft",
            ),
            guards.refuse(
                "original_frozen",
                operation=pgtrigger.Update,
                when="NEW.amount <> OLD.amount AND (SELECT state FROM budgets_budget WHERE id = NEW.budget_id)"
                " <> 'draft'",
                because="an original amount changes only while its budget is a draft",
            ),
            guards.refuse(
                "added_at_zero",
                operation=pgtrigger.Insert,
                when="NEW.amount <> 0 AND (SELECT state FROM budgets_budget WHERE id = NEW.budget_id) <> 'draft'",
                because="a line added to a locked budget starts at 0.00",
            ),
        ]

    def __str__(self) -> str:
        if self.code or not self.type:
            return f"{self.code} {self.type}".strip() or "line without code"
        return f"line without code ({self.type})"

    @property
    def code(self) -> str:
        """The cost code, or the text that stands for it until it is known."""
        return self.cost_code.code if self.cost_code else self.cost_code_text

    @property
    def type(self) -> str:
        """The cost type, or the text that stands for it until it is known."""
        return self.cost_type.code if self.cost_type else self.cost_type_text

    @property
    def unit_code(self) -> str:
        """The unit, or the text that stands for it until it is known."""
        return self.unit.code if self.unit else self.unit_text
