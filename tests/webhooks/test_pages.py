"""Webhooks in the desk: an ERP admin's own, shown with a secret once; for everybody else they do not exist."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from projects.models import ErpLevel, Membership
from tests.support.receiver import Receiver
from tests.support.scene import Scene
from webhooks import delivery, services, signing
from webhooks.models import Delivery, Endpoint
from workflow.models import Event

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/webhooks/endpoint/", "/admin/webhooks/endpoint/add/"


def logged_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def form(scene: Scene, receiver: Receiver, **other: Any) -> dict[str, Any]:
    return {
        "company": scene.company.pk,
        "url": receiver.url,
        "description": "Slack, #budgets",
        "format": "slack",
        "kind": ["batch.sent", "batch.posted"],
        **other,
    }


def test_added_with_a_secret_that_is_shown_once_and_never_stored_or_logged(
    scene: Scene, receiver: Receiver, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    client = logged_in(scene.jonas)
    first = client.post(ADD, form(scene, receiver), follow=True)
    endpoint = Endpoint.objects.get()
    secret = signing.secret_of(endpoint.nonce)
    assert secret.startswith("whsec_") and secret in first.content.decode()
    assert "no-store" in first["Cache-Control"]
    assert secret not in client.get(f"{LIST}{endpoint.pk}/change/").content.decode()
    kept = [str(row) for row in [*Endpoint.objects.values(), *Event.objects.values()]]
    assert not any(secret in row or secret[6:] in row for row in [*kept, caplog.text])
    assert endpoint.kinds == ["batch.sent", "batch.posted"]
    assert Event.objects.filter(action="webhook_added").count() == 1


def test_a_new_secret_is_shown_once_and_the_double_click_makes_one(scene: Scene, receiver: Receiver):
    client = logged_in(scene.jonas)
    client.post(ADD, form(scene, receiver), follow=True)
    endpoint = Endpoint.objects.get()
    sent = {"submission": "0f9c3a52-6a39-4a86-9f3c-0d6c2f3f5a11"}
    place = f"{LIST}{endpoint.pk}/do/rotate/"
    client.post(place, sent)
    once = Endpoint.objects.get()
    page = client.post(place, sent, follow=True).content.decode()
    assert Endpoint.objects.get().nonce == once.nonce != endpoint.nonce
    assert signing.secret_of(once.nonce) in page
    assert "The secret before signs too" in page


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("url", "http://hooks.example.com/", "Use https"),
        ("url", "https://127.0.0.1/", "private network"),
        ("url", "https://[fd00:ec2::254]/latest", "private network"),
        ("url", "nonsense", "whole address"),
        ("description", "", "Say in up to 100 characters"),
        ("format", "yaml", "Choose what the body looks like"),
        ("kind", [], "Choose at least one thing"),
        ("kind", ["everything"], "Choose at least one thing"),
    ],
)
def test_a_form_filled_in_wrongly_says_what_and_keeps_what_was_typed(
    scene: Scene, receiver: Receiver, field: str, value: Any, says: str
):
    answer = logged_in(scene.jonas).post(ADD, form(scene, receiver, **{field: value}))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    if field != "description":
        assert 'value="Slack, #budgets"' in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_the_address_is_in_no_table_and_in_no_log(
    scene: Scene, receiver: Receiver, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    client = logged_in(scene.jonas)
    client.post(ADD, form(scene, receiver), follow=True)
    endpoint = Endpoint.objects.get()
    client.post(f"{LIST}{endpoint.pk}/save/", form(scene, receiver, description="Ours"))
    services.send_test(endpoint, user=scene.jonas, now=timezone.now())
    delivery.deliver(endpoint.pk, now=timezone.now())
    assert [one.path for one in receiver.got] == ["/hook?key=abcd"]
    kept = [str(row) for model in apps.get_models() for row in model._default_manager.values()]
    assert not [row for row in [*kept, caplog.text] if "hook?key" in row]
    assert f'value="{receiver.url}"' in client.get(f"{LIST}{endpoint.pk}/change/").content.decode()


def test_an_address_whose_key_is_gone_is_asked_for_again(
    scene: Scene, receiver: Receiver, settings: LazySettings
):
    client = logged_in(scene.jonas)
    client.post(ADD, form(scene, receiver))
    endpoint = Endpoint.objects.get()
    one = f"{LIST}{endpoint.pk}/"
    settings.SECRET_KEY = "another key, quite long enough for this"
    client = logged_in(scene.jonas)

    def said(deed: str, **sent: Any) -> str:
        return client.post(f"{one}{deed}", sent, follow=True).content.decode()

    assert "Give the address again, under Settings" in client.get(f"{one}change/").content.decode()
    said("do/test/")
    delivery.deliver(endpoint.pk, now=timezone.now())
    page = client.get(f"{one}change/").content.decode()
    assert escape(delivery.ADDRESS_LOST) in page
    assert endpoint.place in page and receiver.url not in page
    assert "Give it again." in said("do/on/")
    assert "Kept." in said("save/", **form(scene, receiver))
    assert escape(delivery.KEY_LOST) in client.get(f"{one}change/").content.decode()
    said("do/rotate/")
    assert "Switched on" in said("do/on/")
    delivery.deliver(endpoint.pk, now=timezone.now())
    assert len(receiver.got) == 1


def test_the_same_address_twice_is_refused(scene: Scene, receiver: Receiver):
    client = logged_in(scene.jonas)
    client.post(ADD, form(scene, receiver))
    assert "already" in client.post(ADD, form(scene, receiver)).content.decode()


def test_another_companys_is_not_found_at_all(scene: Scene, receiver: Receiver):
    logged_in(scene.jonas).post(ADD, form(scene, receiver))
    endpoint = Endpoint.objects.get()
    sent = services.send_test(endpoint, user=scene.jonas, now=timezone.now())
    Membership.objects.filter(user=scene.olga).update(erp_level=ErpLevel.ADMIN)  # of another company
    one, client = f"{LIST}{endpoint.pk}/", logged_in(scene.olga)
    for address in (f"{one}change/", f"{one}deliveries/{sent.pk}/"):
        assert client.get(address).status_code == 404, address
    for address in (
        *(f"{one}save/", f"{one}do/rotate/", f"{one}do/test/", f"{one}do/off/", f"{one}do/remove/"),
        *(f"{one}deliveries/{sent.pk}/do/again/", f"{one}deliveries/{sent.pk}/do/skip/"),
    ):
        assert client.post(address, form(scene, receiver)).status_code == 404, address
    assert client.post(ADD, form(scene, receiver)).status_code == 404
    assert "Slack, #budgets" not in client.get(LIST).content.decode()


def test_an_approver_sees_how_it_does_but_not_its_address_and_is_told_who_may(
    scene: Scene, receiver: Receiver
):
    logged_in(scene.jonas).post(ADD, form(scene, receiver))
    endpoint = Endpoint.objects.get()
    sent = services.send_test(endpoint, user=scene.jonas, now=timezone.now())
    client = logged_in(scene.mira)
    for address in (LIST, f"{LIST}{endpoint.pk}/change/", f"{LIST}{endpoint.pk}/deliveries/{sent.pk}/"):
        page = client.get(address).content.decode()
        assert "Slack, #budgets" in page and receiver.url not in page
    assert "Ask Jonas Lindqvist" in client.get(f"{LIST}{endpoint.pk}/change/").content.decode()
    for deed in ("rotate", "test", "off", "remove"):
        refused = client.post(f"{LIST}{endpoint.pk}/do/{deed}/")
        assert refused.status_code == 409 and receiver.url not in refused.content.decode()
    for deed in ("again", "skip"):
        assert client.post(f"{LIST}{endpoint.pk}/deliveries/{sent.pk}/do/{deed}/").status_code == 409
    assert signing.secret_of(Endpoint.objects.get().nonce) == signing.secret_of(endpoint.nonce)


def test_everything_about_one_by_its_buttons(scene: Scene, receiver: Receiver):
    client = logged_in(scene.jonas)
    client.post(ADD, form(scene, receiver))
    endpoint = Endpoint.objects.get()
    one = f"{LIST}{endpoint.pk}/"

    def said(deed: str) -> str:
        return client.post(f"{one}{deed}", follow=True).content.decode()

    assert "A test event is on its way" in said("do/test/")
    sent = Delivery.objects.get()
    assert client.get(f"{one}deliveries/{sent.pk}/").status_code == 200
    assert "It was given up" in said(f"deliveries/{sent.pk}/do/skip/")
    assert "It is sent again" in said(f"deliveries/{sent.pk}/do/again/")
    assert "Switched off" in said("do/off/")
    assert "Switched on" in said("do/on/")
    assert client.post(f"{one}do/nonsense/").status_code == 404
    saved = client.post(
        f"{one}save/", form(scene, receiver, description="Teams", format="teams"), follow=True
    )
    assert "Kept." in saved.content.decode()
    assert client.post(f"{one}save/", form(scene, receiver, url="x")).status_code == 422
    assert Endpoint.objects.get().description == "Teams"
    assert receiver.url not in client.get(LIST).content.decode(), "its path is a password"
    assert "Removed" in said("do/remove/")
    assert not Endpoint.objects.exists()
    told = Event.objects.filter(action__startswith="webhook_").values_list("action", flat=True)
    assert {"webhook_added", "webhook_switched", "webhook_changed", "webhook_removed"} <= set(told)


def test_what_a_receiver_answers_is_shown_as_words(scene: Scene, receiver: Receiver):
    client = logged_in(scene.jonas)
    client.post(ADD, form(scene, receiver, description="<script>alert(1)</script>"))
    endpoint = Endpoint.objects.get()
    sent = services.send_test(endpoint, user=scene.jonas, now=timezone.now())
    sent.attempts.create(at=timezone.now(), status=500, milliseconds=3, answer="<script>alert(2)</script>")
    for address in (LIST, f"{LIST}{endpoint.pk}/change/", f"{LIST}{endpoint.pk}/deliveries/{sent.pk}/"):
        assert "<script>alert" not in client.get(address).content.decode()
