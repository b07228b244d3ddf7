"""Mails are written in the transaction they tell about, and go out once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core import mail
from django.db import connections, transaction
from django.utils import timezone

from erp import services
from erp.decision import deciding
from erp.mail import notifications
from erp.mail import sending as mail_queue
from erp.models import Batch, Notice
from tests.support import scene as acts
from tests.support.delivery import fill, finish, send_and_accept, until
from tests.support.scene import Scene
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story, begin
from tests.support.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


def rejected(simulator: Simulator) -> Story:
    story = begin(simulator, status="I")
    fill(story)
    reject(story, story.send())
    return story


def reject(story: Story, batch: Batch) -> None:
    line = story.budget.lines.get(cost_type__code="L")
    deciding.reject(
        batch,
        user=story.mira,
        now=timezone.now(),
        reason_code="amounts",
        reason="Labor is too high.",
        remarks={line.pk: "Check the hours."},
    )


def test_a_mail_and_what_it_tells_of_are_written_together_or_not_at_all(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    batch = story.send()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        reject(story, batch)
        assert Notice.objects.count() == 1
        raise ZeroDivisionError
    assert not Notice.objects.exists()
    batch.refresh_from_db()
    assert batch.state == "waiting"


def test_a_rejection_is_told_once_with_reason_remarks_and_a_link_however_many_workers_send(
    brisk_cmic: Simulator,
):
    story = rejected(brisk_cmic)

    def send(_: int) -> int:
        try:
            return mail_queue.send_waiting(now=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(send, range(8))) == 1
    (message,) = mail.outbox
    assert message.to == ["dana@example.com"]
    for words in ("Mira Osei", "Labor is too high.", "Check the hours.", f"/projects/{story.project.pk}/"):
        assert words in message.body


def test_a_resend_after_a_rejection_is_told_to_the_approvers_at_once(brisk_cmic: Simulator):
    story = rejected(brisk_cmic)
    remark = story.budget.batches.get().remarks.get()
    services.answer_remark(remark, user=story.dana, now=timezone.now(), answer="The hours are right.")
    story.reload()
    story.send()
    told = Notice.objects.filter(kind="resend").values_list("to__username", flat=True)
    assert set(told) == {"mira", "jonas"}


def test_a_name_with_a_line_break_from_cmic_makes_a_mail_all_the_same(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    story.project.name = "Quay\nStreet"
    story.project.save()
    story.reload()
    fill(story)
    reject(story, story.send())
    assert mail_queue.send_waiting(now=timezone.now()) == 1
    assert mail.outbox[0].subject == "Sent back: Quay Street"


def test_a_worker_sends_what_waits(
    brisk_cmic: Simulator, celery_worker_process: Callable[..., Worker], tmp_path: Path
):
    rejected(brisk_cmic)
    celery_worker_process(beat=True)
    until(lambda: Notice.objects.get().sent_at, patience=30)
    (sent,) = (tmp_path / "mail").iterdir()
    assert "Labor is too high." in sent.read_text()


def test_the_job_stands_in_the_mail_of_a_failure(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    send_and_accept(story)
    brisk_cmic.accountant("close_job", company="001", job=JOB)
    finish(story)
    finish(story)
    mail_queue.send_waiting(now=timezone.now())
    to_dana = [message for message in mail.outbox if message.to == ["dana@example.com"]]
    assert len(to_dana) == 1
    assert f"Job {JOB} is closed in CMiC; reopen it there." in to_dana[0].body


def test_a_mail_leads_the_pm_to_the_budget_and_the_approvers_to_the_queue(scene: Scene):
    batch = acts.accept(scene, acts.send(scene, by=scene.tom))  # Tom prepared it and may approve others'
    acts.refuse(batch)
    with transaction.atomic():
        notifications.tell_of_failure(acts.documents(batch)[0])
    budget, queue = f"/projects/{scene.project.pk}/", f"/admin/erp/batch/{batch.pk}/change/"
    told = {n.to.username: n.text for n in Notice.objects.filter(kind="failure").select_related("to")}
    assert set(told) == {"tom", "mira", "jonas"}
    assert {name for name, text in told.items() if budget in text} == {"tom"}
    assert {name for name, text in told.items() if queue in text} == {"mira", "jonas"}


def test_the_mail_of_a_resend_leads_to_the_queue(scene: Scene):
    batch = acts.send(scene)
    notifications.tell_approvers_of_resend(batch)
    texts = Notice.objects.filter(kind="resend").values_list("text", flat=True)
    assert texts
    assert all(f"/admin/erp/batch/{batch.pk}/change/" in text for text in texts)
