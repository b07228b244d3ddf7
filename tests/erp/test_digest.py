"""The daily mail: to approvers, once a day by the company's calendar, about what waits for them and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections as databases
from django.utils import timezone

from erp import tasks
from erp.mail import digest
from erp.mail import switches as notice_switches
from erp.models import Batch, DailyMail, Notice
from projects.models import Company, Membership
from tests.support import scene as acts
from tests.support.scene import Scene

CHICAGO = ZoneInfo("America/Chicago")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def at(hour: int, minute: int = 0, *, day: int = 16, month: int = 11, zone: ZoneInfo = CHICAGO) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


def mails(**where: object) -> list[str]:
    return sorted(Notice.objects.filter(kind="digest", **where).values_list("to__username", flat=True))


@pytest.fixture
def waiting(scene: Scene) -> Scene:
    """Tom sent a budget, so that Mira and Jonas may decide and he may not."""
    acts.send(scene, by=scene.tom)
    return scene


@pytest.mark.django_db
class TestWhen:
    def test_not_before_the_hour_and_once_from_then_on(self, waiting: Scene):
        assert digest.write(now=at(6, 59)) == 0
        assert digest.write(now=at(7, 0)) == 2
        assert [digest.write(now=at(7, 0) + n * HOUR) for n in range(17)] == [0] * 17
        assert digest.write(now=at(7, 0, day=17)) == 2
        assert mails() == ["jonas", "jonas", "mira", "mira"]

    def test_late_on_the_same_day_where_nobody_ran_at_the_hour_and_never_for_yesterday(self, waiting: Scene):
        assert digest.write(now=at(23, 30)) == 2
        assert digest.write(now=at(0, 10, day=17)) == 0
        assert digest.write(now=at(7, 0, day=17)) == 2

    def test_a_worker_that_died_between_two_mails_is_made_up_for_and_nobody_reads_one_twice(
        self, waiting: Scene
    ):
        assert digest.write(now=at(7)) == 2
        DailyMail.objects.filter(company=waiting.company).delete()
        Notice.objects.filter(kind="digest", to=waiting.jonas).delete()
        assert digest.write(now=at(7, 5)) == 1
        assert mails() == ["jonas", "mira"]

    def test_nothing_at_the_hour_is_no_mail_later_that_day_but_the_next_morning(self, scene: Scene):
        assert digest.write(now=at(7, 0)) == 0
        acts.send(scene, by=scene.tom)
        assert digest.write(now=at(12, 0)) == 0
        assert digest.write(now=at(7, 0, day=17)) == 2

    def test_a_day_whose_hour_does_not_exist_has_a_mail_and_one_that_has_it_twice_has_one(
        self, waiting: Scene
    ):
        Company.objects.update(digest_hour=2)  # on 2026-03-08 clocks go from 1:59 to 3:00
        assert digest.write(now=datetime(2026, 3, 8, 7, 59, tzinfo=UTC)) == 0
        assert digest.write(now=datetime(2026, 3, 8, 8, 0, tzinfo=UTC)) == 2
        Company.objects.update(digest_hour=1)  # on 2026-11-01 the hour from 1:00 to 2:00 comes twice
        assert digest.write(now=datetime(2026, 11, 1, 6, 0, tzinfo=UTC)) == 2
        assert digest.write(now=datetime(2026, 11, 1, 7, 0, tzinfo=UTC)) == 0

    @pytest.mark.parametrize(
        ("zone", "mornings"),  # that follow until the next evening in Chicago
        [("Pacific/Kiritimati", 2), ("Asia/Tokyo", 2), ("Pacific/Honolulu", 1), ("Europe/Berlin", 1)],
    )
    def test_a_time_zone_that_is_changed_in_between_makes_no_second_mail_at_once(
        self, waiting: Scene, zone: str, mornings: int
    ):
        assert digest.write(now=at(7, 0)) == 2
        Company.objects.update(time_zone=zone)
        steps = [digest.write(now=at(7, 0) + n * HOUR / 2) for n in range(1, 12)]
        assert sum(steps) == 0
        later = [digest.write(now=at(7, 0) + n * HOUR / 2) for n in range(12, 80)]
        assert sum(later) == 2 * mornings

    def test_an_hour_that_is_moved_later_makes_no_second_mail_that_day(self, waiting: Scene):
        assert digest.write(now=at(7, 0)) == 2
        Company.objects.update(digest_hour=15)
        assert digest.write(now=at(15, 0)) == 0

    def test_one_companys_trouble_is_no_others(self, waiting: Scene):
        Company.objects.filter(pk=waiting.other_company.pk).update(time_zone="Nowhere/Land")
        assert digest.write(now=at(7, 0)) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_moment_write_it_once(waiting: Scene):
    def write(_: int) -> int:
        try:
            return digest.write(now=at(7, 0))
        finally:
            databases.close_all()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(write, range(4))) == 2
    assert mails() == ["jonas", "mira"]
    assert DailyMail.objects.filter(company=waiting.company).count() == 1


@pytest.mark.django_db
class TestWhom:
    def test_not_whoever_prepared_it_while_four_eyes_are_needed(self, waiting: Scene):
        digest.write(now=at(7))
        assert mails() == ["jonas", "mira"]

    def test_not_above_somebodys_limit(self, waiting: Scene):
        Membership.objects.filter(user=waiting.mira).update(approval_limit="92500.74")
        digest.write(now=at(7))
        assert mails() == ["jonas"]
        Membership.objects.filter(user=waiting.mira).update(approval_limit="92500.75")
        digest.write(now=at(7, day=17))
        assert mails(to=waiting.mira) == ["mira"]

    def test_not_whoever_switched_it_off_and_not_another_company(self, waiting: Scene):
        notice_switches.choose(waiting.company, user=waiting.mira, now=timezone.now(), wanted=[])
        digest.write(now=at(7))
        assert mails() == ["jonas"]

    def test_nobody_when_it_was_decided(self, waiting: Scene):
        acts.accept(waiting, Batch.objects.get())
        assert digest.write(now=at(7)) == 0


@pytest.mark.django_db
class TestWhat:
    def test_each_batch_with_its_sum_sender_age_and_link(self, waiting: Scene):
        batch = Batch.objects.get()
        Batch.objects.filter(pk=batch.pk).update(state_since=at(7) - 26 * HOUR)
        digest.write(now=at(7))
        mail = Notice.objects.get(to=waiting.mira)
        assert mail.subject == "1 to decide: Northgate Builders"
        link = f"/admin/erp/batch/{batch.pk}/change/"
        for words in (
            "Quay Street, batch 1",
            "92,500.75",
            "Tom Baptiste",
            "26 h",
            "original",
            link,
            "queue=mine",
        ):
            assert words in mail.text, words
            assert words in mail.html, words

    def test_what_needs_attention_and_what_is_not_posted_for_long(self, scene: Scene):
        batch = acts.accept(scene, acts.send(scene))
        acts.refuse(batch)
        digest.write(now=at(7))
        mail = Notice.objects.get(to=scene.mira, kind="digest")
        assert mail.subject == "1 needs attention: Northgate Builders"
        assert "Needs attention" in mail.text and f"/admin/erp/batch/{batch.pk}/" in mail.text

    def test_what_only_waits_to_be_posted_makes_no_daily_mail_but_is_listed_in_one(self, scene: Scene):
        batch = acts.accept(scene, acts.send(scene))
        acts.deliver(batch)
        later = timezone.now() + 10 * DAY
        assert digest.write(now=later.astimezone(CHICAGO).replace(hour=8)) == 0
        waits = digest.waits_for(scene.mira, scene.company, now=later)
        assert [row.project for row in waits.overdue] == ["Quay Street"]
        assert not digest.waits_for(scene.mira, scene.company, now=timezone.now()).overdue

    def test_many_are_summed_and_counted_all_and_listed_in_part(
        self, waiting: Scene, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(digest, "MOST", 0)
        digest.write(now=at(7))
        mail = Notice.objects.get(to=waiting.mira)
        assert "1 batch waits for your decision, 92,500.75 moved in all" in mail.text
        assert "and 1 more, in the queue" in mail.text and "and 1 more, in the queue" in mail.html


@pytest.mark.django_db
def test_the_task_writes_it(waiting: Scene):
    Company.objects.update(digest_hour=0)
    tasks.write_daily_mails()
    assert mails() == ["jonas", "mira"]
