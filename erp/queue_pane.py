"""The list a batch was opened from, beside it: what comes before and after, and a window of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.urls import reverse

from erp import queue
from erp.models import Batch
from erp.queue_narrowing import Narrowing, read
from projects.models import Membership

AROUND = 20  # rows before and after the batch that is read
MOST = 5000  # batches of one list that are paged through


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
    narrowing = _narrowing(listed)
    rows = queue.queue(user, memberships).filter(narrowing.holds(memberships)).order_by("sent_at", "pk")
    keys = list(rows.values_list("pk", "sent_at")[:MOST])
    places = {pk: place for place, (pk, _) in enumerate(keys)}
    at = places.get(batch.pk)
    # A batch that has left the list (it was just decided) lets the next one follow from where it stood.
    following = (
        at if at is not None else sum(1 for pk, sent in keys if (sent, pk) < (batch.sent_at, batch.pk))
    )
    after = following + 1 if at is not None else following
    start = max(0, following - AROUND)
    around = [pk for pk, _ in keys[start : following + AROUND + 1]]
    shown = rows.filter(pk__in=around)
    link = _links(narrowing.query)
    return Pane(
        title=_title(narrowing, memberships),
        rows=[_row(one, link(one.pk), batch.pk) for one in shown],
        place=0 if at is None else at + 1,
        count=len(keys),
        before=link(keys[following - 1][0]) if following > 0 else "",
        after=link(keys[after][0]) if after < len(keys) else "",
        back=f"{reverse('admin:erp_batch_changelist')}?{narrowing.query}",
        listed=narrowing.query,
    )


def _narrowing(listed: str) -> Narrowing:
    return read(dict(parse_qsl(listed, max_num_fields=20)))[0] if listed else Narrowing()


def _links(listed: str) -> Callable[[int], str]:
    tail = urlencode({"list": listed})
    return lambda pk: f"{reverse('admin:erp_batch_change', args=[pk])}?{tail}"


def _title(narrowing: Narrowing, memberships: list[Membership]) -> str:
    label = {shelf.key: shelf.label for shelf in queue.shelves(memberships)}
    words = label.get(narrowing.shelf, label[queue.DEFAULT])
    return f"{words}, narrowed" if narrowing.more else words


def _row(batch: Any, link: str, chosen: int) -> Row:
    tone, words = queue.standing(batch)
    return Row(batch, link, tone, words, queue.warnings(batch), batch.pk == chosen)
