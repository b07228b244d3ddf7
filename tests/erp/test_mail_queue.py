"""Mails outlive a dead mail server: none is lost, none is sent twice, and a bad address holds up nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.utils import timezone

from erp.mail import sending as mail_queue
from erp.mail.sending import GIVE_UP_AFTER, LEASE, send_waiting
from erp.models import Notice
from erp.people import services as people_services
from tests.support.mail_server import MailServer
from tests.support.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def written(scene: Scene, *people: Any, subject: str = "news") -> list[Notice]:
    return [
        Notice.objects.create(
            company=scene.company,
            to=person,
            kind="posting",
            key=f"{subject}:{person.pk}",
            subject=subject,
            text="words",
            html="<p>words</p>",
            not_before=NOW,
        )
        for person in people
    ]


def every_half_minute(begin: datetime, end: datetime, step: timedelta = timedelta(minutes=5)) -> int:
    """Rounds of sending from one time to another; how many mails went."""
    sent = 0
    while begin < end:
        sent += send_waiting(now=begin)
        begin += step
    return sent


def test_a_mail_server_dead_for_a_day_loses_and_doubles_nothing(
    scene: Scene, mail_server: MailServer, settings: LazySettings
):
    people = [scene.dana, scene.tom, scene.mira, scene.jonas]
    written(scene, *people)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert every_half_minute(NOW, NOW + DAY) == 0
    assert "refused" in mail_queue.standing(scene.company).last_error.lower()
    assert mail_queue.standing(scene.company).delayed == 4
    settings.EMAIL_PORT = port
    assert every_half_minute(NOW + DAY, NOW + DAY + HOUR + HOUR) == 4
    assert every_half_minute(NOW + 2 * DAY, NOW + 2 * DAY + HOUR) == 0
    assert sorted(mail["To"] for mail in mail_server.mails) == sorted(person.email for person in people)
    assert mail_queue.standing(scene.company).well


def test_a_silent_mail_server_costs_a_round_two_time_outs_not_one_a_mail(
    scene: Scene, mail_server: MailServer, settings: LazySettings
):
    settings.EMAIL_TIMEOUT = 0.1
    mail_server.silent = True
    for number in range(5):
        written(scene, scene.dana, subject=f"news {number}")
    assert send_waiting(now=NOW) == 0
    assert mail_server.calls == mail_queue.IN_A_ROW
    mail_server.silent = False
    settings.EMAIL_TIMEOUT = 10
    assert every_half_minute(NOW, NOW + HOUR) == 5
    assert len(mail_server.to("dana@example.com")) == 5


def test_an_address_that_is_refused_for_good_is_tried_once_and_holds_up_nobody(
    scene: Scene, mail_server: MailServer
):
    mail_server.refuse["dana@example.com"] = "550 no such person"
    first, _ = written(scene, scene.dana, scene.mira)
    assert send_waiting(now=NOW) == 1
    first.refresh_from_db()
    assert first.gave_up_at == NOW
    assert "550 no such person" in first.error
    assert mail_server.calls == 1, "the conversation went on after the refusal"
    assert every_half_minute(NOW, NOW + DAY) == 0
    first.refresh_from_db()
    assert first.attempts == 1


def test_an_address_that_is_refused_for_now_is_tried_for_days_and_then_given_up_with_the_reason(
    scene: Scene, mail_server: MailServer
):
    mail_server.refuse["dana@example.com"] = "451 the mailbox is busy"
    (mail,) = written(scene, scene.dana)
    assert every_half_minute(NOW, NOW + GIVE_UP_AFTER - HOUR, step=HOUR) == 0
    mail.refresh_from_db()
    assert mail.gave_up_at is None
    every_half_minute(NOW + GIVE_UP_AFTER - HOUR, NOW + GIVE_UP_AFTER + 2 * HOUR, step=HOUR)
    mail.refresh_from_db()
    assert mail.gave_up_at is not None
    assert "451" in mail.error
    assert mail_queue.standing(scene.company).given_up == 1
    mail_server.refuse.clear()
    later = NOW + 2 * GIVE_UP_AFTER
    assert send_waiting(now=later) == 0
    assert mail_queue.try_again(scene.company, now=later) == 1
    assert send_waiting(now=later) == 1
    assert mail_queue.standing(scene.company).well


def test_a_mail_that_the_server_will_not_have_is_given_up(scene: Scene, mail_server: MailServer):
    mail_server.refuse_data = "554 this looks like spam"
    (mail,) = written(scene, scene.dana)
    assert send_waiting(now=NOW) == 0
    mail.refresh_from_db()
    assert mail.gave_up_at == NOW and "554" in mail.error


def test_a_mail_of_which_none_can_be_made_is_given_up_and_the_next_goes(
    scene: Scene, mail_server: MailServer
):
    first, _ = written(scene, scene.dana, scene.mira)
    Notice.objects.filter(pk=first.pk).update(subject="two\nlines")
    assert send_waiting(now=NOW) == 1
    first.refresh_from_db()
    assert first.gave_up_at == NOW and first.error


def test_who_has_no_address_or_left_is_not_mailed_and_that_is_said(scene: Scene, mail_server: MailServer):
    scene.dana.email = ""
    scene.dana.save()
    scene.tom.is_active = False
    scene.tom.save()
    mails = written(scene, scene.dana, scene.tom)
    assert send_waiting(now=NOW) == 0
    for mail, why in zip(mails, (mail_queue.NO_ADDRESS, mail_queue.GONE), strict=True):
        mail.refresh_from_db()
        assert (mail.error, mail.gave_up_at) == (why, NOW)
    assert mail_server.calls == 0


def test_a_mail_to_a_locked_login_is_nothing_to_look_after(scene: Scene, mail_server: MailServer):
    (mail,) = written(scene, scene.tom)
    Notice.objects.update(trying_since=NOW - HOUR, error="550 no such person", gave_up_at=NOW)
    scene.tom.is_active = False
    scene.tom.save()
    assert mail_queue.try_again(scene.company, now=NOW) == 1
    assert send_waiting(now=NOW) == 0
    mail.refresh_from_db()
    assert mail.gave_up_at == NOW
    assert mail_queue.standing(scene.company).well
    assert mail_queue.try_again(scene.company, now=NOW + HOUR) == 0


def test_daily_mails_of_another_day_are_let_go_when_the_others_are_tried_again(
    scene: Scene, mail_server: MailServer
):
    old, new, news = (written(scene, scene.dana, subject=s)[0] for s in ("old", "new", "news"))
    Notice.objects.update(trying_since=NOW, error="no address", gave_up_at=NOW)
    for mail, age in ((old, DAY), (new, DAY - HOUR)):
        Notice.objects.filter(pk=mail.pk).update(kind="digest", created_at=NOW - age)
    Notice.objects.filter(pk=news.pk).update(created_at=NOW - 3 * DAY)
    assert mail_queue.try_again(scene.company, now=NOW) == 2
    assert send_waiting(now=NOW) == 2
    assert sorted(mail["Subject"] for mail in mail_server.mails) == ["new", "news"]
    assert mail_queue.standing(scene.company).well


def test_mails_are_kept_for_ninety_days_and_what_needs_a_look_until_somebody_looked(
    scene: Scene, mail_server: MailServer
):
    _, failed, _ = written(scene, scene.dana, scene.mira, scene.tom)
    mail_server.refuse["mira@example.com"] = "550 no such person"
    scene.tom.is_active = False
    scene.tom.save()
    assert send_waiting(now=NOW) == 1
    assert mail_queue.forget_old(now=NOW + mail_queue.KEPT - HOUR) == 0
    assert mail_queue.forget_old(now=NOW + mail_queue.KEPT) == 2
    assert Notice.objects.get() == failed


def test_an_invitation_outlives_a_dead_mail_server_comes_once_and_its_link_is_kept_nowhere(
    scene: Scene, mail_server: MailServer, settings: LazySettings
):
    given = {"login": "nina@example.com", "first_name": "Nina", "last_name": "Falk"}
    nina = people_services.invite(scene.company, user=scene.jonas, now=NOW, given=given)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert send_waiting(now=NOW) == 0
    settings.EMAIL_PORT = port
    assert [send_waiting(now=NOW + HOUR), send_waiting(now=NOW + 2 * HOUR)] == [1, 0]
    (mail,) = mail_server.to("nina@example.com")
    assert mail["Subject"] == "Your login for Northgate Builders in Tieback"
    for kind in ("plain", "html"):
        assert "/set-password/" in mail.get_body((kind,)).get_content()
    assert "/set-password/" not in str(Notice.objects.values())
    people_services.send_link_again(scene.company, nina, user=scene.jonas, now=NOW + 3 * HOUR)
    get_user_model().objects.filter(pk=nina.pk).update(last_login=NOW)
    assert send_waiting(now=NOW + 4 * HOUR) == 0, "who has logged in needs no link"
    assert mail_queue.standing(scene.company).well


def test_a_mail_sent_again_after_a_kill_carries_the_same_id(scene: Scene, mail_server: MailServer):
    """Between the server's taking and our marking a worker may die: then a mail is doubled, visibly the same."""
    written(scene, scene.dana)
    mail_server.hang_up_after_data = True
    assert send_waiting(now=NOW) == 0
    mail_server.hang_up_after_data = False
    assert send_waiting(now=NOW + HOUR) == 1
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


def test_a_worker_that_died_with_a_mail_in_hand_keeps_it_no_longer_than_the_lease(
    scene: Scene, mail_server: MailServer
):
    (mail,) = written(scene, scene.dana)
    assert mail_queue._claim(mail.pk, NOW) is not None
    assert send_waiting(now=NOW) == 0, "somebody has it"
    assert send_waiting(now=NOW + LEASE) == 1


def test_what_a_mail_carries_for_the_programs_that_handle_it(
    scene: Scene, mail_server: MailServer, settings: LazySettings
):
    written(scene, scene.dana)
    send_waiting(now=NOW)
    (mail,) = mail_server.mails
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == f"<{settings.BASE_URL}/notices/>"
    assert mail.get_body(("plain",)).get_content().strip() == "words"
    assert mail.get_body(("html",)).get_content().strip() == "<p>words</p>"


def test_pauses_grow_to_an_hour_and_are_not_all_the_same():
    assert all(96 <= mail_queue.pause(1).total_seconds() <= 120 for _ in range(20))
    assert all(2880 <= mail_queue.pause(attempts).total_seconds() <= 3600 for attempts in range(6, 60))
    assert len({mail_queue.pause(5) for _ in range(20)}) > 1
