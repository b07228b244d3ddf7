"""Mails: written as rows in the transaction they tell about, sent by a task, the same news once."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from erp.explaining import explained
from erp.models import Batch, BatchState, Circuit, Connection, Document, Notice, Remark
from erp.snapshots import erp_connection
from erp.words import erp_name, person
from projects import permissions
from projects.models import Direction

log = logging.getLogger(__name__)
GIVE_UP_AFTER = 20


def _write(
    *,
    to: Iterable[Any],
    kind: str,
    key: str,
    subject: str,
    template: str,
    batch: Batch,
    deciding: bool = False,
    **more: Any,
) -> None:
    """Write one mail for each reader; it leads whoever is `deciding` to the queue, the others to the budget."""
    project = batch.budget.project
    page = (
        reverse("admin:erp_batch_change", args=[batch.pk])
        if deciding
        else reverse("budgets:page", args=[project.pk])
    )
    link = settings.BASE_URL + page
    for reader in to:
        told = {"batch": batch, "project": project, "link": link, "reader": person(reader), **more}
        Notice.objects.get_or_create(
            key=f"{key}:{reader.pk}",
            defaults={
                "company": project.company,
                "to": reader,
                "kind": kind,
                "subject": " ".join(subject.split())[:200],  # a name from the ERP may hold a line break
                "text": render_to_string(f"mail/{template}.txt", told),
            },
        )


def tell_approvers_of_resend(batch: Batch) -> None:
    """This function will mail the approvers at once when a batch answers a rejection."""
    company = batch.budget.project.company
    approvers = permissions.who_may_decide(company, Direction.OUT).exclude(pk=batch.sent_by_id)
    _write(
        to=approvers,
        kind="resend",
        key=f"resend:{batch.pk}",
        template="resend",
        batch=batch,
        deciding=True,
        subject=f"Sent again after your remarks: {batch.budget.project}, round {batch.round}",
    )


def tell_sender_of_rejection(batch: Batch, remarks: list[Remark]) -> None:
    """This function will mail the sender the reason and the remarks."""
    _write(
        to=[batch.sent_by],
        kind="rejection",
        key=f"reject:{batch.pk}",
        template="rejection",
        batch=batch,
        remarks=remarks,
        by=person(batch.sent_back_by),
        subject=f"Sent back: {batch.budget.project}",
    )


def tell_sender_of_end(batch: Batch) -> None:
    """This function will mail the sender that a batch was posted or returned."""
    if batch.state == BatchState.POSTED:
        _write(
            to=[batch.sent_by],
            kind="posting",
            key=f"posted:{batch.pk}",
            template="posting",
            batch=batch,
            documents=list(batch.documents.select_related("item")),
            subject=f"Posted: {batch.budget.project}",
        )
    else:
        _write(
            to=[batch.sent_by],
            kind="return",
            key=f"returned:{batch.pk}",
            template="return",
            batch=batch,
            by=person(batch.sent_back_by),
            subject=f"Returned by accounting: {batch.budget.project}",
        )


def tell_of_failure(document: Document) -> None:
    """This function will mail the sender and the approvers that a document has just been refused, and why."""
    batch = document.batch
    company = batch.budget.project.company
    approvers = permissions.who_may_decide(company).exclude(pk=batch.sent_by_id)
    findings = explained(document)
    for readers, deciding in (([batch.sent_by], False), (approvers, True)):
        _write(
            to=readers,
            kind="failure",
            key=f"failed:{document.pk}:{document.state_since.isoformat()}",
            template="failure",
            batch=batch,
            deciding=deciding,
            findings=findings,
            erp=erp_name(erp_connection(batch.budget)),
            subject=f"Needs attention: {batch.budget.project}",
        )


def tell_admins_of_stop(connection: Connection) -> None:
    """This function will mail the ERP admins that a connection was stopped."""
    for admin in permissions.who_administers(connection.company):
        Notice.objects.get_or_create(
            key=f"stopped:{connection.pk}:{connection.stopped_at}:{admin.pk}",
            defaults={
                "company": connection.company,
                "to": admin,
                "kind": "failure",
                "subject": f"The ERP connection of {connection.company.name} was stopped",
                "text": render_to_string(
                    "mail/stopped.txt", {"connection": connection, "reader": person(admin)}
                ),
            },
        )


def tell_admins_of_silence(connection: Connection, circuit: Circuit) -> None:
    """This function will mail the ERP admins that an ERP has not answered for a while."""
    subject = f"The ERP of {connection.company.name} does not answer"
    _write_to_admins(connection, circuit, about="silent", subject=subject)


def tell_admins_of_answer(connection: Connection, circuit: Circuit) -> None:
    """This function will mail the ERP admins, who were told that an ERP is silent, that it answers again."""
    subject = f"The ERP of {connection.company.name} answers again"
    _write_to_admins(connection, circuit, about="answers", subject=subject)


def _write_to_admins(connection: Connection, circuit: Circuit, *, about: str, subject: str) -> None:
    company = connection.company
    link = settings.BASE_URL + reverse("admin:erp_connection_change", args=[connection.pk])
    for admin in permissions.who_administers(company):
        told = {"circuit": circuit, "erp": erp_name(connection), "zone": company.time_zone, "link": link}
        Notice.objects.get_or_create(
            key=f"{about}:{connection.pk}:{circuit.silent_since}:{admin.pk}",
            defaults={
                "company": company,
                "to": admin,
                "kind": "failure",
                "subject": subject[:200],
                "text": render_to_string(
                    f"mail/{about}.txt", {"connection": connection, "reader": person(admin), **told}
                ),
            },
        )


def send_waiting(*, now: datetime, limit: int = 100) -> int:
    """This function will send the mails that are due; a dead mail server only delays them. Returns how many went."""
    sent = 0
    due = Notice.objects.filter(sent_at=None, not_before__lte=now, attempts__lt=GIVE_UP_AFTER).order_by("pk")
    for key in due.values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            notice = Notice.objects.select_for_update(skip_locked=True).filter(pk=key, sent_at=None).first()
            if notice is not None:
                sent += _send(notice, now)
    return sent


def _send(notice: Notice, now: datetime) -> int:
    notice.attempts += 1
    try:
        if notice.to.email:
            send_mail(
                notice.subject,
                notice.text,
                settings.DEFAULT_FROM_EMAIL,
                [notice.to.email],
                html_message=notice.html or None,
            )
        notice.sent_at, notice.error = now, ""
    except (SMTPException, OSError, ValueError) as problem:  # ValueError: no mail can be made of it
        log.warning("mail %s was not taken: %s", notice.pk, problem)
        notice.error = str(problem)
        notice.not_before = now + timedelta(minutes=min(2**notice.attempts, 60))
    notice.save()
    return int(notice.sent_at is not None)
