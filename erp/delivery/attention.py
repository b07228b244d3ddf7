"""What has waited so long that a person must look although nothing was refused: what it is, and who does what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from budgets.models import Budget, Hold
from erp.delivery.silence import silence_of
from erp.models import BatchState, Circuit, Connection, Document, DocumentState
from erp.snapshots import erp_connection
from erp.words import erp_admins, erp_name
from projects import permissions
from projects.models import Direction

LONG_UNKNOWN = timedelta(minutes=15)  # how long an unknown outcome may take
LONG_SILENCE = timedelta(hours=1)  # how long a document may wait for an ERP that does not answer
NOT_THERE_YET = (
    DocumentState.QUEUED,
    DocumentState.SENDING,
    DocumentState.UNCONFIRMED,
    DocumentState.WITHDRAWING,
)


@dataclass(frozen=True)
class Call:
    """`text` says what is the matter, `next` who is asked to do what, `since` from when on."""

    text: str
    next: str
    since: datetime


def call_of(budget: Budget, documents: Iterable[Document], *, now: datetime) -> Call | None:
    """This function will say what a person must look at among the documents of a batch under way, or None."""
    waiting = [document for document in documents if document.state in NOT_THERE_YET]
    unknown = [document for document in waiting if document.state == DocumentState.UNCONFIRMED]
    connection = erp_connection(budget)
    return (
        _lost(budget, [document for document in unknown if document.not_before is None], erp_name(connection))
        or (_silent(budget, connection, now) if waiting else None)
        or _unknown(budget, [d for d in unknown if now - d.state_since >= LONG_UNKNOWN], erp_name(connection))
    )


def _lost(budget: Budget, documents: list[Document], erp: str) -> Call | None:
    if not documents:
        return None
    who = permissions.names(permissions.who_may_decide(budget.project.company, Direction.OUT))
    text = f"{erp} cannot tell whether {documents[0].number} arrived"
    return Call(text, f"{who} looks for it in {erp} and says whether it is there.", documents[0].state_since)


def _silent(budget: Budget, connection: Connection | None, now: datetime) -> Call | None:
    silence = silence_of(connection)
    if silence is None or now - silence.since < LONG_SILENCE:
        return None
    asked = f"{erp_admins(budget)} finds out why. Tieback keeps asking, and nothing is lost."
    return Call(silence.brief, asked, silence.since)


def _unknown(budget: Budget, documents: list[Document], erp: str) -> Call | None:
    if not documents:
        return None
    asked = f"{erp_admins(budget)} finds out what is wrong with {erp}. Tieback keeps asking and sends nothing twice."
    text = f"not known whether {documents[0].number} arrived in {erp}"
    return Call(text, asked, documents[0].state_since)


def overdue(*, now: datetime) -> list[Budget]:
    """This function will find the budgets that need attention since a while and do not say so yet."""
    documents = Document.objects.filter(
        batch__budget=OuterRef("pk"), batch__state__in=[BatchState.ACCEPTED, BatchState.EXPORTED]
    )
    unknown = documents.filter(state=DocumentState.UNCONFIRMED, state_since__lte=now - LONG_UNKNOWN)
    silent = Circuit.objects.filter(
        connection__company=OuterRef("project__company"),
        connection__enabled=True,
        connection__stopped_at=None,
        opened_at__isnull=False,
        silent_since__lte=now - LONG_SILENCE,
    )
    waiting = documents.filter(state__in=NOT_THERE_YET)
    late = Q(Exists(unknown)) | Q(Exists(silent)) & Q(Exists(waiting))
    return list(Budget.objects.filter(late).exclude(hold=Hold.ATTENTION).order_by("pk"))
