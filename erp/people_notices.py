"""Mails about people's rights: an invitation, and news of somebody who gave themselves more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from erp import mails
from erp.words import person as name_of
from projects import permissions
from projects.models import Company


def tell_of_own_rights(company: Company, user: Any, *, now: datetime) -> None:
    """This function will mail the other ERP admins that one of them gave themselves more rights."""
    mails.write(
        company=company,
        to=permissions.who_administers(company).exclude(pk=user.pk),
        kind="alarm",
        key=f"rights:{company.pk}:{user.pk}:{now:%Y%m%dT%H%M%S%f}",
        subject=f"{name_of(user)} changed their own rights in {company.name}",
        template="own_rights",
        path=reverse("admin:erp_person", args=[company.pk, user.pk]),
        button="See the rights",
        who=name_of(user),
    )


def send_invitation(person: Any, company: Company) -> None:
    """This function will mail somebody the link to set a password. The link is made now and kept nowhere."""
    if person.last_login is not None or not person.is_active or not person.email:
        return
    key = urlsafe_base64_encode(force_bytes(person.pk))
    address = reverse("set_password", args=[key, default_token_generator.make_token(person)])
    told = {
        "reader": name_of(person),
        "person": person,
        "company": company,
        "link": settings.BASE_URL + address,
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    text = render_to_string("mail/invitation.txt", told)
    send_mail(f"Your login for {company.name} in Tieback", text, settings.DEFAULT_FROM_EMAIL, [person.email])
