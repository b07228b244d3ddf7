"""What a batch holds, frozen at send: its documents to be and their lines."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q

from budgets.models import AMOUNT, QUANTITY, BudgetLine, Modification
from erp.port import DocumentKind, ErpKey
from workflow import guards

KINDS = [(kind.value, kind.value) for kind in DocumentKind]


class BatchItem(models.Model):
    """What becomes one document at accept: the original budget, or one modification. Frozen at send."""

    batch = models.ForeignKey("erp.Batch", on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12, choices=KINDS)
    modification = models.ForeignKey(
        Modification, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=140)
    date = models.DateField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="item_position_once_per_batch"),
            models.UniqueConstraint(fields=["batch", "modification"], name="modification_once_per_batch"),
            models.CheckConstraint(
                condition=Q(kind="original", modification=None)
                | Q(kind="modification", modification__isnull=False),
                name="item_is_original_or_modification",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="frozen", operation=pgtrigger.Update | pgtrigger.Delete),
            guards.refuse(
                "decided",
                operation=pgtrigger.Insert,
                when="(SELECT state FROM erp_batch WHERE id = NEW.batch_id) <> 'waiting'",
                because="nothing is added to a decided batch",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BatchLine(models.Model):
    """One line of an item, frozen at send; `base`, `delta`, `before` and the ERP's codes are fixed at accept.

    Original: `target` = what the original shall be, `base` = what counts in the ERP already, `delta` = target - base.
    Modification: `delta` alone.
    """

    item = models.ForeignKey(BatchItem, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    job = models.CharField(max_length=10)
    cost_code = models.CharField(max_length=40)
    cost_type = models.CharField(max_length=40)
    division = models.CharField(max_length=16, blank=True)
    description = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(**QUANTITY, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    target = models.DecimalField(**AMOUNT, null=True, blank=True)
    base = models.DecimalField(**AMOUNT, null=True, blank=True)
    delta = models.DecimalField(**AMOUNT)
    before = models.DecimalField(**AMOUNT, null=True, blank=True, help_text="the ERP's original at accept")
    erp_job = models.CharField(max_length=10, blank=True)
    erp_cost_code = models.CharField(max_length=16, blank=True)
    erp_cost_type = models.CharField(max_length=16, blank=True)

    # `acceptance.lines_of` reads these beside the row: our codes' ids, and where they lead in the ERP now.
    our_cost_code: int | None
    our_cost_type: int | None
    mapped_cost_code: str | None
    mapped: ErpKey | None

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["item", "line"], name="line_once_per_item"),
            models.CheckConstraint(
                condition=Q(target=None, base=None)
                | Q(target__isnull=False, base__isnull=False, delta=F("target") - F("base")),
                name="delta_is_target_less_base",
            ),
        ]
        triggers = [
            guards.frozen(
                "snapshot",
                *("item_id", "line_id", "job", "cost_code", "cost_type", "quantity", "unit", "target"),
                when="TRUE",
            ),
            guards.frozen("sent", "delta", "description", "position", when="OLD.target IS NULL"),
            guards.refuse(
                "decided",
                operation=pgtrigger.Update | pgtrigger.Insert,
                when="(SELECT b.state FROM erp_batch b JOIN erp_batchitem i ON i.batch_id = b.id"
                " WHERE i.id = NEW.item_id) <> 'waiting'",
                because="the lines of a decided batch never change",
            ),
            guards.kept("kept", when="TRUE"),
        ]

    def __str__(self) -> str:
        return f"{self.cost_code} {self.cost_type}"

    def fix_codes(self, key: ErpKey) -> None:
        """This function will set the ERP's codes of the line, without saving."""
        self.erp_job, self.erp_cost_code, self.erp_cost_type = key.job, key.cost_code, key.cost_type
