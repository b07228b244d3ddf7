"""Each person chooses which mails they get, kind by kind and company by company."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from budgets.requests import services as requests
from erp.decision import deciding
from erp.mail import notifications
from erp.mail import sending as mail_queue
from erp.mail import switches as notice_switches
from erp.mail.kinds import KINDS
from erp.models import Notice, NoticeSwitch
from erp.setup import stopping as connections
from projects.models import BudgetLevel, Membership, ProjectRole
from tests.support import scene as acts
from tests.support.scene import Scene

pytestmark = pytest.mark.django_db


def logged_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def choose(person: Any, company: Any, *wanted: str) -> Any:
    return logged_in(person).post("/notices/choose/", {"company": company.pk, "kind": wanted}, follow=True)


def send_back(scene: Scene) -> None:
    batch = acts.send(scene)
    deciding.reject(
        batch, user=scene.mira, now=timezone.now(), reason_code="amounts", reason="Too high.", remarks={}
    )


def test_a_kind_that_is_switched_off_is_not_written_and_comes_again_when_switched_on(scene: Scene):
    answer = choose(scene.dana, scene.company, "posting")
    assert "Saved." in answer.content.decode()
    send_back(scene)
    assert not Notice.objects.filter(to=scene.dana).exists()
    choose(scene.dana, scene.company, "posting", "rejection")
    assert set(NoticeSwitch.objects.values_list("kind", flat=True)) == {
        "failure",
        "return",
        "request",
        "kept",
    }


def test_a_mail_that_was_sent_leads_where_its_button_led(scene: Scene):
    send_back(scene)
    page = logged_in(scene.dana).get("/notices/").content.decode()
    notice = Notice.objects.get(to=scene.dana)
    assert f'<a href="/projects/{scene.project.pk}/budget/">{notice.subject}</a>' in page


def test_mails_of_requests_have_a_switch_too(scene: Scene):
    acts.lock(scene)
    choose(scene.tom, scene.company)
    requests.ask(scene.reload(), user=scene.ruth, now=timezone.now(), kind="unlock", note="A line is wrong.")
    assert set(Notice.objects.values_list("to__username", flat=True)) == {"dana"}


def test_a_switch_is_of_one_company(scene: Scene):
    Membership.objects.create(user=scene.mira, company=scene.other_company, can_push=True, erp_level=1)
    choose(scene.mira, scene.other_company)
    batch = acts.send(scene)
    assert notifications.tell_step_due(batch, [scene.mira]) == [scene.mira]


def test_alarms_arrive_whatever_was_posted(scene: Scene):
    choose(scene.jonas, scene.company)
    assert not NoticeSwitch.objects.filter(kind="alarm").exists()
    NoticeSwitch.objects.create(
        user=scene.jonas, company=scene.company, kind="alarm", off_since=timezone.now()
    )
    connections.stop(scene.connection, because="Wrong password.", now=timezone.now())
    assert Notice.objects.filter(to=scene.jonas, kind="alarm").count() == 1


def test_the_page_shows_the_kinds_that_can_reach_the_person_and_why_one_is_always_on(scene: Scene):
    dana = logged_in(scene.dana).get("/notices/").content.decode()
    assert 'value="rejection"' in dana
    assert 'value="digest"' not in dana and 'value="alarm"' not in dana
    jonas = logged_in(scene.jonas).get("/notices/").content.decode()
    assert 'value="digest"' in jonas and "7:00 (America/Chicago)" in jonas
    assert KINDS["alarm"].must in jonas


def test_another_company_is_not_found(scene: Scene):
    for address in ("/notices/choose/", "/notices/test/"):
        for company in (scene.other_company.pk, "x", ""):
            assert logged_in(scene.dana).post(address, {"company": company}).status_code == 404
    assert "Southbank" not in logged_in(scene.dana).get("/notices/").content.decode()
    assert Client().get("/notices/").status_code == 302


def test_somebody_in_two_companies_sees_both_and_nobody_elses_mails(scene: Scene):
    ProjectRole.objects.create(user=scene.dana, project=scene.other_project, level=BudgetLevel.READ)
    send_back(scene)
    page = logged_in(scene.dana).get("/notices/").content.decode()
    assert "Northgate Builders" in page and "Southbank Civil" in page
    assert "Sent back: Quay Street" in page
    assert "Sent back: Quay Street" not in logged_in(scene.olga).get("/notices/").content.decode()


def test_a_test_mail_reaches_whoever_asks(scene: Scene):
    client = logged_in(scene.dana)
    said = client.post("/notices/test/", {"company": scene.company.pk}, follow=True).content.decode()
    assert "A test mail is on its way to dana@example.com." in said
    now = timezone.now()
    assert mail_queue.send_waiting(now=now + timedelta(seconds=1)) == 1
    assert mail.outbox[0].to == ["dana@example.com"]
    assert "reach you" in mail.outbox[0].body


def test_the_second_test_mail_within_a_minute_is_not_written(scene: Scene):
    now = datetime(2026, 11, 16, 10, 0, 5, tzinfo=UTC)
    assert notice_switches.send_test(scene.company, user=scene.dana, now=now)
    assert not notice_switches.send_test(scene.company, user=scene.dana, now=now + timedelta(seconds=30))
    assert notice_switches.send_test(scene.company, user=scene.dana, now=now + timedelta(seconds=60))


def test_a_mail_that_could_not_be_sent_shows_with_the_reason(scene: Scene):
    send_back(scene)
    Notice.objects.update(error="The mail server refused it: 550 no such person", gave_up_at=timezone.now())
    page = logged_in(scene.dana).get("/notices/").content.decode()
    assert "not sent" in page and "550 no such person" in page
