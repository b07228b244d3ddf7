"""The list a batch was opened from, beside it: what comes before and after, and a window of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from erp.models import Batch
from erp.queue import listing as queue
from erp.queue import narrowing as queue_narrowing
from erp.queue import row_words
from erp.queue.narrowing import Narrowing
from projects.models import Membership

AROUND = 20  # rows before and after the batch that is read


@dataclass(frozen=True)
class Row:
    """One batch of the list."""

    batch: Any
    link: str
    tone: str
    words: str
    warnings: list[str]
    chosen: bool


@dataclass(frozen=True)
class Pane:
    """A window of the list. `place` is where the batch stands in it, from 1; 0 once it is no longer on it."""

    title: str
    rows: list[Row]
    place: int
    count: int
    before: str
    after: str
    back: str
    listed: str


def pane(batch: Batch, user: Any, memberships: list[Membership], *, listed: str) -> Pane:
    """This function will list what stands around a batch in the list it was opened from, in the list's own order."""
    narrowing = queue_narrowing.listed(listed)[0]
    found = queue.queue(user, memberships, now=timezone.now()).filter(narrowing.holds(memberships))
    earlier = Q(sent_at__lt=batch.sent_at) | Q(sent_at=batch.sent_at, pk__lt=batch.pk)
    sums = found.order_by().aggregate(
        count=Count("pk"),
        before=Count("pk", filter=earlier),
        here=Count("pk", filter=Q(pk=batch.pk)),
    )
    start = max(0, sums["before"] - AROUND)
    rows = list(found.order_by("sent_at", "pk")[start : sums["before"] + AROUND + 1])
    # A batch that has left the list (it was just decided) lets the next one follow from where it stood.
    at = sums["before"] - start
    after = at + sums["here"]
    link = _links(narrowing.query)
    row_words.count_left(rows)
    return Pane(
        title=_title(narrowing, memberships),
        rows=[_row(one, link(one.pk), batch.pk) for one in rows],
        place=sums["before"] + 1 if sums["here"] else 0,
        count=sums["count"],
        before=link(rows[at - 1].pk) if at > 0 else "",
        after=link(rows[after].pk) if after < len(rows) else "",
        back=f"{reverse('admin:erp_batch_changelist')}?{narrowing.query}",
        listed=narrowing.query,
    )


def _links(listed: str) -> Callable[[int], str]:
    tail = urlencode({"list": listed})
    return lambda pk: f"{reverse('admin:erp_batch_change', args=[pk])}?{tail}"


def _title(narrowing: Narrowing, memberships: list[Membership]) -> str:
    label = {shelf.key: shelf.label for shelf in queue.shelves(memberships)}
    words = label.get(narrowing.shelf, label[queue.DEFAULT])
    return f"{words}, narrowed" if narrowing.more else words


def _row(batch: Any, link: str, chosen: int) -> Row:
    tone, words = row_words.standing(batch)
    return Row(batch, link, tone, words, row_words.warnings(batch), batch.pk == chosen)
