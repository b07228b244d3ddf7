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
    Connection,
    Document,
    DocumentState,
    ErpReading,
    ReadingState,
)
from erp.rounds import SENT_BACK
from erp.words import SOME_ERP, erp_name
from projects.models import Company, ErpLevel, Membership
from projects.permissions import names


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


def _connection(company: Company) -> Connection | None:
    return getattr(company, "erp_connection", None)


def _erp(memberships: list[Membership]) -> str:
    """The name that the ERPs of these companies share."""
    named = {erp_name(_connection(row.company)) for row in memberships}
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


# -- one row -------------------------------------------------------------------------------------------------


def what(batch: Any) -> str:
    """This function will say what a row of the queue holds: "original, 2 modifications"."""
    number = batch.modifications or 0
    said = ["original"] if batch.originals else []
    if number:
        said.append(f"{number} modification" if number == 1 else f"{number} modifications")
    return ", ".join(said)


WORDS = {
    BatchState.WAITING: ("wait", "Waiting for accounting"),
    BatchState.ACCEPTED: ("wait", "Accepted, exporting"),
    BatchState.EXPORTED: ("wait", "In {erp}, waiting for posting"),
    BatchState.POSTED: ("good", "Posted"),
    BatchState.REJECTED: ("warn", "Sent back"),
    BatchState.RETURNED: ("warn", "Returned"),
    BatchState.RETRIEVED: ("neutral", "Retrieved"),
}


def standing(batch: Any) -> tuple[str, str]:
    """This function will say where a row of the queue stands: (tone, words)."""
    if batch.state in (BatchState.ACCEPTED, BatchState.EXPORTED):
        if batch.refused or batch.unsure or batch.budget.hold == Hold.ATTENTION:
            return "bad", "Needs attention"
        if batch.withdrawing:
            return "wait", "Being taken back"
    if batch.disproved:
        return "bad", "Needs attention"
    tone, words = WORDS[batch.state]
    if batch.state == BatchState.WAITING and batch.budget.hold_data.get("step"):
        return tone, _on_its_route(batch.budget.hold_data)
    erp = erp_name(_connection(batch.budget.project.company))
    return tone, f"{words.format(erp=erp)}{_so_far(batch, erp)}"


def _so_far(batch: Any, erp: str) -> str:
    """How many of the documents that are being written are there."""
    told = batch.budget.hold_data
    if batch.state != BatchState.ACCEPTED or told.get("batch") != batch.number or not told.get("total"):
        return ""
    return f", {told['done']} of {told['total']} document{'' if told['total'] == 1 else 's'} in {erp}"


def _on_its_route(told: dict[str, Any]) -> str:
    """Who approved, and for whom it waits now."""
    waits = f"waiting for {told['step']}: {told['who']}"
    if not told["approved_by"]:
        return f"{waits[:1].upper()}{waits[1:]} ({told['place']} of {told['steps']})"
    return f"Approved by {told['approved_by']} ({told['place'] - 1} of {told['steps']}), {waits}"


def _more_steps(batch: Any) -> bool:
    """Whether other steps follow the one that is due; limits count at the last."""
    told = batch.budget.hold_data
    return bool(told.get("place", 0) < told.get("steps", 0))


def warnings(batch: Any) -> list[str]:
    """This function will list what to heed about a row of the queue, in a few words each."""
    said, connection = [], _connection(batch.budget.project.company)
    if batch.state == BatchState.WAITING:
        ask = f": ask {instead}" if (instead := getattr(batch, "instead", "")) else ""
        if batch.four_eyes and batch.prepared:
            said.append(f"you prepared it{ask}")
        if batch.over_limit and not batch.yours and not _more_steps(batch):
            said.append(f"over your limit{ask}")
        if batch.read_at is None:
            said.append(f"{erp_name(connection)} not read yet")
    if batch.state in (BatchState.ACCEPTED, BatchState.EXPORTED):
        if batch.refused:
            said.append("a document was refused")
        if batch.budget.hold == Hold.ATTENTION and not batch.refused:
            said.append(batch.budget.hold_data["text"])
        elif batch.unsure:
            said.append("not known whether a document arrived")
    if batch.disproved:
        said.append(f"confirmed by hand, {erp_name(connection)} says otherwise")
    elif batch.by_hand:
        said.append(f"confirmed by hand, not seen posted in {erp_name(connection)}")
    if batch.differing:
        said.append("posted with other amounts")
    if batch.state not in (
        BatchState.POSTED,
        BatchState.REJECTED,
        BatchState.RETRIEVED,
        BatchState.RETURNED,
    ) and (connection is None or connection.stopped_at or not connection.enabled):
        said.append("connection stopped")
    return said


def sender(batch: Batch) -> str:
    """This function will name who sent a batch."""
    return names([batch.sent_by])
