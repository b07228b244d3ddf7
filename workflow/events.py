"""Recording events and verifying the chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from workflow.models import ChainHead, Event
from workflow.people import name_of


def label(obj: models.Model) -> str:
    """This function will name an object for `Event.about`, for example `budgets.budget:7`."""
    return f"{obj._meta.label_lower}:{obj.pk}"


def record(
    *,
    chain: int,
    at: datetime,
    actor: Any,
    action: str,
    about: Iterable[models.Model],
    from_state: str = "",
    to_state: str = "",
    sentence: str = "",
    note: str = "",
    data: Mapping[str, object] | None = None,
) -> Event:
    """This function will append one event to a chain, inside the caller's transaction.

    `chain` is the company's id, `actor` a user or None for Tieback itself, `data` JSON-ready (Decimals become strings).
    The chain's head is locked last and until commit: call it after the rows it tells about are locked and changed.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an event belongs to the transaction that makes the change")
    event = Event(
        chain=chain,
        at=at,
        actor=name_of(actor),
        actor_pk=actor.pk if actor else None,
        action=action,
        about=[label(obj) for obj in about],
        from_state=from_state,
        to_state=to_state,
        sentence=sentence,
        note=note,
        data=json.loads(json.dumps(dict(data or {}), cls=DjangoJSONEncoder)),
    )
    head = _locked_head(chain)
    event.seq, event.prev_hash = head.seq + 1, head.hash
    event.hash = digest(event)
    event.save(force_insert=True)
    ChainHead.objects.filter(chain=chain).update(seq=event.seq, hash=event.hash)
    return event


def _locked_head(chain: int) -> ChainHead:
    head = ChainHead.objects.select_for_update().filter(chain=chain).first()
    if head is None:
        ChainHead.objects.bulk_create([ChainHead(chain=chain)], ignore_conflicts=True)
        head = ChainHead.objects.select_for_update().get(chain=chain)
    return head


def digest(event: Event) -> str:
    """This function will hash what an event says together with the hash of the one before (hex SHA-256)."""
    said = [
        event.chain,
        event.seq,
        event.at.astimezone(UTC).isoformat(),
        event.actor,
        event.actor_pk,
        event.action,
        event.about,
        event.from_state,
        event.to_state,
        event.sentence,
        event.note,
        event.data,
        event.prev_hash,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def verify(chain: int) -> tuple[int, Event | None]:
    """This function will walk a chain: how many events hold, and the first that was touched (None when all hold).

    An event counts as touched when its own hash is wrong, when it does not follow the one before, or when rows are
    missing in front of it. A chain cut off at its end is seen against its head: then the last event is named.
    """
    count, last = 0, None
    before = ""
    for event in Event.objects.filter(chain=chain).order_by("seq").iterator(chunk_size=5000):
        if event.seq != count + 1 or event.prev_hash != before or event.hash != digest(event):
            return count, event
        count, before, last = count + 1, event.hash, event
    head = ChainHead.objects.filter(chain=chain).first()
    if (head.seq if head else 0, head.hash if head else "") != (count, before):
        return count, last or Event(chain=chain, seq=1)
    return count, None


def events_about(obj: models.Model) -> models.QuerySet[Event]:
    """This function will find the events that concern an object, oldest first."""
    return Event.objects.filter(about__contains=[label(obj)]).order_by("seq")
