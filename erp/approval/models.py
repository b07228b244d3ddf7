"""A company's approval rules, the steps frozen on a batch at send, and who acts for whom until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from erp.approval.limit_guards import letting_go, may_let_go
from projects.models import Company
from workflow import guards

PERSON: dict[str, Any] = {"on_delete": models.PROTECT, "null": True, "blank": True, "related_name": "+"}
SUM: dict[str, Any] = {"max_digits": 20, "decimal_places": 2}


class RuleKind(models.TextChoices):
    """What a batch must hold for a step to be part of its route."""

    ANY = "any", "Any batch"
    ORIGINAL = "original", "A batch with the original budget"
    MODIFICATION = "modification", "A batch with modifications"
    TOTAL = "total", "A modification that changes the grand total"


class ApprovalRule(models.Model):
    """One step of a company's route. No rules: one step, by anybody who may push to accounting."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="approval_rules")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=12, choices=RuleKind.choices, default=RuleKind.ANY)
    moved_from = models.DecimalField(
        **SUM, null=True, blank=True, help_text="only batches that move at least this; empty: any amount"
    )
    needed = models.PositiveSmallIntegerField(default=1, help_text="how many people, each once")
    anybody = models.BooleanField(default=True, help_text="anybody who may push to accounting, else `people`")
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)

    class Meta:
        ordering = ["company", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "position"],
                name="approval_rule_place_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=~Q(name=""), name="approval_rule_has_a_name"),
            models.CheckConstraint(
                condition=Q(moved_from=None) | Q(moved_from__gt=0), name="approval_rule_from_an_amount"
            ),
            models.CheckConstraint(condition=Q(needed__gte=1, needed__lte=3), name="approval_rule_needs_few"),
        ]

    def __str__(self) -> str:
        return self.name


# What the triggers of a step ask, each as SQL on NEW.
_COMPANY = (
    "(SELECT p.company_id FROM projects_project p JOIN budgets_budget g ON g.project_id = p.id"
    " JOIN erp_batch b ON b.budget_id = g.id WHERE b.id = NEW.batch_id)"
)
_LAST = (
    "NOT EXISTS (SELECT 1 FROM erp_batchstep s WHERE s.batch_id = NEW.batch_id AND s.needed"
    " AND s.id <> NEW.id AND s.taken_by_id IS NULL)"
)
_BATCH = "(SELECT {} FROM erp_batch b WHERE b.id = NEW.batch_id)"
_MOVED = _BATCH.format("b.moved")
_ACTING = "COALESCE(NEW.on_behalf_of_id, NEW.taken_by_id)"
_BOTH = "(NEW.taken_by_id, NEW.on_behalf_of_id)"
_LETTING_GO = letting_go(
    taker="NEW.taken_by_id",
    lender="NEW.on_behalf_of_id",
    company=_COMPANY,
    at="NEW.taken_at",
    lent=_MOVED,
    own=_MOVED,
    last=_LAST,
)
_TAKING = "NEW.taken_by_id IS NOT NULL AND OLD.taken_by_id IS NULL"


def _when_taken(name: str, condition: str, because: str) -> pgtrigger.Trigger:
    """What is refused while somebody takes a step."""
    when = f"{_TAKING} AND {condition}"
    return guards.refuse(name, operation=pgtrigger.Update, when=when, because=because)


class BatchStep(models.Model):
    """One step of a batch's route, frozen at send; taken once, in order, by people none of whom takes another.

    A step that only counts from an amount on is frozen too, not `needed`: it becomes so, and stays so, when a new
    reading of the ERP shows that the batch moves that much.
    """

    batch = models.ForeignKey("erp.Batch", on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    anybody = models.BooleanField(help_text="anybody who may push to accounting; else the people named")
    moved_from = models.DecimalField(**SUM, null=True, blank=True)
    needed = models.BooleanField(default=True)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    on_behalf_of = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    taken_at = models.DateTimeField(null=True, blank=True)
    reading = models.ForeignKey("erp.ErpReading", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["batch", "position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="step_place_once_per_batch"),
            models.CheckConstraint(
                condition=Q(taken_by=None, on_behalf_of=None, taken_at=None, reading=None)
                | Q(taken_by__isnull=False, taken_at__isnull=False, reading__isnull=False, needed=True),
                name="step_taken_whole",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of=None) | ~Q(on_behalf_of=F("taken_by")),
                name="step_for_somebody_else",
            ),
        ]
        triggers = [
            guards.frozen("route", "batch_id", "position", "name", "anybody", "moved_from", when="TRUE"),
            guards.frozen("need", "needed", when="OLD.needed"),
            guards.frozen(
                "taken",
                "taken_by_id",
                "on_behalf_of_id",
                "taken_at",
                "reading_id",
                when="OLD.taken_by_id IS NOT NULL",
            ),
            guards.kept("kept", when="TRUE"),
            guards.refuse(
                "begins",
                operation=pgtrigger.Insert,
                when=f"NEW.taken_by_id IS NOT NULL OR {_BATCH.format('b.state')} <> 'waiting'",
                because="a step is frozen when its batch is sent, and nobody has taken it then",
            ),
            _when_taken(
                "decided", f"{_BATCH.format('b.state')} <> 'waiting'", "no step of a decided batch is taken"
            ),
            _when_taken(
                "order",
                "EXISTS (SELECT 1 FROM erp_batchstep s WHERE s.batch_id = NEW.batch_id AND s.needed"
                " AND s.position < NEW.position AND s.taken_by_id IS NULL)",
                "the steps of a batch are taken in order",
            ),
            _when_taken(
                "other_eyes",
                "EXISTS (SELECT 1 FROM erp_batchstep s WHERE s.batch_id = NEW.batch_id AND s.id <> NEW.id"  # noqa: S608
                f" AND (s.taken_by_id IN {_BOTH} OR s.on_behalf_of_id IN {_BOTH}))",
                "nobody takes two steps of a batch, nor has one taken for them beside",
            ),
            _when_taken(
                "four_eyes",
                f"{_BATCH.format('b.four_eyes')} AND EXISTS (SELECT 1 FROM erp_batchpreparer p"  # noqa: S608
                f" WHERE p.batch_id = NEW.batch_id AND p.user_id IN {_BOTH})",
                "whoever prepared a batch takes no step of it, nor has one taken for them",
            ),
            _when_taken(
                "named",
                "NOT NEW.anybody AND NOT EXISTS (SELECT 1 FROM erp_batchstepperson p"  # noqa: S608
                f" WHERE p.step_id = NEW.id AND p.user_id = {_ACTING})",
                "a step is taken by those who were named for it",
            ),
            *(_when_taken(*one) for one in _LETTING_GO),
        ]

    def __str__(self) -> str:
        return self.name


class BatchStepPerson(models.Model):
    """Somebody who may take a step that is not for anybody: frozen at send, or named since by an ERP admin."""

    step = models.ForeignKey(BatchStep, on_delete=models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "user"], name="person_once_per_step"),
            models.CheckConstraint(
                condition=Q(named_by=None) | ~Q(named_by=F("user")), name="nobody_names_themselves"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="frozen", operation=pgtrigger.Update | pgtrigger.Delete),
            guards.refuse(
                "taken",
                operation=pgtrigger.Insert,
                when="(SELECT taken_by_id FROM erp_batchstep WHERE id = NEW.step_id) IS NOT NULL",
                because="nobody is named for a step that was taken",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class Delegation(models.Model):
    """Until it ends, `to_user` may take the steps of `from_user`, up to a limit; never handed on, never prolonged."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="delegations")
    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    limit = models.DecimalField(
        max_digits=15, decimal_places=2, help_text="largest amount moved, company currency"
    )
    note = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(from_user=F("to_user")), name="delegated_to_somebody_else"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="delegation_ends"),
            models.CheckConstraint(condition=Q(limit__gt=0), name="delegation_has_a_limit"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="revoked_by_somebody",
            ),
        ]
        triggers = [
            guards.frozen(
                "terms",
                *("company_id", "from_user_id", "to_user_id", "starts_at", "ends_at", "limit", "made_by_id"),
                when="TRUE",
            ),
            guards.refuse(
                "own_limit",
                operation=pgtrigger.Insert,
                when="NOT "
                + may_let_go(person="NEW.from_user_id", company="NEW.company_id", amount="NEW.limit"),
                because="nobody lends more than their own right and their own limit, never what was lent to them",
            ),
            guards.refuse(
                "no_right",
                operation=pgtrigger.Insert,
                when="NOT " + may_let_go(person="NEW.to_user_id", company="NEW.company_id", amount="0"),
                because="a delegation gives no right: whoever acts for another may push to accounting themselves",
            ),
            guards.frozen("revoked", "revoked_at", "revoked_by_id", when="OLD.revoked_at IS NOT NULL"),
            guards.kept("kept", when="TRUE"),
        ]

    def __str__(self) -> str:
        return f"{self.from_user} to {self.to_user}"

    @property
    def last_moment(self) -> datetime:
        """Just before it ends: on its last day, where the company is."""
        return self.ends_at - timedelta(seconds=1)
