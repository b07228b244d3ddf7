"""What stops an approver: accept, reject, retry, return, check, confirm. Each rule once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from budgets import links
from budgets.request_book import open_request
from budgets.request_models import RequestKind
from erp import mapping_links, preflight, routes
from erp.acceptance import lines_of
from erp.approvers import able, able_to_accept
from erp.blockers import decided_sentence
from erp.circuit import open_circuit
from erp.line_codes import with_codes
from erp.models import (
    Batch,
    BatchLine,
    BatchState,
    ConfirmationState,
    Document,
    DocumentState,
    ReadingState,
)
from erp.snapshots import erp_connection, latest_reading
from erp.waiting import question_of
from erp.words import erp_name
from projects import permissions
from projects.models import Direction
from workflow.blockers import Found, Kind, blocker, once_per_object

MOST_SAID = 5  # findings in one sentence
READING_MAX_AGE = timedelta(minutes=15)
ANSWER_MAX_AGE = timedelta(minutes=10)


@blocker("no_right_to_decide", Kind.PERMISSION)
def may_decide(batch: Batch, user: Any) -> Found | None:
    """Accepting, rejecting, retrying and returning take level standard and the flag."""
    company = batch.budget.project.company
    if permissions.may_decide(user, company):
        return None
    who = permissions.names(permissions.who_may_decide(company))
    return Found(f"You may not push to accounting for {company.name}. Ask {who}.", who=who)


@blocker("only_sends_back", Kind.PERMISSION)
def only_sends_back(batch: Batch, user: Any) -> Found | None:
    """The person's flag works back alone."""
    if not _lacks(batch, user, Direction.OUT):
        return None
    company = batch.budget.project.company
    who = permissions.names(permissions.who_may_decide(company, Direction.OUT))
    return Found(f"You may send batches back for {company.name}, not on to the ERP. Ask {who}.", who=who)


@blocker("only_sends_on", Kind.PERMISSION)
def only_sends_on(batch: Batch, user: Any) -> Found | None:
    """The person's flag works on to the ERP alone."""
    if not _lacks(batch, user, Direction.BACK):
        return None
    company = batch.budget.project.company
    who = permissions.names(permissions.who_may_decide(company, Direction.BACK))
    return Found(f"You may send batches on to the ERP for {company.name}, not back. Ask {who}.", who=who)


def _lacks(batch: Batch, user: Any, way: Direction) -> bool:
    """Whether somebody may decide, but not this way."""
    company = batch.budget.project.company
    return permissions.may_decide(user, company) and not permissions.may_decide(user, company, way)


@blocker("already_decided", Kind.STATE)
def already_decided(batch: Batch, user: Any) -> Found | None:
    """The batch waits no longer."""
    return None if batch.state == BatchState.WAITING else Found(decided_sentence(batch))


@blocker("you_prepared_it", Kind.PERMISSION)
def you_prepared_it(batch: Batch, user: Any) -> Found | None:
    """Four eyes: whoever sent it, or changed something new in it, may not accept it."""
    if user is None or not batch.four_eyes:
        return None
    preparer = batch.preparers.filter(user=user).first()
    if preparer is None:
        return None
    who = permissions.names(able_to_accept(batch), nobody="another approver (there is none yet)")
    return Found(f"You {preparer.what}, so somebody else accepts it: ask {who}.", who=who)


@blocker("over_your_limit", Kind.PERMISSION)
def over_your_limit(batch: Batch, user: Any) -> Found | None:
    """The amount moved is above the person's limit, which counts at the last step; nobody lent them theirs."""
    if user is None or len(routes.open_steps(batch)) > 1 or routes.way_of(batch, user) is not None:
        return None
    company = batch.budget.project.company
    member = permissions.membership(user, company)
    if member is None or member.approval_limit is None or batch.moved <= member.approval_limit:
        return None
    who = permissions.names(able_to_accept(batch), nobody="another approver (there is none yet)")
    return Found(
        f"This batch moves {batch.moved:,.2f}; you may accept up to {member.approval_limit:,.2f}. Ask {who}.",
        who=who,
    )


@blocker("over_your_limit_to_confirm", Kind.PERMISSION)
def over_your_limit_to_confirm(batch: Batch, user: Any) -> Found | None:
    """A word given by hand makes a batch count, so a person's limit holds for it as for accepting."""
    company = batch.budget.project.company
    member = permissions.membership(user, company)
    if member is None or member.approval_limit is None or batch.moved <= member.approval_limit:
        return None
    who = permissions.names(able(company, amount=batch.moved))
    return Found(
        f"This batch moves {batch.moved:,.2f}; you may confirm up to {member.approval_limit:,.2f}. Ask {who}.",
        who=who,
    )


@blocker("reading_missing", Kind.WAITING)
def reading_missing(batch: Batch, user: Any) -> Found | None:
    """Nobody accepts blind: what the ERP holds has not been read yet."""
    if batch.state != BatchState.WAITING or latest_reading(batch.budget):
        return None
    erp = erp_name(erp_connection(batch.budget))
    last = batch.budget.readings.first()
    if last is not None and last.state == ReadingState.FAILED:
        return Found(f"{erp} could not be read: {last.error} Read again.")
    return Found(f"{erp} is being read. This takes a few seconds.", since=last.asked_at if last else None)


@blocker("reading_old", Kind.STATE)
def reading_old(batch: Batch, user: Any) -> Found | None:
    """The reading is older than 15 minutes."""
    if batch.state != BatchState.WAITING:
        return None
    reading = latest_reading(batch.budget)
    if (
        reading is None
        or reading.made_at is None
        or routes.moment_of(batch) - reading.made_at <= READING_MAX_AGE
    ):
        return None
    return Found(
        f"{erp_name(erp_connection(batch.budget))} was last read more than 15 minutes ago. Read again, then decide.",
        since=reading.made_at,
    )


@blocker("erp_changed", Kind.STATE)
def erp_changed(batch: Batch, user: Any) -> Found | None:
    """The ERP moved since the reading the approver looked at (`batch.read_hash`, set by the accept service)."""
    seen = batch.__dict__.get("read_hash")
    reading = latest_reading(batch.budget)
    if seen is None or reading is None or reading.hash == seen:
        return None
    return Found(
        f"{erp_name(erp_connection(batch.budget))} changed since you read it. Look at the new amounts first."
    )


@blocker("mapping_changed", Kind.STATE)
def mapping_changed(batch: Batch, user: Any) -> Found | None:
    """Codes of the batch were mapped elsewhere since the ERP was read: the approver has to see where they go now."""
    reading = latest_reading(batch.budget)
    if batch.state != BatchState.WAITING or reading is None or reading.codes is None:
        return None
    leads = {
        (kind, getattr(row, f"our_{kind}"), getattr(row, kind), getattr(row.mapped, kind))
        for row in lines_of(batch)
        if row.mapped
        for kind in ("cost_code", "cost_type")
    }
    anew: dict[str, str] = {}
    for kind, ours, code, now in leads:
        then = reading.codes[kind].get(str(ours), "nowhere")
        if then != now:
            anew[code] = f"{code} (to {then} then, to {now} now)"
    if not anew:
        return None
    said = ", ".join(anew[code] for code in sorted(anew)[:5])
    more = f" and {len(anew) - 5} more" if len(anew) > 5 else ""
    erp = erp_name(erp_connection(batch.budget))
    return Found(
        f"An ERP admin has mapped codes anew since {erp} was read: {said}{more}. Read again, then decide."
    )


@blocker("lines_not_mapped", Kind.PROBLEM)
def lines_not_mapped(batch: Batch, user: Any) -> Found | None:
    """A line of the batch has lost its codes in the ERP since it was sent."""
    if batch.state != BatchState.WAITING:
        return None
    unmapped = [row for row in lines_of(batch) if row.mapped is None]
    if not unmapped:
        return None
    codes = ", ".join(sorted({str(row) for row in unmapped})[:5])
    lost = next((row.cost_code for row in unmapped if row.mapped_cost_code is None), None)
    found = Found(
        f"No codes in the ERP any more for {codes}. An ERP admin can map them; or reject the batch."
    )
    if lost is None:
        return found
    return mapping_links.led(found, erp_connection(batch.budget), lost, user=user)


@blocker("document_unfit", Kind.PROBLEM)
def document_unfit(batch: Batch, user: Any) -> Found | None:
    """The ERP would refuse a document of the batch before it is even asked."""
    if batch.state != BatchState.WAITING:
        return None
    findings = preflight.unfit(batch)
    if not findings:
        return None
    named = {int(ref) for finding in findings for ref in finding.refs if ref.isdigit()}
    rows = BatchLine.objects.filter(pk__in=named, item__batch=batch).select_related("line")
    said = " ".join(dict.fromkeys(finding.message for finding in findings[:MOST_SAID]))
    return Found(
        f"{erp_name(erp_connection(batch.budget))} would refuse it: {said} Reject it, so that it is put right.",
        lines=links.places([row.line for row in with_codes(rows, "line__")], batch.budget.project_id),
    )


# -- after the decision ---------------------------------------------------------------------------------


def _states(batch: Batch) -> set[str]:
    return set(_document_states(batch))


@once_per_object
def _document_states(batch: Batch) -> list[str]:
    return list(batch.documents.values_list("state", flat=True))


@blocker("not_under_way", Kind.STATE)
def not_under_way(batch: Batch, user: Any) -> Found | None:
    """The batch is not between acceptance and posting."""
    if batch.state in (BatchState.ACCEPTED, BatchState.EXPORTED):
        return None
    if batch.state == BatchState.WAITING:
        return Found("The batch has not been accepted.")
    if batch.state == BatchState.POSTED:
        return Found("All of it is posted.")
    return Found(f"The batch was {batch.get_state_display().lower()}.")


@blocker("nothing_asked", Kind.STATE)
def nothing_asked(batch: Batch, user: Any) -> Found | None:
    """Nobody wants the budget back."""
    if open_request(batch.budget, RequestKind.RETURN):
        return None
    return Found("Nobody asks to return it (any more).")


@blocker("nothing_refused", Kind.STATE)
def nothing_refused(batch: Batch, user: Any) -> Found | None:
    """Only a refused document is tried again by hand, and none that was to come back and was changed in the ERP."""
    if DocumentState.REFUSED in _states(batch):
        if all(row.changed_there for row in batch.documents.filter(state=DocumentState.REFUSED)):
            return Found(
                "It was to be taken back and somebody changed it in the ERP: return it again, or decide what becomes "
                "of it. Sent again it would count there with the changes."
            )
        return None
    return Found("No document was refused; Tieback tries the others again by itself.")


@blocker("being_sent", Kind.WAITING)
def being_sent(batch: Batch, user: Any) -> Found | None:
    """A document is on the wire, or it is not known whether it arrived."""
    busy = _states(batch) & {DocumentState.SENDING, DocumentState.UNCONFIRMED}
    if not busy:
        return None
    if DocumentState.UNCONFIRMED in busy:
        return Found(
            "It is not known yet whether a document arrived. Tieback is asking; this takes a few minutes."
        )
    return Found("A document is being sent right now. Try again in a minute.")


@blocker("being_withdrawn", Kind.WAITING)
def being_withdrawn(batch: Batch, user: Any) -> Found | None:
    """The batch is on its way back already."""
    if DocumentState.WITHDRAWING not in _states(batch):
        return None
    return Found("The batch is being taken out of the ERP already.")


@blocker("nothing_lost", Kind.STATE)
def nothing_lost(batch: Batch, user: Any) -> Found | None:
    """A person is asked only where the ERP could not tell whether a document arrived."""
    lost = [
        row for row in _judged(batch) if row.state == DocumentState.UNCONFIRMED and row.not_before is None
    ]
    if lost:
        return None
    return Found("Of no such document is it unknown for good whether it arrived; Tieback asks by itself.")


@blocker("nothing_changed_there", Kind.STATE)
def nothing_changed_there(batch: Batch, user: Any) -> Found | None:
    """A person is asked only where somebody changed in the ERP what was to be taken back."""
    if any(row.changed_there for row in _judged(batch)):
        return None
    return Found("Nobody changed in the ERP what was to be taken back.")


def _judged(batch: Batch) -> list[Document]:
    """The document a person speaks of (`batch.judged`, set by the service); all while somebody only looks."""
    judged: Document | None = batch.__dict__.get("judged")
    return [judged] if judged is not None else list(batch.documents.all())


@blocker("nothing_delivered", Kind.STATE)
def nothing_delivered(batch: Batch, user: Any) -> Found | None:
    """There is nothing in the ERP to ask about."""
    if DocumentState.DELIVERED in _states(batch):
        return None
    return Found("No document waits in the ERP to be posted.")


@blocker("not_asked_lately", Kind.STATE)
def not_asked_lately(batch: Batch, user: Any) -> Found | None:
    """Nobody gives their word before the ERP was asked: its answer, or its silence, is minutes old."""
    delivered, connection = _delivered(batch), erp_connection(batch.budget)
    if connection is None or connection.stopped_at or not connection.enabled or open_circuit(connection):
        return None  # nobody can ask it
    erp = erp_name(connection)
    if any(question_of(document).wanted_at for document in delivered):
        return Found(f"{erp} is being asked whether it is posted. This takes a few seconds.")
    asked = [document.asked_at for document in delivered]
    if all(at is not None and routes.moment_of(batch) - at <= ANSWER_MAX_AGE for at in asked):
        return None
    return Found(
        f"{erp} was not asked within the last {ANSWER_MAX_AGE.seconds // 60} minutes whether it is posted. "
        "Check now, then confirm.",
        since=min((at for at in asked if at is not None), default=None),
    )


@once_per_object
def _delivered(batch: Batch) -> list[Document]:
    return list(batch.documents.filter(state=DocumentState.DELIVERED))


@blocker("nothing_disproved", Kind.STATE)
def nothing_disproved(batch: Batch, user: Any) -> Found | None:
    """There is no alarm about a word given by hand."""
    if batch.documents.filter(by_hand__state=ConfirmationState.DISPROVED).exists():
        return None
    return Found("Nothing that was confirmed by hand is in doubt.")
