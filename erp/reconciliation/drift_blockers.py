"""What stops an approver from deciding which value holds where the ERP differs. Each rule once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from budgets.models import Budget
from erp.approval import reaching
from erp.approval.route_rules import Way
from erp.documents import ZERO
from erp.models import Document, DocumentState, DriftDecision, DriftKind
from erp.port import ErpKey
from erp.reconciliation import comparing as reconciliation
from erp.reconciliation.balance import Balance, Row
from erp.reconciliation.balance_reads import balance_of
from erp.reconciliation.drift_reads import last_decisions
from erp.snapshots import erp_connection, latest_batch, latest_reading
from erp.words import erp_name, when
from projects import permissions
from projects.models import Direction
from workflow.blockers import Found, Kind, blocker
from workflow.people import name_of

MOST_SAID = 5  # lines in one sentence
# What the service keeps on the row that it locked, and a page on the one it shows.
READ_HASH, CHOSEN, BALANCE, KIND = "drift_hash", "drift_chosen", "drift_balance", "drift_kind"
MOVES = (DriftKind.TAKE, DriftKind.KEEP)  # they write amounts; accepting a difference writes none


def know(budget: Budget, balance: Balance) -> None:
    """This function will keep on an object how it balances, for a page that has worked it out already."""
    budget.__dict__[BALANCE] = balance


def _balance(budget: Budget) -> Balance:
    if BALANCE not in budget.__dict__:
        know(budget, balance_of(budget)[1])
    known: Balance = budget.__dict__[BALANCE]
    return known


def _anything(budget: Budget) -> bool:
    """Whether anything is to be decided, or may be once more.

    Laying out ten thousand lines takes a while: who only lists what can be done to a budget is told by what was seen.
    """
    if BALANCE not in budget.__dict__ and READ_HASH not in budget.__dict__:
        accepted = DriftDecision.objects.filter(budget=budget, kind=DriftKind.ACCEPT)
        return bool(reconciliation.sighted(budget)) or accepted.exists()
    return any(row.moved for row in _balance(budget).rows if row.lines)


@blocker("no_right_to_settle", Kind.PERMISSION)
def may_settle(budget: Budget, user: Any) -> Found | None:
    """Which value holds is the approvers' word."""
    company = budget.project.company
    if permissions.may_decide(user, company):
        return None
    who = permissions.names(permissions.who_may_decide(company))
    return Found(f"Which value holds is decided by accounting: {who}.", who=who)


@blocker("settles_no_amounts", Kind.PERMISSION)
def settles_no_amounts(budget: Budget, user: Any) -> Found | None:
    """What is taken or kept counts as posted, or is sent: that is the way on to the ERP (kind set by the service)."""
    company = budget.project.company
    if budget.__dict__.get(KIND) not in MOVES or not permissions.may_decide(user, company):
        return None
    if permissions.may_decide(user, company, Direction.OUT):
        return None
    who = permissions.names(permissions.who_may_decide(company, Direction.OUT))
    return Found(
        f"You may send batches back for {company.name}, not on to the ERP: you may accept a difference, "
        f"not take or keep an amount. Ask {who}.",
        who=who,
    )


@blocker("settles_over_limit", Kind.PERMISSION)
def settles_over_limit(budget: Budget, user: Any) -> Found | None:
    """What is taken or kept counts towards a limit, one's own or one lent, with all decided on the same reading."""
    if budget.__dict__.get(KIND) not in MOVES or user is None:
        return None
    circle = reaching.people(budget)
    if user.pk not in circle.limits or way_to_settle(budget, user) is not None:
        return None
    moved = _moved_now(budget) + _moved_before(budget)(user.pk)
    who, most = reaching.others(budget, user, moved=moved), reaching.limits(circle, user)
    return Found(
        f"This decides on {moved:,.2f}; you may decide on up to {most} of one reading. Ask {who}.",
        who=who,
    )


def way_to_settle(budget: Budget, user: Any) -> Way | None:
    """This function will find through whose right a person takes or keeps what was chosen."""
    moved = _moved_now(budget)
    return reaching.through(budget, user, moved=moved, before=_moved_before(budget))


def _moved_now(budget: Budget) -> Decimal:
    rows = chosen_rows(_balance(budget), budget.__dict__.get(CHOSEN))
    return sum((abs(row.moved) for row in rows), ZERO)


def _moved_before(budget: Budget) -> Callable[[int], Decimal]:
    """What somebody took or kept on the newest reading, or had done for them: no limit is got round line by line."""
    reading = latest_reading(budget)
    hash_ = reading.hash if reading else ""
    done = list(DriftDecision.objects.filter(budget=budget, reading_hash=hash_, kind__in=MOVES))

    def moved(person: int) -> Decimal:
        return sum((abs(one.difference) for one in done if person in (one.by_id, one.on_behalf_of_id)), ZERO)

    return moved


def words_for(budget: Budget, user: Any, kind: str) -> tuple[str, str]:
    """This function will say to a page why a person may not decide so (else nothing), and up to what they may."""
    if kind not in MOVES:
        return "", ""
    budget.__dict__[KIND] = kind
    stop = settles_no_amounts(budget, user)
    del budget.__dict__[KIND]
    most = reaching.limits(reaching.people(budget), user)
    return stop.sentence if stop else "", f"You may up to {most}." if most else ""


def chosen_rows(balance: Balance, codes: Collection[ErpKey] | None) -> list[Row]:
    """This function will find the rows that are decided on: all that wait for it, or those of some codes."""
    rows = [row for row in balance.rows if isinstance(row.key, ErpKey) and row.lines]
    return [row for row in rows if (row.to_decide if codes is None else row.key in codes)]


@blocker("never_posted", Kind.STATE)
def never_posted(budget: Budget, user: Any) -> Found | None:
    """Nothing of the budget counts in the ERP yet."""
    if Document.objects.filter(batch__budget=budget, state=DocumentState.POSTED).exists():
        return None
    return Found("Nothing of this budget was posted yet, so there is nothing to decide. Send it first.")


@blocker("not_read_since_posting", Kind.WAITING)
def not_read_since_posting(budget: Budget, user: Any) -> Found | None:
    """The newest reading is from before the last posting, or there is none."""
    posted = Document.objects.filter(batch__budget=budget, state=DocumentState.POSTED)
    reading = latest_reading(budget)
    if not posted.exists() or (reading is not None and reconciliation.is_news(budget, reading)):
        return None
    erp = erp_name(erp_connection(budget))
    return Found(f"{erp} was not read since the last posting. Read again, then decide.")


@blocker("nothing_differs", Kind.STATE)
def nothing_differs(budget: Budget, user: Any) -> Found | None:
    """The ERP holds what was posted; or what was chosen was decided meanwhile."""
    chosen: set[ErpKey] | None = budget.__dict__.get(CHOSEN)
    if chosen is None:
        if _anything(budget):
            return None
        return Found(f"{erp_name(erp_connection(budget))} holds what was posted; there is nothing to decide.")
    differing = {row.key for row in _balance(budget).rows if row.moved and row.lines}
    gone = [key for key in chosen if key not in differing]
    if not gone:
        return None
    return Found(f"{_decided(budget, gone)} Nothing differs there any more.")


def _decided(budget: Budget, gone: list[ErpKey]) -> str:
    """Who was faster, where somebody was."""
    said, decisions, batch = [], last_decisions(budget), latest_batch(budget)
    for key in sorted(gone)[:MOST_SAID]:
        one = decisions.get(key)
        code = f"{key.cost_code} {key.cost_type}"
        if one is None or batch is None:
            said.append(f"{code} is as it was posted.")
        else:
            said.append(f"{code}: {one.get_kind_display()} by {name_of(one.by)} {when(one.at, batch)}.")
    return " ".join(said)


@blocker("erp_moved_since", Kind.STATE)
def erp_moved_since(budget: Budget, user: Any) -> Found | None:
    """The ERP holds something else than in the reading the person looked at (set by the service)."""
    seen: tuple[str, dict[ErpKey, Any]] | None = budget.__dict__.get(READ_HASH)
    reading = latest_reading(budget)
    if seen is None or reading is None or reading.hash == seen[0]:
        return None
    erp, now = erp_name(erp_connection(budget)), {row.key: row.in_erp for row in _balance(budget).rows}
    moved = [
        f"{key.cost_code} {key.cost_type} was {before:,.2f}, is {now.get(key, 0):,.2f}"
        for key, before in sorted(seen[1].items())
        if before is not None and now.get(key, 0) != before
    ]
    what = "; ".join(moved[:MOST_SAID]) or "other codes than the ones you chose changed"
    return Found(f"{erp} was read again since you looked: {what}. Look again, then decide.")
