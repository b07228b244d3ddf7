"""Approvers are reminded of what waits longer than is usual in their company: once a span, on working days."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from budgets.errors import InvalidInput
from erp.mail import sending as mail_queue
from erp.models import Batch, Connection, Document, Notice
from erp.posting import reminder_actions, reminders, waiting
from tests.erp.test_waiting import page, took
from tests.support import scene as acts
from tests.support.scene import MAIN, Scene
from workflow.actions import ActionBlocked
from workflow.models import Event

CHICAGO = ZoneInfo("America/Chicago")
MONDAY = datetime(2026, 11, 16, 10, 0, tzinfo=CHICAGO)
DAY = timedelta(days=1)


@pytest.fixture
def batch(scene: Scene) -> Batch:
    """A batch of two documents in the ERP since Monday, 10 o'clock."""
    acts.lock(scene)
    acts.modify(scene, "Own crew", ((MAIN, "03-30-00", "L"), "5.00"), ((MAIN, "03-30-00", "M"), "-5.00"))
    made = acts.accept(scene, acts.send(scene), by=scene.jonas)
    acts.deliver(made)
    Batch.objects.filter(pk=made.pk).update(exported_at=MONDAY)
    return made


def at(moment: datetime) -> int:
    """The task runs; the ERP said a moment ago that nothing is posted."""
    waits = Document.objects.filter(state="delivered")
    waits.update(delivered_at=MONDAY, asked_at=moment, answered_at=moment, answer="waiting", unanswered="")
    return reminders.remind(now=moment)


def usually(monkeypatch: pytest.MonkeyPatch, days: float | None) -> None:
    time = None if days is None else waiting.Usual(timedelta(days=days), 20)
    monkeypatch.setattr(waiting, "usual", lambda company: time)


def test_after_two_working_days_every_approver_gets_one_mail_and_again_after_two_more(scene, batch):
    assert at(MONDAY + DAY) == 0
    wednesday = MONDAY + 2 * DAY
    assert at(wednesday) == 1
    told = Notice.objects.filter(kind="reminder")
    assert {notice.to for notice in told} == {scene.tom, scene.mira, scene.jonas}
    for hours in (1, 5, 24, 47):
        assert at(wednesday + timedelta(hours=hours)) == 0
    assert told.all().count() == 3
    assert at(wednesday + 2 * DAY) == 1
    assert told.all().count() == 6
    assert Event.objects.filter(action="remind").count() == 2


def test_twice_the_usual_time_counts_where_a_company_is_slower(scene, batch, monkeypatch):
    usually(monkeypatch, 2)
    assert at(MONDAY + 3 * DAY) == 0
    assert at(MONDAY + 4 * DAY) == 1


def test_a_weekend_is_no_time_to_wait_nor_to_be_reminded(scene, batch):
    thursday = MONDAY + 3 * DAY
    Batch.objects.update(exported_at=thursday)
    for moment in (thursday + 2 * DAY, thursday + 3 * DAY, thursday + 4 * DAY - timedelta(hours=1)):
        assert at(moment) == 0
    assert at(thursday + 4 * DAY) == 1  # Monday


def test_nobody_is_reminded_before_the_hour_of_the_daily_mail(scene, batch):
    night = (MONDAY + 3 * DAY).replace(hour=6)
    assert at(night) == 0
    assert at(night.replace(hour=7)) == 1


def test_a_company_sets_its_own_days_or_none_at_all(scene, batch):
    reminder_actions.set_reminder(scene.connection, user=scene.jonas, now=timezone.now(), rule="days", days=4)
    assert at(MONDAY + 3 * DAY) == 0
    assert at(MONDAY + 4 * DAY) == 1
    reminder_actions.set_reminder(
        scene.connection, user=scene.jonas, now=timezone.now(), rule="off", days=None
    )
    assert at(MONDAY + 30 * DAY) == 0
    assert Connection.objects.get(pk=scene.connection.pk).reminder_days == 4, "kept for the next time"


def test_only_an_erp_admin_sets_it_and_only_to_days_that_make_sense(scene, batch):
    with pytest.raises(ActionBlocked, match="Ask Jonas Lindqvist"):
        reminder_actions.set_reminder(
            scene.connection, user=scene.mira, now=timezone.now(), rule="off", days=None
        )
    for rule, days in (("days", 0), ("days", 61), ("days", None), ("sometimes", 3)):
        with pytest.raises(InvalidInput):
            reminder_actions.set_reminder(
                scene.connection, user=scene.jonas, now=timezone.now(), rule=rule, days=days
            )
    client = Client()
    client.force_login(scene.jonas)
    address = f"/admin/erp/connection/{scene.connection.pk}/"
    assert client.post(f"{address}do/set_reminder/", {"rule": "days", "days": "3"}).status_code == 302
    assert 'value="days" checked' in page(scene.jonas, f"{address}change/")
    answer = client.post(f"{address}do/set_reminder/", {"rule": "days", "days": "900"})
    assert answer.status_code == 422
    assert "from 1 to 60" in answer.content.decode()


def test_nobody_is_reminded_of_what_may_be_posted_already(scene, batch):
    """The ERP was not heard of for an hour, or the connection is stopped: what is known is too old to nag about."""
    wednesday = MONDAY + 2 * DAY
    Document.objects.update(answered_at=wednesday - timedelta(hours=2), answer="waiting")
    assert reminders.remind(now=wednesday) == 0
    Connection.objects.filter(pk=scene.connection.pk).update(stopped_at=wednesday)
    assert at(wednesday) == 0


def test_the_reminder_says_how_long_what_is_usual_and_what_to_post_as_text_and_html(
    scene, batch, monkeypatch
):
    usually(monkeypatch, 1)
    assert at(MONDAY + 2 * DAY) == 1
    mail_queue.send_waiting(now=timezone.now() + DAY)
    message = next(m for m in mail.outbox if m.to == ["mira@example.com"])
    ((html, _),) = message.alternatives
    numbers = list(Document.objects.values_list("number", flat=True))
    assert message.subject == "Not posted yet: Quay Street, batch 1"
    sentence = (
        "In CMiC, waiting for posting since Nov. 16, 2026, 10:00 CST (2 days). "
        "Usually 24 h (median of the company’s last 20)."
    )
    for body in (message.body, html):
        for words in (sentence, *numbers, f"/admin/erp/batch/{batch.pk}/change/", "Hello Mira Osei"):
            assert words in body


def test_everybody_sees_on_the_page_who_was_reminded_and_when(scene, batch):
    at(MONDAY + 2 * DAY)
    words = "Reminded Jonas Lindqvist, Mira Osei, Tom Baptiste on Nov. 18, 2026, 10:00 CST."
    assert words in page(scene.mira, f"/admin/erp/batch/{batch.pk}/change/")
    assert words in page(scene.dana, f"/projects/{scene.project.pk}/budget/")


def test_a_batch_that_was_posted_meanwhile_is_not_spoken_of(scene):
    acts.lock(scene)
    took(scene, 5)
    assert reminders.remind(now=MONDAY + 200 * DAY) == 0
    assert not Notice.objects.filter(kind="reminder").exists()


def test_looking_for_what_waits_takes_the_same_queries_for_many_batches(
    scene, batch, django_assert_max_num_queries
):
    at(MONDAY + DAY)
    with django_assert_max_num_queries(
        6
    ):  # connections, what is usual, batches, their documents, and the cursor
        assert reminders.remind(now=MONDAY + DAY) == 0
