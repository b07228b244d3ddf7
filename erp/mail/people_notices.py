"""Mails about people's rights: an invitation, and news of somebody who gave themselves more or is asked less."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from erp import bell
from erp.mail import mails
from erp.mail.models import Notice
from projects import permissions
from projects.models import Company
from workflow.people import name_of

INVITATION = "invitation"


def tell_of_own_rights(company: Company, user: Any, *, now: datetime) -> None:
    """This function will mail the other ERP admins that one of them gave themselves more rights."""
    _alarm(
        company,
        user,
        key=f"rights:{company.pk}:{user.pk}:{now:%Y%m%dT%H%M%S%f}",
        subject=f"{name_of(user)} changed their own rights in {company.name}",
        template="own_rights",
        path=reverse("admin:erp_person", args=[company.pk, user.pk]),
        button="See the rights",
    )


def tell_of_fewer_passwords(company: Company, user: Any, *, now: datetime, words: str) -> None:
    """This function will mail the other ERP admins that accepting asks for the password less often."""
    _alarm(
        company,
        user,
        key=f"reauthentication:{company.pk}:{user.pk}:{now:%Y%m%dT%H%M%S%f}",
        subject=f"Accepting in {company.name} asks for the password less often",
        template="fewer_passwords",
        path=reverse("admin:erp_approvals", args=[company.pk]),
        button="See the setting",
        words=words,
    )


def _alarm(company: Company, user: Any, **mail: Any) -> None:
    """Mail the ERP admins of a company but for the one who did it."""
    others = permissions.who_administers(company).exclude(pk=user.pk)
    mails.write(company=company, to=others, kind="alarm", who=name_of(user), **mail)


def write_invitation(person: Any, company: Company, *, now: datetime) -> None:
    """This function will put an invitation among the mails that wait. Its link is made when sent, and kept nowhere."""
    Notice.objects.create(
        company=company,
        to=person,
        kind=INVITATION,
        key=f"{INVITATION}:{company.pk}:{person.pk}:{now:%Y%m%dT%H%M%S%f}",
        subject=mails.one_line(f"Your login for {company.name} in Tieback"),
        created_at=now,
        not_before=now,
    )
    bell.ring("send_notices")


def invitation(notice: Notice) -> tuple[str, str]:
    """This function will write an invitation, as text and as HTML, with a link to set a password that is made now."""
    person = notice.to
    key = urlsafe_base64_encode(force_bytes(person.pk))
    address = reverse("set_password", args=[key, default_token_generator.make_token(person)])
    told = {
        "subject": notice.subject,
        "reader": name_of(person),
        "person": person,
        "company": notice.company,
        "button": "Set your password",
        "link": settings.BASE_URL + address,
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    return render_to_string("mail/invitation.txt", told), render_to_string("mail/invitation.html", told)
