"""What stops people from asking others to do something, and from answering: each rule once."""

from __future__ import annotations

from typing import Any

from budgets import links
from budgets.blockers import right
from budgets.models import Budget, BudgetState, Hold
from budgets.requests.book import open_request
from budgets.requests.models import RequestKind
from projects import permissions
from projects.models import Direction
from workflow.blockers import Check, Found, Kind, blocker

may_see = right("see")


@blocker("nothing_to_unlock", Kind.STATE)
def nothing_to_unlock(budget: Budget, user: Any) -> Found | None:
    """A draft is open."""
    if budget.state != BudgetState.DRAFT:
        return None
    return Found("The budget is a draft: nothing is locked.")


@blocker("may_unlock_yourself", Kind.STATE)
def may_unlock_yourself(budget: Budget, user: Any) -> Found | None:
    """Who has the right needs nobody."""
    if not permissions.may(user, budget.project, "unlock"):
        return None
    return Found(
        "You may unlock this budget yourself.", link=links.page(budget, "actions"), link_label="Unlock"
    )


@blocker("nothing_to_return", Kind.STATE)
def nothing_to_return(budget: Budget, user: Any) -> Found | None:
    """Only what was accepted and is not posted can be returned."""
    if budget.state == BudgetState.SENT and budget.hold == Hold.WAITING:
        return Found(
            "Accounting has not decided yet: retrieve the budget yourself.",
            link=links.page(budget, "actions"),
            link_label="Retrieve from ERP",
        )
    if budget.state == BudgetState.SENT and budget.hold_data.get("returning"):
        return Found("Accounting is returning it already.")
    if budget.state != BudgetState.SENT:
        return Found("Nothing of this budget is under way, so there is nothing to return.")
    return None


def _asked(kind: RequestKind) -> Check:
    @blocker(f"{kind.value}_asked", Kind.WAITING)
    def rule(budget: Budget, user: Any) -> Found | None:
        request = open_request(budget, kind)
        if request is None:
            return None
        who = permissions.names(who_answers(budget, kind))
        return Found(
            f"{_name(request.asked_by)} has asked {kind.label} already. {who} can answer.",
            who=who,
            link=links.page(budget, "requests"),
            link_label="See the request",
            since=request.asked_at,
        )

    return rule


def _not_asked(kind: RequestKind) -> Check:
    @blocker(f"{kind.value}_not_asked", Kind.STATE)
    def rule(budget: Budget, user: Any) -> Found | None:
        if open_request(budget, kind):
            return None
        return Found(f"Nobody asks {kind.label} (any more).")

    return rule


def _not_yours(kind: RequestKind) -> Check:
    @blocker(f"{kind.value}_request_of_another", Kind.PERMISSION)
    def rule(budget: Budget, user: Any) -> Found | None:
        request = open_request(budget, kind)
        if request is None or request.asked_by_id == getattr(user, "pk", None):
            return None
        who = _name(request.asked_by)
        return Found(f"{who} asked; only {who} can take it back.", who=who)

    return rule


unlock_asked, return_asked = _asked(RequestKind.UNLOCK), _asked(RequestKind.RETURN)
unlock_not_asked, return_not_asked = _not_asked(RequestKind.UNLOCK), _not_asked(RequestKind.RETURN)
unlock_not_yours, return_not_yours = _not_yours(RequestKind.UNLOCK), _not_yours(RequestKind.RETURN)


def who_answers(budget: Budget, kind: str) -> Any:
    """This function will find the people who may do what is asked for."""
    if kind == RequestKind.UNLOCK:
        return permissions.who_may(budget.project, "unlock")
    return permissions.who_may_decide(budget.project.company, Direction.BACK)


def _name(user: Any) -> str:
    return permissions.names([user])
