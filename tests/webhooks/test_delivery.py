"""Events reach a receiver in order, signed, at least once; a dead one is tried for days and then left alone."""

from __future__ import annotations

import json
import socket
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from budgets.errors import InvalidInput
from erp.models import Notice
from tests.support import scene as acts
from tests.support.receiver import Receiver
from tests.support.scene import MAIN, Scene
from tests.webhooks.conftest import values
from webhooks import addresses, delivery, services, signing, tasks, wire
from webhooks.models import Attempt, Delivery, Endpoint
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


def go(now: datetime | None = None) -> int:
    """What beat and the workers do: follow, then post to each endpoint."""
    moment = now or timezone.now()
    return sum(delivery.deliver(key, now=moment) for key in delivery.follow(now=moment))


def types(receiver: Receiver) -> list[str]:
    return [json.loads(one.body)["type"] for one in receiver.got]


def sent_back(scene: Scene) -> None:
    line = scene.lines[MAIN, "03-30-00", "M"]
    acts.reject(scene, acts.send(scene), remarks={line.pk: "Why?"})


def test_what_happens_arrives_in_order_once_with_what_a_tool_needs(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, settings: LazySettings
):
    sent_back(scene)
    assert go() == 3
    assert go() == 0
    assert types(receiver) == ["budget.locked", "batch.sent", "batch.rejected"]
    told = json.loads(receiver.got[-1].body)
    event = Event.objects.get(action="reject")
    assert told["timestamp"] == event.at.isoformat()
    assert told["data"]["actor"] == "Mira Osei"
    assert told["data"]["company"] == {"code": "001", "name": "Northgate Builders"}
    assert told["data"]["event"] == {"number": event.seq, "hash": event.hash}
    batch = told["data"]["batch"]
    assert (batch["state"], batch["moved"], batch["round"]) == ("rejected", "92500.75", 1)
    assert batch["url"].startswith(f"{settings.BASE_URL}/projects/{scene.project.pk}/")
    assert json.loads(receiver.got[1].body)["data"]["batch"]["state"] == "waiting", "as the batch was then"
    assert receiver.got[0].path == "/hook?key=abcd"


def test_a_delivery_can_be_verified_and_a_bent_one_cannot(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    acts.lock(scene)
    go()
    (got,) = receiver.got
    lock = Webhook(signing.secret_of(endpoint.nonce))
    assert lock.verify(got.body, got.headers)["type"] == "budget.locked"
    with pytest.raises(WebhookVerificationError):
        lock.verify(got.body + b" ", got.headers)
    with pytest.raises(WebhookVerificationError):
        lock.verify(got.body, {**got.headers, "webhook-id": "msg_other"})


def test_after_a_new_secret_both_verify_for_a_day_and_then_the_new_one_alone(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    now = timezone.now()
    old = signing.secret_of(endpoint.nonce)
    endpoint = services.rotate(endpoint, user=scene.jonas, now=now)
    new = signing.secret_of(endpoint.nonce)
    assert old != new
    body, at = "{}", now
    for moment, signs in ((now, [new, old]), (now + services.OVERLAP, [new])):
        assert signing.secrets_of(endpoint, now=moment) == signs
    headers = signing.headers("msg_1", body, sign_with=[new, old], at=at)
    for secret in (old, new):
        Webhook(secret).verify(body, headers)


def test_a_new_secret_made_because_the_key_was_changed_leaves_the_one_before_its_day(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, settings: LazySettings
):
    old = signing.secret_of(endpoint.nonce)
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another key, quite long enough for this"
    settings.SECRET_KEY_FALLBACKS = [before]
    services.rotate(endpoint, user=scene.jonas, now=timezone.now())
    acts.lock(scene)
    go()
    endpoint.refresh_from_db()
    for secret in (old, signing.secret_of(endpoint.nonce)):
        Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)


def test_only_what_was_chosen_of_one_s_own_company_from_then_on(scene: Scene, receiver: Receiver):
    acts.lock(scene)
    services.create(
        scene.company,
        user=scene.jonas,
        now=timezone.now(),
        values=values(receiver, kinds=["batch.sent"]),
    )
    acts.send(scene)
    assert go() == 1
    assert types(receiver) == ["batch.sent"]


def test_a_receiver_that_fails_holds_back_the_later_ones_and_gets_the_same_id_again(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    receiver.statuses = [500, 503, 200]
    now = timezone.now()
    sent_back(scene)
    assert go(now) == 0
    assert go(now) == 0, "not before its pause is over"
    assert len(receiver.got) == 1
    assert go(now + timedelta(seconds=6)) == 0
    assert go(now + timedelta(seconds=7 + 330)) == 3
    assert types(receiver) == ["budget.locked"] * 3 + ["batch.sent", "batch.rejected"]
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 3
    first = Delivery.objects.order_by("pk")[0]
    assert [one.status for one in first.attempts.order_by("pk")] == [500, 503, 200]
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_dead_receiver_is_tried_for_three_days_then_the_next_one_goes(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    receiver.statuses = [500]
    begun = now = timezone.now()
    acts.lock(scene)
    go(now)
    first = Delivery.objects.get()
    while first.state == "pending":
        now = first.not_before
        delivery.deliver(endpoint.pk, now=now)
        first.refresh_from_db()
    assert first.state == "given_up"
    assert first.tries == len(delivery.PAUSES) + 1
    assert timedelta(days=3) <= now - begun <= timedelta(days=3.6)
    assert Endpoint.objects.get().active


def test_five_days_without_a_success_switch_it_off_with_a_mail_to_the_erp_admins(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    receiver.statuses = [500]
    now = timezone.now()
    sent_back(scene)
    go(now)
    Endpoint.objects.update(failing_since=now - delivery.SWITCH_OFF_AFTER)
    go(now + timedelta(hours=1))
    endpoint.refresh_from_db()
    assert not endpoint.active and "5 days" in endpoint.off_because and "500" in endpoint.off_because
    assert list(Notice.objects.filter(kind="alarm").values_list("to__username", flat=True)) == ["jonas"]
    assert Event.objects.filter(action="webhook_off").count() == 1
    assert go(now + timedelta(days=9)) == 0
    assert len(receiver.got) == 2


def test_410_switches_it_off_at_once(scene: Scene, endpoint: Endpoint, receiver: Receiver):
    receiver.statuses = [410]
    sent_back(scene)
    go()
    endpoint.refresh_from_db()
    assert not endpoint.active and "410" in endpoint.off_because
    assert len(receiver.got) == 1
    mail = Notice.objects.get(kind="alarm")
    assert "Our tool" in mail.subject and "410" in mail.text and "410" in mail.html


def test_switched_on_again_it_is_told_of_what_happens_from_then_on(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    services.switch(endpoint, user=scene.jonas, now=timezone.now(), on=False)
    acts.lock(scene)
    assert go() == 0
    services.switch(endpoint, user=scene.jonas, now=timezone.now(), on=True)
    acts.send(scene)
    go()
    assert types(receiver) == ["batch.sent"]


def test_a_worker_that_died_while_sending_gives_the_endpoint_back_after_the_lease(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    acts.lock(scene)
    now = timezone.now()
    (key,) = delivery.follow(now=now)
    assert delivery._claim(key)
    assert delivery.deliver(key, now=now) == 0
    Endpoint.objects.update(claimed_until=now - timedelta(seconds=1))
    assert delivery.deliver(key, now=now) == 1
    assert Endpoint.objects.get().claimed_until is None


def test_a_worker_that_was_too_slow_leaves_the_claim_of_the_next_one(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    acts.lock(scene)
    acts.send(scene)
    now = timezone.now()
    (key,) = delivery.follow(now=now)
    post, claims = wire.post, []

    def slowly(*given: Any, **more: Any) -> Any:
        Endpoint.objects.update(claimed_until=now - timedelta(seconds=1))
        claims.append(delivery._claim(key))
        return post(*given, **more)

    monkeypatch.setattr(wire, "post", slowly)
    assert delivery.deliver(key, now=now) == 1, "the second delivery is the other worker's"
    assert [Endpoint.objects.get().claimed_until] == claims


def test_a_name_is_looked_up_while_nothing_is_locked(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    locked: list[bool] = []

    def look_up(target: Any) -> list[str]:
        locked.append(transaction.get_connection().in_atomic_block)
        return ["203.0.113.7"]

    monkeypatch.setattr(addresses, "addresses_of", look_up)
    by = {"user": scene.jonas, "now": timezone.now()}
    services.change(endpoint, **by, values=values(receiver))
    services.create(scene.company, **by, values=values(receiver, url="https://hooks.example.com/"))
    assert locked == [False, False]


def test_a_name_that_nobody_answers_for_is_a_try_in_vain_and_tried_again(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    acts.lock(scene)
    now, over, look_up = timezone.now(), threading.Event(), socket.getaddrinfo
    with monkeypatch.context() as silent:
        silent.setattr(addresses.socket, "getaddrinfo", lambda *given, **more: over.wait() and [])
        silent.setattr(addresses, "LOOK_UP", 0.05)
        assert go(now) == 0
        over.set()
    assert addresses.socket.getaddrinfo is look_up
    first = Delivery.objects.get()
    assert "the name service did not answer" in first.attempts.get().error
    assert (first.state, first.tries) == ("pending", 1) and first.not_before > now
    assert go(first.not_before) == 1


def test_an_event_that_is_rolled_back_is_not_told(scene: Scene, endpoint: Endpoint, receiver: Receiver):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        acts.lock(scene)
        raise ZeroDivisionError
    assert go() == 0


def test_an_installation_whose_key_was_changed_signs_nothing_wrongly(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, settings: LazySettings
):
    acts.lock(scene)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, quite long enough for this"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert go() == 1
    Webhook(signing.secret_of(endpoint.nonce, key=old)).verify(receiver.got[0].body, receiver.got[0].headers)
    settings.SECRET_KEY_FALLBACKS = []
    acts.send(scene)
    assert go() == 0
    endpoint.refresh_from_db()
    assert endpoint.off_because == delivery.ADDRESS_LOST


def test_an_address_sealed_with_a_key_of_before_is_read_and_a_new_secret_seals_it_anew(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, settings: LazySettings
):
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, quite long enough for this"
    settings.SECRET_KEY_FALLBACKS = [old]
    with pytest.raises(InvalidInput, match="already"):
        services.create(scene.company, user=scene.jonas, now=timezone.now(), values=values(receiver))
    services.rotate(endpoint, user=scene.jonas, now=timezone.now())
    settings.SECRET_KEY_FALLBACKS = []
    acts.lock(scene)
    assert go() == 1
    with pytest.raises(InvalidInput, match="already"):
        services.create(scene.company, user=scene.jonas, now=timezone.now(), values=values(receiver))


def test_a_secret_alone_that_is_lost_switches_it_off_too(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, settings: LazySettings
):
    settings.SECRET_KEY = "another key, quite long enough for this"
    services.change(endpoint, user=scene.jonas, now=timezone.now(), values=values(receiver))
    acts.lock(scene)
    assert go() == 0
    endpoint.refresh_from_db()
    assert endpoint.off_because == delivery.KEY_LOST


def test_slack_gets_a_message_in_which_nothing_a_person_wrote_is_markup(scene: Scene, receiver: Receiver):
    services.create(
        scene.company, user=scene.jonas, now=timezone.now(), values=values(receiver, format="slack")
    )
    scene.project.name = "<!channel> & Sons"
    scene.project.save()
    scene.reload()
    sent_back(scene)
    go()
    text = json.loads(receiver.got[-1].body)["text"]
    assert "<!channel>" not in text and "&lt;!channel&gt; &amp; Sons, batch 1" in text
    assert "92,500.75 USD moved" in text and "|Open in Tieback>" in text


def test_teams_gets_a_card(scene: Scene, receiver: Receiver):
    services.create(
        scene.company, user=scene.jonas, now=timezone.now(), values=values(receiver, format="teams")
    )
    sent_back(scene)
    go()
    (attachment,) = json.loads(receiver.got[-1].body)["attachments"]
    card = attachment["content"]
    assert card["type"] == "AdaptiveCard"
    assert "Quay Street, batch 1" in card["body"][0]["inlines"][0]["text"]
    assert card["actions"][0]["url"].endswith("/batches/1/")


def test_send_again_is_the_same_delivery_and_skip_lets_the_next_one_go(
    scene: Scene, endpoint: Endpoint, receiver: Receiver
):
    now = timezone.now()
    acts.lock(scene)
    go(now)
    first = Delivery.objects.get()
    services.send_again(first, user=scene.jonas, now=now)
    assert go(now) == 1
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]
    receiver.statuses = [500, 200]
    services.send_test(endpoint, user=scene.jonas, now=now)
    acts.send(scene)
    assert go(now) == 0
    services.skip(Delivery.objects.get(kind="test"), user=scene.jonas, now=now)
    assert go(now) == 1
    assert types(receiver)[-2:] == ["test", "batch.sent"]


@pytest.mark.parametrize("deed", ["skip", "remove"])
def test_what_is_given_up_or_removed_while_the_receiver_is_asked_stays_so(
    scene: Scene, endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, deed: str
):
    acts.lock(scene)
    now = timezone.now()
    (key,) = delivery.follow(now=now)
    receiver.statuses = [500]
    post = wire.post

    def meanwhile(*given: Any, **more: Any) -> Any:
        if deed == "skip":
            services.skip(Delivery.objects.get(), user=scene.jonas, now=now)
        else:
            services.remove(endpoint, user=scene.jonas, now=now)
        return post(*given, **more)

    monkeypatch.setattr(wire, "post", meanwhile)
    assert delivery.deliver(key, now=now) == 0
    assert [one.state for one in Delivery.objects.all()] == (["given_up"] if deed == "skip" else [])


def test_the_log_is_kept_for_thirty_days(scene: Scene, endpoint: Endpoint, receiver: Receiver):
    acts.lock(scene)
    now = timezone.now()
    go(now)
    assert delivery.forget_old(now=now + delivery.KEPT - timedelta(seconds=1)) == 0
    assert delivery.forget_old(now=now + delivery.KEPT) == 1
    assert not Attempt.objects.exists()


def test_the_tasks_do_it(scene: Scene, endpoint: Endpoint, receiver: Receiver, monkeypatch: Any):
    rung: list[list[int]] = []
    monkeypatch.setattr(delivery, "ring", rung.append)
    acts.lock(scene)
    tasks.follow()
    assert rung == [[endpoint.pk]]
    tasks.deliver(endpoint.pk)
    tasks.forget_old()
    assert types(receiver) == ["budget.locked"]
