"""Mails that wait to be sent, what each person has switched off, and the days whose daily mail is written."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from projects.models import Company


class Notice(models.Model):
    """A mail to one person, written in the transaction it tells about and sent by a task."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=100, unique=True, help_text="the same news is told once")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True, help_text="the same for mail programs that show it")
    created_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    trying_since = models.DateTimeField(null=True, blank=True, help_text="when it was first tried in vain")
    sent_at = models.DateTimeField(null=True, blank=True)
    gave_up_at = models.DateTimeField(
        null=True, blank=True, help_text="not tried again unless a person asks for it"
    )
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"], condition=Q(sent_at=None, gave_up_at=None), name="notice_waiting"
            ),
            models.Index(fields=["to", "-created_at"], name="notice_of_a_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(gave_up_at=None), name="notice_sent_or_given_up"
            ),
            models.CheckConstraint(
                condition=Q(gave_up_at=None) | ~Q(error=""), name="notice_given_up_for_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class NoticeSwitch(models.Model):
    """A kind of mail that a person does not want from a company. No row: the person gets it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    off_since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "company", "kind"], name="switch_once_per_person_company_and_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: no {self.kind} from {self.company.code}"


class DailyMail(models.Model):
    """The daily mail of a company was written, or there was nothing to write: once a day by its own calendar."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(help_text="in the company's time zone")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "day"], name="one_daily_mail_a_day")]

    def __str__(self) -> str:
        return f"{self.company.code} {self.day}"
