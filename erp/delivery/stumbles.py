"""Failures nobody foresaw: the document stands aside after some tries, with the reason, and the others go on."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import F

from erp.delivery.outcomes import Clock, back_to_queue, refuse, release, unconfirm
from erp.models import Document, DocumentState
from erp.port import Finding

log = logging.getLogger(__name__)

PARK_AFTER = 5  # tries that ended so, since a person last looked
PAUSE = timedelta(minutes=1)  # times the tries so far


def stumble(document: Document, clock: Clock, problem: Exception, *, doing: str) -> None:
    """This function will keep a failure that is no answer of the ERP: try again later, at last ask a person.

    `doing` is what the worker was at, as a verb: send, ask about, withdraw.
    """
    log.error("could not %s %s", doing, document, exc_info=problem)
    said = f"Tieback stumbled while it tried to {doing} it ({type(problem).__name__})."
    Document.objects.filter(pk=document.pk).update(stumbles=F("stumbles") + 1)
    document.stumbles += 1
    wait = PAUSE * document.stumbles
    if document.stumbles >= PARK_AFTER:
        refuse(document, clock, [_finding(document, problem, doing)])
    elif document.state == DocumentState.WITHDRAWING:
        release(document, wait, said)
    elif document.state == DocumentState.SENDING and _something_left(document):
        unconfirm(document, clock, said)
    elif document.state == DocumentState.SENDING:
        back_to_queue(document, clock, wait=wait, why=said)


def _something_left(document: Document) -> bool:
    """Whether a request may have reached the ERP under this claim."""
    return document.claim is not None and document.calls.filter(claim=document.claim).exists()


def _finding(document: Document, problem: Exception, doing: str) -> Finding:
    said = (
        f"Tieback stumbled {document.stumbles} times over this document while it tried to {doing} it, "
        "so it stands aside and the others go on. An administrator finds the details in the workers’ log; "
        "when the cause is removed, retry it or return it."
    )
    return Finding("stumbled", said, raw=f"{type(problem).__name__}: {problem}"[:2000])
