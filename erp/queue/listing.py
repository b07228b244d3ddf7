"""The approvers' queue as a list: shelves with counts, and for each batch what it is, where it stands, what to heed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.fields import BooleanField
from django.utils import timezone

from budgets.models import Hold
from erp import selectors
from erp.approval.route_queue import takeable
from erp.delivery.attention import LONG_UNKNOWN
from erp.models import (
    Batch,
    BatchPreparer,
    BatchState,
    ConfirmationState,
    Document,
    DocumentState,
    ErpReading,
    ReadingState,
)
from erp.rounds import SENT_BACK
from erp.words import SOME_ERP, erp_of
from projects.models import ErpLevel, Membership


def desk_memberships(user: Any) -> list[Membership]:
    """This function will find the memberships that let an active user see a company's queue, with the companies."""
    if not (user.is_authenticated and user.is_active):
        return []
    rows = Membership.objects.filter(user=user, erp_level__gte=ErpLevel.STANDARD).select_related(
        "company__erp_connection"
    )
    return list(rows.order_by("company__code"))


def queue(user: Any, memberships: list[Membership], *, now: datetime) -> QuerySet[Batch]:
    """This function will find the batches a user sees, with everything one row of the list shows."""
    documents = Document.objects.filter(batch=OuterRef("pk"))
    unsure = documents.filter(state=DocumentState.UNCONFIRMED, state_since__lte=now - LONG_UNKNOWN)
    made = ErpReading.objects.filter(budget=OuterRef("budget"), state=ReadingState.MADE)
    later = Batch.objects.filter(budget=OuterRef("budget"), number__gt=OuterRef("number"))
    later = later.exclude(state=BatchState.RETRIEVED).order_by("number")
    return (
        selectors.visible_batches(user)
        .select_related("budget__project__company__erp_connection")
        .annotate(
            refused=Exists(documents.filter(state=DocumentState.REFUSED)),
            unsure=Exists(unsure),
            withdrawing=Exists(documents.filter(state=DocumentState.WITHDRAWING)),
            differing=Exists(documents.exclude(differs=[])),
            disproved=Exists(documents.filter(by_hand__state=ConfirmationState.DISPROVED)),
            by_hand=Exists(documents.filter(by_hand__state=ConfirmationState.WATCHED)),
            prepared=Exists(BatchPreparer.objects.filter(batch=OuterRef("pk"), user=user)),
            read_at=Subquery(made.order_by("-pk").values("made_at")[:1]),
            later=Subquery(later.values("pk")[:1]),
            later_number=Subquery(later.values("number")[:1]),
            modifications=_items("modification"),
            originals=_items("original"),
            yours=Case(When(mine(memberships, now=now), then=Value(True)), default=Value(False)),
            over_limit=_over_limit(memberships),
        )
    )


def _items(kind: str) -> Subquery:
    items = Batch.objects.filter(pk=OuterRef("pk"), items__kind=kind)
    return Subquery(items.values("pk").annotate(number=Count("items")).order_by().values("number"))


def _over_limit(memberships: list[Membership]) -> Case:
    """Whether a batch moves more than the person may accept in its company."""
    limits = [
        When(budget__project__company=row.company_id, moved__gt=row.approval_limit, then=Value(True))
        for row in memberships
        if row.approval_limit is not None
    ]
    return Case(*limits, default=Value(False), output_field=BooleanField())


def _erp(memberships: list[Membership]) -> str:
    """The name that the ERPs of these companies share."""
    named = {erp_of(row.company) for row in memberships}
    return named.pop() if len(named) == 1 else SOME_ERP


UNDER_WAY = Q(state__in=[BatchState.ACCEPTED, BatchState.EXPORTED])
ATTENTION = (UNDER_WAY & (Q(refused=True) | Q(unsure=True) | Q(budget__hold=Hold.ATTENTION))) | Q(
    disproved=True
)


def mine(memberships: list[Membership], *, now: datetime) -> Q:
    """This function will describe the batches whose due step a person can take: the right, other eyes, the limit."""
    return takeable(memberships, now=now)


@dataclass(frozen=True)
class Shelf:
    """A filter of the queue, with the number of batches on it."""

    key: str
    label: str
    holds: Q
    count: int = 0


DEFAULT = "waiting"


def shelves(memberships: list[Membership]) -> list[Shelf]:
    """This function will list the filters of the queue in the order of the work."""
    return [
        Shelf("mine", "Mine to decide", Q(yours=True)),
        Shelf(DEFAULT, "Waiting", Q(state=BatchState.WAITING)),
        Shelf("exporting", "Exporting", Q(state=BatchState.ACCEPTED) & ~ATTENTION),
        Shelf("attention", "Needs attention", ATTENTION),
        Shelf("in_erp", f"In {_erp(memberships)}, not posted", Q(state=BatchState.EXPORTED) & ~ATTENTION),
        Shelf("posted", "Posted", Q(state=BatchState.POSTED) & ~ATTENTION),
        Shelf("back", "Sent back", Q(state__in=list(SENT_BACK), later=None)),
        Shelf("all", "All", Q()),
    ]


@dataclass(frozen=True)
class Counted:
    """The shelves with their counts, and who has sent anything: (id, name)."""

    shelves: list[Shelf]
    senders: list[tuple[int, str]]


def counted(user: Any, memberships: list[Membership]) -> Counted:
    """This function will count all shelves and find all senders, in one query."""
    wanted = shelves(memberships)
    numbers = {shelf.key: Count("pk", filter=shelf.holds) if shelf.holds else Count("pk") for shelf in wanted}
    people = ("sent_by", "sent_by__first_name", "sent_by__last_name", "sent_by__username")
    rows = list(
        queue(user, memberships, now=timezone.now())
        .order_by()
        .values(*people)
        .annotate(**{f"n_{k}": n for k, n in numbers.items()})
    )
    filled = [
        Shelf(shelf.key, shelf.label, shelf.holds, sum(row[f"n_{shelf.key}"] for row in rows))
        for shelf in wanted
    ]
    named = [
        (
            row["sent_by"],
            f"{row['sent_by__first_name']} {row['sent_by__last_name']}".strip() or row["sent_by__username"],
        )
        for row in rows
    ]
    return Counted(filled, sorted(named, key=lambda pair: pair[1]))


def count(user: Any, memberships: list[Membership], wanted: Mapping[int, Q]) -> dict[int, int]:
    """This function will count the batches each of some conditions finds, in one query."""
    numbers = {
        f"n_{key}": Count("pk", filter=holds) if holds else Count("pk") for key, holds in wanted.items()
    }
    found = queue(user, memberships, now=timezone.now()).order_by().aggregate(**numbers)
    return {key: found[f"n_{key}"] for key in wanted}


@dataclass(frozen=True)
class Sums:
    """What the batches of a list come to, of the companies of one currency."""

    currency: str
    batches: int
    lines: int
    moved: Decimal
    net: Decimal


def sums(listed: QuerySet[Batch]) -> list[Sums]:
    """This function will sum a list by currency, whatever page of it is shown, in one query."""
    currency = "budget__project__company__currency"
    rows = (
        Batch.objects.filter(pk__in=listed.order_by().values("pk")).order_by(currency).values_list(currency)
    )
    found = rows.annotate(Count("pk"), Sum("lines_changed"), Sum("moved"), Sum("net"))
    return [Sums(*row) for row in found]
