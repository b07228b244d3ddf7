"""Mails about postings: written as rows in the transaction they tell about, the same news once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.template.loader import render_to_string

from erp.models import Connection, Notice
from erp.words import person
from projects import permissions
from workflow import events


def tell_of_a_strange_number(connection: Connection, number: str, *, now: datetime) -> None:
    """This function will record that the ERP spoke of a document it was not asked about, and mail the ERP admins.

    Nothing else changes. The same number is told of once.
    """
    with transaction.atomic():
        written = [
            Notice.objects.get_or_create(
                key=f"strange:{connection.pk}:{number[:40]}:{admin.pk}",
                defaults={
                    "company": connection.company,
                    "to": admin,
                    "kind": "failure",
                    "subject": f"The ERP answered about an unknown document, {number[:40]}",
                    "text": render_to_string(
                        "mail/strange_number.txt",
                        {"connection": connection, "number": number, "reader": person(admin)},
                    ),
                },
            )[1]
            for admin in permissions.who_administers(connection.company)
        ]
        if not any(written):
            return
        events.record(
            chain=connection.company_id,
            at=now,
            actor=None,
            action="strange_posting",
            about=[connection],
            sentence=f"The ERP answered about {number}, which it was not asked about; nothing was changed",
        )
