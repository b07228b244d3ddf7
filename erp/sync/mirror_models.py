"""What the ERP told us: connections, mirrored codes, links between our codes and the ERP's.

Mirror rows are written by the sync alone. Codes are the ERP's own, kept to the character.
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from erp.mapping.resolving import Means
from erp.port import ErpCompany, JobStatus
from projects.models import Company, CostCode, CostType, Job
from workflow import guards

JOB_STATUS = [(status.value, status.value) for status in JobStatus]
MEANS = [(means.value, means.value) for means in Means]
KNOWN_MEANS = Q(means__in=[means.value for means in Means])


class Reminder(models.TextChoices):
    """After what time approvers are reminded of a batch that waits to be posted."""

    USUAL = "usual", "After twice the usual time, at least 2 working days"
    DAYS = "days", "After working days that are set"
    OFF = "off", "Never"


class Connection(models.Model):
    """Joins a company to an ERP backend (`alias` of ERP_BACKENDS) and to its company code there."""

    company = models.OneToOneField(Company, on_delete=models.PROTECT, related_name="erp_connection")
    alias = models.CharField(max_length=30, default="cmic")
    erp_company = models.CharField(max_length=8)
    enabled = models.BooleanField(default=True)
    moved_at = models.DateTimeField(
        null=True, blank=True, help_text="when the company was moved here from another ERP"
    )
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text="last time the ERP's own names were checked"
    )
    stopped_because = models.TextField(
        blank=True, help_text="why nothing is sent until an administrator looks"
    )
    stopped_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    read_whole_at = models.DateTimeField(
        null=True, blank=True, help_text="when all jobs and codes were last read, not only what changed"
    )
    read_marks = models.JSONField(
        default=dict, blank=True, help_text="the latest change seen of each kind, by the ERP's clock"
    )
    read_jobs = models.JSONField(
        default=list, blank=True, help_text="the jobs whose assigned codes were read up to their mark"
    )
    report = models.JSONField(default=list, blank=True, help_text="what the last check found, as rows")
    last_contact_at = models.DateTimeField(null=True, blank=True)
    mapping_version = models.PositiveIntegerField(default=1)
    assign_missing = models.BooleanField(
        default=True, help_text="a document may assign a cost code to a job where the ERP lacks it"
    )
    originals_on_started_jobs = models.BooleanField(
        default=False, help_text="changes of original amounts may be sent after the job was started"
    )
    options = models.JSONField(default=dict, blank=True, help_text="settings of the adapter for this company")
    setting_choices = models.JSONField(
        default=dict, blank=True, help_text="what the ERP has to choose from, as the last check read it"
    )
    reminder = models.CharField(
        max_length=5,
        choices=Reminder.choices,
        default=Reminder.USUAL,
        help_text="when approvers are told that a batch still waits to be posted",
    )
    reminder_days = models.PositiveSmallIntegerField(default=2, help_text="working days, where they are set")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reminder_days__gte=1, reminder_days__lte=60), name="reminder_after_a_day_at_least"
            ),
            models.UniqueConstraint(fields=["alias", "erp_company"], name="erp_company_once_per_alias"),
        ]
        triggers = [
            guards.refuse(
                "mapping_version_rises",
                operation=pgtrigger.Update,
                when="NEW.mapping_version < OLD.mapping_version",
                because="a mapping version never falls: documents name theirs",
            )
        ]

    def __str__(self) -> str:
        return f"{self.company.code} - {self.alias} {self.erp_company}"

    @property
    def erp(self) -> ErpCompany:
        """The company as the backend wants it."""
        switches = {
            "assign_missing": self.assign_missing,
            "originals_on_started_jobs": self.originals_on_started_jobs,
        }
        return ErpCompany(code=self.erp_company, options={**self.options, **switches})


class Mirrored(models.Model):
    """A row of the ERP as the last sync saw it; `gone_at` is set instead of deleting."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class ErpJob(Mirrored):
    """A job or sub job of the ERP; `parent_code` is empty for a main job."""

    code = models.CharField(max_length=10)
    parent_code = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=10, choices=JOB_STATUS)
    writable = models.BooleanField(default=True)
    costs_read_at = models.DateTimeField(
        null=True, blank=True, help_text="when the ERP last told its costs to date"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "code"], name="erp_job_once")]

    def __str__(self) -> str:
        return self.code


class ErpCostCode(Mirrored):
    """A cost code of the ERP."""

    code = models.CharField(max_length=16)
    parent_code = models.CharField(max_length=16, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "code"], name="erp_cost_code_once")]

    def __str__(self) -> str:
        return self.code


class ErpCostType(Mirrored):
    """A cost type of the ERP."""

    code = models.CharField(max_length=16)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "code"], name="erp_cost_type_once")]

    def __str__(self) -> str:
        return self.code


class ErpUnit(Mirrored):
    """A unit of measure of the ERP."""

    code = models.CharField(max_length=6)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "code"], name="erp_unit_once")]

    def __str__(self) -> str:
        return self.code


class ErpAssignment(models.Model):
    """A budget code that exists on a job in the ERP, or a cost code listed there (`cost_type` empty)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    job_code = models.CharField(max_length=10)
    cost_code = models.CharField(max_length=16)
    cost_type = models.CharField(max_length=16, blank=True)
    active = models.BooleanField(default=True)
    gone_at = models.DateTimeField(null=True, blank=True, help_text="when the job was found without it")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "job_code", "cost_code", "cost_type"], name="erp_assignment_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.job_code} {self.cost_code} {self.cost_type}".strip()


class JobLink(models.Model):
    """Our job is that job of the ERP."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="erp_link")
    erp_job = models.OneToOneField(ErpJob, on_delete=models.PROTECT, related_name="link")

    def __str__(self) -> str:
        return f"{self.job} = {self.erp_job}"


def _one_company(ours: str, theirs: str) -> pgtrigger.Trigger:
    """Make the trigger that refuses to join codes of two companies; `ours` and `theirs` are models' names."""
    column, mirrored = {"costcode": "cost_code", "costtype": "cost_type"}[ours], f"erp_{theirs}"
    return guards.refuse(
        "one_company",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=f"(SELECT company_id FROM projects_{ours} WHERE id = NEW.{column}_id) <> (SELECT c.company_id"  # noqa: S608  names of ours
        f" FROM erp_connection c JOIN {mirrored} m ON m.connection_id = c.id WHERE m.id = NEW.erp_{column}_id)",
        because="a code leads to a code of its own company",
    )


class CostCodeLink(models.Model):
    """Our cost code is that cost code of the ERP; several of ours may be one of the ERP's."""

    cost_code = models.OneToOneField(CostCode, on_delete=models.CASCADE, related_name="erp_link")
    erp_cost_code = models.ForeignKey(ErpCostCode, on_delete=models.PROTECT, related_name="links")
    means = models.CharField(max_length=8, choices=MEANS, default=Means.IDENTITY.value)

    class Meta:
        constraints = [models.CheckConstraint(condition=KNOWN_MEANS, name="cost_code_link_by_known_means")]
        triggers = [_one_company("costcode", "erpcostcode")]

    def __str__(self) -> str:
        return f"{self.cost_code} = {self.erp_cost_code}"


class CostTypeLink(models.Model):
    """Our cost type is that cost type of the ERP; counts once an ERP admin confirmed it."""

    cost_type = models.OneToOneField(CostType, on_delete=models.CASCADE, related_name="erp_link")
    erp_cost_type = models.ForeignKey(ErpCostType, on_delete=models.PROTECT, related_name="links")
    means = models.CharField(max_length=8, choices=MEANS, default=Means.IDENTITY.value)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="cost_type_link_confirmed_by_and_at",
            ),
            models.CheckConstraint(condition=KNOWN_MEANS, name="cost_type_link_by_known_means"),
        ]
        triggers = [_one_company("costtype", "erpcosttype")]

    def __str__(self) -> str:
        return f"{self.cost_type} = {self.erp_cost_type}"
