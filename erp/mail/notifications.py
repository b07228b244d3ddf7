"""Mails about decisions, deliveries and connections: who is told what, in the transaction it tells about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.urls import reverse

from budgets import links
from budgets.models import Budget
from erp.delivery.left_there import left_ones
from erp.mail import mails
from erp.models import Batch, BatchState, Circuit, Connection, Document, DriftDecision, Remark
from erp.posting import by_word
from erp.refusals.explaining import explained
from erp.rounds import sent_back_before
from erp.snapshots import erp_connection, latest_batch
from erp.words import erp_name
from projects import permissions
from projects.models import Direction
from workflow.people import name_of

MOST_LINES = 20  # in one mail


def _write(
    *,
    to: Iterable[Any],
    kind: str,
    key: str,
    subject: str,
    template: str,
    batch: Batch,
    deciding: bool = False,
    button: str = "Open the budget",
    anchor: str = "",
    **more: Any,
) -> list[Any]:
    """Write one mail for each reader; it leads whoever is `deciding` to the queue, the others to the budget."""
    budget = batch.budget
    queue = reverse("admin:erp_batch_change", args=[batch.pk])
    return mails.write(
        company=budget.project.company,
        to=to,
        kind=kind,
        key=key,
        subject=subject,
        template=template,
        path=queue if deciding else links.page(budget, anchor),
        button="Open the batch" if deciding else button,
        batch=batch,
        project=budget.project,
        sender=name_of(batch.sent_by),
        erp=erp_name(erp_connection(budget)),
        **more,
    )


def _sender(batch: Batch) -> list[Any]:
    """Whoever sent a batch, as long as they may see the budget: a mail shows amounts."""
    return [batch.sent_by] if permissions.may(batch.sent_by, batch.budget.project, "see") else []


def tell_approvers_of_resend(batch: Batch) -> None:
    """This function will mail the approvers at once when a batch answers a rejection or a return."""
    company, answered = batch.budget.project.company, sent_back_before(batch)
    returned = answered is not None and answered.state == BatchState.RETURNED
    why = "it was returned" if returned else "your remarks"
    approvers = permissions.who_may_decide(company, Direction.OUT).exclude(pk=batch.sent_by_id)
    _write(
        to=approvers,
        kind="resend",
        key=f"resend:{batch.pk}",
        template="resend",
        batch=batch,
        deciding=True,
        answered=answered,
        returned=returned,
        by=name_of(answered.sent_back_by) if answered else "accounting",
        subject=f"Sent again after {why}: {batch.budget.project}, round {batch.round}",
    )


def tell_step_due(batch: Batch, people: Iterable[Any]) -> list[Any]:
    """This function will mail people at once that a step of a batch's approval is theirs. Returns who was told.

    A person is told once a batch, however many of its steps are theirs.
    """
    return _write(
        to=people,
        kind="step",
        key=f"step:{batch.pk}",
        template="step",
        batch=batch,
        deciding=True,
        subject=f"Your turn to approve: {batch.budget.project}, batch {batch.number}",
    )


def tell_sender_of_rejection(batch: Batch, remarks: list[Remark]) -> None:
    """This function will mail the sender the reason and the remarks."""
    _write(
        to=_sender(batch),
        kind="rejection",
        key=f"reject:{batch.pk}",
        template="rejection",
        batch=batch,
        remarks=remarks,
        by=name_of(batch.sent_back_by),
        subject=f"Sent back: {batch.budget.project}",
    )


def tell_sender_of_end(batch: Batch) -> None:
    """This function will mail the sender that a batch was posted or returned."""
    if batch.state == BatchState.POSTED:
        by_hand = bool(by_word.open_word(batch))
        _write(
            to=_sender(batch),
            kind="posting",
            key=f"posted:{batch.pk}",
            template="posting",
            batch=batch,
            documents=list(batch.documents.select_related("item")),
            by_hand=by_hand,
            subject=f"Posted{', confirmed by hand' if by_hand else ''}: {batch.budget.project}",
        )
    else:
        _write(
            to=_sender(batch),
            kind="return",
            key=f"returned:{batch.pk}",
            template="return",
            batch=batch,
            by=name_of(batch.sent_back_by),
            left=[row.number for row in left_ones(list(batch.documents.order_by("number")))],
            subject=f"Returned by accounting: {batch.budget.project}",
        )


def tell_of_failure(document: Document) -> None:
    """This function will mail the sender and the approvers that a document has just been refused, and why."""
    batch = document.batch
    company = batch.budget.project.company
    approvers = permissions.who_may_decide(company).exclude(pk=batch.sent_by_id)
    findings = explained(document)
    for readers, deciding in ((_sender(batch), False), (approvers, True)):
        _write(
            to=readers,
            kind="failure",
            key=f"failed:{document.pk}:{document.state_since.isoformat()}",
            template="failure",
            batch=batch,
            deciding=deciding,
            document=document,
            findings=findings,
            subject=f"Needs attention: {batch.budget.project}",
        )


class DriftedLine(Protocol):
    """What the mail of a drift says of a line: its codes, and the amount here and in the ERP."""

    @property
    def label(self) -> str: ...
    @property
    def ours(self) -> Any: ...
    @property
    def theirs(self) -> Any: ...


def tell_of_drift(
    budget: Budget, lines: Sequence[DriftedLine], *, path: str = "", now: datetime
) -> list[Any]:
    """This function will mail the approvers and ERP admins that somebody changed in the ERP what was posted.

    The same differences are told once a day at most. `path` is the page that decides them. Returns who was told.
    """
    company = budget.project.company
    said = "|".join(f"{line.label} {line.ours} {line.theirs}" for line in lines)
    erp = erp_name(erp_connection(budget))
    return mails.write(
        company=company,
        to=[*permissions.who_may_decide(company), *permissions.who_administers(company)],
        kind="drift",
        key=f"drift:{budget.pk}:{now:%Y%m%d}:{hashlib.sha256(said.encode()).hexdigest()[:16]}",
        subject=f"Changed in {erp}: {budget.project}, {len(lines)} line{'' if len(lines) == 1 else 's'}",
        template="drift",
        path=path or links.page(budget),
        button="Decide which value holds",
        project=budget.project,
        erp=erp,
        lines=lines[:MOST_LINES],
        others=max(0, len(lines) - MOST_LINES),
    )


def tell_sender_of_kept(budget: Budget, decisions: Sequence[DriftDecision], *, by: Any) -> None:
    """This function will mail whoever sent the last batch that our amounts were kept, and that they are to be sent."""
    batch, correction = latest_batch(budget), decisions[0].correction
    if batch is None or correction is None:
        return
    erp, lines = erp_name(erp_connection(budget)), len(decisions)
    _write(
        to=_sender(batch),
        kind="kept",
        key=f"kept:{correction.pk}",
        template="kept",
        batch=batch,
        by=name_of(by),
        decisions=decisions[:MOST_LINES],
        others=max(0, lines - MOST_LINES),
        correction=correction,
        subject=f"To send again: {budget.project}, {lines} difference{'' if lines == 1 else 's'} from {erp}",
    )


def tell_admins_of_stop(connection: Connection) -> None:
    """This function will mail the ERP admins that a connection was stopped."""
    subject = f"The ERP connection of {connection.company.name} was stopped"
    _write_to_admins(connection, about="stopped", since=connection.stopped_at, subject=subject)


def tell_admins_of_silence(connection: Connection, circuit: Circuit) -> None:
    """This function will mail the ERP admins that an ERP has not answered for a while."""
    subject = f"The ERP of {connection.company.name} does not answer"
    _write_to_admins(connection, about="silent", since=circuit.silent_since, subject=subject, circuit=circuit)


def tell_admins_of_answer(connection: Connection, circuit: Circuit) -> None:
    """This function will mail the ERP admins, who were told that an ERP is silent, that it answers again."""
    subject = f"The ERP of {connection.company.name} answers again"
    _write_to_admins(
        connection, about="answers", since=circuit.silent_since, subject=subject, circuit=circuit
    )


def _write_to_admins(
    connection: Connection, *, about: str, since: datetime | None, subject: str, **told: Any
) -> None:
    mails.write(
        company=connection.company,
        to=permissions.who_administers(connection.company),
        kind="alarm",
        key=f"{about}:{connection.pk}:{since}",
        subject=subject,
        template=about,
        path=reverse("admin:erp_connection_change", args=[connection.pk]),
        button="Open the connection",
        connection=connection,
        erp=erp_name(connection),
        **told,
    )
