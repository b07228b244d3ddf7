"""What an ERP admin decided about codes: rules in order, and every change of the mapping, append-only.

The table is no table of its own: a link of `erp/sync/mirror_models.py` whose `means` is `table` is its row.
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from erp.mapping.resolving import LONGEST
from erp.sync.mirror_models import Connection


class MappingKind(models.TextChoices):
    """Which of our codes is mapped."""

    COST_CODE = "cost_code", "cost code"
    COST_TYPE = "cost_type", "cost type"


class MappingRule(models.Model):
    """One pattern of a company; the first that fits a code decides."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mapping_rules")
    kind = models.CharField(max_length=9, choices=MappingKind.choices)
    position = models.PositiveSmallIntegerField()
    pattern = models.CharField(max_length=LONGEST)
    gives = models.CharField(max_length=LONGEST)

    class Meta:
        ordering = ["kind", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "position"], name="mapping_rule_place_once"
            ),
            models.UniqueConstraint(fields=["connection", "kind", "pattern"], name="mapping_pattern_once"),
            models.CheckConstraint(condition=~Q(pattern="") & ~Q(gives=""), name="mapping_rule_is_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.pattern} → {self.gives}"


class MappingChange(models.Model):
    """One change of a company's mapping: who, when, and what it was before and after.

    `version` is the company's version after the change; it rose (`raised`) where a code of ours leads elsewhere now.
    `links` are those codes as [kind, our code, the ERP's before, the ERP's after], empty where unmapped; `table` are
    the changed rows of the table likewise; `rules` are all rules after the change, by kind, as [pattern, gives].
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="mapping_changes")
    version = models.PositiveIntegerField()
    raised = models.BooleanField()
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sentence = models.CharField(max_length=200)
    links = models.JSONField(default=list)
    table = models.JSONField(default=list)
    rules = models.JSONField(default=dict)
    restores = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="restored_by"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "version"], condition=Q(raised=True), name="mapping_version_once"
            ),
            models.CheckConstraint(
                condition=Q(raised=False, links=[]) | Q(raised=True), name="raised_by_links"
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"version {self.version}: {self.sentence}"
