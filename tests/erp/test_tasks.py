"""The hourly work: each company's own, so that one company's trouble is no other's."""

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from erp import tasks
from erp.models import Connection
from erp.port import ErpUnavailable
from tests.support.scene import Scene
from workflow.models import Submission


def test_a_company_whose_erp_is_down_does_not_keep_the_others_from_being_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
):
    read: list[str] = []

    def sync(connection: Connection, **more: Any) -> None:
        if connection == scene.connection:
            raise ErpUnavailable("CMiC is down.")
        read.append(connection.company.code)

    heard: list[tuple[Any, ...]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **more: heard.append((name, *args)))
    monkeypatch.setattr(tasks.sync, "sync_company", sync)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sync_reference_data()
    assert [name for name, _ in heard] == ["erp.tasks.sync_reference_data"] * 2
    with pytest.raises(ErpUnavailable):
        tasks.sync_reference_data(heard[0][1])
    tasks.sync_reference_data(heard[1][1])
    assert read == ["002"]


def test_the_answer_to_a_form_is_kept_for_thirty_days(scene: Scene):
    for days in (0, 29, 30, 400):
        made = Submission.objects.create(user=scene.dana, location=f"/{days}/")
        Submission.objects.filter(pk=made.pk).update(at=timezone.now() - timedelta(days=days))
    tasks.sync_reference_data()
    assert set(Submission.objects.values_list("location", flat=True)) == {"/0/", "/29/"}
