"""What an ERP admin does with webhooks: each in one transaction with one event. Secrets are never in an event."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from budgets.errors import InvalidInput
from erp.models import Connection
from projects.models import Company
from webhooks import addresses, delivery, payload, sealing, signing
from webhooks.kinds import TEST, TYPES
from webhooks.models import Delivery, DeliveryState, Endpoint, Format
from workflow import events
from workflow.actions import ensure
from workflow.people import name_of

OVERLAP = timedelta(days=1)  # the secret before goes on signing so long
MOST = 20  # endpoints a company
ADDRESS = ("sealed", "mark", "place")  # what `sealing.seal` fills in
GIVE_AGAIN = "The address can no longer be read, because the installation's key was changed. Give it again."


@dataclass(frozen=True)
class Values:
    """What the form holds."""

    url: str
    description: str
    format: str
    kinds: Collection[str]


def create(company: Company, *, user: Any, now: datetime, values: Values) -> Endpoint:
    """This function will add an endpoint; it is told of what happens from now on."""
    refusal = _refusal(company, values.url, user)
    with transaction.atomic():
        _ensure(company, user)
        _check(company, values, refusal)
        if Endpoint.objects.filter(company=company).count() >= MOST:
            raise InvalidInput({"url": f"A company has at most {MOST} webhooks."})
        endpoint = Endpoint(company=company, created_at=now, followed=delivery.newest(company.pk))
        _fill(endpoint, values)
        _new_secret(endpoint)
        endpoint.save()
        _record(endpoint, user, now, "webhook_added", f"Added the webhook {endpoint.description}")
    return endpoint


def change(endpoint: Endpoint, *, user: Any, now: datetime, values: Values) -> Endpoint:
    """This function will change an endpoint. What waits already goes as it was written, to the new address."""
    refusal = _refusal(endpoint.company, values.url, user)
    with transaction.atomic():
        row = _locked(endpoint, user)
        _check(row.company, values, refusal, but=row)
        _fill(row, values)
        if row.off_because == delivery.ADDRESS_LOST:
            row.off_because = "" if signing.key_of(row) else delivery.KEY_LOST
        row.save(update_fields=[*ADDRESS, "description", "format", "kinds", "off_because"])
        _record(row, user, now, "webhook_changed", f"Changed the webhook {row.description}")
    return row


def rotate(endpoint: Endpoint, *, user: Any, now: datetime) -> Endpoint:
    """This function will give an endpoint a new secret; the one before signs beside it for a day."""
    with transaction.atomic():
        row = _locked(endpoint, user)
        if signing.key_of(row) is not None:
            row.old_nonce, row.old_until = row.nonce, now + OVERLAP
        _new_secret(row)
        if (address := sealing.address_of(row)) is not None:  # with the key of now, too
            sealing.seal(row, address)
        row.save(update_fields=["nonce", "fingerprint", "old_nonce", "old_until", *ADDRESS])
        _record(row, user, now, "webhook_rotated", f"Made a new secret for the webhook {row.description}")
    return row


def switch(endpoint: Endpoint, *, user: Any, now: datetime, on: bool) -> Endpoint:
    """This function will switch an endpoint on or off. What happened while it was off is not sent later."""
    with transaction.atomic():
        row = _locked(endpoint, user)
        if row.active == on:
            return row
        if on and sealing.address_of(row) is None:
            raise InvalidInput({"url": GIVE_AGAIN})
        row.active, row.off_because, row.failing_since = on, "", None
        if on:
            row.followed = delivery.newest(row.company_id)
            row.deliveries.filter(state=DeliveryState.PENDING).update(not_before=now)
        row.save(update_fields=["active", "off_because", "failing_since", "followed"])
        _record(
            row,
            user,
            now,
            "webhook_switched",
            f"Switched the webhook {row.description} {'on' if on else 'off'}",
        )
        delivery.ring([row.pk])
    return row


def remove(endpoint: Endpoint, *, user: Any, now: datetime) -> None:
    """This function will delete an endpoint with its log."""
    with transaction.atomic():
        row = _locked(endpoint, user)
        _record(row, user, now, "webhook_removed", f"Removed the webhook {row.description}")
        row.delete()


def send_test(endpoint: Endpoint, *, user: Any, now: datetime) -> Delivery:
    """This function will send a test event; behind what waits already, as any other."""
    with transaction.atomic():
        row = _locked(endpoint, user)
        made = payload.of_test(row, now.isoformat(), name_of(user))
        sent = Delivery.objects.create(
            endpoint=row,
            kind=TEST,
            message_id=delivery.new_id(),
            body=payload.body(made, row.format),
            not_before=now,
            created_at=now,
        )
        delivery.ring([row.pk])
    return sent


def send_again(sent: Delivery, *, user: Any, now: datetime) -> Delivery:
    """This function will send a delivery again, now: the same body under the same id."""
    with transaction.atomic():
        row = _locked(sent.endpoint, user)
        again = Delivery.objects.select_for_update().get(pk=sent.pk)
        again.state, again.ended_at, again.not_before, again.tries = DeliveryState.PENDING, None, now, 0
        again.save(update_fields=["state", "ended_at", "not_before", "tries"])
        _record(row, user, now, "webhook_sent_again", f"Had {again.kind} sent again to {row.description}")
        delivery.ring([row.pk])
    return again


def skip(sent: Delivery, *, user: Any, now: datetime) -> Delivery:
    """This function will give a waiting delivery up, so that the next one goes."""
    with transaction.atomic():
        row = _locked(sent.endpoint, user)
        skipped = Delivery.objects.select_for_update().get(pk=sent.pk)
        if skipped.state == DeliveryState.PENDING:
            skipped.state, skipped.ended_at = DeliveryState.GIVEN_UP, now
            skipped.save(update_fields=["state", "ended_at"])
            _record(row, user, now, "webhook_skipped", f"Gave up {skipped.kind} for {row.description}")
        delivery.ring([row.pk])
    return skipped


def _ensure(company: Company, user: Any) -> None:
    """Refuse who may not. The connection's row is locked: a company's webhooks are changed one after the other."""
    rows = Connection.objects.select_for_update(of=("self",)).select_related("company")
    ensure(rows.get(company=company), "edit_webhooks", user)


def _locked(endpoint: Endpoint, user: Any) -> Endpoint:
    row = Endpoint.objects.select_for_update(of=("self",)).select_related("company").get(pk=endpoint.pk)
    _ensure(row.company, user)
    return row


def _refusal(company: Company, url: str, user: Any) -> str:
    """Why Tieback does not post to an address, or nothing. Asked before anything is locked: names are looked up."""
    ensure(Connection.objects.select_related("company").get(company=company), "edit_webhooks", user)
    try:
        addresses.addresses_of(addresses.target_of(url.strip()))
    except addresses.AddressRefused as refused:
        return str(refused)
    return ""


def _check(company: Company, values: Values, refusal: str, *, but: Endpoint | None = None) -> None:
    wrong = {"url": refusal} if refusal else {}
    if not 1 <= len(values.description.strip()) <= 100 or not values.description.isprintable():
        wrong["description"] = "Say in up to 100 characters what listens there."
    if values.format not in Format.values:
        wrong["format"] = "Choose what the body looks like."
    if not values.kinds or not set(values.kinds) <= set(TYPES):
        wrong["kinds"] = "Choose at least one thing to be told of."
    others = Endpoint.objects.filter(company=company, mark__in=sealing.marks(values.url.strip()))
    if others.exclude(pk=but.pk if but else 0).exists():
        wrong["url"] = "There is a webhook with this address already."
    if wrong:
        raise InvalidInput(wrong)


def _fill(endpoint: Endpoint, values: Values) -> None:
    sealing.seal(endpoint, values.url.strip())
    endpoint.description, endpoint.format = values.description.strip(), values.format
    endpoint.kinds = [kind for kind in TYPES if kind in values.kinds]


def _new_secret(endpoint: Endpoint) -> None:
    endpoint.nonce = signing.new_nonce()
    endpoint.fingerprint = signing.fingerprint(signing.secret_of(endpoint.nonce))


def _record(endpoint: Endpoint, user: Any, now: datetime, action: str, sentence: str) -> None:
    events.record(
        chain=endpoint.company_id,
        at=now,
        actor=user,
        action=action,
        about=[endpoint],
        sentence=sentence,
        data={"place": endpoint.place, "kinds": endpoint.kinds, "format": endpoint.format},
    )
