"""What stops an approver from deciding a batch: rights, four eyes, limits, what the ERP holds. Each rule once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from budgets import links
from erp.approval import reaching, route_rules, routes
from erp.approval.approvers import able_to_accept
from erp.blockers import decided_sentence
from erp.decision import preflight
from erp.decision.acceptance import lines_of
from erp.line_codes import with_codes
from erp.mapping import links as mapping_links
from erp.models import Batch, BatchLine, BatchState, ReadingState
from erp.snapshots import erp_connection, latest_reading
from erp.words import erp_name
from projects import permissions
from projects.models import Direction
from workflow.blockers import Found, Kind, blocker

MOST_SAID = 5  # findings in one sentence
READING_MAX_AGE = timedelta(minutes=15)


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
    preparer = next((row for row in batch.preparers.all() if row.user_id == user.pk), None)
    if preparer is None:
        return None
    who = permissions.names(able_to_accept(batch), nobody="another approver (there is none yet)")
    return Found(f"You {preparer.what}, so somebody else accepts it: ask {who}.", who=who)


@blocker("over_your_limit", Kind.PERMISSION)
def over_your_limit(batch: Batch, user: Any) -> Found | None:
    """The amount moved is above the person's limit, which counts at the last step; nobody lent them theirs."""
    if user is None or len(routes.open_steps(batch)) > 1 or routes.way_of(batch, user) is not None:
        return None
    circle = routes.circle(batch)
    if user.pk not in circle.limits or route_rules.within(circle.limits[user.pk], batch.moved):
        return None  # another rule says what is missing
    who = permissions.names(able_to_accept(batch), nobody="another approver (there is none yet)")
    most = reaching.limits(circle, user, used=routes.used(batch))
    return Found(f"This batch moves {batch.moved:,.2f}; you may accept up to {most}. Ask {who}.", who=who)


@blocker("over_your_limit_to_confirm", Kind.PERMISSION)
def over_your_limit_to_confirm(batch: Batch, user: Any) -> Found | None:
    """A word given by hand makes a batch count, so limits hold for it as for accepting: one's own, or one lent."""
    circle = reaching.people(batch)
    if user is None or user.pk not in circle.limits or reaching.through(batch, user, moved=batch.moved):
        return None
    who, most = reaching.others(batch, user, moved=batch.moved), reaching.limits(circle, user)
    return Found(f"This batch moves {batch.moved:,.2f}; you may confirm up to {most}. Ask {who}.", who=who)


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
    erp = erp_name(erp_connection(batch.budget))
    state, error = batch.budget.readings.values_list("state", "error").first() or ("", "")
    if state == ReadingState.ASKED:
        told = f"{erp} is being read again. This takes a few seconds."
    elif state == ReadingState.FAILED:
        told = (
            f"{erp} was last read more than 15 minutes ago, and could not be read since: {error} Read again."
        )
    else:
        told = f"{erp} was last read more than 15 minutes ago. Read again, then decide."
    return Found(told, since=reading.made_at)


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
