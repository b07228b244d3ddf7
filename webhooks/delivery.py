"""Following a company's events and posting them: in order per endpoint, at least once, under one id.

An endpoint is claimed by one worker at a time, on the database's clock; no transaction is open while it is asked.
"""

from __future__ import annotations

import random
import secrets
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from erp.backends import outside_transactions
from erp.mail import mails
from projects import permissions
from webhooks import payload, sealing, signing, wire
from webhooks.kinds import BY_ACTION
from webhooks.models import Attempt, Delivery, DeliveryState, Endpoint
from workflow import bell, events
from workflow.models import ChainHead, Event

# Pauses after each try in vain, in seconds: the schedule that Standard Webhooks recommends, about three days.
PAUSES = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
SWITCH_OFF_AFTER = timedelta(days=5)  # without one success
KEPT = timedelta(days=30)  # of the log, after the end of a delivery
LEASE = timedelta(seconds=90)  # longer than one POST takes
AT_ONCE, ROUND = 100, 60.0  # deliveries, and seconds, that one worker goes on with one endpoint
MANY = 500  # events looked at in one go
GONE = 410
KEY_LOST = (
    "The secret of this webhook can no longer be worked out, because the installation's SECRET_KEY was changed. "
    "Make a new secret, give it to the receiver, then switch the webhook on."
)
ADDRESS_LOST = (
    "The address of this webhook can no longer be read, because the installation's SECRET_KEY was changed. "
    "Give the address again and make a new secret for the receiver, then switch the webhook on."
)


def follow(*, now: datetime) -> list[int]:
    """This function will turn new events into deliveries, and return the endpoints that have something to send."""
    for key in Endpoint.objects.filter(active=True).order_by("pk").values_list("pk", flat=True):
        _follow(key, now)
    due = Delivery.objects.filter(state=DeliveryState.PENDING, endpoint__active=True, not_before__lte=now)
    return list(due.order_by("endpoint").values_list("endpoint", flat=True).distinct())


def _follow(key: int, now: datetime) -> None:
    with transaction.atomic():
        rows = Endpoint.objects.select_for_update(skip_locked=True, of=("self",)).select_related("company")
        endpoint = rows.filter(pk=key, active=True).first()
        if endpoint is None:
            return  # another worker follows it, or it was switched off
        found = list(
            Event.objects.filter(chain=endpoint.company_id, seq__gt=endpoint.followed).order_by("seq")[:MANY]
        )
        if not found:
            return
        Delivery.objects.bulk_create(
            _delivery(endpoint, event, now)
            for event in found
            if event.action in BY_ACTION and BY_ACTION[event.action].type in endpoint.kinds
        )
        endpoint.followed = found[-1].seq
        endpoint.save(update_fields=["followed"])


def _delivery(endpoint: Endpoint, event: Event, now: datetime) -> Delivery:
    kind = BY_ACTION[event.action].type
    made = payload.of_event(event, kind, endpoint.company)
    return Delivery(
        endpoint=endpoint,
        seq=event.seq,
        kind=kind,
        message_id=new_id(),
        body=payload.body(made, endpoint.format),
        not_before=now,
        created_at=now,
    )


def new_id() -> str:
    """This function will name a delivery for good."""
    return f"msg_{secrets.token_hex(16)}"


def newest(company_id: int) -> int:
    """This function will find the number of a company's last event: what is new comes after it."""
    return ChainHead.objects.filter(chain=company_id).values_list("seq", flat=True).first() or 0


def ring(endpoint_ids: list[int]) -> None:
    """This function will start a worker for each endpoint, so that a slow one holds up no other."""
    for key in endpoint_ids:
        bell.ring("webhooks.tasks.deliver", key)


def deliver(key: int, *, now: datetime) -> int:
    """This function will post what is due to one endpoint, the oldest first, until one fails. Returns how many went."""
    outside_transactions()
    claim = _claim(key)
    if claim is None:
        return 0
    sent, until = 0, monotonic() + ROUND
    try:
        while _one(key, now):
            sent += 1
            further = _claim(key, mine=claim) if sent < AT_ONCE and monotonic() <= until else None
            if further is None:
                break
            claim = further
    finally:
        Endpoint.objects.filter(pk=key, claimed_until=claim).update(claimed_until=None)
    return sent


def _claim(key: int, *, mine: datetime | None = None) -> datetime | None:
    """Take an endpoint, or go on with one that is `mine`; None: another worker has it. The end of the lease is the
    token: who was too slow finds another one there and touches nothing.
    """
    rows = Endpoint.objects.filter(pk=key, active=True)
    free = Q(claimed_until=None) | Q(claimed_until__lte=Now())
    with transaction.atomic():
        if not rows.filter(Q(claimed_until=mine) if mine else free).update(claimed_until=Now() + LEASE):
            return None
        return Endpoint.objects.values_list("claimed_until", flat=True).get(pk=key)


def _one(key: int, now: datetime) -> bool:
    """Try the oldest delivery; whether it went, so that the next may follow."""
    endpoint = Endpoint.objects.select_related("company").get(pk=key)
    pending = endpoint.deliveries.filter(state=DeliveryState.PENDING).order_by("pk").first()
    if pending is None or pending.not_before > now or not endpoint.active:
        return False
    address = sealing.address_of(endpoint)
    if address is None:
        switch_off(endpoint, because=ADDRESS_LOST, now=now)
        return False
    sign_with = signing.secrets_of(endpoint, now=now)
    if not sign_with:
        switch_off(endpoint, because=KEY_LOST, now=now)
        return False
    headers = signing.headers(pending.message_id, pending.body, sign_with=sign_with, at=now)
    answer = wire.post(address, body=pending.body.encode(), headers=headers)
    _record(endpoint, pending, answer, now)
    return answer.taken


def _record(endpoint: Endpoint, tried: Delivery, answer: wire.Answer, now: datetime) -> None:
    with transaction.atomic():
        rows = Endpoint.objects.select_for_update(of=("self",)).select_related("company")
        row = rows.filter(pk=endpoint.pk).first()
        if row is None:
            return  # it was removed while its receiver was asked
        delivery = Delivery.objects.select_for_update().get(pk=tried.pk)
        _keep(delivery, answer, now)
        delivery.tries += 1
        if answer.taken:
            delivery.state, delivery.ended_at, row.failing_since = DeliveryState.DELIVERED, now, None
        else:
            row.failing_since = row.failing_since or now
            if delivery.state == DeliveryState.PENDING:  # and nobody gave it up meanwhile
                _next_try(delivery, now)
        delivery.save(update_fields=["state", "ended_at", "tries", "not_before"])
        row.save(update_fields=["failing_since"])
        _switch_off_if_hopeless(row, answer, now)


def _keep(delivery: Delivery, answer: wire.Answer, now: datetime) -> None:
    Attempt.objects.create(
        delivery=delivery,
        at=now,
        status=answer.status,
        milliseconds=answer.milliseconds,
        answer=answer.excerpt,
        error=answer.error,
    )


def _switch_off_if_hopeless(endpoint: Endpoint, answer: wire.Answer, now: datetime) -> None:
    since = endpoint.failing_since
    if answer.status == GONE:
        switch_off(endpoint, because="The receiver answered 410 Gone: it wants no more.", now=now)
    elif since and now - since >= SWITCH_OFF_AFTER:
        last = answer.error or f"status {answer.status}"
        because = f"Nothing was taken for {SWITCH_OFF_AFTER.days} days. The last try: {last}"
        switch_off(endpoint, because=because, now=now)


def _next_try(delivery: Delivery, now: datetime) -> None:
    if delivery.tries > len(PAUSES):
        delivery.state, delivery.ended_at = DeliveryState.GIVEN_UP, now
    else:
        delivery.not_before = now + timedelta(seconds=PAUSES[delivery.tries - 1] * random.uniform(1.0, 1.1))


def switch_off(endpoint: Endpoint, *, because: str, now: datetime) -> None:
    """This function will stop sending to an endpoint and mail the ERP admins why."""
    with transaction.atomic():
        if not Endpoint.objects.filter(pk=endpoint.pk, active=True).update(active=False, off_because=because):
            return
        mails.write(
            company=endpoint.company,
            to=permissions.who_administers(endpoint.company),
            kind="alarm",
            key=f"webhook:{endpoint.pk}:{now:%Y%m%dT%H%M%S}",
            subject=f"Webhook switched off: {endpoint.description}",
            template="webhook_off",
            path=reverse("admin:webhooks_endpoint_change", args=[endpoint.pk]),
            button="Open the webhook",
            endpoint=endpoint,
            why=because,
        )
        events.record(
            chain=endpoint.company_id,
            at=now,
            actor=None,
            action="webhook_off",
            about=[endpoint],
            sentence=f"Switched off the webhook {endpoint.description}",
            note=because,
        )


def forget_old(*, now: datetime) -> int:
    """This function will delete what ended thirty days ago or earlier from the log. Returns how many deliveries."""
    old = Delivery.objects.filter(ended_at__lte=now - KEPT)
    Attempt.objects.filter(delivery__in=old).delete()
    return old.delete()[0]
