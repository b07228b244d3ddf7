"""Who prepared a batch, and who could accept it: worked out here for pages, blockers, mails and the snapshot alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Min, Q, QuerySet, Sum
from django.utils import timezone

from budgets import large_reads
from budgets.models import Budget, BudgetLine, Modification
from erp.approval import route_rules, route_words, routes
from erp.models import Batch, BatchLine, BatchPreparer, BatchState
from erp.port import DocumentKind
from erp.snapshots import latest_reading, new_moved, posted_targets, unsent_modifications
from projects import permissions
from projects.models import Company, Direction
from workflow.blockers import once_per_object
from workflow.events import events_about

# The history tables that database triggers write; each row names the change set and the user of its service.
LINES = apps.get_model("budgets", "BudgetLineEvent")
MODIFICATIONS = apps.get_model("budgets", "ModificationEvent")
MODIFICATION_LINES = apps.get_model("budgets", "ModificationLineEvent")
BY_A_SERVICE = Q(pgh_context__metadata__has_key="change_set")
USER = "pgh_context__metadata__user"


def freeze_preparers(batch: Batch, *, sender: Any) -> None:
    """This function will write down who sent a batch and everybody who changed something new in it."""
    original = BatchLine.objects.filter(item__batch=batch, item__kind=DocumentKind.ORIGINAL)
    if posted_targets(batch.budget):
        original = original.exclude(delta=0)  # before the first posting Accept may still turn any delta
    changed = batch.items.exclude(modification=None).values("modification")
    what = _who_changed(batch.budget, lines=original.values("line"), modifications=changed)
    what.setdefault(sender.pk, "sent it")
    BatchPreparer.objects.bulk_create(
        BatchPreparer(batch=batch, user_id=user, what=words) for user, words in what.items()
    )


def _history(budget: Budget, *, lines: Any, modifications: Any) -> tuple[QuerySet[Any], ...]:
    """What services changed since the last posting: these lines, these modifications, and their amounts."""
    edits = LINES.objects.filter(BY_A_SERVICE, budget_id=budget.pk, pgh_obj_id__in=lines)
    posted = budget.batches.filter(state=BatchState.POSTED).order_by("-number").first()
    sent = events_about(posted).filter(action="send").first() if posted else None
    if sent is not None:
        edits = edits.filter(pgh_created_at__gt=sent.recorded_at)
    written = MODIFICATIONS.objects.filter(BY_A_SERVICE, pgh_obj_id__in=modifications)
    amounts = MODIFICATION_LINES.objects.filter(BY_A_SERVICE, modification_id__in=modifications)
    return edits.order_by(), written.order_by(), amounts.order_by()


def _who_changed(budget: Budget, *, lines: Any, modifications: Any) -> dict[int, str]:
    """Everybody whose change of these rows is in the history since the last posting: user id -> words for them."""
    what: dict[int, str] = {}
    edits, written, amounts = _history(budget, lines=lines, modifications=modifications)
    firsts = dict(edits.values_list(USER).annotate(first=Min("pgh_obj_id")).order_by())
    named = BudgetLine.objects.select_related("cost_code", "cost_type").in_bulk(set(firsts.values()))
    for user, line in firsts.items():
        if user is not None:
            what[user] = f"prepared line {named[line]}"
    numbers = dict(Modification.objects.filter(pk__in=modifications).values_list("pk", "number"))
    for rows, key in ((written, "pgh_obj_id"), (amounts, "modification_id")):
        for user, first in rows.values_list(USER).annotate(first=Min(key)).order_by():
            if user is not None:
                what.setdefault(user, f"worked on modification {numbers[first]}")
    return what


def able(
    company: Company, *, amount: Decimal | None, without: Iterable[int] | QuerySet[Any] = ()
) -> QuerySet[Any]:
    """This function will find the active people who may accept a batch that moves `amount`, but for some, by name.

    `amount` None asks for those who may accept any amount.
    """
    limit = (
        Q(approval_limit=None) if amount is None else Q(approval_limit=None) | Q(approval_limit__gte=amount)
    )
    members = permissions.deciding(company, Direction.OUT).filter(limit)
    people = get_user_model().objects.filter(pk__in=members.values("user"), is_active=True)
    return people.exclude(pk__in=without).order_by("first_name", "last_name", "username")


def able_to_accept(batch: Batch) -> QuerySet[Any]:
    """This function will find who could take the step of a batch that is due, in their own right or for another.

    Of a decided batch: who could have accepted it, by the right, the limit and other eyes than its preparers'.
    """
    if batch.state == BatchState.WAITING:
        found = route_rules.takers(routes.due_ways(batch))
        people = get_user_model().objects.filter(pk__in=found)
        return people.order_by("first_name", "last_name", "username")
    without = batch.preparers.values("user") if batch.four_eyes else ()
    return able(batch.budget.project.company, amount=batch.moved, without=without)


# -- what would be sent now ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class NextRoute:
    """The route that a batch would take if it were sent now, and the people who count for it."""

    steps: list[routes.Planned]
    circle: routes.Circle
    moved: Decimal

    @property
    def gap(self) -> routes.Seat | None:
        """The first step that nobody could take once those before it are taken."""
        return routes.gap(self.circle, routes.seats_of(self.steps), moved=self.moved)

    @property
    def shown(self) -> list[route_words.ShownStep]:
        """The steps with who could take each."""
        return route_words.shown_plan(self.steps, self.circle, moved=self.moved)


def next_route(budget: Budget, sender: Any, *, carried: routes.Carried) -> NextRoute:
    """This function will find the route that what `sender` (None: no matter who) would send now would take."""
    company = budget.project.company
    people = routes.circle_of(company, now=timezone.now(), preparers=_not_the_next(budget, sender))
    return NextRoute(routes.planned(company, carried), people, carried.moved)


def gap_for_the_next(budget: Budget, sender: Any) -> routes.Seat | None:
    """This function will find the step of the next batch's route that nobody could take; None where all find people."""
    without, company = _not_the_next(budget, sender), budget.project.company
    if not routes.rules_of(company) and able(company, amount=None, without=without).exists():
        return None  # what would move need not be summed to know
    return next_route(budget, sender, carried=_would_carry(budget)).gap


def _not_the_next(budget: Budget, sender: Any) -> frozenset[int]:
    if not budget.project.company.four_eyes:
        return frozenset()
    return _would_be_preparers(budget) | (frozenset() if sender is None else {sender.pk})


@once_per_object
def _would_be_preparers(budget: Budget) -> frozenset[int]:
    posted = posted_targets(budget)
    lines: Any = budget.lines.values("pk")
    if posted:
        lines = [
            key for key, amount in budget.lines.values_list("pk", "amount") if amount != posted.get(key, 0)
        ]
    modifications = unsent_modifications(budget).order_by().values("pk")
    edits, *others = (
        rows.values_list(USER) for rows in _history(budget, lines=lines, modifications=modifications)
    )
    with large_reads.cursor():
        found = set(edits.union(*others))  # names alone, each once; what they did is told when it is sent
    return frozenset(user for (user,) in found if user is not None)


@once_per_object
def _would_carry(budget: Budget) -> routes.Carried:
    posted, modifications = posted_targets(budget), unsent_modifications(budget)
    nets = modifications.order_by().annotate(net_amount=Sum("lines__amount"))
    return routes.Carried(
        moved=new_moved(budget, reading=latest_reading(budget)),
        original=not posted
        or any(amount != posted.get(key, 0) for key, amount in budget.lines.values_list("pk", "amount")),
        modification=modifications.exists(),
        total=nets.exclude(net_amount=0).exists(),
    )
