"""What stands in the mails: complete as text, the same as HTML, and nothing in a name or a remark can bend either."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from erp.decision import deciding
from erp.mail import notifications
from erp.models import Notice
from erp.setup import stopping as connections
from tests.support import scene as acts
from tests.support.scene import MAIN, Scene

pytestmark = pytest.mark.django_db
ATTACK = "<script>alert(1)</script><img src=x>&"
QUEUE = re.compile(r'<a href="http://[^"]+/admin/erp/batch/\d+/change/"')


@dataclass(frozen=True)
class Drifted:
    label: str
    ours: Decimal
    theirs: Decimal


def the_mail(kind: str, to: Any) -> Notice:
    return Notice.objects.get(kind=kind, to=to)


def rejected(scene: Scene, reason: str = "Too high.", remark: str = "Check the hours.") -> Notice:
    batch = acts.send(scene)
    line = scene.lines[MAIN, "03-30-00", "L"]
    deciding.reject(
        batch,
        user=scene.mira,
        now=timezone.now(),
        reason_code="amounts",
        reason=reason,
        remarks={line.pk: remark},
    )
    return the_mail("rejection", scene.dana)


def test_a_name_a_reason_and_a_remark_with_markup_in_them_stay_words(scene: Scene):
    scene.project.name = ATTACK[:60]
    scene.project.save()
    scene.dana.first_name = "<b>Dana</b>"
    scene.dana.save()
    scene.reload()
    mail = rejected(scene, reason=f"{ATTACK}\nsecond line", remark=ATTACK)
    for tag in ("<script", "<img", "<b>"):
        assert tag not in mail.html
    assert mail.html.count("&lt;script&gt;") >= 4  # title, head line, reason, remark
    assert "second line" in mail.html
    assert f"{ATTACK}\nsecond line" in mail.text, "the text is text: nothing is escaped in it"
    assert "\n" not in mail.subject


def test_text_and_html_both_say_everything_and_where_to_switch_it_off(scene: Scene, settings: LazySettings):
    mail = rejected(scene)
    link = f"{settings.BASE_URL}/projects/{scene.project.pk}/budget/"
    for words in (
        "Mira Osei",
        "Too high.",
        "Check the hours.",
        "03-30-00",
        link,
        f"{settings.BASE_URL}/notices/",
    ):
        assert words in mail.text, words
        assert words in mail.html, words


def test_no_mail_fetches_anything_or_decides_anything(scene: Scene, settings: LazySettings):
    batch = acts.accept(scene, acts.send(scene))
    acts.refuse(batch)
    with transaction.atomic():
        notifications.tell_of_failure(acts.documents(batch)[0])
        connections.stop(scene.connection, because="Wrong password.", now=timezone.now())
    notifications.tell_step_due(batch, [scene.mira])
    assert Notice.objects.count() >= 4
    for mail in Notice.objects.all():
        assert not re.search(r"<img|<link|@import|url\(|src=", mail.html), mail.kind
        for address in re.findall(r'href="([^"]+)"', mail.html):
            assert address.startswith(settings.BASE_URL), address
            assert "/do/" not in address, "a link that is opened decides nothing"


def test_a_step_that_is_due_is_told_at_once_to_those_whose_it_is_and_once(scene: Scene):
    batch = acts.send(scene)
    assert notifications.tell_step_due(batch, [scene.mira, scene.mira]) == [scene.mira]
    assert notifications.tell_step_due(batch, [scene.mira, scene.jonas]) == [scene.jonas]
    mail = the_mail("step", scene.mira)
    assert mail.subject == f"Your turn to approve: Quay Street, batch {batch.number}"
    assert QUEUE.search(mail.html)
    assert "92,500.75" in mail.text


def test_a_drift_is_told_to_approvers_and_erp_admins_with_both_amounts(scene: Scene):
    lines = [Drifted("26-0288 03-30-00 L", Decimal("15000.00"), Decimal("-16000.50"))]
    now = timezone.now()
    told = notifications.tell_of_drift(scene.budget, lines, path="/somewhere/", now=now)
    assert {reader.username for reader in told} == {"tom", "mira", "jonas"}
    assert notifications.tell_of_drift(scene.budget, lines, now=now) == []
    mail = the_mail("drift", scene.jonas)
    assert mail.subject.endswith("Quay Street, 1 line")
    for words in ("26-0288 03-30-00 L", "15,000.00", "(16,000.50)", "/somewhere/"):
        assert words in mail.text and words in mail.html, words


def test_many_drifted_lines_are_counted_rather_than_listed(scene: Scene):
    lines = [Drifted(f"line {n}", Decimal(n), Decimal(0)) for n in range(25)]
    notifications.tell_of_drift(scene.budget, lines, now=timezone.now())
    mail = the_mail("drift", scene.mira)
    assert "line 19:" in mail.text and "line 20:" not in mail.text
    assert "and 5 more lines" in mail.text and "and 5 more lines" in mail.html


def test_a_sender_who_may_not_see_the_budget_any_more_gets_no_amounts_by_mail(scene: Scene):
    batch = acts.send(scene)
    scene.dana.project_roles.all().delete()
    deciding.reject(
        batch, user=scene.mira, now=timezone.now(), reason_code="amounts", reason="Too high.", remarks={}
    )
    assert not Notice.objects.filter(to=scene.dana).exists()
