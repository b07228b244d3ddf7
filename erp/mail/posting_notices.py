"""Mails about postings: what waits too long, a word that is disproved, a number nobody asked about."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any

from django.db import transaction
from django.urls import reverse

from erp.mail import mails
from erp.models import Batch, Confirmation, Connection, Document
from erp.posting.differences import differences_by_item
from erp.posting.waiting import Waiting
from erp.snapshots import erp_connection
from erp.words import erp_name, when
from projects import permissions
from workflow import events
from workflow.people import name_of


def _about(batch: Batch) -> dict[str, Any]:
    return {
        "batch": batch,
        "project": batch.budget.project,
        "erp": erp_name(erp_connection(batch.budget)),
        "path": reverse("admin:erp_batch_change", args=[batch.pk]),
        "button": "Open the batch",
    }


def remind(batch: Batch, waits: Waiting, *, since: datetime, now: datetime) -> list[Any]:
    """This function will mail the company's approvers that a batch still waits to be posted. Returns who was told.

    `since` is when they were last reminded, or when the wait began: the same reminder is written once.
    """
    documents = batch.documents.select_related("item").order_by("item__position")
    company = batch.budget.project.company
    return mails.write(
        company=company,
        to=permissions.who_may_decide(company),
        kind="reminder",
        key=f"reminder:{batch.pk}:{since:%Y%m%dT%H%M%S}",
        subject=f"Not posted yet: {batch.budget.project}, batch {batch.number}",
        template="reminder",
        sentence=waits.sentence(now),
        documents=[document for document in documents if document.state == "delivered"],
        **_about(batch),
    )


def tell_of_a_disproved_word(document: Document, word: Confirmation) -> None:
    """This function will mail whoever confirmed a document by hand, and the ERP admins, that the ERP says otherwise."""
    batch = document.batch
    company = batch.budget.project.company
    laid_out = differences_by_item({document.item_id: word.differs})
    mails.write(
        company=company,
        to=chain([word.confirmed_by], permissions.who_administers(company)),
        kind="alarm",
        key=f"disproved:{document.pk}:{word.state_since:%Y%m%dT%H%M%S}",
        subject=f"Confirmed by hand, and not so: {batch.budget.project}, batch {batch.number}",
        template="disproved",
        document=document,
        word=word,
        who=name_of(word.confirmed_by),
        confirmed=when(word.confirmed_at, batch),
        differences=laid_out.get(document.item_id),
        **_about(batch),
    )


def tell_of_a_strange_number(connection: Connection, number: str, *, now: datetime) -> None:
    """This function will record that the ERP spoke of a document it was not asked about, and mail the ERP admins.

    Nothing else changes. The same number is told of once.
    """
    company, number = connection.company, number[:40]
    with transaction.atomic():
        told = mails.write(
            company=company,
            to=permissions.who_administers(company),
            kind="alarm",
            key=f"strange:{connection.pk}:{number}",
            subject=f"The ERP answered about an unknown document, {number}",
            template="strange_number",
            connection=connection,
            number=number,
            erp=erp_name(connection),
            path=reverse("admin:erp_connection_change", args=[connection.pk]),
            button="Open the connection",
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
