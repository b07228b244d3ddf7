"""Mails about postings: written as rows in the transaction they tell about, the same news once, as text and HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from erp.differences import differences_by_item
from erp.models import Batch, Confirmation, Connection, Document, Notice
from erp.snapshots import erp_connection
from erp.waiting import Waiting
from erp.words import erp_name, person, when
from projects import permissions
from projects.models import Company
from workflow import events


def _write(
    *,
    company: Company,
    to: Iterable[Any],
    kind: str,
    key: str,
    subject: str,
    template: str,
    told: Mapping[str, Any],
) -> list[Any]:
    """Write one mail for each reader and return those who had not got it yet."""
    new = []
    for reader in dict.fromkeys(to):
        context = {**told, "reader": person(reader), "subject": subject}
        _, written = Notice.objects.get_or_create(
            key=f"{key}:{reader.pk}",
            defaults={
                "company": company,
                "to": reader,
                "kind": kind,
                "subject": " ".join(subject.split())[:200],  # a name from the ERP may hold a line break
                "text": render_to_string(f"mail/{template}.txt", context),
                "html": render_to_string(f"mail/{template}.html", context),
            },
        )
        new += [reader] if written else []
    return new


def _about(batch: Batch) -> dict[str, Any]:
    return {
        "batch": batch,
        "project": batch.budget.project,
        "company": batch.budget.project.company,
        "erp": erp_name(erp_connection(batch.budget)),
        "link": settings.BASE_URL + reverse("admin:erp_batch_change", args=[batch.pk]),
    }


def remind(batch: Batch, waits: Waiting, *, since: datetime, now: datetime) -> list[Any]:
    """This function will mail the company's approvers that a batch still waits to be posted. Returns who was told.

    `since` is when they were last reminded, or when the wait began: the same reminder is written once.
    """
    documents = batch.documents.select_related("item").order_by("item__position")
    company = batch.budget.project.company
    return _write(
        company=company,
        to=permissions.who_may_decide(company),
        kind="reminder",
        key=f"reminder:{batch.pk}:{since:%Y%m%dT%H%M%S}",
        subject=f"Not posted yet: {batch.budget.project}, batch {batch.number}",
        template="reminder",
        told={
            **_about(batch),
            "sentence": waits.sentence(now),
            "documents": [document for document in documents if document.state == "delivered"],
        },
    )


def tell_of_a_disproved_word(document: Document, word: Confirmation) -> None:
    """This function will mail whoever confirmed a document by hand, and the ERP admins, that the ERP says otherwise."""
    batch = document.batch
    company = batch.budget.project.company
    laid_out = differences_by_item({document.item_id: word.differs})
    _write(
        company=company,
        to=chain([word.confirmed_by], permissions.who_administers(company)),
        kind="failure",
        key=f"disproved:{document.pk}:{word.state_since:%Y%m%dT%H%M%S}",
        subject=f"Confirmed by hand, and not so: {batch.budget.project}, batch {batch.number}",
        template="disproved",
        told={
            **_about(batch),
            "document": document,
            "word": word,
            "who": person(word.confirmed_by),
            "confirmed": when(word.confirmed_at, batch),
            "differences": laid_out.get(document.item_id),
        },
    )


def tell_of_a_strange_number(connection: Connection, number: str, *, now: datetime) -> None:
    """This function will record that the ERP spoke of a document it was not asked about, and mail the ERP admins.

    Nothing else changes. The same number is told of once.
    """
    company, number = connection.company, number[:40]
    with transaction.atomic():
        told = _write(
            company=company,
            to=permissions.who_administers(company),
            kind="failure",
            key=f"strange:{connection.pk}:{number}",
            subject=f"The ERP answered about an unknown document, {number}",
            template="strange_number",
            told={
                "connection": connection,
                "company": company,
                "number": number,
                "erp": erp_name(connection),
                "link": settings.BASE_URL + reverse("admin:erp_connection_change", args=[connection.pk]),
            },
        )
        if told:
            events.record(
                chain=connection.company_id,
                at=now,
                actor=None,
                action="strange_posting",
                about=[connection],
                sentence=f"The ERP answered about {number}, which it was not asked about; nothing was changed",
            )
