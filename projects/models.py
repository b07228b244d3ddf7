"""Companies, projects, jobs, codes, and people's levels."""

from __future__ import annotations

from zoneinfo import available_timezones

import pgtrigger
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from workflow import guards


def validate_time_zone(name: str) -> None:
    """This function will refuse a name that is no IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is no time zone. Use a name such as America/Chicago.")


class Company(models.Model):
    """One legal entity: the tenant boundary of every permission, and one company of the ERP."""

    code = models.CharField(max_length=8, unique=True)
    name = models.CharField(max_length=60)
    currency = models.CharField(max_length=3, default="USD")
    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_time_zone])
    digest_hour = models.PositiveSmallIntegerField(
        default=7, help_text="hour of the daily mail, in the time zone"
    )
    four_eyes = models.BooleanField(
        default=True, help_text="whoever prepared a batch may not accept it", verbose_name="four eyes"
    )
    allow_total_change = models.BooleanField(
        default=False, help_text="modifications may change the grand total (internal changes)"
    )
    reauthenticate_above = models.DecimalField(
        max_digits=15,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="accepting a batch that moves more asks for the password again; empty: never",
    )

    class Meta:
        verbose_name_plural = "companies"
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(digest_hour__lte=23), name="company_digest_hour_is_an_hour"),
            models.CheckConstraint(
                condition=Q(reauthenticate_above=None) | Q(reauthenticate_above__gte=0),
                name="reauthenticate_above_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Project(models.Model):
    """The piece of work people manage; linked to one main job."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Job(models.Model):
    """What carries cost in the ERP: a project's main job (`parent` empty) or one of its sub jobs."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="jobs")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="jobs")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="sub_jobs"
    )
    code = models.CharField(max_length=10)
    name = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="job_code_once_per_company"),
            models.UniqueConstraint(
                fields=["project"], condition=Q(parent=None), name="one_main_job_per_project"
            ),
        ]
        triggers = [
            guards.refuse(
                "one_company",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when="(SELECT company_id FROM projects_project WHERE id = NEW.project_id) <> NEW.company_id",
                because="a job belongs to the company of its project",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CostCode(models.Model):
    """What the money is for, for example `03-30-00`; a tree whose roots are the divisions."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="cost_codes")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    code = models.CharField(max_length=16)
    name = models.CharField(max_length=60, blank=True)
    division = models.CharField(max_length=16, help_text="code of the root above it")

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="cost_code_once_per_company")]

    def __str__(self) -> str:
        return self.code


class CostType(models.Model):
    """Labor, material, equipment, subcontract, other: L M E S O."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="cost_types")
    code = models.CharField(max_length=4)
    name = models.CharField(max_length=30)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="cost_type_once_per_company")]

    def __str__(self) -> str:
        return self.code


class Unit(models.Model):
    """A unit of measure, for example CY."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="units")
    code = models.CharField(max_length=6)
    name = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="unit_once_per_company")]

    def __str__(self) -> str:
        return self.code


class BudgetLevel(models.IntegerChoices):
    """A person's level on a project's Budget tool."""

    NONE = 0, "none"
    READ = 1, "read only"
    STANDARD = 2, "standard"
    ADMIN = 3, "admin"


class ErpLevel(models.IntegerChoices):
    """A person's level on a company's ERP Integrations tool."""

    NONE = 0, "none"
    STANDARD = 1, "standard"
    ADMIN = 2, "admin"


class Direction(models.TextChoices):
    """Which way the flag to push to accounting works: on to the ERP, back to the project manager, or both."""

    BOTH = "both", "to the ERP and back"
    OUT = "out", "to the ERP only"
    BACK = "back", "back only"


class ProjectRole(models.Model):
    """A person's level on one project's Budget tool, and grants beyond it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="project_roles")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="roles")
    level = models.PositiveSmallIntegerField(choices=BudgetLevel.choices, default=BudgetLevel.READ)
    can_edit_lines = models.BooleanField(default=False, verbose_name="edit originals and import while draft")
    can_add_lines = models.BooleanField(default=False, verbose_name="add lines")
    can_delete_lines = models.BooleanField(default=False, verbose_name="delete lines")
    can_lock = models.BooleanField(default=False, verbose_name="lock")
    can_send = models.BooleanField(default=False, verbose_name="send, re-send and retrieve")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "project"], name="one_role_per_user_and_project")
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.project}: {self.get_level_display()}"


class Membership(models.Model):
    """A person's level on a company's ERP Integrations tool, and what they may push to accounting."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    erp_level = models.PositiveSmallIntegerField(choices=ErpLevel.choices, default=ErpLevel.NONE)
    can_push = models.BooleanField(default=False, verbose_name="can push to accounting")
    direction = models.CharField(
        max_length=4,
        choices=Direction.choices,
        default=Direction.BOTH,
        help_text="to the ERP: accept, retry, confirm; back: reject, return, take out",
    )
    approval_limit = models.DecimalField(
        max_digits=15,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="largest amount moved by a batch this person may accept, in company currency; empty: no limit",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "company"], name="one_membership_per_user_and_company"),
            models.CheckConstraint(
                condition=Q(approval_limit__isnull=True) | Q(approval_limit__gte=0),
                name="approval_limit_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="membership_direction_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.company.code}"
