"""Who or what a batch waits for right now, since when, and how long that usually takes in its company."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from erp.approval import routes
from erp.approval.approvers import able_to_accept
from erp.models import Batch, BatchState, Document, DocumentState
from erp.posting.waiting import FEWEST, SAMPLES, Usual, usual
from erp.refusals.explaining import explained
from erp.words import erp_of
from projects import permissions
from projects.models import Company, Direction
from workflow.people import name_of
from workflow.templatetags.figures import span

SENT_BACK = (BatchState.REJECTED, BatchState.RETURNED, BatchState.RETRIEVED)


@dataclass(frozen=True)
class Wait:
    """What a batch waits for; `usual` where enough of the company's last ones are known."""

    whom: str
    what: str
    since: datetime
    usual: Usual | None = None

    def sentence(self, now: datetime) -> str:
        """All of it: "Waiting 26 h for Mira Osei; usually 5 h"."""
        waited = span((now - self.since).total_seconds())
        often = f"; usually {span(self.usual.seconds)}" if self.usual else ""
        return f"Waiting {waited} for {self.whom}{f' {self.what}' if self.what else ''}{often}."


def usual_decision(company: Company) -> Usual | None:
    """This function will find how long a company usually takes to accept or send back: the median of the last ones."""
    decided = Batch.objects.filter(budget__project__company=company).exclude(
        state__in=[BatchState.WAITING, BatchState.RETRIEVED]
    )
    rows = decided.order_by("-sent_at").values_list("state", "sent_at", "accepted_at", "state_since")
    return _usual(
        (sent, since if state == BatchState.REJECTED else accepted)
        for state, sent, accepted, since in rows[:SAMPLES]
    )


def usual_export(company: Company) -> Usual | None:
    """This function will find how long it usually takes from the yes until everything is in the ERP."""
    rows = Batch.objects.filter(budget__project__company=company, exported_at__isnull=False)
    return _usual(rows.order_by("-exported_at").values_list("accepted_at", "exported_at")[:SAMPLES])


def _usual(spans: Iterable[tuple[datetime | None, datetime | None]]) -> Usual | None:
    times = [(end - start).total_seconds() for start, end in spans if start and end]
    return Usual(timedelta(seconds=median(times)), len(times)) if len(times) >= FEWEST else None


def wait_of(batch: Batch, documents: Sequence[Document]) -> Wait | None:
    """This function will say what a batch waits for; None where it is at its end."""
    company = batch.budget.project.company
    if batch.state == BatchState.WAITING:
        deciders = permissions.names(able_to_accept(batch), nobody="somebody who may accept it (nobody yet)")
        since = routes.waiting_since(batch)
        return Wait(deciders, "", since, usual_decision(company) if since == batch.sent_at else None)
    if batch.state in SENT_BACK:
        return (
            None
            if batch.answered_by.exists()
            else Wait(name_of(batch.sent_by), "to send again", batch.state_since)
        )
    if batch.state == BatchState.POSTED:
        return None
    return _under_way(batch, documents, company)


def _under_way(batch: Batch, documents: Sequence[Document], company: Company) -> Wait:
    erp = erp_of(company)
    states = {document.state for document in documents}
    if DocumentState.REFUSED in states:
        return _refused([d for d in documents if d.state == DocumentState.REFUSED], company, erp)
    lost = [d for d in documents if d.state == DocumentState.UNCONFIRMED]
    if lost:
        asks = all(d.not_before for d in lost)
        people = "Tieback" if asks else permissions.names(permissions.who_may_decide(company))
        what = f"to ask {erp} whether it arrived" if asks else f"to say whether it is in {erp}"
        return Wait(people, what, min(d.state_since for d in lost))
    if batch.state == BatchState.EXPORTED or states <= {DocumentState.DELIVERED, DocumentState.POSTED}:
        since = batch.exported_at or batch.state_since
        return Wait("the accountants", f"to post it in {erp}", since, usual(company))
    if DocumentState.WITHDRAWING in states:
        since = min(d.state_since for d in documents if d.state == DocumentState.WITHDRAWING)
        return Wait("Tieback", f"to take it out of {erp}", since)
    since = batch.accepted_at or batch.state_since
    told = next((d.waiting_for for d in documents if d.waiting_for and d.state == DocumentState.QUEUED), "")
    what = f"to write it into {erp}" + (f" ({told.rstrip('.')})" if told else "")
    return Wait("Tieback", what, since, usual_export(company))


def _refused(documents: Sequence[Document], company: Company, erp: str) -> Wait:
    """A refusal waits for whoever the error dictionary names, and for the approvers, who retry it then."""
    since = min(d.state_since for d in documents)
    again = [d for d in documents if not d.changed_there]
    if not again:
        who = _deciding(company, Direction.BACK)
        return Wait(who, f"to say whether it is taken out of {erp} or left there", since)
    who = _deciding(company, Direction.OUT)
    fixers = " and ".join(dict.fromkeys(one.fixer for d in again for one in explained(d)))
    if not fixers:
        return Wait(who, "to retry it", since)
    return Wait(fixers, f"to put right what was refused, then for {who} to retry it", since)


def _deciding(company: Company, way: Direction) -> str:
    return permissions.names(permissions.who_may_decide(company, way), nobody="an approver (nobody yet)")
